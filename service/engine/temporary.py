"""Where the service and its engines keep what they need for a moment.

Each start of the service has a folder of its own, in one for all services of the system's
user. It is locked as long as the service runs, so that the next start can tell what was left
behind by a service that was killed, and remove it. (A lock on a folder also tells systemd,
which clears /tmp of what is old, to leave it alone.)
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from service.workbook import libreoffice

_TRIES = 100


class Temporary:
    """The folder of this start of the service; what killed services left is removed first.

    :param root: where the folders are; one in the system's for temporary files otherwise
    """

    def __init__(self, root: Path | None = None) -> None:
        root = root or _root()
        for folder in sorted(root.iterdir()):
            _sweep(folder)
        self.path, self._lock = _made(root)

    def __repr__(self) -> str:
        return f"<Temporary {str(self.path)!r}>"

    def close(self) -> None:
        """Remove it."""
        if self._lock >= 0:
            removed(self.path)
            os.close(self._lock)
            self._lock = -1


def removed(folder: Path) -> None:
    """Remove a folder, and the sockets of a LibreOffice that was killed with its profile there.

    Who was killed may have left a process that still writes there; the next sweep takes that.
    """
    for home in folder.glob(f"**/{libreoffice.HOME_PREFIX}*"):
        libreoffice.socket_of(home).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    """The folder for all services of this user, of which nobody else has a say."""
    path = Path(tempfile.gettempdir(), f"excel-tools-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if ours and not stat.S_IMODE(found.st_mode) & 0o077:
        return path
    return Path(tempfile.mkdtemp(prefix=f"{path.name}-"))  # somebody else took the name


def _made(root: Path) -> tuple[Path, int]:
    """(folder, descriptor that holds its lock)."""
    for _ in range(_TRIES):
        path = root / secrets.token_hex(4)  # short: a socket's path has 107 bytes at most
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            descriptor = _locked(path)
            if descriptor >= 0:  # else a service that starts now took it for one left behind
                return path, descriptor
    raise FileExistsError(f"no temporary folder could be made in {root}")


def _sweep(folder: Path) -> None:
    """Remove the folder of a service that no longer runs."""
    descriptor = _locked(folder)
    if descriptor >= 0:
        removed(folder)
        os.close(descriptor)


def _locked(folder: Path) -> int:
    """A descriptor that holds the lock; -1 if it is somebody else's, or the folder is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return -1
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.lstat()):  # nobody swept it meanwhile
            return descriptor
    os.close(descriptor)
    return -1
