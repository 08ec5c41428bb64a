"""Values of SQLite, which has no dates: what a column was declared as says what it holds."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any


def register() -> None:
    """Have columns declared as dates, moments and truth values read as such.

    For this process: SQLite's module knows converters for all connections only.
    """
    sqlite3.register_converter("date", _date)
    for name in ("datetime", "timestamp", "timestamptz"):
        sqlite3.register_converter(name, _moment)
    for name in ("bool", "boolean"):
        sqlite3.register_converter(name, _truth)


def _date(data: bytes) -> Any:
    text = data.decode(errors="replace")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return _moment(data)


def _moment(data: bytes) -> Any:
    text = data.decode(errors="replace")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return _plain(text)


def _truth(data: bytes) -> Any:
    text = data.decode(errors="replace")
    known = {"1": True, "0": False, "true": True, "false": False, "t": True, "f": False}
    return known.get(text.lower(), _plain(text))


def _plain(text: str) -> Any:
    """A value that is not what its column says: a number, or else the text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
