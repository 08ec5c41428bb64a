"""Headers of tables: what a cell and its column are both called."""

from __future__ import annotations

import datetime as dt

from openpyxl.worksheet.table import TableColumn
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book


def texts(book: Book, sheet: Worksheet, row: int, columns: range) -> list[str]:
    """The texts of a row of headers as they show; "" for blanks."""
    found = []
    for column in columns:
        cell = book.cell(sheet, row, column)
        value = book.value(cell) if cell is not None else None
        found.append(_text(value))
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def unique(wanted: list[str], taken: list[str] | None = None) -> list[str]:
    """Names for columns as Excel gives them: Column1 for a blank, Amount2 for a second Amount."""
    used = {name.lower() for name in taken or []}
    found = []
    for place, name in enumerate(wanted, start=1):
        base, number = (name, 2) if name else ("Column", place)
        candidate = name or f"Column{place}"
        while candidate.lower() in used:
            candidate, number = f"{base}{number}", number + 1
        used.add(candidate.lower())
        found.append(candidate)
    return found


def put(sheet: Worksheet, row: int, first: int, names: list[str]) -> list[str]:
    """Write names into cells of headers; the places of those that changed."""
    changed = []
    for column, name in enumerate(names, first):
        cell = sheet.cell(row, column)
        if cell.data_type != "s" or str(cell.value) != name:
            changed.append(cell.coordinate)
            cell.value = name
            cell.data_type = "s"
            cell.number_format = "General"
    return changed


def new_columns(names: list[str], first_id: int = 1) -> list[TableColumn]:
    """Columns of these names."""
    return [TableColumn(id=number, name=name) for number, name in enumerate(names, first_id)]
