"""What one formula fills is written over as a whole, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from service.errors import InvalidRange
from service.workbook import book as book_module
from service.workbook.book import Book
from service.workbook.keeping.loader import load
from service.workbook.occupancy import is_lazy
from tests.bench import new_book, run


@pytest.fixture(params=["whole", "lazy"])
def book(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Book:
    """An array formula in E1:E3 and a what-if table in H1:H4, also on a sheet read in blocks."""
    if request.param == "lazy":
        monkeypatch.setattr(book_module, "load", lambda package: load(package, 1))
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    for row in range(1, 400):
        sheet.append([row])
    sheet["E1"] = ArrayFormula("E1:E3", "=A1:A3*10")
    sheet["H1"] = DataTableFormula("H1:H4", r1="A1")
    xl.save(tmp_path / "filled.xlsx")
    book = Book.load(tmp_path / "filled.xlsx", "filled.xlsx")
    assert is_lazy(book.sheet()) == (request.param == "lazy")
    return book


def write(book: Book, start: str, *rows: Any) -> None:
    run(book, "write_excel_range", start=start, rows=[[value] for value in rows])


@pytest.mark.parametrize("start", ["E1", "E2", "H3", "H4"])
def test_a_part_of_it_is_refused(book: Book, start: str) -> None:
    with pytest.raises(InvalidRange, match="which one formula fills"):
        write(book, start, 7)


def test_all_of_it_is_replaced(book: Book) -> None:
    assert book.value(book.sheet()["E2"]) == 20
    write(book, "E1", 1, 2, 3)
    assert [book.value(book.sheet().cell(row, 5)) for row in (1, 2, 3)] == [1, 2, 3]
    write(book, "E2", 5)
    assert book.value(book.sheet()["E2"]) == 5


def test_cells_beside_it_are_free(book: Book) -> None:
    write(book, "E4", 7)
    write(book, "H5", 7)
    assert book.value(book.sheet()["E4"]) == 7


def test_what_a_dynamic_array_spills_may_be_written_over() -> None:
    book = new_book(headers=["n"], rows=[[1], [2], [3]])
    write(book, "C1", "=SORT(A2:A4,1,-1)")
    book.spill()  # as the engine does before each operation
    assert [cell.value for cell in book.sheet()["C"][1:3]] == [2, 1]
    write(book, "C2", 9)
    book.spill()
    assert [cell.value for cell in book.sheet()["C"][1:]] == [9, None, None]
    write(book, "C1", 8)
    assert [book.value(cell) for cell in book.sheet()["C"][:2]] == [8, 9]
