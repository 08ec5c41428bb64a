"""The same work side by side: our service, excel-mcp-server, plain openpyxl.

One call at a time in an open workbook, and a thousand operations of twenty chats at once. What
each has made is read back and compared, so that all did the same.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.large import peak, tree, tree_seconds, write_workbook
from benchmarks.parallel import KEY
from benchmarks.rival import Library, Rival
from benchmarks.starting import patient
from benchmarks.tables import Cell, Table, met, ms, percentile, ratio
from benchmarks.work import MIX, Ours, Plain, Theirs, Worker, check_same, do, new_row, plan, timed
from tests.processes import ServerProcess, service_process

FASTER, MORE = 20, 10  # the criteria: a one-cell edit, operations a second
NAMES = ["ours", "excel-mcp-server", "openpyxl"]


@dataclass(frozen=True)
class Scale:
    """How much is done.

    :param rows: of ten columns, of the open workbook
    :param rounds: in each of which everyone has its turn, every second one in turned order
    :param mixed: (rows of each workbook, operations of all chats together)
    :param openpyxl_most: rows up to which plain openpyxl does the mixed operations, too
    """

    rows: int = 10_000
    rounds: int = 5
    chats: int = 20
    mixed: tuple[tuple[int, int], ...] = ((100, 1000), (1_000, 1000), (10_000, 200))
    openpyxl_most: int = 1_000


TINY = Scale(rows=60, rounds=1, chats=2, mixed=((60, 40),), openpyxl_most=60)


@dataclass
class Three:
    """The three at work; a server that is not there is None."""

    folder: Path
    service: ServerProcess
    rival: Rival | None
    libraries: list[Library]

    def workers(self, path: Path, rows: int, name: str) -> list[Worker | None]:
        """Each with a copy of a workbook that is called ``name``; ours has it open."""
        for who in ("ours", "theirs", "plain"):
            shutil.copyfile(path, self.folder / f"{name}-{who}.xlsx")
        ours = Ours(self.service, self.folder / f"{name}-ours.xlsx")
        theirs = (
            Theirs(self.rival, self.folder / f"{name}-theirs.xlsx", rows) if self.rival else None
        )
        library = self.libraries[_number(name) % len(self.libraries)]
        return [ours, theirs, Plain(library, self.folder / f"{name}-plain.xlsx")]

    def pids(self) -> list[list[int]]:
        """Ids of the processes of each."""
        rival = [self.rival.pid] if self.rival else []
        return [[self.service.pid], rival, [library.pid for library in self.libraries]]


def _number(name: str) -> int:
    return int("".join(c for c in name if c.isdigit()) or 0)


@contextmanager
def three(venv: Path | None, libraries: int = 1) -> Iterator[Three]:
    """Our service with its defaults, the rival with its own, and processes with openpyxl."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "files").mkdir()
        service = stack.enter_context(patient(service_process(folder, KEY, log_level="WARNING")))
        rival = stack.enter_context(Rival(venv, folder / "files")) if venv else None
        found = [stack.enter_context(Library()) for _ in range(libraries)]
        yield Three(folder / "files", service, rival, found)


# One call at a time -----------------------------------------------------------------


def calls(rows: int) -> dict[str, tuple[int, Callable[[Worker, int], Any]]]:
    """What is measured: how often in a round, and what to do with the number of the time."""
    return {
        "one-cell edit": (4, lambda worker, n: worker.edit(2 + n, n)),
        "20 rows read, at the top": (4, lambda worker, n: worker.read(2)),
        "20 rows read, in the middle": (4, lambda worker, n: worker.read(rows // 2)),
        "a row appended": (2, lambda worker, n: worker.append(new_row(n))),
        "10 cells formatted": (2, lambda worker, n: worker.format(2 + 11 * n)),
        "a formula": (2, lambda worker, n: worker.formula(2 + n)),
        "a column chart": (1, lambda worker, n: worker.chart(f"N{2 + 20 * n}")),
        "the sheet as CSV": (1, lambda worker, n: worker.csv()),
        "the workbook as a file": (1, lambda worker, n: worker.file()),
        "a table of all rows": (0, lambda worker, n: worker.table()),
        "a pivot table of all rows": (0, lambda worker, n: worker.pivot()),
    }


def one_at_a_time(venv: Path | None, scale: Scale) -> Table:
    """Each operation alone, in an open workbook."""
    columns = ["operation", "ours ms", "rival ms", "openpyxl ms", "rival / ours", "openpyxl / ours"]
    title = f"One operation at a time in an open workbook of {10 * scale.rows:,} cells (medians)"
    table = Table("one_at_a_time", title, [*columns, "criterion"])
    with three(venv) as all_:
        path = write_workbook(all_.folder / "base.xlsx", scale.rows)
        workers = all_.workers(path, scale.rows, "open")
        _began(workers)
        for name, (times, call) in calls(scale.rows).items():
            if times:
                taken = _taken(workers, call, times, scale.rounds)
            else:
                taken = _taken_once(all_, path, scale, call)
            table.add(name, *_compared(taken), "")
        _same(workers)
    edit = table.rows[0]
    edit[-1] = met(edit[4] if isinstance(edit[4], float) else None, FASTER)
    table.note = (
        "Tables and pivot tables are made in a workbook opened anew each time. The rival's client "
        "keeps count of the rows itself. openpyxl writes no pivot tables and calculates nothing."
    )
    return table


def _began(workers: list[Worker | None]) -> None:
    """Have everyone do something once; ours opens its workbook."""
    for worker in workers:
        if isinstance(worker, Ours):
            worker.open()
        if worker is not None:
            worker.edit(2, 1)
            worker.read(2)


def _taken(
    workers: list[Worker | None], call: Callable[[Worker, int], Any], times: int, rounds: int
) -> list[list[float]]:
    """Seconds of each call of each, round by round, every second round in turned order."""
    taken: list[list[float]] = [[] for _ in workers]
    for number in range(rounds):
        order = list(enumerate(workers))[:: -1 if number % 2 else 1]
        for index, worker in order:
            for again in range(times if worker is not None else 0):
                taken[index].append(timed(call, worker, number * times + again))
    return taken


def _taken_once(
    all_: Three, path: Path, scale: Scale, call: Callable[[Worker, int], Any]
) -> list[list[float]]:
    """The same for what can be done once in a workbook: each time in another one."""
    taken: list[list[float]] = [[] for _ in NAMES]
    for number in range(scale.rounds):
        workers = all_.workers(path, scale.rows, f"once{number}")
        _began(workers)
        for index, worker in enumerate(workers):
            try:
                taken[index] += [] if worker is None else [timed(call, worker, number)]
            except NotImplementedError:
                workers[index] = None
        _same(workers)
        for worker in workers:
            if isinstance(worker, Ours):
                worker.chat.end()
    return taken


def _compared(taken: list[list[float]]) -> list[Cell]:
    times = [ms(seconds) for seconds in taken]
    return [*times, ratio(times[1], times[0]), ratio(times[2], times[0])]


def _same(workers: list[Worker | None]) -> None:
    there = [(name, one) for name, one in zip(NAMES, workers, strict=True) if one is not None]
    check_same([name for name, _ in there], [one.file() for _, one in there])


# Many chats at once -----------------------------------------------------------------


def mixed(venv: Path | None, scale: Scale) -> Table:
    """Operations of many chats at once, each with a workbook of its own."""
    columns = ["workbooks", "who", "operations/s", "p50 ms", "p95 ms", "processor s", "memory MB"]
    title = f"Mixed operations of {scale.chats} chats at once, a workbook each"
    table = Table("mixed", title, [*columns, "ours / theirs", "criterion"])
    for rows, count in scale.mixed:
        plain = rows <= scale.openpyxl_most
        _mixed(table, venv, scale, rows, count, plain=plain)
    words = ", ".join(f"{share} % {name}" for name, share in MIX.items())
    table.note = (
        f"{words}; the same for all, who have done each once before. Ours includes opening the "
        "workbooks and saving them at the end, as the others save at each change. openpyxl has a "
        "process for each core. Memory is the peak of all processes together."
    )
    return table


def _mixed(
    table: Table, venv: Path | None, scale: Scale, rows: int, count: int, *, plain: bool
) -> None:
    with three(venv, libraries=2) as all_:
        _warm(all_)
        path = write_workbook(all_.folder / "base.xlsx", rows)
        teams = [all_.workers(path, rows, f"chat{n}") for n in range(scale.chats)]
        first = 0.0
        for index, name in enumerate(NAMES):
            team = [workers[index] for workers in teams if workers[index] is not None]
            if not team or (name == "openpyxl" and not plain):
                for workers in teams:
                    workers[index] = None
                continue
            found = _worked(team, count // scale.chats, rows, all_.pids()[index])
            first = first or found[0]
            faster = first / found[0]
            word = met(faster, MORE) if index == 1 else ""
            what = f"{10 * rows:,} cells, {count:,} operations"
            table.add(what, name, *found, faster if index else None, word)
        for workers in teams[:: max(1, scale.chats // 5)]:
            _same(workers)


def _warm(all_: Three) -> None:
    """Have each process do each kind of operation once: what it loads is there in real use."""
    path = write_workbook(all_.folder / "warm.xlsx", 40)
    for number in range(2):
        for worker in all_.workers(path, 40, f"warm{number}"):
            if isinstance(worker, Ours):
                worker.open()
            for name in MIX if worker is not None else ():
                do(worker, (name, 5), 1)
            if isinstance(worker, Ours):
                worker.save()


def _worked(team: list[Worker], each: int, rows: int, pids: list[int]) -> list[float]:
    """Operations a second, percentiles, seconds of the processor, and the peak of memory."""
    before = sum(map(tree_seconds, pids))
    with ThreadPoolExecutor(len(team)) as threads:
        began = time.perf_counter()
        work = threads.map(_chat, team, range(len(team)), [each] * len(team), [rows] * len(team))
        seconds = sorted(itertools.chain.from_iterable(work))
        passed = time.perf_counter() - began
    processor = sum(map(tree_seconds, pids)) - before
    memory = sum(peak(one) for pid in pids for one in tree(pid))
    speed = each * len(team) / passed
    return [speed, percentile(seconds, 50), percentile(seconds, 95), processor, memory]


def _chat(worker: Worker, number: int, each: int, rows: int) -> list[float]:
    """All that one chat does; seconds of each operation."""
    if isinstance(worker, Ours):
        worker.open()
    steps = enumerate(plan(number, each, rows))
    taken = [timed(do, worker, step, index) for index, step in steps]
    if isinstance(worker, Ours):
        worker.save()
    return taken


def measured(venv: Path | None, *, tiny: bool = False) -> Iterator[Table]:
    """Both tables."""
    scale = TINY if tiny else Scale()
    yield one_at_a_time(venv, scale)
    yield mixed(venv, scale)
