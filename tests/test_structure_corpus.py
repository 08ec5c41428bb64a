"""Changes of structure leave each workbook of the corpus a sound one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.errors import ExcelToolsError
from service.workbook.areas import Area
from service.workbook.package.opc import Draft, Package
from service.workbook.references.apply import apply
from service.workbook.references.changes import (
    Change,
    CopySheet,
    DeleteColumns,
    DeleteRows,
    DeleteSheet,
    InsertCells,
    InsertColumns,
    InsertRows,
    MoveColumns,
    MoveRows,
    MoveSheet,
    RenameSheet,
)
from service.workbook.references.index import Index
from tests.corpus.library import Library, named
from tests.corpus.validity import problems

PACKAGES = (".xlsx", ".xlsm", ".xltx", ".xltm")


def changes(sheet: str, number_of_sheets: int) -> list[Change]:
    return [
        InsertRows(sheet, 3, 2),
        DeleteRows(sheet, 2, 3),
        InsertColumns(sheet, 2),
        DeleteColumns(sheet, 2),
        MoveRows(sheet, 2, 1, 6),
        MoveColumns(sheet, 1, 1, 4),
        InsertCells(sheet, Area(2, 2, 3, 3), "rows"),
        RenameSheet(sheet, "It's another"),
        CopySheet(sheet, "The copy"),
        MoveSheet(sheet, number_of_sheets),
        DeleteSheet(sheet),
    ]


def kinds_of(found: list[str]) -> set[str]:
    """What is wrong in parts of a kind: a copied sheet has copies of the faults of its parts."""
    return {re.sub(r"^(/[^:]*?)\d*(\.\w+: )", r"\1\2", text) for text in found}


@pytest.mark.e2e
@pytest.mark.parametrize("name", named())
def test_a_changed_workbook_is_sound(library: Library, tmp_path: Path, name: str) -> None:
    path = library.path(name)
    if path.suffix not in PACKAGES or path.stat().st_size > 400_000:
        return  # no package, or one of the large ones, in which nothing else stands
    package = Package(path)
    index = Index(Draft(package))
    known = kinds_of(problems(path))
    sheet = next(sheet.title for sheet in index.sheets if sheet.kind == "worksheet")
    done = 0
    for change in changes(sheet, len(index.sheets)):
        draft = Draft(package)
        try:
            apply(draft, change)
        except ExcelToolsError:
            continue  # what Excel refuses too
        draft.save(tmp_path / path.name)
        assert kinds_of(problems(tmp_path / path.name)) <= known, change
        done += 1
    assert done >= 4
