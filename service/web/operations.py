"""/v1/operations/{name}: one road for all operations."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, request

from service.errors import ExcelToolsError, InvalidParameters
from service.languages import best
from service.operations.registry import Operation, find
from service.sessions.running import run_operation
from service.sessions.session import Session
from service.web import doors
from service.web.access import SESSION_HEADER, message, names_session, session_of_request
from service.web.body import json_object
from service.workbook.preview.page import policy

routes = Blueprint("operations", __name__)

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_MAY_DISCARD = "X-Excel-May-Discard"


@routes.post("/v1/operations/<name>")
def run(name: str) -> Response:
    """Run the operation in the session that the request names, or that of user and chat."""
    operation = find(name)
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.match(key):
        raise InvalidParameters(
            "The Idempotency-Key is not 1 to 200 printable characters.", "Send a UUID."
        )
    session = session_of_request()
    if names_session():
        answer = run_operation(session, operation, json_object(), key, message(), _may_discard())
        response = jsonify(answer)
    else:
        response = _for_a_model(session, operation, key)
    response.headers[SESSION_HEADER] = session.data.id
    return response


def _may_discard() -> int | None:
    """How many unsaved changes the request may discard; None if it does not say."""
    given = request.headers.get(_MAY_DISCARD, "").strip()
    if not given:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise InvalidParameters(
            f"{_MAY_DISCARD} must be a whole number, such as 0.",
            "So many unsaved changes may be discarded by closing a workbook; left out: all.",
        )
    return int(given)


def _for_a_model(session: Session, operation: Operation, key: str) -> Response:
    given = json_object()
    try:
        answer = run_operation(session, operation, given, key, message(), _may_discard())
    except ExcelToolsError as error:
        raise doors.explained(error, session) from error
    if operation.previews and _takes_pages():
        # Open WebUI shows a page inside the chat that comes with this header.
        language = best(request.headers.get("Accept-Language", ""))
        response = Response(doors.page(session, answer, language), mimetype="text/html")
        response.headers["Content-Disposition"] = "inline"
        response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
        return response
    return jsonify(doors.for_a_model(operation, answer, given))


def _takes_pages() -> bool:
    accepted = request.accept_mimetypes
    return not accepted or accepted["text/html"] >= accepted["application/json"]
