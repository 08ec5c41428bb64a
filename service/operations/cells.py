"""Cells: read them page by page, write them."""

from __future__ import annotations

from collections import Counter
from copy import copy
from typing import Literal

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.context import Context
from service.operations.data import Rows, as_grid
from service.operations.fitting import show_texts
from service.operations.headed import range_of
from service.operations.layout import (
    Written,
    check_grid,
    find_region,
    header_names,
    widen_for_headers,
    write_rows,
)
from service.operations.registry import Answer, operation
from service.operations.result_formats import take_over
from service.operations.room import make_room
from service.operations.rule_growth import grow_rules, rows_before
from service.operations.stayed_text import stayed_text
from service.operations.table_growth import (
    around,
    calculated_cells,
    fill,
    grow,
    kept_formulas,
    left_out,
    notes_of,
    place_for,
    under_sums,
    under_totals,
    with_tables,
)
from service.operations.table_headers import Headers, with_headers
from service.workbook import cells
from service.workbook.areas import Area, area_at, one_sheet, parse_cell, split_sheet
from service.workbook.book import Book
from service.workbook.column_types import looks_valued
from service.workbook.structure import rename_columns

MAX_CELLS_READ = 5_000
NOT_CALCULATED = "#NOT_CALCULATED"
_range = range  # the operations have a parameter of that name


@operation(
    effect="read",
    doing="Reading {where}",
    example={"range": "A1:B4", "what": "values"},
    small="workbook sheet range what",
)
def read_excel_range(
    ctx: Context,
    sheet: str = "",
    range: str = "",
    what: Literal["values", "formulas", "formats"] = "values",
    limit: int = 100,
) -> Answer:
    """Read cells as rows: their values, formulas, or formats.

    Dates come as 2026-01-31; a text that only looks like a date, number format or formula
    comes with an apostrophe in front. Long ranges come in pages; "next_range" is the next.

    :param sheet: leave out if there is one
    :param range: "A1:D20", "A:C", a table, Sales[Amount], or a column's header; left out: all
        used cells
    :param what: values (calculated), formulas, or formats (number format, font, fill)
    :param limit: most rows to answer, 1 to 1000
    """
    if not 1 <= limit <= 1000:
        raise InvalidParameters(f"limit is {limit}; it goes from 1 to 1000.", "Read page by page.")
    worksheet, area = range_of(ctx.book, sheet, range)
    if area.columns > MAX_CELLS_READ:
        raise InvalidRange(
            f"{area} is {area.columns} columns wide; at most {MAX_CELLS_READ} are read at once.",
            "Read fewer columns.",
        )
    page = _bounded(ctx.book, worksheet, area).top(
        max(1, min(limit, MAX_CELLS_READ // area.columns))
    )
    show = {"values": _values, "formulas": _formulas, "formats": _formats}[what]
    result: dict[str, object] = {"range": str(page), **show(ctx.book, worksheet, page)}
    rest = _rest(ctx.book, worksheet, area, page)
    if rest:
        result |= {"next_range": str(rest), "remaining_rows": rest.rows}
    return Answer(result, sheet=worksheet.title)


def _bounded(book: Book, sheet: Worksheet, area: Area) -> Area:
    """The area without the rows below everything that is used (one row at least)."""
    last = max(area.first_row, min(area.last_row, book.used_area(sheet).last_row))
    return Area(area.first_row, area.first_column, last, area.last_column)


def _rest(book: Book, sheet: Worksheet, area: Area, page: Area) -> Area | None:
    bounded = _bounded(book, sheet, area)
    return bounded.below(page.rows) if bounded.last_row > page.last_row else None


def _grid_of(book: Book, sheet: Worksheet, area: Area) -> list[list[Cell | None]]:
    columns = list(_range(area.first_column, area.last_column + 1))
    rows = _range(area.first_row, area.last_row + 1)
    return [[book.cell(sheet, row, column) for column in columns] for row in rows]


def _values(book: Book, sheet: Worksheet, area: Area) -> dict[str, object]:
    grid = _grid_of(book, sheet, area)
    rows = [[_value(book, cell) for cell in row] for row in grid]
    result: dict[str, object] = {"rows": rows, "columns": _columns(book, grid)}
    formulas = [
        (sheet.title, cell.row, cell.column)
        for row in grid
        for cell in row
        if cell is not None and (cell.data_type == "f" or book.filled(cell))
    ]
    told = {
        "formula_errors": _errors_in(book, grid) if formulas else [],
        "unverified": book.unverified(formulas) if formulas else [],
    }
    return result | {name: found for name, found in told.items() if found}


def _value(book: Book, cell: Cell | None) -> cells.Scalar:
    if cell is None or cell.value is None:
        return None
    if (cell.data_type == "f" or book.filled(cell)) and book.computed(cell).unknown:
        return NOT_CALCULATED
    return cells.shown(book.value(cell))


def _columns(book: Book, grid: list[list[Cell | None]]) -> dict[str, str]:
    """What each column holds: "number #,##0.00", "date yyyy-mm-dd", "mixed" ..."""
    found: dict[str, str] = {}
    for column in zip(*grid, strict=True):
        filled = [cell for cell in column if cell is not None and cell.value is not None]
        kinds: dict[str, None] = {}
        for cell in filled[1:] or filled:  # the first usually is the header
            kind = cells.kind_of(book.value(cell))
            format_ = str(cell.number_format)
            kinds[f"{kind} {format_}" if kind in ("number", "date") else kind] = None
        if filled:
            found[filled[0].column_letter] = " or ".join(list(kinds)[:4]).replace(" General", "")
    return found


def _errors_in(book: Book, grid: list[list[Cell | None]]) -> list[dict[str, str]]:
    wanted = {cell.coordinate for row in grid for cell in row if cell and cell.data_type == "f"}
    if not wanted:
        return []
    title = next(cell.parent.title for row in grid for cell in row if cell)
    addresses = {f"{title}!{name}" for name in wanted}
    return [error for error in book.formula_errors(1000) if error["cell"] in addresses][:10]


def _formulas(book: Book, sheet: Worksheet, area: Area) -> dict[str, object]:
    rows = [
        [None if c is None else cells.formula_of(c) or cells.shown(c.value) for c in row]
        for row in _grid_of(book, sheet, area)
    ]
    return {"rows": rows}


def _formats(book: Book, sheet: Worksheet, area: Area) -> dict[str, object]:
    formats: dict[str, list[str]] = {}
    for row in _grid_of(book, sheet, area):
        for cell in row:
            if cell is not None and cell.has_style:
                formats.setdefault(_format_words(cell), []).append(cell.coordinate)
    return {
        "formats": [
            {"format": words, "cells": _compressed(found)} for words, found in formats.items()
        ]
    }


def _format_words(cell: Cell) -> str:
    font, fill = cell.font, cell.fill
    color = font.color.rgb if font.color is not None and font.color.type == "rgb" else ""
    parts = [
        f"number_format {cell.number_format}" if cell.number_format != "General" else "",
        f"font {font.name} {font.size:g}" if font.name and font.size else "",
        " ".join(word for word in ("bold", "italic", "underline") if getattr(font, word)),
        f"color #{color[-6:]}" if isinstance(color, str) and color else "",
        f"fill #{fill.fgColor.rgb[-6:]}"
        if fill.fill_type == "solid" and isinstance(fill.fgColor.rgb, str)
        else "",
        f"align {cell.alignment.horizontal}" if cell.alignment.horizontal else "",
        "wrap" if cell.alignment.wrap_text else "",
    ]
    return ", ".join(part for part in parts if part) or "default"


def _compressed(names: list[str]) -> str:
    shown = ", ".join(names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


@operation(
    effect="change",
    doing="Writing to {where}",
    example={"start": "append", "rows": [["Travel", 300]]},
    small="workbook rows sheet start",
)
def write_excel_range(ctx: Context, rows: Rows, sheet: str = "", start: str = "A1") -> Answer:
    """Write values and formulas from a start cell on, or append rows under the data.

    A text that starts with = is a formula, 2026-01-31 is a date, an apostrophe in front
    keeps any text as text. null makes a cell blank.

    :param rows: lists [["Rent", 1200], ["Sum", "=SUM(B1:B9)"]]; to append also records by header
    :param sheet: leave out if there is one
    :param start: first cell, such as "B2", or "append"
    """
    worksheet, reference = _sheet_and_start(ctx.book, sheet, start)
    lines, row, column, short = _placed(ctx.book, worksheet, rows, reference)
    lines = with_tables(ctx.book, worksheet, lines, row, column)
    check_grid(ctx.book, lines, row, column)
    area = area_at(row, column, len(lines), max(len(line) for line in lines))
    _refuse_merged(worksheet, area)
    blank = 0
    if reference.lower() == "append":
        area, blank = place_for(ctx.book, worksheet, area)
        row, worksheet = area.first_row, ctx.book.sheet(worksheet.title)
        lines = kept_formulas(worksheet, lines, area, blank)
    _refuse_filled(ctx.book, worksheet, area)
    headers = with_headers(worksheet, lines, row, column)
    adjusted = _renamed(ctx.book, headers)
    worksheet = ctx.book.sheet(worksheet.title)
    calculated = calculated_cells(worksheet, headers.lines[blank:], area.below(blank))
    under = [*under_totals(worksheet, area), *under_sums(worksheet, area, reference)]
    grows = rows_before(ctx.book, worksheet, area)
    facts = Written(ctx.book, worksheet, around(area, calculated))
    with ctx.book.changing(keep_facts=True):
        _continue_formats(ctx.book, worksheet, area)
        new_headers = _continue_headers(ctx.book, worksheet, area)
        write_rows(worksheet, row, column, headers.lines)
        widen_for_headers(worksheet, row, *new_headers)
        grow(worksheet, take_over(worksheet, area))
        fill(worksheet, calculated)
        under += grow_rules(ctx.book, worksheet, grows, area.last_row)
        cut_off = show_texts(worksheet, area)
        facts.done()
    room = make_room(ctx, worksheet, around(area, calculated))
    widened = sorted({*cut_off, *room.widened})
    result: dict[str, object] = {"written": str(area), "cells": area.cells}
    under += [*left_out(worksheet, area), *room.notes, *_stayed_text(lines, column)]
    notes = [*short, *headers.notes, *notes_of(calculated), *under]
    told = {"adjusted": adjusted, "widened_columns": widened, "notes": notes}
    return Answer(
        result | {key: value for key, value in told.items() if value}, sheet=worksheet.title
    )


def _stayed_text(lines: list[list[cells.Scalar]], column: int) -> list[str]:
    """Notes on columns of texts that look like dates or amounts; a header may stand above."""
    found = []
    for index, values in enumerate(zip(*lines, strict=False)):
        values = values[1:] if _is_header(values) else values
        found.append((get_column_letter(column + index), values))
    return stayed_text(found)


def _is_header(values: tuple[cells.Scalar, ...]) -> bool:
    """Whether the first of several values is a text that is no date and no amount."""
    return len(values) > 1 and isinstance(values[0], str) and not looks_valued(values[0])


def _sheet_and_start(book: Book, sheet: str, start: str) -> tuple[Worksheet, str]:
    """The sheet to write to, and the start without the sheet's name."""
    return book.sheet(one_sheet(sheet, start, "start")), split_sheet(start)[1].strip()


def _renamed(book: Book, headers: Headers) -> dict[str, int]:
    """Rename columns of tables; how many of what follow."""
    adjusted: Counter[str] = Counter()
    for change in headers.changes:
        adjusted += rename_columns(book, change).adjusted
    return dict(adjusted)


def _placed(
    book: Book, sheet: Worksheet, rows: Rows, start: str
) -> tuple[list[list[cells.Scalar]], int, int, list[str]]:
    """(rows as lists, first row, first column, what was decided on the way)."""
    append = start.lower() == "append"
    region = find_region(book, sheet) if append else None
    headers: list[cells.Scalar] = []
    if region and region.has_headers:
        headers = [*header_names(book, sheet, region)]
    keyed = isinstance(rows, dict) or (bool(rows) and isinstance(rows[0], dict))
    grid = as_grid(headers if keyed else [], rows)
    lines = grid.rows if keyed and headers else grid.with_headers()
    if not lines or not max(len(line) for line in lines):
        raise InvalidParameters(
            "rows is empty: there is nothing to write.", "Send at least one row."
        )
    if not append:
        return lines, *parse_cell(start), grid.notes
    if region and region.has_headers and max(map(len, lines)) > len(headers):
        raise InvalidParameters(
            f"A row has {counted(max(map(len, lines)), 'value')}, but {sheet.title} has "
            f"{counted(len(headers), 'column')} ({region.area}).",
            "Send one value for each column, null for a blank.",
        )
    if not region:
        return lines, 1, 1, grid.notes
    return lines, region.area.last_row + 1, region.area.first_column, grid.notes


def _refuse_merged(sheet: Worksheet, area: Area) -> None:
    for merged in sheet.merged_cells.ranges:
        block = Area(merged.min_row, merged.min_col, merged.max_row, merged.max_col)
        if block.overlaps(area) and block.cells > 1:
            anchor = Area(block.first_row, block.first_column, block.first_row, block.first_column)
            if not (area == anchor):
                raise InvalidRange(
                    f"{area} overlaps the merged cells {block} on {sheet.title}.",
                    f"Write to {anchor} alone to fill the merged cells, or choose another place.",
                )


def _refuse_filled(book: Book, sheet: Worksheet, area: Area) -> None:
    """A formula over many cells is replaced as a whole, or not at all."""
    for filled in book.fixed_areas(sheet):
        if area.overlaps(filled) and area.joined(filled) != area:
            raise InvalidRange(
                f"{area} is a part of {filled} on {sheet.title}, which one formula fills.",
                f"Write to all of {filled} to replace the formula, or choose another place.",
            )


def _continue_formats(book: Book, sheet: Worksheet, area: Area) -> None:
    """New cells under formatted data take over the number format and font above them."""
    above = area.first_row - 1
    region = find_region(book, sheet)  # as it was before the write
    if not region or not region.body.first_row <= above <= region.body.last_row:
        return
    for column in _range(area.first_column, area.last_column + 1):
        model = book.cell(sheet, above, column)
        if model is None or model.value is None or not model.has_style:
            continue
        for row in _range(area.first_row, area.last_row + 1):
            if (row, column) not in sheet._cells:
                sheet.cell(row, column)._style = copy(model._style)


def _continue_headers(book: Book, sheet: Worksheet, area: Area) -> tuple[int, int]:
    """New headers right beside others of their row look as the last of those do.

    :return: (first, last) of their columns; no columns if there are none
    """
    none = (1, 0)
    region = find_region(book, sheet)  # as it was before the write
    if region is None or not region.has_headers or area.first_row != region.area.first_row:
        return none
    beside = sheet._cells.get((area.first_row, region.area.last_column))
    if area.first_column != region.area.last_column + 1 or beside is None or not beside.has_style:
        return none
    for column in _range(area.first_column, area.last_column + 1):
        if (area.first_row, column) not in sheet._cells:
            sheet.cell(area.first_row, column)._style = copy(beside._style)
    return area.first_column, area.last_column
