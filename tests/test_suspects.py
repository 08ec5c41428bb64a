"""What describe_excel_file finds odd about columns, and which tables it finds."""

from __future__ import annotations

from typing import Any

import pytest

from service.workbook.book import Book
from service.workbook.suspects import suspects
from tests.bench import new_book, run


@pytest.mark.parametrize(
    ("header", "values", "words"),
    [
        ("Amount", [1, 2, 3, "4"], '1 text such as "4" read as numbers'),
        ("Day", ["03/04/2026", "05/06/2026"], "day or month first"),
        ("Amount", [*range(40), 5000], "1 outlier far from the others: 5000"),
        ("Customer ID", [*range(40), 7], "1 duplicate among keys, such as 7"),
        ("Region", ["North", "north", "South"], "1 text written in several ways"),
        ("Rate", ["#N/A", 2], "1 error (#N/A)"),
        ("Mixed", [1, "two", 3, "four"], "mixed (2 number, 2 text)"),
    ],
)
def test_what_is_odd_is_told(header: str, values: list[Any], words: str) -> None:
    (note,) = suspects(header, values, "General")
    assert words in note


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Amount", [*range(40)]),
        ("Year", [2024] * 30),
        ("Region", ["North", "South"] * 20),
        ("Customer ID", [*range(40)]),
        ("Blank", []),
    ],
)
def test_a_usual_column_is_not_odd(header: str, values: list[Any]) -> None:
    assert suspects(header, values, "General") == []


def test_a_description_tells_odd_columns_and_several_tables() -> None:
    rows = [[number, f"Town {number}", 10] for number in range(1, 30)]
    book: Book = new_book(headers=["ID", "Name", "People"], rows=[*rows, [1, "Town 30", 99_999]])
    described = run(book, "describe_excel_file").result["sheets"][0]
    assert described["columns"][0]["suspicious"] == ["1 duplicate among keys, such as 1"]
    assert "tables_found" not in described
    run(book, "write_excel_range", start="F3", rows=[["Kind", "Note"], ["a", 1], ["b", 2]])
    described = run(book, "describe_excel_file").result["sheets"][0]
    assert described["tables_found"] == {
        "sheet1": {"at": "A1:C31", "rows": 30, "headers": ["ID", "Name", "People"]},
        "sheet1_2": {"at": "F3:G5", "rows": 2, "headers": ["Kind", "Note"]},
    }


def test_a_row_of_totals_counts_in_no_column() -> None:
    rows = [[f"Item {n}", n] for n in range(1, 21)]
    book = new_book(headers=["Item", "Amount"], rows=[*rows, ["Total", "=SUM(B2:B21)"]])
    (described,) = run(book, "describe_excel_file").result["sheets"]
    assert (described["rows"], described["totals_row"]) == (20, 22)
    amount = described["columns"][1]
    assert (amount["max"], "suspicious" in amount) == (20, False)
    assert described["data_range"] == "A1:B22"
