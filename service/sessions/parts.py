"""The working parts that all sessions share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from service.databases.asking import Asker
from service.engine.work import Engine
from service.observing.audit import Audit
from service.sessions.limits import Quota
from service.sessions.links import Links
from service.settings import Settings
from service.store.seams import Board, Store


@dataclass(frozen=True)
class Parts:
    """What every session works with."""

    settings: Settings
    store: Store
    board: Board
    engine: Engine
    links: Links
    quota: Quota
    asker: Asker
    clock: Callable[[], float] = time.time
    # Whether the clock may end sessions, see ``trusted.Trusted``.
    trusted: Callable[[], bool] = lambda: True
    audit: Audit = field(default_factory=Audit)
