"""Whether what other languages write is read, or stands as it was written.

What was accepted before the service read other languages is kept as it was understood then: a
number format ``0,00`` parts thousands, and ``=SUMME(A1)`` is a function nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_READ: ContextVar[bool] = ContextVar("read", default=True)


@contextmanager
def languages_read(read: bool) -> Iterator[None]:
    """Within this block other languages are read, or everything is taken as it is written."""
    mark = _READ.set(read)
    try:
        yield
    finally:
        _READ.reset(mark)


def are_read() -> bool:
    """Whether other languages are read here."""
    return _READ.get()
