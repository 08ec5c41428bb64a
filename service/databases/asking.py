"""Asks a database by way of a process that can be killed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from service import calls
from service.databases import child, failures
from service.databases.child import GRACE, Job
from service.errors import Cancelled, ExcelToolsError, WorkbookBusy
from service.observing import asked, metrics, tracing

log = logging.getLogger("excel_tools.databases")

AT_ONCE = 4
_STOPPING_SECONDS = 3


class Asker:
    """Asks databases, a few questions at the same time.

    :param wait: seconds that a question waits for others
    """

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, job: Job) -> dict[str, Any]:
        """What came of it.

        :raises ExcelToolsError: anything a caller may be told
        """
        began = time.monotonic()
        asked.current().target = job.source.name
        with self._turn(), tracing.span("database", database=job.source.name):
            found = _asked(job)
        facts = {
            "database": job.source.name,
            "action": job.action,
            "ms": round((time.monotonic() - began) * 1000),
            "code": found.code if isinstance(found, ExcelToolsError) else "",
        }
        log.info("database asked", extra={"facts": facts})
        metrics.DATABASE_QUESTIONS.labels(facts["code"] or "ok").inc()
        if isinstance(found, ExcelToolsError):
            raise found
        return found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with metrics.queued("database"):
            free = calls.acquired(self._room, self._wait)
        if not free:
            raise WorkbookBusy(
                f"{AT_ONCE} other queries of databases are under way; nothing was done.",
                "Try again in a moment.",
            )
        try:
            yield
        finally:
            self._room.release()


def _asked(job: Job) -> dict[str, Any] | ExcelToolsError:
    # From a fork server, so that it has neither the service's threads nor its sockets.
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=child.main, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not _answers(ours, job.source.seconds + GRACE):
            return failures.too_slow(job.source)
        found: dict[str, Any] | ExcelToolsError = ours.recv()
        return found
    except EOFError:
        # It ended without a word: what it had to hold was more than it may.
        return child.too_large(job.source)
    except Cancelled:
        if job.source.kind != "SQLite" and process.pid:
            # It tells the server, which otherwise would go on for nobody.
            os.kill(process.pid, signal.SIGINT)
            process.join(_STOPPING_SECONDS)
        raise
    finally:
        ours.close()
        process.kill()
        process.join(5)
        process.close()


def _answers(pipe: Connection, seconds: float) -> bool:
    """Wait till there is an answer; whether there is one within so many seconds.

    :raises Cancelled: if it is not wanted any more meanwhile
    """
    call, end = calls.current(), time.monotonic() + seconds
    with call.at("asking the database"):
        while not pipe.poll(calls.LOOK_EVERY):
            call.check()
            if time.monotonic() > end:
                return False
    return True
