"""``python -m service sessions``, ``keys`` and ``links``: what an operator wants to see and do.

It works on the data folder itself, also while the service runs: the service notices a
session that is gone at its next use.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from service.errors import ExcelToolsError, StorageFailed, WorkbookBusy
from service.sessions import audit_console, backup_console, key_console, link_console
from service.sessions.audit_console import Told, audited
from service.sessions.history import History
from service.sessions.limits import session_keys
from service.sessions.model import SessionData
from service.sessions.records import ended_facts, erase, erase_damaged, stored, taken
from service.settings import Settings
from service.store.opening import opened
from service.store.seams import Store

_EVENTS_SHOWN = 50
_ABOUT = (
    "Without a command this starts the service. Settings are variables of the environment "
    "(docs/settings.md); the commands need the same ones as the service, and work while it runs."
)


@dataclass(frozen=True)
class _Damaged:
    """A session whose record can't be read."""

    key: str
    why: str


def main(arguments: list[str], settings: Settings) -> int:
    """Run the command; returns its exit status: 0, 1 if something was not found, 2 for misuse."""
    asked = _parser().parse_args(arguments)
    try:
        with opened(settings) as asked.shared:
            status: int = asked.run(asked.shared.store, settings, asked)
    except ExcelToolsError as error:
        print(f"excel-tools: {error.message} {error.hint}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=_ABOUT)
    nouns = parser.add_subparsers(
        required=True, metavar="sessions|keys|links|audit|backup|restore|install|doctor"
    )
    key_console.add_to(nouns)
    link_console.add_to(nouns)
    audit_console.add_to(nouns)
    backup_console.add_to(nouns)
    for name, help_ in (
        ("install", "the tool into an Open WebUI, or a newer one over the old"),
        ("doctor", "what is wrong, and what to change"),
    ):
        nouns.add_parser(name, help=help_)
    sessions = nouns.add_parser("sessions", help="list, show, delete or purge sessions")
    verbs = sessions.add_subparsers(required=True, metavar="list|show|delete|purge")
    for name, run, help_ in (
        ("list", _list, "a line each: key, user, chat, last use, workbooks, bytes"),
        ("show", _show, "one session whole, with its history"),
        ("delete", _delete, "end sessions with all they hold"),
        ("purge", _purge, "end all sessions that have expired"),
    ):
        verb = verbs.add_parser(name, help=help_)
        verb.set_defaults(run=run)
        if name in ("show", "delete"):
            verb.add_argument("key", nargs="+" if name == "delete" else 1)
        if name == "list":
            verb.add_argument("--user", default="", help="only this user's")
            verb.add_argument("--json", action="store_true", help="as JSON")
        if name == "purge":
            verb.add_argument("--idle-days", type=float, help="instead: not used for so many days")
            verb.add_argument("--user", default="", help="only this user's")
    return parser


def _every(store: Store, user: str = "") -> Iterator[SessionData | _Damaged]:
    """All sessions, or those of one user; one that can't be read keeps no other from sight."""
    users = set(session_keys(store, user)) if user else set()
    for key in store.keys("sessions"):
        try:
            data = stored(store, key)
        except StorageFailed as error:
            if not user or key in users:
                yield _Damaged(key, error.message)
            continue
        if data is not None and user in ("", data.user):
            yield data


def _facts(store: Store, settings: Settings, data: SessionData | _Damaged) -> dict[str, Any]:
    facts: dict[str, Any] = {"key": data.key, "bytes": store.size(data.key)}
    if isinstance(data, _Damaged):
        return facts | {"damaged": data.why}
    return facts | {
        "user": data.user,
        "chat": data.chat,
        "used": _moment(data.used),
        "expires": _moment(data.used + settings.session_ttl),
        "open": [book.name for book in data.workbooks.values() if book.open],
        "saved": sum(len(book.versions) for book in data.workbooks.values()),
    }


def _moment(time_: float) -> str:
    return dt.datetime.fromtimestamp(time_, dt.UTC).isoformat(timespec="seconds")


def _list(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    every = [_facts(store, settings, data) for data in _every(store, asked.user)]
    if asked.json:
        print(json.dumps(every, ensure_ascii=False, indent=1))
        return 0
    for facts in every:
        print(_line(facts))
    print(_counted(len(every)))
    return 0


def _counted(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _line(facts: dict[str, Any]) -> str:
    if "damaged" in facts:
        return f"{facts['key']}  damaged: {facts['damaged']}  {facts['bytes']:,} bytes"
    return (
        f"{facts['key']}  user {facts['user']}  chat {facts['chat']}  used {facts['used']}  "
        f"{len(facts['open'])} open, {facts['saved']} saved  {facts['bytes']:,} bytes"
    )


def _is_there(store: Store, key: str) -> bool:
    there = key in store.keys("sessions")
    if not there:
        print(f"There is no session {key}. See: python -m service sessions list", file=sys.stderr)
    return there


def _show(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    (key,) = asked.key
    data = stored(store, key) if _is_there(store, key) else None
    if data is None:
        return 1
    events, count = History(store, f"sessions/{key}").page(0, _EVENTS_SHOWN)
    shown = {**_facts(store, settings, data), "events": count, "newest": events}
    print(json.dumps(shown, ensure_ascii=False, indent=1))
    return 0


def _delete(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    status = 0
    with audited(store, settings) as audit:
        for key in asked.key:
            status |= _deleted(store, settings, asked, audit, key)
    return status


def _deleted(
    store: Store, settings: Settings, asked: argparse.Namespace, audit: Told, key: str
) -> int:
    """End one session; the exit status."""
    if not _is_there(store, key):
        return 1
    try:
        data = stored(store, key)
    except StorageFailed:
        data = None
    with _alone(key, settings, asked):
        if data is None:
            erase_damaged(store, key)
            audit("end_session", session=key, why="operator")
        else:
            erase(store, data)
            audit("end_session", **ended_facts(data, "operator"))
    print(f"deleted {key}")
    return 0


@contextmanager
def _alone(key: str, settings: Settings, asked: argparse.Namespace) -> Iterator[None]:
    """Nobody else writes to the session inside of the block."""
    with taken(asked.shared.board, key, settings.queue_wait) as free:
        if not free:
            raise WorkbookBusy(
                f"Session {key} was worked on for {settings.queue_wait} seconds; it is as it was.",
                "Try again in a moment.",
            )
        yield


def _purge(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    idle = settings.session_ttl if asked.idle_days is None else asked.idle_days * 86400
    count = 0
    with audited(store, settings) as audit:
        for data in _every(store, asked.user):
            if isinstance(data, _Damaged):
                print(f"{data.key} is damaged and stays; see: python -m service sessions delete")
            elif time.time() - data.used > idle and _purged(store, settings, asked, data.key, idle):
                audit("end_session", **ended_facts(data, "operator"))
                print(f"deleted {data.key}")
                count += 1
    print(f"{_counted(count)} ended")
    return 0


def _purged(
    store: Store, settings: Settings, asked: argparse.Namespace, key: str, idle: float
) -> bool:
    """End a session, unless somebody has used it since it was looked at; whether it was ended."""
    with _alone(key, settings, asked):
        data = stored(store, key)
        if data is None or time.time() - data.used <= idle:
            return False
        erase(store, data)
        return True
