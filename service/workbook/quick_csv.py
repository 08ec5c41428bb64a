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
from service.workbook.held_column import ODD_SPACES, SPACES, Sizes
from service.workbook.sql.locked import connected, literal
from service.workbook.text_table import SHARE, TextTable

QUICK_FROM = 1_000_000  # characters
_MOST_COLUMNS = 1_000
_BUFFER = 16_000_000  # bytes; with its own of 32 MB, few processors have work


def quick_table(csv_text: Delimited, wishes: Wishes, file: Path | None) -> CsvTable | None:
    """The table of a large text; None where Python has to read it.

    :param file: holds just this text in UTF-8; None where there is no such file
    """
    if len(csv_text.text) < QUICK_FROM or not _plain(csv_text):
        return None
    with _as_file(csv_text.text, file) as path:
        below, blank = _read(csv_text, path)
    if below is None:
        return None
    first = below.from_row(0).texts(0, LOOKED_AT)
    rows = [[text or "" for text in row] for row in zip(*first, strict=True)]
    if wishes.header is None and preamble_of(rows):
        return None
    notes = csv_text.notes + ([left_out(blank)] if blank else [])
    return _decided(below, rows[0], notes, csv_text.told, wishes)


def _decided(
    below: TextTable, row: list[str], notes: list[str], delimiter: str, wishes: Wishes
) -> CsvTable:
    has_header, doubt = bool(wishes.header), ""
    if wishes.header is None:
        body = [partial(below.column, index) for index in range(below.width)]
        has_header, doubt = header_row(row, body, below.rows)
    notes += [doubt] if doubt else []
    headers = headers_of(row, below.width, notes) if has_header else []
    texts = below if has_header else below.from_row(0)
    found = CsvTable([], headers, texts, [], {}, notes)
    decide_columns(found, wishes, delimiter, below.width)
    return found


def _plain(csv_text: Delimited) -> bool:
    """Whether the text is of the form that both read alike, as far as that is seen at once."""
    mark = csv_text.delimiter
    return (
        csv_text.quote == '"'
        and mark.isascii()
        and mark.isprintable() | (mark == "\t")
        and not csv_text.spaced
        and _ends_alike(csv_text)
    )


def _ends_alike(csv_text: Delimited) -> bool:
    """Whether each return has its line feed; where there are as many of both, that all rows end
    with both is seen later by their bytes."""
    returns = csv_text.text.count("\r") if "\r" in csv_text.text else 0
    return returns in (0, csv_text.line_feeds) or returns == csv_text.text.count("\r\n")


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
    """(the table below its first row, how many blank lines follow it); None where it is not surely
    the same."""
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
                f"{literal(csv_text.delimiter)}, quote = '\"', escape = '\"', strict_mode = true, "
                f"buffer_size = {_BUFFER})"
            )
    except duckdb.OutOfMemoryException as error:
        raise OperationTooBig(
            "The CSV needs more memory than it may use.",
            "Import it in parts; the operator can raise EXCEL_TOOLS_ENGINE_MEMORY_MB.",
        ) from MemoryError(str(error))
    except duckdb.Error:
        return None, 0
    ((rows,),) = connection.execute("SELECT count(*) FROM held").fetchall()
    if rows < 2:
        return None, 0
    below = TextTable(connection, width, rows, 1, csv_text.first_line, spaced=set())
    return _checked(below, csv_text, path.stat().st_size)


def _width(csv_text: Delimited) -> int:
    lines = csv_text.text[: 2 * MAX_TEXT].splitlines(keepends=True)
    try:
        return len(next(csv.reader(lines, delimiter=csv_text.delimiter), []))
    except csv.Error:
        return 0


def _checked(below: TextTable, csv_text: Delimited, size: int) -> tuple[TextTable | None, int]:
    """The table, if all bytes of the file are in it, and none of its rows is blank."""
    text, rows = csv_text.text, below.rows
    width, ending = 2 if "\r" in text else 1, _ending(text)
    below.several_lines = csv_text.line_feeds != rows - 1 + ending // width
    sizes = _sizes_of(below, csv_text)
    around = rows * (below.width - 1) + (rows - 1) * width + ending
    around += text.count('"') - sum(one.quotes for one in sizes)
    if (
        sum(one.size for one in sizes) + around != size
        or max(one.longest for one in sizes) > MAX_TEXT
    ):
        return None, 0
    _make_blank(below)
    _drop_last_columns(below)
    blank = " AND ".join(f"{name} IS NULL" for name in below.names)
    ((blanks,),) = below.ask(f"SELECT count(*) FROM held WHERE {blank}")
    return (None if blanks else below), max(ending // width - 1, 0)


def _sizes_of(below: TextTable, csv_text: Delimited) -> list[Sizes]:
    """What the texts of all columns take, and those of the first row; the blanks around them are
    known to the table then."""
    found = {name: below.column(index).sizes() for index, name in enumerate(below.names)}
    known = {name: sizes for name, sizes in found.items() if sizes}
    known |= _asked(below, [name for name in found if name not in known], csv_text)
    first = below.from_row(0).texts(0, 1)
    heads = [Sizes.of({text: 1 for text in column if text is not None}) for column in first]
    below.spaced = set()
    for index, name in enumerate(below.names):
        both = known[name], heads[index]
        below.spaced |= {name} if any(one.spaced for one in both) else set()
        below.odd_spaces |= {name} if any(one.oddly for one in both) else set()
        if below.blanks(index) != (False, False):
            below.forget(index)
    return [*known.values(), *heads]


def _asked(below: TextTable, names: list[str], csv_text: Delimited) -> dict[str, Sizes]:
    """What the texts of some columns take."""
    text, told = csv_text.text, {}
    quotes = _QUOTES if '"' in text else "0"
    among = [mark for mark in ODD_SPACES if mark.isascii() or not text.isascii()]
    among = [mark for mark in among if mark not in "\r\n" or below.several_lines]
    oddly = bool(names) and any(mark in text for mark in among if mark != csv_text.delimiter)
    for name in names:
        size = f"coalesce(sum(strlen({name})), 0), coalesce(max(strlen({name})), 0)"
        facts = f"{size}, coalesce(sum({quotes}), 0), {_SPACED}".format(name)
        ((size, longest, marks, spaced),) = below.ask(f"SELECT {facts} {below.below}")
        told[name] = Sizes(int(size), longest, int(marks), spaced, oddly)
    return told


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
    for index, name in enumerate(table.names):
        spaced, oddly = table.blanks(index)
        if spaced or oddly:
            stripped = f"trim({name}, {SPACES})" if oddly else f"trim({name})"
            table.ask(f"UPDATE held SET {name} = NULL WHERE {stripped} = ''")


def _drop_last_columns(table: TextTable) -> None:
    """Take columns away at the end that are blank in all rows."""
    while table.width > 1:
        last = table.names[-1]
        ((filled,),) = table.ask(f"SELECT count({last}) FROM held")
        if filled:
            return
        table.width -= 1
        table.ask(f"ALTER TABLE held DROP COLUMN {last}")
