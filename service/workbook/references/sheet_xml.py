"""A sheet's part in two pieces: its cells as bytes, and a small tree of all else.

Cells may be a million. They are not made into a tree, but looked through with regular
expressions, which is possible because the text of the part is brought into one form first.
Source: ECMA-376 part 1, 18.3.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from xml.sax.saxutils import escape as _escape

from lxml import etree

from service.workbook.package.opc import parse, serialized

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

_START = re.compile(rb"<sheetData\s*(/?)>")
# Forms that the expressions below do not read: another encoding, prefixes, single
# quotation marks, comments and the like, cells and rows without their place.
_ENCODED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-8)""", re.IGNORECASE)
_ODD = re.compile(
    rb"""<[^<>]*(?:='|\s=|=\s)|<!|<\?|<\w+:(?:row|c)[\s/>]|<(?:row|c)(?![^>]*\sr=")[\s/>]"""
)
_MARKS = (
    b"='",
    b" =",
    b"= ",
    b"\t=",
    b"\n=",
    b"=\t",
    b"=\n",
    b"<!",
    b"<?",
    b":c ",
    b":c>",
    b":row",
)
_INNER = rb"[^<]*(?:<(?!/c[\s>])[^<]*)*"
_CELL = re.compile(rb"<c\s([^>]*)(?:(?<=/)>|>(" + _INNER + rb")</c\s*>)")
_FORMULA_CELL = re.compile(rb"<c\s([^>]*)>(\s*<f\b" + _INNER + rb")</c\s*>")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_CELL_PLACE = re.compile(rb'(<c\s(?:[^>]*?\s)?r="[A-Z]+)\d+')
_NUMBER = re.compile(rb'(?:^|\s)r="(\d+)"')
_FORMULA = re.compile(rb"<f\b([^>]*?)(?:/>|>([^<]*)</f\s*>)")
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


@dataclass
class SheetXml:
    """The part of a sheet.

    :param tree: the root element, with an empty ``sheetData``
    :param data: what stands in ``sheetData``, as bytes
    """

    tree: etree._Element
    data: bytes

    @classmethod
    def read(cls, content: bytes) -> SheetXml:
        """Take the part apart. A sheet without cells (of a chart) has no data."""
        if _ENCODED.match(content) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = serialized(parse(content))
        found = _data_of(content)
        if found is None or _is_odd(content[found.start : found.stop]):
            content = _plain(content)
            found = _data_of(content)
        if found is None:
            return cls(parse(content), b"")
        head, tail = content[: found.start], content[found.stop :]
        head = head[: head.rindex(b"<")]
        if tail.startswith(b"</sheetData"):
            tail = tail[tail.index(b">") + 1 :]
        return cls(parse(head + b"<sheetData/>" + tail), content[found.start : found.stop])

    def written(self) -> bytes:
        """The part put together again."""
        shell = serialized(self.tree)
        if not self.data:
            return shell
        match = _START.search(shell)
        assert match is not None
        inner = b"<sheetData>" + self.data + b"</sheetData>"
        return shell[: match.start()] + inner + shell[match.end() :]


def _data_of(content: bytes) -> range | None:
    """Where that stands which is in ``sheetData``."""
    match = _START.search(content)
    if match is None:
        return None
    if match[1]:
        return range(match.end(), match.end())
    last = content.find(b"</sheetData", match.end())
    return range(match.end(), last) if last >= 0 else None


def _is_odd(data: bytes) -> bool:
    """Whether cells are written in a form that is not read here."""
    places = data.count(b' r="') == data.count(b"<c ") + data.count(b"<row ")
    bare = any(mark in data for mark in (b"<c>", b"<c/", b"<row>", b"<row/"))
    if places and not bare and not any(mark in data for mark in _MARKS):
        return False
    return bool(_ODD.search(data))


def _plain(content: bytes) -> bytes:
    """The part in the form that is read: UTF-8, no prefixes, each place written down."""
    root = parse(content)
    data = root.find(f"{{{MAIN}}}sheetData")
    if data is None:
        return serialized(root)
    for odd in list(data.iter(etree.Comment, etree.ProcessingInstruction)):
        _without(odd)
    _place(data)
    if data.prefix:
        spaces = {**root.nsmap, None: MAIN}
        fresh = etree.Element(root.tag, dict(root.items()), nsmap=spaces)  # type: ignore[arg-type]
        fresh.extend(list(root))
        root = parse(_unprefixed(serialized(fresh), data.prefix))
    return serialized(root)


def _unprefixed(content: bytes, prefix: str) -> bytes:
    return re.sub(rb"(</?)" + prefix.encode() + rb":", rb"\1", content)


def _without(odd: etree._Element) -> None:
    """Take a comment out, and leave the text behind it."""
    parent, before = odd.getparent(), odd.getprevious()
    if parent is None:
        return
    if odd.tail and before is not None:
        before.tail = (before.tail or "") + odd.tail
    elif odd.tail:
        parent.text = (parent.text or "") + odd.tail
    parent.remove(odd)


def _place(data: etree._Element) -> None:
    """Give each row and cell its place where it has none: behind the one before."""
    number = 0
    for row in data.iter(f"{{{MAIN}}}row"):
        number = int(row.get("r") or number + 1)
        row.set("r", str(number))
        column = 0
        for cell in row.iter(f"{{{MAIN}}}c"):
            letters = re.match("[A-Z]+", cell.get("r", ""))
            column = column_number(letters[0].encode()) if letters else column + 1
            cell.set("r", f"{column_letters(column).decode()}{number}")


# Rows and cells ---------------------------------------------------------------


@dataclass
class Row:
    """A row as it stands in the part: attributes and cells as bytes."""

    number: int
    attributes: bytes
    cells: bytes

    def written(self) -> bytes:
        head = b"<row" + self.attributes
        return head + (b">" + self.cells + b"</row>" if self.cells else b"/>")

    def at(self, number: int) -> Row:
        """The row with its cells at another place."""
        if number == self.number:
            return self
        digits = str(number).encode()
        attributes = _NUMBER.sub(b' r="' + digits + b'"', self.attributes, count=1)
        cells = _CELL_PLACE.sub(lambda match: match[1] + digits, self.cells)
        return Row(number, attributes, cells)


def rows_of(data: bytes) -> Iterator[Row]:
    """The rows in ``sheetData``."""
    start = data.find(b"<row")
    while start >= 0:
        end = data.index(b">", start)
        attributes, cells = data[start + 4 : end], b""
        if attributes.endswith(b"/"):
            attributes = attributes[:-1]
        else:
            last = data.index(b"</row", end)
            cells, end = data[end + 1 : last], last
        number = _NUMBER.search(attributes)
        assert number is not None
        yield Row(int(number[1]), attributes.rstrip(), cells)
        start = data.find(b"<row", end)


@dataclass
class CellXml:
    """A cell as it stands in the part."""

    row: int
    column: int
    attributes: bytes
    content: bytes

    @property
    def blank(self) -> bool:
        """Whether it holds nothing but a format."""
        return not self.content.strip()

    def written(self) -> bytes:
        head = b"<c " + self.attributes
        return head + (b">" + self.content + b"</c>" if self.content else b"/>")

    def at(self, row: int, column: int) -> CellXml:
        """The cell at another place."""
        place = b'r="' + column_letters(column) + str(row).encode() + b'"'
        return CellXml(row, column, _PLACE.sub(place, self.attributes, count=1), self.content)

    @property
    def style(self) -> bytes:
        """The index of its format, b"" for none."""
        match = re.search(rb'\bs="(\d+)"', self.attributes)
        return match[1] if match else b""


def cells_of(row: Row) -> Iterator[CellXml]:
    """The cells of a row."""
    for match in _CELL.finditer(row.cells):
        place = _PLACE.search(match[1])
        assert place is not None
        yield CellXml(row.number, column_number(place[1]), _attributes(match), match[2] or b"")


def _attributes(match: re.Match[bytes]) -> bytes:
    return match[1].removesuffix(b"/").rstrip() if match[2] is None else match[1].rstrip()


def each_formula_cell(data: bytes, visit: Callable[[CellXml], CellXml | None]) -> bytes:
    """The data with those cells with formulas replaced for which ``visit`` gives another one."""

    def one(match: re.Match[bytes]) -> bytes:
        place = _PLACE.search(match[1])
        assert place is not None
        column = column_number(place[1])
        new = visit(CellXml(int(place[2]), column, match[1].rstrip(), match[2]))
        return match[0] if new is None else new.written()

    return _FORMULA_CELL.sub(one, data)


def each_cell_placed(data: bytes, place: Callable[[int], int], visit: Visit | None) -> bytes:
    """The data with each cell in another column of its row.

    :param place: the column a cell goes to, by its own; 0 is none
    :param visit: gives what is to stand behind a cell, by its column and attributes
    """
    names: dict[bytes, bytes] = {}

    def one(match: re.Match[bytes]) -> bytes:
        found = _PLACE.search(match[1])
        assert found is not None
        letters = found[1]
        if letters not in names:
            names[letters] = column_letters(place(column_number(letters)))
        new, text = names[letters], match[0]
        start = match.start(1) - match.start() + found.start(1)
        moved = text[:start] + new + text[start + len(letters) :] if new else b""
        return moved + visit(column_number(letters), match[1]) if visit else moved

    return _CELL.sub(one, data)


Visit: TypeAlias = Callable[[int, bytes], bytes]
_NUMBERS: dict[bytes, int] = {}
_LETTERS: dict[int, bytes] = {}


def column_number(letters: bytes) -> int:
    """26 of b"Z"."""
    found = _NUMBERS.get(letters)
    if found is None:
        found = 0
        for code in letters:
            found = found * 26 + code - 64
        _NUMBERS[letters] = found
    return found


def column_letters(number: int) -> bytes:
    """b"Z" of 26."""
    found = _LETTERS.get(number)
    if found is None:
        rest, found = number, b""
        while rest:
            rest, digit = divmod(rest - 1, 26)
            found = bytes([65 + digit]) + found
        _LETTERS[number] = found
    return found


# Formulas ---------------------------------------------------------------------


@dataclass
class FormulaXml:
    """The ``f`` element of a cell: attributes as bytes, and its text."""

    attributes: bytes
    text: str

    def get(self, name: str) -> str:
        """An attribute, "" if it isn't there."""
        match = re.search(rb"\b" + name.encode() + rb'="([^"]*)"', self.attributes)
        return unescaped(match[1]) if match else ""

    def set(self, name: str, value: str) -> None:
        """Change, add or (with "") remove an attribute."""
        pattern = rb"\s" + name.encode() + rb'="[^"]*"'
        self.attributes = re.sub(pattern, b"", self.attributes)
        if value:
            self.attributes += f' {name}="{_escape(value, {chr(34): "&quot;"})}"'.encode()

    def written(self) -> bytes:
        head = b"<f" + self.attributes
        return head + (b">" + escape(self.text).encode() + b"</f>" if self.text else b"/>")


def formula_of(content: bytes) -> FormulaXml | None:
    """The formula in a cell's content."""
    match = _FORMULA.search(content)
    if match is None:
        return None
    return FormulaXml(match[1].rstrip(), unescaped(match[2] or b""))


def with_formula(content: bytes, formula: FormulaXml) -> bytes:
    """A cell's content with another formula."""
    return _FORMULA.sub(lambda _: formula.written(), content, count=1)


def escape(text: str) -> str:
    """The text as it stands in XML."""
    return _escape(text, {"\r": "&#13;"})


def unescaped(text: bytes) -> str:
    """The text that stands in XML."""
    decoded = text.decode()
    return _ENTITY.sub(_character, decoded) if "&" in decoded else decoded


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _NAMED[name]
    return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))
