"""Engine processes: what takes too long or too much is ended, and nothing kept is lost."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.web.app import Service
from tests.processes import children
from tests.service_fixtures import Chat, MakeService, answer_of, error_of, rows_of, workbook_bytes

HEADERS = ["Item", "Cost"]
RENT = [HEADERS, ["Rent", 1200]]
# A million cells: seconds of work, and hundreds of megabytes.
MILLION: dict[str, Any] = {"start": "D1", "rows": [list(range(20))] * 50_000}
# Long enough to be killed in the middle.
LARGE: dict[str, Any] = {"start": "D1", "rows": MILLION["rows"][:8_000]}


def create(chat: Chat, filename: str = "budget.xlsx") -> dict[str, Any]:
    return chat.op("create_excel_file", filename=filename, headers=HEADERS, rows=[["Rent", 1200]])


def append(chat: Chat, *row: object, workbook: str = "") -> dict[str, Any]:
    return chat.op("write_excel_range", workbook=workbook, start="append", rows=[list(row)])


# Processes -------------------------------------------------------------------------


def engine_processes() -> set[int]:
    """All processes of all engines: the fork server's children."""
    return {worker for child in children(os.getpid()) for worker in children(child)}


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_until_busy(pid: int) -> None:
    """Wait until the process has worked for a tenth of a second."""
    before = cpu_ticks(pid)
    while cpu_ticks(pid) < before + 10:
        time.sleep(0.005)


def ended(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_ended(pid: int) -> None:
    end = time.monotonic() + 30
    while not ended(pid):
        assert time.monotonic() < end, f"{pid} still runs"
        time.sleep(0.01)


class Engine:
    """A service with one engine process, and a chat with a workbook in it."""

    def __init__(self, service: Service, before: set[int]) -> None:
        self.service = service
        self.chat = Chat(service)
        create(self.chat)
        self._before = before

    @property
    def pid(self) -> int:
        (pid,) = engine_processes() - self._before
        return pid

    def busy(self, killed: set[int]) -> int:
        """The process that works, after others were killed."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for pid in engine_processes() - self._before - killed:
                with suppress(FileNotFoundError, ProcessLookupError):
                    if cpu_ticks(pid) >= 50:  # more than a start takes
                        return pid
            time.sleep(0.01)
        raise AssertionError("no process works")

    def kill(self) -> None:
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_until_ended(pid)


@pytest.fixture
def engine(make_service: MakeService) -> Engine:
    before = engine_processes()
    return Engine(make_service(), before)


def in_background(chat: Chat, name: str, parameters: dict[str, Any]) -> Future[TestResponse]:
    threads = ThreadPoolExecutor(1)
    future = threads.submit(chat.call, name, parameters)
    threads.shutdown(wait=False)
    return future


def test_closing_the_service_ends_its_processes_and_threads(make_service: MakeService) -> None:
    before, threads = engine_processes(), set(threading.enumerate())
    engine = Engine(make_service(engines=2), before)
    create(engine.chat, "second.xlsx")
    started = engine_processes() - before
    assert started
    engine.service.close()
    for pid in started:
        wait_until_ended(pid)
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= threads


def test_a_call_under_way_as_the_service_stops_is_told_to_come_again(engine: Engine) -> None:
    """It is not to blame for the end of its process, though that had answered nobody before."""
    engine.kill()
    slow = in_background(engine.chat, "write_excel_range", MILLION)
    wait_until_busy(engine.busy(set()))
    engine.service.engine.close()
    response = slow.result()
    error = error_of(response)
    assert (error["status"], error["code"]) == (503, "workbook_busy")
    assert response.headers["Retry-After"]


# Limits ----------------------------------------------------------------------------


def test_what_takes_too_long_is_stopped_and_nothing_of_it_stays(
    make_service: MakeService,
) -> None:
    before = engine_processes()
    engine = Engine(make_service(engine_deadline=1), before)
    old = engine.pid
    error = engine.chat.fail("write_excel_range", **MILLION)
    assert (error["status"], error["code"]) == (504, "operation_too_slow")
    assert "1 seconds" in error["message"]
    wait_until_ended(old)
    assert engine.chat.rows() == RENT
    assert engine.pid != old
    assert append(engine.chat, "Food", 450)["unsaved_changes"] == 2


def test_a_new_file_that_takes_too_long_is_not_made(make_service: MakeService) -> None:
    chat = Chat(make_service(engine_deadline=1))
    parameters = {"filename": "big.xlsx", "rows": MILLION["rows"]}
    assert chat.fail("create_excel_file", **parameters)["code"] == "operation_too_slow"
    assert chat.op("list_excel_files")["result"] == {"open": []}
    assert create(chat, "big.xlsx")["workbook"] == "big.xlsx"


@pytest.mark.e2e
def test_what_needs_too_much_memory_is_refused(make_service: MakeService) -> None:
    chat = Chat(make_service(engine_memory_mb=256))
    create(chat)
    error = chat.fail("write_excel_range", start="D1", rows=MILLION["rows"][:40_000])
    assert (error["status"], error["code"]) == (507, "operation_too_big")
    assert chat.rows() == RENT
    assert append(chat, "Food", 450)["unsaved_changes"] == 2


def test_a_call_that_gave_up_waiting_is_never_done(make_service: MakeService) -> None:
    before = engine_processes()
    engine = Engine(make_service(queue_wait=1), before)
    create(engine.chat, "other.xlsx")
    large = {"workbook": "budget.xlsx", "start": "D1", "rows": MILLION["rows"][:4_000]}
    slow = in_background(engine.chat, "write_excel_range", large)
    wait_until_busy(engine.pid)
    os.kill(engine.pid, signal.SIGSTOP)  # it goes on working for as long as this test needs
    row = {"start": "append", "rows": [["never", 0]]}
    for workbook in ("budget.xlsx", "other.xlsx"):
        response = engine.chat.call("write_excel_range", {**row, "workbook": workbook})
        error = error_of(response)
        assert (error["status"], error["code"]) == (503, "workbook_busy")
        assert response.headers["Retry-After"] == "5"
    os.kill(engine.pid, signal.SIGCONT)
    assert slow.result().status_code == 200
    assert engine.chat.rows("other.xlsx") == RENT
    page = engine.chat.op("read_excel_range", workbook="budget.xlsx", range="A1:B9")
    assert page["result"]["rows"][:2] == RENT
    assert not any("never" in row for row in page["result"]["rows"])


# Killed ----------------------------------------------------------------------------


def test_a_process_killed_between_two_calls_is_replaced_unseen(engine: Engine) -> None:
    for number in range(3):
        append(engine.chat, "row", number)
        engine.kill()
        assert engine.chat.rows()[-1] == ["row", number]
    assert engine.chat.rows() == [*RENT, ["row", 0], ["row", 1], ["row", 2]]


def test_a_change_whose_process_is_killed_is_done_by_the_next(engine: Engine) -> None:
    append(engine.chat, "Food", 450)
    slow = in_background(engine.chat, "write_excel_range", LARGE)
    wait_until_busy(engine.pid)
    engine.kill()
    answer = answer_of(slow.result())
    assert answer["unsaved_changes"] == 3
    assert engine.chat.op("undo_excel_change")["unsaved_changes"] == 2, "it was done once"
    assert engine.chat.rows() == [*RENT, ["Food", 450]]


def test_a_change_that_kills_its_process_is_given_up_and_alone(engine: Engine) -> None:
    append(engine.chat, "Food", 450)
    slow = in_background(engine.chat, "write_excel_range", MILLION)
    killed: set[int] = set()
    for _ in range(2):  # the second try has a process that holds nothing else
        wait_until_busy(busy := engine.busy(killed))
        os.kill(busy, signal.SIGKILL)
        killed.add(busy)
    error = error_of(slow.result())
    assert (error["status"], error["code"]) == (507, "operation_too_big")
    assert "as it was before" in error["hint"]
    assert engine.chat.rows() == [*RENT, ["Food", 450]]
    assert append(engine.chat, "Fun", 90)["unsaved_changes"] == 3


@pytest.mark.e2e
def test_idle_workbooks_leave_the_memory_when_it_is_needed(make_service: MakeService) -> None:
    service = make_service(engine_memory_mb=256)
    rows = {"headers": [f"h{n}" for n in range(20)], "rows": [list(range(20))] * 3_000}
    chats = [Chat(service) for _ in range(8)]
    for chat in chats:
        chat.op("create_excel_file", filename="large.xlsx", **rows)
    for number, chat in enumerate(chats):
        chat.op("write_excel_range", start="A1", rows=[[f"number {number}"]])
        page = chat.op("read_excel_range", range="A1:B2")
        assert page["result"]["rows"][0] == [f"number {number}", "h1"]


def test_uploads_and_imports_come_back_after_a_kill(engine: Engine) -> None:
    chat = engine.chat
    chat.upload(workbook_bytes(["a"], ["b"]), "sent.xlsx")
    chat.upload("Größe;Wert\nü;1,5\n".encode("cp1252"), "sent.csv")
    chat.op("open_excel_file", file="sent.xlsx")
    chat.op("write_excel_range", workbook="sent", start="A3", rows=[["c"]])
    chat.op("import_csv_to_excel", source="sent.csv", workbook="sent.xlsx")
    before = [chat.rows("sent.xlsx", sheet) for sheet in ("Sheet", "sent")]
    assert before[0] == [["a"], ["b"], ["c"]]
    engine.kill()
    assert [chat.rows("sent.xlsx", sheet) for sheet in ("Sheet", "sent")] == before


def test_workbooks_that_left_the_memory_come_back(make_service: MakeService) -> None:
    chat = Chat(make_service(engine_workbooks=1))
    names = ["a.xlsx", "b.xlsx", "c.xlsx"]
    for name in names:
        create(chat, name)
    for number in range(3):
        for name in names:
            append(chat, name, number, workbook=name)
    for name in names:
        assert chat.rows(name) == [*RENT, *([name, number] for number in range(3))]


# The journal -----------------------------------------------------------------------


def journal_of(service: Service, workbook: str = "w1") -> Path:
    (path,) = service.sessions.parts.store.root.glob(f"sessions/*/workbooks/{workbook}/*/journal")
    return path


@pytest.mark.parametrize("tail", [b"1", b"12345678 {", b'00000000 {"v": 1}\n', b"\n", b"\xff\n"])
def test_a_torn_last_line_of_a_journal_is_dropped(make_service: MakeService, tail: bytes) -> None:
    old = make_service()
    chat = Chat(old)
    create(chat)
    append(chat, "Food", 450)
    old.close()
    path = journal_of(old)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    again = Chat(make_service(), chat.user, chat.chat)
    assert again.rows() == [*RENT, ["Food", 450]]
    assert path.read_bytes() == whole
    assert append(again, "Fun", 90)["unsaved_changes"] == 3
    assert again.rows()[-1] == ["Fun", 90]


def test_a_damaged_journal_stops_its_workbook_alone(make_service: MakeService) -> None:
    old = make_service()
    chat = Chat(old)
    create(chat)
    append(chat, "Food", 450)
    create(chat, "other.xlsx")
    old.close()
    path = journal_of(old)
    path.write_bytes(path.read_bytes().replace(b"Rent", b"Bent"))
    again = Chat(make_service(), chat.user, chat.chat)
    for name, parameters in [
        ("read_excel_range", {}),
        ("write_excel_range", {"rows": [[1]]}),
        ("save_excel_file", {}),
    ]:
        error = again.fail(name, workbook="budget.xlsx", **parameters)
        assert (error["status"], error["code"]) == (507, "storage_failed")
        assert "damaged" in error["message"]
    assert again.rows("other.xlsx") == RENT
    assert append(again, "Fun", 1, workbook="other.xlsx")
    assert len(again.op("list_excel_files")["result"]["open"]) == 2
    again.op("close_excel_file", workbook="budget.xlsx")
    assert create(again)["workbook"] == "budget.xlsx"


def test_a_journal_damaged_under_the_running_service_is_told(engine: Engine) -> None:
    path = journal_of(engine.service)
    append(engine.chat, "Food", 450)
    path.write_bytes(path.read_bytes()[10:])
    engine.kill()
    error = engine.chat.fail("read_excel_range")
    assert (error["status"], error["code"]) == (507, "storage_failed")


# A full disk -----------------------------------------------------------------------


@contextmanager
def largest_file(size: int, pid: int = 0) -> Iterator[None]:
    """No file of this (or another) process may grow beyond ``size`` bytes, as on a full disk."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_change_that_finds_no_room_is_not_made(engine: Engine, room: int) -> None:
    path = journal_of(engine.service)
    whole = path.read_bytes()
    with largest_file(len(whole) + room):
        error = engine.chat.fail("write_excel_range", start="append", rows=[["never", 0]])
        assert (error["status"], error["code"]) == (507, "storage_failed")
        assert path.read_bytes() == whole
        assert engine.chat.rows() == RENT
    assert append(engine.chat, "Food", 450)["unsaved_changes"] == 2
    engine.kill()
    assert engine.chat.rows() == [*RENT, ["Food", 450]]


def test_nothing_half_made_stays_where_there_is_no_room(engine: Engine) -> None:
    chat = engine.chat
    root = engine.service.sessions.parts.store.root
    chat.upload(workbook_bytes(), "sent.xlsx")
    listed = chat.op("list_excel_files")["result"]
    files = {path for path in root.rglob("*") if path.is_file()}
    with largest_file(300):
        for response in (
            chat.call("create_excel_file", {"filename": "new.xlsx"}),
            chat.call("open_excel_file", {"file": "sent.xlsx"}),
            chat.call("close_excel_file", {"workbook": "budget.xlsx"}),
            chat.send(b"x" * 1_000, "more.csv"),
            chat.http.post(
                "/v1/sessions",
                json={"user": "x" * 200, "chat": "y" * 200},
                headers={"Authorization": chat.headers["Authorization"]},
            ),
        ):
            error = error_of(response)
            assert (error["status"], error["code"]) == (507, "storage_failed")
        assert chat.rows("budget.xlsx") == RENT
        assert chat.op("list_excel_files")["result"] == listed
        assert {path for path in root.rglob("*") if path.is_file()} == files
    assert chat.op("open_excel_file", file="sent.xlsx")["workbook"] == "sent.xlsx"
    assert create(chat, "new.xlsx")["workbook"] == "new.xlsx"


def test_a_file_that_can_not_be_written_is_told_and_made_later(engine: Engine) -> None:
    chat = engine.chat
    (draft,) = chat.op("list_excel_files")["files"]
    with largest_file(100, engine.pid):
        for response in (chat.fetch(draft), chat.call("save_excel_file", {})):
            error = error_of(response)
            assert (error["status"], error["code"]) == (507, "storage_failed")
        assert chat.rows() == RENT
    assert rows_of(chat.download(draft)) == RENT
    assert chat.op("save_excel_file")["result"]["version"] == 1
