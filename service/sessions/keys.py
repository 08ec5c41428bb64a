"""API keys that the service makes itself, beside those of EXCEL_TOOLS_API_KEYS.

``keys/<sha256 of the key>.json`` holds ``{"v": 1, "name": ..., "made": ...}``. The key itself
is told once and kept nowhere; it has 256 random bits, so a plain hash of it gives nothing away.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from service.errors import LimitReached, NotFound
from service.store.local import LocalStore

FORMAT = 1
MOST = 100
_PREFIX = "excel-"
_SHOWN = 12  # characters of the hash that name a key


@dataclass(frozen=True)
class MadeKey:
    """What is known of a key: its id, what it was made for, and when (seconds since 1970)."""

    id: str
    name: str
    made: float


def make_key(store: LocalStore, name: str, now: float) -> str:
    """A new key, which is told here and never again.

    :raises LimitReached: if there are too many
    """
    if len(list(store.keys("keys"))) >= MOST:
        raise LimitReached(
            f"There are {MOST} keys that this service made.",
            "Revoke some: python -m service keys list, python -m service keys revoke <id>.",
        )
    key = _PREFIX + secrets.token_urlsafe(32)
    store.write(_record(key), {"v": FORMAT, "name": name, "made": now})
    return key


def is_made(store: LocalStore, key: str) -> bool:
    """Whether the service made this key, and nobody has revoked it."""
    return key.startswith(_PREFIX) and store.read(_record(key)) is not None


def made_keys(store: LocalStore) -> list[MadeKey]:
    """All keys that are valid, the oldest first."""
    found = []
    for file in store.keys("keys"):
        record = store.read(f"keys/{file}") if file.endswith(".json") else None
        if record is not None:
            name, made = str(record.get("name", "")), float(record.get("made", 0))
            found.append(MadeKey(file[:_SHOWN], name, made))
    return sorted(found, key=lambda item: item.made)


def revoke_key(store: LocalStore, id_: str) -> None:
    """End a key, from the next request on.

    :raises NotFound: if no key has this id
    """
    files = [file for file in store.keys("keys") if len(id_) >= _SHOWN and file.startswith(id_)]
    if not files:
        raise NotFound(
            f"There is no key {id_[:80]}.", "See the ids with: python -m service keys list."
        )
    for file in files:
        store.remove(f"keys/{file}")


def key_id(key: str) -> str:
    """What names a key without telling it: the beginning of its hash; "" for no key."""
    return hashlib.sha256(key.encode()).hexdigest()[:_SHOWN] if key else ""


def _record(key: str) -> str:
    return f"keys/{hashlib.sha256(key.encode()).hexdigest()}.json"
