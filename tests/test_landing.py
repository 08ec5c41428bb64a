"""Rows of queries put onto sheets: where they may stand, and how they look there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.operations import landing_rows
from service.operations.landing import Landing, landing
from service.workbook.book import Book
from service.workbook.comparison import told_changes
from service.workbook.house import house
from service.workbook.result_sets import Results, fitted, with_formats
from tests.bench import new_book, run
from tests.corpus.validity import problems

NAMES = ["city", "people", "share", "since", "seen", "opens", "open"]
ROWS: list[list[Any]] = [
    [
        "Köln",
        1_087_863,
        0.253,
        dt.date(1946, 8, 23),
        dt.datetime(2026, 1, 2, 3, 4),
        dt.time(8),
        True,
    ],
    ["=Bonn", 336_465, None, dt.date(1949, 5, 10), None, dt.time(9, 30), False],
]


def cities() -> Results:
    return fitted(NAMES, ROWS)


def land(book: Book, results: Results, into: str, **wishes: Any) -> Landing:
    place = landing(book, results, into, **wishes)
    with book.changing():
        place.run(house(""))
    return place


def reopened(book: Book, folder: Path) -> Book:
    book.save(folder / "saved.xlsx")
    return Book.load(folder / "saved.xlsx", "saved.xlsx")


@pytest.fixture(params=["made here", "from a file"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Book:
    made = new_book(headers=["a", "b"], rows=[[1, 2], [3, 4]], sheet="Data")
    return made if request.param == "made here" else reopened(made, tmp_path)


def test_a_new_sheet_holds_headers_and_typed_values(book: Book, tmp_path: Path) -> None:
    place = land(book, cities(), "Result")
    assert place.told() == {
        "into": "Result!A1:G3",
        "rows": 2,
        "columns": {
            "city": "text",
            "people": "integer",
            "share": "decimal",
            "since": "date",
            "seen": "datetime",
            "opens": "time",
            "open": "boolean",
        },
    }
    again = reopened(book, tmp_path)
    sheet = again.sheet("Result")
    values = [
        [again.value(cell) if cell.value is not None else None for cell in row]
        for row in sheet["A1:G3"]
    ]
    assert values[0] == NAMES
    assert values[1][:3] == ["Köln", 1_087_863, 0.253]
    assert values[1][3] == dt.datetime(1946, 8, 23)
    assert values[1][4:] == [dt.datetime(2026, 1, 2, 3, 4), dt.time(8), True]
    assert sheet["A3"].data_type == "s"
    assert sheet["A3"].value == "=Bonn"
    assert sheet["D2"].number_format == "yyyy-mm-dd"
    assert sheet["F3"].number_format == "hh:mm"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G3"
    assert sheet["A1"].font.bold


def test_rows_can_be_a_native_table(book: Book, tmp_path: Path) -> None:
    assert land(book, cities(), "Result", table="Cities").told()["table"] == "Cities"
    assert land(book, cities(), "Result!J2", table="auto").told()["table"] == "Table1"
    sheet = reopened(book, tmp_path).sheet("Result")
    assert dict(sheet.tables.items()) == {
        "Cities": "A1:G3",
        "Table1": "J2:P4",
    }
    assert [c.name for c in sheet.tables["Cities"].tableColumns] == NAMES


def test_a_table_without_rows_has_a_blank_one(book: Book) -> None:
    place = land(book, fitted(["a"], []), "Result", table="Nothing")
    assert book.sheet("Result").tables["Nothing"].ref == "A1:A2"
    assert place.told()["notes"] == ["There are no rows; the table has one blank row."]


def test_rows_stand_at_a_cell(book: Book) -> None:
    place = land(book, cities(), "Data!E2")
    assert place.told()["into"] == "Data!E2:K4"
    assert book.sheet("Data")["E3"].value == "Köln"
    assert book.sheet("Data").freeze_panes == "A2"  # as it was
    assert str(book.used_area(book.sheet("Data"))) == "A1:K4"


def test_a_sheet_named_with_an_exclamation_mark_or_quotes_is_found(book: Book) -> None:
    land(book, cities(), "'It''s new'!B2")
    assert book.sheet("It's new")["B3"].value == "Köln"


@pytest.mark.parametrize(
    ("into", "error", "words"),
    [
        ("data", InvalidParameters, 'the sheet "Data" holds data'),
        ("Data!A2", InvalidRange, "over 4 filled cells"),
        ("a/b", InvalidParameters, "does not allow"),
        ("Data!XFD1", InvalidRange, "do not fit"),
        ("Data!what", InvalidRange, "not a cell reference"),
    ],
)
def test_a_place_that_is_taken_or_none_is_refused(
    book: Book, into: str, error: type[ExcelToolsError], words: str
) -> None:
    with pytest.raises(error, match=words):
        landing(book, cities(), into)
    assert book.sheet_names == ["Data"]
    assert not book.broken


def test_a_cell_alone_is_of_the_only_sheet(book: Book) -> None:
    assert landing(book, cities(), "E1").sheet == "Data"
    run(book, "edit_excel_sheet", action="add", sheet="More")
    with pytest.raises(InvalidParameters, match="a cell without its sheet"):
        landing(book, cities(), "E1")


def test_overwrite_replaces_cells_but_not_tables_and_merged_cells(book: Book) -> None:
    place = land(book, fitted(["x"], [["new"]]), "Data!A1", overwrite=True)
    assert [cell.value for cell in book.sheet("Data")["A"]] == ["x", "new", 3]
    assert place.told()["notes"] == ["What stands below, from row 3 on, was left as it is."]
    run(book, "create_excel_table", sheet="Data", range="A1:B3", name="Kept")
    with pytest.raises(InvalidRange, match="over the table Kept"):
        landing(book, cities(), "Data!B3", overwrite=True)
    run(book, "format_excel_cells", sheet="Data", range="E1:F2", style={"merge": True})
    with pytest.raises(InvalidRange, match="over merged cells"):
        landing(book, cities(), "Data!D2", overwrite=True)


def test_names_of_columns_are_all_different() -> None:
    found = fitted(["sum", "Sum", "", "a\nb"], [[1, 2, 3, 4]])
    assert found.names == ["sum", "Sum2", "Column3", "a b"]


@pytest.mark.parametrize(
    ("value", "held", "note"),
    [
        (Decimal("12.50"), 12.5, ""),
        (Decimal("12.00"), 12, ""),
        (Decimal("1234567890123456.5"), "1234567890123456.5", "more than 15 digits"),
        (10**17, "100000000000000000", "more than 15 digits"),
        (float("inf"), None, "infinite"),
        (Decimal("NaN"), None, "infinite"),
        (dt.date(1850, 1, 2), "1850-01-02", "before March 1900"),
        (dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
         dt.datetime(2025, 12, 31, 23), "UTC"),
        (b"\x01\xff", "01ff", ""),
        ({"a": [1, None]}, '{"a": [1, null]}', ""),
        ("a\x00b", "ab", "Control characters"),
        (1e-320, 0.0, ""),
        ("", None, ""),
    ],
)  # fmt: skip
def test_values_fit_into_cells(value: object, held: object, note: str) -> None:
    found = fitted(["x"], [[value]])
    assert found.rows == [[held]]
    assert type(found.rows[0][0]) is type(held)
    assert (note in found.notes[0]) if note else not found.notes


def test_a_text_that_no_cell_holds_is_refused() -> None:
    with pytest.raises(InvalidValue, match="32,768 characters"):
        fitted(["x"], [["y" * 32_768]])


def test_results_come_back_from_a_journal_as_they_were() -> None:
    mixed = fitted(
        [*NAMES, "mixed", "long"],
        [[*row, more, dt.timedelta(hours=30)] for row, more in zip(ROWS, [1, "x"], strict=True)],
    )
    mixed.notes.append("a note")
    again = Results.unpacked(mixed.packed())
    assert again == mixed
    assert [[type(v) for v in row] for row in again.rows] == [
        [type(v) for v in row] for row in mixed.rows
    ]
    empty = fitted(["a"], [])
    assert Results.unpacked(empty.packed()) == empty


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1.5, 2.25], "#,##0.00"),
        ([1 / 3 + 5], "#,##0.00"),
        ([52.5163, 13.3777], "General"),
        ([0.25, 0.5], "General"),
    ],
)
def test_decimals_are_shown_without_hiding_digits(values: list[float], code: str) -> None:
    book = new_book(headers=["a"])
    land(book, fitted(["x"], [[v] for v in values]), "Result")
    assert book.sheet("Result")["A2"].number_format == code


def test_columns_take_formats_by_name() -> None:
    book = new_book(headers=["a"])
    land(book, with_formats(fitted(["Rate"], [[0.5]]), {"rate": "0.0%"}), "Result")
    assert book.sheet("Result")["A2"].number_format == "0.0%"


def test_what_was_landed_is_a_valid_file(tmp_path: Path) -> None:
    book = new_book(headers=["a"])
    land(book, cities(), "Result", table="auto")
    book.save(tmp_path / "out.xlsx")
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["Result"]["F2"].value == dt.time(8)


def test_a_file_that_was_opened_again_holds_no_other_cells(tmp_path: Path) -> None:
    """Dates and looks come back in other words; undo and previews tell only what differs."""
    book = new_book(headers=["a"], rows=[["x"]])
    land(book, cities(), "Result")
    assert told_changes(book, reopened(book, tmp_path), 1, 50)["changed_cells"] == 0


# Very large results ---------------------------------------------------------------


def many() -> Results:
    """More rows than are made into cells where there are very many."""
    rows = [
        [
            number,
            ["Köln <&>", "=1+1", "007", "two\nlines", " spaced ", None][number % 6],
            None if number % 3 else number / 4,
            dt.date(2024, 1, 1) + dt.timedelta(number % 900),
            dt.datetime(2026, 1, 1) + dt.timedelta(minutes=number),
            dt.time(number % 24, 30),
            dt.timedelta(hours=number),
            number % 2 == 0,
        ]
        for number in range(620)
    ]
    return fitted(["id", "text", "part", "day", "moment", "clock", "span", "even"], rows)


def read_again(value: object) -> object:
    """A day as the editor reads it from a file."""
    day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return dt.datetime.combine(value, dt.time()) if day else value  # type: ignore[arg-type]


def shown(book: Book, title: str) -> dict[Any, Any]:
    sheet = book.sheet(title)
    sheet["A1"]  # makes the cells, where that was put off
    return {
        place: (
            read_again(book.value(cell)),
            cell.number_format,
            bool(cell.alignment.wrap_text),
            cell.data_type,
        )
        for place, cell in sheet._cells.items()
        if cell.value is not None
    }


def test_very_many_rows_stand_as_few_do(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "" if book.memory is None else "Many"
    run(book, "write_excel_range", sheet="Data", start="D1", rows=[["=SUM(B2:B3)"]])
    book.xl.epoch = CALENDAR_MAC_1904
    place = land(book, many(), "Few", table=table and "Few")
    few = shown(book, "Few")
    monkeypatch.setattr(landing_rows, "LAZY_FROM", 1_000)
    large = land(book, many(), "Many", table=table)
    told = large.told() | {"into": place.told()["into"], "table": "Few"}
    assert told == place.told() | {"table": "Few"}
    assert len(few) > 4_000
    assert shown(book, "Many") == few
    sheets = book.sheet("Few"), book.sheet("Many")
    for one in (lambda s: s.freeze_panes, lambda s: s.auto_filter.ref, lambda s: list(s.tables)):
        assert one(sheets[0]) == one(sheets[1]) or table
    widths = [{key: d.width for key, d in sheet.column_dimensions.items()} for sheet in sheets]
    assert widths[0] == widths[1]
    assert book.value(book.sheet("Data")["D1"]) == 6
    again = reopened(book, tmp_path)
    assert problems(tmp_path / "saved.xlsx") == []
    assert shown(again, "Many") == few
    run(again, "write_excel_range", sheet="Many", start="A622", rows=[["last"]])
    assert reopened(again, tmp_path).sheet("Many")["A622"].value == "last"


def test_formulas_see_very_many_rows(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_rows, "LAZY_FROM", 1_000)
    book.xl["Data"]["D1"] = "=SUM(Many!A:A)"
    with book.changing():
        pass
    assert book.value(book.sheet("Data")["D1"]) in ("#REF!", None)
    land(book, many(), "Many")
    assert book.value(book.sheet("Data")["D1"]) == sum(range(620))
