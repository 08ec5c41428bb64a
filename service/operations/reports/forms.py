"""What documents are made of: lines under headers, fields to fill in, checks and rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal

from openpyxl.cell.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import style_header
from service.operations.reports.look import GRAY, ROW_HEIGHT, put
from service.workbook.areas import Area
from service.workbook.cells import Scalar
from service.workbook.house import FONT, House

PERCENT = "0%"
QUANTITY = "#,##0"
HAIRLINE = Side("thin", color="D9D9D9")
GOOD, WARNING, BAD = ("C6EFCE", "006100"), ("FFEB9C", "7F6000"), ("FFC7CE", "9C0006")
Place = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Line:
    """A column of lines: header, width in characters, number format, and where it stands."""

    header: str
    width: float
    number_format: str = "General"
    place: Place = "left"
    wrap: bool = False


def letter(column: int) -> str:
    """The letter of a column."""
    return str(get_column_letter(column))


def write_lines(
    sheet: Worksheet,
    place: tuple[int, int],
    columns: Sequence[Line],
    rows: Sequence[Sequence[Scalar]],
    house: House,
) -> Area:
    """Lines under a header row from ``place`` (row, column) on; returns all of their area."""
    row, column = place
    area = Area(row, column, row + len(rows), column + len(columns) - 1)
    for c, item in enumerate(columns, start=column):
        put(sheet, row, c, f"'{item.header}")
    style_header(sheet, area.top(1), house)
    for c, item in enumerate(columns, start=column):
        sheet.cell(row, c).alignment = _alignment(item, header=True)
    for r, values in enumerate(rows, start=row + 1):
        for c, (item, value) in enumerate(zip(columns, values, strict=True), start=column):
            cell = put(sheet, r, c, value)
            cell.number_format = item.number_format
            cell.font = Font(name=house.font, size=11)
            cell.border = Border(bottom=HAIRLINE)
            cell.alignment = _alignment(item)
        sheet.row_dimensions[r].height = _height(columns, values)
    return area


def _alignment(item: Line, *, header: bool = False) -> Alignment:
    indent = int(item.place == "left")
    return Alignment(item.place, "center", wrap_text=item.wrap and not header, indent=indent)


def _height(columns: Sequence[Line], values: Sequence[Scalar]) -> float:
    """Room for the texts that are wrapped."""
    lines = [1]
    for item, value in zip(columns, values, strict=True):
        if item.wrap and isinstance(value, str):
            room = max(item.width - 2, 5)
            lines.append(sum(max(1, math.ceil(len(part) / room)) for part in value.split("\n")))
    return ROW_HEIGHT if max(lines) == 1 else max(lines) * 15 + 4


def write_sums(
    sheet: Worksheet,
    row: int,
    first: int,
    columns: Sequence[Line],
    values: Sequence[Scalar],
    house: House,
) -> None:
    """A row of totals below lines."""
    for c, (item, value) in enumerate(zip(columns, values, strict=True), start=first):
        cell = put(sheet, row, c, value)
        cell.number_format = item.number_format
        cell.alignment = _alignment(item)
        dress_total(cell, house)
    sheet.row_dimensions[row].height = ROW_HEIGHT + 2


def dress_total(cell: Cell, house: House) -> None:
    """The look of a total."""
    cell.font = Font(name=house.font, size=11, bold=True)
    cell.fill = house.total_fill
    edge = Side("thin", color=house.dark)
    cell.border = Border(top=edge, bottom=edge)


def write_label(sheet: Worksheet, row: int, column: int, text: str, house: House) -> Cell:
    """A label in small gray print."""
    cell = put(sheet, row, column, f"'{text}")
    cell.font = Font(name=house.font, size=9, color=GRAY)
    cell.alignment = Alignment("left", "center", indent=1)
    return cell


def write_field(
    sheet: Worksheet,
    row: int,
    columns: tuple[int, int, int],
    label: str,
    value: Scalar,
    house: House,
    *,
    number_format: str = "General",
    place: Place = "left",
) -> Cell:
    """A label, and its value on a line, which is there to be filled in where it is blank.

    :param columns: that of the label, first and last of the value
    """
    write_label(sheet, row, columns[0], label, house)
    for column in range(columns[1], columns[2] + 1):
        sheet.cell(row, column).border = Border(bottom=HAIRLINE)
    cell = put(sheet, row, columns[1], value)
    cell.number_format = number_format
    cell.font = Font(name=house.font, size=11)
    cell.alignment = Alignment(place, "center", indent=int(place == "left"))
    if columns[2] > columns[1]:
        sheet.merge_cells(
            start_row=row, start_column=columns[1], end_row=row, end_column=columns[2]
        )
    return cell


def rule_under(sheet: Worksheet, row: int, columns: tuple[int, int], house: House) -> None:
    """A line in the colour of the house below a row."""
    for column in range(columns[0], columns[1] + 1):
        cell = sheet.cell(row, column)
        border = copy(cell.border)
        border.bottom = Side("medium", color=house.main)
        cell.border = border


# Checks and rules -----------------------------------------------------------------


def check(
    sheet: Worksheet,
    area: str,
    kind: Literal["date", "decimal", "whole", "list", "time"],
    message: str,
    first: str = "",
    last: str = "",
) -> None:
    """Let cells take only values from ``first`` to ``last``; of a list, those of ``first``.

    :param message: what Excel says to anything else
    """
    usual = {"date": ("36526", "73050"), "time": ("0", "0.999988425925926")}
    low, high = usual.get(kind, ("-1000000000000000", "1000000000000000"))
    validation = DataValidation(
        type=kind,
        operator=None if kind == "list" else "between",
        formula1=first or low,
        formula2=None if kind == "list" else last or high,
        allow_blank=True,
        showErrorMessage=True,
        error=message,
    )
    validation.add(area)
    sheet.add_data_validation(validation)


def mark(
    sheet: Worksheet, area: str, formula: str, style: DifferentialStyle, *, last: bool = False
) -> None:
    """Let cells look otherwise where a formula is true.

    :param last: whether no later rule counts then
    """
    rule = Rule(type="expression", formula=[formula], dxf=style, stopIfTrue=last or None)
    sheet.conditional_formatting.add(area, rule)


def colored(fill: str = "", text: str = "", *, bold: bool | None = None) -> DifferentialStyle:
    """The style of a rule: colours of fill and text."""
    return DifferentialStyle(
        font=Font(color=text or None, bold=bold) if text or bold else None,
        fill=PatternFill("solid", bgColor=fill) if fill else None,
    )


def show_decimals(sheet: Worksheet, area: Area, *, percent: bool = False) -> None:
    """Whole numbers stand without decimals, all others with them."""
    cell = f"{letter(area.first_column)}{area.first_row}"
    scaled = f"{cell}*100" if percent else cell
    formula = f"AND(ISNUMBER({cell}),ABS({scaled}-ROUND({scaled},0))>0.000001)"
    shown = NumberFormat(170, "0.0%") if percent else NumberFormat(171, "#,##0.00")
    mark(sheet, str(area), formula, DifferentialStyle(numFmt=shown))


# Finishing --------------------------------------------------------------------------


def in_font(sheet: Worksheet, house: House) -> None:
    """Set all that was written in the font of the house."""
    if house.font == FONT:
        return
    for row in sheet.iter_rows():
        for cell in row:
            if cell.font.name != house.font:
                font = copy(cell.font)
                font.name = house.font
                cell.font = font


def split_lines(text: str) -> list[str]:
    """The lines of an address: as they are broken, or else parted at commas."""
    parts = text.split("\n") if "\n" in text.strip() else _at_commas(text)
    return [part.strip() for part in parts if part.strip()]


_FORMS = ("inc", "llc", "ltd", "gmbh", "ag", "kg", "co", "corp", "s.a", "b.v", "plc")


def _at_commas(text: str) -> list[str]:
    """ "Acme, Inc., Main St 1" has two parts: a legal form belongs to the name."""
    found: list[str] = []
    for part in text.split(","):
        if found and part.strip().casefold().rstrip(".").split(" ")[0] in _FORMS:
            found[-1] += f",{part}"
        else:
            found.append(part)
    return found


def footer_text(text: str) -> str:
    """A text as headers and footers take it."""
    return text.replace("&", "&&")[:120]
