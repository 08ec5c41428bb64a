"""Files made to harm, through a real service: each is refused in the one error shape, or of use.

Whatever a file is, no call is left without an answer, no process uses more memory than it may,
nothing is fetched from the network, and the next caller finds the service sound.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.formats_fixtures import parts_of
from tests.hostile import CASES, OPENS, changed, xls_that_aborts, xls_that_panics
from tests.listener import Asked
from tests.processes import ServerProcess, children, failures_in, service_process
from tests.service_fixtures import KEY, Chat, MakeService, error_of, rows_of, workbook_bytes

MEMORY_MB = 512
# What a process maps without being charged for it: programs, libraries, shared pages.
SLACK_MB = 192
DEADLINE = 20
# Beyond the deadline of one call: the time to end a process, to start another, to try again.
PATIENCE = 100


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A real service that gives each file little time and half a gigabyte."""
    with service_process(
        tmp_path_factory.mktemp("hostile"),
        KEY,
        engines="1",
        engine_deadline=str(DEADLINE),
        engine_memory_mb=str(MEMORY_MB),
        max_cells="200000",
        max_unpacked_mb="100",
        libreoffice="off",
    ) as process:
        yield process


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with Asked() as found:
        yield found


class Caller:
    """A session of a real service."""

    def __init__(self, server: ServerProcess, chat: str) -> None:
        self.url = server.health_url.removesuffix("/health")
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {KEY}"
        owner = {"user": "somebody", "chat": chat}
        made = self.http.post(f"{self.url}/v1/sessions", json=owner, timeout=PATIENCE)
        self.http.headers["X-Excel-Session"] = made.json()["session_id"]

    def upload(self, data: bytes, name: str) -> None:
        sent = {"file": (name, data)}
        response = self.http.post(f"{self.url}/v1/files", files=sent, timeout=PATIENCE)
        assert response.status_code == 201, response.text

    def call(self, operation: str, **parameters: object) -> dict[str, Any]:
        """The answer, or the error in its one shape."""
        url = f"{self.url}/v1/operations/{operation}"
        response = self.http.post(url, json=parameters, timeout=PATIENCE)
        body: dict[str, Any] = response.json()
        if response.status_code != 200:
            assert set(body) == {"error"}
            assert set(body["error"]) - {"details"} == {"code", "message", "hint", "request_id"}
            assert body["error"]["code"] != "internal_error", body
        return body

    def end(self) -> None:
        self.http.delete(
            f"{self.url}/v1/sessions/{self.http.headers['X-Excel-Session']}", timeout=PATIENCE
        )
        self.http.close()


def descendants(pid: int) -> set[int]:
    found = children(pid)
    for child in set(found):
        found |= descendants(child)
    return found


def peaks(pid: int) -> dict[int, int]:
    """The most memory that each process below ``pid`` has used, MiB."""
    found = {}
    for child in descendants(pid):
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if "VmHWM" in lines:
            found[child] = int(lines["VmHWM"].split()[0]) // 1024
    return found


def used(caller: Caller, sheet: str) -> list[dict[str, Any]]:
    """What comes of working with the open workbook: look, read, change, read, save."""
    return [
        caller.call("describe_excel_file"),
        caller.call("read_excel_range", sheet=sheet, range="A1:C3"),
        caller.call("write_excel_range", sheet=sheet, start="B4", rows=[["still here"]]),
        caller.call("read_excel_range", sheet=sheet, range="B4"),
        caller.call("save_excel_file"),
    ]


def _some_at_once() -> Iterator[Any]:
    """All files; the quick run tries each eighth."""
    for index, name in enumerate(CASES):
        yield pytest.param(name, marks=[pytest.mark.e2e] if index % 8 else [], id=name)


@pytest.mark.parametrize("name", list(_some_at_once()))
def test_a_hostile_file_is_refused_or_of_use(real: ServerProcess, asked: Asked, name: str) -> None:
    case = CASES[name]
    caller = Caller(real, name)
    try:
        caller.upload(case.make(asked.url), case.filename)
        opened = caller.call("open_excel_file")
        if "password_required" in case.outcomes and "error" in opened:
            opened = caller.call("open_excel_file", password="y")
        if "error" in opened:
            assert opened["error"]["code"] in case.outcomes, opened
            assert "root:" not in str(opened)
            assert caller.call("list_excel_files")["result"]["open"] == []
        else:
            assert OPENS in case.outcomes, opened
            sheet = (opened["result"].get("sheets") or [opened.get("sheet")])[0]
            answers = used(caller, sheet)
            if case.outcomes == {OPENS}:
                assert not [answer for answer in answers if "error" in answer]
                assert answers[3]["result"]["rows"] == [["still here"]]
                data = caller.http.get(answers[4]["files"][0]["download_url"], timeout=PATIENCE)
                assert zipfile.ZipFile(io.BytesIO(data.content)).testzip() is None
        # Whoever comes next finds the service sound.
        assert "error" not in caller.call("create_excel_file", filename="sound.xlsx")
    finally:
        caller.end()
    over = {pid: mb for pid, mb in peaks(real.pid).items() if mb > MEMORY_MB + SLACK_MB}
    assert not over
    assert asked.paths == []


def test_there_are_at_least_a_hundred() -> None:
    assert len(CASES) >= 100


def test_nothing_was_written_outside(real: ServerProcess) -> None:
    assert not Path("/tmp/evil.xml").exists()
    assert failures_in(real.log.read_text()) == []


@pytest.mark.parametrize("name", ["sent", "sent.zip", "sent.xls", "sent.xltx", "SENT.XLSX"])
def test_a_workbook_under_a_wrong_name_is_one_all_the_same(chat: Chat, name: str) -> None:
    chat.upload(workbook_bytes(), name)
    opened = chat.op("open_excel_file")
    assert opened["workbook"].lower().endswith(".xlsx")
    assert chat.downloaded_rows(opened["files"][0]) == [["Item", "Cost"], ["Rent", 1200]]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("sent.xlsm", "ms-excel.sheet.macroEnabled"), ("sent.xltx", "spreadsheetml.sheet.main")],
)
def test_a_file_is_saved_as_what_its_name_says(chat: Chat, name: str, content_type: str) -> None:
    """Excel refuses to open a file whose contents and ending disagree."""
    types = parts_of(workbook_bytes())["[Content_Types].xml"].decode()
    template = types.replace("spreadsheetml.sheet.main", "spreadsheetml.template.main")
    chat.upload(changed({"[Content_Types].xml": template}), name)
    opened = chat.op("open_excel_file")
    saved = parts_of(chat.download(opened["files"][0]))["[Content_Types].xml"].decode()
    assert content_type in saved
    assert "template" not in saved


def test_a_panic_of_native_code_is_told_by_the_name_of_the_file(make_service: MakeService) -> None:
    chat = Chat(make_service(libreoffice="off"))
    chat.upload(xls_that_panics(), "old.xls")
    error = chat.fail("open_excel_file")
    assert error["code"] == "workbook_damaged"
    assert "old.xls can't be read" in error["message"]
    assert "PanicException" in error["message"]


def test_a_file_that_ends_its_engine_is_told_and_forgotten(make_service: MakeService) -> None:
    """Native code that gets no memory aborts, and takes the whole process with it."""
    service = make_service(libreoffice="off", engine_memory_mb=256)
    chat, other = Chat(service), Chat(service)
    other.op("create_excel_file", filename="mine.xlsx", headers=["a"])
    chat.upload(xls_that_aborts(), "far.xls")
    for _ in range(2):
        error = chat.fail("open_excel_file", file="far.xls")
        assert (error["code"], error["status"]) == ("workbook_damaged", 422)
        assert "Reading far.xls took its engine process down" in error["message"]
    assert other.rows() == [["a"]]
    chat.op("create_excel_file", filename="sound.xlsx")


def test_an_empty_file_is_not_taken(chat: Chat) -> None:
    error = error_of(chat.send(b"", "sent.xlsx"))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


def test_rows_of_a_sound_file_are_read(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("open_excel_file")
    assert rows_of(workbook_bytes()) == chat.rows()
