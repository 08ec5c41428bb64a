"""Calculators are given what formulas read, and no less."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.book import Book
from service.workbook.calculation import problem
from service.workbook.calculation.reads import _Wide
from service.workbook.calculation.results import Address
from tests.bench import new_book, run

_rows = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(sorted)
_areas = st.builds(lambda r, c: Area(r[0], c[0], r[1], c[1]), _rows, _rows)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(_areas, max_size=30))
def test_an_area_holds_the_same_cells_column_by_column(areas: list[Area]) -> None:
    wide = _Wide(areas)
    for row in range(1, 42, 3):
        for column in range(1, 42, 2):
            assert wide.holds(row, column) == any(area.holds(row, column) for area in areas)


def test_whole_rows_and_columns_hold_their_cells() -> None:
    wide = _Wide([Area(3, 1, 3, MAX_COLUMN), Area(1, 5, MAX_ROW, 5)])
    assert wide.holds(3, 9000)
    assert wide.holds(500_000, 5)
    assert not wide.holds(4, 6)
    assert not _Wide([]).holds(1, 1)


_FORMULAS = [
    "=B2*C2", "=SUM(B2:B200)", "=SUM(B:B)", "=SUM(2:2)", "=VLOOKUP(7,A1:C200,3,FALSE)",
    "=SUMIFS(C2:C200,B2:B200,\">20\")", "=INDEX(A:C,5,2)", "=LOOKUP(9,A2:A200,C2:C200)",
    "=COUNTBLANK(A1:C300)", "=ROWS(A:C)", "=SUM(Rates)", "=MAX(B2:C200)-MIN(B2:C200)",
    "=SUMPRODUCT(B2:B200,C2:C200)", "=IFERROR(MATCH(3,A1:A200,0),0)", '=COUNTIF(A1:C200,"<>")',
    "=SORT(B2:B5)", "=XLOOKUP(9,A2:A200,C2:C200)", "=E2+1", "=SUBTOTAL(9,C2:C200)",
]  # fmt: skip


@pytest.mark.parametrize("more", [[], ['=INDIRECT("B"&5)', "=OFFSET(A1,4,1)"]], ids=["", "any"])
def test_the_values_are_those_of_the_whole_workbook(
    more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a formula may read any cell, all are given; else those that the others name."""
    rows = [[number, number * 7 % 50, number / 4 if number % 5 else None] for number in range(199)]
    book = new_book(headers=["A", "B", "C"], rows=rows)
    run(book, "annotate_excel_cells", action="name", name="Rates", range="B2:C9")
    for number, formula in enumerate(_FORMULAS + more):
        run(book, "write_excel_range", start=f"E{2 + 10 * number}", rows=[[formula]])
    few = _told(book)
    round_ = book.calculation._round
    assert round_ is not None
    assert (round_.problem.reads is None) is bool(more)
    monkeypatch.setattr(problem, "_FEW_FORMULAS", 0)
    book.calculation.changed()
    assert few == _told(book)
    assert len(few) >= len(_FORMULAS)
    assert not [at for at, (_, unknown) in few.items() if unknown]


def _told(book: Book) -> dict[Address, tuple[object, str]]:
    return {at: (computed.value, computed.unknown) for at, computed in book.values.items()}
