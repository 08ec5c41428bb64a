"""The log: JSON lines of all processes, with ids and without contents, keys or tokens."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from service.engine.work import Reply, Work
from service.logs import FIELDS, JsonFormatter, TextFormatter, setup_logging
from service.operations.registry import operations
from service.settings import Settings
from service.web.app import Service
from service.web.identity import HEADER, UserTokens
from service.web.logs import RequestFacts
from tests.abuse import wire
from tests.processes import ServerProcess, service_process
from tests.service_fixtures import KEY, Chat, MakeService, workbook_bytes

SECRET = "s3cret-words"
Lines = Callable[[], list[dict[str, Any]]]


class Ended(Exception):
    """An error whose message holds what no log may tell."""


class FailingEngine:
    """Fails in an unexpected way, with a cell's content in the message."""

    def call(self, work: Work) -> Reply:
        try:
            raise ValueError(f"could not convert {SECRET!r}")
        except ValueError as error:
            raise Ended(SECRET) from error

    def forget(self, workbook: str) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged since the last look, as the service writes it."""
    setup_logging("DEBUG", RequestFacts())
    logger = logging.getLogger("excel_tools")
    out = io.StringIO()
    logger.handlers[0].setStream(out)  # type: ignore[attr-defined]

    def look() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in out.getvalue().splitlines()]
        out.seek(0)
        out.truncate()
        return found

    yield look
    logger.handlers = []
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def test_each_request_is_a_line_with_its_ids(chat: Chat, lines: Lines) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    told, line = lines()
    assert told["request"] == line["request"]
    for each in (told, line):
        assert each.pop("ms") >= 0
        assert each.pop("request")
        assert each.pop("time")
    owner = {
        "session": chat.service.sessions.find(chat.id).data.key,
        "user": chat.user,
    }
    assert told == {
        "level": "info",
        "logger": "excel_tools.operations",
        "message": "operation",
        "operation": "create_excel_file",
        "outcome": "ok",
        "door": "http",
        "bytes": 0,
        **owner,
    }
    assert line == {
        "level": "info",
        "logger": "excel_tools.web",
        "message": "request",
        "method": "POST",
        "path": "/v1/operations/<name>",
        "operation": "create_excel_file",
        "status": 200,
        **owner,
    }
    chat.http.get("/v1/nothing", headers=chat.headers | {"X-Request-Id": "mine"})
    (line,) = lines()
    assert (line["request"], line["status"], line["code"]) == ("mine", 404, "not_found")


def test_lines_from_below_a_request_carry_its_ids(
    chat: Chat, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    session = chat.service.sessions.find(chat.id)
    store = session.parts.store
    (store.root / session.folder / "history").unlink()
    (store.root / session.folder / "history").mkdir()
    lines()
    chat.op("write_excel_range", rows=[[1]])
    warning, _, request = lines()
    assert (warning["level"], request["message"]) == ("warning", "request")
    assert "history" in warning["message"]
    for name in ("request", "session", "user"):
        assert warning[name] == request[name]


def test_an_unexpected_error_tells_where_and_not_what(tmp_path: Path, lines: Lines) -> None:
    settings = Settings(data_dir=tmp_path, api_keys=(KEY,))
    with Service(settings, engine=FailingEngine()) as service:
        chat = Chat(service)
        lines()
        assert chat.fail("create_excel_file", filename="a")["code"] == "internal_error"
    told, error, request = lines()
    assert (told["outcome"], error["level"]) == ("internal_error", "error")
    assert error["request"] == request["request"]
    told = error["traceback"]
    assert "ValueError\n" in told
    assert told.endswith("Ended\n")
    assert "test_logs.py" in told, "where it was raised"
    assert "raise Ended(SECRET) from error" in told, "by the source, not the values"
    assert SECRET not in json.dumps([told, error, request])


def test_what_the_disk_said_is_kept() -> None:
    try:
        raise OSError(28, "No space left on device", SECRET)
    except OSError:
        record = logging.LogRecord("x", 40, "", 1, "failed", (), sys.exc_info())
    told = json.loads(JsonFormatter().format(record))["traceback"]
    assert told.endswith("OSError: No space left on device\n")
    assert SECRET not in told


def test_no_road_logs_a_secret(make_service: MakeService, lines: Lines) -> None:
    """Keys, tokens, passwords and cells, wherever in a request they are, sound or not."""
    key, secret, cell = "key-" + SECRET, "token-secret-of-32-bytes-" + SECRET, "cell-" + SECRET
    service = make_service(api_keys=(key,), user_token_secret=secret, log_level="DEBUG")
    token = UserTokens(secret, time.time).sign("ann")
    http = service.app.test_client()
    body = {"file": cell, "password": cell, "rows": [[cell]], "sql": cell, cell: cell}
    for rule in service.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", cell, rule.rule)
        for given in (key, key + "x", ""):
            headers = {"Authorization": f"Bearer {given}", HEADER: token if given == key else cell}
            headers |= {"X-Chat-Id": "c", "X-Excel-Session": cell, "Idempotency-Key": cell}
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                asked = {"json": body, "query_string": {"key": cell, "sheet": cell}}
                http.open(path, method=method, headers=headers, buffered=True, **asked)
    for name in operations():
        headers = {"Authorization": f"Bearer {key}", HEADER: token, "X-Chat-Id": "c"}
        http.post(f"/v1/operations/{name}", json={"workbook": cell, "text": cell}, headers=headers)
    told = [json.dumps(line) for line in lines()]
    assert len(told) > 100
    assert not [line for line in told if SECRET in line or token in line]


def test_a_request_id_is_taken_if_it_is_sound(chat: Chat, lines: Lines) -> None:
    for given in ("a.b_c-1", "x" * 64):
        answer = chat.http.get("/health", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] == lines()[0]["request"] == given
    for strange in ("x" * 65, "a b", "a;b", 'a"b', "ä", "<b>"):
        answer = chat.http.get("/health", headers={"X-Request-Id": strange})
        made = answer.headers["X-Request-Id"]
        assert made == lines()[0]["request"] != strange
        assert len(made) == 16


def test_for_people_a_line_is_words() -> None:
    record = logging.LogRecord("excel_tools.web", 30, "", 1, "two\nlines", (), None)
    record.facts = {"user": "ann lee", "ms": 1.5, "code": ""}
    line = TextFormatter().format(record)
    assert line.split(" ", 1)[1] == (
        'warning excel_tools.web "two\\nlines" user="ann lee" ms=1.5 code=""'
    )
    try:
        raise ValueError(SECRET)
    except ValueError:
        record = logging.LogRecord("x", 40, "", 1, "failed", (), sys.exc_info())
    first, *rest = TextFormatter().format(record).splitlines()
    assert first.endswith("error   x failed")
    assert rest[-1] == "ValueError"
    assert SECRET not in "".join(rest)


# A real server ------------------------------------------------------------------


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[ServerProcess]:
    with service_process(tmp_path, KEY, engines="1", log_level="debug") as process:
        yield process


def test_from_start_to_stop_each_line_is_json(tmp_path: Path) -> None:
    with service_process(tmp_path, "", engines="1") as process:
        requests.get(process.health_url, timeout=30)
    lines = [json.loads(line) for line in process.log.read_text().splitlines()]
    assert [line["message"] for line in lines[1:3]] == ["listening", "request"]
    assert "EXCEL_TOOLS_API_KEYS is not set" in lines[0]["message"]
    assert {field for line in lines for field in line} <= set(FIELDS)


def test_a_running_service_writes_lines_for_people(tmp_path: Path) -> None:
    with service_process(tmp_path, KEY, engines="1", log_format="text") as process:
        requests.get(process.health_url, timeout=30)
    lines = process.log.read_text().splitlines()
    assert lines[0].split(" ", 1)[1].startswith("info    excel_tools.web listening address=")
    assert " excel_tools.web request request=" in lines[1]


def test_a_running_service_logs_json_without_secrets(talkative: ServerProcess) -> None:
    url = talkative.health_url.removesuffix("/health")
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {KEY}"
    owner = {"user": "ann", "chat": "c"}
    id_ = http.post(f"{url}/v1/sessions", json=owner).json()["session_id"]
    http.headers["X-Excel-Session"] = id_

    def call(name: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = http.post(f"{url}/v1/operations/{name}", json=parameters).json()
        return answer

    call("create_excel_file", filename="a", headers=[SECRET], rows=[[SECRET], [f'="{SECRET}"']])
    call("write_excel_range", start="append", rows=[[SECRET]])
    call("write_excel_range", sheet=SECRET, rows=[[SECRET]])
    call("undo_excel_change")
    link = call("save_excel_file")["files"][0]["download_url"]
    assert requests.get(link, timeout=30).status_code == 200
    requests.get(link[:-20], timeout=30)
    sent = {"file": ("sent.xlsx", workbook_bytes([SECRET]))}
    assert http.post(f"{url}/v1/files", files=sent).status_code == 201
    http.get(f"{url}/v1/sessions/{id_}/history")
    requests.get(f"{url}/v1/sessions", headers={"Authorization": "Bearer wrong-key-of-somebody"})
    host, port = url.removeprefix("http://").split(":")
    for raw in (
        f"GET /files/{SECRET} HTTP/9.1\r\nHost: a\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization; Bearer {KEY}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nExpect: '{SECRET}\r\n\r\n",
        f"{SECRET} / HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        assert 400 <= wire.send((host, int(port)), raw.encode(), finish=True).status < 500
    data = Path(talkative.env["EXCEL_TOOLS_DATA_DIR"])
    (copy,) = data.glob("sessions/*/workbooks/*/copy1")
    (copy / "checkpoints").mkdir()
    (copy / "checkpoints" / "1").write_text("no checkpoint")
    call("undo_excel_change", action="redo")
    call("undo_excel_change")  # to a state that the engine has to build anew
    text = talkative.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    parts = {"web", "engine", "operations"}
    assert {line["logger"] for line in lines} >= {f"excel_tools.{part}" for part in parts}
    assert {field for line in lines for field in line} <= set(FIELDS)
    operations = [line for line in lines if line["message"] == "operation"]
    assert [line["outcome"] for line in operations] == [
        *("ok", "ok", "sheet_not_found", "ok", "ok", "ok", "ok")
    ]
    requests_ = [line for line in lines if line["message"] == "request"]
    assert len([line for line in requests_ if line.get("user") == "ann"]) >= 8
    token = link.split("/")[-2]
    for secret in (SECRET, KEY, id_, token, "wrong-key-of-somebody"):
        assert secret not in text
