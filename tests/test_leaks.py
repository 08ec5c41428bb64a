"""Nothing stays of sessions that ended, and idle sessions cost disk, not memory."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.settings import Settings, digest_of
from service.web.app import Service
from tests.processes import children
from tests.service_fixtures import KEY, Chat, Clock, workbook_bytes

WARM_UP, SESSIONS, IDLE = 200, 1000, 500
ENGINES, ENGINE_WORKBOOKS = 2, 4
TTL = 1000
# A thousand ended sessions of which only an expired id each were kept would take as much.
GROWTH_MB = 8
IDLE_KB = 40

pytestmark = pytest.mark.e2e


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def running(tmp_path: Path, clock: Clock) -> Iterator[Service]:
    settings = Settings(
        data_dir=tmp_path,
        api_keys=(KEY,),
        engines=ENGINES,
        engine_workbooks=ENGINE_WORKBOOKS,
        session_ttl=TTL,
    )
    with Service(settings, clock=clock) as service:
        yield service


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def descendants(pid: int) -> set[int]:
    found = children(pid)
    return found.union(*(descendants(child) for child in found)) if found else found


@dataclass(frozen=True)
class Used:
    """What the service uses at a moment; ``engines`` is the memory of its processes, MiB."""

    files: set[str]
    descriptors: int
    threads: int
    processes: int
    service: float
    engines: float


def used(service: Service) -> Used:
    gc.collect()
    root = service.sessions.parts.store.root
    processes = descendants(os.getpid())
    return Used(
        {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()},
        len(os.listdir("/proc/self/fd")),
        threading.active_count(),
        len(processes),
        resident_mb(os.getpid()),
        sum(resident_mb(pid) for pid in processes),
    )


SENT = workbook_bytes(*([["Item", number] for number in range(50)]))


def lived(service: Service, number: int) -> Chat:
    """A session that was used: some with a workbook, a file, links, undo and a save."""
    chat = Chat(service, f"user-{number % 25}", f"chat-{number}")
    if number % 20 == 0:
        chat.op("create_excel_file", filename="made.xlsx", headers=["a"], rows=[[1], [2]])
        chat.op("write_excel_range", start="append", rows=[[3]])
        chat.op("undo_excel_change")
        chat.download(chat.op("save_excel_file")["files"][0])
    if number % 20 == 10:
        chat.upload(SENT, "sent.xlsx")
        answer = chat.once(f"key-{number}", "open_excel_file", file="sent.xlsx")
        chat.download(answer["files"][0])
        chat.op("read_excel_range", limit=50)
    return chat


def ended(service: Service, clock: Clock, chats: list[Chat]) -> None:
    """End sessions: one by one, all of a user at once, and for the rest by their time."""
    for chat in chats[::3]:
        path = f"/v1/sessions/{chat.id}"
        assert chat.http.delete(path, headers=chat.headers).status_code == 204
    user = {"Authorization": f"Bearer {KEY}", "X-User-Id": chats[1].user}
    assert chats[1].http.delete("/v1/sessions", headers=user).status_code == 200
    clock.now += TTL + 1
    service.sessions.sweep()


def opened_and_ended(service: Service, clock: Clock, count: int) -> None:
    for first in range(0, count, 100):
        ended(service, clock, [lived(service, number) for number in range(first, first + 100)])


def test_nothing_stays_of_ended_sessions(
    running: Service, clock: Clock, tell: Callable[[str], None]
) -> None:
    opened_and_ended(running, clock, WARM_UP)
    before = used(running)
    opened_and_ended(running, clock, SESSIONS)
    after = used(running)
    # And when the key was used last, once that was noted.
    stay = {"secret.key", f"key_uses/{digest_of(KEY)}.json"}
    assert {"secret.key"} <= before.files <= after.files <= stay
    assert after.descriptors == before.descriptors
    assert after.threads == before.threads
    assert after.processes == before.processes
    grown = (after.service - before.service, after.engines - before.engines)
    tell(
        f"{SESSIONS} sessions opened and ended: files, descriptors, threads and processes as "
        f"before; memory {grown[0]:+.1f} MiB in the service, {grown[1]:+.1f} MiB in its engines"
    )
    assert grown[0] < GROWTH_MB
    assert grown[1] < GROWTH_MB * ENGINES
    assert not running.sessions._live
    assert not running.sessions._cache


def test_idle_sessions_cost_disk_and_not_memory(
    running: Service, clock: Clock, tell: Callable[[str], None]
) -> None:
    rows = [[f"text {number}", number] for number in range(200)]

    def idle(number: int) -> Chat:
        chat = Chat(running, f"idle-{number % 25}", f"chat-{number}")
        chat.once(f"key-{number}", "create_excel_file", filename="a.xlsx", rows=rows)
        return chat

    for number in range(50):
        idle(number)
    before = used(running)
    chats = [idle(number) for number in range(50, 50 + IDLE)]
    after = used(running)
    each = (after.service - before.service) * 1024 / IDLE
    engines = after.engines - before.engines
    tell(
        f"{IDLE} idle sessions: {each:.1f} KiB each in the service, {engines:+.1f} MiB in the "
        "engines together"
    )
    assert each < IDLE_KB
    # Were the workbooks all held, their 200,000 cells would take some 80 MiB.
    assert engines < 30
    assert chats[0].rows()[7] == ["text 7", 7]
    assert len(after.files) > len(before.files) + 3 * IDLE
