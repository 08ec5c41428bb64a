"""Formulas explained: what they do, why they fail, which input gives a wanted result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidValue
from service.operations.context import Context
from service.operations.layout import find_region, header_names
from service.operations.registry import Answer, operation
from service.operations.wording import in_words
from service.workbook import cells
from service.workbook.areas import Area, agreed_sheet, parse_cell, split_sheet
from service.workbook.book import Book
from service.workbook.calculation.answers import HINTS, NOT_CALCULATED, ranges
from service.workbook.calculation.expression import Node, NotUnderstoodError, parsed
from service.workbook.calculation.first import CIRCULAR
from service.workbook.calculation.results import Address, Computed, is_error, name_of
from service.workbook.calculation.trying import Seeker, Trial
from service.workbook.references.text import prefix_of

_MOST_STEPS = 15
_MOST_READ = 15
_MOST_ROOTS = 10
_FOLLOWING = 3.0  # seconds to find what depends on a cell
_SEEKING = 8.0  # seconds for all trials
_CIRCLE = "Break the circle: one of these cells must not depend on the others."
_NOBODY = "no other formula"
_INPUT = "It holds no formula: it is an input of others."
_NEED_CHANGING = "the cell whose number may change"


@operation(
    effect="read",
    doing="Looking into formulas of {where}",
    example={"action": "errors"},
)
def explain_excel_formula(
    ctx: Context,
    action: Literal["explain", "errors", "goal_seek"] = "explain",
    sheet: str = "",
    cell: str = "",
    target: float | None = None,
    changing: str = "",
) -> Answer:
    """Explain a formula, find the causes of errors, or seek the input for a wanted result.

    goal_seek changes nothing: it answers the number to write.

    :param action: explain (step by step, and its neighbours), errors (where they begin, and why)
    :param sheet: sheet of the cell; errors looks at all sheets without it
    :param cell: such as "B9" or "Costs!B9"
    :param target: goal_seek: wanted value
    :param changing: goal_seek: cell whose number may change
    """
    if action != "goal_seek" and (target is not None or changing):
        unused = "target" if target is not None else "changing"
        raise InvalidParameters(
            f"{unused} has no effect on {action}.", "Leave it out, or send action=goal_seek."
        )
    if action == "errors":
        return _errors(ctx.book, sheet, cell)
    worksheet, place = _place(ctx.book, sheet, cell, "cell")
    if action == "explain":
        return _explained(ctx.book, worksheet, place)
    if target is None or not changing.strip():
        missing = "target is missing: the wanted value" if target is None else "changing is missing"
        raise InvalidParameters(
            f"{missing}.", f'Send target, a number, and changing, {_NEED_CHANGING}: "B2".'
        )
    home, input_ = _place(ctx.book, worksheet.title, changing, "changing", other=True)
    return _sought(ctx, (worksheet.title, *place), (home.title, *input_), target)


def _place(
    book: Book, sheet: str, text: str, parameter: str, *, other: bool = False
) -> tuple[Worksheet, tuple[int, int]]:
    """The sheet and place of one cell.

    :param other: whether the text may name another sheet than ``sheet``
    """
    named, reference = split_sheet(text)
    if not reference.strip():
        raise InvalidParameters(f"{parameter} is missing.", 'Send a cell, such as "B9".')
    title = (named or sheet) if other else agreed_sheet(sheet, named, parameter)
    return book.sheet(title), parse_cell(reference)


def _formula(book: Book, address: Address) -> str:
    """The formula of a cell, or a refusal that tells what is there."""
    cell = book.cell(book.xl[address[0]], *address[1:])
    formula = cells.formula_of(cell) if cell is not None else None
    if formula is None:
        held = None if cell is None else cells.shown(cell.value)
        what = "is blank" if held is None else f"holds the value {held!r}"
        raise InvalidValue(
            f"{name_of(address)} {what}, and no formula.",
            "Name a cell with a formula, or one that a formula reads.",
        )
    return formula


# Explaining -------------------------------------------------------------------


def _explained(book: Book, sheet: Worksheet, place: tuple[int, int]) -> Answer:
    address = (sheet.title, *place)
    trial = book.calculation.trial()
    readers = _readers(trial, address)
    cell = book.cell(sheet, *place)
    if readers["read_by"] != _NOBODY and _is_input(book, cell):
        told = {"cell": name_of(address), "value": cells.shown(cell.value) if cell else None}
        label = _label(book, sheet, Area(*place, *place))
        told |= {"label": label} if label else {}
        return Answer({**told, "notes": [_INPUT], **readers}, sheet=sheet.title)
    formula = _formula(book, address)
    computed = trial.values.get(address, Computed(unknown="the calculator gave no value"))
    result: dict[str, Any] = {
        "cell": name_of(address),
        "formula": formula[:1000],
        "value": _shown(computed),
    }
    if computed.unverified:
        result["unverified"] = computed.unverified
    try:
        tree = parsed(_stored(book, address))
        result["in_words"] = in_words(tree)[:800]
        result["steps"] = _steps(trial, address, tree)
    except NotUnderstoodError:
        result["notes"] = ["It has a form that is not taken apart here."]
    result["reads"] = list(_reads(book, trial, address))
    result |= readers
    return Answer({k: v for k, v in result.items() if v != []}, sheet=sheet.title)


def _is_input(book: Book, cell: Cell | None) -> bool:
    return cell is None or (cells.formula_of(cell) is None and not book.filled(cell))


def _stored(book: Book, address: Address) -> str:
    cell = book.cell(book.xl[address[0]], *address[1:])
    text = cells.formula_of(cell) if cell is not None else None
    return text or ""


def _shown(computed: Computed) -> Any:
    """A value as Excel shows it, to 15 digits; or why there is none."""
    if computed.unknown:
        return f"not calculated: {computed.unknown}"
    value = computed.value
    return cells.shown(float(f"{value:.15g}") if isinstance(value, float) else value)


def _tried(tree: Node) -> list[Node]:
    """The parts that are worked out one by one: what has one value, and is not plain itself."""
    found: dict[str, Node] = {}
    for node in _visible(tree):
        if node.kind in ("call", "operator") and not node.wide:
            found.setdefault(node.text, node)
    return list(found.values())[-_MOST_STEPS:]


def _visible(node: Node) -> Iterator[Node]:
    """The parts but those inside of LET and LAMBDA, which mean something there alone."""
    if node.kind == "call" and node.name in ("LET", "LAMBDA"):
        yield node
        return
    for child in node.children:
        yield from _visible(child)
    yield node


def _steps(trial: Trial, address: Address, tree: Node) -> list[dict[str, Any]]:
    nodes = _tried(tree)
    values = dict(
        zip([n.text for n in nodes], trial.evaluate(address, [n.text for n in nodes]), strict=True)
    )
    unused = {id(node) for branch in _not_taken(tree, values) for node in branch.walk()}
    used = {node.text for node in tree.walk() if id(node) not in unused}
    return [
        {"part": node.text[:200], "value": _shown(values[node.text])}
        for node in nodes
        if node.text in used
    ]


def _not_taken(tree: Node, values: dict[str, Computed]) -> Iterator[Node]:
    """The branches of IF that don't count."""
    for node in tree.walk():
        if node.kind == "call" and node.name == "IF" and len(node.children) > 1:
            told = values.get(node.children[0].text)
            if told is None or told.unknown or is_error(told.value):
                continue
            if isinstance(told.value, bool | int | float):
                yield from node.children[2:] if told.value else node.children[1:2]


def _reads(book: Book, trial: Trial, address: Address) -> Iterator[dict[str, Any]]:
    """What the formula reads directly: cells with values, ranges with their sizes."""
    titles = {title.lower(): title for title in trial.source.sheets}
    references = (
        trial.graph.formulas[address][1].references if address in trial.graph.formulas else ()
    )
    for title, area in list(dict.fromkeys(references))[:_MOST_READ]:
        sheet = book.xl[titles[title]]
        told: dict[str, Any] = {"at": f"{prefix_of([sheet.title])}{area}"}
        if area.cells == 1:
            cell = book.cell(sheet, area.first_row, area.first_column)
            told["value"] = _value(trial, (sheet.title, area.first_row, area.first_column), cell)
            if cell is not None and (formula := cells.formula_of(cell)):
                told["formula"] = formula[:200]
        label = _label(book, sheet, area)
        yield told | ({"label": label} if label else {})


def _value(trial: Trial, address: Address, cell: Cell | None) -> Any:
    if address in trial.values:
        return _shown(trial.values[address])
    return None if cell is None else cells.shown(cell.value)


def _label(book: Book, sheet: Worksheet, area: Area) -> str:
    """What a person would call a cell or range: its header, and the text that begins its row."""
    region = find_region(book, sheet)
    if region is None or not region.area.holds(area.first_row, area.first_column):
        return ""
    words = []
    if region.has_headers and area.columns == 1 and area.first_row >= region.body.first_row:
        words.append(
            header_names(book, sheet, region)[area.first_column - region.area.first_column]
        )
    if area.rows == 1:
        for column in range(region.area.first_column, area.first_column):
            cell = book.cell(sheet, area.first_row, column)
            if cell is not None and isinstance(cell.value, str) and cell.data_type == "s":
                words.append(cell.value)
                break
    return ", ".join(word[:60] for word in words)


def _readers(trial: Trial, address: Address) -> dict[str, Any]:
    direct = list(dict.fromkeys(trial.graph.readers(address)))
    if not direct:
        return {"read_by": _NOBODY}
    try:
        count = len(trial.graph.reached([address], time.monotonic() + _FOLLOWING))
    except TimeoutError:
        count = 0
    more = {"reaches_formulas": count} if count else {}
    return {"read_by": ranges(direct), **more}


# Errors -----------------------------------------------------------------------


def _errors(book: Book, sheet: str, cell: str) -> Answer:
    trial = book.calculation.trial()
    title = ""
    failing = {a: c for a, c in trial.values.items() if c.unknown or is_error(c.value)}
    if cell.strip():
        worksheet, place = _place(book, sheet, cell, "cell")
        title, wanted = worksheet.title, (worksheet.title, *place)
        if wanted not in failing:
            _formula(book, wanted)
            value = _shown(trial.values.get(wanted, Computed()))
            return Answer({"errors": 0, "cell": name_of(wanted), "value": value}, sheet=title)
        asked = [wanted]
    else:
        title = book.sheet(sheet).title if sheet.strip() else ""
        asked = [a for a in failing if not title or a[0] == title]
    roots: dict[Address, list[Address]] = {}
    for address in asked:
        for root in _roots(book, trial, failing, address):
            roots.setdefault(root, []).append(address)
    largest = sorted(roots.items(), key=lambda item: -len(item[1]))
    causes = [_cause(book, trial, root, reached) for root, reached in largest[:_MOST_ROOTS]]
    result: dict[str, Any] = {"errors": len(asked), "causes": causes}
    if len(largest) > _MOST_ROOTS:
        result["more_causes"] = len(largest) - _MOST_ROOTS
    return Answer(result, sheet=title)


def _roots(
    book: Book, trial: Trial, failing: dict[Address, Computed], start: Address
) -> Iterator[Address]:
    """The first cells with an error on the ways that lead to a cell."""
    titles = {title.lower(): title for title in trial.source.sheets}
    seen, waiting, found = {start}, [start], False
    while waiting:
        address = waiting.pop()
        before = _failing_inputs(book, trial, failing, address, titles)
        if not before - {address}:
            found = True
            yield address
        waiting += sorted(before - seen)
        seen |= before
    if not found:  # a circle has no beginning
        yield min(seen)


def _failing_inputs(
    book: Book,
    trial: Trial,
    failing: dict[Address, Computed],
    address: Address,
    titles: dict[str, str],
) -> set[Address]:
    """The cells with errors that a formula reads directly."""
    if address not in trial.graph.formulas:
        return set()
    references = trial.graph.formulas[address][1].references
    found = {a for a in trial.graph.inside(references) if a in failing}
    for title, area in references:
        sheet = book.xl[titles[title]]
        if area.cells <= 10_000:
            for row in range(area.first_row, area.last_row + 1):
                for column in range(area.first_column, area.last_column + 1):
                    cell = book.cell(sheet, row, column)
                    if cell is not None and cell.data_type == "e":
                        found.add((sheet.title, row, column))
    return found


def _cause(book: Book, trial: Trial, root: Address, reached: list[Address]) -> dict[str, Any]:
    cell = book.cell(book.xl[root[0]], *root[1:])
    computed = trial.values.get(root)
    value = str(computed.value if computed is not None else cell.value if cell else "")
    told: dict[str, Any] = {"cell": name_of(root)}
    formula = cells.formula_of(cell) if cell is not None else None
    if computed is not None and computed.unknown:
        hint = _CIRCLE if computed.unknown == CIRCULAR else NOT_CALCULATED
        told |= {"value": "not calculated", "cause": computed.unknown, "hint": hint}
    else:
        told |= {
            "value": value,
            "cause": cells.ERRORS.get(value, "an error"),
            "hint": HINTS.get(value, ""),
        }
    if formula is None:
        told["hint"] = "The error stands there as a value: write the right value in its place."
    else:
        told["formula"] = formula[:200]
        told |= _failing_part(trial, root, formula)
        inputs = [item for item in _reads(book, trial, root) if "value" in item][:4]
        if inputs:
            told["reads"] = inputs
    others = [address for address in reached if address != root]
    if others:
        told["also_fails"] = ranges(others)
    return told


def _failing_part(trial: Trial, root: Address, formula: str) -> dict[str, Any]:
    """The innermost part of the formula that fails by itself."""
    try:
        nodes = _tried(parsed(formula))
    except NotUnderstoodError:
        return {}
    for node, value in zip(nodes, trial.evaluate(root, [n.text for n in nodes]), strict=True):
        if is_error(value.value) and f"={node.text}" != formula:
            return {"failing_part": node.text[:200]}
    return {}


# Goal seek --------------------------------------------------------------------


def _sought(ctx: Context, wanted: Address, input_: Address, target: float) -> Answer:
    book = ctx.book
    formula = _formula(book, wanted)
    start = _start(book, input_)
    trial = book.calculation.trial()
    until = time.monotonic() + _SEEKING
    path = trial.between(input_, wanted, until)
    if not path:
        raise InvalidValue(
            f"{name_of(wanted)} ({formula[:80]}) does not depend on {name_of(input_)}.",
            "See what it reads with action=explain, and name one of these cells.",
        )
    _refuse_untriable(trial, path)

    def give(number: float) -> float | None:
        value = trial.tried(input_, number, path, wanted, until).value
        return float(value) if isinstance(value, int | float) else None

    found = Seeker(give, target).seek(float(start))
    if found is None:
        raise InvalidValue(
            f"{name_of(wanted)} gave no number for any input that was tried.",
            "Look at it with action=explain.",
        )
    now = trial.values.get(wanted, Computed())
    result = {
        "cell": name_of(wanted),
        "target": target,
        "changing": name_of(input_),
        "before": {"input": start, "result": _shown(now)},
        "found": cells.tidy_number(found.number),
        "gives": _shown(Computed(found.result)),
        "reached": found.reached,
        "trials": found.trials,
    }
    if not found.reached:
        result["notes"] = ["No input gives the target; this is the nearest that was found."]
        return Answer(result, sheet=wanted[0])
    at = name_of(input_).rpartition("!")[2]
    write = f'write_excel_range(sheet="{input_[0]}", start="{at}", rows=[[{result["found"]}]])'
    return Answer(result, sheet=wanted[0], next=[f"Nothing was written. To use it: {write}."])


def _start(book: Book, input_: Address) -> int | float:
    """The number that the cell to change holds; 0 of a blank one."""
    cell = book.cell(book.xl[input_[0]], *input_[1:])
    start = 0 if cell is None or cell.value is None else cell.value
    if isinstance(start, bool) or not isinstance(start, int | float):
        what = cells.formula_of(cell) if cell is not None else None
        raise InvalidValue(
            f"{name_of(input_)} holds {(what or str(start))[:80]!r}; only a number can be sought.",
            "Name the cell with the number that the formula depends on, or write a number there.",
        )
    return start


def _refuse_untriable(trial: Trial, path: set[Address]) -> None:
    for address in path:
        prepared = trial.graph.formulas[address][1]
        if prepared.reason or prepared.random:
            why = prepared.reason or "it gives random numbers"
            raise InvalidValue(f"{name_of(address)} can't be tried: {why}.", "Seek another cell.")
