"""Each documented option, and each of its choices, does to the file what it says.

A case is a call with the option and the same call without it, on the same workbook. Both
are saved; what the option is for is in the one file and not in the other.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

import pytest

from tests.option_effects.all_cases import IN_CHATS, TOOLS
from tests.option_effects.documented import booleans, documented
from tests.option_effects.effects import Case, Origin, Outcome, Tool, differing, refused
from tests.option_effects.kinds import CHART_KINDS, RULE_KINDS
from tests.option_effects.reports import REPORTING
from tests.service_fixtures import Chat

CASES = [(tool, case) for tool in TOOLS for case in tool.cases]
PRINTED = {"format=pdf", "format=png", "options.dpi"}
SWITCHES = [(t, c) for t, c in CASES if (t.name, c.documented) in booleans()]


def kind_of(case: Case) -> str:
    """The kind of chart or rule that a case is about."""
    return str(case.also.get("chart_type") or case.also["rule"])


KINDS = dict.fromkeys((tool, kind_of(c)) for tool in (CHART_KINDS, RULE_KINDS) for c in tool.cases)


def named(cases: list[tuple[Tool, Case]]) -> list[Any]:
    return [
        pytest.param(
            tool,
            case,
            id=f"{tool.name}-{case.documented}",
            marks=[pytest.mark.needs("soffice")] if case.option in PRINTED else [],
        )
        for tool, case in cases
    ]


def test_every_documented_option_has_a_case_and_every_case_an_option() -> None:
    cases = {(tool.name, case.documented) for tool, case in CASES} | IN_CHATS.keys()
    assert sorted(documented() - cases) == []
    assert sorted(cases - documented()) == []


@pytest.mark.parametrize(("tool", "case"), named([(t, c) for t, c in CASES if t is not REPORTING]))
def test_it_does_what_it_says(tool: Tool, case: Case) -> None:
    """In a workbook that was made from nothing."""
    check(tool, case, "new")


@pytest.mark.parametrize(("tool", "case"), named([(t, c) for t, c in CASES if t is REPORTING]))
def test_it_does_what_it_says_in_a_report(tool: Tool, case: Case) -> None:
    """Whole reports take longer."""
    check(tool, case, "new")


@pytest.mark.parametrize(("tool", "case"), named([(t, c) for t, c in CASES if t.before]))
def test_it_does_so_in_an_opened_file(tool: Tool, case: Case) -> None:
    check(tool, case, "opened")


def check(tool: Tool, case: Case, origin: Origin) -> None:
    without, done = tool.outcomes(case, origin)
    changed = differing(without, done)
    assert case.shows(done), seen(changed, without, done)
    assert not case.shows(without), seen(changed, without, done)
    assert bool(changed) == (done.changed or without.changed)
    assert [name for name in changed if not re.fullmatch(tool.parts, name)] == []


@pytest.mark.parametrize(("tool", "kind"), KINDS, ids=lambda part: getattr(part, "name", part))
def test_each_kind_has_the_options_that_it_takes(tool: Tool, kind: str) -> None:
    """An option that a kind takes and does nothing with would be ignored in silence."""
    cases = [case for case in tool.cases if kind_of(case) == kind]
    assert [case.option for case in cases if not differing(*tool.outcomes(case, "new"))] == []


@pytest.mark.parametrize(("tool", "case"), named(SWITCHES))
def test_the_other_way_round_it_does_not(tool: Tool, case: Case) -> None:
    """False where the case says true: what that shows is not there, or it is refused."""
    if not refused(tool, case, not case.given):
        _, done = tool.outcomes(case, "new", not case.given)
        assert not case.shows(done)


@pytest.mark.parametrize(("tool", "option"), IN_CHATS)
def test_it_does_what_it_says_in_a_chat(tool: str, option: str, chat: Chat) -> None:
    """What is about the files of a chat, through the service."""
    IN_CHATS[tool, option](chat)


def seen(changed: set[str], without: Outcome, done: Outcome) -> str:
    """What there is to look at where a case fails."""
    lines = [f"without: {without.answer}", f"with: {done.answer}"]
    for name in sorted(changed):
        was, now = (
            out.parts.get(name, b"").decode(errors="replace").replace("><", ">\n<").split("\n")
            for out in (without, done)
        )
        lines += list(difflib.unified_diff(was, now, name, "", n=1, lineterm=""))[:60]
    return "\n".join(lines)
