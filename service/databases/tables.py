"""Tables and columns of a database, as a model needs them to write SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Inspector

from service.databases import information_schema

MOST_DESCRIBED = 40
MOST_NAMED = 400
_MOST_COLUMNS = 300
_READABLE = sa.text(
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' "
    r"AND n.nspname NOT LIKE 'pg\_%' AND NOT c.relispartition "
    "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
    "AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') "
    "ORDER BY n.nspname <> pg_catalog.current_schema(), 1, 2"
)

# The tables by the names that a query uses, and what tells the columns of one.
Found = tuple[dict[str, Any], Callable[[Any], list[str]]]


def described(connection: Connection, kind: str, asked: str) -> dict[str, Any]:
    """The tables and views that may be read, with their columns.

    :param asked: names, comma separated, of those to tell the columns of; "" for all
    :return: "tables": columns by table, such as ``["id integer key", "name text"]``; where
        there are many tables, their names alone; "unknown": names that are not there
    """
    tables, columns = _FINDERS.get(kind, _of_mysql)(connection)
    wanted = [name.strip().strip('"`[]') for name in asked.split(",") if name.strip()]
    known = {name.lower(): name for name in tables}
    unknown = [name for name in wanted if name.lower() not in known]
    if unknown:
        return {"unknown": unknown[:5], "names": list(tables)[:MOST_NAMED]}
    chosen = list(dict.fromkeys(known[name.lower()] for name in wanted)) or list(tables)
    if len(chosen) > MOST_DESCRIBED:
        return {"tables": chosen[:MOST_NAMED], "table_count": len(chosen)}
    return _with_columns({name: tables[name] for name in chosen}, columns)


def _with_columns(tables: dict[str, Any], columns: Callable[[Any], list[str]]) -> dict[str, Any]:
    """The columns of the tables; names alone once there are too many columns."""
    told: dict[str, list[str]] = {}
    left: list[str] = []
    count = 0
    for name, table in tables.items():
        if told and count > _MOST_COLUMNS:
            left.append(name)
            continue
        told[name] = columns(table)
        count += len(told[name])
    return {"tables": told} | ({"without_columns": left} if left else {})


def _of_mysql(connection: Connection) -> Found:
    tables = information_schema.readable(connection)
    return tables, lambda table: information_schema.columns(connection, table)


def _of_postgres(connection: Connection) -> Found:
    inspector = sa.inspect(connection)
    default = inspector.default_schema_name
    tables = {
        name if schema == default else f"{schema}.{name}": (schema, name)
        for schema, name in connection.execute(_READABLE)
    }
    return tables, lambda table: _columns(inspector, table[1], table[0])


def _of_sqlite(connection: Connection) -> Found:
    inspector = sa.inspect(connection)
    names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    return {name: name for name in names}, lambda name: _columns(inspector, name, None)


_FINDERS = {"PostgreSQL": _of_postgres, "SQLite": _of_sqlite}


def _columns(inspector: Inspector, table: str, schema: str | None) -> list[str]:
    """Such as "customer_id integer -> customers.id"."""
    keys = inspector.get_pk_constraint(table, schema)["constrained_columns"]
    links: dict[str, str] = {}
    for link in inspector.get_foreign_keys(table, schema):
        other = link["referred_schema"]
        at = f"{other}." if other and other != inspector.default_schema_name else ""
        pairs = zip(link["constrained_columns"], link["referred_columns"], strict=False)
        for name, referred in pairs:
            links[name] = f" -> {at}{link['referred_table']}.{referred}"
    return [
        f"{column['name']} {_type(inspector, column['type'])}{' key' * (column['name'] in keys)}"
        f"{links.get(column['name'], '')}"
        for column in inspector.get_columns(table, schema)
    ]


def _type(inspector: Inspector, kind: Any) -> str:
    try:
        text = str(kind.compile(dialect=inspector.dialect))
    except (sa.exc.CompileError, NotImplementedError):
        return "unknown"
    return re.sub(r" COLLATE .*", "", text, flags=re.IGNORECASE).lower()[:60]
