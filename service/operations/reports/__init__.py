"""Finished reports from data: a sales report, an employee directory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.errors import InvalidParameters, listed
from service.operations.context import Context
from service.operations.data import Rows
from service.operations.registry import Answer, Options, operation
from service.operations.reports import people, sales
from service.operations.reports.source import Choices, Source, read_source
from service.workbook.book import Book
from service.workbook.house import House, HouseStyle
from service.workbook.number_formats import number_format_code, without_decimals

_MOST_TITLE = 100


class ReportOptions(Options):
    """Extras of create_excel_report."""

    style: HouseStyle = Field(default="", description="house style")
    currency: str = Field(
        default="", pattern="^([A-Za-z]{3})?$", description="of the amounts, such as EUR"
    )
    columns: dict[str, str] = Field(
        default={}, description='header of a part, such as {"amount": "Net value"}'
    )
    group_by: list[str] = Field(default=[], description="headers (or month) to break down by")


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
)
def create_excel_report(
    ctx: Context,
    report: Literal["sales_report", "employee_directory"],
    rows: Rows = [],  # noqa: B006 - a schema default, never changed
    workbook: str = "",
    sheet: str = "",
    title: str = "",
    filename: str = "",
    options: ReportOptions = ReportOptions(),  # noqa: B008
) -> Answer:
    """Make a finished report with formulas, totals and charts: sales, or an employee directory.

    Send the data as rows for a new file, or name an open workbook that holds it: then the
    report's sheets are added there. Columns are found by their headers.

    :param report: sales_report needs an amount, or quantity and unit price; region, product,
        date, salesperson help. employee_directory needs name and department
    :param rows: records [{"Date": "2026-01-12", "Region": "North", "Amount": 120}], or
        lists, the first of which holds the headers
    :param workbook: open workbook to add the report to; leave out to make a new file
    :param sheet: sheet that holds the data, if there are several; with rows, a new sheet's name
    :param title: title of the report
    :param filename: name of the new file
    :param options: style, currency ("EUR"), columns (header of a part the report does not find:
        {"amount": "Net value"}), group_by (headers or "month")
    """
    _check_title(title)
    _refuse_idle(ctx.book, report, rows, sheet, options)
    source = read_source(ctx, rows, sheet)
    choices = _choices(ctx.house(options.style), sheet, title, options)
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


def _refuse_idle(book: Book, report: str, rows: Rows, sheet: str, options: ReportOptions) -> None:
    """Refuse a currency without amounts, and a sheet that is not read beside rows."""
    if options.currency and report == "employee_directory":
        raise InvalidParameters(
            "options.currency is for amounts, and an employee directory has none.",
            "Leave it out; format_excel_cells gives a column of pay its currency.",
        )
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
