"""Where a chart goes: beside the data, where it is asked, or on a sheet of its own."""

from __future__ import annotations

import itertools

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, Area, parse_cell, split_sheet
from service.workbook.geometry import EMU_PER_CM, Size, area_under, drawn_areas
from service.workbook.occupancy import is_empty, used_area

# In centimetres: the usual size; of a bar chart what surrounds the bars, one bar, the most.
WIDTH, HEIGHT = 16.0, 8.5
_FRAME, _BAR, _TALLEST = 2.5, 0.45, 24.0


def usual_size(lines: int, width: float | None, height: float | None) -> Size:
    """Charts are alike in size; bars lie one under the other and grow with their number.

    :param lines: bars under each other, 0 for other kinds
    :param width: in cm, None for the usual
    """
    if height is None:
        height = min(max(_FRAME + lines * _BAR if lines else HEIGHT, HEIGHT), _TALLEST)
    return Size(round((width or WIDTH) * EMU_PER_CM), round(height * EMU_PER_CM))


def place(sheet: Worksheet, position: str, size: Size) -> tuple[Area, list[str]]:
    """The cells that the chart will cover, and what they cover."""
    if not position.strip():
        return _free_place(sheet, size), []
    area = asked_place(sheet, position, size)
    return area, covered(sheet, area)


def asked_place(sheet: Worksheet, position: str, size: Size) -> Area:
    """The cells under something of that size whose upper left corner is in a cell.

    :raises InvalidRange: if it is no cell, or one of another sheet
    """
    named, cell = split_sheet(position)
    if named and named.lower() != sheet.title.lower():
        raise InvalidRange(
            f'position names the sheet "{named}", but the chart goes onto "{sheet.title}".',
            "Name the sheet with the parameter sheet.",
        )
    return area_under(sheet, *parse_cell(cell), size)


def covered(sheet: Worksheet, area: Area, besides: object = None) -> list[str]:
    """Notes of what lies under a chart.

    :param besides: the chart itself, where it is on the sheet already
    """
    places = itertools.product(
        range(area.first_row, area.last_row + 1), range(area.first_column, area.last_column + 1)
    )
    found = (sheet._cells.get(place) for place in places)
    filled = sum(cell is not None and cell.value is not None for cell in found)
    notes = [f"The chart covers {filled} filled cells ({area})."] if filled else []
    if any(area.overlaps(other) for other in drawn_areas(sheet, besides)):
        notes.append("The chart covers another chart or picture.")
    return notes


def _free_place(sheet: Worksheet, size: Size) -> Area:
    """Right of all that is filled, from row 2 on, under charts and pictures that are there."""
    used = used_area(sheet)
    row, column = 2, 2 if is_empty(sheet) else used.last_column + 2
    if column > MAX_COLUMN - 100:  # no room on the right
        row, column = used.last_row + 2, 1
    taken = drawn_areas(sheet)
    area = area_under(sheet, row, column, size)
    while blocking := [other for other in taken if other.overlaps(area)]:
        row = max(other.last_row for other in blocking) + 2
        area = area_under(sheet, row, column, size)
    return area
