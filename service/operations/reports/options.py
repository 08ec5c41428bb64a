"""The extras of create_excel_report, and which report each is for."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.registry import BriefOptions
from service.workbook import cells
from service.workbook.column_types import Settled, decide
from service.workbook.house import HouseStyle

Report = Literal[
    "sales_report",
    "employee_directory",
    "invoice",
    "budget",
    "project_plan",
    "timesheet",
    "inventory",
]
MOST_BLANK_ROWS = 200
_DOCUMENTS = ("invoice", "budget", "project_plan", "timesheet", "inventory")
_MOST_TEXT = 1000


Change = Annotated[float, Field(ge=-100, le=1000, allow_inf_nan=False)]


class ReportOptions(BriefOptions):
    """Extras of create_excel_report."""

    rare = frozenset({"delivery_date", "blank_rows", "bank", "hours", "holidays"})

    style: HouseStyle = Field(default="", description="house style")
    currency: str = Field(
        default="", pattern="^([A-Za-z]{3})?$", description="of the amounts, such as EUR"
    )
    columns: dict[str, str] = Field(
        default={}, description='header of a part, such as {"amount": "Net value"}'
    )
    group_by: list[str] = Field(
        default=[],
        description="headers (or month) to break down by: sales, directory, inventory",
    )
    language: Literal["", "en", "de"] = Field(
        default="",
        description="of a document's labels; English if left out, also with data in German",
    )
    blank_rows: int = Field(
        default=0,
        ge=0,
        le=MOST_BLANK_ROWS,
        description="lines to fill in by hand, below those given; not for timesheets",
    )
    seller: str = Field(
        default="",
        max_length=_MOST_TEXT,
        description="invoice: name, address and tax number of the seller, parted by line breaks "
        "or commas",
    )
    buyer: str = Field(
        default="", max_length=_MOST_TEXT, description="invoice: name and address of the buyer"
    )
    number: str | int = Field(default="", description="invoice: its number")
    date: str = Field(default="", description="invoice: its date")
    delivery_date: str = Field(default="", description="invoice: when it was delivered")
    due_date: str = Field(default="", description="invoice: until when it is to be paid")
    payment_days: int | None = Field(
        default=None, ge=0, le=365, description="invoice: days from its date until it is due"
    )
    vat: float | None = Field(
        default=None,
        ge=0,
        lt=100,
        description="invoice: per cent, for lines without a rate; 19 and 0.19 are the same",
    )
    discount: float | None = Field(
        default=None, ge=0, le=100, description="invoice: per cent off the whole"
    )
    terms: str = Field(
        default="", max_length=_MOST_TEXT, description="invoice: terms of payment, as a text"
    )
    bank: str = Field(default="", max_length=_MOST_TEXT, description="invoice: bank details")
    scenarios: dict[str, Change] | list[str] = Field(
        default=[],
        description='budget: names with a change of the plan in per cent, {"Base": 0, "Low": '
        '-10}, or headers of columns that hold an amount for each: ["Base", "Low"]',
    )
    start: str | int = Field(
        default="",
        description="first day, month (2027-01) or year: budget, project_plan, timesheet",
    )
    period: Literal["", "day", "week", "month", "year"] = Field(
        default="",
        description="what a budget is by (month, year), a timesheet covers (week, month), a "
        "project's calendar shows in a column (day, week, month)",
    )
    holidays: list[str] = Field(
        default=[], max_length=200, description="project_plan: days off, such as 2026-12-25"
    )
    person: str = Field(default="", max_length=100, description="timesheet: who worked")
    hours: float | None = Field(
        default=None, gt=0, le=24, description="timesheet: hours agreed for a working day"
    )

    @field_validator("vat", "discount", mode="before")
    @classmethod
    def _read_percent(cls, value: object) -> object:
        """Texts such as "19 %" as the number in them."""
        return value.strip().removesuffix("%").strip() if isinstance(value, str) else value


_AMOUNTS = ("sales_report", "invoice", "budget", "inventory")
# Options that not every report has, with those that do.
_ONLY: dict[str, tuple[str, ...]] = {
    "currency": _AMOUNTS,
    "group_by": ("sales_report", "employee_directory", "inventory"),
    "language": _DOCUMENTS,
    "blank_rows": ("invoice", "budget", "project_plan", "inventory"),
    **dict.fromkeys(
        "seller buyer number date delivery_date due_date payment_days vat discount terms "
        "bank".split(),
        ("invoice",),
    ),
    "scenarios": ("budget",),
    "start": ("budget", "project_plan", "timesheet"),
    "period": ("budget", "project_plan", "timesheet"),
    "holidays": ("project_plan",),
    "person": ("timesheet",),
    "hours": ("timesheet",),
}
_PERIODS = {
    "budget": ("month", "year"),
    "project_plan": ("day", "week", "month"),
    "timesheet": ("week", "month"),
}


def refuse_idle_options(report: str, options: ReportOptions) -> None:
    """Refuse options that this report has no use for.

    :raises InvalidParameters: naming the option, and the reports that have it
    """
    for name, reports in _ONLY.items():
        given = getattr(options, name) != type(options).model_fields[name].default
        if given and report not in reports:
            raise InvalidParameters(
                f"options.{name} is for {listed(list(reports))}; {report} has no use for it.",
                "Leave it out.",
            )
    _refuse_unstorable(options)
    if options.period and options.period not in _PERIODS[report]:
        raise InvalidParameters(
            f'options.period is "{options.period}"; a {report} takes '
            f"{listed(list(_PERIODS[report]))}.",
            "Use one of these, or leave it out.",
        )


def fraction(percent: float | None) -> float | None:
    """The fraction that per cent are: 19 and 0.19 are both 0.19, and 1 is 0.01."""
    return percent / 100 if percent is not None and percent >= 1 else percent


def _refuse_unstorable(options: ReportOptions) -> None:
    """Refuse texts that no cell can hold."""
    for name in ReportOptions.model_fields:
        value = getattr(options, name)
        for text in value if isinstance(value, dict | list) else [value]:
            if isinstance(text, str):
                cells.stored_value(f"'{text}", f"options.{name}")


def day(text: str | int, where: str) -> dt.date | None:
    """The day that an option means; None where nothing is given. A month means its first day.

    :raises InvalidValue: if it is none
    """
    plain = str(text).strip()
    if not plain:
        return None
    if re.fullmatch(r"\d{4}", plain):
        plain += "-01"
    if re.fullmatch(r"\d{4}-\d{2}", plain):
        plain += "-01"
    found = cells.parse_date(plain)
    if found is None:
        decision = decide({plain}, Settled())
        if decision.kind == "date":
            read = decision.convert(plain)
            found = read if isinstance(read, dt.date) else None
    if found is None:
        raise InvalidValue(
            f'options.{where}: "{plain[:40]}" is no date.', "Write dates as 2026-01-31."
        )
    return dt.date(found.year, found.month, found.day)
