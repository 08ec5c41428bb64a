"""Trend lines: fitted to the points of a series, as Excel fits them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from service.languages import say

Points: TypeAlias = list[tuple[float, float]]

_NAMES = {
    "linear": "Linear", "exp": "Expon.", "log": "Log.", "power": "Power", "poly": "Poly.",
    "movingAvg": "Moving average",
}  # fmt: skip
_STEPS = 60  # points of a curve


@dataclass(frozen=True)
class Trend:
    """A trend line as asked for.

    :param kind: "linear", "exp", "log", "power", "poly" or "movingAvg"
    :param order: of a polynomial
    :param period: of a moving average
    :param forward: how far it goes on, in units of x; ``backward`` likewise
    :param intercept: where it is to meet the axis, None for where it does
    """

    kind: str = "linear"
    name: str = ""
    color: str = ""
    dash: str = "1 3"
    width: float = 2.0
    order: int = 2
    period: int = 2
    forward: float = 0.0
    backward: float = 0.0
    intercept: float | None = None
    equation: bool = False
    r_squared: bool = False

    def named(self, series: str) -> str:
        """What the legend calls it."""
        return self.name or f"{say(_NAMES.get(self.kind, 'Trend'))} ({series})"


@dataclass(frozen=True)
class Fit:
    """A fitted curve: points to draw, and what may be written at its end."""

    points: Points
    words: tuple[str, ...] = ()


def fitted(trend: Trend, points: Points) -> Fit | None:
    """The curve through the points, None where there is none, as through a single one."""
    if trend.kind == "movingAvg":
        return _average(trend, points)
    usable = [
        (x, y) for x, y in points
        if (y > 0 or trend.kind not in ("exp", "power"))
        and (x > 0 or trend.kind not in ("log", "power"))
    ]  # fmt: skip
    if len({x for x, _ in usable}) < 2 or len(usable) < len(points):
        return None
    try:
        found = _curve(trend, usable)
        return None if found is None else _drawn(trend, usable, *found)
    except (OverflowError, ZeroDivisionError, ValueError):
        return None


def _average(trend: Trend, points: Points) -> Fit | None:
    wide = max(trend.period, 2)
    means = [
        (points[n][0], sum(y for _, y in points[n - wide + 1 : n + 1]) / wide)
        for n in range(wide - 1, len(points))
    ]
    return Fit(means) if len(means) > 1 else None


def _drawn(trend: Trend, points: Points, curve: Callable[[float], float], equation: str) -> Fit:
    first = min(x for x, _ in points) - trend.backward
    last = max(x for x, _ in points) + trend.forward
    if trend.kind in ("log", "power"):
        first = max(first, min(x for x, _ in points) / 100)
    xs = [first + (last - first) * number / _STEPS for number in range(_STEPS + 1)]
    words = [equation] * trend.equation
    if trend.r_squared:
        words.append(f"R² = {_short(_share(trend, points, curve))}")
    return Fit([(x, curve(x)) for x in xs], tuple(words))


def _share(trend: Trend, points: Points, curve: Callable[[float], float]) -> float:
    """How much of the spread the curve explains; of logarithms where it was fitted to them."""
    logs = trend.kind in ("exp", "power")
    pairs = [
        (math.log(y), math.log(curve(x))) if logs else (y, curve(x)) for x, y in points
    ]  # fmt: skip
    mean = 0.0 if trend.intercept is not None else sum(y for y, _ in pairs) / len(pairs)
    spread = sum((y - mean) ** 2 for y, _ in pairs)
    return 1 - sum((y - z) ** 2 for y, z in pairs) / spread if spread else 1.0


def _curve(trend: Trend, points: Points) -> tuple[Callable[[float], float], str] | None:
    """(the function, its equation)."""
    if trend.kind in ("linear", "poly"):
        order = 1 if trend.kind == "linear" else min(max(trend.order, 2), 6)
        factors = _polynomial(points, order, trend.intercept)
        return None if factors is None else (lambda x: _valued(factors, x), _equation(factors))
    across = math.log if trend.kind in ("log", "power") else float
    down = math.log if trend.kind in ("exp", "power") else float
    fixed = trend.intercept if trend.kind == "exp" else None
    start = math.log(fixed) if fixed is not None and fixed > 0 else None
    line = _polynomial([(across(x), down(y)) for x, y in points], 1, start)
    if line is None:
        return None
    base, slope = line
    if trend.kind == "log":
        sign = "+" if base >= 0 else "-"
        told = f"y = {_short(slope)}ln(x) {sign} {_short(abs(base))}"
        return lambda x: slope * math.log(x) + base, told
    if trend.kind == "exp":
        told = f"y = {_short(math.exp(base))}e^({_short(slope)}x)"
        return lambda x: math.exp(base + slope * x), told
    told = f"y = {_short(math.exp(base))}x^{_short(slope)}"
    return lambda x: math.exp(base) * x**slope, told


def _valued(factors: list[float], x: float) -> float:
    found = 0.0
    for factor in reversed(factors):
        found = found * x + factor
    return found


def _polynomial(points: Points, order: int, fixed: float | None) -> list[float] | None:
    """Factors of 1, x, x² ... with the least squares; xs are scaled, so that powers stay small."""
    order = min(order, len({x for x, _ in points}) - 1)
    scale = max(abs(x) for x, _ in points) or 1.0
    powers = range(0 if fixed is None else 1, order + 1)
    rows = [[(x / scale) ** power for power in powers] for x, _ in points]
    goals = [y - (fixed or 0.0) for _, y in points]
    matrix = [
        [sum(row[i] * row[j] for row in rows) for j in range(len(powers))]
        + [sum(row[i] * goal for row, goal in zip(rows, goals, strict=True))]
        for i in range(len(powers))
    ]
    solved = _solved(matrix)
    if solved is None:
        return None
    factors = [factor / scale**power for factor, power in zip(solved, powers, strict=True)]
    return factors if fixed is None else [fixed, *factors]


def _solved(matrix: list[list[float]]) -> list[float] | None:
    """The solution of linear equations; None where they have no single one."""
    size = len(matrix)
    for place in range(size):
        best = max(range(place, size), key=lambda row: abs(matrix[row][place]))
        matrix[place], matrix[best] = matrix[best], matrix[place]
        pivot = matrix[place][place]
        if abs(pivot) < 1e-13:
            return None
        for row in range(size):
            if row != place:
                share = matrix[row][place] / pivot
                matrix[row] = [
                    a - share * b for a, b in zip(matrix[row], matrix[place], strict=True)
                ]
    return [matrix[place][size] / matrix[place][place] for place in range(size)]


def _equation(factors: list[float]) -> str:
    told = ""
    for power in range(len(factors) - 1, -1, -1):
        factor = factors[power]
        if abs(factor) < 1e-12 and power:
            continue
        sign = ("-" if factor < 0 else "+") if told else ("-" if factor < 0 else "")
        variable = "" if power == 0 else "x" if power == 1 else f"x{'⁰¹²³⁴⁵⁶'[power]}"
        told += f" {sign} " if told else sign
        number = _short(abs(factor))
        told += variable if variable and number == "1" else f"{number}{variable}"
    return f"y = {told}"


def _short(value: float) -> str:
    """A number as Excel writes it beside a trend line."""
    if value == 0 or 0.0001 <= abs(value) < 1e7:
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{value:.4g}"
