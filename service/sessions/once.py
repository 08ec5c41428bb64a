"""Answers to requests that may come again with the same Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from typing import Any


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
