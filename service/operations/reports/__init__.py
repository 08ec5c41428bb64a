"""Finished reports and documents: sales, employees, invoice, budget, project, time, stock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.context import Context
from service.operations.data import Rows
from service.operations.registry import Answer, operation
from service.operations.reports import (
    budget,
    budget_sheets,
    gantt,
    inventory,
    invoice,
    people,
    project,
    sales,
    timesheet,
)
from service.operations.reports.lines import Order, order_of
from service.operations.reports.options import Report, ReportOptions, refuse_idle_options
from service.operations.reports.source import Choices, Source, read_source
from service.operations.reports.words import looks_german
from service.workbook.book import Book
from service.workbook.house import House
from service.workbook.number_formats import number_format_code, without_decimals

_MOST_TITLE = 100


# How each document is planned, and then written.
_DOCUMENTS: dict[
    str, tuple[Callable[[Context, Order], Any], Callable[[Context, Any], list[str]]]
] = {
    "invoice": (invoice.plan, invoice.write),
    "budget": (budget.plan, budget_sheets.write),
    "project_plan": (project.plan, gantt.write),
    "timesheet": (timesheet.plan, timesheet.write),
    "inventory": (inventory.plan, inventory.write),
}


@operation(
    effect="create",
    doing="Making the report",
    example={
        "report": "sales_report",
        "rows": [
            {"Date": "2026-01-12", "Region": "North", "Quantity": 3, "Unit Price": 49.5},
            {"Date": "2026-02-03", "Region": "South", "Quantity": 5, "Unit Price": 12},
        ],
        "options": {"currency": "EUR"},
    },
    styled=True,
    small="report rows workbook title options",
)
def create_excel_report(
    ctx: Context,
    report: Report,
    rows: Rows = [],  # noqa: B006 - a schema default, never changed
    workbook: str = "",
    sheet: str = "",
    title: str = "",
    filename: str = "",
    options: ReportOptions = ReportOptions(),  # noqa: B008
) -> Answer:
    """Make a finished report or document: sales, employees, invoice, budget, project, hours, stock.

    Send the data as rows for a new file, or name an open workbook that holds it. Columns are
    found by their headers. What is not given stays blank: without rows, the last five are forms.

    :param report: columns of sales: amount, date, region; employees: name, department; invoice:
        description, quantity, unit price; budget: category, month, plan, actual; project: task,
        start, days; hours: date, start, end; stock: item, stock, reorder level, unit cost
    :param rows: records [{"Date": "2026-01-12", "Amount": 120}], or lists after one of headers
    :param workbook: open workbook to add it to; left out: a new file
    :param sheet: sheet that holds the data; with rows, a new sheet's name
    :param title: title of the report
    :param filename: name of the new file
    :param options: such as {"vat": 19, "scenarios": {"Low": -10}, "columns": {"amount": "Net"}}
    """
    _check_title(title)
    refuse_idle_options(report, options)
    _refuse_taken(ctx.book, rows, sheet)
    choices = _choices(ctx.house(options.style), sheet, title, options)
    if report in _DOCUMENTS:
        return _document(ctx, report, _rows_of(ctx, report, rows, sheet, options), choices, options)
    source = read_source(ctx, rows, sheet)
    if report == "sales_report":
        planned = sales.plan(ctx, source, choices)
        with ctx.book.changing():
            sheets = sales.write(ctx, planned)
            _show(ctx.book, sheets[0])
    else:
        listing = people.plan(ctx, source, choices)
        with ctx.book.changing():
            sheets = people.write(ctx, listing)
            _show(ctx.book, sheets[0])
    return Answer(_made(source, sheets), sheet=sheets[0])


def _choices(house: House, sheet: str, title: str, options: ReportOptions) -> Choices:
    named = f"currency {options.currency.upper()}" if options.currency else ""
    money = number_format_code(named or house.number_format or "number 2")
    return Choices(
        sheet=sheet,
        title=title.strip(),
        columns=options.columns,
        group_by=options.group_by,
        money=money,
        rounded=without_decimals(money),
        house=house,
    )


def _show(book: Book, title: str) -> None:
    """Let the workbook open on that sheet."""
    for worksheet in book.xl.worksheets:
        worksheet.sheet_view.tabSelected = worksheet.title == title
    book.xl.active = book.xl.index(book.xl[title])


def _check_title(title: str) -> None:
    if len(title) > _MOST_TITLE or not title.isprintable():
        raise InvalidParameters(
            f"title has {len(title)} characters or holds some that don't print; "
            f"at most {_MOST_TITLE} on one line.",
            "Use a short title.",
        )


def _rows_of(ctx: Context, report: str, rows: Rows, sheet: str, options: ReportOptions) -> Source:
    """The rows of a document; none where it is a form to fill in."""
    named = sheet.strip().lower() in {title.lower() for title in ctx.book.sheet_names}
    # The days of a timesheet are known without rows.
    form = not named if report == "timesheet" else options.blank_rows and not named
    if not rows and (form or not ctx.book.sheet_names):
        return Source([], [])
    return read_source(ctx, rows, sheet)


def _document(
    ctx: Context, report: str, source: Source, choices: Choices, options: ReportOptions
) -> Answer:
    _refuse_formulas(source)
    planning, writing = _DOCUMENTS[report]
    planned = planning(ctx, order_of(source, choices, options))
    if not options.language and looks_german([choices.title, choices.sheet, *source.headers]):
        source.notes.append(
            'The labels are English, as no language was given; options {"language": "de"} '
            "makes them German."
        )
    with ctx.book.changing():
        sheets = writing(ctx, planned)
        _show(ctx.book, sheets[0])
    return Answer(_made(source, sheets), sheet=sheets[0])


def _refuse_formulas(source: Source) -> None:
    """Refuse formulas in the rows: they would mean other cells in the document."""
    for number, row in enumerate(source.rows, start=1):
        for header, value in zip(source.headers, row, strict=True):
            if isinstance(value, str) and value.startswith("=") and len(value) > 1:
                raise InvalidValue(
                    f'row {number}: "{header}" holds the formula {value[:40]}.',
                    "Send its value; documents write their formulas themselves.",
                )


def _refuse_taken(book: Book, rows: Rows, sheet: str) -> None:
    """Refuse a sheet that is not read beside rows."""
    if rows and sheet.strip().lower() in {title.lower() for title in book.sheet_names}:
        raise InvalidParameters(
            f'With rows, sheet names the sheet to make for them, and "{sheet[:60]}" exists '
            f"already. Sheets: {listed(book.sheet_names)}.",
            "Choose another name, or leave rows out to report on what that sheet holds.",
        )


def _made(source: Source, sheets: list[str]) -> dict[str, object]:
    parts = {name: source.headers[column] for name, column in source.roles.items()}
    result: dict[str, object] = {"sheets": sheets, "rows": len(source.rows), "columns": parts}
    return result | ({"notes": source.notes} if source.notes else {})
