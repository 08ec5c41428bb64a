"""Several replicas of the service that share Redis and a store for files: any serves any chat."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from service.settings import Settings
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, answer_of, error_of, rows_of, workbook_bytes
from tests.shared_servers import Shared, shared_of_run, shared_servers

__all__ = ["shared_of_run"]

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]

_numbers = itertools.count(1)
COUNT = 3


@pytest.fixture(scope="module")
def replicas(
    shared_of_run: Shared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Service]]:
    """Three replicas, each with a folder of its own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(replica(shared_of_run, tmp_path_factory.mktemp("replica")))
            for _ in range(COUNT)
        ]


def replica(shared: Shared, folder: Path, **more: Any) -> Service:
    given: dict[str, Any] = {
        "data_dir": folder,
        "engines": 1,
        "api_keys": (KEY,),
        "queue_wait": 60,
        "public_url": "http://files.test",
        "lease_seconds": 20,
        **shared.settings,
        **more,
    }
    return Service(Settings(**given))


class Round:
    """One chat, each call of which goes to the next replica."""

    def __init__(self, services: list[Service]) -> None:
        number = f"{next(_numbers)}-{threading.get_native_id()}"
        self.at = [Chat(service, f"user {number}", f"chat {number}") for service in services]
        self._next = itertools.cycle(self.at)
        assert len({chat.id for chat in self.at}) == 1

    def next(self) -> Chat:
        return next(self._next)

    def op(self, name: str, /, **parameters: object) -> dict[str, Any]:
        return self.next().op(name, **parameters)

    def rows(self) -> list[list[Any]]:
        """The cells, which all replicas must see alike."""
        first, *others = [chat.rows() for chat in self.at]
        assert all(other == first for other in others)
        return first

    def lease(self, shared: Shared) -> tuple[redis.Redis, str]:
        key = self.at[0].service.sessions.find(self.at[0].id).data.key
        client = redis.Redis.from_url(shared.settings["redis_url"])
        return client, f"excel-tools:s:{key}:lease"


@pytest.fixture
def chat(replicas: list[Service]) -> Round:
    return Round(replicas)


# One chat at several replicas ------------------------------------------------------


def test_a_chat_goes_on_wherever_a_call_arrives(chat: Round) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item", "Cost"])
    for number in range(7):
        answer = chat.op("write_excel_range", start="append", rows=[[f"item {number}", number]])
        assert answer["unsaved_changes"] == number + 2
    whole = [["Item", "Cost"], *([f"item {number}", number] for number in range(7))]
    assert chat.rows() == whole
    chat.op("undo_excel_change", steps=3)
    assert chat.rows() == whole[:-3]
    chat.op("undo_excel_change", action="redo", steps=2)
    assert chat.rows() == whole[:-1]
    saved = chat.op("save_excel_file")["files"][0]
    assert rows_of(chat.next().download(saved)) == whole[:-1]
    assert chat.op("close_excel_file")["result"]["closed"] == "costs.xlsx"
    assert chat.op("open_excel_file", file="costs.xlsx")["workbook"] == "costs.xlsx"
    chat.op("write_excel_range", start="A1", rows=[["Thing"]])
    assert chat.rows()[0] == ["Thing", "Cost"]


def test_files_go_in_at_one_replica_and_out_at_another(chat: Round) -> None:
    chat.next().upload(workbook_bytes(["A", "B"], [1, 2]), "sent.xlsx")
    opened = chat.op("open_excel_file", file="sent.xlsx")
    assert opened["workbook"] == "sent.xlsx"
    draft = chat.op("write_excel_range", start="A3", rows=[[3, 4]])["files"][0]
    for at in chat.at:
        assert rows_of(at.download(draft)) == [["A", "B"], [1, 2], [3, 4]]
    made = chat.op("export_excel_file", format="csv")["files"][0]
    for at in chat.at:
        assert at.download(made).decode("utf-8-sig").split() == ["A,B", "1,2", "3,4"]
    shown = chat.op("preview_excel_file")["preview_url"]
    for at in chat.at:
        page = at.fetch({"download_url": shown})
        assert page.status_code == 200
        assert "sent.xlsx" in page.get_data(as_text=True)


def test_a_repeated_key_gets_the_same_answer_at_another_replica(chat: Round) -> None:
    chat.op("create_excel_file", filename="a", headers=["N"])
    row = {"start": "append", "rows": [[1]]}
    first, *others = [at.once("k1", "write_excel_range", **row) for at in chat.at]
    assert all(other["result"] == first["result"] for other in others)
    assert chat.rows() == [["N"], [1]]
    read = chat.next().once("k2", "read_excel_range")
    chat.op("write_excel_range", start="append", rows=[[2]])
    assert chat.next().once("k2", "read_excel_range") == read, "as it was asked first"
    saved = chat.next().once("k3", "save_excel_file")
    assert chat.next().once("k3", "save_excel_file")["result"] == saved["result"]
    made = [at.once("k4", "create_excel_file", filename="b", headers=["B"]) for at in chat.at]
    assert {answer["workbook"] for answer in made} == {"b.xlsx"}
    wrong = error_of(chat.next().call("read_excel_range", {"workbook": "b"}, "k1"))
    assert wrong["code"] == "invalid_parameters"


def test_calls_at_the_same_time_are_done_one_after_the_other(chat: Round) -> None:
    chat.op("create_excel_file", filename="a", headers=["N"])

    def add(number: int) -> None:
        at = chat.at[number % COUNT]
        at.once(f"add-{number}", "write_excel_range", start="append", rows=[[number]])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(18)))
    assert sorted(row[0] for row in chat.rows()[1:]) == list(range(18))


def test_one_session_is_opened_however_many_ask_at_once(replicas: list[Service]) -> None:
    barrier = threading.Barrier(COUNT)

    def same(service: Service) -> str:
        barrier.wait(30)
        return Chat(service, "one user", name).id

    name = f"chat {next(_numbers)} of all {threading.get_native_id()}"
    with ThreadPoolExecutor(COUNT) as pool:
        assert len(set(pool.map(same, replicas))) == 1


def test_a_deleted_session_is_gone_everywhere(chat: Round, shared_of_run: Shared) -> None:
    chat.op("create_excel_file", filename="a", headers=["N"])
    client, lease = chat.lease(shared_of_run)
    saved = chat.op("save_excel_file")["files"][0]
    first, second, third = chat.at
    gone = first.http.delete(f"/v1/sessions/{first.id}", headers=first.headers)
    assert gone.status_code == 204
    assert second.fail("list_excel_files")["code"] == "session_not_found"
    assert error_of(third.fetch(saved))["code"] == "file_not_found"
    left = [key for key in client.keys(lease.replace("lease", "*")) if not key.endswith(b"unclean")]
    assert left == []


def test_keys_preferences_and_links_are_shared(replicas: list[Service], chat: Round) -> None:
    first, second, third = chat.at
    wish = {"font": "Arial"}
    put = first.http.put("/v1/preferences", json=wish, headers=first.headers)
    assert put.status_code == 200, put.get_data(as_text=True)
    assert second.http.get("/v1/preferences", headers=second.headers).get_json() == put.get_json()
    tool = first.http.post("/excel_tools_openwebui.py", headers=first.headers)
    key = next(word for word in tool.get_data(as_text=True).split('"') if word.startswith("excel-"))
    asked = third.http.get(f"/v1/sessions/{third.id}", headers={"Authorization": f"Bearer {key}"})
    assert asked.status_code == 200


# What is under way -------------------------------------------------------------------


def test_a_call_is_watched_and_cancelled_from_another_replica(chat: Round) -> None:
    first, second, third = chat.at
    chat.op("create_excel_file", filename="a", headers=["N"])
    headers = {**first.headers, "X-Excel-Session": first.id}
    steps = [
        {"tool": "write_excel_range", "arguments": {"start": "append", "rows": [[n] * 20] * 400}}
        for n in range(50)
    ]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first.call, "run_excel_steps", {"steps": steps}, "long")
        until(lambda: second.http.get("/v1/calls/long", headers=headers).status_code == 200)
        told = second.http.get("/v1/calls/long", headers=headers).get_json()
        assert (told["state"], told["operation"]) == ("running", "run_excel_steps")
        ended = third.http.delete("/v1/calls/long", headers=headers).get_json()
        assert ended["cancelled"]
        assert error_of(running.result())["code"] == "cancelled"
    told = third.http.get("/v1/calls/long", headers=headers).get_json()
    assert told["state"] == "cancelled"
    assert chat.rows() == [["N"]]
    assert error_of(second.call("run_excel_steps", {"steps": steps}, "long"))["code"] == "cancelled"


def test_what_was_done_can_not_be_cancelled_elsewhere(chat: Round) -> None:
    first, second, _ = chat.at
    first.once("made", "create_excel_file", filename="a", headers=["N"])
    headers = {**first.headers, "X-Excel-Session": first.id}
    told = second.http.delete("/v1/calls/made", headers=headers).get_json()
    assert (told["cancelled"], told["state"]) == (False, "ended")


def test_a_key_that_is_cancelled_before_its_call_comes_is_refused_everywhere(chat: Round) -> None:
    first, second, third = chat.at
    headers = {**first.headers, "X-Excel-Session": first.id}
    assert second.http.delete("/v1/calls/late", headers=headers).get_json()["cancelled"]
    asked = {"filename": "a", "headers": ["N"]}
    assert error_of(third.call("create_excel_file", asked, "late"))["code"] == "cancelled"


# What goes wrong -----------------------------------------------------------------------


def test_who_lost_the_lease_writes_nothing(chat: Round, shared_of_run: Shared) -> None:
    first, second, _ = chat.at
    chat.op("create_excel_file", filename="a", headers=["N"])
    client, lease = chat.lease(shared_of_run)
    session = first.service.sessions.find(first.id)
    with session.turn():
        client.delete(lease)  # as when its time has run out
        second.op("write_excel_range", start="append", rows=[["theirs"]])
        refused = first.call("write_excel_range", {"start": "append", "rows": [["lost"]]}, "k")
        assert error_of(refused)["code"] in ("workbook_busy", "storage_failed")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert chat.rows() == [["N"], ["theirs"]]
    first.once("k", "write_excel_range", start="append", rows=[["lost"]])
    assert chat.rows() == [["N"], ["theirs"], ["lost"]]


def test_an_engine_plays_back_only_what_it_lacks(chat: Round) -> None:
    first, second, _ = chat.at
    chat.op("create_excel_file", filename="a", headers=["N"])
    done: list[Any] = []
    engine = first.service.engine
    call = engine.call

    def counted(work: Any) -> Any:
        done.append(work)
        return call(work)

    for number in range(5):
        first.op("write_excel_range", start="append", rows=[[number]])
    second.op("write_excel_range", start="append", rows=[["there"]])
    engine.call = counted  # type: ignore[method-assign]
    try:
        assert first.rows()[-1] == ["there"]
    finally:
        engine.call = call  # type: ignore[method-assign]
    replayed = [work.entries for work in done if work.entries is not None]
    assert [len(entries) for entries in replayed] == [1]


def test_while_the_store_is_down_calls_are_refused_and_afterwards_all_is_there(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        shared = stack.enter_context(shared_servers(tmp_path / "servers"))
        one, two = (stack.enter_context(replica(shared, tmp_path / name)) for name in "ab")
        chat = Round([one, two])
        chat.op("create_excel_file", filename="a", headers=["N"])
        chat.op("write_excel_range", start="append", rows=[[1]])
        shared.redis.stop()
        for at in chat.at * 3:
            refused = at.call("write_excel_range", {"start": "append", "rows": [[2]]}, "k")
            assert error_of(refused)["code"] == "storage_failed"
            assert refused.status_code == 503
            assert refused.headers["Retry-After"]
        shared.redis.start()
        until(lambda: chat.at[0].call("list_excel_files", {}).status_code == 200)
        until(lambda: chat.at[1].call("list_excel_files", {}).status_code == 200)
        assert chat.rows() == [["N"], [1]]
        chat.at[1].once("k", "write_excel_range", start="append", rows=[[2]])
        shared.s3.stop()
        draft = chat.op("list_excel_files")["files"][0]
        refused = chat.at[0].call("save_excel_file", {}, "s")
        assert error_of(refused)["code"] == "storage_failed"
        assert refused.status_code == 503
        assert rows_of(chat.at[1].download(draft)) == [["N"], [1], [2]]
        shared.s3.start()
        until(lambda: chat.at[0].call("save_excel_file", {}, "s").status_code == 200)
        saved = answer_of(chat.at[1].call("save_excel_file", {}, "s"))
        assert saved["result"]["version"] == 1


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    done = threading.Event()
    for _ in range(600):
        if true():
            return
        done.wait(0.1)
    raise AssertionError("it did not come to be so")
