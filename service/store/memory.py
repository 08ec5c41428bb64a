"""The board of a service that is one process: nothing has to be told to anybody else."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from cachetools import LRUCache, TLRUCache

from service.calls import Elsewhere
from service.store.seams import Grant

# Of one session. What does not fit is done again: an answer that only memory holds is one
# of a call that changed nothing.
_BYTES = 128_000
_MOST = 10_000


class RecentInMemory:
    """The last answers of a session: as text, which tells what it takes up."""

    def __init__(self) -> None:
        self._texts: LRUCache[str, str] = LRUCache(_BYTES, getsizeof=len)

    def put(self, key: str, fingerprint: str, answer: dict[str, Any]) -> None:
        text = json.dumps({"print": fingerprint, "answer": answer})
        if len(text) <= _BYTES:
            self._texts[key] = text

    def get(self, key: str) -> dict[str, Any] | None:
        """See ``Recent``."""
        text = self._texts.get(key)
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


class LocalBoard:
    """See ``seams.Board``."""

    def __init__(self, clock: Any = time.time) -> None:
        self._lock = threading.Lock()
        self._notes: TLRUCache[str, tuple[str, float]] = TLRUCache(
            _MOST, ttu=lambda _key, value, now: now + value[1], timer=clock
        )

    def __repr__(self) -> str:
        return "<LocalBoard>"

    def take(self, session: str, seconds: float) -> Grant | None:
        """See ``Board``: it is free, and nobody else writes."""
        return Grant(0, unclean=False)

    def give(self, session: str) -> int:
        """See ``Board``."""
        return 0

    def wanted(self, session: str) -> bool:
        """See ``Board``."""
        return False

    def calls(self, session: str) -> Elsewhere | None:
        """See ``Board``."""
        return None

    def recent(self, session: str) -> RecentInMemory:
        """See ``Board``."""
        return RecentInMemory()

    def buckets(self) -> None:
        """See ``Board``."""

    def mark(self, what: str, seconds: float) -> None:
        """See ``Board``."""
        self.note(what, "yes", seconds)

    def marked(self, what: str) -> bool:
        """See ``Board``."""
        return bool(self.noted(what))

    def note(self, what: str, text: str, seconds: float) -> None:
        """See ``Board``."""
        with self._lock:
            self._notes[what] = (text, seconds)

    def noted(self, what: str) -> str:
        """See ``Board``."""
        with self._lock:
            return self._notes.get(what, ("", 0.0))[0]

    def alone(self, what: str, seconds: float) -> bool:
        """See ``Board``."""
        return True

    def close(self) -> None:
        """See ``Board``."""
