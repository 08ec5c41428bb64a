"""The site of the documents at the service, in a real browser: day and night, desk and phone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.browser import Browser, Page
from tests.e2e.conftest import Service
from tests.e2e.test_start_page import HOSTS, violations
from tests.processes import ROOT

DAY, NIGHT = (1280, False), (390, True)
PAGES = [
    *[(name, *DAY) for name in ("index", "recipes/budget", "operations", "errors", "changelog")],
    *[
        (name, *NIGHT)
        for name in ("index", "recipes/preview", "operations", "settings", "security")
    ],
    ("how-it-works", 1280, True),
    ("quick-start", 390, False),
]


@pytest.fixture(scope="module")
def guide(service: Service) -> str:
    """The site's address; made by ``make docs`` where the service looks for it."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    return f"{service.url}/guide"


@pytest.fixture
def opened(browser: Browser, guide: str) -> Iterator[Callable[..., Page]]:
    """``opened(name, width, dark)``: a page of the site."""
    pages: list[Page] = []

    def opened(name: str, width: int = 1280, *, dark: bool = False) -> Page:
        page = browser.page(width, 900)
        pages.append(page)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.command("Emulation.setEmulatedMedia", features=[scheme])
        page.goto(f"{guide}/{name}.html")
        page.wait("typeof __md_get === 'function' && !!window.component$", "the site's scripts")
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.mark.parametrize(("name", "width", "dark"), PAGES)
def test_a_page_can_be_read_by_everyone(
    opened: Callable[..., Page], request: pytest.FixtureRequest, name: str, width: int, dark: bool
) -> None:
    page = opened(name, width, dark=dark)
    scheme = "slate" if dark else "default"
    page.wait(f"document.body.dataset.mdColorScheme === '{scheme}'", "the colours")
    shot = f"guide-{name.replace('/', '-')}-{width}.png"
    page.screenshot(request.config.getoption("--shots") / shot)
    assert violations(page) == []
    assert page.js("document.documentElement.scrollWidth") == width
    assert page.js(HOSTS) == [page.js("location.host")]
    broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    assert page.js(broken) == []


def test_calls_and_answers_are_whole_on_a_phone(opened: Callable[..., Page]) -> None:
    page = opened("recipes/budget", 390)
    wide = "[...document.querySelectorAll('pre > code')].filter(c => c.scrollWidth > c.clientWidth)"
    assert page.js(f"{wide}.length") == 0
    assert page.js("document.querySelectorAll('pre > code').length") == 4


def test_the_search_finds_an_error_code(opened: Callable[..., Page]) -> None:
    page = opened("index")
    page.js("document.querySelector('.md-search__input').focus()")
    page.type("statement_refused")
    page.wait("!!document.querySelector('.md-search-result__item a')", "what was found")
    found = page.js("document.querySelector('.md-search-result').innerText")
    assert "Errors" in found
