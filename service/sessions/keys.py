"""API keys: those of EXCEL_TOOLS_API_KEYS, and those that the service makes itself.

``keys/<sha256 of the key>.json`` holds ``{"v": 1, "name": ..., "made": ...}`` and, where the key
ends by itself, ``"ends"``. ``key_uses/<sha256>.json`` says when a key was last shown. The key
itself is told once and kept nowhere; it has 256 random bits, so a plain hash of it gives
nothing away.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import InvalidParameters, LimitReached, NotFound, StorageFailed
from service.sessions.audit_console import audited
from service.settings import Settings, digest_of, named_digest
from service.store.opening import opened
from service.store.seams import Store

log = logging.getLogger("excel_tools.sessions")

FORMAT = 1
MOST = 100
_PREFIX = "excel-"
_SHOWN = 12  # characters of the hash that name a key
# So often the time of a key's last use is written, in seconds.
_USE_EVERY = 300.0


@dataclass(frozen=True)
class MadeKey:
    """What is known of a key, never the key itself.

    :param id: the beginning of its hash
    :param name: what it was made for
    :param made: seconds since 1970, as the others; 0 for one that is configured
    :param ends: when it ends by itself; 0 for never
    :param used: when it was last shown, to within some minutes; 0 for never
    :param configured: whether it stands in EXCEL_TOOLS_API_KEYS
    """

    id: str
    name: str
    made: float = 0.0
    ends: float = 0.0
    used: float = 0.0
    configured: bool = False


class Keys:
    """The keys that a service takes. Safe for use by many threads.

    :param configured: those of the settings, as they are or hashed
    """

    def __init__(
        self, store: Store, configured: tuple[str, ...], clock: Callable[[], float]
    ) -> None:
        self._store, self._clock = store, clock
        self._configured = [named_digest(key) for key in configured]
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Keys {len(self._configured)} configured>"

    @property
    def asked_for(self) -> bool:
        """Whether callers have to show one."""
        return bool(self._configured)

    def known(self, key: str) -> MadeKey | None:
        """Whose key this is, if it is valid now; its use is noted."""
        digest = digest_of(key)
        found = None
        for name, one in self._configured:  # each, so that the time taken tells nothing
            if hmac.compare_digest(one, digest):
                found = _configured(name, one)
        found = found or self._made(key, digest)
        if found is not None:
            self._note(digest)
        return found

    def _made(self, key: str, digest: str) -> MadeKey | None:
        if not key.startswith(_PREFIX):
            return None
        # Found by its hash: how long that takes tells of the hash at most, not of a key.
        found = _read(self._store, digest)
        return None if found is None or 0 < found.ends <= self._clock() else found

    def _note(self, digest: str) -> None:
        """Keep when the key was used, now and then: a write for each request would cost more."""
        now = self._clock()
        with self._lock:
            if now - self._noted.get(digest, -_USE_EVERY) < _USE_EVERY:
                return
            self._noted[digest] = now
        try:
            self._store.write(f"key_uses/{digest}.json", {"v": FORMAT, "used": now})
        except StorageFailed:
            # A full disk must not keep anyone from reading, closing and deleting.
            log.exception("the use of a key could not be kept")


def make_key(store: Store, name: str, now: float, ends: float = 0.0) -> str:
    """A new key, which is told here and never again.

    :param ends: when it ends by itself; 0 for never
    :raises LimitReached: if there are too many
    """
    _remove_ended(store, now)
    if len(list(store.keys("keys"))) >= MOST:
        raise LimitReached(
            f"There are {MOST} keys that this service made.",
            "Revoke some: python -m service keys list, python -m service keys revoke <id>.",
        )
    # It is shown at the operator's terminal, which must take no sign of it for its own.
    name = "".join(sign if sign.isprintable() else " " for sign in name)
    key = _PREFIX + secrets.token_urlsafe(32)
    _write(store, digest_of(key), name, now, ends)
    return key


def own_key(settings: Settings, name: str, seconds: float = 0.0) -> str:
    """A key for the operator's own commands: a configured one, or where all of those are
    hashed one that is made; "" where none is asked for.

    :param seconds: how long one that is made is good; 0 for ever
    """
    if settings.plain_key or not settings.api_keys:
        return settings.plain_key
    now = time.time()
    with opened(settings) as kept, audited(kept.store, settings) as audit:
        key = make_key(kept.store, name, now, now + seconds if seconds else 0.0)
        audit("make_key", target=key_id(key))
        return key


def rotate_key(store: Store, id_: str, now: float, overlap: float) -> str:
    """A new key with the name of another, which ends ``overlap`` seconds from now.

    Until then both are taken, so that callers can change over one after the other. The new key is
    good for as long as the old one was made for.

    :raises NotFound: if no key has this id
    :raises InvalidParameters: if that ends before, as one that is being replaced already
    """
    (digest, *_) = _digests(store, id_)
    old = _read(store, digest)
    if old is None or 0 < old.ends <= now + overlap:
        raise InvalidParameters(
            f"The key {id_[:80]} ends already.", "Rotate the one that took its place, or make one."
        )
    key = make_key(store, old.name, now, now + (old.ends - old.made) if old.ends else 0.0)
    _write(store, digest, old.name, old.made, now + overlap)
    return key


def made_keys(store: Store, now: float = 0.0) -> list[MadeKey]:
    """All keys that the service made and that have not ended by ``now``, the oldest first."""
    digests = [file.removesuffix(".json") for file in store.keys("keys") if file.endswith(".json")]
    found = [key for key in (_read(store, digest) for digest in digests) if key is not None]
    return sorted((key for key in found if not 0 < key.ends <= now), key=lambda item: item.made)


def configured_keys(store: Store, configured: tuple[str, ...]) -> list[MadeKey]:
    """Those of the settings, with their last use."""
    found = [named_digest(key) for key in configured]
    return [_configured(name, digest, _used(store, digest)) for name, digest in found]


def revoke_key(store: Store, id_: str) -> None:
    """End a key, from the next request on.

    :raises NotFound: if no key has this id
    """
    for digest in _digests(store, id_):
        _remove(store, digest)


def _digests(store: Store, id_: str) -> list[str]:
    files = [file for file in store.keys("keys") if len(id_) >= _SHOWN and file.startswith(id_)]
    if not files:
        raise NotFound(
            f"There is no key {id_[:80]} that this service made.",
            "See the ids with: python -m service keys list. A key of EXCEL_TOOLS_API_KEYS is "
            "taken out of there.",
        )
    return [file.removesuffix(".json") for file in files]


def key_id(key: str) -> str:
    """What names a key without telling it: the beginning of its hash; "" for no key."""
    return digest_of(key)[:_SHOWN] if key else ""


def _configured(name: str, digest: str, used: float = 0.0) -> MadeKey:
    return MadeKey(digest[:_SHOWN], name, used=used, configured=True)


def _read(store: Store, digest: str) -> MadeKey | None:
    record = store.read(f"keys/{digest}.json")
    if record is None:
        return None
    name, made = str(record.get("name", "")), float(record.get("made", 0))
    ends = float(record.get("ends", 0))
    return MadeKey(digest[:_SHOWN], name, made, ends, _used(store, digest))


def _used(store: Store, digest: str) -> float:
    return float((store.read(f"key_uses/{digest}.json") or {}).get("used", 0))


def _write(store: Store, digest: str, name: str, made: float, ends: float) -> None:
    record = {"v": FORMAT, "name": name, "made": made} | ({"ends": ends} if ends else {})
    store.write(f"keys/{digest}.json", record)


def _remove(store: Store, digest: str) -> None:
    store.remove(f"keys/{digest}.json")
    store.remove(f"key_uses/{digest}.json")


def _remove_ended(store: Store, now: float) -> None:
    valid = {key.id for key in made_keys(store, now)}
    for file in list(store.keys("keys")):
        if file.endswith(".json") and file[:_SHOWN] not in valid:
            _remove(store, file.removesuffix(".json"))
