"""Widths and heights of columns and rows in pixels, as the page draws them."""

from __future__ import annotations

import math
from typing import Any

from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.geometry import column_width, hidden_lines, row_height

EMU = 9_525  # a pixel
_WIDTH = 7  # pixels of a character of the usual font
_POINT = 4 / 3  # pixels
_MOST_LINES = 12


class Measures:
    """The sizes of a sheet's rows and columns; hidden ones are 0."""

    def __init__(self, sheet: Worksheet, columns: int) -> None:
        self.sheet = sheet
        self.hidden_rows, self.hidden_columns = hidden_lines(sheet)
        self.widths = [self.column(number) for number in range(1, columns + 1)]
        self.usual_height = _pixels(float(sheet.sheet_format.defaultRowHeight or 15.0))
        self.heights: dict[int, int] = {}
        for number, item in sheet.row_dimensions.items():
            if item.hidden or item.height is not None:
                self.heights[number] = _pixels(row_height(sheet, number))

    def column(self, number: int) -> int:
        """The width of a column."""
        if number in self.hidden_columns:
            return 0
        return max(round(column_width(self.sheet, number) * _WIDTH), 1)

    def height(self, row: int) -> int:
        return self.heights.get(row, self.usual_height)

    def fit(self, row: int, cells: list[tuple[Any, str]]) -> None:
        """Give a row that has no height of its own the height that its cells need.

        :param cells: the row's cells with their texts
        """
        item = self.sheet.row_dimensions.get(row)
        if row in self.hidden_rows or (item is not None and item.height is not None):
            return
        needed = max((self._needed(cell, text) for cell, text in cells), default=0)
        if needed > self.usual_height:
            self.heights[row] = needed

    def _needed(self, cell: Any, text: str) -> int:
        size = float(cell.font.sz or 11) if cell.has_style and cell.font is not None else 11.0
        line = round(size * 1.36 * _POINT) if size > 11 else self.usual_height
        if not cell.has_style:
            return line
        turned = int(cell.alignment.textRotation or 0)
        if turned:
            sine = 1.0 if turned == 255 else abs(math.sin(math.radians(turned % 90 or 90)))
            return max(line, round(len(text) * _WIDTH * size / 11 * sine) + 8)
        if not cell.alignment.wrap_text:
            return line
        width = (self.widths[cell.column - 1] if cell.column <= len(self.widths) else 64) - 6
        room = max(width / (_WIDTH * size / 11), 1.0)
        lines = sum(max(math.ceil(len(part) / room), 1) for part in text.split("\n"))
        return line * min(lines, _MOST_LINES)

    def place(self, row: int, column: int) -> tuple[int, int]:
        """(left, top) of a cell, from the sheet's corner; both counted from 1."""
        left = sum(self.widths[: column - 1])
        left += sum(self.column(number) for number in range(len(self.widths) + 1, column))
        before = [height for number, height in self.heights.items() if number < row]
        return left, sum(before) + (row - 1 - len(before)) * self.usual_height


def _pixels(points: float) -> int:
    return round(points * _POINT)
