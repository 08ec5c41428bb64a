"""Grouping of dates and numbers: the items of a group, and the one that a value belongs to.

The first and the last item hold what lies before and behind, as Excel has it.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from service.workbook.pivots.design import NumberGroups, Unit, Value, serial

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LEAP = dt.date(2024, 1, 1)  # any leap year: days are counted with the 29th of February
MOST_GROUPS = 10_000


@dataclass(frozen=True)
class Group:
    """A grouping of one column.

    :param items: labels, in the order in which they stand in the file
    :param start: first moment or number; ``end``: the last one, of dates the day after it
    """

    unit: Unit
    items: tuple[str, ...]
    start: float | dt.datetime
    end: float | dt.datetime
    step: float = 1

    def index(self, value: Value) -> int:
        """The place of the item that a value belongs to."""
        if isinstance(value, dt.datetime):
            return self._of_moment(value)
        assert isinstance(value, int | float)
        assert isinstance(self.start, float)
        assert isinstance(self.end, float)
        if value < self.start:
            return 0
        if value > self.end:
            return len(self.items) - 1
        place = math.floor((value - self.start) / self.step + 1e-9) + 1
        return min(place, len(self.items) - 2)  # the last range holds its end

    def _of_moment(self, moment: dt.datetime) -> int:
        if self.unit == "years":
            assert isinstance(self.start, dt.datetime)
            return moment.year - self.start.year + 1
        if self.unit == "quarters":
            return (moment.month - 1) // 3 + 1
        if self.unit == "months":
            return moment.month
        return (dt.date(_LEAP.year, moment.month, moment.day) - _LEAP).days + 1


def group_dates(unit: Unit, first: dt.datetime, last: dt.datetime) -> Group:
    """The grouping of dates from ``first`` to ``last``."""
    start = dt.datetime.combine(first.date(), dt.time())
    end = dt.datetime.combine(last.date(), dt.time()) + dt.timedelta(days=1)
    inner = {
        "years": lambda: [str(year) for year in range(first.year, last.year + 1)],
        "quarters": lambda: [f"Qtr{number}" for number in range(1, 5)],
        "months": lambda: MONTHS,
        "days": _days,
    }[unit]()
    before, behind = (f"{day.month}/{day.day}/{day.year}" for day in (start, end))
    return Group(unit, (f"<{before}", *inner, f">{behind}"), start, end)


def _days() -> list[str]:
    days = [_LEAP + dt.timedelta(days=number) for number in range(366)]
    return [f"{day.day}-{MONTHS[day.month - 1]}" for day in days]


def number_ranges(least: float, most: float, wanted: dict[str, float]) -> NumberGroups:
    """The ranges for numbers between ``least`` and ``most``, where not all is said.

    :param wanted: "from", "to" and "by", as far as they are given
    """
    step = wanted.get("by") or _handy_step(most - least)
    start = wanted.get("from", math.floor(least / step) * step)
    end = wanted.get("to", start + (math.floor((most - start) / step) + 1) * step)
    return NumberGroups(float(start), float(end), float(step))


def _handy_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, for about ten ranges."""
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / 10))
    return next(times * power for times in (1, 2, 5, 10) if span / (times * power) <= 10)


def group_numbers(ranges: NumberGroups, *, whole: bool) -> Group:
    """The grouping of numbers; whole ones get labels as "0-9", others as "0-10"."""
    count = max(1, math.ceil((ranges.end - ranges.start) / ranges.step - 1e-9))
    whole &= ranges.start.is_integer() and ranges.step.is_integer()
    inner = []
    for number in range(count):
        first = ranges.start + number * ranges.step
        last = min(first + ranges.step, ranges.end)
        if whole and number < count - 1:
            last -= 1
        inner.append(f"{first:.10g}-{last:.10g}" if last > first else f"{first:.10g}")
    items = (f"<{ranges.start:.10g}", *inner, f">{ranges.end:.10g}")
    return Group("range", items, ranges.start, ranges.end, ranges.step)


__all__ = ["MOST_GROUPS", "Group", "group_dates", "group_numbers", "number_ranges", "serial"]
