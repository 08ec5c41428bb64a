"""Changes of a workbook's structure, as they are asked for.

Rows and columns are counted from 1, and so are the positions of sheets. A change of rows,
columns or cells leads to a :class:`Shift`: what happens to the cells of one sheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.references.lines import Deleted, Inserted, Lines, Moved, Span

Axis = Literal["rows", "columns"]
Place: TypeAlias = tuple[str, int, int]
LIMITS: dict[Axis, int] = {"rows": MAX_ROW, "columns": MAX_COLUMN}


@dataclass(frozen=True)
class Shift:
    """What happens to the cells of a sheet: lines of one axis go somewhere.

    :param band: the lines of the other axis that take part, all of them unless single cells
        are inserted or deleted
    """

    axis: Axis
    lines: Lines
    band: Span

    def spans(self, area: Area) -> tuple[Span, Span]:
        """The area's span along the axis, and the one across it."""
        rows = (area.first_row, area.last_row)
        columns = (area.first_column, area.last_column)
        return (rows, columns) if self.axis == "rows" else (columns, rows)

    def made(self, along: Span, across: Span) -> Area:
        """The area of two spans."""
        rows, columns = (along, across) if self.axis == "rows" else (across, along)
        return Area(rows[0], columns[0], rows[1], columns[1])

    def covers(self, across: Span) -> bool:
        """Whether all of a span across the axis takes part."""
        return self.band[0] <= across[0] and across[1] <= self.band[1]

    def area(self, area: Area) -> Area | None:
        """What a reference to an area becomes; None for ``#REF!``."""
        along, across = self.spans(area)
        if not self.covers(across):
            return area
        moved = self.lines.span(*along)
        return self.made(moved, across) if moved else None

    def pieces(self, area: Area) -> list[Area]:
        """Where exactly the cells of an area are afterwards."""
        along, _ = self.spans(area)
        return self._split(area, self.lines.pieces(*along))

    def formatted(self, area: Area) -> list[Area]:
        """Where the format of an area is: new cells look like those before them."""
        along, _ = self.spans(area)
        lines = self.lines
        if isinstance(lines, Inserted):
            return self._split(area, lines.formatted(*along))
        return self.pieces(area)

    def _split(self, area: Area, moved: list[Span]) -> list[Area]:
        """The part of an area that takes part in the places given, and the rest beside it."""
        along, across = self.spans(area)
        low, high = max(across[0], self.band[0]), min(across[1], self.band[1])
        if low > high or moved == [along]:
            return [area]
        beside = [(across[0], low - 1), (high + 1, across[1])]
        kept = [self.made(along, span) for span in beside if span[0] <= span[1]]
        return [self.made(span, (low, high)) for span in moved] + kept

    def stretch(self, area: Area) -> Area | None:
        """What becomes of an area that stays in one piece, such as a filter's."""
        if not isinstance(self.lines, Moved):
            return self.area(area)
        along, across = self.spans(area)
        if not self.covers(across) or self._within(*along):
            return area
        moved = self.lines.stretch(*along)
        return self.made(moved, across) if moved else None

    def _within(self, first: int, last: int) -> bool:
        """Whether lines are moved within a span, to its end too; above its top row is outside."""
        lines = self.lines
        assert isinstance(lines, Moved)
        top = first + (self.axis == "rows")
        return first <= lines.first and lines.last <= last and top <= lines.before <= last + 1

    def cell(self, row: int, column: int) -> tuple[int, int] | None:
        """Where a cell goes; None if it is gone."""
        along, across = (row, column) if self.axis == "rows" else (column, row)
        if not self.band[0] <= across <= self.band[1]:
            return row, column
        moved = self.lines.line(along)
        if moved is None:
            return None
        return (moved, across) if self.axis == "rows" else (across, moved)

    def origin(self, row: int, column: int) -> tuple[int, int] | None:
        """Where the cell that is there afterwards came from; None for a new one."""
        along, across = (row, column) if self.axis == "rows" else (column, row)
        if not self.band[0] <= across <= self.band[1]:
            return row, column
        before = self.lines.origin(along)
        if before is None:
            return None
        return (before, across) if self.axis == "rows" else (across, before)

    def cuts(self, area: Area) -> bool:
        """Whether the cells of an area do not stay together as they are."""
        along, across = self.spans(area)
        if across[1] < self.band[0] or self.band[1] < across[0]:
            return False
        if not self.covers(across):
            return self.lines.touches(*along)
        return self.lines.cuts(*along)

    @property
    def whole(self) -> bool:
        """Whether it is about whole rows or columns."""
        other: Axis = "columns" if self.axis == "rows" else "rows"
        return self.band == (1, LIMITS[other])


@dataclass(frozen=True)
class _LinesChange:
    """Base of the changes of whole rows or columns."""

    sheet: str
    first: int
    count: int = 1

    axis: ClassVar[Axis] = "rows"

    @property
    def lines(self) -> Lines:
        raise NotImplementedError

    @property
    def shift(self) -> Shift:
        other: Axis = "columns" if self.axis == "rows" else "rows"
        return Shift(self.axis, self.lines, (1, LIMITS[other]))

    def moved(self, sheet: str, row: int, column: int) -> Place | None:
        """Where a cell went; None if it is gone."""
        if sheet.casefold() != self.sheet.casefold():
            return sheet, row, column
        found = self.shift.cell(row, column)
        return (sheet, *found) if found else None


@dataclass(frozen=True)
class InsertRows(_LinesChange):
    """``count`` rows in front of row ``first``."""

    @property
    def lines(self) -> Lines:
        return Inserted(self.first, self.count, LIMITS[self.axis])


@dataclass(frozen=True)
class InsertColumns(InsertRows):
    """``count`` columns in front of column ``first``."""

    axis: ClassVar[Axis] = "columns"


@dataclass(frozen=True)
class DeleteRows(_LinesChange):
    """``count`` rows from row ``first`` on."""

    @property
    def lines(self) -> Lines:
        return Deleted(self.first, self.count, LIMITS[self.axis])


@dataclass(frozen=True)
class DeleteColumns(DeleteRows):
    """``count`` columns from column ``first`` on."""

    axis: ClassVar[Axis] = "columns"


@dataclass(frozen=True)
class MoveRows(_LinesChange):
    """``count`` rows from row ``first`` on are cut and put in front of row ``before``."""

    before: int = 1

    @property
    def lines(self) -> Lines:
        return Moved(self.first, self.count, self.before, LIMITS[self.axis])


@dataclass(frozen=True)
class MoveColumns(MoveRows):
    """``count`` columns from column ``first`` on are put in front of column ``before``."""

    axis: ClassVar[Axis] = "columns"


@dataclass(frozen=True)
class _CellsChange:
    """Base of inserting and deleting single cells.

    :param towards: where the cells beside make room, or come from
    """

    sheet: str
    area: Area
    towards: Literal["rows", "columns"] = "rows"

    @property
    def lines(self) -> Lines:
        raise NotImplementedError

    @property
    def along(self) -> Span:
        area = self.area
        if self.towards == "rows":
            return area.first_row, area.rows
        return area.first_column, area.columns

    @property
    def shift(self) -> Shift:
        area = self.area
        rows, columns = (area.first_row, area.last_row), (area.first_column, area.last_column)
        return Shift(self.towards, self.lines, columns if self.towards == "rows" else rows)

    def moved(self, sheet: str, row: int, column: int) -> Place | None:
        """Where a cell went; None if it is gone."""
        if sheet.casefold() != self.sheet.casefold():
            return sheet, row, column
        found = self.shift.cell(row, column)
        return (sheet, *found) if found else None


@dataclass(frozen=True)
class InsertCells(_CellsChange):
    """Blank cells; those below ("rows") or to the right ("columns") make room."""

    @property
    def lines(self) -> Lines:
        return Inserted(*self.along, LIMITS[self.towards])


@dataclass(frozen=True)
class DeleteCells(_CellsChange):
    """Cells go; those below ("rows") or to the right ("columns") take their place."""

    @property
    def lines(self) -> Lines:
        return Deleted(*self.along, LIMITS[self.towards])


@dataclass(frozen=True)
class _SheetChange:
    """Base of the changes of whole sheets: their cells stay where they are."""

    sheet: str

    def moved(self, sheet: str, row: int, column: int) -> Place | None:
        """Where a cell went; None if it is gone."""
        return sheet, row, column


@dataclass(frozen=True)
class AddSheet(_SheetChange):
    """A new sheet named ``sheet``, at a position counted from 1; 0 is the end."""

    position: int = 0


@dataclass(frozen=True)
class RenameSheet(_SheetChange):
    """A sheet gets the name ``name``."""

    name: str = ""

    def moved(self, sheet: str, row: int, column: int) -> Place | None:
        same = sheet.casefold() == self.sheet.casefold()
        return self.name if same else sheet, row, column


@dataclass(frozen=True)
class MoveSheet(_SheetChange):
    """A sheet goes to a position, counted from 1 among the sheets as they are afterwards."""

    position: int = 1


@dataclass(frozen=True)
class CopySheet(_SheetChange):
    """A copy of a sheet named ``name``, at a position; 0 is behind the sheet itself."""

    name: str = ""
    position: int = 0


@dataclass(frozen=True)
class DeleteSheet(_SheetChange):
    """A sheet goes."""

    def moved(self, sheet: str, row: int, column: int) -> Place | None:
        gone = sheet.casefold() == self.sheet.casefold()
        return None if gone else (sheet, row, column)


@dataclass(frozen=True)
class RenameColumns(_SheetChange):
    """Columns of a table on ``sheet`` get other names.

    :param names: of all its columns, as they are afterwards
    :param renamed: (the name before, the name afterwards) of those that change
    """

    table: str = ""
    names: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


GridChange: TypeAlias = (
    InsertRows
    | InsertColumns
    | DeleteRows
    | DeleteColumns
    | MoveRows
    | MoveColumns
    | InsertCells
    | DeleteCells
)
SheetChange: TypeAlias = AddSheet | RenameSheet | MoveSheet | CopySheet | DeleteSheet
Change: TypeAlias = GridChange | SheetChange | RenameColumns
