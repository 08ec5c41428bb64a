"""The form of what is kept: records as JSON, journals as lines.

A journal grows by entries of one line each::

    <crc32 of the JSON, 8 hex digits> <JSON object>\\n
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from service.errors import StorageFailed
from service.store.seams import Place


def parsed(text: bytes, key: str) -> dict[str, Any]:
    """The record in a text.

    :raises StorageFailed: if it holds none
    """
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise StorageFailed(
            f"The record {key} is damaged.", "Restore it from a backup or delete the session."
        )
    return record


def line_of(entry: dict[str, Any]) -> bytes:
    """The line of an entry."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def checked(line: bytes) -> dict[str, Any] | None:
    """The entry of a line, or None if the line is not whole."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    entry = json.loads(text)
    return entry if isinstance(entry, dict) else None


def placed_in(
    data: bytes, since: int, key: str, *, whole: bool
) -> tuple[list[tuple[dict[str, Any], Place]], int]:
    """(the entries in a part of a journal with their places, where the last whole one ends).

    :param since: where in the journal the part begins
    :param whole: False leaves damaged entries out
    :raises StorageFailed: if one is damaged that is not the last
    """
    found: list[tuple[dict[str, Any], Place]] = []
    good = since
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        entry = checked(line)
        if entry is None:
            if not whole:
                continue
            if good + len(line) < since + len(data):
                raise StorageFailed(
                    f"The journal {key} is damaged at entry {number}.",
                    "Restore it from a backup, or close this workbook; others are whole.",
                )
            break
        found.append((entry, Place(good, len(line))))
        good += len(line)
    return found, good
