"""Pages for people and programs: documentation, OpenAPI document, health."""

from __future__ import annotations

from html import escape
from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, jsonify, send_from_directory

from service import __version__
from service.web.openapi import document
from service.web.state import state

routes = Blueprint("pages", __name__)

_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
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
    return Response(_DOCS, mimetype="text/html")


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
    response = Response(_PAGE.format(title=escape(title), body=body), mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def error_page(message: str, hint: str) -> str:
    """What a person sees who follows a link that leads nowhere."""
    return _PAGE.format(title=escape(message), body=f"<p>{escape(hint)}</p>")
