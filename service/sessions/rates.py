"""How often a user or a key may ask: token buckets, each of a minute's worth.

Who has not asked for a minute may ask that often at once; after that, requests come back one
by one. The buckets are behind ``Buckets``, so that several processes can share them elsewhere.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from cachetools import TTLCache

from service.errors import RateLimited
from service.settings import Settings

_MINUTE = 60.0
# A bucket that nobody took from for a minute is full, so nothing is lost with it.
_MOST_BUCKETS = 100_000


class Buckets(Protocol):
    """Where the buckets are."""

    def take(self, name: str, per_minute: int) -> float:
        """Take one token; seconds until there is one again, 0 if there was one."""
        ...


class LocalBuckets:
    """Buckets of this process. Safe for use by many threads.

    :param timer: gives seconds that only go on
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        # (tokens, when they were counted) by name.
        self._buckets: TTLCache[str, tuple[float, float]] = TTLCache(
            _MOST_BUCKETS, _MINUTE, timer=timer
        )

    def take(self, name: str, per_minute: int) -> float:
        """As ``Buckets``."""
        with self._lock:
            now = self._timer()
            tokens, counted = self._buckets.get(name, (float(per_minute), now))
            tokens = min(float(per_minute), tokens + (now - counted) * per_minute / _MINUTE)
            enough = tokens >= 1
            self._buckets[name] = (tokens - 1 if enough else tokens, now)
            return 0.0 if enough else (1 - tokens) * _MINUTE / per_minute


class Rates:
    """Refuses what comes too often."""

    def __init__(self, settings: Settings, buckets: Buckets) -> None:
        self._user, self._key = settings.user_rate, settings.key_rate
        self._buckets = buckets

    def __repr__(self) -> str:
        return f"<Rates {self._user} a user, {self._key} a key>"

    def user(self, user: str) -> None:
        """Count a request for a user.

        :raises RateLimited: with the seconds to wait
        """
        self._take("user", user, self._user, "of this user", "EXCEL_TOOLS_USER_RATE")

    def key(self, id_: str) -> None:
        """Count a request with a key, by the key's id; as ``user``."""
        self._take("key", id_, self._key, "with this API key", "EXCEL_TOOLS_KEY_RATE")

    def link(self, session: str) -> None:
        """Count what is fetched by the links of a session, by its key; as ``user``."""
        self._take("link", session, self._user, "by this chat's links", "EXCEL_TOOLS_USER_RATE")

    def _take(self, kind: str, name: str, most: int, whose: str, setting: str) -> None:
        if not most:
            return
        wait = self._buckets.take(f"{kind}:{name}", most)
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise RateLimited(
                f"There were too many requests {whose}: {most:,} a minute are taken.",
                f"Nothing was done. Try again in {seconds} s; the operator can raise {setting}.",
                {"limit": most},
            ).again_after(seconds)
