"""Rows of a very large table as the rows of a sheet, without a cell being made of any of them.

Ten million cells in an editor take gigabytes and minutes. Their texts in columns take a twentieth,
and the bytes of rows are made of them when they are asked for.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from isal import isal_zlib
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from service import progress
from service.workbook.areas import Area
from service.workbook.bulk import BulkSheet
from service.workbook.column_types import Decision
from service.workbook.keeping.cell_xml import stored
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.package.opc import Draft, Package
from service.workbook.text_table import TextTable
from service.workbook.texts import inline_string

_AT_ONCE = 10_000  # rows
_PLAIN = re.compile(r"[^&<>_\s\x00-\x1f](?:[^&<>_\r\n\t]*[^&<>_\s\x00-\x1f])?")
_BLANK = re.compile(r'<c r="[A-Z]+\d+"/>')
# Of texts with line breaks.
WRAPPED = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True)
class Column:
    """The values of a column below those that the sheet has already.

    :param values: str, int, float, bool, date, datetime or None
    :param style: number of the cells' format; ``wrapped`` of those whose text has line breaks
    """

    values: Sequence[Any]
    style: int
    wrapped: int


@dataclass(frozen=True)
class Look:
    """How a column's values are told and shown.

    :param style: number of the cells' format; ``wrapped`` of those whose text has line breaks
    """

    decision: Decision
    style: int
    wrapped: int


@dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of a table from one on, as those of a sheet; see ``keeping.held_rows.RowSource``.

    :param start: the first of them, counted from 0
    :param first_row: where that stands in the sheet
    :param packed: the XML of stretches of rows, as far as it was made
    """

    table: TextTable
    looks: list[Look]
    start: int
    first_row: int
    packed: dict[int, bytes] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.table.count - self.start

    def xml(self, first: int, last: int) -> Iterator[bytes]:
        begin = first
        while begin < last:
            end = min(begin - begin % _AT_ONCE + _AT_ONCE, last)
            yield self._piece(begin, end)
            begin = end

    def _piece(self, first: int, last: int) -> bytes:
        """The XML of rows; of many it is kept, packed, as the next saving needs it again."""
        if last - first < _AT_ONCE:
            return self._made(first, last)
        packed = self.packed.get(first)
        if packed is not None:
            return isal_zlib.decompress(packed)
        progress.tell("writing", first, self.count)
        made = self._made(first, last)
        self.packed[first] = isal_zlib.compress(made, 1)
        return made

    def _made(self, first: int, last: int) -> bytes:
        values = self._values(first, last)
        columns = [
            Column(held, look.style, look.wrapped)
            for held, look in zip(values, self.looks, strict=True)
        ]
        return b"".join(_rows(columns, self.first_row + first))

    def _values(self, first: int, last: int) -> list[list[Any]]:
        first, last = first + self.start, last + self.start
        pairs = enumerate(self.looks)
        return [self.table.values(i, look.decision, first, last) for i, look in pairs]

    def filled(self, offset: int, size: int) -> list[int]:
        return self.table.filled(self.start, offset, size)

    def edges(self) -> tuple[array[int], array[int]]:
        return self.table.edges(self.start)

    def put_into(self, sheet: BulkSheet) -> None:
        with progress.doing("loading"):
            for begin in range(0, self.count, _AT_ONCE):
                progress.tell("loading", begin, self.count)
                self._put_some_into(sheet, begin, min(begin + _AT_ONCE, self.count))

    def _put_some_into(self, sheet: BulkSheet, first: int, last: int) -> None:
        held = iter(self._values(first, last))
        for column in sheet.columns:
            column.extend(repeat("", self.first_row - 1 + first - len(column)))
            values = next(held, None) or repeat(None, last - first)
            column.extend(["" if value is None else value for value in values])

    def same_as(self, other: object) -> bool:
        return isinstance(other, TableRows) and self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        looks = [(look.decision.kind, look.style, look.wrapped) for look in self.looks]
        return self.start, self.first_row, looks, self.table.print


def style_number(sheet: Worksheet, look: Cell | None, alignment: Alignment | None = None) -> int:
    """The number that a cell's format has in the workbook.

    :param look: a cell with that format; None for the usual one
    :param alignment: in place of its own
    """
    cell = Cell(sheet, 1, 1)
    if look is not None:
        cell._style = look._style.__copy__()
    if alignment is not None:
        cell.alignment = alignment
    return int(cell.style_id)


def continued(
    draft: Draft, part: str, columns: list[Column], first_row: int, area: Area
) -> Package:
    """The package of a draft with more rows at the end of a sheet.

    :param first_row: of the new rows
    :param area: what the sheet holds then
    """
    sheet = SheetXml.split(draft.read(part))
    head = sheet.covering(area)
    draft.write(part, chain([head, sheet.rows], _rows(columns, first_row), [sheet.tail]))
    return draft.saved()


def _rows(columns: list[Column], first_row: int) -> Iterator[bytes]:
    total = len(columns[0].values)
    letters = [get_column_letter(number + 1) for number in range(len(columns))]
    # The number of the row stands between the pieces, so one join makes a row.
    after = [f'<c r="{letter}' for letter in letters[1:]] + ["</row>"]
    start = f'"><c r="{letters[0]}'
    for begin in range(0, total, _AT_ONCE):
        pieces = [
            _pieces(column, begin, ending) for column, ending in zip(columns, after, strict=True)
        ]
        rows = enumerate(zip(*pieces, strict=True), start=first_row + begin)
        text = "".join([str(number).join(('<row r="', start, *row)) for number, row in rows])
        if any(None in column.values[begin : begin + _AT_ONCE] for column in columns):
            text = _BLANK.sub("", text)
        yield text.encode()


def _pieces(column: Column, begin: int, ending: str) -> Iterable[str]:
    """What follows the row's number in the cells of a column, up to the next number."""
    values = column.values[begin : begin + _AT_ONCE]
    if set(map(type, values)) <= {int, float}:
        before = f'" s="{column.style}"><v>' if column.style else '"><v>'
        return [f"{before}{value!r}</v></c>{ending}" for value in values]
    known = {value: _content(value, column) + ending for value in set(values)}
    return [known[value] for value in values]


def _content(value: object, column: Column) -> str:
    if value is None:
        return '"/>'
    style = f' s="{column.style}"' if column.style else ""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            return f'"{style} t="inlineStr"><is><t>{value}</t></is></c>'
        style = f' s="{column.wrapped}"' if "\n" in value else style
        return f'"{style} t="inlineStr">{tostring(inline_string(value)).decode()}</c>'
    if isinstance(value, dt.date):
        value = to_excel(value)
    kind, text = stored(value)
    told = f' t="{kind}"' if kind else ""
    return f'"{style}{told}><v>{text}</v></c>'
