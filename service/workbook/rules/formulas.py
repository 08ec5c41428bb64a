"""What rules compare with: numbers, texts, dates and formulas, as the file stores them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from openpyxl.utils.datetime import from_excel, to_excel

from service.errors import InvalidValue
from service.workbook.foreign import told
from service.workbook.foreign.formulas import in_english
from service.workbook.foreign.values import meant
from service.workbook.formulas import check_formula, from_file, to_file

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?$")
_TIME = re.compile(r"^\d{1,2}:\d{2}(?::\d{2})?$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_TEXT = re.compile(r'^"((?:[^"]|"")*)"$')
_LARGEST = 9.99999999999999e307


def formula_text(value: object, where: str) -> str:
    """A formula as the file has it, without its equals sign.

    :raises InvalidValue: if it is none
    """
    text = str(value).strip()
    if not text.startswith("="):
        text = f"={text}"
    text = in_english(text, where)
    check_formula(text, where)
    if "[" in re.sub(r'"[^"]*"', "", text):
        raise InvalidValue(
            f"{where}: Excel takes no references to tables such as Table1[Amount] in rules.",
            "Write cells instead, such as $B2.",
        )
    return to_file(text)[1:]


def operand(value: object, where: str, epoch: dt.datetime) -> str:
    """A value to compare with, as a formula: ``100``, ``"text"``, ``$D$1``.

    :raises InvalidValue: if there is none, or it is a formula that is none
    """
    if value is None or value == "":
        raise InvalidValue(
            f"{where} is missing.", 'Send it as value, such as 100, "Yes" or "=$D$1".'
        )
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number(value)
    text = str(value)
    if text.startswith("=") and len(text) > 1:
        return formula_text(text, where)
    serial = moment(text, epoch)
    if serial is not None:
        return number(serial)
    if right := meant([text])[2]:
        told.now().texts[text] = right
    return quoted(text)


def quoted(text: str) -> str:
    """A text as a formula has it."""
    return '"' + text.replace('"', '""') + '"'


def number(value: float) -> str:
    """A number as a formula has it.

    :raises InvalidValue: if it is larger than any that Excel knows
    """
    if not abs(value) <= _LARGEST:
        raise InvalidValue("A number is larger than Excel's largest, 9.99E+307.", "Send another.")
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def moment(text: str, epoch: dt.datetime) -> float | None:
    """The serial number of "2026-01-31", "2026-01-31 14:30" or "14:30"; None for other texts.

    :raises InvalidValue: for a day or time that there is not
    """
    try:
        if _DATE.match(text):
            return float(to_excel(dt.datetime.fromisoformat(text), epoch))
        if _TIME.match(text):
            time = dt.time.fromisoformat(text.zfill(5) if len(text) < 6 else text.zfill(8))
            return (time.hour * 3600 + time.minute * 60 + time.second) / 86400
    except ValueError:
        raise InvalidValue(
            f'"{text}" is no date or time there is.', 'Write "2026-01-31" or "14:30".'
        ) from None
    return None


def numeric(value: object, where: str, epoch: dt.datetime) -> str:
    """As ``operand``, for what has to be a number, date, time or formula.

    :raises InvalidValue: for other texts
    """
    text = operand(value, where, epoch)
    if not text.startswith('"'):
        return text
    plain = str(value).strip()
    if _NUMBER.match(plain):
        return number(float(plain))
    raise InvalidValue(
        f'{where} is "{plain[:60]}"; it has to be a number, a date "2026-01-31", a time "14:30", '
        'or a formula such as "=$D$1".',
        "A reference to a cell starts with =.",
    )


def shown(formula: str, kind: str = "", epoch: dt.datetime | None = None) -> Any:
    """What would have to be sent to get such a formula.

    :param kind: "date" or "time" where numbers stand for such
    """
    if _NUMBER.match(formula):
        value = float(formula)
        if kind in ("date", "time") and epoch is not None and value >= 0:
            found: Any = from_excel(value, epoch)
            return (
                found.isoformat(" ")
                if isinstance(found, dt.datetime) and value % 1
                else (str(found)[:10] if isinstance(found, dt.datetime) else str(found))
            )
        return int(value) if value.is_integer() else value
    text = _TEXT.match(formula)
    if text:
        return text[1].replace('""', '"')
    if formula in ("TRUE", "FALSE"):
        return formula == "TRUE"
    return from_file("=" + formula)
