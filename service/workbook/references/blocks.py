"""A block of cells is cut and put elsewhere: the references to its cells follow.

The cells themselves are carried by the editor before (``service.workbook.moving``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from service.workbook.areas import Area
from service.workbook.package.opc import Draft
from service.workbook.references.index import Effects, Index
from service.workbook.references.rewriting import Rewriter
from service.workbook.references.text import GONE, Operand, Range, prefix_of, replaced
from service.workbook.references.update import Update


@dataclass(frozen=True)
class MoveBlock:
    """The cells ``source`` of a sheet go to ``target``, of the same size, on a sheet ``to``."""

    sheet: str
    source: Area
    to: str
    target: Area

    @property
    def step(self) -> tuple[int, int]:
        """Rows down and columns to the right."""
        return (
            self.target.first_row - self.source.first_row,
            self.target.first_column - self.source.first_column,
        )

    @property
    def stays(self) -> bool:
        """Whether the cells stay on their sheet."""
        return self.sheet.casefold() == self.to.casefold()

    def moved(self, address: tuple[str, int, int]) -> tuple[str, int, int] | None:
        """Where a cell is now; None for one that was overwritten."""
        title, row, column = address
        if title.casefold() == self.sheet.casefold() and self.source.holds(row, column):
            down, right = self.step
            return self.to, row + down, column + right
        over = title.casefold() == self.to.casefold() and self.target.holds(row, column)
        return None if over else address


def relocate(draft: Draft, change: MoveBlock) -> Effects:
    """Have all references follow cells that were moved."""
    index = Index(draft)
    update = Update(index, BlockRewriter({}, change))
    update.everything()
    index.write_main()
    return update.effects


def qualified(formula: str, sheet: str) -> str:
    """The formula as it reads on another sheet: references without a sheet name ``sheet``."""

    def visit(operand: Operand) -> str | None:
        if operand.sheet or not operand.area:
            return None
        return prefix_of([sheet]) + operand.rest

    return replaced(formula, visit)


_NOWHERE = MoveBlock("", Area(1, 1, 1, 1), "", Area(1, 1, 1, 1))


@dataclass
class BlockRewriter(Rewriter):
    """What becomes of references when a block of cells is moved, as in Excel.

    An area follows if all of it is moved, or a whole edge of it along its own rows or
    columns; an area that is overwritten becomes ``#REF!``.
    """

    change: MoveBlock = field(default=_NOWHERE)

    everywhere: ClassVar[bool] = True

    @property
    def sheets(self) -> list[str]:
        return [self.change.sheet, self.change.to]

    def concerns(self, text: str, home: str) -> bool:
        return True

    def rule(self, text: str, home: str) -> str:
        """A rule's formula is seen from each of its cells: only what is fixed follows."""
        return self.name(text, home)

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        if not operand.area or len(sheets) > 1:
            return None
        try:
            found = Range.read(operand.area)
        except ValueError:
            return None
        if named and not _fixed(found):
            return None
        sheet = (sheets[0] if sheets else home).casefold()
        change = self.change
        if sheet == change.sheet.casefold():
            moved = self._followed(found.area)
            if moved is not None:
                return self._prefix(operand, sheets, home) + found.at(moved) + operand.spill
        if sheet == change.to.casefold() and _within(found.area, change.target):
            return GONE
        return None

    def _prefix(self, operand: Operand, sheets: list[str], home: str) -> str:
        change = self.change
        if change.stays:
            return operand.sheet
        return "" if home.casefold() == change.to.casefold() else prefix_of([change.to])

    def _followed(self, area: Area) -> Area | None:
        """What an area becomes; None if it stays."""
        change = self.change
        source, (down, right) = change.source, change.step
        if _within(area, source):
            return Area(
                area.first_row + down,
                area.first_column + right,
                area.last_row + down,
                area.last_column + right,
            )
        if not change.stays or not source.overlaps(area):
            return None
        columns = (
            source.first_column <= area.first_column and area.last_column <= source.last_column
        )
        rows = source.first_row <= area.first_row and area.last_row <= source.last_row
        if columns and not right:
            first, last = _edges(
                area.first_row, area.last_row, source.first_row, source.last_row, down
            )
            return Area(first, area.first_column, last, area.last_column)
        if rows and not down:
            first, last = _edges(
                area.first_column, area.last_column, source.first_column, source.last_column, right
            )
            return Area(area.first_row, first, area.last_row, last)
        return None


def _edges(first: int, last: int, low: int, high: int, step: int) -> tuple[int, int]:
    """The ends of a span of which the lines from ``low`` to ``high`` go ``step`` further."""
    start = first + step if low <= first <= high else first
    end = last + step if low <= last <= high else last
    return min(start, end), max(start, end)


def _within(inner: Area, outer: Area) -> bool:
    return outer.joined(inner) == outer


def _fixed(found: Range) -> bool:
    corners = (found.first, found.last)
    return all((c.fixed_row or not c.row) and (c.fixed_column or not c.column) for c in corners)
