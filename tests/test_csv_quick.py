"""Large CSV texts are read and decided by DuckDB: with exactly the outcome of the Python road."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import ExcelToolsError
from service.operations import csv_files
from service.workbook import held_column, quick_csv
from service.workbook.csv_table import CsvTable, Wishes, as_table
from service.workbook.delimited import read_records, understood
from service.workbook.house import house
from tests.test_csv_dialects import OURS, SPECTRUM

WISHES = [
    Wishes(),
    Wishes(header=True),
    Wishes(header=False),
    Wishes(decimal=","),
    Wishes(decimal="."),
    Wishes(date_order="dmy"),
    Wishes(date_order="iso"),
]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything counts as large, and 11 different texts as many."""
    monkeypatch.setattr(quick_csv, "QUICK_FROM", 0)
    monkeypatch.setattr(held_column, "LOOKED_AT", 20)


def facts(table: CsvTable) -> dict[str, object]:
    rows = list(table.rows())
    return {
        "headers": table.headers,
        "kinds": [(d.kind, d.number_format, d.proves, d.doubt, d.odd) for d in table.decisions],
        "understood": table.understood,
        "notes": table.notes,
        "rows": [[(type(value).__name__, value) for value in row] for row in rows],
        "formats": [
            csv_files._format_of(table, index, house)
            for index in range(len(table.decisions))
            for house in HOUSES
        ],
    }


HOUSES = [house(""), replace(house(""), number_format="#,##0.00")]


def both(text: str, wishes: Wishes = WISHES[0]) -> tuple[bool, object]:
    """Whether the quick road reads the text, and the outcome of both, which is one."""
    try:
        slow: object = facts(as_table(read_records(understood(text)), wishes))
    except ExcelToolsError as error:
        slow = str(error)
    found = quick_csv.quick_table(understood(text), wishes, None)
    if found is not None:
        assert facts(found) == slow
    return found is not None, slow


VALUES = {
    "whole": lambda c: str(c.randrange(0, 10**6)),
    "long": lambda c: str(c.randrange(10**8, 10**18)),
    "zeros": lambda c: f"{c.randrange(10**6):08}",
    "point": lambda c: f"{c.uniform(-90, 9000):.{c.randrange(1, 5)}f}",
    "even": lambda c: f"{c.uniform(0, 900):.2f}",
    "thirds": lambda c: f"{c.uniform(0, 900):.3f}",
    "comma": lambda c: f"{c.uniform(0, 900):.2f}".replace(".", ","),
    "comma3": lambda c: f"{c.randrange(1, 900)},{c.randrange(1000):03}",
    "half": lambda c: f"{c.randrange(-90, 90)}.{c.choice('05')}0",
    "grouped": lambda c: f"{c.randrange(10**7):,}.50",
    "mixed": lambda c: c.choice(["1.5", "1,5", "7", "8.25"]) + str(c.randrange(9)),
    "percent": lambda c: f"{c.randrange(1000) / 10}%",
    "euro": lambda c: f"{c.randrange(10**4)},50 €",
    "iso": lambda c: f"20{c.randrange(10, 30)}-{c.randrange(1, 13):02}-{c.randrange(1, 29):02}",
    "dmy": lambda c: f"{c.randrange(1, 29):02}.{c.randrange(1, 13):02}.20{c.randrange(10, 30)}",
    "open": lambda c: f"{c.randrange(1, 13):02}/{c.randrange(1, 13):02}/20{c.randrange(10, 30)}",
    "moment": lambda c: (
        f"2025-0{c.randrange(1, 10)}-1{c.randrange(10)} 1{c.randrange(10)}:{c.randrange(10, 60)}"
        + c.choice(["", ":07", ":30.125"])
    ),
    "no day": lambda c: f"2025-02-{c.randrange(25, 32)} 10:{c.randrange(10, 60)}",
    "name": lambda c: f"{c.choice(['Ann', 'Bö', 'Åse', 'Ø'])} {c.randrange(500)}",
    "bool": lambda c: c.choice(["true", "FALSE", "True"]),
    "signs": lambda c: c.choice(["=1+1", "@x", "-", "+49 30", "ſ", "K"]) + str(c.randrange(40)),
    "blank": lambda c: c.choice(["", "", " ", "5", "12.5"]),
    "spaced": lambda c: f" {c.randrange(400)} ",
    "tabs": lambda c: c.choice(["\t", "\xa0", "", " "]) + str(c.randrange(400)) + "\u2003",
    "only odd": lambda c: c.choice(["\xa0", "\u2003 ", "", "x"]),
    "scripts": lambda c: "".join(c.choice("٠١٢٣٤٥٦٧٨٩") for _ in range(3)),
    "quotes": lambda c: f'he said "{c.randrange(400)}"',
    "lines": lambda c: f"one\ntwo {c.randrange(400)}",
    "crlf": lambda c: f"one\r\ntwo {c.randrange(400)}",
    "text": lambda c: "".join(c.choice("abc 12.,'€%-/=") for _ in range(c.randrange(12))),
    "exponent": lambda c: f"{c.uniform(1, 10):.3f}e+{c.randrange(10, 20)}",
    "long text": lambda c: "word " * c.randrange(3, 20) + str(c.randrange(400)),
}  # fmt: skip


def table_of(seed: int) -> str:
    chance = random.Random(seed)
    names = chance.choices(sorted(VALUES), k=chance.randrange(2, 6))
    rows = [[VALUES[name](chance) for name in names] for _ in range(chance.choice([3, 60, 150]))]
    for _ in range(chance.choice([0, 0, 1, 3])):  # odd ones
        rows[chance.randrange(len(rows))][chance.randrange(len(names))] = chance.choice(
            ["n/a", "x", "007", "1.234", "31.12.2020", "Name 1", "", "-0.5", "0.125"]
        )
    if chance.random() < 0.8:
        rows.insert(
            0, [f"{name} {i}" if chance.random() < 0.9 else "" for i, name in enumerate(names)]
        )
    out = io.StringIO()
    csv.writer(
        out,
        delimiter=chance.choice(",;\t|"),
        lineterminator=chance.choice(["\n", "\r\n"]),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ).writerows(rows)
    return out.getvalue() + chance.choice(["", "", "\n", "\r\n\r\n"])


@pytest.mark.parametrize("part", range(8))
def test_random_tables_are_read_and_decided_alike(part: int) -> None:
    taken = 0
    for seed in range(25 * part, 25 * part + 25):
        for wishes in (WISHES[0], WISHES[seed % len(WISHES)]):
            taken += both(table_of(seed), wishes)[0]
    assert taken > 15


@pytest.mark.parametrize("name", [*SPECTRUM, *OURS])
def test_cases_of_dialects_are_read_alike_or_left_to_python(name: str) -> None:
    data = {**SPECTRUM, **OURS}[name].data
    if isinstance(data, str):
        both(data)
        both(data + data[data.find("\n") + 1 :] * 30)


ODD = {
    "a space before a quote": 'a,b\n "x",2\n3,4\n',
    "a space after a quote": 'a,b\n"x" ,2\n3,4\n',
    "a delimiter in such quotes": 'a,b\n1, "x,y"\n3,4\n',
    "a backslash before a quote": 'a,b\n"x\\"y",2\n',
    "a quote that is never closed": 'a,b\n"xy,2\n',
    "text behind a quote": 'a,b\n"x"y,2\n',
    "blank lines": "a,b\n\n1,2\n",
    "a line of delimiters": "a,b\n,\n1,2\n",
    "more values": "a,b\n1,2,3\n4,5\n",
    "one delimiter more": "a,b\n1,2,\n4,5\n",
    "fewer values": "a,b\n1\n4,5\n",
    "ends of lines of two kinds": "a,b\r\n1,2\n3,4\r\n",
    "old ends of lines": "a,b\r1,2\r3,4\r",
    "a title": "Report,,\n,,\na,b,c\n1,2,3\n4,5,6\n7,8,9\n",
    "one column": "a\n1\n2\n",
    "a long text": f"a,b\n{'x' * 33_000},2\n",
}


@pytest.mark.parametrize("name", ODD)
def test_what_duckdb_reads_otherwise_is_left_to_python(name: str) -> None:
    assert both(ODD[name])[0] is False


USUAL = {
    "quotes in quotes": 'a,b\n"x""y",2\n3,4\n',
    "quotes within": 'a,b\nx"y,2\n3,4"\n',
    "lines within": 'a,b\n"x\ny",2\n3,4\n',
    "other lines within": 'a,b\r\n"x\ny",2\r\n"p\r\nq",4\r\n',
    "no last line end": "a,b\n1,2",
    "blank lines at the end": "a,b\n1,2\n\n\n",
    "delimiters that end lines": "a,b,\n1,2,\n",
    "words for nothing": "a,b\nNULL,\\N\n#1,2\n",
    "said by Excel": "sep=;\na;b\n1;2\n",
}


@pytest.mark.parametrize("name", USUAL)
def test_what_is_usual_is_read_by_duckdb(name: str) -> None:
    assert both(USUAL[name])[0] is True


def test_lines_are_told_where_rows_have_several() -> None:
    rows = [f'"one\ntwo {n}",{n}' for n in range(30)]
    rows[20] = '"a\nb\nc",n/a'
    quick, found = both("text,number\n" + "\n".join(rows))
    assert quick
    assert isinstance(found, dict)
    assert "(line 42)" in str(found["notes"])


def test_it_reads_the_file_itself_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "it's.csv"
    path.write_text("a,b\n1,2\n", newline="")
    table = quick_csv.quick_table(understood("a,b\n1,2\n"), Wishes(), path)
    assert table is not None
    connection = table.texts.connection  # type: ignore[attr-defined]
    with pytest.raises(quick_csv.duckdb.Error, match="disabled by configuration"):
        connection.execute("SELECT * FROM read_csv('/etc/passwd')")
    with pytest.raises(quick_csv.duckdb.Error, match="locked"):
        connection.execute("SET enable_external_access = true")
