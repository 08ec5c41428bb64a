"""A call under way tells how far it is and can be cancelled: with a real gunicorn.

An engine process that has been halted makes a call last as long as a test wants it to.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from service import calls as under_way
from service import progress
from service.engine.pool import EnginePool
from service.engine.work import Engine, Reply, Work
from service.operations import csv_files
from service.settings import Settings
from service.web.app import Service
from service.workbook import row_bytes
from service.workbook.book import Book
from tests.bench import run
from tests.halting import ended, engines_of, family, halted
from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.processes import ServerProcess, service_process
from tests.service_fixtures import KEY, Chat, MakeService, error_of, workbook_bytes

HEADERS = ["Item", "Cost"]
RENT = [HEADERS, ["Rent", 1200]]
ROW = {"start": "append", "rows": [["Food", 450]]}
# 400,000 cells: seconds of work.
MANY: list[Any] = [list(range(20))] * 20_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with service_process(tmp_path_factory.mktemp("service"), KEY, engines="1") as running:
        yield running


class Caller:
    """One user in one chat, with a workbook."""

    def __init__(self, server: ServerProcess) -> None:
        self.url = server.health_url.removesuffix("/health")
        self.user, self.chat = uuid.uuid4().hex, uuid.uuid4().hex
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.headers |= {"X-User-Id": self.user, "X-Chat-Id": self.chat}
        opened = self._send("POST", "/v1/sessions", json={})
        self.headers["X-Excel-Session"] = opened.json()["session_id"]
        self.op("create_excel_file", filename="budget.xlsx", rows=RENT)

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=120, **more)

    def post(self, name: str, key: str = "", **parameters: Any) -> requests.Response:
        keys = {"Idempotency-Key": key} if key else {}
        return self._send("POST", f"/v1/operations/{name}", json=parameters, headers=keys)

    def op(self, name: str, key: str = "", **parameters: Any) -> dict[str, Any]:
        response = self.post(name, key, **parameters)
        assert response.status_code == 200, response.text[:500]
        answer: dict[str, Any] = response.json()
        return answer

    def begin(self, name: str, key: str, **parameters: Any) -> Future[requests.Response]:
        """A call on a thread of its own, once the service knows of it."""
        threads = ThreadPoolExecutor(1)
        future = threads.submit(self.post, name, key, **parameters)
        threads.shutdown(wait=False)
        until(lambda: self.look(key).status_code == 200)
        return future

    def look(self, key: str, **headers: str) -> requests.Response:
        return self._send("GET", f"/v1/calls/{key}", headers=headers)

    def state(self, key: str) -> str:
        return str(self.look(key).json()["state"])

    def doing(self, key: str) -> str:
        return str(self.look(key).json().get("doing"))

    def cancel(self, key: str, **headers: str) -> requests.Response:
        return self._send("DELETE", f"/v1/calls/{key}", headers=headers)

    def upload(self, name: str, data: bytes) -> None:
        assert self._send("POST", "/v1/files", files={"file": (name, data)}).status_code == 201

    def rows(self) -> list[list[Any]]:
        rows: list[list[Any]] = self.op("read_excel_range", workbook="budget.xlsx")["result"][
            "rows"
        ]
        return rows

    def books(self) -> list[str]:
        return [book["workbook"] for book in self.op("list_excel_files")["result"]["open"]]


@pytest.fixture
def caller(server: ServerProcess) -> Caller:
    return Caller(server)


def until(found: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


def code_of(response: requests.Response) -> str:
    return str(response.json()["error"]["code"])


def assert_cancelled(response: requests.Response) -> None:
    assert (response.status_code, code_of(response)) == (409, "cancelled")


# What is told --------------------------------------------------------------------------


def test_what_is_done_in_a_process_is_read_by_another(tmp_path: Path) -> None:
    path = tmp_path / "doing"
    assert progress.read(path) == progress.Progress()
    progress.use(path)
    with progress.doing("loading"):
        assert progress.read(path) == progress.Progress("loading", process=os.getpid())
        with progress.doing("calculating"):
            progress.tell("steps", 2, 7)
            assert progress.read(path) == progress.Progress("steps", 2, 7, os.getpid())
        assert progress.read(path).phase == "loading"
    assert progress.read(path) == progress.Progress(process=os.getpid())


def test_a_long_call_tells_what_is_done_for_it(caller: Caller) -> None:
    step = {"tool": "write_excel_range", "arguments": {"start": "D1", "rows": MANY[:2_000]}}
    call = caller.begin("run_excel_steps", "k1", steps=[step] * 3)
    seen: list[dict[str, Any]] = []
    while not call.done():
        seen.append(caller.look("k1").json())
        time.sleep(0.02)
    assert call.result().status_code == 200
    steps = [facts for facts in seen if facts.get("doing") == "steps"]
    assert {facts["total"] for facts in steps} == {3}
    assert [f["done"] for f in steps] == sorted(f["done"] for f in steps)
    assert all(f["operation"] == "run_excel_steps" for f in seen)
    last = caller.look("k1").json()
    assert set(last) == {"key", "operation", "state", "seconds"}
    assert last["state"] == "ended"


def test_a_long_import_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[progress.Progress] = []
    monkeypatch.setattr(progress, "_tell", seen.append)
    monkeypatch.setattr(csv_files, "LAZY_FROM", 100)
    monkeypatch.setattr(row_bytes, "_AT_ONCE", 100)
    (tmp_path / "long.csv").write_text("A,B\n" + "1,x\n" * 900)
    book = Book.blank("long.xlsx")
    run(book, "import_csv_to_excel", source="long.csv", files={"source": tmp_path / "long.csv"})
    told = [(one.phase, one.done, one.total) for one in seen if one.total]
    assert told == [("reading", n, 2) for n in (0, 1)]
    seen.clear()
    book.save(tmp_path / "long.xlsx")  # now the rows are made
    told = [(one.phase, one.done, one.total) for one in seen if one.total]
    rest = 900 - csv_files._WRITTEN
    assert told == [("writing", n * 100, rest) for n in range(rest // 100)]  # whole pieces


def test_a_call_that_waits_says_so(server: ServerProcess, caller: Caller) -> None:
    with halted(server):
        first = caller.begin("write_excel_range", "k1", **ROW)
        second = caller.begin("write_excel_range", "k2", **ROW)
        until(lambda: (caller.doing("k1"), caller.doing("k2")) == ("working", "waiting"))
    assert first.result().status_code == second.result().status_code == 200
    assert len(caller.rows()) == 4


def test_a_call_that_nobody_knows(caller: Caller) -> None:
    assert (caller.look("k9").status_code, code_of(caller.look("k9"))) == (404, "not_found")


# Cancelled -----------------------------------------------------------------------------


def test_a_cancelled_change_is_not_made_and_the_next_call_works(
    server: ServerProcess, caller: Caller
) -> None:
    with halted(server) as (engine,):
        call = caller.begin("write_excel_range", "k1", **ROW)
        until(lambda: caller.doing("k1") == "working")
        told = caller.cancel("k1").json()
        assert (told["cancelled"], told["operation"]) == (True, "write_excel_range")
        assert_cancelled(call.result())
        until(lambda: ended(engine))
    assert caller.state("k1") == "cancelled"
    assert caller.rows() == RENT
    assert caller.op("write_excel_range", **ROW)["unsaved_changes"] == 2
    assert caller.rows() == [*RENT, ["Food", 450]]
    caller.op("undo_excel_change")
    assert caller.rows() == RENT


def test_work_in_the_middle_is_cancelled(caller: Caller) -> None:
    call = caller.begin("write_excel_range", "k1", start="D1", rows=MANY)
    until(lambda: caller.doing("k1") == "working" or call.done())
    assert caller.cancel("k1").json()["cancelled"]
    assert_cancelled(call.result())
    assert caller.rows() == RENT


def test_a_call_that_waits_is_cancelled_and_no_other(server: ServerProcess, caller: Caller) -> None:
    with halted(server) as (engine,):
        first = caller.begin("write_excel_range", "k1", **ROW)
        until(lambda: caller.doing("k1") == "working")
        second = caller.begin("write_excel_range", "k2", **ROW)
        third = caller.begin("write_excel_range", "k3", **ROW)
        assert caller.cancel("k2").json()["cancelled"]
        assert_cancelled(second.result())
        assert not ended(engine)
    assert first.result().status_code == third.result().status_code == 200
    assert len(caller.rows()) == 4


def test_other_workbooks_of_the_process_are_as_they_were(
    server: ServerProcess, caller: Caller
) -> None:
    other = Caller(server)
    other.op("write_excel_range", **ROW)
    with halted(server):
        call = caller.begin("write_excel_range", "k1", **ROW)
        caller.cancel("k1")
        assert_cancelled(call.result())
    assert other.rows() == [*RENT, ["Food", 450]]


def test_a_workbook_whose_making_is_cancelled_leaves_no_trace(
    server: ServerProcess, caller: Caller
) -> None:
    caller.upload("sent.xlsx", workbook_bytes())
    for name, parameters in (
        ("create_excel_file", {"filename": "other.xlsx", "headers": HEADERS}),
        ("open_excel_file", {"file": "sent.xlsx"}),
    ):
        caller.rows()  # so that there is an engine to be halted
        with halted(server):
            call = caller.begin(name, name, **parameters)
            caller.cancel(name)
            assert_cancelled(call.result())
        assert caller.books() == ["budget.xlsx"]
    caller.op("open_excel_file", file="sent.xlsx")
    assert caller.books() == ["budget.xlsx", "sent.xlsx"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("save_excel_file", {}),
        ("undo_excel_change", {}),
        ("undo_excel_change", {"action": "changes"}),
        ("export_excel_file", {"format": "csv"}),
        ("query_excel_data", {"sql": "SELECT 1"}),
        ("read_excel_range", {}),
    ],
)
def test_whatever_is_cancelled_changes_nothing(
    server: ServerProcess, caller: Caller, name: str, parameters: dict[str, Any]
) -> None:
    caller.op("write_excel_range", **ROW)
    before = caller.op("list_excel_files")["result"]
    with halted(server):
        call = caller.begin(name, "k1", **parameters)
        caller.cancel("k1")
        assert_cancelled(call.result())
    assert caller.op("list_excel_files")["result"] == before
    assert caller.rows() == [*RENT, ["Food", 450]]
    assert caller.post(name, "k2", **parameters).status_code == 200


SORT = {"action": "sort", "options": {"by": ["Cost desc"]}}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("import_csv_to_excel", {"source": "sent.csv"}),
        ("import_csv_to_excel", {"source": "sent.csv", "workbook": "budget.xlsx"}),
        ("open_excel_file", {"file": "sent.csv"}),
        ("describe_excel_file", {}),
        ("query_excel_data", {"sql": "SELECT * FROM sheet1", "into": "New"}),
        ("create_excel_pivot", {"rows": ["Item"], "values": ["Cost"]}),
        ("transform_excel_range", SORT),
        ("run_excel_steps", {"steps": [{"tool": "transform_excel_range", "arguments": SORT}]}),
        ("explain_excel_formula", {"action": "errors"}),
        ("preview_excel_file", {}),
        ("export_excel_file", {"format": "html"}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_every_long_call_is_cancelled_whole(
    server: ServerProcess, caller: Caller, name: str, parameters: dict[str, Any]
) -> None:
    caller.upload("sent.csv", b"Item,Cost\nTax,70\n")
    caller.op("write_excel_range", **ROW)
    before = caller.op("list_excel_files")["result"]
    with halted(server) as (engine,):
        call = caller.begin(name, "k1", **parameters)
        until(lambda: caller.doing("k1") == "working")
        caller.cancel("k1")
        assert_cancelled(call.result())
        until(lambda: ended(engine))
    assert caller.op("list_excel_files")["result"] == before
    assert caller.rows() == [*RENT, ["Food", 450]]
    assert caller.post(name, "k2", **parameters).status_code == 200


def test_a_call_can_be_cancelled_twice_and_not_be_sent_again(
    server: ServerProcess, caller: Caller
) -> None:
    with halted(server):
        call = caller.begin("write_excel_range", "k1", **ROW)
        assert caller.cancel("k1").json()["cancelled"]
        assert caller.cancel("k1").json()["cancelled"]
        assert_cancelled(call.result())
    told = caller.cancel("k1").json()
    assert (told["cancelled"], told["state"]) == (True, "cancelled")
    assert_cancelled(caller.post("write_excel_range", "k1", **ROW))
    assert caller.rows() == RENT


def test_a_call_that_has_ended_can_not_be_cancelled(caller: Caller) -> None:
    first = caller.op("write_excel_range", "k1", **ROW)
    told = caller.cancel("k1").json()
    assert (told["cancelled"], told["state"]) == (False, "ended")
    assert caller.op("write_excel_range", "k1", **ROW) == first
    assert caller.rows() == [*RENT, ["Food", 450]]


def test_what_was_done_before_a_restart_is_not_told_as_cancelled(make_service: MakeService) -> None:
    """Who stops a call while the service restarts must not read that nothing was done."""
    service = make_service()
    chat = Chat(service)
    chat.op("create_excel_file", filename="budget.xlsx", rows=RENT)
    first = chat.once("k1", "write_excel_range", **ROW)
    service.close()
    chat = Chat(make_service(), chat.user, chat.chat)
    headers = {**chat.headers, "X-Excel-Session": chat.id}
    told = chat.http.delete("/v1/calls/k1", headers=headers).get_json()
    assert (told["cancelled"], told["state"]) == (False, "ended")
    assert chat.once("k1", "write_excel_range", **ROW) == first


def test_a_call_that_is_cancelled_before_it_comes_never_begins(caller: Caller) -> None:
    told = caller.cancel("a/b").json()
    assert (told["cancelled"], told["key"], told["operation"]) == (True, "a/b", "")
    assert_cancelled(caller.post("write_excel_range", "a/b", **ROW))
    assert caller.rows() == RENT


def test_nobody_else_can_look_at_a_call_or_cancel_it(server: ServerProcess, caller: Caller) -> None:
    other = Caller(server)
    session = {"X-Excel-Session": caller.headers["X-Excel-Session"]}
    with halted(server):
        call = caller.begin("write_excel_range", "k1", **ROW)
        for response in (
            other.look("k1", **session),
            other.cancel("k1", **session),
            caller.cancel("k1", **{"X-Chat-Id": "another"}),
        ):
            assert (response.status_code, code_of(response)) == (400, "session_not_found")
        assert other.look("k1").status_code == 404
        other.cancel("k1")  # one of its own that never comes
        keyless = requests.delete(f"{caller.url}/v1/calls/k1", headers=session, timeout=60)
        assert keyless.status_code == 401
    assert call.result().status_code == 200
    assert caller.rows() == [*RENT, ["Food", 450]]


class Late:
    """The real engine, with a caller who cancels just as it has done what was asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.action = ""

    def call(self, work: Work) -> Reply:
        reply = self._engine.call(work)
        if work.action == self.action:
            assert under_way.current().cancel()
        return reply

    def forget(self, workbook: str) -> None:
        self._engine.forget(workbook)

    def close(self) -> None:
        self._engine.close()


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Late, Service]]:
    folder = tmp_path_factory.mktemp("late")
    settings = Settings(data_dir=folder, engines=1, api_keys=(KEY,))
    engine = Late(EnginePool(settings))
    with Service(settings, engine=engine) as service:
        yield engine, service


@pytest.mark.parametrize(
    ("action", "name", "parameters"),
    [
        ("run", "write_excel_range", ROW),
        ("run", "read_excel_range", {}),
        ("run", "export_excel_file", {"format": "csv"}),
        ("run", "create_excel_file", {"filename": "other.xlsx", "headers": HEADERS}),
        ("run", "query_excel_data", {"sql": "SELECT 1", "into": "New"}),
        ("load", "open_excel_file", {"file": "sent.xlsx"}),
        ("prepare", "open_excel_file", {"file": "sent.xlsx"}),
        ("load", "undo_excel_change", {}),
        ("save", "save_excel_file", {}),
    ],
)
def test_a_call_that_is_cancelled_at_the_last_moment_is_not_done(
    late: tuple[Late, Service], action: str, name: str, parameters: dict[str, Any]
) -> None:
    engine, service = late
    chat = Chat(service)
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("create_excel_file", filename="budget.xlsx", rows=RENT)
    chat.op("write_excel_range", start="append", rows=[["Tax", 70]])
    before = chat.op("list_excel_files")["result"]
    try:
        engine.action = action
        error = error_of(chat.call(name, parameters, "k1"))
    finally:
        engine.action = ""
    assert (error["status"], error["code"]) == (409, "cancelled")
    assert chat.op("list_excel_files")["result"] == before
    assert chat.rows() == [*RENT, ["Tax", 70]]
    assert chat.op("write_excel_range", **ROW)["unsaved_changes"] == 3
    assert chat.rows() == [*RENT, ["Tax", 70], ["Food", 450]]
    chat.op(name, **parameters)


@pytest.mark.needs("soffice")
def test_a_conversion_is_cancelled_with_all_it_started(
    server: ServerProcess, caller: Caller
) -> None:
    (engine,) = engines_of(server)
    call = caller.begin("export_excel_file", "k1", format="pdf")
    until(lambda: caller.doing("k1") == "converting" and len(family(engine)) > 1)
    started = family(engine)
    assert caller.cancel("k1").json()["cancelled"]
    assert_cancelled(call.result())
    until(lambda: all(ended(pid) for pid in started))
    assert caller.rows() == RENT
    assert "exports" not in caller.op("list_excel_files")["result"]


# In the chat ---------------------------------------------------------------------------


@pytest.fixture
def calls(server: ServerProcess) -> ToolCalls:
    """A chat with a workbook, in which calls tell early how far they are."""
    module = load_plugin()
    module.TELL_EVERY = 0.05  # type: ignore[attr-defined]
    valves = {"service_url": server.health_url.removesuffix("/health"), "api_key": KEY}
    calls = ToolCalls(module, valves=valves)
    calls.op("create_excel_file", filename="budget.xlsx", rows=RENT)
    calls.page.events.clear()
    return calls


async def told_often(calls: ToolCalls) -> None:
    end = time.monotonic() + 30
    while sum(" ... " in status["description"] for status in calls.page.statuses) < 3:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_a_long_call_tells_the_chat_how_far_it_is(server: ServerProcess, calls: ToolCalls) -> None:
    async def call() -> dict[str, Any]:
        with halted(server):
            task = asyncio.create_task(calls.call("write_excel_range", **ROW))
            await told_often(calls)
        return await task

    assert asyncio.run(call())["unsaved_changes"] == 2
    first, *between, last = calls.page.statuses
    assert first["description"] == "Writing to the workbook"
    assert last == {"description": "Wrote to Sheet1", "done": True}
    for status in between:
        assert status["description"].startswith("Writing to the workbook ... ")
        assert not status["done"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, ""),
        ({"state": "ended"}, ""),
        ({"doing": "working"}, ""),
        ({"doing": "calculating"}, ": calculating"),
        ({"doing": "waiting"}, ": waiting for its turn"),
        ({"doing": "rebuilding", "done": 3, "total": 9}, ": bringing the workbook back, 3 of 9"),
        ({"doing": "rebuilding", "done": 0, "total": 1}, ": bringing the workbook back"),
        ({"doing": "steps", "done": 2, "total": 9}, ": step 3 of 9"),
        ({"doing": "steps", "done": 0, "total": 1}, ""),
        ({"doing": "reading", "done": 380, "total": 950}, ": reading, 40 %"),
        ({"doing": "reading", "done": 951, "total": 950}, ": reading, 100 %"),
    ],
)
def test_what_is_done_is_told_in_words(told: dict[str, Any], words: str) -> None:
    assert load_plugin()._part(told) == words


def test_a_chat_that_wants_no_statuses_is_told_nothing(calls: ToolCalls) -> None:
    quiet = ToolCalls(
        calls.module, calls.user, calls.chat, valves={**calls.valves, "show_status": False}
    )
    assert quiet.op("write_excel_range", **ROW)["unsaved_changes"] == 2
    assert quiet.page.statuses == []


def test_a_call_that_the_user_stops_changes_nothing(
    server: ServerProcess, calls: ToolCalls
) -> None:
    async def stopped() -> None:
        with halted(server):
            task = asyncio.create_task(calls.answer("write_excel_range", **ROW))
            await told_often(calls)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(stopped())  # which ends when the last thread has
    last = calls.page.statuses[-1]
    assert last == {"description": "Writing to the workbook: stopped", "done": True}
    assert calls.rows() == RENT
    assert calls.op("write_excel_range", **ROW)["unsaved_changes"] == 2


def test_a_call_that_takes_longer_than_the_tool_waits_is_stopped(
    server: ServerProcess, calls: ToolCalls
) -> None:
    hasty = ToolCalls(calls.module, calls.user, calls.chat, valves={**calls.valves, "timeout": 1})
    with halted(server) as (engine,):
        answer = hasty.fail("write_excel_range", **ROW)
        until(lambda: ended(engine))
    assert answer["code"] == "service_timeout"
    assert "Nothing was changed" in answer["hint"]
    assert "was stopped" in hasty.page.statuses[-1]["description"]
    assert calls.rows() == RENT
    assert calls.op("write_excel_range", **ROW)["unsaved_changes"] == 2


@pytest.mark.parametrize(
    ("name", "arguments", "doing", "done"),
    [
        ("query_database", {"action": "select"}, "Choosing the database", "Chose the database"),
        ("query_database", {"source": "shop"}, "Asking shop", ""),
        ("import_csv_to_excel", {"source": "A,B\n1,2\n"}, "Importing the CSV", ""),
        ("import_csv_to_excel", {"source": "latest"}, "Importing the CSV", ""),
        ("import_csv_to_excel", {"source": "sales.csv"}, "Importing sales.csv", ""),
        ("open_excel_file", {"file": "latest"}, "Opening the file", "Opened the file"),
        ("create_excel_file", {"filename": ""}, "Creating a file", ""),
    ],
)
def test_what_is_said_of_a_call_is_a_sentence(
    name: str, arguments: dict[str, str], doing: str, done: str
) -> None:
    module = load_plugin()
    facts = module.OPERATIONS[name]
    begin, end = facts["lines"][module._kind(facts, arguments)]
    assert module._sentence(begin, arguments) == doing
    assert not done or module._sentence(end, arguments) == done


def test_a_call_that_is_stopped_twice_is_stopped(server: ServerProcess, calls: ToolCalls) -> None:
    async def stopped() -> None:
        with halted(server) as (engine,):
            task = asyncio.create_task(calls.answer("write_excel_range", **ROW))
            await told_often(calls)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while not ended(engine):
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(stopped(), 60))
    assert calls.rows() == RENT


def test_a_call_that_is_stopped_at_once_never_comes_to_the_service(calls: ToolCalls) -> None:
    async def stopped() -> None:
        task = asyncio.create_task(calls.answer("write_excel_range", **ROW))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    assert calls.rows() == RENT
