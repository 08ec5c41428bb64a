"""The doctor looks at what replicas share: a real Redis and a real store for files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from service.errors import StorageFailed
from service.openwebui import shared_checks
from service.settings import Settings
from service.store.opening import opened
from tests.processes import free_port
from tests.shared_servers import Shared, shared_of_run

__all__ = ["shared_of_run"]

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.needs("s3rver")]


@pytest.fixture
def settings(shared_of_run: Shared, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", **shared_of_run.settings)


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.redis_url) as client:
        yield client


def found(settings: Settings) -> dict[str, str]:
    """ "fault Redis" -> what it is, and its cure."""
    every = shared_checks.checks(settings)
    return {f"{one.state} {one.name}": f"{one.what} {one.cure}" for one in every}


@contextmanager
def configured(client: redis.Redis, **values: str) -> Iterator[None]:
    names = [name.replace("_", "-") for name in values]
    before = client.config_get(*names)
    for name, value in zip(names, values.values(), strict=True):
        client.config_set(name, value)
    try:
        yield
    finally:
        for name in names:
            client.config_set(name, before[name])


def test_all_is_well_and_nothing_of_the_look_stays(settings: Settings, client: redis.Redis) -> None:
    every = ["ok Redis", "ok Redis' disk", "ok Redis' memory", "ok store for files"]
    assert list(found(settings)) == every
    assert not client.keys("excel-tools:doctor*")
    assert not settings.data_dir.exists()


def test_a_service_on_its_own_shares_nothing(tmp_path: Path) -> None:
    assert found(Settings(data_dir=tmp_path)) == {}


@pytest.mark.parametrize(
    ("values", "what", "told"),
    [
        ({"appendonly": "no", "save": ""}, "fault Redis' disk", "keeps nothing"),
        ({"appendonly": "no", "save": "60 1"}, "advice Redis' disk", "appendonly yes"),
        ({"appendfsync": "no"}, "advice Redis' disk", "half a minute"),
        ({"appendfsync": "everysec"}, "ok Redis' disk", "a second may be lost"),
        ({"maxmemory_policy": "allkeys-lru"}, "fault Redis' memory", "noeviction"),
        ({"maxmemory_policy": "volatile-ttl"}, "advice Redis' memory", "noeviction"),
    ],
)
def test_how_redis_keeps_what_it_is_given(
    settings: Settings, client: redis.Redis, values: dict[str, str], what: str, told: str
) -> None:
    with configured(client, **values):
        assert told in found(settings)[what]


def test_a_redis_that_is_nearly_full(settings: Settings, client: redis.Redis) -> None:
    used = int(client.info("memory")["used_memory"])
    with configured(client, maxmemory=str(used + (used >> 3))):
        assert "purge" in found(settings)["advice Redis' memory"]


def test_a_redis_that_takes_nothing_from_this_account(
    settings: Settings, client: redis.Redis
) -> None:
    client.acl_setuser("reader", enabled=True, passwords=["+x"], keys=["*"], commands=["+info"])
    try:
        address = settings.redis_url.replace("redis://", "redis://reader:x@")
        told = found(replace(settings, redis_url=address))
        assert "EVAL" in told["fault Redis"]
        assert "ok store for files" in told
    finally:
        client.acl_deluser("reader")


def test_what_does_not_answer(settings: Settings) -> None:
    nowhere = replace(
        settings,
        redis_url=f"redis://127.0.0.1:{free_port()}",
        s3_endpoint=f"http://127.0.0.1:{free_port()}",
    )
    told = found(nowhere)
    assert list(told) == ["fault Redis", "fault store for files"]
    assert "EXCEL_TOOLS_REDIS_URL" in told["fault Redis"]
    assert "EXCEL_TOOLS_S3_ENDPOINT" in told["fault store for files"]


def test_a_library_that_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("service.store.shared", "service.store.shared.link", "redis"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    assert "requirements-shared.lock" in found(settings)["fault Redis"]
    with pytest.raises(StorageFailed) as caught:
        opened(settings)
    assert "requirements-shared.lock" in caught.value.hint
