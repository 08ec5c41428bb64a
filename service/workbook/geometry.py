"""Widths, heights, and what charts and pictures cover. Lengths are in EMU (360,000 a cm)."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from openpyxl.drawing.spreadsheet_drawing import (
    AbsoluteAnchor,
    AnchorMarker,
    OneCellAnchor,
    TwoCellAnchor,
    _check_anchor,
)
from openpyxl.drawing.xdr import XDRPoint2D, XDRPositiveSize2D
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area

EMU_PER_CM = 360_000
_EMU_PER_POINT = 12_700
_EMU_PER_PIXEL = 9_525
# Of the usual font, Calibri 11. Source: ECMA-376 part 1, 18.3.1.13.
_PIXELS_PER_CHARACTER = 7
_DEFAULT_WIDTH = 64 / _PIXELS_PER_CHARACTER
_DEFAULT_HEIGHT = 15.0


# Columns and rows -------------------------------------------------------------


def _dimension(sheet: Worksheet, column: int) -> ColumnDimension | None:
    """What the sheet says about a column; one entry may stand for several columns."""
    own = sheet.column_dimensions.get(get_column_letter(column))
    if own is not None:
        return own
    for item in sheet.column_dimensions.values():
        if item.min and item.max and item.min <= column <= item.max:
            return item
    return None


def column_width(sheet: Worksheet, column: int) -> float:
    """Width in characters; 0 where the column is hidden."""
    item = _dimension(sheet, column)
    if item is None or not (item.width or item.hidden):
        return float(sheet.sheet_format.defaultColWidth or _DEFAULT_WIDTH)
    return 0.0 if item.hidden else float(item.width)


def set_column_width(sheet: Worksheet, column: int, width: float, *, fitted: bool = False) -> None:
    """Set one column's width.

    :param fitted: whether it was made for what the column holds, and nobody asked for it
    """
    for item in column_entries(sheet, column, column):
        item.width, item.bestFit = width, fitted


def is_fitted(sheet: Worksheet, column: int) -> bool:
    """Whether a column's width was made for what it holds, here or by a double click in Excel."""
    item = _dimension(sheet, column)
    return item is not None and bool(item.bestFit) and not item.hidden


def has_own_width(sheet: Worksheet, column: int) -> bool:
    """Whether somebody gave a column its width."""
    usual = float(sheet.sheet_format.defaultColWidth or _DEFAULT_WIDTH)
    return column_width(sheet, column) != usual and not is_fitted(sheet, column)


def widen_column(sheet: Worksheet, column: int, width: float) -> None:
    """Make a column wider for what it holds; a width that somebody gave it counts as theirs."""
    fitted = not has_own_width(sheet, column)
    set_column_width(sheet, column, width, fitted=fitted)


def column_entries(sheet: Worksheet, first: int, last: int) -> list[ColumnDimension]:
    """The entries that stand for these columns and no others, made where there are none.

    An entry that stands for others, too, is parted: Excel repairs a file in which two
    entries speak of the same column.
    """
    found: list[ColumnDimension] = []
    for key, item in list(sheet.column_dimensions.items()):
        start = item.min or column_index_from_string(key)
        end = max(item.max or start, start)
        if start <= last and end >= first:
            found += _parted(sheet, key, (start, end), (first, last))
    known = {n for item in found for n in range(item.min or 0, (item.max or 0) + 1)}
    for start, end in _gaps(known, first, last):
        letter = get_column_letter(start)
        width = float(sheet.sheet_format.defaultColWidth or _DEFAULT_WIDTH)
        item = ColumnDimension(sheet, index=letter, width=width, min=start, max=end)
        sheet.column_dimensions[letter] = item
        found.append(item)
    return found


def _parted(
    sheet: Worksheet, key: str, span: tuple[int, int], wanted: tuple[int, int]
) -> list[ColumnDimension]:
    """The part of an entry that lies in the wanted columns."""
    item = sheet.column_dimensions.pop(key)
    first, last = max(span[0], wanted[0]), min(span[1], wanted[1])
    inside = []
    for start, end in ((span[0], first - 1), (first, last), (last + 1, span[1])):
        if start <= end:
            part = copy(item)
            part.index, part.min, part.max = get_column_letter(start), start, end
            sheet.column_dimensions[part.index] = part
            inside += [part] if start == first else []
    return inside


def _gaps(known: set[int], first: int, last: int) -> list[tuple[int, int]]:
    """Stretches of first to last that are not known."""
    gaps: list[tuple[int, int]] = []
    for number in range(first, last + 1):
        if number in known:
            continue
        if gaps and gaps[-1][1] == number - 1:
            gaps[-1] = (gaps[-1][0], number)
        else:
            gaps.append((number, number))
    return gaps


def row_height(sheet: Worksheet, row: int) -> float:
    """Height in points; 0 where the row is hidden."""
    item = sheet.row_dimensions.get(row)
    if item is not None and item.hidden:
        return 0.0
    height = item.height if item is not None else None
    return float(height or sheet.sheet_format.defaultRowHeight or _DEFAULT_HEIGHT)


def hidden_lines(sheet: Worksheet) -> tuple[set[int], set[int]]:
    """The rows and the columns that don't show."""
    rows = {number for number, item in sheet.row_dimensions.items() if item.hidden}
    columns: set[int] = set()
    for letters, item in sheet.column_dimensions.items():
        if item.hidden:
            first = item.min or column_index_from_string(letters)
            columns.update(range(first, (item.max or first) + 1))
    return rows, columns


def _column_emu(sheet: Worksheet, column: int) -> int:
    return round(column_width(sheet, column) * _PIXELS_PER_CHARACTER) * _EMU_PER_PIXEL


def _row_emu(sheet: Worksheet, row: int) -> int:
    return round(row_height(sheet, row) * _EMU_PER_POINT)


# Charts and pictures ----------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """Width and height in EMU."""

    width: int
    height: int


def anchor_at(row: int, column: int, size: Size) -> OneCellAnchor:
    """An anchor of that size whose upper left corner is that of the cell."""
    marker = AnchorMarker(col=column - 1, colOff=0, row=row - 1, rowOff=0)
    return OneCellAnchor(_from=marker, ext=XDRPositiveSize2D(size.width, size.height))


def area_under(sheet: Worksheet, row: int, column: int, size: Size) -> Area:
    """The cells that something of that size covers, at least in part."""
    last_row, last_column = row, column
    height, width = _row_emu(sheet, row), _column_emu(sheet, column)
    while height < size.height and last_row < MAX_ROW:
        last_row += 1
        height += _row_emu(sheet, last_row)
    while width < size.width and last_column < MAX_COLUMN:
        last_column += 1
        width += _column_emu(sheet, last_column)
    return Area(row, column, last_row, last_column)


def area_size(sheet: Worksheet, area: Area) -> Size:
    """How large an area is."""
    rows = range(area.first_row, area.last_row + 1)
    columns = range(area.first_column, area.last_column + 1)
    return Size(
        sum(_column_emu(sheet, number) for number in columns),
        sum(_row_emu(sheet, number) for number in rows),
    )


def drawn_areas(sheet: Worksheet, besides: object = None) -> list[Area]:
    """The cells under each chart and picture of the sheet but ``besides``."""
    drawn = [*sheet._charts, *sheet._images]
    return [area_of(sheet, item) for item in drawn if item is not besides]


def area_of(sheet: Worksheet, drawn: object) -> Area:
    """The cells under a chart or picture of the sheet."""
    return _anchored(sheet, _check_anchor(drawn))


def size_of(sheet: Worksheet, drawn: object) -> Size:
    """How large a chart or picture is."""
    anchor = _check_anchor(drawn)
    if not isinstance(anchor, TwoCellAnchor):
        return Size(int(anchor.ext.width), int(anchor.ext.height))
    first, last = anchor._from, anchor.to
    whole = Area(first.row + 1, first.col + 1, max(last.row, first.row), max(last.col, first.col))
    size = area_size(sheet, whole) if last.row > first.row and last.col > first.col else Size(0, 0)
    width = size.width + (last.colOff or 0) - (first.colOff or 0)
    height = size.height + (last.rowOff or 0) - (first.rowOff or 0)
    return Size(max(width, 1), max(height, 1))


def _anchored(sheet: Worksheet, anchor: object) -> Area:
    if isinstance(anchor, TwoCellAnchor):
        first, last = anchor._from, anchor.to
        return Area(first.row + 1, first.col + 1, last.row + 1, last.col + 1)
    if isinstance(anchor, OneCellAnchor):
        marker = anchor._from
        size = Size(
            anchor.ext.width + (marker.colOff or 0), anchor.ext.height + (marker.rowOff or 0)
        )
        return area_under(sheet, marker.row + 1, marker.col + 1, size)
    if isinstance(anchor, AbsoluteAnchor):
        # Measured from A1: a little too much is covered, never too little.
        size = Size(anchor.pos.x + anchor.ext.width, anchor.pos.y + anchor.ext.height)
        return area_under(sheet, 1, 1, size)
    return Area(1, 1, 1, 1)


def whole_sheet() -> AbsoluteAnchor:
    """The anchor of a chart that is a sheet of its own; as large as Excel makes it."""
    return AbsoluteAnchor(pos=XDRPoint2D(0, 0), ext=XDRPositiveSize2D(9_308_969, 6_096_000))
