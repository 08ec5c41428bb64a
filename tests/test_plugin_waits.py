"""The plugin waits where the service asks it to, for a bounded time, and shows who its user is."""

from __future__ import annotations

import asyncio
import re
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import responses

from service.web.identity import UserTokens
from tests.plugin_fixtures import ToolCalls, load_plugin
from tests.service_fixtures import KEY

URL = "http://service.test:9080"
LISTING = f"{URL}/v1/operations/list_excel_files"
DONE = {"workbook": "a.xlsx", "result": {"done": 1}, "unsaved_changes": 0, "files": []}
SECRET = "a secret of thirty-two bytes, or more"


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}/v1/sessions", json={"session_id": "session-1"}, status=201)
        yield mock


def asks_to_wait(service: responses.RequestsMock, seconds: str, status: int = 429) -> None:
    error = {"code": "rate_limited", "message": "Too many.", "hint": "Wait.", "request_id": "r1"}
    service.post(LISTING, json={"error": error}, status=status, headers={"Retry-After": seconds})


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def calls(waits: list[float]) -> ToolCalls:
    """Calls whose waiting is counted and takes no time."""
    module: Any = load_plugin()
    made = module.ServiceClient.__init__

    def counted(client: Any, *given: Any) -> None:
        made(client, *given)
        client._halt.wait = lambda seconds: waits.append(int(seconds)) or False

    module.ServiceClient.__init__ = counted
    return ToolCalls(module, valves={"service_url": URL, "api_key": KEY})


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_and_asks_again_with_the_same_key(
    service: responses.RequestsMock, calls: ToolCalls, waits: list[float], status: int
) -> None:
    asks_to_wait(service, "3", status)
    asks_to_wait(service, "2", status)
    service.post(LISTING, json=DONE)
    assert calls.op("list_excel_files")["result"] == {"done": 1}
    assert waits == [3, 2]
    keys = {c.request.headers["Idempotency-Key"] for c in service.calls if c.request.url == LISTING}
    assert len(keys) == 1


@pytest.mark.parametrize("seconds", ["61", "3600", "9" * 400, "-1", "1.5", "soon", "0", ""])
def test_it_does_not_wait_for_long_nor_for_what_is_no_number(
    service: responses.RequestsMock, calls: ToolCalls, waits: list[float], seconds: str
) -> None:
    asks_to_wait(service, seconds)
    assert calls.fail("list_excel_files")["code"] == "rate_limited"
    assert waits == []


def test_other_refusals_are_told_at_once(
    service: responses.RequestsMock, calls: ToolCalls, waits: list[float]
) -> None:
    asks_to_wait(service, "1", 409)
    calls.fail("list_excel_files")
    assert waits == []


def test_the_chat_is_told_and_stopping_ends_the_wait(service: responses.RequestsMock) -> None:
    module: Any = load_plugin()
    module.TELL_EVERY, module.BUSY_SECONDS = 0.01, 100_000
    asks_to_wait(service, "9999")
    calls = ToolCalls(module, valves={"service_url": URL, "api_key": KEY})

    async def stopped() -> None:
        task = asyncio.create_task(calls.answer("list_excel_files"))
        end = time.monotonic() + 60
        while not any("busy" in s["description"] for s in calls.page.statuses):
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    service.delete(re.compile(f"{URL}/v1/calls/.*"), json={"cancelled": True})
    asyncio.run(stopped())  # else the time limit of a test ends it
    assert "stopped" in calls.page.statuses[-1]["description"]


# The signed token ---------------------------------------------------------------------


def openwebui_signs(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    """The parts of Open WebUI 0.12.4 that make the token."""
    env = types.ModuleType("open_webui.env")
    env.__dict__["FORWARD_USER_INFO_HEADER_JWT"] = "X-Renamed-Jwt"
    env.__dict__["FORWARD_USER_INFO_HEADER_JWT_SECRET"] = secret
    headers = types.ModuleType("open_webui.utils.headers")

    def include_user_info_headers(given: dict[str, str], user: Any) -> dict[str, str]:
        now = int(time.time())
        claims = {"sub": user.id, "email": user.email, "iss": "open-webui", "exp": now + 300}
        token = jwt.encode(claims, secret or "", algorithm="HS256")
        return {**given, "X-Renamed-Jwt": token}

    headers.__dict__["include_user_info_headers"] = include_user_info_headers
    for module in (env, headers):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def sent(service: responses.RequestsMock, calls: ToolCalls) -> list[str]:
    service.post(LISTING, json=DONE)
    calls.op("list_excel_files")
    return [c.request.headers.get("X-OpenWebUI-User-Jwt", "") for c in service.calls]


def test_it_shows_who_its_user_is_where_open_webui_can_sign(
    service: responses.RequestsMock, calls: ToolCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    openwebui_signs(monkeypatch, SECRET)
    tokens = sent(service, calls)
    assert [UserTokens(SECRET, time.time).user(token) for token in tokens] == [calls.user] * 2
    assert jwt.decode(tokens[0], SECRET, ["HS256"])["email"] == "", "no more than is needed"


def test_it_sends_no_token_where_open_webui_has_no_secret(
    service: responses.RequestsMock, calls: ToolCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    openwebui_signs(monkeypatch, None)
    assert sent(service, calls) == ["", ""]


def test_it_sends_no_token_where_open_webui_knows_of_none(
    service: responses.RequestsMock, calls: ToolCalls
) -> None:
    assert sent(service, calls) == ["", ""]
