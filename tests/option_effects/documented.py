"""The options that the registry documents, and the choices of each."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

import service.operations  # noqa: F401 - declares the operations
from service.operations.registry import operations


def documented() -> set[tuple[str, str]]:
    """(Operation, option) of every parameter and of every option inside of one.

    An option with choices stands there once for each of them, ``options.legend=top``, and
    on its own only if it takes something else as well.
    """
    return {
        (operation.name, option)
        for operation in operations().values()
        for parameter in operation.parameters
        for option in _options(parameter.name, parameter.annotation)
    }


def booleans() -> set[tuple[str, str]]:
    """Those that are said to be true or false, and else are left as they are."""
    return {
        (operation.name, option)
        for operation in operations().values()
        for parameter in operation.parameters
        for option, annotation in _places(parameter.name, parameter.annotation)
        if set(_alternatives(annotation)) == {bool, type(None)}
    }


def _options(path: str, annotation: Any) -> Iterator[str]:
    for option, inner in _places(path, annotation):
        choices = [choice for choice in _choices(inner) if choice != ""]
        yield from (f"{option}={choice}" for choice in choices)
        if not choices or not _only_choices(inner):
            yield option


def _places(path: str, annotation: Any) -> Iterator[tuple[str, Any]]:
    """The parameter, and the options in it, with the way to each."""
    yield path, annotation
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            yield from _places(f"{path}.{name}", field.annotation)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for item in typing.get_args(annotation) for found in _models(item)]


def _alternatives(annotation: Any) -> list[Any]:
    """What a union is of; the type itself if it is none."""
    if typing.get_origin(annotation) is typing.Literal or not typing.get_args(annotation):
        return [annotation]
    if typing.get_origin(annotation) in (list, dict, tuple):
        return [annotation]
    return [one for item in typing.get_args(annotation) for one in _alternatives(item)]


def _choices(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    inner = typing.get_args(annotation)
    return list(dict.fromkeys(choice for item in inner for choice in _choices(item)))


def _only_choices(annotation: Any) -> bool:
    """Whether it takes its choices, lists of them, and nothing else."""
    return all(
        one is type(None) or _choices(one) or _models(one) for one in _alternatives(annotation)
    )
