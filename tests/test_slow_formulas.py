"""A long calculation never holds up a change."""

from __future__ import annotations

import pytest

from service.workbook.book import Book
from tests.bench import new_book

ROWS = 4_000
FORMULA = f"=SUMPRODUCT((A$2:A${ROWS}>A2)*(B$2:B${ROWS}=B2)*SQRT(A$2:A${ROWS}))"


@pytest.fixture
def slow() -> Book:
    """A workbook whose formulas take much longer than any deadline used here."""
    rows = [[number, number % 7, FORMULA if number < 1_500 else None] for number in range(ROWS)]
    return new_book(headers=["Number", "Rest", "Sum"], rows=rows)


def test_values_come_in_time_or_not_at_all(slow: Book) -> None:
    assert not slow.calculated_within(0.05)


def test_values_that_were_not_ready_in_time_are_calculated_when_asked_for() -> None:
    book = new_book(headers=["A"], rows=[[1], ["=A2+1"]])
    book.xl.worksheets[0]["A2"] = 41
    assert book.calculated_within(30)
    assert [computed.value for computed in book.values.values()] == [42]
