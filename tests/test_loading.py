"""What goes to DuckDB as one long text comes out as the values that went in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest

from service.workbook.sql.loading import column_rows

DAY, MOMENT = dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 23, 59, 59, 123456)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("BIGINT", [1, 2.0, None, -(2**62), 0]),
        ("BIGINT", [9.007199254740993e15]),
        ("DOUBLE", [0.1, None, 1e300, -5e-324, 1, 123456789.123456789, 2**70]),
        ("VARCHAR", ["a", None, "\x00", "é\n\t,'\"", " "]),
        ("VARCHAR", ["a\x1fb", "c", None]),
        ("VARCHAR", ["\x1e", None]),
        ("VARCHAR", [None, None]),
        ("VARCHAR", [""]),
        ("VARCHAR", ["", "a"]),
        ("DATE", [DAY, None, dt.date(1900, 3, 1), dt.date(9999, 12, 31)]),
        ("TIMESTAMP", [MOMENT, None, dt.datetime(9999, 12, 31)]),
        ("BOOLEAN", [True, False, None]),
        ("TIME", [dt.time(1, 2, 3), None]),
        ("INTERVAL", [dt.timedelta(hours=30), None]),
    ],
)
def test_values_come_out_as_they_went_in(type_: str, values: list[Any]) -> None:
    connection = duckdb.connect(":memory:")
    source, held = column_rows(values, type_, 1)
    found = connection.execute(f"SELECT {source}", [held]).fetchall()
    assert [value for (value,) in found] == values
