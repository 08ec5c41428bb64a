"""What is said over the seam between the service and its engine processes.

The seam is one call: ``Engine.call(work) -> reply``. A fake of it is ten lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from service.observing.tally import Observed
from service.workbook.found_tables.types import Wishes


class Cold(Exception):
    """The engine does not hold the workbook at that mark: call again with its entries.

    :param mark: the one at which it holds it, -1 if it does not
    """

    def __init__(self, mark: int = -1) -> None:
        super().__init__(mark)  # so that it comes whole out of the engine process
        self.mark = mark


class BadCheckpoint(Exception):
    """The checkpoint can't be used: call again without it."""


@dataclass(frozen=True)
class Entry:
    """One accepted operation of a journal, as replayed.

    :param now: ISO time of the original call
    :param files: paths of the files its parameters name
    :param preferences: the user's preferences that counted, see ``operations.preferences``
    :param seen: what the operation noted, see ``operations.context.Seen``
    :param languages: whether what other languages write was read when it was accepted
    """

    operation: str
    parameters: dict[str, Any]
    now: str
    files: dict[str, str] = field(default_factory=dict)
    preferences: dict[str, Any] = field(default_factory=dict)
    seen: tuple[Any, ...] = ()
    languages: bool = True


@dataclass(frozen=True)
class Work:
    """One thing to do with one workbook.

    :param workbook: identity of the working copy; the engine keeps it open under this key
    :param name: the workbook's file name, for messages
    :param base: path of the file the copy began as, "" for one made from nothing
    :param mark: the mark of the journal at which the copy stands
    :param entries: the operations that lead there, where the engine has asked for them by
        ``Cold``; those after ``checkpoint``, where there is one
    :param checkpoint: path of a checkpoint on the way
    :param since: the mark that the engine was brought to before, from which ``entries`` go
        on; -1 for entries from the opening or the checkpoint on
    :param action: "prepare" the file ``source`` to be opened, with what it takes in the folder
        ``target``; "run" an operation, "load" only, "save" to ``target``, keep a "checkpoint"
        in ``target``, tell the "changes" since ``earlier``, write its "tables" to ``target``, or
        make a "preview" of what is ``asked``, with what changed since ``earlier`` where that is
        not None
    :param next_mark: the mark that the copy has after the operation
    :param earlier: the operations that lead to the state to compare with
    :param asked: what of a workbook is to be shown, see ``engine.showing``
    :param page: which page of changes, ``per_page`` each, from 1
    :param folder: where exports go
    :param password: of ``source``; it goes no further than this
    :param others: names of the session's other open workbooks, with files of their tables
    :param wishes: how "tables" are to be read
    """

    workbook: str
    name: str
    base: str
    mark: int
    action: Literal["prepare", "run", "load", "save", "checkpoint", "changes", "tables", "preview"]
    entries: tuple[Entry, ...] | None = None
    checkpoint: str = ""
    since: int = -1
    entry: Entry | None = None
    next_mark: int = 0
    earlier: tuple[Entry, ...] | None = ()
    asked: dict[str, Any] = field(default_factory=dict)
    page: int = 1
    per_page: int = 100
    target: str = ""
    folder: str = ""
    source: str = ""
    password: str = field(default="", repr=False)
    others: dict[str, str] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def opens(self) -> bool:
        """Whether it is about a file as it came, and not about changes made to it since."""
        return self.action == "prepare" or (self.action == "load" and self.mark == 0)


@dataclass(frozen=True)
class Reply:
    """What came of it; see ``operations.registry.Answer``.

    :param seconds: of the processor, that it took
    :param seen: what the operation noted for its replay
    :param observed: what the process counted and timed meanwhile
    """

    result: dict[str, Any] = field(default_factory=dict)
    sheet: str = ""
    next: list[str] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    seconds: float = 0.0
    changed: bool = True
    seen: list[Any] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)


class Engine(Protocol):
    """Processes that hold workbooks open."""

    def call(self, work: Work) -> Reply:
        """Do ``work`` in the process that holds the workbook.

        :raises Cold: if the process needs the journal's entries
        :raises ExcelToolsError: anything a caller may be told
        """

    def forget(self, workbook: str) -> None:
        """The working copy is gone: let go of what is known about it."""

    def close(self) -> None:
        """End the processes."""
