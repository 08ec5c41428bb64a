"""Workbooks as XlsxWriter writes them, which are near to Excel's own."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.corpus.pictures import macros, picture
from tests.corpus.registry import made

PROGRAM = "XlsxWriter"


@contextmanager
def started(path: Path, **options: Any) -> Iterator[tuple[Any, Any, Any]]:
    """A workbook with figures in B2:D7, and a second sheet that reads them."""
    with xlsxwriter.Workbook(path, options) as book:
        sheet, other = book.add_worksheet("Sales"), book.add_worksheet("Summary")
        sheet.write_row("A1", ["Region", "Q1", "Q2", "Q3", "Year"])
        for row in range(1, 7):
            numbers = [100 + row, 90 - 3 * row, 80 + row * row]
            sheet.write_row(row, 0, [f"R{row}", *numbers])
            sheet.write_formula(row, 4, f"=SUM(B{row + 1}:D{row + 1})", None, sum(numbers))
        other.write_row("A1", ["All", None])
        other.write_formula("B1", "=SUM(Sales!B2:B7)", None, 621)
        yield book, sheet, other


def _series(chart: Any, columns: str = "BC", **more: Any) -> Any:
    for column in columns:
        chart.add_series(
            {
                "name": f"=Sales!${column}$1",
                "categories": "=Sales!$A$2:$A$7",
                "values": f"=Sales!${column}$2:${column}$7",
                **more,
            }
        )
    return chart


@made("xlsxwriter-charts.xlsx", PROGRAM, "charts", "pie chart", "radar chart", "stock chart")
def charts(path: Path) -> None:
    with started(path) as (book, sheet, _):
        for index, kind in enumerate("area bar column line pie doughnut radar scatter".split()):
            chart = _series(book.add_chart({"type": kind}), "B" if kind in "pie doughnut" else "BC")
            chart.set_title({"name": f"A {kind} chart"})
            sheet.insert_chart(8 + 16 * (index // 3), 8 * (index % 3), chart)
        stock = _series(book.add_chart({"type": "stock"}), "BCD")
        stock.set_up_down_bars()
        stock.set_high_low_lines()
        sheet.insert_chart("Z9", stock)


@made("xlsxwriter-chart-details.xlsx", PROGRAM, "chart formats", "combined chart", "trend line")
def chart_details(path: Path) -> None:
    with started(path) as (book, sheet, other):
        column = _series(
            book.add_chart({"type": "column", "subtype": "percent_stacked"}),
            gradient={"colors": ["#963735", "#F1DCDB"]},
            data_labels={"value": True, "custom": [{"value": "=Sales!$A$2"}, {"delete": True}]},
        )
        line = book.add_chart({"type": "line"})
        _series(line, "D", y2_axis=True, trendline={"type": "polynomial", "order": 2}, smooth=True)
        column.combine(line)
        column.set_title({"name": "=Sales!$A$1", "layout": {"x": 0.4, "y": 0.1}})
        column.set_x_axis({"name": "Regions", "num_font": {"rotation": 45}})
        column.set_y_axis({"log_base": 10, "display_units": "hundreds"})
        column.set_table({"show_keys": True})
        column.set_style(37)
        sheet.insert_chart("G2", column, {"description": "All regions", "object_position": 3})
        errors = _series(
            book.add_chart({"type": "bar"}),
            y_error_bars={"type": "standard_error"},
            points=[{"fill": {"color": "red"}}],
            pattern={"pattern": "wave", "fg_color": "red"},
        )
        other.insert_chart("D2", errors)
        sheet.insert_chart("G20", _series(book.add_chart({"type": "scatter", "subtype": "smooth"})))


@made("xlsxwriter-chartsheet.xlsm", PROGRAM, "chart sheet", "macros", "code names")
def chart_sheet(path: Path) -> None:
    project = path.with_suffix(".bin")
    project.write_bytes(macros())
    with started(path) as (book, sheet, _):
        page = book.add_chartsheet("Picture")
        page.set_chart(_series(book.add_chart({"type": "line"})))
        book.add_vba_project(str(project))
        book.set_vba_name("ThisWorkbook")
        sheet.set_vba_name("Sheet1")
        sheet.insert_button("G2", {"macro": "run_it", "caption": "Press", "width": 80})
    project.unlink()


@made("xlsxwriter-sparklines.xlsx", PROGRAM, "sparklines", "x14 data bars", "x14 icon sets")
def sparklines(path: Path) -> None:
    with started(path) as (_, sheet, other):
        sheet.add_sparkline("F2", {"range": "Sales!B2:D2", "markers": True, "high_point": True})
        both = {"location": ["F3", "F4"], "range": ["B3:D3", "B4:D4"], "type": "column"}
        sheet.add_sparkline("F3", both)
        other.add_sparkline("C1", {"range": "Sales!B2:B7", "type": "win_loss", "style": 12})
        sheet.conditional_format(
            "B2:B7", {"type": "data_bar", "data_bar_2010": True, "bar_solid": True}
        )
        sheet.conditional_format("C2:C7", {"type": "icon_set", "icon_style": "5_quarters"})
        sheet.conditional_format("D2:D7", {"type": "top", "value": 2})
        sheet.conditional_format("D2:D7", {"type": "3_color_scale"})
        sheet.data_validation(
            "H2:H5", {"validate": "list", "source": "=Summary!$A$1:$A$4", "error_type": "warning"}
        )


@made("xlsxwriter-shapes.xlsx", PROGRAM, "text boxes", "images", "hyperlinks in drawings")
def shapes(path: Path) -> None:
    with started(path) as (_, sheet, other):
        sheet.insert_textbox(
            "G2", "A note\nin two lines", {"font": {"bold": True}, "url": "https://example.com"}
        )
        sheet.insert_textbox(
            "G12", "", {"textlink": "=$B$2", "gradient": {"colors": ["red", "blue"]}}
        )
        data = io.BytesIO(picture())
        sheet.insert_image("M2", "a.png", {"image_data": data, "url": "internal:Summary!A1"})
        jpeg = io.BytesIO(picture("JPEG"))
        other.insert_image("D2", "b.jpg", {"image_data": jpeg, "description": "b", "x_scale": 2})


@made("xlsxwriter-cell-images.xlsx", PROGRAM, "in-cell images", "rich data")
def cell_images(path: Path) -> None:
    with started(path) as (_, sheet, _):
        sheet.embed_image("G2", "a.png", {"image_data": io.BytesIO(picture())})
        other = io.BytesIO(picture("JPEG", (9, 9, 99)))
        sheet.embed_image("G3", "b.jpg", {"image_data": other, "description": "blue"})


@made("xlsxwriter-checkboxes.xlsx", PROGRAM, "feature property bag", "checkboxes")
def checkboxes(path: Path) -> None:
    with started(path) as (_, sheet, _):
        sheet.insert_checkbox("G2", True)
        sheet.insert_checkbox("G3", False)


@made("xlsxwriter-header-images.xlsx", PROGRAM, "header images", "background picture")
def header_images(path: Path) -> None:
    with started(path) as (_, sheet, other):
        left, right = io.BytesIO(picture()), io.BytesIO(picture("JPEG"))
        sheet.set_header("&L&G&RTop", {"image_left": "a.png", "image_data_left": left})
        other.set_footer("&R&[Picture]", {"image_right": "b.jpg", "image_data_right": right})
        other.set_background(io.BytesIO(picture(color=(200, 220, 240))))


@made("xlsxwriter-comments.xlsx", PROGRAM, "comments", "ignored errors", "hyperlinks")
def comments(path: Path) -> None:
    with started(path) as (_, sheet, other):
        sheet.write_comment("B2", "Counted twice", {"author": "Ann", "visible": True})
        sheet.write_comment("C3", "Wide", {"x_scale": 3, "color": "#80FF80", "font_name": "Arial"})
        other.write_comment("A1", "ünïcode 表")
        sheet.ignore_errors({"number_stored_as_text": "G1:G9", "eval_error": "H1"})
        sheet.write_string("G1", "007")
        sheet.write_url("G2", "https://example.com/a?b=c&d=e", tip="A tip", string="link")
        sheet.write_url("G3", "internal:Summary!A1")
        sheet.write_url("G4", r"external:c:\temp\other.xlsx#Sheet1!A1")


@made("xlsxwriter-tables.xlsx", PROGRAM, "tables", "table totals", "calculated columns")
def tables(path: Path) -> None:
    with started(path) as (_, sheet, other):
        columns = [
            {"header": "Item", "total_string": "Total"},
            {"header": "Cost", "total_function": "sum"},
            {"header": "Tax", "formula": "=Costs[@[Cost]]*0.2", "total_function": "average"},
        ]
        rows = [["a", 1], ["b", 2], ["c", 3]]
        other.add_table(
            "D3:F7",
            {
                "name": "Costs",
                "columns": columns,
                "data": rows,
                "total_row": True,
                "style": "Table Style Light 11",
            },
        )
        sheet.write_formula("G1", "=SUM(Costs[Cost])", None, 6)
        sheet.autofilter("A1:E7")
        sheet.filter_column("B", "x > 102")
        sheet.set_row(1, options={"hidden": True})


@made("xlsxwriter-dynamic.xlsx", PROGRAM, "dynamic arrays", "array formulas", "LET and LAMBDA")
def dynamic(path: Path) -> None:
    with started(path) as (_, sheet, other):
        sheet.write_dynamic_array_formula("G1", "=SORT(B2:B7)", None, 101)
        sheet.write_dynamic_array_formula("H1:H6", "=FILTER(C2:C7,C2:C7>0)", None, 87)
        sheet.write_array_formula("I1:I3", "{=B2:B4*2}", None, 202)
        sheet.write_formula("J1", "=_xlfn.LET(_xlpm.a,B2,_xlpm.a*2)", None, 202)
        other.write_formula("C1", "=SUM(_xlfn.ANCHORARRAY(Sales!G1))", None, 621)
        other.write_formula("C2", '=_xlfn.XLOOKUP("R2",Sales!A2:A7,Sales!B2:B7)', None, 102)


@made("xlsxwriter-text.xlsx", PROGRAM, "rich text", "long strings", "unicode", "whitespace")
def text(path: Path) -> None:
    with started(path) as (book, sheet, _):
        bold, red = book.add_format({"bold": True}), book.add_format({"color": "red"})
        sheet.write_rich_string("G1", "This is ", bold, "bold", " and ", red, " red ")
        sheet.write_string("G2", "x" * 32_767)
        sheet.write_string("G3", "  two  blanks  ")
        sheet.write_string("G4", "日本語 🙂 e\u0301 \u202eabc")
        sheet.write_string("G5", "line\nbreak\ttab")
        sheet.write_string("G6", "_x0041_ and \x07")
        sheet.write_string("G7", "=not a formula")
        sheet.write_blank("G8", None, bold)


@made("xlsxwriter-inline.xlsx", PROGRAM, "inline strings", "constant memory")
def inline(path: Path) -> None:
    with started(path, constant_memory=True) as (_, _, other):
        other.write_string("A2", "kept in place")


@made("xlsxwriter-protected.xlsx", PROGRAM, "sheet protection", "protected ranges", "outline")
def protected(path: Path) -> None:
    with started(path) as (book, sheet, other):
        sheet.protect("secret", {"insert_rows": True, "select_locked_cells": False})
        sheet.unprotect_range("B2:B7", "Numbers", "other")
        other.set_row(1, None, None, {"level": 1, "hidden": True})
        other.set_column("C:D", 4.5, None, {"level": 2, "collapsed": True})
        other.outline_settings(True, False, True, True)
        other.hide()
        book.define_name("Sales!Area", "=Sales!$B$2:$D$7")
        book.define_name("Everything", "=Sales!$B$2:$D$7")
        book.read_only_recommended()
        book.set_calc_mode("manual")
        book.set_size(1200, 800)


@made("xlsxwriter-properties.xlsx", PROGRAM, "document properties", "custom properties", "print")
def properties(path: Path) -> None:
    with started(path) as (book, sheet, _):
        book.set_properties(
            {
                "title": "Sales",
                "author": "Ann",
                "company": "X & Y",
                "created": dt.datetime(2020, 1, 2),
            }
        )
        for name, value in (
            ("Checked", True),
            ("Round", 2.5),
            ("By", "Bob"),
            ("On", dt.datetime(2021, 3, 4)),
        ):
            book.set_custom_property(name, value)
        sheet.print_area("A1:E7")
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        sheet.set_h_pagebreaks([3])
        sheet.set_landscape()
        sheet.freeze_panes(1, 1)
        sheet.set_selection("B2")
        sheet.right_to_left()


@made("xlsxwriter-1904.xlsx", PROGRAM, "1904 dates", "number formats")
def mac_dates(path: Path) -> None:
    with started(path, date_1904=True) as (book, sheet, _):
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime("G1", dt.datetime(2024, 2, 29), date)
        sheet.write_number("G2", 0.5, book.add_format({"num_format": "[h]:mm"}))
        sheet.write_number("G3", -3, book.add_format({"num_format": "0.00_);[Red](0.00)"}))
