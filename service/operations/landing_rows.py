"""Rows of a very large result as the bytes of its sheet; only the first are made into cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from openpyxl.cell.cell import Cell
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.bulk import sheet_parts
from service.workbook.keeping.loader import LAZY_FROM
from service.workbook.package.opc import Draft
from service.workbook.result_sets import Value
from service.workbook.row_bytes import WRAPPED, Column, continued, style_number

_MOMENTS = (dt.date, dt.time, dt.timedelta)


def go_as_bytes(columns: Sequence[Sequence[Value]], area: Area) -> bool:
    """Whether that many values, which begin in the first column of a new sheet, go as bytes."""
    return area.cells >= LAZY_FROM and area.first_column == 1 and not any(map(_mixed, columns))


def _mixed(values: Sequence[Value]) -> bool:
    """Whether a column has both truth values and numbers, which are equal to each other."""
    types = set(map(type, values))
    return bool in types and bool(types & {int, float})


def add_rows(
    book: Book,
    sheet: Worksheet,
    columns: Sequence[Sequence[Value]],
    looks: Sequence[Cell | None],
    area: Area,
) -> None:
    """Put rows below those that a new sheet has. Call it inside ``book.changing()``.

    :param columns: their values
    :param looks: a cell with the format of each column; None for the usual one
    :param area: what is filled then
    """
    rows = [
        Column(_stored(values, book), style_number(sheet, look), style_number(sheet, look, WRAPPED))
        for values, look in zip(columns, looks, strict=True)
    ]
    first_row = area.last_row - len(columns[0]) + 1
    draft = Draft(book.draft(book.calculation.known).saved())
    part = sheet_parts(draft.package)[sheet.title]
    whole = Area(1, 1, area.last_row, area.last_column)
    book.restructured(continued(draft, part, rows, first_row, whole), lambda address: address)


def _stored(values: Sequence[Value], book: Book) -> Sequence[Value]:
    """The values with the numbers of days and times in their places."""
    if not any(issubclass(kind, _MOMENTS) for kind in set(map(type, values))):
        return values
    moments = {value for value in values if isinstance(value, _MOMENTS)}
    serials = {value: to_excel(value, book.xl.epoch) for value in moments}
    return [serials[v] if isinstance(v, _MOMENTS) else v for v in values]
