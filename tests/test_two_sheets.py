"""A sheet and a range that name different sheets are refused, whatever takes both."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidRange
from service.workbook.book import Book
from tests.bench import new_book, run


@pytest.fixture
def book() -> Book:
    book = new_book(headers=["Item", "Cost"], rows=[["a", 1], ["b", 2]], sheet="A")
    run(book, "edit_excel_sheet", action="copy", sheet="A", new_name="B")
    return book


BOLD = {"style": {"bold": True}}
RULE = {"rule": "greater_than", "value": 1}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("read_excel_range", {"range": "B!Cost"}),
    ("read_excel_range", {"range": "B!A1:B2"}),
    ("read_excel_range", {"range": "'B'!Cost"}),
    ("export_excel_file", {"range": "B!A1:B2"}),
    ("export_excel_file", {"range": "B!Cost"}),
    ("write_excel_range", {"start": "B!D1", "rows": [[1]]}),
    ("format_excel_cells", {"range": "B!Cost", **BOLD}),
    ("format_excel_cells", {"range": "B!header", **BOLD}),
    ("format_excel_cells", {"range": "B2,B!A1", **BOLD}),
    ("transform_excel_range", {"action": "sort", "range": "B!Cost"}),
    ("add_excel_rule", {"range": "B!Cost", **RULE}),
    ("add_excel_rule", {"range": "B!B:B", **RULE}),
    ("add_excel_rule", {"action": "list", "range": "B!A1"}),
    ("create_excel_table", {"range": "B!A1:B3"}),
    ("edit_excel_sheet", {"action": "delete_rows", "target": "B!2"}),
    ("annotate_excel_cells", {"action": "comment", "range": "B!A1", "text": "x"}),
]


@pytest.mark.parametrize(("tool", "given"), CALLS)
def test_two_sheets_are_refused(book: Book, tool: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRange) as caught:
        run(book, tool, sheet="A", **given)
    assert '"B"' in caught.value.message
    assert '"A"' in caught.value.message


def test_the_same_sheet_may_be_named_twice(book: Book) -> None:
    assert run(book, "read_excel_range", sheet="b", range="B!Cost").result["rows"] == [[1], [2]]


def test_of_several_areas_each_may_name_it(book: Book) -> None:
    run(book, "format_excel_cells", sheet="A", range="A1,A!B2", **BOLD)
    assert book.xl["A"]["B2"].font.b


def test_a_range_names_the_sheet_to_export(book: Book, tmp_path: Any) -> None:
    answer = run(book, "export_excel_file", folder=tmp_path, range="B!A1:B2")
    assert answer.sheet == "B"
