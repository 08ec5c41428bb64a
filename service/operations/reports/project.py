"""The project plan: tasks with ends by WORKDAY, and a calendar that shows them as bars."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.context import Context
from service.operations.reports import look
from service.operations.reports.document_roles import PROJECT
from service.operations.reports.lines import (
    Order,
    note_idle_columns,
    percent,
    refuse_more,
    sheet_for,
    take_parts,
)
from service.operations.reports.options import day
from service.operations.reports.source import meaning, require
from service.workbook.cells import Scalar

_FORM_ROWS = 15
_MOST_TASKS = 300
_LONGEST = 10_000  # working days of a task
# How many columns a calendar has at most, and at least.
_DAYS, _WEEKS = 42, 60
_DAY = dt.timedelta(days=1)
# They are headed in groups: weeks, months, years.
GROUPS = {"day": 7, "week": 4, "month": 12}
_FEWEST = {"day": 28, "week": 16, "month": 12}


@dataclass(frozen=True)
class Task:
    """A task; what was not given is None.

    :param after: numbers of the tasks, from 0, that must have ended before
    :param given: the cells of its row, by part
    """

    name: str
    start: dt.date | None
    days: int | None
    done: float | None
    after: tuple[int, ...]
    given: dict[str, Scalar]


@dataclass(frozen=True)
class Plan:
    """All that the project plan is made of, decided before anything is written.

    :param parts: the columns besides those that each plan has: phase, owner
    :param unit: what a column of the calendar stands for: day, week, month
    """

    order: Order
    tasks: list[Task]
    blank: int
    parts: tuple[str, ...]
    holidays: list[dt.date]
    start: dt.date | None
    unit: str
    columns: int
    sheet: str
    days_off: str


def plan(ctx: Context, order: Order) -> Plan:
    """Find out what the plan shows.

    :raises InvalidParameters: if columns are missing that it needs, or tasks wait for each other
    """
    options = order.options
    found = (day(text, "holidays") for text in options.holidays)
    holidays = sorted({one for one in found if one is not None})
    start = day(options.start, "start")
    tasks = _tasks(order, holidays) if order.source.rows else []
    blank = options.blank_rows or (0 if tasks else _FORM_ROWS)
    first, last = _span(tasks, start)
    last = last + dt.timedelta(days=len(holidays)) if last else None  # they may all move it
    unit = options.period or _unit(first, last)
    columns = _columns(unit, first, last)
    parts = tuple(p for p in ("phase", "owner", "after") if p in order.source.roles)
    if not tasks:
        parts = ("owner", "after")
    ctx.book.room_for((len(tasks) + blank + 12) * (columns + 10))
    sheet = sheet_for(ctx, order, order.say("Project plan"))
    days_off = look.free_sheet_name(ctx.book, order.say("Days off"), [sheet]) if holidays else ""
    return Plan(order, tasks, blank, parts, holidays, start, unit, columns, sheet, days_off)


# Reading ----------------------------------------------------------------------------


def _tasks(order: Order, holidays: Sequence[dt.date]) -> list[Task]:
    source = order.source
    take_parts(source, PROJECT, order.choices.columns)
    require(source, [["task"]], "project plan")
    hint = "Send fewer, or several plans."
    refuse_more(source, _MOST_TASKS, "tasks; a project plan shows", hint)
    note_idle_columns(source, "The project plan")
    done = order.column("done")
    if done is not None:
        percent(source, done)
    tasks = [_task(order, row, number, holidays) for number, row in enumerate(source.rows)]
    _refuse_circles(tasks)
    return tasks


def _task(order: Order, row: Sequence[Scalar], number: int, holidays: Sequence[dt.date]) -> Task:
    where = f"row {number + 1}"
    start, end = (_date(meaning(order.value(row, part))) for part in ("start", "end"))
    days = _days(order.value(row, "days"), where)
    after = _after(order, row, number)
    if end is not None:
        if start is None:
            raise InvalidValue(
                f"{where}: an end without a start.",
                "Give the start; ends are worked out from start and duration.",
            )
        if end < start:
            raise InvalidValue(f"{where}: it ends on {end}, before its start.", "Correct the end.")
        counted = workdays(start, end, set(holidays))
        if days is not None and days != counted:
            note = "Where an end is given, the duration is the working days until then."
            if note not in order.source.notes:
                order.source.notes.append(note)
        days = counted
    done = order.value(row, "done")
    given = {part: order.value(row, part) for part in ("phase", "owner")}
    return Task(
        str(meaning(order.value(row, "task")) or ""),
        start,
        days,
        float(done) if isinstance(done, int | float) else None,
        after,
        given,
    )


def _date(value: object) -> dt.date | None:
    return dt.date(value.year, value.month, value.day) if isinstance(value, dt.date) else None


def _days(value: Scalar, where: str) -> int | None:
    if not isinstance(value, int | float):
        return None
    if value != int(value) or not 0 <= value <= _LONGEST:
        raise InvalidValue(
            f"{where}: a duration of {value} working days.",
            f"Write whole days from 0 (a milestone) to {_LONGEST}.",
        )
    return int(value)


def _after(order: Order, row: Sequence[Scalar], number: int) -> tuple[int, ...]:
    """The tasks that a row waits for: by number, id or name, several parted by commas."""
    text = str(meaning(order.value(row, "after")) or "").strip()
    if not text:
        return ()
    known = _names(order)
    whole = known.get(text.casefold())
    names = [text] if whole is not None else re.split(r"[,;&+]", text)
    found = []
    for name in names:
        place = known.get(re.sub(r"\.0$", "", name.strip().casefold()))
        if place is None:
            tasks = [str(meaning(order.value(other, "task")) or "") for other in order.source.rows]
            raise InvalidValue(
                f'row {number + 1} waits for "{name.strip()[:60]}", which is no task. '
                f"Tasks: {listed(tasks, 30)}.",
                "Name tasks by their names, or by their numbers from 1 on.",
            )
        found.append(place)
    return tuple(dict.fromkeys(found))


def _names(order: Order) -> dict[str, int]:
    """The numbers of tasks, from 0, by what they may be called."""
    rows = list(enumerate(order.source.rows))
    found: dict[str, int] = {}
    if order.column("id") is None:
        found |= {str(number + 1): number for number, _ in rows}
    for part in ("id", "task"):
        for number, row in rows:
            text = str(meaning(order.value(row, part)) or "").strip().casefold()
            if text:
                found.setdefault(text, number)
    return found


def _refuse_circles(tasks: Sequence[Task]) -> None:
    """Refuse tasks that wait for each other, or for themselves."""
    waiting = {number: set(task.after) for number, task in enumerate(tasks)}
    while free := [number for number, others in waiting.items() if not others]:
        for number in free:
            del waiting[number]
        for others in waiting.values():
            others.difference_update(free)
    if waiting:
        names = [tasks[number].name for number in waiting]
        raise InvalidParameters(
            f"These tasks wait for each other: {listed(names)}.", "Break the circle."
        )


# The calendar ------------------------------------------------------------------------


def workdays(first: dt.date, last: dt.date, holidays: set[dt.date]) -> int:
    """The working days from ``first`` to ``last``, both included."""
    span = range((last - first).days + 1)
    days = (first + dt.timedelta(days=number) for number in span)
    return sum(one.weekday() < 5 and one not in holidays for one in days)


def _span(tasks: Sequence[Task], start: dt.date | None) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day of all tasks, as far as they are known."""
    starts: dict[int, dt.date] = {}
    ends: dict[int, dt.date] = {}
    for _ in range(len(tasks) + 1):
        for number, task in enumerate(tasks):
            begin = task.start or (None if task.after else start)
            waits = [_end(ends[other] + _DAY, 1) for other in task.after if other in ends]
            if len(waits) == len(task.after) and (begin or waits):
                starts[number] = max([*waits, *([begin] if begin else [])])
                ends[number] = _end(starts[number], task.days or 0)
        if len(ends) == len(tasks):
            break
    first = min([*starts.values(), *([start] if start else [])], default=None)
    last = max(ends.values(), default=None)
    return first, last


def _end(start: dt.date, days: int) -> dt.date:
    """The last of so many working days from ``start`` on."""
    if not days:
        return start
    start += dt.timedelta(days=(7 - start.weekday()) % 7 if start.weekday() > 4 else 0)
    weeks, rest = divmod(days - 1, 5)
    return start + dt.timedelta(days=7 * weeks + rest + 2 * (start.weekday() + rest > 4))


def _unit(first: dt.date | None, last: dt.date | None) -> str:
    if first is None or last is None:
        return "week"
    days = (last - first).days + 7
    if days <= _DAYS:
        return "day"
    return "week" if days <= 7 * _WEEKS else "month"


def _columns(unit: str, first: dt.date | None, last: dt.date | None) -> int:
    """How many columns the calendar has."""
    if first is None or last is None:
        return {"day": _DAYS, "week": 24, "month": 12}[unit]
    days = (last - first).days + first.weekday() + 1
    wanted = {"day": days, "week": days // 7 + 1, "month": days // 28 + 1}[unit]
    wanted = -(-wanted // GROUPS[unit]) * GROUPS[unit]
    most = {"day": 140, "week": 112, "month": 60}[unit]
    if wanted > most:
        raise InvalidParameters(
            f"The calendar would have {wanted} columns of a {unit}; at most {most} are shown.",
            "Leave options.period out, or choose a longer one.",
        )
    return max(wanted, _FEWEST[unit])


__all__ = ["Plan", "Task", "plan", "workdays"]
