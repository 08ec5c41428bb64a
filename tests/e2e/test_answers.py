"""Data in, answers out: files and databases are asked, and what comes of it is in the chat."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.e2e.chat import Chat
from tests.e2e.conftest import Service
from tests.e2e.test_main_job import book_of, call, rows_of, say, succeeded
from tests.e2e.test_preview_in_chat import FRAME

SALES = Path(__file__).parents[2] / "examples" / "sales.csv"
BY_REGION = """
SELECT region, sum(quantity * unit_price) AS revenue FROM sales GROUP BY region ORDER BY 2 DESC
"""


@pytest.mark.needs("soffice")
def test_a_csv_is_asked_charted_printed_and_shown(new_chat: Callable[..., Chat]) -> None:
    chat = new_chat(dark=True)
    turn = chat.ask(
        "Which region sells most? Put it on a sheet with a chart, give me a PDF and show it.",
        [
            call("import_csv_to_excel", source="latest"),
            call("query_excel_data", sql=BY_REGION),
            call("query_excel_data", sql=BY_REGION, into="Regions"),
            call("create_excel_chart", sheet="Regions", title="Revenue by region"),
            call("export_excel_file", format="pdf", sheet="Regions"),
            call("preview_excel_file", sheet="Regions"),
            say("**{{results.1.result.rows.0.0}}** sells most: {{results.4.link}}"),
        ],
        attach=[SALES],
    )
    page = chat.page
    page.wait(f"({FRAME})?.getBoundingClientRect().height > 250", "the preview with its height")
    assert page.js(f'({FRAME}).srcdoc.includes(\'"theme":"dark"\')'), "as the chat is"
    succeeded(turn)
    assert turn.calls[1].result["result"]["row_count"] == 4
    assert chat.chips() == ["sales.xlsx", "sales-Regions.pdf"], "one chip a file"
    # A click on it would show it in a tab.
    assert chat.webui.download(turn.files[1]["id"]).startswith(b"%PDF-")
    sheet = book_of(chat, "sales.xlsx")["Regions"]
    assert len(sheet._charts) == 1
    assert [row[0] for row in rows_of(sheet)][1:] == [
        row[0] for row in turn.calls[1].result["result"]["rows"]
    ]
    chat.shot("dark")
    page.resize(390, 844)
    chat.reload()
    page.wait(f"({FRAME})?.getBoundingClientRect().height > 250", "the preview of the stored chat")
    assert chat.chips() == ["sales.xlsx", "sales-Regions.pdf"]
    assert page.js("document.documentElement.scrollWidth") <= 390
    chat.shot("phone")


def test_a_database_stays_selected_over_a_restart(chat: Chat, service: Service) -> None:
    chat.ask(
        "Which databases are there? Take the shop.",
        [
            call("query_database", action="select"),
            call("query_database", action="select", source="shop"),
            call("query_database", sql="SELECT count(*) AS n FROM customers"),
            say("The shop has {{results.2.result.rows.0.0}} customers."),
        ],
    )
    assert "30 customers" in chat.text()
    service.process.restart()
    turn = chat.ask(
        "Put them into Excel by city.",
        [
            call("query_database", sql="SELECT city, count(*) AS n FROM customers GROUP BY city"),
            call(
                "query_database",
                sql="SELECT city, count(*) AS customers FROM customers GROUP BY city",
                into="Cities",
            ),
            say("Here you are."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    cities = turn.calls[0].result["result"]["rows"]
    assert chat.chips() == ["shop.xlsx"]
    rows = rows_of(book_of(chat, "shop.xlsx")["Cities"])
    assert rows[0] == ["city", "customers"]
    assert sorted(rows[1:], key=str) == sorted(cities, key=str)


def test_two_files_of_one_message_are_joined(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order,customer,amount\n1,007,20\n2,012,5.5\n3,007,9\n")
    book = openpyxl.Workbook()
    book.active.title = "Customers"
    for row in [["No", "Name"], ["007", "Jörg"], ["012", "Zoë"]]:
        book.active.append(row)
    book.save(tmp_path / "customers.xlsx")
    turn = chat.ask(
        "How much did each customer buy? Put it into the workbook.",
        [
            call("open_excel_file", file="customers.xlsx"),
            call("import_csv_to_excel", source="orders.csv"),
            call(
                "query_excel_data",
                workbook="customers.xlsx",
                sql="SELECT c.name, sum(o.amount) AS total FROM customers c JOIN orders.orders o "
                "ON o.customer = c.no GROUP BY c.name ORDER BY total DESC",
                into="Totals",
            ),
            say("It is on the sheet Totals."),
        ],
        attach=[tmp_path / "customers.xlsx", tmp_path / "orders.csv"],
    )
    chat.shot("done")
    succeeded(turn)
    assert sorted(chat.chips()) == ["customers.xlsx", "orders.xlsx"]
    sheet = openpyxl.load_workbook(io.BytesIO(chat.download_chip("customers.xlsx")))["Totals"]
    assert rows_of(sheet)[1:] == [["Jörg", 29], ["Zoë", 5.5]]
