"""The service behind the plugin: the application without sockets, or a real gunicorn.

Both look the same to a test, which sees each request that the plugin makes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
import requests

from service.settings import Settings
from service.web.app import Service
from tests.processes import service_process
from tests.service_fixtures import KEY
from tests.wsgi_adapter import request_to

Request = Callable[..., requests.Response]


class Backend(Protocol):
    """A running service."""

    url: str

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """One HTTP request."""

    def restart(self) -> None:
        """End the service and start it again on the same data."""


class InProcess:
    """The real application with its engine processes, called without sockets."""

    url = "http://service.test:9080"

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._settings = Settings(
            data_dir=folder, engines=1, api_keys=(KEY,), public_url="http://files.test"
        )
        self._service = Service(self._settings)
        stack.callback(self._close)

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        return request_to(self._service.app)(method, url, **kwargs)

    def _close(self) -> None:
        self._service.close()

    def restart(self) -> None:
        self._close()
        self._service = Service(self._settings)


class Gunicorn:
    """``python -m service``."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._process = stack.enter_context(service_process(folder, KEY, engines="1"))
        self.url = self._process.health_url.removesuffix("/health")
        self.request: Request = requests.request  # the real one, before a test replaces it
        self.restart = self._process.restart


@dataclass(frozen=True)
class Seen:
    """A request that the plugin made."""

    what: str  # "POST /v1/sessions 201"
    session: str
    key: str


class Wire:
    """What lies between the plugin and the service: it lets everything pass, and counts."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.seen: list[Seen] = []
        self._lock = threading.Lock()

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """In the place of ``requests.request``; never on the thread of an event loop."""
        refuse_event_loop()
        response = self.backend.request(method, url, **kwargs)
        path = urlsplit(url).path
        if path.startswith("/v1/calls/"):
            return response  # how often it asks how far a call is, is a matter of time
        path = "/files" if path.startswith("/files/") else path.removeprefix("/v1/operations/")
        headers = kwargs.get("headers") or {}
        with self._lock:
            self.seen.append(
                Seen(
                    f"{method} {path} {response.status_code}",
                    headers.get("X-Excel-Session", ""),
                    headers.get("Idempotency-Key", ""),
                )
            )
        return response

    def take(self) -> list[str]:
        """The requests since the last look, as "POST /v1/sessions 201"."""
        with self._lock:
            taken, self.seen = self.seen, []
        return [entry.what for entry in taken]

    @property
    def valves(self) -> dict[str, Any]:
        """Settings of the tool with which it speaks to this service."""
        return {"service_url": self.backend.url, "api_key": KEY}

    def delete_session(self, user: str, chat: str) -> str:
        """End the session of a user and chat behind the plugin's back; its id."""
        headers = {"Authorization": f"Bearer {KEY}"}
        opened = self.backend.request(
            "POST",
            f"{self.backend.url}/v1/sessions",
            json={"user": user, "chat": chat},
            headers=headers,
        )
        id_ = str(opened.json()["session_id"])
        gone = self.backend.request(
            "DELETE", f"{self.backend.url}/v1/sessions/{id_}", headers=headers
        )
        assert gone.status_code == 204
        return id_

    def download(self, link: str) -> bytes:
        """The file behind a signed link, as a browser gets it."""
        response = self.backend.request("GET", self.backend.url + urlsplit(link).path)
        assert response.status_code == 200, response.text
        return response.content


def refuse_event_loop() -> None:
    """Fail where something that blocks is called on an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise AssertionError("a blocking call on the event loop")


_KINDS: dict[str, Callable[[Path, ExitStack], Backend]] = {
    "in process": InProcess,
    "gunicorn": Gunicorn,
}


@pytest.fixture(scope="module", params=list(_KINDS))
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """The service, once without sockets and once as a real server."""
    with ExitStack() as stack:
        yield _KINDS[request.param](tmp_path_factory.mktemp("service"), stack)


@pytest.fixture
def wire(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The plugin's way to the service, watched."""
    found = Wire(backend)
    monkeypatch.setattr(requests, "request", found.request)
    return found
