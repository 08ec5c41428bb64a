"""The operator's command, in this process and in one of its own, also while the service runs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import requests

from service.sessions import console as console_module
from service.sessions.console import main
from service.sessions.limits import digest
from service.settings import Settings
from service.store.local import LocalStore
from service.web.app import Service
from tests.processes import ROOT, ServerProcess, clean_environ
from tests.service_fixtures import KEY, Chat, Clock, MakeService, error_of

DAY = 86_400


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m service`` with these arguments on the data in ``folder``."""
    env = clean_environ() | {"EXCEL_TOOLS_DATA_DIR": str(folder), "EXCEL_TOOLS_SESSION_TTL": "3600"}
    words = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)


def console(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """What ``command`` does, in this process: starting Python takes a second."""
    out, err = io.StringIO(), io.StringIO()
    settings = Settings(data_dir=folder, session_ttl=3600, **more)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(list(arguments), settings)
        except SystemExit as end:
            status = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def listed(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = console(folder, "sessions", "list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def data_of(service: Service) -> Path:
    return service.sessions.parts.store.root


def key_of(chat: Chat) -> str:
    return chat.service.sessions.find(chat.id).data.key


def files_in(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.parent.name != "key_uses"
    )


def with_workbook(service: Service, user: str, chat: str) -> Chat:
    made = Chat(service, user, chat)
    made.op("create_excel_file", filename="budget", headers=["Item"], rows=[["s3cret"]])
    made.op("save_excel_file")
    made.op("write_excel_range", start="append", rows=[["more"]])
    return made


def damage(service: Service, chat: Chat, text: str) -> str:
    key = key_of(chat)
    (data_of(service) / "sessions" / key / "session.json").write_text(text)
    return key


# List and show -------------------------------------------------------------------


def test_list_tells_a_line_for_each_session(make_service: MakeService) -> None:
    service = make_service()
    ann = with_workbook(service, "ann", "chat-1")
    Chat(service, "bob", "chat-2")
    done = console(data_of(service), "sessions", "list")
    assert done.returncode == 0
    *lines, last = done.stdout.splitlines()
    assert last == "2 sessions"
    (line,) = [line for line in lines if "ann" in line]
    for fact in (key_of(ann), "chat-1", "1 open, 1 saved", "bytes"):
        assert fact in line
    assert ann.id not in done.stdout, "the id is the caller's secret"
    facts = {entry["user"]: entry for entry in listed(data_of(service))}
    assert facts["ann"]["open"] == ["budget.xlsx"]
    assert facts["ann"]["bytes"] > facts["bob"]["bytes"] > 0
    assert [entry["user"] for entry in listed(data_of(service), "--user", "bob")] == ["bob"]
    assert listed(data_of(service), "--user", "nobody") == []


def test_list_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert console(tmp_path, "sessions", "list").stdout == "0 sessions\n"
    assert listed(tmp_path) == []


def test_show_tells_one_session_with_its_history(make_service: MakeService) -> None:
    service = make_service()
    ann = with_workbook(service, "ann", "chat-1")
    done = console(data_of(service), "sessions", "show", key_of(ann))
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert (shown["user"], shown["open"], shown["events"]) == ("ann", ["budget.xlsx"], 3)
    assert [event["event"] for event in shown["newest"]] == ["operation", "save", "operation"]
    assert ann.id not in done.stdout
    assert "s3cret" not in done.stdout


# Delete and purge ------------------------------------------------------------------


def test_delete_ends_sessions_that_the_service_has_open(make_service: MakeService) -> None:
    """The service notices it at the next use, and brings nothing back."""
    service = make_service()
    ann, bob = (with_workbook(service, user, "chat") for user in ("ann", "bob"))
    link = ann.op("list_excel_files")["files"][0]
    done = console(data_of(service), "sessions", "delete", key_of(ann))
    assert (done.returncode, done.stdout) == (0, f"deleted {done.stdout.split()[1]}\n")
    for name, parameters in [
        ("write_excel_range", {"rows": [["x"]]}),
        ("save_excel_file", {}),
        ("list_excel_files", {}),
        ("undo_excel_change", {}),
    ]:
        assert ann.fail(name, **parameters)["code"] == "session_not_found"
    assert error_of(ann.fetch(link))["code"] == "file_not_found"
    assert [entry["user"] for entry in listed(data_of(service))] == ["bob"]
    assert len(list((data_of(service) / "sessions").iterdir())) == 1
    assert bob.op("write_excel_range", start="append", rows=[["x"]])["unsaved_changes"] == 2
    anew = Chat(service, "ann", "chat")
    assert anew.id != ann.id
    assert anew.op("list_excel_files")["result"] == {"open": []}


def test_a_session_removed_during_a_call_is_not_written_again(make_service: MakeService) -> None:
    service = make_service()
    ann = with_workbook(service, "ann", "chat")
    session = service.sessions.find(ann.id)
    assert console(data_of(service), "sessions", "delete", session.data.key).returncode == 0
    with pytest.raises(Exception, match="has ended"):
        session.write()
    assert listed(data_of(service)) == []


def test_delete_takes_several_and_says_which_it_does_not_find(make_service: MakeService) -> None:
    service = make_service()
    keys = [key_of(Chat(service)) for _ in range(3)]
    done = console(data_of(service), "sessions", "delete", keys[0], "nothere", keys[1])
    assert done.returncode == 1
    assert done.stdout == f"deleted {keys[0]}\ndeleted {keys[1]}\n"
    assert "nothere" in done.stderr
    assert [entry["key"] for entry in listed(data_of(service))] == [keys[2]]


@pytest.mark.parametrize("key", ["..", "../users", "/etc", "", ".", "a/b"])
def test_a_key_is_no_path(make_service: MakeService, key: str) -> None:
    service = make_service()
    Chat(service)
    before = files_in(data_of(service))
    for verb in ("delete", "show"):
        done = console(data_of(service), "sessions", verb, key)
        assert done.returncode == 1
        assert "no session" in done.stderr
    assert files_in(data_of(service)) == before


def test_purge_ends_what_has_expired_and_leaves_the_rest(make_service: MakeService) -> None:
    clock = Clock(1_000_000_000)
    service = make_service(clock=clock)
    old = [Chat(service, user, "old") for user in ("ann", "bob")]
    service.close()
    service = make_service()  # by the real clock
    Chat(service, "ann", "new")
    folder = data_of(service)
    assert console(folder, "sessions", "purge", "--idle-days", "100000").stdout == (
        "0 sessions ended\n"
    )
    done = console(folder, "sessions", "purge", "--user", "ann")
    assert done.stdout == f"deleted {digest(old[0].id)}\n1 session ended\n"
    assert console(folder, "sessions", "purge").stdout.endswith("\n1 session ended\n")
    (left,) = listed(folder)
    assert (left["user"], left["chat"]) == ("ann", "new")


def test_purge_leaves_what_is_used_while_it_waits_for_it(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_service(clock=Clock(1_000_000_000))
    key = key_of(Chat(service, "ann", "old"))
    service.close()
    folder, alone = data_of(service), console_module._alone

    @contextmanager
    def waits(*given: Any) -> Iterator[None]:
        with alone(*given):
            store, record = LocalStore(folder), f"sessions/{key}/session.json"
            store.write(record, {**(store.read(record) or {}), "used": time.time()})
            yield

    monkeypatch.setattr(console_module, "_alone", waits)
    assert console(folder, "sessions", "purge").stdout == "0 sessions ended\n"
    assert [entry["key"] for entry in listed(folder)] == [key]


def test_deleting_all_leaves_only_the_key_of_links(make_service: MakeService) -> None:
    service = make_service()
    for number in range(3):
        with_workbook(service, f"user-{number}", "chat")
    keys = [entry["key"] for entry in listed(data_of(service))]
    assert console(data_of(service), "sessions", "delete", *keys).returncode == 0
    assert files_in(data_of(service)) == ["secret.key"]


# Damage ---------------------------------------------------------------------------

DAMAGED = ["{", "", "[]", "{}", '{"id": 1}', '{"workbooks": 3}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_record_keeps_no_other_from_sight(make_service: MakeService, text: str) -> None:
    service = make_service()
    bad, good = (with_workbook(service, user, "chat") for user in ("ann", "bob"))
    key, folder = damage(service, bad, text), data_of(service)
    entries = {entry["key"]: entry for entry in listed(folder)}
    assert len(entries) == 2
    assert "damaged" in entries[key]
    assert entries[key_of(good)]["user"] == "bob"
    assert [entry["key"] for entry in listed(folder, "--user", "ann")] == [key]
    plain = console(folder, "sessions", "list")
    assert plain.returncode == 0
    assert "damaged" in plain.stdout
    assert "bob" in plain.stdout
    shown = console(folder, "sessions", "show", key)
    assert shown.returncode == 1
    assert "damaged" in shown.stderr
    purged = console(folder, "sessions", "purge", "--idle-days", "0")
    assert purged.returncode == 0
    assert f"{key} is damaged and stays" in purged.stdout
    assert f"deleted {key}" in console(folder, "sessions", "delete", key).stdout
    assert files_in(folder) == ["secret.key"], "with all that pointed to it"


@pytest.mark.parametrize("text", ["{", "{}"])
def test_the_service_tells_of_a_damaged_record_and_ends_the_others(
    make_service: MakeService, text: str
) -> None:
    clock = Clock()
    service = make_service(clock=clock)
    bad, good = Chat(service, "ann", "bad"), Chat(service, "ann", "good")
    damage(service, bad, text)
    service.close()
    service = make_service(clock=clock)
    again = Chat(service, "ann", "good")
    assert again.id == good.id
    headers = again.headers | {"X-Excel-Session": bad.id, "X-Chat-Id": "bad"}
    error = error_of(again.http.post("/v1/operations/list_excel_files", headers=headers))
    assert (error["status"], error["code"]) == (507, "storage_failed")
    clock.now += DAY + 1
    assert service.sessions.sweep() == 1, "the sound one; the damaged one is the operator's"


def test_a_user_can_clear_damaged_sessions_too(make_service: MakeService) -> None:
    service = make_service()
    bad = Chat(service, "ann", "bad")
    Chat(service, "ann", "good")
    damage(service, bad, "{")
    service.close()
    bob = Chat(make_service(), "bob", "chat")
    cleared = bob.http.delete("/v1/sessions", headers=bob.headers | {"X-User-Id": "ann"})
    assert cleared.get_json() == {"deleted": 2}
    assert [entry["user"] for entry in listed(data_of(bob.service))] == ["bob"]
    Chat(bob.service, "ann", "bad")


# A real server, and misuse --------------------------------------------------------------


def test_the_command_works_beside_a_running_server(server: ServerProcess) -> None:
    url = server.health_url.removesuffix("/health")
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {KEY}"
    owner = {"user": "ann", "chat": "c"}
    id_ = http.post(f"{url}/v1/sessions", json=owner).json()["session_id"]
    http.headers["X-Excel-Session"] = id_
    create = f"{url}/v1/operations/create_excel_file"
    assert http.post(create, json={"filename": "a", "headers": ["x"]}).status_code == 200
    folder = Path(server.env["EXCEL_TOOLS_DATA_DIR"])
    (entry,) = json.loads(command(folder, "sessions", "list", "--json").stdout)
    done = command(folder, "sessions", "delete", entry["key"])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"deleted {entry['key']}\n", "")
    gone = http.post(create, json={"filename": "b", "headers": ["x"]})
    assert gone.json()["error"]["code"] == "session_not_found"
    assert listed(folder) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["session"],
        ["sessions"],
        ["sessions", "erase"],
        ["sessions", "show"],
        ["sessions", "show", "a", "b"],
        ["sessions", "delete"],
        ["sessions", "purge", "--idle-days", "many"],
        ["sessions", "list", "--all"],
    ],
)
def test_misuse_says_how_and_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    done = console(tmp_path / "data", *arguments)
    assert done.returncode == 2
    assert "usage: python -m service" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "data").exists()


def test_the_process_ends_as_the_command_says(tmp_path: Path) -> None:
    assert command(tmp_path, "sessions", "list").stdout == "0 sessions\n"
    missing = command(tmp_path, "sessions", "show", "nothere")
    assert (missing.returncode, missing.stdout) == (1, "")
    misused = command(tmp_path, "sessions", "erase")
    assert misused.returncode == 2
    assert "usage: python -m service" in misused.stderr


def test_help_names_the_verbs(tmp_path: Path) -> None:
    done = console(tmp_path, "sessions", "--help")
    assert done.returncode == 0
    for verb in ("list", "show", "delete", "purge"):
        assert verb in done.stdout


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = console(tmp_path / "file", "sessions", "list")
    assert done.returncode == 1
    assert "data folder" in done.stderr
    assert "Traceback" not in done.stderr
