"""The sales report: a summary of formulas with charts, over a table of the sales."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.data import Grid
from service.operations.layout import check_sheet_name, fit_columns, write_grid
from service.operations.reports import look
from service.operations.reports.breakdown import (
    BLANK,
    Group,
    Measures,
    as_number,
    find_groups,
    revenues,
)
from service.operations.reports.look import COUNT, SHARE, Column, Figure
from service.operations.reports.roles import SALES
from service.operations.reports.source import Choices, Source, give_roles, require
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.cells import Scalar
from service.workbook.chart_shapes import ChartType
from service.workbook.house import House

# Tables stand in the columns B to F, charts in H to L.
_FIRST, _LAST, _CHART_COLUMN = 2, 12, 8
_WIDTHS = (16, 11, 11, 11, 3, 13, 13, 13, 13, 13, 1)
_SLOTS = ((2, 2), (3, 3), (4, 6), (8, 9), (10, 12))
_CHART_ROWS = 14
_SECTION_ROWS = _CHART_ROWS + 2
_ROWS_ON_A_PAGE = 80
_FIGURES_AT = 5
_LARGE = 1000


@dataclass(frozen=True)
class Plan:
    """All that the sales report is made of, decided before anything is written."""

    source: Source
    groups: list[Group]
    title: str
    summary: str
    data: str
    money: str
    sums: str
    house: House


def plan(ctx: Context, source: Source, choices: Choices) -> Plan:
    """Find out what the report shows.

    :raises InvalidParameters: if columns are missing that it needs
    """
    give_roles(source, SALES, choices.columns)
    require(source, [["amount"], ["quantity", "unit_price"]], "sales report")
    groups = find_groups(source, choices.group_by)
    data = source.sheet
    if not source.place:
        data = choices.sheet or look.free_sheet_name(ctx.book, "Data")
        data = check_sheet_name(data, ctx.book.sheet_names)
    summary = look.free_sheet_name(ctx.book, "Summary", [data])
    ctx.book.room_for(len(source.rows) + 60 * len(groups) + 100)
    title = choices.title or "Sales report"
    # Cents don't matter in a summary of thousands.
    large = abs(sum(revenues(source))) >= _LARGE
    sums = choices.rounded if large else choices.money
    return Plan(source, groups, title, summary, data, choices.money, sums, choices.house)


def write(ctx: Context, report: Plan) -> list[str]:
    """Write the sheets of the report; returns their names."""
    summary = ctx.book.xl.create_sheet(report.summary)
    made = [report.summary]
    if not report.source.place:
        _write_data(ctx.book, ctx.book.xl.create_sheet(report.data), report)
        made.append(report.data)
    _write_summary(ctx, summary, report)
    return made


def _write_data(book: Book, sheet: Worksheet, report: Plan) -> None:
    """The sales as a native table, with a column of amounts if there was none."""
    source, roles = report.source, report.source.roles
    if "amount" not in roles:
        _add_amounts(source)
    headers: list[Scalar] = [f"'{name}" for name in source.headers]  # a table's are texts
    area = write_grid(book, sheet, Grid(headers, source.rows), report.house)
    formats = {"amount": report.money, "unit_price": report.money}
    if "quantity" in roles and all(
        as_number(value).is_integer() for value in source.values(roles["quantity"])
    ):
        formats["quantity"] = COUNT
    for name, number_format in formats.items():
        if name in roles:
            for row in sheet.iter_rows(**area.below(1).column(roles[name]).bounds):
                row[0].number_format = number_format
    sheet.auto_filter.ref = None  # the table brings its own
    source.sheet, source.place = sheet.title, area
    source.table = look.free_table_name(book, "SalesData")
    look.add_table(sheet, area, source.table, source.headers, report.house)
    fit_columns(book, sheet, area)
    look.align_headers(sheet, area)
    look.set_up_page(sheet, report.house, landscape=area.columns > 6, repeat=1)


def _add_amounts(source: Source) -> None:
    taken = {header.lower() for header in source.headers}
    header = "Amount" if "amount" not in taken else "Amount (calculated)"
    quantity, price = (
        get_column_letter(source.roles[name] + 1) for name in ("quantity", "unit_price")
    )
    source.headers.append(header)
    for number, row in enumerate(source.rows, start=2):
        row.append(f"={quantity}{number}*{price}{number}")
    source.roles["amount"] = len(source.headers) - 1


def _write_summary(ctx: Context, sheet: Worksheet, report: Plan) -> None:
    labels = [label for group in report.groups for label in (group.name, *group.labels)]
    look.set_grid(sheet, (2, look.label_width(labels), *_WIDTHS))
    _write_top(ctx, sheet, report)
    row = _FIGURES_AT + 3
    tables: list[tuple[Group, Area]] = []
    for group in report.groups:
        table = _write_group(sheet, row, group, report)
        tables.append((group, table))
        row = max(table.last_row + 2, row + _SECTION_ROWS)
    look.write_figures(sheet, _FIGURES_AT, _SLOTS, _figures(report, tables), report.house)
    look.set_up_page(sheet, report.house, landscape=False, one_page=row <= _ROWS_ON_A_PAGE)
    sheet.print_area = str(Area(1, 1, row - 1, _LAST + 1))


def _write_top(ctx: Context, sheet: Worksheet, report: Plan) -> None:
    look.write_title(sheet, _FIRST, report.title, report.house)
    days = report.source.roles.get("date")
    if days is not None:
        ref = report.source.ref(days)
        period = f'="Period "&{_iso(f"MIN({ref})")}&" to "&{_iso(f"MAX({ref})")}'
        look.write_small(sheet, 3, _FIRST, period, report.house)
    prepared = f"Prepared {ctx.now.date().isoformat()}"
    look.write_small(sheet, 3, _LAST, prepared, report.house).alignment = Alignment("right")


def _iso(day: str) -> str:
    """A formula for a day as 2026-01-31. TEXT would need other letters in each language."""
    return f'YEAR({day})&"-"&RIGHT("0"&MONTH({day}),2)&"-"&RIGHT("0"&DAY({day}),2)'


def _write_group(sheet: Worksheet, row: int, group: Group, report: Plan) -> Area:
    """One section: heading, table, and its chart beside it. Returns the table's area."""
    look.write_heading(sheet, row, (_FIRST, _CHART_COLUMN - 2), group.title, report.house)
    first = row + 2  # below the heading stand the headers
    measures = Measures(report.source)
    has_units = "quantity" in report.source.roles
    columns = [Column(group.name), Column("Revenue", report.sums), Column("Orders", COUNT)]
    columns += [Column("Units", COUNT)] if has_units else []
    columns.append(Column("Share", SHARE))
    total = first + len(group.labels) + bool(group.rest)
    rows = [
        _group_row(measures, group, label, r, total)
        for r, label in enumerate(group.labels, start=first)
    ]
    if group.rest:
        rows.append(_rest_row(measures, group, first, total))
    rows.append(_total_row(first, total, has_units=has_units))
    area = look.write_summary_table(sheet, (row + 1, _FIRST), columns, rows, report.house)
    if group.months:
        for r in range(first, first + len(group.labels)):
            sheet.cell(r, _FIRST).number_format = "mmm yyyy" if group.months == 1 else "yyyy"
    # "All others" would dwarf the rest, and months without a date are no months.
    last = total - 1 if group.rest == BLANK else first + len(group.labels) - 1
    drawing = look.Drawing(
        _chart_kind(group, report.source),
        f"Revenue by {group.name}",
        (first, last),
        (_FIRST, _FIRST + 1),
        Area(row + 1, _CHART_COLUMN, row + _CHART_ROWS, _LAST),
        from_zero=not _has_losses(group, report.source),
    )
    look.draw(sheet, drawing, report.house)
    return area


def _chart_kind(group: Group, source: Source) -> ChartType:
    if group.months:
        return "line" if len(group.labels) > 2 else "column"
    few = len(group.labels) + bool(group.rest) <= 6
    if few and not _has_losses(group, source) and group.column == source.roles.get("region"):
        return "pie"
    return "bar" if not few else "column"


def _has_losses(group: Group, source: Source) -> bool:
    """Whether the revenue of a label or month is less than nothing."""
    sums: dict[str, float] = {}
    for value, revenue in zip(source.values(group.column), revenues(source), strict=True):
        key = str(value).casefold()
        if group.months and isinstance(value, dt.date):
            key = f"{value.year} {value.month if group.months == 1 else ''}"
        sums[key] = sums.get(key, 0.0) + revenue
    return any(total < 0 for total in sums.values())


def _group_row(
    measures: Measures, group: Group, label: Scalar, row: int, total: int
) -> list[Scalar]:
    cell = f"$B{row}"
    found: list[Scalar] = [
        label,
        f"={measures.revenue(group, label, cell)}",
        f"={measures.orders(group, label, cell)}",
    ]
    if "quantity" in measures.source.roles:
        found.append(f"={measures.units(group, label, cell)}")
    return [*found, _share(row, total)]


def _rest_row(measures: Measures, group: Group, first: int, row: int) -> list[Scalar]:
    """What is left of the whole: no condition says "anything but these"."""
    row -= 1
    source = measures.source
    wholes = [measures.total(), f"ROWS({source.ref(group.column)})"]
    if "quantity" in source.roles:
        wholes.append(f"SUM({source.ref(source.roles['quantity'])})")
    rests = [
        f"={whole}-SUM({letter}{first}:{letter}{row - 1})"
        for whole, letter in zip(wholes, "CDE", strict=False)
    ]
    return [f"'{group.rest}", *rests, _share(row, row + 1)]


def _total_row(first: int, total: int, *, has_units: bool) -> list[Scalar]:
    letters = "CDE" if has_units else "CD"
    sums = [f"=SUM({letter}{first}:{letter}{total - 1})" for letter in letters]
    return ["Total", *sums, _share(total, total)]


def _share(row: int, total: int) -> str:
    return f"=IF($C${total}=0,0,C{row}/$C${total})"


def _figures(report: Plan, tables: list[tuple[Group, Area]]) -> list[Figure]:
    source, measures = report.source, Measures(report.source)
    ref = source.ref(tables[0][0].column)
    figures = [
        Figure("Total revenue", f"={measures.total()}", report.sums),
        Figure("Orders", f"=ROWS({ref})", COUNT),
        Figure("Average order", f"={measures.total()}/ROWS({ref})", report.money),
    ]
    if "quantity" in source.roles:
        units = source.ref(source.roles["quantity"])
        figures.insert(2, Figure("Units sold", f"=SUM({units})", COUNT))
    for group, table in sorted(tables, key=lambda pair: pair[0].months):
        body = table.below(1).top(len(group.labels))
        labels, sums = (f"{letter}{body.first_row}:{letter}{body.last_row}" for letter in "BC")
        best = f"=INDEX({labels},MATCH(MAX({sums}),{sums},0))"
        look_of = {0: "General", 1: "mmm yyyy"}.get(group.months, "yyyy")
        figures.append(Figure(f"{'Best' if group.months else 'Top'} {group.name}", best, look_of))
    return figures
