"""Checkpoints: the editor's whole state in a file, so that a journal need not be replayed.

A checkpoint only saves time. It is written and read by the same versions of Python and the
editor, or not used at all; the base file and the journal remain the truth. It holds pickled
objects, so it must come from the data folder, which nobody but the service writes to.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import os
import pickle
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.table import TableList

_MAGIC = b"excel-tools checkpoint 3\n"
_VERSION = f"python {sys.version_info[0]}.{sys.version_info[1]} openpyxl {openpyxl.__version__}\n"


class UnusableCheckpointError(Exception):
    """A checkpoint that can't be made, is damaged, or was written by other versions."""


class _Pickler(pickle.Pickler):
    """Pickles what openpyxl's workbooks hold and pickle can't do by itself."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            # pickle would call the class with the factory, which openpyxl's take otherwise.
            state = (obj.__dict__, {"default_factory": obj.default_factory})
            return copyreg.__newobj__, (type(obj),), state, None, iter(obj.items())  # type: ignore[attr-defined]
        if isinstance(obj, TableList):
            # Its items() gives ranges instead of tables.
            return copyreg.__newobj__, (TableList,), None, None, iter(dict.items(obj))  # type: ignore[attr-defined]
        if isinstance(obj, zipfile.ZipFile):
            return _archive, ([(name, obj.read(name)) for name in obj.namelist()],)
        return NotImplemented


def _archive(parts: list[tuple[str, bytes]]) -> zipfile.ZipFile:
    """The original package as openpyxl keeps it beside a workbook with macros."""
    archive = zipfile.ZipFile(io.BytesIO(), "a", zipfile.ZIP_DEFLATED)
    for name, data in parts:
        archive.writestr(name, data)
    return archive


def write(path: Path, state: tuple[Any, ...]) -> None:
    """Write a checkpoint as a whole or not at all.

    :param state: the workbook, and what belongs to it

    :raises UnusableCheckpointError: if the workbook holds what can't be put into one
    """
    out = io.BytesIO()
    try:
        _Pickler(out, protocol=5).dump(state)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise UnusableCheckpointError(f"{type(error).__name__}: {str(error)[:200]}") from error
    data = out.getvalue()
    head = _MAGIC + _VERSION.encode() + hashlib.sha256(data).hexdigest().encode() + b"\n"
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(head)
            file.write(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> tuple[Any, ...]:
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
    try:
        state: tuple[Any, ...] = pickle.loads(head[3])
    except FileNotFoundError as error:
        raise UnusableCheckpointError(f"its base file is gone: {error}") from error
    except (MemoryError, OSError):
        raise
    except Exception as error:
        # Whatever is wrong with it, base file and journal give the workbook.
        raise UnusableCheckpointError(f"{type(error).__name__}: {str(error)[:200]}") from error
    return state
