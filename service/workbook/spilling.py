"""Bringing what dynamic arrays fill up to date in the editor.

What they spill stands there as plain values, as in a file: whoever looks at cells finds
them. A value that somebody writes in the way of an array stays, and the array shows
``#SPILL!``, as in Excel.
"""

from __future__ import annotations

from typing import Any

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles.cell_style import StyleArray
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.calculation.source import barred_areas
from service.workbook.dynamic import DynamicArray, Place, Spill, places, spills_of
from service.workbook.keeping.cells import OpenedCell


def retract(sheet: Worksheet) -> bool:
    """After a change: take back what arrays spilled that are gone, or have something in the way.

    :returns: whether anything was
    """
    changed = False
    for at, spill in list(spills_of(sheet).items()):
        cell = sheet._cells.get(at)
        stays = cell is not None and isinstance(cell._value, DynamicArray)
        if not stays or any(not _spilled(sheet, place, spill) for place in places(spill.area)):
            changed = True
            _take_back(sheet, spill, Area(*at, *at))
        if stays:
            _refer(cell, spill.area)
        else:
            del spills_of(sheet)[at]
    return changed


def extend(sheet: Worksheet, at: Place, area: Area, values: dict[Place, object]) -> bool:
    """Let an array fill an area of the editor; whether that changed which cells are filled.

    :param values: by place, those of the cells that the array gives a value to
    """
    spill, cell = spills_of(sheet)[at], sheet._cells[at]
    missing = [place for place in places(area) if not _filled(sheet, place)]
    if spill.area == area and not missing:
        for place in spill.values.keys() & values.keys():
            _set(sheet, place, spill, values[place])
        return False
    if not all(_is_free(sheet, place, spill) for place in places(area)):
        return False
    _take_back(sheet, spill, area)
    spill.area = area
    for place in places(area):
        if place in spill.values or not _filled(sheet, place):
            _set(sheet, place, spill, values.get(place, 0))
    _refer(cell, area)
    return True


def _refer(cell: Any, area: Area) -> None:
    """Have a formula's reference say what it fills."""
    if cell._value.ref != str(area):
        cell._value = DynamicArray(str(area), cell._value.text)


def in_the_way(sheet: Worksheet, area: Area) -> str:
    """The first cells that keep an array from filling an area, such as "D4, D7"; "" for none."""
    for barred in barred_areas(sheet):
        if barred.overlaps(area):
            return f"{barred} (merged cells or a table)"
    found = (sheet._cells.get(place) for place in places(area))
    names = [c.coordinate for c in found if c is not None and c._value is not None]
    return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")


def _is_free(sheet: Worksheet, place: Place, spill: Spill) -> bool:
    """Whether an array may fill a cell: it is blank, or the array's own already."""
    return not _filled(sheet, place) or (spill.area.holds(*place) and _spilled(sheet, place, spill))


def _filled(sheet: Worksheet, place: Place) -> bool:
    cell = sheet._cells.get(place)
    return cell is not None and cell._value is not None


def _spilled(sheet: Worksheet, place: Place, spill: Spill) -> bool:
    """Whether a cell still holds what the array put there; a blank one is in nobody's way."""
    cell = sheet._cells.get(place)
    if cell is None:
        return True
    if isinstance(cell, MergedCell):
        return False
    if cell._value is None:
        return True
    if cell.data_type == "f":
        return False
    if place in spill.values:
        given = spill.values[place]
        return type(cell._value) is type(given) and bool(cell._value == given)
    return isinstance(cell, OpenedCell) and not (cell.moved or cell.rewritten)


def _take_back(sheet: Worksheet, spill: Spill, kept: Area) -> None:
    """Make the cells blank again that the array filled, but those in ``kept``."""
    for place in places(spill.area):
        if kept.holds(*place):
            continue
        cell = sheet._cells.get(place)
        if cell is not None and not isinstance(cell, MergedCell) and _spilled(sheet, place, spill):
            if cell.has_style or cell._comment is not None or cell._hyperlink is not None:
                cell._value, cell.data_type = None, "n"
            else:
                del sheet._cells[place]
        spill.values.pop(place, None)
    spill.area = kept


def _set(sheet: Worksheet, place: Place, spill: Spill, value: object) -> None:
    cell = sheet._cells.get(place)
    if cell is None:
        cell = sheet._cells[place] = Cell(sheet, *place)
    if cell._style is None:
        cell._style = StyleArray()
    cell._value = spill.values[place] = value
    cell.data_type = _kind(value)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "b"
    return "n" if isinstance(value, int | float) else "s"
