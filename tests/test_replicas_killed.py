"""Replicas killed at random while chats work: what was acknowledged is there, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet import PUBLIC, Fleet, Roamer
from tests.processes import children, end, service_process
from tests.service_fixtures import KEY
from tests.shared_servers import shared_servers

SEED = int(os.environ.get("DURABILITY_SEED", "1"))


@pytest.mark.needs("redis-server")
@pytest.mark.needs("s3rver")
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_replicas_are_killed(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with (
        shared_servers(tmp_path / "servers") as shared,
        Fleet(shared, tmp_path / "fleet", replicas=3, chats=6, seed=SEED) as fleet,
    ):
        fleet.run(seconds=40, least=4)
        tell(fleet.told())
        assert sum(chat.count["operations"] for chat in fleet.chats) >= 30


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
