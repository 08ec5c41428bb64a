"""``python -m service backup`` and ``restore``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.errors import counted
from service.sessions.audit_console import audited
from service.sessions.backup import STAGE, Told, back_up
from service.sessions.restore import restore
from service.settings import Settings
from service.store.seams import Store

_PIPE = "-"

if TYPE_CHECKING:
    Nouns = argparse._SubParsersAction[Any]


def add_to(nouns: Nouns) -> None:
    """Add the two commands to those of the console."""
    backup = nouns.add_parser("backup", help="all there is, in one file, while the service runs")
    backup.add_argument("file", help="such as excel-tools.tar.gz, not there yet; - is a pipe")
    backup.add_argument("--user", default="", help="only this user's sessions and preferences")
    backup.add_argument("--no-secrets", action="store_true", help="without secret.key and keys")
    backup.set_defaults(run=_back_up)
    again = nouns.add_parser("restore", help="what is in a backup, whole or not at all")
    again.add_argument("file", help="a backup; - is a pipe")
    again.add_argument("--user", default="", help="only this user's sessions and preferences")
    again.add_argument("--check", action="store_true", help="look at it and restore nothing")
    again.set_defaults(run=_restore)


@contextmanager
def _place(store: Store) -> Iterator[Path]:
    """Where a backup lies that comes or goes by a pipe."""
    place = store.scratch(f"{STAGE}/{os.urandom(8).hex()}.tar.gz")
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)
        with suppress(OSError):
            place.parent.rmdir()


def _back_up(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    if asked.file != _PIPE:
        return _backed_up(store, settings, asked, Path(asked.file).absolute())
    with _place(store) as place:
        status = _backed_up(store, settings, asked, place)
        with place.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        return status


def _backed_up(store: Store, settings: Settings, asked: argparse.Namespace, target: Path) -> int:
    secrets = not asked.no_secrets
    with audited(store, settings) as audit:
        told = back_up(store, target, user=asked.user, secrets=secrets)
        audit("back_up", user=asked.user, target=asked.file)
    _say(asked, _line(told))
    if settings.secret_key and secrets and not asked.user:
        _say(asked, "EXCEL_TOOLS_SECRET_KEY is set, and is not in it: take it along for the links.")
    return _damaged(told, asked)


def _restore(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    if asked.file != _PIPE:
        return _restored(store, settings, asked, Path(asked.file))
    with _place(store) as place:
        with place.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        return _restored(store, settings, asked, place)


def _restored(store: Store, settings: Settings, asked: argparse.Namespace, source: Path) -> int:
    more = {"only_check": asked.check, "board": asked.shared.board}
    told, notes = restore(store, source, user=asked.user, **more)
    # Not before: it may have brought the secret that the log is sealed with.
    with audited(store, settings) as audit:
        audit("restore", user=asked.user, target=asked.file)
    _say(asked, f"{_line(told)}{' - whole, not restored' if asked.check else ' restored'}")
    for note in notes:
        _say(asked, note)
    return _damaged(told, asked)


def _say(asked: argparse.Namespace, text: str) -> None:
    piped = asked.file == _PIPE
    print(text if piped else f"{asked.file}: {text}", file=sys.stderr if piped else sys.stdout)


def _line(told: Told) -> str:
    files = counted(told.files, "file")
    return f"{counted(told.sessions, 'session')}, {files}, {told.bytes:,} bytes"


def _damaged(told: Told, asked: argparse.Namespace) -> int:
    for key, why in told.damaged.items():
        _say(asked, f"session {key} can't be used, and is as it was: {why}")
    return 1 if told.damaged else 0
