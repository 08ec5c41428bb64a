"""CSV of hundreds of thousands of cells: the rows become bytes, and nothing else is different."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from service.workbook.book import Book
from service.workbook.cells import shown
from service.workbook.keeping.loader import LAZY_FROM
from service.workbook.occupancy import is_lazy
from tests.bench import new_book, run

ROWS = 32_000
HEADERS = [
    "Nr", "Day", "At", "Text", "Lines", "Code", "Cost", "Share", "Paid", "Open", "Some", "None",
]  # fmt: skip
TEXTS = ["plain", " spaced ", "<&>", "=1+1", "ä 😀", "_x0041_", "tab\there", "'quoted'"]


def row(number: int) -> list[str]:
    return [
        str(number), f"2026-0{number % 9 + 1}-15", f"2026-01-31 1{number % 10}:30",
        TEXTS[number % len(TEXTS)], f"one\ntwo {number % 5}", f"00{number % 50}",
        f"{number % 700},{number % 100:02}", f"{number % 100}%", f"{number % 9},50 €",
        ["true", "false"][number % 2], str(number) if number % 3 else "", "",
    ]  # fmt: skip


def csv_of(rows: int) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([HEADERS, *map(row, range(rows))])
    return out.getvalue()


def looks(sheet: Worksheet, number: int) -> list[tuple[object, str, object]]:
    return [(shown(c.value), c.number_format, bool(c.alignment.wrap_text)) for c in sheet[number]]


def test_a_very_large_csv_is_as_one_that_is_not(tmp_path: Path) -> None:
    assert ROWS * (len(HEADERS) - 2) > LAZY_FROM
    text = csv_of(ROWS)
    large, other = Book.blank("large.xlsx"), new_book(headers=["x"], rows=[[1]])
    answers = [run(book, "import_csv_to_excel", source=text) for book in (large, other)]
    assert answers[0].result == answers[1].result
    mine, theirs = large.sheet("Data"), other.sheet("Data")
    assert is_lazy(mine)
    assert not is_lazy(theirs)
    assert large.used_area(mine) == other.used_area(theirs)
    assert large.cell_count() == other.cell_count() - 2
    for number in (1, 2, 501, 502, 503, 20_500, 20_502, ROWS + 1):
        assert looks(mine, number) == looks(theirs, number)
    assert mine.auto_filter.ref == theirs.auto_filter.ref
    assert mine.freeze_panes == theirs.freeze_panes
    widths = [{k: d.width for k, d in s.column_dimensions.items()} for s in (mine, theirs)]
    assert widths[0] == widths[1]
    large.save(tmp_path / "large.xlsx")
    other.save(tmp_path / "other.xlsx")
    read = [
        CalamineWorkbook.from_path(str(tmp_path / f"{name}.xlsx")).get_sheet_by_name("Data")
        for name in ("large", "other")
    ]
    assert read[0].to_python() == read[1].to_python()


def test_it_can_be_changed_saved_and_opened_again(tmp_path: Path) -> None:
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", source=csv_of(ROWS))
    run(book, "write_excel_range", start="C20000", rows=[["changed"]])
    run(book, "write_excel_range", start="N1", rows=[["=SUM(A2:A32001)"]])
    book.save(tmp_path / "again.xlsx")
    again = Book.load(tmp_path / "again.xlsx", "again.xlsx")
    sheet = again.sheet()
    assert [sheet["C20000"].value, sheet["A20001"].value] == ["changed", 19_999]
    assert again.value(sheet["N1"]) == sum(range(ROWS))
    assert run(again, "query_excel_data", sql="SELECT count(*) FROM data").result["rows"] == [
        [ROWS]
    ]
