"""Charts whose series are rows: tables with the months across, or a single row."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidParameters, InvalidRange
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

MONTHS = ["Jan", "Feb", "Mrz", "Apr", "Mai"]
ROWS: list[list[Any]] = [
    ["Apples", 1, 2, 3, 4, 5],
    ["Pears", 5, None, 4, 3, 2],
    ["Figs", 0, 0, 1, 1, 2],
]


@pytest.fixture
def book() -> Book:
    return new_book(headers=["Product", *MONTHS], rows=ROWS)


def chart(book: Book, kind: str = "line", **given: Any) -> dict[str, Any]:
    answer = run(book, "create_excel_chart", chart_type=kind, **given).result
    found: dict[str, Any] = answer["chart"] | {"notes": answer.get("notes", [])}
    return found


def test_fewer_rows_than_months_are_the_series(book: Book) -> None:
    """Excel does so too: with the months as series, three points each would say nothing."""
    drawn = chart(book)
    assert [series["name"] for series in drawn["series"]] == ["Apples", "Pears", "Figs"]
    assert drawn["series"][1]["values"] == "'Sheet1'!$B$3:$F$3"
    assert drawn["categories"] == "'Sheet1'!$B$1:$F$1"
    assert drawn["notes"] == [
        'The rows are the series; options.series_in "columns" turns it round.'
    ]
    (made,) = book.sheet()._charts
    assert made.series[1].tx.strRef.f == "'Sheet1'!$A$3"
    turned = chart(book, options={"series_in": "columns"})
    assert [series["name"] for series in turned["series"]] == MONTHS


def test_rows_are_chosen_by_their_names_or_numbers(book: Book) -> None:
    drawn = chart(book, "column", data_range="A1:F4", options={"series": ["figs", "Apples"]})
    assert [series["values"][-2:] for series in drawn["series"]] == ["$4", "$2"]
    options = {"series": ["3"], "series_in": "rows", "categories": "Apples"}
    drawn = chart(book, "column", options=options)
    assert drawn["title"] == "Pears"
    assert drawn["categories"] == "'Sheet1'!$B$2:$F$2"


def test_a_single_row_is_one_series_with_the_headers_of_its_table(book: Book) -> None:
    drawn = chart(book, "pie", data_range="A3:F3")
    assert drawn["title"] == "Pears"
    assert drawn["categories"] == "'Sheet1'!$B$1:$F$1"
    drawn = chart(book, "waterfall", data_range="A1:F2", options={"totals": ["Mai"]})
    assert drawn["series"] == [{"name": "Apples", "values": "'Sheet1'!$B$2:$F$2"}]


def test_a_chart_that_is_changed_keeps_its_direction(book: Book) -> None:
    chart(book, options={"series_in": "columns"})
    chart(book, data_range="A1:F3")
    for number, count in ((1, 5), (2, 3)):
        options = {"chart": str(number)}
        given = {"action": "change", "data_range": "A1:F4", "options": options}
        changed = run(book, "create_excel_chart", **given).result["chart"]
        assert len(changed["series"]) == count


def test_columns_stay_the_series_where_rows_are_no_periods() -> None:
    rows = [["North", 1, 2, 3], ["South", 2, 3, 4]]
    book = new_book(headers=["Region", "Sales", "Costs", "Profit"], rows=rows)
    assert len(chart(book, "column")["series"]) == 3
    assert len(chart(book, "column", options={"series_in": "rows"})["series"]) == 2


def test_rows_that_can_not_be_drawn_are_told(book: Book) -> None:
    run(book, "write_excel_range", start="append", rows=[["Plums", "n/a", "-", "-", "?", "?"]])
    drawn = chart(book, options={"series_in": "rows"})
    assert drawn["notes"] == ['Left out, as they hold no numbers: "Plums" (row 5).']
    with pytest.raises(InvalidRange, match=r'"Plums" .row 5. holds no numbers'):
        chart(book, options={"series_in": "rows", "series": ["Plums"]})
    with pytest.raises(InvalidParameters, match='no row "Kiwis"') as refused:
        chart(book, options={"series_in": "rows", "series": ["Kiwis"]})
    assert '"Apples" (row 2)' in refused.value.message
    with pytest.raises(InvalidRange, match="pie shows one series") as refused_pie:
        chart(book, "pie", data_range="A1:F4")
    assert '"series": ["Apples"]' in refused_pie.value.hint
    with pytest.raises(InvalidRange, match="one block"):
        chart(book, data_range="A1:B4,D1:F4", options={"series_in": "rows"})


def test_such_charts_are_changed_and_survive(chat: Chat, tmp_path: Any) -> None:
    """Saved and opened again, a month inserted: the series go on from left to right."""
    chat.op("create_excel_file", filename="a.xlsx", headers=["Product", *MONTHS], rows=ROWS)
    chat.op("create_excel_chart", chart_type="line")
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="a.xlsx")
    chat.op("edit_excel_sheet", action="insert_columns", target="D")
    listed = chat.op("create_excel_chart", action="list")["result"]["charts"]
    assert listed[0]["series"][0]["values"].replace("$", "").endswith("B2:G2")
    options = {"chart": "1", "series": ["Pears"]}
    chat.op("create_excel_chart", action="change", data_range="A1:G4", options=options)
    listed = chat.op("create_excel_chart", action="list")["result"]["charts"]
    assert [series["values"].replace("$", "")[-5:] for series in listed[0]["series"]] == ["B3:G3"]
    answer = chat.op("save_excel_file")
    (tmp_path / "a.xlsx").write_bytes(chat.download(answer["files"][0]))
    assert problems(tmp_path / "a.xlsx") == []


def test_a_pie_of_losses_tells_that_it_shows_none() -> None:
    book = new_book(headers=["Text", "Net"], rows=[["Rent", -850], ["Pay", 2500]])
    (note,) = chart(book, "pie")["notes"]
    assert note == '"Net" (B): a pie shows no amounts below 0 as such; columns do.'
    assert chart(book, "column")["notes"] == []


def test_totals_without_a_label_are_not_drawn() -> None:
    book = new_book(headers=["Day", "Net"], rows=[[1, 5], [2, 7]])
    run(book, "create_excel_table", name="T", options={"totals": {"Day": "count", "Net": "sum"}})
    drawn = chart(book, "column", options={"categories": "Day"})
    assert drawn["series"][0]["values"] == "'Sheet1'!$B$2:$B$3"
    assert drawn["notes"] == ["Row 4 (totals) is left out."]
