"""The end of a process together with all that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MOST = 1000


def kill_with_children(pid: int) -> None:
    """Kill a process and what it started, which may be in process groups of their own.

    :param pid: 0 for none
    """
    if not pid:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)  # so that it starts no more while its children are found
        for process in reversed(list(family(pid))):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def family(pid: int) -> Iterator[int]:
    """The process, its children, theirs, and so on; a thousand at most."""
    found, number = [pid], 0
    while number < len(found) < _MOST:
        found += _children(found[number])
        number += 1
    yield from found


def _children(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, listed.read_text().split())
