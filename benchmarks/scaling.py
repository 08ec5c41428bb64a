"""How our service behaves with more: rows, sessions, users, engines.

Rows: one workbook of 4 columns. Sessions: idle ones, and the memory each takes in the service
and in its engines. Users: as many at once as given, each with a workbook. Engines: two workbooks
at once in one engine process and in two.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from benchmarks import parallel
from benchmarks.large import Chat, Peaks, tree, write_workbook
from benchmarks.parallel import KEY
from benchmarks.starting import patient
from benchmarks.tables import Table, ms, percentile
from benchmarks.work import Ours, do, plan, timed
from tests.processes import ServerProcess, service_process

IDLE_KB = 100  # the criterion: memory of an idle session
_CELLS = 5_000_000  # a workbook of a million rows has more than the usual limit


@dataclass(frozen=True)
class Scale:
    """How much is done.

    :param rows: of four columns, the first is the headers'
    :param sessions: (how many to warm up, how many idle ones in each line)
    :param users: how many at once in each line, and the operations of each
    """

    rows: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    sessions: tuple[int, ...] = (100, 250, 250, 500)
    users: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    each: int = 40
    engines: bool = True


TINY = Scale(rows=(50,), sessions=(2, 3), users=(1, 2), each=4, engines=False)


@contextmanager
def service(**settings: str) -> Iterator[tuple[ServerProcess, Path]]:
    """Our service in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        settings = {"log_level": "WARNING", **settings}
        with patient(service_process(Path(name), KEY, **settings)) as server:
            yield server, Path(name)


# Rows -------------------------------------------------------------------------------


def by_rows(scale: Scale) -> Table:
    """One workbook that has more and more rows."""
    columns = ["rows", "cells", "file MB", "open ms", "describe ms", "edit ms", "20 rows read ms"]
    columns += ["group by ms", "edit and file ms", "engine MB"]
    table = Table("rows", "One workbook of four columns, with more and more rows", columns)
    for rows in scale.rows:
        with service(max_cells=str(_CELLS)) as (server, folder):
            table.add(rows, 4 * rows, *_with_rows(server, folder, rows))
    table.note = (
        "The first time of each but editing and reading, which are medians of 20. The limit of "
        "cells is raised for the last line. The engine's memory is its peak over all of it."
    )
    return table


def _with_rows(server: ServerProcess, folder: Path, rows: int) -> list[float]:
    path = _four_columns(folder / "rows.xlsx", rows)
    warm = Ours(server, write_workbook(folder / "warm.xlsx", 20))
    warm.open()
    warm.chat.op("describe_excel_file")
    chat = Chat(server)
    with Peaks(server.pid) as peaks:
        chat.upload(path)
        times = [timed(chat.open, path), timed(chat.op, "describe_excel_file")]
        edit = lambda row: chat.op("write_excel_range", start=f"C{row}", rows=[[row]])  # noqa: E731
        read = lambda row: chat.op("read_excel_range", range=f"A{row}:D{row + 19}")  # noqa: E731
        edit(2)
        for call in (edit, read):
            times.append((ms([timed(call, 2 + n) for n in range(20)]) or 0.0) / 1000)
        sql = "SELECT region, sum(units) FROM orders GROUP BY 1"
        times.append(timed(lambda: chat.op("query_excel_data", sql=sql)))
        times.append(timed(lambda: chat.download(edit(3), folder / "out.xlsx")))
    return [path.stat().st_size / 1e6, *(1000 * seconds for seconds in times), peaks.sum]


def _four_columns(path: Path, rows: int) -> Path:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Orders")
    sheet.write_row(0, 0, ["Order", "Region", "Units", "Price"])
    for row in range(1, rows + 1):
        region = ("North", "South", "East", "West")[row * 7 % 4]
        sheet.write_row(row, 0, [row, region, row * 13 % 500, round(row * 0.37 % 900, 2)])
    book.close()
    return path


# Sessions ---------------------------------------------------------------------------


def by_sessions(scale: Scale) -> Table:
    """Idle sessions, each with an open workbook of 400 cells."""
    columns = ["idle sessions", "service MB", "engines MB", "KB more each", "disk KB each"]
    title = "Idle sessions, each with an open workbook of 400 cells"
    table = Table("sessions", title, [*columns, "made in ms", "edit in an old one ms", "criterion"])
    rows = [[f"text {number}", number] for number in range(200)]
    with service(sessions_per_user="10000") as (server, folder):
        chats: list[Chat] = []
        before = 0.0
        for step in scale.sessions:
            times = [timed(lambda: chats.append(_idle(server, rows))) for _ in range(step)]
            own, engines = _memory(server)
            each = (own + engines - before) * 1000 / step if before else None
            edit = ms([timed(_edited, chat) for chat in chats[: min(10, step)]])
            # What was made to answer counts for the next line, not for this one.
            before = sum(_memory(server))
            disk = _disk_kb(folder / "data") / len(chats)
            word = "" if each is None else "met" if each < IDLE_KB else "MISSED"
            word = f"{word} (less than {IDLE_KB} KB)" if word else "the first fill the engines"
            table.add(len(chats), own, engines, each, disk, ms(times), edit, word)
    table.note = (
        "Memory is resident, of the service's processes and of its engines' (with the fork "
        "server), after so many sessions; an engine keeps 32 workbooks at most, the others come "
        "back from their journals."
    )
    return table


def _idle(server: ServerProcess, rows: list[list[Any]]) -> Chat:
    chat = Chat(server)
    chat.op("create_excel_file", filename="idle.xlsx", rows=rows)
    return chat.rested()


def _edited(chat: Chat) -> None:
    chat.op("write_excel_range", start="C1", rows=[[1]])
    chat.rested()


def _memory(server: ServerProcess) -> tuple[float, float]:
    """(the service's, its engines') resident memory in MB; gunicorn and its worker are two."""
    found = {True: 0.0, False: 0.0}
    for pid in tree(server.pid):
        found[_is_engine(pid)] += _resident(pid)
    return found[False], found[True]


def _is_engine(pid: int) -> bool:
    """Whether a process is one of the engines', and not the service's own."""
    try:
        return b"multiprocessing" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) * 1.024e-3 for line in lines if line[:6] == "VmRSS:"), 0.0)


def _disk_kb(folder: Path) -> float:
    return sum(path.stat().st_blocks for path in folder.rglob("*") if path.is_file()) / 2


# Users ------------------------------------------------------------------------------


def by_users(scale: Scale) -> Table:
    """Users who work at once without pause, each in a workbook of 1,000 cells."""
    columns = ["users at once", "operations/s", "p50 ms", "p95 ms", "p99 ms", "errors"]
    title = "Users who work at once without pause, each in a workbook of 1,000 cells"
    table = Table("users", title, [*columns, "slowest / quickest user"])
    with service() as (server, folder):
        path = write_workbook(folder / "user.xlsx", 100)
        for users in scale.users:
            table.add(users, *_at_once(server, path, users, scale.each))
    table.note = (
        "Nobody thinks in between, so a user here is a dozen or more in an office. The client "
        "runs on the same cores. benchmarks/many_users.py asks more of it, if it is there."
    )
    return table


def _at_once(server: ServerProcess, path: Path, users: int, each: int) -> list[float]:
    chats = [Ours(server, path) for _ in range(users)]
    for one in chats:
        one.open()
        one.chat.rested()
    errors: list[str] = []

    def work(one: Ours, number: int) -> tuple[list[float], float]:
        began, taken = time.perf_counter(), []
        for index, step in enumerate(plan(number, each, 100)):
            try:
                taken.append(timed(do, one, step, index))
            except AssertionError as error:
                errors.append(str(error))
        return taken, time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(users) as threads:
        found = list(threads.map(work, chats, range(users)))
    passed = time.perf_counter() - began
    for one in chats:
        one.chat.end()
    seconds = sorted(second for taken, _ in found for second in taken)
    whole = sorted(second for _, second in found)
    percents = [percentile(seconds, percent) for percent in (50, 95, 99)]
    return [len(seconds) / passed, *percents, len(errors), whole[-1] / whole[0]]


# Engines ----------------------------------------------------------------------------


def by_engines() -> Table:
    """Two workbooks worked on at once."""
    columns = ["engines", "one alone s", "two at once s", "ratio"]
    table = Table("engines", "Two chats with a workbook of 10,000 cells each", columns)
    for engines in (1, 2):
        alone, together = parallel.service(engines, parallel.two_workbooks)
        table.add(engines, alone.seconds, together.seconds, together.seconds / alone.seconds)
    table.note = "1 would be as long as one alone: a core for each. 2 is one after the other."
    return table


def measured(venv: Path | None, *, tiny: bool = False) -> Iterator[Table]:
    """The four tables; nobody else takes part."""
    scale = TINY if tiny else Scale()
    yield by_rows(scale)
    yield by_sessions(scale)
    yield by_users(scale)
    if scale.engines:
        yield by_engines()
