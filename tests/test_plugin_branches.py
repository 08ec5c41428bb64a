"""Regenerate, edit, branch: the tool has workbooks stand where the chat goes on.

The service is the real one; Open WebUI's own parts are stand-ins (tests/fake_openwebui.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.backends import Backend, InProcess, Wire, wire
from tests.fake_openwebui import ChatCalls, OpenWebUI
from tests.plugin_fixtures import load_plugin
from tests.test_plugin_openwebui import cells

__all__ = ["wire"]

MODULE = load_plugin()
FOLLOWED = "/branch"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with ExitStack() as stack:
        yield InProcess(tmp_path_factory.mktemp("service"), stack)


@pytest.fixture
def webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenWebUI:
    found = OpenWebUI(tmp_path)
    found.install(monkeypatch)
    return found


@pytest.fixture(params=["", "local:page-1"], ids=["stored", "temporary"])
def calls(webui: OpenWebUI, wire: Wire, request: pytest.FixtureRequest) -> ChatCalls:
    """A chat, stored or temporary, in which a workbook was made."""
    return begun(webui, wire, f"{request.param}-{id(wire)}" if request.param else "")


@pytest.fixture
def stored(webui: OpenWebUI, wire: Wire) -> ChatCalls:
    """A stored chat in which a workbook was made."""
    return begun(webui, wire)


def begun(webui: OpenWebUI, wire: Wire, chat: str = "") -> ChatCalls:
    calls = ChatCalls(webui, MODULE, chat=chat, valves=wire.valves)
    webui.chats.clear()
    calls.reply("a1", "u1")
    calls.op("create_excel_file", filename="costs", headers=["Item"])
    return calls


def add(calls: ChatCalls, item: str) -> dict[str, object]:
    return calls.op("write_excel_range", start="append", rows=[[item]])


def items(calls: ChatCalls) -> list[str]:
    """What the chip of the last answer holds."""
    (chip,) = calls.chips
    return [row[0] for row in cells(calls.webui.content(chip["id"]))[1:]]


def test_regenerate_makes_the_change_once(calls: ChatCalls) -> None:
    calls.reply("a2", "u2", "a1")
    add(calls, "Food")
    calls.reply("a2b", "u2", "a1")
    answer = add(calls, "Food")
    assert "costs.xlsx" in str(answer["notice"])
    assert "notice" not in add(calls, "Water")
    assert items(calls) == ["Food", "Water"]
    calls.reply("a3", "u3", "a2")
    add(calls, "Wages")
    assert items(calls) == ["Food", "Wages"], "on the first way nothing of the second"


def test_a_first_answer_made_anew_makes_the_same_file(calls: ChatCalls) -> None:
    calls.reply("a1b", "u1")
    answer = calls.op("create_excel_file", filename="costs", headers=["Item"])
    assert answer["workbook"] == "costs.xlsx"
    add(calls, "Food")
    assert items(calls) == ["Food"]


def test_a_chat_of_one_way_asks_nothing_of_the_service(stored: ChatCalls, wire: Wire) -> None:
    stored.reply("a2", "u2", "a1")
    add(stored, "Food")
    assert not [what for what in wire.take() if FOLLOWED in what]


def test_an_answer_that_is_only_revised_goes_on_from_the_first(stored: ChatCalls) -> None:
    """ "More concise": the model is shown the first answer, and knows what that one did."""
    stored.reply("a2", "u2", "a1")
    add(stored, "Food")
    stored.reply("a2b", "u2", "a1", regeneration_message_id="a2")
    add(stored, "Water")
    assert items(stored) == ["Food", "Water"]


def test_an_answer_without_any_call_counts_as_one_that_did_nothing(stored: ChatCalls) -> None:
    """Open WebUI keeps nothing of whether it was revised or made anew; the model is told."""
    stored.reply("a2", "u2", "a1")
    add(stored, "Food")
    stored.reply("a2b", "u2", "a1", regeneration_message_id="a2")
    stored.reply("a3", "u3", "a2b")
    answer = add(stored, "Water")
    assert "costs.xlsx" in str(answer["notice"])
    assert items(stored) == ["Water"]
    stored.reply("a4", "u4", "a2")
    add(stored, "Wages")
    assert items(stored) == ["Food", "Wages"], "where the first answer stands, all of it does"


def test_where_the_messages_can_not_be_looked_at_the_call_is_made(
    stored: ChatCalls, webui: OpenWebUI
) -> None:
    webui.broken.add("Chats.get_messages_map_by_chat_id")
    stored.reply("a2", "u2", "a1")
    add(stored, "Food")
    assert items(stored) == ["Food"]


def test_what_comes_back_from_the_chat_is_that_of_this_way(stored: ChatCalls, wire: Wire) -> None:
    stored.reply("a2", "u2", "a1")
    add(stored, "Food")
    wire.delete_session(stored.user, stored.chat)
    stored.reply("a2b", "u2", "a1")
    add(stored, "Water")
    assert items(stored) == ["Water"]


def test_two_models_that_answer_at_once_have_each_their_own_file(
    webui: OpenWebUI, wire: Wire
) -> None:
    first = ChatCalls(webui, MODULE, valves=wire.valves)
    webui.chats.clear()
    who = {"user": first.user, "chat": first.chat}
    other = ChatCalls(webui, MODULE, **who, valves=wire.valves)
    webui.chats.clear()
    both = {"a": first, "b": other}
    for message, calls in both.items():
        calls.reply(message, "u1")

    async def answer(calls: ChatCalls, name: str) -> None:
        made = await calls.call("create_excel_file", filename="costs", headers=["Item"])
        assert made["workbook"] == "costs.xlsx"
        for number in range(4):
            more = {"start": "append", "rows": [[f"{name}{number}"]]}
            assert "error" not in await calls.call("write_excel_range", **more)

    async def answers() -> None:
        await asyncio.gather(*(answer(calls, name) for name, calls in both.items()))

    asyncio.run(answers())
    for name, calls in both.items():
        assert items(calls) == [f"{name}{number}" for number in range(4)]
