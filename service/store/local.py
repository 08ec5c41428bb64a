"""Records, journals and files on a local disk.

What is written is on the disk when the call returns. A record is replaced as a whole. A journal
grows by lines, see ``lines.py``: a last one that is cut short or does not match its checksum was
never acknowledged and is dropped; the same anywhere else means damage, and is told.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from service.errors import StorageFailed
from service.observing import metrics
from service.store.lines import checked, line_of, parsed, placed_in
from service.store.seams import Found, Held, Place

_MADE_AGAIN = ("checkpoints", "drafts", "tables")
_OF_SESSIONS = ("sessions", "users", "owners", "uploads.new", "backup.new", "restore.new")


class LocalStore:
    """Everything below one folder, see ``seams.Store``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._claiming = threading.Lock()
        with _told("make the data folder", root):
            root.mkdir(parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"<LocalStore {str(self.root)!r}>"

    def path(self, key: str) -> Path:
        """The local path of a file; its folder exists afterwards."""
        path = self.root / key
        with _told("make a folder", path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    # Records ----------------------------------------------------------------

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""
        with _told("read", self.root / key):
            try:
                text = (self.root / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return parsed(text, key)

    def write(self, key: str, record: dict[str, Any], *, over: bool = False) -> bool:
        """See ``Store``."""
        if over and not (self.root / key).exists():
            return False
        data = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        path = self.path(key)
        part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
        with _told("write", path):
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(part, path)
                _sync(path.parent)
            finally:
                part.unlink(missing_ok=True)
        return True

    def claim(
        self, key: str, record: dict[str, Any], instead_of: dict[str, Any] | None
    ) -> dict[str, Any]:
        """See ``Store``."""
        with self._claiming:
            found = self.read(key)
            if found != instead_of:
                return found or {}
            self.write(key, record)
            return record

    def found(self, session: str, known: int) -> Found | None:
        """See ``Store``: only this process writes, so what is known is what there is."""
        key = f"sessions/{session}/session.json"
        if known == 0:
            return Found(0, None) if (self.root / key).exists() else None
        record = self.read(key)
        return None if record is None else Found(0, record)

    def unwritten(self, before: float) -> Iterator[str]:
        """See ``Store``: all of them, as the folders do not say."""
        yield from self.keys("sessions")

    def written(self, session: str) -> float:
        """See ``Store``."""
        path = self.root / "sessions" / session
        with _told("read", path):
            return path.stat().st_mtime

    def secret(self, wanted: str = "") -> str:
        """See ``Store``: in ``secret.key``, for the system's user alone."""
        path = self.root / "secret.key"
        if not path.exists():
            made = wanted.encode() or base64.urlsafe_b64encode(secrets.token_bytes(32))
            part = self.root / f"secret.key.{secrets.token_hex(4)}"
            part.touch(mode=0o600)
            part.write_bytes(made)
            try:
                path.hardlink_to(part)  # fails if another process was first: then theirs counts
            except FileExistsError:
                pass
            finally:
                part.unlink()
        return path.read_text()

    def held(self, session: str) -> Held:
        """See ``Store``."""
        found = Held([], [], [])
        folder = self.root / "sessions" / session
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            parts = path.relative_to(folder).parts
            made_again = len(parts) > 4 and parts[0] == "workbooks" and parts[3] in _MADE_AGAIN
            if not made_again and path.suffix != ".part":
                getattr(found, _kind(parts)).append("/".join(parts))
        return found

    def others(self) -> Iterator[str]:
        """See ``Store``."""
        for folder in self.keys(""):
            if (self.root / folder).is_dir() and folder not in _OF_SESSIONS:
                names = (name for name in self.keys(folder) if name.endswith(".json"))
                yield from (f"{folder}/{name}" for name in names)

    def keys(self, folder: str) -> Iterator[str]:
        """Names directly below a folder."""
        with _told("list", self.root / folder):
            try:
                names = sorted(os.listdir(self.root / folder))
            except (FileNotFoundError, NotADirectoryError):
                names = []
        yield from names

    # Journals ---------------------------------------------------------------

    def append(
        self, key: str, entry: dict[str, Any], *, sync: bool = True, at: int | None = None
    ) -> int:
        """Add an entry to a journal; it is on the disk when this returns, or not in it.

        :param sync: False leaves it to the system when it reaches the disk
        :param at: where the accepted entries end; what lies behind was never accepted
        :returns: the bytes that it takes
        """
        line = line_of(entry)
        path = self.path(key)
        # Unbuffered: a buffer that could not be written would be tried again on closing.
        with _told("write", path), path.open("ab", buffering=0) as file:
            before = file.tell() if at is None else _end_at(file, at, key)
            try:
                _write_all(file, line)
                if sync:
                    os.fsync(file.fileno())
            except OSError:
                # Half an entry must not stay: the next one would be glued to it.
                os.truncate(path, before)
                raise
            if before == 0 and sync:
                _sync(path.parent)
        return len(line)

    def entries(self, key: str, *, whole: bool = True) -> list[dict[str, Any]]:
        """See ``Store``; a torn last one is cut off."""
        return [entry for entry, _ in self._placed(key, 0, whole=whole)]

    def placed(self, key: str, *, since: int = 0) -> list[tuple[dict[str, Any], Place]]:
        """See ``Store``; a torn last one is cut off."""
        return self._placed(key, since, whole=True)

    def _placed(self, key: str, since: int, *, whole: bool) -> list[tuple[dict[str, Any], Place]]:
        path = self.root / key
        with _told("read", path):
            data = path.read_bytes()[since:] if path.exists() else b""
        found, good = placed_in(data, since, key, whole=whole)
        if whole and good < since + len(data):
            with _told("mend", path):
                os.truncate(path, good)
        return found

    def entries_at(self, key: str, places: list[Place]) -> list[dict[str, Any] | None]:
        """The entries at these places of a journal; None for one that is no longer there."""
        path = self.root / key
        if not places or not path.exists():
            return [None] * len(places)
        with _told("read", path), path.open("rb") as file:
            found = []
            for place in places:
                file.seek(place.start)
                found.append(checked(file.read(place.length)))
        return found

    def mend(self, key: str) -> None:
        """Cut off a last line without end, so that the next entry is not glued to it."""
        path = self.root / key
        with _told("mend", path):
            data = path.read_bytes() if path.exists() else b""
            if data and not data.endswith(b"\n"):
                os.truncate(path, data.rfind(b"\n") + 1)

    # Files ------------------------------------------------------------------

    def keep(self, source: Path, key: str) -> None:
        """See ``Store``; no copy is made where a link will do."""
        path = self.path(key)
        with _told("write", path):
            path.unlink(missing_ok=True)
            try:
                os.link(source, path)
            except OSError:
                shutil.copyfile(source, path)
            _sync(path)
            _sync(path.parent)

    def file(self, key: str) -> Path | None:
        """See ``Store``."""
        path = self.root / key
        return path if path.exists() else None

    def copy_out(self, key: str, target: Path) -> bool:
        """See ``Store``."""
        with _told("copy", target):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(self.root / key, target)
            except FileNotFoundError:
                return False
            except OSError:
                shutil.copyfile(self.root / key, target)
        return True

    def scratch(self, key: str) -> Path:
        """See ``Store``: beside what is kept, and removed with it."""
        return self.path(key)

    def discard(self, key: str) -> None:
        """See ``Store``."""
        self.remove(key)

    def remove(self, key: str) -> None:
        """See ``Store``."""
        path = self.root / key
        with _told("remove", path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def size(self, session: str) -> int:
        """See ``Store``: all that lies in its folder."""
        sizes: dict[int, int] = {}
        for where, _, names in os.walk(self.root / "sessions" / session):
            for name in names:
                try:
                    found = os.lstat(os.path.join(where, name))
                except FileNotFoundError:
                    continue  # removed by another request in the meantime
                sizes[found.st_ino] = found.st_size
        return sum(sizes.values())

    def clean(self) -> None:
        """See ``Store``: nothing is left to be removed later."""

    def tidy(self) -> None:
        """See ``Store``: the limits of the users bound it."""

    def close(self) -> None:
        """See ``Store``."""


def _kind(parts: tuple[str, ...]) -> str:
    """What a file of a session is, see ``Held``."""
    if parts == ("session.json",):
        return "records"
    of_copy = len(parts) == 4 and parts[0] == "workbooks" and parts[3] == "journal"
    return "journals" if parts == ("history",) or of_copy else "files"


def _end_at(file: FileIO, length: int, key: str) -> int:
    """Make an open journal end after ``length`` bytes: what follows was never accepted."""
    found = file.tell()
    if found < length:
        raise StorageFailed(
            f"The journal {key} has lost its last entries.",
            "Restore it from a backup, or close this workbook; others are whole.",
        )
    if found > length:
        file.truncate(length)
    return length


def _write_all(file: FileIO, data: bytes) -> None:
    """Write all of it: a disk that is nearly full may take a part and say so only by count."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _sync(path: Path) -> None:
    """Make a file, or a new name in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(what: str, path: Path) -> Iterator[None]:
    """Turn what the disk says into the product's error."""
    try:
        with metrics.stored(what.partition(" ")[0]):
            yield
    except OSError as error:
        raise StorageFailed(
            f"The service could not {what} {path.name}: {error.strerror or error}.",
            "Tell the operator; nothing that was saved before is lost. Try again afterwards.",
        ) from error
