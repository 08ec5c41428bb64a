"""Tables as people leave them: what a query answers is what a person would read off the sheet.

Each case is a sheet, a query, and the rows that plain Python or SQLite gave for it; each is asked
in the workbook as it is, and again after it was saved and opened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book
from tests.bench import new_book, run

D = dt.date
LONG = "A very long header that goes on and on, about the amount of money spent " * 3


@dataclass
class Case:
    """A sheet and what is asked.

    :param rows: of cells from A1 on; None is blank
    :param more: what else is done to the sheet
    """

    rows: list[list[Any]]
    sql: str
    answer: list[list[Any]]
    more: Callable[[Worksheet], object] = field(default=lambda sheet: None)


def merged(*areas: str) -> Callable[[Worksheet], object]:
    return lambda sheet: [sheet.merge_cells(area) for area in areas]


def formatted(area: str, code: str) -> Callable[[Worksheet], object]:
    def put(sheet: Worksheet) -> None:
        for row in sheet[area]:
            for cell in row:
                cell.number_format = code

    return put


def table(ref: str, name: str = "Costs") -> Callable[[Worksheet], object]:
    return lambda sheet: sheet.add_table(Table(displayName=name, ref=ref))


def hidden(*rows: int) -> Callable[[Worksheet], object]:
    def hide(sheet: Worksheet) -> None:
        for row in rows:
            sheet.row_dimensions[row].hidden = True

    return hide


def filtered(sheet: Worksheet) -> None:
    sheet.auto_filter.ref = "A1:B4"
    sheet.auto_filter.add_filter_column(0, ["a"])
    sheet.row_dimensions[3].hidden = True


AB: list[list[Any]] = [["Item", "Cost"], ["a", 1], ["b", 2], ["c", 4]]
SUM = "SELECT sum(cost) FROM data"
PAID: list[list[Any]] = [["Who", "Pay"], ["x", 9], ["y", 8], ["z", 7]]
HALF_PAST, HOUR_LATER = dt.datetime(2026, 1, 31, 23, 30), dt.datetime(2026, 2, 1, 0, 30)
CASES: dict[str, Case] = {
    # Where the headers are
    "title above": Case([["Costs of 2026"], *AB], SUM, [[7]]),
    "title and a blank row above": Case([["Costs"], [None], *AB], SUM, [[7]]),
    "title, date and source above": Case(
        [["Costs"], ["As of", D(2026, 1, 31)], ["Source: us"], [None], *AB], SUM, [[7]]
    ),
    "title over a wide table": Case(
        [["Costs"], ["Item", "Cost", "Tax", "Note"], ["a", 1, 2, "x"], ["b", 3, 4, "y"]],
        "SELECT sum(cost + tax) FROM data",
        [[10]],
    ),
    "in the middle of the sheet": Case(
        [[], [], *[[None, None, None, *row] for row in AB]], SUM, [[7]]
    ),
    "merged title": Case([["Costs", None], *AB], SUM, [[7]], merged("A1:B1")),
    "merged headings of two rows": Case(
        [[None, "2025", None, "2026", None], ["Item", "Q1", "Q2", "Q1", "Q2"],
         ["a", 1, 2, 3, 4], ["b", 5, 6, 7, 8]],
        "SELECT sum(_2025_q2), sum(_2026_q1) FROM data",
        [[8, 10]],
        merged("B1:C1", "D1:E1"),
    ),
    "years as headers": Case(
        [["Item", 2024, 2025], ["a", 1.5, 2], ["b", 3, 4]],
        "SELECT sum(_2024), sum(_2025) FROM data",
        [[4.5, 6]],
    ),
    "dates as headers": Case(
        [["Item", D(2026, 1, 1), D(2026, 2, 1)], ["a", 1, 2], ["b", 3, 4]],
        'SELECT sum("2026-02-01") FROM data',
        [[6]],
    ),
    "no headers": Case([[1, 10], [2, 20], [3, 30]], "SELECT sum(a), sum(b) FROM data", [[6, 60]]),
    "headers alone": Case([["Item", "Cost"]], "SELECT count(*) FROM data", [[0]]),
    "one column": Case([["Cost"], [1], [2], [5]], SUM, [[8]]),
    "one row": Case([["Item", "Cost"], ["a", 3]], SUM, [[3]]),
    # What the headers are
    "duplicate headers": Case(
        [["Cost", "Cost", "Item"], [1, 10, "a"], [2, 20, "b"]],
        "SELECT sum(cost), sum(cost_2) FROM data",
        [[3, 30]],
    ),
    "headers alike but for case and signs": Case(
        [["Net (EUR)", "net eur", "Item"], [1, 10, "a"], [2, 20, "b"]],
        "SELECT sum(net_eur), sum(net_eur_2) FROM data",
        [[3, 30]],
    ),
    "a blank header": Case(
        [["Item", None, "Cost"], ["a", 7, 1], ["b", 8, 2]], "SELECT sum(b), sum(cost) FROM data",
        [[15, 3]],
    ),
    "a blank header beside a column of that letter": Case(
        [["B", None, "Cost"], ["a", 7, 1], ["b", 8, 2]], "SELECT sum(b_2), min(b) FROM data",
        [[15, "a"]],
    ),
    "a very long header": Case(
        [["Item", LONG], ["a", 1], ["b", 2]],
        f'SELECT sum("{LONG.strip()}") FROM data',
        [[3]],
    ),
    "two very long headers": Case(
        [["Item", LONG, LONG + "!"], ["a", 1, 10], ["b", 2, 20]],
        f'SELECT sum("{LONG}!") FROM data',
        [[30]],
    ),
    "unicode headers": Case(
        [["Straße", "Größe in m²", "価格"], ["x", 1, 100], ["y", 2, 200]],
        'SELECT sum("größe in m²"), sum(価格) FROM data',
        [[3, 300]],
    ),
    "emoji headers": Case(
        [["Item 🍎", "💰"], ["x", 1], ["y", 2]], 'SELECT count(item), sum("💰") FROM data', [[2, 3]]
    ),
    "headers of two lines": Case(
        [["Item", "Cost\n(net)"], ["a", 1], ["b", 2]], "SELECT sum(cost_net) FROM data", [[3]]
    ),
    "reserved words": Case(
        [["Order", "Group", "Select"], [1, "x", 2], [3, "x", 4]],
        "SELECT group_, sum(order_ * select_) FROM data GROUP BY group_",
        [["x", 14]],
    ),
    "quotes and semicolons": Case(
        [['Say "hi"; --', "Cost"], ["a'b", 1], ['c"d', 2]],
        "SELECT say_hi FROM data WHERE say_hi = 'a''b'",
        [["a'b"]],
    ),
    "headers of signs": Case(
        [["#", "%", "€"], [1, 0.5, 9], [2, 0.25, 8]],
        "SELECT sum(number), sum(percent), sum(eur) FROM data",
        [[3, 0.75, 17]],
    ),
    "spaces around headers": Case(
        [["  Item ", " Cost  (net) "], ["a", 1]], "SELECT sum(cost_net) FROM data", [[1]]
    ),
    # How far it goes
    "totals row": Case([*AB, ["Total", 7]], SUM, [[7]]),
    "totals row of a formula": Case([*AB, ["Total", "=SUM(B2:B4)"]], SUM, [[7]]),
    "totals row in German": Case([*AB, ["Summe:", 7]], SUM, [[7]]),
    "totals row after a blank row": Case([*AB, [None], ["Total", 7]], SUM, [[7]]),
    "an item called Total within": Case(
        [["Item", "Cost"], ["Total", 1], ["b", 2]], SUM, [[3]]
    ),
    "a blank row within": Case([*AB[:3], [None], *AB[3:]], SUM, [[7]]),
    "two tables beside each other": Case(
        [[*row, None, *other] for row, other in zip(AB, PAID, strict=True)],
        "SELECT (SELECT sum(cost) FROM data), (SELECT sum(pay) FROM data_2)",
        [[7, 24]],
    ),
    "two tables under each other": Case(
        [*AB, [None], [None], [None], ["Who", "Pay"], ["x", 9], ["y", 8]],
        "SELECT (SELECT sum(cost) FROM data), (SELECT sum(pay) FROM data_2)",
        [[7, 17]],
    ),
    "a second table right under a blank row": Case(
        [*AB, [None], ["Who", "Pay"], ["x", 9], ["y", 8]],
        "SELECT (SELECT sum(cost) FROM data), (SELECT sum(pay) FROM data_2)",
        [[7, 17]],
    ),
    "a note beside the table": Case(
        [["Item", "Cost", None, "Checked by Eva"], ["a", 1], ["b", 2]], SUM, [[3]]
    ),
    "a note under the table": Case([*AB, [None], ["Prices without tax"]], SUM, [[7]]),
    "a native table": Case(AB, "SELECT sum(cost) FROM costs", [[7]], table("A1:B4")),
    "a native table by its sheet's name": Case(AB, SUM, [[7]], table("A1:B4")),
    "a native table beside loose cells": Case(
        [[*row, None, *other] for row, other in zip(AB, PAID, strict=True)],
        "SELECT (SELECT sum(cost) FROM costs), (SELECT sum(pay) FROM data)",
        [[7, 24]],
        table("A1:B4"),
    ),
    "hidden rows count": Case(AB, SUM, [[7]], hidden(3)),
    "filtered rows count": Case(AB, SUM, [[7]], filtered),
    # What the values are
    "numbers as text": Case([["Item", "Cost"], ["a", "1"], ["b", "2.5"]], SUM, [[3.5]]),
    "German amounts": Case(
        [["Item", "Cost"], ["a", "1.234,50 EUR"], ["b", "-0,50 EUR"]], SUM, [[1234]]
    ),
    "dollars": Case([["Item", "Cost"], ["a", "$1,234.50"], ["b", "-$0.50"]], SUM, [[1234]]),
    "amounts of two currencies stay text": Case(
        [["Item", "Cost"], ["a", "1,00 EUR"], ["b", "2,00 USD"]],
        "SELECT cost FROM data ORDER BY 1",
        [["1,00 EUR"], ["2,00 USD"]],
    ),
    "percent in texts": Case([["Item", "Share"], ["a", "40%"], ["b", "2.5 %"]],
                             "SELECT sum(share) FROM data", [[0.425]]),
    "percent cells": Case(
        [["Item", "Share"], ["a", 0.4], ["b", 0.25]], "SELECT sum(share) FROM data", [[0.65]],
        formatted("B2:B3", "0%"),
    ),
    "leading zeros": Case(
        [["Code", "Cost"], ["007", 1], ["010", 2]], "SELECT min(code) FROM data", [["007"]]
    ),
    "long numbers as text": Case(
        [["Card", "Cost"], ["1234567890123456789", 1], ["1234567890123456788", 2]],
        "SELECT max(card) FROM data",
        [["1234567890123456789"]],
    ),
    "dates": Case(
        [["Day", "Cost"], [D(2026, 1, 31), 1], [D(2026, 2, 1), 2]],
        "SELECT max(day) - min(day), min(day) FROM data",
        [[1, "2026-01-31"]],
    ),
    "dates and texts of dates": Case(
        [["Day", "Cost"], [D(2026, 1, 31), 1], ["2026-02-01", 2], ["2026-02-03", 2]],
        "SELECT max(day) FROM data",
        [["2026-02-03"]],
    ),
    "days first, as one of them proves": Case(
        [["Day", "Cost"], ["31/01/2026", 1], ["01/02/2026", 2]], "SELECT max(day) FROM data",
        [["2026-02-01"]],
    ),
    "days or months first stay text": Case(
        [["Day", "Cost"], ["01/02/2026", 1], ["03/04/2026", 2]], "SELECT min(day) FROM data",
        [["01/02/2026"]],
    ),
    "moments": Case(
        [["At", "Cost"], [HALF_PAST, 1], [HOUR_LATER, 2]],
        "SELECT hour(min(at_)), date_diff('minute', min(at_), max(at_)) FROM data",
        [[23, 60]],
    ),
    "times": Case(
        [["At", "Cost"], [dt.time(8, 30), 1], [dt.time(9), 2]], "SELECT min(at_) FROM data",
        [["08:30:00"]],
    ),
    "durations": Case(
        [["Took", "Cost"], [dt.timedelta(hours=30), 1], [dt.timedelta(hours=2), 2]],
        "SELECT sum(epoch(took)) FROM data",
        [[115200]],
    ),
    "booleans": Case(
        [["Paid", "Cost"], [True, 1], [False, 2], [True, 4]],
        "SELECT sum(cost) FROM data WHERE paid",
        [[5]],
    ),
    "booleans as text": Case(
        [["Paid", "Cost"], ["TRUE", 1], ["false", 2]],
        "SELECT sum(cost) FROM data WHERE paid",
        [[1]],
    ),
    "errors": Case(
        [["Item", "Cost"], ["a", 1], ["b", "#N/A"], ["c", 2]],
        "SELECT sum(cost), count(cost), count(*) FROM data",
        [[3, 2, 3]],
    ),
    "errors of formulas": Case(
        [["Item", "Cost"], ["a", 1], ["b", "=1/0"], ["c", 2]],
        "SELECT sum(cost), count(cost), count(*) FROM data",
        [[3, 2, 3]],
    ),
    "blanks": Case(
        [["Item", "Cost"], ["a", None], [None, 2], ["c", 3]],
        "SELECT sum(cost), count(cost), count(item) FROM data",
        [[5, 2, 2]],
    ),
    "placeholders among numbers": Case(
        [["Item", "Cost"], ["a", 1], ["b", "n/a"], ["c", 2], ["d", "-"], ["e", 5], ["f", 6]],
        "SELECT sum(cost), count(cost) FROM data",
        [[14, 4]],
    ),
    "formulas that were not calculated": Case(
        [["Item", "Cost", "Twice"], ["a", 1, "=B2*2"], ["b", 2, "=B3*2"]],
        "SELECT sum(twice) FROM data",
        [[6]],
    ),
    "formulas of texts and dates": Case(
        [["Item", "Day"], ["a", "=DATE(2026,1,31)"], ["b", "=DATE(2026,2,1)"]],
        "SELECT max(day) FROM data",
        [["2026-02-01"]],
        formatted("B2:B3", "yyyy-mm-dd"),
    ),
    "formulas that give blank texts": Case(
        [["Item", "Cost"], ["a", 1], ["b", '=IF(1=1,"",5)'], ["c", 2]],
        "SELECT sum(cost), count(cost) FROM data",
        [[3, 2]],
    ),
    "a mix of numbers and texts": Case(
        [["Item", "What"], ["a", 1], ["b", "two"], ["c", 3], ["d", "four"]],
        "SELECT string_agg(what, ',' ORDER BY item) FROM data",
        [["1,two,3,four"]],
    ),
    "big numbers": Case(
        [["Item", "Cost"], ["a", 1e15], ["b", 1e300]], "SELECT max(cost) FROM data", [[1e300]]
    ),
    "numbers below zero": Case(
        [["Item", "Cost"], ["a", -1.5], ["b", 0.25]], SUM, [[-1.25]], formatted("B2:B3", "#,##0.00")
    ),
    "texts with spaces": Case(
        [["Item", "Cost"], [" a ", 1], ["a", 2]],
        "SELECT count(DISTINCT trim(item)) FROM data",
        [[1]],
    ),
    "merged cells within": Case(
        [["Item", "Cost"], ["a", 1], [None, 2], ["b", 3]], SUM, [[6]], merged("A2:A3")
    ),
}  # fmt: skip


def a_book(folder: Path, case: Case) -> Book:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = "Data"
    for row in case.rows:
        sheet.append(row)
    case.more(sheet)
    made.save(folder / "nasty.xlsx")
    return Book.load(folder / "nasty.xlsx", "nasty.xlsx")


@pytest.mark.parametrize("name", CASES)
def test_a_nasty_table_is_read_as_a_person_reads_it(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    book = a_book(tmp_path, case)
    assert run(book, "query_excel_data", sql=case.sql).result["rows"] == case.answer
    assert run(book, "describe_excel_file").result["sheets"][0]["name"] == "Data"
    book.save(tmp_path / "saved.xlsx")
    book = Book.load(tmp_path / "saved.xlsx", "saved.xlsx")
    assert run(book, "query_excel_data", sql=case.sql).result["rows"] == case.answer


@pytest.mark.parametrize("kind", ["made", "opened"])
def test_what_was_changed_a_moment_ago_is_answered(tmp_path: Path, kind: str) -> None:
    book = new_book(headers=AB[0], rows=AB[1:])
    if kind == "opened":
        book.save(tmp_path / "kept.xlsx")
        book = Book.load(tmp_path / "kept.xlsx", "kept.xlsx")

    def total() -> Any:
        return run(book, "query_excel_data", sql="SELECT sum(cost), count(*) FROM sheet1").result[
            "rows"
        ][0]

    assert total() == [7, 3]
    run(book, "write_excel_range", start="B2", rows=[[10]])
    assert total() == [16, 3]
    run(book, "write_excel_range", start="A5", rows=[["d", "=B2*2"]])
    assert total() == [36, 4]
    run(book, "write_excel_range", start="B2", rows=[[None]])
    assert total() == [6, 4]
    run(book, "edit_excel_sheet", action="delete_rows", target="3")
    assert total() == [4, 3]
