"""The plugin with the real service: first without sockets, then with a real gunicorn."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import threading
from typing import Any

import openpyxl
import pytest
import requests
from python_calamine import CalamineWorkbook

from service.workbook.house import house
from tests.backends import Wire, backend, wire
from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.processes import ROOT
from tests.service_fixtures import KEY

__all__ = ["backend", "wire"]

MODULE = load_plugin()
RECORDS = [
    {"Item": "Rent", "Cost": 1200, "Due": "2026-01-31"},
    {"Item": "Überweisung 漢字", "Cost": 45.5, "Due": "2026-02-01"},
]
AS_ROWS: list[list[Any]] = [
    ["Item", "Cost", "Due"],
    ["Rent", 1200, "2026-01-31"],
    ["Überweisung 漢字", 45.5, "2026-02-01"],
]
CSV_TEXT = "Code;Amount;Day\n007;1,50;2026-01-31\n008;2,25;2026-02-01\n"


@pytest.fixture
def calls(wire: Wire) -> ToolCalls:
    """A fresh user in a fresh chat."""
    return ToolCalls(MODULE, valves=wire.valves)


def again(calls: ToolCalls, module: Any = MODULE, **changed: Any) -> ToolCalls:
    """The same user and chat, at another time or with another load of the tool."""
    given = {"user": calls.user, "chat": calls.chat, "valves": calls.valves, **changed}
    return ToolCalls(module, **given)


def link_of(answer: dict[str, Any], number: int = 0) -> str:
    link = str(answer["files"][number]["download_url"])
    assert f"]({link})" in answer["link"]
    return link


def workbook(wire: Wire, answer: dict[str, Any]) -> Any:
    return openpyxl.load_workbook(io.BytesIO(wire.download(link_of(answer))))


def sheet_rows(wire: Wire, answer: dict[str, Any], sheet: int = 0) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(wire.download(link_of(answer))))
    return book.get_sheet_by_index(sheet).to_python()


# Making workbooks -----------------------------------------------------------


def test_headers_alone_give_headers_alone(wire: Wire, calls: ToolCalls) -> None:
    answer = calls.op("create_excel_file", filename="Budget 2026", headers=["Item", "Cost"])
    assert answer["workbook"] == "Budget 2026.xlsx"
    assert sheet_rows(wire, answer) == [["Item", "Cost"]]
    assert workbook(wire, answer).active["A1"].font.bold
    assert calls.page.statuses[-1] == {
        "description": calls.page.statuses[-1]["description"],
        "done": True,
    }


@pytest.mark.parametrize(
    "given",
    [
        {"rows": RECORDS},
        {"headers": AS_ROWS[0], "rows": AS_ROWS[1:]},
        {"rows": {name: [record[name] for record in RECORDS] for name in AS_ROWS[0]}},
        {"sheets": [{"name": "Sheet1", "headers": AS_ROWS[0], "rows": RECORDS}]},
    ],
    ids=["records", "lists", "columns", "sheets"],
)
def test_every_shape_of_data_gives_the_same_workbook(
    wire: Wire, calls: ToolCalls, given: dict[str, Any]
) -> None:
    answer = calls.op("create_excel_file", filename="costs.xlsx", **given)
    assert calls.rows() == AS_ROWS
    judged = sheet_rows(wire, answer)
    assert judged[1:] == [
        ["Rent", 1200.0, dt.date(2026, 1, 31)],
        ["Überweisung 漢字", 45.5, dt.date(2026, 2, 1)],
    ]


def test_several_sheets_arrive_with_their_own_data(wire: Wire, calls: ToolCalls) -> None:
    sheets = [{"name": f"Q{n}", "headers": ["Month"], "rows": [[f"M{n}"]]} for n in (1, 2, 3)]
    answer = calls.op("create_excel_file", filename="year.xlsx", sheets=sheets)
    assert workbook(wire, answer).sheetnames == ["Q1", "Q2", "Q3"]
    assert [sheet_rows(wire, answer, n)[1] for n in range(3)] == [["M1"], ["M2"], ["M3"]]
    assert calls.rows(sheet="Q2") == [["Month"], ["M2"]]


def test_a_whole_conversation_uses_one_session_and_one_workbook(
    wire: Wire, calls: ToolCalls
) -> None:
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    calls.op("write_excel_range", start="append", rows=[["Total", "=SUM(B2:B3)", None]])
    calls.op("format_excel_cells", range="B2:B4", style={"number_format": "currency EUR"})
    answer = calls.op("create_excel_chart", chart_type="column", data_range="A1:B3", title="Costs")
    assert answer["workbook"] == "costs.xlsx"
    assert calls.rows()[3] == ["Total", 1245.5, None]
    book = workbook(wire, answer)
    assert "€" in book.active["B2"].number_format
    assert len(book.active._charts) == 1
    saved = calls.op("save_excel_file")
    assert saved["files"][0]["state"] == "saved"
    assert saved["unsaved_changes"] == 0
    entries = [entry for entry in wire.seen if entry.session]
    assert len({entry.session for entry in entries}) == 1
    assert len({entry.key for entry in entries}) == len(entries) == 6
    assert wire.take().count("POST /v1/sessions 201") == 1
    closed = calls.op("close_excel_file")
    assert closed["result"]["discarded_changes"] == 0
    opened = calls.op("open_excel_file", file="costs")
    assert opened["workbook"] == "costs.xlsx"
    assert calls.rows()[3][1] == 1245.5


def test_a_query_gives_a_file_only_where_its_rows_land(wire: Wire, calls: ToolCalls) -> None:
    calls.op("create_excel_file", filename="costs", rows=RECORDS)
    sql = "SELECT sum(cost) AS sum FROM sheet1"
    answer = calls.op("query_excel_data", sql=sql)
    assert answer["result"]["rows"] == [[1245.5]]
    assert "link" not in answer
    landed = calls.op("query_excel_data", sql=sql, into="Sum")
    assert sheet_rows(wire, landed, 1) == [["sum"], [1245.5]]


def test_closing_says_what_it_discards(calls: ToolCalls) -> None:
    calls.op("create_excel_file", filename="draft.xlsx", rows=RECORDS)
    calls.page.says = True
    assert calls.op("close_excel_file")["result"]["discarded_changes"] == 1
    error = calls.fail("read_excel_range", workbook="draft.xlsx")
    assert error["code"] == "workbook_not_open"


# The session and the tool's memory ------------------------------------------


def test_each_new_instance_goes_on_where_the_last_one_was(wire: Wire, calls: ToolCalls) -> None:
    first = calls.tools()
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    assert calls.tools() is not first
    wire.take()
    assert calls.rows() == AS_ROWS
    assert wire.take() == ["POST read_excel_range 200"]


def test_a_tool_that_was_saved_again_goes_on_where_it_was(wire: Wire, calls: ToolCalls) -> None:
    """Open WebUI loads the file anew and forgets what the class knew."""
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    session = wire.seen[-1].session
    wire.take()
    later = again(calls, load_plugin())
    assert later.rows() == AS_ROWS
    assert wire.seen[-1].session == session
    assert wire.take() == ["POST /v1/sessions 200", "POST read_excel_range 200"]


def test_a_restart_of_the_service_costs_nothing(wire: Wire, calls: ToolCalls) -> None:
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    calls.op("write_excel_range", start="append", rows=[["More", 1, None]])
    wire.backend.restart()
    wire.take()
    answer = calls.op("write_excel_range", start="append", rows=[["Last", 2, None]])
    assert wire.take() == ["POST write_excel_range 200"]
    assert [row[0] for row in calls.rows()][-2:] == ["More", "Last"]
    assert [row[0] for row in sheet_rows(wire, answer)][-2:] == ["More", "Last"]
    assert calls.page.statuses[-1]["done"] is True


def test_a_session_deleted_behind_its_back_costs_one_retry_that_nobody_sees(
    wire: Wire, calls: ToolCalls
) -> None:
    calls.op("create_excel_file", filename="old.xlsx", rows=RECORDS)
    deleted = wire.delete_session(calls.user, calls.chat)
    wire.take()
    answer = calls.op("create_excel_file", filename="new.xlsx", rows=RECORDS)
    assert answer["workbook"] == "new.xlsx"
    entries = list(wire.seen)
    assert wire.take() == [
        "POST create_excel_file 400",
        "POST /v1/sessions 201",
        "POST create_excel_file 200",
    ]
    assert entries[0].session == deleted
    assert entries[2].session not in ("", deleted)
    assert entries[0].key == entries[2].key
    assert calls.rows() == AS_ROWS
    assert wire.take() == ["POST read_excel_range 200"]


def test_a_lost_workbook_is_told_with_what_to_do(wire: Wire, calls: ToolCalls) -> None:
    calls.op("create_excel_file", filename="old.xlsx", rows=RECORDS)
    wire.delete_session(calls.user, calls.chat)
    wire.take()
    error = calls.fail("read_excel_range", workbook="old.xlsx")
    assert error["code"] == "workbook_not_found"
    assert "create_excel_file" in error["hint"]
    assert wire.take() == [
        "POST read_excel_range 400",
        "POST /v1/sessions 201",
        "POST read_excel_range 404",
    ]


def test_users_and_chats_at_the_same_time_never_see_one_another(wire: Wire) -> None:
    """Two users with two chats each, the same file name everywhere, all calls mixed."""
    chats = [
        ToolCalls(MODULE, f"same-time-{user}", f"chat-{chat}", valves=wire.valves)
        for user in ("ada", "bob")
        for chat in (1, 2)
    ]

    async def one(calls: ToolCalls) -> list[list[Any]]:
        mark = f"{calls.user}/{calls.chat}"
        await calls.call("create_excel_file", filename="mine.xlsx", headers=["Who", "N"])
        for n in range(3):
            await calls.call("write_excel_range", start="append", rows=[[mark, n]])
        listing, read = await asyncio.gather(
            calls.call("list_excel_files"), calls.call("read_excel_range")
        )
        assert [entry["workbook"] for entry in listing["result"]["open"]] == ["mine.xlsx"]
        rows: list[list[Any]] = read["result"]["rows"]
        return rows

    async def all_of_them() -> list[list[list[Any]]]:
        return await asyncio.gather(*map(one, chats))

    for calls, rows in zip(chats, asyncio.run(all_of_them()), strict=True):
        mark = f"{calls.user}/{calls.chat}"
        assert rows == [["Who", "N"], [mark, 0], [mark, 1], [mark, 2]]
    sessions = {entry.session for entry in wire.seen if entry.session}
    assert len(sessions) == 4


def test_many_calls_in_one_chat_at_once_share_one_session(wire: Wire, calls: ToolCalls) -> None:
    """Several instances open the session at the same moment: there is only one."""

    async def main() -> list[dict[str, Any]]:
        return await asyncio.gather(
            *[
                calls.call("create_excel_file", filename=f"f{n}.xlsx", headers=[f"h{n}"])
                for n in range(8)
            ]
        )

    answers = asyncio.run(main())
    assert sorted(answer["workbook"] for answer in answers) == [f"f{n}.xlsx" for n in range(8)]
    assert len({entry.session for entry in wire.seen if entry.session}) == 1
    for n in range(8):
        assert calls.rows(workbook=f"f{n}.xlsx") == [[f"h{n}"]]


def test_a_session_of_someone_else_is_of_no_use(wire: Wire, calls: ToolCalls) -> None:
    """Even if the tool's memory held it: the service says not found, the tool opens its own."""
    calls.op("create_excel_file", filename="secret.xlsx", rows=RECORDS)
    stolen = wire.seen[-1].session
    thief = again(calls, user="someone-else")
    state = MODULE.Tools._state
    state.put(stolen, "session", wire.backend.url, thief.user, thief.chat)
    wire.take()
    assert thief.op("list_excel_files")["result"] == {"open": []}
    assert wire.take()[0] == "POST list_excel_files 400"


def test_an_id_that_no_header_can_hold_works_all_the_same(wire: Wire) -> None:
    calls = ToolCalls(MODULE, "Jörg 漢字", "Gespräch", valves=wire.valves)
    calls.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert again(calls, load_plugin()).rows() == AS_ROWS


def test_the_tools_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    state = load_plugin().SharedState(most=100)
    for number in range(250):
        state.put(f"value {number}", "session", str(number))
        state.get("session", "0")  # used all the time: it stays
    assert len(state) == 100
    assert state.get("session", "0") == "value 0"
    assert state.get("session", "100") == ""
    assert state.get("session", "249") == "value 249"


def test_the_tools_memory_is_safe_under_threads() -> None:
    state = load_plugin().SharedState(most=50)
    errors: list[Exception] = []

    def work(mark: str) -> None:
        try:
            for number in range(2000):
                key = str(number % 80)
                state.put(mark, key)
                state.drop(mark, key)
                assert state.get(key) in ("", *"abcd")
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(state) <= 50


def test_a_value_that_another_call_put_meanwhile_is_not_dropped() -> None:
    state = load_plugin().SharedState()
    state.put("old", "session")
    state.put("new", "session")
    state.drop("old", "session")
    assert state.get("session") == "new"
    state.drop("new", "session")
    assert state.get("session") == ""


def test_instances_of_one_load_share_what_they_know_and_loads_do_not() -> None:
    other = load_plugin()
    assert MODULE.Tools()._state is MODULE.Tools()._state
    assert MODULE.Tools()._state is not other.Tools()._state


# Preferences ----------------------------------------------------------------

PREFERENCES = "/v1/preferences"


def header_color(wire: Wire, answer: dict[str, Any]) -> str:
    return str(workbook(wire, answer).active["A1"].fill.fgColor.rgb)[-6:]


def kept_preferences(wire: Wire, calls: ToolCalls, **changed: Any) -> dict[str, Any]:
    """What the service keeps for the user; with ``changed``, after setting it from outside."""
    headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": calls.user}
    url = wire.backend.url + PREFERENCES
    more = {"json": changed} if changed else {}
    response = wire.backend.request("PUT" if changed else "GET", url, headers=headers, **more)
    assert response.status_code == 200
    return {name: value for name, value in response.json().items() if value}


def test_the_users_settings_reach_the_workbook(wire: Wire, calls: ToolCalls) -> None:
    valves = {
        "house_style": "green",
        "font": "Arial",
        "number_format": "currency EUR",
        "date_format": "dd.mm.yyyy",
        "chart_legend": "top",
    }
    ada = again(calls, user_valves=valves)
    answer = ada.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    sheet = workbook(wire, answer).active
    assert header_color(wire, answer) == house("green").main
    assert (sheet["A1"].font.name, sheet["A2"].font.name) == ("Arial", "Arial")
    assert (sheet["B3"].number_format, sheet["C2"].number_format) == (
        "#,##0.00 [$€-1]",
        "dd.mm.yyyy",
    )
    assert kept_preferences(wire, ada) == {"style": "green", **dict(list(valves.items())[1:])}


def test_the_style_that_the_model_asks_for_wins(wire: Wire, calls: ToolCalls) -> None:
    green = again(calls, user_valves={"house_style": "green"})
    answer = green.op("create_excel_file", filename="a.xlsx", rows=RECORDS, style="purple")
    assert header_color(wire, answer) == house("purple").main


def test_without_a_choice_the_style_is_blue(wire: Wire, calls: ToolCalls) -> None:
    answer = calls.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert header_color(wire, answer) == house("blue").main


@pytest.mark.parametrize(
    ("options", "name"),
    [(None, "teal"), ({}, "teal"), ({"style": ""}, "teal"), ({"style": "orange"}, "orange")],
)
def test_an_import_takes_the_house_style_too(
    wire: Wire, calls: ToolCalls, options: Any, name: str
) -> None:
    teal = again(calls, user_valves={"house_style": "teal"})
    given = {} if options is None else {"options": options}
    answer = teal.op("import_csv_to_excel", source=CSV_TEXT, **given)
    assert header_color(wire, answer) == house(name).main


def test_settings_are_sent_when_they_have_changed_and_only_then(
    wire: Wire, calls: ToolCalls
) -> None:
    def sent(**valves: str) -> int:
        again(calls, user_valves=valves).op("list_excel_files")
        return wire.take().count(f"PUT {PREFERENCES} 200")

    assert sent() == 0
    assert sent(font="Arial") == 1
    assert sent(font="Arial") == 0
    assert sent(font="Arial", house_style="gray") == 1
    assert kept_preferences(wire, calls) == {"font": "Arial", "style": "gray"}
    assert sent() == 1
    assert kept_preferences(wire, calls) == {}
    assert sent() == 0


def test_who_sets_nothing_keeps_what_was_set_otherwise(wire: Wire, calls: ToolCalls) -> None:
    kept_preferences(wire, calls, style="orange", chart_gridlines=False)
    answer = calls.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert header_color(wire, answer) == house("orange").main


def test_settings_of_one_user_are_not_those_of_another(wire: Wire, calls: ToolCalls) -> None:
    again(calls, user_valves={"house_style": "green"}).op("list_excel_files")
    other = ToolCalls(MODULE, valves=wire.valves)
    answer = other.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert header_color(wire, answer) == house("blue").main


def test_a_setting_that_cannot_be_used_is_told_once_and_stops_nothing(
    wire: Wire, calls: ToolCalls
) -> None:
    wrong = again(calls, user_valves={"number_format": "#.##0"})
    answer = wrong.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert "number_format" in answer["notice"]
    assert "swaps point and comma" in answer["notice"]
    assert "notice" not in wrong.op("list_excel_files")
    assert wire.take().count(f"PUT {PREFERENCES} 422") == 1
    right = again(calls, user_valves={"number_format": "#,##0.00"})
    assert "notice" not in right.op("list_excel_files")
    assert kept_preferences(wire, calls) == {"number_format": "#,##0.00"}


def test_settings_that_could_not_be_sent_stop_nothing_and_are_sent_at_the_next_call(
    wire: Wire, calls: ToolCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    green = again(calls, user_valves={"house_style": "green"})

    def broken(method: str, url: str, **kwargs: Any) -> requests.Response:
        if url.endswith(PREFERENCES):
            raise requests.ConnectionError("gone")
        return wire.request(method, url, **kwargs)

    monkeypatch.setattr(requests, "request", broken)
    answer = green.op("create_excel_file", filename="a.xlsx", rows=RECORDS)
    assert header_color(wire, answer) == house("blue").main
    monkeypatch.setattr(requests, "request", wire.request)
    answer = green.op("create_excel_file", filename="b.xlsx", rows=RECORDS)
    assert header_color(wire, answer) == house("green").main


# Other tools ----------------------------------------------------------------


def test_csv_text_becomes_a_workbook_with_types(wire: Wire, calls: ToolCalls) -> None:
    answer = calls.op("import_csv_to_excel", source=CSV_TEXT, filename="codes.xlsx")
    assert sheet_rows(wire, answer) == [
        ["Code", "Amount", "Day"],
        ["007", 1.5, dt.date(2026, 1, 31)],
        ["008", 2.25, dt.date(2026, 2, 1)],
    ]


def test_a_sheet_goes_out_as_csv(wire: Wire, calls: ToolCalls) -> None:
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    answer = calls.op("export_excel_file", format="csv")
    assert answer["files"][0]["name"] == "costs.csv"
    text = wire.download(link_of(answer)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [[str(v) for v in row] for row in AS_ROWS]
    # Looking changes nothing.
    assert answer["unsaved_changes"] == 1


def sales_rows() -> list[dict[str, Any]]:
    with (ROOT / "examples" / "sales.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))[:50]


def staff_rows() -> list[dict[str, Any]]:
    return [{"Name": f"Person {n}", "Department": "ABC"[n % 3], "Room": n} for n in range(9)]


@pytest.mark.parametrize(
    ("report", "rows"), [("sales_report", sales_rows()), ("employee_directory", staff_rows())]
)
def test_a_report_is_a_finished_workbook(
    wire: Wire, calls: ToolCalls, report: str, rows: list[dict[str, Any]]
) -> None:
    answer = calls.op("create_excel_report", report=report, rows=rows)
    book = workbook(wire, answer)
    texts = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    assert {value for row in rows for value in row.values()} & texts
    assert sum(len(sheet._charts) for sheet in book) >= 1


def test_ten_thousand_rows_go_through(wire: Wire, calls: ToolCalls) -> None:
    rows = [[n, f"name {n}", n / 7] for n in range(10_000)]
    heads = ["a", "b", "c"]
    answer = calls.op("create_excel_file", filename="many.xlsx", headers=heads, rows=rows)
    judged = sheet_rows(wire, answer)
    assert len(judged) == 10_001
    assert judged[1:] == [[float(a), b, c] for a, b, c in rows]


@pytest.mark.parametrize(
    ("name", "arguments", "code", "words"),
    [
        ("read_excel_range", {"sheet": "Sale"}, "sheet_not_found", '"Sheet1"'),
        ("read_excel_range", {"range": "A1:?"}, "invalid_range", "A1:D20"),
        ("read_excel_range", {"workbook": "x.xlsx"}, "workbook_not_found", "costs.xlsx"),
        ("read_excel_range", {"limit": "many"}, "invalid_parameters", "limit"),
        ("write_excel_range", {"rows": [["=SUM(("]]}, "invalid_value", "A1"),
        ("write_excel_range", {"rows": "nonsense"}, "invalid_parameters", "rows"),
        ("create_excel_file", {"filename": "///"}, "invalid_parameters", "budget.xlsx"),
        ("create_excel_file", {"filename": "a", "style": "?"}, "invalid_parameters", "style"),
        ("open_excel_file", {"file": "no.xlsx"}, "file_not_found", "costs.xlsx"),
        ("export_excel_file", {"format": "doc"}, "invalid_parameters", "csv"),
    ],
)
def test_mistakes_are_told_so_that_they_can_be_mended(
    calls: ToolCalls, name: str, arguments: dict[str, Any], code: str, words: str
) -> None:
    calls.op("create_excel_file", filename="costs.xlsx", rows=RECORDS)
    error = calls.fail(name, **arguments)
    assert error["code"] == code
    assert error["hint"]
    assert words in error["error"] + error["hint"]
    assert calls.rows() == AS_ROWS


def test_a_wrong_key_is_told(wire: Wire) -> None:
    calls = ToolCalls(MODULE, valves={**wire.valves, "api_key": "some-other-key"})
    error = calls.fail("list_excel_files")
    assert error["code"] == "unauthorized"
    assert wire.take() == ["POST /v1/sessions 401"]
