"""create_excel_chart draws the right cells, in a free place, and says what it left out."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from PIL import Image
from python_calamine import CalamineWorkbook

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.workbook.areas import Area, parse_area, split_sheet
from service.workbook.book import Book
from service.workbook.house import house
from tests.bench import new_book, run

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
D = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
KINDS = ("column", "bar", "line", "pie", "scatter", "area")
GRID = Area(1, 1, 1_048_576, 16_384)
EMU_PER_PIXEL = 9525
MONTHS = ["Jan", "Feb", "Mar", "Apr"]
ROWS = [[m, 100 + 7 * i, 50 - 3 * i, f"=B{i + 2}-C{i + 2}"] for i, m in enumerate(MONTHS)]
TOTAL = ["Total", "=SUM(B2:B5)", "=SUM(C2:C5)", "=SUM(D2:D5)"]


@pytest.fixture
def book() -> Book:
    """Month, Income, Cost, Profit (formulas), and a row of totals."""
    return new_book(headers=["Month", "Income", "Cost", "Profit"], rows=[*ROWS, TOTAL])


@dataclass
class Drawn:
    """A chart as the saved file tells it."""

    tag: str
    tree: etree._Element
    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    cached: dict[str, list[Any]] = field(default_factory=dict)

    def one(self, path: str) -> str | None:
        """The attribute val of the first element at ``path``, None without one."""
        found = self.tree.find(path.replace("c:", C))
        return None if found is None else found.get("val")


def drawn(path: Path) -> list[Drawn]:
    with ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.startswith("xl/charts/chart"))
        return [_drawn(etree.fromstring(archive.read(name))) for name in names]


def _drawn(tree: etree._Element) -> Drawn:
    plot = next(e for e in tree.iter() if str(e.tag).endswith("Chart"))
    chart = Drawn(etree.QName(plot).localname, tree)
    for series in plot.iter(f"{C}ser"):
        for part, found in (
            ("tx", chart.names),
            ("cat", chart.categories),
            ("xVal", chart.categories),
            ("val", chart.values),
            ("yVal", chart.values),
        ):
            for reference in series.iterfind(f"{C}{part}//{C}f"):
                found.append(str(reference.text))
                chart.cached[str(reference.text)] = _cache(reference.getnext())
    return chart


def _cache(cache: etree._Element) -> list[Any]:
    count = int(cache.find(f"{C}ptCount").get("val"))
    points: dict[int, Any] = {}
    for point in cache.iterfind(f"{C}pt"):
        text = str(point.findtext(f"{C}v"))
        points[int(point.get("idx"))] = float(text) if "num" in str(cache.tag) else text
    return [points.get(index) for index in range(count)]


def cells_at(path: Path, reference: str) -> list[Any]:
    """What calamine reads from the cells of a reference."""
    sheet, text = split_sheet(reference)
    area = parse_area(text, GRID)
    rows = (
        CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    )
    values = [rows[r - 1][area.first_column - 1] for r in range(area.first_row, area.last_row + 1)]
    return [None if value == "" else value for value in values]


def saved(book: Book, folder: Path) -> Path:
    book.save(folder / "saved.xlsx")
    return folder / "saved.xlsx"


# References -------------------------------------------------------------------


TAGS = {"column": "barChart", "bar": "barChart"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_references_are_those_of_the_range(kind: str, book: Book, tmp_path: Path) -> None:
    """Also after the file was opened and saved again."""
    data_range = {"pie": "A1:B5", "scatter": "B1:D5"}.get(kind, "A1:D5")
    answer = run(book, "create_excel_chart", chart_type=kind, data_range=data_range)
    columns = {"pie": "B", "scatter": "CD"}.get(kind, "BCD")
    first = "B" if kind == "scatter" else "A"
    path = saved(book, tmp_path)
    again = tmp_path / "again.xlsx"
    Book.load(path, "saved.xlsx").save(again)
    for file in (path, again):
        [chart] = drawn(file)
        assert chart.tag == TAGS.get(kind, f"{kind}Chart")
        assert chart.names == [f"'Sheet1'!${c}$1" for c in columns]
        assert chart.values == [f"'Sheet1'!${c}$2:${c}$5" for c in columns]
        assert chart.categories == [f"'Sheet1'!${first}$2:${first}$5"] * len(columns)
    told = answer.result["chart"]
    assert [series["values"] for series in told["series"]] == chart.values
    assert told["categories"] == chart.categories[0]
    assert told["type"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_values_beside_the_references_are_those_of_the_cells(
    kind: str, book: Book, tmp_path: Path
) -> None:
    """Results of formulas too, and after a later change; calamine reads the cells."""
    data_range = {"pie": "A1:A5,D1:D5", "scatter": "B1:D5"}.get(kind, "A1:D5")
    run(book, "create_excel_chart", chart_type=kind, data_range=data_range)
    for change in (None, 999):
        if change is not None:
            run(book, "write_excel_range", start="B3", rows=[[change]])
        path = saved(book, tmp_path)
        [chart] = drawn(path)
        assert chart.cached
        for reference, values in chart.cached.items():
            assert values == cells_at(path, reference)
    assert any((952.0 if kind == "pie" else 999.0) in values for values in chart.cached.values())


def test_a_chart_from_elsewhere_keeps_no_old_values(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "other.xlsx")) as xl:
        sheet, day = xl.add_worksheet("Sheet"), xl.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row("A1", ["Day", "Km"])
        sheet.write_column("A2", [46023, 46024], day)
        sheet.write("B2", 3)
        sheet.write_formula("B3", "=B2*2", None, 6)
        chart = xl.add_chart({"type": "column"})
        place = {"name": "=Sheet!B1", "categories": "=Sheet!A2:A3", "values": "=Sheet!B2:B3"}
        chart.add_series(place)
        sheet.insert_chart("D2", chart)
    book = Book.load(tmp_path / "other.xlsx", "other.xlsx")
    run(book, "write_excel_range", start="B2", rows=[[5]])
    [after] = drawn(saved(book, tmp_path))
    assert after.cached["Sheet!B2:B3"] == [5.0, 10.0]
    assert after.cached["Sheet!A2:A3"] == [46023.0, 46024.0]
    assert after.cached["Sheet!B1"] == ["Km"]


def test_sheet_names_are_quoted_in_references(tmp_path: Path) -> None:
    name = "It's Q1, 2026"
    book = new_book(sheet=name, headers=["Item", "Cost"], rows=[["Rent", 5], ["Food", 3]])
    run(book, "create_excel_chart")
    [chart] = drawn(saved(book, tmp_path))
    assert chart.values == ["'It''s Q1, 2026'!$B$2:$B$3"]
    assert chart.cached[chart.values[0]] == [5.0, 3.0]


def test_a_chart_can_stand_on_another_sheet() -> None:
    book = new_book(
        sheets=[
            {"name": "Data", "headers": ["Item", "Cost"], "rows": [["Rent", 5], ["Food", 3]]},
            {"name": "View"},
        ]
    )
    answer = run(book, "create_excel_chart", sheet="View", data_range="Data!A1:B3")
    assert answer.sheet == "View"
    assert answer.result["chart"]["at"] == "B2"
    assert answer.result["chart"]["series"][0]["values"] == "'Data'!$B$2:$B$3"
    assert [len(sheet._charts) for sheet in book.xl.worksheets] == [0, 1]  # type: ignore[attr-defined]


# What is drawn without a range ------------------------------------------------

AUTOMATIC: list[tuple[str, list[Any], list[list[Any]], str, str | None, list[str]]] = [
    ("column", ["Month", "Income"], [["Jan", 1], ["Feb", 2]], "B", "A", []),
    ("column", ["Income", "Month"], [[1, "Jan"], [2, "Feb"]], "A", "B", []),
    ("line", ["Day", "Km"], [["2026-01-01", 1], ["2026-01-02", 2]], "B", "A", []),
    ("column", ["Item", "Cost"], [["a", 1], ["b", 2], ["Total", "=B2+B3"]], "B", "A", ["Row 4"]),
    ("column", ["Item", "Cost"], [["a", 1], ["b", 2], ["Summe:", 3]], "B", "A", ["Row 4"]),
    ("column", ["Item", "Cost"], [["a", 1], ["b", 2], ["Summer", 3]], "B", "A", []),
    ("column", ["Year", "Cost"], [[2024, 1], [2025, 2]], "B", "A", []),
    ("column", ["Weight", "Cost"], [[7, 1], [8, 2]], "AB", None, ["counted 1, 2, 3"]),
    ("column", ["Order ID", "Item", "Cost"], [[7, "a", 1], [8, "b", 2]], "C", "B", ['"Order ID"']),
    ("column", ["Item", "Cost", "Note"], [["a", 1, "x"], ["b", 2, 3]], "B", "A", ['"Note" (C)']),
    ("pie", ["Item", "Cost", "Tax"], [["a", 1, 3], ["b", 2, 4]], "B", "A", ['"Tax" (C)']),
    ("scatter", ["Item", "X", "Y"], [["a", 1, 3], ["b", 2, 4]], "C", "B", ['"Item" (A)']),
    ("scatter", ["Item", "X"], [["a", 1], ["b", 2]], "B", None, ['"Item" (A)', "x values"]),
    ("column", ["Region", 2024, 2025], [["N", 10, 20], ["S", 30, 40]], "BC", "A", []),
]


@pytest.mark.parametrize(("kind", "headers", "rows", "series", "categories", "notes"), AUTOMATIC)
def test_what_is_drawn_without_a_range(
    kind: str,
    headers: list[Any],
    rows: list[list[Any]],
    series: str,
    categories: str | None,
    notes: list[str],
    tmp_path: Path,
) -> None:
    book = new_book(rows=[headers, *rows])
    answer = run(book, "create_excel_chart", chart_type=kind)
    [chart] = drawn(saved(book, tmp_path))
    assert [re.sub(r"[^A-Z]", "", v.split("!")[1])[0] for v in chart.values] == list(series)
    assert {v.split("!$")[1][0] for v in chart.categories} == (
        {categories} if categories else set()
    )
    told = answer.result.get("notes", [])
    assert len(told) == len(notes)
    assert all(expected in note for expected, note in zip(notes, told, strict=True))
    names = [item["name"] for item in answer.result["chart"]["series"]]
    assert names == [str(headers["ABC".index(letter)]) for letter in series]


def test_data_without_headers_is_drawn_from_its_first_row(tmp_path: Path) -> None:
    book = new_book(rows=[["a", 1], ["b", 2]])
    answer = run(book, "create_excel_chart")
    [chart] = drawn(saved(book, tmp_path))
    assert chart.values == ["'Sheet1'!$B$1:$B$2"]
    assert chart.names == []
    assert answer.result["chart"]["series"][0]["name"] == "Column B"


def test_whole_columns_mean_their_data(book: Book) -> None:
    book = new_book(rows=[["Costs of 2026"], [None], ["Item", "Cost"], ["Rent", 5], ["Food", 3]])
    answer = run(book, "create_excel_chart", data_range="A:B")
    assert answer.result["chart"]["series"] == [{"name": "Cost", "values": "'Sheet1'!$B$4:$B$5"}]


def test_rows_below_all_data_are_not_drawn(book: Book) -> None:
    chart = run(book, "create_excel_chart", data_range="A1:B1048576").result["chart"]
    assert chart["series"][0]["values"] == "'Sheet1'!$B$2:$B$6"


def test_many_columns_of_numbers_are_not_all_drawn() -> None:
    book = new_book(headers=["Item", *(f"N{i}" for i in range(30))], rows=[["a", *range(30)]] * 2)
    answer = run(book, "create_excel_chart")
    assert len(answer.result["chart"]["series"]) == 12
    assert "Left out" in answer.result["notes"][0]


def test_options_choose_series_and_categories(book: Book) -> None:
    options = {"series": ["profit", "B"], "categories": "C"}
    chart = run(book, "create_excel_chart", options=options).result["chart"]
    assert [item["name"] for item in chart["series"]] == ["Profit", "Income"]
    assert chart["categories"] == "'Sheet1'!$C$2:$C$5"


NOTED = [
    ({"data_range": "A1:B6"}, 'The last row ("Total") is drawn too; A1:B5 leaves it out.'),
    ({"data_range": "B1:B5"}, "The data has no column for the categories"),
    (
        {"data_range": "B1:C5"},
        '"Income" (B) is the first column, so its numbers are the categories',
    ),
    ({"data_range": "A1:B5", "position": "A1"}, "The chart covers 24 filled cells"),
    ({"data_range": "A1:D5", "chart_type": "area"}, "The areas are stacked"),
]


@pytest.mark.parametrize(("parameters", "note"), NOTED)
def test_what_was_decided_is_noted(parameters: dict[str, Any], note: str, book: Book) -> None:
    notes = run(book, "create_excel_chart", **parameters).result["notes"]
    assert notes[0].startswith(note)


def test_errors_and_texts_among_numbers_are_noted() -> None:
    rows = [["a", 1, 1], ["b", "=1/0", "none"], ["c", 3, 3]]
    book = new_book(headers=["Item", "Cost", "Tax"], rows=rows)
    notes = run(book, "create_excel_chart", data_range="A1:C4").result["notes"]
    assert notes == [
        '1 cell of "Tax" (C) with text, drawn as zero.',
        '1 cell of "Cost" (B) with errors, not drawn.',
    ]


# Place ------------------------------------------------------------------------


def covered(path: Path, part: str = "xl/drawings/drawing1.xml") -> list[tuple[int, int, int, int]]:
    """(left, top, right, bottom) of each chart in pixels, worked out from the saved file."""
    with ZipFile(path) as archive:
        drawing = etree.fromstring(archive.read(part))
    sheet = openpyxl.load_workbook(path).active
    found = []
    for anchor in drawing:
        marker, size = anchor.find(f"{D}from"), anchor.find(f"{D}ext")
        column, row = (int(marker.findtext(f"{D}{name}")) for name in ("col", "row"))
        left, top = corner(sheet, row + 1, column + 1)
        width, height = (int(size.get(name)) // EMU_PER_PIXEL for name in ("cx", "cy"))
        found.append((left, top, left + width, top + height))
    return found


def corner(sheet: Any, row: int, column: int) -> tuple[int, int]:
    """(x, y) of a cell's upper left corner in pixels."""
    widths = {}
    for item in sheet.column_dimensions.values():
        for number in range(item.min, item.max + 1):
            widths[number] = round(item.width * 7)
    heights = {number: item.height for number, item in sheet.row_dimensions.items() if item.height}
    x = sum(widths.get(number, 64) for number in range(1, column))
    return x, round(sum(heights.get(number, 15) for number in range(1, row)) * 96 / 72)


def test_charts_cover_nothing(book: Book, tmp_path: Path) -> None:
    """Five charts one after the other, among wide columns, high rows and one that was placed."""
    run(book, "format_excel_cells", range="F1:H1", style={"width": 30})
    run(book, "format_excel_cells", range="A9:A12", style={"height": 60})
    run(book, "create_excel_chart", data_range="A1:B5", position="J20")
    for kind in ("column", "pie", "bar", "line"):
        run(book, "create_excel_chart", chart_type=kind, data_range="A1:B5")
    path = saved(book, tmp_path)
    boxes = covered(path)
    assert len(boxes) == 5
    for one, other in combinations(boxes, 2):
        apart_x = one[2] <= other[0] or other[2] <= one[0]
        assert apart_x or one[3] <= other[1] or other[3] <= one[1]
    sheet = openpyxl.load_workbook(path).active
    right_of_data, _ = corner(sheet, 1, 5)
    assert all(left >= right_of_data for left, *_ in boxes)


def test_the_first_chart_is_beside_the_data(book: Book, tmp_path: Path) -> None:
    answer = run(book, "create_excel_chart")
    assert answer.result["chart"]["at"] == "F2"
    assert run(book, "create_excel_chart").result["chart"]["at"] != "F2"
    described = run(book, "describe_excel_file").result["sheets"][0]["charts"]
    assert described[0]["at"] == "F2"
    again = Book.load(saved(book, tmp_path), "saved.xlsx")
    assert run(again, "describe_excel_file").result["sheets"][0]["charts"] == described


def test_charts_are_described_in_the_words_that_made_them(book: Book, tmp_path: Path) -> None:
    """Also after the file was opened again."""
    ranges = {"pie": "A1:B5", "scatter": "B1:C5"}
    for kind in KINDS:
        run(book, "create_excel_chart", chart_type=kind, data_range=ranges.get(kind, "A1:C5"))
    for each in (book, Book.load(saved(book, tmp_path), "saved.xlsx")):
        charts = run(each, "describe_excel_file").result["sheets"][0]["charts"]
        assert [chart["type"] for chart in charts] == list(KINDS)


def test_a_position_is_taken_as_asked(book: Book) -> None:
    answer = run(book, "create_excel_chart", data_range="A1:B5", position="$K$30")
    assert answer.result["chart"]["at"] == "K30"
    assert "notes" not in answer.result
    over = run(book, "create_excel_chart", data_range="A1:B5", position="L31")
    assert over.result["notes"] == ["The chart covers another chart or picture."]


# Look -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "pie"])
def test_axes_show_and_the_title_covers_nothing(kind: str, book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", range="B:D", style={"number_format": "currency EUR"})
    run(book, "create_excel_chart", chart_type=kind, data_range="B1:D5", title="Costs & more")
    [chart] = drawn(saved(book, tmp_path))
    axes = [e for e in chart.tree.iter() if str(e.tag).endswith("Ax") and len(e)]
    assert len(axes) == 2
    assert all(axis.find(f"{C}delete").get("val") == "0" for axis in axes)
    value_axis = chart.tree.findall(f".//{C}valAx")[-1]
    assert value_axis.find(f"{C}majorGridlines") is not None
    assert value_axis.find(f"{C}numFmt").get("sourceLinked") == "1"
    assert value_axis.find(f"{C}numFmt").get("formatCode") == "#,##0.00 [$€-1]"
    assert chart.tree.findtext(f".//{C}val//{C}formatCode") in ("#,##0.00 [$€-1]", None)
    assert chart.one("c:chart/c:title/c:overlay") == "0"
    assert chart.one("c:roundedCorners") == "0"
    assert "".join(chart.tree.find(f"{C}chart/{C}title").itertext()).strip() == "Costs & more"


@pytest.mark.parametrize(
    ("kind", "data_range", "options", "place"),
    [
        ("column", "A1:B5", {}, None),
        ("column", "A1:D5", {}, "b"),
        ("pie", "A1:B5", {}, "r"),
        ("column", "A1:B5", {"legend": "top"}, "t"),
        ("column", "A1:D5", {"legend": "left"}, "l"),
        ("pie", "A1:B5", {"legend": "none"}, None),
    ],
)
def test_legends(
    kind: str,
    data_range: str,
    options: dict[str, Any],
    place: str | None,
    book: Book,
    tmp_path: Path,
) -> None:
    run(book, "create_excel_chart", chart_type=kind, data_range=data_range, options=options)
    [chart] = drawn(saved(book, tmp_path))
    assert chart.one("c:chart/c:legend/c:legendPos") == place


def test_options_reach_the_chart(book: Book, tmp_path: Path) -> None:
    options = {
        "x_title": "Month",
        "y_title": "Euro",
        "stacked": True,
        "data_labels": True,
        "width_cm": 20,
        "height_cm": 10,
    }
    run(book, "create_excel_chart", data_range="A1:D5", options=options)
    path = saved(book, tmp_path)
    [chart] = drawn(path)
    titles = {
        etree.QName(axis).localname: "".join(axis.find(f"{C}title").itertext()).strip()
        for axis in chart.tree.iter(f"{C}catAx", f"{C}valAx")
    }
    assert titles == {"catAx": "Month", "valAx": "Euro"}
    assert chart.one(".//c:grouping") == "stacked"
    assert chart.one(".//c:overlap") == "100"
    assert chart.one(".//c:ser/c:dLbls/c:showVal") == "1"
    [(left, top, right, bottom)] = covered(path)
    assert (right - left, bottom - top) == (
        20 * 360_000 // EMU_PER_PIXEL,
        10 * 360_000 // EMU_PER_PIXEL,
    )


def test_labels_of_unformatted_fractions_are_short(tmp_path: Path) -> None:
    book = new_book(headers=["Item", "Cost"], rows=[["Rent", 100 / 3], ["Food", 7]])
    run(book, "create_excel_chart", options={"data_labels": True})
    [chart] = drawn(saved(book, tmp_path))
    number_format = chart.tree.find(f".//{C}dLbls/{C}numFmt")
    assert dict(number_format.attrib) == {"formatCode": "#,##0.00", "sourceLinked": "0"}


def test_a_pie_shows_shares(book: Book, tmp_path: Path) -> None:
    run(book, "create_excel_chart", chart_type="pie", data_range="A1:B5")
    [chart] = drawn(saved(book, tmp_path))
    assert chart.one(".//c:dLbls/c:showPercent") == "1"
    colors = [e.get("val") for e in chart.tree.iter() if str(e.tag).endswith("srgbClr")]
    assert set(house("blue").accents[:4]) <= set(colors)


@pytest.mark.parametrize("style", ["blue", "green", "purple"])
def test_colours_are_those_of_the_house(style: str, tmp_path: Path) -> None:
    book = new_book(headers=["Item", "A", "B"], rows=[["x", 1, 2], ["y", 3, 4]], style=style)
    run(book, "create_excel_chart")
    [chart] = drawn(saved(book, tmp_path))
    fills = [e.find(".//{*}srgbClr").get("val") for e in chart.tree.iterfind(f".//{C}ser/{C}spPr")]
    assert fills == list(house(style).accents[:2])


def test_a_single_series_names_the_chart(book: Book) -> None:
    chart = run(book, "create_excel_chart", data_range="A1:A5,D1:D5").result["chart"]
    assert chart["title"] == "Profit"
    assert run(book, "create_excel_chart").result["chart"]["title"] == ""


@pytest.mark.needs("soffice")
@pytest.mark.needs("pdftoppm")
def test_libreoffice_draws_every_kind(tmp_path: Path) -> None:
    """Each page shows the chart's own colours, and its title and categories as text."""
    sheets = [
        {"name": kind, "headers": ["Month", "Income"], "rows": [r[:2] for r in ROWS]}
        for kind in KINDS
    ]
    book = new_book(sheets=sheets)
    for kind in KINDS:
        rows = "B1:B5" if kind == "scatter" else "A1:B5"
        title = f"Picture of {kind}"
        run(book, "create_excel_chart", sheet=kind, chart_type=kind, data_range=rows, title=title)
        sheet = book.sheet(kind)
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToWidth = 1
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    path = saved(book, tmp_path)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = [str(shutil.which("soffice")), profile, "--headless", "--convert-to", "pdf"]
    subprocess.run([*convert, "--outdir", str(tmp_path), str(path)], check=True, timeout=100)
    pdf = tmp_path / "saved.pdf"
    subprocess.run(["pdftoppm", "-r", "60", "-png", str(pdf), str(tmp_path / "page")], check=True)
    accents = [bytes.fromhex(color) for color in house("blue").accents[:4]]
    for number, kind in enumerate(KINDS, start=1):
        picture = Image.open(tmp_path / f"page-{number}.png").convert("RGB")
        pixels = picture.tobytes()
        counts = [sum(pixels[i : i + 3] == c for i in range(0, len(pixels), 3)) for c in accents]
        shown = counts if kind == "pie" else counts[:1]
        assert all(count > 20 for count in shown), (kind, counts)
        text = subprocess.run(
            ["pdftotext", "-f", str(number), "-l", str(number), "-layout", str(pdf), "-"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert f"Picture of {kind}" in text
        assert text.count("Jan") == (1 if kind == "scatter" else 2)


# Refusals ---------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], type[ExcelToolsError], str]] = [
    ({"chart_type": "donut"}, InvalidParameters, "column"),
    ({"options": {"colour": "red"}}, InvalidParameters, "colour"),
    ({"options": {"legend": "middle"}}, InvalidParameters, "legend"),
    ({"options": {"width_cm": 1}}, InvalidParameters, "width_cm"),
    ({"options": {"height_cm": float("nan")}}, InvalidParameters, "height_cm"),
    ({"options": {"series": ["Tax"]}}, InvalidParameters, '"Income" (B)'),
    ({"options": {"categories": "Z"}}, InvalidParameters, '"Month" (A)'),
    ({"options": {"series": ["Month"]}}, InvalidRange, '"Month" (A) holds text'),
    ({"title": "x" * 256}, InvalidValue, "title"),
    ({"title": "a\nb"}, InvalidValue, "title"),
    ({"options": {"x_title": "\x00"}}, InvalidValue, "x_title"),
    ({"data_range": "nonsense"}, InvalidRange, "nonsense"),
    ({"data_range": ","}, InvalidRange, "','"),
    ({"data_range": "'" * 20_000}, InvalidRange, "20,000 characters"),
    ({"data_range": "A1:A5,C1:C4"}, InvalidRange, "same rows"),
    ({"data_range": "A1:D1"}, InvalidRange, "headers alone"),
    ({"data_range": "B1:B5,A1:A5"}, InvalidRange, '"Month" (A) holds text'),
    ({"data_range": "A1:A5"}, InvalidRange, "holds text"),
    ({"data_range": "A1:XFD5"}, InvalidRange, "255"),
    ({"data_range": "F1:G9"}, InvalidRange, "no numbers"),
    ({"data_range": "A1:C5", "chart_type": "scatter"}, InvalidRange, "x values"),
    ({"data_range": "A1:D5", "chart_type": "pie"}, InvalidRange, "one series"),
    ({"position": "nowhere"}, InvalidRange, "nowhere"),
    ({"position": "Other!B2"}, InvalidRange, "Other"),
    ({"sheet": "Other"}, ExcelToolsError, "Sheet1"),
    ({"data_range": "Other!A1:B2"}, ExcelToolsError, "Sheet1"),
]


@pytest.mark.parametrize(("parameters", "error", "told"), REFUSED)
def test_a_refusal_says_why_and_changes_nothing(
    parameters: dict[str, Any], error: type[ExcelToolsError], told: str, book: Book, tmp_path: Path
) -> None:
    run(book, "create_excel_chart", data_range="A1:B5")
    saved(book, tmp_path)  # the first save fills in defaults of openpyxl's own
    before = everything(saved(book, tmp_path))
    with pytest.raises(error) as refusal:
        run(book, "create_excel_chart", **parameters)
    assert told in refusal.value.message
    assert refusal.value.hint
    assert not book.broken
    assert everything(saved(book, tmp_path)) == before


def everything(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        return {n: archive.read(n) for n in archive.namelist() if not n.startswith("docProps")}


@pytest.mark.parametrize(
    ("kind", "data_range"),
    [
        ("column", "B1:D5"),
        ("column", "C1:E5"),
        ("column", "A1:E5"),
        ("column", "B1:B5,A1:A5"),
        ("pie", "A1:D5"),
        ("scatter", "A1:D5"),
    ],
)
def test_the_range_that_a_refusal_names_works(kind: str, data_range: str) -> None:
    headers = ["Month", "Income", "Cost", "Note", "Profit"]
    book = new_book(headers=headers, rows=[[m, 5 + i, 3 + i, "x", i] for i, m in enumerate(MONTHS)])
    with pytest.raises(InvalidRange) as refusal:
        run(book, "create_excel_chart", chart_type=kind, data_range=data_range)
    ranges = re.findall(r'"([A-Z]\d+:[A-Z0-9:,]+)"', refusal.value.hint)
    assert ranges
    for better in ranges:
        run(book, "create_excel_chart", chart_type=kind, data_range=better)


def test_the_range_that_a_refusal_names_names_its_sheet() -> None:
    rows = [["Rent", 5, "x"], ["Food", 3, "y"]]
    data = {"name": "All data", "headers": ["Item", "Cost", "Note"], "rows": rows}
    book = new_book(sheets=[data, {"name": "View"}])
    with pytest.raises(InvalidRange) as refusal:
        run(book, "create_excel_chart", sheet="View", data_range="'All data'!A1:C3")
    assert refusal.value.details == {"data_range": "'All data'!A1:B3"}
    run(book, "create_excel_chart", sheet="View", data_range="'All data'!A1:B3")


def test_nothing_to_draw_is_told() -> None:
    with pytest.raises(InvalidRange, match="is empty"):
        run(new_book(), "create_excel_chart")
    with pytest.raises(InvalidRange, match="headers alone"):
        run(new_book(headers=["Item", "Cost"]), "create_excel_chart")
    with pytest.raises(InvalidRange, match="no column of numbers"):
        run(new_book(headers=["Item", "Cost"], rows=[["Rent", "much"]]), "create_excel_chart")
