"""What a change makes of references: one rewriter for each kind of change.

A rewriter is asked about texts: formulas (with the sheet that references without a sheet
mean, their home), names, and titles of sheets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from service.workbook.references.changes import Shift
from service.workbook.references.text import (
    GONE,
    PLAIN,
    Operand,
    Range,
    column_name,
    column_number,
    prefix_of,
    replaced,
    sheets_of,
)

_ITEM = re.compile(r"\[((?:[^\[\]']|'.)*)\]")
_ESCAPED = re.compile(r"'(.)")


@dataclass(frozen=True)
class TableEdit:
    """What becomes of a table, as far as references to it are concerned.

    :param name: its name afterwards, "" if it is gone
    :param columns: names of its columns before
    :param gone: those that are deleted
    :param renamed: new names of columns, by their old ones in small letters
    """

    name: str
    columns: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rewriter:
    """Base: leaves everything as it is.

    :param tables: what becomes of tables, by their names in small letters
    """

    tables: dict[str, TableEdit] = field(default_factory=dict)

    # Whether a reference without a sheet may change, wherever it stands.
    everywhere: ClassVar[bool] = False

    def formula(self, text: str, home: str) -> str:
        """The formula after the change.

        :param home: title of the sheet that references without a sheet mean
        """
        return replaced(text, lambda operand: self._operand(operand, home, named=False))

    def name(self, text: str, home: str) -> str:
        """What a defined name means after the change: its relative parts shift with nothing."""
        return replaced(text, lambda operand: self._operand(operand, home, named=True))

    def rule(self, text: str, home: str) -> str:
        """The formula of a conditional format or validation after the change."""
        return self.formula(text, home)

    def title(self, title: str) -> str:
        """The title of a sheet after the change; "" if it is gone."""
        return title

    def shift(self, home: str) -> Shift | None:
        """What happens to the cells of a sheet, if anything does."""
        return None

    def concerns(self, text: str, home: str) -> bool:
        """Whether a formula speaks of the sheet whose cells are shifted."""
        found = False

        def visit(operand: Operand) -> None:
            nonlocal found
            sheets = sheets_of(operand.sheet) or [home]
            found |= bool(operand.area) and self.shift(sheets[0]) is not None

        replaced(text, visit)
        return found

    @property
    def sheets(self) -> list[str]:
        """One of these stands, as a sheet's name, in each text that the change may concern."""
        return []

    def _operand(self, operand: Operand, home: str, *, named: bool) -> str | None:
        if operand.name and not operand.sheet and not operand.area:
            edit = self.tables.get(operand.name.lower())
            return _table_reference(operand, edit) if edit else None
        sheets = sheets_of(operand.sheet)
        if operand.sheet and not sheets:
            return None  # another workbook's
        return self._reference(operand, sheets, home, named=named)

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        return None


def _table_reference(operand: Operand, edit: TableEdit) -> str | None:
    if not edit.name:
        return GONE
    columns = operand.columns
    if edit.gone and columns:
        kept = _kept_columns(columns, edit)
        if kept is None:
            return GONE
        columns = kept
    columns = renamed_columns(columns, edit.renamed)
    same = edit.name.lower() == operand.name.lower()
    return (operand.name if same else edit.name) + columns


def _kept_columns(brackets: str, edit: TableEdit) -> str | None:
    """The brackets without deleted columns; None if a column they name is gone."""
    inner = brackets[1:-1]
    if not inner.lstrip("@ ").startswith("["):
        return None if _plain(inner.lstrip("@")) in edit.gone else brackets
    names = [match for match in _ITEM.finditer(brackets, 1) if match[1][:1] != "#"]
    if not any(_plain(match[1]) in edit.gone for match in names):
        return brackets
    if len(names) != 2:
        return None
    order = [name.lower() for name in edit.columns]
    first, last = (order.index(_plain(match[1])) for match in names)
    left = [name for name in edit.columns[first : last + 1] if name.lower() not in edit.gone]
    if not left:
        return None
    start, end = names
    return (
        f"{brackets[: start.start()]}[{_escaped(left[0])}]"
        f"{brackets[start.end() : end.start()]}[{_escaped(left[-1])}]{brackets[end.end() :]}"
    )


def renamed_columns(brackets: str, renamed: Mapping[str, str]) -> str:
    """What stands in brackets behind a table's name, with new names of its columns.

    :param renamed: new names by the old ones in small letters
    """
    inner = brackets[1:-1]
    if _ITEM.search(inner) is None:
        at = "@" if inner.startswith("@") else ""
        new = renamed.get(_plain(inner.removeprefix("@").strip()))
        if new is None:
            return brackets
        return f"[@[{_escaped(new)}]]" if at else f"[{_escaped(new)}]"

    def one(match: re.Match[str]) -> str:
        new = None if match[1].startswith("#") else renamed.get(_plain(match[1]))
        return match[0] if new is None else f"[{_escaped(new)}]"

    return f"[{_ITEM.sub(one, inner)}]"


def _plain(column: str) -> str:
    return _ESCAPED.sub(r"\1", column).lower()


def _escaped(column: str) -> str:
    return re.sub(r"(['\[\]#@])", r"'\1", column)


@dataclass
class GridRewriter(Rewriter):
    """Rows, columns or cells of one sheet go somewhere."""

    sheet: str = ""
    change: Shift | None = None

    @property
    def sheets(self) -> list[str]:
        return [self.sheet]

    def shift(self, home: str) -> Shift | None:
        return self.change if home.casefold() == self.sheet.casefold() else None

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        # Excel leaves references through several sheets alone when one of them changes.
        if not operand.area or len(sheets) > 1 or self.change is None:
            return None
        if self.shift(sheets[0] if sheets else home) is None:
            return None
        plain = None if named else PLAIN.fullmatch(operand.area)
        if plain is not None and self.change.whole:
            return self._plain(operand, plain.groups(), self.change)
        try:
            found = Range.read(operand.area)
        except ValueError:
            return None
        if named and not _fixed_along(found, self.change):
            return None
        area = found.area
        moved = self.change.area(area)
        if moved is None:
            return GONE
        return None if moved == area else operand.sheet + found.at(moved) + operand.spill

    def _plain(self, operand: Operand, parts: tuple[str, ...], shift: Shift) -> str | None:
        """The usual case, made fast: a cell or area written in capitals, in order."""
        place = 3 if shift.axis == "rows" else 1
        first = last = _number(parts[place])
        if parts[5]:
            last = _number(parts[place + 4])
        low, high = min(first, last), max(first, last)
        if high > shift.lines.limit:
            return None  # no cell, but a name
        moved = shift.lines.span(low, high)
        if moved is None:
            return GONE
        if moved == (low, high):
            return None
        ends = moved if first <= last else (moved[1], moved[0])
        new = list(parts)
        new[place] = _written(shift, ends[0])
        if not parts[5]:
            return operand.sheet + "".join(new[:4]) + operand.spill
        new[place + 4] = _written(shift, ends[1])
        return f"{operand.sheet}{''.join(new[:4])}:{''.join(new[4:])}{operand.spill}"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else column_number(text)


def _written(shift: Shift, line: int) -> str:
    return str(line) if shift.axis == "rows" else column_name(line)


def _fixed_along(found: Range, shift: Shift) -> bool:
    corners = (found.first, found.last)
    if shift.axis == "rows":
        return all(corner.fixed_row or not corner.row for corner in corners)
    return all(corner.fixed_column or not corner.column for corner in corners)


@dataclass
class RenameRewriter(Rewriter):
    """A sheet gets another name."""

    old: str = ""
    new: str = ""

    @property
    def sheets(self) -> list[str]:
        return [self.old]

    def title(self, title: str) -> str:
        return self.new if title.casefold() == self.old.casefold() else title

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        names = [self.title(name) for name in sheets]
        return None if names == sheets else prefix_of(names) + operand.rest


@dataclass
class OrderRewriter(Rewriter):
    """Sheets are moved or deleted: references through several sheets keep sound ends.

    :param before: titles of all sheets in their order
    :param after: likewise, after the change
    :param moved: the sheet that is moved, if one is
    """

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    moved: str = ""

    @property
    def sheets(self) -> list[str]:
        gone = set(self.before) - set(self.after)
        return [*gone, ""]  # a reference through several sheets names but its ends

    def title(self, title: str) -> str:
        return title if title.casefold() in _folded(self.after) else ""

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        before, after = _folded(self.before), _folded(self.after)
        folded = _folded(sheets)
        if not sheets or any(name not in before for name in folded):
            return None
        if len(sheets) == 1:
            return None if folded[0] in after else GONE
        ends = self._ends(before, after, folded)
        if ends is None:
            return GONE
        names = [self.after[after.index(name)] for name in ends]
        if _folded(names) == folded:
            return None
        return prefix_of(names if names[0] != names[1] else names[:1]) + operand.rest

    def _ends(self, before: list[str], after: list[str], ends: list[str]) -> list[str] | None:
        """The first and last sheet afterwards; the sheets between decide where an end is lost.

        Source: Microsoft, "Create a reference to the same cell range on multiple worksheets".
        """
        first, last = sorted(before.index(name) for name in ends)
        through = before[first : last + 1]
        kept = [name for name in through if name in after]
        if not kept:
            return None
        start, end = kept[0], kept[-1]
        if after.index(start) <= after.index(end):
            return [start, end]
        # One end was moved past the other one, and is left behind.
        stayed = [name for name in kept if name != self.moved.casefold()]
        return [stayed[0], stayed[-1]]


def _folded(names: list[str]) -> list[str]:
    return [name.casefold() for name in names]


@dataclass
class CopyRewriter(Rewriter):
    """The parts of a copy speak of the copy where the original's speak of the original."""

    old: str = ""
    new: str = ""

    @property
    def sheets(self) -> list[str]:
        return [self.old]

    def title(self, title: str) -> str:
        return self.new if title.casefold() == self.old.casefold() else title

    def _reference(
        self, operand: Operand, sheets: list[str], home: str, *, named: bool
    ) -> str | None:
        own = len(sheets) == 1 and sheets[0].casefold() == self.old.casefold()
        return prefix_of([self.new]) + operand.rest if own else None
