"""The chat and the preview in German: status lines, suggestions, the page of a sheet."""

from __future__ import annotations

from tests.e2e.chat import Chat
from tests.e2e.test_main_job import book_of, call, rows_of, say, succeeded
from tests.e2e.test_preview_in_chat import FRAME


def test_a_german_page_is_answered_in_german(chat: Chat) -> None:
    page = chat.page
    page.js("localStorage.setItem('locale', 'de-DE') || true")  # as its settings keep it
    headers = ["Was", "Betrag", "Bis"]
    rows = [["Miete", 1200, "2026-12-31"], ["Strom", 80.5, "2026-11-30"]]
    sums = {"start": "A4", "rows": [["Summe", "=SUMME(B2;B3)"]]}
    turn = chat.ask(
        "Leg meine Kosten an und zeig sie",
        [
            call("create_excel_file", filename="Kosten", headers=headers, rows=rows),
            call("save_excel_file"),
            call("write_excel_range", **sums),
            call("format_excel_cells", range="C2:C3", style={"number_format": "TT.MM.JJJJ"}),
            call("preview_excel_file"),
            say("Hier ist sie."),
        ],
    )
    succeeded(turn)
    told = [status["description"] for status in turn.statuses]
    assert told[0] == "Kosten wird erstellt"
    assert "Kosten.xlsx erstellt" in told
    assert "Sheet1: Zellen geschrieben" in told
    assert told[-1] == "Sheet1: Vorschau erstellt"
    assert "SUMME is SUM" in turn.calls[2].result["result"]["notes"][0], "the model reads English"
    page.wait(f"({FRAME})?.getBoundingClientRect().height > 250", "the preview with its height")
    assert page.js(f"({FRAME}).srcdoc.includes('<html lang=\"de\">')")
    page.js("new Promise(done => setTimeout(done, 1500))")  # the frame paints by itself
    assert "Exportiere Kosten.xlsx als PDF" in page.js("document.body.innerText")
    chat.shot("german")
    sheet = book_of(chat, "Kosten.xlsx").worksheets[0]
    assert rows_of(sheet)[3][:2] == ["Summe", "=SUM(B2,B3)"]
    assert sheet["C2"].number_format == "dd.mm.yyyy"
