"""What some formulas read, to find out later whether it has changed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from service.workbook.areas import Area
from service.workbook.calculation.graph import Graph
from service.workbook.calculation.results import Address
from service.workbook.calculation.source import Source


class Watch:
    """All that some formulas read, directly or by way of others, as it was at one moment."""

    def __init__(
        self, watched: Iterable[Address], source: Source, graph: Graph, until: float
    ) -> None:
        """:raises TimeoutError: if it takes longer than ``until`` of ``time.monotonic()``"""
        self.watched = set(watched)
        read, areas = graph.read_by(self.watched, until)
        self._areas = sorted(areas, key=str)
        self._formulas = {address: graph.formulas[address][1].text for address in read}
        self._values = _values_in(source, self._areas, until)

    def __repr__(self) -> str:
        return f"<Watch of {len(self.watched)} formulas>"

    def changed(self, source: Source, graph: Graph, until: float) -> set[Address]:
        """The watched formulas that read something that is not as it was.

        :raises TimeoutError: if it takes longer than ``until``
        """
        now = _values_in(source, self._areas, until)
        moved: set[Address] = {
            address
            for address in now.keys() | self._values.keys()
            if not _equal(now.get(address), self._values.get(address))
        }
        moved |= self._changed_formulas(graph)
        return self.watched & (moved | graph.reached(moved, until)) if moved else set()

    def _changed_formulas(self, graph: Graph) -> set[Address]:
        """Formulas among those read that are others now, went, or came into what is read."""
        texts = {a: prepared.text for a, (_, prepared) in graph.formulas.items()}
        found = {a for a, text in self._formulas.items() if texts.get(a) != text}
        by_sheet: dict[str, list[Area]] = {}
        for sheet, area in self._areas:
            by_sheet.setdefault(sheet, []).append(area)
        for address in texts.keys() - self._formulas.keys():
            areas = by_sheet.get(address[0].lower(), ())
            if any(area.holds(*address[1:]) for area in areas):
                found.add(address)
        return found


def _values_in(
    source: Source, areas: list[tuple[str, Area]], until: float
) -> dict[Address, object]:
    """The plain values in some areas, by (sheet in lower case, row, column)."""
    found: dict[Address, object] = {}
    titles = {title.lower(): title for title in source.sheets}
    whole: dict[str, dict[tuple[int, int], object]] = {}
    for sheet, area in areas:
        if time.monotonic() > until:
            raise TimeoutError
        if sheet not in titles:
            continue
        if sheet not in whole:
            whole[sheet] = dict(source.values(titles[sheet]))
        places = whole[sheet]
        if area.cells > len(places):
            found |= {(sheet, *p): value for p, value in places.items() if area.holds(*p)}
            continue
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                if (row, column) in places:
                    found[sheet, row, column] = places[row, column]
    return found


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
