"""Requests flow down: a layer of the service imports only the layers below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT

# From the top to the bottom; the last line may be used by all.
LAYERS = [
    "__main__",
    "openwebui",
    "web",
    "sessions",
    "databases",
    "engine",
    "operations",
    "workbook",
    "store",
]
BOTTOM = {
    *("settings", "errors", "names", "logs", "sources", "progress", "calls", "sql_words"),
    *("tool", "languages", "matching", "observing"),
}
MODULES = sorted((ROOT / "service").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


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


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    own = path.relative_to(ROOT / "service").parts[0].removesuffix(".py")
    below = set(LAYERS[LAYERS.index(own) :]) if own in LAYERS else set()
    used = {layer_of(module) for module in imported(path) if module.split(".")[0] == "service"}
    assert used <= below | BOTTOM | {"", "__version__"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_has_at_most_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name)
def test_a_function_has_at_most_50_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= 50, f"{node.name} has {lines} lines"
