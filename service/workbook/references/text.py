"""References in the text of formulas, found and replaced; all else stays as it is written.

The notation is the one of the file format: A1 style, English, sheets in front of ``!``.
Source: ECMA-376 part 1, 18.17.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from openpyxl.utils import column_index_from_string, get_column_letter

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area

GONE = "#REF!"

_A_TO_XFD = "[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]"
_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}"
_COLUMNS = r"\$?[A-Za-z]{1,3}[ ]*:[ ]*\$?[A-Za-z]{1,3}"
_ROWS = r"\$?[0-9]{1,7}[ ]*:[ ]*\$?[0-9]{1,7}"
_SHEET = r"[\w.]+"
_NAME = r"[^\W\d][\w.\\?]*|\\[\w.\\?]*"
_BRACKETS = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"
# What may not follow a cell: then it is the beginning of a name, a function or a sheet.
_END = r"(?![\w.\\?!(\[])"
_TOKEN = re.compile(
    rf"""
    "(?:[^"]|"")*"                                              # a text
  | \#REF!(?:{_CELL}(?::{_CELL})?|{_COLUMNS}|{_ROWS}){_END}     # on a sheet that is gone
  | (?P<sheet>'(?:[^']|'')+'!|(?:\[\d+\])?{_SHEET}(?::{_SHEET})?!|\[\d+\]!)?
    (?: (?P<area>(?:{_CELL}(?:[ ]*:[ ]*{_CELL})?|{_COLUMNS}|{_ROWS}){_END}) (?P<spill>\#)?
      | (?P<name>{_NAME}) (?P<columns>{_BRACKETS})? (?P<call>\()?
      | \#REF!
    )
  | \#[A-Za-z0-9/_]+[!?]?
  | (?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?
  | {_BRACKETS}
    """,
    re.VERBOSE,
)
PLAIN = re.compile(
    rf"(\$?)({_A_TO_XFD})(\$?)([1-9]\d{{0,6}})(?::(\$?)({_A_TO_XFD})(\$?)([1-9]\d{{0,6}}))?"
)
_CORNER = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)([0-9]{0,7})")
_SAFE_SHEET = re.compile(r"^[^\W\d][\w.]*$")
_LIKE_CELL = re.compile(r"^(?:[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*(?:[Cc][0-9]*)?|[Cc][0-9]*)$")


@dataclass(frozen=True)
class Corner:
    """One end of a reference: a cell, a whole row (no column) or a whole column (no row)."""

    column: int
    row: int
    fixed_column: bool
    fixed_row: bool

    @classmethod
    def read(cls, text: str) -> Corner:
        """Of "$B7", "B" or "$7".

        :raises ValueError: outside the sheet
        """
        match = _CORNER.fullmatch(text)
        if match is None:
            raise ValueError(text)
        fixed, letters, fixed_row, digits = match.groups()
        column = column_number(letters.upper()) if letters else 0
        row = int(digits) if digits else 0
        inside = (1 <= row <= MAX_ROW or not digits) and (column or not letters)
        if not inside or column > MAX_COLUMN:
            raise ValueError(text)
        if not letters:  # "$7": the sign belongs to the row
            return cls(0, row, False, bool(fixed or fixed_row))
        return cls(column, row, bool(fixed), bool(fixed_row))

    def __str__(self) -> str:
        column = (
            ("$" if self.fixed_column else "") + column_name(self.column) if self.column else ""
        )
        row = ("$" if self.fixed_row else "") + str(self.row) if self.row else ""
        return column + row


@functools.lru_cache(maxsize=20_000)
def column_number(letters: str) -> int:
    """26 of "Z"."""
    return int(column_index_from_string(letters))


@functools.lru_cache(maxsize=20_000)
def column_name(column: int) -> str:
    """The letters of 26."""
    return str(get_column_letter(column))


@dataclass(frozen=True)
class Range:
    """A reference as it is written, without its sheet: "$B$2", "A1:C9", "A:C", "3:5"."""

    first: Corner
    last: Corner
    separator: str  # "" for a single cell, else ":" with the blanks around it

    @classmethod
    def read(cls, text: str) -> Range:
        """:raises ValueError: if it is none, or lies outside the sheet"""
        left, colon, right = text.partition(":")
        first = Corner.read(left.rstrip())
        last = Corner.read(right.lstrip()) if colon else first
        if bool(first.row) != bool(last.row) or bool(first.column) != bool(last.column):
            raise ValueError(text)
        separator = text[len(left.rstrip()) : len(text) - len(right.lstrip())] if colon else ""
        return cls(first, last, separator)

    @property
    def area(self) -> Area:
        """The cells it means."""
        rows = sorted((self.first.row or 1, self.last.row or MAX_ROW))
        columns = sorted((self.first.column or 1, self.last.column or MAX_COLUMN))
        return Area(rows[0], columns[0], rows[1], columns[1])

    def at(self, area: Area) -> str:
        """The same kind of reference to another area."""
        first, last = self.first, self.last
        down, right = first.row <= last.row, first.column <= last.column
        rows = (area.first_row, area.last_row) if down else (area.last_row, area.first_row)
        columns = (area.first_column, area.last_column)
        columns = columns if right else (columns[1], columns[0])
        start = _placed(first, rows[0], columns[0])
        if not self.separator:
            return str(start)
        return f"{start}{self.separator}{_placed(last, rows[1], columns[1])}"


def _placed(corner: Corner, row: int, column: int) -> Corner:
    return Corner(
        column if corner.column else 0,
        row if corner.row else 0,
        corner.fixed_column,
        corner.fixed_row,
    )


class Operand(NamedTuple):
    """A reference, name or table in a formula.

    :param sheet: what stands in front of it, with the ``!``; "" for nothing
    :param area: text of a reference to cells, or ""
    :param name: a name, a table's or a function's
    :param columns: what stands in brackets behind a table's name
    :param spill: "#" behind a cell
    """

    sheet: str
    area: str
    name: str
    columns: str
    spill: str

    @property
    def rest(self) -> str:
        """The operand without its sheet."""
        return self.area + self.spill or self.name + self.columns or GONE


def replaced(formula: str, visit: Callable[[Operand], str | None]) -> str:
    """The formula with each operand replaced by what ``visit`` gives; None keeps it."""

    def one(match: re.Match[str]) -> str:
        sheet, area, spill, name, columns, call = match.group(
            "sheet", "area", "spill", "name", "columns", "call"
        )
        if not (sheet or area or name) or (call and not sheet):
            return match.group(0)
        new = visit(Operand(sheet or "", area or "", name or "", columns or "", spill or ""))
        if new is None:
            return match.group(0)
        return new + (call or "")

    return _TOKEN.sub(one, formula)


def with_own_columns(formula: str, visit: Callable[[str], str]) -> str:
    """The formula with each ``[Column]`` replaced that stands without its table's name.

    Such a formula stands in the table itself. Some programs write them so into files.
    """

    def one(match: re.Match[str]) -> str:
        own = match.group(0).startswith("[") and match.group("sheet") is None
        return visit(match.group(0)) if own else match.group(0)

    return _TOKEN.sub(one, formula)


# Sheets -----------------------------------------------------------------------


def sheets_of(prefix: str) -> list[str]:
    """The names in "Sheet1!", "'My sheet'!" or "Sheet1:Sheet3!"; none for another workbook."""
    text = prefix.removesuffix("!")
    if text.startswith("'"):
        text = text[1:-1].replace("''", "'")
    if "[" in text or not text:
        return []
    return text.split(":")


def prefix_of(names: list[str]) -> str:
    """What stands in front of a reference to cells on these one or two sheets."""
    text = ":".join(names)
    if all(map(_bare, names)):
        return f"{text}!"
    return "'" + text.replace("'", "''") + "'!"


def _bare(name: str) -> bool:
    """Whether a sheet's name needs no apostrophes."""
    words = name.casefold() not in ("true", "false")
    return bool(_SAFE_SHEET.match(name)) and not _LIKE_CELL.match(name) and words


# Copying ----------------------------------------------------------------------


def translated(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads in a cell so many rows further down and columns to the right.

    What leaves the sheet on one side comes in on the other, as in rules and shared formulas.
    """
    return _further(formula, rows, columns, around=True)


def copied(formula: str, rows: int, columns: int) -> str:
    """As :func:`translated`, but what leaves the sheet is ``#REF!``, as in a copied cell."""
    return _further(formula, rows, columns, around=False)


def _further(formula: str, rows: int, columns: int, *, around: bool) -> str:
    if not rows and not columns:
        return formula

    def visit(operand: Operand) -> str | None:
        if not operand.area or "[" in operand.sheet:
            return None
        try:
            found = Range.read(operand.area)
        except ValueError:
            return None
        corners = (found.first, found.last) if found.separator else (found.first,)
        if not around and any(_leaves(corner, rows, columns) for corner in corners):
            return GONE
        text = found.separator.join(str(_stepped(corner, rows, columns)) for corner in corners)
        return operand.sheet + text + operand.spill

    return replaced(formula, visit)


def _leaves(corner: Corner, rows: int, columns: int) -> bool:
    row = corner.row + (0 if corner.fixed_row or not corner.row else rows)
    column = corner.column + (0 if corner.fixed_column or not corner.column else columns)
    low = min(row if corner.row else 1, column if corner.column else 1)
    return low < 1 or row > MAX_ROW or column > MAX_COLUMN


def _stepped(corner: Corner, rows: int, columns: int) -> Corner:
    row, column = corner.row, corner.column
    if row and not corner.fixed_row:
        row = (row - 1 + rows) % MAX_ROW + 1
    if column and not corner.fixed_column:
        column = (column - 1 + columns) % MAX_COLUMN + 1
    return Corner(column, row, corner.fixed_column, corner.fixed_row)


# Lists of ranges --------------------------------------------------------------


def areas_of(text: str) -> list[Area]:
    """The areas of "A1:B2 C3", as attributes hold them.

    :raises ValueError: if a part is no reference
    """
    return [Range.read(part).area for part in text.split()]


def written(areas: list[Area]) -> str:
    """Areas as attributes hold them."""
    return " ".join(map(str, areas))
