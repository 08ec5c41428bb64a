"""One workbook with the whole vocabulary, made through the HTTP API.

``GOLDEN_DIR=folder`` keeps it, for looking at.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image

from service.workbook.libreoffice import convert, found_program
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

Call = tuple[str, dict[str, Any]]
ROWS: list[list[Any]] = [
    [region, f"2026-{month:02}-15", 10 + 7 * number % 23 + month, 4.5 + number, f"r{number}"]
    for number, region in enumerate(["North", "South", "West", "East"])
    for month in range(1, 7)
]
HEADERS = ["Region", "Day", "Units", "Price", "Note"]


def rule(range_: str, kind: str, value: Any = None, **options: Any) -> Call:
    given = {"sheet": "Rules", "range": range_, "rule": kind, "options": options}
    return "add_excel_rule", given if value is None else {**given, "value": value}


def chart(kind: str, data: str, place: str, **options: Any) -> Call:
    return (
        "create_excel_chart",
        {
            "sheet": "Charts",
            "chart_type": kind,
            "data_range": data,
            "title": kind,
            "position": place,
            "options": {"width_cm": 8, "height_cm": 5, **options},
        },
    )


def look(range_: str, **style: Any) -> Call:
    return "format_excel_cells", {"sheet": "Looks", "range": range_, "style": style}


def sheet(action: str, name: str, **more: Any) -> Call:
    return "edit_excel_sheet", {"action": action, "sheet": name, **more}


def grid(name: str, rows: list[list[Any]]) -> list[Call]:
    return [
        sheet("add", name),
        ("write_excel_range", {"sheet": name, "start": "A1", "rows": rows}),
    ]


NUMBERS = [[n, n * 3 % 17, f"item {n % 5}", f"2026-01-{n:02}"] for n in range(1, 13)]
KINDS = ["column", "bar", "line", "area", "doughnut", "radar", "combo"]
NEW_KINDS = ["waterfall", "histogram", "pareto", "box", "treemap", "sunburst", "funnel"]
FIGURES = [["Name", "One", "Two"], *[[f"n{n}", n * 2 % 11 + 1, n * 5 % 13 + 1] for n in range(8)]]
STOCK = [
    ["Day", "High", "Low", "Close"],
    *[[f"2026-02-{d:02}", d + 9, d, d + 4] for d in (1, 2, 3)],
]

LOOKS: list[Call] = [
    *grid("Looks", [["Gradient", "Pattern", "Borders", "Turned", "Named"], *[[1, 2, 3, 4, 5]] * 6]),
    look("A1:E1", bold=True, fill="dark blue", color="white", align="center"),
    look("A2:A3", gradient=["white", "orange"], gradient_angle=90),
    look("B2:B3", pattern="lightUp", pattern_color="red"),
    look("C2:C3", border="outline medium, inside thin gray"),
    look("D2", rotation=45, indent=0, italic=True, underline=True, strike=True),
    look("E2", named_style="Good"),
    look("A8:B8", merge="cells", align="center", number_format="currency EUR"),
    look("C4", script="superscript", size=16, font="Georgia"),
    look("D4:E4", number_format="percent 1", shrink=True, locked=False),
    look("A5:E5", copy_from="A2"),
    look("A6", fill="yellow"),
    look("A6", clear=True),
]
RULES: list[Call] = [
    *grid("Rules", NUMBERS),
    rule("A1:A12", "greater_than", 9, fill="light green", bold=True),
    rule("A1:A12", "between", [2, 4], color="red"),
    rule("B1:B12", "top", 3, fill="orange"),
    rule("B1:B12", "above_average", italic=True),
    rule("C1:C12", "duplicates", fill="pink"),
    rule("C1:C12", "text_contains", "3", bold=True),
    rule("D1:D12", "date_occurring", "last_7_days", fill="light blue"),
    rule("A1:A12", "formula", "=$B1>10", border="thin red"),
    rule("E1:E12", "blanks", fill="light gray"),
    rule("A1:A12", "color_scale", ["red", "yellow", "green"]),
    rule("B1:B12", "data_bar", "blue", solid=True),
    rule("A1:A12", "icon_set", "3 arrows"),
    rule("F1:F12", "list", ["yes", "no"], input_message="Choose", error_style="warning"),
    rule("G1:G12", "whole", [1, 10], operator="between", error_message="1 to 10"),
    rule("H1:H12", "date", "2026-01-01", operator="greater_than"),
    rule("I1:I12", "length", 5, operator="less_or_equal"),
    rule("J1:J12", "custom", "=ISNUMBER(J1)"),
]
CHARTS: list[Call] = [
    *grid("Charts", FIGURES),
    ("write_excel_range", {"sheet": "Charts", "start": "A20", "rows": STOCK}),
    *[chart(kind, "A1:C9", f"E{2 + 12 * n}") for n, kind in enumerate(KINDS)],
    *[chart(kind, "A1:B9", f"K{2 + 12 * n}") for n, kind in enumerate(NEW_KINDS)],
    chart("pie", "A1:B9", "E98"),
    chart("bubble", "B20:D23", "Q2"),
    chart("stock", "A20:D23", "Q14"),
    chart(
        "scatter", "B1:C9", "Q26", trendline="linear", trendline_equation=True, y_log=True
    ),
    chart("column", "A1:C9", "Q38", stacked="percent", legend="top", colors=["red", "green"]),
    ("create_excel_chart", {"sheet": "Charts", "chart_type": "sparkline_column",
                            "data_range": "B2:C9", "position": "D2:D9"}),
]  # fmt: skip
DATA: list[Call] = [
    (
        "create_excel_table",
        {
            "sheet": "Orders",
            "name": "Orders",
            "options": {
                "columns": {"Value": "=[@Units]*[@Price]"},
                "totals": {"Value": "sum", "Units": "average"},
                "style": "medium 9",
                "filters": {"Region": ["North", "South"]},
            },
        },
    ),
    (
        "create_excel_pivot",
        {
            "source": "Orders",
            "rows": ["Region"],
            "columns": ["Months (Day)"],
            "values": ["Value", "Average of Units"],
        },
    ),
    ("annotate_excel_cells", {"action": "comment", "sheet": "Orders", "range": "A1", "text": "Hi"}),
    ("annotate_excel_cells", {"action": "link", "sheet": "Orders", "range": "J1",
                              "target": "https://example.com", "text": "Site"}),
    ("annotate_excel_cells", {"action": "image", "sheet": "Orders", "range": "J4:K8",
                              "target": "logo.png", "text": "Logo"}),
    ("annotate_excel_cells", {"action": "name", "sheet": "Orders", "name": "rate",
                              "target": "=0.19"}),
    ("write_excel_range", {"sheet": "Orders", "start": "J12",
                           "rows": [["=SUM(Orders[Value])*rate"], ["=SORT(Orders[Units])"]]}),
    sheet("layout", "Orders", options={"freeze": "row", "orientation": "landscape", "fit": "width",
                                       "print_titles": "1:1", "header": "Orders",
                                       "footer": "{page} / {pages}", "tab_color": "green"}),
    sheet("layout", "Orders", target="C:D", options={"group": True}),
    sheet("layout", "Charts", options={"zoom": 80, "gridlines": False, "right_to_left": False}),
    *grid("Steps", [["b,2", 3], ["a,1", 1], ["a,1", 1]]),
    ("run_excel_steps", {"steps": [
        {"tool": "transform_excel_range",
         "arguments": {"action": "remove_duplicates", "sheet": "Steps", "range": "A1:B3",
                       "options": {"header": False}}},
        {"tool": "transform_excel_range",
         "arguments": {"action": "sort", "sheet": "Steps", "range": "A1:B2",
                       "options": {"by": ["B"], "header": False}}},
    ]}),
    sheet("protect", "Steps", options={"password": "open", "allow": ["sort"]}),
    ("create_excel_report", {"report": "sales_report", "workbook": "golden.xlsx",
                             "rows": [{"Date": "2026-01-12", "Region": "North", "Amount": 120}]}),
]  # fmt: skip


@pytest.fixture
def golden(chat: Chat) -> Chat:
    """The chat in which the workbook was made."""
    logo = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(logo, "PNG")
    chat.op("create_excel_file", filename="golden.xlsx", headers=HEADERS, rows=ROWS, sheet="Orders")
    chat.upload(logo.getvalue(), "logo.png")
    for name, given in [*LOOKS, *RULES, *CHARTS, *DATA]:
        chat.op(name, **given)
    return chat


def saved(chat: Chat, path: Path) -> Path:
    path.write_bytes(chat.download(chat.op("save_excel_file")["files"][0]))
    return path


def facts(chat: Chat) -> dict[str, Any]:
    """What the tools say is in the workbook."""
    names = [s["name"] for s in chat.op("describe_excel_file")["result"]["sheets"]]
    return {
        "sheets": names,
        "charts": chat.op("create_excel_chart", action="list")["result"],
        "tables": chat.op("create_excel_table", action="list")["result"],
        "pivots": chat.op("create_excel_pivot", action="list")["result"],
        "notes": chat.op("annotate_excel_cells", action="list")["result"],
        "rules": chat.op("add_excel_rule", action="list", sheet="Rules")["result"],
    }


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_whole_vocabulary_in_one_workbook(golden: Chat, tmp_path: Path) -> None:
    path = saved(golden, tmp_path / "golden.xlsx")
    if folder := os.environ.get("GOLDEN_DIR"):
        (Path(folder) / "golden.xlsx").write_bytes(path.read_bytes())
    assert problems(path) == []
    before = facts(golden)
    assert len(before["rules"]["rules"]) == len([c for c in RULES if c[0] == "add_excel_rule"])
    kinds = {item["type"] for item in before["charts"]["charts"]}
    assert {*KINDS, *NEW_KINDS, "pie", "scatter", "bubble", "stock"} <= kinds
    with pytest.warns(UserWarning, match="extension is not supported"):
        book = openpyxl.load_workbook(path, data_only=True)
    total = sum(
        units * price for region, _, units, price, _ in ROWS if region in ("North", "South")
    )
    everything = sum(units * price for _, _, units, price, _ in ROWS)
    assert book["Orders"]["F26"].value == pytest.approx(total), "of the rows that show"
    assert book["Orders"]["J12"].value == pytest.approx(everything * 0.19)
    spilled = [book["Orders"].cell(row, 10).value for row in range(13, 13 + len(ROWS))]
    assert spilled == sorted(row[2] for row in ROWS)
    assert [[c.value for c in row] for row in book["Steps"]["A1:B2"]] == [["a,1", 1], ["b,2", 3]]


def test_it_survives_reopening_edits_undo_and_redo(golden: Chat, tmp_path: Path) -> None:
    first = saved(golden, tmp_path / "first.xlsx")
    other = Chat(golden.service)
    other.upload(first.read_bytes(), "golden.xlsx")
    other.op("open_excel_file")
    assert facts(other) == facts(golden)
    other.op("write_excel_range", sheet="Orders", start="C2", rows=[[99]])
    other.op("edit_excel_sheet", action="insert_rows", sheet="Rules", target="1")
    again = saved(other, tmp_path / "again.xlsx")
    assert problems(again) == []
    other.op("undo_excel_change", steps=2)
    assert facts(other) == facts(golden)
    other.op("undo_excel_change", action="redo", steps=2)
    assert parts_of(saved(other, tmp_path / "redone.xlsx")) == parts_of(again)


@pytest.mark.needs("soffice")
def test_libreoffice_opens_and_draws_it(golden: Chat, tmp_path: Path) -> None:
    path = saved(golden, tmp_path / "golden.xlsx")
    target = convert(
        path, "pdf", tmp_path, seconds=120, program=found_program("auto"), recalculate=False
    )
    assert target.stat().st_size > 20_000
