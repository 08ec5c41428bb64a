"""A backup holds all that was acknowledged; a restore brings it back whole, or does nothing."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.errors import InvalidParameters
from service.sessions import backup, console
from service.sessions.backup import back_up
from service.sessions.limits import digest
from service.sessions.links import withdraw
from service.sessions.restore import restore
from service.settings import Settings
from service.store.local import LocalStore
from service.web.app import Service
from tests.processes import ROOT, ServerProcess, service_process
from tests.service_fixtures import KEY, Chat, MakeService, rows_of, workbook_bytes
from tests.test_durability import Caller, markers_of

START = [["Item", "Cost"], ["Rent", 1200]]


def worked(service: Service, user: str = "anna") -> Chat:
    """A chat with an upload, a made workbook with a version, and an undone change."""
    chat = Chat(service, user, "one")
    chat.upload(workbook_bytes(["sent"]), "sent.xlsx")
    chat.op("open_excel_file", file="sent.xlsx")
    chat.op("write_excel_range", workbook="sent.xlsx", start="append", rows=[["more"]])
    chat.op("create_excel_file", filename="made.xlsx", headers=START[0], rows=START[1:])
    chat.op("save_excel_file", workbook="made.xlsx")
    chat.op("write_excel_range", workbook="made.xlsx", start="append", rows=[["Food", 450]])
    chat.op("write_excel_range", workbook="made.xlsx", start="append", rows=[["Fun", 90]])
    chat.op("undo_excel_change", workbook="made.xlsx")
    return chat


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a backup of two users' work, taken while the service runs, and its data."""
    folder = tmp_path_factory.mktemp("taken")
    settings = Settings(data_dir=folder / "data", engines=1, api_keys=(KEY,))
    with Service(settings) as service:
        links = [
            link for chat in (worked(service), worked(service, "ben")) for link in _links(chat)
        ]
        store = service.sessions.parts.store
        before = contents(store.root)
        told = back_up(store, folder / "all.tar.gz")
        assert (told.sessions, told.damaged) == (2, {})
        back_up(store, folder / "ben.tar", user="ben")
        assert contents(store.root) == before, "a backup leaves nothing behind"
    (folder / "links").write_text("\n".join(links))
    return folder


def _links(chat: Chat) -> list[str]:
    return [file["download_url"] for file in chat.op("list_excel_files")["files"]]


def as_it_was(chat: Chat) -> None:
    assert chat.rows("sent.xlsx") == [["sent"], ["more"]]
    assert chat.rows("made.xlsx") == [*START, ["Food", 450]]
    chat.op("undo_excel_change", workbook="made.xlsx", action="redo")
    assert chat.rows("made.xlsx") == [*START, ["Food", 450], ["Fun", 90]]
    chat.op("undo_excel_change", workbook="made.xlsx", steps=2)
    assert chat.rows("made.xlsx") == START
    events = chat.http.get(f"/v1/sessions/{chat.id}/history", headers=chat.headers).get_json()
    assert {"upload", "open", "save", "operation", "undo"} <= {e["event"] for e in events["events"]}


def test_all_comes_back_elsewhere(taken: Path, make_service: MakeService, tmp_path: Path) -> None:
    """Every change, undo, version, upload and link, in another folder and another service."""
    told, notes = restore(LocalStore(tmp_path / "data"), taken / "all.tar.gz")
    assert (told.sessions, notes) == (2, [])
    service = make_service()
    for link in (taken / "links").read_text().split():
        with service.app.test_client().get(urlsplit(link).path) as response:
            assert response.status_code == 200
            assert rows_of(response.get_data())
    for user in ("anna", "ben"):
        as_it_was(Chat(service, user, "one"))
    assert not list((tmp_path / "data").glob("*.new"))


def test_one_user_comes_back_beside_others(
    taken: Path, make_service: MakeService, tmp_path: Path
) -> None:
    """While the service runs; its own secret stays, and nobody else's work is touched."""
    service = make_service()
    clara = worked(service, "clara")
    secret = (tmp_path / "data" / "secret.key").read_bytes()
    told, _ = restore(service.sessions.parts.store, taken / "ben.tar")
    assert told.sessions == 1
    as_it_was(Chat(service, "ben", "one"))
    as_it_was(clara)
    assert (tmp_path / "data" / "secret.key").read_bytes() == secret
    assert b"anna" not in (taken / "ben.tar").read_bytes()


def test_links_that_were_withdrawn_stay_so(make_service: MakeService, tmp_path: Path) -> None:
    """Those of a user and those of a session, also where only that user's backup is restored."""
    chat = Chat(make_service(), "dora", "one")
    chat.op("create_excel_file", filename="a.xlsx", headers=["Item"])
    store = chat.service.sessions.parts.store
    withdraw(store, 1.0, user="dora")
    withdraw(store, 2.0, session=digest(chat.id))
    withdraw(store, 3.0, user="emil")
    back_up(store, tmp_path / "dora.tar", user="dora")
    other = LocalStore(tmp_path / "other")
    restore(other, tmp_path / "dora.tar", user="dora")
    assert set(other.keys("links")) == set(store.keys("links")) - {f"{digest('emil')}.json"}
    assert len(list(other.keys("links"))) == 2


def test_what_ends_meanwhile_costs_no_backup(
    taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are revoked and links forgotten at any time, also between a look and the next."""
    listed = backup._others

    def and_one_that_is_gone(*given: Any, **more: Any) -> list[tuple[str, Path]]:
        gone = taken / "data" / "keys" / "revoked.json"
        return [("keys/revoked.json", gone), *listed(*given, **more)]

    monkeypatch.setattr(backup, "_others", and_one_that_is_gone)
    target = tmp_path / "all.tar"
    assert back_up(LocalStore(taken / "data"), target).sessions == 2
    restore(LocalStore(tmp_path / "other"), target, only_check=True)


def test_a_backup_is_not_put_among_the_data(taken: Path) -> None:
    for name in ("all.tar", "sessions/all.tar"):
        with pytest.raises(InvalidParameters, match="in the data folder"):
            back_up(LocalStore(taken / "data"), taken / "data" / name)


def test_nothing_is_replaced(taken: Path, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "data")
    restore(store, taken / "all.tar.gz", user="anna")
    before = contents(store.root)
    with pytest.raises(InvalidParameters, match="has 1 of these sessions already"):
        restore(store, taken / "all.tar.gz")
    assert contents(store.root) == before
    told, _ = restore(store, taken / "all.tar.gz", user="ben")
    assert told.sessions == 1


def test_what_an_interrupted_restore_left_is_in_nobodys_way(taken: Path, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "data")
    restore(store, taken / "all.tar.gz")
    shutil.rmtree(store.root / "owners")
    assert restore(store, taken / "all.tar.gz")[0].sessions == 2


# Backups that can't be used ----------------------------------------------------------


def entries(backup: Path) -> dict[str, bytes]:
    with tarfile.open(backup) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def packed(found: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def changed(what: Callable[[dict[str, bytes]], object]) -> Callable[[Path], bytes]:
    def change(backup: Path) -> bytes:
        found = entries(backup)
        what(found)
        return packed(found)

    return change


def a_file(found: dict[str, bytes]) -> str:
    return next(name for name in found if name.endswith("journal"))


def newer(found: dict[str, bytes]) -> None:
    about = json.loads(found["about.json"])
    found["about.json"] = json.dumps({**about, "journal": 99}).encode()


def other_contents(found: dict[str, bytes]) -> None:
    found[a_file(found)] = found[a_file(found)].replace(b"append", b"depend")


DAMAGE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "cut": (lambda path: path.read_bytes()[:-2000], "damaged"),
    "cut tar": (lambda path: gzip.decompress(path.read_bytes())[:-30_000], "damaged|missing"),
    "bits": (lambda path: path.read_bytes()[:900] + b"xx" + path.read_bytes()[902:], "damaged"),
    "no backup": (lambda _: b"PK\3\4 something else", "damaged, or no backup"),
    "empty": (lambda _: b"", "damaged, or no backup"),
    "other contents": (changed(other_contents), "journal.* damaged"),
    "one less": (changed(lambda found: found.pop(a_file(found))), "is missing in it"),
    "one more": (changed(lambda found: found.update({"data/x": b""})), "not in its manifest"),
    "no manifest": (changed(lambda found: found.pop("manifest.json")), "no whole backup"),
    "elsewhere": (changed(lambda found: found.update({"data/../x": b""})), "not where data are"),
    "from the root": (changed(lambda found: found.update({"/x": b""})), "not where data are"),
    "newer": (changed(newer), "newer than this one's"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_and_nothing_restored(
    taken: Path, tmp_path: Path, damage: str
) -> None:
    change, told = DAMAGE[damage]
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(change(taken / "all.tar.gz"))
    store = LocalStore(tmp_path / "data")
    with pytest.raises(InvalidParameters, match=told) as error:
        restore(store, bad)
    assert "Nothing was restored" in str(error.value)
    assert contents(tmp_path / "data") == {}
    assert [path.name for path in tmp_path.iterdir()] == ["data", "bad.tar.gz"] or not list(
        store.root.iterdir()
    )


# The commands ------------------------------------------------------------------------


def run(folder: Path, *arguments: str) -> int:
    return console.main(list(arguments), Settings(data_dir=folder))


def test_the_commands_say_what_they_did(
    taken: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backup = str(tmp_path / "again.tar.xz")
    assert run(taken / "data", "backup", backup, "--no-secrets") == 0
    assert "2 sessions" in capsys.readouterr().out
    assert not [name for name in entries(Path(backup)) if "secret" in name]
    assert Path(backup).stat().st_mode & 0o777 == 0o600
    assert run(taken / "data", "backup", backup) == 1
    assert "is there already" in capsys.readouterr().err
    assert run(tmp_path / "new", "restore", backup, "--check") == 0
    assert "not restored" in capsys.readouterr().out
    assert contents(tmp_path / "new") == {}
    assert run(tmp_path / "new", "restore", backup) == 0
    assert run(tmp_path / "new", "restore", str(tmp_path / "none.tar")) == 1
    piped = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", piped)
    assert run(taken / "data", "backup", "-") == 0
    piped.buffer.seek(0)
    monkeypatch.setattr(sys, "stdin", piped)
    assert run(tmp_path / "piped", "restore", "-") == 0
    assert "2 sessions" in capsys.readouterr().err
    assert run(tmp_path / "new", "backup", str(tmp_path / "b.tar"), "--user", "nobody") == 1


# Under load ----------------------------------------------------------------------------


def backed_up(server: ServerProcess, target: Path) -> None:
    command = [sys.executable, "-m", "service", "backup", str(target)]
    subprocess.run(command, env=server.env, cwd=ROOT, check=True, timeout=300)


class Appending(Caller):
    """A chat that appends to its first workbook, after some random work."""

    def more(self, over: Any) -> None:
        book = self.books[0]
        while not over.is_set():
            self.append(book)


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_a_backup_under_load_holds_all_that_was_acknowledged(tmp_path: Path) -> None:
    """Restored in another folder, at another port, with another number of engines."""
    with service_process(tmp_path, KEY, engines="1", log_level="WARNING") as server:
        url = server.health_url.removesuffix("/health")
        up, over = threading.Event(), threading.Event()
        up.set()
        callers = [Appending(url, number, 7, up) for number in range(3)]
        for caller in callers:
            caller.start()
            for _ in range(8):
                caller.step()
        before = {caller: list(caller.books[0].markers) for caller in callers}
        with ThreadPoolExecutor(len(callers)) as threads:
            working = [threads.submit(caller.more, over) for caller in callers]
            try:
                backed_up(server, tmp_path / "backup.tar.gz")
            finally:
                over.set()
            for future in working:
                future.result()
    restore(LocalStore(tmp_path / "other" / "data"), tmp_path / "backup.tar.gz")
    with service_process(tmp_path / "other", KEY, engines="2", log_level="WARNING") as server:
        for caller in callers:
            caller.url = server.health_url.removesuffix("/health")
            book, after = caller.books[0], caller.books[0].markers
            found = markers_of(caller.download(urlsplit(book.link).path))
            assert found[: len(before[caller])] == before[caller], "something acknowledged is lost"
            assert after[: len(found)] == found, "something is there that nobody asked for"
            for link, markers in book.versions:
                assert markers_of(caller.download(urlsplit(link).path)) == markers
            book.done = found[len(book.base) :]
            caller.append(book)
            if book.done[1:]:
                caller.undo(book)
            assert markers_of(caller.download(urlsplit(book.link).path)) == book.markers
