"""GET /metrics: what happens is counted, under few labels, for those who may see it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from service.engine.pool import EnginePool
from service.observing import metrics
from service.observing.audit import Audit
from service.operations.registry import operations
from service.settings import Settings
from service.web.app import Service
from tests.processes import end
from tests.service_fixtures import KEY, Chat, MakeService, error_of, workbook_bytes

OWN_KEY = "key-of-prometheus"
Value = Callable[..., float]


def scraped(service: Service, key: str = KEY, **headers: str) -> TestResponse:
    shown = {"Authorization": f"Bearer {key}"} if key else {}
    return service.app.test_client().get("/metrics", headers=shown | headers)


def value(name: str, **labels: object) -> float:
    """What stands there now; 0 where nothing was counted yet."""
    texts = {label: str(text) for label, text in labels.items()}
    return metrics.REGISTRY.get_sample_value(f"excel_tools_{name}", texts) or 0


@pytest.fixture
def more() -> Value:
    """By how much a figure has grown since it was first looked at, which is when it is named."""
    before: dict[object, float] = {}

    def grown(name: str, **labels: object) -> float:
        place = (name, *sorted(labels.items()))
        return value(name, **labels) - before.setdefault(place, value(name, **labels))

    return grown


# Who may see them -------------------------------------------------------------------


def test_an_api_key_or_its_own_key_opens_it(make_service: MakeService) -> None:
    service = make_service(metrics_key=OWN_KEY)
    assert scraped(service).status_code == 200
    assert scraped(service, OWN_KEY).status_code == 200
    for wrong in ("", "another-key-of-somebody"):
        assert error_of(scraped(service, wrong))["code"] == "unauthorized"


def test_its_own_key_opens_nothing_else(make_service: MakeService) -> None:
    service = make_service(metrics_key=OWN_KEY)
    headers = {"Authorization": f"Bearer {OWN_KEY}"}
    http = service.app.test_client()
    assert http.post("/v1/sessions", json={}, headers=headers).status_code == 401
    assert http.post("/mcp", json={}, headers=headers).status_code == 401


def test_it_is_open_only_if_that_is_set(make_service: MakeService) -> None:
    assert scraped(make_service(metrics_key="open"), "").status_code == 200
    assert scraped(make_service(), "").status_code == 401
    assert scraped(make_service(api_keys=()), "").status_code == 200, "on this machine alone"


def test_it_speaks_both_formats(service: Service) -> None:
    assert scraped(service).headers["Content-Type"].startswith("text/plain; version=")
    found = scraped(service, Accept="application/openmetrics-text; version=1.0.0")
    assert found.headers["Content-Type"].startswith("application/openmetrics-text")
    assert found.get_data().endswith(b"# EOF\n")


# What is counted ---------------------------------------------------------------------


def test_operations_are_counted_by_name_and_outcome(chat: Chat, more: Value) -> None:
    def counted(operation: str, outcome: str) -> float:
        return more("operations_total", operation=operation, outcome=outcome, door="http")

    pairs = [("create_excel_file", "ok"), ("create_excel_file", "repeated")]
    pairs += [("write_excel_range", "sheet_not_found"), ("write_excel_range", "invalid_parameters")]
    assert [counted(*pair) for pair in pairs] == [0, 0, 0, 0]
    timed = {"operation": "create_excel_file"}
    more("operation_seconds_count", **timed)
    for _ in range(2):
        chat.once("k", "create_excel_file", filename="a", headers=["x"])
    chat.fail("write_excel_range", sheet="none", rows=[[1]])
    chat.fail("write_excel_range", nothing=1)
    assert [counted(*pair) for pair in pairs] == [1, 1, 1, 1]
    assert more("operation_seconds_count", **timed) == 2
    assert chat.call("no_such_operation", {}).status_code == 404
    assert "no_such_operation" not in scraped(chat.service).get_data(as_text=True)


def test_files_sessions_links_and_previews_are_counted(chat: Chat, more: Value) -> None:
    data = workbook_bytes()
    ways = ("upload", "save", "export", "download")
    assert not any(more("file_bytes_total", way=way) for way in ways)
    opened = {"how": "new"}, {"how": "resumed"}
    assert not any(more("sessions_opened_total", **how) for how in opened)
    links = {"door": "files", "outcome": "ok"}, {"door": "files", "outcome": "file_not_found"}
    assert not any(more("links_used_total", **link) for link in links)
    more("previews_total", how="page")
    more("sessions_ended_total", by="caller")

    chat.upload(data, "sent.xlsx")
    chat.op("open_excel_file", file="sent.xlsx")
    saved = chat.op("save_excel_file")["files"][0]
    exported = chat.op("export_excel_file", format="csv")["files"][0]
    assert len(chat.download(saved)) == saved["size"]
    chat.http.get("/files/forged/sent.xlsx")
    chat.http.get(chat.op("preview_excel_file")["preview_url"].partition("localhost:9080")[2])
    chat.open()
    sizes = {"upload": len(data), "save": saved["size"], "download": saved["size"]}
    sizes["export"] = exported["size"]
    assert {way: more("file_bytes_total", way=way) for way in ways} == sizes
    assert [more("links_used_total", **link) for link in links] == [1, 1]
    assert more("previews_total", how="page") == 1
    assert [more("sessions_opened_total", **how) for how in opened] == [0, 1]
    chat.http.delete(f"/v1/sessions/{chat.id}", headers=chat.headers)
    assert more("sessions_ended_total", by="caller") == 1


def test_what_engines_do_is_counted_with_their_answers(chat: Chat, more: Value) -> None:
    doing = [{"doing": word} for word in ("working", "calculating", "writing", "rebuilding")]
    assert not any(more("engine_seconds_total", **one) for one in doing)
    more("calculated_cells_total", outcome="agreed")
    more("second_opinions_total", outcome="answered")
    more("rebuilds_total")
    chat.op("create_excel_file", filename="a", headers=["x", "y"], rows=[[1, "=A2*2"]])
    chat.op("read_excel_range")
    chat.op("save_excel_file")
    assert all(more("engine_seconds_total", **one) > 0 for one in doing[:3])
    assert more("calculated_cells_total", outcome="agreed") >= 1
    assert more("second_opinions_total", outcome="answered") >= 1
    assert more("rebuilds_total") == 0
    chat.service.engine.forget(key_of(chat))
    chat.op("read_excel_range")
    assert more("rebuilds_total") == 1
    assert more("engine_seconds_total", **doing[3]) > 0


def key_of(chat: Chat) -> str:
    session = chat.service.sessions.find(chat.id)
    return session.engine_key(session.open_workbooks()[0])


def test_an_engine_that_is_killed_is_told(make_service: MakeService, more: Value) -> None:
    service = make_service()
    chat = Chat(service)
    restarts = {"reason": "killed", "doing": "working"}
    more("engine_restarts_total", **restarts)
    chat.op("create_excel_file", filename="a", headers=["x"])
    scraped(service)
    assert value("engine_processes") == value("engines") == 1
    assert value("workbooks_held", engine=0) == 1
    assert value("engine_memory_bytes", engine=0) > 10 << 20
    assert isinstance(service.engine, EnginePool)
    end(service.engine._slots[0].told().process, signal.SIGKILL)
    chat.op("read_excel_range")
    assert more("engine_restarts_total", **restarts) == 1


def test_waiting_is_told_while_it_lasts_and_afterwards(more: Value) -> None:
    more("queue_seconds_count", queue="engine")
    before = value("queue_waiting", queue="engine")
    with metrics.queued("engine"):
        assert value("queue_waiting", queue="engine") == before + 1
    assert value("queue_waiting", queue="engine") == before
    assert more("queue_seconds_count", queue="engine") == 1


def test_what_alerts_wait_for_is_there_before_it_happens(tmp_path: Path) -> None:
    """Prometheus sees no increase in a figure whose first value is 1."""
    failures = "excel_tools_storage_failures_total"
    with metrics.stored("a new action"):
        assert metrics.REGISTRY.get_sample_value(failures, {"action": "a new action"}) == 0
    Audit(str(tmp_path / "audit.log"))
    assert (
        metrics.REGISTRY.get_sample_value("excel_tools_audit_records_total", {"outcome": "failed"})
        is not None
    )


def test_a_disk_that_fails_is_counted(chat: Chat, more: Value) -> None:
    more("storage_failures_total", action="write")
    session = chat.service.sessions.find(chat.id)
    history = session.parts.store.root / session.folder / "history"
    history.mkdir()
    chat.op("create_excel_file", filename="a", headers=["x"])
    assert more("storage_failures_total", action="write") == 1


def test_what_is_stored_is_counted_now_and_then(make_service: MakeService) -> None:
    service = make_service()
    chats = [Chat(service) for _ in range(3)]
    chats[0].op("create_excel_file", filename="a", headers=["x"])
    service._measuring.look()
    assert value("sessions") == 3
    scraped(service)
    assert value("sessions_in_memory") == 3
    assert value("storage_free_bytes") > 0


# What they do not hold -----------------------------------------------------------------


def test_no_label_holds_a_user_a_chat_a_file_or_a_link(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="very-own-name", headers=["x"])["files"][0]
    chat.download(entry)
    chat.http.get(f"/v1/sessions/{chat.id}", headers=chat.headers)
    chat.http.get("/no/such/place-of-mine")
    chat.http.open("/health", method="STRANGE")
    text = scraped(chat.service).get_data(as_text=True)
    session = chat.service.sessions.find(chat.id).data
    for secret in (chat.user, chat.chat, chat.id, session.key, "very-own-name", "place-of-mine"):
        assert secret not in text
    assert entry["download_url"].split("/")[-2] not in text
    assert "STRANGE" not in text
    labels = {name for family in families(text) for s in family.samples for name in s.labels}
    assert labels - {"le"} <= {label for row in metrics.table() for label in row.labels}


def families(text: str) -> list[object]:
    return list(text_string_to_metric_families(text))


def test_labels_have_few_values() -> None:
    """Routes, operations and error codes are bounded by the code; the rest is a handful."""
    bounded = {"route", "operation", "outcome", "status", "engine", "version", "python"}
    for one in metrics.DECLARED:
        for position, label in enumerate(one._labelnames):
            found = {key[position] for key in one._metrics}
            assert label in bounded or len(found) <= 12, (one, label)
            if label == "operation":
                assert found <= set(operations())


def test_names_follow_the_conventions_and_are_explained() -> None:
    rows = metrics.table()
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert re.fullmatch(r"excel_tools_[a-z_]+", row.name)
        assert row.name.endswith("_total") == (row.kind == "counter"), row.name
        assert row.help.endswith("."), row.name


def test_a_scrape_asks_no_engine_and_looks_at_no_session(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must answer while all engines are busy, however many sessions there are."""
    monkeypatch.setattr(service.engine, "call", None)
    monkeypatch.setattr(type(service.sessions.parts.store), "keys", None)
    assert scraped(service).status_code == 200


def test_without_an_engine_pool_the_rest_is_told(tmp_path: object) -> None:
    class NoEngine:
        def forget(self, workbook: str) -> None: ...

        def close(self) -> None: ...

    settings = Settings(data_dir=tmp_path, api_keys=(KEY,))  # type: ignore[arg-type]
    with Service(settings, engine=NoEngine()) as service:  # type: ignore[arg-type]
        assert scraped(service).status_code == 200
