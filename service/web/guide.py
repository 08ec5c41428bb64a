"""The documents as a site, where ``make docs`` has made one of them: /guide/."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound as NoSuchFile

from service.errors import NotFound

routes = Blueprint("guide", __name__)

SITE = Path(__file__).resolve().parents[2] / "build" / "docs"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def is_there() -> bool:
    """Whether the site was made."""
    return (SITE / "index.html").is_file()


@routes.get("/guide/")
@routes.get("/guide/<path:name>")
def guide(name: str = "index.html") -> Response:
    """A file of the site; it holds no data, so it needs no key."""
    try:
        response = send_from_directory(SITE, name)
    except NoSuchFile:
        # The same for all names, so that no answer tells which files the machine has.
        raise NotFound(
            f"There is no page {name[:100]!r} here.",
            "make docs makes the site of the documents; /guide/ is its first page.",
        ) from None
    page = b""
    if name.endswith(".html"):
        response.direct_passthrough = False
        page = response.get_data()
    # On the other files, too: the search's worker has a policy of its own.
    response.headers["Content-Security-Policy"] = _policy(page)
    return response


def _policy(page: bytes) -> str:
    """The page's own scripts, by their hashes, and files of this place."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE.findall(page))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
