"""Rules of both forms go along: with rows that are added, cells that are copied and formats."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from service.workbook.book import Book
from service.workbook.keeping.rules import later_rules
from tests.bench import new_book, reopened, run
from tests.corpus.hand_cells import extensions
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

HEADERS = ["Name", "Qty", "State"]
ROWS = [[f"r{i}", i, "open"] for i in range(4)]
STEP = ["x", 3, "done"]


def rule(book: Book, **given: Any) -> dict[str, Any]:
    return run(book, "add_excel_rule", **given).result


def told(book: Book, sheet: str = "") -> dict[str, str]:
    """The cells of each rule of a sheet, several of a kind with " | " between them."""
    found: dict[str, str] = {}
    for item in rule(book, sheet=sheet, action="list")["rules"]:
        before = found.get(item["rule"])
        found[item["rule"]] = f"{before} | {item['range']}" if before else item["range"]
    return found


def append(book: Book, *rows: list[Any], **given: Any) -> list[str]:
    """The notes on appended rows."""
    result = run(book, "write_excel_range", start="append", rows=list(rows), **given).result
    return list(result.get("notes", []))


@pytest.fixture
def made() -> Book:
    """A list with rules: the bars have two forms, the stars the later one alone."""
    book = new_book(headers=HEADERS, rows=ROWS)
    rule(book, range="C2:C5", rule="list", value=["open", "done"])
    rule(book, range="B2:B5", rule="data_bar")
    rule(book, range="B2:B5", rule="icon_set", value="3 stars")
    rule(book, range="A2:C5", rule="formula", value='=$C2="done"')
    return book


@pytest.fixture(params=["made", "opened"])
def book(request: pytest.FixtureRequest, made: Book, tmp_path: Path) -> Book:
    """The list in a workbook made from nothing, and in one that was opened."""
    return made if request.param == "made" else reopened(made, tmp_path)


@pytest.fixture
def later(tmp_path: Path) -> Book:
    """A file whose sheet Data has bars in B2:B3, icons in C2:C3 and a list in A2:A3, all x14."""
    extensions(tmp_path / "later.xlsx")
    return Book.load(tmp_path / "later.xlsx", "later.xlsx")


GROWN = {"data_bar": "B2:B7", "icon_set": "B2:B7", "formula": "A2:C7", "list": "C2:C7"}


# Rows that are added ------------------------------------------------------------


@pytest.mark.parametrize("table", [True, False])
def test_rules_of_whole_columns_grow_with_rows_and_it_is_told(
    book: Book, table: bool, tmp_path: Path
) -> None:
    if table:
        run(book, "create_excel_table", name="T")
    (note,) = append(book, STEP, STEP)
    assert note == (
        "Rules went on over the new rows: data_bar B2:B7, icon_set B2:B7, formula A2:C7, "
        "list C2:C7."
    )
    assert told(book) == GROWN
    assert told(reopened(book, tmp_path)) == GROWN
    texts = [text for text in later_rules(book.sheet()).formats if "B2:B7" in text]
    assert len(texts) == 2, "both forms of the bars, and the stars"


def test_rules_grow_where_room_is_made_above_totals(book: Book, tmp_path: Path) -> None:
    run(book, "create_excel_table", name="T", options={"totals": {"Qty": "sum"}})
    append(book, STEP, STEP)
    assert told(reopened(book, tmp_path)) == GROWN


def test_rules_grow_with_a_table_that_is_made_larger(book: Book, tmp_path: Path) -> None:
    run(book, "create_excel_table", name="T")
    change = {"name": "T", "action": "change"}
    result = run(book, "create_excel_table", range="A1:C7", **change).result
    assert "list C2:C7" in result["notes"][0]
    assert told(reopened(book, tmp_path)) == GROWN
    assert "notes" not in run(book, "create_excel_table", range="A1:C6", **change).result
    assert told(book) == GROWN


def test_what_only_the_later_form_has_grows(later: Book, tmp_path: Path) -> None:
    do(later, "clear", "A4:Z9", "Data")
    append(later, ["x"], sheet="Data")
    seen = reopened(later, tmp_path)
    assert told(seen, "Data") == {
        "list": "A2:A4", "data_bar": "B2:B4", "icon_set": "C2:C4", "formula": "A2:A4"
    }  # fmt: skip
    append(seen, ["y", 5, 6], sheet="Data")
    assert told(seen, "Data")["list"] == "A2:A5"
    assert len(later_rules(seen.sheet("Data")).validations) == 1


LEFT = [
    ("B3:B5", "the first row is not covered", "B3:B5"),
    ("B2:B4", "the last row is not covered", "B2:B4"),
    ("B2:B100", "the new rows are covered already", "B2:B100"),
    ("E2:E5", "the column is none of the list", "E2:E5"),
    ("B2:E5", "what is beside the list stays without", "B2:E5,B6:C6"),
    ("B4:B5,B2:B3", "the parts cover all rows", "B2:B6"),
    ("B2:B5,D9", "cells elsewhere stay", "B2:B6,D9"),
]


@pytest.mark.parametrize(("cells", "why", "after"), LEFT)
def test_only_what_holds_for_all_rows_grows(cells: str, why: str, after: str) -> None:
    book = new_book(headers=HEADERS, rows=ROWS)
    rule(book, range=cells, rule="data_bar")
    notes = append(book, STEP)
    assert told(book)["data_bar"] == after, why
    assert bool(notes) == (set(after.split(",")) != set(cells.split(",")))


def test_a_row_of_sums_is_none_of_a_rules_rows(book: Book) -> None:
    append(book, STEP, ["Total", "=SUM(B2:B6)", None])
    assert told(book)["data_bar"] == "B2:B6"
    assert told(book)["formula"] == "A2:C6"


def test_a_cell_has_one_validation_only(book: Book, tmp_path: Path) -> None:
    rule(book, range="C7", rule="length", value="<= 9")
    append(book, STEP, STEP, STEP)
    assert told(book)["list"] == "C2:C6,C8"
    assert told(reopened(book, tmp_path))["length"] == "C7"


def test_rows_elsewhere_leave_rules_as_they_are(book: Book) -> None:
    before = told(book)
    run(book, "write_excel_range", start="A9", rows=[STEP])
    run(book, "write_excel_range", start="F6", rows=[STEP])
    run(book, "write_excel_range", start="A3", rows=[STEP])
    assert told(book) == before


@pytest.mark.parametrize("totals", [False, True])
def test_lists_of_entries_from_a_tables_column_take_new_ones_in(
    book: Book, totals: bool, tmp_path: Path
) -> None:
    sums = {"totals": {"Qty": "sum"}} if totals else {}
    run(book, "create_excel_table", name="T", options=sums)
    run(book, "edit_excel_sheet", action="add", sheet="Two")
    rule(book, sheet="Two", range="A1:A9", rule="list", value="T[Name]")
    rule(book, sheet="Two", range="B1:B9", rule="list", value="=Sheet1!$A$2:$A$4")
    notes = append(book, STEP, STEP, sheet="Sheet1")
    assert notes[-1] == "These read the new rows: list Two!A1:A9."
    found = rule(reopened(book, tmp_path), sheet="Two", action="list")["rules"]
    assert {item["range"]: item["value"] for item in found} == {
        "A1:A9": "'Sheet1'!$A$2:$A$7", "B1:B9": "'Sheet1'!$A$2:$A$4"
    }  # fmt: skip


def test_a_rule_that_compares_with_all_rows_compares_with_the_new_ones(book: Book) -> None:
    rule(book, action="delete", range="A1:C9")
    for cells in ("A2:A5", "E2:E5"):
        rule(book, range=cells, rule="formula", value="=COUNTIF($A$2:$A$5,A2)+A$2>1")
    append(book, STEP)
    found = rule(book, action="list")["rules"]
    assert [(item["range"], item["value"]) for item in found] == [
        ("A2:A6", "=COUNTIF($A$2:$A$6,A2)+A$2>1"),
        ("E2:E5", "=COUNTIF($A$2:$A$5,A2)+A$2>1"),
    ]


def test_entries_of_the_later_form_take_new_ones_in(later: Book, tmp_path: Path) -> None:
    do(later, "clear", "A4:Z9", "Other")
    run(later, "create_excel_table", sheet="Other", range="A1:B3", name="T")
    notes = append(later, ["x", 1], sheet="Other")
    assert "list Data!A2:A3" in notes[-1]
    (text,) = later_rules(reopened(later, tmp_path).sheet("Data")).validations
    assert "Other!$A$2:$A$4" in text


def test_growth_is_undone_and_done_again(chat: Chat) -> None:
    chat.op("create_excel_file", filename="g", headers=HEADERS, rows=ROWS)
    chat.op("add_excel_rule", range="B2:B5", rule="icon_set", value="3 stars")
    chat.op("write_excel_range", start="append", rows=[STEP])
    chat.op("format_excel_cells", range="C2:C6", style={"copy_from": "B2"})

    def seen() -> list[str]:
        listed = chat.op("add_excel_rule", action="list")["result"]["rules"]
        return [item["range"] for item in listed]

    assert seen() == ["B2:B6", "C2:C6"]
    chat.op("undo_excel_change", steps=2)
    assert seen() == ["B2:B5"]
    chat.op("undo_excel_change", action="redo", steps=2)
    assert seen() == ["B2:B6", "C2:C6"]


# Copying, moving and clearing ---------------------------------------------------


def do(book: Book, action: str, cells: str, sheet: str = "", **options: Any) -> dict[str, Any]:
    given = {"action": action, "range": cells, "sheet": sheet, "options": options}
    return run(book, "transform_excel_range", **given).result


def ids(book: Book, folder: Path) -> list[str]:
    """The ids of rules in all sheets of the file."""
    path = folder / "ids.xlsx"
    book.save(path)
    assert problems(path) == []
    with ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        text = "".join(archive.read(name).decode() for name in names)
    return re.findall(r'<x14:cfRule[^>]* id="([^"]+)"', text)


@pytest.mark.parametrize("to", ["F2", "Two!F2"])
def test_rules_of_both_forms_are_copied(book: Book, to: str, tmp_path: Path) -> None:
    run(book, "edit_excel_sheet", action="add", sheet="Two")
    told_ = do(book, "copy", "A2:C3", "Sheet1", to=to)
    assert "notes" not in told_
    home = {"data_bar": "B2:B5", "icon_set": "B2:B5", "formula": "A2:C5", "list": "C2:C5"}
    copied = {"data_bar": "G2:G3", "icon_set": "G2:G3", "formula": "F2:H3", "list": "H2:H3"}
    for one in (book, reopened(book, tmp_path)):
        if to.startswith("Two"):
            assert told(one, "Two") == copied
            assert told(one, "Sheet1") == home
        else:
            both = {kind: f"{cells} | {copied[kind]}" for kind, cells in home.items()}
            assert told(one, "Sheet1") == both
    found = ids(book, tmp_path)
    assert len(found) == len(set(found)) == 4


@pytest.mark.parametrize("to", ["F2", "Two!F2"])
def test_rules_of_both_forms_are_moved(book: Book, to: str, tmp_path: Path) -> None:
    run(book, "edit_excel_sheet", action="add", sheet="Two")
    told_ = do(book, "move", "A2:C3", "Sheet1", to=to)
    assert "notes" not in told_
    there = reopened(book, tmp_path)
    left = {"data_bar": "B4:B5", "icon_set": "B4:B5", "formula": "A4:C5", "list": "C4:C5"}
    moved = {"data_bar": "G2:G3", "icon_set": "G2:G3", "formula": "F2:H3", "list": "H2:H3"}
    if to.startswith("Two"):
        assert told(there, "Two") == moved
        assert told(there, "Sheet1") == left
    else:
        assert told(there, "Sheet1").keys() == left.keys()
        for kind, cells in told(there, "Sheet1").items():
            assert set(cells.split(" | ")) == {left[kind], moved[kind]}
    assert len(set(ids(book, tmp_path))) == 4


def test_rules_of_both_forms_are_cleared(book: Book, tmp_path: Path) -> None:
    assert do(book, "clear", "A3:C3", what="rules")["rules"] == 4
    seen = told(reopened(book, tmp_path))
    assert seen["data_bar"] == seen["icon_set"] == "B2,B4:B5"
    assert seen["list"] == "C2,C4:C5"
    assert do(book, "clear", "A1:C9", what="all")["rules"] == 4
    assert told(reopened(book, tmp_path)) == {}


@pytest.mark.parametrize("action", ["copy", "move"])
def test_what_only_the_later_form_has_goes_to_another_sheet(
    later: Book, action: str, tmp_path: Path
) -> None:
    do(later, action, "A2:C3", "Data", to="Other!F8", force=True)
    seen = reopened(later, tmp_path)
    there = told(seen, "Other")
    assert there["list"] == "F8:F9"
    assert there["icon_set"] == "H8:H9"
    assert there["data_bar"] == "G8:G9"
    with ZipFile(tmp_path / "again1.xlsx") as archive:
        text = archive.read("xl/worksheets/sheet2.xml").decode()
    # Excel looks for the list in the extension of this very id.
    assert "{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" in text
    assert ("list" in told(seen, "Data")) == (action == "copy")


def test_a_copy_inside_of_a_rules_cells_leaves_it_whole(book: Book) -> None:
    before = told(book)
    do(book, "copy", "A2:C2", to="A4", force=True)
    assert told(book) == before


def test_copied_formats_come_without_validations(book: Book) -> None:
    rule(book, range="G2:G3", rule="whole", value=[1, 9])
    do(book, "copy", "C2:C3", to="G2", what="formats")
    seen = told(book)
    assert seen["formula"] == "A2:C5 | G2:G3"
    assert (seen["list"], seen["whole"]) == ("C2:C5", "G2:G3")


# Copying formats ----------------------------------------------------------------


def paint(book: Book, cells: str, source: str, **given: Any) -> dict[str, Any]:
    style = {"copy_from": source}
    return run(book, "format_excel_cells", range=cells, style=style, **given).result


def test_copied_formats_bring_conditional_ones_along(book: Book, tmp_path: Path) -> None:
    result = paint(book, "E2:E9", "B2")
    assert result["conditional_formats"] == 3
    assert "notes" not in result
    seen = reopened(book, tmp_path)
    assert told(seen) == {
        "data_bar": "B2:B5 | E2:E9", "icon_set": "B2:B5 | E2:E9",
        "formula": "A2:C5 | E2:E9", "list": "C2:C5",
    }  # fmt: skip
    found = rule(seen, action="list")["rules"]
    texts = [item["value"] for item in found if item["rule"] == "formula"]
    assert texts == ['=$C2="done"', '=$C2="done"']
    assert len(set(ids(book, tmp_path))) == 4


def test_a_pattern_of_formats_is_repeated_with_its_rules(book: Book, tmp_path: Path) -> None:
    rule(book, action="delete", range="A1:C9")
    rule(book, range="A2", rule="greater_than", value="=$B2")
    paint(book, "E2:F7", "A2:B3")
    seen = reopened(book, tmp_path)
    assert told(seen) == {"greater_than": "A2 | E2,E4,E6"}
    assert [item["value"] for item in rule(seen, action="list")["rules"]] == ["=$B2", "=$B2"]


def test_conditional_formats_of_the_cells_give_way_and_it_is_told(book: Book) -> None:
    result = paint(book, "B3:B4", "E1")
    assert result["notes"] == ["3 conditional formats of these cells gave way."]
    assert told(book)["data_bar"] == "B2,B5"
    assert told(book)["list"] == "C2:C5"


def test_what_the_cells_have_already_is_left_whole(book: Book) -> None:
    before = told(book)
    result = paint(book, "A3:C5", "A2:C2")
    assert "conditional_formats" not in result
    assert "notes" not in result
    assert told(book) == before


def test_formats_come_from_another_sheet_with_rules(book: Book, tmp_path: Path) -> None:
    run(book, "edit_excel_sheet", action="add", sheet="Two")
    assert paint(book, "B2:B3", "Sheet1!B2", sheet="Two")["conditional_formats"] == 3
    assert told(reopened(book, tmp_path), "Two")["icon_set"] == "B2:B3"


def test_a_rule_of_too_many_areas_stays_and_it_is_told(book: Book) -> None:
    rule(book, range="A1", rule="greater_than", value=9)
    result = paint(book, "E2:E1200", "A1:A2")
    assert "(A2:C5, A1) did not come along" in result["notes"][0]
    assert told(book)["greater_than"] == "A1"
