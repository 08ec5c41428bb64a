"""LibreOffice as a converter: found, run without a window, and ended when its time is up."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from service import progress
from service.observing import tally

AUTO, OFF = "auto", "off"
# What the names of the folders begin with in which it keeps its profile.
HOME_PREFIX = "office-"
# It puts its socket there, whatever it is told.
_SOCKETS = Path("/tmp")
_NAMES = ("soffice", "libreoffice")
_FILTERS = {"xlsx": "xlsx:Calc MS Excel 2007 XML", "xlsm": "xlsm:Calc MS Excel 2007 VBA XML"}
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>"""
_SETTING = (
    '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse">'
    "<value>{}</value></prop></item>"
)
# A workbook sent by anybody: nothing in it is run, and nothing it refers to is fetched. The
# proxy at a port where nobody listens is for what the other settings do not reach.
_CAREFUL = [
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Misc", "FirstRun", "false"),
    ("Office.Calc/Content/Update", "Link", "1"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
]
_LOAD = "Office.Calc/Formula/Load"
_ALWAYS, _NEVER = "0", "1"


class LibreOfficeError(Exception):
    """LibreOffice did not make the file; the text says why, in words for people."""


class TooSlowError(LibreOfficeError):
    """It was stopped, as its time was up."""


# What this process may use, set up at its start.
_allowed: list[tuple[str, float]] = []


def use(setting: str, seconds: float) -> None:
    """Let operations of this process convert files; without this they can't.

    :param setting: as of ``found_program``
    :param seconds: how long a conversion may take
    """
    _allowed[:] = [(found_program(setting), seconds)]


def allowed() -> tuple[str, float]:
    """(the program or "", seconds that a conversion may take) of this process."""
    return _allowed[0] if _allowed else ("", 0.0)


def found_program(setting: str) -> str:
    """The LibreOffice that a setting means; "" where there is none.

    :param setting: "auto" looks in the PATH, "off" is none, anything else is the program
    """
    if setting == OFF:
        return ""
    names = _NAMES if setting == AUTO else (setting,)
    return next((path for path in map(shutil.which, names) if path), "")


def convert(
    source: Path,
    target_format: str,
    folder: Path,
    *,
    seconds: float,
    program: str,
    recalculate: bool = False,
) -> Path:
    """Have LibreOffice write ``source`` in another format.

    It runs with a profile of its own, so that conversions at the same time do not meet, and
    with the memory limit of the process that asks. The extension of ``source`` should be the
    one of its format.

    :param target_format: "xlsx", "ods", "pdf" ...
    :param folder: where the result goes, under the stem of ``source``
    :param seconds: after which LibreOffice and all it started are killed
    :param program: as ``found_program`` gives it
    :param recalculate: calculate formulas anew instead of keeping the file's own results
    :raises LibreOfficeError: if it is missing, fails, or takes too long
    """
    if not program:
        raise LibreOfficeError("LibreOffice is not installed here")
    target = folder / f"{source.stem}.{target_format}"
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as home:
        write_profile(Path(home), recalculate)
        try:
            with progress.doing("converting"):
                said = _run(_command(program, home, source, target_format, folder), home, seconds)
        except TooSlowError:
            tally.count(tally.LIBREOFFICE, "slow")
            raise
        finally:
            socket_of(Path(home)).unlink(missing_ok=True)  # which stays if it was killed
    made = target.exists() and target.stat().st_size
    tally.count(tally.LIBREOFFICE, "ok" if made else "failed")
    if not made:
        raise LibreOfficeError(f"LibreOffice could not read it ({said or 'no reason given'})")
    return target


def socket_of(home: Path) -> Path:
    """The socket at which a LibreOffice with its profile in ``home`` listens."""
    digest = hashlib.md5(home.as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    name = "".join(f"{byte:x}" for byte in digest)  # it writes 4 for 04
    return _SOCKETS / f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{name}"


def write_profile(home: Path, recalculate: bool) -> None:
    """A profile in which LibreOffice runs no macros and fetches nothing.

    :param home: its folder
    :param recalculate: whether formulas are calculated anew when a file is loaded
    """
    mode = _ALWAYS if recalculate else _NEVER
    modes = [(_LOAD, "OOXMLRecalcMode", mode), (_LOAD, "ODFRecalcMode", mode)]
    items = "".join(_SETTING.format(*row) for row in _CAREFUL + modes)
    (home / "user").mkdir(parents=True)
    (home / "user" / "registrymodifications.xcu").write_text(_SETTINGS.format(items))


def _command(program: str, home: str, source: Path, target: str, folder: Path) -> list[str]:
    return [
        program,
        f"-env:UserInstallation={Path(home).as_uri()}",
        "--headless",
        "--norestore",
        "--nologo",
        "--nolockcheck",
        "--convert-to",
        _FILTERS.get(target, target),
        "--outdir",
        str(folder.absolute()),
        str(source.absolute()),
    ]


def _run(command: list[str], home: str, seconds: float) -> str:
    """Run it in a process group of its own; what it said last."""
    # If this process is killed meanwhile, nobody is left to watch; timeout(1) then is.
    watch = shutil.which("timeout")
    watched = [watch, "-s", "KILL", str(int(seconds) + 1)] if watch else []
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    with (Path(home) / "said").open("w+b") as said:
        process = subprocess.Popen(
            [*watched, *command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=home,
            env={**environment, "HOME": home, "TMPDIR": home, "SAL_USE_VCLPLUGIN": "svp"},
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TooSlowError(
                f"LibreOffice took longer than {seconds:.0f} seconds and was stopped"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        lines = said.read(4_000).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:200]
