"""The actions of transform_excel_range, and the options that each of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service.errors import InvalidParameters, listed
from service.operations.context import Context
from service.operations.registry import BriefOptions
from service.workbook.areas import Area
from service.workbook.cells import Scalar

Action = Literal[
    "sort",
    "replace",
    "remove_duplicates",
    "split",
    "join",
    "fill",
    "clean",
    "unpivot",
    "transpose",
    "copy",
    "move",
    "clear",
]
CleanStep = Literal["trim", "nonprinting", "upper", "lower", "proper", "numbers", "dates"]
Series = Literal["linear", "growth", "day", "weekday", "month", "year", "copy", "blanks"]
What = Literal["values", "formulas", "formats", "comments", "links", "rules", "all"]


class TransformOptions(BriefOptions):
    """Extras of transform_excel_range; each action takes some of them."""

    rare = frozenset({"widths", "whole_cell", "all_sheets"})

    by: str | int | list[str | int] | None = Field(
        default=None,
        description='columns by header or letter; for sort with " desc" behind: ["Amount desc"]; '
        "for remove_duplicates those that are compared; for unpivot those that stay",
    )
    order: list[Scalar] | None = Field(
        default=None, description='sort: order of the first column\'s values: ["low", "high"]'
    )
    header: bool | None = Field(
        default=None, description="whether the first row holds headers; left out it is looked at"
    )
    find: str | None = Field(default=None, description="replace: text to look for")
    replace: str | None = Field(
        default=None, description='replace: new text, "" deletes; $1 is a group of the pattern'
    )
    within: Literal["values", "formulas", "both"] | None = Field(
        default=None, description="replace: where to look; values by default"
    )
    regex: bool | None = Field(default=None, description="replace: find is a regular expression")
    whole_cell: bool | None = Field(
        default=None, description="replace: only cells that hold nothing else"
    )
    match_case: bool | None = Field(
        default=None, description="replace, sort, remove_duplicates: tell A from a"
    )
    all_sheets: bool | None = Field(default=None, description="replace: on every sheet")
    delimiter: str | None = Field(
        default=None, description="split, join: what stands between the parts"
    )
    widths: list[int] | None = Field(
        default=None, description="split: characters of each part, instead of a delimiter"
    )
    parts: int | None = Field(default=None, description="split: at most so many parts")
    to: str | None = Field(
        default=None,
        description='first cell of the result, "E1" or "Sheet2!A1": split, join, unpivot, '
        "transpose, copy, move",
    )
    force: bool | None = Field(
        default=None, description="go on although filled cells are overwritten or rows torn apart"
    )
    names: list[str] | None = Field(
        default=None, description="split, join, unpivot: headers of the new columns"
    )
    series: Series | None = Field(
        default=None,
        description="fill: linear, growth, day, weekday, month, year, copy (values and formulas), "
        "blanks (value above into blank cells); left out it follows the first cells",
    )
    step: float | None = Field(default=None, description="fill: step, or factor of growth")
    stop: float | str | None = Field(
        default=None, description="fill: last value, a number or a date"
    )
    clean: list[CleanStep] | None = Field(
        default=None,
        description="clean, in this order: trim (spaces), nonprinting, upper, lower, proper, "
        "numbers and dates (made of text); trim and nonprinting by default",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="clean: decimal mark of numbers in text"
    )
    date_order: Literal["dmy", "mdy", "ymd"] | None = Field(
        default=None, description="clean: order of dates in text"
    )
    what: What | None = Field(
        default=None,
        description="clear: values (default), formats, comments, links, rules, all; "
        "copy: all (default), values, formulas, formats",
    )


# What each action takes, the options it can't do without first.
TAKES: dict[str, tuple[str, ...]] = {
    "sort": ("by", "order", "header", "match_case", "force"),
    "replace": (
        "find",
        "replace",
        "within",
        "regex",
        "whole_cell",
        "match_case",
        "all_sheets",
    ),
    "remove_duplicates": ("by", "header", "match_case", "force"),
    "split": ("delimiter", "widths", "parts", "to", "names", "header", "force"),
    "join": ("delimiter", "to", "names", "header", "force"),
    "fill": ("series", "step", "stop", "force"),
    "clean": ("clean", "decimal", "date_order"),
    "unpivot": ("by", "to", "names", "force"),
    "transpose": ("to", "force"),
    "copy": ("to", "what", "force"),
    "move": ("to", "force"),
    "clear": ("what",),
}
COPIED = ("all", "values", "formulas", "formats")
assert set(TAKES) == set(get_args(Action))


def check_taken(action: str, options: TransformOptions) -> None:
    """Refuse options that would have no effect on the action.

    :raises InvalidParameters: naming the first of them, and those that it takes
    """
    given = [name for name, value in options.model_dump().items() if value is not None]
    unused = [name for name in given if name not in TAKES[action]]
    if unused:
        raise InvalidParameters(
            f"The option {unused[0]} has no effect on {action}.",
            f"Leave it out; {action} takes {listed(list(TAKES[action]))}.",
        )


@dataclass(frozen=True)
class Task:
    """One call: what is to be done, and where."""

    ctx: Context
    sheet: Worksheet
    area: Area
    options: TransformOptions

    def needed(self, name: str, what: str) -> Any:
        """An option that can't be left out.

        :raises InvalidParameters: saying what it would be
        """
        value = getattr(self.options, name)
        if value is None or value == "":
            raise InvalidParameters(f"The option {name} is missing: {what}.", f"Send {name}.")
        return value
