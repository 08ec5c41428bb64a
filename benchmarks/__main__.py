"""All benchmarks of one run: ``make bench``, or ``python -m benchmarks``.

Prints tables and writes ``benchmarks.json`` and ``benchmarks.md`` into ``build/``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import plugin, scaling, scripts, side_by_side, starting
from benchmarks.rival import NotInstalledError, install
from benchmarks.tables import Machine, Table, documented, told, written

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PAGE = ROOT / "docs" / "benchmarks.md"
Part = Callable[..., Iterator[Table]]
PARTS: dict[str, Part] = {
    "rival": side_by_side.measured,
    "scaling": scaling.measured,
    "starting": starting.measured,
    "plugin": plugin.measured,
    "scripts": scripts.measured,
}


def options(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure, and print tables.")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tiny", action="store_true", help="only to see that everything works")
    parser.add_argument("--without-rival", action="store_true", help="excel-mcp-server stays out")
    parser.add_argument("--rival", type=Path, default=BUILD / "rival", metavar="VENV",
                        help="its virtual environment, made where it is missing")  # fmt: skip
    parser.add_argument("--out", type=Path, default=BUILD, help="folder for what is written")
    parser.add_argument("--docs", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    parser.add_argument("--check", action="store_true", help="fail where a criterion is missed")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Measure and tell; 1 if a criterion that was to be checked is missed."""
    asked = options(given)
    venv, name = rival(asked)
    machine = Machine()
    tables = []
    for part in asked.only:
        for table in PARTS[part](venv, tiny=asked.tiny):
            print(table.markdown(), flush=True)
            tables.append(table)
    facts = machine.facts(name)
    print(told(facts))
    if asked.docs:
        documented(PAGE, tables, facts)
    print(f"Written to {written(asked.out, tables, facts).with_suffix('')}.md and .json")
    cells = [cell for table in tables for row in table.rows for cell in (*row, table.note)]
    missed = [cell for cell in cells if is_missed(cell)]
    return int(asked.check and bool(missed))


def rival(asked: argparse.Namespace) -> tuple[Path | None, str]:
    """(its virtual environment, what it calls itself); None where it can't take part."""
    if asked.without_rival:
        return None, ""
    try:
        return asked.rival.absolute(), install(asked.rival.absolute())
    except NotInstalledError as error:
        print(f"excel-mcp-server is left out, it could not be installed: {error}", file=sys.stderr)
        return None, ""


def is_missed(cell: object) -> bool:
    """Whether it is the word of a criterion that does not hold."""
    return isinstance(cell, str) and cell.startswith("MISSED")


if __name__ == "__main__":
    sys.exit(main())
