"""Kinds of charts and of rules: each option has an effect on every kind that takes it."""

from __future__ import annotations

from typing import Any

from service.operations.chart_options import TAKES
from service.operations.chart_roles import SINGLE
from service.workbook.rules import kinds
from tests.chart_books import DATA
from tests.option_effects.charts import SPARKED, book
from tests.option_effects.effects import Call, Case, Check, Tool
from tests.option_effects.rules import BEFORE, PLACE, TWO

WEIGHTS = [["Weight"], [4], [6], [1], [9]]
# Values that no kind has by itself, and what the option needs beside it.
_CHART: dict[str, Any] = {
    "name": "Mine", "legend": "left", "width_cm": 20, "height_cm": 12,
    "data_labels": ["series", "value"], "label_position": "center", "label_format": "0.000",
    "x_title": "When", "y_title": "Euro", "y2_title": "Share", "y_min": -7, "y_max": 333,
    "y_step": 33, "y_format": "0.000", "y_log": True, "y_reverse": True, "x_reverse": True,
    "x_format": "0.000", "gridlines": "none", "own_sheet": "Poster", "x_min": -3, "x_max": 99,
    "x_log": True, "trendline": "linear", "trendline_period": 3, "trendline_forward": 2,
    "trendline_equation": True, "trendline_r2": True, "error_bars": "5 %",
    "colors": ["#112233"], "stacked": "percent", "gap": 42, "markers": True, "smooth": True,
    "connect": True, "filled": True, "hole": 33, "lines": ["Income"], "second_axis": False,
    "y2_min": -3, "y2_max": 77, "y2_format": "0.000", "totals": ["End"], "bins": 6,
    "bin_width": 2.5, "highlight": ["high"], "series": ["Cost"], "categories": "Income",
    "series_in": "rows",
}  # fmt: skip
_OTHERS: dict[tuple[str, str], Any] = {
    ("line", "markers"): False,
    ("combo", "markers"): False,
    ("bubble", "label_position"): "left",
    ("funnel", "label_position"): "inside_end",
    ("bubble", "series"): ["Profit", "Cost"],
    ("bubble", "categories"): "Cost",
    ("scatter", "categories"): "Cost",
    ("treemap", "series"): ["Weight"],
    ("sunburst", "series"): ["Weight"],
    ("combo", "series"): ["Income", "Cost"],
    ("stock", "series"): ["High", "Low", "Close"],
    ("stock", "categories"): "Open",
    ("sunburst", "categories"): "City",
    ("treemap", "categories"): "City",
    **{(kind, "series"): ["Cost", "Profit"] for kind in TAKES if kind.startswith("sparkline")},
}
_NEEDS = {
    "label_position": {"options.data_labels": True},
    "label_format": {"options.data_labels": True},
    "trendline_period": {"options.trendline": "polynomial"},
    **{f"trendline_{n}": {"options.trendline": "linear"} for n in ("forward", "equation", "r2")},
}


def _differs(_: object) -> bool:
    """Which part of the file it is differs by kind; the cases of each option tell it for one."""
    return True


ANYTHING: Check = _differs


def chart_case(kind: str, option: str) -> Case:
    value = _OTHERS.get((kind, option), _CHART[option])
    also: dict[str, Any] = {"chart_type": kind, **_NEEDS.get(option, {})}
    also |= {**SPARKED, "data_range": "A1:D5"} if kind.startswith("sparkline") else {}
    if option == "series_in" and kind in SINGLE:
        also["data_range"] = "A1:B2"
    chosen = option in ("series", "categories") and kind not in ("stock", "treemap", "sunburst")
    usual = chosen or kind not in DATA
    before, instead = book("usual" if usual else kind), Case.instead
    if option == "series" and kind in ("treemap", "sunburst"):  # they show one of two
        before = [*before, ("write_excel_range", {"start": "D1", "rows": WEIGHTS})]
        also["data_range"], instead = "A1:D5", ["Sales"]
    return Case(f"options.{option}", ANYTHING, value, also, instead, before)


CHART_KINDS = Tool("create_excel_chart", [
    chart_case(kind, option)
    for kind, names in TAKES.items()
    for option in sorted(names - {"chart"})
])  # fmt: skip

# Values of rules -------------------------------------------------------------------

_VALUES: dict[str, Any] = {
    **dict.fromkeys(kinds.COMPARISONS, 5), **dict.fromkeys(kinds.TEXTS, "a"),
    **dict.fromkeys(kinds.RANKS, 2), "between": [1, 5], "not_between": [1, 5],
    "date_occurring": "last_7_days", "formula": "=$B2>5", "list": ["a", "b"], "custom": "=B2>5",
    "color_scale": ["red", "yellow", "green"], "data_bar": "blue", "icon_set": "3 arrows",
    **dict.fromkeys(kinds.MEASURED, 5), "date": "2026-01-31", "time": "08:30",
}  # fmt: skip
_RULE: dict[str, Any] = {
    "fill": "#00FF00", "color": "#C00000", "bold": True, "italic": True, "underline": True,
    "strike": True, "border": "thin red", "number_format": "0.000", "stop_if_true": True,
    "priority": 1, "percent": True, "equal": True, "std_dev": 2, "min": -7, "mid": 3, "max": 99,
    "thresholds": [3, 9], "reverse": True, "hide_value": True, "solid": True,
    "negative_color": "#C00000", "operator": "greater_or_equal", "input_title": "Look",
    "input_message": "Here", "error_title": "No", "error_message": "Not that",
    "error_style": "warning", "allow_blank": False, "dropdown": False,
}  # fmt: skip


def rule_case(kind: str, option: str) -> Case:
    also: dict[str, Any] = {**PLACE, "rule": kind, "value": _VALUES.get(kind)}
    also |= {"options.operator": "less_than"} if kind in kinds.MEASURED else {}
    looks = kind in kinds.FORMATS and kind not in kinds.SCALES and option != "bold"
    also |= (
        {"options.bold": True} if looks else {"options.italic": True} if option == "bold" else {}
    )
    titles = {"input_title": "input_message", "error_title": "error_message"}
    also |= {f"options.{titles[option]}": "More"} if option in titles else {}
    also |= {"options.input_message": "More"} if kind == "message" else {}
    instead: Any = {"operator": "less_than", "input_message": "More"}.get(option, Case.instead)
    before: list[Call] = TWO if option == "priority" else BEFORE
    return Case(f"options.{option}", ANYTHING, _RULE[option], also, instead, before)


RULE_KINDS = Tool("add_excel_rule", [
    rule_case(kind, option) for kind in kinds.ALL for option in kinds.options_of(kind)
])  # fmt: skip
