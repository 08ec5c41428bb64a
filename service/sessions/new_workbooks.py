"""Workbooks that come into a session: their names, and that they leave no trace where they fail."""

from __future__ import annotations

from collections.abc import Callable

from service import calls
from service.engine.work import Reply
from service.names import unique_name
from service.sessions.finding import is_there
from service.sessions.model import Workbook
from service.sessions.session import Session


def new_workbook(session: Session, name: str, notes: list[str]) -> Workbook:
    """A workbook that is not yet part of the session: ``_added`` makes it so."""
    with session.lock:
        session.room_for_workbook()
        free = unique_name(name, taken_names(session))
        if free != name:
            notes.append(f'There is a "{name}" already; this one is "{free}".')
        return Workbook(id=session.data.next_id("w"), name=free, created=session.parts.clock())


def taken_names(session: Session) -> list[str]:
    return [book.name for book in session.data.workbooks.values() if is_there(book)]


def _forget_namesakes(session: Session, name: str) -> None:
    """A new workbook takes the place of one that was closed without a trace."""
    for book in list(session.data.workbooks.values()):
        if book.name.lower() == name.lower() and not (book.aside or is_there(book)):
            del session.data.workbooks[book.id]


def added(session: Session, book: Workbook, fill: Callable[[], Reply]) -> Reply:
    """Fill a new workbook and make it part of the session, or leave no trace of it."""
    try:
        with session.queue(book):
            session.drop_copy(book)  # of a service that ended before it kept the workbook
            reply = fill()
            with session.lock:
                calls.current().keep()
                # Two calls may have chosen the same free name at the same time.
                book.name = unique_name(book.name, taken_names(session))
                _forget_namesakes(session, book.name)
                book.message = calls.current().message
                session.data.workbooks[book.id] = book
                session.write()
            return reply
    except BaseException:
        with session.lock:
            if session.data.workbooks.pop(book.id, None):
                session.take_back(book.id)
        session.drop_copy(book)
        raise
