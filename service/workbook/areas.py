"""Cell references as people and models write them: "B2", "A1:D20", "A:C", "'My sheet'!A1"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from openpyxl.utils import column_index_from_string, get_column_letter

from service.errors import InvalidRange

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384
MAX_REFERENCE = 10_000

_CELL = re.compile(r"^\$?([A-Za-z]{1,3})\$?([0-9]{1,7})$")
_PLAIN = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?$")
_COLUMN = re.compile(r"^\$?([A-Za-z]{1,3})$")
_ROW = re.compile(r"^\$?([0-9]{1,7})$")
_SHEET = re.compile(r"^(?:'((?:[^']|'')+)'|([^'!]+))!(.+)$")

_HINT = (
    'Write ranges as "A1:D20", one cell as "B2", whole columns as "A:C", whole rows as "2:5", or '
    'name a table or its part: "Sales", "Sales[Amount]".'
)


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, 1-based and inclusive."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @property
    def rows(self) -> int:
        return self.last_row - self.first_row + 1

    @property
    def columns(self) -> int:
        return self.last_column - self.first_column + 1

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    @property
    def bounds(self) -> dict[str, int]:
        """As the keyword arguments of openpyxl's ``iter_rows``."""
        return {
            "min_row": self.first_row,
            "min_col": self.first_column,
            "max_row": self.last_row,
            "max_col": self.last_column,
        }

    def __str__(self) -> str:
        first = f"{get_column_letter(self.first_column)}{self.first_row}"
        last = f"{get_column_letter(self.last_column)}{self.last_row}"
        return first if first == last else f"{first}:{last}"

    def joined(self, other: Area) -> Area:
        """The smallest area that holds both."""
        return Area(
            min(self.first_row, other.first_row),
            min(self.first_column, other.first_column),
            max(self.last_row, other.last_row),
            max(self.last_column, other.last_column),
        )

    def overlaps(self, other: Area) -> bool:
        return (
            self.first_row <= other.last_row
            and other.first_row <= self.last_row
            and self.first_column <= other.last_column
            and other.first_column <= self.last_column
        )

    def common(self, other: Area) -> Area | None:
        """The cells of both; None if there are none."""
        if not self.overlaps(other):
            return None
        return Area(
            max(self.first_row, other.first_row),
            max(self.first_column, other.first_column),
            min(self.last_row, other.last_row),
            min(self.last_column, other.last_column),
        )

    def holds(self, row: int, column: int) -> bool:
        rows = self.first_row <= row <= self.last_row
        return rows and self.first_column <= column <= self.last_column

    def column(self, index: int) -> Area:
        """The ``index``-th column of the area, counted from 0."""
        number = self.first_column + index
        return Area(self.first_row, number, self.last_row, number)

    def below(self, rows: int) -> Area:
        """The area without its first ``rows`` rows."""
        return Area(self.first_row + rows, self.first_column, self.last_row, self.last_column)

    def top(self, rows: int) -> Area:
        """At most the first ``rows`` rows of the area."""
        last = min(self.last_row, self.first_row + rows - 1)
        return Area(self.first_row, self.first_column, last, self.last_column)


def split_sheet(text: str) -> tuple[str, str]:
    """("Sheet name" or "", "A1:B2") of a reference with or without a sheet.

    :raises InvalidRange: if it is far longer than any reference
    """
    if len(text) > MAX_REFERENCE:
        raise InvalidRange(
            f"A range of {len(text):,} characters; at most {MAX_REFERENCE:,} are read.", _HINT
        )
    match = _SHEET.match(text.strip())
    if not match:
        return "", text.strip()
    quoted, plain, rest = match.groups()
    return (quoted.replace("''", "'") if quoted else plain), rest


def one_sheet(sheet: str, text: str, what: str = "The range") -> str:
    """The sheet that a parameter or a reference names; "" where neither does.

    :param what: the reference, in words
    :raises InvalidRange: if they name different ones
    """
    first = next(iter(split_areas(text)), "")
    return agreed_sheet(sheet, split_sheet(first)[0], f"{what} {text[:80]}")


def agreed_sheet(sheet: str, named: str, told: str) -> str:
    """The sheet of which a parameter and a reference have the name; "" where both have none.

    :param told: the reference, in words
    :raises InvalidRange: if they name different ones
    """
    asked = sheet.strip()
    if named and asked and named.lower() != asked.lower():
        raise InvalidRange(
            f'{told} names the sheet "{named}", the parameter sheet says "{asked}".',
            "Name the sheet once.",
        )
    return asked or named


def split_areas(text: str) -> list[str]:
    """The single ranges of "A1:A9,C1:C9"; a comma inside a quoted sheet name parts nothing."""
    parts, quoted = [""], False
    for piece in re.split("([,;'])", text):
        quoted ^= piece == "'"
        if piece in (",", ";") and not quoted:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


def parse_cell(text: str) -> tuple[int, int]:
    """(row, column) of a reference to one cell.

    :raises InvalidRange: if it is none, or lies outside Excel's grid
    """
    match = _CELL.match(text.strip())
    if not match:
        raise InvalidRange(f"{text!r} is not a cell reference.", 'Write a cell as "B2".')
    return _row(match.group(2), text), _column(match.group(1), text)


def parse_area(text: str, used: Area) -> Area:
    """The area that ``text`` names; whole columns and rows end where ``used`` ends.

    :raises InvalidRange: if it is no reference, or lies outside Excel's grid
    """
    plain = _PLAIN.match(text)
    if plain:
        letters, number, letters2, number2 = plain.groups()
        return _plain_area(letters, number, letters2, number2, text)
    parts = [part.strip() for part in text.strip().split(":")]
    if not text.strip() or len(parts) > 2:
        raise InvalidRange(f"{text!r} is not a range.", _HINT)
    first, last = parts[0], parts[-1]
    if _CELL.match(first) and _CELL.match(last):  # with blanks around them
        (row1, column1), (row2, column2) = parse_cell(first), parse_cell(last)
    elif _COLUMN.match(first) and _COLUMN.match(last) and len(parts) == 2:
        column1, column2 = (_column(_letters(part), text) for part in (first, last))
        row1, row2 = 1, used.last_row
    elif _ROW.match(first) and _ROW.match(last) and len(parts) == 2:
        row1, row2 = (_row(part.strip("$"), text) for part in (first, last))
        column1, column2 = 1, used.last_column
    else:
        raise InvalidRange(f"{text!r} is not a range.", _HINT)
    return Area(min(row1, row2), min(column1, column2), max(row1, row2), max(column1, column2))


def _plain_area(
    letters: str, number: str, letters2: str | None, number2: str | None, whole: str
) -> Area:
    """An area of cells, by far the most usual kind."""
    column, row = _column(letters, whole), _row(number, whole)
    if letters2 is None or number2 is None:
        return Area(row, column, row, column)
    column2, row2 = _column(letters2, whole), _row(number2, whole)
    return Area(min(row, row2), min(column, column2), max(row, row2), max(column, column2))


def _letters(part: str) -> str:
    return part.strip("$")


def _row(text: str, whole: str) -> int:
    row = int(text)
    if not 1 <= row <= MAX_ROW:
        raise InvalidRange(f"{whole!r} is outside the sheet: rows go from 1 to {MAX_ROW}.", _HINT)
    return row


def _column(letters: str, whole: str) -> int:
    column: int = column_index_from_string(letters)
    if column > MAX_COLUMN:
        raise InvalidRange(f"{whole!r} is outside the sheet: columns go from A to XFD.", _HINT)
    return column


def area_at(row: int, column: int, rows: int, columns: int) -> Area:
    """The area of the given size whose first cell is (row, column).

    :raises InvalidRange: if it does not fit on the sheet
    """
    area = Area(row, column, row + rows - 1, column + columns - 1)
    if area.last_row > MAX_ROW or area.last_column > MAX_COLUMN:
        raise InvalidRange(
            f"{rows} rows and {columns} columns from {get_column_letter(column)}{row} "
            f"do not fit: a sheet ends at XFD{MAX_ROW}.",
            "Start further up or left, or write less.",
        )
    return area
