"""Charts of new kinds, built: the XML of a chart that Excel 2016 and later draw.

What a cell holds is not written here; the caches are filled when the workbook is saved.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from lxml import etree

from service.workbook.new_charts import CX, A, NewType
from service.workbook.package.opc import OFFICE

_X, _D = f"{{{CX}}}", f"{{{A}}}"
_LAYOUTS = {"box": "boxWhisker", "histogram": "clusteredColumn", "pareto": "clusteredColumn"}
_GAPS = {"waterfall": "0.5", "histogram": "0", "pareto": "0", "box": "1", "funnel": "0.06"}
TREES = ("treemap", "sunburst")
INK, SOFT, GRID = "404040", "595959", "E2E2E2"
# Where in an element each of its children stands; source: the schema of chartex.
ORDER = {
    "chart": ("title", "plotArea", "legend", "extLst"),
    "series": (
        "tx spPr valueColors valueColorPositions dataPt dataLabels dataId layoutPr axisId extLst"
    ).split(),
    "axis": (
        "catScaling valScaling title units majorGridlines minorGridlines majorTickMarks "
        "minorTickMarks tickLabels numFmt spPr txPr extLst"
    ).split(),
    "layoutPr": (
        "parentLabelLayout regionLabelLayout visibility aggregation binning geography statistics "
        "subtotals extLst"
    ).split(),
}


@dataclass(frozen=True)
class NewSeries:
    """One series: absolute references, and its name where no cell holds it."""

    name: str
    name_reference: str
    values: str


@dataclass(frozen=True)
class NewSpec:
    """What a chart of a new kind shows.

    :param categories: absolute reference, "" for none; of ``levels`` columns
    """

    kind: NewType
    title: str
    series: tuple[NewSeries, ...]
    categories: str
    number_format: str
    accents: tuple[str, ...]
    levels: int = 1
    legend: str = "none"
    gridlines: bool = True
    font: str = ""


def build_new_chart(spec: NewSpec) -> etree._Element:
    """The chart's part."""
    root = etree.Element(f"{_X}chartSpace", nsmap={"cx": CX, "a": A, "r": OFFICE})
    data = etree.SubElement(root, f"{_X}chartData")
    for number, item in enumerate(spec.series):
        data.append(_data(spec, number, item))
    chart = etree.SubElement(root, f"{_X}chart")
    if spec.title:
        chart.append(title(spec.title, 1400, INK, spec.font))
    plot = etree.SubElement(chart, f"{_X}plotArea")
    region = etree.SubElement(plot, f"{_X}plotAreaRegion")
    for number, item in enumerate(spec.series):
        region.append(_series(spec, number, item))
    if spec.kind == "pareto":
        region.append(_pareto_line(spec))
    for axis in _axes(spec):
        plot.append(axis)
    if spec.legend != "none":
        chart.append(legend(spec.legend, spec.font))
    return root


def _data(spec: NewSpec, number: int, item: NewSeries) -> etree._Element:
    data = etree.Element(f"{_X}data", id=str(number))
    if spec.categories:
        texts = etree.SubElement(data, f"{_X}strDim", type="cat")
        etree.SubElement(texts, f"{_X}f").text = spec.categories
        for _ in range(spec.levels):
            etree.SubElement(texts, f"{_X}lvl", ptCount="0")
    numbers = etree.SubElement(data, f"{_X}numDim", type="size" if spec.kind in TREES else "val")
    etree.SubElement(numbers, f"{_X}f").text = item.values
    etree.SubElement(numbers, f"{_X}lvl", ptCount="0", formatCode=spec.number_format)
    return data


def _series(spec: NewSpec, number: int, item: NewSeries) -> etree._Element:
    layout = _LAYOUTS.get(spec.kind, spec.kind)
    series = etree.Element(
        f"{_X}series", layoutId=layout, uniqueId=_identity(spec, number), formatIdx=str(number)
    )
    text = etree.SubElement(etree.SubElement(series, f"{_X}tx"), f"{_X}txData")
    if item.name_reference:
        etree.SubElement(text, f"{_X}f").text = item.name_reference
    etree.SubElement(text, f"{_X}v").text = item.name
    if spec.kind in ("histogram", "pareto", "funnel", "box"):
        fill(series, spec.accents[number % len(spec.accents)])
    if spec.kind in (*TREES, "funnel", "waterfall"):
        series.append(labels(spec.kind, {"category" if spec.kind in TREES else "value"}, ""))
    etree.SubElement(series, f"{_X}dataId", val=str(number))
    series.append(_layout(spec))
    if spec.kind == "pareto":
        etree.SubElement(series, f"{_X}axisId", val="1")
    return series


def _identity(spec: NewSpec, number: int) -> str:
    """An id as Excel gives each series; made from what it shows, as a replay must find it."""
    told = f"{spec.kind} {number} {spec.categories} {[item.values for item in spec.series]}"
    return f"{{{str(uuid.uuid5(uuid.NAMESPACE_OID, told)).upper()}}}"


def _layout(spec: NewSpec) -> etree._Element:
    layout = etree.Element(f"{_X}layoutPr")
    if spec.kind == "waterfall":
        etree.SubElement(layout, f"{_X}visibility", connectorLines="1")
        etree.SubElement(layout, f"{_X}subtotals")
    elif spec.kind == "treemap":
        etree.SubElement(layout, f"{_X}parentLabelLayout", val="banner")
    elif spec.kind == "histogram" or (spec.kind == "pareto" and not spec.categories):
        etree.SubElement(layout, f"{_X}binning", intervalClosed="r")
    elif spec.kind == "pareto":
        etree.SubElement(layout, f"{_X}aggregation")
    elif spec.kind == "box":
        shown = {"meanLine": "0", "meanMarker": "1", "nonoutliers": "0", "outliers": "1"}
        etree.SubElement(layout, f"{_X}visibility", shown)
        etree.SubElement(layout, f"{_X}statistics", quartileMethod="exclusive")
    return layout


def _pareto_line(spec: NewSpec) -> etree._Element:
    identity = _identity(spec, len(spec.series))
    line = etree.Element(
        f"{_X}series", layoutId="paretoLine", ownerIdx="0", uniqueId=identity, formatIdx="1"
    )
    outline(line, spec.accents[1 % len(spec.accents)])
    etree.SubElement(line, f"{_X}axisId", val="2")
    return line


def _axes(spec: NewSpec) -> list[etree._Element]:
    if spec.kind in TREES:
        return []
    categories = etree.Element(f"{_X}axis", id="0")
    etree.SubElement(categories, f"{_X}catScaling", gapWidth=_GAPS[spec.kind])
    axes = [categories]
    if spec.kind != "funnel":
        values = etree.Element(f"{_X}axis", id="1")
        etree.SubElement(values, f"{_X}valScaling")
        if spec.gridlines:
            values.append(gridlines())
        axes.append(values)
    if spec.kind == "pareto":
        shares = etree.Element(f"{_X}axis", id="2")
        etree.SubElement(shares, f"{_X}valScaling", max="1", min="0")
        etree.SubElement(shares, f"{_X}units", unit="percentage")
        axes.append(shares)
    for axis in axes:
        etree.SubElement(axis, f"{_X}tickLabels")
        axis.append(text_look(900, SOFT, spec.font))
    return axes


# Pieces -------------------------------------------------------------------------


def put(parent: etree._Element, child: etree._Element) -> None:
    """Put a child where the schema has it, in the place of one of its name."""
    order = ORDER[etree.QName(parent).localname]
    for known in parent.findall(child.tag):
        parent.remove(known)
    rank = order.index(etree.QName(child).localname)
    for place, other in enumerate(parent):
        if order.index(etree.QName(other).localname) > rank:
            parent.insert(place, child)
            return
    parent.append(child)


def title(text: str, size: int, color: str, font: str = "") -> etree._Element:
    """A title of the chart (``size`` 1400) or of an axis."""
    attributes = {"pos": "t", "align": "ctr", "overlay": "0"} if size > 1000 else {}
    found = etree.Element(f"{_X}title", attributes)
    rich = etree.SubElement(etree.SubElement(found, f"{_X}tx"), f"{_X}rich")
    etree.SubElement(rich, f"{_D}bodyPr")
    etree.SubElement(rich, f"{_D}lstStyle")
    paragraph = etree.SubElement(rich, f"{_D}p")
    _look(etree.SubElement(paragraph, f"{_D}pPr"), "defRPr", size, color, font)
    run = etree.SubElement(paragraph, f"{_D}r")
    _look(run, "rPr", size, color, font).set("lang", "en-US")
    etree.SubElement(run, f"{_D}t").text = text
    return found


def text_look(size: int, color: str, font: str = "") -> etree._Element:
    """How labels look; ``size`` in hundredths of a point."""
    look = etree.Element(f"{_X}txPr")
    etree.SubElement(look, f"{_D}bodyPr")
    etree.SubElement(look, f"{_D}lstStyle")
    paragraph = etree.SubElement(look, f"{_D}p")
    _look(etree.SubElement(paragraph, f"{_D}pPr"), "defRPr", size, color, font)
    _look(paragraph, "endParaRPr", size, color, font).set("lang", "en-US")
    return look


def _look(parent: etree._Element, tag: str, size: int, color: str, font: str) -> etree._Element:
    look = etree.SubElement(parent, f"{_D}{tag}", sz=str(size), b="0")
    _solid(look, color)
    if font:
        etree.SubElement(look, f"{_D}latin", typeface=font)
    return look


def _solid(parent: etree._Element, color: str) -> None:
    etree.SubElement(etree.SubElement(parent, f"{_D}solidFill"), f"{_D}srgbClr", val=color)


def fill(parent: etree._Element, color: str) -> None:
    """Fill a series or a point of it with a colour."""
    shape = etree.Element(f"{_X}spPr")
    _solid(shape, color)
    if etree.QName(parent).localname == "series":
        put(parent, shape)
    else:
        parent.append(shape)


def outline(series: etree._Element, color: str) -> None:
    """Draw a line in a colour."""
    shape = etree.Element(f"{_X}spPr")
    _solid(etree.SubElement(shape, f"{_D}ln", w="28575"), color)
    put(series, shape)


def gridlines() -> etree._Element:
    """Light lines across the chart."""
    lines = etree.Element(f"{_X}majorGridlines")
    shape = etree.SubElement(lines, f"{_X}spPr")
    _solid(etree.SubElement(shape, f"{_D}ln", w="9525"), GRID)
    return lines


def legend(place: str, font: str = "") -> etree._Element:
    """A legend at that side."""
    found = etree.Element(f"{_X}legend", pos=place[0], align="ctr", overlay="0")
    found.append(text_look(900, SOFT, font))
    return found


def labels(kind: str, shown: set[str], place: str, code: str = "") -> etree._Element:
    """Data labels that show some of value, category and series."""
    usual = {"treemap": "inEnd", "sunburst": "ctr", "funnel": "ctr"}.get(kind, "outEnd")
    found = etree.Element(f"{_X}dataLabels", pos=place or usual)
    if code:
        etree.SubElement(found, f"{_X}numFmt", formatCode=code, sourceLinked="0")
    flags = {"seriesName": "series", "categoryName": "category", "value": "value"}
    values = {name: "1" if meant in shown else "0" for name, meant in flags.items()}
    etree.SubElement(found, f"{_X}visibility", values)
    return found
