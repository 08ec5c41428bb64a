"""Data as models send it (headers, rows, records, columns), brought into one shape."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from service.errors import InvalidValue, counted, listed
from service.operations.stayed_text import stayed_text
from service.workbook.cells import Scalar, label, looks_like_number
from service.workbook.foreign.formulas import in_english

Rows: TypeAlias = list[list[Scalar]] | list[dict[str, Scalar]] | dict[str, list[Scalar]]


@dataclass
class Grid:
    """A header row (may be empty) and rows of the same width.

    ``notes`` tells what was decided on the way: padded rows, repeated headers.
    """

    headers: list[Scalar]
    rows: list[list[Scalar]]
    notes: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max([len(self.headers), *(len(row) for row in self.rows)], default=0)

    def with_headers(self) -> list[list[Scalar]]:
        return [[label(name) for name in self.headers], *self.rows] if self.headers else self.rows


def as_grid(headers: list[Scalar] | None, rows: Rows, where: str = "rows") -> Grid:
    """One grid of headers and rows in any of the shapes.

    Rows may be lists, records (objects, one a row) or an object of columns. Without
    headers, records and columns bring their own. A short row is filled up with blanks;
    a long one, or a record with an unknown name, is refused.

    :raises InvalidValue: naming the row
    """
    heads = list(headers or [])
    if isinstance(rows, dict):
        grid = _from_columns(heads, rows, where)
    elif rows and isinstance(rows[0], dict):
        grid = _from_records(heads, rows, where)
    else:
        grid = _from_lists(heads, rows, where)  # type: ignore[arg-type]
    grid.rows = [_read(row, f"{where}: row {n}") for n, row in enumerate(grid.rows, start=1)]
    repeated = _repeated([name for name in heads if name not in (None, "")])
    if repeated:
        grid.notes.append(f"Headers that appear more than once: {listed(repeated)}.")
    return grid


def _read(row: list[Scalar], where: str) -> list[Scalar]:
    """The row with its formulas in English, whichever language they came in."""
    if not any(isinstance(value, str) and value.startswith("=") for value in row):
        return row
    return [
        in_english(value, where) if isinstance(value, str) and value.startswith("=") else value
        for value in row
    ]


def _from_lists(headers: list[Scalar], rows: list[list[Scalar]], where: str) -> Grid:
    width = len(headers) or max((len(row) for row in rows), default=0)
    short = 0
    filled = []
    for number, row in enumerate(rows, start=1):
        if len(row) > width:
            raise InvalidValue(
                f"{where}: row {number} has {counted(len(row), 'value')} for "
                f"{counted(width, 'header')}.",
                "Give each column a header, or send fewer values in this row.",
            )
        short += len(row) < width
        filled.append([*row, *[None] * (width - len(row))])
    return Grid(headers, filled, _short_notes(short, "row", width))


def _from_records(headers: list[Scalar], records: list[dict[str, Scalar]], where: str) -> Grid:
    if not headers:
        headers = list(dict.fromkeys(key for record in records for key in record))
    known = {str(name) for name in headers}
    _refuse_repeated(headers, where)
    for number, record in enumerate(records, start=1):
        strange = [key for key in record if key not in known]
        if strange:
            raise InvalidValue(
                f"{where}: record {number} has {listed(strange)}, which is no header. "
                f"Headers: {listed([str(name) for name in headers])}.",
                "Use the headers as names in each record.",
            )
    return Grid(headers, [[record.get(str(name)) for name in headers] for record in records])


def _from_columns(headers: list[Scalar], columns: dict[str, list[Scalar]], where: str) -> Grid:
    names: list[Scalar] = headers or list(columns)
    _refuse_repeated(names, where)
    known = {str(other) for other in names}
    strange = [name for name in columns if name not in known]
    if strange:
        raise InvalidValue(
            f"{where}: the columns {listed(strange)} are no headers.",
            "Name each column as its header.",
        )
    lists = [columns.get(str(name), []) for name in names]
    longest = max((len(column) for column in lists), default=0)
    rows = [[c[i] if i < len(c) else None for c in lists] for i in range(longest)]
    short = sum(len(column) < longest for column in lists)
    return Grid(names, rows, _short_notes(short, "column", longest))


def _short_notes(short: int, noun: str, values: int) -> list[str]:
    if not short:
        return []
    return [
        f"{counted(short, noun)} of fewer than {counted(values, 'value')} filled up with blanks."
    ]


def _repeated(names: list[Scalar]) -> list[str]:
    """Names that appear more than once, compared as texts: as values, 1 would equal true."""
    return [name for name, count in Counter(map(str, names)).items() if count > 1]


def _refuse_repeated(names: list[Scalar], where: str) -> None:
    repeated = _repeated(names)
    if repeated:
        raise InvalidValue(
            f"{where}: {listed(repeated)} appears twice among the headers, so records and "
            "columns can't be told apart.",
            "Send the rows as lists, or make the headers different.",
        )


def text_number_notes(grid: Grid) -> list[str]:
    """Notes on columns in which all values are numbers or dates written as text."""
    found, others = [], []
    for index, name in enumerate(grid.headers):
        values = [row[index] for row in grid.rows if row[index] not in (None, "")]
        if values and all(isinstance(v, str) and looks_like_number(v) for v in values):
            found.append(str(name))
        else:
            others.append((str(name), values))
    notes = stayed_text(others)
    if found:
        notes.insert(
            0,
            f"Numbers stored as text, because they came in quotes: {listed(found)}. "
            "Send them without quotes, with a point in decimals, to calculate with them.",
        )
    return notes
