"""Charts and pictures as the parts of a package that they become.

Both ways of saving use these: workbooks made from nothing, and the parts that change in a
workbook that came from a file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.pie_chart import ProjectedPieChart
from openpyxl.chart.plotarea import PlotArea
from openpyxl.drawing.image import Image, _import_image
from openpyxl.xml.functions import tostring

from service.workbook.package.opc import parse

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
CACHES = ("numCache", "strCache", "multiLvlStrCache")
# Kinds of pictures that Excel shows: extension and content type.
PICTURE_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "emf": "image/x-emf",
    "wmf": "image/x-wmf",
}


def chart_tree(chart: Any) -> etree._Element:
    """The chart as openpyxl writes it; the same for a chart that did not change."""
    for part in chart._charts:
        if isinstance(part, ProjectedPieChart) and "serLines" not in part.__dict__:
            part.serLines = ChartLines()  # openpyxl forgets them when it reads such a chart
    usual = chart.plot_area
    # A plot area keeps the axes of charts that it once held.
    chart.plot_area = PlotArea(dTable=usual.dTable, spPr=usual.spPr)
    if chart.roundedCorners is None:
        chart.roundedCorners = False  # left out, it would mean round ones
    try:
        tree = parse(tostring(chart._write()))
    finally:
        chart.plot_area = usual
    for title in tree.iter(f"{{{CHART}}}title"):
        _keep_clear(title)
    for kind in tree.iter(f"{{{CHART}}}ofPieType"):
        kind.getparent().insert(0, kind)  # type: ignore[union-attr]  # where Excel wants it
    return tree


def drop_caches(tree: etree._Element) -> etree._Element:
    """The chart's tree without the values that it keeps of cells."""
    for cache in list(tree.iter(*(f"{{{CHART}}}{name}" for name in CACHES))):
        parent = cache.getparent()
        if parent is not None:
            parent.remove(cache)
    return tree


@contextmanager
def without_caches(chart: Any) -> Iterator[None]:
    """Meanwhile the chart's series have no cached values, which are slow to write."""
    found = []
    for part in chart._charts:
        for series in part.ser or ():
            for reference in _references(series):
                for name in CACHES:
                    if getattr(reference, name, None) is not None:
                        found.append((reference, name, getattr(reference, name)))
                        setattr(reference, name, None)
    try:
        yield
    finally:
        for reference, name, cache in found:
            setattr(reference, name, cache)


def _references(series: Any) -> Iterator[Any]:
    for name in ("tx", "cat", "val", "xVal", "yVal", "bubbleSize"):
        source = getattr(series, name, None)
        for kind in ("numRef", "strRef", "multiLvlStrRef"):
            if getattr(source, kind, None) is not None:
                yield getattr(source, kind)


def _keep_clear(title: etree._Element) -> None:
    """Titles that say nothing about it would lie over what they title."""
    if title.find(f"{{{CHART}}}overlay") is None:
        before = [title.find(f"{{{CHART}}}{name}") for name in ("tx", "layout")]
        place = sum(element is not None for element in before)
        title.insert(place, etree.Element(f"{{{CHART}}}overlay", val="0"))


def picture_content(image: Image) -> bytes:
    """The picture's bytes as they came; made a PNG only where they are of no file."""
    source = image.ref
    if isinstance(source, io.BytesIO):
        return source.getvalue()
    if isinstance(source, str | Path):
        return Path(source).read_bytes()
    if hasattr(source, "read"):
        source.seek(0)
        return bytes(source.read())
    out = io.BytesIO()
    source.save(out, format="png")
    image.format = "png"
    return out.getvalue()


def picture_file(image: Image) -> tuple[bytes, str]:
    """(the picture's bytes, the extension of its part); can be asked for again and again.

    A picture of a kind that Excel doesn't show becomes a PNG.
    """
    content = picture_content(image)
    if image.format not in PICTURE_TYPES:
        image.ref = io.BytesIO()
        _import_image(io.BytesIO(content)).save(image.ref, format="png")
        image.format = "png"
        content = image.ref.getvalue()
    return content, image.format
