"""What is asked elsewhere: which of what comes along is known to be vulnerable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.processes import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_named_by_their_commits_and_may_only_read(path: Path) -> None:
    """A tag can be moved to other code, as happened to those of Trivy's action."""
    text = path.read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action), action
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_every_lock_is_asked_about() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "security.yml").read_text())["jobs"]
    told = "".join(step.get("run", "") for step in jobs["dependencies"]["steps"])
    assert "for lock in requirements*.lock" in told
    assert 'pip-audit --require-hashes --disable-pip -r "$lock"' in told
