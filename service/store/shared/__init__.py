"""The store and the board of a service with several replicas."""

from __future__ import annotations

import logging
from collections.abc import Callable

from service.errors import StorageFailed
from service.settings import Settings
from service.store.shared.board import SharedBoard
from service.store.shared.folder import OwnFolder
from service.store.shared.kept import SharedStore
from service.store.shared.link import Link
from service.store.shared.objects import Objects

log = logging.getLogger("excel_tools.store")


def shared(settings: Settings, clock: Callable[[], float]) -> tuple[SharedStore, SharedBoard]:
    """Both of them, after a look whether Redis and the store for files answer.

    :raises StorageFailed: if one of them does not
    """
    link = Link(settings.redis_url)
    _check(link)
    objects = Objects(settings, OwnFolder(settings.data_dir / "cache"))
    objects.check()
    return SharedStore(link, objects, clock), SharedBoard(link, settings.lease_seconds)


def _check(link: Link) -> None:
    """Look whether Redis answers, and keeps what it is given.

    :raises StorageFailed: if it does not
    """
    with link.told():
        facts = link.redis.info()
    if facts.get("redis_mode") == "cluster":
        raise StorageFailed(
            "Redis is a cluster, and the service needs one server for all keys.",
            "Use one primary, with replicas and a failover if you like.",
        )
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys"):
        raise StorageFailed(
            f"Redis throws away what it keeps when memory is short (maxmemory-policy {policy}).",
            "Set maxmemory-policy to noeviction.",
        )
    if not facts.get("aof_enabled"):
        log.warning("Redis keeps no append-only file: what was answered may be lost if it ends")
