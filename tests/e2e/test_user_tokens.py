"""A service that takes users only as Open WebUI signs them: at each door, with the real tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.chat import Chat, SignedInPage
from tests.e2e.conftest import API_KEY, PLUGIN
from tests.e2e.openwebui import USER_SECRET, OpenWebUI, User
from tests.e2e.test_main_job import call, say
from tests.processes import ServerProcess, service_process

DOORS = {
    "plugin": ("excel_signed", ""),
    "openapi": ("server:signed_api", ""),
    "mcp": ("server:mcp:signed", "signed_"),
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("strict")
    with service_process(folder, API_KEY, user_token_secret=USER_SECRET) as process:
        yield process


@pytest.fixture(scope="module")
def url(strict: ServerProcess) -> str:
    return strict.health_url.removesuffix("/health")


@pytest.fixture(scope="module")
def connected(webui: OpenWebUI, url: str) -> Iterator[OpenWebUI]:
    """Open WebUI with all three doors, and no header that names a user."""
    valves = {"service_url": url, "public_url": url, "api_key": API_KEY}
    webui.install_tool(PLUGIN.read_text(encoding="utf-8"), DOORS["plugin"][0], valves)
    common = {
        "auth_type": "bearer",
        "key": API_KEY,
        "config": {"enable": True, "access_grants": []},
    }
    openapi = {
        **common,
        "url": url,
        "path": "/openapi.json",
        "type": "openapi",
        "info": {"id": "signed_api", "name": "Signed, by OpenAPI", "description": ""},
    }
    mcp = {
        **common,
        "url": f"{url}/mcp",
        "path": "",
        "type": "mcp",
        "info": {"id": "signed", "name": "Signed, by MCP", "description": ""},
    }
    path = "/api/v1/configs/tool_servers"
    webui.request("POST", path, json={"TOOL_SERVER_CONNECTIONS": [openapi, mcp]})
    yield webui
    webui.request("POST", path, json={"TOOL_SERVER_CONNECTIONS": []})
    webui.request("DELETE", f"/api/v1/tools/id/{DOORS['plugin'][0]}/delete")


@pytest.mark.parametrize("door", DOORS)
def test_the_user_is_shown_by_open_webui(
    connected: OpenWebUI,
    sign_in: Callable[..., SignedInPage],
    request: pytest.FixtureRequest,
    url: str,
    door: str,
) -> None:
    tool, prefix = DOORS[door]
    shots: Path = request.config.getoption("--shots")
    user: User = connected.admin
    chat = Chat(sign_in(user), shots=shots, name=f"signed-{door}", tool_id=tool)
    made = call(f"{prefix}create_excel_file", filename=door, headers=["Item"])
    turn = chat.ask(f"Make a workbook ({door}).", [made, say("Made.")])
    assert turn.calls[0].status == "completed", turn.calls
    # The key alone opens nothing of it.
    for headers in ({"X-User-Id": user.id}, {"X-OpenWebUI-User-Id": user.id}):
        answer = requests.post(
            f"{url}/v1/operations/list_excel_files",
            json={},
            headers={"Authorization": f"Bearer {API_KEY}", "X-Chat-Id": "any", **headers},
            timeout=60,
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "user_not_shown")
