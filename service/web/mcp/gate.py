"""Before the SDK: whose chat a request is about, by its headers or by its Mcp-Session-Id.

The SDK answers each request by itself (stateless), so that nothing of a client is held in
memory between two calls, and a restart is not noticed. What is left of a session is its id.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import INVALID_REQUEST, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from service.errors import ExcelToolsError, SessionRequired
from service.sessions.links import Links
from service.sessions.registry import Sessions
from service.settings import Settings
from service.web.mcp.files import Files
from service.web.mcp.server import make_server
from service.web.mcp.tickets import Tickets
from service.web.mcp.visit import NAME, Visit
from service.web.mcp.working import Works

_TICKET = b"mcp-session-id"


class Gate:
    """The ASGI application behind /mcp."""

    def __init__(
        self, settings: Settings, sessions: Sessions, links: Links, tickets: Tickets
    ) -> None:
        most = settings.max_body_mb << 20
        self._works = Works(sessions, settings.threads)
        self._tickets = tickets
        server = make_server(self._works, Files(sessions, links, most))
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, max_request_body_size=most
        )
        # What it has to say of each request stands in the service's own log.
        logging.getLogger("mcp").setLevel(logging.WARNING)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Gate]:
        async with self._manager.run():
            try:
                yield self
            finally:
                self._works.cancel_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        version = headers.get(b"mcp-protocol-version", b"").decode("latin-1")
        visit: Visit = scope[NAME]
        if version and version not in HANDSHAKE_PROTOCOL_VERSIONS:
            await self._modern(visit, version, scope, receive, send)
            return
        try:
            await self._handshaken(visit, headers, scope, receive, send)
        except ExcelToolsError as error:
            status = 400 if isinstance(error, SessionRequired) else 404
            # A store that is down for a moment must not look like a session that is gone.
            status = error.status if error.status >= 500 else status
            answer = _refusal(error, visit.request_id, status)
            await answer(scope, receive, send)

    async def _modern(
        self, visit: Visit, version: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """The protocol of 2026, which has no sessions: the headers have to name the chat.

        Where they don't, the client is asked to go back to the one that has.
        """
        if visit.user and visit.chat:
            await self._manager.handle_request(scope, receive, send)
            return
        error = {
            "code": UNSUPPORTED_PROTOCOL_VERSION,
            "message": "Without X-User-Id and X-Chat-Id (or Open WebUI's headers) only an "
            "Mcp-Session-Id tells chats apart, and this protocol version has none.",
            "data": {"supported": list(HANDSHAKE_PROTOCOL_VERSIONS), "requested": version},
        }
        id_ = _parsed(await _body(receive)).get("id")
        await _json({"jsonrpc": "2.0", "id": id_, "error": error}, 400)(scope, receive, send)

    async def _handshaken(
        self,
        visit: Visit,
        headers: dict[bytes, bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        ticket = headers.get(_TICKET, b"").decode("latin-1")
        if scope["method"] == "DELETE":
            self._tickets.end(ticket, visit.key)
            await Response(status_code=204)(scope, receive, send)
            return
        message = _parsed(body := await _body(receive))
        method = message.get("method")
        if not ticket and method != "initialize":
            raise SessionRequired(
                "The request has no Mcp-Session-Id.",
                "Send the one that the answer to initialize came with.",
            )
        ticket = ticket or self._tickets.issue(visit.key)
        chat = self._tickets.chat(ticket, visit.key, visit.user)
        if method == "notifications/cancelled":
            params = message.get("params")
            if isinstance(params, dict):  # what is no request is under way nowhere
                self._works.cancel(ticket, params.get("requestId"))
            await Response(status_code=202)(scope, receive, send)
            return
        chat = visit.chat or chat
        scope[NAME] = dataclasses.replace(visit, user=visit.user or chat, chat=chat, ticket=ticket)
        await self._manager.handle_request(scope, _again(body, receive), _with_ticket(ticket, send))


def _parsed(body: bytes) -> dict[str, Any]:
    """The message, as far as it is one; the SDK refuses what is none."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


async def _body(receive: Receive) -> bytes:
    body = (await receive()).get("body", b"")
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same body once more, and then what else comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def _with_ticket(ticket: str, send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (_TICKET, ticket.encode())]
        await send(message)

    return told


def _refusal(error: ExcelToolsError, request_id: str, status: int) -> Response:
    told = {
        "code": INVALID_REQUEST,
        "message": f"{error.message} {error.hint}",
        "data": error.body(request_id)["error"],
    }
    return _json({"jsonrpc": "2.0", "id": None, "error": told}, status)


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")
