"""Entering a value or a formula into a cell, as Excel does when it is typed in."""

from __future__ import annotations

from openpyxl.cell.cell import Cell

from service.workbook import cells, dynamic
from service.workbook.areas import parse_cell
from service.workbook.calculation.arrays import is_dynamic
from service.workbook.formulas import in_table


def put(cell: Cell, value: cells.Scalar) -> None:
    """Write one JSON value into a cell; a formula that can fill several cells spills.

    :raises InvalidValue: naming the cell, if Excel can't hold the value
    """
    cells.put(cell, value)
    if cell.data_type != "f":
        return
    text = str(cell.value)
    if "#This Row" in text and (table := _table_of(cell)):
        text = cell.value = in_table(text, table)
    named = cell.parent.defined_names or cell.parent.parent.defined_names
    if is_dynamic(text, (lambda name: _defined(cell, name)) if named else None):
        dynamic.enter(cell, text)


def _table_of(cell: Cell) -> str:
    """The name of the table that a cell stands in; "" where it stands in none."""
    for table in cell.parent.tables.values():
        first, _, last = str(table.ref).partition(":")
        (top, left), (bottom, right) = parse_cell(first), parse_cell(last or first)
        if top <= cell.row <= bottom and left <= cell.column <= right:
            return str(table.displayName)
    return ""


def _defined(cell: Cell, name: str) -> str:
    """What a defined name stands for, on the cell's sheet before the whole workbook."""
    wanted = name.rpartition("!")[2].lower()
    for names in (cell.parent.defined_names, cell.parent.parent.defined_names):
        for key, defined in names.items():
            if key.lower() == wanted:
                return str(defined.attr_text or "")
    return ""
