"""Which formulas depend on which cells."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from typing import TypeAlias

from service.workbook.areas import Area
from service.workbook.calculation.results import Address
from service.workbook.calculation.rewrite import Prepared, Rewriter
from service.workbook.calculation.source import Formula, Source

# References to so few cells are looked up by cell.
_FEW_CELLS = 64

Formulas: TypeAlias = Mapping[Address, tuple[Formula, Prepared]]


def all_formulas(source: Source, rewriter: Rewriter) -> dict[Address, tuple[Formula, Prepared]]:
    """The formulas of a workbook, prepared for the calculators."""
    return {
        address: (formula, rewriter.prepared(address, formula))
        for address, formula in source.formulas()
    }


class Graph:
    """The formulas of a workbook by the cells that they read; sheets in lower case."""

    def __init__(self, formulas: Formulas) -> None:
        self._cells: dict[Address, list[Address]] = {}
        self._wide: dict[str, dict[Area, list[Address]]] = {}
        self._filled: dict[Address, Area] = {}
        self.formulas = formulas
        for address, (formula, prepared) in formulas.items():
            if formula.cells > 1 and formula.area:
                self._filled[address] = formula.area
            for sheet, area in prepared.references:
                self._add(sheet, area, address)

    def _add(self, sheet: str, area: Area, address: Address) -> None:
        if area.cells > _FEW_CELLS:
            self._wide.setdefault(sheet, {}).setdefault(area, []).append(address)
            return
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                self._cells.setdefault((sheet, row, column), []).append(address)

    def _fills(self, address: Address) -> list[tuple[int, int]]:
        area = self._filled.get(address)
        if area is None:
            return [address[1:]]
        rows = range(area.first_row, area.last_row + 1)
        columns = range(area.first_column, area.last_column + 1)
        return [(row, column) for row in rows for column in columns]

    def readers(self, address: Address) -> list[Address]:
        """The formulas that read what the formula or value at ``address`` gives."""
        title, row, column = address
        area = self._filled.get(address, Area(row, column, row, column))
        sheet = title.lower()
        found = [
            reader
            for place in self._fills(address)
            for reader in self._cells.get((sheet, *place), ())
        ]
        for wide, readers in self._wide.get(sheet, {}).items():
            if wide.overlaps(area):
                found += readers
        return found

    def reached(
        self, changed: Iterable[Address], until: float, fixed: Container[Address] = ()
    ) -> set[Address]:
        """The formulas that depend on ``changed``, directly or by way of others.

        :param until: of ``time.monotonic()``
        :param fixed: formulas whose values are known, so that nothing spreads through them
        :raises TimeoutError: if that takes longer
        """
        waiting = list(changed)
        found: set[Address] = set()
        while waiting:
            if time.monotonic() > until:
                raise TimeoutError
            fresh = [
                one for one in self.readers(waiting.pop()) if one not in found and one not in fixed
            ]
            found.update(fresh)
            waiting += fresh
        return found

    def read_by(
        self, formulas: Iterable[Address], until: float
    ) -> tuple[set[Address], set[tuple[str, Area]]]:
        """(formulas, areas) that ``formulas`` read, directly or by way of others.

        :raises TimeoutError: if that takes longer than ``until``
        """
        found = set(formulas)
        areas: set[tuple[str, Area]] = set()
        waiting = list(found)
        while waiting:
            if time.monotonic() > until:
                raise TimeoutError
            for sheet, area in self.formulas[waiting.pop()][1].references:
                if (sheet, area) in areas:
                    continue
                areas.add((sheet, area))
                fresh = [a for a in self.inside([(sheet, area)]) if a not in found]
                found.update(fresh)
                waiting += fresh
        return found, areas

    def inside(self, areas: Iterable[tuple[str, Area]]) -> list[Address]:
        """The formulas whose results stand in some areas, sheets in lower case."""
        return [a for sheet, area in areas for a in _inside(self._places.get(sheet, {}), area)]

    @cached_property
    def _places(self) -> dict[str, dict[tuple[int, int], list[Address]]]:
        """The formulas by the cells that they fill."""
        found: dict[str, dict[tuple[int, int], list[Address]]] = {}
        for address in self.formulas:
            places = found.setdefault(address[0].lower(), {})
            for row, column in self._fills(address):
                places.setdefault((row, column), []).append(address)
        return found


def _inside(places: dict[tuple[int, int], list[Address]], area: Area) -> list[Address]:
    if area.cells <= len(places):
        keys: Iterable[tuple[int, int]] = (
            (row, column)
            for row in range(area.first_row, area.last_row + 1)
            for column in range(area.first_column, area.last_column + 1)
        )
        return [address for key in keys for address in places.get(key, ())]
    return [a for key, found in places.items() if area.holds(*key) for a in found]
