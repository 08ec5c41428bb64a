"""Bringing the part of one sheet up to date, and what hangs on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.errors import InvalidRange
from service.workbook.areas import Area, parse_area
from service.workbook.calculation.results import Computed, same, serial_number
from service.workbook.keeping import parts as hanging
from service.workbook.keeping import sparklines
from service.workbook.keeping.cell_xml import same_result
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.changed_cells import changed_cells
from service.workbook.keeping.fragments import R_ID, Fragments, fragments, insert, merge_sheet
from service.workbook.keeping.job import Job
from service.workbook.keeping.lazy import Chunk, LazyCells, loaded_cells
from service.workbook.keeping.loader import SheetMemory
from service.workbook.keeping.rows import ChangedRows, Place
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.occupancy import used_area
from service.workbook.package.opc import OFFICE, parse, serialized

_DIMENSION = re.compile(rb"""(<(?:\w+:)?dimension\b[^>]*\bref\s*=\s*["'])([^"']*)""")
_PIECE = 1 << 20


class SheetSaver:
    """Brings the part of one sheet up to date."""

    def __init__(self, job: Job, sheet: Worksheet, memory: SheetMemory) -> None:
        self.job = job
        self.sheet = sheet
        self.memory = memory

    def update(self) -> bool:
        """Write the part if it changed; whether any value or formula did."""
        draft, part = self.job.draft, self.memory.part
        memory, package = self.memory, self.job.memory.package
        cells = changed_cells(self.sheet, memory, package, self.job.styles)
        values = self._changed_values()
        rewritten = (at for at, cell in cells.items() if not _is_restyled_only(cell, at))
        self.job.changed[self.sheet.title] = {*rewritten, *values}
        rows = self._changed_rows()
        now = fragments(self.sheet)
        links = self._hanging()
        sparks = sparklines.groups_of(self.sheet)
        around = now != self.memory.elements or sparks != self.memory.sparklines
        held = isinstance(self.sheet._cells, LazyCells) and self.sheet._cells.rows.held
        if not (cells or values or rows or around or links or held):
            return False
        if self._restyled_around(now) or any("s" in changed for changed in rows.values()):
            self.job.new_styles = True
        xml = self._xml()
        frame = self._around(xml, now, links) if around or links else xml
        if cells or values or rows or held:
            content = ChangedRows(self.job, self.sheet, xml, cells, values, rows).chunks()
            frame = self._dimension(frame, cells)
        else:
            content = iter([xml.rows])
        draft.write(part, _joined(frame, content))
        return bool(cells or values)

    def _restyled_around(self, now: Fragments) -> bool:
        """Whether elements changed that name styles."""
        names = ("cols", "conditionalFormatting")
        return any(now.get(name) != self.memory.elements.get(name) for name in names)

    def _xml(self) -> SheetXml:
        cells = self.sheet._cells
        if isinstance(cells, LazyCells):
            return cells.rows.sheet
        return SheetXml.split(self.job.draft.read(self.memory.part))

    def _hanging(self) -> hanging.Links:
        """Bring drawings, comments and tables up to date."""
        notes = {
            at: cell.comment for at, cell in loaded_cells(self.sheet) if cell.comment is not None
        }
        draft, part = self.job.draft, self.memory.part
        return hanging.update(self.sheet, self.memory.hanging, draft, part, notes)

    def _around(self, xml: SheetXml, now: Fragments, links: hanging.Links) -> SheetXml:
        root = parse(xml.frame)
        relationships = self.job.draft.relationships(self.memory.part)

        def link(address: str) -> str:
            return relationships.add(f"{OFFICE}/hyperlink", address, external=True)

        merge_sheet(root, self.memory.elements, now, link)
        set_links(root, links)
        sparks = sparklines.groups_of(self.sheet)
        if sparks != self.memory.sparklines:
            sparklines.write(root, sparks)
        return SheetXml.split(serialized(root))

    def _dimension(self, frame: SheetXml, cells: dict[Place, Cell | None]) -> SheetXml:
        if not any(cell is None or not isinstance(cell, OpenedCell) for cell in cells.values()):
            return frame
        told = _DIMENSION.search(frame.head)
        if told is None:
            return frame
        filled = [at for at, cell in cells.items() if cell is not None and cell._value is not None]
        try:
            area = parse_area(told.group(2).decode(), used_area(self.sheet))
        except InvalidRange:
            return frame
        for row, column in filled:
            area = area.joined(Area(row, column, row, column))
        head = frame.head[: told.start(2)] + str(area).encode() + frame.head[told.end(2) :]
        return replace(frame, head=head)

    def _changed_values(self) -> dict[Place, Computed]:
        """Values of formulas that are the file's but whose results are not."""
        title = self.sheet.title
        return {
            (row, column): computed
            for (name, row, column), computed in self.job.values.items()
            if name == title and self._differs((row, column), computed)
        }

    def _differs(self, at: tuple[int, int], computed: Computed) -> bool:
        cells, value = self.sheet._cells, serial_number(computed.value, self.job.book.epoch)
        held = self.memory.results.get(at)
        if held is not None and isinstance(cells, LazyCells) and not cells.is_loaded(at[0]):
            return computed.unknown != "" or not same_result(held, value)
        cell = cells.get(at)
        if not isinstance(cell, OpenedCell) or cell.rewritten or cell.opened_at != at:
            return False
        if cell.data_type != "f":  # an array formula elsewhere fills it
            plain = serial_number(cell._value, self.job.book.epoch)
            return plain is not None if computed.unknown else not same(plain, value)
        if computed.unknown:
            return held is not None  # what the file has is not true any more
        return not same_result(held, value)

    def _changed_rows(self) -> dict[int, dict[str, str | None]]:
        """Attributes of rows that changed; None for those that are gone."""
        now = {number: dict(row) for number, row in self.sheet.row_dimensions.items()}
        found: dict[int, dict[str, str | None]] = {}
        for number in now.keys() | self.memory.rows.keys():
            old, new = self.memory.rows.get(number, {}), now.get(number, {})
            changed: dict[str, str | None] = {
                name: new.get(name)
                for name in old.keys() | new.keys()
                if old.get(name) != new.get(name)
            }
            if changed:
                found[number] = changed
        return found


def _is_restyled_only(cell: Cell | None, at: Place) -> bool:
    return isinstance(cell, OpenedCell) and cell.opened_at == at and not cell.rewritten


def set_links(root: etree._Element, links: hanging.Links) -> None:
    """Let a sheet's elements name the parts that hang on it."""
    for name, ids in (("drawing", links.drawing), ("legacyDrawing", links.legacy_drawing)):
        if ids is not None:
            _take_away(root, name)
            for id_ in ids:
                insert(root, etree.Element(f"{{{SHEET_MAIN_NS}}}{name}", {R_ID: id_}))
    if links.table_parts is not None:
        _take_away(root, "tableParts")
        if links.table_parts:
            count = str(len(links.table_parts))
            tables = etree.Element(f"{{{SHEET_MAIN_NS}}}tableParts", count=count)
            for id_ in links.table_parts:
                etree.SubElement(tables, f"{{{SHEET_MAIN_NS}}}tablePart", {R_ID: id_})
            insert(root, tables)


def _take_away(root: etree._Element, name: str) -> None:
    for item in root.findall(f"{{{SHEET_MAIN_NS}}}{name}"):
        root.remove(item)


def _joined(frame: SheetXml, rows: Iterator[Chunk]) -> Iterator[Chunk]:
    yield frame.head
    for stretch in rows:
        # In pieces: packing one of fifty megabytes would take as much again.
        for start in range(0, len(stretch), _PIECE):
            yield stretch[start : start + _PIECE]
    yield frame.tail
