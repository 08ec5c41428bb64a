"""What a driver raised, told without its address, account, password or file."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import psycopg
import pymysql
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from service.errors import (
    DatabaseUnavailable,
    ExcelToolsError,
    OperationTooSlow,
    StatementFailed,
    StatementRefused,
)
from service.sources import Source
from service.sql_words import advice

_LONGEST = 400
_HIDDEN = "..."
_FUNCTION = re.compile(r"function:? (?:\w+\.)?(\w+)", re.IGNORECASE)
# PostgreSQL's classes of errors that are about the statement or its data.
_POSTGRES_STATEMENT = ("0A", "20", "21", "22", "23", "26", "42", "44", "54", "P0")
_POSTGRES_REFUSED = ("42501", "25")  # no right to it; it does not go with this transaction
_POSTGRES_SLOW = ("57014", "55P03", "25P03")
_SQLITE_FILE = (
    "unable to open",
    "not a database",
    "disk image is malformed",
    "malformed database schema",
)
_MYSQL_SLOW = (1969, 3024, 1205, 1317, 1028)
_MYSQL_READ_ONLY = (1792, 1290, 1142, 1143, 1370, 1044, 1227)
_MYSQL_CONNECTION = range(2000, 3000)
_MYSQL_ACCOUNT = (1040, 1045, 1049, 1129, 1130, 1152, 1184, 1203, 1226, 1251, 1698)


def told(error: Exception, source: Source) -> ExcelToolsError:
    """The error that a caller may read."""
    original: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(original, psycopg.Error):
        return _postgres(original, source)
    if isinstance(original, pymysql.err.Error):
        return _mysql(original, source)
    if isinstance(original, sqlite3.Error):
        return _sqlite(original, source)
    if isinstance(error, ArgumentError):
        return unavailable(source)
    return StatementFailed(
        f'The result of the query on "{source.name}" can\'t be read ({type(original).__name__}).',
        "Cast unusual columns to text, or leave them out.",
    )


def unavailable(source: Source) -> DatabaseUnavailable:
    """The database can't be asked; why is for the operator to find out."""
    return DatabaseUnavailable(
        f'The database "{source.name}" can\'t be reached or does not let the service in.',
        "Try again in a moment; if that does not help, tell the operator.",
    )


def misconfigured(source: Source) -> DatabaseUnavailable:
    """The database can't be asked because of how it is set up."""
    return DatabaseUnavailable(
        f'The database "{source.name}" is not set up rightly.',
        "Tell the operator of this service.",
    )


def too_slow(source: Source) -> OperationTooSlow:
    """The query was stopped at its time limit."""
    return OperationTooSlow(
        f'The query took longer than the {source.seconds} seconds that "{source.name}" allows; '
        "it was stopped.",
        "Ask for less: filter, aggregate or limit it in SQL.",
    )


def _postgres(error: psycopg.Error, source: Source) -> ExcelToolsError:
    state = error.sqlstate or ""
    if state in _POSTGRES_SLOW:
        return too_slow(source)
    if state.startswith(_POSTGRES_REFUSED):
        return _refused(error.diag.message_primary, source)
    if state.startswith(_POSTGRES_STATEMENT):
        hint = error.diag.message_hint or ""
        return _failed(f"{error.diag.message_primary}. {hint}".strip(" ."), source)
    if isinstance(error, psycopg.DataError):  # of the driver: a date beyond year 9999
        return _failed(str(error), source)
    return unavailable(source)


def _mysql(error: pymysql.err.Error, source: Source) -> ExcelToolsError:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = str(error.args[1]) if len(error.args) > 1 else ""
    if number in _MYSQL_SLOW or ("timed out" in message and number == 2013):
        return too_slow(source)
    if not number or number in _MYSQL_CONNECTION or number in _MYSQL_ACCOUNT:
        return unavailable(source)
    if number in _MYSQL_READ_ONLY:
        # These name the account and its host: 'reader'@'10.0.0.7'.
        return _refused(re.sub(r"(for user|to user) '.*?'@'.*?'", "", message), source)
    return _failed(message, source)


def _sqlite(error: sqlite3.Error, source: Source) -> ExcelToolsError:
    message = str(error)
    if message in ("interrupted", "database is locked"):
        return too_slow(source)
    if "not authorized" in message or "readonly" in message or "prohibited" in message:
        return _refused(message, source)
    if any(words in message for words in _SQLITE_FILE):
        return unavailable(source)
    return _failed(message, source)


def _refused(message: str | None, source: Source) -> StatementRefused:
    return StatementRefused(
        f'The database "{source.name}" does not allow this: {scrubbed(message or "", source)}.',
        'Only reading is allowed; action="tables" tells what can be read.',
    )


def _failed(message: str, source: Source) -> StatementFailed:
    return StatementFailed(
        f'{source.kind} says of the query on "{source.name}": {scrubbed(message, source)}.',
        f"{_function_advice(message, source)}Correct the SQL; texts stand in single quotes, and "
        'action="tables" shows tables and columns.',
    )


def _function_advice(message: str, source: Source) -> str:
    found = _FUNCTION.search(message)
    return advice(found[1], source.kind) if found else ""


def scrubbed(message: str, source: Source) -> str:
    """The text without anything of the source's URL that would tell where and who."""
    text = " ".join(message.split())
    for secret in _secrets(source):
        text = re.sub(re.escape(secret), _HIDDEN, text, flags=re.IGNORECASE)
    return text[:_LONGEST].rstrip(".")


def _secrets(source: Source) -> list[str]:
    """What must not be told, the longest first."""
    found = {source.url, source.url.partition("://")[2]}
    try:
        url = sa.make_url(source.url)
    except ArgumentError:
        return sorted(found, key=len, reverse=True)
    if source.kind == "SQLite":
        found |= {url.database or "", (url.database or "").rpartition("/")[2]}
    else:
        found |= {url.password or "", url.host or "", url.username or ""}
    return sorted((text for text in found if len(text) >= 3), key=len, reverse=True)
