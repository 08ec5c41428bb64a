"""Real PostgreSQL and MariaDB servers for tests, from the programs of this machine.

Each listens on loopback on a port of its own, with its data in a temporary folder, and ends
with the run. Both hold the same small shop, and an account that may read it and, in other
schemas, nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from service.sources import Source, read_sources
from tests.processes import clean_environ, free_port

READER, PASSWORD = "shop_reader", "p@ss:w0rd/7731"
QUOTED = "p%40ss%3Aw0rd%2F7731"
SHOPS = Path(__file__).resolve().parent / "shops"


def _plain_user() -> dict[str, Any]:
    """Who runs the server: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that the server's user owns; its path is short, as sockets need it."""
    folder = Path(tempfile.mkdtemp(prefix="excel-tools-db-"))
    try:
        who = _plain_user()
        if who:
            os.chown(folder, who["user"], who["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=clean_environ() | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            cwd=folder,
            start_new_session=True,
            **_plain_user(),
        )
    try:
        _await(process, folder, port)
        yield
    finally:
        process.send_signal(signal.SIGINT if "postgres" in command[0] else signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _await(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError((folder / "server.log").read_text(errors="replace")[-3000:])


def _set_up(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env=clean_environ() | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        timeout=120,
        **_plain_user(),
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _shop(name: str) -> list[str]:
    """The statements that make the shop."""
    text = (SHOPS / f"{name}.sql").read_text()
    text = text.replace("{reader}", READER).replace("{password}", PASSWORD)
    return [statement for statement in text.split(";\n") if statement.strip()]


# PostgreSQL ---------------------------------------------------------------------------


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of the reader's account at a PostgreSQL server that holds the shop."""
    port = free_port()
    with _folder() as folder:
        data = str(folder / "data")
        _set_up(["initdb", "-D", data, "-U", "owner", "-A", "trust", "-N", "-E", "UTF8"], folder)
        command = ["postgres", "-D", data, "-p", str(port), "-k", str(folder)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        with _running([*command, "-c", "timezone=UTC"], folder, port):
            address = f"host=127.0.0.1 port={port} user=owner dbname=postgres"
            with _ready(lambda: psycopg.connect(address, autocommit=True)) as connection:
                for statement in _shop("postgres"):
                    connection.execute(statement)
            # Only now are passwords asked for.
            hba = folder / "data" / "pg_hba.conf"
            hba.write_text("host all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n")
            with psycopg.connect(
                f"host={folder} port={port} user=owner dbname=postgres", autocommit=True
            ) as connection:
                connection.execute("SELECT pg_reload_conf()")
            _until_password_counts(port)
            yield f"postgresql://{READER}:{QUOTED}@127.0.0.1:{port}/postgres"


def _until_password_counts(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=owner dbname=postgres").close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)
    raise RuntimeError("the server goes on asking for no password")


def _ready(connect: Any) -> Any:
    """A connection, as soon as the server takes one."""
    end = time.monotonic() + 60
    while True:
        try:
            return connect()
        except (psycopg.OperationalError, pymysql.err.OperationalError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


# MariaDB ------------------------------------------------------------------------------


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """The URL of the reader's account at a MariaDB server that holds the shop."""
    port = free_port()
    with _folder() as folder:
        data, socket_file = f"--datadir={folder}/data", f"--socket={folder}/s"
        plain = ["--no-defaults", data]
        install = ["mariadb-install-db", *plain, "--auth-root-authentication-method=normal"]
        _set_up([*install, "--skip-test-db", "--skip-name-resolve"], folder)
        command = ["mariadbd", *plain, socket_file, f"--port={port}", "--bind-address=127.0.0.1"]
        command += ["--skip-log-bin", f"--pid-file={folder}/pid", "--default-time-zone=+00:00"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]
        with _running(command, folder, port):
            with (
                _ready(
                    lambda: pymysql.connect(unix_socket=f"{folder}/s", user="root", autocommit=True)
                ) as connection,
                connection.cursor() as cursor,
            ):
                for statement in _shop("mariadb"):
                    cursor.execute(statement)
            yield f"mariadb://{READER}:{QUOTED}@127.0.0.1:{port}/shop"


# SQLite -------------------------------------------------------------------------------


def sqlite_shop(path: Path, **facts: Any) -> Source:
    """The shop as an SQLite file, by default open to everybody."""
    connection = sqlite3.connect(path)
    connection.executescript((SHOPS / "sqlite.sql").read_text())
    connection.close()
    return source_of("shop", f"sqlite:///{path}", **facts)


def source_of(name: str, url: str, **facts: Any) -> Source:
    """A database as an operator sets it up, by default open to everybody."""
    given = json.dumps({name: {"url": url, "users": ["*"], **facts}})
    (source,) = read_sources(given, {})
    return source
