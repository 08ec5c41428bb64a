"""What an addition or a change of a rule comes to: worked out, and refused, before it is done."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.keeping.merging import local
from service.workbook.rules import changes, kinds, looks, made, validations
from service.workbook.rules.cells import corner, overlap, without, written
from service.workbook.rules.found import Found, rules_of


@dataclass
class Plan:
    """Steps that can't fail any more.

    :param replaced: cells whose validation gives way
    """

    sheet: Worksheet
    cells: str
    kind: str
    steps: list[Callable[[], None]] = field(default_factory=list)
    replaced: str = ""

    def run(self) -> None:
        """Do it."""
        for step in self.steps:
            step()

    def is_new(self, item: Found) -> bool:
        """Whether a rule is the one that this is about."""
        return item.kind == self.kind and item.cells == self.cells


def adding(
    book: Book,
    sheet: Worksheet,
    rules: list[Found],
    kind: str,
    value: Any,
    given: dict[str, Any],
    areas: list[Area],
) -> Plan:
    """Put a new rule onto cells.

    :raises ExcelToolsError: if the value or an option does not fit
    """
    plan = Plan(sheet, written(areas), kind)
    if kind in kinds.VALIDATIONS:
        validation = validations.make(book, sheet, kind, value, given)
        _validate(plan, rules, areas, validation)
        return plan
    built = _made(book, sheet, kind, value, given, areas)
    _place(plan, book, rules, built, given.get("priority"))
    return plan


def _place(
    plan: Plan, book: Book, rules: list[Found], built: made.Made, priority: int | None
) -> None:
    sheet, cells = plan.sheet, plan.cells
    free = changes.free_priority(rules)
    plan.steps.append(lambda: changes.add_format(sheet, cells, built, free))
    if priority is not None:
        plan.steps.append(
            lambda: changes.set_priority(sheet, rules_of(sheet, book.xl.epoch), None, priority)
        )


def _made(
    book: Book, sheet: Worksheet, kind: str, value: Any, given: dict[str, Any], areas: list[Area]
) -> made.Made:
    row, column = corner(areas)
    first = str(Area(row, column, row, column))
    wanted = made.Wanted(kind, value, given, first, changes.free_id(sheet), book.xl.epoch)
    return made.make(wanted)


def _validate(
    plan: Plan, rules: list[Found], areas: list[Area], validation: DataValidation
) -> None:
    """A cell has one validation: others give way."""
    others = [item for item in rules if not item.is_format and overlap(item.areas, areas)]
    if others:
        cut = [(item, without(item.areas, areas)) for item in others]
        taken = (
            piece for item in others for piece in without(item.areas, without(item.areas, areas))
        )
        plan.replaced = ",".join(dict.fromkeys(map(str, taken)))
        plan.steps.append(lambda: changes.set_cells(plan.sheet, cut))
    plan.steps.append(lambda: changes.add_validation(plan.sheet, plan.cells, validation))


# Changing -----------------------------------------------------------------------


def changing(
    book: Book,
    sheet: Worksheet,
    rules: list[Found],
    item: Found,
    kind: str,
    value: Any,
    given: dict[str, Any],
    areas: list[Area],
) -> Plan:
    """Change a rule.

    :raises InvalidParameters: if an option has no effect, or the rule holds what can't be kept
    """
    if (kind in kinds.VALIDATIONS) != (not item.is_format):
        was = "a conditional format" if item.is_format else "a validation"
        raise InvalidParameters(
            f"Rule {item.index} is {was} ({item.kind}) and can't become {kind}.",
            "Delete it and add the other one.",
        )
    if kind in kinds.ALL:
        kinds.refuse_idle(kind, set(given))
    plan = Plan(sheet, written(areas), kind)
    rest = [other for other in rules if other is not item]
    if not item.is_format:
        validation = _revalidated(book, sheet, item, kind, value, given, areas)
        plan.steps.append(lambda: changes.remove(sheet, [item]))
        _validate(plan, [], areas, validation)
        others = [other for other in rest if not other.is_format and overlap(other.areas, areas)]
        if others:
            raise InvalidParameters(
                f"Rule {others[0].index} ({others[0].kind} {others[0].cells}) is on some of these "
                "cells; a cell has one validation.",
                "Delete it first, or choose other cells.",
            )
        return plan
    _change_format(plan, book, rules, item, value, given, areas)
    return plan


def _revalidated(
    book: Book,
    sheet: Worksheet,
    item: Found,
    kind: str,
    value: Any,
    given: dict[str, Any],
    areas: list[Area],
) -> DataValidation:
    """The validation with the changes; its formulas go along to other cells."""
    remade = kind != item.kind or value is not None or "operator" in given
    if remade:
        told = {k: v for k, v in item.told.items() if k in kinds.options_of(kind)}
        if kind == item.kind and value is not None and "operator" not in given:
            pair = isinstance(value, list) and len(value) == 2
            keeps = told.get("operator") in ("between", "not_between")
            if pair != keeps or isinstance(value, str):
                told.pop("operator", None)
        if value is None and kind == item.kind:
            value = item.value
        return validations.make(book, sheet, kind, value, told | given)
    found = copy(changes.as_usual(item))
    validations.set_messages(found, given)
    if given.get("allow_blank") is not None:
        found.allowBlank = given["allow_blank"]
    if given.get("dropdown") is not None:
        found.showDropDown = not given["dropdown"]
    return changes.carried(found, item.areas, areas)


def _change_format(
    plan: Plan,
    book: Book,
    rules: list[Found],
    item: Found,
    value: Any,
    given: dict[str, Any],
    areas: list[Area],
) -> None:
    sheet, kind = plan.sheet, plan.kind
    own = set(given) - set(kinds.LOOKS) - {"stop_if_true", "priority"}
    look = looks.look(given)
    if kind != item.kind or value is not None or own:
        built = _remade(book, sheet, item, kind, value, given, areas)
        priority = given.get("priority") or [r for r in rules if r.is_format].index(item) + 1
        plan.steps.append(lambda: changes.remove(sheet, [item]))
        left = [other for other in rules if other is not item]
        _place(plan, book, left, built, priority)
        return
    if look and item.rule is None:
        raise InvalidParameters(
            f"Rule {item.index} ({item.kind} {item.cells}) has its look in the form of later "
            "versions of Excel, which is kept but not changed.",
            "Delete it and add it anew, or change its range or priority.",
        )
    if look:
        style = _restyled(item.rule.dxf if item.rule else None, look)
        plan.steps.append(lambda: changes.set_style(item, style))
    if "stop_if_true" in given:
        plan.steps.append(lambda: changes.set_stop(sheet, item, stop=given["stop_if_true"]))
    if "priority" in given:
        plan.steps.append(lambda: changes.set_priority(sheet, rules, item, given["priority"]))
    if plan.cells != written(item.areas):
        plan.steps.append(lambda: _move(sheet, book, item, areas))
    else:
        plan.cells = item.cells


def _move(sheet: Worksheet, book: Book, item: Found, areas: list[Area]) -> None:
    """Let a rule hold for other cells, as it is after the steps before."""
    now = next(
        found
        for found in rules_of(sheet, book.xl.epoch)
        if (found.rule is item.rule and item.rule is not None)
        or (item.rule is None and (found.later, found.place) == (item.later, item.place))
    )
    changes.set_cells(sheet, [(now, areas)])


def _remade(
    book: Book,
    sheet: Worksheet,
    item: Found,
    kind: str,
    value: Any,
    given: dict[str, Any],
    areas: list[Area],
) -> made.Made:
    options = set(kinds.options_of(kind))
    told = {k: v for k, v in item.told.items() if k in options and k not in kinds.LOOKS}
    told.pop("priority", None)
    if kind == item.kind:
        _refuse_more(book, sheet, item)
        value = item.value if value is None else value
    elif kind in kinds.SCALES or item.kind in kinds.SCALES:
        told = {}
    built = _made(book, sheet, kind, value, told | given, areas)
    old = item.rule.dxf if item.rule is not None else None
    if built.style is not None and old is not None:
        built.style = _restyled(old, looks.look(given))
    return built


def _refuse_more(book: Book, sheet: Worksheet, item: Found) -> None:
    """Refuse to make anew what holds more than words tell."""
    told = {k: v for k, v in item.told.items() if k in kinds.options_of(item.kind)}
    told = {k: v for k, v in told.items() if k not in kinds.LOOKS and k != "priority"}
    try:
        again = _made(book, sheet, item.kind, item.value, told, item.areas)
    except Exception:  # noqa: BLE001 - whatever words can't tell can't be made from them
        again = made.Made()
    same = _plain(item.xml) == _plain_text(again.raw or again.later)
    both = item.second is None or _plain(item.second) == _plain_text(again.later)
    if not (same and both) or (item.only_later and item.kind not in kinds.SCALES):
        raise InvalidParameters(
            f"Rule {item.index} ({item.kind} {item.cells}) holds more than can be told in words, "
            "which a new value would lose.",
            "Change its range, priority or look, or delete it and add it anew.",
        )


def _plain_text(text: str) -> list[Any]:
    return _plain(etree.fromstring(text)) if text else []


def _plain(xml: etree._Element) -> list[Any]:
    """What a rule says, without its numbers and how it is spelled."""
    found: list[Any] = []
    for part in xml.iter():
        if local(part) in ("extLst", "ext", "id", "sqref"):
            continue
        idle = ("priority", "dxfId", "id")
        attributes = {
            str(name): value
            for name, value in part.attrib.items()
            if name not in idle and not str(name).startswith("{")
        }
        found.append((local(part), attributes, (part.text or "").strip()))
    return found


def _restyled(old: DifferentialStyle | None, look: dict[str, Any]) -> DifferentialStyle:
    """A look with some of it changed."""
    new = looks.styled(look)
    if old is None:
        return new
    result = DifferentialStyle(
        font=old.font, numFmt=new.numFmt or old.numFmt, fill=new.fill or old.fill,
        alignment=old.alignment, border=new.border or old.border, protection=old.protection,
    )  # fmt: skip
    if new.font is not None:
        font: Font = copy(old.font) if old.font is not None else Font()
        for name in ("b", "i", "u", "strike", "color"):
            value = getattr(new.font, name)
            asked = {"b": "bold", "i": "italic", "u": "underline"}.get(name, name)
            if asked in look:
                setattr(font, name, value)
        result.font = font
    return result
