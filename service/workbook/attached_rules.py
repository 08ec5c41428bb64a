"""Conditional formats and data validations of some cells alone: counted, and taken away."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

from lxml import etree
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.keeping.merging import local
from service.workbook.keeping.rules import KeptRule, later_rules, plain
from service.workbook.references.text import translated
from service.workbook.rules.cells import areas_of, corner, without, written
from service.workbook.rules.changes import moved


def count(sheet: Worksheet, area: Area) -> int:
    """How many rules and validations meet an area."""
    rules = sum(len(item.rules) for item in sheet.conditional_formatting if _meets(item, area))
    return rules + sum(_meets(item, area) for item in sheet.data_validations.dataValidation)


def later(sheet: Worksheet, area: Area) -> int:
    """How many rules and validations of the later form (x14) meet an area; they stay there."""
    found = 0
    for items in later_rules(sheet).lists().values():
        for text in items:
            places = [part.text or "" for part in etree.fromstring(text) if local(part) == "sqref"]
            found += any(one.overlaps(area) for one in areas_of(" ".join(places)))
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
    old, new = corner(before), corner(there)
    return there, (new[0] - old[0], new[1] - old[1])


def _areas(item: Any) -> list[Area]:
    return areas_of(str(item.sqref))


def _meets(item: Any, area: Area) -> bool:
    return any(one.overlaps(area) for one in _areas(item))


def _left(item: Any, area: Area) -> tuple[list[Area], tuple[int, int]]:
    """(the cells that keep a rule, how far its first cell goes)."""
    before = _areas(item)
    left = without(before, [area])
    if not left:
        return [], (0, 0)
    old, new = corner(before), corner(left)
    return left, (new[0] - old[0], new[1] - old[1])


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
