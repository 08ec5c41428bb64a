"""``python -m service keys``: the API keys that the service made, to be seen and revoked."""

from __future__ import annotations

import argparse
import datetime as dt
import time
from typing import Any

from service.sessions.keys import made_keys, make_key, revoke_key
from service.settings import Settings
from service.store.seams import Store


def add_to(nouns: Any) -> None:
    """Add the noun to the operator's command."""
    keys = nouns.add_parser("keys", help="list, make or revoke API keys")
    verbs = keys.add_subparsers(required=True, metavar="list|make|revoke")
    for name, run, help_ in (
        ("list", _list, "a line each: id, when it was made, for what"),
        ("make", _make, "a new key, which is shown once"),
        ("revoke", _revoke, "end keys, from the next request on"),
    ):
        verb = verbs.add_parser(name, help=help_)
        verb.set_defaults(run=run)
        if name == "make":
            verb.add_argument("name", help="what it is for")
        if name == "revoke":
            verb.add_argument("id", nargs="+")


def _list(store: Store, _settings: Settings, _asked: argparse.Namespace) -> int:
    found = made_keys(store)
    for key in found:
        made = dt.datetime.fromtimestamp(key.made, dt.UTC).isoformat(timespec="seconds")
        print(f"{key.id}  made {made}  {key.name}")
    count = "1 key" if len(found) == 1 else f"{len(found)} keys"
    print(f"{count} made by the service; those of EXCEL_TOOLS_API_KEYS are not listed")
    return 0


def _make(store: Store, settings: Settings, asked: argparse.Namespace) -> int:
    print(make_key(store, asked.name[:80], time.time()))
    if not settings.api_keys:
        print("EXCEL_TOOLS_API_KEYS is not set here: where that is so, no key is asked for.")
    return 0


def _revoke(store: Store, _settings: Settings, asked: argparse.Namespace) -> int:
    for id_ in asked.id:
        revoke_key(store, id_)
        print(f"revoked {id_}")
    return 0
