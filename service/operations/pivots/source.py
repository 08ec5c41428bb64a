"""Where a pivot table takes its data from: a range, a table or a sheet of the workbook."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted, listed
from service.operations.layout import find_region
from service.workbook import cells
from service.workbook.areas import Area, parse_area, split_sheet
from service.workbook.book import Book, filled_areas
from service.workbook.pivots.design import Source, Value, Wrong

_TOTAL = re.compile(
    r"^(grand |sub)?(total|totals|sum|summe|gesamt|gesamtsumme|insgesamt)\s*:?$", re.IGNORECASE
)
_RANGE = re.compile(r"^\$?[A-Za-z]{1,3}\$?\d*(:\$?[A-Za-z]{1,3}\$?\d*)?$|^\d+:\d+$")
_MOST_NAME = 255


def find_source(book: Book, sheet: str, text: str) -> tuple[Source, list[str]]:
    """The data that ``text`` names, and what a person should know of them.

    :param text: a range, the name of a table or of a sheet; "" for the data of ``sheet``
    :raises InvalidRange: if there is no data, or a column has no header
    :raises InvalidParameters: if nothing is called so
    """
    notes: list[str] = []
    worksheet, area, table = _place(book, sheet, text.strip(), notes)
    if area.rows < 2:
        raise InvalidRange(
            f"The source {worksheet.title}!{area} has no rows under its headers.",
            "Name a range with a row of headers and the data under it.",
        )
    names = _names(book, worksheet, area, notes)
    columns, formats, unknown = [], [], 0
    for column in range(area.first_column, area.last_column + 1):
        values, number_format, missing = _column(book, worksheet, area, column)
        columns.append(values)
        formats.append(number_format)
        unknown += missing
    if unknown:
        notes.append(
            f"{counted(unknown, 'formula')} of the source could not be calculated and "
            "count as blank until Excel refreshes the pivot table."
        )
    title = worksheet.title
    return Source(title, area, table, tuple(names), tuple(columns), tuple(formats)), notes


def _place(book: Book, sheet: str, text: str, notes: list[str]) -> tuple[Worksheet, Area, str]:
    """(sheet, area with the header row, name of the table if it is one)."""
    table = _table(book, text) if text else None
    if table is not None:
        return table[0], _table_area(table[1]), table[1].displayName
    named, reference = split_sheet(text)
    if text and (named or _RANGE.match(reference)):
        worksheet, area = book.sheet_and_area(sheet, text)
        last = max(book.used_area(worksheet).last_row, area.first_row)
        if area.last_row > last:
            notes.append(f"The source ends at row {last}: below there is nothing.")
            area = area.top(last - area.first_row + 1)
        return worksheet, area, ""
    if text and text.casefold() not in [name.casefold() for name in book.sheet_names]:
        sheets = book.xl.worksheets
        tables = [t.displayName for item in sheets for t in item.tables.values()]
        raise InvalidParameters(
            f'No range, table or sheet "{text[:60]}" in {book.name}. '
            f"Sheets: {listed(book.sheet_names)}. Tables: {listed(tables) or 'none'}.",
            "Name the source as \"Sales!A1:D20\", or by a table's or sheet's name.",
        )
    return _found(book, book.sheet(text or sheet), notes)


def _found(book: Book, worksheet: Worksheet, notes: list[str]) -> tuple[Worksheet, Area, str]:
    """The table or the main block of data of a sheet."""
    region = find_region(book, worksheet)
    if region is None:
        raise InvalidRange(
            f"{worksheet.title} is empty: there is nothing to summarise.",
            "Write the data first, or name the sheet that holds it.",
        )
    area = region.area
    for table in worksheet.tables.values():
        if _table_area(table).overlaps(area):
            return worksheet, _table_area(table), table.displayName
    first = book.cell(worksheet, area.last_row, area.first_column)
    text = str(first.value).strip() if first is not None else ""
    if area.rows > 2 and _TOTAL.match(text):
        notes.append(f'Row {area.last_row} ("{text}") is left out.')
        area = area.top(area.rows - 1)
    return worksheet, area, ""


def _table(book: Book, name: str) -> tuple[Worksheet, Table] | None:
    for worksheet in book.xl.worksheets:
        for table in worksheet.tables.values():
            if table.displayName.casefold() == name.casefold():
                return worksheet, table
    return None


def _table_area(table: Table) -> Area:
    area = parse_area(str(table.ref), Area(1, 1, 1, 1))
    return area.top(area.rows - (table.totalsRowCount or 0))


def _names(book: Book, sheet: Worksheet, area: Area, notes: list[str]) -> list[str]:
    """The headers; one that is there twice gets a number, as Excel gives it one."""
    names: list[str] = []
    taken: set[str] = set()
    for column in range(area.first_column, area.last_column + 1):
        cell = book.cell(sheet, area.first_row, column)
        text = "" if cell is None else str(cells.shown(book.value(cell)) or "").strip()
        text = text.removeprefix("'") if cell is not None and cell.data_type == "s" else text
        if not text or len(text) > _MOST_NAME:
            where = f"{sheet.title}!{get_column_letter(column)}{area.first_row}"
            raise InvalidRange(
                f"{where} has no header" + (" that is short enough." if text else "."),
                "Each column of a pivot table's source needs a header of its own: "
                "write one, or name a source without that column.",
            )
        name, number = text, 2
        while name.casefold() in taken:
            name, number = f"{text}{number}", number + 1
        if name != text:
            notes.append(f'A second column "{text}" is called "{name}".')
        taken.add(name.casefold())
        names.append(name)
    return names


def _column(
    book: Book, sheet: Worksheet, area: Area, column: int
) -> tuple[tuple[Value, ...], str, int]:
    """(values, the usual number format, how many formulas have no value) of a column."""
    formats: Counter[int] = Counter()
    codes: dict[int, str] = {}
    values: list[Value] = []
    unknown = 0
    spilled = bool(book.fact(sheet, "filled", filled_areas))
    for row in range(area.first_row + 1, area.last_row + 1):
        cell = book.cell(sheet, row, column)
        if cell is None:
            values.append(None)
            continue
        if cell.data_type == "f" and book.computed(cell).unknown:
            unknown += 1
            values.append(None)
            continue
        if cell.data_type == "s" and not spilled:
            values.append(str(cell.value) or None)
            continue
        value = _value(book.value(cell), error=cell.data_type in ("e", "f"))
        values.append(value)
        if value is not None and not isinstance(value, str):
            number = cell._style.numFmtId
            formats[number] += 1
            if number not in codes:
                codes[number] = str(cell.number_format)
    usual = codes[formats.most_common(1)[0][0]] if formats else "General"
    return tuple(values), usual, unknown


def _value(value: object, *, error: bool) -> Value:
    """A cell's value as a pivot table knows it; days and times are moments or numbers."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | int | float | dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    if isinstance(value, dt.time | dt.timedelta):
        return float(to_excel(value))
    text = str(value)
    return Wrong(text) if error and text in cells.ERRORS else text


def rows_below(book: Book, source: Source) -> Iterator[str]:
    """A note where data goes on under a source that is a range."""
    sheet, row = book.sheet(source.sheet), source.area.last_row + 1
    columns = range(source.area.first_column, source.area.last_column + 1)
    found = (book.cell(sheet, row, column) for column in columns)
    first = next((cell for cell in found if cell is not None and cell.value is not None), None)
    if not source.table and first is not None and not _TOTAL.match(str(first.value).strip()):
        yield (
            f"Row {row} of {source.sheet} is under the source {source.area} and does not count; "
            "action change with source takes it in."
        )
