"""The page behind a preview link: the working copy as it is when the page is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.errors import FileNotFound
from service.languages import ENGLISH
from service.observing import metrics
from service.observing.asked import current
from service.sessions.model import Workbook
from service.sessions.session import Session


@dataclass(frozen=True)
class Wish:
    """What is wanted of a workbook.

    :param sheet: to begin with, or to have more of
    :param row: first row of more; 0 for the whole page
    :param embedded: the page stands inside another one, where it can ask for nothing more
    :param theme: "light" or "dark"; "" for that of the reader's system
    :param language: code of the one to speak
    :param chosen: whether that was asked for, and is not only what the reader's browser prefers
    """

    sheet: str = ""
    row: int = 0
    embedded: bool = False
    theme: str = ""
    language: str = ENGLISH
    chosen: bool = False


def preview(session: Session, workbook: str, wish: Wish) -> str:
    """The page as HTML, or more rows as JSON.

    :raises FileNotFound: if the workbook is open no more
    """
    with session.turn():
        return _preview(session, workbook, wish)


def _preview(session: Session, workbook: str, wish: Wish) -> str:
    book = session.data.workbooks.get(workbook)
    if book is None or not book.open:
        raise FileNotFound(
            "This preview is no longer there: the workbook was closed.",
            "Ask in the chat for the file again.",
        )
    whole = session.parts.links.preview(session.data.key, book.id, book.name)
    whole += f"?language={wish.language}" if wish.chosen else ""
    asked: dict[str, Any] = {
        "now": session.now(),
        "sheet": wish.sheet,
        "row": wish.row,
        "more": not wish.embedded,
        "whole": whole if wish.embedded else "",
        "theme": wish.theme,
        "language": wish.language,
    }
    with session.queue(book):
        before = _compared_with(session, book)
        asked["since"] = before[-1] if before else 0
        changed = before is not None and before != session.journal(book).path(book.mark)
        earlier = tuple(session.entries(book, before)) if before is not None and changed else None
        reply = session.call(book, action="preview", asked=asked, earlier=earlier)
    how = "rows" if wish.row else "embedded" if wish.embedded else "page"
    metrics.PREVIEWS.labels(how).inc()
    current().workbook = book.name
    return str(reply.result["text"])


def _compared_with(session: Session, book: Workbook) -> list[int] | None:
    """The marks that lead to the last save, or to the opening or the making; None for none."""
    journal = session.journal(book)
    if book.saved_mark or book.base:
        return journal.path(book.saved_mark)
    return journal.path(book.mark)[:1] or None
