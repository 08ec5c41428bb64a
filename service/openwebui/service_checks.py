"""The doctor's look at the service: its settings, its disk, and the service that runs."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from service import __version__
from service.openwebui import shared_checks
from service.openwebui.api import ahead
from service.openwebui.findings import (
    Finding,
    advice,
    fault,
    in_container,
    is_loopback,
    ok,
    only_in_containers,
)
from service.sessions.keys import own_key
from service.settings import Settings
from service.web.identity import HEADER, UserTokens
from service.workbook import libreoffice

_TIMEOUT = 30.0
_LEAST_FREE = 256 << 20
MOST_SKEW = 60.0
_USER = "doctor"
# How long a key is good that is made where all configured ones are hashed.
_KEY_SECONDS = 600.0
_ROOM = (
    "Make room, or move EXCEL_TOOLS_DATA_DIR to a larger disk. Old sessions are ended by: "
    "python -m service sessions purge --idle-days 7"
)
_PUBLIC = (
    "Set EXCEL_TOOLS_PUBLIC_URL to the address at which people's browsers reach the service, with "
    "its port or through a proxy, and start the service anew."
)


def checks(settings: Settings) -> Iterator[Finding]:
    """Everything about the service, from the settings to a workbook that is made and fetched."""
    yield from _listening(settings)
    written = list(_folder(settings.data_dir))
    yield from written
    if written[0].name != "disk":
        yield from _disk(settings)
    yield from _libreoffice(settings)
    yield from shared_checks.checks(settings)
    running = list(_running(settings))
    yield from running
    if all(finding.state == "ok" for finding in running):
        yield from _trial(settings)


# Settings, disk, programs -----------------------------------------------------------


def _listening(settings: Settings) -> Iterator[Finding]:
    if settings.host != settings.listen_host:
        yield fault(
            "listening",
            f"EXCEL_TOOLS_HOST is {settings.host}, but without keys the service listens on "
            "127.0.0.1 alone: no container and no other machine reaches it.",
            "Set EXCEL_TOOLS_API_KEYS, for example to the output of: openssl rand -hex 32",
        )
    else:
        yield ok("listening", f"set to {settings.listen_host}:{settings.port}")


def _folder(folder: Path) -> Iterator[Finding]:
    try:
        _write(folder)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        yield (
            fault("disk", f"{folder}: {error.strerror}.", _ROOM)
            if full
            else _unwritable(folder, error)
        )
        return
    closed = [str(path) for path in _parts(folder) if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        yield _unwritable(Path(closed[0]), PermissionError(13, "Permission denied"))
    else:
        yield ok("data folder", f"{folder} can be written")


def _write(folder: Path) -> None:
    """Write a file there; nothing of it stays, nor a folder that was not there."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"x" * 4096)
    finally:
        probe.unlink(missing_ok=True)
        if is_new:
            folder.rmdir()


def _parts(folder: Path) -> list[Path]:
    if not folder.exists():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _unwritable(path: Path, error: OSError) -> Finding:
    user = os.getuid() if hasattr(os, "getuid") else "this user"
    return fault(
        "data folder",
        f"{path} can't be written by user {user}: {error.strerror or error}.",
        f"Give the folder to that user (chown -R {user} {path}), or name another one in "
        "EXCEL_TOOLS_DATA_DIR. A volume of the image belongs to user 10001: a folder of the "
        "machine that is mounted there needs chown -R 10001:10001. Doctor and service have to "
        "run as the same user.",
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    there = settings.data_dir
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    told = f"{free >> 20:,} MiB free at {settings.data_dir}"
    if free < _LEAST_FREE:
        yield fault(
            "disk",
            f"{told}: the disk is full, or nearly.",
            _ROOM,
        )
    elif free < settings.bytes_per_user:
        yield advice(
            "disk",
            f"{told}, and one user may keep {settings.bytes_per_user >> 20:,} MiB.",
            "Make room, or lower EXCEL_TOOLS_BYTES_PER_USER.",
        )
    else:
        yield ok("disk", told)


def _libreoffice(settings: Settings) -> Iterator[Finding]:
    program = libreoffice.found_program(settings.libreoffice)
    if program:
        yield ok("LibreOffice", program)
        return
    why = "switched off" if settings.libreoffice == libreoffice.OFF else "not found"
    yield advice(
        "LibreOffice",
        f"{why}: no export as PDF or PNG, and .xls, .xlsb and .ods come as values alone.",
        "Install it (Debian: apt-get install libreoffice-calc) where the service "
        "runs, and leave EXCEL_TOOLS_LIBREOFFICE at auto.",
    )


# The service that runs ----------------------------------------------------------------


def local_address(settings: Settings) -> str:
    """Where the service is to be found from its own machine or container."""
    host = settings.listen_host
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _running(settings: Settings) -> Iterator[Finding]:
    address = local_address(settings)
    try:
        answer = requests.get(f"{address}/health", timeout=_TIMEOUT, allow_redirects=False)
        body = answer.json()
    except ValueError:
        yield _foreign(settings, "no JSON")
        return
    except requests.RequestException as error:
        yield _silent(settings, address, error)
        return
    if not isinstance(body, dict) or body.get("status") != "ok" or "version" not in body:
        yield _foreign(settings, f"status {answer.status_code}")
        return
    if body["version"] == __version__:
        yield ok("service", f"version {__version__} answers at {address}")
    else:
        yield fault(
            "service",
            f"Version {body['version']} runs at {address}, and this is {__version__}.",
            "Start the service anew.",
        )
    yield from clock("clock of the service", ahead(answer))


def _foreign(settings: Settings, why: str) -> Finding:
    return fault(
        "service",
        f"Port {settings.port} is taken: something else answers there ({why}).",
        "Stop that program, or give the service another port (EXCEL_TOOLS_PORT; SERVICE_PORT for "
        "compose), and the valve service_url the same.",
    )


def _silent(settings: Settings, address: str, error: Exception) -> Finding:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", settings.port)) == 0
    if taken and not isinstance(error, requests.Timeout):
        return _foreign(settings, "not HTTP")
    return fault(
        "service",
        f"Nothing answers at {address} ({type(error).__name__}).",
        "Start it: make serve, or docker compose up --detach. If it runs, doctor has to have the "
        "same settings as the service: run it in the same environment or container.",
    )


def clock(name: str, seconds: float | None) -> Iterator[Finding]:
    """Whether a clock agrees with ours; seconds that it is ahead."""
    if seconds is None:
        return
    if abs(seconds) <= MOST_SKEW:
        yield ok(name, "agrees with this machine's")
        return
    way = "ahead of" if seconds > 0 else "behind"
    yield fault(
        name,
        f"It is {abs(seconds):,.0f} seconds {way} this machine's.",
        "Set both clocks by NTP (timedatectl set-ntp true): links and sign-ins expire by them.",
    )


# A workbook, from beginning to end ------------------------------------------------------


class _Trial:
    """A session that makes one workbook, and is deleted."""

    def __init__(self, settings: Settings) -> None:
        self.address = local_address(settings)
        key = own_key(settings, "doctor", _KEY_SECONDS)
        chat = f"doctor-{uuid.uuid4().hex}"
        self.headers = {"X-User-Id": _USER, "X-Chat-Id": chat}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        if settings.user_token_secret:
            tokens = UserTokens(settings.user_token_secret, time.time)
            self.headers[HEADER] = tokens.sign(_USER)
        self.session = str(self._send("POST", "/v1/sessions", {})["session_id"])
        self.headers["X-Excel-Session"] = self.session

    def operate(self, name: str, **parameters: Any) -> dict[str, Any]:
        return self._send("POST", f"/v1/operations/{name}", parameters)

    def end(self) -> None:
        self._send("DELETE", f"/v1/sessions/{self.session}", None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        answer = requests.request(
            method, self.address + path, json=body, headers=self.headers, timeout=_TIMEOUT * 4
        )
        found = answer.json() if answer.content else {}
        if not answer.ok:
            raise _Refused(found["error"])
        return dict(found)


class _Refused(Exception):
    """The service answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code, self.hint = error["code"], error["hint"]


def _trial(settings: Settings) -> Iterator[Finding]:
    try:
        trial = _Trial(settings)
        try:
            answer = trial.operate("create_excel_file", filename="doctor", rows=[["=1+1"]])
            rows = trial.operate("read_excel_range")["result"]["rows"]
            yield from _made(settings, str(answer["files"][0]["download_url"]), rows)
        finally:
            trial.end()
    except _Refused as error:
        yield _refused(error)
    except (requests.RequestException, ValueError, LookupError, TypeError) as error:
        yield fault(
            "engines",
            f"The service broke off when it was to make a workbook ({type(error).__name__}).",
            "See its log.",
        )


def _refused(error: _Refused) -> Finding:
    if error.code == "unauthorized":
        return fault(
            "API key",
            "The service that runs does not know the first key of EXCEL_TOOLS_API_KEYS.",
            "It was started with other keys: start it anew, and set the valve api_key to one of "
            "these keys.",
        )
    if error.code == "storage_failed":
        return fault("data folder", f"The service can't store anything: {error}", error.hint)
    return fault(
        "engines",
        f"The service could not make a workbook ({error.code}): {error}",
        "The engine processes do not start or have no room: raise EXCEL_TOOLS_ENGINE_MEMORY_MB "
        "(2048) or EXCEL_TOOLS_ENGINE_DEADLINE (60), lower EXCEL_TOOLS_ENGINES, give the "
        "container more memory (SERVICE_MEMORY), and see the log.",
    )


def _made(settings: Settings, link: str, rows: list[list[Any]]) -> Iterator[Finding]:
    if rows == [[2]]:
        yield ok("engines", "a workbook was made and calculated")
    else:
        yield fault("engines", f"=1+1 came to {rows}.", "Reinstall what requirements.lock names.")
    path = urlsplit(link).path
    local = local_address(settings) + path[path.rfind("/files/") :]
    if requests.get(local, timeout=_TIMEOUT).status_code != 200:
        yield fault(
            "links",
            "A link that was made just now does not work.",
            "EXCEL_TOOLS_LINK_TTL may be too short, or the clock jump.",
        )
    yield from _public(settings.link_address, link)


def _public(public: str, link: str) -> Iterator[Finding]:
    name, cure = "PUBLIC_URL", _PUBLIC
    if only_in_containers(public):
        yield fault(name, f"Links start with {public}, which no browser knows.", cure)
        return
    try:
        answer = requests.get(link, timeout=_TIMEOUT)
    except requests.RequestException as error:
        if is_loopback(public) and in_container():
            # The port that the container is published on is not known in it.
            yield advice(name, f"{public} works for browsers on this machine alone.", cure)
            return
        yield fault(name, f"Links start with {public}: no answer ({type(error).__name__}).", cure)
        return
    if answer.status_code != 200 or not answer.content.startswith(b"PK"):
        yield fault(name, f"Links start with {public}, where something else answers.", cure)
    elif is_loopback(public):
        yield advice(name, f"{public} works for browsers on this machine alone.", cure)
    else:
        yield ok(name, f"links at {public} work")
