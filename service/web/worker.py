"""gunicorn's worker with threads, and what it lacks to stay answerable.

- A connection waits for its first byte without a thread, and for the rest of the head of its
  request for some seconds only.
- Whether the service runs and is ready is answered by threads of their own, whatever the others do.
- Told to stop, it first says so at ``/ready`` and goes on for the time that was set.
"""

from __future__ import annotations

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from service.web.app import Service

_PROBES = (b"GET /health", b"GET /ready", b"GET /metrics")
_PROBING_THREADS = 2
_LONGEST_PROBE = 8 << 10


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
        conn.set_timeout()
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, wake)

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


def _is_probe(connection: socket.socket) -> bool:
    """Whether the request that has come is one of those that must never wait.

    One whose head is not there as a whole is none: it could keep the others waiting.
    """
    try:
        head = connection.recv(_LONGEST_PROBE, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    return head.startswith(_PROBES) and b"\r\n\r\n" in head


def _readable(listener: socket.socket) -> bool:
    # Not select: it takes no file descriptors beyond 1,023.
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))
