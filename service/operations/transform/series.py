"""Filling a range from its first cells: series, dates, copies, what stands above."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from service.errors import InvalidParameters, InvalidRange, InvalidValue, listed
from service.operations.registry import Answer
from service.operations.transform.columns import refuse_header, refuse_table_edges
from service.operations.transform.name_lists import following
from service.operations.transform.options import Series, Task
from service.workbook import cells
from service.workbook.areas import MAX_ROW
from service.workbook.contents import (
    Content,
    filled_places,
    put,
    put_value,
    refuse_arrays,
    refuse_merged,
    taken,
)

_DATES = ("day", "weekday", "month", "year")
_UNSTEPPED = ("copy", "blanks")
_LARGEST = 1e300


@dataclass(frozen=True)
class _Line:
    """One row or column of the range: its cells in the order in which they are filled."""

    cells: list[Content]
    seeds: list[Content]

    @property
    def rest(self) -> list[Content]:
        return self.cells[len(self.seeds) :]


def fill(task: Task) -> Answer:
    """Fill the range on from its first cells, down, or to the right where it is one row."""
    sheet, area, options = task.sheet, task.area, task.options
    if area.cells < 2 or area.last_row == MAX_ROW:
        raise InvalidRange(
            f"{area} leaves nothing to fill.",
            'Name the first cell and those to fill, such as "A2:A13".',
        )
    refuse_merged(sheet, area)
    refuse_arrays(sheet, area)
    refuse_table_edges(sheet, area, "Filling")
    refuse_header(sheet, area)
    task.ctx.book.room_for(area.cells - len(filled_places(sheet, area)))
    lines = list(_lines(task))
    kinds: dict[str, None] = {}
    new: list[tuple[Content, Content]] = []
    for line in lines:
        kind = options.series or _guessed(line)
        kinds[kind] = None
        _check(task, line, kind)
        try:
            new += _filled(task, line, kind)
        except OverflowError:
            raise InvalidValue(
                "The series leaves what Excel holds.", "Fill fewer cells, or take a smaller step."
            ) from None
    result: dict[str, Any] = {"filled": len(new), "range": str(area), "series": list(kinds)}
    if not new:
        return Answer(result | {"notes": ["Nothing was blank."]}, sheet.title, changed=False)
    with task.ctx.book.changing():
        for place, content in new:
            if content.style or not place.style:
                put(sheet, place.row, place.column, _looking_like(place, content))
            else:
                put_value(sheet.cell(place.row, place.column), content)
    return Answer(result, sheet=sheet.title)


def _looking_like(place: Content, content: Content) -> Content:
    """The new content with the look of the first cell, but with the note that was there."""
    return Content(
        content.row,
        content.column,
        content.value,
        content.data_type,
        content.style,
        place.link,
        place.comment,
    )


def _lines(task: Task) -> Iterator[_Line]:
    area = task.area
    down = area.rows > 1
    rows = range(area.first_row, area.last_row + 1)
    columns = range(area.first_column, area.last_column + 1)
    for across in columns if down else rows:
        along = [(n, across) for n in rows] if down else [(across, n) for n in columns]
        found = [taken(task.sheet, *place) for place in along]
        yield _Line(found, _seeds(task, found))


def _seeds(task: Task, found: list[Content]) -> list[Content]:
    """The filled cells that it begins with; where all are filled, the first alone."""
    count = next((n for n, content in enumerate(found) if not content.holds), len(found))
    if count == len(found) or task.options.series == "blanks":
        count = 1
    if task.options.force and found[0].data_type == "f":
        count = 1
    return found[:count]


def _texts(line: _Line) -> list[str]:
    """The texts that it begins with; none where there is anything else."""
    texts = [str(seed.value) for seed in line.seeds if isinstance(seed.value, str)]
    plain = all(seed.data_type != "f" for seed in line.seeds)
    return texts if plain and len(texts) == len(line.seeds) else []


def _guessed(line: _Line) -> Series | Literal["names"]:
    first = line.seeds[0] if line.seeds else line.cells[0]
    texts = _texts(line)
    if texts and following(texts) is not None:
        return "names"
    if first.data_type == "f" or isinstance(first.value, str | bool):
        return "copy"
    if isinstance(first.value, dt.date):
        return "day"
    return "linear"


def _name(content: Content) -> str:
    return f"{get_column_letter(content.column)}{content.row}"


def _check(task: Task, line: _Line, kind: str) -> None:
    """Refuse what can't be filled, or would overwrite something."""
    options = task.options
    if kind == "blanks":
        _check_unused(task, kind, ("step", "stop", "force"))
        return
    first = line.cells[0]
    if not line.seeds:
        raise InvalidParameters(
            f"{_name(first)} is blank, and a series begins with the first cell.",
            f"Write its first value into {_name(first)}, or begin the range at a filled cell.",
        )
    if kind == "copy":
        _check_unused(task, kind, ("step", "stop"))
    held = [_name(content) for content in line.rest if content.holds]
    if held and not options.force:
        raise InvalidRange(
            f"{task.area} on {task.sheet.title} is filled after the start: {listed(held, 5)}.",
            "Name blank cells behind the first, or send force=true to overwrite them.",
        )
    if kind == "names":
        _check_unused(task, kind, ("step", "stop"))
        return
    for seed in line.seeds:
        _check_seed(seed, kind)


def _check_unused(task: Task, kind: str, names: Sequence[str]) -> None:
    for name in names:
        if getattr(task.options, name) is not None:
            raise InvalidParameters(
                f"The option {name} has no effect on a fill with series={kind}.", "Leave it out."
            )


def _check_seed(seed: Content, kind: str) -> None:
    dated = isinstance(seed.value, dt.date)
    number = isinstance(seed.value, int | float) and not isinstance(seed.value, bool)
    fits = {"copy": True, "linear": number or dated, "growth": number}.get(kind, dated)
    if not fits or (kind != "copy" and seed.data_type == "f"):
        needs = "a date" if kind in _DATES else "a number"
        raise InvalidValue(
            f"{_name(seed)} holds {str(seed.value)[:40]!r}; series={kind} begins with {needs}.",
            f"Write {needs} there, or choose another series; copy repeats what is there.",
        )


def _filled(task: Task, line: _Line, kind: str) -> Iterator[tuple[Content, Content]]:
    """(place, what it gets) of the cells of a line."""
    if kind == "blanks":
        yield from _from_above(line)
    elif kind == "names":
        names = following(_texts(line)) or ()
        for place, name in zip(line.rest, names, strict=False):
            yield place, line.seeds[-1].plain(name, "s")
    elif kind == "copy":
        for n, place in enumerate(line.rest):
            yield place, line.seeds[n % len(line.seeds)]
    else:
        stop = _stop(task, kind)
        last = line.seeds[-1]
        rising = None
        for place, value in zip(line.rest, _values(task, line, kind), strict=False):
            rising = _number(task, value) >= _number(task, last.value) if rising is None else rising
            if stop is not None and _beyond(_number(task, value), stop, up=rising):
                return
            yield place, last.plain(value, "d" if isinstance(value, dt.date) else "n")


def _from_above(line: _Line) -> Iterator[tuple[Content, Content]]:
    above: Content | None = None
    for content in line.cells:
        if content.holds:
            above = content
        elif above is not None:
            yield content, above


def _number(task: Task, value: Any) -> float:
    return float(to_excel(value, task.ctx.book.xl.epoch) if isinstance(value, dt.date) else value)


def _stop(task: Task, kind: str) -> float | None:
    stop = task.options.stop
    if stop is None:
        return None
    if isinstance(stop, str):
        date = cells.parse_date(stop)
        if date is None:
            raise InvalidParameters(
                f"stop is {stop[:40]!r}, which is no number and no date such as 2026-12-31.",
                "Send the last value of the series.",
            )
        return _number(task, date)
    return float(stop)


def _beyond(value: float, stop: float, *, up: bool) -> bool:
    return value > stop + 1e-9 if up else value < stop - 1e-9


def _values(task: Task, line: _Line, kind: str) -> Iterator[Any]:
    """The values that follow the first ones."""
    seeds = [seed.value for seed in line.seeds]
    last, step = seeds[-1], task.options.step
    if kind == "growth":
        factor = step if step is not None else _ratio(line)
        for n in range(1, len(line.rest) + 1):
            yield _whole(_sized(last * factor**n))
    elif kind in ("linear", "day"):
        by = step if step is not None else _difference(task, line)
        for n in range(1, len(line.rest) + 1):
            moved = last + dt.timedelta(days=by * n) if isinstance(last, dt.date) else None
            yield moved if moved is not None else _whole(_sized(last + by * n))
    else:
        by = 1 if step is None else step
        if by != int(by) or not by:
            raise InvalidParameters(
                f"step is {by}; series={kind} takes whole steps.", "Send a whole number."
            )
        yield from _dates(seeds[0], kind, int(by), len(line.seeds), len(line.rest))


def _dates(first: dt.date, kind: str, step: int, seeds: int, count: int) -> Iterator[dt.date]:
    """Dates counted from the first one, so that 31 January is followed by 31 March again."""
    if kind == "weekday":
        day, left = first, (seeds - 1 + count) * abs(step)
        for n in range(1, left + 1):
            day = _next_weekday(day, 1 if step > 0 else -1)
            if n % abs(step) == 0 and n // abs(step) >= seeds:
                yield day
        return
    for n in range(seeds, seeds + count):
        yield _months_on(first, n * step * (12 if kind == "year" else 1))


def _next_weekday(day: dt.date, way: int) -> dt.date:
    day += dt.timedelta(days=way)
    while day.weekday() > 4:
        day += dt.timedelta(days=way)
    return day


def _months_on(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1900 <= year <= 9999:
        raise InvalidValue(
            f"The series leaves the years that Excel knows (1900 to 9999) at {year}.",
            "Fill fewer cells, or take a smaller step.",
        )
    return day.replace(
        year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1])
    )


def _difference(task: Task, line: _Line) -> float:
    """The step that the first cells have, 1 where there is one cell alone."""
    numbers = [_number(task, seed.value) for seed in line.seeds]
    return (numbers[-1] - numbers[0]) / (len(numbers) - 1) if len(numbers) > 1 else 1


def _ratio(line: _Line) -> float:
    numbers = [float(seed.value) for seed in line.seeds]
    if len(numbers) < 2:
        raise InvalidParameters(
            "A growth series needs its factor.", "Send step, such as 2 or 1.05, or two first cells."
        )
    if not numbers[-2]:
        raise InvalidParameters("0 has no growth.", "Send step, and begin with another number.")
    return numbers[-1] / numbers[-2]


def _sized(value: float) -> float:
    if abs(value) > _LARGEST:
        raise InvalidValue(
            "The series passes the largest number that Excel holds.", "Fill fewer cells."
        )
    return value


def _whole(value: float) -> int | float:
    return cells.tidy_number(float(f"{value:.15g}"))
