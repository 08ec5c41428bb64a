"""An engine process has given up what it does not need: the network, other processes, cores."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from service.engine.confinement import is_confined
from service.settings import Settings, forget_secrets
from tests.processes import ROOT, children, service_process
from tests.service_fixtures import KEY, Chat, MakeService

# Where the filter of system calls exists; elsewhere an engine has its limits only.
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="filters of system calls are Linux's",
)

PROGRAM = """
import ctypes, os, resource, socket, subprocess, sys
from service.engine.confinement import confine, is_confined, landlock_version

assert confine(1 << 20) and is_confined()
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert resource.getrlimit(resource.RLIMIT_FSIZE) == (1 << 30, 1 << 30)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    try:
        socket.socket(family, socket.SOCK_RAW)
    except PermissionError:
        continue
    raise AssertionError(family)
# Nor what listens at a file, as the process does that starts the engines.
try:
    socket.socket(socket.AF_UNIX).connect("nowhere")
except PermissionError:
    pass
[end.close() for end in socket.socketpair()]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 13
parent, refused = os.getppid(), []
for what in (
    lambda: open(f"/proc/{parent}/environ", "rb").read(),
    lambda: open(f"/proc/{parent}/mem", "rb").read(1),
    lambda: os.readlink(f"/proc/{parent}/cwd"),
    lambda: os.kill(parent, 0),
):
    try:
        what()
    except PermissionError:
        refused.append(what)
assert len(refused) >= (4 if landlock_version() >= 6 else 3 if landlock_version() >= 4 else 0)
assert os.path.exists(f"/proc/{os.getpid()}/environ") and open("/proc/self/environ", "rb").read()
os.kill(subprocess.Popen(["sleep", "60"]).pid, 9)  # its own it may end
# Nor does anything that it starts come further.
child = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
ended = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
assert "PermissionError" in ended.stderr, ended.stderr
"""


def test_a_confined_process_reaches_no_network_nor_what_it_starts() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr


def descendants(pid: int) -> set[int]:
    found = children(pid)
    return found | {deeper for child in found for deeper in descendants(child)}


def test_the_processes_that_hold_workbooks_are_confined(make_service: MakeService) -> None:
    before = {pid for pid in descendants(os.getpid()) if is_confined(pid)}
    chat = Chat(make_service())
    chat.op("create_excel_file", filename="a.xlsx", headers=["A"], rows=[["=1+1"]])
    assert {pid for pid in descendants(os.getpid()) if is_confined(pid)} - before


def test_an_engine_knows_none_of_the_secrets_of_its_service(tmp_path: Path) -> None:
    secrets = {"secret_key": "signs-links-4711", "metrics_key": "for-metrics-4711"}
    with service_process(tmp_path, KEY, engines="1", **secrets) as process:
        url = process.health_url.removesuffix("/health")
        headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": "ada", "X-Chat-Id": "a"}
        made = requests.post(
            f"{url}/v1/operations/create_excel_file",
            json={"filename": "a.xlsx", "headers": ["A"]},
            headers=headers,
            timeout=120,
        )
        assert made.status_code == 200
        engines = {pid for pid in descendants(process.pid) if is_confined(pid)}
        told = b"".join(Path(f"/proc/{pid}/environ").read_bytes() for pid in engines)
    assert engines
    assert b"PATH=" in told
    assert not [one for one in (KEY, *secrets.values()) if one.encode() in told]


def test_what_a_database_is_asked_with_is_forgotten_as_well() -> None:
    shops = '{"shop": {"url": "postgresql://a:${SHOP_WORD}@db/c", "users": "*"}}'
    environ = {"PATH": "/bin", "SHOP_WORD": "x", "EXCEL_TOOLS_DATABASES": shops, "OTEL_A": "b"}
    forget_secrets(environ, Settings.from_env(environ))
    assert environ == {"PATH": "/bin"}
