"""Columns, panes and page breaks of a sheet when lines are inserted, deleted or moved."""

from __future__ import annotations

import re
from copy import deepcopy

from lxml import etree

from service.workbook.references.changes import LIMITS, Axis, Shift
from service.workbook.references.index import MAIN, local, removed, without
from service.workbook.references.lines import Inserted, Moved
from service.workbook.references.text import Corner

_CELL = re.compile(r"[A-Z]+[0-9]+")


def update(root: etree._Element, shift: Shift) -> None:
    """Bring a sheet's columns, panes and page breaks up to date; whole lines only."""
    if not shift.whole:
        return
    if shift.axis == "columns":
        for cols in root.findall(f"{{{MAIN}}}cols"):
            _columns(cols, shift)
    for pane in [item for item in root.iter() if local(item) == "pane"]:
        _pane(pane, shift)
    name = "rowBreaks" if shift.axis == "rows" else "colBreaks"
    for breaks in [item for item in root.iter() if local(item) == name]:
        _breaks(breaks, shift)


# Columns ----------------------------------------------------------------------


def _columns(cols: etree._Element, shift: Shift) -> None:
    """Widths and formats go with their columns; new ones look like that to their left."""
    found: list[tuple[int, int, etree._Element]] = []
    for item in list(cols):
        first, last = int(item.get("min", "1")), int(item.get("max", "1"))
        for start, end in shift.lines.pieces(first, last):
            found.append((start, end, item))
    found += _new_columns(list(cols), shift)
    found.sort(key=lambda entry: entry[0])
    for item in list(cols):
        cols.remove(item)
    for start, end, item in found:
        twin = deepcopy(item)
        twin.set("min", str(start))
        twin.set("max", str(end))
        cols.append(twin)
    if not found:
        removed(cols)


def _new_columns(
    items: list[etree._Element], shift: Shift
) -> list[tuple[int, int, etree._Element]]:
    lines = shift.lines
    if not isinstance(lines, Inserted):
        return []
    left, right = _at(items, lines.first - 1), _at(items, lines.first)
    if left is None or left is right or left.get("hidden") in ("1", "true"):
        return []
    twin = deepcopy(left)
    level = min(int(e.get("outlineLevel", "0")) if e is not None else 0 for e in (left, right))
    without(twin, "outlineLevel")
    without(twin, "collapsed")
    if level:
        twin.set("outlineLevel", str(level))
    last = min(lines.first + lines.count - 1, lines.limit)
    return [(lines.first, last, twin)]


def _at(items: list[etree._Element], column: int) -> etree._Element | None:
    for item in items:
        if int(item.get("min", "1")) <= column <= int(item.get("max", "1")):
            return item
    return None


# Panes ------------------------------------------------------------------------


def _pane(pane: etree._Element, shift: Shift) -> None:
    """Frozen rows and columns stay frozen: those inserted among them too."""
    if pane.get("state") not in ("frozen", "frozenSplit"):
        return
    attribute = "ySplit" if shift.axis == "rows" else "xSplit"
    count = int(float(pane.get(attribute, "0")))
    if not count:
        return
    start = _first_shown(pane, shift.axis)
    span = _kept(shift, start, start + count - 1)
    if span == count:
        return
    if span:
        pane.set(attribute, str(span))
        _show_behind(pane, shift.axis, start + span)
    else:
        _unfreeze(pane, attribute)


def _kept(shift: Shift, first: int, last: int) -> int:
    """How many lines are frozen afterwards; moving lines changes nothing."""
    if isinstance(shift.lines, Moved):
        return last - first + 1
    if isinstance(shift.lines, Inserted) and shift.lines.first <= first:
        return last - first + 1 + shift.lines.count
    found = shift.lines.span(first, last)
    return found[1] - found[0] + 1 if found else 0


def _first_shown(pane: etree._Element, axis: Axis) -> int:
    view = pane.getparent()
    text = view.get("topLeftCell", "A1") if view is not None else "A1"
    corner = Corner.read(text) if _CELL.fullmatch(text) else Corner(1, 1, False, False)
    return corner.row if axis == "rows" else corner.column


def _show_behind(pane: etree._Element, axis: Axis, line: int) -> None:
    """The part that scrolls begins behind the frozen one."""
    text = pane.get("topLeftCell", "")
    corner = Corner.read(text) if _CELL.fullmatch(text) else Corner(1, 1, False, False)
    row = line if axis == "rows" else corner.row
    column = line if axis == "columns" else corner.column
    pane.set("topLeftCell", str(Corner(column, row, False, False)))


def _unfreeze(pane: etree._Element, attribute: str) -> None:
    """Nothing is frozen in this direction any more."""
    without(pane, attribute)
    other = "xSplit" if attribute == "ySplit" else "ySplit"
    view = pane.getparent()
    if view is None:
        return
    selections = [item for item in view if local(item) == "selection"]
    left = ("topRight" if attribute == "ySplit" else "bottomLeft") if pane.get(other) else ""
    for item in selections:
        if item.get("pane", "topLeft") not in ("topLeft", left):
            view.remove(item)
    if left:
        pane.set("activePane", left)
    else:
        view.remove(pane)


# Page breaks ------------------------------------------------------------------


def _breaks(breaks: etree._Element, shift: Shift) -> None:
    """A break's id is the line above or left of it: it goes with the line behind it."""
    found: dict[int, etree._Element] = {}
    limit = LIMITS[shift.axis]
    for item in list(breaks):
        line = int(item.get("id", "0")) + 1
        place = shift.lines.line(line) if line <= limit else None
        breaks.remove(item)
        if place is not None and place > 1:
            item.set("id", str(place - 1))
            found.setdefault(place, item)
    for place in sorted(found):
        breaks.append(found[place])
    for name in ("count", "manualBreakCount"):
        if name in breaks.attrib:
            manual = [
                item for item in breaks if name == "count" or item.get("man") in ("1", "true")
            ]
            breaks.set(name, str(len(manual)))
    if not found:
        removed(breaks)
