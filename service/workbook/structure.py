"""Changes of an open workbook's structure: what it would be saved as is changed, and read again.

The editor shifts no references; ``references`` does, on the parts of the file.
"""

from __future__ import annotations

from service.workbook.book import Book
from service.workbook.references.apply import apply
from service.workbook.references.changes import Change
from service.workbook.references.index import Effects


def restructure(book: Book, change: Change) -> Effects:
    """Change the structure of an open workbook; every reference follows.

    :raises ExcelToolsError: what Excel refuses; the workbook is as it was then
    """
    # Not those that would have to be calculated first: a change waits for no calculation.
    draft = book.draft(book.calculation.known)
    effects = apply(draft, change)
    book.restructured(draft.saved(), lambda address: change.moved(*address))
    return effects
