"""Records and journals in Redis, files in a store that speaks S3."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from service.errors import StorageFailed
from service.store.lines import checked, line_of, parsed, placed_in
from service.store.seams import Found, Held, Place
from service.store.shared.link import PREFIX, Link, session_prefix
from service.store.shared.objects import Objects, new_object

# An object that nobody came to name within this time, or that nobody names any more, goes.
_NAMED_WITHIN = 3600.0
_GOES_AFTER = 900.0
_AT_ONCE = 100
_SECRET = "secret.json"


class SharedStore:
    """See ``seams.Store``."""

    def __init__(self, link: Link, objects: Objects, clock: Callable[[], float]) -> None:
        self._link = link
        self._objects = objects
        self._clock = clock

    def __repr__(self) -> str:
        return f"<SharedStore {self._link!r} {self._objects!r}>"

    # Records ----------------------------------------------------------------

    def read(self, key: str) -> dict[str, Any] | None:
        """See ``Store``."""
        session, path = _split(key)
        with self._link.told():
            if session:
                text = self._link.redis.hget(session_prefix(session) + "records", path)
            else:
                text = self._link.redis.get(_record(key))
        return None if text is None else parsed(text, key)

    def write(self, key: str, record: dict[str, Any], *, over: bool = False) -> bool:
        """See ``Store``."""
        session, path = _split(key)
        if not session:
            self._link.run("claim", _record(key), "*", _json(record), *_folders(key))
            return True
        given = (path, _json(record), session, self._clock(), int(over))
        code, _ = self._link.write(session, "write", *given)
        return code == 1

    def claim(
        self, key: str, record: dict[str, Any], instead_of: dict[str, Any] | None
    ) -> dict[str, Any]:
        """See ``Store``."""
        before = b"" if instead_of is None else _json(instead_of)
        there = self._link.run("claim", _record(key), before, _json(record), *_folders(key))
        return parsed(there, key) if there else {}

    def keys(self, folder: str) -> Iterator[str]:
        """See ``Store``."""
        with self._link.told():
            if folder == "sessions":
                names = self._link.redis.zrange(PREFIX + "ages", 0, -1)
            else:
                names = self._link.redis.smembers(_folder(folder))
        yield from sorted(name.decode() for name in names)

    def found(self, session: str, known: int) -> Found | None:
        """See ``Store``."""
        stamp, text = self._link.run("found", session_prefix(session), known)
        if stamp < 0:
            return None
        return Found(stamp, parsed(text, f"sessions/{session}/session.json") if text else None)

    def unwritten(self, before: float) -> Iterator[str]:
        """See ``Store``."""
        with self._link.told():
            names = self._link.redis.zrangebyscore(PREFIX + "ages", "-inf", before)
        yield from (name.decode() for name in names)

    def written(self, session: str) -> float:
        """See ``Store``."""
        with self._link.told():
            return float(self._link.redis.zscore(PREFIX + "ages", session) or 0)

    def secret(self, wanted: str = "") -> str:
        """See ``Store``."""
        made = {"secret": wanted or secrets.token_urlsafe(32)}
        return str(self.claim(_SECRET, made, None)["secret"])

    def held(self, session: str) -> Held:
        """See ``Store``."""
        prefix = session_prefix(session)
        with self._link.told():
            found = (
                self._link.redis.hkeys(prefix + "records"),
                self._link.redis.smembers(prefix + "logs"),
                self._link.redis.hkeys(prefix + "files"),
            )
        return Held(*(sorted(path.decode() for path in paths) for paths in found))

    def others(self) -> Iterator[str]:
        """See ``Store``."""
        start = _record("")
        with self._link.told():
            names = list(self._link.redis.scan_iter(match=start + "*", count=1000))
        for key in sorted({name.decode().removeprefix(start) for name in names}):
            if key != _SECRET and not key.startswith(("users/", "owners/")):
                yield key

    # Journals ---------------------------------------------------------------

    def append(
        self, key: str, entry: dict[str, Any], *, sync: bool = True, at: int | None = None
    ) -> int:
        """See ``Store``."""
        session, path = _split(key)
        line = line_of(entry)
        end = -1 if at is None else at
        given = (path, line, end, self._clock())
        code, length = self._link.write(session, "append", *given)
        if code == 2:
            self._link.holds[session].stamp = -1
            raise StorageFailed(
                f"The journal {key} ends at {length} bytes instead of {at}; nothing was kept.",
                "Repeat the call, with the same Idempotency-Key.",
            )
        return len(line)

    def entries(self, key: str, *, whole: bool = True) -> list[dict[str, Any]]:
        """See ``Store``."""
        found, _ = placed_in(self._range(key, 0, -1), 0, key, whole=whole)
        return [entry for entry, _ in found]

    def placed(self, key: str, *, since: int = 0) -> list[tuple[dict[str, Any], Place]]:
        """See ``Store``."""
        data = self._range(key, since, -1)
        found, good = placed_in(data, since, key, whole=True)
        if good < since + len(data):  # Redis has no half of what was added in one step
            raise StorageFailed(
                f"The journal {key} is damaged at its end.",
                "Restore it from a backup, or close this workbook; others are whole.",
            )
        return found

    def entries_at(self, key: str, places: list[Place]) -> list[dict[str, Any] | None]:
        """See ``Store``."""
        session, path = _split(key)
        log = session_prefix(session) + "log:" + path
        with self._link.told(), self._link.redis.pipeline(transaction=False) as pipeline:
            for place in places:
                pipeline.getrange(log, place.start, place.start + place.length - 1)
            lines = pipeline.execute()
        return [checked(line) for line in lines]

    def mend(self, key: str) -> None:
        """See ``Store``: nothing is ever torn."""

    def _range(self, key: str, start: int, end: int) -> bytes:
        session, path = _split(key)
        with self._link.told():
            log = session_prefix(session) + "log:" + path
            return bytes(self._link.redis.getrange(log, start, end))

    # Files ------------------------------------------------------------------

    def keep(self, source: Path, key: str) -> None:
        """See ``Store``: what is there already under another key is not sent again."""
        session, path = _split(key)
        size = source.stat().st_size
        known = self._objects.known(source)
        if known and self._named(session, path, known, size):
            return
        object_ = new_object()
        with self._link.told():
            due = self._clock() + _NAMED_WITHIN
            self._link.redis.zadd(PREFIX + "garbage", {object_: due})
        self._objects.put(source, object_)
        if not self._named(session, path, object_, size):
            raise StorageFailed(
                f"Keeping {path} took too long; nothing was kept.", "Try again in a moment."
            )
        self._objects.adopt(source, object_, Path(path).name)

    def _named(self, session: str, path: str, object_: str, size: int) -> bool:
        now = self._clock()
        given = (path, object_, size, now, now + _GOES_AFTER)
        code, _ = self._link.write(session, "keep", *given)
        return code == 1

    def file(self, key: str) -> Path | None:
        """See ``Store``."""
        found = self._object_of(key)
        return self._objects.get(*found, key.rpartition("/")[2]) if found else None

    def copy_out(self, key: str, target: Path) -> bool:
        """See ``Store``: past the cache, which would grow by all there is."""
        found = self._object_of(key)
        if found:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._objects.fetch(*found, target)
        return found is not None

    def _object_of(self, key: str) -> tuple[str, int] | None:
        """(object, size) of a file of a session."""
        session, path = _split(key)
        with self._link.told():
            found = self._link.redis.hget(session_prefix(session) + "files", path)
        if found is None:
            return None
        object_, size = found.decode().split("/")
        return object_, int(size)

    def scratch(self, key: str) -> Path:
        """See ``Store``."""
        path = self._objects.scratch / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def discard(self, key: str) -> None:
        """See ``Store``."""
        path = self._objects.scratch / key
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """See ``Store``."""
        session, path = _split(key)
        if session:
            # First of all: where the rest fails, what was made from it must not be taken for
            # what others make in its place.
            self.discard(key)
            self._link.write(session, "remove", path, session, self._clock() + _GOES_AFTER)
        else:
            self._link.run("drop", _record(key), *_folders(key))

    def size(self, session: str) -> int:
        """See ``Store``."""
        return int(self._link.run("size", session_prefix(session)))

    def clean(self) -> None:
        """See ``Store``: objects that nobody names."""
        while True:
            now = self._clock()
            due = self._link.run("garbage", now, now + _GOES_AFTER, _AT_ONCE)
            for object_ in due:
                self._objects.delete(object_.decode())
                with self._link.told():
                    self._link.redis.zrem(PREFIX + "garbage", object_)
            if len(due) < _AT_ONCE:
                return

    def tidy(self) -> None:
        """See ``Store``."""
        self._objects.evict()

    def close(self) -> None:
        """See ``Store``."""
        self._objects.close()
        self._link.close()


def _split(key: str) -> tuple[str, str]:
    """(key of the session, path in it); ("", key) for what belongs to none."""
    parts = key.split("/", 2)
    if parts[0] != "sessions" or len(parts) < 2:
        return "", key
    return parts[1], parts[2] if len(parts) > 2 else ""


def _json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _record(key: str) -> str:
    return f"{PREFIX}r:{key}"


def _folder(folder: str) -> str:
    return f"{PREFIX}d:{folder}"


def _folders(key: str) -> Iterator[str]:
    """Folder and name, and so on outwards, as the scripts take them."""
    parts = key.split("/")
    for count in range(len(parts) - 1, 0, -1):
        yield _folder("/".join(parts[:count]))
        yield parts[count]
