"""Which formulas Excel stores as dynamic arrays when somebody types them in.

All that a plain formula would calculate differently, because it takes one cell of a range
where a dynamic array takes all (see ``contexts.py``): a formula whose result has several
cells, and one like ``SUM(A1:A3*B1:B3)`` that has arrays inside. To store more formulas so
than Excel does changes no value; to store fewer would change some.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from service.workbook.calculation.contexts import (
    Group,
    Node,
    TooDeepError,
    is_operator,
    knows,
    tree,
    wanted,
)
from service.workbook.calculation.syntax import Part, function, located, parts

# Their results have several cells, or may have.
_ARRAYS = frozenset(
    """
    ANCHORARRAY BYCOL BYROW CHOOSECOLS CHOOSEROWS DROP EXPAND FILTER FREQUENCY GROUPBY GROWTH
    HSTACK LINEST LOGEST MAKEARRAY MAP MINVERSE MMULT MODE.MULT MUNIT PIVOTBY RANDARRAY SCAN
    SEQUENCE SORT SORTBY TAKE TEXTSPLIT TOCOL TOROW TRANSPOSE TREND TRIMRANGE UNIQUE VSTACK
    WRAPCOLS WRAPROWS
    """.split()
)
# They calculate arrays in a plain formula as well.
_TAKE_ARRAYS = frozenset("LOOKUP MDETERM SUMPRODUCT SUMX2MY2 SUMX2PY2 SUMXMY2".split())
# Newer functions that take one value for each parameter.
_ONE_VALUE = frozenset(
    """
    ARABIC ARRAYTOTEXT BASE BITAND BITLSHIFT BITOR BITRSHIFT BITXOR CEILING.MATH COMBINA DAYS
    DECIMAL ENCODEURL FLOOR.MATH FORMULATEXT GAMMA GAUSS IFNA IFS ISFORMULA ISO.CEILING ISOWEEKNUM
    NORM.S.DIST NORM.S.INV NUMBERVALUE PERMUTATIONA PHI REGEXEXTRACT REGEXREPLACE REGEXTEST SWITCH
    TEXTAFTER TEXTBEFORE UNICHAR UNICODE
    """.split()
)
_LOOKUPS = {"XLOOKUP": "VRRVVV", "XMATCH": "VRVV"}
_DEEPEST_NAME = 5
# Without any of these a formula without names has no array.
_SIGNS = re.compile(
    r"[:\[{]|_xlfn\.|(?:FREQUENCY|GROWTH|INDIRECT|LINEST|LOGEST|MINVERSE|MMULT|OFFSET|TRANSPOSE|TREND)\(",
    re.IGNORECASE,
)

Names = Callable[[str], str]


def is_dynamic(formula: str, names: Names | None) -> bool:
    """Whether a formula, as the file stores it, has to be stored as a dynamic array.

    :param names: what a defined name stands for, "" if there is none of that name; None where
        no names are defined
    """
    if names is None and not _SIGNS.search(formula):
        return False
    return _Look(names or (lambda _: "")).formula(formula, 0)


class _Look:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._depth = 0

    def formula(self, text: str, depth: int) -> bool:
        if depth > _DEEPEST_NAME:
            return False
        self._depth = depth
        try:
            return self._several(tree(parts(text)), "V")
        except TooDeepError:
            return False

    def _several(self, nodes: list[Node], want: str) -> bool:
        """Whether there is an array where ``want`` has it taken for one value."""
        signs = {node.text for node in nodes if isinstance(node, Part) and node.kind == "sign"}
        if want == "R" and any(map(is_operator, signs)):
            want = "V"
        if ":" in signs and want == "V":
            return True
        return any(
            self._group(node, want) if isinstance(node, Group) else self._part(node, want)
            for node in nodes
        )

    def _part(self, part: Part, want: str) -> bool:
        if want != "V":
            return False
        if part.kind == "ref":
            found = located(part.text)
            return found is not None and found[1].cells > 1
        if part.kind == "table":
            return not _one_cell(part.text)
        if part.kind == "name" and not part.text.lower().startswith("_xlpm."):
            depth, text = self._depth, self._names(part.text)
            found_several = bool(text) and self.formula(text, depth + 1)
            self._depth = depth
            return found_several
        return False

    def _group(self, group: Group, want: str) -> bool:
        if group.opening.text == "{":
            return want == "V"
        if group.opening.kind != "call":
            return any(self._several(argument, want) for argument in group.arguments)
        name = function(group.opening.text)
        if name in _ARRAYS or (want == "V" and self._gives_several(name, group)):
            return True
        return any(
            self._several(argument, _wanted(name, index, want))
            for index, argument in enumerate(group.arguments)
        )

    def _gives_several(self, name: str, group: Group) -> bool:
        """Whether a call that may give one cell or several gives several here."""
        given = group.arguments
        if name in ("ROW", "COLUMN"):
            return self._several(given[0], "V")
        if name == "INDEX":
            return any(map(_all_of, given[1:3])) or (len(given) == 2 and _is_block(given[0]))
        if name == "OFFSET":
            sizes = [_text(argument) for argument in given[3:5]]
            return any(size not in ("", "1") for size in sizes) or (
                not all(size == "1" for size in [*sizes, "", ""][:2])
                and self._several(given[0], "V")
            )
        if name == "INDIRECT":
            return ":" in _text(given[0]) or '"' not in _text(given[0])[:1]
        return name == "XLOOKUP" and len(given) > 2 and _is_block(given[2])


def _wanted(name: str, index: int, want: str) -> str:
    if want == "A" or name in _TAKE_ARRAYS:
        return "A"
    if name in ("LET", "LAMBDA") or name in _ONE_VALUE:
        return "V"
    if name in _LOOKUPS:
        letters = _LOOKUPS[name]
        return letters[min(index, len(letters) - 1)]
    if name == "INDEX" and index == 0:
        return "R"
    if name == "SINGLE":
        return "R"
    return wanted(name, index, want) if knows(name) else "R"


def _text(argument: list[Node]) -> str:
    """The text of an argument without calls and brackets in it; these count as "()"."""
    found = ("()" if isinstance(node, Group) else node.text for node in argument)
    return "".join(found).strip()


def _all_of(argument: list[Node]) -> bool:
    """Whether a row or column number stands for all of them."""
    return _text(argument) in ("", "0")


def _is_block(argument: list[Node]) -> bool:
    """Whether an argument is a reference with several rows and several columns."""
    found = located(_text(argument))
    return found is not None and found[1].rows > 1 and found[1].columns > 1


def _one_cell(table: str) -> bool:
    """Whether a structured reference names one cell: one column of one row."""
    row = any(mark in table for mark in ("@", "#This Row", "#Totals", "#Headers"))
    column = "@" in table or "],[" in table.replace(" ", "")
    return row and column and ":" not in table
