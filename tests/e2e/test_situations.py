"""What happens in chats: several files, parallel calls, regenerate, edit, branches, and so on.

Each test asserts what the user sees (one chip for each file), what the downloaded workbook holds
(no change lost, none made twice), and takes pictures.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.e2e.chat import Chat
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.test_main_job import call, rows_of, say, succeeded
from tests.e2e.test_preview_in_chat import FRAME

HEADERS = ["Item", "Cost"]


def items(data: bytes) -> list[Any]:
    """The first column below its header."""
    return [row[0] for row in rows_of(openpyxl.load_workbook(io.BytesIO(data)).active)[1:]]


def made(name: str, *things: str) -> dict[str, Any]:
    rows = [[thing, number] for number, thing in enumerate(things, 1)]
    return call("create_excel_file", filename=name, headers=HEADERS, rows=rows)


def added(*things: str) -> dict[str, Any]:
    """A step in which the model calls a tool for each thing, at once."""
    calls = [call("write_excel_range", start="append", rows=[[thing, 9]]) for thing in things]
    return {"tool_calls": [found for one in calls for found in one["tool_calls"]]}


def ids(chat: Chat) -> list[str]:
    """The stored files behind the chips of all answers."""
    messages = chat.stored()["history"]["messages"].values()
    return [file["id"] for message in messages for file in message.get("files") or []]


# One turn --------------------------------------------------------------------------------


def test_several_files_in_one_turn_are_a_chip_each(chat: Chat) -> None:
    turn = chat.ask(
        "One file for the rent, one for the food, and a CSV of the rent, please.",
        [
            made("rent", "Flat", "Garage"),
            made("food", "Bread"),
            call("export_excel_file", workbook="rent", format="csv"),
            call("write_excel_range", workbook="food", start="append", rows=[["Milk", 2]]),
            say("Three files."),
        ],
    )
    succeeded(turn)
    chat.shot("done")
    assert sorted(chat.chips()) == ["food.xlsx", "rent.csv", "rent.xlsx"]
    chat.reload()
    chat.shot("reloaded")
    assert sorted(chat.chips()) == ["food.xlsx", "rent.csv", "rent.xlsx"]
    assert items(chat.download_chip("rent.xlsx")) == ["Flat", "Garage"]
    assert items(chat.download_chip("food.xlsx")) == ["Bread", "Milk"]
    assert chat.download_chip("rent.csv").decode("utf-8-sig").splitlines()[0] == "Item,Cost"


def test_parallel_calls_are_all_done_once_and_give_one_chip(chat: Chat) -> None:
    both = [made("rent", "Flat"), made("food", "Bread")]
    at_once = {"tool_calls": [found for one in both for found in one["tool_calls"]]}
    wanted = [f"Thing {number}" for number in range(8)]
    rows = [("food", thing) for thing in wanted] + [("rent", "Garage")]
    more = [
        call("write_excel_range", workbook=book, start="append", rows=[[thing, 9]])
        for book, thing in rows
    ]
    appended = {"tool_calls": [found for one in more for found in one["tool_calls"]]}
    turn = chat.ask("Two files and nine rows, all at once.", [at_once, appended, say("Done.")])
    succeeded(turn)
    chat.shot("done")
    assert len(turn.calls) == 11
    assert sorted(chat.chips()) == ["food.xlsx", "rent.xlsx"]
    assert items(chat.download_chip("food.xlsx")) == ["Bread", *wanted]
    assert items(chat.download_chip("rent.xlsx")) == ["Flat", "Garage"]


# Other branches ---------------------------------------------------------------------------


def test_an_answer_that_is_regenerated_makes_its_change_once(chat: Chat) -> None:
    chat.ask("Make a list of my costs.", [made("costs", "Rent"), say("Made.")])
    chat.ask("Add food.", [added("Food"), say("Food is in it.")])
    turn = succeeded(chat.regenerate())
    chat.shot("regenerated")
    assert "As they were there: costs.xlsx" in turn.result["notice"]
    assert chat.chips() == ["costs.xlsx"]
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food"]
    succeeded(chat.regenerate())
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food"], "also the third time"
    chat.ask("And water.", [added("Water"), say("Water, too.")])
    chat.shot("gone-on")
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food", "Water"]
    assert len(set(ids(chat))) == 5, "each answer has its own file"


def test_a_first_answer_that_is_regenerated_makes_its_file_anew(chat: Chat) -> None:
    chat.ask("Make a list of my costs, please.", [made("costs", "Rent"), added("Food"), say("Ok.")])
    turn = succeeded(chat.regenerate())
    chat.shot("regenerated")
    assert turn.calls[0].result["workbook"] == "costs.xlsx"
    assert chat.chips() == ["costs.xlsx"]
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food"]


def test_an_earlier_message_is_edited_and_both_branches_go_on(chat: Chat) -> None:
    chat.ask("Make a list of all costs.", [made("costs", "Rent"), say("Made.")])
    chat.ask("Add food, please.", [added("Food"), say("Food is in it.")])
    chat.ask("And wages.", [added("Wages"), say("Wages, too.")])
    turn = chat.edit(1, "Add power instead.", [added("Power"), say("Power is in it.")])
    succeeded(turn)
    chat.shot("edited")
    assert chat.chips() == ["costs.xlsx"]
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Power"]
    chat.leaf("Previous", asked=True, turns=3)
    chat.shot("back")
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food", "Wages"]
    chat.ask("And taxes.", [added("Taxes"), say("Taxes, too.")])
    chat.shot("gone-on")
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Food", "Wages", "Taxes"]


def test_a_forked_chat_goes_on_from_its_answer_and_the_first_one_stays(chat: Chat) -> None:
    chat.ask("Make a list to fork.", [made("costs", "Rent"), say("Made.")])
    chat.ask("Add food to the list.", [added("Food"), say("Food is in it.")])
    first = chat.id
    chat.fork(0)
    turn = chat.ask("Add power to the list.", [added("Power"), say("Power is in it.")])
    succeeded(turn)
    chat.shot("fork")
    assert chat.chips() == ["costs.xlsx"]
    assert items(chat.download_chip("costs.xlsx")) == ["Rent", "Power"]
    assert chat.id != first
    stored = chat.webui.chat(first)["history"]["messages"].values()
    (file,) = [m for m in stored if m.get("files")][-1]["files"]
    assert items(chat.webui.download(file["id"])) == ["Rent", "Food"]


# Kinds of chats ---------------------------------------------------------------------------


@pytest.fixture
def temporary(new_chat: Callable[..., Chat]) -> Chat:
    return new_chat(temporary=True)


def test_a_temporary_chat_keeps_its_workbook_and_nothing_is_doubled(temporary: Chat) -> None:
    chat = temporary
    chat.ask("Make a list for a moment.", [made("secret", "Rent"), say("Made.")])
    chat.ask("Add food for a moment.", [added("Food"), added("Milk"), say("Food is in it.")])
    chat.shot("changed")
    assert chat.chips() == ["secret.xlsx"]
    assert items(chat.download_chip("secret.xlsx")) == ["Rent", "Food", "Milk"]
    chat.regenerate()
    chat.shot("regenerated")
    assert chat.chips() == ["secret.xlsx"]
    assert items(chat.download_chip("secret.xlsx")) == ["Rent", "Food", "Milk"]
    stored = chat.webui.request("GET", "/api/v1/chats/").json()
    assert not any("moment" in str(entry) for entry in stored)


def test_a_shared_chat_is_seen_and_gone_on_with_by_another(
    new_chat: Callable[..., Chat],
    webui: OpenWebUI,
    bob: User,
) -> None:
    first = new_chat()
    first.ask("Make a list to share.", [made("shared", "Rent"), say("Made.")])
    share = webui.request("POST", f"/api/v1/chats/{first.id}/share").json()["share_id"]
    everyone = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
    path = f"/api/v1/chats/shared/{first.id}/access/update"
    webui.request("POST", path, json={"access_grants": everyone})
    other = new_chat(bob)
    other.page.goto(f"{webui.url}/s/{share}")
    other.page.wait("document.body.innerText.includes('shared.xlsx')", "the shared chat")
    other.shot("seen")
    assert items(other.download_chip("shared.xlsx")) == ["Rent"]
    clone = webui.request("POST", f"/api/v1/chats/{share}/clone/shared", user=bob).json()["id"]
    other.take_over(first, clone)
    succeeded(other.ask("Add food to the shared one.", [added("Food"), say("Food is in it.")]))
    other.shot("gone-on")
    assert other.chips() == ["shared.xlsx"]
    assert items(other.download_chip("shared.xlsx")) == ["Rent", "Food"]
    first.ask("Add power to the shared one.", [added("Power"), say("Power is in it.")])
    assert items(first.download_chip("shared.xlsx")) == ["Rent", "Power"]


# How it looks -----------------------------------------------------------------------------


def test_on_a_phone_in_the_dark_nothing_is_cut_off(new_chat: Callable[..., Chat]) -> None:
    chat = new_chat(width=390, height=844, dark=True)
    name = "a rather long name of a workbook for the year 2026"
    chat.ask(
        "Make a list of my costs on the phone.",
        [made(name, "Rent", "Food"), say("Here it is: {{results.0.link}}")],
    )
    chat.shot("made")
    turn = chat.ask("Show it.", [added("Power"), call("preview_excel_file"), say("There it is.")])
    succeeded(turn)
    chat.page.wait(f"!!{FRAME}", "the preview")
    chat.page.wait(f"({FRAME}).getBoundingClientRect().height > 150", "its height")
    chat.shot("shown")
    assert chat.page.js("document.documentElement.scrollWidth") <= 390
    right = "Math.max(...[...document.querySelectorAll('.chat-assistant, .chat-assistant .group')]"
    right += ".map(e => e.getBoundingClientRect().right))"
    assert chat.page.js(right) <= 390
    assert chat.chips() == [f"{name}.xlsx"]
    assert items(chat.download_chip(f"{name}.xlsx")) == ["Rent", "Food", "Power"]
    chat.regenerate()
    chat.shot("regenerated")
    assert items(chat.download_chip(f"{name}.xlsx")) == ["Rent", "Food", "Power"]
