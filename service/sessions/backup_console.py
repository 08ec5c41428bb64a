"""``python -m service backup`` and ``restore``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.errors import counted
from service.sessions.backup import Told, back_up
from service.sessions.restore import restore
from service.settings import Settings
from service.store.local import LocalStore

if TYPE_CHECKING:
    Nouns = argparse._SubParsersAction[Any]


def add_to(nouns: Nouns) -> None:
    """Add the two commands to those of the console."""
    backup = nouns.add_parser("backup", help="all there is, in one file, while the service runs")
    backup.add_argument("file", type=Path, help="such as excel-tools.tar.gz; not there yet")
    backup.add_argument("--user", default="", help="only this user's sessions and preferences")
    backup.add_argument("--no-secrets", action="store_true", help="without secret.key and keys")
    backup.set_defaults(run=_back_up)
    again = nouns.add_parser("restore", help="what is in a backup, whole or not at all")
    again.add_argument("file", type=Path)
    again.add_argument("--user", default="", help="only this user's sessions and preferences")
    again.add_argument("--check", action="store_true", help="look at it and restore nothing")
    again.set_defaults(run=_restore)


def _back_up(store: LocalStore, settings: Settings, asked: argparse.Namespace) -> int:
    secrets = not asked.no_secrets
    told = back_up(store, asked.file.absolute(), user=asked.user, secrets=secrets)
    print(f"{asked.file}: {_line(told)}")
    if settings.secret_key and secrets and not asked.user:
        print("EXCEL_TOOLS_SECRET_KEY is set, and is not in it: take it along for the links.")
    return _damaged(told)


def _restore(store: LocalStore, _settings: Settings, asked: argparse.Namespace) -> int:
    told, notes = restore(store, asked.file, user=asked.user, only_check=asked.check)
    print(f"{asked.file}: {_line(told)}{' - whole, not restored' if asked.check else ' restored'}")
    for note in notes:
        print(note)
    return _damaged(told)


def _line(told: Told) -> str:
    files = counted(told.files, "file")
    return f"{counted(told.sessions, 'session')}, {files}, {told.bytes:,} bytes"


def _damaged(told: Told) -> int:
    for key, why in told.damaged.items():
        print(f"session {key} can't be used, and is as it was: {why}")
    return 1 if told.damaged else 0
