"""A connection that can only read, with limits that the server itself keeps."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from service.databases import failures, sqlite_values
from service.sources import Source

CONNECTING_SECONDS = 10
_LOCK_SECONDS = 5
_SQLITE_LONGEST = 64 << 20  # bytes of a text or statement
_MOST_VIRTUAL = 50
_STEPS = 2_000  # of SQLite's machine, between two looks at the clock


@contextlib.contextmanager
def connected(source: Source) -> Iterator[Connection]:
    """A connection to the source, inside a read-only transaction."""
    engine = _sqlite(source) if source.kind == "SQLite" else _server(source)
    try:
        opened = engine.connect()
    except SQLAlchemyError:
        # Its message says where, who, and sometimes the whole URL.
        raise failures.unavailable(source) from None
    with contextlib.closing(opened) as connection:
        _LIMITS[source.kind](connection, source.seconds)
        yield connection
    engine.dispose()


@contextlib.contextmanager
def ended_at_the_server(connection: Connection, source: Source) -> Iterator[None]:
    """Where the block is interrupted, its statement is ended at the server, too.

    SQLite has no server, and the driver of PostgreSQL does it by itself.
    """
    raw: Any = connection.connection.dbapi_connection
    try:
        yield
    except KeyboardInterrupt:
        if source.kind in ("MySQL", "MariaDB", "TiDB"):
            with _server(source).connect() as other:
                other.exec_driver_sql(f"KILL QUERY {int(raw.thread_id())}")
        raise


def _server(source: Source) -> sa.Engine:
    try:
        url = sa.make_url(source.url)
    except ArgumentError:
        raise failures.misconfigured(source) from None
    if source.kind == "PostgreSQL":
        given: dict[str, Any] = {
            "connect_timeout": CONNECTING_SECONDS,
            "application_name": "excel-tools",
        }
        return _engine(url.set(drivername="postgresql+psycopg"), given)
    given = {
        "connect_timeout": CONNECTING_SECONDS,
        "read_timeout": source.seconds + 5,
        "local_infile": False,
        "charset": "utf8mb4",
    }
    return _engine(url.set(drivername="mysql+pymysql"), given)


def _engine(url: URL, given: dict[str, Any]) -> sa.Engine:
    return sa.create_engine(url, poolclass=NullPool, connect_args=given, hide_parameters=True)


# Limits -----------------------------------------------------------------------------


def _limit_postgres(connection: Connection, seconds: int) -> None:
    connection.execution_options(postgresql_readonly=True)
    milliseconds = seconds * 1000
    for setting, value in (
        ("statement_timeout", milliseconds),
        ("idle_in_transaction_session_timeout", milliseconds + 10_000),
        ("lock_timeout", _LOCK_SECONDS * 1000),
        ("standard_conforming_strings", "on"),
        # Moments are told in UTC: so the first of a month is that of a date in its column, too.
        ("timezone", "'UTC'"),
    ):
        connection.exec_driver_sql(f"SET LOCAL {setting} = {value}")


def _limit_mysql(connection: Connection, seconds: int) -> None:
    # How strings and names are quoted must be what the check of the statement took it for.
    connection.exec_driver_sql("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'")
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"SET SESSION max_statement_time = {seconds}")
    else:
        connection.exec_driver_sql(f"SET SESSION max_execution_time = {seconds * 1000}")
    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    connection.exec_driver_sql("START TRANSACTION READ ONLY")


def _limit_tidb(connection: Connection, seconds: int) -> None:
    connection.exec_driver_sql("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'")
    connection.exec_driver_sql(f"SET SESSION max_execution_time = {seconds * 1000}")
    # TiDB keeps READ ONLY only for transactions that look at a moment of the past.
    connection.exec_driver_sql(
        "START TRANSACTION READ ONLY AS OF TIMESTAMP NOW(3) - INTERVAL 1 SECOND"
    )


def _limit_sqlite(connection: Connection, seconds: int) -> None:
    connection.exec_driver_sql("PRAGMA query_only = ON")
    connection.exec_driver_sql("PRAGMA trusted_schema = OFF")
    raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _SQLITE_LONGEST)
    _open_virtual_tables(raw)
    end = time.monotonic() + seconds
    raw.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
    raw.set_authorizer(_allowed)
    connection.exec_driver_sql("BEGIN")


_LIMITS = {
    "PostgreSQL": _limit_postgres,
    "MySQL": _limit_mysql,
    "MariaDB": _limit_mysql,
    "TiDB": _limit_tidb,
    "SQLite": _limit_sqlite,
}


# SQLite -----------------------------------------------------------------------------

_READS = frozenset(
    [
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    ]
)
_PRAGMAS = frozenset(
    "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list "
    "database_list".split()
)
_FORBIDDEN = frozenset(
    "load_extension readfile writefile edit fts3_tokenizer zeroblob randomblob".split()
)


def _open_virtual_tables(raw: sqlite3.Connection) -> None:
    """Have SQLite make what stands behind virtual tables now: to the authorizer, that is making
    a table."""
    found = raw.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
    names = [str(name) for (name,) in found.fetchmany(_MOST_VIRTUAL)]
    for name in [*names, "json_each", "json_tree"]:
        quoted = name.replace('"', '""')
        # What can't be opened is told by the query that asks for it.
        with contextlib.suppress(sqlite3.Error):
            raw.execute(f'PRAGMA table_info("{quoted}")').fetchall()


def _allowed(action: int, first: str | None, second: str | None, *_: object) -> int:
    """SQLite asks for each thing that a statement would do."""
    fine = action in _READS
    if action == sqlite3.SQLITE_FUNCTION:
        fine = str(second).lower() not in _FORBIDDEN
    elif action == sqlite3.SQLITE_PRAGMA:
        # Those that tell of a table; the others are settings.
        fine = str(first).lower() in _PRAGMAS
    return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY


def _sqlite(source: Source) -> sa.Engine:
    path = sqlite_path(source)
    if not path.is_file():
        raise failures.misconfigured(source)
    sqlite_values.register()

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            timeout=_LOCK_SECONDS,
            detect_types=sqlite3.PARSE_DECLTYPES,
            isolation_level=None,
        )

    return sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)


def sqlite_path(source: Source) -> Path:
    """The file of an SQLite database: ``sqlite:///relative`` or ``sqlite:////absolute``."""
    rest = source.url.partition("://")[2].partition("?")[0]
    return Path(unquote(rest.removeprefix("/"))).absolute()
