"""What data_range names: a range, a table, or cells that have a name."""

from __future__ import annotations

import re

from openpyxl.utils import quote_sheetname

from service.workbook.areas import parse_area
from service.workbook.book import Book

_NAME = re.compile(r"^[^\W\d][\w.\\]*$")


def resolved(book: Book, text: str) -> str:
    """The range that a table's or a defined name stands for, with its sheet; others as they are.

    A table is taken with its headers and without its row of totals.
    """
    name = text.strip().lower()
    if not _NAME.match(name):
        return text
    for sheet in book.xl.worksheets:
        for table in sheet.tables.values():
            if table.displayName.lower() == name:
                area = parse_area(table.ref, book.used_area(sheet))
                area = area.top(area.rows - (table.totalsRowCount or 0))
                return f"{quote_sheetname(sheet.title)}!{area}"
    for names in (*(sheet.defined_names for sheet in book.xl.worksheets), book.xl.defined_names):
        for known, found in names.items():
            meant = (found.attr_text or "").removeprefix("=").replace("$", "")
            if known.lower() == name and "!" in meant and "(" not in meant:
                return meant
    return text
