"""Formulas as an Excel of another language shows them, put into English.

``=WENN(A1>1,5;"ja";"nein")`` is ``=IF(A1>1.5,"ja","nein")``. What has one meaning only is put
into English and told; what has two is refused with both. Texts, names of sheets and columns,
and names of the workbook's own stay as they are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import InvalidValue
from service.workbook.foreign.functions import CLASHES, CONSTANTS, MEANINGS, plain
from service.workbook.foreign.number_codes import english_code, is_foreign, two_ways
from service.workbook.foreign.reading import are_read
from service.workbook.foreign.told import now

_WORD = re.compile(r"[^\W\d][\w.']*")
_PIECE = re.compile(
    r"""
      (?P<text>"(?:[^"]|"")*")
    | (?P<sheet>'(?:[^']|'')*'!)
    | (?P<table>\[(?:[^\[\]]|\[[^\[\]]*\])*\])
    | (?P<array>\{[^{}]*\})
    | (?P<lines>\$?\d+:\$?\d+)
    | (?P<cell>\$?[A-Z]{1,3}\$?\d{1,7}(?![\w.(!]))
    | (?P<call>[^\W\d][\w.]*(?:'HUI)?(?=\())
    | (?P<name>[^\W\d][\w.]*!?)
    | (?P<number>\d+(?:[.,]\d+)*)
    | (?P<separator>[;,])
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_OWN_NAMES = re.compile(r"\b(?:LET|LAMBDA)\(", re.IGNORECASE)
_DIGITS = re.compile(r"\d,\d")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"\d+,\d+")
_POINT = re.compile(r"\d+\.\d+")
_GROUPS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_BOTH = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+")
_ITEMS = {
    "#diese zeile": "#This Row", "#alle": "#All", "#daten": "#Data",
    "#kopfzeilen": "#Headers", "#ergebnisse": "#Totals",
    "#cette ligne": "#This Row", "#tout": "#All", "#données": "#Data",
    "#en-têtes": "#Headers", "#totaux": "#Totals",
    "#esta fila": "#This Row", "#todo": "#All", "#datos": "#Data",
    "#encabezados": "#Headers", "#totales": "#Totals",
}  # fmt: skip
_ITEM = re.compile(r"#[^\[\]#]+")
_BUILT = 'TEXT(DAY(A1),"00")&"."&TEXT(MONTH(A1),"00")&"."&YEAR(A1)'
_LONGEST = 8_192  # what Excel allows of a formula


@dataclass
class _Piece:
    """A part of a formula, as it was written and as it is in English."""

    kind: str
    was: str
    now: str


def in_english(formula: str, where: str) -> str:
    """The formula in English; what was put into it is told, see ``told.noting``.

    :param formula: with its equals sign; one that is none comes back as it is
    :raises InvalidValue: naming the place, if it may be read in two ways, with both
    """
    if not are_read() or len(formula) > _LONGEST or not _may_be_foreign(formula):
        return formula
    try:
        text, names, signs = _english(formula)
    except InvalidValue as error:
        raise InvalidValue(f"{where}: {error.message}", error.hint) from None
    told = now()
    told.names.update(names)
    told.signs.update(signs)
    return text


def _may_be_foreign(formula: str) -> bool:
    if ";" in formula or "TEXT" in formula.upper() or _DIGITS.search(formula):
        return True
    return any(plain(word) in MEANINGS for word in _WORD.findall(formula))


@functools.lru_cache(maxsize=4096)
def _english(formula: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """(the formula, functions and their English names, signs and what stands for them)."""
    pieces = [
        _Piece(str(found.lastgroup), found.group(), found.group())
        for found in _PIECE.finditer(formula, 1)
    ]
    names = _named(pieces, formula)
    signs: dict[str, str] = {}
    for piece in pieces:
        if piece.kind == "table":
            piece.now = _ITEM.sub(_item, piece.was).replace("];[", "],[")
    semicolons = _brackets_around(pieces, ";")
    if semicolons and min(semicolons) == 0:
        return formula, {}, {}  # no argument is parted there: it is no formula in any language
    if semicolons:
        signs = _separated(pieces, formula)
    else:
        signs = _decimals(pieces, formula)
        if names:
            _refuse_commas(pieces, formula)
    _refuse_text_codes(pieces, formula)
    return _joined(pieces), names, signs


def _brackets_around(pieces: list[_Piece], sign: str) -> list[int]:
    """How many brackets are open at each such separator."""
    found, open_ = [], 0
    for piece in pieces:
        open_ += (piece.was == "(") - (piece.was == ")")
        if piece.kind == "separator" and piece.was == sign:
            found.append(open_)
    return found


def _joined(pieces: list[_Piece]) -> str:
    return "=" + "".join(piece.now for piece in pieces)


# Names -------------------------------------------------------------------------


def _named(pieces: list[_Piece], formula: str) -> dict[str, str]:
    """Put functions, TRUE and FALSE into English; which, and what they are there."""
    own = _own_names(pieces, formula)
    found: dict[str, tuple[list[_Piece], dict[str, str]]] = {}
    for piece in pieces:
        key = plain(piece.was)
        constant = piece.kind == "name" and key in CONSTANTS
        if key in MEANINGS and key not in own and (piece.kind == "call" or constant):
            found.setdefault(piece.was, ([], MEANINGS[key]))[0].append(piece)
    languages = _languages([m for was, (_, m) in found.items() if plain(was) not in CLASHES])
    names = {}
    for was, (places, meanings) in found.items():
        options = {meanings[lang] for lang in languages if lang in meanings}
        options |= {CLASHES[plain(was)]} if plain(was) in CLASHES else set()
        if len(options) > 1:
            raise _twofold(formula, was, meanings, options)
        for piece in places:
            piece.now = next(iter(options))
        if plain(was) != piece.now:
            names[was] = piece.now
    return names


def _own_names(pieces: list[_Piece], formula: str) -> set[str]:
    """Names that the formula itself declares, with LET or LAMBDA."""
    if not _OWN_NAMES.search(formula):
        return set()
    return {plain(piece.was) for piece in pieces if piece.kind == "name"}


def _languages(meanings: list[dict[str, str]]) -> set[str]:
    """The languages that have all of the names, else those that have any of them."""
    sets = [set(found) for found in meanings]
    return (set.intersection(*sets) or set.union(*sets)) if sets else set()


def _twofold(formula: str, was: str, meanings: dict[str, str], options: set[str]) -> InvalidValue:
    said = [f"{english} in {language}" for language, english in meanings.items()]
    said += [f"{was.upper()} in English"] if was.upper() in options else []
    return InvalidValue(
        f"{_short(formula)} can be read in two ways: {was} is {' and '.join(said)}.",
        f"Use the English name, {' or '.join(sorted(options))}.",
    )


# Signs -------------------------------------------------------------------------


def _separated(pieces: list[_Piece], formula: str) -> dict[str, str]:
    """Put a formula with ";" between arguments into English; which signs that were."""
    if _brackets_around(pieces, ","):
        raise InvalidValue(
            f"{_short(formula)} has both , and ; between arguments.",
            "Write it in English: commas between arguments, points in decimals.",
        )
    signs = {'";" between arguments': '","'}
    for piece in pieces:
        if piece.kind == "separator":
            piece.now = ","
        elif piece.kind == "array" and re.search(r"[.,\\]", _without_texts(piece.was)):
            raise InvalidValue(
                f"{_short(formula)} holds {piece.was[:40]}, which other languages read otherwise.",
                "Write it in English: {1,2;3,4} has two rows, with points in decimals.",
            )
    numbers = [piece for piece in pieces if piece.kind == "number"]
    read = _reading(pieces, formula)
    for piece in numbers:
        piece.now = read(piece.was)
        if piece.now != piece.was:
            signs[piece.was] = piece.now
    return signs


def _item(match: re.Match[str]) -> str:
    return _ITEMS.get(match.group().strip().lower(), match.group())


def _without_texts(text: str) -> str:
    return re.sub(r'"(?:[^"]|"")*"', "", text)


def _with_comma(number: str) -> str:
    return number.replace(".", "").replace(",", ".")


def _reading(pieces: list[_Piece], formula: str) -> Callable[[str], str]:
    """How the numbers of a formula with ";" are meant: decimals behind a comma or a point.

    :raises InvalidValue: if that can't be told
    """
    marked = [p.was for p in pieces if p.kind == "number" and not p.was.isdecimal()]
    commas = [number for number in marked if _COMMA.fullmatch(number) or _BOTH.fullmatch(number)]
    groups = [number for number in marked if _GROUPS.fullmatch(number)]
    points = [n for n in marked if _POINT.fullmatch(n) and n not in groups]
    strange = [n for n in marked if n not in commas and n not in groups and n not in points]
    if strange or (commas and points):
        raise InvalidValue(
            f"{_short(formula)}: it can't be told what {(strange or points)[0]} means beside "
            f"{(commas or marked)[0]}.",
            "Write it in English: commas between arguments, points in decimals, no thousands.",
        )
    if groups and not commas and not points:
        number = groups[0]
        raise InvalidValue(
            f"{_short(formula)} can be read in two ways: {number} may have thousands or decimals.",
            f"Send {_as(pieces, _with_comma)} or {_as(pieces, str)}.",
        )
    return _with_comma if commas else str


def _as(pieces: list[_Piece], read: Callable[[str], str]) -> str:
    """The formula with its numbers read in that way."""
    return "=" + "".join(read(p.was) if p.kind == "number" else p.now for p in pieces)


def _decimals(pieces: list[_Piece], formula: str) -> dict[str, str]:
    """Put decimal commas outside of all calls into English, where nothing else can be meant."""
    signs: dict[str, str] = {}
    calls: list[bool] = []
    for index, piece in enumerate(pieces):
        if piece.was == "(":
            calls.append(index > 0 and pieces[index - 1].kind == "call")
        elif piece.was == ")" and calls:
            calls.pop()
        if piece.kind != "number" or "," not in piece.was or (calls and calls[-1]):
            continue
        if _THOUSANDS.fullmatch(piece.was) or not (
            _COMMA.fullmatch(piece.was) or _BOTH.fullmatch(piece.was)
        ):
            raise InvalidValue(
                f"{_short(formula)}: {piece.was} may have thousands or decimals.",
                f"Send {_as(pieces, lambda n: n.replace(',', ''))} for thousands; decimals have "
                "a point.",
            )
        piece.now = _with_comma(piece.was)
        signs[piece.was] = piece.now
    return signs


def _refuse_commas(pieces: list[_Piece], formula: str) -> None:
    """Refuse 1,5 beside a foreign name and no ";": one number, or two arguments."""
    for piece in pieces:
        first, comma, _ = piece.was.partition(",")
        sure = _POINT.fullmatch(first) and not _BOTH.fullmatch(piece.was)
        if piece.kind == "number" and comma and not sure and piece.now == piece.was:
            one = _as(pieces, lambda number: _with_comma(number) if "," in number else number)
            forms = [_joined(pieces)] + ([one] if piece.was.count(",") == 1 else [])
            raise InvalidValue(
                f"{_short(formula)}: the comma in {piece.was} may part arguments or decimals.",
                f"Send {' or '.join(forms)}.",
            )


# Formats in texts ---------------------------------------------------------------


def _refuse_text_codes(pieces: list[_Piece], formula: str) -> None:
    """Refuse TEXT with a format of another language, which no Excel but one reads."""
    calls: list[tuple[str, int]] = []
    for index, piece in enumerate(pieces):
        if piece.was == "(":
            before = pieces[index - 1] if index else None
            calls.append((before.now.upper() if before and before.kind == "call" else "", 0))
        elif piece.was == ")" and calls:
            calls.pop()
        elif piece.kind == "separator" and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1)
        elif piece.kind == "text" and calls and calls[-1] == ("TEXT", 1):
            code = piece.was[1:-1].replace('""', '"')
            if is_foreign(code):
                raise _text_code(formula, code)


def _text_code(formula: str, code: str) -> InvalidValue:
    right = english_code(code)
    form = f"is {right} in English" if right != code else two_ways(code)
    built = "FIXED(A1,2)" if any(sign in code for sign in "0#") else _BUILT
    return InvalidValue(
        f"{_short(formula)}: TEXT takes its format in the language of the Excel that opens the "
        f'file, so no format suits all; "{code[:40]}" {form}.',
        "Put the value itself into the cell and give the cell a number_format, which every Excel "
        f"shows rightly. A text that is the same everywhere: {built}.",
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
