"""Conditional formats and validations: cells, and formulas as seen from the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from service.workbook.areas import Area
from service.workbook.references.changes import Shift
from service.workbook.references.index import Effects, local, removed
from service.workbook.references.lines import Moved
from service.workbook.references.rewriting import Rewriter
from service.workbook.references.text import GONE, areas_of, translated, written

Place: TypeAlias = tuple[int, int]
NAMES = frozenset({"conditionalFormatting", "dataValidation"})
_NOUNS = {"conditionalFormatting": "conditional formats", "dataValidation": "validations"}
_FORMULAS = frozenset({"formula", "formula1", "formula2"})


@dataclass
class Attached:
    """A conditional format or a validation, in the usual or in the later (x14) form."""

    element: etree._Element

    @property
    def _list(self) -> etree._Element | None:
        """The child that lists the cells, in the later form."""
        return next((item for item in self.element if local(item) == "sqref"), None)

    @property
    def cells(self) -> str:
        child = self._list
        return (child.text or "") if child is not None else self.element.get("sqref", "")

    @cells.setter
    def cells(self, text: str) -> None:
        child = self._list
        if child is not None:
            child.text = text
        else:
            self.element.set("sqref", text)

    @property
    def noun(self) -> str:
        return _NOUNS[local(self.element)]

    def formulas(self) -> Iterator[tuple[etree._Element, str, str]]:
        """(element, attribute or "" for its text, formula) of each of its formulas."""
        for item in self.element.iter():
            name = local(item)
            if item.text and (name in _FORMULAS or name == "f"):
                yield item, "", item.text
            value = item.get("val") or ""
            if name == "cfvo" and value and not _is_number(value):
                yield item, "val", value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def update(root: etree._Element, rewriter: Rewriter, home: str, effects: Effects) -> bool:
    """Bring the conditional formats and validations of a sheet up to date."""
    found = [Attached(item) for item in root.iter() if local(item) in _NOUNS]
    changed = False
    for item in found:
        before = etree.tostring(item.element)
        shift = rewriter.shift(home)
        if shift is not None:
            _shift(item, rewriter, home, shift)
        else:
            texts = [rewriter.rule(text, home) for _, _, text in item.formulas()]
            _rewrite(item, texts)
        if item.element.getparent() is None or etree.tostring(item.element) != before:
            changed = True
            effects.adjusted[item.noun] += 1
            _tell_broken(item, before, home, effects)
    return changed


def _tell_broken(item: Attached, before: bytes, home: str, effects: Effects) -> None:
    if item.element.getparent() is None:
        return
    for _, _, text in item.formulas():
        if text.count(GONE) > before.count(GONE.encode()):
            effects.broken.append((f"{item.noun} of {home}", 0, 0, text))


def _rewrite(item: Attached, texts: list[str]) -> None:
    """Give it other formulas, in the order of those it has."""
    for (element, attribute, _), text in zip(list(item.formulas()), texts, strict=True):
        if attribute:
            element.set(attribute, text)
        else:
            element.text = text


def _shift(item: Attached, rewriter: Rewriter, home: str, shift: Shift) -> None:
    try:
        areas = areas_of(item.cells)
    except ValueError:
        return
    base = _corner(areas)
    texts = [text for _, _, text in item.formulas()]

    def seen_from(corner: Place) -> list[str]:
        """The formulas after the change, as they are seen from a cell."""
        place = shift.origin(*corner) or base
        step = (place[0] - base[0], place[1] - base[1])
        return [rewriter.formula(translated(text, *step), home) for text in texts]

    pieces = [piece for area in areas for piece in shift.formatted(area)]
    found = [(group, seen_from(_corner(group))) for group in _groups(pieces, shift)]
    if not found:
        removed(item.element)
        return
    if len(found) > 1 and _same(found):
        found = [(_sorted(pieces), seen_from(_corner(pieces)))]
    twins = [item, *(Attached(deepcopy(item.element)) for _ in found[1:])]
    for twin in reversed(twins[1:]):
        item.element.addnext(twin.element)
    for twin, (group, formulas) in zip(twins, found, strict=True):
        twin.cells = written(group)
        _rewrite(twin, formulas)


def _same(found: list[tuple[list[Area], list[str]]]) -> bool:
    """Whether groups of cells have the same formulas, seen from one cell."""
    (group, formulas), *others = found
    row, column = _corner(group)
    for other, texts in others:
        place = _corner(other)
        step = (row - place[0], column - place[1])
        if [translated(text, *step) for text in texts] != formulas:
            return False
    return True


def _corner(areas: list[Area]) -> Place:
    """The cell from which relative references are seen: the upper left one of them all."""
    return min(area.first_row for area in areas), min(area.first_column for area in areas)


def _sorted(areas: list[Area]) -> list[Area]:
    """The cell that formulas are seen from first: not all programs look for it elsewhere."""
    return sorted(areas, key=lambda area: (area.first_row, area.first_column))


def _groups(pieces: list[Area], shift: Shift) -> list[list[Area]]:
    """The cells afterwards: where some are moved, those, and the others."""
    lines = shift.lines
    if not isinstance(lines, Moved):
        return [_sorted(pieces)] if pieces else []
    start = lines.line(lines.first) or lines.first
    block = (start, start + lines.count - 1)
    moved: list[Area] = []
    stayed: list[Area] = []
    for area in pieces:
        along, across = shift.spans(area)
        for span in _parted(*along, block):
            inside = block[0] <= span[0] and span[1] <= block[1]
            (moved if inside else stayed).append(shift.made(span, across))
    return [_sorted(group) for group in (stayed, moved) if group]


def _parted(first: int, last: int, block: tuple[int, int]) -> list[tuple[int, int]]:
    borders = [first, *(b for b in (block[0], block[1] + 1) if first < b <= last)]
    return list(zip(borders, [b - 1 for b in borders[1:]] + [last], strict=True))
