"""Fails fast while something that is needed is down, instead of making everybody wait for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import StorageFailed
from service.observing import metrics

log = logging.getLogger("excel_tools.store")

_FAILURES = 3
_PAUSE = 3.0
# Seconds after which callers may try again.
AGAIN_AFTER = 5


class NotReachedError(Exception):
    """What is needed did not answer; the message says how."""


class Circuit:
    """Around every call of one server.

    After a few failures in a row calls are refused at once, for some seconds; then one call
    tries it, and the others go on if that one came through.

    :param name: of the server, for people
    :param action: as metrics name what is done there
    """

    def __init__(self, name: str, action: str = "") -> None:
        self._name, self._action = name, action or name
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def __repr__(self) -> str:
        return f"<Circuit {self._name} {self._failures} failures>"

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make the call in the block.

        :raises StorageFailed: with the status 503, if it failed or was not tried
        """
        with metrics.stored(self._action):
            self._enter()
            try:
                yield
            except NotReachedError as error:
                self._failed()
                raise unavailable(self._name, str(error)) from error
        with self._lock:
            if self._failures >= _FAILURES:
                log.warning("%s is back", self._name)
            self._failures = 0

    def _enter(self) -> None:
        now = time.monotonic()
        with self._lock:
            if self._failures < _FAILURES:
                return
            if now < self._open_until:
                raise unavailable(self._name, "it did not answer a moment ago")
            self._open_until = now + _PAUSE  # this one tries it

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= _FAILURES:
                self._open_until = time.monotonic() + _PAUSE
            if self._failures == _FAILURES:
                log.error("%s is down; calls are refused until it is back", self._name)


def unavailable(name: str, why: str) -> StorageFailed:
    """The error for callers: to be tried again in a moment."""
    error = StorageFailed(
        f"The service's store can't be used at the moment ({name}: {why[:200]}).",
        "Nothing that was answered before is lost. Repeat the call in some seconds, with the same "
        "Idempotency-Key.",
    )
    error.status = 503
    return error.again_after(AGAIN_AFTER)
