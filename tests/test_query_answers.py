"""Sixty questions in SQL have the answers that SQLite gives on the same data."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from service.workbook.book import Book
from tests.bench import run
from tests.query_books import as_sqlite, opened

QUESTIONS = """
SELECT count(*) FROM towns
SELECT count(*), count(spent), sum(amount) FROM budgets
SELECT count(*), count(visitors), sum(visitors) FROM visits
SELECT * FROM towns ORDER BY code LIMIT 5
SELECT name FROM towns WHERE code = '00007'
SELECT name, people FROM towns ORDER BY people DESC, name LIMIT 10
SELECT region, count(*) AS n FROM towns GROUP BY region ORDER BY region
SELECT region, sum(people) AS people FROM towns GROUP BY region ORDER BY people DESC
SELECT region, avg(area_km2) AS area FROM towns GROUP BY region ORDER BY area
SELECT region, min(people), max(people) FROM towns GROUP BY region ORDER BY 1
SELECT coastal, count(*) FROM towns GROUP BY coastal ORDER BY coastal
SELECT sum(people) FROM towns WHERE coastal
SELECT name, people / area_km2 AS density FROM towns ORDER BY density DESC LIMIT 3
SELECT min(founded), max(founded) FROM towns
SELECT name FROM towns WHERE founded < '1920-01-01' ORDER BY founded, name
SELECT count(*) FROM towns WHERE founded BETWEEN '1950-01-01' AND '1959-12-31'
SELECT name FROM towns WHERE name LIKE 'Town 1%' ORDER BY name
SELECT upper(region), length(name) FROM towns ORDER BY code LIMIT 4
SELECT substr(code, 4, 2) AS tail, count(*) FROM towns GROUP BY tail ORDER BY tail LIMIT 12
SELECT DISTINCT kind FROM budgets ORDER BY kind
SELECT year, sum(amount) FROM budgets GROUP BY year ORDER BY year
SELECT kind, year, sum(amount) AS s FROM budgets GROUP BY kind, year ORDER BY kind, year
SELECT kind, avg(spent) FROM budgets GROUP BY kind ORDER BY kind
SELECT count(*) FROM budgets WHERE spent IS NULL
SELECT sum(amount * coalesce(spent, 0)) FROM budgets
SELECT kind, max(amount) FROM budgets GROUP BY kind HAVING count(*) > 80 ORDER BY kind
SELECT code, sum(amount) AS s FROM budgets GROUP BY code ORDER BY s DESC, code LIMIT 5
SELECT count(DISTINCT code) FROM budgets
SELECT year, count(DISTINCT kind) FROM budgets GROUP BY year ORDER BY year
SELECT round(avg(amount), 2) FROM budgets WHERE kind = 'park' AND year = 2024
SELECT CASE WHEN amount > 50000 THEN 'large' ELSE 'small' END AS size, count(*) FROM budgets GROUP BY 1 ORDER BY 1
SELECT t.region, sum(b.amount) FROM budgets b JOIN towns t ON t.code = b.code GROUP BY t.region ORDER BY 1
SELECT t.name, b.year, b.amount FROM towns t JOIN budgets b USING (code) WHERE t.code = '00042' ORDER BY b.year, b.amount
SELECT t.name FROM towns t LEFT JOIN visits v ON v.code = t.code WHERE v.code IS NULL ORDER BY t.name
SELECT count(*) FROM visits v LEFT JOIN towns t ON t.code = v.code WHERE t.code IS NULL
SELECT t.region, v.kind, sum(v.visitors) AS s FROM visits v JOIN towns t USING (code) GROUP BY 1, 2 ORDER BY 1, 2
SELECT code FROM towns EXCEPT SELECT code FROM visits ORDER BY code
SELECT code FROM visits EXCEPT SELECT code FROM towns ORDER BY code
SELECT kind FROM budgets INTERSECT SELECT kind FROM visits ORDER BY kind
SELECT region AS x FROM towns UNION SELECT kind FROM visits ORDER BY x
SELECT count(*) FROM (SELECT code FROM towns UNION ALL SELECT code FROM visits)
SELECT min(day), max(day) FROM visits
SELECT count(*) FROM visits WHERE day >= '2025-01-01'
SELECT kind, sum(visitors) FROM visits WHERE day < '2024-07-01' GROUP BY kind ORDER BY kind
SELECT day, sum(visitors) AS s FROM visits GROUP BY day ORDER BY s DESC, day LIMIT 5
SELECT code, day, visitors FROM visits WHERE visitors > 395 ORDER BY visitors, day, code
SELECT count(*) FROM visits WHERE visitors IS NULL OR visitors = 0
SELECT avg(visitors) FROM visits
SELECT kind, count(*) - count(visitors) AS blank FROM visits GROUP BY kind ORDER BY kind
SELECT name FROM towns WHERE people > (SELECT avg(people) FROM towns) ORDER BY name LIMIT 8
SELECT name FROM towns WHERE code IN (SELECT code FROM budgets WHERE amount > 99000) ORDER BY name
SELECT name FROM towns t WHERE EXISTS (SELECT 1 FROM visits v WHERE v.code = t.code AND v.visitors > 390) ORDER BY name
WITH s AS (SELECT code, sum(amount) AS a FROM budgets GROUP BY code) SELECT t.region, max(s.a) FROM s JOIN towns t USING (code) GROUP BY 1 ORDER BY 1
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 12) SELECT sum(x), count(*) FROM n
SELECT name, rank() OVER (ORDER BY people DESC) AS r FROM towns ORDER BY r, name LIMIT 6
SELECT region, name, row_number() OVER (PARTITION BY region ORDER BY people, name) AS r FROM towns ORDER BY region, r LIMIT 9
SELECT year, s, s - lag(s) OVER (ORDER BY year) AS growth FROM (SELECT year, sum(amount) AS s FROM budgets GROUP BY year) ORDER BY year
SELECT year, sum(sum(amount)) OVER (ORDER BY year) AS running FROM budgets GROUP BY year ORDER BY year
SELECT kinds, count(*) FROM budgets_2 GROUP BY kinds ORDER BY kinds
SELECT b.kind, k.note FROM budgets b JOIN budgets_2 k ON k.kinds = b.kind WHERE b.code = '00001' ORDER BY 1, 2
SELECT a.name, b.name FROM towns a JOIN towns b ON a.people < b.people AND a.region = b.region WHERE a.area_km2 > 290 AND b.area_km2 > 280 ORDER BY 1, 2
SELECT sum(CASE WHEN coastal THEN people ELSE 0 END) * 1.0 / sum(people) FROM towns
""".strip().splitlines()  # noqa: E501 - one question a line


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return opened(tmp_path_factory.mktemp("public"))


@pytest.fixture(scope="module")
def judge() -> Iterator[sqlite3.Connection]:
    connection = as_sqlite()
    connection.execute("CREATE TABLE budgets_2 (kinds, note)")
    rows = [(kind, "as written") for kind in ("school", "library", "pool", "park")]
    connection.executemany("INSERT INTO budgets_2 VALUES (?, ?)", rows)
    yield connection
    connection.close()


def test_there_are_sixty_questions() -> None:
    assert len(set(QUESTIONS)) >= 60


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_answer_is_that_of_sqlite(book: Book, judge: sqlite3.Connection, sql: str) -> None:
    found = run(book, "query_excel_data", sql=sql, limit=1000).result["rows"]
    wanted = judge.execute(sql).fetchall()
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            assert _same(one, other), (mine, theirs)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-9)
    return type(one) is type(other) and bool(one == other)


def test_what_the_tables_are_is_told(book: Book) -> None:
    tables = run(book, "query_excel_data").result["tables"]
    assert {name: table["at"] for name, table in tables.items()} == {
        "towns": "Towns!A4:G124",
        "budgets": "Budgets!A1:E361",
        "budgets_2": "Budgets!G1:H5",
        "visits": "Counted!A1:D501",
    }
    assert tables["towns"]["columns"] == {
        "code": "text",
        "name": "text",
        "region": "text",
        "people": "integer",
        "area_km2": "decimal",
        "coastal": "boolean",
        "founded": "date",
    }
    assert tables["budgets"]["columns"]["amount"] == "decimal"
    assert tables["budgets"]["columns"]["spent"] == "percent"
    assert tables["budgets"]["notes"][0] == "budgets: row 362 holds totals and is left out"
    assert "360 texts such as" in tables["budgets"]["notes"][1]
