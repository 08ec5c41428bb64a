"""The values of a workbook's formulas: calculators and ledger put together.

- What the file held counts as long as nothing that a formula reads has changed.
- Else the first calculator's value counts as verified where the second one agrees.
- What these two leave open, the third one may decide, where it is installed.
- Everything else is answered with the reason why it is unknown or unverified.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from service import progress
from service.observing import tally
from service.workbook.calculation.graph import all_formulas
from service.workbook.calculation.held import Held
from service.workbook.calculation.ledger import Difference, Ledger, Mapped
from service.workbook.calculation.opinions import kind
from service.workbook.calculation.repeated import Repeated
from service.workbook.calculation.results import Address, Computed, Values
from service.workbook.calculation.rewrite import Facts, Rewriter
from service.workbook.calculation.round import Round
from service.workbook.calculation.settling import settle
from service.workbook.calculation.source import Source
from service.workbook.calculation.third import ThirdCalculator
from service.workbook.calculation.trust import State, move
from service.workbook.calculation.trying import Trial
from service.workbook.calculation.watch import Watch

DEADLINE = 5.0  # seconds for the first calculator
MOST_LONGER = 15.0  # seconds that it is given more if there are many formulas
_FORMULAS_A_SECOND = 10_000
SETTLING = 3.0  # seconds for the comparison with what a file holds
SECOND_WAIT = 1.5
AGAIN_WAIT = 0.2  # where the second one was waited for already
PATIENCE = 1.0  # before it is waited for again
ALL_WAIT = 6.5  # for all of them together
_LEAST_FOR_THIRD = 2.0
_MOST_SETTLED = 20_000  # formulas that are compared with the file's values on opening
_MOST_DECIDED = 5_000  # formulas that the third one is given


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
        self._original: Rewriter | None = None  # of the file, where names mean others now
        self._round: Round | None = None
        self._repeated = Repeated()
        self._values: dict[Address, Computed] = {}
        self._level = Level.NONE
        self._not_before = 0.0  # of time.monotonic()
        self._decided: tuple[Watch, dict[Address, Computed]] | None = None

    def __repr__(self) -> str:
        return f"<Calculation level={self._level.name}>"

    def changed(self) -> None:
        """The workbook changes: nothing calculated before counts any more."""
        self.ledger.touched = True
        self._round, self._values, self._level = None, {}, Level.NONE

    def before_move(self) -> State:
        """What has to be known of the workbook as it is, to give to :meth:`moved`."""
        if not self.ledger.values:  # then every formula is calculated anyway
            return State([], {}, set())
        round_ = self._round or self._new_round()
        try:
            affected = round_.affected(time.monotonic() + DEADLINE)
        except TimeoutError:
            affected = set(round_.formulas)
        return State(round_.source.sheets, round_.formulas, affected)

    def moved(self, mapping: Mapped, before: State) -> None:
        """Cells have other places now, by a change that shifted the formulas as well.

        :param mapping: the new address of a cell that was at another, None if it is gone
        """
        self.changed()
        self._decided = None
        if not self.ledger.values:
            self.ledger.facts = None
            return
        source = self._source()
        rewriter = self._fitting(source)
        move(self.ledger, before, mapping, all_formulas(source, rewriter))
        self.ledger.facts = rewriter.facts

    def open(self, held: Held, seconds: float = SETTLING) -> None:
        """Compare what the file holds with what the calculator makes of it, once.

        Where there is not enough time, the file's values count until the first change.
        """
        source = self._source()
        self.ledger = Ledger(held.values, Facts.of(source), held.stale)
        if not held.values or held.stale or len(held.values) > _MOST_SETTLED:
            return
        with _undisturbed():
            round_ = self._new_round()
            round_.prepare({})
            if not round_.too_large(_MOST_SETTLED):
                settle(self.ledger, round_, time.monotonic() + seconds)

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

    def spilled(self, address: Address) -> Computed | None:
        """What the first calculator, which finds what an array ``fills``, says of its cell."""
        return self._round.first_results.get(address) if self._round is not None else None

    def trial(self) -> Trial:
        """The workbook with its values, to try things with."""
        values = self.values()
        round_ = self._round or self._new_round()
        return Trial(round_.source, self._fitting(round_.source), round_.graph, values)

    @property
    def moving(self) -> set[Address]:
        """Formulas whose value changes by itself, with the clock or by chance."""
        return self._round.moving if self._round is not None else set()

    def _fitting(self, source: Source) -> Rewriter:
        facts = Facts.of(source)
        if self._rewriter is None or self._rewriter.facts != facts:
            self._rewriter = Rewriter(facts)
        return self._rewriter

    def _new_round(self) -> Round:
        source, meant = self._source(), self.ledger.facts
        rewriter, original = self._fitting(source), None
        if meant is not None and meant != rewriter.facts:
            if self._original is None or self._original.facts != meant:
                self._original = Rewriter(meant)
            original = self._original
        return Round(source, rewriter, self.ledger, original, self._repeated)

    def _calculate(
        self, level: Level, seconds: float, wait: float, *, whole_or_nothing: bool = False
    ) -> bool:
        if self._level >= level or (self._level and time.monotonic() < self._not_before):
            return True
        with _undisturbed(), progress.doing("calculating"):
            return self._asked(level, seconds, wait, whole_or_nothing=whole_or_nothing)

    def _asked(self, level: Level, seconds: float, wait: float, *, whole_or_nothing: bool) -> bool:
        if self._round is None:
            self._round = self._new_round()
        round_ = self._round
        if not whole_or_nothing:
            seconds += min(MOST_LONGER, len(round_.formulas) / _FORMULAS_A_SECOND)
        until = time.monotonic() + seconds
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
        self._not_before = 0.0 if checked else time.monotonic() + PATIENCE
        self._values = round_.merged()
        if checked:
            self._count_cells()
            self._level = Level.TWO
            if level is Level.THREE:
                self._ask_third(round_, until - seconds + ALL_WAIT)
                self._level = Level.THREE
        return True

    def _count_cells(self) -> None:
        """Count how sure the values are, once for each state of the workbook."""
        if self._level < Level.TWO:
            for sort, cells in Counter(map(kind, self._values.values())).items():
                tally.count(tally.CELLS, sort, cells)

    def _ask_third(self, round_: Round, until: float) -> None:
        """Have LibreOffice decide what is open, unless it has and nothing there changed."""
        open_ = round_.open_cells(self._values)
        if self._third is None or not open_ or round_.too_large(_MOST_DECIDED):
            return
        decided = self._still_decided(round_, until)
        if not open_ <= decided.keys() and until - time.monotonic() > _LEAST_FOR_THIRD:
            found = self._third.calculate(round_.problem, round_.formulas, until)
            try:
                found = round_.spread(found or {}, until + AGAIN_WAIT)
            except TimeoutError:
                found = {}
            decided |= {a: found.get(a, Computed(unknown="no answer in time")) for a in open_}
            self._decided = round_.watching(decided, until)
        for address in open_ & decided.keys():
            self._values |= round_.merged_cell(address, decided[address])

    def _still_decided(self, round_: Round, until: float) -> dict[Address, Computed]:
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
