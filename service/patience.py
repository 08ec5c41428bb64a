"""gunicorn's threads, for clients that send slowly, or not at all.

A thread is given to a connection once something has come by it, and taken back where the rest of
the request comes too slowly: a few idle connections must not keep everybody else from an answer.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from functools import partial
from typing import Any, ClassVar

from gunicorn.workers.gthread import TConn, ThreadWorker

# So many bytes win a client another second.
SLOWEST = 16_384
# How long nothing of an answer may be taken before it is given up.
_TAKING = 120.0


class TooSlowError(ConnectionResetError):
    """The client sends too slowly; for gunicorn it has gone."""


class PatientSocket:
    """What a request is read from: it gives up once that takes too long.

    :param seconds: that may be waited for a request, besides one for each ``SLOWEST`` bytes
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock, self._seconds = sock, seconds
        self._bound: float | None = None
        self.begin()

    def begin(self) -> None:
        """A request begins."""
        self._waited, self._received = 0.0, 0

    def recv(self, size: int, *flags: int) -> bytes:
        """As a socket's.

        :raises TooSlowError: if all the time is used up
        """
        left = self._seconds + self._received / SLOWEST - self._waited
        bounded = self._bound is not None and self._bound < left
        self._sock.settimeout(max(0.001, self._bound if bounded and self._bound else left))
        began = time.monotonic()
        try:
            data = self._sock.recv(size, *flags)
        except TimeoutError:
            if bounded:
                raise
            raise TooSlowError(errno.ECONNRESET, "the client sends too slowly") from None
        finally:
            self._waited += time.monotonic() - began
            self._sock.settimeout(_TAKING)
        self._received += len(data)
        return data

    def gettimeout(self) -> float | None:
        return self._bound

    def settimeout(self, seconds: float | None) -> None:
        self._bound = seconds


class Connection(TConn):
    """One that is read by a ``PatientSocket``."""

    def __init__(self, seconds: float, *given: Any) -> None:
        super().__init__(*given)
        self._seconds = seconds

    def init(self) -> None:
        known = self.initialized
        super().init()
        self.sock.settimeout(_TAKING)
        parser: Any = self.parser  # that of HTTP/1.1: no other is switched on
        unreader = parser.unreader
        if not known:
            unreader.sock = PatientSocket(unreader.sock, self._seconds)
        unreader.sock.begin()


class PatientWorker(ThreadWorker):
    """Threads for those who have sent something."""

    seconds: ClassVar[float] = 20.0

    def accept(self, listener: Any) -> None:
        """Wait for the first bytes beside the threads, not in one of them."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.seconds, self.cfg, sock, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(sock, selectors.EVENT_READ, ready)


def worker_class(seconds: float) -> type[PatientWorker]:
    """The worker for requests that have to come in within so many seconds."""
    return type("PatientWorker", (PatientWorker,), {"seconds": seconds})
