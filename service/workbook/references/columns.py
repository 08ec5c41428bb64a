"""Columns of a table that get other names: what speaks of them uses these."""

from __future__ import annotations

from service.workbook.references.changes import RenameColumns
from service.workbook.references.index import Effects, Index
from service.workbook.references.rewriting import Rewriter, TableEdit
from service.workbook.references.tables import Table
from service.workbook.references.update import Update


def rename(index: Index, change: RenameColumns) -> Effects:
    """Name the columns in the table's part, and in all that refers to the table.

    The cells of its header are not touched: who writes them knows what they look like.
    """
    sheet = index.sheet(change.sheet)
    tables = [Table(part, root) for part, root in index.tables(sheet)]
    (table,) = [table for table in tables if table.name.lower() == change.table.lower()]
    for element, name in zip(table.columns, change.names, strict=True):
        element.set("name", name)
    index.draft.write(table.part, table.root)
    renamed = {old.lower(): new for old, new in change.renamed}
    update = Update(index, Rewriter({table.name.lower(): TableEdit(table.name, renamed=renamed)}))
    update.everything()
    return update.effects
