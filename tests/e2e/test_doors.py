"""The service inside Open WebUI without the plugin: as a tool server, and as an MCP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.alike import meaning
from tests.e2e.browser import wait_until
from tests.e2e.chat import Chat, SignedInPage
from tests.e2e.conftest import TOOL_ID, Service
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.test_main_job import call, say
from tests.e2e.test_preview_in_chat import FRAME
from tests.e2e.test_stop import ENDLESS, STOP
from tests.halting import ended, engines_of, halted, worked
from tests.service_fixtures import workbook_bytes

TEMPLATES = {"X-User-Id": "{{USER_ID}}", "X-Chat-Id": "{{CHAT_ID}}"}
# The id that a chat is opened with, and what the names of its tools begin with.
DOORS = {
    "plugin": (TOOL_ID, ""),
    "openapi": ("server:excel_api", ""),
    "mcp": ("server:mcp:excel", "excel_"),
}
ROWS = [["Item", "Cost"], ["Rent", 1200], ["Food", 450.5], ["Sum", "=SUM(B2:B3)"]]


@pytest.fixture(scope="module")
def connected(webui: OpenWebUI, service: Service) -> Iterator[OpenWebUI]:
    """Open WebUI with both connections, set up as the documentation says."""
    common = {
        "auth_type": "bearer",
        "key": service.api_key,
        "headers": TEMPLATES,
        "config": {"enable": True, "access_grants": []},
    }
    openapi = {
        **common,
        "url": service.url,
        "path": "/openapi.json",
        "type": "openapi",
        "info": {"id": "excel_api", "name": "Excel by OpenAPI", "description": ""},
    }
    mcp = {
        **common,
        "url": f"{service.url}/mcp",
        "path": "",
        "type": "mcp",
        "info": {"id": "excel", "name": "Excel by MCP", "description": ""},
    }
    path = "/api/v1/configs/tool_servers"
    for connection in (openapi, mcp):
        webui.request("POST", f"{path}/verify", json=connection)
    webui.request("POST", path, json={"TOOL_SERVER_CONNECTIONS": [openapi, mcp]})
    yield webui
    webui.request("POST", path, json={"TOOL_SERVER_CONNECTIONS": []})


@pytest.fixture
def open_chat(
    connected: OpenWebUI,
    sign_in: Callable[..., SignedInPage],
    shot_name: str,
    request: pytest.FixtureRequest,
) -> Callable[[str], Chat]:
    """A fresh chat of the admin, with the tools of one door."""
    shots: Path = request.config.getoption("--shots")

    def open_chat(door: str, user: User | None = None) -> Chat:
        page = sign_in(user or connected.admin)
        return Chat(page, shots=shots, name=f"{shot_name}-{door}", tool_id=DOORS[door][0])

    return open_chat


def named(door: str, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps with the tools' names as Open WebUI gives them at that door."""
    text = json.dumps(steps)
    return json.loads(text.replace('"name": "', f'"name": "{DOORS[door][1]}'))  # type: ignore[no-any-return]


def test_the_same_turn_gives_the_same_workbook_at_each_door(
    open_chat: Callable[[str], Chat],
) -> None:
    found = {}
    for door in DOORS:
        chat = open_chat(door)
        turn = chat.ask(
            f"Make me a budget with a chart ({door}).",
            named(
                door,
                [
                    call("create_excel_file", filename="budget", rows=ROWS),
                    call("format_excel_cells", range="B2:B4", style={"number_format": "0.00"}),
                    call("create_excel_chart", chart_type="column", data_range="A1:B3"),
                    say("Here it is: {{results.2.link}}"),
                ],
            ),
        )
        chat.shot("made")
        assert [c.status for c in turn.calls] == ["completed"] * 3, turn.calls
        name, found[door] = chat.download_link("Download budget.xlsx")
        assert name == "budget.xlsx"
    plugin = meaning(found["plugin"])
    assert "xl/charts/chart1.xml" in plugin
    assert meaning(found["openapi"]) == plugin
    assert meaning(found["mcp"]) == plugin


@pytest.mark.parametrize("door", ["openapi", "mcp"])
def test_a_workbook_stays_open_from_turn_to_turn_and_in_its_chat(
    open_chat: Callable[[str], Chat], door: str, service: Service
) -> None:
    chat = open_chat(door)
    made = call("create_excel_file", filename="budget", rows=ROWS)
    chat.ask(f"Make a budget ({door}).", named(door, [made, say("Made.")]))
    service.process.restart()
    more = call("write_excel_range", start="A5", rows=[["Checked", True]])
    turn = chat.ask("Note that it is checked.", named(door, [more, say("Noted.")]))
    assert turn.calls[0].status == "completed", turn.calls
    other = open_chat(door)
    turn = other.ask(
        f"What is in it ({door})?",
        named(door, [call("read_excel_range"), say("{{results.0.error}}")]),
    )
    assert turn.calls[0].status == "failed"
    assert "workbook_not_found" in json.dumps(turn.result)


def test_a_preview_stands_in_the_chat(open_chat: Callable[[str], Chat]) -> None:
    chat = open_chat("openapi")
    turn = chat.ask(
        "Show me my budget",
        [
            call("create_excel_file", filename="budget", rows=ROWS),
            call("preview_excel_file"),
            say("There it is."),
        ],
    )
    assert [c.status for c in turn.calls] == ["completed", "completed"]
    assert "visible to the user" in json.dumps(turn.result)
    chat.page.wait(f"!!{FRAME}", "the preview")
    chat.page.wait(f"({FRAME}).getBoundingClientRect().height > 150", "its height")
    chat.shot("shown")


def test_stop_in_the_chat_ends_an_mcp_call_at_the_service(
    open_chat: Callable[[str], Chat], service: Service
) -> None:
    chat = open_chat("mcp")
    made = call("create_excel_file", filename="budget", rows=ROWS)
    chat.ask("Make a budget to be asked (mcp).", named("mcp", [made, say("Made.")]))
    before = {pid: worked(pid) for pid in engines_of(service.process)}
    asked = [call("query_excel_data", sql=ENDLESS), say("Asked.")]
    chat.send("Ask it for very long.", named("mcp", asked))
    wait_until(
        lambda: any(worked(pid) > seconds + 0.5 for pid, seconds in before.items()),
        60,
        "the engine to be at work",
    )
    chat.shot("under-way")
    with halted(service.process) as engines:  # it would end by itself after a while
        chat.page.click(STOP)
        chat.page.wait(f"!({STOP})", "the answer to be stopped")
        wait_until(lambda: any(ended(pid) for pid in engines), 60, "the call to be ended")
    chat.shot("stopped")
    read = [call("read_excel_range"), say("Here: {{results.0.result.rows.1.1}}")]
    turn = chat.ask("And what is in it?", named("mcp", read))
    assert turn.calls[0].status == "completed", turn.calls
    assert "1200" in chat.text()


@pytest.mark.parametrize("door", ["openapi", "mcp"])
def test_an_attached_file_is_told_to_be_out_of_reach(
    open_chat: Callable[[str], Chat], door: str, tmp_path: Path
) -> None:
    path = tmp_path / "stock.xlsx"
    path.write_bytes(workbook_bytes())
    chat = open_chat(door)
    turn = chat.ask(
        f"What is in this file ({door})?",
        named(door, [call("open_excel_file", file="stock.xlsx"), say("{{results.0.error}}")]),
        attach=[path],
    )
    chat.shot("told")
    assert turn.calls[0].status == "failed"
    assert "attached in the chat" in chat.text()


def test_the_model_is_offered_the_tools_and_nothing_else(
    open_chat: Callable[[str], Chat], connected: OpenWebUI
) -> None:
    for door in ("openapi", "mcp"):
        open_chat(door).ask(f"Hello ({door}).", [say("Hello.")])
        schemas = connected.model.tool_schemas()
        ours = {n: schema for n, schema in schemas.items() if "excel" in n or "database" in n}
        assert len(ours) == 25, sorted(ours)
        assert not any("session" in n or "health" in n for n in schemas)
        prefixes = len(ours) * len(DOORS[door][1])
        assert sum(len(json.dumps(schema)) for schema in ours.values()) < 24_000 + prefixes
        assert not any("X-" in json.dumps(schema) for schema in ours.values())
