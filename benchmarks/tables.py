"""What was measured: tables, as Markdown for people and as JSON for programs, and the machine."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.rival import PACKAGE

Cell = str | float | int | None
_LIBRARIES = ("flask", "gunicorn", "openpyxl", "pebble", "requests")
BEGIN, END = "<!-- tables of make bench -->", "<!-- end of the tables -->"
BUSY = 0.3  # of a core, used by other programs: beyond that a table is to be repeated


@dataclass
class Table:
    """One table.

    :param name: short, for programs
    :param rows: as wide as the columns; numbers are rounded only when they are shown
    :param note: below the table
    :param text: Markdown to show in its place
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""
    text: str = ""

    def add(self, *cells: Cell) -> None:
        assert len(cells) == len(self.columns), (self.name, cells)
        self.rows.append(list(cells))

    def markdown(self) -> str:
        lines = [_line(self.columns), _line(["---"] * len(self.columns))]
        lines += [_line([shown(cell) for cell in row]) for row in self.rows]
        shown_ = [self.text] if self.text else lines
        return "\n".join([f"### {self.title}", "", *shown_, "", self.note, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def shown(cell: Cell) -> str:
    """A number with three digits that count, and a dash for what was not measured."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


def ms(seconds: Sequence[float]) -> float | None:
    """The median in milliseconds; None of nothing."""
    return 1000 * median(seconds) if seconds else None


def percentile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    if len(seconds) < 2:
        return 1000 * max(seconds, default=0.0)
    return 1000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


def ratio(theirs: float | None, ours: float | None) -> float | None:
    """How many times as long (or as much) as ours; None where one of them is missing."""
    return theirs / ours if theirs and ours else None


def met(found: float | None, wanted: float) -> str:
    """A word on a criterion: so many times or more."""
    if found is None:
        return "not measured"
    return f"{'met' if found >= wanted else 'MISSED'} (at least {wanted:g})"


class Machine:
    """The machine, and how busy others kept it while something was measured."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy, self._own = busy_seconds(), own_seconds()
        self._load = os.getloadavg()[0]

    def facts(self, rival: str) -> dict[str, Any]:
        """Never names or paths: what a reader needs to compare."""
        seconds = time.perf_counter() - self._began
        others = busy_seconds() - self._busy - (own_seconds() - self._own)
        return {
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _LIBRARIES},
            "rival": rival or f"{PACKAGE} did not take part",
            "seconds": round(seconds, 1),
            "load_before": round(self._load, 2),
            "load_after": round(os.getloadavg()[0], 2),
            "cores_used_by_others": round(max(others, 0) / seconds, 2),
        }


def busy_seconds() -> float:
    """Processor time of all programs on the machine."""
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor time of this program, and of those that it started and that have ended."""
    return sum(os.times()[:4])


def written(folder: Path, tables: list[Table], facts: dict[str, Any]) -> Path:
    """Keep it as ``benchmarks.json`` and ``benchmarks.md``; the path of the second."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"machine": facts, "tables": [asdict(table) for table in tables]}
    (folder / "benchmarks.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    path = folder / "benchmarks.md"
    parts = [told(facts) + "\n", *(table.markdown() for table in tables)]
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def documented(page: Path, tables: list[Table], facts: dict[str, Any]) -> None:
    """Put the tables between the marks of the documents' page, in place of those of before."""
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    if not tail:
        raise ValueError(f"{page.name} has no {BEGIN} and {END}")
    parts = [f"{head}{BEGIN}\n", told(facts) + "\n", *(table.markdown() for table in tables)]
    page.write_text("\n".join([*parts, f"{END}{tail}"]), encoding="utf-8")


def told(facts: dict[str, Any]) -> str:
    """The machine in words."""
    libraries = ", ".join(f"{name} {number}" for name, number in facts["libraries"].items())
    words = (
        f"{facts['cores']} cores, {facts['memory_gb']} GB, {facts['system']}, Python "
        f"{facts['python']}; {libraries}; {facts['rival']}. Load before {facts['load_before']}, "
        f"after {facts['load_after']}; other programs used {facts['cores_used_by_others']} cores "
        f"over {facts['seconds']:.0f} s."
    )
    if facts["cores_used_by_others"] > BUSY:
        words += " **The machine was busy: to be repeated on an idle one.**"
    return words
