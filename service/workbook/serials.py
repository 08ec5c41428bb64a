"""Numbers that their number format shows as dates, times or durations."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import openpyxl.worksheet._reader
from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel, to_excel

# Days. openpyxl rounds to milliseconds; what differs by more is another moment.
_ROUNDED = 1e-7


def as_date(number: float, number_format: str, epoch: dt.datetime) -> object:
    """The moment or duration that a number is shown as, else the number itself."""
    kind = _kind(number_format)
    return number if kind is None else moment(number, epoch, timedelta=kind == "duration")


@lru_cache(maxsize=512)
def _kind(number_format: str) -> str | None:
    if not is_date_format(number_format):
        return None
    return "duration" if is_timedelta_format(number_format) else "date"


def moment(number: float, epoch: dt.datetime, timedelta: bool = False) -> object:
    """The moment; the number where Excel shows ##### and where no calendar has that day."""
    if number < 0:
        return number
    try:
        found = from_excel(number, epoch, timedelta)
        same = abs(to_excel(found, epoch) - number) < _ROUNDED
    except (OverflowError, ValueError):
        return number
    return found if same else number


def teach_openpyxl() -> None:
    """Let openpyxl keep numbers that are no dates: it puts #VALUE! in their place."""
    openpyxl.worksheet._reader.from_excel = moment
