"""What the page shows beside the answer: lines, a dialog, suggestions, the changed workbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.chat import Chat
from tests.e2e.conftest import TOOL_ID
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.scripted_model import ScriptedModel
from tests.e2e.test_main_job import call, say, succeeded

ROWS = [{"Region": "North", "Amount": 3}, {"Region": "South", "Amount": 4}]
MADE = call("create_excel_file", filename="sales", rows=ROWS, sheet="Summary")
ASKED = "document.body.innerText.includes('Close without saving?')"
BUTTON = "[...document.querySelectorAll('button')].find(b => b.innerText.trim() === '{}')"
FRAMES = (
    "[...document.querySelectorAll('iframe')].filter(f => (f.srcdoc || '').includes('\"data\"'))"
)


def suggestions(chat: Chat) -> list[str]:
    """What the page suggests below the last answer."""
    found: list[str] = chat.page.js(
        "[...([...document.querySelectorAll('div')].filter(e => e.innerText === 'Follow up').at(-1)"
        "?.parentElement.querySelectorAll('button') || [])].map(e => e.innerText.trim())"
    )
    return found


def lines(turn: Any) -> list[str]:
    """What was told, without how far calls were: a busy machine takes long."""
    found = [status["description"] for status in turn.statuses]
    return [line for line in found if not re.search(r" [.]{3} \d+ s$", line)]


# The dialog before unsaved work is lost ------------------------------------------------


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_a_yes_closes(view: str, new_chat: Callable[..., Chat]) -> None:
    views: dict[str, dict[str, Any]] = {
        "light": {},
        "dark": {"dark": True},
        "phone": {"width": 390, "height": 844},
    }
    chat = new_chat(**views[view])
    succeeded(chat.ask(f"Make sales ({view})", [MADE, say("Made.")]))
    chat.send("Close it", [call("close_excel_file"), say("Closed.")])
    chat.page.wait(ASKED, "the question")
    chat.page.wait("document.body.innerText.includes('sales.xlsx has unsaved changes (1)')", "why")
    chat.shot("question")
    chat.page.click(BUTTON.format("Confirm"))
    turn = succeeded(chat.wait_reply())
    assert turn.result["result"]["discarded_changes"] == 1
    assert lines(turn) == ["Closing the workbook", "Closed sales.xlsx"]


def test_a_no_keeps_it_open_and_the_model_is_told(chat: Chat) -> None:
    succeeded(chat.ask("Make sales that stay open", [MADE, say("Made.")]))
    chat.send("Close it", [call("close_excel_file"), say("You said: {{results.0.error}}")])
    chat.page.wait(ASKED, "the question")
    chat.page.click(BUTTON.format("Cancel"))
    turn = chat.wait_reply()
    assert turn.result["code"] == "declined"
    assert lines(turn)[-1] == "sales.xlsx stays open, with its unsaved changes"
    assert turn.statuses[-1]["done"] is True
    chat.shot("declined")
    turn = chat.ask(
        "Save it, then close it",
        [call("save_excel_file"), call("close_excel_file"), say("Both done.")],
    )
    succeeded(turn)
    assert turn.result["result"]["discarded_changes"] == 0
    assert not chat.page.js(ASKED)


# Lines and suggestions ------------------------------------------------------------------


@pytest.mark.needs("soffice")  # else no PDF is suggested
def test_lines_say_what_is_done_and_suggestions_follow_from_it(chat: Chat) -> None:
    turn = chat.ask("Make sales to draw", [MADE, say("Made.")])
    assert lines(succeeded(turn)) == ["Creating sales", "Created sales.xlsx"]
    wanted = "Make a chart of Amount per Region from sales.xlsx"
    chat.page.wait(f"document.body.innerText.includes({wanted!r})", "the suggestions")
    assert suggestions(chat)[0] == wanted
    chat.shot("suggested")
    steps = [call("create_excel_chart", data_range="A1:B3"), say("There it is.")]
    turn = chat.ask("Make a chart", steps)
    assert lines(succeeded(turn)) == ["Adding a chart to the workbook", "Chart added to Summary"]
    chat.page.wait("document.body.innerText.includes('Export sales.xlsx as PDF')", "the next one")
    assert suggestions(chat) == ["Export sales.xlsx as PDF"]
    assert chat.chips() == ["sales.xlsx"]
    chat.reload()
    chat.page.wait("document.body.innerText.includes('Export sales.xlsx as PDF')", "it again")
    chat.shot("after-reload")


def test_a_suggestion_that_is_clicked_is_asked(chat: Chat) -> None:
    turns = [call("create_excel_chart", data_range="A1:B3"), say("Drawn as you wished.")]
    succeeded(chat.ask("Make sales to click at", [MADE, say("Made.")]))
    wanted = "Make a chart of Amount per Region from sales.xlsx"
    chat._turns.append(turns)
    chat._prompts.append(wanted)
    button = (
        f"[...document.querySelectorAll('button')].find(b => b.innerText.trim() === {wanted!r})"
    )
    chat.page.wait(button, "the suggestion")
    chat.page.click(button)
    turn = succeeded(chat.wait_reply())
    assert [one.name for one in turn.calls] == ["create_excel_chart"]


@pytest.fixture
def suggesting(webui: OpenWebUI, model: ScriptedModel) -> Iterator[ScriptedModel]:
    """A model that Open WebUI asks for suggestions after each answer."""
    config = webui.request("GET", "/api/v1/tasks/config").json()
    path = "/api/v1/tasks/config/update"
    webui.request("POST", path, json={**config, "ENABLE_FOLLOW_UP_GENERATION": True})
    model.follow_ups = ["What a model would ask next"]
    yield model
    model.follow_ups = []
    webui.request("POST", path, json=config)


def test_the_suggestions_of_the_model_take_the_place_of_the_tools(
    suggesting: ScriptedModel, chat: Chat
) -> None:
    succeeded(chat.ask("Make sales with a model that suggests", [MADE, say("Made.")]))
    wanted = suggesting.follow_ups[0]
    chat.page.wait(f"document.body.innerText.includes({wanted!r})", "the model's suggestion")
    assert suggestions(chat) == [wanted]
    chat.shot("the-models-own")
    chat.reload()
    chat.page.wait(f"document.body.innerText.includes({wanted!r})", "it again")
    assert suggestions(chat) == [wanted]


# The workbook after a change ---------------------------------------------------------------


@pytest.fixture
def seeing(webui: OpenWebUI, bob: User) -> Iterator[User]:
    """A user who wants to see each change."""
    path = f"/api/v1/tools/id/{TOOL_ID}/valves/user/update"
    webui.request("POST", path, user=bob, json={"show_changes": True})
    yield bob
    webui.request("POST", path, user=bob, json={})


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_the_workbook_is_shown_once_as_the_last_change_left_it(
    view: str, seeing: User, new_chat: Callable[..., Chat]
) -> None:
    size: dict[str, Any] = {"width": 390, "height": 844} if view == "phone" else {}
    chat = new_chat(seeing, dark=view == "dark", **size)
    more = call("write_excel_range", start="append", rows=[["West", 5]])
    drawn = call("create_excel_chart", data_range="A1:B4")
    turn = chat.ask(f"Make sales to see ({view})", [MADE, more, drawn, say("Made, and drawn.")])
    succeeded(turn)
    chat.page.wait(f"{FRAMES}.length === 1", "one page")
    chat.page.wait(f"{FRAMES}[0].getBoundingClientRect().height > 250", "its height")
    assert "West" in chat.page.js(f"{FRAMES}[0].srcdoc")
    assert chat.page.js(f"{FRAMES}[0].getBoundingClientRect().right <= innerWidth")
    chat.page.js("new Promise(done => setTimeout(done, 1500))")  # the frame paints by itself
    chat.shot("shown")
    succeeded(chat.ask("Read it", [call("read_excel_range"), say("Read.")]))
    assert chat.page.js(f"{FRAMES}.length") == 1, "nothing new to see"
    chat.reload()
    chat.page.wait(f"{FRAMES}.length === 1", "it again")
    stored = [m.get("embeds") or [] for m in chat.stored()["history"]["messages"].values()]
    assert sorted(map(len, stored)) == [0, 0, 0, 1]


def test_a_preview_that_is_asked_for_is_the_only_one(seeing: User, new_chat: Any) -> None:
    chat = new_chat(seeing)
    turn = chat.ask(
        "Make sales and show them", [MADE, call("preview_excel_file"), say("There it is.")]
    )
    succeeded(turn)
    chat.page.wait(f"{FRAMES}.length === 1", "one page")
    chat.page.js("new Promise(done => setTimeout(done, 1500))")
    chat.shot("only-one")
    assert chat.page.js(f"{FRAMES}.length") == 1


def test_a_temporary_chat_shows_two_workbooks(seeing: User, new_chat: Callable[..., Chat]) -> None:
    chat = new_chat(seeing, temporary=True)
    other = call("create_excel_file", filename="other", headers=["Item"], rows=[["Rent"]])
    more = call("write_excel_range", workbook="sales", start="append", rows=[["West", 5]])
    chat.ask("Make two for a moment", [MADE, other, more, say("Made both.")])
    chat.page.wait(f"{FRAMES}.length === 2", "both pages")
    chat.page.js("new Promise(done => setTimeout(done, 1500))")
    chat.shot("both")
    assert "Rent" in chat.page.js(f"{FRAMES}[0].srcdoc")
    assert "West" in chat.page.js(f"{FRAMES}[1].srcdoc")


# Errors ---------------------------------------------------------------------------------------


def test_a_person_reads_what_is_wrong(chat: Chat) -> None:
    turn = chat.ask(
        "Make sales and read what is not there",
        [MADE, call("read_excel_range", sheet="Sumary"), say("There is no such sheet.")],
    )
    line = 'Reading Sumary did not work: No sheet "Sumary" in sales.xlsx.'
    assert lines(turn)[-1].startswith(line)
    assert not re.search(r"[a-z]+_[a-z]+", lines(turn)[-1])
    chat.shot("error")
