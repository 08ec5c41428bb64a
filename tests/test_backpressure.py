"""A service with more to do than it can: it says so, answers others, and ends in good order.

The engines of a real process are halted, so that calls last as long as a test wants them to.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.halting import halted
from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.processes import ServerProcess, end, service_process
from tests.service_fixtures import KEY

WITHIN = 60.0


class Caller:
    """One user with a workbook."""

    def __init__(self, server: ServerProcess, user: str) -> None:
        self.url = server.health_url.removesuffix("/health")
        self.headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": user, "X-Chat-Id": "chat"}
        made = self.op("create_excel_file", filename="a.xlsx", headers=["Item"])
        assert made.ok, made.text

    def op(self, name: str, **parameters: Any) -> requests.Response:
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        return requests.post(
            f"{self.url}/v1/operations/{name}", json=parameters, headers=headers, timeout=WITHIN
        )

    def append(self, text: str) -> requests.Response:
        return self.op("write_excel_range", start="append", rows=[[text]])

    def items(self) -> list[str]:
        rows = self.op("read_excel_range").json()["result"]["rows"]
        return [row[0] for row in rows[1:]]

    def get(self, path: str, **request: Any) -> requests.Response:
        return requests.get(self.url + path, headers=self.headers, timeout=WITHIN, **request)


def until(what: Callable[[], bool]) -> None:
    limit = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)


def busy(server: ServerProcess, count: int) -> bool:
    """Whether so many requests are answered by the service at the moment."""
    port = int(server.health_url.split(":")[2].split("/")[0])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    established = f"0100007F:{port:04X}"
    return (
        sum(line.split()[1] == established and line.split()[3] == "01" for line in lines) >= count
    )


@contextmanager
def calls(count: int, call: Callable[[int], Any]) -> Iterator[list[Future[Any]]]:
    with ThreadPoolExecutor(count) as threads:
        yield [threads.submit(call, number) for number in range(count)]


TINY = {"threads": "1", "waiting": "0"}
SMALL = {"engines": "1", "threads": "2", "waiting": "4", "calls_per_user": "3"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ServerProcess]:
    """A service that has two requests at work and four waiting, three of one user."""
    with service_process(tmp_path, KEY, **SMALL) as server:
        yield server


def error(response: requests.Response) -> str:
    code: str = response.json()["error"]["code"]
    return code


def test_a_full_service_says_so_and_tells_how_it_is(small: ServerProcess) -> None:
    """Too much of one user is 429, too much of all is 503; health is answered all the same."""
    users = [Caller(small, name) for name in ("anna", "ben", "cleo")]
    with (
        halted(small) as engines,
        calls(6, lambda number: users[number // 3].append(f"{number}")) as futures,
    ):
        until(lambda: busy(small, 6))
        time.sleep(0.5)
        for _ in range(2):
            more = users[0].append("too much")
            assert (more.status_code, error(more)) == (429, "too_many_calls")
            assert 1 <= int(more.headers["Retry-After"]) <= 30
            full = users[2].append("too late")
            assert (full.status_code, error(full)) == (503, "service_busy")
            assert 1 <= int(full.headers["Retry-After"]) <= 30
            # Else it could come again just when the idle connection is closed.
            assert full.headers["Connection"] == "close"
        for path in ("/health", "/ready", "/openapi.json", "/"):
            assert users[2].get(path).ok
        told = users[2].get("/v1/calls/nothing")
        assert told.status_code == 404  # asked for, and not kept waiting
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        mcp = requests.post(
            f"{users[2].url}/mcp", json=body, headers=users[2].headers, timeout=WITHIN
        )
        assert (mcp.status_code, mcp.json()["error"]["data"]["code"]) == (503, "service_busy")
        assert mcp.json()["error"]["data"]["retry_after"] == int(mcp.headers["Retry-After"])
        resume(engines)
        assert all(future.result(WITHIN).ok for future in futures)
    assert sorted(users[0].items()) == ["0", "1", "2"]
    assert sorted(users[1].items()) == ["3", "4", "5"]
    assert users[2].items() == []


def resume(engines: list[int]) -> None:
    """Have the engines go on, before the block of ``halted`` ends."""
    for pid in engines:
        end(pid, signal.SIGCONT)


def connected(server: ServerProcess) -> socket.socket:
    port = int(server.health_url.split(":")[2].split("/")[0])
    return socket.create_connection(("127.0.0.1", port), timeout=WITHIN)


def test_clients_that_say_nothing_keep_no_one_waiting(tmp_path: Path) -> None:
    """Neither those that connect only, nor those that never end the head of their request."""
    with service_process(tmp_path, KEY, engines="1", threads="1", waiting="0") as server:
        held = []
        try:
            for number in range(60):
                held.append(connected(server))
                if number % 2:
                    held[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            for path in ("/health", "/ready"):
                url = server.health_url.removesuffix("/health")
                assert requests.get(url + path, timeout=WITHIN).ok
            slow = held[1]
            assert slow.recv(1) == b"", "the head of a request has an end"
            assert Caller(server, "anna").items() == []
        finally:
            for one in held:
                one.close()


def test_a_service_that_stops_ends_its_calls_and_takes_no_more(tmp_path: Path) -> None:
    """It says so at /ready first, goes on for the time that was set, and loses nothing."""
    with service_process(tmp_path, KEY, drain_seconds="3", **SMALL) as server:
        anna, ben = Caller(server, "anna"), Caller(server, "ben")
        with (
            calls(3, lambda number: anna.append(f"{number}")) as futures,
            halted(server) as engines,
        ):
            until(lambda: busy(server, 3))
            time.sleep(0.5)
            ended = threading.Thread(target=server.stop)
            ended.start()
            until(lambda: anna.get("/ready").status_code == 503)
            assert anna.get("/health").ok
            late = threading.Thread(target=ben.append, args=("taken still",))
            late.start()
            until(lambda: gone(server))
            resume(engines)
            late.join(WITHIN)
            answers = [future.result(WITHIN) for future in futures]
        ended.join(WITHIN)
        done = [number for number, answer in enumerate(answers) if answer.ok]
        refused = [answer for answer in answers if not answer.ok]
        assert done, "what was at work has its time"
        assert all(error(answer) == "service_busy" for answer in refused)
        server.start()
        assert sorted(anna.items()) == [str(number) for number in done]


def gone(server: ServerProcess) -> bool:
    try:
        connected(server).close()
    except OSError:
        return True
    return False


def test_a_body_has_an_end(tmp_path: Path) -> None:
    """What dribbles in is refused, and keeps no place; what comes in its time is done."""
    with service_process(tmp_path, KEY, engines="1", slow_seconds="1", **TINY) as server:
        anna = Caller(server, "anna")
        head = "\r\n".join(f"{name}: {value}" for name, value in anna.headers.items())
        path = "/v1/operations/list_excel_files"
        slow = connected(server)
        begun = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n{head}\r\n\r\n{{"
        slow.sendall(begun.encode())
        answer = slow.makefile("rb").read()
        slow.close()
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"request_too_slow"' in answer
        assert anna.append("again").ok


# The tool in Open WebUI -----------------------------------------------------------------


def tools_of(server: ServerProcess, count: int) -> list[ToolCalls]:
    valves = {"service_url": server.health_url.removesuffix("/health"), "api_key": KEY}
    return [ToolCalls(load_plugin(), valves=valves) for _ in range(count)]


def statuses(users: list[ToolCalls]) -> list[str]:
    return [status["description"] for user in users for status in list(user.page.statuses)]


def made(user: ToolCalls) -> dict[str, Any]:
    return user.op("create_excel_file", filename="a.xlsx", headers=["Item"])


def test_the_tool_waits_for_a_busy_service(tmp_path: Path) -> None:
    """Six users at a service with room for two: all are served, and see what they wait for."""
    with service_process(tmp_path, KEY, engines="1", threads="1", waiting="1") as server:
        first, *users = tools_of(server, 7)
        made(first)  # now there are engines to halt
        with (
            halted(server) as engines,
            calls(6, lambda number: made(users[number])) as futures,
        ):
            until(lambda: any("is busy" in said for said in statuses(users)))
            resume(engines)
            assert [future.result(2 * WITHIN)["workbook"] for future in futures] == ["a.xlsx"] * 6
        assert all(not user.page.statuses[-1].get("error") for user in users)


def test_the_tool_hides_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is killed under a call and started again; the call is done once."""
    with service_process(tmp_path, KEY, engines="1") as server:
        (user,) = tools_of(server, 1)
        monkeypatch.setattr(user.module, "RESTART_SECONDS", WITHIN)
        made(user)
        more = {"start": "append", "rows": [["More"]]}
        with (
            halted(server),
            calls(1, lambda _: user.op("write_excel_range", **more)) as futures,
        ):
            until(lambda: busy(server, 1))
            time.sleep(0.5)
            server.restart(signal.SIGKILL)
            futures[0].result(2 * WITHIN)
        assert user.rows() == [["Item"], ["More"]]
