"""A table of a sheet of texts, made in the database that holds these.

A column whose values DuckDB surely makes as Python does is cast there. Its type is decided by the
same function as always, of as many values as tell it. What people changed since is put in after it.
A column of which that can't be done is read, decided and loaded as those of other sheets are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import duckdb
from openpyxl.worksheet.worksheet import Worksheet

from service import progress
from service.workbook.book import Book
from service.workbook.cells import ERRORS
from service.workbook.column_types import Decision
from service.workbook.found_tables import FoundTable
from service.workbook.found_tables.types import (
    SQL_TYPES,
    TypedColumn,
    Wishes,
    stays_text,
    typed_column,
)
from service.workbook.found_tables.values import SheetValues, number_format
from service.workbook.sql.casts import KINDS, Cast, casts, facts, words
from service.workbook.sql.held_sheets import HeldSheet
from service.workbook.sql.loading import column_rows, insert
from service.workbook.sql.tables import QueryTable, has_blank_rows, query_table, with_columns
from service.workbook.tally import Tally

_Made: TypeAlias = tuple[Cast, TypedColumn, dict[int, Any]]
_FEW = 20_000  # different texts of a column, to look at each of them
_MOST_CHANGED = 20_000  # values of a column
_MARGIN = 1_000  # texts, by which words may be fewer than they seem


def is_of_texts(held: HeldSheet, table: FoundTable) -> bool:
    """Whether the rows of a table are such of the texts, but for some that follow them."""
    inside = held.text_row(table.first_row) >= held.table.first
    return inside and table.first_row <= held.bottom and table.area.first_column <= held.table.width


@dataclass
class _Part:
    """A column of the table.

    :param sql: what it is made of
    :param changes: values, by row of the table (from 0), that come in place of these or after them
    """

    typed: TypedColumn
    sql: str
    changes: dict[int, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return SQL_TYPES[self.typed.kind]


@dataclass
class TableMaker:
    """Makes one table of a sheet.

    :param connection: to the database with the texts
    :param name: of the new table
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    book: Book
    sheet: Worksheet
    held: HeldSheet
    values: SheetValues
    found: FoundTable
    wishes: Wishes
    _lists: list[str] = field(default_factory=list)  # tables of columns that were read

    def make(self) -> QueryTable:
        """Make it; what it is for queries."""
        try:
            pairs = list(zip(self.found.headers, self.found.numbers, strict=True))
            parts = [self._part(*pair) for pair in progress.each("reading", pairs)]
            self._create(parts)
            for column, part in zip(self.found.columns, parts, strict=True):
                self._change(column, part)
            self._add(parts)
        except BaseException:
            self.connection.execute(f"DROP TABLE IF EXISTS {self.name}")
            raise
        finally:
            for one in self._lists:
                self.connection.execute(f"DROP TABLE IF EXISTS {one}")
        return query_table(self.sheet, self.found, [part.typed for part in parts], self._count())

    # Which rows -------------------------------------------------------------------

    @property
    def _last(self) -> int:
        return self.found.first_row + self.found.rows - 1

    @property
    def _rows(self) -> int:
        """How many of the table's rows are texts."""
        return min(self._last, self.held.bottom) - self.found.first_row + 1

    @property
    def _where(self) -> str:
        low = self.held.text_row(self.found.first_row)
        return f"rowid >= {low} AND rowid < {low + self._rows}"

    # Columns ----------------------------------------------------------------------

    def _part(self, header: str, number: int) -> _Part:
        rows = range(self.found.first_row, self._last + 1)
        code = number_format(self.book, self.sheet, number, rows)
        wishes = with_columns(self.found, self.wishes)
        decision = self.held.decision(number)
        if decision is not None:
            changed = self.held.changed(number, rows.start, self._last)
            column = _Column(self.held, f"c{number - 1}", self._where, changed, decision)
            made = column.cast(header, code, wishes) if len(changed) <= _MOST_CHANGED else None
            if made is not None:
                cast, typed, changes = made
                first = self.found.first_row
                values = {row - first: value for row, value in changes.items()}
                # Texts in whose place others come may be anything.
                return _Part(typed, f"TRY_CAST({cast.sql} AS {SQL_TYPES[typed.kind]})", values)
        held = self.values.column(number, rows.start, self._last)
        return self._listed(typed_column(header, held, code, wishes))

    def _listed(self, typed: TypedColumn) -> _Part:
        """A column that was read, in a table of its own."""
        name = f"temp.main.listed_{len(self._lists) + 1}"
        self._lists.append(name)
        part = _Part(typed, f"{name}.v")
        self.connection.execute(f"CREATE TEMP TABLE {name} (v {part.type})")
        insert(self.connection, name, [part.type], [typed.values[: self._rows]])
        part.changes = dict(enumerate(typed.values[self._rows :], start=self._rows))
        typed.tally = Tally([])
        return part

    # The table --------------------------------------------------------------------

    def _create(self, parts: list[_Part]) -> None:
        pairs = zip(self.found.columns, parts, strict=True)
        columns = ", ".join(f'{part.sql} AS "{name}"' for name, part in pairs)
        beside = "".join(f" POSITIONAL JOIN {name}" for name in self._lists)
        texts = f"(SELECT * FROM memory.main.held WHERE {self._where})"
        self.connection.execute(
            f"CREATE TABLE {self.name} AS SELECT {columns} FROM {texts}{beside}"
        )
        assert self._count() == self._rows

    def _change(self, column: str, part: _Part) -> None:
        inside = {row: value for row, value in part.changes.items() if row < self._rows}
        if inside:
            values, held = column_rows(list(inside.values()), part.type, 2)
            self.connection.execute(
                f'UPDATE {self.name} AS t SET "{column}" = n.v FROM (SELECT unnest($1::BIGINT[]) '
                f"AS r, {values} AS v) AS n WHERE t.rowid = n.r",
                [list(inside), held],
            )

    def _add(self, parts: list[_Part]) -> None:
        """The rows that follow the texts; those that are blank go where that was found."""
        more = range(self._rows, self.found.rows)
        added = [[part.changes.get(row) for row in more] for part in parts]
        insert(self.connection, self.name, [part.type for part in parts], added)
        if has_blank_rows(self.found):
            blank = " AND ".join(f'"{column}" IS NULL' for column in self.found.columns)
            self.connection.execute(f"DELETE FROM {self.name} WHERE {blank}")

    def _count(self) -> int:
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM {self.name}").fetchall()
        return int(count)


@dataclass
class _Column:
    """A column of texts among some rows.

    :param changed: values, by row of the sheet, that count in place of the texts
    """

    held: HeldSheet
    name: str
    where: str
    changed: dict[int, Any]
    decision: Decision

    def cast(self, header: str, code: str, wishes: Wishes) -> _Made | None:
        """(how it is cast, its type, the changed values in this), if that gives just its values."""
        for cast in casts(self.decision, self.name):
            texts, count, *sorts, unsure = self._asked(facts(cast, self.name), cast)[0]
            if texts != count or unsure:
                continue
            known = self._known(cast, sorts, header, code, wishes) if count else []
            if known is None:
                return self._words(cast, code)
            return self._decided(cast, known, header, code, wishes)
        return None

    def _decided(
        self, cast: Cast, known: list[tuple[int, Any]], header: str, code: str, wishes: Wishes
    ) -> _Made | None:
        """Its type, of one value of each sort at least, with the rows that they come in."""
        rows = sorted([*known, *self.changed.items()], key=lambda pair: pair[0])
        typed = typed_column(header, [value for _, value in rows], code, wishes)
        if typed.notes or typed.facts or (known and typed.kind not in KINDS[cast.family]):
            return None
        values = {row: v for (row, _), v in zip(rows, typed.values, strict=True)}
        return cast, typed, {row: values[row] for row in self.changed}

    def _known(
        self, cast: Cast, sorts: list[Any], header: str, code: str, wishes: Wishes
    ) -> list[tuple[int, Any]] | None:
        """Values of all sorts that there are; None of texts of which very many are different."""
        if cast.family == "date":
            moments = [value for value in sorts if value is not None]
            days = self.decision.kind == "date"
            return [(-1, value.date() if days else value) for value in moments]
        if cast.family != "text":
            return [(-1, value) for value in sorts if value is not None]
        sample, errors, different = sorts
        if not errors and stays_text(header, code, wishes):
            return [(-1, sample)]
        if different > _FEW:
            return None
        low = self.held.text_row(0)
        found = self._asked("x, min(rowid) AS r", cast, "GROUP BY x ORDER BY r")
        return [(row - low, value) for value, row in found if value is not None]

    def _words(self, cast: Cast, code: str) -> _Made | None:
        """The column as text, if too many texts of it are words for it to be anything else."""
        changed = self.changed.values()
        if not all(isinstance(value, str) and value not in ERRORS for value in changed):
            return None
        ((errors, different, some),) = self._asked(words(), cast)
        if errors or some - _MARGIN <= (different + len(self.changed)) // 5:
            return None
        changes = {row: value if value.strip() else None for row, value in self.changed.items()}
        return cast, TypedColumn("text", Tally([]), code), changes

    def _asked(self, what: str, cast: Cast, more: str = "") -> list[tuple[Any, ...]]:
        """What there is to tell of texts and their values ``x`` in rows that weren't changed."""
        rows = [self.held.text_row(row) for row in self.changed]
        without = " AND rowid NOT IN (SELECT unnest($1::BIGINT[]))" if rows else ""
        among = f"SELECT {self.name}, {cast.sql} AS x, rowid FROM held WHERE {self.where}{without}"
        return self.held.table.ask(f"SELECT {what} FROM ({among}) {more}", [rows] if rows else None)
