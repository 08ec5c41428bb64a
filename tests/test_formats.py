"""format_excel_cells sets what it is given, keeps the rest, and refuses what Excel would."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl.cell.cell import Cell

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.workbook.book import Book
from service.workbook.colors import parse_color
from service.workbook.number_formats import number_format_code
from tests.bench import new_book, run

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ROWS = [["Rent", 1200.5, "2026-01-01"], ["Food", 450, "2026-02-01"], ["Sum", "=SUM(B2:B3)", None]]


@pytest.fixture
def book() -> Book:
    return new_book(headers=["Item", "Cost", "Due"], rows=ROWS)


def saved(book: Book, folder: Path) -> openpyxl.Workbook:
    """The workbook as openpyxl reads it from the saved file."""
    book.save(folder / "saved.xlsx")
    return openpyxl.load_workbook(folder / "saved.xlsx")


def parts(book: Book, folder: Path) -> dict[str, bytes]:
    """What the saved file says about cells and their looks."""
    book.save(folder / "parts.xlsx")  # the first save fills in defaults of openpyxl's own
    book.save(folder / "parts.xlsx")
    with ZipFile(folder / "parts.xlsx") as archive:
        names = [n for n in archive.namelist() if "sheets/sheet" in n or n == "xl/styles.xml"]
        return {name: archive.read(name) for name in names}


LOOKS: dict[str, tuple[Any, Any]] = {
    "bold": (True, lambda cell: cell.font.bold is True),
    "italic": (True, lambda cell: cell.font.italic is True),
    "underline": (True, lambda cell: cell.font.underline == "single"),
    "strike": (True, lambda cell: cell.font.strike is True),
    "font": ("Georgia", lambda cell: cell.font.name == "Georgia" and cell.font.scheme is None),
    "size": (14, lambda cell: cell.font.size == 14),
    "color": ("#C00000", lambda cell: cell.font.color.rgb == "FFC00000"),
    "fill": ("light blue", lambda cell: cell.fill.fgColor.rgb == "FFADD8E6"),
    "number_format": ("percent 1", lambda cell: cell.number_format == "0.0%"),
    "align": ("right", lambda cell: cell.alignment.horizontal == "right"),
    "valign": ("center", lambda cell: cell.alignment.vertical == "center"),
    "wrap": (True, lambda cell: cell.alignment.wrap_text is True),
    "border": ("thin", lambda cell: cell.border.left.style == cell.border.top.style == "thin"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_one_look_is_set_and_no_other(name: str, book: Book, tmp_path: Path) -> None:
    """Before, the cell has every other look; afterwards it still has."""
    value, has = LOOKS[name]
    others = {other: setting for other, (setting, _) in LOOKS.items() if other != name}
    run(book, "format_excel_cells", range="B2", style=others)
    assert not has(saved(book, tmp_path).active["B2"])
    run(book, "format_excel_cells", range="B2", style={name: value})
    cell = saved(book, tmp_path).active["B2"]
    assert all(check(cell) for _, check in LOOKS.values())


@pytest.mark.parametrize("name", ["bold", "italic", "underline", "strike", "wrap"])
def test_false_takes_a_look_away(name: str, book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="B2", style={name: True})
    run(book, "format_excel_cells", range="B2", style={name: False})
    assert not LOOKS[name][1](saved(book, tmp_path).active["B2"])


def test_none_takes_fill_and_border_away(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="header", style={"fill": "none", "border": "none"})
    for cell in saved(book, tmp_path).active[1]:
        assert cell.fill.fill_type is None
        assert cell.border.bottom.style is None


styles = st.fixed_dictionaries(
    {},
    optional={
        "bold": st.booleans(),
        "size": st.integers(8, 20),
        "fill": st.sampled_from(["red", "#DDEBF7", "none"]),
        "number_format": st.sampled_from(["percent", "currency EUR", "general"]),
        "align": st.sampled_from(["left", "center"]),
        "wrap": st.booleans(),
        "border": st.sampled_from(["thin", "outline medium", "none"]),
    },
).filter(bool)


def look(cell: Cell) -> list[str]:
    alignment = (cell.alignment.horizontal, bool(cell.alignment.wrap_text))
    return [
        repr(part) for part in (cell.font, cell.fill, cell.border, cell.number_format, alignment)
    ]


@settings(max_examples=25, deadline=None)
@given(calls=st.lists(styles, min_size=2, max_size=5))
def test_calls_add_up(calls: list[dict[str, object]]) -> None:
    """Several calls leave what one call with all their settings leaves."""
    step_by_step, at_once = new_book(headers=["A"], rows=[[1]]), new_book(headers=["A"], rows=[[1]])
    together: dict[str, object] = {}
    for style in calls:
        run(step_by_step, "format_excel_cells", range="A2", style=style)
        together |= style
    run(at_once, "format_excel_cells", range="A2", style=together)
    assert look(step_by_step.sheet()["A2"]) == look(at_once.sheet()["A2"])


def test_formats_leave_values_and_formulas_alone(book: Book, tmp_path: Path) -> None:
    before = run(book, "read_excel_range", what="formulas").result["rows"]
    run(
        book, "format_excel_cells", style={"bold": True, "number_format": "number 1", "fill": "red"}
    )
    assert run(book, "read_excel_range", what="formulas").result["rows"] == before
    book.save(tmp_path / "a.xlsx")
    cached = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True).active
    assert cached["B4"].value == 1650.5


# Which cells ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("", {f"{c}{r}" for c in "ABC" for r in (1, 2, 3, 4)}),
        ("B2", {"B2"}),
        ("C3:B2", {"B2", "C2", "B3", "C3"}),
        ("B:B", {"B1", "B2", "B3", "B4"}),
        ("2:2", {"A2", "B2", "C2"}),
        ("A1:A2,C1:C2", {"A1", "A2", "C1", "C2"}),
        ("A1; C1", {"A1", "C1"}),
        ("'Sheet1'!A1,B1", {"A1", "B1"}),
        ("header", {"A1", "B1", "C1"}),
        ("E9", {"E9"}),
    ],
)
def test_ranges(area: str, expected: set[str], book: Book, tmp_path: Path) -> None:
    answer = run(book, "format_excel_cells", range=area, style={"italic": True})
    cells = [cell for row in saved(book, tmp_path).active.iter_rows() for cell in row]
    assert {cell.coordinate for cell in cells if cell.font.italic} == expected
    assert answer.result["cells"] == len(expected)


def test_header_is_the_header_of_the_data_not_the_title() -> None:
    book = new_book(rows=[["Report"], [None], ["Item", "Cost"], ["Rent", 5]])
    assert run(book, "format_excel_cells", range="header", style={"bold": True}).result == {
        "formatted": "A3:B3",
        "cells": 2,
    }


def test_an_outline_goes_round_the_range(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="A2:C4", style={"border": "outline thick"})
    sheet = saved(book, tmp_path).active
    assert sheet["B3"].border.left.style is None
    assert sheet["A2"].border.left.style == sheet["A2"].border.top.style == "thick"
    assert sheet["C4"].border.right.style == sheet["C4"].border.bottom.style == "thick"
    assert sheet["C4"].border.left.style is None


def test_a_border_on_the_first_of_merged_cells_goes_round_all(book: Book, tmp_path: Path) -> None:
    book.sheet().merge_cells("E1:G2")
    run(book, "format_excel_cells", range="E1", style={"border": "outline thin", "fill": "red"})
    sheet = saved(book, tmp_path).active
    assert sheet["E1"].fill.fgColor.rgb == "FFFF0000"
    assert sheet["G2"].border.right.style == sheet["G2"].border.bottom.style == "thin"
    assert [str(area) for area in sheet.merged_cells.ranges] == ["E1:G2"]


def test_appended_rows_have_a_format_of_their_own(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="B4", style={"number_format": "currency EUR"})
    run(book, "write_excel_range", start="append", rows=[["Travel", 7, None]])
    run(book, "format_excel_cells", range="B5", style={"bold": True})
    sheet = saved(book, tmp_path).active
    assert sheet["B5"].number_format == sheet["B4"].number_format == "#,##0.00 [$€-1]"
    assert (sheet["B4"].font.bold, sheet["B5"].font.bold) == (False, True)


# Widths and heights -----------------------------------------------------------


def columns(book: Book, folder: Path) -> list[tuple[int, int, float]]:
    sheet = etree.fromstring(parts(book, folder)["xl/worksheets/sheet1.xml"])
    found = [
        (int(c.get("min")), int(c.get("max")), float(c.get("width")))
        for c in sheet.iter(f"{MAIN}col")
    ]
    return sorted(found)


def test_width_and_height(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="B2:C3", style={"width": 25, "height": 30})
    assert [c for c in columns(book, tmp_path) if c[0] in (2, 3)] == [(2, 2, 25.0), (3, 3, 25.0)]
    sheet = saved(book, tmp_path).active
    assert [sheet.row_dimensions[row].height for row in (2, 3, 4)] == [30, 30, None]


def test_a_width_parts_columns_that_shared_one(book: Book, tmp_path: Path) -> None:
    """Two entries for one column would make Excel repair the file."""
    sheet = book.sheet()
    for letter in "ABC":
        del sheet.column_dimensions[letter]
    shared = sheet.column_dimensions["A"]
    shared.min, shared.max, shared.width = 1, 5, 20
    run(book, "format_excel_cells", range="B1", style={"width": 8})
    assert columns(book, tmp_path) == [(1, 1, 20), (2, 2, 8), (3, 5, 20)]


def test_auto_width_holds_results_of_formulas_and_forgets_titles() -> None:
    book = new_book(
        rows=[
            ["A very long title over the whole of the sheet"],
            ["Item", "Cost"],
            ["Rent", "=10^9"],
        ]
    )
    run(book, "format_excel_cells", range="B3", style={"number_format": "#,##0.00"})
    run(book, "format_excel_cells", style={"width": "auto"})
    widths = book.sheet().column_dimensions
    assert widths["A"].width < 15
    assert widths["B"].width > len("1,000,000,000.00")


def test_a_number_that_grows_by_its_format_widens_its_column(book: Book) -> None:
    run(book, "write_excel_range", start="B2", rows=[[123456789]])
    run(book, "format_excel_cells", range="B:B", style={"width": 9})
    answer = run(book, "format_excel_cells", range="B:B", style={"number_format": "currency EUR"})
    assert answer.result["widened_columns"] == ["B"]
    assert book.sheet().column_dimensions["B"].width > len("123,456,789.00 €")
    again = run(book, "format_excel_cells", range="B:B", style={"number_format": "integer"})
    assert "widened_columns" not in again.result


def test_numbers_stored_as_text_are_told() -> None:
    book = new_book(headers=["Code"], rows=[["007"], ["1200"], ["none"]])
    answer = run(book, "format_excel_cells", style={"number_format": "number"})
    assert answer.result["notes"][0].startswith("2 cells with numbers stored as text")


# Number formats and colours ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("general", "General"),
        ("integer", "0"),
        ("number", "#,##0.00"),
        ("Number 0", "#,##0"),
        ("number 3", "#,##0.000"),
        ("percent", "0%"),
        ("percent 2", "0.00%"),
        ("scientific", "0.00E+00"),
        ("currency", "[$$-409]#,##0.00"),
        ("currency usd", "[$$-409]#,##0.00"),
        ("currency EUR", "#,##0.00 [$€-1]"),
        ("currency EUR 0", "#,##0 [$€-1]"),
        ("€", "#,##0.00 [$€-1]"),
        ("currency JPY", "[$¥-411]#,##0"),
        ("currency SEK", "#,##0.00 [$SEK]"),
        ("date", "yyyy-mm-dd"),
        ("datetime", "yyyy-mm-dd hh:mm"),
        ("time", "hh:mm"),
        ("text", "@"),
    ],
)
def test_names_of_number_formats(name: str, code: str, book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="B2", style={"number_format": name})
    assert saved(book, tmp_path).active["B2"].number_format == code
    assert number_format_code(code) == code


@pytest.mark.parametrize(
    "code",
    [
        "dd.mm.yyyy",
        "[h]:mm:ss",
        "hh:mm:ss.000",
        "d. mmmm yyyy",
        "[$-407]mmm yy",
        "h:mm AM/PM",
        '#,##0.00 "Stück"',
        "[Red]-0.0;[>=100]0",
        '_($* #,##0_);_($* (#,##0);_($* "-"??_);_(@_)',
        '0.0,,"M"',
        "# ?/?",
        ";;;",
        '"yes";;"no"',
        "+0%;-0%;0%",
    ],
)
def test_codes_of_excel_are_taken_as_they_are(code: str) -> None:
    assert number_format_code(code) == code


BAD_CODES = [
    "",
    " ",
    "money",
    "percents",
    '0.00"',
    "[Red0",
    "0]",
    "[Pink]0",
    "0;0;0;0;0",
    "#.##0 €",
    "yyyy 0",
    "0\x07",
    "€€",
    "number 16",
    "percent EUR",
    "0" * 256,
]


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("#1f4e78", "1F4E78"),
        ("1F4E78", "1F4E78"),
        ("#FF1F4E78", "1F4E78"),
        ("#f00", "FF0000"),
        ("red", "FF0000"),
        ("Dark Blue", "00008B"),
        ("dark-blue", "00008B"),
        ("light gray", "D3D3D3"),
        ("dark gray", "404040"),
    ],
)
def test_colours(text: str, rgb: str) -> None:
    assert parse_color(text, "color") == rgb


# Refusals ---------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], type[ExcelToolsError], str]] = [
    ({"style": {}}, InvalidParameters, "empty"),
    ({"style": {"bold": None}}, InvalidParameters, "empty"),
    ({"style": {"colour": "red"}}, InvalidParameters, "colour"),
    ({"style": {"bold": "perhaps"}}, InvalidParameters, "bold"),
    ({"style": {"align": "middle"}}, InvalidParameters, "align"),
    ({"style": {"width": "wide"}}, InvalidParameters, "width"),
    ({"style": "bold"}, InvalidParameters, "style"),
    ({"style": {"color": "rad"}}, InvalidValue, '"red"'),
    ({"style": {"fill": "#12345"}}, InvalidValue, "#12345"),
    ({"style": {"border": "wavy"}}, InvalidValue, "wavy"),
    ({"style": {"size": 0}}, InvalidValue, "size"),
    ({"style": {"size": float("nan")}}, InvalidValue, "size"),
    ({"style": {"width": 300}}, InvalidValue, "width"),
    ({"style": {"height": -1}}, InvalidValue, "height"),
    ({"style": {"font": "x" * 32}}, InvalidValue, "font"),
    ({"style": {"font": "a\x00"}}, InvalidValue, "font"),
    ({"style": {"bold": True}, "range": "nonsense"}, InvalidRange, "nonsense"),
    ({"style": {"bold": True}, "range": "A1,,B:2"}, InvalidRange, "B:2"),
    ({"style": {"bold": True}, "range": "A1:XFD1048576"}, InvalidRange, "200,000"),
    ({"style": {"bold": True}, "range": "A1:A150000,B1:B150000"}, InvalidRange, "300,000"),
    (
        {"style": {"bold": True}, "range": ",".join(f"A{n}" for n in range(1, 600))},
        InvalidRange,
        "599",
    ),
    ({"style": {"bold": True}, "range": "Sheet1!A1,Other!B1"}, InvalidRange, "Other"),
    ({"style": {"bold": True}, "sheet": "Other"}, ExcelToolsError, "Sheet1"),
    *(({"style": {"number_format": code}}, InvalidValue, "number_format") for code in BAD_CODES),
]


@pytest.mark.parametrize(("parameters", "error", "told"), REFUSED)
def test_a_refusal_says_why_and_changes_nothing(
    parameters: dict[str, Any], error: type[ExcelToolsError], told: str, book: Book, tmp_path: Path
) -> None:
    before = parts(book, tmp_path)
    with pytest.raises(error) as refusal:
        run(book, "format_excel_cells", **parameters)
    assert told in refusal.value.message
    assert refusal.value.hint
    assert not book.broken
    assert parts(book, tmp_path) == before


def test_a_sheet_without_a_header_row_is_told() -> None:
    book = new_book(rows=[[1, 2], [3, 4]])
    with pytest.raises(InvalidRange, match="no header row"):
        run(book, "format_excel_cells", range="header", style={"bold": True})


def test_numbers_that_are_no_shares_are_told() -> None:
    """12.5 under a percent format is 1250 %."""
    book = new_book(headers=["Rate", "Share"], rows=[[12.5, 0.125], [7, 1.2], [1, 0.3]])
    answer = run(book, "format_excel_cells", range="A:A", style={"number_format": "percent"})
    (note,) = answer.result["notes"]
    assert note.startswith("12.5 shows as 1250 %: a percent format shows a hundred times")
    for range_, code in (("A2:A4", '0.0" %"'), ("B2:B4", "percent 1"), ("A2:A4", "0.00")):
        style = {"number_format": code}
        assert "notes" not in run(book, "format_excel_cells", range=range_, style=style).result


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "accounting EUR",
            '_-* #,##0.00 [$€-1]_-;-* #,##0.00 [$€-1]_-;_-* "-"?? [$€-1]_-;_-@_-',
        ),
        ("accounting", '_-[$$-409]* #,##0.00_-;-[$$-409]* #,##0.00_-;_-[$$-409]* "-"??_-;_-@_-'),
        ("Accounting € 0", '_-* #,##0 [$€-1]_-;-* #,##0 [$€-1]_-;_-* "-" [$€-1]_-;_-@_-'),
    ],
)
def test_accounting_is_a_name_as_in_excel(name: str, code: str) -> None:
    assert number_format_code(name) == code
    assert number_format_code(code) == code


def test_headers_of_shares_and_times_stay_headers() -> None:
    """Typed as values they would be 0.1 and 8:30, and the row none of headers."""
    heads = ["Item", "10%", "08:30", 2025, 2026]
    book = new_book(headers=heads, rows=[["A", "10%", "08:30", 1, 2]])
    assert [cell.value for cell in book.sheet()[1]] == heads
    assert book.sheet()["B2"].number_format == "0%"
    done = run(book, "format_excel_cells", range="10%", style={"bold": True}).result
    assert done["formatted"] == "B2"
    done = run(book, "format_excel_cells", range="2026", style={"bold": True}).result
    assert done["formatted"] == "E2"


def test_years_name_columns_where_they_are_no_data() -> None:
    rows = [["A", 1, 2], ["B", 3, 4]]
    for first, named in (
        (["Item", 2025, 2026], True),
        (["Item", 2025, 17], False),
        (["Ulm", 2025, "Bonn"], False),
    ):
        book = new_book(rows=[first, *rows])
        found = run(book, "describe_excel_file").result["sheets"][0]["header_row"]
        assert (found is not None) == named, first
    book = new_book(rows=[["Built", 1990, 1995], ["Sold", 2001, 2004]])
    assert run(book, "describe_excel_file").result["sheets"][0]["header_row"] is None
