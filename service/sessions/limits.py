"""What one user may take up: sessions, and bytes on the disk."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from service.errors import LimitReached
from service.settings import Settings
from service.store.seams import Store

# Within this time a user's bytes are counted on from what was found on the disk.
_COUNTED_SECONDS = 30.0


def digest(text: str) -> str:
    """A name for a folder or file that stands for any text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def session_keys(store: Store, user: str) -> list[str]:
    """Keys of a user's sessions."""
    return [name.removesuffix(".json") for name in store.keys(f"users/{digest(user)}")]


def room_for_session(store: Store, settings: Settings, user: str) -> None:
    """Refuse one more session beyond the limit.

    :raises LimitReached: with limit and use in ``details``
    """
    most = settings.sessions_per_user
    count = len(session_keys(store, user))
    if count >= most:
        raise LimitReached(
            f"{count} sessions of this user exist, and at most {most} may.",
            "Delete one with DELETE /v1/sessions/{id}, or wait till one expires.",
            {"limit": most, "in_use": count},
        )


class Quota:
    """Bytes that users keep on the disk. Safe for use by many threads.

    Looking at every file of a user for every change would cost more than most changes, so
    what was found is counted on for a short while. A limit may be passed by what is written
    within it, not by more.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._most = settings.bytes_per_user
        # Counting on does not put off the next look at the disk: exports, checkpoints and
        # drafts are counted there.
        self._used: TTLCache[str, list[int]] = TTLCache(10_000, _COUNTED_SECONDS, timer=timer)
        self._lock = threading.Lock()

    def room_for(self, user: str, more: int = 0) -> None:
        """Refuse ``more`` bytes beyond the limit; with 0, anything once it is passed.

        :raises LimitReached: with limit and use, in bytes, in ``details``
        """
        used = self._bytes(user)
        if used + more > self._most:
            used = self._counted(user)  # closing and deleting may have made room
        if used + more > self._most:
            raise LimitReached(
                f"This user's files take {used:,} bytes, and at most {self._most:,} may be taken"
                + (f"; {more:,} more do not fit." if more else "."),
                "Close workbooks or delete sessions that are no longer needed.",
                {"limit": self._most, "in_use": used},
            )
        self.add(user, more)

    def add(self, user: str, more: int) -> None:
        """Count bytes that were written."""
        with self._lock:
            known = self._used.get(user)
            if known is not None:
                known[0] += more

    def _bytes(self, user: str) -> int:
        with self._lock:
            known = self._used.get(user)
        return self._counted(user) if known is None else known[0]

    def _counted(self, user: str) -> int:
        """What is on the disk now; counting on begins anew from there."""
        keys = session_keys(self._store, user)
        found = sum(self._store.size(key) for key in keys)
        with self._lock:
            self._used[user] = [found]
        return found
