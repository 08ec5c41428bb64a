"""An afternoon's work in one chat: what an office worker asks for, one thing after the other."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from tests.e2e.chat import Chat
from tests.e2e.test_main_job import call, say, succeeded

ORDERS = [
    {"Region": region, "Month": f"2026-{month:02}-01", "Sales": 1000 * month + 250 * number}
    for number, region in enumerate(["North", "South", "West"])
    for month in (1, 2, 3, 4)
]


@pytest.mark.filterwarnings("ignore:.* extension is not supported")  # openpyxl's, of its reading
def test_a_table_rules_a_pivot_and_notes_in_one_chat(chat: Chat) -> None:
    chat.ask(
        "Put our sales by region and month into Excel, as a proper table with a total.",
        [
            call("create_excel_file", filename="sales.xlsx", rows=ORDERS, sheet="Sales"),
            call(
                "run_excel_steps",
                steps=[
                    {
                        "tool": "create_excel_table",
                        "arguments": {"name": "Orders", "options": {"totals": {"Sales": "sum"}}},
                    },
                    {
                        "tool": "add_excel_rule",
                        "arguments": {"range": "C2:C13", "rule": "data_bar"},
                    },
                    {
                        "tool": "edit_excel_sheet",
                        "arguments": {"action": "layout", "options": {"fit": "width"}},
                    },
                ],
            ),
            say("The table is there."),
        ],
    )
    turn = chat.ask(
        "Now a pivot by region, a chart of it, and a note for my boss at the total.",
        [
            call("create_excel_pivot", source="Orders", rows=["Region"], values=["Sales"]),
            call(
                "create_excel_chart",
                sheet="Sales",
                chart_type="column",
                data_range="A1:A5,C1:C5",
                title="North by month",
            ),
            call(
                "annotate_excel_cells",
                action="comment",
                sheet="Sales",
                range="C14",
                text="Without the web shop",
            ),
            call("explain_excel_formula", cell="Sales!C14"),
            say("Done: {{results.0.link}}"),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["sales.xlsx"]
    data = chat.download_chip("sales.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["Sales"]
    assert sheet.tables["Orders"].ref == "A1:C14"
    assert sheet["C14"].value.startswith("=SUBTOTAL(109")
    assert sheet["C14"].comment.text == "Without the web shop"
    assert sheet.page_setup.fitToWidth == 1
    assert [rule.type for area in sheet.conditional_formatting for rule in area.rules] == [
        "dataBar"
    ]
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    total = sum(order["Sales"] for order in ORDERS)  # type: ignore[misc]
    assert values["Sales"]["C14"].value == total
    (pivot_sheet,) = [s for s in values.worksheets if s.title != "Sales"]
    cells = {row[0].value: row[1].value for row in pivot_sheet.iter_rows() if len(row) > 1}
    assert cells["North"] == 10_000
    assert total in cells.values()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert any(name.startswith("xl/pivotTables/") for name in archive.namelist())
