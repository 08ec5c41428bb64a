"""Calls under way: what is being done for them, and the caller's wish to have them stopped.

A call is known by its Idempotency-Key. The thread that answers it finds it by ``current``, so
that whatever makes it wait can look whether it still is wanted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from cachetools import LRUCache

from service.errors import Cancelled, WorkbookBusy
from service.observing import metrics
from service.progress import Progress

# How often what waits looks whether it still is wanted.
LOOK_EVERY = 0.25
_MOST = 1000


class Call:
    """One call, perhaps sent several times with the same key."""

    def __init__(self, operation: str = "") -> None:
        self.operation = operation
        # The message of the chat that it is a part of; "" where that is not told.
        self.message = ""
        self._lock = threading.Lock()
        self._requests = 0
        self._began = 0.0
        self._took = 0.0
        self._kept = False
        self._asked = ""
        self._progress: Callable[[], Progress] | None = None
        # Asked before what it did is kept: other replicas may have cancelled it.
        self.may_keep: Callable[[], bool] = lambda: True
        self.cancelled = False
        # How many unsaved changes it may discard; None: all.
        self.may_discard: int | None = None

    def __repr__(self) -> str:
        return f"<Call {self.operation} {self.state}>"

    @property
    def running(self) -> bool:
        """Whether it is under way in this process."""
        return self._requests > 0

    @property
    def state(self) -> str:
        """running, cancelling, cancelled or ended."""
        if self._requests:
            return "cancelling" if self.cancelled else "running"
        return "cancelled" if self.cancelled else "ended"

    def begin(self, operation: str) -> None:
        with self._lock:
            self._requests += 1
            if self._requests == 1:
                self.operation, self._began, self._kept = operation, time.monotonic(), False

    def end(self) -> None:
        with self._lock:
            self._requests -= 1
            self._took = time.monotonic() - self._began

    def cancel(self) -> bool:
        """Have it stopped; False if it has ended, or what it did is being kept already."""
        with self._lock:
            over = self.operation and not self._requests
            self.cancelled = self.cancelled or not (self._kept or over)
        metrics.CANCELLATIONS.labels("stopped" if self.cancelled else "too_late").inc()
        return self.cancelled

    def check(self) -> None:
        """:raises Cancelled: if it is not wanted any more"""
        if self.cancelled:
            raise Cancelled(
                "The call was cancelled by the caller; nothing of it was done.",
                "Everything is as it was before. Ask the user what to do instead.",
            )

    def keep(self) -> None:
        """What it did is kept from now on, and can't be cancelled any more.

        :raises Cancelled: if that was asked before
        """
        with self._lock:
            self.check()
            if not self._kept and not self.may_keep():
                self.cancelled = True
                self.check()
            self._kept = True

    @contextmanager
    def at(self, doing: str, progress: Callable[[], Progress] | None = None) -> Iterator[None]:
        """What the service does for it in the block, in a word, or who knows more of it."""
        before = self._asked, self._progress
        self._asked, self._progress = doing, progress
        try:
            yield
        finally:
            self._asked, self._progress = before

    def told(self) -> dict[str, Any]:
        """{"operation", "state", "seconds"}, and while it runs "doing", with "done", "total"."""
        running = self._requests > 0
        seconds = time.monotonic() - self._began if running else self._took
        told = {"operation": self.operation, "state": self.state, "seconds": round(seconds, 1)}
        return told | (self._doing() if running else {})

    def _doing(self) -> dict[str, Any]:
        progress, doing = self._progress, self._asked or "preparing"
        if self._kept:
            return {"doing": "finishing"}
        if progress is None:
            return {"doing": doing}
        found = progress()
        share = {"done": found.done, "total": found.total} if found.total else {}
        return {"doing": found.phase} | share


class Elsewhere(Protocol):
    """What other replicas of the service know of a session's calls, and want of them."""

    def begun(self, key: str, call: Call) -> None:
        """A call is under way here; it is cancelled at once if that was asked before."""

    def ended(self, key: str, call: Call) -> None:
        """It is not under way any more."""

    def told(self, key: str) -> dict[str, Any] | None:
        """What ``Call.told`` said lately, wherever it is or was under way."""

    def cancel(self, key: str) -> tuple[dict[str, Any], bool]:
        """(what is known of the call, whether it is cancelled), wherever it is under way."""


class Calls:
    """The last calls of a session by their keys.

    :param elsewhere: where other replicas know of them; without it they are in memory only
    """

    def __init__(self, elsewhere: Elsewhere | None = None) -> None:
        self._lock = threading.Lock()
        self._calls: LRUCache[str, Call] = LRUCache(_MOST)
        self._elsewhere = elsewhere

    def __repr__(self) -> str:
        return f"<Calls {len(self._calls)}>"

    @contextmanager
    def under_way(self, key: str, operation: str) -> Iterator[Call]:
        """The call of that key, in the thread that answers it; "" for one without a key."""
        with self._lock:
            call = self._calls.setdefault(key, Call()) if key else Call()
            call.begin(operation)
        token = _current.set(call)
        metrics.CALLS_UNDER_WAY.inc()
        try:
            if key and self._elsewhere:
                self._elsewhere.begun(key, call)
            yield call
        finally:
            metrics.CALLS_UNDER_WAY.dec()
            _current.reset(token)
            call.end()
            if key and self._elsewhere:
                self._elsewhere.ended(key, call)

    def told(self, key: str) -> dict[str, Any] | None:
        """What is known of a call, see ``Call.told``; None if nothing is."""
        with self._lock:
            call = self._calls.get(key)
        if call is not None and (call.running or not self._elsewhere):
            return call.told()
        return self._elsewhere.told(key) if self._elsewhere else None

    def cancel(self, key: str) -> tuple[dict[str, Any], bool]:
        """(what is known of the call, whether it is cancelled); one that is not here yet never
        begins."""
        with self._lock:
            call = self._calls.setdefault(key, Call())
        if self._elsewhere is None:
            cancelled = call.cancel()
            return call.told(), cancelled
        told, cancelled = self._elsewhere.cancel(key)
        if cancelled:
            call.cancel()
        return (call.told() if call.running else told), cancelled


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """The call that this thread answers; outside of any one that nobody can cancel."""
    return _current.get() or Call()


class _Lock(Protocol):
    def acquire(self, *, timeout: float) -> bool: ...


def acquired(lock: _Lock, seconds: float = -1) -> bool:
    """Wait for a lock; False if it was not free within so many seconds (-1: ever).

    :raises Cancelled: if the call is not wanted any more meanwhile
    """
    call, end = current(), time.monotonic() + seconds
    with call.at("waiting"):
        while True:
            left = end - time.monotonic() if seconds >= 0 else LOOK_EVERY
            if lock.acquire(timeout=max(0.0, min(left, LOOK_EVERY))):
                return True
            call.check()
            if left <= 0:
                return False


@contextmanager
def held(lock: threading.Lock, seconds: float) -> Iterator[None]:
    """Hold a lock in the block; see ``acquired``.

    :raises WorkbookBusy: if it was not free within so many seconds
    """
    if not acquired(lock, seconds):
        raise WorkbookBusy(
            f"Another call of this chat was not done within {seconds:g} seconds; nothing was done.",
            "Try again in a moment.",
        )
    try:
        yield
    finally:
        lock.release()
