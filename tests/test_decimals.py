"""Numbers with decimals stand one under the other, where nothing has to be guessed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.workbook.book import Book
from tests.bench import new_book, run

TWO, ONE = "#,##0.00", "#,##0.0"


def formats(book: Book, column: str = "A") -> list[str]:
    return [str(cell.number_format) for cell in book.sheet()[column][1:]]


@pytest.mark.parametrize(
    ("header", "values", "wanted"),
    [
        ("Length", [12.5, 3.25, 4], [TWO] * 3),
        ("Grade", [1.5, 2, 3.7], [ONE] * 3),
        ("Price", [1.5, 2, 3.7], [TWO] * 3),
        ("Cost (EUR)", [1.5], [TWO]),
        ("Einzelpreis", [1.5], [TWO]),
        ("Preis_netto", [1.5], [TWO]),
        ("Internet hours", [1.5], [ONE]),
        ("Presales hours", [1.5], [ONE]),
        ("Price", [100, 200], ["General"] * 2),
        ("Year", [2025, 2026], ["General"] * 2),
        ("Measured", [0.199, 12, 7.25], ["General"] * 3),
        ("Latitude", [48.1374, 11.5], ["General"] * 2),
        ("Share", ["12.5%", 3.5], ["0.0%", ONE]),
        ("Mixed", ["none", 3.5, None, True], ["General", ONE, "General", "General"]),
        ("Sum", [3.5, "=A2*2", "=COUNT(A2)"], [ONE, ONE, "General"]),
    ],
)
@pytest.mark.parametrize("opened", [False, True])
def test_a_column_is_shown_with_the_decimals_it_has(
    tmp_path: Path, header: str, values: list[Any], wanted: list[str], opened: bool
) -> None:
    book = new_book(headers=[header], rows=[[value] for value in values])
    if opened:
        book.save(tmp_path / "a.xlsx")
        book = Book.load(tmp_path / "a.xlsx", "a.xlsx")
    found = formats(book)
    assert [f if f != "0.00%" else "0.0%" for f in found] == wanted


def test_what_is_calculated_from_such_numbers_is_shown_like_them() -> None:
    rows = [["2026-01-31", 12.5, 3, "=B2*C2", "=A2+14", "=C2/B2"]]
    book = new_book(headers=["Day", "Price", "Qty", "Total", "Due", "Rate"], rows=rows)
    assert [formats(book, c)[0] for c in "ABCDEF"] == [
        "yyyy-mm-dd", TWO, "General", TWO, "yyyy-mm-dd", "General"
    ]  # fmt: skip


def test_rows_that_follow_look_alike_and_a_format_that_is_given_wins() -> None:
    book = new_book(headers=["Item", "Price"], rows=[["a", 12.5], ["b", 3]])
    run(book, "write_excel_range", start="append", rows=[["c", 7]])
    assert formats(book, "B") == [TWO] * 3
    run(book, "format_excel_cells", range="Price", style={"number_format": "0.000"})
    assert formats(book, "B") == ["0.000"] * 3


def test_imports_look_alike() -> None:
    book = Book.blank("x.xlsx")
    text = "Length,Grade,Price,Latitude\n12.5,1.5,3.5,48.1374\n3.25,2,4,11.5\n"
    run(book, "import_csv_to_excel", source=text)
    assert [formats(book, c)[1] for c in "ABCD"] == [TWO, ONE, TWO, "General"]
    assert book.sheet()["A2"].value == 12.5
