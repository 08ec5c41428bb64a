"""The values of a very large sheet in bulk, with the edits of this session."""

from __future__ import annotations

from openpyxl.cell.rich_text import CellRichText
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book
from service.workbook.bulk import BulkReader, BulkSheet
from service.workbook.gaps import NotInBulkError
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.held_rows import held_bulk
from service.workbook.keeping.lazy import loaded_cells
from service.workbook.occupancy import count_formulas, is_lazy


def bulk_values(book: Book, sheet: Worksheet) -> BulkSheet | None:
    """The values as they are now; None where they have to be read cell by cell.

    That is so for sheets whose cells are all there already, and where the values that the
    file keeps of formulas may not be true any more.
    """
    if book.memory is None or not is_lazy(sheet):
        return None
    if book.calculation.ledger.touched and book.fact(sheet, "formulas", count_formulas):
        return None
    try:
        bulk = held_bulk(sheet) or BulkReader(book.memory.package).sheet(sheet.title)
        if bulk.uncalculated:
            return None
        for (row, column), cell in loaded_cells(sheet):
            if not isinstance(cell, OpenedCell) or cell.rewritten or cell.moved:
                value = str(cell.value) if isinstance(cell.value, CellRichText) else cell.value
                bulk.put(row, column, "" if value is None else value)
    except NotInBulkError:
        return None
    return bulk
