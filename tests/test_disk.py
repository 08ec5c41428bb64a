"""A disk that fails under undo, checkpoints, history and saves: told, and nothing else lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.sessions import checkpoints
from service.store import local
from service.web.app import Service
from tests.service_fixtures import Chat, MakeService, error_of, rows_of, workbook_bytes
from tests.test_engine import Engine, append, create, engine, largest_file

__all__ = ["engine"]

START = [["Item", "Cost"], ["Rent", 1200]]


def files_of(service: Service, pattern: str) -> list[Path]:
    return sorted(service.sessions.parts.store.root.glob(f"sessions/*/{pattern}"))


def the_file(service: Service, pattern: str) -> Path:
    (path,) = files_of(service, pattern)
    return path


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made in the folder: a file stands where it was."""
    aside = folder.with_name(folder.name + ".aside")
    if folder.exists():
        folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)


def storage_failed(chat: Chat, name: str, **parameters: Any) -> str:
    error = chat.fail(name, **parameters)
    assert (error["status"], error["code"]) == (507, "storage_failed")
    message: str = error["message"]
    return message


def restarted(engine: Engine, make_service: MakeService) -> Chat:
    """The same chat in a service that was started anew."""
    engine.service.close()
    return Chat(make_service(), engine.chat.user, engine.chat.chat)


def test_an_export_that_finds_no_room_is_not_made(
    engine: Engine, make_service: MakeService
) -> None:
    """Whose record could not be written would be gone with the service, its link told or not."""
    chat = engine.chat
    with largest_file(300):
        for _ in range(2):  # nor is the second told what came of the first
            response = chat.call("export_excel_file", {"format": "csv"}, "k")
            error = error_of(response)
            assert (error["status"], error["code"]) == (507, "storage_failed")
        assert "exports" not in chat.op("list_excel_files")["result"]
    assert files_of(engine.service, "exports/*/*") == []
    answer = chat.once("k", "export_excel_file", format="csv")
    chat = restarted(engine, make_service)
    assert len(chat.op("list_excel_files")["result"]["exports"]) == 1
    assert b"Item" in chat.download(answer["files"][0])


# Undo ------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 1, 20])
def test_an_undo_that_finds_no_room_is_not_made(
    engine: Engine, make_service: MakeService, room: int
) -> None:
    chat = engine.chat
    append(chat, "Food", 450)
    path = the_file(engine.service, "workbooks/*/*/journal")
    whole = path.read_bytes()
    with largest_file(len(whole) + room):
        storage_failed(chat, "undo_excel_change")
        assert path.read_bytes() == whole
        assert chat.rows() == [*START, ["Food", 450]]
    assert chat.op("undo_excel_change")["result"]["can_redo"] == 1
    assert chat.rows() == START
    with largest_file(path.stat().st_size + room):
        storage_failed(chat, "undo_excel_change", action="redo")
        assert chat.rows() == START
    again = restarted(engine, make_service)
    assert again.rows() == START
    again.op("undo_excel_change", action="redo")
    assert again.rows() == [*START, ["Food", 450]]


def test_a_refused_change_leaves_nothing_to_the_next_one(engine: Engine) -> None:
    """The engine has done it, at a mark that the next change gets."""
    chat = engine.chat
    path = the_file(engine.service, "workbooks/*/*/journal")
    for number in range(3):
        with largest_file(path.stat().st_size):
            storage_failed(chat, "write_excel_range", start="append", rows=[["never", number]])
        append(chat, "row", number)
    assert chat.rows() == [*START, *(["row", number] for number in range(3))]


# Checkpoints -----------------------------------------------------------------------


@pytest.fixture
def checkpoint_at_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "LOOK_EVERY", 1)
    monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 1)


@pytest.mark.usefixtures("checkpoint_at_each_change")
def test_a_checkpoint_that_finds_no_room_costs_nothing_but_time(engine: Engine) -> None:
    chat = engine.chat
    with largest_file(100, engine.pid):
        append(chat, "Food", 450)
    before = files_of(engine.service, "workbooks/*/*/checkpoints/*")
    with read_only(the_file(engine.service, "workbooks/*/*/checkpoints")):
        append(chat, "Fun", 90)
    engine.kill()
    assert chat.rows() == [*START, ["Food", 450], ["Fun", 90]]
    assert files_of(engine.service, "workbooks/*/*/checkpoints/*") == before
    append(chat, "Fuel", 60)
    assert len(files_of(engine.service, "workbooks/*/*/checkpoints/*")) == len(before) + 1


@pytest.mark.usefixtures("checkpoint_at_each_change")
@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "gone"])
def test_a_damaged_checkpoint_is_done_without(engine: Engine, damage: str) -> None:
    chat = engine.chat
    append(chat, "Food", 450)
    for path in files_of(engine.service, "workbooks/*/*/checkpoints/*"):
        data = path.read_bytes()
        if damage == "gone":
            path.unlink()
        else:
            changed = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
            path.write_bytes({"cut": data[:-9], "changed": changed, "empty": b""}[damage])
    engine.kill()
    assert chat.rows() == [*START, ["Food", 450]]
    append(chat, "Fun", 90)
    engine.kill()
    assert chat.rows() == [*START, ["Food", 450], ["Fun", 90]]


# Saving ----------------------------------------------------------------------------


def test_a_save_that_finds_no_room_is_not_made(engine: Engine, make_service: MakeService) -> None:
    chat = engine.chat
    append(chat, "Food", 450)
    # The record does not fit, when the version is on the disk already.
    record = the_file(engine.service, "session.json")
    (draft,) = chat.op("list_excel_files")["files"]
    chat.download(draft)
    with largest_file(record.stat().st_size):
        storage_failed(chat, "save_excel_file")
        listed = chat.op("list_excel_files")
        assert "saved" not in listed["result"]
        assert listed["result"]["open"] == [{"workbook": "budget.xlsx", "unsaved_changes": 2}]
        assert rows_of(chat.download(draft)) == [*START, ["Food", 450]]
    with read_only(record.parent / "workbooks/w1/versions"):
        storage_failed(chat, "save_excel_file")
    saved = chat.op("save_excel_file")
    assert (saved["result"]["version"], saved["unsaved_changes"]) == (1, 0)
    again = restarted(engine, make_service)
    assert rows_of(again.download(saved["files"][0])) == [*START, ["Food", 450]]
    assert len(again.op("list_excel_files")["result"]["saved"]) == 1


# A write whose answer is lost ---------------------------------------------------------


def once_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next record of a session is written, and that can't be said any more."""
    real, left = local._sync, [1]

    def sync(path: Path) -> None:
        if left and path.parent.name == "sessions":
            left.pop()
            raise OSError(5, "Input/output error")
        real(path)

    monkeypatch.setattr(local, "_sync", sync)


def test_a_workbook_of_which_the_record_may_tell_already_leaves_no_trace(
    engine: Engine, make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    once_written(monkeypatch)
    storage_failed(engine.chat, "create_excel_file", filename="second", headers=["A"])
    again = restarted(engine, make_service)
    (left,) = again.op("list_excel_files")["result"]["open"]
    assert left["workbook"] == "budget.xlsx"
    assert again.rows("budget.xlsx") == START


def test_a_file_of_which_the_record_may_tell_already_can_be_sent_again(
    engine: Engine, make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = workbook_bytes(["sent"])
    once_written(monkeypatch)
    assert engine.chat.send(sent, "sent.xlsx").status_code == 507
    again = restarted(engine, make_service)
    again.upload(sent, "sent.xlsx")
    again.op("open_excel_file", file="sent.xlsx")
    assert again.rows("sent.xlsx") == [["sent"]]


# The history -----------------------------------------------------------------------


def history(chat: Chat) -> list[dict[str, Any]]:
    response = chat.http.get(f"/v1/sessions/{chat.id}/history", headers=chat.headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    events: list[dict[str, Any]] = response.get_json()["events"]
    return events


def test_a_history_that_finds_no_room_fails_no_change(
    engine: Engine, make_service: MakeService
) -> None:
    chat = engine.chat
    path = the_file(engine.service, "history")
    with read_only(path):
        append(chat, "Food", 450)
        chat.op("undo_excel_change")
    assert chat.rows() == START
    again = restarted(engine, make_service)
    told = [event["event"] for event in history(again)]
    assert sorted(told) == ["operation", "operation", "undo"]


@pytest.mark.parametrize("damage", [b"x" * 30, b"\n", b'{"half": ', b"\xff\xfe\n\n"])
def test_a_damaged_history_costs_events_alone(
    engine: Engine, make_service: MakeService, damage: bytes
) -> None:
    path = the_file(engine.service, "history")
    path.write_bytes(damage + path.read_bytes()[len(damage) :] + damage)
    again = restarted(engine, make_service)
    append(again, "Food", 450)
    assert again.rows() == [*START, ["Food", 450]]
    assert again.op("list_excel_files")["result"]["open"]
    assert "write_excel_range" in [event.get("operation") for event in history(again)]


# Files that are gone or wrong ------------------------------------------------------


def test_a_deleted_base_file_stops_its_workbook_alone(engine: Engine) -> None:
    chat = engine.chat
    chat.upload(workbook_bytes(["sent"]), "sent.xlsx")
    chat.op("open_excel_file", file="sent.xlsx")
    append(chat, "more", workbook="sent.xlsx")
    base = the_file(engine.service, "workbooks/*/*/base.xlsx")
    aside = base.with_name("aside")
    base.rename(aside)
    engine.kill()
    storage_failed(chat, "read_excel_range", workbook="sent.xlsx")
    storage_failed(chat, "write_excel_range", workbook="sent.xlsx", rows=[["x"]])
    assert append(chat, "Food", 450, workbook="budget.xlsx")
    aside.rename(base)
    assert chat.rows("sent.xlsx") == [["sent"], ["more"]]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_journal_that_lost_entries_is_told(
    engine: Engine, make_service: MakeService, left: int
) -> None:
    chat = engine.chat
    create(chat, "other.xlsx")
    append(chat, "Food", 450, workbook="budget.xlsx")
    append(chat, "Fun", 90, workbook="budget.xlsx")
    chat.op("save_excel_file", workbook="budget.xlsx")
    path = files_of(engine.service, "workbooks/w1/*/journal")[0]
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 3
    path.write_bytes(b"".join(lines[:left]))
    message = storage_failed(
        chat, "write_excel_range", workbook="budget.xlsx", start="append", rows=[["x", 1]]
    )
    assert "lost" in message
    again = restarted(engine, make_service)
    for name in ("read_excel_range", "undo_excel_change"):
        assert "lost its entry 3" in storage_failed(again, name, workbook="budget.xlsx")
    assert append(again, "Fuel", 60, workbook="other.xlsx")
    assert len(again.op("list_excel_files")["result"]["open"]) == 2
    path.write_bytes(whole)
    assert again.rows("budget.xlsx") == [*START, ["Food", 450], ["Fun", 90]]


def test_a_deleted_journal_is_never_begun_anew(engine: Engine) -> None:
    path = the_file(engine.service, "workbooks/*/*/journal")
    aside = path.with_name("aside")
    path.rename(aside)
    assert "lost" in storage_failed(
        engine.chat, "write_excel_range", start="append", rows=[["never", 0]]
    )
    os.replace(aside, path)
    append(engine.chat, "Food", 450)
    engine.kill()
    assert engine.chat.rows() == [*START, ["Food", 450]]


def test_what_a_failed_write_left_behind_is_cut_off(
    engine: Engine, make_service: MakeService
) -> None:
    """A whole entry, which never was accepted: the disk failed at the very end."""
    path = the_file(engine.service, "workbooks/*/*/journal")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    append(engine.chat, "Food", 450)
    again = restarted(engine, make_service)
    assert again.rows() == [*START, ["Food", 450]]


def test_a_deleted_record_ends_its_session_alone(engine: Engine) -> None:
    chat, other = engine.chat, Chat(engine.service)
    create(other)
    the_record = engine.service.sessions.find(chat.id).folder
    (engine.service.sessions.parts.store.root / the_record / "session.json").unlink()
    error = error_of(chat.call("read_excel_range", {}))
    assert (error["status"], error["code"]) == (400, "session_not_found")
    assert other.rows() == START
    again = Chat(engine.service, chat.user, chat.chat)
    assert again.id != chat.id
    assert create(again)["workbook"] == "budget.xlsx"
