"""What a calculator answers for one formula cell, and when two answers are the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from service.workbook.areas import Area

Address: TypeAlias = tuple[str, int, int]  # title of the sheet as it is written, row, column

CLOSE = 1e-9  # relative; calculators add and round in different orders
_TINY = 1e-12  # what is left of 0.1 + 0.2 - 0.3, where another calculator says 0

ERRORS = frozenset(
    "#DIV/0! #N/A #NAME? #NULL! #NUM! #REF! #VALUE! #SPILL! #CALC! #GETTING_DATA "
    "#FIELD! #BLOCKED! #UNKNOWN! #CONNECT! #BUSY!".split()
)


class ErrorValue(str):
    """An error that stands in a cell as a constant, such as ``#N/A``; no text."""

    __slots__ = ()


@dataclass(frozen=True)
class Computed:
    """The result of one formula: a value, or the reason why there is none.

    :param value: number, text, boolean, or the text of an error
    :param unknown: why there is no value; "" where there is one
    :param unverified: why the value may not be what Excel would show; "" where two
        calculators agree on it, or where it is Excel's own
    :param fills: of a dynamic array, the cells that its result fills, or would if they were free
    """

    value: object = None
    unknown: str = ""
    unverified: str = ""
    fills: Area | None = field(default=None, compare=False)


Values: TypeAlias = Mapping[Address, Computed]


def same(one: object, other: object) -> bool:
    """Whether two values of a cell are equal, numbers within 1e-9 of each other."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _close(float(one), float(other))
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _lines(one) == _lines(other)
    return one is None and other is None


def _lines(text: str) -> str:
    """A text with the line ends of one kind: files hold both, and _x000D_ besides."""
    return text.replace("_x000D_", "").replace("\r", "")


def _close(one: float, other: float) -> bool:
    if one == other:
        return True
    if one == 0 or other == 0:
        return abs(one - other) < _TINY
    return abs(one - other) <= CLOSE * max(abs(one), abs(other))


def is_error(value: object) -> bool:
    """Whether a value is an error, such as ``#N/A``."""
    return isinstance(value, str) and value in ERRORS


def told(value: object) -> str:
    """A value as a reason names it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:.12g}"
    text = str(value)
    return text if is_error(text) else f'"{text[:40]}"'


def name_of(address: Address) -> str:
    """Such as "Sheet1!B2"."""
    title, row, column = address
    return f"{title}!{get_column_letter(column)}{row}"


def serial_number(value: object, epoch: dt.datetime) -> object:
    """Dates as the numbers that a file stores; everything else as it is."""
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return to_excel(value, epoch)
    return value
