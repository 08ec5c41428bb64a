"""The doctor finds faults that are there for real, and names the cure of each.

Those inside of an Open WebUI are in ``tests/e2e/test_install.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from service.openwebui import doctor
from service.settings import Settings
from tests.processes import ServerProcess, free_port, service_process

KEY = "key-of-the-doctor"
# A program that imports this believes that it is an hour later.
ANOTHER_HOUR = "import time\nreal = time.time\ntime.time = lambda: real() + 3600\n"

NO_ENGINES = "import sys\nif 'forkserver' in str(sys.orig_argv):\n    sys.exit(1)\n"


def found(settings: Settings, *arguments: str) -> dict[str, str]:
    """What is not well: "fault PUBLIC_URL" -> what it is, and its cure."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = doctor.main(["--json", *arguments], settings, {})
    findings = json.loads(out.getvalue())
    assert status == any(f["state"] == "fault" for f in findings)
    return {
        f"{f['state']} {f['name']}": f"{f['what']} {f['cure']}"
        for f in findings
        if f["state"] in ("fault", "advice")
    }


def faults(settings: Settings, *arguments: str) -> dict[str, str]:
    """Only faults, by name."""
    return {
        name.removeprefix("fault "): text
        for name, text in found(settings, *arguments).items()
        if name.startswith("fault ")
    }


def settings_of(process: ServerProcess) -> Settings:
    return Settings.from_env(process.env)


@contextlib.contextmanager
def other_server(body: dict[str, Any]) -> Iterator[str]:
    """The address of a web server that is no service of ours and says this to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def at(address: str, folder: Path, **more: Any) -> Settings:
    port = int(address.rpartition(":")[2])
    return Settings(port=port, data_dir=folder, api_keys=(KEY,), **more)


# Where no service runs ------------------------------------------------------------------


def test_a_service_that_does_not_run(tmp_path: Path) -> None:
    assert "make serve" in faults(at(f":{free_port()}", tmp_path))["service"]


def test_a_port_that_something_else_has(tmp_path: Path) -> None:
    with other_server({"status": "fine"}) as address:
        assert "EXCEL_TOOLS_PORT" in faults(at(address, tmp_path))["service"]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        Thread(target=_hang_up, args=(mute,)).start()
        told = faults(at(f":{mute.getsockname()[1]}", tmp_path))["service"]
        assert "EXCEL_TOOLS_PORT" in told


def _hang_up(server: socket.socket) -> None:
    for _ in range(2):
        connection, _ = server.accept()
        connection.close()


def test_a_service_of_another_version(tmp_path: Path) -> None:
    with other_server({"status": "ok", "version": "0.0.1"}) as address:
        assert "Start the service anew" in faults(at(address, tmp_path))["service"]


def test_an_open_webui_that_is_too_old(tmp_path: Path) -> None:
    with other_server({"version": "0.6.18"}) as address:
        told = faults(at(f":{free_port()}", tmp_path), "--url", address, "--token", "x")
        assert "Update it: 0.9.0" in told["Open WebUI"]


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(0o500)
    # root may write everywhere, but not there
    folder = Path("/proc/excel-tools") if os.access(folder, os.W_OK) else folder
    told = faults(at(f":{free_port()}", folder))["data folder"]
    assert "chown -R 10001:10001" in told
    assert "EXCEL_TOOLS_DATA_DIR" in told


def test_an_address_for_all_without_a_key(tmp_path: Path) -> None:
    settings = Settings(host="0.0.0.0", port=free_port(), data_dir=tmp_path)
    assert "EXCEL_TOOLS_API_KEYS" in faults(settings)["listening"]


def test_a_disk_that_limits_do_not_fit(tmp_path: Path) -> None:
    settings = at(f":{free_port()}", tmp_path, bytes_per_user=10**15)
    assert "EXCEL_TOOLS_BYTES_PER_USER" in found(settings)["advice disk"]


def test_no_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = found(at(f":{free_port()}", tmp_path))["advice LibreOffice"]
    assert "apt-get install libreoffice-calc" in told


# Where one runs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with service_process(tmp_path_factory.mktemp("sound"), KEY, engines="1") as process:
        yield process


def test_where_all_is_well_there_is_no_fault_and_nothing_is_left(process: ServerProcess) -> None:
    settings = settings_of(process)
    assert faults(settings) == {}
    assert list((settings.data_dir / "sessions").iterdir()) == []
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert doctor.main([], settings, {}) == 0
    assert "No fault." in out.getvalue()


def test_another_key_than_that_of_the_service(process: ServerProcess) -> None:
    env = process.env | {"EXCEL_TOOLS_API_KEYS": "another-key-1"}
    assert "api_key" in faults(Settings.from_env(env))["API key"]


def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ANOTHER_HOUR)
    process = service_process(tmp_path, KEY, engines="1")
    process.env["PYTHONPATH"] = str(tmp_path)
    with process:
        told = faults(settings_of(process))
    assert set(told) == {"clock of the service"}
    assert "NTP" in told["clock of the service"]


@pytest.mark.parametrize("public", ["http://excel-tools:9080", "nobody", "somebody"])
def test_links_that_lead_nowhere(tmp_path: Path, public: str) -> None:
    with other_server({}) as somebody:
        addresses = {"nobody": "http://nobody.invalid:9080", "somebody": somebody}
        public = addresses.get(public, public)
        with service_process(tmp_path, KEY, engines="1", public_url=public) as process:
            told = faults(settings_of(process))
    assert set(told) == {"PUBLIC_URL"}
    assert "Set EXCEL_TOOLS_PUBLIC_URL" in told["PUBLIC_URL"]


def test_a_store_that_fails(tmp_path: Path) -> None:
    with service_process(tmp_path, KEY, engines="1") as process:
        sessions = tmp_path / "data" / "sessions"
        if sessions.exists():
            sessions.rmdir()
        sessions.touch()
        told = faults(settings_of(process))
    assert "can't store" in told["data folder"]


def test_engines_that_do_not_start(tmp_path: Path) -> None:
    """What starts their processes ends at once."""
    (tmp_path / "sitecustomize.py").write_text(NO_ENGINES)
    process = service_process(tmp_path, KEY, engines="1")
    process.env["PYTHONPATH"] = str(tmp_path)
    with process:
        told = faults(settings_of(process))
    assert set(told) == {"engines"}, told
    assert "EXCEL_TOOLS_ENGINE_MEMORY_MB" in told["engines"]
