"""Rules of cells: conditional formats, and validations of what may be entered."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeAlias, get_args

from openpyxl.worksheet.worksheet import Worksheet
from pydantic import BeforeValidator, Field

from service.errors import InvalidParameters, InvalidRange, listed
from service.operations.context import Context
from service.operations.headed import headed, last_row
from service.operations.layout import find_region, sheet_and_areas
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.areas import MAX_ROW, Area, one_sheet, parse_area, split_areas, split_sheet
from service.workbook.book import Book
from service.workbook.cells import Scalar, refuse_unstorable
from service.workbook.named_areas import named_area
from service.workbook.rules import cells, changes, edits, kinds
from service.workbook.rules.found import Found, rules_of

Action = Literal["add", "list", "change", "delete"]
Value: TypeAlias = Scalar | list[Scalar]
Bound: TypeAlias = float | str | None
Comparison = Literal[
    "greater_than", "less_than", "greater_or_equal", "less_or_equal",
    "equal_to", "not_equal_to", "between", "not_between",
]  # fmt: skip
MOST_LISTED = 200
_COLUMNS = re.compile(r"^\$?([A-Za-z]{1,3})(?::\$?([A-Za-z]{1,3}))?$")


def _comparison(value: object) -> object:
    """Other spellings of a comparison: ">=", "greaterThanOrEqual"."""
    if not isinstance(value, str):
        return value
    try:
        meant = kinds.kind_of(value)
    except InvalidParameters:
        return value
    return meant if meant in get_args(Comparison) else value


class RuleOptions(BriefOptions):
    """Extras of add_excel_rule; each is refused where it would have no effect."""

    rare = frozenset(
        """
        underline strike priority stop_if_true italic equal std_dev reverse hide_value solid
        negative_color input_title error_title allow_blank dropdown
        """.split()
    )

    fill: str | None = Field(default=None, description="background where it holds, or none")
    color: str | None = Field(default=None, description="colour of the text where it holds")
    bold: bool | None = Field(default=None, description="bold text where it holds")
    italic: bool | None = Field(default=None, description="slanted text where it holds")
    underline: bool | None = Field(default=None, description="underlined text where it holds")
    strike: bool | None = Field(default=None, description="text struck through where it holds")
    border: str | None = Field(
        default=None, description='thin, dashed, dotted, hair or none, such as "thin red"'
    )
    number_format: str | None = Field(
        default=None, description='where it holds; "percent 1" or a code'
    )
    stop_if_true: bool | None = Field(
        default=None, description="rules of lower priority are not looked at where it holds"
    )
    priority: int | None = Field(
        default=None, ge=1, description="1 comes first; left out: after those there are"
    )
    index: int | None = Field(
        default=None, ge=1, description="number in the list; for change and delete"
    )
    percent: bool | None = Field(default=None, description="top and bottom: value is a share")
    equal: bool | None = Field(default=None, description="averages: cells equal to it, too")
    std_dev: int | None = Field(
        default=None, description="averages: 1, 2 or 3 standard deviations away from it"
    )
    min: Bound = Field(
        default=None, description='scales: lowest bound: 0, "10%", "percentile 10", "=$D$1", min'
    )
    mid: Bound = Field(default=None, description="scales of three colours: bound in the middle")
    max: Bound = Field(default=None, description="scales: highest bound, as min")
    thresholds: list[Bound] | None = Field(
        default=None, description='icons: from where on the next one is shown: [50, 80], ["60%"]'
    )
    reverse: bool | None = Field(default=None, description="icons: the other way round")
    hide_value: bool | None = Field(default=None, description="bars and icons without the number")
    solid: bool | None = Field(default=None, description="bars of one colour, not fading")
    negative_color: str | None = Field(default=None, description="colour of bars below 0")
    operator: Annotated[Comparison | None, BeforeValidator(_comparison)] = Field(
        default=None, description="validations: how an entry compares with value"
    )
    input_title: str | None = Field(default=None, description="above input_message")
    input_message: str | None = Field(default=None, description="shown when the cell is chosen")
    error_title: str | None = Field(default=None, description="above error_message")
    error_message: str | None = Field(default=None, description="shown for what is not allowed")
    error_style: Literal["stop", "warning", "information"] | None = Field(
        default=None, description="stop refuses the entry, the others ask or tell"
    )
    allow_blank: bool | None = Field(default=None, description="left out: a blank is allowed")
    dropdown: bool | None = Field(default=None, description="false: a list without its arrow")


@operation(
    effect="change",
    doing="Changing rules of {where}",
    example={
        "range": "B2:B4",
        "rule": "greater_than",
        "value": 100,
        "options": {"fill": "light green", "bold": True},
    },
)
def add_excel_rule(
    ctx: Context,
    sheet: str = "",
    range: str = "",
    rule: str = "",
    value: Value = None,
    action: Action = "add",
    options: RuleOptions = RuleOptions(),  # noqa: B008
) -> Answer:
    """Add, list, change or delete conditional formats and data validation (dropdown lists).

    :param sheet: leave out if there is one
    :param range: "B2:B20", "B:B", a table, or a column's header
    :param rule: greater_than, less_than, between, equal_to, text_contains, text_begins_with,
        date_occurring, duplicates, unique, top, bottom, above_average, blanks, errors, formula,
        color_scale, data_bar, icon_set; entries: list, whole, decimal, date, time, length, custom
    :param value: 100, "late", [10, 20], "=$C2>5", "last_7_days"; colours, lowest first; a
        list's entries or their range
    :param action: change and delete need options.index of list
    :param options: {"fill": "red", "bold": true}
    """
    given = options.model_dump(exclude_none=True)
    value = _decoded(value)
    for name, item in {"value": value, **given}.items():
        refuse_unstorable(name, item)
    if action == "add":
        return _add(ctx.book, sheet, range, rule, value, given)
    reference = split_sheet(range)[1]
    worksheet = ctx.book.sheet(one_sheet(sheet, range))
    rules = rules_of(worksheet, ctx.book.xl.epoch)
    if action == "list":
        _refuse_given(action, {"rule": rule, "value": value, **given})
        areas = _areas(ctx.book, sheet, range, "")[1] if reference else []
        return _listed(worksheet, [r for r in rules if not areas or cells.overlap(r.areas, areas)])
    if action == "delete":
        _refuse_given(action, {"value": value, **{k: v for k, v in given.items() if k != "index"}})
        return _delete(ctx.book, worksheet, rules, range, rule, given.get("index"))
    return _change(ctx.book, worksheet, rules, range, rule, value, given)


def _decoded(value: Value) -> Value:
    """A list that came as its JSON text."""
    if isinstance(value, str) and value.strip()[:1] == "[":
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return value
        flat = isinstance(found, list) and not any(isinstance(i, list | dict) for i in found)
        return found if flat else value
    return value


def _refuse_given(action: str, given: dict[str, Any]) -> None:
    idle = [name for name, value in given.items() if value not in (None, "", [])]
    if idle:
        raise InvalidParameters(
            f"{idle[0]} has no effect on {action}.",
            'Leave it out; action "change" changes a rule, "add" makes one.',
        )


# Which cells --------------------------------------------------------------------


def _areas(book: Book, sheet: str, text: str, kind: str) -> tuple[Worksheet, list[Area]]:
    """The sheet and cells that a text names: areas, whole columns, or the header of one."""
    named, reference = split_sheet(text)
    if not reference:
        raise InvalidRange(
            "range is empty: which cells is the rule for?",
            'Send cells such as "B2:B20", a column "B:B", or the header of a column.',
        )
    known = named_area(book.xl, reference, named or sheet)
    if known is not None:
        worksheet, area = book.sheet_and_area(sheet, text)
        return worksheet, [area.below(known.headers)]
    worksheet = book.sheet(one_sheet(sheet, text))
    column = headed(book, worksheet, reference)
    if column is not None:
        return worksheet, [column]
    parts = split_areas(text) or [text]
    found: list[Area] = []
    for part in parts:
        one_sheet(worksheet.title, part)
        match = _COLUMNS.match(split_sheet(part)[1])
        if match:
            area = _columns(book, worksheet, match[1], match[2] or match[1], kind)
        else:
            _, (area, *_) = sheet_and_areas(book, worksheet.title, part)
        found += cells.without([area], found)
    return worksheet, found


def _columns(book: Book, sheet: Worksheet, first: str, last: str, kind: str) -> Area:
    """Whole columns without their headers; formats end with the data, as blanks are less than 1."""
    whole = parse_area(f"{first}:{last}", Area(1, 1, MAX_ROW, 1))
    region = find_region(book, sheet)
    top, bottom = 1, MAX_ROW
    if region is not None and region.area.overlaps(whole):
        top = region.area.first_row + region.has_headers
        if kind not in kinds.VALIDATIONS:
            bottom = max(top, last_row(sheet, region))
    return Area(top, whole.first_column, bottom, whole.last_column)


# Actions ------------------------------------------------------------------------


def _add(
    book: Book, sheet: str, text: str, rule: str, value: Value, given: dict[str, Any]
) -> Answer:
    kind = kinds.kind_of(rule)
    if "index" in given:
        raise InvalidParameters(
            "options.index has no effect on add.", 'It names a rule for "change" and "delete".'
        )
    kinds.refuse_idle(kind, set(given))
    worksheet, areas = _areas(book, sheet, text, kind)
    rules = rules_of(worksheet, book.xl.epoch)
    plan = edits.adding(book, worksheet, rules, kind, value, given, areas)
    return _done(book, plan, "added")


def _done(book: Book, plan: edits.Plan, word: str) -> Answer:
    """Do what was planned, and tell the rule that came of it."""
    with book.changing(values_stay=True):
        plan.run()
    after = rules_of(plan.sheet, book.xl.epoch)
    new = next(item for item in reversed(after) if plan.is_new(item))
    result: dict[str, object] = {word: new.words()}
    if plan.replaced:
        result["replaced_validations_in"] = plan.replaced
    return Answer(result, sheet=plan.sheet.title)


def _listed(sheet: Worksheet, rules: list[Found]) -> Answer:
    result: dict[str, object] = {"rules": [item.words() for item in rules[:MOST_LISTED]]}
    if len(rules) > MOST_LISTED:
        result["more"] = len(rules) - MOST_LISTED
    return Answer(result, sheet=sheet.title, changed=False)


def _delete(
    book: Book, sheet: Worksheet, rules: list[Found], text: str, rule: str, index: int | None
) -> Answer:
    if index is None and not rule.strip() and not text.strip():
        raise InvalidParameters(
            f"delete needs to know which of the {len(rules)} rules of {sheet.title}.",
            'Send options.index as action "list" tells it, a range to clear, or a kind as rule.',
        )
    if index is not None:
        _refuse_given("delete by index", {"range": text, "rule": rule})
        gone = [_indexed(sheet, rules, index)]
        cleared = [(item, list[Area]()) for item in gone]
    else:
        kind = kinds.kind_of(rule) if rule.strip() else ""
        _, areas = _areas(book, sheet.title, text, "list") if text.strip() else (sheet, [])
        gone = [
            item
            for item in rules
            if (not kind or item.kind == kind) and (not areas or cells.overlap(item.areas, areas))
        ]
        cleared = [(item, cells.without(item.areas, areas) if areas else []) for item in gone]
    if not gone:
        raise InvalidParameters(
            f"{sheet.title} has no such rule. Rules: {_named(rules)}.",
            'Ask for them with action "list".',
        )
    with book.changing(values_stay=True):
        changes.set_cells(sheet, cleared)
    left = [item for item, areas in cleared if areas]
    result: dict[str, object] = {"deleted": [item.words() for item, a in cleared if not a]}
    if left:
        result["taken_off_the_cells"] = [item.words() for item in left]
    result["rules_left"] = len(rules_of(sheet, book.xl.epoch))
    return Answer(result, sheet=sheet.title)


def _indexed(sheet: Worksheet, rules: list[Found], index: int) -> Found:
    if index > len(rules):
        raise InvalidParameters(
            f"{sheet.title} has no rule {index}. Rules: {_named(rules)}.",
            "Use a number of these; they change when a rule is added or deleted.",
        )
    return rules[index - 1]


def _named(rules: list[Found]) -> str:
    words = [f"{item.index} {item.kind} {item.cells}"[:60] for item in rules]
    return listed(words, 20) if words else "none"


def _change(
    book: Book,
    sheet: Worksheet,
    rules: list[Found],
    text: str,
    rule: str,
    value: Value,
    given: dict[str, Any],
) -> Answer:
    index = given.pop("index", None)
    if index is None:
        raise InvalidParameters(
            f"change needs options.index. Rules of {sheet.title}: {_named(rules)}.",
            'Take the number from action "list".',
        )
    item = _indexed(sheet, rules, index)
    kind = kinds.kind_of(rule) if rule.strip() else item.kind
    if not given and value is None and kind == item.kind and not text.strip():
        raise InvalidParameters(
            f"change says nothing that is to change in rule {index} ({item.kind} {item.cells}).",
            "Send a range, rule, value or options beside the index.",
        )
    areas = _areas(book, sheet.title, text, kind)[1] if text.strip() else item.areas
    plan = edits.changing(book, sheet, rules, item, kind, value, given, areas)
    return _done(book, plan, "changed")
