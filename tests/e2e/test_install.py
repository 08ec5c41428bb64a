"""Three roads into an empty Open WebUI, and what may stand in their way; the doctor over it all."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from service.openwebui.install import TOOL_ID
from service.tool import facts_of, same_tool, tool_text
from tests.e2e.browser import Browser, Page
from tests.e2e.chat import Chat, SignedInPage
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, Service
from tests.e2e.openwebui import OpenWebUI, User
from tests.e2e.scripted_model import MODEL_ID
from tests.e2e.test_main_job import call, rows_of, say, succeeded
from tests.processes import ROOT, clean_environ
from tests.test_docker import KEYS, compose

BUTTON = "[...document.querySelectorAll('button')].find(b => b.innerText.trim() === '{}')"


@dataclasses.dataclass(frozen=True)
class Operator:
    """A person at the command line of the machine on which the service runs."""

    service: Service
    webui: OpenWebUI

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = clean_environ() | {
            "EXCEL_TOOLS_PORT": self.service.url.rpartition(":")[2],
            "EXCEL_TOOLS_PUBLIC_URL": self.service.url,
            "EXCEL_TOOLS_API_KEYS": self.service.api_key,
            "EXCEL_TOOLS_DATA_DIR": str(self.service.folder / "data"),
            "OPEN_WEBUI_URL": self.webui.url,
            "OPEN_WEBUI_TOKEN": self.webui.admin.token,
        }
        words = [sys.executable, "-m", "service", *arguments]
        options = {
            "cwd": ROOT,
            "stdin": subprocess.DEVNULL,
            "capture_output": True,
            "text": True,
            "timeout": 240,
        }
        return subprocess.run(words, env=env | variables, **options)  # type: ignore[call-overload,no-any-return]

    def install(self, *arguments: str, **variables: str) -> str:
        done = self.run("install", *arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str, **variables: str) -> str:
        before = self.webui.request("GET", "/api/v1/tools/list").json()
        done = self.run("install", *arguments, **variables)
        assert (done.returncode, done.stdout) == (1, "")
        assert self.webui.request("GET", "/api/v1/tools/list").json() == before
        assert done.stderr.count("\n") == 2, "what happened, and what to change"
        return done.stderr

    def faults(self, **variables: str) -> dict[str, str]:
        """What the doctor finds: name of the fault -> what it is and its cure."""
        done = self.run("doctor", "--json", **variables)
        found = json.loads(done.stdout)
        assert done.returncode == (1 if any(f["state"] == "fault" for f in found) else 0)
        return {f["name"]: f"{f['what']} {f['cure']}" for f in found if f["state"] == "fault"}


@pytest.fixture
def operator(service: Service, empty: OpenWebUI) -> Operator:
    return Operator(service, empty)


def tool_of(webui: OpenWebUI, id_: str = TOOL_ID) -> dict[str, Any]:
    found: dict[str, Any] = webui.request("GET", f"/api/v1/tools/id/{id_}").json()
    return found


def valves_of(webui: OpenWebUI, id_: str = TOOL_ID) -> dict[str, Any]:
    found: dict[str, Any] = webui.request("GET", f"/api/v1/tools/id/{id_}/valves").json()
    return found


# The three roads ------------------------------------------------------------------------


@pytest.fixture
def works(
    browser: Browser, empty: OpenWebUI, request: pytest.FixtureRequest
) -> Callable[[str], None]:
    """``works(road)``: a workbook is made, changed and downloaded in a chat."""
    shots: Path = request.config.getoption("--shots")

    def works(road: str) -> None:
        page = SignedInPage(browser.page(1280, 1000), empty, empty.admin)
        chat = Chat(page, shots=shots, name=f"road-{road}", tool_id=TOOL_ID)
        headers, first = ["Name", "From", "To", "Days"], ["Ada", "2026-07-01", "2026-07-10", 8]
        create = {"filename": "holidays", "headers": headers, "rows": [first]}
        turn = chat.ask(
            f"Make an Excel file of our team's holidays ({road}).",
            [call("create_excel_file", **create), say("Here it is: {{results.0.link}}")],
        )
        succeeded(turn)
        second = ["Bo", "2026-08-03", "2026-08-07", 5]
        turn = chat.ask(
            "Add Bo, 3 to 7 August.",
            [call("write_excel_range", start="append", rows=[second]), say("Bo is in it.")],
        )
        succeeded(turn)
        chat.shot("done")
        book = openpyxl.load_workbook(io.BytesIO(chat.download_chip("holidays.xlsx")))
        assert [row[0] for row in rows_of(book.active)] == ["Name", "Ada", "Bo"]
        chat.page.close()

    return works


def paste(page: Page) -> None:
    """Everything in the editor is replaced by what is in the clipboard."""
    page.click("document.querySelector('.cm-content')")
    for command, key in (("selectAll", "a"), ("paste", "v")):
        code = {"key": key, "windowsVirtualKeyCode": ord(key.upper()), "modifiers": 2}
        page.command("Input.dispatchKeyEvent", type="rawKeyDown", commands=[command], **code)
        page.command("Input.dispatchKeyEvent", type="keyUp", **code)


def test_by_pasting(
    browser: Browser,
    service: Service,
    empty: OpenWebUI,
    works: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    """From the service's page, with a key of the service, into the editor of Open WebUI."""
    shots: Path = request.config.getoption("--shots")
    page = browser.page(1280, 1300)
    page.goto(f"{service.url}/")
    page.wait("document.getElementById('file').pathname !== '/'", "the page's script")
    page.click("document.getElementById('key')")
    page.type(service.api_key)
    page.click("document.getElementById('copy')")
    page.wait("document.getElementById('told').dataset.kind === 'done'", "the copy")
    page.screenshot(shots / "road-paste-1-start-page.png")
    SignedInPage(page, empty, empty.admin)
    page.goto(f"{empty.url}/workspace/tools/create")
    page.wait("document.querySelector('.cm-content')?.innerText.length > 100", "the editor")
    paste(page)
    name = "document.querySelector('input[placeholder=\"Tool Name\"]').value"
    page.wait(f"{name} === 'Excel Tools'", "Open WebUI to fill in the name")
    page.screenshot(shots / "road-paste-2-editor.png")
    page.click(BUTTON.format("Save & Create"))
    page.click(BUTTON.format("Confirm"))
    page.wait("location.pathname === '/workspace/tools'", "the tool to be saved", 120)
    page.close()
    facts = facts_of(tool_of(empty)["content"])
    assert facts.service_url == service.url
    assert facts.api_key.startswith("excel-")
    works("paste")


def api_key(webui: OpenWebUI) -> str:
    """An admin's, as the page makes one where they are on."""
    return str(webui.request("POST", "/api/v1/auths/api_key").json()["api_key"])


def test_by_the_command(operator: Operator, works: Callable[[str], None]) -> None:
    key = api_key(operator.webui)
    told = operator.install(OPEN_WEBUI_TOKEN=key)
    assert f"Service: {operator.service.url}" in told, "it found the address by itself"
    assert operator.faults(OPEN_WEBUI_TOKEN=key) == {}
    works("command")


def test_by_the_compose_file(operator: Operator, works: Callable[[str], None]) -> None:
    """What the container does, without the container: its command, and its environment."""
    given = KEYS | {"WEBUI_ADMIN_PASSWORD": ADMIN_PASSWORD, "EXCEL_TOOLS_API_KEYS": "is-there-1"}
    services = compose(given)["services"]
    tool, webui = services["install-tool"], services["open-webui"]["environment"]
    assert (webui["WEBUI_ADMIN_EMAIL"], webui["WEBUI_ADMIN_PASSWORD"]) == (
        ADMIN_EMAIL,
        ADMIN_PASSWORD,
    )
    variables = tool["environment"] | {
        "EXCEL_TOOLS_API_KEYS": operator.service.api_key,
        "OPEN_WEBUI_URL": operator.webui.url,
        "OPEN_WEBUI_TOKEN": "",
    }
    assert tool["command"][:3] == ["python", "-m", "service"]
    done = operator.run(*tool["command"][3:], **variables)
    assert done.returncode == 0, done.stderr
    assert "everyone may use it" in done.stdout
    again = operator.run(*tool["command"][3:], **variables)
    assert "is there already" in again.stdout
    works("compose")


# Upgrades -----------------------------------------------------------------------------


def test_an_upgrade_keeps_what_the_admin_set(operator: Operator) -> None:
    webui = operator.webui
    old = tool_text("small").replace("version: 0.1.0", "version: 0.0.9") + "\nOLD = True\n"
    valves = {"service_url": operator.service.url, "api_key": "set-by-the-admin", "timeout": 77}
    webui.install_tool(old, "my_excel", valves)
    webui.request("POST", "/api/v1/tools/id/my_excel/access/update", json={"access_grants": []})
    told = operator.install()
    assert "0.0.9 (small) -> 0.1.0 (small)" in told
    tool = tool_of(webui, "my_excel")
    assert same_tool(tool["content"], tool_text("small"))
    assert (tool["name"], tool["access_grants"]) == ("Excel", [])
    assert tool["meta"]["description"] == "Excel workbooks"
    assert valves_of(webui, "my_excel") == valves
    assert "(small) -> 0.1.0 (full)" in operator.install("--size", "full", "--key", "another-key")
    assert valves_of(webui, "my_excel") == valves | {"api_key": "another-key"}


def test_what_a_pasted_tool_had_filled_in_becomes_its_valves(operator: Operator) -> None:
    filled = tool_text("full", operator.service.url, "excel-key-of-the-page")
    operator.webui.install_tool(filled.replace("version: 0.1.0", "version: 0.0.9"), "excel_tools")
    operator.install()
    assert valves_of(operator.webui) == {
        "service_url": operator.service.url,
        "api_key": "excel-key-of-the-page",
    }
    assert facts_of(tool_of(operator.webui)["content"]).api_key == ""


# What may stand in the way ----------------------------------------------------------------


@pytest.fixture(scope="module")
def somebody(bare_webui: OpenWebUI) -> User:
    return bare_webui.add_user("Some")


def test_each_failure_says_what_to_change(operator: Operator, somebody: User) -> None:
    refused = operator.refused
    assert "address of Open WebUI is missing" in refused(OPEN_WEBUI_URL="")
    assert "is not Open WebUI" in refused(OPEN_WEBUI_URL=operator.service.url)
    assert "http://open-webui:8080" in refused(OPEN_WEBUI_URL="http://127.0.0.1:9")
    assert "no address" in refused(OPEN_WEBUI_URL="open-webui")
    assert "EMAIL=" in refused(OPEN_WEBUI_TOKEN="sk-wrong")
    assert "no token" in refused(OPEN_WEBUI_TOKEN="")
    assert "no admin" in refused(OPEN_WEBUI_TOKEN=somebody.token)
    account = {"WEBUI_ADMIN_EMAIL": ADMIN_EMAIL, "WEBUI_ADMIN_PASSWORD": "wrong"}
    assert "did not let" in refused(OPEN_WEBUI_TOKEN="", **account)
    assert "no password" in refused(OPEN_WEBUI_TOKEN="", WEBUI_ADMIN_EMAIL=ADMIN_EMAIL)
    assert "can't be the id" in refused("--id", "Excel-1")


def test_an_id_that_something_else_has_is_left_alone(operator: Operator) -> None:
    other = '"""\ntitle: Other\nauthor: somebody\n"""\n\n\nclass Tools:\n    pass\n'
    operator.webui.install_tool(other, TOOL_ID)
    told = operator.refused()
    assert "taken by another tool" in told
    assert "--id" in told
    operator.install("--id", "excel_tools_2")
    assert tool_of(operator.webui)["content"] == other
    operator.webui.install_tool(tool_text("small"), "excel_tools_3")
    assert "excel_tools_2, excel_tools_3" in operator.refused()


# The doctor ---------------------------------------------------------------------------------


def test_the_doctor_names_the_cure_of_each_fault(operator: Operator, service: Service) -> None:
    """Ten faults in Open WebUI, each made for real; the service's own are in test_doctor."""
    webui = operator.webui
    valves = {"service_url": service.url, "api_key": service.api_key}

    def found(name: str, **variables: str) -> str:
        faults = operator.faults(**variables)
        assert set(faults) == {name}, faults
        return faults[name]

    assert "install-openwebui" in found("tool")
    webui.install_tool(tool_text("full"), TOOL_ID, valves)
    assert operator.faults() == {}
    webui.install_tool(tool_text("full"), TOOL_ID, valves | {"api_key": "some-other-key"})
    assert "keys make" in found("valve api_key")
    webui.install_tool(tool_text("full"), TOOL_ID, valves | {"service_url": "http://localhost:9"})
    assert "host.docker.internal" in found("valve service_url")
    webui.install_tool(tool_text("full"), TOOL_ID, valves | {"service_url": "http://excel-tools:1"})
    assert "same compose" in found("valve service_url")
    webui.install_tool(tool_text("full"), TOOL_ID, valves | {"public_url": "http://excel-tools:1"})
    assert "EXCEL_TOOLS_PUBLIC_URL" in found("links in the chat")
    old = tool_text("full").replace("version: 0.1.0", "version: 0.0.9")
    webui.install_tool(old, TOOL_ID, valves)
    assert "install-openwebui" in found("version of the tool")
    webui.install_tool(tool_text("full"), TOOL_ID, valves)
    grants = f"/api/v1/tools/id/{TOOL_ID}/access/update"
    webui.request("POST", grants, json={"access_grants": []})
    assert "Access" in found("access")
    everyone = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
    webui.request("POST", grants, json={"access_grants": everyone})
    webui.install_tool(tool_text("small"), "second_one", valves)
    assert "Keep one" in found("tool")
    webui.request("DELETE", "/api/v1/tools/id/second_one/delete")
    assert "EMAIL=" in found("Open WebUI", OPEN_WEBUI_TOKEN="wrong")


def test_the_doctor_sees_how_the_models_are_set(operator: Operator, service: Service) -> None:
    webui = operator.webui
    valves = {"service_url": service.url, "api_key": service.api_key}
    webui.install_tool(tool_text("full"), TOOL_ID, valves)
    form = {
        "id": MODEL_ID,
        "base_model_id": None,
        "name": "Scripted",
        "meta": {"capabilities": {"file_context": True}},
        "params": {"function_calling": "legacy"},
    }
    webui.request("POST", "/api/v1/models/create", json=form)
    try:
        assert "Native" in operator.faults()["function calling"]
        form |= {"params": {}, "meta": {"capabilities": {"file_context": False}}}
        webui.request("POST", "/api/v1/models/model/update", json=form)
        done = operator.run("doctor", "--json")
        states = {f["name"]: f["state"] for f in json.loads(done.stdout)}
        assert states["function calling"] == states["text of attached files"] == "ok"
    finally:
        webui.request("POST", "/api/v1/models/model/delete", json={"id": MODEL_ID})
