"""Workbooks of the shape of public data, and the same data in SQLite."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.table import Table

from service.workbook.book import Book

REGIONS = ["North", "South", "East", "West"]
KINDS = ["school", "library", "pool", "park"]


def made_data() -> dict[str, tuple[list[str], list[list[Any]]]]:
    """Columns and rows of each table: towns, budgets, stations, visits."""
    chance = random.Random(2026)
    towns = [
        [
            f"{number:05}",
            f"Town {number}",
            REGIONS[number % 4],
            chance.randrange(900, 90_000),
            round(chance.uniform(2, 300), 2),
            chance.random() < 0.3,
            (dt.date(1900, 3, 1) + dt.timedelta(days=chance.randrange(40_000))).isoformat(),
        ]
        for number in range(1, 121)
    ]
    budgets = [
        [f"{1 + number % 120:05}", 2023 + number // 120, kind,
         round(chance.uniform(500, 99_999), 2),
         round(chance.uniform(0, 1), 3) if chance.random() > 0.1 else None]
        for number in range(360)
        for kind in [chance.choice(KINDS)]
    ]  # fmt: skip
    visits = []
    for _ in range(500):
        day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(730))
        count = chance.randrange(0, 400) if chance.random() > 0.05 else None
        town = f"{chance.randrange(1, 131):05}"
        visits.append([day.isoformat(), town, chance.choice(KINDS), count])
    return {
        "towns": (["code", "name", "region", "people", "area_km2", "coastal", "founded"], towns),
        "budgets": (["code", "year", "kind", "amount", "spent"], budgets),
        "visits": (["day", "code", "kind", "visitors"], visits),
    }


def as_sqlite() -> sqlite3.Connection:
    """The data in the engine of the standard library."""
    connection = sqlite3.connect(":memory:")
    for name, (columns, rows) in made_data().items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    return connection


def german(amount: float) -> str:
    """An amount as a German office writes it: "1.234,56 EUR"."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + " EUR"


def write_workbook(path: Path) -> None:
    """The data on sheets as offices publish it.

    Towns stand under a title and a source, budgets have their money as text and their shares as
    percentages, beside a list of something else, with a row of totals; visits are a table.
    """
    data = made_data()
    book = openpyxl.Workbook()
    towns = book.active
    assert towns is not None
    towns.title = "Towns"
    towns.append(["Towns of the country"])
    towns.append(["Source: the statistics office"])
    towns.append([])
    towns.append(["Code", "Name", "Region", "People", "Area (km2)", "Coastal", "Founded"])
    for row in data["towns"][1]:
        towns.append([*row[:6], dt.date.fromisoformat(row[6])])
    budgets = book.create_sheet("Budgets")
    budgets.append(["Code", "Year", "Kind", "Amount", "Spent", None, "Kinds", "Note"])
    for place, row in enumerate(data["budgets"][1]):
        beside = [None, KINDS[place], "as written"] if place < len(KINDS) else []
        budgets.append([*row[:3], german(row[3]), row[4], *beside])
    budgets.append(["Total", None, None, german(sum(row[3] for row in data["budgets"][1]))])
    for (cell,) in budgets.iter_rows(min_row=2, min_col=5, max_col=5):
        cell.number_format = "0.0%"
    visits = book.create_sheet("Counted")
    for row in [["Day", "Code", "Kind", "Visitors"], *data["visits"][1]]:
        visits.append([dt.date.fromisoformat(row[0]) if row[0][0] == "2" else row[0], *row[1:]])
    visits.add_table(Table(displayName="Visits", ref=f"A1:D{len(data['visits'][1]) + 1}"))
    book.save(path)


def opened(folder: Path) -> Book:
    """The workbook, opened."""
    write_workbook(folder / "public.xlsx")
    return Book.load(folder / "public.xlsx", "public.xlsx")
