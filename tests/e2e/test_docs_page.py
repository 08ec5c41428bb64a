"""/docs in a real browser: every route is shown, and can be tried out where the page is open."""

from __future__ import annotations

import json

import requests

from tests.e2e.browser import Browser
from tests.e2e.conftest import Service

HEALTH = "document.querySelector('#operations-service-health {}')"


def test_the_documentation_shows_the_routes_and_tries_one_out(
    service: Service, browser: Browser
) -> None:
    document = requests.get(f"{service.url}/openapi.json", timeout=10).json()
    count = sum(len(item) for item in document["paths"].values())
    page = browser.page()
    page.goto(f"{service.url}/docs")
    page.wait(f"document.querySelectorAll('.opblock').length === {count}", "the routes")
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        page.wait(f"!!{HEALTH.format(button)}", button)
        page.js(f"{HEALTH.format(button)}.click()")
    page.wait(f"!!{HEALTH.format('.live-responses-table pre')}", "the answer")
    answer = json.loads(page.js(f"{HEALTH.format('.live-responses-table pre')}.innerText"))
    assert answer["status"] == "ok"
    page.close()
