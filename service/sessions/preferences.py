"""What the store keeps of a user's preferences, apart from all sessions.

``preferences/<hash of the user>.json`` holds ``{"v": 1, "preferences": {...}}`` with those
that the user has set; a user without any has no record.
"""

from __future__ import annotations

from typing import Any

import pydantic

from service.errors import StorageFailed
from service.operations.preferences import Preferences
from service.sessions.limits import digest
from service.store.seams import Store

FORMAT = 1


def read_preferences(store: Store, user: str) -> Preferences:
    """The user's preferences.

    :raises StorageFailed: if they are damaged: what is made then would look as nobody
        asked for, and nobody would be told
    """
    try:
        record = store.read(_key(user))
    except StorageFailed as error:
        raise _unreadable(error.message) from error
    if record is None:
        return Preferences()
    if record.get("v") != FORMAT:
        raise _unreadable("They were written by another version of the service.")
    try:
        return Preferences.kept(record.get("preferences"))
    except pydantic.ValidationError:
        raise _unreadable("The record holds what no preference is.") from None


def set_preferences(store: Store, user: str) -> dict[str, Any]:
    """Those that the user has set, as they are now, for the journal."""
    return read_preferences(store, user).model_dump(exclude_defaults=True)


def write_preferences(store: Store, user: str, preferences: Preferences) -> None:
    """Replace all preferences of the user."""
    kept = preferences.model_dump(exclude_defaults=True)
    if kept:
        store.write(_key(user), {"v": FORMAT, "preferences": kept})
    else:
        store.remove(_key(user))


def _key(user: str) -> str:
    return f"preferences/{digest(user)}.json"


def _unreadable(why: str) -> StorageFailed:
    return StorageFailed(
        f"The user's preferences can't be read. {why}",
        "Set them anew with PUT /v1/preferences, or tell the operator; the workbooks are whole.",
    )
