"""Where a formula that fills one cell takes a range, and where only one cell of it.

A formula that is stored as a plain one is calculated as before dynamic arrays: where one
value is expected, a range stands for its cell in the formula's own row or column
(implicit intersection; Excel shows it as ``@``). Source: the parameter classes of the
binary format, [MS-XLS] 2.2.2.1, and what LibreOffice and Excel make of such files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from service.workbook.areas import Area
from service.workbook.calculation.syntax import Part, function, located, reference

# V: one value. R: a range, or one value of an expression. A: arrays. P: as the whole call.
_SCALAR = frozenset(
    """
    ABS ACOS ACOSH ASC ASIN ASINH ATAN ATAN2 ATANH CEILING CHAR CLEAN CODE COMBIN CONCATENATE COS
    COSH DATE DATEDIF DATEVALUE DAY DAYS360 DB DDB DEGREES DOLLAR EDATE EOMONTH ERROR.TYPE EVEN
    EXACT EXP FACT FIND FINDB FIXED FLOOR FV HOUR IFERROR INT IPMT ISBLANK ISERR ISERROR ISEVEN
    ISLOGICAL ISNA ISNONTEXT ISNUMBER ISODD ISTEXT LEFT LEFTB LEN LENB LN LOG LOG10 LOWER MID MIDB
    MINUTE MOD MONTH MROUND N NOT NPER ODD PERMUT PMT POWER PPMT PROPER PV QUOTIENT RADIANS
    RANDBETWEEN RATE REPLACE REPT RIGHT RIGHTB ROMAN ROUND ROUNDDOWN ROUNDUP SEARCH SEARCHB SECOND
    SIGN SIN SINGLE SINH SLN SQRT SUBSTITUTE SYD T TAN TANH TEXT TIME TIMEVALUE TRIM TRUNC UPPER
    VALUE WEEKDAY WEEKNUM YEAR YEARFRAC
    """.split()
)
_RANGES = frozenset(
    """
    AND AREAS AVEDEV AVERAGE AVERAGEA COLUMN COLUMNS COUNT COUNTA COUNTBLANK DEVSQ GEOMEAN
    GCD HARMEAN KURT LCM MAX MAXA MEDIAN MIN MINA MULTINOMIAL NPV OR PHONETIC PRODUCT ROW ROWS
    SERIESSUM SKEW STDEV STDEV.P STDEV.S STDEVA STDEVP STDEVPA SUBTOTAL SUM SUMSQ VAR VAR.P
    VAR.S VARA VARP VARPA
    """.split()
)
# One letter for each parameter; the last one, or what stands in brackets, is repeated.
_PARAMETERS = {
    "AVERAGEIF": "RVR",
    "AVERAGEIFS": "R(RV)",
    "CHOOSE": "VP",
    "COUNTIF": "RV",
    "COUNTIFS": "(RV)",
    "HLOOKUP": "VRVV",
    "IF": "VPP",
    "INDEX": "AVVV",
    "IRR": "RV",
    "LARGE": "RV",
    "MATCH": "VRV",
    "MAXIFS": "R(RV)",
    "MINIFS": "R(RV)",
    "MIRR": "RVV",
    "NETWORKDAYS": "VVR",
    "OFFSET": "RVVVV",
    "PERCENTILE": "RV",
    "PERCENTILE.EXC": "RV",
    "PERCENTILE.INC": "RV",
    "PERCENTRANK": "RVV",
    "QUARTILE": "RV",
    "QUARTILE.INC": "RV",
    "RANK": "VRV",
    "RANK.AVG": "VRV",
    "RANK.EQ": "VRV",
    "SMALL": "RV",
    "SUMIF": "RVR",
    "SUMIFS": "R(RV)",
    "TRIMMEAN": "RV",
    "VLOOKUP": "VRVV",
    "WORKDAY": "VVR",
    "XIRR": "RRV",
    "XNPV": "VRR",
}
_OPERATORS = frozenset("+-*/^&=<>%@") | {"<=", ">=", "<>"}
_DEEPEST = 100


class TooDeepError(Exception):
    """Brackets nested deeper than any formula that Excel takes."""


@dataclass
class Group:
    """A call or a pair of brackets: its opening, its arguments, its closing."""

    opening: Part
    arguments: list[list[Node]] = field(default_factory=lambda: [[]])
    closing: str = ""


Node: TypeAlias = "Part | Group"


def intersected(parts: list[Part], row: int, column: int) -> list[Part]:
    """The parts of a plain formula at (row, column), ranges that mean one cell made that cell.

    :raises TooDeepError: if it is nested too deeply
    """
    if not any(part.kind == "ref" and _several(part.text) for part in parts):
        return [part for part in parts if part.text != "@"]
    out: list[Part] = []
    _write(tree(parts), "V", (row, column), out)
    return out


def _several(text: str) -> bool:
    found = located(text)
    return found is not None and found[1].cells > 1


def tree(parts: list[Part]) -> list[Node]:
    """The parts as a tree of calls and brackets.

    :raises TooDeepError: if they are nested too deeply
    """
    top: list[Node] = []
    open_: list[Group] = []
    for part in parts:
        level = open_[-1].arguments[-1] if open_ else top
        if part.kind == "call" or part.text in ("(", "{"):
            if len(open_) == _DEEPEST:
                raise TooDeepError
            group = Group(part)
            level.append(group)
            open_.append(group)
        elif part.text in (")", "}") and open_:
            open_.pop().closing = part.text
        elif part.text == "," and open_:
            open_[-1].arguments.append([])
        else:
            level.append(part)
    return top


def _write(nodes: list[Node], want: str, at: tuple[int, int], out: list[Part]) -> None:
    signs = {node.text for node in nodes if isinstance(node, Part) and node.kind == "sign"}
    if want == "R" and signs & _OPERATORS:
        want = "V"
    ranges = ":" in signs  # A1:INDEX(...): the ends must stay references
    for node in nodes:
        if isinstance(node, Group):
            _write_group(node, "R" if ranges else want, at, out)
        elif node.kind == "ref" and want == "V" and not ranges:
            out.append(_one_cell(node, *at))
        elif node.text != "@":
            out.append(node)


def _write_group(group: Group, want: str, at: tuple[int, int], out: list[Part]) -> None:
    name = function(group.opening.text) if group.opening.kind == "call" else ""
    out.append(Part("sign", "(") if name == "SINGLE" else group.opening)
    for index, argument in enumerate(group.arguments):
        if index:
            out.append(Part("sign", ","))
        _write(argument, wanted(name, index, want) if name else want, at, out)
    if group.closing:
        out.append(Part("sign", group.closing))


def wanted(name: str, index: int, want: str) -> str:
    """What a function takes as its ``index``-th argument, from 0."""
    if want == "A":
        return "A"
    if name in _SCALAR:
        return "V"
    if name in _RANGES:
        return "R"
    letters = _PARAMETERS.get(name, "A")
    fixed, _, repeated = letters.rstrip(")").partition("(")
    if index < len(fixed):
        letter = fixed[index]
    elif repeated:
        letter = repeated[(index - len(fixed)) % len(repeated)]
    else:
        letter = fixed[-1]
    return want if letter == "P" else letter


def _one_cell(part: Part, row: int, column: int) -> Part:
    found = located(part.text)
    if found is None or found[1].cells == 1:
        return part
    sheet, area = found
    if area.columns == 1 and area.first_row <= row <= area.last_row:
        cell = Area(row, area.first_column, row, area.first_column)
    elif area.rows == 1 and area.first_column <= column <= area.last_column:
        cell = Area(area.first_row, column, area.first_row, column)
    else:
        return Part("error", "#VALUE!")
    return Part("ref", reference(sheet, cell))


def is_operator(sign: str) -> bool:
    """Whether a sign calculates with the values beside it."""
    return sign in _OPERATORS


def knows(name: str) -> bool:
    """Whether it is known what a function takes."""
    return name in _SCALAR or name in _RANGES or name in _PARAMETERS


def scalar_call(name: str) -> bool:
    """Whether a function takes values one by one, or ranges, but makes no arrays."""
    return name in _SCALAR or name in _RANGES


# These calculate whole ranges as they should in both calculators.
_LIFTED = frozenset({"IFERROR", "ISERROR", "IF", "N"})


def lifts(parts: list[Part], want: str) -> bool:
    """Whether a function that takes one value is given a range, to calculate each cell of it.

    Calculators often take the first cell alone, or the range as one value, and agree on it.

    :param want: "V" for a plain formula, "A" for an array formula
    :raises TooDeepError: if it is nested too deeply
    """
    return any(
        part.text == "{" or (part.kind == "ref" and _several(part.text)) for part in parts
    ) and _lifts(tree(parts), want)


def _lifts(nodes: list[Node], want: str) -> bool:
    for node in nodes:
        if isinstance(node, Part):
            continue
        call = node.opening.kind == "call"
        name = function(node.opening.text) if call else ""
        if call and takes_several(node, name, want):
            return True
        for index, argument in enumerate(node.arguments):
            inner = wanted(name, index, want) if call else want
            if _lifts(argument, inner):
                return True
        if name == "LOOKUP" and len(node.arguments) > 1 and not is_plain(node.arguments[1]):
            return True
    return False


def takes_several(call: Group, name: str, want: str) -> bool:
    """Whether a function is given several values where it takes one."""
    # An array constant is one also where a range would be one of its cells.
    several = arrayish if want == "A" else _constant
    return name not in _LIFTED and any(
        (name in _SCALAR or wanted(name, index, "R") == "V") and several(argument)
        for index, argument in enumerate(call.arguments)
    )


def _constant(argument: list[Node]) -> bool:
    return any(isinstance(node, Group) and node.opening.text == "{" for node in argument)


def is_plain(argument: list[Node]) -> bool:
    """Whether an argument is a reference and nothing else."""
    return all(isinstance(node, Part) and node.kind in ("ref", "space") for node in argument)


def arrayish(nodes: list[Node]) -> bool:
    """Whether an expression has several values, as far as one can see."""
    for node in nodes:
        if isinstance(node, Part):
            if node.kind == "ref" and _several(node.text):
                return True
        elif node.opening.text == "{" or any(map(arrayish, _spreading(node))):
            return True
    return False


def _spreading(group: Group) -> list[list[Node]]:
    """The arguments whose several values make a call have several."""
    name = function(group.opening.text) if group.opening.kind == "call" else ""
    if name in _RANGES:
        return group.arguments if name in ("ROW", "COLUMN") else []
    if name not in _PARAMETERS:
        return group.arguments
    return [
        argument
        for index, argument in enumerate(group.arguments)
        if wanted(name, index, "P") in ("V", "P")
    ]
