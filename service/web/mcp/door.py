"""The route /mcp, and the part behind it that lives on an event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, request

from service.errors import InternalError
from service.observing import asked
from service.sessions.limits import digest
from service.sessions.links import Links
from service.sessions.registry import Sessions
from service.settings import Settings
from service.web.access import api_key, caller, count
from service.web.logs import request_id
from service.web.mcp.loop import Exchange, LoopThread, client_gone
from service.web.mcp.tickets import Tickets
from service.web.mcp.visit import NAME, Visit
from service.web.state import state

routes = Blueprint("mcp", __name__)

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class McpDoor:
    """The event loop with the SDK on it, started when somebody first comes by MCP."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        links: Links,
        secret: str,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._sessions, self._links = settings, sessions, links
        self._tickets = Tickets(
            secret, settings.session_ttl, clock, sessions.there, sessions.parts.board
        )
        self._thread: LoopThread | None = None
        self._lock = threading.Lock()

    def thread(self) -> LoopThread:
        """The event loop, running."""
        with self._lock:
            if self._thread is None or not self._thread.runs:
                # Imported now: a service to which nobody comes by MCP starts without it.
                from service.web.mcp.gate import Gate  # noqa: PLC0415

                settings, sessions = self._settings, self._sessions

                def running() -> Any:
                    return Gate(settings, sessions, self._links, self._tickets).running()

                self._thread = LoopThread(running)
            return self._thread

    def close(self) -> None:
        """End the calls under way and the event loop."""
        with self._lock:
            if self._thread is not None:
                self._thread.close()
                self._thread = None


@routes.route("/mcp", methods=["POST", "DELETE"], strict_slashes=False)
def mcp() -> Response:
    """One message of MCP, or the end of its session.

    There is no GET: nothing is ever sent that no request asked for.
    """
    who, ticket = caller(), request.headers.get("Mcp-Session-Id", "")
    if ticket and not who.user:  # then it stands for the user as well
        count(f"mcp {digest(ticket)}")
    visit = Visit(who.user, who.chat, api_key(), request_id(), asked=asked.current())
    connection = request.environ.get("gunicorn.socket")
    exchange = Exchange(
        state().mcp.thread(), _scope(visit), request.get_data(), lambda: client_gone(connection)
    )
    start = exchange.start()
    if start is None:
        raise InternalError(
            "The MCP server gave no answer.", f"Tell the operator the request id {request_id()}."
        )
    headers = dict(_headers(start["headers"]))
    if not headers.get("content-type", "").startswith("text/event-stream"):
        return Response(b"".join(exchange.body()), start["status"], headers)
    response = Response(exchange.body(), start["status"], headers, direct_passthrough=True)
    response.call_on_close(exchange.leave)  # also if nothing of the body is ever asked for
    return response


def _scope(visit: Visit) -> dict[str, Any]:
    """The request as ASGI tells it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": "/mcp",
        "raw_path": b"/mcp",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in request.headers.items()
        ],
        "client": None,
        "server": None,
        "state": {},
        NAME: visit,
    }


def _headers(given: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[str, str]]:
    for name, value in given:
        if name.decode("latin-1").lower() not in _HOP_BY_HOP:
            yield name.decode("latin-1").lower(), value.decode("latin-1")
