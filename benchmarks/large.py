"""Large workbooks, side by side with others: ``python benchmarks/large.py --rival <venv>``.

Times and peaks of memory of one run on one machine; only the ratios mean anything elsewhere. With
``--rival``, excel-mcp-server 2.2.2 takes part over HTTP; it is put into that virtual environment
if it isn't there. See benchmarks/README.md for what is measured.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import requests
import xlsxwriter
from python_calamine import CalamineWorkbook

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.parallel import KEY, machine_seconds
from benchmarks.rival import TIMEOUT, Library, Rival, install
from tests.processes import ServerProcess, service_process

HEADERS = "Order,Date,Region,Customer,Product,Units,Price,Sum,Paid,Shipped".split(",")
SHEET = "Orders"
OPENPYXL = "openpyxl: load, edit, save"


def write_workbook(path: Path, rows: int) -> Path:
    """Ten mixed columns, with shared strings and formats as Excel writes them."""
    chance = random.Random(rows)
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet = book.add_worksheet(SHEET)
    sheet.write_row(0, 0, HEADERS)
    first = dt.datetime(2020, 1, 1)
    for row in range(1, rows + 1):
        units, price = chance.randint(1, 500), round(chance.uniform(1, 999), 2)
        sheet.write_number(row, 0, row)
        sheet.write_datetime(row, 1, first + dt.timedelta(days=chance.randrange(2000)), day)
        sheet.write_string(row, 2, chance.choice(["North", "South", "East", "West"]))
        sheet.write_string(row, 3, f"Customer {row:06}/{chance.randrange(10**6)}")
        sheet.write_string(row, 4, f"Product {chance.randrange(60):02}")
        sheet.write_number(row, 5, units)
        sheet.write_number(row, 6, price)
        sheet.write_number(row, 7, round(units * price * 0.97, 4))
        sheet.write_boolean(row, 8, chance.random() < 0.7)
        minutes = dt.timedelta(minutes=chance.randrange(2000 * 1440))
        sheet.write_datetime(row, 9, first + minutes, moment)
    book.close()
    return path


# Ours -------------------------------------------------------------------------


class Chat:
    """A chat of our service, over HTTP."""

    def __init__(self, server: ServerProcess) -> None:
        self.url = server.health_url.removesuffix("/health")
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {KEY}"
        owner = {"user": "user", "chat": str(time.monotonic_ns())}
        opened = self.http.post(f"{self.url}/v1/sessions", json=owner, timeout=TIMEOUT)
        self.id = opened.json()["session_id"]
        self.http.headers["X-Excel-Session"] = self.id

    def rested(self) -> Chat:
        """The chat after a pause, in which the service may have closed its connections."""
        self.http.close()
        return self

    def op(self, name: str, **parameters: Any) -> dict[str, Any]:
        url = f"{self.url}/v1/operations/{name}"
        response = self.http.post(url, json=parameters, timeout=TIMEOUT)
        while response.status_code in (429, 503):  # nothing was done: try again, as it says
            time.sleep(float(response.headers.get("Retry-After", 1)))
            response = self.http.post(url, json=parameters, timeout=TIMEOUT)
        assert response.ok, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def upload(self, path: Path) -> None:
        with path.open("rb") as file:
            url = f"{self.url}/v1/files"
            response = self.http.post(url, files={"file": file}, timeout=TIMEOUT)
        assert response.ok, response.text

    def open(self, path: Path) -> None:
        self.op("open_excel_file", file=path.name)

    def edit(self, row: int, value: int) -> dict[str, Any]:
        return self.op("write_excel_range", start=f"F{row}", rows=[[value]])

    def read(self, row: int) -> None:
        answer = self.op("read_excel_range", range=f"A{row}:J{row + 19}")
        assert answer["result"]["rows"], answer

    def download(self, answer: dict[str, Any], target: Path) -> None:
        link = answer["files"][0]["download_url"]
        with (
            self.http.get(link, stream=True, timeout=TIMEOUT) as response,
            target.open("wb") as out,
        ):
            assert response.ok, response.text
            shutil.copyfileobj(response.raw, out)

    def end(self) -> None:
        self.rested().http.delete(f"{self.url}/v1/sessions/{self.id}", timeout=TIMEOUT)


# Measuring ----------------------------------------------------------------------


@dataclass
class Tally:
    """What was measured of one who takes part.

    :param seconds: of each call
    :param processor: processor seconds of all calls
    :param peaks: of memory, MB
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    processor: float = 0.0
    peaks: list[float] = field(default_factory=list)

    def add(self, pid: int, call: Callable[[], object]) -> None:
        """Take the time of a call that is worked on in the process ``pid`` and those below."""
        before, began = tree_seconds(pid), time.perf_counter()
        call()
        self.seconds.append(time.perf_counter() - began)
        self.processor += tree_seconds(pid) - before

    @property
    def time(self) -> float:
        return median(self.seconds)

    @property
    def processor_time(self) -> float:
        return self.processor / len(self.seconds)


def tree(pid: int) -> set[int]:
    """A process and all below it, by one look at all processes."""
    below: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                below.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = {pid}, [pid]
    while waiting:
        fresh = below.get(waiting.pop(), [])
        found.update(fresh)
        waiting += fresh
    return found


def tree_seconds(pid: int) -> float:
    """Processor seconds of a process and all below it, those that have ended included."""
    return sum(map(process_seconds, tree(pid)))


def process_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """The most memory that a process has had, MB (VmHWM); 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line[:5] == "VmHWM"), 0.0)


class Peaks:
    """The peaks of the processes that came to hold the data, summed.

    A process holds data if its peak grew by more than ``GREW`` while this was watching. Those
    that come and go are seen, too, if they live for a twentieth of a second.
    """

    GREW = 16.0

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._done = threading.Event()
        self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._look()

    def _look(self) -> None:
        for pid in tree(self._pid):
            now = peak(pid)
            self._first.setdefault(pid, now)
            self._last[pid] = max(now, self._last.get(pid, 0.0))

    @property
    def sum(self) -> float:
        grown = [pid for pid, last in self._last.items() if last - self._first[pid] > self.GREW]
        return sum(self._last[pid] for pid in grown)


# The table ----------------------------------------------------------------------


@dataclass
class Run:
    """One run: its files, its options, and the lines of its table."""

    folder: Path
    rounds: int
    until: float
    venv: Path | None
    small: Path
    large: Path
    missed: int = 0

    def each_round(self, *turns: Callable[[int], object]) -> None:
        """All turns, round by round, each second round in the opposite order."""
        for number in range(self.rounds):
            if number and time.monotonic() > self.until:
                print(f"out of time after {number} of {self.rounds} rounds", file=sys.stderr)
                return
            for turn in turns[:: -1 if number % 2 else 1]:
                turn(number)

    def line(self, what: str, ours: Tally, theirs: Tally, wanted: float) -> None:
        """A line about times. Who did not take part has none."""
        if theirs.seconds:
            processor = theirs.processor_time / max(ours.processor_time, 1e-4)
            times = f"{shown(ours.time)} | {shown(theirs.time)}"
            ratio = theirs.time / ours.time
            self._line(what, theirs.name, times, (ratio, f"{processor:.1f}", wanted))

    def memory_line(self, what: str, ours: Tally, theirs: Tally, wanted: float) -> None:
        if theirs.peaks:
            mine, other = median(ours.peaks), median(theirs.peaks)
            sizes = f"{mine:.0f} MB | {other:.0f} MB"
            self._line(what, theirs.name, sizes, (other / max(mine, 1.0), "", wanted))

    def _line(self, what: str, name: str, both: str, ratio: tuple[float, str, float]) -> None:
        found, processor, wanted = ratio
        met = found >= wanted
        self.missed += not met
        asked = f"{wanted:.2g}: {'met' if met else 'missed'}" if wanted else ""
        line = f"| {what} | {name} | {both} | {found:.2f} | {processor} | {asked} |"
        print(line, flush=True)


def shown(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


# What is measured ---------------------------------------------------------------


@contextmanager
def service(run: Run) -> Iterator[ServerProcess]:
    """Our service, with its defaults, in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(dir=run.folder) as folder,
        service_process(Path(folder), KEY, log_level="WARNING") as server,
    ):
        yield server


@contextmanager
def rival_server(run: Run) -> Iterator[Rival | None]:
    """The rival, if it takes part."""
    if run.venv is None:
        yield None
    else:
        with Rival(run.venv, run.folder) as rival:
            yield rival


def copied(path: Path, name: str) -> Path:
    return Path(shutil.copyfile(path, path.with_name(name)))


def check(path: Path, row: int, value: int) -> None:
    """Make sure that a file holds the value that was written, and all its rows."""
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(SHEET).to_python()
    assert rows[row - 1][5] == value, f"{path.name}: {rows[row - 1]}"
    assert rows[-1][0] == len(rows) - 1, path.name


def in_an_open_workbook(run: Run, rows: int) -> None:
    """One-cell edits, and reading 20 rows at the top and in the middle."""
    with service(run) as server, Library() as library, rival_server(run) as rival:
        chat = Chat(server)
        chat.upload(run.small)
        chat.open(run.small)
        edits(run, (chat, server.pid), library, rival)
        for place, row in (("the first 20 rows", 2), ("20 rows in the middle", rows // 2)):
            reads(run, (chat, server.pid), library, rival, f"reading {place} of it", row)


def edits(run: Run, chat: tuple[Chat, int], library: Library, rival: Rival | None) -> None:
    ours, others, rivals = Tally("ours"), Tally(OPENPYXL), Tally("rival: write_range")
    target, theirs = run.folder / "edited.xlsx", copied(run.small, "theirs.xlsx")
    last: dict[str, Any] = {}

    def our_turn(_: int) -> None:
        chat[0].rested()
        for _ in range(20):
            row = 2 + len(ours.seconds)
            ours.add(chat[1], lambda row=row: last.update(chat[0].edit(row, row)))

    def openpyxl_turn(_: int) -> None:
        row = 2 + len(others.seconds)
        call = {"path": str(run.small), "target": str(target), "row": row, "value": row}
        others.add(library.pid, lambda: library.call("edit", **call))

    def rival_turn(_: int) -> None:
        for _ in range(3 if rival else 0):
            row = 2 + len(rivals.seconds)
            call = {"path": theirs.name, "sheet": SHEET, "at": f"F{row}", "rows": [[row]]}
            rivals.add(rival.pid, lambda call=call: rival.call("write_range", **call))

    chat[0].edit(2, 0)
    run.each_round(our_turn, openpyxl_turn, rival_turn)
    check(target, 1 + len(others.seconds), 1 + len(others.seconds))
    chat[0].rested().download(last, target)
    check(target, 1 + len(ours.seconds), 1 + len(ours.seconds))
    if rival:
        check(theirs, 1 + len(rivals.seconds), 1 + len(rivals.seconds))
    what = "one-cell edit in the open small workbook"
    run.line(what, ours, others, 20)
    run.line(what, ours, rivals, 20)


def reads(
    run: Run, chat: tuple[Chat, int], library: Library, rival: Rival | None, what: str, row: int
) -> None:
    ours, others, rivals = Tally("ours"), Tally("openpyxl: read_only"), Tally("rival: read_range")

    def our_turn(_: int) -> None:
        chat[0].rested()
        for _ in range(20):
            ours.add(chat[1], lambda: chat[0].read(row))

    def openpyxl_turn(_: int) -> None:
        others.add(library.pid, lambda: library.call("read", path=str(run.small), row=row))

    def rival_turn(_: int) -> None:
        call = {"path": "theirs.xlsx", "sheet": SHEET, "range": f"A{row}:J{row + 19}"}
        for _ in range(3 if rival else 0):
            rivals.add(rival.pid, lambda: rival.call("read_range", **call))

    library.call("read", path=str(run.small), row=row)
    run.each_round(our_turn, openpyxl_turn, rival_turn)
    run.line(what, ours, others, 10)
    run.line(what, ours, rivals, 10)


def first_description(run: Run, _: int) -> None:
    """Describing a file that was never looked at before; it is uploaded already."""
    opening, describing = Tally("open"), Tally("describe")
    with service(run) as server, Library() as library:
        calamine = Tally("python-calamine: read all")

        def our_turn(_: int) -> None:
            chat = Chat(server)
            chat.upload(run.large)
            opening.add(server.pid, lambda: chat.open(run.large))
            describing.add(server.pid, lambda: chat.op("describe_excel_file"))
            chat.end()

        def calamine_turn(_: int) -> None:
            calamine.add(library.pid, lambda: library.call("read_all", path=str(run.large)))

        library.call("read_all", path=str(run.small))
        warm(server, run)
        run.each_round(our_turn, calamine_turn)
    both = Tally("both", processor=opening.processor + describing.processor)
    both.seconds = list(map(sum, zip(opening.seconds, describing.seconds, strict=True)))
    run.line("open and describe the large file for the first time", both, calamine, 1 / 3)
    run.line("the same without open", describing, calamine, 1 / 3)


def warm(server: ServerProcess, run: Run) -> None:
    """Have every engine process work once: what it loads then is there in real use."""
    chats = []
    for _ in range(os.cpu_count() or 1):  # each is given to the engine that has the least
        chats.append(chat := Chat(server))
        chat.upload(run.small)
        chat.open(run.small)
        chat.op("describe_excel_file")
        chat.download(chat.edit(3, 1), run.folder / "warm.xlsx")
    for chat in chats:
        chat.end()


def whole_way(run: Run, rows: int) -> None:
    """Open, one edit, download; each time in new processes, as their peaks are wanted."""
    ours, others, rivals = Tally("ours"), Tally(OPENPYXL), Tally("rival: write_range")
    row, target = rows // 2, run.folder / "whole.xlsx"

    def our_turn(number: int) -> None:
        with service(run) as server:
            warm(server, run)
            chat = Chat(server)

            def way() -> None:
                chat.open(run.large)
                chat.download(chat.edit(row, number), target)

            with Peaks(server.pid) as peaks:
                chat.upload(run.large)
                ours.add(server.pid, way)
            ours.peaks.append(peaks.sum)
        check(target, row, number)

    def openpyxl_turn(number: int) -> None:
        with Library() as library:
            call = {"target": str(target), "row": row, "value": number}
            library.call("edit", path=str(run.small), **call | {"row": 2})
            others.add(library.pid, lambda: library.call("edit", path=str(run.large), **call))
            others.peaks.append(peak(library.pid))
        check(target, row, number)

    def rival_turn(number: int) -> None:
        small, large = copied(run.small, "theirs.xlsx"), copied(run.large, "large-theirs.xlsx")
        call = {"path": large.name, "sheet": SHEET, "at": f"F{row}", "rows": [[number]]}
        with rival_server(run) as rival:
            if rival:
                rival.call("write_range", **call | {"path": small.name, "at": "F2"})
                rivals.add(rival.pid, lambda: rival.call("write_range", **call))
                rivals.peaks.append(peak(rival.pid))
                check(large, row, number)

    run.each_round(our_turn, openpyxl_turn, rival_turn)
    run.line("open, one edit, download of the large file", ours, others, 5)
    run.line("open, one edit, download of the large file", ours, rivals, 1)
    run.memory_line("peak memory of that", ours, others, 3)
    run.memory_line("peak memory of that", ours, rivals, 0)


PARTS = {"edit": in_an_open_workbook, "describe": first_description, "download": whole_way}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rival", type=Path, metavar="VENV", help="its virtual environment")
    parser.add_argument("--rounds", type=int, default=5, choices=range(1, 21), metavar="1..20")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the open workbook")
    parser.add_argument("--large-rows", type=int, default=100_000, help="rows of the large file")
    parser.add_argument("--minutes", type=float, default=20, help="begin no further round then")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--check", action="store_true", help="fail where a ratio is missed")
    return parser.parse_args()


def main() -> None:
    asked = options()
    venv = asked.rival.absolute() if asked.rival else None
    name = install(venv) if venv else "none was asked for (--rival VENV)"
    began, busy, own = time.perf_counter(), machine_seconds(), tree_seconds(os.getpid())
    with tempfile.TemporaryDirectory() as folder:
        small = write_workbook(Path(folder) / "small.xlsx", asked.rows)
        large = write_workbook(Path(folder) / "large.xlsx", asked.large_rows)
        until = time.monotonic() + 60 * asked.minutes
        run = Run(Path(folder), asked.rounds, until, venv, small, large)
        print(f"{os.cpu_count()} cores; rival: {name}")
        print(f"small file: {10 * asked.rows:,} cells, {small.stat().st_size / 1e6:.1f} MB")
        print(f"large file: {10 * asked.large_rows:,} cells, {large.stat().st_size / 1e6:.1f} MB")
        print("\n| what | against | ours | theirs | ratio | of processor time | wanted |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for part in asked.only:
            PARTS[part](run, asked.rows if part == "edit" else asked.large_rows)
    others = machine_seconds() - busy - (tree_seconds(os.getpid()) - own)
    cores = max(others, 0) / (time.perf_counter() - began)
    print(f"\nMeanwhile other programs used {cores:.1f} cores.")
    if asked.check and run.missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
