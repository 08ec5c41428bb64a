"""Tables and columns of a database, as a model needs them to write SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Inspector
from sqlalchemy.engine.reflection import ObjectKind

MOST_DESCRIBED = 40
MOST_NAMED = 400
_MOST_COLUMNS = 300
_SYSTEM = re.compile(
    r"^(pg_.*|information_schema|mysql|performance_schema|sys|metrics_schema)$", re.IGNORECASE
)
_READABLE = sa.text(
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
    "AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
)

Table = tuple[str | None, str]  # schema, None for the one that needs no name; table


def described(connection: Connection, kind: str, asked: str) -> dict[str, Any]:
    """The tables and views that may be read, with their columns.

    :param asked: names, comma separated, of those to tell the columns of; "" for all
    :return: "tables": columns by table, such as ``["id integer key", "name text"]``; where
        there are many tables, their names alone; "unknown": names that are not there
    """
    inspector = sa.inspect(connection)
    tables = _readable(connection, kind, inspector)
    names = {_shown(table): table for table in tables}
    wanted = [name.strip().strip('"`[]') for name in asked.split(",") if name.strip()]
    chosen = [name for name in names if not wanted or name.lower() in {w.lower() for w in wanted}]
    known = {name.lower() for name in names}
    unknown = [name for name in wanted if name.lower() not in known]
    if unknown:
        return {"unknown": unknown[:5], "names": list(names)[:MOST_NAMED]}
    if len(chosen) > MOST_DESCRIBED:
        found: dict[str, Any] = {"tables": chosen[:MOST_NAMED], "table_count": len(chosen)}
        return found
    return _with_columns(inspector, {name: names[name] for name in chosen})


def _readable(connection: Connection, kind: str, inspector: Inspector) -> list[Table]:
    default = inspector.default_schema_name
    schemas: list[str | None] = [None]
    if kind == "PostgreSQL" or not (default or kind == "SQLite"):
        others = [s for s in inspector.get_schema_names() if not _SYSTEM.match(s)]
        schemas += [schema for schema in others if schema != default]
    found = [
        (schema, name)
        for schema in schemas
        if schema or default or kind == "SQLite"
        for name in sorted(_names(inspector, kind, schema))
    ]
    if kind == "PostgreSQL":
        allowed = {(schema, name) for schema, name in connection.execute(_READABLE)}
        found = [(s, name) for s, name in found if (s or default, name) in allowed]
    return found


def _names(inspector: Inspector, kind: str, schema: str | None) -> Iterable[str]:
    names = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    if kind == "PostgreSQL":
        names |= {*inspector.get_materialized_view_names(schema)}
    return names


def _shown(table: Table) -> str:
    schema, name = table
    return f"{schema}.{name}" if schema else name


def _with_columns(inspector: Inspector, tables: dict[str, Table]) -> dict[str, Any]:
    """The columns of the tables; names alone once there are too many columns."""
    told: dict[str, Any] = {}
    left: list[str] = []
    count = 0
    for schema in dict.fromkeys(schema for schema, _ in tables.values()):
        of = [name for other, name in tables.values() if other == schema]
        given: dict[str, Any] = {"schema": schema, "filter_names": of, "kind": ObjectKind.ANY}
        columns: dict[Any, Any] = inspector.get_multi_columns(**given)
        keys: dict[Any, Any] = inspector.get_multi_pk_constraint(**given)
        links: dict[Any, Any] = inspector.get_multi_foreign_keys(**given)
        for table in [(schema, name) for name in of]:
            own = columns.get(table, [])
            count += len(own)
            if told and count > _MOST_COLUMNS:
                left.append(_shown(table))
                continue
            key = set((keys.get(table) or {}).get("constrained_columns") or ())
            shown = [_column(inspector, column, key, links.get(table, [])) for column in own]
            told[_shown(table)] = shown
    return {"tables": told} | ({"without_columns": left} if left else {})


def _column(inspector: Inspector, column: Any, key: set[str], links: Any) -> str:
    """Such as "customer_id integer -> customers.id"."""
    words = [str(column["name"]), _type(inspector, column["type"])]
    if column["name"] in key:
        words.append("key")
    for link in links or ():
        if column["name"] in link["constrained_columns"]:
            at = link["constrained_columns"].index(column["name"])
            schema = f"{link['referred_schema']}." if link["referred_schema"] else ""
            words.append(f"-> {schema}{link['referred_table']}.{link['referred_columns'][at]}")
    return " ".join(words)


def _type(inspector: Inspector, kind: Any) -> str:
    try:
        text = str(kind.compile(dialect=inspector.dialect))
    except (sa.exc.CompileError, NotImplementedError):
        return "unknown"
    text = re.sub(r" (CHARACTER SET|COLLATE) .*", "", text, flags=re.IGNORECASE)
    return text.lower()[:60]
