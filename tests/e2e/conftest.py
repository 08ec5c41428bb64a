"""A real service, a real Open WebUI and a real browser, started once for all tests here."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.databases import sqlite_shop
from tests.e2e.browser import NAMES, Browser, Page
from tests.e2e.chat import Chat, SignedInPage
from tests.e2e.openwebui import BOOT_SECONDS, OpenWebUI, User
from tests.e2e.scripted_model import ScriptedModel
from tests.processes import ROOT, ServerProcess, service_process

PLUGIN = ROOT / "openwebui_tool" / "excel_tools_openwebui.py"
TOOL_ID = "excel_tools"
API_KEY = "end-to-end-key"
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@localhost", "a-password-of-compose"
FAILED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.needs(*NAMES))
            # The first test also pays for the start of everything.
            item.add_marker(pytest.mark.timeout(BOOT_SECONDS + 300))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@dataclasses.dataclass(frozen=True)
class Service:
    """The running service; ``process`` restarts it on the same port and data."""

    url: str
    api_key: str
    folder: Path
    process: ServerProcess


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    sqlite_shop(folder / "shop.db")
    databases = {"shop": {"url": f"sqlite:///{folder / 'shop.db'}", "users": ["*"]}}
    process = service_process(folder, API_KEY, databases=json.dumps(databases))
    with process:
        yield Service(process.health_url.removesuffix("/health"), API_KEY, folder, process)


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


@pytest.fixture(scope="session")
def valves(service: Service) -> dict[str, object]:
    """The tool's settings: every valve that differs from its default."""
    return {"service_url": service.url, "public_url": service.url, "api_key": service.api_key}


@pytest.fixture(scope="session")
def webui(
    tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel, valves: dict[str, object]
) -> Iterator[OpenWebUI]:
    """Open WebUI with the plugin installed, exactly the version that the lock names."""
    venv = Path(os.environ.get("OWUI_VENV", ROOT / ".venv-e2e"))
    with OpenWebUI(venv, tmp_path_factory.mktemp("open-webui"), model) as webui:
        pinned = (ROOT / "tests/e2e/requirements.in").read_text()
        assert f"open-webui=={webui.version}\n" in pinned
        webui.install_tool(PLUGIN.read_text(encoding="utf-8"), TOOL_ID, valves)
        yield webui


@pytest.fixture(scope="session")
def bare_webui(
    tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel
) -> Iterator[OpenWebUI]:
    """A second one without the tool, its admin made by the environment, as by compose."""
    venv = Path(os.environ.get("OWUI_VENV", ROOT / ".venv-e2e"))
    folder = tmp_path_factory.mktemp("bare-open-webui")
    with OpenWebUI(venv, folder, model, (ADMIN_EMAIL, ADMIN_PASSWORD)) as webui:
        yield webui


@pytest.fixture
def empty(bare_webui: OpenWebUI) -> OpenWebUI:
    """The second one, with every tool that tests have left in it removed."""
    for tool in bare_webui.request("GET", "/api/v1/tools/list").json():
        bare_webui.request("DELETE", f"/api/v1/tools/id/{tool['id']}/delete")
    return bare_webui


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def bob(webui: OpenWebUI) -> User:
    """An ordinary user beside the admin."""
    return webui.add_user("Bob")


@pytest.fixture
def shot_name(request: pytest.FixtureRequest) -> str:
    """What the names of this test's screenshots begin with."""
    return re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")


@pytest.fixture
def sign_in(
    webui: OpenWebUI, browser: Browser, shot_name: str, request: pytest.FixtureRequest
) -> Iterator[Callable[..., SignedInPage]]:
    """``sign_in(user, width=1280, height=1000, dark=False)``: a page with its own cookies.

    Where the test fails, each page leaves a screenshot.
    """
    pages: list[Page] = []

    def sign_in(
        user: User, *, width: int = 1280, height: int = 1000, dark: bool = False
    ) -> SignedInPage:
        page = browser.page(width, height, user.email)
        pages.append(page)
        return SignedInPage(page, webui, user, dark=dark)

    yield sign_in
    for number, page in enumerate(pages):
        if request.node.stash.get(FAILED, False):
            folder: Path = request.config.getoption("--shots")
            page.screenshot(folder / f"FAILED-{shot_name}-{number}.png")
        page.close()


@pytest.fixture
def new_chat(
    sign_in: Callable[..., SignedInPage],
    webui: OpenWebUI,
    shot_name: str,
    request: pytest.FixtureRequest,
) -> Callable[..., Chat]:
    """``new_chat(user=admin, temporary=False, **page)``: a fresh chat with the tool on, on a page
    of its own."""
    shots: Path = request.config.getoption("--shots")

    def new_chat(user: User | None = None, *, temporary: bool = False, **page: object) -> Chat:
        user = user or webui.admin
        who = "" if user is webui.admin else f"-{user.email.partition('@')[0]}"
        return Chat(
            sign_in(user, **page),
            shots=shots,
            name=shot_name + who,
            tool_id=TOOL_ID,
            temporary=temporary,
        )

    return new_chat


@pytest.fixture
def chat(new_chat: Callable[..., Chat]) -> Chat:
    """A fresh chat of the admin."""
    return new_chat()
