"""What calculators read of a workbook.

The seam is :class:`Source`. Calculators know nothing else, so they work for whatever
keeps the cells. Dates are serial numbers here, as files store them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area
from service.workbook.bulk import BulkReader, BulkSheet
from service.workbook.calculation.results import Address, ErrorValue, serial_number
from service.workbook.cells import ERRORS
from service.workbook.dynamic import DynamicArray
from service.workbook.gaps import NotInBulkError
from service.workbook.keeping.changed_cells import changed_cells
from service.workbook.keeping.held_rows import held_bulk
from service.workbook.keeping.lazy import loaded_cells
from service.workbook.keeping.loader import Memory
from service.workbook.occupancy import formula_cells, is_lazy

GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)
# More than any array that is calculated: its cells are listed one by one.
_MOST_FILLED = 50_000
_MOST_SPILLED = 100_000  # the same for dynamic arrays, which are calculated as one
Kind = Literal["plain", "array", "dynamic", "data table"]


@dataclass(frozen=True)
class Formula:
    """A formula as the file stores it.

    :param text: with ``=`` and with the prefixes of newer functions
    :param kind: plain fills one cell; array fills ``area``, as entered with Ctrl+Shift+Enter;
        dynamic fills as many cells as its result has, ``area`` when it was last calculated;
        a data table fills ``area``
    :param inputs: of a data table, the cells whose values it replaces, such as "B2"
    """

    text: str
    kind: Kind = "plain"
    area: Area | None = None
    inputs: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        return self.area.cells if self.area else 1


@dataclass(frozen=True)
class TableFacts:
    """A native table: its area with header and totals rows, and its columns' names."""

    name: str
    sheet: str
    area: Area
    columns: tuple[str, ...]
    header: bool = True
    totals: bool = False


@dataclass(frozen=True)
class NameFacts:
    """A defined name and what it stands for; ``sheet`` is "" for the whole workbook."""

    name: str
    text: str
    sheet: str = ""


class Source(Protocol):
    """A workbook as calculators see it."""

    @property
    def sheets(self) -> list[str]:
        """Titles of the worksheets, in their order."""

    @property
    def epoch(self) -> dt.datetime:
        """The day 0 of its dates: that of 1900 or of 1904."""

    @property
    def iterates(self) -> bool:
        """Whether circular references are calculated in rounds."""

    def values(self, sheet: str) -> Iterator[tuple[tuple[int, int], object]]:
        """((row, column), value) of the cells without a formula that are not blank.

        Results that stand in the area of an array formula or data table are left out.
        """

    def value(self, address: Address) -> object:
        """The plain value there; None for a blank cell, a formula, and what one fills."""

    def formulas(self) -> Iterator[tuple[Address, Formula]]:
        """All formulas, each at its (first) cell."""

    def tables(self) -> list[TableFacts]:
        """The native tables of all sheets."""

    def names(self) -> list[NameFacts]:
        """The defined names."""

    def hidden_rows(self, sheet: str) -> frozenset[int]:
        """The rows of a sheet that are hidden, by hand or by a filter."""

    def barred(self, sheet: str) -> list[Area]:
        """Areas of a sheet into which no array spills: merged cells and tables."""

    def changed(self) -> set[Address]:
        """The cells whose value or formula is not what it was in the file they came from.

        All cells of a workbook that came from none.
        """


class EditorSource:
    """A workbook that openpyxl holds.

    :param memory: what is remembered of the file that it came from; very large sheets are
        read from there, as their cells are not all made
    """

    def __init__(self, book: Workbook, memory: Memory | None = None) -> None:
        self._book = book
        self._memory = memory
        self._formulas: dict[Address, Formula] | None = None
        self._filled: dict[str, list[Area]] = {}

    @property
    def sheets(self) -> list[str]:
        return [sheet.title for sheet in self._book.worksheets]

    @property
    def epoch(self) -> dt.datetime:
        epoch: dt.datetime = self._book.epoch
        return epoch

    @property
    def iterates(self) -> bool:
        return bool(self._book.calculation and self._book.calculation.iterate)

    def values(self, sheet: str) -> Iterator[tuple[tuple[int, int], object]]:
        self._formulas_found()
        filled = self._filled.get(sheet, ())
        for place, value in self._in_bulk(sheet) or self._cell_by_cell(sheet):
            if value is None or (filled and any(area.holds(*place) for area in filled)):
                continue
            yield place, value

    def _cell_by_cell(self, sheet: str) -> Iterator[tuple[tuple[int, int], object]]:
        for place, cell in self._book[sheet]._cells.items():
            if cell._value is not None and cell.data_type != "f":
                yield place, self._plain(cell)

    def _in_bulk(self, sheet: str) -> Iterator[tuple[tuple[int, int], object]] | None:
        """The values of a very large sheet; None where there is a better way."""
        if self._memory is None or not is_lazy(self._book[sheet]):
            return None
        try:
            found = held_bulk(self._book[sheet])
            bulk = found or BulkReader(self._memory.package).sheet(sheet)
        except NotInBulkError:
            return None
        return self._of_bulk(sheet, bulk)

    def _of_bulk(self, sheet: str, bulk: BulkSheet) -> Iterator[tuple[tuple[int, int], object]]:
        others = {address[1:] for address in self._formulas_found() if address[0] == sheet}
        for place, cell in loaded_cells(self._book[sheet]):
            if place not in others:
                others.add(place)
                if cell._value is not None:
                    yield place, self._plain(cell)
        for column, values in enumerate(bulk.columns, bulk.first_column):
            for row, value in enumerate(values, 1):
                if value != "" and (row, column) not in others:
                    error = isinstance(value, str) and value in ERRORS
                    plain = serial_number(value, self.epoch)
                    yield (row, column), ErrorValue(value) if error else plain

    def value(self, address: Address) -> object:
        title, row, column = address
        self._formulas_found()
        cell = self._book[title]._cells.get((row, column))
        if cell is None or cell._value is None or cell.data_type == "f":
            return None
        filled = self._filled.get(title, ())
        return None if any(a.holds(row, column) for a in filled) else self._plain(cell)

    def formulas(self) -> Iterator[tuple[Address, Formula]]:
        yield from self._formulas_found().items()

    def tables(self) -> list[TableFacts]:
        found = []
        for sheet in self._book.worksheets:
            for table in sheet.tables.values():
                facts = _table_facts(sheet, table)
                if facts:
                    found.append(facts)
        return found

    def names(self) -> list[NameFacts]:
        found = [NameFacts(n, i.attr_text or "") for n, i in self._book.defined_names.items()]
        for sheet in self._book.worksheets:
            local = sheet.defined_names.items()
            found += [NameFacts(n, i.attr_text or "", sheet.title) for n, i in local]
        return found

    def hidden_rows(self, sheet: str) -> frozenset[int]:
        rows = self._book[sheet].row_dimensions.items()
        return frozenset(number for number, row in rows if row.hidden)

    def barred(self, sheet: str) -> list[Area]:
        return barred_areas(self._book[sheet])

    def changed(self) -> set[Address]:
        found: set[Address] = set()
        for sheet in self._book.worksheets:
            known = self._memory.sheets.get(sheet) if self._memory else None
            if known is None or self._memory is None:
                places = sheet._cells.keys()
            else:
                places = changed_cells(sheet, known, self._memory.package).keys()
            found.update((sheet.title, *place) for place in places)
        return found

    def _plain(self, cell: Cell) -> object:
        value = cell._value
        if cell.data_type == "e":
            return ErrorValue(value)
        if isinstance(value, CellRichText):
            return str(value)
        return serial_number(value, self.epoch) if cell.data_type == "d" else value

    def _formulas_found(self) -> dict[Address, Formula]:
        if self._formulas is None:
            self._formulas = {}
            for sheet in self._book.worksheets:
                title = sheet.title
                for (row, column), cell in formula_cells(sheet):
                    if cell.data_type == "f":
                        formula = formula_facts(cell)
                        if formula.text.strip() == "=":
                            continue  # Excel marks cells so that an array formula fills
                        self._formulas[title, row, column] = formula
                        if formula.area and formula.area.cells > 1:
                            self._filled.setdefault(title, []).append(formula.area)
        return self._formulas


def barred_areas(sheet: Worksheet) -> list[Area]:
    """Areas of a sheet into which no array spills: merged cells and tables."""
    merged = [Area(m.min_row, m.min_col, m.max_row, m.max_col) for m in sheet.merged_cells.ranges]
    tables = (_area(str(table.ref)) for table in sheet.tables.values())
    return merged + [area for area in tables if area is not None]


def formula_facts(cell: Cell) -> Formula:
    """The formula of a cell that has one."""
    value = cell._value
    if isinstance(value, ArrayFormula):
        text = value.text or ""
        text = text if text.startswith("=") else f"={text}"
        if isinstance(value, DynamicArray):
            return Formula(text, "dynamic", _filled(value.ref, _MOST_SPILLED))
        return Formula(text, "array", _filled(value.ref))
    if isinstance(value, DataTableFormula):
        inputs = tuple(str(one) for one in (value.r1, value.r2) if one)
        return Formula("=TABLE()", "data table", _filled(value.ref), inputs)
    return Formula(str(value))


def _area(reference: str | None) -> Area | None:
    try:
        return parse_area(reference or "", GRID)
    except InvalidRange:
        return None


def _filled(reference: str | None, most: int = _MOST_FILLED) -> Area | None:
    """The area that a formula fills; of a very large one only the first rows."""
    area = _area(reference)
    if area is None or area.cells <= most:
        return area
    rows = max(1, most // area.columns)
    return Area(area.first_row, area.first_column, area.first_row + rows - 1, area.last_column)


def _table_facts(sheet: Worksheet, table: object) -> TableFacts | None:
    area = _area(str(table.ref))  # type: ignore[attr-defined]
    if area is None:
        return None
    columns = tuple(str(column.name) for column in table.tableColumns)  # type: ignore[attr-defined]
    return TableFacts(
        table.displayName,  # type: ignore[attr-defined]
        sheet.title,
        area,
        columns or _headers(sheet, area),
        header=table.headerRowCount != 0,  # type: ignore[attr-defined]
        totals=bool(table.totalsRowCount),  # type: ignore[attr-defined]
    )


def _headers(sheet: Worksheet, area: Area) -> tuple[str, ...]:
    """What the columns of a table are called that has not been saved yet."""
    cells = sheet._cells
    found = (cells.get((area.first_row, c)) for c in range(area.first_column, area.last_column + 1))
    return tuple("" if cell is None else str(cell.value) for cell in found)


def is_1904(epoch: dt.datetime) -> bool:
    """Whether dates count from 1904."""
    return bool(epoch == CALENDAR_MAC_1904)
