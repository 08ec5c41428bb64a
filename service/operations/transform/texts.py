"""Texts in cells: split and join them, tidy them up, make numbers and dates of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.registry import Answer
from service.operations.transform.columns import (
    headers_of,
    is_header,
    refuse_filled,
    refuse_header,
    refuse_table_edges,
    target_of,
    values_of,
    widen,
    with_header,
)
from service.operations.transform.options import CleanStep, Task
from service.workbook import cells
from service.workbook.areas import Area, area_at
from service.workbook.calculation.answers import ranges
from service.workbook.column_types import Settled, decide
from service.workbook.contents import refuse_arrays, refuse_merged, there

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?")
_MOST_PARTS = 200


# Splitting --------------------------------------------------------------------


def split(task: Task) -> Answer:
    """Split the texts of one column into several columns."""
    sheet, area = task.sheet, _bounded(task)
    if area.columns != 1:
        raise InvalidRange(
            f"{area} is {area.columns} columns wide; one column is split at a time.",
            'Name one column, such as "A2:A20".',
        )
    header = with_header(task, area)
    body = area.below(1) if header else area
    cut = _cutter(task)
    column = [task.ctx.book.cell(sheet, row, area.first_column) for row in _rows(body)]
    parts = [cut(_text(value)) for value in values_of(task.ctx, column)]
    width = max(map(len, parts), default=0)
    if width < 2:
        return Answer(
            {"split": 0, "notes": [f"No text in {body} holds the delimiter."]},
            sheet=sheet.title,
            changed=False,
        )
    lines: list[list[cells.Scalar]] = [[_typed(part) for part in line] for line in parts]
    if header:
        lines.insert(0, [*_headers(task, area, width)])
    elif task.options.names:
        raise InvalidParameters(
            "names gives headers, but the range has no header row.",
            "Leave names out, or begin the range at the header row and send header=true.",
        )
    return _written(task, area, lines, width, {"split": sum(len(line) > 1 for line in parts)})


def _rows(area: Area) -> range:
    return range(area.first_row, area.last_row + 1)


def _bounded(task: Task) -> Area:
    """The range without the rows below everything that is used."""
    used = task.ctx.book.used_area(task.sheet)
    last = max(task.area.first_row, min(task.area.last_row, used.last_row))
    area = replace(task.area, last_row=last)
    refuse_merged(task.sheet, area)
    return area


def _text(value: object) -> str:
    return "" if value is None else str(value if isinstance(value, str) else cells.shown(value))


def _cutter(task: Task) -> Callable[[str], list[str]]:
    """What parts a text: a delimiter, or widths."""
    options = task.options
    if options.widths:
        if options.delimiter:
            raise InvalidParameters("split got a delimiter and widths.", "Send one of the two.")
        widths = options.widths
        if min(widths) < 1 or len(widths) > _MOST_PARTS:
            raise InvalidParameters(
                f"widths is {widths[:10]}.", "Send the characters of each part, such as [3, 5]."
            )
        return lambda text: _by_width(text, widths)
    delimiter = str(task.needed("delimiter", 'what parts the texts, such as ","'))
    most = options.parts or _MOST_PARTS
    if not 2 <= most <= _MOST_PARTS:
        raise InvalidParameters(f"parts is {most}; it goes from 2 to {_MOST_PARTS}.", "Correct it.")
    return lambda text: [part.strip() for part in text.split(delimiter, most - 1)] if text else []


def _by_width(text: str, widths: list[int]) -> list[str]:
    found, start = [], 0
    for width in widths:
        found.append(text[start : start + width].strip())
        start += width
    return found + ([text[start:].strip()] if text[start:].strip() else []) if text else []


def _typed(text: str) -> cells.Scalar:
    """A part as it is typed in: plain numbers and ISO dates are such, all else is text."""
    if _NUMBER.fullmatch(text):
        return cells.tidy_number(float(text))
    if cells.parse_date(text):
        return text
    return cells.shown(text) if text else None


def _headers(task: Task, area: Area, width: int) -> list[str]:
    names = task.options.names or []
    if len(names) > width:
        raise InvalidParameters(
            f"names has {counted(len(names), 'header')}, and there are {width} parts.",
            "Send one name for each part.",
        )
    own = headers_of(task.sheet, area, area.first_row)[0]
    defaults = [own, *(f"{own} {n}" for n in range(2, width + 1))]
    return [str(cells.shown(name)) for name in [*names, *defaults[len(names) :]]]


def _written(
    task: Task, area: Area, lines: list[list[cells.Scalar]], width: int, told: dict[str, Any]
) -> Answer:
    """Put lines where they belong: in place of the range, or where the option ``to`` says."""
    place = (task.sheet, area.first_row, area.first_column)
    sheet, row, column = target_of(task, task.options.to) if task.options.to else place
    into = area_at(row, column, len(lines), width)
    refuse_filled(task, sheet, into, area)
    refuse_merged(sheet, into)
    refuse_arrays(sheet, into)
    refuse_header(sheet, into)
    if into.columns > 1 or into != area:
        refuse_table_edges(sheet, into, "Writing to")
    _checked(lines, into)
    task.ctx.book.room_for(into.cells)
    models = [
        task.sheet._cells.get((area.first_row + n, area.first_column)) for n in range(len(lines))
    ]
    looks = [copy(cell._style) if cell is not None and cell.has_style else None for cell in models]
    with task.ctx.book.changing():
        for r, line in enumerate(lines):
            padded = [*line, *([None] * (width - len(line)))]
            for c, value in enumerate(padded):
                if value is None and (row + r, column + c) not in sheet._cells:
                    continue
                cell = sheet.cell(row + r, column + c)
                if looks[r] is not None and not cell.has_style:
                    cell._style = copy(looks[r])
                cells.put(cell, value)
        widen(task, sheet, into)
    return Answer({**told, "written": f"{sheet.title}!{into}"}, sheet=sheet.title)


def _checked(lines: list[list[cells.Scalar]], into: Area) -> None:
    for r, line in enumerate(lines):
        for value in line:
            cells.stored_value(value, f"row {into.first_row + r}")


# Joining ----------------------------------------------------------------------


def join(task: Task) -> Answer:
    """Join the texts of each row into one cell; blanks are left out."""
    sheet, area = task.sheet, _bounded(task)
    if area.columns < 2:
        raise InvalidRange(f"{area} is one column; several are joined.", 'Such as "A2:C20".')
    delimiter = " " if task.options.delimiter is None else task.options.delimiter
    header = with_header(task, area)
    names = task.options.names or []
    if len(names) > 1 or (names and not header):
        raise InvalidParameters(
            "join makes one column, and names gives its header where the range has headers.",
            "Send one name, and a range that begins at the header row.",
        )
    lines: list[list[cells.Scalar]] = []
    if header:
        first = [h for h in headers_of(sheet, area, area.first_row) if h]
        lines.append([cells.shown(names[0] if names else delimiter.join(first))])
    body = area.below(1) if header else area
    columns = range(area.first_column, area.last_column + 1)
    book = task.ctx.book
    found = [book.cell(sheet, row, column) for row in _rows(body) for column in columns]
    values = [_text(value) for value in values_of(task.ctx, found)]
    for n in range(body.rows):
        filled = [text for text in values[n * area.columns : (n + 1) * area.columns] if text]
        lines.append([cells.shown(delimiter.join(filled)) if filled else None])
    right = f"{Area(1, area.last_column + 1, 1, area.last_column + 1)}".rstrip("1")
    to = task.options.to or f"{right}{area.first_row}"
    moved = replace(task, options=task.options.model_copy(update={"to": to}))
    return _written(moved, area, lines, 1, {"joined": sum(line[0] is not None for line in lines)})


# Cleaning ---------------------------------------------------------------------

_SPACES = re.compile(r"[ \u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_HIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff\u00ad]")
_DEFAULT: tuple[CleanStep, ...] = ("trim", "nonprinting")


def _trimmed(text: str) -> str:
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n"))


def _without_hidden(text: str) -> str:
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _proper(text: str) -> str:
    """Each word with a capital, as PROPER does, but for what follows an apostrophe."""
    return re.sub(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", lambda m: m[0].capitalize(), text)


_MINUS = re.compile(r"\(\s*([^-()]*\d[^-()]*?)\s*\)|([^-()]*\d[^-()]*?)\s*-")
_TEXT_STEPS: dict[str, Callable[[str], str]] = {
    "trim": _trimmed,
    "nonprinting": _without_hidden,
    "upper": str.upper,
    "lower": str.lower,
    "proper": _proper,
}


def clean(task: Task) -> Answer:
    """Tidy the texts of a range up; formulas stay as they are."""
    sheet, options = task.sheet, task.options
    steps = list(options.clean or _DEFAULT)
    for name, needs in (("decimal", "numbers"), ("date_order", "dates")):
        if getattr(options, name) and needs not in steps:
            raise InvalidParameters(
                f"{name} has no effect without {needs} among the steps of clean.",
                f"Leave it out, or send clean={[*steps, needs]}.",
            )
    changes: list[tuple[Cell, Any, str]] = []
    notes: list[str] = []
    formulas = 0
    for number in range(task.area.first_column, task.area.last_column + 1):
        column = list(there(sheet, replace(task.area, first_column=number, last_column=number)))
        formulas += sum(cell.data_type == "f" for cell in column)
        texts = [cell for cell in column if _is_text(task, cell)]
        changes += _cleaned(task, texts, steps, notes)
    result: dict[str, Any] = {"cleaned": len(changes)}
    if changes:
        places = [(c.parent.title, c.row, c.column) for c, _, _ in changes]
        result["cells"] = ranges(places)
    if formulas:
        notes.append(f"{counted(formulas, 'formula')} left alone.")
    result |= {"notes": notes} if notes else {}
    if not changes:
        return Answer(result, sheet=sheet.title, changed=False)
    with task.ctx.book.changing():
        for cell, value, number_format in changes:
            _set(cell, value, number_format)
    return Answer(result, sheet=sheet.title)


def _is_text(task: Task, cell: Cell) -> bool:
    return (
        not is_header(cell)
        and isinstance(cell._value, str | CellRichText)
        and cell.data_type in ("s", "inlineStr")
        and not (task.ctx.book.filled(cell))
    )


def _cleaned(
    task: Task, texts: list[Cell], steps: list[Any], notes: list[str]
) -> Iterator[tuple[Cell, Any, str]]:
    """(cell, new value, number format) of the texts of a column that change."""
    now = {(cell.row, cell.column): str(cell._value) for cell in texts}
    for step in steps:
        if step in _TEXT_STEPS:
            now = {place: _TEXT_STEPS[step](text) for place, text in now.items()}
    typed = _conversion(task, list(now.values()), steps, notes) if texts else None
    for cell in texts:
        text = now[cell.row, cell.column]
        value, look = typed(text) if typed and text.strip() else (text, "")
        if value != str(cell._value):
            yield cell, value, look


def _conversion(
    task: Task, texts: list[str], steps: list[Any], notes: list[str]
) -> Callable[[str], tuple[Any, str]] | None:
    """How texts of one column become numbers or dates: all that are some, the same way."""
    wanted = {kind for kind in ("numbers", "dates") if kind in steps}
    if not wanted:
        return None
    options = task.options
    settled = Settled(options.decimal or "", options.date_order or "", short_years=True)
    signed = _signed if "numbers" in wanted else str.strip
    together = {signed(text) for text in texts if text.strip()}
    found, doubts = _read(together, _kinds(wanted), settled)
    left = sorted({text.strip() for text in texts if text.strip() and signed(text) not in found})
    if left:
        shown = ", ".join(repr(text[:30]) for text in left[:5])
        notes.append(f"{counted(len(left), 'text')} stayed text: {shown}.")
    notes += [f"{text!r} {doubt}" for text, doubt in sorted(doubts.items())[:2]]
    return lambda text: found.get(signed(text), (text, ""))


def _signed(text: str) -> str:
    """The text with its minus in front: accountants write (300), some programs 300-."""
    match = _MINUS.fullmatch(text.strip())
    return f"-{match[1] or match[2]}" if match else text.strip()


def _kinds(wanted: set[str]) -> set[str]:
    kinds = {"number", "percent", "currency"} if "numbers" in wanted else set()
    return kinds | ({"date", "datetime"} if "dates" in wanted else set())


def _read(
    texts: set[str], kinds: set[str], settled: Settled
) -> tuple[dict[str, tuple[Any, str]], dict[str, str]]:
    """(values and number formats by text, doubts by text): together, else one by one."""
    likely = {text for text in texts if any(map(str.isdigit, text))}
    decision = decide(likely, settled)
    if decision.kind in kinds:
        doubts = {min(likely): decision.doubt} if decision.doubt else {}
        return {t: (decision.convert(t), decision.number_format) for t in likely}, doubts
    # What one of them proves, such as the decimal mark of 1.234,50, counts for all.
    proofs = {decide({text}, settled).proves for text in likely}
    marks, orders = proofs & {".", ","}, proofs & {"dmy", "mdy"}
    settled = replace(
        settled,
        decimal=settled.decimal or (marks.pop() if len(marks) == 1 else ""),
        date_order=settled.date_order or (orders.pop() if len(orders) == 1 else ""),
    )
    ones = {text: decide({text}, settled) for text in likely}
    found = {t: (d.convert(t), d.number_format) for t, d in ones.items() if d.kind in kinds}
    return found, {t: d.doubt for t, d in ones.items() if d.doubt}


def _set(cell: Cell, value: Any, number_format: str) -> None:
    if isinstance(value, str):
        cells.put(cell, cells.shown(value) if value else None)
        return
    text_format = cell.number_format == "@"
    cell.quotePrefix = False
    if isinstance(value, dt.date):
        cell.value = value
    else:
        cell._value = value
        cell.data_type = "b" if isinstance(value, bool) else "n"
    if number_format and number_format != "General":
        cell.number_format = number_format
    elif text_format:
        cell.number_format = "General"
