"""GET /metrics: all metrics as Prometheus takes them."""

from __future__ import annotations

import hmac
import platform
import shutil
from contextlib import suppress

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from service import __version__
from service.engine.pool import EnginePool
from service.observing import metrics
from service.settings import METRICS_OPEN
from service.web.access import api_key, check_key
from service.web.state import State, state

routes = Blueprint("metrics", __name__)


@routes.get("/metrics")
def show() -> Response:
    """The metrics, in the format that the request accepts."""
    _check_key()
    set_gauges(state())
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    response = Response(encode(_registry()), content_type=kind)
    response.headers["Cache-Control"] = "no-store"
    return response


def _check_key() -> None:
    """An API key will do, and one that is good for this alone.

    :raises Unauthorized: if it is neither
    """
    own = state().settings.metrics_key
    if own == METRICS_OPEN or (own and hmac.compare_digest(api_key().encode(), own.encode())):
        return
    check_key()


def _registry() -> CollectorRegistry:
    """What to ask: in files, if several processes keep their figures there."""
    if values.ValueClass is values.MutexValue:
        return metrics.REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def set_gauges(now: State) -> None:
    """Set the gauges that nothing counts, to what is so now."""
    settings, parts = now.settings, now.sessions.parts
    metrics.BUILD.labels(__version__, platform.python_version()).set(1)
    metrics.THREADS.set(settings.threads)
    metrics.ENGINES.set(settings.engines)
    metrics.ENGINE_MEMORY_LIMIT.set(settings.engine_memory_mb << 20)
    metrics.SESSIONS_IN_MEMORY.set(now.sessions.in_memory)
    with suppress(OSError):  # of a folder on a disk that is gone: alerts tell of that
        metrics.STORAGE_FREE.set(shutil.disk_usage(settings.data_dir).free)
    if isinstance(parts.engine, EnginePool):
        _set_engines(parts.engine)


def _set_engines(pool: EnginePool) -> None:
    states = pool.states()
    metrics.ENGINE_PROCESSES.set(sum(one.running for one in states))
    metrics.ENGINES_BUSY.set(sum(one.busy for one in states))
    for number, one in enumerate(states):
        metrics.ENGINE_MEMORY.labels(number).set(one.memory)
        metrics.WORKBOOKS_HELD.labels(number).set(one.held)
