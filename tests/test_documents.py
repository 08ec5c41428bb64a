"""Documents: invoices, budgets, project plans, timesheets and inventories, by formulas."""

from __future__ import annotations

import datetime as dt
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import ExcelToolsError, InvalidParameters, InvalidValue
from service.operations.preferences import Preferences
from service.operations.reports.budget import period_label
from service.operations.reports.forms import split_lines
from service.operations.reports.options import ReportOptions, day
from service.operations.reports.project import workdays
from service.workbook.areas import Area, parse_area
from service.workbook.book import Book
from service.workbook.geometry import drawn_areas
from service.workbook.house import house
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat


def made(report: str, rows: Any = (), **options: Any) -> Book:
    """A workbook with the document."""
    book = Book.blank("document.xlsx")
    run(book, "create_excel_report", report=report, rows=rows or [], options=options)
    return book


def found(sheet: Worksheet, text: object) -> tuple[int, int]:
    """(row, column) of the only cell with that value."""
    [cell] = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    return cell.row, cell.column


def beside(book: Book, sheet: str, label: str) -> object:
    """What stands right of a label: the first value in its row."""
    worksheet = book.xl[sheet]
    row, column = found(worksheet, label)
    for cell in worksheet[row][column:]:
        if cell.value is not None:
            return book.value(cell)
    return None


def column(book: Book, sheet: str, header: str) -> list[object]:
    """The values below a header, down to the first cell without any."""
    worksheet = book.xl[sheet]
    places = [
        (c.row, c.column) for line in worksheet.iter_rows() for c in line if c.value == header
    ]
    row, place = places[-1]  # a figure above may be called the same
    values = []
    while worksheet.cell(row + 1, place).value is not None:
        row += 1
        values.append(book.value(worksheet.cell(row, place)))
    return values


def rules(sheet: Worksheet) -> list[str]:
    """The formulas of all conditional formats."""
    return [r.formula[0] for area in sheet.conditional_formatting for r in area.rules]


def checks(sheet: Worksheet) -> dict[str, str]:
    """The kind of check by the cells that it is for."""
    return {str(v.sqref): v.type for v in sheet.data_validations.dataValidation}


# Invoice -----------------------------------------------------------------------------

LINES: list[dict[str, Any]] = [
    {"Description": "Consulting", "Qty": 12, "Price": 95, "VAT": 19},
    {"Description": "Print", "Qty": 2.5, "Price": 420.55, "VAT": 7, "Discount": 10},
    {"Description": "Shipping", "Qty": None, "Price": 38.9, "VAT": 19},
]


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_an_invoice_adds_up_to_the_cent() -> None:
    book = made("invoice", LINES, discount=2, currency="EUR")
    nets = [Decimal("1140"), cents(Decimal("2.5") * Decimal("420.55") * Decimal("0.9")),
            Decimal("38.9")]  # fmt: skip
    assert column(book, "Invoice", "Net amount") == [float(net) for net in nets]
    subtotal = sum(nets)
    off = cents(subtotal * Decimal("0.02"))
    high, low = (
        cents(cents(part * Decimal("0.98")) * rate)
        for part, rate in ((nets[0] + nets[2], Decimal("0.19")), (nets[1], Decimal("0.07")))
    )
    assert beside(book, "Invoice", "Subtotal") == pytest.approx(float(subtotal))
    row, _ = found(book.xl["Invoice"], "Total due")
    due = book.value(book.xl["Invoice"].cell(row, book.xl["Invoice"].max_column))
    assert due == pytest.approx(float(subtotal - off + high + low))
    assert not book.formula_errors()


def test_another_rate_that_is_typed_in_counts() -> None:
    """There is a line more for rates than the invoice has; beyond that it is told."""
    book = made("invoice", LINES[:1], blank_rows=3)
    sheet = book.xl["Invoice"]
    header, first = found(sheet, "Description")
    letters = {cell.value: cell.column_letter for cell in sheet[header]}

    def fill(row: int, rate: float | None) -> None:
        cells = [["x", 1, 100, rate]]
        run(book, "write_excel_range", start=f"{letters['Description']}{row}", rows=cells)

    assert letters["VAT"] == "F"
    assert first == 3
    fill(header + 2, 0.07)
    row, _ = found(sheet, "Total due")
    assert book.value(sheet.cell(row, sheet.max_column)) == pytest.approx(1140 * 1.19 + 107)
    warning = sheet.cell(row + 1, sheet.max_column)
    assert book.value(warning) in ("", None)
    fill(header + 3, None)
    assert "no VAT rate" in str(book.value(warning))


def test_an_invoice_shows_who_and_when() -> None:
    book = made(
        "invoice", LINES, seller="Acme, Inc., 1 Main St, Boston", buyer="Bo\nRoad 2", number=7,
        date="2026-03-14", payment_days=30, terms="30 days net", bank="IBAN DE1",
    )  # fmt: skip
    sheet = book.xl["Invoice"]
    assert [sheet.cell(row, 2).value for row in (2, 3, 4)] == ["Acme, Inc.", "1 Main St", "Boston"]
    assert beside(book, "Invoice", "Invoice number") == "7"
    assert str(beside(book, "Invoice", "Due date"))[:10] == "2026-04-13"
    texts = {cell.value for row in sheet.iter_rows() for cell in row}
    assert {"Bo", "Road 2", "30 days net", "IBAN DE1"} <= texts
    assert sheet.page_setup.fitToHeight == 1
    assert sheet.oddFooter.left.text == "Acme, Inc."


@pytest.mark.parametrize(
    ("title", "name", "number"),
    [
        ("Quote 2026-014", "Quote", "Number"),
        ("Quotation for a deck", "Quotation", "Number"),
        ("Our offer", "Offer", "Number"),
        ("Order confirmation 7", "Order confirmation", "Number"),
        ("Purchase order 7", "Purchase order", "Number"),
        ("Delivery note", "Delivery note", "Number"),
        ("Angebot 12", "Angebot", "Number"),
        ("Lieferschein", "Lieferschein", "Number"),
        ("", "Invoice", "Invoice number"),
        ("Invoice for order 17", "Invoice", "Invoice number"),
        ("Rechnung zu Auftrag 17", "Invoice", "Invoice number"),
        ("Coffers and borders", "Invoice", "Invoice number"),
    ],
)
def test_the_sheet_is_called_as_the_document_is(title: str, name: str, number: str) -> None:
    book = new_book(headers=["A"])
    for sheet in (name, f"{name} (2)"):
        given = {"report": "invoice", "rows": LINES, "title": title}
        assert run(book, "create_excel_report", **given).sheet == sheet
        assert number in {cell.value for row in book.sheet(sheet).iter_rows() for cell in row}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"title": "Angebot 12"}, True),
        ({"rows": [{"Beschreibung": "Brett", "Menge": 2, "Einzelpreis": 4.5}]}, True),
        ({"title": "Angebot 12", "options": {"language": "en"}}, False),
        ({"title": "Angebot 12", "options": {"language": "de"}}, False),
        ({"title": "Quote 12"}, False),
        ({}, False),
    ],
)
def test_that_labels_are_english_is_told_where_the_data_are_german(
    more: dict[str, Any], told: bool
) -> None:
    given = {"report": "invoice", "rows": LINES, **more}
    answer = run(Book.blank("a.xlsx"), "create_excel_report", **given)
    notes = " ".join(answer.result.get("notes", []))
    assert ('{"language": "de"}' in notes) == told


def test_a_blank_invoice_invents_nothing() -> None:
    book = made("invoice")
    sheet = book.xl["Invoice"]
    values = [c.value for row in sheet.iter_rows() for c in row if c.value is not None]
    assert not [v for v in values if isinstance(v, int | float | dt.date)]
    row, _ = found(sheet, "Total due")
    assert book.value(sheet.cell(row, sheet.max_column)) == 0
    assert {"date", "decimal", "whole"} <= set(checks(sheet).values())
    assert not book.formula_errors()


def test_a_long_invoice_goes_over_pages_with_its_headers() -> None:
    book = made("invoice", [{"Description": f"n{i}", "Price": i} for i in range(90)])
    sheet = book.xl["Invoice"]
    assert sheet.page_setup.fitToHeight == 0
    header, _ = found(sheet, "Description")
    assert sheet.print_title_rows == f"${header}:${header}"


def test_rates_are_read_as_per_cent_or_fractions() -> None:
    for rates in ([19, 7], [0.19, 0.07], ["19%", "7%"]):
        rows = [{"Description": "a", "Price": 100, "VAT": rate} for rate in rates]
        book = made("invoice", rows)
        assert column(book, "Invoice", "VAT") == [pytest.approx(0.19), pytest.approx(0.07)]


@pytest.mark.parametrize("vat", [19, 0.19, "19 %"])
def test_a_rate_for_all_lines(vat: object) -> None:
    book = made("invoice", [{"Item": "a", "Price": 100}], vat=vat, discount=1)
    sheet = book.xl["Invoice"]
    row, _ = found(sheet, "Total due")
    assert book.value(sheet.cell(row, sheet.max_column)) == pytest.approx(99 * 1.19)


def test_a_whole_is_no_per_cent() -> None:
    tasks = [{"Task": "a", "Done": 1}, {"Task": "b", "Done": 0.5}]
    assert [c.value for c in _cells(made("project_plan", tasks), "Done", 2)] == [1, 0.5]
    free = [{"Item": "a", "Price": 2, "Discount": 100}]
    assert column(made("invoice", free), "Invoice", "Net amount") == [0]
    with pytest.raises(InvalidValue, match="1 % or 100 %"):
        made("invoice", [{"Item": "a", "Price": 2, "VAT": 1}])


def test_the_parts_of_an_address() -> None:
    assert split_lines("A GmbH & Co. KG, Weg 1, 1 Ort") == ["A GmbH & Co. KG", "Weg 1", "1 Ort"]
    assert split_lines("A, b\nC") == ["A, b", "C"]
    assert split_lines("Acme, Ltd., X") == ["Acme, Ltd.", "X"]


# Budget --------------------------------------------------------------------------------

MONTHLY = [
    {"Category": "Sales", "Type": "income", "Jan 2026": 1000, "Feb 2026": 1200,
     "Jan 2026 actual": 900},
    {"Category": "Rent", "Type": "expense", "Jan 2026": 400, "Feb 2026": 400,
     "Jan 2026 actual": 450},
]  # fmt: skip


def budget_row(book: Book, label: str, sheet: str = "Budget") -> list[object]:
    """Plan, actual, variance and its share, of the first row with that label."""
    worksheet = book.xl[sheet]
    for row in range(1, worksheet.max_row + 1):
        if book.value(worksheet.cell(row, 2)) == label:
            return [book.value(worksheet.cell(row, place)) for place in range(3, 7)]
    raise AssertionError(f"no {label}")


def test_a_budget_compares_up_to_the_last_actual_month() -> None:
    book = made("budget", MONTHLY)
    assert budget_row(book, "Sales") == [1000, 900, -100, -0.1]
    assert budget_row(book, "Rent") == [400, 450, 50, 0.125]
    assert budget_row(book, "Balance") == [600, 450, -150, -0.25]
    run(book, "write_excel_range", sheet="Budget", start="C6", rows=[["2026-02-01"]])
    assert budget_row(book, "Sales")[0] == 2200
    assert not book.formula_errors()
    assert not book.unverified()


def test_a_cell_switches_the_scenario() -> None:
    book = made("budget", MONTHLY, scenarios={"Base": 0, "Low": -10})
    sheet = book.xl["Budget"]
    assert checks(sheet)["C5"] == "list"
    assert "INDEX(" in sheet.cell(found(sheet, "Category")[0] + 1, 3).value
    run(book, "write_excel_range", sheet="Budget", start="C5", rows=[["Low"]])
    assert budget_row(book, "Sales")[0] == pytest.approx(900)
    run(book, "write_excel_range", sheet="Budget", start="J7", rows=[[0.5]])
    assert budget_row(book, "Rent")[0] == pytest.approx(600)


def test_scenarios_with_amounts_of_their_own() -> None:
    rows = [["Category", "Base", "Worst", "Actual"], ["Rent", 10, 20, 12], ["Food", 5, 7, None]]
    book = made("budget", rows, scenarios=["Base", "Worst"])
    sheet = book.xl["Budget"]
    assert "CHOOSE(" in sheet.cell(found(sheet, "Category")[0] + 1, 3).value
    assert budget_row(book, "Total")[:2] == [15, 12]
    run(book, "write_excel_range", sheet="Budget", start="C5", rows=[["Worst"]])
    assert budget_row(book, "Total")[:2] == [27, 12]
    long = [{"Category": "Rent", "Scenario": name, "Plan": n} for name, n in (("A", 1), ("B", 2))]
    book = made("budget", long)
    assert column(book, "Budget", "Scenarios") == ["A", "B"]


def test_rows_by_month_make_the_same_budget_as_columns() -> None:
    rows = [
        {"Category": row["Category"], "Type": row["Type"], "Month": f"2026-{m:02}",
         "Plan": row[f"{name} 2026"], "Actual": row.get(f"{name} 2026 actual")}
        for row in MONTHLY for m, name in ((1, "Jan"), (2, "Feb"))
    ]  # fmt: skip
    wide, long = made("budget", MONTHLY), made("budget", rows)
    for label in ("Sales", "Rent", "Balance"):
        assert budget_row(wide, label) == budget_row(long, label)
    years = made("budget", rows, period="year")
    assert budget_row(years, "Sales")[:2] == [2200, 900]


def test_a_budget_of_categories_alone_is_a_form() -> None:
    book = made("budget", [{"Category": "Rent"}, {"Category": "Food"}], start="2027")
    plan = book.xl["Plan"]
    header, _ = found(plan, "Category")
    assert plan.cell(header, 14).value == dt.date(2027, 12, 1)
    run(book, "write_excel_range", sheet="Plan", start=f"C{header + 1}", rows=[[7, 8]])
    assert budget_row(book, "Rent")[0] == 15
    assert budget_row(book, "Rent")[1:] == ["", "", ""]


@pytest.mark.parametrize(
    ("text", "label"),
    [("Mär", "Mar"), ("Dezember 2026", "2026-12-01"), ("2026/3", "2026-03-01"),
     ("03.2026", "2026-03-01"), ("Q2 2026", "Q2 2026"), ("2026", "2026"), ("Market", ""),
     ("2026-13", "")],
)  # fmt: skip
def test_names_of_periods(text: str, label: str) -> None:
    assert period_label(text) == label


# Project plan --------------------------------------------------------------------------

TASKS = [
    {"Task": "Kick-off", "Start": "2026-03-02", "Days": 1, "Progress": 100},
    {"Task": "Draft", "Days": 5, "Depends on": "Kick-off", "Progress": 50},
    {"Task": "Check", "Days": 3, "Depends on": "1"},
    {"Task": "Print", "Days": 2, "Depends on": "Draft, Check"},
    {"Task": "Ready", "Days": 0, "Depends on": "4"},
]


def dates(book: Book, header: str, sheet: str = "Project plan") -> list[str]:
    return [str(value)[:10] for value in column(book, sheet, header)]


@pytest.mark.parametrize("holidays", [[], ["2026-03-05", "2026-03-10"]])
def test_ends_are_worked_out_in_working_days(holidays: list[str]) -> None:
    book = made("project_plan", TASKS, holidays=holidays)
    starts, ends = dates(book, "Start"), dates(book, "End")
    off = {dt.date.fromisoformat(one) for one in holidays}
    for start, end, task in zip(starts, ends, TASKS, strict=True):
        days = workdays(dt.date.fromisoformat(start), dt.date.fromisoformat(end), off)
        assert days == (task["Days"] or days)
    assert starts[1] == starts[2] == "2026-03-03"
    assert starts[3] > max(ends[1], ends[2])
    assert not book.formula_errors()
    reasons = [one["reason"] for one in book.unverified()]
    assert not [reason for reason in reasons if "differ" in reason]
    assert all("WORKDAY" in str(c.value) for c in _cells(book, "End", len(TASKS)))


def _cells(book: Book, header: str, count: int) -> list[Any]:
    sheet = book.xl["Project plan"]
    row, place = found(sheet, header)
    return [sheet.cell(row + number, place) for number in range(1, count + 1)]


def test_a_longer_task_moves_those_that_wait_for_it() -> None:
    book = made("project_plan", TASKS)
    before = dates(book, "Start")
    cell = _cells(book, "Days", 2)[1]
    run(book, "write_excel_range", start=cell.coordinate, rows=[[10]])
    after = dates(book, "Start")
    assert after[:3] == before[:3]
    assert after[3] > before[3]
    assert after[4] > before[4]


def test_the_calendar_shows_bars_progress_and_today() -> None:
    book = made("project_plan", TASKS)
    sheet = book.xl["Project plan"]
    assert any("TODAY()" in formula for formula in rules(sheet))
    assert any("WEEKDAY(" in formula for formula in rules(sheet))
    assert sheet.print_title_rows == "$8:$9"
    assert sheet.page_setup.orientation == "landscape"
    header, status = found(sheet, "Status")
    first = sheet.cell(header, status + 2)
    assert str(book.value(first))[:10] == "2026-03-02"
    weeks = made("project_plan", TASKS, period="week").xl["Project plan"]
    assert "+7" in weeks.cell(header, status + 3).value


def test_an_end_gives_the_working_days() -> None:
    rows = [{"Task": "a", "Start": "2026-03-02", "End": "2026-03-10", "Duration": 99}]
    book = Book.blank("plan.xlsx")
    answer = run(book, "create_excel_report", report="project_plan", rows=rows)
    assert [c.value for c in _cells(book, "Days", 1)] == [7]
    assert "working days" in answer.result["notes"][0]


def test_a_blank_plan_fills_itself() -> None:
    book = made("project_plan")
    sheet = book.xl["Project plan"]
    row, place = found(sheet, "Task")
    cells = [["A", None, None, "2026-03-02", 3], ["B", None, 1]]
    for number, values in enumerate(cells, start=1):
        run(book, "write_excel_range", start=sheet.cell(row + number, place).coordinate,
            rows=[values])  # fmt: skip
    run(book, "write_excel_range", start=sheet.cell(row + 2, place + 4).coordinate, rows=[[2]])
    assert [str(book.value(c))[:10] for c in _cells(book, "Start", 2)] == [
        "2026-03-02",
        "2026-03-05",
    ]
    assert not book.formula_errors()


# Timesheet -----------------------------------------------------------------------------

WORKED = [
    {"Date": "2026-03-02", "Start": "08:00", "End": "17:00", "Break": 45},
    {"Date": "2026-03-03", "Start": "8:15", "End": "12:00", "Break": None},
    {"Date": "2026-03-03", "Start": "13.00", "End": "6:30 pm", "Break": None},
    {"Date": "2026-03-04", "Start": "22:00", "End": "06:00", "Break": "0:30"},
    {"Date": "2026-03-07", "Start": 0.375, "End": "13 Uhr", "Break": 0.5},
]


def test_hours_and_overtime() -> None:
    book = made("timesheet", WORKED, person="Ana", hours=8)
    assert column(book, "Timesheet", "Hours")[:8] == [8.25, 3.75, 5.5, 7.5, "", "", 3.5, ""]
    assert column(book, "Timesheet", "Overtime")[:8] == [0.25, "", 1.25, -0.5, "", "", 3.5, ""]
    assert beside(book, "Timesheet", "Hours worked") == 28.5
    assert beside(book, "Timesheet", "Name") == "Ana"
    sheet = book.xl["Timesheet"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert [text for text in texts if "signature" in text]
    assert "time" in checks(sheet).values()
    assert sheet.page_setup.fitToHeight == 1


def test_the_first_day_makes_the_month() -> None:
    book = made("timesheet", start="2026-02")
    days = [day for day in dates(book, "Date", "Timesheet") if day[:2] == "20"]
    assert days == [f"2026-02-{number:02}" for number in range(1, 29)]
    sheet = book.xl["Timesheet"]
    run(book, "write_excel_range", start="D6", rows=[["2026-03-01"]])
    assert dates(book, "Date", "Timesheet")[30] == "2026-03-31"
    run(book, "write_excel_range", start="D6", rows=[[None]])
    assert beside(book, "Timesheet", "Hours worked") == 0
    assert sheet["B11"].number_format == "yyyy-mm-dd"


# Inventory -----------------------------------------------------------------------------

STOCK = [
    {"SKU": "A1", "Item": "Paper", "Category": "Office", "Stock": 120, "Min": 50, "Cost": 4.2},
    {"SKU": "A2", "Item": "Toner", "Category": "Printer", "Stock": 3, "Min": 5, "Cost": 79.9},
    {"SKU": "A3", "Item": "Drum", "Category": "Printer", "Stock": 0, "Min": 2, "Cost": 89.5},
    {"SKU": "A4", "Item": "Tie", "Category": None, "Stock": 35.5, "Min": None, "Cost": None},
]


def test_values_and_what_to_reorder() -> None:
    book = made("inventory", STOCK)
    assert column(book, "Inventory", "Value") == [504, pytest.approx(239.7), 0, ""]
    assert column(book, "Inventory", "Status") == ["ok", "reorder", "out of stock", ""]
    sheet = book.xl["Inventory"]
    shown = {c.value: book.value(sheet.cell(6, c.column)) for c in sheet[5] if c.value}
    assert shown == {
        "Items": 4, "Stock value": pytest.approx(743.7), "To reorder": 2, "Out of stock": 1,
    }  # fmt: skip
    assert any("reorder" in formula for formula in rules(sheet))
    assert sheet.print_title_rows == "$8:$8"


def test_the_summary_of_an_inventory_adds_up() -> None:
    book = made("inventory", STOCK)
    rows = {
        book.value(row[0]): [book.value(cell) for cell in row[1:4]]
        for row in book.xl["Summary"].iter_rows(6, 9, 2, 5)
    }
    assert rows["Office"] == [1, 504, 0]
    assert rows["Printer"] == [2, pytest.approx(239.7), 2]
    assert rows["(blank)"] == [1, 0, 0]
    assert rows["Total"] == [4, pytest.approx(743.7), 2]


def test_a_row_added_to_an_inventory_is_calculated() -> None:
    book = made("inventory", STOCK)
    sheet = book.xl["Inventory"]
    (table,) = sheet.tables.values()
    calculated = [c.name for c in table.tableColumns if c.calculatedColumnFormula is not None]
    assert calculated == ["Value", "Status"]
    run(book, "write_excel_range", sheet="Inventory", start="append",
        rows=[["A5", "Lamp", "Office", 2, 5, 30]])  # fmt: skip
    assert column(book, "Inventory", "Value")[-1] == 60
    assert sheet.cell(5, 1).value == "Items"
    assert book.value(sheet.cell(6, 1)) == 5


def test_what_is_to_be_ordered() -> None:
    rows = [
        {"Item": "a", "Stock": 3, "Min stock": 5, "Max stock": 20, "Shelf life": "1 y"},
        {"Item": "b", "Stock": 9, "Min stock": 5, "Max stock": 20, "Shelf life": "2 y"},
    ]
    book = made("inventory", rows)
    assert column(book, "Inventory", "To order") == [17, 0]
    assert column(book, "Inventory", "Shelf life") == ["1 y", "2 y"]
    assert book.sheet_names == ["Inventory"]  # without costs there are no values to sum up


# All of them ------------------------------------------------------------------------------

HOLIDAYS = ["2026-03-05", "2026-12-25"]
DOCUMENTS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "invoice": ("invoice", LINES, {"discount": 3, "date": "2026-03-14", "payment_days": 9}),
    "blank invoice": ("invoice", [], {"language": "de"}),
    "budget": ("budget", MONTHLY, {"scenarios": {"Base": 0, "Low": -10}}),
    "blank budget": ("budget", [], {"language": "de", "start": 2027}),
    "project": ("project_plan", TASKS, {"holidays": HOLIDAYS, "blank_rows": 2}),
    "blank project": ("project_plan", [], {"language": "de"}),
    "timesheet": ("timesheet", WORKED, {"hours": 8}),
    "blank timesheet": ("timesheet", [], {"language": "de", "start": "2026-02"}),
    "inventory": ("inventory", STOCK, {"currency": "EUR"}),
    "blank inventory": ("inventory", [], {"language": "de"}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_sound(name: str, tmp_path: Path) -> None:
    """No error, no array by accident, a sound package, and the same after opening again."""
    report, rows, options = DOCUMENTS[name]
    book = made(report, rows, **options)
    assert not book.formula_errors()
    path = tmp_path / "book.xlsx"
    book.save(path)
    assert not problems(path)
    again = Book.load(path, "book.xlsx")
    compared = 0
    for sheet in book.xl.worksheets:
        for cell in formulas(sheet):
            assert not isinstance(cell.value, ArrayFormula)
            other = again.xl[sheet.title][cell.coordinate]
            assert other.value == cell.value
            assert alike(again.value(other), book.value(cell)), cell.coordinate
            compared += 1
    assert compared > 10
    run(again, "write_excel_range", sheet=again.sheet_names[0], start="B40", rows=[["more"]])
    again.save(tmp_path / "more.xlsx")
    assert not problems(tmp_path / "more.xlsx")
    kept = openpyxl.load_workbook(tmp_path / "more.xlsx")
    for sheet in book.xl.worksheets:
        assert rules(kept[sheet.title]) == rules(sheet)
        assert checks(kept[sheet.title]) == checks(sheet)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("style", ["teal", "plain"])
def test_documents_are_in_the_users_style(name: str, style: str) -> None:
    report, rows, options = DOCUMENTS[name]
    book = Book.blank("document.xlsx")
    wishes = Preferences(style=style, font="Georgia", date_format="dd.mm.yyyy")
    run(book, "create_excel_report", preferences=wishes, report=report, rows=rows, options=options)
    cells = [c for sheet in book.xl.worksheets for row in sheet.iter_rows() for c in row]
    assert {cell.font.name for cell in cells if cell.value is not None} == {"Georgia"}
    fills = {cell.fill.fgColor.rgb for cell in cells if cell.fill.fill_type}
    assert (house(style).header_fill.fgColor.rgb in fills) == (style != "plain")
    assert not [c for c in cells if c.number_format == "yyyy-mm-dd"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_ready_to_print(name: str) -> None:
    report, rows, options = DOCUMENTS[name]
    book = made(report, rows, **options)
    for sheet in book.xl.worksheets:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth == 1
        assert str(sheet.page_setup.paperSize) == "9"
        assert sheet.oddFooter.right.text == "&P / &N"
        one_page = sheet.page_setup.fitToHeight == 1
        assert one_page or sheet.print_title_rows
    assert book.xl.active.title == book.sheet_names[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_charts_of_documents_cover_nothing(name: str) -> None:
    report, rows, options = DOCUMENTS[name]
    for sheet in made(report, rows, **options).xl.worksheets:
        areas = drawn_areas(sheet)
        for area in areas:
            assert not [other for other in areas if other is not area and other.overlaps(area)]
            cells = [cell for row in sheet.iter_rows(**area.bounds) for cell in row]
            assert not [cell.coordinate for cell in cells if cell.value is not None]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_replayed_alike(name: str) -> None:
    report, rows, options = DOCUMENTS[name]
    first, second = (made(report, rows, **options) for _ in range(2))
    for sheet in first.xl.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert second.xl[sheet.title][cell.coordinate].value == cell.value


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_libreoffice_calculates_documents_alike(tmp_path: Path) -> None:
    books = {name.replace(" ", "-"): made(r, rows, **o) for name, (r, rows, o) in DOCUMENTS.items()}
    for name, book in books.items():
        book.xl.save(tmp_path / f"{name}.xlsx")  # without stored values
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", "out"]
    files = [f"{name}.xlsx" for name in books]
    subprocess.run([*convert, *files], cwd=tmp_path, check=True, capture_output=True, timeout=200)
    for name, book in books.items():
        theirs = openpyxl.load_workbook(tmp_path / "out" / f"{name}.xlsx", data_only=True)
        for sheet in book.xl.worksheets:
            for cell in formulas(sheet):
                if "TODAY()" not in cell.value:
                    ours, other = book.value(cell), theirs[sheet.title][cell.coordinate].value
                    assert alike(ours, other), (name, sheet.title, cell.coordinate, cell.value)


def formulas(sheet: Worksheet) -> list[Any]:
    cells = [cell for row in sheet.iter_rows() for cell in row]
    return [cell for cell in cells if not isinstance(cell, MergedCell) and cell.data_type == "f"]


def alike(ours: object, other: object) -> bool:
    if isinstance(ours, dt.date):
        return str(ours)[:10] == str(other)[:10]
    if isinstance(ours, int | float) and isinstance(other, int | float):
        return abs(ours - other) < 1e-9
    return ours == other or (ours in ("", None) and other in ("", None))


def test_a_document_of_a_sheet_leaves_the_sheet_alone() -> None:
    book = new_book(headers=list(STOCK[0]), rows=[list(row.values()) for row in STOCK])
    before = [[c.value for c in row] for row in book.sheet().iter_rows()]
    run(book, "create_excel_report", report="inventory", workbook="test.xlsx")
    assert [[c.value for c in row] for row in book.xl["Sheet1"].iter_rows()] == before
    assert book.sheet_names == ["Sheet1", "Inventory", "Summary"]
    run(book, "create_excel_report", report="invoice", sheet="Bill", options={"blank_rows": 5})
    run(book, "create_excel_report", report="timesheet")
    assert book.sheet_names[3:] == ["Bill", "Timesheet"]


def test_german_headers_are_found() -> None:
    rows = {
        "Beschreibung": ["Beratung"], "Menge": [2], "Einzelpreis": ["1.250,00 €"], "MwSt": [19],
    }  # fmt: skip
    book = Book.blank("r.xlsx")
    options = {"language": "de"}
    answer = run(book, "create_excel_report", report="invoice", rows=rows, options=options)
    assert set(answer.result["columns"]) == {"description", "quantity", "unit_price", "vat"}
    assert column(book, "Rechnung", "Nettobetrag") == [2500]
    book = made("timesheet", [{"Datum": "02.03.2026", "Beginn": "8:00", "Ende": "16:00"}])
    assert beside(book, "Timesheet", "Hours worked") == 8
    book = made("project_plan", [{"Aufgabe": "a", "Beginn": "02.03.2026", "Dauer": 2}])
    assert dates(book, "End") == ["2026-03-03"]
    book = made("budget", {"Kategorie": ["Miete"], "Soll": [5], "Ist": [6]})
    assert budget_row(book, "Miete")[:3] == [5, 6, 1]
    book = made("inventory", {"Artikel": ["x"], "Bestand": [3], "Meldebestand": [4]})
    assert column(book, "Inventory", "Status") == ["reorder"]


def test_all_that_a_german_document_says_is_german() -> None:
    """Also what stands in formulas, and what Excel says to values that do not fit."""
    for report, rows in (("invoice", LINES), ("project_plan", TASKS), ("inventory", STOCK)):
        for sheet in made(report, rows, language="de").xl.worksheets:
            texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
            errors = [str(v.error) for v in sheet.data_validations.dataValidation]
            for word in ("Total", "VAT on", "Due", "planned", "late", "out of stock", "Enter"):
                assert not [text for text in texts + errors if word in text], word


def test_days_of_options() -> None:
    assert day("2027", "start") == dt.date(2027, 1, 1)
    assert day("2027-05", "start") == dt.date(2027, 5, 1)
    assert day("31.01.2026", "date") == dt.date(2026, 1, 31)
    with pytest.raises(InvalidValue, match=r"options\.date"):
        day("soon", "date")


Bad = tuple[str, Any, dict[str, Any], type[ExcelToolsError], str]
BAD: dict[str, Bad] = {
    "invoice without prices": ("invoice", [{"Work": "a", "Size": 2}], {}, InvalidParameters,
                               "unit price.*Size"),
    "amounts beside quantities": ("invoice", [{"Item": "a", "Qty": 2, "Amount": 9}], {},
                                  InvalidParameters, "price of a unit"),
    "due twice": ("invoice", LINES, {"due_date": "2026-05-01", "payment_days": 3},
                  InvalidParameters, "payment_days"),
    "mixed rates": ("invoice", [{"Item": "a", "Price": 2, "VAT": v} for v in (0.19, 7)], {},
                    InvalidValue, "mixes"),
    "a price in words": ("invoice", [{"Item": "a", "Price": "cheap"}], {}, InvalidValue, "row 1"),
    "a bad date": ("invoice", LINES, {"date": "soon"}, InvalidValue, "no date"),
    "budget without categories": ("budget", [{"Colour": "red", "Plan": 3}], {},
                                  InvalidParameters, "category.*Colour"),
    "a third type": ("budget", [{"Category": "a", "Type": "gift", "Plan": 3}], {},
                     InvalidParameters, "gift"),
    "some types": ("budget", [{"Category": "a", "Type": "income"}, {"Category": "b"}], {},
                   InvalidParameters, "neither"),
    "months without months": ("budget", [{"Category": "a", "Plan": 3}], {"period": "month"},
                              InvalidParameters, "month"),
    "amounts without a month": (
        "budget", [{"Category": "a", "Month": m, "Plan": 3} for m in ("2026-01", None)], {},
        InvalidParameters, "have none"),
    "a start beside months": ("budget", MONTHLY, {"start": 2027}, InvalidParameters, "start"),
    "scenarios twice": (
        "budget", [{"Category": "a", "Scenario": s, "Plan": 3} for s in "xy"],
        {"scenarios": {"x": 1}}, InvalidParameters, "scenarios"),
    "an unknown scenario column": ("budget", [{"Category": "a", "Plan": 3}],
                                   {"scenarios": ["Moon"]}, InvalidParameters, "Moon"),
    "plan without tasks": ("project_plan", [{"Colour": "red"}], {}, InvalidParameters,
                           "task.*Colour"),
    "a circle": ("project_plan", [{"Task": "a", "After": "b"}, {"Task": "b", "After": "a"}], {},
                 InvalidParameters, "wait for each other"),
    "an unknown task": ("project_plan", [{"Task": "a", "After": "z"}], {}, InvalidValue, '"z"'),
    "an end alone": ("project_plan", [{"Task": "a", "End": "2026-03-01"}], {}, InvalidValue,
                     "without a start"),
    "half a day": ("project_plan", [{"Task": "a", "Days": 1.5}], {}, InvalidValue, "1.5"),
    "a year in days": ("project_plan", [{"Task": "a", "Start": "2026-01-01", "Days": 250}],
                       {"period": "day"}, InvalidParameters, "columns"),
    "a timesheet without dates": ("timesheet", [{"Start": "08:00"}], {}, InvalidParameters,
                                  "date"),
    "two months": ("timesheet", [{"Date": f"2026-0{m}-01"} for m in (1, 3)], {},
                   InvalidParameters, "2026-03-01"),
    "no time": ("timesheet", [{"Date": "2026-03-01", "Start": "early"}], {}, InvalidValue,
                "early"),
    "no break": ("timesheet", [{"Date": "2026-03-01", "Break": "long"}], {}, InvalidValue,
                 "long"),
    "inventory without items": ("inventory", [{"Colour": "red", "Stock": 3}], {},
                                InvalidParameters, "item.*Colour"),
    "groups of what is calculated": ("inventory", STOCK, {"group_by": ["Value"]},
                                     InvalidParameters, "formulas"),
    "groups of nothing": ("inventory", [], {"group_by": ["Item"]}, InvalidParameters, "group_by"),
    "an unknown part": ("inventory", STOCK, {"columns": {"weight": "Min"}}, InvalidParameters,
                        "weight"),
    "an option of another": ("timesheet", WORKED, {"vat": 19}, InvalidParameters,
                             r"options\.vat is for"),
    "a period of another": ("budget", MONTHLY, {"period": "week"}, InvalidParameters, "week"),
    "a language of reports": ("sales_report", [{"Region": "N", "Amount": 3}],
                              {"language": "de"}, InvalidParameters, "language"),
    "a formula": ("invoice", [{"Item": "=A1", "Price": 2}], {}, InvalidValue, "formula =A1"),
    "control characters": ("invoice", LINES, {"seller": "A\x00B"}, InvalidValue,
                           r"options\.seller"),
    "scenarios of one name": ("budget", [], {"scenarios": ["A", "a"]}, InvalidParameters,
                              "different"),
    "a change as a fraction": ("budget", [], {"scenarios": {"A": 0.1}}, InvalidParameters,
                               "per cent"),
    "an endless change": ("budget", [], {"scenarios": {"A": float("inf")}}, InvalidParameters,
                          "scenarios"),
    "no such option": ("invoice", LINES, {"sender": "x"}, InvalidParameters, "sender"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_documents_refuse_before_anything_is_written(name: str) -> None:
    report, rows, options, error, words = BAD[name]
    book = Book.blank("document.xlsx")
    with pytest.raises(error, match=f"(?s){words}"):
        run(book, "create_excel_report", report=report, rows=rows, options=options)
    assert not book.broken
    assert not book.sheet_names


def test_tables_of_documents_are_named_as_their_headers() -> None:
    rows = [{"Item": "a", "Stock [pcs]": 2, "Unit Price (EUR)": 3, "Value": 9}]
    book = made("inventory", rows)
    sheet = book.xl["Inventory"]
    (table,) = sheet.tables.values()
    area = parse_area(table.ref, Area(1, 1, 1, 1))
    headers = [cell.value for cell in next(sheet.iter_rows(**area.top(1).bounds))]
    assert [one.name for one in table.tableColumns] == headers
    assert book.value(sheet.cell(area.last_row, headers.index("Value") + 1)) == 6


@pytest.mark.parametrize("name", ["invoice", "budget", "project", "timesheet", "inventory"])
def test_documents_live_on(chat: Chat, name: str, tmp_path: Path) -> None:
    """Rows are inserted, undone and done again; the file is opened in another chat and edited."""
    report, rows, options = DOCUMENTS[name]
    answer = chat.op("create_excel_report", report=report, rows=rows, options=options)
    sheet = answer["sheet"]
    before = chat.rows(sheet=sheet)
    inserting = {"action": "insert_rows", "sheet": sheet, "target": "11:12"}
    chat.op("edit_excel_sheet", **inserting)
    after = chat.rows(sheet=sheet)
    assert after != before
    chat.op("undo_excel_change")
    assert chat.rows(sheet=sheet) == before
    answer = chat.op("undo_excel_change", action="redo")
    assert chat.rows(sheet=sheet) == after
    path = tmp_path / "document.xlsx"
    path.write_bytes(chat.download(answer["files"][0]))
    assert not problems(path)
    other = Chat(chat.service)
    other.upload(path, "document.xlsx")
    other.op("open_excel_file", file="document.xlsx")
    assert other.rows(sheet=sheet) == after
    answer = other.op("write_excel_range", sheet=sheet, start="B60", rows=[["later"]])
    path.write_bytes(other.download(answer["files"][0]))
    assert not problems(path)


EFFECTS: dict[str, tuple[str, Any, Any]] = {
    "style": ("invoice", LINES, "green"),
    "currency": ("inventory", STOCK, "CHF"),
    "columns": ("inventory", STOCK, {"target": "Min"}),
    "group_by": ("inventory", STOCK, ["Item"]),
    "language": ("timesheet", [], "de"),
    "blank_rows": ("invoice", LINES, 3),
    "seller": ("invoice", LINES, "Acme"),
    "buyer": ("invoice", LINES, "Bo"),
    "number": ("invoice", LINES, 7),
    "date": ("invoice", LINES, "2026-03-14"),
    "delivery_date": ("invoice", LINES, "2026-03-10"),
    "due_date": ("invoice", LINES, "2026-04-10"),
    "payment_days": ("invoice", LINES, 0),
    "vat": ("invoice", [{"Item": "a", "Price": 2}], 0),
    "discount": ("invoice", LINES, 0),
    "terms": ("invoice", LINES, "soon"),
    "bank": ("invoice", LINES, "IBAN"),
    "scenarios": ("budget", MONTHLY, {"Low": -10}),
    "start": ("project_plan", [{"Task": "a", "Days": 2}], "2026-03-02"),
    "period": ("timesheet", [], "week"),
    "holidays": ("project_plan", TASKS, HOLIDAYS),
    "person": ("timesheet", [], "Ana"),
    "hours": ("timesheet", [], 8),
}


def everything(book: Book) -> list[object]:
    """All that the cells of a workbook hold, and how they show it."""
    cells = [c for sheet in book.xl.worksheets for row in sheet.iter_rows() for c in row]
    return [(c.parent.title, c.coordinate, c.value, c.number_format, c.fill) for c in cells]


@pytest.mark.parametrize("option", list(ReportOptions.model_fields))
def test_each_option_has_an_effect(option: str) -> None:
    report, rows, value = EFFECTS[option]
    with_it, without = made(report, rows, **{option: value}), made(report, rows)
    assert everything(with_it) != everything(without)


def test_days_are_written_as_usual_in_the_language() -> None:
    """The user's own way of writing days counts more."""
    line = {"Beschreibung": "Beratung", "Menge": 1, "Einzelpreis": 80}
    invoice = {"date": "2026-03-01", "payment_days": 14}
    sheet = made("invoice", [line], language="de", **invoice).xl.worksheets[0]
    formats = {c.number_format for row in sheet.iter_rows() for c in row}
    assert "dd.mm.yyyy" in formats
    assert "yyyy-mm-dd" not in formats
    book = Book.blank("document.xlsx")
    options = {"language": "de", **invoice}
    wishes = Preferences(date_format="d/m/yyyy")
    given = {"report": "invoice", "rows": [line], "options": options}
    run(book, "create_excel_report", preferences=wishes, **given)
    formats = {c.number_format for row in book.xl.worksheets[0].iter_rows() for c in row}
    assert "dd.mm.yyyy" not in formats


def test_the_header_of_the_people_of_a_project_is_not_cut_off() -> None:
    rows = [{"Aufgabe": "Planen", "Beginn": "2026-03-02", "Tage": 3, "Zuständig": "Bo"}]
    sheet = made("project_plan", rows, language="de").xl.worksheets[0]
    row, at = found(sheet, "Zuständig")
    assert sheet.column_dimensions[sheet.cell(row, at).column_letter].width >= 12


def test_a_chart_of_stock_below_zero_shows_it() -> None:
    rows = [{"Item": name, "Stock": n, "Unit cost": 1} for name, n in (("Nut", -2), ("Bolt", 5))]
    for given, least in ((rows, None), (rows[1:], 0)):
        book = made("inventory", given)
        (chart,) = [c for sheet in book.xl.worksheets for c in sheet._charts]
        assert chart.y_axis.scaling.min == least
