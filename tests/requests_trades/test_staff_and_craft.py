"""Requests from personnel and from craft businesses, from the question to the cells."""

from __future__ import annotations

import datetime as dt

from tests.requests_trades.desk import Person


def test_shift_plan(ask: Person) -> None:
    """Shift plan for the week of 2 March 2026 for Anna, Ben, Cem, Dora: early (F), late (S),
    off (-). Colour the shifts, allow nothing else in the cells, and count the early shifts."""
    days = ["Mon 02", "Tue 03", "Wed 04", "Thu 05", "Fri 06", "Sat 07", "Sun 08"]
    plan = {"Anna": "FFFSS--", "Ben": "SSS--FF", "Cem": "--FFFSS", "Dora": "F--SSFF"}
    rows = [
        [name, *shifts, f'=COUNTIF(B{n}:H{n},"F")']
        for n, (name, shifts) in enumerate(plan.items(), 2)
    ]
    ask.op("create_excel_file", filename="Shifts", headers=["Name", *days, "Early"], rows=rows)
    for text, color in (("F", "light yellow"), ("S", "light blue"), ("-", "light gray")):
        ask.op(
            "add_excel_rule", range="B2:H5", rule="equal_to", value=text, options={"fill": color}
        )
    ask.op(
        "add_excel_rule",
        range="B2:H5",
        rule="list",
        value="F,S,-",
        options={"error_message": "F, S or -"},
    )
    ask.op("format_excel_cells", range="B1:I5", style={"align": "center", "border": "all"})
    answer = ask.op(
        "edit_excel_sheet",
        action="layout",
        options={"orientation": "landscape", "fit": "page", "freeze": "B2"},
    )
    got = ask.back(answer)
    assert got.column("I2:I5") == [3, 2, 3, 3]
    (rules,) = got.rules().values()
    assert [rule.formula for rule in rules] == [['"F"'], ['"S"'], ['"-"']]
    (check,) = got.sheet().data_validations.dataValidation
    assert (check.formula1, check.error) == ('"F,S,-"', "F, S or -")
    sheet = got.sheet()
    assert (sheet.page_setup.orientation, sheet.freeze_panes) == ("landscape", "B2")
    assert sheet["C3"].border.left.style == sheet["I5"].border.bottom.style == "thin"
    assert sheet["B2"].alignment.horizontal == "center"


def test_holiday_list(ask: Person) -> None:
    """A list of holidays: name, from, to, working days (Easter Monday 6 April is off), remaining
    of 30 days. Warn if somebody has less than 5 left."""
    ask.op(
        "create_excel_file",
        filename="Holidays",
        sheets=[
            {
                "name": "Holidays",
                "headers": ["Name", "From", "To", "Days", "Left"],
                "rows": [
                    [
                        "Anna",
                        "2026-03-30",
                        "2026-04-10",
                        "=NETWORKDAYS(B2,C2,Free!$A$2:$A$3)",
                        "=30-SUMIF($A$2:A2,A2,$D$2:D2)",
                    ],
                    [
                        "Ben",
                        "2026-07-06",
                        "2026-08-07",
                        "=NETWORKDAYS(B3,C3,Free!$A$2:$A$3)",
                        "=30-SUMIF($A$2:A3,A3,$D$2:D3)",
                    ],
                    [
                        "Anna",
                        "2026-08-03",
                        "2026-08-21",
                        "=NETWORKDAYS(B4,C4,Free!$A$2:$A$3)",
                        "=30-SUMIF($A$2:A4,A4,$D$2:D4)",
                    ],
                ],
            },
            {
                "name": "Free",
                "headers": ["Day", "What"],
                "rows": [["2026-04-03", "Good Friday"], ["2026-04-06", "Easter Monday"]],
            },
        ],
    )
    ask.op(
        "add_excel_rule",
        sheet="Holidays",
        range="E2:E4",
        rule="less_than",
        value="10",
        options={"fill": "red"},
    )
    answer = ask.op(
        "add_excel_rule",
        sheet="Holidays",
        range="C2:C4",
        rule="date",
        options={"operator": "greater_than_or_equal"},
        value="=B2",
    )
    got = ask.back(answer)
    assert got.values("D2:E4") == [[8, 22], [25, 5], [15, 7]]
    assert got.value("B2") == dt.datetime(2026, 3, 30)
    assert got.formats(["B2", "D2"]) == ["yyyy-mm-dd", "General"]
    (rule,) = got.rules()["E2:E4"]
    assert (rule.operator, rule.formula) == ("lessThan", ["10"])
    (check,) = got.sheet().data_validations.dataValidation
    assert (check.type, check.operator, check.formula1) == ("date", "greaterThanOrEqual", "B2")


def test_payroll_overview(ask: Person) -> None:
    """Payroll overview from this table: gross per person, 20 % tax, 9.3 % pension; department
    subtotals. Protect everything but the gross column."""
    rows = [
        ["Anna", "Shop", 3200.5],
        ["Ben", "Workshop", 2950],
        ["Cem", "Workshop", 3410.25],
        ["Dora", "Shop", 2100],
    ]
    ask.op(
        "create_excel_file", filename="Payroll", headers=["Name", "Department", "Gross"], rows=rows
    )
    ask.op(
        "write_excel_range",
        start="D1",
        rows=[
            ["Tax", "Pension", "Net"],
            *[
                [f"=ROUND(C{n}*0.2,2)", f"=ROUND(C{n}*9.3%,2)", f"=C{n}-D{n}-E{n}"]
                for n in range(2, 6)
            ],
        ],
    )
    ask.op(
        "write_excel_range",
        start="A7",
        rows=[
            ["Shop", None, "=SUMIF($B$2:$B$5,$A7,C$2:C$5)"],
            ["Workshop", None, "=SUMIF($B$2:$B$5,$A8,C$2:C$5)"],
        ],
    )
    ask.op("format_excel_cells", range="C2:C5", style={"locked": False})
    answer = ask.op("edit_excel_sheet", action="protect")
    got = ask.back(answer)
    assert got.values("C2:F3") == [
        [3200.5, 640.1, 297.65, 2262.75],
        [2950, 590, 274.35, 2085.65],
    ]
    assert got.column("C7:C8") == [5300.5, 6360.25]
    assert got.sheet().protection.sheet
    assert not got.sheet()["C5"].protection.locked
    assert got.sheet()["D2"].protection.locked
    # The new headers look as those that were there.
    assert got.sheet()["F1"].fill.fgColor.rgb == got.sheet()["C1"].fill.fgColor.rgb
    assert got.sheet()["F1"].font.bold


def test_quote(ask: Person) -> None:
    """Quote for Mrs Berger, bathroom: 12.5 m² tiles at 48 €, 14 hours fitter at 62 €, disposal
    180 €. 19 % VAT, valid 30 days. My firm: Fliesen Huber, Dorfstr. 3, 83022 Rosenheim."""
    answer = ask.op(
        "create_excel_report",
        report="invoice",
        title="Quote",
        filename="Quote Berger",
        rows=[
            {"Description": "Tiles 60x60", "Quantity": 12.5, "Unit": "m²", "Unit price": 48},
            {"Description": "Fitter", "Quantity": 14, "Unit": "h", "Unit price": 62},
            {"Description": "Disposal", "Quantity": 1, "Unit price": 180},
        ],
        options={
            "seller": "Fliesen Huber\nDorfstr. 3\n83022 Rosenheim",
            "buyer": "Mrs Berger",
            "vat": "19%",
            "number": 17,
            "currency": "EUR",
            "terms": "Valid for 30 days",
        },
    )
    got = ask.back(answer)
    rows = [[value for value in row if value is not None] for row in got.values("A1:H27")]
    assert ["Fliesen Huber", "Quote"] in rows
    assert [2, "Fitter", 14, "h", 62, 0.19, 868] in rows
    assert ["Net total", 1648] in rows
    assert ["VAT on", 1648, 0.19, 313.12] in rows
    assert ["Total due", 1961.12] in rows
    assert ["Valid for 30 days"] in rows
    # It is no invoice.
    assert not any("Invoice" in str(value) for row in rows for value in row)
    got.wide_enough()


def test_invoice_from_uploaded_hours(ask: Person) -> None:
    """Make an invoice from these hours, 58 € an hour, no VAT (small business)."""
    ask.attach(
        "Stunden.csv",
        "Datum;Leistung;Stunden\n02.03.2026;Montage Küche;6,5\n03.03.2026;Elektrik;3,25\n".encode(),
    )
    ask.op("import_csv_to_excel", source="Stunden.csv")
    ask.op("write_excel_range", start="D1", rows=[["Preis"], [58], [58]])
    answer = ask.op(
        "create_excel_report",
        report="invoice",
        workbook="Stunden.xlsx",
        sheet="Stunden",
        title="Rechnung",
        options={
            "vat": 0,
            "columns": {"description": "Leistung", "quantity": "Stunden", "unit_price": "Preis"},
            "number": "2026-07",
        },
    )
    got = ask.back(answer)
    name = str(answer["sheet"])
    rows = [[value for value in row if value is not None] for row in got.values("A1:H30", name)]
    assert any(
        row and row[0] == 1 and row[2:4] == ["Montage Küche", 6.5] and row[-1] == 377
        for row in rows
    )
    assert any(
        row and row[0] == 2 and row[2:4] == ["Elektrik", 3.25] and row[-1] == 188.5 for row in rows
    )
    assert any(row and row[-1] == 565.5 for row in rows)
    got.wide_enough(name)


def test_material_list(ask: Person) -> None:
    """Material list for a deck: parts, quantity, price, waste 10 %. Group by supplier with
    totals, checkable column, and comments where delivery is late."""
    ask.op(
        "create_excel_file",
        filename="Deck",
        headers=["Part", "Supplier", "Qty", "Price"],
        rows=[
            {"Part": "Board 4 m", "Supplier": "Holz Maier", "Qty": 48, "Price": 23.9},
            {"Part": "Screws", "Supplier": "Bau24", "Qty": 3, "Price": 18.49},
            {"Part": "Joist", "Supplier": "Holz Maier", "Qty": 14, "Price": 15.2},
        ],
    )
    answer = ask.op(
        "run_excel_steps",
        steps=[
            {
                "tool": "create_excel_table",
                "arguments": {
                    "name": "Material",
                    "options": {
                        "columns": {
                            "With waste": "=ROUNDUP([@Qty]*1.1,0)",
                            "Sum": "=[@[With waste]]*[@Price]",
                            "Done": "=FALSE",
                        },
                        "totals": {"Sum": "sum"},
                    },
                },
            },
            {
                "tool": "transform_excel_range",
                "arguments": {"action": "sort", "options": {"by": "Supplier"}},
            },
            {
                "tool": "annotate_excel_cells",
                "arguments": {
                    "action": "comment",
                    "range": "A2",
                    "text": "Delivery not before 15 May",
                    "options": {"author": "Office"},
                },
            },
            {
                "tool": "format_excel_cells",
                "arguments": {"range": "D2:D4,F2:F5", "style": {"number_format": "EUR"}},
            },
            {
                "tool": "create_excel_pivot",
                "arguments": {"source": "Material", "rows": "Supplier", "values": "Sum"},
            },
        ],
    )
    got = ask.back(answer)
    assert got.values("A2:F5") == [
        ["Screws", "Bau24", 3, 18.49, 4, 73.96],
        ["Board 4 m", "Holz Maier", 48, 23.9, 53, 1266.7],
        ["Joist", "Holz Maier", 14, 15.2, 16, 243.2],
        ["Total", None, None, None, None, 1583.86],
    ]
    assert all("€" in one for one in got.formats(["D2", "F2", "F5"]))
    assert got.formats(["E2"]) == ["General"]
    assert got.sheet().column_dimensions["E"].width > len("With waste") + 2
    assert got.sheet()["A2"].comment.text == "Delivery not before 15 May"
    assert got.values("A4:B6", "Pivot") == [
        ["Bau24", 73.96],
        ["Holz Maier", 1509.9],
        ["Grand Total", 1583.86],
    ]


def test_project_schedule(ask: Person) -> None:
    """Site schedule for a roof: scaffold 2 days from 2 March, tear-off 3, battens 4, tiles 5."""
    answer = ask.op(
        "create_excel_report",
        report="project_plan",
        title="Roof",
        rows=[
            {"Task": "Scaffold", "Start": "2026-03-02", "Days": 2},
            {"Task": "Tear-off", "Start": "2026-03-04", "Days": 3},
            {"Task": "Battens", "Start": "2026-03-09", "Days": 4},
            {"Task": "Tiles", "Start": "2026-03-13", "Days": 5},
        ],
    )
    got = ask.back(answer)
    rows = [row[2:6] for row in got.values("A1:H14") if isinstance(row[1], int)]
    assert [row[0] for row in rows] == ["Scaffold", "Tear-off", "Battens", "Tiles"]
    assert [row[3] for row in rows] == [dt.datetime(2026, 3, day) for day in (3, 6, 12, 19)]
