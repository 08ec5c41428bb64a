"""One state of a workbook, and what calculators and ledger say about its formulas."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from service.observing import tally
from service.workbook.calculation import first, second
from service.workbook.calculation.graph import Graph, all_formulas
from service.workbook.calculation.ledger import Ledger, filled_cells
from service.workbook.calculation.opinions import (
    Said,
    caveat,
    doubted,
    may_differ,
    three,
    two,
    with_long_number,
)
from service.workbook.calculation.problem import Problem, whole
from service.workbook.calculation.repeated import Question, Repeated
from service.workbook.calculation.results import Address, Computed, Values, is_error, same, told
from service.workbook.calculation.rewrite import Rewriter
from service.workbook.calculation.source import Source, is_1904
from service.workbook.calculation.trust import Meant, affected_by, trusted
from service.workbook.calculation.watch import Watch

_MOST_CHECKED = 50_000  # formulas that the second calculator is given
_MOST_VALUES = 200_000  # plain values that another calculator is given
_SPREADING = 5.0  # seconds to find what depends on cells that a calculator can't do
# Such as A1:INDEX(...), which the second calculator does not know.
_RANGE_OF_CALLS = re.compile(r"\):|:[A-Za-z_.]+\(")
_DEPENDS = "it depends on a cell that can't be calculated"
_RANDOM = "it comes from random numbers, which change at each calculation"
_HELD = "what the file held; it can't be calculated here"
_PERHAPS = ", and what it reads may have changed"
_RESTS = "it rests on a value of the file that can't be calculated here"
_NOT_YET = "not checked in time by a second calculator"
_TOO_LARGE = "the workbook is too large for a second calculator to check"


class Round:
    """One state of the workbook, and what the calculators say about it.

    :param original: what names and tables meant in the file, where they mean others now
    :param repeated: the last question about this workbook
    """

    def __init__(
        self,
        source: Source,
        rewriter: Rewriter,
        ledger: Ledger,
        original: Rewriter | None = None,
        repeated: Repeated | None = None,
    ) -> None:
        self.source = source
        self.ledger = ledger
        self._repeated = repeated or Repeated()
        self._meant = Meant(rewriter, original)
        self.formulas = all_formulas(source, rewriter)
        self.graph = Graph(self.formulas)
        self.waited = False
        self._mac = is_1904(source.epoch)  # dates that the second calculator does not know
        self.problem = Problem(source, {})
        self._guards: dict[Address, list[Address]] = {}
        self.first_results: dict[Address, Computed] = {}
        self._second: dict[Address, Computed] | None = None
        self._second_failed = ""
        self._ticket: second.Ticket | None = None
        self.moving: set[Address] = set()
        self._random: set[Address] = set()
        self._unsure: set[Address] = set()  # they rest on values that may not count any more
        self._special: set[Address] = set()  # where agreeing is not all

    def ask_first(self, until: float) -> None:
        """:raises TimeoutError: if the first calculator does not answer by ``until``"""
        found = trusted(self.ledger, self.graph, self.affected(until), until)
        self._unsure = found.unsure
        self._special |= found.unsure
        self.prepare(found.values)
        self._repeated.ask(None if self.moving else Question.of(self.problem))
        if self._repeated.first is None:
            self._repeated.first = first.calculate(self.problem, until)
        self.first_results = self.spread(self._repeated.first, until)

    def ask_about_all(self, until: float) -> None:
        """As :meth:`ask_first`, whatever the file held."""
        self.find_moving(until)
        self.prepare({})
        self.first_results = self.spread(first.calculate(self.problem, until), until)

    def affected(self, until: float) -> set[Address]:
        """The formulas whose value may be another than the file's.

        :raises TimeoutError: if it takes longer than ``until`` to find out
        """
        self.find_moving(until)
        known = self.ledger.touched and self.ledger.values
        changed = self.source.changed() if known else set()
        return affected_by(self.ledger, self.graph, changed, self.moving, self._meant, until)

    def find_moving(self, until: float) -> None:
        """Find the formulas whose value changes by itself: with the clock, or by chance.

        :raises TimeoutError: if it takes longer than ``until``
        """
        own = {a for a, (_, prepared) in self.formulas.items() if prepared.moving}
        self.moving = own | self.graph.reached(own, until)
        random = {a for a in own if self.formulas[a][1].random}
        self._random = random | self.graph.reached(random, until)
        self._special = self._random | self.ledger.odd.keys()
        self._special |= {a for a, (_, p) in self.formulas.items() if p.doubt or may_differ(p)}

    def settled_by_file(self, until: float) -> bool:
        """Whether no calculator is needed, as nothing was changed since the opening.

        :raises TimeoutError: if it takes longer than ``until`` to find out
        """
        if self.ledger.touched or not self.ledger.values:
            return False
        self.find_moving(until)
        return not self.unsettled()

    def prepare(self, pinned: Mapping[Address, object]) -> None:
        """Set the problem up with some results as they are known."""
        self.problem = whole(self.source, self.formulas, pinned)
        self._guards = {}
        for place, owner in self.problem.guarded.items():
            self._guards.setdefault(owner, []).append(place)

    def spread(self, results: dict[Address, Computed], until: float) -> dict[Address, Computed]:
        """The results of one calculator, those that rest on something unknown unknown too."""
        pinned = self.problem.pinned
        found = dict(results)
        roots = []
        for address, (formula, prepared) in self.formulas.items():
            if address in pinned:
                continue
            if prepared.reason:
                unknown = Computed(unknown=prepared.reason)
                found |= dict.fromkeys(filled_cells(address, formula), unknown)
            if address not in found or found[address].unknown:
                roots.append(address)
        for address in self.graph.reached(roots, until, pinned):
            for cell in filled_cells(address, self.formulas[address][0]):
                if cell not in found or not found[cell].unknown:
                    found[cell] = Computed(unknown=_DEPENDS)
        return found

    def too_large(self, most: int) -> bool:
        """Whether another calculator is not given so much."""
        if len(self.problem.tasks) > most:
            return True
        values = 0
        for sheet in self.problem.sheets:
            for _ in self.problem.values(sheet):
                values += 1
                if values > _MOST_VALUES:
                    return True
        return False

    def ask_second(self, seconds: float) -> bool:
        """Whether the second calculator has answered, or is not going to, in so much time."""
        if self._second is not None or self._second_failed or not self.unsettled():
            return True
        if self._ticket is None or self._ticket.superseded:
            self._ticket = self._repeated.usable_ticket
        if self._ticket is None:
            if self.too_large(_MOST_CHECKED):
                self._second_failed = _TOO_LARGE
                return True
            self._ticket = self._repeated.ticket = second.shared().ask(self.problem)
        self.waited = True
        until = time.monotonic() + seconds
        counted = self._ticket.answer is not None  # when the same was asked before
        if not second.shared().wait(self._ticket, until) or self._ticket.superseded:
            tally.count(tally.SECOND, "late")
            return False
        if not counted:
            failed = self._ticket.answer is None
            tally.count(tally.SECOND, "failed" if failed else "answered")
        if self._ticket.answer is None:
            self._second_failed = f"not checked by a second calculator: {self._ticket.failed}"
        else:
            try:
                self._second = self.spread(self._ticket.answer, until + _SPREADING)
            except TimeoutError:
                self._second_failed = _TOO_LARGE
        return True

    def unsettled(self) -> bool:
        """Whether there is any cell whose value the file does not settle."""
        return any(self._file_value(a, cell) is None for a, cell in self._cells())

    def _cells(self) -> Iterator[tuple[Address, Address]]:
        """(formula, cell that it fills) of all."""
        for address, (formula, _) in self.formulas.items():
            for cell in filled_cells(address, formula):
                yield address, cell

    # Merging

    def merged(self) -> dict[Address, Computed]:
        """What the first two calculators and the file say together."""
        found: dict[Address, Computed] = {}
        for address in self.formulas:
            found |= self.merged_cell(address)
        # Cells that a dynamic array has grown into.
        for address, result in self.first_results.items():
            if address not in found and address[0] not in self.problem.probes:
                found[address] = replace(result, unverified="" if result.unknown else _NOT_YET)
                if self._second is not None:
                    found[address] = two(Said(result), Said(self._second.get(address, result)))
        return found

    def merged_cell(self, address: Address, decided: Computed | None = None) -> Values:
        """The values of the cells that one formula fills.

        :param decided: what the third calculator says
        """
        formula = self.formulas[address][0]
        return {
            cell: self._file_value(address, cell) or self._opinion(address, cell, decided)
            for cell in filled_cells(address, formula)
        }

    def _file_value(self, address: Address, cell: Address) -> Computed | None:
        """What the file held, where that counts."""
        if cell in self.problem.pinned:
            value = self.problem.pinned[cell]
            return Computed(value, unverified=self._unsure_reason(address))
        text = self.formulas[address][0].text if cell == address else ""
        held, value = self.ledger.held(cell, text)
        if not held or address in self.moving:
            return None
        result = self.first_results.get(cell)
        agrees = result is not None and not result.unknown and same(result.value, value)
        return Computed(value) if agrees or not self.ledger.touched else None

    def _unsure_reason(self, address: Address) -> str:
        if address not in self._unsure:
            return ""
        reason = self.formulas[address][1].reason
        return f"{_HELD} ({reason}){_PERHAPS}" if reason else _RESTS

    def _opinion(self, address: Address, cell: Address, third: Computed | None) -> Computed:
        quick = self._agreed(address, cell)
        if quick is not None:
            return quick
        one, doubt = self._said(self.first_results, address, cell), self._doubt(address)
        if self._second is None:
            result = one.settled
            if not result.unknown:
                result = replace(result, unverified=self._second_failed or _NOT_YET)
        else:
            other = self._said(self._second, address, cell)
            text = self.formulas[address][1].text
            # Only the first one says which cells an array fills.
            spills = self.formulas[address][0].kind == "dynamic"
            prefer = self._mac or spills or bool(_RANGE_OF_CALLS.search(text))
            result = doubted(two(one, other, prefer_first=prefer), doubt)
            if third is not None:
                result = three(one, other, third, result, doubt)
        if result.unknown:
            return self._as_held(address, cell) or result
        odd = self.ledger.odd.get(address)
        if odd is not None and address not in self.moving:
            result = replace(result, unverified=_odd_reason(odd, self.ledger.values[address][1]))
        elif address in self._random:
            result = replace(result, unverified=_RANDOM)
        elif address in self._unsure:
            result = replace(result, unverified=_RESTS)
        elif not result.unverified and (why := caveat(self.formulas[address][1], result.value)):
            result = replace(result, unverified=why)
        return result

    def _doubt(self, address: Address) -> str:
        """Why calculators that agree may be wrong together; "" where they had it made easy."""
        return "" if address in self.problem.lifted else self.formulas[address][1].doubt

    def _agreed(self, address: Address, cell: Address) -> Computed | None:
        """The usual case: two calculators agree on a number or text, and nothing is special."""
        if self._second is None or address in self._special or address in self._guards:
            return None
        one, other = self.first_results.get(cell), self._second.get(cell)
        if one is None or other is None or one.unknown or other.unknown:
            return None
        if is_error(one.value) or with_long_number(one.value):
            return None
        return one if same(one.value, other.value) else None

    def _said(self, results: dict[Address, Computed], address: Address, cell: Address) -> Said:
        result = results.get(cell, Computed(unknown="the calculator gave no value"))
        nothing = Computed(unknown="it was not calculated")
        guards = self._guards.get(address, ())
        return Said(result, tuple(results.get(place, nothing) for place in guards))

    def _as_held(self, address: Address, cell: Address) -> Computed | None:
        """The file's value of a cell that nobody can calculate, if the file is not sure of it."""
        entry = self.ledger.values.get(cell)
        formula = self.formulas[address][0].text if cell == address else ""
        if not self.ledger.stale or self.ledger.touched or not entry or entry[0] != formula:
            return None
        return Computed(entry[1], unverified=_HELD)

    def open_cells(self, values: Values) -> set[Address]:
        """Formulas that the two calculators leave open."""
        return {
            address
            for address, (formula, prepared) in self.formulas.items()
            if formula.kind != "data table"
            and not prepared.reason
            and address not in self._random
            and self._second is not None
            and self.first_results.get(address) != Computed(unknown=first.CIRCULAR)
            and (values[address].unknown or values[address].unverified)
            and address not in self.ledger.odd
            and not caveat(prepared, values[address].value)
        }

    def watching(
        self, decided: dict[Address, Computed], until: float
    ) -> tuple[Watch, dict[Address, Computed]] | None:
        try:
            return Watch(decided, self.source, self.graph, until + _SPREADING), decided
        except TimeoutError:
            return None

    def too_late(self, seconds: float) -> dict[Address, Computed]:
        """What is known without any calculation."""
        late = Computed(unknown=f"the calculation took longer than {seconds:g} seconds")
        return {cell: self._file_value(a, cell) or late for a, cell in self._cells()}


def _odd_reason(computed: Computed, held: object) -> str:
    if computed.unknown:
        return (
            f"the file's value could not be confirmed ({computed.unknown}), and its inputs changed"
        )
    return (
        f"before its inputs changed, the file held {told(held)} where the calculator "
        f"made {told(computed.value)}"
    )
