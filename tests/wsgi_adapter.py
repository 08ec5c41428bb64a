"""A transport for ``requests`` that calls a WSGI application in this process: no socket."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

Application = Callable[..., Iterable[bytes]]


class WsgiAdapter(BaseAdapter):
    """Mount it on a session; every request to its prefix goes to ``application``."""

    def __init__(self, application: Application) -> None:
        super().__init__()
        self.application = application

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """What the application answers; time-outs, proxies and certificates mean nothing here."""
        parts = urlsplit(str(request.url))
        body: Any = request.body or b""
        if not isinstance(body, bytes | str):
            body = b"".join(body)
        builder = EnvironBuilder(
            method=str(request.method),
            base_url=f"{parts.scheme}://{parts.netloc}",
            # As it stands on the wire: the server takes the quoting out, not the client.
            path=parts.path or "/",
            query_string=parts.query,
            headers=list(request.headers.items()),
            input_stream=io.BytesIO(body.encode() if isinstance(body, str) else body),
        )
        stream, status, headers = run_wsgi_app(
            self.application, builder.get_environ(), buffered=True
        )
        return self._response(request, b"".join(stream), status, list(headers))

    def _response(
        self,
        request: requests.PreparedRequest,
        body: bytes,
        status: str,
        headers: list[tuple[str, str]],
    ) -> requests.Response:
        code, _, reason = status.partition(" ")
        response = requests.Response()
        response.status_code, response.reason = int(code), reason
        response.headers = requests.structures.CaseInsensitiveDict(headers)
        response.raw = HTTPResponse(
            io.BytesIO(body), HTTPHeaderDict(headers), int(code), preload_content=False
        )
        response.url, response.request = str(request.url), request
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        return response

    def close(self) -> None:
        """There is nothing to close."""


def request_to(application: Application) -> Callable[..., requests.Response]:
    """``requests.request``, but every address leads to ``application``."""

    def request(method: str, url: str, **kwargs: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            for prefix in ("http://", "https://"):
                session.mount(prefix, WsgiAdapter(application))
            return session.request(method, url, **kwargs)

    return request
