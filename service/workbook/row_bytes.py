"""Rows of a very large table as the bytes of a sheet, without a cell being made of any of them.

Ten million cells in an editor take gigabytes and minutes. Their bytes take a twentieth, and an
opened workbook keeps its rows as bytes anyway until somebody asks for them (keeping/lazy.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.xml.functions import tostring

from service import progress
from service.workbook.areas import Area
from service.workbook.keeping.cell_xml import stored
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.package.opc import Draft, Package
from service.workbook.texts import inline_string

_AT_ONCE = 20_000  # rows
_PLAIN = re.compile(r"[^&<>_\s\x00-\x1f](?:[^&<>_\r\n\t]*[^&<>_\s\x00-\x1f])?")
_BLANK = re.compile(r'<c r="[A-Z]+\d+"/>')
_DIMENSION = re.compile(rb'(<dimension ref=")[^"]*"')


@dataclass(frozen=True)
class Column:
    """The values of a column below those that the sheet has already.

    :param values: str, int, float, bool, date, datetime or None
    :param style: number of the cells' format; ``wrapped`` of those whose text has line breaks
    """

    values: Sequence[Any]
    style: int
    wrapped: int


def continued(
    draft: Draft, part: str, columns: list[Column], first_row: int, area: Area
) -> Package:
    """The package of a draft with more rows at the end of a sheet.

    :param first_row: of the new rows
    :param area: what the sheet holds then
    """
    sheet = SheetXml.split(draft.read(part))
    head = _DIMENSION.sub(rb"\g<1>%s" % f'{area}"'.encode(), sheet.head)
    draft.write(part, chain([head, sheet.rows], _rows(columns, first_row), [sheet.tail]))
    return draft.saved()


def _rows(columns: list[Column], first_row: int) -> Iterator[bytes]:
    total = len(columns[0].values)
    letters = [get_column_letter(number + 1) for number in range(len(columns))]
    # The number of the row stands between the pieces, so one join makes a row.
    after = [f'<c r="{letter}' for letter in letters[1:]] + ["</row>"]
    start = f'"><c r="{letters[0]}'
    for begin in progress.each("writing", range(0, total, _AT_ONCE)):
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
