"""Cells of rules: lists of areas, and what is left of them without others."""

from __future__ import annotations

from collections.abc import Iterable

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area

_GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)


def areas_of(text: str) -> list[Area]:
    """The areas of "B2:B9 D2:D9"; what is none, such as #REF!, holds for no cell."""
    found = []
    for part in text.split():
        try:
            found.append(parse_area(part, _GRID))
        except InvalidRange:
            continue
    return found


def written(areas: Iterable[Area]) -> str:
    """The areas as a file lists them, the first cell first."""
    ordered = sorted(areas, key=lambda area: (area.first_row, area.first_column))
    return " ".join(map(str, ordered))


def corner(areas: Iterable[Area]) -> tuple[int, int]:
    """The cell from which the formulas of a rule are seen."""
    found = list(areas)
    return min(area.first_row for area in found), min(area.first_column for area in found)


def overlap(areas: Iterable[Area], others: Iterable[Area]) -> bool:
    """Whether any cell is in both."""
    known = list(others)
    return any(area.overlaps(other) for area in areas for other in known)


def without(areas: Iterable[Area], gone: Iterable[Area]) -> list[Area]:
    """What is left of areas without the cells of others."""
    left = list(areas)
    for hole in gone:
        left = [piece for area in left for piece in _cut(area, hole)]
    return left


def _cut(area: Area, hole: Area) -> list[Area]:
    if not area.overlaps(hole):
        return [area]
    top, bottom = max(area.first_row, hole.first_row), min(area.last_row, hole.last_row)
    pieces = [
        (area.first_row, area.first_column, top - 1, area.last_column),
        (top, area.first_column, bottom, hole.first_column - 1),
        (top, hole.last_column + 1, bottom, area.last_column),
        (bottom + 1, area.first_column, area.last_row, area.last_column),
    ]
    return [Area(*p) for p in pieces if p[0] <= p[2] and p[1] <= p[3]]
