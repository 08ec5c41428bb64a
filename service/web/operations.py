"""/v1/operations/{name}: one road for all operations."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, request

from service.errors import InvalidParameters
from service.operations.registry import find
from service.sessions.running import run_operation
from service.web.access import SESSION_HEADER, session_of_request
from service.web.body import json_object

routes = Blueprint("operations", __name__)

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")


@routes.post("/v1/operations/<name>")
def run(name: str) -> Response:
    """Run the operation in the session that ``X-Excel-Session`` names."""
    operation = find(name)
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.match(key):
        raise InvalidParameters(
            "The Idempotency-Key is not 1 to 200 printable characters.", "Send a UUID."
        )
    session = session_of_request()
    answer = run_operation(session, operation, json_object(), key)
    response = jsonify(answer)
    response.headers[SESSION_HEADER] = session.data.id
    return response
