"""Sparklines stand in cells, survive in a file, and are listed and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from lxml import etree

from service.errors import InvalidParameters, InvalidRange
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.chart_books import parts, reopened, saved
from tests.corpus import validity

X14 = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
XM = "{http://schemas.microsoft.com/office/excel/2006/main}"
HEADERS = ["Item", "Q1", "Q2", "Q3"]
ROWS = [["a", 1, 5, 2], ["b", 4, -3, 2]]


@pytest.fixture
def book() -> Book:
    return new_book(headers=HEADERS, rows=ROWS)


def add(book: Book, kind: str = "sparkline_line", **parameters: Any) -> dict[str, Any]:
    return dict(run(book, "create_excel_chart", chart_type=kind, **parameters).result)


def groups(path: Path, number: int = 1) -> list[etree._Element]:
    root = etree.fromstring(parts(path)[f"xl/worksheets/sheet{number}.xml"])
    return list(root.iter(f"{X14}sparklineGroup"))


def drawn(group: etree._Element) -> dict[str, str]:
    """Cell: data."""
    items = group.iter(f"{X14}sparkline")
    return {str(i.findtext(f"{XM}sqref")): str(i.findtext(f"{XM}f")) for i in items}


BY_ROWS = {"E2": "'Sheet1'!B2:D2", "E3": "'Sheet1'!B3:D3"}


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("sparkline_line", None),
        ("sparkline_column", "column"),
        ("sparkline_winloss", "stacked"),
    ],
)
def test_each_row_gets_a_sparkline(
    kind: str, type_: str | None, opened: bool, book: Book, tmp_path: Path
) -> None:
    book = reopened(book, tmp_path) if opened else book
    told = add(book, kind)
    assert told["sparklines"] == {"type": kind, "at": "E2:E3", "data": "'Sheet1'!B2:D3"}
    path = saved(book, tmp_path)
    [group] = groups(path)
    assert (group.get("type"), drawn(group)) == (type_, BY_ROWS)
    assert validity.problems(path) == []
    again = Book.load(path, "again.xlsx")
    run(again, "write_excel_range", start="A9", rows=[["more"]])
    [kept] = groups(saved(again, tmp_path, "again.xlsx"))
    assert drawn(kept) == BY_ROWS
    listed = run(again, "create_excel_chart", action="list").result["sparklines"]
    assert listed == [{**told["sparklines"], "sheet": "Sheet1"}]


def test_a_row_of_cells_gets_a_sparkline_for_each_column(book: Book, tmp_path: Path) -> None:
    add(book, data_range="A1:D3", position="B5:D5")
    [group] = groups(saved(book, tmp_path))
    assert drawn(group)["C5"] == "'Sheet1'!C2:C3"
    assert len(drawn(group)) == 3


def test_a_first_cell_is_enough(book: Book, tmp_path: Path) -> None:
    assert add(book, position="H2")["sparklines"]["at"] == "H2:H3"


def test_options_of_sparklines(book: Book, tmp_path: Path) -> None:
    options = {
        "colors": ["#112233", "red"],
        "markers": True,
        "highlight": ["high", "low"],
        "y_min": 0,
        "y_max": 9.5,
        "x_reverse": True,
    }
    add(book, options=options)
    [group] = groups(saved(book, tmp_path))
    wanted = {
        "markers": "1", "high": "1", "low": "1", "manualMin": "0.0", "manualMax": "9.5",
        "minAxisType": "custom", "maxAxisType": "custom", "rightToLeft": "1",
    }  # fmt: skip
    assert {name: group.get(name) for name in wanted} == wanted
    assert group.find(f"{X14}colorSeries").get("rgb") == "FF112233"
    assert group.find(f"{X14}colorHigh").get("rgb") == "FFFF0000"


def test_series_choose_the_columns(book: Book) -> None:
    told = add(book, options={"series": ["Q1", "Q2"]})
    assert told["sparklines"]["data"] == "'Sheet1'!B2:C3"


def test_sparklines_in_the_same_cells_are_replaced(book: Book, tmp_path: Path) -> None:
    add(book, position="F2:F3")
    add(book, "sparkline_column", position="F2:F3")
    [group] = groups(saved(book, tmp_path))
    assert group.get("type") == "column"


def test_sparklines_are_deleted_where_it_is_asked(book: Book, tmp_path: Path) -> None:
    add(book, position="F2:F3")
    for each in (reopened(book, tmp_path), book):
        parameters = {"chart_type": "sparkline_line", "action": "delete"}
        answer = run(each, "create_excel_chart", **parameters, position="F3")
        assert answer.result == {"deleted": "1 sparkline", "left": 1}
        [group] = groups(saved(each, tmp_path))
        assert list(drawn(group)) == ["F2"]
        with pytest.raises(InvalidParameters, match="F2"):
            run(each, "create_excel_chart", **parameters, position="A1")
        run(each, "create_excel_chart", **parameters)
        path = saved(each, tmp_path)
        assert groups(path) == []
        assert b"extLst" not in parts(path)["xl/worksheets/sheet1.xml"]


def test_sparklines_follow_rows_that_are_inserted(book: Book, tmp_path: Path) -> None:
    add(book)
    run(book, "edit_excel_sheet", action="insert_rows", target="2:2")
    [group] = groups(saved(book, tmp_path))
    found = {cell: text.replace("'", "") for cell, text in drawn(group).items()}
    assert found == {"E3": "Sheet1!B3:D3", "E4": "Sheet1!B4:D4"}


def test_sparklines_of_another_program_are_kept_as_they_are(tmp_path: Path) -> None:
    """Also where the file has other extensions, and after one of ours was added."""
    path = tmp_path / "other.xlsx"
    with xlsxwriter.Workbook(str(path)) as xl:
        sheet = xl.add_worksheet("Data")
        for row, values in enumerate([HEADERS, *ROWS]):
            sheet.write_row(row, 0, values)
        sheet.add_sparkline("F2", {"range": "Data!B2:D2", "weight": 3, "style": 5})
        sheet.conditional_format("B2:B3", {"type": "data_bar", "data_bar_2010": True})
    before = etree.tostring(groups(path)[0], method="c14n", exclusive=True)
    book = Book.load(path, "other.xlsx")
    assert len(run(book, "create_excel_chart", action="list").result["sparklines"]) == 1
    add(book, position="G2")
    out = saved(book, tmp_path)
    found = [etree.tostring(group, method="c14n", exclusive=True) for group in groups(out)]
    assert before in found
    assert len(found) == 2
    xml = parts(out)["xl/worksheets/sheet1.xml"]
    assert b"x14:dataBar" in xml
    run(book, "create_excel_chart", chart_type="sparkline_line", action="delete")
    assert b"x14:dataBar" in parts(saved(book, tmp_path))["xl/worksheets/sheet1.xml"]


def test_a_new_sheet_of_an_opened_file_can_have_sparklines(book: Book, tmp_path: Path) -> None:
    book = reopened(book, tmp_path)
    run(book, "edit_excel_sheet", action="add", sheet="View")
    add(book, sheet="View", data_range="Sheet1!A1:D3", position="B2:B3")
    [group] = groups(saved(book, tmp_path), 2)
    assert drawn(group) == {"B2": "'Sheet1'!B2:D2", "B3": "'Sheet1'!B3:D3"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"position": "F2:F9"}, "does not fit"),
        ({"position": "Other!F2"}, "Other"),
        ({"data_range": "A1:B3,D1:D3"}, "side by side"),
        ({"title": "No"}, "title"),
        ({"options": {"legend": "top"}}, "legend"),
        ({"action": "change", "options": {"colors": ["red"]}}, "can't be changed"),
        ({"action": "delete"}, "No sparklines"),
    ],
)
def test_what_sparklines_can_not_do_is_refused(
    parameters: dict[str, Any], message: str, book: Book, tmp_path: Path
) -> None:
    with pytest.raises((InvalidParameters, InvalidRange), match=message) as refusal:
        add(book, **parameters)
    assert refusal.value.hint
    assert groups(saved(book, tmp_path)) == []


def test_cells_with_values_under_sparklines_are_told(book: Book) -> None:
    told = add(book, position="A2:A3")
    assert told["notes"] == ["2 cells under them hold values, which show too."]
