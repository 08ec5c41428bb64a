"""The list of slow tests names tests that there are."""

from __future__ import annotations

import ast

from tests.processes import ROOT
from tests.slow import SLOW, is_slow


def test_each_slow_test_is_there() -> None:
    for module, names in SLOW.items():
        tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert {name.partition("[")[0] for name in names} <= there, module


def test_a_test_is_slow_with_all_its_parameters_or_with_one_of_them() -> None:
    assert is_slow("test_undo", "test_every_state_comes_back_part_by_part[made-replayed]")
    assert is_slow("test_plugin_service", "test_headers_alone_give_headers_alone[gunicorn]")
    assert not is_slow("test_plugin_service", "test_headers_alone_give_headers_alone[in process]")
