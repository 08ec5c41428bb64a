"""Where a formula that fills one cell takes a range, and where only one cell of it.

A formula that is stored as a plain one is calculated as before dynamic arrays: where one
value is expected, a range stands for its cell in the formula's own row or column
(implicit intersection; Excel shows it as ``@``). Source: the parameter classes of the
binary format, [MS-XLS] 2.2.2.1, and what LibreOffice and Excel make of such files.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
class _Group:
    """A call or a pair of brackets: its opening, its arguments, its closing."""

    opening: Part
    arguments: list[list[Part | _Group]] = field(default_factory=lambda: [[]])
    closing: str = ""


def intersected(parts: list[Part], row: int, column: int) -> list[Part]:
    """The parts of a plain formula at (row, column), ranges that mean one cell made that cell.

    :raises TooDeepError: if it is nested too deeply
    """
    if not any(part.kind == "ref" and _several(part.text) for part in parts):
        return [part for part in parts if part.text != "@"]
    out: list[Part] = []
    _write(_tree(parts), "V", (row, column), out)
    return out


def _several(text: str) -> bool:
    found = located(text)
    return found is not None and found[1].cells > 1


def _tree(parts: list[Part]) -> list[Part | _Group]:
    top: list[Part | _Group] = []
    open_: list[_Group] = []
    for part in parts:
        level = open_[-1].arguments[-1] if open_ else top
        if part.kind == "call" or part.text in ("(", "{"):
            if len(open_) == _DEEPEST:
                raise TooDeepError
            group = _Group(part)
            level.append(group)
            open_.append(group)
        elif part.text in (")", "}") and open_:
            open_.pop().closing = part.text
        elif part.text == "," and open_:
            open_[-1].arguments.append([])
        else:
            level.append(part)
    return top


def _write(nodes: list[Part | _Group], want: str, at: tuple[int, int], out: list[Part]) -> None:
    signs = {node.text for node in nodes if isinstance(node, Part) and node.kind == "sign"}
    if want == "R" and signs & _OPERATORS:
        want = "V"
    ranges = ":" in signs  # A1:INDEX(...): the ends must stay references
    for node in nodes:
        if isinstance(node, _Group):
            _write_group(node, "R" if ranges else want, at, out)
        elif node.kind == "ref" and want == "V" and not ranges:
            out.append(_one_cell(node, *at))
        elif node.text != "@":
            out.append(node)


def _write_group(group: _Group, want: str, at: tuple[int, int], out: list[Part]) -> None:
    name = function(group.opening.text) if group.opening.kind == "call" else ""
    out.append(Part("sign", "(") if name == "SINGLE" else group.opening)
    for index, argument in enumerate(group.arguments):
        if index:
            out.append(Part("sign", ","))
        _write(argument, _wanted(name, index, want) if name else want, at, out)
    if group.closing:
        out.append(Part("sign", group.closing))


def _wanted(name: str, index: int, want: str) -> str:
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
    ) and _lifts(_tree(parts), want)


def _lifts(nodes: list[Part | _Group], want: str) -> bool:
    for node in nodes:
        if isinstance(node, Part):
            continue
        call = node.opening.kind == "call"
        name = function(node.opening.text) if call else ""
        for index, argument in enumerate(node.arguments):
            inner = _wanted(name, index, want) if call else want
            one = name in _SCALAR or _wanted(name, index, "R") == "V"
            # An array constant is one also where a range would be one of its cells.
            several = _arrayish if want == "A" else _constant
            if call and one and name not in _LIFTED and several(argument):
                return True
            if _lifts(argument, inner):
                return True
        if name == "LOOKUP" and len(node.arguments) > 1 and not _plain(node.arguments[1]):
            return True
    return False


def _constant(argument: list[Part | _Group]) -> bool:
    return any(isinstance(node, _Group) and node.opening.text == "{" for node in argument)


def _plain(argument: list[Part | _Group]) -> bool:
    return all(isinstance(node, Part) and node.kind in ("ref", "space") for node in argument)


def _arrayish(nodes: list[Part | _Group]) -> bool:
    """Whether an expression has several values, as far as one can see."""
    for node in nodes:
        if isinstance(node, Part):
            if node.kind == "ref" and _several(node.text):
                return True
        elif node.opening.text == "{":
            return True
        else:
            name = function(node.opening.text) if node.opening.kind == "call" else ""
            single = name in _RANGES and name not in ("ROW", "COLUMN")
            if not single and any(map(_arrayish, node.arguments)):
                return True
    return False
