"""A long call in the chat: it says how far it is, and the user's Stop ends it."""

from __future__ import annotations

from tests.e2e.chat import Chat
from tests.e2e.conftest import Service
from tests.halting import ended, halted

STOP = "document.querySelector('button[aria-label=\"Stop\"]')"
ROWS = [["Item", "Cost"], ["Rent", 1200]]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"


def stop(chat: Chat, said: str) -> None:
    """Stop the answer; what is said last of the call."""
    chat.page.click(STOP)
    chat.page.wait(f"!({STOP})", "the answer to be stopped")
    chat.page.wait(f"document.body.innerText.includes({said!r})", "the last status")
    chat.shot("stopped")


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
        told = "document.body.innerText.match(/Writing to .*[.]{3} \\d+ s/)"
        chat.page.wait(told, "how far it is")
        chat.shot("under-way")
        stop(chat, "Writing to the workbook: stopped")
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
    query = {"name": "query_excel_data", "arguments": {"sql": ENDLESS}}
    chat.send("Ask it for long", [{"tool_calls": [query]}, {"text": "Asked."}])
    chat.page.wait("document.body.innerText.match(/Searching .*[.]{3} \\d+ s/)", "how far it is")
    with halted(service.process):  # it would end by itself after a while
        stop(chat, "Searching the data of the workbook: stopped")
    dearest = {"sql": "SELECT item FROM sheet1 ORDER BY cost DESC LIMIT 1"}
    turn = chat.ask(
        "What costs most?",
        [
            {"tool_calls": [{"name": "query_excel_data", "arguments": dearest}]},
            {"text": "{{results.0.result.rows.0.0}}"},
        ],
    )
    assert turn.result["result"]["rows"] == [["Rent"]]
