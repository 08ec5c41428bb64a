"""What an engine process is doing at the moment, told through a few bytes that others can read.

A process that was given no place to tell it tells nothing: the parts that report need not know.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from service.observing import tally

PHASES = (
    *("working", "loading", "rebuilding", "calculating", "converting", "writing", "steps"),
    "reading",
)
# Id of the process, number of the phase, how many of how many are done (0 of 0: not known).
_FORM = struct.Struct("<IIII")


@dataclass(frozen=True)
class Progress:
    """What is being done.

    :param done: how many of ``total`` are done; ``total`` is 0 where that is not known
    :param process: id of the process that does it, 0 for none
    """

    phase: str = PHASES[0]
    done: int = 0
    total: int = 0
    process: int = 0


class _Told:
    """This process's place, and what stands there."""

    def __init__(self) -> None:
        self.place: mmap.mmap | None = None
        self.now = Progress()


_told = _Told()


def use(path: Path) -> None:
    """Tell from now on in the file ``path`` what this process is doing."""
    path.write_bytes(bytes(_FORM.size))
    with path.open("r+b") as file:
        _told.place = mmap.mmap(file.fileno(), _FORM.size)
    begin()


def begin() -> None:
    """Something new is begun, of which no more is known yet."""
    _tell(Progress())


def tell(phase: str, done: int = 0, total: int = 0) -> None:
    """What is being done from now on."""
    _tell(Progress(phase, done, total))


@contextmanager
def doing(phase: str) -> Iterator[None]:
    """What is being done inside of the block; afterwards it is again what it was before."""
    before = _told.now
    tell(phase)
    try:
        with tally.timed(phase):
            yield
    finally:
        _tell(before)


Item = TypeVar("Item")


def each(phase: str, items: Sequence[Item]) -> Iterator[Item]:
    """The items one by one, telling at each how many of them are done."""
    with doing(phase):
        for number, item in enumerate(items):
            tell(phase, number, len(items))
            yield item


def _tell(progress: Progress) -> None:
    _told.now = progress
    if _told.place is not None:
        number = PHASES.index(progress.phase)
        _told.place[:] = _FORM.pack(os.getpid(), number, progress.done, progress.total)


def read(path: Path) -> Progress:
    """What the process with that place is doing."""
    with suppress(OSError, struct.error, IndexError):
        process, number, done, total = _FORM.unpack(path.read_bytes())
        return Progress(PHASES[number], done, total, process)
    return Progress()
