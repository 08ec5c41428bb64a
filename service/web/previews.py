"""The preview of a workbook as a page: /preview/{token}/{name}."""

from __future__ import annotations

from flask import Blueprint, Response, request

from service.errors import InvalidParameters
from service.languages import best
from service.sessions.previews import Wish
from service.web.access import target_of
from service.web.state import state
from service.workbook.preview.page import policy

routes = Blueprint("previews", __name__)

_MOST_ROWS = 1_048_576
_THEMES = ("", "light", "dark")


@routes.get("/preview/<token>/<name>")
def show(token: str, name: str) -> Response:
    """The page that a signed link leads to, or with ``row`` more rows of a ``sheet``.

    The name in the link is for people only.
    """
    text = request.args.get("row", "0")
    row = int(text) if text.isdecimal() and len(text) < 8 else -1
    if not 0 <= row <= _MOST_ROWS:
        raise InvalidParameters(f"row is {text[:20]!r}; rows count from 1.", "Send a row's number.")
    theme = request.args.get("theme", "")
    if theme not in _THEMES:
        raise InvalidParameters(
            f"theme is {theme[:20]!r}; it is light or dark.", "Leave it out for the system's own."
        )
    asked = request.args.get("language", "")
    language = best(asked, request.headers.get("Accept-Language", ""))
    wish = Wish(
        request.args.get("sheet", ""),
        row,
        request.args.get("embed", "") == "1",
        theme,
        language,
        chosen=bool(asked),
    )
    found = state().sessions.preview(target_of(token), wish)
    response = Response(found, mimetype="application/json" if row else "text/html")
    response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return response
