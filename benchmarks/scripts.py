"""The benchmarks that are programs of their own: run one after the other, what they print is kept.

``many_users`` and ``replicas`` need more than Python; each says itself what it lacks.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.tables import Table

FOLDER = Path(__file__).parent
# The arguments of a small run; of the real one, their own defaults are right.
TINY: dict[str, list[str]] = {
    "parallel": [],
    "replay": ["40"],
    "query": ["200"],
    "describe": ["200"],
    "csv_import": ["400", "0", "3"],
    "large": ["--rows", "60", "--large-rows", "60", "--rounds", "1"],
}
LATER = ("many_users", "replicas")
_MOST = 3600  # seconds


def there() -> list[str]:
    """Those that this version has."""
    return [name for name in (*TINY, *LATER) if (FOLDER / f"{name}.py").exists()]


def measured(venv: Path | None, *, tiny: bool = False) -> Iterator[Table]:
    """A table of one column each: the lines that the program printed."""
    for name in there():
        if tiny and name not in TINY:
            continue
        arguments = TINY[name] if tiny else []
        if name == "large" and venv is not None:
            arguments = [*arguments, "--rival", str(venv)]
        yield printed(name, arguments)


def printed(name: str, arguments: list[str]) -> Table:
    """What one of them prints; if it fails, that too."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=FOLDER.parent, capture_output=True, text=True, timeout=_MOST, check=False
    )
    lines = done.stdout.strip() or done.stderr.strip()[-500:]
    table = Table(name, f"benchmarks/{name}.py", ["lines"], text=lines)
    table.rows = [[line] for line in lines.splitlines()]
    table.note = f"It took {time.perf_counter() - began:.0f} s."
    if done.returncode:
        table.note = f"MISSED: it ended with {done.returncode}. {done.stderr.strip()[-300:]}"
    return table
