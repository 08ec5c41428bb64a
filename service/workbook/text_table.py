"""A table of a million rows as columns of texts in a database in memory.

A row takes a third of the room that its cells' XML takes, and nothing is made of it before it is
asked for: values are made of the texts of a few rows, as of those of a small table.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from service.errors import OperationTooBig
from service.workbook.column_types import Decision, Typed
from service.workbook.csv_table import typed
from service.workbook.held_column import Blanks, HeldColumn
from service.workbook.sql.locked import connected, shut

_AT_ONCE = 50_000  # rows
SHARE = 2  # of the memory of the process


@dataclass
class TextTable:
    """Columns of texts, NULL for blanks; what stands below the headers.

    :param width: number of columns, called c0, c1 ...
    :param rows: number of rows, the one with the headers among them
    :param first: 1 where the first row holds headers, else 0
    :param first_line: the line that the first row begins on
    :param several_lines: whether texts have line breaks, so that rows are no lines
    :param spaced: columns in which spaces stand around texts; None where that is not known
    :param odd_spaces: columns in which other blanks may stand around texts
    :param lines: the line that each row begins on, where that can't be told from these
    """

    connection: duckdb.DuckDBPyConnection
    width: int
    rows: int
    first: int = 0
    first_line: int = 1
    several_lines: bool = False
    spaced: set[str] | None = None
    odd_spaces: set[str] = field(default_factory=set)
    lines: Sequence[int] | None = None
    _columns: dict[int, HeldColumn] = field(default_factory=dict)
    _window: tuple[int, int, list[tuple[str | None, ...]]] = (0, 0, [])

    def __post_init__(self) -> None:
        shut(self.connection)  # what was to be read is there

    @classmethod
    def of(cls, columns: list[list[str]], lines: list[int]) -> TextTable:
        """The table of columns of texts, which are emptied meanwhile."""
        table = cls(connected(share=SHARE), len(columns), len(lines), lines=array("l", lines))
        names = ", ".join(f"c{index} VARCHAR" for index in range(len(columns)))
        unnested = ", ".join(f"unnest(${index}::VARCHAR[])" for index in range(1, len(columns) + 1))
        table.ask(f"CREATE TABLE held ({names})")
        for start in range(0, len(lines), _AT_ONCE):
            parts = [
                [text if text.strip() else None for text in column[start : start + _AT_ONCE]]
                for column in columns
            ]
            table.ask(f"INSERT INTO held SELECT {unnested}", parts)
        columns.clear()
        return table

    def ask(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement of ours; its rows.

        :raises OperationTooBig: if there is too little memory for it
        """
        try:
            return self.connection.execute(sql, values).fetchall()
        except duckdb.OutOfMemoryException as error:
            raise OperationTooBig(
                f"A table of {self.rows:,} rows and {self.width} columns needs more memory than "
                "it may use.",
                "Import it in parts, or with fewer columns; the operator can raise "
                "EXCEL_TOOLS_ENGINE_MEMORY_MB.",
            ) from MemoryError(str(error))

    def blanks(self, index: int) -> Blanks:
        """Whether spaces may stand around texts of a column, and whether other blanks may."""
        name = f"c{index}"
        return self.spaced is None or name in self.spaced, name in self.odd_spaces

    @property
    def names(self) -> list[str]:
        """The columns in SQL."""
        return [f"c{index}" for index in range(self.width)]

    # As Texts ---------------------------------------------------------------------

    @property
    def count(self) -> int:
        return self.rows - self.first

    def column(self, index: int) -> HeldColumn:
        if index not in self._columns:
            self._columns[index] = HeldColumn(
                self.ask, f"c{index}", self.below, self.count, self.blanks(index)
            )
        return self._columns[index]

    def forget(self, index: int) -> None:
        """Let a column be looked at anew."""
        self._columns.pop(index, None)

    def from_row(self, first: int) -> TextTable:
        """The same with its first row (0), or without it (1)."""
        return replace(self, first=first, _columns={}, _window=(0, 0, []))

    def values(self, index: int, decision: Decision, first: int, last: int) -> list[Typed]:
        return typed(self.texts(first, last)[index], decision)

    def texts(self, first: int, last: int) -> list[tuple[str | None, ...]]:
        """The columns of some rows, from one up to another."""
        if self._window[:2] != (first, last):
            rows = self.ask(f"SELECT * FROM held {self._between(first, last)} ORDER BY rowid")
            columns = list(zip(*rows, strict=True)) or [()] * self.width
            self._window = (first, last, columns)
        return self._window[2]

    def _between(self, first: int, last: int) -> str:
        return f"WHERE rowid >= {first + self.first} AND rowid < {last + self.first}"

    @property
    def below(self) -> str:
        """What asks for the rows below the headers alone."""
        return f"FROM held WHERE rowid >= {self.first}"

    def found(self, index: int, odd: Collection[str], most: int) -> tuple[list[int], int]:
        bare = self.column(index).bare
        which = f"{self.below} AND {bare} IN (SELECT unnest($1::VARCHAR[]))"
        ((count_,),) = self.ask(f"SELECT count(*) {which}", [list(odd)])
        rows = self.ask(f"SELECT rowid {which} ORDER BY rowid LIMIT {most}", [list(odd)])
        return [self._line(row) for (row,) in rows], count_

    def _line(self, row: int) -> int:
        if self.lines is not None:
            return self.lines[row - self.first]
        line = row + self.first_line
        if self.several_lines:
            breaks = sum_of("strlen({0}) - strlen(replace({0}, chr(10), ''))", self.names)
            ((more,),) = self.ask(
                f"SELECT coalesce(sum({breaks}), 0) FROM held WHERE rowid < {row}"
            )
            line += int(more)
        return line

    @property
    def print(self) -> tuple[int, int]:
        """What is the same for tables of the same texts, and most likely of no others."""
        ((found,),) = self.ask("SELECT sum(hash(held, rowid)) FROM held")
        return self.rows, int(found)

    # As rows of a sheet -----------------------------------------------------------

    def filled(self, start: int, offset: int, size: int) -> list[int]:
        """How many cells hold something in each block of rows from ``start`` on.

        :param offset: how many rows stand in the first block before these
        """
        cells = sum_of("({0} IS NOT NULL)::INT", self.names)
        found = self.ask(
            f"SELECT (rowid - {start + self.first - offset}) // {size} AS block, sum({cells}) "
            f"FROM held WHERE rowid >= {start + self.first} GROUP BY 1 ORDER BY 1"
        )
        return [int(number) for _, number in found]

    def edges(self, start: int) -> tuple[array[int], array[int]]:
        """The first and the last column with a value in each row from ``start`` on, from 1."""
        found = []
        for order in (range(self.width), range(self.width - 1, -1, -1)):
            whens = " ".join(f"WHEN c{index} IS NOT NULL THEN {index + 1}" for index in order)
            rows = self.ask(
                f"SELECT string_agg(chr(CASE {whens} END), '' ORDER BY rowid) FROM held "
                f"WHERE rowid >= {start + self.first} GROUP BY rowid // 100000 ORDER BY min(rowid)"
            )
            found.append(array("H", [ord(mark) for (text,) in rows for mark in text]))
        return found[0], found[1]


def sum_of(expression: str, names: list[str]) -> str:
    """The sum of an expression over columns, in SQL; what is NULL counts nothing."""
    return " + ".join(f"coalesce({expression.format(name)}, 0)" for name in names)
