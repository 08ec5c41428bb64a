"""A sheet's values read column by column from the file, without loading the workbook.

python-calamine reads ten times as fast as an editor loads, but doesn't tell all: errors come
as blanks, numbers that no calendar has come as dates, and two cells far apart make it fill all
the room between them. So the sheet's XML is searched first, and what was not told rightly is put
right. Where that can't be done, NotInBulkError says so, and the workbook has to be loaded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from io import BytesIO
from itertools import chain, islice, repeat
from operator import ne, or_
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook

from service.workbook.areas import Area
from service.workbook.gaps import Gaps, NotInBulkError, Place, SheetSearch
from service.workbook.header_rows import names_columns
from service.workbook.package.opc import Package, parse

_ROWS_AT_ONCE = 1000
_TIMES: set[type] = {dt.time, dt.timedelta}
_DAYS: set[type] = {dt.date, dt.datetime}


@dataclass(frozen=True)
class BulkSheet:
    """The values of one sheet.

    :param first_column: number of the first of the columns, from 1
    :param columns: values from row 1 on, all columns equally long: float, str, bool, date,
        datetime, time, timedelta, "" for a blank cell. All numbers are float
    :param formulas: how many cells hold formulas; what is told of them is the value that the
        file keeps, or "" where it keeps none
    :param uncalculated: how many of them at most have no value kept
    :param known: what :attr:`filled` is known to be of some columns, by their index
    """

    name: str
    first_column: int
    columns: list[list[Any]]
    formulas: int = 0
    uncalculated: int = 0
    known: dict[int, bytes] = field(default_factory=dict)

    @cached_property
    def filled(self) -> list[bytes]:
        """For each column, for each row, 1 where there is a value and else 0."""
        return [
            self.known.get(index) or bytes(map(ne, column, repeat("")))
            for index, column in enumerate(self.columns)
        ]

    def changed(self, values: Mapping[Place, Any]) -> BulkSheet:
        """The sheet with other values in some cells; columns without such are shared.

        :raises NotInBulkError: if one stands in no column that was read
        """
        height = max((row for row, _ in values), default=0)
        longer = height > max(map(len, self.columns), default=0)
        columns = {column - self.first_column for _, column in values}
        own = set(range(len(self.columns))) if longer else columns
        shared = {i: flags for i, flags in enumerate(self.filled) if i not in own}
        held = [list(c) if i in own else c for i, c in enumerate(self.columns)]
        found = replace(self, columns=held, known=shared)
        for place, value in values.items():
            found.put(*place, value)
        return found

    def value(self, row: int, column: int) -> Any:
        """The value there, "" where there is none."""
        index = column - self.first_column
        inside = 0 <= index < len(self.columns) and row <= len(self.columns[index])
        return self.columns[index][row - 1] if inside else ""

    def values(self, area: Area) -> list[Any]:
        """The values of an area of one column that lies within the data."""
        column = self.columns[area.first_column - self.first_column]
        return column[area.first_row - 1 : area.last_row]

    def put(self, row: int, column: int, value: Any) -> None:
        """Set a value; the columns grow down to where it stands, but not sideways.

        :raises NotInBulkError: if it stands in no column that was read
        """
        index = column - self.first_column
        if not 0 <= index < len(self.columns):
            raise NotInBulkError("a cell lies outside the values that were read")
        for one in self.columns:
            if len(one) < row:
                one.extend(repeat("", row - len(one)))
        self.columns[index][row - 1] = value

    @property
    def used_area(self) -> Area | None:
        """The smallest area from A1 that holds all values; None of an empty sheet."""
        lasts = [flags.rfind(1) + 1 for flags in self.filled]
        wide = [index for index, last in enumerate(lasts) if last]
        if not wide:
            return None
        return Area(1, 1, max(lasts), self.first_column + wide[-1])

    def data_area(self) -> Area | None:
        """The sheet's main block of data with its headers, None on an empty sheet.

        It starts at the first row with two neighbouring values (or the first value, where no
        row has two) and goes on down to the first blank row.
        """
        start = self._first_row()
        if start is None:
            return None
        filled = self.filled
        left = right = next(index for index, flags in enumerate(filled) if flags[start])
        while right + 1 < len(filled) and any(filled[right + 1][start : start + 2]):
            right += 1
        block = _either(filled[left : right + 1])
        end = block.find(0, start + 1)
        last = end if end >= 0 else len(block)
        return Area(start + 1, self.first_column + left, last, self.first_column + right)

    def _first_row(self) -> int | None:
        """Index of the row in which the data starts."""
        pairs = [_both(a, b).find(1) for a, b in zip(self.filled, self.filled[1:], strict=False)]
        firsts = [row for row in pairs if row >= 0] or [
            row for row in (flags.find(1) for flags in self.filled) if row >= 0
        ]
        return min(firsts, default=None)

    def has_header_row(self, area: Area) -> bool:
        """Whether the first row of ``area`` names its columns: different texts, one may lack."""
        rows = [
            [self._or_none(area.first_row + n, column) for column in _numbers(area)]
            for n in range(min(area.rows, 2))
        ]
        return names_columns(rows[0], rows[1] if len(rows) > 1 else None)

    def _or_none(self, row: int, column: int) -> object:
        value = self.value(row, column)
        return None if value == "" else value


class BulkReader:
    """Reads sheets of one .xlsx or .xlsm package that has passed the guard.

    Texts that sheets share are read once, with the first sheet.
    """

    def __init__(self, package: Package) -> None:
        self._package = package

    def __repr__(self) -> str:
        return f"<BulkReader {self._package!r}>"

    @cached_property
    def _workbook(self) -> CalamineWorkbook:
        source = self._package.source
        if isinstance(source, bytes):
            return CalamineWorkbook.from_filelike(BytesIO(source))
        return CalamineWorkbook.from_path(source)

    @cached_property
    def _parts(self) -> dict[str, str]:
        return sheet_parts(self._package)

    def sheet(self, name: str) -> BulkSheet:
        """The values of the sheet of exactly that name.

        :raises NotInBulkError: if there is none, or if it can't be read this way
        """
        try:
            return self._read(name)
        except (NotInBulkError, MemoryError, OSError):
            raise
        except Exception as error:
            # What is wrong with it, loading tells better than this; it may even be able to.
            raise NotInBulkError(f"{type(error).__name__}: {error}") from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise NotInBulkError(f"calamine failed: {error}") from error

    def _read(self, name: str) -> BulkSheet:
        part = self._parts.get(name, "")
        if part not in self._package:
            raise NotInBulkError(f"no worksheet is called {name!r}")
        # The XML goes before the values come: both together would take twice the room.
        gaps = SheetSearch(self._package.read(part)).gaps()
        sheet = self._workbook.get_sheet_by_name(name)
        columns = _columns(sheet)
        first = sheet.start[1] + 1 if sheet.start else 1
        found = BulkSheet(name, first, columns, gaps.formulas, gaps.uncalculated)
        _put(found, gaps.errors.items())
        self._mend_dates(found, part, gaps)
        return found

    def _mend_dates(self, sheet: BulkSheet, part: str, gaps: Gaps) -> None:
        """Put numbers back that were taken for dates, though no calendar has such a day."""
        if not (gaps.negatives or gaps.leap_days):
            return
        types = set[type]().union(*(map(type, column) for column in sheet.columns))
        starts = ["-"] if gaps.negatives and types & _TIMES else []
        starts += ["60<", "60."] if gaps.leap_days and types & _DAYS else []
        if starts:
            xml = SheetSearch(self._package.read(part))
            numbers = chain.from_iterable(map(xml.numbers, starts))
            _put(sheet, (item for item in numbers if _no_day(sheet.value(*item[0]), item[1])))


def _no_day(told: object, number: float) -> bool:
    """Whether a cell's number was told as a date or time that it is not."""
    if number < 0:
        return type(told) in _TIMES
    return isinstance(told, dt.date) and (told.year, told.month, told.day) == (1900, 2, 28)


def sheet_parts(package: Package) -> dict[str, str]:
    """The parts of a workbook's sheets, by the sheets' names."""
    roots = package.relationships("").of_kind("officeDocument")
    book = roots[0].target if roots else "xl/workbook.xml"
    related = package.relationships(book)
    parts = {}
    for sheet in parse(package.read(book)).iter("{*}sheet"):
        ids = [text for name, text in sheet.attrib.items() if str(name).endswith("}id")]
        found = related.get(str(ids[0])) if ids else None
        if found is not None and found.kind == "worksheet":
            parts[str(sheet.get("name"))] = found.target
    return parts


def _columns(sheet: CalamineSheet) -> list[list[Any]]:
    """The columns of a sheet from row 1 on; rows go as they come, to keep few of them."""
    rows = sheet.iter_rows()
    columns: list[list[Any]] = [[] for _ in range(sheet.width)]
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        for column, values in zip(columns, zip(*block, strict=True), strict=True):
            column.extend(values)
    return columns


def _put(sheet: BulkSheet, values: Iterable[tuple[Place, Any]]) -> None:
    for (row, column), value in values:
        index = column - sheet.first_column
        if not (0 <= index < len(sheet.columns) and row <= len(sheet.columns[index])):
            raise NotInBulkError("a cell lies outside the values that were read")
        sheet.put(row, column, value)


def _numbers(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


# Flags of rows are taken together as the digits of one long number.


def _both(one: bytes, other: bytes) -> bytes:
    return _flags(_number(one) & _number(other), len(one))


def _either(flags: list[bytes]) -> bytes:
    return _flags(reduce(or_, map(_number, flags)), len(flags[0]))


def _number(flags: bytes) -> int:
    return int.from_bytes(flags, "little")


def _flags(number: int, length: int) -> bytes:
    return number.to_bytes(length, "little")
