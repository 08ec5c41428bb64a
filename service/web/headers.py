"""Headers that every answer has: what a browser may do with it, and who may keep it."""

from __future__ import annotations

from flask import Response, request

from service.web.state import state

# For what is no page: nothing of it is ever run, shown inside another page, or sent elsewhere.
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# What the chat's own page may show: an exported picture, for one.
_SHOWN_ELSEWHERE = ("files.download",)
# Files of the service itself, the same for everybody.
_PUBLIC = ("pages.docs_static", "guide.guide")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": NOTHING,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}


def safe_headers(response: Response) -> Response:
    """Those headers, where the route has not set its own."""
    elsewhere = request.endpoint in _SHOWN_ELSEWHERE
    more = {"Cross-Origin-Resource-Policy": "cross-origin" if elsewhere else "same-origin"}
    public = request.endpoint in _PUBLIC and response.status_code < 400
    more["Cache-Control"] = "no-cache" if public else "no-store"
    if state().settings.link_address.startswith("https://"):
        more["Strict-Transport-Security"] = "max-age=31536000"
    for name, value in (_HEADERS | more).items():
        response.headers.setdefault(name, value)
    return response
