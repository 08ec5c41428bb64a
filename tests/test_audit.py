"""The audit log: each operation and route that concerns a file is in it, sealed; no contents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.observing.audit import ACTIONS, FIELDS, Audit, checked, lines_of, seal_key
from service.observing.metrics import AUDIT_RECORDS
from service.operations.registry import Operation, operations
from service.sessions.keys import key_id
from service.settings import Settings
from service.web.app import Service
from service.web.audited import ROUTES
from tests.databases import sqlite_shop
from tests.service_fixtures import KEY, Chat, Clock, MakeService, workbook_bytes
from tests.test_console import console
from tests.test_engine import largest_file
from tests.test_mcp import Client

SECRET_KEY = "the-secret-of-the-tests"
CONTENTS = "never-told-words"
# What only the console does, and the beginning and end of all.
CONSOLE = {"start", "stop", "rotate_key", "revoke_key", "back_up", "restore"}
Entries = Callable[[], list[dict[str, Any]]]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service whose audit log is a file."""
    folder = tmp_path_factory.mktemp("audit")
    path = folder / "audit.log"
    settings = Settings(
        data_dir=folder / "data",
        engines=1,
        api_keys=(KEY,),
        secret_key=SECRET_KEY,
        databases=(sqlite_shop(folder / "shop.db"),),
        audit_log=str(path),
    )
    with Service(settings) as service:
        yield service, path
    assert verified(path) == []


def verified(*paths: Path) -> list[str]:
    return checked(lines_of(paths), seal_key(SECRET_KEY)).problems


@pytest.fixture
def chat(kept: tuple[Service, Path]) -> Chat:
    return Chat(kept[0])


@pytest.fixture
def new(kept: tuple[Service, Path]) -> Entries:
    """The entries since the last look."""
    seen = len(read(kept[1]))

    def look() -> list[dict[str, Any]]:
        nonlocal seen
        found = read(kept[1])[seen:]
        seen += len(found)
        return found

    return look


# What is in it --------------------------------------------------------------------------


@pytest.mark.parametrize("operation", operations().values(), ids=lambda item: item.name)
def test_every_operation_is_written_down(chat: Chat, new: Entries, operation: Operation) -> None:
    chat.upload(workbook_bytes(), "sales.xlsx")
    if operation.name != "create_excel_file":
        chat.op("create_excel_file", **operations()["create_excel_file"].example)
        chat.op("write_excel_range", start="D1", rows=[["a change that can be undone"]])
    new()
    answer = chat.op(operation.name, **operation.example)
    chat.fail(operation.name, no_such_parameter=1)
    done, failed = new()
    assert done.pop("ms") > 0
    for one, outcome in ((done, "ok"), (failed, "invalid_parameters")):
        assert (one["action"], one["operation"]) == ("operation", operation.name)
        assert (one["outcome"], one["door"], one["address"]) == (outcome, "http", "127.0.0.1")
        assert (one["user"], one["chat"], one["key"]) == (chat.user, chat.chat, key_id(KEY))
        assert one["session"] == chat.service.sessions.find(chat.id).data.key
        assert re.fullmatch(r"[0-9a-f]{16}", one["request"])
    named = answer.get("workbook") or answer["result"].get("closed", "")
    assert done.get("workbook", "") == named
    sizes = [entry["size"] or 0 for entry in answer["files"]]
    writes = operation.exports or operation.name == "save_excel_file"
    assert done.get("bytes", 0) == (sum(sizes) if writes else 0)


def test_what_else_is_meant_is_told(chat: Chat, new: Entries) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    new()
    steps = [{"tool": "write_excel_range", "arguments": {"rows": [[1]], "start": "append"}}] * 2
    chat.op("run_excel_steps", steps=steps)
    chat.op("save_excel_file")
    chat.op("export_excel_file", format="csv")
    chat.op("query_database", action="tables", source="shop")
    steps_, saved, exported, asked = new()
    assert steps_["target"] == "write_excel_range, write_excel_range"
    assert saved["target"] == "version 1"
    assert exported["target"].endswith(".csv")
    assert asked["target"] == "shop"


def test_every_route_is_written_down_or_known_to_concern_nothing(service: Service) -> None:
    endpoints = {rule.endpoint for rule in service.app.url_map.iter_rules()}
    assert endpoints == set(ROUTES), "a new route has to say whether it is written down"
    assert set(ROUTES.values()) - {""} <= set(ACTIONS)


def test_each_action_is_written_down(kept: tuple[Service, Path], new: Entries) -> None:
    """Whatever the table of actions says is there after a day like any other."""
    service, path = kept
    chat = Chat(service)
    http, headers = chat.http, {**chat.headers, "X-Excel-Session": chat.id}
    chat.upload(workbook_bytes([CONTENTS]), "sent.xlsx")
    http.put("/v1/files", json={"files": [{"id": "1", "name": "b.xlsx"}]}, headers=headers)
    saved = (chat.op("open_excel_file", file="sent.xlsx"), chat.op("save_excel_file"))[1]["files"]
    assert chat.download(saved[0])
    preview = urlsplit(chat.op("preview_excel_file")["preview_url"]).path
    assert http.get(preview).status_code == 200
    sending = urlsplit(service.sessions.parts.links.sending(key_of(chat))).path
    http.get(sending)
    for address in ("", "/history"):
        http.get(f"/v1/sessions/{chat.id}{address}", headers=chat.headers)
    http.post(f"/v1/sessions/{chat.id}/branch", json={"message": "m"}, headers=chat.headers)
    http.delete("/v1/calls/k", headers=headers)
    http.get("/v1/preferences", headers=chat.headers)
    http.put("/v1/preferences", json={"font": "Arial"}, headers=chat.headers)
    assert http.get("/metrics").status_code == 401
    http.delete("/v1/sessions/no-such-session-at-all", headers=chat.headers)
    http.delete(f"/v1/sessions/{chat.id}/links", headers=chat.headers)
    client = Client(service)
    client.begin()
    client.op("create_excel_file", filename="m", headers=["x"])
    uri = client.send("resources/list").get_data(as_text=True).partition("excel://")[2]
    client.send("resources/read", uri="excel://" + uri.split('"')[0])
    http.delete(f"/v1/sessions/{chat.id}", headers=chat.headers)
    http.delete("/v1/sessions", headers=chat.headers)
    made = http.post("/excel_tools_openwebui.py", headers=chat.headers)
    assert made.status_code == 200
    by_action: dict[str, list[dict[str, Any]]] = {}
    for entry in new():
        by_action.setdefault(entry["action"], []).append(entry)
    assert set(by_action) == set(ACTIONS) - CONSOLE
    (ended,) = by_action["end_session"]
    assert (ended["files"], ended["why"], ended["user"]) == (["sent.xlsx"], "caller", chat.user)
    download, by_mcp = by_action["download"]
    assert (download["user"], download["workbook"]) == (chat.user, "sent.xlsx")
    assert (download["target"], download["bytes"]) == ("version 1", saved[0]["size"])
    assert (by_mcp["door"], by_mcp["workbook"], by_mcp["target"]) == ("mcp", "m.xlsx", "draft")
    assert by_action["delete_session"][0]["outcome"] == "session_not_found"
    assert by_action["refused"][0]["outcome"] == "unauthorized"
    assert "key" not in by_action["refused"][0]
    assert {e["door"] for e in by_action["operation"] if e["workbook"] == "m.xlsx"} == {"mcp"}
    text = path.read_text()
    for secret in (CONTENTS, chat.id, KEY, SECRET_KEY, preview.split("/")[2], "Mcp-Session"):
        assert secret not in text
    assert saved[0]["download_url"].split("/")[-2] not in text
    assert {name for entry in read(path) for name in entry} <= set(FIELDS)


def key_of(chat: Chat) -> str:
    return chat.service.sessions.find(chat.id).data.key


def test_links_that_lead_nowhere_and_foreign_sessions_are_in_it(chat: Chat, new: Entries) -> None:
    entry = chat.op("create_excel_file", filename="a", headers=["x"])["files"][0]
    path = urlsplit(entry["download_url"]).path
    other = {"Authorization": f"Bearer {KEY}", "X-User-Id": "mallory", "X-Chat-Id": "z"}
    new()
    chat.http.get(path.replace("/files/", "/files/x"))
    other["X-Excel-Session"] = chat.id
    chat.http.post("/v1/operations/read_excel_range", json={}, headers=other)
    forged, foreign = new()
    assert (forged["action"], forged["outcome"]) == ("download", "file_not_found")
    assert "user" not in forged
    assert (foreign["operation"], foreign["user"]) == ("read_excel_range", "mallory")
    assert foreign["outcome"] == "session_not_found"
    assert "session" not in foreign, "whose it is concerns nobody who asks"


def test_sessions_that_end_by_their_age_are_in_it(
    make_service: MakeService, tmp_path: Path
) -> None:
    clock, path = Clock(), tmp_path / "audit.log"
    service = make_service(clock=clock, session_ttl=60, audit_log=str(path))
    Chat(service, user="ann").op("create_excel_file", filename="a", headers=["x"])
    clock.now += 61
    assert service.sessions.sweep() == 1
    entry = read(path)[-1]
    assert (entry["action"], entry["why"], entry["door"]) == ("end_session", "age", "service")
    assert (entry["user"], entry["files"]) == ("ann", ["a.xlsx"])
    assert "request" not in entry


def test_what_operators_do_is_in_it(make_service: MakeService, tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    service = make_service(secret_key=SECRET_KEY, audit_log=str(path))
    chat = Chat(service)
    chat.op("create_excel_file", filename="a", headers=["x"])
    data = service.sessions.parts.store.root
    more = {"secret_key": SECRET_KEY, "audit_log": str(path)}
    assert console(data, "keys", "make", "for prometheus", **more).returncode == 0
    made = read(path)[-2]
    assert (made["action"], made["door"], bool(made["by"])) == ("make_key", "console", True)
    assert console(data, "keys", "rotate", made["target"], **more).returncode == 0
    assert console(data, "keys", "revoke", made["target"], **more).returncode == 0
    assert console(data, "links", "withdraw", key_of(chat), **more).returncode == 0
    backup = str(tmp_path / "backup.tar.gz")
    assert console(data, "backup", backup, **more).returncode == 0
    assert console(data, "restore", "--check", backup, **more).returncode == 0
    assert console(data, "sessions", "delete", key_of(chat), **more).returncode == 0
    entries = read(path)
    assert [entry["action"] for entry in entries if entry["door"] == "console"] == [
        *("start", "make_key", "stop", "start", "rotate_key", "make_key", "stop"),
        *("start", "revoke_key", "stop", "start", "withdraw_links", "stop"),
        *("start", "back_up", "stop", "start", "restore", "stop"),
        *("start", "end_session", "stop"),
    ]
    assert (entries[-2]["why"], entries[-2]["files"]) == ("operator", ["a.xlsx"])
    service.close()
    done = console(data, "audit", "verify", str(path), **more)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+ entries, 0 problems; the last seal is [0-9a-f]{32}\n", done.stdout)


def test_a_repeated_call_is_told_as_such(chat: Chat, new: Entries) -> None:
    new()
    for _ in range(2):
        chat.once("k", "create_excel_file", filename="a", headers=["x"])
    assert [entry["outcome"] for entry in new()] == ["ok", "repeated"]


def test_it_is_off_unless_it_is_asked_for(make_service: MakeService) -> None:
    assert not make_service().audit.on


def test_standard_output_has_it_and_nothing_else(
    make_service: MakeService, capfd: pytest.CaptureFixture[str]
) -> None:
    with make_service(audit_log="stdout") as service:
        Chat(service)
    entries = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [entry["action"] for entry in entries] == ["start", "open_session", "stop"]


def test_where_it_can_not_be_written_the_work_goes_on(make_service: MakeService) -> None:
    failed = AUDIT_RECORDS.labels("failed")
    before = failed._value.get()
    service = make_service(audit_log="/dev/full")
    Chat(service).op("create_excel_file", filename="a", headers=["x"])
    assert failed._value.get() == before + 3, "the start, the session, the operation"


# Seals -----------------------------------------------------------------------------------


def written(path: Path, *actions: str, secret: str = SECRET_KEY) -> None:
    audit = Audit(str(path), secret)
    audit.start()
    for action in actions:
        audit.add(action, user="ann")
    audit.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two writers, one after the other."""
    path = tmp_path / "audit.log"
    written(path, "upload", "download", "preview")
    written(path, "upload")
    assert verified(path) == []
    return path


def test_a_change_anywhere_shows(log: Path) -> None:
    data = log.read_bytes()
    for place in range(0, len(data), 7):
        changed = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        log.write_bytes(changed)
        assert verified(log), changed[place - 20 : place + 20]


def test_an_entry_taken_out_put_in_or_moved_shows(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    forged = log.with_name("forged")
    written(forged, "upload", secret="another secret")
    for number in range(1, len(lines) - 1):
        log.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        found = checked(lines_of([log]), seal_key(SECRET_KEY))
        assert found.problems + found.notes, number
        twice = [*lines[: number + 1], lines[number], *lines[number + 1 :]]
        moved = [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]
        foreign = [*lines[:number], forged.read_bytes(), *lines[number:]]
        for changed in (twice, moved, foreign):
            log.write_bytes(b"".join(changed))
            assert verified(log), number


def test_entries_cut_off_leave_a_writer_without_an_end(log: Path) -> None:
    assert not checked(lines_of([log]), seal_key(SECRET_KEY)).open
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert len(checked(lines_of([log]), seal_key(SECRET_KEY)).open) == 1


def test_writers_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    first, second = Audit(str(path), SECRET_KEY), Audit(str(path), SECRET_KEY)
    for _ in range(3):
        first.add("upload")
        second.add("download")
    first.close()
    second.close()
    assert verified(path) == []
    assert [entry["n"] for entry in read(path)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_file_that_is_moved_away_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path, old = tmp_path / "audit.log", tmp_path / "audit.log.1"
    audit = Audit(str(path), SECRET_KEY)
    audit.add("upload")
    path.rename(old)
    audit.add("download")
    path.write_bytes(b"")  # as copytruncate leaves it
    audit.add("preview")
    audit.close()
    assert [entry["action"] for entry in read(old) + read(path)] == ["upload", "preview", "stop"]
    found = checked(lines_of([old, path]), seal_key(SECRET_KEY))
    assert len(found.problems) == 1, "the one that was thrown away"
    alone = checked(lines_of([path]), seal_key(SECRET_KEY))
    assert alone.problems == []
    assert len(alone.notes) == 1, "what goes on from a file that is not looked at"


def test_a_folder_that_is_gone_for_a_while_costs_nobody_elses_file(tmp_path: Path) -> None:
    """A log that can't be opened anew must not write to, or close, what has its number now."""
    folder, away, other = tmp_path / "logs", tmp_path / "away", tmp_path / "other"
    folder.mkdir()
    audit = Audit(str(folder / "audit.log"), SECRET_KEY)
    folder.rename(away)
    audit.add("upload")  # lost
    with other.open("wb", buffering=0) as file:  # takes the first number that is free
        audit.add("download")  # lost
        away.rename(folder)
        audit.add("preview")
        file.write(b"mine")
    assert other.read_bytes() == b"mine"
    audit.close()
    assert [entry["action"] for entry in read(folder / "audit.log")] == ["preview", "stop"]
    assert verified(folder / "audit.log") == []


@pytest.mark.parametrize("room", [0, 1, 40])
@pytest.mark.parametrize("anew", [False, True], ids=["the same writer", "another writer"])
def test_what_a_full_disk_has_cut_costs_that_entry_alone(
    tmp_path: Path, room: int, anew: bool
) -> None:
    path = tmp_path / "audit.log"
    audit = Audit(str(path), SECRET_KEY)
    audit.add("upload", workbook="x" * 100)
    with largest_file(path.stat().st_size + room):
        audit.add("download")
        audit.add("download")
    if anew:
        audit = Audit(str(path), SECRET_KEY)
    audit.add("preview")
    audit.close()
    lines = [line for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    assert [json.loads(line)["action"] for line in lines] == ["upload", "preview", "stop"]
    assert len(verified(path)) == (room > 0), "half an entry shows"


def test_a_text_of_any_length_and_kind_becomes_one_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    audit = Audit(str(path), SECRET_KEY)
    names = ["a\nb", 'x","mac":"' + "0" * 32 + '"}', "\ud800", "\u2028", "n" * 5000]
    for name in names:
        audit.add("upload", workbook=name)
    audit.close()
    assert verified(path) == []
    told = [entry.get("workbook", "") for entry in read(path)]
    assert told[:2] == names[:2]
    assert len(told[4]) == 200
