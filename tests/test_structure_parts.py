"""Each kind of part follows a change of structure: packages made by hand, one truth each."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area
from service.workbook.package.opc import Draft, Package
from service.workbook.references.apply import apply, check
from service.workbook.references.changes import (
    AddSheet,
    Change,
    CopySheet,
    DeleteCells,
    DeleteColumns,
    DeleteRows,
    DeleteSheet,
    InsertCells,
    InsertColumns,
    InsertRows,
    MoveColumns,
    MoveRows,
    MoveSheet,
    RenameSheet,
)
from service.workbook.references.index import Effects
from tests.handmade import Maker, worksheet, xml

ONE = "xl/worksheets/sheet1.xml"
TWO = "xl/worksheets/sheet2.xml"
WHOLE = Area(1, 1, MAX_ROW, MAX_COLUMN)


def area(text: str) -> Area:
    return parse_area(text, WHOLE)


def done(package: Package, change: Change) -> tuple[Package, Effects]:
    draft = Draft(package)
    effects = apply(draft, change)
    return draft.saved(), effects


def changed(sheet: str, change: Change, part: str = ONE) -> str:
    """The text of a part after the change of a workbook of two sheets, Data and Other."""
    package = Maker({"Data": sheet, "Other": worksheet()}).package()
    return done(package, change)[0].read(part).decode()


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def cell(place: str, value: object = 1, attributes: str = "") -> str:
    return f'<c r="{place}"{attributes}><v>{value}</v></c>'


def formula(place: str, text: str, attributes: str = "") -> str:
    return f'<c r="{place}"><f{attributes}>{text}</f><v>1</v></c>'


def elements(text: str, name: str) -> list[etree._Element]:
    root = etree.fromstring(text.encode() if isinstance(text, str) else text)
    return [e for e in root.iter() if isinstance(e.tag, str) and e.tag.split("}")[-1] == name]


def formulas(text: str) -> dict[str, str]:
    return {
        c.get("r", ""): f.text or "" for c in elements(text, "c") for f in c if f.tag.endswith("}f")
    }


# Cells ------------------------------------------------------------------------


def test_shared_formulas_are_written_out_where_their_cells_move() -> None:
    data = (
        row(1, formula("B1", "A1*2", ' t="shared" ref="B1:B3" si="0"'))
        + row(2, '<c r="B2"><f t="shared" si="0"/><v>1</v></c>')
        + row(3, '<c r="B3"><f t="shared" si="0"/><v>1</v></c>')
    )
    text = changed(worksheet(data), InsertRows("Data", 2))
    assert formulas(text) == {"B1": "A1*2", "B3": "A3*2", "B4": "A4*2"}
    assert "shared" not in text


def test_shared_formulas_elsewhere_are_written_out_only_where_they_speak_of_the_sheet() -> None:
    other = row(1, formula("B1", "Data!A1", ' t="shared" ref="B1:B2" si="0"')) + row(
        2,
        '<c r="B2"><f t="shared" si="0"/></c>',
        formula("C2", "A1", ' t="shared" ref="C2:C3" si="1"'),
    )
    other += row(3, '<c r="C3"><f t="shared" si="1"/></c>')
    package = Maker({"Data": worksheet(), "Other": worksheet(other)}).package()
    text = done(package, InsertRows("Data", 2))[0].read(TWO).decode()
    found = formulas(text)
    assert (found["B1"], found["B2"]) == ("Data!A1", "Data!A3")
    assert text.count('t="shared"') == 2


def test_a_formula_that_breaks_has_no_value_any_more() -> None:
    package = Maker(
        {
            "Data": worksheet(row(1, cell("A1"))),
            "Other": worksheet(row(2, formula("B2", "Data!A1"))),
        }
    ).package()
    after, effects = done(package, DeleteRows("Data", 1))
    assert effects.broken == [("Other", 2, 2, "#REF!")]
    assert "<v>" not in after.read(TWO).decode()


def test_cells_below_a_new_row_keep_all_they_hold() -> None:
    data = row(1, cell("A1")) + (
        '<row r="2" spans="1:2" ht="30" customHeight="1"><c r="A2" s="3" t="inlineStr">'
        "<is><t>A2 &lt; &amp;</t></is></c></row>"
    )
    text = changed(worksheet(data), InsertRows("Data", 2, 2))
    assert '<row r="4" spans="1:2" ht="30" customHeight="1"><c r="A4" s="3" t="inlineStr">' in text
    assert "<is><t>A2 &lt; &amp;</t></is>" in text


def test_new_rows_look_like_the_row_above() -> None:
    data = (
        '<row r="4" s="2" customFormat="1" ht="40" customHeight="1" hidden="0">'
        '<c r="A4" s="7"><v>1</v></c><c r="B4"><v>1</v></c></row>'
    )
    text = changed(worksheet(data), InsertRows("Data", 5))
    (new,) = [item for item in elements(text, "row") if item.get("r") == "5"]
    assert dict(new.attrib) == {
        "r": "5",
        "s": "2",
        "customFormat": "1",
        "ht": "40",
        "customHeight": "1",
    }
    assert [(c.get("r"), c.get("s"), len(c)) for c in new] == [("A5", "7", 0)]


def test_new_columns_look_like_the_column_to_the_left() -> None:
    before = '<cols><col min="1" max="2" width="20" customWidth="1" style="4"/></cols>'
    data = row(1, cell("B1", 1, ' s="4"'), cell("C1"))
    text = changed(worksheet(data, before), InsertColumns("Data", 3))
    assert [(c.get("min"), c.get("max"), c.get("width")) for c in elements(text, "col")] == [
        ("1", "2", "20"),
        ("3", "3", "20"),
    ]
    assert [(c.get("r"), c.get("s")) for c in elements(text, "c")] == [
        ("B1", "4"),
        ("C1", "4"),
        ("D1", None),
    ]


@pytest.mark.parametrize(
    ("change", "spans"),
    [
        (InsertColumns("Data", 3), [("2", "5")]),
        (InsertColumns("Data", 1), [("3", "5")]),
        (DeleteColumns("Data", 3), [("2", "3")]),
        (DeleteColumns("Data", 2, 3), []),
        (MoveColumns("Data", 2, 1, 7), [("2", "3"), ("6", "6")]),
    ],
)
def test_widths_go_with_their_columns(change: Change, spans: list[tuple[str, str]]) -> None:
    text = changed(worksheet("", '<cols><col min="2" max="4" width="9"/></cols>'), change)
    assert [(c.get("min"), c.get("max")) for c in elements(text, "col")] == spans


def test_an_array_formula_goes_as_a_whole() -> None:
    data = row(3, formula("B3", "A1:A2*2", ' t="array" ref="B3:B4"')) + row(4, cell("B4"))
    text = changed(worksheet(data), InsertRows("Data", 2))
    (found,) = elements(text, "f")
    assert (found.get("ref"), found.text) == ("B4:B5", "A1:A3*2")


@pytest.mark.parametrize("kind", ["array", "dataTable"])
@pytest.mark.parametrize("change", [InsertRows("Data", 4), DeleteRows("Data", 4)])
def test_what_belongs_together_is_not_cut(kind: str, change: Change) -> None:
    data = row(3, formula("B3", "A1", f' t="{kind}" ref="B3:B4" r1="A1"')) + row(4, cell("B4"))
    with pytest.raises(InvalidRange, match="B3:B4"):
        changed(worksheet(data), change)


def test_what_a_cut_array_spilled_spills_anew() -> None:
    spill = '<c r="B3" cm="1"><f t="array" ref="B3:B5">_xlfn.SEQUENCE(3)</f><v>1</v></c>'
    data = row(3, spill) + row(4, cell("B4", 2)) + row(5, cell("B5", 3), cell("C5", 9))
    text = changed(worksheet(data), InsertRows("Data", 4))
    (found,) = elements(text, "f")
    assert found.get("ref") == "B3:B5"
    values = {c.get("r"): c[-1].text for c in elements(text, "c") if len(c)}
    assert values == {"B3": "1", "C6": "9"}


def test_the_places_of_a_what_if_table_follow() -> None:
    data = row(9, formula("B9", "", ' t="dataTable" ref="B9:C10" dt2D="1" r1="A1" r2="A5"'))
    (moved,) = elements(changed(worksheet(data), InsertRows("Data", 3)), "f")
    assert (moved.get("ref"), moved.get("r1"), moved.get("r2")) == ("B10:C11", "A1", "A6")
    (gone,) = elements(changed(worksheet(data), DeleteRows("Data", 5)), "f")
    assert (gone.get("del1"), gone.get("del2")) == (None, "1")


def test_nothing_is_pushed_off_the_sheet() -> None:
    data = row(1, cell("A1")) + row(MAX_ROW, cell(f"A{MAX_ROW}"))
    with pytest.raises(InvalidRange, match="A1048576"):
        changed(worksheet(data), InsertRows("Data", 1))
    with pytest.raises(InvalidRange, match="XFD1"):
        changed(worksheet(row(1, cell("XFD1"))), InsertColumns("Data", 1))
    blank = row(1, cell("A1")) + row(MAX_ROW, f'<c r="A{MAX_ROW}" s="1"/>')
    assert [
        c.get("r") for c in elements(changed(worksheet(blank), InsertRows("Data", 1)), "c")
    ] == ["A2"]


def test_cells_are_inserted_and_deleted() -> None:
    data = "".join(row(n, cell(f"A{n}", n), cell(f"B{n}", n * 10)) for n in (1, 2, 3))

    def values(change: Change) -> dict[str | None, str | None]:
        return {c.get("r"): c[0].text for c in elements(changed(worksheet(data), change), "c")}

    down = values(InsertCells("Data", area("A2:A3"), "rows"))
    assert down == {"A1": "1", "B1": "10", "B2": "20", "B3": "30", "A4": "2", "A5": "3"}
    right = values(InsertCells("Data", area("A2"), "columns"))
    assert (right["B2"], right["C2"], right["A3"]) == ("2", "20", "3")
    up = values(DeleteCells("Data", area("B1"), "rows"))
    assert up == {"A1": "1", "B1": "20", "A2": "2", "B2": "30", "A3": "3"}
    left = values(DeleteCells("Data", area("A1"), "columns"))
    assert left["A1"] == "10"
    assert "B1" not in left


ODD = {
    "prefixes": '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<x:sheetData><x:row r="2"><x:c r="A2"><x:f>A3</x:f></x:c></x:row></x:sheetData></x:worksheet>',
    "single quotes": worksheet("<row r='2'><c r='A2'><f>A3</f></c></row>").replace('r="', 'r="'),
    "no places": worksheet("<row/><row><c><f>A3</f></c></row>"),
    "comments": worksheet('<!-- <c r="Z9"/> --><row r="2"><c r="A2"><f>A<!-- x -->3</f></c></row>'),
    "character data": worksheet('<row r="2"><c r="A2"><f><![CDATA[A3]]></f></c></row>'),
    "spaces": worksheet('<row r = "2" ><c  r = "A2" ><f >A3</f ></c ></row >'),
    "an encoding": worksheet('<row r="2"><c r="A2"><f>A3</f></c></row>').replace("UTF-8", "UTF-16"),
}


@pytest.mark.parametrize("form", ODD)
def test_any_form_of_the_same_text_is_read(form: str) -> None:
    content: str | bytes = ODD[form]
    if form == "an encoding":
        content = ODD[form].encode("utf-16")
    maker = Maker({"Data": worksheet(), "Other": worksheet()})
    maker.parts[ONE] = content
    text = done(maker.package(), InsertRows("Data", 2))[0].read(ONE).decode()
    assert formulas(text) == {"A3": "A4"}


# What else stands in a sheet ----------------------------------------------------


VIEWS = (
    '<customSheetViews><customSheetView guid="g"><autoFilter ref="A1:B9"/></customSheetView>'
    "</customSheetViews>"
)


@pytest.mark.parametrize(
    ("after", "name", "attribute", "inserted", "deleted"),
    [
        (
            '<mergeCells count="1"><mergeCell ref="B2:C4"/></mergeCells>',
            "mergeCell",
            "ref",
            "B2:C6",
            "B2:C2",
        ),
        ('<autoFilter ref="A1:D9"/>', "autoFilter", "ref", "A1:D11", "A1:D6"),
        ('<sortState ref="A2:D9"/>', "sortState", "ref", "A2:D11", "A2:D6"),
        (
            '<protectedRanges><protectedRange sqref="A3 C9" name="x"/></protectedRanges>',
            "protectedRange",
            "sqref",
            "A5 C11",
            "C6",
        ),
        (
            '<ignoredErrors><ignoredError sqref="A1:A9" numberStoredAsText="1"/></ignoredErrors>',
            "ignoredError",
            "sqref",
            "A1:A11",
            "A1:A6",
        ),
        ('<cellWatches><cellWatch r="B3"/></cellWatches>', "cellWatch", "r", "B5", None),
        (
            '<hyperlinks><hyperlink ref="A4" location="Data!B9"/></hyperlinks>',
            "hyperlink",
            "ref",
            "A6",
            None,
        ),
        (
            '<hyperlinks><hyperlink ref="A1" location="Data!B9"/></hyperlinks>',
            "hyperlink",
            "location",
            "Data!B11",
            "Data!B6",
        ),
        (
            '<hyperlinks><hyperlink ref="A1" location="Data!B4"/></hyperlinks>',
            "hyperlink",
            "location",
            "Data!B6",
            "Data!B4",
        ),
        (
            '<scenarios><scenario name="s"><inputCells r="B9" val="1"/></scenario></scenarios>',
            "inputCells",
            "r",
            "B11",
            "B6",
        ),
        (
            '<rowBreaks count="1" manualBreakCount="1"><brk id="5" man="1"/></rowBreaks>',
            "brk",
            "id",
            "7",
            "2",
        ),
        (
            VIEWS,
            "autoFilter",
            "ref",
            "A1:B11",
            "A1:B6",
        ),
    ],
)
def test_what_stands_behind_the_cells_follows(
    after: str, name: str, attribute: str, inserted: str, deleted: str | None
) -> None:
    """Two rows are inserted in front of row 3, or rows 3 to 5 are deleted."""
    sheet = worksheet("", "", after)
    (found,) = elements(changed(sheet, InsertRows("Data", 3, 2)), name)
    assert found.get(attribute) == inserted
    left = [e.get(attribute) for e in elements(changed(sheet, DeleteRows("Data", 3, 3)), name)]
    assert left == ([deleted] if deleted else [])


@pytest.mark.parametrize(
    ("change", "split", "corner"),
    [
        (InsertRows("Data", 2, 2), "4", "A5"),
        (InsertRows("Data", 3), "2", "A3"),
        (DeleteRows("Data", 1), "1", "A2"),
        (DeleteRows("Data", 1, 4), None, None),
        (MoveRows("Data", 1, 1, 9), "2", "A3"),
    ],
)
def test_frozen_rows_stay_frozen(change: Change, split: str | None, corner: str | None) -> None:
    views = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="2" topLeftCell="A3" '
        'activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView>'
        "</sheetViews>"
    )
    found = elements(changed(worksheet("", views), change), "pane")
    assert [(e.get("ySplit"), e.get("topLeftCell")) for e in found] == (
        [(split, corner)] if split else []
    )


def test_the_columns_of_a_filter_are_counted_anew() -> None:
    after = (
        '<autoFilter ref="B1:E9"><filterColumn colId="1"/><filterColumn colId="3"/></autoFilter>'
    )
    sheet = worksheet("", "", after)
    for change, ids in (
        (InsertColumns("Data", 3), ["2", "4"]),
        (DeleteColumns("Data", 3), ["2"]),
        (DeleteColumns("Data", 2), ["0", "2"]),
    ):
        assert [e.get("colId") for e in elements(changed(sheet, change), "filterColumn")] == ids


RULE = (
    '<conditionalFormatting sqref="{0}"><cfRule type="expression" priority="1">'
    "<formula>{1}</formula></cfRule></conditionalFormatting>"
)


@pytest.mark.parametrize(
    ("cells", "text", "change", "after"),
    [
        ("A2:A9", "B2&gt;$C$5", InsertRows("Data", 4), [("A2:A10", "B2>$C$6")]),
        ("A2:A9", "B2&gt;1", DeleteRows("Data", 2), [("A2:A8", "B2>1")]),
        ("A2:A9", "B1&gt;1", DeleteRows("Data", 2), [("A2:A8", "#REF!>1")]),
        ("A2:A9", "B2&gt;1", DeleteRows("Data", 2, 8), []),
        ("A2:A9", "B2&gt;1", InsertRows("Data", 10), [("A2:A10", "B2>1")]),
        ("A2:A9", "B2&gt;1", MoveRows("Data", 3, 2, 12), [("A2:A7 A10:A11", "B2>1")]),
        (
            "A2:A9",
            "B1&gt;1",
            MoveRows("Data", 3, 2, 12),
            [
                ("A2:A7", "B1>1"),
                ("A10:A11", "B2>1"),
            ],
        ),
        ("A2:A9 C2:C9", "1", DeleteColumns("Data", 1), [("B2:B9", "1")]),
    ],
)
def test_rules_are_seen_from_their_first_cell(
    cells: str, text: str, change: Change, after: list[tuple[str, str]]
) -> None:
    found = elements(
        changed(worksheet("", "", RULE.format(cells, text)), change), "conditionalFormatting"
    )
    assert [(e.get("sqref"), e[0][0].text) for e in found] == after


def test_rules_sparklines_and_validations_of_the_later_form_follow() -> None:
    after = """<extLst><ext uri="a"><x14:conditionalFormattings><x14:conditionalFormatting>
        <x14:cfRule type="expression"><xm:f>Other!$A$3&gt;Data!A3</xm:f></x14:cfRule>
        <xm:sqref>A3:A9</xm:sqref></x14:conditionalFormatting></x14:conditionalFormattings></ext>
        <ext uri="b"><x14:dataValidations count="1"><x14:dataValidation type="list">
        <x14:formula1><xm:f>Data!$C$3:$C$9</xm:f></x14:formula1><xm:sqref>B4</xm:sqref>
        </x14:dataValidation></x14:dataValidations></ext>
        <ext uri="c"><x14:sparklineGroups><x14:sparklineGroup><x14:sparklines>
        <x14:sparkline><xm:f>Data!A3:F3</xm:f><xm:sqref>G3</xm:sqref></x14:sparkline>
        <x14:sparkline><xm:f>Data!A9:F9</xm:f><xm:sqref>G9</xm:sqref></x14:sparkline>
        </x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext></extLst>"""
    sheet = worksheet("", "", after)
    text = changed(sheet, InsertRows("Data", 2))
    assert [e.text for e in elements(text, "f")] == [
        "Other!$A$3>Data!A4",
        "Data!$C$4:$C$10",
        "Data!A4:F4",
        "Data!A10:F10",
    ]
    assert [e.text for e in elements(text, "sqref")] == ["A4:A10", "B5", "G4", "G10"]
    text = changed(sheet, DeleteRows("Data", 3, 2))
    assert [e.text for e in elements(text, "sqref")] == ["A3:A7", "G7"]
    assert [e.get("uri") for e in elements(text, "ext")] == ["a", "c"]


def test_a_group_of_sparklines_goes_with_its_last_line() -> None:
    after = """<extLst><ext uri="c"><x14:sparklineGroups><x14:sparklineGroup>
        <x14:colorSeries theme="4"/><x14:sparklines>
        <x14:sparkline><xm:f>Data!A3:F3</xm:f><xm:sqref>G3</xm:sqref></x14:sparkline>
        </x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext></extLst>"""
    text = changed(worksheet("", "", after), DeleteRows("Data", 3))
    assert not elements(text, "sparklineGroup")
    assert not elements(text, "ext")


# Names --------------------------------------------------------------------------

NAMES = (
    '<definedNames><definedName name="Spot">Data!$B$4</definedName>'
    '<definedName name="_xlnm.Print_Area" localSheetId="0">Data!$A$1:$C$9,Data!$B$4</definedName>'
    '<definedName name="_xlnm.Print_Titles" localSheetId="1">Other!$1:$2</definedName>'
    '<definedName name="Mine" localSheetId="1">Data!$B$9</definedName></definedNames>'
)


def names(package: Package) -> list[tuple[str, str | None, str | None]]:
    text = package.read("xl/workbook.xml").decode()
    return [
        (e.get("name", ""), e.get("localSheetId"), e.text) for e in elements(text, "definedName")
    ]


def with_names() -> Package:
    sheets = {"Data": worksheet(), "Other": worksheet(), "Last": worksheet()}
    return Maker(sheets, NAMES).package()


def test_names_follow_rows() -> None:
    after, effects = done(with_names(), DeleteRows("Data", 4))
    assert names(after) == [
        ("Spot", None, "#REF!"),
        ("_xlnm.Print_Area", "0", "Data!$A$1:$C$8"),
        ("_xlnm.Print_Titles", "1", "Other!$1:$2"),
        ("Mine", "1", "Data!$B$8"),
    ]
    assert effects.broken == [("name Spot", 0, 0, "#REF!")]


def test_names_of_sheets_follow_their_sheets() -> None:
    moved = names(done(with_names(), MoveSheet("Other", 1))[0])
    assert [place for _, place, _ in moved] == [None, "1", "0", "0"]
    deleted = names(done(with_names(), DeleteSheet("Data"))[0])
    assert deleted == [
        ("Spot", None, "#REF!"),
        ("_xlnm.Print_Titles", "0", "Other!$1:$2"),
        ("Mine", "0", "#REF!"),
    ]
    copied = names(done(with_names(), CopySheet("Data", "Copy"))[0])
    assert ("_xlnm.Print_Area", "1", "Copy!$A$1:$C$9,Copy!$B$4") in copied
    assert ("Spot", "1", "Copy!$B$4") in copied
    assert ("Mine", "2", "Data!$B$9") in copied


def test_the_active_sheet_stays_the_active_one() -> None:
    def active(change: Change) -> str:
        text = done(with_names(), change)[0].read("xl/workbook.xml").decode()
        (view,) = elements(text, "workbookView")
        titles = [e.get("name", "") for e in elements(text, "sheet")]
        return titles[int(view.get("activeTab", "0"))]

    assert active(MoveSheet("Data", 3)) == "Data"
    assert active(MoveSheet("Last", 1)) == "Data"
    assert active(DeleteSheet("Data")) == "Other"
    assert active(AddSheet("New", 1)) == "Data"


# Tables -------------------------------------------------------------------------

TABLE = (
    '<autoFilter ref="B2:D6"><filterColumn colId="2"/></autoFilter><tableColumns count="3">'
    '<tableColumn id="1" name="Item"/><tableColumn id="2" name="Net"/>'
    '<tableColumn id="5" name="Tax"><calculatedColumnFormula>Sales[[#This Row],[Net]]*Data!$H$5'
    "</calculatedColumnFormula></tableColumn></tableColumns>"
)


def with_table(totals: bool = False) -> Package:
    last = 7 if totals else 6
    data = row(2, cell("B2"), cell("C2"), cell("D2"))
    data += "".join(
        row(n, cell(f"B{n}"), cell(f"C{n}"), formula(f"D{n}", "Sales[[#This Row],[Net]]*$H$5"))
        for n in range(3, last + 1)
    )
    parts = '<tableParts count="1"><tablePart r:id="rId1"/></tableParts>'
    other = worksheet(row(1, formula("A1", "SUM(Sales[Net])"), formula("B1", "SUM(Sales[Tax])")))
    maker = Maker({"Data": worksheet(data, "", parts), "Other": other})
    more = ' totalsRowCount="1"' if totals else ""
    attributes = f'id="3" name="Sales" displayName="Sales" ref="B2:D{last}"{more}'
    return maker.add(
        ONE, "xl/tables/table1.xml", "table", xml("table", TABLE, attributes), "rId1"
    ).package()


def table(package: Package) -> etree._Element:
    return etree.fromstring(package.read("xl/tables/table1.xml"))


def test_a_table_grows_and_shrinks_with_its_rows() -> None:
    for change, reference in (
        (InsertRows("Data", 1), "B3:D7"),
        (InsertRows("Data", 2), "B3:D7"),
        (InsertRows("Data", 4, 2), "B2:D8"),
        (InsertRows("Data", 7), "B2:D6"),
        (DeleteRows("Data", 3, 2), "B2:D4"),
        (DeleteRows("Data", 6, 3), "B2:D5"),
        (MoveRows("Data", 3, 1, 7), "B2:D6"),
        (MoveRows("Data", 6, 1, 3), "B2:D6"),
        (MoveRows("Data", 9, 2, 4), "B2:D8"),
        (MoveRows("Data", 4, 1, 12), "B2:D5"),
    ):
        root = table(done(with_table(), change)[0])
        assert root.get("ref") == reference, change
        assert elements(etree.tostring(root).decode(), "autoFilter")[0].get("ref") == reference


def test_new_rows_of_a_table_are_calculated_too() -> None:
    after, _ = done(with_table(), InsertRows("Data", 4, 2))
    found = formulas(after.read(ONE).decode())
    assert found["D4"] == found["D5"] == "Sales[[#This Row],[Net]]*$H$7"


def test_a_column_inserted_into_a_table_gets_a_name_of_its_own() -> None:
    after, _ = done(with_table(), InsertColumns("Data", 3, 2))
    root = table(after)
    columns = elements(etree.tostring(root).decode(), "tableColumn")
    assert [(c.get("id"), c.get("name")) for c in columns] == [
        ("1", "Item"),
        ("6", "Column1"),
        ("7", "Column2"),
        ("2", "Net"),
        ("5", "Tax"),
    ]
    assert root.get("ref") == "B2:F6"
    text = after.read(ONE).decode()
    assert "<t>Column1</t>" in text
    assert "Sales[[#This Row],[Net]]*Data!$J$5" in after.read("xl/tables/table1.xml").decode()


def test_a_deleted_column_breaks_the_references_to_it() -> None:
    after, effects = done(with_table(), DeleteColumns("Data", 4))
    assert formulas(after.read(TWO).decode()) == {"A1": "SUM(Sales[Net])", "B1": "SUM(#REF!)"}
    assert effects.broken == [("Other", 1, 2, "SUM(#REF!)")]
    assert elements(after.read("xl/tables/table1.xml").decode(), "filterColumn") == []


def test_the_columns_of_a_table_change_places() -> None:
    after, _ = done(with_table(), MoveColumns("Data", 4, 1, 2))
    columns = elements(after.read("xl/tables/table1.xml").decode(), "tableColumn")
    assert [c.get("name") for c in columns] == ["Tax", "Item", "Net"]
    assert table(after).get("ref") == "B2:D6"


def test_a_table_goes_with_all_its_cells() -> None:
    after, effects = done(with_table(), DeleteRows("Data", 1, 9))
    assert "xl/tables/table1.xml" not in after
    assert elements(after.read(ONE).decode(), "tableParts") == []
    assert formulas(after.read(TWO).decode())["A1"] == "SUM(#REF!)"
    assert effects.notes == ["The table Sales is deleted."]


def test_the_totals_of_a_table_may_go() -> None:
    root = table(done(with_table(totals=True), DeleteRows("Data", 7))[0])
    assert (root.get("ref"), root.get("totalsRowCount")) == ("B2:D6", None)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (DeleteRows("Data", 2), "header row"),
        (DeleteRows("Data", 1, 3), "header row"),
        (MoveRows("Data", 2, 1, 9), "header row"),
        (DeleteRows("Data", 3, 4), "all the data"),
        (InsertCells("Data", area("C3"), "rows"), "Sales"),
        (DeleteCells("Data", area("A4"), "columns"), "Sales"),
        (MoveColumns("Data", 3, 1, 9), "Sales"),
        (MoveColumns("Data", 8, 1, 4), "Sales"),
    ],
)
def test_a_table_is_not_torn_apart(change: Change, match: str) -> None:
    with pytest.raises(InvalidRange, match=match):
        check(with_table(), change)


def sliced(where: str) -> Maker:
    """As :func:`with_table`, with a slicer for its third column on a sheet."""
    parts = '<tableParts count="1"><tablePart r:id="rId1"/></tableParts>'
    maker = Maker({"Data": worksheet("", "", parts), "Other": worksheet()})
    attributes = 'id="3" name="Sales" displayName="Sales" ref="B2:D6"'
    maker.add(ONE, "xl/tables/table1.xml", "table", xml("table", TABLE, attributes), "rId1")
    cache = xml("slicerCacheDefinition", '<tableSlicerCache tableId="3" column="5"/>', 'name="S"')
    maker.add("xl/workbook.xml", "xl/slicerCaches/slicerCache1.xml", "slicerCache", cache, "rId9")
    slicer = xml("slicers", '<slicer name="Tax" cache="S"/>')
    return maker.add(where, "xl/slicers/slicer1.xml", "slicer", slicer, "rId2")


def test_a_slicer_keeps_its_column() -> None:
    for change in (DeleteColumns("Data", 4), DeleteRows("Data", 1, 9)):
        with pytest.raises(InvalidRange, match="which a slicer filters"):
            check(sliced(ONE).package(), change)
    check(sliced(ONE).package(), DeleteColumns("Data", 3))
    with pytest.raises(InvalidParameters, match="slicer on another sheet"):
        check(sliced(TWO).package(), DeleteSheet("Data"))
    after, _ = done(sliced(ONE).package(), DeleteSheet("Data"))
    assert not [name for name in after.names if "slicer" in name]


def test_a_copied_sheet_has_no_slicers() -> None:
    after, effects = done(sliced(ONE).package(), CopySheet("Data", "Copy"))
    assert [name for name in after.names if "slicers/" in name] == ["xl/slicers/slicer1.xml"]
    assert effects.notes == ["The copy is without slicers."]


# Drawings, comments, charts -----------------------------------------------------


def anchor(edit: str = "", frm: tuple[int, int] = (3, 0), to: tuple[int, int] = (7, 5)) -> str:
    """An anchor over rows ``frm[0]`` to ``to[0]`` (from 0), with offsets."""
    mode = f' editAs="{edit}"' if edit else ""
    return (
        f"<xdr:twoCellAnchor{mode}><xdr:from><xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff>"
        f"<xdr:row>{frm[0]}</xdr:row><xdr:rowOff>{frm[1]}</xdr:rowOff></xdr:from><xdr:to>"
        f"<xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{to[0]}</xdr:row>"
        f'<xdr:rowOff>{to[1]}</xdr:rowOff></xdr:to><xdr:sp textlink="Data!$B$4"/>'
        "<xdr:clientData/></xdr:twoCellAnchor>"
    )


def drawn(inner: str) -> Maker:
    sheet = worksheet("", "", '<drawing r:id="rId1"/>')
    maker = Maker({"Data": sheet, "Other": worksheet()})
    return maker.add(ONE, "xl/drawings/drawing1.xml", "drawing", xml("xdr:wsDr", inner), "rId1")


@pytest.mark.parametrize(
    ("edit", "change", "rows"),
    [
        ("", InsertRows("Data", 2, 3), [(6, 0), (10, 5)]),
        ("", InsertRows("Data", 6, 3), [(3, 0), (10, 5)]),
        ("", InsertRows("Data", 9), [(3, 0), (7, 5)]),
        ("", DeleteRows("Data", 2), [(2, 0), (6, 5)]),
        ("", DeleteRows("Data", 5, 2), [(3, 0), (5, 5)]),
        ("", DeleteRows("Data", 7, 3), [(3, 0), (6, 0)]),
        ("", DeleteRows("Data", 2, 9), [(1, 0), (1, 0)]),
        ("", MoveRows("Data", 1, 2, 20), [(1, 0), (5, 5)]),
        ("", MoveRows("Data", 5, 1, 20), [(3, 0), (6, 5)]),
        ("oneCell", InsertRows("Data", 6, 3), [(3, 0), (7, 5)]),
        ("oneCell", InsertRows("Data", 2, 3), [(6, 0), (10, 5)]),
        ("absolute", InsertRows("Data", 2, 3), [(3, 0), (7, 5)]),
    ],
)
def test_a_drawing_stands_where_its_cells_are(
    edit: str, change: Change, rows: list[tuple[int, int]]
) -> None:
    after, _ = done(drawn(anchor(edit)).package(), change)
    text = after.read("xl/drawings/drawing1.xml").decode()
    found = zip(elements(text, "row"), elements(text, "rowOff"), strict=True)
    assert [(int(r.text or 0), int(o.text or 0)) for r, o in found] == rows


def test_a_drawing_that_ends_between_two_rows_does_not_grow() -> None:
    package = drawn(anchor(to=(7, 0))).package()
    text = done(package, InsertRows("Data", 8))[0].read("xl/drawings/drawing1.xml").decode()
    assert [e.text for e in elements(text, "row")] == ["3", "7"]


def test_texts_and_links_of_shapes_follow() -> None:
    maker = drawn(anchor())
    maker.relate("xl/drawings/drawing1.xml", "http://x/hyperlink", "#Data!B9", "rId7")
    after, _ = done(maker.package(), InsertRows("Data", 2))
    assert 'textlink="Data!$B$5"' in after.read("xl/drawings/drawing1.xml").decode()
    (link,) = after.relationships("xl/drawings/drawing1.xml")
    assert (link.id, link.target) == ("rId7", "#Data!B10")


CHART = (
    "<c:chart><c:ser><c:tx><c:strRef><c:f>Data!$B$2</c:f></c:strRef></c:tx><c:val><c:numRef>"
    "<c:f>Data!$B$3:$B$9</c:f><c:extLst><c:ext uri='x' xmlns:c15='c15'><c15:fullRef>"
    "<c15:sqref>Data!$B$3:$B$12</c15:sqref></c15:fullRef></c:ext></c:extLst></c:numRef></c:val>"
    "</c:ser></c:chart>"
)


def charted() -> Maker:
    maker = drawn(anchor())
    source = "<c:pivotSource><c:name>[b.xlsx]Data!Pivot1</c:name></c:pivotSource>"
    drawing = "xl/drawings/drawing1.xml"
    maker.add(drawing, "xl/charts/chart1.xml", "chart", xml("c:chartSpace", source + CHART), "rId1")
    ex = (
        "<cx:chartSpace xmlns:cx='cx'><cx:f>_xlchart.v1.0</cx:f>"
        "<cx:f dir='row'>Data!$C$3:$C$9</cx:f></cx:chartSpace>"
    )
    return maker.add(drawing, "xl/charts/chartEx1.xml", "chartEx", ex, "rId2")


def test_charts_of_both_kinds_follow() -> None:
    after, effects = done(charted().package(), InsertRows("Data", 3))
    text = after.read("xl/charts/chart1.xml").decode()
    assert [e.text for e in elements(text, "f")] == ["Data!$B$2", "Data!$B$4:$B$10"]
    assert [e.text for e in elements(text, "sqref")] == ["Data!$B$4:$B$13"]
    ex = after.read("xl/charts/chartEx1.xml").decode()
    assert [e.text for e in elements(ex, "f")] == ["_xlchart.v1.0", "Data!$C$4:$C$10"]
    assert effects.adjusted["charts"] == 2
    renamed, _ = done(charted().package(), RenameSheet("Data", "New name"))
    text = renamed.read("xl/charts/chart1.xml").decode()
    assert "'New name'!$B$3:$B$9" in text
    assert elements(text, "name")[0].text == "[b.xlsx]New name!Pivot1"


VML = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
    '<v:shape id="a"><br><x:ClientData ObjectType="Note"><x:Anchor> 3, 15, 2, 10, 5, 15, 6, 4'
    "</x:Anchor><x:Row>3</x:Row><x:Column>2</x:Column></x:ClientData></v:shape>"
    '<v:shape id="b"><x:ClientData ObjectType="Checkbox"><x:Anchor>1, 0, 8, 0, 2, 0, 9, 0'
    "</x:Anchor><x:FmlaLink>$B$4</x:FmlaLink><x:FmlaMacro>Data.Go</x:FmlaMacro></x:ClientData></v:shape></xml>"
)


PERSON = "{91111111-2222-3333-4444-555555555555}"


def commented() -> Maker:
    maker = Maker({"Data": worksheet("", "", '<legacyDrawing r:id="rId2"/>'), "Other": worksheet()})
    guid = "{11111111-2222-3333-4444-555555555555}"
    comments = (
        f"<authors><author>tc={guid}</author></authors><commentList>"
        '<comment ref="C4" authorId="0"><text><t>x</t></text></comment></commentList>'
    )
    attributes = f'ref="C4" id="{guid}" personId="{PERSON}"'
    threaded = f"<threadedComment {attributes}><text>x</text></threadedComment>"
    maker.add(ONE, "xl/comments1.xml", "comments", xml("comments", comments), "rId1")
    maker.add(ONE, "xl/drawings/vmlDrawing1.vml", "vmlDrawing", VML.replace("<br>", ""), "rId2")
    path = "xl/threadedComments/threadedComment1.xml"
    return maker.add(ONE, path, "threadedComment", xml("ThreadedComments", threaded), "rId3")


def test_comments_and_their_boxes_follow() -> None:
    after, effects = done(commented().package(), InsertRows("Data", 4, 2))
    assert 'ref="C6"' in after.read("xl/comments1.xml").decode()
    assert 'ref="C6"' in after.read("xl/threadedComments/threadedComment1.xml").decode()
    text = after.read("xl/drawings/vmlDrawing1.vml").decode()
    assert [e.text for e in elements(text, "Row")] == ["5"]
    assert [e.text for e in elements(text, "Anchor")] == [
        "3, 15, 4, 10, 5, 15, 8, 4",
        "1, 0, 10, 0, 2, 0, 11, 0",
    ]
    assert [e.text for e in elements(text, "FmlaLink")] == ["$B$6"]
    assert [e.text for e in elements(text, "FmlaMacro")] == ["Data.Go"]
    assert effects.adjusted["comments"] == 1


def test_comments_go_with_their_cells() -> None:
    after, _ = done(commented().package(), DeleteRows("Data", 4))
    assert elements(after.read("xl/comments1.xml").decode(), "comment") == []
    assert (
        elements(after.read("xl/threadedComments/threadedComment1.xml").decode(), "threadedComment")
        == []
    )
    shapes = elements(after.read("xl/drawings/vmlDrawing1.vml").decode(), "shape")
    assert [e.get("id") for e in shapes] == ["b"]


def test_a_drawing_of_the_old_kind_that_is_no_sound_xml_is_read() -> None:
    maker = commented()
    maker.parts["xl/drawings/vmlDrawing1.vml"] = VML
    text = done(maker.package(), InsertRows("Data", 1))[0].read("xl/drawings/vmlDrawing1.vml")
    assert b"<x:Row>4</x:Row>" in text


# Pivot tables, controls, other parts of the workbook ------------------------------


def pivoted() -> Maker:
    maker = Maker(
        {"Data": worksheet(), "Other": worksheet()},
        '<pivotCaches><pivotCache cacheId="1" r:id="rId9"/></pivotCaches>',
    )
    pivot = xml(
        "pivotTableDefinition", '<location ref="B5:D9" firstHeaderRow="1"/>', 'name="Pivot1"'
    )
    source = (
        '<cacheSource type="worksheet"><worksheetSource ref="A2:C9" sheet="Data"/></cacheSource>'
    )
    cache = xml("pivotCacheDefinition", source)
    maker.add(TWO, "xl/pivotTables/pivotTable1.xml", "pivotTable", pivot, "rId1")
    maker.add("xl/workbook.xml", "xl/pivotCache/cache1.xml", "pivotCacheDefinition", cache, "rId9")
    kind = "http://x/pivotCacheDefinition"
    return maker.relate("xl/pivotTables/pivotTable1.xml", kind, "/xl/pivotCache/cache1.xml", "rId1")


def test_pivot_tables_and_their_sources_follow() -> None:
    package = pivoted().package()
    inserted = done(package, InsertRows("Data", 4))[0].read("xl/pivotCache/cache1.xml").decode()
    assert 'ref="A2:C10" sheet="Data"' in inserted
    renamed = done(package, RenameSheet("Data", "New"))[0].read("xl/pivotCache/cache1.xml").decode()
    assert 'ref="A2:C9" sheet="New"' in renamed
    moved = done(package, InsertColumns("Other", 1))[0].read("xl/pivotTables/pivotTable1.xml")
    assert b'ref="C5:E9"' in moved
    with pytest.raises(InvalidRange, match="pivot table Pivot1"):
        check(package, InsertRows("Other", 6))
    after, effects = done(package, DeleteRows("Other", 4, 9))
    assert "xl/pivotTables/pivotTable1.xml" not in after
    assert effects.notes == ["The pivot table Pivot1 is deleted."]
    _, effects = done(package, DeleteSheet("Data"))
    assert effects.notes == ["The source of a pivot table is gone; its figures stay."]


def test_a_consolidation_follows_its_sources() -> None:
    source = '<dataRefs><dataRef ref="A2:C9" sheet="Data"/></dataRefs>'
    refs = f"<dataConsolidate>{source}</dataConsolidate>"
    sheets = {"Data": worksheet(), "Other": worksheet("", "", refs)}
    package = Maker(sheets).package()
    inserted = done(package, InsertRows("Data", 4))[0].read(TWO).decode()
    assert 'ref="A2:C10" sheet="Data"' in inserted
    renamed = done(package, RenameSheet("Data", "New"))[0].read(TWO).decode()
    assert 'ref="A2:C9" sheet="New"' in renamed


def test_the_titles_in_the_properties_are_not_left_to_be_wrong() -> None:
    maker = Maker({"Data": worksheet(), "Other": worksheet()})
    properties = "<Application>X</Application><TitlesOfParts><a/></TitlesOfParts>"
    maker.add("", "docProps/app.xml", "extended-properties", xml("Properties", properties), "rId3")
    after = done(maker.package(), RenameSheet("Data", "New"))[0].read("docProps/app.xml").decode()
    assert elements(after, "TitlesOfParts") == []
    assert elements(after, "Application")[0].text == "X"


def test_controls_and_parameters_of_connections_follow() -> None:
    controls = (
        '<controls><control shapeId="1" r:id="rId1"><controlPr linkedCell="$B$4" '
        'listFillRange="Data!$C$3:$C$9"><anchor moveWithCells="1"><from><xdr:col>1</xdr:col>'
        "<xdr:row>5</xdr:row></from><to><xdr:col>2</xdr:col><xdr:row>6</xdr:row></to></anchor>"
        "</controlPr></control></controls>"
    )
    maker = Maker({"Data": worksheet("", "", controls), "Other": worksheet()})
    ctrl = xml("formControlPr", "", 'objectType="List" fmlaLink="$B$4" fmlaRange="Data!$C$3:$C$9"')
    maker.add(ONE, "xl/ctrlProps/ctrlProp1.xml", "ctrlProp", ctrl, "rId1")
    parameter = xml(
        "connections",
        '<connection id="1"><parameters><parameter cell="Data!$B$4"/></parameters></connection>',
    )
    maker.add("xl/workbook.xml", "xl/connections.xml", "connections", parameter, "rId8")
    after, _ = done(maker.package(), InsertRows("Data", 2))
    sheet = after.read(ONE).decode()
    assert 'linkedCell="$B$5"' in sheet
    assert 'listFillRange="Data!$C$4:$C$10"' in sheet
    assert [e.text for e in elements(sheet, "row")] == ["6", "7"]
    assert b'fmlaLink="$B$5" fmlaRange="Data!$C$4:$C$10"' in after.read(
        "xl/ctrlProps/ctrlProp1.xml"
    )
    assert b'cell="Data!$B$5"' in after.read("xl/connections.xml")


def test_the_chain_of_calculation_is_left_to_be_made_anew() -> None:
    maker = Maker({"Data": worksheet(), "Other": worksheet()})
    chain = xml("calcChain", '<c r="A1" i="1"/>')
    maker.add("xl/workbook.xml", "xl/calcChain.xml", "calcChain", chain, "rId9")
    after, _ = done(maker.package(), InsertRows("Data", 1))
    assert "xl/calcChain.xml" not in after
    assert not after.relationships("xl/workbook.xml").of_kind("calcChain")


def test_parts_that_do_not_speak_of_the_sheet_stay_as_they_are() -> None:
    package = charted().package()
    after, _ = done(package, InsertRows("Other", 1))
    for name in package.names:
        if name not in ("[Content_Types].xml", "xl/workbook.xml", TWO):
            assert after.read(name) == package.read(name), name


# Whole sheets -------------------------------------------------------------------


def test_a_copied_sheet_has_parts_of_its_own() -> None:
    after, _ = done(charted().package(), CopySheet("Data", "Copy"))
    copy = next(
        after.relationships("xl/workbook.xml").get(e.get(f"{{{R}}}id"))
        for e in elements(after.read("xl/workbook.xml").decode(), "sheet")
        if e.get("name") == "Copy"
    )
    assert copy is not None
    (drawing,) = after.relationships(copy.target).of_kind("drawing")
    assert drawing.target == "xl/drawings/drawing2.xml"
    assert 'textlink="Copy!$B$4"' in after.read(drawing.target).decode()
    (chart,) = after.relationships(drawing.target).of_kind("chart")
    assert "Copy!$B$3:$B$9" in after.read(chart.target).decode()
    assert "Data!$B$3:$B$9" in after.read("xl/charts/chart1.xml").decode()


R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def test_a_copied_table_gets_a_name_and_an_id_of_its_own() -> None:
    after, _ = done(with_table(), CopySheet("Data", "Copy"))
    root = etree.fromstring(after.read("xl/tables/table2.xml"))
    assert (root.get("id"), root.get("displayName")) == ("4", "Sales2")
    found = formulas(after.read("xl/worksheets/sheet3.xml").decode())
    assert found["D3"] == "Sales2[[#This Row],[Net]]*$H$5"
    assert formulas(after.read(TWO).decode())["A1"] == "SUM(Sales[Net])"


def test_copied_threads_of_comments_get_ids_of_their_own() -> None:
    after, _ = done(commented().package(), CopySheet("Data", "Copy"))
    first, second = (
        after.read(f"xl/threadedComments/threadedComment{n}.xml").decode() for n in (1, 2)
    )
    ids = [re.search(r' id="([^"]+)"', text)[1] for text in (first, second)]  # type: ignore[index]
    assert ids[0] != ids[1]
    assert f"tc={ids[1]}" in after.read("xl/comments2.xml").decode()
    assert PERSON in first
    assert PERSON in second


def test_a_deleted_sheet_takes_its_parts_with_it() -> None:
    after, _ = done(charted().package(), DeleteSheet("Data"))
    left = [name for name in after.names if not name.endswith(".rels")]
    assert left == ["[Content_Types].xml", TWO, "xl/workbook.xml"]
    assert b"chart" not in after.read("[Content_Types].xml")
    after, _ = done(pivoted().package(), DeleteSheet("Other"))
    assert not [name for name in after.names if "pivot" in name]
    assert elements(after.read("xl/workbook.xml").decode(), "pivotCaches") == []


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (DeleteSheet("None"), "No sheet"),
        (InsertRows("None", 1), "No sheet"),
        (RenameSheet("Data", "Other"), "exists already"),
        (RenameSheet("Data", "a/b"), "none that Excel allows"),
        (CopySheet("Data", "data"), "exists already"),
        (AddSheet("x" * 32), "none that Excel allows"),
        (MoveSheet("Data", 3), "Position 3"),
        (AddSheet("New", 9), "Position 9"),
        (InsertRows("Data", 0), "do not lie"),
        (InsertRows("Data", 1, 0), "do not lie"),
        (DeleteColumns("Data", MAX_COLUMN, 2), "do not lie"),
        (MoveRows("Data", 3, 2, 5), "already stand"),
        (MoveRows("Data", 3, 2, 4), "already stand"),
        (MoveRows("Data", 3, 2, 0), "no place"),
    ],
)
def test_what_makes_no_sense_is_refused(change: Change, match: str) -> None:
    package = Maker({"Data": worksheet(), "Other": worksheet()}).package()
    draft = Draft(package)
    with pytest.raises(ExcelToolsError, match=match):
        apply(draft, change)
    assert draft.saved().read("xl/workbook.xml") == package.read("xl/workbook.xml")


def test_the_last_visible_sheet_stays() -> None:
    package = Maker({"Data": worksheet()}).package()
    with pytest.raises(InvalidParameters, match="last visible sheet"):
        check(package, DeleteSheet("Data"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (InsertRows("Data", 3), ("Data", 6, 2)),
        (DeleteRows("Data", 5), None),
        (MoveRows("Data", 5, 1, 2), ("Data", 2, 2)),
        (InsertCells("Data", area("B1"), "columns"), ("Data", 5, 2)),
        (RenameSheet("Data", "New"), ("New", 5, 2)),
        (DeleteSheet("Data"), None),
        (CopySheet("Data", "Copy"), ("Data", 5, 2)),
        (InsertRows("Other", 1), ("Data", 5, 2)),
    ],
)
def test_a_change_tells_where_a_cell_went(
    change: Change, where: tuple[str, int, int] | None
) -> None:
    assert change.moved("Data", 5, 2) == where
