"""gunicorn's worker with threads, and what it lacks to stay answerable.

- A connection waits for its first byte without a thread, and for the rest of the head of its
  request, for some seconds only; for its next request longer than a proxy in front keeps it.
- Whether the service runs and is ready is answered by threads of their own, whatever the others do.
- Told to stop, it first says so at ``/ready`` and goes on for the time that was set.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from service.web.app import Service

_PROBES = (b"GET /health ", b"GET /ready ", b"GET /metrics ")
_MOST_HEAD = 8_192
_BODY = re.compile(rb"\r\n(content-length|transfer-encoding|expect|upgrade)\s*:", re.IGNORECASE)
_PROBING_THREADS = 2
FIRST_BYTE_SECONDS = 5.0
# Proxies keep idle connections for a minute, mostly; who closes first loses no request.
IDLE_SECONDS = 75


class PatientWorker(ThreadWorker):
    """The worker process of the service."""

    _stops = False

    @property
    def _service(self) -> Service | None:
        found: Service | None = self.app.service  # type: ignore[attr-defined]
        return found

    def init_process(self) -> None:
        self._probing = ThreadPoolExecutor(_PROBING_THREADS, "probes")
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = _closing(self.wsgi)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Take new connections, or none for now; none any more once it has been told to stop."""
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            # Who has come already is answered; who comes now finds nobody, and knows it.
            while listener.fileno() >= 0 and _readable(listener):
                self.accept(listener)
            listener.close()

    def enqueue_req(self, conn: Any) -> None:
        """Have the request on a connection answered, once there is one."""
        if not (conn.initialized or conn.data_ready):
            self._park(conn)
            return
        pool = self._probing if _is_probe(conn.sock) else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _park(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + FIRST_BYTE_SECONDS
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, wake)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that have been idle for long, and the oldest where there are many.

        Not one over which the next request has come just now: it would be lost.
        """
        now, many = time.monotonic(), self.worker_connections // 2
        while self.keepalived_conns:
            oldest = self.keepalived_conns[0]
            over = (oldest.timeout or now) <= now or self.nr_conns > many
            if not force and (not over or _readable(oldest.sock)):
                return
            self.keepalived_conns.popleft()
            self.poller.unregister(oldest.sock)
            self.nr_conns -= 1
            oldest.close()

    def handle(self, conn: Any) -> Any:
        """Answer the request on a connection, in a thread."""
        service = self._service
        if service is None:
            return super().handle(conn)
        service.ends.reading(conn.sock)
        try:
            return super().handle(conn)
        finally:
            service.ends.done(conn.sock)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The head of the request is there."""
        if self._service is not None:
            self._service.ends.done(conn.sock)
        return super().handle_request(req, conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Told to stop."""
        if self._stops or self._service is None:
            return
        self._stops = True
        self._service.stopping.set()
        end = partial(self._end, sig, frame)
        threading.Timer(self._service.drain_seconds, end).start()

    def _end(self, sig: int, frame: Any) -> None:
        if self._service is not None:
            self._service.room.close()
        super().handle_exit(sig, frame)


def _closing(app: Callable[..., Any]) -> Callable[..., Any]:
    """The application; where it says ``Connection: close``, gunicorn would leave that out."""

    def closing(environ: dict[str, Any], start: Any) -> Any:
        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if any(name.lower() == "connection" and value == "close" for name, value in headers):
                start.__self__.force_close()
            return start(status, headers, *more)

        return app(environ, begin)

    return closing


def _is_probe(connection: socket.socket) -> bool:
    """Whether the request that has come is one of those that must never wait.

    It has to be there as a whole: who sends one slowly, or with a body, would keep the probes
    of others waiting, and a service whose probes get no answer is restarted.
    """
    try:
        head = connection.recv(_MOST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    whole = head.endswith(b"\r\n\r\n")
    return whole and head.startswith(_PROBES) and not _BODY.search(head)


def _readable(found: socket.socket) -> bool:
    """Whether somebody or something has come."""
    # Not select: it takes no file descriptors beyond 1,023.
    poll = select.poll()
    poll.register(found, select.POLLIN)
    return bool(poll.poll(0))
