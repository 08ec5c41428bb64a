"""Benchmarks are run by hand; that they still fit to what they measure shows here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("name", sorted(p.stem for p in FOLDER.glob("*.py") if p.stem[0] != "_"))
def test_each_has_what_it_measures(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__doc__
