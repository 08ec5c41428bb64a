"""A folder of its own for each process, in one for all; what killed ones left behind is removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from pathlib import Path


class OwnFolder:
    """A new folder below ``root``, locked as long as the process runs."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        # Nobody takes a folder that is being made for one that was left behind.
        with (root / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            for folder in root.iterdir():
                if folder.is_dir():
                    _sweep(folder)
            self.path = root / secrets.token_hex(6)
            self.path.mkdir(mode=0o700)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def __repr__(self) -> str:
        return f"<OwnFolder {str(self.path)!r}>"

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _sweep(folder: Path) -> None:
    """Remove the folder of a process that no longer runs."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # its process removes it itself, just now
        return
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
