"""Several operations in one call: all of them, or none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import AliasChoices, Field, field_validator

from service import progress
from service.errors import ExcelToolsError, InvalidParameters, counted, listed
from service.matching import meant_among
from service.names import same_name
from service.operations.context import Context, Seen
from service.operations.databases import check_query
from service.operations.registry import (
    Answer,
    BriefOptions,
    Operation,
    find,
    operation,
    operations,
)

MOST_STEPS = 50
_ASKED = ("action", "source", "sql", "limit")  # of a database, before the first step
_NAME = re.compile(r"[A-Za-z_]\w{0,39}")
# "$sales.written" as a whole text, "{sales.written}" inside of one.
_PATH = r"([A-Za-z_]\w{0,39})((?:\.\w+)+)"
_WHOLE = re.compile(rf"\${_PATH}")
_INSIDE = re.compile(rf"\{{{_PATH}\}}")


class Step(BriefOptions):
    """One step: a tool with its arguments."""

    tool: str = Field(description="name of a tool")
    arguments: dict[str, Any] = Field(default={}, description="its parameters")
    name: str = Field(
        default="",
        validation_alias=AliasChoices("name", "as"),
        description="name for its result in later steps",
    )

    @field_validator("arguments", mode="before")
    @classmethod
    def _decoded(cls, value: object) -> object:
        """Arguments that a model sent as JSON text."""
        if isinstance(value, str) and value.strip().startswith("{"):
            try:
                return json.loads(value)
            except (ValueError, RecursionError):
                return value
        return value


@dataclass(frozen=True)
class _Planned:
    """A step that was found to fit.

    :param number: counted from 1
    :param parameters: validated; None where they name results of steps before
    :param makes: it makes the workbook that the steps work on
    """

    number: int
    makes: bool
    step: Step
    operation: Operation
    parameters: dict[str, Any] | None


def _seal(parameters: dict[str, Any]) -> None:
    """Secrets in the arguments of steps are sealed as they are in a call by itself."""
    for number, step in enumerate(parameters["steps"], 1):
        run = operations().get(step["tool"].strip())
        if run is None or not run.secret:
            continue
        arguments = {"workbook": "", **step["arguments"]}
        if any(references(arguments)) and not _plainly_without(run, arguments):
            raise InvalidParameters(
                f"Step {number} ({run.name}): a step with a password takes no values of others.",
                "Write its arguments out, or call it by itself.",
            )
        if not any(references(arguments)):
            known = {p.name for p in run.parameters}
            valid = run.validate({k: v for k, v in arguments.items() if k in known or v})
            if run.has_secret(valid):
                step["arguments"] = valid


def _plainly_without(run: Operation, arguments: dict[str, Any]) -> bool:
    """Whether arguments that can't be validated yet hold no secret for sure."""
    options = arguments.get(run.secret.partition(".")[0])
    return not options or (isinstance(options, dict) and not run.has_secret(arguments))


@operation(
    effect="change",
    seal=_seal,
    steps="steps",
    doing="Changing {workbook} in several steps",
    example={
        "steps": [
            {
                "tool": "write_excel_range",
                "arguments": {"start": "append", "rows": [["Travel", 300]]},
                "name": "new",
            },
            {
                "tool": "format_excel_cells",
                "arguments": {"range": "$new.written", "style": {"bold": True}},
            },
        ]
    },
    styled=True,
)
def run_excel_steps(ctx: Context, steps: list[Step]) -> Answer:
    """Run several tools on one workbook in one call: all of them are done, or none.

    One undo takes all back. The error names the step that failed.

    :param steps: at most 50, the first may be create_excel_file; in arguments "$name.key" is a
        value of the result of the step with that name, "{name.key}" the same inside of a text.
    """
    if not 1 <= len(steps) <= MOST_STEPS:
        raise InvalidParameters(
            f"steps has {counted(len(steps), 'step')}; it takes 1 to {MOST_STEPS}.",
            "Send them in several calls, or at least one.",
        )
    plan = list(_planned(ctx, steps))
    results: dict[str, dict[str, Any]] = {}
    told: list[dict[str, Any]] = []
    changed = False
    for planned in plan:
        progress.tell("steps", planned.number - 1, len(plan))
        try:
            answer = _run(ctx, planned, results)
        except ExcelToolsError as error:
            # What the steps before did is in the workbook: its owner throws it away and
            # builds it anew as it was.
            ctx.book.broken = ctx.book.broken or changed
            raise in_step(error, planned.number, len(plan), planned.operation.name) from error
        except BaseException:
            ctx.book.broken = True
            raise
        changed |= planned.operation.writes and answer.changed
        result = dict(answer.result)
        if planned.step.name:
            sheet = {"sheet": answer.sheet} if answer.sheet else {}
            results[planned.step.name] = sheet | result
        told.append({"tool": planned.operation.name} | result)
    return Answer({"steps": len(plan), "results": told}, sheet=answer.sheet, changed=changed)


def in_step(error: ExcelToolsError, number: int, count: int, tool: str) -> ExcelToolsError:
    """The error of a step as that of all."""
    return type(error)(
        f"Step {number} of {count} ({tool}): {error.message} None of the steps was done.",
        error.hint,
        {"step": number, "tool": tool, **(error.details or {})},
    )


def _run(ctx: Context, planned: _Planned, results: dict[str, dict[str, Any]]) -> Answer:
    """Do one step; references are put in place of their values first."""
    run = planned.operation
    parameters = planned.parameters
    if parameters is None:
        filled = _filled(planned.step.arguments, results)
        parameters = run.validate(_targeted(ctx, filled, makes=planned.makes), sealed=True)
    ctx.book.spill()
    rows = ctx.files.get(rows_of(planned.number))
    own = replace(
        ctx,
        preferences=ctx.preferences if run.styled else None,
        files={"rows": rows} if rows else {},
    )
    if run.writes:
        return run.call(own, parameters)
    # What was read decides what later steps do: a replay has to read the same.
    looked = ctx.seen.find(lambda: _looked(run, replace(own, seen=Seen()), parameters))
    return Answer(looked["result"], sheet=looked["sheet"])


def _looked(run: Operation, ctx: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    answer = run.call(ctx, parameters)
    return {"result": answer.result, "sheet": answer.sheet}


def check_step(arguments: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a step that asks a database, as far as they must be known beforehand.

    :raises InvalidParameters: if it does not put rows into the workbook, or its question is
        not known before the first step is done
    """
    later = [name for name in _ASKED if any(references(arguments.get(name)))]
    if later:
        raise InvalidParameters(
            f"{later[0]} takes no values of other steps: the database is asked before the first "
            "step is done.",
            f"Write {later[0]} out, or call query_database by itself.",
        )
    valid = find("query_database").validate({**arguments, "workbook": ""})
    check_query(valid["action"], valid["sql"], valid["into"], valid["limit"])
    if valid["action"] != "query" or not valid["into"].strip():
        raise InvalidParameters(
            "As a step, query_database puts rows into the workbook, and it has no into.",
            'Say where they go, such as into="Orders"; look at tables or rows beforehand.',
        )
    return valid


def rows_of(number: int) -> str:
    """The name of the file with the rows for a step that lands some, counted from 1."""
    return f"rows-{number}"


# Before anything is done ------------------------------------------------------


def _planned(ctx: Context, steps: list[Step]) -> Iterator[_Planned]:
    """The steps, each found to fit as far as can be told before they are run.

    :raises InvalidParameters: naming the first that does not
    """
    known: list[str] = []
    new = not ctx.book.sheet_names
    for number, step in enumerate(steps, 1):
        makes = new and number == 1
        try:
            run = _allowed(ctx, step, number, makes=makes)
            named = list(references(step.arguments))
            _check_names(step, named, known)
            _check_workbook(ctx, step, str(steps[0].arguments.get("filename", "")) if new else "")
            arguments = _targeted(ctx, step.arguments, makes=makes)
            parameters = None if named else run.validate(arguments, sealed=True)
            if named:
                _check_rest(run, arguments)
        except ExcelToolsError as error:
            raise type(error)(
                f"Step {number} of {len(steps)} ({step.tool[:60]}): {error.message} "
                "None of the steps was done.",
                error.hint,
                {"step": number, **(error.details or {})},
            ) from None
        if step.name:
            known.append(step.name)
        yield _Planned(number, makes, step, run, parameters)


def _tools() -> list[str]:
    """The tools that a step may name."""
    return [name for name, one in operations().items() if not _reason_against(one)]


def _reason_against(one: Operation) -> str:
    if one.name == "run_excel_steps":
        return "steps hold no steps"
    if one.effect == "session" and not one.lands:
        return "it is about the session's files"
    if _only_makes(one):
        return "it makes another workbook"
    return "it gives a file of its own" if one.exports else ""


def _only_makes(one: Operation) -> bool:
    """Whether it makes a workbook, and can't add to one."""
    return one.effect == "create" and "workbook" not in {p.name for p in one.parameters}


def makes_workbook(steps: list[dict[str, Any]], *, opened: bool) -> bool:
    """Whether the steps begin with one that makes the workbook they work on.

    :param opened: whether any workbook is open; one that can add to it does so
    """
    first = operations().get(steps[0]["tool"].strip()) if steps else None
    if first is None or first.effect != "create" or steps[0]["arguments"].get("workbook"):
        return False
    return _only_makes(first) or bool(steps[0]["arguments"].get("filename")) or not opened


def _allowed(ctx: Context, step: Step, number: int, *, makes: bool) -> Operation:
    run = find(step.tool.strip())
    if makes and _only_makes(run):
        return run
    if _only_makes(run):
        raise InvalidParameters(
            f"{run.name} makes another workbook, and the steps work on {ctx.book.name}.",
            "Make it with the first step, and leave workbook out: the steps then work on it."
            if number == 1
            else "Make it with the first step, or call it by itself.",
        )
    reason = _reason_against(run)
    if reason:
        raise InvalidParameters(
            f"{run.name} can't be a step: {reason}.",
            f"Call it by itself. Steps take {listed(_tools(), 30)}.",
        )
    if run.file_parameter and _names_file(run, step.arguments):
        raise InvalidParameters(
            f"{run.name} with an uploaded file can't be a step.",
            f"Call it by itself, or send the data as {run.file_parameter}.",
        )
    return run


def _names_file(run: Operation, arguments: dict[str, Any]) -> bool:
    """Whether the parameter that may name an upload does so; text with a line break is data."""
    name, wanted = run.file_if
    if name and arguments.get(name) != wanted:
        return False
    value = str(arguments.get(run.file_parameter) or "\n")
    return "\n" not in value and "\r" not in value


def _check_workbook(ctx: Context, step: Step, new: str) -> None:
    """All steps are about one workbook; in a replay it may have another name by now.

    :param new: the name that was asked for the workbook which the steps make
    """
    asked = str(step.arguments.get("workbook") or "")
    fits = meant_among(asked, ctx.book.name, list(ctx.others)) or (new and same_name(asked, new))
    if asked and ctx.seen.first and not fits:
        raise InvalidParameters(
            f'It names the workbook "{asked[:80]}", and the steps work on {ctx.book.name}.',
            "Leave workbook out of the steps, and give it beside them.",
        )


def _targeted(ctx: Context, arguments: dict[str, Any], *, makes: bool) -> dict[str, Any]:
    """The arguments with the workbook; what can make a new one adds to it then."""
    return arguments if makes else {**arguments, "workbook": ctx.book.name}


def _check_names(step: Step, references: list[tuple[str, str]], known: list[str]) -> None:
    if step.name and not _NAME.fullmatch(step.name):
        raise InvalidParameters(
            f'"{step.name[:60]}" is no name for a result.', "Use letters, digits and _."
        )
    if step.name in known:
        raise InvalidParameters(
            f'Two steps are named "{step.name}".', "Give each result a name of its own."
        )
    for name, path in references:
        if name not in known:
            have = f"Names so far: {listed(known)}." if known else "No step before has a name."
            raise InvalidParameters(
                f'"{name}{path}" names a result that is not there. {have}',
                'Give the step before a "name"; a text of that form is written outside of steps.',
            )


def _check_rest(run: Operation, arguments: dict[str, Any]) -> None:
    """Check the parameters that name no results; the others are checked when they are known."""
    later = {key for key, value in arguments.items() if list(references(value))}
    unknown = later - {p.name for p in run.parameters}
    if unknown:
        run.validate(dict.fromkeys(unknown))
    try:
        run.validate({key: value for key, value in arguments.items() if key not in later})
    except InvalidParameters as error:
        problems = (error.details or {}).get("problems")
        if not isinstance(problems, dict) or {path.split(".")[0] for path in problems} - later:
            raise


# References -------------------------------------------------------------------


def references(value: Any) -> Iterator[tuple[str, str]]:
    """(name, path) of each reference in arguments."""
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        found = [whole] if whole else list(_INSIDE.finditer(value))
        yield from ((match[1], match[2]) for match in found)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def _filled(value: Any, results: dict[str, dict[str, Any]]) -> Any:
    """The arguments with values in place of references."""
    if isinstance(value, dict):
        return {key: _filled(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, results) for item in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    if whole:
        return _found(whole[1], whole[2], results)
    return _INSIDE.sub(lambda match: _text(match, results), value)


def _text(match: re.Match[str], results: dict[str, dict[str, Any]]) -> str:
    found = _found(match[1], match[2], results)
    if isinstance(found, dict | list) or found is None:
        raise InvalidParameters(
            f'"{match[1]}{match[2]}" is no text or number, and stands inside of a text.',
            "Name one value in it.",
        )
    return str(found)


def _found(name: str, path: str, results: dict[str, dict[str, Any]]) -> Any:
    """The value that a path leads to; a part that is a number counts in a list, from 0."""
    value: Any = results[name]
    for key in path[1:].split("."):
        if key == "result" and isinstance(value, dict) and "result" not in value:
            continue
        inner: Any = value if isinstance(value, dict) else {}
        if isinstance(value, list):
            inner = {str(number): item for number, item in enumerate(value)}
        if key not in inner:
            raise InvalidParameters(
                f'"{name}{path}" names "{key}", which the result of that step does not have. '
                f"It has: {listed(list(inner), 15) or 'one value'}.",
                "Correct the name behind the point.",
            )
        value = inner[key]
    return value
