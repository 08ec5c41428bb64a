"""Cells that are named by the header of their column."""

from __future__ import annotations

import re
from dataclasses import replace

from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import Region, find_region, header_names
from service.workbook.areas import Area, one_sheet, split_sheet
from service.workbook.book import Book
from service.workbook.named_areas import named_area
from service.workbook.tables.view import View


def headed(book: Book, sheet: Worksheet, text: str, *, totals: bool = False) -> Area | None:
    """The cells under the header of that text, unless it is a reference.

    :param totals: with the cell in a table's row of totals
    """
    if re.match(r"^\$?[A-Za-z]{1,3}\$?\d+(:|$)", text) or ":" in text or "," in text:
        return None
    region = find_region(book, sheet)
    if region is None or not region.has_headers or region.area.rows < 2:
        return None
    names = [name.strip().lower() for name in header_names(book, sheet, region)]
    wanted = text.strip().lower()
    if names.count(wanted) != 1:
        return None
    column = region.body.column(names.index(wanted))
    last = region.area.last_row if totals else last_row(sheet, region)
    return Area(column.first_row, column.first_column, last, column.last_column)


def column_of(
    book: Book, sheet: str, text: str, *, totals: bool = False
) -> tuple[Worksheet, Area] | None:
    """The sheet and cells of a column that is named by its header; names of cells go first.

    :param totals: with the cell in a table's row of totals
    """
    named, reference = split_sheet(text)
    if not reference or named_area(book.xl, reference, named or sheet) is not None:
        return None
    worksheet = book.sheet(one_sheet(sheet, text))
    column = headed(book, worksheet, reference, totals=totals)
    return None if column is None else (worksheet, column)


def range_of(book: Book, sheet: str, text: str, *, heads: bool = False) -> tuple[Worksheet, Area]:
    """The sheet and area of a range, also of one that is named by the header of a column.

    :param heads: with that header
    """
    found = column_of(book, sheet, text)
    if found is None:
        return book.sheet_and_area(sheet, text)
    worksheet, column = found
    return worksheet, replace(column, first_row=column.first_row - heads)


def header_letter(book: Book, sheet: Worksheet, text: str) -> str:
    """The letters of the column with that header; the text itself where there is none such.

    Letters of a column that is in use are those, whatever the headers are.
    """
    used = book.used_area(sheet)
    if re.fullmatch(r"[A-Za-z]{1,3}", text) and column_index_from_string(text) <= used.last_column:
        return text
    column = headed(book, sheet, text)
    return text if column is None else str(get_column_letter(column.first_column))


def last_row(sheet: Worksheet, region: Region) -> int:
    """The last row of the sheet's data, without the totals of a table."""
    views = [View(sheet, table) for table in sheet.tables.values()]
    totals = any(view.totals and view.area.last_row == region.area.last_row for view in views)
    return region.area.last_row - totals
