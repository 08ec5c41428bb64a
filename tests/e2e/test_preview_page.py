"""The preview of a workbook in a real browser: by day, by night, on a phone, by keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_core_python
import pytest
import requests

from tests.e2e.browser import Browser, Page
from tests.e2e.conftest import Service

AXE = next(Path(axe_core_python.__file__).parent.rglob("axe.min.js"))
HOSTILE = "</script><script>window.bad=1</script><img src=x onerror=window.bad=1>"
MONTHS = [["Month", "Income", "Cost", "Share", "Day"]] + [
    [f"2026-{n:02}-01", 1000 + 137 * n % 900, 400 + 61 * n % 300, f"{10 + n}%", f"2026-{n:02}-15"]
    for n in range(1, 13)
]
# (kind, its data, options)
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("column", "A1:D9", {}),
    ("column", "A1:D9", {"stacked": True}),
    ("bar", "A1:C9", {}),
    ("bar", "A1:D9", {"stacked": "percent"}),
    ("line", "A1:D9", {}),
    ("area", "A1:C9", {"stacked": True}),
    ("combo", "A1:C9", {}),
    ("radar", "A1:C9", {}),
    ("pie", "A1:B9", {}),
    ("doughnut", "A1:B9", {}),
    ("scatter", "B1:C9", {}),
    ("bubble", "B1:D9", {}),
    ("stock", "A1:D9", {}),
    ("waterfall", "A1:B9", {}),
    ("histogram", "A1:B9", {}),
    ("pareto", "A1:B9", {}),
    ("box", "A1:C9", {}),
    ("treemap", "A1:B9", {}),
    ("sunburst", "A1:B9", {}),
    ("funnel", "A1:B9", {}),
]


class Caller:
    """One user's session over HTTP."""

    def __init__(self, service: Service, user: str) -> None:
        self.service = service
        self.headers = {
            "Authorization": f"Bearer {service.api_key}",
            "X-User-Id": user,
            "X-Chat-Id": f"chat-of-{user}",
        }
        owner = {"user": user, "chat": f"chat-of-{user}"}
        answer = requests.post(
            f"{service.url}/v1/sessions", json=owner, headers=self.headers, timeout=30
        )
        self.headers["X-Excel-Session"] = answer.json()["session_id"]

    def op(self, name: str, /, **parameters: object) -> dict[str, Any]:
        url = f"{self.service.url}/v1/operations/{name}"
        answer = requests.post(url, json=parameters, headers=self.headers, timeout=120)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @property
    def preview(self) -> str:
        url = str(self.op("preview_excel_file")["preview_url"])
        return self.service.url + urlsplit(url).path


@pytest.fixture(scope="module")
def books(service: Service) -> dict[str, str]:
    """Links of previews by name."""
    made = {"looks": _looks(service), "charts": _charts(service), "large": _large(service)}
    return {**made, "named": _named(service)}


def _named(service: Service) -> str:
    caller = Caller(service, "named")
    name = "Umsatzübersicht aller Niederlassungen für das Jahr 2026, neu"
    caller.op("create_excel_file", filename=name, headers=["Item"], rows=[["Rent"]])
    return f"{caller.preview}?language=de&embed=1"


def _looks(service: Service) -> str:
    caller = Caller(service, "looks")
    caller.op("create_excel_file", filename="Household", headers=MONTHS[0], rows=MONTHS[1:])
    caller.op(
        "write_excel_range",
        start="A15",
        rows=[["Total", "=SUM(B2:B13)", "=SUM(C2:C13)"], [HOSTILE], ["A long text that runs on"]],
    )
    for range_, style in {
        "A1:E1": {"bold": True, "fill": "dark blue", "color": "white"},
        "B2:C15": {"number_format": "currency EUR"},
        "E2:E13": {"number_format": "d mmm yyyy", "align": "center"},
        "A15:C15": {"bold": True, "border": "top double black"},
        "A17": {"italic": True, "color": "dark blue"},
    }.items():
        caller.op("format_excel_cells", range=range_, style=style)
    rules: list[tuple[str, str, Any]] = [
        ("B2:B13", "data_bar", "green"),
        ("C2:C13", "color_scale", ["white", "orange"]),
        ("D2:D13", "icon_set", "arrows"),
    ]
    for range_, rule, value in rules:
        caller.op("add_excel_rule", range=range_, rule=rule, value=value)
    caller.op("edit_excel_sheet", action="layout", options={"freeze": "B2"})
    caller.op("annotate_excel_cells", action="comment", range="B3", text=f"Look {HOSTILE}")
    caller.op("edit_excel_sheet", action="add", sheet="<b>xx")
    caller.op("save_excel_file")
    caller.op("write_excel_range", sheet="Sheet1", start="B5", rows=[[4321]])
    return caller.preview


def _charts(service: Service) -> str:
    caller = Caller(service, "charts")
    rows = [[f"n{n}", n * 3 % 11 + 1, n * 5 % 13 + 1, n % 4 + 1] for n in range(8)]
    caller.op("create_excel_file", filename="charts", headers=["Name", "A", "B", "C"], rows=rows)
    for number, (kind, data, options) in enumerate(KINDS):
        caller.op(
            "create_excel_chart",
            chart_type=kind,
            data_range=data,
            title=kind,
            position=f"{'FLRX'[number % 4]}{2 + 15 * (number // 4)}",
            options={"width_cm": 9, "height_cm": 6.5, **options},
        )
    return caller.preview


def _large(service: Service) -> str:
    caller = Caller(service, "large")
    rows = [[n, f"text {n}", n * 1.5] for n in range(1, 5_000)]
    caller.op("create_excel_file", filename="large", headers=["N", "T", "X"], rows=rows)
    return caller.preview


class Watched:
    """A page that keeps the hosts that it asks."""

    def __init__(self, page: Page, *, dark: bool = False) -> None:
        self.page = page
        self.asked: list[str] = []
        told = page.on_event

        def listen(method: str, params: dict[str, Any]) -> None:
            if method == "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            told(method, params)

        page.browser._listeners[page._session] = listen
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.command("Emulation.setEmulatedMedia", features=[scheme])

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now."""
        self.page.command("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        found = json.loads(
            self.page.js(
                "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify("
                "r.violations.map(v => [v.id, v.nodes.slice(0, 3).map("
                "n => n.html.slice(0, 200) + (n.any[0] ? n.any[0].message : ''))])))"
            )
        )
        return [f"{name}: {nodes}" for name, nodes in found]

    def tab(self, number: int) -> None:
        self.page.js(f"document.getElementById('tab{number}').click()")


Open = Callable[..., Watched]


@pytest.fixture
def show(browser: Browser, books: dict[str, str]) -> Iterator[Open]:
    """``show(name, width, height, dark)``: that preview; in the end it was quiet and decent."""
    opened: list[Watched] = []

    def show(name: str, width: int = 1280, height: int = 900, *, dark: bool = False) -> Watched:
        watched = Watched(browser.page(width, height), dark=dark)
        opened.append(watched)
        watched.page.goto(books[name])
        watched.page.wait("document.querySelector('#grid td')", "the sheet")
        return watched

    yield show
    host = urlsplit(books["looks"]).netloc
    for one in opened:
        assert not one.page.errors
        others = [url for url in one.asked if not url.startswith("data:")]
        assert {urlsplit(url).netloc for url in others} == {host}
        assert one.page.js("window.bad") is None
        one.page.close()


VIEWS = {"light": (1280, 900, False), "dark": (1280, 900, True), "phone": (390, 780, False)}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["looks", "charts", "large"])
def test_a_preview_is_accessible_and_quiet_in_every_light_and_width(
    show: Open, name: str, view: str, request: pytest.FixtureRequest
) -> None:
    width, height, dark = VIEWS[view]
    watched = show(name, width, height, dark=dark)
    page = watched.page
    assert page.js("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    page.screenshot(request.config.getoption("--shots") / f"preview-{name}-{view}.png")
    assert watched.violations() == []
    assert page.js("document.documentElement.scrollWidth") <= width


def test_a_long_name_has_two_lines_on_a_phone(show: Open) -> None:
    watched = show("named", 360, 640, dark=True)
    name = "document.querySelector('h1 span')"
    assert watched.page.js(f"{name}.offsetWidth") > 300
    assert 30 < watched.page.js(f"{name}.offsetHeight") < 45
    right = "Math.max(...[...document.querySelectorAll('header *')].map(one => "
    right += "one.getBoundingClientRect().right))"
    assert watched.page.js(right) <= 360
    assert watched.violations() == []


def test_the_cells_show_what_excel_shows(show: Open) -> None:
    page = show("looks").page

    def text(place: str) -> str:
        return str(page.js(f"document.querySelector('td[data-at=\"{place}\"] .c').textContent"))

    assert text("2:2") == "1,137.00 €"
    assert text("2:4") == "11%"
    assert text("2:5") == "15 Jan 2026"
    assert text("16:1") == HOSTILE
    assert "was 1548" in text("5:2")
    assert "note: Look" in text("3:2")
    assert page.js("document.getElementById('changes').textContent") == "2 changed"
    page.js("document.getElementById('changes').click()")
    assert page.js("document.getElementById('address').textContent") == "B5"


def test_a_preview_is_used_by_keyboard_alone(show: Open) -> None:
    page = show("looks").page
    where = "document.getElementById('address').textContent"

    def press(key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            page.command("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    page.js("document.querySelector('td[tabindex=\"0\"]').focus()")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        press(key)
    assert page.js(where) == "C2"
    press("Home")
    assert page.js(where) == "A2"
    assert page.js("document.activeElement.dataset.at") == "2:1"
    page.js("document.getElementById('tab0').focus()")
    press("ArrowRight")
    assert page.js("document.activeElement.id") == "tab1"
    assert page.js("document.activeElement.getAttribute('aria-selected')") == "true"


def test_the_theme_can_be_chosen(show: Open) -> None:
    page = show("looks").page
    page.click("document.getElementById('theme')")
    assert page.js("document.documentElement.dataset.theme") == "dark"


def test_a_large_sheet_comes_in_parts(show: Open) -> None:
    page = show("large").page
    assert page.js("document.querySelectorAll('#grid tr').length") < 200
    page.js("document.getElementById('scroll').scrollTop = 4000 * 20")
    page.wait("document.querySelector('td[data-at=\"4010:2\"] .c')", "further rows")
    shown = page.js("document.querySelector('td[data-at=\"4010:2\"] .c').textContent")
    assert shown == "text 4009"


def test_the_ends_of_a_large_sheet_are_one_key_away(show: Open) -> None:
    page = show("large").page
    top = "document.querySelector('thead th[data-column=\"2\"]').getBoundingClientRect().top"
    before = page.js(top)

    def press(key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            page.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=2)

    page.js("document.querySelector('td[tabindex=\"0\"]').focus()")
    press("End")
    page.wait("document.querySelector('td[data-at=\"5000:2\"] .c')", "the last rows")
    page.wait("document.activeElement.dataset.at === '5000:3'", "the last cell")
    assert page.js("document.activeElement.textContent") == "7,498.5"
    assert page.js(top) == before
    assert page.js("document.querySelectorAll('#grid tr').length") < 200
    press("Home")
    assert page.js("document.activeElement.dataset.at") == "1:1"
    assert page.js("document.getElementById('scroll').scrollTop") == 0


def test_all_kinds_of_charts_are_drawn(show: Open) -> None:
    page = show("charts").page
    assert page.js("document.querySelectorAll('.drawing svg').length") == len(KINDS)
    assert not page.js("[...document.querySelectorAll('.drawing')].filter("
                       "d => d.textContent.includes('shows in Excel')).length")  # fmt: skip
