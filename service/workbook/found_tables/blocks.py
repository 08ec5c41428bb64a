"""Blocks of cells on a sheet: what blank rows and columns part from other cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from service.workbook.areas import Area

MOST_BLOCKS = 200
_RUN = re.compile(b"\x01+")


class Flags:
    """Which cells of a sheet are filled.

    :param columns: for each column, for each row from 1 on, 1 or 0
    """

    def __init__(self, columns: dict[int, bytes]) -> None:
        self.height = max(map(len, columns.values()), default=0)
        self.columns = {
            number: flags.ljust(self.height, b"\x00") for number, flags in columns.items()
        }

    def without(self, areas: Iterable[Area]) -> Flags:
        """The flags without those of cells in some areas."""
        columns = {number: bytearray(flags) for number, flags in self.columns.items()}
        for area in areas:
            for number in range(area.first_column, area.last_column + 1):
                flags = columns.get(number)
                if flags is not None:
                    end = min(area.last_row, len(flags))
                    flags[area.first_row - 1 : end] = bytes(max(end - area.first_row + 1, 0))
        return Flags({number: bytes(flags) for number, flags in columns.items()})

    def rows(self, area: Area) -> bytes:
        """For each row of an area, whether a cell in it is filled."""
        parts = [
            flags[area.first_row - 1 : area.last_row]
            for number, flags in self.columns.items()
            if area.first_column <= number <= area.last_column
        ]
        if not parts:
            return bytes(area.rows)
        numbers = (int.from_bytes(part, "little") for part in parts)
        return reduce(or_, numbers).to_bytes(area.rows, "little")

    def column_runs(self, area: Area) -> Iterator[tuple[int, int]]:
        """(first, last) of the columns of an area that are neighbours and not blank."""
        start = previous = 0
        for number in sorted(self.columns):
            inside = area.first_column <= number <= area.last_column
            if not inside or not any(self.columns[number][area.first_row - 1 : area.last_row]):
                continue
            if start and number > previous + 1:
                yield start, previous
                start = 0
            start, previous = start or number, number
        if start:
            yield start, previous


def blocks(flags: Flags) -> list[Area]:
    """The blocks of a sheet, in the order of their rows, then columns.

    Where there would be very many, rows apart from one another are left together.
    """
    if not flags.height or not flags.columns:
        return []
    found: list[Area] = []
    waiting = [Area(1, min(flags.columns), flags.height, max(flags.columns))]
    while waiting:
        area = waiting.pop()
        parts = _parts(flags, area, len(waiting) + len(found))
        if parts == [area]:
            found.append(area)
        else:
            waiting.extend(parts)
    return sorted(found, key=lambda area: (area.first_row, area.first_column))


def _parts(flags: Flags, area: Area, others: int) -> list[Area]:
    """The area parted at blank rows or, where there are none, at blank columns."""
    runs = [match.span() for match in _RUN.finditer(flags.rows(area))]
    left, right = area.first_column, area.last_column
    if not runs:
        return []
    if len(runs) + others > MOST_BLOCKS:
        runs = [(runs[0][0], runs[-1][1])]
    bands = [
        Area(area.first_row + start, left, area.first_row + end - 1, right) for start, end in runs
    ]
    if len(bands) > 1:
        return bands
    band = bands[0]
    sides = list(flags.column_runs(band))
    if len(sides) + others > MOST_BLOCKS:
        sides = [(sides[0][0], sides[-1][1])]
    return [Area(band.first_row, first, band.last_row, last) for first, last in sides]
