"""Rows of which the first are XML and others that are made when asked for."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Protocol

from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.bulk import BulkSheet
from service.workbook.keeping.cells import CellReader
from service.workbook.keeping.lazy import Chunk, LazyCells, Rows
from service.workbook.keeping.loader import Memory
from service.workbook.keeping.sheet_xml import SheetXml


class RowSource(Protocol):
    """Rows one below the other, each of which has a value."""

    @property
    def first_row(self) -> int:
        """The number of the first one."""

    @property
    def count(self) -> int:
        """How many there are."""

    def xml(self, first: int, last: int) -> Iterator[bytes]:
        """The XML of some of them, from one up to another (both from 0)."""

    def filled(self, offset: int, size: int) -> list[int]:
        """How many cells with a value each block of them has; the first has ``offset`` less."""

    def edges(self) -> tuple[array[int], array[int]]:
        """The first and the last column with a value in each of them."""

    def put_into(self, sheet: BulkSheet) -> None:
        """Put their values behind those of the rows above."""

    def same_as(self, other: object) -> bool:
        """Whether another one gives the same rows."""


class HeldRows(Rows):
    """The rows of a sheet's part, and those that follow them."""

    held = True

    def __init__(self, sheet: SheetXml, source: RowSource) -> None:
        super().__init__(sheet)
        self.front, self.source = len(self.numbers), source
        self.numbers.extend(range(source.first_row, source.first_row + source.count))

    @property
    def content(self) -> tuple[object, ...]:
        return *super().content, self.source

    def stretch(self, first: int, last: int) -> Iterator[Chunk]:
        yield from super().stretch(first, min(last, self.front))
        if last > self.front:
            yield from self.source.xml(max(first - self.front, 0), last - self.front)

    def row_bytes(self, place: int) -> bytes:
        return b"".join(self.stretch(place, place + 1))

    def counted(self, mark: bytes, size: int) -> array[int]:
        counts = array("l", bytes(8 * -(-len(self.numbers) // size)))
        for block in range(-(-self.front // size)):
            rows = self.stretch(block * size, min((block + 1) * size, self.front))
            counts[block] = sum(self.count(bytes(chunk), mark) for chunk in rows)
        if mark == b"c":
            block, offset = divmod(self.front, size)
            for number, more in enumerate(self.source.filled(offset, size), start=block):
                counts[number] += more
        return counts

    @cached_property
    def _edges(self) -> tuple[array[int], array[int]]:
        return self.source.edges()

    @cached_property
    def last_columns(self) -> array[int]:
        front = [self._last_column(*self.bounds(place)) for place in range(self.front)]
        return array("H", chain(front, self._edges[1]))

    def first_column(self, place: int) -> int:
        if place < self.front:
            return super().first_column(place)
        return self._edges[0][place - self.front]

    def same_as(self, other: Rows) -> bool:
        alike = isinstance(other, HeldRows) and super().same_as(other)
        return alike and self.source.same_as(other.source)  # type: ignore[attr-defined]


def continue_sheet(sheet: Worksheet, memory: Memory, source: RowSource, area: Area) -> None:
    """Let the rows of a source follow those that a sheet has in its part.

    :param area: what the sheet holds then
    """
    xml = SheetXml.split(memory.package.read(memory.sheets[sheet].part))
    head = xml.covering(Area(1, 1, area.last_row, area.last_column))
    parser = WorkSheetParser(
        None, [], epoch=sheet.parent.epoch, date_formats=sheet.parent._date_formats,
        timedelta_formats=sheet.parent._timedelta_formats,
    )  # fmt: skip
    reader = CellReader(sheet, parser, rows_known=True)
    sheet._cells = LazyCells(HeldRows(replace(xml, head=head), source), reader.read)
    sheet._current_row = area.last_row
    memory.sheets[sheet].cells = 0


def held_bulk(sheet: Worksheet) -> BulkSheet | None:
    """The values of a sheet of such rows, as they came; None of any other sheet."""
    cells = sheet._cells
    if not isinstance(cells, LazyCells) or not isinstance(cells.rows, HeldRows):
        return None
    rows = cells.rows
    bulk = BulkSheet(sheet.title, 1, [[] for _ in range(max(rows.last_columns, default=0))])
    width = range(1, len(bulk.columns) + 1)
    for row in rows.numbers[: rows.front]:
        for column in width:
            cell = cells.get((row, column))
            value = None if cell is None else cell._value
            bulk.put(row, column, "" if value is None else value)
    rows.source.put_into(bulk)
    return bulk
