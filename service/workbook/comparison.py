"""What is different between two states of a workbook, told by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook import cells
from service.workbook.book import Book


def told_changes(before: Book, after: Book, page: int, per_page: int) -> dict[str, Any]:
    """One page of the cells that differ, with sheets and objects that came or went.

    :param page: from 1
    :returns: ``changed_cells`` (how many in all), ``cells`` (this page), ``next_page``
    """
    every = list(_changed_cells(before, after))
    first = (page - 1) * per_page
    shown = [_told(before, after, *place) for place in every[first : first + per_page]]
    found: dict[str, Any] = {"changed_cells": len(every), "cells": shown}
    if first + per_page < len(every):
        found["next_page"] = page + 1
    return found | _told_objects(before, after)


def _changed_cells(before: Book, after: Book) -> Iterator[tuple[str, int, int]]:
    for name in [*before.sheet_names, *(n for n in after.sheet_names if n not in before.xl)]:
        old = before.xl[name]._cells if name in before.xl else {}
        new = after.xl[name]._cells if name in after.xl else {}
        for place in sorted(old.keys() | new.keys()):
            if _differs(before, after, old.get(place), new.get(place)):
                yield name, *place


def _differs(before: Book, after: Book, old: Cell | None, new: Cell | None) -> bool:
    """Whether a cell's content, value or format differs; a blank is as good as none."""
    if _content(old) != _content(new) or _style(old) != _style(new):
        return True
    formula = old is not None and old.data_type == "f"
    return formula and _value(before, old) != _value(after, new)


def _content(cell: Cell | None) -> object:
    if cell is None or cell.value is None:
        return None
    return cells.formula_of(cell) or (cell.data_type, str(cell.value))


def _style(cell: Cell | None) -> object:
    if cell is None or not cell.has_style:
        return None
    parts = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection)
    return (cell.number_format, *map(repr, parts))


def _value(book: Book, cell: Cell | None) -> object:
    return None if cell is None or cell.value is None else cells.shown(book.value(cell))


def _told(before: Book, after: Book, name: str, row: int, column: int) -> dict[str, Any]:
    old, new = (_cell(book, name, row, column) for book in (before, after))
    told: dict[str, Any] = {"cell": f"{name}!{get_column_letter(column)}{row}"}
    if _content(old) != _content(new) or _value(before, old) != _value(after, new):
        told |= {"before": _value(before, old), "after": _value(after, new)}
        formulas = {
            f"formula_{when}": formula
            for when, cell in (("before", old), ("after", new))
            if cell is not None and (formula := cells.formula_of(cell))
        }
        told |= formulas
    if _style(old) != _style(new):
        told["format"] = _told_format(old, new)
    return told


def _cell(book: Book, name: str, row: int, column: int) -> Cell | None:
    return book.cell(book.xl[name], row, column) if name in book.xl else None


def _told_format(old: Cell | None, new: Cell | None) -> dict[str, list[str]]:
    """The parts of the format that differ: [before, after] by name."""
    first, second = _format_facts(old), _format_facts(new)
    found = {name: [first[name], second[name]] for name in first if first[name] != second[name]}
    return found or {"format": ["other", "other"]}


def _format_facts(cell: Cell | None) -> dict[str, str]:
    if cell is None or not cell.has_style:
        return dict.fromkeys(("number_format", "font", "fill", "border", "alignment"), "none")
    font, fill, border = cell.font, cell.fill, cell.border
    looks = [word for word in ("bold", "italic", "underline", "strike") if getattr(font, word)]
    sides = [
        s for s in ("left", "right", "top", "bottom") if (side := getattr(border, s)) and side.style
    ]
    return {
        "number_format": str(cell.number_format),
        "font": " ".join([f"{font.name} {font.sz:g}", *looks, _color(font.color)]).strip(),
        "fill": _color(fill.fgColor) if fill.fill_type else "none",
        "border": " ".join(f"{side} {getattr(border, side).style}" for side in sides) or "none",
        "alignment": " ".join(
            str(value) for value in (cell.alignment.horizontal, cell.alignment.vertical) if value
        )
        + (" wrap" if cell.alignment.wrap_text else ""),
    }


def _color(color: Any) -> str:
    if color is None:
        return ""
    return f"#{color.rgb[-6:]}" if color.type == "rgb" else f"{color.type} {color.value}"


def _told_objects(before: Book, after: Book) -> dict[str, Any]:
    old, new = before.sheet_names, after.sheet_names
    counts = {
        "charts": (_count(before, "_charts"), _count(after, "_charts")),
        "images": (_count(before, "_images"), _count(after, "_images")),
        "tables": (_count(before, "tables"), _count(after, "tables")),
    }
    found: dict[str, Any] = {
        "sheets_added": [name for name in new if name not in old],
        "sheets_removed": [name for name in old if name not in new],
    }
    found |= {f"{what}_added": b - a for what, (a, b) in counts.items() if a != b}
    return {name: value for name, value in found.items() if value}


def _count(book: Book, what: str) -> int:
    sheets: list[Worksheet] = book.xl.worksheets
    return sum(len(getattr(sheet, what)) for sheet in sheets)
