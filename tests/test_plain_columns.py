"""Columns are decided as by a look at one value after the other, and odd ones found alike."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from service.workbook.calculation.results import ErrorValue
from service.workbook.found_tables.types import typed_column
from service.workbook.suspects import suspects
from tests.plain_columns import decided, outliers

DAY = dt.datetime(2026, 1, 1)
POOLS: list[list[Any]] = [
    [1.0, 2.0, 3, 10**9, -5], [0.5, 2.25, -1e300, 7], [True, False], [DAY, DAY.date()],
    [DAY.replace(hour=5), DAY, DAY.date()], [dt.time(5)], [dt.timedelta(hours=30)],
    ["1.234,50 EUR", "-0,50 EUR", "12 EUR", "1.000.000,00 EUR"], ["$5", "-$1,234.50", "$0.5"],
    ["12 US$", "12 $"], ["5 EUR", "5 USD"], ["40%", "2.5 %", "-1%"], ["1", "2.5", "-3"],
    ["1,5", "2"], ["1.234", "12"], ["007", "12"], ["2026-01-31", "2026-02-01"],
    ["31/01/2026", "01/02/2026"], ["01/02/2026"], ["true", "FALSE"], ["North", "n/a", "x1"],
    ["A-17", "B-18", "Customer 000123"], ["1.5e+3", "2.5e-7"], ["1.5e+999"], ["", " ", None],
    ["#N/A", "#DIV/0!", ErrorValue("#REF!")], ["n/a", "-"], [" 5 ", "6 "], ["x" * 50, "5"],
]  # fmt: skip


def column(number: int) -> list[Any]:
    """Values of one to three pools, most of the first."""
    chance = random.Random(number)
    pools = [chance.choice(POOLS) for _ in range(chance.randrange(1, 4))]
    pools += [pools[0]] * chance.choice([0, 1, 10])
    return [chance.choice(chance.choice(pools)) for _ in range(chance.randrange(1, 40))]


@pytest.mark.parametrize("part", range(10))
def test_a_column_is_decided_as_value_by_value(part: int) -> None:
    for number in range(part * 300, part * 300 + 300):
        values = column(number)
        header = ["Amount", "Phone", "Share"][number % 3]
        code = ["General", "0%", "@", "0.00"][number % 4]
        found = typed_column(header, list(values), code)
        kind, wanted = decided(header, values, code)
        assert (found.kind, repr(found.values)) == (kind, repr(wanted)), values


def test_outliers_and_repeated_keys_are_found_as_value_by_value() -> None:
    for number in range(200):
        chance = random.Random(number)
        numbers = [chance.gauss(0, 10) ** 3 for _ in range(chance.randrange(20, 60))]
        far = outliers(numbers)
        told = suspects("Amount", [*numbers, "", None], "General")
        words = [word for word in told if "far from the others" in word]
        assert bool(words) == bool(far)
        assert not far or words[0].startswith(f"{len(far)} outlier")
        keys: list[Any] = [*range(60), *[7] * (number % 3)]
        repeated = [word for word in suspects("Order ID", keys, "General") if "keys" in word]
        assert bool(repeated) == bool(number % 3)


def test_a_column_of_very_many_names_needs_no_look_at_each() -> None:
    names = [f"Customer {number:05}/{number % 7}" for number in range(3000)]
    assert typed_column("Who", names, "General").kind == "text"
    amounts = [f"{number},50 EUR" for number in range(3000)]
    found = typed_column("Cost", amounts, "General")
    assert found.values == [number + 0.5 for number in range(3000)]
    odd = typed_column("Cost", [*amounts, "none of it"], "General")
    assert odd.kind == "text"
