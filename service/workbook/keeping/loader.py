"""Loading a workbook into the editor, with a memory of the file it came from."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from zipfile import ZipFile

import openpyxl.reader.excel
from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.chartsheet import Chartsheet
from openpyxl.formula.translate import Translator
from openpyxl.worksheet._reader import WorksheetReader
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import ARC_STYLE, ARC_THEME, SHARED_STRINGS, SHEET_MAIN_NS

from service.workbook import serials, texts
from service.workbook.dynamic import note
from service.workbook.keeping import parts as hanging
from service.workbook.keeping import reading, rules, sparklines
from service.workbook.keeping.cells import CellReader, OpenedCell
from service.workbook.keeping.fragments import Fragments, fragments
from service.workbook.keeping.lazy import LazyCells, Rows, loaded_cells
from service.workbook.keeping.metadata import dynamic_indices
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.keeping.strings import LazyStrings
from service.workbook.keeping.styles import StyleMemory, detach
from service.workbook.keeping.workbook_xml import Listing, Other, listing
from service.workbook.package.opc import Package, inflated, parse

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
    :param hanging: its drawings, comments and tables
    :param sparklines: its groups of sparklines, as XML
    """

    part: str
    cells: int = 0
    merged: set[tuple[int, int]] = field(default_factory=set)
    results: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    elements: Fragments = field(default_factory=dict)
    hanging: hanging.Memory = field(default_factory=hanging.Memory)
    sparklines: list[bytes] = field(default_factory=list)


@dataclass
class Memory:
    """What a workbook was at the opening.

    :param package: the file
    :param sheets: memories by the sheet that they are of (sheets are compared by identity)
    :param parts: the part of every sheet at the opening, chart sheets among them
    :param charts: the chart sheets, with what hangs on them
    :param stale: whether the file asks for its values to be calculated anew
    :param restructured: whether the package is the outcome of a change of the structure, after
        which cells may be where a chart does not have their values yet
    """

    package: Package
    sheets: dict[Any, SheetMemory]
    styles: StyleMemory
    listing: Listing
    parts: list[tuple[Any, str]] = field(default_factory=list)
    charts: list[tuple[Chartsheet, str, hanging.Memory]] = field(default_factory=list)
    stale: bool = False
    restructured: bool = False


class _Reader(WorksheetReader):  # type: ignore[misc]
    """openpyxl's reader of a sheet, but for the cells."""

    def bind_cells(self) -> None:
        source = self.parser.source
        sheet = SheetXml.split(source.read())
        memory = SheetMemory(source.name)
        memory.sparklines = sparklines.read(sheet.frame)
        sparklines.set_groups(self.ws, list(memory.sparklines))
        self.parser.source = io.BytesIO(sheet.frame)
        for _ in self.parser.parse():
            raise ValueError("rows outside of sheetData")
        rules.remember(self.ws, sheet.frame, self.parser.formatting)
        if not self._bind_later(sheet, memory):
            Rows(sheet)  # refuses rows in disorder now: saving could not put a cell among them
            dynamic = self.ws.parent.dynamic_cells
            reader = CellReader(self.ws, self.parser, dynamic=dynamic)
            cells = self.ws._cells
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
        dynamic = self.ws.parent.dynamic_cells
        for row, column, area in rows.dynamic_arrays(dynamic):
            note(self.ws, row, column, area)
        reader = CellReader(self.ws, parser, rows_known=True, dynamic=dynamic)
        memory.results = reader.results
        self.ws._cells = LazyCells(rows, reader.read)
        self.ws._current_row = rows.numbers[-1] if rows.numbers else 0
        return True


def load(package: Package, lazy_from: int = LAZY_FROM) -> tuple[Workbook, Memory]:
    """The workbook of a package, and what has to be remembered of it.

    :param lazy_from: sheets of so many cells have them made when they are asked for
    :raises Exception: whatever openpyxl raises for a file that it can't make sense of
    """
    texts.teach_openpyxl()
    serials.teach_openpyxl()
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
    del book.lazy_from, book.dynamic_cells
    for sheet, memory in sheets.items():
        _mend_links(sheet)
        there = list(loaded_cells(sheet))
        memory.cells = sum(isinstance(cell, OpenedCell) for _, cell in there)
        memory.merged = {at for at, cell in there if isinstance(cell, MergedCell)}
        memory.rows = {number: dict(row) for number, row in sheet.row_dimensions.items()}
        memory.elements = fragments(sheet)
        notes = {at: cell.comment for at, cell in there if cell.comment is not None}
        memory.hanging = hanging.remember(sheet, package, memory.part, notes)
    found = _all_sheets(book, reader)
    charts = [
        (sheet, part, hanging.remember(sheet, package, part))
        for sheet, part in found
        if isinstance(sheet, Chartsheet)
    ]
    memory = Memory(package, sheets, reader.styles, listing(book), found, charts)
    memory.stale = _asks_to_calculate(package)
    return book, memory


def _asks_to_calculate(package: Package) -> bool:
    """Whether the file asks to be calculated, and does not say either that it has been.

    Files of ours do both: Excel is to calculate all the same.
    """
    main = next(iter(package.relationships("").of_kind("officeDocument")), None)
    root = parse(package.read(main.target)) if main and main.target in package else None
    found = None if root is None else root.find(f"{{{SHEET_MAIN_NS}}}calcPr")
    if found is None:
        return False
    asks = found.get("fullCalcOnLoad") in ("1", "true")
    return asks and found.get("calcCompleted") not in ("1", "true")


@contextmanager
def _own_readers() -> Iterator[None]:
    """openpyxl with our readers of sheets and drawings, and blind to pivot tables.

    Those it only can break.
    """
    module = openpyxl.reader.excel
    theirs = module.WorksheetReader, module.get_dependents, module.find_images

    def dependents(archive: Any, name: str) -> Any:
        found = theirs[1](archive, name)
        found[:] = [rel for rel in found if not rel.Type.endswith("/pivotTable")]
        return found

    module.WorksheetReader, module.get_dependents = _Reader, dependents
    module.find_images = reading.find_drawn
    try:
        yield
    finally:
        module.WorksheetReader, module.get_dependents, module.find_images = theirs


class _Archive:
    """The archive as openpyxl reads it: by the names that it expects for some parts."""

    def __init__(self, archive: Any, package: Package) -> None:
        self._archive: ZipFile = archive
        self._package = package
        self.filename = archive.filename
        main = next(iter(package.relationships("").of_kind("officeDocument")), None)
        expected = {"styles": ARC_STYLE, "theme": ARC_THEME}
        found = list(package.relationships(main.target)) if main else []
        self._names = {expected[rel.kind]: rel.target for rel in found if rel.kind in expected}

    def _spelled(self, name: str) -> str:
        name = self._names.get(name, name)
        found = self._package.find(name)
        return self._package.infos[found].filename if found else name

    def read(self, name: str) -> bytes:
        return self._archive.read(self._spelled(name))

    def open(self, name: str, mode: str = "r") -> IO[bytes]:
        return _Part(self._archive, self._spelled(name))

    def namelist(self) -> list[str]:
        return self._package.names

    def close(self) -> None:
        self._archive.close()


class _Part(io.BytesIO):
    """A part, unpacked at once: read piece by piece, a large one is in memory twice."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        super().__init__(inflated(archive, archive.getinfo(name)))
        self.name = name


class _Names:
    """The parts there are, whatever their case."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def __contains__(self, name: str) -> bool:
        return name in self._package


def _readable(rel: Any) -> bool:
    return rel.Type.rsplit("/", 1)[-1] in ("worksheet", "chartsheet")


def _all_sheets(book: Workbook, reader: _BookReader) -> list[tuple[Any, str]]:
    """All sheets of the file with their parts; one that the editor has no use for is OTHER."""
    sheets = iter(book._sheets)
    found: list[tuple[Any, str]] = []
    for _, rel in reader.parts:
        seen = _readable(rel) and rel.target in reader.valid_files
        found.append((next(sheets) if seen else Other(rel.target), rel.target))
    return found


class _BookReader(openpyxl.reader.excel.ExcelReader):  # type: ignore[misc]
    def __init__(self, package: Package, lazy_from: int) -> None:
        source = package.source
        self._lazy_from = lazy_from
        self._dynamic = dynamic_indices(package)
        super().__init__(
            io.BytesIO(source) if isinstance(source, bytes) else source,
            keep_links=False,
            rich_text=True,
        )
        self.archive: _Archive = _Archive(self.archive, package)
        self.valid_files = _Names(package)

    def read_workbook(self) -> None:
        super().read_workbook()
        self.parser.caches = []
        self.wb.opened_sheets, self.wb.lazy_from = {}, self._lazy_from
        self.wb.dynamic_cells = self._dynamic
        self.parts = list(self.parser.find_sheets())
        # Dialogs and macro sheets are no sheets of cells; the editor does not get to see them.
        self.parser.sheets = [sheet for sheet, rel in self.parts if _readable(rel)]

    def read_worksheets(self) -> None:
        detach(self.wb)
        self.styles = StyleMemory.of(self.wb)
        super().read_worksheets()

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
