"""Who gets a turn: requests that do work pass through the room, in fair turns, with an end each.

A request gets a place when its head has arrived, then its body is read, then it gets a turn; the
turn ends with the work, the place when the answer is sent. What only tells (health, pages, how
far a call is) and what ends a call passes by.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import ClientDisconnected

from service.errors import RequestTooSlow
from service.settings import Settings
from service.web.access import SESSION_HEADER, caller
from service.web.ends import Ends, connection_of
from service.web.files import UPLOADS, expect_a_file
from service.web.room import Room, Stay
from service.web.state import state

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# These neither wait nor keep others waiting.
_PASS = frozenset({"pages", "guide", "start", "calls", "metrics"})
_STAY = "excel_tools.stay"
_STREAM = "text/event-stream"
# What is in a JSON body takes so many times its size in memory; a file lies on the disk.
_UNFOLDED = 8


def make_room(settings: Settings) -> Room:
    """The room of a service with these settings."""
    return Room(
        at_work=settings.threads,
        waiting=settings.waiting,
        per_caller=settings.calls_per_user,
        most_bytes=settings.bodies_mb << 20,
        seconds=float(settings.queue_wait),
    )


def install(app: Flask, ends: Ends) -> None:
    """Have requests pass through the room. Comes after the check of the key."""
    app.before_request(_enter)
    app.after_request(_rest)
    app.wsgi_app = _Watched(app.wsgi_app, ends)  # type: ignore[assignment, method-assign]


def _enter() -> None:
    if request.endpoint is None or request.blueprint in _PASS:
        return
    stay = request.environ[_STAY] = state().room.enter(_who())
    _read(stay)
    stay.begin()


def _who() -> str:
    """Whose request it is, as far as its head tells; what counts is that it is one and the same."""
    user = caller().user
    if user:
        return f"user {user}"
    token = (request.view_args or {}).get("token")
    if token:  # refused here already if it is none of ours
        return f"session {state().links.target(token).session}"
    named = request.headers.get(SESSION_HEADER) or request.headers.get("Mcp-Session-Id")
    # Of who says nothing of itself each connection counts as somebody else.
    nobody = f"{request.remote_addr}:{request.environ.get('REMOTE_PORT', '')}"
    return f"id {named}" if named else f"address {nobody}"


def _read(stay: Stay) -> None:
    """Take the body in, so that no turn waits for a slow line.

    :raises RequestTooSlow: if it did not come in time
    """
    upload, size = request.endpoint in UPLOADS, request.content_length
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if request.method in ("GET", "HEAD") or not (size or chunked):
        return
    if upload:
        expect_a_file()
    most = request.max_content_length or 0
    expected = most if size is None else min(size, most)
    stay.hold(expected if upload else expected * _UNFOLDED)
    connection, ends = connection_of(request.environ), state().ends
    if connection is not None:
        ends.reading(connection, expected)
    try:
        if upload:
            _ = request.files
        else:
            request.get_data()
    except ClientDisconnected:
        if connection is None or ends.done(connection):
            raise
        raise _late(expected) from None
    if connection is not None and not ends.done(connection):
        raise _late(expected)


def _late(expected: int) -> RequestTooSlow:
    g.close_connection = True
    seconds = state().ends.seconds_for(expected)
    return RequestTooSlow(
        f"The body did not come within {seconds:.0f} seconds; nothing was done.",
        "Send it again over a faster line, or send less.",
    )


def _rest(response: Response) -> Response:
    stay: Stay | None = request.environ.get(_STAY)
    if stay is not None and response.mimetype != _STREAM:
        stay.rest()
    # Who comes again later does so over a new connection, and does not find an old one closing.
    if g.get("close_connection") or "Retry-After" in response.headers:
        response.headers["Connection"] = "close"
    return response


class _Watched:
    """The application, with an end to sending its answers, and to the places of their requests."""

    def __init__(self, app: WSGIApplication, ends: Ends) -> None:
        self._app = app
        self._ends = ends

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            body = self._app(environ, start)
        except BaseException:
            _leave(environ)
            raise
        sending = _Sending(body, environ, self._ends)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            # It stays what it is, so that the server hands the file to the system.
            sending.whole(body)
            return body
        return sending


def _leave(environ: WSGIEnvironment) -> None:
    stay: Stay | None = environ.get(_STAY)
    if stay is not None:
        stay.leave()


class _Sending:
    """A body on its way to the client, each piece of it with an end."""

    def __init__(self, body: Iterable[bytes], environ: WSGIEnvironment, ends: Ends) -> None:
        self._body, self._environ, self._ends = body, environ, ends
        self._pieces: Iterator[bytes] | None = None
        self._connection = connection_of(environ)

    def __iter__(self) -> _Sending:
        return self

    def __next__(self) -> bytes:
        if self._pieces is None:
            self._pieces = iter(self._body)
        self._done()
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._left()
            raise
        if self._connection is not None:
            self._ends.sending(self._connection, len(piece))
        return piece

    def whole(self, file: Any) -> None:
        """The file is sent by others; it has the time that its size takes."""
        before = getattr(file, "close", None)

        def close() -> None:
            if before is not None:
                before()
            self._left()

        file.close = close
        if self._connection is not None:
            self._ends.sending(self._connection, _size_of(file))

    def close(self) -> None:
        """The server has sent it, or the client has left."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._left()

    def __del__(self) -> None:
        # If nobody has asked for the body. It may be in the middle of anything: no lock is taken.
        stay: Stay | None = self._environ.get(_STAY)
        if stay is not None:
            stay.drop()

    def _done(self) -> None:
        if self._connection is not None:
            self._ends.done(self._connection)

    def _left(self) -> None:
        self._done()
        _leave(self._environ)


def _size_of(wrapper: Any) -> int:
    try:
        return os.fstat(wrapper.filelike.fileno()).st_size
    except (OSError, AttributeError, ValueError):  # no file of the system
        return 0
