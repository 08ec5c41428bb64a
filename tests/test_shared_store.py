"""What the shared store and its board do beyond keeping things: turns, fences, cleaning up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from service import calls
from service.errors import Cancelled, StorageFailed
from service.settings import Settings
from service.store.opening import Opened, opened
from service.store.shared.circuit import Circuit, NotReachedError
from service.store.shared.folder import OwnFolder, _sweep
from service.store.shared.objects import Objects
from tests.processes import free_port, service_process
from tests.service_fixtures import KEY, Clock
from tests.shared_servers import Shared, shared_of_run

__all__ = ["shared_of_run"]

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]

Open = Callable[..., Opened]


@pytest.fixture
def open_store(shared_of_run: Shared, tmp_path: Path) -> Iterator[Open]:
    """Opens the store, each time as another replica does."""
    with ExitStack() as stack:

        def replica(clock: Callable[[], float] = time.time, **more: int) -> Opened:
            given = {**shared_of_run.settings, "lease_seconds": 30, **more}
            settings = Settings(data_dir=tmp_path / "data", **given)
            return stack.enter_context(opened(settings, clock))

        yield replica


@pytest.fixture
def client(shared_of_run: Shared) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(shared_of_run.settings["redis_url"]) as client:
        yield client


@pytest.fixture
def session(request: pytest.FixtureRequest) -> str:
    return f"{abs(hash(request.node.name)):x}{os.getpid()}"


def entry(session: str) -> tuple[str, dict[str, int]]:
    return f"sessions/{session}/journal", {"seq": 1}


# Turns ---------------------------------------------------------------------------------


def test_a_session_is_one_replica_s_at_a_time(open_store: Open, session: str) -> None:
    one, two = open_store().board, open_store().board
    assert one.take(session, 0)
    assert two.take(session, 0) is None
    assert two.take(session, 0.2) is None
    one.give(session)
    assert two.take(session, 0)
    two.give(session)


def test_who_waits_gets_it_in_turn(open_store: Open, session: str) -> None:
    boards = [open_store().board for _ in range(4)]
    boards[0].take(session, 5)
    order: list[int] = []

    def waits(number: int) -> None:
        assert boards[number].take(session, 60)
        order.append(number)
        boards[number].give(session)

    threads = [threading.Thread(target=waits, args=(n,)) for n in (1, 2, 3)]
    for count, thread in enumerate(threads, 1):
        thread.start()
        until(lambda: boards[0]._link.redis.llen(queue(session)) == count)  # noqa: B023
    until(lambda: boards[0].wanted(session))
    boards[0].give(session)
    for thread in threads:
        thread.join(60)
    assert order == [1, 2, 3]


def queue(session: str) -> str:
    return f"excel-tools:s:{session}:queue"


def test_who_does_not_want_it_any_more_leaves_the_line(open_store: Open, session: str) -> None:
    one, two = open_store().board, open_store().board
    one.take(session, 5)
    mine = calls.Calls()

    def waits() -> None:
        with mine.under_way("key", "read"), pytest.raises(Cancelled):
            two.take(session, 60)

    thread = threading.Thread(target=waits)
    thread.start()
    until(lambda: two._link.redis.llen(queue(session)) == 1)
    assert mine.cancel("key")[1]
    thread.join(60)
    assert two._link.redis.llen(queue(session)) == 0


def test_what_a_dead_replica_held_is_free_after_a_while_and_told(
    open_store: Open, session: str
) -> None:
    one, two = open_store(lease_seconds=2), open_store()
    one.board.take(session, 5)
    one.board.close()  # its heart stops, as if it was killed
    grant = two.board.take(session, 60)
    assert grant
    assert grant.unclean
    two.board.give(session)
    again = two.board.take(session, 5)
    assert again
    assert not again.unclean


def test_the_heart_keeps_what_is_held(open_store: Open, session: str) -> None:
    one, two = open_store(lease_seconds=8).board, open_store().board
    one.take(session, 5)
    assert two.take(session, 10) is None


# Fences ----------------------------------------------------------------------------------


def test_nobody_writes_without_having_taken_the_session(open_store: Open, session: str) -> None:
    with pytest.raises(RuntimeError, match="without having been taken"):
        open_store().store.append(*entry(session))


def test_who_was_held_up_for_too_long_writes_nothing(
    open_store: Open, session: str, client: redis.Redis, tmp_path: Path
) -> None:
    one, two = open_store(), open_store()
    one.board.take(session, 5)
    one.store.append(*entry(session))
    client.delete(f"excel-tools:s:{session}:lease")
    two.board.take(session, 5)
    key, line = entry(session)
    (tmp_path / "file").write_bytes(b"abc")
    for write in (
        lambda: one.store.append(key, line),
        lambda: one.store.write(f"sessions/{session}/session.json", {}),
        lambda: one.store.keep(tmp_path / "file", f"sessions/{session}/file"),
        lambda: one.store.remove(f"sessions/{session}"),
    ):
        with pytest.raises(StorageFailed, match="another one has taken the chat over") as caught:
            write()
        assert caught.value.status == 503
    assert one.board.wanted(session)
    assert one.board.give(session) == -1
    assert two.store.entries(key) == [line]
    two.store.append(key, line)


def test_who_stood_still_begins_nothing_new(open_store: Open, session: str) -> None:
    one = open_store()
    one.board.take(session, 5)
    assert not one.board.wanted(session)
    one.board._link.holds[session].until = time.monotonic() - 0.1
    assert one.board.wanted(session), "others may have it by now"


def test_what_was_made_of_a_copy_goes_even_if_the_rest_can_not(
    open_store: Open, session: str, client: redis.Redis
) -> None:
    one, folder = open_store(), f"sessions/{session}/workbooks/w1/copy1"
    one.board.take(session, 5)
    place = one.store.scratch(f"{folder}/checkpoints/1")
    place.write_bytes(b"of a workbook that came to nothing")
    client.delete(f"excel-tools:s:{session}:lease")
    with pytest.raises(StorageFailed):
        one.store.remove(folder)
    assert not place.exists()


def test_a_line_that_is_sent_twice_is_there_once(open_store: Open, session: str) -> None:
    one = open_store()
    one.board.take(session, 5)
    key, line = entry(session)
    end = one.store.append(key, line, at=0)
    assert one.store.append(key, line, at=0) == end, "its answer was lost"
    with pytest.raises(StorageFailed, match="ends at"):
        one.store.append(key, {"seq": 2}, at=0)
    assert one.board.give(session) == -1, "what is here may not be what is there"
    assert one.store.entries(key) == [line]


# What is left behind ------------------------------------------------------------------------


def objects_of(opened_: Opened) -> set[str]:
    objects = opened_.store._objects  # type: ignore[attr-defined]
    names = objects._client.list_objects(objects._bucket, recursive=True)
    return {name.object_name.rpartition("/")[2] for name in names}


def test_objects_that_nobody_names_are_removed(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    clock = Clock(time.time())
    one = open_store(clock)
    before = objects_of(one)
    one.board.take(session, 5)
    (tmp_path / "file").write_bytes(b"abc")
    for name in ("a", "b"):
        one.store.keep(tmp_path / "file", f"sessions/{session}/{name}")
    (first, second) = objects_of(one) - before
    path = one.store.file(f"sessions/{session}/a")
    assert path
    one.store.keep(path, f"sessions/{session}/linked")
    one.store.remove(f"sessions/{session}/a")
    one.store.remove(f"sessions/{session}/b")
    one.store.clean()
    assert {first, second} <= objects_of(one), "somebody may be fetching it still"
    clock.now += 1000
    one.store.clean()
    left = objects_of(one) & {first, second}
    assert left == {path.parent.name}, "another file is the same object"
    one.store.remove(f"sessions/{session}")
    clock.now += 1000
    one.store.clean()
    assert not objects_of(one) & {first, second}


def test_a_file_that_was_sent_and_never_named_is_removed(
    open_store: Open, session: str, tmp_path: Path, client: redis.Redis
) -> None:
    clock = Clock(time.time())
    one = open_store(clock)
    before = objects_of(one)
    one.board.take(session, 5)
    client.delete(f"excel-tools:s:{session}:lease")
    (tmp_path / "file").write_bytes(b"abc")
    with pytest.raises(StorageFailed):
        one.store.keep(tmp_path / "file", f"sessions/{session}/a")
    assert len(objects_of(one) - before) == 1
    clock.now += 4000
    one.store.clean()
    assert objects_of(one) <= before


def test_what_was_kept_for_a_session_that_has_ended_is_found_and_goes(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    clock = Clock(time.time())
    one = open_store(clock)
    (tmp_path / "file").write_bytes(b"abc")
    for keep in (
        lambda: one.store.keep(tmp_path / "file", f"sessions/{session}/uploads/f1/a"),
        lambda: one.store.append(*entry(session)),
    ):
        one.board.take(session, 5)
        keep()
        one.board.give(session)
        assert session in one.store.keys("sessions")
        assert session in one.store.unwritten(clock.now + 1)
        assert one.store.written(session) == pytest.approx(clock.now)
        one.board.take(session, 5)
        one.store.remove(f"sessions/{session}")
        one.board.give(session)
        assert session not in one.store.keys("sessions")


def test_the_cache_is_brought_down_to_its_size(
    open_store: Open, session: str, tmp_path: Path
) -> None:
    one = open_store(cache_mb=10)
    objects: Objects = one.store._objects  # type: ignore[attr-defined]
    one.board.take(session, 5)
    for number in range(4):
        source = tmp_path / f"file {number}"  # a file that was kept is never written to again
        source.write_bytes(os.urandom(4 << 20))
        one.store.keep(source, f"sessions/{session}/{number}")
        path = one.store.file(f"sessions/{session}/{number}")
        assert path
        used = time.time() - 10_000 + number
        os.utime(path, (used, used))
    one.store.tidy()
    left = sorted(path.name for path in objects.cached.rglob("*") if path.is_file())
    assert left == ["2", "3"]
    fetched = one.store.file(f"sessions/{session}/0")
    assert fetched
    assert fetched.stat().st_size == 4 << 20


def test_a_killed_process_s_folder_is_removed_by_the_next(tmp_path: Path) -> None:
    first = OwnFolder(tmp_path)
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "file").write_text("x")
    second = OwnFolder(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        first.path.name,
        second.path.name,
        "lock",
    }
    first.close()
    second.close()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    _sweep(tmp_path / "gone")  # its process has removed it meanwhile


def test_replicas_take_from_the_same_bucket(open_store: Open, session: str) -> None:
    buckets = [open_store().board.buckets() for _ in range(2)]
    waits = [bucket.take(session, 2) for bucket in buckets * 2 if bucket]
    assert waits[:2] == [0, 0]
    assert all(20 < wait <= 30 for wait in waits[2:])
    assert buckets[0]
    assert buckets[0].take(f"{session} another", 2) == 0


# Failing ------------------------------------------------------------------------------------


def test_a_circuit_fails_fast_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("service.store.shared.circuit.time.monotonic", lambda: now[0])
    circuit, tried = Circuit("it"), []

    def call(works: bool) -> bool:
        try:
            with circuit.call():
                tried.append(works)
                if not works:
                    raise NotReachedError("no answer")
        except StorageFailed:
            return False
        return True

    assert [call(False) for _ in range(5)] == [False] * 5
    assert len(tried) == 3, "then nobody waits for it"
    now[0] += 4
    assert not call(False)
    assert not call(True)
    assert len(tried) == 4, "one tries for all"
    now[0] += 4
    assert call(True)
    assert call(True)


@pytest.mark.parametrize("missing", ["redis_url", "s3_endpoint"])
def test_what_is_shared_has_to_answer(shared_of_run: Shared, tmp_path: Path, missing: str) -> None:
    scheme = "redis" if missing == "redis_url" else "http"
    nothing = {missing: f"{scheme}://127.0.0.1:{free_port()}"}
    settings = Settings(data_dir=tmp_path, **{**shared_of_run.settings, **nothing})
    with pytest.raises(StorageFailed, match="can't be used at the moment"):
        opened(settings)


def test_a_redis_that_throws_away_what_it_keeps_is_refused(
    shared_of_run: Shared, tmp_path: Path, client: redis.Redis
) -> None:
    settings = Settings(data_dir=tmp_path, **shared_of_run.settings)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StorageFailed, match="throws away"):
            opened(settings)
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_a_service_does_not_start_without_what_it_shares(
    shared_of_run: Shared, tmp_path: Path
) -> None:
    nothing = {"redis_url": f"redis://127.0.0.1:{free_port()}"}
    process = service_process(tmp_path, KEY, **{**shared_of_run.settings, **nothing})
    process.deadline = 250
    with pytest.raises(RuntimeError, match="ended with 2"):
        process.start()
    log = process.log_tail()
    assert "can't be used at the moment" in log
    assert "Check EXCEL_TOOLS_REDIS_URL" in log
    assert "Traceback" not in log


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to be so")
