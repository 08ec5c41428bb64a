"""Makes ``data.tar.xz``: data folders as earlier versions of the service have left them.

``python tests/earlier/make.py`` checks each version out beside this one, runs its service with
the libraries of now, works with it over HTTP, and kills it in the middle of open work. Beside each
data folder stands what its workbooks held after each change, in ``states.json``.
"""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.processes import ServerProcess, service_process  # noqa: E402

KEY = "key-of-earlier-versions"
# What each was the end of, and its commit; a version whose form of something was another one.
VERSIONS = {
    "1-sessions": "b8e1e29",
    "2-undo": "53b5ae8",
    "3-structure": "0ba09ea",
    "4-charts": "4d91e34",
    "5-queries": "31789fe",
    "6-doors": "569458e",
}
HEADERS = ["Item", "Cost", "Day"]
ROWS = [["Rent", 1200, "2026-01-31"], ["Food", 450.5, "2026-02-01"], ["Fun", 90, "2026-02-03"]]


def snapshot(data: bytes) -> dict[str, Any]:
    """What a workbook holds: the cells of each sheet as they are written, and its charts."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = {
        sheet.title: [[_plain(cell.value) for cell in row] for row in sheet.iter_rows()]
        for sheet in book.worksheets
    }
    formats = {sheet.title: sheet["B2"].number_format for sheet in book.worksheets}
    charts = {sheet.title: len(sheet._charts) for sheet in book.worksheets}
    return {"cells": cells, "formats": formats, "charts": charts}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class Chat:
    """A chat that works with a version, and writes down what its workbooks held."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers.update(
            {"Authorization": f"Bearer {KEY}", "X-User-Id": "anna", "X-Chat-Id": "work"}
        )
        opened = self.http.post(f"{url}/v1/sessions", json={"user": "anna", "chat": "work"})
        self.id = opened.json()["session_id"]
        self.http.headers["X-Excel-Session"] = self.id
        # By workbook: what it held after each change, from the opening or the making on.
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.at: dict[str, int] = {}

    def op(self, name: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The answer; None if this version does not do that."""
        response = self.http.post(f"{self.url}/v1/operations/{name}", json=parameters, timeout=600)
        if response.ok:
            answer: dict[str, Any] = response.json()
            return answer
        print(f"  {name}: {response.status_code} {response.json()['error']['message'][:90]}")
        return None

    def change(self, name: str, /, **parameters: Any) -> None:
        answer = self.op(name, **parameters)
        if answer is not None:
            book = answer["workbook"]
            link = answer["files"][0]["download_url"]
            self.states.setdefault(book, []).append(snapshot(self.http.get(link).content))
            self.at[book] = len(self.states[book]) - 1
            self.links[link.split("/files/")[1]] = self.states[book][-1]

    def work(self) -> None:
        self.http.put(
            f"{self.url}/v1/preferences", json={"font": "Arial", "number_format": "0.0000"}
        )
        book = openpyxl.Workbook()
        book.active.append(HEADERS)  # type: ignore[union-attr]
        data = io.BytesIO()
        book.save(data)
        self.http.post(f"{self.url}/v1/files", files={"file": ("sent.xlsx", data.getvalue())})
        self.change("open_excel_file", file="sent.xlsx")
        append: dict[str, Any] = {"workbook": "sent.xlsx", "start": "append"}
        for row in ROWS:
            self.change("write_excel_range", **append, rows=[row])
        self.change("write_excel_range", **append, rows=[["Sum", "=SUM(B2:B4)", None]])
        style = {"number_format": "#,##0.00", "bold": True}
        self.change("format_excel_cells", workbook="sent.xlsx", range="B2:B5", style=style)
        self.change("create_excel_file", filename="made.xlsx", headers=HEADERS, rows=ROWS)
        made = {"workbook": "made.xlsx"}
        saved = self.op("save_excel_file", **made)
        assert saved
        link = saved["files"][0]["download_url"]
        version = {link.split("/files/")[1]: snapshot(self.http.get(link).content)}
        sheet = {**made, "sheet": "Sheet1"}
        self.change("create_excel_table", **sheet, range="A1:C4", name="Costs")
        self.change("create_excel_chart", **sheet, chart_type="column", data_range="A1:B4")
        rule = {"fill": "light green"}
        self.change(
            "add_excel_rule", **sheet, range="B2:B4", rule="greater_than", value=100, options=rule
        )
        self.change("create_excel_pivot", **sheet, rows=["Item"], values=["Cost"])
        self.change("edit_excel_sheet", **sheet, action="insert_rows", target="3:3")
        self.change("write_excel_range", **sheet, start="J1", rows=[["=B2*2", "=SUMME(A1)", 3]])
        self.change("query_excel_data", **made, sql="select 1 as one", into="One!A1")
        for text in ("first", "second", "third"):
            self.change("write_excel_range", **sheet, start="H1", rows=[[text]])
        if self.op("undo_excel_change", **made, action="undo", steps=2):
            self.at["made.xlsx"] -= 2
        for path in self.links:
            book = path.rpartition("/")[2]
            self.links[path] = self.states[book][self.at[book]]
        self.links |= version  # the last one


def made_by(commit: str, folder: Path) -> None:
    """Run the service of a version, with its data in ``folder``."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(source), commit], check=True)
        try:
            # The first version's pages of documentation need a package that no other does.
            shim = Path(place) / "swagger_ui_bundle.py"
            shim.write_text(f"swagger_ui_path = {place!r}\n")
            server = service_process(folder, KEY, engines="1", secret_key="a secret of then")
            with ServerProcess(
                server.command,
                env=server.env | {"PYTHONPATH": place},
                health_url=server.health_url,
                log=Path(place) / "log",
                cwd=source,
                deadline=180,
            ) as old:
                chat = Chat(old.health_url.removesuffix("/health"))
                chat.work()
                old.stop(signal.SIGKILL)
        finally:
            subprocess.run([*git, "remove", "--force", str(source)], check=True)
    told = {"states": chat.states, "at": chat.at, "links": chat.links, "session": chat.id}
    (folder / "states.json").write_text(json.dumps(told))


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, commit in VERSIONS.items():
            print(f"{name} ({commit})", flush=True)
            folder = Path(place) / name
            folder.mkdir()
            made_by(commit, folder)
        target = Path(__file__).with_name("data.tar.xz")
        with tarfile.open(target, "w:xz", preset=9, dereference=True) as archive:
            for path in sorted(Path(place).rglob("*")):
                if path.is_file() and "checkpoints" not in path.parts:
                    archive.add(path, path.relative_to(place).as_posix())
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
