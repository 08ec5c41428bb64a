"""Replicas killed at random while chats work: what was acknowledged is there, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet import Fleet
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
