"""Whether the clock can be trusted with the end of sessions.

A clock that is set ahead by days would end every session at once, and remove its work. So nothing
is ended as long as the clock is ahead of the time that has really gone by since the start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger("excel_tools.sessions")

# Seconds; summer time and small corrections are no reason to wonder.
_MOST = 3900.0


def gone_by() -> float:
    """Seconds of a clock that nobody can set, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Trusted:
    """Compares the clock with one that nobody can set.

    :param clock: gives Unix time
    :param steady: gives seconds since some moment
    """

    def __init__(self, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        self._clock, self._steady = clock, steady
        self._began = clock() - steady()
        self._told = False

    def __repr__(self) -> str:
        return f"<Trusted ahead by {self.ahead:.0f} s>"

    @property
    def ahead(self) -> float:
        """Seconds by which the clock has been set ahead since the start."""
        return self._clock() - self._steady() - self._began

    def __call__(self) -> bool:
        if self.ahead <= _MOST:
            self._told = False
            return True
        if not self._told:
            self._told = True
            log.error(
                "the clock was set ahead by %.0f hours: no session is ended before it is right or "
                "the service is started anew",
                self.ahead / 3600,
            )
        return False
