"""SQL of each kind of database, read and written so that its words stay what they are.

The parser knows functions of thirty databases by their meaning, and writes them as another one
has them, where it can: what it can't, such as the format of to_char in SQLite, it would leave
out. Here a function keeps its name and arguments, so that the database itself takes or refuses
it; only functions with a grammar of their own, such as CAST(a AS text), are taken apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generator import Generator
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.generators.sqlite import SQLiteGenerator
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.parsers.sqlite import SQLiteParser

_GRAMMAR = {"CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "OVERLAY", "JSON_OBJECT"}
_OF_MYSQL = {"CHAR", "CONVERT", "GROUP_CONCAT", "JSON_TABLE", "JSON_VALUE", "MATCH", "VALUES"}
_OF_MYSQL |= {"WEIGHT_STRING", "SUBSTR"}


def _kept(parsers: Mapping[str, Callable[..., Any]], names: set[str]) -> dict[str, Any]:
    return {name: parser for name, parser in parsers.items() if name in names}


def _regexp(generator: Generator, node: exp.Expression) -> str:
    """MariaDB has the operator only."""
    return generator.binary(node, "REGEXP")  # type: ignore[arg-type]


class _SQLiteParser(SQLiteParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _kept(SQLiteParser.FUNCTION_PARSERS, _GRAMMAR)


class _SQLiteWriter(SQLiteGenerator):
    TRANSFORMS: ClassVar = {**SQLiteGenerator.TRANSFORMS}
    TRANSFORMS.pop(exp.Select, None)


class _SQLiteWords(SQLite.Tokenizer):
    # The first of them is written. What stands in double quotes and is no column is a text to
    # SQLite: a misspelt name would be an answer.
    IDENTIFIERS: ClassVar = ["`", '"', ("[", "]")]


class ServerSQLite(SQLite):
    Tokenizer = _SQLiteWords
    Parser = _SQLiteParser
    Generator = _SQLiteWriter


class _PostgresParser(PostgresParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _kept(PostgresParser.FUNCTION_PARSERS, _GRAMMAR)


class _PostgresWriter(PostgresGenerator):
    TRANSFORMS: ClassVar = {**PostgresGenerator.TRANSFORMS}
    TRANSFORMS.pop(exp.Select, None)


class ServerPostgres(Postgres):
    Parser = _PostgresParser
    Generator = _PostgresWriter


class _MySQLParser(MySQLParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _kept(MySQLParser.FUNCTION_PARSERS, _GRAMMAR | _OF_MYSQL)


class _MySQLWriter(MySQLGenerator):
    TRANSFORMS: ClassVar = {**MySQLGenerator.TRANSFORMS, exp.RegexpLike: _regexp}
    TRANSFORMS.pop(exp.Select, None)


class ServerMySQL(MySQL):
    """MySQL as all its relatives understand it."""

    Parser = _MySQLParser
    Generator = _MySQLWriter


DIALECTS: dict[str, type[Dialect]] = {
    "SQLite": ServerSQLite,
    "PostgreSQL": ServerPostgres,
    "MySQL": ServerMySQL,
    "MariaDB": ServerMySQL,
    "TiDB": ServerMySQL,
}
