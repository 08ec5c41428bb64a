"""How a column's values go to DuckDB: most as one long text, which it takes apart faster than it
takes a million of Python's objects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb

_AT_ONCE = 100_000  # rows
_BETWEEN, _NONE = "\x1f", "\x1e"  # characters that no file's text holds


def _whole(number: float) -> str:
    return str(int(number))


_WORDS = {True: "1", False: "0"}
_WRITTEN: dict[str, Callable[[Any], str]] = {
    "BIGINT": _whole,
    "DOUBLE": repr,
    "DATE": dt.date.isoformat,
    "TIMESTAMP": dt.datetime.isoformat,
    "BOOLEAN": _WORDS.__getitem__,
    "VARCHAR": str,
}


def insert(
    connection: duckdb.DuckDBPyConnection, name: str, types: list[str], columns: list[list[Any]]
) -> None:
    """Put rows, which come as columns, into a table with columns of these types."""
    for start in range(0, len(columns[0]) if columns else 0, _AT_ONCE):
        sources = [
            column_rows(held[start : start + _AT_ONCE], type_, number)
            for number, (held, type_) in enumerate(zip(columns, types, strict=True), 1)
        ]
        selected = ", ".join(sql for sql, _ in sources)
        connection.execute(f"INSERT INTO {name} SELECT {selected}", [held for _, held in sources])


def column_rows(values: list[Any], type_: str, number: int) -> tuple[str, Any]:
    """SQL that gives the values as rows, and the parameter of that number that it reads.

    :param type_: DuckDB's name of the column's type
    """
    text = _joined(values, type_)
    if text is None:
        return f"unnest(${number}::{type_}[])", values
    parts = f"unnest(string_split(${number}, '{_BETWEEN}'))"
    return f"nullif({parts}, '{_NONE}')::{type_}", text


def _joined(values: list[Any], type_: str) -> str | None:
    """The values as one text; None where that could not be taken apart again."""
    written = _WRITTEN.get(type_)
    if written is None or not values:
        return None
    nones = values.count(None)
    if nones:
        texts = [_NONE if value is None else written(value) for value in values]
    else:
        texts = values if type_ == "VARCHAR" else list(map(written, values))
    text = _BETWEEN.join(texts)
    apart = text.count(_BETWEEN) == len(values) - 1 and text.count(_NONE) == nones
    return text if apart and (text or len(values) > 1) else None
