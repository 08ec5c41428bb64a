"""A backup of all there is in one file, also while the service works.

A tar file: ``about.json`` first, then the files below ``data/``, and at the end ``manifest.json``
with the size and checksum of each. What can be made again (checkpoints, drafts) is left out.

Each session is taken as it is at one moment without stopping anybody: its record first, then its
journals, which only grow and are the truth about its workbooks, then its files, which never
change. If the record is another one afterwards, or does not fit to the journals, it is done again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from service import __version__
from service.errors import InvalidParameters, StorageFailed
from service.sessions import journal, model
from service.sessions.elsewhere import copy_session
from service.sessions.limits import digest
from service.sessions.links import withdrawn_key
from service.sessions.model import SessionData
from service.sessions.records import owner_key
from service.store.local import LocalStore
from service.store.seams import Store

FORMAT = 1
ABOUT, MANIFEST, DATA = "about.json", "manifest.json", "data/"
SECRETS = ("secret.key", "keys")
# What a service makes again, or is in the middle of making.
STAGE = "backup.new"
LEFT_OUT = (STAGE, "restore.new", "uploads.new", "sessions", "users", "owners")
_MADE_AGAIN = ("checkpoints", "drafts")
_GROWING = ("session.json", "history", "journal")
_TRIES = 20
_BETWEEN_TRIES = 0.1


@dataclass
class Told:
    """What is in a backup.

    :param damaged: sessions that can't be used as they are, and why
    """

    sessions: int = 0
    files: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)


def back_up(store: Store, target: Path, *, user: str = "", secrets: bool = True) -> Told:
    """Write a backup to ``target``, which must not be there yet.

    :param user: only this user's sessions and preferences; "" for all there is
    :param secrets: with the key that signs links, and the keys that the service made
    :raises InvalidParameters: if ``target`` is there, or no such user
    :raises StorageFailed: if something could not be read or written; then there is no backup
    """
    if target.exists():
        raise InvalidParameters(f"{target} is there already.", "Name a file that is not there yet.")
    if isinstance(store, LocalStore):
        _refuse_inside(store, target)
    part = target.with_name(target.name + ".part")
    stage = store.scratch(f"{STAGE}/{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with _told(target), _archive(part, target.name) as archive:
            writer = _Writer(archive)
            writer.text(ABOUT, _about(user))
            keys = _session_keys(store, user)
            for key in keys:
                _add_session(store, stage, key, writer, user)
            if user and not writer.told.sessions:
                raise InvalidParameters(f"The user {user} has no session.", "See sessions list.")
            for name, path in _others(store, stage, user, keys, secrets=secrets):
                with suppress(FileNotFoundError):  # ended, or revoked, since it was listed
                    writer.file(name, path)
            writer.end()
        os.replace(part, target)
        return writer.told
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            stage.parent.rmdir()  # others may be at work there


def _refuse_inside(store: LocalStore, target: Path) -> None:
    """A backup among the data would be in the next one, and gone with them."""
    root, place = store.root.resolve(), target.resolve()
    if place.is_relative_to(root) and place.relative_to(root).parts[0] != STAGE:
        raise InvalidParameters(
            f"{target} is in the data folder, {root}, which is what is backed up.",
            "Name a file elsewhere, best on another disk; - writes it to a pipe.",
        )


def _about(user: str) -> dict[str, Any]:
    return {
        "backup": FORMAT,
        "service": __version__,
        "made": model.utc_text(time.time()),
        "session": model.FORMAT,
        "journal": journal.FORMAT,
        "user": user,
    }


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"The backup {target} could not be written: {error.strerror or error}.",
            "Nothing of it is left. Look at the disk and its rights, and try again.",
        ) from error


@contextmanager
def _archive(part: Path, name: str) -> Iterator[tarfile.TarFile]:
    """A tar file, packed if its name ends so; it is on the disk when the block ends."""
    kind = next((kind for kind in ("gz", "xz") if name.endswith((f".{kind}", f".t{kind}"))), "")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        # Workbooks are packed already; what is left is text, which packs well at any level.
        level: dict[str, Any] = {"gz": {"compresslevel": 1}, "xz": {"preset": 1}}.get(kind, {})
        mode: Any = f"w:{kind}"
        with tarfile.open(fileobj=file, mode=mode, **level) as archive:
            yield archive
        file.flush()
        os.fsync(file.fileno())


class _Writer:
    """Puts files into the archive and notes what they are."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._files: dict[str, tuple[int, str]] = {}
        self.told = Told()

    def text(self, name: str, value: dict[str, Any]) -> None:
        data = json.dumps(value, ensure_ascii=False, indent=0).encode()
        self._add(name, len(data), io.BytesIO(data))

    def file(self, key: str, path: Path) -> None:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            reader = _Hashing(file)
            self._add(DATA + key, size, reader)
        self._files[key] = (size, reader.hash.hexdigest())
        self.told.files += 1
        self.told.bytes += size

    def _add(self, name: str, size: int, file: IO[bytes] | _Hashing) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
        self._archive.addfile(entry, file)

    def end(self) -> None:
        self.text(MANIFEST, {"files": self._files, "damaged": self.told.damaged})


class _Hashing:
    """A file whose contents are summed up as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data


# Sessions ----------------------------------------------------------------------


def _session_keys(store: Store, user: str) -> list[str]:
    if not user:
        return list(store.keys("sessions"))
    return [name.removesuffix(".json") for name in store.keys(f"users/{digest(user)}")]


def _add_session(store: Store, stage: Path, key: str, writer: _Writer, user: str) -> None:
    """Put a session into the archive as it is at one moment."""
    why, before = "", None
    for _ in range(_TRIES):
        shutil.rmtree(stage, ignore_errors=True)
        before = _record(store, key)
        if before is None:
            return  # it has ended
        try:
            _copy(store, key, stage)
        except FileNotFoundError:
            why = "its files come and go"
            time.sleep(_BETWEEN_TRIES)
            continue
        why = "" if _same(before, _record(store, key)) else "it changes all the time"
        why = why or trouble(LocalStore(stage), key)
        if not why:
            break
        time.sleep(_BETWEEN_TRIES)
    if why:
        # As it is: whoever mends it needs what there is.
        writer.told.damaged[key] = why
    data = _whose(before or b"")
    if user and (data is None or data.user != user):
        return
    if data is not None:
        _add_owner(store, stage, data)
    for path in sorted(path for path in stage.rglob("*") if path.is_file()):
        writer.file(path.relative_to(stage).as_posix(), path)
    writer.told.sessions += 1


def _copy(store: Store, key: str, stage: Path) -> None:
    if isinstance(store, LocalStore):
        _link_all(store.root / "sessions" / key, stage / "sessions" / key)
    else:
        copy_session(store, key, LocalStore(stage))


def _record(store: Store, key: str) -> bytes | None:
    if not isinstance(store, LocalStore):
        record = store.read(f"sessions/{key}/session.json")
        return None if record is None else json.dumps(record).encode()
    try:
        return (store.root / "sessions" / key / "session.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _same(before: bytes, after: bytes | None) -> bool:
    """Whether two records differ in nothing but the time of use."""
    try:
        one, other = json.loads(before), json.loads(after or b"{}")
        return bool({**one, "used": 0} == {**other, "used": 0})
    except (ValueError, TypeError):
        return before == after


def _whose(record: bytes) -> SessionData | None:
    try:
        return SessionData.from_record(json.loads(record))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _add_owner(store: Store, stage: Path, data: SessionData) -> None:
    """The two records by which a session is found."""
    known = store.read(owner_key(data.user, data.chat))
    staged = LocalStore(stage)
    if known is None or known.get("id") == data.id:
        staged.write(owner_key(data.user, data.chat), {"id": data.id})
    staged.write(f"users/{digest(data.user)}/{data.key}.json", {"key": data.key})


def _link_all(source: Path, target: Path) -> None:
    """What a session holds, under other names; the record first and then the journals.

    A journal may have grown since its record was written, and never the other way round; a file
    is there before the journal tells of it.
    """
    grown = [path for path in _held(source) if path.name in _GROWING]
    for path in sorted(grown, key=lambda path: _GROWING.index(path.name)):
        shutil.copyfile(path, _made(target / path.relative_to(source)))
    for path in _held(source):
        to = _made(target / path.relative_to(source))
        if path.name in _GROWING:
            if not to.exists():
                shutil.copyfile(path, to)
            continue
        try:
            os.link(path, to)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(path, to)


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _held(source: Path) -> list[Path]:
    return [path for path in source.rglob("*") if path.is_file() and _belongs(path, source)]


def _belongs(path: Path, source: Path) -> bool:
    parts = path.relative_to(source).parts
    made_again = len(parts) > 4 and parts[0] == "workbooks" and parts[3] in _MADE_AGAIN
    return not made_again and not path.name.endswith(".part")


def trouble(store: LocalStore, key: str) -> str:
    """Why the session of that key can't be used; "" if it can."""
    record = _record(store, key)
    data = _whose(record) if record is not None else None
    if data is None:
        return "its record is damaged, or of another version"
    for book in data.workbooks.values():
        folder = f"sessions/{key}/workbooks/{book.id}/copy{book.copy}"
        if not book.open:
            continue
        if book.base and not (store.root / folder / book.base).exists():
            return f"the file that {book.name} began as is gone"
        try:
            found = journal.Journal(store, folder, book.name, made=not book.base)
            found.check(book.mark, book.saved_mark)
        except StorageFailed as error:
            return error.message
    return ""


# All else ----------------------------------------------------------------------


def belonging(user: str, sessions: Iterable[str]) -> set[str]:
    """Keys of what a user may have besides these sessions: preferences, links withdrawn."""
    withdrawn = {withdrawn_key("", key) for key in sessions}
    return {f"preferences/{digest(user)}.json", withdrawn_key(user, ""), *withdrawn}


def _others(
    store: Store, stage: Path, user: str, sessions: Iterable[str], *, secrets: bool
) -> Iterator[tuple[str, Path]]:
    """(key, path) of what belongs to no session."""
    left_out = {*LEFT_OUT, *(() if secrets else SECRETS)}
    if user:
        for key in sorted(belonging(user, sessions)):
            record = store.read(key)
            if record is not None:
                yield key, _staged(stage, key, record)
    elif isinstance(store, LocalStore):
        for path in sorted(store.root.rglob("*")):
            place = path.relative_to(store.root)
            if place.parts[0] not in left_out and path.is_file() and path.suffix != ".part":
                yield place.as_posix(), path
    else:
        for key in store.others():
            record = store.read(key) if key.partition("/")[0] not in left_out else None
            if record is not None:
                yield key, _staged(stage, key, record)
        if secrets:
            yield "secret.key", _secret(stage, store.secret())


def _staged(stage: Path, key: str, record: dict[str, Any]) -> Path:
    staged = LocalStore(stage)
    staged.write(key, record)
    return staged.root / key


def _secret(stage: Path, secret: str) -> Path:
    staged = LocalStore(stage)
    staged.secret(secret)
    return staged.root / "secret.key"
