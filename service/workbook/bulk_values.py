"""The values of a very large sheet in bulk, with the edits of this session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from openpyxl.cell.rich_text import CellRichText
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book
from service.workbook.bulk import BulkReader, BulkSheet
from service.workbook.gaps import NotInBulkError, Place
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.held_rows import held_bulk
from service.workbook.keeping.lazy import loaded_cells
from service.workbook.occupancy import count_formulas, is_lazy
from service.workbook.package.opc import Package

_MOST_KEPT = 5_000_000  # cells


def bulk_values(book: Book, sheet: Worksheet) -> BulkSheet | None:
    """The values as they are now, not to be changed; None where they are read cell by cell.

    That is so for sheets whose cells are all there already, and where the values that the
    file keeps of formulas may not be true any more.
    """
    if book.memory is None or not is_lazy(sheet):
        return None
    if book.calculation.ledger.touched and book.fact(sheet, "formulas", count_formulas):
        return None
    try:
        bulk = held_bulk(sheet) or _as_opened(book, book.memory.package, sheet.title)
        if bulk.uncalculated:
            return None
        edits = _edits(sheet)
        return bulk.changed(edits) if edits else bulk
    except NotInBulkError:
        return None


def _edits(sheet: Worksheet) -> dict[Place, Any]:
    """Values of the cells that are others than in the file."""
    found: dict[Place, Any] = {}
    for place, cell in loaded_cells(sheet):
        if not isinstance(cell, OpenedCell) or cell.rewritten or cell.moved:
            value = str(cell.value) if isinstance(cell.value, CellRichText) else cell.value
            found[place] = "" if value is None else value
    return found


# What was read last -----------------------------------------------------------------


@dataclass(frozen=True)
class _Read:
    package: Package
    title: str
    bulk: BulkSheet


# A description is followed by queries, a query by others; so the sheet that was read last stays,
# of one workbook, as long as that is open.
_LAST: WeakKeyDictionary[Book, _Read] = WeakKeyDictionary()


def _as_opened(book: Book, package: Package, title: str) -> BulkSheet:
    """The values that the file has.

    :raises NotInBulkError: if it can't be read this way
    """
    last = _LAST.get(book)
    if last is not None and last.package is package and last.title == title:
        return last.bulk
    _LAST.clear()  # first, for there is no room for two
    bulk = BulkReader(package).sheet(title)
    if sum(map(len, bulk.columns)) <= _MOST_KEPT:
        _LAST[book] = _Read(package, title, bulk)
    return bulk
