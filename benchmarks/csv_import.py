"""A CSV file of many rows and ten columns: import_csv_to_excel against libraries.

    python -m benchmarks.csv_import [rows [ways...]]

Each runs in a process of its own, so that its peak of memory is its own, and one after the other.
Ours detects everything, decides types over all values and ends with a workbook that can be asked,
changed and saved; "and the file" adds writing it, "the first query" is measured alone. What the
others do stands in their names: those that only read do less, and those that write a workbook do as
much, without detecting anything.
"""

from __future__ import annotations

import csv
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

HEADERS = ["id", "day", "region", "product", "amount", "price", "year", "rate", "note", "open"]


def write(path: Path, rows: int) -> None:
    """A file of ids, dates, texts that repeat, numbers of few and of many digits, booleans."""
    chance = random.Random(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(rows):
            writer.writerow(
                [
                    number, f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}",
                    f"Region {number % 12}", f"Product {number % 40}", chance.randrange(1, 500),
                    f"{chance.uniform(1, 90):.2f}", 2020 + number % 6, f"{chance.random():.6f}",
                    f"note {number % 1000}, quoted", number % 3 == 0,
                ]
            )  # fmt: skip


def ours(path: Path, target: Path | None) -> None:
    from service.workbook.book import Book  # noqa: PLC0415
    from tests.bench import run  # noqa: PLC0415

    book = Book.blank("import.xlsx")
    began = now()
    run(book, "import_csv_to_excel", files={"source": path}, source=path.name)
    if target is not None:
        book.save(target)
    told(began)


def asked_ours(path: Path, target: Path | None) -> None:
    from service.workbook.book import Book  # noqa: PLC0415
    from tests.bench import run  # noqa: PLC0415

    book = Book.blank("import.xlsx")
    run(book, "import_csv_to_excel", files={"source": path}, source=path.name)
    began = now()
    title = book.sheet_names[0]
    run(book, "query_excel_data", sql=f'SELECT region, sum(amount) FROM "{title}" GROUP BY 1')
    told(began)


def read_by_duckdb(path: Path, target: Path | None) -> None:
    import duckdb  # noqa: PLC0415

    began = now()
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT * FROM read_csv(?)", [str(path)])
    told(began)


def read_by_csv(path: Path, target: Path | None) -> None:
    began = now()
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows
    told(began)


def written_by_pyexcelerate(path: Path, target: Path | None) -> None:
    import pyexcelerate  # noqa: PLC0415

    began = now()
    with path.open(newline="") as file:
        reader = csv.reader(file)
        rows = [next(reader), *([*map(_number, row)] for row in reader)]
    book = pyexcelerate.Workbook()
    book.new_sheet("Data", data=rows)
    book.save(str(target))
    told(began)


def written_by_openpyxl(path: Path, target: Path | None) -> None:
    import openpyxl  # noqa: PLC0415

    began = now()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    with path.open(newline="") as file:
        for row in csv.reader(file):
            sheet.append([*map(_number, row)])
    book.save(target)
    told(began)


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def now() -> tuple[float, float]:
    """The time, and the processor's time of this process, in seconds."""
    return time.perf_counter(), time.process_time()


def told(began: tuple[float, float]) -> None:
    """Print the seconds since then, the processor's seconds, and the peak of memory."""
    passed, worked = (end - start for start, end in zip(began, now(), strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{passed:.2f} s, {worked:.2f} s of processor time, peak {peak:.0f} MiB")


Way = tuple[str, Callable[[Path, Path | None], None], bool]
WAYS: list[Way] = [
    ("ours", ours, False),
    ("ours, and the file", ours, True),
    ("ours, the first query after it", asked_ours, False),
    ("DuckDB: read only", read_by_duckdb, False),
    ("csv: read only", read_by_csv, False),
    ("csv and PyExcelerate: the file", written_by_pyexcelerate, True),
    ("csv and openpyxl, write only: the file", written_by_openpyxl, True),
]


def main() -> None:
    """Measure and print; or, in a process of its own, one way."""
    if len(sys.argv) > 1 and not sys.argv[1].isdigit():
        _, work, target = WAYS[int(sys.argv[2])]
        work(Path(sys.argv[1]), Path(sys.argv[1]).with_suffix(".xlsx") if target else None)
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory() as folder:
        path = Path(folder, "large.csv")
        write(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        chosen = [int(text) for text in sys.argv[2:]] or range(len(WAYS))
        for number in chosen:
            name = WAYS[number][0]
            command = [sys.executable, "-m", "benchmarks.csv_import", str(path), str(number)]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=1800, check=False
            )
            print(f"{name}: {done.stdout.strip() or done.stderr[-300:]}", flush=True)


if __name__ == "__main__":
    main()
