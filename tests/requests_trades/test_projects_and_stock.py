"""Requests from projects, warehouses, associations and property management."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.chart import PieChart, Reference

from tests.requests_trades.played import Chat, close

TASKS = [
    {"Task": "Concept", "Start": "2026-03-02", "Days": 5, "Who": "Ana", "Done": 1},
    {"Task": "Design", "Start": "2026-03-09", "Days": 8, "Who": "Ben", "Done": 0.5},
    {"Task": "Build", "Start": "2026-03-19", "Days": 12, "Who": "Cleo", "Done": 0},
    {"Task": "Test", "Start": "2026-04-07", "Days": 4, "Who": "Ana", "Done": 0},
]


def test_gantt(chat: Chat) -> None:
    """Gantt chart for our website relaunch with these tasks; Good Friday and Easter Monday
    off."""
    chat.op(
        "create_excel_report",
        report="project_plan",
        rows=TASKS,
        title="Website relaunch",
        options={"holidays": ["2026-04-03", "2026-04-06"]},
    )
    got = chat.came_back()
    texts = [cell for row in got.values.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert {"Concept", "Design", "Build", "Test"} <= set(texts)
    assert dt.datetime(2026, 4, 10) in texts  # four working days after Easter
    assert dt.datetime(2026, 4, 7) in texts  # the twelfth working day from 19 March
    assert got.sheet().conditional_formatting


def test_risk_matrix(chat: Chat) -> None:
    """Risk register with probability and impact from 1 to 5, score, high/medium/low, and a
    5x5 heat map that shows how many risks are in each field."""
    risks: list[list[Any]] = [
        ["R1", "Supplier fails", 2, 5],
        ["R2", "Key person ill", 3, 4],
        ["R3", "Scope grows", 5, 4],
        ["R4", "Server late", 2, 2],
        ["R5", "Budget cut", 2, 5],
    ]
    chat.op(
        "create_excel_file",
        filename="risks.xlsx",
        sheet="Register",
        headers=["ID", "Risk", "Probability", "Impact", "Score", "Class"],
        rows=[
            [*r, f"=C{n}*D{n}", f'=IF(E{n}>=15,"high",IF(E{n}>=8,"medium","low"))']
            for n, r in enumerate(risks, 2)
        ],
    )
    grid: list[list[Any]] = [["Probability / impact", 1, 2, 3, 4, 5]]
    grid += [
        [p, *[f"=COUNTIFS(Register!$C$2:$C$6,$A{n},Register!$D$2:$D$6,{c}$1)" for c in "BCDEF"]]
        for n, p in enumerate([5, 4, 3, 2, 1], 2)
    ]
    chat.op(
        "run_excel_steps",
        steps=[
            {
                "tool": "add_excel_rule",
                "arguments": {
                    "range": "C2:D6",
                    "rule": "whole",
                    "value": [1, 5],
                    "options": {"error_message": "1 to 5, please."},
                },
            },
            {"tool": "edit_excel_sheet", "arguments": {"action": "add", "sheet": "Matrix"}},
            {"tool": "write_excel_range", "arguments": {"sheet": "Matrix", "rows": grid}},
            {
                "tool": "add_excel_rule",
                "arguments": {
                    "sheet": "Matrix",
                    "range": "B2:F6",
                    "rule": "formula",
                    "value": "=$A2*B$1>=15",
                    "options": {"fill": "light red"},
                },
            },
            {
                "tool": "add_excel_rule",
                "arguments": {
                    "sheet": "Matrix",
                    "range": "B2:F6",
                    "rule": "formula",
                    "value": "=$A2*B$1>=8",
                    "options": {"fill": "light yellow"},
                },
            },
            {
                "tool": "add_excel_rule",
                "arguments": {
                    "sheet": "Register",
                    "range": "Score",
                    "rule": "color_scale",
                    "value": ["green", "yellow", "red"],
                },
            },
        ],
    )
    got = chat.came_back()
    assert got.column("E2:E6") == [10, 12, 20, 4, 10]
    assert got.column("F2:F6") == ["medium", "medium", "high", "low", "medium"]
    counts = got.rows("B2:F6", "Matrix")
    assert counts[0] == [0, 0, 0, 1, 0]
    assert counts[3] == [0, 1, 0, 0, 2]
    assert sum(map(sum, counts)) == 5
    [check] = got.sheet().data_validations.dataValidation
    assert (check.formula1, check.formula2, check.error) == ("1", "5", "1 to 5, please.")
    rules = [r for a in got.sheet("Matrix").conditional_formatting for r in a.rules]
    assert [r.formula[0] for r in rules] == ["$A2*B$1>=15", "$A2*B$1>=8"]
    assert [str(a.sqref) for a in got.sheet().conditional_formatting] == ["E2:E6"]


def status_list() -> bytes:
    """A list of tasks with a pie chart, as openpyxl makes it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Tasks"
    sheet.append(["Task", "Owner", "Status", "Due"])
    states = ["open", "done", "open", "blocked", "in progress", "done"]
    for n, state in enumerate(states, 1):
        sheet.append([f"Task {n}", "ABC"[n % 3], state, dt.date(2026, 5, n)])
        sheet.cell(n + 1, 4).number_format = "dd.mm.yyyy"
    sheet["G1"], sheet["G2"], sheet["H2"] = "Summary", "done", '=COUNTIF(C2:C7,"done")'
    chart = PieChart()
    chart.add_data(Reference(sheet, min_col=8, min_row=2, max_row=2))
    sheet.add_chart(chart, "J2")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_status_list_with_dropdowns(chat: Chat) -> None:
    """Please add a dropdown for the status to my list, colour the statuses, freeze the
    header and give me a little overview with counts per status."""
    chat.attach("tasks.xlsx", status_list())
    chat.op("open_excel_file", file="tasks.xlsx")
    chat.op("describe_excel_file")
    states = ["open", "in progress", "blocked", "done"]
    chat.op("add_excel_rule", range="C2:C100", rule="list", value=", ".join(states))
    for state, fill in (("done", "light green"), ("blocked", "light red")):
        chat.op(
            "add_excel_rule", range="C2:C100", rule="equal_to", value=state, options={"fill": fill}
        )
    chat.op("edit_excel_sheet", action="layout", options={"freeze": "row", "filter": "A1:D7"})
    rows = [[state, f"=COUNTIF($C$2:$C$100,G{n})"] for n, state in enumerate(states, 2)]
    chat.op("write_excel_range", start="G2", rows=rows)
    got = chat.came_back()
    sheet = got.sheet()
    assert got.rows("G2:H5") == [["open", 2], ["in progress", 1], ["blocked", 1], ["done", 2]]
    [check] = sheet.data_validations.dataValidation
    assert check.formula1 == '"open,in progress,blocked,done"'
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D7"
    rules = [r.formula for a in sheet.conditional_formatting for r in a.rules]
    assert rules == [['"done"'], ['"blocked"']]
    assert len(sheet._charts) == 1
    assert sheet["D2"].number_format == "dd.mm.yyyy"


def movements() -> bytes:
    """Stock movements with a column of formulas and a chart, as xlsxwriter makes them."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Movements")
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["Date", "Warehouse", "Type", "Item", "Qty", "Price", "Value"])
        for n in range(24):
            sheet.write_datetime(n + 1, 0, dt.datetime(2026, 1 + n % 3, 1 + n), date)
            row = [["North", "South", "West"][n % 3], ["in", "out"][n % 2], f"I{n % 4}", n + 1, 2.5]
            sheet.write_row(n + 1, 1, row)
            sheet.write_formula(n + 1, 6, f"=E{n + 2}*F{n + 2}", None, (n + 1) * 2.5)
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Movements!$E$2:$E$25"})
        sheet.insert_chart("J2", chart)
    return file.getvalue()


def test_pivot_by_warehouse(chat: Chat) -> None:
    """Pivot of the stock movements: value per warehouse and type, with totals, and by
    months, too."""
    chat.attach("movements.xlsx", movements())
    chat.op("open_excel_file")
    chat.op("create_excel_pivot", rows=["Warehouse"], columns=["Type"], values=["Sum of Value"])
    chat.op("create_excel_pivot", sheet="Movements", rows=["Months (Date)"], values=["Qty"])
    got = chat.came_back()
    pivots = [(s.title, p) for s in got.book.worksheets for p in s._pivots]
    assert len(pivots) == 2
    rows = [list(row) for row in got.values[pivots[0][0]].iter_rows(values_only=True)]
    flat = {row[0]: row[1:4] for row in rows if row and row[0] in ("North", "South", "West")}
    wanted = {
        name: [sum((n + 1) * 2.5 for n in range(24) if n % 3 == k and n % 2 == t) for t in (0, 1)]
        for k, name in enumerate(("North", "South", "West"))
    }
    assert {name: list(v) for name, v in flat.items()} == {
        name: [*v, sum(v)] for name, v in wanted.items()
    }
    assert len(got.sheet("Movements")._charts) == 1


def test_routes_and_goal_seek(chat: Chat) -> None:
    """Our tours: distance, litres per 100 km, driver hours. What does each cost at 1.75
    EUR/l and 28 EUR/h, and what price per km do we need for a profit of 500 EUR? Write it
    in."""
    tours = [["Hamburg", 290, 26, 5], ["Köln", 575, 27.5, 9], ["Berlin", 120, 25, 2.5]]
    chat.op(
        "create_excel_file",
        filename="tours",
        headers=["Tour", "km", "l/100 km", "Hours", "Cost"],
        rows=[
            *[[*tour, f"=B{n}*C{n}/100*$H$1+D{n}*$H$2"] for n, tour in enumerate(tours, 2)],
            ["Total", "=SUM(B2:B4)", None, "=SUM(D2:D4)", "=SUM(E2:E4)"],
        ],
    )
    chat.op(
        "write_excel_range",
        start="G1",
        rows=[
            ["Fuel EUR/l", 1.75],
            ["Driver EUR/h", 28],
            ["Price per km", 1],
            ["Profit", "=B5*H3-E5"],
        ],
    )
    found = chat.op(
        "explain_excel_formula", action="goal_seek", cell="H4", target=500, changing="H3"
    )
    chat.op("write_excel_range", start="H3", rows=[[found["result"]["found"]]])
    chat.op("format_excel_cells", range="E2:E5,H1:H4", style={"number_format": "currency EUR"})
    got = chat.came_back()
    cost = sum(km * use / 100 * 1.75 + hours * 28 for _, km, use, hours in tours)
    assert close(got.value("E5"), cost)
    assert close(got.value("H4"), 500, 3)
    assert "€" in got.sheet()["E5"].number_format


def test_unpivot_and_pivot(chat: Chat) -> None:
    """My table has a column per month for each warehouse. I need it as a list (warehouse,
    month, units) so that I can filter, without the empty ones."""
    rows = [["North", 10, None, 30], ["South", 5, 6, 7]]
    chat.op(
        "create_excel_file",
        filename="units",
        sheet="Units",
        headers=["Warehouse", "Jan", "Feb", "Mar"],
        rows=rows,
    )
    options = {"by": ["Warehouse"], "names": ["Month", "Units"], "to": "List!A1"}
    error = chat.fail("transform_excel_range", action="unpivot", options=options)
    assert 'edit_excel_sheet(action="add")' in error["hint"]
    chat.op("edit_excel_sheet", action="add", sheet="List")
    chat.op("transform_excel_range", action="unpivot", sheet="Units", options=options)
    chat.op("create_excel_table", sheet="List", name="List", options={"totals": {"Units": "sum"}})
    got = chat.came_back()
    assert got.rows("A1:C6", "List") == [
        ["Warehouse", "Month", "Units"],
        ["North", "Jan", 10],
        ["North", "Mar", 30],
        ["South", "Jan", 5],
        ["South", "Feb", 6],
        ["South", "Mar", 7],
    ]
    assert got.value("C7", "List") == 58
    assert got.rows("A2:D3", "Units") == rows


MEMBERS = """No,Name,E-Mail,Joined,Fee,Paid
0012,Åsa Lind,ASA@club.org,2019-05-01,60,60
0013,Bo Ek ,bo@club.org,2020-02-11,60,0
0012,Åsa Lind,asa@club.org,2019-05-01,60,60
0014,"Çelik, Can",can@club.org,2023-09-30,30,15
"""


def test_members_and_fees(chat: Chat) -> None:
    """Our members' list as csv: remove doubles, add what is still to be paid, mark who
    owes, totals at the bottom. The membership numbers must keep their zeros."""
    chat.attach("members.csv", MEMBERS.encode())
    chat.op("open_excel_file")
    chat.op("transform_excel_range", action="remove_duplicates", options={"by": ["No"]})
    chat.op("transform_excel_range", action="clean", range="B2:B4")
    chat.op(
        "create_excel_table",
        name="Members",
        options={
            "columns": {"Open": "=[@Fee]-[@Paid]"},
            "totals": {"Name": "count", "Fee": "sum", "Paid": "sum", "Open": "sum"},
        },
    )
    chat.op(
        "add_excel_rule",
        range="A2:G4",
        rule="formula",
        value="=$G2>0",
        options={"fill": "light red"},
    )
    chat.op("format_excel_cells", range="E2:G5", style={"number_format": "currency EUR"})
    got = chat.came_back()
    assert got.column("A2:A4") == ["0012", "0013", "0014"]
    assert got.column("B2:B4") == ["Åsa Lind", "Bo Ek", "Çelik, Can"]
    assert got.column("G2:G4") == [0, 60, 15]
    assert got.rows("B5:G5")[0] == [3, None, None, 150, 75, 75]
    assert got.sheet().tables["Members"].totalsRowCount == 1


def test_seating_plan(chat: Chat) -> None:
    """Seating for the gala: 3 tables with 4 seats, a guest list with table numbers; show in
    the plan how many seats are free and warn when a table is too full. Protect all but the
    table numbers."""
    guests = [
        [f"Guest {n}", 1 if n < 6 else 2 + n % 2, "veg" if n % 3 else "meat"] for n in range(10)
    ]
    chat.op(
        "create_excel_file",
        filename="gala",
        sheets=[
            {"name": "Guests", "headers": ["Guest", "Table", "Menu"], "rows": guests},
            {
                "name": "Plan",
                "headers": ["Table", "Seats", "Taken", "Free", "Guests"],
                "rows": [
                    [
                        n,
                        4,
                        f"=COUNTIF(Guests!B:B,A{n + 1})",
                        f"=B{n + 1}-C{n + 1}",
                        f'=TEXTJOIN(", ",TRUE,IF(Guests!$B$2:$B$11=A{n + 1},Guests!$A$2:$A$11,""))',
                    ]
                    for n in (1, 2, 3)
                ],
            },
        ],
    )
    chat.op(
        "add_excel_rule",
        sheet="Plan",
        range="Free",
        rule="less_than",
        value=0,
        options={"fill": "red", "color": "white"},
    )
    chat.op("format_excel_cells", sheet="Plan", range="E2:E4", style={"wrap": True, "width": 40})
    chat.op(
        "edit_excel_sheet",
        action="protect",
        sheet="Guests",
        options={"password": "gala", "editable": "B2:B11"},
    )
    got = chat.came_back()
    assert got.rows("C2:D4", "Plan") == [[6, -2], [2, 2], [2, 2]]
    assert got.value("E3", "Plan") == "Guest 6, Guest 8"
    sheet = got.sheet("Guests")
    assert sheet.protection.sheet
    assert not sheet["B2"].protection.locked
    assert sheet["A2"].protection.locked
    assert "gala" not in got.part("worksheets/")


def test_sponsors(chat: Chat) -> None:
    """Sponsors' list with amounts: sort by amount, share of the total, cumulated, and a
    Pareto chart."""
    chat.op(
        "create_excel_file",
        filename="sponsors",
        headers=["Sponsor", "Amount"],
        rows=[["Bank", 5000], ["Baker", 500], ["Brewery", 12000], ["Gym", 2500]],
    )
    chat.op("transform_excel_range", action="sort", options={"by": ["Amount desc"]})
    chat.op(
        "write_excel_range",
        start="C1",
        rows=[
            ["Share", "Cumulated"],
            *[[f"=B{n}/SUM($B$2:$B$5)", f"=SUM($C$2:C{n})"] for n in range(2, 6)],
        ],
    )
    chat.op("format_excel_cells", range="Share", style={"number_format": "percent"})
    chat.op("format_excel_cells", range="D2:D5", style={"number_format": "0%"})
    chat.op("create_excel_chart", chart_type="pareto", data_range="A1:B5", title="Sponsors")
    got = chat.came_back()
    assert got.column("A2:A5") == ["Brewery", "Bank", "Gym", "Baker"]
    assert all(close(a, b) for a, b in zip(got.column("D2:D5"), [0.6, 0.85, 0.975, 1], strict=True))
    assert "%" in got.sheet()["C2"].number_format
