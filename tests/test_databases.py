"""query_database against real servers: PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from service.databases.connections import connected
from service.databases.failures import told
from service.databases.hidden_calls import refuse_hidden_calls
from service.databases.statements import checked
from service.errors import ExcelToolsError, StatementRefused
from service.settings import Settings
from service.sources import Source
from service.web.app import Service
from tests.databases import (
    PASSWORD,
    QUOTED,
    READER,
    SHOPS,
    mariadb,
    postgres,
    source_of,
    sqlite_shop,
)
from tests.service_fixtures import KEY, Chat, MakeService, error_of

KINDS = [
    pytest.param("SQLite"),
    pytest.param("PostgreSQL", marks=[pytest.mark.needs("postgres"), pytest.mark.needs("initdb")]),
    pytest.param(
        "MariaDB",
        marks=[pytest.mark.needs("mariadbd"), pytest.mark.needs("mariadb-install-db")],
    ),
]


@pytest.fixture(scope="module", params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The shop, in a real database of each kind."""
    with ExitStack() as stack:
        if request.param == "SQLite":
            yield sqlite_shop(tmp_path_factory.mktemp("shop") / "shop.db", seconds=2)
        else:
            server = postgres() if request.param == "PostgreSQL" else mariadb()
            yield source_of("shop", stack.enter_context(server), seconds=2)


@pytest.fixture(scope="module")
def shop(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that knows the shop."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), engines=1, api_keys=(KEY,), databases=(source,)
    )
    with Service(settings) as running:
        yield running


@pytest.fixture
def chat(shop: Service) -> Chat:
    """A fresh chat that has selected the shop."""
    chat = Chat(shop)
    chat.op("query_database", action="select", source="shop")
    return chat


def lines(what: str, source: Source) -> list[str]:
    """The statements of a kind that are tried everywhere, and at this database alone."""
    own = {"PostgreSQL": "postgres", "MariaDB": "mariadb", "SQLite": "sqlite"}[source.kind]
    texts = [(SHOPS / f"{what}-{name}.txt").read_text() for name in ("everywhere", own)]
    return [line for line in "".join(texts).splitlines() if not line.startswith("#")]


def ask(chat: Chat, sql: str, **more: object) -> dict[str, Any]:
    answer: dict[str, Any] = chat.op("query_database", sql=sql, **more)["result"]
    return answer


def test_what_was_selected_is_found_by_later_queries(shop: Service) -> None:
    chat = Chat(shop)
    error = chat.fail("query_database", sql="SELECT 1")
    assert (error["code"], error["status"]) == ("database_required", 422)
    assert '"shop"' in error["message"]
    assert 'action="select", source="shop"' in error["hint"]
    listed = chat.op("query_database", action="select")["result"]
    assert [one["name"] for one in listed["databases"]] == ["shop"]
    assert "selected" not in listed
    assert chat.op("query_database", action="select", source="SHOP")["result"]["selected"] == "shop"
    assert ask(chat, "SELECT COUNT(*) AS n FROM customers")["rows"] == [[30]]
    assert chat.op("query_database", action="select")["result"]["selected"] == "shop"


def test_it_is_still_selected_after_a_restart(make_service: MakeService, source: Source) -> None:
    chat = Chat(make_service(databases=(source,)), "ann", "one")
    chat.op("query_database", action="select", source="shop")
    count = ask(chat, "SELECT COUNT(*) AS n FROM customers")
    later = Chat(make_service(databases=(source,)), "ann", "one")
    assert ask(later, "SELECT COUNT(*) AS n FROM customers") == count


def test_tables_and_columns_are_told(chat: Chat, source: Source) -> None:
    tables = chat.op("query_database", action="tables")["result"]["tables"]
    expected = {"customers", "orders", "kinds", "rich"}
    expected |= {"stock.items"} if source.kind == "PostgreSQL" else set()
    assert set(tables) - {"numbers"} == expected, "those that may be read, and no others"
    named = chat.op("query_database", action="tables", sql="orders")["result"]["tables"]
    assert list(named) == ["orders"]
    columns = {line.split()[0]: line for line in named["orders"]}
    assert list(columns) == ["id", "customer_id", "total", "ordered", "paid"]
    assert columns["id"].endswith(" key")
    assert columns["customer_id"].endswith("-> customers.id")
    assert " date" in columns["ordered"]
    error = chat.fail("query_database", action="tables", sql="orders, nothing")
    assert '"nothing"' in error["message"]
    assert '"customers"' in error["message"]


def test_rows_are_answered_up_to_a_limit(chat: Chat) -> None:
    sql = "SELECT id, total FROM orders ORDER BY id"
    answer = chat.op("query_database", sql=sql)
    assert answer["result"]["row_count"] == 100
    assert answer["result"]["more_rows"] is True
    assert "into" in answer["next"][0]
    assert answer["result"]["rows"][:2] == [[1, 1.25], [2, 2.5]]
    assert len(ask(chat, sql, limit=3)["rows"]) == 3
    assert len(ask(chat, sql, limit=50_000)["rows"]) == 1_000
    few = ask(chat, "SELECT id FROM customers WHERE id < 3 ORDER BY id", limit=2)
    assert few["rows"] == [[1], [2]]
    assert "more_rows" not in few
    assert ask(chat, "SELECT id FROM customers WHERE id < 0")["rows"] == []


KINDS_SQL = {
    "PostgreSQL": "SELECT id, amount, huge, big, day, moment, zoned, clock, span, yes, bytes, doc,"
    " uid, marks, ratio, note FROM kinds ORDER BY id",
    "MariaDB": "SELECT id, amount, huge, big, day, moment, zoned, clock, yes, bytes, doc, uid,"
    " ratio, note FROM kinds ORDER BY id",
    "SQLite": "SELECT id, amount, huge, big, day, moment, yes, bytes, ratio, note FROM kinds"
    " ORDER BY id",
}


def test_each_type_lands_as_what_it_is(chat: Chat, source: Source) -> None:
    answer = chat.op("query_database", sql=KINDS_SQL[source.kind], into="Kinds")
    assert answer["workbook"] == "shop.xlsx"
    assert answer["result"]["into"].startswith("Kinds!A1:")
    assert answer["result"]["rows"] == 2
    sheet = openpyxl.load_workbook(io.BytesIO(chat.download(answer["files"][0])))["Kinds"]
    names, first, second = (list(row) for row in sheet.iter_rows(values_only=True))
    row = dict(zip(names, first, strict=True))
    assert second == [2, *[None] * (len(names) - 1)]
    assert row["amount"] == 1234.56
    assert row["huge"] == "123456789012345678901234567890", "exact, as text"
    assert row["big"] == "9007199254740993", "more digits than a cell's number has"
    assert str(row["day"]) == "2026-02-28 00:00:00"
    assert str(row["moment"]) == "2026-02-28 13:14:15"
    assert row["bytes"] == "00ff10"
    assert row["ratio"] == 0.1
    assert row["note"] == "=1+1"
    cell = sheet.cell(2, names.index("note") + 1)
    assert cell.data_type == "s", "a text, and no formula"
    if source.kind != "MariaDB":  # which has no truth values
        assert row["yes"] is True
    if "zoned" in row:
        assert str(row["zoned"]) == "2026-02-28 11:14:15", "in UTC"
        assert str(row["clock"]) in ("06:30:00", "6:30:00")
        assert row["uid"] == "7f8a1c9e-0000-4000-8000-00000000abcd"
        assert row["doc"].replace(" ", "") == '{"a":[1,"x"]}'
    if "span" in row:
        assert str(row["span"]) == "1 day, 12:00:00"
        assert row["marks"] == "[1, 2, 3]"
    dates = sheet.cell(2, names.index("day") + 1).number_format
    assert "yy" in dates.lower()


def test_rows_land_in_an_open_workbook_and_can_be_undone(chat: Chat) -> None:
    chat.op("create_excel_file", filename="mine", headers=["A"], rows=[[1]])
    sql = "SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY city"
    answer = chat.op("query_database", sql=sql, into="Sheet1!C3", workbook="mine")
    assert answer["unsaved_changes"] == 2
    assert answer["result"]["into"] == "Sheet1!C3:D6"
    assert chat.rows()[2:4] == [[None, None, "city", "n"], [None, None, "Lima", 10]]
    chat.op("undo_excel_change")
    assert chat.rows() == [["A"], [1]]
    chat.op("undo_excel_change", action="redo")
    assert chat.rows()[3] == [None, None, "Lima", 10]
    error = chat.fail("query_database", sql=sql, into="Sheet1")
    assert "holds data" in error["message"]
    saved = chat.op("save_excel_file")["files"][0]
    assert chat.downloaded_rows(saved)[3][2:] == ["Lima", 10]


def test_all_rows_land_and_a_limit_is_kept(chat: Chat) -> None:
    sql = "SELECT id, customer_id, total, ordered, paid FROM orders ORDER BY id"
    assert chat.op("query_database", sql=sql, into="All")["result"]["rows"] == 2_000
    some = chat.op("query_database", sql=sql, into="Some", limit=10)["result"]
    assert some["rows"] == 10
    assert "first 10 rows" in some["notes"][-1]


# Same words, same answers -------------------------------------------------------------------


def test_what_is_run_means_what_was_written(source: Source) -> None:
    """The statement is written anew from its parts; the database answers both the same."""
    with connected(source) as connection:
        for sql in lines("queries", source):
            made = checked(sql, source.kind)
            refuse_hidden_calls(connection, made, source.kind, ())
            assert rows(connection, made) == rows(connection, sql), made


def rows(connection: sa.Connection, sql: str) -> list[tuple[Any, ...]]:
    running = connection.execution_options(no_parameters=True)
    return [tuple(row) for row in running.exec_driver_sql(sql)]


def raw(source: Source, sql: str) -> list[tuple[Any, ...]]:
    with connected(source) as connection:
        return rows(connection, sql)


# Attempts -----------------------------------------------------------------------------------


def test_attempts_to_do_more_than_read_are_refused(chat: Chat, source: Source) -> None:
    attempts = lines("attempts", source)
    assert len(attempts) >= 40
    before = contents(source)
    done = [sql for sql in attempts if not is_refused(source, sql)]
    assert done == []
    # A few of them all the way, so that what is told is seen.
    for sql in (attempts[0], attempts[15], attempts[-2]):
        error = chat.fail("query_database", sql=sql)
        assert (error["code"], error["status"]) == ("statement_refused", 422), sql
        assert_no_secret(error, source)
    assert contents(source) == before
    written = set(re.findall(r"/tmp/excel-tools-attempt-[\w.]+", " ".join(attempts)))
    assert written
    assert not [path for path in written if Path(path).exists()]


def is_refused(source: Source, sql: str) -> bool:
    """Whether nothing comes of it, because it is no query or the database knows no such thing."""
    try:
        made = checked(sql, source.kind)
        with connected(source) as connection:
            refuse_hidden_calls(connection, made, source.kind, ())
            rows(connection, made)
    except StatementRefused:
        return True
    except sa.exc.SQLAlchemyError as error:
        return told(error, source).code in ("statement_refused", "statement_failed")
    return False


def contents(source: Source) -> list[Any]:
    tables = ("customers", "orders", "kinds")
    with connected(source) as connection:
        return [rows(connection, f"SELECT * FROM {table} ORDER BY id") for table in tables]


BEHIND = {
    "PostgreSQL": [
        "INSERT INTO customers VALUES (99, 'x', 'y')",
        "WITH x AS (DELETE FROM customers RETURNING *) SELECT * FROM x",
        "CREATE TABLE mine (a int)",
        "SELECT nextval('numbers')",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT pg_sleep(60)",
    ],
    "MariaDB": [
        "INSERT INTO customers VALUES (99, 'x', 'y')",
        "DELETE FROM customers",
        "CREATE TABLE mine (a int)",
        "SELECT NEXTVAL(numbers)",
        "SELECT 1; DELETE FROM customers",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE customers",
    ],
    "SQLite": [
        "INSERT INTO customers VALUES (99, 'x', 'y')",
        "CREATE TABLE mine (a)",
        "ATTACH ':memory:' AS m",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM customers",
        "CREATE TEMP TABLE mine (a)",
        "SELECT randomblob(1000000000)",
    ],
}


def test_the_connection_refuses_what_the_check_of_words_would_let_through(source: Source) -> None:
    before = contents(source)
    for sql in BEHIND[source.kind]:
        with pytest.raises((sa.exc.SQLAlchemyError, ExcelToolsError)) as caught:
            raw(source, sql)
        if isinstance(caught.value, sa.exc.SQLAlchemyError):
            error = told(caught.value, source)
            codes = ("statement_refused", "statement_failed", "operation_too_slow")
            assert error.code in codes, sql
            assert_no_secret(error.body("x"), source)
    assert contents(source) == before


SLOW = "SELECT COUNT(*) FROM orders a, orders b, orders c, orders d"


def test_a_statement_that_takes_too_long_is_stopped(chat: Chat) -> None:
    error = chat.fail("query_database", sql=SLOW)
    assert (error["code"], error["status"]) == ("operation_too_slow", 504)
    assert "2 seconds" in error["message"]
    assert ask(chat, "SELECT 1 AS one")["rows"] == [[1]]


RUNNING = {
    "PostgreSQL": "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'excel-tools' "
    "AND state = 'active' AND pid <> pg_backend_pid()",
    "MariaDB": "SELECT COUNT(*) FROM information_schema.processlist "
    "WHERE info LIKE '%orders%orders%' AND id <> CONNECTION_ID()",
}


def test_a_cancelled_statement_is_ended_at_the_server(
    make_service: MakeService, source: Source
) -> None:
    patient = source_of("shop", source.url, seconds=20)
    chat = Chat(make_service(databases=(patient,)))

    def running() -> int:
        return int(raw(source, RUNNING[source.kind])[0][0]) if source.kind in RUNNING else 0

    def slow() -> Any:
        parameters = {"action": "query", "source": "shop", "sql": SLOW}
        return chat.call("query_database", parameters, "k1")

    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(slow)
        session = {**chat.headers, "X-Excel-Session": chat.id}
        until(lambda: doing(chat, session) == "asking the database")
        until(lambda: source.kind not in RUNNING or running() > 0, 15)
        assert chat.http.delete("/v1/calls/k1", headers=session).get_json()["cancelled"]
        error = error_of(call.result())
    assert (error["code"], error["status"]) == ("cancelled", 409)
    until(lambda: running() == 0, 10)
    assert chat.op("list_excel_files")["result"] == {"open": []}
    chat.op("query_database", action="select", source="shop")
    assert ask(chat, "SELECT 1 AS one")["rows"] == [[1]]


def doing(chat: Chat, headers: dict[str, str]) -> str:
    """What the service does for the call k1."""
    return str(chat.http.get("/v1/calls/k1", headers=headers).get_json().get("doing"))


def until(found: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


HUGE = {
    "PostgreSQL": "SELECT repeat('x', 9000000) FROM orders",
    "MariaDB": "SELECT REPEAT('x', 9000000) FROM orders",
    "SQLite": "SELECT replace(printf('%09000000d', 1), '0', 'x') FROM orders",
}


def test_a_result_that_is_too_large_is_refused(chat: Chat, source: Source) -> None:
    error = chat.fail("query_database", sql=HUGE[source.kind])
    assert error["code"] in ("too_large", "operation_too_slow"), error
    assert ask(chat, "SELECT 1 AS one")["rows"] == [[1]]


def test_more_rows_than_the_operator_gives_are_refused(
    make_service: MakeService, source: Source
) -> None:
    few = source_of("shop", source.url, rows=150)
    chat = Chat(make_service(databases=(few,)))
    sql = "SELECT id FROM orders ORDER BY id"
    error = chat.fail("query_database", source="shop", sql=sql, into="All")
    assert (error["code"], error["status"]) == ("too_large", 413)
    assert "150 rows" in error["message"]
    assert chat.op("list_excel_files")["result"]["open"] == [], "nothing was made"
    assert (
        chat.op("query_database", source="shop", sql=sql, into="All", limit=150)["result"]["rows"]
        == 150
    )


# Errors and secrets ---------------------------------------------------------------------------


def assert_no_secret(told: object, source: Source) -> None:
    text = str(told)
    secrets = [source.url]
    if source.kind == "SQLite":
        secrets.append(source.url.removeprefix("sqlite:///"))
    else:
        secrets += [PASSWORD, QUOTED, READER, "127.0.0.1"]
    assert not [secret for secret in secrets if secret in text], text


def test_the_words_of_the_database_are_told_without_secrets(chat: Chat, source: Source) -> None:
    wrong = ["SELECT * FROM nowhere", "SELECT missing FROM customers"]
    if source.kind != "SQLite":
        wrong += ["SELECT * FROM secrets"]
    for sql in wrong:
        error = chat.fail("query_database", sql=sql)
        assert error["code"] in ("statement_failed", "statement_refused"), error
        assert_no_secret(error, source)
    error = chat.fail("query_database", sql="SELECT missing FROM customers")
    assert "missing" in error["message"]
    if source.kind == "SQLite":
        error = chat.fail("query_database", sql="SELECT json('x')")
        assert (error["code"], "malformed JSON" in error["message"]) == ("statement_failed", True)
    error = chat.fail("query_database", sql="SELECT FROM WHERE (")
    assert error["code"] == "statement_refused"
    assert source.kind in error["message"]


def test_a_database_that_lets_nobody_in_tells_no_secret(
    make_service: MakeService, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    if source.kind == "SQLite":
        bad = [source_of("shop", "sqlite:////nowhere/secret-place.db")]
    else:
        bad = [
            source_of("shop", source.url.replace(QUOTED, "wrong-word-99")),
            source_of("shop", source.url.replace("127.0.0.1", "127.0.0.9")),
            source_of("shop", source.url.rpartition("/")[0] + "/no_such_database"),
        ]
    for one in bad:
        chat = Chat(make_service(databases=(one,)))
        error = chat.fail("query_database", source="shop", sql="SELECT 1")
        assert (error["code"], error["status"]) == ("database_unavailable", 503)
        for text in (str(error), caplog.text):
            for secret in (one.url, "wrong-word", READER, "127.0.0.9", "secret-place", PASSWORD):
                assert secret not in text
