"""The start page in a real browser: by day and night, on a phone, by what it copies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.browser import Browser, Page
from tests.e2e.conftest import Service
from tests.e2e.test_preview_page import AXE

TOLD = "document.getElementById('told')"
HOSTS = "[...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).host))]"
# Where the browser has no clipboard, a person copies what the page shows.
NO_CLIPBOARD = (
    "Object.defineProperty(navigator, 'clipboard', {value: undefined}),"
    "document.execCommand = () => false, true"
)


@pytest.fixture
def opened(browser: Browser, service: Service) -> Iterator[Callable[..., Page]]:
    """``opened(width, dark, language)``: the page."""
    pages: list[Page] = []

    def opened(width: int = 1280, *, dark: bool = False, language: str = "en") -> Page:
        page = browser.page(width, 1000)
        pages.append(page)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.command("Emulation.setEmulatedMedia", features=[scheme])
        agent = page.js("navigator.userAgent")
        page.command("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        page.goto(f"{service.url}/")
        page.wait("document.getElementById('file').pathname !== '/'", "the page's script")
        return page

    yield opened
    for page in pages:
        page.close()


def violations(page: Page) -> list[list[str]]:
    """What axe finds wrong with the page as it is now."""
    page.command("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
    run = (
        "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify("
        "r.violations.map(v => [v.id, ...v.nodes.map(n => n.html.slice(0, 200))])))"
    )
    found: list[list[str]] = json.loads(page.js(run))
    return found


@pytest.mark.parametrize(
    ("width", "dark", "language"),
    [(1280, False, "en"), (1280, True, "de-DE,de"), (390, False, "de"), (390, True, "en")],
)
def test_it_can_be_read_by_everyone(
    opened: Callable[..., Page], service: Service, width: int, dark: bool, language: str
) -> None:
    page = opened(width, dark=dark, language=language)
    assert page.js("document.documentElement.lang") == language[:2]
    assert violations(page) == []
    assert page.js("document.documentElement.scrollWidth") == width
    assert page.js(HOSTS) == [service.url.removeprefix("http://")]


def copied(page: Page, key: str = "") -> str:
    """The tool that the page shows for copying by hand."""
    page.js(NO_CLIPBOARD)
    page.click("document.getElementById('key')")
    page.type(key)
    page.click("document.getElementById('copy')")
    page.wait(f"{TOLD}.dataset.kind === 'done'", "the copy")
    assert page.js("document.getElementById('key').value") == ""
    assert page.js(f"{TOLD}.textContent").startswith("Copy the text below.")
    return str(page.js("document.getElementById('text').value"))


def test_the_copy_has_what_was_chosen(opened: Callable[..., Page], service: Service) -> None:
    page = opened()
    page.click("document.querySelector('[name=where][value*=\"host.docker\"]')")
    page.click("document.querySelector('[name=size][value*=small]')")
    text = copied(page, service.api_key)
    port = service.url.rpartition(":")[2]
    assert f'\nSERVICE_URL = "http://host.docker.internal:{port}"\n' in text
    assert '\nAPI_KEY = "excel-' in text
    assert "title: Excel Tools (small)" in text
    assert violations(page) == []


def test_without_a_key_the_copy_says_that_one_is_missing(opened: Callable[..., Page]) -> None:
    page = opened()
    assert '\nAPI_KEY = ""\n' in copied(page)
    assert "Set the valve api_key" in page.js(f"{TOLD}.textContent")


def test_a_german_page_answers_in_german(opened: Callable[..., Page]) -> None:
    page = opened(language="de")
    page.js(NO_CLIPBOARD)
    page.click("document.getElementById('copy')")
    page.wait(f"{TOLD}.dataset.kind === 'done'", "the copy")
    assert page.js(f"{TOLD}.textContent").startswith("Kopieren Sie den Text unten.")
    page.click("document.getElementById('key')")
    page.type("wrong-key-1")
    page.click("document.getElementById('copy')")
    page.wait(f"{TOLD}.dataset.kind === 'failed'", "the refusal")
    assert page.js(f"{TOLD}.textContent").startswith("Dieser Schlüssel ist keiner")


def test_a_wrong_key_is_told(opened: Callable[..., Page]) -> None:
    page = opened(390)
    page.click("document.getElementById('key')")
    page.type("wrong-key-1")
    page.click("document.getElementById('copy')")
    page.wait(f"{TOLD}.dataset.kind === 'failed'", "the refusal")
    assert "EXCEL_TOOLS_API_KEYS" in page.js(f"{TOLD}.textContent")
    assert violations(page) == []
