"""Writes the generated parts of the plugin and the documents from the registry.

``python scripts/generate.py`` writes them, ``--check`` fails if one of them is stale.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import subprocess
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from dashboard import dashboard  # noqa: E402

import service.operations  # noqa: E402, F401 - declares the operations
from service import settings  # noqa: E402
from service.errors import ExcelToolsError  # noqa: E402
from service.languages import ENGLISH, languages, texts  # noqa: E402
from service.logs import FIELDS  # noqa: E402
from service.observing import audit, metrics  # noqa: E402
from service.operations.data import Rows  # noqa: E402
from service.operations.lines import FOLLOW_UPS, LOOKING, lines_of  # noqa: E402
from service.operations.registry import BriefOptions, Operation, Parameter, operations  # noqa: E402
from service.operations.tool_schemas import all_texts, brief, models_in  # noqa: E402
from service.workbook.cells import Scalar  # noqa: E402

PLUGIN = ROOT / "openwebui_tool" / "excel_tools_openwebui.py"
# The same file with fewer tools and parameters, for models with a small context.
SMALL = ROOT / "openwebui_tool" / "excel_tools_small_openwebui.py"
DASHBOARD = ROOT / "deploy" / "grafana" / "excel-tools.json"
_BEGIN = "# --- generated from the service's registry by scripts/generate.py: do not edit ---\n"
_END = "# --- end of the generated part ---\n"
_INJECTED = (
    ("__user__", "dict | None", "None"),
    ("__metadata__", "dict | None", "None"),
    ("__request__", "Any", "None"),
    ("__files__", "list | None", "None"),
    ("__event_emitter__", "Any", "None"),
    ("__event_call__", "Any", "None"),
)


# Types as source text -------------------------------------------------------


def type_source(annotation: Any) -> str:
    """A type as the plugin spells it."""
    if annotation == Scalar:
        return "Cell"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        if set(typing.get_args(Scalar)) <= set(arguments):
            rest = [a for a in arguments if a not in typing.get_args(Scalar)]
            return " | ".join(["Cell", *map(type_source, rest)])
        return " | ".join(type_source(item) for item in arguments)
    if origin is typing.Literal:
        return f"Literal[{', '.join(json.dumps(item) for item in arguments)}]"
    if origin in (list, dict):
        return f"{origin.__name__}[{', '.join(map(type_source, arguments))}]"
    if isinstance(annotation, type) and issubclass(annotation, BriefOptions):
        return "dict[str, str]" if all_texts(annotation) else "dict"
    return "None" if annotation is type(None) else str(annotation.__name__)


def _model_source(model: type[BaseModel]) -> str:
    lines = [f"class {model.__name__}(BaseModel):"]
    lines += [_field_source(name, field) for name, field in model.model_fields.items()]
    return "\n".join(lines) + "\n"


def _field_source(name: str, field: FieldInfo) -> str:
    text = json.dumps(field.description or "", ensure_ascii=False)
    default = "" if field.is_required() else f"default={field.default!r}, "
    kind = type_source(field.annotation)
    return f"    {name}: {kind} = Field({default}description={text})"


# The plugin ---------------------------------------------------------------------


def _offered(*, small: bool) -> list[Operation]:
    """The operations of the tool, each with the parameters that it has there."""
    if not small:
        return list(operations().values())
    return [_smaller(item) for item in operations().values() if item.small]


def _smaller(item: Operation) -> Operation:
    names = item.small.split()
    missing = set(names) - {p.name for p in item.parameters}
    missing |= {p.name for p in item.parameters if p.required} - set(names)
    if missing:
        raise TypeError(f"the small tool's parameters of {item.name}: {sorted(missing)}")
    kept = tuple(p for p in item.parameters if p.name in names)
    return dataclasses.replace(item, parameters=kept)


def plugin_head(*, small: bool = False) -> str:
    """Models of the parameters, and facts about the operations."""
    models: dict[str, type[BaseModel]] = {}
    offered = _offered(small=small)
    for item in offered:
        for parameter in item.parameters:
            found = models_in(parameter.annotation, sent=True)
            models |= {model.__name__: model for model in found}
    sources = [_model_source(model) for model in models.values()]
    facts = [f"    {item.name!r}: {_facts(item, small)!r},\n" for item in offered]
    # As a schema, one list of both is shorter; columns by name are taken as well.
    rows = "Rows = list[list[Cell] | dict]\n"
    return (
        "\n"
        + rows
        + "\n\n"
        + "\n\n".join(sources)
        + "\n\nOPERATIONS = {\n"
        + "".join(facts)
        + "}\n\n"
        + f"# Actions that change nothing.\nLOOKING = {LOOKING!r}\n\n"
        + "# What the chat is told, by the code of a language and the English text.\n"
        + f"TEXTS: dict[str, dict[str, str]] = {_told()!r}\n"
    )


def _told() -> dict[str, dict[str, object]]:
    return {code: dict(texts(code, "chat")) for code in languages() if code != ENGLISH}


def _facts(item: Operation, small: bool) -> dict[str, object]:
    converts = small and item.name == "open_excel_file"
    facts = {
        "lines": lines_of(item),
        "follow_ups": FOLLOW_UPS.get(item.name, ()),
        "file": item.file_parameter,
        "file_if": item.file_if,
        "delivers": item.delivers,
        "changes": item.writes or item.name == "undo_excel_change" or converts,
        **({"previews": True} if item.previews else {}),
        # Without a tool that imports: what opening makes of a CSV file is what was asked for.
        **({"delivers_converted": True} if converts else {}),
    }
    return facts | ({"delivers_with": item.delivers_with} if item.delivers_with else {})


def plugin_methods(*, small: bool = False) -> str:
    """One method for each operation."""
    return "\n" + "\n".join(_method(item, small) for item in _offered(small=small))


def _method(item: Operation, small: bool) -> str:
    ordered = sorted(item.parameters, key=lambda p: not p.required)
    lines = [f"    async def {item.name}(", "        self,"]
    lines += [f"        {_parameter(p)}," for p in ordered]
    lines += [f"        {name}: {kind} = {default}," for name, kind, default in _INJECTED]
    kind = "Any" if item.previews else "str"
    lines += [
        f"    ) -> {kind}:",
        f'        """{_indented(_docstring(item, ordered, small))}',
        '        """',
    ]
    lines += ["        return await self._run("]
    pairs = ", ".join(f'"{p.name}": {p.name}' for p in ordered)
    lines += [f'            "{item.name}",', f"            {{{pairs}}},"]
    lines += [f"            ({', '.join(name for name, _, _ in _INJECTED)}),", "        )", ""]
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    kind = "Rows" if parameter.annotation == Rows else type_source(parameter.annotation)
    if parameter.annotation == list[Scalar]:
        kind = "list[str]"  # headers, and these are texts
    if parameter.required:
        return f"{parameter.name}: {kind}"
    if parameter.default and not isinstance(parameter.default, BaseModel):
        return f"{parameter.name}: {kind} = {parameter.default!r}"
    # Open WebUI sends no default that is None; one that says nothing would only take room.
    kind = kind.replace('Literal["", ', "Literal[")
    return f"{parameter.name}: {kind} | None = None"


def _docstring(item: Operation, parameters: list[Parameter], small: bool) -> str:
    # The small tool goes by the examples; a wrong name is answered with those there are.
    keys = ["" if small else brief(p.annotation) for p in parameters]
    helps = [f":param {p.name}: {p.help}{key}" for p, key in zip(parameters, keys, strict=True)]
    return item.description + "\n\n" + "\n".join(helps)


def _indented(text: str) -> str:
    return "\n".join(f"        {line}".rstrip() for line in text.split("\n")).strip()


# Documents --------------------------------------------------------------------


def tools_table() -> str:
    """The tools at a glance, each with a link to its reference on the same page."""
    rows = ["| tool | what it does | in the small tool |", "|---|---|---|"]
    rows += [
        f"| [`{item.name}`](#{item.name}) | {item.summary} | {'yes' if item.small else ''} |"
        for item in operations().values()
    ]
    return "\n".join(rows) + "\n"


def operations_reference() -> str:
    """The reference of all operations with parameters, options and an example."""
    return "\n".join(_reference(item) for item in operations().values())


def _reference(item: Operation) -> str:
    lines = [f"## {item.name}", "", item.description, ""]
    if item.parameters:
        lines += ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    else:
        lines.append("It takes no parameters.")
    for p in item.parameters:
        lines.append(_row(p.name, p.annotation, "required" if p.required else _default(p), p.help))
        for model in models_in(p.annotation):
            for name, field in model.model_fields.items():
                default = "required" if field.is_required() else json.dumps(field.default)
                text = field.description or ""
                lines.append(_row(f"{p.name}.{name}", field.annotation, default, text))
    example = json.dumps(item.example, ensure_ascii=False)
    return "\n".join([*lines, "", "Example:", "", "```json", example, "```", ""])


def _row(name: str, annotation: Any, default: str, text: str) -> str:
    kind = type_source(annotation).replace("|", "\\|")
    return f"| `{name}` | `{kind}` | {default} | {text} |"


def _default(parameter: Parameter) -> str:
    if isinstance(parameter.default, BaseModel):
        return "{}"
    return json.dumps(parameter.default)


def settings_table() -> str:
    """The table of the service's settings."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | {default} | {help_} |" for name, default, help_ in settings.rows()]
    return "\n".join(rows) + "\n"


def valves_table() -> str:
    """The table of the tool's valves, which an administrator sets."""
    return _valves("Valves")


def user_valves_table() -> str:
    """The table of the valves that each user sets."""
    return _valves("UserValves")


def _valves(name: str) -> str:
    """A table of the plugin's valves of one kind."""
    spec = importlib.util.spec_from_file_location("excel_tools_openwebui", PLUGIN)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(PLUGIN)
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    model: type[BaseModel] = getattr(plugin.Tools, name)
    rows = ["| valve | default | meaning |", "|---|---|---|"]
    rows += [_valve(name, field) for name, field in model.model_fields.items()]
    return "\n".join(rows) + "\n"


def _valve(name: str, field: FieldInfo) -> str:
    chosen = typing.get_args(field.annotation)
    choices = ": " + ", ".join(f"`{item}`" for item in chosen if item) if chosen else ""
    default = "empty" if field.default == "" else f"`{json.dumps(field.default)}`"
    return f"| `{name}` | {default} | {(field.description or '').rstrip('.')}{choices}. |"


def errors_table() -> str:
    """The table of error codes, read from the tree."""
    rows = ["| code | status | when | what to do |", "|---|---|---|---|"]
    rows += [
        f"| `{e.code}` | {e.status} | {_purpose(e)} | {e.cure} |" for e in _leaves(ExcelToolsError)
    ]
    return "\n".join(rows) + "\n"


def metrics_table() -> str:
    """The table of the metrics, as they are called when they are asked for."""
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    rows += [f"| {_metric(one)} |" for one in metrics.table()]
    return "\n".join(rows) + "\n"


def _metric(one: metrics.Row) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels)
    return f"`{one.name}` | {one.kind} | {labels} | {one.help}"


def log_table() -> str:
    """The table of what a line of the log may say."""
    return _fields(FIELDS)


def audit_table() -> str:
    """The table of what an entry of the audit log may have."""
    return _fields(audit.FIELDS)


def audit_actions() -> str:
    """The table of what is written down there."""
    return _fields(audit.ACTIONS).replace("| field |", "| action |", 1)


def _fields(fields: Mapping[str, str]) -> str:
    rows = ["| field | meaning |", "|---|---|"]
    return "\n".join(rows + [f"| `{name}` | {text} |" for name, text in fields.items()]) + "\n"


def _leaves(error: type[ExcelToolsError]) -> Iterator[type[ExcelToolsError]]:
    below = error.__subclasses__()
    if not below:
        yield error
    for item in below:
        yield from _leaves(item)


def _purpose(error: type[ExcelToolsError]) -> str:
    if not error.__doc__ or not error.cure:
        raise TypeError(f"{error.__name__} does not say when it is raised, and what to do then")
    return error.__doc__.strip().rstrip(".")


def _fenced(name: str) -> tuple[str, str]:
    return (
        f"<!-- generated by scripts/generate.py: {name} -->\n",
        f"<!-- end of generated: {name} -->\n",
    )


# Writing ----------------------------------------------------------------------

_DOCUMENTS: dict[str, Callable[[], str]] = {
    "tools": tools_table,
    "operations": operations_reference,
    "settings": settings_table,
    "valves": valves_table,
    "user valves": user_valves_table,
    "errors": errors_table,
    "metrics": metrics_table,
    "log": log_table,
    "audit fields": audit_table,
    "audit actions": audit_actions,
}


def generated(path: Path) -> str:
    """The file's text with its generated parts made anew."""
    if path == DASHBOARD:
        return dashboard()
    text = "" if path == SMALL else path.read_text(encoding="utf-8")
    if path == PLUGIN:
        return _plugin(text, small=False)
    if path == SMALL:
        return _plugin(_small_text(PLUGIN.read_text(encoding="utf-8")), small=True)
    for name, make in _DOCUMENTS.items():
        begin, end = _fenced(name)
        if begin in text:
            text = _replaced(text, begin, end, "\n" + make() + "\n", 0)
    return text


def _plugin(text: str, *, small: bool) -> str:
    text = _replaced(text, _BEGIN, _END, plugin_head(small=small), 0)
    begin, end, start = f"    {_BEGIN}", f"    {_END}", text.index("class Tools:")
    return _formatted(_replaced(text, begin, end, plugin_methods(small=small), start))


_SMALL_TEXTS = (
    ("title: Excel Tools\n", "title: Excel Tools (small)\n"),
    ("Make, read, change, format and chart Excel workbooks", "For small models: Excel workbooks"),
    (
        "# Paste this",
        "# Made from excel_tools_openwebui.py by scripts/generate.py: do not edit.\n# Paste this",
    ),
)


def _small_text(text: str) -> str:
    """The hand-written part as it stands in the small tool."""
    for old, new in _SMALL_TEXTS:
        if text.count(old) != 1:
            raise ValueError(f"the plugin does not say {old!r} once")
        text = text.replace(old, new)
    return text


def _formatted(source: str) -> str:
    """The source as ruff formats it, so that generated and checked text can't differ."""
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--stdin-filename", str(PLUGIN), "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    return done.stdout


def _replaced(text: str, begin: str, end: str, new: str, start: int) -> str:
    first = text.index(begin, start) + len(begin)
    last = text.index(end, first)
    return text[:first] + new + text[last:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    check = parser.parse_args().check
    stale = []
    for path in [
        PLUGIN,
        SMALL,
        DASHBOARD,
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]:
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if (text := generated(path)) != there:
            stale.append(path)
            if not check:
                path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'stale: run make generate' if check else 'written'}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
