"""Rates: who asks too often is told to wait, and nobody else is."""

from __future__ import annotations

import pytest

from service.errors import RateLimited
from service.sessions.rates import LocalBuckets, Rates
from service.settings import Settings
from tests.service_fixtures import KEY, Chat, Clock, MakeService, error_of


def test_a_minutes_worth_at_once_and_then_one_by_one() -> None:
    clock = Clock(0.0)
    buckets = LocalBuckets(clock)
    assert [buckets.take("a", 60) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 60) == 1.0
    assert buckets.take("b", 60) == 0.0, "each has a bucket of its own"
    clock.now += 0.75
    assert buckets.take("a", 60) == 0.25
    clock.now += 0.25
    assert (buckets.take("a", 60), buckets.take("a", 60)) == (0.0, 1.0)


def test_asking_in_vain_costs_nothing() -> None:
    clock = Clock(0.0)
    buckets = LocalBuckets(clock)
    buckets.take("a", 1)
    for _ in range(10):
        buckets.take("a", 1)
    clock.now += 60
    assert buckets.take("a", 1) == 0.0


def test_a_refusal_says_how_long_to_wait() -> None:
    rates = Rates(Settings(user_rate=2), LocalBuckets(Clock(0.0)))
    rates.user("ada")
    rates.user("ada")
    with pytest.raises(RateLimited) as caught:
        rates.user("ada")
    assert caught.value.details == {"limit": 2}
    assert caught.value.retry_after == 30
    assert "2 a minute" in caught.value.message
    rates.user("bob")


def test_zero_is_any_number() -> None:
    rates = Rates(Settings(user_rate=0, key_rate=0), LocalBuckets(Clock(0.0)))
    for _ in range(100):
        rates.user("ada")
        rates.key("k")


def test_a_user_who_asks_too_often_waits_and_others_do_not(make_service: MakeService) -> None:
    service = make_service(user_rate=3)
    ada, bob = Chat(service, "ada"), Chat(service, "bob")
    assert [ada.open().status_code for _ in range(3)] == [200, 200, 429]
    response = ada.call("list_excel_files", {})
    assert error_of(response)["code"] == "rate_limited"
    assert int(response.headers["Retry-After"]) >= 1
    assert bob.open().status_code == 200
    # By the session alone, too: leaving out who asks is no way around.
    bare = {"Authorization": f"Bearer {KEY}", "X-Excel-Session": ada.id}
    assert ada.http.get(f"/v1/sessions/{ada.id}", headers=bare).status_code == 429
    assert ada.http.delete("/v1/calls/any", headers=bare).status_code == 200, "it can be stopped"


def test_spellings_of_a_users_id_share_its_rate(make_service: MakeService) -> None:
    service = make_service(user_rate=2)
    http = service.app.test_client()
    found = []
    for name, value in [
        ("X-User-Id", "ada"),
        ("X-OpenWebUI-User-Id", " ada "),
        ("X-User-Id", "ada"),
    ]:
        headers = {"Authorization": f"Bearer {KEY}", name: value, "X-Chat-Id": "c"}
        found.append(http.post("/v1/sessions", headers=headers).status_code)
    assert found == [201, 200, 429]


def test_a_key_has_a_rate_whoever_it_speaks_for(make_service: MakeService) -> None:
    service = make_service(key_rate=3, api_keys=(KEY, "another-key"))
    Chat(service, "a"), Chat(service, "b"), Chat(service, "c")
    body = {"user": "d", "chat": "d"}
    http = service.app.test_client()
    for key, status in [(KEY, 429), ("another-key", 201), ("no-key-at-all", 401)]:
        headers = {"Authorization": f"Bearer {key}"}
        assert http.post("/v1/sessions", json=body, headers=headers).status_code == status


def test_links_have_a_rate(make_service: MakeService) -> None:
    chat = Chat(make_service(user_rate=3))
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    assert [chat.fetch(entry).status_code for _ in range(4)] == [200, 200, 200, 429]
    page = chat.fetch(entry, Accept="text/html")
    assert (page.status_code, page.mimetype) == (429, "text/html")


def test_an_mcp_session_has_a_rate_where_no_user_is_named(make_service: MakeService) -> None:
    http = make_service(user_rate=1).app.test_client()
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "application/json, text/event-stream"}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    found = []
    for session in ("one", "one", "two"):
        given = {**headers, "Mcp-Session-Id": session}
        found.append(http.post("/mcp", json=asked, headers=given).status_code)
    assert found == [404, 429, 404], "none of them is known, and each is counted for itself"
