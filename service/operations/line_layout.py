"""Rows and columns of a sheet: widths and heights, hidden ones, outline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue
from service.operations.headed import header_letter
from service.operations.layout import fit_columns, fit_row, merged_starts
from service.operations.page_layout import WHOLE, Plan
from service.operations.sheet_options import LINES, SheetOptions
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_areas, split_sheet
from service.workbook.book import Book
from service.workbook.calculation.results import Values
from service.workbook.geometry import column_entries

MOST_ROWS = 50_000
_DEEPEST = 7


@dataclass(frozen=True)
class Span:
    """Rows or columns from first to last; ``given`` is how they were named."""

    axis: str
    first: int
    last: int
    given: str

    @property
    def most(self) -> int:
        return MAX_ROW if self.axis == "rows" else MAX_COLUMN


def plan_lines(
    book: Book, sheet: Worksheet, target: str, options: SheetOptions, plan: Plan
) -> None:
    """Note what options change of the lines in ``target``.

    :raises ExcelToolsError: for a target or option that does not fit
    """
    wanted = [name for name in LINES if getattr(options, name) is not None]
    if not wanted:
        if target.strip():
            raise InvalidParameters(
                "target has no effect on these options: they are the whole sheet's.",
                f"It names the rows or columns for {', '.join(LINES)}.",
            )
        return
    _check_numbers(options)
    for name in wanted:
        spans = _spans(book, sheet, target, name)
        for span in spans:
            _plan(book, sheet, span, options, name, plan)
        plan.told[name] = getattr(options, name)
        plan.told["target"] = target or ",".join(span.given for span in spans)


def _check_numbers(options: SheetOptions) -> None:
    for name, most in (("width", 255), ("height", 409)):
        value = getattr(options, name)
        if isinstance(value, int | float) and not 0 <= value <= most:
            raise InvalidValue(
                f"options.{name} is {value}; Excel allows 0 to {most}.",
                "Widths are in characters, heights in points.",
            )


def _spans(book: Book, sheet: Worksheet, target: str, name: str) -> list[Span]:
    used = book.used_area(sheet)
    wanted = {"width": "columns", "height": "rows"}.get(name, "")
    reference = split_sheet(target)[1].replace("$", "")
    if not reference:
        if not wanted:
            raise InvalidParameters(
                f"{name} needs the rows or columns, as target.", 'Send target: "3:5" or "B:D".'
            )
        last = used.last_column if wanted == "columns" else used.last_row
        return [Span(wanted, 1, last, str(used))]
    parts = split_areas(reference)
    if wanted != "rows":
        parts = [header_letter(book, sheet, part) for part in parts]
    found = [_span(part, used, wanted) for part in parts]
    for span in found:
        if span.axis == "rows" and span.last - span.first >= MOST_ROWS:
            raise InvalidRange(
                f"{span.given} are {span.last - span.first + 1:,} rows; at most {MOST_ROWS:,} "
                "are set at once.",
                "Name fewer rows.",
            )
    return found


def _span(part: str, used: Area, wanted: str) -> Span:
    ends = [end.strip() for end in part.split(":")]
    axis = ""
    if len(ends) <= 2 and all(re.fullmatch(r"\d{1,7}", end) for end in ends):
        axis = "rows"
    elif len(ends) <= 2 and all(re.fullmatch("[A-Za-z]{1,3}", end) for end in ends):
        axis = "columns"
    elif wanted:
        area, axis = parse_area(part, used), wanted
    if not axis or (wanted and axis != wanted):
        raise InvalidRange(
            f'target "{part[:40]}" names no {wanted or "rows or columns"}.',
            'Write rows as "3:5", columns as "B:D".',
        )
    if ":" not in part and part.strip().isalnum() and (part.isdigit() or part.isalpha()):
        area = parse_area(f"{part}:{part}", WHOLE)
    else:
        area = parse_area(part, WHOLE)
    if axis == "rows":
        return Span(axis, area.first_row, area.last_row, part)
    return Span(axis, area.first_column, area.last_column, part)


def _plan(
    book: Book, sheet: Worksheet, span: Span, options: SheetOptions, name: str, plan: Plan
) -> None:
    value = getattr(options, name)
    if name in ("width", "height"):
        if value == "auto":
            values = book.values
            plan.steps.append(lambda: _fit(book, sheet, span, values))
        else:
            plan.steps.append(lambda: _set(sheet, span, name, value))
    elif name == "hidden":
        plan.steps.append(lambda: _set(sheet, span, "hidden", value))
    elif name == "group":
        _check_levels(sheet, span, up=value)
        plan.steps.append(lambda: _group(sheet, span, 1 if value else -1))
    else:
        if not options.group and not all(_levels(sheet, span)):
            raise InvalidRange(
                f"{span.given} is not grouped, so it can't be shut or opened.",
                'Send {"group": true, "collapsed": true}, or hidden for lines without a group.',
            )
        plan.steps.append(lambda: _collapse(sheet, span, shut=value))


def _fit(book: Book, sheet: Worksheet, span: Span, values: Values) -> None:
    used = book.used_area(sheet)
    if span.axis == "columns":
        last = min(span.last, used.last_column)
        fit_columns(book, sheet, Area(1, span.first, used.last_row, last), values)
        return
    merged = merged_starts(sheet)
    for row in range(span.first, min(span.last, used.last_row) + 1):
        fit_row(book, sheet, row, values, merged)


def _entries(sheet: Worksheet, span: Span) -> list[Any]:
    """What the sheet keeps of these lines; made where there is nothing yet."""
    if span.axis == "columns":
        return list(column_entries(sheet, span.first, span.last))
    return [sheet.row_dimensions[row] for row in range(span.first, span.last + 1)]


def _set(sheet: Worksheet, span: Span, name: str, value: object) -> None:
    for entry in _entries(sheet, span):
        setattr(entry, name, value)
        if name == "width":
            entry.bestFit = False


# Outline ----------------------------------------------------------------------


def _levels(sheet: Worksheet, span: Span) -> list[int]:
    """The outline level of each line, without making entries by looking."""
    if span.axis == "rows":
        known = sheet.row_dimensions
        rows = range(span.first, span.last + 1)
        return [known[row].outlineLevel or 0 if row in known else 0 for row in rows]
    levels = dict.fromkeys(range(span.first, span.last + 1), 0)
    for item in sheet.column_dimensions.values():
        item.reindex()
        for column in range(max(item.min, span.first), min(item.max, span.last) + 1):
            levels[column] = item.outlineLevel or 0
    return list(levels.values())


def _check_levels(sheet: Worksheet, span: Span, *, up: bool) -> None:
    levels = _levels(sheet, span)
    if up and max(levels) >= _DEEPEST:
        raise InvalidRange(
            f"{span.given} is grouped {_DEEPEST} times already, the most that Excel allows.",
            'Take a group away first: {"group": false}.',
        )
    if not up and not any(levels):
        raise InvalidRange(f"{span.given} is not grouped.", "Leave group out, or name the group.")


def _group(sheet: Worksheet, span: Span, step: int) -> None:
    entries = _entries(sheet, span)
    for entry in entries:
        before = entry.outlineLevel or 0
        entry.outlineLevel = max(0, before + step)
        if step < 0 and before and not entry.outlineLevel:
            entry.hidden = False  # nothing would be left to open it with
    if step < 0:
        _mark(sheet, span, shut=False)
    _note_depth(sheet)


def _collapse(sheet: Worksheet, span: Span, *, shut: bool) -> None:
    _set(sheet, span, "hidden", shut)
    _mark(sheet, span, shut=shut)


def _mark(sheet: Worksheet, span: Span, *, shut: bool) -> None:
    """The line with the plus sign: behind the group, or before it where the sheet says so."""
    outline = sheet.sheet_properties.outlinePr
    behind = outline is None or (
        outline.summaryBelow if span.axis == "rows" else outline.summaryRight
    ) in (None, True)
    line = span.last + 1 if behind else span.first - 1
    if 1 <= line <= span.most:
        _set(sheet, Span(span.axis, line, line, ""), "collapsed", shut)


def _note_depth(sheet: Worksheet) -> None:
    """Excel makes room for the signs by these numbers; openpyxl keeps that of columns itself."""
    levels = [item.outlineLevel or 0 for item in sheet.row_dimensions.values()]
    sheet.sheet_format.outlineLevelRow = max(levels, default=0) or None
