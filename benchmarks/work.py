"""The same work for three: our service, excel-mcp-server, and plain openpyxl.

Each has a workbook of :func:`benchmarks.large.write_workbook` and does by its own means what is
asked: ours over HTTP in an open workbook, the server over HTTP on a file, openpyxl by loading
the file, changing it and saving it. What came of it is compared at the end.
"""

from __future__ import annotations

import base64
import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import openpyxl

from benchmarks.large import SHEET, Chat
from benchmarks.rival import TIMEOUT, Library, Rival
from tests.processes import ServerProcess

FORMAT = "#,##0.00"
# Of a hundred operations of a chat: these.
MIX = {"edit": 40, "read": 25, "append": 12, "format": 10, "formula": 8, "chart": 3, "csv": 2}


class Worker(Protocol):
    """One workbook, and what is done to it; rows and columns as in Excel."""

    def edit(self, row: int, value: int) -> None:
        """One cell."""

    def read(self, row: int) -> list[list[Any]]:
        """The values of 20 rows."""

    def append(self, values: list[Any]) -> None:
        """One row under the data; moments are texts as in ISO 8601."""

    def format(self, row: int) -> None:
        """Ten cells bold, with a number format."""

    def formula(self, row: int) -> None:
        """The product of two cells, beside the data."""

    def chart(self, place: str) -> None:
        """Columns of twelve values."""

    def csv(self) -> int:
        """The whole sheet as CSV, where it can be read; its bytes."""

    def table(self) -> None:
        """A native table of all data."""

    def pivot(self) -> None:
        """The units by region, on a sheet of its own."""

    def file(self) -> bytes:
        """The workbook as a file, as a user gets it."""


class Ours:
    """A chat of our service with one open workbook."""

    def __init__(self, server: ServerProcess, path: Path) -> None:
        self.chat = Chat(server)
        self.chat.upload(path)
        self._name = path.name
        self._link = ""

    def open(self) -> None:
        self.chat.open(Path(self._name))

    def save(self) -> None:
        self._do("save_excel_file")

    def _do(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        return self.chat.op(name, **parameters)

    def edit(self, row: int, value: int) -> None:
        self._do("write_excel_range", start=f"F{row}", rows=[[value]])

    def read(self, row: int) -> list[list[Any]]:
        answer = self._do("read_excel_range", range=f"A{row}:J{row + 19}")
        rows: list[list[Any]] = answer["result"]["rows"]
        return rows

    def append(self, values: list[Any]) -> None:
        self._do("write_excel_range", start="append", rows=[values])

    def format(self, row: int) -> None:
        style = {"bold": True, "number_format": FORMAT}
        self._do("format_excel_cells", range=f"G{row}:G{row + 9}", style=style)

    def formula(self, row: int) -> None:
        self._do("write_excel_range", start=f"L{row}", rows=[[f"=F{row}*G{row}"]])

    def chart(self, place: str) -> None:
        self._do("create_excel_chart", chart_type="column", data_range="E1:F13", position=place)

    def csv(self) -> int:
        answer = self._do("export_excel_file", format="csv", sheet=SHEET)
        return len(self._got(answer["files"][0]["download_url"]))

    def table(self) -> None:
        self._do("create_excel_table", sheet=SHEET)

    def pivot(self) -> None:
        self._do("create_excel_pivot", sheet=SHEET, rows=["Region"], values=["Units"])

    def file(self) -> bytes:
        answer = self._do("read_excel_range", sheet=SHEET, range="A1:A1")
        return self._got(answer["files"][0]["download_url"])

    def _got(self, link: str) -> bytes:
        response = self.chat.http.get(link, timeout=TIMEOUT)
        response.raise_for_status()
        return response.content


class Theirs:
    """A workbook of excel-mcp-server, in its folder."""

    def __init__(self, rival: Rival, path: Path, rows: int) -> None:
        self._client = rival.client()
        self._path = path
        self._last = rows + 1  # it has no appending: its client keeps count
        self._exports = 0

    def _do(self, tool: str, /, **arguments: Any) -> Any:
        return self._client.call(tool, path=self._path.name, **arguments)

    def edit(self, row: int, value: int) -> None:
        self._do("write_range", sheet=SHEET, at=f"F{row}", rows=[[value]])

    def read(self, row: int) -> list[list[Any]]:
        answer = self._do("read_range", sheet=SHEET, range=f"A{row}:J{row + 19}")
        rows: list[list[Any]] = answer["values"]
        return rows

    def append(self, values: list[Any]) -> None:
        self._last += 1
        self._do("write_range", sheet=SHEET, at=f"A{self._last}", rows=[values])

    def format(self, row: int) -> None:
        style = {"bold": True, "number_format": FORMAT}
        self._do("format_range", sheet=SHEET, range=f"G{row}:G{row + 9}", style=style)

    def formula(self, row: int) -> None:
        self._do("write_range", sheet=SHEET, at=f"L{row}", rows=[[f"=F{row}*G{row}"]])

    def chart(self, place: str) -> None:
        self._do("create_chart", sheet=SHEET, chart_type="column", source="E1:F13", at=place)

    def csv(self) -> int:
        self._exports += 1
        target = self._path.with_name(f"{self._path.stem}-{self._exports}.csv")
        self._do("export_csv", sheet=SHEET, csv_path=target.name)
        return target.stat().st_size

    def table(self) -> None:
        self._do("set_table", sheet=SHEET, range=f"A1:J{self._last}")

    def pivot(self) -> None:
        self._do("create_sheet", new_name="Pivot")
        what = {"row_fields": ["Region"], "value_fields": [{"field": "Units"}]}
        source = f"{SHEET}!A1:J{self._last}"
        self._do("create_pivot_table", sheet="Pivot", at="A1", source=source, **what)

    def file(self) -> bytes:
        content = self._client.raw("export_workbook", path=self._path.name)
        (blob,) = [item["resource"]["blob"] for item in content if item["type"] == "resource"]
        return base64.b64decode(blob)


class Plain:
    """A file that a process with openpyxl loads and saves at each change."""

    def __init__(self, library: Library, path: Path) -> None:
        self._library = library
        self._path = path

    def _do(self, call: str, **given: Any) -> Any:
        return self._library.call(call, path=str(self._path), target=str(self._path), **given)

    def edit(self, row: int, value: int) -> None:
        self._do("edit", row=row, value=value)

    def read(self, row: int) -> list[list[Any]]:
        rows: list[list[Any]] = self._library.call("values", path=str(self._path), row=row)
        return rows

    def append(self, values: list[Any]) -> None:
        self._do("append", values=values)

    def format(self, row: int) -> None:
        self._do("format", row=row, code=FORMAT)

    def formula(self, row: int) -> None:
        self._do("formula", row=row)

    def chart(self, place: str) -> None:
        self._do("chart", place=place)

    def csv(self) -> int:
        target = self._path.with_suffix(".csv")
        return int(self._library.call("csv_file", path=str(self._path), target=str(target)))

    def table(self) -> None:
        self._do("table")

    def pivot(self) -> None:
        raise NotImplementedError("openpyxl writes no pivot tables of its own")

    def file(self) -> bytes:
        return self._path.read_bytes()


# A chat's work --------------------------------------------------------------------


def plan(number: int, count: int, rows: int) -> list[tuple[str, int]]:
    """What a chat does, and at which row: the same for everyone."""
    chance = random.Random(number)
    names = chance.choices(list(MIX), weights=list(MIX.values()), k=count)
    last = max(3, rows - 20)
    return [(name, chance.randint(2, last)) for name in names]


def do(worker: Worker, step: tuple[str, int], number: int) -> None:
    """One step of a plan; ``number`` tells values and places apart."""
    name, row = step
    if name == "edit":
        worker.edit(row, number)
    elif name == "append":
        worker.append(new_row(number))
    elif name == "chart":
        worker.chart(f"N{2 + 20 * (number % 50)}")
    elif name == "csv":
        assert worker.csv() > 0
    elif name == "read":
        assert worker.read(row)
    else:
        getattr(worker, name)(row)


def new_row(number: int) -> list[Any]:
    """A row as the workbook has them."""
    day = (dt.date(2026, 1, 1) + dt.timedelta(days=number % 300)).isoformat()
    return [
        100_000 + number, day, "North", f"Customer {number}", "Product 07", number, 9.5,
        number * 9.5, True, day,
    ]  # fmt: skip


# What came of it ------------------------------------------------------------------


def contents(data: bytes) -> dict[str, Any]:
    """What the work left in a file: values, formulas, looks that were asked for, objects."""
    with _loaded(data) as book:
        sheet = book[SHEET]
        values = {
            (cell.row, cell.column): _comparable(cell.value)
            for line in sheet.iter_rows()
            for cell in line
            if cell.value is not None
        }
        bold = {cell.row for (cell,) in sheet["G1:G20000"] if cell.font.bold and cell.row > 1}
        coded = {row for row in bold if sheet.cell(row, 7).number_format == FORMAT}
        pivots = sum(len(other._pivots) for other in book.worksheets)
        objects = Counter(charts=len(sheet._charts), tables=len(sheet.tables), pivots=pivots)
    return {"values": values, "bold": bold, "coded": coded, "objects": dict(objects)}


@contextmanager
def _loaded(data: bytes) -> Iterator[Any]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        path.write_bytes(data)
        yield openpyxl.load_workbook(path)


def _comparable(value: object) -> object:
    """A date is the moment at which it begins; numbers as far as Excel counts them."""
    if isinstance(value, dt.datetime):
        return (value + dt.timedelta(seconds=0.5)).replace(microsecond=0)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    return round(value, 9) if isinstance(value, float) else value


def check_same(names: list[str], files: list[bytes]) -> None:
    """Make sure that all did the same work.

    :raises AssertionError: naming who differs, and in what
    """
    found = [contents(data) for data in files]
    for name, one in zip(names[1:], found[1:], strict=True):
        for part, first in found[0].items():
            if part == "values" and first != one[part]:
                differ = [p for p in first | one[part] if first.get(p) != one[part].get(p)]
                shown = [(p, first.get(p), one[part].get(p)) for p in differ[:3]]
                raise AssertionError(
                    f"{names[0]} and {name} differ in {len(differ)} cells: {shown}"
                )
            assert first == one[part], f"{names[0]} and {name} differ in {part}"


def timed(call: Any, *given: Any) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call(*given)
    return time.perf_counter() - began
