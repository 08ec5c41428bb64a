"""The two seams of the store: what is kept, and what replicas of the service tell one another.

Keys are relative paths with forward slashes. What belongs to a session lies below
``sessions/<key>/``; that may be written only by whoever has taken the session at the board.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from service.calls import Elsewhere


class Place(NamedTuple):
    """Where an entry lies in its journal, in bytes."""

    start: int
    length: int


class Found(NamedTuple):
    """The record of a session.

    :param stamp: goes up with whatever is written for the session
    :param record: None if the stamp is the one that was known
    """

    stamp: int
    record: dict[str, Any] | None


class Grant(NamedTuple):
    """A session that was taken.

    :param stamp: see ``Found``
    :param unclean: who had it before did not come to give it back
    """

    stamp: int
    unclean: bool


class Held(NamedTuple):
    """What the store has of a session: paths below its folder."""

    records: list[str]
    journals: list[str]
    files: list[str]


class Store(Protocol):
    """Records, journals and files.

    :raises StorageFailed: from every method, if what keeps them does not do what it should
    """

    # Records

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""

    def write(self, key: str, record: dict[str, Any], *, over: bool = False) -> bool:
        """Replace the record.

        :param over: only if there is one; else False is answered
        """

    def claim(
        self, key: str, record: dict[str, Any], instead_of: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Replace the record if it is still ``instead_of`` (None: if there is none).

        :returns: the record that is there now
        """

    def keys(self, folder: str) -> Iterator[str]:
        """Names directly below a folder of records, or the keys of all sessions."""

    def found(self, session: str, known: int) -> Found | None:
        """The record of a session, if its stamp is not ``known``; None if it is gone."""

    def unwritten(self, before: float) -> Iterator[str]:
        """Keys of all sessions of which nothing was written since, perhaps of others, too."""

    def written(self, session: str) -> float:
        """When the record of a session was written last, or about that; Unix time."""

    def secret(self, wanted: str = "") -> str:
        """A secret that is made once and stays the same.

        :param wanted: what it is to be, if there is none yet
        """

    def held(self, session: str) -> Held:
        """What there is of a session, without what can be made again."""

    def others(self) -> Iterator[str]:
        """Keys of the records that belong to no session, but those that say whose sessions are."""

    # Journals

    def append(
        self, key: str, entry: dict[str, Any], *, sync: bool = True, at: int | None = None
    ) -> int:
        """Add an entry to a journal; it is kept when this returns, or not in it.

        :param sync: False: it may be lost with the machine
        :param at: where the accepted entries end
        :returns: the bytes that it takes
        """

    def entries(self, key: str, *, whole: bool = True) -> list[dict[str, Any]]:
        """All entries of a journal, oldest first.

        :param whole: False leaves damaged entries out instead of refusing the journal
        """

    def placed(self, key: str, *, since: int = 0) -> list[tuple[dict[str, Any], Place]]:
        """The entries of a journal from a byte on, each with its place."""

    def entries_at(self, key: str, places: list[Place]) -> list[dict[str, Any] | None]:
        """The entries at these places of a journal; None for one that is no longer there."""

    def mend(self, key: str) -> None:
        """Cut off a last line without end, so that the next entry is not glued to it."""

    # Files

    def keep(self, source: Path, key: str) -> None:
        """Keep a copy of a file under ``key``; it is durable when this returns."""

    def file(self, key: str) -> Path | None:
        """Where a kept file lies on this machine for some minutes, under its own name; not to
        be written to. None if there is none."""

    def copy_out(self, key: str, target: Path) -> bool:
        """Make ``target`` a copy of a kept file, not to be written to; False if there is none."""

    def scratch(self, key: str) -> Path:
        """A place on this machine for what can be made again; its folder exists afterwards."""

    def discard(self, key: str) -> None:
        """Remove a file or a folder of what can be made again; nothing there is fine."""

    def remove(self, key: str) -> None:
        """Remove a record, journal, file or whole folder; nothing there is fine."""

    def size(self, session: str) -> int:
        """Bytes that a session keeps; a file under several names counts once."""

    def clean(self) -> None:
        """Remove for good what is no longer needed; one replica does it now and then for all."""

    def tidy(self) -> None:
        """Bring what lies on this machine down to its size; each replica does it now and then."""

    def close(self) -> None:
        """Let go of connections."""


class Recent(Protocol):
    """The last answers of a session that changed nothing, by idempotency key."""

    def put(self, key: str, fingerprint: str, answer: dict[str, Any]) -> None: ...

    def get(self, key: str) -> dict[str, Any] | None:
        """{"print", "answer"} of the request with that key, if it is still known."""


class Buckets(Protocol):
    """Token buckets, each of a minute's worth."""

    def take(self, name: str, per_minute: int) -> float:
        """Take one token; seconds until there is one again, 0 if there was one."""


class Board(Protocol):
    """What the replicas of the service tell one another. Safe for use by many threads."""

    def take(self, session: str, seconds: float) -> Grant | None:
        """Have a session to this process alone; None if it was not free within the time.

        Those who wait get it in the order in which they came.

        :raises Cancelled: if the call that waits is not wanted any more
        """

    def give(self, session: str) -> int:
        """Give it back; its stamp after what this process has written, -1 if that is not sure."""

    def wanted(self, session: str) -> bool:
        """Whether another process waits for it, or has it: begin nothing new with it."""

    def calls(self, session: str) -> Elsewhere | None:
        """What other replicas know of the session's calls; None where there are no others."""

    def recent(self, session: str) -> Recent:
        """The last answers of the session."""

    def buckets(self) -> Buckets | None:
        """Buckets that all replicas take from; None where there are no others."""

    def mark(self, what: str, seconds: float) -> None:
        """Note something for so long."""

    def marked(self, what: str) -> bool:
        """Whether that was noted."""

    def note(self, what: str, text: str, seconds: float) -> None:
        """Note a text for so long."""

    def noted(self, what: str) -> str:
        """The text, "" for none."""

    def alone(self, what: str, seconds: float) -> bool:
        """Whether this process is the one to do it in the next so many seconds."""

    def close(self) -> None:
        """Stop what is done in the background."""
