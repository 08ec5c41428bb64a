"""The single file is a valid tool for Open WebUI, and asks little of a model's context."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import subprocess
import sys
import types
import typing
from typing import Any

import pydantic
import pytest
from pydantic.fields import FieldInfo

import service.operations  # noqa: F401 - declares the operations
from service.operations.registry import BriefOptions, operations
from tests.plugin_fixtures import PLUGIN, load_plugin
from tests.processes import ROOT

SOURCE = PLUGIN.read_text(encoding="utf-8")
NAMES = list(operations())
# Open WebUI fills these in, and takes them out of what the model sees.
INJECTED = {
    "__user__",
    "__metadata__",
    "__request__",
    "__files__",
    "__event_emitter__",
    "__event_call__",
}


@pytest.fixture(scope="module")
def module() -> types.ModuleType:
    return load_plugin()


@pytest.fixture(scope="module")
def tools(module: types.ModuleType) -> Any:
    return module.Tools()


def seen(tools: Any, name: str) -> dict[str, inspect.Parameter]:
    """The parameters of a tool that a model sees."""
    parameters = inspect.signature(getattr(tools, name)).parameters
    return {key: p for key, p in parameters.items() if key not in INJECTED}


def described(doc: str) -> tuple[str, dict[str, str]]:
    """(description, text of each parameter), as Open WebUI reads a docstring."""
    head: list[str] = []
    texts: dict[str, str] = {}
    current = ""
    for line in doc.split("\n"):
        field = re.match(r":param (\w+): *(.*)", line.strip())
        if field:
            current = field.group(1)
            texts[current] = field.group(2)
        elif line.strip().startswith(":"):
            current = ""
        elif current:
            texts[current] = f"{texts[current]} {line.strip()}".strip()
        elif not texts:
            head.append(line)
    return "\n".join(head).strip(), texts


# The file as text -----------------------------------------------------------------


def test_the_front_matter_is_one_that_open_webui_reads() -> None:
    lines = SOURCE.split("\n")
    assert lines[0] == '"""'
    end = next(n for n, line in enumerate(lines[1:], start=1) if '"""' in line)
    entries = {}
    for line in lines[1:end]:
        match = re.match(r"^\s*([a-z_]+):\s*(.*)\s*$", line, re.IGNORECASE)
        assert match, line
        entries[match.group(1).lower()] = match.group(2)
    assert {"title", "description", "version", "license"} <= set(entries)
    assert all(entries.values())
    assert re.fullmatch(r"\d+\.\d+\.\d+", entries["version"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", entries["required_open_webui_version"])
    # Everything it imports is part of Open WebUI: nothing is to be installed.
    assert "requirements" not in entries


@pytest.mark.parametrize("phrase", ["from main", "from config", "from utils", "from apps"])
def test_no_text_occurs_that_open_webui_would_rewrite(phrase: str) -> None:
    assert phrase not in SOURCE


def test_the_file_is_plain_utf8_without_marks_or_tabs() -> None:
    data = PLUGIN.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    assert data.endswith(b"\n")


def test_open_webuis_own_modules_are_imported_only_where_they_are_used() -> None:
    """The file must load, and its schemas be made, wherever their places have changed."""
    tree = ast.parse(SOURCE)
    at_top = {
        alias.name.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {str(node.module).split(".")[0] for node in tree.body if isinstance(node, ast.ImportFrom)}
    foreign = at_top - set(sys.stdlib_module_names)
    assert foreign == {"pydantic", "requests", "urllib3"}


def test_the_errors_of_the_plugin_itself_are_documented() -> None:
    calls = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Call)]
    errors = [call for call in calls if getattr(call.func, "id", "") == "ToolError"]
    codes = {
        arg.value for call in errors for arg in call.args[2:3] if isinstance(arg, ast.Constant)
    }
    assert len(codes) > 5
    documented = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert codes <= set(re.findall(r"^\| `(\w+)` \|", documented, re.MULTILINE))


def test_the_generated_parts_are_as_the_registry_makes_them() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SOURCE.count("do not edit") == 2


# Loading it -----------------------------------------------------------------------


@pytest.mark.parametrize("future", [False, True], ids=["plain", "postponed annotations"])
def test_it_loads_into_a_fresh_module_and_its_models_resolve(future: bool) -> None:
    module = load_plugin(future=future)
    assert module.__name__ not in sys.modules
    tools = module.Tools()
    for name in NAMES:
        hints = typing.get_type_hints(getattr(tools, name))
        fields: dict[str, Any] = {
            key: (hints[key], ... if p.default is p.empty else p.default)
            for key, p in seen(tools, name).items()
        }
        model = pydantic.create_model(name, **fields)
        json.dumps(model.model_json_schema())
    assert (
        tools.Valves().model_json_schema()["properties"]["api_key"]["input"]["type"] == "password"
    )
    chosen = tools.UserValves().model_dump()
    assert chosen.pop("show_changes") is False
    assert set(chosen.values()) == {""}


def test_the_example_of_each_operation_fits_the_types_a_model_sees(tools: Any) -> None:
    for name, item in operations().items():
        hints = typing.get_type_hints(getattr(tools, name))
        for key, value in item.example.items():
            pydantic.TypeAdapter(hints[key]).validate_python(value, strict=False)


def test_loading_and_making_tools_touches_nothing() -> None:
    code = (
        "import sys, socket, threading\n"
        "def no(*a, **k): raise SystemExit('touched the network')\n"
        "socket.socket.connect = no\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.plugin_fixtures import load_plugin\n"
        "before = threading.active_count()\n"
        "load_plugin().Tools()\n"
        "assert threading.active_count() == before\n"
        "assert not any(name.startswith('open_webui') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# What a model gets ------------------------------------------------------------------


def test_the_tools_are_the_operations_and_nothing_else_is_one(tools: Any) -> None:
    public = [name for name in dir(tools) if not name.startswith("_")]
    offered = [
        name
        for name in public
        if callable(getattr(tools, name)) and not inspect.isclass(getattr(tools, name))
    ]
    assert sorted(offered) == sorted(NAMES)
    assert set(public) - set(offered) == {"Valves", "UserValves", "valves", "citation"}


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_is_named_verb_excel_noun(name: str) -> None:
    assert re.fullmatch(r"[a-z]+_(csv_to_)?excel(_[a-z]+)?|query_database", name)


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_never_runs_on_the_event_loop(tools: Any, name: str) -> None:
    assert asyncio.iscoroutinefunction(getattr(tools, name))


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_few_flat_and_plain(tools: Any, name: str) -> None:
    parameters = seen(tools, name)
    assert list(parameters) == sorted(
        parameters, key=lambda key: parameters[key].default is not inspect.Parameter.empty
    )
    assert len(parameters) <= 8
    assert set(parameters) == {p.name for p in operations()[name].parameters}
    assert set(inspect.signature(getattr(tools, name)).parameters) - set(parameters) == INJECTED
    for parameter in inspect.signature(getattr(tools, name)).parameters.values():
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert not isinstance(parameter.default, FieldInfo | pydantic.BaseModel)
        if parameter.name in INJECTED:
            assert parameter.default is None


@pytest.mark.parametrize("name", NAMES)
def test_every_type_is_one_that_a_schema_can_say(tools: Any, name: str) -> None:
    hints = typing.get_type_hints(getattr(tools, name), include_extras=True)
    # What shows a page answers it beside the text.
    assert hints["return"] is (typing.Any if operations()[name].previews else str)
    for key in seen(tools, name):
        for part in parts_of(hints[key]):
            assert part is not Any, f"{key}: Open WebUI makes a text of Any"
            assert part is not object
            assert typing.get_origin(part) is not typing.Annotated
            assert not typing.is_typeddict(part)
            if part is dict and (_told_by_name(name, key) or key == "rows"):
                continue  # of records: any columns, any values
            if part in (list, dict, tuple):
                pytest.fail(f"{key}: {part.__name__} does not say what is in it")


def _told_by_name(name: str, key: str) -> bool:
    """Whether a parameter holds options whose names stand in its description."""
    annotation = next(p.annotation for p in operations()[name].parameters if p.name == key)
    kinds = (annotation, *typing.get_args(annotation))
    return any(isinstance(kind, type) and issubclass(kind, BriefOptions) for kind in kinds)


def parts_of(annotation: Any) -> list[Any]:
    """All types inside a type, in models too."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return []
    found = [annotation] if not arguments else []
    for argument in arguments:
        found += parts_of(argument)
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        for field in annotation.model_fields.values():
            found += parts_of(field.annotation)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_explained(tools: Any, name: str) -> None:
    doc = getattr(tools, name).__doc__
    head, texts = described(doc)
    assert set(texts) == set(seen(tools, name))
    assert all(texts.values())
    assert "Args:" not in doc
    # Open WebUI sends the text as it stands: indentation would be paid for at each request.
    assert not re.search(r"^[ \t]+\S", doc, re.MULTILINE)
    # A tool search lists the first 100 characters: the first sentence stands alone.
    first = head.split("\n")[0]
    assert first.endswith(".")
    assert len(first) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_a_default_of_a_list_is_never_changed_in_place(tools: Any, name: str) -> None:
    for parameter in seen(tools, name).values():
        if isinstance(parameter.default, list | dict):
            assert not parameter.default


def test_all_schemas_together_leave_room_in_a_small_models_context(tools: Any) -> None:
    """The strongest rival's take 74,227 bytes. Open WebUI's own conversion is measured in e2e."""
    sizes = {name: len(json.dumps(schema(tools, name)).encode()) for name in NAMES}
    assert max(sizes.values()) < 5_000, sizes
    assert 2_000 < sum(sizes.values()) < 24_000, sizes


def schema(tools: Any, name: str) -> dict[str, Any]:
    """What is sent for a tool: no less than Open WebUI sends."""
    method = getattr(tools, name)
    head, texts = described(method.__doc__)
    hints = typing.get_type_hints(method)
    fields: dict[str, Any] = {}
    for key, parameter in seen(tools, name).items():
        required = parameter.default is parameter.empty
        default: Any = {} if required else {"default": parameter.default}
        fields[key] = (hints[key], pydantic.Field(description=texts[key], **default))
    found = pydantic.create_model(name, **fields).model_json_schema()
    parameters = lean(found, found.pop("$defs", {}))
    return {
        "type": "function",
        "function": {"name": name, "description": head, "parameters": parameters},
    }


def lean(node: Any, models: dict[str, Any], named: bool = False) -> Any:
    """References put in place; without titles, null branches and null defaults.

    A single branch that is left stands for itself, as Open WebUI has it.
    """
    if isinstance(node, list):
        return [lean(item, models) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return lean({**models[node["$ref"].rsplit("/", 1)[1]], **rest}, models)
    branches = [item for item in node.get("anyOf", []) if item != {"type": "null"}]
    if len(branches) == 1 and not named:
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return lean({**rest, **branches[0]}, models)
    return {
        key: lean(value, models, key == "properties")
        for key, value in node.items()
        if named or not (key == "title" or (key == "default" and value is None))
    }
