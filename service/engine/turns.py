"""Turns at something that one caller at a time may use, in the order of arrival."""

from __future__ import annotations

import threading
from collections import deque

from service import calls
from service.errors import Cancelled


class Turns:
    """A lock that is handed on to whoever has waited longest; ``threading.Lock`` is not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def __repr__(self) -> str:
        return f"<Turns taken={self._taken}, {len(self._waiting)} waiting>"

    @property
    def callers(self) -> int:
        """How many have a turn or wait for it."""
        return self._taken + len(self._waiting)

    def take(self, seconds: float = -1) -> bool:
        """Wait for a turn; False if it did not come within so many seconds (-1: ever).

        :raises Cancelled: if the call that waits is not wanted any more
        """
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if calls.acquired(mine, seconds):
                return True
        except Cancelled:
            if self._left(mine):
                raise
            self.give()
            raise
        return not self._left(mine)

    def _left(self, mine: threading.Lock) -> bool:
        """Whether the queue could be left; else the turn was handed on at the last moment."""
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
            return False

    def give(self) -> None:
        """End the turn."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
