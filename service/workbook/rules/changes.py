"""Putting rules onto a sheet, moving them to other cells, and taking them away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from dataclasses import replace

from lxml import etree
from openpyxl.formatting.formatting import ConditionalFormatting
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.keeping.extensions import X14, XM
from service.workbook.keeping.merging import discard, local
from service.workbook.keeping.rules import KeptRule, later_rules, plain
from service.workbook.references.text import translated
from service.workbook.rules.cells import corner, written
from service.workbook.rules.found import UNRANKED, Found
from service.workbook.rules.made import Made

_FORMULAS = ("formula", "formula1", "formula2", "f")


def add_format(ws: Worksheet, cells: str, made: Made, priority: int) -> None:
    """Put a conditional format onto cells."""
    if made.raw:
        root = etree.fromstring(made.raw)
        rule = KeptRule(root.get("type"), priority=priority, dxf=made.style)
        rule.raw = made.raw
        _put(ws, cells, rule)
    if made.later:
        root = etree.fromstring(made.later)
        if not made.raw:
            root.set("priority", str(priority))
        later_rules(ws).formats.append(_in_list(root, cells))


def _put(ws: Worksheet, cells: str, rule: KeptRule) -> None:
    ws.conditional_formatting.add(ConditionalFormatting(MultiCellRange(cells)), rule)


def _in_list(rule: etree._Element, cells: str) -> str:
    """A rule of the later form with its cells, as a member of the sheet's list."""
    root = etree.Element(f"{{{X14}}}conditionalFormatting", nsmap={"x14": X14, "xm": XM})
    root.append(rule)
    etree.SubElement(root, f"{{{XM}}}sqref").text = cells
    return etree.tostring(root, encoding="unicode")


def add_validation(ws: Worksheet, cells: str, validation: DataValidation) -> None:
    """Put a validation onto cells, which have no other."""
    validation.sqref = MultiCellRange(cells)
    ws.data_validations.dataValidation.append(validation)


def remove(ws: Worksheet, gone: Iterable[Found]) -> None:
    """Take rules away, both halves of those that have two."""
    found = list(gone)
    _remove_rules(ws, {id(item.rule) for item in found if item.rule is not None})
    lost = {id(item.validation) for item in found if item.validation is not None}
    if lost:
        listed = ws.data_validations.dataValidation
        ws.data_validations.dataValidation = [v for v in listed if id(v) not in lost]
    later = later_rules(ws)
    validations = {item.later for item in found if not item.is_format and item.validation is None}
    later.validations[:] = [
        text for number, text in enumerate(later.validations) if number not in validations
    ]
    places: dict[int, set[int]] = {}
    for item in found:
        if item.is_format and item.later >= 0:
            places.setdefault(item.later, set()).add(item.place)
    kept = (_without(text, places.get(i, set())) for i, text in enumerate(later.formats))
    later.formats[:] = [text for text in list(kept) if text]


def _remove_rules(ws: Worksheet, gone: set[int]) -> None:
    forms = ws.conditional_formatting._cf_rules
    for form, rules in list(forms.items()):
        left = [rule for rule in rules if id(rule) not in gone]
        if not left:
            del forms[form]
        elif len(left) < len(rules):
            forms[form] = left


def _without(text: str, places: set[int]) -> str:
    """A member of the list of the later form without some of its rules; "" if none is left."""
    if not places:
        return text
    root = etree.fromstring(text)
    rules = [item for item in root if local(item) == "cfRule"]
    for place in places:
        root.remove(rules[place])
    return etree.tostring(root, encoding="unicode") if len(rules) > len(places) else ""


def set_cells(ws: Worksheet, items: list[tuple[Found, list[Area]]]) -> None:
    """Let rules hold for other cells; their formulas go along. Without cells they are gone."""
    remove(ws, [item for item, _ in items])
    for item, areas in items:
        if areas:
            put(ws, item, areas)


def put(ws: Worksheet, item: Found, areas: list[Area]) -> None:
    """Put a rule that a sheet does not have onto cells, as it reads there."""
    cells = written(areas)
    before, after = corner(item.areas), corner(areas)
    step = (after[0] - before[0], after[1] - before[1])
    root = moved(item.xml, step)
    if item.rule is not None:
        item.rule.raw = plain(root)
        _put(ws, cells, item.rule)
        if item.second is not None:
            later_rules(ws).formats.append(_in_list(moved(item.second, step), cells))
    elif item.validation is not None:
        for name in ("formula1", "formula2"):
            text = getattr(item.validation, name)
            if text:
                setattr(item.validation, name, translated(text, *step))
        add_validation(ws, cells, item.validation)
    elif item.is_format:
        later_rules(ws).formats.append(_in_list(root, cells))
    else:
        next(part for part in root if local(part) == "sqref").text = cells
        later_rules(ws).validations.append(etree.tostring(root, encoding="unicode"))


def reformulated(item: Found, change: Callable[[str], str]) -> bool:
    """Give a rule other formulas, which it has once it is put onto cells; whether any differs."""
    changed = False
    for root in (item.xml, item.second):
        for part in root.iter() if root is not None else ():
            text = part.text or ""
            if local(part) in _FORMULAS and text.strip():
                part.text = change(text)
                changed |= part.text != text
    for name in ("formula1", "formula2") if item.validation is not None else ():
        text = getattr(item.validation, name)
        if text:
            setattr(item.validation, name, change(text))
    return changed


def twin(item: Found, id_: str, priority: int) -> Found:
    """A rule of its own that says the same.

    :param id_: to link its two forms by, where it has two
    :param priority: of a conditional format
    """
    new = replace(item, xml=deepcopy(item.xml), second=deepcopy(item.second), later=-1, place=0)
    for root in (new.xml, new.second) if item.is_format else ():
        for part in root.iter() if root is not None else ():
            if local(part) == "id":
                part.text = id_
            elif local(part) == "cfRule" and part.get("id") is not None:
                part.set("id", id_)
    if item.rule is not None:
        new.rule = copy(item.rule)
        new.rule.priority = priority
    elif item.is_format:
        new.xml.set("priority", str(priority))
    if item.validation is not None:
        new.validation = copy(item.validation)
    return new


def free_priority(rules: Iterable[Found]) -> int:
    """A number behind those of all conditional formats."""
    numbers = [item.priority for item in rules if item.is_format]
    return max((number for number in numbers if number < UNRANKED), default=0) + 1


def free_id(ws: Worksheet) -> str:
    """An id that no rule of the workbook has; the same one each time it is replayed."""
    sheets = ws.parent.worksheets if ws.parent is not None else [ws]
    there = "".join(text for one in sheets for text in later_rules(one).formats)
    number = len(later_rules(ws).formats)
    while True:
        seed = f"{ws.title}/{number}"
        found = f"{{{str(uuid.uuid5(uuid.NAMESPACE_OID, seed)).upper()}}}"
        if found not in there:
            return found
        number += 1


def moved(xml: etree._Element, step: tuple[int, int]) -> etree._Element:
    """A copy of a rule, its formulas as they read ``step`` (rows, columns) further."""
    root = deepcopy(xml)
    if step != (0, 0):
        for part in root.iter():
            if local(part) in _FORMULAS and part.text and part.text.strip():
                part.text = translated(part.text, *step)
    return root


def set_priority(ws: Worksheet, rules: list[Found], item: Found | None, wanted: int) -> None:
    """Number the conditional formats anew, ``item`` (None: the last one) at a place from 1 on.

    :param rules: the sheet's, in the order of their numbers
    """
    formats = [found for found in rules if found.is_format]
    moved = formats[-1] if item is None else item
    formats = [found for found in formats if found is not moved]
    formats.insert(wanted - 1, moved)
    for number, found in enumerate(formats, start=1):
        if found.rule is not None:
            found.rule.priority = number
        else:
            _edit_later(ws, found, {"priority": str(number)})


def _edit_later(ws: Worksheet, item: Found, attributes: dict[str, str | None]) -> None:
    """Give a conditional format of the later form attributes; None takes one away."""
    formats = later_rules(ws).formats
    root = etree.fromstring(formats[item.later])
    rule = [part for part in root if local(part) == "cfRule"][item.place]
    _set(rule, attributes)
    formats[item.later] = etree.tostring(root, encoding="unicode")


def _set(element: etree._Element, attributes: dict[str, str | None]) -> None:
    for name, value in attributes.items():
        discard(element, name)
        if value is not None:
            element.set(name, value)


def set_stop(ws: Worksheet, item: Found, *, stop: bool) -> None:
    """Whether rules of lower priority are looked at where this one holds."""
    attributes = {"stopIfTrue": "1" if stop else None}
    if item.rule is None:
        _edit_later(ws, item, attributes)
        return
    root = etree.fromstring(item.rule.raw)
    _set(root, attributes)
    item.rule.raw = etree.tostring(root, encoding="unicode")


def set_style(item: Found, style: DifferentialStyle) -> None:
    """Give a conditional format of the usual form another look."""
    assert item.rule is not None
    root = etree.fromstring(item.rule.raw)
    discard(root, "dxfId")
    item.rule.raw = etree.tostring(root, encoding="unicode")
    item.rule.dxf, item.rule.dxfId = style, None


def as_usual(item: Found) -> DataValidation:
    """A validation as the editor has it, whatever its form was."""
    if item.validation is not None:
        return item.validation
    formulas = {
        local(part): "".join(child.text or "" for child in part)
        for part in item.xml
        if local(part) in ("formula1", "formula2")
    }
    known = DataValidation.__attrs__
    attributes = {str(k): v for k, v in item.xml.attrib.items() if k in known and k != "sqref"}
    kind = attributes.pop("type", None)
    return DataValidation(type=None if kind == "none" else kind, **attributes, **formulas)


def carried(validation: DataValidation, old: list[Area], new: list[Area]) -> DataValidation:
    """A validation whose formulas are seen from the first of other cells."""
    before, after = corner(old), corner(new)
    step = (after[0] - before[0], after[1] - before[1])
    for name in ("formula1", "formula2"):
        text = getattr(validation, name)
        if text:
            setattr(validation, name, translated(text, *step))
    return validation
