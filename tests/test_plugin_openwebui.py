"""Files in the chat: delivered as chips, read as attachments, restored after a loss.

The service is the real one; Open WebUI's own parts are stand-ins (tests/fake_openwebui.py).
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from python_calamine import CalamineWorkbook
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.backends import Backend, InProcess, Wire, wire
from tests.fake_openwebui import ChatCalls, OpenWebUI
from tests.formats_fixtures import encrypted, small_xlsb
from tests.plugin_fixtures import SMALL, load_plugin
from tests.service_fixtures import workbook_bytes

__all__ = ["wire"]

MODULE = load_plugin()
HEADS = ["Item", "Cost"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


def cells(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def shown(calls: ChatCalls, number: int = 0) -> list[list[Any]]:
    """The cells of the file behind a chip."""
    return cells(calls.webui.content(calls.chips[number]["id"]))


def names(calls: ChatCalls) -> list[str]:
    return [chip["name"] for chip in calls.chips]


# Delivery -------------------------------------------------------------------


def test_a_file_arrives_as_one_chip_of_the_user(calls: ChatCalls) -> None:
    answer = calls.op("create_excel_file", filename="Büro.xlsx", headers=HEADS)
    (chip,) = calls.chips
    assert (chip["type"], chip["name"], chip["content_type"]) == ("file", "Büro.xlsx", XLSX)
    assert chip["status"] == "uploaded"
    assert chip["url"] == chip["id"] == chip["file"]["id"]
    assert shown(calls) == [HEADS]
    file = calls.webui.files[chip["id"]]
    assert file.user_id == calls.user
    assert calls.webui.linked == [(calls.chat, calls.message, chip["id"])], "for a shared chat"
    assert file.meta["data"]["chat_id"] == calls.chat
    assert chip["size"] == len(calls.webui.content(chip["id"]))
    address = f"/api/v1/files/{chip['id']}/content"
    assert answer["link"] == f"[Download Büro.xlsx]({address})"
    assert answer["files"][0]["download_url"] == address


def test_several_calls_in_one_answer_keep_one_chip_with_the_newest_contents(
    calls: ChatCalls,
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    (first,) = calls.chips
    for number in (1, 2, 3):
        calls.op("write_excel_range", start="append", rows=[[f"row {number}", number]])
    calls.op("save_excel_file")
    (last,) = calls.chips
    assert last["id"] == first["id"]
    assert len(calls.webui.files) == 1
    assert shown(calls) == [HEADS, ["row 1", 1.0], ["row 2", 2.0], ["row 3", 3.0]]
    content = calls.webui.content(last["id"])
    assert last["size"] == len(content) == calls.webui.files[last["id"]].meta["size"]
    assert calls.webui.files[last["id"]].meta["data"]["excel_tools"]["name"] == "a.xlsx"


def test_a_tool_that_was_saved_again_keeps_the_one_chip(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.module = load_plugin()
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert names(calls) == ["a.xlsx"]
    assert shown(calls)[1] == ["more", 1.0]


def test_two_files_are_two_chips_in_the_order_of_their_making(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    calls.op("write_excel_range", workbook="a.xlsx", start="append", rows=[["more"]])
    assert names(calls) == ["a.xlsx", "b.xlsx"]
    assert shown(calls, 0) == [["a"], ["more"]]
    assert shown(calls, 1) == [["b"]]


def test_an_export_is_a_chip_beside_the_workbooks(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS, rows=[["x", 1]])
    answer = calls.op("export_excel_file")
    assert names(calls) == ["a.xlsx", "a.csv"]
    chip = calls.chips[1]
    assert chip["content_type"] == "text/csv"
    assert calls.webui.content(chip["id"]).decode("utf-8-sig") == "Item,Cost\r\nx,1\r\n"
    assert answer["link"] == f"[Download a.csv](/api/v1/files/{chip['id']}/content)"


def test_the_next_answer_gets_a_chip_of_its_own_and_the_old_one_stays_as_it_was(
    calls: ChatCalls,
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    (first,) = calls.chips
    calls.say("message-2")
    calls.op("write_excel_range", start="append", rows=[["new", 1]])
    (second,) = calls.chips
    assert second["id"] != first["id"]
    assert shown(calls) == [HEADS, ["new", 1.0]]
    assert cells(calls.webui.content(first["id"])) == [HEADS]


def test_a_saved_copy_under_a_new_name_is_a_chip_more(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("save_excel_file", filename="final.xlsx")
    assert names(calls) == ["a.xlsx", "final.xlsx"]


def test_chips_of_other_tools_stay(calls: ChatCalls) -> None:
    other = {"type": "image", "id": "other", "url": "/x.png", "name": "x.png"}
    emit = calls.webui.emitter(calls.chat, calls.message, calls.page)
    asyncio.run(emit({"type": "files", "data": {"files": [other]}}))
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert names(calls) == ["x.png", "a.xlsx"]


def test_a_temporary_chat_shows_one_chip_though_it_is_stored_nowhere(
    webui: OpenWebUI, wire: Wire
) -> None:
    calls = ChatCalls(webui, MODULE, chat="local:abc", valves=wire.valves)
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    assert names(calls) == ["a.xlsx", "b.xlsx"]
    assert shown(calls) == [HEADS, ["more", 1.0]]


def test_a_message_that_is_not_in_the_chat_yet_gets_its_chip(calls: ChatCalls) -> None:
    calls.message = "brand-new"
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert names(calls) == ["a.xlsx"]
    assert shown(calls) == [HEADS, ["more", 1.0]]


@pytest.mark.parametrize("message", ["", None])
def test_without_a_message_the_file_is_stored_and_linked(calls: ChatCalls, message: Any) -> None:
    calls.message = message
    answer = calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    (file,) = calls.webui.files.values()
    assert answer["link"] == f"[Download a.xlsx](/api/v1/files/{file.id}/content)"


def test_reading_delivers_nothing(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    before = calls.webui.content(calls.chips[0]["id"])
    calls.say("message-2")
    for name in ("read_excel_range", "describe_excel_file", "list_excel_files"):
        calls.op(name)
    assert calls.chips == []
    assert len(calls.webui.files) == 1
    assert [calls.webui.content(id_) for id_ in calls.webui.files] == [before]


def test_undo_and_redo_deliver_what_they_leave_and_looking_back_delivers_nothing(
    calls: ChatCalls,
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("write_excel_range", start="append", rows=[["row 1", 1]])
    for number, (action, left) in enumerate(
        [("undo", [HEADS]), ("redo", [HEADS, ["row 1", 1.0]])], start=2
    ):
        calls.say(f"message-{number}")
        answer = calls.op("undo_excel_change", action=action)
        (chip,) = calls.chips
        assert (chip["name"], shown(calls)) == ("a.xlsx", left)
        assert answer["files"][0]["download_url"] == f"/api/v1/files/{chip['id']}/content"
        said = [status["description"] for status in calls.page.statuses[-2:]]
        verb = {"undo": "Undo", "redo": "Redo"}[action]
        assert said == [f"{verb}ing changes of the workbook", f"Changes of a.xlsx {action}ne"]
    stored = len(calls.webui.files)
    calls.say("message-4")
    told = calls.op("undo_excel_change", action="changes")
    assert told["result"]["changed_cells"] == 2
    assert calls.chips == []
    assert len(calls.webui.files) == stored
    assert calls.page.statuses[-1]["done"] is True


# Delivery that fails ---------------------------------------------------------


def check_signed(wire: Wire, answer: dict[str, Any], rows: list[list[Any]]) -> None:
    """The answer has the service's own link, and it works."""
    address = answer["files"][0]["download_url"]
    assert address.startswith("http://files.test/files/")
    assert f"]({address})" in answer["link"]
    assert cells(wire.download(address)) == rows


@pytest.mark.parametrize("step", ["Users.get_user_by_id", "upload_file_handler"])
def test_the_signed_link_remains_where_open_webui_does_not_take_the_file(
    wire: Wire, calls: ChatCalls, step: str
) -> None:
    calls.webui.broken = {step}
    check_signed(wire, calls.op("create_excel_file", filename="a.xlsx", headers=HEADS), [HEADS])
    assert calls.chips == []
    assert calls.page.statuses[-1]["done"] is True


@pytest.mark.parametrize(
    "module",
    ["open_webui.routers.files", "open_webui.models.users", "fastapi", "starlette.datastructures"],
)
def test_the_signed_link_remains_where_a_module_has_moved(
    wire: Wire, calls: ChatCalls, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    check_signed(wire, calls.op("create_excel_file", filename="a.xlsx", headers=HEADS), [HEADS])


def test_the_signed_link_remains_where_there_is_no_request(wire: Wire, calls: ChatCalls) -> None:
    calls.injected["__request__"] = None
    check_signed(wire, calls.op("create_excel_file", filename="a.xlsx", headers=HEADS), [HEADS])
    assert calls.webui.files == {}


@pytest.mark.parametrize(
    "step",
    ["Chats.get_message_metadata", "Chats.add_message_files_by_id_and_message_id"],
)
def test_a_chip_is_shown_even_if_the_chats_list_can_not_be_used(
    calls: ChatCalls, step: str
) -> None:
    calls.webui.broken = {step}
    answer = calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    assert names(calls) == ["a.xlsx"]
    assert answer["link"].startswith("[Download a.xlsx](/api/v1/files/")
    calls.webui.broken = set()
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert names(calls) == ["a.xlsx"]
    assert shown(calls) == [HEADS, ["more", 1.0]]


@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another"])
@pytest.mark.parametrize(
    "step",
    [
        "Chats.get_message_metadata",
        "Chats.add_message_files_by_id_and_message_id",
        "Chats.upsert_message_to_chat_by_id_and_message_id",
        "Files.get_file_by_id",
        "Files.update_file_metadata_by_id",
        "Storage.upload_file",
    ],
)
def test_whatever_fails_at_the_second_call_one_chip_shows_the_newest_contents(
    calls: ChatCalls, step: str, other: bool
) -> None:
    if other:
        calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.webui.broken = {step}
    answer = calls.op("write_excel_range", workbook="a", start="append", rows=[["more", 1]])
    live = calls.webui.live[calls.chat, calls.message]
    assert [chip["name"] for chip in live] == ["b.xlsx", "a.xlsx"][not other :]
    newest = live[-1]["id"]
    assert cells(calls.webui.content(newest)) == [HEADS, ["more", 1.0]]
    assert newest in answer["link"]


def test_a_storage_that_has_moved_gets_a_new_file_in_the_chips_place(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    (first,) = calls.chips
    calls.webui.prefix = "elsewhere-"
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    (second,) = calls.chips
    assert second["id"] != first["id"]
    assert shown(calls) == [HEADS, ["more", 1.0]]


def test_a_chip_whose_file_the_user_deleted_is_replaced(calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.webui.files.clear()
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert names(calls) == ["a.xlsx"]
    assert shown(calls) == [HEADS, ["more", 1.0]]


def test_a_file_of_someone_else_is_never_overwritten(calls: ChatCalls) -> None:
    """A chip's mark is only a hint: whoever writes a chat can forge it."""
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    (chip,) = calls.chips
    calls.webui.user("victim")
    calls.webui.files[chip["id"]].user_id = "victim"
    calls.op("write_excel_range", start="append", rows=[["more", 1]])
    assert cells(calls.webui.content(chip["id"])) == [HEADS]
    assert shown(calls) == [HEADS, ["more", 1.0]]


def test_files_stay_outside_where_the_administrator_wants_it_so(
    webui: OpenWebUI, wire: Wire
) -> None:
    calls = ChatCalls(webui, MODULE, valves={**wire.valves, "deliver_files": False})
    check_signed(wire, calls.op("create_excel_file", filename="a.xlsx", headers=HEADS), [HEADS])
    assert webui.files == {}
    assert "GET /files 200" not in wire.take()


@pytest.mark.parametrize(
    "public", ["https://excel.example.org", "https://example.org/excel/", " https://e.org "]
)
def test_signed_links_start_with_the_public_address_of_the_valves(
    webui: OpenWebUI, wire: Wire, public: str
) -> None:
    valves = {**wire.valves, "deliver_files": False, "public_url": public}
    answer = ChatCalls(webui, MODULE, valves=valves).op("create_excel_file", filename="a.xlsx")
    address = answer["files"][0]["download_url"]
    assert address.startswith(f"{public.strip().rstrip('/')}/files/")
    assert f"]({address})" in answer["link"]
    assert cells(wire.download(address[address.index("/files/") :])) == []


# Attachments ------------------------------------------------------------------

DATA = workbook_bytes(["Name", "Age"], ["Ada", 36])
NEWER = workbook_bytes(["Name", "Age"], ["Bob", 40])


@pytest.mark.parametrize(
    "asked", ["people.xlsx", "People.XLSX", "people", " people ", "latest", "", "LATEST", "id"]
)
def test_an_attachment_is_found_by_name_id_stem_or_as_the_latest(
    wire: Wire, calls: ChatCalls, asked: str
) -> None:
    calls.attach("other.xlsx", NEWER)
    id_ = calls.attach("people.xlsx", DATA)
    calls.attach("notes.pdf", b"%PDF-1.7")
    answer = calls.op("open_excel_file", file=id_ if asked == "id" else asked)
    assert answer["workbook"] == "people.xlsx"
    assert calls.rows() == [["Name", "Age"], ["Ada", 36]]
    assert wire.take().count("POST /v1/files 201") == 1


@pytest.mark.parametrize("name", ["form.xltx", "form.XLTM", "old.xlsb"])
def test_a_workbook_of_any_format_is_the_latest_attachment(calls: ChatCalls, name: str) -> None:
    calls.attach(name, small_xlsb() if name.endswith("b") else DATA)
    calls.attach("notes.pdf", b"%PDF-1.7")
    assert name in str(calls.op("open_excel_file")["result"].get("notes", name))


def test_a_password_reaches_the_service_and_no_status(calls: ChatCalls) -> None:
    calls.attach("secret.xlsx", encrypted(DATA, "Xk-93"))
    error = calls.fail("open_excel_file", file="secret.xlsx")
    assert error["code"] == "password_required"
    calls.op("open_excel_file", file="secret.xlsx", password="Xk-93")
    assert calls.rows() == [["Name", "Age"], ["Ada", 36]]
    assert "Xk-93" not in str(calls.page.statuses)


def test_a_converted_workbook_comes_back_from_the_chat(wire: Wire, calls: ChatCalls) -> None:
    """What is restored is the file that was delivered: nothing is converted again."""
    calls.attach("costs.xlsb", small_xlsb())
    assert calls.op("open_excel_file")["workbook"] == "costs.xlsx"
    calls.op("write_excel_range", start="append", rows=[["Tax", 10]])
    wire.delete_session(calls.user, calls.chat)
    rows = calls.op("read_excel_range", workbook="costs.xlsx")["result"]["rows"]
    assert rows[1] == ["Rent", 1200]
    assert rows[-1] == ["Tax", 10]


def test_of_two_attachments_of_one_name_the_model_is_asked_which_one(calls: ChatCalls) -> None:
    first = calls.attach("people.xlsx", DATA)
    second = calls.attach("people.xlsx", NEWER)
    error = calls.fail("open_excel_file", file="people.xlsx")
    assert error["code"] == "ambiguous_name"
    assert first in error["error"]
    assert second in error["error"]
    assert calls.op("list_excel_files")["result"]["open"] == []
    assert calls.op("open_excel_file", file=first)["workbook"] == "people.xlsx"
    assert calls.rows()[1] == ["Ada", 36]
    assert calls.op("open_excel_file", file="latest")["workbook"] == "people (2).xlsx"
    assert calls.rows(workbook="people (2)")[1] == ["Bob", 40]


def test_an_attachment_is_sent_once_and_opened_once(wire: Wire, calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    calls.op("open_excel_file", file="people")
    calls.op("write_excel_range", start="append", rows=[["Cleo", 41]])
    answer = calls.op("open_excel_file", file="people")
    assert "open already" in str(answer["result"]["notes"])
    assert calls.rows()[2] == ["Cleo", 41]
    assert wire.take().count("POST /v1/files 201") == 1


def test_an_attached_csv_is_imported(calls: ChatCalls) -> None:
    calls.attach("Umsätze 2026.csv", "Code;Betrag\n007;1,5\n".encode("cp1252"))
    answer = calls.op("import_csv_to_excel", source="Umsätze 2026.csv")
    assert answer["workbook"] == "Umsätze 2026.xlsx"
    assert calls.rows() == [["Code", "Betrag"], ["007", 1.5]]


def test_csv_text_is_never_looked_for_among_the_attachments(calls: ChatCalls) -> None:
    calls.attach("a,b", b"x")
    calls.webui.broken = {"Files.get_file_by_id"}
    calls.op("import_csv_to_excel", source="a,b\n1,2\n")
    assert calls.rows() == [["a", "b"], [1, 2]]


def test_an_attachment_that_was_changed_comes_back_with_its_rest(calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    calls.op("open_excel_file", file="latest")
    calls.op("write_excel_range", start="append", rows=[["Cleo", 41]])
    assert names(calls) == ["people.xlsx"]
    assert shown(calls) == [["Name", "Age"], ["Ada", 36.0], ["Cleo", 41.0]]
    # The user's own upload is as it was.
    assert calls.webui.content(calls.injected["__files__"][0]["id"]) == DATA


@pytest.mark.parametrize("tool", ["open_excel_file", "import_csv_to_excel"])
def test_a_file_of_someone_else_is_not_read(wire: Wire, calls: ChatCalls, tool: str) -> None:
    """__files__ comes from the browser: it may name any file."""
    calls.webui.user("victim")
    calls.injected["__files__"].append(calls.webui.attach("victim", "salaries.xlsx", DATA))
    parameter = "file" if tool == "open_excel_file" else "source"
    answer = calls.fail(tool, **{parameter: "salaries.xlsx"})
    assert answer["code"] == "attachment_forbidden"
    assert "salaries" not in answer["error"]
    assert "POST /v1/files 201" not in wire.take()


def test_a_file_that_was_shared_with_the_user_is_read(calls: ChatCalls) -> None:
    calls.webui.user("colleague")
    entry = calls.webui.attach("colleague", "shared.xlsx", DATA)
    calls.injected["__files__"].append(entry)
    calls.webui.shared.add((entry["id"], calls.user))
    assert calls.op("open_excel_file", file="shared")["workbook"] == "shared.xlsx"


def test_an_administrator_may_read_any_file(calls: ChatCalls) -> None:
    calls.webui.user("someone")
    calls.injected["__files__"].append(calls.webui.attach("someone", "a.xlsx", DATA))
    calls.webui.users[calls.user].role = "admin"
    assert calls.op("open_excel_file", file="a")["workbook"] == "a.xlsx"


def test_an_attachment_that_is_gone_is_told(wire: Wire, calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    calls.webui.files.clear()
    assert calls.fail("open_excel_file", file="people")["code"] == "attachment_forbidden"
    assert "POST /v1/files 201" not in wire.take()


@pytest.mark.parametrize(
    "step", ["Files.get_file_by_id", "Users.get_user_by_id", "Storage.get_file"]
)
def test_an_attachment_that_can_not_be_read_is_told(
    wire: Wire, calls: ChatCalls, step: str
) -> None:
    calls.attach("people.xlsx", DATA)
    calls.webui.broken = {step}
    answer = calls.fail("open_excel_file", file="people")
    assert answer["code"] == "attachment_unreadable"
    assert "attach it again" in answer["hint"]
    assert "POST /v1/files 201" not in wire.take()


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "empty.xlsx", "invalid_parameters"),
        (b"no workbook at all", "broken.xlsx", "unsupported_file"),
        (b"PK\x03\x04 cut short", "cut.xlsx", "workbook_damaged"),
    ],
)
def test_an_attachment_that_is_no_workbook_is_told(
    calls: ChatCalls, data: bytes, name: str, code: str
) -> None:
    calls.attach(name, data)
    assert calls.fail("open_excel_file", file=name)["code"] == code
    assert calls.op("list_excel_files")["result"]["open"] == []


def test_a_lost_session_gets_the_attachment_again(wire: Wire, calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    calls.op("open_excel_file", file="people")
    wire.delete_session(calls.user, calls.chat)
    wire.take()
    calls.op("open_excel_file", file="people")
    assert wire.take() == [
        "POST open_excel_file 400",
        "POST /v1/sessions 201",
        "PUT /v1/files 200",
        "POST open_excel_file 409",
        "POST /v1/files 201",
        "POST open_excel_file 200",
    ]
    assert calls.rows() == [["Name", "Age"], ["Ada", 36]]


def test_an_attachment_is_found_by_what_a_model_remembers(calls: ChatCalls) -> None:
    calls.attach("People of Bath 2026.xlsx", DATA)
    calls.attach("Costs.xlsx", NEWER)
    answer = calls.op("open_excel_file", file="the people file")
    assert answer["workbook"] == "People of Bath 2026.xlsx"
    assert answer["asked_for"] == "the people file"
    assert calls.page.statuses[-1]["description"] == "Opened People of Bath 2026.xlsx"


def test_an_attachment_that_a_call_works_on_is_opened_by_it(wire: Wire, calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    calls.attach("notes.pdf", b"%PDF-1.7")
    assert calls.rows() == [["Name", "Age"], ["Ada", 36]]
    calls.attach("Costs 2026.xlsx", NEWER)
    answer = calls.op("read_excel_range", workbook="the costs")
    assert (answer["workbook"], answer["asked_for"]) == ("Costs 2026.xlsx", "the costs")
    assert calls.fail("read_excel_range")["code"] == "workbook_required"
    opened = calls.op("list_excel_files")["result"]["open"]
    assert [entry["workbook"] for entry in opened] == ["people.xlsx", "Costs 2026.xlsx"]


def test_the_small_tool_finds_files_as_the_large_one_does(webui: OpenWebUI, wire: Wire) -> None:
    calls = ChatCalls(webui, load_plugin(SMALL), valves=wire.valves)
    calls.attach("People of Bath 2026.xlsx", DATA)
    calls.attach("Costs 2026.xlsx", NEWER)
    assert calls.fail("read_excel_range", workbook="2026")["code"] == "ambiguous_name"
    answer = calls.op("read_excel_range", workbook="my people file")
    assert answer["result"]["rows"] == [["Name", "Age"], ["Ada", 36]]
    assert calls.op("open_excel_file", file="the last one")["workbook"] == "Costs 2026.xlsx"


def test_a_call_may_need_two_files_of_the_chat(calls: ChatCalls) -> None:
    calls.attach("Costs 2026.csv", b"a,b\n1,2\n")
    calls.attach("People of Bath.xlsx", DATA)
    answer = calls.op("import_csv_to_excel", source="the costs", workbook="people")
    assert (answer["workbook"], answer["file_used"]) == ("People of Bath.xlsx", "Costs 2026.csv")
    assert calls.rows(sheet=answer["sheet"]) == [["a", "b"], [1, 2]]
    assert len(calls.op("describe_excel_file")["result"]["sheets"]) == 2


def test_where_two_attachments_fit_neither_is_opened(calls: ChatCalls) -> None:
    calls.attach("Budget 2025.xlsx", DATA)
    calls.attach("Budget 2026.xlsx", NEWER)
    for tool, parameter in (("open_excel_file", "file"), ("read_excel_range", "workbook")):
        answer = calls.fail(tool, **{parameter: "budget"})
        assert answer["code"] == "ambiguous_name"
        assert '"Budget 2025.xlsx" (attached, not open' in answer["error"]
    assert calls.fail("read_excel_range")["code"] == "workbook_not_found"
    assert calls.op("list_excel_files")["result"]["open"] == []


def test_the_list_tells_the_files_of_the_chat_before_they_are_opened(calls: ChatCalls) -> None:
    id_ = calls.attach("people.xlsx", DATA)
    listed = calls.op("list_excel_files")["result"]
    assert listed["attached"] == [{"name": "people.xlsx", "id": id_}]
    calls.op("open_excel_file", file="people")
    assert "attached" not in calls.op("list_excel_files")["result"]


def test_the_service_is_told_once_of_files_that_stay_the_same(wire: Wire, calls: ChatCalls) -> None:
    calls.attach("people.xlsx", DATA)
    for _ in range(2):
        calls.op("open_excel_file", file="people")
        calls.op("read_excel_range")
        calls.op("list_excel_files")
    assert wire.take().count("PUT /v1/files 200") == 1


def test_a_file_of_an_earlier_message_is_found_though_the_page_sends_it_no_more(
    calls: ChatCalls,
) -> None:
    picture = calls.webui.attach(calls.user, "logo.png", png())
    people = calls.webui.attach(calls.user, "people.xlsx", DATA)
    other = calls.webui.attach(calls.user, "of another branch.xlsx", NEWER)
    messages = calls.webui.chats[calls.chat].chat["history"]["messages"]
    messages["q1"] = {"id": "q1", "role": "user", "files": [picture, people]}
    messages["q2"] = {"id": "q2", "role": "user", "files": [other]}
    messages["a1"] = {"id": "a1", "role": "assistant", "parentId": "q1"}
    messages["q3"] = {"id": "q3", "role": "user", "parentId": "a1"}
    messages[calls.message]["parentId"] = "q3"
    assert calls.op("open_excel_file", file="people")["workbook"] == "people.xlsx"
    placed = calls.op("annotate_excel_cells", action="image", range="D2", target="the logo")
    assert placed["file_used"] == "logo.png"
    assert calls.fail("open_excel_file", file="another branch")["code"] == "file_not_found"


def png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(data, "PNG")
    return data.getvalue()


# Folders and knowledge ----------------------------------------------------------


def shelve(calls: ChatCalls, *knowledge: dict[str, Any], **more: Any) -> None:
    """Let the model have this knowledge, and Open WebUI say more of the chat."""
    model = {"id": "m", "info": {"meta": {"knowledge": list(knowledge)}}}
    calls.metadata = {"model": model, **more}


def theirs(calls: ChatCalls, name: str, data: bytes = DATA) -> str:
    """A file of another user."""
    calls.webui.user("librarian")
    return str(calls.webui.attach("librarian", name, data)["id"])


def test_files_of_the_models_knowledge_are_opened_by_name(calls: ChatCalls) -> None:
    own = theirs(calls, "Price list 2026.xlsx"), theirs(calls, "Rules.pdf")
    calls.webui.collect("prices", "librarian", *own, readers=(calls.user,))
    single = theirs(calls, "People.xlsx", NEWER)
    calls.webui.shared.add((single, calls.user))
    shelve(calls, {"type": "collection", "id": "prices"}, {"type": "file", "id": single}, {})
    listed = calls.op("list_excel_files")["result"]["attached"]
    assert [(entry["name"], entry["in"]) for entry in listed] == [
        ("Price list 2026.xlsx", "knowledge"),
        ("People.xlsx", "knowledge"),
    ]
    assert calls.op("open_excel_file", file="price list")["workbook"] == "Price list 2026.xlsx"
    assert calls.op("open_excel_file", file="people")["workbook"] == "People.xlsx"
    assert calls.rows(workbook="people")[1] == ["Bob", 40]


def test_knowledge_that_the_user_may_not_read_is_not_even_named(calls: ChatCalls) -> None:
    calls.webui.collect("salaries", "librarian", theirs(calls, "Salaries.xlsx"))
    shelve(calls, {"type": "collection", "id": "salaries"})
    answer = calls.fail("open_excel_file", file="salaries")
    assert answer["code"] == "file_not_found"
    assert "Salaries.xlsx" not in str(answer)
    shelve(calls, {"type": "file", "id": theirs(calls, "Secret.xlsx")})
    answer = calls.fail("open_excel_file", file="secret")
    assert answer["code"] == "attachment_forbidden"
    assert "may not read" in answer["error"]


def test_a_collection_that_is_attached_to_a_message_is_looked_through(calls: ChatCalls) -> None:
    calls.webui.collect("prices", calls.user, theirs(calls, "Prices.xlsx"))
    calls.injected["__files__"].append({"type": "collection", "id": "prices", "name": "Prices"})
    assert calls.op("open_excel_file", file="prices")["workbook"] == "Prices.xlsx"


def test_files_of_the_folder_that_the_chat_is_in_are_the_users_by_its_grant(
    calls: ChatCalls,
) -> None:
    """Open WebUI has looked whether the user may use the folder, and the owner the files."""
    calls.webui.collect("plans", "librarian", theirs(calls, "Plan B.xlsx", NEWER))
    entries = [
        {"type": "file", "id": theirs(calls, "Plan A.xlsx")},
        {"type": "collection", "id": "plans"},
        {"type": "note", "id": "n"},
    ]
    shelve(calls, folder_knowledge=entries)
    assert calls.fail("open_excel_file", file="plan")["code"] == "ambiguous_name"
    assert calls.op("open_excel_file", file="plan a")["workbook"] == "Plan A.xlsx"
    assert calls.op("open_excel_file", file="plan b")["workbook"] == "Plan B.xlsx"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_folder_that_is_attached_is_opened_to_those_who_may_use_it(
    calls: ChatCalls, allowed: bool
) -> None:
    entry = {"type": "file", "id": theirs(calls, "Plan.xlsx")}
    readers = (calls.user,) if allowed else ()
    calls.webui.folder_with("f1", "librarian", entry, readers=readers)
    calls.injected["__files__"].append({"type": "folder", "id": "f1", "name": "Plans"})
    if allowed:
        assert calls.op("open_excel_file", file="plan")["workbook"] == "Plan.xlsx"
    else:
        assert calls.fail("open_excel_file", file="plan")["code"] == "file_not_found"


@pytest.mark.parametrize(
    "step",
    [
        "Knowledges.get_file_metadatas_by_id",
        "Knowledges.check_access_by_user_id",
        "Files.get_file_metadatas_by_ids",
    ],
)
def test_an_open_webui_whose_knowledge_has_moved_still_has_attachments(
    calls: ChatCalls, step: str
) -> None:
    calls.webui.collect("prices", "librarian", theirs(calls, "Prices.xlsx"))
    shelve(calls, {"type": "collection", "id": "prices"}, folder_knowledge=[{"type": "file"}])
    calls.attach("people.xlsx", DATA)
    calls.webui.broken = {step}
    assert calls.op("open_excel_file", file="people")["workbook"] == "people.xlsx"


# Files that Open WebUI does not keep ---------------------------------------------


def test_a_temporary_chat_gives_the_text_of_a_csv_file_and_no_workbook(
    webui: OpenWebUI, wire: Wire
) -> None:
    calls = ChatCalls(webui, MODULE, chat="local:abc", valves=wire.valves)
    for name, content in (("costs.csv", "a,b\n1,2\n"), ("people.xlsx", "PK\x03")):
        kept = {"type": "text", "id": f"id-{name}", "name": name, "content": content}
        calls.injected["__files__"].append(kept)
    assert calls.op("open_excel_file", file="costs.csv")["workbook"] == "costs.xlsx"
    assert calls.rows(workbook="costs") == [["a", "b"], [1, 2]]
    answer = calls.fail("open_excel_file", file="people")
    assert answer["code"] == "attachment_unreadable"
    assert "temporary chat" in answer["error"]
    assert "ordinary chat" in answer["hint"]


def test_a_file_in_a_terminal_is_told(calls: ChatCalls) -> None:
    item = {"type": "filesystem", "id": None, "itemId": "i", "name": "people.xlsx"}
    calls.injected["__files__"].append(item)
    assert "terminal" in calls.fail("open_excel_file", file="people")["error"]


# Large files ---------------------------------------------------------------------


def test_a_file_is_sent_in_pieces(tmp_path: Path) -> None:
    """The body is as long as it says, is what a form is, and no piece is large."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes(range(256)) * 4_000)
    upload = MODULE.Upload("id-1", 'Büro "x".xlsx', str(path))
    with upload.stream() as stream:
        form = MODULE.UploadForm(upload, stream)
        for _ in range(2):  # a body may be asked for again
            pieces = list(form)
            assert max(map(len, pieces)) <= MODULE.PIECE
            assert sum(map(len, pieces)) == len(form)
    environ = EnvironBuilder(
        method="POST", input_stream=io.BytesIO(b"".join(pieces)), headers=form.headers
    ).get_environ()
    environ["CONTENT_LENGTH"] = str(len(form))
    request = Request(environ)
    assert request.form["source"] == "id-1"
    assert request.files["file"].filename == 'Büro "x".xlsx'
    assert request.files["file"].read() == path.read_bytes()
    request.close()


class Sink(BaseHTTPRequestHandler):
    """A service that takes files and keeps nothing of them."""

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        body = b'{"file": {"id": "f1"}}'
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def test_the_plugin_never_holds_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    with HTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        valves = MODULE.Tools.Valves(service_url=f"http://127.0.0.1:{server.server_port}")
        client = MODULE.ServiceClient(valves, "ann", "c", MODULE.SharedState())
        tracemalloc.start()
        try:
            id_ = client._uploaded("session", MODULE.Upload("id-1", path.name, str(path)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            thread.join()
    assert id_ == "f1"
    assert peak < 8 << 20  # of which the sink holds one piece or two


# Restoring --------------------------------------------------------------------


@pytest.mark.parametrize("workbook", ["", "a.xlsx", "A"])
@pytest.mark.parametrize("forgotten", [False, True], ids=["same load", "tool saved again"])
def test_a_workbook_whose_session_is_gone_comes_back_from_the_chat(
    wire: Wire, calls: ChatCalls, workbook: str, forgotten: bool
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=HEADS)
    calls.op("write_excel_range", start="append", rows=[["old", 1]])
    wire.delete_session(calls.user, calls.chat)
    if forgotten:
        calls.module = load_plugin()
    calls.say("message-2")
    answer = calls.op("write_excel_range", workbook=workbook, start="append", rows=[["new", 2]])
    assert answer["workbook"] == "a.xlsx"
    assert calls.rows() == [HEADS, ["old", 1], ["new", 2]]
    assert shown(calls) == [HEADS, ["old", 1.0], ["new", 2.0]]
    assert [status["done"] for status in calls.page.statuses[-4:-2]] == [False, True]


def test_the_newest_delivered_state_is_what_comes_back(wire: Wire, calls: ChatCalls) -> None:
    for number in (1, 2, 3):
        calls.say(f"message-{number}")
        if number == 1:
            calls.op("create_excel_file", filename="a.xlsx", headers=["n"])
        calls.op("write_excel_range", start="append", rows=[[number]])
    wire.delete_session(calls.user, calls.chat)
    calls.say("message-4")
    assert calls.rows() == [["n"], [1], [2], [3]]


def test_only_the_workbook_that_is_asked_for_comes_back(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    wire.delete_session(calls.user, calls.chat)
    assert calls.rows(workbook="b.xlsx") == [["b"]]
    opened = calls.op("list_excel_files")["result"]["open"]
    assert [entry["workbook"] for entry in opened] == ["b.xlsx"]


def test_the_model_is_asked_which_one_where_several_come_back(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    wire.delete_session(calls.user, calls.chat)
    answer = calls.fail("read_excel_range")
    assert answer["code"] == "workbook_required"
    assert calls.rows(workbook="a") == [["a"]]


def test_a_file_the_user_deleted_does_not_keep_the_others_away(
    wire: Wire, calls: ChatCalls
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    del calls.webui.files[calls.chips[0]["id"]]
    wire.delete_session(calls.user, calls.chat)
    assert calls.rows() == [["b"]]
    assert calls.fail("read_excel_range", workbook="a.xlsx")["code"] == "workbook_not_found"


def test_where_nothing_was_delivered_the_loss_is_told(wire: Wire, calls: ChatCalls) -> None:
    calls.webui.broken = {"upload_file_handler"}
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    wire.delete_session(calls.user, calls.chat)
    assert calls.fail("read_excel_range")["code"] == "workbook_not_found"


def test_an_open_webui_whose_chats_have_moved_tells_the_loss(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    wire.delete_session(calls.user, calls.chat)
    calls.webui.broken = {"Chats.get_chat_by_id_and_user_id", "Chats.insert_chat_files"}
    assert calls.fail("read_excel_range")["code"] == "workbook_not_found"


def test_opening_by_name_finds_a_file_that_only_the_chat_still_has(
    wire: Wire, calls: ChatCalls
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    wire.delete_session(calls.user, calls.chat)
    calls.say("message-2")
    assert calls.op("open_excel_file", file="a.xlsx")["workbook"] == "a.xlsx"
    assert calls.rows() == [["a"]]


def test_the_latest_is_what_was_delivered_last(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.op("create_excel_file", filename="b.xlsx", headers=["b"])
    calls.say("message-2")
    calls.op("write_excel_range", workbook="a.xlsx", start="append", rows=[["more"]])
    wire.delete_session(calls.user, calls.chat)
    calls.say("message-3")
    assert calls.op("open_excel_file", file="latest")["workbook"] == "a.xlsx"
    assert calls.rows() == [["a"], ["more"]]


def test_a_chat_of_someone_else_restores_nothing(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["secret"])
    thief = ChatCalls(calls.webui, load_plugin(), valves=wire.valves)
    thief.chat = calls.chat
    assert thief.fail("read_excel_range", workbook="a.xlsx")["code"] == "workbook_not_found"
    assert thief.fail("open_excel_file", file="a.xlsx")["code"] == "file_not_found"


def test_a_forged_chip_restores_no_file_of_someone_else(wire: Wire, calls: ChatCalls) -> None:
    calls.webui.user("victim")
    target = calls.webui.attach("victim", "salaries.xlsx", DATA)
    chip = {**target, "file": {"meta": {"data": {"excel_tools": {}}}}}
    chip["file"]["meta"]["data"]["excel_tools"] = {"kind": "workbook", "name": "salaries.xlsx"}
    messages = calls.webui.chats[calls.chat].chat["history"]["messages"]
    messages[calls.message]["files"] = [chip]
    assert calls.fail("read_excel_range", workbook="salaries.xlsx")["code"] == "workbook_not_found"
    assert calls.fail("open_excel_file", file="salaries.xlsx")["code"] == "file_not_found"
    assert not any(what.startswith("POST /v1/files") for what in wire.take())


def test_what_was_closed_on_purpose_stays_closed(wire: Wire, calls: ChatCalls) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["a"])
    calls.page.says = True
    calls.op("close_excel_file")
    wire.take()
    for workbook in ("", "a.xlsx"):
        answer = calls.fail("read_excel_range", workbook=workbook)
        assert answer["code"] == "workbook_not_open"
    assert wire.take() == ["POST read_excel_range 409"] * 2


def test_what_was_closed_unsaved_can_be_opened_again_as_it_was_delivered(
    calls: ChatCalls,
) -> None:
    calls.op("create_excel_file", filename="a.xlsx", headers=["n"])
    calls.op("write_excel_range", start="append", rows=[[1]])
    calls.page.says = True
    calls.op("close_excel_file")
    assert calls.op("open_excel_file", file="a.xlsx")["workbook"] == "a.xlsx"
    assert calls.rows() == [["n"], [1]]
