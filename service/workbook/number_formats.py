"""Number formats: by name ("currency EUR", "percent 1") or in Excel's own codes.

Excel refuses to open a workbook that holds a code it can't read, so codes are checked
here. Source: ECMA-376 part 1, 18.8.31.
"""

from __future__ import annotations

import difflib
import re

from service.errors import InvalidValue
from service.workbook.foreign import told
from service.workbook.foreign.number_codes import english_code, two_ways

MAX_LENGTH = 255
MAX_DECIMALS = 15
NAMES = (
    "general",
    "integer",
    "number",
    "currency",
    "accounting",
    "percent",
    "date",
    "datetime",
    "time",
    "text",
    "scientific",
)
_HINT = (
    'Use a name (general, integer, "number 2", "currency EUR", "accounting EUR", "percent 1", '
    'date, datetime, time, text, scientific) or a code in English notation such as "#,##0.00" or '
    '"dd.mm.yyyy".'
)
_FIXED = {
    "general": "General",
    "integer": "0",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
    "time": "hh:mm",
    "text": "@",
}
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "euro": "EUR"}
# (code before the number, code after it, usual decimals). Numbers as 1,234.50 everywhere:
# the separators shown are those of the reader's system, whatever the code says.
_CURRENCIES = {
    "EUR": ("", " [$€-1]", 2),
    "USD": ("[$$-409]", "", 2),
    "GBP": ("[$£-809]", "", 2),
    "JPY": ("[$¥-411]", "", 0),
    "CNY": ("[$¥-804]", "", 2),
    "INR": ("[$₹-4009]", "", 2),
    "CHF": ("[$CHF] ", "", 2),
}
_NAMED = re.compile(r"^([a-z]+|[€$£¥₹])(?: ([a-z]{3}|[€$£¥₹]))?(?: (\d{1,2}))?$")
_TOKEN = re.compile(
    r"""
      "[^"]*"                                            # literal text
    | \\. | _. | \*.                                     # literal, space as wide as, fill with
    | \[(?: \$[^\[\]]* | [<>=]{1,2}-?\d+(?:\.\d+)?       # currency or locale; condition
        | black|blue|cyan|green|magenta|red|white|yellow | color\ ?\d{1,2}
        | h+ | m+ | s+ | dbnum[1-4] )\]
    | general | am/pm | a/p | e[+-] | [yge]+ | m+ | d+ | h+ | s+ | b{2,4}
    | [0\#?.,%@/:;] | [-+$()!^&'~{}<>=\ ] | [^\x00-\x7f]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SHOWS_SOMETHING = re.compile(r'[0#?@";]|general|[ymdhs]', re.IGNORECASE)
# What may stand beside a date or a number: literals, and the fractions of a second.
_NEUTRAL = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]|general|am/pm|a/p|e[+-]|s\.0+', re.IGNORECASE)
_DATE_PART = re.compile(r"[ymdhsgeb]", re.IGNORECASE)
_DIGIT = re.compile(r"[0#?]")


def number_format_code(text: str) -> str:
    """Excel's code for a number format given by name or as a code.

    :raises InvalidValue: saying what Excel would not accept
    """
    written, text = text, english_code(text)
    if text != written:
        told.now().codes[written] = text
    plain = " ".join(text.split()).lower()
    named = _NAMED.match(plain)
    code = _by_name(named) if named else None
    return code if code else _checked(text)


def _by_name(match: re.Match[str]) -> str | None:
    name, currency, digits = match.groups()
    if name in _SYMBOLS or name.upper() in _CURRENCIES:
        currency, name = name, "currency"
    decimals = None if digits is None else int(digits)
    if decimals is not None and decimals > MAX_DECIMALS:
        raise InvalidValue(
            f"number_format: {decimals} decimals; a number has at most {MAX_DECIMALS}.", _HINT
        )
    if name == "currency":
        return _currency(currency or "usd", decimals)
    if name == "accounting":
        return _accounting(currency or "usd", decimals)
    if currency:
        return None
    if name in ("number", "percent", "scientific"):
        places = decimals if decimals is not None else {"percent": 0}.get(name, 2)
        tail = "." + "0" * places if places else ""
        return {"number": f"#,##0{tail}", "percent": f"0{tail}%"}.get(name, f"0{tail}E+00")
    return _FIXED.get(name) if decimals is None else None


def _currency(name: str, decimals: int | None) -> str:
    code = _SYMBOLS.get(name, name.upper())
    before, after, usual = _CURRENCIES.get(code, ("", f" [${code}]", 2))
    places = usual if decimals is None else decimals
    return f"{before}#,##0{'.' + '0' * places if places else ''}{after}"


def _accounting(name: str, decimals: int | None) -> str:
    """Signs and symbols at the edges of the cell, the digits under each other, zero as a dash."""
    code = _SYMBOLS.get(name, name.upper())
    before, after, usual = _CURRENCIES.get(code, ("", f" [${code}]", 2))
    places = usual if decimals is None else decimals
    before, digits = before.strip(), "#,##0" + ("." + "0" * places if places else "")
    number, dash = f"{before}* {digits}{after}_-", f'{before}* "-"{"?" * places}{after}_-'
    return f"_-{number};-{number};_-{dash};_-@_-"


def _checked(code: str) -> str:
    problem = _problem(code)
    if problem:
        near = difflib.get_close_matches(code.strip().lower()[:40].split(" ")[0], NAMES, 1)
        meant = f' Did you mean "{near[0]}"?' if near else ""
        raise InvalidValue(f'number_format: "{code[:60]}" {problem}.{meant}', _HINT)
    return code


def _problem(code: str) -> str:
    """Why Excel would not accept the code, "" if it would."""
    if not code.strip() or len(code) > MAX_LENGTH:
        return f"has {len(code)} characters; Excel allows 1 to {MAX_LENGTH}"
    if foreign := two_ways(code):
        return foreign
    position, sections = 0, 1
    while position < len(code):
        token = _TOKEN.match(code, position)
        if not token or not token.group().isprintable():
            return _unreadable(code, position)
        sections += token.group() == ";"
        position = token.end()
    if sections > 4:
        return f"has {sections} sections; Excel allows 4"
    bare = _NEUTRAL.sub("", code).split(";")
    if any(_DATE_PART.search(section) and _DIGIT.search(section) for section in bare):
        return "mixes a date with a number"
    return "" if _SHOWS_SOMETHING.search(code) else "has no place for a number"


def formats_number(code: str) -> bool:
    """Whether a code shows a number as one: with its digits, and not as a date."""
    first = _NEUTRAL.sub("", code).split(";")[0]
    general = "general" in re.sub(r'"[^"]*"', "", code).lower()
    return (general or bool(_DIGIT.search(first))) and not _DATE_PART.search(first)


def formats_date(code: str) -> bool:
    """Whether a code shows the day or the year of a date, not only a time."""
    first = _NEUTRAL.sub("", code).split(";")[0]
    return bool(re.search("[ydg]", first, re.IGNORECASE))


def formats_time(code: str) -> bool:
    """Whether a code shows hours or seconds."""
    return bool(re.search("[hs]", _NEUTRAL.sub("", code), re.IGNORECASE))


def without_decimals(code: str) -> str:
    """The same number format for whole numbers."""
    tokens = [match.group() for match in _TOKEN.finditer(code)]
    kept: list[str] = []
    decimals = False
    for token in tokens:
        decimals = token == "." or (decimals and token in "0#?")
        kept += [] if decimals else [token]
    return "".join(kept)


def _unreadable(code: str, position: int) -> str:
    character = code[position]
    if character == '"':
        return "has a quotation mark without its partner"
    if character in "[]":
        return "has a bracket that is not closed, or that holds nothing Excel knows"
    if character.isprintable():
        return f"holds {character!r}, which is no part of a code (text stands in quotation marks)"
    return "holds a control character"
