"""What python-calamine does not tell of a sheet, found in the sheet's XML by searching its bytes.

A sheet's XML may have a hundred million bytes. It is not parsed: a few searches, each of which
runs over all of it in C, tell how far apart its cells are, which of them hold errors, and how
many hold formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from openpyxl.utils import column_index_from_string

from service.workbook.areas import parse_cell

Place: TypeAlias = tuple[int, int]  # row and column, both from 1

MAX_AREA = 40_000_000  # cells from the first to the last, blanks included; 24 bytes each
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?worksheet[\s>]")


class NotInBulkError(Exception):
    """The sheet can't be read in bulk; the message says why. Load the workbook instead."""


@dataclass(frozen=True)
class Gaps:
    """What a sheet holds beside the values that are told.

    :param formulas: how many cells hold formulas
    :param uncalculated: how many of these at most have no value kept with them
    :param errors: the cells that hold errors, such as "#N/A"
    :param negatives: whether there are negative numbers
    :param leap_days: whether there may be numbers from 60 up to 61, which as days are the
        29 February 1900 that only Excel knows
    """

    formulas: int
    uncalculated: int
    errors: dict[Place, str]
    negatives: bool
    leap_days: bool


class SheetSearch:
    """The XML of one worksheet, to be searched.

    :raises NotInBulkError: if it is not written as Excel and most programs write it, or if
        its cells lie so far apart that the room between them can't be filled
    """

    def __init__(self, xml: bytes) -> None:
        self._xml = xml
        root = _ROOT.search(xml, 0, 4096)
        if root is None:
            raise NotInBulkError("the sheet's XML does not start as a worksheet in UTF-8")
        self._prefix = (root[1] + b":").decode() if root[1] else ""
        if b"<!--" in xml or b"<![CDATA[" in xml:
            raise NotInBulkError("the sheet's XML holds comments or literal sections")
        self._check_places()

    def __repr__(self) -> str:
        return f"<SheetSearch {len(self._xml):,} bytes>"

    def gaps(self) -> Gaps:
        """What is not told of the sheet.

        :raises NotInBulkError: if dates are written as texts
        """
        if any(self._cells_with(b' t="d"')):
            raise NotInBulkError("dates are written as texts")
        formulas = self._count("<f") and self._count("<f>", "<f ", "<f/>")
        bare = self._count("</f></c>", "/></c>", "<v></v>") if formulas else 0
        return Gaps(
            formulas=formulas,
            uncalculated=min(bare, formulas),
            errors=dict(self._errors()),
            negatives=self._markup("<v>-") in self._xml,
            leap_days=self._markup("<v>60") in self._xml,
        )

    def numbers(self, start: str) -> Iterator[tuple[Place, float]]:
        """The cells whose stored number starts with that text, and these numbers."""
        opening, mark = self._markup("<c "), self._markup("<v>")
        for hit in self._hits(mark + start.encode()):
            place = self._place(self._xml.rfind(opening, 0, hit))
            yield place, float(self._text(hit + len(mark)))

    def _errors(self) -> Iterator[tuple[Place, str]]:
        mark = self._markup("<v>")
        for cell in self._cells_with(b' t="e"'):
            value = self._xml.find(mark, cell)
            if 0 <= value < self._xml.index(self._markup("</c>"), cell):
                yield self._place(cell), self._text(value + len(mark)).decode()

    # Searching --------------------------------------------------------------

    def _markup(self, tags: str) -> bytes:
        """Tags as this sheet writes them: with its prefix."""
        return re.sub("<(/?)", rf"<\1{self._prefix}", tags).encode()

    def _count(self, *tags: str) -> int:
        return sum(self._xml.count(self._markup(tag)) for tag in tags)

    def _hits(self, wanted: bytes) -> Iterator[int]:
        hit = self._xml.find(wanted)
        while hit >= 0:
            yield hit
            hit = self._xml.find(wanted, hit + 1)

    def _cells_with(self, attribute: bytes) -> Iterator[int]:
        """Where the cells begin that have an attribute; a text may hold the same characters."""
        opening = self._markup("<c ")
        for hit in self._hits(attribute):
            tag = self._xml.rfind(b"<", 0, hit)
            if self._xml.startswith(opening, tag) and self._xml.find(b">", tag) > hit:
                yield tag

    def _place(self, cell: int) -> Place:
        first = self._xml.index(b'r="', cell) + 3
        return parse_cell(self._xml[first : self._xml.index(b'"', first)].decode())

    def _text(self, first: int) -> bytes:
        return self._xml[first : self._xml.index(b"<", first)]

    # How far it goes ----------------------------------------------------------

    def _check_places(self) -> None:
        """Refuse cells too far apart, and cells whose place is not told at once."""
        # One search for a cell that is not near is half the price of looking at each.
        if self._other_than(rb"[A-Z][0-9]{1,6}") is None:
            return
        if self._other_than(rb"[A-Z]{1,3}[0-9]{1,7}") is not None:
            raise NotInBulkError("cells are not written with their references first")
        cell = re.escape(self._markup('<c r="'))
        columns = set(re.findall(cell + rb"([A-Z]+)", self._xml))
        rows = set(re.findall(cell + rb"[A-Z]+([0-9]+)", self._xml))
        last = max(column_index_from_string(column.decode()) for column in columns)
        if last * max(map(int, rows)) > MAX_AREA:
            raise NotInBulkError("its cells lie too far apart")

    def _other_than(self, reference: bytes) -> re.Match[bytes] | None:
        """The first cell that does not begin with such a reference."""
        cell = re.escape(self._markup("<c"))
        return re.search(cell + rb"(?=[\s/>])(?! r=\"" + reference + rb"\")", self._xml)
