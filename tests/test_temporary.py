"""What the service needs for a moment is gone when it ends, and after a kill at its next start."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from service.engine.pool import EnginePool
from service.engine.temporary import Temporary, removed
from service.settings import Settings
from service.workbook import libreoffice
from tests.processes import ServerProcess, children, end, service_process
from tests.service_fixtures import KEY
from tests.test_durability import engines_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A system's folder for temporary files, with a path as short as such ones are."""
    path = Path(tempfile.mkdtemp(prefix="t-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(tmp_path: Path, folder: Path) -> Iterator[ServerProcess]:
    process = service_process(tmp_path, KEY, engines="1", log_level="WARNING")
    process.env["TMPDIR"] = str(folder)
    with process:
        yield process


def starts(folder: Path) -> list[Path]:
    """The folders of the services that were started."""
    return sorted(folder.glob(f"excel-tools-{os.getuid()}/*"))


def ask_for_values(server: ServerProcess, chat: str) -> None:
    """Have an engine calculate, which keeps a question for the second calculator."""
    address = server.health_url.removesuffix("/health")
    headers = {"Authorization": f"Bearer {KEY}"}
    owner = {"user": "one", "chat": chat}
    opened = requests.post(f"{address}/v1/sessions", json=owner, headers=headers, timeout=30)
    headers |= {"X-Excel-Session": opened.json()["session_id"]}
    for name, parameters in (
        ("create_excel_file", {"filename": "a", "headers": ["A", "B"], "rows": [[1, "=A2*2"]]}),
        ("read_excel_range", {}),
    ):
        sent = {"json": parameters, "headers": headers, "timeout": 30}
        assert requests.post(f"{address}/v1/operations/{name}", **sent).ok


def test_a_killed_engine_leaves_nothing_once_it_is_replaced(
    server: ServerProcess, folder: Path
) -> None:
    ask_for_values(server, "first")
    (start,) = starts(folder)
    (engine,) = start.glob("engines-*/*")
    assert list(engine.rglob("question.xlsx"))
    for pid in engines_of(server):
        end(pid)
    ask_for_values(server, "second")
    assert not engine.exists()
    assert len(list(start.glob("engines-*/*"))) == 1


def test_a_killed_service_leaves_nothing_after_its_next_start(
    server: ServerProcess, folder: Path
) -> None:
    ask_for_values(server, "first")
    (before,) = starts(folder)
    assert list(before.glob("pymp-*/*"))  # the socket of its processes
    os.killpg(server.pid, signal.SIGKILL)
    server.restart(signal.SIGKILL)
    ask_for_values(server, "second")
    (after,) = starts(folder)
    assert after != before
    assert {path.name for path in folder.iterdir()} == {f"excel-tools-{os.getuid()}"}


def test_a_worker_that_is_killed_is_swept_by_the_one_that_takes_its_place(
    server: ServerProcess, folder: Path
) -> None:
    (before,) = starts(folder)
    for pid in children(server.pid):
        end(pid)
    until = time.monotonic() + 30
    while before.exists() or not starts(folder):
        assert time.monotonic() < until, "the folder is still there"
        time.sleep(0.05)


def test_a_service_that_ends_leaves_nothing(server: ServerProcess, folder: Path) -> None:
    ask_for_values(server, "first")
    server.stop()
    assert starts(folder) == []
    assert "Traceback" not in server.log_tail()


def test_the_folder_of_a_running_service_is_left_alone(tmp_path: Path) -> None:
    first = Temporary(tmp_path)
    second = Temporary(tmp_path)
    assert first.path.is_dir()
    assert first.path != second.path
    first.close()
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_folder_of_that_name_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    foreign = tmp_path / f"excel-tools-{os.getuid()}"
    foreign.mkdir()
    foreign.chmod(0o777)
    temporary = Temporary()
    assert temporary.path.parent.name.startswith(f"{foreign.name}-")
    assert list(foreign.iterdir()) == []
    temporary.close()


def test_a_pool_that_is_closed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with EnginePool(Settings(data_dir=tmp_path / "data", engines=1)):
        assert list(tmp_path.glob("engines-*/*"))
    assert not list(tmp_path.glob("engines-*"))


@pytest.mark.needs("soffice")
def test_the_socket_of_a_killed_libreoffice_is_removed(tmp_path: Path) -> None:
    home = tmp_path / f"{libreoffice.HOME_PREFIX}1"
    libreoffice.write_profile(home, recalculate=False)
    program = libreoffice.found_program("auto")
    environment = {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home)}
    with (tmp_path / "said").open("wb") as said:
        pid = os.posix_spawn(
            program,
            [program, f"-env:UserInstallation={home.as_uri()}", "--headless", "--norestore"],
            environment,
            setpgroup=0,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, said.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, said.fileno(), 2),
            ],
        )
    socket, until = libreoffice.socket_of(home), time.monotonic() + 30
    while not socket.exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert socket.exists(), "LibreOffice names its socket otherwise"
    removed(tmp_path)
    assert not socket.exists()
