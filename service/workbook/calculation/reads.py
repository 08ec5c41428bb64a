"""The cells that some formulas read, so that calculators need not be given a whole workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.workbook.areas import Area
from service.workbook.calculation.source import Source

_FEW_CELLS = 64  # areas of so many cells are kept cell by cell
_MANY_AREAS = 20  # more of them are looked up as the one area that holds all
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
        cells, areas = self._cells.get(sheet.lower(), set()), self._wide(sheet.lower())
        if not areas and len(cells) <= _MOST_LOOKUPS:
            for place in cells:
                value = pinned.get(place, source.value((sheet, *place)))
                if value is not None:
                    yield place, value
            return
        for found in (source.values(sheet), pinned.items()):
            for place, value in found:
                if place in cells or any(area.holds(*place) for area in areas):
                    yield place, value

    def _wide(self, sheet: str) -> list[Area]:
        areas = list(self._areas.get(sheet, ()))
        if len(areas) <= _MANY_AREAS:
            return areas
        joined = areas[0]
        for area in areas:
            joined = joined.joined(area)
        return [joined]


def _places(area: Area) -> Iterator[_Place]:
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            yield row, column
