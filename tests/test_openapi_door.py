"""The OpenAPI document as Open WebUI's tool-server connection uses it, as it is."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

import service.operations  # noqa: F401 - declares the operations
from service.operations.registry import operations
from service.operations.tool_schemas import tool_schema
from service.web.app import Service
from tests.plugin_fixtures import load_plugin
from tests.service_fixtures import (
    KEY,
    Chat,
    Clock,
    MakeService,
    _numbers,
    answer_of,
    error_of,
    workbook_bytes,
)
from tests.test_plugin_contract import schema as plugin_schema

PAIRS = [("X-User-Id", "X-Chat-Id"), ("X-OpenWebUI-User-Id", "X-OpenWebUI-Chat-Id")]


class ToolServer:
    """Calls as Open WebUI makes them from the document: no session, no key of its own."""

    def __init__(self, service: Service, pair: tuple[str, str] = PAIRS[1]) -> None:
        self.service = service
        self.http = service.app.test_client()
        self.user, self.chat = f"owui-{next(_numbers)}", f"chat-{next(_numbers)}"
        self.headers = {
            "Authorization": f"Bearer {KEY}",
            "Accept": "*/*",
            pair[0]: self.user,
            pair[1]: self.chat,
        }
        document = self.http.get("/openapi.json").get_json()
        self.routes = {
            route["operationId"]: (method, path)
            for path, methods in document["paths"].items()
            for method, route in methods.items()
            if route.get("operationId")
        }

    def call(self, name: str, **arguments: Any) -> TestResponse:
        method, path = self.routes[name]
        return self.http.open(path, method=method.upper(), json=arguments, headers=self.headers)

    def op(self, name: str, **arguments: Any) -> dict[str, Any]:
        return answer_of(self.call(name, **arguments))


@pytest.fixture(params=PAIRS, ids=["own", "openwebui"])
def tools(service: Service, request: pytest.FixtureRequest) -> ToolServer:
    return ToolServer(service, request.param)


def test_user_and_chat_find_the_session_and_the_workbook(tools: ToolServer) -> None:
    tools.op("create_excel_file", filename="costs", headers=["Item"], rows=[["Rent"]])
    tools.op("write_excel_range", start="append", rows=[["Food"]])
    rows = tools.op("read_excel_range")["result"]["rows"]
    assert rows == [["Item"], ["Rent"], ["Food"]]
    same = Chat(tools.service, tools.user, tools.chat)
    assert same.rows() == rows, "it is the session of that user and chat, however it is found"
    other = ToolServer(tools.service)
    assert error_of(other.call("read_excel_range"))["code"] == "workbook_not_found"


def test_an_answer_has_the_link_ready_to_be_written(tools: ToolServer) -> None:
    made = tools.op("create_excel_file", filename="a [1]", headers=["A"])
    (entry,) = made["files"]
    assert made["link"] == f"[Download a \\[1\\].xlsx]({entry['download_url']})"
    assert "link" not in tools.op("read_excel_range"), "looking gives no file"
    exported = tools.op("export_excel_file", format="csv")
    assert exported["link"].endswith(f"]({exported['files'][0]['download_url']})")
    asked = tools.op("query_excel_data", sql="SELECT 1 AS one")
    assert "link" not in asked


def test_a_preview_is_a_page_to_be_shown_in_the_chat(tools: ToolServer) -> None:
    tools.op("create_excel_file", filename="costs", headers=["Item"], rows=[["Rent & more"]])
    response = tools.call("preview_excel_file")
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert response.headers["Content-Disposition"] == "inline"
    page = response.get_data(as_text=True)
    assert page.startswith("<!doctype html>")
    assert "Rent \\u0026 more" in page
    assert "iframe:height" in page
    tools.headers["Accept"] = "application/json"
    answer = tools.op("preview_excel_file")
    assert answer["link"] == f"[Show costs.xlsx]({answer['preview_url']})"


def test_a_program_with_a_session_gets_json_only(chat: Chat) -> None:
    made = chat.op("create_excel_file", filename="costs", headers=["Item"])
    assert "link" not in made
    assert chat.op("preview_excel_file")["preview_url"]


def test_a_file_of_the_chat_that_is_not_here_is_told_with_the_way_to_send_it(
    tools: ToolServer,
) -> None:
    for name, parameter in [("open_excel_file", "file"), ("import_csv_to_excel", "source")]:
        error = error_of(tools.call(name, **{parameter: "budget.xlsx"}))
        assert (error["status"], error["code"]) == (404, "file_not_found")
        assert "attached in the chat" in error["hint"]
    path = send_path(error)
    page = tools.http.get(path)
    assert page.status_code == 200
    assert 'type="file"' in page.get_data(as_text=True)
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    sent = tools.http.post(path, **form(workbook_bytes(), "budget <1>.xlsx"))
    assert sent.status_code == 200
    assert "has arrived" in sent.get_data(as_text=True)
    assert "<1>" not in sent.get_data(as_text=True)
    assert tools.op("open_excel_file", file="latest")["workbook"].startswith("budget")
    error = error_of(tools.call("open_excel_file", file="other.xlsx"))
    assert "budget" in error["message"]
    assert send_path(error)


def send_path(error: dict[str, Any]) -> str:
    """The path of the page that an error offers for sending a file."""
    found = re.search(r"\[Send a file\]\((\S+)\)", error["hint"])
    assert found
    return urlsplit(found.group(1)).path


def form(data: bytes, name: str) -> dict[str, Any]:
    """The file as a browser sends it; encoded here, as the test client leaves files open."""
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(data), name)})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def test_the_page_for_sending_speaks_the_language_of_the_browser(service: Service) -> None:
    tools = ToolServer(service)
    path = send_path(error_of(tools.call("open_excel_file", file="a.csv")))
    german = {"Accept": "text/html", "Accept-Language": "de-AT,de;q=0.9"}
    sent = form(b"a,b\n1,2\n", "Umsätze & mehr.csv")
    for response, told in (
        (tools.http.get(path, headers=german), "Eine Datei an den Chat senden"),
        (tools.http.post(path, **sent, headers=german), "<b>Umsätze &amp; mehr.csv</b> ist ange"),
        (tools.http.post(path, data={}, headers=german), "Es kam keine Datei an"),
        (tools.http.get("/send/none/file", headers=german), "Zu diesem Link gibt es keine Datei."),
    ):
        assert '<html lang="de">' in response.text
        assert told in response.text


def test_the_page_for_sending_tells_people_what_is_wrong(make_service: MakeService) -> None:
    clock = Clock()
    tools = ToolServer(make_service(clock=clock, max_upload_mb=1, link_ttl=1000))
    path = send_path(error_of(tools.call("open_excel_file", file="a.xlsx")))
    html = {"Accept": "text/html,*/*"}
    wrong = [
        (tools.http.post(path, **form(b"", "a.xlsx"), headers=html), 422, "empty"),
        (tools.http.post(path, data={}, headers=html), 422, "exactly one file"),
        (tools.http.post(path, **form(b"x" * (3 << 20), "a.csv"), headers=html), 413, "1 MiB"),
        (tools.http.get(path.replace("/send/", "/files/"), headers=html), 404, "no longer there"),
        (tools.http.get("/send/none/file", headers=html), 404, "not valid"),
    ]
    made = tools.op("create_excel_file", filename="a", headers=["A"])
    file = urlsplit(made["files"][0]["download_url"]).path.replace("/files/", "/send/")
    wrong.append((tools.http.get(file, headers=html), 404, "no longer there"))
    clock.now += 1001
    wrong.append((tools.http.get(path, headers=html), 410, "expired"))
    for response, status, text in wrong:
        assert response.status_code == status
        assert response.mimetype == "text/html"
        assert text in response.get_data(as_text=True)


def test_a_caller_who_names_only_one_of_the_two_is_told_what_is_missing(
    tools: ToolServer,
) -> None:
    tools.headers = {name: text for name, text in tools.headers.items() if "Chat" not in name}
    error = error_of(tools.call("list_excel_files"))
    assert (error["status"], error["code"]) == (400, "session_required")
    assert "X-Chat-Id" in error["hint"]


# Schemas -----------------------------------------------------------------------------

PLUGIN = load_plugin().Tools()


@pytest.mark.parametrize("name", operations())
def test_every_door_sends_the_plugins_schema(name: str) -> None:
    sent = plugin_schema(PLUGIN, name)["function"]
    own = json.loads(json.dumps(tool_schema(operations()[name])).replace("\\t", " " * 8))
    assert own == sent["parameters"]
    assert operations()[name].description == sent["description"]
