"""The records of sessions in the store: found, taken alone, and removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from service.errors import StorageFailed
from service.sessions.limits import digest
from service.sessions.links import forget_withdrawn
from service.sessions.model import SessionData
from service.store.seams import Board, Store


def session_key(id_: str) -> str:
    """What names the session of that id in the store."""
    return digest(id_)


def owner_key(user: str, chat: str) -> str:
    """The record that says which session a user and chat have."""
    return f"owners/{digest(f'{len(user)}:{user}:{chat}')}.json"


@contextmanager
def taken(board: Board, key: str, seconds: float) -> Iterator[bool]:
    """Whether the session of that key is this process's alone inside of the block."""
    grant = board.take(key, seconds)
    try:
        yield grant is not None
    finally:
        if grant is not None:
            board.give(key)


def stored(store: Store, key: str) -> SessionData | None:
    """The record of the session of that key, or None.

    :raises StorageFailed: if it is there and can't be used
    """
    record = store.read(f"sessions/{key}/session.json")
    return None if record is None else session_data(key, record)


def session_data(key: str, record: dict[str, Any]) -> SessionData:
    """The session in a record.

    :raises StorageFailed: if it can't be used
    """
    try:
        return SessionData.from_record(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageFailed(
            f"The record of session {key} is damaged, or of another version of the service.",
            "Restore it from a backup or delete the session.",
        ) from error


def ended_facts(data: SessionData, why: str) -> dict[str, Any]:
    """What the audit log says of a session that ended."""
    names = [book.name for book in data.workbooks.values()]
    names += [upload.name for upload in data.uploads.values()]
    names += [export.name for export in data.exports.values()]
    files = list(dict.fromkeys(names))
    owner = {"user": data.user, "chat": data.chat, "session": data.key}
    return owner | {"files": files, "why": why}


def erase_damaged(store: Store, key: str) -> None:
    """Remove a session whose record does not say whose it is."""
    for user in store.keys("users"):
        store.remove(f"users/{user}/{key}.json")
    for owner in store.keys("owners"):
        with suppress(StorageFailed):
            record = store.read(f"owners/{owner}") or {}
            if session_key(str(record.get("id", ""))) == key:
                store.remove(f"owners/{owner}")
    store.remove(f"sessions/{key}")


def erase(store: Store, data: SessionData) -> None:
    """Remove all that the store holds of a session."""
    owner = owner_key(data.user, data.chat)
    known = store.read(owner)
    if known and known["id"] == data.id:
        store.remove(owner)
    store.remove(f"users/{digest(data.user)}/{data.key}.json")
    forget_withdrawn(store, data.key)
    # Without its record it is gone, even if the service ends before the rest is.
    store.remove(f"sessions/{data.key}/session.json")
    store.remove(f"sessions/{data.key}")
