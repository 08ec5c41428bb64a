"""Layout, print set-up and protection of sheets, in new files and in opened ones."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from service.errors import (
    ExcelToolsError,
    InvalidParameters,
    InvalidRange,
    InvalidValue,
    PasswordRequired,
    UnsupportedFile,
    WrongPassword,
)
from service.operations.registry import ACCEPTED
from service.operations.sheet_options import PROTECTING, SheetOptions
from service.workbook import locking
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

ROWS = [[f"Item {n}", n, n * 2, n * 3] for n in range(1, 40)]


@pytest.fixture(params=["new", "opened"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Book:
    """A sheet of data, made from nothing or opened from a file."""
    made = new_book(headers=["Item", "One", "Two", "Three"], rows=ROWS)
    return made if request.param == "new" else reopened(made, tmp_path)


def reopened(book: Book, folder: Path) -> Book:
    path = folder / "again.xlsx"
    book.save(path)
    assert problems(path) == []
    return Book.load(path, "test.xlsx")


def lay_out(book: Book, target: str = "", **options: Any) -> dict[str, Any]:
    answer = run(book, "edit_excel_sheet", action="layout", target=target, options=options)
    told: dict[str, Any] = answer.result["set"]
    return told


def look(book: Book, folder: Path) -> Any:
    """The sheet as openpyxl reads it from the file, which is looked over."""
    path = folder / "saved.xlsx"
    book.save(path)
    assert problems(path) == []
    return openpyxl.load_workbook(path).active


def hidden_rows(sheet: Any) -> list[int]:
    return [number for number, item in sheet.row_dimensions.items() if item.hidden]


LAYOUTS: list[tuple[str, dict[str, Any], Any]] = [
    ("B:C", {"width": 21}, lambda s: s.column_dimensions["B"].width == 21),
    ("A1:A3", {"width": 22}, lambda s: s.column_dimensions["A"].width == 22),
    ("", {"width": "auto"}, lambda s: 8 < s.column_dimensions["D"].width < 13),
    ("3:5", {"height": 31}, lambda s: s.row_dimensions[4].height == 31),
    ("3:5", {"hidden": True}, lambda s: hidden_rows(s) == [3, 4, 5]),
    ("F:XFD", {"hidden": True}, lambda s: s.column_dimensions["F"].max == 16384),
    (
        "3:5",
        {"group": True, "collapsed": True},
        lambda s: (
            s.row_dimensions[4].outlineLevel == 1
            and hidden_rows(s) == [3, 4, 5]
            and s.row_dimensions[6].collapsed
            and s.sheet_format.outlineLevelRow == 1
        ),
    ),
    (
        "B:C",
        {"group": True},
        lambda s: (
            s.column_dimensions["B"].outlineLevel == 1 and s.sheet_format.outlineLevelCol == 1
        ),
    ),
    ("", {"freeze": "C4"}, lambda s: s.freeze_panes == "C4"),
    ("", {"freeze": "column"}, lambda s: s.freeze_panes == "B1"),
    ("", {"freeze": "none"}, lambda s: s.freeze_panes is None),
    ("", {"filter": "A1:C9"}, lambda s: s.auto_filter.ref == "A1:C9"),
    ("", {"filter": "none"}, lambda s: s.auto_filter.ref is None),
    ("", {"tab_color": "red"}, lambda s: s.sheet_properties.tabColor.rgb == "FFFF0000"),
    ("", {"zoom": 80}, lambda s: s.sheet_view.zoomScale == 80),
    ("", {"gridlines": False}, lambda s: s.sheet_view.showGridLines is False),
    ("", {"headings": False}, lambda s: s.sheet_view.showRowColHeaders is False),
    ("", {"right_to_left": True}, lambda s: s.sheet_view.rightToLeft is True),
    ("", {"view": "page breaks"}, lambda s: s.sheet_view.view == "pageBreakPreview"),
    (
        "",
        {"view": "page layout", "freeze": "none"},
        lambda s: s.sheet_view.view == "pageLayout" and s.freeze_panes is None,
    ),
    ("", {"orientation": "landscape"}, lambda s: s.page_setup.orientation == "landscape"),
    ("", {"paper": "A4"}, lambda s: s.page_setup.paperSize == 9),
    ("", {"page_order": "over"}, lambda s: s.page_setup.pageOrder == "overThenDown"),
    ("", {"margins": "narrow"}, lambda s: s.page_margins.left == 0.25),
    ("", {"margins": 2.54}, lambda s: s.page_margins.top == s.page_margins.left == 1),
    ("", {"margins": {"bottom": 5.08}}, lambda s: s.page_margins.bottom == 2),
    (
        "",
        {"fit": "width"},
        lambda s: (
            s.sheet_properties.pageSetUpPr.fitToPage
            and (s.page_setup.fitToWidth or 1, s.page_setup.fitToHeight) == (1, 0)
        ),
    ),
    ("", {"fit": "2x3"}, lambda s: (s.page_setup.fitToWidth, s.page_setup.fitToHeight) == (2, 3)),
    ("", {"scale": 65}, lambda s: s.page_setup.scale == 65),
    ("", {"print_area": "A1:C9"}, lambda s: s.print_area == "'Sheet1'!$A$1:$C$9"),
    (
        "",
        {"print_titles": "1:1,A:B"},
        lambda s: (s.print_title_rows, s.print_title_cols) == ("$1:$1", "$A:$B"),
    ),
    (
        "",
        {"center": "both"},
        lambda s: s.print_options.horizontalCentered and s.print_options.verticalCentered,
    ),
    ("", {"print_gridlines": True}, lambda s: s.print_options.gridLines is True),
    ("", {"print_headings": True}, lambda s: s.print_options.headings is True),
    ("", {"header": "R&D {sheet}"}, lambda s: s.oddHeader.center.text == "R&&D &A"),
    (
        "",
        {"footer": {"left": "{date}", "right": "Page {page} of {pages}"}},
        lambda s: (s.oddFooter.left.text, s.oddFooter.right.text) == ("&D", "Page &P of &N"),
    ),
    (
        "",
        {"footer": "&LProfit & loss&R&P/&N"},
        lambda s: (s.oddFooter.left.text, s.oddFooter.right.text) == ("Profit && loss", "&P/&N"),
    ),
    (
        "",
        {"page_breaks": "20, 30, C"},
        lambda s: (
            ([b.id for b in s.row_breaks.brk], [b.id for b in s.col_breaks.brk]) == ([19, 29], [2])
        ),
    ),
]


@pytest.mark.parametrize("cells", [("B2", "B2"), ("C4", "A2"), ("A2", "B1"), ("B2", "none", "B3")])
def test_what_is_frozen_can_be_frozen_otherwise(
    book: Book, cells: tuple[str, ...], tmp_path: Path
) -> None:
    """Each part of the sheet has one selection; Excel repairs a sheet with two."""
    for cell in cells:
        lay_out(book, freeze=cell)
        book = reopened(book, tmp_path)
    assert look(book, tmp_path).freeze_panes == cells[-1]


def test_what_is_selected_stays_selected(tmp_path: Path) -> None:
    path = tmp_path / "selected.xlsx"
    xl = openpyxl.Workbook()
    xl.active.sheet_view.selection[0].activeCell = "C7"
    xl.active.sheet_view.selection[0].sqref = "C7:D9"
    xl.save(path)
    for cell, pane in (("B3", "bottomRight"), ("none", None)):
        book = Book.load(path, "selected.xlsx")
        lay_out(book, freeze=cell)
        chosen = look(book, tmp_path).sheet_view.selection[-1]
        assert (chosen.activeCell, chosen.sqref, chosen.pane) == ("C7", "C7:D9", pane)
        path = tmp_path / "saved.xlsx"


def shows(has: Any, sheet: Any) -> bool:
    try:
        return bool(has(sheet))
    except AttributeError:
        return False


@pytest.mark.parametrize(
    ("target", "options", "has"), LAYOUTS, ids=lambda v: None if callable(v) else str(v)[:40]
)
def test_each_layout_shows_and_stays(
    target: str, options: dict[str, Any], has: Any, book: Book, tmp_path: Path
) -> None:
    assert not shows(has, look(book, tmp_path)) or options == {"width": "auto"}
    told = lay_out(book, target, **options)
    assert set(options) <= set(told)
    assert shows(has, look(book, tmp_path))
    again = reopened(book, tmp_path)
    other = {"zoom": 90} if "zoom" not in options else {"gridlines": False}
    lay_out(again, **other)
    assert shows(has, look(again, tmp_path))


def test_every_option_of_layout_is_tested() -> None:
    tested = {name for _, options, _ in LAYOUTS for name in options}
    assert tested == set(SheetOptions.model_fields) - set(PROTECTING)


def test_several_calls_add_up_and_each_can_be_taken_back(book: Book, tmp_path: Path) -> None:
    lay_out(book, "4:6", group=True, collapsed=True)
    lay_out(book, "5", group=True)
    lay_out(book, page_breaks="10")
    lay_out(book, page_breaks=[20], header={"left": "a"}, print_area="A1:B9", tab_color="red")
    lay_out(book, header={"right": "b"}, fit="page")
    sheet = look(book, tmp_path)
    assert sheet.row_dimensions[5].outlineLevel == 2
    assert [item.id for item in sheet.row_breaks.brk] == [9, 19]
    assert (sheet.oddHeader.left.text, sheet.oddHeader.right.text) == ("a", "b")
    again = reopened(book, tmp_path)
    lay_out(again, "4:6", collapsed=False)
    lay_out(again, "5", group=False)
    names = ("page_breaks", "header", "print_area", "tab_color", "fit")
    lay_out(again, **dict.fromkeys(names, "none"))
    sheet = look(again, tmp_path)
    assert hidden_rows(sheet) == []
    assert not sheet.row_dimensions[7].collapsed
    assert sheet.row_dimensions[5].outlineLevel == 1
    assert (sheet.row_breaks.brk, sheet.print_area, sheet.oddHeader.left.text) == ([], "", None)
    assert sheet.sheet_properties.tabColor is None
    assert not sheet.sheet_properties.pageSetUpPr.fitToPage


def test_columns_in_one_entry_are_parted(book: Book, tmp_path: Path) -> None:
    lay_out(book, "B:F", width=20)
    lay_out(book, "C:D", hidden=True)
    again = reopened(book, tmp_path)
    lay_out(again, "D", hidden=False)
    columns = look(again, tmp_path).column_dimensions
    assert columns["C"].hidden
    assert not columns["D"].hidden
    assert columns["D"].width == columns["B"].width == columns["E"].width == 20


def test_cells_are_merged_and_parted(book: Book, tmp_path: Path) -> None:
    done = run(book, "edit_excel_sheet", action="merge", target="F1:G2").result["done"]
    assert done == "merged F1:G2"
    assert str(look(book, tmp_path).merged_cells) == "F1:G2"
    run(book, "edit_excel_sheet", action="unmerge", target="G2")
    assert not look(book, tmp_path).merged_cells.ranges


@pytest.mark.parametrize(
    ("parameters", "error", "told"),
    [
        ({"action": "layout"}, InvalidParameters, "options"),
        ({"action": "layout", "options": {"zoom": 500}}, InvalidValue, "zoom"),
        ({"action": "layout", "options": {"frozen": "A2"}}, InvalidParameters, "frozen"),
        ({"action": "layout", "options": {"password": "x"}}, InvalidParameters, "password"),
        ({"action": "layout", "options": {"hidden": True}}, InvalidParameters, "target"),
        (
            {"action": "layout", "target": "A1:B2", "options": {"hidden": True}},
            InvalidRange,
            "rows or columns",
        ),
        ({"action": "layout", "target": "3", "options": {"width": 5}}, InvalidRange, "columns"),
        ({"action": "layout", "target": "3", "options": {"zoom": 50}}, InvalidParameters, "target"),
        (
            {"action": "layout", "target": "3", "options": {"group": False}},
            InvalidRange,
            "not grouped",
        ),
        (
            {"action": "layout", "target": "3", "options": {"collapsed": True}},
            InvalidRange,
            "not grouped",
        ),
        ({"action": "layout", "target": "1:99999", "options": {"height": 9}}, InvalidRange, "rows"),
        ({"action": "layout", "options": {"freeze": "A1"}}, InvalidRange, "A1"),
        ({"action": "layout", "options": {"view": "page layout"}}, InvalidParameters, "frozen"),
        ({"action": "layout", "options": {"paper": "napkin"}}, InvalidValue, "napkin"),
        ({"action": "layout", "options": {"margins": "huge"}}, InvalidValue, "huge"),
        ({"action": "layout", "options": {"margins": {"inner": 1}}}, InvalidValue, "inner"),
        ({"action": "layout", "options": {"fit": "width", "scale": 50}}, InvalidParameters, "fit"),
        ({"action": "layout", "options": {"fit": "tight"}}, InvalidValue, "tight"),
        ({"action": "layout", "options": {"print_titles": "A1"}}, InvalidRange, "A1"),
        ({"action": "layout", "options": {"header": "{nothing}"}}, InvalidValue, "nothing"),
        ({"action": "layout", "options": {"header": {"top": "x"}}}, InvalidValue, "top"),
        ({"action": "layout", "options": {"header": "x" * 300}}, InvalidValue, "255"),
        ({"action": "layout", "options": {"page_breaks": "1"}}, InvalidRange, '"1"'),
        ({"action": "hide", "options": {"zoom": 50}}, InvalidParameters, "options.zoom"),
        ({"action": "protect", "options": {"zoom": 50}}, InvalidParameters, "options.zoom"),
        ({"action": "protect", "target": "A1"}, InvalidParameters, "whole sheet"),
        ({"action": "unprotect"}, InvalidParameters, "not protected"),
        (
            {"action": "protect", "target": "workbook", "options": {"editable": "A1"}},
            InvalidParameters,
            "editable",
        ),
        ({"action": "merge", "target": "A1:B2"}, InvalidRange, "delete"),
        ({"action": "merge", "target": "D1:XFD1048576"}, InvalidRange, "at most"),
        ({"action": "unmerge", "target": "A1:B2"}, InvalidRange, "no merged"),
    ],
)
def test_what_cannot_be_is_refused(
    parameters: dict[str, Any], error: type[ExcelToolsError], told: str
) -> None:
    book = new_book(headers=["Item", "One"], rows=[["a", 1]])
    with pytest.raises(error, match=told) as refusal:
        run(book, "edit_excel_sheet", **parameters)
    assert refusal.value.hint
    assert not book.broken


# Protection -------------------------------------------------------------------


def protect(book: Book, action: str = "protect", target: str = "", **options: Any) -> Any:
    return run(book, "edit_excel_sheet", action=action, target=target, options=options).result


def test_a_sheet_is_protected_with_what_stays_allowed(book: Book, tmp_path: Path) -> None:
    told = protect(book, password="Geheim ü", allow=["sort", "filter"], editable="B2:B40")
    assert told["password"] is True
    sheet = look(book, tmp_path)
    assert sheet.protection.sheet
    assert (sheet.protection.sort, sheet.protection.autoFilter) == (False, False)
    assert (sheet.protection.formatCells, sheet.protection.objects) == (True, True)
    assert sheet["B2"].protection.locked is False
    assert sheet["A2"].protection.locked is True
    again = reopened(book, tmp_path)
    with pytest.raises(PasswordRequired):
        protect(again, "unprotect")
    with pytest.raises(WrongPassword):
        protect(again, "unprotect", password="geheim ü")
    with pytest.raises(InvalidParameters, match="protected already"):
        protect(again)
    protect(again, "unprotect", password="Geheim ü")
    assert not look(again, tmp_path).protection.sheet


def test_the_hash_is_excels(book: Book, tmp_path: Path) -> None:
    """SHA-512 over salt and password in UTF-16, then 100,000 rounds with their numbers."""
    protect(book, password="abc")
    found = look(book, tmp_path).protection
    value = hashlib.sha512(base64.b64decode(found.saltValue) + "abc".encode("utf-16-le")).digest()
    for number in range(100_000):
        value = hashlib.sha512(value + number.to_bytes(4, "little")).digest()
    assert (found.algorithmName, found.spinCount) == ("SHA-512", 100_000)
    assert base64.b64encode(value).decode() == found.hashValue


def test_the_structure_is_protected(book: Book, tmp_path: Path) -> None:
    protect(book, target="workbook", password="abc")
    with ZipFile(io.BytesIO(saved(book, tmp_path))) as archive:
        xml = archive.read("xl/workbook.xml")
    assert b'lockStructure="1"' in xml
    assert b'workbookAlgorithmName="SHA-512"' in xml
    again = reopened(book, tmp_path)
    with pytest.raises(WrongPassword):
        protect(again, "unprotect", "workbook", password="abd")
    protect(again, "unprotect", "workbook", password="abc")
    assert b"lockStructure" not in ZipFile(io.BytesIO(saved(again, tmp_path))).read(
        "xl/workbook.xml"
    )


def saved(book: Book, folder: Path) -> bytes:
    path = folder / "bytes.xlsx"
    book.save(path)
    assert problems(path) == []
    return path.read_bytes()


def test_old_and_unknown_hashes_are_checked_or_refused() -> None:
    assert locking.Hash(old="CC1A").fits("abc") is (locking.hash_password("abc") == "CC1A")
    assert locking.Hash(old=locking.hash_password("abc")).fits("abc")
    with pytest.raises(UnsupportedFile):
        locking.Hash("WHIRLPOOL", "x", "AA==", 1).fits("abc")
    with pytest.raises(UnsupportedFile):
        locking.Hash("SHA-512", "x", "AA==", 10**9).fits("abc")


def test_no_password_is_kept_and_undo_and_changes_go_on(chat: Chat, tmp_path: Path) -> None:
    """The journal has the hash of a new password, and of one that was right only that."""
    chat.op("create_excel_file", filename="p.xlsx", headers=["a"], rows=[[1]])
    secret = "Sesam-4711"
    chat.op("edit_excel_sheet", action="protect", options={"password": secret})
    told = chat.op("write_excel_range", start="A2", rows=[[2]])
    assert "protected" in json.dumps(told["result"]["notes"])
    chat.op("edit_excel_sheet", action="unprotect", options={"password": secret})
    told = chat.op("write_excel_range", start="A2", rows=[[3]])
    assert "notes" not in told["result"]
    root = chat.service.sessions.parts.store.root
    for file in root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    chat.op("undo_excel_change", action="undo", steps=3)
    error = chat.fail("edit_excel_sheet", action="unprotect", options={"password": "wrong"})
    assert error["code"] == "wrong_password"
    chat.op("undo_excel_change", action="redo", steps=3)
    assert chat.rows()[1] == [3]


def test_passwords_in_steps_are_kept_no_more_than_others(chat: Chat) -> None:
    chat.op("create_excel_file", filename="p.xlsx", headers=["a"], rows=[[1]])
    secret = "Sesam-4711"
    protect = {"action": "protect", "options": {"password": secret}}
    unprotect = {"action": "unprotect", "options": {"password": secret}}
    tool = "edit_excel_sheet"
    chat.op("run_excel_steps", steps=[{"tool": tool, "arguments": protect}])
    error = chat.fail(
        "run_excel_steps",
        steps=[{"tool": tool, "arguments": {"action": "unprotect", "options": {"password": "x"}}}],
    )
    assert error["code"] == "wrong_password"
    forged = {"action": "unprotect", "options": {"password": ACCEPTED}}
    error = chat.fail("run_excel_steps", steps=[{"tool": tool, "arguments": forged}])
    assert "can't be typed" in error["message"]
    named = {**unprotect, "sheet": "$read.sheet"}
    error = chat.fail(
        "run_excel_steps",
        steps=[
            {"tool": "read_excel_range", "arguments": {}, "name": "read"},
            {"tool": tool, "arguments": named},
        ],
    )
    assert "takes no values of others" in error["message"]
    chat.op("run_excel_steps", steps=[{"tool": tool, "arguments": unprotect}])
    told = chat.op("write_excel_range", start="A2", rows=[[3]])
    assert "notes" not in told["result"]
    root = chat.service.sessions.parts.store.root
    for file in root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    chat.op("undo_excel_change", action="undo", steps=3)
    chat.op("undo_excel_change", action="redo", steps=3)
    assert chat.rows()[1] == [3]
