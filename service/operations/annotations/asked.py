"""What is asked of annotate_excel_cells, and what is found on sheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange
from service.workbook.areas import Area
from service.workbook.book import Book


@dataclass(frozen=True)
class Asked:
    """The parameters of a call; ``options`` by name, None where they were not given."""

    sheet: str = ""
    range: str = ""
    text: str = ""
    target: str = ""
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def place(self, book: Book) -> tuple[Worksheet, Area]:
        """The sheet and the cells that are meant."""
        if not self.range:
            raise InvalidParameters("range is missing.", 'Send the cell, such as "B2".')
        return book.sheet_and_area(self.sheet, self.range)

    def cell(self, book: Book) -> tuple[Worksheet, int, int]:
        """The one cell that is meant; of merged ones the first.

        :raises InvalidRange: if several are
        """
        sheet, area = self.place(book)
        for merged in sheet.merged_cells.ranges:
            if merged.min_row <= area.first_row <= merged.max_row and (
                merged.min_col <= area.first_column <= merged.max_col
            ):
                whole = Area(merged.min_row, merged.min_col, merged.max_row, merged.max_col)
                if whole.joined(area) == whole:
                    return sheet, whole.first_row, whole.first_column
        if area.cells > 1:
            raise InvalidRange(f"{area} are {area.cells} cells.", "Name one cell.")
        return sheet, area.first_row, area.first_column

    def check_sizes(self, most: float) -> None:
        """Refuse sizes that nothing can have."""
        for name in ("width_cm", "height_cm"):
            value = self.options[name]
            if value is not None and not 0.2 <= value <= most:
                raise InvalidParameters(
                    f"options.{name} is {value}; it goes from 0.2 to {most:g}.",
                    "Leave it out for the usual size.",
                )


@dataclass(frozen=True)
class Found:
    """Something that hangs on a sheet; ``remove`` takes it away.

    :param facts: what is told of it
    :param sheet: its title, "" for what belongs to the workbook
    """

    kind: str
    sheet: str
    row: int
    column: int
    label: str
    facts: dict[str, Any]
    remove: Callable[[], None]
    name: str = ""

    def told(self, *, sheet: bool) -> dict[str, Any]:
        """The facts, with the sheet where there are several."""
        where = {"sheet": self.sheet} if sheet and self.sheet else {}
        return where | {key: value for key, value in self.facts.items() if value not in ("", None)}
