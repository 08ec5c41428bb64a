"""The open workbook: an editor (openpyxl), and values calculated from what it holds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import (
    ExcelToolsError,
    InternalError,
    SheetNotFound,
    SheetRequired,
    WorkbookDamaged,
    listed,
)
from service.matching import the_sheet
from service.workbook import cells, checkpoints, serials, writer
from service.workbook.areas import Area, agreed_sheet, parse_area, split_sheet
from service.workbook.calculation import third
from service.workbook.calculation.answers import HINTS, NOT_CALCULATED, told_unverified
from service.workbook.calculation.held import held_values
from service.workbook.calculation.ledger import Ledger, Mapped
from service.workbook.calculation.results import Address, Computed, Values, serial_number
from service.workbook.calculation.source import EditorSource, formula_facts
from service.workbook.calculation.trust import State
from service.workbook.calculation.values import Calculation
from service.workbook.dynamic import Place, places, spills_of
from service.workbook.keeping import saver
from service.workbook.keeping.loader import Memory, load
from service.workbook.named_areas import named_area
from service.workbook.noted import Noted
from service.workbook.occupancy import (
    count_cells,
    count_formulas,
    filling_formulas,
    is_lazy,
    used_area,
)
from service.workbook.package.guard import PackageFacts, inspect_package
from service.workbook.package.opc import Draft, Package
from service.workbook.room import check_room, check_room_for_rows
from service.workbook.spilling import extend, in_the_way, retract

Fact = TypeVar("Fact")
_OF_VALUES = {"used", "region", "formulas", "filled", "fixed"}  # facts that follow from them alone
_MOST_SPILLS = 3  # calculations until what arrays fill stays as it is
_SPILLING = 5.0  # seconds to calculate what dynamic arrays fill


class Book:
    """One open workbook. Not safe for use by two threads; an engine owns it alone.

    Reading is free. Changing happens inside ``with book.changing():``, after everything
    that can be refused has been: an exception in there leaves ``broken`` set, and the
    owner throws the book away and rebuilds it from its journal.
    """

    def __init__(
        self,
        xl: openpyxl.Workbook,
        name: str,
        *,
        max_cells: int = 2_000_000,
        max_table_cells: int = 20_000_000,
        losses: tuple[str, ...] = (),
        memory: Memory | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.xl = xl
        self.memory = memory
        self.name = name
        self.max_cells = max_cells
        self.max_table_cells = max_table_cells
        self.losses = losses
        self.broken = False
        self.calculation = Calculation(self._source, ledger, third.shared())
        self._told_unverified: set[Address] = set()
        self._noted: Noted | None = None
        self._spilled: Values | None = None  # the values that spilled cells were taken from
        # What was worked out by looking at every cell of a sheet, by sheet and name.
        self._facts: dict[tuple[str, str], Any] = {}

    def _source(self) -> EditorSource:
        return EditorSource(self.xl, self.memory)

    def __repr__(self) -> str:
        return f"<Book {self.name!r} sheets={self.xl.sheetnames}>"

    @classmethod
    def blank(
        cls, name: str, *, max_cells: int = 2_000_000, max_table_cells: int = 20_000_000
    ) -> Book:
        """A workbook without any sheet: who makes it adds at least one."""
        xl = openpyxl.Workbook()
        xl.remove(xl.worksheets[0])
        return cls(xl, name, max_cells=max_cells, max_table_cells=max_table_cells)

    @classmethod
    def load(
        cls,
        path: Path,
        name: str,
        *,
        max_unpacked: int = 1 << 30,
        max_cells: int = 2_000_000,
        facts: PackageFacts | None = None,
    ) -> Book:
        """Open the workbook at ``path``.

        :param facts: what the guard found, if it has looked at this very file before
        :raises UnsupportedFile: if it is no .xlsx or .xlsm
        :raises WorkbookDamaged: if openpyxl can't make sense of it
        :raises TooLarge: if it is beyond the limits
        """
        facts = facts or inspect_package(path, max_unpacked, max_cells)
        # The name decides, as it does for Excel, which refuses a file that is not what it says.
        macros = name.lower().endswith(".xlsm")
        losses: tuple[str, ...] = ()
        if facts.macros and not macros:
            losses += ("macros (the file is no .xlsm)",)
        if facts.signed:
            losses += ("the digital signature (it ends with the first change)",)
        xl, memory = _read(Package(path), name)
        book = cls(xl, name, max_cells=max_cells, losses=losses, memory=memory)
        if book.formula_count():
            book.calculation.open(held_values(xl, memory))
        return book

    # Sheets -----------------------------------------------------------------

    @property
    def sheet_names(self) -> list[str]:
        return [sheet.title for sheet in self.xl.worksheets]

    def sheet(self, name: str = "") -> Worksheet:
        """The sheet of that name, see :func:`matching.the_sheet`; "" where there is only one.

        :raises SheetNotFound: listing the sheets there are
        :raises SheetRequired: if no name is given and there are several
        """
        title = the_sheet(name, self.sheet_names) if name.strip() else None
        if title is not None:
            return next(sheet for sheet in self.xl.worksheets if sheet.title == title)
        if name.strip():
            raise SheetNotFound(
                f'No sheet "{name}" in {self.name}. Sheets: {listed(self.sheet_names)}.',
                'Use one of these names, or make the sheet first: edit_excel_sheet(action="add").',
                {"sheets": self.sheet_names},
            )
        if len(self.xl.worksheets) == 1:
            return self.xl.worksheets[0]
        raise SheetRequired(
            f"{self.name} has several sheets: {listed(self.sheet_names)}.",
            "Say which one with the parameter sheet.",
            {"sheets": self.sheet_names},
        )

    def sheet_and_area(self, sheet: str, text: str) -> tuple[Worksheet, Area]:
        """The sheet and area of a range such as "A1:C9" or "'My sheet'!A1:C9"; "" is all.

        Tables, their parts and names for cells are ranges, too.
        """
        named, reference = split_sheet(text)
        known = named_area(self.xl, reference, named or sheet)
        if known is not None:
            named, reference = named or known.sheet, f"{known.area}"
            text = f"{text} ({known.sheet}!{known.area})"
        worksheet = self.sheet(agreed_sheet(sheet, named, f"The range {text}"))
        used = self.used_area(worksheet)
        return worksheet, parse_area(reference, used) if reference else used

    # Values -----------------------------------------------------------------

    @property
    def values(self) -> Values:
        """Values of all formula cells, and of those that array formulas fill, as of now."""
        return self._values_now() if self._noted is None else self._noted

    def _values_now(self) -> Values:
        if not self.formula_count():
            return {}
        values = self.calculation.values()
        for _ in range(_MOST_SPILLS):
            if not self._spill():
                break
            values = self.calculation.values()
        return values

    @contextmanager
    def noting(self, known: dict[Address, Computed]) -> Iterator[None]:
        """Let values that are ``known`` count in this block, and add those that are looked at."""
        self._noted = Noted(self._values_now, known)
        try:
            yield
        finally:
            self._noted = None

    def calculated_within(self, seconds: float) -> bool:
        """Whether the values are known, or could be calculated in so short a time."""
        known = self.calculation.within(seconds)
        for _ in range(_MOST_SPILLS):
            if not known or not self._spill():
                break
            known = self.calculation.within(seconds)
        return known

    def spill(self) -> None:
        """Have what dynamic arrays fill up to date; what takes long to calculate stays as it is.

        Every operation finds the cells so, also when the journal is replayed.
        """
        if any(map(spills_of, self.xl.worksheets)):
            self.calculated_within(_SPILLING)

    def _spill(self) -> bool:
        """Bring the editor up to date; whether the values have to be calculated anew for it."""
        values, changed = self.calculation.known, False
        if values is self._spilled:
            return False
        self._spilled = values
        # Twice: where one array shrinks, another one may grow.
        for sheet in [*self.xl.worksheets, *self.xl.worksheets]:
            for at in list(spills_of(sheet)):
                computed = self.calculation.spilled((sheet.title, *at))
                if computed is None or computed.fills is None:
                    continue
                blocked = computed.value == "#SPILL!"
                area = Area(*at, *at) if blocked else computed.fills
                if extend(sheet, at, area, {p: _known(values, sheet, p) for p in places(area)}):
                    self._forget_cells(sheet)
                    changed = True
        # Values of the file were taken for those of cells that are filled only now.
        if changed and self.calculation.ledger.values:
            self.calculation.changed()
            return True
        return False

    def _forget_cells(self, sheet: Worksheet) -> None:
        """What was known about which cells of a sheet are filled does not count any more."""
        for name in ("filled", "fixed", "used", "region"):
            self.set_fact(sheet, name, None)

    def computed(self, cell: Cell) -> Computed:
        """The calculated value of a formula cell."""
        key = (cell.parent.title, cell.row, cell.column)
        return self.values.get(key, Computed(unknown="the calculator gave no value"))

    def value(self, cell: Cell) -> object:
        """What the cell shows: its value, or its formula's; None where that is unknown."""
        value: object = cell.value
        if cell.data_type == "f" or self.filled(cell):
            value = serial_number(self.computed(cell).value, self.xl.epoch)
        if isinstance(value, int | float) and not isinstance(value, bool) and cell.has_style:
            return serials.as_date(value, str(cell.number_format), self.xl.epoch)
        return value

    def filled(self, cell: Cell) -> bool:
        """Whether an array formula or data table in another cell gives this one its value."""
        areas = self.filled_areas(cell.parent)
        return bool(areas) and any(area.holds(cell.row, cell.column) for area in areas)

    def filled_areas(self, sheet: Worksheet) -> list[Area]:
        """The areas of a sheet that an array formula or data table in one cell gives values."""
        return self.fact(sheet, "filled", filled_areas)

    def fixed_areas(self, sheet: Worksheet) -> list[Area]:
        """Those among them that can't shrink: dynamic arrays leave when something is in the way."""
        return self.fact(sheet, "fixed", lambda ws: filled_areas(ws, dynamic=False))

    def unverified(
        self, only: Collection[tuple[str, int, int]] | None = None, most: int = 5
    ) -> list[dict[str, str]]:
        """Cells whose value may not be what Excel shows, by reason: all, or ``only`` some."""
        return told_unverified(self.calculation.known, only, most)

    def unverified_news(self, most: int = 3) -> list[dict[str, str]]:
        """As ``unverified``, without the cells that this has told of before."""
        known = self.calculation.known
        now = {address for address, computed in known.items() if computed.unverified}
        fresh = now - self._told_unverified
        news = [address for address in known if address in fresh]
        self._told_unverified = now
        return self.unverified(news, most)

    def cell(self, sheet: Worksheet, row: int, column: int) -> Cell | None:
        """The cell there, or None. Unlike openpyxl's own way it makes none by looking."""
        return sheet._cells.get((row, column))

    def formula_count(self) -> int:
        """How many cells hold formulas."""
        return sum(self.fact(sheet, "formulas", count_formulas) for sheet in self.xl.worksheets)

    def cell_count(self) -> int:
        """How many cells the workbook holds, formatted blanks among them."""
        return sum(count_cells(sheet) for sheet in self.xl.worksheets)

    def formula_errors(self, most: int = 10) -> list[dict[str, str]]:
        """Formulas that give an error or can't be calculated: cell, formula, why, what to do.

        Of what is known already: ask for ``values`` before.
        """
        found = []
        for (title, row, column), computed in self.calculation.known.items():
            cell = self.cell(self.xl[title], row, column)
            value = str(computed.value)
            failed = not computed.unknown and value in cells.ERRORS
            if (failed or computed.unknown) and cell is not None and cell.data_type == "f":
                found.append(
                    {
                        "cell": f"{title}!{cell.coordinate}",
                        "formula": (cells.formula_of(cell) or "")[:200],
                        "value": value if failed else "not calculated",
                        "cause": cells.ERRORS[value] if failed else computed.unknown,
                        "hint": self._hint(cell, value) if failed else NOT_CALCULATED,
                    }
                )
                if len(found) == most:
                    break
        return found

    def _hint(self, cell: Cell, value: str) -> str:
        """What to do about a formula's error."""
        if value == "#SPILL!":
            known = self.calculation.spilled((cell.parent.title, cell.row, cell.column))
            area = known.fills if known is not None else None
            if area is not None and (blocking := in_the_way(cell.parent, area)):
                return f"The result needs {area}, and there is {blocking}: clear that, or move it."
        return HINTS[value]

    # Changing ---------------------------------------------------------------

    @contextmanager
    def changing(self, *, keep_facts: bool = False, values_stay: bool = False) -> Iterator[None]:
        """The part of an operation that changes the workbook.

        :param keep_facts: the operation itself brings the facts up to date
        :param values_stay: every cell goes on to hold what it holds: looks, rules, charts, names
        """
        self.calculation.changed()
        if values_stay:
            self._facts = {key: found for key, found in self._facts.items() if key[1] in _OF_VALUES}
        elif not keep_facts:
            self._facts.clear()
        self.broken = True
        yield
        self._spilled = None
        retracted = [sheet for sheet in self.xl.worksheets if retract(sheet)]
        for sheet in retracted:
            self._forget_cells(sheet)
        if retracted:
            self.calculation.changed()
        self.broken = False

    def fact(self, sheet: Worksheet, name: str, work_out: Callable[[Worksheet], Fact]) -> Fact:
        """What ``work_out`` finds on a sheet, kept until the workbook changes."""
        key = (sheet.title, name)
        if key not in self._facts:
            self._facts[key] = work_out(sheet)
        found: Fact = self._facts[key]
        return found

    def set_fact(self, sheet: Worksheet, name: str, value: object) -> None:
        """Keep a fact that an operation knows after its change; ``None`` forgets it."""
        if value is None:
            self._facts.pop((sheet.title, name), None)
        else:
            self._facts[(sheet.title, name)] = value

    def used_area(self, sheet: Worksheet) -> Area:
        """The smallest area from A1 that holds all cells with a value; A1 of an empty sheet."""
        return self.fact(sheet, "used", used_area)

    def room_for(self, more: int) -> None:
        """Refuse ``more`` cells if the workbook would hold too many.

        :raises TooLarge: naming the limit
        """
        check_room(self, more)

    def room_for_rows(self, more: int) -> None:
        """The same for cells that are not made before they are asked for.

        :raises TooLarge: naming the limit
        """
        check_room_for_rows(self, more)

    @property
    def very_large(self) -> bool:
        """Whether it has sheets whose cells are made when they are asked for.

        It gets no checkpoint: that would have to hold all cells, and it is opened anew, with
        its journal replayed, in less time than a checkpoint takes to read.
        """
        return any(map(is_lazy, self.xl.worksheets))

    def keep(self, path: Path) -> None:
        """Write a checkpoint: the editor's whole state, to go on from later.

        :raises InternalError: if there is something in the workbook that can't be kept
        """
        try:
            state = (self.xl, self.losses, self.memory, self.calculation.ledger)
            checkpoints.write(path, state)
        except checkpoints.UnusableCheckpointError as error:
            raise InternalError(
                f"{self.name} can't be put into a checkpoint ({error}).",
                "Nothing is lost: its journal is replayed.",
            ) from error

    @classmethod
    def kept(cls, path: Path, name: str, *, max_cells: int = 2_000_000) -> Book:
        """The workbook of a checkpoint.

        :raises UnusableCheckpointError: if it is damaged, or of another version
        """
        xl, losses, memory, ledger = checkpoints.read(path)
        return cls(xl, name, max_cells=max_cells, losses=losses, memory=memory, ledger=ledger)

    def draft(self, values: Values) -> Draft:
        """The package that the workbook is to become, with these values of its formulas."""
        if self.memory is None:
            with TemporaryDirectory(prefix="draft-") as folder:
                path = Path(folder, "book.xlsx")
                writer.save(self.xl, path, values)
                return Draft(Package(path.read_bytes()))
        macros = self.name.lower().endswith(".xlsm")
        return saver.drafted(self.xl, self.memory, values, macros=macros)

    def restructured(self, package: Package, moved: Mapped, before: State | None = None) -> None:
        """Go on with another package, which this workbook became by a change of its structure.

        :param moved: where the cell of an address is now; None if it is gone
        :param before: the workbook before, where the editor has changed it since
        """
        xl, memory = _read(package, self.name)
        memory.restructured = True
        before = before or self.calculation.before_move()
        with self.changing():
            self.xl, self.memory = xl, memory
        self.calculation.moved(moved, before)

    def save(self, path: Path) -> None:
        """Write the workbook to ``path`` with the values of its formulas."""
        if self.memory is None:
            writer.save(self.xl, path, self.values)
        else:
            macros = self.name.lower().endswith(".xlsm")
            saver.save(self.xl, self.memory, path, self.values, macros=macros)


def _read(package: Package, name: str) -> tuple[openpyxl.Workbook, Memory]:
    """The workbook of a package in the editor.

    :raises WorkbookDamaged: if the editor can't make sense of it
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the editor does not know, which is kept
            xl, memory = load(package)
            xl.template = False
    except (ExcelToolsError, MemoryError):
        raise
    except Exception as error:
        raise WorkbookDamaged(
            f"{name} can't be read: {type(error).__name__}: {str(error)[:200]}",
            "Open it in Excel, save it again and upload the new copy.",
        ) from error
    if not xl.worksheets:
        raise WorkbookDamaged(
            f"{name} has no worksheet.", "Open a workbook with at least one sheet of cells."
        )
    return xl, memory


def _known(values: Values, sheet: Worksheet, place: Place) -> object:
    computed = values.get((sheet.title, *place))
    return 0 if computed is None or computed.value is None else computed.value


def filled_areas(sheet: Worksheet, *, dynamic: bool = True) -> list[Area]:
    """The areas of array formulas and data tables that fill several cells of a sheet."""
    formulas = map(formula_facts, filling_formulas(sheet))
    wanted = [one for one in formulas if dynamic or one.kind != "dynamic"]
    return [formula.area for formula in wanted if formula.area and formula.area.cells > 1]
