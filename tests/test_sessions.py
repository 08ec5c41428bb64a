"""Sessions: one per user and chat, found again, never mixed up, ended completely."""

from __future__ import annotations

import io
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import TestResponse

from service.sessions.limits import digest
from service.store.seams import Grant
from service.web.app import Service
from tests.processes import ServerProcess
from tests.service_fixtures import (
    KEY,
    Chat,
    Clock,
    MakeService,
    answer_of,
    error_of,
    rows_of,
    workbook_bytes,
)

HEADERS = ["Item", "Cost"]
DAY = 86_400


def create(chat: Chat, filename: str = "budget.xlsx", rows: Any = ()) -> dict[str, Any]:
    return chat.op("create_excel_file", filename=filename, headers=HEADERS, rows=list(rows))


def append(chat: Chat, *row: Any, workbook: str = "") -> dict[str, Any]:
    return chat.op("write_excel_range", workbook=workbook, start="append", rows=[list(row)])


def session_folders(service: Service) -> list[Path]:
    return sorted(service.sessions.parts.store.path("sessions/x").parent.iterdir())


# Whose id it is ------------------------------------------------------------------


def _run(chat: Chat, headers: dict[str, str]) -> TestResponse:
    return chat.http.post("/v1/operations/list_excel_files", headers=headers)


def _upload(chat: Chat, headers: dict[str, str]) -> TestResponse:
    data = {"file": (io.BytesIO(b"a,b\n1,2\n"), "a.csv")}
    return chat.http.post("/v1/files", data=data, headers=headers)


def _show(chat: Chat, headers: dict[str, str]) -> TestResponse:
    return chat.http.get(f"/v1/sessions/{headers.pop('X-Excel-Session')}", headers=headers)


def _delete(chat: Chat, headers: dict[str, str]) -> TestResponse:
    return chat.http.delete(f"/v1/sessions/{headers.pop('X-Excel-Session')}", headers=headers)


def _history(chat: Chat, headers: dict[str, str]) -> TestResponse:
    id_ = headers.pop("X-Excel-Session")
    return chat.http.get(f"/v1/sessions/{id_}/history", headers=headers)


def _deleted(chat: Chat) -> str:
    assert _delete(chat, chat.headers | {"X-Excel-Session": chat.id}).status_code == 204
    return chat.id


IN_HEADER = [_run, _upload]
IN_PATH = [_show, _history, _delete]
IDS: dict[str, Callable[[Chat], str]] = {
    "too short": lambda chat: "abc",
    "a path": lambda chat: "..%2f..%2fetc%2fpasswd",
    "with a line break": lambda chat: f"{chat.id}%0a",
    "cut short": lambda chat: chat.id[:-1],
    "in capitals": lambda chat: chat.id.swapcase(),
    "huge": lambda chat: "a" * 5_000,
    "unknown": lambda chat: "A" * 32,
    "another user's": lambda chat: Chat(chat.service, chat=chat.chat).id,
    "another chat's": lambda chat: Chat(chat.service, user=chat.user).id,
    "deleted": _deleted,
}


@pytest.mark.parametrize("request_", IN_HEADER + IN_PATH)
@pytest.mark.parametrize("case", IDS)
def test_an_id_that_is_not_ones_own_is_not_found(
    service: Service, chat: Chat, case: str, request_: Callable[..., TestResponse]
) -> None:
    id_ = IDS[case](chat)
    before = session_folders(service)
    response = request_(chat, chat.headers | {"X-Excel-Session": id_})
    error = error_of(response)
    if "%2f" in id_ and request_ in IN_PATH:
        assert (error["status"], error["code"]) == (404, "not_found")
    else:
        assert (error["status"], error["code"]) == (400, "session_not_found")
    assert session_folders(service) == before, "nothing may invent or end a session"
    assert "X-Excel-Session" not in response.headers


@pytest.mark.parametrize("request_", IN_HEADER)
@pytest.mark.parametrize("given", [{}, {"X-Excel-Session": ""}])
def test_a_call_without_an_id_is_told_to_open_a_session(
    chat: Chat, request_: Callable[..., TestResponse], given: dict[str, str]
) -> None:
    for missing in ("X-User-Id", "X-Chat-Id"):
        headers = {name: text for name, text in chat.headers.items() if name != missing}
        error = error_of(request_(chat, headers | given))
        assert (error["status"], error["code"]) == (400, "session_required")
        assert "/v1/sessions" in error["hint"]
        assert missing in error["hint"]


@pytest.mark.parametrize("request_", IN_HEADER + IN_PATH)
@pytest.mark.parametrize("swept", [False, True])
def test_an_expired_id_is_told_as_expired(
    make_service: MakeService, request_: Callable[..., TestResponse], swept: bool
) -> None:
    clock = Clock()
    service = make_service(clock=clock, session_ttl=DAY)
    chat = Chat(service)
    clock.now += DAY + 1
    if swept:
        assert service.sessions.sweep() == 1
    for _ in range(2):
        error = error_of(request_(chat, chat.headers | {"X-Excel-Session": chat.id}))
        assert (error["status"], error["code"]) == (400, "session_expired")
    assert session_folders(service) == []


@pytest.mark.parametrize("request_", [_show, _history, _run, _upload, _delete])
def test_the_own_id_is_used_unchanged(chat: Chat, request_: Callable[..., TestResponse]) -> None:
    response = request_(chat, chat.headers | {"X-Excel-Session": chat.id})
    assert response.status_code in (200, 201, 204)
    assert response.headers.get("X-Excel-Session", chat.id) == chat.id


def test_an_id_alone_is_enough_where_the_caller_names_no_user(chat: Chat) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "X-Excel-Session": chat.id}
    assert _run(chat, headers).status_code == 200


def test_ids_are_long_and_never_the_same(service: Service) -> None:
    ids = {Chat(service).id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(id_) >= 22 for id_ in ids), "128 random bits need 22 characters"


# Opening -----------------------------------------------------------------------


def test_opening_says_201_first_and_200_on_resuming(service: Service) -> None:
    chat = Chat(service)
    again = chat.open()
    assert (again.status_code, again.get_json()["resumed"]) == (200, True)
    assert again.get_json()["session_id"] == again.headers["X-Excel-Session"] == chat.id
    _deleted(chat)
    anew = chat.open()
    assert (anew.status_code, anew.get_json()["resumed"]) == (201, False)
    assert anew.get_json()["session_id"] != chat.id


def test_ten_calls_at_once_open_one_session(service: Service) -> None:
    barrier = threading.Barrier(10)

    def work(_: int) -> str:
        barrier.wait()
        return Chat(service, "racing user", "race").id

    with ThreadPoolExecutor(10) as threads:
        assert len(set(threads.map(work, range(10)))) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "ann"},
        {"chat": "c"},
        {"user": "", "chat": "c"},
        {"user": "  ", "chat": "c"},
        {"user": None, "chat": "c"},
        {"user": 7, "chat": "c"},
        {"user": ["ann"], "chat": "c"},
        {"user": "a" * 300, "chat": "c"},
        {"user": "a\x00b", "chat": "c"},
        {"user": "a\nb", "chat": "c"},
        {"user": "ann", "chat": "c", "session_id": "A" * 32},
        [],
        "text",
    ],
)
def test_a_session_needs_a_user_and_a_chat(service: Service, body: Any) -> None:
    before = session_folders(service)
    http = service.app.test_client()
    response = http.post("/v1/sessions", json=body, headers={"Authorization": f"Bearer {KEY}"})
    error = error_of(response)
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert session_folders(service) == before


def test_headers_name_user_and_chat_as_well(service: Service) -> None:
    http = service.app.test_client()
    key = {"Authorization": f"Bearer {KEY}"}
    webui = {"X-OpenWebUI-User-Id": "headed", "X-OpenWebUI-Chat-Id": "chat"}
    first = http.post("/v1/sessions", headers=key | webui)
    ours = {"X-User-Id": "headed", "X-Chat-Id": "chat"}
    again = http.post("/v1/sessions", headers=key | ours)
    assert first.get_json()["session_id"] == again.get_json()["session_id"]
    other = http.post("/v1/sessions", json={"user": "x", "chat": "chat"}, headers=key | ours)
    assert error_of(other)["code"] == "invalid_parameters"
    both = http.post("/v1/sessions", headers=key | ours | {"X-OpenWebUI-User-Id": "other"})
    assert error_of(both)["code"] == "invalid_parameters"


def test_owners_whose_names_run_together_are_different(service: Service) -> None:
    assert Chat(service, "ab", "c").id != Chat(service, "a", "bc").id


def test_users_and_chats_never_see_each_others_files(service: Service) -> None:
    mine = Chat(service)
    others = [Chat(service, user=mine.user), Chat(service, chat=mine.chat), Chat(service)]
    create(mine, rows=[["Rent", 1200]])
    mine.upload(b"a,b\n1,2\n", "mine.csv")
    for other in others:
        listed = other.op("list_excel_files")
        assert listed["result"] == {"open": []}
        assert listed["files"] == []
        assert other.fail("read_excel_range", workbook="budget.xlsx")["code"] == (
            "workbook_not_found"
        )
        assert other.fail("open_excel_file", file="mine.csv")["code"] == "file_not_found"
        create(other, rows=[["Other", 1]])
        assert other.op("list_excel_files")["result"]["open"][0]["workbook"] == "budget.xlsx"
    assert mine.rows() == [HEADERS, ["Rent", 1200]]


# Lasting -----------------------------------------------------------------------


def test_a_new_service_on_the_same_data_goes_on_where_the_old_one_was(
    make_service: MakeService,
) -> None:
    old = make_service()
    chat = Chat(old, "ann", "c1")
    create(chat, rows=[["Rent", 1200]])
    append(chat, "Food", 450)
    chat.op("save_excel_file")
    append(chat, "Fun", 90)
    create(chat, "second.xlsx")
    link = chat.op("list_excel_files")["files"][0]
    old.close()
    again = Chat(make_service(), "ann", "c1")
    assert again.id == chat.id
    assert again.rows("budget.xlsx") == [HEADERS, ["Rent", 1200], ["Food", 450], ["Fun", 90]]
    opened = again.op("list_excel_files")["result"]["open"]
    assert [(item["workbook"], item["unsaved_changes"]) for item in opened] == [
        ("budget.xlsx", 1),
        ("second.xlsx", 1),
    ]
    assert len(again.downloaded_rows(link)) == 4
    assert append(again, "Tax", 7, workbook="budget.xlsx")["unsaved_changes"] == 2


def test_a_workbook_from_an_upload_lasts_as_well(make_service: MakeService) -> None:
    old = make_service()
    chat = Chat(old, "ann", "c1")
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("open_excel_file")
    append(chat, "Food", 450)
    old.close()
    again = Chat(make_service(), "ann", "c1")
    assert again.rows() == [HEADERS, ["Rent", 1200], ["Food", 450]]
    assert "already" in again.op("open_excel_file", file="sent.xlsx")["result"]["notes"][0]


def test_use_puts_the_end_off(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock, session_ttl=100)
    chat = Chat(service)
    create(chat)
    for _ in range(5):
        clock.now += 90
        assert service.sessions.sweep() == 0
        shown = chat.http.get(f"/v1/sessions/{chat.id}", headers=chat.headers)
        assert shown.get_json()["expires"] == clock.now + 100
    clock.now += 101
    assert chat.fail("list_excel_files")["code"] == "session_expired"
    assert chat.open().status_code == 201


def test_a_session_that_is_used_at_the_last_moment_stays(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another replica has it for a call between the sweeper's look and its turn."""
    clock = Clock()
    chat = Chat(make_service(clock=clock, session_ttl=100))
    create(chat)
    chat.service.close()
    service = make_service(clock=clock, session_ttl=100)
    clock.now += 101
    store, board = service.sessions.parts.store, service.sessions.parts.board
    record = f"sessions/{digest(chat.id)}/session.json"

    def take(session: str, _seconds: float) -> Grant:
        store.write(record, {**(store.read(record) or {}), "used": clock.now})
        return Grant(0, unclean=False)

    monkeypatch.setattr(board, "take", take)
    assert service.sessions.sweep() == 0
    assert Chat(service, chat.user, chat.chat).id == chat.id


def test_the_time_of_use_outlives_a_restart(make_service: MakeService) -> None:
    clock = Clock()
    old = make_service(clock=clock, session_ttl=100)
    chat = Chat(old, "ann", "c")
    clock.now += 90
    chat.op("list_excel_files")
    old.close()
    clock.now += 90
    service = make_service(clock=clock, session_ttl=100)
    assert service.sessions.sweep() == 0
    assert Chat(service, "ann", "c").id == chat.id


def test_a_session_that_fell_out_of_the_cache_has_lost_nothing(
    make_service: MakeService,
) -> None:
    service = make_service(session_cache=1)
    chats = [Chat(service) for _ in range(3)]
    for number, chat in enumerate(chats):
        create(chat, rows=[["first", number]])
    for number, chat in enumerate(chats):
        append(chat, "second", number)
    for number, chat in enumerate(chats):
        assert chat.rows() == [HEADERS, ["first", number], ["second", number]]
        assert chat.open().get_json()["session_id"] == chat.id


def test_a_damaged_session_does_not_keep_others_from_ending(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock)
    for _ in range(3):
        Chat(service)
    (session_folders(service)[0] / "session.json").write_text("{")
    clock.now += DAY + 1
    assert service.sessions.sweep() == 2
    assert len(session_folders(service)) == 1


# Ending ------------------------------------------------------------------------


def files_in(root: Path) -> list[Path]:
    """What is left there, but for when keys were used."""
    return [path for path in root.rglob("*") if path.is_file() and path.parent.name != "key_uses"]


def test_deleting_removes_every_file_and_every_link(make_service: MakeService) -> None:
    service = make_service()
    chat = Chat(service)
    chat.upload(workbook_bytes(), "sent.xlsx")
    draft = chat.op("open_excel_file")["files"][0]
    saved = chat.op("save_excel_file")["files"][0]
    append(chat, "Food", 1)
    assert chat.download(draft)
    assert chat.download(saved)
    _deleted(chat)
    root = service.sessions.parts.store.root
    assert [path.name for path in files_in(root)] == ["secret.key"]
    for entry in (draft, saved):
        error = error_of(chat.fetch(entry))
        assert (error["status"], error["code"]) == (404, "file_not_found")


def test_links_of_an_expired_session_lead_nowhere(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock, session_ttl=100)
    chat = Chat(service)
    link = create(chat)["files"][0]
    clock.now += 101
    for _ in range(2):
        assert error_of(chat.fetch(link))["status"] == 404


# Ending all of a user's ------------------------------------------------------------


def clear(chat: Chat, **headers: str) -> TestResponse:
    return chat.http.delete("/v1/sessions", headers={**chat.headers, **headers})


def test_a_user_can_clear_all_sessions_at_once(make_service: MakeService) -> None:
    service = make_service()
    mine = [Chat(service, "ann", f"chat-{number}") for number in range(3)]
    bob = Chat(service, "bob", "chat-0")
    links = [create(chat)["files"][0] for chat in [*mine, bob]]
    upload = mine[0].upload(workbook_bytes(), "sent.xlsx")
    response = clear(mine[1])
    assert (response.status_code, response.get_json()) == (200, {"deleted": 3})
    for chat, link in zip(mine, links, strict=False):
        assert chat.fail("list_excel_files")["code"] == "session_not_found"
        assert error_of(chat.fetch(link))["code"] == "file_not_found"
    assert len(session_folders(service)) == 1
    assert bob.download(links[-1]), "another user's sessions are untouched"
    assert append(bob, "Rent", 1)["unsaved_changes"] == 2
    assert clear(mine[0]).get_json() == {"deleted": 0}
    anew = mine[0].open()
    assert (anew.status_code, anew.get_json()["resumed"]) == (201, False)
    assert anew.get_json()["uploads"] == []
    assert upload["id"]


def test_clearing_leaves_no_file_of_the_user(make_service: MakeService) -> None:
    service = make_service()
    for number in range(2):
        chat = Chat(service, "ann", f"chat-{number}")
        create(chat)
        chat.op("save_excel_file")
        chat.op("export_excel_file")
    service.close()
    chat = Chat(make_service(), "bob", "chat")
    clear(chat, **{"X-User-Id": "ann", "X-Chat-Id": "none"})
    clear(chat)
    root = chat.service.sessions.parts.store.root
    assert [path.name for path in files_in(root)] == ["secret.key"]


@pytest.mark.parametrize("case", IDS)
def test_clearing_asks_for_a_user_and_no_id(service: Service, chat: Chat, case: str) -> None:
    id_ = IDS[case](chat)
    before = session_folders(service)
    headers = {"Authorization": f"Bearer {KEY}", "X-Excel-Session": id_}
    error = error_of(chat.http.delete("/v1/sessions", headers=headers))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert "X-User-Id" in error["hint"]
    assert session_folders(service) == before
    stranger = {"X-User-Id": f"nobody of {case}", "X-Excel-Session": id_}
    assert clear(chat, **stranger).get_json() == {"deleted": 0}
    assert session_folders(service) == before


def test_clearing_waits_for_the_calls_under_way(make_service: MakeService) -> None:
    service = make_service()
    chat = Chat(service, "ann", "chat")
    create(chat)
    with ThreadPoolExecutor(8) as threads:
        changes = [
            threads.submit(chat.call, "write_excel_range", {"start": "append", "rows": [["x", n]]})
            for n in range(30)
        ]
        assert clear(chat).get_json() == {"deleted": 1}
    codes = {change.result().status_code for change in changes}
    assert codes <= {200, 400}
    folders = [folder for folder in session_folders(service) if list(folder.iterdir())]
    assert folders == [], "nothing of it comes back"


# Limits ------------------------------------------------------------------------


def test_a_user_may_have_so_many_sessions(make_service: MakeService) -> None:
    service = make_service(sessions_per_user=2)
    first = Chat(service, user="ann")
    Chat(service, user="ann")
    third = service.app.test_client().post(
        "/v1/sessions", json={"user": "ann", "chat": "third"}, headers={"Authorization": KEY}
    )
    assert third.status_code == 401
    third = first.http.post(
        "/v1/sessions",
        json={"user": "ann", "chat": "third"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    error = error_of(third)
    assert (error["status"], error["code"]) == (429, "limit_reached")
    assert error["details"] == {"limit": 2, "in_use": 2}
    Chat(service, user="bob")
    _deleted(first)
    Chat(service, user="ann")


def test_a_session_may_have_so_many_open_workbooks(make_service: MakeService) -> None:
    chat = Chat(make_service(workbooks_per_session=2))
    create(chat, "a.xlsx")
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    create(chat, "b.xlsx")
    create(chat, "c.xlsx")
    chat.upload(workbook_bytes(), "sent.xlsx")
    for name, parameters in [
        ("create_excel_file", {"filename": "d.xlsx"}),
        ("open_excel_file", {"file": "sent.xlsx"}),
        ("open_excel_file", {"file": "a.xlsx"}),
    ]:
        error = chat.fail(name, **parameters)
        assert (error["status"], error["code"]) == (429, "limit_reached")
        assert error["details"] == {"limit": 2, "open": ["b.xlsx", "c.xlsx"]}
        assert "close_excel_file" in error["hint"]
    chat.op("close_excel_file", workbook="b.xlsx")
    chat.op("open_excel_file", file="a.xlsx")


def test_a_users_sessions_may_take_so_many_bytes(make_service: MakeService) -> None:
    chat = Chat(make_service(bytes_per_user=40_000))
    other = Chat(chat.service, user=chat.user)
    other.upload(b"x" * 30_000, "large.csv")
    response = chat.send(b"y" * 20_000, "more.csv")
    error = error_of(response)
    assert (error["status"], error["code"]) == (429, "limit_reached")
    assert error["details"]["limit"] == 40_000
    assert 30_000 < error["details"]["in_use"] < 32_000
    create(chat, rows=[["word " * 1_000, 1], ["word " * 1_000, 2]])
    assert chat.fail("write_excel_range", rows=[["more"]])["code"] == "limit_reached"
    assert chat.fail("save_excel_file")["code"] == "limit_reached"
    assert chat.fail("create_excel_file", filename="b.xlsx")["code"] == "limit_reached"
    assert len(chat.rows()) == 3, "reading goes on"
    _deleted(other)
    append(chat, "Rent", 1)
    assert chat.op("save_excel_file")["result"]["version"] == 1


def test_what_a_user_takes_up_is_counted_right_under_steady_use(
    make_service: MakeService,
) -> None:
    """Checkpoints and drafts are found on the disk, also if there is no pause between changes."""
    clock = Clock()
    chat = Chat(make_service(clock=clock, bytes_per_user=400_000))
    create(chat)
    session = chat.service.sessions.find(chat.id)
    store = chat.service.sessions.parts.store
    for number in range(40):
        clock.now += 2
        append(chat, f"row {number}", number)
    store.scratch(f"{session.folder}/unheard of").write_bytes(b"x" * 500_000)
    refused = None
    for number in range(20):
        clock.now += 2
        response = chat.call("write_excel_range", {"start": "append", "rows": [["x", number]]})
        if response.status_code != 200:
            refused = error_of(response)
            break
    assert refused is not None
    assert refused["code"] == "limit_reached"
    assert refused["details"]["in_use"] == store.size(session.data.key)
    assert "Close workbooks or delete sessions" in refused["hint"]
    assert "400,000" in refused["message"]


def test_room_that_is_made_counts_at_once(make_service: MakeService) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock, bytes_per_user=60_000))
    create(chat)
    for number in range(6):
        other = Chat(chat.service, user=chat.user)
        other.upload(b"x" * 45_000, f"{number}.csv")
        assert error_of(chat.send(b"y" * 45_000, "more.csv"))["code"] == "limit_reached"
        _deleted(other)
    chat.upload(b"y" * 45_000, "more.csv")


# A repeated request ------------------------------------------------------------

REPEATED: list[tuple[str, dict[str, Any]]] = [
    ("create_excel_file", {"filename": "new.xlsx", "headers": ["A"]}),
    ("write_excel_range", {"workbook": "budget.xlsx", "start": "append", "rows": [["B", 1]]}),
    ("save_excel_file", {"workbook": "budget.xlsx"}),
    ("close_excel_file", {"workbook": "budget.xlsx"}),
    ("open_excel_file", {"file": "sent.xlsx"}),
    ("import_csv_to_excel", {"source": "sent.csv"}),
    ("import_csv_to_excel", {"source": "a,b\n1,2\n", "workbook": "budget.xlsx"}),
    ("export_excel_file", {"workbook": "budget.xlsx", "format": "csv"}),
]


def _prepared(chat: Chat) -> None:
    create(chat, rows=[["Rent", 1200]])
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.upload(b"a,b\n1,2\n", "sent.csv")


def _state(chat: Chat) -> dict[str, Any]:
    shown = chat.http.get(f"/v1/sessions/{chat.id}", headers=chat.headers).get_json()
    listed: dict[str, Any] = chat.op("list_excel_files")["result"]
    return {**listed, "versions": [book["versions"] for book in shown["workbooks"]]}


@pytest.mark.parametrize(("name", "parameters"), REPEATED)
def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(
    chat: Chat, name: str, parameters: dict[str, Any]
) -> None:
    _prepared(chat)
    first = chat.once("key-1", name, **parameters)
    state = _state(chat)
    assert chat.once("key-1", name, **parameters) == first
    assert _state(chat) == state
    second = chat.call(name, parameters, "key-2")
    assert second.get_json() != first, "another key is another request"


@pytest.mark.parametrize(("name", "parameters"), REPEATED)
def test_a_repeated_request_changes_nothing_after_a_restart(
    make_service: MakeService, name: str, parameters: dict[str, Any]
) -> None:
    old = make_service()
    chat = Chat(old, "ann", "c")
    _prepared(chat)
    first = chat.once("key-1", name, **parameters)
    old.close()
    again = Chat(make_service(), "ann", "c")
    state = _state(again)
    repeated = again.once("key-1", name, **parameters)
    assert _state(again) == state
    if name != "open_excel_file":
        assert repeated["result"] == first["result"]
        assert [entry["name"] for entry in repeated["files"]] == [
            entry["name"] for entry in first["files"]
        ]


def test_a_key_belongs_to_one_request(chat: Chat) -> None:
    create(chat)
    chat.once("k", "write_excel_range", rows=[["A"]])
    for name, parameters in [
        ("write_excel_range", {"rows": [["B"]]}),
        ("read_excel_range", {}),
    ]:
        error = error_of(chat.call(name, parameters, "k"))
        assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert chat.rows()[0][0] == "A"
    other = Chat(chat.service)
    other.once("k", "create_excel_file", filename="b.xlsx")


def test_a_key_of_a_failed_request_may_be_used_again(chat: Chat) -> None:
    create(chat)
    bad = chat.call("write_excel_range", {"sheet": "None", "rows": [["A"]]}, "k")
    assert error_of(bad)["code"] == "sheet_not_found"
    chat.once("k", "write_excel_range", rows=[["A"]])


@pytest.mark.parametrize("key", ["a b", "k" * 201, "ключ".encode().decode("latin-1")])
def test_a_key_is_printable_and_bounded(chat: Chat, key: str) -> None:
    assert error_of(chat.call("list_excel_files", {}, key))["code"] == "invalid_parameters"


def test_the_same_request_ten_times_at_once_is_done_once(chat: Chat) -> None:
    create(chat)
    row = {"start": "append", "rows": [["once", 1]]}
    with ThreadPoolExecutor(10) as threads:
        answers = list(
            threads.map(lambda _: answer_of(chat.call("write_excel_range", row, "k")), range(10))
        )
    assert all(answer == answers[0] for answer in answers)
    assert chat.rows() == [HEADERS, ["once", 1]]


# At the same time --------------------------------------------------------------


def test_calls_at_once_on_one_workbook_come_one_after_the_other(chat: Chat) -> None:
    create(chat)
    barrier = threading.Barrier(10)

    def work(thread: int) -> list[str]:
        barrier.wait()
        rows = [[f"{thread}", number] for number in range(5)]
        return [append(chat, *row)["result"]["written"] for row in rows]

    with ThreadPoolExecutor(10) as threads:
        places = [place for found in threads.map(work, range(10)) for place in found]
    assert len(set(places)) == 50, "no two calls may write to one place"
    rows = chat.rows()[1:]
    assert len(rows) == 50
    for thread in range(10):
        assert [row[1] for row in rows if row[0] == str(thread)] == list(range(5))
    shown = chat.http.get(f"/v1/sessions/{chat.id}", headers=chat.headers).get_json()
    assert shown["workbooks"][0]["unsaved_changes"] == 51


def test_one_file_opened_ten_times_at_once_is_one_workbook(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "sent.xlsx")
    with ThreadPoolExecutor(10) as threads:
        found = list(threads.map(lambda _: chat.op("open_excel_file"), range(10)))
    assert {answer["workbook"] for answer in found} == {"sent.xlsx"}
    assert len(chat.op("list_excel_files")["result"]["open"]) == 1


def test_files_created_at_once_under_one_name_get_names_of_their_own(chat: Chat) -> None:
    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(lambda n: create(chat, rows=[["n", n]])["workbook"], range(8)))
    assert len({name.lower() for name in names}) == 8
    assert sorted(chat.rows(name)[1][1] for name in names) == list(range(8))


def test_saves_and_changes_at_once_lose_nothing(chat: Chat) -> None:
    create(chat)

    def work(number: int) -> int:
        append(chat, "row", number)
        version: int = chat.op("save_excel_file")["result"]["version"]
        return version

    with ThreadPoolExecutor(6) as threads:
        versions = list(threads.map(work, range(12)))
    assert sorted(versions) == list(range(1, 13))
    assert sorted(row[1] for row in chat.rows()[1:]) == list(range(12))
    assert chat.op("list_excel_files")["result"]["open"][0]["unsaved_changes"] == 0


def test_deleting_under_running_calls_leaves_nothing_behind(make_service: MakeService) -> None:
    service = make_service()
    chat = Chat(service)
    create(chat)
    with ThreadPoolExecutor(6) as threads:
        calls = [
            threads.submit(chat.call, "write_excel_range", {"start": "append", "rows": [["x", n]]})
            for n in range(30)
        ]
        _deleted(chat)
        for call in calls:
            response = call.result()
            assert response.status_code == 200 or error_of(response)["code"] == (
                "session_not_found"
            )
    assert session_folders(service) == []


# Versions ----------------------------------------------------------------------


def test_each_save_is_a_version_and_none_is_overwritten(chat: Chat) -> None:
    create(chat)
    links = []
    for number in range(1, 4):
        append(chat, "row", number)
        saved = chat.op("save_excel_file")
        assert saved["result"] == {"saved": "budget.xlsx", "version": number}
        assert saved["unsaved_changes"] == 0
        entry = saved["files"][0]
        assert (entry["state"], entry["version"]) == ("saved", number)
        assert len(chat.download(entry)) == entry["size"]
        links.append(entry)
    append(chat, "unsaved", 0)
    for number, entry in enumerate(links, start=1):
        assert len(chat.downloaded_rows(entry)) == number + 1
    listed = chat.op("list_excel_files")["result"]["saved"]
    assert [item["version"] for item in listed] == [1, 2, 3]


def test_another_ending_than_a_workbook_has_is_told(chat: Chat) -> None:
    chat.op("create_excel_file", filename="budget.xlsx", headers=HEADERS)
    saved = chat.op("save_excel_file", filename="sheet.csv")["result"]
    assert saved["saved"] == "sheet.xlsx"
    assert "export_excel_file" in saved["notes"][0]
    assert "notes" not in chat.op("save_excel_file", filename="report.final")["result"]


def test_saving_under_a_new_name_keeps_the_old_versions(chat: Chat) -> None:
    create(chat, rows=[["Rent", 1]])
    old = chat.op("save_excel_file")["files"][0]
    renamed = chat.op("save_excel_file", filename="Übersicht 2026")
    assert renamed["workbook"] == renamed["files"][0]["name"] == "Übersicht 2026.xlsx"
    assert chat.fetch(old).status_code == 200
    assert chat.rows("übersicht 2026")[1] == ["Rent", 1]
    assert chat.fail("read_excel_range", workbook="budget")["code"] == "workbook_not_found"


def test_a_name_of_another_workbook_is_refused_on_saving(chat: Chat) -> None:
    create(chat, "a.xlsx")
    create(chat, "b.xlsx")
    error = chat.fail("save_excel_file", workbook="a", filename="B.XLSX")
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


def test_closing_never_saves_and_says_what_it_discards(chat: Chat) -> None:
    create(chat, rows=[["Rent", 1]])
    saved = chat.op("save_excel_file")["files"][0]
    append(chat, "Food", 2)
    append(chat, "Fun", 3)
    closed = chat.op("close_excel_file")
    assert closed["result"]["closed"] == "budget.xlsx"
    assert closed["result"]["discarded_changes"] == 2
    assert closed["result"]["last_saved_version"] == 1
    assert closed["files"][0]["download_url"].split("/")[-1] == "budget.xlsx"
    assert rows_of(chat.download(saved)) == [HEADERS, ["Rent", 1]]
    reopened = chat.op("open_excel_file", file="budget")
    assert reopened["unsaved_changes"] == 0
    assert chat.rows() == [HEADERS, ["Rent", 1]]
    append(chat, "Food", 4)
    assert chat.op("save_excel_file")["result"]["version"] == 2


def test_what_was_never_saved_is_gone_after_closing(chat: Chat) -> None:
    draft = create(chat)["files"][0]
    closed = chat.op("close_excel_file")["result"]
    assert closed["discarded_changes"] == 1
    assert "nothing" in closed["notes"][0]
    assert error_of(chat.fetch(draft))["status"] == 404
    assert chat.fail("read_excel_range", workbook="budget")["code"] == "workbook_not_open"
    assert chat.fail("open_excel_file", file="budget")["code"] == "file_not_found"
    assert chat.fail("close_excel_file")["code"] == "workbook_not_open"
    assert create(chat)["workbook"] == "budget.xlsx", "its name is free again"


def test_an_upload_that_was_closed_opens_as_it_was_sent(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("open_excel_file")
    append(chat, "Food", 1)
    chat.op("close_excel_file")
    chat.op("open_excel_file")
    assert chat.rows() == [HEADERS, ["Rent", 1200]]


def test_opening_what_is_open_answers_the_open_workbook(chat: Chat) -> None:
    entry = chat.upload(workbook_bytes(), "sent.xlsx", source="id-of-the-caller")
    chat.op("open_excel_file")
    append(chat, "Food", 1)
    for asked in ("sent.xlsx", "SENT", "latest", "", entry["id"], "id-of-the-caller"):
        again = chat.op("open_excel_file", file=asked)
        assert again["workbook"] == "sent.xlsx"
        assert again["unsaved_changes"] == 1
        assert "already" in again["result"]["notes"][0]
    assert len(chat.op("list_excel_files")["result"]["open"]) == 1


def test_remains_of_a_service_that_ended_half_way_do_not_come_back(
    make_service: MakeService,
) -> None:
    """A crash between journal and record leaves a journal that nobody was told of."""
    old = make_service()
    chat = Chat(old, "ann", "c")
    session = old.sessions.find(chat.id)
    kept = session.data.to_record()
    create(chat, "lost.xlsx", rows=[["never", "told"]])
    old.close()
    old.sessions.parts.store.write(f"{session.folder}/session.json", kept)
    again = Chat(make_service(), "ann", "c")
    create(again, "new.xlsx", rows=[["Rent", 1]])
    append(again, "Food", 2)
    again.service.close()
    last = Chat(make_service(), "ann", "c")
    assert last.rows() == [HEADERS, ["Rent", 1], ["Food", 2]]


# Names -------------------------------------------------------------------------


def test_names_are_unique_and_matched_forgivingly(chat: Chat) -> None:
    assert create(chat, "Budget.xlsx")["workbook"] == "Budget.xlsx"
    second = create(chat, "BUDGET")
    assert second["workbook"] == "BUDGET (2).xlsx"
    assert "already" in second["result"]["notes"][0]
    for asked in ("budget", " Budget.XLSX ", "BUDGET.xlsx"):
        assert chat.op("read_excel_range", workbook=asked)["workbook"] == "Budget.xlsx"
    assert chat.op("read_excel_range", workbook="budget (2)")["workbook"] == "BUDGET (2).xlsx"


def test_which_workbook_is_meant_is_asked_and_not_guessed(chat: Chat) -> None:
    error = chat.fail("read_excel_range")
    assert (error["status"], error["code"]) == (404, "workbook_not_found")
    create(chat, "a.xlsx")
    create(chat, "b.xlsx")
    error = chat.fail("read_excel_range")
    assert (error["status"], error["code"]) == (422, "workbook_required")
    assert error["details"] == {"open": ["a.xlsx", "b.xlsx"]}
    error = chat.fail("read_excel_range", workbook="c")
    assert (error["status"], error["code"]) == (404, "workbook_not_found")
    assert '"a.xlsx", "b.xlsx"' in error["message"]
    chat.upload(workbook_bytes(), "sent.xlsx")
    error = chat.fail("read_excel_range", workbook="sent")
    assert (error["status"], error["code"]) == (409, "workbook_not_open")
    assert 'open_excel_file(file="sent")' in error["hint"]


def test_a_name_that_fits_two_workbooks_is_ambiguous(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "budget.xlsm")
    chat.op("open_excel_file")
    create(chat, "budget.xlsx")
    error = chat.fail("read_excel_range", workbook="budget")
    assert (error["status"], error["code"]) == (409, "ambiguous_name")
    assert chat.op("read_excel_range", workbook="budget.xlsm")["workbook"] == "budget.xlsm"


# A real server -----------------------------------------------------------------


def test_killing_the_whole_server_loses_nothing_acknowledged(server: ServerProcess) -> None:
    url = server.health_url.removesuffix("/health")
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {KEY}"
    owner = {"user": "ann", "chat": "c"}
    id_ = http.post(f"{url}/v1/sessions", json=owner).json()["session_id"]
    http.headers["X-Excel-Session"] = id_

    def call(name: str, **parameters: Any) -> dict[str, Any]:
        response = http.post(f"{url}/v1/operations/{name}", json=parameters)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    call("create_excel_file", filename="budget.xlsx", headers=HEADERS)
    call("write_excel_range", start="append", rows=[["Rent", 1200]])
    link = call("save_excel_file")["files"][0]["download_url"]
    call("write_excel_range", start="append", rows=[["Food", 450]])
    server.restart(signal.SIGKILL)
    assert http.post(f"{url}/v1/sessions", json=owner).json()["session_id"] == id_
    assert call("read_excel_range")["result"]["rows"] == [HEADERS, ["Rent", 1200], ["Food", 450]]
    assert len(rows_of(requests.get(link, timeout=30).content)) == 2
    # The body is larger than the server takes: the answer arrives all the same.
    large = http.post(f"{url}/v1/operations/list_excel_files", data=b" " * (3 << 20))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    sent = http.post(f"{url}/v1/files", files={"file": ("a.csv", b"a" * (3 << 20))})
    assert (sent.status_code, sent.json()["error"]["code"]) == (413, "too_large")
