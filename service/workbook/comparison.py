"""What is different between two states of a workbook, told by cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook import cells
from service.workbook.book import Book
from service.workbook.keeping.lazy import LazyCells
from service.workbook.keeping.sparklines import groups_of
from service.workbook.lined_up import LinedUp, as_moment, lined_up, shape_of

Cells: TypeAlias = dict[tuple[int, int], Cell]
_LONGEST = 300
_WORDS = 80


class _Side:
    """One of the two states: its cells, and how each way of looking reads.

    Many cells share few ways of looking, so each is worked out once.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._looks: dict[bytes, object] = {}

    def places(self, name: str) -> Cells:
        found: Cells = self.book.xl[name]._cells if self.has(name) else {}
        return found

    def has(self, name: str) -> bool:
        return name in self.book.sheet_names

    def look(self, cell: Cell | None) -> object:
        """The whole format of a cell, to compare; None is the default."""
        if cell is None or not cell.has_style:
            return None
        key = cell._style.tobytes()
        if key not in self._looks:
            parts = (cell.font, cell.fill, cell.border)
            # A file that was opened has no word for what is false.
            looks = (repr(part).replace("=False", "=None") for part in parts)
            aligned = cell.alignment
            told = tuple(getattr(aligned, name) or None for name in Alignment.__attrs__)
            self._looks[key] = (cell.number_format, told, *looks, repr(cell.protection))
        return self._looks[key]

    def value(self, cell: Cell | None) -> cells.Scalar:
        if cell is None or cell.value is None:
            return None
        return cells.shown(self.book.value(cell))


def told_changes(before: Book, after: Book, page: int, per_page: int) -> dict[str, Any]:
    """One page of the cells that differ, with sheets and objects that came or went.

    :param page: from 1
    :returns: ``changed_cells`` (how many in all), ``cells`` (this page), ``next_page``
    """
    old, new = _Side(before), _Side(after)
    every = list(_changed_cells(old, new))
    first = (page - 1) * per_page
    shown = [_told(old, new, *place) for place in every[first : first + per_page]]
    found: dict[str, Any] = {"changed_cells": len(every), "cells": shown}
    if first + per_page < len(every):
        found["next_page"] = page + 1
    return found | _told_objects(before, after)


def changed_places(
    before: Book, after: Book, most: int = 20_000
) -> dict[str, dict[tuple[int, int], str]]:
    """What is different of each changed cell that is there now, in a few words, by sheet.

    Cells that only moved, since rows or columns came or went beside them, did not change. A
    sheet that came has an entry without cells.
    """
    old, new = _Side(before), _Side(after)
    found: dict[str, dict[tuple[int, int], str]] = {
        name: {} for name in after.sheet_names if not old.has(name)
    }
    for name, place, one, other in islice(_changed_pairs(old, new), most):
        found.setdefault(name, {})[place] = _in_words(old, new, one, other)
    return found


def _changed_pairs(
    before: _Side, after: _Side
) -> Iterator[tuple[str, tuple[int, int], Cell | None, Cell | None]]:
    """(sheet, place now, cell before, cell now) of each cell that differs."""
    for name in filter(before.has, after.book.sheet_names):
        old, new = before.places(name), after.places(name)
        lazy = isinstance(old, LazyCells) or isinstance(new, LazyCells)
        lines = LinedUp() if lazy else lined_up(old, new)
        if not lines.moved:
            for place in sorted(_places(old, new)):
                if _differs(before, after, old.get(place), new.get(place)):
                    yield name, place, old.get(place), new.get(place)
            continue
        came = {now: place for place in old if (now := lines.now(place)) is not None}
        for place in sorted({*came, *new}):
            one, other = old.get(came.get(place, (0, 0))), new.get(place)
            if not _same_moved(before, after, one, other):
                yield name, place, one, other


def _same_moved(before: _Side, after: _Side, old: Cell | None, new: Cell | None) -> bool:
    """Whether a cell that moved is the same; what its formula refers to may have moved, too."""
    if old is None and (new is None or new.value is None):
        return True  # a blank of a row or column that came
    if before.look(old) != after.look(new) or shape_of(old) != shape_of(new):
        return False
    return before.value(old) == after.value(new)


def _in_words(old: _Side, new: _Side, before: Cell | None, after: Cell | None) -> str:
    if shape_of(before) == shape_of(after) and old.value(before) == new.value(after):
        if before is not None and _content(before) != _content(after):
            return f"was {str(_content(before))[:_WORDS]}"
        return "format changed"
    if before is None or before.value is None:
        return "new"
    shown = str(old.value(before))
    return f"was {shown if len(shown) <= _WORDS else shown[:_WORDS] + '...'}"


def _changed_cells(before: _Side, after: _Side) -> Iterator[tuple[str, int, int]]:
    names = before.book.sheet_names
    for name in [*names, *(other for other in after.book.sheet_names if other not in names)]:
        old, new = before.places(name), after.places(name)
        for place in sorted(_places(old, new)):
            if _differs(before, after, old.get(place), new.get(place)):
                yield name, *place


def _places(old: Cells, new: Cells) -> set[tuple[int, int]]:
    """Where cells may differ: of a very large sheet only what somebody asked for."""
    if isinstance(old, LazyCells) and isinstance(new, LazyCells) and new.only_edits_of(old):
        return {place for cells_ in (old, new) for place, _ in cells_.loaded()}
    return {*old.keys(), *new.keys()}


def _differs(before: _Side, after: _Side, old: Cell | None, new: Cell | None) -> bool:
    """Whether a cell's content, value or format differs; a blank is as good as none."""
    if _content(old) != _content(new) or before.look(old) != after.look(new):
        return True
    formula = old is not None and old.data_type == "f"
    return formula and before.value(old) != after.value(new)


def _content(cell: Cell | None) -> object:
    if cell is None or cell.value is None:
        return None
    return cells.formula_of(cell) or (cell.data_type, str(as_moment(cell.value)))


def _told(before: _Side, after: _Side, name: str, row: int, column: int) -> dict[str, Any]:
    old, new = (side.places(name).get((row, column)) for side in (before, after))
    told: dict[str, Any] = {"cell": f"{name}!{get_column_letter(column)}{row}"}
    values = before.value(old), after.value(new)
    if _content(old) != _content(new) or values[0] != values[1]:
        told |= {"before": _short(values[0]), "after": _short(values[1])}
        told |= {
            f"formula_{when}": _short(formula)
            for when, cell in (("before", old), ("after", new))
            if cell is not None and (formula := cells.formula_of(cell))
        }
    if before.look(old) != after.look(new):
        told["format"] = _told_format(old, new)
    return told


def _short(value: cells.Scalar) -> cells.Scalar:
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}... ({len(value):,} characters)"
    return value


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
    size = "" if font.sz is None else f"{font.sz:g}"
    sides = [
        s for s in ("left", "right", "top", "bottom") if (side := getattr(border, s)) and side.style
    ]
    return {
        "number_format": str(cell.number_format),
        "font": " ".join(filter(None, [font.name, size, *looks, _color(font.color)])),
        "fill": _told_fill(fill),
        "border": " ".join(f"{side} {getattr(border, side).style}" for side in sides) or "none",
        "alignment": " ".join(
            str(value) for value in (cell.alignment.horizontal, cell.alignment.vertical) if value
        )
        + (" wrap" if cell.alignment.wrap_text else ""),
    }


def _told_fill(fill: Any) -> str:
    if fill.tagname == "gradientFill":
        return " ".join(["gradient", *(_color(stop.color) for stop in fill.stop)])
    return _color(fill.fgColor) if fill.fill_type else "none"


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
    found["layout_changed"] = {
        name: changed
        for name in new
        if name in old and (changed := _changed_layout(before.xl[name], after.xl[name]))
    }
    return {name: value for name, value in found.items() if value}


def _changed_layout(old: Worksheet, new: Worksheet) -> list[str]:
    first, second = _layout(old), _layout(new)
    return [name for name in first if first[name] != second[name]]


def _layout(sheet: Worksheet) -> dict[str, object]:
    """What belongs to a sheet and not to a cell, by the words in which it is told."""
    rows, columns = sheet.row_dimensions, sheet.column_dimensions
    return {
        "merged cells": sorted(map(str, sheet.merged_cells.ranges)),
        "column widths": {name: (c.width, c.hidden) for name, c in columns.items() if c.width},
        "row heights": {
            number: (row.height, row.hidden)
            for number, row in rows.items()
            if row.height is not None or row.hidden
        },
        "frozen panes": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
        "sparklines": groups_of(sheet),
        "visibility": sheet.sheet_state,
        "print area": sheet.print_area,
        "rules": sorted(
            f"{place.sqref} {len(rules)}"
            for place, rules in sheet.conditional_formatting._cf_rules.items()
        ),
        "validation": sorted(f"{v.sqref} {v.type}" for v in sheet.data_validations.dataValidation),
    }


def _count(book: Book, what: str) -> int:
    sheets: list[Worksheet] = book.xl.worksheets
    return sum(len(getattr(sheet, what)) for sheet in sheets)
