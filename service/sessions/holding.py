"""A session to this process alone, for as long as calls of it are at work."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from service import calls
from service.errors import StorageFailed
from service.store.seams import Board, Grant

log = logging.getLogger("excel_tools.sessions")


class Holding:
    """What the threads of this process share of one session: it is taken for the first of them
    and given back after the last.

    :param taken: called when it was taken, before anybody works with it
    :param given: called when it was given back, with the stamp
    """

    def __init__(
        self,
        board: Board,
        session: str,
        taken: Callable[[Grant], None],
        given: Callable[[int], None],
    ) -> None:
        self._board = board
        self._session = session
        self._taken = taken
        self._given = given
        self._change = threading.Condition()
        self._threads: Counter[int] = Counter()
        self._taking = False
        # Held while the session is read anew: nobody works with it then.
        self._reading = threading.RLock()

    def __repr__(self) -> str:
        return f"<Holding {self._session} {len(self._threads)} threads>"

    def enter(self, seconds: float) -> bool:
        """Have it; False if it was not free within so many seconds.

        :raises Cancelled: if the call that waits is not wanted any more
        """
        end = time.monotonic() + seconds
        found = self._joined(end)
        return self._took(end) if found == "take" else found == "joined"

    def _joined(self, end: float) -> Literal["joined", "take", "busy"]:
        """Have it with other threads, or find that this one has to take it for all of them."""
        me = threading.get_ident()
        with calls.current().at("waiting"), self._change:
            while True:
                if me in self._threads or (self._threads and not self._wanted()):
                    self._threads[me] += 1
                    return "joined"
                if not self._threads and not self._taking:
                    self._taking = True
                    return "take"
                left = end - time.monotonic()
                if left <= 0:
                    return "busy"
                self._change.wait(min(left, calls.LOOK_EVERY))
                calls.current().check()

    def _took(self, end: float) -> bool:
        try:
            grant = self._board.take(self._session, max(0.0, end - time.monotonic()))
            if grant is not None:
                self._begin(grant)
            return grant is not None
        finally:
            with self._change:
                self._taking = False
                self._change.notify_all()

    def _wanted(self) -> bool:
        return self._board.wanted(self._session)

    def _begin(self, grant: Grant) -> None:
        try:
            with self._reading:
                self._taken(grant)
                with self._change:
                    self._threads[threading.get_ident()] += 1
        except BaseException:
            self._give()
            self._given(-1)  # what is here is not what is there
            raise

    def leave(self) -> None:
        """Give back what ``enter`` has given."""
        with self._change:
            me = threading.get_ident()
            self._threads[me] -= 1
            self._threads = +self._threads
            if not self._threads:
                self._give()
                self._change.notify_all()

    def _give(self) -> None:
        try:
            self._given(self._board.give(self._session))
        except StorageFailed as error:
            # Its time runs out by itself; what was written until now counts.
            self._given(-1)
            log.warning("a session could not be given back: %s", error.message)

    @contextmanager
    def reading(self) -> Iterator[bool]:
        """Whether nobody here works with the session; nobody begins to inside of the block."""
        with self._reading:
            with self._change:
                free = not self._threads
            yield free
