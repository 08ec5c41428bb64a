"""Calls of functions that look like columns.

To PostgreSQL, ``x.shout`` is ``shout(x)`` where x has no column of that name: what the check of
words knows as a column may be any function of one argument. Only the server knows which.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.engine import Connection

from service.databases.functions import ALLOWED
from service.databases.statements import qualified_names
from service.errors import StatementRefused

_POSTGRES = "PostgreSQL"
_FUNCTIONS = """
SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p
WHERE p.proname = ANY(%s) AND p.pronargs > 0 AND p.pronargs - p.pronargdefaults <= 1
AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attname = p.proname AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%')
"""


def refuse_hidden_calls(
    connection: Connection, statement: str, kind: str, more: Collection[str]
) -> None:
    """Check that what stands behind points are columns, or functions that are allowed.

    :param more: further functions that the operator allows
    :raises StatementRefused: naming one that is not
    """
    names = qualified_names(statement, kind) if kind == _POSTGRES else []
    if not names:
        return
    for (name,) in connection.exec_driver_sql(_FUNCTIONS, (names,)):
        if name not in ALLOWED[_POSTGRES] and name not in more:
            raise StatementRefused(
                f"No table has a column {name[:60]}, and the function of that name is not "
                "allowed here (PostgreSQL).",
                "If it is a name that the statement gives, choose another one.",
            )
