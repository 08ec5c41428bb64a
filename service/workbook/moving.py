"""Moving a block of cells of an open workbook, as cutting and pasting does."""

from __future__ import annotations

from dataclasses import replace

from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook import attached_rules
from service.workbook.areas import Area, parse_cell
from service.workbook.book import Book
from service.workbook.contents import Content, inside, merged_areas, places, put, taken
from service.workbook.references.blocks import MoveBlock, qualified, relocate
from service.workbook.references.index import Effects


def move_block(book: Book, change: MoveBlock) -> Effects:
    """Move cells with formats, notes and links; all references to them follow.

    What is in the way has to be refused before.
    """
    before = book.calculation.before_move()
    with book.changing():
        _carry(book, change)
        draft = book.draft({})
        effects = relocate(draft, change)
        book.restructured(draft.saved(), change.moved, before)
    return effects


def _carry(book: Book, change: MoveBlock) -> None:
    """The cells, in the editor."""
    home, away = book.xl[change.sheet], book.xl[change.to]
    down, right = change.step
    merged = [block for block in merged_areas(home) if inside(block, change.source)]
    for block in merged:
        home.unmerge_cells(str(block))
    rules = attached_rules.taken(home, change.source, change.target)
    attached_rules.put_down(away, [change.target], rules)
    contents = [taken(home, *place) for place in places(change.source)]
    for content in contents:
        put(home, content.row, content.column, Content(content.row, content.column))
    for content in contents:
        new = content if change.stays else _on_other_sheet(content, change.sheet)
        put(away, content.row + down, content.column + right, new, follow=False)
    for block in merged:
        away.merge_cells(str(_stepped(block, down, right)))
    _carry_filter(home, away, change)


def _carry_filter(home: Worksheet, away: Worksheet, change: MoveBlock) -> None:
    """A filter whose whole range is moved goes along, unless there is one already."""
    first, _, last = str(home.auto_filter.ref or "").partition(":")
    if not first:
        return
    area = Area(*parse_cell(first), *parse_cell(last or first))
    if not inside(area, change.source):
        return
    moved, filter_ = str(_stepped(area, *change.step)), home.auto_filter
    if not change.stays:
        home.auto_filter = AutoFilter()
        if away.auto_filter.ref:
            return
        away.auto_filter = filter_
    filter_.ref = moved


def _on_other_sheet(content: Content, sheet: str) -> Content:
    if content.data_type != "f":
        return content
    value = content.value
    if isinstance(value, ArrayFormula):
        return replace(content, value=type(value)(value.ref, qualified(value.text or "", sheet)))
    return replace(content, value=qualified(str(value), sheet))


def _stepped(area: Area, down: int, right: int) -> Area:
    return Area(
        area.first_row + down,
        area.first_column + right,
        area.last_row + down,
        area.last_column + right,
    )


__all__ = ["MoveBlock", "move_block"]
