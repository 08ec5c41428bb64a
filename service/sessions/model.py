"""What a session holds, as plain data. The store keeps it as one JSON record."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

FORMAT = 2

_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/json",
    ".html": "text/html",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
}


def utc_text(time: float) -> str:
    """A Unix time as ISO 8601 in UTC, to the second, without its zone."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds")


def mime_type(name: str) -> str:
    """The media type of a file by its ending."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    return _TYPES.get(ending, "application/octet-stream")


@dataclass
class Version:
    """A saved version of a workbook; ``number`` counts from 1, ``time`` is Unix time."""

    number: int
    name: str
    size: int
    time: float


@dataclass
class Workbook:
    """A workbook of the session.

    While it is open there is a working copy: number ``copy`` (counted on with each
    opening), which stands at ``mark`` of its journal; the newest version was saved at
    ``saved_mark``, and ``unsaved`` operations lie between the two. ``base`` is the file
    the copy began as, if any. ``message`` is the one of the chat in which it came into the
    session; while the chat goes on from elsewhere, it is ``aside``: no call sees it.
    """

    id: str
    name: str
    created: float
    upload: str = ""
    open: bool = True
    copy: int = 1
    base: str = ""
    message: str = ""
    aside: bool = False
    mark: int = 0
    saved_mark: int = 0
    unsaved: int = 0
    losses: list[str] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    @property
    def unsaved_changes(self) -> int:
        return self.unsaved if self.open else 0


def _workbook(item: dict[str, Any]) -> Workbook:
    fields = {**item, "versions": [Version(**version) for version in item["versions"]]}
    # Records of format 1 counted entries, which were marks as long as nothing was undone.
    for old, new in (("revision", "mark"), ("saved_revision", "saved_mark")):
        if old in fields:
            fields[new] = fields.pop(old)
    return Workbook(**fields)


@dataclass
class Upload:
    """A file that was sent to the session. ``source`` is the caller's own id of it."""

    id: str
    name: str
    size: int
    time: float
    digest: str
    source: str = ""


MOST_OFFERED = 1_000
PLACES = ("chat", "folder", "knowledge", "delivered")


@dataclass
class Offer:
    """A file that the caller could send: its own id of it, and where it has it from.

    :param time: when it was put there, as Unix time; 0 if nobody knows
    :param place: chat (attached), folder or knowledge (of the caller), or delivered (a workbook
        of this chat as it was given to the caller)
    :param digest: SHA-256 of its contents, "" if nobody knows
    """

    id: str
    name: str
    time: float = 0
    place: str = "chat"
    digest: str = ""


@dataclass
class Export:
    """A file that an operation wrote for the user."""

    id: str
    name: str
    size: int
    time: float


@dataclass
class SessionData:
    """The record of a session. ``key`` names its folder; the id is the caller's secret.

    ``database`` is the one that is selected.
    """

    id: str
    key: str
    user: str
    chat: str
    created: float
    used: float
    workbooks: dict[str, Workbook] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    exports: dict[str, Export] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    counter: int = 0
    database: str = ""
    format: int = FORMAT

    def to_record(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> SessionData:
        data = dict(record)
        data["workbooks"] = {key: _workbook(item) for key, item in record["workbooks"].items()}
        data["uploads"] = {key: Upload(**item) for key, item in record["uploads"].items()}
        data["offers"] = [Offer(**item) for item in record.get("offers", [])]
        data["exports"] = {key: Export(**item) for key, item in record["exports"].items()}
        return cls(**{**data, "format": FORMAT})

    def next_id(self, prefix: str) -> str:
        """A new id, never given before in this session."""
        self.counter += 1
        return f"{prefix}{self.counter}"
