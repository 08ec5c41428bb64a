"""CSV of hundreds of thousands of cells: the rows become bytes, and nothing else is different."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from service.errors import TooLarge
from service.operations import csv_files
from service.workbook import quick_csv, row_bytes
from service.workbook.book import Book
from service.workbook.cells import shown
from service.workbook.comparison import changed_places
from service.workbook.keeping.lazy import BLOCK
from service.workbook.occupancy import is_lazy
from service.workbook.package.opc import Package
from tests.bench import new_book, reopened, run
from tests.corpus.validity import problems

ROWS = 1_500
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


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of ten thousand cells counts as very large."""
    monkeypatch.setattr(csv_files, "LAZY_FROM", 10_000)
    monkeypatch.setattr(quick_csv, "QUICK_FROM", 50_000)


def csv_of(rows: int) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([HEADERS, *map(row, range(rows))])
    return out.getvalue()


def looks(sheet: Worksheet, number: int) -> list[tuple[object, str, object]]:
    return [(shown(c.value), c.number_format, bool(c.alignment.wrap_text)) for c in sheet[number]]


def test_a_very_large_csv_is_as_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = csv_of(ROWS)
    large, other = Book.blank("large.xlsx"), new_book(headers=["x"], rows=[[1]])
    answers = [run(large, "import_csv_to_excel", source=text)]
    monkeypatch.setattr(csv_files, "LAZY_FROM", 10**9)  # none is large
    monkeypatch.setattr(quick_csv, "QUICK_FROM", 10**9)
    answers += [run(other, "import_csv_to_excel", source=text)]
    assert answers[0].result == answers[1].result
    mine, theirs = large.sheet("Data"), other.sheet("Data")
    assert is_lazy(mine)
    assert not is_lazy(theirs)
    assert large.used_area(mine) == other.used_area(theirs)
    assert large.cell_count() == other.cell_count() - 2
    for number in (1, 2, 501, 502, 503, 1_000, 1_200, ROWS + 1):
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
    run(book, "write_excel_range", start="C1200", rows=[["changed"]])
    run(book, "write_excel_range", start="N1", rows=[["=SUM(A2:A1501)"]])
    book.save(tmp_path / "again.xlsx")
    again = Book.load(tmp_path / "again.xlsx", "again.xlsx")
    sheet = again.sheet()
    assert [sheet["C1200"].value, sheet["A1201"].value] == ["changed", 1_199]
    assert again.value(sheet["N1"]) == sum(range(ROWS))
    assert run(again, "query_excel_data", sql="SELECT count(*) FROM data").result["rows"] == [
        [ROWS]
    ]


def test_python_reads_what_is_unusual_into_the_same_columns(tmp_path: Path) -> None:
    text = csv_of(ROWS).replace("\r\n", "\r\n\r\n", 1)
    book, usual = Book.blank("large.xlsx"), Book.blank("usual.xlsx")
    notes = run(book, "import_csv_to_excel", source=text).result["notes"]
    run(usual, "import_csv_to_excel", source=csv_of(ROWS))
    assert "1 empty line left out." in notes
    assert is_lazy(book.sheet())
    for one, name in ((book, "book"), (usual, "usual")):
        one.save(tmp_path / f"{name}.xlsx")
        assert problems(tmp_path / f"{name}.xlsx") == []
    parts = [
        Package(tmp_path / f"{name}.xlsx").read("xl/worksheets/sheet1.xml")
        for name in ("book", "usual")
    ]
    assert parts[0] == parts[1]


def test_a_sheet_of_an_open_workbook_is_made_alike_and_the_others_stay(tmp_path: Path) -> None:
    book = new_book(headers=["x", "y"], rows=[[1, "=A2*2"], [4, "=A3*2"]])
    run(book, "import_csv_to_excel", source=csv_of(ROWS), sheet="Large")
    large = book.sheet("Large")
    assert is_lazy(large)
    assert len(dict(large._cells.loaded())) < 2 * BLOCK * len(HEADERS)
    run(book, "write_excel_range", sheet="Sheet1", start="C1", rows=[["=SUM(Large!A2:A1501)"]])
    assert book.value(book.sheet("Sheet1")["C1"]) == sum(range(ROWS))
    again = reopened(book, tmp_path)
    assert again.sheet_names == ["Sheet1", "Large"]
    assert again.value(again.sheet("Sheet1")["B3"]) == 8
    assert again.sheet("Large")["A1501"].value == ROWS - 1


def test_what_is_asked_and_changed_counts_at_once(tmp_path: Path) -> None:
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", source=csv_of(ROWS))
    sheet = book.sheet()
    sql = 'SELECT count(*), sum(Nr), max(Cost), min(Day), count("Some") FROM data'
    first = run(book, "query_excel_data", sql=sql).result["rows"]
    assert first == [[ROWS, sum(range(ROWS)), 699.99, "2026-01-15", ROWS - ROWS // 3]]
    run(book, "write_excel_range", start="A1400", rows=[[1_000_000]])
    changed = run(book, "query_excel_data", sql="SELECT max(Nr) FROM data").result["rows"]
    assert changed == [[1_000_000]]
    assert len(dict(sheet._cells.loaded())) < 8 * BLOCK * len(HEADERS)
    book.save(tmp_path / "again.xlsx")
    again = Book.load(tmp_path / "again.xlsx", "again.xlsx")
    asked = [run(one, "query_excel_data", sql=sql).result["rows"] for one in (book, again)]
    assert asked[0] == asked[1]
    told = [run(one, "describe_excel_file").result for one in (book, again)]
    assert told[0]["sheets"] == told[1]["sheets"]


def test_rows_are_inserted_and_a_second_table_fits_beside(tmp_path: Path) -> None:
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", source=csv_of(ROWS))
    run(book, "import_csv_to_excel", source=csv_of(ROWS), sheet="Other")
    run(book, "edit_excel_sheet", sheet="Data", action="insert_rows", target="2:3")
    again = reopened(book, tmp_path)
    assert [again.sheet(n)["A1503"].value for n in ("Data", "Other")] == [ROWS - 1, None]
    assert again.sheet("Other")["A1501"].value == ROWS - 1


def test_too_large_a_table_is_refused_with_what_to_do() -> None:
    book = Book.blank("large.xlsx", max_table_cells=12_000)
    with pytest.raises(TooLarge, match="12,000") as caught:
        run(book, "import_csv_to_excel", source=csv_of(ROWS))
    assert "MAX_TABLE_CELLS" in str(caught.value.hint)
    assert book.sheet_names == []


def test_a_table_leaves_room_for_cells_beside_it() -> None:
    book = Book.blank("large.xlsx", max_cells=10_000)
    run(book, "import_csv_to_excel", source=csv_of(ROWS))
    run(book, "write_excel_range", start="N1", rows=[["beside"]])
    assert book.sheet()["N1"].value == "beside"


def test_changes_are_told_between_two_imports_of_one_file() -> None:
    before, after = Book.blank("large.xlsx"), Book.blank("large.xlsx")
    for book in (before, after):
        run(book, "import_csv_to_excel", source=csv_of(ROWS))
    run(after, "write_excel_range", start="A1400", rows=[["new"]])
    mine, theirs = after.sheet()._cells, before.sheet()._cells
    assert mine.only_edits_of(theirs)
    assert list(changed_places(before, after)["Data"]) == [(1400, 1)]
    other = Book.blank("large.xlsx")
    run(other, "import_csv_to_excel", source=csv_of(ROWS).replace("\n1400;", "\n1401;"))
    assert not mine.only_edits_of(other.sheet()._cells)


def test_what_is_kept_of_a_saving_is_what_the_next_one_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_bytes, "_AT_ONCE", 100)
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", source=csv_of(ROWS))
    parts = []
    for number in (1, 2):
        book.save(tmp_path / f"{number}.xlsx")
        parts.append(Package(tmp_path / f"{number}.xlsx").read("xl/worksheets/sheet1.xml"))
    assert parts[0] == parts[1]
    run(book, "write_excel_range", start="A1111", rows=[[-5]])
    again = reopened(book, tmp_path)
    assert [again.sheet()[f"A{row}"].value for row in (1110, 1111, 1112)] == [1108, -5, 1110]


def test_columns_have_room_for_their_longest_numbers_wherever_these_stand() -> None:
    lines = ["Name,Cost,Share", *(f"n{n},{n % 9},{n % 7}%" for n in range(5_000))]
    lines[4_000] = "n,-123456789.25,12.5%"
    book = Book.blank("t.xlsx")
    run(book, "import_csv_to_excel", source="\n".join(lines), filename="wide.csv")
    sheet = book.xl.worksheets[0]
    assert is_lazy(sheet)
    assert sheet.column_dimensions["B"].width >= len("-123,456,789.25")
    assert sheet.column_dimensions["C"].width < 15
