"""The request that a thread answers: whatever is told meanwhile belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Asked:
    """One request, and what was found out about it so far; "" where that is not known.

    :param request: its id
    :param door: http or mcp
    :param address: from where it came
    :param key: which API key it showed, as :func:`service.sessions.keys.key_id` names it
    :param session: key of the session, which is a hash of its id
    :param workbook: the file that it is about
    :param target: what else it is about, such as the version of that file
    :param size: bytes of the files that came or went
    :param repeated: an earlier request had the same Idempotency-Key, and this one its answer
    :param told: an entry in the audit log tells of it already
    :param trace: where its spans belong, for threads that go on with it
    """

    request: str = ""
    door: str = "http"
    address: str = ""
    key: str = ""
    user: str = ""
    chat: str = ""
    session: str = ""
    operation: str = ""
    workbook: str = ""
    target: str = ""
    size: int = 0
    repeated: bool = False
    told: bool = False
    trace: Any = None

    def facts(self) -> dict[str, str]:
        """What each line of the log says of it."""
        facts = {"request": self.request, "session": self.session, "user": self.user}
        return {name: value for name, value in facts.items() if value}

    def audited(self) -> dict[str, str | int]:
        """What the audit log says of it."""
        names = "door request address key user chat session operation workbook target"
        facts = {name: getattr(self, name) for name in names.split()}
        return {**facts, "bytes": self.size or ""}


_current: ContextVar[Asked | None] = ContextVar("asked", default=None)


def current() -> Asked:
    """The request that this thread answers; outside of any an empty one that nobody keeps."""
    return _current.get() or Asked()


def begin(asked: Asked) -> None:
    """This thread answers it from now on, till ``end``."""
    _current.set(asked)


def end() -> None:
    """This thread answers nothing any more."""
    _current.set(None)


@contextmanager
def answering(asked: Asked) -> Iterator[Asked]:
    """This thread answers it in the block."""
    before = _current.get()
    _current.set(asked)
    try:
        yield asked
    finally:
        _current.set(before)
