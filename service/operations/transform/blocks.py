"""Whole blocks of cells: copy them, move them, clear them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.styles.cell_style import StyleArray
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.registry import Answer
from service.operations.transform.columns import (
    refuse_filled,
    refuse_header,
    refuse_table_edges,
    target_of,
    values_of,
    widen,
)
from service.operations.transform.options import COPIED, Task
from service.operations.transform.shape import as_value
from service.workbook import attached_rules
from service.workbook.areas import Area, area_at
from service.workbook.contents import (
    Content,
    clear_values,
    inside,
    merged_areas,
    places,
    put,
    put_value,
    refuse_arrays,
    refuse_merged,
    table_areas,
    taken,
    there,
)
from service.workbook.moving import MoveBlock, move_block


def _bounded(task: Task) -> Area:
    """The range without rows and columns below and behind everything that is there."""
    area, sheet = task.area, task.sheet
    used = task.ctx.book.used_area(sheet)
    last = max(used.last_row, *(m.last_row for m in merged_areas(sheet)), area.first_row)
    return replace(area, last_row=min(area.last_row, last))


@dataclass(frozen=True)
class _Target:
    sheet: Worksheet
    area: Area
    source: Area

    @property
    def step(self) -> tuple[int, int]:
        source = self.source
        return (
            self.area.first_row - source.first_row,
            self.area.first_column - source.first_column,
        )

    def at(self, area: Area) -> Area:
        """Where a part of the source goes."""
        down, right = self.step
        return Area(
            area.first_row + down,
            area.first_column + right,
            area.last_row + down,
            area.last_column + right,
        )


def _target(task: Task, source: Area) -> _Target:
    text = task.needed("to", 'the first cell of the new place, such as "E1" or "Sheet2!A1"')
    sheet, row, column = target_of(task, str(text))
    area = area_at(row, column, source.rows, source.columns)
    if sheet is task.sheet and area == source:
        raise InvalidParameters(f"{source} is there already.", "Name another place in to.")
    return _Target(sheet, area, source)


# Copying ----------------------------------------------------------------------


def copy_cells(task: Task) -> Answer:
    """Copy cells; relative references of their formulas go along."""
    what = task.options.what or "all"
    if what not in COPIED:
        raise InvalidParameters(
            f"what is {what}; copy takes {', '.join(COPIED)}.", "Send one of these."
        )
    source = _bounded(task)
    target = _target(task, source)
    _check_target(task, target, formats_only=what == "formats", copied=True)
    task.ctx.book.room_for(source.cells)
    contents = [taken(task.sheet, *place) for place in places(source)]
    formulas = sum(content.data_type == "f" for content in contents)
    if what == "values":
        cells = [task.ctx.book.cell(task.sheet, *place) for place in places(source)]
        values = values_of(task.ctx, cells)
        contents = [as_value(c, value) for c, value in zip(contents, values, strict=True)]
    merged = [block for block in merged_areas(task.sheet) if inside(block, source)]
    formats = what == "formats"  # validations are none
    rules = attached_rules.carried(task.sheet, source, target.sheet, [target.area], formats=formats)
    with task.ctx.book.changing():
        for content in contents:
            down, right = target.step
            _copy_one(target.sheet, content.row + down, content.column + right, content, what)
        if what != "formats":
            widen(task, target.sheet, target.area)
        if what in ("all", "formats"):
            _merge(target.sheet, [target.at(block) for block in merged])
            attached_rules.put_down(target.sheet, [target.area], rules, formats=formats)
    result: dict[str, Any] = {
        "copied": str(source),
        "to": f"{target.sheet.title}!{target.area}",
        "what": what,
    }
    if formulas:
        result["formulas"] = formulas
    return Answer(result, sheet=target.sheet.title)


def _copy_one(sheet: Worksheet, row: int, column: int, content: Content, what: str) -> None:
    if what == "all":
        put(sheet, row, column, content)
        return
    old = sheet._cells.get((row, column))
    if what == "formats":
        if content.style or old is not None:
            sheet.cell(row, column)._style = StyleArray(content.style or StyleArray())
    elif content.holds or old is not None:
        cell = sheet.cell(row, column)
        put_value(cell, content)
        if content.data_type == "d" and content.style and not cell.is_date:
            cell._style = StyleArray(content.style)


def _merge(sheet: Worksheet, areas: list[Area]) -> None:
    for area in areas:
        sheet.merge_cells(str(area))


def _check_target(task: Task, target: _Target, *, formats_only: bool, copied: bool) -> None:
    """Refuse what is in the way, at both places."""
    sheet, source, area = task.sheet, target.source, target.area
    refuse_merged(sheet, source, cut_only=True)
    refuse_arrays(sheet, source)
    same = target.sheet is sheet
    for block in merged_areas(target.sheet):
        own = same and not copied and inside(block, source)
        if block.overlaps(area) and not own:
            raise InvalidRange(
                f"{area} on {target.sheet.title} holds the merged cells {block}.",
                "Unmerge them first, or choose another place.",
            )
    refuse_arrays(target.sheet, area)
    if not formats_only:
        refuse_filled(task, target.sheet, area, source if not copied else None)
        refuse_table_edges(target.sheet, area, "Overwriting")
        refuse_header(target.sheet, area)


# Moving -----------------------------------------------------------------------


def move_cells(task: Task) -> Answer:
    """Move cells with all they hold; every reference to them follows."""
    source = _bounded(task)
    target = _target(task, source)
    for sheet, area in ((task.sheet, source), (target.sheet, target.area)):
        for table, place in table_areas(sheet):
            if place.overlaps(area):
                raise InvalidRange(
                    f"Moving {source} to {target.area} meets the table {table.displayName} "
                    f"({place} on {sheet.title}).",
                    "Move rows or columns of a table with edit_excel_sheet, or copy the cells.",
                )
    _check_target(task, target, formats_only=False, copied=False)
    book = task.ctx.book
    titles = (task.sheet.title, target.sheet.title)
    effects = move_block(book, MoveBlock(titles[0], source, titles[1], target.area))
    result: dict[str, Any] = {"moved": str(source), "to": f"{titles[1]}!{target.area}"}
    if +effects.adjusted:
        result["adjusted"] = dict(+effects.adjusted)
    if effects.broken:
        result["broken"] = [
            {"cell": f"{where}!{Area(row, column, row, column)}" if row else where, "formula": text}
            for where, row, column, text in effects.broken[:20]
        ]
    return Answer(result, sheet=titles[1])


# Clearing ---------------------------------------------------------------------


def clear(task: Task) -> Answer:
    """Clear one kind of thing, or all, from the cells of a range."""
    sheet, what = task.sheet, task.options.what or "values"
    if what == "formulas":
        raise InvalidParameters(
            "what is formulas; clear takes values, formats, comments, links, rules, all.",
            "values clears formulas as well.",
        )
    area = task.area
    if what in ("values", "all"):
        refuse_merged(sheet, area, cut_only=True)
        refuse_arrays(sheet, area, cut_only=True)
        _refuse_headers(sheet, area)
    found = [cell for cell in there(sheet, area) if _holds(cell, what)]
    rules = attached_rules.count(sheet, area) if what in ("rules", "all") else 0
    unmerged = [b for b in merged_areas(sheet) if inside(b, area)] if what == "all" else []
    result: dict[str, Any] = {"cleared": what, "range": str(area), "cells": len(found)}
    if rules:
        result["rules"] = rules
    if not (found or rules or unmerged):
        result.setdefault("notes", []).append(f"There was nothing of that kind in {area}.")
        return Answer(result, sheet=sheet.title, changed=False)
    with task.ctx.book.changing():
        for block in unmerged:
            sheet.unmerge_cells(str(block))
        for cell in found:
            _clear(cell, what)
        if rules:
            attached_rules.clear(sheet, area)
    if unmerged:
        result.setdefault("notes", []).append(f"{counted(len(unmerged), 'merged area')} unmerged.")
    return Answer(result, sheet=sheet.title)


def _refuse_headers(sheet: Worksheet, area: Area) -> None:
    """A table whose header is blank is one that Excel repairs."""
    for table, place in table_areas(sheet):
        header = replace(place, last_row=place.first_row)
        if table.headerRowCount != 0 and header.overlaps(area):
            raise InvalidRange(
                f"{area} holds headers of the table {table.displayName} ({place}), "
                "which can't be blank.",
                f"Begin under row {place.first_row}.",
            )


def _holds(cell: Cell, what: str) -> bool:
    has: dict[str, Any] = {
        "values": cell._value is not None,
        "formats": cell.has_style,
        "comments": cell._comment is not None,
        "links": cell._hyperlink is not None,
        "rules": False,
    }
    return any(has.values()) if what == "all" else bool(has[what])


def _clear(cell: Cell, what: str) -> None:
    if what in ("values", "all"):
        clear_values(cell)
    if what in ("formats", "all"):
        cell._style = StyleArray()
    if what in ("comments", "all"):
        cell.comment = None
    if what in ("links", "all"):
        cell._hyperlink = None
