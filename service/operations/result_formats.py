"""The number format that the result of a formula takes over from the cells it reads."""

from __future__ import annotations

import re

from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area

# What gives money if it is given money.
_KEEPING = frozenset(
    "ROUND ROUNDUP ROUNDDOWN MROUND SUM MIN MAX ABS AVERAGE IF IFERROR SUBTOTAL SUMIF SLN".split()
)
_TEXT = re.compile(r'"[^"]*"')
_CALL = re.compile(r"([A-Za-z_.][\w.]*)\(")
# A cell of the same sheet, or the first of a range there.
_CELL = re.compile(r"(?<![\w!'.\]\[$])\$?([A-Z]{1,3})\$?(\d{1,7})(?![\w(.])")
_ROW_OF_TABLE = re.compile(r"(?:[A-Za-z_]\w*)?\[(?:@|\[#This Row\],)\[?([^\[\]@#]+)\]?\]")
_PART = r"\$?[A-Za-z]{1,3}\$?\d+|\d+|(?:[A-Za-z_]\w*)?\[[^\[\]]*(?:\[[^\[\]]*\],?)*[^\[\]]*\]"
_SHIFTED = re.compile(rf"({_PART})\s*([+-])\s*({_PART})")
_DAY = re.compile(r"[dy]", re.IGNORECASE)
_RATIO = re.compile(r"/\s*[^\d\s.]")
_MONEY = re.compile(r"0[.]0")
_CURRENCY = re.compile(r"[€$£¥]|\[\$")


def taken_over(
    sheet: Worksheet, formula: str, row: int = 0, columns: dict[str, int] | None = None
) -> str:
    """The format of money, of decimals, or of a date some days on, that a result has, too, or "".

    Ratios, counts, days between dates and whatever else another format may suit get none.

    :param row: of the formula in a table
    :param columns: where the columns of that table are, by their names in lower case
    """
    plain = _TEXT.sub("", formula)
    day = _shifted(sheet, plain, row, columns or {})
    if day:
        return day
    if any(name.upper() not in _KEEPING for name in _CALL.findall(plain)) or _RATIO.search(plain):
        return ""
    places = []
    for name in _ROW_OF_TABLE.findall(plain):
        column = (columns or {}).get(name.strip().lower())
        places += [(row, column)] if column else []
    plain = _ROW_OF_TABLE.sub("", plain)
    places += [(int(n), column_index_from_string(text)) for text, n in _CELL.findall(plain)]
    cells = [sheet._cells[place] for place in places if place in sheet._cells]
    formats = [str(cell.number_format) for cell in cells]
    return next((one for one in formats if _suits(one)), "")


def _shifted(sheet: Worksheet, formula: str, row: int, columns: dict[str, int]) -> str:
    """The format of a date to which days are added, or from which they are taken; Excel's way."""
    match = _SHIFTED.fullmatch(formula.strip().removeprefix("="))
    if match is None:
        return ""
    first, sign, second = match.groups()
    one, other = (_format_at(sheet, text, row, columns) for text in (first, second))
    days = [bool(found and is_date_format(found) and _DAY.search(found)) for found in (one, other)]
    if days == [True, False] and not is_date_format(other):
        return one
    return other if days == [False, True] and sign == "+" and not is_date_format(one) else ""


def _format_at(sheet: Worksheet, text: str, row: int, columns: dict[str, int]) -> str:
    """The number format of what a part of a formula names; General of a number."""
    of_table, plain = _ROW_OF_TABLE.fullmatch(text), _CELL.fullmatch(text)
    place = None
    if of_table is not None:
        place = (row, columns.get(of_table[1].strip().lower(), 0))
    elif plain is not None:
        place = (int(plain[2]), column_index_from_string(plain[1]))
    cell = sheet._cells.get(place)
    return "General" if cell is None else str(cell.number_format)


def _suits(number_format: str) -> bool:
    if "%" in number_format or is_date_format(number_format):
        return False
    return bool(_MONEY.search(number_format) or _CURRENCY.search(number_format))


def take_over(sheet: Worksheet, area: Area) -> Area:
    """Let new formulas without a number format take over that of what they read; the area."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = sheet._cells.get((row, column))
            if cell is None or cell.data_type != "f" or cell.number_format != "General":
                continue
            found = taken_over(sheet, str(cell.value)) if isinstance(cell.value, str) else ""
            if found:
                cell.number_format = found
    return area
