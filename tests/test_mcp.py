"""/mcp, message by message: sessions, errors, who may ask. The SDK's client: test_mcp_clients."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.operations.registry import operations
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, Clock, MakeService, _numbers, error_of

VERSION = "2025-11-25"
MODERN = "2026-07-28"


class Client:
    """Sends messages as a client of the protocol before 2026 does.

    :param headers: such as those that name user and chat
    """

    def __init__(self, service: Service, **headers: str) -> None:
        self.http = service.app.test_client()
        self.headers = {
            "Authorization": f"Bearer {KEY}",
            "Accept": "application/json, text/event-stream",
            **headers,
        }
        self._numbers = iter(range(1, 1000))

    def send(self, method: str, **params: Any) -> TestResponse:
        message = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method}
        return self.post({**message, "params": params})

    def post(self, message: object) -> TestResponse:
        return self.http.post("/mcp", json=message, headers=self.headers, buffered=True)

    def begin(self) -> dict[str, Any]:
        """The handshake; the session's id goes with every later message."""
        about = {"name": "test", "version": "1"}
        response = self.send(
            "initialize", protocolVersion=VERSION, capabilities={}, clientInfo=about
        )
        self.headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
        self.headers["MCP-Protocol-Version"] = VERSION
        done = self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert done.status_code == 202
        return result_of(response)

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        return result_of(self.send("tools/call", name=name, arguments=arguments))

    def op(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool that succeeds."""
        result = self.tool(name, **arguments)
        assert not result.get("isError"), result
        answer: dict[str, Any] = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == answer
        return answer

    def rows(self) -> list[list[Any]]:
        rows: list[list[Any]] = self.op("read_excel_range")["result"]["rows"]
        return rows


def message_of(response: TestResponse) -> dict[str, Any]:
    """The answer to a request, however it came."""
    text = response.get_data(as_text=True)
    if response.mimetype == "text/event-stream":
        data = [line[5:] for line in text.splitlines() if line.startswith("data:")]
        text = data[-1]
    found: dict[str, Any] = json.loads(text)
    assert found["jsonrpc"] == "2.0"
    return found


def result_of(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.get_data(as_text=True)[:500]
    message = message_of(response)
    assert "result" in message, message
    result: dict[str, Any] = message["result"]
    return result


@pytest.fixture
def client(service: Service) -> Client:
    client = Client(service)
    client.begin()
    return client


def with_book(client: Client, first: str = "Rent") -> Client:
    client.op("create_excel_file", filename="costs", headers=["Item"], rows=[[first]])
    return client


# Sessions --------------------------------------------------------------------------------


def test_the_id_of_a_session_finds_its_workbooks_and_no_others(service: Service) -> None:
    one, two = Client(service), Client(service)
    for client, item in ((one, "Rent"), (two, "Food")):
        client.begin()
        with_book(client, item)
    assert one.headers["Mcp-Session-Id"] != two.headers["Mcp-Session-Id"]
    assert one.rows() == [["Item"], ["Rent"]]
    assert two.rows() == [["Item"], ["Food"]]


def test_user_and_chat_find_the_session_whatever_the_id_of_the_client(service: Service) -> None:
    who = {"X-OpenWebUI-User-Id": "mia", "X-OpenWebUI-Chat-Id": f"chat-{next(_numbers)}"}
    first, second = Client(service, **who), Client(service, **who)
    first.begin()
    with_book(first)
    second.begin()
    assert second.rows() == [["Item"], ["Rent"]]
    assert Chat(service, "mia", who["X-OpenWebUI-Chat-Id"]).rows() == second.rows()
    first.http.delete("/mcp", headers=first.headers)
    assert second.rows(), "the end of one client's session is not the end of the chat's"


def test_a_restart_is_not_noticed(make_service: MakeService) -> None:
    before = make_service()
    client = Client(before)
    client.begin()
    with_book(client)
    before.close()
    client.http = make_service().app.test_client()
    assert client.rows() == [["Item"], ["Rent"]]


@pytest.mark.parametrize("id_", ["none", "x" * 5000, "WyJhIiwgImIiXQ.aaaa.bbbb"])
def test_an_unknown_id_is_answered_404_so_that_clients_begin_anew(client: Client, id_: str) -> None:
    client.headers["Mcp-Session-Id"] = id_
    response = client.send("tools/list")
    assert response.status_code == 404
    error = message_of(response)["error"]
    assert error["data"]["code"] == "session_not_found"
    assert "initialize" in error["message"]
    assert client.http.delete("/mcp", headers=client.headers).status_code == 404


def test_an_ended_id_is_gone_and_its_links_still_work(client: Client, service: Service) -> None:
    (entry,) = with_book(client).op("save_excel_file")["files"]
    assert client.http.delete("/mcp", headers=client.headers).status_code == 204
    assert client.send("tools/list").status_code == 404
    assert client.http.delete("/mcp", headers=client.headers).status_code == 404
    assert Chat(service).fetch(entry).status_code == 200


def test_an_id_is_good_for_the_key_that_it_was_given_to(make_service: MakeService) -> None:
    service = make_service(api_keys=(KEY, "another-key-of-tests"))
    client = Client(service)
    client.begin()
    client.headers["Authorization"] = "Bearer another-key-of-tests"
    assert client.send("tools/list").status_code == 404


def test_a_message_without_an_id_is_answered_400(client: Client) -> None:
    del client.headers["Mcp-Session-Id"]
    response = client.send("tools/list")
    assert response.status_code == 400
    assert message_of(response)["error"]["data"]["code"] == "session_required"


def test_an_id_lives_as_long_as_what_its_chat_holds(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock, session_ttl=1000)
    used, idle = Client(service), Client(service)
    for client in (used, idle):
        client.begin()
    with_book(used)
    for _ in range(3):
        clock.now += 800
        assert used.rows() == [["Item"], ["Rent"]]
    response = idle.send("tools/list")
    assert response.status_code == 404
    assert message_of(response)["error"]["data"]["code"] == "session_expired"
    clock.now += 1001
    assert used.send("tools/list").status_code == 404


# Who may ask -------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Bearer wrong-key-wrong", "Basic abc"])
def test_the_key_is_asked_for(service: Service, given: str) -> None:
    client = Client(service, Authorization=given)
    error = error_of(client.send("initialize"))
    assert (error["status"], error["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("http://[evil", 403),
        ("", 403),
        ("http://localhost:6274", 200),
        ("http://127.0.0.1:9080", 200),
        ("https://excel.example.org", 200),
    ],
)
def test_pages_of_other_places_are_refused(
    make_service: MakeService, origin: str, status: int
) -> None:
    client = Client(make_service(public_url="https://excel.example.org/x"), Origin=origin)
    if status == 200:
        assert client.begin()["serverInfo"]["name"] == "excel-tools"
    else:
        error = error_of(client.send("initialize"))
        assert (error["status"], error["code"]) == (status, "forbidden")


def test_there_is_no_stream_to_wait_at(client: Client) -> None:
    response = client.http.get("/mcp", headers=client.headers)
    assert error_of(response)["status"] == 405
    assert set(response.headers["Allow"].split(", ")) == {"POST", "DELETE", "OPTIONS"}


# Messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'{"jsonrpc": "2.0"}', b"\xff"])
def test_what_is_no_message_is_refused(client: Client, body: bytes) -> None:
    headers = {**client.headers, "Content-Type": "application/json"}
    response = client.http.post("/mcp", data=body, headers=headers, buffered=True)
    assert response.status_code == 400
    assert message_of(response)["error"]["code"] < 0


@pytest.mark.parametrize("params", [None, [1], "x", {}, {"requestId": {"a": [1]}}])
def test_a_cancellation_of_nothing_is_taken(client: Client, params: object) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    assert client.post(message).status_code == 202


def test_an_address_with_a_slash_behind_it_is_the_same(client: Client) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    response = client.http.post("/mcp/", json=message, headers=client.headers, buffered=True)
    assert result_of(response) == {}


@pytest.mark.parametrize("asked", ["2024-11-05", "2025-03-26", "2025-06-18", VERSION])
def test_the_version_that_a_client_asks_for_is_spoken(service: Service, asked: str) -> None:
    about = {"name": "test", "version": "1"}
    send = Client(service).send
    told = result_of(send("initialize", protocolVersion=asked, capabilities={}, clientInfo=about))
    assert told["protocolVersion"] == asked
    other = result_of(send("initialize", protocolVersion="1999", capabilities={}, clientInfo=about))
    assert other["protocolVersion"] == VERSION


def test_a_body_beyond_the_limit_is_refused(make_service: MakeService) -> None:
    client = Client(make_service(max_body_mb=1))
    client.begin()
    rows = [["x" * 1000]] * 1100
    response = client.send(
        "tools/call", name="create_excel_file", arguments={"filename": "a", "rows": rows}
    )
    assert response.status_code == 413


def test_an_error_of_a_tool_has_the_one_shape(client: Client) -> None:
    with_book(client)
    result = client.tool("read_excel_range", sheet="Sale")
    assert result["isError"] is True
    error = json.loads(result["content"][0]["text"])["error"]
    assert error["code"] == "sheet_not_found"
    assert error["request_id"]
    assert {"message", "hint", "details"} < set(error)
    strange = json.loads(client.tool("read_excel_range", sheets=1)["content"][0]["text"])
    assert strange["error"]["code"] == "invalid_parameters"


def test_an_unknown_tool_is_an_error_of_the_protocol(client: Client) -> None:
    message = message_of(client.send("tools/call", name="read_excel", arguments={}))
    assert message["error"]["code"] == -32602
    assert "read_excel_range" in message["error"]["message"]


def test_a_file_that_is_not_here_is_told_with_the_way_to_send_it(client: Client) -> None:
    result = client.tool("open_excel_file", file="budget.xlsx")
    assert "attached in the chat" in result["content"][0]["text"]


@pytest.mark.parametrize("chat", [{}, {"X-User-Id": "mia"}, {"X-Chat-Id": "one"}])
def test_the_protocol_without_sessions_needs_the_headers(
    service: Service, chat: dict[str, str]
) -> None:
    client = Client(service, **{"MCP-Protocol-Version": MODERN}, **chat)
    response = client.send("server/discover")
    assert response.status_code == 400
    message = message_of(response)
    assert message["id"] == 1
    assert message["error"]["code"] == -32022
    assert VERSION in message["error"]["data"]["supported"]
    assert MODERN not in message["error"]["data"]["supported"]
    assert "X-Chat-Id" in message["error"]["message"]


# Tools and resources ---------------------------------------------------------------------------


def test_the_tools_are_the_operations_with_what_they_do(client: Client) -> None:
    tools = {tool["name"]: tool for tool in result_of(client.send("tools/list"))["tools"]}
    assert list(tools) == list(operations())
    hints = {name: tool["annotations"] for name, tool in tools.items()}
    looking = {name for name, hint in hints.items() if hint["readOnlyHint"]}
    assert looking == {
        "list_excel_files",
        "describe_excel_file",
        "read_excel_range",
        "preview_excel_file",
        "explain_excel_formula",
    }
    assert not any(hints[name]["destructiveHint"] for name in looking)
    losing = {name for name, hint in hints.items() if hint["destructiveHint"]}
    assert {"close_excel_file", "undo_excel_change", "edit_excel_sheet"} < losing
    assert not losing & {"create_excel_file", "open_excel_file", "save_excel_file"}
    assert [name for name, hint in hints.items() if hint["openWorldHint"]] == ["query_database"]
    assert all(tool["outputSchema"]["type"] == "object" for tool in tools.values())
    sent = [
        {"name": t["name"], "description": t["description"], "parameters": t["inputSchema"]}
        for t in tools.values()
    ]
    wrapped = [{"type": "function", "function": tool} for tool in sent]
    assert sum(len(json.dumps(tool)) for tool in wrapped) < 24_000


def test_files_are_resources(client: Client) -> None:
    assert result_of(client.send("resources/list"))["resources"] == []
    with_book(client).op("save_excel_file")
    client.op("write_excel_range", start="append", rows=[["Käse"]])
    client.op("export_excel_file", format="csv")
    found = result_of(client.send("resources/list"))["resources"]
    assert [(entry["name"], entry["description"]) for entry in found] == [
        ("costs.xlsx", "The working copy as it is now."),
        ("costs.xlsx", "Saved version 1."),
        ("costs.csv", "An exported file."),
    ]
    draft, saved, export = (
        result_of(client.send("resources/read", uri=entry["uri"]))["contents"][0] for entry in found
    )
    assert draft["blob"] != saved["blob"]
    assert draft["mimeType"].endswith("spreadsheetml.sheet")
    assert "Käse" in export["text"]


@pytest.mark.parametrize(
    "uri", ["excel://workbooks/w9/draft/a.xlsx", "file:///etc/passwd", "excel://exports/../x"]
)
def test_what_is_no_resource_is_told(client: Client, uri: str) -> None:
    message = message_of(client.send("resources/read", uri=uri))
    assert message["error"]["data"]["code"] == "file_not_found"


def test_another_chats_resource_is_not_there(service: Service, client: Client) -> None:
    with_book(client)
    (entry,) = result_of(client.send("resources/list"))["resources"]
    other = Client(service)
    other.begin()
    assert "error" in message_of(other.send("resources/read", uri=entry["uri"]))


def test_nothing_stays_on_the_loop_of_what_was_answered(service: Service) -> None:
    async def tasks() -> int:
        return len(asyncio.all_tasks())

    Client(service).begin()  # libraries start tasks of their own with the first stream
    loop = service.mcp.thread().loop
    assert loop is not None
    before = asyncio.run_coroutine_threadsafe(tasks(), loop).result(10)
    for _ in range(20):
        client = Client(service)
        client.begin()
        client.send("tools/list")
        client.tool("read_excel_range")
        client.send("server/discover")
        client.http.delete("/mcp", headers=client.headers)
        client.post([])
    for _ in range(100):  # the last ones may still be at their end
        now = asyncio.run_coroutine_threadsafe(tasks(), loop).result(10)
        if now <= before:
            break
        time.sleep(0.05)
    assert now <= before


# Beginning and end ---------------------------------------------------------------------------


def test_the_loop_begins_with_the_first_client_and_ends_with_the_service(
    make_service: MakeService,
) -> None:
    def threads() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name == "mcp"]

    before = len(threads())
    service = make_service()
    assert len(threads()) == before
    client = Client(service)
    client.begin()
    assert len(threads()) == before + 1
    thread = service.mcp.thread()
    thread.close()
    assert client.begin(), "a loop that has ended is begun again"
    service.close()
    assert len(threads()) == before
