"""Rules that hold for all rows of a list or table hold for rows that are added to it, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import find_region
from service.operations.table_growth import grown_reference, is_room
from service.workbook import attached_rules
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.rules import changes
from service.workbook.rules.found import rules_of
from service.workbook.sums import totals_row
from service.workbook.tables.view import View

MOST_TOLD = 8


@dataclass(frozen=True)
class Rows:
    """Rows of data that are to be followed by more.

    :param table: whether they are a table's
    """

    area: Area
    table: bool = True


def rows_before(book: Book, sheet: Worksheet, area: Area) -> list[Rows]:
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
    return [Rows(body, table=False)] if touches and under and body.rows > 0 else []


def _rows_of_tables(sheet: Worksheet, area: Area) -> Iterator[Rows]:
    for table in sheet.tables.values():
        view = View(sheet, table)
        grows = grown_reference(str(table.ref), area) != str(table.ref)
        if not view.totals and grows:
            yield Rows(view.data)
        elif view.totals and is_room(sheet, view.area, area):
            yield Rows(replace(view.data, last_row=area.first_row - 1))


def grow_rules(book: Book, sheet: Worksheet, before: list[Rows], last: int) -> list[str]:
    """Let the rules go on to the row ``last``; notes of which did.

    Call it inside ``book.changing()``, after the write: a last row that sums the others up
    is none of theirs.
    """
    notes = []
    for rows in before:
        body = rows.area
        whole = replace(body, last_row=last)
        end = last - bool(totals_row(sheet, whole))
        if end <= body.last_row:
            continue
        grown = attached_rules.growing(rules_of(sheet, book.xl.epoch), body, end)
        longer = attached_rules.stretching(sheet.title, sheet.title, body, end)
        for item, _ in grown:
            changes.reformulated(item, longer)
        changes.set_cells(sheet, grown)
        notes += _told("Rules went on over", [f"{item.kind} {_cells(at)}" for item, at in grown])
        notes += _told("These read", _stretched(book, sheet, body, end) if rows.table else [])
    return notes


def _stretched(book: Book, sheet: Worksheet, body: Area, last: int) -> list[str]:
    """Let rules that read all rows of a table's columns, such as lists of entries, read the new."""
    told = []
    for home in book.xl.worksheets:
        longer = attached_rules.stretching(home.title, sheet.title, body, last)
        items = [i for i in rules_of(home, book.xl.epoch) if changes.reformulated(i, longer)]
        changes.set_cells(home, [(item, item.areas) for item in items])
        told += [f"{item.kind} {home.title}!{_cells(item.areas)}" for item in items]
    return told


def _told(what: str, rules: list[str]) -> list[str]:
    which = list(dict.fromkeys(rules))
    more = f" and {len(which) - MOST_TOLD} more" if len(which) > MOST_TOLD else ""
    return [f"{what} the new rows: {', '.join(which[:MOST_TOLD])}{more}."] if which else []


def _cells(areas: list[Area]) -> str:
    return ",".join(map(str, areas))[:60]
