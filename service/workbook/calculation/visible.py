"""SUBTOTAL of the rows that show: calculators are not told which those are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.workbook.areas import Area
from service.workbook.calculation.stretching import arguments, only_range
from service.workbook.calculation.syntax import Part, function, reference

# Codes that leave out all rows that are hidden; 1 to 11 leave out only what a filter hides.
_SHOWN_ONLY = frozenset(map(str, range(101, 112)))
_MOST_RANGES = 250  # Excel takes 254


def shown_only(pieces: list[Part], title: str, hidden: Mapping[str, frozenset[int]]) -> list[Part]:
    """The parts with the ranges of such totals made ranges of visible rows.

    ``SUBTOTAL(109,A1:A9)`` becomes ``SUBTOTAL(109,A1:A3,A5:A9)`` where row 4 is hidden. What
    is not that plain stays as it is.

    :param title: sheet that the formula stands on
    :param hidden: numbers of hidden rows by sheet, in lower case
    """
    out: list[Part] = []
    done = 0
    for start, part in enumerate(pieces):
        if part.kind != "call" or function(part.text) != "SUBTOTAL":
            continue
        places = arguments(pieces, start + 1)
        code = "".join(pieces[index].text for index in places[0])
        ranges = [only_range(pieces, one) for one in places[1:]]
        if code not in _SHOWN_ONLY or not ranges or None in ranges:
            continue
        shown: list[str] = []
        for found in ranges:
            if found is not None:
                sheet, area = found[1]
                rows = hidden.get((sheet or title).lower(), frozenset())
                shown += [reference(sheet, run) for run in _runs(area, rows)]
        if not 1 <= len(shown) <= _MOST_RANGES:
            continue
        first, last = places[1][0], places[-1][-1]
        out += [*pieces[done:first], Part("ref", shown[0])]
        for text in shown[1:]:
            out += [Part("sign", ","), Part("ref", text)]
        done = last + 1
    return [*out, *pieces[done:]]


def _runs(area: Area, hidden: frozenset[int]) -> Iterator[Area]:
    """The stretches of an area's rows that show."""
    start = area.first_row
    for row in sorted(row for row in hidden if area.first_row <= row <= area.last_row):
        if row > start:
            yield Area(start, area.first_column, row - 1, area.last_column)
        start = row + 1
    if start <= area.last_row:
        yield Area(start, area.first_column, area.last_row, area.last_column)
