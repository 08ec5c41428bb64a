"""Conditional formats and data validations of some cells alone: counted, and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

from lxml import etree
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.keeping.rules import KeptRule, plain
from service.workbook.references.text import areas_of, translated, written
from service.workbook.rules.changes import moved


def count(sheet: Worksheet, area: Area) -> int:
    """How many rules and validations meet an area."""
    rules = sum(len(item.rules) for item in sheet.conditional_formatting if _meets(item, area))
    return rules + sum(_meets(item, area) for item in sheet.data_validations.dataValidation)


# The later form of rules and validations, which the editor does not know.
_LATER = re.compile(
    rb"<(?:\w+:)?(?:conditionalFormatting|dataValidation)\b[^>]*>(?:(?!</(?:\w+:)?(?:"
    rb"conditionalFormatting|dataValidation)>).)*?<(?:\w+:)?sqref>([^<]+)</",
    re.DOTALL,
)


def later(book: Book, sheet: Worksheet, area: Area) -> int:
    """How many rules and validations of the later form (x14) meet an area; they stay there."""
    known = book.memory.sheets.get(sheet) if book.memory else None
    if known is None or book.memory is None:
        return 0
    content = book.memory.package.read(known.part)
    end = content[max(content.rfind(b"</sheetData"), content.rfind(b":sheetData>"), 0) :]
    found = 0
    for match in _LATER.finditer(end):
        try:
            found += any(one.overlaps(area) for one in areas_of(match[1].decode()))
        except ValueError:
            continue
    return found


def clear(sheet: Worksheet, area: Area) -> None:
    """Take the rules and validations of an area away; around it they stay."""
    formats = ConditionalFormattingList()
    for item in list(sheet.conditional_formatting):
        left, step = _left(item, area)
        for rule in item.rules if left else ():
            formats.add(written(left), _moved(rule, step))
    sheet.conditional_formatting = formats
    validations = []
    for item in sheet.data_validations.dataValidation:
        left, step = _left(item, area)
        if left:
            item.sqref = MultiCellRange(written(left))
            item.formula1, item.formula2 = _seen(item.formula1, step), _seen(item.formula2, step)
            validations.append(item)
    sheet.data_validations.dataValidation = validations


@dataclass(frozen=True)
class Carried:
    """Rules and validations of an area, to be put down elsewhere.

    Both are lists of (cells where it is put, the rule as it reads there).
    """

    rules: list[tuple[list[Area], Any]]
    validations: list[tuple[list[Area], Any]]


def carried(sheet: Worksheet, area: Area, step: tuple[int, int]) -> Carried:
    """Copies of what an area has, as it reads ``step`` (rows, columns) further."""
    rules = []
    for item in sheet.conditional_formatting:
        there, seen = _taken(item, area, step)
        for rule in item.rules if there else ():
            twin = _moved(rule, seen)
            twin.priority = 0  # a new one is given
            rules.append((there, twin))
    validations = []
    for item in sheet.data_validations.dataValidation:
        there, seen = _taken(item, area, step)
        if there:
            twin = copy(item)
            twin.formula1, twin.formula2 = _seen(item.formula1, seen), _seen(item.formula2, seen)
            validations.append((there, twin))
    return Carried(rules, validations)


def put_down(sheet: Worksheet, area: Area, found: Carried) -> None:
    """Give an area what was carried there, in place of what it had."""
    clear(sheet, area)
    for there, rule in found.rules:
        sheet.conditional_formatting.add(written(there), rule)
    for there, validation in found.validations:
        validation.sqref = MultiCellRange(written(there))
        sheet.data_validations.dataValidation.append(validation)


def _taken(item: Any, area: Area, step: tuple[int, int]) -> tuple[list[Area], tuple[int, int]]:
    """(where the cells of a rule that lie in an area go, how far its first cell goes)."""
    before = _areas(item)
    down, right = step
    there = [
        Area(
            max(one.first_row, area.first_row) + down,
            max(one.first_column, area.first_column) + right,
            min(one.last_row, area.last_row) + down,
            min(one.last_column, area.last_column) + right,
        )
        for one in before
        if one.overlaps(area)
    ]
    if not there:
        return [], (0, 0)
    old, new = _corner(before), _corner(there)
    return there, (new[0] - old[0], new[1] - old[1])


def _areas(item: Any) -> list[Area]:
    return [Area(r.min_row, r.min_col, r.max_row, r.max_col) for r in item.sqref.ranges]


def _meets(item: Any, area: Area) -> bool:
    return any(one.overlaps(area) for one in _areas(item))


def _left(item: Any, area: Area) -> tuple[list[Area], tuple[int, int]]:
    """(the cells that keep a rule, how far its first cell goes)."""
    before = _areas(item)
    left = [piece for one in before for piece in without(one, area)]
    if not left:
        return [], (0, 0)
    old, new = _corner(before), _corner(left)
    return left, (new[0] - old[0], new[1] - old[1])


def _corner(areas: Iterable[Area]) -> tuple[int, int]:
    areas = list(areas)
    return min(a.first_row for a in areas), min(a.first_column for a in areas)


def _moved(rule: Any, step: tuple[int, int]) -> Any:
    """A copy of a rule, as it reads from another first cell."""
    twin = copy(rule)
    twin.formula = [_seen(text, step) for text in rule.formula]
    if isinstance(rule, KeptRule):
        twin.raw = plain(moved(etree.fromstring(rule.raw), step))
    return twin


def _seen(formula: Any, step: tuple[int, int]) -> Any:
    """A formula that is seen from the first cell, when that is another one now."""
    return translated(formula, *step) if isinstance(formula, str) and any(step) else formula


def without(area: Area, hole: Area) -> list[Area]:
    """The parts of an area outside of another one."""
    if not area.overlaps(hole):
        return [area]
    top, bottom = max(area.first_row, hole.first_row), min(area.last_row, hole.last_row)
    parts = [
        Area(area.first_row, area.first_column, hole.first_row - 1, area.last_column),
        Area(top, area.first_column, bottom, hole.first_column - 1),
        Area(top, hole.last_column + 1, bottom, area.last_column),
        Area(hole.last_row + 1, area.first_column, area.last_row, area.last_column),
    ]
    return [part for part in parts if part.rows > 0 and part.columns > 0]
