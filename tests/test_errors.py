"""One error shape over all roads, and one tree of errors that is as drawn."""

from __future__ import annotations

import ast
import io
import pickle
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from service import errors
from service.engine.work import Reply, Work
from service.errors import ExcelToolsError, InternalError, OperationTooBig, WorkbookBusy
from service.settings import Settings
from service.web.app import Service
from tests.processes import ROOT
from tests.service_fixtures import KEY, Chat, MakeService, error_of, workbook_bytes

AUTH = {"Authorization": f"Bearer {KEY}"}


def _below(kind: type[ExcelToolsError]) -> Iterator[type[ExcelToolsError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _below(child)


CLASSES = list(_below(ExcelToolsError))
LEAVES = [kind for kind in CLASSES if not kind.__subclasses__()]


# The tree --------------------------------------------------------------------------


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = re.findall(r"-- (\w+) +(\d{3})  (\w+)$", str(errors.__doc__), flags=re.MULTILINE)
    assert drawn == [(kind.__name__, str(kind.status), kind.code) for kind in LEAVES]
    branches = [kind for kind in CLASSES if kind.__subclasses__()]
    for branch in branches:
        assert re.search(rf"^    (\||`)-- {branch.__name__}\b", str(errors.__doc__), re.MULTILINE)


def test_each_code_is_there_once() -> None:
    codes = [kind.code for kind in LEAVES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_comes_whole_out_of_another_process(kind: type[ExcelToolsError]) -> None:
    error = pickle.loads(pickle.dumps(kind("What.", "Do this.", {"limit": 1})))
    assert type(error) is kind
    assert error.body("id") == {
        "error": {
            "code": kind.code,
            "message": "What.",
            "hint": "Do this.",
            "details": {"limit": 1},
            "request_id": "id",
        }
    }
    assert 400 <= kind.status < 600
    assert str(error) == "What."


def test_a_message_never_grows_with_what_was_asked() -> None:
    body: Any = InternalError("x" * 1_000_000, "y" * 1_000_000).body("id")
    assert len(str(body)) < 5_000


# The roads -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/nothing", "/files", "/files/a", "/V1"])
def test_an_unknown_address(service: Service, path: str) -> None:
    error = error_of(service.app.test_client().get(path, headers=AUTH))
    assert (error["status"], error["code"]) == (404, "not_found")
    assert path in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/sessions", {"POST", "DELETE", "OPTIONS"}),
        ("PUT", "/v1/sessions/abc", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("GET", "/v1/operations/create_excel_file", {"POST", "OPTIONS"}),
        ("DELETE", "/v1/files", {"POST", "PUT", "OPTIONS"}),
        ("POST", "/health", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/files/a/b", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method(service: Service, method: str, path: str, allowed: set[str]) -> None:
    response = service.app.test_client().open(path, method=method, headers=AUTH)
    error = error_of(response)
    assert (error["status"], error["code"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


def test_an_unknown_operation(chat: Chat) -> None:
    error = chat.fail("create_exel_file")
    assert (error["status"], error["code"]) == (404, "not_found")
    assert 'Did you mean "create_excel_file"?' in error["message"]


BAD_BODIES = {
    "cut short": b'{"filename": "a',
    "no JSON": b"filename=a",
    "NaN": b'{"rows": [[NaN]]}',
    "Infinity": b'{"rows": [[-Infinity]]}',
    "a list": b"[1, 2]",
    "a text": b'"text"',
    "null": b"null",
    "a number": b"7",
    "two objects": b"{}{}",
    "not UTF-8": b'{"filename": "\xff.xlsx"}',
    "UTF-16": '{"filename": "a"}'.encode("utf-16"),
    "half a surrogate pair": b'{"filename": "\\ud800.xlsx"}',
    "half a surrogate pair, raw": b'{"filename": "\xed\xa0\x80.xlsx"}',
    "half a pair in a name": b'{"\\udc00": 1}',
    "100,000 deep": b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of 10,000 digits": b'{"rows": [[' + b"9" * 10_000 + b"]]}",
}


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/operations/create_excel_file"])
@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_is_no_json_object(chat: Chat, path: str, body: bytes) -> None:
    headers = chat.headers | {"X-Excel-Session": chat.id, "Content-Type": "application/json"}
    error = error_of(chat.http.post(path, data=body, headers=headers))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert chat.op("list_excel_files")["result"] == {"open": []}


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_is_read_whatever_its_media_type_says(chat: Chat, media: str) -> None:
    headers = chat.headers | {"X-Excel-Session": chat.id, "Content-Type": media}
    path = "/v1/operations/create_excel_file"
    made = chat.http.post(path, data=b'\xef\xbb\xbf{"filename": "a"}', headers=headers)
    assert made.status_code == 200
    assert error_of(chat.http.post(path, data=b"filename=a", headers=headers))["status"] == 422


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "text"},
        {"other": (io.BytesIO(b"a"), "a.csv")},
        {"file": (io.BytesIO(b"a"), "a.csv"), "more": "1"},
        {"file": [(io.BytesIO(b"a"), "a.csv"), (io.BytesIO(b"b"), "b.csv")]},
        {"file": (io.BytesIO(b"a"), "")},
        {"file": (io.BytesIO(b""), "empty.csv")},
        {"file": (io.BytesIO(b"a"), "///")},
        {"file": (io.BytesIO(b"a"), "a.csv"), "source": "a\x00b"},
        {"file": (io.BytesIO(b"a"), "a.csv"), "source": "s" * 300},
    ],
    ids=range(10),
)
def test_an_upload_needs_exactly_one_file(chat: Chat, form: dict[str, Any]) -> None:
    headers = chat.headers | {"X-Excel-Session": chat.id}
    error = error_of(chat.http.post("/v1/files", data=form, headers=headers))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


@pytest.mark.parametrize("media", ["multipart/form-data", "application/json", "text/plain", ""])
def test_an_upload_that_is_no_form(chat: Chat, media: str) -> None:
    headers = chat.headers | {"X-Excel-Session": chat.id, "Content-Type": media}
    error = error_of(chat.http.post("/v1/files", data=b"raw", headers=headers))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


def test_bodies_beyond_the_limits(make_service: MakeService) -> None:
    chat = Chat(make_service(max_body_mb=1, max_upload_mb=2))
    response = chat.call("write_excel_range", {"rows": [["x" * 30_000] for _ in range(40)]})
    error = error_of(response)
    assert (error["status"], error["code"]) == (413, "too_large")
    assert "1 MiB" in error["message"]
    data = random.Random(1).randbytes(3 << 19)
    assert chat.upload(data, "a.bin")["size"] == len(data), "uploads have their own limit"
    error = error_of(chat.send(b"x" * (5 << 19), "a.csv"))
    assert (error["status"], error["code"]) == (413, "too_large")
    assert "2 MiB" in error["message"]


# Who asks --------------------------------------------------------------------------

PROTECTED = [
    ("POST", "/v1/sessions"),
    ("GET", "/v1/sessions/abc"),
    ("DELETE", "/v1/sessions/abc"),
    ("POST", "/v1/operations/list_excel_files"),
    ("POST", "/v1/files"),
    ("PUT", "/v1/files"),
    ("GET", "/v1/nothing"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong-key",
        f"Bearer {KEY}x",
        f"Basic {KEY}",
        KEY,
        "Bearer é",
    ],
)
def test_a_call_without_a_valid_key(service: Service, method: str, path: str, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    response = service.app.test_client().open(path, method=method, headers=headers)
    error = error_of(response)
    assert (error["status"], error["code"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert KEY not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs", "/"])
def test_what_holds_no_data_needs_no_key(service: Service, path: str) -> None:
    assert service.app.test_client().get(path).status_code in (200, 302)


def test_each_of_several_keys_opens(make_service: MakeService) -> None:
    service = make_service(api_keys=("first-key-1", "second-key-2"))
    http = service.app.test_client()
    for key, status in [("first-key-1", 201), ("second-key-2", 200), ("third-key-3", 401)]:
        response = http.post(
            "/v1/sessions",
            json={"user": "a", "chat": "b"},
            headers={"Authorization": f"bearer {key}"},
        )
        assert response.status_code == status


# Our faults ------------------------------------------------------------------------


class FailingEngine:
    """Stands where the engine processes stand and fails as they may."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def call(self, work: Work) -> Reply:
        raise self.error

    def forget(self, workbook: str) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ZeroDivisionError("secret detail"), 500, "internal_error"),
        (OperationTooBig("Too big.", "Less."), 507, "operation_too_big"),
        (WorkbookBusy("Busy.", "Later."), 503, "workbook_busy"),
    ],
)
def test_what_goes_wrong_behind_the_scenes(
    tmp_path: Any, error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path, api_keys=(KEY,))
    with Service(settings, engine=FailingEngine(error)) as service:
        chat = Chat(service)
        found = chat.fail("create_excel_file", filename="a.xlsx")
        assert (found["status"], found["code"]) == (status, code)
        assert "secret detail" not in str(found)
        assert chat.op("list_excel_files")["result"] == {"open": []}
        assert service.app.test_client().get("/health").status_code == 200
        busy = chat.call("create_excel_file", {"filename": "a.xlsx"})
        assert ("Retry-After" in busy.headers) == (status == 503)


# Request ids -----------------------------------------------------------------------


def test_a_request_keeps_the_id_its_caller_gave(chat: Chat) -> None:
    headers = chat.headers | {"X-Request-Id": "my-request.1"}
    response = chat.http.get("/v1/nothing", headers=headers)
    assert response.headers["X-Request-Id"] == error_of(response)["request_id"] == "my-request.1"


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, "<script>", "é"])
def test_an_unsound_request_id_is_replaced(service: Service, given: str) -> None:
    response = service.app.test_client().get("/health", headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{16}", response.headers["X-Request-Id"])


def test_all_answers_carry_safe_headers(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="a.xlsx")["files"][0]
    for response in (chat.fetch(entry), chat.open(), chat.http.get("/nothing")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Request-Id"]


def test_the_log_tells_neither_contents_nor_secrets(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="excel_tools")
    chat.upload(workbook_bytes(["confidential"]), "sent.xlsx")
    entry = chat.op("open_excel_file")["files"][0]
    chat.op("write_excel_range", rows=[["confidential"]])
    chat.fail("write_excel_range", rows=[["confidential"]], sheet="none")
    chat.download(entry)
    token = entry["download_url"].split("/")[-2]
    facts = [str(getattr(record, "facts", "")) + record.getMessage() for record in caplog.records]
    assert len(facts) >= 5
    for secret in ("confidential", KEY, token, chat.id):
        assert not any(secret in line for line in facts)
    assert any("'operation': 'write_excel_range'" in line for line in facts)


def test_every_refusal_says_what_to_do() -> None:
    kinds = {kind.__name__ for kind in _all_of(ExcelToolsError)}
    for path in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in kinds and not any(isinstance(a, ast.Starred) for a in call.args):
                assert len(call.args) + len(call.keywords) > 1, f"{path.name}:{node.lineno}"


def _all_of(kind: type[ExcelToolsError]) -> list[type[ExcelToolsError]]:
    return [kind, *(found for one in kind.__subclasses__() for found in _all_of(one))]
