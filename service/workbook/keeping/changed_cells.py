"""Which cells of a sheet are not what they were when the file was opened."""

from __future__ import annotations

from collections.abc import Iterable

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles.cell_style import StyleArray
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.lazy import LazyCells, Rows, loaded_cells
from service.workbook.keeping.loader import SheetMemory
from service.workbook.keeping.rows import Place, file_rows
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.package.opc import Package


def changed_cells(
    sheet: Worksheet,
    memory: SheetMemory,
    package: Package,
    styles: list[StyleArray] | None = None,
) -> dict[Place, Cell | None]:
    """Cells that differ from the file's, by place; None for those that are gone.

    :param package: the file, or a draft of it in which the sheet is as it was
    :param styles: those of the workbook; without them formats are not compared
    """
    found: dict[Place, Cell | None] = {}
    known = 0
    for at, cell in loaded_cells(sheet):
        if isinstance(cell, OpenedCell) and cell.opened_at == at:
            known += 1
            if cell.rewritten or (styles is not None and cell.restyled(styles)):
                found[at] = cell
        elif isinstance(cell, MergedCell):
            if at not in memory.merged:
                found[at] = cell
        elif cell._value is not None or (styles is not None and cell.has_style):
            found[at] = cell
    if known < _opened(sheet, memory):
        for at in _file_cells(sheet, memory, package):
            if at not in found and not _is_opened(sheet._cells.get(at), at):
                found[at] = None
    return found


def _is_opened(cell: object, at: Place) -> bool:
    return isinstance(cell, MergedCell) or (isinstance(cell, OpenedCell) and cell.opened_at == at)


def _opened(sheet: Worksheet, memory: SheetMemory) -> int:
    """How many cells the editor was given of the file."""
    cells = sheet._cells
    return cells.opened if isinstance(cells, LazyCells) else memory.cells


def _file_cells(sheet: Worksheet, memory: SheetMemory, package: Package) -> Iterable[Place]:
    cells = sheet._cells
    if isinstance(cells, LazyCells):  # of rows that were not made, no cell can be gone
        rows = file_rows(cells.rows, cells.made_places())
    else:
        index = Rows(SheetXml.split(package.read(memory.part)))
        rows = file_rows(index, range(len(index.numbers)))
    return [(row.number, column) for row in rows for column in row.cells]
