"""The process in which one statement is checked and run. It ends with it, or is killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.databases import failures
from service.databases.connections import connected, ended_at_the_server
from service.databases.hidden_calls import refuse_hidden_calls
from service.databases.statements import checked
from service.databases.tables import described
from service.errors import ExcelToolsError, TooLarge
from service.sources import Source
from service.workbook.result_sets import Results, Value, fitted

MEMORY_MB = 1024
GRACE = 10  # seconds beyond those of the statement: to begin, to connect, to hand over
_BATCH = 500
_MOST_CELLS = 4_000_000
_MOST_TOLD = 60_000  # characters of an answer's rows
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Job:
    """What is asked.

    :param action: "query", or "tables" with their names in ``sql``
    :param most: rows that are wanted; one more tells that there are more
    :param path: file that takes the rows, packed; "" where they are answered
    """

    source: Source
    action: str
    sql: str
    most: int = 0
    path: str = ""


def main(job: Job, pipe: Pipe) -> None:
    """Do it and send what came of it: a dict, or an error of the product."""
    _limit(job)
    try:
        found: object = _done(job)
    except ExcelToolsError as error:
        found = error
    except MemoryError:
        found = too_large(job.source)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises may hold the URL
        found = failures.told(error, job.source)
    pipe.send(found)
    pipe.close()
    # A driver would first read all the rows that nobody wants any more.
    os._exit(0)


def _limit(job: Job) -> None:
    # So asks the service that the statement be ended.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # If the service is killed, nobody is left to end this process.
    signal.alarm(job.source.seconds + GRACE + 5)
    size = MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What drivers print may hold the address and the name of the account.
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def _done(job: Job) -> dict[str, Any]:
    source = job.source
    if job.action == "tables":
        with connected(source) as connection:
            return described(connection, source.kind, job.sql)
    statement = checked(job.sql, source.kind, source.functions)
    with connected(source) as connection, ended_at_the_server(connection, source):
        refuse_hidden_calls(connection, statement, source.kind, source.functions)
        names, rows = _rows(connection, statement, job)
    results = fitted(names, rows[: job.most])
    told: dict[str, Any] = {"count": len(results.rows), "more": len(rows) > job.most}
    if job.path:
        if told["more"]:
            results.notes.append(f"These are the first {job.most} rows of more.")
        Path(job.path).write_text(results.packed(), encoding="ascii")
        return told
    answered = _answered(results)
    shown = len(answered["rows"])
    return answered | {"count": shown, "more": told["more"] or shown < told["count"]}


def _rows(connection: Connection, statement: str, job: Job) -> tuple[list[str], list[Any]]:
    """(names of the columns, the rows, one more than wanted where there are more)."""
    began = time.monotonic()
    streaming = connection.execution_options(
        stream_results=True, no_parameters=True, max_row_buffer=_BATCH
    )
    result = streaming.exec_driver_sql(statement)
    names = list(result.keys())
    rows: list[Any] = []
    size = 0
    for batch in _batches(result, job.most + 1):
        rows += batch
        size += sum(_size(value) for row in batch for value in row)
        if size > _MOST_BYTES or len(rows) * len(names) > _MOST_CELLS:
            raise too_large(job.source)
        if time.monotonic() - began > job.source.seconds:
            raise failures.too_slow(job.source)
    return names, rows


def _batches(result: sa.CursorResult[Any], most: int) -> Iterator[list[Any]]:
    while most > 0:
        batch = [tuple(row) for row in result.fetchmany(min(_BATCH, most))]
        if not batch:
            return
        most -= len(batch)
        yield batch


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else 16


def _answered(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = {
        "columns": {column.name: column.kind for column in results.columns},
        "rows": list(_fitting([_shown(value) for value in row] for row in results.rows)),
    }
    return found | ({"notes": results.notes} if results.notes else {})


def _fitting(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """The rows from the first on that a model's context has room for, at least one."""
    size = 0
    for row in rows:
        before = size
        size += len(json.dumps(row, ensure_ascii=False))
        if before and size > _MOST_TOLD:
            return
        yield row


def _shown(value: Value) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, dt.timedelta) else value


def too_large(source: Source) -> TooLarge:
    return TooLarge(
        f'The result of the query on "{source.name}" is too large: more than '
        f"{_MOST_CELLS:,} cells or {_MOST_BYTES >> 20} MiB.",
        "Ask for less: fewer columns, an aggregate, a LIMIT.",
    )
