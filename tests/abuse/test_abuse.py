"""Attempts at a real service: none ends in an error of the server, a leak, or others' data."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from html import escape, unescape
from pathlib import Path

import pytest
import requests

from tests.abuse import wire
from tests.abuse.cases import CASES, FORM, MULTIPART, Case
from tests.abuse.world import MARK, SECOND_KEY, World
from tests.processes import failures_in, service_process
from tests.service_fixtures import KEY, workbook_bytes

pytestmark = pytest.mark.e2e

LEAST = 60
# What no answer to anybody but Ann holds, and no log.
SECRETS = (MARK, "Traceback (most recent", "secret.key\n", "root:x:0")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with service_process(
        tmp_path_factory.mktemp("abuse"),
        f"{KEY},{SECOND_KEY}",
        engines="1",
        threads="4",
        slow_seconds="2",
        max_body_mb="1",
        max_upload_mb="1",
        sessions_per_user="4",
        bytes_per_user="300000",
    ) as process:
        found = World(process)
        yield found
        assert found.cell() == MARK, "nothing of Ann's has changed"
        log = process.log.read_text(errors="replace")
        assert failures_in(log) == []
        assert not [one for one in (KEY, SECOND_KEY, MARK, found.names["link"]) if one in log]


def check(answer: wire.Answer, world: World, own: bool = False) -> None:
    assert answer.status < 500 or answer.status == 501, answer  # a coding that nobody knows
    text = answer.body.decode("utf-8", "replace")
    assert not [secret for secret in SECRETS if secret in text], text[:500]
    if not own:
        assert world.names["ann"] not in text
    assert "x-evil" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= LEAST
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_comes_to_nothing(world: World, case: Case) -> None:
    sent = {"body": case.body, "raw": case.raw, "bare": case.bare, "ends": case.ends}
    answer = world.ask(case.line, *case.headers, **sent)
    check(answer, world)
    assert answer.status in case.expect, (answer.status, answer.body[:500])
    if case.code:
        assert answer.code == case.code


# What takes more than one request ---------------------------------------------------------------


def test_a_repeated_key_of_others_gives_ones_own_answer(world: World) -> None:
    key = "Idempotency-Key: 7d0f6c1e"
    read = ("POST /v1/operations/read_excel_range", key)
    anns = world.ask(*read, "X-Excel-Session: {ann}", body={"workbook": "budget.xlsx"})
    assert MARK in anns.body.decode()
    eves = world.ask(*read, "X-Excel-Session: {eve}", body={"workbook": "budget.xlsx"})
    check(eves, world)
    assert eves.code == "workbook_not_found"
    stopped = world.ask("DELETE /v1/calls/7d0f6c1e", "X-User-Id: eve", "X-Excel-Session: {eve}")
    check(stopped, world)
    again = world.ask(*read, "X-Excel-Session: {ann}", body={"workbook": "budget.xlsx"})
    assert again.body == anns.body


def test_a_repeated_key_for_another_request_is_refused(world: World) -> None:
    own = ("X-Excel-Session: {eve}", "Idempotency-Key: once-only")
    line, cells = "POST /v1/operations/write_excel_range", {"workbook": "own.xlsx", "start": "A2"}
    first = world.ask(line, *own, body={**cells, "rows": [["a"]]})
    assert first.status == 200, first.body
    other = world.ask(line, *own, body={**cells, "rows": [["b"]]})
    check(other, world)
    assert other.status == 422


def test_more_sessions_than_a_user_may_have(world: World) -> None:
    found = [
        world.ask("POST /v1/sessions", body={"user": "greedy", "chat": str(n)}) for n in range(6)
    ]
    assert [answer.status for answer in found] == [201] * 4 + [429] * 2
    assert found[-1].code == "limit_reached"
    spelled = world.ask("POST /v1/sessions", body={"user": " greedy ", "chat": "x"})
    assert spelled.status == 429, "spaces make no other user"


def test_more_bytes_than_a_user_may_have(world: World) -> None:
    session = world.session("hoarder", "one")
    other = world.session("hoarder", "two")
    statuses = []
    for number in range(8):
        data = bytes([number]) * 100_000
        form = FORM.replace(b"\r\n\r\na\r\n", b"\r\n\r\n" + data + b"\r\n")
        id_ = (session, other)[number % 2]
        answer = world.ask("POST /v1/files", f"X-Excel-Session: {id_}", MULTIPART, raw=form)
        check(answer, world)
        statuses.append(answer.status)
    assert statuses[0] == 201
    assert statuses[-1] == 429
    assert statuses.count(201) <= 3


def test_a_body_in_pieces_is_no_way_around_its_limit(world: World) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for line, headers in (
        ("POST /v1/sessions", ()),
        ("POST /v1/files", ("X-Excel-Session: {eve}", MULTIPART)),
    ):
        given = ["Host: a", f"Authorization: Bearer {KEY}", "Transfer-Encoding: chunked"]
        pairs = [tuple(world.fill(one).split(": ", 1)) for one in (*given, *headers)]
        method, path = line.split(" ")
        data = wire.request(method, path, [(a, b) for a, b in pairs])
        answer = wire.send(world.address, data + piece * 40 + b"0\r\n\r\n")
        check(answer, world)
        assert answer.status in (413, 422)


def test_a_second_request_behind_a_first_is_a_request_of_its_own(world: World) -> None:
    """What follows a body is never taken for a part of what somebody else sent."""
    first = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
    second = (
        b"GET /v1/preferences HTTP/1.1\r\nHost: a\r\nX-User-Id: ann\r\nConnection: close\r\n\r\n"
    )
    with closing(socket.create_connection(world.address, timeout=wire.PATIENCE)) as sock:
        sock.sendall(first + second)
        found = b""
        while chunk := sock.recv(65_536):
            found += chunk
    assert found.count(b"HTTP/1.1 401") == found.count(b"HTTP/1.1 ")


def test_a_link_is_good_for_nothing_once_its_session_is_deleted(world: World) -> None:
    session = world.session("leaver", "one")
    made = world.made(session, "leaver", "mine.xlsx", "x")
    path = made["files"][0]["download_url"].removeprefix(world.url)
    assert world.ask(f"GET {path}").status == 200
    assert world.ask(f"DELETE /v1/sessions/{session}").status == 204
    gone = world.ask(f"GET {path}")
    assert (gone.status, gone.code) == (404, "file_not_found")


def test_slow_clients_keep_nobody_waiting_for_ever(world: World) -> None:
    """More of them than there are threads, in each state that a request can be left in."""
    started = [
        b"",
        b"GET /health HTT",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX-A: ",
        b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{",
        f"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Length: 99\r\n\r\n{".encode(),
    ]
    with ExitStack() as held:
        for data in started * 3:
            sock = held.enter_context(closing(socket.create_connection(world.address)))
            sock.sendall(data)
        assert world.ask("GET /health").status == 200
        assert world.cell() == MARK


def test_clients_that_leave_in_the_middle_leave_nothing_behind(world: World) -> None:
    folder = world.server.log.parent / "data" / "uploads.new"
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        f"X-Excel-Session: {world.names['eve']}\r\n{MULTIPART}\r\nContent-Length: 500000\r\n\r\n"
    ).encode()
    for rest in (b"", FORM[:60], FORM[:-8] + b"a" * 100_000):
        answer = wire.send(world.address, head + rest, finish=True)
        assert answer.status < 500
    assert world.ask("GET /health").status == 200
    assert not list(folder.glob("*")), "no half upload stays"


def test_who_does_not_read_an_answer_holds_up_nobody(world: World) -> None:
    with ExitStack() as held:
        for _ in range(3):
            sock = held.enter_context(closing(socket.create_connection(world.address)))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        assert world.ask("GET /health").status == 200


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "%version%", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{0.__class__}", "%s%n"]
)
def test_nothing_in_a_workbook_is_a_template(world: World, text: str) -> None:
    """It is shown as it is: in the preview, in an error, on the page of an error."""
    session = world.names["eve"]
    world.op(session, "eve", "write_excel_range", workbook="own.xlsx", start="A1", rows=[[text]])
    preview = world.op(session, "eve", "preview_excel_file", workbook="own.xlsx")["preview_url"]
    page = requests.get(preview, timeout=wire.PATIENCE).text
    assert "49" not in page.partition("<tbody")[2].partition("</tbody")[0]
    shown = page.replace("\\u003c", "<").replace("\\u003e", ">")
    assert text in shown or escape(text) in unescape(shown)
    missing = world.ask(
        "GET /files/none/" + requests.utils.quote(text, safe=""), "Accept: text/html"
    )
    check(missing, world)
    assert b"49" not in missing.body


def test_an_uploads_name_leads_nowhere(world: World) -> None:
    session = world.session("namer", "one")
    for name in (
        "../../../../tmp/evil.xlsx",
        "/tmp/evil.xlsx",
        "..\\..\\evil.xlsx",
        "evil\x00.xlsx",
    ):
        files = {"file": (name, workbook_bytes())}
        headers = {**world.key, "X-Excel-Session": session}
        answer = requests.post(
            f"{world.url}/v1/files", files=files, headers=headers, timeout=wire.PATIENCE
        )
        assert answer.status_code in (201, 422), answer.text
        if answer.status_code == 201:
            kept = answer.json()["file"]["name"]
            assert not set(kept) & set("/\\\x00")
    assert not Path("/tmp/evil.xlsx").exists()
    assert not list(world.server.log.parent.glob("**/../evil*"))
