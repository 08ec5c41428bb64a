"""The preview inside the chat: the page is there at the tool's call, with the height it needs."""

from __future__ import annotations

import json

from tests.e2e.chat import Chat

FRAME = "[...document.querySelectorAll('iframe')].find(f => (f.srcdoc || '').includes('\"data\"'))"


def test_the_sheet_is_shown_in_the_chat(chat: Chat) -> None:
    rows = [[f"Item {n}", 100 + n] for n in range(1, 12)]
    made = {"filename": "costs", "headers": ["Item", "Cost"], "rows": rows}
    turn = chat.ask(
        "Show me my costs",
        [
            {"tool_calls": [{"name": "create_excel_file", "arguments": made}]},
            {"tool_calls": [{"name": "preview_excel_file", "arguments": {}}]},
            {"text": "There it is."},
        ],
    )
    assert [call.status for call in turn.calls] == ["completed", "completed"]
    answer = turn.calls[1].result
    assert answer["result"]["the_user_sees_it"] is True
    assert len(json.dumps(answer)) < 1_500
    page = chat.page
    page.wait(f"!!{FRAME}", "the preview")
    page.wait(f"({FRAME}).getBoundingClientRect().height > 250", "its height")
    assert "allow-same-origin" not in page.js(f"({FRAME}).getAttribute('sandbox')")
    chat.shot("shown")
