"""Formulas as people write them, and as the file format stores them.

Functions newer than Excel 2010 stand in a file behind a prefix (``_xlfn.XLOOKUP``),
and so do the names that LET and LAMBDA declare (``_xlpm.x``); without it Excel shows
``#NAME?`` until the cell is entered again. Source: [MS-XLSX] 2.3.3 and
ECMA-376 part 1, 18.17.
"""

from __future__ import annotations

import functools
import re

import formualizer
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError

from service.errors import InvalidValue

_SHEET_FUNCTIONS = frozenset({"FILTER", "SORT"})
_NEWER = frozenset(
    """
    ACOT ACOTH AGGREGATE ANCHORARRAY ARABIC ARRAYTOTEXT BASE BETA.DIST BETA.INV BINOM.DIST
    BINOM.DIST.RANGE BINOM.INV BITAND BITLSHIFT BITOR BITRSHIFT BITXOR BYCOL BYROW
    CEILING.MATH CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT CHISQ.TEST CHOOSECOLS
    CHOOSEROWS COMBINA CONCAT CONFIDENCE.NORM CONFIDENCE.T COT COTH COVARIANCE.P
    COVARIANCE.S CSC CSCH DAYS DECIMAL DROP ENCODEURL ERF.PRECISE ERFC.PRECISE EXPAND
    EXPON.DIST F.DIST F.DIST.RT F.INV F.INV.RT F.TEST FILTERXML FLOOR.MATH FORECAST.ETS
    FORECAST.LINEAR FORMULATEXT GAMMA GAMMA.DIST GAMMA.INV GAMMALN.PRECISE GAUSS GROUPBY
    HSTACK HYPGEOM.DIST IFNA IFS IMCOSH IMCOT IMCSC IMCSCH IMSEC IMSECH IMSINH IMTAN
    ISFORMULA ISO.CEILING ISOMITTED ISOWEEKNUM LAMBDA LET LOGNORM.DIST LOGNORM.INV MAKEARRAY
    MAP MAXIFS MINIFS MODE.MULT MODE.SNGL MUNIT NEGBINOM.DIST NORM.DIST NORM.INV NORM.S.DIST
    NORM.S.INV NUMBERVALUE PDURATION PERCENTILE.EXC PERCENTILE.INC PERCENTRANK.EXC
    PERCENTRANK.INC PERMUTATIONA PHI PIVOTBY POISSON.DIST QUARTILE.EXC QUARTILE.INC
    QUERYSTRING RANDARRAY RANK.AVG RANK.EQ REDUCE REGEXEXTRACT REGEXREPLACE REGEXTEST RRI
    SCAN SEC SECH SEQUENCE SHEET SHEETS SINGLE SKEW.P SORTBY STDEV.P STDEV.S SWITCH T.DIST
    T.DIST.2T T.DIST.RT T.INV T.INV.2T T.TEST TAKE TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT
    TOCOL TOROW TRIMRANGE UNICHAR UNICODE UNIQUE VALUETOTEXT VAR.P VAR.S VSTACK WEBSERVICE
    WEIBULL.DIST WRAPCOLS WRAPROWS XLOOKUP XMATCH XOR Z.TEST
    """.split()
)


def check_formula(formula: str, where: str) -> None:
    """Refuse text that is no formula in Excel's own (English) notation.

    :raises InvalidValue: naming the cell ``where`` and what does not fit
    """
    try:
        formualizer.parse(to_file(formula))
    except Exception as error:  # noqa: BLE001 - the parser's error type is private
        raise InvalidValue(
            f"{where}: {_shorten(formula)} is not a formula: {_reason(formula, str(error))}.",
            "Use English function names, commas between arguments and a point in decimals. "
            "To store the text itself, put an apostrophe in front of it.",
        ) from None


@functools.lru_cache(maxsize=4096)
def to_file(formula: str) -> str:
    """The formula as the file stores it. Both start with ``=``."""
    try:
        tokens = Tokenizer(formula).items
    except TokenizerError:
        return formula  # what the tokenizer can't read, check_formula refuses
    declared = _declared_names(tokens)
    return "=" + "".join(_stored(token, declared) for token in tokens)


@functools.lru_cache(maxsize=4096)
def from_file(formula: str) -> str:
    """The formula as Excel's formula bar shows it."""
    for prefix in ("_xlfn.", "_xlws.", "_xlpm."):
        formula = formula.replace(prefix, "")
    return formula


def functions(formula: str) -> set[str]:
    """Names of the functions that a formula calls, in capitals."""
    try:
        tokens = Tokenizer(formula).items
    except TokenizerError:
        return set()
    return {
        from_file(token.value)[:-1].upper()
        for token in tokens
        if token.type == Token.FUNC and token.subtype == Token.OPEN
    }


def _stored(token: Token, declared: frozenset[str]) -> str:
    value = str(token.value)
    if token.type == Token.FUNC and token.subtype == Token.OPEN:
        name = value[:-1].upper()
        if name in _SHEET_FUNCTIONS:
            return f"_xlfn._xlws.{value}"
        return f"_xlfn.{value}" if name in _NEWER else value
    if token.type == Token.OPERAND and value.lower() in declared:
        return f"_xlpm.{value}"
    return value


def _declared_names(tokens: list[Token]) -> frozenset[str]:
    """Names that LET and LAMBDA declare: operands alone in front of a comma."""
    names: set[str] = set()
    calls: list[tuple[str, int]] = []
    for index, token in enumerate(tokens):
        if token.type in (Token.FUNC, Token.PAREN) and token.subtype == Token.OPEN:
            calls.append((str(token.value)[:-1].upper(), 0))
        elif token.type in (Token.FUNC, Token.PAREN) and token.subtype == Token.CLOSE and calls:
            calls.pop()
        elif token.type == Token.SEP and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1)
        elif calls and _declares(tokens, index, *calls[-1]):
            names.add(str(token.value).lower())
    return frozenset(names)


def _declares(tokens: list[Token], index: int, function: str, argument: int) -> bool:
    token = tokens[index]
    if token.type != Token.OPERAND or token.subtype != Token.RANGE:
        return False
    starts = tokens[index - 1].subtype == Token.OPEN or tokens[index - 1].type == Token.SEP
    ends = index + 1 < len(tokens) and tokens[index + 1].type == Token.SEP
    return starts and ends and (function == "LAMBDA" or (function == "LET" and argument % 2 == 0))


# What the parsers say, and what it means to the person who wrote the formula.
_REASONS = {
    "No tokens": "nothing follows the equals sign",
    "Unmatched opening": "a bracket is not closed",
    "Encountered unmatched": "a bracket is not closed",
    "pop from empty list": "a bracket is closed that was not opened",
    "while parsing string": "a quotation mark is not closed",
    "Unexpected end": "something is missing at its end",
    "Expected ','": "its arguments are not separated by commas",
    "nesting too deep": "it is nested too deeply",
    "Invalid reference": "a reference in it is not complete",
    "Invalid error code": "it names an error that Excel does not have",
}
_PLACE = re.compile(r"start: (\d+), end: (\d+)")


def _reason(formula: str, said: str) -> str:
    """Why a text is no formula, in plain words.

    :param said: what the parser said; its places are bytes of the formula as it is stored
    """
    for part, reason in _REASONS.items():
        if part in said:
            return reason
    place = _PLACE.search(said)
    if place is None:
        return "its parts do not fit together"
    start, end = map(int, place.groups())
    token = from_file(to_file(formula).encode()[start:end].decode(errors="ignore"))
    return f"{_shorten(token)} does not fit where it stands"


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
