"""What a browser is told on every road: what it may run, frame, keep and guess."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.web import guide
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, MakeService, error_of

# What stands for the parts of an address; each rule is asked with them by all its methods.
PARTS = {"name": "index.html", "token": "none", "id_": "none", "key": "none"}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
DIRECTIVES = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action ")


def check(response: TestResponse, where: str) -> None:
    headers = response.headers
    for name, value in ALWAYS.items():
        assert headers.get_all(name) == [value], where
    (policy,) = headers.get_all("Content-Security-Policy")
    assert all(directive in policy for directive in DIRECTIVES), (where, policy)
    script = re.search(r"script-src ([^;]*)", policy)
    assert script is None or "unsafe" not in script[1], where
    assert "*" not in policy, where
    (cache,) = headers.get_all("Cache-Control")
    assert "public" not in cache, where
    assert not [name for name in dict(headers) if name.startswith("Access-Control")], where


def every_address(service: Service) -> list[tuple[str, Rule]]:
    found = []
    for rule in service.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: PARTS[part[1]], rule.rule)
        found.append((path, rule))
    return found


@pytest.mark.parametrize("key", [KEY, ""])
def test_every_road_and_every_refusal_has_them(service: Service, key: str) -> None:
    http = service.app.test_client()
    headers = {"X-User-Id": "headers", "X-Chat-Id": "headers"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    walked = every_address(service)
    assert len(walked) > 20
    for path, _rule in [*walked, ("/nothing/there", None), ("/v1/nothing", None)]:
        for method in METHODS:
            for accept in ("application/json", "text/html")[: 1 + (method == "GET")]:
                given = {**headers, "Accept": accept}
                response = http.open(path, method=method, headers=given, buffered=True)
                assert response.status_code < 500, (method, path)
                check(response, f"{method} {path}")


def test_what_holds_data_has_them(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="a.xlsx", headers=["<script>"])["files"][0]
    preview = chat.op("preview_excel_file")["preview_url"]
    download, page = chat.fetch(entry), chat.fetch({"download_url": preview})
    for response in (download, page, chat.call("list_excel_files", {}), chat.open()):
        assert response.status_code == 200
        check(response, response.request.path)
    assert download.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in download.headers["Content-Security-Policy"]
    assert "private" in download.headers["Cache-Control"]
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["html", "csv", "json"])
def test_an_export_is_a_file_and_never_a_page(chat: Chat, kind: str) -> None:
    rows = [["<script>alert(1)</script>"]]
    chat.op("create_excel_file", filename="a.xlsx", headers=["<b>"], rows=rows)
    entry = chat.op("export_excel_file", format=kind)["files"][0]
    response = chat.fetch(entry, Accept="text/html")
    assert response.headers["Content-Disposition"].startswith("attachment;")
    check(response, kind)


NASTY_NAMES = [
    'a"; filename="evil.exe',
    "a\r\nX-Evil: 1",
    "a\nSet-Cookie: b=c",
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "a\x00.exe",
    "<script>alert(1)</script>",
    "a;b=c",
    "CON",
    "ü" * 300,
    "\u202excod.exe",
]


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_no_name_of_a_file_reaches_into_the_headers(chat: Chat, name: str) -> None:
    answer = chat.call("create_excel_file", {"filename": name, "headers": ["A"]})
    if answer.status_code != 200:
        assert error_of(answer)["status"] == 422
        return
    response = chat.fetch(answer.get_json()["files"][0])
    assert response.status_code == 200
    check(response, name)
    assert "X-Evil" not in response.headers
    assert "Set-Cookie" not in response.headers
    told = response.headers["Content-Disposition"]
    assert told.isprintable()
    assert told.startswith("attachment;")
    assert not re.search(r"[/\\\r\n]|%2F|%5C|%0D|%0A|%00", told, re.IGNORECASE)


def test_what_comes_back_of_a_header_is_no_header(chat: Chat) -> None:
    for id_ in ("a\tb", "a b", "<b>", "a" * 65, "ü"):
        headers = {**chat.headers, "X-Request-Id": id_}
        response = chat.http.get("/v1/preferences", headers=headers)
        assert re.fullmatch(r"[0-9a-f]{16}", response.headers["X-Request-Id"])


# Whose pages may ask -------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1.evil.test", "x"])
@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/files", "/mcp", "/v1/operations/x"])
def test_pages_of_other_places_are_refused(service: Service, path: str, origin: str) -> None:
    http = service.app.test_client()
    headers = {"Authorization": f"Bearer {KEY}", "Origin": origin}
    error = error_of(http.post(path, json={"user": "a", "chat": "b"}, headers=headers))
    assert (error["status"], error["code"]) == (403, "forbidden")


def test_the_services_own_page_may_ask_by_whatever_name_it_came(service: Service) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Host": "excel-tools:9080"}
    http = service.app.test_client()
    statuses = {}
    for origin in ("http://excel-tools:9080", "http://excel-tools:9081", "http://excel-tools"):
        given = {**headers, "Origin": origin}
        owner = {"user": "a", "chat": "own page"}
        statuses[origin] = http.post("/v1/sessions", json=owner, headers=given).status_code
    assert list(statuses.values()) == [201, 403, 403]


def test_no_page_is_allowed_to_ask_by_cors(service: Service) -> None:
    http = service.app.test_client()
    asked = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    for path in ("/v1/sessions", "/mcp", "/openapi.json", "/health", "/"):
        response = http.options(path, headers=asked)
        assert not [n for n in dict(response.headers) if n.startswith("Access-Control")], path


HOSTS = {
    "evil.test.example.org": 403,
    "localhost.evil.org": 403,
    "127.0.0.1.nip.io": 403,
    "localhost:9080": 201,
    "127.0.0.1": 201,
    "[::1]:9080": 201,
    "192.168.1.7:9080": 201,
    "host.docker.internal:9080": 201,
    "excel-tools:9080": 201,
    "sheets.example.org": 201,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_without_keys_no_foreign_name_leads_here(
    make_service: MakeService, host: str, status: int
) -> None:
    """A page may lead its own name to 127.0.0.1, and so ask as if it came from here."""
    service = make_service(api_keys=(), public_url="https://sheets.example.org")
    body = {"user": "a", "chat": "b"}
    response = service.app.test_client().post("/v1/sessions", json=body, headers={"Host": host})
    assert response.status_code == status


FORWARDED = {
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/health",
    "X-Rewrite-URL": "/health",
    "X-HTTP-Method-Override": "DELETE",
    "Forwarded": "host=evil.test;proto=https",
}


@pytest.mark.parametrize(("name", "value"), FORWARDED.items())
def test_what_a_proxy_would_say_changes_nothing(chat: Chat, name: str, value: str) -> None:
    plain = chat.http.get("/", headers={"Host": "excel-tools:9080"})
    told = chat.http.get("/", headers={"Host": "excel-tools:9080", name: value})
    assert told.get_data() == plain.get_data()
    response = chat.http.post("/v1/sessions", headers={**chat.headers, name: value})
    assert (response.status_code, response.get_json()["resumed"]) == (200, True)
    without = chat.http.get("/v1/preferences", headers={name: value})
    assert without.status_code == 401


def test_a_public_address_with_tls_is_kept_to(make_service: MakeService) -> None:
    service = make_service(public_url="https://sheets.example.org")
    response = service.app.test_client().get("/health")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_links_are_written_safely(chat: Chat) -> None:
    name = "a b?c#d%e.xlsx"
    entry = chat.op("create_excel_file", filename=name)["files"][0]
    path = urlsplit(entry["download_url"])
    assert not path.query
    assert not path.fragment
    assert path.path.endswith(quote(entry["name"], safe=""))


def test_the_guide_has_them_as_well(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "SITE", tmp_path)
    (tmp_path / "index.html").write_text("<script>let a = 1;</script>")
    (tmp_path / "worker.js").write_text("fetch('/guide/search.json')")
    http = service.app.test_client()
    for path in ("/guide/", "/guide/worker.js", "/guide/nothing"):
        check(http.get(path, buffered=True), path)
    page, worker = (http.get(f"/guide/{name}", buffered=True) for name in ("", "worker.js"))
    assert "'sha256-" in page.headers["Content-Security-Policy"]
    assert "connect-src 'self'" in worker.headers["Content-Security-Policy"]
