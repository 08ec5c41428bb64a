"""``make run``: start the service, make a first workbook through the plugin, keep serving.

Nothing is faked: the plugin file that people paste into Open WebUI makes the calls, over
HTTP, to the service that goes on running until Ctrl-C.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "openwebui_tool" / "excel_tools_openwebui.py"
SALES = ROOT / "examples" / "sales.csv"
START_SECONDS = 180


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    port = os.environ.get("EXCEL_TOOLS_PORT") or "9080"
    url = f"http://127.0.0.1:{port}"
    if _answers(url):
        print(f"Something answers at {url} already: stop it, or set EXCEL_TOOLS_PORT.")
        return 1
    environment = {"EXCEL_TOOLS_LOG_LEVEL": "WARNING", **os.environ}
    with subprocess.Popen([sys.executable, "-m", "service"], cwd=ROOT, env=environment) as service:
        try:
            _wait_till_up(url, service)
            asyncio.run(_make_a_workbook(url))
            _explain(url)
            return service.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            service.terminate()


def _stop(_signal: int, _frame: object) -> None:
    """End as Ctrl-C does, so that the service ends with us."""
    raise KeyboardInterrupt


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


def _wait_till_up(url: str, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if service.poll() is not None:
            raise SystemExit("The service did not start; its message is above.")
        if time.monotonic() > deadline:
            raise SystemExit(f"The service does not answer at {url} after {START_SECONDS} s.")
        time.sleep(0.1)


async def _make_a_workbook(url: str) -> None:
    """What a model does when a person says: make a report of this CSV."""
    tools = _plugin().Tools()
    tools.valves.service_url = url
    tools.valves.api_key = os.environ.get("EXCEL_TOOLS_API_KEYS", "").split(",")[0]
    who = {"__user__": {"id": "demo"}, "__metadata__": {"chat_id": "make run"}}
    lines = SALES.read_text(encoding="utf-8")
    print(f"\n1. {SALES.relative_to(ROOT)} becomes a workbook, through the plugin:")
    made = _told(await tools.import_csv_to_excel(lines, filename="sales.xlsx", **who))
    book = made["workbook"]
    print(f"   {book}: {made['result'].get('rows')} rows")
    print("2. A sales report is added to it:")
    report = await tools.create_excel_report("sales_report", workbook=book, **who)
    print(f"   {json.dumps(_told(report)['result'], ensure_ascii=False)[:300]}")
    print("3. It is saved, and read back:")
    saved = _told(await tools.save_excel_file(workbook=book, **who))
    page = _told(await tools.read_excel_range(workbook=book, sheet="Summary", limit=12, **who))
    for row in page["result"]["rows"]:
        if not any(row):
            continue
        cells = [
            f"{value:,.2f}" if isinstance(value, float) else str(value)
            for value in row
            if value is not None
        ]
        print("   | " + " | ".join(cells))
    print(f"\nYour workbook: {saved['files'][0]['download_url']}")


def _plugin() -> Any:
    spec = importlib.util.spec_from_file_location("excel_tools_openwebui", PLUGIN)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{PLUGIN} is missing.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _told(answer: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer)
    if "error" in found:
        raise SystemExit(f"The demonstration failed: {found['error']} {found['hint']}")
    return found


def _explain(url: str) -> None:
    print(
        f"""
The service runs at {url}; Ctrl-C stops it.

To use it in Open WebUI, open {url} in a browser: the page copies the tool, with the
address filled in, and says where to paste it. Or let a command do it, in another terminal:
  make install-openwebui URL=http://localhost:8080 EMAIL=<an admin's>
Does Open WebUI run in Docker? See "Open WebUI in Docker" in README.md first.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
