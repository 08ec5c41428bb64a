"""The rows of a report: sent along, or standing on a sheet of the open workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.context import Context
from service.operations.data import Grid, Rows, as_grid
from service.operations.layout import check_grid, find_region, header_names
from service.operations.reports.roles import Role, find_roles
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.cells import Scalar
from service.workbook.column_types import Decision, Settled, decide
from service.workbook.house import House

_TOTALS = {"total", "totals", "grand total", "sum", "gesamt", "summe", "gesamtsumme"}
_NUMERIC, _DATED = ("number", "currency", "percent"), ("date", "datetime")
_LONGEST_HEADER = 255  # of a native table's column
_PLAIN_HEADER = re.compile(r"[^\W\d_][\w ]*")


@dataclass(frozen=True)
class Choices:
    """What the caller has chosen for a report.

    :param columns: headers of parts that are not found by themselves
    :param money: number format of amounts
    :param rounded: the same without decimals
    """

    sheet: str
    title: str
    columns: dict[str, str]
    group_by: list[str]
    money: str
    rounded: str
    house: House


@dataclass
class Source:
    """Headers and rows, with the columns that play a part in the report.

    ``rows`` holds JSON values as a cell is written with. Once the rows stand on a sheet,
    ``place`` says where, and :meth:`ref` gives a column as formulas name it.
    """

    headers: list[str]
    rows: list[list[Scalar]]
    roles: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    sheet: str = ""
    place: Area | None = None
    table: str = ""

    def values(self, column: int) -> list[object]:
        """What the cells of a column mean: dates as dates, texts without apostrophes."""
        return [meaning(row[column]) for row in self.rows]

    def ref(self, column: int) -> str:
        """The column's values as formulas on other sheets name them."""
        header = self.headers[column]
        if self.table and _PLAIN_HEADER.fullmatch(header):
            return f"{self.table}[{header}]"
        assert self.place is not None
        letter = get_column_letter(self.place.first_column + column)
        first, last = self.place.first_row + 1, self.place.last_row
        return f"{quote_sheetname(self.sheet)}!${letter}${first}:${letter}${last}"


def meaning(value: Scalar) -> object:
    """The value that a cell written with ``value`` holds."""
    if not isinstance(value, str):
        return value
    if value.startswith("'"):
        return value[1:]
    return cells.parse_date(value) or value.strip() or None


def read_source(ctx: Context, rows: Rows, sheet: str) -> Source:
    """The rows sent along or, without any, those on the sheet.

    :raises InvalidParameters: if there are no rows in either
    """
    if rows:
        grid = _with_headers(rows)
        names = [" ".join(str(name).split()) for name in grid.headers]
        kept = [row for row in grid.rows if any(v not in (None, "") for v in row)]
        _refuse_bad_headers(names)
        check_grid(ctx.book, [[*names], *kept])
        return _without_totals(Source(names, kept, notes=grid.notes))
    if not ctx.book.sheet_names:
        raise InvalidParameters(
            "There are no rows to report on.",
            "Send rows, or name the open workbook that holds them with workbook.",
        )
    with ctx.as_seen():
        return _without_totals(_from_sheet(ctx.book, ctx.book.sheet(sheet)))


def _with_headers(rows: Rows) -> Grid:
    """The rows as a grid; of lists, the first holds the headers."""
    if isinstance(rows, list) and isinstance(rows[0], list):
        first = rows[0]
        if not all(isinstance(name, str) and name.strip() for name in first):
            raise InvalidParameters(
                "The first of the lists in rows must hold the headers.",
                'Send [["Date", "Amount"], ["2026-01-12", 120]], or records with names.',
            )
        return as_grid(first, rows[1:])
    return as_grid([], rows)


def _refuse_bad_headers(names: list[str]) -> None:
    lowered = [name.lower() for name in names]
    long = any(len(name) > _LONGEST_HEADER for name in names)
    if long or "" in lowered or len(set(lowered)) < len(lowered):
        raise InvalidParameters(
            f"Each column needs a header of its own; there are {listed(names, 30)}.",
            f"Give each column a different header of at most {_LONGEST_HEADER} characters.",
        )


def _from_sheet(book: Book, sheet: Worksheet) -> Source:
    region = find_region(book, sheet)
    if region is None or not region.has_headers or region.area.rows < 2:
        raise InvalidParameters(
            f"{sheet.title} holds no rows under headers.",
            "Name the sheet that holds the data, or send rows.",
        )
    names = [" ".join(name.split()) for name in header_names(book, sheet, region)]
    _refuse_bad_headers(names)
    area = region.area
    rows = []
    for row in range(area.first_row + 1, area.last_row + 1):
        found = [book.cell(sheet, row, c) for c in range(area.first_column, area.last_column + 1)]
        rows.append([None if c is None else cells.shown(book.value(c)) for c in found])
    tables = [table.displayName for table in sheet.tables.values() if table.ref == str(area)]
    return Source(names, rows, sheet=sheet.title, place=area, table="".join(tables[:1]))


def _without_totals(source: Source) -> Source:
    """Without the row of totals at the end, which would count everything twice."""
    while source.rows:
        texts = [meaning(value) for value in source.rows[-1] if isinstance(value, str)]
        if not any(str(text).strip(" :").lower() in _TOTALS for text in texts):
            break
        source.rows.pop()
        source.notes.append("The row of totals at the end of the data is not counted.")
        if source.place is not None:
            area = source.place
            source.place = Area(
                area.first_row, area.first_column, area.last_row - 1, area.last_column
            )
            source.table = ""
    if not source.rows:
        raise InvalidParameters("There are no rows to report on.", "Send at least one row.")
    return source


# Parts --------------------------------------------------------------------------


def give_roles(source: Source, roles: Sequence[Role], given: Mapping[str, str]) -> None:
    """Find the columns that play a part and bring their values into that part's type.

    :raises InvalidParameters: if ``given`` names what isn't there
    :raises InvalidValue: if a number is none, naming the row
    """
    read = {} if source.place else readings(source)
    kinds = [kinds_of(source.values(i)) for i in range(len(source.headers))]
    fits = {
        "text": set(range(len(kinds))),
        "number": {i for i, found in enumerate(kinds) if "number" in found}
        | {i for i, decision in read.items() if decision.kind in _NUMERIC},
        "date": {i for i, found in enumerate(kinds) if "date" in found}
        | {i for i, decision in read.items() if decision.kind in _DATED},
    }
    source.roles = find_roles(roles, source.headers, fits, given)
    for role, column in typed_columns(source, roles, read):
        if role.kind == "date" and kinds_of(source.values(column)) - {"date", "blank"}:
            del source.roles[role.name]
            source.notes.append(
                f'"{source.headers[column]}" holds values that are no dates, so it is not used '
                "as a date. Write dates as 2026-01-31."
            )


def typed_columns(
    source: Source, roles: Sequence[Role], read: Mapping[int, Decision]
) -> Iterator[tuple[Role, int]]:
    """The parts of numbers and dates with their columns, texts in these read as values.

    :param read: what columns of texts mean
    :raises InvalidValue: if a number is none, naming the row
    """
    for role in roles:
        column = source.roles.get(role.name)
        if column is None or role.kind == "text":
            continue
        if column in read:
            convert(source, column, read[column])
        if role.kind == "number":
            refuse_text(source, column)
        yield role, column


def kinds_of(values: list[object]) -> set[str]:
    """One word for each kind of value among these."""
    return {cells.kind_of(value) for value in values}


def readings(source: Source) -> dict[int, Decision]:
    """How columns of text such as "1,200.50" or "31.01.2026" can be read as values."""
    found = {}
    for column in range(len(source.headers)):
        texts = {v.strip() for row in source.rows if isinstance(v := row[column], str)} - {""}
        if texts and not any(text.startswith(("'", "=")) for text in texts):
            decision = decide(texts, Settled())
            if decision.kind in _NUMERIC + _DATED:
                found[column] = decision
    return found


def convert(source: Source, column: int, decision: Decision) -> None:
    """Write the texts of a column as what they mean."""
    for row in source.rows:
        value = row[column]
        if isinstance(value, str):
            row[column] = cells.shown(decision.convert(value.strip())) if value.strip() else None


def refuse_text(source: Source, column: int) -> None:
    """Refuse a column of numbers that holds anything else, naming the row."""
    for number, value in enumerate(source.values(column)):
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            continue
        where = f"row {number + 1}"
        if source.place is not None:
            letter = get_column_letter(source.place.first_column + column)
            where = f"{source.sheet}!{letter}{source.place.first_row + 1 + number}"
        if str(value).startswith("="):
            raise InvalidValue(
                f'{where}: "{source.headers[column]}" holds the formula {value}.',
                "Send values; the report writes its formulas itself. An amount can be left "
                "out where there are a quantity and a unit price.",
            )
        raise InvalidValue(
            f'{where}: "{source.headers[column]}" holds "{str(value)[:40]}", which is no number.',
            "Correct it, or leave it blank.",
        )


def require(source: Source, ways: Sequence[Sequence[str]], report: str) -> None:
    """Refuse data in which no way to have what the report needs is complete.

    :raises InvalidParameters: naming the headers, and how to say which is which
    """
    if any(all(name in source.roles for name in way) for way in ways):
        return
    needed = ", or ".join(" and ".join(name.replace("_", " ") for name in way) for way in ways)
    missing = next(name for name in ways[0] if name not in source.roles)
    raise InvalidParameters(
        f"The {report} needs {needed}. Headers: {listed(source.headers, 30)}.",
        f'Say which column it is in options, such as {{"columns": {{"{missing}": '
        f'"{source.headers[-1]}"}}}}.',
        {"headers": source.headers},
    )
