"""Requests from marketing, IT, real estate, a medical practice, and for help with formulas."""

from __future__ import annotations

import datetime as dt
import io
import math
from statistics import NormalDist
from typing import Any

import openpyxl
from openpyxl.chart import BarChart, Reference

from tests.requests_trades.played import Chat, close

CAMPAIGNS: list[list[Any]] = [
    ["Search", 120000, 3600, 144, 2520, 8640],
    ["Social", 300000, 2400, 48, 1800, 2160],
    ["Mail", 20000, 1000, 90, 150, 4050],
]


def test_campaign_figures(chat: Chat) -> None:
    """Campaign report: impressions, clicks, orders, cost, revenue. I want CTR, CPC,
    conversion, ROAS per channel and in total, and a chart with cost as columns and ROAS as
    a line."""
    chat.op(
        "create_excel_file",
        filename="campaigns",
        headers=["Channel", "Impressions", "Clicks", "Orders", "Cost", "Revenue"],
        rows=CAMPAIGNS,
    )
    chat.op(
        "create_excel_table",
        name="Campaigns",
        options={
            "columns": {
                "CTR": "=[@Clicks]/[@Impressions]",
                "CPC": "=[@Cost]/[@Clicks]",
                "Conversion": "=[@Orders]/[@Clicks]",
                "ROAS": "=[@Revenue]/[@Cost]",
            },
            "totals": {
                "Impressions": "sum",
                "Clicks": "sum",
                "Cost": "sum",
                "Revenue": "sum",
                "CTR": "=SUBTOTAL(109,[Clicks])/SUBTOTAL(109,[Impressions])",
            },
        },
    )
    chat.op("format_excel_cells", range="G2:G5,I2:I5", style={"number_format": "0.0%"})
    chat.op("format_excel_cells", range="E2:F5,H2:H4", style={"number_format": "currency EUR"})
    chat.op("format_excel_cells", range="ROAS", style={"number_format": "0.00"})
    chat.op(
        "create_excel_chart",
        chart_type="combo",
        data_range="A1:J4",
        title="Cost and ROAS",
        options={"series": ["Cost", "ROAS"], "lines": ["ROAS"], "second_axis": True},
    )
    got = chat.came_back()
    for row, (_, shown, clicks, orders, cost, revenue) in enumerate(CAMPAIGNS, 2):
        wanted = [clicks / shown, cost / clicks, orders / clicks, revenue / cost]
        found = got.rows(f"G{row}:J{row}")[0]
        assert all(close(a, b) for a, b in zip(found, wanted, strict=True))
    assert close(got.value("G5"), 7000 / 440000)
    assert got.sheet()["J2"].number_format == "0.00"
    assert got.sheet()["G5"].number_format == "0.0%"
    xml = got.part("charts/chart")
    assert "barChart" in xml
    assert "lineChart" in xml
    assert "$J$2:$J$4" in xml


def test_funnel(chat: Chat) -> None:
    """Sales funnel chart for visitors 5000, leads 800, offers 200, orders 60, with the
    rates from step to step."""
    chat.op(
        "create_excel_file",
        filename="funnel",
        headers=["Step", "People", "Rate"],
        rows=[
            ["Visitors", 5000, None],
            *[
                [name, count, f"=B{n}/B{n - 1}"]
                for n, (name, count) in enumerate(
                    [("Leads", 800), ("Offers", 200), ("Orders", 60)], 3
                )
            ],
        ],
    )
    chat.op("format_excel_cells", range="C2:C5", style={"number_format": "0%"})
    chat.op("create_excel_chart", chart_type="funnel", data_range="A1:B5", title="Funnel")
    got = chat.came_back()
    assert got.column("C3:C5") == [0.16, 0.25, 0.3]
    assert 'layoutId="funnel"' in got.part("charts/")


def test_ab_test(chat: Chat) -> None:
    """A/B test: A had 4000 visitors and 200 orders, B 4100 and 250. Is B really better?
    Show rates, uplift, z, p-value and a verdict at 95 %."""
    chat.op(
        "create_excel_file",
        filename="ab test",
        headers=["Variant", "Visitors", "Orders", "Rate"],
        rows=[["A", 4000, 200, "=C2/B2"], ["B", 4100, 250, "=C3/B3"]],
    )
    chat.op(
        "write_excel_range",
        start="A5",
        rows=[
            ["Uplift", "=D3/D2-1"],
            ["Pooled", "=SUM(C2:C3)/SUM(B2:B3)"],
            ["z", "=(D3-D2)/SQRT(B6*(1-B6)*(1/B2+1/B3))"],
            ["p-value", "=2*(1-NORM.S.DIST(ABS(B7),TRUE))"],
            ["Confidence", "95%"],
            ["Verdict", '=IF(B8<1-B9,"B differs from A","no difference shown")'],
        ],
    )
    chat.op("format_excel_cells", range="D2:D3,B5:B6", style={"number_format": "0.00%"})
    chat.op("format_excel_cells", range="B7:B8", style={"number_format": "0.0000"})
    got = chat.came_back()
    a, b, pooled = 200 / 4000, 250 / 4100, 450 / 8100
    z = (b - a) / math.sqrt(pooled * (1 - pooled) * (1 / 4000 + 1 / 4100))
    assert close(got.value("B7"), z)
    assert close(got.value("B8"), 2 * (1 - NormalDist().cdf(z)))
    assert got.value("B9") == 0.95
    assert got.value("B10") == "B differs from A"


def test_assets_and_warranties(chat: Chat) -> None:
    """IT assets with purchase date and warranty in months: when does the warranty end,
    which have run out on 1 June 2026, value left after 36 months straight line. Asset tags
    must not be double."""
    assets = [["NB-001", "2024-01-15", 24, 1200], ["NB-002", "2025-06-01", 36, 1500],
              ["SRV-01", "2022-03-10", 60, 8000]]  # fmt: skip
    chat.op(
        "create_excel_file", filename="assets", rows=[["Tag", "Bought", "Months", "Price"], *assets]
    )
    chat.op("write_excel_range", start="I1", rows=[["As of", "2026-06-01"]])
    chat.op(
        "create_excel_table",
        range="A1:D4",
        name="Assets",
        options={
            "columns": {
                "Until": "=EDATE([@Bought],[@Months])",
                "Over": '=IF([@Until]<$J$1,"yes","no")',
                "Left": '=MAX(0,[@Price]*(1-DATEDIF([@Bought],$J$1,"m")/36))',
            }
        },
    )
    chat.op("add_excel_rule", range="Tag", rule="custom", value="=COUNTIF($A$2:$A$4,A2)=1")
    chat.op("format_excel_cells", range="Left", style={"number_format": "currency EUR"})
    got = chat.came_back()
    until = [dt.datetime(2026, 1, 15), dt.datetime(2028, 6, 1), dt.datetime(2027, 3, 10)]
    assert got.column("E2:E4") == until
    assert "yy" in got.sheet()["E2"].number_format
    assert got.sheet().column_dimensions["J"].width > 10
    assert got.column("F2:F4") == ["yes", "no", "no"]
    wanted = [1200 * (1 - 28 / 36), 1500 * (1 - 12 / 36), 0]
    assert all(close(a, b) for a, b in zip(got.column("G2:G4"), wanted, strict=True))
    [check] = got.sheet().data_validations.dataValidation
    assert (check.type, check.formula1) == ("custom", "COUNTIF($A$2:$A$4,A2)=1")


def test_ticket_pivot(chat: Chat) -> None:
    """Export of our help desk as csv. Pivot: tickets by priority and month, and the average
    hours."""
    lines = ["Ticket,Opened,Priority,Hours"]
    lines += [
        f"T{n},2026-0{1 + n % 2}-1{n % 9},{'high' if n % 3 else 'low'},{n / 2}" for n in range(20)
    ]
    chat.attach("tickets.csv", "\n".join(lines).encode())
    chat.op("open_excel_file", file="tickets.csv")
    chat.op(
        "create_excel_pivot",
        rows=["Priority"],
        columns=["Months (Opened)"],
        values=["Count of Ticket", "Average of Hours"],
    )
    got = chat.came_back()
    [(name, pivot)] = [(s.title, p) for s in got.book.worksheets for p in s._pivots]
    assert len(pivot.dataFields) == 2
    rows = list(got.values[name].iter_rows(values_only=True))
    [total] = [row for row in rows if row[0] == "Grand Total"]
    assert total[-2] == 20
    assert close(total[-1], sum(n / 2 for n in range(20)) / 20)


def test_on_call_rota(chat: Chat) -> None:
    """On-call rota for 2026 from 5 January, weekly, Ana, Ben, Cleo and Dov in turns, four
    in one month coloured, number of weeks per person."""
    chat.op("create_excel_file", filename="rota", headers=["Week from", "On call"])
    chat.op(
        "write_excel_range",
        start="E1",
        rows=[["Person", "Weeks"], ["Ana"], ["Ben"], ["Cleo"], ["Dov"]],
    )
    chat.op("write_excel_range", start="A2", rows=[["2026-01-05"]])
    chat.op(
        "transform_excel_range",
        action="fill",
        range="A2:A53",
        options={"series": "linear", "step": 7},
    )
    chat.op(
        "write_excel_range",
        start="B2",
        rows=[["=INDEX($E$2:$E$5,MOD(ROW()-2,4)+1)"] for _ in range(52)],
    )
    chat.op(
        "write_excel_range", start="F2", rows=[[f"=COUNTIF($B$2:$B$53,E{n})"] for n in range(2, 6)]
    )
    got = chat.came_back()
    days = got.column("A2:A53")
    assert (days[0], days[-1]) == (dt.datetime(2026, 1, 5), dt.datetime(2026, 12, 28))
    assert got.column("B2:B6") == ["Ana", "Ben", "Cleo", "Dov", "Ana"]
    assert got.column("F2:F5") == [13, 13, 13, 13]


def rent_roll() -> bytes:
    """A rent roll with mistakes and a chart, as openpyxl makes it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Rent"
    sheet.append(["Flat", "m2", "Rent", "Rent per m2", "Yield"])
    for n, (size, rent) in enumerate([(50, 600), (0, 700), (80, 960)], 2):
        sheet.append([f"F{n}", size, rent, f"=C{n}/B{n}", f"=C{n}*12/Prices!B{n}"])
    sheet.append(["Total", "=SUM(B2:B4)", "=SUM(C2:C4)", "=C5/B5"])
    prices = book.create_sheet("Prices")
    prices.append(["Flat", "Price"])
    for n, price in enumerate([180000, 200000, 240000], 2):
        prices.append([f"F{n}", price])
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "H2")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_finding_errors(chat: Chat) -> None:
    """Why are there errors in my rent roll? Please find and repair them, flat F3 has 70 m2."""
    chat.attach("rents.xlsx", rent_roll())
    chat.op("open_excel_file")
    found = chat.op("explain_excel_formula", action="errors")
    assert "D3" in str(found["result"])
    chat.op("write_excel_range", sheet="Rent", start="B3", rows=[[70]])
    assert not chat.op("explain_excel_formula", action="errors")["result"].get("errors")
    chat.op("format_excel_cells", sheet="Rent", range="E2:E4", style={"number_format": "0.0%"})
    chat.op("format_excel_cells", sheet="Rent", range="D2:D5", style={"number_format": "0.00"})
    got = chat.came_back()
    assert got.column("D2:D5") == [12, 10, 12, 2260 / 200]
    assert close(got.value("E3"), 700 * 12 / 200000)
    assert len(got.sheet()._charts) == 1


def test_mortgage(chat: Chat) -> None:
    """Loan of 200,000 at 3.6 % over 20 years: monthly rate, plan of the first year, and how
    much could I borrow if I can pay 1,000 a month?"""
    chat.op(
        "create_excel_file",
        filename="loan",
        sheet="Loan",
        rows=[
            ["Loan", 200000],
            ["Interest", "3.6%"],
            ["Years", 20],
            ["Rate", "=-PMT(B2/12,B3*12,B1)"],
        ],
    )
    plan = [["Month", "Interest", "Repaid", "Left"]]
    for n in range(1, 13):
        left = "$B$1" if n == 1 else f"D{n + 6}"
        plan.append([n, f"={left}*$B$2/12", f"=$B$4-B{n + 7}", f"={left}-C{n + 7}"])  # type: ignore[list-item]
    chat.op("write_excel_range", start="A7", rows=plan)
    chat.op("format_excel_cells", range="B1,B4,B8:D19", style={"number_format": "#,##0.00 €"})
    answer = chat.op(
        "explain_excel_formula", action="goal_seek", cell="B4", target=1000, changing="B1"
    )
    rate = 0.036 / 12
    factor = rate / (1 - (1 + rate) ** -240)
    assert close(answer["result"]["found"], 1000 / factor, 1)
    got = chat.came_back()
    assert got.value("B2") == 0.036
    assert got.sheet()["B2"].number_format == "0.0%"
    assert close(got.value("B4"), 200000 * factor)
    left = 200000.0
    for row in got.rows("A8:D19"):
        left -= 200000 * factor - left * rate
        assert close(row[3], left, 4)


def test_appointments(chat: Chat) -> None:
    """Appointment sheet of our practice for one day, 8:00 to 12:00 in quarters of an hour,
    doctor from a list, no patient twice, title and page number in print, header repeated,
    only entries editable."""
    times = [f"{8 + n // 4:02}:{n % 4 * 15:02}" for n in range(16)]
    chat.op(
        "create_excel_file",
        filename="appointments",
        headers=["Time", "Patient", "Doctor", "Note"],
        rows=[[time, None, None, None] for time in times],
    )
    chat.op(
        "run_excel_steps",
        steps=[
            {"tool": "add_excel_rule",
             "arguments": {"range": "C2:C17", "rule": "list", "value": ["Dr. Ay", "Dr. Berg"]}},
            {"tool": "add_excel_rule",
             "arguments": {"range": "B2:B17", "rule": "duplicates", "options": {"fill": "red"}}},
            {"tool": "format_excel_cells",
             "arguments": {"range": "B:D", "style": {"width": 24}}},
            {"tool": "edit_excel_sheet",
             "arguments": {"action": "layout",
                           "options": {"paper": "A4", "fit": "width", "print_titles": "1:1",
                                       "header": "Practice", "footer": "{page} / {pages}"}}},
            {"tool": "edit_excel_sheet",
             "arguments": {"action": "protect", "options": {"editable": "B2:D17"}}},
        ],
    )  # fmt: skip
    chat.op("write_excel_range", start="B2", rows=[["Meier", "Dr. Ay"], ["Kaya", "Dr. Berg"]])
    got = chat.came_back()
    sheet = got.sheet()
    assert got.column("A2:A4") == [dt.time(8, 0), dt.time(8, 15), dt.time(8, 30)]
    assert got.rows("B2:C3") == [["Meier", "Dr. Ay"], ["Kaya", "Dr. Berg"]]
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.oddFooter.center.text == "&P / &N"
    assert sheet.protection.sheet
    assert not sheet["D17"].protection.locked
    assert sheet["A2"].protection.locked
    assert sheet.data_validations.dataValidation[0].formula1 == '"Dr. Ay,Dr. Berg"'


def test_formula_help(chat: Chat) -> None:
    """What does the formula in D5 of my file do? And put the yield as rent roll with the
    price looked up by the flat's name instead of the fixed cell."""
    chat.attach("rents.xlsx", rent_roll())
    chat.op("open_excel_file")
    explained = chat.op("explain_excel_formula", cell="Rent!E2")
    assert "Prices!B2" in str(explained["result"])
    chat.op(
        "write_excel_range",
        sheet="Rent",
        start="E2",
        rows=[[f"=C{n}*12/XLOOKUP(A{n},Prices!$A$2:$A$4,Prices!$B$2:$B$4)"] for n in (2, 3, 4)],
    )
    got = chat.came_back(errors=True)
    assert got.column("E2:E4") == [0.04, 0.042, 0.048]
    assert got.sheet("Rent")["E2"].value.startswith("=C2*12/_xlfn.XLOOKUP(")
    assert len(got.sheet("Rent")._charts) == 1
