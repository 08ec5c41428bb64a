"""The second calculator's process: IronCalc, which some formulas take down or keep for ever.

A request is one line of JSON on standard input: ``path`` of a package, ``cells`` as
[sheet, row, column] with sheets from 0, ``functions`` to look for, ``seconds`` it may take.
The answer is one line on the descriptor that standard output was: ``values`` of the cells
in that order, errors as {"error": "#N/A"}, and the functions that are ``missing``. A process
that takes too long, or too much memory, ends itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

import ironcalc

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer requests until the standard input ends."""
    memory = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _end_with_parent()
    # The library prints what it finds odd; answers have their own way.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    known: dict[str, bool] = {}
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        answer = _answer(request, known)
        signal.setitimer(signal.ITIMER_REAL, 0)
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _end_with_parent() -> None:
    """On Linux the end of the parent, however sudden, ends this process."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(request: dict[str, Any], known: dict[str, bool]) -> dict[str, Any]:
    try:
        missing = [name for name in request["functions"] if not _has(name, known)]
        model = ironcalc.load_from_xlsx(request["path"], "en", "UTC", "en")
        model.evaluate()
        values = [_value(model, *cell) for cell in request["cells"]]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - native code panics with a BaseException
        return {"failed": type(error).__name__}
    return {"values": values, "missing": missing}


def _has(name: str, known: dict[str, bool]) -> bool:
    """A function that is not there makes #NAME?, one without arguments another error."""
    if name not in known:
        model = ironcalc.create("probe", "en", "UTC", "en")
        model.set_user_input(0, 1, 1, f"={name}()")
        model.evaluate()
        known[name] = model.get_cell_value(0, 1, 1) != "#NAME?"
    return known[name]


def _value(model: Any, sheet: int, row: int, column: int) -> object:
    value = model.get_cell_value(sheet, row, column)
    if isinstance(value, str) and value.startswith("#"):
        kind = model.get_cell_type(sheet, row, column)
        if kind == ironcalc.CellType.ErrorValue:
            return {"error": value}
    return value


if __name__ == "__main__":
    main()
