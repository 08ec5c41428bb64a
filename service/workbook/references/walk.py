"""One walk over a part: each place that the table of rules names is brought up to date."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from service.workbook.areas import Area
from service.workbook.references import attached
from service.workbook.references.changes import Shift
from service.workbook.references.index import Effects, local, removed
from service.workbook.references.rewriting import Rewriter
from service.workbook.references.rules import BY_ELEMENT, Rule
from service.workbook.references.text import GONE, areas_of, written


class Walk:
    """Applies a rewriter to the elements of parts.

    :param rewriter: what the change makes of references
    :param effects: where it is counted what was changed
    """

    def __init__(self, rewriter: Rewriter, effects: Effects) -> None:
        self.rewriter = rewriter
        self.effects = effects

    def part(self, root: etree._Element, kind: str, home: str) -> bool:
        """Bring a part up to date; whether anything in it changed.

        :param home: title of the sheet it belongs to, "" for the workbook
        """
        rules = BY_ELEMENT.get(kind, {})
        self._root = root
        changed = False
        charts = self.effects.adjusted["charts"]
        for element in [item for item in root.iter() if local(item) in rules]:
            if kind == "worksheet" and _attached(element):
                continue
            for rule in rules[local(element)]:
                changed |= self._apply(rule, element, home)
        # However many references it holds, it is one chart.
        self.effects.adjusted["charts"] = min(self.effects.adjusted["charts"], charts + 1)
        return changed

    def _apply(self, rule: Rule, element: etree._Element, home: str) -> bool:
        text = element.get(rule.attribute) if rule.attribute else element.text
        if not text or (element.getparent() is None and element is not self._root):
            return False
        shift = self.rewriter.shift(home)
        if rule.holds in ("formula", "place"):
            changed = self._formula(rule, element, text, home)
        elif rule.holds == "title":
            changed = _set(element, rule.attribute, text, self.rewriter.title(text) or text)
        elif shift is not None:
            changed = self._cells(rule, element, text, shift)
        else:
            changed = False
        if changed and rule.noun:
            self.effects.adjusted[rule.noun] += 1
        return changed

    def _formula(self, rule: Rule, element: etree._Element, text: str, home: str) -> bool:
        lead = "#" if rule.holds == "place" and text.startswith("#") else ""
        new = lead + self.rewriter.formula(text.removeprefix(lead), home)
        broken = new.count(GONE) > text.count(GONE)
        if broken and rule.holds == "place":
            return False
        if broken and rule.noun:
            self.effects.broken.append((f"{rule.noun} of {home or 'the workbook'}", 0, 0, new))
        return _set(element, rule.attribute, text, new)

    def _cells(self, rule: Rule, element: etree._Element, text: str, shift: Shift) -> bool:
        try:
            areas = areas_of(text)
        except ValueError:
            return False
        if rule.element == "autoFilter" and shift.axis == "columns":
            _filter_columns(element, areas[0], shift)
        found = self._moved(rule, areas, shift)
        if not found:
            return _gone(rule, element)
        if rule.holds == "link":
            _doubled(element, rule.attribute, found[1:])
            found = found[:1]
        return _set(element, rule.attribute, text, written(found))

    def _moved(self, rule: Rule, areas: list[Area], shift: Shift) -> list[Area]:
        if rule.holds == "area":
            found = [shift.stretch(area) for area in areas]
            kept = [area for area in found if area is not None]
            alone = rule.element == "mergeCell" and kept and kept[0].cells == 1
            return [] if alone else kept
        return [piece for area in areas for piece in shift.pieces(area)]


def _attached(element: etree._Element) -> bool:
    """Whether an element belongs to a conditional format or a validation of the later form."""
    return any(local(item) in attached.NAMES for item in element.iterancestors())


def _set(element: etree._Element, attribute: str, old: str, new: str) -> bool:
    if new == old:
        return False
    if attribute:
        element.set(attribute, new)
    else:
        element.text = new
    return True


def _gone(rule: Rule, element: etree._Element) -> bool:
    if rule.goes == "attribute":
        del element.attrib[rule.attribute]
    elif rule.goes == "element":
        removed(element)
    elif rule.goes == "parent":
        parent = element.getparent()
        assert parent is not None
        removed(parent)
    return rule.goes != "nothing"


def _doubled(element: etree._Element, attribute: str, areas: list[Area]) -> None:
    for area in reversed(areas):
        twin = deepcopy(element)
        twin.set(attribute, str(area))
        element.addnext(twin)


def _filter_columns(element: etree._Element, area: Area, shift: Shift) -> None:
    """The columns of a filter are counted from its first one."""
    new = shift.stretch(area)
    if new is None:
        return
    for column in [item for item in element if local(item) == "filterColumn"]:
        number = area.first_column + int(column.get("colId", "0"))
        place = shift.cell(area.first_row, number)
        if place is None or not new.first_column <= place[1] <= new.last_column:
            element.remove(column)
        else:
            column.set("colId", str(place[1] - new.first_column))
