"""A database in memory that reads no files but those it is told of, and nothing from elsewhere."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import duckdb

_LEAST_MB, _MOST_MB = 128, 1024  # the most for a fourth of the process's memory


def connected(file: Path | None = None, share: int = 4) -> duckdb.DuckDBPyConnection:
    """A new database; its settings are locked.

    :param file: the one file that it may read, until it is :func:`shut`
    :param share: it may use one part in so many of the memory that the process may use
    :raises MemoryError: if there is no room for it
    """
    try:
        return _connected(file, share)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error


def _connected(file: Path | None, share: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": "",
            "memory_limit": f"{_memory(share)}MiB",
            "threads": min(4, os.cpu_count() or 1),
        },
    )
    if file is not None:
        connection.execute(f"SET allowed_paths = [{literal(str(file))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET TimeZone = 'UTC'")
    if file is None:
        shut(connection)
    return connection


def shut(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a database read no file from now on, not even that which it might; for good."""
    ((locked,),) = connection.execute("SELECT current_setting('lock_configuration')").fetchall()
    if not locked:
        connection.execute("SET disabled_filesystems = 'LocalFileSystem'")
        connection.execute("SET lock_configuration = true")


def _memory(share: int) -> int:
    """MiB of one part in so many of what the process may use."""
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    most = _MOST_MB * 4 // share
    allowed = most if soft == resource.RLIM_INFINITY else soft // share >> 20
    return max(_LEAST_MB, min(most, allowed))


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"
