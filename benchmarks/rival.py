"""Others that work on the same files: openpyxl, python-calamine, excel-mcp-server.

The two libraries run in a process of their own each (``python benchmarks/rival.py openpyxl``),
which takes one JSON object a line and answers one; the server is started from a virtual
environment of its own and called over streamable HTTP, as MCP clients do.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.processes import ProcessError, ServerProcess, clean_environ, free_port

PACKAGE = "excel-mcp-server==2.2.2"
PROTOCOL = "2025-06-18"
LOCK = Path(__file__).with_name("rival.lock")
TIMEOUT = 600  # seconds for one call


# Libraries ------------------------------------------------------------------


def edit(path: str, target: str, row: int, value: int) -> None:
    """openpyxl: load, change one cell of the first sheet, save."""
    import openpyxl  # noqa: PLC0415 - the other library's process does without

    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[0].cell(row, 6).value = value
    workbook.save(target)


def read(path: str, row: int) -> int:
    """openpyxl: the values of 20 rows, in its mode for reading, which does not load the rest."""
    import openpyxl  # noqa: PLC0415

    workbook = openpyxl.load_workbook(path, read_only=True)
    rows = workbook.worksheets[0].iter_rows(min_row=row, max_row=row + 19, values_only=True)
    count = len(list(rows))
    workbook.close()
    return count


def values(path: str, row: int) -> list[list[str]]:
    """openpyxl: the values of 20 rows."""
    import openpyxl  # noqa: PLC0415

    workbook = openpyxl.load_workbook(path, read_only=True)
    rows = workbook.worksheets[0].iter_rows(min_row=row, max_row=row + 19, values_only=True)
    found = [[str(value) for value in line] for line in rows]
    workbook.close()
    return found


def changed(path: str, target: str, change: Callable[[Any], None]) -> None:
    """openpyxl: load, change the first sheet, save."""
    import openpyxl  # noqa: PLC0415

    workbook = openpyxl.load_workbook(path)
    change(workbook.worksheets[0])
    workbook.save(target)


def append(path: str, target: str, values: list[Any]) -> None:
    """One row under the data; formats as in the row above."""

    def change(sheet: Any) -> None:
        row = max(row for row, column in sheet._cells if column == 1) + 1
        for column, value in enumerate(values, start=1):
            day = dt.datetime.fromisoformat(value) if column in (2, 10) else value
            sheet.cell(row, column, day).number_format = sheet.cell(row - 1, column).number_format

    changed(path, target, change)


def format_(path: str, target: str, row: int, code: str) -> None:
    """Ten cells bold, with a number format."""
    from openpyxl.styles import Font  # noqa: PLC0415

    def change(sheet: Any) -> None:
        for line in range(row, row + 10):
            cell = sheet.cell(line, 7)
            cell.font, cell.number_format = Font(bold=True), code

    changed(path, target, change)


def formula(path: str, target: str, row: int) -> None:
    """A formula beside the data; nobody calculates it."""
    changed(path, target, lambda sheet: sheet.cell(row, 12, f"=F{row}*G{row}"))


def chart(path: str, target: str, place: str) -> None:
    """Columns of twelve values."""
    from openpyxl.chart import BarChart, Reference  # noqa: PLC0415

    def change(sheet: Any) -> None:
        new = BarChart()
        new.add_data(
            Reference(sheet, range_string=f"{sheet.title}!$F$1:$F$13"), titles_from_data=True
        )
        new.set_categories(Reference(sheet, range_string=f"{sheet.title}!$E$2:$E$13"))
        sheet.add_chart(new, place)

    changed(path, target, change)


def table(path: str, target: str) -> None:
    """A native table of all data."""
    from openpyxl.worksheet.table import Table  # noqa: PLC0415

    def change(sheet: Any) -> None:
        rows = max(row for row, column in sheet._cells if column == 1)
        sheet.add_table(Table(displayName="Table1", ref=f"A1:J{rows}"))

    changed(path, target, change)


def csv_file(path: str, target: str) -> int:
    """All values as CSV; the file's bytes."""
    import csv  # noqa: PLC0415

    import openpyxl  # noqa: PLC0415

    workbook = openpyxl.load_workbook(path, read_only=True)
    with open(target, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(workbook.worksheets[0].iter_rows(values_only=True))
    workbook.close()
    return os.path.getsize(target)


def read_all(path: str) -> int:
    """python-calamine: all values of the first sheet as Python objects."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


CALLS = {
    "edit": edit, "read": read, "values": values, "append": append, "format": format_,
    "formula": formula, "chart": chart, "table": table, "csv_file": csv_file, "read_all": read_all,
}  # fmt: skip


def serve() -> None:
    for line in sys.stdin:
        call = json.loads(line)
        print(json.dumps(CALLS[call.pop("call")](**call)), flush=True)


class Library:
    """A process that does one call at a time with a library, and keeps it loaded."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "serve"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._lock = threading.Lock()  # one call at a time, whoever asks
        self.pid = self._process.pid

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, call: str, **parameters: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps({"call": call, **parameters}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise ProcessError(f"{call} ended its process")
        return json.loads(line)


# The server -----------------------------------------------------------------


class Client:
    """An MCP client over streamable HTTP, with a connection and a session of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.headers["Accept"] = "application/json, text/event-stream"
        self._ids = itertools.count(1)
        client = {"name": "benchmark", "version": "1"}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        self._post("initialize", hello, id=next(self._ids))
        self._post("notifications/initialized", {})

    def _post(self, method: str, params: dict[str, Any], **more: Any) -> Any:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **more}
        response = self._http.post(self._url, json=message, timeout=TIMEOUT)
        response.raise_for_status()
        if "Mcp-Session-Id" in response.headers:
            self._http.headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
            self._http.headers["MCP-Protocol-Version"] = PROTOCOL
        data = [line[5:] for line in response.text.splitlines() if line.startswith("data:")]
        return json.loads(data[-1]) if data else None

    def schemas(self) -> list[dict[str, Any]]:
        """All its tools, as it lists them."""
        listed = self._post("tools/list", {}, id=next(self._ids))
        tools: list[dict[str, Any]] = listed["result"]["tools"]
        return tools

    def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers.

        :raises RuntimeError: if it answers an error
        """
        return self._result(tool, arguments).get("structuredContent")

    def raw(self, tool: str, **arguments: Any) -> Any:
        """The contents of an answer as they came."""
        return self._result(tool, arguments)["content"]

    def _result(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        params = {"name": tool, "arguments": arguments}
        answer = self._post("tools/call", params, id=next(self._ids))
        result: dict[str, Any] = answer.get("result", {"isError": True})
        if result.get("isError"):
            raise RuntimeError(f"{tool}: {json.dumps(answer)[:500]}")
        return result


class Rival(ServerProcess):
    """excel-mcp-server on a free loopback port, with its own defaults.

    :param venv: its virtual environment
    :param folder: where the workbooks are
    """

    def __init__(self, venv: Path, folder: Path) -> None:
        port = free_port()
        self.pause = 0.1  # seconds between two looks whether it answers
        self._url = f"http://127.0.0.1:{port}/mcp"
        program = str(venv / "bin" / "excel-mcp-server")
        options = ["streamable-http", "--allow-dir", str(folder), "--port", str(port)]
        self._client: Client | None = None
        super().__init__(
            [program, *options],
            env=clean_environ(),
            health_url=self._url,
            log=folder / "rival.log",
            cwd=folder,
            deadline=180,
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self.deadline
        while time.monotonic() < end and process.poll() is None:
            try:
                self._client = self.client()
                return
            except requests.ConnectionError:
                time.sleep(self.pause)
        raise ProcessError(f"the rival does not answer:\n{self.log_tail()}")

    def client(self) -> Client:
        """Another client."""
        return Client(self._url)

    def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers to the client that greeted the server first."""
        assert self._client is not None
        return self._client.call(tool, **arguments)


class NotInstalledError(RuntimeError):
    """The rival is not there and could not be fetched: most likely there is no network."""


def install(venv: Path) -> str:
    """Make the virtual environment with the rival, where it isn't yet; what it calls itself.

    What goes in is pinned in ``rival.lock``, with hashes.

    :raises NotInstalledError: with what pip says
    """
    program = venv / "bin" / "excel-mcp-server"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        command = [*pip, "--disable-pip-version-check", "-r", str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalledError(done.stderr.strip()[-300:])
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.strip()


if __name__ == "__main__":
    serve()
