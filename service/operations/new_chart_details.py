"""What the options say, done to a chart of a new kind: patches of its XML, all else stays."""

from __future__ import annotations

from lxml import etree

from service.errors import InvalidParameters, listed
from service.operations.chart_details import Details
from service.workbook import new_chart_xml as xml
from service.workbook.new_charts import CX

_X = f"{{{CX}}}"


def apply_new(root: etree._Element, wanted: Details, totals: tuple[int, ...]) -> None:
    """Do to a chart's part what the options say.

    :param totals: numbers of the points of a waterfall that are totals
    """
    chart = root.find(f"{_X}chart")
    assert chart is not None
    if wanted.options.legend is not None:
        drop(chart, "legend")
        if wanted.options.legend != "none":
            xml.put(chart, xml.legend(wanted.options.legend))
    axes = {axis.get("id"): axis for axis in root.iter(f"{_X}axis")}
    if "0" in axes:
        _categories(axes["0"], wanted)
    if "1" in axes:
        _values(axes["1"], wanted)
    series = list(root.iter(f"{_X}series"))
    _labels([item for item in series if item.get("layoutId") != "paretoLine"], wanted)
    _bins(series, wanted)
    if totals:
        layout = _layout(series[0])
        marked = etree.Element(f"{_X}subtotals")
        marked.extend(etree.Element(f"{_X}idx", val=str(number)) for number in totals)
        xml.put(layout, marked)
    _colors(series, wanted)


def set_title(root: etree._Element, text: str) -> None:
    """Give the chart a title; "" takes it away."""
    chart = root.find(f"{_X}chart")
    assert chart is not None
    if text:
        xml.put(chart, xml.title(text, 1400, xml.INK))
    else:
        drop(chart, "title")


def drop(parent: etree._Element, name: str) -> None:
    """Remove the children of that name."""
    for child in parent.findall(f"{_X}{name}"):
        parent.remove(child)


def _categories(axis: etree._Element, wanted: Details) -> None:
    options = wanted.options
    scaling = axis.find(f"{_X}catScaling")
    if options.gap is not None and scaling is not None:
        scaling.set("gapWidth", f"{options.gap / 100:g}")
    _axis_title(axis, options.x_title)
    _lines(axis, wanted, "x")


def _values(axis: etree._Element, wanted: Details) -> None:
    options = wanted.options
    scaling = axis.find(f"{_X}valScaling")
    values = {"min": options.y_min, "max": options.y_max, "majorUnit": options.y_step}
    for name, value in values.items():
        if value is not None and scaling is not None:
            scaling.set(name, f"{value!r}")
    _axis_title(axis, options.y_title)
    _lines(axis, wanted, "y")
    if "y_format" in wanted.formats:
        code = wanted.formats["y_format"]
        xml.put(axis, etree.Element(f"{_X}numFmt", formatCode=code, sourceLinked="0"))


def _axis_title(axis: etree._Element, text: str) -> None:
    if text.strip().lower() == "none":
        drop(axis, "title")
    elif text:
        xml.put(axis, xml.title(text.strip(), 1000, xml.SOFT))


def _lines(axis: etree._Element, wanted: Details, name: str) -> None:
    if wanted.options.gridlines is not None:
        drop(axis, "majorGridlines")
        if wanted.options.gridlines in (name, "both"):
            xml.put(axis, xml.gridlines())


def _labels(series: list[etree._Element], wanted: Details) -> None:
    code = wanted.formats.get("label_format", "")
    if wanted.labels is None and not wanted.place and not code:
        return
    for item in series:
        drop(item, "dataLabels")
        shown = {"value"} if wanted.labels is None else wanted.labels
        if shown:
            xml.put(item, xml.labels(wanted.kind, shown, wanted.place, code))


def _layout(series: etree._Element) -> etree._Element:
    found = series.find(f"{_X}layoutPr")
    if found is None:
        found = etree.Element(f"{_X}layoutPr")
        xml.put(series, found)
    return found


def _bins(series: list[etree._Element], wanted: Details) -> None:
    options = wanted.options
    if options.bins is None and options.bin_width is None:
        return
    binning = etree.Element(f"{_X}binning", intervalClosed="r")
    # Excel writes and reads the number as an attribute, whatever its schema says.
    if options.bins is not None:
        etree.SubElement(binning, f"{_X}binCount", val=str(options.bins))
    else:
        etree.SubElement(binning, f"{_X}binSize", val=f"{options.bin_width!r}")
    layout = _layout(series[0])
    drop(layout, "aggregation")
    xml.put(layout, binning)


def _colors(series: list[etree._Element], wanted: Details) -> None:
    if not wanted.colors:
        return
    if wanted.kind == "waterfall":
        _color_changes(series[0], wanted)
        return
    for item, color in zip(series, wanted.colors, strict=False):
        (xml.outline if item.get("layoutId") == "paretoLine" else xml.fill)(item, color)


def _color_changes(series: etree._Element, wanted: Details) -> None:
    """Colours for what goes up, what goes down, and totals: by the points as they are now."""
    root = series.getroottree().getroot()
    points = root.findall(f".//{_X}numDim/{_X}lvl/{_X}pt")
    totals = {int(item.get("val", "0")) for item in series.iter(f"{_X}idx")}
    drop(series, "dataPt")
    place = list(series).index(series.find(f"{_X}dataId"))  # type: ignore[arg-type]
    before = series.find(f"{_X}dataLabels")
    place = place if before is None else list(series).index(before)
    for point in reversed(points):
        number = int(point.get("idx", "0"))
        kind = 2 if number in totals else 0 if float(point.text or 0) >= 0 else 1
        if kind < len(wanted.colors):
            look = etree.Element(f"{_X}dataPt", idx=str(number))
            xml.fill(look, wanted.colors[kind])
            series.insert(place, look)


def refuse_unusable_new(root: etree._Element, wanted: Details) -> None:
    """Refuse what an existing chart of a new kind has no place for.

    :raises InvalidParameters: naming the option
    """
    most = 3 if wanted.kind == "waterfall" else len(list(root.iter(f"{_X}series")))
    if len(wanted.colors) > most:
        what = "rises, falls and totals" if wanted.kind == "waterfall" else f"{most} series"
        raise InvalidParameters(
            f"options.colors names {listed(wanted.options.colors)} for {what}.",
            "Name fewer colours.",
        )
