"""What one user may take up: sessions, and bytes on the disk."""

from __future__ import annotations

import hashlib

from service.errors import LimitReached
from service.settings import Settings
from service.store.local import LocalStore


def digest(text: str) -> str:
    """A name for a folder or file that stands for any text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def room_for_session(store: LocalStore, settings: Settings, user: str) -> None:
    """Refuse one more session beyond the limit.

    :raises LimitReached: with limit and use in ``details``
    """
    most = settings.sessions_per_user
    count = len(list(store.keys(f"users/{digest(user)}")))
    if count >= most:
        raise LimitReached(
            f"{count} sessions of this user exist, and at most {most} may.",
            "Delete one with DELETE /v1/sessions/{id}, or wait till one expires.",
            {"limit": most, "in_use": count},
        )


def room_for_bytes(store: LocalStore, settings: Settings, user: str, more: int = 0) -> None:
    """Refuse ``more`` bytes beyond the limit; with 0, anything once it is passed.

    :raises LimitReached: with limit and use, in bytes, in ``details``
    """
    most = settings.bytes_per_user
    keys = [name.removesuffix(".json") for name in store.keys(f"users/{digest(user)}")]
    used = sum(store.size(f"sessions/{key}") for key in keys)
    if used + more > most:
        raise LimitReached(
            f"This user's files take {used:,} bytes, and at most {most:,} may be taken"
            + (f"; {more:,} more do not fit." if more else "."),
            "Close workbooks or delete sessions that are no longer needed.",
            {"limit": most, "in_use": used},
        )
