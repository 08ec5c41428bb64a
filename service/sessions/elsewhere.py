"""Sessions between a folder and a store of replicas: copied out of it, and put into it."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from service.errors import StorageFailed, WorkbookBusy
from service.sessions.limits import digest
from service.sessions.model import SessionData
from service.sessions.records import erase, owner_key, taken
from service.store.local import LocalStore
from service.store.seams import Board, Store

_WAIT = 60.0


def copy_session(store: Store, key: str, target: LocalStore) -> None:
    """Copy what a session holds to a folder: its record first, then journals, then files.

    :raises FileNotFoundError: if a file went meanwhile
    """
    folder = f"sessions/{key}"
    record = store.read(f"{folder}/session.json")
    if record is not None:
        target.write(f"{folder}/session.json", record)
    for path in store.held(key).journals:
        for entry in store.entries(f"{folder}/{path}", whole=False):
            target.append(f"{folder}/{path}", entry, sync=False)
    # Not before: what a journal names is there before the journal names it.
    for path in store.held(key).files:
        if not store.copy_out(f"{folder}/{path}", target.root / folder / path):
            raise FileNotFoundError(path)


class Putting:
    """Puts sessions and records from a folder into a store, and takes them back if one fails.

    :param staged: the folder
    """

    def __init__(self, store: Store, board: Board, staged: LocalStore) -> None:
        self._store, self._board, self._staged = store, board, staged
        self._sessions: list[SessionData] = []
        self._records: list[str] = []

    def session(self, data: SessionData) -> None:
        """Put a session there, with the two records by which it is found at the end.

        :raises WorkbookBusy: if somebody has it
        :raises StorageFailed: if the store fails, or the chat has another session by now
        """
        folder, store = f"sessions/{data.key}", self._store
        with taken(self._board, data.key, _WAIT) as free:
            if not free:
                raise WorkbookBusy(
                    f"Session {data.key} is being worked on.", "Try again in a moment."
                )
            store.remove(folder)  # left by a restore that was interrupted
            self._sessions.append(data)
            held = self._staged.held(data.key)
            self._files(folder, held.files)
            for path in held.journals:
                for entry in self._staged.entries(f"{folder}/{path}", whole=False):
                    store.append(f"{folder}/{path}", entry)
            # Its time begins anew: it must not be over before anybody could go on.
            data.used = max(data.used, time.time())
            store.write(f"{folder}/session.json", data.to_record())
            self._found(data)

    def _files(self, folder: str, paths: list[str]) -> None:
        """Put files there; equal ones once."""
        known: dict[str, str] = {}
        for path in paths:
            source = self._staged.root / folder / path
            with source.open("rb") as file:
                contents = hashlib.file_digest(file, "sha256").hexdigest()
            same = self._store.file(known[contents]) if contents in known else None
            self._store.keep(same or source, f"{folder}/{path}")
            known.setdefault(contents, f"{folder}/{path}")

    def _found(self, data: SessionData) -> None:
        owner, store = owner_key(data.user, data.chat), self._store
        store.write(f"users/{digest(data.user)}/{data.key}.json", {"key": data.key})
        before = store.read(owner)
        if store.claim(owner, {"id": data.id}, before).get("id") != data.id:
            raise StorageFailed(
                f"{data.user} has begun to work in {data.chat}; nothing was restored.",
                "Delete that session first: python -m service sessions delete.",
            )

    def record(self, key: str, path: Path) -> bool:
        """Put a record of no session there; False if there is another one, which stays."""
        if key == "secret.key":
            return self._store.secret(path.read_text()) == path.read_text()
        record: dict[str, Any] = json.loads(path.read_bytes())
        known = self._store.read(key)
        if known is None:
            known = self._store.claim(key, record, None)
            self._records += [key] if known == record else []
        return known == record

    def undo(self) -> None:
        """Take all of it back."""
        for data in self._sessions:
            with taken(self._board, data.key, _WAIT) as free:
                if free:
                    erase(self._store, data)
        for key in self._records:
            self._store.remove(key)
