"""What a third reader finds in a saved workbook, so that two of them can be compared."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.formula import Tokenizer
from python_calamine import CalamineWorkbook

# A reference into a deleted sheet keeps its cells in Excel, and here; it means no more than #REF!.
_GONE = re.compile(r"#REF!(?:#REF!|\$?[A-Z]{1,3}\$?\d*(?::\$?[A-Z]{1,3}\$?\d*)?)")


@dataclass
class Content:
    """Sheets in their order; formulas and texts, formats, values, names, merged cells."""

    sheets: list[str]
    cells: dict[str, Any]
    formats: dict[str, tuple[bool, str]]
    values: dict[str, Any]
    names: dict[str, str]
    merged: set[str]

    def differences(self, other: Content, *, values: bool = True) -> list[str]:
        """What the other holds otherwise, in words: ours, then theirs."""
        found = [] if self.sheets == other.sheets else [f"sheets: {self.sheets} / {other.sheets}"]
        pairs = [("cells", self.cells, other.cells), ("names", self.names, other.names)]
        pairs += [("formats", self.formats, other.formats)]
        pairs += [("values", self.values, other.values)] if values else []
        for kind, ours, theirs in pairs:
            for place in sorted(ours.keys() | theirs.keys()):
                if not _same(ours.get(place), theirs.get(place)):
                    found.append(f"{kind} {place}: {ours.get(place)!r} / {theirs.get(place)!r}")
        if self.merged != other.merged:
            found.append(f"merged: {sorted(self.merged)} / {sorted(other.merged)}")
        return found


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return bool(ours == theirs)


def read(path: Path) -> Content:
    """Formulas, formats and names by openpyxl, values by calamine."""
    book = openpyxl.load_workbook(path)
    cells, formats, merged = {}, {}, set()
    for sheet in book.worksheets:
        merged |= {f"{sheet.title}!{item}" for item in sheet.merged_cells.ranges}
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None:
                    continue
                place = f"{sheet.title}!{cell.coordinate}"
                text = isinstance(cell.value, str) and cell.data_type == "f"
                cells[place] = formula(cell.value) if text else cell.value
                formats[place] = (bool(cell.font.b), cell.number_format)
    names = {name: formula(f"={item.attr_text}") for name, item in book.defined_names.items()}
    return Content(book.sheetnames, cells, formats, _values(path), names, merged)


def _values(path: Path) -> dict[str, Any]:
    found = {}
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for down, row in enumerate(rows, 1):
            for across, value in enumerate(row, 1):
                if value != "":
                    found[f"{name}!R{down}C{across}"] = value
    return found


def formula(text: str) -> str:
    """A formula in one spelling: no blanks, no needless quotes, one kind of broken reference."""
    parts = ["="]
    for token in Tokenizer(_GONE.sub("#REF!", text)).items:
        if token.type == "WHITE-SPACE":
            continue
        value = token.value
        if token.type == "OPERAND" and token.subtype in ("RANGE", "ERROR"):
            value = _reference(value)
        parts.append(value)
    return "".join(parts)


def _reference(text: str) -> str:
    if "#REF!" in text:
        return "#REF!"
    sheet, mark, place = text.rpartition("!")
    first, _, last = place.partition(":")
    if first and first == last and re.search(r"\d", first):
        place = first
    return sheet.strip("'").replace("''", "'") + mark + place
