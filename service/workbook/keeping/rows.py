"""The rows of a sheet, with those cells, values and attributes put in that changed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.calculation.results import Computed, serial_number
from service.workbook.dynamic import DynamicArray
from service.workbook.keeping.cell_xml import cell_xml, with_style, with_value
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.job import Job
from service.workbook.keeping.lazy import Chunk, LazyCells, Rows
from service.workbook.keeping.sheet_xml import RowXml, SheetXml
from service.workbook.keeping.styles import style_number

_SHARED = re.compile(rb"""<(?:\w+:)?f\b[^>]*\bt\s*=\s*["']shared["'][^>]*>""")
_INDEX = re.compile(rb"""\bsi\s*=\s*["'](\d+)["']""")
Place: TypeAlias = tuple[int, int]


def file_rows(index: Rows, places: Iterable[int]) -> Iterator[RowXml]:
    """The rows at these positions."""
    for place in places:
        yield RowXml(index.numbers[place], index.row_bytes(place), index.sheet.prefix)


class ChangedRows:
    """The rows of a sheet with some cells, values and attributes changed."""

    def __init__(
        self,
        job: Job,
        sheet: Worksheet,
        xml: SheetXml,
        cells: dict[Place, Cell | None],
        values: dict[Place, Computed],
        rows: dict[int, dict[str, str | None]],
    ) -> None:
        self._sheet = sheet
        self._job = job
        self._styles = job.styles
        self._xml = xml
        self._cells = cells
        self._values = values
        self._attributes = rows
        cells_ = sheet._cells
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
        for row in file_rows(self._index, range(len(self._index.numbers))):
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
            return RowXml(number, self._index.row_bytes(place), self._xml.prefix)
        return RowXml.new(number, self._xml.prefix)

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in pieces: long stretches as they were, and those that changed."""
        index, done = self._index, 0
        for number, written in self._written_rows.items():
            place = index.place(number)
            yield from index.stretch(done, place)
            there = place < len(index.numbers) and index.numbers[place] == number
            done = place + there
            yield written
        yield from index.stretch(done, len(index.numbers))

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
                    row.cells[column] = self._valued(xml, new)
            elif xml and self._only_restyled(new):
                # Its format is not all that is new where its formula gives something else now.
                computed = self._values.get((row.number, column))
                xml = xml if computed is None else self._valued(xml, computed)
                row.cells[column] = with_style(xml, self._style(new))
            else:
                row.cells[column] = self._written(new, explicit=b" s=" in xml.split(b">")[0])

    def _valued(self, xml: bytes, computed: Computed) -> bytes:
        """A formula's cell with the value that it gives now."""
        value = serial_number(computed.value, self._sheet.parent.epoch)
        return with_value(xml, value, known=not computed.unknown)

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
        computed = self._job.values.get((self._sheet.title, cell.row, cell.column))
        namespace = bool(self._xml.prefix)
        style = self._style(cell)
        return cell_xml(
            cell,
            style if style or explicit else None,
            computed,
            namespace=namespace,
            metadata=self._job.dynamic if isinstance(cell._value, DynamicArray) else None,
        )

    def _style(self, cell: Cell) -> int:
        if isinstance(cell, OpenedCell) and not cell.restyled(self._styles):
            return cell.opened_style
        number = style_number(self._sheet.parent, cell._style)
        if number >= self._job.memory.styles.formats:
            self._job.new_styles = True
        return number
