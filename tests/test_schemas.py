"""What the schemas and the known rules refuse is told, and what they allow is not."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from lxml import etree

from tests.bench import new_book, run
from tests.corpus import schemas
from tests.corpus.compatibility import readings
from tests.corpus.parts import MAIN, Package
from tests.corpus.repairs_book import is_name
from tests.corpus.validity import problems

ROWS = [
    [region, 10 * n, 3 + n, f"2026-0{n}-01"] for n in (1, 2, 3) for region in ("North", "South")
]
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
WORKSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


def made(path: Path) -> Path:
    """A small workbook with a part of each kind that tools write."""
    headers = ["Region", "Units", "Price", "Day"]
    book = new_book("made.xlsx", headers=headers, rows=ROWS, sheet="Data")
    run(book, "format_excel_cells", sheet="Data", range="B2:B7", style={"number_format": "0.000"})
    run(book, "create_excel_table", sheet="Data", name="Sales")
    run(book, "create_excel_pivot", source="Sales", rows=["Region"], values=["Units"])
    for kind in ("column", "treemap"):
        run(book, "create_excel_chart", sheet="Data", chart_type=kind, data_range="A1:B7")
    run(book, "add_excel_rule", sheet="Data", range="B2:B7", rule="greater_than", value=5,
        options={"bold": True})  # fmt: skip
    run(book, "add_excel_rule", sheet="Data", range="C2:C7", rule="data_bar", value="blue")
    run(book, "add_excel_rule", sheet="Data", range="F2:F7", rule="list", value=["a", "b"])
    run(book, "edit_excel_sheet", action="add", sheet="Other")
    run(book, "write_excel_range", sheet="Other", start="A1", rows=[["one", "=1+1"], [2, "=B1*2"]])
    run(book, "format_excel_cells", sheet="Other", range="D4:E5", style={"merge": "cells"})
    run(book, "annotate_excel_cells", action="comment", sheet="Other", range="A1", text="Why?")
    run(book, "annotate_excel_cells", action="link", sheet="Other", range="A9",
        target="https://example.com")  # fmt: skip
    run(book, "annotate_excel_cells", action="name", sheet="Other", name="rate", target="=0.19")
    book.save(path)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("sound") / "made.xlsx")


def test_what_the_tools_write_is_sound(sound: Path) -> None:
    assert problems(sound) == []


def test_each_part_that_the_tools_write_has_a_schema(sound: Path) -> None:
    package = Package(sound)
    types = {package.content_type(name) for name in package.content_parts()}
    others = {kind for kind in types if kind not in schemas.ROOTS}
    # Drawings of comments are no XML of Office's schemas, and the rest part 2 describes.
    assert others == {
        "application/vnd.openxmlformats-officedocument.vmlDrawing",
        "application/vnd.openxmlformats-package.core-properties+xml",
    }
    assert len(types) >= 14


Change = tuple[str, str, str]  # a part, what is replaced in it, and by what
SHEET1, SHEET3 = "worksheets/sheet1.xml", "worksheets/sheet3.xml"
NOT_VALID: dict[str, tuple[Change, str]] = {
    "an element of no schema": ((SHEET1, "<sheetData>", "<zork/><sheetData>"), "zork"),
    "an element in the wrong place": (
        ("styles.xml", "<fills", '<cellStyles count="0"/><fills'), "may not hold"),
    "an element too many": (("workbook.xml", "<sheets>", "<sheets/><sheets>"), "may not hold"),
    "an element that is missing": (
        ("tables/table1.xml", "<tableColumns.*</tableColumns>", ""), "may not hold"),
    "an attribute of no schema": ((SHEET1, "<sheetData>", '<sheetData zork="1">'), "zork"),
    "an attribute that is missing": (("tables/table1.xml", " displayName=", " comment="),
                                     "displayName is missing"),
    "no number": ((SHEET1, 'min="1"', 'min="one"'), "min is 'one'"),
    "a word of no list": ((SHEET1, 'type="cellIs"', 'type="cells"'), "type is 'cells'"),
    "a chart's number": (("charts/chart1.xml", 'gapWidth val="', 'gapWidth val="9'), "val is '9"),
    "a chart's order": (("charts/chart1.xml", r"(<\w*:?gapWidth[^>]*>)", r"\1\1"), "may not hold"),
    "a newer chart's layout": (
        ("charts/chartEx1.xml", 'layoutId="treemap"', 'layoutId="forest"'), "layoutId is 'forest'"),
    "a newer chart without data": (
        ("charts/chartEx1.xml", "<cx:chartData>.*</cx:chartData>", ""), "may not hold"),
    "an extension": ((SHEET1, "<x14:cfRule", '<x14:cfRule zork="1"'), "zork"),
    "a drawing's place": (("drawings/drawing1.xml", "<xdr:col>", "<xdr:col>x"), "text is 'x"),
    "another root": (("styles.xml", "^.*$", f'<workbook xmlns="{MAIN}"/>'), "the root is workbook"),
}  # fmt: skip
NOT_KNOWN_TO_OPEN: dict[str, tuple[Change, str]] = {
    "a sheet's name": (("workbook.xml", 'name="Other"', 'name="O/ther"'), "O/ther"),
    "a name like a cell": (("workbook.xml", 'name="rate"', 'name="AB12"'), "a name is 'AB12'"),
    "a name that is a table's": (("workbook.xml", 'name="rate"', 'name="sales"'), "a table's"),
    "no visible sheet": (
        ("workbook.xml", '( state="visible")? r:id', ' state="hidden" r:id'), "is visible"),
    "merged cells that overlap": (
        (SHEET3, "<mergeCell ", '<mergeCell ref="A1:D4"/><mergeCell '), "overlap"),
    "one merged cell": ((SHEET3, 'mergeCell ref="D4:E5"', 'mergeCell ref="D4"'), "merged"),
    "a merge on a table": (
        (SHEET1, "<conditionalFormatting",
         '<mergeCells count="1"><mergeCell ref="B2:C3"/></mergeCells><conditionalFormatting'),
        "overlap"),
    "a header that is not the column's": (
        ("tables/table1.xml", 'name="Units"', 'name="Pieces"'), "'Pieces' has 'Units'"),
    "a column's name used twice": (("tables/table1.xml", 'name="Units"', 'name="REGION"'),
                                   "two columns"),
    "a table without data": (("tables/table1.xml", ' ref="A1:D7"', ' ref="A1:D1"'), "no row"),
    "a priority used twice": ((SHEET1, 'priority="2"', 'priority="1"'), "priority 1"),
    "a rule's format": ((SHEET1, 'dxfId="0"', 'dxfId="99"'), "dxfId is 99"),
    "a rule without its formula": ((SHEET1, "<formula>5</formula>", ""), "0 formulas"),
    "a list that is too long": ((SHEET1, '"a,b"', f'"{"a," * 128}"'), "characters"),
    "a formula with its sign": ((SHEET3, "<f>", "<f>="), "begins with ="),
    "a formula that is too long": ((SHEET3, "<f>1\\+1", f"<f>{'1+' * 4100}1"), "8201 characters"),
    "a text that is too long": ((SHEET3, ">one<", f">{'x' * 32768}<"), "32768 characters"),
    "a number that is none": ((SHEET3, "<v>2</v>", "<v>NaN</v>"), "'NaN'"),
    "a cell beside the sheet": ((SHEET3, 'r="A9"', 'r="XFE9"'), "XFE9"),
    "a font beyond the list": (("styles.xml", 'fontId="0"', 'fontId="77"'), "fontId is 77"),
    "a number format that is not there": (
        ("styles.xml", 'numFmtId="164" formatCode', 'numFmtId="190" formatCode'), "164"),
    "a drawing beside the sheet": (
        ("drawings/drawing1.xml", r"(<xdr:from>\s*<xdr:col>)", r"\g<1>9999"), "stands at"),
    "an axis that is not there": (("charts/chart1.xml", r'crossAx val="\d+"', 'crossAx val="7"'),
                                  "crosses 7"),
    "a series' number used twice": (
        ("charts/chart1.xml", r"(<(?:c:)?ser>.*</(?:c:)?ser>)", r"\1\1"), "two series"),
    "a record with too few fields": (
        ("pivotCache/pivotCacheRecords1.xml", r"<r>\s*<[^>]*/>", "<r>"), "fields"),
    "items that are not counted": (
        ("pivotTables/pivotTable1.xml", '<items count="3"', '<items count="4"'), "says 4"),
    "a pivot's field too few": (
        ("pivotTables/pivotTable1.xml", "<pivotField [^>]*/>", ""), "fields"),
    "another pivot's cache": (("workbook.xml", 'cacheId="', 'cacheId="9'), "cache"),
    "a link to nowhere": ((SHEET3, '<hyperlink [^>]*/>', '<hyperlink ref="A9"/>'),
                          "nowhere"),
    "a split that is none": (
        (SHEET3, 'workbookViewId="0"(/>|>.*?</sheetView>)',
         'workbookViewId="0"><selection pane="bottomLeft" sqref="A1"/></sheetView>'), "not split"),
    "a bracket left open": ((SHEET3, "<f>1\\+1", "<f>SUM(1+1"), "bracket open"),
    "a formula of another language": ((SHEET3, "<f>1\\+1", "<f>SUM(1;1)"), "parts with ;"),
    "a formula that ends too early": ((SHEET3, "<f>1\\+1", "<f>1+"), "too early"),
    "a book that is not linked": ((SHEET3, "<f>1\\+1", "<f>[1]Data!A1"), "book 1 of 0"),
    "a pivot's row that is not there": (
        ("pivotTables/pivotTable1.xml", "(<rowItems[^>]*><i>)<x */>", r'\1<x v="9"/>'), "item 9"),
    "items that are no texts": (
        ("pivotCache/pivotCacheDefinition1.xml", '<s v="North" */>', '<n v="1"/>'), "kind n"),
    "a newer chart's data": (("charts/chartEx1.xml", 'dataId val="0"', 'dataId val="5"'),
                             "dataId 5"),
    "a part typed twice": (
        ("[Content_Types].xml", '(<Default Extension="xml"[^>]*>)', r"\1\1"), "told 2 times"),
    "a target that is neither inside nor outside": (
        ("workbook.xml.rels", "<Relationship ", '<Relationship TargetMode="Aside" '), "Aside"),
    "a date that is none": (("core.xml", r"(created[^>]*>)\d", r"\1x"), "created is"),
    "comments that are not drawn": ((SHEET3, "<legacyDrawing [^>]*/>", ""), "no drawing"),
}  # fmt: skip


def broken(source: Path, target: Path, change: Change) -> Path:
    part, old, new = change
    done = 0
    with ZipFile(source) as archive, ZipFile(target, "w", ZIP_DEFLATED) as other:
        for name in archive.namelist():
            text = archive.read(name)
            if name.endswith(part):
                # each of what is named in a part is changed alike, so that it is out of place
                changed, done = re.subn(old.encode(), new.encode(), text, flags=re.DOTALL)
                assert done, f"no {old} in {text.decode()}"
                text = changed
            other.writestr(name, text)
    assert done, f"no part {part}"
    return target


@pytest.mark.parametrize("fault", [*NOT_VALID, *NOT_KNOWN_TO_OPEN])
def test_a_fault_is_told(sound: Path, tmp_path: Path, fault: str) -> None:
    change, word = (NOT_VALID | NOT_KNOWN_TO_OPEN)[fault]
    found = problems(broken(sound, tmp_path / "broken.xlsx", change))
    assert any(word in text for text in found), found


def sheet_findings(attributes: str, content: str) -> tuple[str, ...]:
    xml = f'<worksheet xmlns="{MAIN}" xmlns:mc="{MC}" {attributes}>{content}</worksheet>'
    return schemas.part_findings(WORKSHEET, xml.encode())


def test_what_may_be_ignored_is_ignored() -> None:
    mine = 'xmlns:my="urn:mine" my:thing="1"'
    assert sheet_findings(f'{mine} mc:Ignorable="my"', "<sheetData/><my:more/>") == ()
    assert len(sheet_findings(mine, "<sheetData/><my:more/>")) == 2
    # What Office knows is looked at, though older programs may ignore it.
    known = 'xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"'
    row = '<sheetData><row x14ac:dyDescent="{}"/></sheetData>'
    assert sheet_findings(f'{known} mc:Ignorable="x14ac"', row.format("0.25")) == ()
    assert sheet_findings(f'{known} mc:Ignorable="x14ac"', row.format("x")) != ()


@pytest.mark.parametrize(
    ("choice", "fallback", "wrong"),
    [("sheetData", "sheetData", 0), ("zork", "sheetData", 1), ("sheetData", "zork", 1)],
)
def test_both_sides_of_an_alternative_are_looked_at(choice: str, fallback: str, wrong: int) -> None:
    x14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
    found = sheet_findings(
        f'xmlns:x14="{x14}"',
        f'<mc:AlternateContent><mc:Choice Requires="x14"><{choice}/></mc:Choice><mc:Fallback>'
        f"<{fallback}/></mc:Fallback></mc:AlternateContent>",
    )
    assert bool(found) == bool(wrong)


def test_an_alternative_that_nobody_knows_is_left_out() -> None:
    xml = (
        f'<a xmlns:mc="{MC}"><mc:AlternateContent><mc:Choice xmlns:n="urn:n" Requires="n"><b/>'
        "</mc:Choice><mc:Fallback/></mc:AlternateContent><c/></a>"
    )
    trees: list[list[str]] = [
        [str(item.tag) for item in tree] for tree in readings(etree.fromstring(xml), {"urn:o"})
    ]
    assert trees == [["c"], ["c"]]


NAMES: dict[str, bool] = {
    "rate": True, "_x": True, "\\x": True, "Grün.2": True, "A1B": True, "XFE1": True,
    "A1": False, "XFD1048576": False, "R1C1": False, "r": False, "2x": False, "a b": False,
    "x" * 256: False, "": False,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_excel_takes(name: str) -> None:
    assert is_name(name) == NAMES[name]
