"""Find and replace, in values and in formulas."""

from __future__ import annotations

import datetime as dt
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue, listed
from service.operations.registry import Answer
from service.operations.transform.columns import is_header
from service.operations.transform.options import Task
from service.workbook import cells, entering
from service.workbook.areas import Area
from service.workbook.calculation.answers import ranges
from service.workbook.contents import there
from service.workbook.dynamic import DynamicArray
from service.workbook.foreign.formulas import in_english
from service.workbook.formulas import to_file

MOST_PATTERN = 500
_MOST_TOLD = 5
# Of the processor: a pattern that goes back and forth over a text may take forever.
_PATTERN_SECONDS = 2.0
_GROUP = re.compile(r"\$(\d{1,2}|\$)")


@dataclass
class _Change:
    """One cell that will hold something else."""

    cell: Cell
    before: cells.Scalar
    after: Any
    count: int


@dataclass
class _Finder:
    """Replaces in one text; counts how often."""

    pattern: re.Pattern[str]
    new: str | Callable[[re.Match[str]], str]
    whole: bool
    count: int = field(default=0)

    def replaced(self, text: str) -> str:
        """The text after it; ``count`` is then how many places that were."""
        if self.whole:
            match = self.pattern.fullmatch(text)
            self.count = int(match is not None)
            return self._one(match) if match else text
        new, self.count = self.pattern.subn(self.new, text)
        return new

    def _one(self, match: re.Match[str]) -> str:
        return match.expand(self.new) if isinstance(self.new, str) else self.new(match)


def replace(task: Task) -> Answer:
    """Replace a text wherever it is found; says how many and where."""
    finder = _finder(task)
    changes: list[_Change] = []
    with _bounded(task, finder.pattern.pattern):
        for sheet, area in _places(task):
            changes += _changes(task, sheet, area, finder)
    headers = [change for change in changes if is_header(change.cell)]
    changes = [change for change in changes if not is_header(change.cell)]
    names = [change.cell.coordinate for change in headers]
    notes = [f"Headers of tables were left: {listed(names)}."] if names else []
    total = sum(change.count for change in changes)
    result: dict[str, Any] = {"replaced": total, "in_cells": len(changes)}
    if not changes:
        result["notes"] = [*notes, _nothing(task)]
        return Answer(result, sheet=task.sheet.title, changed=False)
    result |= {"notes": notes} if notes else {}
    result["cells"] = ranges([(c.cell.parent.title, c.cell.row, c.cell.column) for c in changes])
    result["examples"] = [
        {
            "cell": f"{c.cell.parent.title}!{c.cell.coordinate}",
            "before": _short(c.before),
            "after": _short(c.after),
        }
        for c in changes[:_MOST_TOLD]
    ]
    with task.ctx.book.changing():
        for change in changes:
            _set(change)
    return Answer(result, sheet=task.sheet.title)


def _short(value: object) -> object:
    text = str(value) if isinstance(value, CellRichText) else value
    return text[:200] if isinstance(text, str) else text


def _nothing(task: Task) -> str:
    where = task.options.within or "values"
    more = "" if where == "both" else " options.within=both looks in values and formulas."
    return f'"{str(task.options.find)[:60]}" changes nothing in {where}.{more}'


def _places(task: Task) -> Iterator[tuple[Worksheet, Area]]:
    if not task.options.all_sheets:
        yield task.sheet, task.area
        return
    for sheet in task.ctx.book.xl.worksheets:
        yield sheet, task.ctx.book.used_area(sheet)


def _finder(task: Task) -> _Finder:
    options = task.options
    find = str(task.needed("find", "the text to look for"))
    if options.replace is None:
        raise InvalidParameters(
            "The option replace is missing: the new text.",
            'Send replace; "" deletes what is found.',
        )
    if len(find) > MOST_PATTERN:
        raise InvalidParameters(
            f"find has {len(find)} characters; at most {MOST_PATTERN} are looked for.",
            "Look for a shorter text.",
        )
    flags = 0 if options.match_case else re.IGNORECASE
    if not options.regex:
        new = options.replace
        return _Finder(re.compile(re.escape(find), flags), lambda _: new, bool(options.whole_cell))
    try:
        pattern = re.compile(find, flags)
        template = _GROUP.sub(_group, options.replace)
        _check_groups(pattern, template)
    except (re.error, IndexError, RecursionError, OverflowError) as error:
        raise InvalidParameters(
            f'find "{find[:80]}" with replace "{options.replace[:80]}" is no regular expression '
            f"of Python's kind: {error}.",
            "Correct it, or leave regex out to look for the text as it stands.",
        ) from None
    return _Finder(pattern, template, bool(options.whole_cell))


def _group(match: re.Match[str]) -> str:
    return "$" if match[1] == "$" else rf"\g<{match[1]}>"


def _check_groups(pattern: re.Pattern[str], template: str) -> None:
    """:raises re.error: if the new text names a group that the pattern does not have"""
    re.compile(f"(?:{pattern.pattern})|", pattern.flags).sub(template, "")


@contextmanager
def _bounded(task: Task, pattern: str) -> Iterator[None]:
    """Stop a pattern that takes too long; the workbook is not changed in here.

    Not in a replay: what was done within the time may take longer on a busy machine. There,
    and where signals don't reach, the deadline of the engine ends it.
    """
    main = threading.current_thread() is threading.main_thread()
    if not (task.options.regex and task.ctx.seen.first and main):
        yield
        return

    def stop(*_: object) -> None:
        raise InvalidValue(
            f'The regular expression "{pattern[:80]}" takes longer than {_PATTERN_SECONDS:g} '
            "seconds on these cells.",
            "Make it simpler: no repeated group inside a repeated group, no .* beside .*.",
        )

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _PATTERN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# Cells ------------------------------------------------------------------------


def _changes(task: Task, sheet: Worksheet, area: Area, finder: _Finder) -> Iterator[_Change]:
    within = task.options.within or "values"
    book = task.ctx.book
    for cell in there(sheet, area):
        if cell._value is None:
            continue
        formula = cells.formula_of(cell)
        if formula is None:
            if within != "formulas" and not book.filled(cell):
                yield from _in_value(cell, finder)
        elif within != "values":
            yield from _in_formula(task, cell, formula, finder)


def _in_value(cell: Cell, finder: _Finder) -> Iterator[_Change]:
    value = cell._value
    if isinstance(value, bool) or cell.data_type == "e":
        return
    if isinstance(value, CellRichText):
        yield from _in_rich(cell, value, finder)
        return
    text = value if isinstance(value, str) else str(cells.shown(value))
    new = finder.replaced(text)
    if finder.count and new != text:
        after = cells.shown(new) if isinstance(value, str) else _retyped(value, new)
        cells.stored_value(after, cell.coordinate)
        yield _Change(cell, cells.shown(value), after, finder.count)


def _retyped(value: object, new: str) -> cells.Scalar:
    """What a number or date becomes: a number or date again, if the text is one."""
    if not new:
        return None
    if isinstance(value, dt.date):
        return new if cells.parse_date(new) else cells.shown(new)
    plain = re.fullmatch(r"-?\d{1,15}(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", new)
    return cells.tidy_number(float(new)) if plain else cells.shown(new)


def _in_rich(cell: Cell, value: CellRichText, finder: _Finder) -> Iterator[_Change]:
    """Text in formatted parts: each part by itself, so that it keeps its looks."""
    if finder.whole:
        new = finder.replaced(str(value))
        if finder.count and new != str(value):
            yield _Change(cell, str(value), cells.shown(new) if new else None, finder.count)
        return
    parts, count = [], 0
    for part in value:
        text = part.text if isinstance(part, TextBlock) else str(part)
        new = finder.replaced(text)
        count += finder.count
        parts.append(TextBlock(part.font, new) if isinstance(part, TextBlock) else new)
    if count:
        yield _Change(cell, str(value), CellRichText(parts), count)


def _in_formula(task: Task, cell: Cell, formula: str, finder: _Finder) -> Iterator[_Change]:
    new = finder.replaced(formula)
    if not finder.count or new == formula:
        return
    if task.ctx.book.filled(cell) and not isinstance(cell._value, DynamicArray):
        raise InvalidRange(
            f"{cell.parent.title}!{cell.coordinate} holds an array formula over several cells.",
            "Leave it out of the range; it can be changed as a whole only.",
        )
    if not new.startswith("="):
        raise InvalidValue(
            f"{cell.parent.title}!{cell.coordinate}: {formula[:80]} would become {new[:80]}, "
            "which is no formula.",
            "Look for a text inside of formulas, without the equals sign.",
        )
    cells.stored_value(new, f"{cell.parent.title}!{cell.coordinate}")
    yield _Change(cell, formula, new, finder.count)


def _set(change: _Change) -> None:
    if isinstance(change.after, CellRichText):
        change.cell._value = change.after
        return
    array = change.cell._value
    if isinstance(array, ArrayFormula) and not isinstance(array, DynamicArray):
        change.cell._value = ArrayFormula(array.ref, to_file(in_english(change.after, array.ref)))
    else:
        entering.put(change.cell, change.after)
