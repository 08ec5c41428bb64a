"""What replicas tell one another, in Redis."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from typing import Any

from service import calls
from service.calls import Call
from service.errors import Cancelled, StorageFailed
from service.store.seams import Grant
from service.store.shared.link import PREFIX, Hold, Link, session_prefix

log = logging.getLogger("excel_tools.store")

_LOOK_EVERY = 0.03
# Who waits and does not look for this share of a lease is not there any more.
_WAITER_SHARE = 0.5
_TELL_EVERY = 0.5
# What was told of a call counts for so long; then who worked on it is taken for dead.
_TOLD_SECONDS = 10.0
_RECENT_SECONDS = 900
_RECENT_BYTES = 128_000


class SharedBoard:
    """See ``seams.Board``.

    :param lease: seconds after which a session is free if its process does nothing about it
    """

    def __init__(self, link: Link, lease: float) -> None:
        self._link = link
        self._lease = lease
        self._running: dict[tuple[str, str], Call] = {}
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def __repr__(self) -> str:
        return f"<SharedBoard {self._link!r}>"

    # Sessions ---------------------------------------------------------------

    def take(self, session: str, seconds: float) -> Grant | None:
        """See ``Board``."""
        token, end = secrets.token_hex(12), time.monotonic() + seconds
        try:
            with calls.current().at("waiting"):
                while True:
                    grant = self._tried(session, token, wait=seconds > 0)
                    if grant is not None:
                        return grant
                    if time.monotonic() >= end:
                        break
                    calls.current().check()
                    time.sleep(_LOOK_EVERY)
        except Cancelled:
            self._link.run("leave_line", session_prefix(session), token)
            raise
        if seconds > 0:
            self._link.run("leave_line", session_prefix(session), token)
        return None

    def _tried(self, session: str, token: str, *, wait: bool) -> Grant | None:
        lasts = int(self._lease * 1000)
        waits = int(lasts * _WAITER_SHARE)
        given = (session_prefix(session), token, lasts, waits, int(wait))
        until = time.monotonic() + self._lease
        got, stamp, unclean, queue = self._link.run("take", *given)
        if not got:
            return None
        with self._link.lock:
            self._link.holds[session] = Hold(token, stamp, until, queue > 0)
        return Grant(stamp, bool(unclean))

    def give(self, session: str) -> int:
        """See ``Board``."""
        with self._link.lock:
            hold = self._link.holds.pop(session)
        given = self._link.run("give", session_prefix(session), hold.token)
        return hold.stamp if given else -1

    def wanted(self, session: str) -> bool:
        """See ``Board``."""
        hold = self._link.holds.get(session)
        # This process may have stood still, and not know yet that others have it by now.
        return hold is None or hold.wanted or time.monotonic() > hold.until

    # The heartbeat ------------------------------------------------------------

    def _beat(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(_TELL_EVERY):
            try:
                if time.monotonic() - renewed > self._lease / 6:
                    renewed = time.monotonic()
                    self._renew()
                self._tell()
            except StorageFailed as error:
                log.warning("the heartbeat failed: %s", error.message)
            except Exception:
                log.exception("the heartbeat failed")

    def _renew(self) -> None:
        with self._link.lock:
            holds = dict(self._link.holds)
        for session, hold in holds.items():
            lasts, until = int(self._lease * 1000), time.monotonic() + self._lease
            ours, queue = self._link.run("renew", session_prefix(session), hold.token, lasts)
            hold.wanted = hold.wanted or not ours or queue > 0
            hold.until = until if ours else hold.until

    def _tell(self) -> None:
        with self._link.lock:
            running = dict(self._running)
        for (session, key), call in running.items():
            if self._link.run("tell_call", _call(session, key), json.dumps(call.told()), 0):
                call.cancel()

    # Calls --------------------------------------------------------------------

    def calls(self, session: str) -> _Calls:
        """See ``Board``."""
        return _Calls(self, session)

    def begun(self, session: str, key: str, call: Call) -> None:
        """See ``calls.Elsewhere``."""
        name = _call(session, key)
        told = json.dumps(call.told())
        if self._link.run("begin_call", name, int(_TOLD_SECONDS * 1000), told):
            call.cancelled = True
        call.may_keep = lambda: bool(self._link.run("keep_call", name))
        with self._link.lock:
            self._running[session, key] = call

    def over(self, session: str, key: str, call: Call) -> None:
        """See ``calls.Elsewhere.ended``."""
        with self._link.lock:
            if not call.running:
                self._running.pop((session, key), None)
        try:
            self._link.run("tell_call", _call(session, key), json.dumps(call.told()), 1)
        except StorageFailed as error:
            log.warning("the end of a call could not be told: %s", error.message)

    def told(self, session: str, key: str) -> dict[str, Any] | None:
        """See ``calls.Elsewhere``."""
        found = self._link.run("told_call", _call(session, key), int(_TOLD_SECONDS * 1000))
        if found is None:
            return None
        text, alive, cancelled = found
        told = json.loads(text) if text else {"operation": "", "state": "ended", "seconds": 0.0}
        if alive:
            return dict(told)
        state = "cancelled" if cancelled else "ended"
        return {**{name: told[name] for name in ("operation", "seconds")}, "state": state}

    def cancel(self, session: str, key: str) -> tuple[dict[str, Any], bool]:
        """See ``calls.Elsewhere``."""
        cancelled = bool(self._link.run("cancel_call", _call(session, key)))
        told = self.told(session, key) or {"operation": "", "state": "ended", "seconds": 0.0}
        if cancelled and told["state"] == "running":
            told["state"] = "cancelling"
        return told, cancelled

    # Notes --------------------------------------------------------------------

    def recent(self, session: str) -> _Recent:
        """See ``Board``."""
        return _Recent(self, session)

    def buckets(self) -> _Buckets:
        """See ``Board``."""
        return _Buckets(self._link)

    def mark(self, what: str, seconds: float) -> None:
        """See ``Board``."""
        self.note(what, "yes", seconds)

    def marked(self, what: str) -> bool:
        """See ``Board``."""
        return bool(self.noted(what))

    def note(self, what: str, text: str, seconds: float) -> None:
        """See ``Board``."""
        with self._link.told():
            self._link.redis.set(f"{PREFIX}n:{what}", text, px=max(1, int(seconds * 1000)))

    def noted(self, what: str) -> str:
        """See ``Board``."""
        with self._link.told():
            text = self._link.redis.get(f"{PREFIX}n:{what}")
        return text.decode() if text else ""

    def alone(self, what: str, seconds: float) -> bool:
        """See ``Board``."""
        with self._link.told():
            name, lasts = f"{PREFIX}a:{what}", int(seconds * 1000)
            return bool(self._link.redis.set(name, "1", nx=True, px=lasts))

    def close(self) -> None:
        """See ``Board``."""
        self._stop.set()
        self._heart.join()


class _Calls:
    """The board for the calls of one session, see ``calls.Elsewhere``."""

    def __init__(self, board: SharedBoard, session: str) -> None:
        self._board = board
        self._session = session

    def begun(self, key: str, call: Call) -> None:
        self._board.begun(self._session, key, call)

    def ended(self, key: str, call: Call) -> None:
        self._board.over(self._session, key, call)

    def told(self, key: str) -> dict[str, Any] | None:
        return self._board.told(self._session, key)

    def cancel(self, key: str) -> tuple[dict[str, Any], bool]:
        return self._board.cancel(self._session, key)


class _Recent:
    """The last answers of one session."""

    def __init__(self, board: SharedBoard, session: str) -> None:
        self._board = board
        self._session = session

    def put(self, key: str, fingerprint: str, answer: dict[str, Any]) -> None:
        text = json.dumps({"print": fingerprint, "answer": answer})
        if len(text) <= _RECENT_BYTES:
            self._board.note(f"answer:{self._session}:{key}", text, _RECENT_SECONDS)

    def get(self, key: str) -> dict[str, Any] | None:
        """See ``Recent``."""
        text = self._board.noted(f"answer:{self._session}:{key}")
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


class _Buckets:
    """See ``seams.Buckets``."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def take(self, name: str, per_minute: int) -> float:
        """See ``Buckets``."""
        wait = self._link.run("take_token", f"{PREFIX}b:{name}", per_minute)
        return float(wait) / 1000


def _call(session: str, key: str) -> str:
    return f"{PREFIX}c:{session}:{key}"
