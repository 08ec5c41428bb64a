"""Saving a workbook that came from a file: the file as it was, with what changed.

A part that no change concerns is copied as it is; in a sheet that changed, a row that
didn't. What the editor doesn't know can't get lost, as it never passes through the editor.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles.stylesheet import write_stylesheet
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import XLSM, XLSX
from openpyxl.xml.functions import tostring

from service.workbook.calculator import Computed, Values, serial_number
from service.workbook.keeping.cell_xml import cell_xml, same_result, with_style, with_value
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.fragments import Fragments, fragments, merge_sheet
from service.workbook.keeping.lazy import LazyCells, Rows, loaded_cells
from service.workbook.keeping.loader import Memory, SheetMemory
from service.workbook.keeping.sheet_xml import RowXml, SheetXml
from service.workbook.keeping.styles import StyleMemory, Stylesheet, detach, style_number
from service.workbook.keeping.workbook_xml import Other, WorkbookXml, listing, position
from service.workbook.occupancy import used_area
from service.workbook.package.opc import OFFICE, Draft, parse, serialized
from service.workbook.writer import sheet_xml

_SHARED = re.compile(rb"""<(?:\w+:)?f\b[^>]*\bt\s*=\s*["']shared["'][^>]*>""")
_INDEX = re.compile(rb"""\bsi\s*=\s*["'](\d+)["']""")
_DIMENSION = re.compile(rb"""(<(?:\w+:)?dimension\b[^>]*\bref\s*=\s*["'])[^"']*""")
_PIECE = 1 << 20
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
Chunk: TypeAlias = bytes | memoryview


def save(book: Workbook, memory: Memory, path: Path, values: Values, *, macros: bool) -> None:
    """Write ``book`` to ``path`` as a whole or not at all.

    :param macros: whether the file's name is that of a workbook with macros
    """
    part = path.with_name(path.name + ".part")
    try:
        drafted(book, memory, values, macros=macros).save(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def drafted(book: Workbook, memory: Memory, values: Values, *, macros: bool) -> Draft:
    """The package that the workbook is to become."""
    draft = Draft(memory.package)
    saver = _Saver(book, memory, draft, values)
    saver.update()
    detach(book)
    _set_kind(draft, saver.main, macros=macros)
    return draft


class _Saver:
    def __init__(self, book: Workbook, memory: Memory, draft: Draft, values: Values) -> None:
        self.book = book
        self.memory = memory
        self.draft = draft
        self.values = values
        (office,) = draft.relationships("").of_kind("officeDocument")[:1]
        self.main = office.target
        self.new_styles = False

    def update(self) -> None:
        """Bring the draft up to date with the workbook."""
        changed = False
        for sheet, memory in self.memory.sheets.items():
            if position(self.book._sheets, sheet) is not None:
                changed |= SheetSaver(self, sheet, memory).update()
        added = {
            sheet: self._add_sheet(sheet)
            for sheet in self.book.worksheets
            if sheet not in self.memory.sheets
        }
        self._update_styles()
        self._update_workbook(added, calculate=changed or bool(added))

    def _add_sheet(self, sheet: Worksheet) -> str:
        """Write a sheet that the file does not have; the id of its relationship."""
        part = self.draft.free_name("xl/worksheets/sheet{}.xml")
        type_ = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
        self.new_styles = True
        data, links = sheet_xml(sheet, self.values)
        self.draft.write(part, data, type_)
        for address in links:
            self.draft.relationships(part).add(f"{OFFICE}/hyperlink", address, external=True)
        return self.draft.relationships(self.main).add(f"{OFFICE}/worksheet", part)

    def _update_styles(self) -> None:
        memory = self.memory.styles
        # The editor takes formats in by looking at columns; those that nothing uses stay out.
        if not self.new_styles or StyleMemory.of(self.book) == memory:
            return
        found = self.draft.relationships(self.main).of_kind("styles")
        if found:
            sheet = Stylesheet(self.draft.read(found[0].target))
            sheet.append(self.book, memory)
            self.draft.write(found[0].target, sheet.root)
            return
        part = self.draft.free_name("xl/styles{}.xml")
        self.draft.write(part, tostring(write_stylesheet(self.book)), _STYLES_TYPE)
        self.draft.relationships(self.main).add(f"{OFFICE}/styles", part)

    def _update_workbook(self, added: dict[Any, str], *, calculate: bool) -> None:
        sheets = [sheet for sheet, _ in self.memory.parts]
        workbook = WorkbookXml(self.draft.xml(self.main), sheets)
        now = listing(self.book)
        for sheet, part in self.memory.parts:
            if isinstance(sheet, Other) or position(self.book._sheets, sheet) is not None:
                continue
            for item in self.draft.relationships(self.main):
                if item.target == part:
                    self.draft.relationships(self.main).remove(item.id)
            self.draft.remove(part)
        workbook.merge(self.memory.listing, now)
        workbook.name_things(self.book, self.memory.listing, now)
        workbook.list_sheets(self.book, added)
        if calculate:
            workbook.calculate_on_opening()
            self._forget_order()
        if workbook.changed:
            self.draft.write(self.main, workbook.root)

    def _forget_order(self) -> None:
        """Drop the order of calculation, which Excel makes anew: it lists every formula."""
        relationships = self.draft.relationships(self.main)
        for item in relationships.of_kind("calcChain"):
            self.draft.remove(item.target)
            relationships.remove(item.id)


class SheetSaver:
    """Brings the part of one sheet up to date."""

    def __init__(self, saver: _Saver, sheet: Worksheet, memory: SheetMemory) -> None:
        self.sheet = sheet
        self.memory = memory
        self.saver = saver
        self.styles = list(saver.book._cell_styles)
        self.values = saver.values

    def update(self) -> bool:
        """Write the part if it changed; whether any value or formula did."""
        draft, part = self.saver.draft, self.memory.part
        cells, values = self._changed_cells(), self._changed_values()
        rows = self._changed_rows()
        now = fragments(self.sheet)
        around = now != self.memory.elements
        if not cells and not values and not rows and not around:
            return False
        if self._restyled_around(now) or any("s" in changed for changed in rows.values()):
            self.saver.new_styles = True
        xml = self._xml()
        frame = self._around(xml, now) if around else xml
        if cells or values or rows:
            content = _Rows(self, xml, cells, values, rows).chunks()
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
        return SheetXml.split(self.saver.draft.read(self.memory.part))

    def _around(self, xml: SheetXml, now: Fragments) -> SheetXml:
        root = parse(xml.frame)
        relationships = self.saver.draft.relationships(self.memory.part)

        def link(address: str) -> str:
            return relationships.add(f"{OFFICE}/hyperlink", address, external=True)

        merge_sheet(root, self.memory.elements, now, link)
        return SheetXml.split(serialized(root))

    def _dimension(self, frame: SheetXml, cells: dict[tuple[int, int], Cell | None]) -> SheetXml:
        if not any(cell is None or not isinstance(cell, OpenedCell) for cell in cells.values()):
            return frame
        ref = str(used_area(self.sheet))
        head = _DIMENSION.sub(lambda m: m.group(1) + ref.encode(), frame.head, count=1)
        return replace(frame, head=head)

    def _changed_cells(self) -> dict[tuple[int, int], Cell | None]:
        """Cells that differ from the file's, by place; None for those that are gone."""
        found: dict[tuple[int, int], Cell | None] = {}
        styles, known = self.styles, 0
        for at, cell in loaded_cells(self.sheet):
            if isinstance(cell, OpenedCell) and cell.opened_at == at:
                known += 1
                if cell.rewritten or cell.restyled(styles):
                    found[at] = cell
            elif isinstance(cell, MergedCell):
                if at not in self.memory.merged:
                    found[at] = cell
            elif cell._value is not None or cell.has_style:
                found[at] = cell
        if known < self._opened():
            for at in self._file_cells():
                if at not in self.sheet._cells:
                    found[at] = None
        return found

    def _opened(self) -> int:
        """How many cells the editor was given of the file."""
        cells = self.sheet._cells
        return cells.opened if isinstance(cells, LazyCells) else self.memory.cells

    def _file_cells(self) -> set[tuple[int, int]]:
        xml = self._xml()
        return {(row.number, column) for row in _rows(xml, Rows(xml)) for column in row.cells}

    def _changed_values(self) -> dict[tuple[int, int], Computed]:
        """Values of formulas that are the file's but whose results are not."""
        title = self.sheet.title
        return {
            (row, column): computed
            for (name, row, column), computed in self.values.items()
            if name == title and self._differs((row, column), computed)
        }

    def _differs(self, at: tuple[int, int], computed: Computed) -> bool:
        cell = self.sheet._cells.get(at)
        if not isinstance(cell, OpenedCell) or cell.rewritten or cell.opened_at != at:
            return False
        if computed.unknown:
            return False
        value = serial_number(computed.value, self.saver.book.epoch)
        return not same_result(self.memory.results.get(at), value)

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


def _joined(frame: SheetXml, rows: Iterator[Chunk]) -> Iterator[Chunk]:
    yield frame.head
    for stretch in rows:
        # In pieces: packing one of fifty megabytes would take as much again.
        for start in range(0, len(stretch), _PIECE):
            yield stretch[start : start + _PIECE]
    yield frame.tail


def _rows(xml: SheetXml, index: Rows) -> Iterator[RowXml]:
    for place, number in enumerate(index.numbers):
        yield RowXml(number, _row_bytes(xml, index, place), xml.prefix)


def _row_bytes(xml: SheetXml, index: Rows, place: int) -> bytes:
    start, end = index.bounds(place)
    return xml.data[start:end]


class _Rows:
    """The rows of a sheet with some cells, values and attributes changed."""

    def __init__(
        self,
        saver: SheetSaver,
        xml: SheetXml,
        cells: dict[tuple[int, int], Cell | None],
        values: dict[tuple[int, int], Computed],
        rows: dict[int, dict[str, str | None]],
    ) -> None:
        self._sheet = saver.sheet
        self._saver = saver.saver
        self._styles = saver.styles
        self._all_values = saver.values
        self._xml = xml
        self._cells = cells
        self._attributes = rows
        cells_ = saver.sheet._cells
        self._index = cells_.rows if isinstance(cells_, LazyCells) else Rows(xml)
        self._by_row: dict[int, dict[int, Cell | Computed | None]] = defaultdict(dict)
        for (row, column), computed in values.items():
            self._by_row[row][column] = computed
        for (row, column), cell in cells.items():
            self._by_row[row][column] = cell
        self._free_shared_formulas()
        # Now and not on writing: new styles have to be known before the stylesheet is.
        numbers = sorted(self._by_row.keys() | self._attributes.keys())
        self._written_rows = {number: self._changed(number) for number in numbers}

    def _free_shared_formulas(self) -> None:
        """Where the cell that a shared formula is written in changes, the others get their own."""
        groups = {
            index.group(1)
            for (row, column) in self._cells
            for tag in _SHARED.findall(self._file_row(row).cells.get(column, b""))
            if b"ref" in tag and (index := _INDEX.search(tag))
        }
        if not groups:
            return
        for row in _rows(self._xml, self._index):
            for column, xml in row.cells.items():
                tag = _SHARED.search(xml)
                index = _INDEX.search(tag.group()) if tag else None
                cell = self._sheet._cells.get((row.number, column))
                if index and index.group(1) in groups and cell is not None:
                    self._by_row[row.number].setdefault(column, cell)
                    if isinstance(self._by_row[row.number][column], Computed):
                        self._by_row[row.number][column] = cell

    def _file_row(self, number: int) -> RowXml:
        place = self._index.place(number)
        if place < len(self._index.numbers) and self._index.numbers[place] == number:
            return RowXml(number, _row_bytes(self._xml, self._index, place), self._xml.prefix)
        return RowXml.new(number, self._xml.prefix)

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in pieces: long stretches as they were, and those that changed."""
        data, index, done = memoryview(self._xml.data), self._index, self._xml.start
        for number, written in self._written_rows.items():
            place = index.place(number)
            start = index.starts[place] if place < len(index.starts) else self._xml.stop
            yield data[done:start]
            there = place < len(index.numbers) and index.numbers[place] == number
            done = index.bounds(place)[1] if there else start
            yield written
        yield data[done : self._xml.stop]

    def _changed(self, number: int) -> bytes:
        """A row as it is to be."""
        row = self._file_row(number)
        there = bool(row.cells or row.attributes)
        row.set(self._attributes.get(row.number, {}))
        self._change(row)
        return row.written() if there or row.cells or row.attributes else b""

    def _change(self, row: RowXml) -> None:
        for column, new in self._by_row.get(row.number, {}).items():
            xml = row.cells.get(column, b"")
            if new is None:
                row.cells.pop(column, None)
            elif isinstance(new, Computed):
                if xml:
                    value = serial_number(new.value, self._sheet.parent.epoch)
                    row.cells[column] = with_value(xml, value, known=not new.unknown)
            elif xml and self._only_restyled(new):
                row.cells[column] = with_style(xml, self._style(new))
            else:
                row.cells[column] = self._written(new, explicit=b" s=" in xml.split(b">")[0])

    def _only_restyled(self, cell: Cell) -> bool:
        return (
            isinstance(cell, OpenedCell)
            and not cell.rewritten
            and not cell.moved
            and cell.restyled(self._styles)
        )

    def _written(self, cell: Cell, *, explicit: bool) -> bytes:
        """A cell as it is now.

        :param explicit: whether the file named its format, even where that is the first
        """
        computed = self._all_values.get((self._sheet.title, cell.row, cell.column))
        namespace = bool(self._xml.prefix)
        style = self._style(cell)
        return cell_xml(cell, style if style or explicit else None, computed, namespace=namespace)

    def _style(self, cell: Cell) -> int:
        if isinstance(cell, OpenedCell) and not cell.restyled(self._styles):
            return cell.opened_style
        number = style_number(self._sheet.parent, cell._style)
        if number >= self._saver.memory.styles.formats:
            self._saver.new_styles = True
        return number


def _set_kind(draft: Draft, main: str, *, macros: bool) -> None:
    """Let the package be what its file's name says: a workbook, with macros or without."""
    if draft.content_type(main) != (XLSM if macros else XLSX):
        draft.write(main, draft.read(main), XLSM if macros else XLSX)
    if macros:
        return
    relationships = draft.relationships(main)
    for item in relationships.of_kind("vbaProject"):
        draft.remove(item.target)
        relationships.remove(item.id)
