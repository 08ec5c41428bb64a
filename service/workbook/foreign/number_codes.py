"""Number formats as the Excel of another language shows them: TT.MM.JJJJ, #.##0,00, [Rot]."""

from __future__ import annotations

import re

from service.workbook.foreign.reading import are_read

_DATES = {
    "German": {"t": "d", "j": "y"},
    "French": {"j": "d", "a": "y"},
    "Spanish": {"a": "y"},
}
_COLORS = {
    "schwarz": "Black", "blau": "Blue", "zyan": "Cyan", "grün": "Green", "rot": "Red",
    "weiß": "White", "weiss": "White", "gelb": "Yellow",
    "noir": "Black", "bleu": "Blue", "vert": "Green", "rouge": "Red", "blanc": "White",
    "jaune": "Yellow",
    "negro": "Black", "azul": "Blue", "cian": "Cyan", "verde": "Green", "rojo": "Red",
    "blanco": "White", "amarillo": "Yellow",
}  # fmt: skip
_GENERAL = {"standard", "estándar", "estandar"}
_LITERAL = re.compile(r'("[^"]*"|\\.|_.|\*.|\[[^\]]*\]|am/pm|a/p)', re.IGNORECASE)
_ONLY_DATE = re.compile(r"^[dmyhstja\s./:,;0-]*$", re.IGNORECASE)
# Thousands with points, decimals behind a comma: no English code has them in this order.
_SWAPPED = re.compile(r"[#0]\.[#0]{3}(?:\.[#0]{3})*,[0#?]+(?![0#?,.])")
# A comma in front of one or two digits parts no thousands.
_DECIMAL_COMMA = re.compile(r"(?<![0#?,.])([#0?]+),([0?]{1,2})(?![0#?,.])")
_THOUSANDS_POINT = re.compile(r"#\.##0(?![0#?,.])")


def english_code(code: str) -> str:
    """The code in English if it surely is in another language, else as it is.

    Codes that have two meanings stay, too: ``two_ways`` tells of them.
    """
    if not are_read():
        return code
    if code.strip().lower() in _GENERAL:
        return "General"
    pieces = _LITERAL.split(code)
    pieces[1::2] = [_colored(piece) for piece in pieces[1::2]]
    bare = "".join(pieces[::2])
    if _SWAPPED.search(bare):
        pieces[::2] = [_swapped(piece) for piece in pieces[::2]]
    elif language := _language(bare):
        pieces[::2] = [_dated(piece, language) for piece in pieces[::2]]
    return "".join(pieces)


def two_ways(code: str) -> str:
    """What a code that Excel would take for something else than is meant is to be; "" for none.

    ``0,00`` parts thousands in English and shows 5 as 005; ``JJ`` is a year in German and a
    day in French.
    """
    if not are_read():
        return ""
    bare = "".join(_LITERAL.split(code)[::2])
    if _DECIMAL_COMMA.search(bare):
        right = _DECIMAL_COMMA.sub(r"\1.\2", code)
        return f'parts thousands with its comma: write "{right}" for decimals, or "#,##0"'
    if _THOUSANDS_POINT.search(bare):
        right = _THOUSANDS_POINT.sub("#,##0", code)
        return f'swaps point and comma: write "{right}" for thousands, or "0.000" for decimals'
    letters = set(bare.lower())
    if "j" in letters and _ONLY_DATE.match(bare) and not _language(bare):
        return "has J, which is the year in German and the day in French: y and d in English"
    return ""


def is_foreign(code: str) -> bool:
    """Whether a code means something else in English than where it was written."""
    return english_code(code) != code or bool(two_ways(code))


def _colored(piece: str) -> str:
    color = _COLORS.get(piece[1:-1].strip().lower()) if piece.startswith("[") else None
    return f"[{color}]" if color else piece


def _swapped(piece: str) -> str:
    return piece.translate(str.maketrans(".,", ",."))


def _language(bare: str) -> str:
    """The language of a date's letters; "" where they are English, or tell none."""
    text = bare.lower()
    letters = set(text) & set("tjady")
    if not _ONLY_DATE.match(bare) or not letters & set("tja"):
        return ""
    if "aa" in text and letters <= set("jda") and letters != set("jda"):
        return "French" if "j" in letters else "Spanish"
    german = "m" in text and ("t" in letters or "jjjj" in text)
    return "German" if german and letters <= set("tj") else ""


def _dated(piece: str, language: str) -> str:
    for letter, english in _DATES[language].items():
        piece = piece.lower().replace(letter, english)
    return piece
