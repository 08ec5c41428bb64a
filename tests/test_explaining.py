"""explain_excel_formula: what a formula does, why it fails, which input gives a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.errors import ExcelToolsError
from service.operations.wording import in_words
from service.workbook.book import Book
from service.workbook.calculation.expression import NotUnderstoodError, parsed
from tests.bench import new_book, run

SALES: list[list[Any]] = [
    ["Ann", 10, 2.5, "=B2*C2"],
    ["Bo", 4, 3, "=B3*C3"],
    ["Cy", 0, 5, "=B4*C4"],
    ["Sum", "=SUM(B2:B4)", None, "=SUM(D2:D4)"],
    ["Rate", 0.1, None, '=IF(D5>30,ROUND(D5*(1-B6),1),"low")'],
]


@pytest.fixture
def book() -> Book:
    return new_book(headers=["Name", "Pieces", "Price", "Total"], rows=SALES)


def ask(book: Book, action: str = "explain", **parameters: Any) -> dict[str, Any]:
    return run(book, "explain_excel_formula", action=action, **parameters).result


def test_a_formula_is_told_in_words_in_steps_and_with_its_neighbours(book: Book) -> None:
    told = ask(book, cell="D6")
    assert told["value"] == 33.3
    assert told["in_words"] == (
        "if D5 is greater than 30, then D5 times (1 minus B6) rounded to 1 decimals, "
        'otherwise "low"'
    )
    assert told["steps"] == [
        {"part": "D5>30", "value": True},
        {"part": "1-B6", "value": 0.9},
        {"part": "D5*(1-B6)", "value": 33.3},
        {"part": "ROUND(D5*(1-B6),1)", "value": 33.3},
        {"part": 'IF(D5>30,ROUND(D5*(1-B6),1),"low")', "value": 33.3},
    ]
    assert told["reads"][0] == {
        "at": "Sheet1!D5",
        "value": 37,
        "formula": "=SUM(D2:D4)",
        "label": "Total, Sum",
    }
    assert told["read_by"] == "no other formula"


def test_what_reads_a_cell_is_told_directly_and_by_the_way(book: Book) -> None:
    told = ask(book, cell="D2")
    assert told["read_by"] == "Sheet1!D5"
    assert told["reaches_formulas"] == 2
    assert [item["label"] for item in told["reads"]] == ["Pieces, Ann", "Price, Ann"]


def test_a_branch_that_does_not_count_is_left_out(book: Book) -> None:
    book.sheet()["E1"].value = "=IF(B4=0,1,C4/B4)"
    told = ask(book, cell="E1")
    assert [step["part"] for step in told["steps"]] == ["B4=0", "IF(B4=0,1,C4/B4)"]


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("=-A1%", "minus A1 percent"),
        ('=SUM(A1:A3,5)&"x"', 'the sum of A1:A3 and 5 followed by "x"'),
        ('=SUMIFS(A:A,B:B,">1")', 'the sum of A:A where B:B fits ">1"'),
        ("=VLOOKUP(A1,C:D,2,FALSE)", "look A1 up in the first column of C:D and take column 2"),
        ("=T[[#This Row],[Cost]]*T[@Tax]", "Cost of this row times Tax of this row"),
        ("=SUM(T[Cost])", "the sum of the column Cost of T"),
        ("=NOSUCH(1)", "NOSUCH of 1"),
        ("=IF(A1)", "IF of A1"),
    ],
)
def test_words(formula: str, words: str) -> None:
    assert in_words(parsed(formula)) == words


@pytest.mark.parametrize("formula", ["=", "=1+", "=(1", "={1,2}", "=SUM(1", "=" + "(" * 200])
def test_what_is_not_understood_is_not_guessed(formula: str) -> None:
    with pytest.raises(NotUnderstoodError):
        parsed(formula)


def test_the_first_cell_that_fails_is_found_on_all_ways(book: Book) -> None:
    sheet = book.sheet()
    sheet["E2"].value, sheet["E3"].value = "=C2/B4", "=E2+1"
    sheet["E4"].value, sheet["E5"].value = "=E3*2", "=B2"
    told = ask(book, "errors")
    assert told["errors"] == 3
    (cause,) = told["causes"]
    assert (cause["cell"], cause["value"], cause["formula"]) == ("Sheet1!E2", "#DIV/0!", "=C2/B4")
    assert cause["also_fails"] == "Sheet1!E3:E4"
    assert {"at": "Sheet1!B4", "value": 0, "label": "Pieces, Cy"} in cause["reads"]
    assert cause["hint"]
    assert ask(book, "errors", cell="E4")["causes"][0]["cell"] == "Sheet1!E2"
    assert ask(book, "errors", cell="E5") == {"errors": 0, "cell": "Sheet1!E5", "value": 10}


def test_an_error_that_stands_as_a_value_and_the_part_that_fails(book: Book) -> None:
    sheet = book.sheet()
    sheet["F1"].value, sheet["F2"].value = "#N/A", "=F1+1"
    sheet["F3"].value = '=IF(B2>1,VALUE("x")*2,0)'
    causes = {cause["cell"]: cause for cause in ask(book, "errors")["causes"]}
    assert "value" in causes["Sheet1!F1"]["hint"]
    assert causes["Sheet1!F1"]["also_fails"] == "Sheet1!F2"
    assert causes["Sheet1!F3"]["failing_part"] == 'VALUE("x")'


def test_a_circle_is_told_as_such(book: Book) -> None:
    sheet = book.sheet()
    sheet["F1"].value, sheet["F2"].value = "=F2", "=F1"
    told = ask(book, "errors")
    assert told["errors"] == 2
    assert any("refers to itself" in cause["cause"] for cause in told["causes"])


@pytest.mark.parametrize(
    ("cell", "changing", "target", "found"),
    [("D5", "B3", 100, 25), ("D6", "B6", 35.1, 0.05), ("D5", "C4", 37, 5), ("D2", "B2", 0, 0)],
)
def test_the_input_for_a_result_is_found_and_not_written(
    book: Book, cell: str, changing: str, target: float, found: float
) -> None:
    before = [[c.value for c in row] for row in book.sheet()["A1:D6"]]
    told = ask(book, "goal_seek", cell=cell, changing=changing, target=target)
    assert told["reached"]
    assert told["gives"] == pytest.approx(target, abs=0.06)
    if cell != "D6":  # rounded: many inputs give it
        assert told["found"] == pytest.approx(found)
    assert [[c.value for c in row] for row in book.sheet()["A1:D6"]] == before


def test_curves_are_sought_on_both_sides_and_what_can_not_be_is_told(book: Book) -> None:
    sheet = book.sheet()
    sheet["F1"].value, sheet["F2"].value, sheet["F3"].value = 3, "=F1^3-2*F1", "=F1^2+1"
    told = ask(book, "goal_seek", cell="F2", changing="F1", target=-56)
    assert told["found"] == -4
    told = ask(book, "goal_seek", cell="F3", changing="F1", target=0.5)
    assert not told["reached"]
    assert told["gives"] == pytest.approx(1, abs=0.1)
    assert told["trials"] <= 80


def test_what_reads_an_input_is_told(book: Book) -> None:
    """The question is as usual as the other: which results does this number change?"""
    assert ask(book, cell="B2") == {
        "cell": "Sheet1!B2",
        "value": 10,
        "label": "Pieces, Ann",
        "notes": ["It holds no formula: it is an input of others."],
        "read_by": "Sheet1!B5, D2",
        "reaches_formulas": 4,
    }


def test_totals_of_the_rows_that_show_have_words() -> None:
    words = in_words(parsed("=SUBTOTAL(109,Sales[Amount])"))
    assert words == "the sum of the column Amount of Sales (of the rows that show)"
    assert in_words(parsed("=SUBTOTAL(A1,B1:B9)")) == "SUBTOTAL of A1 and B1:B9"


@pytest.mark.parametrize(
    ("action", "parameters", "part"),
    [
        ("explain", {}, "cell is missing"),
        ("explain", {"cell": "A2"}, "no formula"),
        ("explain", {"cell": "D5", "target": 1}, "target has no effect"),
        ("explain", {"cell": "No!A1"}, 'No sheet "No"'),
        ("goal_seek", {"cell": "D5"}, "target is missing"),
        ("goal_seek", {"cell": "D5", "target": 1}, "changing is missing"),
        ("goal_seek", {"cell": "D5", "target": 1, "changing": "A2"}, "only a number"),
        ("goal_seek", {"cell": "D5", "target": 1, "changing": "D2"}, "only a number"),
        ("goal_seek", {"cell": "D2", "target": 1, "changing": "B3"}, "does not depend"),
        ("goal_seek", {"cell": "B2", "target": 1, "changing": "B3"}, "no formula"),
    ],
)
def test_what_can_not_be_told_is_refused(
    book: Book, action: str, parameters: dict[str, Any], part: str
) -> None:
    with pytest.raises(ExcelToolsError) as refused:
        ask(book, action, **parameters)
    assert part in refused.value.message
    assert refused.value.hint


def test_it_works_on_a_file_that_was_opened_with_its_values(book: Book, tmp_path: Path) -> None:
    book.save(tmp_path / "b.xlsx")
    opened = Book.load(tmp_path / "b.xlsx", "b.xlsx")
    assert ask(opened, cell="D6")["value"] == 33.3
    told = ask(opened, "goal_seek", cell="D5", changing="B3", target=100)
    assert told["found"] == 25


def test_what_was_found_is_written_by_the_next_step(book: Book) -> None:
    goal = {"action": "goal_seek", "cell": "D5", "changing": "B3", "target": 100}
    run(
        book,
        "run_excel_steps",
        steps=[
            {"tool": "explain_excel_formula", "arguments": goal, "name": "goal"},
            {"tool": "write_excel_range", "arguments": {"start": "B3", "rows": [["$goal.found"]]}},
        ],
    )
    assert book.sheet()["B3"].value == 25
