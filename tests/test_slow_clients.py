"""Clients that send slowly, or not at all, keep nobody else from an answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.processes import ServerProcess, failures_in, service_process
from tests.service_fixtures import KEY


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[ServerProcess]:
    """A service of two threads that waits for a second."""
    settings = {"threads": "2", "slow_seconds": "1", "engines": "1"}
    with service_process(tmp_path, KEY, **settings) as process:
        yield process


SENT = {
    "nothing": b"",
    "half a line": b"GET /hea",
    "half the headers": b"GET /health HTTP/1.1\r\nHost: a\r\n",
    "half a body": (
        b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        + KEY.encode()
        + b'\r\nContent-Length: 1000\r\n\r\n{"user"'
    ),
    "half a refused body": (
        b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{"
    ),
}


def test_probes_that_never_end_keep_no_probe_waiting(tmp_path: Path) -> None:
    """A service that seems dead is killed by what looks after it; nobody may bring that about."""
    with ExitStack() as held:
        process = held.enter_context(service_process(tmp_path, KEY, slow_seconds="3600"))
        host, port = process.health_url.removeprefix("http://").partition("/")[0].split(":")
        for sent in (
            b"GET /health",
            b"GET /ready HTTP/1.1\r\n",
            b"GET /metrics HTTP/1.1\r\na: b\r\n",
        ):
            for _ in range(2):
                client = held.enter_context(closing(socket.create_connection((host, int(port)))))
                client.sendall(sent)
        assert requests.get(process.health_url, timeout=60).status_code == 200


def test_slow_clients_hold_no_thread(busy: ServerProcess) -> None:
    address = busy.health_url.removesuffix("/health")
    host, port = address.removeprefix("http://").split(":")
    with ExitStack() as held:
        for sent in SENT.values():
            for _ in range(6):
                client = held.enter_context(closing(socket.create_connection((host, int(port)))))
                client.sendall(sent)
        answer = requests.get(f"{address}/health", timeout=120)
        assert answer.status_code == 200
        opened = requests.post(
            f"{address}/v1/sessions",
            json={"user": "a", "chat": "b"},
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=120,
        )
        assert opened.status_code == 201
    log = busy.log.read_text()
    assert failures_in(log) == []


SLOW_PROBES = {
    "half the head": b"GET /health HTTP/1.1\r\nHost: a\r\n",
    "half the body": b"GET /ready HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n",
    "nothing there": b"GET /healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n",
}


def test_slow_probes_keep_no_other_waiting(tmp_path: Path) -> None:
    """A service that does not answer probes is restarted: nobody may bring that about."""
    settings = {"threads": "2", "slow_seconds": "600", "engines": "1"}
    with service_process(tmp_path, KEY, **settings) as process, ExitStack() as held:
        address = process.health_url.removesuffix("/health")
        host, port = address.removeprefix("http://").split(":")
        for sent in SLOW_PROBES.values():
            for _ in range(2):
                client = held.enter_context(closing(socket.create_connection((host, int(port)))))
                client.sendall(sent)
        for path in ("/health", "/ready"):
            assert requests.get(f"{address}{path}", timeout=60).status_code == 200


def is_well(client: HTTPConnection) -> bool:
    client.request("GET", "/health")
    answer = client.getresponse()
    answer.read()
    return answer.status == 200


def test_idle_connections_make_room(tmp_path: Path) -> None:
    """They may stay for long, but not keep others out: the oldest go where there are many."""
    with service_process(tmp_path, KEY, engines="1") as process, ExitStack() as held:
        host, port = process.health_url.removeprefix("http://").removesuffix("/health").split(":")
        clients = []
        for _ in range(520):
            client = HTTPConnection(host, int(port), timeout=60)
            clients.append(held.enter_context(closing(client)))
            assert is_well(client)
        first = clients[0].sock
        assert first is not None
        assert first.recv(1) == b""  # closed for those that came later
        assert is_well(clients[-1])
