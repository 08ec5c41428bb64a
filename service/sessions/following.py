"""The chat goes on from elsewhere: an answer is made anew, an earlier message is changed.

Then what the answers that it left behind have done must not be under what comes now. Each entry
of a journal knows the message in whose answer it was made, and the marks of a journal are a tree,
so every working copy is brought to where it stood on the way to the message that is answered;
back on the other way, it is brought there again. Nothing is lost by that.
"""

from __future__ import annotations

from typing import Any

from service import calls
from service.engine.work import Reply
from service.errors import StorageFailed
from service.sessions.journal import OPENING, Journal
from service.sessions.model import Workbook
from service.sessions.session import Session


def follow(session: Session, message: str, earlier: list[str]) -> dict[str, Any]:
    """Bring the workbooks to where they stood before ``message``, or at its last call.

    :param earlier: all messages on the way to it, the newest first
    :returns: {"workbooks": [{"workbook", "taken_back", "brought_back"}], "aside", "back"}: how many
        changes, and the names of the workbooks that came into the session on other ways than this
    """
    way = [message, *earlier]
    with (
        session.calls.under_way("", "branch") as call,
        session.turn(),
        calls.held(session.opening, session.patience),
    ):
        call.message = message
        before = {book.id for book in session.data.workbooks.values() if book.aside}
        _choose(session, set(way))
        moved = [found for book in session.open_workbooks() if (found := _move(session, book, way))]
        after = {book.id for book in session.data.workbooks.values() if book.aside}
        if before != after:
            session.write()
    names = {book.id: book.name for book in session.data.workbooks.values()}
    return {
        "workbooks": moved,
        "aside": [names[id_] for id_ in sorted(after - before)],
        "back": [names[id_] for id_ in sorted(before - after)],
    }


def _choose(session: Session, way: set[str]) -> None:
    """Set aside what came into the session in answers that are not on this way."""
    with session.lock:
        for book in session.data.workbooks.values():
            book.aside = bool(book.message) and book.message not in way


def _move(session: Session, book: Workbook, way: list[str]) -> dict[str, Any]:
    """Bring a working copy to its place; what was done for that, {} for nothing."""
    with session.queue(book):
        try:
            journal = session.journal(book)
        except StorageFailed:
            return {}  # it is damaged, as the next call of it will tell
        mark = _place(journal, way, made=not book.base)
        if not book.open or mark == journal.mark:
            return {}
        here, there = journal.path(journal.mark), journal.path(mark)
        gone = [step for step in here if step not in there]
        back = [step for step in there if step not in here]
        names = [journal.steps[step].operation for step in gone[::-1] + back]
        reply = Reply({"steps": len(names), "followed": names})
        session.walk(book, mark, "", "", reply)
        return {"workbook": book.name, "taken_back": len(gone), "brought_back": len(back)}


def _place(journal: Journal, way: list[str], *, made: bool) -> int:
    """The mark at which the copy stood at the end of the last message of the way.

    Where none of them changed it, it is the present one without the changes of others.
    """
    for message in way:
        if message in journal.standing:
            return journal.standing[message]
    mark, first = journal.mark, journal.path(journal.mark)[:1] if made else []
    while mark != OPENING and mark not in first and journal.messages[mark] not in ("", *way):
        mark = journal.steps[mark].parent
    return mark
