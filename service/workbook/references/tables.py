"""Tables of a sheet when its rows or columns are inserted, deleted or moved."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from service.workbook.areas import Area
from service.workbook.references.changes import Shift
from service.workbook.references.index import local
from service.workbook.references.lines import Inserted
from service.workbook.references.rewriting import TableEdit
from service.workbook.references.sheet_xml import (
    CellXml,
    FormulaXml,
    cells_of,
    column_letters,
    escape,
    formula_of,
    rows_of,
)
from service.workbook.references.text import areas_of, translated


@dataclass
class Table:
    """A table's part.

    :param root: its root element
    """

    part: str
    root: etree._Element

    @property
    def name(self) -> str:
        return self.root.get("displayName") or self.root.get("name") or ""

    @property
    def area(self) -> Area:
        return areas_of(self.root.get("ref", "A1"))[0]

    @property
    def header_rows(self) -> int:
        return int(self.root.get("headerRowCount", "1"))

    @property
    def totals_rows(self) -> int:
        return int(self.root.get("totalsRowCount", "0"))

    @property
    def data(self) -> tuple[int, int]:
        """First and last row of its data."""
        area = self.area
        return area.first_row + self.header_rows, area.last_row - self.totals_rows

    @property
    def _list(self) -> etree._Element:
        return next(item for item in self.root if local(item) == "tableColumns")

    @property
    def columns(self) -> list[etree._Element]:
        return [item for item in self._list if local(item) == "tableColumn"]

    @property
    def column_names(self) -> list[str]:
        return [item.get("name", "") for item in self.columns]

    def edit(self, shift: Shift) -> TableEdit | None:
        """What references to the table become, None if nothing."""
        area = self.area
        if shift.stretch(area) is None:
            return TableEdit("")
        names = self.column_names
        if shift.axis == "rows":
            return None
        gone = [
            name.lower()
            for number, name in enumerate(names, area.first_column)
            if shift.cell(area.first_row, number) is None
        ]
        return TableEdit(self.name, tuple(names), frozenset(gone)) if gone else None

    # Changing -----------------------------------------------------------------

    def shift(self, shift: Shift) -> list[CellXml]:
        """Bring the table's area and columns up to date; new cells for its header row.

        The parts of it that are no one's but its own (filters, formulas) are the walk's.
        """
        old = self.area
        new = shift.stretch(old)
        assert new is not None
        if shift.axis == "rows":
            self._lose_totals(old, shift)
        self.root.set("ref", str(new))
        if shift.axis == "columns" and shift.lines.touches(old.first_column, old.last_column):
            return list(self._shift_columns(old, new, shift))
        return []

    def _lose_totals(self, area: Area, shift: Shift) -> None:
        if self.totals_rows and shift.cell(area.last_row, area.first_column) is None:
            del self.root.attrib["totalsRowCount"]
            self.root.set("totalsRowShown", "0")

    def _shift_columns(self, old: Area, new: Area, shift: Shift) -> Iterator[CellXml]:
        columns = self.columns
        taken = {name.lower() for name in self.column_names}
        free = max((int(item.get("id", "0")) for item in columns), default=0)
        for item in columns:
            self._list.remove(item)
        for number in range(new.first_column, new.last_column + 1):
            origin = shift.origin(old.first_row, number)
            place = origin[1] - old.first_column if origin else -1
            if 0 <= place < len(columns):
                self._list.append(columns[place])
                continue
            free += 1
            name = _free_name(taken)
            self._list.append(_new_column(columns[0], free, name))
            if self.header_rows:
                yield _text_cell(new.first_row, number, name)
        self._list.set("count", str(len(self.columns)))

    def filled(self, data: bytes, shift: Shift) -> Iterator[CellXml]:
        """Formulas of calculated columns in new rows, as the rows beside them have them.

        :param data: the sheet's cells after the change
        """
        lines = shift.lines
        first, last = self.data
        if shift.axis != "rows" or not isinstance(lines, Inserted):
            return
        new = range(lines.first, lines.first + lines.count)
        if not first <= new[0] <= new[-1] <= last:
            return
        model = new[0] - 1 if new[0] > first else new[-1] + 1
        calculated = {
            self.area.first_column + index
            for index, item in enumerate(self.columns)
            if any(local(child) == "calculatedColumnFormula" for child in item)
        }
        for row in (row for row in rows_of(data) if row.number == model and calculated):
            for cell in cells_of(row):
                formula = formula_of(cell.content)
                if cell.column in calculated and formula is not None and not formula.get("t"):
                    for number in new:
                        text = translated(formula.text, number - model, 0)
                        yield _formula_cell(number, cell.column, text)


def _free_name(taken: set[str]) -> str:
    number = 1
    while f"column{number}" in taken:
        number += 1
    taken.add(f"column{number}")
    return f"Column{number}"


def _new_column(model: etree._Element, id_: int, name: str) -> etree._Element:
    column = deepcopy(model)
    for child in list(column):
        column.remove(child)
    column.text = None
    column.attrib.clear()
    column.set("id", str(id_))
    column.set("name", name)
    return column


def _place(row: int, column: int) -> bytes:
    return b'r="' + column_letters(column) + str(row).encode() + b'"'


def _text_cell(row: int, column: int, text: str) -> CellXml:
    content = f"<is><t>{escape(text)}</t></is>".encode()
    return CellXml(row, column, _place(row, column) + b' t="inlineStr"', content)


def _formula_cell(row: int, column: int, text: str) -> CellXml:
    return CellXml(row, column, _place(row, column), FormulaXml(b"", text).written())
