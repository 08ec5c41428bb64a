"""/v1/calls/{key}: what is being done for a call, and its end at the caller's wish."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from service.errors import NotFound
from service.web.access import session_of_request

routes = Blueprint("calls", __name__)


@routes.get("/v1/calls/<path:key>")
def show_call(key: str) -> Response:
    """The call with that Idempotency-Key in the session that ``X-Excel-Session`` names."""
    told = session_of_request().calls.told(key)
    if told is None:
        raise NotFound(
            f"The session knows of no call with the key {key[:80]!r}.",
            "Ask with the Idempotency-Key and the session of a call of the last time.",
        )
    return jsonify({"key": key, **told})


@routes.delete("/v1/calls/<path:key>")
def cancel_call(key: str) -> Response:
    """Have the call stopped; one that comes later with that key is refused."""
    session = session_of_request()
    if session.calls.told(key) is None and session.has_answered(key):
        # By a service that has ended since, which knew of the call: what it did stands.
        ended = {"operation": "", "state": "ended", "seconds": 0.0}
        return jsonify({"key": key, **ended, "cancelled": False})
    told, cancelled = session.calls.cancel(key)
    return jsonify({"key": key, **told, "cancelled": cancelled})
