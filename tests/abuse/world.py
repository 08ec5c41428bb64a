"""A service with somebody who has something to lose, and somebody who is after it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.abuse import wire
from tests.processes import ServerProcess
from tests.service_fixtures import KEY

SECOND_KEY = "another-key-of-the-tests"
MARK = "what-only-ann-may-see-4711"
USERS = ("ann", "eve")


class World:
    """Ann has a workbook with ``MARK`` in it; Eve has a key, a session, and bad intentions.

    :ivar names: what the cases put into their requests: ``{ann}``, ``{eve}`` (ids of sessions),
        ``{link}``, ``{preview}``, ``{send}`` (tokens of Ann's links), ``{own}`` (Eve's), ``{key}``
    """

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.url = server.health_url.removesuffix("/health")
        parts = urlsplit(self.url)
        self.address = (str(parts.hostname), int(parts.port or 0))
        ann, eve = (self.session(user, f"chat-of-{user}") for user in USERS)
        made = self.made(ann, "ann", "budget.xlsx", MARK)
        preview = self.op(ann, "ann", "preview_excel_file")["preview_url"]
        own = self.made(eve, "eve", "own.xlsx", "nothing")
        self.link = made["files"][0]["download_url"]
        self.names = {
            "ann": ann,
            "eve": eve,
            "link": token(self.link),
            "preview": token(preview),
            "own": token(own["files"][0]["download_url"]),
            "key": KEY,
            "second": SECOND_KEY,
            "send": self.sending(),
            "ticket": self.ticket(),
        }

    # What people do ---------------------------------------------------------------------

    def session(self, user: str, chat: str) -> str:
        answer = self.post("/v1/sessions", {"user": user, "chat": chat})
        return str(answer["session_id"])

    def op(self, session: str, user: str, name: str, /, **parameters: object) -> dict[str, Any]:
        headers = {"X-Excel-Session": session, "X-User-Id": user}
        return self.post(f"/v1/operations/{name}", parameters, **headers)

    def made(self, session: str, user: str, name: str, cell: str) -> dict[str, Any]:
        return self.op(session, user, "create_excel_file", filename=name, headers=[cell])

    def sending(self) -> str:
        """The token of the page by which Ann sends files to her chat."""
        headers = {"X-User-Id": "ann", "X-Chat-Id": "chat-of-ann", **self.key}
        path = f"{self.url}/v1/operations/open_excel_file"
        error = requests.post(path, json={"file": "none"}, headers=headers, timeout=wire.PATIENCE)
        hint = str(error.json()["error"]["hint"])
        return token(hint.split("](", 1)[1].split(")", 1)[0])

    def ticket(self) -> str:
        """The Mcp-Session-Id of somebody with the other key."""
        start = {
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "1"},
            },
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {SECOND_KEY}", "Accept": MCP_ACCEPT}
        answer = requests.post(
            f"{self.url}/mcp", json=start, headers=headers, timeout=wire.PATIENCE
        )
        return answer.headers["Mcp-Session-Id"]

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}"}

    def post(self, path: str, body: object, **headers: str) -> dict[str, Any]:
        """The answer of a call that is right."""
        answer = requests.post(
            self.url + path, json=body, headers={**self.key, **headers}, timeout=wire.PATIENCE
        )
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def cell(self) -> object:
        """The first cell of Ann's workbook."""
        answer = self.op(self.names["ann"], "ann", "read_excel_range", workbook="budget.xlsx")
        return answer["result"]["rows"][0][0]

    # What the cases do --------------------------------------------------------------------

    def fill(self, text: str) -> str:
        """The text with the names put in."""
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def ask(
        self,
        line: str,
        *headers: str,
        body: object = None,
        raw: bytes | None = None,
        bare: bool = False,
        ends: bool = False,
    ) -> wire.Answer:
        """Send "METHOD /path" with headers ("Name: value") and read the answer.

        :param body: sent as JSON
        :param raw: sent as it is
        :param ends: say that nothing more comes
        :param bare: without Host, key and what else a sound request has
        """
        method, _, path = self.fill(line).partition(" ")
        given = [tuple(self.fill(header).split(": ", 1)) for header in headers]
        sound = [("Host", "excel.test"), ("Authorization", f"Bearer {KEY}")]
        named = {name.lower() for name, *_ in given}
        whole = [] if bare else [pair for pair in sound if pair[0].lower() not in named]
        data = raw if raw is not None else b"" if body is None else _json(self, body)
        if body is not None:
            whole.append(("Content-Type", "application/json"))
        pairs = [(name, *rest)[:2] if rest else (name, "") for name, *rest in [*whole, *given]]
        return wire.send(self.address, wire.request(method, path, pairs, data), finish=ends)


MCP_ACCEPT = "application/json, text/event-stream"


def _json(world: World, body: object) -> bytes:
    return world.fill(json.dumps(body)).encode()


def token(url: str) -> str:
    """What a link is signed with."""
    return urlsplit(url).path.split("/")[-2]
