"""edit_excel_sheet: what it does, what it tells, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, SheetNotFound
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.service_fixtures import Chat

ROWS = [[1, "=A2*2"], [2, "=A3*2"], [3, "=A4*2"], ["=SUM(A2:A4)", "=SUM(B2:B4)"]]


@pytest.fixture
def book() -> Book:
    """A sheet of numbers with formulas, and one that refers to it."""
    sheets: list[dict[str, Any]] = [
        {"name": "Data", "headers": ["n", "twice"], "rows": ROWS},
        {"name": "Sum", "headers": ["sum"], "rows": [["=SUM(Data!B2:B4)"], ["=Data!A3"]]},
    ]
    return new_book(sheets=sheets)


def edit(book: Book, action: str, **parameters: Any) -> dict[str, Any]:
    return run(book, "edit_excel_sheet", action=action, **parameters).result


def column(book: Book, sheet: str, letter: str) -> list[object]:
    return [cell.value for cell in book.sheet(sheet)[letter]]


def test_rows_are_inserted_and_formulas_on_all_sheets_follow(book: Book) -> None:
    told = edit(book, "insert_rows", sheet="Data", target="3", count=2)
    assert told["done"] == "inserted rows 3 to 4"
    assert told["adjusted"]["formulas"] == 6
    assert column(book, "Data", "A") == ["n", 1, None, None, 2, 3, "=SUM(A2:A6)"]
    assert column(book, "Sum", "A") == ["sum", "=SUM(Data!B2:B6)", "=Data!A5"]


def test_what_became_an_error_is_told_without_being_asked(book: Book) -> None:
    answer = run(book, "edit_excel_sheet", action="delete_rows", target="Data!3")
    assert answer.result["broken"] == [{"cell": "Sum!A3", "formula": "=#REF!"}]
    assert "undo_excel_change" in answer.next[0]


def test_long_lists_of_errors_are_cut() -> None:
    rows = [[n, f"=A{n}"] for n in range(2, 62)]
    book = new_book(headers=["n", "same"], rows=rows)
    told = edit(book, "delete_columns", target="A")
    assert len(told["broken"]) == 20
    assert told["more_broken"] == 40


@pytest.mark.parametrize(
    ("target", "count", "after"),
    [
        ("A", 0, ["twice"]),
        ("a:a", 0, ["twice"]),
        ("$B", 0, ["n"]),
        ("2", 0, ["n"]),
        (2, 0, ["n"]),
        ("Data!B:B", 0, ["n"]),
        ("A", 1, ["twice"]),
    ],
)
def test_columns_are_named_in_many_ways(
    book: Book, target: Any, count: int, after: list[str]
) -> None:
    edit(book, "delete_columns", sheet="Data", target=target, count=count)
    assert [cell.value for cell in book.sheet("Data")[1]] == after


@pytest.mark.parametrize("target", ["3:4", "4:3", "3-4", "$3:$4", " 3 : 4 "])
def test_rows_are_named_in_many_ways(book: Book, target: str) -> None:
    edit(book, "delete_rows", sheet="Data", target=target)
    assert column(book, "Data", "A") == ["n", 1, "=SUM(A2:A2)"]


def test_rows_and_columns_are_moved(book: Book) -> None:
    told = edit(book, "move_rows", sheet="Data", target="2", position="4")
    assert told["done"] == "moved row 2 in front of what was row 4"
    assert column(book, "Data", "A") == ["n", 2, 1, 3, "=SUM(A3:A4)"]
    edit(book, "move_columns", sheet="Data", target="B", position="A")
    assert column(book, "Data", "A") == ["twice", "=B2*2", "=B3*2", "=B4*2", "=SUM(A3:A4)"]


def test_cells_are_inserted_and_deleted(book: Book) -> None:
    edit(book, "insert_cells", sheet="Data", target="A3:A4")
    assert column(book, "Data", "A")[:6] == ["n", 1, None, None, 2, 3]
    edit(book, "delete_cells", sheet="Data", target="A3:A4", position="up")
    assert column(book, "Data", "A")[:4] == ["n", 1, 2, 3]
    edit(book, "insert_cells", sheet="Data", target="A2", position="right")
    assert book.sheet("Data")["B2"].value == 1


def test_sheets_are_added_renamed_moved_copied_and_deleted(book: Book) -> None:
    assert edit(book, "add", sheet="New")["sheets"] == ["Data", "Sum", "New"]
    assert edit(book, "add", sheet="First", position="first")["sheets"][0] == "First"
    edit(book, "rename", sheet="Data", new_name="Raw data")
    assert column(book, "Sum", "A")[1] == "=SUM('Raw data'!B2:B4)"
    assert edit(book, "move", sheet="New", position="Raw data")["sheets"] == [
        "First",
        "New",
        "Raw data",
        "Sum",
    ]
    assert edit(book, "move", sheet="First", position="Sum")["sheets"][2:] == ["First", "Sum"]
    assert edit(book, "move", sheet="First", position="last")["sheets"][-1] == "First"
    assert "Raw data (2)" in edit(book, "copy", sheet="raw data")["sheets"]
    assert column(book, "Raw data (2)", "B")[1] == "=A2*2"
    told = edit(book, "delete", sheet="Raw data")
    assert {item["cell"] for item in told["broken"]} == {"Sum!A2", "Sum!A3"}


def test_sheets_are_hidden_and_shown(book: Book) -> None:
    assert edit(book, "hide", sheet="Data")["hidden"] == ["Data"]
    assert book.xl.active.title == "Sum"
    with pytest.raises(InvalidParameters, match="last visible"):
        edit(book, "hide", sheet="Sum")
    with pytest.raises(InvalidParameters, match="last visible"):
        edit(book, "delete", sheet="Sum")
    assert edit(book, "show", sheet="Data")["hidden"] == []


def test_a_new_row_looks_like_the_one_above_it(book: Book) -> None:
    run(book, "format_excel_cells", sheet="Data", range="A3:B3", style={"bold": True})
    edit(book, "insert_rows", sheet="Data", target="4")
    assert book.sheet("Data")["A4"].font.bold
    assert not book.sheet("Data")["A5"].font.bold


def test_a_chart_stays_with_its_data(book: Book) -> None:
    run(book, "create_excel_chart", sheet="Data", chart_type="line", data_range="A1:B4")
    row = book.sheet("Data")._charts[0].anchor._from.row
    told = edit(book, "insert_rows", sheet="Data", target="1", count=3)
    chart = book.sheet("Data")._charts[0]
    assert chart.anchor._from.row == row + 3
    assert told["adjusted"]["charts"] == 1
    assert chart.series[0].val.numRef.f.endswith("$B$5:$B$7")


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"action": "insert_rows", "target": "B"}, InvalidRange, "names no rows"),
        ({"action": "insert_rows", "target": ""}, InvalidRange, "names no rows"),
        ({"action": "insert_rows", "target": "0"}, InvalidRange, "names no rows"),
        ({"action": "insert_rows", "target": "2:3:4"}, InvalidRange, "names no rows"),
        ({"action": "delete_columns", "target": "ABCD"}, InvalidRange, "names no columns"),
        ({"action": "delete_columns", "target": "XFE"}, InvalidRange, "outside"),
        ({"action": "insert_rows", "target": "2:3", "count": 3}, InvalidParameters, "count says 3"),
        ({"action": "insert_rows", "target": "2", "count": -1}, InvalidParameters, "count"),
        ({"action": "move_rows", "target": "2"}, InvalidParameters, "move_rows needs"),
        ({"action": "move_rows", "target": "2", "position": "x"}, InvalidRange, "position"),
        ({"action": "move_rows", "target": "2:3", "position": "3"}, InvalidParameters, "already"),
        ({"action": "insert_cells", "target": "A1", "position": "up"}, InvalidParameters, "down"),
        ({"action": "delete_cells"}, InvalidParameters, "delete_cells needs"),
        ({"action": "rename"}, InvalidParameters, "rename needs"),
        ({"action": "rename", "new_name": "Sum"}, InvalidParameters, "exists already"),
        ({"action": "rename", "new_name": "a:b"}, InvalidParameters, "does not allow"),
        ({"action": "copy", "new_name": "sum"}, InvalidParameters, "exists already"),
        ({"action": "move"}, InvalidParameters, "move needs"),
        ({"action": "move", "position": "7"}, InvalidParameters, "stand at 1 to 2"),
        ({"action": "add", "sheet": ""}, InvalidParameters, "add needs"),
        ({"action": "add", "sheet": "Sum"}, InvalidParameters, "exists already"),
        ({"action": "delete", "sheet": "None"}, SheetNotFound, "None"),
        ({"action": "delete", "target": "A1"}, InvalidParameters, "target has no effect"),
        ({"action": "hide", "count": 2}, InvalidParameters, "count has no effect"),
        ({"action": "delete_rows", "target": "2", "new_name": "x"}, InvalidParameters, "new_name"),
        ({"action": "delete_rows", "target": "Sum!2"}, InvalidRange, "names the sheet"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(
    book: Book, parameters: dict[str, Any], error: type[ExcelToolsError], match: str
) -> None:
    before = [list(sheet.values) for sheet in book.xl.worksheets]
    with pytest.raises(error, match=match) as refusal:
        run(book, "edit_excel_sheet", **{"sheet": "Data", **parameters})
    assert refusal.value.hint
    assert [list(sheet.values) for sheet in book.xl.worksheets] == before
    assert not book.broken


def test_inserting_does_not_pass_the_limit_of_cells(book: Book) -> None:
    book.max_cells = 1000
    with pytest.raises(ExcelToolsError, match="limit"):
        edit(book, "insert_rows", sheet="Data", target="2", count=900)


def test_a_change_of_structure_is_undone_and_redone(chat: Chat) -> None:
    rows = [[1, "=A2*2"], [2, "=A3*2"]]
    chat.op("create_excel_file", filename="b.xlsx", headers=["n", "twice"], rows=rows)
    chat.op("edit_excel_sheet", action="insert_rows", target="2")
    chat.op("edit_excel_sheet", action="rename", new_name="New")

    def formulas() -> list[list[object]]:
        read = chat.op("read_excel_range", what="formulas")
        return [[read["sheet"]], *read["result"]["rows"]]

    after = formulas()
    assert after == [["New"], ["n", "twice"], [None, None], [1, "=A3*2"], [2, "=A4*2"]]
    chat.op("undo_excel_change", steps=2)
    assert formulas() == [["Sheet1"], ["n", "twice"], [1, "=A2*2"], [2, "=A3*2"]]
    chat.op("undo_excel_change", action="redo", steps=2)
    assert formulas() == after
