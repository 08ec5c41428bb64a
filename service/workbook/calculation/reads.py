"""The cells that some formulas read, so that calculators need not be given a whole workbook."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from service.workbook.areas import Area
from service.workbook.calculation.source import Source

_FEW_CELLS = 64  # areas of so many cells are kept cell by cell
_MANY_COLUMNS = 100  # areas of more are not kept column by column
_MANY_AREAS = 20  # more of those are looked up as the one area that holds all
_MOST_LOOKUPS = 20_000  # cells that are looked up one by one
_Place = tuple[int, int]


class Reads:
    """Cells and areas by sheet, in lower case."""

    def __init__(self) -> None:
        self._cells: dict[str, set[_Place]] = {}
        self._areas: dict[str, set[Area]] = {}

    @classmethod
    def headers(cls, source: Source) -> Reads:
        """Those that are always needed: columns of tables are named by their headers' cells."""
        found = cls()
        for table in source.tables():
            area = table.area
            row = Area(area.first_row, area.first_column, area.first_row, area.last_column)
            found.add([(table.sheet.lower(), row)])
        return found

    def add(self, references: Iterable[tuple[str, Area]]) -> None:
        """Have the cells of more references read."""
        for sheet, area in references:
            if area.cells > _FEW_CELLS:
                self._areas.setdefault(sheet, set()).add(area)
            else:
                self._cells.setdefault(sheet, set()).update(_places(area))

    def values(
        self, source: Source, sheet: str, pinned: Mapping[_Place, object]
    ) -> Iterator[tuple[_Place, object]]:
        """((row, column), value) of the cells that are read and have a value.

        :param pinned: values of formulas on the sheet that count as plain values
        """
        cells, areas = self._cells.get(sheet.lower(), set()), self._areas.get(sheet.lower(), set())
        if not areas and len(cells) <= _MOST_LOOKUPS:
            for place in cells:
                value = pinned.get(place, source.value((sheet, *place)))
                if value is not None:
                    yield place, value
            return
        wide = _Wide(areas)
        for found in (source.values(sheet), pinned.items()):
            for place, value in found:
                if place in cells or wide.holds(*place):
                    yield place, value


class _Wide:
    """Areas, to ask of many cells one after the other whether any of them holds it."""

    def __init__(self, areas: Iterable[Area]) -> None:
        spans: dict[int, list[tuple[int, int]]] = {}
        broad = []
        for area in areas:
            if area.columns > _MANY_COLUMNS:
                broad.append(area)
                continue
            for column in range(area.first_column, area.last_column + 1):
                spans.setdefault(column, []).append((area.first_row, area.last_row))
        self._broad = _joined(broad) if len(broad) > _MANY_AREAS else broad
        self._columns = {column: _merged(rows) for column, rows in spans.items()}

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies in one of them, or, where there are very many, between them."""
        rows = self._columns.get(column)
        if rows is not None:
            firsts, lasts = rows
            place = bisect_right(firsts, row) - 1
            if place >= 0 and row <= lasts[place]:
                return True
        return any(area.holds(row, column) for area in self._broad)


def _merged(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """(first rows, last rows) of stretches that do not touch, in order."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(spans):
        if lasts and first <= lasts[-1] + 1:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts


def _joined(areas: list[Area]) -> list[Area]:
    joined = areas[0]
    for area in areas:
        joined = joined.joined(area)
    return [joined]


def _places(area: Area) -> Iterator[_Place]:
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            yield row, column
