"""What a book remembers of a sheet is what a look at every cell would find."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from service.errors import InvalidRange
from service.operations.layout import _searched_region, find_region
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.occupancy import count_formulas, main_block, used_area
from tests.bench import new_book, run

_cells = st.sampled_from([None, 1, "text", "=A1", 2.5])
_rows = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(_cells, min_size=width, max_size=width), min_size=1, max_size=3)
)
_starts = st.tuples(st.sampled_from("ABCDEF"), st.integers(1, 9)).map(lambda p: f"{p[0]}{p[1]}")
_writes = st.lists(st.tuples(st.one_of(_starts, st.just("append")), _rows), max_size=8)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(_writes)
def test_facts_stay_right_over_any_writes(writes: list[tuple[str, list[list[object]]]]) -> None:
    book = new_book(headers=["Name", "Count", "Sum"], rows=[["a", 1, 2], ["b", 3, 4]])
    for start, rows in writes:
        _write(book, start, rows)
        sheet = book.sheet()
        assert book.used_area(sheet) == used_area(sheet)
        assert book.formula_count() == count_formulas(sheet)
        assert find_region(book, sheet) == _searched_region(book, sheet)


def _write(book: Book, start: str, rows: list[list[object]]) -> None:
    # An appended row must fit the headers; whether it does is not the question here.
    width = len(rows[0])
    region = find_region(book, book.sheet())
    if start == "append" and region and region.has_headers and width > region.area.columns:
        return
    # Nor is whether something below a blank row is in its way.
    with contextlib.suppress(InvalidRange if start == "append" else ()):
        run(book, "write_excel_range", start=start, rows=rows)


_LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("format_excel_cells", {"range": "A1:Z20", "style": {"bold": True, "fill": "yellow"}}),
    ("format_excel_cells", {"range": "B2:B3", "style": {"number_format": "0.00"}}),
    ("add_excel_rule", {"range": "B2:B9", "rule": "color scale"}),
    ("add_excel_rule", {"range": "B2:B9", "rule": "whole number", "value": [1, 9]}),
    ("create_excel_chart", {"chart_type": "column", "data_range": "A1:C3"}),
    ("create_excel_chart", {"chart_type": "line", "data_range": "A1:C3", "position": "K30"}),
    ("annotate_excel_cells", {"action": "comment", "range": "Z99", "text": "far away"}),
    ("annotate_excel_cells", {"action": "name", "name": "Counts", "range": "B2:B3"}),
    ("edit_excel_sheet", {"action": "layout", "options": {"freeze": "A2", "width": 12}}),
    ("edit_excel_sheet", {"action": "protect"}),
]


@pytest.mark.parametrize(("name", "parameters"), _LOOKS)
def test_looks_leave_what_is_known_of_the_values(name: str, parameters: dict[str, Any]) -> None:
    """A look at every cell after each change of colour would cost more than the change."""
    book = new_book(headers=["Name", "Count", "Sum"], rows=[["a", 1, 2], ["b", 3, "=B3"]])
    run(book, "write_excel_range", start="F7", rows=[[1]])
    known = dict(book._facts)
    assert {fact for _, fact in known} >= {"used", "region", "formulas", "filled"}
    run(book, name, **parameters)
    assert known.items() <= book._facts.items()
    sheet = book.sheet()
    assert book.used_area(sheet) == used_area(sheet)
    assert book.formula_count() == count_formulas(sheet)
    assert find_region(book, sheet) == _searched_region(book, sheet)


def test_merging_forgets_what_is_known() -> None:
    book = new_book(headers=["Name", "Count"], rows=[["a", 1]])
    run(book, "write_excel_range", start="A9", rows=[[1]])
    run(book, "format_excel_cells", range="A9:C12", style={"merge": "cells"})
    sheet = book.sheet()
    assert book.used_area(sheet) == used_area(sheet)
    assert find_region(book, sheet) == _searched_region(book, sheet)


_places = st.sets(st.tuples(st.integers(1, 7), st.integers(1, 6)), max_size=25)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(_places)
def test_the_main_block_is_what_its_words_say(places: set[tuple[int, int]]) -> None:
    sheet = Workbook().worksheets[0]
    for row, column in places:
        sheet.cell(row, column, 1)
    sheet.cell(9, 9)  # made, and blank
    assert main_block(sheet) == _main_block_in_words(places)


def _main_block_in_words(places: set[tuple[int, int]]) -> Area | None:
    if not places:
        return None
    pairs = [row for row, column in places if (row, column + 1) in places]
    first = min(pairs) if pairs else min(row for row, _ in places)
    left = right = min(column for row, column in places if row == first)
    while {(first, right + 1), (first + 1, right + 1)} & places:
        right += 1
    last = first
    while any((last + 1, column) in places for column in range(left, right + 1)):
        last += 1
    return Area(first, left, last, right)
