"""Names that SQL takes as they are: "Total Amount (EUR)" is total_amount_eur."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import duckdb

from service.names import split_extension

_LONGEST = 60


@cache
def reserved() -> frozenset[str]:
    """Words that DuckDB takes for no name."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords()"
            " WHERE keyword_category IN ('reserved', 'type_function')"
        ).fetchall()
    return frozenset(word for (word,) in found)


def clean(text: str) -> str:
    """A name of small letters, digits and underscores."""
    plain = unicodedata.normalize("NFC", text).strip().lower()
    signs = {
        "%": " percent ",
        "€": " eur ",
        "$": " usd ",
        "£": " gbp ",
        "#": " number ",
        "&": " and ",
    }
    for sign, word in signs.items():
        plain = plain.replace(sign, word)
    name = re.sub(r"[^\w]+", "_", plain).strip("_")[:_LONGEST].strip("_")
    if not name:
        return "column"
    if name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if name in reserved() else name


def schema_names(workbook: str) -> tuple[str, ...]:
    """What a workbook may be called in front of a table's name, in small letters."""
    stem = split_extension(workbook)[0]
    return workbook.lower(), stem.lower(), clean(stem), clean(workbook)


def qualified_at(sql: str, workbook: str) -> int:
    """Where a text first has something that may be a table of that workbook, -1 for nowhere."""
    names = "|".join(re.escape(name) for name in schema_names(workbook))
    found = re.search(rf'(?<!\w)(?:{names})"?\s*\.', sql.lower())
    return found.start() if found else -1


def clean_all(texts: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Clean names, all different."""
    used = set(taken)
    found = []
    for text in texts:
        base = clean(text)
        name, number = base, 2
        while name in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name)
        found.append(name)
    return found
