"""Dynamic arrays: formulas that fill as many cells as their result has.

In a file such a formula is an array formula whose cell has an attribute ``cm``, which leads
to the metadata part (``keeping/metadata.py``). The cells it fills ("spilled") are stored
beside it as plain values. Source: [MS-XLSX] 2.3.4.5 (dynamicArrayProperties).

A sheet in the editor remembers what each of its dynamic arrays filled when it was last
brought up to date, so that afterwards a spilled value can be told from one that was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area

Place: TypeAlias = tuple[int, int]
_GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)


class DynamicArray(ArrayFormula):  # type: ignore[misc]
    """The formula of a cell that spills; ``ref`` is what it filled when last calculated."""

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, DynamicArray)
        return same and (self.ref, self.text) == (other.ref, other.text)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.ref, self.text))

    def __str__(self) -> str:
        return str(self.text)

    def __repr__(self) -> str:
        return f"<DynamicArray {self.ref} {self.text}>"


@dataclass
class Spill:
    """What one dynamic array filled.

    :param area: its cells, with that of the formula
    :param values: what the editor was given for the cells of it that came from no file
    """

    area: Area
    values: dict[Place, object] = field(default_factory=dict)


def spills_of(sheet: Worksheet) -> dict[Place, Spill]:
    """The dynamic arrays of a sheet by the place of their formula."""
    found: dict[Place, Spill] = sheet.__dict__.setdefault("spills", {})
    return found


def note(sheet: Worksheet, row: int, column: int, reference: str | None) -> None:
    """Remember a dynamic array that came with a file or was written."""
    alone = Area(row, column, row, column)
    try:
        area = parse_area(reference or "", _GRID)
    except InvalidRange:
        area = alone
    starts = (area.first_row, area.first_column) == (row, column)
    spills_of(sheet)[row, column] = Spill(area if starts else alone)


def enter(cell: Cell, text: str) -> None:
    """Make a formula that a cell holds one that spills, from this cell alone for now."""
    at = (cell.row, cell.column)
    cell._value = DynamicArray(cell.coordinate, text)
    cell.data_type = "f"
    if at not in spills_of(cell.parent):
        note(cell.parent, *at, cell.coordinate)


def places(area: Area) -> Iterator[Place]:
    """The places of an area but the first, which has the formula."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            if (row, column) != (area.first_row, area.first_column):
                yield row, column
