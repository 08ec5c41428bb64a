"""What a call means by the name of a workbook or a file: one of the session's, never a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.errors import (
    AmbiguousName,
    FileNotSent,
    StorageFailed,
    WorkbookNotFound,
    WorkbookNotOpen,
    WorkbookRequired,
    listed,
)
from service.matching import exactly, roughly, wish
from service.names import is_spreadsheet, same_name
from service.sessions.model import Offer, Upload, Workbook

if TYPE_CHECKING:
    from service.sessions.session import Session

_CHOICES = 10
DELIVERED = "delivered"


@dataclass(frozen=True)
class Thing:
    """Something of the chat that a call may name: a workbook, or a file that may become one.

    :param aliases: of a workbook: what the file was called that it was made from
    :param since: Unix time since when the name stands for it; of a file: when it was attached
    """

    name: str
    ids: tuple[str, ...]
    since: float
    aliases: tuple[str, ...] = ()
    book: Workbook | None = field(default=None, compare=False)
    upload: Upload | None = field(default=None, compare=False)
    offer: Offer | None = field(default=None, compare=False)

    @property
    def is_work(self) -> bool:
        """Whether it is a workbook of this chat, not only a file that was brought to it."""
        return self.book is not None or _was_delivered(self)

    @property
    def digest(self) -> str:
        """What tells two files of the same contents, where that is known."""
        file = self.upload or self.offer
        return file.digest if file else ""

    def not_sent(self, needed: str = "file") -> FileNotSent:
        """The refusal that makes a caller send the file.

        :param needed: as a file, or as a workbook that has to be opened
        """
        assert self.offer is not None
        return FileNotSent(
            f'"{self.name}" is a file of this chat that is not open yet.',
            f'Open it first: open_excel_file(file="{self.name}").',
            {"source": self.offer.id, "name": self.name, "needed": needed},
        )


def _was_delivered(thing: Thing) -> bool:
    return bool(thing.offer and thing.offer.place == DELIVERED)


# What there is ------------------------------------------------------------------


def is_there(book: Workbook) -> bool:
    """Whether a workbook can still be had here: it is open, or a version of it was saved."""
    return not book.aside and (book.open or bool(book.versions))


def files(session: Session) -> list[Thing]:
    """The uploads, and what the caller could send, each once, the oldest first."""
    offers = {offer.id: offer for offer in session.data.offers}
    found = []
    for upload in list(session.data.uploads.values()):
        offer = offers.pop(upload.source, None)
        since = (offer.time if offer else 0) or upload.time
        ids = (upload.id, upload.source) if upload.source else (upload.id,)
        found.append(Thing(upload.name, ids, since, upload=upload))
    taken = {book.name.lower() for book in session.data.workbooks.values() if is_there(book)}
    for offer in offers.values():
        if offer.place != DELIVERED or offer.name.lower() not in taken:
            since = offer.time or (session.parts.clock() if offer.place == "chat" else 0)
            found.append(Thing(offer.name, (offer.id,), since, offer=offer))
    return sorted(found, key=lambda thing: thing.since)


def things(session: Session) -> list[Thing]:
    """The workbooks, and the files that none of them was made from."""
    rest = files(session)
    found = []
    for book in reversed(list(session.data.workbooks.values())):  # of one file, the last
        if is_there(book):
            own = [thing for thing in rest if thing.upload and thing.upload.id == book.upload]
            rest = [thing for thing in rest if thing not in own]
            ids = tuple(id_ for thing in own for id_ in thing.ids)
            aliases = tuple(thing.name for thing in own)
            found.append(Thing(book.name, ids, book.created, aliases, book))
    return [*reversed(found), *rest]


# What is meant ------------------------------------------------------------------


def named(session: Session, asked: str, among: Sequence[Thing]) -> Thing | None:
    """The one of that name or id; None if there is none.

    :raises AmbiguousName: if more than one may be meant
    """
    found = [thing for thing in among if asked.strip() in thing.ids]
    found = found or _exactly(asked, among)
    if found:
        return _the_one(session, asked, found)
    found = [thing for thing in among if thing.book and thing.book.id == asked.strip()]
    found = found or _by(roughly, asked, among, own=False)
    return _the_only(session, asked, found) if found else None


def _exactly(asked: str, among: Sequence[Thing]) -> list[Thing]:
    return _by(exactly, asked, among, own=True) or _by(exactly, asked, among, own=False)


def _by(
    fits: Callable[[str, Sequence[str]], list[int]],
    asked: str,
    among: Sequence[Thing],
    *,
    own: bool,
) -> list[Thing]:
    names = [
        (thing, name) for thing in among for name in (thing.name, *(thing.aliases * (not own)))
    ]
    found: list[Thing] = []
    for place in fits(asked, [name for _, name in names]):
        if names[place][0] not in found:
            found.append(names[place][0])
    return found


def _the_one(session: Session, asked: str, found: list[Thing]) -> Thing:
    """Of those whose name was given: the workbook, unless a file of that name came after it."""
    works = [thing for thing in found if thing.is_work]
    if len(works) == 1 and all(thing.since <= works[0].since for thing in found):
        return works[0]
    return _the_only(session, asked, found)


def _the_only(session: Session, asked: str, found: list[Thing]) -> Thing:
    digests = {thing.digest for thing in found}
    if len(found) == 1 or (len(digests) == 1 and "" not in digests):
        return found[-1]  # several of the same contents are one
    raise ambiguous(session, f'"{asked[:80]}"', found)


def latest(session: Session, asked: str, among: Sequence[Thing]) -> Thing | None:
    """The file that was attached last, and what became of it; else the newest workbook.

    Files of knowledge and folders have no order: of these, it is the only one.
    """
    brought = [thing for thing in files(session) if not thing.is_work and _is_of_chat(thing)]
    if brought:
        id_ = brought[-1].ids[0]
        return next((thing for thing in among if id_ in thing.ids), brought[-1])
    works = [thing for thing in among if thing.is_work]
    if works:
        return max(works, key=lambda t: (bool(t.book and t.book.open), bool(t.book), t.since))
    others = [thing for thing in among if is_spreadsheet(thing.name)]
    return _the_only(session, asked or "latest", others) if others else None


def _is_of_chat(thing: Thing) -> bool:
    if thing.upload is not None:
        return True
    return bool(thing.offer and thing.offer.place == "chat" and is_spreadsheet(thing.name))


def wanted(session: Session, asked: str, among: Sequence[Thing]) -> Thing | None:
    """The one that is meant by a name, an id, or words such as "the last one"; "" is the last."""
    words = wish(asked)
    if asked.strip() and (words == "name" or _exactly(asked, among)):
        return named(session, asked, among)
    return latest(session, asked, among)


# The open workbook --------------------------------------------------------------


def workbook(session: Session, asked: str) -> Workbook:
    """The open workbook that is meant; "" where only one is open.

    :raises WorkbookNotFound: if the session knows none of that name
    :raises WorkbookNotOpen: if it was closed, or never opened
    :raises WorkbookRequired: if no name is given and several are open
    :raises AmbiguousName: if more than one may be meant
    :raises FileNotSent: if it is a file that the caller could send
    """
    words, among = wish(asked), things(session)
    if words != "name" and not _exactly(asked, among):
        _refuse_gone(session, asked)  # "one" may be a name
        return _unnamed(session, newest=words == "latest")
    if not _exactly(asked, [thing for thing in among if not _was_delivered(thing)]):
        _refuse_gone(session, asked)
    thing = named(session, asked, among)
    if thing is None:
        raise WorkbookNotFound(
            f'No workbook "{asked}" in this chat. {_open_words(session)}',
            "Use an open one, open an uploaded file with open_excel_file, or make one with "
            "create_excel_file.",
            {"open": _open_names(session)},
        )
    if thing.book and thing.book.open:
        return thing.book
    if thing.offer:
        raise thing.not_sent("workbook")
    name = asked if same_name(asked, thing.name) else thing.name
    raise WorkbookNotOpen(
        f'"{name}" is not open. {_open_words(session)}',
        f'Open it first: open_excel_file(file="{name}").',
        {"open": _open_names(session)},
    )


def _refuse_gone(session: Session, asked: str) -> None:
    books = [book for book in session.data.workbooks.values() if not book.aside]
    gone = [book for book in books if not is_there(book) and not book.upload]
    if exactly(asked, [book.name for book in gone]):
        raise WorkbookNotOpen(
            f'"{asked}" was closed without ever being saved, so nothing of it is left. '
            f"{_open_words(session)}",
            "Make it again with create_excel_file.",
            {"open": _open_names(session)},
        )


def _unnamed(session: Session, *, newest: bool) -> Workbook:
    """The only open workbook; with ``newest`` the one of several that changed last."""
    opened = session.open_workbooks()
    if len(opened) == 1 or (opened and newest):
        return max(opened, key=lambda book: (changed(session, book), book.created))
    if opened:
        raise WorkbookRequired(
            f"Several workbooks are open: {_open_ones(session)}.",
            "Say which one with the parameter workbook.",
            {"open": _open_names(session)},
        )
    known = session.file_names()
    if known or not all(book.aside for book in session.data.workbooks.values()):
        have = f"Files in this chat: {listed(known)}." if known else "Nothing was saved either."
        raise WorkbookNotOpen(
            f"No workbook is open. {have}",
            "Open a file with open_excel_file, or make one with create_excel_file.",
        )
    raise _none_yet(files(session))


def _none_yet(attached: list[Thing]) -> WorkbookNotFound | FileNotSent:
    """Where nothing was opened: the only workbook that is attached is the one of the chat."""
    books = [thing for thing in attached if is_spreadsheet(thing.name) and not thing.is_work]
    ours = [thing for thing in books if thing.offer and thing.offer.place == "chat"]
    if len(ours) == 1 and not any(thing.is_work for thing in attached):
        return ours[0].not_sent("workbook")
    have = f" Attached: {listed([thing.name for thing in books])}." if books else ""
    return WorkbookNotFound(
        f"No workbook is open in this chat.{have}",
        "Make one with create_excel_file, or open an uploaded file with open_excel_file.",
    )


def _open_names(session: Session) -> list[str]:
    return [book.name for book in session.open_workbooks()]


def _open_words(session: Session) -> str:
    names = _open_names(session)
    return f"Open: {listed(names)}." if names else "None is open."


# What is told -------------------------------------------------------------------


def ambiguous(session: Session, what: str, found: list[Thing]) -> AmbiguousName:
    """The refusal with the choices: names, when they changed, which are open."""
    names = [thing.name for thing in found]
    choices = [_choice(session, thing, names.count(thing.name) > 1) for thing in found[:_CHOICES]]
    more = f", and {len(found) - _CHOICES} more" if len(found) > _CHOICES else ""
    told = ", ".join(map(_told, choices))
    handle = "id" if any("id" in choice for choice in choices) else "whole name"
    return AmbiguousName(
        f"{what} may mean {told}{more}. Nothing was done.",
        f"Send the {handle} of the right one; ask the user if you do not know which.",
        {"open": _open_names(session), "choices": choices},
    )


def _choice(session: Session, thing: Thing, needs_id: bool) -> dict[str, Any]:
    choice: dict[str, Any] = {"name": thing.name, "state": _state(thing)}
    time = changed(session, thing.book) if thing.book else thing.since
    if time:
        choice["changed"] = _moment(time)
    if needs_id:
        choice["id"] = thing.book.id if thing.book else thing.ids[0]
    return choice


def _state(thing: Thing) -> str:
    if thing.book:
        return "open" if thing.book.open else "saved, not open"
    places = {"knowledge": "in the knowledge", "folder": "in the folder", DELIVERED: "made here"}
    return f"{places.get(thing.offer.place if thing.offer else '', 'attached')}, not open"


def _told(choice: dict[str, Any]) -> str:
    facts = [choice["state"]]
    facts += [f"changed {choice['changed']}"] if "changed" in choice else []
    facts += [f"id {choice['id']}"] if "id" in choice else []
    return f'"{choice["name"]}" ({", ".join(facts)})'


def _open_ones(session: Session) -> str:
    """The open workbooks, with when they changed, as part of a sentence."""
    books = session.open_workbooks()
    told = [f'"{book.name}" (changed {_moment(changed(session, book))})' for book in books]
    return ", ".join(told[:_CHOICES]) + (", ..." if len(told) > _CHOICES else "")


def changed(session: Session, book: Workbook) -> float:
    """When a workbook was changed last, as Unix time."""
    times = [book.created, *(version.time for version in book.versions)]
    if book.open:
        with suppress(StorageFailed):  # a damaged journal is told to whoever uses it
            journal = session.journal(book)
            if journal.mark in journal.steps:
                now = dt.datetime.fromisoformat(journal.steps[journal.mark].now)
                times.append(now.replace(tzinfo=dt.UTC).timestamp())
    return max(times)


def _moment(time: float) -> str:
    return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def asked_for(asked: str, *names: str) -> dict[str, str]:
    """What the answer tells where the name that was used is not the one that was asked for."""
    if not asked.strip() or any(same_name(asked, name) for name in names):
        return {}
    return {"asked_for": asked.strip()[:80]}
