"""Cells by the name of a table, a part of it, a defined name, or the header of a column."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import ExcelToolsError
from service.workbook.book import Book
from tests.bench import new_book, run

BOLD = {"bold": True}


@pytest.fixture
def book() -> Book:
    """A table called as a column, with a row of totals, behind a sheet with notes."""
    sheets = [
        {"name": "Notes", "rows": [["Bring coffee"]]},
        {"name": "Data", "headers": ["Name", "Net [€]", "Qty"], "rows": [["B", 2, 1], ["A", 1, 5]]},
    ]
    book = new_book(sheets=sheets)
    totals = {"Net [€]": "sum"}
    run(book, "create_excel_table", sheet="Data", name="Tab", options={"totals": totals})
    run(book, "annotate_excel_cells", action="name", name="Rates", target="Tab[Net [€]]")
    return book


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Tab", "A1:C3"),
        ("tab[Net [€]]", "B2:B3"),
        ("Tab[Net '[€']]", "B2:B3"),
        ("Tab[#All]", "A1:C4"),
        ("Tab[[#Totals],[Qty]]", "C4"),
        ("Tab[[Net '[€']]:[Qty]]", "B2:C3"),
        ("Rates", "B2:B3"),
    ],
)
def test_tables_and_names_are_ranges(book: Book, text: str, area: str) -> None:
    """The sheet need not be named: the name says where the cells are."""
    answer = run(book, "read_excel_range", range=text)
    assert (answer.sheet, answer.result["range"]) == ("Data", area)


@pytest.mark.parametrize("text", ["Tab[Gross]", "Table9", "Tab[#This Row]"])
def test_what_names_nothing_is_refused(book: Book, text: str) -> None:
    with pytest.raises(ExcelToolsError):
        run(book, "read_excel_range", sheet="Data", range=text)
    with pytest.raises(ExcelToolsError, match="says"):
        run(book, "read_excel_range", sheet="Notes", range="Tab")


@pytest.mark.parametrize(
    ("tool", "given", "told", "area"),
    [
        (
            "format_excel_cells",
            {"range": "Tab[Qty]", "style": {"bold": True}},
            "formatted",
            "C2:C3",
        ),
        ("add_excel_rule", {"range": "Tab", "rule": "duplicates"}, "range", "A2:C3"),
        ("add_excel_rule", {"range": "Rates", "rule": "top", "value": 1}, "range", "B2:B3"),
        ("export_excel_file", {"range": "Tab[#Data]"}, "range", "A2:C3"),
        ("read_excel_range", {"range": "Qty", "sheet": "Data"}, "range", "C2:C3"),
        ("transform_excel_range", {"action": "sort", "range": "Tab"}, "sorted", "A2:C3"),
    ],
)
def test_every_tool_takes_them(
    book: Book, tool: str, given: dict[str, Any], told: str, area: str, tmp_path: Any
) -> None:
    more = {"options": {"by": "Qty"}} if given.get("action") == "sort" else {}
    answer = run(book, tool, folder=tmp_path, **given, **more).result
    assert answer.get("added", answer)[told] == area


def test_columns_are_laid_out_and_deleted_by_their_header(book: Book) -> None:
    """ "Qty" would be a column far on the right; letters of a column in use stay letters."""
    run(
        book, "edit_excel_sheet", action="layout", sheet="Data", target="Qty", options={"width": 30}
    )
    assert book.sheet("Data").column_dimensions["C"].width == 30
    done = run(book, "edit_excel_sheet", action="delete_columns", sheet="Data", target="Qty").result
    assert done["done"] == "deleted column C"
    done = run(book, "edit_excel_sheet", action="insert_columns", sheet="Data", target="A").result
    assert done["done"] == "inserted column A"
