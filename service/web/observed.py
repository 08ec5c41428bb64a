"""What is told of each request: metrics, its span, and who it was, for all that is done for it."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from service.observing import asked, metrics, tracing
from service.observing.asked import Asked
from service.sessions.keys import key_id
from service.web.audited import write_down
from service.web.logs import request_id

_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
# Routes of signed links, by the door that they go through.
_LINKS = {
    "files.download": "files",
    "previews.show": "preview",
    "files.sending": "send",
    "files.sent": "send",
}


def install(app: Flask) -> None:
    """Observe each request. The log has to be there already, which gives requests their ids."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def route() -> str:
    """The route of the request: its path may hold the token of a link."""
    return str(request.url_rule or "unknown")


def _method() -> str:
    return request.method if request.method in _METHODS else "other"


def _key_id() -> str:
    """What names the API key that the request shows, as ``python -m service keys list`` does."""
    key = request.headers.get("Authorization", "").partition(" ")[2].strip()
    return key_id(key)


def _begin() -> None:
    now = Asked(request=request_id(), address=request.remote_addr or "", key=_key_id())
    asked.begin(now)
    metrics.REQUESTS_UNDER_WAY.inc()
    g.span = tracing.begin_request(f"{_method()} {route()}", dict(request.headers))
    now.trace = tracing.here()


def _end(response: Response) -> Response:
    now, status, code = asked.current(), response.status_code, getattr(g, "error_code", "")
    now.session = now.session or getattr(g, "session_key", "")
    now.user = now.user or getattr(g, "user", "")
    metrics.REQUESTS.labels(route(), _method(), status).inc()
    metrics.REQUEST_SECONDS.labels(route(), _method()).observe(time.monotonic() - g.began)
    if request.endpoint in _LINKS:
        metrics.LINKS_USED.labels(_LINKS[request.endpoint], code or "ok").inc()
    if request.endpoint == "files.download" and status in (200, 206):
        now.size = response.content_length or 0
        metrics.moved("download", now.size)
    tracing.note(
        request=now.request,
        session=now.session,
        outcome=code,
        code=code if status >= 500 else "",
        **{
            "http.request.method": request.method,
            "http.route": route(),
            "http.response.status_code": status,
        },
    )
    write_down(now, response)
    return response


def _leave(_: BaseException | None) -> None:
    if "span" in g:
        metrics.REQUESTS_UNDER_WAY.dec()
        tracing.end_request(g.pop("span"))
        asked.end()
