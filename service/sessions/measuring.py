"""How many sessions there are and how much they take up: counted now and then, beside all else."""

from __future__ import annotations

import time

from service.observing import metrics
from service.store.seams import Store

_COUNT_BYTES_EVERY = 300.0
# Looking at all files takes at most this share of the time.
_SHARE = 0.05


class Measuring:
    """Sets the metrics of what is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next_bytes = 0.0

    def look(self) -> None:
        """Count the sessions, and their bytes where it is time for that.

        :raises StorageFailed: if the store can't be looked at
        """
        keys = list(self._store.keys("sessions"))
        metrics.SESSIONS.set(len(keys))
        began = time.monotonic()
        if began >= self._next_bytes:
            metrics.STORAGE_BYTES.set(sum(self._store.size(key) for key in keys))
            took = time.monotonic() - began
            self._next_bytes = began + max(_COUNT_BYTES_EVERY, took / _SHARE)
