"""Charts built and dressed: colours of the house, axes that show, light grid lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from openpyxl.chart import (
    AreaChart,
    BarChart,
    BubbleChart,
    DoughnutChart,
    LineChart,
    PieChart,
    RadarChart,
    ScatterChart,
    StockChart,
)
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.axis import ChartLines, NumericAxis, TextAxis
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumFmt, NumRef, StrRef
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.series import Series, SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.chart.updown_bars import UpDownBars
from openpyxl.descriptors import Typed
from openpyxl.descriptors.nested import NestedText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import (
    CharacterProperties,
    Font,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
    RichTextProperties,
)

from service.workbook.colors import blend
from service.workbook.house import FONT, House, LegendWish

ChartType = Literal[
    "column",
    "bar",
    "line",
    "pie",
    "scatter",
    "area",
    "doughnut",
    "bubble",
    "radar",
    "stock",
    "combo",
]
Stacking = bool | Literal["percent"]
LegendPlace = Literal["right", "bottom", "top", "left", "none"]

_INK, _SOFT, _AXIS, _GRID, _PAPER = "404040", "595959", "BFBFBF", "E2E2E2", "FFFFFF"
_HAIRLINE = 9_525
_LINE = 28_575
ROUND = ("pie", "doughnut")
XY = ("scatter", "bubble")
# Where data labels stand if nobody says where; kinds that are not here have one place only.
USUAL_PLACE = {
    "column": "outEnd",
    "bar": "outEnd",
    "combo": "outEnd",
    "line": "t",
    "scatter": "t",
    "bubble": "ctr",
    "pie": "outEnd",
}
_MARKED_POINTS = 31  # a month of days; with more points markers become a blur
_COLORED_SLICES = 60
# openpyxl's stubs know few of the attributes that its charts have.
Chart: TypeAlias = Any


@dataclass(frozen=True)
class SeriesSpec:
    """One series: absolute references, and its name where no cell holds it.

    :param sizes: of bubbles
    :param line: whether a combined chart draws it as a line
    :param label_format: number format of its data labels, "" for that of the chart's
    """

    name: str
    name_reference: str
    values: str
    sizes: str = ""
    line: bool = False
    label_format: str = ""


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows and how, everything decided.

    :param categories: absolute reference, "" for 1, 2, 3 ...
    :param category_format: number format of categories that are numbers or dates, "" for text
    :param label_format: number format of data labels, "" for that of the cells
    :param points: how many points a series has
    :param second_axis: whether the lines of a combined chart have an axis of their own
    :param font: "" for that of the workbook's theme
    """

    kind: ChartType
    title: str
    series: tuple[SeriesSpec, ...]
    categories: str
    category_format: str
    number_format: str
    points: int
    accents: tuple[str, ...]
    x_title: str = ""
    y_title: str = ""
    legend: LegendPlace = "none"
    stacked: Stacking = False
    labels: bool = False
    label_format: str = ""
    font: str = ""
    gridlines: bool = True
    second_axis: bool = True


def build_chart(spec: ChartSpec) -> ChartBase:
    """The chart, ready to be put on a sheet."""
    chart: Chart = _plain(spec)
    lined = [item.line for item in spec.series]
    chart.series = [_series(spec, i) for i, line in enumerate(lined) if not line]
    chart.title = main_title(spec.title) if spec.title else None
    chart.legend = legend_at(spec.legend)
    chart.roundedCorners = False
    chart.graphical_properties = GraphicalProperties(
        solidFill=_PAPER, ln=LineProperties(solidFill="D9D9D9", w=_HAIRLINE)
    )
    if spec.kind not in ROUND:
        _dress_axes(chart, spec)
    if any(lined):
        numbers = [i for i, line in enumerate(lined) if line]
        chart += _lines_over(chart, spec, [_series(spec, i) for i in numbers])
    if spec.font:
        give_font(chart, spec.font)
    return chart


def usual_legend(kind: ChartType, *, several: bool, wish: LegendWish) -> LegendPlace:
    """Where the legend stands; one series needs none, for the title names it.

    :param wish: where the user has it in charts that need one
    """
    if kind == "stock" or (kind not in ROUND and not several):
        return "none"
    return wish or ("right" if kind in ROUND else "bottom")


def chart_font(house: House) -> str:
    """The font of a house style, "" for the usual one, which the theme brings."""
    return "" if house.font == FONT else house.font


def _plain(spec: ChartSpec) -> Chart:
    if spec.kind in ("column", "bar", "combo"):
        return BarChart(
            barDir="bar" if spec.kind == "bar" else "col",
            grouping=grouping(spec.stacked, "clustered"),
            gapWidth=60 if len(spec.series) == 1 or spec.stacked else 80,
            overlap=100 if spec.stacked else 0,
            varyColors=False,
        )
    if spec.kind == "line":
        return LineChart(grouping=grouping(spec.stacked, "standard"), varyColors=False, marker=True)
    if spec.kind == "area":
        return AreaChart(grouping=grouping(spec.stacked, "standard"), varyColors=False)
    return _PLAIN[spec.kind](spec)


def grouping(stacked: Stacking, usual: str) -> str:
    """How a chart puts its series beside or on top of each other."""
    return "percentStacked" if stacked == "percent" else "stacked" if stacked else usual


def _stock(spec: ChartSpec) -> Chart:
    """Three series are high, low and close; four begin with the opening."""
    chart = StockChart(hiLowLines=_lines(_SOFT))
    if len(spec.series) == 4:
        up, down = _box(_PAPER), _box(_INK)
        chart.upDownBars = UpDownBars(gapWidth=80, upBars=up, downBars=down)
    return chart


def _box(fill: str) -> ChartLines:
    line = LineProperties(solidFill=_INK, w=_HAIRLINE)
    return ChartLines(spPr=GraphicalProperties(solidFill=fill, ln=line))


_PLAIN: dict[str, Callable[[ChartSpec], Chart]] = {
    "scatter": lambda spec: ScatterChart(scatterStyle="lineMarker", varyColors=False),
    "bubble": lambda spec: BubbleChart(varyColors=False, bubbleScale=60, showNegBubbles=False),
    "radar": lambda spec: RadarChart(radarStyle="marker", varyColors=False),
    "stock": _stock,
    "pie": lambda spec: PieChart(firstSliceAng=0, varyColors=True),
    "doughnut": lambda spec: DoughnutChart(firstSliceAng=0, holeSize=55, varyColors=True),
}


def _lines_over(bars: Chart, spec: ChartSpec, series: list[Series]) -> Chart:
    """The lines of a combined chart, on a second axis at the right or on that of the bars."""
    lines: Chart = LineChart(grouping="standard", varyColors=False, marker=True)
    lines.series = series
    if not spec.second_axis:
        lines.x_axis, lines.y_axis = bars.x_axis, bars.y_axis
        return lines
    lines.x_axis = TextAxis(axId=500, crossAx=200, delete=True, majorTickMark=None)
    lines.y_axis = NumericAxis(axId=200, crossAx=500, delete=False, crosses="max")
    lines.y_axis.axPos, lines.y_axis.majorGridlines = "r", None
    lines.y_axis.txPr = _text_look(900, _SOFT)
    lines.y_axis.majorTickMark = lines.y_axis.minorTickMark = None
    lines.y_axis.tickLblPos, lines.y_axis.crossBetween = "nextTo", "between"
    lines.y_axis.spPr = GraphicalProperties(ln=LineProperties(noFill=True))
    lines.y_axis.numFmt = NumFmt(formatCode="General", sourceLinked=True)
    return lines


# Series -----------------------------------------------------------------------


def _series(spec: ChartSpec, index: int) -> Series:
    item = spec.series[index]
    series: Chart = (XYSeries if spec.kind in XY else Series)(idx=index, order=index)
    series.tx = (
        SeriesLabel(strRef=StrRef(f=item.name_reference))
        if item.name_reference
        else SeriesLabel(v=item.name)
    )
    values = NumDataSource(numRef=NumRef(f=item.values))
    source = _category_source(spec)
    if spec.kind in XY:
        series.xVal, series.yVal = source, values
        if item.sizes:
            series.bubbleSize = NumDataSource(numRef=NumRef(f=item.sizes))
            series.bubble3D = False
    else:
        series.cat, series.val = source, values
    _color_series(series, spec, index)
    if spec.labels:
        series.dLbls = _labels(spec, item)
    return series


def _category_source(spec: ChartSpec) -> AxDataSource | None:
    if not spec.categories:
        return None
    if spec.category_format:
        return AxDataSource(numRef=NumRef(f=spec.categories))
    return AxDataSource(strRef=StrRef(f=spec.categories))


def _accent(spec: ChartSpec, index: int) -> str:
    """Colours of the house in turn; each further round is lighter."""
    turn, place = divmod(index, len(spec.accents))
    return blend(spec.accents[place], _PAPER, min(0.35 * turn, 0.7))


def _color_series(series: Chart, spec: ChartSpec, index: int) -> None:
    color = _accent(spec, index)
    series.marker = None
    if spec.kind in ("line", "radar") or spec.series[index].line:
        series.spPr = GraphicalProperties(
            ln=LineProperties(solidFill=color, w=_LINE, cap="rnd", round=True)
        )
        marked = spec.points <= _MARKED_POINTS
        series.marker = marker(color, 6) if marked else Marker(symbol="none")
        series.smooth = None if spec.kind == "radar" else False
    elif spec.kind == "scatter":
        series.spPr = GraphicalProperties(ln=LineProperties(noFill=True, w=_LINE))
        series.marker = marker(color, 7)
        series.smooth = False
    elif spec.kind == "stock":
        close = index == len(spec.series) - 1 and len(spec.series) == 3
        series.spPr = GraphicalProperties(ln=LineProperties(noFill=True, w=_LINE))
        series.marker = marker(color, 5, "dash") if close else Marker(symbol="none")
        series.smooth = False
    elif spec.kind == "bubble":
        series.spPr = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=_PAPER))
        series.invertIfNegative = False
    elif spec.kind in ROUND:
        series.spPr = None
        series.dPt = [
            DataPoint(idx=point, spPr=_slice(_accent(spec, point)))
            for point in range(min(spec.points, _COLORED_SLICES))
        ]
    else:
        series.spPr = GraphicalProperties(solidFill=color, ln=LineProperties(noFill=True))
        if spec.kind != "area":
            series.invertIfNegative = False


def marker(color: str, size: int, symbol: str = "circle") -> Marker:
    """The sign of a point on a line."""
    line = LineProperties(solidFill=_PAPER, w=_HAIRLINE)
    return Marker(symbol=symbol, size=size, spPr=GraphicalProperties(solidFill=color, ln=line))


def _slice(color: str) -> GraphicalProperties:
    return GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=_PAPER, w=19_050))


class _Labels(DataLabelList):  # type: ignore[misc]
    """Data labels as the format has them.

    Their number format says that it is not that of the cells, and what parts their texts is a
    text before the leader lines: openpyxl writes both in a way that Excel refuses.
    """

    tagname = "dLbls"
    numFmt = Typed(expected_type=NumFmt, allow_none=True)
    # openpyxl looks for the parts of a class in the class itself, not in its bases.
    dLbl, delete = DataLabelList.dLbl, DataLabelList.delete
    spPr, txPr, dLblPos = DataLabelList.spPr, DataLabelList.txPr, DataLabelList.dLblPos
    showLegendKey, showVal = DataLabelList.showLegendKey, DataLabelList.showVal
    showCatName, showSerName = DataLabelList.showCatName, DataLabelList.showSerName
    showPercent, showBubbleSize = DataLabelList.showPercent, DataLabelList.showBubbleSize
    showLeaderLines = DataLabelList.showLeaderLines
    separator = NestedText(expected_type=str, allow_none=True)
    __elements__ = (
        *(n for n in DataLabelList.__elements__ if n not in ("showLeaderLines", "separator")),
        "separator",
        "showLeaderLines",
    )


def _labels(spec: ChartSpec, item: SeriesSpec) -> DataLabelList:
    inside = bool(spec.stacked) and spec.kind in ("column", "bar", "combo")
    dark = inside or spec.kind == "doughnut"
    return label_list(
        spec.kind,
        {"percent" if spec.kind in ROUND else "value"},
        "ctr" if inside else USUAL_PLACE.get(spec.kind, ""),
        item.label_format or spec.label_format,
        _PAPER if dark else _INK,
    )


def label_list(
    kind: str, shown: set[str], place: str, number_format: str, color: str = _INK
) -> DataLabelList:
    """Data labels.

    :param shown: of value, percent, category, series, size
    :param place: where each stands, in the format's words; "" for the usual place
    """
    return _Labels(
        dLblPos=place or None,
        showVal="value" in shown,
        showPercent="percent" in shown,
        numFmt=NumFmt(number_format, sourceLinked=False) if number_format else None,
        showLegendKey=False,
        showCatName="category" in shown,
        showSerName="series" in shown,
        showBubbleSize="size" in shown,
        showLeaderLines=True if kind == "pie" else None,
        separator="\n" if len(shown) > 1 and kind in ROUND else None,
        txPr=_text_look(900, color),
    )


# Axes -------------------------------------------------------------------------


def _dress_axes(chart: Chart, spec: ChartSpec) -> None:
    x, y = chart.x_axis, chart.y_axis
    for axis, title in ((x, spec.x_title), (y, spec.y_title)):
        axis.delete = False
        axis.title = axis_title(title) if title else None
        axis.txPr = _text_look(900, _SOFT)
        axis.majorTickMark = axis.minorTickMark = None
    x.axPos, y.axPos = ("l", "b") if spec.kind == "bar" else ("b", "l")
    x.tickLblPos = "low"  # under the plot also where values are negative
    x.spPr = GraphicalProperties(ln=LineProperties(solidFill=_AXIS, w=_HAIRLINE))
    y.spPr = GraphicalProperties(ln=LineProperties(noFill=True))
    y.tickLblPos = "nextTo"
    y.majorGridlines = gridlines() if spec.gridlines else None
    shares = spec.stacked == "percent"
    code = "0%" if shares else spec.number_format
    y.numFmt = NumFmt(formatCode=code, sourceLinked=not shares)
    x.numFmt = NumFmt(formatCode=spec.category_format or "General", sourceLinked=True)
    if spec.kind in XY:
        x.majorGridlines = gridlines() if spec.gridlines else None
        y.crossBetween = "midCat"
        return
    x.auto = False  # dates stay one beside the other, a row each, as they stand in the cells
    x.noMultiLvlLbl = True
    x.lblAlgn = "ctr"
    y.crossBetween = "midCat" if spec.kind == "area" else "between"
    if spec.kind == "radar":
        x.majorGridlines = gridlines() if spec.gridlines else None
        y.spPr = GraphicalProperties(ln=LineProperties(solidFill=_GRID, w=_HAIRLINE))
    if spec.kind == "bar":
        # The first row on top, as in the cells; the values then still stand below.
        x.scaling.orientation = "maxMin"
        y.crosses = "max"


def gridlines() -> ChartLines:
    """Light lines across the chart."""
    return _lines(_GRID)


def _lines(color: str) -> ChartLines:
    return ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=color, w=_HAIRLINE)))


# Texts ------------------------------------------------------------------------


def _characters(size: int, color: str) -> CharacterProperties:
    return CharacterProperties(sz=size, b=False, solidFill=color)


def _text_look(size: int, color: str) -> RichText:
    """How labels look; ``size`` in hundredths of a point."""
    look = ParagraphProperties(defRPr=_characters(size, color))
    paragraph = Paragraph(pPr=look, endParaRPr=CharacterProperties())
    return RichText(bodyPr=RichTextProperties(), p=[paragraph])


def _title(text: str, size: int, color: str = _INK) -> Title:
    look = _characters(size, color)
    paragraph = Paragraph(
        pPr=ParagraphProperties(defRPr=look), r=[RegularTextRun(rPr=look, t=text)]
    )
    return Title(tx=Text(rich=RichText(bodyPr=RichTextProperties(), p=[paragraph])), overlay=False)


def main_title(text: str) -> Title:
    """The title of a chart."""
    return _title(text, 1400)


def axis_title(text: str) -> Title:
    """The title of an axis."""
    return _title(text, 1000, _SOFT)


def legend_at(place: LegendPlace) -> Legend | None:
    """A legend at that side, None for none."""
    if place == "none":
        return None
    legend = Legend(legendPos=place[0], overlay=False)
    legend.txPr = _text_look(900, _SOFT)
    return legend


def give_font(chart: Chart, font: str) -> None:
    """Set all texts of a finished chart in that font."""
    parts = chart._charts
    axes = [axis for part in parts for axis in part._axes.values() if axis.txPr is not None]
    titles = [item.title for item in (chart, *axes) if item.title is not None]
    everything = [series for part in parts for series in part.series]
    labels = [series.dLbls for series in everything if series.dLbls is not None]
    legends = [] if chart.legend is None else [chart.legend]
    for text in [title.tx.rich for title in titles] + [
        item.txPr for item in (*axes, *labels, *legends)
    ]:
        for paragraph in text.p:
            paragraph.pPr.defRPr.latin = Font(typeface=font)
            for run in paragraph.r:
                if run.rPr is not None:  # openpyxl puts an empty one where there is no text
                    run.rPr.latin = Font(typeface=font)
