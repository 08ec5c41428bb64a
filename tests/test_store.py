"""What both stores must do: the folder on this machine, and Redis with a store for files."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.settings import Settings
from service.store.opening import Opened, opened
from tests.shared_servers import Shared, shared_of_run

__all__ = ["shared_of_run"]

Open = Callable[[], Opened]
SERVERS = [pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]
_numbers = itertools.count(1)


@pytest.fixture(
    params=[
        "local",
        pytest.param(
            "shared", marks=[pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]
        ),
    ]
)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store, each time as another replica does."""
    given = {}
    if request.param == "shared":
        shared: Shared = request.getfixturevalue("shared_of_run")
        given = shared.settings
    with ExitStack() as stack:
        settings = Settings(data_dir=tmp_path / "data", lease_seconds=30, **given)
        yield lambda: stack.enter_context(opened(settings))


@pytest.fixture
def session() -> str:
    """A session that nobody had before."""
    return f"s{next(_numbers)}x{threading.get_native_id()}"


def written(file: Path, text: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    return file


def test_a_record_is_replaced_as_a_whole(open_store: Open, session: str) -> None:
    store, board = (one := open_store()).store, one.board
    key = f"sessions/{session}/session.json"
    board.take(session, 5)
    assert store.read(key) is None
    assert not store.write(key, {"a": 1}, over=True)
    assert store.write(key, {"a": 1, "text": "naïve"})
    assert store.write(key, {"b": 2}, over=True)
    assert store.read(key) == {"b": 2}
    assert session in store.keys("sessions")
    board.give(session)
    assert open_store().store.read(key) == {"b": 2}


def test_records_of_no_session_are_listed_by_folder(open_store: Open, session: str) -> None:
    store = open_store().store
    store.write(f"users/{session}/one.json", {"a": 1})
    store.write(f"users/{session}/two.json", {"a": 2})
    assert list(store.keys(f"users/{session}")) == ["one.json", "two.json"]
    assert session in store.keys("users")
    store.remove(f"users/{session}/one.json")
    assert list(store.keys(f"users/{session}")) == ["two.json"]
    store.remove(f"users/{session}/two.json")
    assert list(store.keys(f"users/{session}")) == []
    store.remove(f"users/{session}/two.json")


def test_the_first_claim_counts(open_store: Open, session: str) -> None:
    store, key = open_store().store, f"owners/{session}.json"
    assert store.claim(key, {"id": "1"}, None) == {"id": "1"}
    assert store.claim(key, {"id": "2"}, None) == {"id": "1"}
    assert store.claim(key, {"id": "2"}, {"id": "1"}) == {"id": "2"}
    assert store.claim(key, {"id": "3"}, {"id": "1"}) == {"id": "2"}
    assert store.read(key) == {"id": "2"}


def test_the_secret_stays_the_same(open_store: Open) -> None:
    secret = open_store().store.secret()
    assert len(secret) >= 32
    assert open_store().store.secret() == secret


def test_a_journal_grows_and_is_read_from_any_entry(open_store: Open, session: str) -> None:
    one = open_store()
    one.board.take(session, 5)
    key, end = f"sessions/{session}/workbooks/w1/copy1/journal", 0
    for number in range(5):
        end += one.store.append(key, {"seq": number, "text": "ü" * number}, at=end)
    placed = one.store.placed(key)
    assert [entry["seq"] for entry, _ in placed] == [0, 1, 2, 3, 4]
    assert one.store.entries(key) == [entry for entry, _ in placed]
    assert one.store.placed(key, since=placed[3][1].start) == placed[3:]
    assert one.store.entries_at(key, [placed[4][1], placed[1][1]]) == [placed[4][0], placed[1][0]]
    assert one.store.entries(f"sessions/{session}/other") == []
    one.board.give(session)
    assert open_store().store.placed(key) == placed


def test_a_file_is_kept_under_its_name(open_store: Open, session: str, tmp_path: Path) -> None:
    one = open_store()
    one.board.take(session, 5)
    source = written(tmp_path / "source.bin", b"x" * 100_000)
    first, second = (f"sessions/{session}/{name}" for name in ("up/a b ü.xlsx", "copy/base.xlsx"))
    one.store.keep(source, first)
    source.unlink()
    path = one.store.file(first)
    assert path
    assert path.name == "a b ü.xlsx"
    one.store.keep(path, second)
    one.board.give(session)
    other = open_store()
    found = other.store.file(second)
    assert found
    assert found.name == "base.xlsx"
    assert found.read_bytes() == b"x" * 100_000
    assert 100_000 <= other.store.size(session) < 101_000, "one file under two names counts once"
    assert other.store.file(f"sessions/{session}/none") is None


def test_a_file_that_is_kept_again_is_the_new_one(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    one, key = open_store(), f"sessions/{session}/base.xlsx"
    one.board.take(session, 5)
    for text in (b"old", b"newer"):
        one.store.keep(written(tmp_path / "source", text), key)
        path = one.store.file(key)
        assert path
        assert path.read_bytes() == text


def test_a_folder_is_removed_with_all_below_it(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    one, folder = open_store(), f"sessions/{session}"
    store = one.store
    one.board.take(session, 5)
    store.write(f"{folder}/session.json", {"a": 1})
    for copy in ("copy1", "copy10"):
        store.append(f"{folder}/{copy}/journal", {"seq": 1})
        store.keep(written(tmp_path / "source", b"abc"), f"{folder}/{copy}/base.xlsx")
        written(store.scratch(f"{folder}/{copy}/drafts/1.xlsx"), b"draft")
    store.remove(f"{folder}/copy1")
    assert store.entries(f"{folder}/copy1/journal") == []
    assert store.file(f"{folder}/copy1/base.xlsx") is None
    assert not store.scratch(f"{folder}/copy1/drafts/1.xlsx").exists()
    assert len(store.entries(f"{folder}/copy10/journal")) == 1
    assert store.file(f"{folder}/copy10/base.xlsx")
    store.remove(folder)
    assert store.read(f"{folder}/session.json") is None
    assert store.size(session) == 0
    assert session not in store.keys("sessions")
    store.remove(folder)


def test_what_there_is_of_a_session_can_be_copied(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    one, folder = open_store(), f"sessions/{session}"
    store = one.store
    assert store.held(session) == ([], [], [])
    one.board.take(session, 5)
    store.write(f"{folder}/session.json", {"a": 1})
    store.append(f"{folder}/history", {"seq": 1})
    store.append(f"{folder}/workbooks/w1/copy1/journal", {"seq": 1})
    for path in ("uploads/f1/history", "workbooks/w1/copy1/base.xlsx"):
        store.keep(written(tmp_path / path, path.encode()), f"{folder}/{path}")
    written(store.scratch(f"{folder}/workbooks/w1/copy1/drafts/1.xlsx"), b"draft")
    assert store.held(session) == (
        ["session.json"],
        ["history", "workbooks/w1/copy1/journal"],
        ["uploads/f1/history", "workbooks/w1/copy1/base.xlsx"],
    )
    assert store.copy_out(f"{folder}/uploads/f1/history", tmp_path / "out" / "a")
    assert (tmp_path / "out" / "a").read_bytes() == b"uploads/f1/history"
    assert not store.copy_out(f"{folder}/none", tmp_path / "out" / "b")


def test_records_of_no_session_are_told(open_store: Open, session: str) -> None:
    store = open_store().store
    store.secret("the one that there was" * 2)
    for key in (f"keys/{session}.json", f"users/u/{session}.json", f"owners/{session}.json"):
        store.write(key, {"a": 1})
    assert [key for key in store.others() if session in key] == [f"keys/{session}.json"]
    assert not {key for key in store.others() if "secret" in key}


def test_a_session_s_record_comes_with_a_stamp(open_store: Open, session: str) -> None:
    one = open_store()
    assert one.store.found(session, -1) is None
    one.board.take(session, 5)
    one.store.write(f"sessions/{session}/session.json", {"a": 1})
    stamp = one.board.give(session)
    found = one.store.found(session, -1)
    assert found == (stamp, {"a": 1})
    assert one.store.found(session, stamp) == (stamp, None)


def test_notes_are_there_for_their_time(open_store: Open, session: str) -> None:
    board = open_store().board
    assert not board.marked(session)
    board.mark(session, 60)
    board.note(f"{session}-text", "täxt", 60)
    board.note(f"{session}-short", "gone", 0)
    assert board.marked(session)
    assert board.noted(f"{session}-text") == "täxt"
    recent = board.recent(session)
    assert recent.get("key") is None
    recent.put("key", "print", {"result": 1})
    assert recent.get("key") == {"print": "print", "answer": {"result": 1}}
