"""What a caller says of a pivot table, as it comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from service.operations.registry import BriefOptions
from service.workbook.pivots.design import Design, Layout, Level, ShowAs

GrandTotals = Literal["both", "right", "bottom", "none"]
Label = str | int | float | bool


class PivotValue(BriefOptions):
    """One value of create_excel_pivot."""

    field: str = Field(description="header of the column")
    function: str = Field(
        default="",
        description="sum, count, average, min, max, product, countNums, stdDev, stdDevp, var or "
        "varp; left out: sum of numbers, count of anything else",
    )
    name: str = Field(default="", description='left out: "Sum of Amount"')
    number_format: str = Field(
        default="", description='"currency EUR", "percent 1" or a code; left out: the column\'s'
    )
    show_as: ShowAs = Field(default="", description="compared with other figures; left out: as is")
    base_field: str = Field(
        default="",
        description="field along which show_as compares, adds up or ranks; left out: the last "
        "one on rows",
    )
    base_item: str = Field(
        default="", description='item to compare with, or "(previous)" (left out) or "(next)"'
    )


class PivotOptions(BriefOptions):
    """Extras of create_excel_pivot."""

    name: str = Field(
        default="", description="name of the pivot table; needed where there are several"
    )
    position: str = Field(
        default="",
        description='"Summary!B3" for the upper left corner, or the name of a new sheet; left '
        "out: a new sheet",
    )
    filters: dict[str, Label | list[Label]] | list[str] | None = Field(
        default=None,
        description='items that count, by field: {"Year": 2026, "Region": ["North", "East"]}; an '
        "empty list is a filter that lets all through. A field that is not in rows or columns "
        "gets a filter above the table",
    )
    group: dict[str, str | list[str] | dict[str, float]] | None = Field(
        default=None,
        description='{"Date": ["years", "months"]}, also quarters and days; {"Age": {"from": 0, '
        '"to": 100, "by": 10}}',
    )
    sort: dict[str, str | list[Label]] | None = Field(
        default=None,
        description='by field: "ascending", "descending", "Sum of Sales descending" for a value, '
        "or a list of items",
    )
    layout: Layout | None = Field(default=None, description="left out: compact")
    subtotals: bool | None = Field(default=None, description="left out: yes")
    grand_totals: GrandTotals | None = Field(
        default=None,
        description="right: a column with each row's total; bottom: a row under all; left "
        "out: both",
    )
    repeat_labels: bool | None = Field(
        default=None, description="outer labels in every row (outline and tabular)"
    )
    style: str | None = Field(
        default=None, description='"light 16", "medium 2", "dark 3", none; left out: house style'
    )
    overwrite: bool = Field(default=False, description="also over filled cells")


@dataclass
class Asked:
    """All that is said of one pivot table, before it is looked up in the source.

    :param decimals: number format of figures with decimals, where the column has none
    :param strict: whether items that the source does not have are refused, and not left out
    """

    rows: list[str]
    columns: list[str]
    values: list[str | PivotValue]
    options: PivotOptions
    style: str
    decimals: str = "#,##0.00"
    strict: bool = True
    notes: list[str] = field(default_factory=list)


def asked_again(design: Design) -> Asked:
    """What a caller would have said to get a design."""
    groups: dict[str, Any] = {
        name: {"from": ranges.start, "to": ranges.end, "by": ranges.step}
        for name, ranges in design.ranges.items()
    }
    totals: dict[tuple[bool, bool], GrandTotals] = {
        (True, True): "both",
        (True, False): "right",
        (False, True): "bottom",
        (False, False): "none",
    }
    options = PivotOptions(
        name=design.name,
        filters={level.caption: list(items) for level, items in design.filters.items()},
        group=groups,
        sort={level.caption: _sort_text(design, level) for level in design.sorts},
        layout=design.layout,
        subtotals=design.subtotals,
        grand_totals=totals[design.right_totals, design.bottom_totals],
        repeat_labels=design.repeat_labels,
        style=design.style or "none",
    )
    values: list[str | PivotValue] = [
        PivotValue(
            field=shown.field,
            function=shown.function,
            name=shown.name,
            number_format=shown.number_format,
            show_as=shown.show_as,
            base_field=shown.base.caption if shown.base else "",
            base_item=shown.item,
        )
        for shown in design.values
    ]
    rows = [level.caption for level in design.rows]
    return Asked(rows, [level.caption for level in design.columns], values, options, design.style)


def _sort_text(design: Design, level: Level) -> str | list[Label]:
    sort = design.sorts[level]
    if sort.own:
        return list(sort.own)
    return f"{sort.by} {'descending' if sort.descending else 'ascending'}".strip()
