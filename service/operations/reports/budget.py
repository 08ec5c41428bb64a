"""The budget: plan and actual by category and period, in scenarios that a cell switches."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.errors import InvalidParameters, listed
from service.operations.context import Context
from service.operations.reports import look
from service.operations.reports.document_roles import BUDGET
from service.operations.reports.lines import Order, note_idle_columns, sheet_for, take_parts
from service.operations.reports.options import day
from service.operations.reports.roles import column_of
from service.operations.reports.source import convert, meaning, readings, refuse_text
from service.workbook.cells import Scalar

MOST_PERIODS = 36
_MOST_SCENARIOS, _MOST_CATEGORIES = 10, 500
_FORM_ROWS = 12
_USUAL = ("Base", "Optimistic", "Cautious")
_MONTHS = (
    "jan|january|januar",
    "feb|february|februar",
    "mar|march|mär|mrz|märz",
    "apr|april",
    "may|mai",
    "jun|june|juni",
    "jul|july|juli",
    "aug|august",
    "sep|sept|september",
    "oct|october|okt|oktober",
    "nov|november",
    "dec|december|dez|dezember",
)
_ACTUAL = re.compile(r"\b(actuals?|spent|ist)\b", re.IGNORECASE)
_PLANNED = re.compile(r"\b(plan|planned|budget|soll)\b", re.IGNORECASE)
_INCOME = re.compile(
    r"^(income|revenues?|earnings|einnahmen?|ertr(a|ä)ge?|erlöse?)$", re.IGNORECASE
)
_EXPENSE = re.compile(
    r"^(expenses?|expenditures?|costs?|spending|ausgaben?|kosten|aufwand|aufwendungen)$",
    re.IGNORECASE,
)

Key = tuple[int, str]  # category's number, period's label


@dataclass
class Figures:
    """Amounts of a budget, as they were given; what was not given is not there.

    :param kinds: "income" or "expense" of each category, all "" where nobody says
    :param periods: labels; days are first days of months, as 2026-01-01
    :param plans: by scenario; one only where scenarios change it by per cent
    """

    categories: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    plans: dict[str, dict[Key, float]] = field(default_factory=dict)
    actuals: dict[Key, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that the budget is made of, decided before anything is written.

    :param changes: per cent by scenario, empty where each has amounts of its own
    :param names: of the scenarios
    """

    order: Order
    figures: Figures
    names: tuple[str, ...]
    changes: dict[str, float | None]
    sheet: str
    plan_sheet: str
    actual_sheet: str
    blank: int

    @property
    def has_kinds(self) -> bool:
        return any(self.figures.kinds)


def plan(ctx: Context, order: Order) -> Plan:
    """Find out what the budget shows.

    :raises InvalidParameters: if columns are missing that it needs
    """
    named = order.options.scenarios
    different = {name.strip().casefold() for name in named} - {""}
    if len(named) > _MOST_SCENARIOS or len(different) < len(named):
        raise InvalidParameters(
            f"options.scenarios holds {len(named)} names, {len(different)} different ones; a "
            f"budget has up to {_MOST_SCENARIOS}, each with a name of its own.",
            'Send names such as {"Base": 0, "Low": -10}.',
        )
    if isinstance(named, dict) and any(0 < abs(change) < 1 for change in named.values()):
        raise InvalidParameters(
            "options.scenarios holds a change of less than one per cent, such as 0.1.",
            "Write changes in per cent: -10 for ten per cent less.",
        )
    figures = _collected(order)
    if not figures.plans:
        figures.plans = {name: {} for name in named if isinstance(named, list)} or {"Plan": {}}
    changes: dict[str, float | None] = {}
    if len(figures.plans) < 2:
        changes = dict.fromkeys(named or [order.say(name) for name in _USUAL])
        changes |= named if isinstance(named, dict) else {}
        if not named:
            order.source.notes.append(
                f"The scenarios {listed(list(changes))} are all the plan as it is, until the "
                "change of each in per cent is filled in."
            )
    if not figures.periods:
        figures.periods = _periods(order, figures)
    names = tuple(changes) or tuple(figures.plans)
    blank = order.options.blank_rows or (0 if figures.categories else _FORM_ROWS)
    lines = (len(figures.categories) + blank + 8) * (len(figures.plans) + 2)
    ctx.book.room_for(lines * (len(figures.periods) + 4))
    sheet = sheet_for(ctx, order, "Budget")
    taken = [sheet]
    others = []
    for label in ("Plan", "Actual"):
        others.append(look.free_sheet_name(ctx.book, order.say(label), taken))
        taken.append(others[-1])
    return Plan(order, figures, names, changes, sheet, others[0], others[1], blank)


# Reading ----------------------------------------------------------------------------


def _collected(order: Order) -> Figures:
    """The amounts in the rows: a column for each period, or a row."""
    figures, source = Figures(), order.source
    if not source.rows:
        return figures
    across = _across(source.headers)
    take_parts(source, BUDGET, order.choices.columns)
    busy = {*across, *_scenario_columns(order).values()} - {
        column_of(header, source.headers) for header in order.choices.columns.values()
    }
    source.roles = {name: c for name, c in source.roles.items() if c not in busy}
    if "category" not in source.roles:
        raise InvalidParameters(
            f"The budget needs category. Headers: {listed(source.headers, 30)}.",
            f'Say which column it is in options, such as {{"columns": {{"category": '
            f'"{source.headers[0]}"}}}}.',
            {"headers": source.headers},
        )
    separate = _scenario_columns(order)
    read = {} if source.place else readings(source)
    for column in [*across, *separate.values()]:
        if column in read:
            convert(source, column, read[column])
        refuse_text(source, column)
    note_idle_columns(source, "The budget", [*across, *separate.values()])
    _read_rows(order, figures, across, separate)
    return figures


def _across(headers: Sequence[str]) -> dict[int, tuple[str, bool]]:
    """(period, whether it is the actual one) of the columns that are named after periods."""
    found = {}
    for index, header in enumerate(headers):
        actual = bool(_ACTUAL.search(header))
        text = _PLANNED.sub(" ", _ACTUAL.sub(" ", header))
        label = period_label(" ".join(text.split()).strip(" -_/()"))
        if label:
            found[index] = (label, actual)
    return found


def period_label(text: str) -> str:
    """The label of a month, quarter or year that a text names: 2026-01-01, Jan, Q1 2026, 2026."""
    plain = text.strip().casefold()
    if re.fullmatch(r"(19|20)\d\d", plain):
        return plain
    if match := re.fullmatch(r"((?:19|20)\d\d)[-/](\d{1,2})(?:[-/]\d{1,2})?", plain):
        return _month(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"(\d{1,2})[./-]((?:19|20)\d\d)", plain):
        return _month(int(match[2]), int(match[1]))
    if re.fullmatch(r"q[1-4]( (19|20)\d\d)?", plain):
        return plain.upper()
    if match := re.fullmatch(r"([a-zä]+)\.?[ -]*((?:19|20)\d\d)?", plain):
        for number, names in enumerate(_MONTHS, start=1):
            if match[1] in names.split("|"):
                short = names.split("|")[0].capitalize()
                return _month(int(match[2]), number) if match[2] else short
    return ""


def _month(year: int, month: int) -> str:
    return f"{year:04}-{month:02}-01" if 1 <= month <= 12 else ""


def _scenario_columns(order: Order) -> dict[str, int]:
    """The columns of scenarios that have amounts of their own."""
    named = order.options.scenarios
    if not isinstance(named, list):
        return {}
    return {name: column_of(name, order.source.headers) for name in named}


def _read_rows(
    order: Order,
    figures: Figures,
    across: dict[int, tuple[str, bool]],
    separate: dict[str, int],
) -> None:
    numbers: dict[tuple[str, str], int] = {}
    for row in order.source.rows:
        category = meaning(order.value(row, "category"))
        if category is None:
            continue
        kind = _kind(order, row)
        number = numbers.setdefault((str(category).casefold(), kind), len(figures.categories))
        if number == len(figures.categories):
            figures.categories.append(str(category))
            figures.kinds.append(kind)
        period = _period_of(order, row)
        scenario = str(meaning(order.value(row, "scenario")) or "Plan")
        amounts = [(scenario, period, order.value(row, "plan"))]
        amounts += [(name, period, row[column]) for name, column in separate.items()]
        amounts += [
            ("" if actual else scenario, _by(order, label), row[column])
            for column, (label, actual) in across.items()
        ]
        amounts.append(("", period, order.value(row, "actual")))
        for name, label, amount in amounts:
            _add(figures, number, (name, label), amount, shown=bool(period or across))
    _finish_reading(order, figures)


def _add(
    figures: Figures, number: int, place: tuple[str, str], amount: Scalar, *, shown: bool
) -> None:
    """Add an amount to those of a scenario ("" for actual ones) and period."""
    scenario, label = place
    if shown and label and label not in figures.periods:
        figures.periods.append(label)
    if isinstance(amount, int | float):
        target = figures.plans.setdefault(scenario, {}) if scenario else figures.actuals
        target[number, label] = target.get((number, label), 0.0) + amount


def _finish_reading(order: Order, figures: Figures) -> None:
    """Refuse what can't be shown in one budget, and bring the periods into their order."""
    if any(figures.kinds) and not all(figures.kinds):
        blank = figures.categories[figures.kinds.index("")]
        raise InvalidParameters(
            f'"{blank[:60]}" is neither income nor expense, others are.',
            "Give each row its type, or none.",
        )
    amounts = [*figures.plans.values(), figures.actuals]
    if figures.periods and any(not label for found in amounts for _, label in found):
        raise InvalidParameters(
            "Some amounts have a month or year, others have none.",
            "Say for each amount which month or year it is for.",
        )
    dated = all(re.fullmatch(r"\d{4}(-\d\d-\d\d)?", label) for label in figures.periods)
    if dated:
        figures.periods.sort()
    if order.options.start and figures.periods and not _named_months(order):
        raise InvalidParameters(
            "options.start says when the budget begins, and so do the rows.", "Leave start out."
        )
    _refuse_many("categories", len(figures.categories), _MOST_CATEGORIES)
    _refuse_many("periods", len(figures.periods), MOST_PERIODS)
    _refuse_many("scenarios", len(figures.plans), _MOST_SCENARIOS)
    if isinstance(order.options.scenarios, dict) and len(figures.plans) > 1:
        raise InvalidParameters(
            "The rows hold amounts for several scenarios, and options.scenarios changes of one "
            "plan.",
            "Leave options.scenarios out, or the scenario column.",
        )


def _refuse_many(what: str, count: int, most: int) -> None:
    if count > most:
        raise InvalidParameters(
            f"The rows have {count} {what}; a budget has at most {most}.",
            f"Send fewer {what}.",
        )


def _kind(order: Order, row: Sequence[Scalar]) -> str:
    text = str(meaning(order.value(row, "type")) or "").strip()
    if not text:
        return ""
    if _INCOME.match(text):
        return "income"
    if _EXPENSE.match(text):
        return "expense"
    raise InvalidParameters(
        f'The type "{text[:40]}" is neither income nor expense.',
        'Write "income" or "expense", or name another column with options.columns.',
    )


def _period_of(order: Order, row: Sequence[Scalar]) -> str:
    value = meaning(order.value(row, "period"))
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return _by(order, _month(value.year, value.month))
    return _by(order, period_label(str(value)) or str(value)[:30])


_SHORT = tuple(names.split("|")[0].capitalize() for names in _MONTHS)


def _by(order: Order, label: str) -> str:
    """The label of the month or year that amounts are shown by."""
    start = day(order.options.start, "start")
    if label in _SHORT and start is not None:
        label = _month(start.year, _SHORT.index(label) + 1)
    if order.options.period == "year":
        if not label[:4].isdigit():
            raise InvalidParameters(
                f'options.period is "year", and "{label}" belongs to no year.',
                "Say in options which year starts it, such as start: 2027, or leave period out.",
            )
        return label[:4]
    return label


def _named_months(order: Order) -> bool:
    """Whether the rows name months without a year, which ``start`` then says."""
    names = [period_label(name) for name in order.source.headers]
    column = order.column("period")
    if column is not None:
        names += [period_label(str(value)) for value in order.source.values(column)]
    names += [label for label, _ in _across(order.source.headers).values()]
    return any(name in _SHORT for name in names)


def _periods(order: Order, figures: Figures) -> list[str]:
    """The periods of a budget whose rows name none: a year's months, or the whole."""
    start, wanted = day(order.options.start, "start"), order.options.period
    amounts = [amount for found in (*figures.plans.values(), figures.actuals) for amount in found]
    if amounts and wanted == "month":
        raise InvalidParameters(
            'options.period is "month", and the amounts are for no month.',
            "Send a column with the month, or one column for each.",
        )
    if amounts or wanted == "year":
        label = str(start.year) if start else ""
        for found in (*figures.plans.values(), figures.actuals):
            for number, _ in list(found):
                found[number, label] = found.pop((number, ""))
        return [label]
    if start is None:
        return list(_SHORT)
    months = (divmod(start.year * 12 + start.month - 1 + i, 12) for i in range(12))
    return [_month(year, month + 1) for year, month in months]
