"""Rows appended under a table or a filter belong to it, as they do in Excel."""

from __future__ import annotations

import pytest

from service.workbook.book import Book
from tests.bench import new_book, run

HEADERS = ["Date", "Region", "Product", "Quantity", "Unit Price"]
ROW = ["2026-01-05", "North", "Lamp", 2, 10.5]


@pytest.fixture
def report() -> Book:
    book = Book.blank("report.xlsx")
    run(book, "create_excel_report", report="sales_report", rows=[HEADERS, ROW, ROW])
    return book


def test_a_row_appended_to_a_reports_data_counts_in_the_report(report: Book) -> None:
    (table,) = report.sheet("Data").tables.values()
    before = str(table.ref)
    row = [*ROW, "=D4*E4"][: report.sheet("Data").max_column]
    run(report, "write_excel_range", sheet="Data", start="append", rows=[row])
    assert before.endswith("3")
    assert str(table.ref) == before[:-1] + "4"
    assert table.autoFilter is None or table.autoFilter.ref == table.ref
    summary = report.sheet("Summary")
    shown = {report.value(cell) for row in summary.iter_rows() for cell in row}
    assert 63 in shown, "three times 2 x 10.5"


def test_rows_elsewhere_leave_a_table_as_it_is(report: Book) -> None:
    (table,) = report.sheet("Data").tables.values()
    before = str(table.ref)
    run(report, "write_excel_range", sheet="Data", start="A9", rows=[ROW])
    run(report, "write_excel_range", sheet="Data", start="K4", rows=[["aside"]])
    assert table.ref == before


def test_a_filter_grows_with_the_data() -> None:
    book = new_book(headers=["A", "B"], rows=[[1, 2]])
    run(book, "write_excel_range", start="append", rows=[[3, 4], [5, 6]])
    assert book.sheet().auto_filter.ref == "A1:B4"
