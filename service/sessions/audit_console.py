"""``python -m service audit``: the audit log, checked; and what operators' commands tell it."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service.errors import InvalidParameters
from service.observing.audit import Audit, checked, lines_of, seal_key
from service.settings import AUDIT_STDOUT, Settings
from service.store.seams import Store

Told = Callable[..., None]
_MOST_TOLD = 20


@contextmanager
def audited(store: Store, settings: Settings) -> Iterator[Told]:
    """Tells the audit log what a command does: ``told(action, **facts)``.

    Where the service writes to its standard output, a command has no place to write to.
    """
    place = settings.audit_log
    if place == AUDIT_STDOUT:
        print(
            "excel-tools: the audit log goes to the service's standard output, so this command is "
            "not in it. EXCEL_TOOLS_AUDIT_LOG may name a file.",
            file=sys.stderr,
        )
        place = "off"
    audit = Audit(place, _secret(store, settings) if place != "off" else "")

    who = {"door": "console", "by": _account()}

    def told(action: str, **facts: Any) -> None:
        audit.add(action, **who, **facts)

    audit.start(**who)
    try:
        yield told
    finally:
        audit.close()


def _secret(store: Store, settings: Settings) -> str:
    return settings.secret_key or store.secret()


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "unknown"


def add_to(nouns: Any) -> None:
    """Add the noun to the operator's command."""
    audit = nouns.add_parser("audit", help="check the audit log")
    verbs = audit.add_subparsers(required=True, metavar="verify")
    verify = verbs.add_parser("verify", help="whether entries are whole, unchanged and all there")
    verify.add_argument("file", nargs="+", help="the files of the log, the oldest first")
    verify.set_defaults(run=_verify)


def _verify(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    paths = [Path(name) for name in asked.file]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise InvalidParameters(f"There is no file {missing[0]}.", "Name files of the audit log.")
    found = checked(lines_of(paths), seal_key(_secret(store, settings)))
    for line in found.notes[:_MOST_TOLD] + found.problems[:_MOST_TOLD]:
        print(line)
    if len(found.problems) > _MOST_TOLD:
        print(f"and {len(found.problems) - _MOST_TOLD} more")
    for writer in sorted(found.open):
        print(f"writer {writer} has no end: it is at work, was killed, or its end was cut off")
    print(f"{found.entries} entries, {len(found.problems)} problems; the last seal is {found.last}")
    return 1 if found.problems else 0
