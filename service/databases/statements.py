"""Is it one statement that only reads? It is parsed, and what is run is made from the tree.

So the server never sees a comment, a trick of quoting or a second statement that the parser
did not see. Reading only is secured twice more: by the transaction, and by the account.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from service.databases.dialects import DIALECTS, ServerMySQL
from service.databases.functions import ALLOWED, TYPED_REFUSED
from service.errors import StatementRefused
from service.sql_words import advice, bare, turn_advice

LONGEST = 20_000

_ROOTS = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)
_REFUSED: dict[type[object], str] = {
    exp.DML: "it changes data",
    exp.DDL: "it changes tables",
    exp.Command: "it is a command",
    exp.Into: "INTO writes",
    exp.Lock: "it locks rows",
    exp.Parameter: "@ and $ are variables, and there are none",
    exp.SessionParameter: "@@ is a setting of the server",
    exp.Placeholder: "it has a placeholder without a value; write the value",
    exp.PropertyEQ: "it sets a variable",
}
_OF_MYSQL = r"(information_schema|mysql|performance_schema|sys|metrics_schema)$"
_SYSTEM_SCHEMAS = {
    "SQLite": r"\0",  # none
    "PostgreSQL": r"pg_|information_schema$",
    "MySQL": _OF_MYSQL,
    "MariaDB": _OF_MYSQL,
    "TiDB": _OF_MYSQL,
}
_NONE = ("\0",)
_SYSTEM_TABLES = {
    "SQLite": ("pragma_",),
    "PostgreSQL": ("pg_",),
    "MySQL": _NONE,
    "MariaDB": _NONE,
    "TiDB": _NONE,
}
_DATES = frozenset(
    [exp.DType.DATE, exp.DType.DATETIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME]
)
_OF_SYSTEM = re.compile(r'(.*\.)?"?(reg\w+"?$|(pg|information)_)', re.IGNORECASE)
_ROLES = frozenset({"current_role", "current_user"})
_WHO = {
    "PostgreSQL": _ROLES | {"user", "session_user", "system_user"},
    **dict.fromkeys(("MySQL", "MariaDB", "TiDB"), _ROLES),
}
_TELL = "Send one SELECT (WITH, UNION and VALUES are fine too)."


def checked(sql: str, kind: str, functions: Collection[str] = ()) -> str:
    """The statement as it is run, of one that only reads.

    :param kind: of the database, such as "PostgreSQL"
    :param functions: further functions that the operator allows
    :raises StatementRefused: saying what is in the way
    """
    dialect = DIALECTS[kind]
    tree = _parsed(bare(sql), kind)
    if not isinstance(tree, _ROOTS):
        raise StatementRefused(f"The statement is no query: it is {_word(tree)}.", _TELL)
    _check(tree, kind, functions)
    made = tree.sql(dialect=dialect, comments=False)
    again = _parsed(made, kind)
    _check(again, kind, functions)
    if again.sql(dialect=dialect, comments=False) != made:
        raise StatementRefused(
            f"The statement can't be read as {kind} without a doubt.", "Write it more simply."
        )
    return made


def _parsed(sql: str, kind: str) -> exp.Expression:
    if not sql.strip():
        raise StatementRefused("The parameter sql is empty.", _TELL)
    if len(sql) > LONGEST:
        raise StatementRefused(
            f"The statement has {len(sql):,} characters; it may have {LONGEST:,}.", "Shorten it."
        )
    # What it logs quotes the statement.
    logging.getLogger("sqlglot").disabled = True
    try:
        found = [one for one in sqlglot.parse(sql, read=DIALECTS[kind]) if not _is_empty(one)]
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise StatementRefused(
            f"The statement can't be read as {kind}{_place(error)}.",
            f"{turn_advice(sql, kind)}Correct it; it is written in the SQL of {kind}. {_TELL}",
        ) from None
    if len(found) != 1:
        raise StatementRefused(
            f"There are {len(found)} statements; one is run at a time.", "Send them one by one."
        )
    tree = found[0]
    assert isinstance(tree, exp.Expression)
    return tree


def _is_empty(one: object) -> bool:
    return one is None or isinstance(one, exp.Semicolon)


def _place(error: Exception) -> str:
    facts = error.errors[0] if getattr(error, "errors", None) else {}  # type: ignore[attr-defined]
    if not isinstance(facts, dict) or not facts.get("line"):
        return ""
    near = str(facts.get("highlight") or "")[:40]
    return f" (line {facts['line']}, column {facts['col']}" + (f', near "{near}")' if near else ")")


def _check(tree: exp.Expression, kind: str, functions: Collection[str]) -> None:
    for node in tree.walk():
        for refused, why in _REFUSED.items():
            if isinstance(node, refused) and not isinstance(node, _ROOTS):
                raise StatementRefused(f"The statement is refused: {why}.", _TELL)
        if isinstance(node, exp.Table):
            _check_table(node, kind)
        if isinstance(node, exp.Column):
            _check_column(node, kind)
        _check_meaning(node, kind)
        if isinstance(node, exp.DataType) and _OF_SYSTEM.match(node.sql()):
            raise StatementRefused(
                f"The type {node.sql().lower()[:40]} tells of the database system itself.", _TELL
            )
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
            _check_function(_dotted(node), kind, (), functions)
        elif isinstance(node, exp.Dot) and kind == "PostgreSQL" and not _is_name(node):
            _refuse_dot(node)
        elif isinstance(node, exp.Func) and not _has_schema(node):
            _check_call(node, kind, functions)


def _is_name(node: exp.Dot) -> bool:
    """Whether it is no more than a name of several parts, such as that of a type."""
    return all(isinstance(part, exp.Identifier) for part in node.flatten())


def _refuse_dot(node: exp.Dot) -> None:
    """To PostgreSQL, (x).f is f(x) where x has no such field: any function can be called so."""
    raise StatementRefused(
        f"The field {node.expression.name[:60] or '*'} of a value can't be asked for here.",
        "Name the columns themselves, without parentheses.",
    )


def qualified_names(statement: str, kind: str) -> list[str]:
    """Names behind a point, as the database takes them: "total" of "SELECT o.Total"."""
    columns = _parsed(statement, kind).find_all(exp.Column)
    names = [column.this for column in columns if column.table]
    found = {name.name if name.args.get("quoted") else name.name.lower() for name in names}
    return sorted(found - {"*", ""})


def _has_schema(node: exp.Func) -> bool:
    """Whether it is the last part of "schema.function()", which is looked at as a whole."""
    return isinstance(node.parent, exp.Dot) and node.parent.expression is node


def _check_call(node: exp.Func, kind: str, functions: Collection[str]) -> None:
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        _check_function(node.name, kind, () if quoted else ALLOWED[kind], functions)
    elif node.key in _TYPED or any(name.lower() in TYPED_REFUSED for name in node.sql_names()):
        _check_function(node.sql_name(), kind, (), functions)


_TYPED = frozenset(name.replace("_", "") for name in TYPED_REFUSED)


def _check_function(name: str, kind: str, allowed: Collection[str], more: Collection[str]) -> None:
    if name.lower() not in allowed and name.lower() not in more:
        raise StatementRefused(
            f"The function {name.lower()[:60]} is not allowed here ({kind}).",
            f"{advice(name, kind)}Use plain SQL functions; the operator can allow further ones.",
        )


def _dotted(node: exp.Dot) -> str:
    return ".".join(part.name or part.sql() for part in node.flatten())


def _check_table(node: exp.Table, kind: str) -> None:
    if kind == "PostgreSQL" and isinstance(node.this, exp.Identifier) and not node.db:
        _check_who(node.this, kind)
    schemas = [part.lower() for part in (node.db, node.catalog) if part]
    name = node.name.lower()
    system = any(re.match(_SYSTEM_SCHEMAS[kind], schema) for schema in schemas)
    if system or (not schemas and name.startswith(_SYSTEM_TABLES[kind])):
        raise StatementRefused(
            f"{'.'.join([*schemas[::-1], name])[:80]} is a table of the database system itself.",
            'See tables and columns with action="tables".',
        )


def _check_meaning(node: exp.Expr, kind: str) -> None:
    """What the database would take for something else than was meant."""
    if isinstance(node, exp.Cast) and kind == "SQLite" and node.to.this in _DATES:
        raise StatementRefused(
            "SQLite has no dates: as a DATE, the text '2026-02-28' would be the number 2026.",
            "Compare with the text alone, such as day >= '2026-02-01', or use date(day).",
        )
    if isinstance(node, exp.Join) and node.side == "FULL" and DIALECTS[kind] is ServerMySQL:
        raise StatementRefused(
            f"{kind} has no FULL JOIN, and would take the word for an alias.",
            "Write a LEFT JOIN, UNION ALL, and a RIGHT JOIN WHERE the left key IS NULL.",
        )


def _check_column(node: exp.Column, kind: str) -> None:
    """Words that look like a column's name, and tell who is asking."""
    if not node.table:
        _check_who(node.this, kind)


def _check_who(name: exp.Expression, kind: str) -> None:
    if not name.args.get("quoted") and name.name.lower() in _WHO.get(kind, ()):
        _check_function(name.name, kind, (), ())


def _word(tree: exp.Expression) -> str:
    if isinstance(tree, exp.Command):
        return str(tree.this).upper()[:20]
    return tree.key.upper()
