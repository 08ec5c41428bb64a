"""Calculations beside the workbook: parts of a formula by themselves, and other inputs tried."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from service.workbook.calculation import first
from service.workbook.calculation.graph import Graph
from service.workbook.calculation.problem import Problem, Task, probe, qualified, whole
from service.workbook.calculation.reads import Reads
from service.workbook.calculation.results import Address, Computed, Values
from service.workbook.calculation.rewrite import Rewriter
from service.workbook.calculation.source import Formula, NameFacts, Source, TableFacts

MOST_PARTS = 40


class Trial:
    """A workbook with the values of its formulas, to try things with; it stays as it is.

    :param values: of all formulas
    """

    def __init__(self, source: Source, rewriter: Rewriter, graph: Graph, values: Values) -> None:
        self.source = source
        self.graph = graph
        self.values = values
        self._rewriter = rewriter

    def evaluate(
        self, home: Address, expressions: Sequence[str], seconds: float = 3.0
    ) -> list[Computed]:
        """The values of expressions that stand in a cell, each by itself.

        :param expressions: without ``=``; no more than ``MOST_PARTS`` are tried
        """
        known = {a: c.value for a, c in self.values.items() if not c.unknown}
        problem = Problem(self.source, known)
        reads, anywhere = Reads.headers(self.source), False
        places: list[Address | str] = []
        for number, expression in enumerate(expressions):
            prepared = self._rewriter.prepared(home, Formula(f"={expression}"))
            if prepared.reason or number >= MOST_PARTS:
                places.append(prepared.reason or "too many parts")
                continue
            place = probe(problem, number, home)
            reads.add(prepared.references)
            anywhere = anywhere or prepared.anywhere
            text = qualified(prepared.text, home[0])
            problem.tasks[place] = Task(text, "plain", None, prepared.functions)
            places.append(place)
        problem.reads = None if anywhere else reads
        try:
            results = first.calculate(problem, time.monotonic() + seconds)
        except TimeoutError:
            results = {}
        late = Computed(unknown="it takes too long to calculate")
        return [Computed(unknown=p) if isinstance(p, str) else results.get(p, late) for p in places]

    def between(self, start: Address, end: Address, until: float) -> set[Address]:
        """The formulas by way of which ``end`` depends on ``start``; none if it does not.

        :raises TimeoutError: if it takes longer than ``until`` to find out
        """
        reached = self.graph.reached([start], until)
        if end not in reached:
            return set()
        return (reached & self.graph.read_by([end], until)[0]) | {end}

    def tried(
        self, cell: Address, number: float, path: set[Address], wanted: Address, until: float
    ) -> Computed:
        """The value of the formula ``wanted`` if ``cell`` held that number.

        :param path: the formulas that have to be calculated for that
        """
        pinned = {a: c.value for a, c in self.values.items() if a not in path and not c.unknown}
        source = _With(self.source, cell, number)
        problem = whole(source, self.graph.formulas, pinned)
        problem.tasks = {
            a: task for a, task in problem.tasks.items() if a in path or a[0] in problem.probes
        }
        try:
            found = first.calculate(problem, until)
        except TimeoutError:
            return Computed(unknown="it takes too long to calculate")
        return found.get(wanted, Computed(unknown="the calculator gave no value"))


class _With:
    """A source in which one cell holds another number."""

    def __init__(self, source: Source, cell: Address, number: float) -> None:
        self._source = source
        self._cell = cell
        self._number = number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    @property
    def sheets(self) -> list[str]:
        return self._source.sheets

    @property
    def epoch(self) -> dt.datetime:
        return self._source.epoch

    @property
    def iterates(self) -> bool:
        return self._source.iterates

    def values(self, sheet: str) -> Iterator[tuple[tuple[int, int], object]]:
        for place, value in self._source.values(sheet):
            if (sheet, *place) != self._cell:
                yield place, value
        if sheet == self._cell[0]:
            yield self._cell[1:], self._number

    def value(self, address: Address) -> object:
        return self._number if address == self._cell else self._source.value(address)

    def formulas(self) -> Iterator[tuple[Address, Formula]]:
        return self._source.formulas()

    def tables(self) -> list[TableFacts]:
        return self._source.tables()

    def names(self) -> list[NameFacts]:
        return self._source.names()

    def hidden_rows(self, sheet: str) -> frozenset[int]:
        return self._source.hidden_rows(sheet)

    def changed(self) -> set[Address]:
        return self._source.changed()


# Seeking ----------------------------------------------------------------------

MOST_TRIALS = 80
_CLOSE = 1e-9


@dataclass
class Found:
    """What a search came to: the nearest input, what it gives, and how many were tried."""

    number: float
    result: float
    trials: int
    reached: bool


class Seeker:
    """Looks for the number for which a function has a value; each trial is counted.

    :param give: the value for a number, None where there is none
    """

    def __init__(self, give: Any, target: float) -> None:
        self._give = give
        self._target = target
        self.trials = 0
        self.best: tuple[float, float, float] | None = None  # off by, number, result
        self.scale = max(abs(target), 1.0)

    def off(self, number: float) -> float | None:
        """By how much the result for a number differs; None where it has none."""
        if self.trials >= MOST_TRIALS:
            raise StopIteration
        self.trials += 1
        result = self._give(number)
        if result is None:
            return None
        off = float(result) - self._target
        if self.best is None or abs(off) < self.best[0]:
            self.best = (abs(off), number, float(result))
        return off

    @property
    def done(self) -> bool:
        return self.best is not None and self.best[0] <= _CLOSE * self.scale

    def seek(self, start: float) -> Found | None:
        """The nearest number that was found; None where no trial gave any number."""
        try:
            self._secant(start)
            if not self.done:
                self._bisect(start)
            self._round()
        except StopIteration:
            pass
        if self.best is None:
            return None
        _, number, result = self.best
        near = self.best[0] <= 1e-6 * self.scale
        return Found(number, result, self.trials, near)

    def _secant(self, start: float) -> None:
        one = start
        two = start + (abs(start) * 0.01 or 1.0)
        off, other = self.off(one), self.off(two)
        for _ in range(20):
            if self.done or off is None or other is None or off == other:
                return
            one, two = two, two - other * (two - one) / (other - off)
            if abs(two) > 1e200:
                return
            off, other = other, self.off(two)

    def _bisect(self, start: float) -> None:
        """Go away from the start on both sides until the sign changes, then close in."""
        step = abs(start) * 0.1 or 1.0
        known = {start: self.off(start)}
        for _ in range(12):
            for number in (start - step, start + step):
                known[number] = self.off(number)
                if self.done:
                    return
            ends = _change(known)
            if ends:
                self._close_in(*ends)
                return
            step *= 3

    def _close_in(self, low: tuple[float, float], high: tuple[float, float]) -> None:
        while not self.done and abs(high[0] - low[0]) > 1e-14 * max(abs(high[0]), 1.0):
            middle = (low[0] + high[0]) / 2
            off = self.off(middle)
            if off is None:
                return
            if (off > 0) == (low[1] > 0):
                low = (middle, off)
            else:
                high = (middle, off)

    def _round(self) -> None:
        """A number with few digits where it does as well."""
        if not self.done or self.best is None:
            return
        number = self.best[1]
        for digits in (0, 1, 2, 4, 6, 9):
            short = round(number, digits)
            if short == number:
                return
            if abs(short - number) <= 1e-6 * max(abs(number), 1e-6):
                off = self.off(short)
                if off is not None and abs(off) <= _CLOSE * self.scale:
                    self.best = (0.0, short, off + self._target)
                    return


def _change(
    known: Mapping[float, float | None],
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Two neighbouring numbers between which the sign changes."""
    found = sorted((n, off) for n, off in known.items() if off is not None)
    for low, high in pairwise(found):
        if (low[1] > 0) != (high[1] > 0):
            return low, high
    return None
