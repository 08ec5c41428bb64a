"""Cell values: JSON on the one side, Excel's cells on the other.

Writing: numbers, booleans and ``null`` (blank) are themselves. Of texts,

- ``=`` starts a formula,
- an apostrophe in front makes any text literal (``'=A1``, ``'2026-01-31``), as in Excel;
  alone it is itself,
- ``2026-01-31`` and ``2026-01-31 14:30`` are dates,
- ``08:30`` and ``08:30:15`` are times of the day, ``40%`` and ``-2.5 %`` are shares of 100,
- anything else stays text, also ``007``, ``1200`` and ``+49 30 1234``.

Reading gives back what would have to be written: a text that writing would take for
something else comes with its apostrophe.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import TypeAlias

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles.numbers import is_date_format
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from service.errors import InvalidValue
from service.workbook.foreign.formulas import in_english
from service.workbook.formulas import check_formula, from_file, to_file
from service.workbook.texts import utf16_length

Scalar: TypeAlias = str | int | float | bool | None

# Control characters, halves of surrogate pairs and non-characters; one class is searched for
# in a third of the time of several.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

MAX_TEXT = 32_767
MAX_FORMULA = 8_192
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?$")
_TIME = re.compile(r"^(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$", re.ASCII)
_PERCENT = re.compile(r"^[+-]?\d{1,9}(?:\.(\d{1,4}))?\s?%$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d+)?|\d{1,3}([.,' ]\d{3})+([.,]\d+)?)\s?%?$")
# Excel counts days from 1900 and holds 29 February of that year for real.
_FIRST_DATE = dt.date(1900, 3, 1)
_EXACT_DIGITS = 15
_SMALLEST = 2.2250738585072014e-308  # nearer to 0 Excel takes a number for 0


def refuse_unstorable(name: str, value: object) -> None:
    """Refuse a text, or a list with one, that holds what no workbook can.

    :raises InvalidValue: naming the parameter
    """
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and UNSTORABLE.search(item):
            raise InvalidValue(
                f"{name} holds control characters, which no workbook can hold.",
                "Send it without them.",
            )


def label(value: Scalar) -> Scalar:
    """A header as it is to be put: "40%" and "08:30" are texts there."""
    text = isinstance(value, str) and (_PERCENT.match(value.strip()) or _TIME.match(value.strip()))
    return f"'{value}" if text else value


def put(cell: Cell, value: Scalar) -> None:
    """Write one JSON value into a cell, keeping the cell's format where it still fits.

    :raises InvalidValue: naming the cell, if Excel can't hold the value
    """
    where = f"{cell.coordinate}"
    if isinstance(cell, MergedCell):
        raise InvalidValue(
            f"{where} is hidden inside merged cells.", "Write to the first cell of the merged area."
        )
    stored, literal = stored_value(value, where)
    was_date, was = cell.is_date, cell.number_format
    cell.value = stored
    if literal:
        cell.data_type = "s"
    elif isinstance(value, str):
        _format_as_typed(cell, value, was)
    cell.quotePrefix = literal and isinstance(value, str) and value.startswith("'")
    if cell.data_type == "f" and cell.number_format == "General":
        cell.number_format = _format_of_result(str(stored))
    if was_date and isinstance(stored, int | float) and is_date_format(cell.number_format):
        cell.number_format = "General"


def _format_as_typed(cell: Cell, text: str, before: str) -> None:
    """The number format that a share or a time brings along, where the cell has none."""
    if _PERCENT.match(text):
        decimals = _decimals(text)
        plain = "0%" if not decimals else f"0.{'0' * decimals}%"
        cell.number_format = plain if before == "General" else before
    elif _TIME.match(text):
        short = text.count(":") == 1
        cell.number_format = before if is_date_format(before) else "hh:mm" if short else "hh:mm:ss"


def _decimals(percent: str) -> int:
    """How many digits follow the point of "2.5 %"."""
    found = _PERCENT.match(percent)
    return len(found[1] or "") if found else 0


_DATE_FORMULA = re.compile(r"^=(TODAY|DATE|EDATE|EOMONTH|WORKDAY|WORKDAY\.INTL|DATEVALUE)\(")


def _format_of_result(formula: str) -> str:
    """The number format that Excel gives a cell when such a formula is typed in."""
    if formula.startswith("=NOW("):
        return "yyyy-mm-dd hh:mm"
    return "yyyy-mm-dd" if _DATE_FORMULA.match(formula) else "General"


def stored_value(
    value: Scalar, where: str
) -> tuple[str | int | float | bool | dt.date | dt.time | None, bool]:
    """(what openpyxl is given, whether it is literal text) for one JSON value."""
    if value is None or value == "":
        return None, False
    if isinstance(value, bool):
        return value, False
    if isinstance(value, int | float):
        return _number(value, where)
    if not isinstance(value, str):
        raise InvalidValue(
            f"{where}: {type(value).__name__} is no cell value.",
            "A cell holds text, a number, true, false or null.",
        )
    return _text(value, where)


def _number(value: int | float, where: str) -> tuple[str | int | float, bool]:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValue(
            f"{where}: {value} is not a number Excel can hold.", "Use null for a blank cell."
        )
    if 0 < abs(value) < _SMALLEST:
        raise InvalidValue(
            f"{where}: {value} is nearer to 0 than any number Excel can hold.", "Use 0."
        )
    if isinstance(value, int) and len(str(abs(value))) > _EXACT_DIGITS:
        return str(value), True  # Excel would round it: ids and card numbers must stay whole
    return value, False


def _text(value: str, where: str) -> tuple[str | float | dt.date | dt.time, bool]:
    if value.startswith("'") and len(value) > 1:
        return _checked_text(value[1:], where), True
    if value.startswith("=") and len(value) > 1:
        if len(value) > MAX_FORMULA:
            raise InvalidValue(
                f"{where}: the formula has {len(value)} characters; Excel allows {MAX_FORMULA}.",
                "Split it over helper cells.",
            )
        formula = in_english(_storable(value, where, "formula"), where)
        check_formula(formula, where)
        return to_file(formula), False
    typed = parse_typed(value)
    return (_checked_text(value, where), True) if typed is None else (typed, False)


def _checked_text(text: str, where: str) -> str:
    if utf16_length(text) > MAX_TEXT:
        raise InvalidValue(
            f"{where}: the text has {utf16_length(text)} characters; Excel allows {MAX_TEXT}.",
            "Split it over several cells.",
        )
    return _storable(text, where, "text")


def _storable(text: str, where: str, what: str) -> str:
    if UNSTORABLE.search(text):
        raise InvalidValue(
            f"{where}: the {what} holds control characters that no workbook can store.",
            "Remove them and write again.",
        )
    return text


def parse_date(text: str) -> dt.date | None:
    """The date (or datetime) that an ISO text means, if Excel can hold it."""
    if not _DATE.match(text):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.date() < _FIRST_DATE:
        return None
    return moment.date() if len(text) == 10 else moment


def parse_typed(text: str) -> dt.date | dt.time | float | None:
    """What a text means that Excel would take for a date, a time or a share when typed in."""
    if _PERCENT.match(text):
        # The nearest number to the share: 7 % is 0.07, not 0.07 and something.
        return float(Decimal(text.rstrip("% ")) / 100)
    if _TIME.match(text):
        return dt.time.fromisoformat(text.zfill(8 if text.count(":") == 2 else 5))
    return parse_date(text)


def looks_like_number(text: str) -> bool:
    """Whether a text would be a number if it weren't text."""
    return bool(_NUMBER.match(text.strip()))


def formula_of(cell: Cell | MergedCell) -> str | None:
    """The cell's formula as Excel shows it, or None."""
    value = cell.value
    if isinstance(value, ArrayFormula):
        text = value.text or ""
        return from_file(text if text.startswith("=") else f"={text}")
    if isinstance(value, DataTableFormula):
        return "=TABLE()"
    if cell.data_type == "f" and isinstance(value, str):
        return from_file(value)
    return None


def shown(value: object) -> Scalar:
    """A cell's value (not its formula) as JSON, by the rule in the module's head."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return tidy_number(value)
    if isinstance(value, dt.datetime):
        return shown_moment(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat("seconds")
    if isinstance(value, dt.timedelta):
        return _duration(value)
    text = str(value) if isinstance(value, CellRichText) else f"{value}"
    return (
        f"'{text}"
        if (text[:1] in ("=", "'") and len(text) > 1) or parse_typed(text) is not None
        else text
    )


def shown_moment(moment: dt.datetime) -> str:
    """ISO text of a moment; midnight is a plain date."""
    if moment.time() == dt.time():
        return moment.date().isoformat()
    return moment.isoformat(" ", "seconds" if moment.second else "minutes")


def tidy_number(value: int | float) -> int | float:
    """Whole numbers without a ``.0``."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def _duration(value: dt.timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def kind_of(value: object) -> str:
    """One word for what a value is: blank, text, number, boolean, date, error."""
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return "date"
    text = str(value)
    return "error" if text.startswith("#") and text in ERRORS else "text"


ERRORS = {
    "#DIV/0!": "a division by zero or by a blank cell",
    "#N/A": "a lookup found nothing",
    "#NAME?": "an unknown function or name",
    "#NULL!": "two ranges that do not meet",
    "#NUM!": "a number outside what the function allows",
    "#REF!": "a reference to a cell or sheet that does not exist",
    "#VALUE!": "a value of the wrong type, often text where a number is needed",
    "#SPILL!": "a result of several cells that has no room",
    "#CALC!": "a calculation that Excel does not support, often an empty array",
}
