"""/mcp with the SDK's own client, and the inspector's, over HTTP to a real gunicorn."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest
import requests
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.alike import meaning
from tests.halting import ended, halted
from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.processes import ServerProcess, service_process
from tests.service_fixtures import KEY, Chat, _numbers

# How many requests are worked on at the same time; clients that wait are many more.
THREADS = 4
ROWS = [["Item", "Cost"], ["Rent", 1200], ["Food", 450.5], ["Sum", "=SUM(B2:B3)"]]
TURN: list[tuple[str, dict[str, Any]]] = [
    ("create_excel_file", {"filename": "budget", "rows": ROWS}),
    ("format_excel_cells", {"range": "B2:B4", "style": {"number_format": "0.00"}}),
    ("create_excel_chart", {"chart_type": "column", "data_range": "A1:B3"}),
    ("add_excel_rule", {"range": "B2:B3", "rule": "data_bar"}),
    ("write_excel_range", {"start": "append", "rows": [["Überschuss", True]]}),
]
# With the headers of user and chat the newest protocol is spoken, which has no sessions.
MODES = {"2025-11-25": "legacy", "2026-07-28": "auto"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("service")
    with service_process(folder, KEY, engines="1", threads=str(THREADS)) as running:
        yield running


def url_of(server: ServerProcess) -> str:
    return server.health_url.removesuffix("/health")


def somebody() -> dict[str, str]:
    number = next(_numbers)
    return {"X-User-Id": f"user-{number}", "X-Chat-Id": f"chat-{number}"}


@asynccontextmanager
async def connected(
    server: ServerProcess, headers: dict[str, str] | None = None, mode: str = "auto"
) -> AsyncIterator[Client]:
    given = {"Authorization": f"Bearer {KEY}", **(headers or {})}
    async with httpx2.AsyncClient(headers=given, timeout=60) as http:
        transport = streamable_http_client(f"{url_of(server)}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def run(work: Awaitable[Any]) -> Any:
    """What the coroutine answers, within a minute and a half."""

    async def bounded() -> Any:
        return await asyncio.wait_for(work, 90)  # type: ignore[arg-type]

    return asyncio.run(bounded())


def answer_of(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content
    return answer


def op(server: ServerProcess, headers: dict[str, str], name: str, **given: Any) -> dict[str, Any]:
    """The same operation by REST."""
    response = requests.post(
        f"{url_of(server)}/v1/operations/{name}",
        json=given,
        headers={"Authorization": f"Bearer {KEY}", **headers},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("version", MODES)
def test_a_client_makes_reads_and_fetches_a_workbook(server: ServerProcess, version: str) -> None:
    async def work() -> None:
        async with connected(server, somebody(), MODES[version]) as client:
            assert client.protocol_version == version
            assert client.instructions
            assert "create_excel_file" in [t.name for t in (await client.list_tools()).tools]
            made = await client.call_tool(*TURN[0])
            assert answer_of(made)["link"].startswith("[Download budget.xlsx](http")
            link = made.content[1]
            assert link.type == "resource_link"
            (contents,) = (await client.read_resource(link.uri)).contents
            book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(contents.blob)))
            assert book.active["B4"].value == "=SUM(B2:B3)"
            read = answer_of(await client.call_tool("read_excel_range", {"range": "B4"}))
            assert read["result"]["rows"] == [[1650.5]]
            refused = await client.call_tool("read_excel_range", {"sheet": "Sale"})
            assert refused.is_error

    run(work())


def test_a_client_without_headers_is_led_back_to_sessions(server: ServerProcess) -> None:
    async def work() -> None:
        async with connected(server) as one, connected(server) as two:
            assert one.protocol_version == two.protocol_version == "2025-11-25"
            await one.call_tool(*TURN[0])
            assert (await two.call_tool("read_excel_range", {})).is_error
            assert not (await one.call_tool("read_excel_range", {})).is_error

    run(work())


@pytest.mark.parametrize("headers", [{}, somebody()], ids=["session", "headers"])
def test_a_restart_in_the_middle_costs_nothing(
    server: ServerProcess, headers: dict[str, str]
) -> None:
    async def work() -> None:
        async with connected(server, headers) as client:
            await client.call_tool(*TURN[0])
            await asyncio.to_thread(server.restart)
            read = answer_of(await client.call_tool("read_excel_range", {"range": "A2"}))
            assert read["result"]["rows"] == [["Rent"]]

    run(work())


def test_clients_that_wait_hold_no_thread(server: ServerProcess) -> None:
    """As many again are at work at the same time as there are threads."""

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            leave = asyncio.Event()
            ready = asyncio.Semaphore(0)

            async def stay(mode: str) -> None:
                async with connected(server, mode=mode) as client:
                    await client.list_tools()
                    ready.release()
                    await leave.wait()

            for number in range(3 * THREADS):
                group.create_task(stay("legacy" if number % 2 else "auto"))
            for _ in range(3 * THREADS):
                await ready.acquire()
            headers = somebody()
            made = await asyncio.to_thread(op, server, headers, TURN[0][0], **TURN[0][1])
            assert made["workbook"] == "budget.xlsx"
            leave.set()

    run(work())


@pytest.mark.parametrize("version", MODES)
def test_a_long_call_tells_how_far_it_is(server: ServerProcess, version: str) -> None:
    told: list[tuple[float, str]] = []

    async def work() -> None:
        async with connected(server, somebody(), MODES[version]) as client:
            await client.call_tool(*TURN[0])
            enough = asyncio.Event()

            async def progress(done: float, _: float | None, message: str | None) -> None:
                told.append((done, message or ""))
                if len(told) >= 2:
                    enough.set()

            steps = [{"tool": "write_excel_range", "arguments": {"start": "D1", "rows": [[1]]}}]
            with halted(server):
                call = asyncio.create_task(
                    client.call_tool(
                        "run_excel_steps", {"steps": steps}, progress_callback=progress
                    )
                )
                await enough.wait()
            answer_of(await call)

    run(work())
    times = [done for done, _ in told]
    assert times == sorted(set(times))
    assert told[0][1].startswith("Changing the workbook in several steps: ")


@pytest.mark.parametrize("version", MODES)
def test_a_call_that_is_not_wanted_any_more_is_not_done(
    server: ServerProcess, version: str
) -> None:
    async def work() -> None:
        headers = somebody()
        async with connected(server, headers, MODES[version]) as client:
            await client.call_tool(*TURN[0])
            begun = asyncio.Event()

            async def progress(*_: object) -> None:
                begun.set()

            with halted(server) as engines:
                more = {"start": "append", "rows": [["More", 1]]}
                call = asyncio.create_task(
                    client.call_tool("write_excel_range", more, progress_callback=progress)
                )
                await begun.wait()
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                while not any(ended(pid) for pid in engines):
                    await asyncio.sleep(0.05)
            read = answer_of(await client.call_tool("read_excel_range", {}))
            assert read["result"]["rows"][1:3] == ROWS[1:3]
            assert len(read["result"]["rows"]) == len(ROWS)

    run(work())


def test_before_2026_a_call_is_finished_although_its_client_has_left(
    server: ServerProcess,
) -> None:
    headers = somebody()

    async def work() -> None:
        async with connected(server, headers, "legacy") as client:
            await client.call_tool(*TURN[0])
        given = {"Authorization": f"Bearer {KEY}", **headers, "Mcp-Session-Id": ""}
        given |= {"Accept": "application/json, text/event-stream"}
        about = {"name": "test", "version": "1"}
        begin = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about}
        more = {"start": "append", "rows": [["More", 1]]}
        call = {"name": "write_excel_range", "arguments": more}
        async with httpx2.AsyncClient(headers=given, timeout=30) as http:
            url = f"{url_of(server)}/mcp"
            message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin}
            begun = await http.post(url, json=message)
            http.headers["Mcp-Session-Id"] = begun.headers["Mcp-Session-Id"]
            http.headers["MCP-Protocol-Version"] = "2025-11-25"
            message = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
            with halted(server):
                async with http.stream("POST", url, json=message) as response:
                    assert response.status_code == 200
                await asyncio.sleep(1)  # the service looks for its client every quarter

    run(work())
    end = time.monotonic() + 30
    while ["More", 1] not in op(server, headers, "read_excel_range")["result"]["rows"]:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_service_that_is_stopped_answers_what_is_under_way(server: ServerProcess) -> None:
    async def work() -> None:
        headers = somebody()
        async with connected(server, headers) as client:
            await client.call_tool(*TURN[0])
            begun = asyncio.Event()

            async def progress(*_: object) -> None:
                begun.set()

            with halted(server):
                more = {"start": "append", "rows": [["More", 1]]}
                call = asyncio.create_task(
                    client.call_tool("write_excel_range", more, progress_callback=progress)
                )
                await begun.wait()
                stop = asyncio.create_task(asyncio.to_thread(server.restart))
                await asyncio.sleep(0.5)
            answer_of(await call)
            await stop
        rows = await asyncio.to_thread(op, server, headers, "read_excel_range")
        assert ["More", 1] in rows["result"]["rows"]

    run(work())


# The doors beside one another -------------------------------------------------------------


def by_plugin(server: ServerProcess, headers: dict[str, str]) -> None:
    valves = {"service_url": url_of(server), "api_key": KEY}
    calls = ToolCalls(load_plugin(), headers["X-User-Id"], headers["X-Chat-Id"], valves=valves)
    for name, given in TURN:
        assert "error" not in calls.run(name, **given)


def by_openapi(server: ServerProcess, headers: dict[str, str]) -> None:
    for name, given in TURN:
        op(server, headers, name, **given)


def by_mcp(server: ServerProcess, headers: dict[str, str]) -> None:
    async def work() -> None:
        async with connected(server, headers) as client:
            for name, given in TURN:
                answer_of(await client.call_tool(name, given))

    run(work())


@pytest.mark.filterwarnings("ignore:.* extension is not supported")  # openpyxl's
def test_the_same_turn_gives_the_same_workbook_at_each_door(server: ServerProcess) -> None:
    doors: list[Callable[[ServerProcess, dict[str, str]], None]] = [by_plugin, by_openapi, by_mcp]
    found = []
    for door in doors:
        headers = somebody()
        door(server, headers)
        (entry,) = op(server, headers, "save_excel_file")["files"]
        found.append(meaning(requests.get(entry["download_url"], timeout=30).content))
    assert "xl/charts/chart1.xml" in found[0]
    assert found[0]["Sheet1!B2 True"][:2] == [1200, "0.00"]
    assert [kind for _, kind, _ in found[0]["Sheet1 rules"]] == ["dataBar"]
    assert found[1] == found[0]
    assert found[2] == found[0]


@pytest.mark.filterwarnings("ignore:.* extension is not supported")
@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("write_excel_range", {"start": "B2", "rows": [[1201]]}),
        ("format_excel_cells", {"range": "B2", "style": {"bold": True}}),
        ("add_excel_rule", {"range": "B2:B3", "rule": "data_bar"}),
        ("edit_excel_sheet", {"action": "layout", "target": "A", "options": {"width": 30}}),
        ("edit_excel_sheet", {"action": "layout", "options": {"freeze": "B2"}}),
        ("create_excel_chart", {"action": "change", "title": "Other"}),
    ],
)
def test_workbooks_that_differ_are_told_apart(chat: Chat, tool: str, given: dict[str, Any]) -> None:
    """The comparison of the doors sees a change of any kind."""

    def now() -> dict[str, Any]:
        (entry,) = chat.op("list_excel_files")["files"]
        return meaning(chat.download(entry))

    for name, parameters in TURN[:3]:
        chat.op(name, **parameters)
    before = now()
    assert now() == before
    chat.op(tool, **given)
    assert now() != before


# The inspector ----------------------------------------------------------------------------

# The newest that runs with the Node of Debian 12 and 13. It sends no headers, so no key is set.
INSPECTOR = "@modelcontextprotocol/inspector@0.15.0"


def inspect(server: ServerProcess, folder: Path, method: str, *more: str) -> dict[str, Any]:
    """What the inspector prints; it speaks to the service as a program of its own."""
    command = ["npx", "--yes", INSPECTOR, "--cli", f"{url_of(server)}/mcp", "--transport", "http"]
    done = subprocess.run(
        [*command, "--method", method, *more], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


@pytest.mark.needs("npx")
@pytest.mark.timeout(600)
def test_the_inspector_lists_and_calls(tmp_path: Path) -> None:
    with service_process(tmp_path, "", engines="1") as server:
        tools = {t["name"]: t for t in inspect(server, tmp_path, "tools/list")["tools"]}
        assert len(tools) == 25
        assert tools["read_excel_range"]["annotations"]["readOnlyHint"] is True
        assert tools["close_excel_file"]["annotations"]["destructiveHint"] is True
        call = ["--tool-name", "create_excel_file", "--tool-arg", "filename=costs"]
        made = inspect(server, tmp_path, "tools/call", *call, 'headers=["A", "B"]')
        assert made["structuredContent"]["workbook"] == "costs.xlsx"
        call = ["--tool-name", "read_excel_range", "--tool-arg", "sheet=none"]
        assert inspect(server, tmp_path, "tools/call", *call)["isError"] is True
        assert inspect(server, tmp_path, "resources/list") == {"resources": []}
