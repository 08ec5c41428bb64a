"""The days off that WORKDAY is given as a range, spelled out for a calculator that reads no range.

``WORKDAY(A1,5,F1:F9)`` becomes ``WORKDAY(A1,5,{46015;46016})`` where F1:F9 hold plain values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from openpyxl.utils.datetime import to_excel

from service.workbook.areas import Area
from service.workbook.calculation.problem import Task
from service.workbook.calculation.results import Address
from service.workbook.calculation.stretching import arguments, only_range
from service.workbook.calculation.syntax import Part, function, parts

Cells: TypeAlias = Iterable[tuple[tuple[int, int], object]]
# The argument, counted from 0, that holds them.
_WHERE = {"WORKDAY": 2, "WORKDAY.INTL": 3}
_MOST = 1_000  # cells of a range
_NONE = "{1}"  # a day of the year 1900


def spelled(
    tasks: Mapping[Address, Task], cells: Callable[[str], Cells], epoch: dt.datetime
) -> dict[Address, Task]:
    """The tasks that name days off by a range of plain values, each with the days themselves.

    :param cells: plain values of a sheet
    """
    found: dict[Address, Task] = {}
    known: dict[str, dict[tuple[int, int], object]] = {}
    for address, task in tasks.items():
        if task.functions.isdisjoint(_WHERE):
            continue
        pieces = parts(task.text)
        for place, sheet, area in _ranges(pieces, address[0]):
            if area.cells > _MOST or any(
                title == sheet and area.holds(row, column) for title, row, column in tasks
            ):
                continue
            if sheet not in known:
                known[sheet] = dict(cells(sheet))
            pieces[place] = Part("sign", _array(known[sheet], area, epoch))
        text = "=" + "".join(part.text for part in pieces)
        found[address] = Task(text, task.kind, task.area, task.functions)
    return found


def _ranges(pieces: list[Part], own: str) -> Iterable[tuple[int, str, Area]]:
    """(position, sheet, area) of each range of days off."""
    for start, part in enumerate(pieces):
        index = _WHERE.get(function(part.text)) if part.kind == "call" else None
        given = arguments(pieces, start + 1) if index is not None else []
        if index is not None and len(given) > index:
            named = only_range(pieces, given[index])
            if named is not None:
                yield named[0], named[1][0] or own, named[1][1]


def _array(values: Mapping[tuple[int, int], object], area: Area, epoch: dt.datetime) -> str:
    days = []
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            value = values.get((row, column))
            if isinstance(value, dt.date):
                value = to_excel(value, epoch)
            if isinstance(value, int | float) and not isinstance(value, bool):
                days.append(f"{int(value)}")
    return f"{{{';'.join(days)}}}" if days else _NONE
