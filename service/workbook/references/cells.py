"""The cells of a sheet's part under a change: formulas, shared ones, arrays, and places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from service.workbook.areas import Area
from service.workbook.references.changes import Shift
from service.workbook.references.lines import Inserted, Moved
from service.workbook.references.rewriting import Rewriter
from service.workbook.references.sheet_xml import (
    CellXml,
    FormulaXml,
    Row,
    cells_of,
    column_letters,
    each_cell_placed,
    each_formula_cell,
    formula_of,
    rows_of,
    with_formula,
)
from service.workbook.references.text import GONE, areas_of, translated

_HELD = re.compile(rb"<(?:v|is)\b[^>]*?(?:/>|>.*?</(?:v|is)\s*>)", re.DOTALL)
_KIND = re.compile(rb'\st="[^"]*"')
# What a new row takes over from the row above, as Excel does it.
_LOOK = re.compile(rb'\s(?:s|customFormat|ht|customHeight)="[^"]*"')
_SPANS = re.compile(rb'\sspans="[^"]*"')
_ROW_SPANS = re.compile(rb'(<row\b[^>]*?)\sspans="[^"]*"')
_ROW_OF = re.compile(rb'\br="[A-Z]+(\d+)"')
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')
_LEVEL = re.compile(rb'\soutlineLevel="(\d)"')


@dataclass
class Seen:
    """What a walk over cells found: how many formulas it changed, and which broke."""

    changed: int = 0
    broken: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """An array formula or a what-if table: cells that belong together.

    :param dynamic: whether it spills, so that its cells come anew with each calculation
    """

    row: int
    column: int
    area: Area
    kind: str
    dynamic: bool


def blocks_of(data: bytes) -> list[Block]:
    """Array formulas and what-if tables of a sheet."""
    if b't="array"' not in data and b't="dataTable"' not in data:
        return []
    found = []
    for cell in _cells_with(data, (b't="array"', b't="dataTable"')):
        formula = formula_of(cell.content)
        if formula is not None and formula.get("ref"):
            area = areas_of(formula.get("ref"))[0]
            dynamic = b" cm=" in b" " + cell.attributes and formula.get("t") == "array"
            found.append(Block(cell.row, cell.column, area, formula.get("t"), dynamic))
    return found


def _cells_with(data: bytes, marks: tuple[bytes, ...]) -> Iterator[CellXml]:
    for row in rows_of(data):
        if any(mark in row.cells for mark in marks):
            for cell in cells_of(row):
                if any(mark in cell.content for mark in marks):
                    yield cell


# Formulas ---------------------------------------------------------------------


def expanded(data: bytes, wanted: Callable[[str], bool]) -> bytes:
    """Shared formulas written out in each of their cells.

    :param wanted: whether a group is meant, by the text of its formula
    """
    masters: dict[str, tuple[int, int, str]] = {}
    for cell in _cells_with(data, (b't="shared"',)):
        formula = formula_of(cell.content)
        if formula is not None and formula.text and wanted(formula.text):
            masters.setdefault(formula.get("si"), (cell.row, cell.column, formula.text))
    if not masters:
        return data

    def one(cell: CellXml) -> CellXml | None:
        formula = formula_of(cell.content)
        if formula is None or formula.get("t") != "shared" or formula.get("si") not in masters:
            return None
        row, column, text = masters[formula.get("si")]
        own = formula.text or translated(text, cell.row - row, cell.column - column)
        for name in ("t", "si", "ref"):
            formula.set(name, "")
        plain = FormulaXml(formula.attributes, own)
        return replace(cell, content=with_formula(cell.content, plain))

    return each_formula_cell(data, one)


def reformulated(data: bytes, rewriter: Rewriter, home: str, seen: Seen) -> bytes:
    """The formulas of a sheet after the change, in the places they had before."""
    shift = rewriter.shift(home)

    def one(cell: CellXml) -> CellXml | None:
        formula = formula_of(cell.content)
        if formula is None:
            return None
        text = rewriter.formula(formula.text, home)
        held = _rearranged(formula, shift) if shift is not None else False
        if text == formula.text and not held:
            return None
        seen.changed += text != formula.text
        broken = text.count(GONE) > formula.text.count(GONE)
        formula.text = text
        if not broken:
            return replace(cell, content=with_formula(cell.content, formula))
        seen.broken.append((cell.row, cell.column, text))
        # What it gave before is not its value any more.
        content = _HELD.sub(b"", with_formula(cell.content, formula))
        return replace(cell, attributes=_without_kind(cell.attributes), content=content)

    return each_formula_cell(data, one) if b"<f" in data else data


def _without_kind(attributes: bytes) -> bytes:
    return _KIND.sub(b"", b" " + attributes).strip()


def _rearranged(formula: FormulaXml, shift: Shift) -> bool:
    """Bring the places in a formula's attributes up to date; whether there were any."""
    if not formula.attributes:
        return False
    if formula.get("t") == "dataTable":
        for name, gone in (("r1", "del1"), ("r2", "del2")):
            if formula.get(name):
                moved = shift.area(areas_of(formula.get(name))[0])
                formula.set(name, str(moved) if moved else formula.get(name))
                if moved is None:
                    formula.set(gone, "1")
    if not formula.get("ref"):
        return False
    area = areas_of(formula.get("ref"))[0]
    corner = shift.cell(area.first_row, area.first_column)
    if corner is not None:
        row, column = corner
        moved = Area(row, column, row + area.rows - 1, column + area.columns - 1)
        formula.set("ref", str(moved))
    return True


# Places -----------------------------------------------------------------------


def without_spills(data: bytes, blocks: list[Block], shift: Shift) -> bytes:
    """The data without what cut arrays spilled: with the next calculation they spill anew."""
    cut = [block for block in blocks if block.dynamic and shift.cuts(block.area)]
    if not cut:
        return data

    def spilled(cell: CellXml) -> bool:
        return any(
            block.area.holds(cell.row, cell.column)
            and (cell.row, cell.column) != (block.row, block.column)
            for block in cut
        )

    rows = []
    for row in rows_of(data):
        cells = [
            replace(c, attributes=_without_kind(c.attributes), content=b"") if spilled(c) else c
            for c in cells_of(row)
        ]
        rows.append(replace(row, cells=b"".join(c.written() for c in cells)).written())
    return b"".join(rows)


def moved(data: bytes, shift: Shift) -> bytes:
    """The cells of a sheet in the places they have after the change."""
    if shift.axis == "rows" and shift.whole:
        rows = list(_moved_rows(data, shift))
    elif shift.whole and not isinstance(shift.lines, Moved):
        return _moved_columns(data, shift)
    else:
        rows = _moved_cells(data, shift)
    rows.sort(key=lambda row: row.number)
    return b"".join(row.written() for row in rows)


def _moved_rows(data: bytes, shift: Shift) -> Iterator[Row]:
    lines = shift.lines
    inserted = lines if isinstance(lines, Inserted) else None
    above = below = None
    for row in rows_of(data):
        number = lines.line(row.number)
        if number is not None:
            yield row.at(number)
        if inserted and row.number == inserted.first - 1:
            above = row
        elif inserted and row.number == inserted.first:
            below = row
    if inserted and above:
        for number in range(inserted.first, inserted.first + inserted.count):
            if new := _like(above, below, number):
                yield new


def _like(above: Row, below: Row | None, number: int) -> Row | None:
    """A blank row that looks like the one above; None if there is nothing to look like."""
    hidden = _HIDDEN.search(above.attributes)
    attributes = b"" if hidden else b"".join(_LOOK.findall(above.attributes))
    level = _inner_level(above.attributes, below.attributes if below else b"")
    cells = b"".join(
        _blank(number, cell.column, cell.style).written() for cell in cells_of(above) if cell.style
    )
    if not (attributes or level or cells):
        return None
    return Row(number, f' r="{number}"'.encode() + attributes + level, cells)


def _inner_level(before: bytes, after: bytes) -> bytes:
    """The outline level of a line between two that belong to a group."""
    levels = [int(found[1]) if (found := _LEVEL.search(a)) else 0 for a in (before, after)]
    return f' outlineLevel="{min(levels)}"'.encode() if min(levels) else b""


def _blank(row: int, column: int, style: bytes) -> CellXml:
    place = column_letters(column) + str(row).encode()
    return CellXml(row, column, b'r="' + place + b'" s="' + style + b'"', b"")


def _moved_columns(data: bytes, shift: Shift) -> bytes:
    """The cells after columns were inserted or deleted: their order stays."""
    lines = shift.lines
    inserted = lines if isinstance(lines, Inserted) and lines.first > 1 else None

    def behind(column: int, attributes: bytes) -> bytes:
        """Blank cells that look like the one to the left of the new columns."""
        if inserted is None or column != inserted.first - 1:
            return b""
        model = CellXml(0, column, attributes, b"")
        place = _ROW_OF.search(attributes)
        if not model.style or place is None:
            return b""
        new = range(inserted.first, inserted.first + inserted.count)
        return b"".join(_blank(int(place[1]), n, model.style).written() for n in new)

    visit = behind if inserted else None
    placed = each_cell_placed(data, lambda column: lines.line(column) or 0, visit)
    return _ROW_SPANS.sub(rb"\1", placed)


def _moved_cells(data: bytes, shift: Shift) -> list[Row]:
    """The rows after a change of columns, or of cells."""
    rows = {row.number: row for row in rows_of(data)}
    held: dict[int, list[CellXml]] = {number: [] for number in rows}
    for row in rows.values():
        for cell in cells_of(row):
            place = shift.cell(cell.row, cell.column)
            if place is not None:
                held.setdefault(place[0], []).append(cell.at(*place))
    for cell in _new_cells(rows.values(), shift):
        held.setdefault(cell.row, []).append(cell)
    for number, cells in held.items():
        row = rows.get(number) or Row(number, f' r="{number}"'.encode(), b"")
        cells.sort(key=lambda cell: cell.column)
        attributes = _SPANS.sub(b"", row.attributes)
        rows[number] = Row(number, attributes, b"".join(cell.written() for cell in cells))
    return list(rows.values())


def _new_cells(rows: Iterable[Row], shift: Shift) -> Iterator[CellXml]:
    """Blank cells that look like their neighbour to the left, or above."""
    lines = shift.lines
    if not isinstance(lines, Inserted) or lines.first == 1:
        return
    numbers = range(lines.first, lines.first + lines.count)
    for row in rows:
        for cell in cells_of(row):
            along, across = (
                (cell.row, cell.column) if shift.axis == "rows" else (cell.column, cell.row)
            )
            if along != lines.first - 1 or not shift.covers((across, across)) or not cell.style:
                continue
            for number in numbers:
                place = (number, across) if shift.axis == "rows" else (across, number)
                yield _blank(*place, cell.style)


def with_cells(data: bytes, new: Iterable[CellXml]) -> bytes:
    """The data with cells put in, in place of what is there; formats stay."""
    rows = {row.number: row for row in rows_of(data)}
    for cell in new:
        row = rows.get(cell.row) or Row(cell.row, f' r="{cell.row}"'.encode(), b"")
        cells = {other.column: other for other in cells_of(row)}
        old = cells.get(cell.column)
        if old is not None and old.style and not cell.style:
            cell = replace(cell, attributes=cell.attributes + b' s="' + old.style + b'"')
        cells[cell.column] = cell
        attributes = _SPANS.sub(b"", row.attributes)
        ordered = b"".join(cells[column].written() for column in sorted(cells))
        rows[cell.row] = Row(cell.row, attributes, ordered)
    return b"".join(rows[number].written() for number in sorted(rows))
