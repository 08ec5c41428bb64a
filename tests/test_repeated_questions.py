"""Calculators are asked again only where something else would be asked."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from openpyxl.worksheet.table import Table

from service.observing import tally
from service.workbook.book import Book
from service.workbook.calculation.results import Address, Computed
from tests.bench import new_book, run


def book_with_formulas() -> Book:
    """Numbers in A1:B6 of S, formulas in D1:D7, a table at F1:G4, another sheet."""
    book = new_book(sheets=[{"name": "S"}, {"name": "Other"}])
    with book.changing():
        sheet = book.xl["S"]
        for row in range(1, 7):
            sheet[f"A{row}"], sheet[f"B{row}"] = row, row * 1.5
        for row, line in enumerate([["Name", "Units"], ["x", 1], ["y", 2], ["z", 3]], start=1):
            sheet[f"F{row}"], sheet[f"G{row}"] = line
        sheet.add_table(Table(displayName="Sold", ref="F1:G4"))
        book.xl["Other"]["A1"] = 5
        formulas = [
            "=A1+B1", "=SUM(A1:A6)", "=SUBTOTAL(109,A1:A6)", "=D1*Other!A1",
            "=IF(ISNUMBER(A2),1,0)", "=SUM(Sold[Units])", '=IFERROR(A3/A4,"none")',
        ]  # fmt: skip
        for row, formula in enumerate(formulas, start=1):
            sheet[f"D{row}"] = formula
    return book


def asked(book: Book) -> tuple[dict[Address, Computed], int]:
    """The values, and the questions to the second calculator that took."""
    tally.taken(0)
    values = dict(book.values)
    counts = tally.taken(0).counts
    return values, int(sum(n for (what, _), n in counts.items() if what == tally.SECOND))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("format_excel_cells", {"range": "A1:D6", "style": {"bold": True, "fill": "#FFEEAA"}}),
        ("write_excel_range", {"start": "J20", "rows": [["far", 1], ["away", 2]]}),
        ("create_excel_chart", {"chart_type": "column", "data_range": "A1:B6", "position": "L2"}),
    ],
)
def test_what_no_formula_reads_asks_nobody(name: str, parameters: dict[str, object]) -> None:
    book = book_with_formulas()
    before, first = asked(book)
    assert first == 1
    run(book, name, sheet="S", **parameters)
    after, again = asked(book)
    assert (after, again) == (before, 0)


def set_to(name: str, value: object, sheet: str = "S") -> Callable[[Book], None]:
    def change(book: Book) -> None:
        with book.changing():
            book.xl[sheet][name] = value

    return change


def hide(row: int) -> Callable[[Book], None]:
    def change(book: Book) -> None:
        with book.changing():
            book.xl["S"].row_dimensions[row].hidden = True

    return change


@pytest.mark.parametrize(
    ("change", "cell", "value"),
    [
        (set_to("A1", 10), "D1", 11.5),
        (set_to("A2", "2"), "D5", 0),
        (set_to("A1", True), "D2", 20),
        (set_to("A1", "=B6"), "D2", 29),
        (set_to("D2", "=SUM(A1:A5)"), "D2", 15),
        (set_to("A1", 7, "Other"), "D4", 17.5),
        (set_to("G4", 30), "D6", 33),
        (set_to("A4", 0), "D7", "none"),
        (hide(6), "D3", 15),
    ],
)
def test_what_a_formula_reads_is_asked_anew(
    change: Callable[[Book], None], cell: str, value: object
) -> None:
    book = book_with_formulas()
    asked(book)
    change(book)
    values, again = asked(book)
    assert again == 1
    assert values["S", int(cell[1:]), 4] == Computed(value)


def test_a_formula_that_moves_by_itself_is_always_asked() -> None:
    book = book_with_formulas()
    set_to("D8", "=RAND()")(book)
    asked(book)
    run(book, "format_excel_cells", sheet="S", range="A1", style={"bold": True})
    assert asked(book)[1] == 1


def test_an_array_that_spills_finds_what_comes_into_its_way() -> None:
    book = book_with_formulas()
    run(book, "write_excel_range", sheet="S", start="I1", rows=[["=SORT(A1:A6,1,-1)"]])
    assert asked(book)[0]["S", 1, 9] == Computed(6, fills=asked(book)[0]["S", 1, 9].fills)
    set_to("I3", "in the way")(book)
    assert asked(book)[0]["S", 1, 9].value == "#SPILL!"


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_one_who_is_asked_everything(seed: int) -> None:
    chance = random.Random(seed)
    book = book_with_formulas()
    for step in range(12):
        cell = f"{chance.choice('AABBD')}{chance.randint(1, 7)}"
        value = chance.choice([1, True, "1", None, 2.5, "=A1", "=B2&A3", "#N/A", 0])
        chance.choice(
            [set_to(cell, value), set_to(cell, value), hide(chance.randint(2, 5)),
             set_to("A1", step, "Other"), set_to("K9", step)]
        )(book)  # fmt: skip
        anew = Book(book.xl, "anew.xlsx")
        assert dict(book.values) == dict(anew.values), f"after step {step}"
