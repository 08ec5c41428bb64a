"""The row that names the columns of a block, wherever it stands in it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import get_column_letter

from service.workbook.areas import Area
from service.workbook.cells import ERRORS, shown
from service.workbook.column_types import looks_typed
from service.workbook.found_tables.values import SheetValues

_SEARCHED = 10  # rows of a block
_COMPARED = 30  # rows below, to tell names from data


@dataclass(frozen=True)
class Head:
    """Where a block's data begins, and what its columns are called.

    :param row: the row of headers, the lower one of two; None where there is none
    :param names: as they stand there, "" where one is missing
    """

    row: int | None
    first_data_row: int
    names: list[str]


def find_head(values: SheetValues, area: Area, merged: Sequence[Area] = ()) -> Head:
    """The headers of a block.

    Lines in front of them (a title, a date) fill few of its columns. A row of merged headings
    over the headers belongs to them.
    """
    for row in range(area.first_row, min(area.last_row, area.first_row + _SEARCHED - 1) + 1):
        line = values.row(row, area)
        filled = sum(value != "" for value in line)
        thin = _is_thin(filled, area) and row < area.last_row
        groups = _groups(values, area, row, merged)
        # A title that is merged over columns says nothing that their names don't.
        over = not thin or _repeats(values.row(row + 1, area))
        if groups is not None and row + 1 < area.last_row and over:
            return Head(row + 1, row + 2, groups)
        if thin:
            continue
        if _names_columns(values, area, row, line):
            return Head(row, row + 1, [_text(value) for value in line])
        break
    return Head(None, area.first_row, [""] * area.columns)


def _is_thin(filled: int, area: Area) -> bool:
    """Whether a row fills too few columns to be headers or data."""
    return filled < area.columns / 2 if area.columns > 2 else filled < area.columns


def _groups(values: SheetValues, area: Area, row: int, merged: Sequence[Area]) -> list[str] | None:
    """Names of columns under merged headings ("2025 Q1"), None where there are no such."""
    wide = [m for m in merged if m.first_row == m.last_row == row and m.columns > 1]
    wide = [m for m in wide if area.first_column <= m.first_column <= area.last_column]
    upper, lower = values.row(row, area), values.row(row + 1, area)
    if (
        not wide
        or not all(isinstance(v, str) for v in lower)
        or not all(isinstance(value, str | int | float) for value in upper)
    ):
        return None
    for m in wide:
        start = m.first_column - area.first_column
        for index in range(start, min(start + m.columns, area.columns)):
            upper[index] = upper[start]
    names = [f"{_text(a)} {_text(b)}".strip() for a, b in zip(upper, lower, strict=True)]
    return names if len({name.lower() for name in names}) == len(names) else None


def _names_columns(values: SheetValues, area: Area, row: int, line: list[Any]) -> bool:
    texts = [value for value in line if isinstance(value, str) and value != ""]
    others = [value for value in line if not isinstance(value, str)]
    missing = area.columns - len(texts) - len(others)
    if not texts or missing > max(1, area.columns // 5) or any(t in ERRORS for t in texts):
        return False
    names = [_text(value).lower() for value in line if value != ""]
    few = len(set(names)) < 0.8 * len(names) and not _over_others(values, area, row, line)
    if len(set(names)) < len(names) and (others or few):
        return False
    if others and not _are_periods(values, area, row, line):
        return False
    return _differ(values, area, row, line)


def _repeats(line: list[Any]) -> bool:
    names = [_text(value).lower() for value in line if value != ""]
    return len(set(names)) < len(names)


def _over_others(values: SheetValues, area: Area, row: int, line: list[Any]) -> bool:
    """Whether each text that stands twice in a row is over values that are no texts."""
    names = Counter(_text(value).lower() for value in line)
    end = min(area.last_row, row + _COMPARED)
    for number, name in enumerate(line, area.first_column):
        if name == "" or names[_text(name).lower()] == 1:
            continue
        below = [value for value in values.column(number, row + 1, end) if value != ""]
        if not below or any(isinstance(v, str) and not looks_typed(v) for v in below):
            return False
    return True


def _differ(values: SheetValues, area: Area, row: int, line: list[Any]) -> bool:
    """Whether texts are names: over other types, or no values of the columns below."""
    end = min(area.last_row, row + _COMPARED)
    if row == area.last_row:
        return area.columns > 1 or row == area.first_row
    repeated = typed = False
    for number, name in enumerate(line, area.first_column):
        below = [value for value in values.column(number, row + 1, end) if value != ""]
        typed |= any(not isinstance(value, str) or looks_typed(value) for value in below)
        repeated |= isinstance(name, str) and name != "" and name in below
    looks = [isinstance(value, str) and looks_typed(value) for value in line]
    if any(looks) and not typed:
        return False
    return not repeated and not all(looks)


def _are_periods(values: SheetValues, area: Area, row: int, line: list[Any]) -> bool:
    """Whether what is no text in a row names years or days, over values of another kind."""
    below = values.row(row + 1, area) if row < area.last_row else []
    if not below:
        return False
    for name, value in zip(line, below, strict=True):
        if isinstance(name, str):
            continue
        year = isinstance(name, int | float) and not isinstance(name, bool)
        year = year and 1900 <= name <= 2100 and name == int(name)
        if not (year or isinstance(name, dt.date)):
            return False
        same_year = year and isinstance(value, int | float) and 1900 <= value <= 2100
        if same_year or (isinstance(name, dt.date) and isinstance(value, dt.date)):
            return False
    return True


def _text(value: Any) -> str:
    return " ".join(str(shown(value)).split()) if value not in ("", None) else ""


def named(names: Sequence[str], area: Area) -> list[str]:
    """Headers, with the letter of its column for each that is missing."""
    return [
        name or get_column_letter(number) for number, name in enumerate(names, area.first_column)
    ]
