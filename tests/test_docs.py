"""The documents say what is so: examples run, links lead somewhere, nothing is left out."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from scripts import recipes
from scripts.recipes import DOCS, RECIPES, Desk, Part, parts_of
from service.errors import counted
from service.operations.registry import operations
from service.web.app import Service
from tests.processes import ROOT, service_process
from tests.service_fixtures import workbook_bytes
from tests.test_mcp import Client

PAGES = recipes.pages()
PARTS = {page: parts_of(page) for page in PAGES}
RUN = [page for page, parts in PARTS.items() if any(part.kind == "call" for part in parts)]
# Pages that are read in the repository alone.
BESIDE = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
_FENCED = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def needs_of(page: Path) -> Any:
    """A page that makes PDF needs LibreOffice."""
    calls = [part.value for part in PARTS[page] if part.kind == "call"]
    paper = any(call["arguments"].get("format") in ("pdf", "png") for call in calls)
    return pytest.param(page, id=page.stem, marks=[pytest.mark.needs("soffice")] if paper else [])


@pytest.fixture(scope="module")
def documented() -> Iterator[Service]:
    """The service that the pages speak of, with their database."""
    with recipes.running() as service:
        yield service


# Examples -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [needs_of(page) for page in RUN])
def test_a_page_says_what_the_service_answers(documented: Service, page: Path) -> None:
    desk = Desk(documented, page)
    for part in PARTS[page]:
        desk.run(part)
    assert desk.end() == []


def test_an_example_that_breaks_is_found(documented: Service, tmp_path: Path) -> None:
    """Else the test above would hold whatever the pages say."""
    call = {"tool": "create_excel_file", "arguments": {"filename": "a", "headers": ["Item"]}}
    parts = [
        Part("call", call, 1),
        Part("answer", {"workbook": "b.xlsx", "result": {"sheets": [], "made": 1}}, 2),
        Part("call", {"tool": "read_excel_range", "arguments": {"sheet": "None"}}, 3),
        Part("call", {"tool": "no_such_tool", "arguments": {}}, 4),
    ]
    desk = Desk(documented, DOCS / "nowhere.md")
    for part in parts:
        desk.run(part)
    told = "\n".join(desk.end())
    assert 'answer.workbook is "a.xlsx", not "b.xlsx"' in told
    assert "answer.result has no 'made'" in told
    assert "answer.result.sheets is [{" in told
    assert "sheet_not_found" in told
    assert "no_such_tool" in told


@pytest.mark.parametrize(
    ("wanted", "got", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ({"a": "..."}, {"a": [1]}, 0),
        ([1, "..."], [1, 2, 3], 0),
        ([1, "..."], [2, 2, 3], 1),
        ([1], [1, 2], 1),
        (["...", 2], [1, 2], 0),
        (0.1 + 0.2, 0.3, 0),
        (1, True, 1),
        ({"a": 1}, [1], 1),
    ],
)
def test_a_part_of_an_answer_is_compared(wanted: Any, got: Any, found: int) -> None:
    assert len(recipes.differences(wanted, got)) == found


def test_every_example_in_json_is_one_that_is_run() -> None:
    """The rest are the registry's examples and the configuration of a client, tried elsewhere."""
    others = {page.stem: parts for page, parts in PARTS.items() if _of(parts, "other")}
    assert set(others) == {"operations", "connections"}
    examples = [part.value for part in _of(others["operations"], "other")]
    assert examples == [dict(item.example) for item in operations().values()]
    assert len(_of(others["connections"], "other")) == 1
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^```json", text, re.MULTILINE)) == len(
            [p for p in PARTS[page] if p.kind in ("call", "answer", "other")]
        ), name_of(page)


def _of(parts: list[Part], kind: str) -> list[Part]:
    return [part for part in parts if part.kind == kind]


def test_the_documented_configuration_of_a_client_connects(documented: Service) -> None:
    (part,) = _of(PARTS[DOCS / "connections.md"], "other")
    (server,) = part.value["mcpServers"].values()
    assert server["type"] == "http"
    assert urlsplit(server["url"]).path == "/mcp"
    told = {name: value.replace("<key>", recipes.KEY) for name, value in server["headers"].items()}
    first, second = Client(documented, **told), Client(documented, **told)
    for client in (first, second):
        client.begin()
    first.op("create_excel_file", filename="desk", headers=["Item"])
    assert second.op("list_excel_files")["result"]["open"][0]["workbook"] == "desk.xlsx"


@pytest.mark.needs("curl")
@pytest.mark.parametrize("name", ["recipes/index.md", "looking-after.md", "connections.md"])
def test_what_the_pages_send_with_curl_is_answered(tmp_path: Path, name: str) -> None:
    """At a service without keys, as ``make serve`` starts it."""
    blocks = re.findall(
        r"^```console\n(.*?)^```", (DOCS / name).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    text = "".join(blocks).replace("\\\n", " ")
    commands = re.findall(r"^\$ (curl .*)$", text, re.MULTILINE)
    assert commands
    session = ""
    for file in (RECIPES / "files").iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes())
    with service_process(tmp_path, "", engines="1") as running:
        address = urlsplit(running.health_url).netloc
        for command in commands:
            command = command.replace("localhost:9080", address).replace("<session_id>", session)
            words = shlex.split(command.replace("<key>", "none"))
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
            answer = json.loads(done.stdout)
            assert "error" not in answer, (command, answer)
            session = answer.get("session_id", session)


def test_there_are_recipes_for_what_people_ask() -> None:
    pages = [page for page in RUN if page.parent == RECIPES]
    assert len(pages) >= 10
    index = (RECIPES / "index.md").read_text(encoding="utf-8")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert f"({page.name})" in index
        assert re.search(r"^> \w", text, re.MULTILINE), f"{page.stem}: nobody types anything"
        assert _of(PARTS[page], "answer"), f"{page.stem}: nothing is answered"
        assert _of(PARTS[page], "picture"), f"{page.stem}: no picture"


# Links and pictures -----------------------------------------------------------------------


def anchors_of(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", _without_code_blocks(text), re.MULTILINE):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def _without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [*PAGES, *BESIDE], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    wrong = []
    for link in re.findall(r"\]\(<?([^)\s>]+)>?\)", text):
        target, _, anchor = link.partition("#")
        if urlsplit(link).scheme:
            continue
        file = (page.parent / unquote(target)).resolve() if target else page
        there = file.exists() and (not anchor or anchor in anchors_of(file.read_text("utf-8")))
        if not there:
            wrong.append(link)
    assert wrong == []


def test_pictures_are_used_and_small() -> None:
    there = {path.resolve() for path in (DOCS / "images").glob("**/*.png")}
    used = set()
    for page in PAGES:
        for alt, link in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert len(alt) > 10, f"{name_of(page)}: {link} is not described"
            used.add((page.parent / link).resolve())
    assert used == there
    drawn = [path for path in there if path.parent.name == "recipes"]
    assert max(path.stat().st_size for path in there) < 100_000
    assert sum(path.stat().st_size for path in drawn) < 1_000_000
    for path in drawn:
        with Image.open(path) as picture:
            assert 300 <= picture.width <= 1200, path.name


def test_every_file_to_be_attached_is_used() -> None:
    used = {part.path for parts in PARTS.values() for part in _of(parts, "attached")}
    assert used | {recipes.SHOP} == set((RECIPES / "files").iterdir())
    assert (RECIPES / "files" / "sales.csv").read_bytes() == (
        ROOT / "examples" / "sales.csv"
    ).read_bytes()


# What the pages say of the code ---------------------------------------------------------------


def test_what_security_says_is_shown_by_tests_that_are_there() -> None:
    text = (DOCS / "security.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| .+ \| `([\w/]+\.py)`: `(\w+)` \|$", text, re.MULTILINE)
    claims = re.findall(r"^\| .+ \|$", text, re.MULTILINE)
    tables = text.count("| what holds | shown by |")
    assert len(shown) == len(claims) - tables, "a claim without a test"
    for module, test in shown:
        source = (ROOT / "tests" / module).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", source, re.MULTILINE), f"{module}: {test}"


def test_the_site_has_every_page() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"^ +- (?:[\w ]+: )?([\w/-]+\.md)$", config, re.MULTILINE))
    there = {page.relative_to(DOCS).as_posix() for page in PAGES if page.is_relative_to(DOCS)}
    assert listed == there | {"changelog.md"}


# The site at the service ---------------------------------------------------------------------


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the service looks for the site: still without one."""
    monkeypatch.setattr("service.web.guide.SITE", tmp_path / "docs")
    (tmp_path / "secret.txt").write_text("not to be seen")
    return tmp_path / "docs"


def test_the_service_shows_the_site_where_it_was_made(service: Service, guide: Path) -> None:
    http = service.app.test_client()
    assert http.get("/guide/").status_code == 404
    assert "/guide/" not in http.get("/").get_data(as_text=True)
    guide.mkdir()
    (guide / "index.html").write_text("<script>one()</script><script src=a.js></script>")
    page = http.get("/guide/", buffered=True)
    assert page.get_data(as_text=True).startswith("<script>one()")
    digest = base64.b64encode(hashlib.sha256(b"one()").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in page.headers["Content-Security-Policy"]
    assert '<a href="/guide/">' in http.get("/").get_data(as_text=True)
    assert http.get("/guide").headers["Location"].endswith("/guide/")
    told = set()
    for name in ("../secret.txt", "%2e%2e/secret.txt", "../none.txt", "x" * 300, "%00", "."):
        answer = http.get(f"/guide/{name}")
        assert answer.status_code == 404
        told.add(answer.get_json()["error"]["message"].partition(" here")[0].partition("page")[0])
    assert told == {"There is no "}, "no answer tells which files the machine has"


# The site ----------------------------------------------------------------------------------


def test_the_site_is_built_without_a_warning_and_asks_no_other_host(tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = list(site.glob("**/*.html"))
    assert len(pages) > len(PAGES), counted(len(pages), "page")
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]+\bsrc=\"?(?:https?:)?//|url\(\"?https?://"
    )
    styles = re.compile(
        r"<link[^>]+rel=\"?(?:stylesheet|preconnect|icon)[^>]+href=\"?(?:https?:)?//"
    )
    for page in [*pages, *site.glob("**/*.css")]:
        text = page.read_text(encoding="utf-8")
        assert not loads.search(text), page
        assert not styles.search(text), page
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert any("create_excel_pivot" in entry["text"] for entry in index["docs"])
