"""A chart drawn anew as another kind, over the same cells."""

from __future__ import annotations

from typing import Any, cast

from service.errors import InvalidParameters
from service.operations.chart_details import all_series
from service.operations.chart_existing import series_of
from service.workbook.chart_shapes import (
    ROUND,
    ChartSpec,
    ChartType,
    SeriesSpec,
    build_chart,
    chart_font,
)
from service.workbook.house import House

# Kinds that show categories and series alike.
ALIKE = ("column", "bar", "line", "area", "radar", "pie", "doughnut")


def refuse_conversion(chart: Any, now: str, kind: str) -> None:
    """Refuse kinds that want other data.

    :raises InvalidParameters: saying why
    """
    if now not in ALIKE or kind not in ALIKE:
        raise InvalidParameters(
            f"A {now} chart can't be made a {kind} chart: they show other data.",
            f"Delete it and add a {kind} chart.",
        )
    count = sum(1 for _ in all_series(chart))
    if kind == "pie" and count > 1:
        raise InvalidParameters(
            f"A pie shows one series, and the {now} chart has {count}.",
            "Choose doughnut, or add a pie of one column.",
        )


def converted(chart: Any, kind: str, look: House) -> Any:
    """The chart as one of another kind; its titles, legend and place stay."""
    series = [
        SeriesSpec(item.get("name", ""), _if_reference(item.get("name", "")), item["values"])
        for item in series_of(chart)
    ]
    first = next(series for _, series in all_series(chart))
    numeric = getattr(getattr(first, "cat", None), "numRef", None) is not None
    axis = getattr(chart, "y_axis", None)
    number_format = getattr(getattr(axis, "numFmt", None), "formatCode", None) or "General"
    new: Any = build_chart(
        ChartSpec(
            kind=cast(ChartType, kind),
            title="",
            series=tuple(series),
            categories=next((item.get("categories", "") for item in series_of(chart)), ""),
            category_format="General" if numeric else "",
            number_format=number_format,
            points=12,
            accents=look.accents,
            font=chart_font(look),
            gridlines=look.gridlines is not False,
            legend="right" if kind in ROUND else "none",
            labels=kind in ROUND,
            label_format="0%" if kind in ROUND else "",
        )
    )
    new.title, new.anchor = chart.title, chart.anchor
    new.frame_name = getattr(chart, "frame_name", "")
    if chart.legend is not None:
        new.legend = chart.legend
    if axis is not None and hasattr(new, "y_axis"):
        new.x_axis.title, new.y_axis.title = chart.x_axis.title, chart.y_axis.title
    return new


def _if_reference(name: str) -> str:
    return name if "!" in name else ""
