"""``python -m service links``: links that lead to files, to be withdrawn."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from service.sessions.audit_console import Told, audited
from service.sessions.links import withdraw
from service.sessions.records import stored
from service.settings import Settings
from service.store.seams import Store


def add_to(nouns: Any) -> None:
    """Add the noun to the operator's command."""
    links = nouns.add_parser("links", help="withdraw the links of a user or of sessions")
    verbs = links.add_subparsers(required=True, metavar="withdraw")
    verb = verbs.add_parser("withdraw", help="end all links that were made until now, at once")
    verb.set_defaults(run=_withdraw)
    verb.add_argument("--user", default="", help="those of all sessions of this user")
    verb.add_argument("session", nargs="*", help="keys, see: python -m service sessions list")


def _withdraw(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    if not asked.user and not asked.session:
        print("Say whose links: --user <id>, or keys of sessions.", file=sys.stderr)
        return 2
    with audited(store, settings) as audit:
        return _withdrawn(store, asked, audit)


def _withdrawn(store: Store, asked: argparse.Namespace, audit: Told) -> int:
    """Withdraw what is asked for; the exit status."""
    now = time.time()
    if asked.user:
        withdraw(store, now, user=asked.user)
        audit("withdraw_links", user=asked.user)
        print(f"withdrew all links of {asked.user}")
    status = 0
    for key in asked.session:
        if not key.isalnum() or stored(store, key) is None:
            print(
                f"There is no session {key}. See: python -m service sessions list", file=sys.stderr
            )
            status = 1
            continue
        withdraw(store, now, session=key)
        audit("withdraw_links", session=key)
        print(f"withdrew the links of session {key}")
    return status
