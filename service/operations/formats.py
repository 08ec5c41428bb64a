"""How cells look: fonts, fills, borders, alignment, number formats, widths and heights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, cast

from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles import PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service.errors import InvalidParameters, InvalidRange, InvalidValue, counted
from service.operations.context import Context
from service.operations.layout import (
    cell_width,
    find_region,
    fit_columns,
    sheet_and_areas,
)
from service.operations.registry import Answer, Options, operation
from service.workbook.areas import Area, split_sheet
from service.workbook.book import Book
from service.workbook.calculation.results import Values
from service.workbook.cells import looks_like_number
from service.workbook.colors import parse_color
from service.workbook.geometry import column_width, set_column_width
from service.workbook.number_formats import number_format_code

MAX_CELLS = 200_000
SIDES = ("left", "right", "top", "bottom")
Part = TypeVar("Part")
# Each cell to format, with the area it belongs to.
Places: TypeAlias = dict[tuple[int, int], Area]
_range = range  # the operation has a parameter of that name


class CellStyle(Options):
    """What to set; what is left out stays as it is."""

    bold: bool | None = Field(default=None, description="bold text")
    italic: bool | None = Field(default=None, description="slanted text")
    underline: bool | None = Field(default=None, description="underlined text")
    strike: bool | None = Field(default=None, description="text struck through")
    font: str | None = Field(default=None, description="name of the font")
    size: float | None = Field(default=None, description="points")
    color: str | None = Field(default=None, description='text: "#1F4E78", red, "dark blue"')
    fill: str | None = Field(default=None, description="background colour, or none")
    number_format: str | None = Field(
        default=None, description='"currency EUR", "percent 1", date, or a code such as "#,##0.00"'
    )
    align: Literal["left", "center", "right", "justify"] | None = Field(
        default=None, description="across the cell"
    )
    valign: Literal["top", "center", "bottom"] | None = Field(
        default=None, description="within the row's height"
    )
    wrap: bool | None = Field(default=None, description="break long text into lines")
    border: str | None = Field(
        default=None, description='thin, medium, thick, none, "outline thin"'
    )
    width: float | Literal["auto"] | None = Field(
        default=None, description="column width in characters, or auto"
    )
    height: float | None = Field(default=None, description="row height in points")


@operation(
    effect="change",
    doing="Formatting {workbook}",
    example={"range": "B2:B4", "style": {"number_format": "currency EUR", "bold": True}},
)
def format_excel_cells(ctx: Context, style: CellStyle, sheet: str = "", range: str = "") -> Answer:
    """Format cells: font, fill, border, alignment, number format, widths. The rest stays.

    :param style: what to set, such as
        {"bold": true, "fill": "light gray", "number_format": "currency EUR"}
    :param sheet: sheet to format; leave out where there is only one
    :param range: such as "A1:D1", "B:B", "A1:A9,C1:C9", or header; leave out for all used cells
    """
    if not style.model_dump(exclude_none=True):
        raise InvalidParameters(
            "style is empty: there is nothing to set.",
            f"Give at least one of {', '.join(CellStyle.model_fields)}.",
        )
    worksheet, areas = _areas(ctx.book, sheet, range)
    changes = _changes(style)
    places = _places(worksheet, areas)
    ctx.book.room_for(sum((r, c) not in worksheet._cells for r, c in places))
    values = _values(ctx.book, worksheet, style, places)
    with ctx.book.changing():
        _format_cells(worksheet, places, changes)
        _set_heights(worksheet, areas, style.height)
        widened = _set_widths(ctx.book, worksheet, areas, style, values)
    found = {
        "formatted": ",".join(map(str, areas)),
        "cells": len(places),
        "number_format": changes.number_format,
        "widened_columns": widened,
        "notes": _notes(worksheet, places, style),
    }
    return Answer({name: value for name, value in found.items() if value}, sheet=worksheet.title)


# Which cells ------------------------------------------------------------------


def _areas(book: Book, sheet: str, text: str) -> tuple[Worksheet, list[Area]]:
    named, reference = split_sheet(text)
    if reference.strip().lower() not in ("header", "headers"):
        worksheet, areas = sheet_and_areas(book, sheet, text)
    else:
        worksheet = book.sheet(sheet or named)
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


# What to change ---------------------------------------------------------------


@dataclass(frozen=True)
class _Changes:
    """A checked style: texts turned into colours, codes and border sides."""

    font: dict[str, object]
    fill: PatternFill | None
    alignment: dict[str, object]
    border: dict[str, Side]
    outline: bool
    number_format: str


def _changes(style: CellStyle) -> _Changes:
    _check_measures(style)
    sides, outline = _border(style.border)
    return _Changes(
        font=_font(style),
        fill=_fill(style.fill),
        alignment=_given(
            {"horizontal": style.align, "vertical": style.valign, "wrap_text": style.wrap}
        ),
        border=sides,
        outline=outline,
        number_format=number_format_code(style.number_format) if style.number_format else "",
    )


def _given(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _check_measures(style: CellStyle) -> None:
    width = None if style.width == "auto" else style.width
    limits = {
        "size": (style.size, 1, 409),
        "width": (width, 0, 255),
        "height": (style.height, 0, 409),
    }
    for name, (value, least, most) in limits.items():
        if value is not None and not least <= value <= most:
            raise InvalidValue(
                f"{name} is {value}; Excel allows {least} to {most}.",
                "Sizes and heights are in points, widths in characters.",
            )
    if style.font is not None and not (
        style.font.isprintable() and 0 < len(style.font.strip()) < 32
    ):
        raise InvalidValue(
            f"font: {style.font[:40]!r} is no name of a font; Excel allows 1 to 31 characters.",
            "Use a name such as Calibri or Arial.",
        )
    if style.number_format == "":
        raise InvalidValue("number_format is empty.", "Use general to take a number format away.")


def _font(style: CellStyle) -> dict[str, object]:
    changes = _given(
        {
            "bold": style.bold,
            "italic": style.italic,
            "strike": style.strike,
            "name": style.font.strip() if style.font else None,
            "size": style.size,
        }
    )
    if style.underline is not None:
        changes["underline"] = "single" if style.underline else None
    if style.font is not None:
        changes["scheme"] = None  # a font of the theme would win over the name
    if style.color is not None:
        changes["color"] = Color(rgb="FF" + parse_color(style.color, "color"))
    return changes


def _fill(text: str | None) -> PatternFill | None:
    if text is None:
        return None
    if text.strip().lower() in ("none", "no fill"):
        return PatternFill()
    return PatternFill("solid", fgColor="FF" + parse_color(text, "fill"))


_LINES = ("none", "thin", "medium", "thick", "double", "dashed", "dotted", "hair")
_BORDER = re.compile(rf"^(?:(all|outline|top|bottom|left|right) )?({'|'.join(_LINES)})$")


def _border(text: str | None) -> tuple[dict[str, Side], bool]:
    """(sides to set, whether only the outline of the area has them)."""
    if text is None:
        return {}, False
    match = _BORDER.match(" ".join(text.lower().split()))
    if not match:
        raise InvalidValue(
            f'border: "{text[:40]}" is no border.',
            f'Use one of {", ".join(_LINES)}, or with a place: "outline thin", "bottom medium" '
            "(all, outline, top, bottom, left, right).",
        )
    where, line = match.groups()
    side = Side() if line == "none" else Side(cast(Literal["thin"], line))
    names = (where,) if where in SIDES else SIDES
    return dict.fromkeys(names, side), where == "outline"


# Changing ---------------------------------------------------------------------


def _format_cells(sheet: Worksheet, places: Places, changes: _Changes) -> None:
    """Each way a cell looked before is worked out once, so that many cells are quick."""
    done: dict[tuple[bytes, tuple[str, ...]], Any] = {}
    for (row, column), area in places.items():
        cell: Any = sheet.cell(row, column)
        sides = tuple(_sides(row, column, area, changes))
        key = (cell._style.tobytes() if cell._style else b"", sides)
        if key in done:
            cell._style = copy(done[key])
        else:
            _format_cell(cell, changes, sides)
            done[key] = copy(cell._style)


def _sides(row: int, column: int, area: Area, changes: _Changes) -> Iterator[str]:
    """The sides of a cell that get a border."""
    edges = {
        "left": column == area.first_column,
        "right": column == area.last_column,
        "top": row == area.first_row,
        "bottom": row == area.last_row,
    }
    for name in changes.border:
        if edges[name] or not changes.outline:
            yield name


def _format_cell(cell: Any, changes: _Changes, sides: tuple[str, ...]) -> None:
    if changes.font:
        cell.font = _with(cell.font, changes.font)
    if changes.fill is not None:
        cell.fill = changes.fill
    if changes.alignment:
        cell.alignment = _with(cell.alignment, changes.alignment)
    if sides:
        cell.border = _with(cell.border, {name: changes.border[name] for name in sides})
    if changes.number_format:
        cell.number_format = changes.number_format


def _with(part: Part, changes: dict[str, object]) -> Part:
    changed = copy(part)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


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


def _set_heights(sheet: Worksheet, areas: list[Area], height: float | None) -> None:
    if height is None:
        return
    for area in areas:
        for row in _range(area.first_row, area.last_row + 1):
            sheet.row_dimensions[row].height = height


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
            set_column_width(sheet, column, min(needed, 255))
            yield get_column_letter(column)


def _is_number(cell: Cell, values: Values) -> bool:
    if cell.data_type != "f":
        return cell.data_type in ("n", "d") and cell.value is not None
    computed = values.get((cell.parent.title, cell.row, cell.column))
    return computed is not None and not isinstance(computed.value, str | None)


# Notes ------------------------------------------------------------------------


def _notes(sheet: Worksheet, places: Places, style: CellStyle) -> list[str]:
    """What was done and yet does not show."""
    values = [sheet._cells[place].value for place in places]
    notes = []
    texts = sum(isinstance(value, str) and looks_like_number(value) for value in values)
    if style.number_format and texts:
        notes.append(
            f"{counted(texts, 'cell')} with numbers stored as text: a number format does not "
            "change them."
        )
    parts = sum(isinstance(value, CellRichText) for value in values)
    if parts and (style.font or style.size or style.color or style.bold is not None):
        notes.append(
            f"{counted(parts, 'cell')} with text in formatted parts, which keep their own font."
        )
    return notes
