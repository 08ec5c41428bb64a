"""The employee directory: a sorted, filtered list, and headcounts by formula."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidValue
from service.operations.context import Context
from service.operations.layout import (
    check_sheet_name,
    dress_body,
    fit_columns,
    style_header,
    write_rows,
)
from service.operations.reports import look
from service.operations.reports.breakdown import Group, Measures, group_labels
from service.operations.reports.look import COUNT, DATE, SHARE, Column, Figure
from service.operations.reports.roles import PEOPLE, column_of
from service.operations.reports.source import Choices, Source, give_roles, meaning, require
from service.workbook.areas import Area
from service.workbook.cells import Scalar
from service.workbook.house import House

_ORDER = (
    "id",
    "name",
    "last_name",
    "first_name",
    "department",
    "title",
    "email",
    "phone",
    "location",
    "manager",
    "hire_date",
)
_HEADER_ROW = 5
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_LINK = "0563C1"
_MOST_LINKS = 60_000  # Excel opens no sheet with more than 65,530 of them
# As in the sales report: tables on the left, charts on the right.
_FIRST, _LAST, _CHART_COLUMN = 2, 10, 6
_WIDTHS = (14, 14, 3, 13, 13, 13, 13, 13, 1)
_SLOTS = ((2, 2), (3, 4), (6, 7), (8, 10))
_CHART_ROWS = 12
_SECTION_ROWS = _CHART_ROWS + 2


@dataclass(frozen=True)
class Plan:
    """All that the directory is made of, decided before anything is written."""

    source: Source
    groups: list[Group]
    title: str
    directory: str
    departments: str
    house: House


def plan(ctx: Context, source: Source, choices: Choices) -> Plan:
    """Find out what the directory shows, and sort it.

    :raises InvalidParameters: if columns are missing that it needs
    :raises InvalidValue: if a row holds a formula, which sorting would break
    """
    give_roles(source, PEOPLE, choices.columns)
    ways = [["name", "department"], ["first_name", "last_name", "department"]]
    require(source, ways, "employee directory")
    _refuse_formulas(source)
    _arrange(source)
    names = choices.group_by or [
        name for name in ("department", "location") if name in source.roles
    ]
    columns = [source.roles.get(name, -1) for name in names]
    groups = [
        group_labels(
            source, c if c >= 0 else column_of(name, source.headers), [1.0] * len(source.rows)
        )
        for c, name in zip(columns, names, strict=True)
    ]
    directory = look.free_sheet_name(ctx.book, "Directory")
    if choices.sheet and not source.place:
        directory = check_sheet_name(choices.sheet, ctx.book.sheet_names)
    departments = look.free_sheet_name(ctx.book, "Departments", [directory])
    ctx.book.room_for((len(source.rows) + 10) * len(source.headers) + 60 * len(groups))
    title = choices.title or "Employee directory"
    return Plan(source, groups, title, directory, departments, choices.house)


def _refuse_formulas(source: Source) -> None:
    for number, row in enumerate(source.rows, start=1):
        for value in row:
            if isinstance(value, str) and value.startswith("=") and len(value) > 1:
                raise InvalidValue(
                    f"row {number} holds the formula {value[:40]}, which sorting would break.",
                    "Send its value, or put an apostrophe in front to keep it as text.",
                )


def _arrange(source: Source) -> None:
    """Columns in the usual order, rows by department and name."""
    first = [source.roles[name] for name in _ORDER if name in source.roles]
    order = first + [i for i in range(len(source.headers)) if i not in first]
    keys = [
        source.roles[n]
        for n in ("department", "name", "last_name", "first_name")
        if n in source.roles
    ]
    rows = sorted(source.rows, key=lambda row: [_sort_key(row[i]) for i in keys])
    source.rows = [[row[i] for i in order] for row in rows]
    source.headers = [source.headers[i] for i in order]
    source.roles = {name: order.index(i) for name, i in source.roles.items()}


def _sort_key(value: Scalar) -> tuple[bool, str]:
    text = str(meaning(value) or "")
    return not text, unicodedata.normalize("NFKD", text).casefold()


def write(ctx: Context, report: Plan) -> list[str]:
    """Write the sheets of the directory; returns their names."""
    _write_directory(ctx, ctx.book.xl.create_sheet(report.directory), report)
    _write_departments(ctx, ctx.book.xl.create_sheet(report.departments), report)
    return [report.directory, report.departments]


# The list -----------------------------------------------------------------------


def _write_directory(ctx: Context, sheet: Worksheet, report: Plan) -> None:
    source, style = report.source, report.house
    _phones_as_text(source)
    look.set_grid(sheet, ())
    look.write_title(sheet, 1, report.title, style)
    people = f"{len(source.rows)} {'person' if len(source.rows) == 1 else 'people'}"
    look.write_small(sheet, 3, 1, f"{people}, as of {ctx.now.date().isoformat()}", style)
    area = write_rows(
        sheet, _HEADER_ROW, 1, [[f"'{name}" for name in source.headers], *source.rows]
    )
    dress_body(sheet, area.below(1), style)
    style_header(sheet, area.top(1), style)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    source.sheet, source.place = sheet.title, area
    source.table = look.free_table_name(ctx.book, "Employees")
    look.add_table(sheet, area, source.table, source.headers, style)
    fit_columns(ctx.book, sheet, area)
    look.align_headers(sheet, area)
    _dress_columns(sheet, area, report)
    look.set_up_page(sheet, style, landscape=True, repeat=_HEADER_ROW)


def _phones_as_text(source: Source) -> None:
    column = source.roles.get("phone")
    if column is not None:
        for row in source.rows:
            if isinstance(row[column], int | float):
                row[column] = f"'{row[column]}"


def _dress_columns(sheet: Worksheet, area: Area, report: Plan) -> None:
    roles, font = report.source.roles, report.house.font
    for cell in _column(sheet, area, roles.get("email")):
        if _EMAIL.fullmatch(str(cell.value)) and cell.row <= _MOST_LINKS:
            cell.hyperlink = f"mailto:{cell.value}"
            cell.font = Font(name=font, size=11, color=_LINK, underline="single")
    for cell in _column(sheet, area, roles.get("phone")):
        cell.number_format = "@"
    for cell in _column(sheet, area, roles.get("hire_date")):
        cell.number_format = report.house.dated(DATE)
    for name in ("name", "last_name"):
        for cell in _column(sheet, area, roles.get(name)):
            cell.font = Font(name=font, size=11, bold=True)


def _column(sheet: Worksheet, area: Area, column: int | None) -> Iterator[Cell]:
    """The cells with a value in a column of the list."""
    if column is not None:
        for (cell,) in sheet.iter_rows(**area.below(1).column(column).bounds):
            if cell.value is not None:
                yield cell


# Headcounts ---------------------------------------------------------------------


def _write_departments(ctx: Context, sheet: Worksheet, report: Plan) -> None:
    style = report.house
    labels = [label for group in report.groups for label in (group.name, *group.labels)]
    look.set_grid(sheet, (2, look.label_width(labels), *_WIDTHS))
    look.write_title(sheet, _FIRST, "Headcount", style)
    look.write_small(sheet, 3, _FIRST, f"As of {ctx.now.date().isoformat()}", style)
    row, tables = 8, []
    for group in report.groups:
        table = _write_group(sheet, row, group, report)
        tables.append((group, table))
        row = max(table.last_row + 2, row + _SECTION_ROWS)
    look.write_figures(sheet, 5, _SLOTS, _figures(ctx, report, tables), style)
    look.set_up_page(sheet, style, landscape=len(tables) == 1)
    sheet.print_area = str(Area(1, 1, row - 1, _LAST + 1))


def _write_group(sheet: Worksheet, row: int, group: Group, report: Plan) -> Area:
    look.write_heading(sheet, row, (_FIRST, _CHART_COLUMN - 2), group.title, report.house)
    first = row + 2
    total = first + len(group.labels) + bool(group.rest)
    measures = Measures(report.source)
    rows: list[list[Scalar]] = [
        [label, f"={measures.orders(group, label, f'$B{r}')}", _share(r, total)]
        for r, label in enumerate(group.labels, start=first)
    ]
    if group.rest:
        whole = f"ROWS({report.source.ref(group.column)})"
        rest = f"={whole}-SUM(C{first}:C{total - 2})" if group.labels else f"={whole}"
        rows.append([f"'{group.rest}", rest, _share(total - 1, total)])
    rows.append(["Total", f"=SUM(C{first}:C{total - 1})", _share(total, total)])
    columns = [Column(group.name), Column("Headcount", COUNT), Column("Share", SHARE)]
    area = look.write_summary_table(sheet, (row + 1, _FIRST), columns, rows, report.house)
    drawing = look.Drawing(
        "bar",
        f"Headcount by {group.name}",
        (first, total - 1),
        (_FIRST, _FIRST + 1),
        Area(row + 1, _CHART_COLUMN, row + _CHART_ROWS, _LAST),
    )
    look.draw(sheet, drawing, report.house)
    return area


def _share(row: int, total: int) -> str:
    return f"=C{row}/C${total}"


def _figures(ctx: Context, report: Plan, tables: Sequence[tuple[Group, Area]]) -> list[Figure]:
    source = report.source
    group, table = tables[0]
    figures = [Figure("Employees", f"=ROWS({source.ref(group.column)})", COUNT)]
    if group.labels:
        body = table.below(1).top(len(group.labels))
        labels, counts = (f"{c}{body.first_row}:{c}{body.last_row}" for c in "BC")
        largest = f"=INDEX({labels},MATCH(MAX({counts}),{counts},0))"
        figures.append(Figure(f"Largest {group.name}", largest, "General"))
    for other, area in tables:
        rows = area.below(1).top(len(other.labels))
        if other.labels and not other.rest:
            count = f"=ROWS(B{rows.first_row}:B{rows.last_row})"
            figures.append(Figure(f"{other.name} count", count, COUNT))
    hired = source.roles.get("hire_date")
    if hired is not None:
        since = ctx.now.date().replace(day=1, year=ctx.now.year - 1)
        formula = f'=COUNTIFS({source.ref(hired)},">="&DATE({since.year},{since.month},1))'
        figures.insert(2, Figure(f"Hired since {since.isoformat()}", formula, COUNT))
    return figures
