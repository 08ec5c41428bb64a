"""Which values of a file still count, after changes of the workbook.

Those count that nothing has reached: no changed cell, no formula written anew, no name or
table that means something else now. The others are calculated, with the values that count
as they stand in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.workbook.areas import Area
from service.workbook.calculation.graph import Formulas, Graph
from service.workbook.calculation.ledger import Ledger, Mapped, filled_cells
from service.workbook.calculation.results import Address
from service.workbook.calculation.rewrite import VISIBLE_ONLY, Prepared, Rewriter
from service.workbook.calculation.source import Formula

# What these answer rests on the formulas that they read, not on the values alone.
_LOOKING = frozenset({"SUBTOTAL", "AGGREGATE", "ANCHORARRAY"})
# What these answer changes when cells are moved, also where the values that they read don't.
_PLACES = re.compile(
    r"\b(ROWS?|COLUMNS?|ADDRESS|SHEETS?|AREAS|CELL|INDIRECT|OFFSET|FORMULATEXT)\(", re.IGNORECASE
)
_MOST_CELLS = 500_000  # cells of ranges that are looked at after a move


@dataclass(frozen=True)
class Trusted:
    """What still counts.

    :param values: of formula cells, and of cells that array formulas fill
    :param unsure: formulas that rest on values of the file of which nobody knows whether they
        still count: nobody can calculate them, or tell what they read
    """

    values: Mapping[Address, object] = field(default_factory=dict)
    unsure: set[Address] = field(default_factory=set)


@dataclass(frozen=True)
class Meant:
    """What formulas mean, and what they meant in the file if that was something else.

    :param original: what names and tables meant in the file; None where they mean the same
    """

    now: Rewriter
    original: Rewriter | None = None

    def differs(self, address: Address, formula: Formula, prepared: Prepared) -> bool:
        """Whether a formula means something else than it did in the file."""
        if self.original is None:
            return False
        hidden = self.original.facts.hidden != self.now.facts.hidden
        if hidden and prepared.functions & VISIBLE_ONLY:
            return True
        return self.original.prepared(address, formula) != prepared


@dataclass(frozen=True)
class State:
    """A workbook before its cells are moved.

    :param affected: the formulas whose value may be another than the file's
    """

    sheets: list[str]
    formulas: Formulas
    affected: set[Address]


def trusted(ledger: Ledger, graph: Graph, affected: set[Address], until: float) -> Trusted:
    """The values of the file that still count.

    :param affected: see :func:`affected_by`
    :raises TimeoutError: if it takes longer than ``until`` to find out
    """
    asked = affected | _looked_at(graph, affected, ledger)
    values: dict[Address, object] = {}
    for address, (formula, _) in graph.formulas.items():
        if address not in asked:
            if formula.area is None:
                values[address] = ledger.values[address][1]
            else:
                values |= {c: ledger.values[c][1] for c in filled_cells(address, formula)}
    loose = {
        address
        for address, (_, prepared) in graph.formulas.items()
        if prepared.reason and prepared.anywhere and ledger.touched and address not in affected
    }
    return Trusted(values, loose | graph.reached(loose, until))


def affected_by(
    ledger: Ledger,
    graph: Graph,
    changed: set[Address],
    moving: set[Address],
    meant: Meant,
    until: float,
) -> set[Address]:
    """The formulas whose value may be another than the file's.

    :param changed: cells that are not what they were in the file
    :param moving: formulas whose values change by themselves
    :param meant: what names and tables mean, and meant in the file
    :raises TimeoutError: if it takes longer than ``until`` to find out
    """
    if ledger.stale or not ledger.values:
        return set(graph.formulas)
    found = set(moving) | (ledger.affected & graph.formulas.keys())
    by_sheet: dict[str, list[Address]] = {}
    for address in changed:
        by_sheet.setdefault(address[0], []).append(address)
    for address, (formula, prepared) in graph.formulas.items():
        other = meant.differs(address, formula, prepared)
        wide = ledger.touched and prepared.anywhere and not prepared.reason
        blocked = ledger.touched and formula.kind == "dynamic" and _failed(ledger, address)
        if other or wide or blocked or not ledger.holds(address, formula):
            found.add(address)
        elif formula.area is not None:
            places = by_sheet.get(address[0], ())
            if any(formula.area.holds(*place[1:]) for place in places):
                found.add(address)
    return found | graph.reached(changed | found, until)


def _failed(ledger: Ledger, address: Address) -> bool:
    """Whether an array may have lacked room in the file, where Excel has #VALUE! for #SPILL!."""
    return ledger.values.get(address, ("", None))[1] in ("#SPILL!", "#VALUE!")


def _looked_at(graph: Graph, affected: set[Address], ledger: Ledger) -> set[Address]:
    """Formulas that have to be given as formulas, as others look at more than their values."""
    found: set[Address] = set()
    waiting = [a for a in affected if graph.formulas[a][1].functions & _LOOKING]
    while waiting:
        prepared = graph.formulas[waiting.pop()][1]
        for address in graph.inside(prepared.references):
            formula, other = graph.formulas[address]
            told = other.functions & _LOOKING or formula.kind == "dynamic"
            if told and address not in affected and address not in found | ledger.odd.keys():
                found.add(address)
                waiting.append(address)
    return found


# Moves --------------------------------------------------------------------------


def move(ledger: Ledger, before: State, mapping: Mapped, formulas: Formulas) -> None:
    """Bring a ledger up to date when the workbook's cells are elsewhere now.

    :param before: the workbook before that
    :param mapping: the new address of a cell, None if it is gone
    :param formulas: the formulas as they stand now, with their references shifted
    """
    ledger.touched = True
    values: dict[Address, tuple[str, object]] = {}
    for address, (formula, value) in ledger.values.items():
        new = mapping(address)
        if new is None:
            continue
        if formula == "":
            values[new] = (formula, value)
        elif new in formulas and "#REF!" not in formulas[new][0].text:
            values[new] = (formulas[new][0].text, value)
    same, affected = _Same(before.sheets, mapping), set()
    for address, known in before.formulas.items():
        new = mapping(address)
        if new is None or new not in formulas:
            continue
        if address in before.affected or not same.formula(known, formulas[new]):
            affected.add(new)
    odd = {new: computed for old, computed in ledger.odd.items() if (new := mapping(old))}
    ledger.values, ledger.affected = values, affected
    ledger.odd = {address: computed for address, computed in odd.items() if address in values}


class _Same:
    """Whether formulas read the same cells after a move as before."""

    def __init__(self, sheets: list[str], mapping: Mapped) -> None:
        self._titles = {title.lower(): title for title in sheets}
        self._mapping = mapping
        self._known: dict[tuple[str, Area], tuple[str, Area] | None] = {}
        self._left = _MOST_CELLS

    def formula(self, old: tuple[Formula, Prepared], new: tuple[Formula, Prepared]) -> bool:
        mine, other = old[1].references, new[1].references
        if len(mine) != len(other) or _PLACES.search(new[0].text) or old[0].kind != new[0].kind:
            return False
        return all(self._moved(one) == two for one, two in zip(mine, other, strict=True))

    def _moved(self, place: tuple[str, Area]) -> tuple[str, Area] | None:
        if place not in self._known:
            self._known[place] = self._work_out(*place)
        return self._known[place]

    def _work_out(self, sheet: str, area: Area) -> tuple[str, Area] | None:
        """Where an area is now; None if its cells have not all gone the same way."""
        if area.cells > self._left:
            return None
        self._left -= area.cells
        title = self._titles.get(sheet, sheet)
        start = self._mapping((title, area.first_row, area.first_column))
        if start is None:
            return None
        down, right = start[1] - area.first_row, start[2] - area.first_column
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                if self._mapping((title, row, column)) != (start[0], row + down, column + right):
                    return None
        return start[0].lower(), Area(
            start[1], start[2], area.last_row + down, area.last_column + right
        )
