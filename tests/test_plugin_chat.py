"""What a person in the chat sees and is asked: lines, dialogs, suggestions, previews, chips.

The service is the real one; Open WebUI's own parts are stand-ins (tests/fake_openwebui.py).
"""

from __future__ import annotations

import asyncio
import sys
import types
import typing
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from service.errors import ExcelToolsError
from service.operations import lines
from service.operations.registry import find, operations
from tests.backends import Backend, InProcess, Wire, wire
from tests.fake_openwebui import ChatCalls, OpenWebUI
from tests.plugin_fixtures import SMALL, ToolCalls, load_plugin
from tests.service_fixtures import KEY, workbook_bytes

__all__ = ["wire"]

MODULE = load_plugin()
MODULE.TELL_EVERY = 3600.0  # type: ignore[attr-defined] # how long calls take is left to chance
ROWS = [{"Item": "Rent", "Cost": 1200}, {"Item": "Food", "Cost": 450}]
RENAME = {"action": "rename", "sheet": "Costs", "new_name": "Sums"}
ADD = {"action": "add", "sheet": "More"}
INTO = {"sql": "SELECT 1 AS n", "into": "Sums"}
BUDGET = {"report": "budget", "rows": ROWS}
CSV = b"Region,Amount\nNorth,3\nSouth,4\n"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with ExitStack() as stack:
        yield InProcess(tmp_path_factory.mktemp("service"), stack)


@pytest.fixture
def webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenWebUI:
    found = OpenWebUI(tmp_path)
    found.install(monkeypatch)
    return found


@pytest.fixture
def calls(webui: OpenWebUI, wire: Wire) -> ChatCalls:
    """A fresh user in a fresh chat, whose first answer has begun."""
    return ChatCalls(webui, MODULE, valves=wire.valves)


def opened(calls: ToolCalls) -> list[tuple[str, int]]:
    """The open workbooks with their numbers of unsaved changes."""
    found = calls.op("list_excel_files")["result"]["open"]
    return [(one["workbook"], one["unsaved_changes"]) for one in found]


# Questions before unsaved work is lost ---------------------------------------


def test_closing_asks_before_unsaved_changes_are_lost_and_a_yes_closes(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    calls.page.says = True
    assert calls.op("close_excel_file")["result"]["discarded_changes"] == 2
    (asked,) = calls.page.asked
    assert asked["title"] == "Close without saving?"
    assert "a.xlsx has unsaved changes (2)" in asked["message"]
    assert calls.page.statuses[-1] == {"description": "Closed a.xlsx", "done": True}
    assert opened(calls) == []


def test_a_no_leaves_everything_as_it_was_and_the_model_is_told(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    calls.page.says = False
    answer = calls.fail("close_excel_file", workbook="A")
    assert answer["code"] == "declined"
    assert "declined" in answer["error"]
    assert "save_excel_file" in answer["hint"]
    line = "a.xlsx stays open, with its unsaved changes"
    assert calls.page.statuses[-1] == {"description": line, "done": True}
    assert opened(calls) == [("a.xlsx", 2)]
    assert calls.op("undo_excel_change")["result"]["undone"] == ["write_excel_range"]


@pytest.mark.parametrize(
    "says", [{"error": "Client session disconnected."}, None, "yes", 1, RuntimeError("gone")]
)
def test_where_nobody_can_be_asked_nothing_is_lost_and_the_way_is_told(
    calls: ChatCalls, says: Any
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.page.says = says
    answer = calls.fail("close_excel_file")
    assert answer["code"] == "unsaved_changes"
    assert "1 unsaved change" in answer["error"]
    for way in ("save_excel_file", "confirm_discarding"):
        assert way in answer["hint"]
    assert opened(calls) == [("a.xlsx", 1)]


def test_the_ways_that_are_told_work(calls: ChatCalls) -> None:
    calls.injected["__event_call__"] = None
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert "undo" not in calls.fail("close_excel_file")["hint"], "its making can't be undone"
    calls.op("save_excel_file")
    calls.op("close_excel_file")
    calls.op("open_excel_file", file="a.xlsx")
    for n in range(2):
        calls.op("write_excel_range", start="append", rows=[["Fun", n]])
    assert "undo_excel_change" in calls.fail("close_excel_file")["hint"]
    calls.op("undo_excel_change", steps=2)
    assert calls.op("close_excel_file")["result"]["discarded_changes"] == 0


def test_an_answer_that_never_comes_ends_as_if_nobody_were_there(
    calls: ChatCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(event: dict[str, Any]) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(MODULE, "ASK_SECONDS", 0.01)
    calls.injected["__event_call__"] = silent
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert calls.fail("close_excel_file")["code"] == "unsaved_changes"
    assert opened(calls) == [("a.xlsx", 1)]


def test_what_is_changed_while_the_question_is_open_is_not_lost(calls: ChatCalls) -> None:
    """The yes was to one change, and now there are two."""

    async def late(event: dict[str, Any]) -> Any:
        if event["type"] == "confirmation":
            await calls.call("write_excel_range", start="append", rows=[["Fun", 3]])
        return True

    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.injected["__event_call__"] = late
    answer = calls.fail("close_excel_file")
    assert answer["code"] == "unsaved_changes"
    assert "2 unsaved changes" in answer["error"]


def test_a_user_who_stops_the_answer_instead_loses_nothing(calls: ChatCalls) -> None:
    async def main() -> None:
        asking = asyncio.Event()

        async def silent(event: dict[str, Any]) -> Any:
            asking.set()
            await asyncio.Event().wait()

        calls.injected["__event_call__"] = silent
        task = asyncio.create_task(calls.answer("close_excel_file"))
        await asking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    asyncio.run(main())
    line = "Closing a.xlsx: stopped"
    assert calls.page.statuses[-1] == {"description": line, "done": True}
    assert opened(calls) == [("a.xlsx", 1)]


def test_an_administrator_can_switch_the_question_off(webui: OpenWebUI, wire: Wire) -> None:
    calls = ChatCalls(webui, MODULE, valves={**wire.valves, "confirm_discarding": False})
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert calls.op("close_excel_file")["result"]["discarded_changes"] == 1
    assert calls.page.asked == []


def test_nothing_else_asks(calls: ChatCalls) -> None:
    """Everything that looks like a loss and is none, because it can be undone or is there still."""
    calls.attach("sent.csv", CSV)
    calls.attach("a.xlsx", workbook_bytes())
    calls.page.says = False
    calls.op("open_excel_file", file="sent.csv")
    calls.op("close_excel_file")  # the text file is there as it was sent
    calls.op("open_excel_file", file="a.xlsx")
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    calls.op("open_excel_file", file="a.xlsx")
    made = calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert made["workbook"] == "a (2).xlsx"
    book = {"workbook": "a.xlsx"}
    calls.op("edit_excel_sheet", action="add", sheet="More", **book)
    calls.op("edit_excel_sheet", action="delete", sheet="More", **book)
    calls.op("transform_excel_range", action="clear", range="A1:B2", **book)
    calls.op("undo_excel_change", steps=4, **book)
    calls.op("write_excel_range", start="append", rows=[["Trip", 4]], **book)
    calls.op("save_excel_file", **book)
    calls.op("close_excel_file", **book)
    assert calls.page.asked == []


def test_a_change_of_a_saved_text_file_is_asked_about(calls: ChatCalls) -> None:
    calls.attach("sent.csv", CSV)
    calls.op("open_excel_file", file="sent.csv")
    calls.op("save_excel_file")
    calls.op("write_excel_range", start="append", rows=[["West", 5]])
    calls.page.says = False
    assert calls.fail("close_excel_file")["code"] == "declined"


# Lines ------------------------------------------------------------------------


def test_each_action_has_lines_of_its_own() -> None:
    for name, item in operations().items():
        told = lines.lines_of(item)
        for parameter in item.parameters:
            if parameter.name in lines.DECIDE:
                values = set(typing.get_args(parameter.annotation)) - set(told)
                assert values <= {"query"}, name  # what asking a database is told by
        assert (not item.delivers_with) == (lines.INTO not in told), name
        assert all(a and b and a != b for a, b in told.values()), name


def test_the_tables_name_operations_that_exist() -> None:
    assert set(lines.LINES) | set(lines.FOLLOW_UPS) <= set(operations())
    for texts in lines.FOLLOW_UPS.values():
        assert {tool for tool, _ in texts} <= set(operations())


@pytest.mark.parametrize(
    ("name", "arguments", "said", "done"),
    [
        ("open_excel_file", {"file": "sales.xlsx"}, "Opening sales.xlsx", "Opened sales.xlsx"),
        ("list_excel_files", {}, "Looking at the files", "Looked at the files"),
        ("save_excel_file", {}, "Saving the workbook", "Saved a.xlsx"),
        ("read_excel_range", {"sheet": "costs"}, "Reading costs", "Read Costs"),
        ("write_excel_range", {"rows": [[1]]}, "Writing to the workbook", "Wrote to Costs"),
        ("create_excel_chart", {}, "Adding a chart to the workbook", "Chart added to Costs"),
        ("edit_excel_sheet", RENAME, "Renaming Costs", "Sheet renamed to Sums"),
        ("edit_excel_sheet", ADD, "Adding the sheet More", "Sheet More added"),
        ("export_excel_file", {"workbook": "a"}, "Exporting a as CSV", "Exported Costs as CSV"),
        ("query_excel_data", INTO, "Putting rows into the workbook", "Rows put on Sums"),
        ("create_excel_report", BUDGET, "Making the budget", "Budget made"),
    ],
)
def test_lines_say_in_plain_words_what_happens(
    calls: ChatCalls, name: str, arguments: dict[str, Any], said: str, done: str
) -> None:
    calls.attach("sales.xlsx", workbook_bytes())
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS, sheet="Costs")
    calls.op(name, **arguments)
    assert [one["description"] for one in calls.page.statuses[-2:]] == [said, done]


def test_a_name_that_is_long_or_has_line_breaks_is_left_out() -> None:
    for text in ("x" * 81, "a\nb", "latest", "  "):
        assert lines.sentence("Opening {file}", {"file": text}) == "Opening the file"
        assert MODULE._sentence("Opening {file}", {"file": text}) == "Opening the file"


def test_a_program_by_mcp_is_told_the_same_lines() -> None:
    chart = find("create_excel_chart")
    assert lines.doing(chart, {"sheet": "Costs"}) == "Adding a chart to Costs"
    assert lines.doing(chart, {"action": "delete"}) == "Deleting a chart from the workbook"
    assert lines.doing(find("import_csv_to_excel"), {"source": "a,b\n1,2"}) == "Importing the CSV"
    query = find("query_database")
    assert lines.doing(query, {"sql": "SELECT 1"}) == "Asking the database"
    assert lines.doing(query, {"into": "S", "source": "shop"}) == "Bringing rows from shop"


# Errors -------------------------------------------------------------------------


def test_a_person_reads_what_was_wrong_without_words_for_the_model(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.fail("read_excel_range", sheet="Sale")
    line = 'Reading Sale did not work: No sheet "Sale" in a.xlsx. Sheets: "Sheet1".'
    assert calls.page.statuses[-1]["description"] == line
    calls.fail("read_excel_range", limit="many")
    line = (
        "Reading the workbook did not work: the model asked for it in a way that is not understood"
    )
    assert calls.page.statuses[-1]["description"] == line


def test_plain_words_are_for_codes_that_there_are() -> None:
    codes = {one.code for one in _leaves(ExcelToolsError)}
    own = {"service_key", "service_address", "service_unreachable", "service_rubbish"}
    assert set(MODULE.PLAIN) <= codes | own | {"tool_failed"}
    for text in MODULE.PLAIN.values():
        assert "_" not in text
        assert len(text) < 80


def _leaves(error: type[ExcelToolsError]) -> Iterator[type[ExcelToolsError]]:
    yield error
    for one in error.__subclasses__():
        yield from _leaves(one)


def test_a_long_error_is_cut_between_words() -> None:
    text = MODULE._plain(MODULE.ToolError("word " * 100, code="invalid_range"))
    assert len(text) < 210
    assert text.endswith("word ...")


# Suggestions ------------------------------------------------------------------


def suggested(calls: ToolCalls) -> list[str]:
    """The suggestions that the page shows now."""
    found = calls.page.of("chat:message:follow_ups")
    return list(found[-1]["follow_ups"]) if found else []


def stored(calls: ChatCalls, key: str) -> Any:
    messages = calls.webui.chats[calls.chat].chat["history"]["messages"]
    return messages[calls.message].get(key)


def test_suggestions_speak_of_what_was_done_and_are_there_after_a_reload(calls: ChatCalls) -> None:
    calls.attach("sales.csv", CSV)
    calls.op("import_csv_to_excel", source="sales.csv")
    assert suggested(calls) == [
        "Make a chart of Amount per Region from sales",
        "Sum up Amount per Region from sales",
    ]
    calls.module.Tools._state.put("", "without", calls.valves["service_url"])
    calls.op("create_excel_chart", data_range="A1:B3")
    assert suggested(calls) == stored(calls, "followUps") == ["Export sales.xlsx as PDF"]
    calls.op("read_excel_range")
    calls.op("create_excel_chart", action="list")
    calls.op("export_excel_file")
    assert len(calls.page.of("chat:message:follow_ups")) == 2


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        (ROWS, "Make a chart of Cost per Item from a.xlsx"),
        ([{"Id": 7, "Item": "Rent"}], "Make a chart of the data in a.xlsx"),
        ([{"When": "2026-01-31", "Sum": "=1+1"}], "Make a chart of the data in a.xlsx"),
    ],
)
def test_a_chart_is_suggested_of_columns_only_where_they_suit(
    calls: ChatCalls, rows: list[dict[str, Any]], first: str
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=rows)
    assert suggested(calls)[0] == first
    assert len(suggested(calls)) == 2


def test_headers_alone_are_nothing_to_draw(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["Item"])
    assert suggested(calls) == []


def test_what_the_service_can_not_do_is_not_suggested_and_what_is_done_no_more(
    calls: ChatCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no LibreOffice is found there
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert len(suggested(calls)) == 2
    calls.op("create_excel_chart", data_range="A1:B3")
    assert suggested(calls) == stored(calls, "followUps") == []


def test_what_is_redone_is_not_suggested_any_more(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["Item"])
    calls.op("write_excel_range", start="append", rows=[["Fun"]])
    calls.op("undo_excel_change")
    assert suggested(calls) == ["Redo what was undone"]
    calls.op("undo_excel_change", action="redo")
    assert suggested(calls) == []


def test_the_answer_for_the_model_says_nothing_of_suggestions(calls: ChatCalls) -> None:
    answer = calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert "Make a chart" not in str(answer)


@pytest.mark.parametrize(
    "given",
    [
        {"valves": {"suggest_next": False}},
        {"__user__": {"id": "who", "settings": {"ui": {"autoFollowUps": False}}}},
    ],
)
def test_suggestions_can_be_switched_off(
    webui: OpenWebUI, wire: Wire, given: dict[str, Any]
) -> None:
    valves = {**wire.valves, **given.pop("valves", {})}
    calls = ChatCalls(webui, MODULE, valves=valves, user="who", **given)
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert suggested(calls) == []


def test_the_small_tool_suggests_only_what_it_can_do(webui: OpenWebUI, wire: Wire) -> None:
    calls = ChatCalls(webui, load_plugin(SMALL), valves=wire.valves)
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert suggested(calls)[0] == "Make a chart of Cost per Item from a.xlsx"
    for name, facts in calls.module.OPERATIONS.items():
        for texts in [MODULE._follow_ups(facts, {"workbook": "a"}, {"result": {}})]:
            assert len(texts) <= 2, name
    calls.attach("sales.csv", CSV)
    calls.op("open_excel_file", file="sales.csv")
    assert suggested(calls) == ["Make a chart of Amount per Region from sales"], "it has no pivots"


def test_suggestions_of_a_message_that_the_chat_does_not_have_are_only_shown(
    calls: ChatCalls,
) -> None:
    calls.message = "brand-new"
    calls.webui.broken = {"Chats.get_message_by_id_and_message_id"}
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert len(suggested(calls)) == 2


# The workbook, shown after a change -----------------------------------------------


class _Page:
    """fastapi's HTMLResponse, as far as a tool's answer goes."""

    def __init__(self, content: bytes, headers: dict[str, str]) -> None:
        self.body, self.headers = content, headers


@pytest.fixture
def seeing(webui: OpenWebUI, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> ChatCalls:
    """A user who wants to see each change."""
    responses = types.ModuleType("fastapi.responses")
    responses.HTMLResponse = _Page  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fastapi.responses", responses)
    return ChatCalls(webui, MODULE, valves=wire.valves, user_valves={"show_changes": True})


def pages(calls: ChatCalls) -> list[str]:
    """The pages above the answer, the same now and after a reload."""
    live = calls.page.of("chat:message:embeds")
    found = list(live[-1]["embeds"]) if live else []
    assert found == (stored(calls, "embeds") or [])
    return found


def test_a_change_is_shown_once_as_the_last_left_it(seeing: ChatCalls) -> None:
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    seeing.op("write_excel_range", start="append", rows=[["Holiday", 3]])
    (page,) = pages(seeing)
    assert "Holiday" in page
    assert page.startswith("<!doctype html>")
    seeing.op("undo_excel_change")
    (page,) = pages(seeing)
    assert "Holiday" not in page


def test_what_only_looks_or_leaves_the_same_shows_nothing_new(seeing: ChatCalls) -> None:
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    before = len(seeing.page.of("chat:message:embeds"))
    for name in ("read_excel_range", "describe_excel_file", "list_excel_files"):
        seeing.op(name)
    seeing.op("create_excel_chart", action="list")
    seeing.op("undo_excel_change", action="changes", steps=0)
    seeing.op("export_excel_file")
    seeing.op("save_excel_file")
    assert len(seeing.page.of("chat:message:embeds")) == before == 1
    seeing.say("message-2")
    seeing.op("read_excel_range")
    assert stored(seeing, "embeds") is None


def test_two_workbooks_are_shown_beside_each_other_and_beside_others_pages(
    seeing: ChatCalls,
) -> None:
    messages = seeing.webui.chats[seeing.chat].chat["history"]["messages"]
    messages[seeing.message]["embeds"] = ["<p>of another tool</p>"]
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    seeing.op("create_excel_file", filename="b.xlsx", rows=[{"Other": "Sun"}])
    seeing.op("write_excel_range", workbook="a", start="append", rows=[["Holiday", 3]])
    other, second, first = pages(seeing)
    assert other == "<p>of another tool</p>"
    assert "Sun" in second
    assert "Holiday" in first


def test_a_temporary_chat_shows_each_workbook_as_well(seeing: ChatCalls) -> None:
    seeing.webui.chats.clear()
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    seeing.op("create_excel_file", filename="b.xlsx", rows=[{"Other": "Sun"}])
    seeing.op("write_excel_range", workbook="a", start="append", rows=[["Holiday", 3]])
    second, first = seeing.page.of("chat:message:embeds")[-1]["embeds"]
    assert "Sun" in second
    assert "Holiday" in first
    seeing.say("message-2")
    seeing.webui.chats.clear()
    seeing.op("write_excel_range", workbook="b", start="append", rows=[["Moon"]])
    (page,) = seeing.page.of("chat:message:embeds")[-1]["embeds"]
    assert "Moon" in page


def test_a_preview_that_was_asked_for_takes_the_place_of_the_same(seeing: ChatCalls) -> None:
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    shown, _ = asyncio.run(seeing.answer("preview_excel_file"))
    assert b"Rent" in shown.body
    assert pages(seeing) == []
    seeing.op("write_excel_range", start="append", rows=[["Holiday", 3]])
    assert len(pages(seeing)) == 1


def test_a_change_of_a_hidden_sheet_shows_the_workbook_all_the_same(seeing: ChatCalls) -> None:
    seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    seeing.op("edit_excel_sheet", action="add", sheet="Inner")
    seeing.op("edit_excel_sheet", action="hide", sheet="Inner")
    seeing.op("write_excel_range", sheet="Inner", rows=[["secret"]])
    (page,) = pages(seeing)
    assert "Rent" in page


def test_who_did_not_ask_for_it_is_shown_nothing(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    assert calls.page.of("chat:message:embeds") == []
    assert "POST preview_excel_file 200" not in wire.take()


@pytest.mark.parametrize(
    "step",
    [
        "Chats.get_message_metadata",
        "Chats.get_message_by_id_and_message_id",
        "Chats.upsert_message_to_chat_by_id_and_message_id",
    ],
)
def test_a_page_is_shown_even_if_the_chat_can_not_keep_it(seeing: ChatCalls, step: str) -> None:
    seeing.webui.broken = {step}
    answer = seeing.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    (page,) = seeing.page.of("chat:message:embeds")[-1]["embeds"]
    assert "Rent" in page
    assert answer["workbook"] == "a.xlsx"


# One chip for each file ------------------------------------------------------------


@pytest.mark.parametrize("size", ["full", "small"])
def test_a_file_has_one_chip_whatever_is_done_to_it(
    webui: OpenWebUI, wire: Wire, size: str
) -> None:
    module = MODULE if size == "full" else load_plugin(SMALL)
    calls = ChatCalls(webui, module, valves=wire.valves)
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    if size == "full":
        calls.op("save_excel_file")
        calls.op("save_excel_file")
    calls.op("create_excel_chart", data_range="A1:B3")
    assert [chip["name"] for chip in calls.chips] == ["a.xlsx"]
    assert len(calls.webui.files) == 1


def test_a_saved_file_and_its_later_copy_are_two(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.op("save_excel_file")
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    calls.op("save_excel_file", filename="b")
    assert [chip["name"] for chip in calls.chips] == ["a.xlsx", "b.xlsx"]


def test_calls_at_the_same_time_share_the_chip_of_their_file(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.say("message-2")

    async def several() -> None:
        await asyncio.gather(
            *(
                calls.call("write_excel_range", start="append", rows=[[f"n{n}", n]])
                for n in range(4)
            )
        )

    asyncio.run(several())
    assert [chip["name"] for chip in calls.chips] == ["a.xlsx"]
    assert len(calls.rows()) == 7


def test_looking_at_charts_or_rules_brings_no_file(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.say("message-2")
    for name in ("create_excel_chart", "add_excel_rule", "create_excel_table"):
        calls.op(name, action="list")
    assert calls.chips == []


# The condition by itself, as other programs send it ----------------------------------


def closing(wire: Wire, calls: ToolCalls, allowed: str) -> Any:
    """The service's answer to closing with so many changes that may be lost."""
    who = {"X-User-Id": calls.user, "X-Chat-Id": calls.chat, "X-Excel-May-Discard": allowed}
    url = f"{wire.backend.url}/v1/operations/close_excel_file"
    headers = {**who, "Authorization": f"Bearer {KEY}"}
    return wire.backend.request("POST", url, json={}, headers=headers)


def test_closing_is_refused_where_more_would_be_lost_than_the_caller_allows(
    wire: Wire, calls: ChatCalls
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", rows=ROWS)
    calls.op("write_excel_range", start="append", rows=[["Fun", 3]])
    for allowed in ("0", "1"):
        answer = closing(wire, calls, allowed)
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert error["code"] == "unsaved_changes"
        facts = {"workbook": "a.xlsx", "unsaved_changes": 2, "saved_before": False}
        assert error["details"] == facts
    assert closing(wire, calls, "2").json()["result"]["discarded_changes"] == 2


@pytest.mark.parametrize("allowed", ["all", "-1", "1.5", "9" * 10])
def test_an_allowance_that_is_no_number_is_refused(
    wire: Wire, calls: ChatCalls, allowed: str
) -> None:
    answer = closing(wire, calls, allowed)
    assert answer.status_code == 422
    assert "X-Excel-May-Discard" in answer.json()["error"]["message"]
