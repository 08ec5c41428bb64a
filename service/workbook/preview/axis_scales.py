"""Where a plot lies, and where values lie along an axis with round steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.workbook.preview.chart_reading import Axis

_MOST_TICKS = 8


@dataclass
class Frame:
    """Where the plot lies, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return max(self.right - self.left, 1.0)

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 1.0)


@dataclass
class Scale:
    """Values along an axis of some length."""

    least: float
    most: float
    step: float
    log: bool = False
    reversed: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        if self.log:
            low, high = math.log10(self.least), math.log10(self.most)
            value = math.log10(max(value, self.least))
        else:
            low, high = self.least, self.most
        found = (value - low) / ((high - low) or 1.0)
        found = min(max(found, -0.02), 1.02)
        return 1 - found if self.reversed else found

    @property
    def ticks(self) -> list[float]:
        if self.log:
            first, last = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
            return [10.0**power for power in range(first, min(last, first + 20) + 1)]
        count = min(round((self.most - self.least) / self.step + 1e-9), 50)
        return [self.least + self.step * number for number in range(count + 1)]


def scale_for(values: list[float], axis: Axis, *, zero: bool = True) -> Scale:
    """An axis that all values fit on, with round steps."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if axis.log:
        low = min((v for v in values if v > 0), default=1.0)
        first = axis.least if axis.least and axis.least > 0 else 10 ** math.floor(math.log10(low))
        last = axis.most if axis.most and axis.most > first else None
        high = last or 10 ** math.ceil(math.log10(max(high, first * 10)))
        return Scale(first, high, 1.0, log=True, reversed=axis.reversed)
    if zero or (low > 0 and low < high * 5 / 6) or (low >= 0 and low == high):
        low = min(low, 0.0)
    if high < 0 and (zero or high > low * 5 / 6):
        high = 0.0
    if low == high:
        high = low + 1.0
    low = low if axis.least is None else axis.least
    high = high if axis.most is None else axis.most
    if high <= low:
        high = low + 1.0
    step = axis.step if axis.step and (high - low) / axis.step <= 50 else _step(high - low)
    if axis.least is None:
        low = math.floor(low / step + 1e-9) * step
    if axis.most is None:
        top = math.ceil(high / step - 1e-9) * step
        high = top + (step if top - high < (high - low) * 0.02 and high > 0 else 0)
    return Scale(low, high, step, reversed=axis.reversed)


def _step(span: float) -> float:
    raw = span / (_MOST_TICKS - 2)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
