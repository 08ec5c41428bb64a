"""All errors leave here, in one shape."""

from __future__ import annotations

import logging
from typing import Any, cast

from flask import Flask, Response, g, jsonify, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, HTTPException

from service.errors import (
    ExcelToolsError,
    InternalError,
    InvalidParameters,
    MethodNotAllowed,
    NotFound,
    RangeNotSatisfiable,
    StorageFailed,
    TooLarge,
    UnsupportedFile,
)
from service.web.ends import connection_of
from service.web.files import UPLOADS
from service.web.headers import safe_headers
from service.web.logs import request_id
from service.web.pages import error_page
from service.web.state import state

log = logging.getLogger("excel_tools.web")

_MOST_DRAINED = 64 << 20
_SERVER_ERROR = -32000  # of JSON-RPC
_FOR_PEOPLE = ("files.download", "files.sending", "files.sent", "previews.show")


def install(app: Flask) -> None:
    """Answer every exception with the one error shape."""
    app.register_error_handler(ExcelToolsError, _answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _unreadable)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(safe_headers)
    app.after_request(_read_to_the_end)


def _answer(error: ExcelToolsError) -> Response:
    g.error_code = error.code
    wants_page = request.endpoint in _FOR_PEOPLE and request.accept_mimetypes.accept_html
    if wants_page and "text/html" in request.headers.get("Accept", ""):
        response = error_page(error)
    elif request.path.startswith("/mcp") and error.retry_after:
        response = jsonify(_for_mcp(error))  # so that clients tell it, and not only its status
    else:
        response = jsonify(error.body(request_id()))
    response.status_code = error.status
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _for_mcp(error: ExcelToolsError) -> dict[str, Any]:
    data = {**cast("dict[str, Any]", error.body(request_id())["error"])}
    data["retry_after"] = error.retry_after
    told = {"code": _SERVER_ERROR, "message": f"{error.message} {error.hint}", "data": data}
    return {"jsonrpc": "2.0", "id": None, "error": told}


def _http(error: HTTPException) -> Response:
    known: dict[int | None, ExcelToolsError] = {
        404: NotFound(f"There is nothing at {request.path[:200]}.", "See /docs for what there is."),
        405: MethodNotAllowed(
            f"{request.path[:200]} does not take {request.method}.", "See /docs for what it takes."
        ),
        413: TooLarge(_too_large(), "Send less, or ask the operator to raise the limit."),
        415: UnsupportedFile("The media type does not fit.", "Send JSON, or a multipart upload."),
        416: RangeNotSatisfiable("The file does not have these bytes.", "Ask for the whole file."),
    }
    if error.code is not None and error.code >= 500:  # ours, wrapped by the framework
        return _unexpected(getattr(error, "original_exception", None) or error)
    if error.code in known:
        answer = _answer(known[error.code])
    elif error.code is not None and 300 <= error.code < 400:
        return Response(error.get_response().get_data(), error.code, error.get_headers())
    else:
        answer = _answer(
            InvalidParameters(f"The request can't be read: {error.description}", "See /docs.")
        )
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range"):
            answer.headers[name] = value
    return answer


def _unreadable(_: ParseException) -> Response:
    """What the server says of a body in pieces that are none."""
    g.close_connection = True  # nobody knows where the next request begins
    return _answer(
        InvalidParameters(
            "The body can't be read: it does not consist of pieces as HTTP has them.",
            "Send it with Content-Length, or in pieces that are whole.",
        )
    )


def _too_large() -> str:
    settings = state().settings
    upload = request.endpoint in UPLOADS
    most = settings.max_upload_mb if upload else settings.max_body_mb
    return f"The request is larger than the {most} MiB that {request.path} takes."


def _unexpected(error: Exception) -> Response:
    return _answer(as_error(error, request_id()))


def as_error(error: Exception, id_: str) -> ExcelToolsError:
    """One of our errors for any exception; what is not meant for callers is logged.

    :param id_: of the request
    """
    if isinstance(error, ExcelToolsError):
        return error
    hint = f"Nothing was changed. Tell the operator the request id {id_}."
    name, facts = type(error).__name__, {"facts": {"request": id_}}
    if isinstance(error, OSError):
        log.error("the disk failed", exc_info=error, extra=facts)
        return StorageFailed(f"The service failed at its disk: {error.strerror or name}.", hint)
    log.error("unexpected error", exc_info=error, extra=facts)
    return InternalError(f"The service failed in an unexpected way ({name}).", hint)


def _read_to_the_end(response: Response) -> Response:
    """Read what a refused request still sends, up to a bound.

    Otherwise the server closes the connection under a client that is still sending, or that
    sends its next request over it, and the client never sees the answer.
    """
    if response.status_code < 400:
        return response
    left, connection, ends = _MOST_DRAINED, connection_of(request.environ), state().ends
    if connection is not None:
        ends.reading(connection)
    try:
        while left > 0 and (chunk := request.input_stream.read(min(1 << 16, left))):
            left -= len(chunk)
    except (ClientDisconnected, OSError, ParseException):  # it left, is too slow, or is no body
        response.headers["Connection"] = "close"
    if connection is not None and not ends.done(connection):
        response.headers["Connection"] = "close"
    return response
