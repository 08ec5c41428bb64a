"""Replicas killed at random while chats work: what was acknowledged is there, once."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.fleet import PUBLIC, Fleet, Roamer
from tests.processes import children, end, service_process
from tests.service_fixtures import KEY
from tests.shared_servers import shared_servers

SEED = int(os.environ.get("DURABILITY_SEED", "1"))


@pytest.mark.needs("redis-server")
@pytest.mark.needs("s3rver")
@pytest.mark.needs("caddy")
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_replicas_are_killed(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with (
        shared_servers(tmp_path / "servers") as shared,
        Fleet(shared, tmp_path / "fleet", replicas=3, chats=6, seed=SEED, pasted=2) as fleet,
    ):
        fleet.run(seconds=40, least=4)
        tell(fleet.told())
        count = sum((chat.count for chat in fleet.chats), Counter[str]())
        assert count["operations"] >= 30
        assert count["calls of the tool"] >= 30


@pytest.mark.needs("redis-server")
@pytest.mark.needs("s3rver")
@pytest.mark.timeout(900)
def test_several_workers_are_as_many_replicas(tmp_path: Path) -> None:
    with shared_servers(tmp_path / "servers") as shared:
        given = {"workers": "2", "engines": "1", "public_url": PUBLIC, "lease_seconds": "4"}
        with service_process(tmp_path, KEY, **given, **shared.settings) as server:
            chat = Roamer([server.health_url.removesuffix("/health")], 0, SEED)
            chat.start()
            workers = children(server.pid)
            assert len(workers) == 2
            for _ in range(20):
                chat.http.close()  # so that the next call may come to the other one
                chat.step()
            assert end(workers.pop())
            for _ in range(10):
                chat.http.close()
                chat.step()
            chat.check()


@pytest.mark.needs("redis-server")
@pytest.mark.needs("s3rver")
@pytest.mark.timeout(600)
def test_several_workers_count_together(tmp_path: Path) -> None:
    """Whichever is asked for the metrics tells of all, of one that has ended, too."""
    with shared_servers(tmp_path / "servers") as shared:
        given = {"workers": "2", "engines": "1", "public_url": PUBLIC, "lease_seconds": "4"}
        with service_process(tmp_path, KEY, **given, **shared.settings) as server:
            url = server.health_url.removesuffix("/health")
            chat = Roamer([url], 0, SEED)
            chat.start()
            for _ in range(10):
                chat.http.close()
                chat.step()
            before = {operations(url) for _ in range(20)}
            assert len(before) == 1
            assert before.pop() >= 10
            folder = counted_in(server.pid)
            worker = children(server.pid).pop()
            assert end(worker)
            until(lambda: not list(folder.glob(f"gauge_live*_{worker}.db")))
            chat.http.close()
            chat.step()
            assert operations(url) >= 11
            os.kill(server.pid, signal.SIGTERM)
            until(lambda: not folder.exists())


def operations(url: str) -> float:
    """How many operations the service has done, by its metrics."""
    headers = {"Authorization": f"Bearer {KEY}"}
    text = requests.get(f"{url}/metrics", headers=headers, timeout=60).text
    found = re.findall(r"^excel_tools_operations_total\{.*\} (\S+)$", text, re.MULTILINE)
    return sum(float(value) for value in found)


def counted_in(pid: int) -> Path:
    """The folder in which the worker processes of a service count."""
    (worker, *_) = children(pid)
    maps = Path(f"/proc/{worker}/maps").read_text()
    (folder,) = {Path(path).parent for path in re.findall(r"\s(/\S+\.db)$", maps, re.MULTILINE)}
    return folder


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to be so")
