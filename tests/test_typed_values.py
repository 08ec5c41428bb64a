"""Texts that Excel takes for times and shares when they are typed in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import openpyxl
import pytest

from service.workbook import cells


@pytest.mark.parametrize(
    ("text", "value", "number_format"),
    [
        ("40%", 0.4, "0%"),
        ("7%", 0.07, "0%"),
        ("-2.50 %", -0.025, "0.00%"),
        ("08:30", dt.time(8, 30), "hh:mm"),
        ("8:05", dt.time(8, 5), "hh:mm"),
        ("23:59:58", dt.time(23, 59, 58), "hh:mm:ss"),
    ],
)
def test_times_and_shares_are_values(text: str, value: Any, number_format: str) -> None:
    sheet = openpyxl.Workbook().active
    cells.put(sheet["A1"], text)
    assert (sheet["A1"].value, sheet["A1"].number_format) == (value, number_format)
    sheet["A2"].number_format = "0.000%" if "%" in text else "h:mm AM/PM"
    cells.put(sheet["A2"], text)
    assert (sheet["A2"].value, sheet["A2"].number_format[-1]) == (
        value,
        "%" if "%" in text else "M",
    )


@pytest.mark.parametrize(
    "text", ["24:00", "8:3", "1:2:3", "3,5%", "100%ig", "%", "٣:٠٠", "3:1 won"]
)
def test_other_texts_stay(text: str) -> None:
    sheet = openpyxl.Workbook().active
    cells.put(sheet["A1"], text)
    assert (sheet["A1"].value, sheet["A1"].number_format) == (text, "General")


@pytest.mark.parametrize("text", ["08:30", "40%"])
def test_as_text_they_are_read_with_an_apostrophe(text: str) -> None:
    sheet = openpyxl.Workbook().active
    cells.put(sheet["A1"], f"'{text}")
    assert sheet["A1"].value == text
    assert cells.shown(sheet["A1"].value) == f"'{text}"
