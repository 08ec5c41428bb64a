"""Workbooks that take their engine process down again and again are left alone for a while.

Each time costs all others whose workbooks that process held. So what has failed some times in a
row is refused at once, and tried again later: the cause may have been another, or be gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from service.errors import OperationTooBig

# So many calls of one workbook in a row, or of one kind with it, have to take a process down.
MOST = 3
# Seconds after the first of them, after which it is tried again.
FOR = 60.0
_REMEMBERED = 10_000


class Deaths:
    """Which workbooks took their process down. Safe for use by many threads."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._count: TTLCache[tuple[str, str], int] = TTLCache(_REMEMBERED, FOR, timer=timer)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Deaths {len(self._count)}>"

    def refuse(self, workbook: str, what: str, name: str) -> None:
        """Refuse what has failed too often.

        :param workbook: identity of the working copy
        :param what: is done with it
        :param name: the workbook's file name, for the message
        :raises OperationTooBig: if the workbook, or this with it, is left alone at the moment
        """
        with self._lock:
            all_, kind = (self._count.get((workbook, key), 0) for key in ("", what))
        if all_ < MOST and kind < MOST:
            return
        asked = f"{name} has" if all_ >= MOST else f"{what} with {name} has"
        raise OperationTooBig(
            f"{asked} taken its engine process down {MOST} times, and is not tried again for a "
            "minute; nothing was done.",
            "Do something else, in smaller parts, or go on with a smaller copy of the file. What "
            "was answered before is not lost.",
            {"tried": MOST, "again_after": int(FOR)},
        )

    def died(self, workbook: str, what: str) -> None:
        """Its process has ended under it."""
        with self._lock:
            for key in ("", what):
                self._count[workbook, key] = self._count.get((workbook, key), 0) + 1

    def lived(self, workbook: str, what: str) -> None:
        """This was done with it."""
        if self._count:
            with self._lock:
                for key in ("", what):
                    self._count.pop((workbook, key), None)
