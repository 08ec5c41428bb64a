"""The shapes of comments, in the VML part that they share with form controls.

Source: ECMA-376 part 4, 14.1 (VML), 19.4.2.12 (ClientData).
"""

from __future__ import annotations

import re

from lxml import etree
from openpyxl.comments.shape_writer import _shape_factory
from openpyxl.xml.functions import tostring

from service.workbook.keeping.merging import local
from service.workbook.package.opc import parse

VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_V = "urn:schemas-microsoft-com:vml"
_O = "urn:schemas-microsoft-com:office:office"
_X = "urn:schemas-microsoft-com:office:excel"
_LAYOUT = f'<o:shapelayout xmlns:o="{_O}" xmlns:v="{_V}" v:ext="edit"/>'
_SHAPE_TYPE = (
    f'<v:shapetype xmlns:v="{_V}" xmlns:o="{_O}" id="_x0000_t202" coordsize="21600,21600" '
    'o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_EMPTY = f'<xml xmlns:v="{_V}" xmlns:o="{_O}" xmlns:x="{_X}">{_LAYOUT}</xml>'.encode()
_SPID = f"{{{_O}}}spid"
_SHAPE_ID = re.compile(r"_s(\d{1,9})$")
_BLOCK = 1024  # ids that one number of the id map stands for
# Some programs write HTML's line breaks into text boxes, which is no XML.
_LENIENT = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)


class Notes:
    """A VML part, looked at for the shapes of its comments.

    :param content: of the part; empty for a new one
    """

    def __init__(self, content: bytes = b"") -> None:
        try:
            self.root = parse(content or _EMPTY)
        except etree.XMLSyntaxError:
            self.root = etree.fromstring(content, _LENIENT)
        shapes = self.root.iter(f"{{{_V}}}shape")
        self._highest = 0
        self._shapes = {place: shape for shape in shapes if (place := _place(shape)) is not None}

    @property
    def empty(self) -> bool:
        """Whether there is nothing left that shows."""
        passive = {f"{{{_O}}}shapelayout", f"{{{_V}}}shapetype"}
        return all(child.tag in passive or not local(child) for child in self.root)

    def content(self) -> bytes:
        """As a part; VML has no declaration."""
        return etree.tostring(self.root)

    def __contains__(self, place: tuple[int, int]) -> bool:
        return place in self._shapes

    def remove(self, row: int, column: int) -> None:
        """Drop the shape of a cell's comment, if it has one."""
        shape = self._shapes.pop((row, column), None)
        parent = None if shape is None else shape.getparent()
        if shape is not None and parent is not None:
            parent.remove(shape)

    def move(self, places: dict[tuple[int, int], tuple[int, int]]) -> None:
        """Let shapes belong to other cells; they move as far as their cells do."""
        found = {old: self._shapes.pop(old) for old in places if old in self._shapes}
        for old, shape in found.items():
            row, column = self._shapes_to(places[old], shape)
            data = _data(shape)
            assert data is not None
            for name, number in (("Row", row - 1), ("Column", column - 1)):
                data.find(f"{{{_X}}}{name}").text = str(number)  # type: ignore[union-attr]
            _shift(data, row - old[0], column - old[1])

    def _shapes_to(self, place: tuple[int, int], shape: etree._Element) -> tuple[int, int]:
        self.remove(*place)
        self._shapes[place] = shape
        return place

    def resize(self, row: int, column: int, width: float, height: float) -> None:
        """Give a comment's shape another size, in pixels."""
        shape = self._shapes.get((row, column))
        data = None if shape is None else _data(shape)
        if shape is None or data is None:
            return
        for anchor in data.findall(f"{{{_X}}}Anchor"):
            data.remove(anchor)  # it would outweigh the size
        kept = [
            item
            for item in (shape.get("style") or "").split(";")
            if item.strip() and item.split(":")[0].strip() not in ("width", "height")
        ]
        shape.set("style", ";".join([*kept, f"width:{width:g}px", f"height:{height:g}px"]))

    def add(self, row: int, column: int, width: float, height: float) -> None:
        """Make the shape of a new comment, as large as told in pixels."""
        self.remove(row, column)
        if self.root.find(f"{{{_V}}}shapetype[@id='_x0000_t202']") is None:
            self.root.insert(self._top(), parse(_SHAPE_TYPE.encode()))
        shape = parse(tostring(_shape_factory(row - 1, column - 1, height, width)))
        shape.set("id", f"_x0000_s{self._free_id()}")
        self.root.append(shape)
        self._shapes[row, column] = shape

    def _top(self) -> int:
        """The place behind the layout, which is made where there is none."""
        layout = self.root.find(f"{{{_O}}}shapelayout")
        if layout is None:
            layout = parse(_LAYOUT.encode())
            self.root.insert(0, layout)
        return self.root.index(layout) + 1

    def _free_id(self) -> int:
        if not self._highest:
            names = (item.get(name, "") for item in self.root.iter() for name in ("id", _SPID))
            found = (_SHAPE_ID.search(name) for name in names)
            self._highest = max([_BLOCK, *(int(match[1]) for match in found if match)])
        self._highest += 1
        self._map(self._highest // _BLOCK)
        return self._highest

    def _map(self, block: int) -> None:
        layout = self.root[self._top() - 1]
        known = layout.find(f"{{{_O}}}idmap")
        if known is None:
            known = etree.SubElement(layout, f"{{{_O}}}idmap", {f"{{{_V}}}ext": "edit"})
        blocks = [item for item in (known.get("data") or "").split(",") if item]
        if str(block) not in blocks:
            known.set("data", ",".join([*blocks, str(block)]))


def _data(shape: etree._Element) -> etree._Element | None:
    found = shape.find(f"{{{_X}}}ClientData")
    return found if found is not None and found.get("ObjectType") == "Note" else None


def _place(shape: etree._Element) -> tuple[int, int] | None:
    """(row, column) of the cell whose comment a shape shows."""
    data = _data(shape)
    if data is None:
        return None
    row, column = (data.findtext(f"{{{_X}}}{name}", "").strip() for name in ("Row", "Column"))
    return (int(row) + 1, int(column) + 1) if row.isdecimal() and column.isdecimal() else None


def _shift(data: etree._Element, rows: int, columns: int) -> None:
    """Move a shape's corners: "column, pixels, row, pixels", twice."""
    anchor = data.find(f"{{{_X}}}Anchor")
    numbers = [] if anchor is None else (anchor.text or "").split(",")
    if anchor is None or len(numbers) != 8 or not all(n.strip().isdecimal() for n in numbers):
        return
    by = (columns, 0, rows, 0, columns, 0, rows, 0)
    moved = (max(0, int(number) + step) for number, step in zip(numbers, by, strict=True))
    anchor.text = ", ".join(map(str, moved))
