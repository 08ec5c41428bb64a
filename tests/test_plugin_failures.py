"""Whatever goes wrong around the plugin, the model gets one clear answer.

The service's part is played by ``responses``: these roads can't be had from a working one.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import NewConnectionError, ProtocolError

from tests.plugin_fixtures import Page, ToolCalls, check_failure, load_plugin

URL = "http://service.test:9080"
SESSIONS = f"{URL}/v1/sessions"
LISTING = f"{URL}/v1/operations/list_excel_files"
READING = f"{URL}/v1/operations/read_excel_range"
DONE = {"workbook": "a.xlsx", "result": {"done": 1}, "unsaved_changes": 0, "files": []}
SESSION_CODES = ("session_required", "session_not_found", "session_expired")


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    """What answers at the service's address; an answer that was prepared must be fetched."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def calls() -> ToolCalls:
    return ToolCalls(load_plugin(), valves={"service_url": URL, "api_key": "key-of-tests"})


@pytest.fixture
def hasty(calls: ToolCalls, monkeypatch: pytest.MonkeyPatch) -> ToolCalls:
    """Calls that do not wait for a service that restarts."""
    monkeypatch.setattr(calls.module, "RESTART_SECONDS", 0.0)
    return calls


def opens(service: responses.RequestsMock, *ids: str) -> None:
    for id_ in ids or ("session-1",):
        service.post(SESSIONS, json={"session_id": id_}, status=201)


def error_body(code: str, message: str = "What is wrong.", hint: str = "What to do.") -> Any:
    return {"error": {"code": code, "message": message, "hint": hint, "request_id": "r1"}}


def paths(service: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).removeprefix(URL) for call in service.calls]


# The service does not answer, or not as a service ----------------------------------------

UNREACHABLE = [
    requests.ConnectionError("refused"),
    requests.ConnectTimeout("no one there"),
    requests.exceptions.SSLError("no certificate"),
    requests.exceptions.InvalidURL("no host"),
    requests.exceptions.ProxyError("no proxy"),
]
MAYBE_DONE = [
    (requests.ReadTimeout("slow"), "service_timeout"),
    (requests.ConnectionError(ProtocolError("broken off")), "service_broke_off"),
    (requests.exceptions.ChunkedEncodingError("cut short"), "service_broke_off"),
]


@pytest.mark.parametrize("error", UNREACHABLE, ids=lambda e: type(e).__name__)
def test_a_service_that_is_not_there_is_told_with_its_address(
    service: responses.RequestsMock, hasty: ToolCalls, error: Exception
) -> None:
    service.post(SESSIONS, body=error)
    answer = hasty.fail("list_excel_files")
    assert answer["code"] == "service_unreachable"
    assert URL in answer["error"]
    assert "Nothing was changed" in answer["hint"]
    assert paths(service) == ["/v1/sessions"]


@pytest.mark.parametrize(("error", "code"), MAYBE_DONE, ids=["slow", "reset", "cut"])
def test_an_answer_that_never_came_is_not_told_as_nothing_done(
    service: responses.RequestsMock, hasty: ToolCalls, error: Exception, code: str
) -> None:
    opens(service)
    service.post(LISTING, body=error)
    answer = hasty.fail("list_excel_files")
    assert answer["code"] == code
    assert "may have been made" in answer["hint"]
    assert "Nothing was changed" not in answer["hint"]
    # One that is late is asked to be stopped, which nobody answers here.
    assert len(service.calls) == 2 + (code == "service_timeout")


def late(service: responses.RequestsMock, cancelled: bool) -> ToolCalls:
    """Calls whose first answer does not come in time, at a service that says what became of it."""
    opens(service)
    service.post(LISTING, body=requests.ReadTimeout("slow"))
    service.delete(re.compile(f"{URL}/v1/calls/.*"), json={"cancelled": cancelled})
    return ToolCalls(load_plugin(), valves={"service_url": URL, "api_key": "key-of-tests"})


def test_a_call_that_takes_too_long_is_stopped_at_the_service(
    service: responses.RequestsMock,
) -> None:
    answer = late(service, cancelled=True).fail("list_excel_files")
    assert answer["code"] == "service_timeout"
    assert "was stopped" in answer["error"]
    assert "Nothing was changed" in answer["hint"]
    key = service.calls[1].request.headers["Idempotency-Key"]
    assert paths(service)[-1] == f"/v1/calls/{key}"


def test_a_call_that_was_done_as_it_was_given_up_gets_its_answer(
    service: responses.RequestsMock,
) -> None:
    calls = late(service, cancelled=False)
    service.post(LISTING, json={"result": {"open": []}})
    assert calls.op("list_excel_files") == {"result": {"open": []}}
    sent = [c.request.headers["Idempotency-Key"] for c in service.calls if c.request.url == LISTING]
    assert len(sent) == 2
    assert len(set(sent)) == 1


async def _hangs(_: object) -> None:
    await asyncio.Event().wait()


async def _breaks(_: object) -> None:
    raise RuntimeError("the page is gone")


def _says(found: object) -> Any:
    async def said(_: object) -> object:
        return found

    return said


@pytest.mark.parametrize(
    ("page", "theme"),
    [
        (_says(True), "dark"),
        (_says(False), "light"),
        (_says({"error": "Client session disconnected."}), ""),
        (_says(None), ""),
        (_hangs, ""),
        (_breaks, ""),
        (None, ""),
    ],
)
def test_the_colours_of_a_page_that_does_not_tell_them_are_left_open(page: Any, theme: str) -> None:
    module = load_plugin()
    module.THEME_SECONDS = 0.01  # type: ignore[attr-defined]
    turn = module.Turn((None, None, None, None, None, page), show_status=True)
    assert asyncio.run(turn.theme()) == theme


def client_of_tests() -> Any:
    module = load_plugin()
    valves = module.Tools.Valves(service_url=URL)
    return module.ServiceClient(valves, "ann", "one", module.SharedState())


def test_what_was_done_when_stop_came_is_told_as_done(service: responses.RequestsMock) -> None:
    opens(service)
    service.post(LISTING, json={"result": {"open": []}})
    client = client_of_tests()
    client.operate("list_excel_files", {}, {})
    assert client.stop() == "done before it was stopped"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"cancelled": True}, "stopped"),
        ({"cancelled": False}, "done before it was stopped"),
        (None, "stopped, but it may have been done: the service did not answer"),
    ],
)
def test_what_stop_comes_to_is_told_as_it_is(
    service: responses.RequestsMock, told: dict[str, Any] | None, words: str
) -> None:
    client = client_of_tests()
    client._under_way = ("session-1", "k1")
    address = f"{URL}/v1/calls/k1"
    service.delete(address, **({"json": told} if told else {"body": requests.ReadTimeout("slow")}))
    assert client.stop() == words


RUBBISH: list[tuple[str, dict[str, Any]]] = [
    ("redirect", {"status": 302, "headers": {"Location": "https://login.test/"}}),
    ("html 500", {"status": 500, "body": "<html>Oops</html>", "content_type": "text/html"}),
    ("html 200", {"status": 200, "body": "<html>Welcome</html>"}),
    ("empty", {"status": 200, "body": ""}),
    ("no content", {"status": 204}),
    ("list", {"status": 200, "json": [1, 2]}),
    ("text", {"status": 200, "json": "fine"}),
    ("null", {"status": 200, "json": None}),
    ("no result", {"status": 200, "json": {"workbook": "a.xlsx"}}),
    ("result is text", {"status": 200, "json": {"result": "done"}}),
    ("error without fields", {"status": 400, "json": {"error": {}}}),
    ("error is text", {"status": 500, "json": {"error": "bad"}}),
    ("error in a list", {"status": 500, "json": ["error"]}),
    ("bytes", {"status": 500, "body": b"\xff\xfe\x00"}),
    ("not found", {"status": 404, "json": {"detail": "Not Found"}}),
]


@pytest.mark.parametrize("what", [entry for _, entry in RUBBISH], ids=[name for name, _ in RUBBISH])
@pytest.mark.parametrize("step", ["session", "operation"])
def test_something_else_at_the_address_is_told_and_not_believed(
    service: responses.RequestsMock, calls: ToolCalls, what: dict[str, Any], step: str
) -> None:
    if step == "operation":
        opens(service)
    service.post(SESSIONS if step == "session" else LISTING, **what)
    answer = calls.fail("list_excel_files")
    assert answer["code"] == "service_rubbish"
    assert URL in answer["error"]
    assert "administrator" in answer["hint"]
    assert len(service.calls) == (1 if step == "session" else 2)


@pytest.mark.parametrize("id_", [None, "", 7, ["x"], "two\r\nX-Admin: 1", "\u0451", " padded "])
def test_a_session_without_a_usable_id_is_not_used(
    service: responses.RequestsMock, calls: ToolCalls, id_: object
) -> None:
    service.post(SESSIONS, json={"session_id": id_}, status=201)
    assert calls.fail("list_excel_files")["code"] == "service_rubbish"
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "unauthorized"),
        (404, "sheet_not_found"),
        (409, "workbook_not_open"),
        (413, "too_large"),
        (422, "invalid_parameters"),
        (429, "limit_reached"),
        (500, "internal_error"),
        (503, "workbook_busy"),
        (504, "operation_too_slow"),
        (507, "storage_failed"),
    ],
)
def test_what_the_service_refuses_reaches_the_model_word_for_word(
    service: responses.RequestsMock, calls: ToolCalls, status: int, code: str
) -> None:
    opens(service)
    message = 'No sheet "Säle" in \u201ebudget.xlsx\u201c.'
    service.post(LISTING, json=error_body(code, message), status=status)
    answer = calls.fail("list_excel_files")
    assert answer == {"error": message, "hint": "What to do.", "code": code}
    assert paths(service) == ["/v1/sessions", "/v1/operations/list_excel_files"]
    words = calls.module.PLAIN.get(code, message)  # type: ignore[attr-defined]
    assert words in calls.page.statuses[-1]["description"]


@pytest.mark.parametrize("code", [*SESSION_CODES, "unauthorized", "limit_reached"])
def test_a_session_that_can_not_be_opened_is_asked_for_once(
    service: responses.RequestsMock, calls: ToolCalls, code: str
) -> None:
    service.post(SESSIONS, json=error_body(code), status=400)
    assert calls.fail("list_excel_files")["code"] == code
    assert paths(service) == ["/v1/sessions"]


# A session that was lost ------------------------------------------------------------------


@pytest.mark.parametrize("code", SESSION_CODES)
def test_a_lost_session_is_opened_anew_and_the_call_repeated_once(
    service: responses.RequestsMock, calls: ToolCalls, code: str
) -> None:
    opens(service, "session-1", "session-2")
    service.post(LISTING, json=error_body(code), status=400)
    service.post(LISTING, json=DONE)
    assert calls.op("list_excel_files")["result"] == {"done": 1}
    operation = "/v1/operations/list_excel_files"
    assert paths(service) == ["/v1/sessions", operation, "/v1/sessions", operation]
    first, second = service.calls[1].request, service.calls[3].request
    assert first.headers["X-Excel-Session"] == "session-1"
    assert second.headers["X-Excel-Session"] == "session-2"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body
    # The user sees nothing of it, and the next call uses the new session at once.
    assert [status["done"] for status in calls.page.statuses] == [False, True]
    service.post(READING, json=DONE)
    calls.op("read_excel_range")
    assert service.calls[-1].request.headers["X-Excel-Session"] == "session-2"
    assert service.calls[-1].request.headers["Idempotency-Key"] != first.headers["Idempotency-Key"]
    assert len(service.calls) == 5


def test_a_session_lost_twice_is_told_plainly(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    opens(service, "session-1", "session-2")
    service.post(LISTING, json=error_body("session_not_found"), status=400)
    answer = calls.fail("list_excel_files")
    assert answer["code"] == "session_not_found"
    assert "twice" in answer["error"]
    assert len(service.calls) == 4


def test_a_session_that_can_not_be_opened_anew_is_told(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    opens(service)
    service.post(LISTING, json=error_body("session_expired"), status=400)
    service.post(SESSIONS, body=requests.ConnectionError("gone"))
    assert calls.fail("list_excel_files")["code"] == "service_unreachable"
    assert len(service.calls) == 3


def test_the_second_attempt_may_fail_for_another_reason(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    opens(service, "session-1", "session-2")
    service.post(LISTING, json=error_body("session_expired"), status=400)
    service.post(LISTING, json=error_body("workbook_not_found", "No workbook."), status=404)
    assert calls.fail("list_excel_files")["error"] == "No workbook."
    assert len(service.calls) == 4


# Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "   ", "ftp://service.test", "service.test:9080", "javascript:1"]
)
def test_a_wrong_address_in_the_valves_is_told_without_a_call(
    service: responses.RequestsMock, url: str
) -> None:
    calls = ToolCalls(load_plugin(), valves={"service_url": url})
    answer = calls.fail("list_excel_files")
    assert answer["code"] == "service_address"
    assert "service_url" in answer["hint"]
    assert len(service.calls) == 0


@pytest.mark.parametrize("url", [f"{URL}/", f"  {URL}  ", f"{URL}///"])
def test_an_address_may_end_with_a_slash(service: responses.RequestsMock, url: str) -> None:
    opens(service)
    service.post(LISTING, json=DONE)
    ToolCalls(load_plugin(), valves={"service_url": url}).op("list_excel_files")


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two\nlines", "\u043a\u043b\u044e\u0447"])
def test_a_key_that_no_header_can_hold_is_told_without_a_call(
    service: responses.RequestsMock, key: str
) -> None:
    calls = ToolCalls(load_plugin(), valves={"service_url": URL, "api_key": key})
    answer = calls.fail("list_excel_files")
    assert answer["code"] == "service_key"
    assert key not in json.dumps(answer, ensure_ascii=False)
    assert len(service.calls) == 0


def test_the_key_stays_out_of_all_that_the_chat_sees(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    service.post(SESSIONS, body=requests.ConnectionError("refused"))
    calls.fail("list_excel_files")
    assert service.calls[0].request.headers["Authorization"] == "Bearer key-of-tests"
    assert "key-of-tests" not in json.dumps([calls.page.events])


def test_without_a_key_no_key_is_sent(service: responses.RequestsMock) -> None:
    opens(service)
    service.post(LISTING, json=DONE)
    ToolCalls(load_plugin(), valves={"service_url": URL}).op("list_excel_files")
    assert all("Authorization" not in call.request.headers for call in service.calls)


@pytest.mark.parametrize(
    "id_", ["J\u00f6rg", "\u6f22\u5b57", "a\r\nX-Admin: 1", " padded ", "x" * 500, "half \ud800"]
)
@pytest.mark.parametrize("which", ["user", "chat"])
def test_any_id_becomes_one_that_headers_and_body_agree_on(
    service: responses.RequestsMock, id_: str, which: str
) -> None:
    opens(service)
    service.post(LISTING, json=DONE)
    calls = ToolCalls(load_plugin(), **{which: id_}, valves={"service_url": URL})
    calls.op("list_excel_files")
    request = service.calls[0].request
    sent = json.loads(request.body)[which]
    assert request.headers[{"user": "X-User-Id", "chat": "X-Chat-Id"}[which]] == sent
    assert sent.isascii()
    assert sent.isprintable()
    assert len(sent) <= 256
    assert service.calls[1].request.headers["X-User-Id"] == request.headers["X-User-Id"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_are_told_as_such(
    service: responses.RequestsMock, calls: ToolCalls, number: float
) -> None:
    opens(service)
    answer = calls.fail("write_excel_range", rows=[[number]])
    assert answer["code"] == "invalid_parameters"
    assert "NaN" in answer["error"]
    assert len(service.calls) == 1


# What Open WebUI leaves out, or breaks --------------------------------------------------------


@pytest.mark.parametrize(
    "injected",
    [
        {"__user__": None},
        {"__user__": {}},
        {"__user__": {"id": "u", "valves": None}},
        {"__metadata__": None},
        {"__metadata__": {"chat_id": None, "message_id": None, "session_id": None}},
        {"__files__": None},
        {"__files__": [None, "text", 7, {}, {"id": "x"}, {"name": "a.xlsx"}, {"file": None}]},
        {"__event_emitter__": None},
        {"__event_emitter__": Page(broken=True).emit},
        {"__request__": None},
    ],
    ids=lambda given: next(iter(given)),
)
def test_nothing_that_open_webui_injects_is_needed(
    service: responses.RequestsMock, injected: dict[str, Any]
) -> None:
    opens(service)
    service.post(f"{URL}/v1/operations/open_excel_file", json=DONE)
    calls = ToolCalls(load_plugin(), valves={"service_url": URL}, **injected)
    assert calls.op("open_excel_file", file="latest")["result"] == {"done": 1}
    assert len(service.calls) == 2
    assert all(len(service.calls[0].request.headers[h]) for h in ("X-User-Id", "X-Chat-Id"))


def test_a_failing_page_breaks_no_failing_call(service: responses.RequestsMock) -> None:
    service.post(SESSIONS, body=requests.ConnectionError("refused"))
    page = Page(broken=True)
    calls = ToolCalls(load_plugin(), valves={"service_url": URL}, __event_emitter__=page.emit)
    check_failure(calls.run("list_excel_files"), page)


def test_no_status_is_shown_where_the_administrator_wants_none(
    service: responses.RequestsMock,
) -> None:
    service.post(SESSIONS, body=requests.ConnectionError("refused"))
    calls = ToolCalls(load_plugin(), valves={"service_url": URL, "show_status": False})
    check_failure(calls.run("list_excel_files"))
    assert calls.page.events == []


def test_a_surprise_inside_the_tool_is_an_answer_too(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    opens(service)
    answer = calls.fail("write_excel_range", rows=[[object()]])
    assert answer["code"] == "tool_failed"
    assert "TypeError" in answer["error"]


def test_strange_entries_among_the_files_do_not_hide_that_the_work_was_done(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    opens(service)
    entry = {"name": "a].xlsx", "download_url": f"{URL}/files/t/a.xlsx", "size": None}
    service.post(
        f"{URL}/v1/operations/write_excel_range", json={**DONE, "files": [entry], "next": []}
    )
    answer = calls.op("write_excel_range", rows=[[1]])
    assert answer["files"] == [{"name": "a].xlsx", "download_url": f"{URL}/files/t/a.xlsx"}]
    assert answer["link"] == f"[Download a).xlsx]({URL}/files/t/a.xlsx)"
    assert "next" not in answer


# The event loop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True], ids=["success", "failure"])
def test_no_request_runs_on_the_event_loops_thread(
    service: responses.RequestsMock, calls: ToolCalls, fails: bool
) -> None:
    threads: list[int] = []

    def answered(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        threads.append(threading.get_ident())
        if str(request.url).startswith(SESSIONS):
            return 201, {}, json.dumps({"session_id": "session-1"})
        return (500, {}, "broken") if fails else (200, {}, json.dumps(DONE))

    service.add_callback("POST", SESSIONS, callback=answered)
    service.add_callback("POST", LISTING, callback=answered)

    async def main() -> int:
        answer = await calls.call("list_excel_files")
        assert ("error" in answer) == fails
        return threading.get_ident()

    loop_thread = asyncio.run(main())
    assert len(threads) == 2
    assert loop_thread not in threads


def test_the_loop_goes_on_while_the_service_thinks(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    """The service answers only after the loop has done something else meanwhile."""
    went_on = threading.Event()

    def answered(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert went_on.wait(30), "the event loop stood still"
        return 201, {}, json.dumps({"session_id": "session-1"})

    service.add_callback("POST", SESSIONS, callback=answered)
    service.post(LISTING, json=DONE)

    async def main() -> dict[str, Any]:
        call = asyncio.create_task(calls.call("list_excel_files"))
        await asyncio.sleep(0)
        went_on.set()
        return await call

    assert asyncio.run(main())["result"] == {"done": 1}


def test_every_tool_answers_a_dead_service_in_the_one_shape(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    from service.operations.registry import operations

    service.post(SESSIONS, body=requests.ConnectionError("refused"))
    for number, (name, item) in enumerate(operations().items(), start=1):
        calls.page = Page()
        assert calls.fail(name, **item.example)["code"] == "service_unreachable"
        assert len(service.calls) == number


# A service that has too much to do, or restarts -------------------------------------------


def busy(service: responses.RequestsMock, times: int, after: str, status: int = 503) -> None:
    for _ in range(times):
        body = error_body("service_busy")
        service.post(LISTING, json=body, status=status, headers={"Retry-After": after})


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, calls: ToolCalls) -> ToolCalls:
    """Calls whose seconds are short, so that none has to be waited for."""
    monkeypatch.setattr(calls.module.random, "uniform", lambda *_: 0.001)  # type: ignore[attr-defined]
    return calls


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_says(
    service: responses.RequestsMock, patient: ToolCalls, status: int
) -> None:
    opens(service)
    busy(service, 3, "2", status)
    service.post(LISTING, json=DONE)
    assert patient.op("list_excel_files")["result"] == {"done": 1}
    sent = [call.request for call in service.calls if call.request.url == LISTING]
    assert len(sent) == 4
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1


def test_a_service_that_stays_busy_is_told_in_its_own_words(
    service: responses.RequestsMock, patient: ToolCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient.module, "BUSY_SECONDS", 0.02)
    opens(service)
    body = error_body("service_busy")
    service.post(LISTING, json=body, status=503, headers={"Retry-After": "3"})
    answer = patient.fail("list_excel_files")
    assert (answer["code"], answer["hint"]) == ("service_busy", "What to do.")


@pytest.mark.parametrize("after", ["", "61", "soon", "-1"])
def test_what_is_too_far_off_is_not_waited_for(
    service: responses.RequestsMock, calls: ToolCalls, after: str
) -> None:
    opens(service)
    busy(service, 1, after)
    assert calls.fail("list_excel_files")["code"] == "service_busy"
    assert len(service.calls) == 2


REFUSED = requests.ConnectionError(NewConnectionError(None, "refused"))  # type: ignore[arg-type]
RESET = requests.ConnectionError(ProtocolError("aborted", ConnectionResetError()))


CUT = requests.exceptions.ChunkedEncodingError(ProtocolError("IncompleteRead(9 bytes read)"))
NOBODY = requests.ConnectTimeout("a machine that is gone")


@pytest.mark.parametrize(
    "lost", [REFUSED, RESET, CUT, NOBODY], ids=["refused", "reset", "cut short", "gone"]
)
def test_a_service_that_restarts_is_asked_again_with_the_same_key(
    service: responses.RequestsMock, patient: ToolCalls, lost: Exception
) -> None:
    opens(service)
    service.post(LISTING, body=lost)
    service.post(LISTING, json=DONE)
    assert patient.op("list_excel_files")["result"] == {"done": 1}
    first, second = (call.request for call in list(service.calls)[1:])
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_a_call_that_is_lost_after_long_work_is_asked_again(
    service: responses.RequestsMock, patient: ToolCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience is for the silence, not for the work before it."""
    opens(service)

    def lost(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        clock.now += 600.0
        raise RESET

    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(patient.module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    service.add_callback("POST", LISTING, callback=lost)
    service.post(LISTING, json=DONE)
    assert patient.op("list_excel_files")["result"] == {"done": 1}


def by_proxy(service: responses.RequestsMock, status: int) -> None:
    page = f"<html><body><h1>{status}</h1><hr>nginx</body></html>"
    service.post(LISTING, body=page, status=status, content_type="text/html")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_that_does_not_reach_the_service_is_asked_again_with_the_same_key(
    service: responses.RequestsMock, patient: ToolCalls, status: int
) -> None:
    opens(service)
    by_proxy(service, status)
    by_proxy(service, 502)
    service.post(LISTING, json=DONE)
    assert patient.op("list_excel_files")["result"] == {"done": 1}
    sent = [call.request for call in service.calls if call.request.url == LISTING]
    assert len(sent) == 3
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (502, "service_broke_off", "may have been made"),
        (503, "service_unreachable", "Nothing was changed"),
        (504, "service_timeout", "may have been made"),
    ],
)
def test_what_a_proxy_says_at_the_end_is_not_taken_for_more(
    service: responses.RequestsMock, hasty: ToolCalls, status: int, code: str, hint: str
) -> None:
    opens(service)
    by_proxy(service, status)
    answer = hasty.fail("list_excel_files")
    assert answer["code"] == code
    assert hint in answer["hint"]
    assert str(status) in answer["error"]


@pytest.mark.parametrize("then", ["refused", "busy", "no proxy"])
def test_a_change_that_may_have_been_made_is_never_told_as_not_made(
    service: responses.RequestsMock,
    patient: ToolCalls,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    """The first request was cut off; that later ones came nowhere says nothing of it."""
    opens(service)
    service.post(LISTING, body=RESET)
    if then == "refused":
        service.post(LISTING, body=REFUSED)
    elif then == "busy":
        busy(service, 1, "40")
    else:
        by_proxy(service, 503)
    for patience in ("RESTART_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(patient.module, patience, 0.3)
    answer = patient.fail("list_excel_files")
    assert answer["code"] == "service_broke_off"
    assert "may have been made" in answer["hint"]
    assert len(service.calls) > 2


def test_a_stop_ends_the_waiting(service: responses.RequestsMock, calls: ToolCalls) -> None:
    """What waits for a busy service ends at once, and the chat sees why it waits until then."""
    opens(service)
    busy(service, 1, "40")
    service.delete(re.compile(f"{URL}/v1/calls/.*"), json={"cancelled": True})
    client = calls.module.ServiceClient(  # type: ignore[attr-defined]
        calls.tools().valves,
        "user",
        "chat",
        calls.module.SharedState(),  # type: ignore[attr-defined]
    )
    found: list[Any] = []

    def work() -> None:
        try:
            client.operate("list_excel_files", {}, {})
        except calls.module.ToolError as error:  # type: ignore[attr-defined]
            found.append(error.code)

    thread = threading.Thread(target=work)
    thread.start()
    while not client._waits:
        assert thread.is_alive()
        thread.join(0.01)
    assert client.progress() == {"doing": "busy"}
    assert client.stop() == "stopped"
    thread.join(30)
    assert found == ["cancelled"]
