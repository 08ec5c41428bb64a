"""Changes of an open workbook's structure: what it would be saved as is changed, and read again.

The editor shifts no references; ``references`` does, on the parts of the file.
"""

from __future__ import annotations

from service.workbook.book import Book
from service.workbook.references.apply import apply
from service.workbook.references.changes import Change, RenameColumns
from service.workbook.references.index import Effects
from service.workbook.references.rewriting import renamed_columns
from service.workbook.references.text import areas_of, with_own_columns


def restructure(book: Book, change: Change) -> Effects:
    """Change the structure of an open workbook; every reference follows.

    :raises ExcelToolsError: what Excel refuses; the workbook is as it was then
    """
    # Not those that would have to be calculated first: a change waits for no calculation.
    draft = book.draft(book.calculation.known)
    effects = apply(draft, change)
    book.restructured(draft.saved(), lambda address: change.moved(*address))
    return effects


def rename_columns(book: Book, change: RenameColumns) -> Effects:
    """Name columns of a table; formulas follow, also those in it that don't name the table.

    The cells of its header are the caller's.
    """
    effects = restructure(book, change)
    sheet = book.sheet(change.sheet)
    tables = sheet.tables.values()  # known there by names that formulas don't use
    (area,) = [areas_of(str(t.ref))[0] for t in tables if t.displayName == change.table]
    renamed = {old.lower(): new for old, new in change.renamed}
    with book.changing():
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                cell = book.cell(sheet, row, column)
                if cell is None or cell.data_type != "f" or not isinstance(cell.value, str):
                    continue
                new = with_own_columns(cell.value, lambda own: renamed_columns(own, renamed))
                if new != cell.value:
                    cell.value = new
                    effects.adjusted["formulas"] += 1
    return effects
