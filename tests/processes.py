"""Real processes for tests: start on a free loopback port, wait until it answers, stop."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

ROOT = Path(__file__).resolve().parents[1]


class ProcessError(RuntimeError):
    """A process of a test did not start; the message ends with its log."""


def free_port() -> int:
    """A TCP port that nothing on 127.0.0.1 listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """One server in a process group of its own, ready once ``health_url`` answers 200.

    :param command: program and arguments
    :param env: the whole environment of the process
    :param log: file that takes what it prints, appended over restarts
    :param deadline: seconds within which it must answer
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        health_url: str,
        log: Path,
        cwd: Path = ROOT,
        deadline: float = 240,
    ) -> None:
        self.command = list(command)
        self.env = dict(env)
        self.health_url = health_url
        self.log = log
        self.cwd = cwd
        self.deadline = deadline
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Id of the process; it leads the group of the same id."""
        if self._process is None:
            raise ProcessError(f"{self.command[0]} is not running")
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self.deadline
        while time.monotonic() < end:
            if process.poll() is not None:
                raise ProcessError(f"ended with {process.returncode}:\n{self.log_tail()}")
            try:
                if requests.get(self.health_url, timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise ProcessError(f"no answer within {self.deadline} s:\n{self.log_tail()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """End the process and its group; the exit status, or None if it never ran."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            os.kill(process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        # What the leader left behind: workers of a server that was killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait(10)

    def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop, and start again with the same command, port and data."""
        self.stop(how)
        self.start()

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def clean_environ() -> dict[str, str]:
    """The environment without the settings of this product and of Open WebUI."""
    foreign = ("EXCEL_TOOLS_", "OPENAI_", "OLLAMA_", "WEBUI_", "RAG_")
    return {name: text for name, text in os.environ.items() if not name.startswith(foreign)}


def service_process(folder: Path, api_key: str, **settings: str) -> ServerProcess:
    """``python -m service`` with its data and log in ``folder``; not started yet.

    :param settings: further settings without prefix, in lower case (``session_ttl="5"``)
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = clean_environ() | {
        "EXCEL_TOOLS_HOST": "127.0.0.1",
        "EXCEL_TOOLS_PORT": str(port),
        "EXCEL_TOOLS_PUBLIC_URL": url,
        "EXCEL_TOOLS_API_KEYS": api_key,
        "EXCEL_TOOLS_DATA_DIR": str(folder / "data"),
    }
    env |= {f"EXCEL_TOOLS_{name.upper()}": text for name, text in settings.items()}
    return ServerProcess(
        [sys.executable, "-m", "service"],
        env=env,
        health_url=f"{url}/health",
        log=folder / "service.log",
    )


def add_server_programs() -> None:
    """Distributions keep the servers' programs outside of the usual path."""
    more = [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), "/usr/sbin"]
    # Where .ci/run puts them.
    more += [str(ROOT / "build" / "s3rver" / "node_modules" / ".bin")]
    more += [str(ROOT / "build" / "caddy" / "usr" / "bin")]
    known = os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*known, *(f for f in more if f not in known)])


def children(pid: int) -> set[int]:
    """Ids of the processes that ``pid`` has started and that still run."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z" and int(fields[1]) == pid:
                found.add(int(entry.name))
    return found


def end(pid: int, how: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal to a process that a test has started; False if it has ended already."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return False
    return True


def failures_in(log: str) -> list[str]:
    """The lines in a service's log that tell of an error that nobody had expected.

    Engines tell of each file that made a reader fail, which is what some files are for.
    """
    told = [line for line in log.splitlines() if '"traceback": ' in line or "Traceback (" in line]
    return [line for line in told if '"logger": "excel_tools.engine"' not in line]
