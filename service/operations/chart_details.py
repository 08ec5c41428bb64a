"""What the options say, done to a chart of the editor's: one that is new, or one of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from openpyxl.chart.data_source import NumFmt
from openpyxl.chart.error_bar import ErrorBars
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.trendline import Trendline
from openpyxl.drawing.line import LineProperties

from service.errors import InvalidParameters, listed
from service.operations.chart_options import ChartOptions, label_place, shown_labels
from service.workbook.chart_shapes import (
    ROUND,
    USUAL_PLACE,
    axis_title,
    gridlines,
    grouping,
    label_list,
    legend_at,
    marker,
)
from service.workbook.colors import parse_color
from service.workbook.number_formats import number_format_code

Chart: TypeAlias = Any
_TRENDS = {
    "linear": "linear",
    "exponential": "exp",
    "logarithmic": "log",
    "polynomial": "poly",
    "power": "power",
    "moving_average": "movingAvg",
}
_DEVIATIONS = {"stderr": "stdErr", "stdev": "stdDev"}


@dataclass(frozen=True)
class Details:
    """Checked options: names turned into codes and colours, all that can be refused refused."""

    kind: str
    options: ChartOptions
    labels: set[str] | None
    place: str
    colors: tuple[str, ...]
    formats: dict[str, str]
    errors: tuple[str, float] | None


def details(kind: str, options: ChartOptions) -> Details:
    """The options for a chart of that kind.

    :raises ExcelToolsError: naming the option that can't be
    """
    formats = {
        name: number_format_code(text)
        for name in ("x_format", "y_format", "y2_format", "label_format")
        if (text := getattr(options, name))
    }
    labels = shown_labels(kind, options)
    if not labels and (options.label_position or options.label_format) and labels is not None:
        raise InvalidParameters(
            "options say how data labels look, and data_labels false that there are none.",
            "Leave data_labels out, or the other.",
        )
    return Details(
        kind,
        options,
        labels,
        label_place(kind, options),
        tuple(parse_color(color, "options.colors") for color in options.colors),
        formats,
        _errors(options.error_bars),
    )


def _errors(text: str) -> tuple[str, float] | None:
    plain = text.strip().lower().replace(",", ".")
    if not plain or plain == "none":
        return None
    if plain in _DEVIATIONS:
        return _DEVIATIONS[plain], 1.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", plain)
    if match is None or not float(match[1]):
        raise InvalidParameters(
            f'options.error_bars is "{text[:40]}".',
            'Use "5 %", a number such as "10", "stderr", "stdev" or "none".',
        )
    return ("percentage" if match[2] else "fixedVal"), float(match[1])


def apply(chart: Chart, wanted: Details) -> None:
    """Do to a chart what the options say; all else stays as it is."""
    options = wanted.options
    if options.legend is not None:
        chart.legend = legend_at(options.legend)
    if hasattr(chart, "y_axis"):
        _scale(chart.x_axis, "x", wanted)
        _scale(chart.y_axis, "y", wanted)
        second = second_axis(chart)
        if second is not None:
            _scale(second, "y2", wanted)
        _grid(chart, wanted)
    for part in chart._charts:
        _part(part, wanted)
    for number, (part, series) in enumerate(all_series(chart)):
        _color(part, series, number, wanted)
        _line(part, series, wanted)
        _trend(series, wanted)
        _error_bars(part, series, wanted)
    if wanted.labels is not None or wanted.place or "label_format" in wanted.formats:
        for part, series in all_series(chart):
            _label(part, series, wanted)


def all_series(chart: Chart) -> Iterator[tuple[Chart, Any]]:
    """(part of the chart, series), in their order."""
    for part in chart._charts:
        for series in part.ser or ():
            yield part, series


def is_stacked(part: Chart) -> bool:
    """Whether a part of a chart puts its series on top of each other."""
    return getattr(part, "grouping", "") in ("stacked", "percentStacked")


def second_axis(chart: Chart) -> Any:
    """The second value axis of a chart, None without one."""
    for part in chart._charts[1:]:
        axis = getattr(part, "y_axis", None)
        if axis is not None and axis.axId != chart.y_axis.axId:
            return axis
    return None


# Axes -------------------------------------------------------------------------


def _scale(axis: Any, name: str, wanted: Details) -> None:
    def asked(what: str) -> Any:
        return getattr(wanted.options, f"{name}_{what}", None)

    if asked("title"):
        gone = asked("title").strip().lower() == "none"
        axis.title = None if gone else axis_title(asked("title").strip())
    for what in ("min", "max"):
        if asked(what) is not None:
            setattr(axis.scaling, what, asked(what))
    if asked("log") is not None:
        axis.scaling.logBase = 10 if asked("log") else None
    if asked("reverse") is not None:
        # A bar chart has its first bar on top already by turning the axis round.
        turned = asked("reverse") != (wanted.kind == "bar" and name == "x")
        axis.scaling.orientation = "maxMin" if turned else "minMax"
    if asked("step") is not None:
        axis.majorUnit = asked("step")
    if f"{name}_format" in wanted.formats:
        axis.numFmt = NumFmt(formatCode=wanted.formats[f"{name}_format"], sourceLinked=False)


def _grid(chart: Chart, wanted: Details) -> None:
    if wanted.options.gridlines is None:
        return
    for name, axis in (("x", chart.x_axis), ("y", chart.y_axis)):
        axis.majorGridlines = gridlines() if wanted.options.gridlines in (name, "both") else None


# Parts and series -----------------------------------------------------------------


def kind_of_part(part: Chart) -> str:
    """What a part of a chart is: column, bar, line, pie ..."""
    name = type(part).__name__.replace("3D", "").removesuffix("Chart").lower()
    return "column" if name == "bar" and getattr(part, "barDir", "") == "col" else name


def _part(part: Chart, wanted: Details) -> None:
    options, kind = wanted.options, kind_of_part(part)
    stacks = kind in ("column", "bar", "line", "area") and not (
        wanted.kind == "combo" and kind == "line"
    )
    if options.stacked is not None and stacks:
        usual = "clustered" if kind in ("column", "bar") else "standard"
        part.grouping = grouping(options.stacked, usual)
        if usual == "clustered":
            part.overlap = 100 if options.stacked else 0
            _bring_labels_in(part)
    if options.gap is not None and kind in ("column", "bar"):
        part.gapWidth = options.gap
    if options.hole is not None and kind == "doughnut":
        part.holeSize = options.hole
    if kind == "radar":
        if options.filled is not None:
            part.radarStyle = "filled" if options.filled else "marker"
        elif options.markers is not None:
            part.radarStyle = "marker" if options.markers else "standard"


def _bring_labels_in(part: Chart) -> None:
    """Stacked columns have no place for labels outside of them; Excel refuses such a file."""
    for item in (part, *(part.ser or ())):
        labels = item.dLbls
        if part.grouping != "clustered" and labels is not None and labels.dLblPos == "outEnd":
            labels.dLblPos = "ctr"


def _color(part: Chart, series: Any, number: int, wanted: Details) -> None:
    kind = kind_of_part(part)
    if kind in ROUND and wanted.colors:
        _color_slices(series, wanted.colors)
        return
    color = wanted.colors[number] if number < len(wanted.colors) else ""
    filled = kind == "radar" and part.radarStyle == "filled"
    if filled and wanted.options.filled:
        color = color or _line_color(series)
    if not color:
        return
    if filled:
        series.spPr = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=color))
    elif kind in ("line", "radar", "scatter"):
        look = series.spPr or GraphicalProperties()
        line = look.ln or LineProperties(w=28_575)
        if not line.noFill:
            line.solidFill = color
        look.ln, series.spPr = line, look
        if series.marker is not None and series.marker.symbol != "none":
            series.marker = marker(color, int(series.marker.size or 6))
    else:
        look = series.spPr or GraphicalProperties()
        look.noFill, look.solidFill, series.spPr = None, color, look


def _line_color(series: Any) -> str:
    line = getattr(series.spPr, "ln", None)
    choice = getattr(line, "solidFill", None)
    return str(getattr(getattr(choice, "srgbClr", None), "val", "") or "")


def _color_slices(series: Any, colors: tuple[str, ...]) -> None:
    known = {point.idx: point for point in series.dPt}
    for index, color in enumerate(colors):
        point = known.setdefault(index, DataPoint(idx=index))
        look = point.spPr or GraphicalProperties(ln=LineProperties(solidFill="FFFFFF", w=19_050))
        look.solidFill, point.spPr = color, look
    series.dPt = [known[index] for index in sorted(known)]


def _line(part: Chart, series: Any, wanted: Details) -> None:
    options, kind = wanted.options, kind_of_part(part)
    if kind == "scatter" and (options.connect is not None or options.smooth):
        shown = options.connect is not False
        color = _marker_color(series)
        line = LineProperties(solidFill=color, w=28_575) if shown else LineProperties(noFill=True)
        series.spPr = GraphicalProperties(ln=line)
    if kind not in ("line", "scatter", "radar"):
        return
    if options.smooth is not None and kind != "radar":
        series.smooth = options.smooth
    if options.markers is not None:
        color = _line_color(series) or _marker_color(series)
        series.marker = marker(color, 6) if options.markers else Marker(symbol="none")


def _marker_color(series: Any) -> str:
    fill = getattr(getattr(series.marker, "spPr", None), "solidFill", None)
    return str(getattr(getattr(fill, "srgbClr", None), "val", "") or "4472C4")


def _trend(series: Any, wanted: Details) -> None:
    options = wanted.options
    if options.trendline is None or not hasattr(series, "trendline"):
        return
    if options.trendline == "none":
        series.trendline = None
        return
    averaged = options.trendline == "moving_average"
    period = options.trendline_period or 2
    series.trendline = Trendline(
        trendlineType=_TRENDS[options.trendline],
        order=period if options.trendline == "polynomial" else None,
        period=period if averaged else None,
        forward=None if averaged else options.trendline_forward,
        dispRSqr=bool(options.trendline_r2),
        dispEq=bool(options.trendline_equation),
        spPr=GraphicalProperties(
            ln=LineProperties(solidFill="7F7F7F", w=19_050, prstDash="sysDash")
        ),
    )


def _error_bars(part: Chart, series: Any, wanted: Details) -> None:
    if not wanted.options.error_bars:
        return
    if wanted.errors is None:
        series.errBars = None
        return
    kind, value = wanted.errors
    xy = kind_of_part(part) in ("scatter", "bubble")
    series.errBars = ErrorBars(
        errDir="y" if xy or kind_of_part(part) != "bar" else "x",
        errBarType="both",
        errValType=kind,
        noEndCap=False,
        val=None if kind == "stdErr" else value,
        spPr=GraphicalProperties(ln=LineProperties(solidFill="595959", w=9_525)),
    )
    if not xy:
        series.errBars.errDir = None


def _label(part: Chart, series: Any, wanted: Details) -> None:
    kind = kind_of_part(part)
    shown = wanted.labels
    known = series.dLbls
    if shown is None:  # only how they look was said
        usual = {"percent"} if kind in ROUND else {"value"}
        shown = _known_labels(known) or usual
    if not shown:
        series.dLbls = None
        return
    place = wanted.place if kind_of_place(kind) == kind_of_place(wanted.kind) else ""
    usual_place = (
        "ctr" if is_stacked(part) and kind in ("column", "bar") else USUAL_PLACE.get(kind, "")
    )
    code = wanted.formats.get("label_format", "")
    if not code and "percent" in shown:
        code = "0%"
    if not code and known is not None and known.numFmt is not None:
        code = getattr(known.numFmt, "formatCode", "") or ""
    light = kind == "doughnut" or (place or usual_place) in ("ctr", "inEnd", "inBase")
    light = light and kind in ("column", "bar", *ROUND)
    series.dLbls = label_list(
        kind, shown, place or usual_place, code, "FFFFFF" if light else "404040"
    )


def kind_of_place(kind: str) -> str:
    """Kinds that have the same places for labels."""
    return "column" if kind in ("bar", "combo") else kind


def _known_labels(labels: Any) -> set[str]:
    names = {
        "showVal": "value",
        "showPercent": "percent",
        "showCatName": "category",
        "showSerName": "series",
        "showBubbleSize": "size",
    }
    return {name for attribute, name in names.items() if getattr(labels, attribute, None)}


def refuse_unusable(chart: Chart, wanted: Details) -> None:
    """Refuse what an existing chart has no place for.

    :raises InvalidParameters: naming the option
    """
    options = wanted.options
    has_second = hasattr(chart, "y_axis") and second_axis(chart) is not None
    if second_axis_asked(options) and not has_second:
        raise InvalidParameters(
            "options speak of a second axis (y2), and the chart has none.",
            "Add a combo chart instead, without second_axis false.",
        )
    stacked = any(is_stacked(part) for part in chart._charts)
    stacked = stacked if options.stacked is None else bool(options.stacked)
    if stacked and options.trendline not in (None, "none"):
        raise InvalidParameters(
            "options.trendline has no effect on a stacked chart: Excel draws none there.",
            "Leave trendline out, or send stacked false.",
        )
    count = sum(1 for _ in all_series(chart))
    if wanted.kind not in ROUND and len(wanted.colors) > count:
        raise InvalidParameters(
            f"options.colors names {len(wanted.colors)} colours for {count} series: "
            f"{listed(options.colors)}.",
            "Name one for each series, in their order.",
        )


def second_axis_asked(options: ChartOptions) -> bool:
    """Whether any option is about the second value axis."""
    values = (options.y2_title, options.y2_format, options.y2_min, options.y2_max)
    return any(value not in ("", None) for value in values)
