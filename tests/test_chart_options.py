"""Each option of create_excel_chart has its effect on the chart in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.errors import InvalidParameters, InvalidValue
from service.operations.chart_options import SPARK, TAKES, ChartOptions
from tests import chart_books as books
from tests.bench import run
from tests.chart_books import CX, C, chart_tree, saved, value
from tests.corpus import validity

Y, X = "c:valAx", "c:catAx"
AXIS = f"{Y}/c:scaling"
# kind, options, and what the chart's part then has where.
EFFECTS: list[tuple[str, dict[str, Any], dict[str, str | None]]] = [
    ("column", {"stacked": True}, {"c:grouping": "stacked", "c:overlap": "100"}),
    ("column", {"stacked": "percent"}, {"c:grouping": "percentStacked", "c:overlap": "100"}),
    ("bar", {"stacked": "percent"}, {"c:grouping": "percentStacked", "c:barDir": "bar"}),
    ("line", {"stacked": True}, {"c:grouping": "stacked"}),
    ("area", {"stacked": "percent"}, {"c:grouping": "percentStacked"}),
    ("column", {"gap": 25}, {"c:gapWidth": "25"}),
    ("doughnut", {"hole": 70}, {"c:holeSize": "70"}),
    ("radar", {"filled": True}, {"c:radarStyle": "filled"}),
    ("radar", {"markers": False}, {"c:radarStyle": "standard"}),
    ("line", {"smooth": True}, {"c:ser/c:smooth": "1"}),
    ("line", {"markers": False}, {"c:ser/c:marker/c:symbol": "none"}),
    ("line", {"markers": True}, {"c:ser/c:marker/c:symbol": "circle"}),
    ("combo", {"smooth": True}, {"c:lineChart/c:ser/c:smooth": "1"}),
    ("combo", {"markers": False}, {"c:lineChart/c:ser/c:marker/c:symbol": "none"}),
    ("column", {"y_min": -5, "y_max": 250.5}, {f"{AXIS}/c:min": "-5", f"{AXIS}/c:max": "250.5"}),
    ("column", {"y_step": 25}, {f"{Y}/c:majorUnit": "25"}),
    ("column", {"y_log": True}, {f"{AXIS}/c:logBase": "10"}),
    ("column", {"y_reverse": True}, {f"{AXIS}/c:orientation": "maxMin"}),
    ("column", {"x_reverse": True}, {f"{X}/c:scaling/c:orientation": "maxMin"}),
    ("bar", {"x_reverse": True}, {f"{X}/c:scaling/c:orientation": "minMax"}),
    ("column", {"legend": "left"}, {"c:legendPos": "l"}),
    ("column", {"legend": "none"}, {"c:legendPos": None}),
    ("column", {"data_labels": True}, {"c:ser/c:dLbls/c:showVal": "1"}),
    ("column", {"data_labels": "series"}, {"c:showSerName": "1", "c:showVal": "0"}),
    ("pie", {"data_labels": ["category", "value"]}, {"c:showCatName": "1", "c:showPercent": "0"}),
    ("pie", {"data_labels": False}, {"c:dLbls/c:showPercent": None}),
    ("pie", {"label_position": "best_fit"}, {"c:dLblPos": "bestFit", "c:showPercent": "1"}),
    ("bubble", {"data_labels": "size"}, {"c:showBubbleSize": "1"}),
    ("column", {"label_position": "inside_base"}, {"c:dLblPos": "inBase"}),
    ("line", {"label_position": "below"}, {"c:dLblPos": "b"}),
    ("column", {"stacked": True, "data_labels": True}, {"c:dLblPos": "ctr"}),
    ("scatter", {"trendline": "linear"}, {"c:trendlineType": "linear", "c:dispEq": "0"}),
    ("scatter", {"trendline": "exponential", "trendline_r2": True}, {"c:dispRSqr": "1"}),
    ("scatter", {"trendline": "linear", "trendline_equation": True}, {"c:dispEq": "1"}),
    ("column", {"trendline": "logarithmic"}, {"c:trendlineType": "log"}),
    ("line", {"trendline": "power", "trendline_forward": 2}, {"c:forward": "2"}),
    ("scatter", {"trendline": "polynomial", "trendline_period": 3}, {"c:trendline/c:order": "3"}),
    ("line", {"trendline": "moving_average", "trendline_period": 3}, {"c:period": "3"}),
    ("column", {"error_bars": "5 %"}, {"c:errValType": "percentage", "c:errBars/c:val": "5"}),
    ("column", {"error_bars": "2.5"}, {"c:errValType": "fixedVal", "c:errBars/c:val": "2.5"}),
    ("scatter", {"error_bars": "stderr"}, {"c:errValType": "stdErr", "c:errDir": "y"}),
    ("line", {"error_bars": "stdev"}, {"c:errValType": "stdDev"}),
    ("combo", {"second_axis": False}, {"c:lineChart/c:axId": "10"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "found"), EFFECTS)
def test_options_change_the_chart(
    kind: str, options: dict[str, Any], found: dict[str, str | None], tmp_path: Path
) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options=options)
    tree = chart_tree(book, tmp_path)
    assert {path: value(tree, path) for path in found} == found
    assert validity.problems(saved(book, tmp_path)) == []


@pytest.mark.parametrize(
    ("kind", "options", "axis", "code"),
    [
        ("column", {"y_format": "currency EUR"}, "valAx", "#,##0.00 [$€-1]"),
        ("column", {"x_format": "0000"}, "catAx", "0000"),
        ("column", {"label_format": "0.0", "data_labels": True}, "dLbls", "0.0"),
        ("column", {"stacked": "percent"}, "valAx", "0%"),
    ],
)
def test_number_formats(
    kind: str, options: dict[str, Any], axis: str, code: str, tmp_path: Path
) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options=options)
    found = chart_tree(book, tmp_path).find(f".//{C}{axis}/{C}numFmt")
    assert dict(found.attrib) == {"formatCode": code, "sourceLinked": "0"}


def test_the_second_axis_has_its_own_title_scale_and_format(tmp_path: Path) -> None:
    book = books.book_for("combo")
    options = {"y2_title": "Share", "y2_min": 0, "y2_max": 30, "y2_format": "0.0"}
    run(book, "create_excel_chart", chart_type="combo", options=options)
    axes = chart_tree(book, tmp_path).findall(f".//{C}valAx")
    [second] = [axis for axis in axes if value(axis, "c:crosses") == "max"]
    assert "".join(second.find(f"{C}title").itertext()) == "Share"
    assert [value(second, f"c:{name}") for name in ("min", "max")] == ["0", "30"]
    assert second.find(f"{C}numFmt").get("formatCode") == "0.0"


def test_the_x_axis_of_a_scatter_has_a_scale(tmp_path: Path) -> None:
    book = books.book_for("scatter")
    options = {"x_min": 1, "x_max": 1000, "x_log": True}
    run(book, "create_excel_chart", chart_type="scatter", options=options)
    axis = chart_tree(book, tmp_path).find(f".//{C}valAx")
    found = [value(axis, f"c:{name}") for name in ("min", "max", "logBase")]
    assert found == ["1", "1000", "10"]


@pytest.mark.parametrize(("lines", "expected"), [("none", []), ("x", ["catAx"]), ("y", ["valAx"])])
def test_gridlines(lines: str, expected: list[str], tmp_path: Path) -> None:
    book = books.book_for("column")
    run(book, "create_excel_chart", options={"gridlines": lines})
    tree = chart_tree(book, tmp_path)
    axes = ("catAx", "valAx")
    assert [a for a in axes if tree.find(f".//{C}{a}/{C}majorGridlines") is not None] == expected


@pytest.mark.parametrize("kind", ["column", "line", "area", "scatter", "radar", "combo", "bubble"])
def test_colours_of_series(kind: str, tmp_path: Path) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options={"colors": ["#112233"]})
    series = chart_tree(book, tmp_path).find(f".//{C}ser")
    assert "112233" in {item.get("val") for item in series.iter("{*}srgbClr")}


def test_colours_of_slices(tmp_path: Path) -> None:
    book = books.book_for("pie")
    run(book, "create_excel_chart", chart_type="pie", options={"colors": ["#112233", "red"]})
    points = chart_tree(book, tmp_path).findall(f".//{C}dPt")
    assert [next(p.iter("{*}srgbClr")).get("val") for p in points] == ["112233", "FF0000"]


def test_lines_between_the_points_of_a_scatter(tmp_path: Path) -> None:
    book = books.book_for("scatter")
    run(book, "create_excel_chart", chart_type="scatter", options={"connect": True})
    line = chart_tree(book, tmp_path).find(f".//{C}ser/{C}spPr/{{*}}ln")
    assert line.find("{*}solidFill") is not None


# New kinds --------------------------------------------------------------------

NEW_EFFECTS: list[tuple[str, dict[str, Any], str, dict[str, str]]] = [
    ("histogram", {"bins": 6}, "cx:binCount", {"val": "6"}),
    ("histogram", {"bin_width": 2.5}, "cx:binSize", {"val": "2.5"}),
    ("pareto", {"bins": 4}, "cx:binCount", {"val": "4"}),
    ("funnel", {"gap": 50}, "cx:catScaling", {"gapWidth": "0.5"}),
    ("waterfall", {"gap": 80}, "cx:catScaling", {"gapWidth": "0.8"}),
    (
        "waterfall",
        {"y_min": -10, "y_max": 200, "y_step": 50},
        "cx:valScaling",
        {"min": "-10.0", "max": "200.0", "majorUnit": "50.0"},
    ),
    ("box", {"y_format": "0.0"}, "cx:axis/cx:numFmt", {"formatCode": "0.0", "sourceLinked": "0"}),
    ("funnel", {"label_position": "inside_end"}, "cx:dataLabels", {"pos": "inEnd"}),
    ("funnel", {"label_format": "0.0"}, "cx:dataLabels/cx:numFmt", {"formatCode": "0.0"}),
    ("treemap", {"legend": "top"}, "cx:legend", {"pos": "t"}),
    (
        "sunburst",
        {"data_labels": ["category", "value"]},
        "cx:dataLabels/cx:visibility",
        {"categoryName": "1", "value": "1"},
    ),
]


@pytest.mark.parametrize(("kind", "options", "path", "found"), NEW_EFFECTS)
def test_options_change_charts_of_new_kinds(
    kind: str, options: dict[str, Any], path: str, found: dict[str, str], tmp_path: Path
) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options=options)
    element = chart_tree(book, tmp_path).find(".//" + path.replace("cx:", CX))
    assert {name: element.get(name) for name in found} == found


def test_titles_gridlines_and_no_labels_on_a_new_kind(tmp_path: Path) -> None:
    book = books.book_for("waterfall")
    options = {
        "x_title": "Step",
        "y_title": "Euro",
        "gridlines": "x",
        "data_labels": False,
        "legend": "none",
    }
    run(book, "create_excel_chart", chart_type="waterfall", title="Flow", options=options)
    tree = chart_tree(book, tmp_path)
    assert ["".join(item.itertext()) for item in tree.iter(f"{CX}title")] == [
        "Flow",
        "Step",
        "Euro",
    ]
    [lines] = tree.iter(f"{CX}majorGridlines")
    assert lines.getparent().get("id") == "0"
    assert not [*tree.iter(f"{CX}dataLabels"), *tree.iter(f"{CX}legend")]


def test_totals_and_colours_of_a_waterfall(tmp_path: Path) -> None:
    book = books.book_for("waterfall")
    options = {"totals": ["start", "End"], "colors": ["#00AA00", "#AA0000", "#888888"]}
    run(book, "create_excel_chart", chart_type="waterfall", options=options)
    tree = chart_tree(book, tmp_path)
    assert [item.get("val") for item in tree.iter(f"{CX}idx")] == ["0", "3"]
    points = tree.findall(f".//{CX}dataPt")
    colors = [next(point.iter("{*}srgbClr")).get("val") for point in points]
    assert colors == ["888888", "00AA00", "AA0000", "888888"]


@pytest.mark.parametrize("kind", ["histogram", "pareto", "box", "funnel"])
def test_colours_of_new_kinds(kind: str, tmp_path: Path) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options={"colors": ["#112233"]})
    series = chart_tree(book, tmp_path).find(f".//{CX}series")
    assert next(series.find(f"{CX}spPr").iter("{*}srgbClr")).get("val") == "112233"


# Refusals ---------------------------------------------------------------------

SAMPLES: dict[str, Any] = {
    "chart": "1", "name": "Mine", "x_title": "X", "y_title": "Y", "y2_title": "Z", "legend": "top",
    "stacked": True, "data_labels": True, "label_position": "center", "label_format": "0.0",
    "series": ["B"], "series_in": "rows", "categories": "A", "width_cm": 12, "height_cm": 7,
    "own_sheet": "Own", "colors": ["red"], "markers": True, "smooth": True,
    "connect": True, "filled": True,
    "gap": 50, "hole": 50, "x_min": 1, "x_max": 9, "x_log": True, "x_reverse": True,
    "x_format": "0.0",
    "y_min": 1, "y_max": 9, "y_log": True, "y_reverse": True, "y_step": 2, "y_format": "0.0",
    "y2_min": 1, "y2_max": 9, "y2_format": "0.0", "gridlines": "x", "trendline": "linear",
    "trendline_period": 2, "trendline_forward": 1, "trendline_equation": True,
    "trendline_r2": True, "error_bars": "5", "lines": ["Profit"], "second_axis": False,
    "totals": ["Start"], "bins": 4, "bin_width": 5, "highlight": ["high"],
}  # fmt: skip


def test_there_is_a_sample_of_each_option() -> None:
    assert {*SAMPLES} == {*ChartOptions.model_fields}
    assert {*SAMPLES} == {name for names in TAKES.values() for name in names}


@pytest.mark.parametrize("option", [name for name in SAMPLES if name != "chart"])
def test_each_option_is_refused_by_the_kinds_that_do_not_take_it(option: str) -> None:
    for kind, taken in TAKES.items():
        if option in taken:
            continue
        book = books.book_for(kind)
        options = {option: SAMPLES[option]}
        if option.startswith("trendline_"):
            options["trendline"] = "linear"
        with pytest.raises(InvalidParameters, match="options.trendline|" + option) as refusal:
            run(book, "create_excel_chart", chart_type=kind, options=options)
        assert refusal.value.hint
        assert not book.sheet("Sheet1")._charts


@pytest.mark.parametrize(
    ("kind", "options", "word"),
    [
        ("column", {"y_min": 5, "y_max": 5}, "y_min"),
        ("column", {"y_log": True, "y_min": 0}, "y_log"),
        ("column", {"y_step": 0}, "y_step"),
        ("column", {"gap": 900}, "gap"),
        ("column", {"label_position": "above"}, "label_position"),
        ("column", {"label_position": "outside_end", "stacked": True}, "stacked column"),
        ("column", {"data_labels": "percent"}, "percent"),
        ("column", {"data_labels": False, "label_format": "0"}, "data_labels"),
        ("column", {"trendline_r2": True}, "trendline"),
        ("column", {"trendline": "linear", "stacked": True}, "trendline"),
        ("column", {"error_bars": "much"}, "error_bars"),
        ("column", {"colors": ["red"] * 4}, "colours for 3 series"),
        ("line", {"trendline": "polynomial", "trendline_period": 9}, "degree"),
        ("combo", {"lines": ["Income", "Cost", "Profit"]}, "lines"),
        ("combo", {"lines": ["Nothing"]}, "lines"),
        ("combo", {"second_axis": False, "y2_min": 1}, "y2"),
        ("histogram", {"bins": 4, "bin_width": 2}, "bins"),
        ("waterfall", {"totals": ["Nothing"]}, "totals"),
        ("waterfall", {"colors": ["red"] * 4}, "colors"),
        ("column", {"chart": "1"}, "chart"),
    ],
)
def test_what_can_not_be_is_refused_by_name(kind: str, options: dict[str, Any], word: str) -> None:
    book = books.book_for(kind)
    with pytest.raises(InvalidParameters, match=word) as refusal:
        run(book, "create_excel_chart", chart_type=kind, options=options)
    assert refusal.value.hint
    assert not book.sheet("Sheet1")._charts


@pytest.mark.parametrize(
    "options",
    [{"colors": ["reddish"]}, {"y_format": "[["}, {"name": "a\nb"}, {"x_title": "x" * 300}],
)
def test_values_that_can_not_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        run(books.book_for("column"), "create_excel_chart", options=options)


def test_sparklines_are_no_charts() -> None:
    assert {*SPARK} <= {*TAKES}
