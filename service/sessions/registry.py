"""All sessions: one per user and chat, found again after a restart, ended completely."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cachetools import TTLCache

from service.errors import (
    FileNotFound,
    InvalidParameters,
    SessionExpired,
    SessionNotFound,
    SessionRequired,
    StorageFailed,
)
from service.names import clean_filename
from service.observing import asked, metrics
from service.sessions.limits import digest, room_for_session, session_keys
from service.sessions.links import DRAFT, Target, refuse_withdrawn
from service.sessions.model import Offer, SessionData, Upload
from service.sessions.parts import Parts
from service.sessions.previews import Wish, preview
from service.sessions.records import (
    ended_facts,
    erase,
    erase_damaged,
    owner_key,
    session_data,
    session_key,
    stored,
    taken,
)
from service.sessions.session import Session

log = logging.getLogger("excel_tools.sessions")

_ID = re.compile(r"^[A-Za-z0-9_-]{16,128}$")
_HINT = "Open a session with POST /v1/sessions and send its id in X-Excel-Session."
_HINT_WITHOUT = f"{_HINT} Or say for whom, with X-User-Id and X-Chat-Id."
# The record is written for this share of the time to live only, not at each use.
_TOUCH_SHARE = 100
_REMAINS_AGE = 3600
_KNOWN_AS_OVER = 86_400
_SWEEP_TIME = 50.0
_UNKNOWN = -1


class Sessions:
    """Opens, finds and ends sessions. Safe for use by many threads."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        settings = parts.settings
        self._cache: TTLCache[str, Session] = TTLCache(
            settings.session_cache, settings.session_ttl, timer=parts.clock
        )
        # A session that fell out of the cache while a request works with it must stay
        # the one object that others find, or two locks would guard one workbook.
        self._live: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<Sessions {len(self._cache)} cached>"

    @property
    def in_memory(self) -> int:
        """How many are in the cache."""
        return len(self._cache)

    # Opening and finding ------------------------------------------------------

    def open(self, user: str, chat: str) -> tuple[Session, bool]:
        """(the session of that user and chat, whether it was there already)."""
        owner = owner_key(user, chat)
        with self._lock:
            known = self.parts.store.read(owner)
            if known:
                try:
                    found = self.find(known["id"])
                    metrics.SESSIONS_OPENED.labels("resumed").inc()
                    return found, True
                except (SessionExpired, SessionNotFound):
                    pass  # its time was over: a new one takes its place
            room_for_session(self.parts.store, self.parts.settings, user)
            return self._made(user, chat, owner, known)

    def there(self, user: str, chat: str) -> bool:
        """Whether that user and chat have a session; looking at it counts as use."""
        with self._lock:
            known = self.parts.store.read(owner_key(user, chat))
            with suppress(SessionExpired, SessionNotFound):
                return bool(known and self.find(known["id"]))
            return False

    def _made(
        self, user: str, chat: str, owner: str, known: dict[str, Any] | None
    ) -> tuple[Session, bool]:
        id_ = secrets.token_urlsafe(24)
        now = self.parts.clock()
        data = SessionData(id_, session_key(id_), user, chat, created=now, used=now)
        session = Session(data, self.parts, kept=False)
        store = self.parts.store
        with session.turn():
            session.write()
            _note_owner(data)
            store.write(f"users/{digest(user)}/{data.key}.json", {"key": data.key})
            theirs = store.claim(owner, {"id": id_}, known)
            if theirs.get("id") != id_:  # another replica was first
                erase(store, data)
                return self.find(str(theirs.get("id"))), True
        self._cache[id_] = session
        self._live[id_] = session
        metrics.SESSIONS_OPENED.labels("new").inc()
        return session, False

    def find(self, id_: str | None, user: str = "", chat: str = "") -> Session:
        """The session of that id; with ``user`` and ``chat``, only if it is theirs.

        :raises SessionRequired: if there is no id
        :raises SessionNotFound: if it is unknown, malformed or someone else's
        :raises SessionExpired: if its time is over
        """
        if not id_:
            raise SessionRequired("The request names no session.", _HINT_WITHOUT)
        if not _ID.match(id_):
            raise SessionNotFound("The session id is malformed.", _HINT)
        with self._lock:
            session = self._known(id_) or self._loaded(id_)
            data = session.data
            if (user and user != data.user) or (chat and chat != data.chat):
                raise _not_found()
            self._refuse_expired(session)
            self._cache[id_] = session
            self._live[id_] = session
            self._touch(session)
            _note_owner(data)
            return session

    def _known(self, id_: str) -> Session | None:
        """The session in memory, unless somebody has removed it from the store."""
        session = self._cache.get(id_) or self._live.get(id_)
        if session and not session.look():
            self._cache.pop(id_, None)
            self._live.pop(id_, None)
            session.ended = True
            metrics.SESSIONS_ENDED.labels("operator").inc()
            return None
        return session

    def _loaded(self, id_: str) -> Session:
        if self.parts.board.marked(_over(id_)):
            raise SessionExpired("The session has expired.", _HINT)
        key = session_key(id_)
        found = self.parts.store.found(key, _UNKNOWN)
        if found is None or found.record is None:
            raise _not_found()
        data = session_data(key, found.record)
        if not secrets.compare_digest(data.id, id_):
            raise _not_found()
        session = Session(data, self.parts, kept=True)
        session.look_after()
        return session

    def _is_over(self, used: float) -> bool:
        over = self.parts.clock() - used > self.parts.settings.session_ttl
        return over and self.parts.trusted()

    def _refuse_expired(self, session: Session) -> None:
        if self._is_over(session.data.used):
            with session.turn_now() as free:
                # Who works with it now has begun in time.
                over = free and self._is_over(session.data.used)
                if over:
                    self._end(session)
                    self._note_expired(session.data)
            if over:
                raise SessionExpired("The session has expired.", _HINT)

    def _touch(self, session: Session) -> None:
        now = self.parts.clock()
        if now - session.touched > self.parts.settings.session_ttl / _TOUCH_SHARE:
            try:
                with session.turn_now() as free:
                    if free:  # else whoever works with it keeps the time
                        session.data.used = now
                        session.write()
            except StorageFailed:
                # A full disk must not keep anyone from reading, closing and deleting.
                log.exception("the time of use could not be kept")
        session.data.used = now

    # Ending -------------------------------------------------------------------

    def delete(self, session: Session) -> None:
        """End a session with all it holds."""
        with session.turn():
            session.end()
            with self._lock:
                self._end(session)
        metrics.SESSIONS_ENDED.labels("caller").inc()
        self.parts.audit.tell("end_session", **ended_facts(session.data, "caller"))

    def delete_all(self, user: str) -> int:
        """End all sessions of a user; returns how many there were."""
        count = 0
        for key in session_keys(self.parts.store, user):
            try:
                data = stored(self.parts.store, key)
                if data is not None:
                    with suppress(SessionExpired, SessionNotFound):
                        self.delete(self.find(data.id, user))
                        count += 1
            except StorageFailed as error:
                log.warning("a damaged session is removed: %s", error.message)
                with taken(self.parts.board, key, self.parts.settings.queue_wait):
                    erase_damaged(self.parts.store, key)
                damaged = {"user": user, "session": key, "why": "caller"}
                self.parts.audit.tell("end_session", **damaged)
                count += 1
        return count

    def _end(self, session: Session) -> None:
        data, store = session.data, self.parts.store
        self._cache.pop(data.id, None)
        self._live.pop(data.id, None)
        with session.lock:
            session.ended = True
            for book in session.held_workbooks():
                self.parts.engine.forget(session.engine_key(book))
            erase(store, data)

    def sweep(self) -> int:
        """End all sessions whose time is over; returns how many. One replica does it for all."""
        self.parts.store.tidy()
        if not self.parts.board.alone("sweep", _SWEEP_TIME):
            return 0
        count = 0
        for key in self.parts.store.unwritten(self.parts.clock() - self.parts.settings.session_ttl):
            try:
                with self._lock:
                    count += self._swept(key)
            except StorageFailed:
                log.exception("session %s could not be looked at", key)
        self.parts.store.clean()
        return count

    def _swept(self, key: str) -> bool:
        """End the session in that folder if its time is over; whether it was."""
        data = stored(self.parts.store, key)
        if data is None:
            self._remove_remains(key)
            return False
        session = self._live.get(data.id)
        if not self._is_over(session.data.used if session else data.used):
            return False
        with session.turn_now() if session else taken(self.parts.board, key, 0) as free:
            # Whoever had it in between may have used it.
            data = stored(self.parts.store, key) if free else None
            if data is None or not self._is_over(data.used):
                return False
            if session:
                self._end(session)
            else:
                erase(self.parts.store, data)
        self._note_expired(data)
        return True

    def _note_expired(self, data: SessionData) -> None:
        self.parts.board.mark(_over(data.id), _KNOWN_AS_OVER)
        metrics.SESSIONS_ENDED.labels("age").inc()
        self.parts.audit.add("end_session", door="service", **ended_facts(data, "age"))

    def _remove_remains(self, key: str) -> None:
        """Remove what a call left that was under way when its session ended."""
        if self.parts.clock() - self.parts.store.written(key) > _REMAINS_AGE:
            with taken(self.parts.board, key, 0) as free:
                if free:
                    self.parts.store.remove(f"sessions/{key}")

    # Files ----------------------------------------------------------------------

    def upload(self, session: Session, source: Path, name: str, origin: str = "") -> Upload:
        """Keep a file for the session; the same file again is the one that is there.

        :param source: where the file lies; it may be moved away
        :param origin: the caller's own id of the file
        """
        with source.open("rb") as file:
            contents = hashlib.file_digest(file, "sha256").hexdigest()
        size = source.stat().st_size
        if size == 0:
            raise InvalidParameters(f"The file {name!r} is empty.", "Upload a file with contents.")
        clean = clean_filename(name)
        with session.turn(), session.lock:
            for known in session.data.uploads.values():
                if known.digest == contents and known.name == clean and known.source == origin:
                    _note_upload(known)
                    return known
            self.parts.quota.room_for(session.data.user, size)
            upload = Upload(
                session.data.next_id("f"), clean, size, self.parts.clock(), contents, origin
            )
            folder = f"{session.folder}/uploads/{upload.id}"
            try:
                self.parts.store.keep(source, f"{folder}/{clean}")
                session.data.uploads[upload.id] = upload
                session.write()
            except (StorageFailed, SessionNotFound):
                session.data.uploads.pop(upload.id, None)
                session.take_back(upload.id)
                self.parts.store.remove(folder)
                raise
            session.history.upload(upload)
        _note_upload(upload)
        return upload

    def offer(self, session: Session, offers: list[Offer]) -> None:
        """Keep which files the caller could send, in place of those of before."""
        with session.turn(), session.lock:
            before, session.data.offers = session.data.offers, offers
            if offers != before:
                try:
                    session.write()
                except StorageFailed:
                    session.data.offers = before
                    raise

    @contextmanager
    def file(self, target: Target) -> Iterator[tuple[Path, str]]:
        """(path, name) of what a link leads to; the file stays there inside the block.

        :raises FileNotFound: if it is there no more
        """
        session = self._session_of(target)
        told = asked.current()
        if target.kind == "w" and target.version == DRAFT:
            with session.turn():
                book = session.data.workbooks.get(target.id)
                if book is None:
                    raise _gone()
                told.workbook, told.target = book.name, DRAFT
                with session.queue(book):
                    yield session.rendered(book), book.name
        else:
            key, name, told.target = _kept(session, target)
            told.workbook = name
            path = self.parts.store.file(key)
            if path is None:
                raise _gone()
            yield path, name

    def preview(self, target: Target, wish: Wish) -> str:
        """The page that a preview's link leads to, see :func:`previews.preview`.

        :raises FileNotFound: if it is there no more
        """
        if target.kind != "p":
            raise _gone()
        return preview(self._session_of(target), target.id, wish)

    def receiving(self, target: Target) -> Session:
        """The session to which a link lets people send files.

        :raises FileNotFound: if it is there no more
        """
        if target.kind != "u":
            raise _gone()
        return self._session_of(target)

    def _session_of(self, target: Target) -> Session:
        with self._lock:
            data = stored(self.parts.store, target.session)
            try:
                session = self.find(data.id if data else None)
                refuse_withdrawn(self.parts.store, target, session.data.user)
                return session
            except (SessionRequired, SessionNotFound, SessionExpired):
                # Who follows a link knows of no session.
                raise _gone() from None


def _kept(session: Session, target: Target) -> tuple[str, str, str]:
    """(key in the store, name, what it is) of a saved version or an export.

    :raises FileNotFound: if the session has no such
    """
    book = session.data.workbooks.get(target.id)
    export = session.data.exports.get(target.id)
    if target.kind == "e" and export:
        return f"{session.folder}/exports/{export.id}/{export.name}", export.name, "export"
    if target.kind == "w" and book:
        for version in book.versions:
            if str(version.number) == target.version:
                found = f"version {version.number}"
                return session.version_key(book, version), version.name, found
    raise _gone()


def _over(id_: str) -> str:
    return f"over:{session_key(id_)}"


def _note_owner(data: SessionData) -> None:
    """The request of this thread is about that session."""
    now = asked.current()
    now.session, now.user, now.chat = data.key, data.user, data.chat


def _note_upload(upload: Upload) -> None:
    metrics.moved("upload", upload.size)
    asked.current().workbook, asked.current().size = upload.name, upload.size


def _gone() -> FileNotFound:
    return FileNotFound(
        "This file is no longer there: its session has ended or the workbook was closed.",
        "Ask in the chat for the file again.",
    )


def _not_found() -> SessionNotFound:
    return SessionNotFound("There is no such session.", _HINT)
