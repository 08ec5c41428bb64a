"""Who asks: the API key of the caller, and the user and chat it speaks for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, g, request

from service.errors import Forbidden, InvalidParameters, Unauthorized, UserNotShown
from service.sessions.links import Target
from service.sessions.session import Session
from service.web import identity
from service.web.state import state

SESSION_HEADER = "X-Excel-Session"
_USER = ("X-User-Id", "X-OpenWebUI-User-Id")
_CHAT = ("X-Chat-Id", "X-OpenWebUI-Chat-Id")
_MESSAGE = ("X-Message-Id", "X-OpenWebUI-Message-Id")
_CALLER = "excel_tools.caller"
_LONGEST_ID = 256
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Names that no public server of names answers for.
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".test")


@dataclass(frozen=True)
class Caller:
    """For whom a request is made; "" where it does not say."""

    user: str
    chat: str


def install(app: Flask) -> None:
    """Ask who it is on everything below /v1, and at /mcp."""
    app.before_request(_check)


def _check() -> None:
    if not request.path.startswith(("/v1", "/mcp")):
        return
    refuse_foreign_pages(request.headers.get("Origin"))
    check_key()
    who = caller()
    if who.user:
        count(who.user)


def check_key(*, configured: bool = False) -> None:
    """Refuse a request without a valid API key, if the service asks for keys.

    :param configured: a key that the service made itself will not do
    :raises Unauthorized: saying what is missing
    """
    keys = state().keys
    if not keys.asked_for:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else ""
    known = keys.known(given) if given else None
    if known is None or (configured and not known.configured):
        raise Unauthorized(
            "The request has no valid API key." if given else "The request has no API key.",
            "Send Authorization: Bearer <key> with one of the keys in EXCEL_TOOLS_API_KEYS.",
        )
    g.api_key = known
    state().rates.key(known.id)


def api_key() -> str:
    """The key that the request came with, "" where none is asked for."""
    return request.headers.get("Authorization", "").partition(" ")[2].strip()


def count(user: str) -> None:
    """Count the request for the user, once; what asks after or stops a call always gets through.

    :raises RateLimited: if the user asks too often
    """
    if not getattr(g, "counted", False) and request.blueprint != "calls":
        g.counted = True
        state().rates.user(user)


def target_of(token: str) -> Target:
    """What a link leads to; those of a chat may be followed as often as its user may ask.

    :raises RateLimited: if they are followed too often
    """
    target = state().links.target(token)
    state().rates.link(target.session)
    return target


def refuse_foreign_pages(origin: str | None) -> None:
    """A page of another place must not reach this service through the browser that shows it.

    Nor may a page do so by a name of its own that it has lead to this machine, where no key is
    asked for.

    :raises Forbidden: saying whose page it is
    """
    settings = state().settings
    allowed = _LOOPBACK | {_host(settings.link_address), settings.listen_host}
    if origin is not None and not _is_here(origin) and _host(origin) not in allowed - {""}:
        raise Forbidden(
            f"Pages of {origin[:200]} may not use this service.",
            "Use a client that is no web page, or set EXCEL_TOOLS_PUBLIC_URL.",
        )
    host = _host(f"//{request.host}")
    if not state().keys.asked_for and host not in allowed and _in_public_names(host):
        raise Forbidden(
            f"The request is for {host[:200]}, which is no name of this service.",
            "Use http://localhost, set EXCEL_TOOLS_PUBLIC_URL, or set EXCEL_TOOLS_API_KEYS.",
        )


def _is_here(origin: str) -> bool:
    """Whether it is the address by which the request came, as for the page at /docs."""
    return origin in (f"http://{request.host}", f"https://{request.host}")


def _host(address: str) -> str:
    """The host in an address; "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _in_public_names(host: str) -> bool:
    """Whether anybody could have this name and have it lead to 127.0.0.1."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host.strip(".") and not host.endswith(_PRIVATE_NAMES)
    return False


def caller() -> Caller:
    """User and chat that the headers name, or a token of Open WebUI shows; looked at once.

    :raises UserNotShown: if the service asks for such tokens, and there is none that is good
    """
    # With the request and not in ``g``, which a request may share with what is around it.
    known: Caller | None = request.environ.get(_CALLER)
    if known is None:
        known = request.environ[_CALLER] = Caller(_shown(_header(_USER)), _header(_CHAT))
        g.user = known.user
    return known


def _shown(named: str) -> str:
    """The user, whom a token has to show where the service asks for that."""
    token, tokens = request.headers.get(identity.HEADER, "").strip(), state().tokens
    if tokens is None:
        if token and not named and not names_session():
            raise UserNotShown(
                f"Who the user is stands in {identity.HEADER} alone, which can't be read here.",
                "Set EXCEL_TOOLS_USER_TOKEN_SECRET to Open WebUI's "
                "FORWARD_USER_INFO_HEADER_JWT_SECRET.",
            )
        return named
    shown = check_id(tokens.user(token), identity.HEADER)
    if named not in ("", shown):
        raise UserNotShown(
            f"The request names another user than its {identity.HEADER} shows.",
            "Leave the other headers out, or send the token of that user.",
        )
    return shown


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
    count(who.user)
    g.session_key = session.data.key
    return session


def session_by_id(id_: str | None) -> Session:
    """The session of that id, if it is the caller's."""
    who = caller()
    session = state().sessions.find(id_, who.user, who.chat)
    g.session_key = session.data.key
    g.user = session.data.user
    count(session.data.user)
    return session
