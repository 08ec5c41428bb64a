"""An end for every connection: one that does not get on in its time is closed.

A thread that reads from a client, or sends to it, would wait as long as the client likes. So
whoever is about to do that says how long it may take; when that is over, the connection is shut
down under it, and the read or the write returns.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

# The slowest line that is waited for, bytes a second.
SLOWEST = 32 << 10
_LOOK_EVERY = 0.5


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """The connection by which a request came; None where there is none."""
    found = environ.get("gunicorn.socket")
    return found if isinstance(found, socket.socket) else None


class Ends:
    """The connections under watch, and when each is shut down.

    :param slow: seconds that a client has for anything, besides what its size takes
    """

    def __init__(self, slow: float) -> None:
        self._slow = slow
        self._lock = threading.Lock()
        self._watched: dict[socket.socket, tuple[float, int]] = {}
        self._over: set[socket.socket] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="ends", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Ends {len(self._watched)} connections>"

    def seconds_for(self, size: int) -> float:
        """The time that so many bytes may take."""
        return self._slow + size / SLOWEST

    def reading(self, connection: socket.socket, size: int = 0) -> None:
        """So many bytes have to come from the client in their time."""
        self._watch(connection, size, socket.SHUT_RD)

    def sending(self, connection: socket.socket, size: int) -> None:
        """The client has to take so many bytes in their time."""
        self._watch(connection, size, socket.SHUT_RDWR)

    def _watch(self, connection: socket.socket, size: int, how: int) -> None:
        with self._lock:
            self._watched[connection] = (time.monotonic() + self.seconds_for(size), how)

    def done(self, connection: socket.socket) -> bool:
        """It is done; whether it was in time."""
        with self._lock:
            self._watched.pop(connection, None)
            late = connection in self._over
            self._over.discard(connection)
        return not late

    def close(self) -> None:
        """End the watch."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_EVERY):
            now = time.monotonic()
            with self._lock:
                over = [(one, how) for one, (end, how) in self._watched.items() if end < now]
                for connection, how in over:
                    del self._watched[connection]
                    self._over.add(connection)
                    with contextlib.suppress(OSError):  # the client has left
                        connection.shutdown(how)
