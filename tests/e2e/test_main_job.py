"""What people do: ask in the chat, get the workbook. All through the page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from tests.e2e.chat import Chat, Turn
from tests.e2e.conftest import PLUGIN, TOOL_ID, Service
from tests.e2e.openwebui import OpenWebUI, User

SALES = [
    {"Region": "North", "Sales": 1200.5, "Day": "2026-01-31"},
    {"Region": "South", "Sales": 950, "Day": "2026-02-28"},
    {"Region": "West", "Sales": 1710.25, "Day": "2026-03-31"},
]


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A step in which the model calls one tool."""
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def say(text: str) -> dict[str, Any]:
    return {"text": text}


def book_of(chat: Chat, name: str) -> Any:
    """The workbook behind the chip of the last reply, as the browser downloads it."""
    return openpyxl.load_workbook(io.BytesIO(chat.download_chip(name)))


def rows_of(sheet: Worksheet) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def succeeded(turn: Turn) -> Turn:
    assert [c.status for c in turn.calls] == ["completed"] * len(turn.calls), turn.calls
    assert all("error" not in c.result for c in turn.calls), turn.calls
    assert turn.statuses[-1]["done"] is True
    return turn


def test_headers_alone_give_a_file_with_headers_alone(chat: Chat) -> None:
    turn = chat.ask(
        "Please make an Excel file for our team's holidays: name, from, to, days.",
        [
            call("create_excel_file", filename="holidays", headers=["Name", "From", "To", "Days"]),
            say("Your file is ready: {{results.0.link}}"),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["holidays.xlsx"]
    sheet = book_of(chat, "holidays.xlsx").active
    assert rows_of(sheet) == [["Name", "From", "To", "Days"]]
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"
    name, data = chat.download_link("Download holidays.xlsx")
    assert name == "holidays.xlsx"
    assert rows_of(openpyxl.load_workbook(io.BytesIO(data)).active)[0][0] == "Name"


def test_records_then_a_chart_then_formats_in_one_workbook(chat: Chat, service: Service) -> None:
    chat.ask(
        "Put our sales by region into Excel.",
        [
            call("create_excel_file", filename="sales.xlsx", rows=SALES, sheet="Sales"),
            say("Here is sales.xlsx with three regions."),
        ],
    )
    chat.ask(
        "Now add a column chart of the sales.",
        [
            call(
                "create_excel_chart",
                chart_type="column",
                data_range="A1:B4",
                title="Sales by region",
            ),
            say("The chart is beside the data."),
        ],
    )
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
    assert chat.chips() == ["sales.xlsx"], "one chip, although two calls delivered"
    sheet = book_of(chat, "sales.xlsx")["Sales"]
    assert [row[:2] for row in rows_of(sheet)[1:]] == [[r["Region"], r["Sales"]] for r in SALES]
    assert sheet["C2"].is_date
    assert "€" in sheet["B2"].number_format
    assert sheet["A2"].font.bold
    assert not sheet["B2"].font.bold
    (chart,) = sheet._charts
    series = chart.series[0]
    assert series.val.numRef.f == "'Sales'!$B$2:$B$4"
    category = series.cat.strRef or series.cat.numRef
    assert category.f == "'Sales'!$A$2:$A$4"
    assert chart.anchor._from.col >= 3, "beside the data"
    chat.reload()
    assert chat.chips() == ["sales.xlsx"]
    assert chat.chips(0) == chat.chips(1) == ["sales.xlsx"]


def test_an_uploaded_workbook_is_described_changed_and_comes_back(
    chat: Chat, tmp_path: Path
) -> None:
    source = openpyxl.Workbook()
    sheet = source.active
    sheet.title = "Stock"
    for row in [["Item", "Count", "Price"], ["Bolt", 40, 0.15], ["Nut", 75, 0.1]]:
        sheet.append(row)
    sheet["A1"].font = Font(name="Georgia", bold=True, color="FF0000")
    path = tmp_path / "Lager Übersicht.xlsx"
    source.save(path)
    chat.ask(
        "What is in this workbook?",
        [
            call("open_excel_file", file="Lager Übersicht.xlsx"),
            call("describe_excel_file"),
            say("It has one sheet, Stock: {{results.1.result.sheets.0.data_range}}."),
        ],
        attach=[path],
    )
    assert "A1:C3" in chat.text()
    assert chat.chips() == [], "looking is not changing"
    turn = chat.ask(
        "Add screws (120 at 0.08), and a value column with a total.",
        [
            call("write_excel_range", start="append", rows=[["Screw", 120, 0.08]]),
            call(
                "write_excel_range",
                start="D1",
                rows=[["Value"], ["=B2*C2"], ["=B3*C3"], ["=B4*C4"], ["=SUM(D2:D4)"]],
            ),
            call("read_excel_range", range="A1:D5"),
            say("The total is {{results.2.result.rows.4.3}}."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert "23.1" in chat.text()
    data = chat.download_chip("Lager Übersicht.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert rows_of(book["Stock"])[3][:3] == ["Screw", 120, 0.08]
    assert book["Stock"]["D5"].value == "=SUM(D2:D4)"
    assert book["Stock"]["A1"].font.name == "Georgia", "the user's own style is kept"
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)["Stock"]
    assert values["D5"].value == pytest.approx(23.1), "previews and phones see the number"


def test_an_uploaded_csv_becomes_a_workbook(chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(
        "Nummer;Name;Beitrag;Eintritt\r\n007;Jörg;12,50;2024-05-01\r\n012;Zoë;8,00;2025-11-30\r\n".encode(
            "cp1252"
        )
    )
    turn = chat.ask(
        "Turn this CSV into a proper Excel file.",
        [
            call("import_csv_to_excel", source="members.csv"),
            say("Done: {{results.0.workbook}}"),
        ],
        attach=[path],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["members.xlsx"]
    rows = rows_of(book_of(chat, "members.xlsx").active)
    assert rows[0] == ["Nummer", "Name", "Beitrag", "Eintritt"]
    assert [row[:3] for row in rows[1:]] == [["007", "Jörg", 12.5], ["012", "Zoë", 8]]
    assert rows[1][3].date().isoformat() == "2024-05-01"


def test_a_sheet_is_exported_as_csv(chat: Chat) -> None:
    turn = chat.ask(
        "Make a list of prices and give me a CSV of it.",
        [
            call(
                "create_excel_file",
                filename="prices.xlsx",
                headers=["Item", "Net", "Gross"],
                rows=[["Tea", 4, "=B2*1.07"], ["Kaffee, ganz", 9, "=B3*1.07"]],
            ),
            call("export_excel_file", format="csv"),
            say("Both files are attached."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["prices.xlsx", "prices.csv"]
    text = chat.download_chip("prices.csv").decode("utf-8-sig")
    assert text.splitlines() == ["Item,Net,Gross", "Tea,4,4.28", '"Kaffee, ganz",9,9.63']
    chat.reload()
    assert chat.chips() == ["prices.xlsx", "prices.csv"]


def test_the_sales_report(chat: Chat, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "examples" / "sales.csv"
    turn = chat.ask(
        "Please make a sales report of this file, in euros.",
        [
            call("import_csv_to_excel", source="latest"),
            call(
                "create_excel_report",
                report="sales_report",
                workbook="{{results.0.workbook}}",
                title="Sales 2026",
                options={"currency": "EUR"},
            ),
            say("The report is in {{results.1.workbook}}."),
        ],
        attach=[source],
    )
    chat.shot("done")
    succeeded(turn)
    data = chat.download_chip("sales.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    summary = book["Summary"]
    assert summary._charts
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)["Summary"]
    numbers = [c.value for row in values.iter_rows() for c in row if isinstance(c.value, float)]
    assert numbers, "figures are calculated, not only formulas"


def test_the_employee_directory(chat: Chat) -> None:
    people = [
        {
            "Name": "Ana Silva",
            "Department": "Sales",
            "Email": "ana@example.com",
            "Phone": "+49 30 1",
        },
        {"Name": "Bo Chen", "Department": "IT", "Email": "bo@example.com", "Phone": "030 2"},
    ]
    turn = chat.ask(
        "Make an employee directory from this list.",
        [
            call("create_excel_report", report="employee_directory", rows=people),
            say("Here it is."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    (name,) = chat.chips()
    sheet = book_of(chat, name)["Directory"]
    cells = {cell.value: cell for row in sheet.iter_rows() for cell in row}
    assert cells["ana@example.com"].hyperlink.target == "mailto:ana@example.com"
    assert "030 2" in cells, "a phone number stays what it is"


def test_two_users_at_the_same_time_never_meet(
    new_chat: Callable[..., Chat], bob: User, webui: OpenWebUI
) -> None:
    """Also a second chat of the same user knows nothing of the first."""
    alex, second, bobs = new_chat(), new_chat(), new_chat(bob)
    chats = {"alex": alex, "second": second, "bob": bobs}
    for who, chat in chats.items():
        chat.send(
            f"Make the file of {who}.",
            [
                call("create_excel_file", filename="plan.xlsx", headers=["Owner"], rows=[[who]]),
                call("list_excel_files"),
                say("Done."),
            ],
        )
    for who, chat in chats.items():
        turn = succeeded(chat.wait_reply())
        assert turn.calls[1].result["result"]["open"] == [
            {"workbook": "plan.xlsx", "unsaved_changes": 1}
        ]
        assert rows_of(book_of(chat, "plan.xlsx").active) == [["Owner"], [who]]
    messages = alex.stored()["history"]["messages"].values()
    file_id = next(f["id"] for m in messages for f in m.get("files") or [])
    path = f"/api/v1/files/{file_id}/content"
    assert webui.request("GET", path).ok
    assert webui.request("GET", path, user=bob, check=False).status_code == 404
    for who, chat in chats.items():
        turn = chat.ask("Read it again.", [call("read_excel_range"), say("Read.")])
        assert succeeded(turn).result["result"]["rows"] == [["Owner"], [who]]


@pytest.mark.parametrize("loss", ["tool saved again", "service restarted", "session deleted"])
def test_what_gets_lost_costs_the_user_nothing(
    chat: Chat, service: Service, webui: OpenWebUI, valves: dict[str, object], loss: str
) -> None:
    chat.ask(
        f"Start a table ({loss}).",
        [
            call("create_excel_file", filename="log.xlsx", headers=["Day", "Hours"]),
            call("write_excel_range", start="append", rows=[["2026-03-02", 7.5]]),
            say("Started."),
        ],
    )
    if loss == "tool saved again":
        webui.install_tool(PLUGIN.read_text(encoding="utf-8") + "\n# saved again\n", TOOL_ID)
    elif loss == "service restarted":
        service.process.restart()
    else:
        _delete_session(service, webui.admin.id, chat.id)
    turn = chat.ask(
        "Add the next day.",
        [
            call("write_excel_range", start="append", rows=[["2026-03-03", 8]]),
            say("Added."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert chat.chips() == ["log.xlsx"]
    rows = rows_of(book_of(chat, "log.xlsx").active)
    assert [row[1] for row in rows] == ["Hours", 7.5, 8]


def _delete_session(service: Service, user: str, chat: str) -> None:
    headers = {"Authorization": f"Bearer {service.api_key}"}
    body = {"user": user, "chat": chat}
    found = requests.post(f"{service.url}/v1/sessions", json=body, headers=headers, timeout=10)
    assert found.json()["resumed"] is True
    address = f"{service.url}/v1/sessions/{found.json()['session_id']}"
    assert requests.delete(address, headers=headers, timeout=10).status_code == 204


def test_a_service_that_is_down_is_told_in_plain_words(chat: Chat, service: Service) -> None:
    service.process.stop()
    try:
        turn = chat.ask(
            "Make a small table.",
            [
                call("create_excel_file", filename="x.xlsx", headers=["A"]),
                say("I could not: {{results.0.error}}"),
            ],
        )
        chat.shot("done")
    finally:
        service.process.start()
    assert turn.calls[0].status == "failed"
    assert "can't be reached" in chat.text()
    assert turn.statuses[-1]["done"] is True


def test_the_schemas_fit_a_small_model(chat: Chat, webui: OpenWebUI) -> None:
    """As Open WebUI sends them to the model, all together."""
    chat.ask("Hello.", [say("Hello.")])
    ours = {n: schema for n, schema in webui.model.tool_schemas().items() if "excel" in n}
    assert len(ours) >= 13
    assert sum(len(json.dumps(schema)) for schema in ours.values()) < 24_000
