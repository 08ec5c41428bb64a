"""Charts and pictures of a sheet, in a drawing that may hold more than openpyxl knows.

The drawing's part stays as it is, and so do the parts that hang on it: shapes, groups,
connectors, SmartArt, slicers, new kinds of charts, styles and colours of charts. Of charts
and pictures that openpyxl has read, only what changed is written: a new place goes into the
anchor, a new title or range into the chart's part; what was deleted goes with its parts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.chart._chart import ChartBase
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.xml.functions import tostring

from service.workbook.drawn import (
    CHART,
    CHART_TYPE,
    PICTURE_TYPES,
    chart_tree,
    picture_content,
    picture_file,
)
from service.workbook.keeping import chart_parts
from service.workbook.keeping.anchors import (
    XDR,
    Position,
    new_anchor,
    place,
    position_of,
)
from service.workbook.keeping.merging import local
from service.workbook.keeping.reading import (
    EMBED,
    Spot,
    blip_of,
    child,
    frame_properties,
    picture_in,
    spots,
)
from service.workbook.keeping.related import ids_in, relate, unrelate
from service.workbook.new_charts import (
    NEW_CHART_RELATION,
    NEW_CHART_TYPE,
    NewChart,
    new_chart_frame,
)
from service.workbook.package.opc import OFFICE, Draft, Package, parse

DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.drawing+xml"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_THINGS = frozenset("sp grpSp graphicFrame cxnSp pic contentPart AlternateContent".split())
_EMPTY = f'<xdr:wsDr xmlns:xdr="{XDR}" xmlns:a="{_A}"/>'.encode()


@dataclass
class Kept:
    """A chart or picture of openpyxl's, where it came from, and what it was then.

    :param spot: None where that could not be told; it is then left alone until it changes
    """

    drawn: Any = field(repr=False)
    spot: Spot | None
    position: Position
    fingerprint: str
    name: str = ""


@dataclass
class DrawingMemory:
    """All charts and pictures that a sheet had when it was opened."""

    kept: list[Kept] = field(default_factory=list)


# Remembering ------------------------------------------------------------------


def remember(ws: Any, package: Package, part: str) -> DrawingMemory:
    """Note where the charts and pictures of a sheet came from, right after it was read.

    :param ws: a worksheet or chartsheet of openpyxl's
    :param part: name of the sheet's part
    """
    found = [
        spot
        for relationship in package.relationships(part).of_kind("drawing")
        if relationship.target in package
        for spot in spots(parse(package.read(relationship.target)), relationship.target)
    ]
    charts = _matched(ws._charts, [spot for spot in found if not spot.picture])
    pictures = _matched(_pictures(ws), [spot for spot in found if spot.picture])
    return DrawingMemory([*charts, *pictures])


def _pictures(ws: Any) -> list[Image]:
    return list(getattr(ws, "_images", []))


def _matched(drawn: list[Any], known: list[Spot]) -> list[Kept]:
    """With the spots that they were read from; openpyxl by itself tells none."""
    told: list[Spot | None] = [getattr(item, "spot", None) for item in drawn]
    usual = [spot for spot in known if not spot.new_kind]
    if not any(told) and len(drawn) == len(usual):
        told = [*usual]
    return [
        Kept(item, spot, position_of(item), _fingerprint(item), _name_of(item))
        for item, spot in zip(drawn, told, strict=True)
    ]


def _name_of(drawn: Any) -> str:
    """The name of a chart's frame; pictures keep theirs."""
    return str(getattr(drawn, "frame_name", ""))


def _fingerprint(drawn: Any) -> str:
    if isinstance(drawn, NewChart):
        return hashlib.sha256(drawn.xml).hexdigest()[:32]
    if isinstance(drawn, ChartBase):
        return chart_parts.fingerprint(drawn)
    return hashlib.sha256(picture_content(drawn)).hexdigest()[:32]


# Updating ---------------------------------------------------------------------


def update(
    ws: Any, memory: DrawingMemory | None, draft: Draft, part: str
) -> tuple[str, ...] | None:
    """Bring the parts of the sheet's drawing up to date.

    :param memory: what :func:`remember` gave for the package of the draft; None for a new sheet
    :return: the ids that the sheet's ``drawing`` elements are to have; None where as before
    """
    kept = memory.kept if memory else []
    drawn = [*ws._charts, *_pictures(ws)]
    there = {id(item) for item in drawn}
    known = {id(item.drawn) for item in kept}
    new = [item for item in drawn if id(item) not in known]
    gone = [item for item in kept if id(item.drawn) not in there]
    changed: list[Kept] = []
    for item in kept:
        if id(item.drawn) in there and _has_changed(item):
            # Without a known place it is written anew, beside what the drawing has.
            (changed if item.spot else new).append(item if item.spot else item.drawn)
    if not (new or gone or changed):
        return None
    # A chartsheet needs a drawing, be it empty.
    return _Drawings(draft, part, needed=not hasattr(ws, "_cells")).bring(new, gone, changed)


def _has_changed(item: Kept) -> bool:
    moved = item.position != position_of(item.drawn) or item.name != _name_of(item.drawn)
    return moved or item.fingerprint != _fingerprint(item.drawn)


class _Drawings:
    """The drawings of one sheet in a draft."""

    def __init__(self, draft: Draft, part: str, *, needed: bool) -> None:
        self.draft = draft
        self.part = part
        self.needed = needed
        related = draft.relationships(part).of_kind("drawing")
        self.ids = {draft.find(item.target) or item.target: item.id for item in related}
        self.roots: dict[str, etree._Element] = {}
        self.unused: dict[str, set[str]] = {}

    def bring(
        self, new: list[Any], gone: list[Kept], changed: list[Kept]
    ) -> tuple[str, ...] | None:
        before = list(self.ids.values())
        # Numbers of anchors hold as long as none is gone.
        anchors = {id(item): self._anchor(item) for item in [*gone, *changed]}
        for item in changed:
            self._change(item, anchors[id(item)])
        for item in gone:
            self._remove(item, anchors[id(item)])
        for item in new:
            self._add(item)
        for drawing in list(self.roots):
            self._finish(drawing)
        after = list(self.ids.values())
        return None if after == before else tuple(after)

    def _root(self, drawing: str) -> etree._Element:
        if drawing not in self.roots:
            self.roots[drawing] = self.draft.xml(drawing)
        return self.roots[drawing]

    def _anchor(self, item: Kept) -> etree._Element | None:
        spot = item.spot
        return None if spot is None else self._root(self._name(spot))[spot.anchor]

    def _name(self, spot: Spot) -> str:
        return self.draft.find(spot.drawing) or spot.drawing

    # What changed

    def _change(self, item: Kept, anchor: etree._Element | None) -> None:
        assert anchor is not None
        assert item.spot is not None
        position = position_of(item.drawn)
        if position != item.position:
            place(anchor, position)
        properties = frame_properties(anchor)
        if item.name != _name_of(item.drawn) and properties is not None:
            properties.set("name", _name_of(item.drawn))
        if item.fingerprint == _fingerprint(item.drawn):
            return
        if item.spot.picture:
            self._exchange(item, anchor)
        else:
            found = self.draft.relationships(self._name(item.spot)).get(item.spot.id)
            assert found is not None
            self.draft.write(found.target, self._changed_chart(found.target, item.drawn))

    def _changed_chart(self, part: str, chart: Any) -> bytes:
        if isinstance(chart, NewChart):
            return chart.xml
        return chart_parts.patched(self.draft.read(part), chart)

    def _exchange(self, item: Kept, anchor: etree._Element) -> None:
        """Let a frame show another picture."""
        assert item.spot is not None
        drawing = self._name(item.spot)
        picture = picture_in(anchor)
        blip = None if picture is None else blip_of(picture)
        assert blip is not None
        self.unused.setdefault(drawing, set()).update(ids_in(blip))
        blip.set(EMBED, self._relate_picture(drawing, item.drawn))
        for extension in [item for item in blip if local(item) == "extLst"]:
            blip.remove(extension)  # the same picture as SVG, which Excel would rather show

    def _remove(self, item: Kept, anchor: etree._Element | None) -> None:
        if anchor is None or item.spot is None:
            return
        drawing = self._name(item.spot)
        group, picture = child(anchor, "grpSp"), picture_in(anchor)
        if group is not None and picture is not None and picture.getparent() is group:
            group.remove(picture)
            self.unused.setdefault(drawing, set()).update(ids_in(picture))
            if any(local(item) in _THINGS for item in group):
                return
        self.unused.setdefault(drawing, set()).update(ids_in(anchor))
        self.roots[drawing].remove(anchor)

    # What is new

    def _add(self, drawn: Any) -> None:
        drawing = next(iter(self.ids), "") or self._new_drawing()
        root = self._root(drawing)
        number = 1 + max(map(_number, root.iter("{*}cNvPr")), default=0)
        if isinstance(drawn, NewChart):
            content = new_chart_frame(number, self._relate_new_chart(drawing, drawn), drawn)
        elif isinstance(drawn, ChartBase):
            content = _chart_frame(number, self._relate_chart(drawing, drawn))
            if _name_of(drawn):
                next(content.iter(f"{{{XDR}}}cNvPr")).set("name", _name_of(drawn))
        else:
            content = _picture_frame(number, self._relate_picture(drawing, drawn), drawn)
        root.append(new_anchor(position_of(drawn), content))

    def _new_drawing(self) -> str:
        name = self.draft.free_name("xl/drawings/drawing{}.xml")
        self.draft.write(name, _EMPTY, DRAWING_TYPE)
        self.ids[name] = relate(self.draft, self.part, "drawing", name)
        return name

    def _relate_chart(self, drawing: str, chart: Any) -> str:
        name = self.draft.free_name("xl/charts/chart{}.xml")
        self.draft.write(name, chart_tree(chart), CHART_TYPE)
        return relate(self.draft, drawing, "chart", name)

    def _relate_new_chart(self, drawing: str, chart: NewChart) -> str:
        name = self.draft.free_name("xl/charts/chartEx{}.xml")
        self.draft.write(name, chart.xml, NEW_CHART_TYPE)
        return self.draft.relationships(drawing).add(NEW_CHART_RELATION, name)

    def _relate_picture(self, drawing: str, image: Image) -> str:
        content, extension = picture_file(image)
        name = self.draft.free_name(f"xl/media/image{{}}.{extension}")
        self.draft.default_type(extension, PICTURE_TYPES[extension])
        self.draft.write(name, content, PICTURE_TYPES[extension])
        return relate(self.draft, drawing, "image", name)

    # At the end

    def _finish(self, drawing: str) -> None:
        root = self.roots[drawing]
        unused = self.unused.get(drawing, set()) - ids_in(root)
        unrelate(self.draft, drawing, unused)
        if self.needed or any(local(item) for item in root):
            self.draft.write(drawing, root)
            return
        unrelate(self.draft, self.part, {self.ids.pop(drawing)})


def _number(properties: etree._Element) -> int:
    text = properties.get("id", "")
    return int(text) if text.isdecimal() else 0


def _chart_frame(number: int, id_: str) -> etree._Element:
    return parse(
        f'<xdr:graphicFrame xmlns:xdr="{XDR}" xmlns:a="{_A}" macro="">'
        f'<xdr:nvGraphicFramePr><xdr:cNvPr id="{number}" name="Chart {number}"/>'
        "<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>"
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{CHART}">'
        f'<c:chart xmlns:c="{CHART}" xmlns:r="{OFFICE}" r:id="{id_}"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame>".encode()
    )


def _picture_frame(number: int, id_: str, image: Image) -> etree._Element:
    """The frame that came with the picture (crop, outline), or a plain one."""
    anchor = image.anchor
    group = getattr(anchor, "groupShape", None)
    known = getattr(anchor, "pic", None) or (group and group.pic)
    frame = known or SpreadsheetDrawing()._picture_frame(number)
    tree = parse(tostring(frame.to_tree(tagname="pic")))
    for element in tree.iter():
        if local(element) and not element.tag.startswith("{"):
            element.tag = f"{{{XDR}}}{element.tag}"  # openpyxl leaves it to the root
    for properties in tree.iter(f"{{{XDR}}}cNvPr"):
        properties.set("id", str(number))
    blip = blip_of(tree)
    assert blip is not None
    blip.set(EMBED, id_)
    return tree
