"""Checkpoints: the editor's whole state in a file, so that a journal need not be replayed.

A checkpoint only saves time. It is written and read by the same versions of Python and the
editor, or not used at all; the base file and the journal remain the truth. It holds pickled
objects, so it must come from the data folder, which nobody but the service writes to.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path

import openpyxl

_MAGIC = b"excel-tools checkpoint 1\n"
_VERSION = f"python {sys.version_info[0]}.{sys.version_info[1]} openpyxl {openpyxl.__version__}\n"


class UnusableCheckpointError(Exception):
    """A checkpoint that is damaged, or was written by other versions."""


def write(path: Path, book: openpyxl.Workbook, losses: tuple[str, ...]) -> None:
    """Write a checkpoint as a whole or not at all."""
    data = pickle.dumps((book, losses), protocol=5)
    head = _MAGIC + _VERSION.encode() + hashlib.sha256(data).hexdigest().encode() + b"\n"
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(head)
            file.write(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> tuple[openpyxl.Workbook, tuple[str, ...]]:
    """What a checkpoint holds.

    :raises UnusableCheckpointError: saying why it can't be used
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableCheckpointError(str(error)) from error
    head = content.split(b"\n", 3)
    if len(head) != 4 or head[0] + b"\n" != _MAGIC:
        raise UnusableCheckpointError("it is cut short")
    if head[1] + b"\n" != _VERSION.encode():
        raise UnusableCheckpointError(f"it was written by {head[1].decode(errors='replace')}")
    if hashlib.sha256(head[3]).hexdigest().encode() != head[2]:
        raise UnusableCheckpointError("its checksum does not fit")
    book, losses = pickle.loads(head[3])
    return book, losses
