"""Known rules: what makes Excel repair a sheet although the schemas allow it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from lxml import etree

from tests.corpus.parts import MAIN, RELATIONSHIP, Package, local
from tests.corpus.xmldiff import number

ROWS, COLUMNS = 1_048_576, 16_384
TEXT, FORMULA, LITERAL, LINK = 32_767, 8_192, 255, 2_079
LINKS = 65_530
X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
ERRORS = "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA".split()
NEWER_ERRORS = "#SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #BUSY! #UNKNOWN! #PYTHON!".split()
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})(?::\$?([A-Z]{1,3})\$?([1-9]\d{0,6}))?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_VALUES = {  # how many formulas each kind of condition needs at least
    "expression": 1, "cellIs": 1, "containsText": 1, "notContainsText": 1,
    "beginsWith": 1, "endsWith": 1, "containsBlanks": 1, "notContainsBlanks": 1,
    "containsErrors": 1, "notContainsErrors": 1, "timePeriod": 1,
}  # fmt: skip
_ICONS = {"3": 3, "4": 4, "5": 5, "N": 0}


class Area(NamedTuple):
    """A range: first and last row and column, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: Area) -> bool:
        rows = self.top <= other.bottom and other.top <= self.bottom
        return rows and self.left <= other.right and other.left <= self.right

    def holds(self, other: Area) -> bool:
        rows = self.top <= other.top and other.bottom <= self.bottom
        return rows and self.left <= other.left and other.right <= self.right


def area(text: str) -> Area | None:
    """The range that a reference names; None of what is none, or lies outside a sheet."""
    found = _AREA.fullmatch(text)
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    given = Area(int(top), number(left), int(bottom or top), number(right or left))
    ordered = given.top <= given.bottom <= ROWS and given.left <= given.right <= COLUMNS
    return given if ordered else None


def main(name: str) -> str:
    return f"{{{MAIN}}}{name}"


def sheet(package: Package, name: str, root: etree._Element) -> Iterator[str]:
    """What is wrong with a worksheet, in words.

    :param name: the part's name
    """
    yield from _cells(root)
    yield from _columns(root)
    yield from _merged(root)
    yield from _conditions(root)
    yield from _validations(root)
    yield from _links(package, name, root)
    yield from _views(root)
    yield from _extensions(root)
    yield from _comments(package, name, root)


# Cells ---------------------------------------------------------------------------


def _cells(root: etree._Element) -> Iterator[str]:
    masters: set[str] = set()
    for row in root.iter(main("row")):
        here = row.get("r") or "1"
        if here.isdigit() and int(here) > ROWS:
            yield f"row {here} is below the sheet"
        if float(row.get("ht") or 0) > 409.5:
            yield f"row {here} is {row.get('ht')} points high"
        for cell in row.iter(main("c")):
            told = cell.get("r")
            if told and area(told) is None:
                yield f"{told} is no cell"
            yield from (f"{told}: {text}" for text in _cell(cell, masters))


def _cell(cell: etree._Element, masters: set[str]) -> Iterator[str]:
    kind, value = cell.get("t", "n"), cell.findtext(main("v"))
    if kind == "n" and value and not _NUMBER.fullmatch(value.strip()):
        yield f"the number is {value!r}"
    if kind == "b" and value not in ("0", "1", None):
        yield f"the truth value is {value!r}"
    if kind == "e" and value not in (*ERRORS, *NEWER_ERRORS):
        yield f"the error is {value!r}"
    if kind == "inlineStr" and cell.find(main("is")) is None:
        yield "it is a text of its own without one"
    text = "".join(cell.itertext(main("t"))) if kind == "inlineStr" else (value or "")
    if len(text) > TEXT:
        yield f"the text has {len(text)} characters"
    formula = cell.find(main("f"))
    if formula is not None:
        yield from _formula(cell, formula, masters)


def _formula(cell: etree._Element, formula: etree._Element, masters: set[str]) -> Iterator[str]:
    text, kind = formula.text or "", formula.get("t", "normal")
    if len(text) > FORMULA:
        yield f"the formula has {len(text)} characters"
    if text.startswith("="):
        yield f"the formula begins with =: {text}"
    where = area(formula.get("ref") or "")
    here = area(cell.get("r") or "")
    if kind == "array" and (where is None or (here and not where.holds(here))):
        yield f"the array formula fills {formula.get('ref')}"
    if kind == "shared":
        index = formula.get("si") or ""
        if text:
            masters.add(index)
        elif index not in masters:
            yield f"the shared formula {index} is nowhere before it"
    if kind == "normal" and not text:
        yield "the formula is empty"


def _columns(root: etree._Element) -> Iterator[str]:
    spans = [(int(col.get("min")), int(col.get("max"))) for col in root.iter(main("col"))]
    for first, last in spans:
        if not 1 <= first <= last <= COLUMNS:
            yield f"columns {first} to {last}"
    for before, after in pairwise(spans):
        if after[0] <= before[1]:
            yield f"columns {after} come after {before}"


def _merged(root: etree._Element) -> Iterator[str]:
    found = [(item.get("ref"), area(item.get("ref"))) for item in root.iter(main("mergeCell"))]
    for ref, where in found:
        if where is None or (where.top, where.left) == (where.bottom, where.right):
            yield f"{ref} is merged"
    areas = [(ref, where) for ref, where in found if where]
    yield from (f"{a} and {b} are merged and overlap" for a, b in overlaps(areas))


def overlaps(areas: list[tuple[str, Area]]) -> Iterator[tuple[str, str]]:
    """The pairs of names whose ranges have a cell in common."""
    ordered = sorted(areas, key=lambda item: item[1])
    for index, (name, where) in enumerate(ordered):
        for other, there in ordered[index + 1 :]:
            if there.top > where.bottom:
                break
            if where.meets(there):
                yield name, other


# Rules ---------------------------------------------------------------------------


def _conditions(root: etree._Element) -> Iterator[str]:
    rules = list(root.iter(main("cfRule"), f"{{{X14}}}cfRule"))
    told = Counter(item.get("priority") for item in rules if item.get("priority"))
    yield from (f"priority {p} is there {n} times" for p, n in told.items() if n > 1)
    for item in root.iter(main("conditionalFormatting")):
        yield from _areas(item, item.get("sqref") or "")
    for item in rules:
        yield from _condition(item)


def _areas(element: etree._Element, text: str) -> Iterator[str]:
    wrong = [part for part in text.split() if area(part) is None]
    if wrong or not text.split():
        yield f"{local(element.tag)} is for {text!r}"


def _condition(rule: etree._Element) -> Iterator[str]:
    kind = rule.get("type") or ""
    formulas = [item for item in rule if local(item.tag) in ("formula", "f")]
    needed = _VALUES.get(kind, 0)
    if kind == "cellIs" and rule.get("operator") in ("between", "notBetween"):
        needed = 2
    if rule.tag == main("cfRule") and len(formulas) < needed:
        yield f"a {kind} rule has {len(formulas)} formulas"
    for item in formulas:
        if not item.text or item.text.startswith("=") or len(item.text) > FORMULA:
            yield f"a {kind} rule has the formula {item.text!r}"
    stops = [len(rule.findall(f"*/{{*}}{name}")) for name in ("cfvo", "color")]
    if kind == "colorScale" and (stops[0] != stops[1] or stops[0] not in (2, 3)):
        yield f"a scale of {stops[0]} points has {stops[1]} colours"
    if kind == "dataBar" and stops[0] != 2:
        yield f"a bar has {stops[0]} ends"
    if kind == "iconSet":
        yield from _icons(rule, stops[0])


def _icons(rule: etree._Element, stops: int) -> Iterator[str]:
    icons = next((item for item in rule if local(item.tag) == "iconSet"), None)
    name = (icons.get("iconSet") if icons is not None else "") or "3TrafficLights1"
    if _ICONS.get(name[0]) not in (stops, 0):
        yield f"the icons {name} have {stops} limits"


def _validations(root: etree._Element) -> Iterator[str]:
    for holder in root.iter(main("dataValidations")):
        told = holder.get("count")
        if told and int(told) != len(holder.findall(main("dataValidation"))):
            yield f"dataValidations says {told}"
    for item in root.iter(main("dataValidation")):
        yield from _areas(item, item.get("sqref") or "")
        yield from _validation(item)


def _validation(item: etree._Element) -> Iterator[str]:
    formulas = [item.findtext(main(name)) for name in ("formula1", "formula2")]
    for text in formulas:
        if text and len(text.strip('"') if text.startswith('"') else text) > LITERAL:
            yield f"a validation's formula has {len(text)} characters"
        if text and text.startswith("="):
            yield f"a validation's formula begins with =: {text}"
    kind, operator = item.get("type", "none"), item.get("operator", "between")
    needed = 0 if kind == "none" else 1
    if kind not in ("none", "list", "custom") and operator in ("between", "notBetween"):
        needed = 2
    if len([text for text in formulas if text]) < needed:
        yield f"a {kind} validation has the formulas {formulas}"
    for name, most in (("error", 255), ("prompt", 255), ("errorTitle", 32), ("promptTitle", 32)):
        if len(item.get(name) or "") > most:
            yield f"a validation's {name} has {len(item.get(name) or '')} characters"


# What else there is on a sheet ---------------------------------------------------


def _links(package: Package, name: str, root: etree._Element) -> Iterator[str]:
    links = list(root.iter(main("hyperlink")))
    if len(links) > LINKS:
        yield f"there are {len(links)} links"
    targets = {item.id: item.target for item in package.relationships(name)}
    for link in links:
        ref, id = link.get("ref"), link.get(f"{{{RELATIONSHIP}}}id")
        if area(ref or "") is None:
            yield f"a link is at {ref}"
        if id is None and not link.get("location"):
            yield f"the link at {ref} leads nowhere"
        if len(targets.get(id or "", "")) > LINK:
            yield f"the link at {ref} has {len(targets[id or ''])} characters"


def _views(root: etree._Element) -> Iterator[str]:
    for view in root.iter(main("sheetView")):
        pane = view.find(main("pane"))
        yield from _panes(pane, [item.get("pane") for item in view.findall(main("selection"))])
        for item in view.findall(main("selection")):
            yield from _areas(item, item.get("sqref") or "A1")
    for name in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader"):
        for item in root.iter(main(name)):
            if len(item.text or "") > LITERAL:
                yield f"{name} has {len(item.text or '')} characters"
    for holder in [*root.iter(main("rowBreaks")), *root.iter(main("colBreaks"))]:
        ids = Counter(item.get("id") for item in holder)
        yield from (f"two breaks are at {id}" for id, n in ids.items() if n > 1)


def _panes(pane: etree._Element | None, selected: list[str | None]) -> Iterator[str]:
    """A sheet has the panes it is split into; one selection at most lies in each."""
    given = pane.attrib if pane is not None else {}
    right, below = float(given.get("xSplit", 0)) > 0, float(given.get("ySplit", 0)) > 0
    there = {
        "topLeft": True,
        "topRight": right,
        "bottomLeft": below,
        "bottomRight": right and below,
    }
    told = Counter(name or "topLeft" for name in selected)
    yield from (f"{n} selections lie in the pane {name}" for name, n in told.items() if n > 1)
    for name in (*told, given.get("activePane", "topLeft")):
        if not there.get(str(name)):
            yield f"the pane {name} of a sheet that is not split so is used"
    if pane is not None and not (right or below):
        yield "a sheet is split nowhere"


def _extensions(root: etree._Element) -> Iterator[str]:
    for holder in root.iter(main("extLst")):
        told = Counter(item.get("uri") for item in holder)
        yield from (f"the extension {uri} is there {n} times" for uri, n in told.items() if n > 1)
    ids = Counter(
        item.get("id") for item in root.iter(f"{{{X14}}}cfRule") if item.get("id") is not None
    )
    yield from (f"the rule {id} is there {n} times" for id, n in ids.items() if n > 1)
    for item in root.iter(main("ext")):
        told_id = item.findtext(f"{{{X14}}}id")
        if told_id is not None and told_id not in ids:
            yield f"a rule goes on in {told_id}, which is not there"


def _comments(package: Package, name: str, root: etree._Element) -> Iterator[str]:
    if package.related(name, "comments") and root.find(main("legacyDrawing")) is None:
        yield "there are comments and no drawing of them"
    drawings = package.related(name, "drawing")
    if len(drawings) > 1:
        yield f"there are {len(drawings)} drawings"
