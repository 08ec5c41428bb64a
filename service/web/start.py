"""The page for people, and the tool for Open WebUI with this service's address filled in."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request

from service import __version__
from service.errors import InvalidParameters
from service.languages import say, speaking
from service.sessions.keys import make_key
from service.tool import NAMES, Size, tool_text
from service.web.access import check_key
from service.web.guide import is_there
from service.web.pages import wanted_language
from service.web.state import state

routes = Blueprint("start", __name__, template_folder="start_page")

_PAGE = Path(__file__).with_name("start_page")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[A-Za-z0-9.\-_~/%]*)?")
_FULL, _SMALL = NAMES["full"], NAMES["small"]


@routes.get("/")
def start() -> Response:
    """Whether the service runs, and how to connect it, in the language of the browser."""
    settings = state().settings
    facts = {
        "version": __version__,
        "address": _own_address(),
        "public": settings.link_address,
        "keys": "yes" if settings.api_keys else "no",
        "port": settings.port,
    }
    with speaking(wanted_language(), "web"):
        text = render_template(
            "start.html", say=say, language=wanted_language(), guide=_guide(), **facts
        )
    return _answer(text, "text/html", {"Content-Security-Policy": _POLICY})


def _guide() -> str:
    """Where people read on: the site, if it was made."""
    if is_there():
        return say(
            '<a href="/guide/">The guide</a> has recipes with pictures, all settings and errors.'
        )
    return say(
        "The project's folder <code>docs</code> has recipes with pictures, all settings and errors."
    )


@routes.get("/start.css")
def style() -> Response:
    """How the page looks."""
    return _answer((_PAGE / "start.css").read_text(encoding="utf-8"), "text/css")


@routes.get("/start.js")
def script() -> Response:
    """What the page does."""
    return _answer((_PAGE / "start.js").read_text(encoding="utf-8"), "text/javascript")


@routes.get(f"/{_FULL}")
@routes.get(f"/{_SMALL}")
def tool() -> Response:
    """The tool with the address by which the caller came here; never with a key.

    Another address is for ``POST`` alone: a link to this service must not lead to a tool that
    sends workbooks elsewhere.
    """
    if request.args:
        raise InvalidParameters(
            f"GET {request.path} takes no parameters.", "Send service_url and name with POST."
        )
    return _tool(_own_address(), "")


@routes.post(f"/{_FULL}")
@routes.post(f"/{_SMALL}")
def tool_filled_in() -> Response:
    """The tool with the address ``?service_url=``, and a fresh key for whoever shows a key.

    It has to be one of EXCEL_TOOLS_API_KEYS. A key that was made here will not do: one that
    gets lost must not make others.
    """
    asked = request.args.get("service_url", "").strip().rstrip("/")
    address = _checked(asked) if asked else _own_address()
    if not state().settings.api_keys or not request.headers.get("Authorization"):
        return _tool(address, "")
    check_key(configured=True)
    name = request.args.get("name", "")[:80] or "a tool that the start page gave"
    return _tool(address, make_key(state().sessions.parts.store, name, time.time()))


def _tool(address: str, key: str) -> Response:
    size: Size = "small" if request.path == f"/{_SMALL}" else "full"
    return _answer(tool_text(size, address, key), "text/plain")


def _answer(text: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    response = Response(text, mimetype=kind, headers=headers)
    # It may hold a key, and the address depends on how the caller came here.
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_address() -> str:
    """The address by which the caller reached the service.

    What a proxy in front of it makes of http is known from the public address alone.
    """
    public = state().settings.link_address
    came_by = f"{request.scheme}://{request.host}"
    if urlsplit(public).netloc == request.host or not _ADDRESS.fullmatch(came_by):
        return public
    return came_by


def _checked(address: str) -> str:
    if not _ADDRESS.fullmatch(address) or len(address) > 300:
        raise InvalidParameters(
            f"service_url is no address: {json.dumps(address[:100])}.",
            "Send the http:// or https:// address at which Open WebUI reaches this service, "
            "such as http://excel-tools:9080.",
        )
    return address
