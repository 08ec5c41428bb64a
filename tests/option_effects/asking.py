"""query_database and preview_excel_file: what their options do, through the service."""

from __future__ import annotations

from tests.option_effects.in_chats import case, draft, names, two
from tests.service_fixtures import Chat
from tests.test_preview import data_of

COUNT = "SELECT COUNT(*) AS n FROM customers"


@case("query_database", "action=select")
def lists_the_databases(chat: Chat) -> None:
    found = chat.op("query_database", action="select")["result"]
    assert [one["name"] for one in found["databases"]] == ["shop"]


@case("query_database", "action=tables")
def lists_the_tables(chat: Chat) -> None:
    assert "customers" in str(chat.op("query_database", action="tables", source="shop")["result"])


@case("query_database", "action=query")
def answers_the_rows(chat: Chat) -> None:
    found = chat.op("query_database", action="query", source="shop", sql=COUNT)["result"]
    assert found["rows"] == [[30]]


@case("query_database", "source")
def asks_the_named_database(chat: Chat) -> None:
    assert chat.fail("query_database", sql=COUNT)["code"] == "database_required"
    assert chat.op("query_database", sql=COUNT, source="shop")["result"]["database"] == "shop"


@case("query_database", "sql")
def asks_what_is_asked(chat: Chat) -> None:
    chat.op("query_database", action="select", source="shop")
    one = chat.op("query_database", sql=COUNT)["result"]["rows"]
    other = chat.op("query_database", sql="SELECT 7 AS n")["result"]["rows"]
    assert (one, other) == ([[30]], [[7]])


@case("query_database", "limit")
def answers_no_more_rows_than_that(chat: Chat) -> None:
    sql = "SELECT id FROM customers ORDER BY id"
    found = chat.op("query_database", source="shop", sql=sql, limit=2)["result"]
    assert found["rows"] == [[1], [2]]


@case("query_database", "into")
def writes_the_rows(chat: Chat) -> None:
    sql = "SELECT id FROM customers ORDER BY id"
    chat.op("query_database", source="shop", sql=sql, into="Customers")
    assert chat.rows()[:3] == [["id"], [1], [2]]


@case("query_database", "workbook")
def writes_into_the_named_workbook(chat: Chat) -> None:
    two(chat)
    before = draft(chat, "b.xlsx").parts
    chat.op("query_database", source="shop", sql=COUNT, into="Found", workbook="a.xlsx")
    assert "Found" in draft(chat, "a.xlsx").xl.sheetnames
    assert draft(chat, "b.xlsx").parts == before
    assert names(chat) == ["a.xlsx", "b.xlsx"]


def page(chat: Chat, **asked: str) -> str:
    """The page that a preview's link leads to."""
    url = chat.op("preview_excel_file", **asked)["preview_url"]
    return chat.http.get(url[url.index("/preview/") :]).get_data(as_text=True)


def first_of(page: str) -> str:
    """The sheet that a page shows first."""
    data = data_of(page)
    return str(data["sheets"][data["first"]]["name"])


@case("preview_excel_file", "workbook")
def shows_the_named_workbook(chat: Chat) -> None:
    two(chat)
    assert "<title>a.xlsx" in page(chat, workbook="a.xlsx")
    assert "<title>b.xlsx" in page(chat, workbook="b.xlsx")


@case("preview_excel_file", "sheet")
def begins_with_the_named_sheet(chat: Chat) -> None:
    sheets = [{"name": name, "rows": [[f"in {name}"]]} for name in ("One", "Two")]
    chat.op("create_excel_file", filename="a.xlsx", sheets=sheets)
    assert first_of(page(chat)) == "One"
    assert first_of(page(chat, sheet="two")) == "Two"
