"""The plugin as Open WebUI loads it, and calls of it as Open WebUI makes them."""

from __future__ import annotations
import __future__

import asyncio
import itertools
import json
import sys
import types
from pathlib import Path
from typing import Any

from tests.processes import ROOT

PLUGIN = ROOT / "openwebui_tool" / "excel_tools_openwebui.py"
SMALL = ROOT / "openwebui_tool" / "excel_tools_small_openwebui.py"
_numbers = itertools.count(1)


def load_plugin(path: Path = PLUGIN, *, future: bool = True) -> types.ModuleType:
    """The plugin executed into a fresh module, which ``sys.modules`` knows only meanwhile.

    :param future: with the postponed annotations that code inherits from Open WebUI's loader
    """
    flags = __future__.annotations.compiler_flag if future else 0
    module = types.ModuleType(f"tool_excel_tools_{next(_numbers)}")
    text = path.read_text(encoding="utf-8")
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, str(path), "exec", flags=flags, dont_inherit=True), module.__dict__)
        module.Tools()
    finally:
        del sys.modules[module.__name__]
    return module


class Page:
    """The page of a chat: it keeps the events that reach it.

    :ivar says: what the user answers in dialogs, or something that is raised
    :ivar asked: the dialogs that were shown
    """

    def __init__(self, broken: bool = False) -> None:
        self.events: list[dict[str, Any]] = []
        self.says: Any = None
        self.asked: list[dict[str, Any]] = []
        self._broken = broken

    async def emit(self, event: dict[str, Any]) -> None:
        self.events.append(json.loads(json.dumps(event)))
        if self._broken:
            raise RuntimeError("the page is gone")

    async def call(self, event: dict[str, Any]) -> Any:
        """What the page answers: the user's word in a dialog, else that it is not there."""
        if event["type"] != "confirmation":
            return {"error": "Client session disconnected."}
        self.asked.append(event["data"])
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What the events of a kind hold."""
        return [event["data"] for event in self.events if event["type"] == kind]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["type"] == "status"]


class ToolCalls:
    """One user in one chat who calls the tools of a plugin.

    :param module: the plugin, from :func:`load_plugin`
    :param valves: settings of the tool
    :param user_valves: the user's own settings of it
    :param injected: further arguments that Open WebUI fills in, such as ``__files__``
    """

    def __init__(
        self,
        module: types.ModuleType,
        user: str = "",
        chat: str = "",
        *,
        valves: dict[str, Any] | None = None,
        user_valves: dict[str, Any] | None = None,
        **injected: Any,
    ) -> None:
        self.module = module
        self.user = user or f"user-{next(_numbers)}"
        self.chat = chat or f"chat-{next(_numbers)}"
        self.message = "message-1"
        self.valves = valves or {}
        self.user_valves = user_valves or {}
        self.injected = injected
        self.metadata: dict[str, Any] = {}  # what else Open WebUI says of the chat
        self.page = Page()

    def tools(self) -> Any:
        """A new instance, as Open WebUI makes one for each request."""
        tools = self.module.Tools()
        tools.valves = self.module.Tools.Valves(**self.valves)
        return tools

    async def answer(self, name: str, /, **arguments: Any) -> Any:
        """What the tool returns: the text that the model gets."""
        user: dict[str, Any] = {"id": self.user, "name": "Ada", "role": "user"}
        if self.user_valves:
            user["valves"] = self.module.Tools.UserValves(**self.user_valves)
        injected = {
            "__user__": user,
            "__metadata__": {"chat_id": self.chat, "message_id": self.message, **self.metadata},
            "__event_emitter__": self.page.emit,
            "__event_call__": self.page.call,
            "__files__": [],
            **self.injected,
        }
        return await getattr(self.tools(), name)(**arguments, **injected)

    async def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer as the object that its text holds."""
        text = await self.answer(name, **arguments)
        assert isinstance(text, str)
        answer: dict[str, Any] = json.loads(text)
        return answer

    def run(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """One call from beginning to end, in an event loop of its own."""
        return asyncio.run(self.call(name, **arguments))

    def op(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """A call that succeeds."""
        answer = self.run(name, **arguments)
        assert "error" not in answer, answer
        return answer

    def fail(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """A call that fails, in the one shape."""
        answer = self.run(name, **arguments)
        check_failure(answer, self.page)
        return answer

    def rows(self, **arguments: Any) -> list[list[Any]]:
        rows: list[list[Any]] = self.op("read_excel_range", limit=1000, **arguments)["result"][
            "rows"
        ]
        return rows


def check_failure(answer: dict[str, Any], page: Page | None = None) -> None:
    """An answer that Open WebUI shows as failed, and a last status that says so."""
    assert set(answer) == {"error", "hint", "code"}
    assert all(isinstance(text, str) for text in answer.values())
    assert answer["error"]
    assert answer["code"]
    if page is not None:
        assert page.statuses[-1]["done"] is True
        assert page.statuses[0]["done"] is False
