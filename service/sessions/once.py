"""Answers to requests that may come again with the same Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cachetools import LRUCache

# Of one session. What does not fit is done again: an answer that only memory holds is one
# of a call that changed nothing.
_BYTES = 128_000


def fingerprint_of(request: object) -> str:
    """What tells requests apart that come with one key."""
    text = json.dumps(request, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


class Once:
    """The first answer of a repeated request, if there is one; else where to put it."""

    def __init__(self, answer: dict[str, Any] | None, fingerprint: str = "") -> None:
        self.known = answer
        self.answer: dict[str, Any] | None = None
        self.fingerprint = fingerprint


class Recent:
    """The last answers of a session, in memory: as text, which tells what it takes up."""

    def __init__(self) -> None:
        self._texts: LRUCache[str, str] = LRUCache(_BYTES, getsizeof=len)

    def put(self, key: str, fingerprint: str, answer: dict[str, Any]) -> None:
        text = json.dumps({"print": fingerprint, "answer": answer})
        if len(text) <= _BYTES:
            self._texts[key] = text

    def get(self, key: str) -> dict[str, Any] | None:
        """{"print", "answer"} of the request with that key, if it is still known."""
        text = self._texts.get(key)
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found
