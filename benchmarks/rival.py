"""Others that work on the same files: openpyxl, python-calamine, excel-mcp-server.

The two libraries run in a process of their own each (``python benchmarks/rival.py openpyxl``),
which takes one JSON object a line and answers one; the server is started from a virtual
environment of its own and called over streamable HTTP, as MCP clients do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.processes import ProcessError, ServerProcess, clean_environ, free_port

PACKAGE = "excel-mcp-server==2.2.2"
PROTOCOL = "2025-06-18"
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


def read_all(path: str) -> int:
    """python-calamine: all values of the first sheet as Python objects."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


CALLS = {"edit": edit, "read": read, "read_all": read_all}


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
        self.pid = self._process.pid

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, call: str, **parameters: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call, **parameters}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ProcessError(f"{call} ended its process")
        return json.loads(line)


# The server -----------------------------------------------------------------


class Rival(ServerProcess):
    """excel-mcp-server on a free loopback port, with its own defaults.

    :param venv: its virtual environment
    :param folder: where the workbooks are
    """

    def __init__(self, venv: Path, folder: Path) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/mcp"
        program = str(venv / "bin" / "excel-mcp-server")
        options = ["streamable-http", "--allow-dir", str(folder), "--port", str(port)]
        self._http = requests.Session()
        self._http.headers["Accept"] = "application/json, text/event-stream"
        super().__init__(
            [program, *options],
            env=clean_environ(),
            health_url=self._url,
            log=folder / "rival.log",
            cwd=folder,
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self.deadline
        client = {"name": "benchmark", "version": "1"}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        while time.monotonic() < end and process.poll() is None:
            try:
                self._post("initialize", hello, id=1)
                self._post("notifications/initialized", {})
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise ProcessError(f"the rival does not answer:\n{self.log_tail()}")

    def _post(self, method: str, params: dict[str, Any], **more: Any) -> Any:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **more}
        response = self._http.post(self._url, json=message, timeout=TIMEOUT)
        response.raise_for_status()
        if "Mcp-Session-Id" in response.headers:
            self._http.headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
            self._http.headers["MCP-Protocol-Version"] = PROTOCOL
        data = [line[5:] for line in response.text.splitlines() if line.startswith("data:")]
        return json.loads(data[-1]) if data else None

    def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers.

        :raises RuntimeError: if it answers an error
        """
        answer = self._post("tools/call", {"name": tool, "arguments": arguments}, id=2)
        result = answer.get("result", {"isError": True})
        if result.get("isError"):
            raise RuntimeError(f"{tool}: {json.dumps(answer)[:500]}")
        return result.get("structuredContent")


def install(venv: Path) -> str:
    """Make the virtual environment with the rival, where it isn't yet; what it calls itself."""
    program = venv / "bin" / "excel-mcp-server"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", PACKAGE], check=True)
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.strip()


if __name__ == "__main__":
    serve()
