"""The XML of a sheet as bytes: what stands before, in and after its rows.

A sheet may have fifty megabytes of rows of which one changes. So rows and cells are found
by their bytes and everything else is copied, not parsed. Source: ECMA-376 part 1, 18.3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from openpyxl.utils import column_index_from_string, get_column_letter

from service.workbook.areas import Area
from service.workbook.package.opc import parse

_SHEET_DATA = re.compile(rb"<(\w+:)?sheetData\b([^>]*?)(/?)>")
_ROOT = re.compile(rb"<(\w+:)?worksheet\b[^>]*>")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)[\"']")
_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d+)(?:\.0*)?["']""")
_SPAN = re.compile(rb"""\bspans\s*=\s*["'](\d+):(\d+)["']""")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)(\d+)["']""")
_DIMENSION = re.compile(rb'(<dimension ref=")[^"]*')
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SheetXml:
    """A sheet's part in three pieces.

    :param head: up to and with the start tag of ``sheetData``
    :param data: what the rows stand in, from ``start`` to ``stop``
    :param tail: from the end tag of ``sheetData`` on
    :param prefix: of the elements' names, such as ``b"x:"``; mostly empty
    """

    head: bytes
    data: bytes
    start: int
    stop: int
    tail: bytes
    prefix: bytes

    @property
    def rows(self) -> memoryview:
        """The rows."""
        return memoryview(self.data)[self.start : self.stop]

    @classmethod
    def split(cls, data: bytes) -> SheetXml:
        """The pieces of a part. An empty ``sheetData`` is opened, a missing one is made.

        :raises ValueError: if it is no sheet
        """
        data = as_utf8(data)
        found = _SHEET_DATA.search(data)
        if found is None:
            return cls.split(_with_sheet_data(data))
        prefix = found.group(1) or b""
        end = b"</" + prefix + b"sheetData>"
        if found.group(3):
            tag = b"<" + prefix + b"sheetData" + found.group(2) + b">"
            return cls(data[: found.start()] + tag, b"", 0, 0, end + data[found.end() :], prefix)
        last = data.rfind(end)
        if last < found.end():
            raise ValueError("the sheet's rows have no end")
        return cls(data[: found.end()], data, found.end(), last, data[last:], prefix)

    def covering(self, area: Area) -> bytes:
        """The head with another area that the cells fill."""
        return _DIMENSION.sub(rb"\g<1>%s" % str(area).encode(), self.head)

    @property
    def frame(self) -> bytes:
        """The sheet without any rows."""
        return self.head + self.tail

    def elements(self, rows: bytes | memoryview) -> etree._Element:
        """The ``sheetData`` element with a stretch of rows, which know the sheet's namespaces."""
        root = _ROOT.search(self.head)
        if root is None:
            raise ValueError("the part is no worksheet")
        p = self.prefix
        parts = [root.group(), b"<", p, b"sheetData>", rows, b"</", p, b"sheetData></", p]
        return parse(b"".join([*parts, b"worksheet>"]))[0]

    def stretches(self) -> Iterator[memoryview]:
        """The rows in pieces of about a megabyte, each of whole rows."""
        end, start = b"</" + self.prefix + b"row>", self.start
        while start < self.stop:
            place = self.data.find(end, start + _CHUNK, self.stop)
            stop = self.stop if place < 0 else place + len(end)
            yield memoryview(self.data)[start:stop]
            start = stop


def as_utf8(data: bytes) -> bytes:
    """The part in UTF-8, whatever its encoding."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    declared = _DECLARED.match(data[:200])
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
    if not wide and (declared is None or declared.group(1).lower() in (b"utf-8", b"us-ascii")):
        return data
    return etree.tostring(parse(data), xml_declaration=True, encoding="UTF-8", standalone=True)


def _with_sheet_data(data: bytes) -> bytes:
    """The part with an empty ``sheetData`` in its place: it may only be missing."""
    root = parse(data)
    if etree.QName(root).localname != "worksheet":
        raise ValueError("the part is no worksheet")
    before = {"sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols"}
    names = [etree.QName(item).localname for item in root.iterchildren("{*}*")]
    place = sum(name in before for name in names)
    root.insert(place, etree.Element(f"{{{etree.QName(root).namespace}}}sheetData"))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


class RowXml:
    """One row in pieces, to put cells into."""

    def __init__(self, number: int, xml: bytes, prefix: bytes) -> None:
        self.number = number
        self.prefix = prefix
        match = re.match(rb"\s*<" + prefix + rb"row\b([^>]*?)(/?)>", xml)
        if match is None:
            raise ValueError(f"row {number} can't be read")
        self.attributes: bytes = match.group(1)
        end = len(xml) if match.group(2) else xml.rfind(b"</" + prefix + b"row>")
        body = b"" if match.group(2) else xml[match.end() : end]
        self.rest = b"" if match.group(2) else xml[end + len(prefix) + 6 :]
        self.cells: dict[int, bytes] = {}
        column = last = 0
        for cell in _cells(prefix).finditer(body):
            place = _PLACE.search(cell.group(1))
            column = column_index_from_string(place.group(1).decode()) if place else column + 1
            self.cells[column] = cell.group() if place else self._placed(cell.group(), column)
            last = cell.end()
        self.after = body[last:].strip()

    @classmethod
    def new(cls, number: int, prefix: bytes) -> RowXml:
        """An empty row."""
        return cls(number, b"<%brow/>" % prefix, prefix)

    def _placed(self, xml: bytes, column: int) -> bytes:
        tag = b"<" + self.prefix + b"c"
        place = f' r="{get_column_letter(column)}{self.number}"'.encode()
        return tag + place + xml[len(tag) :]

    def set(self, attributes: dict[str, str | None]) -> None:
        """Give the row attributes; None takes one away."""
        for name, value in attributes.items():
            pattern = rb"\s+" + name.encode() + rb"""\s*=\s*("[^"]*"|'[^']*')"""
            self.attributes = re.sub(pattern, b"", self.attributes)
            if value is not None:
                self.attributes += f' {name}="{value}"'.encode()

    def written(self) -> bytes:
        """The row as it is now."""
        if not _NUMBER.search(self.attributes):
            self.set({"r": str(self.number)})
        self._widen_span()
        start = b"<" + self.prefix + b"row" + self.attributes.rstrip()
        if not self.cells and not self.after:
            return start + b"/>" + self.rest
        cells = b"".join(self.cells[column] for column in sorted(self.cells))
        return b"".join([start, b">", cells, self.after, b"</", self.prefix, b"row>", self.rest])

    def _widen_span(self) -> None:
        """Let the hint of which columns the row has cells in still be true."""
        found = _SPAN.search(self.attributes)
        if found and self.cells:
            first = min(int(found.group(1)), *self.cells)
            last = max(int(found.group(2)), *self.cells)
            if (first, last) != (int(found.group(1)), int(found.group(2))):
                self.set({"spans": f"{first}:{last}"})
        elif b"spans" in self.attributes and not found:
            self.set({"spans": None})


def _cells(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"<" + prefix + rb"c\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*?)"
        rb"(?:/>|>.*?</" + prefix + rb"c\s*>)",
        re.DOTALL,
    )
