"""Engine processes that are halted, so that a call lasts as long as a test wants it to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ServerProcess, children


def family(pid: int) -> set[int]:
    """All processes that a process has started, and those that these have."""
    own = children(pid)
    return own.union(*(family(child) for child in own))


def engines_of(server: ServerProcess) -> list[int]:
    """The engine processes: what a fork server has forked."""
    forked = [pid for pid in family(server.pid) if b"forkserver" in _command(pid)]
    return [pid for parent in forked for pid in children(parent) if pid in forked]


def ended(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def worked(pid: int) -> float:
    """Seconds for which a process has used a processor."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def halted(server: ServerProcess) -> Iterator[list[int]]:
    """The engines that there are do nothing in the block."""
    engines = engines_of(server)
    assert engines
    for pid in engines:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield engines
    finally:
        for pid in engines:
            if not ended(pid):
                os.kill(pid, signal.SIGCONT)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
