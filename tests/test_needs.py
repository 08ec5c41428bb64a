"""A test that needs a missing program is never passed over in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

TESTS = """
import pytest

@pytest.mark.needs("no-such-program")
def test_one(): pass

@pytest.mark.needs("no-such-program", "sh")
def test_two(): pass
"""


def run(folder: Path, strict: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"STRICT_TESTS": strict, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_a_missing_program_skips_its_tests_and_is_counted_aloud(tmp_path: Path) -> None:
    done = run(tmp_path, strict="0")
    assert done.returncode == 0
    assert "NOT TESTED: 1 skipped because no-such-program is missing" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_a_missing_program_fails_its_tests_in_a_strict_run(tmp_path: Path) -> None:
    done = run(tmp_path, strict="1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "no-such-program is missing, and STRICT_TESTS is set" in done.stdout
    assert "skipped" not in done.stdout
