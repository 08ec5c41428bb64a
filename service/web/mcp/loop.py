"""The event loop beside the threads: one thread of it, and a way for a request into it and back.

The service answers in threads, the SDK on an event loop. A request's thread hands it over and
takes the answer piece by piece, so it is held for as long as the call lasts, as with any other.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import select
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any

log = logging.getLogger("excel_tools.mcp")

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
# How often a thread that waits for an answer looks whether its client is still there.
_LOOK_EVERY = 0.25
_STOP_WITHIN = 10.0


class LoopThread:
    """An event loop in a thread of its own, with an ASGI application that lives as long.

    :param make: makes the application; its exit ends all that the application does
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[App]]) -> None:
        self._make = make
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self.app: App | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            log.exception("the event loop ended")
            self._failed = error
        finally:
            self._ready.set()

    async def _live(self) -> None:
        self._stop = asyncio.Event()
        async with self._make() as app:
            self.app, self.loop = app, asyncio.get_running_loop()
            self._ready.set()
            await self._stop.wait()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """End what is under way, and the thread."""
        if self.loop is not None and self._stop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_WITHIN)


class Exchange:
    """One request on the loop, asked from a thread.

    :param scope: of ASGI
    :param gone: whether the client has closed its connection
    """

    def __init__(
        self, thread: LoopThread, scope: Message, body: bytes, gone: Callable[[], bool]
    ) -> None:
        assert thread.loop is not None
        self._loop = thread.loop
        self._app = thread.app
        self._scope = scope
        self._body: bytes | None = body
        self._gone = gone
        self._left = asyncio.Event()
        self._taken = asyncio.Event()
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        asyncio.run_coroutine_threadsafe(self._answered(), self._loop)

    # On the loop

    async def _answered(self) -> None:
        assert self._app is not None
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception:
            log.exception("a request failed")
        finally:
            self._messages.put(None)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._left.is_set():
            return
        self._taken.clear()
        self._messages.put(message)
        await self._taken.wait()

    # In the thread

    def start(self) -> Message | None:
        """Status and headers; None if there is no answer."""
        return self._next()

    def body(self) -> Iterator[bytes]:
        """The pieces of the body, each when it is there. Closing it tells that nobody listens."""
        try:
            while (message := self._next()) is not None:
                yield message.get("body", b"")
                if not message.get("more_body"):
                    return
        finally:
            self.leave()

    def leave(self) -> None:
        """Nobody listens any more."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._left.set()
        self._taken.set()

    def _next(self) -> Message | None:
        while True:
            try:
                message = self._messages.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                if self._loop.is_closed() or self._gone():
                    self.leave()
                    return None
                continue
            if message is not None:
                self._loop.call_soon_threadsafe(self._taken.set)
            return message


def client_gone(connection: object) -> bool:
    """Whether the other side has closed a socket that nothing is expected from."""
    # What encrypts can't be looked into without taking something out.
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return False
    try:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0)) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):  # closed on this side
        return True
