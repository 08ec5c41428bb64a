"""A backup put back: whole or not at all, and only what was looked at before.

Everything is unpacked beside the data folder's own files and checked there; then it is moved into
place, a session at a time, each with the two records by which it is found at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import time
import zlib
from contextlib import suppress
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import Any

from service.errors import ExcelToolsError, InvalidParameters, StorageFailed, listed
from service.sessions import journal, model
from service.sessions.backup import (
    ABOUT,
    DATA,
    FORMAT,
    LEFT_OUT,
    MANIFEST,
    Told,
    belonging,
    trouble,
)
from service.sessions.elsewhere import Putting
from service.sessions.limits import digest
from service.sessions.model import SessionData
from service.sessions.records import owner_key, stored
from service.store.local import LocalStore
from service.store.memory import LocalBoard
from service.store.seams import Board, Store

_STAGE = "restore.new"
_CHUNK = 1 << 20


class BackupDamaged(Exception):
    """Not a backup, or not a whole one; the message says what is wrong."""


def restore(
    store: Store,
    source: Path,
    *,
    user: str = "",
    only_check: bool = False,
    board: Board | None = None,
) -> tuple[Told, list[str]]:
    """(what was put into the store, what there is to say of it).

    :param user: only this user's sessions and preferences; "" for all there is
    :param only_check: look at the backup, and leave the store alone
    :param board: of the store; none is needed for a folder
    :raises InvalidParameters: if the backup can't be used or would replace something; then the
        store is as it was
    """
    stage = store.scratch(f"{_STAGE}/{os.getpid()}.{os.urandom(4).hex()}")
    try:
        told = _unpacked(source, stage)
        staged = LocalStore(stage)
        sessions = _sessions(staged, told, user)
        told.sessions = len(sessions)
        if only_check:
            return told, []
        _refuse_what_is_there(store, sessions)
        if isinstance(store, LocalStore):
            return told, _Move(store, staged).all(sessions, user)
        putting = Putting(store, board or LocalBoard(), staged)
        return told, _put(putting, staged, sessions, user)
    except BackupDamaged as error:
        raise InvalidParameters(
            f"{source} can't be restored: {error} Nothing was restored.",
            "Take another backup; python -m service restore --check FILE looks at one.",
        ) from None
    except OSError as error:
        raise StorageFailed(
            f"{source} could not be restored: {error.strerror or error}. Nothing was restored.",
            "Look at the disk and its rights, and try again.",
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            stage.parent.rmdir()


# Unpacking ---------------------------------------------------------------------


def _unpacked(source: Path, stage: Path) -> Told:
    """Unpack and compare with the manifest; sizes, checksums, nothing more and nothing less."""
    found: dict[str, tuple[int, str]] = {}
    texts: dict[str, dict[str, Any]] = {}
    try:
        with tarfile.open(source) as archive:
            for entry in archive:
                if not entry.isfile():
                    raise BackupDamaged(f"{entry.name!r} in it is no plain file.")
                if entry.name in (ABOUT, MANIFEST):
                    texts[entry.name] = _text(archive, entry)
                    _refuse_newer(texts.get(ABOUT, {}))
                else:
                    key = _key(entry.name)
                    found[key] = _written(archive, entry, stage / key)
    except (tarfile.TarError, EOFError, zlib.error, LZMAError) as error:
        raise BackupDamaged(f"it is damaged, or no backup ({error}).") from None
    except OSError as error:
        if error.errno is None:  # of gzip, about its contents
            raise BackupDamaged(f"it is damaged ({error}).") from None
        raise
    if ABOUT not in texts or MANIFEST not in texts:
        raise BackupDamaged("its beginning or its end is missing, so it is no whole backup.")
    return _compared(texts[MANIFEST], found)


def _text(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> dict[str, Any]:
    file = archive.extractfile(entry)
    try:
        value = json.loads(file.read()) if file else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BackupDamaged(f"{entry.name} in it can't be read.")
    return value


def _refuse_newer(about: dict[str, Any]) -> None:
    known = {"backup": FORMAT, "session": model.FORMAT, "journal": journal.FORMAT}
    for what, newest in known.items():
        if not isinstance(about.get(what), int) or about[what] > newest:
            raise BackupDamaged(
                f"it was made by version {about.get('service')} of the service, whose form of "
                f"the {what} ({about.get(what)}) is newer than this one's ({newest})."
            )


def _key(name: str) -> str:
    """The key of a file in the archive, which must lie where data lie and nowhere else."""
    key = name.removeprefix(DATA)
    parts = PurePosixPath(key).parts
    sound = name.startswith(DATA) and parts and key == "/".join(parts)
    sound = sound and not {"..", "/", "."} & set(parts) and "\\" not in key and "\0" not in key
    own = {"sessions", "users", "owners"}
    if not sound or (parts[0] in LEFT_OUT and parts[0] not in own):
        raise BackupDamaged(f"{name!r} in it is not where data are.")
    return key


def _written(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> tuple[int, str]:
    """(size, checksum) of a file that was unpacked."""
    hash_, size = hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    file = archive.extractfile(entry)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        while file and (chunk := file.read(_CHUNK)):
            target.write(chunk)
            hash_.update(chunk)
            size += len(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size, hash_.hexdigest()


def _compared(manifest: dict[str, Any], found: dict[str, tuple[int, str]]) -> Told:
    said, damaged = manifest.get("files"), manifest.get("damaged", {})
    if not isinstance(said, dict) or not isinstance(damaged, dict):
        raise BackupDamaged("its manifest can't be read.")
    for what, keys in (
        ("is missing in it", said.keys() - found.keys()),
        ("in it is not in its manifest", found.keys() - said.keys()),
        ("in it is damaged", {key for key in found if list(found[key]) != list(said.get(key, ()))}),
    ):
        if keys:
            raise BackupDamaged(f"{listed(sorted(keys), 3)} {what}.")
    return Told(0, len(found), sum(size for size, _ in found.values()), dict(damaged))


# Looking -----------------------------------------------------------------------


def _sessions(staged: LocalStore, told: Told, user: str) -> list[tuple[str, SessionData | None]]:
    """The sessions to restore; those that were damaged already have no data, and stay so."""
    found: list[tuple[str, SessionData | None]] = []
    for key in staged.keys("sessions"):
        why = trouble(staged, key)
        if why and key not in told.damaged:
            raise BackupDamaged(f"the session {key} in it can't be used: {why}")
        try:
            data = stored(staged, key)
        except StorageFailed:
            data = None
        if not user or (data is not None and data.user == user):
            found.append((key, data))
    if user and not found:
        raise BackupDamaged(f"it holds no session of {user}.")
    return found


def _refuse_what_is_there(store: Store, sessions: list[tuple[str, SessionData | None]]) -> None:
    there, have = [], set(store.keys("sessions"))
    for key, data in sessions:
        known = data and _known(store, data)
        if known is not None and data is not None and known != data.id:
            there.append(f"{data.user} in {data.chat}")
        elif key in have and (data is None or known):
            there.append(key)
    if there:
        raise InvalidParameters(
            f"The data folder has {len(there)} of these sessions already: {listed(there, 5)}. "
            "Nothing was restored.",
            "Restore into an empty folder (EXCEL_TOOLS_DATA_DIR; for replicas an empty Redis), or "
            "delete them first with python -m service sessions delete.",
            {"there": there[:100]},
        )


def _known(store: Store, data: SessionData) -> str | None:
    """The id of the session that this user and chat have, if it is there."""
    record = store.read(owner_key(data.user, data.chat))
    if record is None:
        return None
    id_ = str(record.get("id", ""))
    return id_ if store.found(digest(id_), 0) else None


# Moving ------------------------------------------------------------------------


class _Move:
    """Brings what was unpacked into place, and takes it back if something fails."""

    def __init__(self, store: LocalStore, staged: LocalStore) -> None:
        self._store, self._staged = store, staged
        self._moved: list[Path] = []

    def all(self, sessions: list[tuple[str, SessionData | None]], user: str) -> list[str]:
        try:
            notes = self._others(user, [key for key, _ in sessions])
            for key, data in sessions:
                self._session(key, data)
        except (OSError, ExcelToolsError):
            for path in reversed(self._moved):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            raise
        return notes

    def _others(self, user: str, sessions: list[str]) -> list[str]:
        """What belongs to no session: only what is not there yet."""
        notes = []
        for key, path in _others(self._staged, user, sessions):
            target = self._store.root / key
            if not target.exists():
                self._move(path, target)
            elif target.read_bytes() != path.read_bytes():
                notes.append(_kept(key))
        return notes

    def _session(self, key: str, data: SessionData | None) -> None:
        target = self._store.root / "sessions" / key
        if target.exists():  # without an owner: left by a restore that was interrupted
            shutil.rmtree(target)
        if data is not None:
            # Its time begins anew: it must not be over before anybody could go on.
            data.used = max(data.used, time.time())
            self._staged.write(f"sessions/{key}/session.json", data.to_record())
        self._move(self._staged.root / "sessions" / key, target)
        if data is None:
            return
        for record in (f"users/{digest(data.user)}/{key}.json", owner_key(data.user, data.chat)):
            if (self._staged.root / record).exists():
                self._move(self._staged.root / record, self._store.root / record)

    def _move(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        self._moved.append(target)
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _others(staged: LocalStore, user: str, sessions: list[str]) -> list[tuple[str, Path]]:
    """(key, path) of what belongs to no session, or of that what belongs to the user."""
    own, found = belonging(user, sessions), []
    for path in sorted(staged.root.rglob("*")):
        key = path.relative_to(staged.root)
        if path.is_file() and key.parts[0] not in LEFT_OUT and (not user or str(key) in own):
            found.append((key.as_posix(), path))
    return found


def _put(
    putting: Putting, staged: LocalStore, sessions: list[tuple[str, SessionData | None]], user: str
) -> list[str]:
    """Put all of it into a store of replicas, or nothing; what there is to say of it."""
    notes = []
    try:
        for key, path in _others(staged, user, [key for key, _ in sessions]):
            if key != "secret.key" and not key.endswith(".json"):
                notes.append(f"{key} is no part of what replicas share, and was left out.")
            elif not putting.record(key, path):
                notes.append(_kept(key))
        for key, data in sessions:
            if data is None:
                notes.append(f"Session {key} was damaged before, and was left out.")
            else:
                putting.session(data)
    except (OSError, ExcelToolsError):
        putting.undo()
        raise
    return notes


def _kept(key: str) -> str:
    if key == "secret.key":
        return (
            "There is a secret.key of its own, which stays: links that were given out before the "
            "backup lead nowhere."
        )
    return f"{key} is there already with other contents, and stays as it is."
