"""The values that a chart keeps beside its references.

Programs that do not calculate (previews, phones, converters) draw a chart from these, and
Excel does until it has read the cells. They are made anew at each save, so they never tell
what the cells held before.
"""

from __future__ import annotations

from typing import Any

from openpyxl import Workbook
from openpyxl.chart.data_source import NumData, NumVal, StrData, StrVal
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook import cells
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_sheet
from service.workbook.calculation.results import Values, serial_number
from service.workbook.texts import escape

MAX_POINTS = 5_000  # more take seconds to write, and no preview shows as many
_GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)


def refresh_caches(book: Workbook, values: Values) -> None:
    """Fill the caches of all charts from the cells as they are now."""
    for sheet in book.worksheets:
        for drawn in sheet._charts:
            if drawn.roundedCorners is None:
                drawn.roundedCorners = False  # left out, it would mean round ones
            for chart in drawn._charts:
                for series in chart.ser:
                    _refresh(book, values, series)


def _refresh(book: Workbook, values: Values, series: Any) -> None:
    for name in ("tx", "cat", "val", "xVal", "yVal", "bubbleSize"):
        source = getattr(series, name, None)
        for kind, cache, make in (
            ("numRef", "numCache", _numbers),
            ("strRef", "strCache", _texts),
            ("multiLvlStrRef", "multiLvlStrCache", None),
        ):
            reference = getattr(source, kind, None)
            found = _cells(book, reference.f) if reference is not None else None
            if found is None:
                continue  # another file, or a name: what is cached is all there is
            fits = make is not None and found[1].cells <= MAX_POINTS
            setattr(reference, cache, make(book, values, *found) if make and fits else None)


def _cells(book: Workbook, reference: str) -> tuple[Worksheet, Area] | None:
    title, text = split_sheet(reference or "")
    sheets = {sheet.title.lower(): sheet for sheet in book.worksheets}
    try:
        return sheets[title.lower()], parse_area(text, _GRID)
    except (KeyError, InvalidRange):
        return None


def _points(
    book: Workbook, values: Values, sheet: Worksheet, area: Area
) -> list[tuple[object, str]]:
    """(value, number format) of each cell of the area; dates as numbers."""
    found: list[tuple[object, str]] = []
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = sheet._cells.get((row, column))
            value: object = None if cell is None else cell.value
            if cell is not None and cell.data_type == "f":
                computed = values.get((sheet.title, row, column))
                value = computed.value if computed else None
            found.append((value, "General" if cell is None else str(cell.number_format)))
    return found


def _numbers(book: Workbook, values: Values, sheet: Worksheet, area: Area) -> NumData:
    points = _points(book, values, sheet, area)
    usual = next((code for value, code in points if value is not None), "General")
    kept = []
    for index, (value, code) in enumerate(points):
        number = serial_number(value, book.epoch)
        if isinstance(number, int | float) and not isinstance(number, bool):
            own = None if code == usual else code
            kept.append(NumVal(idx=index, formatCode=own, v=number))
    return NumData(formatCode=usual, ptCount=len(points), pt=kept)


def _texts(book: Workbook, values: Values, sheet: Worksheet, area: Area) -> StrData:
    points = _points(book, values, sheet, area)
    kept = [
        StrVal(idx=index, v=_text(value))
        for index, (value, _) in enumerate(points)
        if value is not None
    ]
    return StrData(ptCount=len(points), pt=kept)


def _text(value: object) -> str:
    return escape(str(cells.tidy_number(value) if isinstance(value, int | float) else value))
