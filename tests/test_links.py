"""Download links: one file each, signed, expiring, under any name."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from werkzeug.http import parse_options_header

from service.sessions.console import main
from service.sessions.links import Links, Target
from service.web.app import Service
from tests.service_fixtures import Chat, Clock, MakeService, error_of, rows_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def token_of(entry: dict[str, str]) -> str:
    return urlsplit(entry["download_url"]).path.split("/")[2]


def status_of(chat: Chat, token: str) -> tuple[int, str]:
    error = error_of(chat.http.get(f"/files/{quote(token)}/budget.xlsx", buffered=True))
    return error["status"], error["code"]


def test_a_link_starts_with_the_public_address(make_service: MakeService) -> None:
    chat = Chat(make_service(public_url="https://files.example.org/excel"))
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    assert entry["download_url"].startswith("https://files.example.org/excel/files/")
    assert entry["download_url"].endswith("/budget.xlsx")
    assert entry["mime_type"] == XLSX


def test_a_changed_token_leads_nowhere(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    token = token_of(entry)
    payload, stamp, signature = token.split(".")
    head = "A" if payload[0] != "A" else "B"
    for bad in (
        head + token[1:],
        f"{payload}.{stamp}",
        f"{payload}.{stamp}.{signature[:-2]}",
        f"{payload}.{stamp}.",
        f"{payload}..{signature}",
        f".{stamp}.{signature}",
        payload,
        "x",
        "..",
        "draft",
        "é" * 20,
        "A" * 5_000,
    ):
        assert status_of(chat, bad) == (404, "file_not_found")
    assert chat.fetch(entry).status_code == 200


def test_a_link_of_another_secret_leads_nowhere(service: Service, chat: Chat) -> None:
    chat.op("create_excel_file", filename="budget.xlsx")
    session = service.sessions.find(chat.id)
    target = Target(session.data.key, "w", "w1", "draft")
    forged = Links("another secret", "http://localhost", 1000).url(target, "budget.xlsx")
    assert error_of(chat.fetch({"download_url": forged}))["code"] == "file_not_found"


@pytest.mark.parametrize(
    "target",
    [
        Target("none", "w", "w1", "draft"),
        Target("..", "w", "w1", "draft"),
        Target("", "w", "w1", "draft"),
        Target("{key}", "w", "w9", "draft"),
        Target("{key}", "e", "w1", "draft"),
        Target("{key}", "w", "w1", "7"),
        Target("{key}", "w", "w1", "0"),
        Target("{key}", "w", "w1", ""),
        Target("{key}", "x", "w1", "draft"),
    ],
)
def test_a_signed_link_to_what_is_not_there_leads_nowhere(
    service: Service, chat: Chat, target: Target
) -> None:
    chat.op("create_excel_file", filename="budget.xlsx")
    key = service.sessions.find(chat.id).data.key
    target = Target(target.session.replace("{key}", key), target.kind, target.id, target.version)
    links = Links(service.sessions.parts.store.secret(), "http://localhost", 86_400)
    error = error_of(chat.fetch({"download_url": links.url(target, "budget.xlsx")}))
    assert (error["status"], error["code"]) == (404, "file_not_found")


def test_a_link_ends_when_its_time_is_over(make_service: MakeService) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock, link_ttl=100))
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    clock.now += 100
    assert chat.fetch(entry).status_code == 200
    clock.now += 1
    error = error_of(chat.fetch(entry))
    assert (error["status"], error["code"]) == (410, "link_expired")
    page = chat.fetch(entry, Accept="text/html,*/*")
    assert (page.status_code, page.mimetype) == (410, "text/html")
    assert "expired" in page.get_data(as_text=True)
    assert chat.fetch(chat.op("list_excel_files")["files"][0]).status_code == 200


def test_links_outlive_a_restart(make_service: MakeService) -> None:
    old = make_service()
    chat = Chat(old)
    entry = chat.op("create_excel_file", filename="budget.xlsx", headers=["A"])["files"][0]
    old.close()
    again = Chat(make_service(), chat.user, chat.chat)
    assert again.downloaded_rows(entry) == [["A"]]


def test_a_given_secret_signs_the_links(make_service: MakeService, tmp_path: Path) -> None:
    service = make_service(secret_key="a secret of the operator")
    chat = Chat(service)
    chat.op("create_excel_file", filename="budget.xlsx")
    key = service.sessions.find(chat.id).data.key
    links = Links("a secret of the operator", "http://localhost", 86_400)
    entry = {"download_url": links.url(Target(key, "w", "w1", "draft"), "any name")}
    assert chat.fetch(entry).status_code == 200
    assert not (tmp_path / "data" / "secret.key").exists()


def test_the_secret_is_for_the_service_alone(service: Service) -> None:
    path = service.sessions.parts.store.root / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text()) >= 43, "256 bits in base64"


# What a link gives -----------------------------------------------------------------


def test_a_draft_link_gives_the_working_copy_as_it_is_now(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx", headers=["A", "B"])["files"][0]
    assert (entry["state"], entry["version"], entry["size"]) == ("draft", None, None)
    assert chat.downloaded_rows(entry) == [["A", "B"]]
    for number in range(1, 4):
        chat.op("write_excel_range", start="append", rows=[["row", number]])
        assert chat.downloaded_rows(entry)[-1] == ["row", number]
    chat.op("save_excel_file")
    assert len(chat.downloaded_rows(entry)) == 4, "saving does not end the link"


def test_fetching_a_draft_changes_nothing(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx", headers=["A"])["files"][0]
    first = chat.download(entry)
    assert chat.download(entry) == first
    assert chat.op("list_excel_files")["result"]["open"][0]["unsaved_changes"] == 1


def test_a_saved_link_gives_its_version_for_ever(chat: Chat) -> None:
    chat.op("create_excel_file", filename="budget.xlsx", headers=["A"])
    entry = chat.op("save_excel_file")["files"][0]
    before = chat.download(entry)
    chat.op("write_excel_range", rows=[["changed"]])
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    assert chat.download(entry) == before
    assert rows_of(before) == [["A"]]


def test_an_export_has_a_link_of_its_own(chat: Chat) -> None:
    chat.op("create_excel_file", filename="budget.xlsx", headers=["A"], rows=[["ü"]])
    entry = chat.op("export_excel_file", format="csv")["files"][0]
    assert (entry["state"], entry["mime_type"]) == ("saved", "text/csv")
    data = chat.download(entry)
    assert len(data) == entry["size"]
    assert "ü" in data.decode("utf-8-sig")
    assert chat.fetch(entry).mimetype == "text/csv"


# Names -----------------------------------------------------------------------------

NAMES = {
    "Umsatz Übersicht 2026.xlsx": "Umsatz Übersicht 2026.xlsx",
    "売上.xlsx": "売上.xlsx",
    "🙂 plan.xlsx": "🙂 plan.xlsx",
    "a'b&c;d=e,f.xlsx": "a'b&c;d=e,f.xlsx",
    "100% sure #1.xlsx": "100% sure #1.xlsx",
    "%2e%2e%2fetc.xlsx": "%2e%2e%2fetc.xlsx",
    'say "hi".xlsx': "say hi.xlsx",
    "line\r\nSet-Cookie: a=b.xlsx": "line Set-Cookie a=b.xlsx",
    "../../etc/passwd": "passwd.xlsx",
    "C:\\Users\\ann\\plan.xls": "plan.xlsx",
    "..": None,
    "///": None,
    "\u202excod.xlsx": "xcod.xlsx",
    "CON.xlsx": "CON_.xlsx",
    ".hidden.xlsx": "hidden.xlsx",
    "e\u0301te\u0301.xlsx": "été.xlsx",
    "n" * 400 + ".xlsx": "n" * 145 + ".xlsx",
    "漢" * 100 + ".xlsx": "漢" * 48 + ".xlsx",
    "report.final.v2": "report.final.v2.xlsx",
}


@pytest.mark.parametrize(("given", "kept"), NAMES.items(), ids=range(len(NAMES)))
def test_any_name_arrives_whole_and_safe(chat: Chat, given: str, kept: str | None) -> None:
    if kept is None:
        error = chat.fail("create_excel_file", filename=given)
        assert (error["status"], error["code"]) == (422, "invalid_parameters")
        return
    chat.op("create_excel_file", filename=given, headers=["A"])
    saved = chat.op("save_excel_file")
    entry = saved["files"][0]
    assert saved["workbook"] == entry["name"] == kept
    assert re.fullmatch(r"[\x21-\x7e]+", entry["download_url"])
    assert unquote(entry["download_url"].rsplit("/", 1)[1]) == kept
    response = chat.fetch(entry)
    assert rows_of(response.get_data()) == [["A"]]
    assert response.mimetype == XLSX
    header = response.headers["Content-Disposition"]
    kind, options = parse_options_header(header)
    assert (kind, options["filename"]) == ("attachment", kept)
    assert header.isprintable()
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    files = [path for path in chat.service.sessions.parts.store.root.rglob("*") if path.is_file()]
    assert any(path.name == kept for path in files)


def test_the_name_in_a_link_is_for_people_only(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    other = entry["download_url"].rsplit("/", 1)[0] + "/evil.html"
    response = chat.fetch({"download_url": other})
    assert parse_options_header(response.headers["Content-Disposition"])[1] == {
        "filename": "budget.xlsx"
    }
    assert response.mimetype == XLSX


# HTTP ------------------------------------------------------------------------------


def test_head_tells_the_size_and_sends_nothing(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    data = chat.download(entry)
    head = chat.http.head(urlsplit(entry["download_url"]).path, buffered=True)
    assert head.status_code == 200
    assert head.get_data() == b""
    assert int(head.headers["Content-Length"]) == len(data)


def test_a_part_of_a_file_can_be_asked_for(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    data = chat.download(entry)
    part = chat.fetch(entry, Range="bytes=10-19")
    assert (part.status_code, part.get_data()) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    beyond = chat.fetch(entry, Range=f"bytes={len(data)}-")
    error = error_of(beyond)
    assert (error["status"], error["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(data)}"


def test_a_file_that_the_browser_has_is_not_sent_again(chat: Chat) -> None:
    entry = chat.op("create_excel_file", filename="budget.xlsx")["files"][0]
    tag = chat.fetch(entry).headers["ETag"]
    again = chat.fetch(entry, **{"If-None-Match": tag})
    assert (again.status_code, again.get_data()) == (304, b"")
    chat.op("write_excel_range", rows=[["changed"]])
    assert chat.fetch(entry, **{"If-None-Match": tag}).status_code == 200


# Withdrawing ------------------------------------------------------------------------


def workbook_link(chat: Chat) -> dict[str, str]:
    chat.call("create_excel_file", {"filename": "budget.xlsx", "headers": ["A"]})
    entry: dict[str, str] = chat.op("list_excel_files")["files"][0]
    return entry


def test_the_links_of_a_session_are_withdrawn_at_once(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock)
    one, other = Chat(service, "ann", "one"), Chat(service, "ann", "other")
    links = [workbook_link(chat) for chat in (one, other)]
    page = one.op("preview_excel_file")["preview_url"]
    clock.now += 1
    path = f"/v1/sessions/{one.id}/links"
    assert one.http.delete(path, headers=one.headers).status_code == 204
    error = error_of(one.fetch(links[0]))
    assert (error["status"], error["code"]) == (410, "link_expired")
    assert "withdrawn" in error["message"]
    assert one.fetch({"download_url": page}).status_code == 410
    assert other.fetch(links[1]).status_code == 200
    clock.now += 1
    assert one.downloaded_rows(one.op("list_excel_files")["files"][0]) == [["A"]]


def test_the_links_of_a_user_are_withdrawn_in_all_sessions(make_service: MakeService) -> None:
    clock = Clock()
    service = make_service(clock=clock)
    chats = [Chat(service, *who) for who in (("ann", "one"), ("ann", "two"), ("bob", "one"))]
    links = [workbook_link(chat) for chat in chats]
    clock.now += 1
    assert chats[0].http.delete("/v1/links", headers=chats[0].headers).status_code == 204
    found = [chat.fetch(link).status_code for chat, link in zip(chats, links, strict=True)]
    assert found == [410, 410, 200]
    clock.now += 1
    assert chats[1].fetch(chats[1].op("list_excel_files")["files"][0]).status_code == 200


def test_nobody_withdraws_the_links_of_others(make_service: MakeService) -> None:
    service = make_service()
    ann, eve = Chat(service, "ann"), Chat(service, "eve")
    link = workbook_link(ann)
    response = eve.http.delete(f"/v1/sessions/{ann.id}/links", headers=eve.headers)
    assert error_of(response)["code"] == "session_not_found"
    nobody = {"Authorization": eve.headers["Authorization"]}
    assert error_of(eve.http.delete("/v1/links", headers=nobody))["status"] == 422
    assert ann.fetch(link).status_code == 200


def test_an_operator_withdraws_links_of_a_running_service(
    make_service: MakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    service = make_service()
    settings = service.sessions.parts.settings
    ann, bob = Chat(service, "ann"), Chat(service, "bob")
    links = {chat: workbook_link(chat) for chat in (ann, bob)}
    assert main(["links", "withdraw", "--user", "ann"], settings) == 0
    assert [chat.fetch(link).status_code for chat, link in links.items()] == [410, 200]
    key = service.sessions.find(bob.id).data.key
    assert main(["links", "withdraw", key, "none", "../.."], settings) == 1
    assert bob.fetch(links[bob]).status_code == 410
    assert capsys.readouterr().err.count("There is no session") == 2
    assert main(["links", "withdraw"], settings) == 2


def test_parts_of_two_links_make_none(make_service: MakeService) -> None:
    """Neither the file, the time nor the signature of one goes with the others of another."""
    clock = Clock()
    service = make_service(clock=clock)
    ann, bob = Chat(service, "ann"), Chat(service, "bob")
    first = token_of(workbook_link(ann)).split(".")
    clock.now += 1
    second = token_of(workbook_link(bob)).split(".")
    mixed = {
        ".".join(parts)
        for parts in itertools.product(*zip(first, second, strict=True))
        if list(parts) not in (first, second)
    }
    assert len(mixed) == 6
    for token in mixed:
        assert status_of(ann, token) == (404, "file_not_found")


def test_a_link_of_another_door_opens_no_other(make_service: MakeService) -> None:
    """What is signed as an Mcp-Session-Id, a preview or a place to send to is no download."""
    chat = Chat(make_service())
    chat.op("create_excel_file", filename="budget.xlsx")
    start = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": MCP_START}
    accept = {**chat.headers, "Accept": "application/json, text/event-stream"}
    ticket = chat.http.post("/mcp", json=start, headers=accept).headers["Mcp-Session-Id"]
    preview = urlsplit(chat.op("preview_excel_file")["preview_url"]).path.split("/")[2]
    links = chat.service.sessions.parts.links
    sending = urlsplit(links.sending(chat.service.sessions.find(chat.id).data.key)).path
    for token in (ticket, preview, sending.split("/")[2]):
        assert status_of(chat, token) == (404, "file_not_found")
    download = token_of(chat.op("list_excel_files")["files"][0])
    for door in ("preview", "send"):
        assert chat.http.get(f"/{door}/{download}/a.xlsx").status_code == 404


MCP_START = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}
