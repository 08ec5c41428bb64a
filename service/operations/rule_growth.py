"""Rules that hold for all rows of a list or table hold for rows that are added to it, too."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import find_region
from service.operations.table_growth import grown_reference
from service.workbook import attached_rules
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.rules import changes
from service.workbook.rules.found import rules_of
from service.workbook.sums import totals_row
from service.workbook.tables.view import View

MOST_TOLD = 8


def rows_before(book: Book, sheet: Worksheet, area: Area) -> list[Area]:
    """The rows of data under which a write into ``area`` puts more: tables', or the list's.

    Ask before the write.
    """
    found = list(_rows_of_tables(sheet, area))
    region = find_region(book, sheet)
    if found or region is None:
        return found
    # Where no header was recognised, a rule may leave the first row out all the same.
    body = region.body if region.has_headers or region.area.rows < 3 else region.area.below(1)
    touches = area.first_column <= body.last_column and body.first_column <= area.last_column
    under = area.first_row <= body.last_row + 1 <= area.last_row
    return [body] if touches and under and body.rows > 0 else []


def _rows_of_tables(sheet: Worksheet, area: Area) -> Iterator[Area]:
    for table in sheet.tables.values():
        grows = grown_reference(str(table.ref), area) != str(table.ref)
        if grows and not table.totalsRowCount:
            yield View(sheet, table).data


def grow_rules(book: Book, sheet: Worksheet, before: list[Area], last: int) -> list[str]:
    """Let the rules go on to the row ``last``; a note of which did.

    Call it inside ``book.changing()``, after the write: a last row that sums the others up
    is none of theirs.
    """
    told = []
    for body in before:
        whole = Area(body.first_row, body.first_column, last, body.last_column)
        end = last - bool(totals_row(sheet, whole))
        grown = attached_rules.growing(rules_of(sheet, book.xl.epoch), body, end)
        changes.set_cells(sheet, grown)
        told += [f"{item.kind} {_cells(areas)}" for item, areas in grown]
    if not told:
        return []
    which = list(dict.fromkeys(told))
    more = f" and {len(which) - MOST_TOLD} more" if len(which) > MOST_TOLD else ""
    return [f"Rules went on over the new rows: {', '.join(which[:MOST_TOLD])}{more}."]


def _cells(areas: list[Area]) -> str:
    return ",".join(map(str, areas))[:60]
