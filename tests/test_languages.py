"""What people read is there in each language, whole and with the same names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from service import languages
from service.languages import ENGLISH, best, catalogue, say, speaking, texts
from service.operations.lines import FOLLOW_UPS
from service.progress import PHASES
from service.web.pages import _FOREIGN, _FOREIGN_ELSE
from service.workbook.preview import charts, sparks, trends
from tests.plugin_fixtures import load_plugin
from tests.processes import ROOT

PREVIEW = ROOT / "service" / "workbook" / "preview"
WEB = ROOT / "service" / "web"
FOREIGN = [code for code in languages.languages() if code != ENGLISH]
PLUGIN = load_plugin()
_CALL = re.compile(r"""\bsay\(\s*("(?:[^"\\]|\\.)*"|'[^'\\]*')""")
_NAME = re.compile(r"\{(\w+)(?:\|[^}]*)?\}")


def chat_texts() -> set[str]:
    """All that the plugin may say in the chat, but for names and errors' own words."""
    found = {line for facts in PLUGIN.OPERATIONS.values() for pair in facts["lines"].values()
             for line in pair}  # fmt: skip
    found |= {text for pairs in FOLLOW_UPS.values() for _, text in pairs}
    found |= {*PLUGIN.NAMELESS.values(), *PLUGIN.PLAIN.values(), *PLUGIN.FOREIGN.values()}
    found |= {*PLUGIN.PROGRESS.values(), *PLUGIN.STAGES, *PLUGIN.ENDS, *PLUGIN.ASKED, PLUGIN.KEPT}
    return (found | {PLUGIN.FAILED, PLUGIN.STEP, PLUGIN.COUNT}) - {""}


def page_texts() -> set[str]:
    """All that a preview may say besides what the workbook holds."""
    found = {text for path in PREVIEW.glob("*.[pj][ys]") for text in _said(path)}
    found |= {*trends._NAMES.values(), "Trend"}
    kinds = {*charts._WORDS.values(), "Bar chart", "Chart"}
    parts = {kind.lower() for kind in kinds}
    return found | kinds | parts | {*sparks._WORDS.values(), "format changed", "new"}


def web_texts() -> set[str]:
    """All that the start page, the page for sending files and links that fail may say."""
    paths = [*WEB.glob("*.py"), *WEB.glob("start_page/*.html")]
    pairs = [*_FOREIGN.values(), _FOREIGN_ELSE]
    return {text for path in paths for text in _said(path)} | {t for pair in pairs for t in pair}


def _said(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from (ast.literal_eval(text) for text in _CALL.findall(source))
        return
    form = ""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "form":
            form = getattr(node.value, "value", "")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)
    yield from filter(None, [form])


def forms(text: languages.Text) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


@pytest.mark.parametrize("code", FOREIGN)
@pytest.mark.parametrize("part", get_args(languages.Part))
def test_each_language_has_every_text_and_no_other(code: str, part: Any) -> None:
    wanted = {"chat": chat_texts, "page": page_texts, "web": web_texts}[part]()
    found = set(texts(code, part))
    assert (wanted - found, found - wanted) == (set(), set())
    assert all(form.strip() == form for text in texts(code, part).values() for form in forms(text))


@pytest.mark.parametrize("code", languages.languages())
@pytest.mark.parametrize("part", get_args(languages.Part))
def test_each_text_has_the_names_of_the_english_one(code: str, part: Any) -> None:
    for english, text in texts(code, part).items():
        for form in forms(text):
            assert sorted(_NAME.findall(form)) == sorted(_NAME.findall(english)), english
            assert form.count("{") == len(_NAME.findall(form)), form


@pytest.mark.parametrize("code", languages.languages())
def test_what_counts_has_the_same_forms_in_each_language(code: str) -> None:
    plural = {english for english, text in texts(code, "page").items() if isinstance(text, dict)}
    assert plural == set(texts(ENGLISH, "page"))
    plain = {**texts(code, "chat"), **texts(code, "web")}
    assert all(isinstance(text, str) for text in plain.values())
    for english in plural:
        found = texts(code, "page")[english]
        assert isinstance(found, dict)
        assert "{count}" in english
        assert {"one", "other"} <= set(found) <= {"zero", "one", "two", "few", "many", "other"}
    assert catalogue(code)["language"]


def test_the_chat_knows_all_that_the_service_tells_of_its_progress() -> None:
    assert {*PHASES, "preparing", "waiting", "finishing", "asking the database"} - {"steps"} == {
        *PLUGIN.PROGRESS
    } - {"busy", "restarting"}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["DE_CH"], "de"),
        (["", "de-DE,de;q=0.9,en;q=0.8"], "de"),
        (["en-US", "de"], "en"),
        (["pl-PL,de;q=0.5"], "de"),
        (["pl-PL"], "en"),
        (["../../etc/passwd", "*", ";", "x" * 9999], "en"),
        ([], "en"),
    ],
)
def test_the_language_is_the_first_that_there_is(wanted: list[str], code: str) -> None:
    assert best(*wanted) == code


def test_a_text_is_said_in_the_language_that_is_spoken() -> None:
    with speaking("de"):
        assert say("was {value}", value="{value} \\1") == "vorher {value} \\1"
        kind = {"kind": "S", "first": 1, "last": 1, "lowest": 1, "highest": 1}
        form = "{kind} of {count} values: first {first}, last {last}, lowest {lowest}, "
        assert say(f"{form}highest {{highest}}", count=1, **kind).startswith("S aus 1 Wert:")
        assert say(f"{form}highest {{highest}}", count=2, **kind).startswith("S aus 2 Werten:")
        assert say("no such text") == "no such text"
    assert say("was {value}", value=5) == "was 5"


# The plugin -------------------------------------------------------------------------


def turn(user: dict[str, Any] | None = None, page: object = None, browser: str = "") -> Any:
    """A turn of a user whose page tells that language."""
    metadata = {} if page is None else {"variables": {"{{USER_LANGUAGE}}": page}}
    request = type("Request", (), {"headers": {"accept-language": browser} if browser else {}})
    return PLUGIN.Turn((user, metadata, request, [], None), True)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "en"),
        ({"page": "de-DE"}, "de"),
        ({"page": "en-US", "browser": "de"}, "en"),
        ({"page": "pl-PL", "browser": "de-DE,de;q=0.9"}, "de"),
        ({"browser": "de-DE,de;q=0.9"}, "de"),
        ({"page": 7}, "en"),
        ({"page": "de-DE", "user": {"valves": {"language": "en"}}}, "en"),
        ({"page": "en-US", "user": {"valves": {"language": "de"}}}, "de"),
        ({"page": "de-DE", "user": {"valves": {"language": ""}}}, "de"),
    ],
)
def test_the_chat_speaks_the_language_of_the_valve_the_page_or_the_browser(
    given: dict[str, Any], code: str
) -> None:
    assert turn(**given).language == code


def test_status_lines_are_said_in_german() -> None:
    spoken = turn(page="de-DE")
    watch = PLUGIN.Watch(None, spoken, "create_excel_chart", {"action": "add", "sheet": "Kosten"})
    assert watch.said("doing") == "Kosten: Diagramm wird eingefügt"
    assert watch.said("done") == "Kosten: Diagramm eingefügt"
    assert PLUGIN._part({"doing": "steps", "done": 2, "total": 9}, "de") == ": Schritt 3 von 9"
    assert PLUGIN._part({"doing": "reading", "done": 2, "total": 5}, "de") == ": Lesen, 40 %"
    assert PLUGIN._part({"doing": "rebuilding", "done": 2, "total": 5}, "de").endswith(", 2 von 5")
    assert PLUGIN._part({"doing": "working"}, "de") == ""
    nameless = PLUGIN.Watch(None, spoken, "open_excel_file", {"file": "latest"})
    assert nameless.said("doing") == "Datei wird geöffnet"


def test_a_failure_is_said_in_german_and_in_english_with_the_message() -> None:
    error = PLUGIN.ToolError('No sheet "{x}" in a.xlsx.', "", "sheet_not_found")
    arguments = {"workbook": "a.xlsx"}
    german = PLUGIN.Watch(None, turn(page="de"), "read_excel_range", arguments)
    assert german.failed(error) == (
        "a.xlsx wird gelesen: nicht gelungen, dieses Blatt gibt es nicht"
    )
    english = PLUGIN.Watch(None, turn(), "read_excel_range", arguments)
    assert english.failed(error) == 'Reading a.xlsx did not work: No sheet "{x}" in a.xlsx.'


def test_suggestions_are_said_in_german() -> None:
    facts = PLUGIN.OPERATIONS["write_excel_range"]
    body = {"result": {}, "sheet": "Kosten"}
    names = {"sheet": "Kosten", "workbook": "a.xlsx"}
    assert PLUGIN._follow_ups(facts, names, body, "de") == [
        "Erstelle ein Diagramm aus den Daten in Kosten",
        "Zeige, was sich in a.xlsx geändert hat",
    ]
