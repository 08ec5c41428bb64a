"""What a statement asks, by DuckDB's own parser: exactly one query that only reads.

Being a SELECT is not enough: a WITH may delete, a function may read files or settings, and a
name without a table may be one of the catalog. So each node of the parsed statement is looked
at, and what is not known to be harmless is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from service.errors import InvalidQuery
from service.sql_words import bare, turn_advice

MAX_SQL = 20_000
_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {
    "BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EMPTY", "EMPTY_FROM", "EXPRESSION_LIST",
    "SHOW_REF", "PIVOT", "COLUMN_DATA", "CTE",
}  # fmt: skip
_TABLE_FUNCTIONS = {"range", "generate_series", "unnest", "values"}
# Functions that tell of settings and the machine, wait, or run a text as a statement.
_NO_FUNCTIONS = re.compile(
    r"(current_setting|getenv|getvariable|nextval|currval|version|query|query_table|sleep\w*"
    r"|(pg|pragma|duckdb|read|write|parse_duckdb|json_execute|which|checkpoint|force|glob|sniff"
    r"|copy|http|load|install|attach|set|test)_?\w*)"
)
_HARMLESS = {"parse_path", "set_bit", "current_date", "read", "force", "global", "loadavg"}
_READS = "It reads sheets with one SELECT (or WITH ... SELECT), and changes nothing."
_XLSX = re.compile(r'(?<![\w"])([^\W\d]\w*)\.(xlsx|xlsm|xls|csv)\.', re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A name after FROM or JOIN, as it is written.

    :param workbook: "" where none is named
    """

    workbook: str
    table: str


@dataclass(frozen=True)
class Statement:
    """One query that was found to only read.

    :param sources: the tables that it reads
    :param lists_tables: whether it is SHOW TABLES
    """

    sql: str
    sources: tuple[Source, ...]
    lists_tables: bool = False


def parsed(sql: str) -> Statement:
    """The one query that ``sql`` is.

    :raises InvalidQuery: if it is none, or does anything but read
    """
    text = bare(sql).rstrip(";").rstrip()
    if not text or len(text) > MAX_SQL or "\x00" in text:
        raise InvalidQuery(
            f"sql has {len(text):,} characters; it takes 1 to {MAX_SQL:,}, and no zero characters.",
            "Send one SELECT statement.",
        )
    text = _XLSX.sub(r'"\1.\2".', text)
    tree = _tree(text)
    names = {str(key).lower() for key in _keys(tree)}
    forbidden = names & _catalog()
    if forbidden:
        raise InvalidQuery(
            f'WITH can\'t name a query "{sorted(forbidden)[0]}": that is a name of the database.',
            "Give it another name.",
        )
    sources: dict[Source, None] = {}
    lists = False
    for node in _nodes(tree):
        lists |= _check(node)
        if node.get("type") == "BASE_TABLE":
            source = _source(node)
            if source.workbook or source.table.lower() not in names:
                sources[source] = None
    return Statement(text, tuple(sources), lists)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A database without anything in it, to parse with."""
    return duckdb.connect(":memory:", config={"enable_external_access": False, "threads": 1})


@cache
def _catalog() -> frozenset[str]:
    """Names of the views that a database brings along."""
    found = _parser().execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(str(name).lower() for (name,) in found)


def _tree(text: str) -> Any:
    try:
        (found,) = _parser().execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0]
        tree = json.loads(found)
    except (duckdb.Error, RecursionError) as error:
        raise InvalidQuery(
            f"The SQL can't be read: {str(error)[:200]}", "Send a simpler statement."
        ) from None
    if tree.get("error"):
        raise _unreadable(tree, text)
    if len(tree["statements"]) != 1:
        raise InvalidQuery(
            f"sql holds {len(tree['statements'])} statements; one is run at a time.", _READS
        )
    return tree["statements"][0]


def _unreadable(tree: dict[str, Any], text: str) -> InvalidQuery:
    if tree.get("error_type") == "not implemented":
        word = (text.split() or [""])[0][:20].upper()
        if word == "PIVOT":
            return InvalidQuery(
                "PIVOT is run only with its values named.",
                "Write PIVOT sales ON region IN ('North', 'South') USING sum(amount).",
            )
        return InvalidQuery(f"{word} is not run: query_excel_data only reads.", _READS)
    position = int(tree.get("position") or 0)
    near = " ".join(text[max(position - 20, 0) : position + 20].split())
    where = f' (near "{near}")' if tree.get("position") else ""
    return InvalidQuery(
        f"The SQL has an error: {str(tree.get('error_message'))[:200]}{where}.",
        turn_advice(text, "DuckDB")
        + "Correct it; the dialect is DuckDB's. Names with blanks stand in double quotes, and "
        "those that are words of SQL have a _ behind: order_.",
    )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All objects of a parsed statement."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _keys(tree: Any) -> Iterator[str]:
    """Names that WITH gives."""
    for node in _nodes(tree):
        held = node.get("cte_map")
        if isinstance(held, dict):
            yield from (item["key"] for item in held.get("map", []))
        if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE") and node.get("cte_name"):
            yield node["cte_name"]


def _check(node: dict[str, Any]) -> bool:
    """Refuse a part of a statement that does anything but read; whether it is SHOW TABLES."""
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in _QUERY_NODES:
        word = kind.partition("_")[0]
        raise InvalidQuery(f"The statement holds {word}, and query_excel_data only reads.", _READS)
    if "sample" in node and "class" not in node and "select_list" not in node:
        if kind not in _SOURCES:
            raise InvalidQuery(f"The statement reads from {kind}, which is no sheet.", _READS)
        if kind == "TABLE_FUNCTION":
            _check_table_function(node)
        if kind == "SHOW_REF":
            return _shows_tables(node)
    if node.get("class") == "FUNCTION" or "function_name" in node:
        name = str(node.get("function_name", "")).lower()
        if _NO_FUNCTIONS.fullmatch(name) and name not in _HARMLESS:
            raise InvalidQuery(
                f"The function {name} is not allowed: queries read sheets, and neither files, "
                "settings nor the system.",
                _READS,
            )
    return False


def _check_table_function(node: dict[str, Any]) -> None:
    name = str((node.get("function") or {}).get("function_name", "")).lower()
    if name not in _TABLE_FUNCTIONS:
        raise InvalidQuery(
            f"{name} is not allowed after FROM: queries read sheets, and neither files, "
            "settings nor the system.",
            "Name a sheet or table. An uploaded file is opened with open_excel_file first.",
        )


def _shows_tables(node: dict[str, Any]) -> bool:
    if node.get("show_type") in ("DESCRIBE", "SUMMARY"):
        return False
    if "tables" not in str(node.get("table_name", "")):
        raise InvalidQuery("Of SHOW, only SHOW TABLES is run.", _READS)
    return True


def _source(node: dict[str, Any]) -> Source:
    path = [str(part) for part in (node.get("qualified_name") or {}).get("path", [])]
    path = path or [node.get("schema_name", ""), node.get("table_name", "")]
    return Source(".".join(part for part in path[:-1] if part), path[-1])
