"""The service as tests use it: in this process without sockets, or as a real gunicorn."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from service.settings import Settings
from service.web.app import Service
from tests.databases import sqlite_shop
from tests.processes import ServerProcess, service_process

KEY = "key-of-the-tests"
_numbers = itertools.count(1)


class Clock:
    """A clock that goes on only when it is told to. Seconds."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def error_of(response: TestResponse) -> dict[str, Any]:
    """The error that a response holds, in the one shape and nothing else."""
    assert 400 <= response.status_code < 600, response.get_data(as_text=True)[:500]
    assert response.mimetype == "application/json"
    body = json.loads(response.get_data())
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) - {"details"} == {"code", "message", "hint", "request_id"}
    assert all(isinstance(error[name], str) and error[name] for name in set(error) - {"details"})
    assert len(error["message"]) < 2_100
    assert isinstance(error.get("details", {}), dict)
    assert error["request_id"] == response.headers["X-Request-Id"]
    return {**error, "status": response.status_code}


class Chat:
    """One user in one chat: a session of the service, and calls in it.

    :param user: a user nobody had before, unless given; likewise ``chat``
    """

    def __init__(self, service: Service, user: str = "", chat: str = "") -> None:
        self.service = service
        self.user = user or f"user-{next(_numbers)}"
        self.chat = chat or f"chat-{next(_numbers)}"
        self.http = service.app.test_client()
        answer = self.open()
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        self.id: str = answer.get_json()["session_id"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}", "X-User-Id": self.user, "X-Chat-Id": self.chat}

    def open(self) -> TestResponse:
        """POST /v1/sessions; the id that calls use stays what it was."""
        owner = {"user": self.user, "chat": self.chat}
        return self.http.post("/v1/sessions", json=owner, headers=self.headers)

    def call(self, name: str, parameters: object, key: str = "") -> TestResponse:
        """POST /v1/operations/{name}."""
        headers = {**self.headers, "X-Excel-Session": self.id}
        if key:
            headers["Idempotency-Key"] = key
        # Buffered, as a server does it: an answer that nobody reads keeps its place.
        where = f"/v1/operations/{name}"
        return self.http.post(where, json=parameters, headers=headers, buffered=True)

    def op(self, name: str, /, **parameters: object) -> dict[str, Any]:
        """The answer of an operation that succeeds."""
        return answer_of(self.call(name, parameters))

    def once(self, key: str, name: str, /, **parameters: object) -> dict[str, Any]:
        """As ``op``, with an Idempotency-Key."""
        return answer_of(self.call(name, parameters, key))

    def fail(self, name: str, /, **parameters: object) -> dict[str, Any]:
        """The error of an operation that fails, with its HTTP status as ``status``."""
        return error_of(self.call(name, parameters))

    def send(self, file: bytes | Path, name: str = "", **fields: str) -> TestResponse:
        """POST /v1/files."""
        data = file if isinstance(file, bytes) else file.read_bytes()
        name = name or (file.name if isinstance(file, Path) else "")
        form = {"file": FileStorage(io.BytesIO(data), name), **fields}
        # Encoded here: the test client leaves temporary files of large forms open.
        boundary, body = encode_multipart(form)
        headers = {**self.headers, "X-Excel-Session": self.id}
        media = f"multipart/form-data; boundary={boundary}"
        return self.http.post("/v1/files", data=body, content_type=media, headers=headers)

    def upload(self, file: bytes | Path, name: str = "", **fields: str) -> dict[str, Any]:
        """The file's entry: id, name, size, mime_type."""
        response = self.send(file, name, **fields)
        assert response.status_code == 201, response.get_data(as_text=True)
        entry: dict[str, Any] = response.get_json()["file"]
        return entry

    def fetch(self, entry: dict[str, Any], **headers: str) -> TestResponse:
        """GET the link of a file's entry, as a browser without any key."""
        path = urlsplit(entry["download_url"]).path
        return self.http.get(path, headers=headers, buffered=True)

    def download(self, entry: dict[str, Any]) -> bytes:
        response = self.fetch(entry)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_data()

    def rows(self, workbook: str = "", sheet: str = "") -> list[list[Any]]:
        """The cells of a sheet, up to 1000 rows."""
        answer = self.op("read_excel_range", workbook=workbook, sheet=sheet, limit=1000)
        rows: list[list[Any]] = answer["result"]["rows"]
        return rows

    def downloaded_rows(self, entry: dict[str, Any]) -> list[list[Any]]:
        """The cells of the first sheet of a file that a link leads to."""
        return rows_of(self.download(entry))


def answer_of(response: TestResponse) -> dict[str, Any]:
    """The answer of a call that succeeds."""
    assert response.status_code == 200, response.get_data(as_text=True)[:1000]
    answer: dict[str, Any] = response.get_json()
    assert {"result", "unsaved_changes", "files"} <= set(answer)
    return answer


def rows_of(data: bytes) -> list[list[Any]]:
    """The cells of the first sheet of a workbook's bytes, calculated values."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def workbook_bytes(*rows: list[Any]) -> bytes:
    """A workbook made by openpyxl alone."""
    book = openpyxl.Workbook()
    for row in rows or (["Item", "Cost"], ["Rent", 1200]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MakeService = Callable[..., Service]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that need no settings of their own."""
    folder = tmp_path_factory.mktemp("data")
    shop = sqlite_shop(folder / "shop.db")
    settings = Settings(data_dir=folder, engines=2, api_keys=(KEY,), databases=(shop,))
    with Service(settings) as running:
        yield running


@pytest.fixture
def chat(service: Service) -> Chat:
    """A fresh user in a fresh chat."""
    return Chat(service)


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[MakeService]:
    """Makes services with settings of their own, by default all on the same data folder."""
    with ExitStack() as stack:

        def make(*, clock: Callable[[], float] | None = None, **settings: Any) -> Service:
            given = {"data_dir": tmp_path / "data", "engines": 1, "api_keys": (KEY,), **settings}
            more = {"clock": clock} if clock else {}
            return stack.enter_context(Service(Settings(**given), **more))

        yield make


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A real ``python -m service`` with the key ``KEY``; ``restart`` keeps its data."""
    with service_process(tmp_path, KEY, engines="1", max_upload_mb="1", max_body_mb="1") as process:
        yield process
