"""Large CSV texts read by DuckDB, where it surely reads them as the csv module does.

It reads a hundred megabytes in a second. What it reads is compared with the bytes of the file:
all values together with what separates and quotes them must be as long as that. A file of which
that is not so, or that is unusual otherwise (rows of several widths, blank lines among them,
quotes out of place), is read by Python, which tells what is unusual about it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from service import progress
from service.errors import OperationTooBig
from service.workbook.cells import MAX_TEXT
from service.workbook.csv_table import (
    LOOKED_AT,
    CsvTable,
    Wishes,
    decide_columns,
    header_row,
    headers_of,
    preamble_of,
)
from service.workbook.delimited import Delimited, left_out
from service.workbook.held_column import ODD_SPACES, SPACES
from service.workbook.sql.locked import connected, literal
from service.workbook.text_table import SHARE, TextTable, sum_of

QUICK_FROM = 1_000_000  # characters
_MOST_COLUMNS = 1_000


def quick_table(csv_text: Delimited, wishes: Wishes, file: Path | None) -> CsvTable | None:
    """The table of a large text; None where Python has to read it.

    :param file: holds just this text in UTF-8; None where there is no such file
    """
    if len(csv_text.text) < QUICK_FROM or not _plain(csv_text):
        return None
    with _as_file(csv_text.text, file) as path:
        table, blank = _read(csv_text, path)
    if table is None:
        return None
    rows = [[text or "" for text in row] for row in zip(*table.texts(0, LOOKED_AT), strict=True)]
    if wishes.header is None and preamble_of(rows):
        return None
    notes = csv_text.notes + ([left_out(blank)] if blank else [])
    return _decided(table, rows[0], notes, csv_text.told, wishes)


def _decided(
    table: TextTable, row: list[str], notes: list[str], delimiter: str, wishes: Wishes
) -> CsvTable:
    below = table.below_headers()
    has_header, doubt = bool(wishes.header), ""
    if wishes.header is None:
        body = [partial(below.column, index) for index in range(table.width)]
        has_header, doubt = header_row(row, body, table.rows)
    notes += [doubt] if doubt else []
    headers = headers_of(row, table.width, notes) if has_header else []
    texts = below if has_header else table
    found = CsvTable([], headers, texts, [], {}, notes)
    decide_columns(found, wishes, delimiter, table.width)
    return found


def _plain(csv_text: Delimited) -> bool:
    """Whether the text is of the form that both read alike, as far as that is seen at once."""
    text, mark = csv_text.text, csv_text.delimiter
    return (
        csv_text.quote == '"'
        and mark.isascii()
        and mark.isprintable() | (mark == "\t")
        and not csv_text.spaced
        and (text.find("\r") < 0 or text.count("\r") == text.count("\r\n"))
    )


@contextmanager
def _as_file(text: str, file: Path | None) -> Iterator[Path]:
    """A file that holds the text in UTF-8."""
    if file is not None:
        yield file
        return
    with TemporaryDirectory(prefix="csv-") as folder:
        path = Path(folder, "text.csv")
        path.write_text(text, encoding="utf-8", newline="")
        yield path


def _read(csv_text: Delimited, path: Path) -> tuple[TextTable | None, int]:
    """(the table, how many blank lines follow it); None where it is not surely the same."""
    width = _width(csv_text)
    if not 2 <= width <= _MOST_COLUMNS:
        return None, 0
    connection = connected(path, SHARE)
    names = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(width))
    try:
        with progress.doing("reading"):
            connection.execute(
                f"CREATE TABLE held AS SELECT * FROM read_csv({literal(str(path))}, "
                f"columns = {{{names}}}, auto_detect = false, header = false, delim = "
                f"{literal(csv_text.delimiter)}, quote = '\"', escape = '\"', strict_mode = true)"
            )
    except duckdb.OutOfMemoryException as error:
        raise OperationTooBig(
            "The CSV needs more memory than it may use.",
            "Import it in parts; the operator can raise EXCEL_TOOLS_ENGINE_MEMORY_MB.",
        ) from MemoryError(str(error))
    except duckdb.Error:
        return None, 0
    return _checked(TextTable(connection, width, 0, 0, csv_text.first_line), csv_text, path)


def _width(csv_text: Delimited) -> int:
    lines = csv_text.text[: 2 * MAX_TEXT].splitlines(keepends=True)
    try:
        return len(next(csv.reader(lines, delimiter=csv_text.delimiter), []))
    except csv.Error:
        return 0


def _checked(table: TextTable, csv_text: Delimited, path: Path) -> tuple[TextTable | None, int]:
    """The table, if all bytes of the file are in it, and none of its rows is blank."""
    text, names = csv_text.text, table.names
    quotes = sum_of(_QUOTES, names) if '"' in text else "0"
    each = ", ".join(f"max(strlen({name})), {_SPACED.format(name)}" for name in names)
    (found,) = table.ask(
        f"SELECT count(*), sum({sum_of('strlen({0})', names)}), sum({quotes}), {each} FROM held"
    )
    rows, held, held_quotes, *facts = found
    width, ending = 2 if "\r" in text else 1, _ending(text)
    around = rows * (table.width - 1) + (rows - 1) * width + ending
    around += text.count('"') - int(held_quotes)
    if (
        rows < 2
        or int(held) + around != path.stat().st_size
        or max(longest or 0 for longest in facts[::2]) > MAX_TEXT
    ):
        return None, 0
    table.rows = rows
    table.several_lines = text.count("\n") != rows - 1 + ending // width
    among = [mark for mark in ODD_SPACES if mark not in "\r\n" or table.several_lines]
    table.odd_spaces = any(mark in text for mark in among if mark != csv_text.delimiter)
    table.spaced = {name for name, some in zip(names, facts[1::2], strict=True) if some}
    _make_blank(table)
    narrower = _without_last_columns(table)
    blank = " AND ".join(f"{name} IS NULL" for name in table.names)
    ((blanks,),) = table.ask(f"SELECT count(*) FROM held WHERE {blank}")
    return (None if blanks else narrower), max(ending // width - 1, 0)


_QUOTES = """CASE WHEN contains({0}, '"') THEN strlen({0}) - strlen(replace({0}, '"', '')) END"""
_SPACED = "coalesce(min({0}) < '!', false) OR coalesce(bool_or(ends_with({0}, ' ')), false)"


def _ending(text: str) -> int:
    """How many characters of line breaks it ends with."""
    for share in (1000, len(text)):
        end = text[-share:]
        count = len(end) - len(end.rstrip("\r\n"))
        if count < len(end):
            break
    return count


def _make_blank(table: TextTable) -> None:
    """Let texts of nothing but blanks be blank."""
    for name in table.names if table.odd_spaces else sorted(table.spaced or ()):
        stripped = f"trim({name}, {SPACES})" if table.odd_spaces else f"trim({name})"
        table.ask(f"UPDATE held SET {name} = NULL WHERE {stripped} = ''")


def _without_last_columns(table: TextTable) -> TextTable:
    """The table without columns at the end that are blank in all rows."""
    counts = ", ".join(f"count({name})" for name in table.names)
    ((*filled,),) = table.ask(f"SELECT {counts} FROM held")
    while table.width > 1 and not filled[table.width - 1]:
        table.width -= 1
        table.ask(f"ALTER TABLE held DROP COLUMN c{table.width}")
    return table
