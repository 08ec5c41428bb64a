"""Columns grow where what was entered would show as ####: numbers and dates, results among them.

A width that somebody gave a column stays, as in Excel; that it is too small is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from openpyxl.cell.cell import Cell
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.layout import cell_width
from service.workbook.areas import MAX_COLUMN, Area
from service.workbook.book import Book
from service.workbook.calculation.results import Computed, Values
from service.workbook.geometry import column_width, has_own_width, is_fitted, widen_column

_WIDEST = 255.0
# Up to here results are worked out for it. The answer tells of failing formulas then, too, so
# nothing is calculated twice; a longer calculation no write waits for.
_FORMULAS, _CELLS, _SECONDS = 2_000, 20_000, 0.3


class Room(NamedTuple):
    """What became of columns.

    :param widened: those that were fitted before; of the others nobody has thought yet
    :param notes: about those that are too narrow, and stay so
    """

    widened: list[str]
    notes: list[str]


def make_room(ctx: Context, sheet: Worksheet, area: Area) -> Room:
    """Widen the columns of ``area`` as far as its numbers and dates need.

    To be called after the change. Plain numbers never show as ####, so nothing is done for them.
    """
    found = {column: list(_candidates(sheet, area, column)) for column in _columns(area)}
    if any(_is_result(cell) for cells in found.values() for cell in cells):
        widths = ctx.seen.find(lambda: _widths(sheet, found, _results(ctx.book)))
    else:
        widths = _widths(sheet, found, {})
    columns = {column_index_from_string(letter): width for letter, width in widths.items()}
    kept = [column for column in columns if has_own_width(sheet, column)]
    fitted = [get_column_letter(column) for column in columns if is_fitted(sheet, column)]
    for column in columns.keys() - set(kept):
        widen_column(sheet, column, columns[column])
    return Room(fitted, [_too_narrow(sheet, kept)] if kept else [])


def _too_narrow(sheet: Worksheet, columns: list[int]) -> str:
    names = ", ".join(get_column_letter(column) for column in columns)
    few = len(columns) == 1
    return (
        f"{'Column' if few else 'Columns'} {names} of {sheet.title} {'has a' if few else 'have'} "
        f"{'width' if few else 'widths'} that somebody chose; numbers show as #### there. "
        'To widen: format_excel_cells with style {"width": "auto"}.'
    )


def _columns(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


def _candidates(sheet: Worksheet, area: Area, column: int) -> Iterator[Cell]:
    """The cells of a column that may show as ####; of plain numbers that look alike, extremes."""
    merged = [r for r in sheet.merged_cells.ranges if r.min_col <= column <= r.max_col > r.min_col]
    least: dict[tuple[int, int, int], Cell] = {}
    most: dict[tuple[int, int, int], Cell] = {}
    for row in range(area.first_row, area.last_row + 1):
        cell = sheet._cells.get((row, column))
        if cell is None or not cell.has_style or not cell._style.numFmtId:
            continue
        if any(r.min_row <= row <= r.max_row for r in merged):
            continue
        if cell.data_type == "f":
            yield cell
        elif isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
            look = (cell._style.numFmtId, cell._style.fontId, cell._style.alignmentId)
            if look not in most or cell.value > most[look].value:
                most[look] = cell
            if look not in least or cell.value < least[look].value:
                least[look] = cell
        elif cell.data_type == "d":
            most[cell._style.numFmtId, cell._style.fontId, cell._style.alignmentId] = cell
    yield from (*most.values(), *least.values())


def _is_result(cell: Cell) -> bool:
    """Whether the width it needs depends on its result: a date's depends on the format alone."""
    return bool(cell.data_type == "f" and not is_date_format(str(cell.number_format)))


def _results(book: Book) -> Values:
    small = book.formula_count() <= _FORMULAS and book.cell_count() <= _CELLS
    return book.calculation.known if small and book.calculated_within(_SECONDS) else {}


def _widths(sheet: Worksheet, found: dict[int, list[Cell]], values: Values) -> dict[str, float]:
    """The widths of the columns that are too narrow, by letter."""
    usual = column_width(sheet, MAX_COLUMN)
    widths = {}
    for column, cells in found.items():
        width = column_width(sheet, column)
        # Who gave a column its width may have meant to leave no margin.
        margin = 1.0 if width == usual else 0.0
        needed = max((_needed(cell, values) + margin for cell in cells), default=0.0)
        if 0 < width < needed:
            widths[str(get_column_letter(column))] = min(needed, _WIDEST)
    return widths


def _needed(cell: Cell, values: Values) -> float:
    """The characters a cell needs so that it is not shown as ####; 0 where it never is."""
    alignment = cell.alignment
    if alignment.textRotation or alignment.shrink_to_fit:
        return 0.0
    address = (cell.parent.title, cell.row, cell.column)
    if cell.data_type == "f" and not _is_result(cell):
        return cell_width(cell, {address: Computed(1.0)})
    if cell.data_type == "f":
        computed = values.get(address, Computed(unknown="not calculated"))
        if computed.unknown or isinstance(computed.value, str | bool | None):
            return 0.0
    return cell_width(cell, values)
