"""The third calculator, where it is installed: LibreOffice, which converts a file once.

It is asked for cells that the other two leave open. It takes more than a second, so what it
answers is kept until something that these cells read has changed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from service.workbook.calculation import package
from service.workbook.calculation.cached import cached_values
from service.workbook.calculation.graph import Formulas
from service.workbook.calculation.problem import Problem, Task
from service.workbook.calculation.results import Address, Computed
from service.workbook.calculation.source import is_1904
from service.workbook.calculation.syntax import function, parts
from service.workbook.libreoffice import write_profile

_PROBES = "_functions"
# Seconds of processor time: what the deadline did not end, because the engine itself was
# ended meanwhile, ends by this.
_CPU_SECONDS = 60
_LIMITED = (
    "import os, resource, sys\n"
    f"resource.setrlimit(resource.RLIMIT_CPU, ({_CPU_SECONDS}, {_CPU_SECONDS}))\n"
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


def find_libreoffice(setting: str) -> str:
    """The program's path; "" where there is none.

    :param setting: "off", "auto" for what is installed, or a path
    """
    if setting == "off":
        return ""
    if setting != "auto":
        return setting
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


class ThirdCalculator:
    """LibreOffice without a window, started for each question, with a profile of its own."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __repr__(self) -> str:
        return f"<ThirdCalculator {self._program}>"

    def close(self) -> None:
        """Remove the profile."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def calculate(
        self, problem: Problem, formulas: Formulas, until: float
    ) -> dict[Address, Computed] | None:
        """Results of the formulas as they stand in the file; None if there are none in time.

        :param problem: for its values and pinned results; names and tables are left to
            LibreOffice, so that it is independent of how they were replaced for the others
        """
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="excel-tools-")
            write_profile(Path(self._folder.name) / "profile", recalculate=True)
        folder = Path(self._folder.name)
        asked, answered = folder / "question.xlsx", folder / "answer" / "question.xlsx"
        answered.unlink(missing_ok=True)
        tasks = {
            address: Task(formula.text, formula.kind, formula.area)
            for address, (formula, _) in formulas.items()
            if address in problem.tasks
        }
        calls = _calls(tasks)
        package.write(asked, _content(problem, tasks, calls))
        if not self._convert(folder, asked, until) or not answered.exists():
            return None
        found = cached_values(answered).values
        probed = enumerate(calls, start=1)
        missing = {name for row, name in probed if found.get((_PROBES, row, 1)) == "#NAME?"}
        return {
            address: _computed(found.get(address), task, missing) for address, task in tasks.items()
        }

    def _convert(self, folder: Path, asked: Path, until: float) -> bool:
        arguments = [
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--norestore", "--convert-to", "xlsx:Calc MS Excel 2007 XML"),
            *("--outdir", str(folder / "answer"), str(asked)),
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", _LIMITED, self._program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"},
        )
        try:
            return process.wait(max(0.1, until - time.monotonic())) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    """End LibreOffice's whole group of processes: it starts others."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _calls(tasks: dict[Address, Task]) -> dict[str, str]:
    """How each function that is called is stored, by its name."""
    found: dict[str, str] = {}
    for task in tasks.values():
        for part in parts(task.text):
            if part.kind == "call" and not part.text.startswith("_xlpm."):
                found[function(part.text)] = part.text
    return found


def _content(
    problem: Problem, tasks: dict[Address, Task], calls: dict[str, str]
) -> package.Content:
    by_sheet: dict[str, dict[tuple[int, int], Task]] = {}
    for address, task in tasks.items():
        by_sheet.setdefault(address[0], {})[address[1:]] = task
    by_sheet[_PROBES] = {
        (row, 1): Task(f"={call})") for row, call in enumerate(calls.values(), start=1)
    }
    source = problem.source
    return package.Content(
        [*source.sheets, _PROBES],
        {sheet: problem.values(sheet) for sheet in source.sheets},
        by_sheet,
        is_1904(source.epoch),
        source.tables(),
        source.names(),
    )


def _computed(value: object, task: Task, missing: set[str]) -> Computed:
    lacking = sorted(
        function(part.text)
        for part in parts(task.text)
        if part.kind == "call" and function(part.text) in missing
    )
    if lacking:
        return Computed(unknown=f"LibreOffice has no function {', '.join(lacking)}")
    if value is None or value == "#NAME?":
        return Computed(unknown="LibreOffice gave no value")
    return Computed(str(value) if isinstance(value, str) else value)


# The one of this process, set up at its start.
_shared: list[ThirdCalculator] = []


def use(setting: str) -> None:
    """Use LibreOffice in this process, as the setting says; without this it is not asked."""
    for calculator in _shared:
        calculator.close()
    _shared[:] = [ThirdCalculator(program)] if (program := find_libreoffice(setting)) else []


def shared() -> ThirdCalculator | None:
    """The one of this process; None where there is none, or it is not to be used."""
    return _shared[0] if _shared else None
