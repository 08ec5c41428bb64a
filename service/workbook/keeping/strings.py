"""A long table of shared strings, of which those are read that are asked for."""

from __future__ import annotations

import re
from typing import IO

from openpyxl.cell.rich_text import CellRichText

from service.workbook.keeping.sheet_xml import as_utf8
from service.workbook.package.opc import parse
from service.workbook.texts import read_string

_ITEM = re.compile(rb"<(?:\w+:)?si\b[^>]*>")
_ROOT = re.compile(rb"<(?:\w+:)?sst\b[^>]*>")


class LazyStrings:
    """The strings by their numbers, as openpyxl's reader of sheets asks for them."""

    def __init__(self, source: IO[bytes]) -> None:
        self._data = as_utf8(source.read())
        root = _ROOT.search(self._data)
        if root is None:
            raise ValueError("the shared strings have no root element")
        self._root = root.group()
        self._starts = [match.start() for match in _ITEM.finditer(self._data)]
        self._starts.append(self._data.rfind(b"</"))
        self._known: dict[int, str | CellRichText] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str | CellRichText:
        found = self._known.get(number)
        if found is None:
            if not 0 <= number < len(self):
                raise IndexError(f"there is no shared string {number}")
            item = self._data[self._starts[number] : self._starts[number + 1]]
            name = self._root[1:].split(b" ")[0].rstrip(b">")
            root = parse(b"".join([self._root, item, b"</", name, b">"]))
            found = self._known[number] = read_string(root[0])
        return found
