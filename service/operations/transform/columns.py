"""Columns and rows of a range as people name them, and the values in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue, listed
from service.operations.context import Context
from service.operations.headed import range_of
from service.operations.layout import find_region, fit_columns, has_header_row
from service.operations.transform.options import Task
from service.workbook import cells, serials
from service.workbook.areas import Area, parse_cell, split_sheet
from service.workbook.contents import filled_places, header_of_table, inside, table_areas
from service.workbook.geometry import column_width, has_own_width, set_column_width

MOST_CELLS = 500_000


def area_of(ctx: Context, sheet: str, text: str, *, heads: bool = False) -> tuple[Worksheet, Area]:
    """The sheet and area that are meant; left out, it is the sheet's table or block of data.

    :param heads: with the header, where a column is named by it
    :raises InvalidRange: if there are too many cells
    """
    worksheet, area = range_of(ctx.book, sheet, text.strip(), heads=heads)
    if not text.strip() or not split_sheet(text)[1]:
        tables = table_areas(worksheet)
        region = find_region(ctx.book, worksheet)
        area = tables[0][1] if len(tables) == 1 else region.area if region else area
    if area.cells > MOST_CELLS:
        raise InvalidRange(
            f"{area} has {area.cells:,} cells; at most {MOST_CELLS:,} are transformed at once.",
            "Name the filled part alone, or do it in parts.",
        )
    return worksheet, area


def with_header(task: Task, area: Area) -> bool:
    """Whether the first row of the area holds headers."""
    if task.options.header is not None:
        return task.options.header
    for table, place in table_areas(task.sheet):
        if place.overlaps(area):
            first = place.first_row == area.first_row
            return first and table.headerRowCount != 0
    region = find_region(task.ctx.book, task.sheet)
    if region and region.area.overlaps(area):
        return region.has_headers and region.area.first_row == area.first_row
    return area.rows > 1 and has_header_row(task.ctx.book, task.sheet, area)


def headers_of(sheet: Worksheet, area: Area, row: int) -> list[str]:
    """The texts of one row of an area, "" for blanks."""
    found = []
    for column in range(area.first_column, area.last_column + 1):
        cell = sheet._cells.get((row, column))
        found.append("" if cell is None or cell.value is None else str(cell.value))
    return found


def asked_columns(by: str | int | Sequence[str | int] | None) -> list[str]:
    """The columns of the option ``by`` as a list of texts; commas part those of one text."""
    if by is None:
        return []
    if isinstance(by, str):
        by = by.split(",")
    elif isinstance(by, int):
        by = [by]
    return [str(item).strip() for item in by if str(item).strip()]


def column_named(sheet: Worksheet, area: Area, header_row: int, name: str) -> int:
    """The column of an area that a header or a letter names.

    :param header_row: the row of the headers, 0 for none
    :raises InvalidParameters: listing the columns there are
    """
    headers = headers_of(sheet, area, header_row) if header_row else []
    wanted = name.strip().casefold()
    fitting = [n for n, text in enumerate(headers) if text.strip().casefold() == wanted]
    if len(fitting) == 1:
        return area.first_column + fitting[0]
    letters = [str(get_column_letter(c)) for c in range(area.first_column, area.last_column + 1)]
    if name.strip().upper() in letters:
        return area.first_column + letters.index(name.strip().upper())
    shown = [f"{letter} ({text})" if text else letter for letter, text in _named(letters, headers)]
    raise InvalidParameters(
        f'by: {"several columns are" if fitting else "no column is"} called "{name[:60]}" in '
        f"{area} on {sheet.title}. Columns: {listed(shown)}.",
        "Name a column by its header or its letter.",
    )


def _named(letters: list[str], headers: list[str]) -> list[tuple[str, str]]:
    return list(zip(letters, headers or [""] * len(letters), strict=True))


# Values -----------------------------------------------------------------------


def values_of(ctx: Context, found: Sequence[Cell | None]) -> list[object]:
    """The values of cells, results of formulas among them; the same when it is replayed.

    :raises InvalidValue: naming a formula that can't be calculated
    """
    book = ctx.book
    formulas = {
        (c.row, c.column): c
        for c in found
        if c is not None and (c.data_type == "f" or book.filled(c))
    }
    if not formulas:
        return [None if cell is None else cell.value for cell in found]
    noted = ctx.seen.find(lambda: [_result(ctx, cell) for cell in formulas.values()])
    results = dict(zip(formulas, noted, strict=True))
    values: list[object] = []
    for cell in found:
        if cell is None or (cell.row, cell.column) not in results:
            values.append(None if cell is None else cell.value)
        else:
            values.append(_dated(ctx, cell, results[cell.row, cell.column]))
    return values


def _result(ctx: Context, cell: Cell) -> object:
    computed = ctx.book.computed(cell)
    if computed.unknown:
        raise InvalidValue(
            f"{cell.parent.title}!{cell.coordinate} can't be calculated: {computed.unknown}.",
            "Choose a range without this formula, or write its value in its place.",
        )
    return cells.shown(computed.value) if _odd(computed.value) else computed.value


def _odd(value: object) -> bool:
    return not (value is None or isinstance(value, str | int | float | bool))


def _dated(ctx: Context, cell: Cell, value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return serials.as_date(value, str(cell.number_format), ctx.book.xl.epoch)
    return value


# Where results go -------------------------------------------------------------


def target_of(task: Task, text: str) -> tuple[Worksheet, int, int]:
    """The sheet, row and column of the option ``to``.

    :raises InvalidRange: if it is no cell
    """
    named, reference = split_sheet(text)
    sheet = task.ctx.book.sheet(named) if named else task.sheet
    return sheet, *parse_cell(reference.partition(":")[0])


def refuse_filled(task: Task, sheet: Worksheet, area: Area, but: Area | None = None) -> None:
    """Refuse to overwrite filled cells, unless the option ``force`` says so.

    :param but: cells that may be overwritten: those that are transformed
    :raises InvalidRange: naming some of them
    """
    if task.options.force:
        return
    own = but if but is not None and sheet is task.sheet else None
    names = [
        name
        for name in filled_places(sheet, area)
        if own is None or not own.holds(*parse_cell(name))
    ]
    if names:
        raise InvalidRange(
            f"{area} on {sheet.title} is not empty: {listed(names, 5)}.",
            "Choose another place, or send force=true to overwrite it.",
        )


def refuse_header(sheet: Worksheet, area: Area) -> None:
    """Refuse to overwrite the headers of a table: its columns are called like them.

    :raises InvalidRange: naming the table
    """
    name = header_of_table(sheet, area)
    if name:
        raise InvalidRange(
            f"{area} on {sheet.title} holds headers of the table {name}, which name its columns.",
            "Choose cells under the header row, or another place.",
        )


def is_header(cell: Cell) -> bool:
    """Whether a cell names a column of a table."""
    return bool(header_of_table(cell.parent, Area(cell.row, cell.column, cell.row, cell.column)))


def widen(task: Task, sheet: Worksheet, area: Area) -> None:
    """Make columns wide enough for what was written there; none gets narrower."""
    columns = range(area.first_column, area.last_column + 1)
    before = {c: (column_width(sheet, c), has_own_width(sheet, c)) for c in columns}
    fit_columns(task.ctx.book, sheet, area)
    for column, (width, own) in before.items():
        after = column_width(sheet, column)
        if after < width or own:
            set_column_width(sheet, column, max(width, after), fitted=not own)


def refuse_table_edges(sheet: Worksheet, area: Area, doing: str) -> None:
    """Refuse an area that lies in a table in part only, or holds its header among its rows."""
    for table, place in table_areas(sheet):
        if place.overlaps(area) and not (inside(area, place) or inside(place, area)):
            raise InvalidRange(
                f"{doing} {area} would cut through the table {table.displayName} ({place}).",
                f"Take cells inside of {place}, or the whole of it.",
            )


_DESCENDING = re.compile(r"^(.*?)[\s,:]+(asc|desc|ascending|descending)$", re.IGNORECASE)


def with_direction(text: str) -> tuple[str, bool]:
    """(column, whether descending) of "Amount desc" or "-Amount"."""
    found = _DESCENDING.match(text)
    if found:
        return found[1].strip(), found[2].lower().startswith("desc")
    if text.startswith("-") and len(text) > 1:
        return text[1:].strip(), True
    return text, False
