"""create_excel_pivot makes Excel's own pivot tables, and their figures are right at once.

The figures are judged against sums over plain rows, worked out here in the plainest way.
"""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from lxml import etree

from service.errors import (
    ExcelToolsError,
    InvalidParameters,
    InvalidRange,
    InvalidValue,
    TooLarge,
)
from service.operations.preferences import Preferences
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.library import Library
from tests.corpus.validity import problems

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
X14 = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
HEADERS = ["Date", "Region", "Product", "Qty", "Amount", "Paid"]
REGIONS, PRODUCTS = ["North", "South", "East"], ["Pen", "Ink", "Pad", "Cap"]
START = dt.date(2024, 1, 5)
ROWS: list[list[Any]] = [
    [
        (START + dt.timedelta(days=11 * i)).isoformat(),
        REGIONS[i * 7 % 3],
        PRODUCTS[i * 5 % 4],
        i * 13 % 17 + 1,
        (i * 37 % 101) * 1.5 + 3,
        i % 2 == 0,
    ]
    for i in range(60)
]
Row = dict[str, Any]
RECORDS: list[Row] = [dict(zip(HEADERS, row, strict=True)) for row in ROWS]


def total(of: str, *tests: Callable[[Row], bool]) -> float:
    """The sum of a column over the records that pass all tests."""
    return sum(float(r[of]) for r in RECORDS if all(test(r) for test in tests))


def is_(**wanted: object) -> Callable[[Row], bool]:
    return lambda record: all(record[name] == value for name, value in wanted.items())


def of_year(year: int) -> Callable[[Row], bool]:
    return lambda record: record["Date"].startswith(str(year))


def of_month(month: int) -> Callable[[Row], bool]:
    return lambda record: int(record["Date"][5:7]) == month


@pytest.fixture
def book() -> Book:
    return new_book(headers=HEADERS, rows=ROWS)


def pivot(book: Book, **parameters: Any) -> dict[str, Any]:
    return run(book, "create_excel_pivot", **{"sheet": "Sheet1", **parameters}).result


def saved(book: Book, path: Path) -> Path:
    """The saved file, sound as far as can be told, and readable by another program."""
    book.save(path)
    assert problems(path) == []
    openpyxl.load_workbook(path)
    return path


def grid(book: Book, title: str = "Pivot", first: str = "A3") -> list[list[Any]]:
    """What stands on a sheet, row by row, from a cell on."""
    sheet = book.sheet(title)
    column, row = openpyxl.utils.cell.coordinate_from_string(first)
    left = openpyxl.utils.column_index_from_string(column)
    cells = sheet.iter_rows(min_row=row, min_col=left)
    return [[book.value(cell) for cell in line] for line in cells]


def close(found: Iterable[Any], wanted: Iterable[Any]) -> None:
    """Numbers nearly equal, everything else equal."""
    assert list(found) == [pytest.approx(x) if isinstance(x, float) else x for x in wanted]


def parts(path: Path, kind: str) -> list[etree._Element]:
    """The root elements of the parts of one folder."""
    with ZipFile(path) as archive:
        names = sorted(
            n for n in archive.namelist() if n.startswith(f"xl/{kind}") and "rels" not in n
        )
        return [etree.fromstring(archive.read(name)) for name in names]


def definition(book: Book, tmp_path: Path) -> etree._Element:
    (root,) = parts(saved(book, tmp_path / "made.xlsx"), "pivotTables/")
    return root


def numbers(root: etree._Element, path: str) -> list[int]:
    return [int(item.get("x", "0")) for item in root.iterfind(path.replace("/", f"/{M}"))]


# Figures ----------------------------------------------------------------------


def test_sums_by_one_field_stand_in_the_cells(book: Book) -> None:
    result = pivot(book, rows=["Region"], values=["Amount"])
    assert result["pivot"] == {
        "name": "PivotTable1",
        "at": "Pivot!A3:B7",
        "source": "Sheet1!A1:F61",
        "rows": ["Region"],
        "values": [{"name": "Sum of Amount", "field": "Amount", "function": "sum"}],
        "layout": "compact",
    }
    wanted = [[name, total("Amount", is_(Region=name))] for name in sorted(REGIONS)]
    found = grid(book)
    assert found[0] == ["Region", "Sum of Amount"]
    for line, right in zip(found[1:], [*wanted, ["Grand Total", total("Amount")]], strict=True):
        close(line, right)
    assert result["figures"] == found


def test_rows_by_columns_with_both_grand_totals(book: Book) -> None:
    pivot(book, rows=["Region"], columns=["Product"], values=["Qty"])
    found = grid(book)
    products = sorted(PRODUCTS)
    assert found[0] == ["Sum of Qty", "Product", None, None, None, None]
    assert found[1] == ["Region", *products, "Grand Total"]
    for line, region in zip(found[2:5], sorted(REGIONS), strict=True):
        here = is_(Region=region)
        figures = [total("Qty", here, is_(Product=product)) for product in products]
        close(line, [region, *figures, total("Qty", here)])
    figures = [total("Qty", is_(Product=product)) for product in products]
    close(found[5], ["Grand Total", *figures, total("Qty")])


FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "count": len,
    "average": statistics.mean,
    "min": min,
    "max": max,
    "countNums": len,
    "stdDev": statistics.stdev,
    "stdDevp": statistics.pstdev,
    "var": statistics.variance,
    "varp": statistics.pvariance,
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_is_that_of_the_records(book: Book, tmp_path: Path, function: str) -> None:
    """Totals are made from the records, not from the figures above them."""
    pivot(book, rows=["Region"], values=[{"field": "Amount", "function": function}])
    found = grid(book)
    for line in found[1:]:
        of = [r["Amount"] for r in RECORDS if line[0] in (r["Region"], "Grand Total")]
        assert line[1] == pytest.approx(FUNCTIONS[function](of))
    data = definition(book, tmp_path).find(f"{M}dataFields/{M}dataField")
    assert data is not None
    assert data.get("subtotal", "sum") == function


def test_a_product_multiplies() -> None:
    book = new_book(headers=["a", "b"], rows=[["x", 2], ["x", 3], ["y", 5], ["y", None]])
    pivot(book, rows=["a"], values=["Product of b"])
    assert grid(book)[1:] == [["x", 6], ["y", 5], ["Grand Total", 30]]


def test_blanks_texts_errors_and_capitals_count_as_in_excel() -> None:
    rows = [["x", 1], ["X", 2], [None, 4], ["y", None], ["z", "text"], ["w", "=1/0"], ["=A2", 8]]
    book = new_book(headers=["a", "b"], rows=rows)
    pivot(book, rows=["a"], values=[{"field": "b", "function": "sum"}, "Count of b"])
    assert grid(book)[1:] == [
        ["w", "#DIV/0!", 1],
        ["x", 11, 3],
        ["y", None, None],
        ["z", 0, 1],
        ["(blank)", 4, 1],
        ["Grand Total", "#DIV/0!", 6],
    ]


def test_values_without_numbers_are_counted(book: Book) -> None:
    result = pivot(book, rows=["Region"], values=["Product"])
    assert result["pivot"]["values"][0]["function"] == "count"
    assert grid(book)[-1] == ["Grand Total", 60]


def shown(**more: Any) -> dict[str, Any]:
    return {"field": "Amount", "name": "x", **more}


AMOUNT = {name: total("Amount", is_(Region=name)) for name in sorted(REGIONS)}
ALL = total("Amount")
EAST, NORTH, SOUTH = AMOUNT.values()
ORDER = sorted(AMOUNT.values())
SHOWN: dict[str, tuple[dict[str, Any], list[float | None]]] = {
    "percent_of_total": ({}, [EAST / ALL, NORTH / ALL, SOUTH / ALL, 1.0]),
    "percent_of_row": ({}, [1.0, 1.0, 1.0, 1.0]),
    "percent_of_column": ({}, [EAST / ALL, NORTH / ALL, SOUTH / ALL, 1.0]),
    "percent_of_parent_row": ({}, [EAST / ALL, NORTH / ALL, SOUTH / ALL, 1.0]),
    "percent_of_parent_column": ({}, [1.0, 1.0, 1.0, 1.0]),
    "percent_of": ({"base_item": "North"}, [EAST / NORTH, 1.0, SOUTH / NORTH, None]),
    "difference": ({}, [None, NORTH - EAST, SOUTH - NORTH, None]),
    "percent_difference": (
        {"base_item": "(next)"},
        [(EAST - NORTH) / NORTH, (NORTH - SOUTH) / SOUTH, None, None],
    ),
    "running_total": ({"base_field": "Region"}, [EAST, EAST + NORTH, ALL, None]),
    "percent_running_total": ({}, [EAST / ALL, (EAST + NORTH) / ALL, 1.0, None]),
    "rank_ascending": ({}, [*(ORDER.index(x) + 1.0 for x in AMOUNT.values()), None]),
    "rank_descending": ({}, [*(3.0 - ORDER.index(x) for x in AMOUNT.values()), None]),
    "index": ({}, [1.0, 1.0, 1.0, 1.0]),
}


@pytest.mark.parametrize("way", SHOWN)
def test_figures_are_compared_as_asked(book: Book, tmp_path: Path, way: str) -> None:
    more, wanted = SHOWN[way]
    pivot(book, rows=["Region"], values=[shown(show_as=way, **more)])
    close([line[1] for line in grid(book)[1:]], wanted)
    data = definition(book, tmp_path).find(f"{M}dataFields/{M}dataField")
    assert data is not None
    newer = next(data.iter(f"{X14}dataField"), None)
    assert data.get("showDataAs") or (newer is not None and newer.get("pivotShowAs"))
    listed = run(book, "create_excel_pivot", action="list").result["pivots"]
    assert listed[0]["values"][0]["show_as"] == way


def test_shares_of_rows_and_of_parents_in_two_levels(book: Book) -> None:
    pivot(
        book,
        rows=["Region", "Product"],
        columns=["Paid"],
        values=[shown(show_as="percent_of_parent_row"), shown(show_as="percent_of_row", name="y")],
    )
    found = {line[0]: line for line in grid(book)[:8]}
    east, paid, pen = is_(Region="East"), is_(Paid=True), is_(Product="Pen")
    share = total("Amount", east, paid, pen) / total("Amount", east, paid)
    assert found["Pen"][3] == pytest.approx(share)
    assert found["East"][4] == pytest.approx(total("Amount", east, paid) / EAST)
    assert found["East"][5] == pytest.approx(EAST / ALL)


# Groups -----------------------------------------------------------------------


def test_dates_are_grouped_by_years_and_months(book: Book, tmp_path: Path) -> None:
    pivot(
        book,
        rows=["Date"],
        values=["Amount"],
        options={"group": {"Date": ["months", "years"]}, "layout": "tabular"},
    )
    found = grid(book)
    assert found[0] == ["Years (Date)", "Months (Date)", "Sum of Amount"]
    assert [line[0] for line in found if line[0]] == [
        "Years (Date)", "2024", "2024 Total", "2025", "2025 Total", "Grand Total",
    ]  # fmt: skip
    close(found[1], ["2024", "Jan", total("Amount", of_year(2024), of_month(1))])
    close(found[13], ["2024 Total", None, total("Amount", of_year(2024))])
    saved(book, tmp_path / "made.xlsx")
    (cache, _) = parts(tmp_path / "made.xlsx", "pivotCache/")
    groups = {g.getparent().get("name"): g for g in cache.iter(f"{M}fieldGroup")}
    assert list(groups) == ["Date", "Years (Date)"]
    assert groups["Date"].get("par") == "6"
    assert [g[0].get("groupBy") for g in groups.values()] == ["months", "years"]
    assert groups["Years (Date)"][0].get("endDate") == "2025-10-16T00:00:00"


def test_parts_of_a_date_stand_on_both_axes(book: Book) -> None:
    result = pivot(book, rows=["Quarters (Date)"], columns=["Date by year"], values=["Qty"])
    found = grid(book)
    assert found[1] == ["Quarters (Date)", "2024", "2025", "Grand Total"]
    second = lambda r: 4 <= int(r["Date"][5:7]) <= 6  # noqa: E731
    close(
        found[3],
        ["Qtr2", total("Qty", second, of_year(2024)), total("Qty", second, of_year(2025)),
         total("Qty", second)],
    )  # fmt: skip
    assert "notes" not in result
    alone = pivot(book, rows=["Months (Date)"], values=["Qty"])
    assert "2 years" in alone["notes"][0]


def test_days_are_days_of_the_year(book: Book) -> None:
    pivot(book, rows=["Date"], values=["Count of Qty"], options={"group": {"Date": "days"}})
    labels = [line[0] for line in grid(book)[1:-1]]
    wanted = sorted({(r["Date"][5:7], r["Date"][8:]) for r in RECORDS})
    assert labels == [f"{int(day)}-{dt.date(2024, int(m), 1):%b}" for m, day in wanted]


def test_numbers_are_grouped_in_ranges(book: Book, tmp_path: Path) -> None:
    options = {"group": {"Qty": {"from": 0, "to": 15, "by": 5}}}
    pivot(book, rows=["Qty"], values=["Amount"], options=options)

    def between(least: int, most: int) -> float:
        return total("Amount", lambda r: least <= r["Qty"] <= most)

    wanted = {"0-4": between(0, 4), "5-9": between(5, 9), "10-15": between(10, 15)}
    wanted |= {">15": between(16, 99), "Grand Total": ALL}
    assert dict(grid(book)[1:]) == {key: pytest.approx(value) for key, value in wanted.items()}
    saved(book, tmp_path / "made.xlsx")
    by = parts(tmp_path / "made.xlsx", "pivotCache/")[0].find(f".//{M}rangePr")
    assert by is not None
    assert [by.get(n) for n in ("startNum", "endNum", "groupInterval")] == ["0", "15", "5"]


def test_ranges_are_chosen_where_only_the_step_is_said(book: Book) -> None:
    pivot(book, rows=["Amount"], values=["Count of Qty"], options={"group": {"Amount": {"by": 50}}})
    assert [line[0] for line in grid(book)[1:-1]] == ["0-50", "50-100", "100-150", "150-200"]


# Filters, order ---------------------------------------------------------------


def test_filters_stand_above_and_count(book: Book, tmp_path: Path) -> None:
    options = {"filters": {"Product": ["Pen", "ink"], "Paid": True, "Region": []}}
    result = pivot(book, rows=["Qty"], values=["Amount"], options=options)
    assert result["pivot"]["filters"] == {"Product": ["Ink", "Pen"], "Paid": ["TRUE"], "Region": []}
    found = grid(book, first="A1")
    assert [line[:2] for line in found[:4]] == [
        ["Product", "(Multiple Items)"], ["Paid", "TRUE"], ["Region", "(All)"], [None, None],
    ]  # fmt: skip
    right = total("Amount", is_(Paid=True), lambda r: r["Product"] in ("Pen", "Ink"))
    assert found[-1] == ["Grand Total", pytest.approx(right)]
    root = definition(book, tmp_path)
    pages = root.findall(f"{M}pageFields/{M}pageField")
    assert [page.get("item") for page in pages] == [None, "1", None]
    assert root.find(f"{M}location").get("rowPageCount") == "3"  # type: ignore[union-attr]
    hidden = root.findall(f".//{M}item[@h='1']")
    assert len(hidden) == 2


def test_a_filter_on_a_field_of_the_rows_hides_items(book: Book) -> None:
    options = {"filters": {"Region": ["East", "South"]}}
    pivot(book, rows=["Region"], values=["Amount"], options=options)
    assert [line[0] for line in grid(book)[1:]] == ["East", "South", "Grand Total"]
    assert grid(book)[-1][1] == pytest.approx(EAST + SOUTH)


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        ("descending", ["South", "North", "East"]),
        ("Sum of Amount descending", sorted(AMOUNT, key=AMOUNT.__getitem__, reverse=True)),
        ("Amount", sorted(AMOUNT, key=AMOUNT.__getitem__)),
        (["South", "East"], ["South", "East", "North"]),
    ],
)
def test_items_follow_as_asked(book: Book, wanted: Any, order: list[str]) -> None:
    options = {"sort": {"Region": wanted}}
    pivot(book, rows=["Region"], values=["Amount"], options=options)
    assert [line[0] for line in grid(book)[1:-1]] == order


def test_names_of_months_and_days_follow_the_calendar() -> None:
    rows = [[m, 1] for m in ("Mar", "Jan", "Feb")]
    book = new_book(headers=["Month", "n"], rows=rows)
    pivot(book, rows=["Month"], values=["n"])
    assert [line[0] for line in grid(book)[1:]] == ["Jan", "Feb", "Mar", "Grand Total"]


# Layout -----------------------------------------------------------------------


def test_the_compact_layout_has_one_column_of_labels(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region", "Product"], values=["Qty"])
    found = grid(book)
    assert [line[0] for line in found[:7]] == [
        "Row Labels", "East", "Cap", "Ink", "Pad", "Pen", "North",
    ]  # fmt: skip
    assert found[1][1] == total("Qty", is_(Region="East"))
    assert book.sheet("Pivot")["A5"].alignment.indent == 1
    root = definition(book, tmp_path)
    items = [[int(x.get("v", "0")) for x in i] for i in root.iterfind(f"{M}rowItems/{M}i")]
    assert items[:4] == [[0], [0], [1], [2]]
    assert [i.get("r") for i in root.iterfind(f"{M}rowItems/{M}i")][:3] == [None, "1", "1"]


def test_the_outline_layout_has_a_column_for_each_field(book: Book) -> None:
    options = {"layout": "outline"}
    pivot(book, rows=["Region", "Product"], values=["Qty"], options=options)
    assert [line[:2] for line in grid(book)[:3]] == [
        ["Region", "Product"], ["East", None], [None, "Cap"],
    ]  # fmt: skip


def test_the_tabular_layout_has_subtotals_below(book: Book, tmp_path: Path) -> None:
    options = {"layout": "tabular", "repeat_labels": True}
    pivot(book, rows=["Region", "Product"], values=["Qty"], options=options)
    found = grid(book)
    assert [line[:2] for line in found[1:6]] == [
        ["East", "Cap"], ["East", "Ink"], ["East", "Pad"], ["East", "Pen"], ["East Total", None],
    ]  # fmt: skip
    assert found[5][2] == total("Qty", is_(Region="East"))
    root = definition(book, tmp_path)
    assert [i.get("t") for i in root.iterfind(f"{M}rowItems/{M}i")][4] == "default"
    assert len(list(root.iter(f"{X14}pivotField"))) == 2
    assert root.get("outline") is None
    assert root.get("compact") == "0"


def test_totals_can_be_left_out(book: Book, tmp_path: Path) -> None:
    fields = {"rows": ["Region", "Product"], "columns": ["Paid"], "values": ["Qty"]}
    pivot(
        book, **fields, options={"subtotals": False, "grand_totals": "right", "layout": "tabular"}
    )
    found = grid(book)
    assert len(found) == 2 + 12
    assert found[1][-1] == "Grand Total"
    root = definition(book, tmp_path)
    assert (root.get("rowGrandTotals"), root.get("colGrandTotals")) == ("0", None)
    for options, width, height in (
        ({"grand_totals": "bottom"}, 3, 18),
        ({"grand_totals": "none"}, 3, 17),
        ({}, 4, 18),
    ):
        made = pivot(book, **fields, options=options)
        sheet = made["pivot"]["at"].split("!")[0]
        assert len(grid(book, sheet)) == height
        assert len(grid(book, sheet)[0]) == width


def test_several_values_over_columns_have_a_column_each(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], columns=["Paid", "Product"], values=["Qty", "Max of Amount"])
    found = grid(book)
    assert found[0][:2] == [None, "Column Labels"]
    assert found[1][1] == "FALSE"
    assert found[1][-2:] == ["Total Sum of Qty", "Total Max of Amount"]
    assert found[2][1] == "Cap" or found[2][1] == "Ink"
    assert found[3][:3] == ["Region", "Sum of Qty", "Max of Amount"]
    assert "FALSE Sum of Qty" in found[1]
    root = definition(book, tmp_path)
    fields = [int(f.get("x", "0")) for f in root.iterfind(f"{M}colFields/{M}field")]
    assert fields == [5, 2, -2]
    lines = root.findall(f"{M}colItems/{M}i")
    assert [lines[1].get(n) for n in "ri"] == ["2", "1"]
    assert len(lines) == len(found[0]) - 1
    assert lines[-1].get("t") == "grand"


def test_values_have_names_and_number_formats(book: Book, tmp_path: Path) -> None:
    values = [{"field": "Amount", "name": "Turnover", "number_format": "currency EUR"}]
    pivot(book, rows=["Region"], values=values)
    cell = book.sheet("Pivot")["B4"]
    assert cell.number_format == "#,##0.00 [$€-1]"
    path = saved(book, tmp_path / "made.xlsx")
    (root,) = parts(path, "pivotTables/")
    data = root.find(f"{M}dataFields/{M}dataField")
    assert data is not None
    assert data.get("name") == "Turnover"
    with ZipFile(path) as archive:
        styles = etree.fromstring(archive.read("xl/styles.xml"))
    codes = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(f"{M}numFmt")}
    assert codes[data.get("numFmtId")] == cell.number_format


@pytest.mark.parametrize(("style", "name"), [("medium 2", "PivotStyleMedium2"), ("none", None)])
def test_the_style_is_the_one_asked_for(
    book: Book, tmp_path: Path, style: str, name: str | None
) -> None:
    pivot(book, rows=["Region"], values=["Qty"], options={"style": style})
    info = definition(book, tmp_path).find(f"{M}pivotTableStyleInfo")
    assert info is not None
    assert info.get("name") == name
    assert (book.sheet("Pivot")["A3"].fill.fill_type == "solid") == (name is not None)


# Source and place -------------------------------------------------------------


def test_a_table_is_named_as_the_source_and_grows_with_it(book: Book, tmp_path: Path) -> None:
    sheet = book.sheet("Sheet1")
    sheet.auto_filter.ref = None
    with book.changing():
        sheet.add_table(openpyxl.worksheet.table.Table(displayName="Sales", ref="A1:F61"))
    assert pivot(book, rows=["Region"], values=["Qty"])["pivot"]["source"] == "Sales"
    assert (
        pivot(book, source="sales", rows=["Region"], values=["Qty"])["pivot"]["source"] == "Sales"
    )
    path = saved(book, tmp_path / "made.xlsx")
    (source, _) = [p.find(f".//{M}worksheetSource") for p in parts(path, "pivotCache/pivotCacheD")]
    assert source is not None
    assert dict(source.attrib) == {"name": "Sales"}


def test_excel_refreshes_it_and_finds_all_records(book: Book, tmp_path: Path) -> None:
    pivot(book, source="Sheet1!B1:E61", rows=["Region"], values=["Qty"])
    path = saved(book, tmp_path / "made.xlsx")
    (cache,) = parts(path, "pivotCache/pivotCacheDefinition")
    (records,) = parts(path, "pivotCache/pivotCacheRecords")
    assert cache.get("refreshOnLoad") == "1"
    assert cache.get("recordCount") == records.get("count") == "60" == str(len(records))
    shared = [item.get("v") for item in cache.find(f".//{M}sharedItems")]  # type: ignore[union-attr]
    first = [shared[int(r[0].get("v", "0"))] for r in records]
    assert first == [r["Region"] for r in RECORDS]
    assert [float(r[2].get("v", "0")) for r in records] == [r["Qty"] for r in RECORDS]


def test_rows_of_totals_are_no_data() -> None:
    rows = [["a", 1], ["b", 2], ["Total", "=SUM(B2:B3)"]]
    book = new_book(headers=["k", "n"], rows=rows)
    result = pivot(book, rows=["k"], values=["n"])
    assert grid(book)[-1] == ["Grand Total", 3]
    assert result["notes"] == ['Row 4 ("Total") is left out.']


def test_formulas_count_with_their_values() -> None:
    book = new_book(headers=["k", "n", "m"], rows=[["a", 1, "=B2*2"], ["b", 2, "=B3*2"]])
    pivot(book, rows=["k"], values=["m"])
    assert grid(book)[-1] == ["Grand Total", 6]


def test_it_stands_where_asked_but_never_over_data(book: Book) -> None:
    fields = {"rows": ["Region"], "values": ["Qty"]}
    made = pivot(book, **fields, options={"position": "H3"})
    assert made["pivot"]["at"] == "Sheet1!H3:I7"
    assert pivot(book, **fields, options={"position": "Totals"})["pivot"]["at"] == "Totals!A3:B7"
    for position in ("F3", "H5", "G1"):
        with pytest.raises(InvalidRange, match="would stand at"):
            pivot(book, **fields, options={"position": position, "overwrite": True})
    run(book, "write_excel_range", sheet="Sheet1", start="L3", rows=[["mine"]])
    with pytest.raises(InvalidRange, match="1 filled cell"):
        pivot(book, **fields, options={"position": "K3"})
    assert book.sheet("Sheet1")["L3"].value == "mine"
    pivot(book, **fields, options={"position": "K3", "overwrite": True})
    assert book.sheet("Sheet1")["L3"].value == "Sum of Qty"


REFUSED: list[tuple[dict[str, Any], type[ExcelToolsError], str]] = [
    ({"values": ["Qty"]}, InvalidParameters, "at least one field in rows"),
    ({"rows": ["Region"]}, InvalidParameters, "at least one field in values"),
    ({"rows": ["Regio"], "values": ["Qty"]}, InvalidParameters, 'Did you mean "Region"'),
    ({"rows": ["Region"], "values": ["Price"]}, InvalidParameters, 'no column "Price"'),
    ({"rows": ["Region"], "columns": ["Region"], "values": ["Qty"]}, InvalidParameters, "twice"),
    ({"rows": ["Months (Region)"], "values": ["Qty"]}, InvalidParameters, "must be dates"),
    (
        {"rows": ["Region"], "values": ["Distinct count of Product"]},
        InvalidParameters,
        "data model",
    ),
    ({"rows": ["Region"], "values": ["Median of Qty"]}, InvalidParameters, "no function"),
    (
        {"rows": ["Region"], "values": [{"field": "Qty", "name": "amount"}]},
        InvalidParameters,
        "is a column of the source",
    ),
    (
        {"rows": ["Region"], "values": [{"field": "Qty", "base_field": "Region"}]},
        InvalidParameters,
        "base_field has no effect",
    ),
    (
        {"rows": ["Region"], "values": [{"field": "Qty", "base_item": "East"}]},
        InvalidParameters,
        "base_item has no effect",
    ),
    ({"source": "Nope", "rows": ["a"], "values": ["b"]}, InvalidParameters, "No range, table"),
    ({"source": "A1:F1", "rows": ["Region"], "values": ["Qty"]}, InvalidRange, "no rows"),
    ({"source": "A1:G9", "rows": ["Region"], "values": ["Qty"]}, InvalidRange, "G1 has no header"),
]
FIELDS = {"rows": ["Region"], "values": ["Qty"]}
PENS = {r["Qty"] for r in RECORDS if r["Product"] == "Pen"}
UNSOLD = next(r["Qty"] for r in RECORDS if r["Qty"] not in PENS)
REFUSED_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"filters": {"Product": ["Rubber"]}}, 'Product has no item "Rubber"'),
    ({"filters": {"Product": ["Pen"], "Qty": [UNSOLD]}}, "let no row"),
    ({"group": {"Date": "weeks"}}, "no way to group"),
    ({"group": {"Qty": {"by": 5}}}, "in no rows"),
    ({"group": {"Qty": {"step": 5}}}, 'Qty has "step"'),
    ({"group": {"Qty": {"by": -5}}}, "can't go"),
    ({"group": {"Qty": {"by": 0.00001}}}, "groups"),
    ({"sort": {"Product": "descending"}}, "in no rows"),
    ({"sort": {"Region": "Price descending"}}, "names no value"),
    ({"sort": {"Region": ["West"]}}, 'no item "West"'),
    ({"repeat_labels": True}, "repeat_labels has no effect"),
    ({"style": "pretty"}, "no style"),
    ({"position": "Sheet1"}, "is not empty"),
    ({"position": "a/b"}, "sheet name"),
    ({"slicer": True}, "slicer"),
    ({"layout": "wide"}, "layout"),
]


@pytest.mark.parametrize(("parameters", "error", "message"), REFUSED)
def test_what_can_not_be_is_refused(
    book: Book, parameters: dict[str, Any], error: type[ExcelToolsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        pivot(book, **parameters)
    assert book.sheet_names == ["Sheet1"]
    assert not book.broken


@pytest.mark.parametrize(("options", "message"), REFUSED_OPTIONS)
def test_options_that_can_not_be_are_refused(
    book: Book, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExcelToolsError, match=message):
        pivot(book, **FIELDS, options=options)
    assert book.sheet_names == ["Sheet1"]
    assert not book.broken


# Afterwards -------------------------------------------------------------------

RICH: dict[str, Any] = {
    "rows": ["Region", "Months (Date)"],
    "columns": ["Qty"],
    "values": [
        {"field": "Amount", "name": "Turnover", "number_format": "currency EUR"},
        {"field": "Amount", "show_as": "running_total", "base_field": "Region"},
    ],
    "options": {
        "name": "Big",
        "filters": {"Product": ["Pen", "Ink", "Pad"], "Years (Date)": [2024]},
        "group": {"Qty": {"from": 0, "to": 20, "by": 10}},
        "sort": {"Region": "Turnover descending", "Months (Date)": "descending"},
        "layout": "tabular",
        "subtotals": False,
        "grand_totals": "bottom",
        "repeat_labels": True,
        "style": "medium 3",
    },
}


def reopened(book: Book, path: Path) -> Book:
    return Book.load(saved(book, path), "again.xlsx")


def test_a_refresh_without_a_change_changes_nothing(book: Book, tmp_path: Path) -> None:
    """What is read from a file is all that was asked for."""
    pivot(book, **RICH)
    before = grid(book, first="A1")
    (old,) = parts(saved(book, tmp_path / "old.xlsx"), "pivotTables/")
    again = reopened(book, tmp_path / "made.xlsx")
    listed = run(again, "create_excel_pivot", action="list").result["pivots"]
    assert listed[0]["rows"] == RICH["rows"]
    assert listed[0]["filters"]["Product"] == ["Ink", "Pad", "Pen"]
    result = run(again, "create_excel_pivot", action="refresh").result
    assert grid(again, first="A1") == before
    assert "notes" not in result
    (new,) = parts(saved(again, tmp_path / "new.xlsx"), "pivotTables/")
    assert etree.tostring(new) == etree.tostring(old)


def test_a_refresh_takes_new_data_in(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], values=["Qty"])
    run(book, "write_excel_range", sheet="Sheet1", start="B2", rows=[["West", "Pen", 1000]])
    assert "West" not in [line[0] for line in grid(book)]
    run(book, "create_excel_pivot", action="refresh")
    changed = total("Qty") - ROWS[0][3] + 1000
    assert dict(grid(book)[1:])["West"] == 1000
    assert grid(book)[-1] == ["Grand Total", changed]
    again = reopened(book, tmp_path / "made.xlsx")
    assert grid(again) == grid(book)
    assert len(parts(tmp_path / "made.xlsx", "pivotTables/")) == 1
    assert len(parts(tmp_path / "made.xlsx", "pivotCache/")) == 2


def test_a_refresh_is_told_of_rows_under_its_source(book: Book) -> None:
    pivot(book, rows=["Region"], values=["Qty"])
    run(
        book,
        "write_excel_range",
        sheet="Sheet1",
        start="A62",
        rows=[["2025-11-01", "West", "Pen", 5, 5]],
    )
    result = run(book, "create_excel_pivot", action="refresh").result
    assert "Row 62" in result["notes"][0]
    run(book, "create_excel_pivot", action="change", source="A1:F62")
    assert "West" in [line[0] for line in grid(book)]


def test_a_change_keeps_what_it_does_not_name(book: Book) -> None:
    options = {"name": "P", "filters": {"Paid": True}, "sort": {"Region": "descending"}}
    pivot(book, rows=["Region"], values=["Qty"], options=options)
    change = {"action": "change", "columns": ["Product"], "options": {"layout": "outline"}}
    result = run(book, "create_excel_pivot", **change).result["pivot"]
    assert result["filters"] == {"Paid": ["TRUE"]}
    assert result["columns"] == ["Product"]
    assert result["layout"] == "outline"
    assert [line[0] for line in grid(book)[2:]] == ["South", "North", "East", "Grand Total"]
    assert grid(book)[-1][-1] == total("Qty", is_(Paid=True))


def test_deleting_takes_cells_and_parts_away(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], values=["Qty"], options={"position": "H3", "filters": ["Paid"]})
    pivot(book, rows=["Product"], values=["Qty"])
    with pytest.raises(InvalidValue, match="Several pivot tables fit"):
        run(book, "create_excel_pivot", action="delete")
    result = run(
        book, "create_excel_pivot", action="delete", options={"name": "pivottable1"}
    ).result
    assert result == {"deleted": "PivotTable1", "cleared": "H3:I9", "pivots_left": ["PivotTable2"]}
    assert book.used_area(book.sheet("Sheet1")).last_column == 6
    path = saved(book, tmp_path / "made.xlsx")
    assert len(parts(path, "pivotTables/")) == 1
    assert len(parts(path, "pivotCache/")) == 2
    run(book, "create_excel_pivot", action="delete")
    path = saved(book, tmp_path / "made.xlsx")
    with ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if "pivot" in name.lower()]
        assert b"pivot" not in archive.read("xl/workbook.xml").lower().replace(b'pivot"', b"")


def test_it_survives_edits_and_changes_of_the_structure(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], values=["Qty"])
    again = reopened(book, tmp_path / "made.xlsx")
    run(again, "write_excel_range", sheet="Sheet1", start="D2", rows=[[500]])
    run(again, "edit_excel_sheet", action="insert_rows", sheet="Sheet1", target="1:2")
    run(again, "edit_excel_sheet", action="insert_columns", sheet="Pivot", target="A")
    run(again, "edit_excel_sheet", action="rename", sheet="Sheet1", new_name="My data")
    (told,) = run(again, "create_excel_pivot", action="list").result["pivots"]
    assert (told["at"], told["source"]) == ("Pivot!B3:C7", "My data!A3:F63")
    run(again, "create_excel_pivot", action="refresh")
    assert grid(again, first="B3")[-1] == ["Grand Total", total("Qty") - ROWS[0][3] + 500]
    assert reopened(again, tmp_path / "more.xlsx").sheet("Pivot")["B3"].value == "Region"


def test_a_checkpoint_keeps_it(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], values=["Qty"])
    book.keep(tmp_path / "checkpoint")
    kept = Book.kept(tmp_path / "checkpoint", "kept.xlsx")
    assert run(kept, "create_excel_pivot", action="list").result["pivots"][0]["at"] == "Pivot!A3:B7"
    assert len(parts(saved(kept, tmp_path / "made.xlsx"), "pivotTables/")) == 1


# Other programs -------------------------------------------------------------------


def test_a_pivot_table_of_another_program_is_made_anew(tmp_path: Path) -> None:
    book = Book.load(Library(tmp_path).path("excelize-pivot.xlsx"), "theirs.xlsx")
    (told,) = run(book, "create_excel_pivot", action="list").result["pivots"]
    assert (told["name"], told["at"]) == ("Pivot1", "Other!D4:K30")
    assert (told["rows"], told["columns"]) == (["Month", "Year"], ["Type"])
    for action in ("refresh", "delete"):
        with pytest.raises(InvalidValue, match="slicer Slicer_Month"):
            run(book, "create_excel_pivot", action=action)
        assert not book.broken


def test_what_only_excel_can_work_out_is_refused_by_name(tmp_path: Path) -> None:
    book = Book.load(Library(tmp_path).path("hand-data-model.xlsx"), "theirs.xlsx")
    with pytest.raises(InvalidParameters, match="PivotTable1 has <formats>"):
        run(book, "create_excel_pivot", action="refresh")
    assert not book.broken
    run(book, "create_excel_pivot", action="delete")
    path = saved(book, tmp_path / "made.xlsx")
    assert parts(path, "pivotTables/") == []


TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
DATES = {"group": {"Date": ["years", "months"]}, "layout": "tabular"}
RANGES = {"group": {"Qty": {"from": 0, "to": 15, "by": 5}}}
# Several values, and several fields on rows but in the tabular form, older versions lay out in
# other cells.
SAME_ELSEWHERE: dict[str, dict[str, Any]] = {
    "sums": {"rows": ["Region"], "columns": ["Product"], "values": ["Amount"]},
    "dates": {"rows": ["Date"], "values": ["Amount"], "options": DATES},
    "parts": {"rows": ["Months (Date)"], "columns": ["Years (Date)"], "values": ["Max of Qty"]},
    "ranges": {"rows": ["Qty"], "values": ["StdDev of Amount"], "options": RANGES},
    "values": {"rows": ["Region"], "columns": ["Product"], "values": ["Amount", "Qty"]},
    "filters": {
        "rows": ["Region"],
        "values": ["Average of Amount"],
        "options": {"filters": {"Product": ["Pen", "Ink"], "Paid": True}},
    },
    "hidden": {
        "rows": ["Region"],
        "columns": ["Product"],
        "values": ["Var of Amount"],
        "options": {"filters": {"Product": ["Pen", "Ink"]}, "grand_totals": "right"},
    },
    "shares": {
        "rows": ["Region"],
        "columns": ["Product"],
        "values": [shown(show_as="percent_of_row")],
    },
    "differences": {
        "rows": ["Region"],
        "columns": ["Product"],
        "values": [shown(show_as="difference", base_field="Product")],
    },
    "order": {
        "rows": ["Product", "Region"],
        "values": ["Amount"],
        "options": {
            "sort": {"Product": "Amount descending", "Region": ["South", "North"]},
            "subtotals": False,
            "layout": "tabular",
        },
    },
}


def numbers_of(path: Path) -> dict[str, float]:
    """All numbers in the cells of the sheet Pivot."""
    rows = openpyxl.load_workbook(path, data_only=True)["Pivot"].iter_rows()
    return {
        cell.coordinate: pytest.approx(cell.value)
        for line in rows
        for cell in line
        if isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    }


@pytest.mark.e2e
@pytest.mark.needs("soffice")
@pytest.mark.timeout(240)
def test_libreoffice_makes_the_same_figures_of_them(tmp_path: Path) -> None:
    """It works its pivot tables out anew when it opens a file."""
    for name, parameters in SAME_ELSEWHERE.items():
        book = new_book(headers=HEADERS, rows=ROWS)
        pivot(book, **parameters)
        saved(book, tmp_path / f"{name}.xlsx")
        sheet = book.sheet("Pivot")
        for line in sheet.iter_rows():  # so that theirs can't be ours
            for cell in line:
                cell.value = None
        book.save(tmp_path / f"empty-{name}.xlsx")
    made = sorted(tmp_path.glob("empty-*.xlsx"))
    for kind in ("xlsx", "fods"):
        convert(tmp_path, kind, made)
    for name in SAME_ELSEWHERE:
        right = numbers_of(tmp_path / f"{name}.xlsx")
        assert right
        assert numbers_of(tmp_path / "theirs" / f"empty-{name}.xlsx") == right, name
        seen = etree.parse(tmp_path / "theirs" / f"empty-{name}.fods")
        (table,) = seen.iter(f"{TABLE}data-pilot-table")
        fields = {
            field.get(f"{TABLE}source-field-name"): field.get(f"{TABLE}orientation")
            for field in table.iter(f"{TABLE}data-pilot-field")
        }
        if name == "sums":
            assert {k: v for k, v in fields.items() if v != "hidden"} == {
                "Region": "row", "Product": "column", "Amount": "data",
            }  # fmt: skip


def convert(folder: Path, kind: str, made: list[Path]) -> None:
    command = [
        str(shutil.which("soffice")),
        f"-env:UserInstallation=file://{folder}/profile",
        *["--headless", "--convert-to", kind, "--outdir", str(folder / "theirs")],
    ]
    subprocess.run([*command, *map(str, made)], check=True, timeout=100, capture_output=True)


@pytest.mark.e2e
def test_one_that_is_too_large_is_refused_before_it_is_worked_out() -> None:
    rows = [[number, f"x{number}", 1] for number in range(1500)]
    book = new_book(headers=["a", "b", "n"], rows=rows)
    with pytest.raises(TooLarge):
        pivot(book, rows=["a"], columns=["b"], values=["n"])
    wide = [[number, number] for number in range(17_000)]
    book = new_book(headers=["a", "n"], rows=wide)
    with pytest.raises(InvalidRange, match="do not fit"):
        pivot(book, rows=["n"], columns=["a"], values=["n"], options={"group": {"n": {"by": 5000}}})
    many = [f"c{number}" for number in range(60)]
    book = new_book(headers=many, rows=[[1] * 60])
    with pytest.raises(InvalidParameters, match="60 fields"):
        pivot(book, rows=many, values=["c1"])
    assert not book.broken


def test_odd_texts_come_back_as_they_were(tmp_path: Path) -> None:
    odd = ['a "b" <c> & d', "two\nlines", "tab\there", "_x0041_", "'=1+1", "ÄÖ𝄞", "x" * 300]
    rows = [[text, number] for number, text in enumerate(odd)]
    book = new_book(headers=["_x0042_ & <k>", "n"], rows=rows)
    pivot(book, rows=["_x0042_ & <k>"], values=["n"])
    plain = [text.removeprefix("'") for text in odd]
    assert sorted(line[0] for line in grid(book)[1:-1]) == sorted(plain)
    again = reopened(book, tmp_path / "made.xlsx")
    before = grid(again)
    assert before == grid(book)
    run(again, "create_excel_pivot", action="refresh")
    assert grid(again) == before
    (cache, records) = parts(saved(again, tmp_path / "more.xlsx"), "pivotCache/")
    assert cache.find(f".//{M}cacheField").get("name") == "_x005F_x0042_ & <k>"  # type: ignore[union-attr]
    items = [item.get("v") for item in cache.find(f".//{M}sharedItems")]  # type: ignore[union-attr]
    assert items == [text.replace("_x0041_", "_x005F_x0041_") for text in plain]
    assert len(records) == len(odd)


def test_formulas_keep_their_values_beside_it(tmp_path: Path) -> None:
    book = new_book(headers=["k", "n", "m"], rows=[["a", 1, "=B2*2"], ["b", 2, "=B3*2"]])
    pivot(book, rows=["k"], values=["m"])
    run(book, "write_excel_range", sheet="Sheet1", start="E1", rows=[["=Pivot!B6*10"]])
    again = reopened(book, tmp_path / "made.xlsx")
    assert again.value(again.sheet("Sheet1")["E1"]) == 60
    run(again, "write_excel_range", sheet="Sheet1", start="B2", rows=[[11]])
    run(again, "create_excel_pivot", action="refresh")
    assert again.value(again.sheet("Sheet1")["E1"]) == 260
    read = openpyxl.load_workbook(saved(again, tmp_path / "more.xlsx"), data_only=True)
    assert [read["Sheet1"][at].value for at in ("C2", "C3", "E1")] == [22, 4, 260]


DAMAGE = {
    "no xml": (b"<pivotTableDefinition", b"<<", []),
    "no place": (b"ref=", b"rof=", []),
    "no number": (b'<field x="1"', b'<field x="one"', [True]),
    "no such field": (b'<field x="1"', b'<field x="99"', [True]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_pivot_table_takes_nothing_with_it(book: Book, tmp_path: Path, kind: str) -> None:
    old, new, wanted = DAMAGE[kind]
    pivot(book, rows=["Region"], values=["Qty"])
    path = saved(book, tmp_path / "made.xlsx")
    with ZipFile(path) as source, ZipFile(tmp_path / "bad.xlsx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/pivotTables/pivot"):
                assert old in data
                data = data.replace(old, new)
            target.writestr(name, data)
    bad = Book.load(tmp_path / "bad.xlsx", "bad.xlsx")
    run(bad, "describe_excel_file")
    told = run(bad, "create_excel_pivot", action="list").result["pivots"]
    assert [item["damaged"] for item in told] == wanted
    if wanted:
        with pytest.raises(ExcelToolsError, match="damaged"):
            run(bad, "create_excel_pivot", action="refresh")
        assert not bad.broken


def test_describing_names_them(book: Book) -> None:
    pivot(book, **FIELDS, options={"filters": ["Paid"], "name": "Mine"})
    (_, sheet) = run(book, "describe_excel_file").result["sheets"]
    assert sheet["pivots"] == {"Mine": "A1:B7"}


def test_a_users_preferences_are_followed(book: Book) -> None:
    preferred = Preferences(style="green", number_format="#,##0.000")
    fields = {"sheet": "Sheet1", "rows": ["Region"], "values": ["Average of Qty"]}
    run(book, "create_excel_pivot", preferences=preferred, **fields)
    assert book.sheet("Pivot")["B4"].number_format == "#,##0.000"
    assert book.sheet("Pivot")["A3"].fill.fgColor.theme == 6


def test_listing_without_pivot_tables_is_an_empty_list(book: Book) -> None:
    answer = run(book, "create_excel_pivot", action="list")
    assert answer.result == {"pivots": []}
    assert not answer.changed


@pytest.mark.parametrize("action", ["list", "refresh", "delete"])
def test_an_action_takes_no_fields(book: Book, action: str) -> None:
    pivot(book, **FIELDS)
    with pytest.raises(InvalidParameters, match="rows has no effect"):
        run(book, "create_excel_pivot", action=action, rows=["Region"])
    with pytest.raises(InvalidParameters, match=r"options\.layout has no effect"):
        run(book, "create_excel_pivot", action=action, options={"layout": "tabular"})


def test_another_program_reads_the_figures(book: Book, tmp_path: Path) -> None:
    pivot(book, rows=["Region"], values=["Qty"])
    content = saved(book, tmp_path / "made.xlsx").read_bytes()
    read = openpyxl.load_workbook(BytesIO(content), data_only=True)
    assert [c.value for c in read["Pivot"][7]] == ["Grand Total", total("Qty")]
    (seen,) = read["Pivot"]._pivots
    assert seen.cache.cacheSource.worksheetSource.ref == "A1:F61"


@pytest.mark.parametrize(("items", "shown"), [(12, 14), (40, 15)])
def test_figures_of_many_columns_are_told_with_the_last_one(items: int, shown: int) -> None:
    rows = [["Who", "What", "Sum"], *[["a", f"w{n:02}", n] for n in range(items)]]
    book = new_book(rows=rows)
    told = run(book, "create_excel_pivot", rows=["Who"], columns=["What"], values=["Sum"])
    last = told.result["figures"][-1]
    assert len(last) == shown
    assert last[-1] == sum(range(items))
    assert ("..." in last) == (items > 13)


def test_headers_that_look_like_values_are_fields() -> None:
    """They are called as their cells are, or Excel would lose them when it refreshes."""
    book = new_book(headers=["Item", "100%", "'=x"], rows=[["A", 1, 2], ["B", 3, 4]])
    told = run(book, "create_excel_pivot", rows=["Item"], values=["100%", "=x"]).result
    assert [value["field"] for value in told["pivot"]["values"]] == ["100%", "=x"]
