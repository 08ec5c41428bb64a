"""One log line a request, as JSON: ids, outcome and time; never contents, keys or tokens."""

from __future__ import annotations

import logging
import re
import secrets
import time

from flask import Flask, Response, g, has_request_context, request

from service.observing import asked, metrics, tracing
from service.operations.registry import operations

log = logging.getLogger("excel_tools.web")

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


class RequestFacts(logging.Filter):
    """Adds to every line which request, session and user it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        facts = asked.current().facts()
        if has_request_context():
            facts |= {"request": request_id(), **_whose()}
        facts |= {"trace": found} if (found := tracing.trace_id()) else {}
        record.facts = facts | getattr(record, "facts", {})
        if record.levelno >= logging.WARNING:
            metrics.LOG_LINES.labels(record.levelname.lower()).inc()
        return True


def _whose() -> dict[str, str]:
    whose = {"session": getattr(g, "session_key", ""), "user": getattr(g, "user", "")}
    return {name: value for name, value in whose.items() if value}


def install(app: Flask) -> None:
    """Give each request an id and log its end."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of the request under way; the caller's own, where it sent a sound one."""
    return str(getattr(g, "request_id", ""))


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
    g.began = time.monotonic()


def _operation() -> str:
    """The operation that was asked for; what is none is not repeated: it may be anything."""
    if request.endpoint != "operations.run":
        return ""
    name = str((request.view_args or {}).get("name", ""))
    return name if name in operations() else "unknown"


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    facts = {
        "request": request_id(),
        "method": request.method,
        # The path of a file link holds its token.
        "path": str(request.url_rule or "unknown"),
        "operation": _operation(),
        "status": response.status_code,
        "code": getattr(g, "error_code", ""),
        **_whose(),
        "ms": round((time.monotonic() - g.began) * 1000, 1),
    }
    log.info("request", extra={"facts": {k: v for k, v in facts.items() if v != ""}})
    return response
