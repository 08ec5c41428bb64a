"""SUMIF and AVERAGEIF: the range that they add is as large as that of the criteria."""

from __future__ import annotations

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.calculation.syntax import Part, function, located, reference

_STRETCHING = frozenset({"SUMIF", "AVERAGEIF"})


def stretched(pieces: list[Part]) -> tuple[list[Part], bool]:
    """(the parts with such ranges at their full size, whether there are some of unknown size).

    ``SUMIF(A1:A9,1,C1)`` adds cells of C1:C9, and depends on all of them.
    """
    out, unknown = list(pieces), False
    for start, part in enumerate(pieces):
        if part.kind != "call" or function(part.text) not in _STRETCHING:
            continue
        given = arguments(pieces, start + 1)
        if len(given) < 3:
            continue
        tested, added = (only_range(pieces, given[index]) for index in (0, 2))
        if tested is None or added is None:
            unknown = True
            continue
        size, (sheet, place) = tested[1][1], added[1]
        last_row = min(place.first_row + size.rows - 1, MAX_ROW)
        last_column = min(place.first_column + size.columns - 1, MAX_COLUMN)
        area = Area(place.first_row, place.first_column, last_row, last_column)
        if area != place:
            out[added[0]] = Part("ref", reference(sheet, area))
    return out, unknown


def arguments(pieces: list[Part], start: int) -> list[list[int]]:
    """The positions of the parts of each argument of the call before ``start``."""
    found: list[list[int]] = [[]]
    depth = 0
    for index in range(start, len(pieces)):
        part = pieces[index]
        if part.kind == "call" or part.text in ("(", "{"):
            depth += 1
        elif part.text in (")", "}"):
            depth -= 1
            if depth < 0:
                break
        if depth == 0 and part.text == ",":
            found.append([])
        elif part.kind != "space":
            found[-1].append(index)
    return found


def only_range(pieces: list[Part], places: list[int]) -> tuple[int, tuple[str, Area]] | None:
    """(position, (sheet, area)) of an argument that is one range and nothing else."""
    if len(places) != 1 or pieces[places[0]].kind != "ref":
        return None
    found = located(pieces[places[0]].text)
    return None if found is None else (places[0], found)
