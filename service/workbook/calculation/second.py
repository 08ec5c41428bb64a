"""The second opinion: IronCalc in a process of its own, which may be killed at any time."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.workbook.calculation import days_off, package
from service.workbook.calculation.problem import Problem, Task
from service.workbook.calculation.results import ERRORS, Address, Computed
from service.workbook.calculation.source import is_1904

log = logging.getLogger("excel_tools.calculation")

MEMORY_MB = 512
# Longer than anybody waits: an answer that comes late serves the next question.
LONGEST = 30.0
_CHILD = "service.workbook.calculation.ironcalc_child"
_ROOT = str(Path(__file__).resolve().parents[3])
# Functions that it lacks are known before, so #NAME? is no sign of one.
_LACKING = frozenset({"#N/IMPL!", "#ERROR!", "#CIRC!"})


@dataclass
class Ticket:
    """A question that was put to the process.

    :param answer: the results, once they are there
    :param failed: why there are none, and will be none
    :param superseded: the process was needed for another question
    """

    cells: list[Address]
    owners: list[Address]
    functions: dict[Address, frozenset[str]]
    answer: dict[Address, Computed] | None = None
    failed: str = ""
    superseded: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> bool:
        return self.answer is not None or bool(self.failed)


class SecondCalculator:
    """One child process, started when it is first asked and again after it has died."""

    def __init__(self, memory_mb: int = MEMORY_MB) -> None:
        self._memory_mb = memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._ticket: Ticket | None = None
        self._read = b""
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __repr__(self) -> str:
        return f"<SecondCalculator running={self._process is not None}>"

    def ask(self, problem: Problem) -> Ticket:
        """Put a question; what was asked before and is not answered is given up."""
        if self._ticket is not None and not self._ticket.done:
            self._ticket.superseded = True
            self._stop("another question came")
        ticket, request = self._question(problem)
        self._ticket = ticket
        try:
            self._send(request)
        except OSError as error:
            self._stop(f"it can't be started ({error.strerror})")
        return ticket

    def wait(self, ticket: Ticket, until: float) -> bool:
        """Whether there is an answer, or none to come, by ``until`` of ``time.monotonic()``."""
        while not ticket.done and ticket is self._ticket:
            if time.monotonic() - ticket.started > LONGEST:
                self._stop("it took too long")
            elif not self._receive(max(0.0, until - time.monotonic())):
                break
        return ticket.done

    def close(self) -> None:
        """End the process."""
        self._stop("it was closed")
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # The question

    def _question(self, problem: Problem) -> tuple[Ticket, dict[str, Any]]:
        by_sheet: dict[str, dict[tuple[int, int], Task]] = {}
        cells: list[Address] = []
        owners: list[Address] = []
        functions: dict[Address, frozenset[str]] = {}
        tasks = problem.tasks | days_off.spelled(problem.tasks, problem.values, problem.epoch)
        for address, task in tasks.items():
            by_sheet.setdefault(address[0], {})[address[1:]] = task
            functions[address] = task.functions
            for cell in _cells(address, task):
                cells.append(cell)
                owners.append(address)
        values = {sheet: problem.values(sheet) for sheet in problem.sheets}
        date1904 = is_1904(problem.epoch)
        content = package.Content(problem.sheets, values, by_sheet, date1904, placeholder=0)
        path = Path(self._place()) / "question.xlsx"
        package.write(path, content)
        index = {title: number for number, title in enumerate(problem.sheets)}
        request = {
            "path": str(path),
            "cells": [(index[title], row, column) for title, row, column in cells],
            "functions": sorted(set().union(*functions.values())),
            "seconds": LONGEST,
        }
        return Ticket(cells, owners, functions), request

    def _place(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="excel-tools-")
        return self._folder.name

    def _send(self, request: dict[str, Any]) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._discard()
            self._process = subprocess.Popen(
                [sys.executable, "-m", _CHILD, str(self._memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                start_new_session=True,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            )
        return self._process

    # The answer

    def _receive(self, seconds: float) -> bool:
        """Read what is there; False if nothing came in time."""
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            if not selector.select(seconds):
                return False
        data = os.read(descriptor, 1 << 20)
        if not data:
            self._stop("it ended, most likely for lack of memory")
            return True
        self._read += data
        if self._read.endswith(b"\n"):
            line, self._read = self._read, b""
            self._take(json.loads(line))
        return True

    def _take(self, answer: dict[str, Any]) -> None:
        ticket = self._ticket
        assert ticket is not None
        if "failed" in answer:
            ticket.failed = f"it failed ({answer['failed']})"
            self._discard()  # after a panic nothing is certain
            return
        missing = frozenset(answer["missing"])
        ticket.answer = {
            cell: _computed(value, ticket.functions[owner] & missing)
            for cell, owner, value in zip(
                ticket.cells, ticket.owners, answer["values"], strict=True
            )
        }

    def _stop(self, why: str) -> None:
        if self._ticket is not None and not self._ticket.done:
            self._ticket.failed = why
            log.info("a second opinion was given up: %s", why)
        self._discard()

    def _discard(self) -> None:
        process, self._process, self._read = self._process, None, b""
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # of a question that was not read
                    stream.close()


def _cells(address: Address, task: Task) -> list[Address]:
    if task.area is None:
        return [address]
    return [
        (address[0], row, column)
        for row in range(task.area.first_row, task.area.last_row + 1)
        for column in range(task.area.first_column, task.area.last_column + 1)
    ]


def _computed(value: object, missing: frozenset[str]) -> Computed:
    if missing:
        return Computed(
            unknown=f"the second calculator has no function {', '.join(sorted(missing))}"
        )
    if isinstance(value, dict):
        error = str(value["error"])
        if error in _LACKING or error not in ERRORS:
            return Computed(unknown=f"the second calculator answered {error}")
        return Computed(error)
    return Computed("" if value is None else value)


@lru_cache(maxsize=1)
def shared() -> SecondCalculator:
    """The one of this process."""
    calculator = SecondCalculator()
    atexit.register(calculator.close)
    return calculator
