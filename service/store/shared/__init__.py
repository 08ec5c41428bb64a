"""The store and the board of a service with several replicas."""

from __future__ import annotations

from collections.abc import Callable

from service.settings import Settings
from service.store.shared.board import SharedBoard
from service.store.shared.folder import OwnFolder
from service.store.shared.kept import SharedStore
from service.store.shared.link import Link
from service.store.shared.objects import Objects


def shared(settings: Settings, clock: Callable[[], float]) -> tuple[SharedStore, SharedBoard]:
    """Both of them, after a look whether Redis and the store for files answer.

    :raises StorageFailed: if one of them does not
    """
    link = Link(settings.redis_url)
    with link.told():
        link.redis.ping()
    objects = Objects(settings, OwnFolder(settings.data_dir / "cache"))
    objects.check()
    return SharedStore(link, objects, clock), SharedBoard(link, settings.lease_seconds)
