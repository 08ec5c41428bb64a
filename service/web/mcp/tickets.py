"""Mcp-Session-Ids: signed, so that they are known after a restart, and good for one API key."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from service.errors import SessionExpired, SessionNotFound
from service.observing import metrics
from service.store.seams import Board

_HINT = "Send initialize without the header; the answer has a new Mcp-Session-Id."


class Tickets:
    """Makes them and reads them.

    :param ttl: seconds for which one is good, unless ``used`` says longer
    :param used: whether the chat of a ticket is still in use, by user and chat
    :param board: where it is noted which ones have ended
    """

    def __init__(
        self,
        secret: str,
        ttl: int,
        clock: Callable[[], float],
        used: Callable[[str, str], bool],
        board: Board,
    ) -> None:
        self._ttl = ttl
        self._used = used
        self._board = board

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(clock())

        self._clock = clock
        self._serializer = URLSafeTimedSerializer(
            secret,
            salt="excel-tools-mcp",
            signer=Signer,
            signer_kwargs={"digest_method": hashlib.sha256},
        )

    def issue(self, key: str) -> str:
        """A new one, for a caller with that API key."""
        metrics.MCP_SESSIONS.labels("opened").inc()
        return str(self._serializer.dumps([secrets.token_urlsafe(18), _digest(key)]))

    def chat(self, ticket: str, key: str, user: str = "") -> str:
        """The id of the chat that it stands for, where the caller names none.

        :raises SessionNotFound: if it is not ours, of another key, or ended
        :raises SessionExpired: if it is too old, and nothing is left of its chat
        """
        try:
            found, made = self._serializer.loads(ticket, return_timestamp=True)
            id_, owner = found
        except (BadSignature, ValueError, TypeError):
            raise SessionNotFound("There is no such MCP session.", _HINT) from None
        if owner != _digest(key) or self._board.marked(_ended(id_)):
            raise SessionNotFound("There is no such MCP session.", _HINT)
        chat = f"mcp-{id_}"
        if self._clock() - made.timestamp() > self._ttl and not self._used(user or chat, chat):
            raise SessionExpired("The MCP session has expired.", _HINT)
        return chat

    def end(self, ticket: str, key: str) -> None:
        """It is good for nothing any more. What its chat holds stays until its time is over."""
        self._board.mark(_ended(self.chat(ticket, key).removeprefix("mcp-")), self._ttl)
        metrics.MCP_SESSIONS.labels("ended").inc()


def _ended(id_: str) -> str:
    return f"mcp-ended:{id_}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
