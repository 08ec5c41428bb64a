"""Options of all operations: documented, and refused by name where there is no such."""

from __future__ import annotations

import copy
import typing
from typing import Any

import pytest
from pydantic import BaseModel

import service.operations  # noqa: F401 - declares the operations
from service.errors import InvalidParameters
from service.operations.registry import Operation, operations

Path = tuple[str, ...]


def models(annotation: Any, path: Path) -> list[tuple[Path, type[BaseModel]]]:
    """The option objects inside a type, each with the way to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = [(path, annotation)]
        for name, field in annotation.model_fields.items():
            found += models(field.annotation, (*path, name))
        return found
    origin = typing.get_origin(annotation)
    inner = (*path, "0") if origin in (list, tuple) else path
    return [one for item in typing.get_args(annotation) for one in models(item, inner)]


def objects() -> list[Any]:
    found = []
    for operation in operations().values():
        for parameter in operation.parameters:
            for path, model in models(parameter.annotation, (parameter.name,)):
                name = f"{operation.name}-{'.'.join(path)}"
                found.append(pytest.param(operation, path, model, id=name))
    return found


@pytest.mark.parametrize(("operation", "path", "model"), objects())
def test_every_option_is_described(operation: Operation, path: Path, model: Any) -> None:
    for name, field in model.model_fields.items():
        assert field.description, f"{'.'.join(path)}.{name}"


@pytest.mark.parametrize(("operation", "path", "model"), objects())
def test_an_unknown_option_is_refused_by_name_with_those_there_are(
    operation: Operation, path: Path, model: type[BaseModel]
) -> None:
    parameters = copy.deepcopy(operation.example)
    known = next(iter(model.model_fields))
    place = put(parameters, path, {f"{known}x": 1})
    with pytest.raises(InvalidParameters) as refused:
        operation.validate(place)
    message = str(refused.value)
    assert f"{known}x" in message
    assert f'Did you mean "{known}"?' in message
    for name in model.model_fields:
        assert name in message


def put(parameters: dict[str, Any], path: Path, value: dict[str, Any]) -> dict[str, Any]:
    """The parameters with an option object of that content at the end of the path."""
    inner: Any = value
    for part in reversed(path[1:]):
        inner = [inner] if part == "0" else {part: inner}
    parameters[path[0]] = inner
    return parameters
