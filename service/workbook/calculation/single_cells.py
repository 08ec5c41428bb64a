"""One cell where a function takes a range: ``COUNTIF(A1,"x")`` as ``COUNTIF(A1:A1,"x")``.

A table with one row has columns of one cell. The first calculator takes such a reference for
its value, and answers an error to that.
"""

from __future__ import annotations

from service.workbook.calculation.contexts import wanted
from service.workbook.calculation.stretching import arguments, only_range
from service.workbook.calculation.syntax import Part, function

# The arguments, counted from 0; of the others the parameter classes tell.
_PLACES = {
    "INDEX": (0,),
    "LOOKUP": (1, 2),
    "XLOOKUP": (1, 2),
    "XMATCH": (1,),
}
_CLASSED = frozenset(
    """
    AVERAGEIF AVERAGEIFS COUNTIF COUNTIFS HLOOKUP LARGE MATCH MAXIFS MINIFS SMALL SUMIF SUMIFS
    VLOOKUP
    """.split()
)


def as_ranges(pieces: list[Part]) -> list[Part]:
    """The parts of a formula with such cells written as ranges."""
    out = list(pieces)
    for start, part in enumerate(pieces):
        name = function(part.text) if part.kind == "call" else ""
        if name not in _CLASSED and name not in _PLACES:
            continue
        for index, places in enumerate(arguments(pieces, start + 1)):
            found = only_range(pieces, places) if _takes_range(name, index) else None
            if found is not None and found[1][1].cells == 1:
                out[found[0]] = _range(pieces[found[0]])
    return out


def _takes_range(name: str, index: int) -> bool:
    if name in _PLACES:
        return index in _PLACES[name]
    return wanted(name, index, "V") == "R"


def _range(part: Part) -> Part:
    sheet, mark, cell = part.text.rpartition("!")
    return part if ":" in cell else Part("ref", f"{sheet}{mark}{cell}:{cell}")
