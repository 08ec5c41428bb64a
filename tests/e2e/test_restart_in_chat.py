"""One service that is stopped and started again in the midst of an answer: nobody sees an error."""

from __future__ import annotations

import signal

import requests

from tests.e2e.browser import wait_until
from tests.e2e.chat import Chat
from tests.e2e.conftest import Service
from tests.e2e.test_main_job import book_of, call, rows_of, say
from tests.e2e.test_replicas_chat import HEADERS, UNDER_WAY, append, append_call, looks_as_ever
from tests.halting import ended, halted
from tests.processes import end

ASKS_AGAIN = "document.body.innerText.includes('the Excel service does not answer; trying again')"


def ready(service: Service) -> bool:
    try:
        return requests.get(f"{service.url}/ready", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_restart_in_the_midst_of_an_answer_is_not_seen(chat: Chat, service: Service) -> None:
    """The call under way is answered; the next one of the same answer waits for the new process."""
    made = call("create_excel_file", filename="costs", headers=HEADERS, rows=[["Rent", 1200]])
    chat.ask("Make a workbook that outlives a restart", [made, say("Made.")])
    undisturbed = append(chat, "Add food", "Food", 450)
    steps = [append_call("Tea", 3), append_call("Books", 20), say("Added: {{results.1.link}}")]
    pid = service.process.pid
    with halted(service.process):
        chat.send("Add tea and books", steps)
        chat.page.wait(UNDER_WAY, "how far it is")
        assert end(pid, signal.SIGTERM)
        wait_until(lambda: not ready(service), 60, "the service to be stopping")
    wait_until(lambda: ended(pid), 60, "the service to have answered and ended")
    chat.page.wait(ASKS_AGAIN, "the chat to say that it asks again")
    chat.shot("between")
    service.process.restart()
    turn = chat.wait_reply()
    chat.shot("done")
    assert [one.arguments["rows"][0][0] for one in turn.calls] == ["Tea", "Books"]
    looks_as_ever(turn, undisturbed)
    rows = [HEADERS, ["Rent", 1200], ["Food", 450], ["Tea", 3], ["Books", 20]]
    assert rows_of(book_of(chat, "costs.xlsx").active) == rows
