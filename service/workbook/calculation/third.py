"""The third calculator, where it is installed: LibreOffice, which converts a file once.

It is asked for cells that the other two leave open. It takes more than a second, so what it
answers is kept until something that these cells read has changed.
"""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

from service.workbook import libreoffice
from service.workbook.calculation import package
from service.workbook.calculation.graph import Formulas
from service.workbook.calculation.held import values_in
from service.workbook.calculation.problem import Problem, Task
from service.workbook.calculation.results import Address, Computed
from service.workbook.calculation.source import is_1904
from service.workbook.calculation.syntax import function, parts

log = logging.getLogger("excel_tools.calculation")

_PROBES = "_functions"


class ThirdCalculator:
    """LibreOffice without a window, started for each question."""

    def __init__(self, program: str) -> None:
        self._program = program

    def __repr__(self) -> str:
        return f"<ThirdCalculator {self._program}>"

    def calculate(
        self, problem: Problem, formulas: Formulas, until: float
    ) -> dict[Address, Computed] | None:
        """Results of the formulas as they stand in the file; None if there are none in time.

        :param problem: for its values and pinned results; names and tables are left to
            LibreOffice, so that it is independent of how they were replaced for the others
        """
        tasks = {
            address: Task(formula.text, formula.kind, formula.area)
            for address, (formula, _) in formulas.items()
            if address in problem.tasks
        }
        calls = _calls(tasks)
        found = self._calculated(_content(problem, tasks, calls), until)
        if found is None:
            return None
        probed = enumerate(calls, start=1)
        missing = {name for row, name in probed if found.get((_PROBES, row, 1)) == "#NAME?"}
        return {
            address: _computed(found.get(address), task, missing) for address, task in tasks.items()
        }

    def _calculated(self, content: package.Content, until: float) -> dict[Address, object] | None:
        with tempfile.TemporaryDirectory(prefix="excel-tools-") as name:
            asked, answered = Path(name, "question.xlsx"), Path(name, "answer")
            answered.mkdir()
            package.write(asked, content)
            seconds = max(0.1, until - time.monotonic())
            try:
                path = libreoffice.convert(
                    asked,
                    "xlsx",
                    answered,
                    seconds=seconds,
                    program=self._program,
                    recalculate=True,
                )
            except libreoffice.LibreOfficeError as error:
                log.info("LibreOffice did not calculate: %s", error)
                return None
            try:
                return values_in(path)
            except Exception as error:  # noqa: BLE001 - whatever the editor makes of it
                log.warning("LibreOffice's answer can't be read: %r", error)
                return None


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
    program = libreoffice.found_program(setting)
    _shared[:] = [ThirdCalculator(program)] if program else []


def shared() -> ThirdCalculator | None:
    """The one of this process; None where there is none, or it is not to be used."""
    return _shared[0] if _shared else None
