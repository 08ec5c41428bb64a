"""What previews draw beside cells: sparklines, shapes, trend lines, sheets that are charts."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import pytest

from service.workbook.book import Book
from service.workbook.preview.palette import contrast, legible
from service.workbook.preview.sheets import Asked, Preview
from service.workbook.preview.svg import written
from service.workbook.preview.trends import Trend, fitted
from tests.bench import new_book, run
from tests.corpus.library import Library

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def data(book: Book) -> dict[str, Any]:
    return Preview(book, Asked(NOW)).whole()


def of_corpus(name: str, folder: Path) -> dict[str, Any]:
    path = Library(folder).path(name)
    return data(Book.load(path, name))


def drawings(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for sheet in found["sheets"] for one in sheet["drawings"] or ()]


@pytest.mark.parametrize("kind", ["line", "column", "winloss"])
def test_sparklines_are_drawn_in_their_cells_and_told_in_words(kind: str) -> None:
    book = new_book(headers=["Item", "Q1", "Q2", "Q3"], rows=[["a", 1, 5, 2], ["b", 4, -3, 2]])
    run(book, "create_excel_chart", chart_type=f"sparkline_{kind}", data_range="A1:D3")
    rows = data(book)["sheets"][0]["window"]["rows"]
    [cell] = [one for one in rows[3] if one[0] == 5]
    assert "of 3 values: first 4, last 2, lowest -3, highest 4" in cell[4]["w"]
    drawn = written(cell[4]["k"])
    assert drawn.count("<rect") == {"line": 0, "column": 3, "winloss": 3}[kind]
    assert drawn.count("<path") == (1 if kind == "line" else 0)


def test_shapes_and_text_boxes_are_drawn_where_they_stand(tmp_path: Path) -> None:
    found = drawings(of_corpus("hand-shapes.xlsx", tmp_path))
    texts = {run[0] for one in found for _, runs in one.get("text", ()) for run in runs}
    assert {"hello", "a text box"} <= texts
    first = next(one for one in found if one["words"] == "Rectangle 1")
    assert (first["left"], first["top"]) == (4 * 64, 20)
    assert (first["width"], first["height"]) == (6 * 64, 12 * 20)
    assert 'fill="#5B9BD5"' in written(first["shape"])


def test_parts_much_larger_than_their_group_stay_in_its_place(tmp_path: Path) -> None:
    found = of_corpus("hand-shapes.xlsx", tmp_path)
    sizes = [(one["width"], one["height"]) for one in drawings(found)]
    assert len(sizes) == 9
    assert max(max(size) for size in sizes) < 1_000, sizes


def test_what_is_not_drawn_is_named(tmp_path: Path) -> None:
    [diagram] = drawings(of_corpus("hand-smartart.xlsx", tmp_path))
    assert diagram["words"] == "Diagram 1"
    assert "shape" not in diagram


def test_a_chart_is_not_covered_by_what_stands_in_for_it(tmp_path: Path) -> None:
    found = drawings(of_corpus("hand-new-charts.xlsx", tmp_path))
    assert found
    assert all("svg" in one or "shape" not in one for one in found)


def test_a_sheet_that_is_a_chart_has_a_tab(tmp_path: Path) -> None:
    sheets = of_corpus("openpyxl-chartsheet.xlsx", tmp_path)["sheets"]
    assert any(len(s["drawings"]) == 1 and not s["window"]["rows"] for s in sheets)


def test_zoom_and_filters_are_as_in_the_file(tmp_path: Path) -> None:
    sheet = of_corpus("openpyxl-rules.xlsx", tmp_path)["sheets"][0]
    kinds = {cell[0]: cell[4]["v"] for cell in sheet["window"]["rows"][1] if "v" in cell[-1]}
    assert kinds[1] == 2
    assert set(kinds.values()) == {1, 2}


POINTS = [(1.0, 3.0), (2.0, 5.0), (3.0, 7.0), (4.0, 9.0)]


@pytest.mark.parametrize(
    ("trend", "curve", "equation"),
    [
        (Trend("linear", equation=True, r_squared=True), lambda x: 2 * x + 1, "y = 2x + 1"),
        (Trend("poly", order=2, equation=True), lambda x: x * x - 3 * x + 2, "y = x² - 3x + 2"),
        (Trend("exp", equation=True), lambda x: 2 * math.exp(0.5 * x), "y = 2e^(0.5x)"),
        (Trend("log", equation=True), lambda x: 3 * math.log(x) + 4, "y = 3ln(x) + 4"),
        (Trend("power", equation=True), lambda x: 2 * x**1.5, "y = 2x^1.5"),
    ],
)
def test_trend_lines_find_the_curve_that_points_lie_on(
    trend: Trend, curve: Any, equation: str
) -> None:
    fit = fitted(trend, [(float(x), curve(float(x))) for x in range(1, 9)])
    assert fit is not None
    assert fit.words[0] == equation
    assert all(y == pytest.approx(curve(x)) for x, y in fit.points)
    if trend.r_squared:
        assert fit.words[1] == "R² = 1"


def test_a_moving_average_and_what_has_no_trend() -> None:
    average = fitted(Trend("movingAvg", period=2), POINTS)
    assert average is not None
    assert average.points == [(2.0, 4.0), (3.0, 6.0), (4.0, 8.0)]
    assert fitted(Trend("linear"), POINTS[:1]) is None
    assert fitted(Trend("exp"), [(1.0, -1.0), (2.0, 3.0)]) is None


def test_a_trend_line_goes_on_as_far_as_asked() -> None:
    fit = fitted(Trend("linear", forward=2.0, backward=1.0), POINTS)
    assert fit is not None
    assert (fit.points[0], fit.points[-1]) == ((0.0, 1.0), (6.0, pytest.approx(13.0)))


@pytest.mark.parametrize(("text", "ground"), [("FFFFFF", "4F81BD"), ("6B6B6B", "DDEBF7")])
def test_what_can_nearly_be_read_can_be_read(text: str, ground: str) -> None:
    assert contrast(*legible(text, ground, ground_too=True)) >= 4.5


def test_colours_that_nobody_could_mend_stay() -> None:
    assert legible("FFFF00", "FFFFFF") == ("FFFF00", "FFFFFF")
    assert legible("000000", "FFFFFF") == ("000000", "FFFFFF")
