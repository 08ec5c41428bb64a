"""Queries in sessions: several workbooks, what lands stays, over HTTP."""

from __future__ import annotations

import io

import openpyxl

from tests.service_fixtures import Chat, MakeService, rows_of

JOIN = (
    "SELECT s.code, sum(s.amount * r.rate) AS usd FROM sheet1 s "
    "JOIN rates_2026.sheet1 r USING (code) GROUP BY ALL ORDER BY ALL"
)


def two_workbooks(chat: Chat) -> None:
    chat.op(
        "create_excel_file",
        filename="sales.xlsx",
        headers=["Code", "Amount"],
        rows=[["EUR", 10], ["GBP", 20], ["EUR", "=B2*3"]],
    )
    rates = [["EUR", 1.1], ["GBP", 1.3]]
    name = "Rates 2026.xlsx"
    chat.op("create_excel_file", filename=name, headers=["Code", "Rate"], rows=rates)


def asked(chat: Chat, sql: str, workbook: str = "sales") -> list[list[object]]:
    found: list[list[object]] = chat.op("query_excel_data", workbook=workbook, sql=sql)["result"][
        "rows"
    ]
    return found


def test_several_workbooks_are_asked_at_once_as_they_are_now(chat: Chat) -> None:
    two_workbooks(chat)
    assert asked(chat, JOIN) == [["EUR", 44], ["GBP", 26]]
    chat.op("write_excel_range", workbook="Rates 2026.xlsx", start="B2", rows=[[2]])
    assert asked(chat, JOIN) == [["EUR", 80], ["GBP", 26]]
    chat.op("undo_excel_change", workbook="Rates 2026.xlsx")
    assert asked(chat, JOIN) == [["EUR", 44], ["GBP", 26]]
    quoted = JOIN.replace("rates_2026.", '"Rates 2026.xlsx".')
    assert asked(chat, quoted) == [["EUR", 44], ["GBP", 26]]


def test_a_workbook_that_is_not_open_is_told(chat: Chat) -> None:
    two_workbooks(chat)
    error = chat.fail("query_excel_data", workbook="sales", sql="SELECT * FROM costs.sheet1")
    assert error["code"] == "invalid_query"
    assert error["message"] == ('No open workbook "costs". Open: "sales.xlsx", "Rates 2026.xlsx".')


def test_each_of_two_workbooks_may_ask_the_other(chat: Chat) -> None:
    two_workbooks(chat)
    assert asked(chat, "SELECT count(*) FROM sales.sheet1", "Rates 2026") == [[3]]
    assert asked(chat, "SELECT count(*) FROM rates_2026.sheet1") == [[2]]


def test_an_answer_changes_nothing_and_rows_on_a_sheet_do(chat: Chat) -> None:
    two_workbooks(chat)
    before = chat.op("query_excel_data", workbook="sales", sql=JOIN)
    assert before["unsaved_changes"] == 1  # its making
    landed = chat.op(
        "query_excel_data", workbook="sales", sql=JOIN, into="Result", options={"table": "Usd"}
    )
    assert landed["unsaved_changes"] == 2
    assert landed["sheet"] == "Result"
    assert landed["result"]["into"] == "Result!A1:B3"
    assert landed["result"]["table"] == "Usd"
    assert chat.rows("sales", "Result") == [["Code", "usd"], ["EUR", 44], ["GBP", 26]]
    chart = chat.op(
        "create_excel_chart", workbook="sales", sheet="Result", chart_type="bar", data_range="A1:B3"
    )
    assert chart["result"]
    chat.op("undo_excel_change", workbook="sales", steps=2)
    assert chat.fail("read_excel_range", workbook="sales", sheet="Result")["code"] == (
        "sheet_not_found"
    )
    chat.op("undo_excel_change", workbook="sales", action="redo", steps=2)
    assert chat.rows("sales", "Result")[1] == ["EUR", 44]


def test_what_landed_is_replayed_without_the_other_workbook(make_service: MakeService) -> None:
    first = make_service()
    chat = Chat(first, "maria", "prices")
    two_workbooks(chat)
    chat.op("query_excel_data", workbook="sales", sql=JOIN, into="Result")
    chat.op("close_excel_file", workbook="Rates 2026")
    first.close()
    again = Chat(make_service(), "maria", "prices")
    assert again.rows("sales", "Result") == [["Code", "usd"], ["EUR", 44], ["GBP", 26]]
    draft = again.op("read_excel_range", workbook="sales", sheet="Result")["files"][0]
    book = openpyxl.load_workbook(io.BytesIO(again.download(draft)))
    assert book["Result"]["B2"].value == 44


def test_a_query_is_a_step_among_others(chat: Chat) -> None:
    two_workbooks(chat)
    steps = [
        {"tool": "write_excel_range", "arguments": {"start": "B2", "rows": [[100]]}},
        {
            "tool": "query_excel_data",
            "arguments": {"sql": "SELECT max(amount) AS most FROM sheet1"},
            "name": "top",
        },
        {
            "tool": "write_excel_range",
            "arguments": {"start": "D1", "rows": [["$top.rows.0.0"]]},
        },
        {"tool": "query_excel_data", "arguments": {"sql": JOIN, "into": "Result"}},
    ]
    chat.op("run_excel_steps", workbook="sales", steps=steps)
    assert chat.rows("sales", "Sheet1")[0][3] == 300
    assert chat.rows("sales", "Result")[1] == ["EUR", 440]


def test_uploaded_files_are_asked_with_headers_further_down(chat: Chat) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Kosten 2026"
    for row in [
        ["Bericht"],
        [],
        ["Posten", "Betrag"],
        ["Miete", "1.234,56 EUR"],
        ["Strom", "80,00 EUR"],
    ]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    assert rows_of(out.getvalue())[2] == ["Posten", "Betrag"]
    chat.upload(out.getvalue(), "kosten.xlsx")
    chat.op("open_excel_file", file="kosten.xlsx")
    found = chat.op("query_excel_data", sql='SELECT sum(betrag) s FROM "Kosten 2026"')["result"]
    assert found["rows"] == [[1314.56]]
    assert found["tables"] == {"kosten_2026": "Kosten 2026!A3:B5"}
    assert found["decided"] == ['betrag: 2 texts such as "1.234,56 EUR" read as amounts']


def test_the_workbook_need_not_be_named_where_the_sql_names_it(chat: Chat) -> None:
    two_workbooks(chat)
    sql = JOIN.replace("FROM sheet1", "FROM sales.sheet1")
    assert chat.op("query_excel_data", sql=sql)["result"]["rows"] == [["EUR", 44], ["GBP", 26]]
    one = chat.op("query_excel_data", sql='SELECT count(*) FROM "Rates 2026.xlsx".sheet1')
    assert one["result"]["rows"] == [[2]]
    assert one["workbook"] == "Rates 2026.xlsx"
    error = chat.fail("query_excel_data", sql=JOIN)
    assert error["code"] == "workbook_required"
    assert "sheet1 for a table" in error["hint"]
    for given in (
        {"sql": sql, "into": "Result"},
        {"sql": "SELECT sales.code FROM sheet1 AS sales"},
        {"sql": "SELECT count(*) FROM sheet1"},
        {},
    ):
        assert chat.fail("query_excel_data", **given)["code"] == "workbook_required"
