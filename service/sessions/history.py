"""What happened in a session, in order: uploads, operations, saves, exports.

It is kept beside the journals, because those end with their working copies. It never holds
cells: of parameters it tells what was done and where, not with which data.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from service.errors import StorageFailed
from service.sessions.journal import Journal
from service.sessions.model import Export, SessionData, Upload, Version, Workbook, mime_type
from service.store.seams import Store

log = logging.getLogger("excel_tools.sessions")

_LONGEST = 120
# Texts that say where or how. Any other text may be what is written into a cell, so that a
# new parameter is silent until it is named here.
_TEXTS = frozenset(
    "sheet range start data_range position filename chart_type report format style font color "
    "fill number_format align valign border legend delimiter encoding currency decimal "
    "date_order width".split()
)
_RESULTS = ("written", "range", "cells", "rows")
_OPERATIONS_TOLD = 20
# Events that are walks along a journal, and what their answers call the operations walked over.
_MOVES = (("redo", "redone"), ("undo", "undone"), ("branch", "followed"))


class History:
    """The history below a session's folder."""

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._key = f"{folder}/history"

    # Adding -----------------------------------------------------------------

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

    def upload(self, upload: Upload) -> None:
        """Keep that a file was sent."""
        facts = {"id": upload.id, "size": upload.size, "type": mime_type(upload.name)}
        self.add(upload.time, "upload", file=upload.name, **facts)

    def save(self, book: Workbook, version: Version) -> None:
        """Keep that a version was saved."""
        facts = {"version": version.number, "size": version.size, "type": mime_type(version.name)}
        self.add(version.time, "save", workbook=version.name, id=book.id, **facts)

    def export(self, export: Export) -> None:
        """Keep that a file was written for the user."""
        facts = {"id": export.id, "size": export.size, "type": mime_type(export.name)}
        self.add(export.time, "export", file=export.name, **facts)

    def operation(self, book: Workbook, line: dict[str, Any], mark: int) -> None:
        """Keep an operation that changed a workbook.

        :param line: its entry in the journal
        """
        reply = line["reply"]
        result = {name: reply["result"].get(name) for name in _RESULTS}
        self.add(
            _unix_time(line),
            "operation",
            workbook=book.name,
            id=book.id,
            copy=book.copy,
            operation=line["operation"],
            step=mark,
            sheet=reply["sheet"],
            parameters=told_parameters(line["parameters"]),
            result={name: value for name, value in result.items() if _is_short(value)},
        )

    def move(self, book: Workbook, line: dict[str, Any], number: int) -> None:
        """Keep an undo, a redo, or that the chat went on from another message.

        :param line: its entry in the journal, which is the one of that ``number``
        """
        result = line["reply"]["result"]
        event, names = next(move for move in _MOVES if move[1] in result)
        self.add(
            _unix_time(line),
            event,
            workbook=book.name,
            id=book.id,
            copy=book.copy,
            step=number,
            steps=result["steps"],
            operations=result[names][:_OPERATIONS_TOLD],
        )

    # What a service that was killed did not come to tell -------------------------

    def complete(self, book: Workbook, journal: Journal) -> None:
        """Add what the journal of a workbook's copy has and the history has not."""
        copy = (book.id, book.copy)
        try:
            events = self._events()
            told = {e.get("step") for e in events if (e.get("id"), e.get("copy")) == copy}
            missing = sorted({*journal.steps, *journal.moves} - told)
            for number, line in zip(missing, journal.lines(missing), strict=True):
                tell = self.move if line.get("kind") == "move" else self.operation
                tell(book, line, number)
        except StorageFailed as error:
            log.warning("the history of %s can't be completed: %s", book.id, error.message)

    def complete_files(self, data: SessionData) -> None:
        """Add the uploads, saves and exports that the record has and the history has not."""
        try:
            self._store.mend(self._key)
            told = {(e["event"], e.get("id"), e.get("version")) for e in self._events()}
        except StorageFailed as error:
            log.warning("the history of %s can't be completed: %s", data.key, error.message)
            return
        for upload in data.uploads.values():
            if ("upload", upload.id, None) not in told:
                self.upload(upload)
        for export in data.exports.values():
            if ("export", export.id, None) not in told:
                self.export(export)
        for book in data.workbooks.values():
            for version in book.versions:
                if ("save", book.id, version.number) not in told:
                    self.save(book, version)

    # Reading ----------------------------------------------------------------

    def page(self, first: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """(events from number ``first`` on, the newest first; how many there are)."""
        # Events that were added afterwards belong where they happened.
        events = sorted(_each_once(self._events()), key=lambda event: str(event["time"]))[::-1]
        return events[first : first + most], len(events)

    def _events(self) -> list[dict[str, Any]]:
        """All that can be read: a damaged line costs one event, and nobody's work."""
        return self._store.entries(self._key, whole=False)


def _each_once(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without those of a step that was made again.

    A service that is killed while it makes a workbook has told of it already; what the
    repeated request makes stands at the same step.
    """
    last: dict[object, dict[str, Any]] = {}
    for number, event in enumerate(events):
        step = (event.get("id"), event.get("copy"), event.get("step"))
        last[number if None in step else step] = event
    return list(last.values())


def _unix_time(line: dict[str, Any]) -> float:
    return dt.datetime.fromisoformat(line["now"]).replace(tzinfo=dt.UTC).timestamp()


def _is_short(value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _LONGEST)


def told_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that say what was done, without data and defaults."""
    told: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, dict):
            value = {
                key: item
                for key, item in value.items()
                if key in _TEXTS or isinstance(item, bool | int | float)
                if item not in ("", None) and _is_short(item)
            }
            if value and name in ("style", "options"):
                told[name] = value
        elif name in _TEXTS and value != "" and _is_short(value):
            told[name] = value
    return told
