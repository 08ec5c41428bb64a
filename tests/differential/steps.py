"""Long random sequences of what people do to a workbook, the same for every editor."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName

Scalar = int | float | str | None
FORMATS = ("General", "0.00", "#,##0", "0%")
TEXTS = ("north", "Größe", "a & b", "<tag>", "it's", "日本", "  blanks  ", "x" * 300)
NAMES = ("Costs", "Q1 Data", "It's", "Ünïcode", "2024", "A1B", "x y z", "Data-2", "R1C1", "Last")
ROWS, COLUMNS = 12, 6


@dataclass(frozen=True)
class Write:
    """Rows of values and formulas from a cell on, all in one format."""

    sheet: str
    row: int
    column: int
    rows: tuple[tuple[Scalar, ...], ...]
    bold: bool = False
    number_format: str = "General"


@dataclass(frozen=True)
class Append:
    """A row under the data of a sheet; editors that do not know where are told."""

    sheet: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Format:
    sheet: str
    row: int
    column: int
    rows: int
    columns: int
    bold: bool
    number_format: str


@dataclass(frozen=True)
class Clear:
    sheet: str
    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Lines:
    """Rows or columns are inserted before ``first``, or deleted from it on."""

    sheet: str
    action: Literal["insert", "delete"]
    axis: Literal["rows", "columns"]
    first: int
    count: int


@dataclass(frozen=True)
class Sheets:
    """A sheet is added, renamed, copied (``to`` is the new name), moved to a place, or deleted."""

    action: Literal["add", "rename", "copy", "move", "delete"]
    sheet: str
    to: str = ""
    position: int = 0


@dataclass(frozen=True)
class Save:
    """The workbook is saved, and opened again from the file."""


Step = Write | Append | Format | Clear | Lines | Sheets | Save


def base(path: Path) -> None:
    """The workbook that every sequence begins with."""
    book = Workbook()
    book.active.title = "Data"
    for name in ("Data", "Sums"):
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        for column in range(1, COLUMNS + 1):
            sheet.cell(1, column, f"{name} {column}").font = Font(bold=True)
            for row in range(2, ROWS - 1):
                sheet.cell(row, column, row * column + len(name))
    sums = book["Sums"]
    sums["D3"], sums["D4"] = "=SUM(Data!B2:B6)", "=Data!$C$4*2"
    sums["E3"], sums["E4"] = "=SUM(Total)", "=A3+$B4"
    sums["F3"] = '=IF(MAX(Data!A:A)>5,"big","small")'
    book.defined_names["Total"] = DefinedName("Total", attr_text="Data!$B$2:$D$5")
    book.defined_names["Rate"] = DefinedName("Rate", attr_text="Data!$C$3")
    sums.merge_cells("I20:J21")
    sums["I20"] = "merged"
    book.save(path)


@dataclass
class _Sheet:
    name: str
    rank: int  # formulas read sheets of lower ranks only, so that no circle arises


@dataclass
class Sequence:
    """Steps drawn from a seed; a formula reads only what is to its left, or on older sheets.

    :param structure: whether rows, columns and sheets come and go, or only come
    """

    seed: int
    structure: Literal["all", "inserts"] = "all"
    _sheets: list[_Sheet] = field(default_factory=lambda: [_Sheet("Data", 0), _Sheet("Sums", 1)])
    _used: int = 0

    def steps(self, count: int, every: int = 8) -> Iterator[Step]:
        """So many steps, with a save after every few and at the end."""
        draw = random.Random(self.seed)
        for number in range(1, count + 1):
            yield self._step(draw)
            if number % every == 0 or number == count:
                yield Save()

    def _step(self, draw: random.Random) -> Step:
        makers = [self._write] * 5 + [self._append, self._format, self._clear]
        makers += [self._lines] * 5
        if self.structure == "all":
            makers += [self._sheets_step] * 2
        return draw.choice(makers)(draw)

    def _write(self, draw: random.Random) -> Step:
        sheet = draw.choice(self._sheets)
        row, column = draw.randint(1, ROWS), draw.randint(1, COLUMNS)
        wide, high = draw.randint(1, 2), draw.randint(1, 3)
        rows = tuple(
            tuple(self._content(draw, sheet, column + across) for across in range(wide))
            for _ in range(high)
        )
        return Write(sheet.name, row, column, rows, draw.random() < 0.3, draw.choice(FORMATS))

    def _append(self, draw: random.Random) -> Step:
        return Append(draw.choice(self._sheets).name, (draw.randint(1, 99), draw.choice(TEXTS[:5])))

    def _format(self, draw: random.Random) -> Step:
        box = (
            draw.randint(1, ROWS),
            draw.randint(1, COLUMNS),
            draw.randint(1, 4),
            draw.randint(1, 3),
        )
        sheet = draw.choice(self._sheets).name
        return Format(sheet, *box, draw.random() < 0.5, draw.choice(FORMATS))

    def _clear(self, draw: random.Random) -> Step:
        box = (
            draw.randint(2, ROWS),
            draw.randint(1, COLUMNS),
            draw.randint(1, 2),
            draw.randint(1, 2),
        )
        return Clear(draw.choice(self._sheets).name, *box)

    def _lines(self, draw: random.Random) -> Step:
        action = draw.choice(["insert", "delete"]) if self.structure == "all" else "insert"
        axis = draw.choice(["rows", "rows", "columns"])
        first = draw.randint(1, ROWS if axis == "rows" else COLUMNS)
        count = draw.randint(1, 3 if axis == "rows" else 1)
        return Lines(draw.choice(self._sheets).name, action, axis, first, count)

    def _sheets_step(self, draw: random.Random) -> Step:
        sheet = draw.choice(self._sheets)
        actions = ["rename", "move"]
        actions += ["add", "copy"] if len(self._sheets) < 5 else []
        actions += ["delete"] if len(self._sheets) > 2 else []
        action = draw.choice(actions)
        old = sheet.name
        if action == "move":
            self._sheets.remove(sheet)
            position = draw.randint(0, len(self._sheets))
            self._sheets.insert(position, sheet)
            return Sheets("move", old, position=position)
        if action == "delete":
            self._sheets.remove(sheet)
            return Sheets("delete", old)
        self._used += 1
        new = f"{draw.choice(NAMES)} {self._used}" if draw.random() < 0.5 else f"S{self._used}"
        if action == "rename":
            sheet.name = new
            return Sheets("rename", old, new)
        made = _Sheet(new, 1 + max(item.rank for item in self._sheets))
        self._sheets.append(made)
        return Sheets("add", new) if action == "add" else Sheets("copy", old, new)

    def _content(self, draw: random.Random, sheet: _Sheet, column: int) -> Scalar:
        kind = draw.random()
        if kind < 0.3:
            return draw.randint(-50, 500)
        if kind < 0.4:
            return round(draw.uniform(-9, 99), 2)
        if kind < 0.5:
            return draw.choice(TEXTS)
        older = [item for item in self._sheets if item.rank < sheet.rank]
        if column == 1 and not older:
            return draw.randint(1, 9)
        return "=" + self._formula(draw, column, older)

    def _formula(self, draw: random.Random, column: int, older: list[_Sheet]) -> str:
        def place() -> tuple[str, int]:
            """What stands before a reference, and the last column that it may name."""
            if older and (column == 1 or draw.random() < 0.4):
                return f"{quoted(draw.choice(older).name)}!", COLUMNS
            return "", column - 1

        def single() -> str:
            prefix, last = place()
            return prefix + _address(draw, draw.randint(1, ROWS), draw.randint(1, last))

        def area() -> str:
            prefix, last = place()
            left, top = draw.randint(1, last), draw.randint(1, ROWS)
            right, bottom = draw.randint(left, last), top + draw.randint(0, 5)
            if draw.random() < 0.15:
                return f"{prefix}{get_column_letter(left)}:{get_column_letter(right)}"
            return f"{prefix}{_address(draw, top, left)}:{_address(draw, bottom, right)}"

        shape = draw.choice(
            ["{a}+{b}", "{a}*2", "SUM({r})", "SUM({r})-{a}", "MAX({r},{a})", "COUNT({r})",
             "IF({a}>3,{b},0)", "COUNTIF({r},3)+1", "{a}&{b}"]
        )  # fmt: skip
        return shape.format(a=single(), b=single(), r=area())


def _address(draw: random.Random, row: int, column: int) -> str:
    left, top = ("$" if draw.random() < 0.25 else "" for _ in range(2))
    return f"{left}{get_column_letter(column)}{top}{row}"


def quoted(name: str) -> str:
    """A sheet's name as it stands in a formula; always between quotes, which is allowed."""
    return "'" + name.replace("'", "''") + "'"
