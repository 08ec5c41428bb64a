"""Where charts, pictures, shapes and the boxes of comments stand, after a change.

Anchors count rows and columns from 0. Source: ECMA-376 part 1, 20.5; part 4, 19.4 (VML).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from service.workbook.references.changes import LIMITS, Axis, Shift
from service.workbook.references.index import Effects, local, removed
from service.workbook.references.lines import Moved
from service.workbook.references.rewriting import Rewriter

_ANCHORS = frozenset({"twoCellAnchor", "oneCellAnchor", "anchor"})
_WORDS: dict[Axis, tuple[str, str]] = {"rows": ("row", "rowOff"), "columns": ("col", "colOff")}


@dataclass
class Marker:
    """A corner of an anchor along one axis: the line it is in (from 1), and how far."""

    line: int
    offset: int


def update(root: etree._Element, shift: Shift, effects: Effects) -> bool:
    """Bring the anchors in a drawing (or of a sheet's controls) up to date."""
    changed = False
    for anchor in [item for item in root.iter() if local(item) in _ANCHORS]:
        if _anchor(anchor, shift):
            changed = True
            effects.adjusted["places of charts, pictures or shapes"] += 1
    return changed


def _anchor(anchor: etree._Element, shift: Shift) -> bool:
    corners = {local(item): item for item in anchor if local(item) in ("from", "to")}
    if "from" not in corners:
        return False
    start = _read(corners["from"], shift.axis)
    end = _read(corners["to"], shift.axis) if "to" in corners else None
    if not _takes_part(corners, shift):
        return False
    if _moves_only(anchor) or end is None:
        new_start, new_end = _carried(start, end, shift)
    elif _stays(anchor):
        return False
    else:
        new_start, new_end = _stretched(start, end, shift)
    if new_start == start and new_end == end:
        return False
    _write(corners["from"], shift.axis, new_start)
    if new_end is not None:
        _write(corners["to"], shift.axis, new_end)
    return True


def _takes_part(corners: dict[str, etree._Element], shift: Shift) -> bool:
    """Where single cells are shifted, only what stands wholly above or beside them goes along."""
    other: Axis = "columns" if shift.axis == "rows" else "rows"
    lines = [_read(corner, other).line for corner in corners.values()]
    return shift.covers((min(lines), max(lines)))


def _moves_only(anchor: etree._Element) -> bool:
    if local(anchor) == "anchor":
        return _flag(anchor, "moveWithCells") and not _flag(anchor, "sizeWithCells")
    return anchor.get("editAs") == "oneCell" or local(anchor) == "oneCellAnchor"


def _stays(anchor: etree._Element) -> bool:
    if local(anchor) == "anchor":
        return not _flag(anchor, "moveWithCells")
    return anchor.get("editAs") == "absolute"


def _flag(element: etree._Element, name: str) -> bool:
    return element.get(name) in ("1", "true")


def _carried(start: Marker, end: Marker | None, shift: Shift) -> tuple[Marker, Marker | None]:
    """Both corners go as far as the upper left one does."""
    place = shift.lines.line(start.line)
    new = Marker(place, start.offset) if place else _edge(start, shift)
    if end is None:
        return new, None
    return new, Marker(end.line + new.line - start.line, end.offset)


def _edge(marker: Marker, shift: Shift) -> Marker:
    """Where lines were deleted, or at the sheet's end."""
    return Marker(min(shift.lines.first, shift.lines.limit), 0)


def _stretched(start: Marker, end: Marker, shift: Shift) -> tuple[Marker, Marker]:
    """The corners go with their lines."""
    # Where the lower corner is just at the beginning of a line, that line is not covered.
    flush = end.offset == 0 and end.line > start.line
    last = end.line - 1 if flush else end.line
    lines = shift.lines
    span = (
        lines.stretch(start.line, last)
        if isinstance(lines, Moved)
        else lines.span(start.line, last)
    )
    if span is None:
        edge = _edge(start, shift)
        return edge, Marker(edge.line, 0)
    new_start = Marker(span[0], start.offset if lines.line(start.line) else 0)
    if flush or not lines.line(end.line):
        return new_start, Marker(span[1] + 1, 0)
    return new_start, Marker(span[1], end.offset)


def _read(corner: etree._Element, axis: Axis) -> Marker:
    values = {local(item): int(item.text or "0") for item in corner}
    line, offset = _WORDS[axis]
    return Marker(values.get(line, 0) + 1, values.get(offset, 0))


def _write(corner: etree._Element, axis: Axis, marker: Marker) -> None:
    line, offset = _WORDS[axis]
    for item in corner:
        if local(item) == line:
            # Some programs let a shape that covers all end beyond the last line.
            item.text = str(min(marker.line, LIMITS[axis]) - 1)
        elif local(item) == offset:
            item.text = str(marker.offset)


# VML --------------------------------------------------------------------------

# Places of the numbers in an anchor: left, dx, top, dy, right, dx, bottom, dy.
_IN_ANCHOR: dict[Axis, tuple[int, int]] = {"rows": (2, 6), "columns": (0, 4)}
_FORMULAS = frozenset({"FmlaLink", "FmlaRange", "FmlaGroup", "FmlaTxbx", "FmlaPict"})


def update_vml(root: etree._Element, rewriter: Rewriter, home: str) -> bool:
    """Bring comment boxes and controls in a VML drawing up to date."""
    changed = False
    for data in [item for item in root.iter() if local(item) == "ClientData"]:
        for item in data:
            if local(item) in _FORMULAS and item.text:
                new = rewriter.formula(item.text, home)
                changed |= new != item.text
                item.text = new
        shift = rewriter.shift(home)
        if shift is not None:
            changed |= _client_data(data, shift)
    return changed


def _client_data(data: etree._Element, shift: Shift) -> bool:
    parts = {local(item): item for item in data}
    if data.get("ObjectType") == "Note" and "Row" in parts and "Column" in parts:
        row, column = (int(parts[name].text or "0") + 1 for name in ("Row", "Column"))
        place = shift.cell(row, column)
        if place is None:
            shape = data.getparent()
            assert shape is not None
            removed(shape)
            return True
        parts["Row"].text, parts["Column"].text = str(place[0] - 1), str(place[1] - 1)
        step = place[0] - row if shift.axis == "rows" else place[1] - column
    elif "Anchor" in parts and shift.whole:
        line = _numbers(parts["Anchor"])[_IN_ANCHOR[shift.axis][0]] + 1
        step = (shift.lines.line(line) or shift.lines.first) - line
    else:
        return False
    if step and "Anchor" in parts:
        _step(parts["Anchor"], shift.axis, step)
    return bool(step)


def _numbers(anchor: etree._Element) -> list[int]:
    numbers = [int(float(part)) for part in (anchor.text or "").split(",") if part.strip()]
    return numbers if len(numbers) == 8 else [0] * 8


def _step(anchor: etree._Element, axis: Axis, step: int) -> None:
    numbers = _numbers(anchor)
    # A box may begin above its cell, but not above the sheet.
    step = max(step, -min(numbers[place] for place in _IN_ANCHOR[axis]))
    for place in _IN_ANCHOR[axis]:
        numbers[place] += step
    anchor.text = ", ".join(map(str, numbers))
