"""What was read in another language, kept until the answer is made that tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_MOST = 8


@dataclass
class Told:
    """What one operation took for something else than was written.

    :param names: functions as they were written, with their English names
    :param signs: signs as they were written, with those that stand in their place
    :param codes: number formats as they were written, with Excel's own
    :param texts: texts that are compared with as such, with the value that may be meant
    :param words: names of functions of totals, with those of the tools
    """

    names: dict[str, str] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def said(self) -> list[str]:
        """Notes for the answer; none where all was in English."""
        notes = []
        if pairs := _pairs(self.names | self.signs):
            notes.append(f"Formulas are kept in English: {pairs}. Write them so.")
        if pairs := _pairs({f'"{was}"': f'"{code}"' for was, code in self.codes.items()}):
            notes.append(f"Number formats are kept in English: {pairs}. Write them so.")
        if self.texts:
            pairs = ", ".join(f'"{was}" (for {value})' for was, value in self.texts.items())
            notes.append(f"Compared with as texts: {pairs}. Write dates year first, numbers bare.")
        if pairs := _pairs(self.words):
            notes.append(f"Taken as functions: {pairs}. Write them so.")
        return notes


def _pairs(found: dict[str, str]) -> str:
    shown = [f"{was} is {now}" for was, now in list(found.items())[:_MOST]]
    more = [f"{len(found) - _MOST} more"] if len(found) > _MOST else []
    return ", ".join(shown + more)


_TOLD: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def noting() -> Iterator[Told]:
    """What is told inside of the block, and not outside of it."""
    mark = _TOLD.set(told := Told())
    try:
        yield told
    finally:
        _TOLD.reset(mark)


def now() -> Told:
    """Where to tell it; nobody reads it where nothing asks."""
    return _TOLD.get() or Told()
