"""What is told of each operation, whichever door it came by: metrics, a span, a line of the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.errors import ExcelToolsError, InternalError, StorageFailed
from service.observing import asked, metrics, tracing
from service.operations.registry import Operation, operations
from service.sessions.session import Session

log = logging.getLogger("excel_tools.operations")

_LONGEST_NAME = 200


@contextmanager
def observed(session: Session, operation: Operation, given: object) -> Iterator[asked.Asked]:
    """An operation is run in the block.

    :param given: its parameters, as they were sent
    """
    now, began, code = asked.current(), time.perf_counter(), ""
    now.operation, now.workbook, now.size, now.repeated = operation.name, _named(given), 0, False
    now.target = _steps(operation, given)
    now.session, now.user, now.chat = session.data.key, session.data.user, session.data.chat
    try:
        with tracing.span(f"operation {operation.name}", operation=operation.name):
            yield now
    except BaseException as error:
        code = code_of(error)
        raise
    finally:
        _tell(session, now, code, time.perf_counter() - began)


def _named(given: object) -> str:
    """The workbook that the parameters name."""
    name = given.get("workbook") if isinstance(given, dict) else ""
    return name[:_LONGEST_NAME] if isinstance(name, str) else ""


def code_of(error: BaseException) -> str:
    """The code that an error is answered with."""
    if isinstance(error, ExcelToolsError):
        return error.code
    return StorageFailed.code if isinstance(error, OSError) else InternalError.code


def _steps(operation: Operation, given: object) -> str:
    """The operations that are the steps of one."""
    steps = given.get(operation.steps) if isinstance(given, dict) and operation.steps else None
    found = steps if isinstance(steps, list) else []
    named = [step.get("tool") for step in found if isinstance(step, dict)]
    return ", ".join(name for name in named if isinstance(name, str) and name in operations())


def _tell(session: Session, now: asked.Asked, code: str, seconds: float) -> None:
    outcome = code or ("repeated" if now.repeated else "ok")
    metrics.OPERATIONS.labels(now.operation, outcome, now.door).inc()
    metrics.OPERATION_SECONDS.labels(now.operation).observe(seconds)
    milliseconds = round(seconds * 1000, 1)
    session.parts.audit.tell("operation", outcome, ms=milliseconds)
    facts: dict[str, Any] = {
        **now.facts(),
        "operation": now.operation,
        "outcome": outcome,
        "door": now.door,
        "bytes": now.size,
        "ms": milliseconds,
    }
    log.info("operation", extra={"facts": {name: v for name, v in facts.items() if v != ""}})
