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
from openpyxl.formula.translate import Translator
from openpyxl.worksheet._reader import WorksheetReader
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHARED_STRINGS

from service.workbook import texts
from service.workbook.keeping.cells import CellReader, OpenedCell
from service.workbook.keeping.fragments import Fragments, fragments
from service.workbook.keeping.lazy import LazyCells, Rows, loaded_cells
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.keeping.strings import LazyStrings
from service.workbook.keeping.styles import StyleMemory
from service.workbook.keeping.workbook_xml import Listing, listing
from service.workbook.package.opc import Package

LAZY_FROM = 300_000  # cells
_LONG_TABLE = 1 << 20  # bytes


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
        if not self._bind_later(sheet, memory):
            reader, cells = CellReader(self.ws, self.parser), self.ws._cells
            for stretch in sheet.stretches():
                for cell in reader.read(sheet.elements(stretch)):
                    cells[cell.opened_at] = cell
            memory.results = reader.results
            if cells:
                self.ws._current_row = max(row for row, _ in cells)
        self.ws.parent.opened_sheets[self.ws] = memory

    def _bind_later(self, sheet: SheetXml, memory: SheetMemory) -> bool:
        """Leave the rows of a very large sheet as they are; whether it is one."""
        cells = sheet.data.count(b"<" + sheet.prefix + b"c ", sheet.start, sheet.stop)
        if cells < self.ws.parent.lazy_from:
            return False
        try:
            rows = Rows(sheet)
            if cells != sheet.data.count(b"<" + sheet.prefix + b'c r="', sheet.start, sheet.stop):
                _ = rows.last_columns  # looks at the place of each row's last cell
        except ValueError:  # rows or cells don't say where they stand, or not in order
            return False
        parser = self.parser
        for number, attributes in rows.dimensions():
            parser.row_dimensions[str(number)] = attributes
        for index, place, text in rows.shared_formulas():
            parser.shared_formulae[index] = Translator(f"={text}", place)
        reader = CellReader(self.ws, parser, rows_known=True)
        memory.results = reader.results
        self.ws._cells = LazyCells(rows, reader.read)
        self.ws._current_row = rows.numbers[-1] if rows.numbers else 0
        return True


def load(package: Package, lazy_from: int = LAZY_FROM) -> tuple[Workbook, Memory]:
    """The workbook of a package, and what has to be remembered of it.

    :param lazy_from: sheets of so many cells have them made when they are asked for
    :raises Exception: whatever openpyxl raises for a file that it can't make sense of
    """
    reader = _BookReader(package, lazy_from)
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
    del book.lazy_from
    for sheet, memory in sheets.items():
        _mend_links(sheet)
        there = list(loaded_cells(sheet))
        memory.cells = sum(isinstance(cell, OpenedCell) for _, cell in there)
        memory.merged = {at for at, cell in there if isinstance(cell, MergedCell)}
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
    def __init__(self, package: Package, lazy_from: int) -> None:
        source = package.source
        self._lazy_from = lazy_from
        super().__init__(
            io.BytesIO(source) if isinstance(source, bytes) else source,
            keep_links=False,
            rich_text=True,
        )

    def read_workbook(self) -> None:
        super().read_workbook()
        self.parser.caches = []
        self.wb.opened_sheets, self.wb.lazy_from = {}, self._lazy_from
        targets = [rel.target for _, rel in self.parser.find_sheets()]
        self.parts = [target for target in targets if target in self.valid_files]

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            data = self.archive.read(part.PartName[1:])
            read = texts.read_strings if len(data) < _LONG_TABLE else LazyStrings
            self.shared_strings = read(io.BytesIO(data))


def _mend_links(sheet: Worksheet) -> None:
    """Take back the text that openpyxl puts into blank cells that have a link."""
    for _, cell in list(loaded_cells(sheet)):
        if isinstance(cell, MergedCell) or getattr(cell, "_hyperlink", None) is None:
            continue
        if isinstance(cell, OpenedCell) and cell.opened_value is not None:
            continue
        if cell._value is not None:
            cell._value, cell.data_type = None, "n"
