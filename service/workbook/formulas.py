"""Formulas as people write them, and as the file format stores them.

Functions newer than Excel 2010 stand in a file behind a prefix (``_xlfn.XLOOKUP``),
and so do the names that LET and LAMBDA declare (``_xlpm.x``); without it Excel shows
``#NAME?`` until the cell is entered again. ``A1#``, the cells that the formula in A1
fills, is stored as ANCHORARRAY, and ``@`` as SINGLE. Source: [MS-XLSX] 2.3.3 and
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
    COVARIANCE.S CSC CSCH DAYS DECIMAL DETECTLANGUAGE DROP ENCODEURL ERF.PRECISE ERFC.PRECISE EXPAND
    EXPON.DIST F.DIST F.DIST.RT F.INV F.INV.RT F.TEST FIELDVALUE FILTERXML FLOOR.MATH FORECAST.ETS
    FORECAST.ETS.CONFINT FORECAST.ETS.SEASONALITY FORECAST.ETS.STAT
    FORECAST.LINEAR FORMULATEXT GAMMA GAMMA.DIST GAMMA.INV GAMMALN.PRECISE GAUSS GROUPBY
    HSTACK HYPGEOM.DIST IFNA IMAGE IFS IMCOSH IMCOT IMCSC IMCSCH IMSEC IMSECH IMSINH IMTAN
    ISFORMULA ISO.CEILING ISOMITTED ISOWEEKNUM LAMBDA LET LOGNORM.DIST LOGNORM.INV MAKEARRAY
    MAP MAXIFS MINIFS MODE.MULT MODE.SNGL MUNIT NEGBINOM.DIST NORM.DIST NORM.INV NORM.S.DIST
    NORM.S.INV NUMBERVALUE PDURATION PERCENTILE.EXC PERCENTILE.INC PERCENTRANK.EXC
    PERCENTOF PERCENTRANK.INC PERMUTATIONA PHI PIVOTBY POISSON.DIST QUARTILE.EXC QUARTILE.INC
    QUERYSTRING RANDARRAY RANK.AVG RANK.EQ REDUCE REGEXEXTRACT REGEXREPLACE REGEXTEST RRI
    SCAN SEC SECH SEQUENCE SHEET SHEETS SINGLE SKEW.P SORTBY STDEV.P STDEV.S STOCKHISTORY SWITCH
    T.DIST T.DIST.2T T.DIST.RT T.INV T.INV.2T T.TEST TAKE TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT
    TOCOL TOROW TRANSLATE TRIMRANGE UNICHAR UNICODE UNIQUE VALUETOTEXT VAR.P VAR.S VSTACK
    WEBSERVICE WEIBULL.DIST WRAPCOLS WRAPROWS XLOOKUP XMATCH XOR Z.TEST
    """.split()
)

# These are given functions, also by their name alone: BYROW(A1:C9,SUM).
_TAKE_FUNCTIONS = frozenset("BYCOL BYROW GROUPBY MAKEARRAY MAP PIVOTBY REDUCE SCAN".split())
_GIVEN = frozenset(
    """
    AND ARRAYTOTEXT AVERAGE CONCAT COUNT COUNTA MAX MEDIAN MIN MODE.SNGL OR PERCENTOF PRODUCT
    STDEV.P STDEV.S SUM VAR.P VAR.S XOR
    """.split()
)
_PREFIXES = ("_xlfn.", "_xlws.", "_xlpm.", "_xleta.")
# Texts, quoted titles, and cells with a # behind them.
_SPILLED = re.compile(
    r"""
      "(?:[^"]|"")*"
    | (?P<cell>(?:(?:'(?:[^']|'')+'|\b[\w.]+)!)?(?<![\w.$])\$?[A-Za-z]{1,3}\$?\d{1,7})\#(?![\w!?/])
    | '(?:[^']|'')*'
    """,
    re.VERBOSE,
)
_OWN_ROW = re.compile(r"([\w.\\]*)\[@(.*)\]")
# Texts, and the bracket of a reference to the row without the name of a table.
_BARE = re.compile(r'"(?:[^"]|"")*"|(?<![\w.\\\[])\[(?=\[?\#This[ ]Row\])')
_CELL = r"(?:'(?:[^']|'')+'!|[\w.]+!)?\$?[A-Z]{1,3}\$?\d{1,7}"
_ANCHOR = re.compile(rf"\bANCHORARRAY\(({_CELL})\)", re.IGNORECASE)
_SINGLE = re.compile(r"\bSINGLE\(([^()\"]*(?:\([^()\"]*\))?)\)", re.IGNORECASE)


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
        tokens = Tokenizer(_anchored(formula)).items
    except TokenizerError:
        return formula  # what the tokenizer can't read, check_formula refuses
    declared = _declared_names(tokens)
    out, calls = ["="], []
    for token in tokens:
        opens = token.subtype == Token.OPEN
        if opens and token.type in (Token.FUNC, Token.PAREN):
            single = str(token.value).startswith("@")
            calls.append((_function(str(token.value)), single))
        out.append(_stored(token, declared, calls[-1][0] if calls else ""))
        if token.subtype == Token.CLOSE and token.type in (Token.FUNC, Token.PAREN) and calls:
            out.append(")" if calls.pop()[1] else "")
    return "".join(out)


def _anchored(formula: str) -> str:
    """The formula with ANCHORARRAY(A1) where A1# stands."""
    return _SPILLED.sub(lambda m: f"ANCHORARRAY({m['cell']})" if m["cell"] else m.group(), formula)


def _plain(name: str) -> str:
    """A name without the prefixes that files have."""
    for prefix in _PREFIXES:
        if name.lower().startswith(prefix):
            return _plain(name[len(prefix) :])
    return name


def _function(call: str) -> str:
    """The function that a token such as "@SUM(" calls, in capitals; "" of a bracket."""
    return _plain(call.lstrip("@")[:-1]).upper()


@functools.lru_cache(maxsize=4096)
def from_file(formula: str) -> str:
    """The formula as Excel's formula bar shows it."""
    for prefix in _PREFIXES:
        formula = formula.replace(prefix, "")
    if "ANCHORARRAY(" in formula:
        formula = _ANCHOR.sub(r"\1#", formula)
    return _SINGLE.sub(r"@\1", formula) if "SINGLE(" in formula else formula


def functions(formula: str) -> set[str]:
    """Names of the functions that a formula calls, in capitals."""
    try:
        tokens = Tokenizer(_anchored(formula)).items
    except TokenizerError:
        return set()
    return {
        from_file(token.value)[:-1].upper()
        for token in tokens
        if token.type == Token.FUNC and token.subtype == Token.OPEN
    }


def _stored(token: Token, declared: frozenset[str], call: str) -> str:
    """A token as the file has it.

    :param call: the function that it is given to, or that it calls
    """
    value = str(token.value)
    if token.type == Token.FUNC and token.subtype == Token.OPEN:
        single = "_xlfn.SINGLE(" if value.startswith("@") else ""
        return single + _stored_call(value.lstrip("@"), declared)
    if token.type == Token.OPERAND and token.subtype == Token.RANGE:
        if value.startswith("@"):
            return f"_xlfn.SINGLE({value[1:]})"
        name = _plain(value)
        if own_row := _OWN_ROW.fullmatch(value):
            return _this_row(*own_row.groups())
        if name.lower() in declared:
            return f"_xlpm.{name}"
        if call in _TAKE_FUNCTIONS and name.upper() in _GIVEN:
            return f"_xleta.{name.upper()}"
    return value


def _this_row(table: str, columns: str) -> str:
    """``Sales[@Cost]`` as files have it."""
    if columns and not columns.startswith("["):
        columns = f"[{columns}]"
    return f"{table}[[#This Row],{columns}]" if columns else f"{table}[#This Row]"


def in_table(formula: str, table: str) -> str:
    """A formula that stands in a table, its references to that row with the table's name."""
    return _BARE.sub(lambda m: f"{table}[" if m.group() == "[" else m.group(), formula)


def _stored_call(value: str, declared: frozenset[str]) -> str:
    name = _plain(value[:-1])
    if name.lower() in declared:
        return f"_xlpm.{name}("
    if name.upper() in _SHEET_FUNCTIONS:
        return f"_xlfn._xlws.{name.upper()}("
    return f"_xlfn.{name.upper()}(" if name.upper() in _NEWER else value


def _declared_names(tokens: list[Token]) -> frozenset[str]:
    """Names that LET and LAMBDA declare: operands alone in front of a comma."""
    names: set[str] = set()
    calls: list[tuple[str, int]] = []
    for index, token in enumerate(tokens):
        if token.type in (Token.FUNC, Token.PAREN) and token.subtype == Token.OPEN:
            calls.append((_function(str(token.value)), 0))
        elif token.type in (Token.FUNC, Token.PAREN) and token.subtype == Token.CLOSE and calls:
            calls.pop()
        elif token.type == Token.SEP and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1)
        elif calls and _declares(tokens, index, *calls[-1]):
            names.add(_plain(str(token.value)).lower())
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
