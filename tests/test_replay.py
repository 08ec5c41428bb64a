"""What was accepted is found again, however long it took altogether."""

from __future__ import annotations

import pytest

from service.sessions import checkpoints, replay
from tests.service_fixtures import Chat, MakeService


@pytest.fixture
def no_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "REPLAY_SECONDS", float("inf"))
    monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 10**9)


@pytest.mark.usefixtures("no_checkpoints")
@pytest.mark.parametrize("at_once", [1, 2, 7, 100])
def test_a_journal_is_replayed_in_parts(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Each part has a deadline of its own, so that none is too long."""
    monkeypatch.setattr(replay, "_REPLAY_AT_ONCE", at_once)
    first = make_service(engines=1, engine_workbooks=1)
    chat = Chat(first)
    chat.op("create_excel_file", filename="long.xlsx", headers=["Number"])
    for number in range(12):
        chat.op("write_excel_range", start="append", rows=[[number]])
    chat.op("create_excel_file", filename="other.xlsx", headers=["A"])  # pushes the first out
    answer = chat.op("read_excel_range", workbook="long.xlsx")
    assert answer["result"]["rows"] == [["Number"], *([n] for n in range(12))]
    chat.op("undo_excel_change", workbook="long.xlsx", steps=5)
    chat.op("read_excel_range", workbook="other.xlsx")
    answer = chat.op("read_excel_range", workbook="long.xlsx")
    assert answer["result"]["rows"] == [["Number"], *([n] for n in range(7))]


def test_a_request_is_done_once_also_after_its_workbook_was_closed(
    make_service: MakeService,
) -> None:
    chat = Chat(make_service())
    chat.op("create_excel_file", filename="once.xlsx", headers=["A"])
    first = chat.once("the-key", "write_excel_range", start="append", rows=[[1]])
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="once.xlsx")
    for number in range(120):
        chat.once(f"another-{number}", "read_excel_range", range="A1")
    again = chat.once("the-key", "write_excel_range", start="append", rows=[[1]])
    assert again["result"] == first["result"]
    assert chat.op("read_excel_range")["result"]["rows"] == [["A"], [1]]
