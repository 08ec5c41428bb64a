"""A long call in the chat: it says how far it is, and the user's Stop ends it."""

from __future__ import annotations

from tests.e2e.chat import Chat
from tests.e2e.conftest import Service
from tests.halting import ended, halted

STOP = "document.querySelector('button[aria-label=\"Stop\"]')"
ROWS = [["Item", "Cost"], ["Rent", 1200]]


def test_a_long_call_is_told_and_stopped(chat: Chat, service: Service) -> None:
    made = {"filename": "budget", "rows": ROWS}
    chat.ask(
        "Make a budget that I will stop you at",
        [{"tool_calls": [{"name": "create_excel_file", "arguments": made}]}, {"text": "Made."}],
    )
    more = {"start": "append", "rows": [["Food", 450]]}
    write = {"name": "write_excel_range", "arguments": more}
    with halted(service.process) as engines:
        chat.send("Add food", [{"tool_calls": [write]}, {"text": "Added."}])
        told = "document.body.innerText.match(/Writing to .*[.]{3} [4-9] s/)"
        chat.page.wait(told, "how far it is")
        chat.shot("under-way")
        chat.page.click(STOP)
        chat.page.wait(f"!({STOP})", "the answer to be stopped")
        chat.page.wait("document.body.innerText.includes('stopped')", "the last status")
        chat.shot("stopped")
        assert any(ended(pid) for pid in engines)
    turn = chat.ask(
        "What is in it?",
        [{"tool_calls": [{"name": "read_excel_range", "arguments": {}}]}, {"text": "This."}],
    )
    assert turn.result["result"]["rows"] == ROWS
    replies = [m for m in chat.stored()["history"]["messages"].values() if m["role"] != "user"]
    stopped = replies[1]
    said = [status["description"] for status in stopped["statusHistory"]]
    assert said[0] == "Writing to the workbook"
    assert any(" ... " in text for text in said)
    assert stopped["statusHistory"][-1]["description"] == "Writing to the workbook: stopped"
    assert stopped["statusHistory"][-1]["done"]
