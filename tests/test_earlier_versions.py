"""What earlier versions left is opened: every change, every undo, every link.

``tests/earlier/data.tar.xz`` holds data folders of services that were killed in the middle of open
work, one of each version named in ``tests/earlier/make.py``, which made them.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from service.sessions.backup import back_up, trouble
from service.sessions.restore import restore
from service.store.local import LocalStore
from service.web.app import Service
from tests.earlier.make import VERSIONS, snapshot
from tests.processes import ROOT
from tests.service_fixtures import Chat, Clock, MakeService

DATA = ROOT / "tests" / "earlier" / "data.tar.xz"


def unpacked(version: str, folder: Path) -> dict[str, Any]:
    """The data folder of a version as ``folder/data``; what its workbooks held."""
    with tarfile.open(DATA) as archive:
        for entry in archive:
            name = entry.name.removeprefix(f"{version}/")
            # Files that were drawn up then say nothing of what is understood now.
            if name != entry.name and "/drafts/" not in name:
                entry.name = name
                archive.extract(entry, folder, filter="data")
    told: dict[str, Any] = json.loads((folder / "states.json").read_text())
    return told


def held(chat: Chat, book: str) -> dict[str, Any]:
    """What a workbook holds, through the link of its draft, or of its last save."""
    entries = [e for e in chat.op("list_excel_files")["files"] if e["name"] == book]
    drafts = [entry for entry in entries if entry["state"] == "draft"]
    return snapshot(chat.download((drafts or entries)[0]))


def same(found: dict[str, Any], wanted: dict[str, Any], book: str) -> bool:
    """Whether a workbook holds what it held then: all cells, all charts, the looks asked for.

    A workbook made from nothing gets number formats by its headers, and newer versions know more.
    """
    parts = ("cells", "charts", "formats") if book == "sent.xlsx" else ("cells", "charts")
    return all(found[part] == wanted[part] for part in parts)


def opened(make_service: MakeService, folder: Path) -> tuple[Service, Chat]:
    """The service of now, on the evening of the day on which that of then was killed."""
    (record,) = (folder / "data" / "sessions").glob("*/session.json")
    clock = Clock(json.loads(record.read_text())["used"] + 10_000)
    service = make_service(secret_key="a secret of then", clock=clock)
    return service, Chat(service, "anna", "work")


@pytest.mark.parametrize("version", VERSIONS)
def test_open_work_of_an_earlier_version_goes_on(
    version: str, make_service: MakeService, tmp_path: Path
) -> None:
    """As it stood, step by step back to the beginning, and forward again; nothing is left out."""
    told = unpacked(version, tmp_path)
    _, chat = opened(make_service, tmp_path)
    assert chat.id == told["session"]
    for book, states in told["states"].items():
        at = told["at"][book]
        assert same(held(chat, book), states[at], book)
        for state in states[:at][::-1]:
            chat.op("undo_excel_change", workbook=book)
            assert same(held(chat, book), state, book)
        for state in states[1:]:
            chat.op("undo_excel_change", workbook=book, action="redo")
            assert same(held(chat, book), state, book)
        more = {"sheet": next(iter(states[-1]["cells"])), "start": "append"}
        chat.op("write_excel_range", workbook=book, **more, rows=[["now", 1, 2]])
        chat.op("undo_excel_change", workbook=book)
        assert same(held(chat, book), states[-1], book)


@pytest.mark.parametrize("version", VERSIONS)
def test_links_of_an_earlier_version_lead_where_they_did(
    version: str, make_service: MakeService, tmp_path: Path
) -> None:
    told = unpacked(version, tmp_path)
    service, _ = opened(make_service, tmp_path)
    *drafts, version_link = told["links"]
    wanted = {version_link: told["links"][version_link]}
    for path in drafts:
        book = path.rpartition("/")[2]
        wanted[path] = told["states"][book][told["at"][book]]
    for path, state in wanted.items():
        with service.app.test_client().get(f"/files/{path}") as response:
            assert response.status_code == 200, path
            assert same(snapshot(response.get_data()), state, path.rpartition("/")[2])


@pytest.mark.parametrize("version", VERSIONS)
def test_work_of_an_earlier_version_is_backed_up(version: str, tmp_path: Path) -> None:
    told = unpacked(version, tmp_path)
    store, other = LocalStore(tmp_path / "data"), LocalStore(tmp_path / "other")
    assert back_up(store, tmp_path / "all.tar.gz").damaged == {}
    assert restore(other, tmp_path / "all.tar.gz")[0].sessions == 1
    (key,) = other.keys("sessions")
    assert trouble(other, key) == ""
    assert (other.read(f"sessions/{key}/session.json") or {})["id"] == told["session"]


def test_the_folders_stay_small() -> None:
    assert DATA.stat().st_size < 100_000
