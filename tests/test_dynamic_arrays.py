"""Formulas whose result has several cells: read, written, spilled, and in each other's way."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

import service.workbook.book as book_module
from service.workbook import libreoffice
from service.workbook.book import Book
from service.workbook.calculation.arrays import is_dynamic
from service.workbook.calculation.source import formula_facts
from service.workbook.dynamic import DynamicArray
from service.workbook.formulas import check_formula, from_file, to_file
from service.workbook.keeping import loader
from service.workbook.keeping.metadata import TYPE, dynamic_index, dynamic_indices
from service.workbook.package.opc import OFFICE, Draft, Package
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat, rows_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
XDA = "http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray"
# Rich values come first here, as Excel writes them for a cell with an error or a picture.
METADATA = f"""<metadata xmlns="{MAIN}" xmlns:xlrd="urn:r" xmlns:xda="{XDA}">
<metadataTypes count="{{count}}"><metadataType name="XLRICHVALUE" minSupportedVersion="120000"/>
{{kind}}</metadataTypes><futureMetadata name="XLRICHVALUE" count="1"><bk><extLst>
<ext uri="{{{{3e2802c4-a4d2-4d8b-9148-e3be6c30e623}}}}"><xlrd:rvb i="0"/></ext></extLst></bk>
</futureMetadata>{{future}}{{cells}}<valueMetadata count="1"><bk><rc t="1" v="0"/></bk>
</valueMetadata></metadata>"""
FUTURE = """<futureMetadata name="XLDAPR" count="2">
<bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">
<xda:dynamicArrayProperties fDynamic="0" fCollapsed="0"/></ext></extLst></bk>
<bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">
<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>"""
CELLS = """<cellMetadata count="2"><bk><rc t="2" v="0"/></bk><bk><rc t="2" v="1"/></bk>
</cellMetadata>"""
KIND = '<metadataType name="XLDAPR" minSupportedVersion="120000" cellMeta="1"/>'


def metadata(*, dynamic: bool) -> bytes:
    given = (KIND, FUTURE, CELLS) if dynamic else ("", "", "")
    kind, future, cells = given
    text = METADATA.format(count=2 if dynamic else 1, kind=kind, future=future, cells=cells)
    return text.encode()


def with_parts(path: Path, rows: str = "", data: bytes = b"") -> Path:
    """A workbook with other rows in its first sheet, and with metadata."""
    plain = openpyxl.Workbook()
    plain.active.title = "S"
    for number in (30, 10, 20):
        plain.active.append([number])
    plain.save(path)
    draft = Draft(Package(path))
    main = draft.read("xl/workbook.xml")
    assert b' fullCalcOnLoad="1"' in main  # it would let none of the file's values count
    draft.write("xl/workbook.xml", main.replace(b' fullCalcOnLoad="1"', b""))
    if rows:
        sheet = draft.read("xl/worksheets/sheet1.xml")
        start, end = sheet.index(b"<sheetData>"), sheet.index(b"</sheetData>")
        head = sheet[: start + len(b"<sheetData>")]
        draft.write("xl/worksheets/sheet1.xml", head + rows.encode() + sheet[end:])
    if data:
        draft.write("xl/metadata.xml", data, TYPE)
        draft.relationships("xl/workbook.xml").add(f"{OFFICE}/sheetMetadata", "xl/metadata.xml")
    new = path.with_name("new-" + path.name)
    draft.save(new)
    new.replace(path)
    return path


# cm="1" is one of the metadata that do not mean a dynamic array, cm="2" is one that does.
ROWS = """<row r="1"><c r="A1"><v>30</v></c>
<c r="C1" cm="2"><f t="array" ref="C1:C3">_xlfn._xlws.SORT(A1:A3)</f><v>10</v></c>
<c r="D1" cm="1"><f t="array" ref="D1:D3">A1:A3*2</f><v>60</v></c>
<c r="E1"><f t="array" ref="E1:E3">_xlfn._xlws.SORT(A1:A3)</f><v>10</v></c></row>
<row r="2"><c r="A2"><v>10</v></c><c r="C2"><v>20</v></c><c r="D2"><v>20</v></c>
<c r="E2"><v>20</v></c></row><row r="3"><c r="A3"><v>20</v></c><c r="C3"><v>30</v></c>
<c r="D3"><v>40</v></c><c r="E3"><v>30</v></c></row>"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return with_parts(tmp_path / "hand.xlsx", ROWS, metadata(dynamic=True))


def made(*rows: list[Any]) -> Book:
    """A workbook with one sheet, written by the operations."""
    book = new_book(sheet="S")
    for number, row in enumerate(rows or ([30], [10], [20]), start=1):
        write(book, f"A{number}", row)
    return book


def write(book: Book, start: str, *rows: list[Any]) -> None:
    book.spill()
    run(book, "write_excel_range", start=start, rows=list(rows))


def column(book: Book, letter: str, rows: int = 5) -> list[Any]:
    """What a person sees in the first rows of a column."""
    book.spill()
    area = f"{letter}1:{letter}{rows}"
    values = [row[0] for row in run(book, "read_excel_range", range=area).result["rows"]]
    return values + [None] * (rows - len(values))


def kind(book: Book, name: str) -> tuple[str, str]:
    facts = formula_facts(book.sheet()[name])
    return facts.kind, str(facts.area or "")


def part(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def cell_xml(path: Path, name: str, sheet: str = "xl/worksheets/sheet1.xml") -> Any:
    root = etree.fromstring(part(path, sheet))
    found = root.xpath(f"//m:c[@r='{name}']", namespaces={"m": MAIN})
    return found[0] if found else None


def formula(cell: Any) -> tuple[str, str, str]:
    """(kind, reference, text) of a formula in the file."""
    found = cell.find(f"{{{MAIN}}}f")
    return found.get("t", ""), found.get("ref", ""), found.text


def saved(book: Book, path: Path) -> Path:
    book.save(path)
    assert problems(path) == []
    return path


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# Reading ------------------------------------------------------------------------


def test_the_metadata_say_which_array_formulas_are_dynamic(file: Path) -> None:
    """Not the names of functions: SORT may be in an array formula entered the old way."""
    assert dynamic_indices(Package(file)) == {"2"}
    book = Book.load(file, "hand.xlsx")
    assert kind(book, "C1") == ("dynamic", "C1:C3")
    assert kind(book, "D1") == ("array", "D1:D3")
    assert kind(book, "E1") == ("array", "E1:E3")


def test_in_a_very_large_sheet_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = loader.load
    monkeypatch.setattr(book_module, "load", lambda package: load(package, lazy_from=1))
    book = Book.load(file, "hand.xlsx")
    assert book.very_large
    assert list(book.sheet().spills) == [(1, 3)]
    write(book, "A1", [5])
    assert column(book, "C") == [5, 10, 20, None, None]
    assert kind(book, "C1") == ("dynamic", "C1:C3")


def test_in_a_checkpoint_too(file: Path, tmp_path: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    write(book, "G1", ["=SEQUENCE(A2/5)"])
    assert column(book, "G") == [1, 2, None, None, None]
    book.keep(tmp_path / "kept")
    again = Book.kept(tmp_path / "kept", "hand.xlsx")
    assert kind(again, "C1") == ("dynamic", "C1:C3")
    write(again, "A2", [20])
    assert column(again, "G") == [1, 2, 3, 4, None]
    path = saved(again, tmp_path / "again.xlsx")
    assert formula(cell_xml(path, "G1"))[:2] == ("array", "G1:G4")


def test_after_rows_were_inserted_too(file: Path, tmp_path: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    run(book, "edit_excel_sheet", action="insert_rows", target="1")
    assert kind(book, "C2") == ("dynamic", "C2:C4")
    write(book, "A5", [5])
    write(book, "C2", ["=SORT(A2:A5)"])
    assert column(book, "C") == [None, 5, 10, 20, 30]
    path = saved(book, tmp_path / "moved.xlsx")
    assert cell_xml(path, "C2").get("cm") == "2"
    assert formula(cell_xml(path, "C2")) == ("array", "C2:C5", "_xlfn._xlws.SORT(A2:A5)")


def test_a_row_inserted_among_spilled_cells_leaves_the_array_whole(file: Path) -> None:
    """Excel shifts what the formula reads, and the array spills anew."""
    book = Book.load(file, "hand.xlsx")
    with book.changing():
        for name in ("D1", "D2", "D3", "E1", "E2", "E3"):
            book.sheet()[name] = None
    run(book, "edit_excel_sheet", action="insert_rows", target="2")
    assert column(book, "C") == [10, 20, 30, 0, None]
    assert kind(book, "C1") == ("dynamic", "C1:C4")


def test_a_file_whose_metadata_can_not_be_read_opens(tmp_path: Path) -> None:
    path = with_parts(tmp_path / "bad.xlsx", ROWS, b"<metadata")
    assert kind(Book.load(path, "bad.xlsx"), "C1") == ("array", "C1:C3")


# Writing ------------------------------------------------------------------------


def test_a_new_workbook_has_spilled_values_in_its_file(tmp_path: Path) -> None:
    book = made()
    write(book, "C1", ["=SORT(A1:A3)"])
    assert column(book, "C") == [10, 20, 30, None, None]
    assert str(book.used_area(book.sheet())) == "A1:C3"
    path = saved(book, tmp_path / "new.xlsx")
    anchor = cell_xml(path, "C1")
    assert (anchor.get("cm"), *formula(anchor)) == (
        "1", "array", "C1:C3", "_xlfn._xlws.SORT(A1:A3)",
    )  # fmt: skip
    assert cell_xml(path, "C2").find(f"{{{MAIN}}}f") is None
    values = openpyxl.load_workbook(path, data_only=True)["S"]
    assert [values[f"C{row}"].value for row in (1, 2, 3)] == [10, 20, 30]
    assert b'fDynamic="1"' in part(path, "xl/metadata.xml")


def test_a_file_without_metadata_gets_them(tmp_path: Path) -> None:
    path = with_parts(tmp_path / "plain.xlsx")
    book = Book.load(path, "plain.xlsx")
    write(book, "C1", ["=FILTER(A1:A3,A1:A3>10)"])
    write(book, "D1", ['=IF(A1:A3>10,"many","")'])
    path = saved(book, tmp_path / "out.xlsx")
    assert formula(cell_xml(path, "C1"))[1] == "C1:C2"
    assert formula(cell_xml(path, "D1"))[1] == "D1:D3"
    assert cell_xml(path, "D2").get("t") == "str"  # an empty text, and no blank cell
    assert dynamic_indices(Package(path)) == {"1"}
    again = Book.load(path, "out.xlsx")
    assert kind(again, "C1") == ("dynamic", "C1:C2")
    assert column(again, "C") == [30, 20, None, None, None]
    assert not again.calculation.differences()


def test_other_metadata_of_a_file_stay(tmp_path: Path) -> None:
    path = with_parts(tmp_path / "rich.xlsx", "", metadata(dynamic=False))
    book = Book.load(path, "rich.xlsx")
    write(book, "C1", ["=UNIQUE(A1:A3)"])
    path = saved(book, tmp_path / "out.xlsx")
    root = etree.fromstring(part(path, "xl/metadata.xml"))
    assert [etree.QName(child).localname for child in root] == [
        "metadataTypes", "futureMetadata", "futureMetadata", "cellMetadata", "valueMetadata",
    ]  # fmt: skip
    assert root.xpath("//m:metadataTypes/@count", namespaces={"m": MAIN}) == ["2"]
    record = root.xpath("//m:cellMetadata/m:bk/m:rc", namespaces={"m": MAIN})
    assert [dict(item.attrib) for item in record] == [{"t": "2", "v": "0"}]
    assert cell_xml(path, "C1").get("cm") == "1"
    assert len(Package(path).relationships("xl/workbook.xml").of_kind("sheetMetadata")) == 1


def test_an_entry_that_is_there_is_used_again(file: Path, tmp_path: Path) -> None:
    before = part(file, "xl/metadata.xml")
    book = Book.load(file, "hand.xlsx")
    write(book, "G1", ["=SEQUENCE(2)"])
    path = saved(book, tmp_path / "out.xlsx")
    assert cell_xml(path, "G1").get("cm") == "2"
    assert part(path, "xl/metadata.xml") == before
    draft = Draft(Package(path))
    assert dynamic_index(draft, "xl/workbook.xml") == 2
    assert not draft.has_written("xl/metadata.xml")


def test_a_new_sheet_in_a_file_spills_with_the_entry_of_the_file(
    file: Path, tmp_path: Path
) -> None:
    book = Book.load(file, "hand.xlsx")
    with book.changing():
        book.xl.create_sheet("New")
    run(book, "write_excel_range", sheet="New", start="A1", rows=[["=S!A1:A3+1"]])
    path = saved(book, tmp_path / "out.xlsx")
    anchor = cell_xml(path, "A1", "xl/worksheets/sheet2.xml")
    assert (anchor.get("cm"), formula(anchor)[1]) == ("2", "A1:A3")


def test_saving_twice_gives_the_same_parts(file: Path, tmp_path: Path) -> None:
    for book in (made(), Book.load(file, "hand.xlsx")):
        write(book, "F1", ["=SORT(A1:A3)", "=A1:A3*2", "=SUM(F1#)"])
        first = parts_of(saved(book, tmp_path / "1.xlsx"))
        second = parts_of(saved(book, tmp_path / "2.xlsx"))
        differ = {name for name in first if first[name] != second[name]}
        assert differ <= {"docProps/core.xml"}
        assert first.keys() == second.keys()


def test_what_nothing_changed_is_saved_as_it_was(file: Path, tmp_path: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    assert column(book, "C") == [10, 20, 30, None, None]
    book.save(tmp_path / "out.xlsx")
    sheet = "xl/worksheets/sheet1.xml"
    assert part(tmp_path / "out.xlsx", sheet) == part(file, sheet)


# Growing, shrinking, and what is in the way -----------------------------------------


@pytest.mark.parametrize("from_file", [False, True])
def test_spilled_cells_follow_the_result(from_file: bool, tmp_path: Path) -> None:
    book = made([3])
    write(book, "C1", ["=SEQUENCE(A1)", "=SUM(C1#)"])
    if from_file:
        book = Book.load(saved(book, tmp_path / "a.xlsx"), "a.xlsx")
    assert column(book, "C") == [1, 2, 3, None, None]
    for size, total in ((5, 15), (1, 1), (2, 3)):
        write(book, "A1", [size])
        wanted = [*range(1, size + 1), *[None] * 5][:5]
        assert column(book, "C") == wanted
        assert column(book, "D", 1) == [total]
        path = saved(book, tmp_path / "b.xlsx")
        ref = "C1" if size == 1 else f"C1:C{size}"
        assert formula(cell_xml(path, "C1"))[1] == ref
        assert [row[2] if len(row) > 2 else None for row in rows_of(path.read_bytes())] == [
            value for value in wanted if value is not None
        ]


@pytest.mark.parametrize("from_file", [False, True])
def test_a_value_in_the_way_is_told_with_its_cell(from_file: bool, tmp_path: Path) -> None:
    book = made()
    write(book, "C1", ["=SORT(A1:A3)"])
    if from_file:
        book = Book.load(saved(book, tmp_path / "a.xlsx"), "a.xlsx")
    write(book, "C3", ["mine"])
    assert column(book, "C") == ["#SPILL!", None, "mine", None, None]
    (error,) = book.formula_errors()
    assert error["cell"] == "S!C1"
    assert error["value"] == "#SPILL!"
    assert error["hint"] == "The result needs C1:C3, and there is C3: clear that, or move it."
    path = saved(book, tmp_path / "b.xlsx")
    assert formula(cell_xml(path, "C1"))[1] == "C1"
    assert cell_xml(path, "C1").findtext(f"{{{MAIN}}}v") == "#VALUE!"  # as in files of Excel's
    assert cell_xml(path, "C2") is None or cell_xml(path, "C2").find(f"{{{MAIN}}}v") is None
    write(book, "C3", [None])
    assert column(book, "C") == [10, 20, 30, None, None]


def test_what_changes_in_a_file_of_excels_reaches_its_arrays(file: Path, tmp_path: Path) -> None:
    """Its values count as long as nothing reaches them: also what is in the way does."""
    draft = Draft(Package(file))
    sheet = draft.read("xl/worksheets/sheet1.xml")
    reading = b'<c r="G3"><f>C5+1</f><v>1</v></c><c r="H3"><f>SUM(C1:C2)</f><v>30</v></c></row>'
    draft.write(
        "xl/worksheets/sheet1.xml", sheet.replace(b"</row></sheetData>", reading + b"</sheetData>")
    )
    draft.save(tmp_path / "excel.xlsx")
    book = Book.load(tmp_path / "excel.xlsx", "excel.xlsx")
    assert not book.calculation.ledger.stale
    assert (column(book, "C"), column(book, "G", 3)) == ([10, 20, 30, None, None], [None, None, 1])
    write(book, "C2", ["mine"])
    assert column(book, "C") == ["#SPILL!", "mine", None, None, None]
    assert column(book, "H", 3)[2] == "#SPILL!"
    (error,) = [e for e in book.formula_errors() if e["cell"] == "S!C1"]
    assert "there is C2" in error["hint"]
    write(book, "C2", [None])
    assert (column(book, "C"), column(book, "H", 3)[2]) == ([10, 20, 30, None, None], 30)
    write(book, "C5", ["below"])
    assert column(book, "C") == [10, 20, 30, None, "below"]
    write(book, "C1", ["=SEQUENCE(5)"])
    assert column(book, "C", 2) == ["#SPILL!", None]
    write(book, "C5", [None])
    assert (column(book, "C"), column(book, "G", 3)[2]) == ([1, 2, 3, 4, 5], 6)


def test_merged_cells_and_tables_are_in_the_way() -> None:
    book = made()
    write(book, "G1", ["Name", "Cost"], ["Rent", 1])
    with book.changing():
        book.sheet().merge_cells("C3:D3")
        book.sheet().add_table(Table(displayName="Costs", ref="G1:H2"))
    write(book, "C1", ["=SORT(A1:A3)", "=SUM(C1:C3)", "=SEQUENCE(1,4)"])
    assert column(book, "C", 3) == ["#SPILL!", None, None]
    assert column(book, "D", 1) == ["#SPILL!"]
    assert column(book, "E", 1) == ["#SPILL!"]
    told = {error["cell"]: error["hint"] for error in book.formula_errors()}
    assert "C3:D3 (merged cells or a table)" in told["S!C1"]
    assert "E1:H1, and there is G1:H2" in told["S!E1"]


def test_formulas_that_nobody_can_calculate_are_in_the_way_too() -> None:
    book = made()
    write(book, "C2", ["=C2+1"])
    write(book, "C1", ["=SORT(A1:A3)"])
    assert column(book, "C", 3) == ["#SPILL!", "#NOT_CALCULATED", None]
    write(book, "C2", [None])
    assert column(book, "C", 3) == [10, 20, 30]


def test_an_array_that_reads_itself_fails_alone() -> None:
    book = made([3])
    write(book, "C1", ["=SEQUENCE(A1)"])
    write(book, "E1", ["=SUM(E1#)"])
    assert column(book, "C", 3) == [1, 2, 3]
    assert column(book, "E", 1)[0] in ("#REF!", "#NOT_CALCULATED")


def test_a_copied_sheet_spills_too(file: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    run(book, "edit_excel_sheet", action="copy", sheet="S", new_name="Copy")
    facts = formula_facts(book.sheet("Copy")["C1"])
    assert (facts.kind, str(facts.area)) == ("dynamic", "C1:C3")


def test_long_arrays_spill_up_to_a_limit_that_is_told() -> None:
    book = made([10_000])
    write(book, "C1", ["=SEQUENCE(A1)", "=SUM(C1#)"])
    assert book.values["S", 10_000, 3].value == 10_000
    assert str(book.used_area(book.sheet())) == "A1:D10000"
    write(book, "A1", [60_000])
    assert column(book, "D", 1) == ["#NOT_CALCULATED"]
    computed = book.values["S", 1, 3]
    assert "too many cells" in computed.unknown + computed.unverified


def test_two_arrays_are_in_each_others_way() -> None:
    book = made()
    write(book, "C2", ["=SEQUENCE(1,3)"])
    write(book, "D1", ["=SEQUENCE(3)"])
    assert column(book, "C", 2) == [None, 1]
    assert column(book, "D", 3) == ["#SPILL!", 2, None]
    write(book, "C2", [None])
    assert column(book, "D", 3) == [1, 2, 3]


def test_a_spilled_cell_can_not_be_made_blank() -> None:
    """As in Excel: it shows the formula's value, whatever is cleared."""
    book = made()
    write(book, "C1", ["=SORT(A1:A3)"])
    assert column(book, "C", 3) == [10, 20, 30]
    write(book, "C2", [None])
    assert column(book, "C", 3) == [10, 20, 30]


@pytest.mark.parametrize("value", [7, None, "=1+1"])
def test_with_the_formula_goes_what_it_spilled(file: Path, value: object, tmp_path: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    write(book, "C1", [value])
    rest = [None, None]
    assert column(book, "C", 3)[1:] == rest
    path = saved(book, tmp_path / "out.xlsx")
    for name in ("C2", "C3"):
        found = cell_xml(path, name)
        assert found is None or len(found) == 0


def test_formats_of_spilled_cells_stay(file: Path, tmp_path: Path) -> None:
    book = Book.load(file, "hand.xlsx")
    run(book, "format_excel_cells", range="C1:C5", style={"bold": True})
    write(book, "C1", ["=SEQUENCE(5)"])
    assert column(book, "C") == [1, 2, 3, 4, 5]
    write(book, "C1", ["=SEQUENCE(2)"])
    assert column(book, "C") == [1, 2, None, None, None]
    assert all(book.sheet()[f"C{row}"].font.bold for row in range(1, 6))
    again = Book.load(saved(book, tmp_path / "out.xlsx"), "out.xlsx")
    assert all(again.sheet()[f"C{row}"].font.bold for row in range(1, 6))


@pytest.mark.e2e
def test_undo_and_redo(chat: Chat) -> None:
    name = chat.op("create_excel_file", filename="undo.xlsx")["result"]
    chat.op("write_excel_range", rows=[["=SEQUENCE(3)"]], start="C1")

    def spilled() -> list[Any]:
        rows = chat.op("read_excel_range", range="C1:C4")["result"]["rows"]
        return [row[0] for row in rows if row[0] is not None]

    assert spilled() == [1, 2, 3], name
    answer = chat.op("write_excel_range", rows=[["mine"]], start="C2")["result"]
    assert answer["formula_errors"][0]["value"] == "#SPILL!"
    assert spilled() == ["#SPILL!", "mine"]
    chat.op("undo_excel_change")
    assert spilled() == [1, 2, 3]
    chat.op("undo_excel_change", action="redo")
    assert spilled() == ["#SPILL!", "mine"]


def test_appended_rows_come_under_what_is_spilled(chat: Chat) -> None:
    chat.op("create_excel_file", filename="append.xlsx", sheet="S")
    chat.op("write_excel_range", rows=[["Number", "Twice"], ["=SEQUENCE(3)", "=A2#*2"]])
    chat.op("write_excel_range", rows=[[9, 9]], start="append")
    assert chat.rows() == [["Number", "Twice"], [1, 2], [2, 4], [3, 6], [9, 9]]


# Other programs -------------------------------------------------------------------


def test_xlsxwriters_dynamic_arrays(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xlsx"
    with xlsxwriter.Workbook(path) as theirs:
        sheet = theirs.add_worksheet("S")
        for row, number in enumerate((30, 10, 20)):
            sheet.write(row, 0, number)
        sheet.write_dynamic_array_formula("C1:C3", "=SORT(A1:A3)", None, 10)
        sheet.write(1, 2, 20)
        sheet.write(2, 2, 30)
        sheet.write_dynamic_array_formula("D1", "=LET(x,A1:A3,SUM(x))", None, 60)
        sheet.write_array_formula("E1:E3", "{=A1:A3*2}", None, 60)
    book = Book.load(path, "theirs.xlsx")
    assert [kind(book, name)[0] for name in ("C1", "D1", "E1")] == ["dynamic", "dynamic", "array"]
    write(book, "A4", [5])
    write(book, "C1", ["=SORT(A1:A4)"])
    assert column(book, "C") == [5, 10, 20, 30, None]
    out = saved(book, tmp_path / "ours.xlsx")
    assert formula(cell_xml(out, "C1")) == ("array", "C1:C4", "_xlfn._xlws.SORT(A1:A4)")
    assert cell_xml(out, "D1").get("cm") == cell_xml(path, "D1").get("cm")
    assert part(out, "xl/metadata.xml") == part(path, "xl/metadata.xml")


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_libreoffice_opens_what_we_write(tmp_path: Path) -> None:
    """It knows no dynamic arrays, and takes them for array formulas over what they fill."""
    book = made()
    write(book, "C1", ["=A1:A3*2", "=SUM(A1:A3*A1:A3)", '=IF(A1:A3>10,"x","y")'])
    path = saved(book, tmp_path / "ours.xlsx")
    program = libreoffice.found_program("auto")
    folder = tmp_path / "theirs"
    folder.mkdir()
    out = libreoffice.convert(path, "xlsx", folder, seconds=60, program=program, recalculate=True)
    rows = rows_of(out.read_bytes())
    assert [row[2:5] for row in rows] == [[60, 1400, "x"], [20, None, "y"], [40, None, "x"]]
    theirs = openpyxl.load_workbook(out)["S"]
    assert isinstance(theirs["C1"].value, ArrayFormula)
    assert theirs["C1"].value.ref == "C1:C3"


# What is typed in -----------------------------------------------------------------

NAMES = {"many": "S!$A$1:$A$9", "one": "S!$A$1", "sorted": "SORT(S!$A$1:$A$9)"}


@pytest.mark.parametrize(
    "typed",
    """
    =SORT(A1:A3) | =A1:A3*2 | =A1:A3 | =-A1:A3 | =SUM(A1:A3*B1:B3) | =LEN(A1:A3) | ={1,2,3}
    =SUM(FILTER(A1:A3,A1:A3>1)) | =XLOOKUP(1,A1:A9,B1:D9) | =XLOOKUP(A1:A3,A1:A9,B1:B9)
    =LET(x,A1:A3,x*2) | =IF(A1>1,A1:A3,B1:B3) | =INDEX(A1:C3,2) | =INDEX(A1:C3,0,1)
    =OFFSET(A1,0,0,3,1) | =INDIRECT("A1:A3") | =many*2 | =sorted | =Table1[Cost]*2 | =A1#
    =ROW(A1:A3) | =MATCH(1,(A1:A3=1)*(B1:B3=2),0) | =COUNTIF(A1:A9,A1:A9) | =IFS(A1:A3>1,2)
    =TEXTJOIN(",",TRUE,IF(A1:A3>1,A1:A3,"")) | =VLOOKUP(A1:A3,A1:B3,2,0) | =AND(A1:A3>1)
    =MAP(A1:A3,LAMBDA(x,x*2)) | =BYROW(A1:C3,SUM) | =A1:INDEX(A1:A9,3)
    """.replace("\n", "|").split("|"),
)
def test_formulas_with_arrays_are_dynamic(typed: str) -> None:
    if typed.strip():
        assert is_dynamic(to_file(typed.strip()), lambda name: NAMES.get(name, ""))


@pytest.mark.parametrize(
    "typed",
    """
    =SUM(A1:A3) | =A1*2 | =SUMPRODUCT((A1:A3>1)*B1:B3) | =VLOOKUP(A1,A:B,2,0) | =one*2
    =XLOOKUP(A1,A:A,B:B) | =INDEX(A1:A3,2) | =INDEX(A1:C3,2,1) | =SUMIFS(A1:A9,B1:B9,">2")
    =COUNTIF(A:A,A1) | =Table1[@Cost]*2 | =Table1[[#This Row],[Cost]] | =SUM(Table1[Cost])
    =SUM(many) | =LET(x,5,x+1) | =TEXTJOIN(",",TRUE,A1:A3) | =SUM(A1:INDEX(A1:A9,3)) | =@A1:A3
    =MATCH(2,A1:A9,0) | =ROW() | =ROWS(A1:A3) | =SUM(OFFSET(A1,0,0,3,1)) | =unknown+1
    =INDEX(A1:A9,MATCH(B1,C1:C9,0)) | =MAXIFS(A1:A3,B1:B3,1) | =CORREL(A1:A3,B1:B3)
    """.replace("\n", "|").split("|"),
)
def test_formulas_without_are_not(typed: str) -> None:
    if typed.strip():
        assert not is_dynamic(to_file(typed.strip()), lambda name: NAMES.get(name, ""))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("=SUM(A1#)", "=SUM(_xlfn.ANCHORARRAY(A1))"),
        ("='My #1'!$A$1#&\"A1#\"", "=_xlfn.ANCHORARRAY('My #1'!$A$1)&\"A1#\""),
        ("=IF(A1=#N/A,1,2)", "=IF(A1=#N/A,1,2)"),
        ("=@A1:A3", "=_xlfn.SINGLE(A1:A3)"),
        ("=@INDEX(A1:A3,1)+1", "=_xlfn.SINGLE(INDEX(A1:A3,1))+1"),
        ("=sum(filter(A1:A3,A1:A3>1))", "=sum(_xlfn._xlws.FILTER(A1:A3,A1:A3>1))"),
        ("=_xlfn.SORT(A1:A3)", "=_xlfn._xlws.SORT(A1:A3)"),
        (
            "=LET(f,LAMBDA(a,a*2),f(3))",
            "=_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.a,_xlpm.a*2),_xlpm.f(3))",
        ),
        ("=LET(_xlpm.x,1,_xlpm.x+1)", "=_xlfn.LET(_xlpm.x,1,_xlpm.x+1)"),
        ("=Sales[@Cost]*2", "=Sales[[#This Row],[Cost]]*2"),
        ("=SUM(Sales[@[a b]:[c]])", "=SUM(Sales[[#This Row],[a b]:[c]])"),
        ("=ROWS(Sales[@])", "=ROWS(Sales[#This Row])"),
        ("=BYROW(A1:C3,SUM)", "=_xlfn.BYROW(A1:C3,_xleta.SUM)"),
        ("=FORECAST.ETS.STAT(A1:A3,B1:B3,1)", "=_xlfn.FORECAST.ETS.STAT(A1:A3,B1:B3,1)"),
    ],
)
def test_formulas_are_stored_as_files_have_them(typed: str, stored: str) -> None:
    check_formula(typed, "A1")
    assert to_file(typed) == stored
    assert to_file(stored) == stored
    assert to_file(from_file(stored)).upper() == stored.upper()


def test_a_reference_to_a_tables_own_row_is_stored_with_its_name(tmp_path: Path) -> None:
    book = made(["Item", "Cost", "Twice"], ["Rent", 4, None], ["Food", 5, None])
    with book.changing():
        book.sheet().add_table(Table(displayName="Sales", ref="A1:C3"))
    write(book, "C2", ["=[@Cost]*2"], ['=[@Cost]&"[@Cost]"'])
    assert column(book, "C", 3) == ["Twice", 8, "5[@Cost]"]
    path = saved(book, tmp_path / "out.xlsx")
    stored = [cell_xml(path, name).find(f"{{{MAIN}}}f").text for name in ("C2", "C3")]
    assert stored == ["Sales[[#This Row],[Cost]]*2", 'Sales[[#This Row],[Cost]]&"[@Cost]"']


def test_a_function_that_calculates_one_value_is_given_each_cell() -> None:
    book = made()
    write(book, "C1", ["=ROUND(A1:A3/7,1)", "=LEN(A1:A3)", "=SUM(LEN(A1:A3))"])
    assert column(book, "C", 3) == [4.3, 1.4, 2.9]
    assert column(book, "D", 3) == [2, 2, 2]
    assert column(book, "E", 3) == [6, None, None]
    assert isinstance(book.sheet()["E1"].value, DynamicArray)
