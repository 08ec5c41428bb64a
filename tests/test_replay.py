"""What was accepted is found again, however long it took altogether."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.operations.context import Context, Seen
from service.operations.preferences import Preferences
from service.operations.registry import find
from service.sessions import checkpoints, replay
from service.workbook.book import Book
from tests.bench import NOW
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


@pytest.mark.usefixtures("no_checkpoints")
def test_an_import_names_its_sheet_after_the_upload(make_service: MakeService) -> None:
    chat = Chat(make_service(engines=1, engine_workbooks=1))
    sent = chat.upload(b"a,b\n1,2\n", "May.sales.csv")
    made = chat.op("import_csv_to_excel", source="latest")
    assert (made["workbook"], made["sheet"]) == ("May.sales.xlsx", "May.sales")
    chat.op("import_csv_to_excel", source=sent["id"], workbook="May.sales.xlsx")
    again(chat)
    told = chat.op("describe_excel_file", workbook="May.sales.xlsx")["result"]["sheets"]
    assert [sheet["name"] for sheet in told] == ["May.sales", "May.sales (2)"]


def test_an_import_of_before_keeps_the_name_of_its_sheet(tmp_path: Path) -> None:
    """Its journal does not say how the upload was called; later entries name the sheet."""
    path = tmp_path / "costs.csv"
    path.write_text("a,b\n1,2\n")
    operation = find("import_csv_to_excel")
    for seen, name in ((Seen(), "costs"), (Seen([]), "Data"), (Seen(["costs"]), "costs")):
        book = Book.blank("x.xlsx")
        context = Context(book, NOW, {"source": path}, tmp_path, Preferences(), seen)
        operation.call(context, operation.validate({"source": "latest"}))
        assert book.sheet_names == [name]


CHANCE = "=IF(RAND()<0.5,1,2)"
ODD = '=IF(RAND()<0.5,1,"none")'
# Each row differs in every second calculation: that all are the same again never happens.
ROWS = 80


def again(chat: Chat) -> None:
    """Have the workbook leave the engine, so that its journal is replayed."""
    chat.op("create_excel_file", filename="other.xlsx", headers=["A"])
    chat.op("close_excel_file", workbook="other.xlsx")


@pytest.mark.usefixtures("no_checkpoints")
@pytest.mark.parametrize("opened", [False, True])
def test_what_was_made_of_results_stays_as_it_was_made(
    make_service: MakeService, opened: bool
) -> None:
    """The formulas follow chance, so a replay calculates other values each time."""
    chat = Chat(make_service(engines=1, engine_workbooks=1))
    book = "chance.xlsx"
    lines = [[number, "=RAND()", CHANCE] for number in range(ROWS)]
    chat.op("create_excel_file", filename=book, headers=["Row", "Share", "Group"], rows=lines)
    if opened:
        chat.op("save_excel_file", workbook=book)
        chat.op("close_excel_file", workbook=book)
        chat.op("open_excel_file", file=book)
    values = [{"field": "Share", "function": "sum"}, {"field": "Row", "function": "count"}]
    options = {"name": "Figures"}
    pivot = {"rows": ["Group"], "values": values, "options": options}
    made = chat.op("create_excel_pivot", workbook=book, source="A1:C81", **pivot)
    filters = {"filters": {"Group": [1], "Share": ">0.3"}}
    table = chat.op("create_excel_table", workbook=book, sheet="Sheet1", options=filters)
    wide = [[f"C{n}" for n in range(ROWS)], [ODD] * ROWS]
    chat.op("edit_excel_sheet", workbook=book, action="add", sheet="Wide")
    chat.op("write_excel_range", workbook=book, sheet="Wide", rows=wide)
    totals = {"name": "Wide", "options": {"totals": True}}
    summed = chat.op("create_excel_table", workbook=book, sheet="Wide", **totals)
    before = looked_at(chat, book, made["sheet"])
    again(chat)
    assert looked_at(chat, book, made["sheet"]) == before
    chat.op("undo_excel_change", workbook=book, steps=4)
    again(chat)
    chat.op("undo_excel_change", workbook=book, action="redo", steps=4)
    assert looked_at(chat, book, made["sheet"]) == before
    assert table["result"]["table"]["hidden_rows"] > 0
    assert 0 < len(summed["result"]["table"]["totals"]) < ROWS


def looked_at(chat: Chat, book: str, pivot: str) -> list[Any]:
    """The cells of the pivot table, and what is told of the tables."""
    figures = chat.op("read_excel_range", workbook=book, sheet=pivot)["result"]["rows"]
    tables = chat.op("create_excel_table", workbook=book, action="list")["result"]["tables"]
    return [figures, tables]
