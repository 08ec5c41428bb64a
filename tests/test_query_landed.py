"""What a query put on a sheet is the source of a chart and of a pivot table in the next call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from service.workbook.book import Book
from tests.bench import new_book, reopened, run

ROWS: list[list[Any]] = [
    ["North", "Tea", 10.5, 3], ["South", "Tea", 4, 1], ["North", "Milk", 7, 2],
    ["South", "Milk", 2.5, 9], ["North", "Tea", 1, 4],
]  # fmt: skip
HEADERS: list[Any] = ["Region", "Product", "Price", "Units"]
SQL = (
    "SELECT region, product, sum(price * units) AS value, sum(units) AS units"
    " FROM sheet1 GROUP BY ALL ORDER BY ALL"
)
CHART: dict[str, Any] = {"data_range": "Sold", "options": {"series": ["value"]}}
PIVOT: dict[str, Any] = {"source": "Sold", "rows": ["Region"], "values": ["value"]}
TOTALS = {"North": 49.5, "South": 26.5, "Total": 76}


def a_book(folder: Path, kind: str) -> Book:
    if kind == "new":
        return new_book(headers=HEADERS, rows=ROWS)
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = "Sheet1"
    for row in [HEADERS, *ROWS]:
        sheet.append(row)
    made.save(folder / "sent.xlsx")
    return Book.load(folder / "sent.xlsx", "sent.xlsx")


def by_calls(book: Book) -> None:
    run(book, "query_excel_data", sql=SQL, into="Result", options={"table": "Sold"})
    run(book, "create_excel_chart", **CHART)
    run(book, "create_excel_pivot", **PIVOT)


def by_steps(book: Book) -> None:
    landing = {"sql": SQL, "into": "Result", "options": {"table": "Sold"}}
    steps = [
        {"tool": "query_excel_data", "arguments": landing},
        {"tool": "create_excel_chart", "arguments": CHART},
        {"tool": "create_excel_pivot", "arguments": PIVOT},
    ]
    run(book, "run_excel_steps", steps=steps)


def totals(book: Book) -> dict[Any, Any]:
    pivots = run(book, "create_excel_pivot", action="list").result["pivots"]
    (found,) = pivots
    sheet = book.sheet(found["at"].partition("!")[0])
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    told = {row[0]: row[1] for row in rows if row[0] in ("North", "South")}
    total = next(row[1] for row in rows if "Total" in str(row[0]))
    return told | {"Total": total}


def points(book: Book) -> list[str]:
    (chart,) = book.sheet("Result")._charts
    (series,) = chart.series
    return [
        series.cat.strRef.f if series.cat.strRef else series.cat.multiLvlStrRef.f,
        series.val.numRef.f,
    ]


@pytest.mark.parametrize("way", [by_calls, by_steps])
@pytest.mark.parametrize("kind", ["new", "opened"])
def test_a_landed_result_is_charted_and_pivoted(tmp_path: Path, kind: str, way: Any) -> None:
    book = a_book(tmp_path, kind)
    way(book)
    for held in (book, reopened(book, tmp_path)):
        assert totals(held) == TOTALS
        where = points(held)
        assert where[-1] == "'Result'!$C$2:$C$5"
        table = held.sheet("Result").tables["Sold"]
        assert table.ref == "A1:D5"
        asked = run(held, "query_excel_data", sql="SELECT sum(value), sum(units) FROM sold")
        assert asked.result["rows"] == [[76, 19]]


def test_a_result_on_a_sheet_is_the_data_of_that_sheet() -> None:
    book = new_book(headers=HEADERS, rows=ROWS)
    run(book, "query_excel_data", sql=SQL, into="Result")
    run(book, "create_excel_chart", sheet="Result")
    run(book, "create_excel_pivot", sheet="Result", rows=["Product"], values=["units"])
    assert len(book.sheet("Result")._charts) == 1
    pivots = run(book, "create_excel_pivot", action="list").result["pivots"]
    assert len(pivots) == 1


@pytest.mark.parametrize(
    ("column", "number_format"),
    [
        ("share", "0.0%"),
        ("max(share) AS share", "0.0%"),
        ("count(*) AS share", "General"),
        ("avg(units) AS units", "#,##0.00"),
        ("sum(units) AS units", '0" pc"'),
        ("max(region) AS units", "General"),
    ],
)
def test_a_number_format_is_taken_over_by_the_same_kind_alone(
    column: str, number_format: str
) -> None:
    book = new_book(headers=["Region", "Share", "Units"], rows=[["a", 0.5, 1], ["b", 0.25, 2]])
    for where, code in (("B2:B3", "0.0%"), ("C2:C3", '0" pc"')):
        run(book, "format_excel_cells", range=where, style={"number_format": code})
    run(book, "query_excel_data", sql=f"SELECT {column} FROM sheet1", into="Result")
    assert book.sheet("Result")["A2"].number_format == number_format
