"""Pages for people and programs: documentation, OpenAPI document, health."""

from __future__ import annotations

from html import escape
from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, jsonify, request, send_from_directory

from service import __version__
from service.errors import ExcelToolsError
from service.languages import ENGLISH, best, say, speaking
from service.web.openapi import document
from service.web.state import state

routes = Blueprint("pages", __name__)

_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; }}
h1 {{ font-size: 1.4rem; }}
button, input {{ font: inherit; margin-top: .5rem; }}
button {{ padding: .4rem 1.2rem; }}
</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""

_DOCS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Excel Tools API</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""


# Of the pages made here: their own style, and files of this place.
_STYLED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
# Of Swagger UI, which styles by attributes, has its pictures in its styles, and asks the API.
_SWAGGERED = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
# What a person reads in another language than English of a link that did not work.
_FOREIGN = {
    "link_expired": ("This link has expired.", "Ask for a new one in the chat."),
    "file_not_found": (
        "There is no file behind this link.",
        "Copy the whole link, or ask for a new one in the chat.",
    ),
    "too_large": ("The file is too large.", "Send a smaller one."),
    "invalid_parameters": ("No file came, or an empty one.", "Go back, and choose a file."),
    "limit_reached": (
        "There are too many files already.",
        "Ask in the chat for some to be closed.",
    ),
    "workbook_not_open": ("This workbook was closed.", "Ask in the chat for it to be opened."),
    "workbook_busy": ("The workbook is in use.", "Try again in a moment."),
}
_FOREIGN_ELSE = ("That did not work.", "Try again, or ask the operator; the error is {code}.")


def wanted_language() -> str:
    """The language that the browser asks for, as far as there is one."""
    return best(request.headers.get("Accept-Language", ""))


@routes.get("/health")
def health() -> Response:
    """Whether the service runs."""
    return jsonify({"status": "ok", "version": __version__})


@routes.get("/ready")
def ready() -> Response:
    """Whether the service takes work; one that was told to stop does not for long."""
    stopping = state().stopping.is_set()
    response = jsonify({"status": "stopping" if stopping else "ready", "version": __version__})
    response.status_code = 503 if stopping else 200
    return response


@routes.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document."""
    return jsonify(document(__version__))


@routes.get("/docs")
def docs() -> Response:
    """The documentation of the API, by Swagger UI, served from here."""
    return Response(_DOCS, mimetype="text/html", headers={"Content-Security-Policy": _SWAGGERED})


@routes.get("/docs/start.js")
def docs_start() -> Response:
    """Starts Swagger UI; a file of its own, because the content policy allows no inline code."""
    facts = '{url: "/openapi.json", dom_id: "#swagger-ui", validatorUrl: null}'
    script = f"window.ui = SwaggerUIBundle({facts});"
    return Response(script, mimetype="text/javascript")


@routes.get("/docs/static/<name>")
def docs_static(name: str) -> Response:
    """Swagger UI's own files."""
    return send_from_directory(_SWAGGER, name)


def send_page(title: str, body: str) -> Response:
    """A page with a form that sends to the service itself."""
    return _page(title, body, f"{_STYLED}form-action 'self'")


def error_page(error: ExcelToolsError) -> Response:
    """What a person sees who follows a link that leads nowhere.

    In English it is the error's own message; in other languages what it comes to.
    """
    language, policy = wanted_language(), f"{_STYLED}form-action 'none'"
    if language == ENGLISH:
        return _page(error.message, f"<p>{escape(error.hint)}</p>", policy)
    with speaking(language, "web"):
        title, hint = _FOREIGN.get(error.code, _FOREIGN_ELSE)
        return _page(say(title), f"<p>{escape(say(hint, code=error.code))}</p>", policy)


def _page(title: str, body: str, policy: str) -> Response:
    text = _PAGE.format(language=wanted_language(), title=escape(title), body=body)
    return Response(text, mimetype="text/html", headers={"Content-Security-Policy": policy})
