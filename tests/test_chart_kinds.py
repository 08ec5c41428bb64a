"""Each kind of chart that create_excel_chart makes: right cells, a sound file, kept for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from lxml import etree

from service.errors import InvalidParameters, InvalidRange
from service.operations.chart_options import CLASSIC, NEW, SPARK
from service.workbook.book import Book
from service.workbook.chart_shapes import ChartType
from service.workbook.new_charts import XDR, NewType
from service.workbook.package.opc import parse
from tests import chart_books as books
from tests.bench import new_book, run
from tests.chart_books import CX, C, chart_tree, chart_trees, parts, reopened, saved, value
from tests.corpus import validity

KINDS = (*CLASSIC, *NEW)
DRAWN = {
    "column": "barChart",
    "bar": "barChart",
    "combo": "barChart",
}
LAYOUTS = {
    "histogram": ["clusteredColumn"],
    "pareto": ["clusteredColumn", "paretoLine"],
    "box": ["boxWhisker", "boxWhisker"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_sound_file_that_is_kept(kind: str, tmp_path: Path) -> None:
    """It is listed after reopening as it was before, and saving again changes no chart."""
    book = books.book_for(kind)
    data = "A1:B5" if kind == "pie" else ""
    run(book, "create_excel_chart", chart_type=kind, data_range=data, title="The title")
    path = saved(book, tmp_path)
    assert validity.problems(path) == []
    again = Book.load(path, "saved.xlsx")
    charts = [run(each, "create_excel_chart", action="list").result for each in (book, again)]
    assert charts[0] == charts[1]
    [chart] = charts[0]["charts"]
    assert (chart["type"], chart["title"], chart["name"]) == (kind, "The title", "Chart 1")
    before, after = parts(path), parts(saved(again, tmp_path, "again.xlsx"))
    drawn = [name for name in before if "chart" in name.lower() or "drawing" in name]
    assert {name: after[name] for name in drawn} == {name: before[name] for name in drawn}


@pytest.mark.parametrize("kind", NEW)
def test_new_kinds_come_with_the_values_of_the_cells(kind: str, tmp_path: Path) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind)
    tree = chart_tree(book, tmp_path)
    layouts = [item.get("layoutId") for item in tree.iter(f"{CX}series")]
    assert layouts == LAYOUTS.get(kind, [kind])
    headers, rows = books.DATA[kind]
    numbers = [item.text for item in tree.find(f".//{CX}numDim").iter(f"{CX}pt")]
    column = 1 if kind == "box" else len(headers) - 1
    assert numbers == [str(row[column]) for row in rows]
    if kind != "histogram":
        levels = tree.find(f".//{CX}strDim").findall(f"{CX}lvl")
        texts = [[item.text for item in level] for level in levels]
        wanted = range(1 if kind in ("treemap", "sunburst") else 0, -1, -1)
        assert texts == [[row[index] for row in rows] for index in wanted]
    assert tree.findtext(f".//{CX}series//{CX}v") == headers[column]


def test_a_later_change_reaches_a_chart_of_a_new_kind(tmp_path: Path) -> None:
    book = books.book_for("funnel")
    run(book, "create_excel_chart", chart_type="funnel")
    for each in (book, reopened(book, tmp_path)):
        run(each, "write_excel_range", start="B2", rows=[[999]])
        tree = chart_tree(each, tmp_path)
        assert tree.findtext(f".//{CX}numDim//{CX}pt") == "999"


def test_rows_that_are_inserted_move_the_references_of_a_new_kind(tmp_path: Path) -> None:
    book = books.book_for("waterfall")
    run(book, "create_excel_chart", chart_type="waterfall")
    run(book, "edit_excel_sheet", action="insert_rows", target="1:2")
    [chart] = run(book, "create_excel_chart", action="list").result["charts"]
    assert chart["series"][0]["values"] == "'Sheet1'!$B$4:$B$7"
    tree = chart_tree(book, tmp_path)
    assert tree.findtext(f".//{CX}numDim/{CX}f") == "'Sheet1'!$B$4:$B$7"


def test_the_frame_of_a_new_kind_says_so_to_older_programs(tmp_path: Path) -> None:
    book = books.book_for("funnel")
    run(book, "create_excel_chart", chart_type="funnel", title="Deals")
    drawing = etree.fromstring(parts(saved(book, tmp_path))["xl/drawings/drawing1.xml"])
    [choice] = drawing.iter("{*}Choice")
    assert choice.get("Requires") in choice.nsmap
    assert next(choice.iter("{*}cNvPr")).get("name") == "Chart 1"
    [fallback] = drawing.iter("{*}Fallback")
    assert "Deals" in "".join(fallback.itertext())


@pytest.mark.parametrize("kind", CLASSIC)
def test_old_kinds_are_drawn_by_the_element_of_their_name(kind: str, tmp_path: Path) -> None:
    book = books.book_for(kind)
    run(book, "create_excel_chart", chart_type=kind)
    tree = chart_tree(book, tmp_path)
    plot = next(e for e in tree.iter() if str(e.tag).endswith("Chart"))
    assert etree.QName(plot).localname == DRAWN.get(kind, f"{kind}Chart")
    numbers = [item.get("val") for item in tree.iterfind(f".//{C}ser/{C}idx")]
    assert len(numbers) == len(set(numbers)) > 0


def test_a_combo_draws_lines_on_an_axis_of_their_own(tmp_path: Path) -> None:
    book = books.book_for("combo")
    run(book, "create_excel_chart", chart_type="combo", options={"lines": ["Cost", "Profit"]})
    tree = chart_tree(book, tmp_path)
    bars, lines = tree.find(f".//{C}barChart"), tree.find(f".//{C}lineChart")
    assert [len(part.findall(f"{C}ser")) for part in (bars, lines)] == [1, 2]
    axes = [[item.get("val") for item in part.findall(f"{C}axId")] for part in (bars, lines)]
    assert not set(axes[0]) & set(axes[1])
    known = {item.findtext(f"{C}axId") or item.find(f"{C}axId").get("val") for item in
             tree.find(f".//{C}plotArea") if str(item.tag).endswith("Ax")}  # fmt: skip
    assert known == {*axes[0], *axes[1]}


def test_prices_are_known_by_their_headers(tmp_path: Path) -> None:
    rows = [["2026-01-01", 12, 900, 8, 10, 14], ["2026-01-02", 10, 800, 9, 12, 15]]
    book = new_book(headers=["Date", "Close", "Volume", "Low", "Open", "High"], rows=rows)
    answer = run(book, "create_excel_chart", chart_type="stock")
    names = [item["name"] for item in answer.result["chart"]["series"]]
    assert names == ["Open", "High", "Low", "Close"]
    assert '"Volume" (C)' in answer.result["notes"][0]
    tree = chart_tree(book, tmp_path)
    assert tree.find(f".//{C}upDownBars") is not None


def test_bubbles_have_sizes(tmp_path: Path) -> None:
    book = books.book_for("bubble")
    run(book, "create_excel_chart", chart_type="bubble")
    tree = chart_tree(book, tmp_path)
    found = {n: tree.findtext(f".//{C}{n}//{C}f") for n in ("xVal", "yVal", "bubbleSize")}
    assert found == {
        "xVal": "'Sheet1'!$B$2:$B$3",
        "yVal": "'Sheet1'!$C$2:$C$3",
        "bubbleSize": "'Sheet1'!$D$2:$D$3",
    }


@pytest.mark.parametrize(
    ("kind", "data_range", "message"),
    [
        ("bubble", "B1:C3", "x values, y values and sizes"),
        ("stock", "A1:C3", "high, low and close"),
        ("combo", "A1:B3", "two columns of numbers"),
        ("waterfall", "A1:C3", "A waterfall shows one series"),
    ],
)
def test_data_that_does_not_suit_a_kind_is_refused(
    kind: str, data_range: str, message: str
) -> None:
    book = books.book_for("bubble")
    with pytest.raises(InvalidRange, match=message) as refusal:
        run(book, "create_excel_chart", chart_type=kind, data_range=data_range)
    assert refusal.value.hint


# Sources ----------------------------------------------------------------------


def with_table(book: Book, path: Path) -> Book:
    from openpyxl.worksheet.table import Table

    sheet = book.sheet("Data")
    sheet.add_table(Table(displayName="Sales", ref="A1:B3"))
    return Book.load(saved(book, path, "table.xlsx"), "table.xlsx")


@pytest.mark.parametrize("name", ["Sales", "sales", "numbers"])
def test_a_table_or_a_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    from openpyxl.workbook.defined_name import DefinedName

    book = new_book(
        sheets=[
            {"name": "View"},
            {"name": "Data", "headers": ["Item", "Cost"], "rows": [["Rent", 5], ["Food", 3]]},
        ]
    )
    book.xl.defined_names["Numbers"] = DefinedName("Numbers", attr_text="Data!$A$1:$B$3")
    book = with_table(book, tmp_path)
    answer = run(book, "create_excel_chart", sheet="View", data_range=name)
    assert answer.sheet == "View"
    assert answer.result["chart"]["series"] == [{"name": "Cost", "values": "'Data'!$B$2:$B$3"}]


# Sheets of their own ------------------------------------------------------------


def test_a_chart_can_be_a_sheet_of_its_own(tmp_path: Path) -> None:
    """In a workbook made here, and in one that came from a file."""
    book = books.book_for("line")
    opened = reopened(books.book_for("line"), tmp_path)
    for each in (book, opened):
        options = {"own_sheet": "Big picture"}
        answer = run(each, "create_excel_chart", chart_type="line", options=options)
        assert (answer.sheet, answer.result["chart"]["at"]) == ("Big picture", "whole sheet")
        path = saved(each, tmp_path)
        assert validity.problems(path) == []
        again = Book.load(path, "again.xlsx")
        assert again.xl.sheetnames == ["Sheet1", "Big picture"]
        [chart] = run(again, "create_excel_chart", action="list").result["charts"]
        assert (chart["sheet"], chart["at"]) == ("Big picture", "whole sheet")
        assert chart_trees(path)[0].find(f".//{C}lineChart") is not None
        run(again, "write_excel_range", start="B2", rows=[[77]])
        assert b">77<" in parts(saved(again, tmp_path, "b.xlsx"))["xl/charts/chart1.xml"]
        run(again, "create_excel_chart", action="delete", options={"chart": "1"})
        assert again.xl.sheetnames == ["Sheet1"]
        assert not any("chart" in name for name in parts(saved(again, tmp_path, "c.xlsx")))


@pytest.mark.parametrize("kind", NEW)
def test_a_chart_of_a_new_kind_can_be_a_sheet_of_its_own(kind: str, tmp_path: Path) -> None:
    """It is kept, changed, and goes with its parts; also in a workbook that came from a file."""
    for each in (books.book_for(kind), reopened(books.book_for(kind), tmp_path)):
        options = {"own_sheet": "Big picture"}
        answer = run(each, "create_excel_chart", chart_type=kind, title="One", options=options)
        assert (answer.sheet, answer.result["chart"]["at"]) == ("Big picture", "whole sheet")
        path = saved(each, tmp_path)
        assert validity.problems(path) == []
        again = Book.load(path, "again.xlsx")
        assert again.xl.sheetnames == ["Sheet1", "Big picture"]
        [chart] = run(again, "create_excel_chart", action="list").result["charts"]
        assert (chart["sheet"], chart["type"], chart["title"]) == ("Big picture", kind, "One")
        chosen = {"chart": "1"}
        run(again, "create_excel_chart", action="change", title="Two", options=chosen)
        run(again, "write_excel_range", start="B2", rows=[[77]])
        files = parts(saved(again, tmp_path, "b.xlsx"))
        (drawing,) = [parse(xml) for name, xml in files.items() if "drawings/drawing" in name]
        (anchor,) = drawing
        assert anchor.tag == f"{{{XDR}}}absoluteAnchor"
        assert [etree.QName(e).localname for e in anchor] == [
            "pos", "ext", "AlternateContent", "clientData"
        ]  # fmt: skip
        assert b">77<" in files["xl/charts/chartEx1.xml"]
        assert b"Two" in files["xl/charts/chartEx1.xml"]
        assert validity.problems(tmp_path / "b.xlsx") == []
        run(again, "create_excel_chart", action="delete", options={"chart": "1"})
        assert again.xl.sheetnames == ["Sheet1"]
        assert not any("chart" in name for name in parts(saved(again, tmp_path, "c.xlsx")))


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"position": "A1"}, "position"),
        ({"options": {"own_sheet": "New", "width_cm": 10}}, "width_cm"),
        ({"chart_type": "sparkline_line", "position": "H2:H5"}, "own_sheet"),
    ],
)
def test_what_a_chart_sheet_can_not_have_is_refused(more: dict[str, Any], word: str) -> None:
    parameters = {"options": {"own_sheet": "New"}, **more}
    with pytest.raises(InvalidParameters, match=word):
        run(books.book_for("column"), "create_excel_chart", **parameters)


def test_the_choices_are_those_that_the_layers_know() -> None:
    assert {*CLASSIC} == {*get_args(ChartType)}
    assert {*NEW} == {*get_args(NewType)}
    assert not {*CLASSIC, *NEW} & {*SPARK}


@pytest.mark.needs("soffice")
def test_libreoffice_opens_a_file_with_all_new_kinds(tmp_path: Path) -> None:
    import shutil
    import subprocess

    sheets = [
        {"name": kind, "headers": books.DATA[kind][0], "rows": books.DATA[kind][1]} for kind in NEW
    ]
    book = new_book(sheets=sheets)
    for kind in NEW:
        run(book, "create_excel_chart", sheet=kind, chart_type=kind)
    path = saved(book, tmp_path)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [str(shutil.which("soffice")), profile, "--headless", "--convert-to", "csv"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(path)], check=True, timeout=120)
    assert (tmp_path / "saved.csv").read_text().startswith("Item,Euro")
    assert value(chart_trees(path)[0], "cx:dataId") == "0"
