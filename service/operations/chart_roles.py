"""What the columns of some kinds of charts are for: bubbles' sizes, prices, branches of a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.errors import InvalidRange

if TYPE_CHECKING:
    from service.operations.chart_columns import Column

# Kinds that show one column of numbers.
SINGLE = ("pie", "waterfall", "histogram", "pareto", "treemap", "sunburst", "funnel")
_PRICES = (
    ("open", re.compile(r"\b(open|opening|eröffnung|ouverture|apertura)", re.IGNORECASE)),
    ("high", re.compile(r"\b(high|hoch|höchst|haut|max)", re.IGNORECASE)),
    ("low", re.compile(r"\b(low|tief|niedrig|bas|min)", re.IGNORECASE)),
    ("close", re.compile(r"\b(close|closing|schluss|clôture|cierre|last)", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Roles:
    """Columns with a part of their own.

    :param sizes: of the bubbles of each series
    :param levels: columns of categories, from the trunk of a tree to its leaves
    """

    sizes: list[Column] = field(default_factory=list)
    levels: list[Column] = field(default_factory=list)


def assigned(
    kind: str, series: list[Column], levels: list[Column], notes: list[str]
) -> tuple[list[Column], Roles]:
    """The series in the order in which the kind wants them, and columns with other parts.

    :raises InvalidRange: if there are not as many as the kind needs
    """
    if kind == "bubble":
        if len(series) < 2 or len(series) % 2:
            raise InvalidRange(
                f"A bubble chart needs x values, y values and sizes, and after x there are "
                f"{_labels(series)}.",
                "Name three columns of numbers: x, y, size (and y, size again for more series).",
            )
        return series[::2], Roles(sizes=series[1::2])
    if kind == "stock":
        return _prices(series, notes), Roles()
    if kind == "combo" and len(series) < 2:
        raise InvalidRange(
            f"A combo chart needs two columns of numbers, and the data has {series[0].label}.",
            "Name a range with more columns, or draw a column chart.",
        )
    return series, Roles(levels=levels)


def _prices(series: list[Column], notes: list[str]) -> list[Column]:
    """Open (if there is), high, low, close: by their headers, else by their order."""
    by_name: dict[str, Column] = {}
    for column in series:
        for price, pattern in _PRICES:
            if pattern.search(column.name):
                by_name.setdefault(price, column)
                break
    if {"high", "low", "close"} <= by_name.keys():
        found = [by_name[price] for price, _ in _PRICES if price in by_name]
        rest = [column for column in series if column not in found]
        if rest:
            notes.append(f"Left out: {_labels(rest)}. A stock chart draws prices alone.")
        return found
    if len(series) not in (3, 4):
        raise InvalidRange(
            f"A stock chart shows high, low and close, or open, high, low and close; the data "
            f"has {_labels(series)}.",
            "Name the date and these three or four columns, in this order.",
        )
    return series


def _labels(columns: list[Column]) -> str:
    return ", ".join(column.label for column in columns[:12])
