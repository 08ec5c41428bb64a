"""A tool call under way: done in a thread, told about meanwhile, stopped when nobody wants it."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
from mcp.types import RequestId
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from service.errors import ExcelToolsError
from service.observing import asked, metrics, tracing
from service.operations.lines import doing as doing_line
from service.operations.registry import Operation
from service.sessions.registry import Sessions
from service.sessions.running import run_operation
from service.sessions.session import Session
from service.web import doors
from service.web.answers import as_error
from service.web.mcp.visit import Visit

log = logging.getLogger("excel_tools.mcp")

_TELL_EVERY = 1.0
_NOTED_FOR = 3600.0
T = TypeVar("T")


class Tell(Protocol):
    """Sends a progress notification; nothing is sent to a client that did not ask for any."""

    def __call__(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> Awaitable[None]: ...


class Work:
    """One call of a tool. Its answer or its error is there once it is done."""

    def __init__(
        self,
        visit: Visit,
        operation: Operation,
        arguments: dict[str, Any],
        request: RequestId | None,
    ) -> None:
        self.visit = visit
        self.operation = operation
        self.arguments = arguments
        self.place = place(visit.ticket, request)
        self._noted = _noted(self.place)
        self.key = uuid.uuid4().hex
        self.began = time.monotonic()
        self.answer: dict[str, Any] = {}
        self.error: ExcelToolsError | None = None
        self.done = False
        self._session: Session | None = None
        self._unwanted = False
        self._lock = threading.Lock()

    def run(self, sessions: Sessions) -> None:
        """Do it, in a thread. Whatever happens is kept as answer or error."""
        of_request = self.visit.asked
        with (
            asked.answering(dataclasses.replace(of_request, door="mcp")) as now,
            tracing.at(of_request.trace),
        ):
            self._run(sessions)
            if not now.operation:  # it did not come so far that the operation told of itself
                self._log()
                now.operation, now.user, now.chat = (
                    self.operation.name,
                    self.visit.user,
                    self.visit.chat,
                )
                code = self.error.code if self.error else "ok"
                sessions.parts.audit.tell("operation", code)

    def _run(self, sessions: Sessions) -> None:
        try:
            session, _ = sessions.open(self.visit.user, self.visit.chat)
            # The client may say to another replica that it does not want it any more.
            sessions.parts.board.note(self._noted, f"{session.data.id} {self.key}", _NOTED_FOR)
            self._begin(session)
            answer = run_operation(session, self.operation, self.arguments, self.key)
            self.answer = doors.for_a_model(self.operation, answer, self.arguments)
        except Exception as error:  # noqa: BLE001 - each is answered as one of ours
            self.error = doors.explained(as_error(error, self.visit.request_id), self._session)
        finally:
            self.done = True

    def _begin(self, session: Session) -> None:
        with self._lock:
            self._session = session
        if self._unwanted:
            session.calls.cancel(self.key)

    def cancel(self) -> None:
        """Have it stopped; nothing of it is done then, unless it is being kept already."""
        with self._lock:
            self._unwanted, session = True, self._session
        if session is not None and not self.done:
            session.calls.cancel(self.key)

    def told(self) -> str:
        """What is being done, in words."""
        facts = (self._session.calls.told(self.key) if self._session else None) or {}
        doing = facts.get("doing", "preparing")
        share = f" {facts['done']} of {facts['total']}" if "total" in facts else ""
        step = "step" if doing == "steps" else doing
        return f"{doing_line(self.operation, self.arguments)}: {step}{share}"

    def _log(self) -> None:
        facts = {
            "request": self.visit.request_id,
            "operation": self.operation.name,
            "code": self.error.code if self.error else "",
            "session": self._session.data.key if self._session else "",
            "user": self.visit.user,
            "ms": round((time.monotonic() - self.began) * 1000, 1),
        }
        log.info("tool call", extra={"facts": {k: v for k, v in facts.items() if v != ""}})


class Works:
    """The calls under way."""

    def __init__(self, sessions: Sessions, threads: int) -> None:
        self._sessions = sessions
        self._limiter = anyio.CapacityLimiter(threads)
        self._under_way: dict[str, Work] = {}

    async def run(self, work: Work, tell: Tell, version: str) -> None:
        """Do the work; tell how far it is, as long as it lasts.

        In the protocol of 2026 a closed connection means that the call is not wanted any
        more; in those before it means nothing, and a client that wants it stopped says so.
        """
        stops = version in MODERN_PROTOCOL_VERSIONS
        self._under_way[work.place] = work
        metrics.MCP_UNDER_WAY.inc()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_watched, work, tell, stops)
                await self.in_thread(work.run, self._sessions)
                group.cancel_scope.cancel()
        finally:
            metrics.MCP_UNDER_WAY.dec()
            # A client that uses an id twice at a time has put another one there.
            if self._under_way.get(work.place) is work:
                del self._under_way[work.place]

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """What a function that waits answers."""
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self._limiter)

    def cancel(self, ticket: str, request: object) -> None:
        """Have the call of that request stopped, if it is under way."""
        where = place(ticket, request)
        work = self._under_way.get(where)
        if work is not None:
            work.cancel()
            return
        session, _, key = self._sessions.parts.board.noted(_noted(where)).partition(" ")
        if session:
            self._sessions.find(session).calls.cancel(key)

    def cancel_all(self) -> None:
        for work in list(self._under_way.values()):
            work.cancel()


def place(ticket: str, request: object) -> str:
    """What tells the requests under way apart: ids are a client's own, 1 is not "1"."""
    return json.dumps([ticket, request]) if ticket else uuid.uuid4().hex


def _noted(where: str) -> str:
    return f"mcp-call:{hashlib.sha256(where.encode()).hexdigest()[:32]}"


async def _watched(work: Work, tell: Tell, stops: bool) -> None:
    try:
        while True:
            await anyio.sleep(_TELL_EVERY)
            seconds = round(time.monotonic() - work.began, 1)
            with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                await tell(seconds, None, f"{work.told()} ({seconds:.0f} s)")
    finally:
        if stops:
            work.cancel()
