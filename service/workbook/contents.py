"""What cells hold, taken up and put down elsewhere: values, formulas, looks, notes and links."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook import dynamic
from service.workbook.areas import Area, parse_cell
from service.workbook.book import filled_areas
from service.workbook.dynamic import DynamicArray
from service.workbook.references.text import copied


@dataclass(frozen=True)
class Content:
    """What one cell holds, taken from (row, column); a copy, which later changes leave alone."""

    row: int
    column: int
    value: Any = None
    data_type: str = "n"
    style: StyleArray | None = None
    link: Any = None
    comment: Any = None

    def plain(self, value: object, data_type: str) -> Content:
        """The same cell with another value."""
        return replace(self, value=value, data_type=data_type)

    @property
    def holds(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


def taken(sheet: Worksheet, row: int, column: int) -> Content:
    """What a cell holds."""
    cell = sheet._cells.get((row, column))
    if cell is None or isinstance(cell, MergedCell):
        return Content(row, column)
    style = copy(cell._style) if cell.has_style else None
    value, kind = cell._value, cell.data_type
    return Content(row, column, value, kind, style, cell._hyperlink, cell._comment)


def put(sheet: Worksheet, row: int, column: int, content: Content, *, follow: bool = True) -> None:
    """Put it into a cell, in place of all that is there.

    :param follow: whether the formula's relative references go along, as when it is copied
    """
    cell = sheet._cells.get((row, column))
    empty = content.value is None and not content.style and not content.link
    if empty and content.comment is None and cell is None:
        return
    cell = cell if cell is not None else sheet.cell(row, column)
    put_value(cell, content, follow=follow)
    cell._style = copy(content.style) if content.style else StyleArray()
    cell._hyperlink = None
    if content.link is not None:
        link = copy(content.link)
        link.ref = cell.coordinate
        cell._hyperlink = link
    cell.comment = copy(content.comment) if content.comment is not None else None


def put_value(cell: Cell, content: Content, *, follow: bool = True) -> None:
    """Put a value or formula alone into a cell."""
    value = content.value
    if follow and content.data_type == "f":
        value = followed(content, cell.row, cell.column)
    if isinstance(value, DynamicArray):
        dynamic.enter(cell, str(value.text))
        return
    if isinstance(value, ArrayFormula):
        value = type(value)(cell.coordinate, value.text)
    cell._value = value
    cell.data_type = content.data_type


def followed(content: Content, row: int, column: int) -> Any:
    """A formula as it reads when it is copied to a cell."""
    step = (row - content.row, column - content.column)
    if isinstance(content.value, ArrayFormula):
        place = f"{get_column_letter(column)}{row}"
        return type(content.value)(place, copied(content.value.text or "", *step))
    return copied(str(content.value), *step)


def clear_values(cell: Cell) -> None:
    """Make a cell blank; its format, note and link stay."""
    cell._value, cell.data_type = None, "n"


def places(area: Area) -> Iterator[tuple[int, int]]:
    """The places of an area, row by row."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            yield row, column


def there(sheet: Worksheet, area: Area) -> Iterator[Cell]:
    """The cells of an area that exist, hidden ones of merged cells left out."""
    cells = sheet._cells
    for place in places(area):
        cell = cells.get(place)
        if cell is not None and not isinstance(cell, MergedCell):
            yield cell


def filled_places(sheet: Worksheet, area: Area) -> list[str]:
    """Names of the cells of an area that hold a value."""
    return [cell.coordinate for cell in there(sheet, area) if cell._value is not None]


# What may be in the way -------------------------------------------------------


def merged_areas(sheet: Worksheet) -> list[Area]:
    """The merged cells of a sheet."""
    ranges = sheet.merged_cells.ranges
    return [Area(m.min_row, m.min_col, m.max_row, m.max_col) for m in ranges]


def inside(inner: Area, outer: Area) -> bool:
    """Whether an area lies within another one."""
    return outer.holds(inner.first_row, inner.first_column) and outer.holds(
        inner.last_row, inner.last_column
    )


def refuse_merged(sheet: Worksheet, area: Area, *, cut_only: bool = False) -> None:
    """Refuse an area with merged cells.

    :param cut_only: refuse only those that lie in it in part
    :raises InvalidRange: naming them
    """
    for block in merged_areas(sheet):
        if block.overlaps(area) and not (cut_only and inside(block, area)):
            raise InvalidRange(
                f"{area} on {sheet.title} holds the merged cells {block}"
                + (" in part." if cut_only else "."),
                "Take the whole of them, or unmerge them first."
                if cut_only
                else "Unmerge them first, or choose a range without them.",
            )


def refuse_arrays(sheet: Worksheet, area: Area, *, cut_only: bool = False) -> None:
    """Refuse an area with formulas that fill several cells; see :func:`refuse_merged`.

    :raises InvalidRange: naming the cells that they fill
    """
    for block in filled_areas(sheet):
        if block.overlaps(area) and not (cut_only and inside(block, area)):
            raise InvalidRange(
                f"{area} on {sheet.title} meets the array formula in {block}, "
                "which can be changed as a whole only.",
                "Choose a range without it, or clear it first.",
            )


def header_of_table(sheet: Worksheet, area: Area) -> str:
    """The name of a table whose header row meets an area; "" for none."""
    for table, place in table_areas(sheet):
        header = Area(place.first_row, place.first_column, place.first_row, place.last_column)
        if table.headerRowCount != 0 and header.overlaps(area):
            return str(table.displayName)
    return ""


def table_areas(sheet: Worksheet) -> list[tuple[Any, Area]]:
    """The native tables of a sheet with the area of each, header and totals included."""
    found = []
    for table in sheet.tables.values():
        first, _, last = str(table.ref).partition(":")
        found.append((table, Area(*parse_cell(first), *parse_cell(last or first))))
    return found
