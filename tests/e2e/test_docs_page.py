"""/docs in a real browser: every route is shown, and can be tried out where the page is open."""

from __future__ import annotations

import json

import pytest
import requests

from tests.e2e.browser import Browser
from tests.e2e.conftest import Service

HEALTH = "document.querySelector('#operations-service-get_health {}')"


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


def test_an_operation_is_tried_out_for_a_user_and_a_chat(
    service: Service, browser: Browser, request: pytest.FixtureRequest
) -> None:
    """Key, user and chat are typed once, under Authorize."""
    page = browser.page()
    page.goto(f"{service.url}/docs")
    block = "document.querySelector('#operations-operations-list_excel_files {}')"
    page.wait(f"!!{block.format('.opblock-summary-control')}", "the operation")
    values = {"key": service.api_key, "user": "docs-user", "chat": "docs-chat"}
    page.js(
        "(() => { const given = " + json.dumps(values) + ";"
        " const ui = window.ui; Object.entries(given).forEach(([name, value]) =>"
        " ui.preauthorizeApiKey(name, value)); return true; })()"
    )
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        page.wait(f"!!{block.format(button)}", button)
        page.js(f"{block.format(button)}.click()")
    page.wait(f"!!{block.format('.live-responses-table pre')}", "the answer")
    page.screenshot(request.config.getoption("--shots") / "docs-operation.png")
    answer = json.loads(page.js(f"{block.format('.live-responses-table pre')}.innerText"))
    assert answer["result"] == {"open": []}
    page.close()
