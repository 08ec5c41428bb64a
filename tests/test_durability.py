"""Killed at random moments under load: what was acknowledged is there, once, and nothing else.

Several chats work through HTTP with a service that is a real process, and each knows what its
workbooks must hold. Meanwhile engine processes, or the whole service, are killed. A call that
got no answer is repeated with its Idempotency-Key, as the plugin does, or given up for good;
then its change must be there whole or not at all.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.processes import ServerProcess, children, end, service_process
from tests.service_fixtures import KEY, rows_of, workbook_bytes

CHATS = 4
# What a caller may be told when an engine or the service ends under its call.
UNDER_A_KILL = {"operation_too_big", "workbook_busy"}
GIVES_UP = 0.3
HEADER = ["marker"] * 4


@dataclass
class Book:
    """What a workbook of a chat must hold: markers in order, and what was undone of them."""

    name: str
    base: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    versions: list[tuple[str, list[str]]] = field(default_factory=list)  # link, markers
    link: str = ""
    open: bool = True

    @property
    def markers(self) -> list[str]:
        return self.base + self.done


def markers_of(data: bytes) -> list[str]:
    """The markers in a workbook, each of them whole: "name/rows" in all cells of its rows."""
    found: list[str] = []
    header, *rows = rows_of(data)
    assert header == HEADER
    place = 0
    while place < len(rows):
        marker = str(rows[place][0])
        height = int(marker.partition("/")[2])
        assert rows[place : place + height] == block(marker), f"{marker} is torn"
        found.append(marker)
        place += height
    assert len(set(found)) == len(found), "a change is there twice"
    return found


def block(marker: str) -> list[list[str]]:
    """What a change writes."""
    return [[marker] * len(HEADER)] * int(marker.partition("/")[2])


class Caller:
    """One chat: it does random things and knows what has to come of them."""

    def __init__(self, url: str, number: int, seed: int, up: threading.Event) -> None:
        self.url = url
        self.up = up
        self.random = random.Random(f"{seed}-{number}")
        self.owner = {"user": f"user-{number}", "chat": f"chat-{number}"}
        self.http = requests.Session()
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.books: list[Book] = []
        self.count: Counter[str] = Counter()
        self._number = 0

    # Calls --------------------------------------------------------------------

    def answered(self, method: str, path: str, **request: Any) -> requests.Response | None:
        """What came back, or None if the call was lost in a kill."""
        headers = {**self.headers, **request.pop("headers", {})}
        try:
            response = self.http.request(
                method, self.url + path, headers=headers, timeout=60, **request
            )
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return None
        if response.ok:
            return response
        code = response.json()["error"]["code"] if response.status_code >= 500 else ""
        assert code in UNDER_A_KILL, f"{method} {path}: {response.text[:500]}"
        return None

    def surely(self, method: str, path: str, **request: Any) -> requests.Response:
        """The same call again till it is answered."""
        # Longer than a workbook is left alone whose engine process ended again and again.
        end = time.monotonic() + 180
        while True:
            response = self.answered(method, path, **request)
            if response is not None:
                return response
            self.count["repeated"] += 1
            assert time.monotonic() < end, f"{method} {path} gets no answer"
            self.up.wait(60)
            time.sleep(self.random.uniform(0.02, 0.2))

    def call(self, name: str, *, gives_up: float = 0.0, **parameters: Any) -> dict[str, Any] | None:
        """The answer of an operation, asked for till it comes; None if given up for good."""
        request = {"headers": {"Idempotency-Key": str(uuid.UUID(int=self.random.getrandbits(128)))}}
        path = f"/v1/operations/{name}"
        if gives_up and self.random.random() < gives_up:
            response = self.answered("POST", path, json=parameters, **request)
            if response is None:
                self.count["given up"] += 1
                return None
        else:
            response = self.surely("POST", path, json=parameters, **request)
        self.count["operations"] += 1
        answer: dict[str, Any] = response.json()
        return answer

    def start(self) -> None:
        opened = self.surely("POST", "/v1/sessions", json=self.owner)
        self.headers["X-Excel-Session"] = opened.json()["session_id"]
        file = {"file": ("sent.xlsx", workbook_bytes(HEADER))}
        self.surely("POST", "/v1/files", files=file)
        self.add_book("open_excel_file", file="sent.xlsx")
        self.add_book("create_excel_file", filename="made.xlsx", headers=HEADER)

    # What it does ---------------------------------------------------------------

    def add_book(self, operation: str, **parameters: Any) -> None:
        answer = self.call(operation, **parameters)
        assert answer
        self.books.append(Book(answer["workbook"], link=answer["files"][0]["download_url"]))

    def step(self) -> None:
        """Something, on some open workbook."""
        book = self.random.choice([book for book in self.books if book.open])
        kinds = {self.append: 60, self.save: 8, self.reopen: 3, self.fetch: 6}
        if book.done:
            kinds[self.undo] = 10
        if book.undone:
            kinds[self.redo] = 20
        (what,) = self.random.choices(list(kinds), list(kinds.values()))
        what(book)

    def append(self, book: Book) -> None:
        self._number += 1
        marker = f"{self.owner['chat']}-{self._number}/{self.random.choice([1, 2, 2, 3, 100])}"
        after = ([*book.done, marker], [])
        self.change(book, after, "write_excel_range", start="append", rows=block(marker))

    def undo(self, book: Book) -> None:
        steps = self.random.randint(1, min(4, len(book.done)))
        after = (book.done[:-steps], book.done[-steps:] + book.undone)
        self.change(book, after, "undo_excel_change", action="undo", steps=steps)

    def redo(self, book: Book) -> None:
        steps = self.random.randint(1, len(book.undone))
        after = (book.done + book.undone[:steps], book.undone[steps:])
        self.change(book, after, "undo_excel_change", action="redo", steps=steps)

    def change(
        self, book: Book, after: tuple[list[str], list[str]], name: str, **parameters: Any
    ) -> None:
        """Make a change; given up without an answer, it is there whole or not at all."""
        answer = self.call(name, gives_up=GIVES_UP, workbook=book.name, **parameters)
        if answer is None:
            found = markers_of(self.download(book.link))
            assert found in (book.markers, book.base + after[0]), f"{name} is half there"
            if found == book.markers:
                return
        book.done, book.undone = after

    def save(self, book: Book) -> None:
        answer = self.call("save_excel_file", workbook=book.name)
        assert answer
        book.versions.append((answer["files"][0]["download_url"], book.markers))
        assert answer["result"]["version"] == len(book.versions), "saved twice, or lost"
        assert answer["unsaved_changes"] == 0

    def reopen(self, book: Book) -> None:
        """Close it and open its last version again."""
        if not book.versions or sum(book.open for book in self.books) < 2:
            return
        closed = self.call("close_excel_file", workbook=book.name)
        opened = self.call("open_excel_file", file=book.name)
        assert closed
        assert opened
        book.base, book.done, book.undone = book.versions[-1][1], [], []

    def fetch(self, book: Book) -> None:
        assert markers_of(self.download(book.link)) == book.markers

    def download(self, link: str) -> bytes:
        self.count["links"] += 1
        return self.surely("GET", link.removeprefix(self.url)).content

    # The truth ------------------------------------------------------------------

    def check(self) -> None:
        """All that was acknowledged is there, and nothing else."""
        files = self.surely("POST", "/v1/operations/list_excel_files", json={}).json()["files"]
        now = {entry["name"]: entry["download_url"] for entry in files}
        for book in self.books:
            for link in (book.link, now[book.name]):
                assert markers_of(self.download(link)) == book.markers, book.name
            for link, markers in book.versions:
                assert markers_of(self.download(link)) == markers, f"{book.name}, a version"
        self.check_history()

    def check_history(self) -> None:
        id_ = self.headers["X-Excel-Session"]
        first, told = 0, Counter[tuple[Any, ...]]()
        while first is not None:
            path = f"/v1/sessions/{id_}/history?first={first}&most=1000"
            page = self.surely("GET", path).json()
            for event in page["events"]:
                if event["event"] == "operation":
                    told[event["id"], event["copy"], event["step"]] += 1
            first = page.get("next_first")
        assert told
        assert max(told.values()) == 1, "the history tells a change twice"


# Killing -----------------------------------------------------------------------------


def engines_of(server: ServerProcess) -> list[int]:
    """The engine processes: children of the fork server, which is the worker's child."""
    workers = children(server.pid)
    fork_servers = {child for worker in workers for child in children(worker)}
    return sorted({engine for fork in fork_servers for engine in children(fork)})


class Killer:
    """Kills at random moments while the chats work."""

    def __init__(self, server: ServerProcess, seed: int) -> None:
        url = server.health_url.removesuffix("/health")
        self.server = server
        self.random = random.Random(seed)
        self.up = threading.Event()
        self.up.set()
        self.over = threading.Event()
        self.callers = [Caller(url, number, seed, self.up) for number in range(CHATS)]

    def moment(self, longest: float) -> None:
        """Wait till something was done since the last kill, and then for a random time."""
        before = self.done()
        while self.done() == before and not self.over.wait(0.005):
            pass
        self.over.wait(self.random.uniform(0, longest))

    def done(self) -> int:
        return sum(caller.count["operations"] for caller in self.callers)

    def engine(self) -> bool:
        """Kill one engine process; False if none ran at that moment."""
        self.moment(0.2)
        found = engines_of(self.server)
        return bool(found) and end(self.random.choice(found))

    def worker(self) -> bool:
        """Kill the process that answers, as a system out of memory does; gunicorn goes on."""
        self.moment(0.5)
        return any(end(worker) for worker in children(self.server.pid))

    def service(self) -> bool:
        """Kill the service with all its processes at once, and start it again."""
        self.moment(0.8)
        self.up.clear()
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.restart(signal.SIGKILL)
        self.up.set()
        return True

    def work(self, caller: Caller) -> None:
        """What a chat does till the last kill."""
        try:
            caller.start()
            while not self.over.is_set():
                caller.step()
        except BaseException:
            self.over.set()
            raise


def killed_under_load(
    folder: Path, what: str, kills: int, seed: int, tell: Callable[[str], None]
) -> None:
    with service_process(folder, KEY, engines="2", log_level="WARNING") as server:
        killer = Killer(server, seed)
        kill: Callable[[], bool] = getattr(killer, what)
        with ThreadPoolExecutor(CHATS) as threads:
            try:
                working = [threads.submit(killer.work, caller) for caller in killer.callers]
                done = 0
                while done < kills and not killer.over.is_set():
                    done += kill()
            finally:
                killer.over.set()
                killer.up.set()
            for future in working:
                future.result()
        server.restart(signal.SIGKILL)
        for caller in killer.callers:
            caller.check()
        count = sum((caller.count for caller in killer.callers), Counter())
        told = ", ".join(f"{count[name]} {name}" for name in count)
        tell(f"{what} killed {done} times under {CHATS} chats: {told}, losses 0 (seed {seed})")
        assert count["operations"] >= kills
        assert count["repeated"] + count["given up"] > 0, "no kill ever met a call"


SEED = int(os.environ.get("DURABILITY_SEED", "1"))


@pytest.mark.parametrize(("what", "kills"), [("engine", 10), ("worker", 3), ("service", 2)])
def test_killed_under_load(
    tmp_path: Path, what: str, kills: int, tell: Callable[[str], None]
) -> None:
    killed_under_load(tmp_path, what, kills, SEED, tell)


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("what", "kills"), [("engine", 300), ("worker", 150), ("service", 30)])
def test_killed_hundreds_of_times_under_load(
    tmp_path: Path, what: str, kills: int, tell: Callable[[str], None]
) -> None:
    killed_under_load(tmp_path, what, kills, SEED + 1, tell)
