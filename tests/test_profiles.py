"""A column's profile says what a look at each value would say."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.workbook import cells
from service.workbook.calculation.results import ErrorValue
from service.workbook.profiles import column_profile

MOMENTS = st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(9999, 12, 31))
VALUES = {
    "number": st.floats(-1e300, 1e300) | st.integers(-(10**6), 10**6) | st.just(-0.0),
    "boolean": st.booleans(),
    "text": st.text("ab='# 1é", max_size=4) | st.sampled_from(["=1", "2026-01-31", "10:05:00"]),
    "error": st.sampled_from(list(cells.ERRORS)),
    "calculated error": st.sampled_from(list(cells.ERRORS)).map(ErrorValue),
    "moment": MOMENTS | MOMENTS.map(lambda moment: moment.replace(second=0, microsecond=0)),
    "date": MOMENTS.map(dt.datetime.date),
    "time": st.times() | st.just(dt.time(10, 5)),
    "duration": st.timedeltas(dt.timedelta(0), dt.timedelta(days=3)),
    "blank": st.just(""),
    "unknown": st.none(),
}
COLUMNS = st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4).flatmap(
    lambda kinds: st.lists(st.one_of([VALUES[kind] for kind in kinds]), max_size=30)
)


def looked_at(column: list[Any], *, detail: bool) -> dict[str, object]:
    """The profile by a look at one value after the other."""
    values = [value for value in column if value != ""]
    kinds = Counter(cells.kind_of(value) for value in values if value is not None)
    words = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    one = next(iter(kinds), "blank")
    found: dict[str, object] = {"type": one if len(kinds) < 2 else f"mixed: {words}"}
    if len(values) < len(column):
        found["blanks"] = len(column) - len(values)
    shown = [cells.shown(value) for value in values]
    cut = [value[:60] if isinstance(value, str) else value for value in shown]
    found["examples"] = list(dict.fromkeys(cut))[:3]
    if not detail:
        return found
    found["distinct"] = len(set(shown))
    if set(kinds) == {"number"}:
        numbers = [value for value in values if value is not None]
        found["min"] = cells.tidy_number(min(numbers))
        found["max"] = cells.tidy_number(max(numbers))
        found["mean"] = cells.tidy_number(round(sum(numbers) / len(numbers), 6))
    if set(kinds) == {"date"}:
        dates = [as_moment(value) for value in values if isinstance(value, dt.date)]
        if dates:
            found["min"], found["max"] = cells.shown(min(dates)), cells.shown(max(dates))
    return found


def as_moment(date: dt.date) -> dt.datetime:
    return date if isinstance(date, dt.datetime) else dt.datetime.combine(date, dt.time())


@given(COLUMNS, st.booleans())
def test_a_profile_is_what_a_look_at_each_value_tells(column: list[Any], detail: bool) -> None:
    found, wanted = column_profile(column, detail=detail), looked_at(column, detail=detail)
    assert repr(list(found.items())) == repr(list(wanted.items()))


def random_column(kind: str, rows: int) -> list[Any]:
    chance = random.Random(kind)
    day = dt.datetime(2020, 1, 1)
    make = {
        "whole numbers": lambda: float(chance.randrange(1000)),
        "decimals": lambda: round(chance.uniform(-1e6, 1e6), 2),
        "few texts": lambda: chance.choice(["North", "South", "=not", "2026-01-31"]),
        "many texts": lambda: f"Customer {chance.randrange(rows)}",
        "long texts alike": lambda: "x" * 70 + str(chance.randrange(3)),
        "dates": lambda: dt.date(2020, 1, 1 + chance.randrange(31)),
        "moments": lambda: day + dt.timedelta(minutes=chance.randrange(10**6)),
        "dates and moments": lambda: chance.choice([day.date(), day, day.replace(hour=5)]),
        "fractions of seconds": lambda: day + dt.timedelta(milliseconds=chance.randrange(9999)),
        "times": lambda: dt.time(chance.randrange(24), 30, 0, chance.randrange(3)),
        "durations": lambda: dt.timedelta(milliseconds=chance.randrange(10**7)),
        "booleans": lambda: chance.random() < 0.5,
        "numbers and blanks": lambda: chance.choice(["", 7.5, 3.0]),
        "texts and errors": lambda: chance.choice(["a", "b", "#N/A", "#DIV/0!", ""]),
        "all kinds": lambda: chance.choice(["a", 1.0, True, day, "", "#REF!", dt.time(3)]),
    }[kind]
    return [make() for _ in range(rows)]


KINDS = """whole numbers,decimals,few texts,many texts,long texts alike,dates,moments,dates and
moments,fractions of seconds,times,durations,booleans,numbers and blanks,texts and errors,all kinds
"""


@pytest.mark.parametrize("kind", [" ".join(kind.split()) for kind in KINDS.split(",")])
def test_a_long_column_is_told_as_value_by_value(kind: str) -> None:
    column = random_column(kind, 3000)
    assert column_profile(column, detail=True) == looked_at(column, detail=True)
    assert column_profile(tuple(column), detail=False) == looked_at(column, detail=False)


def test_kinds_of_which_there_are_equally_many_are_told_as_they_come() -> None:
    first_text = ["", "a", 1.0, True, "#N/A"]
    assert (
        column_profile(first_text, detail=False)["type"]
        == "mixed: 1 text, 1 number, 1 boolean, 1 error"
    )
    first_error = ["#N/A", True, 1.0, "", "a"]
    assert (
        column_profile(first_error, detail=False)["type"]
        == "mixed: 1 error, 1 boolean, 1 number, 1 text"
    )


def test_a_fraction_of_a_second_after_midnight_is_no_date() -> None:
    day = dt.datetime(2026, 1, 31)
    column = [day, day.replace(microsecond=5), day.replace(microsecond=9)]
    assert column_profile(column, detail=True) == looked_at(column, detail=True)


def test_a_column_without_values_is_blank() -> None:
    assert column_profile([], detail=True) == {"type": "blank", "examples": [], "distinct": 0}
    blank = {"type": "blank", "blanks": 2, "examples": [], "distinct": 0}
    assert column_profile(["", ""], detail=True) == blank


def test_formulas_are_told_between_blanks_and_examples() -> None:
    profile = column_profile([1.0, ""], detail=False, formulas=1)
    assert list(profile) == ["type", "blanks", "formulas", "examples"]
