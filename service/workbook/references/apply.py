"""Apply a change of structure to a draft: every reference in every part follows."""

from __future__ import annotations

from service.workbook.package.opc import Draft, Package
from service.workbook.references import columns, copying, sheets
from service.workbook.references.changes import (
    AddSheet,
    Change,
    CopySheet,
    DeleteSheet,
    GridChange,
    MoveSheet,
    RenameColumns,
    RenameSheet,
    SheetChange,
)
from service.workbook.references.checks import check_grid
from service.workbook.references.index import Effects, Index
from service.workbook.references.rewriting import GridRewriter
from service.workbook.references.tables import Table
from service.workbook.references.update import Update


def check(source: Draft | Package, change: Change) -> None:
    """Refuse what Excel refuses, before anything is changed.

    :raises ExcelToolsError: saying what is in the way
    """
    index = Index(source if isinstance(source, Draft) else Draft(source))
    _check(index, change)


def apply(draft: Draft, change: Change) -> Effects:
    """Change the structure of the workbook in a draft.

    :raises ExcelToolsError: as :func:`check` does; nothing is changed then
    """
    index = Index(draft)
    _check(index, change)
    if isinstance(change, AddSheet):
        effects = sheets.add(index, change)
    elif isinstance(change, RenameSheet):
        effects = sheets.rename(index, change)
    elif isinstance(change, MoveSheet):
        effects = sheets.move(index, change)
    elif isinstance(change, CopySheet):
        effects = copying.copy(index, change)
    elif isinstance(change, DeleteSheet):
        effects = sheets.delete(index, change)
    elif isinstance(change, RenameColumns):
        effects = columns.rename(index, change)
    else:
        effects = _shift(index, change)
    if isinstance(change, SheetChange):
        sheets.forget_titles(index)
    index.write_main()
    effects.adjusted = +effects.adjusted
    return effects


def _check(index: Index, change: Change) -> None:
    if isinstance(change, SheetChange):
        sheets.check(index, change)
    elif not isinstance(change, RenameColumns):
        sheet = index.sheet(change.sheet)
        sheets.check_cells(sheet)
        check_grid(index, sheet, index.read(sheet), change)


def _shift(index: Index, change: GridChange) -> Effects:
    sheet = index.sheet(change.sheet)
    edits = {}
    for part, root in index.tables(sheet):
        table = Table(part, root)
        edit = table.edit(change.shift)
        if edit is not None:
            edits[table.name.lower()] = edit
    update = Update(index, GridRewriter(edits, sheet.title, change.shift))
    update.everything()
    return update.effects
