"""LibreOffice as the other editor: all sequences in one process, scripted over UNO.

Its known faults (7.4), which are no differences here:
- a reference that a deletion broke comes alive again when lines are inserted before the
  workbook was saved; so it saves, and opens again, after each deletion;
- a formula in the format General takes over the format of what it reads.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from tests.differential.reading import Content
from tests.differential.steps import Lines, Save, Step, Write

SCRIPT = Path(__file__).with_name("libreoffice_script.py")
_SHEET = re.compile(r"('(?:[^']|'')+')!")


@cache
def python_with_uno() -> str:
    """A Python that can talk to LibreOffice; "" where there is none."""
    soffice = shutil.which("soffice")
    beside = [str(Path(soffice).resolve().with_name("python"))] if soffice else []
    for program in [*beside, "/usr/bin/python3"]:
        if Path(program).exists():
            done = subprocess.run([program, "-c", "import uno"], capture_output=True)
            if done.returncode == 0:
                return program
    return ""


def job(base: Path, steps: list[Step], folder: Path) -> dict[str, Any]:
    """What the script is told of one sequence; its files will be ``theirs-<n>.xlsx``."""
    saves = sum(isinstance(step, Save) for step in steps)
    told: list[list[Any]] = []
    for step in steps:
        told.append([type(step).__name__, _told(step)])
        if isinstance(step, Lines) and step.action == "delete":
            told.append(["Reload", {}])
    return {
        "base": str(base),
        "between": str(folder / "between.xlsx"),
        "steps": told,
        "outputs": [str(folder / f"theirs-{number}.xlsx") for number in range(1, saves + 1)],
    }


def _told(step: Step) -> dict[str, Any]:
    told = asdict(step)
    if isinstance(step, Write):
        told["rows"] = [[spelt(value) for value in row] for row in step.rows]
    return told


def spelt(value: Any) -> Any:
    """A formula as LibreOffice's own interface takes it; other values as they are."""
    if not isinstance(value, str) or not value.startswith("="):
        return value
    return _SHEET.sub(lambda found: f"${found[1]}.", value).replace(",", ";")


def forgive(mine: Content, theirs: Content) -> None:
    """Give formulas in the format General the format that LibreOffice gave them."""
    for place, (bold, number_format) in mine.formats.items():
        general = number_format == "General" and str(mine.cells[place]).startswith("=")
        if general and place in theirs.formats:
            mine.formats[place] = bold, theirs.formats[place][1]


def do(jobs: list[dict[str, Any]], folder: Path, seconds: int = 240) -> None:
    """Have LibreOffice do the sequences.

    :raises RuntimeError: with what it said, if it didn't
    """
    if not python_with_uno():
        raise RuntimeError("no Python here has LibreOffice's bridge (Debian: python3-uno)")
    told = folder / "jobs.json"
    told.write_text(json.dumps(jobs), encoding="utf-8")
    command = [python_with_uno(), str(SCRIPT), str(told)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise RuntimeError(f"LibreOffice failed: {done.stderr[-2000:]}")
