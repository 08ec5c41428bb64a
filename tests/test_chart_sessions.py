"""Charts in a session: undone and redone, kept when saved and opened again; a list is no change."""

from __future__ import annotations

from typing import Any

from tests.service_fixtures import Chat

ROWS = [["Leads", 500, 3], ["Offers", 200, 2], ["Won", 50, 1]]


def create(chat: Chat) -> None:
    headers = ["Stage", "Deals", "Years"]
    chat.op("create_excel_file", filename="book.xlsx", headers=headers, rows=ROWS)


def listed(chat: Chat) -> dict[str, Any]:
    result: dict[str, Any] = chat.op("create_excel_chart", action="list")["result"]
    return result


def test_charts_of_new_kinds_and_sparklines_are_undone_and_redone(chat: Chat) -> None:
    create(chat)
    chat.op("create_excel_chart", chart_type="funnel", data_range="A1:B4", title="Deals")
    chat.op("create_excel_chart", chart_type="sparkline_line", position="H2:H4")
    chat.op("create_excel_chart", action="change", title="Won deals", options={"chart": "Deals"})
    told = chat.op("undo_excel_change", action="changes", steps=0)["result"]
    assert (told["charts_added"], told["layout_changed"]) == (1, {"Sheet1": ["sparklines"]})
    after = listed(chat)
    assert after["charts"][0]["title"] == "Won deals"
    chat.op("undo_excel_change", steps=1)
    assert listed(chat)["charts"][0]["title"] == "Deals"
    chat.op("undo_excel_change", steps=2)
    assert listed(chat) == {"charts": []}
    chat.op("undo_excel_change", action="redo", steps=3)
    assert listed(chat) == after


def test_a_list_leaves_nothing_to_undo(chat: Chat) -> None:
    create(chat)
    chat.op("create_excel_chart", chart_type="funnel", data_range="A1:B4")
    for _ in range(3):
        listed(chat)
    chat.op("undo_excel_change", steps=1)
    assert listed(chat) == {"charts": []}


def test_charts_survive_a_save_and_an_opening(chat: Chat) -> None:
    create(chat)
    chat.op("create_excel_chart", chart_type="treemap", data_range="A1:B4", title="Map")
    chat.op("create_excel_chart", data_range="A1:B4", options={"own_sheet": "Big"})
    chat.op("create_excel_chart", chart_type="sparkline_column", position="H2:H4")
    before = listed(chat)
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="book.xlsx")
    assert listed(chat) == before
    chat.op("edit_excel_sheet", sheet="Sheet1", action="insert_rows", target="1:1")
    chat.op("create_excel_chart", action="delete", options={"chart": "Map"})
    assert [chart["sheet"] for chart in listed(chat)["charts"]] == ["Big"]
