"""The corpus: all workbooks, each made when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.corpus import (  # noqa: F401 - each declares its workbooks
    hand_cells,
    hand_data,
    hand_drawings,
    hand_packages,
    made_by_excelize,
    made_by_libreoffice,
    made_by_openpyxl,
    made_by_others,
    made_by_xlsxwriter,
)
from tests.corpus.registry import ENTRIES, Entry


class Library:
    """Makes the workbooks in a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """The workbook of that name. It may be read, not changed."""
        path = self._folder / name
        if not path.exists():
            ENTRIES[name].make(path)
        return path


def entries() -> list[Entry]:
    """All workbooks, by name."""
    return [ENTRIES[name] for name in sorted(ENTRIES)]


def named(quickly: int = 1) -> list[Any]:
    """The names of all workbooks as parameters of a test, with the programs they need.

    :param quickly: the quick run takes each of so many only, and ``make e2e`` the others
    """
    found = []
    for index, entry in enumerate(entries()):
        marks = [pytest.mark.needs(entry.needs)] if entry.needs else []
        marks += [pytest.mark.e2e] if index % quickly else []
        found.append(pytest.param(entry.name, marks=marks, id=entry.name))
    return found
