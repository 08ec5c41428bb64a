"""A group-by over a million cells: through query_excel_data, and in DuckDB alone.

    python -m benchmarks.query [rows]

Both hold the same data in memory before the clock runs: the workbook's tables were loaded by an
earlier query, DuckDB's table was filled beforehand. Median of several runs, each with another
condition, so that no answer is taken from the one before.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl

import service.operations  # noqa: F401 - declares the operations
from service.workbook.book import Book
from service.workbook.sql.locked import connected
from tests.bench import run

SQL = (
    "SELECT region, product, count(*) AS n, sum(amount) AS total, avg(price) AS price"
    " FROM {table} WHERE id >= {first} GROUP BY region, product ORDER BY total DESC"
)
HEADERS = ["id", "region", "product", "amount", "price", "year", "month", "rate", "note", "open"]
RUNS = 15


def rows_of(count: int) -> list[list[Any]]:
    """Rows of ten columns."""
    chance = random.Random(1)
    return [
        [
            number, f"Region {number % 12}", f"Product {number % 40}", chance.randrange(1, 500),
            round(chance.uniform(1, 90), 2), 2020 + number % 6, 1 + number % 12, chance.random(),
            f"note {number % 1000}", number % 3 == 0,
        ]
        for number in range(count)
    ]  # fmt: skip


def write(path: Path, rows: list[list[Any]]) -> None:
    """A workbook with the rows on one sheet."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sales")
    sheet.append(HEADERS)
    for row in rows:
        sheet.append(row)
    book.save(path)


def median(ask: Callable[[int], Any]) -> float:
    """Median seconds of a call that is given another number each time."""
    taken = []
    for number in range(RUNS):
        began = time.perf_counter()
        ask(number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rows = rows_of(count)
    with TemporaryDirectory() as folder:
        write(Path(folder, "sales.xlsx"), rows)
        compare(Book.load(Path(folder, "sales.xlsx"), "sales.xlsx"), rows)


def compare(book: Book, rows: list[list[Any]]) -> None:
    """Ask both, and print."""
    began = time.perf_counter()
    run(book, "query_excel_data", sql="SELECT count(*) FROM sales")
    loading = time.perf_counter() - began
    alone = connected()
    kinds = "BIGINT VARCHAR VARCHAR BIGINT DOUBLE BIGINT BIGINT DOUBLE VARCHAR BOOLEAN".split()
    names = ", ".join(f"unnest(${i}::{k}[]) AS {HEADERS[i - 1]}" for i, k in enumerate(kinds, 1))
    columns = [list(column) for column in zip(*rows, strict=True)]
    alone.execute(f"CREATE TABLE sales AS SELECT {names}", columns)

    def through_the_tool(number: int) -> Any:
        sql = SQL.format(table="sales", first=number)
        return run(book, "query_excel_data", sql=sql, limit=1000).result["rows"]

    def in_duckdb(number: int) -> Any:
        return alone.execute(SQL.format(table="sales", first=number)).fetchall()

    assert len(through_the_tool(0)) == len(in_duckdb(0))
    plain, tool = median(in_duckdb), median(through_the_tool)
    print(f"{len(rows) * 10:,} cells: loaded by the first query in {loading:.2f} s")
    print(f"group-by: DuckDB alone {plain * 1000:.1f} ms, query_excel_data {tool * 1000:.1f} ms")
    print(f"factor {tool / plain:.2f}")


if __name__ == "__main__":
    main()
