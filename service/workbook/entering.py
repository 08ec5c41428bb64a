"""Entering a value or a formula into a cell, as Excel does when it is typed in."""

from __future__ import annotations

from openpyxl.cell.cell import Cell

from service.workbook import cells, dynamic
from service.workbook.calculation.arrays import is_dynamic


def put(cell: Cell, value: cells.Scalar) -> None:
    """Write one JSON value into a cell; a formula that can fill several cells spills.

    :raises InvalidValue: naming the cell, if Excel can't hold the value
    """
    cells.put(cell, value)
    if cell.data_type != "f":
        return
    text = str(cell.value)
    named = cell.parent.defined_names or cell.parent.parent.defined_names
    if is_dynamic(text, (lambda name: _defined(cell, name)) if named else None):
        dynamic.enter(cell, text)


def _defined(cell: Cell, name: str) -> str:
    """What a defined name stands for, on the cell's sheet before the whole workbook."""
    wanted = name.rpartition("!")[2].lower()
    for names in (cell.parent.defined_names, cell.parent.parent.defined_names):
        for key, defined in names.items():
            if key.lower() == wanted:
                return str(defined.attr_text or "")
    return ""
