"""One query: which tables its names mean, what it answers, and what is said where it fails."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidQuery, WorkbookRequired, listed
from service.names import split_extension
from service.sql_words import advice
from service.workbook.book import Book
from service.workbook.cells import tidy_number
from service.workbook.found_tables.names import clean, schema_names
from service.workbook.found_tables.types import Kind, Wishes
from service.workbook.result_sets import Results, Value, fitted, with_formats
from service.workbook.sql.shelf import Answered, Shelf, first_line, shelf_of
from service.workbook.sql.statements import Source, Statement, parsed
from service.workbook.sql.tables import QueryTable, read_tables

_MOST_NAMED = 40
_MOST_NOTES = 12
_NO_COLUMN = re.compile(r'Referenced column "(.+?)" not found|does not have a column named "(.+?)"')
_NO_TABLE = re.compile(r'Referenced table "(.+?)" not found!\s*(?:Candidate tables: (.+))?')
_FUNCTION = re.compile(r"with name (\w+) does not exist|the given name and argument types '(\w+)\(")


class NeedsWorkbooksError(Exception):
    """The query names other open workbooks, whose tables have to be brought first.

    :param names: of these workbooks
    :param wishes: how their tables are to be read
    """

    def __init__(self, names: list[str], wishes: Wishes) -> None:
        super().__init__(names, wishes)
        self.names = names
        self.wishes = wishes


def tables_file(place: str, wishes: Wishes) -> Path:
    """The file with a workbook's tables, read by these wishes.

    :param place: its path without the ending that tells the wishes
    """
    said = f"{wishes.decimal}{wishes.date_order}{sorted(wishes.text_columns)}"
    return Path(f"{place}.{zlib.crc32(said.encode()):08x}")


@dataclass(frozen=True)
class _Meant:
    """A table that a name in the query means, and what it is called in the database."""

    source: Source
    table: QueryTable
    own: str


@dataclass
class Asking:
    """A workbook that is asked.

    :param others: names of the other open workbooks, with the places of files with their tables
        (see :func:`tables_file`), which are brought when they are needed
    :param chosen: whether nobody said which of the open workbooks this is; then all names have
        to be those of a workbook's tables
    """

    book: Book
    others: Mapping[str, str] = field(default_factory=dict)
    decimal: str = ""
    date_order: str = ""
    text_columns: list[str] = field(default_factory=list)
    chosen: bool = False

    @cached_property
    def wishes(self) -> Wishes:
        """How columns are to be read."""
        columns = frozenset(name.strip().lower() for name in self.text_columns)
        return Wishes(self.decimal, self.date_order, columns)

    @cached_property
    def shelf(self) -> Shelf:
        """The database beside the workbook."""
        return shelf_of(self.book)

    def tables(self) -> dict[str, Any]:
        """All tables of the workbook, as an answer tells them."""
        found = {table.name: table.told() for table, _ in self._all()}
        self._check_text_columns([table for table, _ in self._all()])
        return found

    def asked(self, sql: str) -> Query:
        """Run a query.

        :raises InvalidQuery: for one that is none, does more than read, or names what is not there
        :raises NeedsWorkbooksError: if tables of other workbooks have to be brought
        """
        statement = parsed(sql)
        self._check_qualified(statement)
        if statement.lists_tables:
            raise InvalidQuery(
                f"Tables: {self._names()}.", "Leave sql out to see them with their columns."
            )
        self._bring(statement)
        meant = [_Meant(source, *self._table(source)) for source in statement.sources]
        self._check_text_columns([one.table for one in meant])
        text = with_clean_names(statement.sql, [one.table for one in meant])
        if text != statement.sql:
            parsed(text)  # what is run is what was looked at
        names = {(one.source.workbook, one.source.table): one.own for one in meant}
        answered = self.shelf.ask(text, names, lambda words: self._explained(words, meant))
        return Query(self, meant, answered)

    def _check_qualified(self, statement: Statement) -> None:
        bare = next((source.table for source in statement.sources if not source.workbook), "")
        if not self.chosen or not (bare or statement.lists_tables):
            return
        have = [self.book.name, *self.others]
        raise WorkbookRequired(
            f"Several workbooks are open: {listed(have)}.",
            f"Say which one with the parameter workbook, or write {_schema(have[0])}."
            f"{bare or 'sheet1'} for a table.",
            {"open": have},
        )

    # Finding --------------------------------------------------------------------

    def _bring(self, statement: Statement) -> None:
        wanted = [self._workbook(source) for source in statement.sources if source.workbook]
        missing = [n for n in dict.fromkeys(wanted) if n and not self._file(n).exists()]
        if missing:
            raise NeedsWorkbooksError(missing, self.wishes)

    def _workbook(self, source: Source) -> str:
        """The name of the other workbook that a source is in, "" for this one."""
        for name in (self.book.name, *self.others):
            if _means(source.workbook, name):
                return "" if name == self.book.name else name
        have = [self.book.name, *self.others]
        raise InvalidQuery(
            f'No open workbook "{source.workbook}". Open: {listed(have)}.',
            f"Write {_schema(have[-1])}.{source.table}, or open the workbook first; sql left out "
            "tells the tables of this one.",
        )

    def _table(self, source: Source) -> tuple[QueryTable, str]:
        other = self._workbook(source) if source.workbook else ""
        if other:
            found = self._brought(other)
            where = other
        else:
            found = self._of_sheets(source.table)
            where = self.book.name
        for table, own in found:
            if table.named(source.table):
                return table, own
        names = [table.name for table, _ in (found if other else self._all())]
        hint = "Use one of these names; sql left out tells their columns."
        if self.others and not source.workbook:
            name = [*(n for n in self.others if _means(source.table, n)), *self.others][0]
            hint += f" A table of {name} is written {_schema(name)}.name_of_the_table."
        raise InvalidQuery(
            f'No table "{source.table}" in {where}. Tables: {listed(names, _MOST_NAMED)}.',
            hint,
            {"tables": names[:_MOST_NAMED]},
        )

    def _of_sheets(self, name: str) -> list[tuple[QueryTable, str]]:
        """Tables among which one of that name is, if there is one: sheets are read as needed."""
        wanted = name.strip().lower()
        for sheet in sorted(self.book.xl.worksheets, key=lambda s: not _likely(s, wanted)):
            found = self.shelf.sheet(self.book, sheet, self.wishes)
            if any(table.named(wanted) for table, _ in found):
                return found
        return []

    def _all(self) -> list[tuple[QueryTable, str]]:
        sheets = self.book.xl.worksheets
        return [one for sheet in sheets for one in self.shelf.sheet(self.book, sheet, self.wishes)]

    def _brought(self, other: str) -> list[tuple[QueryTable, str]]:
        file = self._file(other)
        return self.shelf.other(other, str(file), lambda: read_tables(file))

    def _file(self, other: str) -> Path:
        return tables_file(self.others[other], self.wishes)

    def _check_text_columns(self, tables: list[QueryTable]) -> None:
        known = {name.lower() for t in tables for name in (*t.columns, *t.headers)}
        for name in self.wishes.text_columns - known:
            raise InvalidParameters(
                f'options.text_columns names "{name}", which is no column of the tables asked.',
                f"Columns: {listed(sorted(known), _MOST_NAMED)}.",
            )

    # Errors ---------------------------------------------------------------------

    def _names(self) -> str:
        return listed([table.name for table, _ in self._all()], _MOST_NAMED)

    def _explained(self, words: str, meant: list[_Meant]) -> InvalidQuery:
        tables = {one.table.name: list(one.table.columns) for one in meant}
        have = "; ".join(f"{name}({', '.join(columns)})" for name, columns in tables.items())
        missing = _NO_COLUMN.search(words)
        if missing:
            name = missing[1] or missing[2]
            return InvalidQuery(
                f'No column "{name}" in the tables asked: {have}.',
                "Use these names, and single quotes around texts.",
                {"tables": tables},
            )
        outside = _NO_TABLE.search(words)
        if outside:
            return InvalidQuery(
                f'The query takes columns of "{outside[1]}", and has only: {outside[2] or have}.',
                "Before a column stands the name that its table was given after FROM or JOIN.",
                {"tables": tables},
            )
        kind, _, text = first_line(words).partition(": ")
        told = text if kind.endswith("Error") else first_line(words)
        return InvalidQuery(
            f"The query fails: {told[:300]}",
            _function_advice(words)
            + (f"Tables and columns: {have}." if have else "The dialect is DuckDB's."),
            {"tables": tables} if tables else None,
        )


def _function_advice(words: str) -> str:
    found = _FUNCTION.search(words)
    return advice(found[1] or found[2], "DuckDB") if found else ""


@dataclass
class Query:
    """A query that was run."""

    asking: Asking
    meant: list[_Meant]
    answered: Answered

    def page(self, page: int, limit: int) -> dict[str, Any]:
        """One page of the rows, as the answer tells them.

        :raises InvalidParameters: if there is no such page
        """
        count = self.answered.row_count
        pages = max(1, -(-count // limit))
        if page > pages:
            raise InvalidParameters(
                f"options.page is {page}; the result has {count:,} rows, {pages} pages of {limit}.",
                "Ask for one of these pages.",
            )
        results = self._results((page - 1) * limit, limit)
        found: dict[str, Any] = {
            "columns": {column.name: column.kind for column in results.columns},
            "rows": [[_json(value) for value in row] for row in results.rows],
            "row_count": count,
        }
        if pages > 1:
            found |= {"page": page, "pages": pages}
        return found | ({"notes": results.notes} if results.notes else {})

    def all_rows(self) -> Results:
        """All rows, with headers and number formats of the columns that they come from.

        :raises TooLarge: if the workbook can't hold so many
        """
        count, width = self.answered.row_count, len(self.answered.names)
        self.asking.book.room_for((count + 1) * width)
        headers, formats = self._origins()
        types = zip(self.answered.names, self.answered.types, strict=True)
        alike = {name.lower() for name, type_ in types if _is_like(type_, formats, name.lower())}
        results = self._results(0, count)
        results = with_formats(results, {name: formats[name][0] for name in alike})
        named = [headers.get(name.lower(), name) for name in self.answered.names]
        return Results(
            [c.renamed(n) for c, n in zip(results.columns, _different(named), strict=True)],
            results.rows,
            results.notes,
        )

    def told(self) -> dict[str, Any]:
        """From which tables the answer comes, and what was decided about their columns."""
        tables = {one.table.name: one.table.place for one in self.meant}
        notes = list(dict.fromkeys(note for one in self.meant for note in one.table.notes))
        found: dict[str, Any] = {"tables": tables} if tables else {}
        return found | ({"decided": notes[:_MOST_NOTES]} if notes else {})

    def _results(self, first: int, most: int) -> Results:
        return fitted(self.answered.names, self.asking.shelf.rows(first, most))

    def _origins(self) -> tuple[dict[str, str], dict[str, tuple[str, Kind]]]:
        """Header, and number format with kind, of each name that is that of one column alone."""
        headers: dict[str, set[str]] = {}
        formats: dict[str, set[tuple[str, Kind]]] = {}
        for one in self.meant:
            kinds, headed = one.table.columns.items(), one.table.headers
            for (name, kind), header, code in zip(kinds, headed, one.table.formats, strict=True):
                headers.setdefault(name, set()).add(header)
                formats.setdefault(name, set()).add((code, kind))
        alone = {name: found.pop() for name, found in headers.items() if len(found) == 1}
        codes = {name: found.pop() for name, found in formats.items() if len(found) == 1}
        return alone, {name: found for name, found in codes.items() if found[0]}


def _is_like(type_: str, formats: Mapping[str, tuple[str, Kind]], name: str) -> bool:
    """Whether a result's type is the kind of numbers whose format its name's column has."""
    kind = formats[name][1] if name in formats else "text"
    whole = bool(re.fullmatch(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", type_))
    broken = type_ in ("DOUBLE", "FLOAT") or type_.startswith("DECIMAL")
    return whole if kind == "integer" else broken and kind in ("decimal", "percent")


def _different(names: list[str]) -> list[str]:
    return fitted(names, []).names


def _json(value: Value) -> Any:
    """A value as the answer has it: numbers with the 15 digits that a cell shows."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return tidy_number(float(f"{value:.15g}"))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _schema(name: str) -> str:
    return clean(split_extension(name)[0])


def _means(written: str, name: str) -> bool:
    """Whether a schema as it is written means the workbook of that name."""
    return written.strip().lower() in schema_names(name)


def _likely(sheet: Worksheet, wanted: str) -> bool:
    """Whether a table of that name is most likely on the sheet."""
    names = {sheet.title.lower(), clean(sheet.title)}
    for table in sheet.tables.values():
        names |= {str(table.displayName).lower(), clean(str(table.displayName))}
    return wanted in names or any(wanted.startswith(f"{name}_") for name in names)


# Headers in place of names --------------------------------------------------------------


def with_clean_names(sql: str, tables: list[QueryTable]) -> str:
    """The statement with clean names in place of headers in double quotes or backticks."""
    names: dict[str, str] = {}
    known = {name for table in tables for name in table.columns}
    for table in tables:
        for name, header in zip(table.columns, table.headers, strict=True):
            if header.lower() not in known:
                names.setdefault(header.lower(), name)
    if not names or not {'"', "`"} & set(sql):
        return sql
    parts, last = [], 0
    for start, end in _quoted_names(sql):
        quote = sql[start]
        meant = names.get(sql[start + 1 : end - 1].replace(quote * 2, quote).lower())
        if meant is not None:
            parts += [sql[last:start], f'"{meant}"']
            last = end
    return "".join([*parts, sql[last:]])


def _quoted_names(sql: str) -> Iterator[tuple[int, int]]:
    """Where identifiers in double quotes or backticks begin and end."""
    data = sql.encode()  # the tokens' places count bytes
    for place, kind in duckdb.tokenize(sql):
        quote = data[place : place + 1]
        if kind != duckdb.token_type.identifier or quote not in (b'"', b"`"):
            continue
        end = place + 1
        while (end := data.find(quote, end)) >= 0 and data[end + 1 : end + 2] == quote:
            end += 2
        if end > 0:
            yield len(data[:place].decode()), len(data[: end + 1].decode())
