"""Very large sheets: cells are made when they are asked for, and no answer shows it."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from service.workbook import book as book_module
from service.workbook.book import Book
from service.workbook.calculation import first
from service.workbook.calculation import values as values_module
from service.workbook.calculation.problem import Problem
from service.workbook.keeping.lazy import BLOCK, LazyCells
from service.workbook.keeping.loader import load
from tests.bench import run

ROWS = 1500  # of which a block is a small part


@pytest.fixture
def file(tmp_path: Path) -> Path:
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    sheet.append(["Order", "Day", "Region", "Sum", "Paid", "Double"])
    for row in range(2, ROWS + 2):
        day = dt.datetime(2026, 1, 1) + dt.timedelta(days=row % 90)
        sheet.append([row, day, f"Region {row % 4}", row * 1.5, row % 3 == 0, f"=D{row}*2"])
    sheet["C700"].font = Font(bold=True)
    sheet.row_dimensions[900].height = 40
    sheet.merge_cells("H2:I3")
    xl.create_sheet("Notes")["A1"] = "kept"
    xl.save(tmp_path / "large.xlsx")
    return tmp_path / "large.xlsx"


@pytest.fixture(params=["all at once", "when asked for"])
def book(file: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Book:
    lazy = request.param == "when asked for"
    if lazy:
        monkeypatch.setattr(book_module, "load", lambda package: load(package, 1000))
    book = Book.load(file, "large.xlsx")
    assert isinstance(book.sheet("Sheet")._cells, LazyCells) == lazy
    return book


def _unmade(book: Book) -> int:
    cells = book.sheet("Sheet")._cells
    return 0 if not isinstance(cells, LazyCells) else cells.rows.numbers[-1] * 6 - cells.opened


def _saved(book: Book, folder: Path) -> Any:
    book.save(folder / "saved.xlsx")
    return openpyxl.load_workbook(folder / "saved.xlsx")


def test_edits_here_and_there_are_saved_and_nothing_else_changes(
    book: Book, file: Path, tmp_path: Path
) -> None:
    run(book, "write_excel_range", sheet="Sheet", start="C800", rows=[["Changed", 5]])
    run(book, "write_excel_range", sheet="Sheet", start="append", rows=[["New", None, "Last", 1]])
    run(book, "format_excel_cells", sheet="Sheet", range="A1:F1", style={"italic": True})
    before, after = openpyxl.load_workbook(file)["Sheet"], _saved(book, tmp_path)["Sheet"]
    changed = {
        cell.coordinate
        for row in after.iter_rows()
        for cell in row
        if cell.value != before[cell.coordinate].value
    }
    last = ROWS + 2
    assert changed == {"C800", "D800", f"A{last}", f"C{last}", f"D{last}"}
    assert after["A1"].font.i
    assert after["C700"].font.b
    assert after.row_dimensions[900].height == 40
    assert [str(area) for area in after.merged_cells.ranges] == ["H2:I3"]


def test_answers_are_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read, described and found, with edits in between, at random."""
    whole = Book.load(file, "large.xlsx")
    monkeypatch.setattr(book_module, "load", lambda package: load(package, 1000))
    lazy = Book.load(file, "large.xlsx")
    chance = random.Random(4)
    for _ in range(12):
        row, column = chance.randrange(1, ROWS + 3), chance.choice("ABCDE")
        value = chance.choice([None, 7, "text", "2026-05-05", f"=D{row}+1"])
        calls: list[tuple[str, dict[str, Any]]] = [
            ("write_excel_range", {"start": f"{column}{row}", "rows": [[value]]}),
            ("read_excel_range", {"range": f"A{max(1, row - 3)}:F{row + 3}"}),
            ("describe_excel_file", {}),
        ]
        for name, given in calls:
            answers = [run(book, name, sheet="Sheet", **given).result for book in (whole, lazy)]
            assert answers[0] == answers[1]


def test_a_look_and_a_few_edits_make_few_cells(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "load", lambda package: load(package, 1000))
    book = Book.load(file, "large.xlsx")
    run(book, "read_excel_range", sheet="Sheet", range="A700:C705", what="formulas")
    run(book, "write_excel_range", sheet="Sheet", start="C1200", rows=[["Changed"]])
    assert _unmade(book) > ROWS * 6 * 0.6


def test_an_edit_of_a_sheet_without_formulas_makes_few_cells(tmp_path: Path) -> None:
    xl = openpyxl.Workbook(write_only=True)
    sheet = xl.create_sheet("Sheet")
    for row in range(ROWS):
        sheet.append([row, f"text {row}", None, row / 7, row, row])
    xl.save(tmp_path / "plain.xlsx")
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(book_module, "load", lambda package: load(package, 1000))
        book = Book.load(tmp_path / "plain.xlsx", "plain.xlsx")
    run(book, "write_excel_range", start="B1300", rows=[["Changed"]])
    answer = run(book, "describe_excel_file").result
    book.save(tmp_path / "saved.xlsx")
    assert _unmade(book) > ROWS * 5 * 0.6
    assert answer["sheets"][0]["rows"] == ROWS
    assert openpyxl.load_workbook(tmp_path / "saved.xlsx")["Sheet"]["B1300"].value == "Changed"


def test_structure_changes_find_the_way_through(book: Book, tmp_path: Path) -> None:
    run(book, "write_excel_range", sheet="Sheet", start="C800", rows=[["Changed", 5]])
    run(book, "edit_excel_sheet", sheet="Sheet", action="insert_rows", target="10:11")
    after = _saved(book, tmp_path)["Sheet"]
    assert (after["C802"].value, after["D802"].value) == ("Changed", 5)
    assert after["F802"].value == "=D802*2"
    assert after["A10"].value is None
    assert after.row_dimensions[902].height == 40


def test_one_changed_number_has_its_own_formulas_calculated_and_no_others(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All formulas keep the values that the file holds, and their cells are never made."""
    calculated = tmp_path / "calculated.xlsx"
    Book.load(file, "large.xlsx").save(calculated)
    monkeypatch.setattr(book_module, "load", lambda package: load(package, 1000))
    monkeypatch.setattr(values_module, "_MOST_SETTLED", 100)  # as if it had very many formulas
    book = Book.load(calculated, "large.xlsx")
    given: list[int] = []
    monkeypatch.setattr(first, "calculate", _counting(first.calculate, given))
    run(book, "write_excel_range", sheet="Sheet", start="D800", rows=[[7]])
    assert book.values["Sheet", 800, 6].value == 14
    assert book.values["Sheet", 900, 6].value == 900 * 3
    assert set(given) == {1}
    saved = tmp_path / "saved.xlsx"
    book.save(saved)
    assert _unmade(book) > 5 * BLOCK * 6
    sheet = openpyxl.load_workbook(saved, data_only=True)["Sheet"]
    found = {row: sheet.cell(row, 6).value for row in range(2, ROWS + 2)}
    assert found == {row: 14 if row == 800 else row * 3 for row in found}


def _counting(calculate: Any, given: list[int]) -> Any:
    def counted(problem: Problem, until: float) -> Any:
        given.append(len(problem.tasks))
        return calculate(problem, until)

    return counted
