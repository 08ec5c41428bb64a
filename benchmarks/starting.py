"""From the command to the first answer: time and memory, and what a start consists of.

``python -m service`` as it stands here; the container's command in a folder such as the image
has (no compiled modules of ours, none are written); excel-mcp-server with its own defaults.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

from benchmarks.large import Chat, tree, write_workbook
from benchmarks.parallel import KEY
from benchmarks.rival import Rival
from benchmarks.tables import Table, ms
from benchmarks.work import Ours, Theirs, timed
from tests.processes import ROOT, ServerProcess, service_process

Figures = list[float]
Way = Callable[[Path], Figures]
_DEADLINE = 300.0


class Quick(ServerProcess):
    """Looks a hundred times a second whether it listens: a tenth of a second would be too coarse.

    Only then it is asked whether it is ready, as asking costs more than looking.
    """

    def _wait_until_ready(self, process: Popen[bytes]) -> None:
        place = urlsplit(self.health_url)
        end = time.monotonic() + self.deadline
        while time.monotonic() < end and process.poll() is None:
            try:
                socket.create_connection((place.hostname or "", place.port or 0), timeout=2).close()
                break
            except OSError:
                time.sleep(0.01)
        super()._wait_until_ready(process)


def _ours(folder: Path) -> Quick:
    return _quick(service_process(folder, KEY), ROOT)


def _as_in_the_image(folder: Path) -> Quick:
    """The command of the Dockerfile with its environment, beside copies of what it copies."""
    for name in ("service", "openwebui_tool"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "app" / name, ignore=ignored)
    found = _quick(service_process(folder, KEY), folder / "app")
    (line,) = [
        text[4:] for text in (ROOT / "Dockerfile").read_text().splitlines() if text[:4] == "CMD "
    ]
    program, *options = json.loads(line)
    assert program == "python"
    found.command = [sys.executable, *options]
    found.env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": ""}
    return found


def _quick(process: ServerProcess, cwd: Path) -> Quick:
    return Quick(
        process.command,
        env=process.env,
        health_url=process.health_url,
        log=process.log,
        cwd=cwd,
        deadline=_DEADLINE,
    )


def _first_answers(process: Quick, folder: Path) -> Figures:
    """Ready, first answer of an operation and second one, ms; memory at rest and after, MB."""
    path = write_workbook(folder / "first.xlsx", 20)
    began = time.perf_counter()
    with process as server:
        ready = time.perf_counter() - began
        rest = memory(server.pid)

        def first() -> None:
            chat = Chat(server)
            chat.upload(path)
            chat.open(path)
            chat.edit(2, 1)

        times = [ready, timed(first), timed(first)]
        return [*(1000 * seconds for seconds in times), rest, memory(server.pid)]


def _first_answers_of_rival(venv: Path, folder: Path) -> Figures:
    path = write_workbook(folder / "first.xlsx", 20)
    rival = Rival(venv, folder)
    rival.pause = 0.01
    began = time.perf_counter()
    with rival:
        ready = time.perf_counter() - began
        rest = memory(rival.pid)
        theirs = Theirs(rival, path, 20)
        times = [ready, timed(theirs.edit, 2, 1), timed(theirs.edit, 2, 1)]
        return [*(1000 * seconds for seconds in times), rest, memory(rival.pid)]


def patient(process: ServerProcess) -> ServerProcess:
    """With more time to start, on a machine that has other things to do."""
    process.deadline = _DEADLINE
    return process


def memory(pid: int) -> float:
    """Memory of a process and all below it, MB; what they share counts once (PSS)."""
    found = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        found += sum(int(line.split()[1]) for line in lines if line[:4] == "Pss:")
    return found * 1.024e-3


def start_up(venv: Path | None, rounds: int) -> Table:
    """From the command to the first answer."""
    columns = ["command", "ready ms", "first operation ms", "second ms", "MB at rest", "MB after"]
    table = Table("starting", "From the command to the first answer (medians)", columns)
    ways: dict[str, Way] = {
        "python -m service": lambda folder: _first_answers(_ours(folder), folder),
        "as in the container": lambda folder: _first_answers(_as_in_the_image(folder), folder),
    }
    if venv is not None:
        ways["excel-mcp-server"] = lambda folder: _first_answers_of_rival(venv, folder)
    for name, way in ways.items():
        table.add(name, *_medians(way, rounds))
    table.note = (
        "An operation of ours: session, upload, opening, one cell; of the rival: one cell in a "
        "file that is there. Memory is what all processes take together (PSS), engines included."
    )
    return table


def _medians(way: Way, rounds: int) -> Figures:
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(way(Path(folder)))
    return [(ms(column) or 0.0) / 1000 for column in zip(*found, strict=True)]


def held(venv: Path | None, sizes: tuple[int, ...]) -> Table:
    """Memory of all processes with one workbook open."""
    columns = ["cells", "ours MB", "rival MB after an edit"]
    table = Table("memory", "Memory with one workbook open and edited", columns)
    for rows in sizes:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            path = write_workbook(folder / "held.xlsx", rows)
            server = stack.enter_context(patient(service_process(folder, KEY, engines="1")))
            ours = Ours(server, path)
            ours.open()
            ours.edit(2, 1)
            theirs = None
            if venv is not None:
                rival = stack.enter_context(Rival(venv, folder))
                Theirs(rival, path, rows).edit(2, 1)
                theirs = memory(rival.pid)
            table.add(10 * rows, memory(server.pid), theirs)
    table.note = "One engine. The rival holds nothing open: what it takes is what stays."
    return table


def measured(venv: Path | None, *, tiny: bool = False) -> Iterator[Table]:
    """Both tables."""
    yield start_up(venv, 1 if tiny else 5)
    yield held(venv, (50,) if tiny else (1_000, 10_000, 100_000))
