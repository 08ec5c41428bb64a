"""Rows and columns of two states of a sheet lined up, where some came or went in between."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from openpyxl.cell.cell import Cell

from service.workbook import cells

Place: TypeAlias = tuple[int, int]
Cells: TypeAlias = Mapping[Place, Cell]

_MOST = 2_000  # rows or columns: of more, a comparison by place has to do
_REFERENCE = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+|\$?\d+:\$?\d+|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}")


def shape_of(cell: Cell | None) -> object:
    """What a cell holds; of a formula without what it refers to, which moves along."""
    if cell is None or cell.value is None:
        return None
    formula = cells.formula_of(cell)
    return _REFERENCE.sub("@", formula) if formula else (cell.data_type, str(as_moment(cell.value)))


def as_moment(value: object) -> object:
    """A date is its midnight, as a file that was opened has it."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return value


@dataclass(frozen=True)
class LinedUp:
    """Where the rows and columns of a sheet have gone: by number, None for all as they were."""

    rows: dict[int, int] | None = None
    columns: dict[int, int] | None = None

    @property
    def moved(self) -> bool:
        return self.rows is not None or self.columns is not None

    def now(self, place: Place) -> Place | None:
        """Where a cell of the earlier state is now; None if its row or column is gone."""
        row = place[0] if self.rows is None else self.rows.get(place[0])
        column = place[1] if self.columns is None else self.columns.get(place[1])
        return None if row is None or column is None else (row, column)


def lined_up(old: Cells, new: Cells) -> LinedUp:
    """How two states of a sheet lie to one another.

    They are lined up only where the number of rows or columns changed: what was sorted, for
    example, is told by place.
    """
    return LinedUp(_along(old, new, 0), _along(old, new, 1))


def _along(old: Cells, new: Cells, axis: int) -> dict[int, int] | None:
    before, after = _lines(old, axis), _lines(new, axis)
    sizes = {len(before), len(after)}
    if not before or not after or len(sizes) == 1 or max(sizes) > _MOST:
        return None
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    found: dict[int, int] = {}
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "insert":
            continue
        paired = min(last - first, end - start)
        if last == len(before) and first == start:
            paired = last - first  # at the end: emptied, or gone with nothing behind it
        found |= {first + n + 1: start + n + 1 for n in range(paired)}
    return found


def _lines(state: Cells, axis: int) -> list[object]:
    """Of each row or column up to the last filled one: what its cells hold, in their order."""
    found: dict[int, list[tuple[int, object]]] = {}
    for place, cell in state.items():
        held = shape_of(cell)
        if held is not None:
            found.setdefault(place[axis], []).append((place[1 - axis], held))
    last = max(found, default=0)
    if last > _MOST:
        return [None] * (_MOST + 1)
    return [
        tuple(held for _, held in sorted(found.get(n, ()), key=_first)) for n in range(1, last + 1)
    ]


def _first(pair: tuple[int, object]) -> int:
    return pair[0]
