"""The registry: an operation is declared once, as a function, and everything else derives.

Its signature gives the parameters and their types, its docstring the description and
(``:param name:``) what each parameter means. Validation, REST, OpenAPI, the plugin's
methods and the documentation are made from that.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.errors import ExcelToolsError, InvalidParameters, NotFound, listed
from service.operations.telling import telling

Effect = Literal["create", "change", "read", "session"]
Nature = Literal["looks", "loses", "again", "outside"]
Function = TypeVar("Function", bound=Callable[..., "Answer"])

_SEALED = "\x00"  # what nobody can type
ACCEPTED = f"{_SEALED}accepted"  # a secret in the journal that was right at the time
_WORKBOOK = "if several are open"
_WORKBOOK_OR_NEW = "open workbook to add to; left out: a new file"


@dataclass
class Answer:
    """What an operation answers.

    :param result: compact JSON object with what was done or found
    :param sheet: the sheet it was about
    :param next: at most two short hints, only where they help
    :param exports: files it wrote into the folder it was given, by name
    :param changed: whether the workbook was changed; of an operation that only reads it says
        nothing. What changed nothing gets no entry in the journal
    """

    result: dict[str, Any]
    sheet: str = ""
    next: list[str] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    changed: bool = True


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    annotation: Any
    default: Any
    help: str

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Operation:
    """One operation, as declared.

    ``effect`` says what it does: ``create`` makes a new workbook (or, where it has the
    parameter ``workbook`` and that is given, changes that one), ``change`` changes an open
    workbook, ``read`` only looks, ``session`` is about the session's files.
    """

    name: str
    effect: Effect
    run: Callable[..., Answer]
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    model: type[BaseModel]
    doing: str
    example: dict[str, Any]
    file_parameter: str = ""
    file_if: tuple[str, str] = ("", "")
    exports: bool = False
    gives_file: bool = False
    lands: bool = False
    delivers_with: str = ""
    previews: bool = False
    styled: bool = False
    secret: str = ""
    seal: Callable[[dict[str, Any]], None] | None = None
    steps: str = ""
    says_where: str = ""
    nature: tuple[Nature, ...] = ()
    small: str = ""

    @property
    def delivers(self) -> bool:
        """Whether there is a file to give to the user afterwards."""
        return self.writes or self.exports or self.gives_file

    @property
    def writes(self) -> bool:
        return self.effect in ("create", "change") or self.lands

    def validate(self, given: object, *, sealed: bool = False) -> dict[str, Any]:
        """The parameters with defaults filled in, in JSON types.

        :param sealed: they have been here before: their secret is in its place
        :raises InvalidParameters: naming each parameter that does not fit, and what would
        """
        if not isinstance(given, dict):
            raise InvalidParameters(
                f"{self.name} needs a JSON object of parameters, not {type(given).__name__}.",
                f"Parameters: {listed([p.name for p in self.parameters])}.",
            )
        self._refuse_unknown(given)
        kept = {
            p.name: _unwrapped(given[p.name], p)
            for p in self.parameters
            if p.name in given and (given[p.name] is not None or p.required)
        }
        try:
            valid = self.model.model_validate(kept)
        except pydantic.ValidationError as error:
            raise self._explained(error) from None
        except RecursionError:
            raise InvalidParameters(
                f"{self.name}: the parameters are nested too deeply.", "Send flat rows of cells."
            ) from None
        parameters = valid.model_dump(exclude_unset=False)
        self._refuse_two_targets(parameters)
        if sealed:
            return parameters
        secret = self._secret(parameters)
        if isinstance(secret, str) and not secret.isprintable():
            raise InvalidParameters(
                f"{self.name}: {self.secret} holds characters that can't be typed.",
                "Send it as it is typed.",
            )
        if self.seal is not None:
            self.seal(parameters)
        return parameters

    def public(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as they may be told: of a secret, only whether there was one."""
        parameters = self._each_step(parameters, Operation.public)
        return self._with_secret(parameters, bool(self._secret(parameters)))

    def kept(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as the journal keeps them: a secret is sealed, or was ACCEPTED."""
        parameters = self._each_step(parameters, Operation.kept)
        secret = self._secret(parameters)
        if not isinstance(secret, str) or not secret or secret.startswith(_SEALED):
            return parameters
        return self._with_secret(parameters, ACCEPTED)

    def has_secret(self, parameters: dict[str, Any]) -> bool:
        """Whether the parameters hold a secret."""
        return bool(self._secret(parameters))

    def _each_step(
        self,
        parameters: dict[str, Any],
        change: Callable[[Operation, dict[str, Any]], dict[str, Any]],
    ) -> dict[str, Any]:
        """The parameters with the arguments of each step changed, where there are steps."""
        if not self.steps:
            return parameters
        told = []
        for step in parameters[self.steps]:
            run = _OPERATIONS.get(step["tool"].strip())
            arguments = change(run, step["arguments"]) if run else step["arguments"]
            told.append({**step, "arguments": arguments})
        return {**parameters, self.steps: told}

    def _secret(self, parameters: dict[str, Any]) -> object:
        found: Any = parameters
        for name in self.secret.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _with_secret(self, parameters: dict[str, Any], value: object) -> dict[str, Any]:
        name, _, inner = self.secret.partition(".")
        if name not in parameters or (inner and not isinstance(parameters[name], dict)):
            return parameters
        told = {**parameters[name], inner: value} if inner else value
        return {**parameters, name: told}

    def call(self, target: object, parameters: dict[str, Any]) -> Answer:
        """Run the operation on a context (or a desk) with the parameters of ``validate``."""
        typed = self.model.model_validate(parameters)
        taken = list(inspect.signature(self.run).parameters)[1:]
        return self.run(target, **{name: getattr(typed, name) for name in taken})

    def _refuse_unknown(self, given: dict[object, object]) -> None:
        names = [p.name for p in self.parameters]
        for key in given:
            if key not in names:
                raise InvalidParameters(
                    f'{self.name} has no parameter "{str(key)[:80]}".{_meant(key, names)}',
                    f"Parameters: {listed(names, 20)}.",
                    {"parameters": names},
                )

    def _refuse_two_targets(self, parameters: dict[str, Any]) -> None:
        if self.effect == "create" and parameters.get("workbook") and parameters.get("filename"):
            raise InvalidParameters(
                f"{self.name} got a filename beside a workbook: an open workbook keeps its name.",
                "Leave filename out to add to the workbook, or workbook to make a new file.",
            )

    def _explained(self, error: pydantic.ValidationError) -> InvalidParameters:
        problems = problems_of(error, self.model)
        shown = [f"{path}: {text}" for path, text in list(problems.items())[:5]]
        first = next(iter(problems)).split(".")[0]
        helps = {p.name: p.help for p in self.parameters}
        return InvalidParameters(
            f"{self.name}: {'; '.join(shown)}.",
            f"{first}: {helps[first]}" if first in helps else "Correct the parameters.",
            {"problems": dict(list(problems.items())[:20])},
        )


def problems_of(
    error: pydantic.ValidationError, model: type[BaseModel] | None = None
) -> dict[str, str]:
    """What pydantic found wrong, by the place of it.

    :param model: what was validated; names that it does not have are told with those it has
    """
    problems: dict[str, str] = {}
    for item in error.errors(include_url=False, include_context=False):
        path = [str(part) for part in item["loc"] if not _is_branch(part)]
        text = item["msg"]
        if item["type"] == "extra_forbidden" and model is not None:
            text = _no_such_name(path, model) or text
        problems.setdefault(".".join(path) or "parameters", text)
    return problems


def _no_such_name(path: list[str], model: type[BaseModel]) -> str:
    """That there is no such option, and which there are; "" where that can't be told."""
    inside: list[type[BaseModel]] = [model]
    for part in path[:-1]:
        fields = [m.model_fields[part].annotation for m in inside if part in m.model_fields]
        if fields:  # else the part is a place in a list, or a key
            inside = [found for annotation in fields for found in _models_in(annotation)]
    names = list(dict.fromkeys(name for found in inside for name in found.model_fields))
    if not names:
        return ""
    return f"there is no such option.{_meant(path[-1], names)} Options: {', '.join(names)}"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation may hold, not those inside of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for item in typing.get_args(annotation) for found in _models_in(item)]


def _meant(key: object, names: list[str]) -> str:
    near = difflib.get_close_matches(str(key), names, 1)
    return f' Did you mean "{near[0]}"?' if near else ""


def _is_branch(part: object) -> bool:
    """Whether a part of pydantic's location names a union's branch, not a place."""
    return isinstance(part, str) and bool(re.search(r"[\[\](]|^(str|int|float|bool|none)$", part))


def _unwrapped(value: object, parameter: Parameter) -> object:
    """Lists and objects that a model sent as JSON text, decoded; one text for a list of texts."""
    if not isinstance(value, str) or _accepts_text(parameter.annotation):
        return value
    value = _listed(value, parameter.annotation)
    if not isinstance(value, str):
        return value
    if value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _listed(value: object, annotation: Any) -> object:
    """A list of the one text that was sent where a list of texts is meant."""
    if not isinstance(value, str) or value.strip()[:1] in ("", "[", "{"):
        return value
    if _accepts_text(annotation):
        return value
    parts = [annotation, *typing.get_args(annotation)]
    lists = [part for part in parts if typing.get_origin(part) is list]
    texts = any(_takes_words(typing.get_args(part)[0]) for part in lists)
    return [value] if texts else value


def _takes_words(annotation: Any) -> bool:
    """Whether it takes a text, any one or one of a choice."""
    return _accepts_text(annotation) or typing.get_origin(annotation) is typing.Literal


def _accepts_text(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_accepts_text(part) for part in typing.get_args(annotation))
    return annotation is str


# Declaring ----------------------------------------------------------------

_OPERATIONS: dict[str, Operation] = {}


def operation(  # noqa: PLR0913 - what an operation is, named in one place
    *,
    effect: Effect,
    doing: str,
    example: dict[str, Any],
    file_parameter: str = "",
    file_if: tuple[str, str] = ("", ""),
    exports: bool = False,
    delivers: bool = False,
    lands: bool = False,
    delivers_with: str = "",
    previews: bool = False,
    styled: bool = False,
    secret: str = "",
    seal: Callable[[dict[str, Any]], None] | None = None,
    steps: str = "",
    says_where: str = "",
    nature: tuple[Nature, ...] = (),
    small: str = "",
) -> Callable[[Function], Function]:
    """Declare the decorated function as an operation.

    :param effect: see :class:`Operation`
    :param doing: what a person reads while it runs, such as "Adding a chart"
    :param example: parameters of a call that works, for the documentation
    :param file_parameter: the parameter that may name an uploaded file
    :param file_if: another parameter and the value with which that is so; empty: always
    :param delivers: whether a session's own operation leaves a workbook another one
    :param lands: whether it may put what it found elsewhere into a workbook, although it is a
        session's own operation: it is then run on that workbook as well, with files
    :param delivers_with: the parameter without which it only answers, and gives no file
    :param exports: whether it writes files for the user into the folder it is given
    :param previews: whether its answer has the link of a page that shows the workbook
    :param styled: whether the user's preferences decide how what it makes looks
    :param secret: the parameter (or "options.password") that is never kept, logged or told
    :param seal: puts something else into the place of the secret, in the validated parameters
    :param steps: the parameter that holds calls of other operations, which may hold secrets
    :param says_where: the parameter whose text may name workbooks, which needs no ``workbook``
    :param nature: what the effect does not tell: only "looks", "loses" what was there, a call
        "again" does nothing more, reaches "outside"
    :param small: the parameters that the small tool has; empty: it is without this operation
    """
    facts = dict(locals())  # the parameters, by their names
    facts["gives_file"] = facts.pop("delivers")

    def declare(function: Function) -> Function:
        _OPERATIONS[function.__name__] = _declared(function, facts)
        return function

    return declare


def _declared(function: Callable[..., Answer], facts: dict[str, Any]) -> Operation:
    name = function.__name__
    description, helps = _parsed(inspect.getdoc(function) or "", name)
    parameters = tuple(_parameters(function, facts["effect"], helps))
    return Operation(
        name=name,
        run=telling(function),
        summary=description.split("\n")[0],
        description=description,
        parameters=parameters,
        model=_model(name, parameters),
        **facts,
    )


def _parsed(doc: str, name: str) -> tuple[str, dict[str, str]]:
    """(description, text of each parameter) of a docstring with ``:param x:`` fields."""
    head, *fields = re.split(r"^:param ", doc, flags=re.MULTILINE)
    helps = {}
    for text in fields:
        parameter, _, meaning = text.partition(":")
        helps[parameter.strip()] = " ".join(meaning.split())
    if not head.strip():
        raise TypeError(f"operation {name} has no docstring")
    return head.strip(), helps


def _parameters(
    function: Callable[..., Answer], effect: Effect, helps: dict[str, str]
) -> list[Parameter]:
    hints = typing.get_type_hints(function)
    found = [
        Parameter(p.name, hints[p.name], p.default, helps[p.name])
        for p in list(inspect.signature(function).parameters.values())[1:]
        if p.name != "workbook"
    ]
    takes_workbook = "workbook" in inspect.signature(function).parameters
    if effect in ("change", "read") or (takes_workbook and effect == "session"):
        found.insert(0, Parameter("workbook", str, "", helps.get("workbook", _WORKBOOK)))
    elif takes_workbook:
        position = list(inspect.signature(function).parameters).index("workbook") - 1
        text = helps.get("workbook", _WORKBOOK_OR_NEW)
        found.insert(position, Parameter("workbook", str, "", text))
    return found


def _model(name: str, parameters: tuple[Parameter, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        p.name: (
            p.annotation,
            Field(description=p.help)
            if p.required
            else Field(default=p.default, description=p.help),
        )
        for p in parameters
    }
    config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    return pydantic.create_model(name, __config__=config, **fields)


# Finding ------------------------------------------------------------------


def operations() -> dict[str, Operation]:
    """All operations by name, in the order in which they were declared."""
    return dict(_OPERATIONS)


def find(name: str) -> Operation:
    """The operation of that name.

    :raises NotFound: listing the operations there are
    """
    try:
        return _OPERATIONS[name]
    except KeyError:
        near = difflib.get_close_matches(name, _OPERATIONS, 1)
        raise NotFound(
            f'No operation "{name[:80]}".' + (f' Did you mean "{near[0]}"?' if near else ""),
            f"Operations: {listed(list(_OPERATIONS), 30)}.",
        ) from None


class Options(BaseModel):
    """Base of the option objects: unknown names are refused, by name.

    One text in the place of a list of texts is a list of one.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields
        return {
            key: _listed(value, fields[key].annotation) if key in fields else value
            for key, value in given.items()
        }


class BriefOptions(Options):
    """Options that a model is told of by their names alone, in the parameter's description.

    A model's context is small: what each means, and of which type it is, is in the reference,
    and in the error where one does not fit.

    :cvar rare: names that are left out there; an error that lists the options has them, too
    """

    rare: ClassVar[frozenset[str]] = frozenset()


__all__ = [
    "ACCEPTED",
    "Answer",
    "BriefOptions",
    "Effect",
    "ExcelToolsError",
    "Operation",
    "Options",
    "Parameter",
    "find",
    "operation",
    "operations",
    "problems_of",
]
