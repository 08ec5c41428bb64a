"""HOUR, MINUTE and SECOND of a time that is a hair's breadth off: 7:00 less 1E-17 is 7 o'clock.

Times are fractions of a day, of which most hours have no exact one. Excel and one calculator
round to the second, the other cuts off. So both are given a time that is later by far less
than anybody can see, and by more than calculating leaves off. As a sum, it reads times in
texts as well, as Excel does.
"""

from __future__ import annotations

from service.workbook.calculation.stretching import arguments
from service.workbook.calculation.syntax import Part, function, located

_PARTS_OF_TIME = frozenset({"HOUR", "MINUTE", "SECOND"})
_HAIR = "1E-9"  # days: a tenth of a millisecond


def nudged(pieces: list[Part]) -> list[Part]:
    """A formula's parts with such times; where a range is given, it stays."""
    before: dict[int, list[Part]] = {}
    behind: dict[int, list[Part]] = {}
    for index, part in enumerate(pieces):
        if part.kind != "call" or function(part.text) not in _PARTS_OF_TIME:
            continue
        given = arguments(pieces, index + 1)
        if len(given) != 1 or not given[0] or any(_is_wide(pieces[i]) for i in given[0]):
            continue
        before.setdefault(given[0][0], []).append(Part("sign", "("))
        behind.setdefault(given[0][-1], []).append(Part("sign", f")+{_HAIR}"))
    if not before:
        return pieces
    return [
        piece
        for index, part in enumerate(pieces)
        for piece in (*before.get(index, ()), part, *behind.get(index, ()))
    ]


def _is_wide(part: Part) -> bool:
    """Whether a part of an argument stands for several values, or may do so."""
    if part.kind != "ref":
        return part.text in ("{", ":", "#")
    found = located(part.text)
    return found is None or found[1].cells > 1
