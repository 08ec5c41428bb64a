"""Charts are listed, changed and deleted: those made here, and those of an opened file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from service.errors import InvalidParameters, InvalidRange, SheetNotFound
from service.operations.chart_options import NEW
from service.workbook.book import Book
from service.workbook.package.opc import Draft
from tests import chart_books as books
from tests import kept
from tests.bench import new_book, run
from tests.chart_books import CX, C, chart_tree, chart_trees, parts, reopened, saved, value
from tests.corpus import validity


def change(book: Book, **parameters: Any) -> dict[str, Any]:
    return dict(run(book, "create_excel_chart", action="change", **parameters).result)


def listed(book: Book, **parameters: Any) -> list[dict[str, Any]]:
    return list(run(book, "create_excel_chart", action="list", **parameters).result["charts"])


@pytest.fixture
def full(tmp_path: Path) -> Book:
    """A workbook of another program: two charts with trend lines, and a waterfall."""
    return Book.load(kept.full_workbook(tmp_path / "full.xlsx"), "full.xlsx")


# List -------------------------------------------------------------------------


def test_all_charts_of_a_file_are_listed(full: Book) -> None:
    charts = listed(full)
    assert [(c["number"], c["type"], c["name"]) for c in charts] == [
        (1, "column", "Chart 3"),
        (2, "line", "Chart 4"),
        (3, "waterfall", "Chart 40"),
    ]
    assert charts[0]["title"] == "Sales"
    assert charts[0]["series"][0] == {
        "name": "Data!$B$1",
        "values": "Data!$B$2:$B$4",
        "categories": "Data!$A$2:$A$4",
    }
    assert charts[2]["series"][0]["values"] == "Data!$B$2:$B$4"  # behind a hidden name
    assert listed(full, sheet="other") == []


def test_a_list_changes_nothing(full: Book) -> None:
    answer = run(full, "create_excel_chart", action="list")
    assert not answer.changed
    assert run(full, "create_excel_chart", sheet="Data", data_range="A1:B4").changed


# Delete -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({"options": {"chart": "2"}}, "xl/charts/chart2.xml"),
        ({"options": {"chart": "chart 3"}}, "xl/charts/chart1.xml"),
        ({"options": {"chart": "Chart 40"}}, "xl/charts/chartEx1.xml"),
        ({"sheet": "Data", "options": {"chart": "3"}}, "xl/charts/chartEx1.xml"),
    ],
)
def test_a_deleted_chart_goes_with_its_part(
    wanted: dict[str, Any], part: str, full: Book, tmp_path: Path
) -> None:
    before = parts(saved(full, tmp_path, "before.xlsx"))
    answer = run(full, "create_excel_chart", action="delete", **wanted)
    assert answer.result["charts_left"] == 2
    path = saved(full, tmp_path)
    after = parts(path)
    assert part in before
    assert part not in after
    others = [n for n in before if n.startswith("xl/charts/chart") and n != part]
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert validity.problems(path) == []
    assert (b"_xlchart" in after["xl/workbook.xml"]) == ("Ex" not in part)


def test_a_chart_that_nobody_can_read_is_listed_and_deleted(tmp_path: Path) -> None:
    def spoil(draft: Draft) -> None:
        name = "xl/charts/chart1.xml"
        draft.write(name, draft.read(name).replace(b'barDir val="col"', b'barDir val="up"'))

    path = kept.edited(kept.full_workbook(tmp_path / "full.xlsx"), spoil)
    book = Book.load(path, "full.xlsx")
    assert [chart["type"] for chart in listed(book)] == ["unknown", "line", "waterfall"]
    with pytest.raises(InvalidParameters, match="listed and deleted"):
        change(book, title="New", options={"chart": "1"})
    run(book, "create_excel_chart", action="delete", options={"chart": "1"})
    after = parts(saved(book, tmp_path))
    assert "xl/charts/chart1.xml" not in after
    assert "xl/charts/chart2.xml" in after


@pytest.mark.parametrize("kind", ["column", *NEW])
def test_a_chart_made_here_can_be_deleted(kind: str, tmp_path: Path) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, title="Gone")
    for each in (reopened(book, tmp_path), book):
        run(each, "create_excel_chart", action="delete", title="gone")
        assert listed(each) == []
        assert not any("chart" in name.lower() for name in parts(saved(each, tmp_path)))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"options": {"chart": "9"}}, "9"),
        ({}, "none was named"),
        ({"options": {"chart": "Sales"}}, "2 of them"),
        ({"options": {"chart": "1", "gap": 5}}, "gap"),
        ({"data_range": "A1:B4"}, "data_range"),
    ],
)
def test_a_chart_that_is_not_clear_is_refused_with_those_there_are(
    parameters: dict[str, Any], message: str, full: Book
) -> None:
    with pytest.raises(InvalidParameters, match=message) as refusal:
        run(full, "create_excel_chart", action="delete", **parameters)
    assert refusal.value.hint
    assert len(listed(full)) == 3


def test_no_chart_at_all_is_told() -> None:
    with pytest.raises(InvalidParameters, match="has no chart"):
        run(books.book_for("column"), "create_excel_chart", action="delete")
    with pytest.raises(SheetNotFound):
        run(books.book_for("column"), "create_excel_chart", action="delete", sheet="No")


# Change -----------------------------------------------------------------------


def test_a_change_leaves_the_rest_of_a_files_chart_alone(full: Book, tmp_path: Path) -> None:
    """Trend lines, looks and everything that nobody spoke of are as they were."""
    before = chart_trees(saved(full, tmp_path, "before.xlsx"))[0]
    change(full, title="Turnover", options={"chart": "1", "y_max": 20, "x_title": "Region"})
    after = chart_trees(saved(full, tmp_path))[0]
    assert value(after, "c:valAx/c:scaling/c:max") == "20"
    assert "".join(after.find(f".//{C}catAx/{C}title").itertext()) == "Region"
    assert [etree.tostring(s, method="c14n") for s in after.iter(f"{C}ser")] == [
        etree.tostring(s, method="c14n") for s in before.iter(f"{C}ser")
    ]
    assert listed(full)[0]["title"] == "Turnover"
    again = Book.load(saved(full, tmp_path, "again.xlsx"), "again.xlsx")
    assert [chart["title"] for chart in listed(again)[:2]] == ["Turnover", "Sales"]


def test_a_new_kind_of_a_file_is_changed_in_place(full: Book, tmp_path: Path) -> None:
    before = chart_trees(saved(full, tmp_path, "before.xlsx"))[2]
    options = {"chart": "Chart 40", "totals": ["West"], "colors": ["red", "blue"]}
    change(full, title="Flow", options=options)
    after = chart_trees(saved(full, tmp_path))[2]
    assert [item.get("val") for item in after.iter(f"{CX}idx")] == ["2"]
    assert listed(full)[2]["title"] == "Flow"
    for name in ("strDim", "numDim"):
        assert len({etree.tostring(t.find(f".//{CX}{name}")) for t in (before, after)}) == 1
    change(full, title="none", options={"chart": "Chart 40"})
    assert "title" not in listed(full)[2]


@pytest.mark.parametrize("opened", [False, True])
def test_changes_of_all_sorts(opened: bool, tmp_path: Path) -> None:
    book = books.book_for("column")
    run(book, "create_excel_chart", title="First")
    book = reopened(book, tmp_path) if opened else book
    change(
        book,
        title="Second",
        position="K20",
        options={
            "name": "Money",
            "width_cm": 10,
            "legend": "top",
            "stacked": True,
            "data_labels": True,
            "colors": ["#111111", "#222222", "#333333"],
            "y_format": "0.0",
            "trendline": "none",
            "gap": 30,
        },
    )
    path = saved(book, tmp_path)
    assert validity.problems(path) == []
    again = Book.load(path, "again.xlsx")
    [chart] = listed(again)
    assert (chart["name"], chart["title"], chart["at"]) == ("Money", "Second", "K20")
    tree = chart_trees(path)[0]
    found = ("c:grouping", "c:gapWidth", "c:legendPos", "c:dLbls/c:showVal", "c:dLblPos")
    assert [value(tree, name) for name in found] == ["stacked", "30", "t", "1", "ctr"]
    colors = [next(s.find(f"{C}spPr").iter("{*}srgbClr")).get("val") for s in tree.iter(f"{C}ser")]
    assert colors == ["111111", "222222", "333333"]
    drawing = etree.fromstring(parts(path)["xl/drawings/drawing1.xml"])
    assert next(drawing.iter("{*}ext")).get("cx") == "3600000"


def test_stacking_takes_labels_that_stood_outside_in(tmp_path: Path) -> None:
    """Excel refuses a file in which labels of stacked columns stand outside."""
    book = books.book_for("column")
    run(book, "create_excel_chart", options={"data_labels": True})
    change(book, options={"stacked": True})
    assert value(chart_tree(book, tmp_path), "c:dLblPos") == "ctr"
    with pytest.raises(InvalidParameters, match="label_position"):
        change(book, options={"label_position": "outside_end"})


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(("data_range", "columns"), [("A1:B4", "B"), ("A1:D3", "BCD")])
def test_a_chart_can_show_other_cells(
    opened: bool, data_range: str, columns: str, tmp_path: Path
) -> None:
    book = books.book_for("column")
    run(book, "create_excel_chart", data_range="A1:C5", options={"colors": ["#123456"]})
    book = reopened(book, tmp_path) if opened else book
    change(book, data_range=data_range)
    path = saved(book, tmp_path)
    last = data_range[-1]
    values = [f"'Sheet1'!${c}$2:${c}${last}" for c in columns]
    assert [item["values"] for item in listed(book)[0]["series"]] == values
    tree = chart_trees(path)[0]
    assert [item.text for item in tree.iterfind(f".//{C}val//{C}f")] == values
    first = tree.find(f".//{C}ser")
    assert next(first.iter("{*}srgbClr")).get("val") == "123456"
    assert validity.problems(path) == []


def test_a_new_kind_can_show_other_cells(tmp_path: Path) -> None:
    book = books.book_for("funnel")
    run(book, "create_excel_chart", chart_type="funnel")
    change(book, data_range="A1:B3")
    tree = chart_tree(book, tmp_path)
    assert tree.findtext(f".//{CX}numDim/{CX}f") == "'Sheet1'!$B$2:$B$3"
    assert len(tree.findall(f".//{CX}numDim//{CX}pt")) == 2


@pytest.mark.parametrize("kind", ["bar", "line", "area", "radar", "doughnut"])
def test_a_chart_can_become_another_kind(kind: str, tmp_path: Path) -> None:
    book = books.book_for("column")
    run(book, "create_excel_chart", title="Money", options={"y_title": "Euro", "name": "Mine"})
    for each in (reopened(book, tmp_path), book):
        answer = change(each, chart_type=kind)
        assert answer["notes"] == [f"The column chart was drawn anew as a {kind} chart."]
        path = saved(each, tmp_path, "kind.xlsx")
        [chart] = listed(Book.load(path, "kind.xlsx"))
        assert [chart[key] for key in ("type", "title", "name", "at")] == [
            kind, "Money", "Mine", "F2",
        ]  # fmt: skip
        assert len(chart["series"]) == 3
        assert validity.problems(path) == []
        titles = ["".join(t.itertext()) for t in chart_trees(path)[0].iter(f"{C}title")]
        assert titles == (["Money"] if kind == "doughnut" else ["Money", "Euro"])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("column", {}, "nothing to change"),
    ("column", {"chart_type": "pie"}, "A pie shows one series"),
    ("column", {"chart_type": "waterfall"}, "can't be made a waterfall"),
    ("funnel", {"chart_type": "column"}, "can't be made a column"),
    ("column", {"options": {"bins": 3}}, "bins"),
    ("column", {"options": {"own_sheet": "New"}}, "own_sheet"),
    ("column", {"options": {"series": ["B"]}}, "data_range"),
    ("column", {"options": {"name": "Other"}}, "Other"),
    ("column", {"position": "Elsewhere!A1"}, "Elsewhere"),
    ("column", {"options": {"y2_min": 1}}, "y2_min"),
    ("column", {"options": {"colors": ["red"] * 5}}, "colours for 3 series"),
    ("combo", {"data_range": "A1:C5"}, "other series"),
    ("box", {"data_range": "A1:B9"}, "other series"),
]


@pytest.mark.parametrize(("kind", "parameters", "message"), REFUSED)
def test_changes_that_can_not_be_are_refused(
    kind: str, parameters: dict[str, Any], message: str, tmp_path: Path
) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind, options={"name": "Mine"})
    if message == "Other":
        run(book, "create_excel_chart", options={"name": "Other"})
    before = listed(book)
    options = {"chart": "Mine", **parameters.get("options", {})}
    with pytest.raises((InvalidParameters, InvalidRange), match=message) as refusal:
        change(book, **{**parameters, "options": options})
    assert refusal.value.hint
    assert listed(book) == before


def test_a_kind_that_is_not_ours_can_be_listed_and_deleted_only(tmp_path: Path) -> None:
    from openpyxl.chart import SurfaceChart

    book = books.book_for("column")
    chart = SurfaceChart()
    book.sheet("Sheet1").add_chart(chart, "H2")
    assert listed(book)[0]["type"] == "surface"
    with pytest.raises(InvalidParameters, match="surface"):
        change(book, title="New")
    run(book, "create_excel_chart", action="delete")
    assert listed(book) == []


def test_a_chart_without_axis_titles_in_a_file_gets_one(tmp_path: Path) -> None:
    book = new_book(headers=["Item", "Cost"], rows=[["Rent", 5], ["Food", 3]])
    run(book, "create_excel_chart")
    book = reopened(book, tmp_path)
    change(book, options={"y_title": "Euro"})
    change(book, options={"y_title": "none"})
    change(book, options={"x_title": "Thing"})
    tree = chart_tree(book, tmp_path)
    titles = {
        etree.QName(t.getparent()).localname: "".join(t.itertext()) for t in tree.iter(f"{C}title")
    }
    assert titles["catAx"] == "Thing"
    assert "valAx" not in titles
