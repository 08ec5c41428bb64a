"""What the plugin itself costs: its class against a real service, as Open WebUI calls it.

Each call of a tool is timed, and the requests that it makes; what is left is the plugin's own.
The same operation is sent without the plugin, over a connection that stays open. Open WebUI is
not there, so its store and its page are not measured; the chip of a file is fetched by link.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import requests

from benchmarks.large import Chat
from benchmarks.parallel import KEY
from benchmarks.rival import Rival
from benchmarks.starting import patient
from benchmarks.tables import Cell, Table, ratio
from tests.plugin_fixtures import PLUGIN, SMALL, ToolCalls, load_plugin
from tests.processes import ServerProcess, service_process
from tests.test_plugin_contract import schema

ROWS = [[f"text {number}", number, number / 7] for number in range(200)]
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "one cell written": ("write_excel_range", {"start": "B3", "rows": [[5]]}),
    "20 rows read": ("read_excel_range", {"range": "A1:C20"}),
    "200 rows read": ("read_excel_range", {"range": "A1:C200", "limit": 200}),
    "ten cells formatted": ("format_excel_cells", {"range": "B3:B12", "style": {"bold": True}}),
    "described": ("describe_excel_file", {}),
}


class Watched:
    """Stands between the plugin and ``requests``: everything passes, and is timed."""

    def __init__(self, module: ModuleType) -> None:
        self._requests = module.requests
        self.seconds: list[float] = []
        self.bytes = 0
        module.requests = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def request(self, *given: Any, **named: Any) -> requests.Response:
        began = time.perf_counter()
        response: requests.Response = self._requests.request(*given, **named)
        response.content  # noqa: B018 - is read here
        self.seconds.append(time.perf_counter() - began)
        self.bytes = len(response.content)
        return response

    def taken(self) -> list[float]:
        """Seconds of the requests since the last look."""
        found, self.seconds = self.seconds, []
        return found


def overhead(times: int) -> Table:
    """Each tool through the plugin, and without it."""
    columns = ["tool", "through the plugin ms", "requests", "in requests ms", "plugin itself ms"]
    columns += ["without the plugin ms", "the model gets, bytes", "of the service's bytes"]
    table = Table("plugin", "The plugin's own share of a call (medians)", columns)
    with (
        tempfile.TemporaryDirectory() as name,
        patient(service_process(Path(name), KEY)) as server,
    ):
        module = load_plugin()
        watched = Watched(module)
        valves = {"service_url": server.health_url.removesuffix("/health"), "api_key": KEY}
        calls = ToolCalls(module, valves=valves)
        asyncio.run(_measured(table, calls, watched, _beside(server), times))
    table.note = (
        "The plugin itself: its thread, its status lines, its shaping of the answer; a request "
        "counts with its connection, of which the plugin makes a new one each time."
    )
    return table


def _beside(server: ServerProcess) -> Chat:
    chat = Chat(server)
    chat.op("create_excel_file", filename="beside.xlsx", rows=ROWS)
    return chat


async def _measured(
    table: Table, calls: ToolCalls, watched: Watched, chat: Chat, times: int
) -> None:
    await calls.call("create_excel_file", filename="plugin.xlsx", rows=ROWS)
    watched.taken()
    for what, (name, given) in CALLS.items():
        whole, inside, alone, size = [], [], [], 0
        for _ in range(times):
            began = time.perf_counter()
            text = await calls.answer(name, **given)
            whole.append(time.perf_counter() - began)
            assert '"error"' not in text[:10], text
            inside.append(watched.taken())
            size = len(text.encode())
            began = time.perf_counter()
            chat.op(name, **given)
            alone.append(time.perf_counter() - began)
        table.add(what, *_line(whole, inside, alone), size, ratio(size, watched.bytes))


def _line(whole: list[float], inside: list[list[float]], alone: list[float]) -> list[Cell]:
    own = [one - sum(requests_) for one, requests_ in zip(whole, inside, strict=True)]
    return [
        1000 * median(whole),
        int(median(map(len, inside))),
        1000 * median(map(sum, inside)),
        1000 * median(own),
        1000 * median(alone),
    ]


def schemas(venv: Path | None) -> Table:
    """What a model is sent with each request before it has called anything."""
    columns = ["tools", "number", "bytes of JSON", "times the full tool"]
    table = Table("schemas", "What the tools take of a model's context", columns)
    full = _size(load_plugin().Tools())
    small = _size(load_plugin(SMALL).Tools())
    table.add(f"ours, {PLUGIN.stem}", *full, 1.0)
    table.add(f"ours, {SMALL.stem}", *small, small[1] / full[1])
    if venv is not None:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            rival = stack.enter_context(Rival(venv, Path(folder)))
            tools = [_function(tool) for tool in rival.client().schemas()]
        size = len(json.dumps(tools).encode())
        table.add("excel-mcp-server, all tools", len(tools), size, size / full[1])
    table.note = "As functions in the form of OpenAI's API, names and descriptions included."
    return table


def _size(tools: Any) -> tuple[int, int]:
    names = [name for name in dir(tools) if name[0] != "_" and callable(getattr(tools, name))]
    names = [name for name in names if asyncio.iscoroutinefunction(getattr(tools, name))]
    return len(names), len(json.dumps([schema(tools, name) for name in names]).encode())


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool["name"], "description": tool.get("description", "")}
    return {"type": "function", "function": function | {"parameters": tool["inputSchema"]}}


def measured(venv: Path | None, *, tiny: bool = False) -> Iterator[Table]:
    """Both tables."""
    yield overhead(2 if tiny else 50)
    yield schemas(venv)
