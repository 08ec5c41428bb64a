"""Columns grow with what is written later, unless somebody gave them their width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from service.workbook.book import Book
from service.workbook.geometry import column_width, is_fitted
from tests.bench import new_book, reopened, run

LONG = "Alexandra Mustermann of Neustadt"


def write(book: Book, rows: list[list[Any]], start: str = "append", sheet: str = "") -> list[str]:
    """The columns that were widened."""
    result = run(book, "write_excel_range", rows=rows, start=start, sheet=sheet).result
    return list(result.get("widened_columns", []))


def widths(book: Book, columns: int = 4) -> list[float]:
    return [column_width(book.sheet(), number) for number in range(1, columns + 1)]


@pytest.fixture
def made() -> Book:
    return new_book(headers=["Name", "Note", "Amount"], rows=[["Ann", "ok", 1.5]])


@pytest.fixture(params=["made", "opened"])
def book(request: pytest.FixtureRequest, made: Book, tmp_path: Path) -> Book:
    """A list with fitted columns, made from nothing and opened."""
    return made if request.param == "made" else reopened(made, tmp_path)


@pytest.fixture
def blank() -> Book:
    book = new_book(sheets=[{"name": "S"}])
    assert widths(book, 2)[0] == widths(book, 2)[1]
    return book


def test_fitted_columns_grow_with_appended_texts(book: Book, tmp_path: Path) -> None:
    before = widths(book)
    assert write(book, [[LONG, "ok", 2]]) == ["A"]
    after = widths(book)
    assert after[0] > len(LONG)
    assert after[1:] == before[1:]
    seen = reopened(book, tmp_path)
    assert widths(seen) == pytest.approx(after)
    assert write(seen, [[LONG * 2, LONG, 2]]) == ["A", "B"]
    assert widths(seen)[0] == 60, "no column gets wider than this by itself"


def test_widths_that_were_chosen_stay(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="A:A", style={"width": 12})
    run(book, "edit_excel_sheet", target="B:B", options={"width": 13}, action="layout")
    seen = reopened(book, tmp_path)
    for one in (book, seen):
        assert write(one, [[LONG, LONG, 2]]) == []
        assert widths(one)[:2] == [12, 13]


def test_a_column_that_is_fitted_on_request_grows(book: Book) -> None:
    run(book, "format_excel_cells", range="A:A", style={"width": 12})
    run(book, "format_excel_cells", range="A:A", style={"width": "auto"})
    assert write(book, [[LONG, "ok", 2]]) == ["A"]


def test_numbers_and_dates_find_room(book: Book, blank: Book) -> None:
    run(book, "format_excel_cells", range="C2", style={"number_format": "currency EUR"})
    assert write(book, [["x", "y", 123456789012.5]]) == ["C"]
    usual = widths(blank)[0]
    assert write(blank, [["2026-01-31"]], "A1") == [], "as in Excel, where it is not worth a word"
    assert widths(blank)[0] > usual


def test_headers_and_texts_on_a_blank_sheet_are_not_cut_off(blank: Book, tmp_path: Path) -> None:
    usual = widths(blank)[3]
    rows = [["Responsible department", "Cost", "Status of approval"], [LONG, 3, "open"]]
    assert write(blank, rows, "A3") == ["A"]
    found = widths(reopened(blank, tmp_path))
    assert found[0] > len(LONG)
    assert found[1:] == [usual, usual, usual], "the last text has room to the right"
    assert write(blank, [["Ends"], ["soon"]], "D3") == ["C"], "it has none any more"


def test_titles_run_over_into_blank_cells(book: Book, blank: Book) -> None:
    assert write(blank, [[LONG], [None], ["Name", "Cost"]], "A1") == []
    run(book, "edit_excel_sheet", action="insert_rows", target="1:2")
    before = widths(book)
    assert write(book, [[LONG * 2]], "A1") == []
    assert widths(book) == pytest.approx(before)


def test_wrapped_texts_and_hidden_columns_stay(book: Book) -> None:
    run(book, "format_excel_cells", range="A2:A3", style={"wrap": True})
    run(book, "edit_excel_sheet", target="B:B", options={"hidden": True}, action="layout")
    write(book, [[LONG * 3, LONG, 2]])
    assert widths(book)[0] < 40
    assert widths(book)[1] == 0


def test_widths_of_a_file_are_its_authors(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as file:
        sheet = file.add_worksheet()
        sheet.set_column(0, 0, 11)
        for row in range(3):
            sheet.write_row(row, 0, ["a", "b", row])
    book = Book.load(tmp_path / "x.xlsx", "x.xlsx")
    assert write(book, [[LONG, LONG, 1]]) == ["B"]
    assert widths(book)[0] == pytest.approx(11, abs=1)
    assert is_fitted(book.sheet(), 2)
