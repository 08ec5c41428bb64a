"""Redis and an S3-compatible store for tests: real servers on loopback, each in a new folder."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import ServerProcess, clean_environ, free_port

# What s3rver takes: it keeps what it is sent in a folder, and is there within seconds.
S3_KEY = S3_SECRET = "S3RVER"


class Server(ServerProcess):
    """A server that is ready once it takes connections."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        log = folder / f"{Path(command[0]).name}.log"
        super().__init__(command, env=clean_environ(), health_url="", log=log, cwd=folder)
        self.deadline = 60

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self.deadline
        while time.monotonic() < end:
            assert process.poll() is None, self.log_tail()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError(f"no answer within {self.deadline} s: {self.log_tail()}")


@dataclass
class Shared:
    """Both servers, running."""

    redis: Server
    s3: Server

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to use them."""
        return {
            "redis_url": f"redis://127.0.0.1:{self.redis.port}/0",
            "s3_endpoint": f"http://127.0.0.1:{self.s3.port}",
            "s3_access_key": S3_KEY,
            "s3_secret_key": S3_SECRET,
        }


@contextlib.contextmanager
def shared_servers(folder: Path) -> Iterator[Shared]:
    """Both of them, with their data in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    port, s3_port = free_port(), free_port()
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
    redis += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", str(folder)]
    s3 = ["s3rver", "-a", "127.0.0.1", "-p", str(s3_port), "-d", str(folder / "objects")]
    s3 += ["--silent"]
    with Server(redis, port, folder) as first, Server(s3, s3_port, folder) as second:
        yield Shared(first, second)


@pytest.fixture(scope="session")
def shared_of_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Both servers, for all tests that do not end them."""
    with shared_servers(tmp_path_factory.mktemp("shared")) as shared:
        yield shared
