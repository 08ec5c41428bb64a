"""Who asks: the API key of the caller, and the user and chat it speaks for."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import Flask, g, request

from service.errors import InvalidParameters, Unauthorized
from service.sessions.keys import is_made
from service.sessions.session import Session
from service.web.state import state

SESSION_HEADER = "X-Excel-Session"
_USER = ("X-User-Id", "X-OpenWebUI-User-Id")
_CHAT = ("X-Chat-Id", "X-OpenWebUI-Chat-Id")
_MESSAGE = ("X-Message-Id", "X-OpenWebUI-Message-Id")
_LONGEST_ID = 256


@dataclass(frozen=True)
class Caller:
    """For whom a request is made; "" where it does not say."""

    user: str
    chat: str


def install(app: Flask) -> None:
    """Ask for the API key on everything below /v1, and at /mcp."""
    app.before_request(_check_key)


def _check_key() -> None:
    if request.path.startswith(("/v1", "/mcp")):
        check_key()


def check_key(*, configured: bool = False) -> None:
    """Refuse a request without a valid API key, if the service asks for keys.

    :param configured: a key that the service made itself will not do
    :raises Unauthorized: saying what is missing
    """
    keys = state().settings.api_keys
    if not keys:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else ""
    # Every key is compared, so that the time taken tells nothing about them.
    matches = [hmac.compare_digest(given.encode(), key.encode()) for key in keys]
    made = not configured and given and is_made(state().sessions.parts.store, given)
    if not any(matches) and not made:
        raise Unauthorized(
            "The request has no valid API key." if given else "The request has no API key.",
            "Send Authorization: Bearer <key> with one of the keys in EXCEL_TOOLS_API_KEYS.",
        )


def api_key() -> str:
    """The key that the request came with, "" where none is asked for."""
    return request.headers.get("Authorization", "").partition(" ")[2].strip()


def caller() -> Caller:
    """User and chat that the headers name."""
    found = Caller(_header(_USER), _header(_CHAT))
    g.user = found.user
    return found


def message() -> str:
    """The message of the chat in whose answer the request is made; "" if it does not say."""
    return _header(_MESSAGE)


def _header(names: tuple[str, ...]) -> str:
    values = {request.headers[name].strip() for name in names if request.headers.get(name)}
    if len(values) > 1:
        raise InvalidParameters(
            f"The headers {' and '.join(names)} disagree.", "Send one of them only."
        )
    return check_id(values.pop(), names[0]) if values else ""


def check_id(text: object, what: str) -> str:
    """A user or chat id: some printable characters.

    :raises InvalidParameters: if it is none
    """
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_ID:
        raise InvalidParameters(
            f"{what} must be a text of 1 to {_LONGEST_ID} characters.",
            "Send the ids of the user and the chat.",
        )
    if not text.isprintable():
        raise InvalidParameters(f"{what} holds control characters.", "Send the id as it is.")
    return text.strip()


def names_session() -> bool:
    """Whether the request says which session it is about, as programs do."""
    return bool(request.headers.get(SESSION_HEADER))


def session_of_request() -> Session:
    """The session that ``X-Excel-Session`` names, if it is the caller's.

    Without that header it is the one of the user and the chat, opened if there is none.
    """
    who = caller()
    if names_session() or not (who.user and who.chat):
        return session_by_id(request.headers.get(SESSION_HEADER))
    session, _ = state().sessions.open(who.user, who.chat)
    g.session_key = session.data.key
    return session


def session_by_id(id_: str | None) -> Session:
    """The session of that id, if it is the caller's."""
    who = caller()
    session = state().sessions.find(id_, who.user, who.chat)
    g.session_key = session.data.key
    g.user = session.data.user
    return session
