"""Conditional formats and data validations of some cells alone, in both of their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.references.text import Operand, Range, replaced, sheets_of
from service.workbook.rules import changes
from service.workbook.rules.cells import overlap, without
from service.workbook.rules.found import Found, found_on

MOST_AREAS = 500


def meeting(sheet: Worksheet, areas: Iterable[Area], *, formats: bool = False) -> list[Found]:
    """The rules that hold for any cell of some areas.

    :param formats: conditional formats alone
    """
    known = list(areas)
    found = [item for item in found_on(sheet) if overlap(item.areas, known)]
    return [item for item in found if item.is_format or not formats]


def count(sheet: Worksheet, area: Area) -> int:
    """How many rules and validations meet an area."""
    return len(meeting(sheet, [area]))


def clear(sheet: Worksheet, area: Area) -> None:
    """Take the rules and validations of an area away; around it they stay."""
    found = meeting(sheet, [area])
    changes.set_cells(sheet, [(item, without(item.areas, [area])) for item in found])


# Elsewhere ----------------------------------------------------------------------


@dataclass(frozen=True)
class Carried:
    """A rule that is to hold elsewhere, too.

    :param areas: the cells there
    :param known: those of them for which it holds already
    """

    rule: Found
    areas: list[Area]
    known: list[Area]


def carried(
    home: Worksheet, source: Area, away: Worksheet, areas: Iterable[Area], *, formats: bool = False
) -> list[Carried]:
    """The rules of an area's cells, as often as it fits into other areas.

    One that would hold for more than 500 areas comes without any.

    :param away: the sheet of these
    :param formats: conditional formats alone
    """
    targets, found = list(areas), []
    for item in meeting(home, [source], formats=formats):
        there = _there(item.areas, source, targets)
        known = _common(there, item.areas) if home is away else []
        found.append(Carried(item, there, known))
    return found


def _there(pieces: list[Area], source: Area, targets: list[Area]) -> list[Area]:
    found: list[Area] = []
    for piece, target in product(pieces, targets):
        for tile in _tiles(piece, source, target):
            found += without([tile], found)
            if len(found) > MOST_AREAS:
                return []
    return found


def taken(home: Worksheet, source: Area, target: Area) -> list[Carried]:
    """The rules of an area that is moved: it has none any more."""
    found = carried(home, source, home, [target])
    loose = [Carried(_loose(item.rule), item.areas, []) for item in found]
    clear(home, source)
    return loose


def _loose(item: Found) -> Found:
    """A rule that stays as it is now, whatever becomes of the sheet's."""
    return changes.twin(item, "", item.priority)


def put_down(
    sheet: Worksheet, areas: Iterable[Area], found: list[Carried], *, formats: bool = False
) -> int:
    """Give areas what was carried there, in place of what they had; how many rules gave way."""
    targets = list(areas)
    stays = {_key(item.rule): item.known for item in found}
    cleared = []
    for item in meeting(sheet, targets, formats=formats):
        left = without(item.areas, without(targets, stays.get(_key(item), [])))
        cleared += [(item, left)] if without(item.areas, left) else []
    twins = [(_loose(item.rule), without(item.areas, item.known)) for item in found]
    changes.set_cells(sheet, cleared)
    for item, there in twins:
        if there:
            free = changes.free_priority(found_on(sheet))
            changes.put(sheet, changes.twin(item, changes.free_id(sheet), free), there)
    return len(cleared)


def _key(item: Found) -> tuple[int, int, int, int]:
    """What tells a rule of a sheet from its others, until one of them is changed."""
    return id(item.rule), id(item.validation), item.later, item.place


def _common(areas: list[Area], others: list[Area]) -> list[Area]:
    return [piece for area in areas for piece in without([area], without([area], others))]


def _tiles(piece: Area, source: Area, target: Area) -> list[Area]:
    """Where the cells of a piece that lie in a source are, where that is repeated."""
    part = piece.common(source)
    if part is None:
        return []
    rows = _repeated(
        (part.first_row - source.first_row, part.last_row - source.first_row),
        source.rows,
        (target.first_row, target.last_row),
    )
    columns = _repeated(
        (part.first_column - source.first_column, part.last_column - source.first_column),
        source.columns,
        (target.first_column, target.last_column),
    )
    return [Area(row[0], column[0], row[1], column[1]) for row in rows for column in columns]


def _repeated(part: tuple[int, int], period: int, span: tuple[int, int]) -> list[tuple[int, int]]:
    """Where a part of so many lines is in a span which they fill again and again."""
    if part == (0, period - 1):
        return [span]
    starts = range(span[0] + part[0], span[1] + 1, period)
    return [(start, min(start + part[1] - part[0], span[1])) for start in starts]


# Rows under others --------------------------------------------------------------


def growing(rules: list[Found], body: Area, last: int) -> list[tuple[Found, list[Area]]]:
    """The rules that hold for all rows of columns, with the rows under these taken in.

    :param rules: those of the sheet
    :param body: the rows and columns as they were
    :param last: the last of the new rows, which begin right under them
    """
    found = []
    for item in rules:
        # A cell has one validation only.
        bars = [one for one in rules if not (one is item or item.is_format or one.is_format)]
        new = _under(item.areas, body, last, [area for one in bars for area in one.areas])
        if new:
            found.append((item, _joined([*item.areas, *new])))
    return found


def stretching(home: str, sheet: str, body: Area, last: int) -> Callable[[str], str]:
    """What makes a rule's formula read the new rows, too, where it reads all rows of columns.

    As where a table grows in Excel: ``$B$2:$B$9`` is ``$B$2:$B$11`` then. Rows that are not
    fixed are seen from each cell, and stay.

    :param home: the title of the rule's sheet
    :param sheet: that of the sheet with the rows
    """

    def visit(operand: Operand) -> str | None:
        titles = sheets_of(operand.sheet) if operand.sheet else [home]
        if not operand.area or [title.casefold() for title in titles] != [sheet.casefold()]:
            return None
        try:
            found = Range.read(operand.area)
        except ValueError:
            return None
        area, fixed = found.area, found.first.fixed_row and found.last.fixed_row
        rows = (area.first_row, area.last_row) == (body.first_row, body.last_row)
        inside = body.first_column <= area.first_column and area.last_column <= body.last_column
        if not (fixed and rows and inside and found.separator):
            return None
        longer = Area(area.first_row, area.first_column, last, area.last_column)
        return operand.sheet + found.at(longer) + operand.spill

    return lambda text: replaced(text, visit)


def _under(areas: list[Area], body: Area, last: int, others: list[Area]) -> list[Area]:
    """The new cells of a rule, without those of others."""
    found: list[Area] = []
    for area in areas:
        left = max(area.first_column, body.first_column)
        right = min(area.last_column, body.last_column)
        if not (left <= right and body.last_row <= area.last_row < last):
            continue
        if not without([Area(body.first_row, left, body.last_row, right)], areas):
            new = Area(area.last_row + 1, left, last, right)
            found += without([new], [*areas, *others, *found])
    return found


def _joined(areas: list[Area]) -> list[Area]:
    """Areas of the same columns that stand one under the other are one."""
    found: list[Area] = []
    for area in areas:
        columns = (area.first_column, area.last_column)
        for number, one in enumerate(found):
            same = (one.first_column, one.last_column) == columns
            if same and area.first_row == one.last_row + 1:
                found[number] = one.joined(area)
                break
        else:
            found.append(area)
    return found
