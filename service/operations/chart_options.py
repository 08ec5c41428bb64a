"""The extras of create_excel_chart, and which kind of chart takes which."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from pydantic import Field

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.chart_rows import KINDS
from service.operations.registry import BriefOptions
from service.workbook.chart_shapes import ChartType, LegendPlace
from service.workbook.new_charts import NewType

SparkType = Literal["sparkline_line", "sparkline_column", "sparkline_winloss"]
AnyType: TypeAlias = Literal["", ChartType, NewType, SparkType]
CLASSIC: tuple[str, ...] = get_args(ChartType)
NEW: tuple[str, ...] = get_args(NewType)
SPARK: tuple[str, ...] = get_args(SparkType)

Label = Literal["value", "percent", "category", "series", "size"]
LabelPlace = Literal[
    "center", "inside_end", "inside_base", "outside_end", "best_fit", "above", "below", "left",
    "right",
]  # fmt: skip
Trend = Literal[
    "linear", "exponential", "logarithmic", "polynomial", "power", "moving_average", "none"
]
Point = Literal["high", "low", "first", "last", "negative"]
_MOST_TITLE = 255
LEAST_CM, MOST_CM = 3, 60


class ChartOptions(BriefOptions):
    """Extras of create_excel_chart."""

    rare = frozenset(
        """
        name x_min x_max smooth markers width_cm height_cm label_position label_format
        connect filled gap hole x_log x_reverse x_format y_log
        y_reverse y_step y2_min y2_max y2_format trendline_period trendline_forward
        trendline_equation trendline_r2 error_bars bin_width
        """.split()
    )

    chart: str = Field(
        default="",
        coerce_numbers_to_str=True,
        description="for change and delete: number, name or title of the chart",
    )
    name: str = Field(default="", description="name of the chart in Excel")
    x_title: str = Field(default="", description="title of the category axis (x of scatter)")
    y_title: str = Field(default="", description="title of the value axis")
    y2_title: str = Field(default="", description="title of a combo's second axis")
    legend: LegendPlace | None = Field(
        default=None, description="left out: bottom for several series, right for a pie"
    )
    stacked: bool | Literal["percent"] | None = Field(
        default=None, description="percent for shares of 100 %; left out: only several areas are"
    )
    data_labels: bool | Label | list[Label] | None = Field(
        default=None, description="true, false, or what to show; left out: only on a pie"
    )
    label_position: LabelPlace | None = Field(
        default=None, description="where data labels stand; not all kinds have all places"
    )
    label_format: str = Field(default="", description="number format of data labels")
    series: list[str] = Field(default=[], description="headers or column letters to draw")
    series_in: Literal["columns", "rows"] | None = Field(
        default=None, description="rows where the periods stand across; left out: columns, mostly"
    )
    categories: str = Field(default="", description="header or letter of the category column")
    width_cm: float | None = Field(default=None, description="left out: 16")
    height_cm: float | None = Field(default=None, description="left out: 8.5, more for many bars")
    own_sheet: str = Field(default="", description="name of a new chart sheet to put it on")
    colors: list[str] = Field(
        default=[], description="of the series in turn; of the slices of a pie"
    )
    markers: bool | None = Field(default=None, description="points marked on lines")
    smooth: bool | None = Field(default=None, description="curved lines")
    connect: bool | None = Field(default=None, description="lines between a scatter's points")
    filled: bool | None = Field(default=None, description="filled radar")
    gap: int | None = Field(
        default=None, description="between columns, in % of their width, 0 to 500"
    )
    hole: int | None = Field(default=None, description="of a doughnut, 10 to 90 %")
    x_min: float | None = Field(default=None, description="where the x axis starts (scatter)")
    x_max: float | None = Field(default=None, description="where the x axis ends (scatter)")
    x_log: bool | None = Field(default=None, description="logarithmic x axis (scatter)")
    x_reverse: bool | None = Field(default=None, description="x axis from right to left")
    x_format: str = Field(default="", description="number format of the x axis")
    y_min: float | None = Field(default=None, description="where the value axis starts")
    y_max: float | None = Field(default=None, description="where the value axis ends")
    y_log: bool | None = Field(default=None, description="logarithmic value axis")
    y_reverse: bool | None = Field(default=None, description="value axis from top to bottom")
    y_step: float | None = Field(default=None, description="from one mark of the axis to the next")
    y_format: str = Field(default="", description='such as "#,##0 €" or "percent"')
    y2_min: float | None = Field(default=None, description="where the second axis starts")
    y2_max: float | None = Field(default=None, description="where the second axis ends")
    y2_format: str = Field(default="", description="number format of the second axis")
    gridlines: Literal["none", "x", "y", "both"] | None = Field(
        default=None,
        description="lines at marks of which axis; left out: y, or both (scatter, bubble, radar)",
    )
    trendline: Trend | None = Field(default=None, description="on every series")
    trendline_period: int | None = Field(
        default=None, description="of a moving average, or degree of a polynomial; left out: 2"
    )
    trendline_forward: float | None = Field(
        default=None, description="by how many points it looks ahead"
    )
    trendline_equation: bool | None = Field(default=None, description="shows its equation")
    trendline_r2: bool | None = Field(default=None, description="shows R²")
    error_bars: str = Field(
        default="", description='"5 %", a number, "stderr", "stdev", or "none" to take them away'
    )
    lines: list[str] = Field(
        default=[], description="series that a combo draws as lines; left out: the last"
    )
    second_axis: bool | None = Field(
        default=None, description="a combo's lines have an axis of their own; left out: true"
    )
    totals: list[str] = Field(
        default=[], description="categories of a waterfall that are totals, not changes"
    )
    bins: int | None = Field(default=None, description="how many columns a histogram has")
    bin_width: float | None = Field(default=None, description="or how wide each is")
    highlight: list[Point] = Field(default=[], description="points of sparklines to show")


# Which kinds take which ---------------------------------------------------------

_SIZE = {"width_cm", "height_cm"}
_ALL = {"chart", "name", "series", "categories", "legend", "own_sheet", *_SIZE}
_LABELS = {"data_labels", "label_position", "label_format"}
_TITLES = {"x_title", "y_title"}
_Y = {"y_min", "y_max", "y_step", "y_format"}
_AXES = {*_TITLES, *_Y, "y_log", "y_reverse", "x_reverse", "x_format", "gridlines"}
_X = {"x_min", "x_max", "x_log"}
_TREND = {
    "trendline", "trendline_period", "trendline_forward", "trendline_equation", "trendline_r2",
    "error_bars",
}  # fmt: skip
_BARS = {*_ALL, *_AXES, *_LABELS, *_TREND, "colors", "stacked", "gap"}
_LINE = {*_ALL, *_AXES, *_LABELS, *_TREND, "colors", "stacked", "markers", "smooth"}
_PIE = {*_ALL, *_LABELS, "colors"}
_NEW_AXES = {*_ALL, *_TITLES, *_Y, *_LABELS, "colors", "gap", "gridlines"}
_SPARKS = {"chart", "series", "colors", "highlight", "y_min", "y_max", "x_reverse"}
TAKES: dict[str, set[str]] = {
    "column": _BARS,
    "bar": _BARS,
    "line": _LINE,
    "area": {*_ALL, *_AXES, "data_labels", "label_format", "colors", "stacked"},
    "pie": _PIE,
    "doughnut": {*_PIE, "hole"} - {"label_position"},
    "scatter": {*_LINE, *_X, "connect"} - {"stacked"},
    "bubble": {*_ALL, *_AXES, *_X, *_LABELS, *_TREND, "colors"},
    "radar": {*_ALL, *_Y, "data_labels", "label_format", "colors", "markers", "filled",
              "gridlines"},
    "stock": {*_ALL, *_AXES},
    "combo": {*_BARS, "markers", "smooth", "lines", "second_axis", "y2_title", "y2_min", "y2_max",
              "y2_format"},
    "waterfall": {*_NEW_AXES, "totals"},
    "histogram": {*_NEW_AXES, "bins", "bin_width"} - {"categories", "legend"},
    "pareto": {*_NEW_AXES, "bins", "bin_width"},
    "box": _NEW_AXES - {*_LABELS},
    "treemap": {*_ALL, "data_labels"},
    "sunburst": {*_ALL, "data_labels"},
    "funnel": {*_ALL, *_LABELS, "colors", "gap"},
    "sparkline_line": {*_SPARKS, "markers"},
    "sparkline_column": _SPARKS,
    "sparkline_winloss": _SPARKS,
}  # fmt: skip
TAKES |= {kind: {*TAKES[kind], "series_in"} for kind in KINDS}
_WHY = {
    "stacked": "puts several columns, bars, lines or areas on top of each other",
    "x_title": "titles an axis",
    "y_title": "titles an axis",
    "own_sheet": "puts a chart on a sheet of its own",
}
_PLACES: dict[str, dict[str, str]] = {
    "above": {"line": "t", "scatter": "t", "bubble": "t"},
    "below": {"line": "b", "scatter": "b", "bubble": "b"},
    "left": {"line": "l", "scatter": "l", "bubble": "l"},
    "right": {"line": "r", "scatter": "r", "bubble": "r"},
    "best_fit": {"pie": "bestFit"},
}
_INNER = {"center": "ctr", "inside_end": "inEnd", "inside_base": "inBase", "outside_end": "outEnd"}


def given(options: ChartOptions) -> dict[str, object]:
    """The options that say something."""
    found = options.model_dump()
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def refuse_idle(kind: str, options: ChartOptions) -> None:
    """Refuse options that would not show in a chart of that kind."""
    for name, value in given(options).items():
        if name in TAKES[kind] or (value is False and name in ("stacked", "smooth", "markers")):
            continue
        why = f": it {_WHY[name]}" if name in _WHY else ""
        takers = [other for other, names in TAKES.items() if name in names]
        raise InvalidParameters(
            f"options.{name} has no effect on a {kind} chart{why}.",
            f"Leave {name} out, or choose another chart_type: {listed(takers, 25)}.",
        )


def label_place(kind: str, options: ChartOptions) -> str:
    """Where data labels stand, in the format's words; "" where nobody said.

    :raises InvalidParameters: if charts of that kind have no such place
    """
    wanted = options.label_position
    if wanted is None:
        return ""
    allowed = {name: code for name, codes in _PLACES.items() if (code := codes.get(kind))}
    if kind in ("line", "scatter", "bubble"):
        allowed["center"] = "ctr"
    elif kind in ("column", "bar", "combo"):
        allowed |= {k: v for k, v in _INNER.items() if not (options.stacked and v == "outEnd")}
    elif kind == "pie":
        allowed |= {k: v for k, v in _INNER.items() if v != "inBase"}
    else:
        allowed |= _INNER
    if wanted not in allowed:
        raise InvalidParameters(
            f"options.label_position is {wanted}; labels of "
            f"{'stacked ' if options.stacked else ''}{kind} charts stand at "
            f"{listed(list(allowed))}.",
            "Choose one of these, or leave it out.",
        )
    return allowed[wanted]


def shown_labels(kind: str, options: ChartOptions) -> set[str] | None:
    """What data labels show; empty for none, None where nobody said."""
    wanted = options.data_labels
    if wanted is None:
        return None
    if isinstance(wanted, bool):
        usual = "percent" if kind in ("pie", "doughnut") else "value"
        return {usual} if wanted else set()
    names = {wanted} if isinstance(wanted, str) else set(wanted)
    for name, kinds in (("percent", ("pie", "doughnut")), ("size", ("bubble",))):
        if name in names and kind not in kinds:
            raise InvalidParameters(
                f"options.data_labels asks for {name}; {listed(list(kinds))} charts show that.",
                "Use value, category or series.",
            )
    return {str(name) for name in names}


def check(title: str, options: ChartOptions) -> None:
    """Refuse texts and measures that no chart can have."""
    texts = {
        "title": title,
        **{name: getattr(options, name) for name in ("name", "x_title", "y_title", "y2_title")},
    }
    for name, text in texts.items():
        if len(text) > _MOST_TITLE or not text.isprintable():
            raise InvalidValue(
                f"{name} has {len(text)} characters or holds some that don't print; "
                f"at most {_MOST_TITLE} on one line.",
                "Use a short title.",
            )
    limits: dict[str, tuple[float, float]] = {
        "width_cm": (LEAST_CM, MOST_CM),
        "height_cm": (LEAST_CM, MOST_CM),
        "gap": (0, 500),
        "hole": (10, 90),
        "bins": (1, 1000),
        "trendline_period": (2, 255),
        "trendline_forward": (0, 10_000),
    }
    for name, (least, most) in limits.items():
        value = getattr(options, name)
        if value is not None and not least <= value <= most:
            raise InvalidParameters(
                f"options.{name} is {value}; it goes from {least} to {most}.",
                f"Leave {name} out for the usual.",
            )
    _check_scales(options)


def _check_scales(options: ChartOptions) -> None:
    for axis in ("x", "y", "y2"):
        least, most = getattr(options, f"{axis}_min"), getattr(options, f"{axis}_max")
        if least is not None and most is not None and least >= most:
            raise InvalidParameters(
                f"options.{axis}_min is {least:g} and {axis}_max {most:g}: the axis has no length.",
                f"Let {axis}_min be less than {axis}_max.",
            )
        if getattr(options, f"{axis}_log", None) and any(
            value is not None and value <= 0 for value in (least, most)
        ):
            raise InvalidParameters(
                f"options.{axis}_log: a logarithmic axis starts above 0.",
                f"Leave {axis}_min out, or use a number above 0.",
            )
    for name in ("y_step", "bin_width"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise InvalidParameters(
                f"options.{name} is {value:g}; it must be above 0.", f"Leave {name} out."
            )
    if options.bins is not None and options.bin_width is not None:
        raise InvalidParameters(
            "options has both bins and bin_width; one follows from the other.", "Send one of them."
        )
    if options.trendline is None and any(
        value is not None
        for value in (options.trendline_period, options.trendline_forward,
                      options.trendline_equation, options.trendline_r2)
    ):  # fmt: skip
        raise InvalidParameters(
            "options say how a trendline is to be, but not which one (trendline).",
            'Add "trendline": "linear" or another kind.',
        )
    if options.trendline == "polynomial" and (options.trendline_period or 2) > 6:
        raise InvalidParameters(
            f"options.trendline_period is {options.trendline_period}; a polynomial has a degree "
            "of 2 to 6.",
            "Use a lower degree.",
        )
