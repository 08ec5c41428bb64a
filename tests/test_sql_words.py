"""SQL as people who know another database write it: never a different answer, and a way on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from service.databases.functions import ALLOWED
from service.databases.statements import checked
from service.errors import StatementRefused
from service.sql_words import bare
from service.workbook.sql.statements import parsed
from tests.databases import postgres, source_of, sqlite_shop
from tests.service_fixtures import Chat, MakeService

KINDS = ["SQLite", "PostgreSQL", "MariaDB"]
# They have a grammar of their own, and are tried in tests/shops.
GRAMMAR = set(
    "cast convert extract position substring substr trim overlay group_concat json_object char if "
    "values interval match json_table json_value weight_string date time timestamp".split()
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_keeps_its_name_and_arguments(kind: str) -> None:
    calls = [f"{name.upper()}(a, 'x1', 7)" for name in sorted(ALLOWED[kind] - GRAMMAR)]
    made = [checked(f"SELECT {call} FROM t", kind) for call in calls]
    assert made == [f"SELECT {call} FROM t" for call in calls]


@pytest.mark.parametrize(
    ("kind", "call", "here"),
    [
        ("SQLite", "to_char(ordered, 'YYYY-MM')", "strftime('%Y-%m', day)"),
        ("SQLite", "date_format(ordered, '%Y-%m')", "strftime('%Y-%m', day)"),
        ("SQLite", "datediff('day', ordered, ordered)", "julianday(last) - julianday(first)"),
        ("SQLite", "isnull(city, 'x')", "coalesce(value, 0)"),
        ("PostgreSQL", "strftime('%Y-%m', ordered)", "to_char(day, 'YYYY-MM')"),
        ("PostgreSQL", "year(ordered)", "extract(year FROM day)"),
        ("PostgreSQL", "dateadd(month, 1, ordered)", "day + INTERVAL '1 month'"),
        ("MariaDB", "strftime('%Y-%m', ordered)", "date_format(day, '%Y-%m')"),
        ("MariaDB", "date_trunc('month', ordered)", "date_format(day, '%Y-%m-01')"),
        ("MariaDB", "string_agg(name, ',')", "group_concat(name SEPARATOR ', ')"),
    ],
)
def test_a_function_of_another_database_is_refused_with_the_one_of_this(
    kind: str, call: str, here: str
) -> None:
    with pytest.raises(StatementRefused) as refused:
        checked(f"SELECT {call} FROM orders", kind)
    assert f"In {kind} write {here}" in refused.value.hint


def test_a_format_is_never_left_out() -> None:
    """MariaDB has to_char, too; its format decides what is grouped by."""
    sql = "SELECT TO_CHAR(ordered, 'YYYY-MM') FROM orders"
    assert checked(sql, "MariaDB") == sql


def test_what_would_mean_something_else_is_refused() -> None:
    for sql in ("SELECT * FROM o WHERE d >= DATE '2026-02-01'", "SELECT CAST(d AS DATE) FROM o"):
        with pytest.raises(StatementRefused, match="would be the number 2026"):
            checked(sql, "SQLite")
    with pytest.raises(StatementRefused, match="no FULL JOIN"):
        checked("SELECT * FROM a FULL OUTER JOIN b ON a.id = b.id", "MariaDB")


def test_a_misspelt_name_in_quotes_is_no_text(tmp_path: Path) -> None:
    """SQLite takes a name in double quotes for a text where there is no such column."""
    sqlite_shop(tmp_path / "shop.db")
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        sql = 'SELECT DISTINCT "citty" FROM customers'
        assert shop.execute(sql).fetchall() == [("citty",)]
        with pytest.raises(sqlite3.OperationalError, match="no such column: citty"):
            shop.execute(checked(sql, "SQLite"))
    shop.close()


@pytest.mark.parametrize(
    "text", ["```sql\n{}\n```", "```\n{}```", " {} \n", "```SQL\r\n{};\n```\n"]
)
def test_a_fence_around_a_statement_is_no_part_of_it(text: str) -> None:
    sql = "SELECT 1 AS a"
    assert bare(text.format(sql)).rstrip(";") == sql
    assert parsed(text.format(sql)).sql == sql
    assert checked(text.format(sql), "SQLite") == sql


SALES = [["2026-01-05", "North", 10], ["2026-02-05", "South", 20]]


@pytest.mark.parametrize(
    ("sql", "here"),
    [
        ("SELECT to_char(day, 'YYYY-MM') FROM sheet1", "strftime(day, '%Y-%m')"),
        ("SELECT isnull(amount, 0) FROM sheet1", "coalesce(value, 0)"),
        ("SELECT sum(region) FROM sheet1", "TRY_CAST(replace(text, ',', '.') AS DOUBLE)"),
        ("SELECT TOP 10 * FROM sheet1", "LIMIT 10"),
        ("SELECT [Total Cost] FROM [Sheet1]", "double quotes"),
        ("SELECT * FROM Sheet1!A1:B9", "FROM sheet1"),
        ("SELECT group_concat(region SEPARATOR ';') FROM sheet1", "string_agg(name, ', ')"),
        ("SELECT * FROM sheet1 WHERE region REGEXP 'N'", "regexp_matches(text, 'pattern')"),
        ("SELECT sheet1.region FROM sheet1 s", "after FROM or JOIN"),
        ("SELECT * FROM main.sheet1", "Write test.sheet1"),
    ],
)
def test_a_question_about_sheets_in_other_words_is_told_the_words(
    chat: Chat, sql: str, here: str
) -> None:
    chat.op("create_excel_file", filename="test", headers=["Day", "Region", "Amount"], rows=SALES)
    error = chat.fail("query_excel_data", sql=sql)
    assert here in error["hint"], error


def test_headers_in_backticks_mean_their_columns(chat: Chat) -> None:
    headers = ["Day", "Region", "Total Cost (EUR)"]
    chat.op("create_excel_file", filename="test", headers=headers, rows=SALES)
    sql = "SELECT `Region`, `Total Cost (EUR)` FROM `Sheet1` ORDER BY `Total Cost (EUR)` DESC"
    assert chat.op("query_excel_data", sql=sql)["result"]["rows"] == [["South", 20], ["North", 10]]


@pytest.mark.needs("postgres")
@pytest.mark.needs("initdb")
def test_the_month_of_a_date_is_its_month_wherever_the_server_stands(
    make_service: MakeService,
) -> None:
    sql = "SELECT DATE_TRUNC('month', ordered) AS m, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1"
    with postgres() as url:
        source = source_of("shop", f"{url}?options=-c%20timezone%3DAsia/Tokyo")
        chat = Chat(make_service(databases=(source,)))
        rows = chat.op("query_database", source="shop", sql=sql)["result"]["rows"]
    assert [row[0] for row in rows] == [f"2026-0{n}-01 00:00:00" for n in (1, 2, 3)]
