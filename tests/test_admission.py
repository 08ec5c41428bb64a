"""Which requests take room, for whom, and how much of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from service.errors import WorkbookBusy
from service.settings import Settings
from service.web.app import Service
from service.web.room import Room, Stay
from tests.service_fixtures import KEY
from tests.test_errors import FailingEngine

AUTH = {"Authorization": f"Bearer {KEY}"}
ANNA = {**AUTH, "X-User-Id": "anna", "X-Chat-Id": "one"}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(caller, bytes) of each request that came into the room."""
    found: list[tuple[str, int]] = []
    enter, hold = Room.enter, Room.hold

    def entered(self: Room, caller: str) -> Stay:
        found.append((caller, 0))
        return enter(self, caller)

    def held(self: Room, stay: Stay, size: int) -> None:
        found[-1] = (stay.caller, size)
        hold(self, stay, size)

    monkeypatch.setattr(Room, "enter", entered)
    monkeypatch.setattr(Room, "hold", held)
    return found


def test_requests_take_room_by_what_they_send(tmp_path: Path, seen: list[tuple[str, int]]) -> None:
    settings = Settings(data_dir=tmp_path, api_keys=(KEY,))
    with Service(settings, engine=FailingEngine(WorkbookBusy("Busy.", "Later."))) as service:
        http: Any = service.app.test_client()
        for path in ("/health", "/ready", "/", "/openapi.json", "/nothing"):
            http.get(path)
        http.get("/v1/calls/key", headers=ANNA)
        assert http.post("/v1/operations/list_excel_files", json={}).status_code == 401
        assert seen == []
        assert (
            http.post("/v1/operations/list_excel_files", json={}, headers=ANNA).status_code == 200
        )
        sheet = {"file": (io.BytesIO(b"Item\n1\n"), "a.csv")}
        sent = http.post("/v1/files", data=sheet, headers=ANNA)
        assert sent.status_code == 201
        id_ = sent.headers["X-Excel-Session"]
        http.get(f"/v1/sessions/{id_}", headers={**AUTH, "X-Excel-Session": id_})
        assert http.delete(f"/v1/sessions/{id_}", headers=ANNA).status_code == 204
        (json, upload, look, end) = seen
        assert json == ("user anna", 2 * 8)  # of {}
        assert upload[0] == "user anna"
        assert 7 < upload[1] < 1000
        assert look == (f"id {id_}", 0)
        assert end == ("user anna", 0)


def test_a_service_that_stops_is_not_ready(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, api_keys=(KEY,))
    with Service(settings, engine=FailingEngine(WorkbookBusy("Busy.", "Later."))) as service:
        http = service.app.test_client()
        assert http.get("/ready").get_json()["status"] == "ready"
        service.stopping.set()
        assert http.get("/ready").status_code == 503
        assert http.get("/health").status_code == 200
        service.room.close()
        late = http.post("/v1/operations/list_excel_files", json={}, headers=ANNA)
        assert (late.status_code, late.get_json()["error"]["code"]) == (503, "service_busy")
        assert late.headers["Retry-After"] == "5"
