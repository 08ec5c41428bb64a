"""transform_excel_range does what Excel does, tells what it did, and refuses what would hurt."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.operations.context import Context, Seen
from service.operations.registry import find
from service.workbook import book as book_module
from service.workbook.book import Book
from service.workbook.keeping.loader import load
from tests.bench import NOW, new_book, reopened, run
from tests.corpus.hand_cells import extensions
from tests.service_fixtures import Chat

HEADERS = ["Item", "Cost", "Twice"]
ROWS: list[list[Any]] = [
    ["Rent", 1200, "=B2*2"],
    ["Food", 450, "=B3*2"],
    ["car", 800, "=B4*2"],
    ["Bus", None, "=B5*2"],
]


@pytest.fixture
def book() -> Book:
    return new_book(headers=HEADERS, rows=ROWS)


def do(book: Book, action: str, range: str = "", sheet: str = "", **options: Any) -> dict[str, Any]:
    return run(
        book, "transform_excel_range", action=action, range=range, sheet=sheet, options=options
    ).result


def rows(book: Book, area: str, sheet: str = "") -> list[list[Any]]:
    """What cells hold: values and formulas."""
    return [[cell.value for cell in row] for row in book.sheet(sheet)[area]]


def both(book: Book, folder: Path) -> list[Book]:
    """A workbook made from nothing, and the same one opened from a file."""
    return [reopened(book, folder), book]


# Sorting ----------------------------------------------------------------------


def test_rows_are_sorted_and_their_formulas_go_along(book: Book, tmp_path: Path) -> None:
    for one in both(book, tmp_path):
        told = do(one, "sort", by="Cost desc")
        assert told["sorted"] == "A2:C5"
        assert told["by"] == ["Cost desc"]
        for seen in (one, reopened(one, tmp_path)):
            assert rows(seen, "A1:C5") == [
                HEADERS,
                ["Rent", 1200, "=B2*2"],
                ["car", 800, "=B3*2"],
                ["Food", 450, "=B4*2"],
                ["Bus", None, "=B5*2"],
            ]


def test_blanks_are_last_in_both_directions_and_case_does_not_count(book: Book) -> None:
    do(book, "sort", by=["Cost"])
    assert [row[0] for row in rows(book, "A2:B5")] == ["Food", "car", "Rent", "Bus"]
    do(book, "sort", by=["A"])
    assert [row[0] for row in rows(book, "A2:B5")] == ["Bus", "car", "Food", "Rent"]


def test_several_keys_are_taken_one_after_the_other() -> None:
    data = [["b", 1], ["a", 1], ["c", 2], ["a", 2]]
    book = new_book(headers=["k", "n"], rows=data)
    do(book, "sort", by="n desc, k")
    assert rows(book, "A2:B5") == [["a", 2], ["c", 2], ["a", 1], ["b", 1]]


def test_an_order_of_ones_own_counts_for_the_first_key() -> None:
    book = new_book(headers=["p", "n"], rows=[["high", 1], ["low", 2], ["odd", 3], ["medium", 4]])
    do(book, "sort", by=["p"], order=["Low", "medium", "high"])
    assert [row[0] for row in rows(book, "A2:B5")] == ["low", "medium", "high", "odd"]


def test_case_counts_where_it_is_asked_for() -> None:
    book = new_book(headers=["k", "n"], rows=[["B", 1], ["a", 2], ["A", 3], ["b", 4]])
    do(book, "sort", by=["k"], match_case=True)
    assert [row[0] for row in rows(book, "A2:B5")] == ["a", "A", "b", "B"]


def test_a_header_row_is_sorted_with_the_others_where_it_is_none() -> None:
    book = new_book(headers=["b", "x"], rows=[["a", "y"]])
    do(book, "sort", "A1:B2", by=["A"], header=False)
    assert rows(book, "A1:B2") == [["a", "y"], ["b", "x"]]


def test_formats_notes_and_links_go_with_their_rows(book: Book, tmp_path: Path) -> None:
    for one in both(book, tmp_path):
        sheet = one.xl.active
        sheet["A2"].fill = PatternFill("solid", fgColor="FFFF0000")
        sheet["A2"].comment = Comment("dear", "me")
        sheet["B2"].hyperlink = "https://example.com/"
        do(one, "sort", by=["Cost"])
        for seen in (one, reopened(one, tmp_path)):
            sheet = seen.xl.active
            assert sheet["A4"].value == "Rent"
            assert sheet["A4"].fill.fgColor.rgb == "FFFF0000"
            assert sheet["A4"].comment.text == "dear"
            assert sheet["B4"].hyperlink.target == "https://example.com/"
            assert sheet["A2"].comment is None
            assert sheet["A2"].fill.fill_type is None
            assert sheet["B2"].hyperlink is None


def test_results_of_formulas_are_sorted_by_and_a_replay_goes_by_the_same(book: Book) -> None:
    operation = find("transform_excel_range")
    parameters = operation.validate({"action": "sort", "options": {"by": ["Twice"]}})
    seen = Seen()
    operation.call(Context(book, NOW, seen=seen), parameters)
    assert [row[0] for row in rows(book, "A2:A5")] == ["Bus", "Food", "car", "Rent"]
    assert seen.noted == [[2400, 900, 1600, 0]]
    again = new_book(headers=HEADERS, rows=ROWS)
    operation.call(Context(again, NOW, seen=Seen([[1, 2, 3, 4]])), parameters)
    assert [row[0] for row in rows(again, "A2:A5")] == ["Rent", "Food", "car", "Bus"]


def test_a_row_of_totals_stays_at_the_end() -> None:
    book = new_book(headers=["k", "n"], rows=[["b", 2], ["a", 1], ["Total", "=SUM(B2:B3)"]])
    told = do(book, "sort", by="n")
    assert rows(book, "A2:B4") == [["a", 1], ["b", 2], ["Total", "=SUM(B2:B3)"]]
    assert "Row 4" in told["notes"][0]


def test_hidden_rows_stay_where_they_are(book: Book) -> None:
    book.xl.active.row_dimensions[3].hidden = True
    told = do(book, "sort", by="Item")
    assert [row[0] for row in rows(book, "A2:A5")] == ["Bus", "Food", "car", "Rent"]
    assert "hidden" in told["notes"][0]


def test_rows_in_order_change_nothing(book: Book) -> None:
    do(book, "sort", by="Cost")
    answer = run(book, "transform_excel_range", action="sort", options={"by": "Cost"})
    assert not answer.changed


def test_a_table_is_sorted_without_its_header_and_totals(tmp_path: Path) -> None:
    book = new_book(headers=["k", "n"], rows=[["b", 2], ["a", 1], ["Total", 3]])
    sheet = book.xl.active
    sheet.auto_filter.ref = None
    table = Table(displayName="T", ref="A1:B4", totalsRowCount=1)
    table._initialise_columns()
    for column, name in zip(table.tableColumns, ["k", "n"], strict=True):
        column.name = name
    table.autoFilter.ref = "A1:B3"
    sheet.add_table(table)
    do(book, "sort", by="n")
    assert rows(book, "A1:B4") == [["k", "n"], ["a", 1], ["b", 2], ["Total", 3]]
    reopened(book, tmp_path)


# Refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "area", "options", "part"),
    [
        ("sort", "", {}, "by is missing"),
        ("sort", "", {"by": "Price"}, 'no column is called "Price"'),
        ("sort", "B1:B5", {"by": "Cost"}, "part of the rows"),
        ("sort", "", {"by": "Cost", "delimiter": ","}, "delimiter has no effect on sort"),
        ("split", "A1:B5", {"delimiter": " "}, "2 columns"),
        ("split", "A1:A5", {"delimiter": "o", "widths": [2]}, "a delimiter and widths"),
        ("split", "A1:A5", {"delimiter": "o"}, "not empty"),
        ("join", "A1:B5", {}, "not empty"),
        ("fill", "B2:B4", {"series": "linear"}, "is filled"),
        ("fill", "", {}, "needs a range"),
        ("fill", "A2:A9", {"series": "day"}, "begins with a date"),
        ("fill", "E1:E5", {"series": "linear"}, "is blank"),
        ("replace", "", {"find": "a"}, "replace is missing"),
        ("replace", "A1", {"find": "a", "replace": "", "all_sheets": True}, "no effect"),
        ("replace", "", {"find": "(", "replace": "", "regex": True}, "no regular expression"),
        ("replace", "", {"find": "B", "replace": "((", "within": "formulas"}, "is not a formula"),
        ("replace", "", {"find": "=", "replace": "", "within": "both"}, "is no formula"),
        ("copy", "A1:A2", {"to": "B1"}, "not empty"),
        ("copy", "A1:A2", {"to": "A1"}, "there already"),
        ("copy", "A1:A2", {}, "to is missing"),
        ("copy", "A1:A2", {"to": "Nope!A1"}, 'No sheet "Nope"'),
        ("copy", "A1:A2", {"to": "F1", "what": "rules"}, "what is rules"),
        ("move", "A1:A2", {"to": "B1"}, "not empty"),
        ("clear", "A1:A2", {"what": "formulas"}, "what is formulas"),
        ("unpivot", "", {"to": "H1"}, "by is missing"),
        ("unpivot", "", {"to": "H1", "by": HEADERS}, "all columns"),
        ("unpivot", "", {"to": "H1", "by": "Item", "names": ["x"]}, "two columns"),
        ("transpose", "", {"to": "B2"}, "over what it is made of"),
        ("clean", "", {"decimal": ","}, "decimal has no effect"),
    ],
)
def test_what_can_not_be_done_is_refused_and_changes_nothing(
    book: Book, action: str, area: str, options: dict[str, Any], part: str
) -> None:
    before = rows(book, "A1:H12")
    with pytest.raises(ExcelToolsError) as refused:
        do(book, action, area, **options)
    assert part in refused.value.message
    assert refused.value.hint
    assert rows(book, "A1:H12") == before
    assert not book.broken


@pytest.mark.parametrize(
    "action", ["sort", "remove_duplicates", "join", "fill", "copy", "transpose"]
)
def test_merged_cells_in_the_way_are_named(book: Book, action: str) -> None:
    book.xl.active.merge_cells("A4:B5")
    options = {"sort": {"by": "Cost"}, "copy": {"to": "G1"}, "transpose": {"to": "G9"}}
    with pytest.raises(InvalidRange, match="merged cells A4:B5"):
        do(book, action, "A1:C4", **options.get(action, {}))


@pytest.mark.parametrize("action", ["sort", "fill", "copy", "move", "clear"])
def test_array_formulas_in_the_way_are_named(book: Book, action: str) -> None:
    from openpyxl.worksheet.formula import ArrayFormula

    book.xl.active["C4"] = ArrayFormula("C4:C5", "=B4:B5*2")
    options = {"sort": {"by": "Cost"}, "copy": {"to": "G1"}, "move": {"to": "G1"}}
    with pytest.raises(InvalidRange, match="array formula"):
        do(book, action, "A1:C4", **options.get(action, {}))


# Find and replace -------------------------------------------------------------


def test_values_are_replaced_and_told(book: Book) -> None:
    told = do(book, "replace", find="r", replace="q")
    assert told["replaced"] == 2
    assert told["cells"] == "Sheet1!A2, A4"
    assert told["examples"][1] == {"cell": "Sheet1!A4", "before": "car", "after": "caq"}
    assert rows(book, "A2:A5") == [["qent"], ["Food"], ["caq"], ["Bus"]]


def test_numbers_stay_numbers_and_texts_stay_texts() -> None:
    book = new_book(headers=["x", "d"], rows=[[1200, "2026-01-31"], ["'1200", "'=A1"]])
    do(book, "replace", find="1200", replace="1300")
    assert rows(book, "A2:A3") == [[1300], ["1300"]]
    do(book, "replace", find="2026", replace="2027")
    assert book.sheet()["B2"].value == dt.date(2027, 1, 31)
    do(book, "replace", find="A1", replace="B1")
    assert book.sheet()["B3"].value == "=B1"
    assert book.sheet()["B3"].data_type == "s"


def test_formulas_are_replaced_only_where_asked(book: Book, tmp_path: Path) -> None:
    assert do(book, "replace", find="*2", replace="*3")["replaced"] == 0
    assert do(book, "replace", find="*2", replace="*3", within="formulas")["in_cells"] == 4
    assert rows(book, "C2:C3") == [["=B2*3"], ["=B3*3"]]
    assert reopened(book, tmp_path).values["Sheet1", 2, 3].value == 3600


def test_patterns_with_groups(book: Book) -> None:
    told = do(book, "replace", "A2:A5", find=r"^(\w)(\w+)$", replace="$2-$1", regex=True)
    assert told["replaced"] == 4
    assert rows(book, "A2:A3") == [["ent-R"], ["ood-F"]]


def test_whole_cells_case_and_all_sheets() -> None:
    sheets = [
        {"name": "One", "headers": ["a"], "rows": [["No"], ["Nope"], ["no"]]},
        {"name": "Two", "headers": ["a"], "rows": [["No"]]},
    ]
    book = new_book(sheets=sheets)
    told = do(
        book, "replace", find="No", replace="x", whole_cell=True, match_case=True, all_sheets=True
    )
    assert told["cells"] == "One!A2, Two!A2"
    assert rows(book, "A2:A4", "One") == [["x"], ["Nope"], ["no"]]


def test_a_pattern_that_runs_away_is_stopped() -> None:
    book = new_book(headers=["a"], rows=[["a" * 60 + "b"]])
    with pytest.raises(InvalidValue, match="takes longer"):
        do(book, "replace", find="(a+)+$", replace="x", regex=True)
    assert not book.broken


# Duplicates -------------------------------------------------------------------


def test_rows_that_are_there_already_go(tmp_path: Path) -> None:
    data = [["a", 1, "=B2"], ["A", 1, "=B3"], ["b", 1, "=B4"], ["a", 2, "=B5"]]
    for number, one in enumerate(both(new_book(headers=HEADERS, rows=data), tmp_path)):
        told = do(one, "remove_duplicates", by=["Item"] if number else ["A"])
        assert (told["removed"], told["kept"], told["removed_rows"]) == (2, 2, [3, 5])
        again = reopened(one, tmp_path)
        assert rows(again, "A2:C5") == [["a", 1, "=B2"], ["b", 1, "=B3"], [None] * 3, [None] * 3]
        assert again.xl.active.auto_filter.ref == "A1:C3"


def test_all_columns_count_where_none_is_named_and_case_where_asked() -> None:
    book = new_book(headers=["a", "b"], rows=[["x", 1], ["X", 1], ["x", 1], ["x", 2]])
    told = do(book, "remove_duplicates", match_case=True)
    assert told["removed_rows"] == [4]
    assert do(book, "remove_duplicates")["removed_rows"] == [3]
    answer = run(book, "transform_excel_range", action="remove_duplicates")
    assert not answer.changed


# Splitting and joining --------------------------------------------------------


def test_a_column_is_split_into_the_blank_ones_beside_it(tmp_path: Path) -> None:
    data = [["Ann Lee 7"], ["Bo 2026-01-31"], ["Cy"]]
    for one in both(new_book(headers=["Name"], rows=data), tmp_path):
        told = do(one, "split", "A1:A4", delimiter=" ", names=["First", "Last"])
        assert told["written"] == "Sheet1!A1:C4"
        assert told["split"] == 2
        again = reopened(one, tmp_path)
        assert rows(again, "A1:C4") == [
            ["First", "Last", "Name 3"],
            ["Ann", "Lee", 7],
            ["Bo", dt.datetime(2026, 1, 31), None],
            ["Cy", None, None],
        ]


def test_splitting_by_widths_at_most_so_many_parts_elsewhere_and_over_data() -> None:
    book = new_book(headers=["k", "x"], rows=[["AB007x", 1], ["CD008y", 2]])
    do(book, "split", "A2:A3", widths=[2, 3], to="E2", header=False)
    assert rows(book, "E2:G3") == [["AB", "007", "x"], ["CD", "008", "y"]]
    do(book, "split", "A2:A3", delimiter="0", parts=2, force=True)
    assert rows(book, "A2:B3") == [["AB", "07x"], ["CD", "08y"]]


def test_columns_are_joined_without_their_blanks(book: Book) -> None:
    told = do(book, "join", "A1:B5", to="E1", delimiter=": ", names=["Both"])
    assert told["written"] == "Sheet1!E1:E5"
    assert rows(book, "E1:E5") == [["Both"], ["Rent: 1200"], ["Food: 450"], ["car: 800"], ["Bus"]]


# Filling ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "options", "after"),
    [
        ([1], {}, [1, 2, 3, 4, 5]),
        ([1, 3], {}, [1, 3, 5, 7, 9]),
        ([0.1], {"step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ([10], {"step": -5, "stop": -3}, [10, 5, 0, None, None]),
        ([2], {"series": "growth", "step": 3}, [2, 6, 18, 54, 162]),
        ([2, 3], {"series": "growth"}, [2, 3, 4.5, 6.75, 10.125]),
        (["a", "b"], {}, ["a", "b", "a", "b", "a"]),
        (["=C1*2"], {}, ["=C1*2", "=C2*2", "=C3*2", "=C4*2", "=C5*2"]),
    ],
)
def test_series_follow_their_first_cells(
    seeds: list[Any], options: dict[str, Any], after: list[Any]
) -> None:
    book = new_book(rows=[[seed] for seed in seeds])
    do(book, "fill", "A1:A5", **options)
    assert [row[0] for row in rows(book, "A1:A5")] == after


@pytest.mark.parametrize(
    ("series", "step", "after"),
    [
        ("day", 2, ["2026-01-30", "2026-02-01", "2026-02-03"]),
        ("weekday", 1, ["2026-01-30", "2026-02-02", "2026-02-03"]),
        ("weekday", 2, ["2026-01-30", "2026-02-03", "2026-02-05"]),
        ("month", 1, ["2026-01-30", "2026-02-28", "2026-03-30"]),
        ("year", -1, ["2026-01-30", "2025-01-30", "2024-01-30"]),
    ],
)
def test_dates_go_by_days_weekdays_months_and_years(
    series: str, step: int, after: list[str], tmp_path: Path
) -> None:
    for one in both(new_book(rows=[["2026-01-30"]]), tmp_path):
        do(one, "fill", "A1:A3", series=series, step=step)
        again = reopened(one, tmp_path)
        assert [row[0] for row in rows(again, "A1:A3")] == [
            dt.datetime.fromisoformat(text) for text in after
        ]
        assert again.sheet()["A3"].number_format == again.sheet()["A1"].number_format


def test_filling_to_the_right_until_a_date() -> None:
    book = new_book(rows=[["2026-01-01"]])
    do(book, "fill", "A1:F1", series="month", stop="2026-03-15")
    assert [cell.value.month if cell.value else None for cell in book.sheet()["A1:F1"][0]] == [
        1, 2, 3, None, None, None,
    ]  # fmt: skip


def test_blanks_take_what_stands_above(tmp_path: Path) -> None:
    book = new_book(headers=["g", "n"], rows=[["x", 1], [None, 2], ["y", 3], [None, 4]])
    told = do(book, "fill", "A2:A5", series="blanks")
    assert told["filled"] == 2
    assert [row[0] for row in rows(book, "A2:A5")] == ["x", "x", "y", "y"]


def test_force_fills_a_formula_over_what_was_there(book: Book) -> None:
    do(book, "fill", "C2:C5", force=True)
    book.sheet()["C2"].value = "=B2*9"
    do(book, "fill", "C2:C5", force=True)
    assert rows(book, "C3:C5") == [["=B3*9"], ["=B4*9"], ["=B5*9"]]


# Cleaning ---------------------------------------------------------------------


def test_spaces_and_hidden_characters_go_by_default() -> None:
    book = new_book(headers=["a"], rows=[["  x\u00a0 y "], ["z\u200b"], ["=A2"]])
    told = do(book, "clean", "A2:A4")
    assert rows(book, "A2:A4") == [["x y"], ["z"], ["=A2"]]
    assert told == {"cleaned": 2, "cells": "Sheet1!A2:A3", "notes": ["1 formula left alone."]}


@pytest.mark.parametrize(
    ("step", "after"), [("upper", "O'NEIL AG"), ("lower", "o'neil ag"), ("proper", "O'neil Ag")]
)
def test_letters_change_their_case(step: str, after: str) -> None:
    book = new_book(rows=[["o'NEIL ag"]])
    do(book, "clean", "A1", clean=[step])
    assert book.sheet()["A1"].value == after


def test_texts_become_numbers_and_dates(tmp_path: Path) -> None:
    data = [["1.200,50", "31.01.2026", "12%", "007"], ["3,5", "01.02.2026", "5%", "n/a"]]
    for one in both(new_book(headers=["a", "b", "c", "d"], rows=data), tmp_path):
        told = do(one, "clean", "A2:D3", clean=["trim", "numbers", "dates"])
        again = reopened(one, tmp_path)
        assert rows(again, "A2:D3") == [
            [1200.5, dt.datetime(2026, 1, 31), 0.12, "007"],
            [3.5, dt.datetime(2026, 2, 1), 0.05, "n/a"],
        ]
        assert again.sheet()["C2"].number_format == "0%"
        assert "2 texts stayed text" in told["notes"][0]


def test_what_can_be_read_in_two_ways_waits_for_a_word() -> None:
    book = new_book(rows=[["1,234", "03/04/2026"]])
    told = do(book, "clean", "A1:B1", clean=["numbers", "dates"])
    assert "two ways" in " ".join(told["notes"])
    do(book, "clean", "A1:B1", clean=["numbers", "dates"], decimal=".", date_order="dmy")
    assert rows(book, "A1:B1") == [[1234, dt.date(2026, 4, 3)]]


@pytest.mark.parametrize("text", ["26/04/03", "2026.04.03", "2026-4-3"])
def test_dates_with_the_year_first_may_be_short_and_have_dots(text: str) -> None:
    book = new_book(rows=[[text]])
    do(book, "clean", "A1", clean=["dates"], date_order="ymd")
    assert str(book.sheet()["A1"].value)[:10] == "2026-04-03"


# Shape ------------------------------------------------------------------------


def test_columns_become_rows(tmp_path: Path) -> None:
    data = [["North", 1, None, "=B2*2"], ["South", 3, 4, 5]]
    for one in both(new_book(headers=["Region", "Jan", "Feb", "Mar"], rows=data), tmp_path):
        told = do(one, "unpivot", by=["Region"], to="G1", names=["Month", "Sales"])
        assert told["rows"] == 5
        assert "became values" in told["notes"][0]
        assert rows(reopened(one, tmp_path), "G1:I6") == [
            ["Region", "Month", "Sales"],
            ["North", "Jan", 1],
            ["North", "Mar", 2],
            ["South", "Jan", 3],
            ["South", "Feb", 4],
            ["South", "Mar", 5],
        ]


def test_rows_become_columns(book: Book) -> None:
    do(book, "transpose", "A1:C3", to="F1")
    assert rows(book, "F1:H3") == [
        ["Item", "Rent", "Food"],
        ["Cost", 1200, 450],
        ["Twice", 2400, 900],
    ]


# Copying, moving, clearing ----------------------------------------------------


def test_copies_take_relative_references_along(book: Book, tmp_path: Path) -> None:
    told = do(book, "copy", "B1:C3", to="F2")
    assert told["to"] == "Sheet1!F2:G4"
    assert rows(book, "F2:G4") == [["Cost", "Twice"], [1200, "=F3*2"], [450, "=F4*2"]]
    assert reopened(book, tmp_path).values["Sheet1", 3, 7].value == 2400
    do(book, "copy", "C2", to="A9")
    assert book.sheet()["A9"].value == "=#REF!*2"


@pytest.mark.parametrize(
    ("what", "value", "bold"),
    [("values", 2400, False), ("formulas", "=F2*2", False), ("formats", None, True)],
)
def test_one_kind_of_thing_is_copied(book: Book, what: str, value: Any, bold: bool) -> None:
    run(book, "format_excel_cells", range="C2", style={"bold": True})
    do(book, "copy", "C2", to="G2", what=what)
    cell = book.sheet()["G2"]
    assert (cell.value, bool(cell.font.bold)) == (value, bold)


def two_sheets() -> Book:
    sheets = [
        {"name": "Data", "headers": ["n", "twice"], "rows": [[1, "=A2*2"], [2, "=A3*2"]]},
        {
            "name": "Sum",
            "headers": ["sum"],
            "rows": [["=SUM(Data!A2:A3)"], ["=Data!B2"], ["=SUM(Data!B2:B3)"]],
        },
    ]
    return new_book(sheets=sheets)


def test_references_follow_what_is_moved(tmp_path: Path) -> None:
    for one in both(two_sheets(), tmp_path):
        told = do(one, "move", "A2:A3", "Data", to="E5")
        assert told["adjusted"]["formulas"] == 3
        again = reopened(one, tmp_path)
        assert rows(again, "A2:B3", "Data") == [[None, "=E5*2"], [None, "=E6*2"]]
        assert rows(again, "E5:E6", "Data") == [[1], [2]]
        assert rows(again, "A2:A4", "Sum") == [
            ["=SUM(Data!E5:E6)"], ["=Data!B2"], ["=SUM(Data!B2:B3)"],
        ]  # fmt: skip
        assert again.values["Sum", 4, 1].value == 6


def test_moving_to_another_sheet_keeps_what_formulas_mean(tmp_path: Path) -> None:
    for one in both(two_sheets(), tmp_path):
        one.sheet("Data").auto_filter.ref = "A1:B3"
        do(one, "move", "B1:B3", "Data", to="Sum!D1")
        assert one.sheet("Data").auto_filter.ref == "A1:B3"
        again = reopened(one, tmp_path)
        assert rows(again, "D1:D3", "Sum") == [["twice"], ["=Data!A2*2"], ["=Data!A3*2"]]
        assert rows(again, "A2:A4", "Sum") == [["=SUM(Data!A2:A3)"], ["=D2"], ["=SUM(D2:D3)"]]
        assert again.values["Sum", 4, 1].value == 6


def test_the_end_of_a_range_takes_the_range_along_and_what_is_overwritten_is_gone() -> None:
    book = two_sheets()
    do(book, "move", "A3", "Data", to="A9")
    assert book.sheet("Sum")["A2"].value == "=SUM(Data!A2:A9)"
    told = do(book, "move", "D1", "Data", to="B2", force=True)
    assert told["broken"][0]["cell"] == "Sum!A3"


def test_charts_and_fixed_references_of_rules_follow(tmp_path: Path) -> None:
    made = new_book(headers=["m", "n"], rows=[["Jan", 1], ["Feb", 2]])
    made.sheet().conditional_formatting.add("E1:E3", CellIsRule("greaterThan", ["$B$3"]))
    made.sheet().conditional_formatting.add("F1:F3", CellIsRule("greaterThan", ["B1"]))
    run(made, "create_excel_chart", chart_type="column", data_range="A1:B3")
    for one in both(made, tmp_path):
        do(one, "move", "A1:B3", to="P9")
        sheet = reopened(one, tmp_path).sheet()
        assert sheet._charts[0].series[0].val.numRef.f == "'Sheet1'!$Q$10:$Q$11"
        formulas = [rule.formula for item in sheet.conditional_formatting for rule in item.rules]
        assert formulas == [["$Q$11"], ["B1"]]


def test_names_and_merged_cells_go_along() -> None:
    from openpyxl.workbook.defined_name import DefinedName

    book = two_sheets()
    book.xl.defined_names["Rate"] = DefinedName("Rate", attr_text="Data!$A$2")
    book.sheet("Data").merge_cells("D1:E1")
    do(book, "move", "A1:E2", "Data", to="H1")
    assert book.xl.defined_names["Rate"].attr_text == "Data!$H$2"
    assert [str(m) for m in book.sheet("Data").merged_cells.ranges] == ["K1:L1"]


@pytest.mark.parametrize(
    ("what", "gone"),
    [
        ("values", {"value"}),
        ("formats", {"fill"}),
        ("comments", {"comment"}),
        ("links", {"link"}),
        ("rules", {"rules"}),
        ("all", {"value", "fill", "comment", "link", "rules"}),
    ],
)
def test_what_is_asked_is_cleared_and_nothing_else(
    what: str, gone: set[str], tmp_path: Path
) -> None:
    made = new_book(rows=[[n, n] for n in range(1, 7)])
    sheet = made.sheet()
    sheet["A3"].fill = PatternFill("solid", fgColor="FFFF0000")
    sheet["A3"].comment = Comment("dear", "me")
    sheet["A3"].hyperlink = "https://example.com/"
    sheet.conditional_formatting.add("A1:B6", CellIsRule("greaterThan", ["$B1"], font=None))
    validation = DataValidation("whole", operator="between", formula1="0", formula2="9")
    validation.add("A3")
    sheet.add_data_validation(validation)
    for one in both(made, tmp_path):
        do(one, "clear", "A2:A3", what=what)
        sheet = reopened(one, tmp_path).sheet()
        cell = sheet["A3"]
        rules = [str(item.sqref) for item in sheet.conditional_formatting]
        has = {
            "value": cell.value is not None,
            "fill": cell.fill.fill_type is not None,
            "comment": cell.comment is not None,
            "link": cell.hyperlink is not None,
            "rules": rules == ["A1:B6"] and bool(sheet.data_validations.dataValidation),
        }
        assert {name for name, there in has.items() if not there} == gone
        if "rules" in gone:
            assert sorted(rules[0].split()) == ["A1:B1", "A4:B6", "B2:B3"]


def test_headers_of_tables_are_not_cleared(book: Book) -> None:
    sheet = book.sheet()
    sheet.auto_filter.ref = None
    sheet.add_table(Table(displayName="T", ref="A1:C5"))
    with pytest.raises(InvalidRange, match="headers of the table T"):
        do(book, "clear", "A1:C5")


def test_options_are_refused_by_name(book: Book) -> None:
    with pytest.raises(InvalidParameters, match="colour"):
        do(book, "sort", colour="red")


def test_what_was_rearranged_is_still_a_workbook_for_others(book: Book, tmp_path: Path) -> None:
    do(book, "sort", by="Cost")
    do(book, "copy", "A1:C5", to="F1")
    book.save(tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx", data_only=True).active
    assert [cell.value for cell in sheet["H"]] == ["Twice", 900, 1600, 2400, 0]


def test_formulas_that_spill_are_copied_and_refused_where_they_would_be_torn() -> None:
    book = new_book(headers=["n", "m"], rows=[[3, "=SEQUENCE(2)"], [1, None], [2, None]])
    book.spill()
    with pytest.raises(InvalidRange, match="array formula"):
        do(book, "sort", by="n")
    do(book, "copy", "A1:A2", to="F1")
    do(book, "replace", find="SEQUENCE(2)", replace="SUM(A2)", within="formulas", range="B2")
    assert book.sheet()["B2"].value == "=SUM(A2)"


def test_a_filter_goes_along_when_the_whole_of_it_is_moved(tmp_path: Path) -> None:
    for one in both(two_sheets(), tmp_path):
        one.sheet("Sum").auto_filter.ref = None
        do(one, "move", "A1:B3", "Data", to="D5")
        assert one.sheet("Data").auto_filter.ref == "D5:E7"
        do(one, "move", "D5:E7", "Data", to="Sum!F1")
        again = reopened(one, tmp_path)
        assert again.sheet("Data").auto_filter.ref is None
        assert again.sheet("Sum").auto_filter.ref == "F1:G3"


def test_columns_are_made_wide_enough_for_what_comes_there(tmp_path: Path) -> None:
    book = new_book(headers=["Region with a long name", "n"], rows=[["x", "2026-01-31"]])
    do(book, "copy", "A1:B2", to="E1")
    assert book.sheet().column_dimensions["E"].width > 20
    assert book.sheet().column_dimensions["F"].width > 10


@pytest.mark.e2e
def test_a_very_large_sheet_is_transformed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that nobody asked for stay what they were."""
    book = new_book(rows=[[n, f"t{n}", n % 7] for n in range(3_000)])
    book.save(tmp_path / "large.xlsx")
    monkeypatch.setattr(book_module, "load", lambda package: load(package, lazy_from=1))
    opened = Book.load(tmp_path / "large.xlsx", "large.xlsx")
    assert opened.very_large
    do(opened, "sort", by=["C desc", "A"], header=False)
    do(opened, "replace", "B1:B50", find="t", replace="u")
    do(opened, "move", "C1:C3000", to="F1")
    again = reopened(opened, tmp_path)
    assert rows(again, "A1:F2") == [
        [6, "u6", None, None, None, 6],
        [13, "u13", None, None, None, 6],
    ]
    assert again.sheet()["A3000"].value == 2996


# Through the service ----------------------------------------------------------


def test_changes_are_undone_redone_and_found_after_a_save(chat: Chat) -> None:
    chat.op("create_excel_file", filename="b.xlsx", headers=HEADERS, rows=ROWS)
    read = ["read_excel_range"]

    def seen() -> Any:
        return chat.op(*read, what="formulas")["result"]["rows"]

    states = [seen()]
    for action, area, options in (
        ("sort", "", {"by": "Twice desc"}),
        ("copy", "C1:C5", {"to": "F1", "what": "values"}),
        ("move", "A1:C5", {"to": "A7"}),
        ("replace", "A7:A11", {"find": "[aeiou]", "replace": "*", "regex": True}),
    ):
        chat.op("transform_excel_range", action=action, range=area, options=options)
        states.append(seen())
    chat.op("undo_excel_change", steps=4)
    assert seen() == states[0]
    for state in states[1:]:
        chat.op("undo_excel_change", action="redo")
        assert seen() == state
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="b.xlsx")
    assert seen() == states[-1]
    chat.op("transform_excel_range", action="sort", options={"by": "Cost"})
    chat.op("undo_excel_change")
    assert seen() == states[-1]


def with_table() -> Book:
    book = new_book(headers=["k", "n"], rows=[["b", 2], ["a", 1], ["b", 2]])
    sheet = book.sheet()
    sheet.auto_filter.ref = None
    sheet.add_table(Table(displayName="T", ref="A1:B4"))
    return book


def test_a_table_ends_with_its_last_row_when_duplicates_go(tmp_path: Path) -> None:
    for one in both(with_table(), tmp_path):
        do(one, "remove_duplicates", by="k")
        assert reopened(one, tmp_path).sheet().tables["T"].ref == "A1:B3"


def test_headers_of_tables_are_never_overwritten(tmp_path: Path) -> None:
    for one in both(with_table(), tmp_path):
        told = do(one, "replace", find="k", replace="x")
        assert told["replaced"] == 0
        assert 'left: "A1"' in told["notes"][0]
        do(one, "clean", clean=["upper"])
        assert rows(one, "A1:A2") == [["k"], ["B"]]
        for action, area, options in (
            ("copy", "A2:B2", {"to": "A1"}),
            ("fill", "A1:A3", {"series": "copy"}),
            ("split", "A2:A4", {"delimiter": "x", "to": "B1"}),
        ):
            one.sheet()["A2"].value = "axb"
            with pytest.raises(InvalidRange, match="headers of the table T"):
                do(one, action, area, force=True, **options)


def test_columns_are_named_by_a_header_above_the_range() -> None:
    book = new_book(headers=["k", "n"], rows=[["b", 2], ["a", 1], ["c", 0]])
    do(book, "sort", "A2:B3", by="n")
    assert rows(book, "A1:B4") == [["k", "n"], ["a", 1], ["b", 2], ["c", 0]]


@pytest.mark.parametrize("action", ["copy", "move"])
def test_rules_and_validations_go_with_their_cells(action: str, tmp_path: Path) -> None:
    made = new_book(rows=[[n, n] for n in range(1, 7)])
    sheet = made.sheet()
    red = PatternFill("solid", bgColor="FFFF0000")
    sheet.conditional_formatting.add("A1:B6", CellIsRule("greaterThan", ["$B1"], fill=red))
    validation = DataValidation("whole", operator="between", formula1="B2", formula2="9")
    validation.add("A2:A3")
    sheet.add_data_validation(validation)
    for one in both(made, tmp_path):
        do(one, action, "A2:B3", to="E5")
        sheet = reopened(one, tmp_path).sheet()
        rules = {
            str(item.sqref): (rule.formula, rule.dxf.fill.bgColor.rgb)
            for item in sheet.conditional_formatting
            for rule in item.rules
        }
        kept = "A1:B6" if action == "copy" else "A1:B1 A4:B6"
        assert rules == {kept: (["$B1"], "FFFF0000"), "E5:F6": (["$B5"], "FFFF0000")}
        checks = {str(item.sqref): item.formula1 for item in sheet.data_validations.dataValidation}
        assert checks.pop("E5:E6") == "F5"
        assert checks == ({"A2:A3": "B2"} if action == "copy" else {})
        priorities = [r.priority for item in sheet.conditional_formatting for r in item.rules]
        assert len(set(priorities)) == 2


def test_rules_of_a_later_form_go_with_the_others(tmp_path: Path) -> None:
    extensions(tmp_path / "x.xlsx")
    book = Book.load(tmp_path / "x.xlsx", "x.xlsx")
    told = do(book, "clear", "A2:B3", "Data", what="rules")
    assert told["rules"] == 3
    assert "notes" not in told
    again = reopened(book, tmp_path)
    assert [str(item.sqref) for item in again.sheet("Data").conditional_formatting] == ["A4"]
    assert "notes" not in do(again, "copy", "A4:A5", "Data", to="K1")


@pytest.mark.parametrize(
    ("start", "then"),
    [
        (["Jan"], ["Feb", "Mar", "Apr"]),
        (["Okt", "Nov"], ["Dez", "Jan", "Feb"]),
        (["MONTAG"], ["DIENSTAG", "MITTWOCH", "DONNERSTAG"]),
        (["mars", "mai"], ["juillet", "septembre", "novembre"]),
        (["Week 08"], ["Week 09", "Week 10", "Week 11"]),
        (["Q3"], ["Q4", "Q1", "Q2"]),
        (["Item 10", "Item 20"], ["Item 30", "Item 40", "Item 50"]),
        (["yes", "no"], ["yes", "no", "yes"]),
        (["Jan", "Open"], ["Jan", "Open", "Jan"]),
    ],
)
def test_texts_go_on_as_excel_fills_them(start: list[str], then: list[str]) -> None:
    book = new_book(rows=[[text] for text in start])
    last = len(start) + 3
    run(book, "transform_excel_range", action="fill", range=f"A1:A{last}")
    assert [book.sheet().cell(row, 1).value for row in range(1, last + 1)] == [*start, *then]
    again = {"series": "copy", "force": True}
    run(book, "transform_excel_range", action="fill", range=f"A1:A{last}", options=again)
    assert book.sheet().cell(last, 1).value == start[(last - 1) % 1]


def test_minus_signs_of_accountants_are_read() -> None:
    book = new_book(headers=["Net"], rows=[["(1.300,50)"], ["20,00-"], ["(see note)"], ["-5,00"]])
    options = {"clean": ["numbers"], "decimal": ","}
    told = run(book, "transform_excel_range", action="clean", range="Net", options=options).result
    assert [book.sheet().cell(row, 1).value for row in range(2, 6)] == [
        -1300.5,
        -20,
        "(see note)",
        -5,
    ]
    assert told["notes"] == ["1 text stayed text: '(see note)'."]


def test_a_column_is_split_by_its_header() -> None:
    book = new_book(headers=["Name"], rows=[["Lee, Ann"], ["Ray, Bo"]])
    options = {"delimiter": ", ", "names": ["Last", "First"]}
    run(book, "transform_excel_range", action="split", range="name", options=options)
    read = run(book, "read_excel_range").result["rows"]
    assert read == [["Last", "First"], ["Lee", "Ann"], ["Ray", "Bo"]]
