"""Tables as SQL sees them: found on sheets, with typed columns; and what goes to other books."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book
from service.workbook.found_tables import FoundTable, tables_on
from service.workbook.found_tables.types import (
    SQL_TYPES,
    Kind,
    TypedColumn,
    Wishes,
    typed_column,
)
from service.workbook.found_tables.values import SheetValues, number_format, read_values


@dataclass
class QueryTable:
    """A table that can be queried.

    :param name: its name in SQL; ``others`` are names that mean it as well
    :param place: such as "Sales!A3:F120"
    :param columns: names in SQL, with their kinds; ``headers`` and ``formats`` go with them
    :param notes: what was decided about it, column by column
    """

    name: str
    others: list[str]
    place: str
    columns: dict[str, Kind]
    headers: list[str]
    formats: list[str]
    rows: int
    notes: list[str] = field(default_factory=list)

    def named(self, name: str) -> bool:
        """Whether it is meant by that name."""
        return name.strip().lower() in (self.name, *(other.lower() for other in self.others))

    def told(self) -> dict[str, Any]:
        """What an answer says of it."""
        found: dict[str, Any] = {"at": self.place, "rows": self.rows, "columns": dict(self.columns)}
        return found | ({"notes": self.notes} if self.notes else {})


@dataclass
class Filled:
    """A table with its values, column by column."""

    table: QueryTable
    values: list[list[Any]]

    @property
    def types(self) -> list[str]:
        return [SQL_TYPES[kind] for kind in self.table.columns.values()]


def filled_tables(book: Book, sheet: Worksheet, wishes: Wishes) -> list[Filled]:
    """The tables of a sheet with their values.

    :raises TooLarge: if its cells are too far apart to be read as tables
    """
    values = read_values(book, sheet)
    found = tables_on(book, sheet, values)
    made = [filled(book, sheet, values, table, wishes) for table in found]
    also_named(sheet, found, [one.table for one in made])
    return made


def also_named(sheet: Worksheet, found: list[FoundTable], made: list[QueryTable]) -> None:
    """Let the sheet's name mean its main table."""
    blocks = [table for table in found if not table.native]
    for table, one in zip(found, made, strict=True):
        if (not table.native and table is blocks[0]) or (not blocks and len(found) == 1):
            one.others.append(sheet.title)


def filled(
    book: Book, sheet: Worksheet, values: SheetValues, table: FoundTable, wishes: Wishes
) -> Filled:
    """A table with its values."""
    last = table.first_row + table.rows - 1
    wishes = with_columns(table, wishes)
    typed = []
    for header, number in zip(table.headers, table.numbers, strict=True):
        code = number_format(book, sheet, number, range(table.first_row, last + 1))
        held = values.column(number, table.first_row, last)
        typed.append(typed_column(header, held, code, wishes))
    columns = [column.values for column in typed]
    rows, columns = _without_blank_rows(table, columns)
    return Filled(query_table(sheet, table, typed, rows), columns)


def query_table(
    sheet: Worksheet, table: FoundTable, typed: list[TypedColumn], rows: int
) -> QueryTable:
    """What a table is for queries, once the types of its columns are known."""
    notes = [f"{table.name}: {note}" for note in table.notes]
    notes += [
        f"{name}: {note}"
        for name, column in zip(table.columns, typed, strict=True)
        for note in column.notes
    ]
    kinds: dict[str, Kind] = {
        name: column.kind for name, column in zip(table.columns, typed, strict=True)
    }
    others = [table.native] if table.native else []
    return QueryTable(
        table.name,
        others,
        f"{sheet.title}!{table.area}",
        kinds,
        table.headers,
        list(map(_own_format, typed)),
        rows,
        notes,
    )


def with_columns(table: FoundTable, wishes: Wishes) -> Wishes:
    """The wishes with the headers that names in SQL mean."""
    wanted = {
        header.lower()
        for header, name in zip(table.headers, table.columns, strict=True)
        if {header.lower(), name} & wishes.text_columns
    }
    return Wishes(wishes.decimal, wishes.date_order, frozenset(wanted))


def _own_format(column: TypedColumn) -> str:
    """The number format that results of the same name take over, "" for that of their kind."""
    if column.kind in ("integer", "decimal", "percent") and column.number_format not in (
        "General",
        "@",
    ):
        return column.number_format
    return ""


def _without_blank_rows(table: FoundTable, columns: list[list[Any]]) -> tuple[int, list[list[Any]]]:
    if not has_blank_rows(table):
        return table.rows, columns
    kept = [row for row in zip(*columns, strict=True) if any(v is not None for v in row)]
    return len(kept), [list(column) for column in zip(*kept, strict=True)] or columns


def has_blank_rows(table: FoundTable) -> bool:
    """Whether there are blank rows within a table, which are left out."""
    return any("blank rows" in note for note in table.notes)


# To another workbook's engine -------------------------------------------------------


def write_tables(book: Book, path: Path, wishes: Wishes) -> None:
    """Write all tables of a workbook into a file that another engine reads."""
    found = [one for sheet in book.xl.worksheets for one in filled_tables(book, sheet, wishes)]
    half = path.with_name(f"{path.name}-half")
    half.write_bytes(pickle.dumps(distinct(found), protocol=5))
    half.replace(path)


def read_tables(path: Path) -> list[Filled]:
    """What :func:`write_tables` wrote. The file is the service's own, and nobody else's."""
    found: list[Filled] = pickle.loads(path.read_bytes())
    return found


def distinct(tables: Iterable[Filled]) -> list[Filled]:
    """The tables with names of which no two are the same."""
    taken: Counter[str] = Counter()
    found = list(tables)
    for one in found:
        name = one.table.name
        while taken[one.table.name]:
            taken[name] += 1
            one.table.name = f"{name}_{taken[name]}"
        taken[one.table.name] += 1
    return found


def all_names(tables: Iterable[QueryTable]) -> Iterator[str]:
    """The names of tables as messages tell them."""
    for table in tables:
        yield table.name
