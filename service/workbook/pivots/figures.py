"""The figures of a pivot table: every record counts in its cell and in all totals above it."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from service.workbook.pivots.design import (
    NEXT,
    PREVIOUS,
    Design,
    Function,
    Level,
    Shown,
    Value,
    Wrong,
    serial,
)
from service.workbook.pivots.fields import Column, Field, Fields, is_number

Prefix: TypeAlias = tuple[int, ...]  # items of the outermost fields of an axis; () is the total
Figure: TypeAlias = float | int | Wrong | None
_DIV0 = Wrong("#DIV/0!")


def _product(numbers: list[float]) -> Figure:
    return math.prod(numbers)


def _mean(numbers: list[float]) -> Figure:
    return math.fsum(numbers) / len(numbers) if numbers else _DIV0


def _of_two(function: Callable[[list[float]], float], least: int) -> Callable[..., Figure]:
    return lambda numbers: function(numbers) if len(numbers) >= least else _DIV0


_FUNCTIONS: dict[str, Callable[[list[float]], Figure]] = {
    "sum": math.fsum,
    "average": _mean,
    "min": lambda numbers: min(numbers, default=0),
    "max": lambda numbers: max(numbers, default=0),
    "product": lambda numbers: _product(numbers) if numbers else 0,
    "countNums": len,
    "stdDev": _of_two(statistics.stdev, 2),
    "stdDevp": _of_two(statistics.pstdev, 1),
    "var": _of_two(statistics.variance, 2),
    "varp": _of_two(statistics.pvariance, 1),
}


def aggregate(function: Function, column: Column, records: list[int]) -> Figure:
    """What a function makes of some records; None where there is nothing to be shown."""
    values = [column.values[record] for record in records]
    wrong = next((value for value in values if isinstance(value, Wrong)), None)
    filled = sum(value is not None for value in values)
    if function == "count":
        return filled or None
    if wrong is not None and function != "countNums":
        return wrong
    if not filled:
        return None
    numbers = [_number(value) for value in values]
    return _tidy(_FUNCTIONS[function]([number for number in numbers if number is not None]))


def _number(value: Value) -> float | None:
    """What counts of a value: numbers and dates do, texts and truths don't."""
    if isinstance(value, dt.datetime):
        return serial(value)
    return float(value) if is_number(value) else None


def _tidy(figure: Figure) -> Figure:
    whole = isinstance(figure, float) and abs(figure) < 1e15 and figure.is_integer()
    return int(figure) if whole and isinstance(figure, float) else figure


@dataclass(frozen=True)
class _Along:
    """The field that a figure is compared along: on which axis, at which place of a prefix."""

    on_rows: bool
    place: int
    field: Field


class Figures:
    """The figures of one pivot table, for any prefixes of its rows and columns."""

    def __init__(self, design: Design, fields: Fields) -> None:
        self.design = design
        self.fields = fields
        self.rows = [fields.used[level] for level in design.rows]
        self.columns = [fields.used[level] for level in design.columns]
        self._columns = {column.name.casefold(): column for column in fields.columns}
        self._records: dict[tuple[Prefix, Prefix], list[int]] = defaultdict(list)
        for (row, column), records in self._cells().items():
            for i in range(len(row) + 1):
                for j in range(len(column) + 1):
                    self._records[row[:i], column[:j]] += records
        self.plain = lru_cache(maxsize=None)(self._plain)
        self._children: dict[bool, dict[Prefix, set[int]]] = {
            True: defaultdict(set), False: defaultdict(set)
        }  # fmt: skip
        for row, column in self._records:
            if row:
                self._children[True][row[:-1]].add(row[-1])
            if column:
                self._children[False][column[:-1]].add(column[-1])

    def _cells(self) -> dict[tuple[Prefix, Prefix], list[int]]:
        """The records that pass the filters, by their items on rows and columns."""
        records = range(len(self.fields.columns[0].values))
        filters = [(item.of, item.hidden) for item in self.fields.used.values() if item.hidden]
        if filters:
            passed = (all(of[n] not in hidden for of, hidden in filters) for n in records)
            kept = [number for number, passes in zip(records, passed, strict=True) if passes]
        else:
            kept = list(records)
        rows, columns = ([item.of for item in axis] for axis in (self.rows, self.columns))
        found: dict[tuple[Prefix, Prefix], list[int]] = defaultdict(list)
        for number in kept:
            place = tuple([of[number] for of in rows]), tuple([of[number] for of in columns])
            found[place].append(number)
        return found

    @property
    def counted(self) -> int:
        """How many records pass the filters."""
        return len(self._records.get(((), ()), []))

    def children(self, prefix: Prefix, *, on_rows: bool) -> list[int]:
        """The items below a prefix, in the order in which they are shown."""
        axis = self.rows if on_rows else self.columns
        levels = self.design.rows if on_rows else self.design.columns
        found = list(self._children[on_rows].get(prefix, ()))
        item = axis[len(prefix)]
        found.sort(key=item.position)
        return self.sorted(found, levels[len(prefix)], prefix, on_rows=on_rows)

    def sorted(self, items: list[int], level: Level, prefix: Prefix, *, on_rows: bool) -> list[int]:
        """Items by the value that they are to be sorted by; as they are where there is none."""
        sort = self.design.sorts.get(level)
        if sort is None or not sort.by:
            return items
        number = [shown.name for shown in self.design.values].index(sort.by)

        def key(item: int) -> float:
            place = (*prefix, item)
            at = (place, ()) if on_rows else ((), place)
            figure = self.plain(*at, number)
            return float(figure) if isinstance(figure, int | float) else -math.inf

        return sorted(items, key=key, reverse=sort.descending)

    # What a value is ----------------------------------------------------------

    def _plain(self, row: Prefix, column: Prefix, value: int) -> Figure:
        shown = self.design.values[value]
        records = self._records.get((row, column))
        if not records:
            return None
        return aggregate(shown.function, self._columns[shown.field.casefold()], records)

    def shown(self, row: Prefix, column: Prefix, value: int) -> Figure:
        """A figure as it is shown: itself, or compared with others."""
        shown = self.design.values[value]
        if not shown.show_as:
            return self.plain(row, column, value)
        if shown.base is None:
            return self._share(shown, row, column, value)
        return self._compared(shown, row, column, value)

    def _share(self, shown: Shown, row: Prefix, column: Prefix, value: int) -> Figure:
        figure = self.plain(row, column, value)
        wholes: dict[str, Callable[[], Figure]] = {
            "percent_of_total": lambda: self.plain((), (), value),
            "percent_of_row": lambda: self.plain(row, (), value),
            "percent_of_column": lambda: self.plain((), column, value),
            "percent_of_parent_row": lambda: self.plain(row[:-1], column, value),
            "percent_of_parent_column": lambda: self.plain(row, column[:-1], value),
        }
        if shown.show_as == "index":
            total = self.plain((), (), value)
            sides = self.plain(row, (), value), self.plain((), column, value)
            return _divided(_times(figure, total), _times(*sides))
        return _divided(figure, wholes[shown.show_as]())

    def _along(self, level: Level) -> _Along:
        on_rows = level in self.design.rows
        axis = self.design.rows if on_rows else self.design.columns
        return _Along(on_rows, axis.index(level), self.fields.used[level])

    def _compared(self, shown: Shown, row: Prefix, column: Prefix, value: int) -> Figure:
        assert shown.base is not None
        along = self._along(shown.base)
        prefix = row if along.on_rows else column
        if len(prefix) <= along.place:
            return None  # a total over the field's items

        def at(item: int) -> Figure:
            moved = (*prefix[: along.place], item, *prefix[along.place + 1 :])
            return self.plain(*((moved, column) if along.on_rows else (row, moved)), value)

        mine, items = prefix[along.place], self._visible(along.field)
        if shown.show_as.startswith("rank"):
            return _ranked(at(mine), [at(item) for item in items], shown.show_as)
        if "running" in shown.show_as:
            figures = [at(item) for item in items]
            upto = _sum(figures[: items.index(mine) + 1])
            whole = shown.show_as == "percent_running_total"
            return _divided(upto, _sum(figures)) if whole else upto
        other = _other(shown.item, mine, items, along.field)
        if other is None or (other == mine and shown.show_as != "percent_of"):
            only_own = shown.show_as == "percent_of" and shown.item in (PREVIOUS, NEXT)
            return 1 if only_own and at(mine) is not None else None
        return _against(shown, at(mine), at(other))

    def _visible(self, item: Field) -> list[int]:
        """The items of a field that are shown anywhere, in their order."""
        on_rows = any(item is other for other in self.rows)
        axis, levels = (
            (self.rows, self.design.rows) if on_rows else (self.columns, self.design.columns)
        )
        place = next(n for n, other in enumerate(axis) if other is item)
        found = {
            prefix[place]
            for row, column in self._records
            if len(prefix := row if on_rows else column) > place
        }
        ordered = [n for n in item.order if n in found]
        return self.sorted(ordered, levels[0], (), on_rows=on_rows) if place == 0 else ordered


def _other(wanted: str, mine: int, items: list[int], item: Field) -> int | None:
    if wanted not in (PREVIOUS, NEXT):
        return item.find(wanted)
    place = items.index(mine) + (-1 if wanted == PREVIOUS else 1)
    return items[place] if 0 <= place < len(items) else None


def _against(shown: Shown, figure: Figure, other: Figure) -> Figure:
    if isinstance(figure, Wrong) or isinstance(other, Wrong):
        return figure if isinstance(figure, Wrong) else other
    if figure is None and other is None:
        return None
    if shown.show_as == "difference":
        return _tidy(float(figure or 0) - float(other or 0))
    if shown.show_as == "percent_difference":
        return _divided(float(figure or 0) - float(other or 0), other)
    return _divided(figure, other)


def _ranked(mine: Figure, all_figures: list[Figure], way: str) -> Figure:
    """The rank; equal figures have the same one, and the next follows without a gap."""
    if not isinstance(mine, int | float):
        return None
    numbers = sorted({float(f) for f in all_figures if isinstance(f, int | float)})
    place = numbers.index(float(mine))
    return place + 1 if way == "rank_ascending" else len(numbers) - place


def _sum(figures: list[Figure]) -> Figure:
    wrong = next((figure for figure in figures if isinstance(figure, Wrong)), None)
    numbers = [float(figure) for figure in figures if isinstance(figure, int | float)]
    return wrong if wrong is not None else _tidy(math.fsum(numbers)) if numbers else None


def _times(one: Figure, other: Figure) -> Figure:
    both = isinstance(one, int | float) and isinstance(other, int | float)
    return float(one) * float(other) if both else None  # type: ignore[arg-type]


def _divided(figure: Figure, whole: Figure) -> Figure:
    if isinstance(figure, Wrong) or isinstance(whole, Wrong):
        return figure if isinstance(figure, Wrong) else whole
    if figure is None or whole is None:
        return None
    return _tidy(float(figure) / float(whole)) if whole else _DIV0
