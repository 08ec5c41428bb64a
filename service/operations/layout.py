"""Putting data onto a sheet so that it looks made by a person, and finding it there again."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, listed
from service.operations.data import Grid
from service.workbook import cells, entering
from service.workbook.areas import Area, area_at, split_areas
from service.workbook.book import Book
from service.workbook.calculation.results import Values
from service.workbook.geometry import set_column_width
from service.workbook.house import FONT, House
from service.workbook.occupancy import count_formulas, main_block
from service.workbook.texts import utf16_length

NARROWEST, WIDEST = 9.0, 60.0
_MEASURED_ROWS = 500
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
        dress_body(sheet, area.below(1) if grid.headers else area, house)
    if grid.headers:
        style_header(sheet, Area(1, 1, 1, len(grid.headers)), house)
        align_headers(sheet, area)
        sheet.freeze_panes = "A2"
        if grid.rows:
            sheet.auto_filter.ref = str(area)
    fit_columns(book, sheet, area)
    return area


# Formulas whose result is a whole number, or no number at all.
_NO_DECIMALS = re.compile(
    r"=(YEAR|MONTH|DAY|DAYS|WEEKDAY|WEEKNUM|ISOWEEKNUM|HOUR|MINUTE|SECOND|COUNT[A-Z]*|ROWS?"
    r"|COLUMNS?|LEN|MATCH|XMATCH|FIND|SEARCH|RANK(\.EQ)?|QUOTIENT|INT)\("
)


def dress_body(sheet: Worksheet, area: Area, house: House) -> None:
    """Give written cells the user's font and formats; formats that are there stay.

    Where a column holds a number with decimals, all its numbers are shown alike.
    """
    if house.font == FONT and not house.number_format and not house.date_format:
        return
    font = Font(name=house.font, size=11)
    rows = range(area.first_row, area.last_row + 1)
    for column in range(area.first_column, area.last_column + 1):
        found = [sheet._cells.get((row, column)) for row in rows]
        filled = [cell for cell in found if cell is not None and cell.value is not None]
        decimal = bool(house.number_format) and has_decimals(
            [cell.value for cell in filled if cell.data_type == "n"],
            formulas=any(cell.data_type == "f" for cell in filled),
        )
        for cell in filled:
            if house.font != FONT:
                cell.font = font
            if cell.number_format != "General":
                cell.number_format = house.dated(cell.number_format)
            elif decimal and _takes_decimals(cell):
                cell.number_format = house.number_format


def has_decimals(numbers: Iterable[object], *, formulas: bool = False) -> bool:
    """Whether a column of these numbers holds amounts rather than counts, years and ids.

    :param formulas: whether it holds formulas, too; alone they count as amounts
    """
    found = [number for number in numbers if number is not None]
    return any(isinstance(n, float) and not n.is_integer() for n in found) or (
        formulas and not found
    )


def _takes_decimals(cell: Cell) -> bool:
    if cell.data_type == "f":
        return not _NO_DECIMALS.match(str(cell.value).upper())
    return bool(cell.data_type == "n")


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
    measured = area.top(_MEASURED_ROWS)
    spread = {(m.min_row, m.min_col) for m in sheet.merged_cells.ranges if m.max_col > m.min_col}
    for column in range(area.first_column, area.last_column + 1):
        widest = 0.0
        for row in range(measured.first_row, measured.last_row + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and cell.value is not None and (row, column) not in spread:
                widest = max(widest, cell_width(cell, values))
        if widest:
            set_column_width(sheet, column, min(max(widest + 2, NARROWEST), WIDEST))


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
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1.05 for c in longest)
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
    first = [book.cell(sheet, area.first_row, c) for c in _columns(area)]
    texts = [cell.value for cell in first if cell is not None and cell.value is not None]
    if not texts or not all(isinstance(t, str) and not t.startswith("=") for t in texts):
        return False
    if area.rows == 1:
        return True
    different = len({str(t).strip().lower() for t in texts}) == len(texts)
    return different and len(texts) >= area.columns - 1


def _columns(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


def header_names(book: Book, sheet: Worksheet, region: Region) -> list[str]:
    """The names of a region's columns: its headers, or column letters where it has none."""
    names = []
    for column in _columns(region.area):
        cell = book.cell(sheet, region.area.first_row, column) if region.has_headers else None
        named = cell is not None and cell.value is not None
        names.append(str(cell.value) if named and cell else get_column_letter(column))
    return names
