"""The values of a workbook's formulas: calculators and ledger put together.

- What the file held counts as long as nothing that a formula reads has changed.
- Else the first calculator's value counts as verified where the second one agrees.
- What these two leave open, the third one may decide, where it is installed.
- Everything else is answered with the reason why it is unknown or unverified.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import IntEnum

from service.workbook.calculation import first, second
from service.workbook.calculation.cached import Cached
from service.workbook.calculation.graph import Graph, all_formulas
from service.workbook.calculation.ledger import Difference, Ledger, Mapped, Watch, filled_cells
from service.workbook.calculation.opinions import Said, caveat, doubted, may_differ, three, two
from service.workbook.calculation.problem import Problem, apart, whole
from service.workbook.calculation.results import Address, Computed, Values, is_error, same, told
from service.workbook.calculation.rewrite import Rewriter
from service.workbook.calculation.source import Source, is_1904
from service.workbook.calculation.third import ThirdCalculator

DEADLINE = 5.0  # seconds for the first calculator
SETTLING = 3.0  # seconds for the comparison with what a file holds
SECOND_WAIT = 1.5
AGAIN_WAIT = 0.2  # where the second one was waited for already
THIRD_WAIT = 8.0
_MOST_CHECKED = 50_000  # formulas that the second calculator is given
_MOST_SETTLED = 50_000  # formulas that are compared with the file's values on opening
_MOST_DECIDED = 5_000  # formulas that the third one is given
_MOST_VALUES = 200_000  # plain values that either is given
_DEPENDS = "it depends on a cell that can't be calculated"
_RANDOM = "it comes from random numbers, which change at each calculation"
_NOT_YET = "not checked in time by a second calculator"
_TOO_LARGE = "the workbook is too large for a second calculator to check"


class Level(IntEnum):
    """How many calculators have been asked."""

    NONE = 0
    ONE = 1
    TWO = 2
    THREE = 3


class Calculation:
    """The calculated values of one open workbook, until it changes.

    :param source: gives the workbook as it is now
    :param ledger: what the file held that it was opened from
    :param third: LibreOffice, where it may be asked
    """

    def __init__(
        self,
        source: Callable[[], Source],
        ledger: Ledger | None = None,
        third: ThirdCalculator | None = None,
    ) -> None:
        self._source = source
        self.ledger = ledger or Ledger()
        self._third = third
        self._rewriter: Rewriter | None = None
        self._round: _Round | None = None
        self._values: dict[Address, Computed] = {}
        self._level = Level.NONE
        self._decided: tuple[Watch, dict[Address, Computed]] | None = None

    def __repr__(self) -> str:
        return f"<Calculation level={self._level.name}>"

    def changed(self) -> None:
        """The workbook changes: nothing calculated before counts any more."""
        self.ledger.touched = True
        self._round, self._values, self._level = None, {}, Level.NONE

    def moved(self, mapping: Mapped) -> None:
        """Cells have other places now, by a change that shifted the formulas as well.

        :param mapping: the new address of a cell that was at another, None if it is gone
        """
        self.changed()
        source = self._source()
        self.ledger.moved(mapping, all_formulas(source, self._fitting(source)))
        self._decided = None

    def open(self, cached: Cached, seconds: float = SETTLING) -> None:
        """Compare what the file holds with what the calculator makes of it, once.

        Where there is not enough time, the file's values count until the first change.
        """
        self.ledger = Ledger(stale=cached.stale)
        until = time.monotonic() + seconds
        round_ = _Round(self._source(), self._fitting, self.ledger)
        for address, (formula, _) in round_.formulas.items():
            for cell in filled_cells(address, formula):
                if cell in cached.values:
                    text = formula.text if cell == address else ""
                    self.ledger.values[cell] = (text, cached.values[cell])
        if self.ledger.values and not cached.stale and not round_.too_large(_MOST_SETTLED):
            _settle(self.ledger, round_, until)

    def differences(self) -> list[Difference]:
        """Where a formula's value in the file is not what the calculator makes of it."""
        return self.ledger.differences()

    def values(self) -> Values:
        """The values of all formula cells, and of the cells that array formulas fill."""
        self._calculate(Level.THREE, DEADLINE, SECOND_WAIT)
        return self._values

    def within(self, seconds: float) -> bool:
        """Whether the values are there, or could be calculated in so short a time.

        They are checked then as far as the time allows.
        """
        return self._calculate(Level.TWO, seconds, seconds, whole_or_nothing=True)

    @property
    def known(self) -> Values:
        """The values that have been calculated since the last change; none, perhaps."""
        return self._values

    def _fitting(self, source: Source) -> Rewriter:
        if self._rewriter is None or not self._rewriter.fits(source):
            self._rewriter = Rewriter(source)
        return self._rewriter

    def _calculate(
        self, level: Level, seconds: float, wait: float, *, whole_or_nothing: bool = False
    ) -> bool:
        if self._level >= level:
            return True
        with _undisturbed():
            return self._asked(level, seconds, wait, whole_or_nothing=whole_or_nothing)

    def _asked(self, level: Level, seconds: float, wait: float, *, whole_or_nothing: bool) -> bool:
        until = time.monotonic() + seconds
        if self._round is None:
            self._round = _Round(self._source(), self._fitting, self.ledger)
        round_ = self._round
        if self._level is Level.NONE:
            try:
                if round_.settled_by_file(until):
                    self._values, self._level = round_.merged(), Level.THREE
                    return True
                round_.ask_first(until)
            except TimeoutError:
                self._round = None
                if whole_or_nothing:
                    return False
                self._values = round_.too_late(seconds)
                self._level = Level.THREE
                return True
            self._level = Level.ONE
        checked = round_.ask_second(wait if not round_.waited else min(wait, AGAIN_WAIT))
        self._values = round_.merged()
        if checked:
            self._level = Level.TWO
            if level is Level.THREE:
                self._ask_third(round_)
                self._level = Level.THREE
        return True

    def _ask_third(self, round_: _Round) -> None:
        """Have LibreOffice decide what is open, unless it has and nothing there changed."""
        open_ = round_.open_cells(self._values)
        if self._third is None or not open_ or round_.too_large(_MOST_DECIDED):
            return
        until = time.monotonic() + THIRD_WAIT
        decided = self._still_decided(round_, until)
        if not open_ <= decided.keys():
            found = self._third.calculate(round_.problem, round_.formulas, until)
            found = round_.spread(found or {}, until)
            decided |= {a: found.get(a, Computed(unknown="no answer in time")) for a in open_}
            self._decided = round_.watching(decided, until)
        for address in open_:
            self._values |= round_.merged_cell(address, decided[address])

    def _still_decided(self, round_: _Round, until: float) -> dict[Address, Computed]:
        if self._decided is None:
            return {}
        watch, values = self._decided
        try:
            changed = watch.changed(round_.source, round_.graph, until)
        except TimeoutError:
            return {}
        return {a: v for a, v in values.items() if a not in changed and a in round_.formulas}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without looks for garbage: many small things are made here, and all of them are used."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Round:
    """One state of the workbook, and what the calculators say about it."""

    def __init__(
        self, source: Source, rewriter: Callable[[Source], Rewriter], ledger: Ledger
    ) -> None:
        self.source = source
        self.ledger = ledger
        self.formulas = all_formulas(source, rewriter(source))
        self.graph = Graph(self.formulas)
        self.waited = False
        self._mac = is_1904(source.epoch)  # dates that the second calculator does not know
        self.problem = Problem(source, {})
        self._guards: dict[Address, list[Address]] = {}
        self._first: dict[Address, Computed] = {}
        self._second: dict[Address, Computed] | None = None
        self._second_failed = ""
        self._ticket: second.Ticket | None = None
        self.moving: set[Address] = set()
        self._random: set[Address] = set()
        self._special: set[Address] = set()  # where agreeing is not all

    def ask_first(self, until: float) -> None:
        """:raises TimeoutError: if the first calculator does not answer by ``until``"""
        self.find_moving(until)
        self.prepare(self.ledger.pinned(self.source, self.graph, until))
        self._first = self.spread(first.calculate(self.problem, until), until)

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

    def prepare(self, pinned: dict[Address, object]) -> None:
        """Set the problem up with some results as they are known."""
        self.problem = whole(self.source, self.formulas, pinned, set())
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
        if len(self.formulas) > most:
            return True
        values = 0
        for sheet in self.source.sheets:
            for _ in self.source.values(sheet):
                values += 1
                if values > _MOST_VALUES:
                    return True
        return False

    def ask_second(self, seconds: float) -> bool:
        """Whether the second calculator has answered, or is not going to, in so much time."""
        if self._second is not None or self._second_failed or not self.unsettled():
            return True
        if self._ticket is None or self._ticket.superseded:
            if self.too_large(_MOST_CHECKED):
                self._second_failed = _TOO_LARGE
                return True
            self._ticket = second.shared().ask(self.problem)
        self.waited = True
        until = time.monotonic() + seconds
        if not second.shared().wait(self._ticket, until) or self._ticket.superseded:
            return False
        if self._ticket.answer is None:
            self._second_failed = f"not checked by a second calculator: {self._ticket.failed}"
        else:
            self._second = self.spread(self._ticket.answer, until + DEADLINE)
        return True

    def unsettled(self) -> bool:
        """Whether there is any cell whose value the file does not settle."""
        return any(self._file_value(a, cell) is None for a, cell in self._cells())

    def _cells(self) -> list[tuple[Address, Address]]:
        """(formula, cell that it fills) of all."""
        return [
            (address, cell)
            for address, (formula, _) in self.formulas.items()
            for cell in filled_cells(address, formula)
        ]

    # Merging

    def merged(self) -> dict[Address, Computed]:
        """What the first two calculators and the file say together."""
        found: dict[Address, Computed] = {}
        for address in self.formulas:
            found |= self.merged_cell(address)
        # Cells that a dynamic array has grown into.
        for address, result in self._first.items():
            if address not in found and address not in self.problem.guarded:
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
            return Computed(self.problem.pinned[cell])
        text = self.formulas[address][0].text if cell == address else ""
        held, value = self.ledger.held(cell, text)
        if not held or address in self.moving:
            return None
        result = self._first.get(cell)
        agrees = result is not None and not result.unknown and same(result.value, value)
        return Computed(value) if agrees or not self.ledger.touched else None

    def _opinion(self, address: Address, cell: Address, third: Computed | None) -> Computed:
        quick = self._agreed(address, cell)
        if quick is not None:
            return quick
        one, doubt = self._said(self._first, address, cell), self.formulas[address][1].doubt
        if self._second is None:
            result = one.settled
            if not result.unknown:
                result = replace(result, unverified=self._second_failed or _NOT_YET)
        else:
            other = self._said(self._second, address, cell)
            result = doubted(two(one, other, prefer_first=self._mac), doubt)
            if third is not None:
                result = three(one, other, third, result, doubt)
        if result.unknown:
            return self._as_held(address, cell) or result
        odd = self.ledger.odd.get(address)
        if odd is not None and address not in self.moving:
            result = replace(result, unverified=_odd_reason(odd, self.ledger.values[address][1]))
        elif address in self._random:
            result = replace(result, unverified=_RANDOM)
        elif not result.unverified and (why := caveat(self.formulas[address][1], result.value)):
            result = replace(result, unverified=why)
        return result

    def _agreed(self, address: Address, cell: Address) -> Computed | None:
        """The usual case: two calculators agree on a number or text, and nothing is special."""
        if self._second is None or address in self._special or address in self._guards:
            return None
        one, other = self._first.get(cell), self._second.get(cell)
        if one is None or other is None or one.unknown or other.unknown:
            return None
        return one if same(one.value, other.value) and not is_error(one.value) else None

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
        return Computed(entry[1], unverified="what the file held; it can't be calculated here")

    def open_cells(self, values: Values) -> set[Address]:
        """Formulas that the two calculators leave open."""
        return {
            address
            for address, (formula, prepared) in self.formulas.items()
            if formula.kind != "data table"
            and not prepared.reason
            and address not in self._random
            and self._second is not None
            and self._first.get(address) != Computed(unknown=first.CIRCULAR)
            and (values[address].unknown or values[address].unverified)
            and address not in self.ledger.odd
            and not caveat(prepared, values[address].value)
        }

    def watching(
        self, decided: dict[Address, Computed], until: float
    ) -> tuple[Watch, dict[Address, Computed]] | None:
        try:
            return Watch(decided, self.source, self.graph, until + DEADLINE), decided
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


# Opening ----------------------------------------------------------------------


def _settle(ledger: Ledger, round_: _Round, until: float) -> None:
    """Find the formulas of which the calculator makes something else than the file holds.

    A formula that only reads such a cell is not odd itself: with the file's values in the
    other cells it gives the file's value.
    """
    try:
        round_.ask_first(until)
        suspects = _unlike(ledger, round_)
        odd: set[Address] = set()
        if suspects:
            odd = _odd_alone(ledger, round_, suspects, until)
            round_.prepare(_held_of(ledger, round_, odd))
            calculated = first.calculate(round_.problem, until)
            round_._first |= round_.spread(calculated, until)
            odd |= set(_unlike(ledger, round_)) - odd
        if odd:
            ledger.watch = Watch(odd, round_.source, round_.graph, until)
    except TimeoutError:
        return
    nothing = Computed(unknown="the calculator gave no value")
    ledger.odd = {address: round_._first.get(address, nothing) for address in odd}
    ledger.settled = True


def _unlike(ledger: Ledger, round_: _Round) -> list[Address]:
    found = []
    for address, (formula, _) in round_.formulas.items():
        if address in round_.moving or address in round_.problem.pinned:
            continue
        for cell in filled_cells(address, formula):
            if cell in ledger.values and not _like(ledger, round_, cell):
                found.append(address)
                break
    return found


def _like(ledger: Ledger, round_: _Round, cell: Address) -> bool:
    result = round_._first.get(cell)
    held = ledger.values[cell][1]
    return result is not None and not result.unknown and same(result.value, held)


def _odd_alone(
    ledger: Ledger, round_: _Round, suspects: list[Address], until: float
) -> set[Address]:
    """Those that are unlike also with the file's values in all other cells."""
    pinned = _held_of(ledger, round_, set(round_.formulas))
    problem, places = apart(round_.source, round_.formulas, pinned, suspects)
    results = first.calculate(problem, until)
    fine = set()
    for place, address in places.items():
        result = results.get(place)
        held = ledger.values[address][1]
        if result is None or result.unknown:
            continue
        if same(result.value, held):
            fine.add(address)
        else:
            round_._first[address] = result
    return set(suspects) - fine


def _held_of(ledger: Ledger, round_: _Round, addresses: set[Address]) -> dict[Address, object]:
    return {
        cell: ledger.values[cell][1]
        for address in addresses
        for cell in filled_cells(address, round_.formulas[address][0])
        if cell in ledger.values
    }
