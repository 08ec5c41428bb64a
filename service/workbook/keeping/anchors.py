"""Where something drawn lies on its sheet: read, compared, written. Lengths are in EMU."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree
from openpyxl.drawing.spreadsheet_drawing import (
    AbsoluteAnchor,
    OneCellAnchor,
    TwoCellAnchor,
    _check_anchor,
)

from service.workbook.keeping.merging import discard, local

XDR = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
# In the order in which openpyxl reads them.
KINDS = ("absoluteAnchor", "oneCellAnchor", "twoCellAnchor")
_MARKER = ("col", "colOff", "row", "rowOff")
_PLACES = {
    "absoluteAnchor": ("pos", "ext"),
    "oneCellAnchor": ("from", "ext"),
    "twoCellAnchor": ("from", "to"),
}
_CLASSES = {
    "absoluteAnchor": AbsoluteAnchor,
    "oneCellAnchor": OneCellAnchor,
    "twoCellAnchor": TwoCellAnchor,
}
_ATTRIBUTES = {"pos": ("x", "y"), "ext": ("cx", "cy")}


@dataclass(frozen=True)
class Position:
    """The kind of anchor and the numbers of its two elements, such as ``from`` and ``to``."""

    kind: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    edit_as: str = ""


def position_of(drawn: Any) -> Position:
    """Where a chart or picture of openpyxl's lies."""
    anchor = _check_anchor(drawn)
    if isinstance(anchor, TwoCellAnchor):
        first, second = _marker(anchor._from), _marker(anchor.to)
        return Position("twoCellAnchor", first, second, anchor.editAs or "")
    size = (int(anchor.ext.width or 0), int(anchor.ext.height or 0))
    if isinstance(anchor, OneCellAnchor):
        return Position("oneCellAnchor", _marker(anchor._from), size)
    return Position("absoluteAnchor", (int(anchor.pos.x or 0), int(anchor.pos.y or 0)), size)


def _marker(marker: Any) -> tuple[int, ...]:
    return (marker.col or 0, marker.colOff or 0, marker.row or 0, marker.rowOff or 0)


def anchor_from(element: etree._Element) -> Any:
    """openpyxl's anchor for an element; without what it holds where openpyxl can't read that."""
    kind = _CLASSES[local(element)]
    try:
        anchor = kind.from_tree(element)
    except (AttributeError, KeyError, TypeError, ValueError):
        bare = etree.Element(element.tag, {str(k): str(v) for k, v in element.items()})
        bare.extend(deepcopy(e) for e in element if local(e) in ("from", "to", "pos", "ext"))
        anchor = kind.from_tree(bare)
    anchor.graphicFrame = None  # made anew when it is written
    return anchor


def place(element: etree._Element, position: Position) -> None:
    """Give an anchor its position; what it holds stays."""
    if local(element) != position.kind:
        for child in [c for c in element if local(c) in ("from", "to", "pos", "ext")]:
            element.remove(child)
        element.tag = f"{{{XDR}}}{position.kind}"
        discard(element, "editAs")
    if position.edit_as:
        element.set("editAs", position.edit_as)
    else:
        discard(element, "editAs")
    names = _PLACES[position.kind]
    for index, numbers in enumerate((position.first, position.second)):
        found = element.find(f"{{*}}{names[index]}")
        child = etree.Element(f"{{{XDR}}}{names[index]}") if found is None else found
        if found is None:
            element.insert(index, child)
        _write(child, names[index], numbers)


def _write(element: etree._Element, name: str, numbers: tuple[int, ...]) -> None:
    if name in _ATTRIBUTES:
        for attribute, number in zip(_ATTRIBUTES[name], numbers, strict=True):
            element.set(attribute, str(number))
        return
    for tag, number in zip(_MARKER, numbers, strict=True):
        found = element.find(f"{{*}}{tag}")
        child = etree.SubElement(element, f"{{{XDR}}}{tag}") if found is None else found
        child.text = str(number)


def new_anchor(position: Position, content: etree._Element) -> etree._Element:
    """An anchor that holds a frame or a picture."""
    anchor = etree.Element(f"{{{XDR}}}{position.kind}", nsmap={"xdr": XDR})
    place(anchor, position)
    anchor.append(content)
    etree.SubElement(anchor, f"{{{XDR}}}clientData")
    return anchor
