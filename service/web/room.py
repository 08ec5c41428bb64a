"""Room for requests: so many are worked on, so many wait, and no caller keeps others out.

Turns go round among the callers that wait, and one caller has half of the turns at most. What
finds no room is refused at once, so that waiting stays short and memory bounded.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from contextlib import suppress

from service.errors import ServiceBusy, TooManyCalls
from service.observing import metrics

_LONGEST = 30  # seconds after which nobody is told to come again later
_FIRST_GUESS = 0.5
_WEIGHT = 0.1  # of the last request in what one takes usually


class Stay:
    """One request in the room, from its beginning till its answer is sent."""

    def __init__(self, room: Room, caller: str) -> None:
        self.caller = caller
        self.bytes = 0
        self.came = threading.Event()
        self.refused: ServiceBusy | None = None
        self.since = 0.0  # when its turn began; 0 without one
        self.left = False
        self._room = room

    def __repr__(self) -> str:
        return f"<Stay of {self.caller!r}>"

    def hold(self, size: int) -> None:
        """Have room for a body of so many bytes.

        :raises TooManyCalls: if the caller has too many of them under way
        :raises ServiceBusy: if all together have
        """
        self._room.hold(self, size)

    def begin(self) -> None:
        """Wait for a turn.

        :raises ServiceBusy: if none came in time
        """
        self._room.begin(self)

    def rest(self) -> None:
        """End the turn: what follows is only sent."""
        self._room.rest(self)

    def leave(self) -> None:
        """The request has ended. Doing so twice does no harm."""
        self._room.leave(self)

    def drop(self) -> None:
        """The request is gone; the next one that comes sees to it."""
        if not self.left:
            self._room.dropped.append(self)


class Room:
    """Safe for use by many threads.

    :param at_work: requests that have a turn at the same time
    :param waiting: requests beyond these that are there, waiting or being sent
    :param per_caller: requests of one caller that are there
    :param most_bytes: of the bodies of all that are there
    :param seconds: that one waits at most
    """

    def __init__(
        self, *, at_work: int, waiting: int, per_caller: int, most_bytes: int, seconds: float
    ) -> None:
        self._turns, self._places = at_work, at_work + waiting
        self._per_caller = per_caller
        self._share = max(1, at_work // 2)
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._there: Counter[str] = Counter()
        self._working: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        # By caller, in the order in which they get the next turns.
        self._waiting: dict[str, deque[Stay]] = {}
        self._usual = _FIRST_GUESS
        self._closed = False
        self.dropped: deque[Stay] = deque()

    def __repr__(self) -> str:
        there, working = self._there.total(), self._working.total()
        return f"<Room {there} of {self._places} there, {working} of {self._turns} at work>"

    def enter(self, caller: str) -> Stay:
        """A place in the room.

        :raises TooManyCalls: if the caller has too many
        :raises ServiceBusy: if there is none
        """
        while self.dropped:
            with suppress(IndexError):  # another thread was first
                self.leave(self.dropped.popleft())
        with self._lock:
            if self._closed:
                raise _stopping()
            own = self._there[caller]
            if own >= self._per_caller:
                raise TooManyCalls(
                    f"This user has {own} calls under way, and at most {self._per_caller} may be; "
                    "nothing was done.",
                    "Wait for their answers, and call again then.",
                ).again_after(self._after(own, self._share))
            there = self._there.total()
            if there >= self._places:
                raise ServiceBusy(
                    f"The service has {there} requests under way and takes no more; nothing was "
                    "done.",
                    "Try again in a moment.",
                ).again_after(self._after(there, self._turns))
            self._there[caller] += 1
            return Stay(self, caller)

    def hold(self, stay: Stay, size: int) -> None:
        """See :meth:`Stay.hold`."""
        with self._lock:
            own, all_ = self._bytes[stay.caller], self._bytes.total()
            # One alone is never refused, however large: other limits are for that.
            if own and own + size > self._most_bytes // 2:
                raise TooManyCalls(
                    f"This user is sending {own:,} bytes already; {size:,} more do not fit.",
                    "Send one file after the other.",
                ).again_after(self._after(self._there[stay.caller], self._share))
            if all_ and all_ + size > self._most_bytes:
                raise ServiceBusy(
                    f"Others are sending {all_:,} bytes; {size:,} more do not fit now.",
                    "Try again in a moment.",
                ).again_after(self._after(self._there.total(), self._turns))
            self._bytes[stay.caller] += size
            stay.bytes += size

    def begin(self, stay: Stay) -> None:
        """See :meth:`Stay.begin`."""
        with self._lock:
            if self._closed:
                raise _stopping()
            self._waiting.setdefault(stay.caller, deque()).append(stay)
            self._hand_on()
        with metrics.queued("request"):
            came = stay.came.wait(self._seconds)
        if not came:
            with self._lock:
                if not stay.came.is_set():
                    self._forget(stay)
                    raise ServiceBusy(
                        f"The service was busy for {self._seconds:g} seconds; nothing was done.",
                        "Try again in a moment.",
                    ).again_after(self._after(self._there.total(), self._turns))
        if stay.refused is not None:
            raise stay.refused

    def _hand_on(self) -> None:
        """Give free turns to those who wait, one caller after the other."""
        while self._working.total() < self._turns:
            caller = next((one for one in self._waiting if self._working[one] < self._share), None)
            if caller is None:
                return
            queue = self._waiting.pop(caller)
            stay = queue.popleft()
            if queue:
                self._waiting[caller] = queue  # at the end of the round
            self._working[caller] += 1
            stay.since = time.monotonic()
            stay.came.set()

    def _forget(self, stay: Stay) -> None:
        queue = self._waiting[stay.caller]
        queue.remove(stay)
        if not queue:
            del self._waiting[stay.caller]

    def rest(self, stay: Stay) -> None:
        """See :meth:`Stay.rest`."""
        with self._lock:
            if stay.since:
                took, stay.since = time.monotonic() - stay.since, 0.0
                self._usual += _WEIGHT * (took - self._usual)
                _less(self._working, stay.caller, 1)
                self._hand_on()

    def leave(self, stay: Stay) -> None:
        """See :meth:`Stay.leave`."""
        self.rest(stay)
        with self._lock:
            if not stay.left:
                stay.left = True
                _less(self._there, stay.caller, 1)
                _less(self._bytes, stay.caller, stay.bytes)

    def close(self) -> None:
        """Take no one in any more; those who wait are told."""
        with self._lock:
            self._closed = True
            for queue in self._waiting.values():
                for stay in queue:
                    stay.refused = _stopping()
                    stay.came.set()
            self._waiting.clear()

    def _after(self, before: int, at_once: int) -> int:
        """Seconds after which so many requests are likely to have been worked on."""
        return min(max(math.ceil(before * self._usual / at_once), 1), _LONGEST)


def _less(count: Counter[str], caller: str, by: int) -> None:
    count[caller] -= by
    if count[caller] <= 0:
        del count[caller]  # callers come and go


def _stopping() -> ServiceBusy:
    return ServiceBusy("The service is stopping; nothing was done.", "Try again in a moment.")
