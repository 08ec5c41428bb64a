"""create_excel_report: what each report and each option puts on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.option_effects.effects import Case, Check, Outcome, Tool, both
from tests.option_effects.files import styles

SALES = [
    {"Date": "2026-01-12", "Region": "North", "Product": "Pen", "Amount": 120, "Net": 100},
    {"Date": "2026-02-03", "Region": "South", "Product": "Ink", "Amount": 80, "Net": 70},
]
PEOPLE = [
    {"Name": "Ana", "Department": "IT", "Location": "Oslo"},
    {"Name": "Bo", "Department": "HR", "Location": "Rome"},
]
LINES = [{"Description": "Work", "Qty": 2, "Price": 100}]
MONEY = [{"Category": "Rent", "Plan": 100}, {"Category": "Power", "Plan": 50}]
MONTHLY = [
    {"Category": "Rent", "Month": "2027-01", "Plan": 100},
    {"Category": "Rent", "Month": "2027-03", "Plan": 120},
]
TASKS = [{"Task": "Build", "Start": "2026-12-21", "Days": 5}]
STOCK = [
    {"Item": "Nut", "Stock": 5, "Reorder level": 10, "Unit cost": 2, "Place": "A"},
    {"Item": "Bolt", "Stock": 0, "Reorder level": 10, "Unit cost": 2, "Place": "B"},
]
# What each report is called on its page, with rows that suit it.
REPORTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "sales_report": ("Sales report", SALES),
    "employee_directory": ("Employee directory", PEOPLE),
    "invoice": ("Invoice", LINES),
    "budget": ("Budget", MONEY),
    "project_plan": ("Project plan", TASKS),
    "timesheet": ("Timesheet", []),
    "inventory": ("Inventory", STOCK),
}


def values(out: Outcome) -> Iterator[tuple[str, str, list[object]]]:
    """(Sheet, what stands in a cell, what stands right of it), dates as 2026-01-31."""
    for sheet in out.values.worksheets:
        for row in sheet.iter_rows(values_only=True):
            line = [str(v)[:10] if hasattr(v, "year") else v for v in row]
            for place, value in enumerate(line):
                if value is not None:
                    yield sheet.title, str(value), [v for v in line[place + 1 :] if v is not None]


def shows(text: str) -> Check:
    """That a cell holds that text, alone or with more."""
    return lambda out: any(text in value for _, value, _ in values(out))


def beside(label: str, wanted: object) -> Check:
    """That the first value right of a label is that one."""
    return lambda out: any(
        value == label and right[:1] == [wanted] for _, value, right in values(out)
    )


def title_is(text: str) -> Check:
    return lambda out: any(value == text for _, value, _ in values(out))


def on(report: str, option: str, check: Check, value: Any = Case.value, **more: Any) -> Case:
    """A case for an option of one report."""
    instead = more.pop("instead", Case.instead)
    rows = more.pop("rows", REPORTS[report][1])
    also = {"report": report, "rows": rows or None}
    also |= {f"options.{name}": given for name, given in more.items()}
    return Case(f"options.{option}", check, value, also, instead)


def number_format(text: str) -> Check:
    """That a number format holds that text."""
    return lambda out: any(
        text in cell.number_format
        for sheet in out.xl.worksheets
        for row in sheet.iter_rows()
        for cell in row
    )


def ends(task: str, day: str) -> Check:
    """That a task of a plan ends on that day."""
    return lambda out: any(value == task and right[2:3] == [day] for _, value, right in values(out))


def rows_of(least: int, most: int) -> Check:
    """How many rows the first sheet has."""
    return lambda out: least <= out.values.worksheets[0].max_row <= most


def _reports() -> list[Case]:
    return [
        *(
            Case(f"report={name}", title_is(title), also={"rows": None, "options.blank_rows": 3},
                 instead="invoice" if name != "invoice" else "budget")
            for name, (title, _) in REPORTS.items()
            if name in ("invoice", "budget", "project_plan", "inventory")
        ),
        Case("report=timesheet", title_is("Timesheet"), also={"rows": None}, instead="invoice"),
        Case("report=sales_report", title_is("Sales report"), also={"rows": EITHER},
             instead="employee_directory"),
        Case("report=employee_directory", title_is("Employee directory"), also={"rows": EITHER},
             instead="sales_report"),
        Case("rows", shows("Salt"), [{**SALES[0], "Product": "Salt"}, SALES[1]], instead=SALES),
        Case("sheet", lambda out: "Raw" in out.xl.sheetnames, "Raw"),
        Case("title", title_is("Our year"), "Our year"),
        Case("options", number_format("$€"), {"currency": "EUR"}, also={"options.style": None}),
    ]  # fmt: skip


EITHER = [{**sale, **person} for sale, person in zip(SALES, PEOPLE, strict=True)]


def _amounts() -> list[Case]:
    return [
        on("sales_report", "currency", number_format("$€"), "EUR"),
        on("sales_report", "columns", shows("170"), {"amount": "Net"}),
        on("sales_report", "group_by", lambda out: not shows("By Product")(out), ["Region"]),
        on("invoice", "language=de", title_is("Rechnung")),
        on("invoice", "language=en", title_is("Invoice"), instead="de"),
        on("invoice", "blank_rows", lambda out: _row_of(out, "Net total") > 19, 4),
    ]  # fmt: skip


def _row_of(out: Outcome, text: str) -> int:
    sheet = out.values.worksheets[0]
    rows = [cell.row for row in sheet.iter_rows() for cell in row if cell.value == text]
    return min(rows, default=0)


def _invoice() -> list[Case]:
    return [
        on("invoice", "seller", shows("Acme"), "Acme, Oslo"),
        on("invoice", "buyer", shows("Ben Ltd"), "Ben Ltd, Rome"),
        on("invoice", "number", beside("Invoice number", "R-7"), "R-7"),
        on("invoice", "date", beside("Invoice date", "2026-03-01"), "2026-03-01"),
        on("invoice", "delivery_date", beside("Delivery date", "2026-02-20"), "2026-02-20"),
        on("invoice", "due_date", beside("Due date", "2026-04-02"), "2026-04-02"),
        on("invoice", "payment_days", beside("Due date", "2026-03-11"), 10, date="2026-03-01"),
        on("invoice", "vat", both(shows("VAT"), beside("Total due", 238)), 19),
        on("invoice", "discount", beside("Total due", 180), 10),
        on("invoice", "terms", shows("Pay soon"), "Pay soon"),
        on("invoice", "bank", shows("IBAN 1"), "IBAN 1"),
    ]


def _plans() -> list[Case]:
    return [
        on("budget", "scenarios", beside("Low", -0.1), {"Base": 0, "Low": -10}),
        on("project_plan", "start", shows("2027-02-01"), "2027-02-01",
           rows=[{"Task": "Build", "Days": 5}]),
        on("budget", "period=month", shows("2027-03-01"), rows=MONTHLY, instead="year"),
        on("budget", "period=year", beside("Category", "2027"), rows=MONTHLY, instead="month"),
        on("timesheet", "period=week", rows_of(15, 25), start="2026-03-02", instead="month"),
        on("timesheet", "period=month", rows_of(38, 50), start="2026-03-02", instead="week"),
        on("project_plan", "period=day", shows("2026-12-22"), instead="week"),
        on("project_plan", "period=week", shows("2026-12-28"), instead="month"),
        on("project_plan", "holidays", ends("Build", "2026-12-28"), ["2026-12-24"]),
        on("timesheet", "person", beside("Name", "Ana"), "Ana"),
        on("timesheet", "hours", beside("Hours per day", 7), 7),
    ]  # fmt: skip


REPORTING = Tool(
    "create_excel_report",
    [*_reports(), *_amounts(), *_invoice(), *_plans(),
     *styles("options.style", {"report": "employee_directory", "rows": PEOPLE}, "A5")],
    call={"report": "sales_report", "rows": SALES},
)  # fmt: skip
