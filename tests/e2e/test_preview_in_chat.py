"""The preview inside the chat: the page is there at the tool's call, with the height it needs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.e2e.chat import Chat

FRAME = "[...document.querySelectorAll('iframe')].find(f => (f.srcdoc || '').includes('\"data\"'))"


VIEWS = {
    "light": {"width": 1280, "height": 1000},
    "dark": {"width": 1280, "height": 1000, "dark": True},
    "phone": {"width": 390, "height": 844},
}
# Whether something in the chat scrolls sideways, and whether the frame cuts off its page.
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("view", VIEWS)
def test_the_sheet_is_shown_in_the_chat(view: str, new_chat: Callable[..., Chat]) -> None:
    chat = new_chat(**VIEWS[view])
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
    assert page.js(WIDER) <= 0
    assert page.js(f"({FRAME}).getBoundingClientRect().right <= innerWidth")
    page.js(f"({FRAME}).scrollIntoView({{block: 'center'}})")
    page.js("new Promise(done => setTimeout(done, 1500))")  # the frame paints by itself
    chat.shot("shown")
