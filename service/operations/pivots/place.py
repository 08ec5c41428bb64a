"""Where a pivot table stands, and its cells there."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.layout import check_sheet_name, fit_columns
from service.workbook.areas import Area, area_at, parse_area, parse_cell, split_sheet
from service.workbook.book import Book
from service.workbook.occupancy import is_empty
from service.workbook.pivots.design import Source, Value, Wrong
from service.workbook.pivots.files import Stored
from service.workbook.pivots.layout import Laid, Put

_CELL = re.compile(r"^\$?[A-Za-z]{1,3}\$?\d{1,7}$")
_NEW = "Pivot"
_ISO = "yyyy-mm-dd"
_ACCENTS = 7  # each family of styles repeats: one without a colour, six with


@dataclass(frozen=True)
class Place:
    """Where a pivot table is to stand.

    :param sheet: the title; ``new`` says that the sheet has to be made
    :param row: of the upper left corner, filters among it
    """

    sheet: str
    new: bool
    row: int
    column: int


def find_place(book: Book, source: Source, position: str, *, filtered: bool) -> Place:
    """The place that ``position`` names: a cell, a new sheet, or "" for a sheet of its own.

    :param filtered: whether there are filters above; without any, two rows are left for them
    """
    row = 1 if filtered else 3
    text = position.strip()
    named, reference = split_sheet(text)
    if text and _CELL.match(reference):
        sheet = book.sheet(named or source.sheet)
        return Place(sheet.title, False, *parse_cell(reference))
    if text.casefold() in [name.casefold() for name in book.sheet_names]:
        sheet = book.sheet(text)
        if not is_empty(sheet):
            raise InvalidParameters(
                f'position: the sheet "{sheet.title}" is not empty.',
                f'Name a cell of it, such as "{sheet.title}!H3", or a new sheet.',
            )
        return Place(sheet.title, False, row, 1)
    taken = book.xl.sheetnames
    title = check_sheet_name(text, taken) if text else _free_title(taken)
    return Place(title, True, row, 1)


def _free_title(taken: list[str]) -> str:
    folded = {name.casefold() for name in taken}
    number = 1
    while (title := _NEW if number == 1 else f"{_NEW}{number}").casefold() in folded:
        number += 1
    return title


def check_place(
    book: Book,
    place: Place,
    laid: Laid,
    source: Source,
    others: list[Stored],
    *,
    own: Area | None,
    overwrite: bool,
) -> Area:
    """The area of a pivot table with its filters, after a look at what is there.

    :param own: the area that it has already, which it may use again
    :raises InvalidRange: if it would cover what it must not
    """
    area = area_at(place.row, place.column, laid.height, laid.width)
    book.room_for(area.cells)
    if place.new:
        return area
    sheet = book.sheet(place.sheet)
    hint = f'Choose another position, such as a cell beside it, or a new sheet ("{_NEW}").'
    for what, other in _fixed(sheet, source, others):
        if other.overlaps(area):
            raise InvalidRange(
                f"The pivot table would stand at {sheet.title}!{area}, over {what} ({other}).", hint
            )
    filled = 0 if overwrite else _filled(book, sheet, area, own)
    if filled:
        raise InvalidRange(
            f"The pivot table would stand at {sheet.title}!{area}, over "
            f"{counted(filled, 'filled cell')}.",
            f"{hint} options.overwrite replaces them.",
        )
    return area


def _fixed(sheet: Worksheet, source: Source, others: list[Stored]) -> list[tuple[str, Area]]:
    """What no pivot table may cover on a sheet."""
    one = Area(1, 1, 1, 1)
    tables = sheet.tables.values()
    found = [(f"the table {t.displayName}", parse_area(str(t.ref), one)) for t in tables]
    found += [
        ("merged cells", Area(m.min_row, m.min_col, m.max_row, m.max_col))
        for m in sheet.merged_cells.ranges
    ]
    found += [(f"the pivot table {o.name}", o.area) for o in others if o.sheet == sheet.title]
    if source.sheet == sheet.title:
        found.append(("its own source", source.area))
    return found


def _filled(book: Book, sheet: Worksheet, area: Area, own: Area | None) -> int:
    count = 0
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            if own is not None and own.holds(row, column):
                continue
            cell = book.cell(sheet, row, column)
            count += cell is not None and cell.value is not None
    return count


def clear(book: Book, sheet: Worksheet, area: Area) -> None:
    """Empty the cells of an area, their formats among it."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and not isinstance(cell, MergedCell):
                cell.value = None
                cell.style = "Normal"


# Cells ------------------------------------------------------------------------


class Look:
    """How the cells look until Excel gives them the style of the pivot table."""

    def __init__(self, style: str) -> None:
        digits = re.sub(r"\D", "", style)
        accent = (int(digits) - 1) % _ACCENTS if digits else 0
        base, tint = (3 + accent, 0.8) if accent else (0, -0.15)
        self.fill = PatternFill("solid", fgColor=Color(theme=base, tint=tint)) if style else None
        line = Side("thin", color=Color(theme=base, tint=0.4 if accent else -0.35))
        self.under, self.over = Border(bottom=line), Border(top=line)

    def dress(self, cell: Cell, put: Put, *, last_head: bool) -> None:
        """Give a cell the format of its role."""
        cell.style = "Normal"
        cell.number_format = _cell_format(put)
        if put.role in ("header", "grand") and self.fill is not None:
            cell.fill = self.fill
            cell.border = (
                self.over if put.role == "grand" else self.under if last_head else Border()
            )
        if put.role in ("header", "grand", "group", "subtotal"):
            font = cell.font
            cell.font = Font(name=font.name, size=font.size, bold=True)
        if put.indent:
            cell.alignment = Alignment(horizontal="left", indent=put.indent)
        elif put.role in ("label", "group", "filter") and not isinstance(put.value, str):
            cell.alignment = Alignment(horizontal="left")


def _cell_format(put: Put) -> str:
    if isinstance(put.value, dt.datetime) and put.number_format == "General":
        return _ISO
    return put.number_format


def write_cells(book: Book, sheet: Worksheet, area: Area, laid: Laid) -> None:
    """Write a pivot table's labels and figures. Call it inside ``book.changing()``."""
    look = Look(laid.design.style)
    last = laid.skipped + laid.head - 1
    for put in _with_blanks(laid):
        cell = sheet.cell(area.first_row + put.row, area.first_column + put.column)
        _store(cell, put.value)
        look.dress(cell, put, last_head=put.row == last)


def _with_blanks(laid: Laid) -> list[Put]:
    """All that is put, and what has no label but the look of its row."""
    there = {(put.row, put.column) for put in laid.puts}
    blanks = []
    for row in range(laid.skipped, laid.height):
        number = row - laid.skipped - laid.head
        role = "header" if number < 0 else "grand" if laid.rows[number].kind == "grand" else ""
        for column in range(laid.side + len(laid.columns)):
            if role and (row, column) not in there:
                blanks.append(Put(row, column, None, role))  # type: ignore[arg-type]
    return laid.puts + blanks


def _store(cell: Cell, value: Value) -> None:
    cell.value = None
    if isinstance(value, str) and not isinstance(value, Wrong):
        # As it is: it stood in a cell before, and may begin as a formula does.
        cell._value, cell.data_type = str(value), "s"
    else:
        cell.value = str(value) if isinstance(value, Wrong) else value


def fit(book: Book, sheet: Worksheet, area: Area, *, new: bool) -> None:
    """Make columns wide enough: all of a new sheet's, elsewhere those that hold nothing else."""
    for column in range(area.first_column, area.last_column + 1):
        mine = Area(area.first_row, column, area.last_row, column)
        if new or not _holds_more(book, sheet, mine):
            fit_columns(book, sheet, mine)


def _holds_more(book: Book, sheet: Worksheet, mine: Area) -> bool:
    rows = range(1, book.used_area(sheet).last_row + 1)
    cells = (
        book.cell(sheet, r, mine.first_column)
        for r in rows
        if r not in range(mine.first_row, mine.last_row + 1)
    )
    return any(cell is not None and cell.value is not None for cell in cells)
