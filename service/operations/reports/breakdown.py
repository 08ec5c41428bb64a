"""What a report breaks its rows down by, and the formulas that do it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import InvalidParameters, listed
from service.operations.reports.roles import column_of
from service.operations.reports.source import Source
from service.workbook import cells
from service.workbook.cells import Scalar
from service.workbook.column_types import looks_typed

MOST_LABELS = 12
BLANK = "(blank)"
_MOST_MONTHS = 24
_USUAL = ("month", "region", "product", "salesperson")
_OTHERS = ("category", "customer")


@dataclass(frozen=True)
class Group:
    """What the sales are broken down by.

    :param labels: first cells of the rows; for periods their first days
    :param months: length of a period in months, 0 where labels are no periods
    :param rest: the label of a last row for sales that no label covers, "" if there are none
    """

    name: str
    column: int
    labels: list[Scalar]
    months: int = 0
    rest: str = ""

    @property
    def title(self) -> str:
        return f"By {self.name}"


@dataclass(frozen=True)
class Measures:
    """Formulas over the sales."""

    source: Source

    def _factors(self) -> list[str]:
        roles = self.source.roles
        names = ["amount"] if "amount" in roles else ["quantity", "unit_price"]
        return [self.source.ref(roles[name]) for name in names]

    def total(self) -> str:
        """Revenue of everything."""
        factors = self._factors()
        return f"SUM({factors[0]})" if len(factors) == 1 else f"SUMPRODUCT({','.join(factors)})"

    def revenue(self, group: Group, label: Scalar, cell: str) -> str:
        """Revenue of the sales that the label in ``cell`` covers."""
        factors = self._factors()
        if len(factors) == 1:
            return self._sum(factors[0], group, label, cell)
        return f"SUMPRODUCT({self._mask(group, cell)}*1,{','.join(factors)})"

    def units(self, group: Group, label: Scalar, cell: str) -> str:
        """Quantity of the sales that the label in ``cell`` covers."""
        return self._sum(self.source.ref(self.source.roles["quantity"]), group, label, cell)

    def orders(self, group: Group, label: Scalar, cell: str) -> str:
        """Number of the sales that the label in ``cell`` covers."""
        if _must_be_exact(label):
            return f"SUMPRODUCT({self._mask(group, cell)}*1)"
        return f"COUNTIFS({self._criteria(group, cell)})"

    def _sum(self, values: str, group: Group, label: Scalar, cell: str) -> str:
        if _must_be_exact(label):
            return f"SUMPRODUCT({self._mask(group, cell)}*1,{values})"
        return f"SUMIFS({values},{self._criteria(group, cell)})"

    def _criteria(self, group: Group, cell: str) -> str:
        ref = self.source.ref(group.column)
        if group.months:
            return f'{ref},">="&{cell},{ref},"<"&EDATE({cell},{group.months})'
        return f"{ref},{cell}"

    def _mask(self, group: Group, cell: str) -> str:
        ref = self.source.ref(group.column)
        if group.months:
            return f"({ref}>={cell})*({ref}<EDATE({cell},{group.months}))"
        return f"({ref}={cell})"


def _must_be_exact(label: Scalar) -> bool:
    """Whether SUMIFS would take the label for a pattern, a comparison or a number."""
    if not isinstance(label, str) or cells.parse_date(label):
        return False
    text = label.removeprefix("'")
    return bool(re.search(r"[*?~]|^[<>=]", text)) or len(text) > 250 or looks_typed(text)


# What is broken down by what ------------------------------------------------------


def find_groups(source: Source, wanted: Sequence[str]) -> list[Group]:
    """The groups asked for (parts or headers) or, without any, the usual ones there are.

    :raises InvalidParameters: if one asked for is no column
    """
    names = list(wanted)
    for usual in (_USUAL, _OTHERS):
        names = names or [name for name in usual if _column(source, name) is not None]
    groups = []
    for name in names:
        column = _column(source, name.strip().lower())
        if column is None:
            column = column_of(name, source.headers)
        is_period = name.strip().lower() in ("month", "date") or column == source.roles.get("date")
        groups.append(
            _periods(source, column)
            if is_period
            else group_labels(source, column, revenues(source))
        )
    found = [group for group in groups if group.labels]
    if not found:
        raise InvalidParameters(
            "There is nothing to break the sales down by: no dates, regions, products or "
            f"salespeople. Headers: {listed(source.headers, 30)}.",
            f'Say which columns in options, such as {{"group_by": ["{source.headers[0]}"]}}.',
        )
    return found


def _column(source: Source, name: str) -> int | None:
    return source.roles.get("date" if name == "month" else name)


def _periods(source: Source, column: int) -> Group:
    if column != source.roles.get("date"):
        raise InvalidParameters(
            f'"{source.headers[column]}" holds no dates to make months of.',
            "Group by another column.",
        )
    moments = [value for value in source.values(column) if isinstance(value, dt.date)]
    days = [dt.date(value.year, value.month, value.day) for value in moments]
    if not days:
        return Group("Month", column, [])
    first, last = min(days), max(days)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    rest = "No date" if len(days) < len(source.rows) else ""
    if months > _MOST_MONTHS:
        years = range(first.year, last.year + 1)[-_MOST_MONTHS:]
        rest = "Other years" if years[0] > first.year else rest
        return Group("Year", column, [f"{year:04}-01-01" for year in years], 12, rest)
    starts = [divmod(first.year * 12 + first.month - 1 + i, 12) for i in range(months)]
    return Group("Month", column, [f"{y:04}-{m + 1:02}-01" for y, m in starts], 1, rest)


def group_labels(source: Source, column: int, weights: Sequence[float]) -> Group:
    """The labels of a column by the weight of their rows, the largest first.

    Their case does not matter, as it does not to SUMIFS.
    """
    sums: dict[str, float] = {}
    shown: dict[str, Scalar] = {}
    blank = False
    for row, value, weight in zip(source.rows, source.values(column), weights, strict=True):
        if value is None:
            blank = True
            continue
        key = str(value).casefold()
        shown.setdefault(key, cells.shown(value) if source.place else row[column])
        sums[key] = sums.get(key, 0.0) + weight
    ordered = sorted(sums, key=lambda key: (-sums[key], key))
    kept = ordered if len(ordered) <= MOST_LABELS + 1 else ordered[:MOST_LABELS]
    rest = "All others" if len(kept) < len(ordered) else BLANK if blank else ""
    return Group(source.headers[column], column, [shown[key] for key in kept], rest=rest)


def as_number(value: object) -> float:
    """A cell's number; anything else counts as nothing."""
    return float(value) if isinstance(value, int | float) else 0.0


def revenues(source: Source) -> list[float]:
    roles = source.roles
    if "amount" in roles:
        return [as_number(value) for value in source.values(roles["amount"])]
    pairs = zip(source.values(roles["quantity"]), source.values(roles["unit_price"]), strict=True)
    return [as_number(quantity) * as_number(price) for quantity, price in pairs]
