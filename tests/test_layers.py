"""Requests flow down: a layer of the service imports only the layers below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT

# From the top to the bottom; the last line may be used by all.
LAYERS = ["__main__", "web", "sessions", "engine", "operations", "workbook", "store"]
BOTTOM = {"settings", "errors", "names"}
MODULES = sorted((ROOT / "service").rglob("*.py"))


def layer_of(module: str) -> str:
    """Such as "web" for "service.web.app"; empty for the package itself."""
    return [*module.split("."), ""][1]


def imported(path: Path) -> Iterator[str]:
    """Full names of the service's modules that a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_part_of_the_service_has_its_layer() -> None:
    parts = {path.relative_to(ROOT / "service").parts[0].removesuffix(".py") for path in MODULES}
    assert parts - {"__init__"} == {*LAYERS, *BOTTOM}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    own = path.relative_to(ROOT / "service").parts[0].removesuffix(".py")
    below = set(LAYERS[LAYERS.index(own) :]) if own in LAYERS else set()
    used = {layer_of(name) for name in imported(path) if name.split(".")[0] == "service"}
    assert used <= below | BOTTOM | {"", "__version__"}
