"""Number formats taken apart: sections of tokens. Source: ECMA-376 part 1, 18.8.31."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from functools import lru_cache

from openpyxl.styles.colors import COLOR_INDEX

GENERAL = "General"
_NAMED = {
    "black": "000000", "blue": "0000FF", "cyan": "00FFFF", "green": "00FF00",
    "magenta": "FF00FF", "red": "FF0000", "white": "FFFFFF", "yellow": "FFFF00",
}  # fmt: skip
_COMPARE = {
    "<": operator.lt, ">": operator.gt, "=": operator.eq,
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne,
}  # fmt: skip
_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>general)
    | (?P<ampm>am/pm|a/p)
    | (?P<exponent>e[+-])
    | (?P<year>[yeb]+) | (?P<era>g+) | (?P<month>m+) | (?P<day>d+)
    | (?P<hour>h+) | (?P<second>s+(?:\.0+)?)
    | (?P<digit>[0#?]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>%) | (?P<slash>/)
    | (?P<text>@)
    | (?P<literal>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DATE_KINDS = frozenset(["year", "era", "month", "day", "hour", "second", "ampm", "elapsed"])
# Excel shows these by the settings of the computer; this is how an English one has them.
_BY_SYSTEM = {
    "mm-dd-yy": "m/d/yyyy",
    "[$-f800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy": "dddd, mmmm d, yyyy",
    "[$-f400]h:mm:ss\\ am/pm": "h:mm:ss AM/PM",
}


@dataclass(frozen=True)
class Condition:
    """Such as ``[>=100]``."""

    sign: str
    limit: float

    def holds(self, number: float) -> bool:
        return bool(_COMPARE[self.sign](number, self.limit))


@dataclass(frozen=True)
class Section:
    """One of the parts that stand between semicolons.

    :param tokens: (kind, text) of each: "literal", "fill", "digit", "point", "comma", "percent",
        "slash", "exponent", "general", "@", and those of dates
    :param kind: "number", "date" or "text"
    :param language: Windows' number of the language, 0 for none
    """

    tokens: tuple[tuple[str, str], ...]
    kind: str
    condition: Condition | None = None
    color: str = ""
    language: int = 0


@lru_cache(maxsize=4096)
def sections(code: str) -> tuple[Section, ...]:
    """The sections of a number format."""
    return tuple(map(_section, _split(_BY_SYSTEM.get(code.lower(), code))))


def _split(code: str) -> list[str]:
    parts, start, quoted, place = [], 0, False, 0
    while place < len(code):
        sign = code[place]
        if sign == '"':
            quoted = not quoted
        elif sign in "\\_*" and not quoted:
            place += 1
        elif sign == ";" and not quoted:
            parts.append(code[start:place])
            start = place + 1
        place += 1
    return [*parts, code[start:]]


def _section(text: str) -> Section:
    tokens: list[tuple[str, str]] = []
    facts: dict[str, object] = {}
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        part = match.group(kind)
        if kind == "bracket":
            tokens += _bracket(part, facts)
        else:
            tokens.append(_token(kind, part))
    kinds = {kind for kind, _ in tokens}
    if kinds & _DATE_KINDS:
        kind, tokens = "date", _minutes(tokens)
    else:
        kind = "text" if "@" in kinds else "number"
    return Section(tuple(tokens), kind, **facts)  # type: ignore[arg-type]


def _token(kind: str, part: str) -> tuple[str, str]:
    if kind in ("quoted", "escaped", "literal"):
        return "literal", part
    if kind == "space":
        return "literal", " "
    return ("@", "@") if kind == "text" else (kind, part)


def _bracket(part: str, facts: dict[str, object]) -> list[tuple[str, str]]:
    """What stands in brackets: a fact of the section, or a token."""
    low = part.lower()
    if low in _NAMED:
        facts["color"] = _NAMED[low]
    elif match := re.fullmatch(r"color ?(\d{1,2})", low):
        number = int(match[1]) + 7
        facts["color"] = COLOR_INDEX[number][-6:] if 8 <= number < len(COLOR_INDEX) else ""
    elif match := re.fullmatch(r"(<=|>=|<>|<|>|=) *(-?[\d.]+(?:e[+-]?\d+)?)", low):
        facts["condition"] = Condition(match[1], float(match[2]))
    elif low.startswith("$"):
        symbol, _, language = part[1:].partition("-")
        facts["language"] = _language(language)
        return [("literal", symbol)] if symbol else []
    elif low and len(set(low)) == 1 and low[0] in "hms":
        return [("elapsed", low)]
    return []


def _language(text: str) -> int:
    try:
        return int(text.partition(",")[0], 16) & 0xFFFF
    except ValueError:
        return 0


def _minutes(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Tell minutes from months: they follow hours, or seconds follow them."""
    said = [place for place, (kind, _) in enumerate(tokens) if kind in _DATE_KINDS - {"ampm"}]
    found = list(tokens)
    for order, place in enumerate(said):
        kind, text = tokens[place]
        if kind != "month" or len(text) > 2:
            continue
        before = tokens[said[order - 1]] if order else ("", "")
        after = tokens[said[order + 1]] if order + 1 < len(said) else ("", "")
        hours = before[0] == "hour" or (before[0] == "elapsed" and before[1][0] == "h")
        if hours or after[0] == "second" or (after[0] == "elapsed" and after[1][0] == "s"):
            found[place] = ("minute", text)
    return found
