"""The values that a file holds beside its formulas: what showed when it was saved."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText

from service.workbook.calculation.ledger import filled_cells
from service.workbook.calculation.results import Address, ErrorValue, serial_number
from service.workbook.calculation.source import EditorSource
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.loader import Memory, load
from service.workbook.package.opc import Package
from service.workbook.texts import unescape


@dataclass(frozen=True)
class Held:
    """Values of formula cells, and of the cells that array formulas and data tables fill.

    :param values: (formula, value) by cell; the formula is "" of a cell that another fills
    :param stale: the file asks for everything to be calculated on opening, so what it
        holds is nothing that Excel stands for
    """

    values: dict[Address, tuple[str, object]] = field(default_factory=dict)
    stale: bool = False


def held_values(book: Workbook, memory: Memory) -> Held:
    """What the file held that a workbook was just loaded from."""
    found: dict[Address, tuple[str, object]] = {}
    for address, formula in EditorSource(book, memory).formulas():
        for cell in filled_cells(address, formula):
            value = _held(book, memory, cell, alone=formula.area is None)
            if value is not None:
                found[cell] = (formula.text if cell == address else "", value)
    return Held(found, memory.stale)


def values_in(path: Path) -> dict[Address, object]:
    """What the workbook at ``path`` holds.

    :raises Exception: whatever openpyxl raises for a file that it can't make sense of
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the editor does not know
        held = held_values(*load(Package(path)))
    return {address: value for address, (_, value) in held.values.items()}


def _held(book: Workbook, memory: Memory, address: Address, *, alone: bool) -> object:
    """The value of a formula's cell, or of one that it fills; None where there is none.

    :param alone: the formula fills one cell, so its result is all there is to look at
    """
    sheet, place = book[address[0]], address[1:]
    result = memory.sheets[sheet].results.get(place)
    if result is not None:
        return _value(*result)
    if alone:
        return None
    cell = sheet._cells.get(place)
    if not isinstance(cell, OpenedCell) or cell.opened_type == "f":
        return None
    if cell.opened_type == "e":
        return ErrorValue(cell.opened_value)
    if isinstance(cell.opened_value, CellRichText):
        return str(cell.opened_value)
    return serial_number(cell.opened_value, book.epoch)


def _value(kind: str, text: str) -> object:
    """A result as the file has it: its ``t`` and ``v``."""
    if kind == "b":
        return text.strip() == "1"
    if kind == "e":
        return ErrorValue(text.strip())
    if kind in ("str", "d", "inlineStr"):
        return unescape(text)
    return float(text) if text else None
