"""The small tool: the same file with fewer tools, from the same registry."""

from __future__ import annotations

import json
import re
import types

import pytest

from service.operations.registry import operations
from service.tool import tool_text
from tests.backends import Wire, backend, wire
from tests.plugin_fixtures import SMALL, ToolCalls, load_plugin
from tests.test_plugin_contract import described, schema, seen

__all__ = ["backend", "wire"]

NAMES = [item.name for item in operations().values() if item.small]


@pytest.fixture(scope="module")
def module() -> types.ModuleType:
    return load_plugin(SMALL)


def test_it_has_about_eight_tools_in_less_than_8000_bytes(module: types.ModuleType) -> None:
    tools = module.Tools()
    sizes = {name: len(json.dumps(schema(tools, name)).encode()) for name in NAMES}
    assert 8 <= len(NAMES) <= 10
    assert set(module.OPERATIONS) == set(NAMES)
    assert sum(sizes.values()) < 8_000, sizes


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_are_those_that_the_registry_names(
    module: types.ModuleType, name: str
) -> None:
    tools = module.Tools()
    head, texts = described(getattr(tools, name).__doc__)
    assert set(seen(tools, name)) == set(operations()[name].small.split()) == set(texts)
    assert len(head.split("\n")[0]) <= 100
    assert "Keys:" not in "".join(texts.values())


def test_the_rest_is_the_full_tool(module: types.ModuleType) -> None:
    """Written by hand is one file alone; the valves, and with them upgrades, are the same."""
    full = load_plugin()
    assert module.Tools.Valves.model_json_schema() == full.Tools.Valves.model_json_schema()
    fence = re.compile(r"# --- generated from.*?# --- end of the generated part ---", re.DOTALL)
    hand = [fence.sub("", tool_text(size)).split("\n") for size in ("full", "small")]
    assert len({*hand[0]} ^ {*hand[1]}) == 5, "title, description, and who made it"


def test_advice_about_tools_that_it_lacks_is_left_out(module: types.ModuleType) -> None:
    text = "Nothing was changed. Look with list_excel_files what is there. Try read_excel_range."
    assert module._advice(text) == "Nothing was changed. Try read_excel_range."
    assert load_plugin()._advice(text) == text


def test_its_calls_are_those_of_the_full_tool(module: types.ModuleType, wire: Wire) -> None:
    small = ToolCalls(module, valves=wire.valves)
    made = small.op("create_excel_file", filename="costs", headers=["Item", "Cost"])
    assert made["next"] == ['Add rows with write_excel_range(start="append").']
    full = ToolCalls(load_plugin(), small.user, small.chat, valves=wire.valves)
    full.op("write_excel_range", start="append", rows=[["Rent", 1200]])
    assert small.op("read_excel_range")["result"]["rows"] == [["Item", "Cost"], ["Rent", 1200]]
