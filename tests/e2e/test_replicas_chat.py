"""Replicas that share their state, behind the documented proxy: one is killed under a chat.

People see nothing of it: no error, and all changes in the workbook.
"""

from __future__ import annotations

import dataclasses
import io
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from tests.e2e.chat import Chat, SignedInPage, Turn
from tests.e2e.conftest import API_KEY, PLUGIN
from tests.e2e.openwebui import OpenWebUI
from tests.e2e.test_main_job import book_of, call, rows_of, say, succeeded
from tests.halting import halted
from tests.processes import ServerProcess, free_port, service_process
from tests.proxies import proxy_process
from tests.shared_servers import shared_servers

pytestmark = [
    pytest.mark.needs("redis-server"),
    pytest.mark.needs("s3rver"),
    pytest.mark.needs("caddy"),
]

TOOL = "excel_replicas"
HEADERS = ["Item", "Cost"]
# What a replica held when it died is free after a while (``lease_seconds``); the chat tells of it.
WAITS = "document.body.innerText.match(/Writing to .*waiting for its turn [.]{3} \\d+ s/)"
UNDER_WAY = "document.body.innerText.match(/Writing to .*[.]{3} \\d+ s/)"


@dataclasses.dataclass(frozen=True)
class Replicas:
    """Two of them, behind one address."""

    url: str
    both: list[ServerProcess]

    def done(self) -> list[int]:
        """How many operations each has done."""
        return [replica.log.read_text().count('"message": "operation"') for replica in self.both]

    def who_did(self, work: Callable[[], Turn]) -> tuple[ServerProcess, Turn]:
        """The one that did all that was asked meanwhile."""
        before = self.done()
        turn = work()
        (number,) = [n for n, done in enumerate(self.done()) if done > before[n]]
        return self.both[number], turn


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        shared = stack.enter_context(shared_servers(folder / "shared"))
        both = []
        for name in "ab":
            (folder / name).mkdir()
            given = {"engines": "1", "public_url": url, **shared.settings}
            both.append(stack.enter_context(service_process(folder / name, API_KEY, **given)))
        at = [one.health_url.removeprefix("http://").removesuffix("/health") for one in both]
        stack.enter_context(proxy_process(folder, port, at))
        yield Replicas(url, both)


@pytest.fixture(scope="module")
def connected(webui: OpenWebUI, replicas: Replicas) -> Iterator[OpenWebUI]:
    """Open WebUI with the tool, which knows the proxy's address only."""
    valves = {"service_url": replicas.url, "public_url": replicas.url, "api_key": API_KEY}
    webui.install_tool(PLUGIN.read_text(encoding="utf-8"), TOOL, valves)
    yield webui
    webui.request("DELETE", f"/api/v1/tools/id/{TOOL}/delete")


@pytest.fixture
def chat(
    connected: OpenWebUI,
    replicas: Replicas,
    sign_in: Callable[..., SignedInPage],
    shot_name: str,
    request: pytest.FixtureRequest,
) -> Chat:
    for replica in replicas.both:
        replica.stop(signal.SIGKILL)  # what a test has killed comes back for the next
        replica.start()
    shots: Path = request.config.getoption("--shots")
    return Chat(sign_in(connected.admin), shots=shots, name=shot_name, tool_id=TOOL)


def append(chat: Chat, prompt: str, *row: Any) -> Turn:
    return chat.ask(prompt, [append_call(*row), say("Added: {{results.0.link}}")])


def append_call(*row: Any) -> dict[str, Any]:
    return call("write_excel_range", start="append", rows=[row])


def looks_as_ever(turn: Turn, undisturbed: Turn) -> None:
    """The answer, the status line and what the model got are as they were before."""
    succeeded(turn)
    assert turn.error is None
    assert turn.statuses[-1] == undisturbed.statuses[-1]
    assert turn.calls[0].result.keys() == undisturbed.calls[0].result.keys()
    # The page may show more by now: suggestions, the time.
    assert "Wrote to Sheet1" in turn.shown
    assert "Download costs.xlsx" in turn.shown
    assert "error" not in turn.shown.lower()


def test_a_chat_goes_on_when_its_replica_is_killed_between_turns(
    chat: Chat, replicas: Replicas
) -> None:
    made = call("create_excel_file", filename="costs", headers=HEADERS, rows=[["Rent", 1200]])
    begin = [made, call("preview_excel_file"), say("Here: {{results.0.link}}")]
    holder, _ = replicas.who_did(lambda: chat.ask("Make a workbook of my costs", begin))
    undisturbed = append(chat, "Add food", "Food", 450)
    chat.shot("before")
    page = preview_of(replicas, chat)
    rows = [HEADERS, ["Rent", 1200], ["Food", 450]]
    for number, item in enumerate(("Tea", "Books")):
        holder.stop(signal.SIGKILL)
        assert rows_of(link_of(chat)) == rows, "the link of the last answer"
        shows(chat, page, rows)
        chat.reload()
        rows.append([item, number])
        one, turn = replicas.who_did(partial(append, chat, f"Add {item}", item, number))
        assert one is not holder
        looks_as_ever(turn, undisturbed)
        assert chat.chips() == ["costs.xlsx"]
        assert rows_of(book_of(chat, "costs.xlsx").active) == rows
        chat.shot(f"after-{item}")
        holder.start()
        holder = one


def link_of(chat: Chat) -> Any:
    name, data = chat.download_link("Download costs.xlsx")
    assert name == "costs.xlsx"
    return openpyxl.load_workbook(io.BytesIO(data)).active


def preview_of(replicas: Replicas, chat: Chat) -> str:
    """Link of the page that shows the chat's workbook."""
    headers = {
        "Authorization": f"Bearer {API_KEY}",
        "X-User-Id": chat.user.id,
        "X-Chat-Id": chat.id,
        "Accept": "application/json",
    }
    url = f"{replicas.url}/v1/operations/preview_excel_file"
    answer = requests.post(url, json={}, headers=headers, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["preview_url"])


def shows(chat: Chat, page: str, rows: list[list[Any]]) -> None:
    """The page of the preview has the rows; the chat's page is left for it."""
    chat.page.goto(page)
    texts = json.dumps([str(row[0]) for row in rows])
    chat.page.wait(f"{texts}.every(t => document.body.innerText.includes(t))", "the rows")
    chat.shot("preview")


def test_a_chat_goes_on_when_its_replica_is_killed_at_work(chat: Chat, replicas: Replicas) -> None:
    made = call("create_excel_file", filename="costs", headers=HEADERS, rows=[["Rent", 1200]])
    begin = [made, say("Made.")]
    holder, _ = replicas.who_did(lambda: chat.ask("Make a workbook that is worked on", begin))
    undisturbed = append(chat, "Add food", "Food", 450)
    with halted(holder):
        chat.send("Add tea", [append_call("Tea", 3), say("Added: {{results.0.link}}")])
        chat.page.wait(UNDER_WAY, "how far it is")
        chat.shot("under-way")
        holder.stop(signal.SIGKILL)
    chat.page.wait(WAITS, "the call to wait at the other replica")
    chat.shot("killed")
    looks_as_ever(chat.wait_reply(), undisturbed)
    chat.shot("done")
    rows = [HEADERS, ["Rent", 1200], ["Food", 450], ["Tea", 3]]
    assert rows_of(link_of(chat)) == rows
    assert rows_of(book_of(chat, "costs.xlsx").active) == rows, "each once"
    more = append(chat, "Add books", "Books", 20)
    looks_as_ever(more, undisturbed)
    assert rows_of(book_of(chat, "costs.xlsx").active) == [*rows, ["Books", 20]]
    chat.reload()
    chat.shot("on-another-day")
