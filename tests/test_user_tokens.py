"""Signed user tokens of Open WebUI: who a user is, shown and not only said."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from service.sessions.keys import Keys
from service.web.identity import HEADER, UserTokens
from tests.service_fixtures import KEY, MakeService, error_of

SECRET = "a secret of thirty-two bytes, or more"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """As ``open_webui.utils.headers`` makes it."""
    now = int(time.time())
    given = {
        "sub": "ada",
        "email": "ada@example.org",
        "name": "Ada",
        "role": "user",
        "iss": "open-webui",
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(given, secret, algorithm=algorithm)


def asked(http: Client, method: str = "POST", path: str = "/v1/sessions", **more: str) -> Any:
    headers = {"Authorization": f"Bearer {KEY}", "X-OpenWebUI-Chat-Id": "first", **more}
    return http.open(path, method=method, headers=headers)


@pytest.fixture
def http(make_service: MakeService) -> Client:
    return make_service(user_token_secret=SECRET).app.test_client()


def code_of(response: TestResponse) -> str:
    error = error_of(response)
    return f"{error['status']} {error['code']}"


def test_the_token_says_for_whom_a_request_is(http: Client) -> None:
    response = asked(http, **{HEADER: token()})
    assert (response.status_code, response.get_json()["user"]) == (201, "ada")
    same = asked(http, **{HEADER: token(), "X-User-Id": "ada"})
    assert same.get_json()["session_id"] == response.get_json()["session_id"]


WRONG = {
    "none": "",
    "another secret": token("x" * 40),
    "no signature": jwt.encode({"sub": "ada", "iss": "open-webui", "exp": 4e9}, "", "none"),
    "another algorithm": token(SECRET * 2, "HS512"),
    "ended": token(exp=int(time.time()) - 60),
    "without an end": token(exp=None),
    "of somebody else": token(iss="somebody"),
    "without a user": token(sub=None),
    "an empty user": token(sub=" "),
    "cut": token()[:-4],
    "no token": "ada",
    "too long": "a" * 10_000,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_no_good_token_is_refused(http: Client, wrong: str) -> None:
    response = asked(http, **({HEADER: wrong} if wrong else {}))
    assert code_of(response) in ("403 user_not_shown", "422 invalid_parameters")


@pytest.mark.parametrize("name", ["X-User-Id", "X-OpenWebUI-User-Id"])
def test_a_header_that_names_another_user_is_refused(http: Client, name: str) -> None:
    assert code_of(asked(http, **{HEADER: token(), name: "eve"})) == "403 user_not_shown"


def test_a_body_that_names_another_user_is_refused(http: Client) -> None:
    headers = {"Authorization": f"Bearer {KEY}", HEADER: token()}
    response = http.post("/v1/sessions", json={"user": "eve", "chat": "a"}, headers=headers)
    assert code_of(response) == "422 invalid_parameters"


def test_a_session_is_opened_by_nobody_elses_token(http: Client) -> None:
    session = asked(http, **{HEADER: token()}).get_json()["session_id"]
    eve = {HEADER: token(sub="eve"), "X-Excel-Session": session}
    path = f"/v1/sessions/{session}"
    assert code_of(asked(http, "GET", path, **eve)) == "400 session_not_found"
    assert code_of(asked(http, "GET", path)) == "403 user_not_shown"
    assert code_of(asked(http, "DELETE", path, **eve)) == "400 session_not_found"
    assert asked(http, "GET", path, **{HEADER: token()}).status_code == 200


def test_the_key_is_asked_for_all_the_same(http: Client) -> None:
    assert http.post("/v1/sessions", headers={HEADER: token()}).status_code == 401


def test_mcp_asks_for_it_as_well(http: Client) -> None:
    assert code_of(asked(http, "POST", "/mcp")) == "403 user_not_shown"


def test_without_the_secret_a_token_is_not_believed(make_service: MakeService) -> None:
    """It is passed over where a header names the user, and explained where none does."""
    http = make_service().app.test_client()
    named = asked(http, **{HEADER: token(sub="eve"), "X-User-Id": "ada"})
    assert named.get_json()["user"] == "ada"
    error = error_of(asked(http, **{HEADER: token()}))
    assert (error["status"], error["code"]) == (403, "user_not_shown")
    assert "EXCEL_TOOLS_USER_TOKEN_SECRET" in error["hint"]


def test_key_and_token_are_looked_at_once_for_each_request(
    http: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def noting(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def noted(self: Any, text: str) -> Any:
            looked.append(name)
            return real(self, text)

        monkeypatch.setattr(kind, name, noted)

    noting(UserTokens, "user")
    noting(Keys, "known")
    response = asked(http, **{HEADER: token()})
    named = {HEADER: token(), "X-Excel-Session": response.get_json()["session_id"]}
    assert looked == ["known", "user"]
    assert asked(http, path="/v1/operations/list_excel_files", **named).status_code == 200
    assert looked == ["known", "user"] * 2
    # And nothing of one request is left for the next one.
    other = asked(http, **{HEADER: token(sub="bob")})
    assert other.get_json()["user"] == "bob"
