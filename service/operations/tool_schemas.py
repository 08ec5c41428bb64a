"""What a model is told of an operation's parameters: a schema that leaves room for the chat.

Options that stand by their names in a description get no schema of their own here; the full
one is in the OpenAPI document, the reference, and in the error where one does not fit.
"""

from __future__ import annotations

import copy
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from service.operations.data import Rows
from service.operations.registry import BriefOptions, Operation, Parameter, find
from service.workbook.cells import Scalar

_SHORT = 17  # characters of choices that a model is told
_NULL = {"type": "null"}
_Cell = str | float | bool | None  # in a schema, a number is a whole one as well


def tool_schema(item: Operation) -> dict[str, Any]:
    """The JSON schema of the parameters as every door sends it to a model."""
    return copy.deepcopy(_made(item.name))


@cache
def _made(name: str) -> dict[str, Any]:
    item = find(name)
    ordered = sorted(item.parameters, key=lambda p: not p.required)
    fields: dict[str, Any] = {p.name: _field(p) for p in ordered}
    schema = pydantic.create_model(item.name, **fields).model_json_schema()
    found: dict[str, Any] = _lean(schema, schema.pop("$defs", {}))
    found.setdefault("properties", {})
    return found


def models_in(annotation: Any, *, sent: bool = False) -> Iterator[type[BaseModel]]:
    """The models inside a type, the innermost first.

    :param sent: only those whose schemas are sent to a model
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if sent and issubclass(annotation, BriefOptions):
            return
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation, sent=sent)
        yield annotation
    for item in typing.get_args(annotation):
        yield from models_in(item, sent=sent)


def all_texts(options: type[BriefOptions]) -> bool:
    """Whether all options are texts, any or of a choice."""
    fields = options.model_fields.values()
    return all(f.annotation is str or typing.get_origin(f.annotation) is Literal for f in fields)


# Types ------------------------------------------------------------------------


def _field(parameter: Parameter) -> tuple[Any, Any]:
    text = parameter.help + brief(parameter.annotation)
    kind = _kind(parameter.annotation)
    if parameter.required:
        return kind, Field(description=text)
    if parameter.default and not isinstance(parameter.default, BaseModel):
        return kind, Field(default=parameter.default, description=text)
    # A default that says nothing would only take room, and so would an empty choice.
    return _without_empty(kind) | None, Field(default=None, description=text)


def _kind(annotation: Any) -> Any:
    """The type of a parameter, as a model is told it."""
    if annotation == Rows:
        # As a schema, one list of both is shorter; columns by name are taken as well.
        return list[list[_Cell] | dict]  # type: ignore[type-arg]
    if annotation == list[Scalar]:
        return list[str]  # headers, and these are texts
    return _told(annotation)


def _told(annotation: Any) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BriefOptions):
        return dict[str, str] if all_texts(annotation) else dict
    if origin in (typing.Union, types.UnionType):
        whole = int if set(typing.get_args(_Cell)) <= set(arguments) else None
        arguments = tuple(part for part in arguments if part is not whole)
        return typing.Union[tuple(_told(part) for part in arguments)]  # noqa: UP007 - made here
    if origin in (list, dict):
        return origin[tuple(_told(part) for part in arguments)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {name: (_told(f.annotation), f) for name, f in annotation.model_fields.items()}
        made: Any = pydantic.create_model(annotation.__name__, **fields)  # type: ignore[call-overload]
        return made
    return annotation


def _without_empty(annotation: Any) -> Any:
    if typing.get_origin(annotation) is not Literal:
        return annotation
    choices = tuple(choice for choice in typing.get_args(annotation) if choice != "")
    return Literal[choices]


# Texts ------------------------------------------------------------------------


def brief(annotation: Any) -> str:
    """What a model is told of options that it gets no schema of: names, and short choices."""
    names = []
    for model in models_in(annotation):
        if issubclass(model, BriefOptions):
            fields = model.model_fields.items()
            names += [_brief_field(name, field) for name, field in fields if name not in model.rare]
            names += ["..."] if model.rare else []
    return f" Keys: {', '.join(names)}." if names else ""


def _brief_field(name: str, field: FieldInfo) -> str:
    chosen: list[str] = []
    for item in (field.annotation, *typing.get_args(field.annotation)):
        if typing.get_origin(item) is Literal:
            chosen += map(str, typing.get_args(item))
    choices = "|".join(filter(str.isprintable, chosen))
    return f"{name} ({choices})" if 0 < len(choices) <= _SHORT else name


# Schemas ----------------------------------------------------------------------


def _lean(node: Any, models: dict[str, Any], named: bool = False) -> Any:
    """References put in place; without titles, null branches and null defaults.

    :param named: the keys of the node are names of properties
    """
    if isinstance(node, list):
        return [_lean(item, models) for item in node if item != _NULL]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _lean({**models[node["$ref"].rsplit("/", 1)[1]], **rest}, models)
    branches = [item for item in node.get("anyOf", []) if item != _NULL]
    if len(branches) == 1 and not named:
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _lean({**rest, **branches[0]}, models)
    return {
        key: _lean(value, models, key == "properties")
        for key, value in node.items()
        if named or not (key == "title" or (key == "default" and value is None))
    }
