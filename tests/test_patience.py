"""Clients that send slowly, or not at all, keep nobody else from an answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests

from service.patience import PatientSocket, TooSlowError
from tests.processes import ServerProcess, service_process
from tests.service_fixtures import KEY


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        yield ours, theirs


def test_what_comes_is_read(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    patient = PatientSocket(ours, 60)
    theirs.sendall(b"GET /")
    assert patient.recv(100) == b"GET /"
    theirs.close()
    assert patient.recv(100) == b""


def test_who_sends_nothing_is_left(ends: tuple[socket.socket, socket.socket]) -> None:
    patient = PatientSocket(ends[0], 0.01)
    with pytest.raises(TooSlowError):
        patient.recv(100)
    with pytest.raises(TooSlowError):  # and stays so for this request
        patient.recv(100)
    patient.begin()
    ends[1].sendall(b"again")
    assert patient.recv(100) == b"again"


def test_a_bound_of_the_caller_counts_as_well(ends: tuple[socket.socket, socket.socket]) -> None:
    patient = PatientSocket(ends[0], 60)
    patient.settimeout(0.01)
    assert patient.gettimeout() == 0.01
    with pytest.raises(TimeoutError):
        patient.recv(100)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[ServerProcess]:
    """A service of two threads that waits for a second."""
    settings = {"threads": "2", "request_seconds": "1", "engines": "1"}
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
    assert "Traceback" not in log, log[-3000:]
