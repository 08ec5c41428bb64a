"""The judge of fidelity sees each kind of loss, and lets pass what an edit brings with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.corpus.judge import judge
from tests.corpus.library import Library, named
from tests.corpus.rules import RULES
from tests.corpus.trial import Edit
from tests.corpus.validity import problems

Parts = dict[str, bytes]


@pytest.fixture
def damaged(library: Library, tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """A workbook of the corpus, and what a change of its parts makes of it."""

    def make(name: str, change: Callable[[Parts], object]) -> tuple[Path, Path]:
        before, after = library.path(name), tmp_path / name
        with ZipFile(before) as archive:
            parts = {item: archive.read(item) for item in archive.namelist()}
        change(parts)
        with ZipFile(after, "w", ZIP_DEFLATED) as archive:
            for item, data in parts.items():
                archive.writestr(item, data)
        return before, after

    return make


def replaced(part: str, old: str, new: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        assert re.search(old.encode(), parts[part]), f"no {old} in {part}"
        parts[part] = re.sub(old.encode(), new.encode(), parts[part], count=1)

    return change


def dropped(part: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        del parts[part]

    return change


SHEET1, SHEET2 = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
THREAD = "xl/threadedComments/threadedComment1.xml"
BOOK, STYLES, STRINGS = "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"
EDIT = Edit(cells=(("Data", "B2"), ("Data", "A9")), formats=(("Data", "A2"),), charts=("Other",))
# What is taken away or altered: (workbook, damage, a word of the complaint).
LOSSES = {
    "a part": ("hand-stocks.xlsx", dropped("xl/richData/rdrichvalue.xml"), "part lost"),
    "bytes of a part": (
        "xlsxwriter-chartsheet.xlsm",
        replaced("xl/vbaProject.bin", "PROJECT|VBAProject", "PR0JECT"),
        "bytes differ",
    ),
    "a picture": ("hand-images.xlsx", replaced("xl/media/image2.svg", "C00000", "C00001"), "fill"),
    "a relationship": (
        "hand-query.xlsx",
        replaced("xl/_rels/workbook.xml.rels", r'<Relationship [^>]*connections"[^>]*>', ""),
        "relationship lost",
    ),
    "an external target": (
        "hand-links.xlsx",
        replaced("xl/worksheets/_rels/sheet1.xml.rels", "example.com", "example.org"),
        "relationship lost",
    ),
    "a content type": (
        "hand-python.xlsx",
        replaced("[Content_Types].xml", r"application/vnd.ms-excel.python\+xml", "application/xml"),
        "content type",
    ),
    "an extension of a sheet": (
        "hand-extensions.xlsx",
        replaced(SHEET1, "(?s)<extLst>(?!.*<extLst>).*</extLst></worksheet>", "</worksheet>"),
        "extLst: element lost",
    ),
    "one rule of several": (
        "hand-extensions.xlsx",
        replaced(SHEET1, "<x14:dataValidation type.*?</x14:dataValidation>", ""),
        "dataValidation: element lost",
    ),
    "an attribute of a row": (
        "hand-columns.xlsx",
        replaced(SHEET1, ' ht="33.75"', ""),
        "row[2]/@ht",
    ),
    "the width of a column": (
        "hand-columns.xlsx",
        replaced(SHEET1, "30.7109375", "30"),
        "col/@width",
    ),
    "an unknown attribute": ("hand-alternates.xlsx", replaced(SHEET1, ' co:mark="7"', ""), "@mark"),
    "an alternative": (
        "hand-alternates.xlsx",
        replaced(SHEET1, "<mc:AlternateContent>.*</mc:AlternateContent>", ""),
        "AlternateContent: element lost",
    ),
    "another cell": ("hand-plain.xlsx", replaced(SHEET1, "<v>7</v>", "<v>8</v>"), "c[B3]"),
    "a formula": ("hand-plain.xlsx", replaced(SHEET1, r"SUM\(B2:B3\)", "SUM(B2:B4)"), "c[B4]/f"),
    "the kind of a formula": (
        "hand-formulas.xlsx",
        replaced(SHEET1, '<f t="array" ref="A11:B11">', "<f>"),
        "c[A11]/f/@",
    ),
    "a formula's meaning for cells": (
        "hand-dynamic.xlsx",
        replaced(SHEET1, ' cm="1"', ""),
        "c[A6]/@cm",
    ),
    "a value of another formula": (
        "hand-plain.xlsx",
        replaced(SHEET1, "<v>14</v>", "<v>15</v>"),
        "c[C3]",
    ),
    "a value on a sheet that reads nothing of it": (
        "hand-plain.xlsx",
        replaced(SHEET2, "<v>25</v>", "<v>26</v>"),
        "c[C2]",
    ),
    "the format of the edited cell": (
        "hand-plain.xlsx",
        replaced(SHEET1, '<c r="B2">', '<c r="B2" s="1">'),
        "c[B2]/@s",
    ),
    "a run of a rich text": ("hand-strings.xlsx", replaced(STRINGS, "<rPh .*?</rPh>", ""), "rPh"),
    "blanks": (
        "hand-strings.xlsx",
        replaced(STRINGS, ' xml:space="preserve">plain ', ">plain "),
        "space",
    ),
    "a shared string's place": (
        "hand-plain.xlsx",
        replaced(STRINGS, "<si><t>North</t></si>", "<si><t>N</t></si><si><t>North</t></si>"),
        "si",
    ),
    "a style": ("hand-plain.xlsx", replaced(STYLES, "1F4E78", "1F4E79"), "font"),
    "a style in the middle": (
        "hand-plain.xlsx",
        replaced(STYLES, '<xf numFmtId="164"', '<xf numFmtId="9"/><xf numFmtId="164"'),
        "cellXfs",
    ),
    "a table style": (
        "hand-filters.xlsx",
        replaced(STYLES, "<tableStyle .*?</tableStyle>", ""),
        "tableStyle",
    ),
    "a name": (
        "hand-names.xlsx",
        replaced(BOOK, '<definedName name="Secret".*?</definedName>', ""),
        "Secret",
    ),
    "a flag of the workbook": ("hand-1904.xlsx", replaced(BOOK, ' date1904="1"', ""), "date1904"),
    "the state of a sheet": ("hand-1904.xlsx", replaced(BOOK, ' state="veryHidden"', ""), "state"),
    "the way of calculating": ("hand-views.xlsx", replaced(BOOK, ' iterate="1"', ""), "iterate"),
    "a view": ("hand-views.xlsx", replaced(SHEET1, ' zoomScale="80"', ""), "zoomScale"),
    "a mode of a chart": (
        "hand-chart-styles.xlsx",
        replaced("xl/charts/chart1.xml", 'gapWidth val="219"', 'gapWidth val="1"'),
        "gapWidth",
    ),
    "a series of a chart": (
        "hand-new-charts.xlsx",
        replaced("xl/charts/chartEx3.xml", "<cx:series.*</cx:series>", ""),
        "series",
    ),
    "a value in a chart that shows other cells": (
        "openpyxl-charts.xlsx",
        replaced("xl/charts/chart1.xml", 'barDir val="col"', 'barDir val="bar"'),
        "barDir",
    ),
    "an anchor": (
        "hand-shapes.xlsx",
        replaced(
            "xl/drawings/drawing1.xml", "(?s)<xdr:absoluteAnchor>.*?</xdr:absoluteAnchor>", ""
        ),
        "absoluteAnchor: element lost",
    ),
    "text in a shape": (
        "hand-shapes.xlsx",
        replaced("xl/drawings/drawing1.xml", "hello", "hallo"),
        "/t:",
    ),
    "a shape of a comment": (
        "hand-threaded.xlsx",
        replaced("xl/drawings/vmlDrawing1.vml", "59.25pt", "60pt"),
        "shape/@style",
    ),
    "an answer in a thread": (
        "hand-threaded.xlsx",
        replaced(THREAD, '<threadedComment ref="B2" dT="2024-03.*</threadedComment>', ""),
        "threadedComment: element lost",
    ),
    "an ignorable namespace": (
        "hand-plain.xlsx",
        replaced(SHEET1, 'Ignorable="x14ac ', 'Ignorable="'),
        "Ignorable",
    ),
    "custom XML": (
        "hand-custom-xml.xlsx",
        replaced("customXml/item1.xml", " 7 ", "7"),
        "/id: ' 7 '",
    ),
    "a property": (
        "hand-properties.xlsx",
        replaced("docProps/custom.xml", "Ann", "Bob"),
        "lpwstr",
    ),
    "who wrote it": (
        "hand-properties.xlsx",
        replaced("docProps/core.xml", "<dc:creator>Ann", "<dc:creator>"),
        "creator",
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_each_kind_of_loss_is_seen(damaged: Callable[..., tuple[Path, Path]], loss: str) -> None:
    name, change, word = LOSSES[loss]
    edit = EDIT if name.startswith("hand") else Edit()
    assert any(word in text for text in judge(*damaged(name, change), edit))


@pytest.mark.parametrize("name", named())
def test_a_workbook_differs_in_nothing_from_itself(name: str, library: Library) -> None:
    path = library.path(name)
    assert judge(path, path) == []


ROW9 = '<row r="9"><c r="A9" t="inlineStr"><is><t>new</t></is></c></row></sheetData>'
ALLOWED = {
    "the edited cell": replaced(SHEET1, "<v>12.5</v>", "<v>99</v>"),
    "a new row": replaced(SHEET1, "</sheetData>", ROW9),
    "spans": replaced(SHEET1, '<row r="2" spans="1:3"', '<row r="2"'),
    "the dimension": replaced(SHEET1, "A1:C4", "A1:C9"),
    "a value that follows": replaced(SHEET1, "<v>25</v>", "<v>198</v>"),
    "a value that follows from one that follows": replaced(SHEET1, "<v>39</v>", "<v>212</v>"),
    "a new string": replaced(STRINGS, "</sst>", "<si><t>new</t></si></sst>"),
    "a new format": replaced(STYLES, "</cellXfs>", '<xf numFmtId="9"/></cellXfs>'),
    "the count of formats": replaced(STYLES, '<cellXfs count="3">', '<cellXfs count="4">'),
    "the format of a formatted cell": replaced(SHEET1, '<c r="A2" ', '<c r="A2" s="2" '),
    "calculation on opening": replaced(BOOK, "<calcPr ", '<calcPr fullCalcOnLoad="1" '),
    "another prefix": lambda parts: parts.update(
        {
            STRINGS: parts[STRINGS]
            .replace(b"xmlns=", b"xmlns:q=")
            .replace(b"<", b"<q:")
            .replace(b"<q:/", b"</q:")
            .replace(b"<q:?", b"<?")
        }
    ),
    "the order of attributes": replaced(BOOK, 'name="Data" sheetId="1"', 'sheetId="1" name="Data"'),
    "no order of calculation": lambda parts: [
        parts.pop("xl/calcChain.xml"),
        replaced("xl/_rels/workbook.xml.rels", r'<Relationship [^>]*calcChain"[^>]*>', "")(parts),
        replaced("[Content_Types].xml", r"<Override [^>]*calcChain[^>]*>", "")(parts),
    ],
    "another number of a part": lambda parts: [
        parts.update({"xl/worksheets/sheet9.xml": parts.pop(SHEET2)}),
        replaced("xl/_rels/workbook.xml.rels", "sheet2.xml", "sheet9.xml")(parts),
        replaced("[Content_Types].xml", "sheet2.xml", "sheet9.xml")(parts),
    ],
    "other ids of relationships": lambda parts: [
        replaced("xl/_rels/workbook.xml.rels", 'Id="rId1"', 'Id="rId77"')(parts),
        replaced(BOOK, 'r:id="rId1"', 'r:id="rId77"')(parts),
    ],
}


@pytest.mark.parametrize("change", ALLOWED)
def test_what_an_edit_brings_with_it_is_let_pass(
    damaged: Callable[..., tuple[Path, Path]], change: str
) -> None:
    assert judge(*damaged("hand-plain.xlsx", ALLOWED[change]), EDIT) == []


# What only an edit allows; without one each is a loss.
ONLY_WITH_AN_EDIT = [
    name
    for name in ALLOWED
    if name
    not in (
        "calculation on opening",
        "another prefix",
        "the order of attributes",
        "another number of a part",
        "other ids of relationships",
    )
]


@pytest.mark.parametrize("change", ONLY_WITH_AN_EDIT)
def test_without_an_edit_nothing_of_it_is_let_pass(
    damaged: Callable[..., tuple[Path, Path]], change: str
) -> None:
    assert judge(*damaged("hand-plain.xlsx", ALLOWED[change])) != []


def test_values_may_be_replaced_in_a_file_that_asks_to_be_calculated(
    damaged: Callable[..., tuple[Path, Path]],
) -> None:
    """XlsxWriter stores 0 for what it did not calculate, and says so; lost is lost even there."""
    replacing = replaced(SHEET1, "<v>0</v>", "<v>84</v>")
    losing = replaced(SHEET1, "<v>0</v>", "")
    assert judge(*damaged("xlsxwriter-dynamic.xlsx", replacing)) == []
    assert "element lost" in judge(*damaged("xlsxwriter-dynamic.xlsx", losing))[0]


AFTER_A_SHIFT = {
    "spans": (replaced(SHEET1, '<row r="2" spans="1:3"', '<row r="2"'), True),
    "a spelling": (replaced(SHEET1, "<f>B2\\*2</f>", "<f>B2 *2</f>"), True),
    "another cell": (replaced(SHEET1, "<f>B2\\*2</f>", "<f>B3*2</f>"), False),
    "a lost row": (replaced(SHEET1, '(?s)<row r="3".*?</row>', ""), False),
    "a value": (replaced(SHEET1, "<v>7</v>", "<v>8</v>"), False),
}


@pytest.mark.parametrize("change", AFTER_A_SHIFT)
def test_after_a_shift_and_its_opposite_only_spellings_may_differ(
    damaged: Callable[..., tuple[Path, Path]], change: str
) -> None:
    damage, passes = AFTER_A_SHIFT[change]
    assert (judge(*damaged("hand-plain.xlsx", damage), Edit(shifted=True)) == []) == passes


def test_each_rule_says_why() -> None:
    assert all(rule.__doc__ for rule in RULES)


INVALID = {
    "a target that is not there": (dropped(SHEET2), "not there"),
    "a part without a type": (
        replaced("[Content_Types].xml", "<Override [^>]*styles[^>]*>", ""),
        "no content type",
    ),
    "broken XML": (replaced(SHEET2, "</sheetData>", ""), "no XML"),
    "a wrong order of elements": (
        replaced(SHEET1, "</sheetData>", '</sheetData><cols><col min="1" max="1"/></cols>'),
        "stands behind",
    ),
    "rows out of order": (
        replaced(SHEET1, "</sheetData>", '<row r="2"/></sheetData>'),
        "comes after row",
    ),
    "cells out of order": (replaced(SHEET1, '<c r="C2"', '<c r="A2"'), "stands wrong"),
    "a string beyond the table": (replaced(SHEET1, "<v>0</v>", "<v>999</v>"), "shows string"),
    "a format beyond the list": (replaced(SHEET1, 's="1"', 's="50"'), "has the format"),
    "a wrong count": (replaced(STYLES, 'cellXfs count="3"', 'cellXfs count="4"'), "says 4"),
    "a prefix that is not declared": (
        replaced(SHEET1, ' xmlns:xr3="[^"]*"', ""),
        "is not declared",
    ),
    "an id that leads nowhere": (
        replaced(BOOK, 'r:id="rId2"', 'r:id="rId99"'),
        "names the relationship",
    ),
    "a sheet's name used twice": (replaced(BOOK, 'name="Other"', 'name="DATA"'), "two sheets"),
}


@pytest.mark.parametrize("fault", INVALID)
def test_an_invalid_package_is_told(damaged: Callable[..., tuple[Path, Path]], fault: str) -> None:
    change, word = INVALID[fault]
    _, after = damaged("hand-plain.xlsx", change)
    assert any(word in text for text in problems(after))
