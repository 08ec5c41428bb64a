"""What is written over the header of a table names its columns, as in Excel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from service.errors import InvalidValue
from service.workbook.book import Book
from tests.bench import run


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A table with a calculated column and totals, and a sheet that speaks of it."""
    path = tmp_path / "sales.xlsx"
    with xlsxwriter.Workbook(path) as made:
        data, out = made.add_worksheet("Data"), made.add_worksheet("Out")
        for row in range(1, 4):
            data.write_row(row, 0, [f"k{row}", row, row * 10])
        formula = "=Sales[[#This Row],[Qty]]*Sales[[#This Row],[Price '#1]]"
        columns: list[dict[str, Any]] = [
            {"header": "Key"},
            {"header": "Qty", "total_function": "sum"},
            {"header": "Price #1"},
            {"header": "Amount", "formula": formula},
        ]
        data.add_table("A1:D5", {"name": "Sales", "total_row": True, "columns": columns})
        out.write_formula("A1", "=SUM(Sales[Qty])+SUM(Other[Qty])*0")
        out.write_formula("A2", "=SUM(Sales[[Qty]:[Amount]])")
        out.write_formula("A3", '=Sales[[#Headers],[Qty]]&"Sales[Qty]"')
        out.add_table("F1:F2", {"name": "Other", "columns": [{"header": "Qty"}]})
        made.define_name("Prices", "=Sales[Price '#1]")
    return Book.load(path, path.name)


def write(book: Book, start: str, *cells: Any) -> dict[str, Any]:
    return run(book, "write_excel_range", sheet="Data", start=start, rows=[list(cells)]).result


def names(book: Book) -> list[str]:
    table = book.sheet("Data").tables["Sales"]
    shown = [cell.value for cell in book.sheet("Data")[1]]
    saved = [column.name for column in table.tableColumns]
    assert shown == saved, "Excel repairs a file where they differ"
    return saved


def test_all_that_speaks_of_a_column_uses_its_new_name(book: Book, tmp_path: Path) -> None:
    told = write(book, "B1", "Number [pcs]")
    assert told["adjusted"]["formulas"] == 8
    assert names(book) == ["Key", "Number [pcs]", "Price #1", "Amount"]
    book.save(tmp_path / "saved.xlsx")
    saved = openpyxl.load_workbook(tmp_path / "saved.xlsx")
    assert [cell.value for cell in saved["Out"]["A"]] == [
        "=SUM(Sales[Number '[pcs']])+SUM(Other[Qty])*0",
        "=SUM(Sales[[Number '[pcs']]:[Amount]])",
        "=Sales[[#Headers],[Number '[pcs']]]&\"Sales[Qty]\"",
    ]
    own = "Sales[[#This Row],[Number '[pcs']]]*Sales[[#This Row],[Price '#1]]"
    assert saved["Data"]["D2"].value == f"={own}"
    assert saved["Data"]["B5"].value == "=SUBTOTAL(109,[Number '[pcs']])"
    (column,) = [c for c in saved["Data"].tables["Sales"].tableColumns if c.name == "Amount"]
    assert column.calculatedColumnFormula.attr_text == own


def test_values_go_on_being_calculated(book: Book) -> None:
    write(book, "A1", "Item", "Pieces", "Price")
    assert names(book) == ["Item", "Pieces", "Price", "Amount"]
    assert book.value(book.sheet("Out")["A2"]) == 6 + 60 + 140
    assert str(book.xl.defined_names["Prices"].attr_text) == "Sales[Price]"


def test_columns_may_change_names_with_each_other(book: Book) -> None:
    write(book, "B1", "Price #1", "Qty")
    assert names(book) == ["Key", "Price #1", "Qty", "Amount"]
    assert book.sheet("Out")["A2"].value == "=SUM(Sales[[Price '#1]:[Amount]])"


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("amount", "amount2"),
        ("Key", "Key2"),
        (None, "Column1"),
        (2026, "2026"),
        (True, "TRUE"),
        ("2026-01-31", "2026-01-31"),
        ("'=x", "=x"),
        ("Qty", "Qty"),
        ("QTY", "QTY"),
    ],
)
def test_headers_are_texts_and_no_two_are_the_same(book: Book, sent: Any, held: str) -> None:
    told = write(book, "B1", sent)
    assert names(book)[1] == held
    assert book.sheet("Data")["B1"].data_type == "s"
    assert ("notes" in told) == (str(sent).removeprefix("'") != held or not isinstance(sent, str))


@pytest.mark.parametrize("sent", ["=A2", "x" * 256])
def test_what_can_be_no_header_is_refused(book: Book, sent: str) -> None:
    with pytest.raises(InvalidValue, match="names a column of the table Sales"):
        write(book, "B1", sent)
    assert names(book) == ["Key", "Qty", "Price #1", "Amount"]


def test_cells_beside_a_header_are_no_headers(book: Book) -> None:
    told = write(book, "E1", 5)
    assert told == {"written": "E1", "cells": 1}
    assert book.sheet("Data")["E1"].value == 5


def test_a_workbook_with_tables_is_described(book: Book) -> None:
    (told,) = run(book, "describe_excel_file", sheet="Data").result["sheets"]
    assert told["tables"] == {"Sales": "A1:D5"}


def test_a_report_is_made_of_a_table(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "data.xlsx") as made:
        sheet = made.add_worksheet("Data")
        sheet.write_row("A2", ["North", 5])
        sheet.write_row("A3", ["South", 7])
        columns = [{"header": "Region"}, {"header": "Amount"}]
        sheet.add_table("A1:B3", {"name": "Sales", "columns": columns})
    book = Book.load(tmp_path / "data.xlsx", "data.xlsx")
    run(book, "create_excel_report", report="sales_report", sheet="Data")
    summary = book.sheet("Summary")
    formulas = [cell.value for row in summary.iter_rows() for cell in row]
    assert any("Sales[Amount]" in str(text) for text in formulas)
