"""The database beside an open workbook: tables are put into it when a query needs them.

A table stays there until its sheet changes. DuckDB reads no files and loads no extensions, its
settings are locked, and what people send runs in a transaction that only reads.

Where a sheet's rows are texts in a database, the tables are put beside these, so that they are made
of them without a value going through Python; in a database that is attached there, so that names
of the one mean nothing in the other.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from operator import is_
from typing import Any
from weakref import WeakKeyDictionary

import duckdb
from openpyxl.worksheet.worksheet import Worksheet

from service import progress
from service.errors import InvalidQuery, OperationTooBig, OperationTooSlow
from service.workbook.book import Book
from service.workbook.found_tables import tables_on
from service.workbook.found_tables.types import Wishes
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.lazy import LazyCells, loaded_cells
from service.workbook.occupancy import count_formulas
from service.workbook.sql.from_texts import TableMaker, is_of_texts
from service.workbook.sql.held_sheets import HeldSheet, held_sheet, source_of
from service.workbook.sql.loading import insert
from service.workbook.sql.locked import connected
from service.workbook.sql.tables import Filled, QueryTable, also_named, filled, filled_tables
from service.workbook.text_table import TextTable

SECONDS = 20.0
_RESULT = "temp.main.answered__"
_OTHER = "\x00"  # in front of the name of another workbook; no sheet's title holds it


@dataclass
class Answered:
    """A result of which the database keeps all rows.

    :param types: DuckDB's names of the columns' types
    """

    names: list[str]
    types: list[str]
    row_count: int


@dataclass
class _Sheet:
    """What was loaded of a sheet, and the cells it was loaded from."""

    cells: tuple[Any, ...]
    wishes: Wishes
    tables: list[QueryTable]
    names: list[str]  # of the database's own tables


@dataclass
class Shelf:
    """One workbook's database.

    :param home: the texts that it stands beside, if any; ``catalog`` is its name there
    """

    connection: duckdb.DuckDBPyConnection = field(default_factory=connected)
    home: TextTable | None = None
    catalog: str = "memory"
    sheets: dict[str, _Sheet] = field(default_factory=dict)
    asked: tuple[Any, ...] = ()
    answered: Answered | None = None
    _numbers: int = 0

    @classmethod
    def beside(cls, home: TextTable) -> Shelf:
        """A database where the texts of a table are."""
        connection = home.connection.cursor()
        catalog = f"\x01{next(_CATALOGS)}"  # no workbook is called so
        connection.execute(f"ATTACH ':memory:' AS {_quoted(catalog)}")
        connection.execute(f"USE {_quoted(catalog)}")
        return cls(connection, home, catalog)

    def close(self) -> None:
        """Let go of everything; the texts stay."""
        if self.home is not None:
            self.connection.execute("USE memory")
            self.connection.execute(f"DETACH {_quoted(self.catalog)}")
        self.connection.close()

    # Loading --------------------------------------------------------------------

    def sheet(self, book: Book, sheet: Worksheet, wishes: Wishes) -> list[tuple[QueryTable, str]]:
        """The tables of a sheet, each with the name that it has in the database."""
        held = self.sheets.get(sheet.title)
        cells = _cells(book, sheet)
        if held is None or held.wishes != wishes or not _same(held.cells, cells):
            self.drop(sheet.title)
            with progress.doing("reading"):
                pairs = self._read(book, sheet, wishes)
            held = _Sheet(cells, wishes, [table for table, _ in pairs], [name for _, name in pairs])
            self.sheets[sheet.title] = held
        return list(zip(held.tables, held.names, strict=True))

    def _read(self, book: Book, sheet: Worksheet, wishes: Wishes) -> list[tuple[QueryTable, str]]:
        source = source_of(sheet)
        if self.home is not None and source is not None and _is_one(self.home, source.table):
            held = held_sheet(book, sheet)
            if held is not None:
                return self._read_texts(book, sheet, held, wishes)
        return [(one.table, self.load(one)) for one in filled_tables(book, sheet, wishes)]

    def _read_texts(
        self, book: Book, sheet: Worksheet, held: HeldSheet, wishes: Wishes
    ) -> list[tuple[QueryTable, str]]:
        """The tables of a sheet whose texts are here."""
        values = held.sheet_values()
        found = tables_on(book, sheet, values)
        made = []
        for table in found:
            if is_of_texts(held, table):
                maker = TableMaker(
                    self.connection, self._name_new(), book, sheet, held, values, table, wishes
                )
                with self._guarded():
                    made.append((maker.make(), maker.name))
            else:
                one = filled(book, sheet, values, table, wishes)
                made.append((one.table, self.load(one)))
        also_named(sheet, found, [table for table, _ in made])
        return made

    def _name_new(self) -> str:
        self._numbers += 1
        return f"loaded_{self._numbers}"

    def other(
        self, name: str, path: str, read: Callable[[], list[Filled]]
    ) -> list[tuple[QueryTable, str]]:
        """The tables of another workbook, from the file that holds them as they are now."""
        key = f"{_OTHER}{name}"
        held = self.sheets.get(key)
        if held is None or held.cells != (path,):
            self.drop(key)
            found = read()
            names = [self.load(one) for one in found]
            held = _Sheet((path,), Wishes(), [one.table for one in found], names)
            self.sheets[key] = held
        return list(zip(held.tables, held.names, strict=True))

    def load(self, filled: Filled) -> str:
        """Put a table into the database; its name there."""
        name = self._name_new()
        pairs = list(zip(filled.table.columns, filled.types, strict=True))
        columns = ", ".join(f'"{column}" {type_}' for column, type_ in pairs)
        with self._guarded():
            self.connection.execute(f"CREATE TABLE {name} ({columns})")
            insert(self.connection, name, filled.types, filled.values)
        return name

    def drop(self, title: str) -> None:
        """Let go of a sheet's tables, and of the last result."""
        held = self.sheets.pop(title, None)
        self.asked = ()
        for name in held.names if held else ():
            self.connection.execute(f"DROP TABLE IF EXISTS {name} CASCADE")

    def forget_gone(self, titles: Sequence[str]) -> None:
        """Let go of sheets that are no more."""
        for title in self.sheets.keys() - set(titles):
            if not title.startswith(_OTHER):
                self.drop(title)

    # Asking ---------------------------------------------------------------------

    def ask(
        self, sql: str, names: dict[tuple[str, str], str], explain: Callable[[str], InvalidQuery]
    ) -> Answered:
        """Run a checked query; its rows are read by :meth:`rows`.

        :param names: (schema or "", name) in the query of each table, to its name here
        :param explain: makes an error of what DuckDB says
        """
        asked = (sql, tuple(sorted(names.items())))
        if self.asked == asked and self.answered is not None:
            return self.answered
        self.asked = ()
        with self._guarded(explain):
            schemas = self._name(names)
            try:
                self._run(sql)
            finally:
                for schema, name in names:
                    self.connection.execute(f"DROP VIEW IF EXISTS {self._own(schema, name)}")
                for schema in schemas:
                    self.connection.execute(
                        f"DROP SCHEMA IF EXISTS {_quoted(self.catalog, schema)}"
                    )
            found = self.connection.execute(f"DESCRIBE {_RESULT}").fetchall()
            (count,) = self.connection.execute(f"SELECT count(*) FROM {_RESULT}").fetchall()[0]
        self.answered = Answered([row[0] for row in found], [row[1] for row in found], count)
        self.asked = asked
        return self.answered

    def _name(self, names: dict[tuple[str, str], str]) -> list[str]:
        schemas = list(dict.fromkeys(s for s, _ in names if s and s.lower() != "main"))
        for schema in schemas:
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(self.catalog, schema)}")
        for (schema, name), own in names.items():
            view, table = self._own(schema, name), self._own("main", own)
            self.connection.execute(f"CREATE OR REPLACE VIEW {view} AS FROM {table}")
        return schemas

    def _own(self, schema: str, name: str) -> str:
        return _quoted(self.catalog, schema or "main", name)

    def _run(self, sql: str) -> None:
        connection = self.connection
        connection.execute(f"DROP TABLE IF EXISTS {_RESULT}")
        connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            with _deadline(connection):
                connection.execute(f"CREATE TEMP TABLE answered__ AS (\n{sql}\n)")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def rows(self, first: int, most: int) -> list[tuple[Any, ...]]:
        """Rows of the last result, counted from 0."""
        found = self.answered or Answered([], [], 0)
        columns = ", ".join(map(_without_zone, found.names, found.types)) or "*"
        with self._guarded():
            return self.connection.execute(
                f"SELECT {columns} FROM {_RESULT} LIMIT {most} OFFSET {first}"
            ).fetchall()

    @contextmanager
    def _guarded(self, explain: Callable[[str], InvalidQuery] | None = None) -> Iterator[None]:
        """Foreign errors become the product's own."""
        try:
            yield
        except duckdb.InterruptException:
            raise OperationTooSlow(
                f"The query took longer than {SECONDS:.0f} seconds and was stopped.",
                "Ask for less: fewer rows by WHERE, no join without a condition.",
            ) from None
        except duckdb.OutOfMemoryException as error:
            raise OperationTooBig(
                "The query needs more memory than it may use.",
                "Ask for less: fewer columns, a WHERE, a GROUP BY, no join without a condition.",
            ) from MemoryError(str(error))
        except duckdb.Error as error:
            if explain is None:
                raise
            raise explain(str(error)) from None


@contextmanager
def _deadline(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    timer = threading.Timer(SECONDS, connection.interrupt)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:
        raise MemoryError("no room for another thread") from error
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)


def _is_one(home: TextTable, table: TextTable) -> bool:
    """Whether two tables have the same texts: one may be the other without its headers."""
    return home.connection is table.connection


# One for each workbook --------------------------------------------------------------

# In the order of their last use. Each has threads and memory of its own, so few are kept; what
# was loaded into the others is loaded again when it is asked for.
_SHELVES: WeakKeyDictionary[Book, Shelf] = WeakKeyDictionary()
_MOST_KEPT = 4
_CATALOGS = count(1)


def shelf_of(book: Book) -> Shelf:
    """The database beside an open workbook; it goes with it.

    :raises MemoryError: if there is no room for one
    """
    found = _SHELVES.pop(book, None)
    homes = _homes(book)
    if found is not None and not _suits(found, homes):
        found.close()
        found = None
    if found is None:
        for other in list(_SHELVES)[: max(len(_SHELVES) - _MOST_KEPT + 1, 0)]:
            _SHELVES.pop(other).close()
        found = Shelf.beside(homes[0]) if homes else Shelf()
    _SHELVES[book] = found
    found.forget_gone(book.sheet_names)
    return found


def _homes(book: Book) -> list[TextTable]:
    """The texts of which sheets have their rows, those of most rows first."""
    sources = [source_of(sheet) for sheet in book.xl.worksheets]
    tables = [source.table for source in sources if source is not None]
    return sorted(tables, key=lambda table: -table.rows)


def _suits(shelf: Shelf, homes: list[TextTable]) -> bool:
    """Whether a workbook's database stands where it may."""
    if shelf.home is None:
        return not homes
    return any(_is_one(shelf.home, table) for table in homes)


# What was loaded --------------------------------------------------------------------


def _cells(book: Book, sheet: Worksheet) -> tuple[Any, ...]:
    """What the values of a sheet come from, to be compared object by object.

    Of a very large sheet that is its bytes, and the cells that were given other values.
    """
    cells = sheet._cells
    tables = tuple(
        sorted(f"{t.displayName} {t.ref} {t.totalsRowCount}" for t in sheet.tables.values())
    )
    merged = tuple(sorted(str(item) for item in sheet.merged_cells.ranges))
    values = book.values if _has_formulas(book, sheet) else None
    around = (sheet.title, tables, merged)
    if isinstance(cells, LazyCells):
        changed = [
            (place, cell)
            for place, cell in loaded_cells(sheet)
            if not isinstance(cell, OpenedCell) or cell.rewritten or cell.moved
        ]
        held = [cell._value for _, cell in changed]
        return around, list(cells.rows.content), [place for place, _ in changed], held, [], values
    held = [cell._value for cell in cells.values()]
    formats = [cell._style[3] if cell._style else 0 for cell in cells.values()]
    return around, [], list(cells), held, formats, values


def _has_formulas(book: Book, sheet: Worksheet) -> bool:
    return book.fact(sheet, "formulas", count_formulas) > 0


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    (around, source, places, held, formats, values), now = one, other
    if around != now[0] or places != now[2] or formats != now[4] or source != now[1]:
        return False
    if (values is None) != (now[5] is None):
        return False
    if values is not now[5] and _shown(values) != _shown(now[5]):
        return False
    if len(held) == len(now[3]) and all(map(is_, held, now[3])):
        return True
    return list(map(type, held)) == list(map(type, now[3])) and bool(held == now[3])


def _shown(values: Any) -> dict[Any, tuple[str, str, str]]:
    return {at: (type(c.value).__name__, repr(c.value), c.unknown) for at, c in values.items()}


_BLANK = re.compile(r"\s+")


def _without_zone(name: str, type_: str) -> str:
    """A result's column to read: cells know no time zones, and neither does DuckDB for Python."""
    kind, zoned, rest = type_.partition(" WITH TIME ZONE")
    if not zoned:
        return _quoted(name)
    return f"CAST({_quoted(name)} AS {'VARCHAR' if rest or '(' in kind else kind})"


def first_line(text: str) -> str:
    """What DuckDB says without the statement it says it about."""
    lines = islice((line for line in text.split("\n") if line.strip()), 1)
    return _BLANK.sub(" ", next(lines, text)).strip()
