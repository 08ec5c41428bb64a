"""The audit log: who did what to which file, a JSON object a line, each sealed.

Lines are only ever added. A writer, which is one process of the service or one command of an
operator, numbers its lines. Each holds the seal of the line before (``prev``) and its own
(``mac``): an HMAC of the line under a key made of the service's secret. So a line that is changed,
taken out or put in by somebody without that secret shows; see :func:`checked`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import StorageFailed
from service.observing import asked, metrics
from service.settings import AUDIT_OFF, AUDIT_STDOUT

log = logging.getLogger("excel_tools.audit")

FORMAT = 1
_LONGEST = 200  # characters of a text
_MOST_FILES = 100
_TAIL = 1 << 16
_MAC = re.compile(r',"mac":"([0-9a-f]{32})"}$')
_STDOUT = 1

# All that an entry may have, in the order in which it is written.
FIELDS = {
    "v": "version of the form, 1",
    "time": "when it ended, UTC",
    "action": "what was done",
    "outcome": "ok, repeated (answered as before, nothing done), or an error code",
    "door": "http, mcp, console (an operator's command) or service (by itself)",
    "request": "id of the request; the log has it, too",
    "address": "from where the request came: of a proxy in front, if there is one",
    "key": "the API key that was shown: the beginning of its SHA-256, as `keys list` shows it",
    "by": "the account of the system under which an operator's command ran",
    "user": "for whom, as the caller said",
    "chat": "in which chat, as the caller said",
    "session": "key of the session: a hash of its id",
    "operation": "name of the operation",
    "workbook": "the workbook or file",
    "target": "what else is meant: the saved version, the exported file, the database, the steps, "
    "the id of a key",
    "files": "of a session that ended: the names of what went with it, a hundred at most",
    "why": "of a session that ended: caller, age or operator",
    "bytes": "of the files that came or went",
    "ms": "milliseconds that an operation took",
    "writer": "who writes: a random number for each process",
    "n": "number of the entry, for each writer from 1",
    "prev": "the seal of the entry before; of a writer's first one, that of the file's last",
    "mac": "the seal",
}
# Each with its meaning. Those of web addresses are in service.web.audited.
ACTIONS = {
    "start": "a writer begins",
    "stop": "a writer ends",
    "operation": "an operation, by any door",
    "upload": "a file was sent to a session",
    "offer": "names of files that could be sent",
    "download": "a file was fetched by its link, or by MCP",
    "preview": "a preview was fetched by its link",
    "send_page": "the page was opened by which people send files",
    "list_files": "the files of a session were listed by MCP",
    "open_session": "a session was opened or resumed",
    "show_session": "a session was looked at",
    "show_history": "the history of a session was read",
    "follow_chat": "workbooks were brought to where another branch of the chat has them",
    "end_session": "a session ended, with all it held",
    "delete_session": "the end of a session was asked for, and nothing ended",
    "delete_sessions": "the end of a user's sessions was asked for, and there was none",
    "cancel": "a call was given up",
    "show_preferences": "a user's preferences were read",
    "set_preferences": "a user's preferences were set",
    "make_key": "an API key was made",
    "rotate_key": "an API key was replaced by a new one, and ends some time later",
    "revoke_key": "an API key was revoked",
    "withdraw_links": "all links of a session or user were withdrawn",
    "back_up": "a backup was made, of all or of one user",
    "restore": "a backup was restored, or looked at",
    "refused": "a request to another address was refused for want of a key or right",
}


class Audit:
    """Writes entries. Safe for use by many threads; with ``off`` it does nothing.

    :param place: off, stdout, or the path of a file
    :param secret: of the service
    :raises StorageFailed: if the file can't be written
    """

    def __init__(
        self, place: str = AUDIT_OFF, secret: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._place, self._clock = place, clock
        self._key = seal_key(secret)
        self._writer, self._count, self._prev = secrets.token_hex(4), 0, ""
        self._lock = threading.Lock()
        self._who: dict[str, str] = {}
        self._file, self._node = _STDOUT, (0, 0)
        self._torn = False  # half a line is at the end of the file
        if self.on:
            for outcome in ("written", "failed"):  # as with all that alerts wait for
                metrics.AUDIT_RECORDS.labels(outcome)
        if self.to_file:
            try:
                self._open()
            except OSError as error:
                raise StorageFailed(
                    f"The audit log {place} can't be written: {error.strerror}.",
                    "Set EXCEL_TOOLS_AUDIT_LOG to a file that the service may write, or to off.",
                ) from error
            self._prev, self._torn = _end_of(Path(place))

    def __repr__(self) -> str:
        return f"<Audit {self._place}, {self._count} entries>"

    @property
    def on(self) -> bool:
        return self._place != AUDIT_OFF

    @property
    def to_file(self) -> bool:
        return self._place not in (AUDIT_OFF, AUDIT_STDOUT)

    def start(self, **who: str) -> None:
        """Tell that this process begins to write, for whom, and at the end the same."""
        self._who = who
        self.add("start", **who)

    def close(self) -> None:
        """Tell that it ends."""
        self.add("stop", **self._who)
        with self._lock:
            if self.to_file and self._file != _STDOUT:
                os.close(self._file)
                self._file = _STDOUT
            self._place = AUDIT_OFF

    def tell(self, action: str, outcome: str = "ok", **facts: Any) -> None:
        """Write down what the request of this thread did; it is told then."""
        now = asked.current()
        now.told = True
        self.add(action, outcome, **{**now.audited(), **facts})

    def add(self, action: str, outcome: str = "ok", **facts: Any) -> None:
        """Write an entry; ``facts`` by the names in ``FIELDS``, empty ones left out."""
        if not self.on:
            return
        moment = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        given = {"action": action, "outcome": outcome, **facts}
        entry: dict[str, Any] = {"v": FORMAT, "time": f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"}
        entry |= {name: _short(given[name]) for name in FIELDS if given.get(name) not in _EMPTY}
        try:
            with self._lock:
                self._write(entry)
        except OSError as error:
            # What was done has been done: the answer must not say otherwise.
            metrics.AUDIT_RECORDS.labels("failed").inc()
            log.error("an entry of the audit log is lost: %s", error.strerror or error)
        else:
            metrics.AUDIT_RECORDS.labels("written").inc()

    def _write(self, entry: dict[str, Any]) -> None:
        if self.to_file and self._moved():
            before = self._file
            # The new one first: if there is none, the number of a closed one may soon be that of
            # a connection, or of another file.
            self._open()
            os.close(before)
            self._torn = False
        entry |= {"writer": self._writer, "n": self._count + 1, "prev": self._prev}
        line, mac = sealed(entry, self._key)
        # The next line must not be glued to half a one.
        data = b"\n" + line if self._torn else line
        written = os.write(self._file, data)
        if written < len(data):
            self._torn = bool(written) and not data[:written].endswith(b"\n")
            raise OSError(None, "the disk took a part of it only")
        self._torn = False
        self._count, self._prev = self._count + 1, mac

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(self._place, flags, 0o640)
        found = os.fstat(self._file)
        self._node = (found.st_dev, found.st_ino)

    def _moved(self) -> bool:
        """Whether another program has put the file elsewhere, as logrotate does."""
        try:
            found = os.stat(self._place)
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self._node


_EMPTY: tuple[Any, ...] = ("", None, [])


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
    return [_short(item) for item in value[:_MOST_FILES]] if isinstance(value, list) else value


def seal_key(secret: str) -> bytes:
    """The key of the seals, which tells nothing of the secret."""
    return hashlib.sha256(b"excel-tools-audit\0" + secret.encode()).digest()


def sealed(entry: dict[str, Any], key: bytes) -> tuple[bytes, str]:
    """(the line, its seal)."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    # Half a pair of surrogates can't be written; it is no name of anything.
    data = text.encode("utf-8", "replace")
    mac = hmac.new(key, data, hashlib.sha256).hexdigest()[:32]
    return data[:-1] + f',"mac":"{mac}"}}\n'.encode(), mac


def _end_of(path: Path) -> tuple[str, bool]:
    """(the seal of the last entry in a file, "" for none; whether half a line is at its end)."""
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return "", False
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode("utf-8", "replace").split("\n")
    found = (_MAC.search(line) for line in reversed(lines))
    return next((match[1] for match in found if match), ""), bool(lines[-1])


# Checking -----------------------------------------------------------------------


@dataclass
class Checked:
    """What came of a check.

    :param problems: in words, each with its line
    :param notes: what earlier files should have, which were not looked at
    :param open: writers without an end: at work still, killed, or cut off
    """

    entries: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    last: str = ""


def checked(lines: Iterable[tuple[str, bytes]], key: bytes) -> Checked:
    """Look whether entries are whole, unchanged and all there.

    :param lines: (where, line) of all, in the order in which they were written
    """
    found, seals = Checked(), set[str]()
    last: dict[str, dict[str, Any]] = {}
    for where, line in lines:
        entry = _entry(line, key)
        if entry is None:
            found.problems.append(f"{where}: no sealed entry, or a changed one")
            continue
        writer, mac = str(entry["writer"]), str(entry["mac"])
        if gap := _gap(entry, last.get(writer), seals):
            # What the first files go on from may be in files that were not named.
            earlier = writer not in last and (entry["n"] > 1 or not found.entries)
            (found.notes if earlier else found.problems).append(f"{where}: {gap}")
        found.entries, found.last, last[writer] = found.entries + 1, mac, entry
        seals.add(mac)
        ends = entry["action"] == "stop"
        (found.open.discard if ends else found.open.add)(writer)
    return found


def _gap(entry: dict[str, Any], before: dict[str, Any] | None, seals: set[str]) -> str:
    """What is missing before an entry; "" for nothing."""
    if before is None:
        if entry["n"] > 1:
            return f"writer {entry['writer']} goes on from its entry {entry['n'] - 1}, not here"
        known = not entry["prev"] or entry["prev"] in seals
        return "" if known else "the entry is not here that was the last before its writer began"
    if entry["n"] != before["n"] + 1 or entry["prev"] != before["mac"]:
        return f"entries of {entry['writer']} between {before['n']} and {entry['n']} are not there"
    return ""


def _entry(line: bytes, key: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, KeyError, TypeError):
        text = line.decode().rstrip("\n")
        match = _MAC.search(text)
        data = (text[: match.start()] + "}").encode() if match else b""
        mac = hmac.new(key, data, hashlib.sha256).hexdigest()[:32]
        entry: dict[str, Any] = json.loads(text)
        if match and hmac.compare_digest(mac, match[1]) and {"writer", "n", "prev"} <= set(entry):
            return entry
    return None


def lines_of(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """The lines of files, one after the other, each with where it stands."""
    for path in paths:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield f"{path}:{number}", line
