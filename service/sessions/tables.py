"""Tables of one workbook for a query that is asked in another one.

A workbook is in one engine process, and the others of its session may be in other ones. So the
engine of each workbook that a query names writes its tables into a file beside the working copy,
named by the mark at which they are, and the query is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from service.errors import WorkbookBusy
from service.workbook.sql.asking import NeedsWorkbooksError, tables_file

if TYPE_CHECKING:
    from service.sessions.model import Workbook
    from service.sessions.session import Session

Found = TypeVar("Found")
_TIMES = 5


def places(session: Session, book: Workbook) -> dict[str, str]:
    """Where tables of the other open workbooks are, or would be, by the workbooks' names."""
    others = [other for other in session.open_workbooks() if other.id != book.id]
    return {other.name: str(_place(session, other)) for other in others}


def with_others(session: Session, ask: Callable[[], Found]) -> Found:
    """What ``ask`` gives; where it needs tables of other workbooks, these are brought first.

    Call it outside of any workbook's queue: two workbooks may need each other.
    """
    for _ in range(_TIMES):
        try:
            return ask()
        except NeedsWorkbooksError as needed:
            for name in needed.names:
                _bring(session, session.workbook(name), needed)
    raise WorkbookBusy(
        "The other workbooks changed again and again while they were read.",
        "Try again in a moment; nothing was done.",
    )


def _bring(session: Session, book: Workbook, needed: NeedsWorkbooksError) -> None:
    with session.queue(book):
        place = _place(session, book)
        target = tables_file(str(place), needed.wishes)
        if not target.exists():
            store = session.parts.store
            if not place.parent.exists() or not any(
                file.name.startswith(f"{place.name}.") for file in place.parent.iterdir()
            ):
                store.discard(f"{session.copy_folder(book)}/tables")  # of earlier marks
            place.parent.mkdir(parents=True, exist_ok=True)
            session.call(book, action="tables", target=str(target), wishes=needed.wishes)


def _place(session: Session, book: Workbook) -> Path:
    return session.parts.store.scratch(f"{session.copy_folder(book)}/tables/{book.mark}")
