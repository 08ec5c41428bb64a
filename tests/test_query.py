"""What query_excel_data reads, refuses and tells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from service.errors import ExcelToolsError, InvalidParameters, InvalidQuery, OperationTooSlow
from service.workbook.book import Book
from service.workbook.found_tables.types import Wishes, typed_column
from service.workbook.sql import shelf
from service.workbook.sql.asking import Asking
from tests.bench import new_book, run

ROWS = [["Rent", 1200, "2026-01-02"], ["Food", 450.5, "2026-01-03"]]


@pytest.fixture
def book() -> Book:
    return new_book(headers=["Item", "Total Cost (EUR)", "Order"], rows=ROWS)


def ask(book: Book, sql: str, **wishes: Any) -> dict[str, Any]:
    return run(book, "query_excel_data", sql=sql, **wishes).result


def one(book: Book, sql: str, **wishes: Any) -> Any:
    return ask(book, sql, **wishes)["rows"][0][0]


# Only reading ---------------------------------------------------------------------

BREAKOUTS = """
DELETE FROM sheet1
INSERT INTO sheet1 VALUES ('x', 1, NULL)
UPDATE sheet1 SET item = 'x'
DROP TABLE sheet1
CREATE TABLE x AS SELECT 1
ALTER TABLE sheet1 ADD COLUMN x INT
TRUNCATE sheet1
SELECT 1; DROP TABLE sheet1
SELECT 1; SELECT 2
WITH d AS (DELETE FROM sheet1 RETURNING *) SELECT * FROM d
WITH d AS (INSERT INTO sheet1 SELECT * FROM sheet1 RETURNING *) SELECT * FROM d
WITH d AS (UPDATE sheet1 SET item = 'x' RETURNING *) SELECT * FROM d
SELECT * FROM (WITH d AS (DELETE FROM sheet1 RETURNING *) SELECT * FROM d)
COPY sheet1 TO '/tmp/query_breakout.csv'
COPY (SELECT 1) TO '/tmp/query_breakout.csv'
EXPORT DATABASE '/tmp/query_breakout'
ATTACH '/tmp/query_breakout.db'
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_parquet('x.parquet')
SELECT * FROM read_json('x.json')
SELECT * FROM glob('/*')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM '/etc/passwd'
SELECT * FROM 'https://example.com/x.csv'
SELECT content FROM read_text('http://127.0.0.1/')
INSTALL httpfs
LOAD httpfs
SET enable_external_access = true
SET memory_limit = '100GB'
RESET lock_configuration
PRAGMA database_list
CALL pragma_version()
SELECT current_setting('memory_limit')
SELECT getenv('HOME')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM pg_settings
SELECT * FROM pg_catalog.pg_settings
SELECT * FROM information_schema.tables
WITH pg_settings AS (SELECT 1) SELECT * FROM pg_settings
SELECT * FROM query('SELECT 42')
SELECT * FROM query_table('sheet1')
SELECT * FROM loaded_1
SELECT * FROM answered__
SELECT * FROM memory.main.loaded_1
USE memory
CHECKPOINT
VACUUM
BEGIN
EXPLAIN ANALYZE SELECT 1
PREPARE x AS SELECT 1
EXECUTE x
CREATE MACRO m() AS 1
CREATE SECRET (TYPE s3)
SHOW ALL TABLES
SELECT write_log('x')
""".strip().splitlines()


@pytest.mark.parametrize("sql", BREAKOUTS)
def test_what_is_more_than_reading_sheets_is_refused(book: Book, sql: str) -> None:
    assert ask(book, "SELECT count(*) FROM sheet1")["rows"] == [[2]]
    with pytest.raises(InvalidQuery) as refused:
        ask(book, sql)
    assert refused.value.hint
    assert ask(book, "SELECT count(*), min(item) FROM sheet1")["rows"] == [[2, "Food"]]
    assert not book.broken
    assert not Path("/tmp/query_breakout.csv").exists()


@pytest.mark.parametrize("sql", ["SELECT (" * 3000, "x" * 30_000, "SELECT 1\x00", "SELECT '"])
def test_a_text_that_is_no_query_is_refused(book: Book, sql: str) -> None:
    with pytest.raises(InvalidQuery):
        ask(book, sql)


def test_a_variable_of_the_service_is_no_table(book: Book) -> None:
    sheet = [1]
    assert sheet
    with pytest.raises(InvalidQuery, match='No table "book" in'):
        ask(book, "SELECT * FROM book")


def test_a_query_has_a_deadline(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "SECONDS", 0.2)
    with pytest.raises(OperationTooSlow, match="was stopped"):
        ask(book, "SELECT count(*) FROM range(100000000000) a, range(1000000) b")
    assert one(book, "SELECT count(*) FROM sheet1") == 2


# What is told ---------------------------------------------------------------------


def test_names_that_are_not_there_are_told_with_those_that_are(book: Book) -> None:
    with pytest.raises(InvalidQuery) as wrong:
        ask(book, "SELECT price FROM sheet1")
    assert wrong.value.message == (
        'No column "price" in the tables asked: sheet1(item, total_cost_eur, order_).'
    )
    with pytest.raises(InvalidQuery, match='No table "sheet9" in test'):
        ask(book, "SELECT * FROM sheet9")


@pytest.mark.parametrize("name", ["total_cost_eur", '"Total Cost (EUR)"', "`Total Cost (EUR)`"])
def test_a_column_is_named_by_its_header_too(book: Book, name: str) -> None:
    assert one(book, f"SELECT max({name}) FROM sheet1") == one(
        book, "SELECT max(total_cost_eur) FROM sheet1"
    )


def test_a_name_that_means_another_workbook_is_told_how_to_write_it(book: Book) -> None:
    others = {"costs.xlsx": "", "My people.xlsx": ""}
    with pytest.raises(InvalidQuery) as wrong:
        Asking(book, others).asked("SELECT * FROM my_people")
    assert "My people.xlsx is written my_people.name_of_the_table" in wrong.value.hint


def test_headers_in_quotes_mean_their_columns(book: Book) -> None:
    sql = 'SELECT "Item", "Total Cost (EUR)" FROM "Sheet1" ORDER BY "ORDER" DESC -- "Item"'
    assert ask(book, sql)["rows"] == [["Food", 450.5], ["Rent", 1200]]
    assert one(book, "SELECT 'a \"Item\"'") == 'a "Item"'


def test_rows_come_in_pages(book: Book) -> None:
    sql = "SELECT a.range AS n FROM range(25) a ORDER BY n"
    last = ask(book, sql, limit=10, options={"page": 3})
    assert last["rows"] == [[20], [21], [22], [23], [24]]
    assert (last["row_count"], last["page"], last["pages"]) == (25, 3, 3)
    with pytest.raises(InvalidParameters, match="3 pages of 10"):
        ask(book, sql, limit=10, options={"page": 4})


@pytest.mark.parametrize(
    "wishes",
    [
        {"limit": 0},
        {"limit": 1001},
        {"options": {"page": 0}},
        {"into": "New", "limit": 5},
        {"into": "New", "options": {"page": 2}},
        {"options": {"table": "auto"}},
        {"options": {"overwrite": True}},
        {"options": {"style": "green"}},
        {"options": {"text_columns": ["nope"]}},
        {"into": "Sheet1"},
        {"options": {"colour": "x"}},
    ],
)
def test_wishes_that_have_no_effect_are_refused(book: Book, wishes: dict[str, Any]) -> None:
    with pytest.raises(ExcelToolsError):
        ask(book, "SELECT * FROM sheet1", **wishes)
    assert book.sheet_names == ["Sheet1"]


def test_rows_that_land_have_the_headers_and_formats_of_their_columns(book: Book) -> None:
    run(book, "format_excel_cells", range="B2:B3", style={"number_format": "currency EUR"})
    found = ask(
        book,
        "SELECT item, total_cost_eur, 2 * total_cost_eur AS twice FROM sheet1",
        into="Out!B2",
        options={"table": "Doubled", "style": "green"},
    )
    assert found["into"] == "Out!B2:D4"
    sheet = book.sheet("Out")
    assert [cell.value for cell in sheet[2]][1:] == ["Item", "Total Cost (EUR)", "twice"]
    assert sheet["C3"].number_format == book.sheet("Sheet1")["B2"].number_format
    assert sheet["D3"].number_format == "#,##0.00"
    assert one(book, "SELECT sum(twice) FROM doubled") == 3301


# As it is now ---------------------------------------------------------------------


def test_changes_made_a_moment_ago_are_seen(book: Book) -> None:
    total = "SELECT sum(total_cost_eur) FROM sheet1"
    assert one(book, total) == 1650.5
    run(book, "write_excel_range", start="B2", rows=[[1]])
    assert one(book, total) == 451.5
    run(book, "write_excel_range", start="append", rows=[["Fun", -1, "2026-02-01"]])
    assert one(book, total) == 450.5
    run(book, "write_excel_range", start="B4", rows=[[-2]])  # -1 and -2 have one hash
    assert one(book, total) == 449.5
    run(book, "edit_excel_sheet", action="delete_rows", sheet="Sheet1", target="2")
    assert one(book, total) == 448.5
    run(book, "edit_excel_sheet", action="rename", sheet="Sheet1", new_name="Costs 2026")
    assert one(book, "SELECT sum(total_cost_eur) FROM costs_2026") == 448.5
    assert one(book, 'SELECT sum(total_cost_eur) FROM "Costs 2026"') == 448.5


def test_values_of_formulas_are_seen_when_what_they_read_changes() -> None:
    sheets = [
        {"name": "In", "headers": ["x"], "rows": [[2], [3]]},
        {"name": "Calc", "headers": ["y"], "rows": [["=In!A2*10"], ["=In!A3*10"], ["=1/0"]]},
    ]
    book = new_book(sheets=sheets)
    assert one(book, "SELECT sum(y) FROM calc") == 50
    run(book, "write_excel_range", sheet="In", start="A2", rows=[[7]])
    found = ask(book, "SELECT sum(y), count(*) FROM calc")
    assert found["rows"] == [[100, 3]]
    assert found["decided"] == ["y: 1 error (#DIV/0!) are blank"]


def test_a_sheet_that_did_not_change_is_not_loaded_again(book: Book) -> None:
    ask(book, "SELECT * FROM sheet1")
    before = shelf.shelf_of(book).sheets["Sheet1"]
    ask(book, "SELECT 1 AS one", into="More")
    ask(book, "SELECT * FROM sheet1")
    assert shelf.shelf_of(book).sheets["Sheet1"] is before


# Tables on sheets -----------------------------------------------------------------


def sheet_of(*rows: list[Any]) -> Book:
    book = Book.blank("test.xlsx")
    sheet = book.xl.create_sheet("Data")
    for row in rows:
        sheet.append(row)
    return book


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([["a", "b"], [1, 2]], ["Data!A1:B2"]),
        ([["Title"], [], [None, "a", "b"], [None, 1, 2]], ["Data!B3:C4"]),
        ([["Title", None, None], ["a", "b", "c"], [1, 2, 3]], ["Data!A2:C3"]),
        ([["a", "b", None, "c", "d"], [1, 2, None, 3, 4]], ["Data!A1:B2", "Data!D1:E2"]),
        ([["a", "b"], [1, 2], [], ["c", "d"], [3, 4]], ["Data!A1:B2", "Data!A4:B5"]),
        ([["a", "b"], [1, 2], [], [3, 4]], ["Data!A1:B4"]),
        ([["a", "b"], [1, 2], ["Total", 2]], ["Data!A1:B2"]),
        ([[1, 2], [3, 4]], ["Data!A1:B2"]),
        ([["Region", 2024, 2025], ["North", 1, 2], ["South", 3, 4]], ["Data!A1:C3"]),
        ([["Note"], ["x"]], ["Data!A1:A2"]),
        ([], []),
    ],
)
def test_tables_are_found_where_they_stand(rows: list[list[Any]], places: list[str]) -> None:
    found = run(sheet_of(*rows), "query_excel_data").result["tables"]
    assert [table["at"] for table in found.values()] == places


def test_names_of_columns_are_clean_and_all_different() -> None:
    book = sheet_of(["Größe (m)", "Größe m", "2024", None, "% done", "Select"], [1, 2, 3, 4, 5, 6])
    names = ["größe_m", "größe_m_2", "_2024", "d", "percent_done", "select_"]
    found = ask(book, f"SELECT {', '.join(names)} FROM data")
    assert found["rows"] == [[1, 2, 3, 4, 5, 6]]


def test_merged_headings_belong_to_the_headers() -> None:
    book = sheet_of(["Region", "2024", None, "2025"], [None, "Q1", "Q2", "Q1"], ["North", 1, 2, 3])
    book.sheet("Data")["A2"].value = "Name"
    book.sheet("Data").merge_cells("B1:C1")
    found = run(book, "query_excel_data").result["tables"]["data"]
    assert list(found["columns"]) == ["region_name", "_2024_q1", "_2024_q2", "_2025_q1"]


DAY = dt.date(2026, 1, 2)


@pytest.mark.parametrize(
    ("values", "kind", "held", "fact"),
    [
        ([1, 2.0, ""], "integer", [1, 2, ""], ""),
        ([1, 2.5], "decimal", [1, 2.5], ""),
        (["1.234,56 EUR", "7,00 EUR"], "decimal", [1234.56, 7], "text_number"),
        (["1.234", "5.000"], "decimal", [1.234, 5], "doubt"),
        (["1,234", "5,000"], "text", ["1,234", "5,000"], "doubt"),
        (["12 %", "5 %"], "percent", [0.12, 0.05], "text_number"),
        (["3", "4", 5], "integer", [3, 4, 5], "text_number"),
        (["3", "n/a", 5], "integer", [3, None, 5], "placeholders"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, "later"], "integer", [*range(1, 10), None], "other_kinds"),
        ([1, "two", 3, "four"], "text", ["1", "two", "3", "four"], "mixed"),
        (["007", "012"], "text", ["007", "012"], ""),
        (["2026-01-02", DAY], "date", [DAY, DAY], "text_date"),
        ([dt.datetime(2026, 1, 2)], "date", [DAY], ""),
        ([DAY, dt.datetime(2026, 1, 2, 3)], "datetime",
         [dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, 3)], ""),
        (["03/04/2026", "05/06/2026"], "text", ["03/04/2026", "05/06/2026"], "doubt"),
        ([True, False], "boolean", [True, False], ""),
        ([dt.time(8)], "time", [dt.time(8)], ""),
        (["#N/A", 3], "integer", [None, 3], "errors"),
        ([None, 3], "integer", [None, 3], "unknown"),
        (["", ""], "blank", ["", ""], ""),
        ([" ", "x"], "text", [None, "x"], ""),
        ([10**30], "decimal", [10**30], ""),
    ],
)  # fmt: skip
def test_the_type_of_a_column_is_decided_and_told(
    values: list[Any], kind: str, held: list[Any], fact: str
) -> None:
    found = typed_column("Header", values, "General")
    assert found.kind == kind
    wanted = [None if value == "" else value for value in held]
    assert [None if value == "" else value for value in found.values] == wanted
    assert not fact or fact in found.facts
    assert bool(found.notes) == bool(found.facts)


def test_the_caller_decides_types() -> None:
    days = ["03/04/2026", "05/06/2026"]
    assert typed_column("Day", days, "General", Wishes(date_order="dmy")).values[0] == dt.date(
        2026, 4, 3
    )
    wanted = Wishes(text_columns=frozenset({"id"}))
    assert typed_column("Id", ["1", "2"], "General", wanted).values == ["1", "2"]
    book = sheet_of(["Id", "Day"], ["1", days[0]], ["2", days[1]])
    options = {"text_columns": ["ID"], "date_order": "mdy"}
    assert ask(book, "SELECT id, day FROM data", options=options)["rows"][0] == ["1", "2026-03-04"]
    assert ask(book, "SELECT id, day FROM data")["rows"][0] == [1, "03/04/2026"]


def test_a_very_large_sheet_is_read_from_its_bytes(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("Big")
    sheet.append(["Id", "Value"])
    for number in range(160_000):
        sheet.append([number, number % 7])
    made.save(tmp_path / "big.xlsx")
    book = Book.load(tmp_path / "big.xlsx", "big.xlsx")
    total = "SELECT sum(value), max(id) FROM big"
    assert ask(book, total)["rows"] == [[479_997, 159_999]]
    assert book.very_large
    run(book, "write_excel_range", start="B2", rows=[[1000]])
    assert ask(book, total)["rows"] == [[480_997, 159_999]]
    assert book.sheet("Big")._cells.opened < 1000


def test_moments_of_now_are_moments(book: Book) -> None:
    sql = (
        "SELECT now() AS n, date_trunc('month', now()) AS m, get_current_time() AS t, [now()] AS l"
    )
    columns = ask(book, sql)["columns"]
    assert columns == {"n": "datetime", "m": "datetime", "t": "time", "l": "text"}
    before = ask(book, sql, into="Now")["into"]
    assert before == "Now!A1:D2"


# Many workbooks ------------------------------------------------------------------------


def test_few_databases_are_kept_and_all_workbooks_answer() -> None:
    books = [new_book(headers=["Item"], rows=[[number]]) for number in range(6)]
    for _ in range(2):
        for number, book in enumerate(books):
            answer = run(book, "query_excel_data", sql="SELECT * FROM sheet1")
            assert answer.result["rows"] == [[number]]
    kept = [book for book in books if book in shelf._SHELVES]
    assert kept == books[-4:]


def test_pages_of_an_answer_go_on_where_its_database_was_not_kept() -> None:
    book = new_book(headers=["Item"], rows=[[number] for number in range(30)])
    asked = {"sql": "SELECT * FROM sheet1", "limit": 10}
    assert run(book, "query_excel_data", **asked).result["rows"][0] == [0]
    for number in range(5):
        run(new_book(headers=["A"], rows=[[number]]), "query_excel_data", sql="FROM sheet1")
    last = run(book, "query_excel_data", **asked, options={"page": 3}).result["rows"]
    assert (last[0], last[-1]) == ([20], [29])
