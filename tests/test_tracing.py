"""Traces: one a request, under its caller's, with what engines and store did; no contents."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.logs import setup_logging
from service.observing import tracing
from service.observing.spans import Spans
from service.settings import SettingsError
from service.web.logs import RequestFacts
from tests.processes import ROOT, clean_environ, service_process
from tests.service_fixtures import KEY, Chat
from tests.test_mcp import Client

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
CONTENTS = "never-told-words"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is sent, in this process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing._spans[:] = [Spans(provider)]
    yield exporter
    tracing.stop()


def ended(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    found = list(spans.get_finished_spans())
    spans.clear()
    return found


def way(span: ReadableSpan, among: list[ReadableSpan]) -> list[str]:
    """Names from the request down to the span."""
    by_id = {one.context.span_id: one for one in among}
    names = [span.name]
    while span.parent and span.parent.span_id in by_id:
        span = by_id[span.parent.span_id]
        names.insert(0, span.name)
    return names


REQUEST = "POST /v1/operations/<name>"


def test_a_request_is_one_trace_down_to_the_engine(chat: Chat, spans: InMemorySpanExporter) -> None:
    headers = {**chat.headers, "X-Excel-Session": chat.id, **PARENT}
    body = {"filename": "a", "headers": [CONTENTS, "y"], "rows": [[1, "=A2*2"]]}
    chat.http.post("/v1/operations/create_excel_file", json=body, headers=headers)
    chat.http.post("/v1/operations/save_excel_file", json={}, headers=headers)
    found = ended(spans)
    ways = {tuple(way(one, found)) for one in found}
    created, saved = (f"operation {name}_excel_file" for name in ("create", "save"))
    assert {
        (REQUEST,),
        (REQUEST, created),
        (REQUEST, created, "wait for workbook"),
        (REQUEST, created, "wait for engine"),
        (REQUEST, created, "replay", "engine run", "engine working"),
        (REQUEST, created, "replay", "engine run", "engine calculating"),
        (REQUEST, created, "store write"),
        (REQUEST, saved, "engine save", "engine writing"),
        (REQUEST, saved, "store write"),
    } <= ways
    assert {f"{one.context.trace_id:032x}" for one in found} == {TRACE}
    roots = [one for one in found if one.name == REQUEST]
    assert {f"{one.parent.span_id:016x}" for one in roots if one.parent} == {CALLER}
    root = dict(roots[0].attributes or {})
    assert root["http.route"] == "/v1/operations/<name>"
    assert root["http.response.status_code"] == 200
    assert root["excel.session"] == chat.service.sessions.find(chat.id).data.key
    told = "".join(one.to_json() for one in found)
    for secret in (CONTENTS, chat.id, chat.user, KEY, "a.xlsx"):
        assert secret not in told


def test_a_workbook_that_no_engine_holds_shows_its_replay(
    chat: Chat, spans: InMemorySpanExporter
) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    session = chat.service.sessions.find(chat.id)
    chat.service.engine.forget(session.engine_key(session.open_workbooks()[0]))
    ended(spans)
    chat.op("read_excel_range")
    found = ended(spans)
    (replay,) = (one for one in found if one.name == "replay")
    assert dict(replay.attributes or {}) == {"excel.entries": 1}
    assert [REQUEST, "operation read_excel_range", "replay", "engine run", "engine rebuilding"] in [
        way(one, found) for one in found
    ]


def test_an_error_is_told_by_its_code_alone(chat: Chat, spans: InMemorySpanExporter) -> None:
    chat.op("create_excel_file", filename="a", headers=["x"])
    ended(spans)
    chat.fail("write_excel_range", sheet=CONTENTS, rows=[[1]])
    found = ended(spans)
    (operation,) = (one for one in found if one.name == "operation write_excel_range")
    assert (operation.attributes or {})["excel.code"] == "sheet_not_found"
    assert not operation.status.is_ok
    assert not operation.events
    (root,) = (one for one in found if one.parent is None)
    assert (root.attributes or {})["excel.outcome"] == "sheet_not_found"
    assert root.status.is_unset, "a caller's mistake is no fault of the service"
    assert CONTENTS not in "".join(one.to_json() for one in found)


def test_a_tool_call_by_mcp_belongs_to_its_request(chat: Chat, spans: InMemorySpanExporter) -> None:
    client = Client(chat.service, **PARENT)
    client.begin()
    client.op("create_excel_file", filename="a", headers=["x"])
    found = ended(spans)
    (operation,) = (one for one in found if one.name == "operation create_excel_file")
    assert f"{operation.context.trace_id:032x}" == TRACE
    assert way(operation, found)[0] == "POST /mcp"


def test_the_log_has_the_trace(chat: Chat, spans: InMemorySpanExporter) -> None:
    setup_logging("INFO", RequestFacts())
    logger, out = logging.getLogger("excel_tools"), io.StringIO()
    logger.handlers[0].setStream(out)  # type: ignore[attr-defined]
    try:
        chat.http.get("/health", headers=PARENT)
    finally:
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    assert json.loads(out.getvalue())["trace"] == TRACE


# Whether, and where to --------------------------------------------------------------------

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environ", "wish"),
    [
        ({}, None),
        (ENDPOINT, tracing.Wish("otlp", "excel-tools")),
        ({**ENDPOINT, "OTEL_SERVICE_NAME": "mine"}, tracing.Wish("otlp", "")),
        ({"OTEL_TRACES_EXPORTER": "console"}, tracing.Wish("console", "excel-tools")),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, None),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, None),
    ],
)
def test_the_standard_variables_switch_them_on(environ: dict[str, str], wish: object) -> None:
    assert tracing.wish(environ) == wish


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "needs otlp, console or none"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "needs http/protobuf"),
    ],
)
def test_what_can_not_be_done_is_refused(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        tracing.wish(environ)


def test_without_the_library_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_NEEDED", ("opentelemetry.no_such_thing",))
    with pytest.raises(SettingsError, match=r"pip install -r requirements-otel\.lock"):
        tracing.wish(ENDPOINT)


def test_without_traces_nothing_of_it_is_imported() -> None:
    probe = """
import sys, tempfile
from pathlib import Path
import service.__main__
from service.settings import Settings
from service.web.app import Service

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    with Service(Settings(data_dir=folder, engines=1)) as service:
        assert service.app.test_client().get("/metrics").status_code == 200
    print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, env=clean_environ(), capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


# A real service and a real collector ------------------------------------------------------


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes OTLP over HTTP, and the spans that came there."""
    came: list[Any] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            came.append((self.path, request))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_running_service_sends_its_spans(
    tmp_path: Path, collector: tuple[str, list[Any]]
) -> None:
    address, came = collector
    process = service_process(tmp_path, KEY, engines="1")
    process.env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": address}
    headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": "u", "X-Chat-Id": "c", **PARENT}
    with process:
        url = process.health_url.removesuffix("/health")
        body = {"filename": "a", "headers": ["x"]}
        answer = requests.post(
            f"{url}/v1/operations/create_excel_file", json=body, headers=headers, timeout=120
        )
        assert answer.status_code == 200, answer.text
    assert {path for path, _ in came} == {"/v1/traces"}
    found = [
        (resource, span)
        for _, request in came
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        if span.trace_id.hex() == TRACE
    ]
    names = {span.name for _, span in found}
    assert {REQUEST, "operation create_excel_file", "engine run", "engine working"} <= names
    for resource, _ in found:
        facts = {fact.key: fact.value.string_value for fact in resource.resource.attributes}
        assert facts["service.name"] == "excel-tools"


def test_a_service_whose_collector_is_gone_works_all_the_same(tmp_path: Path) -> None:
    process = service_process(tmp_path, KEY, engines="1")
    process.env |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    with process:
        assert requests.get(process.health_url, timeout=60).status_code == 200
    for line in process.log.read_text().splitlines():
        json.loads(line)
