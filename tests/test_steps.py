"""run_excel_steps: all steps or none, one entry of the journal, results with names."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.service_fixtures import Chat, MakeService

ROWS = [["Rent", 1200], ["Food", 450]]
APPEND = {"tool": "write_excel_range", "arguments": {"start": "append", "rows": [["Bus", 9]]}}
SORT = {
    "tool": "transform_excel_range",
    "arguments": {"action": "sort", "options": {"by": "Cost"}},
}
WRONG = {
    "tool": "format_excel_cells",
    "arguments": {"range": "A1", "sheet": "No", "style": {"bold": True}},
}


@pytest.fixture
def book() -> Book:
    return new_book(headers=["Item", "Cost"], rows=ROWS)


def steps(book: Book, *given: dict[str, Any]) -> dict[str, Any]:
    return run(book, "run_excel_steps", steps=list(given)).result


def cells(book: Book) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in book.sheet()["A1:D5"]]


def test_steps_are_done_in_order_and_each_tells_its_result(book: Book) -> None:
    told = steps(book, APPEND, SORT)
    assert [row[0] for row in cells(book)[1:4]] == ["Bus", "Food", "Rent"]
    assert told["steps"] == 2
    assert told["results"][0] == {"tool": "write_excel_range", "written": "A4:B4", "cells": 2}
    assert told["results"][1]["sorted"] == "A2:B4"


def test_results_of_steps_before_are_named(book: Book) -> None:
    read = {"tool": "read_excel_range", "arguments": {"range": "A2:B2"}, "name": "first"}
    steps(
        book,
        {**APPEND, "as": "new"},
        read,
        {
            "tool": "format_excel_cells",
            "arguments": {"sheet": "$new.sheet", "range": "$new.written", "style": {"bold": True}},
        },
        {
            "tool": "write_excel_range",
            "arguments": {"start": "D1", "rows": [["$first.rows.0.1", "{new.result.cells} cells"]]},
        },
    )
    sheet = book.sheet()
    assert sheet["A4"].font.bold
    assert (sheet["D1"].value, sheet["E1"].value) == (1200, "2 cells")


def test_arguments_may_come_as_json_text(book: Book) -> None:
    steps(book, {"tool": "write_excel_range", "arguments": '{"start": "D1", "rows": [[7]]}'})
    assert book.sheet()["D1"].value == 7


@pytest.mark.parametrize(
    ("given", "step", "part"),
    [
        ([], 0, "0 steps"),
        ([APPEND] * 51, 0, "51 steps"),
        ([APPEND, {"tool": "format_cells"}], 2, 'No operation "format_cells"'),
        ([APPEND, {"tool": "save_excel_file"}], 2, "the session's files"),
        ([APPEND, {"tool": "create_excel_file"}], 2, "another workbook"),
        ([APPEND, {"tool": "export_excel_file"}], 2, "a file of its own"),
        ([APPEND, {"tool": "run_excel_steps", "arguments": {"steps": []}}], 2, "no steps"),
        ([{"tool": "import_csv_to_excel", "arguments": {"source": "x.csv"}}], 1, "uploaded file"),
        ([APPEND, {"tool": "write_excel_range", "arguments": {"colour": 1}}], 2, '"colour"'),
        ([APPEND, {"tool": "write_excel_range", "arguments": {}}], 2, "rows"),
        ([{**APPEND, "arguments": {"rows": [["$a.b"]]}}], 1, "is not there"),
        ([{**APPEND, "name": "n"}, {**APPEND, "name": "n"}], 2, "Two steps"),
        ([{**APPEND, "name": "n n"}], 1, "is no name"),
        ([{**APPEND, "arguments": {"workbook": "other.xlsx", "rows": [[1]]}}], 1, "other.xlsx"),
        (
            [
                {**APPEND, "name": "n"},
                {
                    "tool": "format_excel_cells",
                    "arguments": {"range": "$n.written", "styles": {}},
                },
            ],
            2,
            '"styles"',
        ),
        (
            [
                {**APPEND, "name": "n"},
                {"tool": "read_excel_range", "arguments": {"range": "$n.written", "limit": "x"}},
            ],
            2,
            "limit",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_done(
    book: Book, given: list[dict[str, Any]], step: int, part: str
) -> None:
    before = cells(book)
    with pytest.raises(ExcelToolsError) as refused:
        steps(book, *given)
    assert part in refused.value.message
    assert (refused.value.details or {}).get("step", 0) == step
    assert cells(book) == before
    assert not book.broken


def test_a_reference_that_leads_nowhere_is_told_when_it_is_known(book: Book) -> None:
    named = {**APPEND, "name": "n"}
    for path, part in (("$n.area", 'names "area"'), ("x {n.tool.x}", 'names "tool"')):
        later = {"tool": "read_excel_range", "arguments": {"range": path}}
        with pytest.raises(InvalidParameters, match=part):
            steps(book, named, later)
        assert book.broken  # its owner builds it anew


def test_a_step_that_fails_is_named_and_a_book_without_changes_stays(book: Book) -> None:
    with pytest.raises(InvalidRange, match=r"Step 2 of 2 \(read_excel_range\): .* is not a range"):
        steps(
            book,
            {"tool": "describe_excel_file"},
            {"tool": "read_excel_range", "arguments": {"range": "A1:B2:C3"}},
        )
    assert not book.broken


def test_steps_that_only_read_change_nothing(book: Book) -> None:
    answer = run(book, "run_excel_steps", steps=[{"tool": "describe_excel_file"}])
    assert not answer.changed
    assert answer.result["results"][0]["tool"] == "describe_excel_file"


# Through the service ----------------------------------------------------------


def items(chat: Chat) -> list[Any]:
    return [row[0] for row in chat.op("read_excel_range")["result"]["rows"][1:]]


def test_one_undo_takes_all_steps_back_and_one_redo_does_them_again(chat: Chat) -> None:
    chat.op("create_excel_file", filename="b.xlsx", headers=["Item", "Cost"], rows=ROWS)
    answer = chat.op("run_excel_steps", steps=[APPEND, SORT])
    assert answer["unsaved_changes"] == 2
    assert items(chat) == ["Bus", "Food", "Rent"]
    chat.op("undo_excel_change")
    assert items(chat) == ["Rent", "Food"]
    chat.op("undo_excel_change", action="redo")
    assert items(chat) == ["Bus", "Food", "Rent"]


def test_after_a_failure_everything_is_as_it_was(chat: Chat) -> None:
    chat.op("create_excel_file", filename="b.xlsx", headers=["Item", "Cost"], rows=ROWS)
    error = chat.fail("run_excel_steps", steps=[APPEND, SORT, WRONG])
    assert error["code"] == "sheet_not_found"
    assert error["message"].startswith("Step 3 of 3 (format_excel_cells): ")
    assert error["message"].endswith("None of the steps was done.")
    assert error["details"]["step"] == 3
    assert items(chat) == ["Rent", "Food"]
    assert chat.op("read_excel_range")["unsaved_changes"] == 1


def test_what_changed_nothing_is_no_step_to_undo(chat: Chat) -> None:
    chat.op("create_excel_file", filename="b.xlsx", headers=["Item", "Cost"], rows=ROWS)
    chat.op("run_excel_steps", steps=[{"tool": "read_excel_range"}])
    answer = chat.op(
        "transform_excel_range", action="replace", options={"find": "zzz", "replace": "y"}
    )
    assert answer["unsaved_changes"] == 1


def test_a_sort_by_results_is_replayed_with_the_results_of_then(chat: Chat) -> None:
    letters = list("abcdefghijkl")  # so many that chance never leaves them in order
    rows = [[letter, "=RAND()"] for letter in letters]
    chat.op("create_excel_file", filename="b.xlsx", headers=["k", "n"], rows=rows)
    sort = {"action": "sort", "options": {"by": "n"}}
    chat.op("run_excel_steps", steps=[{"tool": "transform_excel_range", "arguments": sort}])
    after = items(chat)
    chat.op("undo_excel_change")
    assert items(chat) == letters
    chat.op("undo_excel_change", action="redo")
    assert items(chat) == after


# A workbook made by the first step ------------------------------------------------

MADE = {
    "tool": "create_excel_file",
    "arguments": {"filename": "b.xlsx", "headers": ["Item", "Cost"], "rows": ROWS},
}


def test_the_first_step_may_make_the_workbook(make_service: MakeService) -> None:
    chat = Chat(make_service(engines=1, engine_workbooks=1))
    named = {**APPEND, "arguments": {**APPEND["arguments"], "workbook": "b.xlsx"}}
    answer = chat.op("run_excel_steps", steps=[MADE, named, SORT])
    assert answer["workbook"] == "b.xlsx"
    assert answer["result"]["results"][0]["tool"] == "create_excel_file"
    assert items(chat) == ["Bus", "Food", "Rent"]
    chat.op("write_excel_range", start="append", rows=[["Zoo", 1]])
    other = chat.op("run_excel_steps", steps=[MADE])  # pushes the first out
    assert other["workbook"] == "b (2).xlsx"
    rows = chat.op("read_excel_range", workbook="b.xlsx")["result"]["rows"]
    assert [row[0] for row in rows] == ["Item", "Bus", "Food", "Rent", "Zoo"]
    chat.op("undo_excel_change", workbook="b.xlsx")
    assert chat.fail("undo_excel_change", workbook="b.xlsx")["code"]
    chat.op("undo_excel_change", workbook="b.xlsx", action="redo")
    chat.op("save_excel_file", workbook="b.xlsx")
    chat.op("close_excel_file", workbook="b.xlsx")
    chat.op("open_excel_file", file="b.xlsx")
    rows = chat.op("read_excel_range", workbook="b.xlsx")["result"]["rows"]
    assert [row[0] for row in rows] == ["Item", "Bus", "Food", "Rent", "Zoo"]


def test_steps_that_fail_leave_no_workbook_behind(chat: Chat) -> None:
    error = chat.fail("run_excel_steps", steps=[MADE, APPEND, WRONG])
    assert error["message"].startswith("Step 3 of 3 (format_excel_cells): ")
    assert chat.op("list_excel_files")["files"] == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("import_csv_to_excel", {"source": "a,b\n1,2\n", "sheet": "Data"}),
        (
            "create_excel_report",
            {"report": "sales_report", "rows": [["Product", "Sales"], ["a", 1]]},
        ),
    ],
)
def test_what_adds_to_a_workbook_makes_one_where_none_is_open(
    chat: Chat, tool: str, arguments: dict[str, Any]
) -> None:
    """With a file name it makes another one, as it does by itself."""
    step = {"tool": tool, "arguments": arguments}
    first = chat.op("run_excel_steps", steps=[step])
    again = {"tool": tool, "arguments": {**arguments, "filename": "new.xlsx"}}
    assert chat.op("run_excel_steps", steps=[again])["workbook"] == "new.xlsx"
    chat.op("close_excel_file", workbook="new.xlsx")
    assert first["workbook"] != "new.xlsx"
    chat.op("edit_excel_sheet", action="rename", sheet=first["sheet"], new_name="Old")
    second = chat.op("run_excel_steps", steps=[{"tool": tool, "arguments": arguments}])
    assert second["workbook"] == first["workbook"]


def test_where_no_workbook_is_open_the_error_says_how_to_make_one(chat: Chat) -> None:
    error = chat.fail("run_excel_steps", steps=[APPEND])
    assert error["code"] == "workbook_not_found"
    assert "first step may be create_excel_file" in error["hint"]
    error = chat.fail("run_excel_steps", steps=[APPEND, MADE])
    assert "first step may be create_excel_file" in error["hint"]


def test_a_second_workbook_is_refused(chat: Chat) -> None:
    chat.op("create_excel_file", filename="b.xlsx", headers=["Item", "Cost"], rows=ROWS)
    error = chat.fail("run_excel_steps", steps=[MADE], workbook="b.xlsx")
    assert "and the steps work on b.xlsx" in error["message"]
    assert "leave workbook out" in error["hint"]
    error = chat.fail("run_excel_steps", steps=[MADE, MADE])
    assert "Step 2 of 2 (create_excel_file)" in error["message"]
