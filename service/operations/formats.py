"""How cells look: fonts, fills, borders, alignment, number formats, widths and heights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.context import Context
from service.operations.dressing import Dressing, Places
from service.operations.headed import column_of
from service.operations.layout import (
    cell_width,
    find_region,
    fit_columns,
    fit_row,
    merged_starts,
    needed_height,
    sheet_and_areas,
)
from service.operations.looks import SIDES, CellStyle, changes_of
from service.operations.merging import Merging
from service.operations.registry import Answer, operation
from service.workbook.areas import Area, one_sheet, split_sheet
from service.workbook.book import Book
from service.workbook.calculation.results import Values
from service.workbook.cells import looks_like_number
from service.workbook.geometry import column_width, row_height, set_column_width, widen_column

MAX_CELLS = 200_000
_QUOTED = re.compile(r'"[^"]*"|\\.')
_LARGE = 5  # a share of 500 % is hardly one
_range = range  # the operation has a parameter of that name


@operation(
    effect="change",
    doing="Formatting {where}",
    nature=("again",),
    example={"range": "B2:B4", "style": {"number_format": "currency EUR", "bold": True}},
    small="workbook style sheet range",
)
def format_excel_cells(ctx: Context, style: CellStyle, sheet: str = "", range: str = "") -> Answer:
    """Format cells: font, fill, border, alignment, number format, widths, merging. The rest stays.

    :param style: what to set, such as {"bold": true, "fill": "light gray", "align": "center",
        "number_format": "currency EUR", "border": "outline medium, inside thin gray"}.
    :param sheet: leave out if there is one
    :param range: "A1:D1", "B:B", "A1:A9,C1:C9", header, a table, or a column's header; left
        out: all used cells
    """
    if not style.model_dump(exclude_none=True):
        raise InvalidParameters(
            "style is empty: there is nothing to set.",
            f"Give at least one of {', '.join(CellStyle.model_fields)}.",
        )
    worksheet, areas = _areas(ctx.book, sheet, range)
    changes = changes_of(style)
    dressing = Dressing.planned(ctx.book, worksheet.title, style, changes)
    merging = Merging.planned(worksheet, areas, style.merge)
    places = _places(worksheet, areas)
    _refuse_idle(worksheet, places, style)
    ctx.book.room_for(sum((r, c) not in worksheet._cells for r, c in places))
    values = _values(ctx.book, worksheet, style, places)
    painted = dressing.painted(worksheet, places)
    with ctx.book.changing(values_stay=not merging.new):
        merging.part()
        dressing.run(worksheet, places)
        if painted is not None:
            painted.run()
        merging.join()
        widened = _set_widths(ctx.book, worksheet, areas, style, values)
        raised = _set_heights(ctx.book, worksheet, areas, style, values)
    found = {
        "formatted": ",".join(map(str, areas)),
        "cells": len(places),
        "number_format": changes.number_format,
        "named_style": dressing.style_name,
        "merged": ",".join(map(str, merging.new)),
        "parted": ",".join(map(str, merging.old)),
        "widened_columns": widened,
        "raised_rows": raised,
        "conditional_formats": painted.taken if painted else 0,
        "notes": [
            *_notes(worksheet, places, style, changes.number_format),
            *(painted.notes() if painted else ()),
        ],
    }
    return Answer({name: value for name, value in found.items() if value}, sheet=worksheet.title)


def _refuse_idle(sheet: Worksheet, places: Places, style: CellStyle) -> None:
    """A colour for borders needs borders."""
    if style.border_color is None or style.border is not None:
        return
    for place in places:
        cell = sheet._cells.get(place)
        if cell is not None and cell.has_style:
            sides = (getattr(cell.border, side) for side in (*SIDES, "diagonal"))
            if any(side is not None and side.style for side in sides):
                return
    raise InvalidParameters(
        "border_color has no effect: these cells have no borders.",
        'Send border, too, such as {"border": "thin", "border_color": "red"}.',
    )


# Which cells ------------------------------------------------------------------


def _areas(book: Book, sheet: str, text: str) -> tuple[Worksheet, list[Area]]:
    reference = split_sheet(text)[1]
    column = column_of(book, sheet, text, totals=True)
    if column is not None:
        worksheet, areas = column[0], [column[1]]
    elif reference.strip().lower() not in ("header", "headers"):
        worksheet, areas = sheet_and_areas(book, sheet, text)
    else:
        worksheet = book.sheet(one_sheet(sheet, text))
        region = find_region(book, worksheet)
        if region is None or not region.has_headers:
            raise InvalidRange(
                f"{worksheet.title} has no header row.", 'Name the cells, such as "A1:D1".'
            )
        areas = [region.area.top(1)]
    total = sum(area.cells for area in areas)
    if total > MAX_CELLS:
        raise InvalidRange(
            f"{text[:60]} holds {total:,} cells; at most {MAX_CELLS:,} are formatted at once.",
            'Name fewer cells; whole columns such as "A:C" end where the data ends.',
        )
    return worksheet, areas


def _places(sheet: Worksheet, areas: list[Area]) -> Places:
    """Each cell to format, with the area it belongs to.

    Merged cells look like their first cell, but each has borders of its own: naming the
    first of them names them all.
    """
    wide = []
    for area in areas:
        for merged in sheet.merged_cells.ranges:
            if area.cells == 1 and area.holds(merged.min_row, merged.min_col):
                area = Area(merged.min_row, merged.min_col, merged.max_row, merged.max_col)
        wide.append(area)
    return {
        (row, column): area
        for area in wide
        for row in _range(area.first_row, area.last_row + 1)
        for column in _range(area.first_column, area.last_column + 1)
    }


# Widths and heights -----------------------------------------------------------


def _values(book: Book, sheet: Worksheet, style: CellStyle, places: Places) -> Values:
    """Results of formulas, where widths depend on them and there are any."""
    if not _fits_widths(style):
        return {}
    cells = (book.cell(sheet, *place) for place in places)
    return book.values if any(cell and cell.data_type == "f" for cell in cells) else {}


def _fits_widths(style: CellStyle) -> bool:
    larger = style.number_format or style.size or style.bold or style.font
    return style.width == "auto" or (style.width is None and bool(larger))


def _set_heights(
    book: Book, sheet: Worksheet, areas: list[Area], style: CellStyle, values: Values
) -> list[int]:
    """Set the heights; returns the rows that were raised without being asked."""
    raised: dict[int, None] = {}
    if style.height is None and not _may_need_height(style):
        return []
    merged = merged_starts(sheet)
    for area in areas:
        for row in _range(area.first_row, area.last_row + 1):
            if isinstance(style.height, float | int):
                sheet.row_dimensions[row].height = style.height
            elif style.height == "auto":
                fit_row(book, sheet, row, values, merged)
            else:
                cells = Area(row, area.first_column, row, area.last_column)
                needed = needed_height(book, sheet, cells, values, merged)
                if 0 < row_height(sheet, row) < needed:
                    sheet.row_dimensions[row].height = needed
                    raised[row] = None
    return list(raised)


def _may_need_height(style: CellStyle) -> bool:
    return bool(style.wrap or style.size or style.rotation or style.named_style or style.copy_from)


def _set_widths(
    book: Book, sheet: Worksheet, areas: list[Area], style: CellStyle, values: Values
) -> list[str]:
    """Set the widths; returns the columns that were widened without being asked."""
    widened: dict[str, None] = {}
    for area in areas:
        if style.width == "auto":
            fit_columns(book, sheet, _without_titles(book, sheet, area), values)
        elif style.width is not None:
            for column in _range(area.first_column, area.last_column + 1):
                set_column_width(sheet, column, style.width)
        elif _fits_widths(style):
            widened |= dict.fromkeys(_widen(book, sheet, area, values))
    return list(widened)


def _without_titles(book: Book, sheet: Worksheet, area: Area) -> Area:
    """The area without lines above the data: they may run over into the next columns."""
    region = find_region(book, sheet)
    above = region.area.first_row - area.first_row if region else 0
    return area.below(above) if 0 < above < area.rows else area


def _widen(book: Book, sheet: Worksheet, area: Area, values: Values) -> Iterator[str]:
    """Widen columns in which a number would now show as ####; Excel does the same."""
    for column in _range(area.first_column, area.last_column + 1):
        needed = 0.0
        for row in _range(area.first_row, area.last_row + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and _is_number(cell, values):
                needed = max(needed, cell_width(cell, values) + 1)
        width = column_width(sheet, column)
        if 0 < width < needed:
            widen_column(sheet, column, min(needed, 255))
            yield get_column_letter(column)


def _is_number(cell: Cell, values: Values) -> bool:
    if cell.data_type != "f":
        return cell.data_type in ("n", "d") and cell.value is not None
    computed = values.get((cell.parent.title, cell.row, cell.column))
    return computed is not None and not isinstance(computed.value, str | None)


# Notes ------------------------------------------------------------------------


def _large_shares(values: list[object]) -> list[float]:
    """The numbers, where most of them are above 1 and would hardly be shares."""
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    large = [number for number in numbers if abs(number) > 1]
    return large if len(large) * 2 > len(numbers) and max(map(abs, large)) >= _LARGE else []


def _notes(sheet: Worksheet, places: Places, style: CellStyle, number_format: str) -> list[str]:
    """What was done and yet does not show."""
    values = [sheet._cells[place].value for place in places]
    notes = []
    texts = sum(isinstance(value, str) and looks_like_number(value) for value in values)
    if style.number_format and texts:
        notes.append(
            f"{counted(texts, 'cell')} with numbers stored as text: a number format does not "
            "change them."
        )
    large = _large_shares(values) if "%" in _QUOTED.sub("", number_format) else []
    if large:
        notes.append(
            f"{large[0]:g} shows as {large[0] * 100:g} %: a percent format shows a hundred times "
            'the number. Write shares such as 0.125, or take the code 0.0" %".'
        )
    parts = sum(isinstance(value, CellRichText) for value in values)
    if parts and (style.font or style.size or style.color or style.bold is not None):
        notes.append(
            f"{counted(parts, 'cell')} with text in formatted parts, which keep their own font."
        )
    return notes
