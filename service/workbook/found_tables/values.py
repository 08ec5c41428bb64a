"""The values of a sheet as columns, read at once: from the cells, or in bulk from the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from operator import ne
from typing import Any, Protocol, overload

from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles.numbers import is_date_format
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import TooLarge
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.bulk import BulkSheet
from service.workbook.bulk_values import bulk_values

_SPARSE = 20  # times as much room as there are cells
_ROOM = 3_000_000
_FORMAT = 3  # where a style has the number of its number format
_LOOKED_AT = 60  # cells of a column, for its number format


class Values(Protocol):
    """The values of a column from row 1 on, such as a list of them."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    @overload
    def __getitem__(self, at: int, /) -> Any: ...

    @overload
    def __getitem__(self, at: slice, /) -> list[Any]: ...


@dataclass
class SheetValues:
    """What the cells of a sheet show.

    :param columns: by number, values from row 1 on: "" for a blank cell, None for a formula
        without a known value; a column ends with its last cell
    :param flags: for each column, for each row, 1 where there is a value and else 0; found out
        where it isn't given
    """

    columns: Mapping[int, Values]
    flags: dict[int, bytes] | None = None

    @property
    def height(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    @property
    def width(self) -> int:
        """Number of the last column."""
        return max(self.columns, default=0)

    def value(self, row: int, column: int) -> Any:
        """The value there, "" where there is none."""
        held = self.columns.get(column)
        return held[row - 1] if held is not None and row <= len(held) else ""

    def row(self, row: int, area: Area) -> list[Any]:
        """The values of one row of an area."""
        return [self.value(row, c) for c in range(area.first_column, area.last_column + 1)]

    def column(self, number: int, first: int, last: int) -> list[Any]:
        """The values of a column from one row to another."""
        held = self.columns.get(number)
        found = [] if held is None else held[first - 1 : last]
        missing = last - first + 1 - len(found)
        return found + [""] * missing if missing else found

    def filled(self) -> dict[int, bytes]:
        """For each column, for each row, 1 where there is a value and else 0."""
        if self.flags is None:
            held = self.columns.items()
            self.flags = {number: bytes(map(ne, column, repeat(""))) for number, column in held}
        return self.flags


def read_values(book: Book, sheet: Worksheet) -> SheetValues:
    """The values of a sheet as they are now.

    :raises TooLarge: if its cells are too far apart for that
    """
    return shown_values(book, sheet, bulk_values(book, sheet))


def shown_values(book: Book, sheet: Worksheet, bulk: BulkSheet | None) -> SheetValues:
    """The same, where what there is in bulk is known already.

    :raises TooLarge: as above
    """
    if bulk is not None:
        flags = {n: f for n, f in enumerate(bulk.filled, bulk.first_column) if any(f)}
        return SheetValues({n: bulk.columns[n - bulk.first_column] for n in flags}, flags)
    columns = _room(sheet)
    values = book.values if book.formula_count() else {}
    filled = book.filled_areas(sheet)
    dates = _Dates(book)
    for (row, column), cell in sheet._cells.items():
        value = cell._value
        if value is None:
            continue
        kind = cell.data_type
        if kind == "f" or (filled and book.filled(cell)):
            known = values.get((sheet.title, row, column))
            value = None if known is None or known.unknown else book.value(cell)
        elif kind == "n" and cell._style is not None and cell._style[_FORMAT]:
            value = book.value(cell) if dates.shows(cell) else value
        elif type(value) is CellRichText:
            value = str(value)
        columns[column][row - 1] = value
    return SheetValues(columns)


def _room(sheet: Worksheet) -> dict[int, list[Any]]:
    """Blank columns, each as long as its last value is far down."""
    lasts: dict[int, int] = {}
    count = 0
    for (row, column), cell in sheet._cells.items():
        if cell._value is not None:
            count += 1
            if row > lasts.get(column, 0):
                lasts[column] = row
    if sum(lasts.values()) > max(_ROOM, _SPARSE * count):
        raise TooLarge(
            f"{sheet.title} has {count:,} cells that lie too far apart to be read as tables.",
            "Bring the data closer together, or query another sheet.",
        )
    return {column: [""] * lasts[column] for column in sorted(lasts)}


class _Dates:
    """Which number formats of a workbook show dates; asked a million times."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[int, bool] = {}

    def shows(self, cell: Any) -> bool:
        number = cell._style[_FORMAT]
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = bool(is_date_format(str(cell.number_format)))
        return found


def number_format(book: Book, sheet: Worksheet, column: int, rows: Iterable[int]) -> str:
    """The number format that most of the first filled cells of a column have."""
    codes: Counter[str] = Counter()
    for row, _ in zip(rows, range(_LOOKED_AT), strict=False):
        cell = book.cell(sheet, row, column)
        if cell is not None and cell._value is not None:
            codes[str(cell.number_format)] += 1
    return codes.most_common(1)[0][0] if codes else "General"
