"""Charts built and dressed: colours of the house, axes that show, light grid lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from openpyxl.chart import AreaChart, BarChart, LineChart, PieChart, ScatterChart
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumFmt, NumRef, StrRef
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.series import Series, SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.descriptors import Typed
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

ChartType = Literal["column", "bar", "line", "pie", "scatter", "area"]
LegendPlace = Literal["right", "bottom", "top", "left", "none"]

_INK, _SOFT, _AXIS, _GRID, _PAPER = "404040", "595959", "BFBFBF", "E2E2E2", "FFFFFF"
_HAIRLINE = 9_525
_LINE = 28_575
_MARKED_POINTS = 31  # a month of days; with more points markers become a blur
_COLORED_SLICES = 60
# openpyxl's stubs know few of the attributes that its charts have.
Chart: TypeAlias = Any


@dataclass(frozen=True)
class SeriesSpec:
    """One series: absolute references, and its name where no cell holds it."""

    name: str
    name_reference: str
    values: str


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows and how, everything decided.

    :param categories: absolute reference, "" for 1, 2, 3 ...
    :param category_format: number format of categories that are numbers or dates, "" for text
    :param label_format: number format of data labels, "" for that of the cells
    :param points: how many points a series has
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
    stacked: bool = False
    labels: bool = False
    label_format: str = ""
    font: str = ""
    gridlines: bool = True


def build_chart(spec: ChartSpec) -> ChartBase:
    """The chart, ready to be put on a sheet."""
    chart: Chart = _plain(spec)
    chart.series = [_series(spec, index) for index in range(len(spec.series))]
    chart.title = _title(spec.title, 1400) if spec.title else None
    chart.legend = _legend(spec.legend)
    chart.roundedCorners = False
    chart.graphical_properties = GraphicalProperties(
        solidFill=_PAPER, ln=LineProperties(solidFill="D9D9D9", w=_HAIRLINE)
    )
    if spec.kind != "pie":
        _dress_axes(chart, spec)
    if spec.font:
        _give_font(chart, spec.font)
    return chart


def usual_legend(kind: ChartType, *, several: bool, wish: LegendWish) -> LegendPlace:
    """Where the legend stands; one series needs none, for the title names it.

    :param wish: where the user has it in charts that need one
    """
    if kind != "pie" and not several:
        return "none"
    return wish or ("right" if kind == "pie" else "bottom")


def chart_font(house: House) -> str:
    """The font of a house style, "" for the usual one, which the theme brings."""
    return "" if house.font == FONT else house.font


def _plain(spec: ChartSpec) -> Chart:
    if spec.kind in ("column", "bar"):
        return BarChart(
            barDir="col" if spec.kind == "column" else "bar",
            grouping="stacked" if spec.stacked else "clustered",
            gapWidth=60 if len(spec.series) == 1 or spec.stacked else 80,
            overlap=100 if spec.stacked else 0,
            varyColors=False,
        )
    if spec.kind == "line":
        grouping = "stacked" if spec.stacked else "standard"
        return LineChart(grouping=grouping, varyColors=False, marker=True)
    if spec.kind == "area":
        return AreaChart(grouping="stacked" if spec.stacked else "standard", varyColors=False)
    if spec.kind == "scatter":
        return ScatterChart(scatterStyle="lineMarker", varyColors=False)
    return PieChart(firstSliceAng=0, varyColors=True)


# Series -----------------------------------------------------------------------


def _series(spec: ChartSpec, index: int) -> Series:
    item = spec.series[index]
    series: Chart = (XYSeries if spec.kind == "scatter" else Series)(idx=index, order=index)
    series.tx = (
        SeriesLabel(strRef=StrRef(f=item.name_reference))
        if item.name_reference
        else SeriesLabel(v=item.name)
    )
    values = NumDataSource(numRef=NumRef(f=item.values))
    source = _category_source(spec)
    if spec.kind == "scatter":
        series.xVal, series.yVal = source, values
    else:
        series.cat, series.val = source, values
    _color_series(series, spec, _accent(spec, index))
    if spec.labels:
        series.dLbls = _labels(spec)
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


def _color_series(series: Chart, spec: ChartSpec, color: str) -> None:
    series.marker = None
    if spec.kind == "line":
        series.spPr = GraphicalProperties(
            ln=LineProperties(solidFill=color, w=_LINE, cap="rnd", round=True)
        )
        marked = spec.points <= _MARKED_POINTS
        series.marker = _marker(color, 6) if marked else Marker(symbol="none")
        series.smooth = False
    elif spec.kind == "scatter":
        series.spPr = GraphicalProperties(ln=LineProperties(noFill=True, w=_LINE))
        series.marker = _marker(color, 7)
        series.smooth = False
    elif spec.kind == "pie":
        series.spPr = None
        series.dPt = [
            DataPoint(idx=point, spPr=_slice(_accent(spec, point)))
            for point in range(min(spec.points, _COLORED_SLICES))
        ]
    else:
        series.spPr = GraphicalProperties(solidFill=color, ln=LineProperties(noFill=True))
        if spec.kind != "area":
            series.invertIfNegative = False


def _marker(color: str, size: int) -> Marker:
    line = LineProperties(solidFill=_PAPER, w=_HAIRLINE)
    return Marker(symbol="circle", size=size, spPr=GraphicalProperties(solidFill=color, ln=line))


def _slice(color: str) -> GraphicalProperties:
    return GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=_PAPER, w=19_050))


class _Labels(DataLabelList):  # type: ignore[misc]
    """Data labels whose number format says that it is not that of the cells."""

    tagname = "dLbls"
    numFmt = Typed(expected_type=NumFmt, allow_none=True)
    # openpyxl looks for the parts of a class in the class itself, not in its bases.
    dLbl, delete = DataLabelList.dLbl, DataLabelList.delete
    spPr, txPr, dLblPos = DataLabelList.spPr, DataLabelList.txPr, DataLabelList.dLblPos
    showLegendKey, showVal = DataLabelList.showLegendKey, DataLabelList.showVal
    showCatName, showSerName = DataLabelList.showCatName, DataLabelList.showSerName
    showPercent, showBubbleSize = DataLabelList.showPercent, DataLabelList.showBubbleSize
    showLeaderLines, separator = DataLabelList.showLeaderLines, DataLabelList.separator
    __elements__ = DataLabelList.__elements__


def _labels(spec: ChartSpec) -> DataLabelList:
    pie = spec.kind == "pie"
    inside = spec.stacked and spec.kind in ("column", "bar")
    place = {"column": "outEnd", "bar": "outEnd", "line": "t", "scatter": "t", "pie": "outEnd"}
    return _Labels(
        dLblPos="ctr" if inside else place.get(spec.kind),
        showVal=not pie,
        showPercent=pie,
        numFmt=NumFmt(spec.label_format, sourceLinked=False) if spec.label_format else None,
        showLegendKey=False,
        showCatName=False,
        showSerName=False,
        showBubbleSize=False,
        showLeaderLines=True if pie else None,
        txPr=_text_look(900, _PAPER if inside else _INK),
    )


# Axes -------------------------------------------------------------------------


def _dress_axes(chart: Chart, spec: ChartSpec) -> None:
    x, y = chart.x_axis, chart.y_axis
    for axis, title in ((x, spec.x_title), (y, spec.y_title)):
        axis.delete = False
        axis.title = _title(title, 1000, _SOFT) if title else None
        axis.txPr = _text_look(900, _SOFT)
        axis.majorTickMark = axis.minorTickMark = None
    x.axPos, y.axPos = ("l", "b") if spec.kind == "bar" else ("b", "l")
    x.tickLblPos = "low"  # under the plot also where values are negative
    x.spPr = GraphicalProperties(ln=LineProperties(solidFill=_AXIS, w=_HAIRLINE))
    y.spPr = GraphicalProperties(ln=LineProperties(noFill=True))
    y.tickLblPos = "nextTo"
    y.majorGridlines = _gridlines() if spec.gridlines else None
    y.numFmt = NumFmt(formatCode=spec.number_format, sourceLinked=True)
    x.numFmt = NumFmt(formatCode=spec.category_format or "General", sourceLinked=True)
    if spec.kind == "scatter":
        x.majorGridlines = _gridlines() if spec.gridlines else None
        y.crossBetween = "midCat"
        return
    x.auto = False  # dates stay one beside the other, a row each, as they stand in the cells
    x.noMultiLvlLbl = True
    x.lblAlgn = "ctr"
    y.crossBetween = "midCat" if spec.kind == "area" else "between"
    if spec.kind == "bar":
        # The first row on top, as in the cells; the values then still stand below.
        x.scaling.orientation = "maxMin"
        y.crosses = "max"


def _gridlines() -> ChartLines:
    return ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=_GRID, w=_HAIRLINE)))


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


def _legend(place: LegendPlace) -> Legend | None:
    if place == "none":
        return None
    legend = Legend(legendPos=place[0], overlay=False)
    legend.txPr = _text_look(900, _SOFT)
    return legend


def _give_font(chart: Chart, font: str) -> None:
    """Set all texts of a finished chart in that font."""
    axes = [] if isinstance(chart, PieChart) else [chart.x_axis, chart.y_axis]
    titles = [item.title for item in (chart, *axes) if item.title is not None]
    labels = [series.dLbls for series in chart.series if series.dLbls is not None]
    legends = [] if chart.legend is None else [chart.legend]
    for text in [title.tx.rich for title in titles] + [
        item.txPr for item in (*axes, *labels, *legends)
    ]:
        for paragraph in text.p:
            paragraph.pPr.defRPr.latin = Font(typeface=font)
            for run in paragraph.r:
                if run.rPr is not None:  # openpyxl puts an empty one where there is no text
                    run.rPr.latin = Font(typeface=font)
