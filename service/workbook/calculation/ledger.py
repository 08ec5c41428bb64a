"""The values that a file came with, and which of them still count.

A value that Excel stored is Excel's own, and no calculator of ours is trusted more. It
counts until something that its formula reads has changed. What calculators make of the
formulas is compared once, on opening; where they differ, the file's value is what the cell
shows and what other formulas are calculated with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from service.workbook.areas import Area
from service.workbook.calculation.graph import Formulas, Graph
from service.workbook.calculation.results import Address, Computed
from service.workbook.calculation.source import Formula, Source

Mapped = Callable[[Address], Address | None]


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
        self._lost = False

    def __repr__(self) -> str:
        return f"<Watch of {len(self.watched)} formulas>"

    def changed(self, source: Source, graph: Graph, until: float) -> set[Address]:
        """The watched formulas that read something that is not as it was.

        :raises TimeoutError: if it takes longer than ``until``
        """
        if self._lost:
            return set(self.watched)
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

    def moved(self, mapping: Mapped, texts: Mapping[Address, str]) -> None:
        """The cells are elsewhere now; see :meth:`Ledger.moved`."""
        self.watched = {new for old in self.watched if (new := mapping(old))}
        titles = {address[0].lower(): address[0] for address in self._values}
        titles |= {address[0].lower(): address[0] for address in self._formulas}
        values, formulas = {}, {}
        for address, value in self._values.items():
            new = mapping((titles[address[0]], *address[1:]))
            self._lost |= new is None
            if new is not None:
                values[(new[0].lower(), *new[1:])] = value
        for address in self._formulas:
            new = mapping(address)
            self._lost |= new is None
            if new is not None:
                formulas[new] = texts.get(new, "")
        areas = [_moved_area(titles.get(sheet, ""), area, mapping) for sheet, area in self._areas]
        self._lost |= None in areas
        self._areas = [area for area in areas if area is not None]
        self._values, self._formulas = values, formulas


def _moved_area(title: str, area: Area, mapping: Mapped) -> tuple[str, Area] | None:
    first = mapping((title, area.first_row, area.first_column)) if title else None
    last = mapping((title, area.last_row, area.last_column)) if title else None
    if first is None or last is None or first[0] != last[0]:
        return None
    return first[0].lower(), Area(first[1], first[2], last[1], last[2])


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


@dataclass(frozen=True)
class Difference:
    """A formula cell whose value in the file is not what the calculator makes of it."""

    cell: Address
    formula: str
    held: object
    computed: Computed


@dataclass
class Ledger:
    """What one file came with.

    :param values: by cell: the formula that stood there, and the value beside it. Cells that
        an array formula fills have the formula ""
    :param stale: the file itself asks for its values to be calculated anew
    :param touched: something has been changed since the opening
    :param odd: what the calculator made of cells where that is not the file's value
    :param settled: the comparison was made; without it nothing is known about ``odd``
    """

    values: dict[Address, tuple[str, object]] = field(default_factory=dict)
    stale: bool = False
    touched: bool = False
    odd: dict[Address, Computed] = field(default_factory=dict)
    settled: bool = False
    watch: Watch | None = None

    def held(self, address: Address, formula: str) -> tuple[bool, object]:
        """(whether the file held a value for that formula there, the value)."""
        entry = self.values.get(address)
        if entry is None or entry[0] != formula or self.stale:
            return False, None
        return True, entry[1]

    def pinned(self, source: Source, graph: Graph, until: float) -> dict[Address, object]:
        """Values of odd cells that still count, as nothing they read has changed."""
        if self.stale or not self.settled:
            return {}
        still = self.odd.keys() - self._changed(source, graph, until)
        found: dict[Address, object] = {}
        for address in still:
            for cell in filled_cells(address, graph.formulas[address][0]):
                if cell in self.values:
                    found[cell] = self.values[cell][1]
        return found

    def _changed(self, source: Source, graph: Graph, until: float) -> set[Address]:
        """The odd cells of which something that they read has changed, or may have."""
        formulas = graph.formulas
        others = {
            address
            for address in self.odd
            if address not in formulas
            or formulas[address][0].text != self.values[address][0]
            or (self.touched and formulas[address][1].anywhere)
        }
        if not self.touched:
            return others
        if self.watch is None:
            return set(self.odd)
        try:
            return others | self.watch.changed(source, graph, until)
        except TimeoutError:
            return set(self.odd)

    def differences(self) -> list[Difference]:
        """Where the calculator has a value, and not the file's."""
        return [
            Difference(address, *self.values[address], computed)
            for address, computed in self.odd.items()
            if not computed.unknown
        ]

    def moved(self, mapping: Mapped, formulas: Formulas) -> None:
        """The workbook's cells are elsewhere now: rows or sheets were inserted, say.

        :param mapping: the new address of a cell, None if it is gone
        :param formulas: the formulas as they stand now, with their references shifted
        """
        self.touched = True
        texts = {address: prepared.text for address, (_, prepared) in formulas.items()}
        values: dict[Address, tuple[str, object]] = {}
        for address, (formula, value) in self.values.items():
            new = mapping(address)
            if new is None:
                continue
            if formula == "":
                values[new] = (formula, value)
            elif new in formulas and "#REF!" not in formulas[new][0].text:
                values[new] = (formulas[new][0].text, value)
        self.values = values
        odd = {new: computed for old, computed in self.odd.items() if (new := mapping(old))}
        self.odd = {address: computed for address, computed in odd.items() if address in values}
        if self.watch is not None:
            self.watch.moved(mapping, texts)


def filled_cells(address: Address, formula: Formula) -> list[Address]:
    """The cells that a formula gives values to."""
    if formula.area is None:
        return [address]
    return [
        (address[0], row, column)
        for row in range(formula.area.first_row, formula.area.last_row + 1)
        for column in range(formula.area.first_column, formula.area.last_column + 1)
    ]
