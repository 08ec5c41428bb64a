"""What an operation is given, and what the session's own operations may ask of the session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from service.operations.preferences import Preferences
from service.operations.registry import Answer
from service.workbook.book import Book
from service.workbook.house import House
from service.workbook.noted import as_json, from_json


class Seen:
    """What an operation found that a replay must find as well: calculated values, above all.

    Another day, or another calculator, may come to other values; what was done with those of
    the first time stays done.

    :param noted: what was noted when the operation was done first; None then
    """

    def __init__(self, noted: Sequence[object] | None = None) -> None:
        self.first = noted is None
        self.noted: list[Any] = list(noted or ())
        self._next = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing more was noted: the first time, or in an entry without such notes."""
        return self._next == len(self.noted)

    def find(self, work_out: Callable[[], Any]) -> Any:
        """What ``work_out`` finds, in JSON types, or what it found when it was done first."""
        if self.at_end:
            self.noted.append(work_out())
        self._next += 1
        return self.noted[self._next - 1]


@dataclass(frozen=True)
class Context:
    """What an operation on a workbook is given besides its parameters.

    :param book: the workbook; without sheets where the operation makes a new one
    :param now: the moment of the call. Operations are replayed from the journal, so they
        must not ask the clock themselves, nor chance
    :param files: paths of the uploaded files that parameters name, by parameter
    :param folder: where exports are written
    :param preferences: those of the user at the moment of the call; None for an operation
        that is not declared as styled
    :param seen: what must be the same when the operation is replayed
    :param chosen: whether the caller named no workbook, and which of several it meant is for
        the operation to tell from what else was said
    :param others: names of the session's other open workbooks, with the places of files with
        their tables, see ``workbook.sql.asking``
    """

    book: Book
    now: dt.datetime
    files: dict[str, Path] = field(default_factory=dict)
    folder: Path = Path()
    preferences: Preferences | None = field(default_factory=Preferences)
    seen: Seen = field(default_factory=Seen)
    others: dict[str, str] = field(default_factory=dict)
    chosen: bool = False

    @contextmanager
    def as_seen(self) -> Iterator[None]:
        """Within this block formulas have the values that they had when it was done first.

        For the part of an operation that decides by values, before it changes anything.
        """
        first = self.seen.first or self.seen.at_end
        noted = {} if first else from_json(self.seen.find(dict))
        with self.book.noting(noted):
            yield
        if first:
            self.seen.find(lambda: as_json(noted, self.book.xl.epoch))

    def house(self, style: str = "") -> House:
        """The look of what is made: ``style`` if the caller chose one, else the user's own."""
        if self.preferences is None:
            raise RuntimeError("the operation asks for a house style, but is not declared to")
        return self.preferences.house(style)


class Desk(Protocol):
    """The session as its own operations see it."""

    def open(self, file: str, password: str) -> Answer:
        """Open an uploaded or saved file as a workbook."""

    def list_files(self) -> Answer:
        """Open workbooks, saved files and uploads."""

    def save(self, workbook: str, filename: str) -> Answer:
        """Save a workbook as a new numbered version."""

    def close(self, workbook: str) -> Answer:
        """Close a workbook without saving it."""

    def ask_database(self, action: str, source: str, sql: str, limit: int) -> Answer:
        """Select a database, look at its tables, or the answer to a query."""

    def land_database(self, source: str, sql: str, limit: int, workbook: str) -> Answer:
        """The rows of a statement, put into a workbook."""

    def walk(self, workbook: str, steps: int) -> Answer:
        """Undo (``steps`` below 0) or redo changes."""

    def changes(self, workbook: str, steps: int, until: int, page: int) -> Answer:
        """What ``steps`` changes did (0: all since the opening), up to ``until`` steps ago."""
