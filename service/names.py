"""Names that people and models give to files, made safe without being made ugly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from service.errors import InvalidParameters

MAX_BYTES = 150
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')
# Marks that turn the reading direction round can make "evil.exe" read as a workbook.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# Windows takes such a name for a device, whatever comes after its first dot.
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?= *(\.|$))", re.IGNORECASE)
_SPREADSHEET = re.compile(
    r"\.(xlsx|xlsm|xltx|xltm|xlam|xls|xlt|xlsb|ods|ots|fods|csv|tsv|txt)$", re.IGNORECASE
)


def clean_filename(name: str, extension: str = "") -> str:
    """A file name that is safe on every system and in every header.

    Folders, control and direction marks and characters that Windows refuses go;
    Unicode letters, spaces and dots stay. With ``extension`` (".xlsx"), the ending
    of another spreadsheet format is replaced and a missing one is added.

    :raises InvalidParameters: if nothing is left to name a file with
    """
    text = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
    text = re.split(r"[/\\]", text)[-1]
    text = _DIRECTION.sub("", _FORBIDDEN.sub(" ", text))
    text = re.sub(r"\s+", " ", text).strip(" .")
    stem, ending = split_extension(text)
    if extension:
        if not _SPREADSHEET.search(text):
            stem = text
        ending = extension
    stem = stem.strip(" .")
    if not stem:
        raise InvalidParameters(
            f"{name!r} holds nothing that can name a file.",
            "Give a file name such as budget.xlsx.",
        )
    stem = _RESERVED.sub(r"\1_", stem)
    return _cut(stem, MAX_BYTES - len(ending.encode())) + ending


def split_extension(name: str) -> tuple[str, str]:
    """("report.final", ".xlsx") of "report.final.xlsx"; no ending gives ""."""
    match = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return (name[: match.start()], match.group(0)) if match else (name, "")


def unique_name(name: str, taken: Collection[str]) -> str:
    """``name``, or "name (2).xlsx" and so on if it is taken (case does not matter)."""
    lowered = {other.lower() for other in taken}
    stem, ending = split_extension(name)
    candidate, number = name, 2
    while candidate.lower() in lowered:
        candidate = f"{stem} ({number}){ending}"
        number += 1
    return candidate


def is_spreadsheet(name: str) -> bool:
    """Whether a name ends as those of workbooks and of CSV files do."""
    return bool(_SPREADSHEET.search(name))


def same_name(asked: str, name: str) -> bool:
    """Whether ``asked`` means ``name``: case, outer spaces and the ending don't matter."""
    left, right = asked.strip().lower(), name.lower()
    return left == right or left == split_extension(right)[0]


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode("utf-8", "ignore").rstrip(" .")
