"""Headers and footers of printed pages: words in braces, and Excel's codes with &.

Source: ECMA-376 part 1, 18.3.1.46.
"""

from __future__ import annotations

import re

from service.errors import InvalidValue
from service.workbook.texts import utf16_length

SIDES = ("left", "center", "right")
MOST = 255  # characters of all three parts
_WORDS = {
    "page": "&P", "pages": "&N", "date": "&D", "time": "&T", "file": "&F", "sheet": "&A",
    "path": "&Z", "bold": "&B", "italic": "&I", "underline": "&U",
}  # fmt: skip
_CODE = re.compile(r'&(&|[PNDTFAZBIUESXYOH](?![a-z])|"[^"]*"|\d{1,3}|K[0-9A-Fa-f]{6})')
_PART = re.compile(r"(?<!&)&([LCR])(?![a-z])")
_ABBREVIATION = re.compile(r"(?<![A-Za-z&])([A-Z])&([A-Z])(?![A-Za-z])")  # R&D, P&L


def page_text(wanted: str | dict[str, str], where: str) -> dict[str, str]:
    """The parts of a header or footer in Excel's codes, by side; "" takes one away.

    :raises InvalidValue: for a word or side that is none, or a text that is too long
    """
    if isinstance(wanted, dict):
        sides = {_side(name, where): text for name, text in wanted.items()}
    elif wanted.strip().lower() == "none":
        sides = {}
    else:
        sides = _split(wanted)
    parts = {side: _coded(_plainer(text), where) for side, text in sides.items()}
    if utf16_length("".join(parts.values())) + 2 * len(parts) > MOST:
        raise InvalidValue(f"{where} is longer than Excel's {MOST} characters.", "Shorten it.")
    return parts


def _side(name: str, where: str) -> str:
    plain = name.strip().lower().replace("centre", "center").replace("middle", "center")
    if plain not in SIDES:
        raise InvalidValue(
            f'{where} has no side "{name[:40]}".', f"Its sides are {', '.join(SIDES)}."
        )
    return plain


def _split(text: str) -> dict[str, str]:
    """The parts of "&Lleft&Cmiddle&Rright"; a text without these codes is the middle."""
    pieces = _PART.split(_plainer(text))
    if len(pieces) == 1:
        return {"center": text}
    found = {"center": pieces[0]} if pieces[0] else {}
    names = {"L": "left", "C": "center", "R": "right"}
    return found | {names[k]: t for k, t in zip(pieces[1::2], pieces[2::2], strict=True)}


def _coded(text: str, where: str) -> str:
    def word(match: re.Match[str]) -> str:
        name = match.group(1).strip().lower()
        if name not in _WORDS:
            raise InvalidValue(
                f'{where}: "{{{match.group(1)[:40]}}}" stands for nothing.',
                f"Use {', '.join('{' + name + '}' for name in _WORDS)}.",
            )
        return _WORDS[name]

    out, done = [], 0
    for match in _CODE.finditer(text):
        out += [_plain(text[done : match.start()]), match.group()]
        done = match.end()
    out.append(_plain(text[done:]))
    return re.sub(r"\{([^{}]*)\}", word, "".join(out))


def _plainer(text: str) -> str:
    """With the ampersands doubled that are parts of abbreviations."""
    return _ABBREVIATION.sub(r"\1&&\2", text)


def _plain(text: str) -> str:
    """An ampersand that begins no code is one to be shown."""
    return text.replace("&", "&&")
