"""The editors that do the steps: this project's, and excelize."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import excelize
from openpyxl.utils import get_column_letter

from service.workbook.areas import Area, parse_cell
from service.workbook.book import Book
from tests.bench import run
from tests.differential.steps import (
    Append,
    Clear,
    Format,
    Lines,
    Save,
    Sheets,
    Step,
    Write,
)


def area_of(step: Write | Format | Clear) -> Area:
    """The cells that a step is about."""
    if isinstance(step, Write):
        rows, columns = len(step.rows), max(map(len, step.rows))
    else:
        rows, columns = step.rows, step.columns
    return Area(step.row, step.column, step.row + rows - 1, step.column + columns - 1)


class Ours:
    """This project's workbook, through its operations."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.book = Book.load(path, path.name)
        self._folder = folder
        self._saves = 0

    def apply(self, step: Step) -> Step:
        """Do a step; the step as another editor is to do it."""
        if isinstance(step, Write):
            self._write(step)
        elif isinstance(step, Append):
            return self._append(step)
        elif isinstance(step, Format):
            self._format(step)
        elif isinstance(step, Clear):
            blank = [[None] * step.columns] * step.rows
            start = f"{get_column_letter(step.column)}{step.row}"
            run(self.book, "write_excel_range", sheet=step.sheet, start=start, rows=blank)
        elif isinstance(step, Lines | Sheets):
            self._structure(step)
        else:
            self.save()
        return step

    def save(self) -> Path:
        """Save, and go on with the file."""
        self._saves += 1
        path = self._folder / f"ours-{self._saves}.xlsx"
        self.book.save(path)
        self.book = Book.load(path, path.name)
        return path

    def _write(self, step: Write) -> None:
        start = f"{get_column_letter(step.column)}{step.row}"
        rows = [[_kept(value) for value in row] for row in step.rows]
        run(self.book, "write_excel_range", sheet=step.sheet, start=start, rows=rows)
        self._format(step)

    def _format(self, step: Write | Format) -> None:
        style = {"bold": step.bold, "number_format": step.number_format}
        area = str(area_of(step))
        run(self.book, "format_excel_cells", sheet=step.sheet, range=area, style=style)

    def _append(self, step: Append) -> Step:
        rows = [[_kept(value) for value in step.values]]
        answer = run(self.book, "write_excel_range", sheet=step.sheet, start="append", rows=rows)
        row, column = parse_cell(str(answer.result["written"]).partition(":")[0])
        told = Write(step.sheet, row, column, (step.values,))
        self._format(told)
        return told

    def _structure(self, step: Lines | Sheets) -> None:
        run(self.book, "edit_excel_sheet", **_parameters(step))


def _kept(value: Any) -> Any:
    """As the operation is to take it: only formulas begin with =."""
    return value if not isinstance(value, str) or value.startswith("=") else f"'{value}"


def _parameters(step: Lines | Sheets) -> dict[str, Any]:
    """A step as edit_excel_sheet takes it."""
    if isinstance(step, Lines):
        first = str(step.first) if step.axis == "rows" else get_column_letter(step.first)
        action = f"{step.action}_{step.axis}"
        return {"action": action, "sheet": step.sheet, "target": first, "count": step.count}
    told: dict[str, Any] = {"action": step.action, "sheet": step.sheet}
    if step.action in ("rename", "copy"):
        told["new_name"] = step.to
    if step.action in ("add", "copy"):
        told["position"] = "last"
    if step.action == "move":
        told["position"] = str(step.position + 1)
    return told


class Excelize:
    """The library in Go, which shifts references when rows and columns come and go."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._file = excelize.open_file(str(path))
        self._folder = folder
        self._saves = 0
        self._styles: dict[tuple[bool, str], int] = {}

    def apply(self, step: Step) -> None:
        if isinstance(step, Write):
            self._write(step)
        elif isinstance(step, Format):
            self._format(step)
        elif isinstance(step, Clear):
            for row, column in _cells(area_of(step)):
                self._file.set_cell_value(step.sheet, _name(row, column), None)
        elif isinstance(step, Lines):
            self._lines(step)
        elif isinstance(step, Save):
            self.save()
        else:
            raise TypeError(step)

    def save(self) -> Path:
        self._saves += 1
        path = self._folder / f"theirs-{self._saves}.xlsx"
        self._file.save_as(str(path))
        self._file.close()
        self._file = excelize.open_file(str(path))
        self._styles.clear()
        return path

    def _write(self, step: Write) -> None:
        for down, row in enumerate(step.rows):
            for across, value in enumerate(row):
                place = _name(step.row + down, step.column + across)
                self._file.set_cell_value(step.sheet, place, None)  # a formula would stay
                if isinstance(value, str) and value.startswith("="):
                    self._file.set_cell_formula(step.sheet, place, value.removeprefix("="))
                else:
                    self._file.set_cell_value(step.sheet, place, value)
        self._format(step)

    def _format(self, step: Write | Format) -> None:
        key = step.bold, step.number_format
        if key not in self._styles:
            self._styles[key] = self._file.new_style(
                excelize.Style(font=excelize.Font(bold=key[0]), custom_num_fmt=key[1])
            )
        area = area_of(step)
        first = _name(area.first_row, area.first_column)
        last = _name(area.last_row, area.last_column)
        self._file.set_cell_style(step.sheet, first, last, self._styles[key])

    def _lines(self, step: Lines) -> None:
        letter = get_column_letter(step.first)
        if step.action == "insert" and step.axis == "rows":
            self._file.insert_rows(step.sheet, step.first, step.count)
        elif step.action == "insert":
            self._file.insert_cols(step.sheet, letter, step.count)
        for _ in range(step.count if step.action == "delete" else 0):
            if step.axis == "rows":
                self._file.remove_row(step.sheet, step.first)
            else:
                self._file.remove_col(step.sheet, letter)


def _name(row: int, column: int) -> str:
    return f"{get_column_letter(column)}{row}"


def _cells(area: Area) -> list[tuple[int, int]]:
    rows = range(area.first_row, area.last_row + 1)
    columns = range(area.first_column, area.last_column + 1)
    return [(row, column) for row in rows for column in columns]
