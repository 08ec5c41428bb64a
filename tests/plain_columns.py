"""How a column is decided and what is odd about it, by a look at one value after the other.

Slow, and without any thought of millions of values: what the product has to agree with.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

from service.workbook.cells import ERRORS, shown
from service.workbook.column_types import Settled, decide
from service.workbook.csv_table import NAMES_OF_TEXT

FAMILIES: dict[type, str] = {
    bool: "boolean", int: "number", float: "number", dt.date: "date", dt.datetime: "date",
    dt.time: "time", dt.timedelta: "duration",
}  # fmt: skip
READ_AS = {"number": "number", "percent": "number", "currency": "number", "date": "date",
           "datetime": "date", "boolean": "boolean"}  # fmt: skip
PLACES = {
    "n/a", "na", "-", "--", "–", "—", "none", "null", "nan", "nil", "unknown", "tbd", "?", ".",
    "k.a.", "keine angabe", "unbekannt",
}  # fmt: skip


def family(value: Any) -> str:
    return FAMILIES.get(type(value), "text")


def decided(header: str, column: list[Any], number_format: str) -> tuple[str, list[Any]]:
    """Kind and values of a column."""
    values = [blanked(value) for value in column]
    families = Counter(family(value) for value in values if value is not None)
    if not families:
        return "blank", values
    name = " ".join(re.split(r"[\s_.-]+", header)).strip().lower()
    others = set(families) - {"text"}
    if "text" in families and len(others) <= 1:
        spoken = number_format == "@" or NAMES_OF_TEXT.search(name)
        read = None if spoken and not others else read_texts(values)
        if read is not None and others <= {read[0]}:
            usual = number_format == "General" and read[2]
            return kind_of(read[0], read[1], usual or number_format)
    if len(families) == 1:
        return kind_of(next(iter(families)), values, number_format)
    return mixed(values, families, number_format)


def blanked(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return None if value in ERRORS or not value.strip() else str(value)


def read_texts(values: list[Any]) -> tuple[str, list[Any], str] | None:
    """(family, values, number format) of texts that all mean something else."""
    texts = {v.strip() for v in values if isinstance(v, str)}
    rest = {text for text in texts if text.lower() not in PLACES}
    digits = [bool(re.search(r"\d|^(true|false)$", text, re.IGNORECASE)) for text in rest]
    if not rest or sum(digits) < 0.8 * len(digits):
        return None
    found = decide(rest, Settled())
    if found.kind in ("text", "blank"):
        return None

    def converted(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return None if value.strip().lower() in PLACES else found.convert(value.strip())

    code = "" if found.number_format == "General" else found.number_format
    return READ_AS[found.kind], [converted(value) for value in values], code


def kind_of(group: str, values: list[Any], number_format: str) -> tuple[str, list[Any]]:
    held = [value for value in values if value is not None]
    if group == "number":
        if "%" in number_format:
            return "percent", values
        whole = all(v == int(v) and abs(v) < 2**63 for v in held)
        return ("integer" if whole else "decimal"), values
    if group == "date":
        clocks = any(isinstance(v, dt.datetime) and v.time() != dt.time() for v in held)
        made = [None if v is None else moment(v) if clocks else day(v) for v in values]
        return ("datetime" if clocks else "date"), made
    return group, values


def day(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def moment(value: dt.date) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())


def mixed(values: list[Any], families: Counter[str], number_format: str) -> tuple[str, list[Any]]:
    places = sum(isinstance(v, str) and v.strip().lower() in PLACES for v in values)
    total = sum(families.values()) - places
    best, count = next((f, n) for f, n in families.most_common() if f != "text")
    if families["text"] - places >= count or count < 0.8 * total:
        return "text", [None if value is None else as_text(value) for value in values]
    return kind_of(best, [v if family(v) == best else None for v in values], number_format)


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return value if isinstance(value, str) else str(shown(value))


def outliers(numbers: list[Any]) -> list[Any]:
    """Numbers more than three times the middle half away from it."""
    ordered = sorted(numbers)
    low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    room = 3 * (high - low)
    return [n for n in ordered if room and (n < low - room or n > high + room)]
