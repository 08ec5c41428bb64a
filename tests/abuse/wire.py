"""Requests as bytes, so that nothing on this side mends what is wrong with them on purpose."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 120.0
_MOST = 8 << 20


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where the connection was closed without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the error in the answer, "" if it is no error of the service's shape."""
        try:
            return str(self.json["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""


def request(method: str, path: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """A request in bytes, with nothing that it was not given but its length and its end."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    named = {name.lower() for name, _ in headers}
    if body and not named & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    return head.encode("utf-8", "surrogateescape") + body


def send(address: tuple[str, int], data: bytes, *, finish: bool = False) -> Answer:
    """Send it and read the whole answer.

    :param finish: say that nothing more comes
    """
    with closing(socket.create_connection(address, timeout=PATIENCE)) as sock:
        try:
            sock.sendall(data)
            if finish:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent: there may be an answer all the same
        return parsed(_read(sock))


def _read(sock: socket.socket) -> bytes:
    found = bytearray()
    try:
        while len(found) < _MOST and (chunk := sock.recv(65_536)):
            found += chunk
    except ConnectionError:
        pass
    return bytes(found)


def parsed(data: bytes) -> Answer:
    """The answer in what a connection gave."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) < 2 or not parts[1].isdigit():
        return Answer(0, {}, data)
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return Answer(int(parts[1]), headers, body)
