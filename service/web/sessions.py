"""/v1/sessions: open or resume, look at, end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.errors import InvalidParameters
from service.sessions.following import follow
from service.sessions.links import withdraw
from service.sessions.session import Session
from service.web.access import SESSION_HEADER, caller, check_id, count, session_by_id
from service.web.body import json_object
from service.web.state import state
from service.workbook.libreoffice import found_program

routes = Blueprint("sessions", __name__)


@routes.post("/v1/sessions")
def open_session() -> Response:
    """Open the session of a user and chat, or resume the one they have."""
    body = json_object()
    strange = sorted(set(body) - {"user", "chat"})
    if strange:
        raise InvalidParameters(
            f'The body has a field "{strange[0][:80]}" that means nothing here.',
            'Send {"user": "...", "chat": "..."}.',
        )
    who = caller()
    user = _one("user", body.get("user"), who.user)
    chat = _one("chat", body.get("chat"), who.chat)
    count(user)
    session, resumed = state().sessions.open(user, chat)
    g.session_key, g.user = session.data.key, user
    response = jsonify({**described(session), "resumed": resumed})
    response.status_code = 200 if resumed else 201
    response.headers[SESSION_HEADER] = session.data.id
    if not found_program(state().settings.libreoffice):
        response.headers["X-Excel-Without"] = "libreoffice"  # so that no PDF is suggested
    return response


def _one(what: str, given: object, header: str) -> str:
    """The id from body or header; both may be there if they agree."""
    if given is None and header:
        return header
    text = check_id(given, what)
    if header and header != text:
        raise InvalidParameters(
            f"The body names another {what} than the headers.", "Name the same one in both."
        )
    return text


@routes.get("/v1/sessions/<id_>")
def show_session(id_: str) -> Response:
    """What the session holds."""
    return jsonify(described(session_by_id(id_)))


@routes.get("/v1/sessions/<id_>/history")
def show_history(id_: str) -> Response:
    """What happened in the session, the newest first: ``?first=0&most=100``."""
    session = session_by_id(id_)
    strange = sorted(set(request.args) - {"first", "most"})
    if strange:
        raise InvalidParameters(
            f'There is no parameter "{strange[0][:80]}".', "Send first and most, whole numbers."
        )
    first, most = _number("first", 0, 0, 10**9), _number("most", 100, 1, 1000)
    events, count = session.history.page(first, most)
    page: dict[str, Any] = {"events": events, "count": count}
    if first + most < count:
        page["next_first"] = first + most
    return jsonify(page)


def _number(name: str, default: int, low: int, high: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidParameters(
            f"{name} is {text[:40]!r}; it goes from {low} to {high}.", "Send a whole number."
        )
    return int(text)


@routes.post("/v1/sessions/<id_>/branch")
def follow_chat(id_: str) -> Response:
    """The chat goes on from another message: bring the workbooks to where they stood there."""
    session, body = session_by_id(id_), json_object()
    earlier = body.get("earlier", [])
    if set(body) - {"message", "earlier"} or not isinstance(earlier, list):
        raise InvalidParameters(
            "The body does not say from where the chat goes on.",
            'Send {"message": "...", "earlier": ["...", ...]}, the newest of the earlier first.',
        )
    ids = [check_id(id_, "each message") for id_ in (body.get("message"), *earlier)]
    return jsonify(follow(session, ids[0], ids[1:]))


@routes.delete("/v1/sessions")
def delete_sessions() -> Response:
    """End all sessions of the user whom the headers name."""
    user = caller().user
    if not user:
        raise InvalidParameters(
            "The request does not say whose sessions to delete.", "Send the header X-User-Id."
        )
    return jsonify({"deleted": state().sessions.delete_all(user)})


@routes.delete("/v1/sessions/<id_>/links")
def withdraw_links(id_: str) -> Response:
    """End all links of the session that were made until now."""
    session = session_by_id(id_)
    withdraw(state().sessions.parts.store, state().sessions.parts.clock(), session=session.data.key)
    return Response(status=204)


@routes.delete("/v1/links")
def withdraw_all_links() -> Response:
    """End all links of the user whom the headers name, of all their sessions."""
    user = caller().user
    if not user:
        raise InvalidParameters(
            "The request does not say whose links to withdraw.", "Send the header X-User-Id."
        )
    withdraw(state().sessions.parts.store, state().sessions.parts.clock(), user=user)
    return Response(status=204)


@routes.delete("/v1/sessions/<id_>")
def delete_session(id_: str) -> Response:
    """End the session with its files and links."""
    state().sessions.delete(session_by_id(id_))
    return Response(status=204)


def described(session: Session) -> dict[str, Any]:
    """The session as JSON; times are Unix time."""
    data, ttl = session.data, state().settings.session_ttl
    books = [book for book in list(data.workbooks.values()) if book.open or book.versions]
    return {
        "session_id": data.id,
        "user": data.user,
        "chat": data.chat,
        "created": data.created,
        "used": data.used,
        "expires": data.used + ttl,
        "workbooks": [
            {
                "name": book.name,
                "open": book.open,
                "unsaved_changes": book.unsaved_changes,
                "versions": len(book.versions),
                "files": session.files_of(book),
            }
            for book in books
        ],
        "uploads": [
            {"id": item.id, "name": item.name, "size": item.size}
            for item in list(data.uploads.values())
        ],
    }
