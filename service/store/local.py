"""Records, journals and files on a local disk.

What is written is on the disk when the call returns. A record is replaced as a whole.
A journal grows by entries of one line each::

    <crc32 of the JSON, 8 hex digits> <JSON object>\\n

A last line that is cut short or does not match its checksum was never acknowledged and
is dropped; the same anywhere else means damage, and is told.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

from service.errors import StorageFailed
from service.observing import metrics


class Place(NamedTuple):
    """Where an entry lies in its journal, in bytes."""

    start: int
    length: int


class LocalStore:
    """Everything below one folder. Keys are relative paths with forward slashes.

    :raises StorageFailed: from every method, if the disk does not do what it should
    """

    def __init__(self, root: Path) -> None:
        self.root = root
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
        try:
            record = json.loads(text)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise StorageFailed(
                f"The record {key} is damaged.", "Restore it from a backup or delete the session."
            )
        return record

    def write(self, key: str, record: dict[str, Any]) -> None:
        """Replace the record."""
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
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        path = self.path(key)
        # Unbuffered: a buffer that could not be written would be tried again on closing.
        with _told("write", path), path.open("ab", buffering=0) as file:
            before = file.tell() if at is None else _end_at(file, at, key)
            try:
                _write_all(file, b"%08x %b\n" % (zlib.crc32(text), text))
                if sync:
                    os.fsync(file.fileno())
            except OSError:
                # Half an entry must not stay: the next one would be glued to it.
                os.truncate(path, before)
                raise
            if before == 0 and sync:
                _sync(path.parent)
        return len(text) + 10

    def entries(self, key: str, *, whole: bool = True) -> list[dict[str, Any]]:
        """All entries of a journal, oldest first; a torn last one is cut off.

        :param whole: False leaves damaged entries out instead of refusing the journal
        """
        return [entry for entry, _ in self.placed(key, whole=whole)]

    def placed(self, key: str, *, whole: bool = True) -> list[tuple[dict[str, Any], Place]]:
        """As ``entries``, each with its place for ``entries_at``."""
        path = self.root / key
        with _told("read", path):
            data = path.read_bytes() if path.exists() else b""
        found: list[tuple[dict[str, Any], Place]] = []
        good = 0
        for number, line in enumerate(data.splitlines(keepends=True), start=1):
            entry = _checked(line)
            if entry is None:
                if not whole:
                    continue
                if good + len(line) < len(data):
                    raise StorageFailed(
                        f"The journal {key} is damaged at entry {number}.",
                        "Restore it from a backup, or close this workbook; others are whole.",
                    )
                with _told("mend", path):
                    os.truncate(path, good)
                break
            found.append((entry, Place(good, len(line))))
            good += len(line)
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
                found.append(_checked(file.read(place.length)))
        return found

    def mend(self, key: str) -> None:
        """Cut off a last line without end, so that the next entry is not glued to it."""
        path = self.root / key
        with _told("mend", path):
            data = path.read_bytes() if path.exists() else b""
            if data and not data.endswith(b"\n"):
                os.truncate(path, data.rfind(b"\n") + 1)

    # Files ------------------------------------------------------------------

    def copy_in(self, source: Path, key: str) -> Path:
        """Put a copy of a file under ``key``; no copy is made where a link will do."""
        path = self.path(key)
        with _told("write", path):
            path.unlink(missing_ok=True)
            try:
                os.link(source, path)
            except OSError:
                shutil.copyfile(source, path)
            _sync(path)
            _sync(path.parent)
        return path

    def remove(self, key: str) -> None:
        """Remove a record, journal, file or whole folder; nothing there is fine."""
        path = self.root / key
        with _told("remove", path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def size(self, folder: str) -> int:
        """Bytes of all files below a folder; a file under several names counts once."""
        sizes: dict[int, int] = {}
        for where, _, names in os.walk(self.root / folder):
            for name in names:
                try:
                    found = os.lstat(os.path.join(where, name))
                except FileNotFoundError:
                    continue  # removed by another request in the meantime
                sizes[found.st_ino] = found.st_size
        return sum(sizes.values())


def _checked(line: bytes) -> dict[str, Any] | None:
    """The entry of a journal line, or None if the line is not whole."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    entry = json.loads(text)
    return entry if isinstance(entry, dict) else None


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
