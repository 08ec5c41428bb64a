"""What an engine process counts and times, to go to the service with its next answer.

Nobody can ask such a process for metrics or traces, and it may be killed at any time: what it
counted since its last answer is lost then.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Of one answer. A span more would be one that nobody looks at.
_MOST_SPANS = 100


@dataclass(frozen=True)
class Span:
    """A stretch of time that something took; nanoseconds since 1970."""

    name: str
    began: int
    ended: int


@dataclass(frozen=True)
class Observed:
    """What was counted and timed since the last answer.

    :param counts: how many, or how many seconds, by (what, of which kind)
    :param held: workbooks that the process holds open
    """

    counts: dict[tuple[str, str], float] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    held: int = 0


SECONDS = "seconds"
LIBREOFFICE = "libreoffice"
SECOND = "second opinion"
CELLS = "cells"

_counts: Counter[tuple[str, str]] = Counter()
_spans: deque[Span] = deque(maxlen=_MOST_SPANS)
# Of each phase that is under way, the seconds that phases within it took.
_within: list[float] = []


def count(what: str, kind: str, amount: float = 1) -> None:
    """Something happened so many times, or took so many seconds."""
    _counts[what, kind] += amount  # type: ignore[assignment]


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Time the block: as a span, and as seconds of the phase without those of phases within."""
    began, clock = time.time_ns(), time.perf_counter()
    _within.append(0.0)
    try:
        yield
    finally:
        took = time.perf_counter() - clock
        count(SECONDS, phase, took - _within.pop())
        if _within:
            _within[-1] += took
        _spans.append(Span(phase, began, began + int(took * 1e9)))


def begin() -> None:
    """Another job is begun: spans of one that failed do not belong to it."""
    _spans.clear()
    _within.clear()


def taken(held: int) -> Observed:
    """All that was counted, which begins anew; the spans of the job, the outermost last."""
    found = Observed(dict(_counts), tuple(_spans), held)
    _counts.clear()
    _spans.clear()
    return found
