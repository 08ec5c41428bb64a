"""The way to Redis: scripts, errors in the product's words, and which sessions are held here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from service.errors import StorageFailed
from service.store.shared.circuit import AGAIN_AFTER, Circuit, NotReachedError, unavailable
from service.store.shared.scripts import SCRIPTS

PREFIX = "excel-tools:"
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_TRIES = 2


@dataclass
class Hold:
    """A session that this process has taken.

    :param stamp: after what was written last; -1 if a write may or may not have been done
    :param until: on the monotonic clock, till when it is surely this process's
    """

    token: str
    stamp: int
    until: float
    wanted: bool = False


class Link:
    """Redis, for all threads of the process.

    :param url: ``redis://`` or ``rediss://``
    """

    def __init__(self, url: str) -> None:
        # What is sent twice because an answer was lost is done once: the scripts see to that.
        retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), _TRIES)
        # Its own types say that everything may be anything.
        self.redis: Any = redis.Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=retry,
            retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        )
        self._circuit = Circuit("Redis", "redis")
        self._scripts = {name: self.redis.register_script(text) for name, text in SCRIPTS.items()}
        self.holds: dict[str, Hold] = {}
        self.lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Link {len(self.holds)} sessions held>"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what Redis says into the product's error."""
        with self._circuit.call():
            try:
                yield
            except (redis.ConnectionError, redis.TimeoutError) as error:
                raise NotReachedError(str(error) or type(error).__name__) from error
            except redis.RedisError as error:  # it answers, and does not do it: no memory, say
                raise unavailable("Redis", str(error)) from error

    def run(self, name: str, *given: str | bytes | float) -> Any:
        """What a script answers."""
        with self.told():
            return self._scripts[name](args=list(given))

    def write(self, session: str, name: str, *given: str | bytes | float) -> tuple[int, int]:
        """Run a script that writes for a session; its answer.

        :raises StorageFailed: if the session is not this process's any more
        """
        hold = self.holds.get(session)
        if hold is None:
            raise RuntimeError(f"session {session} is written to without having been taken")
        try:
            code, stamp = self.run(name, session_prefix(session), hold.token, *given)
        except StorageFailed:
            self._unsure(hold)
            raise
        if code == 0:
            self._unsure(hold)
            hold.wanted = True
            raise _lost()
        if code == 1:
            with self.lock:  # threads of a session may write at the same time
                hold.stamp = max(hold.stamp, stamp) if hold.stamp >= 0 else -1
        return int(code), int(stamp)

    def _unsure(self, hold: Hold) -> None:
        with self.lock:
            hold.stamp = -1

    def close(self) -> None:
        self.redis.close()


def session_prefix(session: str) -> str:
    """What the keys of a session begin with."""
    return f"{PREFIX}s:{session}:"


def _lost() -> StorageFailed:
    error = StorageFailed(
        "This replica of the service was held up for too long, and another one has taken the chat "
        "over; nothing of this call was kept.",
        "Repeat the call, with the same Idempotency-Key.",
    )
    error.status = 503
    return error.again_after(AGAIN_AFTER)
