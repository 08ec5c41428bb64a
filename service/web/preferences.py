"""/v1/preferences: what a user wants made things to look like."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from service.errors import InvalidParameters
from service.operations.preferences import checked_preferences
from service.sessions.preferences import read_preferences, write_preferences
from service.web.access import caller
from service.web.body import json_object
from service.web.state import state

routes = Blueprint("preferences", __name__)


@routes.get("/v1/preferences")
def show_preferences() -> Response:
    """The preferences of the user whom the headers name."""
    return jsonify(read_preferences(state().sessions.parts.store, _user()).model_dump())


@routes.put("/v1/preferences")
def replace_preferences() -> Response:
    """Replace all of them; what the body leaves out is the service's choice again."""
    user = _user()
    preferences = checked_preferences(json_object())
    write_preferences(state().sessions.parts.store, user, preferences)
    return jsonify(preferences.model_dump())


def _user() -> str:
    user = caller().user
    if not user:
        raise InvalidParameters(
            "The request does not say whose preferences are meant.", "Send the header X-User-Id."
        )
    return user
