"""Rows appended under a table or a filter belong to it, as they do in Excel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl.utils import column_index_from_string

from service.workbook.book import Book
from service.workbook.geometry import column_width
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


@pytest.fixture
def sales(tmp_path: Path) -> Book:
    """A table with a calculated column, whose sum stands beside it."""
    with xlsxwriter.Workbook(tmp_path / "sales.xlsx") as made:
        sheet = made.add_worksheet("Data")
        sheet.write_row("A2", ["a", 1, 10])
        sheet.write_row("A3", ["b", 2, 20])
        formula = "=Sales[[#This Row],[Qty]]*Sales[[#This Row],[Price]]"
        columns = [{"header": "Key"}, {"header": "Qty"}, {"header": "Price"}]
        columns.append({"header": "Amount", "formula": formula})
        sheet.add_table("A1:D3", {"name": "Sales", "columns": columns})
        sheet.write_formula("F1", "=SUM(Sales[Amount])")
    return Book.load(tmp_path / "sales.xlsx", "sales.xlsx")


@pytest.mark.parametrize(
    "rows",
    [
        [["c", 3, 30], ["d", 4, 40]],
        [["c", 3, 30, None], ["d", 4, 40, None]],
        [{"Key": "c", "Qty": 3, "Price": 30}, {"Key": "d", "Qty": 4, "Price": 40}],
    ],
)
def test_calculated_columns_go_on(sales: Book, rows: list[Any]) -> None:
    assert sales.value(sales.sheet()["F1"]) == 50
    told = run(sales, "write_excel_range", start="append", rows=rows).result
    assert told["notes"] == ["D4:D5 got the formula of the column Amount of the table Sales."]
    assert sales.sheet()["D5"].value == sales.sheet()["D3"].value
    assert sales.value(sales.sheet()["F1"]) == 50 + 90 + 160
    assert sales.formula_count() == 5


def test_a_value_that_is_given_stays_in_a_calculated_column(sales: Book) -> None:
    told = run(sales, "write_excel_range", start="append", rows=[["c", 3, 30, 7]]).result
    assert "notes" not in told
    assert sales.sheet()["D4"].value == 7
    assert sales.value(sales.sheet()["F1"]) == 57


def test_rows_under_the_totals_of_a_table_are_told_not_to_count(sales: Book) -> None:
    table = sales.sheet().tables["Sales"]
    table.totalsRowCount = 1
    told = run(sales, "write_excel_range", start="A4", rows=[["c", 3, 30]]).result
    assert "insert rows in front of row 3" in told["notes"][0]
    assert table.ref == "A1:D3"
    assert "notes" not in run(sales, "write_excel_range", start="A9", rows=[["c"]]).result


def test_rows_elsewhere_get_no_formula(sales: Book) -> None:
    told = run(sales, "write_excel_range", start="A9", rows=[["c", 3, 30]]).result
    assert "notes" not in told
    assert sales.sheet()["D9"].value is None


def test_short_rows_are_told_as_they_make_cells_blank() -> None:
    book = new_book(headers=["A", "B"], rows=[[1, 2], [3, 4]])
    told = run(book, "write_excel_range", start="A2", rows=[[5, 6], [7]]).result
    assert told["notes"] == ["1 row of fewer than 2 values filled up with blanks."]
    assert book.sheet()["B3"].value is None


def test_totals_that_leave_a_new_row_out_are_told() -> None:
    """A row inserted right above plain totals, then filled: Excel's sums would not see it."""
    rows = [["A", 1, 2], ["B", 3, 4], ["Sum", "=SUM(B2:B3)", "=AVERAGE(C$2:C$3)"]]
    book = new_book(headers=["Name", "Net", "Days"], rows=rows)
    run(book, "edit_excel_sheet", action="insert_rows", target="4")
    told = run(book, "write_excel_range", start="A4", rows=[["C", 5, 6]]).result
    note = "B5 is =SUM(B2:B3) and does not count what was written above it; =SUM(B2:B4) would: "
    assert told["notes"] == [note + "write that to B5. So 2 cells of row 5."]
    sums = [["=SUM(B2:B4)", "=AVERAGE(C$2:C$4)"]]
    assert "notes" not in run(book, "write_excel_range", start="B5", rows=sums).result
    assert "notes" not in run(book, "write_excel_range", start="A4", rows=[["C", 7, 8]]).result


# Room for results ---------------------------------------------------------------

DATED = [["Rent", "2026-01-31", 1_200_000.5], ["Power", "2026-12-28", 3_412_345.25]]


def dated(tmp_path: Path, opened: bool) -> Book:
    """Dates and amounts in euros; made here, or from a file."""
    book = new_book(headers=["Item", "Date", "Cost"], rows=DATED)
    run(book, "format_excel_cells", range="C2:C3", style={"number_format": "currency EUR"})
    if opened:
        book.save(tmp_path / "dated.xlsx")
        book = Book.load(tmp_path / "dated.xlsx", "dated.xlsx")
    return book


def width(book: Book, letter: str) -> float:
    return column_width(book.sheet(), column_index_from_string(letter))


@pytest.mark.parametrize("opened", [False, True])
def test_columns_grow_for_what_formulas_give(tmp_path: Path, opened: bool) -> None:
    book = dated(tmp_path, opened)
    line = ["=B2+30", "=C2*1000", "=EOMONTH(B2,0)", "=NOW()", "=C2&B2", "=1234567890123*9"]
    run(book, "write_excel_range", start="E2", rows=[line])
    usual = width(book, "Z")
    assert width(book, "E") >= len("2026-03-02")
    assert width(book, "F") >= len("1,200,000,500.00 €")
    assert width(book, "G") >= len("2026-01-31")
    assert width(book, "H") >= len("2026-01-31 00:00")
    assert width(book, "I") == width(book, "J") == usual, "texts and plain numbers are never ####"
    book.save(tmp_path / "after.xlsx")
    again = Book.load(tmp_path / "after.xlsx", "after.xlsx")
    assert [width(again, letter) for letter in "EFGHIJ"] == [
        width(book, letter) for letter in "EFGHIJ"
    ]


@pytest.mark.parametrize("opened", [False, True])
def test_columns_of_tables_grow_for_what_formulas_give(tmp_path: Path, opened: bool) -> None:
    book = dated(tmp_path, opened)
    before = width(book, "C")
    columns = {"Due": "=[@Date]+30", "Thousands": "=[@Cost]*1000"}
    options = {"columns": columns, "totals": {"Cost": "sum", "Thousands": "sum"}}
    run(book, "create_excel_table", options=options)
    assert book.sheet()["D2"].number_format == "yyyy-mm-dd"
    assert width(book, "D") >= len("2026-03-02")
    assert width(book, "E") >= len("4,612,345,750.00 €")
    assert width(book, "C") == before, "there was room"
    run(book, "format_excel_cells", range="C2:C4", style={"width": 13})
    told = run(book, "create_excel_table", action="change", options={"totals": {"Cost": "max"}})
    assert width(book, "C") == 13, "somebody chose it, as narrow as it is for 3,412,345.25 €"
    assert told.result["notes"][0].startswith("Column C of Sheet1 has a width that somebody chose")
    run(book, "format_excel_cells", range="C2:C4", style={"width": "auto"})
    options = {"totals": {"Cost": "sum"}}
    told = run(book, "create_excel_table", action="change", options=options)
    assert "notes" not in told.result
    assert width(book, "C") >= len("4,612,345.75 €")


def test_a_sum_under_narrow_numbers_is_seen(tmp_path: Path) -> None:
    book = new_book(headers=["Item", "Cost"], rows=[["a", 999], ["b", 999]])
    run(book, "format_excel_cells", range="B2:B3", style={"number_format": "#,##0.00"})
    run(book, "format_excel_cells", range="B2:B3", style={"width": "auto"})
    told = run(book, "write_excel_range", start="B4", rows=[["=SUM(B2:B3)*100"]]).result
    assert told["widened_columns"] == ["B"]
    assert width(book, "B") >= len("199,800.00")


def test_formulas_that_are_filled_down_have_room(tmp_path: Path) -> None:
    book = dated(tmp_path, opened=False)
    run(book, "write_excel_range", start="C4", rows=[[9_000_000_000]])
    run(book, "write_excel_range", start="D2", rows=[["=C2*1"]])
    run(book, "transform_excel_range", action="fill", range="D2:D4")
    assert book.value(book.sheet()["D4"]) == 9_000_000_000
    assert width(book, "D") >= len("9,000,000,000.00 €")


def test_hidden_columns_and_joined_cells_keep_their_width() -> None:
    book = new_book(headers=["Item", "Cost"], rows=[["a", 999]])
    run(book, "edit_excel_sheet", action="layout", target="D:D", options={"hidden": True})
    run(book, "format_excel_cells", range="F1:G1", style={"merge": True})
    run(book, "write_excel_range", start="D1", rows=[["=TODAY()"]])
    run(book, "write_excel_range", start="F1", rows=[["=NOW()"]])
    assert width(book, "D") == 0
    assert width(book, "F") == width(book, "Z")


@pytest.mark.parametrize(
    ("formula", "number_format"),
    [
        ("=B2+30", "yyyy-mm-dd"),
        ("=B2-C2", "yyyy-mm-dd"),
        ("=14+$B$2", "yyyy-mm-dd"),
        ("=B3-B2", "General"),
        ("=30-B2", "General"),
        ("=B2*2", "General"),
        ("=YEAR(B2)+1", "General"),
        ("=D2+1", "General"),
    ],
)
def test_a_date_some_days_on_is_shown_as_a_date(formula: str, number_format: str) -> None:
    rows = [["a", "2026-01-31", 3, "08:30"], ["b", "2026-02-28", 4, "09:30"]]
    book = new_book(headers=["Item", "Date", "Days", "Time"], rows=rows)
    run(book, "write_excel_range", start="F2", rows=[[formula]])
    assert book.sheet()["F2"].number_format == number_format
