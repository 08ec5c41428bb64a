"""Previews of the golden workbook and the richest of the corpus, each sheet in each light.

Screenshots are for looking at: ``--shots`` names their folder.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from tests import test_golden
from tests.corpus.library import Library
from tests.e2e.browser import Browser
from tests.e2e.conftest import Service
from tests.e2e.test_preview_page import VIEWS, Caller, Watched

RICH = [
    "xlsxwriter-charts.xlsx", "xlsxwriter-chart-details.xlsx", "xlsxwriter-sparklines.xlsx",
    "openpyxl-charts-xy.xlsx", "openpyxl-chartsheet.xlsx", "openpyxl-rules.xlsx",
    "openpyxl-styles.xlsx", "openpyxl-layout.xlsx", "openpyxl-tables.xlsx", "hand-shapes.xlsx",
    "hand-extensions.xlsx", "hand-theme.xlsx", "hand-smartart.xlsx", "excelize-sparklines.xlsx",
    "excelize-layout.xlsx", "xlsxwriter-comments.xlsx",
]  # fmt: skip
# What a page that breaks its own policy would be told.
WATCH = (
    "window.blocked = [];"
    "addEventListener('securitypolicyviolation', e => window.blocked.push(e.blockedURI))"
)


def send(caller: Caller, content: bytes, name: str) -> None:
    """POST /v1/files."""
    url = f"{caller.service.url}/v1/files"
    files = {"file": (name, content)}
    answer = requests.post(url, files=files, headers=caller.headers, timeout=60)
    assert answer.status_code == 201, answer.text


def golden(service: Service, user: str = "gallery-golden") -> Caller:
    """The golden workbook, open."""
    caller = Caller(service, user)
    caller.op(
        "create_excel_file", filename="golden.xlsx", headers=test_golden.HEADERS,
        rows=test_golden.ROWS, sheet="Orders",
    )  # fmt: skip
    logo = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(logo, "PNG")
    send(caller, logo.getvalue(), "logo.png")
    for name, given in [
        *test_golden.LOOKS, *test_golden.RULES, *test_golden.CHARTS, *test_golden.DATA
    ]:  # fmt: skip
        caller.op(name, **given)
    return caller


@pytest.fixture(scope="module")
def link(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """``link(name)``: the preview of that workbook, which is opened once."""
    library = Library(tmp_path_factory.mktemp("gallery"))
    known: dict[str, str] = {}

    def opened(name: str) -> Caller:
        if name == "golden":
            return golden(service)
        caller = Caller(service, f"gallery-{name}")
        send(caller, library.path(name).read_bytes(), name)
        caller.op("open_excel_file", file=name)
        return caller

    def link(name: str) -> str:
        if name not in known:
            known[name] = opened(name).preview
        return known[name]

    return link


def look_around(watched: Watched, shot: Callable[[int], Path], width: int) -> None:
    """Show each sheet: it fits the page, is accessible, and can be reached by keyboard."""
    page = watched.page
    for number in range(page.js("document.querySelectorAll('[role=tab]').length")):
        watched.tab(number)
        page.wait("document.querySelector('#grid td')", "the sheet")
        page.screenshot(shot(number))
        assert watched.violations() == [], number
        assert page.js("document.documentElement.scrollWidth") <= width
        page.js("document.querySelector('#grid td[tabindex=\"0\"]').focus()")
        assert page.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert page.js("document.querySelectorAll('#grid td[tabindex=\"0\"]').length") == 1


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["golden", *RICH])
def test_every_sheet_shows_in_every_light_and_width(
    name: str,
    view: str,
    link: Callable[[str], str],
    browser: Browser,
    request: pytest.FixtureRequest,
) -> None:
    width, height, dark = VIEWS[view]
    url = link(name)
    watched = Watched(browser.page(width, height), dark=dark)
    page = watched.page
    page.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    shots: Path = request.config.getoption("--shots")
    try:
        page.goto(url)
        look_around(watched, lambda n: shots / f"gallery-{name}-{n}-{view}.png", width)
        assert not page.errors
        assert page.js("window.blocked") == []
        asked = [one for one in watched.asked if not one.startswith("data:")]
        assert {urlsplit(one).netloc for one in asked} == {urlsplit(url).netloc}
    finally:
        page.close()


@pytest.mark.needs("soffice")
def test_the_golden_workbook_becomes_pages_with_something_on_them(
    service: Service, request: pytest.FixtureRequest
) -> None:
    caller = golden(service, "gallery-pages")
    answer = caller.op("export_excel_file", format="pdf")
    assert fetched(service, answer["files"][0]).startswith(b"%PDF")
    shots: Path = request.config.getoption("--shots")
    for sheet in ("Orders", "Rules", "Summary"):
        files = caller.op("export_excel_file", format="png", sheet=sheet)["files"]
        pictures = [one for one in files if one["name"].endswith(".png")]
        assert pictures, files
        content = fetched(service, pictures[0])
        (shots / f"golden-{sheet}.png").parent.mkdir(parents=True, exist_ok=True)
        (shots / f"golden-{sheet}.png").write_bytes(content)
        with Image.open(io.BytesIO(content)) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 10


def fetched(service: Service, file: dict[str, Any]) -> bytes:
    """What a download link leads to."""
    path = urlsplit(str(file["download_url"])).path
    answer = requests.get(service.url + path, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content
