"""Workbooks with data for each kind of chart, and a look at the charts in a saved file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree

from service.workbook.book import Book
from tests.bench import new_book

CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
MONTHS = ["Jan", "Feb", "Mar", "Apr"]
MONEY = [[m, 100 + 7 * i, 50 - 3 * i, 10.5 + i] for i, m in enumerate(MONTHS)]
TREE = [["North", "Oslo", 5], ["North", "Bergen", 3], ["South", "Rome", 7], ["South", "Bari", 2]]
PRICES = [["2026-01-01", 10, 14, 8, 12], ["2026-01-02", 12, 15, 9, 10]]
# Headers and rows that suit each kind.
DATA: dict[str, tuple[list[str], list[list[Any]]]] = {
    "bubble": (["City", "X", "Y", "Size"], [["a", 1, 10, 5], ["b", 2, 14, 15]]),
    "scatter": (["X", "Y"], [[1, 2], [2, 5], [3, 10], [4, 17]]),
    "stock": (["Date", "Open", "High", "Low", "Close"], PRICES),
    "pie": (["Item", "Cost"], [["Rent", 5], ["Food", 3]]),
    "waterfall": (["Item", "Euro"], [["Start", 100], ["Sales", 50], ["Costs", -30], ["End", 120]]),
    "histogram": (["Who", "Age"], [[f"P{i}", 20 + i * 7 % 40] for i in range(12)]),
    "pareto": (["Cause", "Count"], [["Late", 30], ["Broken", 12], ["Lost", 5]]),
    "box": (["Class", "Math", "Art"], [["AB"[i % 2], 50 + i, 60 - i] for i in range(8)]),
    "treemap": (["Region", "City", "Sales"], TREE),
    "sunburst": (["Region", "City", "Sales"], TREE),
    "funnel": (["Stage", "Deals"], [["Leads", 500], ["Offers", 200], ["Won", 50]]),
}
USUAL = (["Month", "Income", "Cost", "Profit"], MONEY)


def book_for(kind: str) -> Book:
    """A workbook with one sheet, "Sheet1", whose data suits a kind of chart."""
    headers, rows = DATA.get(kind, USUAL)
    return new_book(headers=headers, rows=rows)


def saved(book: Book, folder: Path, name: str = "saved.xlsx") -> Path:
    book.save(folder / name)
    return folder / name


def reopened(book: Book, folder: Path) -> Book:
    return Book.load(saved(book, folder, "reopened.xlsx"), "reopened.xlsx")


def parts(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def chart_trees(path: Path) -> list[etree._Element]:
    """The parts of all charts, old kinds and new, in the order of their names."""
    found = parts(path)
    names = sorted(n for n in found if n.startswith("xl/charts/chart") and n.endswith(".xml"))
    return [etree.fromstring(found[name]) for name in names]


def chart_tree(book: Book, folder: Path) -> etree._Element:
    """The part of the only chart of a workbook, as it is saved."""
    [tree] = chart_trees(saved(book, folder))
    return tree


def value(tree: etree._Element, path: str) -> str | None:
    """The attribute val of the first element at a path such as "c:valAx/c:scaling/c:min"."""
    found = tree.find(".//" + path.replace("c:", C).replace("cx:", CX))
    return None if found is None else str(found.get("val"))
