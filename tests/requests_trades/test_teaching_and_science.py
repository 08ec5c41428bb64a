"""Requests of teachers and of people in laboratories."""

from __future__ import annotations

import datetime as dt
import io
import statistics
from typing import Any

import xlsxwriter

from tests.requests_trades.played import Chat, close

NAMES = ["Ali", "Bea", "Cem", "Dora", "Emil", "Finn"]
MARKS = [[2, 3, 1.5], [4, 5, 4.5], [1, 2, 1], [3, 3.5, 2], [5, 4.5, 5.5], [2.5, 3, None]]


def test_grades_with_weights(chat: Chat) -> None:
    """Make me a grade book for class 8b: oral counts 40 %, the two tests 30 % each. Final
    mark with one decimal, worst marks (over 4.0) in red, the class average below, and count
    how many are there of each mark."""
    rows = [[name, *marks] for name, marks in zip(NAMES, MARKS, strict=True)]
    chat.op(
        "create_excel_file",
        filename="grades 8b",
        sheet="Grades",
        headers=["Name", "Oral", "Test 1", "Test 2", "Average", "Mark"],
        rows=[
            [
                *row,
                f'=SUMPRODUCT(B{n}:D{n},$I$2:$K$2)/SUMPRODUCT(--(B{n}:D{n}<>""),$I$2:$K$2)',
                f"=ROUND(E{n},0)",
            ]
            for n, row in enumerate(rows, 2)
        ],
    )
    chat.op("write_excel_range", start="H1", rows=[["Weights", "Oral", "Test 1", "Test 2"]])
    chat.op("write_excel_range", start="I2", rows=[["40%", "30%", "30%"]])
    chat.op(
        "write_excel_range",
        start="A8",
        rows=[["Class average", *[f"=AVERAGE({c}2:{c}7)" for c in "BCDEF"]]],
    )
    chat.op("format_excel_cells", range="A8:F8", style={"bold": True, "border": "top medium"})
    chat.op("format_excel_cells", range="E2:E8", style={"number_format": "0.0"})
    chat.op(
        "add_excel_rule",
        range="E2:E7",
        rule="greater_than",
        value=4,
        options={"color": "red", "bold": True},
    )
    chat.op(
        "write_excel_range",
        start="H5",
        rows=[["Mark", "Count"], *[[n, f"=COUNTIF($F$2:$F$7,H{5 + n})"] for n in range(1, 7)]],
    )
    chat.op("create_excel_chart", chart_type="column", data_range="H5:I11", title="Marks")
    got = chat.came_back()
    weights = [0.4, 0.3, 0.3]
    assert got.rows("I2:K2") == [weights]
    wanted = [
        sum(m * w for m, w in zip(marks, weights, strict=True) if m is not None)
        / sum(w for m, w in zip(marks, weights, strict=True) if m is not None)
        for marks in MARKS
    ]
    assert all(close(a, b) for a, b in zip(got.column("E2:E7"), wanted, strict=True))
    assert close(got.value("E8"), statistics.mean(wanted))
    assert got.column("I6:I11") == [1, 1, 2, 1, 1, 0] == got_counts(got.column("F2:F7"))
    sheet = got.sheet()
    assert sheet["E2"].number_format == "0.0"
    assert sheet["I2"].number_format == "0%"
    [(cells, [rule])] = [(str(r.sqref), r.rules) for r in sheet.conditional_formatting]
    assert (cells, rule.operator, rule.formula) == ("E2:E7", "greaterThan", ["4"])
    assert len(sheet._charts) == 1


def got_counts(marks: list[Any]) -> list[int]:
    return [marks.count(n) for n in range(1, 7)]


def test_timetable(chat: Chat) -> None:
    """I need a timetable Monday to Friday with 8 lessons, a lunch break across all days
    after the 6th, subjects to choose from a list, each subject coloured, printed on one A4
    landscape page."""
    times = ["08:00", "08:50", "09:55", "10:45", "11:50", "12:40", "14:00", "14:50"]
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    subjects = {"Maths": "light blue", "English": "light green", "Sport": "#FFE699"}
    plan = [[time, *(["Maths", "English", "Sport", "", "Maths"] if n % 2 else [""] * 5)]
            for n, time in enumerate(times)]  # fmt: skip
    plan.insert(6, ["13:25", "Lunch break", "", "", "", ""])
    chat.op("create_excel_file", filename="timetable.xlsx", headers=["Time", *days], rows=plan)
    cells = "B2:F7,B9:F10"
    steps = [
        {"tool": "format_excel_cells",
         "arguments": {"range": "B8:F8", "style": {"merge": True, "align": "center", "italic": True,
                                                   "fill": "light gray"}}},
        {"tool": "format_excel_cells",
         "arguments": {"range": "A1:F10", "style": {"border": "all thin", "height": 30,
                                                    "align": "center", "valign": "center"}}},
        {"tool": "format_excel_cells", "arguments": {"range": "B:F", "style": {"width": 18}}},
        {"tool": "add_excel_rule",
         "arguments": {"range": cells, "rule": "list", "value": list(subjects)}},
        *[{"tool": "add_excel_rule",
           "arguments": {"range": cells, "rule": "equal_to", "value": name,
                         "options": {"fill": color}}} for name, color in subjects.items()],
        {"tool": "edit_excel_sheet",
         "arguments": {"action": "layout",
                       "options": {"orientation": "landscape", "paper": "A4", "fit": "page",
                                   "header": "Timetable", "center": "both"}}},
    ]  # fmt: skip
    chat.op("run_excel_steps", steps=steps)
    got = chat.came_back()
    sheet = got.sheet()
    assert got.value("A2") == dt.time(8, 0)
    assert sheet["A2"].number_format in ("hh:mm", "h:mm")
    assert [str(r) for r in sheet.merged_cells.ranges] == ["B8:F8"]
    assert got.value("B3") == "Maths"
    [check] = sheet.data_validations.dataValidation
    assert check.formula1 == '"Maths,English,Sport"'
    assert {str(r) for r in check.sqref.ranges} == {"B2:F7", "B9:F10"}
    rules = [rule for area in sheet.conditional_formatting for rule in area.rules]
    assert [rule.formula for rule in rules] == [['"Maths"'], ['"English"'], ['"Sport"']]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.row_dimensions[5].height == 30
    assert sheet.column_dimensions["C"].width >= 18


CLASS = """Name;Born;Bus;e-mail
"Yılmaz,  Elif";03.05.2012;yes;ELIF@x.org
"Braun, Tom ";17.11.2011;no;tom@x.org
"Yılmaz, Elif";03.05.2012;yes;elif@x.org
" Älg, Per";01.02.2012;no;per@x.org
"""


def test_messy_class_list(chat: Chat) -> None:
    """Here is our class list from the school software. Please split first and last name,
    throw out the doubles, sort by last name, add the age on 1 September 2025 and make it a
    proper table."""
    chat.attach("klasse.csv", CLASS.encode("cp1252", "replace").replace(b"Y?", b"Yi"))
    chat.op("import_csv_to_excel", source="klasse.csv")
    chat.op("transform_excel_range", action="clean")
    chat.op("transform_excel_range", action="remove_duplicates", options={"by": ["Name", "Born"]})
    chat.op(
        "transform_excel_range",
        action="split",
        range="A1:A4",
        options={"delimiter": ", ", "names": ["Last name", "First name"], "to": "F1"},
    )
    chat.op("edit_excel_sheet", action="move_columns", target="F:G", position="A")
    chat.op("edit_excel_sheet", action="delete_columns", target="C")
    chat.op("transform_excel_range", action="sort", options={"by": "Last name"})
    chat.op(
        "create_excel_table",
        name="Class",
        options={"columns": {"Age": '=DATEDIF([@Born],DATE(2025,9,1),"Y")'}},
    )
    got = chat.came_back()
    born = [dt.datetime(2012, 2, 1), dt.datetime(2011, 11, 17), dt.datetime(2012, 5, 3)]
    rows = got.rows("A1:F4")
    assert rows[0] == ["Last name", "First name", "Born", "Bus", "e-mail", "Age"]
    assert [row[:3] for row in rows[1:]] == [
        ["Älg", "Per", born[0]],
        ["Braun", "Tom", born[1]],
        ["Yilmaz", "Elif", born[2]],
    ]
    assert [row[5] for row in rows[1:]] == [13, 13, 13]
    assert got.sheet().tables["Class"].ref == "A1:F4"
    assert got.sheet()["F2"].number_format in ("General", "0")


def measured() -> bytes:
    """A laboratory's workbook, as xlsxwriter makes it: 12 calibration points, a chart."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Calibration")
        sheet.write_row(0, 0, ["Concentration mg/l", "Absorbance"], book.add_format({"bold": True}))
        for n in range(12):
            sheet.write_row(
                n + 1, 0, [n * 2.5, round(0.05 + 0.031 * n * 2.5 + (-1) ** n * 0.01, 4)]
            )
        sheet.write_formula("B15", "=AVERAGE(B2:B13)", None, 0.47625)
        sheet.write("A15", "Mean")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Calibration!$B$2:$B$13"})
        sheet.insert_chart("D20", chart)
    return file.getvalue()


def test_calibration_line(chat: Chat) -> None:
    """In my calibration file, please plot absorbance against concentration with a straight
    line, its equation and R². I also need slope, intercept, R² and the concentration for
    0.62."""
    chat.attach("calibration.xlsx", measured())
    chat.op("open_excel_file")
    chat.op(
        "create_excel_chart",
        chart_type="scatter",
        data_range="A1:B13",
        title="Calibration",
        position="D1",
        options={
            "trendline": "linear",
            "trendline_equation": True,
            "trendline_r2": True,
            "x_title": "mg/l",
            "y_title": "Absorbance",
        },
    )
    chat.op(
        "write_excel_range",
        start="A17",
        rows=[
            ["Slope", "=SLOPE(B2:B13,A2:A13)"],
            ["Intercept", "=INTERCEPT(B2:B13,A2:A13)"],
            ["R²", "=RSQ(B2:B13,A2:A13)"],
            ["Sample absorbance", 0.62],
            ["Concentration", "=(B20-B18)/B17"],
        ],
    )
    chat.op("format_excel_cells", range="B17:B21", style={"number_format": "0.0000"})
    got = chat.came_back()
    x, y = got.column("A2:A13"), got.column("B2:B13")
    slope, intercept = statistics.linear_regression(x, y)
    assert close(got.value("B17"), slope)
    assert close(got.value("B18"), intercept)
    assert close(got.value("B19"), statistics.correlation(x, y) ** 2)
    assert close(got.value("B21"), (0.62 - intercept) / slope)
    xml = got.part("charts/chart")
    assert 'trendlineType val="linear"/>' in xml
    assert 'dispRSqr val="1"/>' in xml
    assert 'dispEq val="1"/>' in xml
    assert len(got.sheet()._charts) == 2
    assert got.sheet()["A1"].font.bold


def test_outliers(chat: Chat) -> None:
    """I have 20 readings. Give me mean, median, standard deviation, quartiles, mark the
    outliers (1.5 IQR) in orange and show a histogram and a box plot."""
    values = [9.8, 10.1, 10.0, 9.9, 10.3, 10.2, 14.9, 10.0, 9.7, 10.1] * 2
    values[13] = 5.2
    chat.op(
        "create_excel_file",
        filename="readings",
        sheet="Readings",
        rows={"No": list(range(1, 21)), "Reading": values},
    )
    figures = [
        ["Figure", "Value"],
        ["Count", "=COUNT(B2:B21)"],
        ["Mean", "=AVERAGE(B2:B21)"],
        ["Median", "=MEDIAN(B2:B21)"],
        ["Std. deviation", "=STDEV.S(B2:B21)"],
        ["Q1", "=QUARTILE.INC(B2:B21,1)"],
        ["Q3", "=QUARTILE.INC(B2:B21,3)"],
        ["IQR", "=E7-E6"],
        ["Lower limit", "=E6-1.5*E8"],
        ["Upper limit", "=E7+1.5*E8"],
        ["Outliers", '=COUNTIF(B2:B21,"<"&E9)+COUNTIF(B2:B21,">"&E10)'],
    ]
    chat.op("write_excel_range", start="D1", rows=figures)
    chat.op("format_excel_cells", range="E3:E10", style={"number_format": "0.00"})
    chat.op(
        "add_excel_rule",
        range="B2:B21",
        rule="formula",
        value="=OR(B2<$E$9,B2>$E$10)",
        options={"fill": "orange"},
    )
    for kind in ("histogram", "box"):
        chat.op("create_excel_chart", chart_type=kind, data_range="B1:B21")
    got = chat.came_back()
    found = dict(got.rows("D2:E11"))
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    assert found["Count"] == 20
    assert close(found["Mean"], statistics.mean(values))
    assert close(found["Median"], statistics.median(values))
    assert close(found["Std. deviation"], statistics.stdev(values))
    assert close(found["Q1"], quarters[0])
    assert close(found["Q3"], quarters[2])
    assert found["Outliers"] == 3
    [(cells, [rule])] = [(str(r.sqref), r.rules) for r in got.sheet().conditional_formatting]
    assert (cells, rule.formula) == ("B2:B21", ["OR(B2<$E$9,B2>$E$10)"])
    assert got.part("drawings/drawing").count("Anchor>") >= 4


def logger_csv() -> str:
    lines = ["Zeitstempel;Temperatur °C;Feuchte %"]
    for n in range(48):
        stamp = dt.datetime(2025, 3, 1) + dt.timedelta(minutes=30 * n)
        lines.append(
            f"{stamp:%d.%m.%Y %H:%M};{20 + n % 7 / 2:.1f};{40 + n % 5}".replace(".5;", ",5;")
        )
    return "\r\n".join(lines).replace(".0;", ",0;")


def test_logger_file(chat: Chat) -> None:
    """The logger gave me this csv (German format). I need the mean per hour and a curve
    with a moving average, smallest and largest value marked."""
    chat.attach("logger.csv", logger_csv().encode("cp1252"))
    answer = chat.op("open_excel_file", file="logger.csv")
    assert answer["workbook"] == "logger.xlsx"
    chat.op(
        "create_excel_table", name="Log", options={"columns": {"Hour": "=HOUR([@Zeitstempel])"}}
    )
    chat.op("edit_excel_sheet", action="add", sheet="Hourly")
    chat.op(
        "write_excel_range",
        sheet="Hourly",
        rows=[
            ["Hour", "Mean"],
            *[[n, f"=AVERAGEIFS(Log[Temperatur °C],Log[Hour],A{n + 2})"] for n in range(24)],
        ],
    )
    chat.op("format_excel_cells", sheet="Hourly", range="B2:B25", style={"number_format": "0.0"})
    chat.op(
        "create_excel_chart",
        sheet="Hourly",
        chart_type="line",
        data_range="A1:B25",
        title="Temperature",
        options={"trendline": "moving_average", "trendline_period": 3, "y_min": 19},
    )
    for rule, color in (("top", "light red"), ("bottom", "light blue")):
        chat.op(
            "add_excel_rule",
            sheet="Hourly",
            range="Mean",
            rule=rule,
            value=1,
            options={"fill": color},
        )
    got = chat.came_back()
    assert got.value("A3") == dt.datetime(2025, 3, 1, 0, 30)
    assert got.value("B3") == 20.5
    wanted = [(20 + 2 * n % 7 / 2 + 20 + (2 * n + 1) % 7 / 2) / 2 for n in range(24)]
    assert all(close(a, b) for a, b in zip(got.column("B2:B25", "Hourly"), wanted, strict=True))
    assert got.sheet()["D2"].value.startswith("=HOUR(")
    assert 'trendlineType val="movingAvg"/>' in got.part("charts/chart")
    kinds = [r.type for area in got.sheet("Hourly").conditional_formatting for r in area.rules]
    assert kinds == ["top10", "top10"]
