"""Loading a workbook into the editor, with a memory of the file it came from."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openpyxl.reader.excel
from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet._reader import WorksheetReader
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.keeping.cells import CellReader, OpenedCell
from service.workbook.keeping.fragments import Fragments, fragments
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.keeping.styles import StyleMemory
from service.workbook.keeping.workbook_xml import Listing, listing
from service.workbook.package.opc import Package


@dataclass
class SheetMemory:
    """What a sheet was at the opening.

    :param part: name of its part in the package
    :param cells: how many cells the editor has of the file
    :param merged: places that were hidden in merged cells
    :param results: results of formulas as the file has them: (t, v) by place
    :param rows: attributes of rows that have any beside their number
    :param elements: what the editor would have written around the rows
    """

    part: str
    cells: int = 0
    merged: set[tuple[int, int]] = field(default_factory=set)
    results: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    elements: Fragments = field(default_factory=dict)


@dataclass
class Memory:
    """What a workbook was at the opening.

    :param package: the file
    :param sheets: memories by the sheet that they are of (sheets are compared by identity)
    :param parts: the part of every sheet at the opening, chart sheets among them
    """

    package: Package
    sheets: dict[Any, SheetMemory]
    styles: StyleMemory
    listing: Listing
    parts: list[tuple[Any, str]] = field(default_factory=list)


class _Reader(WorksheetReader):  # type: ignore[misc]
    """openpyxl's reader of a sheet, but for the cells."""

    def bind_cells(self) -> None:
        source = self.parser.source
        sheet = SheetXml.split(source.read())
        memory = SheetMemory(source.name)
        self.parser.source = io.BytesIO(sheet.frame)
        for _ in self.parser.parse():
            raise ValueError("rows outside of sheetData")
        reader, cells = CellReader(self.ws, self.parser), self.ws._cells
        for stretch in sheet.stretches():
            for cell in reader.read(sheet.elements(stretch)):
                cells[cell.opened_at] = cell
        memory.results = reader.results
        if cells:
            self.ws._current_row = max(row for row, _ in cells)
        self.ws.parent.opened_sheets[self.ws] = memory


def load(package: Package) -> tuple[Workbook, Memory]:
    """The workbook of a package, and what has to be remembered of it.

    :raises Exception: whatever openpyxl raises for a file that it can't make sense of
    """
    reader = _BookReader(package)
    collecting = gc.isenabled()
    gc.disable()  # of a million new objects none is garbage
    try:
        with _own_readers():
            reader.read()
    finally:
        if collecting:
            gc.enable()
    book = reader.wb
    sheets = book.__dict__.pop("opened_sheets")
    for sheet, memory in sheets.items():
        _mend_links(sheet)
        kinds = {at: isinstance(cell, OpenedCell) for at, cell in sheet._cells.items()}
        memory.cells = sum(kinds.values())
        memory.merged = {at for at in kinds if isinstance(sheet._cells[at], MergedCell)}
        memory.rows = {number: dict(row) for number, row in sheet.row_dimensions.items()}
        memory.elements = fragments(sheet)
    parts = list(zip(book._sheets, reader.parts, strict=True))
    return book, Memory(package, sheets, StyleMemory.of(book), listing(book), parts)


@contextmanager
def _own_readers() -> Iterator[None]:
    """openpyxl with our reader of sheets, and blind to pivot tables, which it only can break."""
    module = openpyxl.reader.excel
    theirs = module.WorksheetReader, module.get_dependents

    def dependents(archive: Any, name: str) -> Any:
        found = theirs[1](archive, name)
        found.Relationship = [rel for rel in found if not rel.Type.endswith("/pivotTable")]
        return found

    module.WorksheetReader, module.get_dependents = _Reader, dependents
    try:
        yield
    finally:
        module.WorksheetReader, module.get_dependents = theirs


class _BookReader(openpyxl.reader.excel.ExcelReader):  # type: ignore[misc]
    def __init__(self, package: Package) -> None:
        source = package.source
        super().__init__(
            io.BytesIO(source) if isinstance(source, bytes) else source,
            keep_links=False,
            rich_text=True,
        )

    def read_workbook(self) -> None:
        super().read_workbook()
        self.parser.caches = []
        self.wb.opened_sheets = {}
        targets = [rel.target for _, rel in self.parser.find_sheets()]
        self.parts = [target for target in targets if target in self.valid_files]


def _mend_links(sheet: Worksheet) -> None:
    """Take back the text that openpyxl puts into blank cells that have a link."""
    for cell in list(sheet._cells.values()):
        if isinstance(cell, MergedCell) or getattr(cell, "_hyperlink", None) is None:
            continue
        if isinstance(cell, OpenedCell) and cell.opened_value is not None:
            continue
        if cell._value is not None:
            cell._value, cell.data_type = None, "n"
