"""``python -m service doctor``: what is wrong, and what to change.

It looks at the settings, the disk, what replicas share and the service that runs, and with the
address and token of an Open WebUI at the tool in it. It makes one workbook in a session of its
own, and deletes it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from service.openwebui import service_checks, webui_checks
from service.openwebui.api import OpenWebUIError
from service.openwebui.findings import Finding, fault, skipped
from service.openwebui.install import add_address, connected
from service.settings import Settings

_ABOUT = (
    "Says what is wrong, and what to change. It looks at the settings, the disk and the service "
    "that runs, and with the address and an admin of an Open WebUI at the tool in it. It makes one "
    "workbook in a session of its own, and deletes it. The settings have to be those of the "
    "service: run it in the same environment or container."
)
_MARKS = {"ok": "ok     ", "fault": "FAULT  ", "advice": "advice ", "skipped": "skipped"}


def main(arguments: list[str], settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the command; returns its exit status: 0, 1 if there are faults, 2 for misuse."""
    parser = argparse.ArgumentParser(prog="python -m service doctor", description=_ABOUT)
    add_address(parser, environ)
    parser.add_argument("--json", action="store_true", help="as JSON")
    asked = parser.parse_args(arguments)
    found = []
    for finding in _findings(asked, settings):
        found.append(finding)
        if not asked.json:
            print(_told(finding), flush=True)
    if asked.json:
        print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
    faults = sum(finding.state == "fault" for finding in found)
    if not asked.json:
        print(f"Faults: {faults}. What to change is behind the arrows." if faults else "No fault.")
    return 1 if faults else 0


def _findings(asked: argparse.Namespace, settings: Settings) -> Iterator[Finding]:
    yield from service_checks.checks(settings)
    if not asked.url:
        yield skipped(
            "Open WebUI",
            "It was not looked at.",
            "Give its address and an admin: make doctor URL=... EMAIL=..., or where there is no "
            "make python -m service doctor --url ... --email ...; an API key (TOKEN, --token) "
            "will do, too.",
        )
        return
    try:
        webui = connected(asked)
    except OpenWebUIError as error:
        yield fault("Open WebUI", error.message, error.cure)
        return
    yield from webui_checks.checks(webui, settings)


def _told(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]} {finding.name}: {finding.what}"
    return f"{line}\n        -> {finding.cure}" if finding.cure else line
