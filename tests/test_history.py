"""The history of a session: everything that happened once, and nothing that cells hold."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.logs import JsonFormatter
from service.sessions.history import History
from service.store.local import LocalStore
from service.web.app import Service
from tests.service_fixtures import Chat, Clock, MakeService, error_of, workbook_bytes

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SECRET = "s3cret-words"
FORMULA = f'="{SECRET}"&"!"'


def get(chat: Chat, query: str = "", **headers: str) -> TestResponse:
    address = f"/v1/sessions/{chat.id}/history{query}"
    return chat.http.get(address, headers={**chat.headers, **headers})


def history(chat: Chat, query: str = "") -> dict[str, Any]:
    response = get(chat, query)
    assert response.status_code == 200, response.get_data(as_text=True)
    answer: dict[str, Any] = response.get_json()
    return answer


def events(chat: Chat) -> list[dict[str, Any]]:
    """All events, the oldest first."""
    found: list[dict[str, Any]] = history(chat)["events"]
    return found[::-1]


def history_file(service: Service, chat: Chat) -> Path:
    session = service.sessions.find(chat.id)
    return service.sessions.parts.store.root / session.folder / "history"


def everything(chat: Chat, clock: Clock | None = None) -> None:
    """One of each thing that a history tells of, a minute apart."""
    cells = [["Item", SECRET], [SECRET, 1], ["Food", 2], [FORMULA, 3]]

    def op(name: str, /, **parameters: Any) -> None:
        chat.op(name, **parameters)
        if clock:
            clock.now += 60

    chat.upload(workbook_bytes(*cells), "sent.xlsx")
    op("open_excel_file", file="sent.xlsx")
    op("write_excel_range", workbook="sent", start="append", rows=[[SECRET, 4]])
    op("format_excel_cells", workbook="sent", range="B2:B4", style={"number_format": "0.00"})
    op("create_excel_chart", workbook="sent", chart_type="pie", data_range="A1:B3", title=SECRET)
    op("undo_excel_change", workbook="sent", steps=2)
    op("undo_excel_change", workbook="sent", action="redo")
    op("undo_excel_change", workbook="sent", action="changes")
    op("save_excel_file", workbook="sent")
    op("create_excel_file", filename="new.xlsx", headers=["a", SECRET], rows=[[SECRET, FORMULA]])
    op("import_csv_to_excel", workbook="new", sheet="More", source=f"a,b\n{SECRET},2\n")
    op("export_excel_file", workbook="new", sheet="More", format="csv")
    op("create_excel_report", report="employee_directory", filename="staff", title=SECRET, rows=[
        {"Name": SECRET, "Department": SECRET},
        {"Name": "Bob", "Department": "Sales"},
    ])  # fmt: skip
    op("close_excel_file", workbook="new")
    op("read_excel_range", workbook="sent")
    chat.upload(f"x,y\n{SECRET},2\n".encode(), "list.csv")
    op("open_excel_file", file="list.csv")


HAPPENED = [
    ("upload", "sent.xlsx"),
    ("open", "sent.xlsx"),
    ("write_excel_range", "sent.xlsx"),
    ("format_excel_cells", "sent.xlsx"),
    ("create_excel_chart", "sent.xlsx"),
    ("undo", "sent.xlsx"),
    ("redo", "sent.xlsx"),
    ("save", "sent.xlsx"),
    ("create_excel_file", "new.xlsx"),
    ("import_csv_to_excel", "new.xlsx"),
    ("export", "new-More.csv"),
    ("create_excel_report", "staff.xlsx"),
    ("close", "new.xlsx"),
    ("upload", "list.csv"),
    ("import_csv_to_excel", "list.xlsx"),
    ("open", "list.xlsx"),
]


def named(event: dict[str, Any]) -> tuple[str, str]:
    return event.get("operation", event["event"]), event.get("workbook") or event["file"]


def test_everything_that_happened_is_told_once_the_newest_first(make_service: MakeService) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock))
    everything(chat, clock)
    found = history(chat)
    assert found["count"] == len(HAPPENED)
    assert "next_first" not in found
    assert [named(event) for event in found["events"]][::-1] == HAPPENED
    times = [event["time"] for event in found["events"]]
    assert times == sorted(times, reverse=True)
    assert times[-1] == "2027-01-15T08:00:00+00:00"
    assert len(set(times)) > 12


def test_each_event_tells_what_it_was_about(chat: Chat) -> None:
    everything(chat)
    told = {named(event): event for event in events(chat)}
    sent = told["upload", "sent.xlsx"]
    assert (sent["type"], sent["size"] > 1_000) == (XLSX, True)
    assert told["upload", "list.csv"]["type"] == "text/csv"
    assert told["open", "sent.xlsx"]["upload"] == "sent.xlsx"
    written = told["write_excel_range", "sent.xlsx"]
    assert written["sheet"] == "Sheet"
    assert written["parameters"] == {"start": "append"}
    assert written["result"] == {"written": "A5:B5", "cells": 2}
    formatted = told["format_excel_cells", "sent.xlsx"]["parameters"]
    assert formatted == {"range": "B2:B4", "style": {"number_format": "0.00"}}
    chart = told["create_excel_chart", "sent.xlsx"]["parameters"]
    assert (chart["chart_type"], chart["data_range"]) == ("pie", "A1:B3")
    undone = told["undo", "sent.xlsx"]
    assert undone["steps"] == 2
    assert undone["operations"] == ["create_excel_chart", "format_excel_cells"]
    saved = told["save", "sent.xlsx"]
    assert (saved["version"], saved["type"], saved["size"] > 1_000) == (1, XLSX, True)
    export = told["export", "new-More.csv"]
    assert (export["type"], export["size"] > 0) == ("text/csv", True)
    assert told["create_excel_report", "staff.xlsx"]["parameters"]["report"] == "employee_directory"
    assert told["close", "new.xlsx"]["discarded_changes"] == 2


def test_nothing_that_cells_hold_is_in_the_history(
    make_service: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service()
    chat = Chat(service)
    with caplog.at_level(logging.DEBUG, "excel_tools"):
        everything(chat)
        chat.fail("write_excel_range", workbook="sent", sheet=SECRET, rows=[[SECRET]])
        chat.fail("write_excel_range", workbook="sent", rows=[[f"=SUM({SECRET}("]])
        chat.fail("open_excel_file", file=SECRET)
    assert SECRET not in get(chat).get_data(as_text=True)
    assert SECRET not in history_file(service, chat).read_text()
    assert SECRET not in json.dumps(chat.op("list_excel_files")["result"]["history"])
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert len(lines) > len(HAPPENED), "the log was looked at"
    assert not [line for line in lines if SECRET in line]


def test_the_model_sees_the_last_events(chat: Chat) -> None:
    everything(chat)
    listed = chat.op("list_excel_files")["result"]
    assert [named(event) for event in listed["history"]] == HAPPENED[::-1][:10]
    assert listed["earlier_events"] == len(HAPPENED) - 10
    assert not [event for event in listed["history"] if {"id", "copy", "step"} & event.keys()]


# Pages and mistakes --------------------------------------------------------------


def test_a_history_comes_in_pages(chat: Chat) -> None:
    everything(chat)
    whole = history(chat)["events"]
    seen: list[dict[str, Any]] = []
    first: int | None = 0
    while first is not None:
        page = history(chat, f"?first={first}&most=5")
        assert page["count"] == len(whole)
        assert len(page["events"]) <= 5
        seen += page["events"]
        first = page.get("next_first")
    assert seen == whole
    assert history(chat, "?first=999")["events"] == []


@pytest.mark.parametrize(
    "query",
    [
        "?first=-1",
        "?first=x",
        "?most=0",
        "?most=1001",
        "?most=",
        "?first=1.5",
        "?last=3",
        "?first=²",
    ],
)
def test_senseless_pages_are_refused(chat: Chat, query: str) -> None:
    error = error_of(get(chat, query))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


def test_a_new_session_has_no_history(chat: Chat) -> None:
    assert history(chat) == {"events": [], "count": 0}


def test_what_failed_did_not_happen(chat: Chat) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    chat.fail("write_excel_range", sheet="None", rows=[[1]])
    chat.fail("undo_excel_change")
    chat.fail("open_excel_file", file="none")
    chat.send(b"", "empty.csv")
    chat.once("k", "write_excel_range", rows=[[1]])
    chat.once("k", "write_excel_range", rows=[[1]])
    assert [named(event)[0] for event in events(chat)] == ["create_excel_file", "write_excel_range"]


# After a crash ----------------------------------------------------------------------


def cut(path: Path, lines: int) -> None:
    """Forget the last events, as if the service had been killed before it told of them."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-lines]))


def test_what_a_killed_service_did_not_come_to_tell_is_added(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock)
    chat = Chat(service)
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("open_excel_file")
    for name, parameters in [
        ("write_excel_range", {"start": "B2", "rows": [[1]]}),
        ("write_excel_range", {"start": "B2", "rows": [[2]]}),
        ("undo_excel_change", {}),
        ("undo_excel_change", {"action": "redo"}),
        ("save_excel_file", {}),
        ("export_excel_file", {}),
    ]:
        clock.now += 60
        chat.op(name, **parameters)
    whole = events(chat)
    path = history_file(service, chat)
    service.close()
    for lost in (1, 3, 6):
        cut(path, lost)
        again = make_service(clock=clock)
        chat = Chat(again, chat.user, chat.chat)
        assert events(chat) == whole
        assert events(chat) == whole, "once, and not again at each look"
        again.close()


@pytest.mark.parametrize(
    "tail", [b"12345678 {", b"", b'00000000 {"time": 1}\n', b"\n\n", b"\xff\n"]
)
def test_a_torn_or_damaged_history_costs_no_more_than_itself(
    make_service: MakeService, tail: bytes
) -> None:
    service = make_service()
    chat = Chat(service)
    chat.op("create_excel_file", filename="a", headers=["x"])
    path = history_file(service, chat)
    service.close()
    path.write_bytes(path.read_bytes() + tail)
    chat = Chat(make_service(), chat.user, chat.chat)
    chat.op("write_excel_range", rows=[[1]])
    assert [named(event)[0] for event in events(chat)] == ["create_excel_file", "write_excel_range"]
    assert len(chat.op("list_excel_files")["result"]["history"]) == 2


def test_a_reopened_workbook_has_a_history_of_its_own(make_service: MakeService) -> None:
    """The marks of a copy begin at 1 again: events of the copy before must not stand for them."""
    service = make_service()
    chat = Chat(service)
    chat.op("create_excel_file", filename="a", headers=["x"])
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="a")
    chat.op("write_excel_range", start="A2", rows=[[1]])
    whole = events(chat)
    path = history_file(service, chat)
    service.close()
    cut(path, 1)
    chat = Chat(make_service(), chat.user, chat.chat)
    assert events(chat) == whole


def test_a_step_that_was_made_again_is_told_once(tmp_path: Path) -> None:
    """A service was killed while it made a workbook, and the repeated request made it anew."""
    history = History(LocalStore(tmp_path), "session")
    for moment, name in ((1.0, "first.xlsx"), (2.0, "second.xlsx")):
        history.add(moment, "operation", workbook=name, id="w1", copy=1, step=1)
        history.add(moment, "open", workbook=name, id="w1")
    events, count = history.page(0, 10)
    assert count == 3
    assert [e["workbook"] for e in events if e["event"] == "operation"] == ["second.xlsx"]
