"""Where in a workbook a test can write: a number to replace, and a free place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from tests.corpus.parts import MAIN, Package, local, parse
from tests.corpus.xmldiff import letters, number, place_cells


@dataclass(frozen=True)
class Target:
    """A sheet, a cell of it that holds a plain number ("" if none does), and a free cell."""

    sheet: str
    number: str
    free: str

    @property
    def row(self) -> int:
        return int(re.sub(r"\D", "", self.free))


def targets(path: Path) -> list[Target]:
    """One for each worksheet, in their order."""
    package = Package(path)
    roots = {name: parse(package.parts[part]) for name, part in package.sheets.items()}
    return [_target(name, root) for name, root in roots.items() if local(root.tag) == "worksheet"]


def _target(sheet: str, root: etree._Element) -> Target:
    place_cells(root)
    filled = [box for item in root.iter(f"{{{MAIN}}}f") if (box := _box(item.get("ref") or ""))]
    found, formatted, last = "", False, 0
    for cell in root.iter(f"{{{MAIN}}}c"):
        row, column = _place(str(cell.get("r")))
        last = max(last, row)
        inside = any(a <= row <= c and b <= column <= d for a, b, c, d in filled)
        # A cell without a format is better: a number in place of a date changes its format.
        if not inside and _plain(cell) and (not found or (formatted and not cell.get("s"))):
            found, formatted = str(cell.get("r")), bool(cell.get("s"))
    for item in root.iter(f"{{{MAIN}}}mergeCell", f"{{{MAIN}}}location", f"{{{MAIN}}}row"):
        box = _box(item.get("ref") or "")
        last = max(last, box[2] if box else 0, int(item.get("r") or 0))
    return Target(sheet, found, f"A{last + 3}")


def _plain(cell: etree._Element) -> bool:
    names = {local(child.tag) for child in cell}
    return (
        names == {"v"} and cell.get("t", "n") == "n" and not cell.get("vm") and not cell.get("cm")
    )


def _place(reference: str) -> tuple[int, int]:
    found = re.fullmatch(r"([A-Z]+)(\d+)", reference)
    assert found, reference
    return int(found[2]), number(found[1])


def _box(reference: str) -> tuple[int, int, int, int] | None:
    if not reference:
        return None
    first, _, last = reference.replace("$", "").partition(":")
    return (*_place(first), *_place(last or first))


def beside(cell: str, rows: int, columns: int) -> str:
    """The cell so many rows and columns further."""
    row, column = _place(cell)
    return f"{letters(column + columns)}{row + rows}"
