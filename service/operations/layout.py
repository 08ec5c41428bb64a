"""Putting data onto a sheet so that it looks made by a person, and finding it there again."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import TypeAlias

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, listed
from service.operations.data import Grid
from service.operations.decimals import format_of_column, has_format, takes_decimals
from service.operations.result_formats import take_over
from service.workbook import cells, entering
from service.workbook.areas import Area, area_at, parse_area, split_areas
from service.workbook.book import Book
from service.workbook.calculation.results import Values
from service.workbook.geometry import column_width, set_column_width, widen_column
from service.workbook.header_rows import names_columns
from service.workbook.house import FONT, House
from service.workbook.occupancy import count_formulas, main_block
from service.workbook.panes import freeze
from service.workbook.texts import utf16_length

NARROWEST, WIDEST = 9.0, 60.0
WRAPPED = 30.0  # as wide as wrapped text makes a column
STACKED = 255  # the rotation that puts letters one below the other
_POINTS_PER_CHARACTER = 5.25
MEASURED_ROWS = 500
_BAD_IN_TITLE = set("[]:*?/\\")


def check_sheet_name(name: str, taken: list[str]) -> str:
    """A name that Excel allows for a new sheet.

    :raises InvalidParameters: saying what Excel does not allow
    """
    title = unicodedata.normalize("NFC", name).strip()
    bad = sorted(set(title) & _BAD_IN_TITLE)
    problem = ""
    if not 1 <= utf16_length(title) <= 31:
        problem = f"has {utf16_length(title)} characters; Excel allows 1 to 31"
    elif bad or not title.isprintable():
        problem = f"holds {' '.join(bad) or 'control characters'}, which Excel does not allow"
    elif title.startswith("'") or title.endswith("'"):
        problem = "starts or ends with an apostrophe, which Excel does not allow"
    elif title.lower() == "history":
        problem = "is reserved by Excel"
    elif title.lower() in {other.lower() for other in taken}:
        problem = f"exists already. Sheets: {listed(taken)}"
    if problem:
        raise InvalidParameters(
            f'The sheet name "{name[:60]}" {problem}.', "Choose another name for the sheet."
        )
    return title


def write_grid(book: Book, sheet: Worksheet, grid: Grid, house: House) -> Area:
    """Write a grid from A1 on: styled header row, frozen and filtered; fitted columns.

    Call it inside ``book.changing()``, after :func:`check_grid`.
    """
    area = write_rows(sheet, 1, 1, grid.with_headers())
    if grid.rows:
        body = area.below(1) if grid.headers else area
        dress_body(sheet, body, house)
        take_over(sheet, body)
    if grid.headers:
        style_header(sheet, Area(1, 1, 1, len(grid.headers)), house)
        align_headers(sheet, area)
        freeze(sheet, "A2")
        if grid.rows:
            sheet.auto_filter.ref = str(area)
    fit_columns(book, sheet, area)
    return area


def dress_body(sheet: Worksheet, area: Area, house: House) -> None:
    """Give written cells the user's font and formats; formats that are there stay.

    Where a column holds a number with decimals, all its numbers are shown alike.
    """
    font = Font(name=house.font, size=11)
    rows = range(area.first_row, area.last_row + 1)
    for column in range(area.first_column, area.last_column + 1):
        found = [sheet._cells.get((row, column)) for row in rows]
        filled = [cell for cell in found if cell is not None and cell.value is not None]
        head = sheet._cells.get((area.first_row - 1, column))
        header = "" if head is None else str(head.value or "")
        decimals = format_of_column(filled, header, house)
        plain = None  # the style of a number without any other format
        for cell in filled:
            if house.font != FONT:
                cell.font = font
            if has_format(cell):
                if house.date_format:
                    cell.number_format = house.dated(cell.number_format)
            elif decimals and takes_decimals(cell):
                if cell.has_style or plain is None:
                    bare = not cell.has_style
                    cell.number_format = decimals
                    plain = copy(cell._style) if bare else plain
                else:
                    cell._style = copy(plain)  # five times as fast


def check_grid(book: Book, rows: list[list[cells.Scalar]], row: int = 1, column: int = 1) -> None:
    """Refuse rows that Excel or the limits can't hold, before anything is changed."""
    width = max((len(values) for values in rows), default=0)
    if width:
        area_at(row, column, len(rows), width)
    book.room_for(sum(len(values) for values in rows))
    for r, values in enumerate(rows):
        for c, value in enumerate(values):
            if isinstance(value, str | float | int):
                cells.stored_value(value, f"{get_column_letter(column + c)}{row + r}")


def write_rows(sheet: Worksheet, row: int, column: int, rows: list[list[cells.Scalar]]) -> Area:
    """Write rows of JSON values from (row, column) on; returns the area they fill."""
    width = 1
    for r, values in enumerate(rows):
        width = max(width, len(values))
        for c, value in enumerate(values):
            if value is not None or (row + r, column + c) in sheet._cells:
                entering.put(sheet.cell(row + r, column + c), value)
    return Area(row, column, row + max(len(rows), 1) - 1, column + width - 1)


def style_header(sheet: Worksheet, area: Area, house: House) -> None:
    """Give a header row its house style."""
    for row in sheet.iter_rows(**area.bounds):
        for cell in row:
            cell.font = house.header_font
            cell.fill = house.header_fill
            cell.alignment = house.header_alignment
            cell.border = house.header_border
    sheet.row_dimensions[area.first_row].height = 20


def align_headers(sheet: Worksheet, area: Area) -> None:
    """Put headers over numbers and dates to the right, where these stand."""
    for column in _columns(area):
        below = sheet._cells.get((area.first_row + 1, column))
        if below is None or below.data_type not in ("n", "d", "f") or below.value is None:
            continue
        header = sheet.cell(area.first_row, column)
        header.alignment = header.alignment + Alignment(horizontal="right")


def fit_columns(book: Book, sheet: Worksheet, area: Area, values: Values | None = None) -> None:
    """Make the columns of ``area`` as wide as their contents need, within reason.

    :param values: results of formulas; without them a formula counts as 12 characters
    """
    measured = area.top(MEASURED_ROWS)
    spread = {(m.min_row, m.min_col) for m in sheet.merged_cells.ranges if m.max_col > m.min_col}
    for column in range(area.first_column, area.last_column + 1):
        widest = 0.0
        for row in range(measured.first_row, measured.last_row + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and cell.value is not None and (row, column) not in spread:
                widest = max(widest, column_need(sheet, cell, values))
        if widest:
            width = min(max(widest + 2, NARROWEST), WIDEST)
            set_column_width(sheet, column, width, fitted=True)


def column_need(sheet: Worksheet, cell: Cell, values: Values | None) -> float:
    """What a cell needs of its column's width: rotated and wrapped texts need little."""
    width = cell_width(cell, values)
    if not cell.has_style:
        return width
    alignment = cell.alignment
    rotation = alignment.textRotation or 0
    if rotation:
        lines = 1.6 * (cell.font.size or 11) / 11
        slope = min(rotation, abs(180 - rotation)) if rotation <= 180 else 90
        leaning = width * math.cos(math.radians(slope if rotation <= 90 else rotation - 90))
        return lines if rotation == STACKED else max(leaning, lines)
    if alignment.wrap_text and isinstance(cell.value, str):
        words = str(cell.value).split()
        longest = max(map(len, words), default=0) * 1.1
        width = min(width, max(longest, WRAPPED))
    arrow = 2.5 if _is_filtered(sheet, cell) else 0.0
    return width + 1.3 * (alignment.indent or 0) + arrow


def _is_filtered(sheet: Worksheet, cell: Cell) -> bool:
    """Whether the cell has the arrow of a filter, beside which a header wants room."""
    reference = str(sheet.auto_filter.ref or "")
    if ":" not in reference:
        return False
    area = parse_area(reference, Area(1, 1, 1, 1))
    return cell.row == area.first_row and area.holds(cell.row, cell.column)


# The merged cells by the place of the first.
Merged: TypeAlias = dict[tuple[int, int], Area]


def merged_starts(sheet: Worksheet) -> Merged:
    """The merged cells of a sheet by the place of the first one."""
    return {
        (item.min_row, item.min_col): Area(item.min_row, item.min_col, item.max_row, item.max_col)
        for item in sheet.merged_cells.ranges
    }


def needed_height(
    book: Book, sheet: Worksheet, area: Area, values: Values, merged: Merged
) -> float:
    """About how many points a row needs for what its cells show; 0 where they show nothing.

    Programs other than Excel fit no rows when they open a file.

    :param area: the cells to look at, all in one row
    """
    row, needed = area.first_row, 0.0
    for column in range(area.first_column, area.last_column + 1):
        cell = book.cell(sheet, row, column)
        if cell is None or cell.value is None or not cell.has_style:
            continue
        whole = merged.get((row, column))
        if whole is None or whole.rows == 1:
            last = column if whole is None else whole.last_column
            needed = max(needed, _cell_height(sheet, cell, values, last))
    return min(needed, 409.0)


def fit_row(book: Book, sheet: Worksheet, row: int, values: Values, merged: Merged) -> None:
    """Make a row as high as its contents need; Excel's usual height where that is enough."""
    area = Area(row, 1, row, book.used_area(sheet).last_column)
    needed = needed_height(book, sheet, area, values, merged)
    usual = float(sheet.sheet_format.defaultRowHeight or 15)
    if needed > usual:
        sheet.row_dimensions[row].height = needed
    elif row in sheet.row_dimensions:
        sheet.row_dimensions[row].height = None


def _cell_height(sheet: Worksheet, cell: Cell, values: Values | None, last: int) -> float:
    """What a cell that reaches to the column ``last`` needs of its row's height."""
    alignment, line = cell.alignment, _line_height(cell)
    rotation = alignment.textRotation or 0
    if rotation == STACKED:
        return line * min(len(str(cell.value)), 30)
    if rotation:
        degrees = rotation if rotation <= 90 else rotation - 90
        long = cell_width(cell, values) * _POINTS_PER_CHARACTER
        slope = math.radians(degrees)
        return long * math.sin(slope) + line * math.cos(slope) + 2
    if not alignment.wrap_text:
        return line
    room = sum(column_width(sheet, number) for number in range(cell.column, last + 1)) - 1
    return _lines(cell, values, max(room, 1.0)) * line


def _line_height(cell: Cell) -> float:
    return float(cell.font.size or 11) * 15 / 11


def _lines(cell: Cell, values: Values | None, room: float) -> int:
    """How many lines a text has in a column that is so wide."""
    if not isinstance(cell.value, str) or cell.data_type == "f":
        return max(1, math.ceil(cell_width(cell, values) / room))
    scale = (cell.font.size or 11) / 11
    total = 0
    for paragraph in str(cell.value).split("\n"):
        count, used = 1, 0.0
        for word in paragraph.split():
            width = (text_width(word) + 1) * scale
            if used and used + width > room:
                count, used = count + 1, 0.0
            count += int(width // room)  # a word that is longer than the line
            used += width % room if width > room else width
        total += count
    return total


def text_width(text: str) -> float:
    """About how many digits of the usual font a text is wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1.05 for c in text)


def widen_for_headers(sheet: Worksheet, row: int, first: int, last: int) -> None:
    """Give columns room for their headers, and for the arrows of filters beside them."""
    for column in range(first, last + 1):
        cell = sheet._cells.get((row, column))
        text = str(cell.value) if cell is not None and cell.value is not None else ""
        needed = min(text_width(text) * 1.06 + 3, WRAPPED) if text else 0.0
        if 0 < column_width(sheet, column) < needed:
            widen_column(sheet, column, needed)


def cell_width(cell: Cell, values: Values | None = None) -> float:
    """About how many digits of the usual font what the cell shows is wide."""
    value: object = cell.value
    if cell.data_type == "f":
        computed = (values or {}).get((cell.parent.title, cell.row, cell.column))
        if computed is None or computed.unknown:
            return 12.0
        value = computed.value
    scale = (cell.font.size or 11) / 11
    bold = cell.font.bold
    number_format = str(cell.number_format)
    if isinstance(value, bool):
        return 6.0 * scale
    if isinstance(value, int | float) and not is_date_format(number_format):
        return _number_width(value, number_format) * scale * (1.06 if bold else 1)
    if isinstance(value, int | float | dt.date | dt.time | dt.timedelta):
        return max(10.0, len(number_format)) * scale
    longest = max(str(value).split("\n"), key=len, default="")
    width = text_width(longest)
    return (width * (1.12 if bold else 1) + (2 if bold else 0)) * scale


def _number_width(value: float, number_format: str) -> float:
    if number_format == "General":
        return float(min(len(f"{value:.10g}"), 12))
    decimals = number_format.split(".")[1].count("0") if "." in number_format else 0
    return len(f"{value:,.{decimals}f}") + (3 if any(c in number_format for c in "$€£[") else 1)


# Finding data ---------------------------------------------------------------

MAX_AREAS = 500


def sheet_and_areas(book: Book, sheet: str, text: str) -> tuple[Worksheet, list[Area]]:
    """The sheet and areas of "A1:A9,C1:C9"; "" is the used area. One sheet for all of them.

    :raises InvalidRange: if an area is no range, is on another sheet, or there are too many
    """
    parts = split_areas(text) or [text]
    if len(parts) > MAX_AREAS:
        raise InvalidRange(
            f"{len(parts)} areas; at most {MAX_AREAS} are taken at once.",
            "Name fewer, larger areas.",
        )
    worksheet, first = book.sheet_and_area(sheet, parts[0])
    rest = [book.sheet_and_area(worksheet.title, part)[1] for part in parts[1:]]
    return worksheet, list(dict.fromkeys([first, *rest]))


@dataclass(frozen=True)
class Region:
    """A block of data on a sheet: where it is, and whether its first row holds headers."""

    area: Area
    has_headers: bool

    @property
    def body(self) -> Area:
        return self.area.below(1) if self.has_headers else self.area


def find_region(book: Book, sheet: Worksheet) -> Region | None:
    """The sheet's main block of data, or None on an empty sheet.

    It starts at the first row with at least two neighbouring filled cells (or the first
    filled cell, where no row has two) and goes on down to the first blank row. The first
    row holds headers if all its cells are text and different, and something below isn't.
    """
    return book.fact(sheet, "region", lambda _: _searched_region(book, sheet))


def _searched_region(book: Book, sheet: Worksheet) -> Region | None:
    area = main_block(sheet)
    return None if area is None else Region(area, has_header_row(book, sheet, area))


class Written:
    """Keeps what is known of a sheet right over a write, without a look at every cell.

    Make it before the write, and call :meth:`done` after it.
    """

    def __init__(self, book: Book, sheet: Worksheet, area: Area) -> None:
        self.book, self.sheet, self.area = book, sheet, area
        self._used = book.used_area(sheet)
        self._formulas = book.fact(sheet, "formulas", count_formulas) - self._count()
        self._region = find_region(book, sheet)

    def _count(self) -> int:
        return sum(cell.data_type == "f" for cell in self._cells())

    def _fills(self) -> bool:
        return any(isinstance(cell.value, ArrayFormula) for cell in self._cells())

    def _cells(self) -> Iterator[Cell]:
        for row in range(self.area.first_row, self.area.last_row + 1):
            for column in _columns(self.area):
                cell = self.book.cell(self.sheet, row, column)
                if cell is not None:
                    yield cell

    def done(self) -> None:
        """Set the facts as they are after the write."""
        book, sheet, area = self.book, self.sheet, self.area
        book.set_fact(sheet, "formulas", self._formulas + self._count())
        if any(area.overlaps(filled) for filled in book.filled_areas(sheet)) or self._fills():
            book.set_fact(sheet, "filled", None)
            book.set_fact(sheet, "fixed", None)
        full = sum(cell.value is not None for cell in self._cells()) == area.cells
        used = Area(
            1,
            1,
            max(self._used.last_row, area.last_row),
            max(self._used.last_column, area.last_column),
        )
        # A blank may have made the used area smaller, and it may have parted the data.
        book.set_fact(sheet, "used", used if full else None)
        book.set_fact(sheet, "region", self._region_after() if full else None)

    def forget(self) -> None:
        """Let everything be found anew: cells beside those written have changed, too."""
        for name in ("formulas", "used", "region", "filled"):
            self.book.set_fact(self.sheet, name, None)

    def _region_after(self) -> Region | None:
        if self._region is None:
            return None
        area, before = self.area, self._region.area
        if area.first_row < before.first_row:
            return None
        if area.first_row > before.last_row + 1 or area.first_column > before.last_column + 1:
            return self._region
        if area.first_column < before.first_column or area.last_column > before.last_column:
            return None
        last = max(before.last_row, area.last_row)
        whole = Area(before.first_row, before.first_column, last, before.last_column)
        below = [self.book.cell(self.sheet, last + 1, column) for column in _columns(whole)]
        if last > before.last_row and any(c is not None and c.value is not None for c in below):
            return None
        return Region(whole, has_header_row(self.book, self.sheet, whole))


def has_header_row(book: Book, sheet: Worksheet, area: Area) -> bool:
    """Whether the first row of ``area`` names its columns."""
    rows = [_row_values(book, sheet, area, n) for n in range(min(area.rows, 2))]
    return names_columns(rows[0], rows[1] if len(rows) > 1 else None)


def _row_values(book: Book, sheet: Worksheet, area: Area, index: int) -> list[object]:
    found = (book.cell(sheet, area.first_row + index, column) for column in _columns(area))
    # A text such as =a=b, which is no formula, is told apart by its apostrophe.
    return [None if c is None else f"'{c.value}" if _literal(c) else c.value for c in found]


def _literal(cell: Cell) -> bool:
    return cell.data_type == "s" and isinstance(cell.value, str) and cell.value.startswith("=")


def _columns(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


def _text_of(value: object) -> str:
    midnight = isinstance(value, dt.datetime) and value.time() == dt.time()
    return str(value.date() if midnight and isinstance(value, dt.datetime) else value)


def header_names(book: Book, sheet: Worksheet, region: Region) -> list[str]:
    """The names of a region's columns: its headers, or column letters where it has none."""
    names = []
    for column in _columns(region.area):
        cell = book.cell(sheet, region.area.first_row, column) if region.has_headers else None
        named = cell is not None and cell.value is not None
        names.append(_text_of(cell.value) if named and cell else get_column_letter(column))
    return names
