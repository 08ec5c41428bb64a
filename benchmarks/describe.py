"""A profile of a million cells: describe_excel_file, beside what only reads or only summarises.

    python -m benchmarks.describe [rows]

The sheet is that of :mod:`benchmarks.large`: ten mixed columns. ``describe_excel_file`` of one
sheet finds tables, headers, types, blanks, distinct values, ranges, outliers, suspicious values and
errors. Beside it, in the same rounds: python-calamine only reads all values of the file, and
DuckDB's SUMMARIZE counts over columns that it holds already. Medians of several rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from python_calamine import CalamineWorkbook

import service.operations  # noqa: F401 - declares the operations
from benchmarks.large import HEADERS, SHEET, write_workbook
from service.workbook.book import Book
from tests.bench import new_book, run

ROUNDS = 3
_TYPES = "DOUBLE DATE VARCHAR VARCHAR VARCHAR DOUBLE DOUBLE DOUBLE BOOLEAN TIMESTAMP".split()
_QUERY = "SELECT region, count(*), sum(units) FROM orders GROUP BY region"


def seconds(call: Callable[[], Any]) -> float:
    """Of the wall clock, for one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def describe(book: Book) -> None:
    """Profile the sheet."""
    found = run(book, "describe_excel_file", sheet=SHEET).result["sheets"][0]
    assert len(found["columns"]) == len(HEADERS)


def ask(book: Book) -> None:
    """A group-by; the first one has to load the sheet."""
    assert run(book, "query_excel_data", sql=_QUERY).result["row_count"] == 4


def edit(book: Book, number: int) -> None:
    """Change one cell."""
    run(book, "write_excel_range", start="F9", rows=[[number]])


def summarized(columns: list[list[Any]]) -> duckdb.DuckDBPyConnection:
    """The columns in DuckDB."""
    connection = duckdb.connect(":memory:")
    names = ", ".join(f"unnest(${i}::{kind}[]) AS c{i}" for i, kind in enumerate(_TYPES, start=1))
    connection.execute(f"CREATE TABLE sales AS SELECT {names}", columns)
    return connection


def measured(path: Path, made: Book) -> dict[str, float]:
    """One round, in seconds."""
    taken = {"python-calamine: read all values": seconds(lambda: _read(path))}
    connection = summarized(_columns(path))
    taken["DuckDB: SUMMARIZE of columns it holds"] = seconds(
        lambda: connection.execute("SUMMARIZE sales").fetchall()
    )
    connection.close()
    book = Book.load(path, "orders.xlsx")
    taken["opened: describe, first time"] = seconds(lambda: describe(book))
    taken["opened: describe, once loaded"] = seconds(lambda: describe(book))
    edit(book, 5)
    taken["opened: describe, after an edit"] = seconds(lambda: describe(book))
    _queries(book, taken, "opened")
    taken["made here: describe"] = seconds(lambda: describe(made))
    taken["made here: describe again"] = seconds(lambda: describe(made))
    _queries(made, taken, "made here")
    return taken


def _queries(book: Book, taken: dict[str, float], what: str) -> None:
    edit(book, 5)
    taken[f"{what}: query after describe"] = seconds(lambda: ask(book))
    taken[f"{what}: another query"] = seconds(lambda: ask(book))
    edit(book, 6)
    taken[f"{what}: query after an edit"] = seconds(lambda: ask(book))


def _read(path: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_name(SHEET).to_python()


def _columns(path: Path) -> list[list[Any]]:
    return [list(column) for column in zip(*_read(path)[1:], strict=True)]


def made_here(path: Path) -> Book:
    """The same rows in a workbook whose cells are all there."""
    book = new_book("made.xlsx", sheet=SHEET, headers=HEADERS)
    sheet = book.xl[SHEET]
    for row in _read(path)[1:]:
        sheet.append(row)
    return book


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as folder:
        path = write_workbook(Path(folder, "orders.xlsx"), rows)
        made = made_here(path)
        rounds = [measured(path, made) for _ in range(ROUNDS)]
    print(f"{rows * len(HEADERS):,} cells, median of {ROUNDS} rounds")
    for what in rounds[0]:
        print(f"| {what} | {statistics.median(one[what] for one in rounds):.2f} s |")


if __name__ == "__main__":
    main()
