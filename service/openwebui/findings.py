"""What the doctor finds, and what is known about addresses."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

State = Literal["ok", "fault", "advice", "skipped"]

_CONTAINER_NAMES = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to change if it is not well."""

    name: str
    state: State
    what: str
    cure: str = ""


def ok(name: str, what: str) -> Finding:
    return Finding(name, "ok", what)


def fault(name: str, what: str, cure: str) -> Finding:
    return Finding(name, "fault", what, cure)


def advice(name: str, what: str, cure: str) -> Finding:
    return Finding(name, "advice", what, cure)


def skipped(name: str, what: str, cure: str = "") -> Finding:
    return Finding(name, "skipped", what, cure)


def host_of(address: str) -> str:
    return (urlsplit(address).hostname or "").lower()


def is_loopback(address: str) -> bool:
    """Whether an address means the machine or container of whoever uses it."""
    host = host_of(address)
    try:
        return ipaddress.ip_address(host).is_loopback or host == "0.0.0.0"
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def only_in_containers(address: str) -> bool:
    """Whether only containers know the host: a name of Docker, or one of a compose file."""
    host = host_of(address)
    return host in _CONTAINER_NAMES or host in ("excel-tools", "open-webui")


def in_container() -> bool:
    return os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")
