"""The names of functions in all languages that are known here, and what they mean in English."""

from __future__ import annotations

import unicodedata

from service.workbook.foreign import french, german, spanish

LANGUAGES = {"German": german.FUNCTIONS, "French": french.FUNCTIONS, "Spanish": spanish.FUNCTIONS}
_UMLAUTS = {"Ä": "AE", "Ö": "OE", "Ü": "UE"}


def plain(name: str) -> str:
    """A name as it is looked up: in capitals, without accents."""
    if name.isascii():
        return name.upper().replace("'", "")
    parts = unicodedata.normalize("NFD", name.upper())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).replace("'", "")


def _spellings(name: str) -> set[str]:
    """The name without accents, and as it is typed on a keyboard that has no umlauts."""
    typed = "".join(_UMLAUTS.get(sign, sign) for sign in name)
    return {plain(name), plain(typed)}


def _meanings() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for language, table in LANGUAGES.items():
        words = table.split()
        for name, english in zip(words[::2], words[1::2], strict=True):
            for spelling in _spellings(name):
                found.setdefault(spelling, {})[language] = english
    return found


# By the name as ``plain`` has it: the English name in each language that has it.
MEANINGS = _meanings()
# Of these names another language makes another function: TRIM is MIRR in French.
CLASHES = {name: name for name in ("TRIM", "DECIMAL")}
CONSTANTS = frozenset(
    name for name, found in MEANINGS.items() if {"TRUE", "FALSE"} & set(found.values())
)
