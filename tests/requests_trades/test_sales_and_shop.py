"""Requests from sales and from a shop, from the question to the workbook's cells."""

from __future__ import annotations

import datetime as dt
import io
import random

import openpyxl
from openpyxl.chart import BarChart, Reference

from tests.requests_trades.desk import Person


def test_sales_pipeline(ask: Person) -> None:
    """Build a sales pipeline: customer, stage, value, probability, expected close. Weighted
    value, dropdown for the stage, traffic light on probability, and a sum per stage as chart."""
    rows = [
        ["Alpha AG", "Offer", 42000, 0.5, "2026-03-31"],
        ["Beta GmbH", "Negotiation", 18000, 0.75, "2026-02-15"],
        ["Café Gamma", "Lead", 9500, 0.1, "2026-06-30"],
        ["Delta KG", "Won", 26500, 1, "2026-01-20"],
        ["Epsilon", "Offer", 31000, 0.4, "2026-04-30"],
    ]
    ask.op(
        "create_excel_file",
        filename="Pipeline",
        headers=["Customer", "Stage", "Value", "Probability", "Close"],
        rows=rows,
    )
    ask.op(
        "create_excel_table",
        name="Pipeline",
        options={
            "columns": {"Weighted": "=[@Value]*[@Probability]"},
            "totals": {"Value": "sum", "Weighted": "sum"},
        },
    )
    ask.op("format_excel_cells", range="Probability", style={"number_format": "0%"})
    ask.op("format_excel_cells", range="C2:C7,F2:F7", style={"number_format": "currency"})
    ask.op(
        "add_excel_rule",
        range="Stage",
        rule="list",
        value=["Lead", "Offer", "Negotiation", "Won", "Lost"],
    )
    ask.op("add_excel_rule", range="Probability", rule="icon_set", value="traffic_lights")
    ask.op(
        "create_excel_pivot", rows=["Stage"], values=["Sum of Weighted"], options={"name": "Stages"}
    )
    answer = ask.op(
        "create_excel_chart",
        sheet="Pivot",
        chart_type="funnel",
        data_range="A3:B7",
        title="Weighted value by stage",
    )
    got = ask.back(answer)
    assert got.column("F2:F7") == [21000, 13500, 950, 26500, 12400, 74350]
    assert got.formats(["D2", "F2", "F7"])[0] == "0%"
    assert all("#,##0.00" in one for one in got.formats(["C2", "F2", "F7"]))
    (rule,) = got.rules()["D2:D6"]
    assert rule.iconSet.iconSet == "3TrafficLights1"
    (check,) = got.sheet().data_validations.dataValidation
    assert (str(check.sqref), check.formula1) == ("B2:B6", '"Lead,Offer,Negotiation,Won,Lost"')
    stages = got.values("A4:B8", "Pivot")
    assert stages[-1] == ["Grand Total", 74350]
    assert dict(map(tuple, stages))["Offer"] == 33400  # type: ignore[arg-type]
    got.wide_enough()


def test_regional_report(ask: Person) -> None:
    """From this list make me a nice report by region and month with charts."""
    random.seed(4)
    rows = [
        {
            "Date": f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "Region": ["North", "South", "West"][n % 3],
            "Product": ["Drill", "Saw"][n % 2],
            "Revenue": 500 + 37 * (n % 11),
        }
        for n in range(60)
    ]
    answer = ask.op(
        "create_excel_report",
        report="sales_report",
        rows=rows,
        title="Sales 2025",
        options={"currency": "EUR"},
    )
    got = ask.back(answer)
    assert got.book.sheetnames == ["Summary", "Data"]
    assert got.values("B5:D6", "Summary") == [
        ["Total revenue", "Orders", "Average order"],
        [40545, 60, 675.75],
    ]
    found = {row[1]: row[2] for row in got.values("A1:D44", "Summary")}
    regions = {
        name: sum(one["Revenue"] for one in rows if one["Region"] == name)
        for name in ("North", "South", "West")
    }
    assert {name: found[name] for name in regions} == regions
    assert len(got.charts("Summary")) == 3
    assert "€" in got.formats(["B6"], "Summary")[0]
    got.wide_enough("Summary")


def test_commission(ask: Person) -> None:
    """Commission: up to 10,000 turnover 3 %, up to 25,000 5 %, above 7 %. Meyer 8,200, Schulz
    24,999.99, Nowak 31,450. I want to be able to change the steps."""
    ask.op(
        "create_excel_file",
        filename="Commission.xlsx",
        sheets=[
            {
                "name": "Steps",
                "headers": ["From", "Rate"],
                "rows": [[0, 0.03], [10000, 0.05], [25000, 0.07]],
            },
            {
                "name": "Commission",
                "headers": ["Name", "Turnover", "Rate", "Commission"],
                "rows": [
                    [n, t, f"=VLOOKUP(B{i},Steps!$A$2:$B$4,2,TRUE)", f"=ROUND(B{i}*C{i},2)"]
                    for i, (n, t) in enumerate(
                        [("Meyer", 8200), ("Schulz", 24999.99), ("Nowak", 31450)], 2
                    )
                ],
            },
        ],
    )
    ask.op(
        "write_excel_range",
        sheet="Commission",
        start="append",
        rows=[["Sum", "=SUM(B2:B4)", None, "=SUM(D2:D4)"]],
    )
    answer = ask.op(
        "format_excel_cells", sheet="Commission", range="Rate", style={"number_format": "0.0%"}
    )
    got = ask.back(answer)
    assert got.column("B2:B4", "Steps") == [0.03, 0.05, 0.07]
    assert got.values("A2:D5", "Commission") == [
        ["Meyer", 8200, 0.03, 246],
        ["Schulz", 24999.99, 0.05, 1250],
        ["Nowak", 31450, 0.07, 2201.5],
        ["Sum", 64649.99, None, 3697.5],
    ]
    assert got.formats(["C2", "C4"], "Commission") == ["0.0%", "0.0%"]


def shop_inventory() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Lager"
    sheet.append(["Art.-Nr.", "Artikel", "Bestand", "Meldebestand", "EK", "Wert"])
    for n, (name, stock, least, cost) in enumerate(
        [
            ("Kerze weiß", 120, 50, 1.15),
            ("Vase blau", 8, 10, 7.9),
            ("Tischläufer", 31, 15, 12.5),
            ("Duftöl", 4, 20, 3.35),
        ],
        2,
    ):
        sheet.append([f"00{n}7", name, stock, least, cost, f"=C{n}*E{n}"])
    sheet.append(["Summe", None, None, None, None, "=SUM(F2:F5)"])
    for row in sheet["E2:F6"]:
        for cell in row:
            cell.number_format = '#,##0.00 "€"'
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=5), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=2, min_row=2, max_row=5))
    sheet.add_chart(chart, "H2")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_new_articles_in_an_uploaded_inventory(ask: Person) -> None:
    """Please add two articles to my stock list (0067 Kissen, 40, 10, 9.80 and 0077 Teelicht, 5,
    30, 0.35), mark what must be reordered, and tell me what the stock is worth."""
    ask.attach("Lager.xlsx", shop_inventory())
    ask.op("open_excel_file", file="Lager.xlsx")
    new = [["'0067", "Kissen", 40, 10, 9.8], ["'0077", "Teelicht", 5, 30, 0.35]]
    (note,) = ask.op("write_excel_range", start="append", rows=new)["result"]["notes"]
    assert "Row 6 looks like a row of totals" in note
    ask.op("undo_excel_change")
    ask.op("edit_excel_sheet", action="insert_rows", target="6", count=2)
    rows = [[*row, f"=C{n}*E{n}"] for n, row in enumerate(new, 6)]
    ask.op("write_excel_range", start="A6", rows=rows)
    ask.op("write_excel_range", start="F8", rows=[["=SUM(F2:F7)"]])
    late = {"rule": "formula", "value": "=$C2<$D2", "options": {"fill": "light red"}}
    answer = ask.op("add_excel_rule", range="A2:F7", **late)
    got = ask.back(answer)
    assert got.column("A5:A8") == ["0057", "0067", "0077", "Summe"]
    assert got.column("F6:F8") == [392, 1.75, 995.85]
    assert got.formats(["E6", "F7", "F8"]) == ['#,##0.00 "€"'] * 3
    ((area, (rule,)),) = got.rules().items()
    assert (area, rule.formula) == ("A2:F7", ["$C2<$D2"])
    (chart,) = got.charts()
    assert chart.series[0].val.numRef.f.startswith("'Lager'!$C$2:$C$")


def test_price_list_with_discount(ask: Person) -> None:
    """Raise all prices in the attached list by 4 % and round to ,90. Keep the old price beside
    it. Print on one page wide, header on each page."""
    ask.attach(
        "preise.csv",
        'Nr;Artikel;Preis (€)\n001;Hammer;19,90\n002;"Zange, klein";7,50\n003;Säge;34,00\n'.encode(
            "utf-8-sig"
        ),
    )
    ask.op("import_csv_to_excel", source="preise.csv")
    ask.op(
        "write_excel_range",
        start="D1",
        rows=[
            ["New price"],
            ["=ROUND(C2*1.04,0)-0.1"],
            ["=ROUND(C3*1.04,0)-0.1"],
            ["=ROUND(C4*1.04,0)-0.1"],
        ],
    )
    answer = ask.op(
        "edit_excel_sheet",
        action="layout",
        options={
            "fit": "width",
            "print_titles": "1:1",
            "paper": "A4",
            "header": "Price list 2026",
            "footer": "&D - &P/&N",
        },
    )
    got = ask.back(answer)
    assert got.values("A2:D4") == [
        ["001", "Hammer", 19.9, 20.9],
        ["002", "Zange, klein", 7.5, 7.9],
        ["003", "Säge", 34, 34.9],
    ]
    assert got.formats(["C2", "D2", "D4"]) == ["0.00"] * 3
    sheet = got.sheet()
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert str(sheet.page_setup.paperSize) == "9"
    assert sheet.oddHeader.center.text == "Price list 2026"
    assert sheet.oddFooter.center.text == "&D - &P/&N"


def test_orders_of_the_week(ask: Person) -> None:
    """The export of my web shop has duplicates and inconsistent names. Clean it up, split the
    customer into first and last name, sort by date newest first, and total per country."""
    text = (
        "Order,Date,Customer,Country,Total\n"
        '1001,03/02/2026, Ada Lovelace ,de,"1,240.50"\n'
        "1002,02/28/2026,Alan Turing,DE,80\n"
        "1002,02/28/2026,Alan Turing,DE,80\n"
        "1003,02/27/2026,Grace Hopper,AT,15.9\n"
    )
    ask.op("import_csv_to_excel", source=text, filename="Orders")
    ask.op("transform_excel_range", action="clean")
    ask.op("transform_excel_range", action="remove_duplicates")
    ask.op(
        "transform_excel_range",
        action="replace",
        range="D2:D4",
        options={"find": "de", "replace": "DE", "match_case": True, "whole_cell": True},
    )
    ask.op("transform_excel_range", action="sort", options={"by": ["Date desc"]})
    ask.op("edit_excel_sheet", action="insert_columns", target="D")
    print(
        ask.op("transform_excel_range", action="split", range="C1:C4", options={"delimiter": " "})
    )
    answer = ask.op("create_excel_pivot", rows=["Country"], values=["Total"])
    got = ask.back(answer)
    assert got.values("A2:F4") == [
        [1001, dt.datetime(2026, 3, 2), "Ada", "Lovelace", "DE", 1240.5],
        [1002, dt.datetime(2026, 2, 28), "Alan", "Turing", "DE", 80],
        [1003, dt.datetime(2026, 2, 27), "Grace", "Hopper", "AT", 15.9],
    ]
    assert got.values("A4:B6", "Pivot") == [["AT", 15.9], ["DE", 1320.5], ["Grand Total", 1336.4]]


def test_stock_take_form(ask: Person) -> None:
    """I need a stock list with reorder suggestion for my bike shop."""
    rows = [
        {"Item": 'Tube 28"', "Stock": 12, "Reorder level": 20, "Unit cost": 4.2},
        {"Item": "Chain", "Stock": 9, "Reorder level": 5, "Unit cost": 14.95},
        {"Item": "Bell", "Stock": 0, "Reorder level": 6, "Unit cost": 3.1},
    ]
    answer = ask.op(
        "create_excel_report", report="inventory", rows=rows, title="Stock list", filename="Stock"
    )
    got = ask.back(answer)
    assert got.values("A8:F11") == [
        ["Item", "Stock", "Reorder level", "Unit cost", "Value", "Status"],
        ['Tube 28"', 12, 20, 4.2, 50.4, "reorder"],
        ["Chain", 9, 5, 14.95, 134.55, "ok"],
        ["Bell", 0, 6, 3.1, 0, "out of stock"],
    ]
    assert got.values("A6:E6") == [[3, 184.95, None, 2, 1]]
    assert got.value("D9", "Summary") == 184.95
    assert got.rules()
    got.wide_enough()
