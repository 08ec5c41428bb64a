"""``python -m service keys``: the API keys, to be seen, made, rotated and revoked."""

from __future__ import annotations

import argparse
import datetime as dt
import secrets
import time
from typing import Any

from service.sessions.keys import (
    MadeKey,
    configured_keys,
    made_keys,
    make_key,
    revoke_key,
    rotate_key,
)
from service.settings import Settings, hashed_key
from service.store.local import LocalStore

_OVERLAP_HOURS = 24.0


def add_to(nouns: Any) -> None:
    """Add the noun to the operator's command."""
    keys = nouns.add_parser("keys", help="list, make, rotate, revoke or hash API keys")
    verbs = keys.add_subparsers(required=True, metavar="list|make|rotate|revoke|hash")
    for name, run, help_ in (
        ("list", _list, "a line each: id, when it was made, last used and ends, for what"),
        ("make", _make, "a new key, which is shown once"),
        ("rotate", _rotate, "a new key in place of another, which ends some time later"),
        ("revoke", _revoke, "end keys, from the next request on"),
        ("hash", _hash, "a new key, and what to write into EXCEL_TOOLS_API_KEYS for it"),
    ):
        verb = verbs.add_parser(name, help=help_)
        verb.set_defaults(run=run)
        if name in ("make", "hash"):
            verb.add_argument("name", help="what it is for")
        if name == "make":
            verb.add_argument("--days", type=float, default=0.0, help="it ends after so many")
        if name == "rotate":
            verb.add_argument("id")
            verb.add_argument(
                "--hours",
                type=float,
                default=_OVERLAP_HOURS,
                help="so long the old one is taken, too (24)",
            )
        if name == "revoke":
            verb.add_argument("id", nargs="+")


def _list(store: LocalStore, settings: Settings, _asked: argparse.Namespace) -> int:
    found = made_keys(store, time.time())
    configured = configured_keys(store, settings.api_keys)
    for key in (*found, *configured):
        print(_line(key))
    count = "1 key" if len(found) == 1 else f"{len(found)} keys"
    print(f"{count} made by the service, {len(configured)} in EXCEL_TOOLS_API_KEYS")
    return 0


def _line(key: MadeKey) -> str:
    made = "configured               " if key.configured else f"made {_moment(key.made)}"
    used = f"used {_moment(key.used)}" if key.used else "never used"
    ends = f"  ends {_moment(key.ends)}" if key.ends else ""
    return f"{key.id}  {made}  {used}{ends}  {key.name}"


def _moment(time_: float) -> str:
    return dt.datetime.fromtimestamp(time_, dt.UTC).isoformat(timespec="seconds")


def _make(store: LocalStore, settings: Settings, asked: argparse.Namespace) -> int:
    now = time.time()
    ends = now + asked.days * 86400 if asked.days > 0 else 0.0
    print(make_key(store, asked.name[:80], now, ends))
    if not settings.api_keys:
        print("EXCEL_TOOLS_API_KEYS is not set here: where that is so, no key is asked for.")
    return 0


def _rotate(store: LocalStore, _settings: Settings, asked: argparse.Namespace) -> int:
    print(rotate_key(store, asked.id, time.time(), max(0.0, asked.hours) * 3600))
    print(f"Until {asked.hours:g} hours from now {asked.id} is taken, too.")
    return 0


def _revoke(store: LocalStore, _settings: Settings, asked: argparse.Namespace) -> int:
    for id_ in asked.id:
        revoke_key(store, id_)
        print(f"revoked {id_}")
    return 0


def _hash(_store: LocalStore, _settings: Settings, asked: argparse.Namespace) -> int:
    """Nothing is kept: only who sets the environment of the service makes the key valid."""
    key = secrets.token_urlsafe(32)
    print(f"the key, for its callers:  {key}")
    print(f"for EXCEL_TOOLS_API_KEYS:  {hashed_key(asked.name, key)}")
    return 0
