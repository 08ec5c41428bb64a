"""The page for sending a file to a chat, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from tests.e2e.browser import Browser
from tests.e2e.conftest import Service


def test_a_person_sends_a_file_that_the_model_then_finds(
    service: Service, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shots: Path = request.config.getoption("--shots")
    headers = {"Authorization": f"Bearer {service.api_key}"}
    headers |= {"X-User-Id": "sender", "X-Chat-Id": "sending"}

    def call(name: str, **given: str) -> requests.Response:
        address = f"{service.url}/v1/operations/{name}"
        return requests.post(address, json=given, headers=headers, timeout=60)

    hint = call("open_excel_file", file="latest").json()["error"]["hint"]
    link = re.search(r"\[Send a file\]\((\S+)\)", hint)
    assert link
    file = tmp_path / "Übersicht.csv"
    file.write_text("Name,Count\nBolt,3\n")
    page = browser.page(600, 400)
    page.goto(link.group(1))
    page.set_files("input[type=file]", [file])
    page.screenshot(shots / "send-chosen.png")
    page.click("document.querySelector('button')")
    page.wait("document.body.innerText.includes('Übersicht.csv has arrived')", "the file's name")
    page.screenshot(shots / "send-arrived.png")
    assert page.errors == []
    page.close()
    made = call("import_csv_to_excel", source="latest").json()
    assert made["workbook"] == "Übersicht.xlsx"
