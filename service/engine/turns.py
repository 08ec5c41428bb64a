"""Turns at something that one caller at a time may use, in the order of arrival.

Where it is told whose a call is, turns go round among those who wait, so that one with many calls
does not keep another's waiting.
"""

from __future__ import annotations

import threading
from collections import deque

from service import calls
from service.errors import Cancelled


class Turns:
    """A lock that is handed on to whoever has waited longest; ``threading.Lock`` is not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By whose they are, in the order in which they get the next turns.
        self._waiting: dict[str, deque[threading.Lock]] = {}
        self._taken = False

    def __repr__(self) -> str:
        return f"<Turns taken={self._taken}, {self._number} waiting>"

    @property
    def _number(self) -> int:
        return sum(map(len, list(self._waiting.values())))

    @property
    def callers(self) -> int:
        """How many have a turn or wait for it."""
        return self._taken + self._number

    def take(self, seconds: float = -1, whose: str = "") -> bool:
        """Wait for a turn; False if it did not come within so many seconds (-1: ever).

        :param whose: call it is; in the order of arrival for each
        :raises Cancelled: if the call that waits is not wanted any more
        """
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.setdefault(whose, deque()).append(mine)
        try:
            if calls.acquired(mine, seconds):
                return True
        except Cancelled:
            if self._left(mine, whose):
                raise
            self.give()
            raise
        return not self._left(mine, whose)

    def _left(self, mine: threading.Lock, whose: str) -> bool:
        """Whether the queue could be left; else the turn was handed on at the last moment."""
        with self._lock:
            queue = self._waiting.get(whose, deque())
            if mine not in queue:
                return False
            queue.remove(mine)
            if not queue:
                del self._waiting[whose]
            return True

    def give(self) -> None:
        """End the turn."""
        with self._lock:
            if not self._waiting:
                self._taken = False
                return
            whose = next(iter(self._waiting))
            queue = self._waiting.pop(whose)
            queue.popleft().release()
            if queue:
                self._waiting[whose] = queue  # at the end of the round
