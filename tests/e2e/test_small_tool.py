"""The small tool solves the turns of the main job, with nine tools in less than 8,000 bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from service.tool import NAMES
from tests.e2e.chat import Chat, SignedInPage
from tests.e2e.conftest import Service
from tests.e2e.openwebui import OpenWebUI
from tests.e2e.test_main_job import SALES, book_of, call, rows_of, say, succeeded
from tests.processes import ROOT

SMALL_ID = "excel_tools_small"


@pytest.fixture(scope="module")
def small(webui: OpenWebUI, valves: dict[str, object]) -> Iterator[OpenWebUI]:
    """Open WebUI with the small tool beside the full one; a chat has one of them on."""
    source = (ROOT / "openwebui_tool" / NAMES["small"]).read_text(encoding="utf-8")
    webui.install_tool(source, SMALL_ID, valves)
    yield webui
    webui.request("DELETE", f"/api/v1/tools/id/{SMALL_ID}/delete")


@pytest.fixture
def chat(
    small: OpenWebUI,
    sign_in: Callable[..., SignedInPage],
    shot_name: str,
    request: pytest.FixtureRequest,
) -> Chat:
    shots: Path = request.config.getoption("--shots")
    return Chat(sign_in(small.admin), shots=shots, name=f"small-{shot_name}", tool_id=SMALL_ID)


def test_its_schemas_are_half_as_long(chat: Chat, small: OpenWebUI) -> None:
    """As Open WebUI sends them to the model, all together."""
    chat.ask("Hello, small one.", [say("Hello.")])
    ours = {n: schema for n, schema in small.model.tool_schemas().items() if "excel" in n}
    assert len(ours) == 9
    assert sum(len(json.dumps(schema)) for schema in ours.values()) < 8_000


def test_headers_alone_then_a_row_under_them(chat: Chat) -> None:
    turn = chat.ask(
        "A file for our holidays: name, from, to, days.",
        [
            call("create_excel_file", filename="holidays", headers=["Name", "From", "To", "Days"]),
            say("Your file is ready: {{results.0.link}}"),
        ],
    )
    succeeded(turn)
    assert rows_of(book_of(chat, "holidays.xlsx").active) == [["Name", "From", "To", "Days"]]


def test_records_then_a_chart_then_formats_in_one_workbook(chat: Chat) -> None:
    chat.ask(
        "Put our sales by region into a workbook.",
        [call("create_excel_file", filename="sales.xlsx", rows=SALES, sheet="Sales"), say("Done.")],
    )
    chart = {"chart_type": "column", "data_range": "A1:B4", "title": "Sales by region"}
    chat.ask("Now a column chart of them.", [call("create_excel_chart", **chart), say("Done.")])
    turn = chat.ask(
        "Show the sales in euros and make the regions bold.",
        [
            call("format_excel_cells", range="B2:B4", style={"number_format": "currency EUR"}),
            call("format_excel_cells", range="A2:A4", style={"bold": True}),
            say("Done: {{results.1.link}}"),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["sales.xlsx"]
    sheet = book_of(chat, "sales.xlsx")["Sales"]
    assert len(sheet._charts) == 1
    assert "€" in sheet["B2"].number_format
    assert sheet["A2"].font.bold


def test_an_uploaded_workbook_is_described_changed_and_comes_back(
    chat: Chat, tmp_path: Path
) -> None:
    source = openpyxl.Workbook()
    for row in [["Item", "Count", "Price"], ["Bolt", 40, 0.15], ["Nut", 75, 0.1]]:
        source.active.append(row)
    source.save(path := tmp_path / "stock.xlsx")
    chat.ask(
        "What is in this workbook, please?",
        [
            call("open_excel_file", file="stock.xlsx"),
            call("describe_excel_file"),
            say("It has {{results.1.result.sheets.0.data_range}}."),
        ],
        attach=[path],
    )
    assert "A1:C3" in chat.text()
    assert chat.chips() == [], "looking is not changing"
    values = [["Value"], ["=B2*C2"], ["=B3*C3"], ["=B4*C4"], ["=SUM(D2:D4)"]]
    turn = chat.ask(
        "Add screws (120 at 0.08), and a value column with a total.",
        [
            call("write_excel_range", start="append", rows=[["Screw", 120, 0.08]]),
            call("write_excel_range", start="D1", rows=values),
            call("read_excel_range", range="A1:D5"),
            say("The total is {{results.2.result.rows.4.3}}."),
        ],
    )
    succeeded(turn)
    assert "23.1" in chat.text()
    data = chat.download_chip("stock.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(data)).active["D5"].value == "=SUM(D2:D4)"


def test_an_uploaded_csv_becomes_a_workbook_by_being_opened(chat: Chat, tmp_path: Path) -> None:
    text = "Nummer;Name;Beitrag\r\n007;Jörg;12,50\r\n012;Zoë;8,00\r\n"
    (path := tmp_path / "members.csv").write_bytes(text.encode("cp1252"))
    turn = chat.ask(
        "Turn this CSV into an Excel file.",
        [call("open_excel_file", file="members.csv"), say("Done: {{results.0.workbook}}")],
        attach=[path],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["members.xlsx"]
    rows = rows_of(book_of(chat, "members.xlsx").active)
    assert rows == [["Nummer", "Name", "Beitrag"], ["007", "Jörg", 12.5], ["012", "Zoë", 8]]


def test_a_sheet_is_exported_as_csv(chat: Chat) -> None:
    rows = [["Tea", 4, "=B2*1.07"], ["Kaffee, ganz", 9, "=B3*1.07"]]
    headers = ["Item", "Net", "Gross"]
    turn = chat.ask(
        "A list of prices, and a CSV of it.",
        [
            call("create_excel_file", filename="prices.xlsx", headers=headers, rows=rows),
            call("export_excel_file", format="csv"),
            say("Both files are attached."),
        ],
    )
    succeeded(turn)
    assert chat.chips() == ["prices.xlsx", "prices.csv"]


def test_the_sales_report(chat: Chat) -> None:
    report = {"report": "sales_report", "title": "Sales 2026", "options": {"currency": "EUR"}}
    turn = chat.ask(
        "A sales report of this file, in euros, please.",
        [
            call("open_excel_file", file="latest"),
            call("create_excel_report", workbook="{{results.0.workbook}}", **report),
            say("The report is in {{results.1.workbook}}."),
        ],
        attach=[ROOT / "examples" / "sales.csv"],
    )
    chat.shot("done")
    succeeded(turn)
    assert book_of(chat, "sales.xlsx")["Summary"]._charts


def test_the_employee_directory(chat: Chat) -> None:
    people = [{"Name": "Ana Silva", "Department": "Sales", "Email": "ana@example.com"}]
    turn = chat.ask(
        "A directory of our people from this list.",
        [call("create_excel_report", report="employee_directory", rows=people), say("Here it is.")],
    )
    succeeded(turn)
    (name,) = chat.chips()
    assert "Directory" in book_of(chat, name).sheetnames


def test_what_gets_lost_costs_the_user_nothing(chat: Chat, service: Service) -> None:
    chat.ask(
        "Start a log of hours.",
        [
            call("create_excel_file", filename="log.xlsx", headers=["Day", "Hours"]),
            call("write_excel_range", start="append", rows=[["2026-03-02", 7.5]]),
            say("Started."),
        ],
    )
    service.process.restart()
    turn = chat.ask(
        "Add the next day.",
        [call("write_excel_range", start="append", rows=[["2026-03-03", 8]]), say("Added.")],
    )
    succeeded(turn)
    rows = rows_of(book_of(chat, "log.xlsx").active)
    assert [row[1] for row in rows] == ["Hours", 7.5, 8]


def test_a_chat_goes_on_with_the_other_size(
    chat: Chat, small: OpenWebUI, valves: dict[str, object]
) -> None:
    """Both sizes find the same session, and a wrong size is changed in place."""
    chat.ask(
        "Begin a plan.",
        [call("create_excel_file", filename="plan.xlsx", headers=["Task"]), say("Begun.")],
    )
    full = (ROOT / "openwebui_tool" / NAMES["full"]).read_text(encoding="utf-8")
    small.install_tool(full, SMALL_ID, valves)
    try:
        turn = chat.ask(
            "Write a task, and undo it.",
            [
                call("write_excel_range", start="append", rows=[["Dig"]]),
                call("undo_excel_change"),
                call("list_excel_files"),
                say("Undone."),
            ],
        )
        assert succeeded(turn).result["result"]["open"][0]["workbook"] == "plan.xlsx"
    finally:
        text = (ROOT / "openwebui_tool" / NAMES["small"]).read_text(encoding="utf-8")
        small.install_tool(text, SMALL_ID, valves)
