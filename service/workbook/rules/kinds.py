"""The kinds of rules by the names that people and models use, and the options each takes."""

from __future__ import annotations

import difflib
import re

from service.errors import InvalidParameters, listed

COMPARISONS = {
    "greater_than": "greaterThan",
    "less_than": "lessThan",
    "greater_or_equal": "greaterThanOrEqual",
    "less_or_equal": "lessThanOrEqual",
    "equal_to": "equal",
    "not_equal_to": "notEqual",
    "between": "between",
    "not_between": "notBetween",
}
# (type, operator) as the file has them.
TEXTS = {
    "text_contains": ("containsText", "containsText"),
    "text_not_contains": ("notContainsText", "notContains"),
    "text_begins_with": ("beginsWith", "beginsWith"),
    "text_ends_with": ("endsWith", "endsWith"),
}
PLAIN = {
    "duplicates": "duplicateValues",
    "unique": "uniqueValues",
    "blanks": "containsBlanks",
    "no_blanks": "notContainsBlanks",
    "errors": "containsErrors",
    "no_errors": "notContainsErrors",
}
RANKS = ("top", "bottom")
AVERAGES = ("above_average", "below_average")
SCALES = ("color_scale", "data_bar", "icon_set")
FORMATS = (
    *COMPARISONS, *TEXTS, "date_occurring", *PLAIN, *RANKS, *AVERAGES, "formula", *SCALES
)  # fmt: skip
VALIDATIONS = {
    "list": "list",
    "whole": "whole",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "length": "textLength",
    "custom": "custom",
    "message": "none",
}
MEASURED = ("whole", "decimal", "date", "time", "length")
ALL = (*FORMATS, *VALIDATIONS)

LOOKS = (
    "fill", "color", "bold", "italic", "underline", "strike", "border", "number_format"
)  # fmt: skip
_MESSAGES = (
    "allow_blank", "input_title", "input_message", "error_title", "error_message", "error_style"
)  # fmt: skip
_OWN = {
    "top": ("percent",),
    "bottom": ("percent",),
    "above_average": ("equal", "std_dev"),
    "below_average": ("equal", "std_dev"),
    "color_scale": ("min", "mid", "max"),
    "data_bar": ("min", "max", "solid", "negative_color", "hide_value"),
    "icon_set": ("thresholds", "reverse", "hide_value"),
    "list": ("dropdown",),
}

_SAME = {
    ">": "greater_than", ">=": "greater_or_equal", "<": "less_than", "<=": "less_or_equal",
    "=": "equal_to", "==": "equal_to", "<>": "not_equal_to", "!=": "not_equal_to",
    "greater": "greater_than", "above": "greater_than", "less": "less_than",
    "below": "less_than", "equal": "equal_to", "equals": "equal_to", "not_equal": "not_equal_to",
    "greater_than_or_equal": "greater_or_equal", "less_than_or_equal": "less_or_equal",
    "greater_than_or_equal_to": "greater_or_equal", "less_than_or_equal_to": "less_or_equal",
    "contains": "text_contains", "contains_text": "text_contains",
    "not_contains": "text_not_contains", "begins_with": "text_begins_with",
    "starts_with": "text_begins_with", "text_starts_with": "text_begins_with",
    "ends_with": "text_ends_with", "date": "date", "dates": "date_occurring",
    "date_is": "date_occurring", "duplicate": "duplicates", "duplicate_values": "duplicates",
    "unique_values": "unique", "blank": "blanks", "empty": "blanks", "is_blank": "blanks",
    "not_blank": "no_blanks", "not_blanks": "no_blanks", "no_error": "no_errors",
    "error": "errors", "is_error": "errors", "top_n": "top", "top_10": "top", "bottom_n": "bottom",
    "bottom_10": "bottom", "expression": "formula", "colour_scale": "color_scale",
    "color_scales": "color_scale", "heatmap": "color_scale", "databar": "data_bar",
    "data_bars": "data_bar", "iconset": "icon_set", "icons": "icon_set", "icon_sets": "icon_set",
    "dropdown": "list", "drop_down": "list", "dropdown_list": "list", "whole_number": "whole",
    "integer": "whole", "number": "decimal", "decimal_number": "decimal", "text_length": "length",
    "custom_formula": "custom", "input_message": "message", "any": "message",
}  # fmt: skip


def kind_of(text: str) -> str:
    """The kind that a text means.

    :raises InvalidParameters: listing all kinds
    """
    plain = text.strip()
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    plain = re.sub(r"[\s_-]+", "_", plain).strip("_").lower()
    if plain in ALL:
        return plain
    if plain in _SAME:
        return _SAME[plain]
    near = difflib.get_close_matches(plain[:40], [*ALL, *_SAME], 1)
    meant = f' Did you mean "{_SAME.get(near[0], near[0])}"?' if near and plain else ""
    asked = f'No rule "{text[:60]}".' if plain else "rule is empty."
    raise InvalidParameters(
        f"{asked}{meant}",
        f"Conditional formats: {', '.join(FORMATS)}. Validations: {', '.join(VALIDATIONS)}.",
    )


def options_of(kind: str) -> tuple[str, ...]:
    """The options that have an effect on a kind."""
    own = _OWN.get(kind, ())
    if kind in SCALES:
        return (*own, "priority")
    if kind in FORMATS:
        return (*LOOKS, *own, "stop_if_true", "priority")
    if kind == "message":
        return _MESSAGES[:3]  # every entry is allowed, so that there is no error to tell
    measured = ("operator",) if kind in MEASURED else ()
    return (*own, *measured, *_MESSAGES)


def refuse_idle(kind: str, given: set[str]) -> None:
    """Refuse options that would not show.

    :raises InvalidParameters: naming the first of them
    """
    takes = options_of(kind)
    idle = sorted(given - set(takes))
    if idle:
        raise InvalidParameters(
            f"options.{idle[0]} has no effect on {kind}.",
            f"Leave it out; {kind} takes {listed(list(takes), 30)}.",
        )
