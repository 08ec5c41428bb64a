"""What a column holds, told from its values in one go: kinds, blanks, examples, spread.

Values are those that python-calamine gives: float or int, bool, str, date, datetime, time,
timedelta, and "" for a blank cell; None stands for a formula whose value is unknown. A column
may have a million of them, so they go through functions that loop in C, and Python looks at
single values only where nothing faster gives the same answer.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import attrgetter, methodcaller
from typing import Any, TypeAlias

from service.workbook import cells
from service.workbook.calculation.results import ErrorValue
from service.workbook.tally import Tally

Different: TypeAlias = dict[Any, None]  # the different values of a column, as they come first

_EXAMPLE_LENGTH = 60
_MIDNIGHT = dt.time()
_UNKNOWN = type(None)
_WHOLE_SECONDS = methodcaller("replace", microsecond=0)
_KINDS: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    dt.datetime: "date",
    dt.date: "date",
    dt.time: "date",
    dt.timedelta: "date",
}


def column_profile(
    values: Sequence[object] | Tally, *, detail: bool, formulas: int = 0
) -> dict[str, object]:
    """Type, blanks, examples and (with ``detail``) range and distinct values of a column.

    :param values: the column's values, from the first row of the data to the last
    :param formulas: how many of them are formulas' values
    :return: ``type``, ``examples``; ``blanks`` and ``formulas`` where there are any; with
        ``detail`` also ``distinct``, of numbers ``min``, ``max`` and ``mean``, of dates
        ``min`` and ``max``
    """
    tally = Tally.of(values)
    types, different, blanks = Counter(tally.types), tally.different, tally.blanks
    if ErrorValue in types:  # errors are told from texts by what they say
        types[str] += types.pop(ErrorValue)
    kinds = _kinds(tally.values, types, different, blanks)
    profile: dict[str, object] = {"type": type_words(kinds)}
    if blanks:
        profile["blanks"] = blanks
    if formulas:
        profile["formulas"] = formulas
    profile["examples"] = examples(different)
    return profile | (_spread(tally.values, types, different, kinds) if detail else {})


def type_words(kinds: Counter[str]) -> str:
    """The kinds of a column's values in words: "number", or "mixed: 9 number, 1 text"."""
    if not kinds:
        return "blank"
    if len(kinds) == 1:
        return next(iter(kinds))
    return "mixed: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def examples(values: Iterable[object], most: int = 3) -> list[cells.Scalar]:
    """The first different values as they are shown, long texts cut."""
    found: dict[cells.Scalar, None] = {}
    for value in values:
        shown = cells.shown(value)
        found[shown[:_EXAMPLE_LENGTH] if isinstance(shown, str) else shown] = None
        if len(found) == most:
            break
    return list(found)


# Kinds ----------------------------------------------------------------------


def _kinds(
    values: Sequence[object], types: Counter[type], different: Different, blanks: int
) -> Counter[str]:
    """How many values there are of each kind."""
    kinds: Counter[str] = Counter()
    for type_, count in types.items():
        if type_ is str:
            errors = sum(map(values.count, different.keys() & cells.ERRORS.keys()))
            kinds.update({"text": count - blanks - errors, "error": errors})
        elif type_ is not _UNKNOWN:
            kinds[_KINDS[type_]] += count
    kinds = +kinds  # without those of which there are none
    return kinds if len(set(kinds.values())) == len(kinds) else _in_order(values, kinds)


def _in_order(values: Sequence[object], kinds: Counter[str]) -> Counter[str]:
    """The kinds in the order of their first values, in which equally many are told."""
    ordered: Counter[str] = Counter()
    for value in values:
        kind = "" if value == "" or value is None else cells.kind_of(value)
        if kind and kind not in ordered:
            ordered[kind] = kinds[kind]
            if len(ordered) == len(kinds):
                break
    return ordered


# Spread ---------------------------------------------------------------------


def _spread(
    values: Sequence[object], types: Counter[type], different: Different, kinds: Counter[str]
) -> dict[str, object]:
    found: dict[str, object] = {"distinct": _distinct(types, different, kinds)}
    if set(kinds) == {"number"}:
        numbers = [v for v in different if v is not None] if _UNKNOWN in types else different
        found["min"] = cells.tidy_number(min(numbers))
        found["max"] = cells.tidy_number(max(numbers))
        found["mean"] = _mean(values, types)
    if set(kinds) == {"date"}:
        moments = _moments(types, different)
        if moments:
            found["min"], found["max"] = cells.shown(min(moments)), cells.shown(max(moments))
    return found


def _mean(values: Sequence[Any], types: Counter[type]) -> int | float:
    if types.keys() - {int, float}:
        values = [value for value in values if value != "" and value is not None]
    return cells.tidy_number(round(sum(values) / len(values), 6))


def _moments(types: Counter[type], different: Different) -> list[dt.datetime]:
    """The different dates and moments; times of day and durations are left out."""
    if set(types) in ({dt.datetime}, {dt.datetime, str}):
        return list(different)
    moments = [value for value in different if isinstance(value, dt.datetime)]
    dates = [value for value in different if type(value) is dt.date]
    return moments + list(map(dt.datetime.combine, dates, repeat(_MIDNIGHT)))


def _distinct(types: Counter[type], different: Different, kinds: Counter[str]) -> int:
    """How many values there are that look different.

    Texts and numbers look different where they are. Of dates and times, what is below a
    second is not shown, and a date is shown as its midnight.
    """
    if "date" not in kinds:
        return len(different)
    only = set(types) - ({str} if len(kinds) == 1 else set())
    if only == {dt.timedelta}:
        return len(set(map(int, map(dt.timedelta.total_seconds, different))))
    if only == {dt.time}:
        return len(set(map(_WHOLE_SECONDS, different)))
    if only == {dt.date}:
        return len(different)
    if only <= {dt.datetime, dt.date}:
        return _distinct_moments(set(_moments(types, different)))
    return len(set(map(cells.shown, different)))  # a time may look like a text


def _distinct_moments(moments: set[dt.datetime]) -> int:
    if not any(map(attrgetter("microsecond"), moments)):
        return len(moments)
    days = map(dt.datetime.date, moments)
    # Midnight is shown as a date, a fraction of a second later with hours and minutes.
    midnights = moments.intersection(map(dt.datetime.combine, days, repeat(_MIDNIGHT)))
    return len(midnights) + len(set(map(_WHOLE_SECONDS, moments - midnights)))
