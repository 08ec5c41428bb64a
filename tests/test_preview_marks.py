"""Which cells a preview marks as changed, and what it says of them."""

from __future__ import annotations

from typing import Any

import pytest

from service.workbook.book import Book
from service.workbook.comparison import changed_places
from tests.bench import new_book, run

ROWS: list[list[Any]] = [["Rent", 1200], ["Food", 300], ["Fun", 50], ["All", "=SUM(B2:B4)"]]


def book() -> Book:
    return new_book(headers=["Item", "Cost"], rows=ROWS)


def marks(operation: str, /, **parameters: object) -> dict[str, str]:
    """What is said of each cell after an operation, such as {"B2": "was 1200"}."""
    after = book()
    run(after, operation, **parameters)
    found = changed_places(book(), after).get("Sheet1", {})
    return {f"{'ABCDE'[column - 1]}{row}": told for (row, column), told in found.items()}


CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "write_excel_range",
        {"start": "B2", "rows": [[1300]]},
        {"B2": "was 1200", "B5": "was 1550"},
    ),
    ("format_excel_cells", {"range": "A2", "style": {"bold": True}}, {"A2": "format changed"}),
    (
        "write_excel_range",
        {"start": "append", "rows": [["More", 7]]},
        {"A6": "new", "B6": "new"},
    ),
    ("edit_excel_sheet", {"action": "insert_rows", "target": "3"}, {}),
    ("edit_excel_sheet", {"action": "delete_rows", "target": "3"}, {"B4": "was 1550"}),
    ("edit_excel_sheet", {"action": "insert_columns", "target": "B"}, {}),
    (
        "transform_excel_range",
        {"action": "sort", "range": "A1:B4", "options": {"by": ["Cost"]}},
        {"A2": "was Rent", "B2": "was 1200", "A4": "was Fun", "B4": "was 50"},
    ),
    (
        "transform_excel_range",
        {"action": "clear", "range": "A5:B5"},
        {"A5": "was All", "B5": "was 1550"},
    ),
    ("create_excel_chart", {"chart_type": "column", "data_range": "A1:B4"}, {}),
    ("edit_excel_sheet", {"action": "add", "sheet": "New"}, {}),
]


def test_a_sheet_that_came_is_told_as_a_whole() -> None:
    after = book()
    run(after, "edit_excel_sheet", action="add", sheet="New")
    run(after, "write_excel_range", sheet="New", start="A1", rows=[[1, 2]])
    assert changed_places(book(), after) == {"New": {}}


@pytest.mark.parametrize(("operation", "parameters", "expected"), CASES)
def test_what_changed_is_marked_and_nothing_else(
    operation: str, parameters: dict[str, Any], expected: dict[str, str]
) -> None:
    assert marks(operation, **parameters) == expected


def test_dates_stay_the_same_when_a_column_and_a_sheet_come() -> None:
    """A sheet that comes has the others read anew, and dates are then moments at midnight."""

    def dated() -> Book:
        return new_book(headers=["Item", "Due"], rows=[["Rent", "2026-01-05"]])

    after = dated()
    run(after, "write_excel_range", start="C1", rows=[["Paid"], ["yes"]])
    run(after, "edit_excel_sheet", action="copy", sheet="Sheet1", new_name="New")
    assert changed_places(dated(), after)["Sheet1"] == {(1, 3): "new", (2, 3): "new"}
