"""``python -m service sessions``: what an operator wants to see and do.

It works on the data folder itself, also while the service runs: the service notices a
session that is gone at its next use.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

from service.errors import ExcelToolsError
from service.sessions.history import History
from service.sessions.model import SessionData
from service.sessions.registry import erase
from service.settings import Settings
from service.store.local import LocalStore


def main(arguments: list[str], settings: Settings) -> int:
    """Run the command; returns its exit status: 0, 1 if something was not found, 2 for misuse."""
    asked = _parser().parse_args(arguments)
    store = LocalStore(settings.data_dir)
    try:
        status: int = asked.run(store, settings, asked)
    except ExcelToolsError as error:
        print(f"excel-tools: {error.message} {error.hint}")
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service")
    nouns = parser.add_subparsers(required=True, metavar="sessions")
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


def _every(store: LocalStore, user: str = "") -> Iterator[SessionData]:
    for key in store.keys("sessions"):
        record = store.read(f"sessions/{key}/session.json")
        if record is not None and user in ("", record["user"]):
            yield SessionData.from_record(record)


def _facts(store: LocalStore, settings: Settings, data: SessionData) -> dict[str, Any]:
    return {
        "key": data.key,
        "user": data.user,
        "chat": data.chat,
        "used": _moment(data.used),
        "expires": _moment(data.used + settings.session_ttl),
        "open": [book.name for book in data.workbooks.values() if book.open],
        "saved": sum(len(book.versions) for book in data.workbooks.values()),
        "bytes": store.size(f"sessions/{data.key}"),
    }


def _moment(time_: float) -> str:
    return dt.datetime.fromtimestamp(time_, dt.UTC).isoformat(timespec="seconds")


def _list(store: LocalStore, settings: Settings, asked: argparse.Namespace) -> int:
    every = [_facts(store, settings, data) for data in _every(store, asked.user)]
    if asked.json:
        print(json.dumps(every, ensure_ascii=False, indent=1))
        return 0
    for facts in every:
        print(
            f"{facts['key']}  {facts['user']}  {facts['chat']}  used {facts['used']}  "
            f"{len(facts['open'])} open, {facts['saved']} saved  {facts['bytes']:,} bytes"
        )
    print(f"{len(every)} sessions")
    return 0


def _found(store: LocalStore, key: str) -> SessionData | None:
    record = store.read(f"sessions/{key}/session.json") if key.isalnum() else None
    if record is None:
        print(f"There is no session {key}. See: python -m service sessions list")
        return None
    return SessionData.from_record(record)


def _show(store: LocalStore, settings: Settings, asked: argparse.Namespace) -> int:
    data = _found(store, asked.key[0])
    if data is None:
        return 1
    events, count = History(store, f"sessions/{data.key}").page(0, 50)
    shown = {**_facts(store, settings, data), "events": count, "newest": events}
    print(json.dumps(shown, ensure_ascii=False, indent=1))
    return 0


def _delete(store: LocalStore, _settings: Settings, asked: argparse.Namespace) -> int:
    status = 0
    for key in asked.key:
        data = _found(store, key)
        if data is None:
            status = 1
            continue
        erase(store, data)
        print(f"deleted {key}")
    return status


def _purge(store: LocalStore, settings: Settings, asked: argparse.Namespace) -> int:
    idle = settings.session_ttl if asked.idle_days is None else asked.idle_days * 86400
    ended = [data for data in _every(store, asked.user) if time.time() - data.used > idle]
    for data in ended:
        erase(store, data)
        print(f"deleted {data.key}")
    print(f"{len(ended)} sessions ended")
    return 0
