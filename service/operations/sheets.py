"""Sheets, rows and columns: add, rename, copy, move, hide, delete, lay out, protect them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted, listed
from service.operations.context import Context
from service.operations.headed import header_letter
from service.operations.layout import check_sheet_name, sheet_and_areas
from service.operations.line_layout import plan_lines
from service.operations.merging import Merging
from service.operations.page_layout import Plan, plan_page
from service.operations.protecting import is_workbook, protect, seal, unprotect
from service.operations.registry import Answer, operation
from service.operations.sheet_options import PROTECTING, SheetOptions, chosen
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, one_sheet, parse_area, split_sheet
from service.workbook.book import Book
from service.workbook.references.changes import (
    AddSheet,
    Change,
    CopySheet,
    DeleteCells,
    DeleteColumns,
    DeleteRows,
    DeleteSheet,
    InsertCells,
    InsertColumns,
    InsertRows,
    MoveColumns,
    MoveRows,
    MoveSheet,
    RenameSheet,
)
from service.workbook.references.index import Effects
from service.workbook.structure import restructure

OfSheets = Literal["add", "rename", "copy", "move", "hide", "show", "delete"]
OfLines = Literal[
    "insert_rows",
    "delete_rows",
    "move_rows",
    "insert_columns",
    "delete_columns",
    "move_columns",
]
OfCells = Literal["insert_cells", "delete_cells"]
OfLooks = Literal["layout", "merge", "unmerge", "protect", "unprotect"]
Action: TypeAlias = Literal[OfSheets, OfLines, OfCells, OfLooks]
MOST_TOLD = 20
WHOLE = Area(1, 1, MAX_ROW, MAX_COLUMN)
# What each action takes beside the sheet.
TAKES: dict[str, tuple[str, ...]] = {
    "add": ("position",),
    "rename": ("new_name",),
    "copy": ("new_name", "position"),
    "move": ("position",),
    "hide": (),
    "show": (),
    "delete": (),
    "insert_rows": ("target", "count"),
    "insert_columns": ("target", "count"),
    "delete_rows": ("target", "count"),
    "delete_columns": ("target", "count"),
    "move_rows": ("target", "count", "position"),
    "move_columns": ("target", "count", "position"),
    "insert_cells": ("target", "position"),
    "delete_cells": ("target", "position"),
    "layout": ("target", "options"),
    "merge": ("target",),
    "unmerge": ("target",),
    "protect": ("target", "options"),
    "unprotect": ("target", "options"),
}


@operation(
    effect="change",
    doing="Changing sheets of {workbook}",
    example={"action": "insert_rows", "target": "3:4"},
    secret="options.password",
    seal=seal,
)
def edit_excel_sheet(
    ctx: Context,
    action: Action,
    sheet: str = "",
    target: str = "",
    new_name: str = "",
    position: str = "",
    count: int = 0,
    options: SheetOptions = SheetOptions(),  # noqa: B008 - a schema default, never changed
) -> Answer:
    """Change sheets, rows, columns; merge, protect, page layout, freeze, widths, print set-up.

    All references follow, as in Excel; the answer tells which became #REF!.

    :param action: layout sets options; insert_cells and delete_cells shift the cells beside
    :param sheet: sheet to change or add; leave out if there is one
    :param target: rows such as 3 or "3:5", columns "B" or "B:D", or cells "B2:C4"; insertions
        come in front of it; "workbook" protects the structure
    :param new_name: new name of the sheet, for rename and copy
    :param position: what to stand in front of: a sheet, row or column; for sheets also 1, "last";
        for cells down, right, up or left
    :param count: how many, where target names the first only
    :param options: of layout and protect, such as {"freeze": "A2", "fit": "width"}.
    """
    _refuse_without_effect(
        action, {"target": target, "new_name": new_name, "position": position}, count, options
    )
    if action in get_args(OfSheets):
        return _change_sheets(ctx.book, action, sheet, new_name, position.strip())
    if action in get_args(OfLooks):
        return _change_looks(ctx.book, action, sheet, target, options)
    reference = split_sheet(target)[1]
    worksheet = ctx.book.sheet(one_sheet(sheet, target, "target"))
    change: Change
    if action in get_args(OfCells):
        change, done = _cells_change(worksheet, action, reference, position)
    else:
        if action.endswith("_columns"):
            reference, position = (
                header_letter(ctx.book, worksheet, text) for text in (reference, position)
            )
        change, done = _lines_change(worksheet, action, reference, position, count)
    _check_room(ctx.book, worksheet, change)
    effects = restructure(ctx.book, change)
    return Answer({"done": done, **_told(effects)}, sheet=worksheet.title, next=_next(effects))


def _refuse_without_effect(
    action: str, given: dict[str, str], count: int, options: SheetOptions
) -> None:
    takes = TAKES[action]
    unused = [key for key, value in given.items() if value and key not in takes]
    unused += ["count"] if count and "count" not in takes else []
    taken = {"protect": PROTECTING, "unprotect": PROTECTING[:1]}.get(action, ())
    for name in chosen(options):
        fits = name not in PROTECTING if action == "layout" else name in taken
        unused += [] if fits else [f"options.{name}"]
    if unused:
        others = listed(list(takes)) or "nothing but the sheet"
        raise InvalidParameters(
            f"{unused[0]} has no effect on {action}.", f"Leave it out; {action} takes {others}."
        )
    if count < 0:
        raise InvalidParameters(f"count is {count}.", "It counts rows or columns, from 1 on.")


# Looks ------------------------------------------------------------------------


def _change_looks(
    book: Book, action: str, sheet: str, target: str, options: SheetOptions
) -> Answer:
    if action in ("protect", "unprotect"):
        structure = is_workbook(target)
        if target.strip() and not structure:
            raise InvalidParameters(
                f'target is "{target[:60]}"; {action} is about a whole sheet.',
                "Name the sheet with the parameter sheet; options.editable says which cells stay "
                'editable. target "workbook" means the structure.',
            )
        worksheet = None if structure else book.sheet(sheet)
        return (protect if action == "protect" else unprotect)(book, worksheet, options)
    if action == "layout":
        return _lay_out(book, sheet, target, options)
    cells = _needed(target, action, "the cells, as target")
    worksheet, areas = sheet_and_areas(book, sheet, cells)
    merging = Merging.planned(worksheet, areas, "cells" if action == "merge" else "none")
    book.room_for(sum(area.cells for area in merging.new))
    with book.changing():
        merging.part()
        merging.join()
    verb, done = ("merged", merging.new) if action == "merge" else ("parted", merging.old)
    what = ", ".join(map(str, done)) or "nothing: it was merged before"
    return Answer({"done": f"{verb} {what}"}, sheet=worksheet.title)


def _lay_out(book: Book, sheet: str, target: str, options: SheetOptions) -> Answer:
    if not chosen(options):
        raise InvalidParameters(
            "layout needs options: there is nothing to set.",
            f"Send at least one of {', '.join(SheetOptions.model_fields)}.",
        )
    worksheet = book.sheet(one_sheet(sheet, target, "target"))
    plan = Plan()
    plan_lines(book, worksheet, target, options, plan)
    plan_page(book, worksheet, options, plan)
    with book.changing(values_stay=True):
        plan.run()
    return Answer({"set": plan.told}, sheet=worksheet.title)


# Sheets -----------------------------------------------------------------------


def _change_sheets(book: Book, action: str, sheet: str, name: str, position: str) -> Answer:
    if action in ("hide", "show"):
        return _show(book, _title(book, sheet), show=action == "show")
    make: dict[str, Callable[[Book, str, str, str], tuple[Change, str, str]]] = {
        "add": _add,
        "rename": _rename,
        "copy": _copy,
        "move": _move,
        "delete": _delete,
    }
    change, done, about = make[action](book, sheet, name, position)
    effects = restructure(book, change)
    result: dict[str, object] = {"done": done, "sheets": book.xl.sheetnames}
    return Answer(result | _told(effects), sheet=about, next=_next(effects))


def _title(book: Book, sheet: str) -> str:
    """The title of any sheet, sheets that are a chart among them."""
    for title in book.xl.sheetnames:
        if sheet and title.casefold() == sheet.strip().casefold():
            return str(title)
    return str(book.sheet(sheet).title)


def _add(book: Book, sheet: str, name: str, position: str) -> tuple[Change, str, str]:
    if not sheet.strip():
        raise InvalidParameters(
            "add needs the name of the new sheet, and sheet is empty.",
            f"Send its name as sheet. Sheets: {listed(book.xl.sheetnames)}.",
        )
    title = check_sheet_name(sheet, book.xl.sheetnames)
    place = _place(book, position, len(book.xl.sheetnames) + 1) if position else 0
    return AddSheet(title, place), f"added {title}", title


def _rename(book: Book, sheet: str, name: str, position: str) -> tuple[Change, str, str]:
    old = _title(book, sheet)
    others = [title for title in book.xl.sheetnames if title != old]
    new = check_sheet_name(_needed(name, "rename", "the sheet's new name"), others)
    return RenameSheet(old, new), f"renamed {old} to {new}", new


def _copy(book: Book, sheet: str, name: str, position: str) -> tuple[Change, str, str]:
    old = _title(book, sheet)
    new = check_sheet_name(name or _copy_name(book, old), book.xl.sheetnames)
    if old in book.sheet_names:
        book.room_for(len(book.sheet(old)._cells))
    place = _place(book, position, len(book.xl.sheetnames) + 1) if position else 0
    return CopySheet(old, new, place), f"copied {old} to {new}", new


def _copy_name(book: Book, title: str) -> str:
    """ "Sales (2)", as Excel names a copy."""
    taken = {other.casefold() for other in book.xl.sheetnames}
    number = 2
    while True:
        ending = f" ({number})"
        candidate = title[: 31 - len(ending)] + ending
        if candidate.casefold() not in taken:
            return candidate
        number += 1


def _move(book: Book, sheet: str, name: str, position: str) -> tuple[Change, str, str]:
    title = _title(book, sheet)
    _needed(position, "move", "where the sheet is to stand, as position")
    titles = book.xl.sheetnames
    place = _place(book, position, len(titles))
    behind = [other.casefold() for other in titles].index(title.casefold()) + 1 < place
    # In front of another one: without the sheet itself, that one stands one place earlier.
    if behind and not position.isdigit() and position.casefold() not in _ENDS:
        place -= 1
    return MoveSheet(title, place), f"moved {title} to position {place}", title


def _delete(book: Book, sheet: str, name: str, position: str) -> tuple[Change, str, str]:
    title = _title(book, sheet)
    return DeleteSheet(title), f"deleted {title}", ""


_ENDS = ("first", "last", "end")


def _place(book: Book, position: str, most: int) -> int:
    """A position among the sheets, counted from 1."""
    titles = [title.casefold() for title in book.xl.sheetnames]
    wanted = position.casefold()
    if wanted in titles:
        return titles.index(wanted) + 1
    if wanted in _ENDS:
        return 1 if wanted == "first" else most
    if not re.fullmatch(r"\d{1,5}", wanted) or not 1 <= int(wanted) <= most:
        raise InvalidParameters(
            f'position is "{position[:60]}"; sheets stand at 1 to {most}. '
            f"Sheets: {listed(book.xl.sheetnames)}.",
            'Send a number, "first", "last", or the name of the sheet to stand in front of.',
        )
    return int(wanted)


def _needed(text: str, action: str, what: str) -> str:
    if not text.strip():
        raise InvalidParameters(f"{action} needs {what}.", f"Send it together with {action}.")
    return text


def _show(book: Book, title: str, *, show: bool) -> Answer:
    worksheet = book.xl[title]
    visible = [other for other in book.xl.worksheets if other.sheet_state == "visible"]
    if not show and visible == [worksheet]:
        raise InvalidParameters(
            f"{title} is the last visible sheet with cells; a workbook keeps one.",
            "Add or show another sheet first.",
        )
    with book.changing(values_stay=True):
        worksheet.sheet_state = "visible" if show else "hidden"
        if book.xl.active is worksheet and not show:
            book.xl.active = book.xl.index(next(s for s in visible if s is not worksheet))
            worksheet.sheet_view.tabSelected = False
    done = f"{title} is {'shown' if show else 'hidden'}"
    hidden = [other.title for other in book.xl.worksheets if other.sheet_state != "visible"]
    return Answer({"done": done, "sheets": book.xl.sheetnames, "hidden": hidden}, sheet=title)


# Rows, columns and cells ------------------------------------------------------


def _lines_change(
    sheet: Worksheet, action: str, target: str, position: str, count: int
) -> tuple[Change, str]:
    verb, _, axis = action.partition("_")
    first, last = _span(target, axis, "target")
    if count and last > first and count != last - first + 1:
        raise InvalidParameters(
            f"target names {counted(last - first + 1, axis[:-1])} and count says {count}.",
            "Say how many once.",
        )
    number = count or last - first + 1
    what = _lines_text(axis, first, first + number - 1)
    if verb == "move":
        before = _span(_needed(position, action, f"the {axis[:-1]} to stand in front of"), axis)[0]
        change: Change = (MoveRows if axis == "rows" else MoveColumns)(
            sheet.title, first, number, before
        )
        return change, f"moved {what} in front of what was {_lines_text(axis, before, before)}"
    kinds: dict[tuple[str, str], Callable[[str, int, int], Change]] = {
        ("insert", "rows"): InsertRows,
        ("insert", "columns"): InsertColumns,
        ("delete", "rows"): DeleteRows,
        ("delete", "columns"): DeleteColumns,
    }
    return kinds[verb, axis](sheet.title, first, number), f"{_PAST[verb]} {what}"


_PAST = {"insert": "inserted", "delete": "deleted"}


def _lines_text(axis: str, first: int, last: int) -> str:
    names = [str(n) if axis == "rows" else str(get_column_letter(n)) for n in (first, last)]
    return f"{axis[:-1]} {names[0]}" if first == last else f"{axis} {names[0]} to {names[1]}"


def _span(text: str, axis: str, parameter: str = "position") -> tuple[int, int]:
    """First and last row or column of "3", "3:5", "B" or "B:D"; a column's number will do."""
    parts = [part.strip().strip("$") for part in re.split(r"[:\-]", text.strip())]
    numbers = [_line(part, axis) for part in parts]
    if not text.strip() or len(parts) > 2 or 0 in numbers:
        example = '3 or "3:5"' if axis == "rows" else '"B" or "B:D"'
        raise InvalidRange(
            f'{parameter} is "{text[:60]}", which names no {axis}.', f"Name {axis} as {example}."
        )
    return min(numbers), max(numbers)


def _line(text: str, axis: str) -> int:
    """The number of a row or column; 0 for what is none."""
    if axis == "columns" and re.fullmatch("[A-Za-z]{1,3}", text):
        text = str(parse_area(f"{text}:{text}", WHOLE).first_column)
    most = MAX_ROW if axis == "rows" else MAX_COLUMN
    return int(text) if re.fullmatch("[0-9]{1,7}", text) and int(text) <= most else 0


def _cells_change(sheet: Worksheet, action: str, target: str, position: str) -> tuple[Change, str]:
    area = parse_area(_needed(target, action, "the cells, as target"), WHOLE)
    ways = {"insert_cells": ("down", "right"), "delete_cells": ("up", "left")}[action]
    way = position.strip().lower() or ways[0]
    if way not in ways:
        raise InvalidParameters(
            f'position is "{position[:60]}"; with {action} it is {ways[0]} or {ways[1]}.',
            "It says where the cells beside go.",
        )
    towards: Literal["rows", "columns"] = "rows" if way == ways[0] else "columns"
    kind = InsertCells if action == "insert_cells" else DeleteCells
    verb = _PAST[action.partition("_")[0]]
    return kind(sheet.title, area, towards), f"{verb} {area}, cells beside moved {way}"


def _check_room(book: Book, sheet: Worksheet, change: Change) -> None:
    """New lines look like the ones before them: that may be many cells."""
    if isinstance(change, InsertRows):
        rows = change.axis == "rows"
        before = sum(
            (row if rows else column) == change.first - 1 and cell.has_style
            for (row, column), cell in sheet._cells.items()
        )
        book.room_for(before * change.count)
    elif isinstance(change, InsertCells):
        book.room_for(change.area.cells)


# Answers ----------------------------------------------------------------------


def _told(effects: Effects) -> dict[str, object]:
    """What a person should know of what a change did, bounded."""
    broken = [
        {"cell": f"{where}!{get_column_letter(column)}{row}", "formula": f"={text}"[:200]}
        if row
        else {"in": where, "formula": text[:200]}
        for where, row, column, text in effects.broken
    ]
    found: dict[str, object] = {
        "adjusted": dict(effects.adjusted),
        "broken": broken[:MOST_TOLD],
        "more_broken": max(0, len(broken) - MOST_TOLD),
        "notes": effects.notes[:MOST_TOLD],
    }
    return {key: value for key, value in found.items() if value}


def _next(effects: Effects) -> list[str]:
    if effects.broken:
        return ["What is under broken is #REF! now: correct it, or use undo_excel_change."]
    return []
