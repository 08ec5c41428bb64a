"""Headers of tables: what is written there names the table's columns, as in Excel.

Excel repairs a file, and takes formulas out of it, where a header's cell holds another text
than its column's name, no text, or the same text as another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidValue
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.references.changes import RenameColumns
from service.workbook.references.text import areas_of

_LONGEST = 255


@dataclass
class Headers:
    """What a write does to headers of tables.

    :param lines: the rows to write, with headers that a table can have
    :param changes: the columns that get other names
    :param notes: what is written otherwise than it was sent
    """

    lines: list[list[cells.Scalar]]
    changes: list[RenameColumns] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def with_headers(
    sheet: Worksheet, lines: list[list[cells.Scalar]], row: int, column: int
) -> Headers:
    """Look at rows that are to be written from (row, column) on.

    :raises InvalidValue: if a header would be a formula, or too long for one
    """
    found = Headers(lines)
    for table in sheet.tables.values():
        (area,) = areas_of(str(table.ref))
        index = area.first_row - row
        if table.headerRowCount == 0 or not table.tableColumns or not 0 <= index < len(lines):
            continue
        line = found.lines[index]
        places = [at for at in _columns(area) if 0 <= at - column < len(line)]
        if places:
            written = {at: line[at - column] for at in places}
            _name(found, sheet, table, area, written)
            new = [
                _sendable(written.get(at, value)) if at in written else value
                for at, value in enumerate(line, column)
            ]
            found.lines = [*found.lines[:index], new, *found.lines[index + 1 :]]
    return found


def _columns(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


def _name(
    found: Headers,
    sheet: Worksheet,
    table: Table,
    area: Area,
    written: dict[int, cells.Scalar],
) -> None:
    """Put texts that are different from one another in place of what is ``written``."""
    before = [str(item.name) for item in table.tableColumns]
    shown = dict(zip(_columns(area), _shown(sheet, area, before), strict=True))
    taken = {name.lower() for at, name in shown.items() if at not in written}
    after = dict(zip(_columns(area), before, strict=True))
    renamed = []
    for at, value in written.items():
        where = f"{get_column_letter(at)}{area.first_row}"
        asked = _text(value, where, table.displayName)
        name = _free(asked, taken)
        taken.add(name.lower())
        if name != value and f"'{name}" != value:
            found.notes.append(
                f'{where} names a column of the table {table.displayName} and holds "{name}" '
                "now: such names are texts, and no two are the same."
            )
        if name != shown[at]:
            renamed += [(old, name) for old in {shown[at], after[at]}]
            after[at] = name
        written[at] = name
    if renamed:
        change = RenameColumns(
            sheet.title, table.displayName, tuple(after.values()), tuple(renamed)
        )
        found.changes.append(change)


def _shown(sheet: Worksheet, area: Area, names: list[str]) -> Iterator[str]:
    """The texts of the header's cells; the column's name where a cell has none."""
    for at, name in zip(_columns(area), names, strict=True):
        cell = sheet._cells.get((area.first_row, at))
        text = str(cell.value) if cell is not None and cell.data_type == "s" else ""
        yield text or name


def _text(value: cells.Scalar, where: str, table: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if not isinstance(value, str):
        return f"{value:.15g}"
    if value.startswith("=") and len(value) > 1:
        raise InvalidValue(
            f"{where} names a column of the table {table}, and a name can't be a formula.",
            "Write the text itself there.",
        )
    text = value[1:] if value.startswith("'") and len(value) > 1 else value
    if len(text) > _LONGEST:
        raise InvalidValue(
            f"{where} names a column of the table {table}; Excel allows such a name "
            f"{_LONGEST} characters, and this has {len(text)}.",
            "Write a shorter text there.",
        )
    return text


def _free(asked: str, taken: set[str]) -> str:
    """The name, or one with a number behind it, as Excel makes it."""
    if asked and asked.lower() not in taken:
        return asked
    stem, number = (asked, 2) if asked else ("Column", 1)
    while f"{stem}{number}".lower() in taken:
        number += 1
    return f"{stem}{number}"


def _sendable(value: cells.Scalar) -> cells.Scalar:
    """What has to be sent for that text, which may look like a date or a formula."""
    text = str(value)
    stored, _ = cells.stored_value(text, "") if not text.startswith("=") else ("", False)
    return text if stored == text else f"'{text}"
