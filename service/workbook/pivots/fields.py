"""The fields of a pivot table: the source's columns, and those that group a column once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

from service.workbook.pivots.design import (
    DATE_UNITS,
    Design,
    Level,
    Sort,
    Source,
    Value,
    label,
    rank,
    same_item,
)
from service.workbook.pivots.groups import MONTHS, Group, group_dates, group_numbers

# Excel sorts the words of these lists in their order.
_LISTS = (
    [month.casefold() for month in MONTHS],
    "january february march april may june july august september october november december".split(),
    "sun mon tue wed thu fri sat".split(),
    "sunday monday tuesday wednesday thursday friday saturday".split(),
)


@dataclass
class Column:
    """A column of the source."""

    name: str
    values: tuple[Value, ...]
    number_format: str

    @cached_property
    def _shared(self) -> tuple[list[Value], list[int]]:
        places: dict[tuple[str, object], int] = {}
        items: list[Value] = []
        index = []
        for value in self.values:
            place = places.setdefault(same_item(value), len(items))
            if place == len(items):
                items.append(value)
            index.append(place)
        return items, index

    @property
    def items(self) -> list[Value]:
        """Its different values, in the order in which they first stand there."""
        return self._shared[0]

    @property
    def index(self) -> list[int]:
        """The place among ``items`` of each record's value."""
        return self._shared[1]

    @property
    def numbers(self) -> list[float]:
        return [float(v) for v in self.values if is_number(v)]

    @property
    def moments(self) -> list[dt.datetime]:
        return [value for value in self.values if isinstance(value, dt.datetime)]


@dataclass
class Field:
    """A field of a pivot table.

    :param column: the place of the column that it shows
    :param items: what it shows, as stored: values of the column, or the labels of groups
    :param of: the place of the item of each record
    :param order: places of the items in the order in which they are shown
    :param hidden: places of those that a filter leaves out
    """

    level: Level
    column: int
    number_format: str
    items: list[Value]
    of: list[int]
    group: Group | None = None
    order: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)

    def position(self, item: int) -> int:
        """The place of an item in the order in which they are shown."""
        return self._positions[item]

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {item: place for place, item in enumerate(self.order)}

    def find(self, text: str) -> int | None:
        """The place of the item of that label."""
        wanted = text.strip().casefold()
        for place, item in enumerate(self.items):
            if label(item).casefold() == wanted:
                return place
        return None

    @property
    def present(self) -> list[int]:
        """The items that records have, in their order."""
        there = set(self.of)
        return [item for item in self.order if item in there]


@dataclass
class Fields:
    """All fields of a pivot table, by the number that the parts of the file give them.

    :param columns: of the source, numbered from 0
    :param extra: further groupings of one of them, numbered behind
    :param used: what stands on an axis, by its level
    """

    columns: list[Column]
    extra: list[Field]
    used: dict[Level, Field]

    def number(self, level: Level) -> int:
        """The number of the field of a level."""
        found = self.used[level]
        if any(found is item for item in self.extra):
            place = next(n for n, item in enumerate(self.extra) if item is found)
            return len(self.columns) + place
        return found.column

    def at(self, number: int) -> Field | None:
        """The field of a number, where it stands on an axis."""
        if number >= len(self.columns):
            return self.extra[number - len(self.columns)]
        mine = (item for item in self.used.values() if item.column == number)
        return next((item for item in mine if all(item is not e for e in self.extra)), None)

    def parent(self, column: int) -> int | None:
        """The number of the coarsest further grouping of a column."""
        last = [n for n, item in enumerate(self.extra) if item.column == column]
        return len(self.columns) + last[-1] if last else None


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number, and no truth."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def make_fields(source: Source, design: Design) -> Fields:
    """The fields of a design; what can't be grouped has been refused before."""
    columns = [
        Column(name, values, number_format)
        for name, values, number_format in zip(
            source.names, source.columns, source.formats, strict=True
        )
    ]
    used = {level: _field(columns, source.column(level.field), level, design)
            for level in design.levels}  # fmt: skip
    extra = []
    for number in range(len(columns)):
        grouped = [item for item in used.values() if item.column == number]
        grouped.sort(key=lambda item: _coarseness(item.level), reverse=True)
        extra += grouped[1:]  # the finest one is the column's own
    fields = Fields(columns, extra, used)
    for level, item in used.items():
        item.order = _ordered(item.items, grouped=item.group is not None)
        _sort(item, design.sorts.get(level))
        chosen = {item.find(text) for text in design.filters.get(level, ())}
        item.hidden = {n for n in range(len(item.items)) if n not in chosen} if chosen else set()
    return fields


def _coarseness(level: Level) -> int:
    return DATE_UNITS.index(level.unit) if level.unit in DATE_UNITS else 0


def _field(columns: list[Column], number: int, level: Level, design: Design) -> Field:
    column = columns[number]
    if not level.unit:
        return Field(level, number, column.number_format, column.items, column.index)
    if level.unit == "range":
        whole = all(value.is_integer() for value in column.numbers)
        group = group_numbers(design.ranges[column.name], whole=whole)
    else:
        group = group_dates(level.unit, min(column.moments), max(column.moments))
    of_item = [group.index(value) for value in column.items]
    of = [of_item[place] for place in column.index]
    return Field(level, number, "General", list(group.items), of, group)


def _ordered(items: list[Value], *, grouped: bool) -> list[int]:
    places = list(range(len(items)))
    if grouped:
        return places
    listed = _own_order(items)
    if listed is not None:
        return sorted(places, key=lambda place: listed.get(label(items[place]).casefold(), 99))
    return sorted(places, key=lambda place: rank(items[place]))


def _sort(item: Field, sort: Sort | None) -> None:
    if sort is None:
        return
    if sort.own:
        found = dict.fromkeys(item.find(text) for text in sort.own)
        first = [place for place in found if place is not None]
        item.order = first + [place for place in item.order if place not in found]
    elif sort.descending:
        item.order.reverse()


def _own_order(items: Iterable[Value]) -> dict[str, int] | None:
    """The order of weekdays or months, where all the texts are such."""
    words = {label(item).casefold() for item in items if item is not None}
    for known in _LISTS:
        if words and words <= set(known):
            return {word: place for place, word in enumerate(known)}
    return None
