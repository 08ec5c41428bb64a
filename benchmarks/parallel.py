"""How well workbooks are worked on at once: ``python benchmarks/parallel.py``.

Prints times of one run on one machine, and their ratios; only the ratios mean anything elsewhere.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.processes import children, service_process

KEY = "key-of-the-benchmark"
ROUNDS = 8
HEADERS = ["Item", "Region", "Units", "Price", "Sum"]


class Chat:
    """A chat with an open workbook of 2,000 rows and as many formulas."""

    def __init__(self, url: str, number: int) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {KEY}"
        owner = {"user": f"user-{number}", "chat": "chat"}
        opened = self.http.post(f"{url}/v1/sessions", json=owner)
        self.http.headers["X-Excel-Session"] = opened.json()["session_id"]
        self.op("create_excel_file", filename="a.xlsx", headers=HEADERS, rows=rows(2, 2000))

    def op(self, name: str, **parameters: Any) -> dict[str, Any]:
        response = self.http.post(f"{self.url}/v1/operations/{name}", json=parameters)
        assert response.ok, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def work(self) -> None:
        """A mix of what a chat does with a workbook."""
        for _ in range(ROUNDS):
            answer = self.op("write_excel_range", start="append", rows=rows(2, 300))
            self.op("format_excel_cells", range="D2:E2000", style={"number_format": "#,##0.00"})
            self.op("read_excel_range", limit=200)
            assert self.http.get(answer["files"][0]["download_url"]).ok
            self.op("undo_excel_change", steps=2)


def rows(first: int, count: int) -> list[list[Any]]:
    return [[f"item {n}", "north", n, n / 7, f"=C{n}*D{n}"] for n in range(first, first + count)]


@dataclass(frozen=True)
class Took:
    """Seconds that something took, and how many cores other programs had meanwhile."""

    seconds: float
    others: float = 0.0


def at_once(*calls: Callable[[], object]) -> Took:
    """Do all at the same time, till all are done."""
    began, busy, own = time.perf_counter(), machine_seconds(), own_seconds()
    with ThreadPoolExecutor(len(calls)) as threads:
        for future in [threads.submit(call) for call in calls]:
            future.result()
    seconds = time.perf_counter() - began
    others = (machine_seconds() - busy) - (own_seconds() - own)
    return Took(seconds, max(others, 0) / seconds)


def machine_seconds() -> float:
    """Processor time of all programs."""
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor time of this program and of the service with its processes."""
    mine = os.times()
    return mine.user + mine.system + sum(map(process_seconds, descendants(os.getpid())))


def descendants(pid: int) -> set[int]:
    found = children(pid)
    return found.union(*(descendants(child) for child in found)) if found else found


def process_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def service(engines: int, measure: Callable[[str], list[Took]]) -> list[Took]:
    with (
        tempfile.TemporaryDirectory() as folder,
        service_process(Path(folder), KEY, engines=str(engines), log_level="WARNING") as server,
    ):
        return measure(server.health_url.removesuffix("/health"))


def two_workbooks(url: str) -> list[Took]:
    """Seconds for one chat alone, and for two at once."""
    first, second = Chat(url, 1), Chat(url, 2)
    at_once(first.work, second.work)
    alone = [at_once(first.work), at_once(second.work)]
    both = [at_once(first.work, second.work) for _ in range(2)]
    return [min(alone, key=seconds_of), min(both, key=seconds_of)]


def one_workbook(url: str) -> list[Took]:
    """Seconds for ten calls one after the other, and for ten at once."""
    chat = Chat(url, 1)

    def call() -> object:
        return chat.op("write_excel_range", start="append", rows=rows(2, 300))

    def ten_calls() -> None:
        for _ in range(10):
            call()

    ten_calls()
    return [at_once(ten_calls), at_once(*[call] * 10)]


def seconds_of(took: Took) -> float:
    return took.seconds


def main() -> None:
    print(f"{os.cpu_count()} cores\n")
    print("| at once | alone, s | together, s | ratio | cores that other programs had |")
    print("|---|---|---|---|---|")
    for what, engines, measure in (
        ("two chats, a workbook each, two engines", 2, two_workbooks),
        ("the same with one engine", 1, two_workbooks),
        ("ten calls on one workbook (alone: one after the other)", 2, one_workbook),
    ):
        alone, together = service(engines, measure)
        ratio = together.seconds / alone.seconds
        times = f"{alone.seconds:.2f} | {together.seconds:.2f} | {ratio:.2f}"
        print(f"| {what} | {times} | {alone.others:.1f}, {together.others:.1f} |", flush=True)


if __name__ == "__main__":
    main()
