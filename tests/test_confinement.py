"""An engine process has given up what it does not need: the network, other processes, cores."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from service.engine.confinement import is_confined
from tests.processes import ROOT, children
from tests.service_fixtures import Chat, MakeService

# Where the filter of system calls exists; elsewhere an engine has its limits only.
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="filters of system calls are Linux's",
)

PROGRAM = """
import ctypes, resource, socket, subprocess, sys
from service.engine.confinement import confine, is_confined

assert confine(1 << 20) and is_confined()
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert resource.getrlimit(resource.RLIMIT_FSIZE) == (1 << 30, 1 << 30)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    try:
        socket.socket(family, socket.SOCK_RAW)
    except PermissionError:
        continue
    raise AssertionError(family)
socket.socket(socket.AF_UNIX).close()
[end.close() for end in socket.socketpair()]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 13
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
