"""The cells of a part of a sheet as plain data for the page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.worksheet.worksheet import Worksheet

from service.languages import say
from service.workbook import cells
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area
from service.workbook.book import Book
from service.workbook.contents import merged_areas, table_areas
from service.workbook.display import shown
from service.workbook.preview.banding import Banding
from service.workbook.preview.conditions import Conditions, Effect
from service.workbook.preview.icons import icon
from service.workbook.preview.looks import Classes, Css, Looks, font_css
from service.workbook.preview.measures import Measures
from service.workbook.preview.palette import Palette
from service.workbook.preview.sparks import Sparks

Place: TypeAlias = tuple[int, int]
Changes: TypeAlias = dict[Place, str]

_LONGEST = 1_000  # characters of a cell's text, note or formula
# Kinds of cells. A text runs over into blank cells beside it, unless it stays inside.
_TEXT, _NUMBER, _CENTERED, _INSIDE, _TO_LEFT, _TO_BOTH = range(6)
_FILTERS = (
    "filters", "top10", "customFilters", "dynamicFilter", "colorFilter", "iconFilter",
)  # fmt: skip
_SAFE = ("http", "https", "mailto")


@dataclass
class Grid:
    """The cells of a window of rows.

    :param rows: by number, the cells of each: [column, text, classes, kind, more]
    :param icons: drawings of icons by name
    """

    rows: dict[int, list[list[Any]]] = field(default_factory=dict)
    icons: dict[str, list[Any]] = field(default_factory=dict)


class Painter:
    """Makes the cells of one sheet.

    :param changes: what to say of each changed cell, by place
    """

    def __init__(
        self,
        book: Book,
        sheet: Worksheet,
        measures: Measures,
        classes: Classes,
        changes: Changes,
        now: dt.datetime,
    ) -> None:
        self.book, self.sheet, self.measures = book, sheet, measures
        self.palette = Palette(book.xl)
        self.looks = Looks(self.palette, classes)
        self.classes = classes
        self.changes = changes
        self.conditions = Conditions(book, sheet, self.palette, now)
        self.tables = [
            Banding(table, area, self.palette)
            for table, area in table_areas(sheet)
            if table.tableStyleInfo is not None
        ]
        self.merges = merged_areas(sheet)
        self.sparks: Sparks | None = None
        self.filters = filter_buttons(sheet)
        self._covered: dict[Place, Area] = {}

    def paint(self, window: Area) -> Grid:
        """The cells of an area."""
        grid = Grid()
        self._covered = _covered(self.merges, window)
        places = [
            (row, column)
            for row in range(window.first_row, window.last_row + 1)
            for column in range(window.first_column, window.last_column + 1)
        ]
        found = {p: c for p in places if (c := self.book.cell(self.sheet, *p)) is not None}
        self.conditions.prepare(found)
        borders = self._borders(window, found)
        for row in range(window.first_row, window.last_row + 1):
            done = []
            for column in range(window.first_column, window.last_column + 1):
                place = (row, column)
                one = self._cell(place, found.get(place), borders.get(place, {}), grid)
                if one is not None:
                    done.append(one)
            self._fit(row, found, done, window)
            if done:
                grid.rows[row] = done
        return grid

    def _fit(self, row: int, found: dict[Place, Cell], done: list[list[Any]], window: Area) -> None:
        texts = {one[0]: one[1] for one in done}
        self.measures.fit(
            row,
            [
                (cell, texts[column])
                for column in range(window.first_column, window.last_column + 1)
                if (cell := found.get((row, column))) is not None
                and texts.get(column)
                and (row, column) not in self._covered
            ],
        )

    # One cell -----------------------------------------------------------------

    def _cell(
        self, place: Place, cell: Cell | None, borders: dict[str, str], grid: Grid
    ) -> list[Any] | None:
        merge = self._covered.get(place)
        if merge is not None and (merge.first_row, merge.first_column) != place:
            return None
        value = self.book.value(cell) if cell is not None and cell.value is not None else None
        effect = self.conditions.of(place, value) if cell is not None else None
        more: dict[str, Any] = {}
        text, kind, names = "", _TEXT, []
        if cell is not None and not isinstance(cell, MergedCell):
            text, kind, color = self._shown(cell, value, effect)
            names.append(self._look(place, cell, color))
            more |= self._about(cell)
        elif table := self._table(place):
            names.append(self.looks.made(table.css(*place)))
        if effect is not None:
            names.append(self.looks.made(effect.css, important=True) if effect.css else "")
            borders = {**borders, **effect.borders}
            more |= _marks(effect, grid)
        if self.sparks is not None and place in self.sparks.places:
            more |= self._spark(place, merge)
        lines = {f"border-{side}": line for side, line in borders.items()}
        if "bottom" in borders and "right" not in borders:
            lines["border-right-width"] = "0"  # or the line would be notched at each cell
        names.append(self.classes.named(lines, important=True))
        if place in self.filters:
            more["v"] = 2 if self.filters[place] else 1
        if place in self.changes:
            more["d"] = _difference(self.changes[place])
        told = " ".join(filter(None, names))
        if not (text or told or more or merge):
            return None
        one = [place[1], text, told, kind]
        return [*one, more] if more else one

    def _spark(self, place: Place, merge: Area | None) -> dict[str, Any]:
        area = merge or Area(*place, *place)
        measures = self.measures
        width = sum(measures.column(n) for n in range(area.first_column, area.last_column + 1))
        height = sum(measures.height(n) for n in range(area.first_row, area.last_row + 1))
        assert self.sparks is not None
        picture, words = self.sparks.drawn(place, max(width, 8), max(height, 8))
        return {"k": picture, "w": words}

    def _look(self, place: Place, cell: Cell, color: str) -> str:
        table = self._table(place)
        under = table.css(*place) if table else None
        if not cell.has_style:
            return self.looks.made(under) if under else ""
        return self.looks.of(cell, under, color)

    def _table(self, place: Place) -> Banding | None:
        return next((table for table in self.tables if table.area.holds(*place)), None)

    def _shown(self, cell: Cell, value: object, effect: Effect | None) -> tuple[str, int, str]:
        """(text, kind of value, colour that the number format asks for)."""
        if value is None and cell.data_type == "f" and self.book.computed(cell).unknown:
            return "…", _CENTERED, ""
        code = effect.number_format if effect and effect.number_format else ""
        code = code or (str(cell.number_format) if cell.has_style else "General")
        if self._shows_formulas():
            value = cells.formula_of(cell) or value
        found = shown(value, code, self.book.xl.epoch)
        text = "" if effect is not None and effect.hides_value else found.text[:_LONGEST]
        kind = cells.kind_of(value)
        if kind in ("number", "date"):
            return text, _NUMBER, found.color
        if kind in ("boolean", "error"):
            return text, _CENTERED, found.color
        return text, _text_kind(cell), found.color

    def _shows_formulas(self) -> bool:
        return bool(self.sheet.sheet_view.showFormulas)

    def _about(self, cell: Cell) -> dict[str, Any]:
        """Formula, note, link, turned text and the formats of parts of a text."""
        more: dict[str, Any] = {}
        formula = cells.formula_of(cell) if cell.data_type == "f" else None
        if formula:
            more["f"] = formula[:_LONGEST]
        if cell.comment is not None:
            more["n"] = str(cell.comment.text or "")[:_LONGEST]
        if link := _link(cell):
            more["a"] = link
        if cell.has_style and cell.alignment.textRotation:
            more["r"] = int(cell.alignment.textRotation)
        if cell.has_style and cell.alignment.shrinkToFit:
            more["s"] = 1
        if isinstance(cell.value, CellRichText):
            more["t"] = self._runs(cell.value)
        return more

    def _runs(self, text: CellRichText) -> list[list[str]]:
        found = []
        for part in text:
            font = part.font if isinstance(part, TextBlock) else None
            css = _inline_css(font, self.palette)
            name = self.looks.made(css) if css else ""
            found.append([str(part)[:_LONGEST], name])
        return found

    # Lines ----------------------------------------------------------------------

    def _borders(self, window: Area, found: dict[Place, Cell]) -> dict[Place, dict[str, str]]:
        """The lines of each cell at its right and bottom; at the edge of the sheet all of them.

        Of two neighbours one draws the line between them.
        """
        lines: dict[Place, dict[str, str]] = {}
        for place, cell in found.items():
            own = self.looks.borders(cell) if cell.has_style else {}
            table = self._table(place)
            sides = {**table.borders(*place), **own} if table else own
            if sides:
                self._spread(place, sides, window, lines)
        return lines

    def _spread(
        self,
        place: Place,
        sides: dict[str, str],
        window: Area,
        lines: dict[Place, dict[str, str]],
    ) -> None:
        row, column = place
        merge = self._covered.get(place)
        for side, line in sides.items():
            at, of = place, side
            if side == "left" and column > window.first_column:
                at, of = (row, column - 1), "right"
            elif side == "top" and row > window.first_row:
                at, of = (row - 1, column), "bottom"
            if merge is not None and at == place and not _at_edge(merge, place, side):
                continue  # inside of merged cells no line shows
            other = self._covered.get(at)
            if other is not None:
                if other is merge and at != place:
                    continue
                at = (other.first_row, other.first_column)
            kept = lines.setdefault(at, {})
            if of not in kept or side in ("right", "bottom"):
                kept[of] = line


def filter_buttons(sheet: Worksheet) -> dict[Place, bool]:
    """The cells with the button of a filter, and whether that column is filtered."""
    kinds: list[tuple[Any, str]] = [(sheet.auto_filter, str(sheet.auto_filter.ref or ""))]
    for table, _ in table_areas(sheet):
        if table.autoFilter is not None and table.headerRowCount != 0:
            kinds.append((table.autoFilter, str(table.autoFilter.ref or table.ref)))
    found: dict[Place, bool] = {}
    for one, reference in kinds:
        if not reference:
            continue
        area = parse_area(reference, Area(1, 1, MAX_ROW, MAX_COLUMN))
        by_column = {int(item.colId): item for item in one.filterColumn}
        for column in range(area.columns):
            item = by_column.get(column)
            if item is None or not (item.hiddenButton or item.showButton is False):
                active = item is not None and any(
                    getattr(item, name, None) is not None for name in _FILTERS
                )
                found[area.first_row, area.first_column + column] = active
    return found


def _at_edge(merge: Area, place: Place, side: str) -> bool:
    row, column = place
    return {
        "left": column == merge.first_column, "right": column == merge.last_column,
        "top": row == merge.first_row, "bottom": row == merge.last_row,
    }[side]  # fmt: skip


def _covered(merges: list[Area], window: Area) -> dict[Place, Area]:
    found = {}
    for merge in merges:
        if not merge.overlaps(window):
            continue
        for row in range(max(merge.first_row, window.first_row), merge.last_row + 1):
            if row > window.last_row:
                break
            for column in range(merge.first_column, min(merge.last_column, window.last_column) + 1):
                found[row, column] = merge
    return found


def _text_kind(cell: Cell) -> int:
    """Where a long text runs to."""
    if not cell.has_style:
        return _TEXT
    alignment = cell.alignment
    if alignment.wrap_text:
        return _INSIDE
    sides = {None: _TEXT, "general": _TEXT, "left": _TEXT, "right": _TO_LEFT, "center": _TO_BOTH}
    return sides.get(alignment.horizontal, _INSIDE)


def _inline_css(font: Any, palette: Palette) -> Css:
    if font is None:
        return {}
    return font_css(_AsFont(font), palette)


class _AsFont:
    """A font of a part of a text, by the names that a cell's font has."""

    def __init__(self, font: Any) -> None:
        self.name, self.sz, self.b, self.i = font.rFont, font.sz, font.b, font.i
        self.u, self.strike, self.color = font.u, font.strike, font.color


def _difference(words: str) -> str:
    """What changed in a cell, see ``comparison.changed_places``, in the page's language."""
    was, before = words[:4], words[4:]
    return say("was {value}", value=before) if was == "was " else say(words)


def _link(cell: Cell) -> str:
    """Where a cell leads: an address of the web, or "#Sheet!A1" in the workbook."""
    link = cell.hyperlink
    target = str(link.target or "") if link is not None else ""
    if link is not None and not target and link.location:
        return f"#{link.location}"
    if target.startswith("#"):
        return target
    try:
        return target if urlsplit(target).scheme.lower() in _SAFE else ""
    except ValueError:
        return ""


def _marks(effect: Effect, grid: Grid) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if effect.bar is not None:
        left, width, color, solid = effect.bar
        more["b"] = [round(left, 1), round(width, 1), f"#{color}", int(solid)]
    if effect.icon is not None:
        name = f"{effect.icon[0]} {effect.icon[1]}"
        grid.icons[name] = icon(*effect.icon)
        more["i"] = name
    return more
