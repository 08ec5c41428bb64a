"""What an engine process gives up before it reads files of strangers: the network above all.

On Linux (x86-64 and ARM) a filter of system calls (seccomp) holds for the process and all that it
starts, LibreOffice included: no socket that leads to another process, no look into one. Linux 6.7
and later (Landlock) also keeps their environment and memory from being read as files, and from
6.12 on they can't be sent signals. It needs no rights and holds in containers; elsewhere there is
none.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import socket
import struct
import sys
from dataclasses import dataclass

_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_SET_FILTER, _ALL_THREADS = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
# Where struct seccomp_data has the number of the call, the kind of machine, the first argument.
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16
_FOREIGN_CALLS = 0x40000000  # those of x32 begin there
# The same on all machines.
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_VERSION = 1  # asks which there is
_WITH_NETWORK, _WITH_SCOPES = 4, 6
_TCP, _SCOPES = 3, 3  # to listen and to connect; sockets without a file, and signals
# With these, root reads other processes whatever Landlock says: sys_ptrace, sys_admin, perfmon.
_READING = 1 << 19 | 1 << 21 | 1 << 38
_CAPABILITIES_VERSION = 0x20080522
# A file that an engine writes may be this large, in unpacked sizes of a workbook.
_FILE_SIZES = 4


@dataclass(frozen=True)
class _Machine:
    """Numbers of a kind of machine: of itself, and of its system calls."""

    audit: int
    seccomp: int
    socket: int
    # io_uring_setup, ptrace, process_vm_readv, process_vm_writev, bpf, connect
    refused: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, 41, (425, 101, 310, 311, 321, 42)),
    "aarch64": _Machine(0xC00000B7, 277, 198, (425, 117, 270, 271, 280, 203)),
}


def confine(max_unpacked: int) -> bool:
    """Give up what an engine does not need; whether the network is among it.

    :param max_unpacked: bytes of the largest workbook
    """
    size = max(1 << 30, _FILE_SIZES * max_unpacked)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    _give_up_reading(libc)
    _stay_apart(libc)
    code = _program(machine)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HL", len(code) // 8, ctypes.addressof(held))
    return bool(libc.syscall(machine.seccomp, _SET_FILTER, _ALL_THREADS, program) == 0)


def _give_up_reading(libc: ctypes.CDLL) -> None:
    """Have no right to look into other processes, where root had it."""
    head = struct.pack("Ii", _CAPABILITIES_VERSION, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(head, held) == 0:
        low, high = ~_READING & 0xFFFFFFFF, ~(_READING >> 32) & 0xFFFFFFFF
        sets = struct.unpack("6I", held.raw)
        left = [one & (high if at >= 3 else low) for at, one in enumerate(sets)]
        libc.capset(head, struct.pack("6I", *left))


def _stay_apart(libc: ctypes.CDLL) -> None:
    """Enter a domain of Landlock: what is outside of it can't be looked into."""
    version = landlock_version()
    if version < _WITH_NETWORK:
        return
    rules = struct.pack("QQQ", 0, _TCP, _SCOPES)[: 24 if version >= _WITH_SCOPES else 16]
    handle = libc.syscall(_LANDLOCK_CREATE, rules, len(rules), 0)
    if handle >= 0:
        libc.syscall(_LANDLOCK_RESTRICT, handle, 0)
        os.close(handle)


def landlock_version() -> int:
    """Which version of Landlock the system has; -1 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION))


def _program(machine: _Machine) -> bytes:
    """The filter, in the instructions of BPF."""
    refused, calls = _REFUSE | errno.EACCES, machine.refused
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, refused),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _FOREIGN_CALLS),
        (_RETURN, 0, 0, refused),
        *((_EQUAL, len(calls) - at + 2, 0, call) for at, call in enumerate(calls)),
        (_EQUAL, 0, 3, machine.socket),
        (_LOAD, 0, 0, _ARGUMENT),
        (_EQUAL, 1, 0, socket.AF_UNIX),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def is_confined(process: int = 0) -> bool:
    """Whether a process has such a filter, by what Linux says of it; 0 for this one."""
    with open(f"/proc/{process or os.getpid()}/status", encoding="ascii", errors="replace") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    return lines.get("Seccomp", "").strip() == "2"
