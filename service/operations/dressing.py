"""Giving many cells their looks: what is cleared, copied, named and set, in this order."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from openpyxl.styles import Border, PatternFill
from openpyxl.styles.cell_style import StyleArray
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted, listed
from service.operations.looks import SIDES, CellStyle, Changes
from service.workbook import attached_rules
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.named_styles import MAX_NAME, OWN, NamedStyles, Worn, own_name, plain_parts
from service.workbook.rules.cells import without

# Each cell to format, with the area it belongs to.
Places: TypeAlias = dict[tuple[int, int], Area]
_MOST_COPIED = 20_000


@dataclass(frozen=True)
class _Source:
    """The formats of an area, to be repeated over others."""

    sheet: Worksheet
    area: Area
    styles: dict[tuple[int, int], StyleArray]

    @classmethod
    def of(cls, book: Book, sheet: str, text: str) -> _Source:
        """:raises InvalidRange: if it is no range, or a very large one"""
        worksheet, area = book.sheet_and_area("" if "!" in text else sheet, text)
        if area.cells > _MOST_COPIED:
            raise InvalidRange(
                f"copy_from holds {area.cells:,} cells; at most {_MOST_COPIED:,} are taken.",
                "Name the cells whose look is wanted, such as one row of them.",
            )
        found = {}
        for row in range(area.rows):
            for column in range(area.columns):
                place = (area.first_row + row, area.first_column + column)
                cell = worksheet._cells.get(place)
                there = cell is not None and cell._style
                found[row, column] = copy(cell._style) if there else StyleArray()
        return cls(worksheet, area, found)

    def at(self, row: int, column: int, area: Area) -> StyleArray:
        """The format for a cell of an area to which this one is copied."""
        down, right = row - area.first_row, column - area.first_column
        return self.styles[down % self.area.rows, right % self.area.columns]


@dataclass
class Painted:
    """Conditional formats that come along with formats, in place of those there are."""

    sheet: Worksheet
    areas: list[Area]
    found: list[attached_rules.Carried]
    lost: int = 0

    def run(self) -> None:
        """Put them there."""
        self.lost = attached_rules.put_down(self.sheet, self.areas, self.found, formats=True)

    @property
    def taken(self) -> int:
        """How many come along; those that hold for the cells already don't count."""
        return sum(bool(without(item.areas, item.known)) for item in self.found)

    def notes(self) -> list[str]:
        """What a person should know."""
        left = [item.rule.cells.replace(" ", ",")[:60] for item in self.found if not item.areas]
        notes = []
        if self.lost:
            notes.append(f"{counted(self.lost, 'conditional format')} of these cells gave way.")
        if left:
            notes.append(
                f"{counted(len(left), 'conditional format')} ({', '.join(left[:5])}) did not "
                f"come along: the cells would be more than {attached_rules.MOST_AREAS} areas. Copy "
                "from whole rows or columns of the rule, or add it with add_excel_rule."
            )
        return notes


@dataclass
class Dressing:
    """All that is to be done to the look of cells, checked."""

    styles: NamedStyles
    changes: Changes
    clear: bool
    source: _Source | None
    named: Worn | None
    new_name: str

    @classmethod
    def planned(cls, book: Book, sheet: str, style: CellStyle, changes: Changes) -> Dressing:
        """:raises InvalidParameters: for a style that is unknown, or there already"""
        styles = NamedStyles(book.xl, book.memory)
        source = _Source.of(book, sheet, style.copy_from) if style.copy_from else None
        named = _named(styles, style.named_style) if style.named_style else None
        new_name = _new_name(styles, style.new_style, changes) if style.new_style else ""
        return cls(styles, changes, bool(style.clear), source, named, new_name)

    def painted(self, sheet: Worksheet, places: Places) -> Painted | None:
        """The conditional formats of cells that are copied from; as Excel's painter, no others."""
        source, areas = self.source, list(dict.fromkeys(places.values()))
        if source is None:
            return None
        found = attached_rules.carried(source.sheet, source.area, sheet, areas, formats=True)
        return Painted(sheet, areas, found)

    @property
    def style_name(self) -> str:
        """The named style that the cells get."""
        return self.new_name or (self.named.name if self.named else "")

    def run(self, sheet: Any, places: Places) -> None:
        """Each way a cell looked before is worked out once, so that many cells are quick."""
        if self.new_name:
            self.named = self._made(sheet)
        elif self.named is not None:
            self.named = self.styles.taken_in(self.named)
        done: dict[tuple[object, ...], Any] = {}
        for (row, column), area in places.items():
            cell: Any = sheet.cell(row, column)
            before = self._base(cell, row, column, area)
            edges = {
                "left": column == area.first_column,
                "right": column == area.last_column,
                "top": row == area.first_row,
                "bottom": row == area.last_row,
            }
            number = cell.data_type in ("n", "d") and cell.value is not None
            key = (before.tobytes(), *edges.values(), number)
            if key not in done:
                cell._style = before
                self._dress(cell, edges, number=number)
                done[key] = copy(cell._style)
            else:
                cell._style = copy(done[key])

    def _base(self, cell: Any, row: int, column: int, area: Area) -> StyleArray:
        if self.source is not None:
            return copy(self.source.at(row, column, area))
        if self.clear or not cell._style:
            return StyleArray()
        return cast(StyleArray, copy(cell._style))

    def _dress(self, cell: Any, edges: dict[str, bool], *, number: bool) -> None:
        if self.named is not None:
            self.named.put_on(cell)
        self.changes.apply(cell, edges, number=number)

    def _made(self, sheet: Any) -> Worn:
        """The new named style: Normal, with the settings of the call."""
        normal = sheet.parent._named_styles[0]
        font = copy(normal.font)
        for name, value in self.changes.font.items():
            setattr(font, name, value)
        pattern = _Pattern(font, **plain_parts())
        self.changes.apply(pattern, dict.fromkeys(SIDES, True), number=False)
        return self.styles.add(
            self.new_name,
            font=font,
            fill=pattern.fill,
            border=pattern.border,
            alignment=pattern.alignment,
            protection=pattern.protection,
            number_format=pattern.number_format,
        )


@dataclass
class _Pattern:
    """Something that looks like a cell, to make a style of."""

    font: Any
    fill: PatternFill
    border: Border
    alignment: Any
    protection: Any
    number_format: str


def _named(styles: NamedStyles, name: str) -> Worn:
    found = styles.worn(name)
    if found is None:
        raise InvalidParameters(
            f'named_style: no style "{name[:60]}". The workbook has {listed(styles.names)}; '
            f"Excel's own are {listed(list(OWN), 60)}.",
            "Use one of these, or make one: new_style with the name, beside what it sets.",
        )
    return found


def _new_name(styles: NamedStyles, name: str, changes: Changes) -> str:
    plain = name.strip()
    if not 0 < len(plain) <= MAX_NAME or not plain.isprintable():
        raise InvalidParameters(
            f"new_style: {name[:40]!r} is no name; Excel allows 1 to {MAX_NAME} characters.",
            "Use a short name.",
        )
    if styles.find(plain) is not None or own_name(plain):
        raise InvalidParameters(
            f'There is a style "{plain}" already.',
            "Use named_style to give it to cells, or choose another name for the new one.",
        )
    if changes == Changes():
        raise InvalidParameters(
            f'new_style "{plain}" would set nothing.',
            "Send its settings beside the name: fonts, fills, borders, alignment, number format.",
        )
    return plain
