"""Whole rows of a range: sort them, remove those that are there already."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.layout import find_region
from service.operations.registry import Answer
from service.operations.transform.columns import (
    asked_columns,
    column_named,
    headers_of,
    refuse_table_edges,
    values_of,
    with_direction,
    with_header,
)
from service.operations.transform.options import Task
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.contents import (
    Content,
    put,
    refuse_arrays,
    refuse_merged,
    table_areas,
    taken,
)
from service.workbook.geometry import hidden_lines
from service.workbook.references.text import Range
from service.workbook.sums import totals_row

Key: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Block:
    """The rows of a range that are rows of data.

    :param body: without headers and totals
    :param header_row: the row of the headers, 0 for none
    """

    body: Area
    header_row: int
    totals: int = 0


def block_of(task: Task) -> Block:
    """The rows of data in the range of a task.

    :raises InvalidRange: if there are none, or something in the way
    """
    area = task.area
    used = task.ctx.book.used_area(task.sheet)
    area = replace(area, last_row=max(area.first_row, min(area.last_row, used.last_row)))
    header = area.first_row if with_header(task, area) else 0
    body = area.below(1) if header else area
    header = header or _header_above(task, body)
    totals = totals_row(task.sheet, body) if body.rows > 1 else 0
    body = body.top(body.rows - 1) if totals else body
    if body.rows < 1:
        raise InvalidRange(f"{area} on {task.sheet.title} has no rows of data.", "Name more rows.")
    refuse_merged(task.sheet, body)
    refuse_arrays(task.sheet, body)
    refuse_table_edges(task.sheet, area, "Rearranging rows of")
    _refuse_headers_inside(task.sheet, body)
    if not task.options.force:
        _refuse_torn(task.ctx.book, task.sheet, body)
    return Block(body, header, totals)


def _header_above(task: Task, body: Area) -> int:
    """The row that names the columns of a range that begins under it; 0 for none."""
    for table, place in table_areas(task.sheet):
        if place.overlaps(body) and table.headerRowCount != 0 and place.first_row < body.first_row:
            return place.first_row
    region = find_region(task.ctx.book, task.sheet)
    if region is None or not region.has_headers or not region.area.overlaps(body):
        return 0
    return region.area.first_row if region.area.first_row < body.first_row else 0


def _refuse_headers_inside(sheet: Worksheet, body: Area) -> None:
    for table, place in table_areas(sheet):
        if place.overlaps(body) and table.headerRowCount != 0 and body.first_row <= place.first_row:
            raise InvalidRange(
                f"{body} holds the header row of the table {table.displayName} ({place}).",
                "Leave options.header out, or begin under the header row.",
            )


def _refuse_torn(book: Book, sheet: Worksheet, body: Area) -> None:
    """Refuse rows that are taken from the cells beside them."""
    region = find_region(book, sheet)
    tables = [area for _, area in table_areas(sheet)]
    blocks = [area for area in tables if area.overlaps(body)]
    if not blocks and region is not None and region.area.overlaps(body):
        blocks = [region.area]
    for block in blocks:
        if body.first_column > block.first_column or body.last_column < block.last_column:
            whole = Area(body.first_row, block.first_column, body.last_row, block.last_column)
            raise InvalidRange(
                f"{body} is a part of the rows of {block}: their other cells would stay behind.",
                f"Send range {whole} for whole rows, or force=true to rearrange these cells alone.",
            )


# Sorting ----------------------------------------------------------------------


def sort(task: Task) -> Answer:
    """Sort rows by the values of columns; formulas are copied to their new rows."""
    sheet = task.sheet
    asked = asked_columns(task.needed("by", 'the columns to sort by, such as ["Amount desc"]'))
    block = block_of(task)
    body = block.body
    keys = [with_direction(text) for text in asked]
    columns = [(column_named(sheet, body, block.header_row, n), desc) for n, desc in keys]
    hidden = hidden_lines(sheet)[0]
    rows = [r for r in range(body.first_row, body.last_row + 1) if r not in hidden]
    order = _order(task, rows, columns)
    moved = sum(row != place for row, place in zip(order, rows, strict=True))
    result: dict[str, Any] = {
        "sorted": str(body),
        "by": [_told(sheet, body, block, *column) for column in columns],
        "rows": len(rows),
        "rows_moved": moved,
    }
    notes = _kept_notes(block, body.rows - len(rows))
    if notes:
        result["notes"] = notes
    if not moved:
        return Answer(result, sheet=sheet.title, changed=False)
    contents = _contents(sheet, body, order)
    heights = [_height(sheet, row) for row in order]
    with task.ctx.book.changing():
        _put_rows(sheet, body, rows, contents)
        for row, height in zip(rows, heights, strict=True):
            if height is not None or row in sheet.row_dimensions:
                sheet.row_dimensions[row].height = height
    return Answer(result, sheet=sheet.title)


def _height(sheet: Worksheet, row: int) -> float | None:
    found = sheet.row_dimensions.get(row)
    return None if found is None else found.height


def _told(sheet: Worksheet, body: Area, block: Block, column: int, descending: bool) -> str:
    names = headers_of(sheet, body, block.header_row) if block.header_row else []
    letter = Area(1, column, 1, column)
    name = names[column - body.first_column] if names else ""
    return (name or str(letter).rstrip("1")) + (" desc" if descending else " asc")


def _kept_notes(block: Block, hidden: int) -> list[str]:
    notes = []
    if block.totals:
        notes.append(f"Row {block.totals} sums up the others and stays at the end.")
    if hidden:
        notes.append(f"{counted(hidden, 'hidden row')} stayed in place, as in Excel.")
    return notes


def _order(task: Task, rows: list[int], columns: list[tuple[int, bool]]) -> list[int]:
    """The rows in their new order; rows that are equal keep theirs."""
    order = list(rows)
    custom = task.options.order
    for number, (column, descending) in reversed(list(enumerate(columns))):
        values = _column(task, rows, column)
        listed_ = {_fold(v): n for n, v in enumerate(custom)} if custom and not number else None
        keys = {
            row: _key(value, bool(task.options.match_case), task, listed_)
            for row, value in zip(rows, values, strict=True)
        }
        blanks = [row for row in order if keys[row] == _BLANK]
        filled = [row for row in order if keys[row] != _BLANK]
        filled.sort(key=keys.__getitem__, reverse=descending)  # stays stable when reversed
        order = filled + blanks
    return order


_BLANK: Key = (9,)


def _column(task: Task, rows: Sequence[int], column: int) -> list[object]:
    found = [task.ctx.book.cell(task.sheet, row, column) for row in rows]
    return values_of(task.ctx, found)


def _key(value: object, case: bool, task: Task, order: dict[object, int] | None) -> Key:
    """Numbers and dates, then texts, then FALSE and TRUE, then errors; blanks are at the end."""
    if value is None or value == "":
        return _BLANK
    if order is not None:
        place = order.get(_fold(value))
        if place is not None:
            return (0, place)
    if isinstance(value, bool):
        return (3, value)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        value = to_excel(value, task.ctx.book.xl.epoch)
    if isinstance(value, int | float):
        return (1, value)
    text = str(value)
    if cells.kind_of(text) == "error":
        return (4,)
    return (2, *_text_key(text, case))


def _text_key(text: str, case: bool) -> Key:
    folded = unicodedata.normalize("NFKD", text.casefold())
    base = "".join(c for c in folded if not unicodedata.combining(c))
    return (base, folded, text.swapcase()) if case else (base, folded)


def _fold(value: object) -> object:
    """What counts as the same value: texts without regard to case, dates as people write them."""
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return cells.shown(value)
    if isinstance(value, str):
        return value.strip().casefold()
    return (type(value) is bool, value)


def _contents(sheet: Worksheet, body: Area, rows: Sequence[int]) -> list[list[Content]]:
    columns = range(body.first_column, body.last_column + 1)
    return [[taken(sheet, row, column) for column in columns] for row in rows]


def _put_rows(
    sheet: Worksheet, body: Area, rows: Sequence[int], contents: list[list[Content]]
) -> None:
    for row, line in zip(rows, contents, strict=True):
        for column, content in enumerate(line, body.first_column):
            if row != content.row:
                put(sheet, row, column, content)


# Duplicates -------------------------------------------------------------------


def remove_duplicates(task: Task) -> Answer:
    """Remove rows whose values are those of a row above; the rows below move up."""
    sheet = task.sheet
    block = block_of(task)
    body = block.body
    asked = asked_columns(task.options.by)
    names = [column_named(sheet, body, block.header_row, name) for name in asked]
    columns = names or list(range(body.first_column, body.last_column + 1))
    rows = list(range(body.first_row, body.last_row + 1))
    kept, gone = _told_apart(task, rows, columns)
    result: dict[str, Any] = {
        "removed": len(gone),
        "kept": len(kept),
        "range": str(body),
        "removed_rows": gone[:20],
    }
    if block.totals and gone:
        raise InvalidRange(
            f"Row {block.totals} under the rows sums them up; {counted(len(gone), 'row')} would "
            "be removed above it.",
            f"Remove them with edit_excel_sheet delete_rows: rows {gone[:20]}.",
        )
    if not gone:
        return Answer(result, sheet=sheet.title, changed=False)
    if not kept:
        raise InvalidParameters("No row would be left.", "Name other columns.")
    contents = _contents(sheet, body, kept)
    with task.ctx.book.changing():
        _put_rows(sheet, body, rows[: len(kept)], contents)
        for row in rows[len(kept) :]:
            for column in range(body.first_column, body.last_column + 1):
                put(sheet, row, column, Content(row, column))
        _shrink(sheet, body, len(gone))
    if names:
        result["compared"] = [_told(sheet, body, block, c, False)[:-4] for c in names]
    return Answer(result, sheet=sheet.title)


def _told_apart(
    task: Task, rows: Sequence[int], columns: Sequence[int]
) -> tuple[list[int], list[int]]:
    """(rows that stay, rows that are there already above)."""
    found = [_column(task, rows, column) for column in columns]
    kept: list[int] = []
    gone: list[int] = []
    seen: set[tuple[object, ...]] = set()
    for row, values in zip(rows, zip(*found, strict=True), strict=True):
        same = tuple(_same(value, bool(task.options.match_case)) for value in values)
        (gone if same in seen else kept).append(row)
        seen.add(same)
    return kept, gone


def _same(value: object, case: bool) -> object:
    if case and isinstance(value, str):
        return value.strip()
    return None if value in (None, "") else _fold(value)


def _shrink(sheet: Worksheet, body: Area, rows: int) -> None:
    """A table or a filter over the rows ends with the last one that is left."""
    for table, place in table_areas(sheet):
        if place.overlaps(body):
            table.ref = str(replace(place, last_row=place.last_row - rows))
            if table.autoFilter is not None:
                table.autoFilter.ref = table.ref
    if sheet.auto_filter.ref:
        first, _, last = str(sheet.auto_filter.ref).partition(":")
        if last:
            found = Range.read(f"{first}:{last}").area
            if found.overlaps(body) and found.last_row == body.last_row:
                sheet.auto_filter.ref = str(replace(found, last_row=found.last_row - rows))
