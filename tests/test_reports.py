"""Reports: every figure is a formula, and the formulas are right."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from service.errors import ExcelToolsError, InvalidParameters, InvalidValue, TooLarge
from service.operations.registry import find
from service.workbook.areas import Area, parse_area
from service.workbook.book import Book
from service.workbook.geometry import drawn_areas
from service.workbook.house import STYLE_NAMES, house
from tests.bench import new_book, run

EXAMPLE = Path(__file__).parents[1] / "examples" / "sales.csv"
PEOPLE: list[dict[str, Any]] = [
    {
        "Phone": "030 1234 102",
        "Name": "Bo Chen",
        "Department": "IT",
        "Position": "Engineer",
        "E-Mail": "bo@example.com",
        "Hire date": "2021-09-15",
        "Location": "Berlin",
    },
    {
        "Phone": 4930123,
        "Name": "Ana Silva",
        "Department": "Sales",
        "Position": "Account manager",
        "E-Mail": "ana@example.com",
        "Hire date": "2025-04-01",
        "Location": "Paris",
    },
    {
        "Phone": "+49 30 5",
        "Name": "élodie Zola",
        "Department": "IT",
        "Position": "Developer",
        "E-Mail": "unknown",
        "Hire date": "2025-03-01",
        "Location": "Berlin",
    },
    {
        "Phone": None,
        "Name": "Zed Abel",
        "Department": None,
        "Position": "Adviser",
        "E-Mail": None,
        "Hire date": None,
        "Location": None,
    },
]
TRICKY: list[dict[str, Any]] = [
    {"Date": "2025-12-31", "Region": "a*", "Product": "=x", "Revenue": 100, "Qty": 1},
    {"Date": "2026-01-01", "Region": "abc", "Product": "<5", "Revenue": 20.5, "Qty": 2},
    {"Date": "2026-01-31 23:59", "Region": "ABC", "Product": "1/2", "Revenue": -3, "Qty": 3},
    {"Date": None, "Region": None, "Product": "?", "Revenue": None, "Qty": 4},
    {"Date": "2026-03-05", "Region": "a*", "Product": "O'Neil & Co", "Revenue": 7, "Qty": None},
]
TRICKY[0]["Product"] = "'=x"


def sales() -> list[dict[str, Any]]:
    """The example's rows, as a model would send them."""
    with EXAMPLE.open(newline="", encoding="utf-8") as file:
        return [
            {**row, "Quantity": int(row["Quantity"]), "Unit Price": float(row["Unit Price"])}
            for row in csv.DictReader(file)
        ]


def reported(report: str, rows: Any, **parameters: Any) -> tuple[Book, dict[str, Any]]:
    book = Book.blank("report.xlsx")
    answer = run(book, "create_excel_report", report=report, rows=rows, **parameters)
    return book, answer.result


def section(book: Book, heading: str, sheet: str = "Summary") -> dict[object, list[object]]:
    """The rows of a summary table by their labels, as calculated."""
    found: dict[object, list[object]] = {}
    worksheet = book.xl[sheet]
    start = next(c.row for (c,) in worksheet.iter_rows(min_col=2, max_col=2) if c.value == heading)
    for row in worksheet.iter_rows(min_row=start + 2, min_col=2, max_col=6):
        values = [book.value(cell) for cell in row]
        found[values[0]] = values[1:]
        if values[0] == "Total":
            return found
    raise AssertionError(f"{heading} has no total")


def figures(book: Book, sheet: str = "Summary") -> dict[object, object]:
    """The key figures by their labels, as calculated."""
    worksheet = book.xl[sheet]
    return {
        label.value: book.value(worksheet.cell(6, label.column))
        for label in worksheet[5]
        if label.value is not None
    }


# The sales report -----------------------------------------------------------------


def test_the_sums_are_those_that_the_csv_module_gives() -> None:
    book, _ = reported("sales_report", sales())
    by_region: dict[str, Decimal] = defaultdict(Decimal)
    by_month: dict[str, Decimal] = defaultdict(Decimal)
    orders: dict[str, int] = defaultdict(int)
    with EXAMPLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            amount = int(row["Quantity"]) * Decimal(row["Unit Price"])
            by_region[row["Region"]] += amount
            by_month[row["Date"][:7]] += amount
            orders[row["Region"]] += 1
    regions = section(book, "By Region")
    total = regions.pop("Total")
    assert {label: round(Decimal(float(str(row[0]))), 2) for label, row in regions.items()} == dict(
        by_region
    )
    assert {label: row[1] for label, row in regions.items()} == dict(orders)
    assert sum(float(str(row[3])) for row in regions.values()) == pytest.approx(1)
    assert total[0] == pytest.approx(float(sum(by_region.values())))
    months = section(book, "By Month")
    assert {
        label.strftime("%Y-%m"): round(Decimal(float(str(row[0]))), 2)
        for label, row in months.items()
        if isinstance(label, dt.date)
    } == dict(by_month)
    shown = figures(book)
    assert shown["Total revenue"] == pytest.approx(float(sum(by_region.values())))
    assert shown["Orders"] == sum(orders.values())
    assert shown["Top Region"] == max(by_region, key=lambda region: by_region[region])


def test_every_figure_is_a_formula() -> None:
    book, _ = reported("sales_report", sales())
    numbers = [
        cell.coordinate
        for row in book.xl["Summary"].iter_rows()
        for cell in row
        if isinstance(cell.value, int | float)
    ]
    assert not numbers
    assert not book.formula_errors()


def test_changing_the_data_changes_the_report() -> None:
    book, result = reported("sales_report", sales())
    assert result["sheets"] == ["Summary", "Data"]
    before = section(book, "By Region")["West"][0]
    row = next(r for r in range(2, 99) if book.xl["Data"].cell(r, 2).value == "West")
    price = book.xl["Data"].cell(row, 6).value
    quantity = book.xl["Data"].cell(row, 5).value
    run(book, "write_excel_range", sheet="Data", start=f"E{row}", rows=[[quantity + 10]])
    assert section(book, "By Region")["West"][0] == pytest.approx(before + 10 * price)


def test_a_new_row_of_the_table_counts() -> None:
    """The formulas name the table's columns: what a person adds in Excel is in the report."""
    book, _ = reported("sales_report", sales())
    total = figures(book)["Total revenue"]
    data = book.xl["Data"]
    (table,) = data.tables.values()
    last = parse_area(table.ref, Area(1, 1, 1, 1)).last_row
    row = ["2026-06-30", "North", "Anna Berg", "Footrest", 1, 1000, 1000]
    run(book, "write_excel_range", sheet="Data", start=f"A{last + 1}", rows=[row])
    table.ref = f"A1:G{last + 1}"
    book._values = None
    assert figures(book)["Total revenue"] == pytest.approx(total + 1000)


def test_labels_that_formulas_would_misread() -> None:
    """Wildcards, comparisons, fractions, blanks and case: each row counts once."""
    book, result = reported("sales_report", TRICKY)
    regions = section(book, "By Region")
    assert [regions[label][0] for label in ("a*", "abc", "(blank)", "Total")] == [
        107,
        17.5,
        0,
        124.5,
    ]
    assert [regions[label][1] for label in ("a*", "abc", "(blank)", "Total")] == [2, 2, 1, 5]
    products = section(book, "By Product")
    assert products["=x"][:2] == [100, 1]
    assert products["<5"][:2] == [20.5, 1]
    assert products["1/2"][:2] == [-3, 1]
    assert products["?"][:2] == [0, 1]
    months = section(book, "By Month")
    assert [row[0] for row in months.values()] == [100, 17.5, 0, 7, 0, 124.5]
    assert result["columns"]["quantity"] == "Qty"


def test_a_report_on_a_sheet_of_an_open_workbook() -> None:
    """The sheet keeps its cells; without amounts the formulas multiply."""
    book = Book.blank("sales.xlsx")
    run(book, "import_csv_to_excel", source=EXAMPLE.read_text(encoding="utf-8"))
    before = [[c.value for c in row] for row in book.xl["Data"].iter_rows()]
    answer = run(book, "create_excel_report", report="sales_report", workbook="sales.xlsx")
    assert answer.result["sheets"] == ["Summary"]
    assert [[c.value for c in row] for row in book.xl["Data"].iter_rows()] == before
    other, _ = reported("sales_report", sales())
    assert section(book, "By Region") == {
        label: [pytest.approx(value) for value in row]
        for label, row in section(other, "By Region").items()
    }
    assert "'Data'!" in book.xl["Summary"]["B6"].value
    assert book.xl.active.title == "Summary"


def test_a_second_report_stands_beside_the_first() -> None:
    book, _ = reported("sales_report", sales())
    run(book, "create_excel_report", report="sales_report", rows=TRICKY, title="Tricky")
    assert book.sheet_names == ["Summary", "Data", "Summary (2)", "Data (2)"]
    names = [name for sheet in book.xl.worksheets for name in sheet.tables]
    assert len({name.lower() for name in names}) == 2
    assert figures(book, "Summary (2)")["Total revenue"] == 124.5
    assert not book.formula_errors()


def test_a_row_of_totals_is_not_counted() -> None:
    rows = [["Region", "Amount"], ["N", 5], ["S", 7], ["Total", 12]]
    book, result = reported("sales_report", rows)
    assert figures(book)["Total revenue"] == 12
    assert "totals" in result["notes"][0]
    book = new_book(headers=["Region", "Amount"], rows=[*rows[1:3], ["Total", "=SUM(B2:B3)"]])
    run(book, "create_excel_report", report="sales_report")
    assert figures(book)["Total revenue"] == 12


GERMAN = {
    "Bestelldatum": ["03.01.2026", "14.02.2026"],
    "Gebiet": ["Nord", "Süd"],
    "Artikel": ["Tisch", "Stuhl"],
    "Verkäufer": ["A", "B"],
    "Menge": [2, 3],
    "Einzelpreis (EUR)": ["1.250,00 €", "49,90 €"],
}


def test_german_headers_and_amounts_are_understood() -> None:
    book, result = reported("sales_report", GERMAN)
    assert result["columns"] == {
        "date": "Bestelldatum",
        "region": "Gebiet",
        "product": "Artikel",
        "salesperson": "Verkäufer",
        "quantity": "Menge",
        "unit_price": "Einzelpreis (EUR)",
        "amount": "Amount",
    }
    assert section(book, "By Gebiet")["Nord"][0] == 2500
    assert len(section(book, "By Month")) == 3


HEADERS: dict[str, tuple[list[str], dict[str, str]]] = {
    "units in all": (
        ["Total units", "Price (USD)"],
        {"quantity": "Total units", "unit_price": "Price (USD)"},
    ),
    "a price in all": (
        ["Qty", "Total price EUR"],
        {"quantity": "Qty", "amount": "Total price EUR"},
    ),
    "currency behind": (
        ["Sales EUR", "Units sold"],
        {"amount": "Sales EUR", "quantity": "Units sold"},
    ),
    "more words": (["Net revenue", "Sold qty"], {"amount": "Net revenue", "quantity": "Sold qty"}),
    "line breaks": (
        ["Unit\nPrice", "Order\nQty"],
        {"unit_price": "Unit Price", "quantity": "Order Qty"},
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_many_words_are_understood(name: str) -> None:
    headers, expected = HEADERS[name]
    _, result = reported("sales_report", [[*headers, "Region"], [2, 3, "N"]])
    roles = {part: result["columns"].get(part) for part in ("amount", "quantity", "unit_price")}
    if "amount" not in expected:
        assert roles.pop("amount") == "Amount"
    assert {part: header for part, header in roles.items() if header} == expected


@pytest.mark.parametrize("header", ["2026-01-01", "=A1", "'x", "a[b]#c", "1", "ä ö"])
def test_strange_headers_stay_texts(header: str, tmp_path: Path) -> None:
    """The first row of a native table holds texts, whatever they look like."""
    book, _ = reported("sales_report", [["Region", header, "Amount"], ["N", "x", 3]])
    assert book.xl["Data"]["B1"].value == header
    assert book.xl["Data"]["B1"].data_type == "s"
    (table,) = book.xl["Data"].tables.values()
    assert table.tableColumns[1].name == header
    options = {"columns": {"amount": header}}
    book, _ = reported("sales_report", [["Region", header], ["N", 3]], options=options)
    assert figures(book)["Total revenue"] == 3


def test_columns_and_groups_can_be_said() -> None:
    rows = [
        {"When": "2026-01-01", "X": 5, "Kind": "a"},
        {"When": "2026-02-01", "X": 6, "Kind": "b"},
    ]
    options = {"columns": {"amount": "x", "date": "WHEN"}, "group_by": ["Kind", "month"]}
    book, _ = reported("sales_report", rows, options=options)
    assert section(book, "By Kind")["b"][0] == 6
    assert section(book, "By Month")["Total"][0] == 11


def test_many_products_are_summed_up() -> None:
    rows = [{"Product": f"P{n}", "Amount": n} for n in range(1, 41)]
    book, _ = reported("sales_report", rows)
    products = section(book, "By Product")
    assert list(products)[:2] == ["P40", "P39"]
    assert list(products)[-2:] == ["All others", "Total"]
    assert products["Total"][0] == sum(range(1, 41))


def test_many_years_are_not_listed_by_month() -> None:
    rows = [{"Date": f"{year}-05-01", "Amount": year} for year in range(2015, 2026)]
    book, _ = reported("sales_report", rows)
    assert [row[0] for row in section(book, "By Year").values()] == [
        *range(2015, 2026),
        sum(range(2015, 2026)),
    ]


def test_amounts_carry_their_currency() -> None:
    book, _ = reported("sales_report", sales(), options={"currency": "chf"})
    assert "CHF" in book.xl["Data"]["G2"].number_format
    assert "CHF" in book.xl["Summary"]["B6"].number_format


# The employee directory -------------------------------------------------------------


def test_people_are_sorted_and_reachable() -> None:
    book, result = reported("employee_directory", PEOPLE)
    sheet = book.xl["Directory"]
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    assert [row[0] for row in rows] == ["Name", "Bo Chen", "élodie Zola", "Ana Silva", "Zed Abel"]
    assert rows[0][1:] == ("Department", "Position", "E-Mail", "Phone", "Location", "Hire date")
    assert sheet["D6"].hyperlink.target == "mailto:bo@example.com"
    assert sheet["D7"].hyperlink is None
    assert [sheet.cell(row, 5).value for row in (6, 7, 8)] == [
        "030 1234 102",
        "+49 30 5",
        "4930123",
    ]
    assert sheet["G6"].value == dt.date(2021, 9, 15)
    assert sheet["G6"].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A6"
    assert result["sheets"] == ["Directory", "Departments"]


def test_heads_are_counted_by_formula() -> None:
    book, _ = reported("employee_directory", PEOPLE)
    departments = section(book, "By Department", "Departments")
    assert {label: row[0] for label, row in departments.items()} == {
        "IT": 2,
        "Sales": 1,
        "(blank)": 1,
        "Total": 4,
    }
    shown = figures(book, "Departments")
    assert shown["Employees"] == 4
    assert shown["Largest Department"] == "IT"
    assert shown["Hired since 2025-03-01"] == 2
    cells = [c for row in book.xl["Departments"].iter_rows() for c in row]
    assert not [c for c in cells if isinstance(c.value, int | float)]


def test_first_and_last_names_are_names() -> None:
    rows = [
        {"Vorname": "Bo", "Nachname": "Zorn", "Abteilung": "IT", "Eintrittsdatum": "15.09.2021"},
        {"Vorname": "Al", "Nachname": "Adam", "Abteilung": "IT", "Eintrittsdatum": "01.02.2020"},
    ]
    book, _ = reported("employee_directory", rows)
    sheet = book.xl["Directory"]
    assert [sheet.cell(row, 1).value for row in (5, 6, 7)] == ["Nachname", "Adam", "Zorn"]
    assert sheet["D6"].value == dt.date(2020, 2, 1)


def test_a_directory_from_a_sheet_leaves_the_sheet_alone() -> None:
    headers = list(PEOPLE[0])
    book = new_book(headers=headers, rows=[list(person.values()) for person in PEOPLE])
    before = [[c.value for c in row] for row in book.sheet().iter_rows()]
    run(book, "create_excel_report", report="employee_directory", sheet="Sheet1")
    assert [[c.value for c in row] for row in book.sheet("Sheet1").iter_rows()] == before
    assert book.sheet_names == ["Sheet1", "Directory", "Departments"]


# Both -------------------------------------------------------------------------------

REPORTS: dict[str, tuple[str, Any]] = {
    "sales": ("sales_report", sales()),
    "tricky sales": ("sales_report", TRICKY),
    "german sales": ("sales_report", GERMAN),
    "people": ("employee_directory", PEOPLE),
}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_each_house_style_is_kept(name: str, style: str) -> None:
    report, rows = REPORTS[name]
    book, _ = reported(report, rows, options={"style": style})
    wanted = house(style).header_fill.fgColor.rgb
    fills = {
        cell.fill.fgColor.rgb
        for sheet in book.xl.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value in ("Total", "Name", "Product", "Revenue", "Headcount", "Department")
    }
    assert wanted in fills


@pytest.mark.parametrize("name", REPORTS)
def test_charts_cover_nothing(name: str) -> None:
    report, rows = REPORTS[name]
    book, _ = reported(report, rows)
    sheets = [sheet for sheet in book.xl.worksheets if sheet._charts]
    assert sheets
    for sheet in sheets:
        areas = drawn_areas(sheet)
        for area in areas:
            assert not [other for other in areas if other is not area and other.overlaps(area)]
            assert not _filled_within(sheet, area)


def _filled_within(sheet: Worksheet, area: Area) -> list[str]:
    rows = sheet.iter_rows(**area.bounds)
    return [cell.coordinate for row in rows for cell in row if cell.value is not None]


@pytest.mark.parametrize("name", REPORTS)
def test_charts_show_what_the_tables_hold(name: str) -> None:
    report, rows = REPORTS[name]
    book, _ = reported(report, rows)
    for sheet in book.xl.worksheets:
        for chart in sheet._charts:
            (series,) = chart.series
            source = series.cat.strRef or series.cat.numRef
            for reference, column in ((source.f, 2), (series.val.numRef.f, 3)):
                title, _, text = reference.rpartition("!")
                assert title.strip("'") == sheet.title
                area = parse_area(text, Area(1, 1, 1, 1))
                assert area.first_column == area.last_column == column
                assert sheet.cell(area.first_row - 1, column).font.bold
                assert sheet.cell(area.last_row, 2).value != "Total"


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_ready_to_print(name: str) -> None:
    report, rows = REPORTS[name]
    book, result = reported(report, rows)
    for title in result["sheets"]:
        sheet = book.xl[title]
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth == 1
        assert str(sheet.page_setup.paperSize) == "9"
    if report == "employee_directory":
        assert book.xl["Directory"].page_setup.orientation == "landscape"
        assert book.xl["Directory"].print_title_rows == "$5:$5"


@pytest.mark.parametrize("name", REPORTS)
def test_native_tables_are_sound(name: str, tmp_path: Path) -> None:
    """Excel repairs a table whose columns aren't named as its headers are."""
    report, rows = REPORTS[name]
    book, _ = reported(report, rows)
    book.save(tmp_path / "book.xlsx")
    again = openpyxl.load_workbook(tmp_path / "book.xlsx")
    tables = [(sheet, table) for sheet in again.worksheets for table in sheet.tables.values()]
    assert tables
    for sheet, table in tables:
        area = parse_area(table.ref, Area(1, 1, 1, 1))
        headers = [cell.value for cell in next(sheet.iter_rows(**area.top(1).bounds))]
        assert [column.name for column in table.tableColumns] == headers
        assert sheet.auto_filter.ref is None


@pytest.mark.parametrize("name", REPORTS)
def test_the_same_call_makes_the_same_report(name: str) -> None:
    """The journal replays it after a crash: nothing may depend on clock or chance."""
    report, rows = REPORTS[name]
    first, second = (reported(report, rows)[0] for _ in range(2))
    for sheet in first.xl.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert second.xl[sheet.title][cell.coordinate].value == cell.value


@pytest.mark.needs("soffice")
@pytest.mark.parametrize("name", REPORTS)
def test_libreoffice_calculates_the_same(name: str, tmp_path: Path) -> None:
    report, rows = REPORTS[name]
    book, _ = reported(report, rows)
    # Without stored values, so that LibreOffice has to calculate them.
    book.xl.save(tmp_path / "plain.xlsx")
    (tmp_path / "out").mkdir()
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", "out"]
    subprocess.run(
        [*convert, "plain.xlsx"], cwd=tmp_path, check=True, capture_output=True, timeout=100
    )
    theirs = openpyxl.load_workbook(tmp_path / "out" / "plain.xlsx", data_only=True)
    compared = 0
    for sheet in book.xl.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if not isinstance(cell, MergedCell) and cell.data_type == "f":
                    ours, other = book.value(cell), theirs[sheet.title][cell.coordinate].value
                    if isinstance(ours, dt.date):
                        ours, other = str(ours)[:10], str(other)[:10]
                    if isinstance(ours, float):
                        ours = pytest.approx(ours, abs=1e-9)
                    assert other == ours, (sheet.title, cell.coordinate, cell.value)
                    compared += 1
    assert compared > 10


@pytest.mark.parametrize("name", REPORTS)
def test_values_are_in_the_file(name: str, tmp_path: Path) -> None:
    """Previews and programs that don't calculate show the figures."""
    report, rows = REPORTS[name]
    book, result = reported(report, rows)
    book.save(tmp_path / "book.xlsx")
    read = CalamineWorkbook.from_path(str(tmp_path / "book.xlsx"))
    title = "Summary" if report == "sales_report" else "Departments"
    values = read.get_sheet_by_name(title).to_python(skip_empty_area=False)
    for row in book.xl[title].iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("=") and cell.data_type == "f":
                ours = book.value(cell)
                if not isinstance(ours, dt.date):
                    assert values[cell.row - 1][cell.column - 1] == ours
    assert result["rows"] >= 2


BAD: dict[str, tuple[dict[str, Any], type[ExcelToolsError], str]] = {
    "no rows": ({"report": "sales_report"}, InvalidParameters, "no rows"),
    "no report": ({"report": "horoscope", "rows": TRICKY}, InvalidParameters, "report"),
    "no amounts": (
        {"report": "sales_report", "rows": [{"Region": "N", "Colour": "red"}]},
        InvalidParameters,
        '"Colour"',
    ),
    "no departments": (
        {"report": "employee_directory", "rows": [{"Name": "A", "Shoe": 42}]},
        InvalidParameters,
        '"Shoe"',
    ),
    "nothing to break down by": (
        {"report": "sales_report", "rows": [{"Amount": 5, "Note": "x"}]},
        InvalidParameters,
        '"Note"',
    ),
    "an unknown part": (
        {"report": "sales_report", "rows": TRICKY, "options": {"columns": {"profit": "Qty"}}},
        InvalidParameters,
        "profit",
    ),
    "an unknown header": (
        {"report": "sales_report", "rows": TRICKY, "options": {"columns": {"amount": "Nett"}}},
        InvalidParameters,
        "Nett",
    ),
    "an unknown group": (
        {"report": "sales_report", "rows": TRICKY, "options": {"group_by": ["Moon"]}},
        InvalidParameters,
        "Moon",
    ),
    "months without dates": (
        {
            "report": "sales_report",
            "rows": [{"Region": "N", "Amount": 5}],
            "options": {"group_by": ["month"]},
        },
        InvalidParameters,
        "month",
    ),
    "text among amounts": (
        {"report": "sales_report", "rows": [["Region", "Amount"], ["N", 5], ["S", "many"]]},
        InvalidValue,
        "row 2",
    ),
    "a formula as amount": (
        {"report": "sales_report", "rows": [["Region", "Amount"], ["N", 5], ["S", "=B2*2"]]},
        InvalidValue,
        "=B2",
    ),
    "a formula that sorting would break": (
        {"report": "employee_directory", "rows": [{"Name": "A", "Department": "=A2"}]},
        InvalidValue,
        "=A2",
    ),
    "lists without headers": (
        {"report": "sales_report", "rows": [[1, 2], [3, 4]]},
        InvalidParameters,
        "headers",
    ),
    "two columns of one name": (
        {"report": "sales_report", "rows": [["Amount", "amount"], [3, 4]]},
        InvalidParameters,
        "header",
    ),
    "a long row": (
        {"report": "sales_report", "rows": [["Region", "Amount"], ["N", 4, 5]]},
        InvalidValue,
        "row 1",
    ),
    "a currency that is none": (
        {"report": "sales_report", "rows": TRICKY, "options": {"currency": "Euros"}},
        InvalidParameters,
        "currency",
    ),
    "an endless title": (
        {"report": "sales_report", "rows": TRICKY, "title": "x" * 101},
        InvalidParameters,
        "title",
    ),
    "an unknown option": (
        {"report": "sales_report", "rows": TRICKY, "options": {"colour": "red"}},
        InvalidParameters,
        "colour",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_reported_is_refused(name: str) -> None:
    parameters, error, said = BAD[name]
    book = Book.blank("x.xlsx")
    with pytest.raises(error) as caught:
        run(book, "create_excel_report", **parameters)
    assert said.lower() in f"{caught.value} {caught.value.hint}".lower()
    assert caught.value.hint
    assert not book.broken
    assert not book.xl.worksheets


def test_the_cell_limit_holds() -> None:
    book = Book.blank("x.xlsx", max_cells=200)
    with pytest.raises(TooLarge):
        run(book, "create_excel_report", report="sales_report", rows=sales())
    assert not book.broken


def test_the_documented_example_works() -> None:
    example = find("create_excel_report").example
    book = Book.blank("x.xlsx")
    assert run(book, "create_excel_report", **example).result["sheets"] == ["Summary", "Data"]
