"""create_excel_table: what each action and option does to the file, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import xlsxwriter
from lxml import etree
from PIL import Image

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HEADERS = ["Item", "Qty", "Price", "State", "Day"]
ROWS = [
    ["a", 1, 10, "open", "2026-03-01"],
    ["b", 2, 20.5, "late", "2026-03-02"],
    ["c", 3, 30, "open", "2026-04-01"],
    ["d", 4, 40, None, "2026-04-02"],
]


@pytest.fixture
def book() -> Book:
    return new_book(headers=HEADERS, rows=ROWS)


@pytest.fixture
def sales(book: Book) -> Book:
    """A1:F5 is the table Sales, with Sum calculated."""
    table(book, name="Sales", options={"columns": {"Sum": "=[@Qty]*[@Price]"}})
    return book


def table(book: Book, **given: Any) -> dict[str, Any]:
    """What create_excel_table tells of the table."""
    found: dict[str, Any] = run(book, "create_excel_table", **given).result
    return found.get("table") or found


def change(book: Book, **options: Any) -> dict[str, Any]:
    return table(book, action="change", options=options)


def saved(book: Book, tmp_path: Path, name: str = "saved.xlsx") -> Path:
    path = tmp_path / name
    book.save(path)
    assert problems(path) == []
    return path


def root(book: Book, tmp_path: Path, name: str = "xl/tables/table1.xml") -> etree._Element:
    with ZipFile(saved(book, tmp_path)) as archive:
        return etree.fromstring(archive.read(name))


def reopened(book: Book, tmp_path: Path, name: str = "again.xlsx") -> Book:
    return Book.load(saved(book, tmp_path, name), name)


def formulas(book: Book, cells: str) -> list[list[Any]]:
    rows: list[list[Any]] = run(book, "read_excel_range", range=cells, what="formulas").result[
        "rows"
    ]
    return rows


def value(book: Book, cell: str) -> object:
    return book.value(book.sheet()[cell])


# Making ---------------------------------------------------------------------------


def test_a_table_over_the_sheets_data(book: Book, tmp_path: Path) -> None:
    told = table(book)
    assert (told["name"], told["range"], told["columns"]) == ("Table1", "A1:E5", HEADERS)
    found = root(book, tmp_path)
    assert (found.get("ref"), found.get("displayName")) == ("A1:E5", "Table1")
    assert found.find(f"{MAIN}autoFilter").get("ref") == "A1:E5"
    assert [c.get("name") for c in found.iter(f"{MAIN}tableColumn")] == HEADERS
    sheet = root(book, tmp_path, "xl/worksheets/sheet1.xml")
    assert sheet.find(f"{MAIN}autoFilter") is None  # the table's takes its place
    assert table(reopened(book, tmp_path), action="list")["tables"] == [told]


def test_headers_are_named_as_excel_does(tmp_path: Path) -> None:
    book = new_book(rows=[["a", None, "A", 2026], [1, 2, 3, 4]])
    answer = run(book, "create_excel_table", range="A1:D2", options={"headers": True}).result
    assert answer["table"]["columns"] == ["a", "Column2", "A2", "2026"]
    assert "Column2, A2" in answer["notes"][0]
    assert formulas(book, "A1:D1") == [["a", "Column2", "A2", "2026"]]
    assert book.sheet()["D1"].data_type == "s"
    saved(book, tmp_path)


def test_a_range_without_headers_gets_some_above(tmp_path: Path) -> None:
    book = new_book()
    run(book, "write_excel_range", start="B3", rows=[[1, 2], [3, 4]])
    told = table(book, range="B3:C4", options={"headers": False})
    assert (told["range"], told["columns"]) == ("B2:C4", ["Column1", "Column2"])
    with pytest.raises(InvalidRange, match="no row above"):
        table(book, range="F1:G4", options={"headers": False})


def test_headers_alone_get_a_blank_row(tmp_path: Path) -> None:
    book = new_book(headers=["a", "b"])
    answer = run(book, "create_excel_table", range="A1:B1").result
    assert answer["table"]["range"] == "A1:B2"
    assert "blank row" in answer["notes"][0]
    saved(book, tmp_path)


STYLES = [
    ({"style": "light 9"}, "name", "TableStyleLight9"),
    ({"style": "TableStyleDark3"}, "name", "TableStyleDark3"),
    ({"style": "none"}, "name", None),
    ({"banded_rows": False}, "showRowStripes", "0"),
    ({"banded_columns": True}, "showColumnStripes", "1"),
    ({"first_column": True}, "showFirstColumn", "1"),
    ({"last_column": True}, "showLastColumn", "1"),
]


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("options", "attribute", "expected"), STYLES)
def test_styles(
    book: Book,
    tmp_path: Path,
    later: bool,
    options: dict[str, Any],
    attribute: str,
    expected: str | None,
) -> None:
    if later:
        table(book)
        book = reopened(book, tmp_path)
        change(book, **options)
    else:
        table(book, options=options)
    assert root(book, tmp_path).find(f"{MAIN}tableStyleInfo").get(attribute) == expected


def test_filter_buttons(book: Book, tmp_path: Path) -> None:
    table(book, options={"filter_buttons": False})
    assert root(book, tmp_path).find(f"{MAIN}autoFilter") is None
    change(book, filter_buttons=True)
    assert root(book, tmp_path).find(f"{MAIN}autoFilter").get("ref") == "A1:E5"


# Totals ---------------------------------------------------------------------------

FUNCTIONS = [
    ("sum", "sum", 109, 10),
    ("average", "average", 101, 2.5),
    ("count", "count", 103, 4),
    ("count_numbers", "countNums", 102, 4),
    ("max", "max", 104, 4),
    ("min", "min", 105, 1),
    ("std_dev", "stdDev", 107, pytest.approx(1.2909944487)),
    ("var", "var", 110, pytest.approx(1.6666666667)),
]


@pytest.mark.parametrize(("word", "stored", "number", "result"), FUNCTIONS)
def test_totals(
    book: Book, tmp_path: Path, word: str, stored: str, number: int, result: float
) -> None:
    told = table(book, name="T", options={"totals": {"Qty": word}})
    assert told["range"] == "A1:E6"
    assert told["totals"] == {"Item": "Total", "Qty": word}
    assert formulas(book, "A6:B6") == [["Total", f"=SUBTOTAL({number},T[Qty])"]]
    assert value(book, "B6") == result
    found = root(book, tmp_path)
    assert (found.get("totalsRowCount"), found.get("ref")) == ("1", "A1:E6")
    assert found.find(f"{MAIN}autoFilter").get("ref") == "A1:E5"
    columns = list(found.iter(f"{MAIN}tableColumn"))
    assert columns[0].get("totalsRowLabel") == "Total"
    assert columns[1].get("totalsRowFunction") == stored


def test_totals_by_formula_label_and_of_all_numbers(book: Book, tmp_path: Path) -> None:
    table(book, name="T", options={"totals": True})
    assert formulas(book, "A6:E6")[0] == [
        "Total", "=SUBTOTAL(109,T[Qty])", "=SUBTOTAL(109,T[Price])", None, None,
    ]  # fmt: skip
    told = change(book, totals={"Item": "All of it", "Qty": "none", "Price": "=SUM([Price])/2"})
    assert told["totals"] == {"Item": "All of it", "Price": "=SUM(T[Price])/2"}
    found = root(book, tmp_path).find(f".//{MAIN}totalsRowFormula")
    assert found.text == "SUM(T[Price])/2"
    assert value(book, "C6") == 50.25
    again = reopened(book, tmp_path)
    told = change(again, totals=False)
    assert told["range"] == "A1:E5"
    assert "totals" not in told
    assert root(again, tmp_path).get("totalsRowCount") is None
    assert value(again, "C6") is None


def test_totals_need_a_free_row(book: Book) -> None:
    run(book, "write_excel_range", start="A6", rows=[["below"]])
    with pytest.raises(InvalidRange, match="A6 holds 'below'"):
        table(book, range="A1:E5", options={"totals": True})
    assert not book.sheet().tables


@pytest.mark.parametrize("fresh", [True, False])
def test_appended_rows_go_above_the_totals(sales: Book, tmp_path: Path, fresh: bool) -> None:
    change(sales, totals={"Sum": "sum"})
    run(sales, "write_excel_range", start="H1", rows=[["=F6", "=SUM(Sales[Sum])"]])
    run(sales, "write_excel_range", start="A8", rows=[["below"]])
    book = sales if fresh else reopened(sales, tmp_path)
    told = run(book, "write_excel_range", start="append", rows=[["e", 5, 2], ["f", 1, 1]]).result
    assert told["written"] == "A6:C7"
    assert formulas(book, "H1:I1") == [["=F8", "=SUM(Sales[Sum])"]]
    assert value(book, "F6") == 10
    assert value(book, "F8") == value(book, "I1") == 10 + 41 + 90 + 160 + 10 + 1
    assert value(book, "A10") == "below"
    run(book, "write_excel_range", start="append", rows=[{"Item": "g", "Qty": 2, "Price": 3}])
    assert value(book, "F8") == 6
    assert table(book, action="list")["tables"][0]["range"] == "A1:F9"
    assert root(book, tmp_path).find(f"{MAIN}autoFilter").get("ref") == "A1:F8"


# Calculated columns ---------------------------------------------------------------


def test_a_calculated_column_is_stored_as_excel_does(sales: Book, tmp_path: Path) -> None:
    stored = "Sales[[#This Row],[Qty]]*Sales[[#This Row],[Price]]"
    assert [row[0] for row in formulas(sales, "F1:F5")] == ["Sum", *[f"={stored}"] * 4]
    assert [value(sales, f"F{row}") for row in (2, 3)] == [10, 41]
    assert root(sales, tmp_path).find(f".//{MAIN}calculatedColumnFormula").text == stored
    again = reopened(sales, tmp_path)
    assert value(again, "F3") == 41
    run(again, "write_excel_range", start="append", rows=[["e", 5, 5]])
    assert value(again, "F6") == 25


def test_an_existing_column_is_calculated(book: Book) -> None:
    answer = run(
        book,
        "create_excel_table",
        name="T",
        options={"columns": {"price": "=B2*2", "Share": "=[@Qty]/SUM([Qty])"}},
    ).result
    assert [row[0] for row in formulas(book, "C2:C3")] == ["=B2*2", "=B3*2"]
    assert "gave way" in answer["notes"][0]
    assert formulas(book, "F2:F2") == [["=T[[#This Row],[Qty]]/SUM(T[Qty])"]]
    assert value(book, "F5") == 0.4


def test_short_forms_are_written_as_the_file_has_them(sales: Book) -> None:
    run(sales, "write_excel_range", start="E3", rows=[["=[@Qty]+1"]])
    assert formulas(sales, "E3:E3") == [["=Sales[[#This Row],[Qty]]+1"]]
    with pytest.raises(InvalidValue, match="no table, nor a part of one"):
        run(sales, "write_excel_range", start="J3", rows=[["=[@Qty]+1"]])


def test_headers_with_brackets(book: Book, tmp_path: Path) -> None:
    run(book, "write_excel_range", start="C1", rows=[["Price [EUR]"]])
    table(book, name="T", options={"columns": {"Sum": "=[@Qty]*[@[Price '[EUR']]]"}})
    change(book, totals={"Price [EUR]": "sum"})
    assert value(book, "F3") == 41
    assert value(book, "C6") == 100.5
    assert value(reopened(book, tmp_path), "C6") == 100.5


# Names ----------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [True, False])
def test_names_are_changed_with_all_formulas(sales: Book, tmp_path: Path, fresh: bool) -> None:
    change(sales, totals={"Sum": "sum"})
    run(sales, "write_excel_range", start="H1", rows=[["=SUM(Sales[Sum])+ROWS(Sales[])"]])
    book = sales if fresh else reopened(sales, tmp_path)
    told = change(book, new_name="Deals 2026", rename_columns={"Sum": "Amount", "Qty": "Pieces"})
    assert told["name"] == "Deals_2026"
    assert told["columns"] == ["Item", "Pieces", "Price", "State", "Day", "Amount"]
    assert formulas(book, "A1:F1") == [told["columns"]]
    assert formulas(book, "H1:H1") == [["=SUM(Deals_2026[Amount])+ROWS(Deals_2026[])"]]
    assert formulas(book, "F6:F6") == [["=SUBTOTAL(109,Deals_2026[Amount])"]]
    found = root(book, tmp_path)
    text = found.find(f".//{MAIN}calculatedColumnFormula").text
    assert text == "Deals_2026[[#This Row],[Pieces]]*Deals_2026[[#This Row],[Price]]"
    assert found.get("displayName") == found.get("name") == "Deals_2026"
    assert value(book, "H1") == 301 + 4
    assert value(reopened(book, tmp_path), "H1") == 301 + 4


# Size -----------------------------------------------------------------------------


def test_a_table_is_resized(sales: Book, tmp_path: Path) -> None:
    run(sales, "write_excel_range", start="G1", rows=[["More"], [1]])
    run(sales, "write_excel_range", start="I1", rows=[["=SUM(Sales[Item])", "=SUM(Sales[Qty])"]])
    told = table(sales, action="change", range="B1:G7")
    assert told["columns"] == ["Qty", "Price", "State", "Day", "Sum", "More"]
    assert value(sales, "A2") == "a"  # the cells stay
    assert formulas(sales, "I1:J1") == [["=SUM(#REF!)", "=SUM(Sales[Qty])"]]
    assert "#This Row" in formulas(sales, "F7:F7")[0][0]  # new rows are calculated
    found = root(sales, tmp_path)
    ids = [c.get("id") for c in found.iter(f"{MAIN}tableColumn")]
    assert found.get("ref") == "B1:G7"
    assert len(set(ids)) == 6


# Filters --------------------------------------------------------------------------

FILTERS: list[tuple[str, Any, list[int], str]] = [
    ("State", ["open"], [2, 4], '<filters><filter val="open"/></filters>'),
    ("State", ["OPEN", "blanks"], [2, 4, 5], '<filters blank="1"><filter val="OPEN"/></filters>'),
    ("State", "no blanks", [2, 3, 4], '<customFilter val=" " operator="notEqual"/>'),
    ("State", "contains at", [3], '<customFilter val="*at*" operator="equal"/>'),
    ("State", "begins with o", [2, 4], '<customFilter val="o*" operator="equal"/>'),
    ("State", "not contains at", [2, 4, 5], '<customFilter val="*at*" operator="notEqual"/>'),
    ("Qty", 3, [4], '<filters><filter val="3"/></filters>'),
    ("Qty", ">= 3", [4, 5], '<customFilter val="3" operator="greaterThanOrEqual"/>'),
    ("Qty", [">1", "<4"], [3, 4], '<customFilters and="1">'),
    ("Price", "<>20.5", [2, 4, 5], '<customFilter val="20.5" operator="notEqual"/>'),
    ("Day", "> 2026-03-15", [4, 5], '<customFilter val="46096" operator="greaterThan"/>'),
    ("Day", ["2026-03-02"], [3], '<dateGroupItem year="2026" month="3" day="2"'),
    ("Sum", ">50", [4, 5], '<customFilter val="50" operator="greaterThan"/>'),
]


@pytest.mark.parametrize(("column", "criterion", "shown", "xml"), FILTERS)
def test_a_filter_hides_the_other_rows(
    sales: Book, tmp_path: Path, column: str, criterion: Any, shown: list[int], xml: str
) -> None:
    told = change(sales, filters={column: criterion})
    rows = sales.sheet().row_dimensions
    assert [row for row in range(2, 6) if not rows[row].hidden] == shown
    assert told["hidden_rows"] == 4 - len(shown)
    sheet = root(sales, tmp_path, "xl/worksheets/sheet1.xml")
    hidden = {int(r.get("r")) for r in sheet.iter(f"{MAIN}row") if r.get("hidden") == "1"}
    assert hidden == set(range(2, 6)) - set(shown)
    found = etree.tostring(root(sales, tmp_path).find(f"{MAIN}autoFilter"), encoding="unicode")
    assert xml in found.replace(
        ' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"', ""
    )
    again = reopened(sales, tmp_path)
    assert table(again, action="list")["tables"][0]["filters"] == told["filters"]
    told = change(again, filters={column: None})
    assert "filters" not in told
    assert not any(again.sheet().row_dimensions[row].hidden for row in range(2, 6))


def test_filters_of_several_columns_and_totals(sales: Book) -> None:
    change(sales, totals={"Sum": "sum"})
    told = change(sales, filters={"State": "open", "Qty": ">1"})
    assert told["hidden_rows"] == 3
    assert told["filters"] == {"Qty": ">1", "State": ["open"]}


# Ending ---------------------------------------------------------------------------


def test_a_table_becomes_plain_cells(sales: Book, tmp_path: Path) -> None:
    run(
        sales,
        "write_excel_range",
        start="H1",
        rows=[["=SUM(Sales[Sum])", "=Sales[[#Headers],[Qty]]"]],
    )
    change(sales, filters={"Qty": 1})
    book = reopened(sales, tmp_path)
    run(book, "create_excel_table", action="convert")
    assert formulas(book, "F3:F3") == [["=$B3*$C3"]]
    assert formulas(book, "H1:I1") == [["=SUM($F$2:$F$5)", "=$B$1"]]
    assert not any(book.sheet().row_dimensions[row].hidden for row in range(2, 6))
    with ZipFile(saved(book, tmp_path)) as archive:
        assert not [name for name in archive.namelist() if "tables" in name]
    assert value(book, "H1") == 301


def test_a_table_is_deleted_with_its_cells(sales: Book, tmp_path: Path) -> None:
    run(sales, "write_excel_range", start="H1", rows=[["=SUM(Sales[Sum])"]])
    told = run(sales, "create_excel_table", action="delete", name="sales").result
    assert told["deleted"]["name"] == "Sales"
    assert formulas(sales, "H1:H1") == [["=SUM(#REF!)"]]
    assert value(sales, "A2") is None
    assert not reopened(sales, tmp_path).sheet().tables


# Refused --------------------------------------------------------------------------

REFUSED: list[tuple[type[ExcelToolsError], dict[str, Any], str]] = [
    (InvalidRange, {"range": "D3:H9"}, "overlaps the table Sales"),
    (InvalidRange, {"range": "H1:I6"}, "merged cells"),
    (InvalidParameters, {"range": "K1:L3", "name": "sales"}, "is taken"),
    (InvalidParameters, {"range": "K1:L3", "name": "A1"}, "looks like a cell"),
    (InvalidParameters, {"range": "K1:L3", "name": "1st"}, "none that Excel allows"),
    (InvalidValue, {"range": "K1:L3", "options": {"style": "medium 99"}}, "no table style"),
    (InvalidParameters, {"range": "K1:L3", "options": {"new_name": "X"}}, "no effect on create"),
    (InvalidParameters, {"action": "change"}, "nothing that is to change"),
    (InvalidParameters, {"action": "change", "name": "Costs", "range": "A1:B9"}, "No table"),
    (InvalidParameters, {"action": "list", "options": {"totals": True}}, "no effect on list"),
    (InvalidParameters, {"action": "change", "options": {"headers": False}}, "no effect on change"),
    (InvalidRange, {"action": "change", "range": "A2:F5"}, "headers stay"),
    (InvalidRange, {"action": "change", "range": "A1:F1"}, "one row of data"),
    (InvalidRange, {"action": "change", "range": "A1:H5"}, "merged cells"),
    (InvalidParameters, {"action": "change", "options": {"totals": {"Nope": "sum"}}}, "no column"),
    (InvalidParameters, {"action": "change", "options": {"totals": {"Qty": "median"}}}, "function"),
    (InvalidParameters, {"action": "change", "options": {"filters": {"X": 1}}}, "no column"),
    (
        InvalidParameters,
        {"action": "change", "options": {"filters": {"Qty": [">1", "<5", "<>2"]}}},
        "at most two",
    ),
    (
        InvalidParameters,
        {"action": "change", "options": {"rename_columns": {"Qty": "Item"}}},
        "Item",
    ),
    (InvalidValue, {"action": "change", "options": {"columns": {"Z": "=[@Nope]"}}}, "no column"),
    (InvalidValue, {"action": "change", "options": {"columns": {"Z": "=Nope[a]"}}}, "no table"),
    (InvalidValue, {"action": "change", "options": {"columns": {"Z": "=SUM("}}}, "not a formula"),
    (
        InvalidParameters,
        {"action": "change", "options": {"columns": {"Z": "=1"}, "filters": {"Z": 1}}},
        "no values yet",
    ),
]


@pytest.mark.parametrize(("error", "given", "text"), REFUSED)
def test_what_cannot_be_is_refused(
    sales: Book, error: type[ExcelToolsError], given: dict[str, Any], text: str
) -> None:
    sales.sheet().merge_cells("H2:I2")
    before = table(sales, action="list")
    with pytest.raises(error, match=text) as raised:
        run(sales, "create_excel_table", **given)
    assert raised.value.hint
    assert table(sales, action="list") == before
    assert not sales.broken


def test_a_new_column_takes_no_filled_cells(sales: Book) -> None:
    run(sales, "write_excel_range", start="G1", rows=[["mine"]])
    with pytest.raises(InvalidRange, match="G1 holds 'mine'"):
        change(sales, columns={"Z": "=1"})


# Files of others ------------------------------------------------------------------


def test_tables_of_a_file_keep_what_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "foreign.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        columns = [{"header": "A", "total_string": "Sum"}, {"header": "B", "total_function": "sum"}]
        options = {
            "name": "Own",
            "columns": columns,
            "total_row": True,
            "style": "Table Style Light 11",
        }
        sheet.add_table("B2:C6", {**options, "data": [["x", 1], ["y", 2], ["z", 3]]})
    book = Book.load(path, "foreign.xlsx")
    told = table(book, action="list")["tables"][0]
    assert told["totals"] == {"A": "Sum", "B": "sum"}
    assert told["style"] == "light 11"
    change(book, totals={"B": "max"})
    assert value(book, "C6") == 3
    found = root(book, tmp_path)
    assert found.get("totalsRowCount") == "1"
    assert [c.get("totalsRowFunction") for c in found.iter(f"{MAIN}tableColumn")] == [None, "max"]


# Whole ----------------------------------------------------------------------------


def test_tables_survive_saving_reopening_and_undo(chat: Chat) -> None:
    chat.op("create_excel_file", filename="t", headers=HEADERS, rows=ROWS)
    chat.op("create_excel_table", name="T", options={"columns": {"Sum": "=[@Qty]*[@Price]"}})
    chat.op("create_excel_table", action="change", options={"totals": {"Sum": "sum"}})
    chat.op("create_excel_table", action="change", options={"filters": {"State": "open"}})
    chat.op("undo_excel_change", steps=2)
    told = chat.op("create_excel_table", action="list")["result"]["tables"][0]
    assert told["range"] == "A1:F5"
    chat.op("undo_excel_change", action="redo", steps=2)
    told = chat.op("create_excel_table", action="list")["result"]["tables"][0]
    assert told["hidden_rows"] == 2
    data = chat.download(chat.op("save_excel_file")["files"][0])
    chat.upload(data, "again.xlsx")
    chat.op("open_excel_file", file="again.xlsx")
    found = chat.op("create_excel_table", workbook="again.xlsx", action="list")["result"]["tables"]
    assert found == [told]


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_libreoffice_calculates_the_same(sales: Book, tmp_path: Path) -> None:
    change(sales, totals={"Sum": "sum", "Qty": "average"}, filters={"Qty": ">1"})
    path = saved(sales, tmp_path)
    soffice = shutil.which("soffice") or "soffice"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [soffice, profile, "--headless", "--convert-to", "csv", "--outdir", tmp_path, path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    last = (tmp_path / "saved.csv").read_text().strip().splitlines()[-1]
    assert last == "Total,3,,,,291"
    command[command.index("csv")] = "pdf"
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    page = ["pdftoppm", "-r", "60", "-png", "-singlefile", tmp_path / "saved.pdf", tmp_path / "p"]
    subprocess.run(page, check=True, timeout=60)
    with Image.open(tmp_path / "p.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 1


def test_a_column_is_formatted_with_its_total() -> None:
    book = new_book(rows=[["Item", "Cost"], ["Rent", 1200], ["Food", 450]])
    run(book, "create_excel_table", options={"totals": {"Cost": "sum"}})
    told = run(book, "format_excel_cells", range="Cost", style={"number_format": "currency EUR"})
    assert told.result["formatted"] == "B2:B4"
    assert "€" in book.sheet()["B4"].number_format


def test_columns_with_brackets_are_named_as_people_write_them() -> None:
    """Excel wants an apostrophe before brackets and # in a column's name; people don't."""
    rows = [["A", 2, 3], ["B", 4, 5]]
    book = new_book(headers=["#", "Qty [pcs]", "Price #"], rows=rows)
    formula = '=[@[Qty [pcs]]]*[@Price #]+LEN("[Qty [pcs]]")+LEN([@#])-1'
    run(book, "create_excel_table", name="T", options={"columns": {"Sum": formula}})
    run(book, "write_excel_range", start="F2", rows=[["=SUM(T[Qty [pcs]])", "=MAX(T[price #])"]])
    run(book, "write_excel_range", start="append", rows=[["C", 1, 1, "=[@[Qty [pcs]]]*0"]])
    column = "T[[#This Row],[Qty '[pcs']]]*T[[#This Row],[Price '#]]"
    length = "LEN(T[[#This Row],['#]])-1"
    assert book.sheet()["D2"].value == f'={column}+LEN("[Qty [pcs]]")+{length}'
    assert book.sheet()["F2"].value == "=SUM(T[Qty '[pcs']])"
    read = run(book, "read_excel_range", range="D2:G4").result["rows"]
    assert read == [[17, None, 7, 5], [31, None, None, None], [0, None, None, None]]


@pytest.mark.parametrize("totals", [None, {"Net": "sum"}])
@pytest.mark.parametrize("columns", [None, {"Gross": "=[@Net]*2"}])
def test_the_blank_row_of_a_new_table_is_the_first_that_is_filled(
    totals: dict[str, str] | None, columns: dict[str, str] | None
) -> None:
    """Headers, a table, then rows: as a model does it. Nothing stays blank, nothing is lost."""
    book = new_book(headers=["Name", "Net"])
    given = {"totals": totals, "columns": columns}
    options = {key: value for key, value in given.items() if value}
    run(book, "create_excel_table", name="T", options=options)
    run(book, "write_excel_range", start="append", rows=[{"Name": "A", "Net": 1}])
    run(book, "write_excel_range", start="append", rows=[["B", 2], ["C", 3]])
    wanted = [["A", 1], ["B", 2], ["C", 3]] + ([["Total", 6]] if totals else [])
    read = run(book, "read_excel_range", range=f"A2:C{len(wanted) + 1}").result["rows"]
    assert [row[:2] for row in read] == wanted
    if columns:
        assert [row[2] for row in read[:3]] == [2, 4, 6]
    assert book.sheet().tables["T"].ref == f"A1:{'C' if columns else 'B'}{len(wanted) + 1}"


def test_appending_overwrites_nothing_below_a_blank_row() -> None:
    rows = [["A", 1], [None, None], ["B", 2]]
    book = new_book(headers=["Name", "Net"], rows=rows)
    with pytest.raises(InvalidRange, match="A4 below a blank row holds 'B'") as refused:
        run(book, "write_excel_range", start="append", rows=[["C", 3], ["D", 4]])
    assert 'start="A5"' in refused.value.hint
    assert book.sheet()["A4"].value == "B"
    run(book, "write_excel_range", start="append", rows=[["C", 3]])
    assert book.sheet()["A3"].value == "C"
