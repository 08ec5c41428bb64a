"""All metrics, each declared once: the service counts in them, ``GET /metrics`` tells them.

Labels are of few values each: never users, chats, sessions or names of files. Counters and
histograms are counted where things happen; gauges are set when somebody asks for them (see
``service.web.metrics``), but for those that count what is under way.

They belong to the process, as the log does. For several worker processes ``service.__main__`` sets
the variable ``PROMETHEUS_MULTIPROC_DIR``, which makes the library keep them in files; those of all
of them are added up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from service.observing import tally, tracing

PREFIX = "excel_tools_"
# The times at which things began are of no use, and would double the lines.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
DECLARED: list[MetricWrapperBase] = []


class Row(NamedTuple):
    """A metric as it is told of."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


_LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_WAITS = (0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)
_DISK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
_Add = Literal["livesum", "liveall", "livemax"]


def _counter(name: str, help_: str, *labels: str) -> Counter:
    made = Counter(PREFIX + name, help_, labels, registry=REGISTRY)
    DECLARED.append(made)
    return made


def _histogram(
    name: str, help_: str, *labels: str, buckets: tuple[float, ...] = _LONG
) -> Histogram:
    made = Histogram(PREFIX + name, help_, labels, registry=REGISTRY, buckets=buckets)
    DECLARED.append(made)
    return made


def _gauge(name: str, help_: str, *labels: str, workers: _Add = "livesum") -> Gauge:
    """:param workers: how the figures of several worker processes become one"""
    made = Gauge(PREFIX + name, help_, labels, registry=REGISTRY, multiprocess_mode=workers)
    DECLARED.append(made)
    return made


# Requests ---------------------------------------------------------------------

BUILD = _gauge("build_info", "Always 1.", "version", "python", workers="livemax")
REQUESTS = _counter("requests", "Requests answered.", "route", "method", "status")
REQUEST_SECONDS = _histogram(
    "request_seconds", "Time till the answer began to leave.", "route", "method"
)
REQUESTS_UNDER_WAY = _gauge("requests_under_way", "Requests being answered now.")
THREADS = _gauge("threads", "Requests that can be answered at the same time.")

# Operations -------------------------------------------------------------------

OPERATIONS = _counter(
    "operations",
    "Operations ended; `outcome` is ok, repeated (the answer of an earlier call with the same "
    "Idempotency-Key), or an error code.",
    "operation",
    "outcome",
    "door",
)
OPERATION_SECONDS = _histogram(
    "operation_seconds", "Time of an operation, waiting included.", "operation"
)
CALLS_UNDER_WAY = _gauge("calls_under_way", "Operations being done or waiting now.")
CANCELLATIONS = _counter(
    "cancellations", "Calls that their callers gave up: stopped, or too_late for that.", "outcome"
)

# Queues -----------------------------------------------------------------------

QUEUE_SECONDS = _histogram(
    "queue_seconds",
    "Time that a call waited: for its turn among all requests, its workbook, its engine process, "
    "or a database's turn.",
    "queue",
    buckets=_WAITS,
)
QUEUE_WAITING = _gauge("queue_waiting", "Calls that wait now.", "queue")

# Engines ----------------------------------------------------------------------

ENGINES = _gauge("engines", "Engine processes that there may be.")
ENGINE_PROCESSES = _gauge("engine_processes", "Engine processes that run.")
ENGINES_BUSY = _gauge("engines_busy", "Engine processes at work now.")
ENGINE_MEMORY = _gauge(
    "engine_memory_bytes",
    "Resident memory of an engine process and all it has started.",
    "engine",
    workers="liveall",
)
ENGINE_MEMORY_LIMIT = _gauge(
    "engine_memory_limit_bytes", "Memory one engine process may use.", workers="livemax"
)
WORKBOOKS_HELD = _gauge(
    "workbooks_held", "Workbooks that an engine process holds open.", "engine", workers="liveall"
)
ENGINE_RESTARTS = _counter(
    "engine_restarts",
    "Engine processes replaced: deadline, cancelled, killed (from outside, most often for lack "
    "of memory) or died; `doing` is what it was at.",
    "reason",
    "doing",
)
ENGINE_SECONDS = _counter(
    "engine_seconds", "Time that engine processes spent, by what they did.", "doing"
)
REBUILDS = _counter(
    "rebuilds", "Workbooks built anew from their journals, as no engine process held them."
)

# Sessions ---------------------------------------------------------------------

SESSIONS = _gauge("sessions", "Sessions there are; counted once a minute.", workers="livemax")
SESSIONS_IN_MEMORY = _gauge("sessions_in_memory", "Sessions in the cache.")
SESSIONS_OPENED = _counter("sessions_opened", "Sessions opened: new or resumed.", "how")
SESSIONS_ENDED = _counter(
    "sessions_ended",
    "Sessions ended: by their caller, by their age, or by an operator (noticed at the next use).",
    "by",
)

# Files ------------------------------------------------------------------------

FILES = _counter("files", "Files that came and went: upload, download, export, save.", "way")
FILE_BYTES = _counter("file_bytes", "Their bytes.", "way")
LINKS_USED = _counter(
    "links_used",
    "Signed links that were followed: files, preview, send; `outcome` is ok or an error code.",
    "door",
    "outcome",
)
PREVIEWS = _counter("previews", "Previews shown: page, embedded in a chat, or more rows.", "how")

# Storage ----------------------------------------------------------------------

STORAGE_SECONDS = _histogram(
    "storage_seconds",
    "Time of reading and writing in the store: by what is done on the disk, or redis and objects.",
    "action",
    buckets=_DISK,
)
STORAGE_FAILURES = _counter("storage_failures", "What the store did not do.", "action")
STORAGE_BYTES = _gauge(
    "storage_bytes", "Bytes of all sessions; counted every five minutes.", workers="livemax"
)
STORAGE_FREE = _gauge(
    "storage_free_bytes", "Bytes that are left where the data folder is.", workers="livemax"
)

# MCP --------------------------------------------------------------------------

MCP_SESSIONS = _counter("mcp_sessions", "Sessions of MCP: opened, ended by the client.", "event")
MCP_UNDER_WAY = _gauge("mcp_calls_under_way", "Tool calls by MCP being done now.")

# Calculators and other programs -----------------------------------------------

SECOND_OPINIONS = _counter(
    "second_opinions",
    "Questions to the second calculator: answered, late (not in the time a call waits), or failed.",
    "outcome",
)
CALCULATED_CELLS = _counter(
    "calculated_cells",
    "Formula cells calculated and compared: agreed, differ (two calculators say different "
    "things), alone (only one can), doubted (for another reason), unknown (none can).",
    "outcome",
)
LIBREOFFICE_RUNS = _counter("libreoffice_runs", "Runs of LibreOffice: ok, failed, slow.", "outcome")
DATABASE_QUESTIONS = _counter(
    "database_questions", "Statements asked of databases; ok or an error code.", "outcome"
)

# The service itself -----------------------------------------------------------

LOG_LINES = _counter("log_lines", "Lines of the log that tell of trouble.", "level")
AUDIT_RECORDS = _counter("audit_records", "Entries of the audit log: written, failed.", "outcome")


def table() -> list[Row]:
    """All metrics, under the names by which they are asked for."""
    return [_row(one) for one in DECLARED]


def _row(one: MetricWrapperBase) -> Row:
    (described,) = one.describe()
    name = described.name + ("_total" if described.type == "counter" else "")
    # Of a metric with labels there is nothing public that names them.
    return Row(name, described.type, one._labelnames, described.documentation)


_OBSERVED = {
    tally.SECONDS: ENGINE_SECONDS,
    tally.LIBREOFFICE: LIBREOFFICE_RUNS,
    tally.SECOND: SECOND_OPINIONS,
    tally.CELLS: CALCULATED_CELLS,
}


def take_over(counts: Mapping[tuple[str, str], float]) -> None:
    """Add what an engine process has counted."""
    for (what, kind), amount in counts.items():
        _OBSERVED[what].labels(kind).inc(amount)


def moved(way: str, size: int) -> None:
    """A file came or went."""
    FILES.labels(way).inc()
    FILE_BYTES.labels(way).inc(size)


@contextmanager
def queued(queue: str) -> Iterator[None]:
    """A call waits for its turn in the block."""
    began = time.perf_counter()
    waiting = QUEUE_WAITING.labels(queue)
    waiting.inc()
    try:
        with tracing.span(f"wait for {queue}"):
            yield
    finally:
        waiting.dec()
        QUEUE_SECONDS.labels(queue).observe(time.perf_counter() - began)


@contextmanager
def stored(action: str) -> Iterator[None]:
    """The store does something in the block.

    :param action: such as read, write, list or remove
    """
    began = time.perf_counter()
    # There from the beginning: of a figure that begins with 1 Prometheus sees no increase.
    failures = STORAGE_FAILURES.labels(action)
    try:
        with tracing.span(f"store {action}"):
            yield
    except Exception:
        failures.inc()
        raise
    finally:
        STORAGE_SECONDS.labels(action).observe(time.perf_counter() - began)
