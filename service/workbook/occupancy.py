"""Which cells of a sheet hold something, also where not all cells have been made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from operator import itemgetter
from typing import Any

from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.keeping.lazy import LazyCells


def is_lazy(sheet: Worksheet) -> bool:
    """Whether the sheet is so large that its cells are made when they are asked for."""
    return isinstance(sheet._cells, LazyCells)


def count_cells(sheet: Worksheet) -> int:
    """How many cells a sheet holds, formatted blanks among them."""
    cells = sheet._cells
    return cells.count(b"c", lambda _: True) if isinstance(cells, LazyCells) else len(cells)


def count_made(sheet: Worksheet) -> int:
    """The same without those of rows that follow the sheet's part and were not asked for yet."""
    cells = sheet._cells
    held = isinstance(cells, LazyCells) and cells.rows.held
    return count_cells(sheet) - (cells.unmade() if held else 0)


def formula_cells(sheet: Worksheet) -> Iterable[tuple[tuple[int, int], Any]]:
    """The cells with formulas, with their places."""
    cells = sheet._cells
    if isinstance(cells, LazyCells):
        return cells.formula_cells()
    return ((place, cell) for place, cell in cells.items() if cell.data_type == "f")


def count_formulas(sheet: Worksheet) -> int:
    """How many cells of a sheet hold formulas."""
    cells = sheet._cells
    if isinstance(cells, LazyCells):
        return cells.count(b"f", lambda cell: bool(cell.data_type == "f"))
    return sum(cell.data_type == "f" for cell in cells.values())


def filling_formulas(sheet: Worksheet) -> list[Any]:
    """The cells whose formula is for several cells: array formulas and data tables."""
    cells = sheet._cells
    among = cells.filling_cells() if isinstance(cells, LazyCells) else cells.values()
    return [cell for cell in among if isinstance(cell._value, ArrayFormula | DataTableFormula)]


def is_empty(sheet: Worksheet) -> bool:
    """Whether no cell of the sheet has a value."""
    cells = sheet._cells
    if isinstance(cells, LazyCells):
        return cells.used() == (0, 0)
    return not any(cell.value is not None for cell in cells.values())


def used_area(sheet: Worksheet) -> Area:
    """The smallest area from A1 that holds all cells with a value; A1 of an empty sheet."""
    cells = sheet._cells
    if isinstance(cells, LazyCells):
        last_row, last_column = cells.used()
        return Area(1, 1, max(last_row, 1), max(last_column, 1))
    filled = [place for place, cell in cells.items() if cell.value is not None]
    rows = max(map(itemgetter(0), filled), default=1)
    return Area(1, 1, rows, max(map(itemgetter(1), filled), default=1))


def main_block(sheet: Worksheet) -> Area | None:
    """The sheet's main block of data, or None on an empty sheet.

    It starts at the first row with at least two neighbouring filled cells (or the first
    filled cell, where no row has two) and goes on down to the first blank row.
    """
    cells = sheet._cells
    if isinstance(cells, LazyCells):
        return _main_block_of_many(sheet, cells)
    filled: dict[int, set[int]] = {}  # columns by row
    for (row, column), cell in cells.items():
        if cell.value is not None:
            filled.setdefault(row, set()).add(column)
    return _block_among(filled) if filled else None


def _block_among(filled: Mapping[int, Set[int]]) -> Area:
    """The main block, where these columns of these rows are filled."""
    none: Set[int] = frozenset()
    paired = (row for row in sorted(filled) if any(c + 1 in filled[row] for c in filled[row]))
    first = next(paired, min(filled))
    left = right = min(filled[first])
    while right + 1 in filled[first] or right + 1 in filled.get(first + 1, none):
        right += 1
    last, columns = first, range(left, right + 1)
    while not filled.get(last + 1, none).isdisjoint(columns):
        last += 1
    return Area(first, left, last, right)


def _width(filled: set[tuple[int, int]], first: int) -> tuple[int, int]:
    """(first, last column) of the block whose first row that is."""
    left = right = min(column for row, column in filled if row == first)
    while (first, right + 1) in filled or (first + 1, right + 1) in filled:
        right += 1
    return left, right


def _main_block_of_many(sheet: Worksheet, cells: LazyCells) -> Area | None:
    """As :func:`main_block`, making cells of the first rows alone."""
    used = used_area(sheet)
    filled: set[tuple[int, int]] = set()
    first = 0
    for row in range(1, used.last_row + 1):
        filled |= {(row, c) for c in range(1, used.last_column + 1) if _value(cells, row, c)}
        if not first and any((r, c + 1) in filled for r, c in filled if r == row):
            first = row
        elif first:
            break  # the row under the first counts for the width as well
    if not filled:
        return None
    first = first or min(row for row, _ in filled)
    left, right = _width(filled, first)
    last = first
    while last < used.last_row and _row_has(cells, last + 1, left, right):
        last += 1
    return Area(first, left, last, right)


def _value(cells: LazyCells, row: int, column: int) -> bool:
    cell = cells.get((row, column))
    return cell is not None and cell.value is not None


def _row_has(cells: LazyCells, row: int, left: int, right: int) -> bool:
    """Whether a row has a value between two columns, if possible without making its cells."""
    if not cells.is_loaded(row):
        place = cells.rows.place(row)
        first, last = cells.rows.first_column(place), cells.last_column(place)
        if left <= first <= right or left <= last <= right:
            return True
        if not first or first > right or last < left:
            return False
    return any(_value(cells, row, column) for column in range(left, right + 1))
