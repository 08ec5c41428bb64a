"""What is read in bulk is what the open workbook shows."""

from __future__ import annotations

import datetime as dt
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.chart import BarChart
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import find_region
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.bulk import BulkReader, BulkSheet
from service.workbook.gaps import NotInBulkError
from service.workbook.package.opc import Package
from service.workbook.profiles import column_profile

FORMATS = [
    "General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "dd.mm.yyyy", "[$-409]d-mmm", "hh:mm",
    "h AM/PM", "mm:ss.0", "[h]:mm:ss", "[mm]", "0.00", '0.00"d"', '#,##0 "days"', "[Red]0",
    "yyyy\\-mm", '"yyyy"0', "@", "_-* #,##0.00 [$€-407]", "d", "General",
]  # fmt: skip
NUMBERS = [
    *(0, 0.5, 1, 1.25, 59, 59.5, 60, 60.75, 61, 45000, 45000.5, 45000.123456, -1, -0.5, -45000.25),
    *(2958465, 2958466, 0.1, 3e6, 9e8, 123456.789),
]


def made(path: Path, fill: Callable[[openpyxl.Workbook, Worksheet], None]) -> Path:
    xl = openpyxl.Workbook()
    sheet = xl.active
    assert isinstance(sheet, Worksheet)
    fill(xl, sheet)
    xl.save(path)
    return path


def rewritten(path: Path, change: Callable[[str], str]) -> Path:
    """The workbook with the XML of its first sheet changed."""
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
    parts[name] = change(parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w") as new:
        for part, content in parts.items():
            new.writestr(part, content)
    return path


def assert_alike(path: Path) -> None:
    """All sheets of a workbook without formulas are read as the open workbook shows them."""
    book, reader = Book.load(path, path.name), BulkReader(Package(path))
    for sheet in book.xl.worksheets:
        bulk = reader.sheet(sheet.title)
        places = {*sheet._cells, *places_of(bulk)}
        wanted = {place: shown(book, sheet, place) for place in places}
        assert {place: found(bulk, place) for place in places} == wanted
        region = find_region(book, sheet)
        area = bulk.data_area()
        assert area == (region.area if region else None)
        assert bulk.used_area == (book.used_area(sheet) if region else None)
        if region and area:
            assert bulk.has_header_row(area) == region.has_headers


def places_of(bulk: BulkSheet) -> set[tuple[int, int]]:
    rows = len(bulk.columns[0]) if bulk.columns else 0
    columns = range(bulk.first_column, bulk.first_column + len(bulk.columns))
    return {(row + 1, column) for row in range(rows) for column in columns}


def shown(book: Book, sheet: Worksheet, place: tuple[int, int]) -> tuple[str, cells.Scalar]:
    cell = book.cell(sheet, *place)
    value = None if cell is None else book.value(cell)
    return cells.kind_of(value), cells.shown(value)


def found(bulk: BulkSheet, place: tuple[int, int]) -> tuple[str, cells.Scalar]:
    value = bulk.value(*place)
    value = None if value == "" else value
    return cells.kind_of(value), cells.shown(value)


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_numbers_are_dates_where_the_open_workbook_shows_dates(
    tmp_path: Path, epoch_1904: bool
) -> None:
    def fill(xl: openpyxl.Workbook, sheet: Worksheet) -> None:
        if epoch_1904:
            xl.epoch = CALENDAR_MAC_1904
        for row, number_format in enumerate(FORMATS, 1):
            for column, number in enumerate(NUMBERS, 1):
                sheet.cell(row, column, number).number_format = number_format

    assert_alike(made(tmp_path / "dates.xlsx", fill))


def test_moments_are_the_same_to_the_second(tmp_path: Path) -> None:
    chance = random.Random(4)

    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        for row in range(1, 1500):
            day, second = chance.randrange(1, 60000), chance.randrange(86400) / 86400
            for column, (number, number_format) in enumerate(
                [
                    (day + second, "yyyy-mm-dd hh:mm:ss"),
                    (float(f"{day + second:.15g}"), "yyyy-mm-dd hh:mm"),
                    (second, "hh:mm:ss"),
                    (day / 7 + second, "[h]:mm"),
                    (day + chance.random(), "yyyy-mm-dd"),
                    (-chance.random(), "0.00"),
                ],
                1,
            ):
                sheet.cell(row, column, number).number_format = number_format

    assert_alike(made(tmp_path / "moments.xlsx", fill))


def test_texts_errors_merged_cells_and_empty_sheets_are_the_same(tmp_path: Path) -> None:
    def fill(xl: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet["C3"], sheet["D3"], sheet["E3"] = "Name", "Sum", "Note"
        sheet["C4"], sheet["D4"], sheet["E4"] = "  spaced  ", 7, 't="e" and t="d"'
        sheet["C5"], sheet["D5"], sheet["E5"] = "a\nb & <c>", "#N/A", "#DIV/0!"
        sheet["C6"], sheet["D6"], sheet["E6"] = "_x000D_", True, "'quoted"
        sheet["G9"].number_format = "0.00"
        sheet["C9"] = "merged"
        sheet.merge_cells("C9:E11")
        sheet["K20"] = "#REF!"
        xl.create_sheet("empty")
        xl.create_sheet("one cell")["B2"] = 5
        xl.create_sheet("one error")["B2"] = "#N/A"
        xl.create_chartsheet("chart").add_chart(BarChart())
        xl.create_sheet('It\'s <here> & "there"').append(["a", "b"])

    path = made(tmp_path / "texts.xlsx", fill)
    assert_alike(path)
    with pytest.raises(NotInBulkError, match="no worksheet is called 'chart'"):
        BulkReader(Package(path)).sheet("chart")


def test_formulas_are_counted_and_their_kept_values_read(tmp_path: Path) -> None:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append([1, "=A1*2", "=A1*3", "<f>"])

    path = made(tmp_path / "formulas.xlsx", fill)
    bulk = BulkReader(Package(path)).sheet("Sheet")
    assert (bulk.formulas, bulk.uncalculated) == (2, 2)
    rewritten(path, lambda xml: xml.replace("<f>A1*2</f><v></v>", "<f>A1*2</f><v>2</v>"))
    rewritten(path, lambda xml: xml.replace("<f>A1*2</f><v/>", "<f>A1*2</f><v>2</v>"))
    bulk = BulkReader(Package(path)).sheet("Sheet")
    assert (bulk.formulas, bulk.uncalculated, bulk.value(1, 2)) == (2, 1, 2.0)


def test_a_prefix_in_the_xml_changes_nothing(tmp_path: Path) -> None:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append(["Name", "Day", "Left"])
        sheet.append(["a", dt.time(3), -0.5])
        sheet.append(["b", "#N/A", "x"])
        sheet["B2"].number_format = sheet["C2"].number_format = "hh:mm"

    path = made(tmp_path / "prefix.xlsx", fill)
    rewritten(path, lambda xml: re.sub(r"<(/?)(?=\w)", r"<\1x:", xml).replace("xmlns=", "xmlns:x="))
    assert_alike(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda xml: xml.replace('<c r="A1"', '<c r="XFD1048576"'), "too far apart"),
        (lambda xml: xml.replace('<c r="A1"', "<c"), "without their|not written"),
        (lambda xml: xml.replace('<c r="A1"', "<c\nr='A1'"), "not written"),
        (lambda xml: xml.replace("<sheetData>", "<sheetData><!-- -->"), "comments"),
        (lambda xml: xml.replace('t="n"', 't="d"'), "written as texts"),
        (lambda xml: xml.replace("<worksheet", "<sheet"), "does not start"),
        (lambda xml: xml[: len(xml) // 2], "Error"),
    ],
)
def test_what_can_not_be_read_rightly_is_refused(
    tmp_path: Path, change: Callable[[str], str], reason: str
) -> None:
    path = made(tmp_path / "odd.xlsx", lambda _, sheet: sheet.append([1, 2, 3]))
    rewritten(path, change)
    with pytest.raises(NotInBulkError, match=reason):
        BulkReader(Package(path)).sheet("Sheet")


def test_the_last_row_is_not_too_far(tmp_path: Path) -> None:
    path = made(tmp_path / "long.xlsx", lambda _, sheet: sheet.append([1, 2, 3]))
    rewritten(path, lambda xml: xml.replace('<c r="A1"', '<c r="A1048576"'))
    bulk = BulkReader(Package(path)).sheet("Sheet")
    assert bulk.used_area == Area(1, 1, 1048576, 3)
    assert (bulk.value(1048576, 1), bulk.value(1, 2), bulk.value(2, 2)) == (1, 2, "")


def test_a_duration_beyond_all_bounds_is_refused(tmp_path: Path) -> None:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append([1e12])
        sheet["A1"].number_format = "[h]:mm"

    with pytest.raises(NotInBulkError, match="OverflowError"):
        BulkReader(Package(made(tmp_path / "far.xlsx", fill))).sheet("Sheet")


GRIDS = st.lists(
    st.lists(st.sampled_from(["", "", "Name", "name ", "x", 1.0, True]), min_size=5, max_size=5),
    max_size=8,
)


@given(GRIDS)
def test_data_is_found_where_the_open_workbook_finds_it(grid: list[list[Any]]) -> None:
    book = Book.blank("grid.xlsx")
    sheet = book.xl.create_sheet("Sheet")
    for row, values in enumerate(grid, 1):
        for column, value in enumerate(values, 3):
            if value != "":
                sheet.cell(row, column, value)
    bulk = BulkSheet("Sheet", 3, [list(column) for column in zip(*grid, strict=True)])
    region, area = find_region(book, sheet), bulk.data_area()
    assert area == (region.area if region else None)
    if region and area:
        assert bulk.has_header_row(area) == region.has_headers
        assert bulk.used_area == book.used_area(sheet)
        assert bulk.values(area.column(0)) == [
            bulk.value(row, area.first_column) for row in range(area.first_row, area.last_row + 1)
        ]


def test_a_profile_of_a_file_tells_whole_numbers_without_decimals(tmp_path: Path) -> None:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append(["Units"])
        for number in (3, 4, 4):
            sheet.append([number])

    bulk = BulkReader(Package(made(tmp_path / "units.xlsx", fill))).sheet("Sheet")
    profile = column_profile(bulk.values(Area(2, 1, 4, 1)), detail=True)
    assert repr(profile) == repr(
        {
            "type": "number",
            "examples": [3, 4],
            "distinct": 2,
            "min": 3,
            "max": 4,
            "mean": 3.666667,
        }
    )
