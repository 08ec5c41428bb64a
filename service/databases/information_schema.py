"""Tables and columns as MySQL and its relatives list them for the account that asks.

SQLAlchemy reads what SHOW CREATE says, which an account that may only read views is refused.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_TABLES = sa.text(
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') AND table_schema NOT IN "
    "('information_schema', 'mysql', 'performance_schema', 'sys', 'metrics_schema') "
    "AND (DATABASE() IS NULL OR table_schema = DATABASE()) ORDER BY table_schema, table_name"
)
_COLUMNS = sa.text(
    "SELECT column_name, column_type, column_key FROM information_schema.columns "
    "WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"
)
_LINKS = sa.text(
    "SELECT column_name, referenced_table_name, referenced_column_name "
    "FROM information_schema.key_column_usage "
    "WHERE table_schema = :schema AND table_name = :name AND referenced_table_name IS NOT NULL"
)


def readable(connection: Connection) -> dict[str, tuple[str, str]]:
    """(schema, table) of each table and view, by the name that a query uses."""
    default = connection.scalar(sa.text("SELECT DATABASE()"))
    found = [(str(schema), str(name)) for schema, name in connection.execute(_TABLES)]
    return {name if default else f"{schema}.{name}": (schema, name) for schema, name in found}


def columns(connection: Connection, table: tuple[str, str]) -> list[str]:
    """Such as "customer_id int(11) -> customers.id"."""
    place: dict[str, Any] = {"schema": table[0], "name": table[1]}
    links: dict[str, str] = defaultdict(str)
    for column, other, at in connection.execute(_LINKS, place):
        links[column] = f" -> {other}.{at}"
    return [
        f"{name} {str(kind).lower()[:60]}{' key' * (key == 'PRI')}{links[name]}"
        for name, kind, key in connection.execute(_COLUMNS, place)
    ]
