"""Many users at once against one service: ``python -m benchmarks.many_users``.

Defaults: ``--users 200 --calls 20 --minutes 10 --threads 16 --engines 2``. So many users with a
workbook each make so many calls, of all kinds, as fast as they are answered, and come again when
the service says (429 and 503 with ``Retry-After``), as the tool in Open WebUI does. One user in
fifty is greedy and sends four calls at a time. Bounded by the number of calls and by the time.

What is looked at: any answer that is neither done nor an honest "come again"; the memory of the
service; how fair it was (Jain's index of the users' calls a second, and the slowest user's share of
the median); how long a call took, its waiting included.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.parallel import descendants
from tests.processes import ServerProcess, service_process

KEY = "key-of-the-benchmark"
AGAIN = {429, 503}
GREEDY_EVERY, GREEDY_CALLS = 50, 4
CALL_SECONDS = 150.0
# What a chat does, and how often.
MIX = {"append": 6, "read": 5, "edit": 4, "describe": 2, "format": 2, "undo": 1, "draft": 2}


@dataclass
class Found:
    """What one user found."""

    calls: int = 0
    began: float = 0.0
    ended: float = 0.0
    again: Counter[int] = field(default_factory=Counter)
    seconds: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Calls a second."""
        return self.calls / max(self.ended - self.began, 1e-6)


class User:
    """One user with one chat and one workbook."""

    def __init__(self, url: str, number: int, end: float) -> None:
        self.url, self.number, self.end = url, number, end
        self.at_once = GREEDY_CALLS if number % GREEDY_EVERY == 1 else 1
        self.random = random.Random(number)
        self.found = Found()
        self.appended = 0
        self.http = threading.local()
        self.headers = {
            "Authorization": f"Bearer {KEY}",
            "X-User-Id": f"user-{number}",
            "X-Chat-Id": "chat",
        }
        self.link = ""
        self._lock = threading.Lock()

    def work(self, calls: int) -> None:
        """Make the workbook, and so many calls on it."""
        self.found.began = time.monotonic()
        rows = [[f"item {n}", n, n * 1.5, f"=B{n + 2}*C{n + 2}"] for n in range(20)]
        headers = ["Item", "Units", "Price", "Sum"]
        made = self.op("create", "create_excel_file", filename="a.xlsx", headers=headers, rows=rows)
        if made is not None:
            self.link = made.json()["files"][0]["download_url"]
            kinds = self.random.choices(list(MIX), list(MIX.values()), k=calls)
            with ThreadPoolExecutor(self.at_once) as threads:
                list(threads.map(self.one, kinds))
        self.found.ended = time.monotonic()

    def one(self, kind: str) -> None:
        if kind == "append":
            if self.op(kind, "write_excel_range", start="append", rows=[["more", 1, 2, None]]):
                with self._lock:
                    self.appended += 1
        elif kind == "edit":
            self.op(kind, "write_excel_range", start="B2", rows=[[self.random.randint(1, 99)]])
        elif kind == "read":
            self.op(kind, "read_excel_range", range="A1:D20")
        elif kind == "describe":
            self.op(kind, "describe_excel_file")
        elif kind == "format":
            self.op(kind, "format_excel_cells", range="C2:D21", style={"number_format": "0.00"})
        elif kind == "undo":
            self.op(kind, "undo_excel_change", action="changes", steps=0)
        else:
            self.call(kind, "GET", self.link, headers={})

    def op(self, kind: str, name: str, **parameters: Any) -> requests.Response | None:
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        address = f"{self.url}/v1/operations/{name}"
        return self.call(kind, "POST", address, headers=headers, json=parameters)

    def call(self, kind: str, method: str, address: str, **request: Any) -> Any:
        """The answer, after as many comings again as it takes; None if it did not come in time."""
        began = time.monotonic()
        if not hasattr(self.http, "session"):
            self.http.session = requests.Session()
        while time.monotonic() < self.end:
            try:
                answer = self.http.session.request(method, address, timeout=CALL_SECONDS, **request)
            except requests.RequestException as error:
                self.found.errors.append(f"{kind}: {type(error).__name__}: {str(error)[:200]}")
                return None
            after = answer.headers.get("Retry-After", "")
            if answer.status_code in AGAIN and after.isdecimal():
                with self._lock:
                    self.found.again[answer.status_code] += 1
                time.sleep(float(after) * self.random.uniform(1.0, 1.25))
                continue
            with self._lock:
                if answer.ok:
                    self.found.calls += 1
                    self.found.seconds.append((kind, time.monotonic() - began))
                else:
                    self.found.errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
            return answer if answer.ok else None
        return None


class Memory(threading.Thread):
    """The most memory that all processes of the service have had together, in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._over = pid, threading.Event()
        self.first = self.most = self.last = 0
        self.unanswered = 0

    def run(self) -> None:
        while not self._over.wait(1.0):
            self.last = sum(map(_resident, descendants(self._pid) | {self._pid}))
            self.first = self.first or self.last
            self.most = max(self.most, self.last)

    def stop(self) -> None:
        self._over.set()
        self.join()


def _resident(pid: int) -> int:
    """Memory of a process that it shares with no other, in bytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (OSError, ProcessLookupError):
        return 0
    lines = [line.split() for line in text.splitlines() if line.startswith("Private_")]
    return sum(int(line[1]) << 10 for line in lines)


class Health(threading.Thread):
    """Asks how the service is, all the time; how long that took, and how often nobody answered."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(daemon=True)
        self._url, self._over = server.health_url, threading.Event()
        self.seconds: list[float] = []
        self.failed = 0

    def run(self) -> None:
        while not self._over.wait(0.5):
            began = time.monotonic()
            try:
                self.failed += not requests.get(self._url, timeout=CALL_SECONDS).ok
            except requests.RequestException:
                self.failed += 1
            self.seconds.append(time.monotonic() - began)

    def stop(self) -> None:
        self._over.set()
        self.join()


@dataclass
class Outcome:
    """What came of a run."""

    users: list[User]
    seconds: float
    memory: Memory
    health: Health

    @property
    def found(self) -> list[Found]:
        return [user.found for user in self.users]

    @property
    def errors(self) -> list[str]:
        return [error for one in self.found for error in one.errors]

    @property
    def jain(self) -> float:
        """Jain's index of the ordinary users' speeds: 1 if all are the same, 1/n if one has all."""
        speeds = [user.found.speed for user in self.users if user.at_once == 1]
        return sum(speeds) ** 2 / (len(speeds) * sum(speed**2 for speed in speeds) or 1.0)

    @property
    def slowest(self) -> float:
        """The slowest ordinary user's speed as a share of the median."""
        speeds = [user.found.speed for user in self.users if user.at_once == 1]
        return min(speeds) / (statistics.median(speeds) or 1.0)


def run(
    server: ServerProcess, users: int, calls: int, minutes: float, *, ramp: float = 0.0
) -> Outcome:
    """Have so many users make so many calls; none begins after so many minutes."""
    url = server.health_url.removesuffix("/health")
    began = time.monotonic()
    everyone = [User(url, number, began + minutes * 60) for number in range(users)]
    memory, health = Memory(server.pid), Health(server)
    memory.start()
    health.start()
    with ThreadPoolExecutor(users) as threads:
        working = []
        for user in everyone:
            working.append(threads.submit(user.work, calls))
            time.sleep(ramp / users)
        for future in working:
            future.result()
    seconds = time.monotonic() - began
    memory.stop()
    health.stop()
    return Outcome(everyone, seconds, memory, health)


def percentiles(seconds: list[float]) -> str:
    """Median, 90th, 99th percentile and the most, in seconds, as cells of a table."""
    ordered = sorted(seconds)
    picked = [ordered[int((len(ordered) - 1) * share)] for share in (0.5, 0.9, 0.99, 1.0)]
    return " | ".join(f"{value:.2f}" for value in picked)


def table(outcome: Outcome) -> str:
    """What was found, in Markdown."""
    found = outcome.found
    done = sum(one.calls for one in found)
    again: Counter[int] = sum((one.again for one in found), Counter())
    all_seconds = [(kind, took) for one in found for kind, took in one.seconds]
    lines = [
        "| call | number | median, s | 90 % | 99 % | most |",
        "|---|---|---|---|---|---|",
    ]
    for kind in ["create", *MIX]:
        took = [seconds for name, seconds in all_seconds if name == kind]
        if took:
            lines.append(f"| {kind} | {len(took)} | {percentiles(took)} |")
    lines.append(f"| all | {done} | {percentiles([took for _, took in all_seconds])} |")
    health = outcome.health
    if health.seconds:
        lines.append(f"| `/health` | {len(health.seconds)} | {percentiles(health.seconds)} |")
    megabytes = [size >> 20 for size in (outcome.memory.first, outcome.memory.most)]
    speed = f"{done / outcome.seconds:.1f} a second"
    no = f"{again[503]} times 503, {again[429]} times 429; {len(outcome.errors)} errors"
    told = (
        f"{len(found)} users, {done} calls in {outcome.seconds:.0f} s ({speed}); {no}, "
        f"{health.failed} times no health."
    )
    fair = f"Jain's index {outcome.jain:.3f}, the slowest user {outcome.slowest:.2f} of the median"
    memory = f"{megabytes[0]} MiB at the beginning, {megabytes[1]} MiB at most"
    return "\n".join([*lines, "", told, f"Fairness: {fair}.", f"Memory of the service: {memory}."])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_users", description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", default="16")
    parser.add_argument("--engines", default="2")
    asked = parser.parse_args()
    settings = {"threads": asked.threads, "engines": asked.engines, "log_level": "WARNING"}
    with (
        tempfile.TemporaryDirectory() as folder,
        service_process(Path(folder), KEY, **settings) as server,
    ):
        outcome = run(server, asked.users, asked.calls, asked.minutes)
    print(f"{os.cpu_count()} cores, of which this program uses some itself\n")
    print(table(outcome))
    for error in outcome.errors[:10]:
        print(error)
    return 1 if outcome.errors or outcome.health.failed else 0


if __name__ == "__main__":
    sys.exit(main())
