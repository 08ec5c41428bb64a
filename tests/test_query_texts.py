"""Queries on very large imported tables, which are typed in the database that holds their texts.

They give exactly what reading every value gives, and see what was changed since the import.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from service.errors import ExcelToolsError, InvalidQuery
from service.operations import csv_files
from service.workbook import held_column, quick_csv
from service.workbook.book import Book
from service.workbook.found_tables.types import Wishes
from service.workbook.sql import from_texts
from service.workbook.sql import shelf as shelves
from service.workbook.sql.held_sheets import held_sheet
from service.workbook.sql.shelf import Shelf, shelf_of
from tests.bench import run
from tests.test_csv_large import csv_of
from tests.test_csv_quick import table_of
from tests.test_query import BREAKOUTS

ROWS = 400
ASIS = Wishes()
Read = list[str]  # headers of the columns that were read value by value


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table counts as very large, and of all but its first rows no cells are made."""
    monkeypatch.setattr(csv_files, "LAZY_FROM", 1)
    monkeypatch.setattr(csv_files, "_WRITTEN", 5)
    monkeypatch.setattr(quick_csv, "QUICK_FROM", 0)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Which columns were read value by value."""
    found: Read = []
    usual = from_texts.TableMaker._listed

    def listed(self: from_texts.TableMaker, typed: Any) -> Any:
        found.append(typed.kind)
        return usual(self, typed)

    monkeypatch.setattr(from_texts.TableMaker, "_listed", listed)
    return found


def imported(text: str, **more: Any) -> Book:
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", source=text, **more)
    return book


def csv_text(columns: dict[str, list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([list(columns), *zip(*columns.values(), strict=True)])
    return out.getvalue()


@contextmanager
def closing(shelf: Shelf) -> Iterator[Shelf]:
    try:
        yield shelf
    finally:
        shelf.close()


def tables(shelf: Shelf, book: Book, title: str, wishes: Wishes) -> object:
    """All there is to tell of a sheet's tables: what is said of them, types and values."""
    try:
        pairs = shelf.sheet(book, book.xl[title], wishes)
    except ExcelToolsError as error:
        return str(error)
    ask = shelf.connection.execute
    return [
        (
            vars(table),
            ask(f"DESCRIBE {name}").fetchall(),
            [[repr(value) for value in row] for row in ask(f"FROM {name}").fetchall()],
        )
        for table, name in pairs
    ]


def both(book: Book, wishes: Wishes = ASIS, title: str = "Data") -> Any:
    """The tables of a sheet, as both ways make them."""
    home = shelves._homes(book)[0]
    assert held_sheet(book, book.xl[title]) is not None
    with closing(Shelf.beside(home)) as one, closing(Shelf()) as other:
        mine, usual = (tables(shelf, book, title, wishes) for shelf in (one, other))
    assert mine == usual
    return mine


# Columns --------------------------------------------------------------------------------

N = 60
NASTY = {
    "zeros": [f"{n:05}" for n in range(N)],
    "whole": [f"{n * n - 900}" for n in range(N)],
    "long": [f"{10**17 + n}" for n in range(N)],
    "fifteen": [f"{10**14 + n}.5" for n in range(N)],
    "comma": [f"{n - 30},{n % 10}5" for n in range(N)],
    "grouped": [f"{n}.{n:03},50" for n in range(1, N + 1)],
    "apostrophes": [f"1'{n:03}'000,5" for n in range(N)],
    "hard spaces": [f"1\xa0{n:03}\u202f000,5" for n in range(N)],
    "share": [f"{n},{n % 7}%" for n in range(N)],
    "wide share": [f"{n},5 %" for n in range(N)],
    "euro": [f"{n}.{n:03},50 €" for n in range(1, N + 1)],
    "dollars before": [f"-$ {n},5" for n in range(N)],
    "francs": [f"CHF {n}" for n in range(N)],
    "dmy": [f"{n % 28 + 1:02}.{n % 12 + 1}.2026" for n in range(N)],
    "iso": [f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(N)],
    "slashes": [f"2026/{n % 12 + 1}/{n % 28 + 1}" for n in range(N)],
    "moment": [f"2026-01-{n % 28 + 1:02}T1{n % 10}:30:0{n % 7}.{n}" for n in range(N)],
    "short moment": [f"2026-01-{n % 28 + 1:02} {n % 10}:30" for n in range(N)],
    "midnights": [f"2026-01-{n % 28 + 1:02} 00:00" for n in range(N)],
    "dmy moment": [f"{n % 28 + 1}.12.2026 1{n % 10}:30:15" for n in range(N)],
    "booleans": [["true", "FALSE", "True"][n % 3] for n in range(N)],
    "blanks": ["" if n % 3 else f"{n}" for n in range(N)],
    "spaces": [[" ", f" {n} ", f"{n}\t"][n % 3] for n in range(N)],
    "all whole": [f"{n},00" for n in range(N)],
    "one broken": [f"{n},00" if n != 50 else "0,25" for n in range(N)],
    "minus nothing": [["-0,0", "0", "-1,5"][n % 3] for n in range(N)],
    "powers": [f"1,{n:02}e+{n % 20 + 10}" for n in range(N)],
    "mixed": [["12", "n/a", "x"][n % 3] for n in range(N)],
    "lines": [f"one\r\ntwo\r{n}" for n in range(N)],
    "words": [f"Straße {n} ж 😀" for n in range(N)],
    "scripts": ["".join("٠١٢٣٤٥٦٧٨٩"[int(d)] for d in str(n + 100)) for n in range(N)],
    "places": [f"{n},5" if n % 9 else "n/a" for n in range(N)],
    "open": [f"0{n % 9 + 1}/0{n % 8 + 1}/2026" for n in range(N)],
    "nothing": [""] * N,
    "none at last": ["x" if n < 5 else "" for n in range(N)],
    "PLZ": [f"{n + 10_000}" for n in range(N)],
}
# What has to be read value by value: what DuckDB takes otherwise, and what is told with its number.
BY_VALUE = {
    "minus none": [["-0", "1,5"][n % 2] for n in range(N)],
    "errors": [["#N/A", "x"][n % 2] for n in range(N)],
}


def test_nasty_columns_are_the_same_and_most_are_cast(read: Read) -> None:
    (told,) = both(imported(csv_text(NASTY)))
    assert told[0]["columns"]["euro"] == "decimal"
    assert told[0]["columns"]["dmy_moment"] == "datetime"
    assert told[0]["columns"]["zeros"] == "text"
    assert read == []
    both(imported(csv_text(BY_VALUE)))
    assert read == ["decimal", "text"]


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(decimal=","),
        Wishes(date_order="dmy"),
        Wishes(text_columns=frozenset({"euro", "words", "zeros", "dmy moment"})),
    ],
)
def test_wishes_count(wishes: Wishes) -> None:
    both(imported(csv_text(NASTY | BY_VALUE)), wishes)


def test_two_digits_of_a_year_and_other_orders(read: Read) -> None:
    columns = {
        "a": [f"{n % 12 + 1}/{n % 28 + 1}/26" for n in range(N)],
        "b": [f"{n % 12 + 1}/{n % 28 + 1}/2026" for n in range(N)],
    }
    (told,) = both(imported(csv_text(columns), options={"date_order": "mdy"}))
    assert told[0]["columns"] == {"a": "date", "b": "date"}
    assert read == ["date"]


def test_numbers_are_the_nearest_that_there_are() -> None:
    chance = random.Random(5)
    texts = [
        f"{chance.randrange(10**k)}.{chance.randrange(10 ** (17 - k)):0{17 - k}}"
        for k in range(1, 15)
        for _ in range(150)
    ]
    shares = [f"{chance.uniform(-200, 200):.{k % 9 + 1}f}%" for k in range(len(texts))]
    both(imported(csv_text({"number": texts, "share": shares})))


def test_columns_of_very_many_words_are_not_looked_at_one_by_one(
    monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    monkeypatch.setattr(from_texts, "_FEW", 20)
    monkeypatch.setattr(from_texts, "_MARGIN", 5)
    orders = [f"ORD-{n:06}" for n in range(N)]
    names = [f"Item {n}" if n % 10 else "#N/A" for n in range(N)]
    book = imported(csv_text({"Order": orders, "Name": names, "x": ["1", "2"] * 30}))
    (told,) = both(book)
    assert told[0]["columns"] == {"order_": "text", "name": "text", "x": "integer"}
    assert told[0]["notes"] == ["name: 6 errors (#N/A) are blank"]
    assert read == ["text"]
    run(book, "write_excel_range", start="A40", rows=[["", "y"]])
    run(book, "write_excel_range", start="A42", rows=[["Other"]])
    both(book)


# Changes --------------------------------------------------------------------------------

TURN = "transform_excel_range"
CHANGES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "cells": [("write_excel_range", {"start": "A200", "rows": [[-5, "2026-05-05", None, "x"]]})],
    "another kind": [("write_excel_range", {"start": "A200", "rows": [["x", 5, "y", 7]]})],
    "a blank row": [(TURN, {"action": "clear", "range": "A200:L200"})],
    "a header": [("write_excel_range", {"start": "A1", "rows": [["Number", "Date"]]})],
    "no header": [(TURN, {"action": "clear", "range": "A1:L1"})],
    "rows below": [("write_excel_range", {"start": "A402", "rows": [[1, "2026-05-05"], [2.5]]})],
    "a gap below": [("write_excel_range", {"start": "A404", "rows": [[1, "2026-05-05"]]})],
    "totals": [("write_excel_range", {"start": "A402", "rows": [["Total", None, None, 5]]})],
    "beside": [("write_excel_range", {"start": "M3", "rows": [["beside", 1], ["it", 2]]})],
    "sorted": [
        (TURN, {"action": "sort", "range": "A250:L290", "options": {"by": ["A desc"]}})
    ],
    "fewer rows": [
        (TURN, {"action": "remove_duplicates", "options": {"by": ["Code"]}})
    ],
    "replaced": [
        (TURN, {"action": "replace", "options": {"find": "plain", "replace": "1,5"}})
    ],
    "a table": [("create_excel_table", {"range": "A1:L401", "name": "T"})],
    "part of it": [("create_excel_table", {"range": "A300:L401", "name": "T"})],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_seen(change: str) -> None:
    book = imported(csv_of(ROWS), sheet="Data")
    for name, parameters in CHANGES[change]:
        run(book, name, **parameters)
    both(book)


MOVED: dict[str, tuple[str, dict[str, Any]]] = {
    "rows go": ("edit_excel_sheet", {"action": "delete_rows", "target": "200:201"}),
    "rows come": ("edit_excel_sheet", {"action": "insert_rows", "target": "200:201"}),
    "a formula": ("write_excel_range", {"start": "P1", "rows": [["=SUM(A2:A401)"]]}),
    "all is sorted": (TURN, {"action": "sort", "options": {"by": ["A desc"]}}),
}


@pytest.mark.parametrize("move", MOVED)
def test_answers_go_with_the_rows(move: str) -> None:
    book = imported(csv_of(ROWS), sheet="Data")
    sql = "SELECT count(*), sum(nr), min(nr), first(nr), last(nr) FROM data"
    run(book, "query_excel_data", sql=sql)
    name, parameters = MOVED[move]
    run(book, name, **parameters)
    asked = run(book, "query_excel_data", sql=sql).result["rows"]
    numbers = [book.value(cell[0]) for cell in book.sheet("Data")["A2:A403"]]
    known = [n for n in numbers if isinstance(n, int)]
    assert asked == [[len(known), sum(known), min(known), known[0], known[-1]]]


@pytest.mark.parametrize("part", range(4))
def test_random_tables_are_the_same_after_random_changes(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    for seed in range(1000 + 2 * part, 1002 + 2 * part):
        chance = random.Random(seed)
        monkeypatch.setattr(from_texts, "_FEW", chance.choice([5, 20_000]))
        monkeypatch.setattr(from_texts, "_MARGIN", 0)
        monkeypatch.setattr(held_column, "LOOKED_AT", 20)
        book = imported(table_of(seed) + "\n", sheet="Data")
        for _ in range(2):
            if shelves._homes(book) and held_sheet(book, book.xl["Data"]) is not None:
                both(book, chance.choice([Wishes(), Wishes(decimal=",")]))
                compared += 1
            _change(book, chance)
    assert compared


def _change(book: Book, chance: random.Random) -> None:
    area = book.used_area(book.xl["Data"])
    row = chance.choice([1, 2, area.last_row + 1, chance.randrange(1, area.last_row + 1)])
    column = "ABCDEFGH"[chance.randrange(min(area.last_column + 1, 8))]
    value = chance.choice([5, 1.5, "x", "", "007", None, True, "2026-02-03", "#N/A", "12,5"])
    run(book, "write_excel_range", start=f"{column}{row}", rows=[[value]])


# The database ---------------------------------------------------------------------------


def test_no_file_is_read_where_the_texts_are(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text(csv_of(ROWS), newline="")
    book = Book.blank("large.xlsx")
    run(book, "import_csv_to_excel", files={"source": path}, source=path.name)
    shelf = shelf_of(book)
    assert shelf.home is not None
    for sql in (
        f"SELECT * FROM read_csv('{path}')",
        f"FROM '{path}'",
        f"SELECT * FROM read_text('{path}')",
        f"SELECT * FROM read_text('{tmp_path}/*')",
        "SELECT * FROM read_text('/etc/passwd')",
        f"COPY (SELECT 1) TO '{path}'",
        f"COPY (SELECT 1) TO '{tmp_path}/new.csv'",
        f"ATTACH '{tmp_path}/new.db'",
        f"EXPORT DATABASE '{tmp_path}/new'",
        f"SET allowed_paths = ['{path}']",
        "SET enable_external_access = true",
        "SET disabled_filesystems = ''",
        "RESET disabled_filesystems",
        "SET memory_limit = '100GB'",
        "LOAD httpfs",
    ):
        for connection in (shelf.connection, shelf.home.connection):
            with pytest.raises(duckdb.Error, match=r"disabled|locked"):
                connection.execute(sql)
    assert path.read_bytes() == csv_of(ROWS).encode()
    assert [one.name for one in tmp_path.iterdir()] == ["large.csv"]


OWN = [
    "SELECT * FROM held",
    "SELECT * FROM memory.held",
    "SELECT * FROM memory.main.held",
    'SELECT * FROM "\x011".main.loaded_1',
    'SELECT * FROM "\x011".loaded_1',
    "SELECT * FROM temp.main.listed_1",
    "SELECT * FROM read_csv('large.csv')",
    "SELECT * FROM duckdb_databases()",
]


def test_queries_only_read_the_sheets_that_they_name() -> None:
    book = imported(csv_of(ROWS), sheet="Data")
    for sql in [*OWN, *(one.replace("sheet1", "data") for one in BREAKOUTS)]:
        with pytest.raises(InvalidQuery):
            run(book, "query_excel_data", sql=sql)
    asked = run(book, "query_excel_data", sql="SELECT count(*) FROM data").result["rows"]
    assert asked == [[ROWS]]


def test_names_of_the_texts_are_free_for_sheets() -> None:
    book = imported(csv_of(ROWS), sheet="Held")
    run(book, "edit_excel_sheet", action="add", sheet="Memory")
    run(book, "write_excel_range", sheet="Memory", start="A1", rows=[["Nr", "Name"], [7, "seven"]])
    sql = "SELECT name, code FROM held JOIN memory USING (nr)"
    for query in (sql, sql.replace("held", "large.held")):
        found = run(book, "query_excel_data", sql=query).result["rows"]
        assert found == [["seven", "007"]]


def test_two_large_tables_are_joined_whichever_came_first() -> None:
    book = imported(csv_of(ROWS), sheet="First")
    run(book, "query_excel_data", sql="SELECT count(*) FROM first")
    run(book, "import_csv_to_excel", source=csv_of(ROWS + 100), sheet="Second")
    sql = "SELECT count(*), sum(a.cost - b.cost) FROM first a JOIN second b USING (nr)"
    assert run(book, "query_excel_data", sql=sql).result["rows"] == [[ROWS, 0]]
    home = shelf_of(book).home
    assert home is not None
    assert home.count == ROWS + 100
    run(book, "edit_excel_sheet", action="delete", sheet="First")
    sql = "SELECT count(*) FROM second"
    assert run(book, "query_excel_data", sql=sql).result["rows"] == [[ROWS + 100]]


def test_what_is_let_go_leaves_the_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "_MOST_KEPT", 1)
    book, other = imported(csv_of(ROWS), sheet="Data"), imported(csv_of(200), sheet="Data")
    sql = "SELECT count(*) FROM data"
    for _ in range(2):
        assert run(book, "query_excel_data", sql=sql).result["rows"] == [[ROWS]]
        home = shelf_of(book).home
        assert home is not None
        assert len(_catalogs(home)) == 2
        assert run(other, "query_excel_data", sql=sql).result["rows"] == [[200]]
        assert _catalogs(home) == ["memory"]
    assert book.sheet("Data")["A401"].value == ROWS - 1


def _catalogs(home: Any) -> list[str]:
    found = home.connection.execute(
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
    )
    return [name for (name,) in found.fetchall()]
