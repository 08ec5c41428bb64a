"""What an engine process answers where a workbook is to be shown as a page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from service.languages import speaking
from service.workbook.book import Book
from service.workbook.preview.grid import Changes
from service.workbook.preview.page import embedded, page
from service.workbook.preview.sheets import ROWS, Asked, Preview

# Rows of a sheet, and cells in all, of a page that a chat keeps.
_EMBEDDED = (120, 5_000)
_LEAST = (8, 10)  # rows and columns there: blank ones would only catch the chat's scrolling
_MOST_COMPARED = 300_000  # cells: a comparison opens the earlier state, which takes seconds


def can_compare(book: Book) -> bool:
    """Whether what changed can be found out in the time that a page has."""
    return book.very_large or book.cell_count() <= _MOST_COMPARED


def showing(
    book: Book, asked: dict[str, Any], changes: dict[str, Changes] | None
) -> dict[str, Any]:
    """A whole page, or a further window of a sheet as JSON text.

    :param asked: "now" (ISO time), "sheet" to begin with or to show more of, "row" from which
        on (0: the page), "more" (whether the page can ask for more), "whole" (address of the
        page that can), "theme" ("light", "dark", or "" for that of the reader's system),
        "language" (code of one that there is)
    """
    with speaking(asked["language"]):
        return {"text": _text(book, asked, changes)}


def _text(book: Book, asked: dict[str, Any], changes: dict[str, Changes] | None) -> str:
    wanted = Asked(dt.datetime.fromisoformat(asked["now"]), changes, asked["sheet"])
    if not asked["more"]:
        wanted.rows, wanted.most_cells = _EMBEDDED
        wanted.least = _LEAST
    preview = Preview(book, wanted)
    if asked["row"]:
        return embedded(preview.part(asked["sheet"], asked["row"]))
    facts = {key: asked[key] for key in ("more", "whole", "theme")} | {"step": ROWS}
    return page({**preview.whole(), **facts}, asked["language"])
