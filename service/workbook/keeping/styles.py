"""The stylesheet: the file's own, with what was made new appended.

The editor numbers fonts, fills, borders and cell formats as the file does, and adds new ones
at the end. So nothing in the file has to be renumbered. Source: ECMA-376 part 1, 18.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree
from openpyxl import Workbook
from openpyxl.styles.cell_style import CellStyle, StyleArray
from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils.indexed_list import IndexedList
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import tostring

from service.workbook.package.opc import parse

_ORDER = (
    "numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors extLst"
).split()


@dataclass(frozen=True)
class StyleMemory:
    """How many styles of each kind there were at the opening."""

    formats: int
    named: int
    differential: int

    @classmethod
    def of(cls, book: Workbook) -> StyleMemory:
        """Those of a workbook as it is."""
        return cls(
            len(book._cell_styles), len(book._named_styles), len(book._differential_styles.styles)
        )


def style_number(book: Workbook, style: StyleArray | None) -> int:
    """The number of a cell format, which the workbook takes in if it is new.

    :param style: None for a cell that nobody has formatted

    A copy is taken in: a cell's own goes on changing with the cell.
    """
    return int(book._cell_styles.add(StyleArray() if style is None else StyleArray(style)))


def detach(book: Workbook) -> None:
    """Take copies of the cell formats that openpyxl took in: the cells' own go on changing."""
    copies = [StyleArray(style) for style in book._cell_styles]
    book._cell_styles = IndexedList(copies)


class Stylesheet:
    """A stylesheet that styles are appended to."""

    def __init__(self, data: bytes) -> None:
        self.root = parse(data)
        self._formats = {
            item.get("formatCode", ""): int(item.get("numFmtId", 0))
            for item in self._list("numFmts")
        }

    def _list(self, name: str) -> etree._Element:
        """The element that holds a kind of styles, made where it is missing."""
        tag = f"{{{SHEET_MAIN_NS}}}{name}"
        found = self.root.find(tag)
        if found is None:
            found = etree.Element(tag, count="0")
            before = set(_ORDER[: _ORDER.index(name)])
            names = [etree.QName(item).localname for item in self.root]
            self.root.insert(sum(item in before for item in names), found)
        return found

    def _add(self, name: str, element: etree._Element) -> int:
        found = self._list(name)
        found.append(element)
        found.set("count", str(len(found)))
        return len(found) - 1

    def append(self, book: Workbook, memory: StyleMemory) -> None:
        """Append what ``book`` has and the stylesheet lacks."""
        for name, items in (
            ("fonts", book._fonts), ("fills", book._fills), ("borders", book._borders),
        ):  # fmt: skip
            for item in list(items)[len(self._list(name)) :]:
                self._add(name, _element(item, name[:-1]))
        for item in list(book._named_styles)[memory.named :]:
            self._add_named(book, item)
        for style in list(book._cell_styles)[memory.formats :]:
            self._add("cellXfs", self._format(book, style))
        for item in list(book._differential_styles.styles)[memory.differential :]:
            self._add("dxfs", _element(item, "dxf"))

    def _format(self, book: Workbook, style: StyleArray) -> etree._Element:
        """A cell format as the file numbers it."""
        xf = CellStyle.from_array(style)
        if style.alignmentId:
            xf.alignment = book._alignments[style.alignmentId]
        if style.protectionId:
            xf.protection = book._protections[style.protectionId]
        element = _element(xf, "xf")
        element.set("numFmtId", str(self._number_format(book, style.numFmtId)))
        for name, given in (
            ("applyNumberFormat", style.numFmtId), ("applyFont", style.fontId),
            ("applyFill", style.fillId), ("applyBorder", style.borderId),
        ):  # fmt: skip
            if given:
                element.set(name, "1")
        return element

    def _number_format(self, book: Workbook, number: int) -> int:
        """The file's number of a number format, which is added where it has none."""
        if number < BUILTIN_FORMATS_MAX_SIZE:
            return number
        code = book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE]
        if code not in self._formats:
            free = max([BUILTIN_FORMATS_MAX_SIZE - 1, *self._formats.values()]) + 1
            self._formats[code] = free
            item = etree.Element(f"{{{SHEET_MAIN_NS}}}numFmt", numFmtId=str(free), formatCode=code)
            self._add("numFmts", item)
        return self._formats[code]

    def _add_named(self, book: Workbook, style: Any) -> None:
        if not len(self._list("cellStyleXfs")):  # all cells would be of the first one's style
            normal = {"numFmtId": "0", "fontId": "0", "fillId": "0", "borderId": "0"}
            tag = f"{{{SHEET_MAIN_NS}}}"
            self._add("cellStyleXfs", etree.Element(f"{tag}xf", normal))
            name = {"name": "Normal", "xfId": "0", "builtinId": "0"}
            self._add("cellStyles", etree.Element(f"{tag}cellStyle", name))
        xf = _element(style.as_xf(), "xf")
        xf.set("numFmtId", str(self._number_format(book, style.as_tuple().numFmtId)))
        place = self._add("cellStyleXfs", xf)
        named = _element(style.as_name(), "cellStyle")
        named.set("xfId", str(place))
        self._add("cellStyles", named)


def _element(item: Any, name: str) -> etree._Element:
    """What the editor writes for a style, in the namespace of stylesheets."""
    root = parse(tostring(item.to_tree(name)))
    for element in root.iter():
        if "}" not in element.tag:
            element.tag = f"{{{SHEET_MAIN_NS}}}{element.tag}"
    return root
