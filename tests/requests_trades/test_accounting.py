"""Requests from accounting and controlling, from the question to the workbook's cells."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import xlsxwriter

from tests.requests_trades.desk import Person

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def test_budget_plan_and_actual(ask: Person) -> None:
    """Make me a budget for our office 2026: Rent 2400 planned, 2400 paid; Power 380 / 441.20;
    Internet 60/59.9; Cleaning 300/280. Show the difference in euros and percent, red if we
    spent more than planned, totals below, and a chart plan against actual."""
    ask.op(
        "create_excel_file",
        filename="Budget 2026",
        headers=["Category", "Plan", "Actual", "Difference", "Difference %"],
        rows=[
            ["Rent", 2400, 2400, "=C2-B2", "=D2/B2"],
            ["Power", 380, 441.2, "=C3-B3", "=D3/B3"],
            ["Internet", 60, 59.9, "=C4-B4", "=D4/B4"],
            ["Cleaning", 300, 280, "=C5-B5", "=D5/B5"],
            ["Total", "=SUM(B2:B5)", "=SUM(C2:C5)", "=C6-B6", "=D6/B6"],
        ],
    )
    ask.op("format_excel_cells", range="B2:D6", style={"number_format": "€"})
    ask.op("format_excel_cells", range="E2:E6", style={"number_format": "percent"})
    ask.op("format_excel_cells", range="A6:E6", style={"bold": True, "border": "top"})
    ask.op("add_excel_rule", range="D2:D6", rule="greater_than", value=0, options={"color": "red"})
    answer = ask.op("create_excel_chart", data_range="A1:C5", title="Plan and actual")
    got = ask.back(answer)
    assert got.column("D2:D6") == [0, 61.2, -0.1, -20, 41.1]
    assert got.values("B6:E6") == [[3140, 3181.1, 41.1, 0.01]]
    assert got.formula("E6") == "=D6/B6"
    assert all("€" in text for text in got.formats(["B2", "C6", "D3"]))
    assert "%" in got.sheet()["E3"].number_format
    assert got.sheet()["A6"].border.top.style == "thin"
    ((rule,),) = got.rules().values()
    assert (rule.operator, rule.formula) == ("greaterThan", ["0"])
    (chart,) = got.charts()
    assert len(chart.series) == 2
    got.wide_enough()


def test_cash_flow_of_a_year(ask: Person) -> None:
    """I need a liquidity plan for 2026, month by month: opening balance 18,500, incomings
    12,000 per month (15,000 in June and December), salaries 7,200, rent 1,450, 2,900 VAT
    each quarter. Closing balance carried over. And a line so I see the low point."""
    income = [15000 if month in (6, 12) else 12000 for month in range(1, 13)]
    vat = [2900 if month % 3 == 0 else 0 for month in range(1, 13)]
    rows = [
        [
            name,
            18500 if n == 2 else f"=G{n - 1}",
            cash,
            7200,
            1450,
            tax,
            f"=B{n}+C{n}-D{n}-E{n}-F{n}",
        ]
        for n, (name, cash, tax) in enumerate(zip(MONTHS, income, vat, strict=True), 2)
    ]
    heads = ["Month", "Opening", "Income", "Salaries", "Rent", "VAT", "Closing"]
    ask.op("create_excel_file", filename="Liquidity", headers=heads, rows=rows)
    answer = ask.op(
        "run_excel_steps",
        steps=[
            {
                "tool": "format_excel_cells",
                "arguments": {"range": "B2:G13", "style": {"number_format": "#,##0 €"}},
            },
            {
                "tool": "create_excel_chart",
                "arguments": {
                    "chart_type": "line",
                    "data_range": "A1:A13,G1:G13",
                    "title": "Closing balance",
                    "options": {"data_labels": False, "series": "Closing"},
                },
            },
            {
                "tool": "edit_excel_sheet",
                "arguments": {"action": "layout", "options": {"freeze": "B2"}},
            },
        ],
    )
    got = ask.back(answer)
    assert got.column("G2:G13")[:3] == [21850, 25200, 25650]
    assert got.values("A13:G13") == [["Dec", 49650, 15000, 7200, 1450, 2900, 53100]]
    assert got.formula("B3") == "=G2"
    assert got.formats(["C3", "G3", "G13"]) == ["#,##0 €"] * 3
    assert got.sheet().freeze_panes == "B2"
    (chart,) = got.charts()
    assert chart.series[0].val.numRef.f.replace("'", "").endswith("!$G$2:$G$13")
    got.wide_enough()


def test_vat_return_from_a_messy_bank_export(ask: Person) -> None:
    """Attached is the export from my bank (csv). Please put the bookings into Excel, split the
    gross amounts into net and 19 % VAT, and total them."""
    text = (
        "Buchungstag;Text;Betrag;Währung\r\n"
        "05.01.2026;Miete Büro;-1.190,00;EUR\r\n"
        "07.01.2026;Rechnung 2026-001 Müller GmbH;2.380,00;EUR\r\n"
        "\r\n"
        '12.01.2026;"Tanken; Dienstwagen";-83,30;EUR\r\n'
        "31.01.2026;Rechnung 2026-002 Café Süd;595,00;EUR\r\n"
    )
    ask.attach("umsaetze.csv", text.encode("cp1252"))
    answer = ask.op("import_csv_to_excel", source="umsaetze.csv", filename="VAT January")
    answer = ask.op("describe_excel_file")
    answer = ask.op(
        "create_excel_table",
        options={
            "columns": {"Netto": "=ROUND([@Betrag]/1.19,2)", "USt": "=[@Betrag]-[@Netto]"},
            "totals": {"Betrag": "sum", "Netto": "sum", "USt": "sum"},
        },
    )
    got = ask.back(answer)
    assert got.column("C2:C6") == [-1190, 2380, -83.3, 595, 1701.7]
    assert got.values("E2:F6") == [
        [-1000, -190],
        [2000, 380],
        [-70, -13.3],
        [500, 95],
        [1430, 271.7],
    ]
    assert got.value("A2") == dt.datetime(2026, 1, 5)
    assert got.value("B4") == "Tanken; Dienstwagen"
    # What is calculated from money looks like money.
    assert set(got.formats(["C2", "E2", "F2", "E6", "F6"])) == {"#,##0.00"}
    (table,) = got.sheet().tables.values()
    assert (table.ref, table.totalsRowCount) == ("A1:F6", 1)
    got.wide_enough()


def test_depreciation_schedule(ask: Person) -> None:
    """Depreciation table please: straight line. Delivery van 32,400 bought 2026-03-01, 6 years;
    Laptop 1,560, 2026-01-15, 3 years; Workbench 4,800, 2025-07-01, 10 years. Book value at the
    end of 2026, 2027, 2028."""
    ask.op(
        "create_excel_file",
        filename="Assets.xlsx",
        sheets=[
            {
                "name": "Assets",
                "rows": [
                    {"Asset": "Delivery van", "Cost": 32400, "Bought": "2026-03-01", "Years": 6},
                    {"Asset": "Laptop", "Cost": 1560, "Bought": "2026-01-15", "Years": 3},
                    {"Asset": "Workbench", "Cost": 4800, "Bought": "2025-07-01", "Years": 10},
                ],
            }
        ],
    )
    ask.op(
        "write_excel_range",
        start="E1",
        rows=[["Per year", "End 2026", "End 2027", "End 2028"]]
        + [
            [f"=SLN(B{n},0,D{n})"]
            + [
                f'=MAX(0,$B{n}-$E{n}/12*(DATEDIF($C{n},DATE({y},12,31),"m")+1))'
                for y in (2026, 2027, 2028)
            ]
            for n in (2, 3, 4)
        ],
    )
    answer = ask.op(
        "create_excel_table",
        name="Assets",
        options={
            "totals": {"Cost": "sum", "End 2026": "sum", "End 2027": "sum", "End 2028": "sum"}
        },
    )
    got = ask.back(answer)
    assert got.values("E2:H5") == [
        [5400, 27900, 22500, 17100],
        [520, 1040, 520, 0],
        [480, 4080, 3600, 3120],
        [None, 33020, 26620, 20220],
    ]
    assert got.value("B5") == 38760
    assert got.value("C4") == dt.datetime(2025, 7, 1)
    assert got.formula("B5") == "=SUBTOTAL(109,Assets[Cost])"


def test_loan_plan(ask: Person) -> None:
    """Repayment plan: 120,000 loan, 3.9 % interest, 15 years, monthly annuity. I want the first
    sheet with the terms and the monthly rate, and a table of all 180 instalments."""
    ask.op(
        "create_excel_file",
        filename="Loan",
        sheets=[
            {
                "name": "Terms",
                "rows": [
                    ["Amount", 120000],
                    ["Interest per year", 0.039],
                    ["Years", 15],
                    ["Monthly rate", "=-PMT(B2/12,B3*12,B1)"],
                    ["Interest in total", "=SUM(Plan!C2:C181)"],
                ],
            },
            {
                "name": "Plan",
                "headers": ["No", "Opening", "Interest", "Repayment", "Closing"],
                "rows": [
                    [
                        n,
                        "=Terms!$B$1" if n == 1 else f"=E{n}",
                        f"=B{n + 1}*Terms!$B$2/12",
                        f"=Terms!$B$4-C{n + 1}",
                        f"=B{n + 1}-D{n + 1}",
                    ]
                    for n in range(1, 181)
                ],
            },
        ],
    )
    ask.op("format_excel_cells", sheet="Terms", range="B2", style={"number_format": "0.00%"})
    ask.op(
        "format_excel_cells",
        sheet="Terms",
        range="B1,B4:B5",
        style={"number_format": "currency EUR"},
    )
    ask.op(
        "format_excel_cells", sheet="Plan", range="B2:E181", style={"number_format": "currency EUR"}
    )
    answer = ask.op(
        "edit_excel_sheet",
        action="layout",
        sheet="Plan",
        options={
            "print_titles": "1",
            "fit": "width",
            "orientation": "portrait",
            "footer": "Page &P of &N",
        },
    )
    got = ask.back(answer)
    assert got.column("B1:B5", "Terms") == [120000, 0.04, 15, 881.62, 38692.33]
    assert got.formats(["B2"], "Terms") == ["0.00%"]
    plan = got.sheet("Plan")
    assert plan.max_row == 181
    assert got.values("A2:E2", "Plan") == [[1, 120000, 390, 491.62, 119508.38]]
    assert abs(got.value("E181", "Plan")) < 0.01
    assert "€" in got.formats(["D181"], "Plan")[0]
    assert plan.print_title_rows == "$1:$1"
    assert (plan.page_setup.fitToWidth, plan.page_setup.fitToHeight) == (1, 0)
    assert plan.oddFooter.center.text == "Page &P of &N"
    got.wide_enough("Plan")


def uploaded_controlling() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Costs")
        money = book.add_format({"num_format": "#,##0.00 €"})
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet.write_row("A1", ["Cost centre", "Q1", "Q2", "Q3", "Year"], bold)
        for n, (name, *costs) in enumerate(
            [
                ("Sales", 12500, 13100, 12800),
                ("IT", 8400, 9100, 15250.5),
                ("Admin", 6100, 6000, 6050),
            ],
            1,
        ):
            sheet.write(n, 0, name)
            for c, cost in enumerate(costs, 1):
                sheet.write(n, c, cost, money)
            sheet.write_formula(n, 4, f"=SUM(B{n + 1}:D{n + 1})", money, sum(costs))
        sheet.write(4, 0, "Total", bold)
        for c, col in enumerate("BCDE", 1):
            sheet.write_formula(4, c, f"=SUM({col}2:{col}4)", money, 0)
        chart = book.add_chart({"type": "column"})
        for c in range(1, 4):
            chart.add_series(
                {
                    "name": ["Costs", 0, c],
                    "categories": ["Costs", 1, 0, 3, 0],
                    "values": ["Costs", 1, c, 3, c],
                }
            )
        chart.set_title({"name": "Costs by centre"})
        sheet.insert_chart("G2", chart)
        sheet.set_column("A:A", 16)
        sheet.set_column("B:E", 14)
    return file.getvalue()


def test_a_quarter_is_added_to_an_uploaded_cost_report(ask: Person) -> None:
    """Here is our cost centre report. Please add Q4 between Q3 and Year (Sales 13900, IT 8800,
    Admin 6200), the year must include it, and the chart too."""
    ask.attach("costs.xlsx", uploaded_controlling())
    ask.op("open_excel_file")
    ask.op("edit_excel_sheet", action="insert_columns", target="E")
    ask.op("write_excel_range", start="E1", rows=[["Q4"], [13900], [8800], [6200], ["=SUM(E2:E4)"]])
    for n in (2, 3, 4):
        ask.op("write_excel_range", start=f"F{n}", rows=[[f"=SUM(B{n}:E{n})"]])
    ask.op("create_excel_chart", action="list")
    answer = ask.op("create_excel_chart", action="change", data_range="A1:E4", options={"chart": 1})
    got = ask.back(answer)
    assert got.values("D1:F5") == [
        ["Q3", "Q4", "Year"],
        [12800, 13900, 52300],
        [15250.5, 8800, 41550.5],
        [6050, 6200, 24350],
        [34100.5, 28900, 118200.5],
    ]
    assert got.formats(["E2", "E5", "F2"]) == ["#,##0.00 €"] * 3
    (chart,) = got.charts()
    assert [one.val.numRef.f.replace("'", "") for one in chart.series] == [
        f"Costs!${letter}$2:${letter}$4" for letter in "BCDE"
    ]
    got.wide_enough()


def test_rolling_comparison_by_pivot(ask: Person) -> None:
    """Attached: all bookings of the year. I want to see the costs per account and month."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Bookings"
    sheet.append(["Date", "Account", "Text", "Amount"])
    for n in range(48):
        sheet.append(
            [
                dt.date(2025, n % 12 + 1, n % 27 + 1),
                ["4210 Rent", "4240 Power", "4650 Meals", "4930 Office"][n % 4],
                f"Booking {n}",
                round(100 + n * 7.35, 2),
            ]
        )
    for row in sheet["A2:A49"]:
        row[0].number_format = "dd.mm.yyyy"
    file = io.BytesIO()
    book.save(file)
    ask.attach("bookings.xlsx", file.getvalue())
    ask.op("open_excel_file", file="bookings")
    ask.op("describe_excel_file")
    answer = ask.op(
        "create_excel_pivot",
        source="Bookings",
        rows=["Account"],
        columns=["Months (Date)"],
        values=[{"field": "Amount", "function": "sum", "number_format": "#,##0.00 €"}],
    )
    got = ask.back(answer)
    assert got.book.sheetnames == ["Bookings", "Pivot"]
    assert answer["result"]["pivot"]["at"] == "Pivot!A3:N9"
    (pivot,) = got.sheet("Pivot")._pivots  # type: ignore[attr-defined]
    assert pivot.location.ref == "A3:N9"
    assert got.value("N9", "Pivot") == round(sum(100 + n * 7.35 for n in range(48)), 2)
    assert got.value("A5", "Pivot") == "4210 Rent"
    assert "€" in got.formats(["N9"], "Pivot")[0]
    got.wide_enough("Pivot")
