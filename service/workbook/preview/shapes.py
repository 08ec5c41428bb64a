"""Shapes, text boxes, lines and groups of a sheet, read from its drawing and drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree
from openpyxl.drawing.image import Image
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.languages import say
from service.workbook.areas import parse_cell, split_sheet
from service.workbook.book import Book
from service.workbook.chart_caches import Cells
from service.workbook.keeping.anchors import KINDS, anchor_from
from service.workbook.keeping.merging import local
from service.workbook.keeping.reading import EMBED, UNREADABLE
from service.workbook.package.opc import Package, parse
from service.workbook.preview.looks import Classes, Css, family
from service.workbook.preview.palette import Palette, at_night, contrast, legible, tinted
from service.workbook.preview.shape_paths import LINES, outline
from service.workbook.preview.svg import Node, node

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_EMU = 9_525  # a pixel
_MOST = 200  # shapes of a sheet
_LONGEST = 4_000  # characters of a text
_KNOWN = ("sp", "cxnSp", "pic", "grpSp", "graphicFrame")
_CHARTS = ("/chart", "/chartex")
_DASHES = {
    "dash": "4 3", "sysDash": "3 1", "dot": "1 3", "sysDot": "1 1", "lgDash": "8 3",
    "dashDot": "4 3 1 3", "lgDashDot": "8 3 1 3", "lgDashDotDot": "8 3 1 3 1 3",
}  # fmt: skip
_ACROSS = {"ctr": "center", "r": "right", "just": "justify", "dist": "justify"}
_DOWN = {"ctr": "center", "b": "flex-end"}


@dataclass
class Shape:
    """What an anchor of a drawing holds; ``anchor`` is openpyxl's.

    :param things: shapes, lines and pictures
    """

    anchor: Any
    things: list[etree._Element]
    drawing: str


@dataclass
class _Box:
    """A place in pixels, of a part of a group in shares of the whole."""

    left: float
    top: float
    width: float
    height: float


def shapes_of(book: Book, sheet: Worksheet) -> list[Shape]:
    """What a sheet's drawing holds besides charts and pictures."""
    memory = book.memory.sheets.get(sheet) if book.memory is not None else None
    if memory is None or book.memory is None:
        return []
    package = book.memory.package
    found: list[Shape] = []
    for relationship in package.relationships(memory.part).of_kind("drawing"):
        if relationship.target in package:
            found += _shapes(parse(package.read(relationship.target)), relationship.target)
    return found[:_MOST]


def _shapes(root: etree._Element, drawing: str) -> Iterator[Shape]:
    for anchor in root:
        if local(anchor) not in KINDS:
            continue
        things = [thing for item in anchor for thing in _things(item)]
        if things and local(things[0]) == "pic" and things[0].getparent() is anchor:
            continue  # the editor has it
        if things:
            try:
                yield Shape(anchor_from(anchor), things, drawing)
            except UNREADABLE:
                continue


def _things(item: etree._Element) -> list[etree._Element]:
    """What can be drawn, or named, of an element of an anchor."""
    name = local(item)
    if name == "AlternateContent":
        for way in item:
            if any(local(child) in _KNOWN for child in way):
                return [thing for child in way for thing in _things(child)]
        return []
    if name == "graphicFrame":
        data = next(item.iter(f"{_A}graphicData"), None)
        kind = "" if data is None else data.get("uri", "")
        return [item] if not kind.endswith(_CHARTS) else []
    if name in _KNOWN:
        hidden = (_named(item).get("hidden") or "") in ("1", "true")
        return [] if hidden else [item]
    return []


def _named(item: etree._Element) -> dict[str, str]:
    found = next((e for e in item.iter() if local(e) == "cNvPr"), None)
    return {} if found is None else {str(k): str(v) for k, v in found.items()}


def _enclosing(told: _Box | None, boxes: list[_Box]) -> _Box | None:
    """The part that a group shows: as it is told, or all its parts, where they are much larger."""
    if told is None or not boxes:
        return told
    left, top = min(b.left for b in boxes), min(b.top for b in boxes)
    right, bottom = max(b.left + b.width for b in boxes), max(b.top + b.height for b in boxes)
    if right - left <= 2 * told.width and bottom - top <= 2 * told.height:
        return told
    return _Box(left, top, right - left, bottom - top)


class ShapePainter:
    """Draws shapes of one sheet.

    :param cells: whose values linked shapes show
    """

    def __init__(
        self, package: Package, palette: Palette, classes: Classes, cells: Cells, title: str
    ) -> None:
        self.package, self.palette, self.classes = package, palette, classes
        self.cells, self.title = cells, title

    def drawn(self, shape: Shape, width: float, height: float) -> list[dict[str, Any]]:
        """The parts of an anchor of a size, each placed from the anchor's corner."""
        found: list[dict[str, Any]] = []
        for thing in shape.things:
            found += self._thing(thing, _Box(0, 0, width, height), shape.drawing)
        return found

    def _thing(self, item: etree._Element, box: _Box, drawing: str) -> list[dict[str, Any]]:
        kind = local(item)
        if kind == "grpSp":
            return self._group(item, box, drawing)
        name = _named(item)
        words = (name.get("descr") or name.get("name") or say("Shape"))[:200]
        one: dict[str, Any] = {
            "left": round(box.left), "top": round(box.top), "width": max(round(box.width), 1),
            "height": max(round(box.height), 1), "words": words,
        }  # fmt: skip
        if kind == "pic":
            return [{**one, "image": self._picture(item, drawing)}]
        if kind in ("sp", "cxnSp"):
            return [{**one, **self._shape(item, box)}]
        return [one]

    def _group(self, item: etree._Element, box: _Box, drawing: str) -> list[dict[str, Any]]:
        inside = _transform(item, "chOff", "chExt") or _transform(item, "off", "ext")
        found: list[dict[str, Any]] = []
        things = [thing for child in item for thing in _things(child)]
        placed = [(one, _transform(one, "off", "ext")) for one in things]
        boxes = [(one, own) for one, own in placed if own is not None]
        inside = _enclosing(inside, [own for _, own in boxes])
        if inside is None or not inside.width or not inside.height:
            return found
        across, down = box.width / inside.width, box.height / inside.height
        for thing, own in boxes:
            place = _Box(box.left + (own.left - inside.left) * across,
                         box.top + (own.top - inside.top) * down,
                         own.width * across, own.height * down)  # fmt: skip
            found += self._thing(thing, place, drawing)
        return found

    def _picture(self, item: etree._Element, drawing: str) -> Any:
        blip = next(item.iter(f"{_A}blip"), None)
        target = None if blip is None else (
            self.package.relationships(drawing).get(blip.get(EMBED)))  # fmt: skip
        if target is None or target.external or target.target not in self.package:
            return None
        try:
            return Image(io.BytesIO(self.package.read(target.target)))
        except (*UNREADABLE, OSError, SyntaxError):
            return None

    # One shape ------------------------------------------------------------------

    def _shape(self, item: etree._Element, box: _Box) -> dict[str, Any]:
        look = _child(item, "spPr")
        preset = None if look is None else look.find(f"{_A}prstGeom")
        kind = "rect" if preset is None else preset.get("prst", "rect")
        line = kind in LINES or local(item) == "cxnSp"
        fill = "" if line else self._fill(item, look)
        stroke, thick, dash = self._stroke(item, look)
        if line and not stroke:
            stroke, thick = "000000", 1.0
        attributes = {
            "fill": f"#{fill}" if fill else "none", "stroke": f"#{stroke}" if stroke else "none",
            "stroke_width": f"{thick:g}", "stroke_dasharray": dash,
        }  # fmt: skip
        if not fill and stroke and contrast(stroke, "1E2126") < 2:
            attributes["class_"] = "dk"
        parts = [node("path", d=outline(kind, box.width, box.height), **attributes)]
        if line:
            parts += _arrows(look, box, attributes)
        turned = _turned(look, box)
        ground = node("g", *parts, transform=turned) if turned else node("g", *parts)
        return {"shape": _svg(ground, box), **self._text(item, fill)}

    def _fill(self, item: etree._Element, look: etree._Element | None) -> str:
        for place in ("solidFill", "gradFill", "pattFill", "noFill"):
            found = None if look is None else look.find(f"{_A}{place}")
            if found is not None:
                if place == "noFill":
                    return ""
                if place == "gradFill":
                    found = next(found.iter(f"{_A}gs"), found)
                if place == "pattFill":
                    found = next(found.iter(f"{_A}fgClr"), found)
                return self._color(found)
        return self._of_style(item, "fillRef")

    def _stroke(
        self, item: etree._Element, look: etree._Element | None
    ) -> tuple[str, float, str | None]:
        """(colour, width in pixels, dashes) of the outline."""
        line = None if look is None else look.find(f"{_A}ln")
        color = self._of_style(item, "lnRef")
        if line is None:
            return color, 1.0, None
        if line.find(f"{_A}noFill") is not None:
            return "", 0.0, None
        filled = line.find(f"{_A}solidFill")
        color = self._color(filled) if filled is not None else color
        thick = max(_whole(line.get("w"), _EMU) / _EMU, 0.75)
        dashes = line.find(f"{_A}prstDash")
        dash = None if dashes is None else _DASHES.get(dashes.get("val", ""))
        scaled = " ".join(f"{float(part) * thick:g}" for part in dash.split()) if dash else None
        return color, thick, scaled

    def _of_style(self, item: etree._Element, name: str) -> str:
        style = _child(item, "style")
        found = None if style is None else style.find(f"{_A}{name}")
        if found is None or found.get("idx", "0") == "0":
            return ""
        return self._color(found)

    def _color(self, holder: etree._Element) -> str:
        """The colour that an element holds, "" for none."""
        for item in holder:
            name = local(item)
            if name in ("srgbClr", "sysClr"):
                text = (item.get("lastClr") or item.get("val") or "").upper()
                ok = len(text) == 6 and all(c in "0123456789ABCDEF" for c in text)
                return _changed(text, item) if ok else ""
            if name == "schemeClr":
                color = self.palette.by_name(item.get("val", ""))
                return _changed(color, item) if color else ""
        return ""

    # Its text -------------------------------------------------------------------

    def _text(self, item: etree._Element, fill: str) -> dict[str, Any]:
        body = _child(item, "txBody")
        if body is None:
            return {}
        usual = self._usual(item, fill)
        about = body.find(f"{_A}bodyPr")
        told = {} if about is None else {str(k): str(v) for k, v in about.items()}
        paragraphs = []
        left = _LONGEST
        for paragraph in body.findall(f"{_A}p"):
            runs = self._runs(paragraph, usual, fill)
            left -= sum(len(words) for words, _ in runs)
            if left < 0:
                break
            how = paragraph.find(f"{_A}pPr")
            side = "" if how is None else _ACROSS.get(how.get("algn", ""), "")
            paragraphs.append([side, runs])
        linked = self._linked(item)
        if linked is not None and paragraphs:
            name = paragraphs[0][1][0][1] if paragraphs[0][1] else self._class(usual, fill)
            paragraphs = [[paragraphs[0][0], [[linked[:_LONGEST], name]]]]
        if not any(words for _, runs in paragraphs for words, _ in runs):
            return {}
        insets = [_whole(told.get(n), usual_) / _EMU for n, usual_ in (
            ("tIns", 45_720), ("rIns", 91_440), ("bIns", 45_720), ("lIns", 91_440))]  # fmt: skip
        return {"text": paragraphs, "down": _DOWN.get(told.get("anchor", ""), "flex-start"),
                "insets": [round(inset) for inset in insets]}  # fmt: skip

    def _usual(self, item: etree._Element, fill: str) -> Css:
        style = _child(item, "style")
        font = None if style is None else style.find(f"{_A}fontRef")
        color = "" if font is None else self._color(font)
        if not color:
            color = (
                ""
                if not fill
                else (
                    "000000" if contrast(fill, "000000") >= contrast(fill, "FFFFFF") else "FFFFFF"
                )
            )
        return {"color": f"#{color}"} if color else {}  # fmt: skip

    def _runs(self, paragraph: etree._Element, usual: Css, fill: str) -> list[list[str]]:
        found = []
        for run in paragraph:
            if local(run) == "br":
                found.append(["\n", ""])
            elif local(run) in ("r", "fld"):
                look = run.find(f"{_A}rPr")
                css = {**usual, **({} if look is None else self._run_css(look))}
                found.append([run.findtext(f"{_A}t") or "", self._class(css, fill)])
        return found

    def _run_css(self, look: etree._Element) -> Css:
        css: Css = {}
        if size := _whole(look.get("sz"), 0):
            css["font-size"] = f"{min(max(size, 100), 40_000) / 75:.4g}px"
        if look.get("b") in ("1", "true"):
            css["font-weight"] = "700"
        if look.get("i") in ("1", "true"):
            css["font-style"] = "italic"
        lines = ["underline"] * (look.get("u", "none") != "none")
        lines += ["line-through"] * (look.get("strike", "noStrike") != "noStrike")
        if lines:
            css["text-decoration"] = " ".join(lines)
        filled = look.find(f"{_A}solidFill")
        if filled is not None and (color := self._color(filled)):
            css["color"] = f"#{color}"
        latin = look.find(f"{_A}latin")
        name = "" if latin is None else latin.get("typeface", "")
        if name and not name.startswith("+"):
            css["font-family"] = family(name)
        return css

    def _class(self, css: Css, fill: str) -> str:
        color = css.get("color", "")[1:]
        night: Css = {}
        if color:
            css = {**css, "color": f"#{legible(color, fill or 'FFFFFF')[0]}"}
        if color and not fill:
            if color == "000000":
                css = {name: value for name, value in css.items() if name != "color"}
            else:
                night = {"color": f"#{at_night(color)}"}
        return self.classes.named(css, night)

    def _linked(self, item: etree._Element) -> str | None:
        """The value of the cell that a shape shows, None for a shape with a text of its own."""
        link = (item.get("textlink") or "").strip().lstrip("=")
        if not link:
            return None
        title, reference = split_sheet(link)
        try:
            row, column = parse_cell(reference.replace("$", ""))
        except InvalidRange:
            return None
        value = self.cells.value(title or self.title, row, column)
        return None if value is None else str(value)


# Parts of a drawing ---------------------------------------------------------------


def _child(item: etree._Element, name: str) -> etree._Element | None:
    return next((e for e in item if local(e) == name), None)


def _whole(text: str | None, usual: int) -> int:
    try:
        return int(float(text)) if text else usual
    except (ValueError, OverflowError):
        return usual


def _transform(item: etree._Element, corner: str, size: str) -> _Box | None:
    """A place that an element tells, in EMU."""
    look = _child(item, "grpSpPr") if local(item) == "grpSp" else _child(item, "spPr")
    xfrm = _child(item, "xfrm") if look is None else look.find(f"{_A}xfrm")
    if xfrm is None:
        return None
    at, far = xfrm.find(f"{_A}{corner}"), xfrm.find(f"{_A}{size}")
    if at is None or far is None:
        return None
    return _Box(_whole(at.get("x"), 0), _whole(at.get("y"), 0),
                _whole(far.get("cx"), 0), _whole(far.get("cy"), 0))  # fmt: skip


def _turned(look: etree._Element | None, box: _Box) -> str:
    """How a shape is turned and mirrored around its middle, as SVG says it."""
    xfrm = None if look is None else look.find(f"{_A}xfrm")
    if xfrm is None:
        return ""
    x, y = box.width / 2, box.height / 2
    parts = []
    if angle := _whole(xfrm.get("rot"), 0) / 60_000:
        parts.append(f"rotate({angle:g} {x:.1f} {y:.1f})")
    across, down = (-1 if xfrm.get(f"flip{side}") in ("1", "true") else 1 for side in "HV")
    if across < 0 or down < 0:
        parts.append(f"translate({x:.1f} {y:.1f}) scale({across} {down}) "
                     f"translate({-x:.1f} {-y:.1f})")  # fmt: skip
    return " ".join(parts)


def _arrows(look: etree._Element | None, box: _Box, attributes: dict[str, Any]) -> list[Node]:
    """The heads of a line from one corner to the other."""
    line = None if look is None else look.find(f"{_A}ln")
    if line is None:
        return []
    length = max((box.width**2 + box.height**2) ** 0.5, 1.0)
    x, y = box.width / length, box.height / length
    size = 4 + 2.5 * float(attributes["stroke_width"])
    out = []
    for name, tip, way in (("headEnd", (0.0, 0.0), 1), ("tailEnd", (box.width, box.height), -1)):
        end = line.find(f"{_A}{name}")
        if end is None or end.get("type", "none") == "none":
            continue
        foot = tip[0] + way * size * x, tip[1] + way * size * y
        corners = [tip, (foot[0] - y * size / 2, foot[1] + x * size / 2),
                   (foot[0] + y * size / 2, foot[1] - x * size / 2)]  # fmt: skip
        shape = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"
        out.append(node("path", d=shape, fill=attributes["stroke"],
                        class_=attributes.get("class_")))  # fmt: skip
    return out


def _svg(ground: Node, box: _Box) -> Node:
    width, height = max(box.width, 1.0), max(box.height, 1.0)
    return node("svg", ground, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height,
                aria_hidden="true")  # fmt: skip


def _changed(color: str, item: etree._Element) -> str:
    """A colour as the elements in it change it."""
    share = {local(e): _whole(e.get("val"), 100_000) / 100_000 for e in item if local(e)}
    if "lumMod" in share or "lumOff" in share:
        mod, off = share.get("lumMod", 1.0), share.get("lumOff", 0.0)
        return tinted(color, off if off else mod - 1)
    if "shade" in share:
        return tinted(color, share["shade"] - 1)
    return tinted(color, 1 - share["tint"]) if "tint" in share else color
