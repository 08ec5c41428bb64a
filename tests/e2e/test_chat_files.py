"""Files that are in the chat one way or another: found by what a model remembers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.e2e.chat import Chat
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.scripted_model import MODEL_ID
from tests.e2e.test_main_job import call, say, succeeded


def workbook(path: Path, *rows: list[Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def uploaded(webui: OpenWebUI, path: Path, user: User | None = None) -> str:
    """The id of a file that Open WebUI has taken in, without a chat."""
    with path.open("rb") as file:
        answer = webui.request(
            "POST",
            "/api/v1/files/?process_in_background=false",
            user=user,
            files={"file": (path.name, file)},
        )
    return str(answer.json()["id"])


def collected(webui: OpenWebUI, name: str, path: Path, *, public: bool) -> dict[str, str]:
    """A knowledge collection of the admin with one file, as a model's knowledge names it."""
    everyone = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
    form = {"name": name, "description": name, "access_grants": everyone if public else []}
    id_ = webui.request("POST", "/api/v1/knowledge/create", json=form).json()["id"]
    form = {"file_id": uploaded(webui, path)}
    webui.request("POST", f"/api/v1/knowledge/{id_}/file/add", json=form)
    return {"type": "collection", "id": id_, "name": name}


def test_a_file_of_an_earlier_message_needs_no_opening_and_no_whole_name(
    chat: Chat, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "Costs of 2026.xlsx", ["Item", "Cost"], ["Rent", 1200])
    chat.ask("Here are our costs, for later.", [say("Thank you.")], attach=[path])
    turn = chat.ask(
        "And how much is the rent?",
        [
            call("read_excel_range", workbook="the costs"),
            say("It is {{results.0.result.rows.1.1}}."),
        ],
    )
    chat.shot("answered")
    succeeded(turn)
    assert turn.result["workbook"] == "Costs of 2026.xlsx"
    assert turn.result["asked_for"] == "the costs"
    assert "1200" in chat.text()


def test_two_files_of_one_name_are_asked_about(chat: Chat, tmp_path: Path) -> None:
    first = workbook(tmp_path / "a" / "people.xlsx", ["Name"], ["Ada"])
    second = workbook(tmp_path / "b" / "people.xlsx", ["Name"], ["Bob"])
    chat.ask("Here are our people.", [say("Thank you.")], attach=[first])
    turn = chat.ask(
        "Or rather these. Who is in it?",
        [
            call("open_excel_file", file="people.xlsx"),
            call("list_excel_files"),
            call("open_excel_file", file="latest"),
            call("read_excel_range"),
            say("{{results.3.result.rows.1.0}} is in it."),
        ],
        attach=[second],
    )
    chat.shot("answered")
    refused, listed, *done = turn.calls
    assert refused.status == "failed"
    assert refused.result["code"] == "ambiguous_name"
    attached = listed.result["result"]["attached"]
    assert [entry["name"] for entry in attached] == ["people.xlsx", "people.xlsx"]
    assert all(entry["id"] in refused.result["error"] for entry in attached)
    assert listed.result["result"]["open"] == []
    assert [c.status for c in done] == ["completed", "completed"]
    assert "Bob is in it" in chat.text()


def test_a_file_of_the_chats_folder_is_opened(
    new_chat: Callable[..., Chat], webui: OpenWebUI, bob: User, tmp_path: Path
) -> None:
    plan = workbook(tmp_path / "Plan of the move.xlsx", ["Day", "Task"], ["Monday", "Pack"])
    entry = {"type": "file", "id": uploaded(webui, plan, bob), "name": plan.name}
    form = {"name": "Move", "data": {"files": [entry]}}
    folder = webui.request("POST", "/api/v1/folders/", user=bob, json=form).json()["id"]
    chat = new_chat(bob)
    chat.ask("Hello, folder.", [say("Hello.")])
    form = {"folder_id": folder}
    webui.request("POST", f"/api/v1/chats/{chat.id}/folder", user=bob, json=form)
    turn = chat.ask(
        "What comes first in our plan?",
        [
            call("list_excel_files"),
            call("open_excel_file", file="the plan"),
            call("read_excel_range"),
            say("{{results.2.result.rows.1.1}} comes first."),
        ],
    )
    chat.shot("answered")
    succeeded(turn)
    (attached,) = turn.calls[0].result["result"]["attached"]
    assert (attached["name"], attached["in"]) == (plan.name, "folder")
    assert turn.calls[1].result["workbook"] == plan.name
    assert "Pack comes first" in chat.text()


@pytest.fixture
def librarian(webui: OpenWebUI, tmp_path: Path) -> Iterator[None]:
    """The model knows two collections, of which ordinary users may read one."""
    prices = workbook(tmp_path / "Price list 2026.xlsx", ["Item", "Price"], ["Desk", 410])
    wages = workbook(tmp_path / "Wages.xlsx", ["Name", "Wage"], ["Ada", 4000])
    knowledge = [
        collected(webui, "Prices", prices, public=True),
        collected(webui, "Wages", wages, public=False),
    ]
    form = {
        "id": MODEL_ID,
        "name": MODEL_ID,
        "base_model_id": None,
        "meta": {"knowledge": knowledge},
        "params": {},
    }
    webui.request("POST", "/api/v1/models/create", json=form)
    webui.request("GET", "/api/models?refresh=true")
    yield
    webui.request("POST", "/api/v1/models/model/delete", json={"id": MODEL_ID})
    webui.request("GET", "/api/models?refresh=true")


@pytest.mark.usefixtures("librarian")
def test_a_file_of_the_models_knowledge_is_opened_if_the_user_may_read_it(
    new_chat: Callable[..., Chat], bob: User
) -> None:
    chat = new_chat(bob)
    turn = chat.ask(
        "What does a desk cost, and what does Ada earn?",
        [
            call("open_excel_file", file="price list"),
            call("read_excel_range"),
            call("open_excel_file", file="wages"),
            say("A desk is {{results.1.result.rows.1.1}}; {{results.2.error}}"),
        ],
    )
    chat.shot("answered")
    opened, read, refused = turn.calls
    assert (opened.status, read.status, refused.status) == ("completed", "completed", "failed")
    assert opened.result["workbook"] == "Price list 2026.xlsx"
    assert refused.result["code"] == "file_not_found"
    assert "Wages.xlsx" not in str(refused.result)
    assert "A desk is 410" in chat.text()
