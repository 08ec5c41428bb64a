"""Replicas that are real processes, killed at random moments while chats work with all of them."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
import time
import types
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.processes import ServerProcess, children, end, free_port, service_process
from tests.proxies import proxy_process
from tests.service_fixtures import KEY
from tests.shared_servers import Shared
from tests.test_durability import HEADER, UNDER_A_KILL, Caller, markers_of

# Links begin with it; callers fetch them from any replica.
PUBLIC = "http://files.test"
PATIENCE = 400.0


class Roamer(Caller):
    """A chat whose calls go to one replica after the other, as behind a proxy that knows nothing.

    :param urls: of the replicas
    :param public: with which links begin
    """

    def __init__(self, urls: list[str], number: int, seed: int, public: str = PUBLIC) -> None:
        super().__init__(public, number, seed, threading.Event())
        self._urls = itertools.cycle(urls[number % len(urls) :] + urls[: number % len(urls)])
        self.slowest = 0.0

    def answered(self, method: str, path: str, **request: Any) -> requests.Response | None:
        headers = {**self.headers, **request.pop("headers", {})}
        url = next(self._urls) + path
        began = time.monotonic()
        try:
            response = self.http.request(method, url, headers=headers, timeout=300, **request)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return None
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        if response.ok:
            return response
        code = response.json()["error"]["code"] if response.status_code >= 500 else ""
        told = f"{method} {path}: {response.status_code} {response.text[:500]}"
        assert code in UNDER_A_KILL | {"storage_failed", "service_busy"}, told
        assert response.status_code == 507 or response.headers["Retry-After"], told
        self.count[code] += 1
        return None

    def surely(self, method: str, path: str, **request: Any) -> requests.Response:
        end = time.monotonic() + PATIENCE
        while True:
            response = self.answered(method, path, **request)
            if response is not None:
                return response
            self.count["repeated"] += 1
            assert time.monotonic() < end, f"{method} {path} gets no answer"
            time.sleep(self.random.uniform(0.05, 0.5))


class Pasted(Caller):
    """A chat of Open WebUI: it calls the tool, which may never tell it of an error.

    :param url: of the proxy in front of the replicas
    """

    def __init__(self, plugin: types.ModuleType, url: str, number: int, seed: int) -> None:
        super().__init__(url, number, seed, threading.Event())
        valves = {"service_url": url, "public_url": url, "api_key": KEY}
        self._tool = ToolCalls(plugin, f"tool-user-{number}", f"tool-chat-{number}", valves=valves)
        self._tool.page.says = True
        self.slowest = 0.0

    def call(self, name: str, *, gives_up: float = 0.0, **parameters: Any) -> dict[str, Any]:
        began = time.monotonic()
        answer = self._tool.run(name, **parameters)
        self.slowest = max(self.slowest, time.monotonic() - began)
        assert "error" not in answer, f"{name}: {answer}"
        self._tool.page.events.clear()
        self.count["calls of the tool"] += 1
        return answer

    def start(self) -> None:
        for name in ("made.xlsx", "other.xlsx"):
            self.add_book("create_excel_file", filename=name, headers=HEADER)

    def download(self, link: str) -> bytes:
        """Whoever clicks on a link tries it again after a while."""
        end = time.monotonic() + PATIENCE
        self.count["links"] += 1
        while True:
            with contextlib.suppress(requests.RequestException):
                response = self.http.get(link, timeout=60)
                if response.ok:
                    return response.content
            self.count["links again"] += 1
            assert time.monotonic() < end, f"{link} gets no answer"
            time.sleep(self.random.uniform(0.05, 0.5))

    def check(self) -> None:
        for book in self.books:
            assert markers_of(self.download(book.link)) == book.markers, book.name
            for link, markers in book.versions:
                assert markers_of(self.download(link)) == markers, f"{book.name}, a version"


class Fleet:
    """Replicas and the chats that work with them.

    :param folder: of the replicas' caches and logs
    :param pasted: so many of the chats come through a proxy, by the tool of Open WebUI
    """

    def __init__(
        self,
        shared: Shared,
        folder: Path,
        replicas: int,
        chats: int,
        seed: int,
        pasted: int = 0,
        **settings: str,
    ) -> None:
        self.shared = shared
        port = free_port()
        front = f"http://127.0.0.1:{port}"
        if pasted:
            settings = {"public_url": front, **settings}
        self.replicas = [self._replica(folder / str(n), settings) for n in range(replicas)]
        urls = [one.health_url.removesuffix("/health") for one in self.replicas]
        hosts = [url.removeprefix("http://") for url in urls]
        self.proxy = proxy_process(folder, port, hosts) if pasted else None
        plugin = load_plugin()
        self.chats: list[Roamer | Pasted] = [
            *(
                Roamer(urls, number, seed, front if pasted else PUBLIC)
                for number in range(chats - pasted)
            ),
            *(Pasted(plugin, front, number, seed) for number in range(pasted)),
        ]
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.kills: Counter[str] = Counter()

    def _replica(self, folder: Path, settings: dict[str, str]) -> ServerProcess:
        folder.mkdir(parents=True)
        given = {"engines": "1", "log_level": "WARNING", "public_url": PUBLIC, "lease_seconds": "4"}
        process = service_process(folder, KEY, **given | self.shared.settings | settings)
        process.deadline = 250
        return process

    def __enter__(self) -> Fleet:
        for one in self.replicas:
            one.start()
        if self.proxy is not None:
            self.proxy.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for one in [*self.replicas, *([self.proxy] if self.proxy else [])]:
            one.stop(signal.SIGKILL)

    # Killing ------------------------------------------------------------------

    def kill(self) -> None:
        """End something at a random moment; what is gone comes back."""
        one = self.random.choice(self.replicas)
        kinds = ["replica", "worker", "engine", "stopped", "paused"]
        what = self.random.choices(kinds, [5, 2, 2, 2, 2])[0]
        if what == "replica":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            self.over.wait(self.random.uniform(0, 1))
            one.restart(signal.SIGKILL)
        elif what == "stopped":
            one.restart(signal.SIGTERM)
        elif what == "paused":
            self._pause(one)
        else:
            found = sorted(children(one.pid))
            if what == "engine":
                forks = {fork for worker in found for fork in children(worker)}
                found = sorted({engine for fork in forks for engine in children(fork)})
            if not (found and end(self.random.choice(found))):
                return
        self.kills[what] += 1

    def _pause(self, one: ServerProcess) -> None:
        """Have a replica stand still until others have taken over what it held."""
        for how in (signal.SIGSTOP, signal.SIGCONT):
            for process in (one.pid, *children(one.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, how)
            if how == signal.SIGSTOP:
                time.sleep(self.random.uniform(2, 8))

    def _work(self, chat: Roamer | Pasted) -> None:
        try:
            chat.start()
            while not self.over.is_set():
                chat.step()
        except BaseException:
            self.over.set()
            raise

    def run(self, seconds: float, least: int) -> None:
        """Let the chats work for so long, and kill so often at least; then look what is there."""
        with ThreadPoolExecutor(len(self.chats)) as threads:
            try:
                working = [threads.submit(self._work, chat) for chat in self.chats]
                end_ = time.monotonic() + seconds
                while not self.over.is_set():
                    if time.monotonic() > end_ and self.kills.total() >= least:
                        break
                    self.over.wait(self.random.uniform(0, 4))
                    self.kill()
            finally:
                self.over.set()
            for future in working:
                future.result()
            list(threads.map(lambda chat: chat.check(), self.chats))

    def told(self) -> str:
        """What was done, in a line."""
        count = sum((chat.count for chat in self.chats), Counter())
        done = ", ".join(f"{number} {name}" for name, number in sorted(count.items()))
        killed = ", ".join(f"{number} {name}" for name, number in sorted(self.kills.items()))
        slowest = max(chat.slowest for chat in self.chats)
        return (
            f"{len(self.replicas)} replicas, {len(self.chats)} chats: {done}; ended: {killed}; "
            f"slowest answer {slowest:.1f} s; losses 0, errors in the chats 0"
        )
