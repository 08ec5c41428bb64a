"""Putting the rows of a query onto a sheet: ``into`` says where.

Whoever has rows from elsewhere (a query over sheets, a database) calls :func:`landing` with
everything that can be refused, then :meth:`Landing.run` inside ``book.changing()``::

    results = noted(ctx, lambda: fitted(names, rows))  # a replay takes them from the journal
    place = landing(ctx.book, results, into, table=table, overwrite=overwrite)
    with ctx.book.changing():
        place.run(ctx.house(style))
    return Answer(place.told(), sheet=place.sheet)
"""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted, listed
from service.operations.context import Context
from service.operations.landing_rows import add_rows, go_as_bytes
from service.operations.layout import (
    MEASURED_ROWS,
    align_headers,
    check_sheet_name,
    fit_columns,
    style_header,
)
from service.operations.table_making import make_table
from service.workbook.areas import Area, area_at, parse_area, parse_cell
from service.workbook.book import Book
from service.workbook.house import FONT, ISO_DAY, House
from service.workbook.occupancy import is_empty, is_lazy, used_area
from service.workbook.pivots.files import find_pivots
from service.workbook.result_sets import Column, Results, Value
from service.workbook.row_bytes import WRAPPED
from service.workbook.tables.view import checked_name, free_name

Values: TypeAlias = Sequence[Value]
_CELL = re.compile(r"^\$?[A-Za-z]{1,3}\$?\d{1,7}$")
_ONE = Area(1, 1, 1, 1)
_FORMATS = {
    "percent": "0.0%",
    "date": ISO_DAY,
    "datetime": f"{ISO_DAY} hh:mm",
    "time": "hh:mm",
    "duration": "[h]:mm:ss",
}
_AUTO = ("true", "yes", "auto")  # a table whose name the workbook chooses


def noted(ctx: Context, ask: Callable[[], Results]) -> Results:
    """The results of ``ask``; when the operation is replayed, those of the first time."""
    return Results.unpacked(ctx.seen.find(lambda: ask().packed()))


@dataclass
class Landing:
    """Results that have a place on a sheet, everything checked.

    :param new: whether the sheet has to be made
    :param table: the name of the native table to make, "" for none
    """

    book: Book
    results: Results
    sheet: str
    new: bool
    area: Area
    table: str = ""
    notes: list[str] = field(default_factory=list)

    def run(self, house: House) -> None:
        """Write headers and rows. Call it inside ``book.changing()``."""
        xl = self.book.xl
        sheet = xl.create_sheet(self.sheet) if self.new else xl[self.sheet]
        fresh = is_empty(sheet)
        with collecting_later():
            columns, looks = self._looks(sheet, house)
            large = self.new and go_as_bytes(columns, self.area)
            self._write(sheet, looks, MEASURED_ROWS if large else None)
        header = self.area.top(1)
        style_header(sheet, header, house)
        align_headers(sheet, self.area)
        if self.table:
            make_table(sheet, self.area, self.table, self.results.names, house)
        elif fresh and self.results.rows:
            sheet.auto_filter.ref = str(self.area)
        if fresh and self.area.first_row == 1:
            sheet.freeze_panes = "A2"
        self._fit(sheet, fresh=fresh)
        if large:
            with collecting_later():
                rest = [values[MEASURED_ROWS:] for values in columns]
                add_rows(self.book, sheet, rest, looks, self.area)

    def told(self) -> dict[str, Any]:
        """What the answer says of it."""
        found: dict[str, Any] = {
            "into": f"{self.sheet}!{self.area}",
            "rows": len(self.results.rows),
            "columns": {column.name: column.kind for column in self.results.columns},
        }
        if self.table:
            found["table"] = self.table
        notes = [*self.results.notes, *self.notes]
        return found | ({"notes": notes} if notes else {})

    def _looks(self, sheet: Worksheet, house: House) -> tuple[list[Values], list[Cell | None]]:
        """(the values of each column, a cell with the look of each)."""
        columns = self.results.columns
        values: list[Values] = list(zip(*self.results.rows, strict=True)) or [()] * len(columns)
        looks = [
            _look(sheet, format_of(column, held, house), house)
            for column, held in zip(columns, values, strict=True)
        ]
        return values, looks

    def _write(self, sheet: Worksheet, looks: list[Cell | None], most: int | None) -> None:
        first = self.area.first_column
        for number, name in enumerate(self.results.names, first):
            _put(sheet, self.area.first_row, number, name)
        for row, line in enumerate(self.results.rows[:most], self.area.first_row + 1):
            for number, (value, look) in enumerate(zip(line, looks, strict=True), first):
                _put(sheet, row, number, value, look)

    def _fit(self, sheet: Worksheet, *, fresh: bool) -> None:
        for index in range(self.area.columns):
            column = self.area.column(index)
            if fresh or not _holds_more(self.book, sheet, column):
                fit_columns(self.book, sheet, column)


def landing(
    book: Book, results: Results, into: str, *, table: str = "", overwrite: bool = False
) -> Landing:
    """Where results go: a sheet ("Result"), or a cell of one ("Result!B3").

    A sheet that is not there is made. A sheet named alone must be empty; at a cell, nothing
    may be in the way.

    :param table: name of a native table to make of them, "auto" for any, "" for none
    :param overwrite: whether filled cells in the way may be replaced
    :raises InvalidParameters: for a place that is none, or is taken
    :raises InvalidRange: for cells in the way
    """
    if not results.columns:
        raise InvalidParameters("The query gave no columns.", "Select at least one column.")
    title, row, column, whole = _parsed(book, into)
    area = area_at(row, column, len(results.rows) + 1, len(results.columns))
    book.room_for(area.cells)
    new = title.lower() not in {name.lower() for name in book.xl.sheetnames}
    title = check_sheet_name(title, book.xl.sheetnames) if new else book.sheet(title).title
    name = ""
    if table.strip():
        name = free_name(book) if table.strip().lower() in _AUTO else checked_name(book, table)
    place = Landing(book, results, title, new, area, name)
    if name and not results.rows:
        place.area = area_at(row, column, 2, len(results.columns))
        place.notes.append("There are no rows; the table has one blank row.")
    if not new:
        _refuse_taken(place, book.sheet(title), whole=whole, overwrite=overwrite)
    return place


def _parsed(book: Book, into: str) -> tuple[str, int, int, bool]:
    """(sheet, row, column, whether the sheet was named alone) of ``into``."""
    text = into.strip()
    known = {name.lower() for name in book.xl.sheetnames}
    sheet, mark, reference = text.rpartition("!")
    if mark and text.lower() not in known:
        sheet = sheet.strip()
        if len(sheet) > 1 and sheet[0] == sheet[-1] == "'":
            sheet = sheet[1:-1].replace("''", "'")
        row, column = parse_cell(reference.partition(":")[0])
        return sheet, row, column, False
    if _CELL.match(text) and text.lower() not in known:
        if len(book.sheet_names) == 1:
            return book.sheet_names[0], *parse_cell(text), False
        raise InvalidParameters(
            f'into is "{text}", a cell without its sheet. Sheets: {listed(book.sheet_names)}.',
            f'Write the sheet, too, such as "{book.sheet_names[0]}!{text}".',
        )
    return text, 1, 1, True


def _refuse_taken(place: Landing, sheet: Worksheet, *, whole: bool, overwrite: bool) -> None:
    """Refuse a place at which something stands that would be covered."""
    book, area = place.book, place.area
    if whole and not is_empty(sheet):
        raise InvalidParameters(
            f'into: the sheet "{sheet.title}" holds data ({book.used_area(sheet)}).',
            f'Name a new sheet, or a cell beside the data, such as "{sheet.title}!'
            f'{_beside(book, sheet)}"; with overwrite, also a cell of it.',
        )
    for what, other in _fixed(book, sheet):
        if other.overlaps(area):
            raise InvalidRange(
                f"The rows would stand at {sheet.title}!{area}, over {what} ({other}).",
                "Choose another cell or a new sheet.",
            )
    filled = sum(1 for _ in _filled(book, sheet, area))
    if filled and not overwrite:
        raise InvalidRange(
            f"The rows would stand at {sheet.title}!{area}, over {counted(filled, 'filled cell')}.",
            "Choose another cell or a new sheet, or let overwrite replace them.",
        )
    under = Area(area.last_row + 1, area.first_column, area.last_row + 1, area.last_column)
    if filled and any(_filled(book, sheet, under)):
        place.notes.append(f"What stands below, from row {under.first_row} on, was left as it is.")


def _beside(book: Book, sheet: Worksheet) -> str:
    used = book.used_area(sheet)
    one = Area(1, used.last_column + 2, 1, used.last_column + 2)
    return str(one)


def _fixed(book: Book, sheet: Worksheet) -> Iterator[tuple[str, Area]]:
    """What no rows may be written over."""
    for table in sheet.tables.values():
        yield f"the table {table.displayName}", parse_area(str(table.ref), _ONE)
    for m in sheet.merged_cells.ranges:
        yield "merged cells", Area(m.min_row, m.min_col, m.max_row, m.max_col)
    for area in book.filled_areas(sheet):
        yield "an array formula", area
    if book.memory is not None:
        for pivot in find_pivots(book.memory.package):
            if pivot.sheet == sheet.title:
                yield f"the pivot table {pivot.name}", pivot.area


def _filled(book: Book, sheet: Worksheet, area: Area) -> Iterator[Cell]:
    used = book.used_area(sheet)
    for row in range(area.first_row, min(area.last_row, used.last_row) + 1):
        for column in range(area.first_column, min(area.last_column, used.last_column) + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and cell.value is not None:
                yield cell


def _holds_more(book: Book, sheet: Worksheet, mine: Area) -> bool:
    """Whether a column holds other cells than those just written."""
    if is_lazy(sheet):
        return True  # most likely; to look would make all its cells
    column, end = mine.first_column, used_area(sheet).last_row
    rows = [*range(1, mine.first_row), *range(mine.last_row + 1, end + 1)]
    found = (book.cell(sheet, row, column) for row in rows)
    return any(cell is not None and cell.value is not None for cell in found)


# Cells ----------------------------------------------------------------------------


@contextmanager
def collecting_later() -> Iterator[None]:
    """No garbage collection meanwhile: over a million new cells it takes half of the time
    and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def format_of(column: Column, values: Values, house: House) -> str:
    """The number format of a column: its own, that of the user, or that of its kind."""
    if column.number_format:
        return house.dated(column.number_format)
    if column.kind == "decimal":
        return _decimal_format([v for v in values if isinstance(v, int | float)], house)
    if column.kind == "datetime" and any(isinstance(v, dt.datetime) and v.second for v in values):
        return house.dated(f"{ISO_DAY} hh:mm:ss")
    if column.kind == "time" and any(isinstance(v, dt.time) and v.second for v in values):
        return "hh:mm:ss"
    if column.kind == "text":
        signs = any(isinstance(v, str) and v[:1] in ("=", "+", "-", "@") for v in values)
        return "@" if signs else "General"
    return house.dated(_FORMATS.get(column.kind, "General"))


def _decimal_format(numbers: list[int | float], house: House) -> str:
    """Two decimals, unless that would hide what the numbers hold."""
    if house.number_format:
        return house.number_format
    if not numbers or max(map(abs, numbers)) < 1:
        return "General"
    digits = max(len(f"{number:.9f}".rstrip("0").partition(".")[2]) for number in numbers)
    return "#,##0.00" if digits <= 2 or digits > 6 else "General"


def _look(sheet: Worksheet, number_format: str, house: House) -> Cell | None:
    """A cell outside the sheet that carries format and font, to copy its style from."""
    if number_format == "General" and house.font == FONT:
        return None
    cell = Cell(sheet, 1, 1)
    cell.number_format = number_format
    if house.font != FONT:
        cell.font = Font(name=house.font, size=11)
    return cell


def _put(sheet: Worksheet, row: int, column: int, value: Value, look: Cell | None = None) -> None:
    """Write a value as it is: a text that starts with = is no formula."""
    there = sheet._cells.get((row, column))
    if value is None and there is None:
        return
    cell = Cell(sheet, row, column) if there is None else there
    if there is not None:
        there.value = None
    cell._value = value
    cell.data_type = _data_type(value)
    if look is not None:
        cell._style = look._style.__copy__()  # a cell changes its style in place
    elif there is not None:
        cell.number_format = "General"
    if isinstance(value, str) and "\n" in value:
        cell.alignment = WRAPPED
    if there is None:
        sheet._cells[(row, column)] = cell
        sheet._current_row = max(sheet._current_row, row)


def _data_type(value: Value) -> str:
    if isinstance(value, str):
        return "s"
    if isinstance(value, bool):
        return "b"
    return "d" if isinstance(value, dt.date | dt.time | dt.timedelta) else "n"
