"""Columns of data, and rows, as the series and categories of charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import counted
from service.operations.chart_roles import Roles
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book


@dataclass(frozen=True)
class Column:
    """One column of the data.

    :param body: its cells without the header
    :param head: its header cell, "" where there is none
    :param kind: number, date, text, mixed or blank
    :param whole: whether all its numbers are whole
    :param prefix: the sheet in front of a range, where the caller named it there
    :param negative: whether a number is below 0
    """

    sheet: str
    body: Area
    name: str
    head: str
    kind: str
    number_format: str
    texts: int
    errors: int
    whole: bool
    prefix: str
    negative: bool = False

    @property
    def letter(self) -> str:
        return str(get_column_letter(self.body.first_column))

    @property
    def label(self) -> str:
        """How messages call it."""
        return f'"{self.name}" ({self.letter})' if self.head else f"column {self.letter}"

    @property
    def values(self) -> str:
        return self._absolute(f"${self.letter}${self.body.first_row}", self.body.last_row)

    @property
    def name_reference(self) -> str:
        return self._absolute(f"${self.letter}${self.body.first_row - 1}") if self.head else ""

    def _absolute(self, first: str, last_row: int = 0) -> str:
        last = f":${self.letter}${last_row}" if last_row else ""
        return f"{quote_sheetname(self.sheet)}!{first}{last}"


@dataclass(frozen=True)
class Line(Column):
    """One row of the data, for a series that runs from left to right."""

    @property
    def letter(self) -> str:
        return str(self.body.first_row)

    @property
    def label(self) -> str:
        return f'"{self.name}" (row {self.letter})' if self.head else f"row {self.letter}"

    @property
    def values(self) -> str:
        first, last = (
            get_column_letter(n) for n in (self.body.first_column, self.body.last_column)
        )
        return self._across(f"${first}${self.letter}:${last}${self.letter}")

    @property
    def name_reference(self) -> str:
        letters = self.head.rstrip("0123456789")
        return self._across(f"${letters}${self.letter}") if self.head else ""

    def _across(self, place: str) -> str:
        return f"{quote_sheetname(self.sheet)}!{place}"


Made = TypeVar("Made", bound=Column)


def column_of(book: Book, sheet: Worksheet, area: Area, prefix: str, *, headed: bool) -> Column:
    """The column of an area that is one column wide."""
    body = area.below(1) if headed else area
    head = book.cell(sheet, area.first_row, area.first_column) if headed else None
    name = f"Column {get_column_letter(area.first_column)}"
    return _made(Column, book, sheet, body, head, name, prefix)


def line_of(book: Book, sheet: Worksheet, area: Area, *, headed: bool) -> Line:
    """The row of an area that is one row high."""
    head = book.cell(sheet, area.first_row, area.first_column) if headed else None
    left = area.first_column + headed
    body = Area(area.first_row, left, area.last_row, area.last_column)
    return _made(Line, book, sheet, body, head, f"Row {area.first_row}", "")


def _made(
    cls: type[Made],
    book: Book,
    sheet: Worksheet,
    body: Area,
    head: Cell | None,
    unnamed: str,
    prefix: str,
) -> Made:
    kinds: Counter[str] = Counter()
    number_format, whole, negative = "", True, False
    for cell in filled(book, sheet, body):
        value = book.value(cell)
        kind = cells.kind_of(value)
        whole = whole and not (isinstance(value, float) and not value.is_integer())
        negative = negative or (kind == "number" and isinstance(value, int | float) and value < 0)
        if kind == "blank":  # a formula whose value isn't known: most give numbers
            kind = "number"
        kinds["text" if kind == "boolean" else kind] += 1
        if kind in ("number", "date"):
            number_format = number_format or str(cell.number_format)
    errors = kinds.pop("error", 0)
    shown = "" if head is None or head.value is None else str(cells.shown(book.value(head)))
    return cls(
        sheet=sheet.title,
        body=body,
        name=shown.removeprefix("'") or unnamed,
        head=str(head.coordinate) if shown and head is not None else "",
        kind=next(iter(kinds)) if len(kinds) == 1 else ("mixed" if kinds else "blank"),
        number_format=number_format or "General",
        texts=kinds["text"],
        errors=errors,
        whole=whole,
        prefix=prefix,
        negative=negative,
    )


def filled(book: Book, sheet: Worksheet, area: Area) -> Iterator[Cell]:
    """The cells of an area that hold something."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = book.cell(sheet, row, column)
            if cell is not None and cell.value is not None:
                yield cell


@dataclass
class ChartData:
    """What a chart shows. ``notes`` tells what was decided on the way."""

    sheet: Worksheet
    series: list[Column]
    categories: Column | None
    notes: list[str] = field(default_factory=list)
    roles: Roles = field(default_factory=Roles)


@dataclass(frozen=True)
class Wanted:
    """What a caller asked for.

    :param data_range: a range, or the name of a table or of cells
    :param series_in: whether the columns or the rows are the series; None where nobody said
    """

    kind: str
    data_range: str
    series: list[str]
    categories: str
    series_in: Literal["columns", "rows"] | None = None


_NO_NEGATIVES = ("pie", "doughnut", "treemap", "sunburst", "funnel")


def value_notes(series: list[Column], kind: str) -> list[str]:
    """What a person should know of numbers that show otherwise than they are."""
    texts = [
        f"{counted(column.texts, 'cell')} of {column.label} with text, drawn as zero."
        for column in series
        if column.texts
    ]
    errors = [
        f"{counted(column.errors, 'cell')} of {column.label} with errors, not drawn."
        for column in series
        if column.errors
    ]
    below = [column.label for column in series if column.negative and kind in _NO_NEGATIVES]
    wrong = [f"{', '.join(below)}: a {kind} shows no amounts below 0 as such; columns do."]
    return texts + errors + (wrong if below else [])
