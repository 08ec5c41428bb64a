"""A session's record as this process has it, and how it goes on from what others have written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.errors import SessionNotFound, WorkbookBusy
from service.sessions.holding import Holding
from service.sessions.model import SessionData
from service.sessions.parts import Parts
from service.sessions.records import session_data, stored
from service.store.seams import Grant

_UNKNOWN = -1


class SharedRecord:
    """The record of a session, which one replica of the service at a time works with.

    :param kept: it is in the store already
    :ivar touched: what the record in the store says of its last use
    """

    def __init__(self, data: SessionData, parts: Parts, *, kept: bool) -> None:
        self.data = data
        self.kept = kept
        self.parts = parts
        self.ended = False
        self.touched = data.used
        self.lock = threading.RLock()
        # The stamp of the store when the record and the journals here were those there.
        self._stamp = _UNKNOWN
        self._holding = Holding(parts.board, data.key, self._taken, self._given)

    @property
    def folder(self) -> str:
        return f"sessions/{self.data.key}"

    def write(self) -> None:
        """Put the record into the store. Call it inside of ``turn``."""
        with self.lock:
            key, record = f"{self.folder}/session.json", self.data.to_record()
            if not self.ended and not self.parts.store.write(key, record, over=self.kept):
                self.ended = True  # somebody has removed it: it must not come back
            if self.ended:
                raise SessionNotFound("The session has ended.", "Open a new session.")
            self.kept = True
            self.touched = self.data.used

    def take_back(self, id_: str) -> None:
        """See to it that the store's record does not name that workbook or upload, which is out
        of the one here: where a write failed, its answer alone may have been lost, and what the
        record names must not go. Call it inside of ``turn``.

        :raises StorageFailed: if that can't be had now
        """
        kept = stored(self.parts.store, self.data.key)
        if kept is not None and (id_ in kept.workbooks or id_ in kept.uploads):
            self.write()

    # One replica at a time ----------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the session to this process inside of the block; its threads share it.

        :raises WorkbookBusy: if others had it for too long
        """
        wait = self.parts.settings.queue_wait
        if not self._holding.enter(wait):
            raise WorkbookBusy(
                f"This chat was worked on elsewhere for {wait} seconds; nothing was done.",
                "Try again in a moment.",
            )
        try:
            yield
        finally:
            self._holding.leave()

    @contextmanager
    def turn_now(self) -> Iterator[bool]:
        """As ``turn``, but whether it was free at once."""
        free = self._holding.enter(0)
        try:
            yield free
        finally:
            if free:
                self._holding.leave()

    def look(self) -> bool:
        """Take what other replicas have written; whether the session is still there."""
        with self._holding.reading() as free:
            found = self.parts.store.found(self.data.key, self._stamp)
            if found and found.record is not None and free:
                self._adopt(found.stamp, found.record)
            return found is not None

    def look_after(self) -> None:
        """Mend what a service that was killed left, unless others see to it."""
        with self.turn_now():
            pass

    def _taken(self, grant: Grant) -> None:
        if self.kept and grant.stamp != self._stamp:
            found = self.parts.store.found(self.data.key, _UNKNOWN)
            if found is None or found.record is None:
                self.ended = True
                raise SessionNotFound("The session has ended.", "Open a new session.")
            self._adopt(found.stamp, found.record)
        self._mend(unclean=grant.unclean)

    def _given(self, stamp: int) -> None:
        self._stamp = stamp

    def _adopt(self, stamp: int, record: dict[str, Any]) -> None:
        """Go on from what the store has."""
        used, self.data = self.data.used, session_data(self.data.key, record)
        self.touched = self.data.used
        self.data.used = max(used, self.data.used)
        self._stamp = stamp
        self._renewed()

    def _renewed(self) -> None:
        """The record is another one: what hangs on it may be, too."""

    def _mend(self, *, unclean: bool) -> None:
        """Nobody else works with the session now, and somebody may have died at it.

        :param unclean: surely so
        """
