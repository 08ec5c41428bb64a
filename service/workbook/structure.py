"""Changes of an open workbook's structure: it is written out, changed part by part, read again.

The editor shifts no references; ``references`` does, on the parts of the file.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from service.workbook import writer
from service.workbook.book import Book
from service.workbook.package.opc import Draft, Package
from service.workbook.references.apply import apply
from service.workbook.references.changes import Change
from service.workbook.references.index import Effects


def restructure(book: Book, change: Change) -> Effects:
    """Change the structure of an open workbook; every reference follows.

    :raises ExcelToolsError: what Excel refuses; the workbook is as it was then
    """
    ending = ".xlsm" if book.name.lower().endswith(".xlsm") else ".xlsx"
    with TemporaryDirectory(prefix="structure-") as folder:
        before, after = Path(folder, f"before{ending}"), Path(folder, f"after{ending}")
        writer.save(book.xl, before, {})
        draft = Draft(Package(before))
        effects = apply(draft, change)
        draft.save(after)
        loaded = Book.load(after, book.name, max_cells=book.max_cells)
    with book.changing():
        book.xl = loaded.xl
    return effects
