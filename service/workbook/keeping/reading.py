"""Reading charts and pictures of a drawing, each with where it was found.

openpyxl takes the file for damaged, or leaves a whole drawing out, where a chart or shape is
one that it does not know. Here such a thing is left out by itself; its part stays in the package.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from lxml import etree
from openpyxl.chart.chartspace import ChartSpace
from openpyxl.chart.reader import read_chart
from openpyxl.drawing.image import Image
from PIL.Image import DecompressionBombError

from service.workbook.drawn import drop_caches
from service.workbook.keeping.anchors import KINDS, anchor_from
from service.workbook.keeping.merging import local
from service.workbook.new_charts import CX, NewChart, is_new_chart
from service.workbook.package.opc import OFFICE, Relationships, parse, rels_name

_ID, EMBED = f"{{{OFFICE}}}id", f"{{{OFFICE}}}embed"
# What openpyxl raises for charts and anchors that it does not know.
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_NO_PICTURE = (*UNREADABLE, DecompressionBombError, OSError, SyntaxError)


@dataclass(frozen=True)
class Spot:
    """Where a chart or picture stands in the package: drawing, number of the anchor, id.

    :param new_kind: whether it is a chart of a kind that openpyxl does not know
    """

    drawing: str
    anchor: int
    id: str
    picture: bool = False
    new_kind: bool = False


class _Archive(Protocol):
    def read(self, name: str) -> bytes: ...


def find_drawn(archive: _Archive, path: str) -> tuple[list[Any], list[Image]]:
    """The charts and pictures of a drawing, as openpyxl's ``find_images`` gives them.

    The charts have no cached values: those stay in their parts, and are slow to read. A
    drawing that the file only names is none.
    """
    try:
        root = parse(archive.read(path))
    except KeyError:
        return [], []
    try:
        related = Relationships.read(path, archive.read(rels_name(path)))
    except KeyError:
        related = Relationships(path)
    charts: list[Any] = []
    pictures: list[Image] = []
    for spot in spots(root, path):
        target = related.get(spot.id)
        if target is None or target.external:
            continue
        try:
            drawn = _read(archive.read(target.target), spot)
        except _NO_PICTURE:
            continue
        if drawn is not None:
            drawn.anchor = anchor_from(root[spot.anchor])
            drawn.spot = spot
            if not spot.picture:
                drawn.frame_name = frame_name(root[spot.anchor])
            (pictures if spot.picture else charts).append(drawn)
    return charts, pictures


def _read(content: bytes, spot: Spot) -> Any:
    if spot.picture:
        image = Image(io.BytesIO(content))
        return None if str(image.format).upper() == "WMF" else image
    tree = parse(content)
    if is_new_chart(tree):
        return NewChart(content)
    try:
        return read_chart(ChartSpace.from_tree(drop_caches(tree)))
    except UNREADABLE:
        return NewChart(content)  # it can be listed and deleted, too


def spots(root: etree._Element, drawing: str) -> Iterator[Spot]:
    """Where a drawing has what openpyxl takes for charts and pictures, in its order."""
    anchors = list(enumerate(root))
    for kind in KINDS:
        for number, anchor in anchors:
            if local(anchor) != kind:
                continue
            chart, picture = _chart_in(anchor), picture_in(anchor)
            if chart is not None:
                new_kind = chart.tag == f"{{{CX}}}chart"
                yield Spot(drawing, number, str(chart.get(_ID, "")), new_kind=new_kind)
            blip = None if picture is None else blip_of(picture)
            if blip is not None and blip.get(EMBED):
                yield Spot(drawing, number, str(blip.get(EMBED)), picture=True)


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The last child of that name, which is the one that openpyxl takes."""
    return next((found for found in reversed(element) if local(found) == name), None)


def _chart_in(anchor: etree._Element) -> etree._Element | None:
    found = _down(anchor, "graphicFrame", "graphic", "graphicData", "chart")
    if found is not None:
        return found
    path = ("AlternateContent", "Choice", "graphicFrame", "graphic", "graphicData", "chart")
    found = _down(anchor, *path)
    # Of what only some programs show, we know the charts of new kinds alone.
    return found if found is not None and found.tag == f"{{{CX}}}chart" else None


def _down(element: etree._Element, *names: str) -> etree._Element | None:
    found: etree._Element | None = element
    for name in names:
        found = None if found is None else child(found, name)
    return found


def frame_name(anchor: etree._Element) -> str:
    """The name of the frame that an anchor holds, such as "Chart 1"."""
    properties = frame_properties(anchor)
    return "" if properties is None else properties.get("name", "")


def frame_properties(anchor: etree._Element) -> etree._Element | None:
    """The element that names the frame of a chart."""
    frame = next(anchor.iter("{*}graphicFrame"), None)
    return None if frame is None else next(frame.iter("{*}cNvPr"), None)


def picture_in(anchor: etree._Element) -> etree._Element | None:
    """The picture of an anchor, by itself or the last one in a group."""
    own, group = child(anchor, "pic"), child(anchor, "grpSp")
    return own if own is not None or group is None else child(group, "pic")


def blip_of(picture: etree._Element) -> etree._Element | None:
    """The element that names a picture's file."""
    fill = child(picture, "blipFill")
    return None if fill is None else child(fill, "blip")
