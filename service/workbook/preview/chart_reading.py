"""Charts read from their XML into plain data: series with values, colours, axes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from lxml import etree

from service.workbook.display import shown_text
from service.workbook.drawn import CHART
from service.workbook.preview.palette import Palette, tinted
from service.workbook.preview.trends import Trend

_C = f"{{{CHART}}}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_KINDS = {
    "barChart": "bar", "bar3DChart": "bar", "lineChart": "line", "line3DChart": "line",
    "areaChart": "area", "area3DChart": "area", "pieChart": "pie", "pie3DChart": "pie",
    "ofPieChart": "pie", "doughnutChart": "doughnut", "scatterChart": "scatter",
    "bubbleChart": "bubble", "radarChart": "radar", "stockChart": "stock",
}  # fmt: skip
_MOST = 2_000  # points of a series that are drawn


@dataclass
class Series:
    """One series; ``values`` has None where there is nothing to draw."""

    name: str = ""
    categories: list[str] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    across: list[float | None] = field(default_factory=list)  # x of points, or sizes of bubbles
    sizes: list[float | None] = field(default_factory=list)
    color: str = ""
    points: dict[int, str] = field(default_factory=dict)
    line: bool = True
    marker: bool = False
    smooth: bool = False
    labels: str = ""  # what is written at the points: "value", "percent", "name"
    number_format: str = "General"
    trends: list[Trend] = field(default_factory=list)


@dataclass
class Group:
    """Series that are drawn in the same way.

    :param grouping: "clustered", "stacked", "percentStacked" or "standard"
    :param second: whether they belong to the second axis
    """

    kind: str
    series: list[Series]
    grouping: str = "standard"
    sideways: bool = False
    second: bool = False
    gap: float = 150.0
    overlap: float = 0.0
    hole: float = 50.0


@dataclass
class Axis:
    """One axis as asked for; None where the values decide."""

    title: str = ""
    least: float | None = None
    most: float | None = None
    step: float | None = None
    number_format: str = ""
    grid: bool = False
    hidden: bool = False
    reversed: bool = False
    log: bool = False


@dataclass
class ChartData:
    """A chart ready to be drawn.

    :param left_out: numbers of entries that the legend does not have
    """

    title: str
    groups: list[Group]
    legend: str = ""
    left_out: set[int] = field(default_factory=set)
    values: Axis = field(default_factory=Axis)
    second: Axis = field(default_factory=Axis)
    names: Axis = field(default_factory=Axis)


def read_chart(root: etree._Element, palette: Palette) -> ChartData:
    """The chart of a part of an old kind, whose caches are up to date."""
    chart = root.find(f"{_C}chart")
    plot = chart.find(f"{_C}plotArea") if chart is not None else None
    if chart is None or plot is None:
        return ChartData("", [])
    axes = _axes(plot)
    groups, count = [], 0
    first_axis: set[str] | None = None
    for item in plot:
        kind = _KINDS.get(etree.QName(item).localname)
        if kind is None:
            continue
        group = _group(item, kind, palette, count)
        ids = {a.get("val", "") for a in item.findall(f"{_C}axId")}
        first_axis = ids if first_axis is None else first_axis
        group.second = bool(ids) and ids != first_axis
        count += len(group.series)
        groups.append(group)
    legend = chart.find(f"{_C}legend")
    place = "" if legend is None else _value(legend, "legendPos", "r")
    data = ChartData(_title(chart, groups), groups, place)
    if legend is not None:
        gone = (item for item in legend.findall(f"{_C}legendEntry") if _on(item, "delete"))
        data.left_out = {int(_number(_value(item, "idx")) or 0) for item in gone}
    _take_axes(data, axes, first_axis or set())
    return data


def _title(chart: etree._Element, groups: list[Group]) -> str:
    title = chart.find(f"{_C}title")
    if title is not None:
        text = _words(title)
        if text:
            return text
    if _value(chart, "autoTitleDeleted", "0") not in ("1", "true") and title is not None:
        series = [one for group in groups for one in group.series]
        return series[0].name if len(series) == 1 else ""
    return ""


def _words(element: etree._Element) -> str:
    rich = "".join(item.text or "" for item in element.iter(f"{_A}t"))
    return rich or "".join(item.text or "" for item in element.iter(f"{_C}v"))


def _value(element: etree._Element, name: str, usual: str = "") -> str:
    found = element.find(f"{_C}{name}")
    return usual if found is None else found.get("val", usual)


def _on(element: etree._Element, name: str) -> bool:
    found = element.find(f"{_C}{name}")
    return found is not None and found.get("val", "1") in ("1", "true")


# Series -----------------------------------------------------------------------


def _group(item: etree._Element, kind: str, palette: Palette, before: int) -> Group:
    varied = _on(item, "varyColors") and kind in ("pie", "doughnut")
    series = []
    for number, node in enumerate(item.findall(f"{_C}ser")):
        one = _series(node, kind, palette, before + number, item)
        if varied:
            for place in range(len(one.values)):
                one.points.setdefault(place, _accent(palette, place))
        series.append(one)
    group = Group(kind, series, _value(item, "grouping", "standard"))
    group.sideways = _value(item, "barDir", "col") == "bar"
    group.gap = _number(_value(item, "gapWidth")) or 150.0
    group.overlap = _number(_value(item, "overlap")) or 0.0
    group.hole = _number(_value(item, "holeSize")) or 50.0
    return group


def _accent(palette: Palette, number: int) -> str:
    accents = palette.accents
    turn = number // len(accents)
    return tinted(accents[number % len(accents)], (0, -0.4, 0.4)[turn % 3])


def _series(
    node: etree._Element, kind: str, palette: Palette, number: int, item: etree._Element
) -> Series:
    name = node.find(f"{_C}tx")
    values, code = _numbers(node, "yVal" if kind in ("scatter", "bubble") else "val")
    one = Series(
        name=_words(name) if name is not None else f"Series{number + 1}",
        categories=_texts(node, "cat"),
        values=values,
        across=_numbers(node, "xVal")[0],
        sizes=_numbers(node, "bubbleSize")[0],
        number_format=code,
    )
    if kind in ("scatter", "bubble") and not any(x is not None for x in one.across):
        one.across = [float(place + 1) for place in range(len(values))]
    shape = node.find(f"{_C}spPr")
    lines = kind in ("line", "scatter", "radar", "stock")
    one.color = _shape_color(shape, palette, lines) or _accent(palette, number)
    no_line = shape is not None and shape.find(f"{_A}ln/{_A}noFill") is not None
    style = _value(item, "scatterStyle")
    one.line = not no_line and not (kind == "scatter" and style == "marker")
    marker = node.find(f"{_C}marker")
    symbol = "" if marker is None else _value(marker, "symbol")
    one.marker = symbol != "none" and (
        marker is not None or kind == "scatter" or _on(item, "marker")
    )
    one.smooth = _on(node, "smooth")
    one.labels = _labels(node) or _labels(item)
    one.trends = [_trend(item, palette, one.color) for item in node.findall(f"{_C}trendline")]
    for point in node.findall(f"{_C}dPt"):
        color = _shape_color(point.find(f"{_C}spPr"), palette, False)
        if color:
            one.points[int(_number(_value(point, "idx")) or 0)] = color
    return one


def _trend(item: etree._Element, palette: Palette, color: str) -> Trend:
    line = item.find(f"{_C}spPr/{_A}ln")
    dash = None if line is None else line.find(f"{_A}prstDash")
    solid = line is not None and (dash is None or dash.get("val") == "solid")
    return Trend(
        kind=_value(item, "trendlineType", "linear"),
        name=item.findtext(f"{_C}name", ""),
        color=_shape_color(item.find(f"{_C}spPr"), palette, True) or color,
        dash="" if solid else "4 3" if dash is not None and "ash" in dash.get("val", "") else "1 3",
        width=(_number(None if line is None else line.get("w")) or 19_050) / 9_525,
        order=int(_number(_value(item, "order")) or 2),
        period=int(_number(_value(item, "period")) or 2),
        forward=_number(_value(item, "forward")) or 0.0,
        backward=_number(_value(item, "backward")) or 0.0,
        intercept=_number(_value(item, "intercept")),
        equation=_on(item, "dispEq"),
        r_squared=_on(item, "dispRSqr"),
    )


def _labels(element: etree._Element) -> str:
    labels = element.find(f"{_C}dLbls")
    if labels is None or _on(labels, "delete"):
        return ""
    for name, word in (("showPercent", "percent"), ("showVal", "value"), ("showCatName", "name")):
        if _on(labels, name):
            return word
    return ""


def _number(text: str | None) -> float | None:
    with contextlib.suppress(ValueError):
        found = float(text or "")
        return found if abs(found) < 1e300 else None
    return None


def _points(cache: etree._Element) -> dict[int, str]:
    found = {}
    for point in cache.findall(f"{_C}pt"):
        index = int(_number(point.get("idx")) or 0)
        if index < _MOST:
            found[index] = point.findtext(f"{_C}v", "")
    return found


def _count(cache: etree._Element, points: dict[int, str]) -> int:
    told = int(_number(_value(cache, "ptCount")) or 0)
    return min(max(told, max(points, default=-1) + 1), _MOST)


def _numbers(node: etree._Element, name: str) -> tuple[list[float | None], str]:
    """(values, their number format)."""
    source = node.find(f"{_C}{name}")
    if source is None:
        return [], "General"
    cache = next(source.iter(f"{_C}numCache", f"{_C}numLit"), None)
    if cache is None:
        other = next(source.iter(f"{_C}strCache", f"{_C}strLit"), None)
        if other is None:
            return [], "General"
        points = _points(other)
        return [_number(points.get(n)) for n in range(_count(other, points))], "General"
    points = _points(cache)
    found = [_number(points.get(place)) for place in range(_count(cache, points))]
    return found, cache.findtext(f"{_C}formatCode", "General") or "General"


def _texts(node: etree._Element, name: str) -> list[str]:
    source = node.find(f"{_C}{name}")
    if source is None:
        return []
    levels = next(source.iter(f"{_C}multiLvlStrCache"), None)
    if levels is not None:
        return _many_levels(levels)
    cache = next(source.iter(f"{_C}strCache", f"{_C}numCache", f"{_C}strLit", f"{_C}numLit"), None)
    if cache is None:
        return []
    points = _points(cache)
    numeric = etree.QName(cache).localname.startswith("num")
    code = cache.findtext(f"{_C}formatCode", "General") or "General"
    found = []
    for place in range(_count(cache, points)):
        number = _number(points.get(place)) if numeric else None
        found.append(points.get(place, "") if number is None else shown_text(number, code))
    return found


def _many_levels(cache: etree._Element) -> list[str]:
    levels = [_points(level) for level in cache.findall(f"{_C}lvl")]
    count = _count(cache, levels[0] if levels else {})
    found = []
    for place in range(count):
        parts = []
        for level in levels:
            known = [index for index in level if index <= place]
            parts.append(level[max(known)] if known else "")
        found.append(" ".join(part for part in reversed(parts) if part))
    return found


# Colours and axes ---------------------------------------------------------------


def _shape_color(shape: etree._Element | None, palette: Palette, lines: bool) -> str:
    if shape is None:
        return ""
    wanted = [shape.find(f"{_A}ln/{_A}solidFill")] if lines else []
    wanted += [shape.find(f"{_A}solidFill"), shape.find(f"{_A}gradFill/{_A}gsLst/{_A}gs")]
    for fill in wanted:
        if fill is not None and (color := _fill_color(fill, palette)):
            return color
    return ""


def _fill_color(fill: etree._Element, palette: Palette) -> str:
    plain = fill.find(f"{_A}srgbClr")
    if plain is not None:
        text = plain.get("val", "").upper()
        return text if len(text) == 6 and all(c in "0123456789ABCDEF" for c in text) else ""
    scheme = fill.find(f"{_A}schemeClr")
    if scheme is None:
        return ""
    color = palette.by_name(scheme.get("val", ""))
    share = scheme.find(f"{_A}lumMod")
    more = scheme.find(f"{_A}lumOff")
    if color and more is not None:
        return tinted(color, (_number(more.get("val")) or 0) / 100_000)
    if color and share is not None:
        return tinted(color, (_number(share.get("val")) or 100_000) / 100_000 - 1)
    return color


def _axes(plot: etree._Element) -> dict[str, tuple[str, Axis]]:
    """By their ids: the name of the element, and the axis."""
    found = {}
    for item in plot:
        name = etree.QName(item).localname
        if name in ("valAx", "catAx", "dateAx", "serAx"):
            found[_value(item, "axId")] = (name, _axis(item))
    return found


def _axis(item: etree._Element) -> Axis:
    scaling = item.find(f"{_C}scaling")
    title = item.find(f"{_C}title")
    code = item.find(f"{_C}numFmt")
    linked = code is not None and code.get("sourceLinked") in ("1", "true")
    least = most = None
    turned = log = False
    if scaling is not None:
        least, most = _number(_value(scaling, "min")), _number(_value(scaling, "max"))
        turned = _value(scaling, "orientation") == "maxMin"
        log = scaling.find(f"{_C}logBase") is not None
    return Axis(
        title="" if title is None else _words(title),
        least=least,
        most=most,
        step=_number(_value(item, "majorUnit")),
        number_format="" if code is None or linked else code.get("formatCode", ""),
        grid=item.find(f"{_C}majorGridlines") is not None,
        hidden=_on(item, "delete"),
        reversed=turned,
        log=log,
    )


def _take_axes(data: ChartData, axes: dict[str, tuple[str, Axis]], first: set[str]) -> None:
    kinds = {group.kind for group in data.groups}
    for id_, (name, axis) in axes.items():
        if name == "valAx" and kinds & {"scatter", "bubble"} and id_ in first:
            ids = [key for key, (kind, _) in axes.items() if kind == "valAx" and key in first]
            if ids and id_ == ids[0] and len(ids) > 1:
                data.names = axis
            else:
                data.values = axis
        elif name == "valAx" and id_ in first:
            data.values = axis
        elif name == "valAx":
            data.second = axis
        elif id_ in first:
            data.names = axis
