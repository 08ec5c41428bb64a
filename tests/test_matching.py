"""What is meant by a few words: one name, several, or none."""

from __future__ import annotations

import unicodedata

import pytest

from service.matching import exactly, meant_among, roughly, the_sheet, wish

NAMES = ["Budget 2026.xlsx", "Sales_Report-Q1.xlsx", "Umsätze.csv", "Übersicht Köln.xlsx"]


@pytest.mark.parametrize(
    "asked",
    [
        "Budget 2026.xlsx",
        "budget 2026",
        " BUDGET 2026.XLSX ",
        "budget_2026.xlsx",
        "budget-2026",
        "Budget2026",
        "Budget 2026.xls",
        "budget 2026.csv",
        '"Budget 2026.xlsx"',
        "'budget 2026'",
        "„Budget 2026“",
        "`Budget 2026.xlsx`",
        "/mnt/data/Budget 2026.xlsx",
        "C:\\Users\\ann\\budget_2026.xlsx",
        "\uff22udget\u00a02026.xlsx",
    ],
)
def test_a_name_is_meant_whatever_people_do_not_look_at(asked: str) -> None:
    assert exactly(asked, NAMES) == [0]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("sales report q1", 1),
        (unicodedata.normalize("NFD", "Umsätze.csv"), 2),
        ("umsaetze", 2),
        ("UMSATZE.CSV", 2),
        ("uebersicht koeln", 3),
        ("Übersicht_Köln.ods", 3),
    ],
)
def test_letters_are_the_same_in_all_their_forms(asked: str, place: int) -> None:
    assert exactly(asked, NAMES) == [place]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("the budget", 0),
        ("my budget file", 0),
        ("budget", 0),
        ("2026", 0),
        ("the Excel workbook called budget", 0),
        ("meine Budget-Datei", 0),
        ("sales", 1),
        ("report", 1),
        ("q1", 1),
        ("sales q1", 1),
        ("the köln file", 3),
        ("koln", 3),
    ],
)
def test_words_and_parts_of_a_name_mean_it(asked: str, place: int) -> None:
    assert exactly(asked, NAMES) == []
    assert roughly(asked, NAMES) == [place]


@pytest.mark.parametrize(
    "asked", ["budget 2025", "budget.xlsx", "quarterly sales report", "b", "", "???", "the"]
)
def test_what_says_something_else_means_none(asked: str) -> None:
    assert exactly(asked, NAMES) == []
    assert roughly(asked, NAMES) == []


def test_the_whole_name_wins_over_a_part() -> None:
    names = ["Budget 2025.xlsx", "Budget.xlsx", "Budget 2026.xlsx"]
    assert exactly("budget", names) == [1]
    assert roughly("the budget", names) == [1]
    assert roughly("budget 20", names) == []
    assert exactly("budget", names[::2]) == []
    assert roughly("budget", names[::2]) == [0, 1]


def test_the_ending_that_is_written_wins_over_any_other() -> None:
    names = ["data.csv", "data.xlsx", "data.xlsm"]
    assert exactly("DATA.xlsx", names) == [1]
    assert exactly("data", names) == [0, 1, 2]
    assert exactly("data.ods", names) == [0, 1, 2]


@pytest.mark.parametrize(
    ("asked", "meaning"),
    [
        ("", "none"),
        ("  ", "none"),
        ("the file", "none"),
        ("my workbook", "none"),
        ("it", "none"),
        ("die Datei", "none"),
        ("latest", "latest"),
        ("the last one", "latest"),
        ("the most recent file", "latest"),
        ("newest upload", "latest"),
        ("die neueste Datei", "latest"),
        ("le dernier fichier", "latest"),
        ("latest.xlsx", "name"),
        ("the file.xlsx", "name"),
        ("latest budget", "name"),
        ("a", "name"),
        ("???", "name"),
    ],
)
def test_some_words_name_no_file(asked: str, meaning: str) -> None:
    assert wish(asked) == meaning


@pytest.mark.parametrize(
    ("asked", "fits"),
    [("budget", True), ("the file", True), ("sales", False), ("20", False), ("", True)],
)
def test_one_of_several_is_meant_alone(asked: str, fits: bool) -> None:
    assert meant_among(asked, "Budget 2026.xlsx", ["Sales 2026.xlsx"]) is fits


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("sales data", "Sales Data"),
        (" SALES DATA ", "Sales Data"),
        ("sales_data", "Sales Data"),
        ("'Sales Data'!", "Sales Data"),
        ("Sales-2026", "Sales-2026"),
        ("sales 2026", None),  # two fit
        ("sales", None),
        ("data", None),
        ("umsaetze", "Umsätze"),
    ],
)
def test_a_sheet_is_meant_by_its_whole_name_alone(asked: str, title: str | None) -> None:
    sheets = ["Sales Data", "Sales-2026", "Sales_2026", "Umsätze"]
    assert the_sheet(asked, sheets) == title
