"""The Flask application: it knows HTTP, and nothing of workbooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask

from service.databases.asking import Asker
from service.engine.pool import EnginePool
from service.engine.work import Engine
from service.observing.audit import Audit
from service.sessions.keys import Keys
from service.sessions.limits import Quota
from service.sessions.links import Links
from service.sessions.measuring import Measuring
from service.sessions.parts import Parts
from service.sessions.rates import LocalBuckets, Rates
from service.sessions.registry import Sessions
from service.sessions.trusted import Trusted, gone_by
from service.settings import Settings
from service.store.opening import Opened, opened
from service.web import (
    access,
    admission,
    answers,
    calls,
    files,
    guide,
    logs,
    metrics,
    observed,
    operations,
    pages,
    preferences,
    previews,
    sessions,
    start,
)
from service.web.admission import make_room
from service.web.ends import Ends
from service.web.identity import UserTokens
from service.web.mcp import door
from service.web.mcp.door import McpDoor
from service.web.state import State, keep_state

SWEEP_EVERY = 60.0


class Service:
    """The running service: its application, and what has to be closed at the end."""

    def __init__(
        self,
        settings: Settings,
        *,
        engine: Engine | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._shared = opened(settings, clock)
        store, board = self._shared.store, self._shared.board
        secret = settings.secret_key or store.secret()
        links = Links(secret, settings.link_address, settings.link_ttl, clock)
        self.audit = Audit(settings.audit_log, secret)
        self.audit.start(door="service")
        self.engine: Engine = engine or EnginePool(settings)
        self.sessions = Sessions(
            Parts(
                settings,
                store,
                board,
                self.engine,
                links,
                Quota(store, settings, clock),
                Asker(settings.queue_wait),
                clock,
                Trusted(clock, steady or (gone_by if clock is time.time else clock)),
                self.audit,
            )
        )
        self.mcp = McpDoor(settings, self.sessions, links, secret, clock)
        self._measuring = Measuring(store)
        self.room, self.ends = make_room(settings), Ends(float(settings.slow_seconds))
        self.stopping = threading.Event()
        self.drain_seconds = settings.drain_seconds
        self._state = State(
            settings,
            self.sessions,
            links,
            self.mcp,
            self.room,
            self.ends,
            self.stopping,
            *_guards(settings, self._shared, clock),
        )
        self.app = _application(self._state)
        self._stop = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._sweeper.start()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Service {self.engine!r} {self.sessions!r}>"

    def close(self) -> None:
        """Stop the sweeper, the event loop and the engine processes."""
        self._stop.set()
        self.room.close()
        self.mcp.close()
        self._sweeper.join()
        self.engine.close()
        self.ends.close()
        self.audit.close()
        self._shared.close()

    def _sweep(self) -> None:
        self._measure()
        while not self._stop.wait(SWEEP_EVERY):
            self._measure()
            try:
                count = self.sessions.sweep()
            except Exception:  # noqa: BLE001 - the sweeper must outlive a failing sweep
                logs.log.exception("ending expired sessions failed; trying again")
                continue
            if count:
                logs.log.info("ended %d expired sessions", count)

    def _measure(self) -> None:
        try:
            self._measuring.look()
            # Of several worker processes another one may be asked for the metrics.
            metrics.set_gauges(self._state)
        except Exception:  # noqa: BLE001 - likewise
            logs.log.exception("what is stored could not be counted; trying again")


def _guards(
    settings: Settings, shared: Opened, clock: Callable[[], float]
) -> tuple[Keys, Rates, UserTokens | None]:
    """What says who may ask, and how often."""
    secret = settings.user_token_secret
    return (
        Keys(shared.store, settings.api_keys, clock),
        Rates(settings, shared.board.buckets() or LocalBuckets()),
        UserTokens(secret, clock) if secret else None,
    )


class _Application(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Of a request that failed while its answer was made; its path may hold a link's token."""
        logs.log.error("a request failed at its end", exc_info=exc_info)


def _application(state: State) -> Flask:
    app = _Application("excel_tools", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = state.settings.max_body_mb << 20
    keep_state(app, state)
    for module in (logs, observed, access, answers):
        module.install(app)
    admission.install(app, state.ends)
    for module_ in (sessions, preferences, operations, calls, files, previews, pages, guide, start):
        app.register_blueprint(module_.routes)
    app.register_blueprint(metrics.routes)
    app.register_blueprint(door.routes)
    return app
