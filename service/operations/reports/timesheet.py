"""The timesheet: a week's or month's days with hours and overtime by formula."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidValue
from service.operations.context import Context
from service.operations.reports import forms, look
from service.operations.reports.document_roles import TIMESHEET
from service.operations.reports.forms import Line, letter
from service.operations.reports.lines import (
    FIRST,
    Order,
    Placed,
    note_idle_columns,
    refuse_more,
    sheet_for,
    take_parts,
)
from service.operations.reports.options import day
from service.operations.reports.source import meaning, require
from service.operations.reports.words import in_language
from service.workbook.areas import Area
from service.workbook.cells import Scalar

_FACTS_AT = 5
_MOST_ENTRIES = 200
_HOURS = "0.00"
_DAYS = {"week": 7, "month": 31}
_WEEKEND = "F2F2F2"
_LONGEST_PAUSE_IN_HOURS = 5  # a break of 5 or more are minutes
_MINUTES = 24 * 60


@dataclass(frozen=True)
class Entry:
    """One stretch of work: times in minutes since midnight, a break in minutes."""

    start: int | None
    end: int | None
    pause: int | None
    texts: dict[str, Scalar]


@dataclass(frozen=True)
class Plan(Placed):
    """All that the timesheet is made of, decided before anything is written.

    :param start: the first day, None where it is to be filled in
    :param lines: of each line how many days it is after the first, and what was worked
    """

    order: Order
    start: dt.date | None
    period: str
    lines: list[tuple[int, Entry | None]]
    parts: tuple[str, ...]
    sheet: str


def plan(ctx: Context, order: Order) -> Plan:
    """Find out what the timesheet shows.

    :raises InvalidParameters: if the dates are missing, or of more than a month
    """
    entries = _entries(order) if order.source.rows else []
    asked = day(order.options.start, "start")
    start, period = _range(asked, order.options.period, [date for date, _ in entries])
    lines: list[tuple[int, Entry | None]] = []
    for offset in range(_DAYS[period]):
        there = [e for date, e in entries if start and date == start + dt.timedelta(days=offset)]
        lines += [(offset, entry) for entry in there] or [(offset, None)]
    ctx.book.room_for((len(lines) + 20) * 10)
    texts = [name for name in ("project", "note") if name in order.source.roles] or ["note"]
    parts = ("date", "day", "start", "end", "pause", "hours", "overtime", *texts)
    return Plan(order, start, period, lines, parts, sheet_for(ctx, order, order.say("Timesheet")))


def _days_of(start: dt.date, period: str) -> int:
    if period == "week":
        return _DAYS[period]
    return (_next_month(start) - start).days


def _next_month(start: dt.date) -> dt.date:
    """The same day a month later, or its first day after where there is none."""
    year, month = divmod(start.year * 12 + start.month, 12)
    return dt.date(year, month + 1, start.day if start.day < 29 else 1)


def _range(
    start: dt.date | None, period: str, dates: Sequence[dt.date]
) -> tuple[dt.date | None, str]:
    """The first day and the period, by what was asked for or by the dates that are there."""
    if not dates:
        return start, period or "month"
    first, last = min(dates), max(dates)
    monday = first - dt.timedelta(days=first.weekday())
    if start is None:
        in_a_week = last < monday + dt.timedelta(days=7)
        period = period or ("week" if in_a_week else "month")
        start = monday if period == "week" else first.replace(day=1)
    period = period or ("week" if last < start + dt.timedelta(days=7) else "month")
    end = start + dt.timedelta(days=_days_of(start, period) - 1)
    if first < start or last > end:
        raise InvalidParameters(
            f"The rows are of {first} to {last}; this timesheet is for the {period} from {start} "
            f"to {end}.",
            "Send the rows of one week or month, and start (its first day) and period in options.",
        )
    return start, period


# Reading ------------------------------------------------------------------------------


def _entries(order: Order) -> list[tuple[dt.date, Entry]]:
    source = order.source
    take_parts(source, TIMESHEET, order.choices.columns)
    require(source, [["date"]], "timesheet")
    hint = "Send the rows of one week or month."
    refuse_more(source, _MOST_ENTRIES, "rows; a timesheet holds", hint)
    note_idle_columns(source, "The timesheet")
    return [_entry(order, row, f"row {number}") for number, row in enumerate(source.rows, start=1)]


def _entry(order: Order, row: Sequence[Scalar], where: str) -> tuple[dt.date, Entry]:
    date = meaning(order.value(row, "date"))
    if not isinstance(date, dt.date):
        raise InvalidValue(f"{where} has no date.", "Give each row its date, such as 2026-01-31.")
    start, end = (_time(order.value(row, part), f"{where}, {part}") for part in ("start", "end"))
    pause = _pause(order.value(row, "pause"), where)
    texts = {name: order.value(row, name) for name in ("project", "note")}
    return dt.date(date.year, date.month, date.day), Entry(start, end, pause, texts)


_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2})?\s*(am|pm|uhr|h)?", re.IGNORECASE)


def _time(value: Scalar, where: str) -> int | None:
    """Minutes since midnight of a time: 08:30, 8.30, 8:30 am, or the share of a day."""
    plain = meaning(value)
    if plain is None:
        return None
    if isinstance(plain, dt.datetime):
        return plain.hour * 60 + plain.minute
    if isinstance(plain, int | float) and 0 <= plain < 1:
        return round(plain * _MINUTES) % _MINUTES
    match = _TIME.fullmatch(str(plain).strip())
    if match:
        hour, minute = int(match[1]), int(match[2] or 0)
        half = (match[3] or "").lower()
        if half in ("am", "pm") and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
        if hour < 24 and minute < 60:
            return hour * 60 + minute
        if (hour, minute) == (24, 0):
            return 0
    raise InvalidValue(f'{where}: "{str(plain)[:40]}" is no time.', "Write times as 08:30.")


def _pause(value: Scalar, where: str) -> int | None:
    """Minutes of a break: 30, 0:30, or 0.5 hours."""
    plain = meaning(value)
    if plain is None:
        return None
    text = str(plain).strip().lower().removesuffix("min.").removesuffix("min").strip()
    if match := re.fullmatch(r"(\d{1,2}):(\d{2})(:\d{2})?", text):
        return int(match[1]) * 60 + int(match[2])
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = -1
    if not 0 <= number <= _MINUTES:
        raise InvalidValue(
            f'{where}: "{str(plain)[:40]}" is no break.', "Write minutes, such as 30."
        )
    return round(number * 60 if number < _LONGEST_PAUSE_IN_HOURS else number)


# Writing ------------------------------------------------------------------------------


def write(ctx: Context, timesheet: Plan) -> list[str]:
    """Write the timesheet; returns the name of its sheet."""
    sheet = ctx.book.xl.create_sheet(timesheet.sheet)
    order = timesheet.order
    house, columns = order.choices.house, _columns(timesheet)
    look.set_grid(sheet, (1.5, *(item.width for item in columns)))
    look.write_title(sheet, FIRST, order.choices.title or order.say("Timesheet"), house)
    forms.rule_under(sheet, 3, (FIRST, timesheet.last), house)
    sheet.row_dimensions[3].height = 6
    _write_facts(sheet, timesheet)
    header = _FACTS_AT + 5
    rows = [
        [_cell(timesheet, part, header + number, line) for part in timesheet.parts]
        for number, line in enumerate(timesheet.lines, start=1)
    ]
    area = forms.write_lines(sheet, (header, FIRST), columns, rows, house)
    _check(sheet, area, timesheet)
    _write_sums(sheet, area, columns, timesheet)
    last = _write_approval(sheet, area.last_row + 4, timesheet)
    look.set_up_page(sheet, house, landscape=False, one_page=area.rows <= 60, repeat=header)
    sheet.print_area = str(Area(1, 1, last, timesheet.last))
    sheet.freeze_panes = f"A{header + 1}"
    forms.in_font(sheet, house)
    return [timesheet.sheet]


def _columns(timesheet: Plan) -> list[Line]:
    say = timesheet.order.say
    dated = timesheet.order.dated
    texts = 14 if "project" in timesheet.parts and "note" in timesheet.parts else 27
    found = {
        "date": Line(say("Date"), 13, dated),
        "day": Line(say("Day"), 8, in_language("ddd", timesheet.order.options.language)),
        "start": Line(say("Start"), 9, "hh:mm", "center"),
        "end": Line(say("End"), 9, "hh:mm", "center"),
        "pause": Line(say("Break (min)"), 13, "0", "center"),
        "hours": Line(say("Hours"), 10, _HOURS, "right"),
        "overtime": Line(say("Overtime"), 13, "+0.00;-0.00;0.00", "right"),
        "project": Line(say("Project"), texts, wrap=True),
        "note": Line(say("Note"), texts, wrap=True),
    }
    return [found[part] for part in timesheet.parts]


def _write_facts(sheet: Worksheet, timesheet: Plan) -> None:
    """Who, from when to when, and how long a working day is."""
    order = timesheet.order
    say, house = order.say, order.choices.house
    dated, row = order.dated, _FACTS_AT
    left = (FIRST, FIRST + 2, FIRST + 4)
    right = (timesheet.at("hours"), timesheet.last, timesheet.last)
    name = f"'{order.options.person}" if order.options.person.strip() else None
    cell = forms.write_field(sheet, row, left, say("Name"), name, house)
    cell.font = Font(name=house.font, size=12, bold=True)
    start = timesheet.start.isoformat() if timesheet.start else None
    forms.write_field(sheet, row + 1, left, say("First day"), start, house, number_format=dated)
    dates = _range_of(timesheet, "date")
    last = f'=IF(COUNT({dates})=0,"",MAX({dates}))'
    forms.write_field(sheet, row + 2, left, say("Last day"), last, house, number_format=dated)
    forms.write_field(
        sheet, row + 3, left, say("Hours per day"), order.options.hours, house, number_format="0.00"
    )
    hours, over = (_range_of(timesheet, part) for part in ("hours", "overtime"))
    figures = [("Hours worked", f"=SUM({hours})", _HOURS)]
    figures.append(("Overtime", f'=IF($D${row + 3}="","",SUM({over}))', "+0.00;-0.00;0.00"))
    for r, (label, formula, number_format) in enumerate(figures, start=row):
        cell = forms.write_field(
            sheet, r, right, say(label), formula, house, number_format=number_format, place="right"
        )
        cell.font = Font(name=house.font, size=12, bold=True, color=house.dark)
    forms.check(sheet, f"D{row + 1}", "date", timesheet.order.say("Enter the first day."))
    forms.check(
        sheet, f"D{row + 3}", "decimal", timesheet.order.say("Enter hours, such as 8."), "0", "24"
    )


def _range_of(timesheet: Plan, part: str) -> str:
    column, first = letter(timesheet.at(part)), _FACTS_AT + 6
    return f"${column}${first}:${column}${first + len(timesheet.lines) - 1}"


def _cell(timesheet: Plan, part: str, row: int, line: tuple[int, Entry | None]) -> Scalar:
    offset, entry = line
    date, start, end, pause, hours = (
        f"{letter(timesheet.at(name))}{row}" for name in ("date", "start", "end", "pause", "hours")
    )
    first, target = f"$D${_FACTS_AT + 1}", f"$D${_FACTS_AT + 3}"
    if part == "date":
        inside = f"{first}+{offset}"
        if timesheet.period == "month" and offset > 27:
            return f'=IF({first}="","",IF({inside}<EDATE({first},1),{inside},""))'
        return f'=IF({first}="","",{inside})'
    if part == "day":
        return f'=IF({date}="","",{date})'
    if part == "hours":
        worked = f"ROUND(MOD({end}-{start},1)*24-{pause}/60,2)"
        return f'=IF(OR({start}="",{end}=""),"",{worked})'
    if part == "overtime":
        return _overtime(timesheet, row, (date, hours, target), offset)
    if entry is None:
        return None
    if part == "pause":
        return entry.pause
    if part in ("start", "end"):
        minutes = entry.start if part == "start" else entry.end
        return None if minutes is None else minutes / _MINUTES
    return entry.texts[part]


def _overtime(timesheet: Plan, row: int, cells: tuple[str, str, str], offset: int) -> str:
    """Hours beyond those agreed, at the last line of each day; on weekends all of them."""
    date, hours, target = cells
    at = row - (_FACTS_AT + 6)
    lines = timesheet.lines
    if at + 1 < len(lines) and lines[at + 1][0] == offset:
        return '=""'
    first = row
    while first > _FACTS_AT + 6 and lines[first - 1 - (_FACTS_AT + 6)][0] == offset:
        first -= 1
    all_hours = f"{hours[: -len(str(row))]}{first}:{hours}"
    agreed = f"IF(WEEKDAY({date},2)>5,0,{target})"
    return f'=IF(OR(COUNT({all_hours})=0,{target}="",{date}=""),"",SUM({all_hours})-{agreed})'


def _check(sheet: Worksheet, area: Area, timesheet: Plan) -> None:
    body = area.below(1)
    for part in ("start", "end"):
        times = str(body.column(timesheet.parts.index(part)))
        forms.check(sheet, times, "time", timesheet.order.say("Enter a time such as 08:30."))
    pauses = str(body.column(timesheet.parts.index("pause")))
    forms.check(sheet, pauses, "whole", timesheet.order.say("Enter minutes."), "0", "600")
    date = f"${letter(FIRST)}{body.first_row}"
    weekend = f'AND({date}<>"",WEEKDAY({date},2)>5)'
    forms.mark(sheet, str(body), weekend, forms.colored(_WEEKEND))
    hours, over = (str(body.column(timesheet.parts.index(part))) for part in ("hours", "overtime"))
    wrong = f"AND(ISNUMBER({hours.split(':')[0]}),{hours.split(':')[0]}<0)"
    forms.mark(sheet, hours, wrong, forms.colored(*forms.BAD))
    less = f"AND(ISNUMBER({over.split(':')[0]}),{over.split(':')[0]}<0)"
    forms.mark(sheet, over, less, forms.colored(text=forms.BAD[1]))


def _write_sums(sheet: Worksheet, area: Area, columns: Sequence[Line], timesheet: Plan) -> None:
    values: list[Scalar] = [None] * len(columns)
    values[0] = timesheet.order.say("Total")
    for part in ("pause", "hours", "overtime"):
        name = letter(timesheet.at(part))
        cells = f"{name}{area.first_row + 1}:{name}{area.last_row}"
        values[timesheet.parts.index(part)] = f"=SUM({cells})"
    house = timesheet.order.choices.house
    forms.write_sums(sheet, area.last_row + 1, FIRST, columns, values, house)


def _write_approval(sheet: Worksheet, row: int, timesheet: Plan) -> int:
    """Lines to sign on; returns the last row."""
    house, say = timesheet.order.choices.house, timesheet.order.say
    halves = ((FIRST, FIRST + 3, "Employee"), (FIRST + 5, timesheet.last, "Approved by"))
    sheet.row_dimensions[row].height = 30
    for first, last, label in halves:
        for column in range(first, last + 1):
            sheet.cell(row, column).border = Border(bottom=Side("thin", color=look.GRAY))
        text = f"{say(label)}: {say('Date, signature')}"
        cell = forms.write_label(sheet, row + 1, first, text, house)
        cell.alignment = Alignment("left", "top")
    return row + 1
