"""How many cells a workbook may hold, and what is said where there would be more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.errors import TooLarge
from service.workbook.occupancy import count_made

if TYPE_CHECKING:
    from service.workbook.book import Book


def check_room(book: Book, more: int) -> None:
    """Refuse cells that the editor would have to hold beyond its limit.

    :raises TooLarge: naming the limit
    """
    held = sum(map(count_made, book.xl.worksheets))
    if held + more > book.max_cells:
        raise TooLarge(
            f"{book.name} holds {held:,} cells; {more:,} more would pass the limit "
            f"of {book.max_cells:,}.",
            "Write less, or split the data over several workbooks. The operator can raise "
            "EXCEL_TOOLS_MAX_CELLS.",
        )


def check_room_for_rows(book: Book, more: int) -> None:
    """The same for cells that are not made before they are asked for.

    :raises TooLarge: naming the limit
    """
    held = book.cell_count()
    if held + more > book.max_table_cells:
        raise TooLarge(
            f"{book.name} holds {held:,} cells; {more:,} more would pass the limit of "
            f"{book.max_table_cells:,} for large tables.",
            "Import it in parts, or fewer columns of it, into several workbooks. The operator can "
            "raise EXCEL_TOOLS_MAX_TABLE_CELLS.",
        )
