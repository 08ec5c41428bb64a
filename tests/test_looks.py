"""The whole of format_excel_cells, in new files and in opened ones: each setting shows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from service.errors import InvalidParameters, InvalidRange, InvalidValue
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

ROWS = [["Rent", 1200.5, "2026-01-01"], ["Food", 450, "2026-02-01"], ["Sum", "=SUM(B2:B3)", None]]


@pytest.fixture(params=["new", "opened"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Book:
    """A small workbook, made from nothing or opened from a file."""
    made = new_book(headers=["Item", "Cost", "Due"], rows=ROWS)
    return made if request.param == "new" else reopened(made, tmp_path)


def reopened(book: Book, folder: Path) -> Book:
    path = folder / "again.xlsx"
    book.save(path)
    assert problems(path) == []
    return Book.load(path, "test.xlsx")


def style(book: Book, area: str, **settings: Any) -> dict[str, Any]:
    return run(book, "format_excel_cells", range=area, style=settings).result


def look(book: Book, folder: Path) -> Any:
    """The sheet as openpyxl reads it from the file, which is looked over."""
    path = folder / "saved.xlsx"
    book.save(path)
    assert problems(path) == []
    return openpyxl.load_workbook(path).active


SETTINGS: list[tuple[dict[str, Any], Any]] = [
    ({"underline": "double"}, lambda c: c.font.u == "double"),
    ({"underline": "Double accounting"}, lambda c: c.font.u == "doubleAccounting"),
    ({"script": "superscript"}, lambda c: c.font.vertAlign == "superscript"),
    ({"script": "subscript"}, lambda c: c.font.vertAlign == "subscript"),
    ({"indent": 2}, lambda c: (c.alignment.indent, c.alignment.horizontal) == (2, "right")),
    ({"indent": 1, "align": "left"}, lambda c: c.alignment.horizontal == "left"),
    ({"rotation": 45}, lambda c: c.alignment.textRotation == 45),
    ({"rotation": -90}, lambda c: c.alignment.textRotation == 180),
    ({"rotation": "vertical"}, lambda c: c.alignment.textRotation == 255),
    ({"shrink": True}, lambda c: c.alignment.shrink_to_fit is True),
    ({"align": "across selection"}, lambda c: c.alignment.horizontal == "centerContinuous"),
    ({"valign": "middle"}, lambda c: c.alignment.vertical == "center"),
    ({"locked": False}, lambda c: c.protection.locked is False),
    ({"hide_formula": True}, lambda c: c.protection.hidden is True),
    (
        {"gradient": "white to #1F4E78", "gradient_angle": 90},
        lambda c: (
            c.fill.degree == 90 and [s.color.rgb[2:] for s in c.fill.stop] == ["FFFFFF", "1F4E78"]
        ),
    ),
    ({"gradient": ["red", "blue"], "gradient_angle": "center"}, lambda c: c.fill.type == "path"),
    (
        {"pattern": "light grid", "pattern_color": "red", "fill": "yellow"},
        lambda c: (
            (c.fill.fill_type, c.fill.fgColor.rgb, c.fill.bgColor.rgb)
            == ("lightGrid", "FFFF0000", "FFFFFF00")
        ),
    ),
    ({"pattern": "dots"}, lambda c: c.fill.fill_type == "gray125"),
    (
        {"border": "outline medium red, diagonal up thin blue"},
        lambda c: (
            (c.border.left.style, c.border.left.color.rgb, c.border.diagonalUp)
            == ("medium", "FFFF0000", True)
        ),
    ),
    (
        {"border": {"top": "thin", "bottom": "double green"}, "border_color": "blue"},
        lambda c: (
            (c.border.top.color.rgb, c.border.bottom.color.rgb, c.border.bottom.style)
            == ("FF0000FF", "FF008000", "double")
        ),
    ),
    ({"border": "dash-dot"}, lambda c: c.border.right.style == "dashDot"),
    ({"named_style": "good"}, lambda c: c.style == "Good" and c.fill.fgColor.rgb == "FFC6EFCE"),
    ({"named_style": "Heading 1"}, lambda c: c.font.sz == 15 and c.border.bottom.style == "thick"),
    ({"named_style": "Percent"}, lambda c: c.number_format == "0%" and c.style == "Percent"),
    ({"named_style": "20% - Accent3"}, lambda c: c.fill.fgColor.theme == 6),
    (
        {"new_style": "Key", "bold": True, "fill": "yellow", "number_format": "integer"},
        lambda c: c.style == "Key" and c.font.b and c.number_format == "0",
    ),
    ({"height": 33}, lambda c: c.parent.row_dimensions[2].height == 33),
    ({"width": 33}, lambda c: c.parent.column_dimensions["B"].width == 33),
]


def shows(has: Any, cell: Any) -> bool:
    try:
        return bool(has(cell))
    except AttributeError:  # another kind of fill, or no border
        return False


@pytest.mark.parametrize(
    ("settings", "has"), SETTINGS, ids=lambda v: None if callable(v) else str(v)[:40]
)
def test_each_setting_shows_and_stays(
    settings: dict[str, Any], has: Any, book: Book, tmp_path: Path
) -> None:
    style(book, "B2", italic=True)
    assert not shows(has, look(book, tmp_path)["B2"])
    style(book, "B2", **settings)
    assert shows(has, look(book, tmp_path)["B2"])
    again = reopened(book, tmp_path)
    style(again, "B2", size=13)
    cell = look(again, tmp_path)["B2"]
    assert shows(has, cell) or "Heading" in str(settings)
    assert cell.font.i
    assert cell.font.sz == 13


def test_borders_of_each_side_with_colours(book: Book, tmp_path: Path) -> None:
    style(book, "A1:C4", border="outline medium #1F4E78, horizontal thin gray, vertical dotted")
    sheet = look(book, tmp_path)
    middle, corner = sheet["B2"].border, sheet["A1"].border
    assert (middle.top.style, middle.top.color.rgb) == ("thin", "FF808080")
    assert (middle.left.style, middle.left.color) == ("dotted", None)
    assert (corner.left.style, corner.bottom.style) == ("medium", "thin")
    style(book, "A1:C4", border_color="red")
    again = look(book, tmp_path)["B2"].border
    assert (again.left.style, again.left.color.rgb) == ("dotted", "FFFF0000")
    style(book, "A1:C4", border="none")
    assert look(book, tmp_path)["A1"].border.left.style is None


def test_a_pattern_and_its_fill_keep_one_another(book: Book, tmp_path: Path) -> None:
    style(book, "A2", fill="yellow")
    style(book, "A2", pattern="diagonal")
    fill = look(book, tmp_path)["A2"].fill
    assert (fill.fill_type, fill.bgColor.rgb) == ("lightUp", "FFFFFF00")
    style(book, "A2", fill="red")
    fill = look(book, tmp_path)["A2"].fill
    assert (fill.fill_type, fill.bgColor.rgb) == ("lightUp", "FFFF0000")
    style(book, "A2", pattern="none")
    fill = look(book, tmp_path)["A2"].fill
    assert (fill.fill_type, fill.fgColor.rgb) == ("solid", "FFFF0000")


def test_a_named_style_sets_what_it_stands_for_and_keeps_the_rest(
    book: Book, tmp_path: Path
) -> None:
    style(book, "B2", bold=True, number_format="currency EUR", size=14)
    style(book, "B2", named_style="Bad")
    cell = look(book, tmp_path)["B2"]
    assert (cell.font.b, cell.font.sz, cell.font.color.rgb) == (True, 14, "FF9C0006")
    assert "€" in cell.number_format
    style(book, "B3", new_style="House number", number_format="0.0", color="blue")
    again = reopened(book, tmp_path)
    style(again, "B2", named_style="house number")
    cell = look(again, tmp_path)["B2"]
    assert (cell.style, cell.number_format, cell.font.color.rgb) == (
        "House number", "0.0", "FF0000FF",
    )  # fmt: skip
    assert cell.font.b
    style(again, "B2", named_style="Normal")
    cell = look(again, tmp_path)["B2"]
    assert (cell.style, cell.font.b, cell.fill.fill_type) == ("Normal", False, None)


def test_merging_keeps_the_first_value_and_parting_brings_the_cells_back(
    book: Book, tmp_path: Path
) -> None:
    told = style(book, "E1:G2", merge=True, align="center", fill="yellow", border="outline thin")
    assert told["merged"] == "E1:G2"
    sheet = look(book, tmp_path)
    assert [str(item) for item in sheet.merged_cells.ranges] == ["E1:G2"]
    assert sheet["G2"].border.right.style == sheet["G2"].border.bottom.style == "thin"
    again = reopened(book, tmp_path)
    assert style(again, "F2", merge="none", bold=True)["parted"] == "E1:G2"
    sheet = look(again, tmp_path)
    assert not sheet.merged_cells.ranges
    assert sheet["F2"].fill.fgColor.rgb == "FFFFFF00"
    told = style(again, "E1:G2", merge="across")
    assert told["merged"] == "E1:G1,E2:G2"


@pytest.mark.parametrize(
    ("area", "settings", "error", "told"),
    [
        ("A1:C1", {"merge": True}, InvalidRange, "B1"),
        ("A1", {"merge": True}, InvalidRange, "one cell"),
        ("A1:C1", {"merge": "none"}, InvalidRange, "no merged cells"),
        ("E1:F2000", {"merge": "across"}, InvalidRange, "at most"),
        ("E1:F1,F1:G1", {"merge": True}, InvalidRange, "twice"),
        ("B2", {"border_color": "red"}, InvalidParameters, "no borders"),
        ("A1", {"gradient": "red"}, InvalidValue, "1 colours"),
        ("A1", {"gradient": "red,blue", "fill": "red"}, InvalidParameters, "fill"),
        ("A1", {"gradient_angle": 3}, InvalidParameters, "without gradient"),
        ("A1", {"pattern_color": "red"}, InvalidParameters, "without pattern"),
        ("A1", {"pattern": "tartan"}, InvalidValue, "tartan"),
        ("A1", {"rotation": 91}, InvalidValue, "rotation"),
        ("A1", {"indent": -1}, InvalidValue, "indent"),
        ("A1", {"named_style": "Fancy"}, InvalidParameters, "Fancy"),
        ("A1", {"new_style": "Good", "bold": True}, InvalidParameters, "already"),
        ("A1", {"new_style": "Mine"}, InvalidParameters, "nothing"),
        ("A1", {"border": "outside wavy"}, InvalidValue, "wavy"),
        ("A1", {"copy_from": "A1:ZZ999"}, InvalidRange, "copy_from"),
        ("A1", {"wrap": True, "shrink": True}, InvalidParameters, "shrink"),
        ("A1", {"blod": True}, InvalidParameters, "blod"),
    ],
)
def test_what_cannot_be_is_refused(
    area: str, settings: dict[str, Any], error: type[Exception], told: str
) -> None:
    book = new_book(headers=["Item", "Cost", "Due"], rows=ROWS)
    with pytest.raises(error, match=told):
        style(book, area, **settings)
    assert not book.broken


def test_formats_are_copied_and_repeated_and_cleared(book: Book, tmp_path: Path) -> None:
    style(book, "A2:A3", fill="yellow", bold=True)
    style(book, "A3", fill="red")
    style(book, "E2:F5", copy_from="A2:A3", italic=True)
    sheet = look(book, tmp_path)
    fills = [sheet[f"F{row}"].fill.fgColor.rgb for row in range(2, 6)]
    assert fills == ["FFFFFF00", "FFFF0000"] * 2
    assert sheet["E5"].font.b
    assert sheet["E5"].font.i
    style(book, "A2:A3", clear=True)
    sheet = look(book, tmp_path)
    assert sheet["A2"].fill.fill_type is None
    assert not sheet["A2"].font.b
    assert sheet["A2"].value == "Rent"


def test_formats_come_from_another_sheet(book: Book, tmp_path: Path) -> None:
    run(book, "edit_excel_sheet", action="add", sheet="Two")
    style(book, "Sheet1!A1", fill="yellow")
    run(book, "format_excel_cells", sheet="Two", range="B2", style={"copy_from": "Sheet1!A1"})
    path = tmp_path / "two.xlsx"
    book.save(path)
    assert openpyxl.load_workbook(path)["Two"]["B2"].fill.fgColor.rgb == "FFFFFF00"


def test_rows_grow_with_wrapped_text_and_fit_again(book: Book, tmp_path: Path) -> None:
    run(book, "write_excel_range", start="A3", rows=[["a long text of many words " * 6]])
    style(book, "A3", height=15)
    told = style(book, "A3", wrap=True)
    assert told["raised_rows"] == [3]
    assert look(book, tmp_path).row_dimensions[3].height > 40
    style(book, "A3", height=400)
    style(book, "A3", height="auto")
    assert 40 < look(book, tmp_path).row_dimensions[3].height < 400
    style(book, "A3", wrap=False)
    style(book, "A3", height="auto")
    assert look(book, tmp_path).row_dimensions[3].height is None


@pytest.mark.parametrize(
    ("settings", "least"), [({"size": 30}, 38), ({"rotation": 90}, 20), ({"rotation": 45}, 22)]
)
def test_rows_grow_with_what_they_show(
    settings: dict[str, Any], least: float, book: Book, tmp_path: Path
) -> None:
    assert style(book, "A2", **settings)["raised_rows"] == [2]
    assert look(book, tmp_path).row_dimensions[2].height > least


def test_fitted_columns_mind_rotation_wrapping_and_filters(book: Book, tmp_path: Path) -> None:
    run(book, "write_excel_range", start="A3", rows=[["a long text of many words " * 6]])
    style(book, "A3", wrap=True)
    style(book, "C1", rotation=90)
    style(book, "A:C", width="auto")
    columns = look(book, tmp_path).column_dimensions
    assert 20 < columns["A"].width < 40
    assert columns["C"].width < 16


def test_undo_and_redo_bring_every_look_back(chat: Chat, tmp_path: Path) -> None:
    """In a workbook that was opened from a file."""
    made = new_book(headers=["Item", "Cost", "Due"], rows=ROWS)
    made.save(tmp_path / "file.xlsx")
    chat.upload(tmp_path / "file.xlsx")
    chat.op("open_excel_file", file="file.xlsx")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("format_excel_cells", {"range": "A2", "style": {"new_style": "Key", "bold": True}}),
        ("format_excel_cells", {"range": "E1:F2", "style": {"merge": True, "fill": "red"}}),
        ("format_excel_cells", {"range": "B2", "style": {"named_style": "key", "rotation": 30}}),
        ("edit_excel_sheet", {"action": "layout", "target": "2:3", "options": {"group": True}}),
        ("edit_excel_sheet", {"action": "layout", "options": {"header": "x", "fit": "width"}}),
        ("edit_excel_sheet", {"action": "protect", "options": {"password": "a", "editable": "A2"}}),
    ]
    for name, parameters in steps:
        last = chat.op(name, **parameters)
    before = chat.download(last["files"][0])
    chat.op("undo_excel_change", action="undo", steps=len(steps))
    undone = chat.op("undo_excel_change", action="redo", steps=len(steps))
    after = chat.download(undone["files"][0])
    assert parts_of(before) == parts_of(after)
    sheet = openpyxl.load_workbook(io.BytesIO(after)).active
    assert (sheet["A2"].style, sheet["B2"].style) == ("Key", "Key")
    assert sheet.protection.sheet


def parts_of(data: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
