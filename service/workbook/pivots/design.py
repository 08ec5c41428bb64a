"""What a pivot table shows: from which data, in which fields, how put together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from openpyxl.utils.datetime import to_excel

from service.workbook.areas import Area


class Wrong(str):
    """An error value in a cell, such as #N/A."""


Value: TypeAlias = bool | int | float | str | dt.datetime | Wrong | None
Unit = Literal["", "years", "quarters", "months", "days", "range"]
Function = Literal[
    "sum", "count", "average", "min", "max", "product", "countNums",
    "stdDev", "stdDevp", "var", "varp",
]  # fmt: skip
ShowAs = Literal[
    "", "percent_of_total", "percent_of_row", "percent_of_column", "percent_of_parent_row",
    "percent_of_parent_column", "percent_of", "difference", "percent_difference",
    "running_total", "percent_running_total", "rank_ascending", "rank_descending", "index",
]  # fmt: skip
Layout = Literal["compact", "outline", "tabular"]
FUNCTIONS: tuple[str, ...] = get_args(Function)
DATE_UNITS: tuple[Unit, ...] = ("years", "quarters", "months", "days")  # the coarsest first
# Those that compare with other items of one field, which has to be named or found.
WITH_BASE = frozenset(
    "percent_of difference percent_difference running_total percent_running_total "
    "rank_ascending rank_descending".split()
)
WITH_ITEM = frozenset("percent_of difference percent_difference".split())
PREVIOUS, NEXT = "(previous)", "(next)"


@dataclass(frozen=True)
class Source:
    """The data: the sheet and its area with the header row, or the table that it is.

    :param names: the columns' names, as the cache of Excel has them: each only once
    :param columns: the values below the header, column by column
    :param formats: the number format of each column
    """

    sheet: str
    area: Area
    table: str
    names: tuple[str, ...]
    columns: tuple[tuple[Value, ...], ...]
    formats: tuple[str, ...]

    @property
    def records(self) -> int:
        return len(self.columns[0])

    def column(self, name: str) -> int:
        """The place of a column by its name, -1 for none; case does not matter."""
        wanted = name.strip().casefold()
        folded = [other.strip().casefold() for other in self.names]
        return folded.index(wanted) if wanted in folded else -1


@dataclass(frozen=True)
class Level:
    """A field on an axis: a column of the source, as it is or grouped."""

    field: str
    unit: Unit = ""

    @property
    def caption(self) -> str:
        """As Excel calls it: "Region", "Months (Date)"."""
        return f"{self.unit.title()} ({self.field})" if self.unit in DATE_UNITS else self.field


@dataclass(frozen=True)
class NumberGroups:
    """Ranges of numbers: from ``start`` to ``end`` in steps."""

    start: float
    end: float
    step: float


@dataclass(frozen=True)
class Sort:
    """How the items of a field follow: by their label, or by the value of that name.

    :param own: labels in an order of their own; what is not among them follows
    """

    descending: bool = False
    by: str = ""
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One value of a pivot table.

    :param name: what stands above its figures
    :param base: the field whose items it is compared along, where ``show_as`` needs one
    :param item: the item that it is compared with: its label, PREVIOUS or NEXT
    """

    field: str
    function: Function
    name: str
    number_format: str
    show_as: ShowAs = ""
    base: Level | None = None
    item: str = ""


@dataclass(frozen=True)
class Design:
    """All that is wanted of a pivot table.

    :param filters: the items that are let through, by level; () for all. A level that is on no
        axis gets a filter above the table
    :param right_totals: whether a column of grand totals stands at the right; ``bottom_totals``:
        whether a row of them stands at the bottom
    """

    name: str
    rows: tuple[Level, ...]
    columns: tuple[Level, ...]
    values: tuple[Shown, ...]
    filters: dict[Level, tuple[str, ...]] = field(default_factory=dict)
    ranges: dict[str, NumberGroups] = field(default_factory=dict)
    sorts: dict[Level, Sort] = field(default_factory=dict)
    subtotals: bool = True
    right_totals: bool = True
    bottom_totals: bool = True
    layout: Layout = "compact"
    repeat_labels: bool = False
    style: str = "PivotStyleLight16"

    @property
    def pages(self) -> tuple[Level, ...]:
        """The levels that are filters above the table."""
        return tuple(item for item in self.filters if item not in self.rows + self.columns)

    @property
    def levels(self) -> tuple[Level, ...]:
        return self.rows + self.columns + self.pages


def serial(moment: dt.datetime) -> float:
    """A moment as Excel counts it: days since the end of 1899."""
    return float(to_excel(moment))


def rank(value: Value) -> tuple[int, float, str]:
    """The order in which Excel sorts: numbers and dates, texts, truths, errors, blanks."""
    if value is None:
        return 4, 0.0, ""
    if isinstance(value, Wrong):
        return 3, 0.0, value
    if isinstance(value, bool):
        return 2, float(value), ""
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return 0, serial(value) if isinstance(value, dt.datetime) else float(value), ""


def same_item(value: Value) -> tuple[str, object]:
    """What makes values one item of a field: capitals count for nothing, as in Excel."""
    if isinstance(value, str) and not isinstance(value, Wrong):
        return "text", value.casefold()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", float(value)
    return type(value).__name__, value


def label(value: Value) -> str:
    """An item as a person writes it."""
    if value is None:
        return "(blank)"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        whole = value.time() == dt.time()
        return value.date().isoformat() if whole else value.isoformat(" ")
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return str(value)
