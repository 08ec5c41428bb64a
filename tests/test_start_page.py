"""The page for people, the tool that it hands out, and the keys that go into it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from service.sessions import keys
from service.sessions.console import main
from service.settings import Settings
from service.store.local import LocalStore
from service.tool import NAMES, facts_of, same_tool, tool_text
from service.web.app import Service
from tests.service_fixtures import KEY, MakeService, error_of

FULL, SMALL = (f"/{name}" for name in NAMES.values())
OWNER = {"user": "ada", "chat": "first"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def page_of(service: Service) -> str:
    return service.app.test_client().get("/").get_data(as_text=True)


# The page ---------------------------------------------------------------------------


def test_it_asks_no_other_host_and_allows_nothing_that_it_does_not_need(service: Service) -> None:
    http = service.app.test_client()
    response = http.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    page = response.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    named = {unescape(text) for text in re.findall(r'(?:src|href)="([^"]+)"', page)}
    for path in named - {"data:,"}:
        assert http.get(path, buffered=True).status_code == 200, path
    for path in ("/start.js", "/start.css"):
        assert not re.search(r"//[a-z]+\.", http.get(path).get_data(as_text=True))


def test_it_tells_the_version_and_the_addresses(make_service: MakeService) -> None:
    service = make_service(public_url="https://files.test", port=9123)
    page = page_of(service)
    assert "{{" not in page
    for text in ("version 0.1.0", "https://files.test", "http://host.docker.internal:9123"):
        assert text in page


def test_it_speaks_the_language_of_the_browser(service: Service) -> None:
    """That all of it is there in each language: test_languages.py."""
    http = service.app.test_client()
    german = http.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).text
    english = http.get("/", headers={"Accept-Language": "pl"}).text
    assert '<html lang="de">' in german
    assert '<html lang="en">' in english
    assert ("Werkzeug kopieren" in german, "Copy the tool" in german) == (True, False)
    assert ("Werkzeug kopieren" in english, "Copy the tool" in english) == (False, True)


def test_what_a_caller_says_of_the_host_gets_no_further_than_text(service: Service) -> None:
    for host in ('x"><script>alert(1)</script>', "a'b", "evil test"):
        response = service.app.test_client().get("/", headers={"Host": host})
        assert "<script>alert" not in response.get_data(as_text=True)


# The tool ---------------------------------------------------------------------------


@pytest.fixture
def http(service: Service) -> Client:
    return service.app.test_client()


def handed_out(response: TestResponse) -> str:
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.headers["Cache-Control"] == "no-store"
    text = response.get_data(as_text=True)
    compile(text, "tool", "exec")
    return text


@pytest.mark.parametrize(("path", "size"), [(FULL, "full"), (SMALL, "small")])
def test_the_tool_has_the_address_by_which_it_was_fetched(
    http: Client, path: str, size: str
) -> None:
    text = handed_out(http.get(path, base_url="http://excel-tools:9080"))
    facts = facts_of(text)
    assert (facts.size, facts.service_url, facts.api_key) == (size, "http://excel-tools:9080", "")
    assert same_tool(text, tool_text(facts.size))
    assert not same_tool(text + "CHANGED = True\n", tool_text(facts.size))


def test_behind_a_proxy_the_public_address_tells_what_the_proxy_made_of_it(
    make_service: MakeService,
) -> None:
    http = make_service(public_url="https://sheets.test/excel").app.test_client()
    there = facts_of(handed_out(http.get(FULL, base_url="http://sheets.test")))
    beside = facts_of(handed_out(http.get(FULL, base_url="http://10.0.0.7:9080")))
    assert there.service_url == "https://sheets.test/excel"
    assert beside.service_url == "http://10.0.0.7:9080"


def test_another_address_is_given_by_post_alone(http: Client) -> None:
    """A link to the service must not lead to a tool that sends workbooks elsewhere."""
    asked = {"service_url": "http://host.docker.internal:9080/"}
    assert error_of(http.get(FULL, query_string=asked))["code"] == "invalid_parameters"
    facts = facts_of(handed_out(http.post(FULL, query_string=asked)))
    assert (facts.service_url, facts.api_key) == ("http://host.docker.internal:9080", "")


@pytest.mark.parametrize(
    "address", ["x", "ftp://a", 'http://a"\nimport os', "http://a b", "https://"]
)
def test_what_is_no_address_is_refused_before_a_key_is_made(
    make_service: MakeService, address: str
) -> None:
    service = make_service()
    given = {"query_string": {"service_url": address}, "headers": bearer(KEY)}
    error = error_of(service.app.test_client().post(FULL, **given))
    assert error["code"] == "invalid_parameters"
    assert "service_url" in error["message"]
    assert keys.made_keys(service.sessions.parts.store) == []


# Keys -------------------------------------------------------------------------------


def fresh_key(service: Service, given: str = KEY) -> str:
    http = service.app.test_client()
    return facts_of(handed_out(http.post(FULL, headers=bearer(given)))).api_key


def status_with(service: Service, key: str) -> int:
    http = service.app.test_client()
    return http.post("/v1/sessions", json=OWNER, headers=bearer(key)).status_code


def test_a_fresh_key_opens_the_service_also_after_a_restart(make_service: MakeService) -> None:
    service = make_service()
    first, second = fresh_key(service), fresh_key(service)
    assert first != second
    assert {status_with(service, key) for key in (first, second)} == {200, 201} | {200}
    service.close()
    assert status_with(make_service(), first) == 200


def test_the_store_holds_no_key(make_service: MakeService, tmp_path: Path) -> None:
    key = fresh_key(make_service())
    held = [path.read_bytes() for path in (tmp_path / "data" / "keys").iterdir()]
    assert held
    assert not any(key.encode() in data for data in held)


@pytest.mark.parametrize("given", ["wrong-key-1", "", "made"])
def test_only_a_configured_key_makes_another(make_service: MakeService, given: str) -> None:
    """A key that gets lost with its tool must not outlive its end by keys that it made."""
    service = make_service()
    given = fresh_key(service) if given == "made" else given
    response = service.app.test_client().post(FULL, headers={"Authorization": f"Bearer {given}"})
    assert error_of(response)["status"] == 401


def test_without_configured_keys_there_is_none_to_make(make_service: MakeService) -> None:
    service = make_service(api_keys=())
    text = handed_out(service.app.test_client().post(FULL, headers=bearer("anything")))
    assert facts_of(text).api_key == ""
    assert keys.made_keys(service.sessions.parts.store) == []


@pytest.fixture
def operator(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", api_keys=(KEY,))


def test_keys_are_listed_and_revoked(
    make_service: MakeService, operator: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    service = make_service()
    key = fresh_key(service)
    assert main(["keys", "make", "for the office"], operator) == 0
    other = capsys.readouterr().out.strip()
    assert main(["keys", "list"], operator) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "for the office" in lines[1]
    assert key not in "".join(lines)
    assert {status_with(service, k) for k in (key, other)} <= {200, 201}
    assert main(["keys", "revoke", lines[0].split()[0]], operator) == 0
    assert [status_with(service, k) for k in (key, other)] == [401, 200]
    capsys.readouterr()
    assert main(["keys", "revoke", lines[0].split()[0]], operator) == 1
    assert "keys list" in capsys.readouterr().err


def test_there_are_not_too_many_keys(tmp_path: Path, operator: Settings) -> None:
    store = LocalStore(operator.data_dir)
    for number in range(keys.MOST):
        keys.make_key(store, str(number), 1.0)
    assert main(["keys", "make", "one more"], operator) == 1
    assert len(keys.made_keys(store)) == keys.MOST


@pytest.mark.parametrize("id_", ["", "a", "../sessions", "*"])
def test_half_an_id_revokes_nothing(tmp_path: Path, operator: Settings, id_: str) -> None:
    store = LocalStore(operator.data_dir)
    keys.make_key(store, "one", 1.0)
    assert main(["keys", "revoke", id_], operator) == 1
    assert len(keys.made_keys(store)) == 1
