"""Headers of tables: what a cell and its column are both called."""

from __future__ import annotations

import datetime as dt

from openpyxl.worksheet.table import TableColumn
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.tables.formulas import renamed_column, rewrite
from service.workbook.tables.view import View


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


def rename(book: Book, view: View, place: int, name: str) -> int:
    """Give a column another name, in its cell and in all formulas; how many of those changed."""
    column = view.columns[place]
    old, column.name = str(column.name), name
    if view.headers:
        put(view.sheet, view.area.first_row, view.area.first_column + place, [name])
    return rewrite(book, view.name, renamed_column(view.name, old, name))


def sync(book: Book, sheet: Worksheet, written: Area) -> bool:
    """Let columns of tables be called as the headers that were written over.

    Call it inside ``book.changing()``, after the write.

    :return: whether any column has another name now
    """
    renamed = False
    for table in sheet.tables.values():
        view = View(sheet, table)
        if not view.headers or not view.area.top(1).overlaps(written):
            continue
        row, area = view.area.first_row, view.area
        cells = [sheet.cell(row, c) for c in range(area.first_column, area.last_column + 1)]
        names = unique([_text(cell.value) for cell in cells])
        for place, (old, new) in enumerate(zip(view.names, names, strict=True)):
            if old != new:
                rename(book, view, place, new)
                renamed = True
        put(sheet, row, area.first_column, names)
    return renamed
