"""Having an engine do something with a working copy that it may not hold any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from service.engine.work import BadCheckpoint, Cold, Reply, Work
from service.errors import WorkbookBusy
from service.observing import metrics, tracing
from service.sessions.checkpoints import MOST_KEPT
from service.sessions.journal import OPENING, Journal

if TYPE_CHECKING:
    from service.sessions.model import Workbook
    from service.sessions.session import Session

_REBUILDS_TRIED = 5
# A long journal is replayed in parts that took this share of the deadline, so that what was
# accepted within a deadline can be found again within one.
_REPLAY_SHARE = 4
_REPLAY_AT_ONCE = 5_000


def done(session: Session, book: Workbook, work: Work) -> Reply:
    """Do ``work``; where the engine asks for the journal's entries, with these.

    :raises WorkbookBusy: if the engine process is replaced again and again
    """
    engine = session.parts.engine
    try:
        return engine.call(work)
    except Cold as cold:
        path, held = session.journal(book).path(work.mark), cold.mark
    if held in (OPENING, *path):
        rest = path if held == OPENING else path[path.index(held) + 1 :]
        try:
            with tracing.span("replay", entries=len(rest)):
                return _replayed(session, book, work, rest, held)
        except Cold:
            pass  # the engine process was replaced in between, or the copy let go of
    if path:
        metrics.REBUILDS.inc()
    with tracing.span("replay", entries=len(path)):
        return _rebuilt(session, book, work, path)


def _rebuilt(session: Session, book: Workbook, work: Work, path: list[int]) -> Reply:
    """Do the work where an engine process has brought the copy to the end of the path."""
    folder = session.copy_folder(book)
    useless: list[str] = []
    for _ in range(_REBUILDS_TRIED + MOST_KEPT):
        kept, rest = session.checkpoints.nearest(folder, path, useless)
        try:
            return _replayed(session, book, replace(work, checkpoint=kept), rest)
        except Cold:
            continue  # the engine process was replaced in between
        except BadCheckpoint:
            useless.append(kept)
            session.checkpoints.drop(folder, kept)
    raise WorkbookBusy(
        f"{book.name} could not be brought back: its engine was replaced again and again.",
        "Try again in a moment; nothing of it is lost.",
    )


def _replayed(
    session: Session, book: Workbook, work: Work, marks: list[int], since: int = -1
) -> Reply:
    """Bring the engine to ``work.mark``, part by part, and do the work there.

    :param since: the mark at which it holds the copy, and from which the marks go on; -1 for none
    """
    most = session.parts.settings.engine_deadline / _REPLAY_SHARE
    *before, last = parts_of(session.journal(book), marks, most)
    for part in before:
        entries = tuple(session.entries(book, part))
        step = replace(work, action="load", entry=None, entries=entries, since=since, mark=part[-1])
        session.parts.engine.call(step)
        since = part[-1]
    entries = tuple(session.entries(book, last))
    return session.parts.engine.call(replace(work, entries=entries, since=since))


def parts_of(journal: Journal, marks: list[int], most: float) -> list[list[int]]:
    """The marks in parts whose operations took ``most`` seconds, or one; one part at least."""
    parts: list[list[int]] = [[]]
    taken = 0.0
    for mark in marks:
        seconds = journal.steps[mark].seconds
        if parts[-1] and (taken + seconds > most or len(parts[-1]) == _REPLAY_AT_ONCE):
            parts.append([])
            taken = 0.0
        parts[-1].append(mark)
        taken += seconds
    return parts
