"""What happened in a session, in order: uploads, operations, saves, exports.

It is kept beside the journals, because those end with their working copies. It never holds
cells: texts and numbers of the parameters that say what was done, not with which data.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from service.engine.work import Reply
from service.errors import StorageFailed
from service.operations.registry import Operation, find
from service.sessions.journal import Journal
from service.sessions.model import Workbook
from service.store.local import LocalStore

log = logging.getLogger("excel_tools.sessions")

_LONGEST = 120
_DATA = frozenset({"rows", "headers", "sheets", "source", "sql", "steps"})
_RESULTS = ("written", "cells", "rows", "saved", "version", "closed", "discarded_changes")


class History:
    """The history below a session's folder."""

    def __init__(self, store: LocalStore, folder: str) -> None:
        self._store = store
        self._key = f"{folder}/history"

    def add(self, time: float, event: str, **facts: Any) -> None:
        """Keep an event.

        :param time: Unix time
        :param event: upload, open, operation, undo, redo, save, export or close
        :param facts: what there is to say of it; empty ones are left out
        """
        moment = dt.datetime.fromtimestamp(time, dt.UTC).isoformat(timespec="seconds")
        said = {name: value for name, value in facts.items() if value not in ("", None, [], {})}
        try:
            self._store.append(self._key, {"time": moment, "event": event, **said}, sync=False)
        except StorageFailed as error:
            # What happened has been accepted already: the answer must not say otherwise.
            log.warning("an event is missing in the history: %s", error.message)

    def operation(
        self,
        book: Workbook,
        operation: Operation,
        parameters: dict[str, Any],
        reply: Reply,
        line: dict[str, Any],
        mark: int,
    ) -> None:
        """Keep an operation that changed a workbook."""
        moment = dt.datetime.fromisoformat(line["now"]).replace(tzinfo=dt.UTC)
        self.add(
            moment.timestamp(),
            "operation",
            workbook=book.name,
            id=book.id,
            copy=book.copy,
            operation=operation.name,
            step=mark,
            sheet=reply.sheet,
            parameters=told_parameters(parameters),
            result={name: reply.result[name] for name in _RESULTS if name in reply.result},
        )

    def complete(self, book: Workbook, journal: Journal) -> None:
        """Add what a service that was killed had put into the journal, but not in here."""
        try:
            events = self._store.entries(self._key)
            told = {e.get("step") for e in events if _is_of(e, book)}
            missing = sorted(set(journal.steps) - told)
            for mark, line in zip(missing, journal.lines(missing), strict=True):
                reply = Reply(**line["reply"])
                self.operation(book, find(line["operation"]), line["parameters"], reply, line, mark)
        except StorageFailed as error:
            log.warning("the history of %s can't be completed: %s", book.id, error.message)

    def page(self, first: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """(events from number ``first`` on, the newest first; how many there are)."""
        events = self._store.entries(self._key)[::-1]
        return events[first : first + most], len(events)


def _is_of(event: dict[str, Any], book: Workbook) -> bool:
    """Whether an event tells of an operation on the present copy of the workbook."""
    return (event.get("id"), event.get("copy")) == (book.id, book.copy)


def told_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that say what was done: short ones, without data and defaults."""
    told: dict[str, Any] = {}
    for name, value in parameters.items():
        if name in _DATA or value in ("", None, [], {}):
            continue
        if isinstance(value, dict):
            inner = {key: item for key, item in value.items() if item not in ("", None, [], {})}
            if inner and len(str(inner)) <= 4 * _LONGEST:
                told[name] = inner
        elif isinstance(value, str | int | float | bool) and len(str(value)) <= _LONGEST:
            told[name] = value
    return told
