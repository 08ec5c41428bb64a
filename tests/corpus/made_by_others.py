"""Workbooks as smaller programs write them, in Python and Rust."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import formualizer
import ironcalc
import pyexcelerate
import rustpy_xlsxwriter

from tests.corpus.registry import made

ROWS = [["Region", "Sales", "Day"], ["North", 12.5, dt.datetime(2024, 2, 29)], ["South", 7, None]]


@made("pyexcelerate-plain.xlsx", "PyExcelerate", "styles", "dates", "inline strings", "formulas")
def plain(path: Path) -> None:
    book = pyexcelerate.Workbook()
    sheet = book.new_sheet("Data", data=ROWS)
    sheet.set_cell_value(2, 4, "=B2*2")
    sheet.set_cell_style(1, 1, pyexcelerate.Style(font=pyexcelerate.Font(bold=True)))
    sheet.set_cell_style(
        2, 2, pyexcelerate.Style(fill=pyexcelerate.Fill(background=pyexcelerate.Color(255, 0, 0)))
    )
    sheet.set_col_style(1, pyexcelerate.Style(size=20))
    book.new_sheet("Other", data=[[1, 2], [3, 4]])
    book.save(str(path))


@made(
    "rustpy-tables.xlsx",
    "rust_xlsxwriter",
    "autofilter",
    "conditional formats",
    "notes",
    "sparklines",
)
def rust(path: Path) -> None:
    records = [
        {"Region": region, "Sales": number, "Day": dt.date(2024, 1, 1 + index), "Done": index > 1}
        for index, (region, number) in enumerate([("North", 12.5), ("South", 7), ("West", 3)])
    ]
    rustpy_xlsxwriter.write_worksheets(
        [("Data", records), ("Other", records)],
        str(path),
        freeze_panes={"general": {"row": 1, "col": 1}},
        bold_headers=True,
        autofit=True,
        autofilter={},
        conditional_formats={"Sales": {"type": "data_bar"}},
        notes={"Region": "Where it was sold"},
    )


@made("ironcalc-styles.xlsx", "IronCalc", "calculated values", "styles", "names")
def iron(path: Path) -> None:
    model = ironcalc.create("book", "en", "UTC", "en")
    model.add_sheet("Other")
    for row, (name, value) in enumerate([("Sales", ""), ("North", "12.5"), ("South", "7")], 1):
        model.set_user_input(0, row, 1, name)
        model.set_user_input(0, row, 2, value)
    model.set_user_input(0, 4, 2, "=SUM(B2:B3)")
    model.set_user_input(1, 1, 1, "=Sheet1!B4*2")
    style = model.get_cell_style(0, 1, 1)
    style["font"]["b"] = True
    model.set_cell_style(0, 1, 1, style)
    model.set_column_width(0, 1, 200.0)
    model.set_frozen_rows_count(0, 1)
    model.evaluate()
    path.unlink(missing_ok=True)
    model.save_to_xlsx(str(path))


@made("formualizer-plain.xlsx", "formualizer", "calculated values", "formulas")
def formualized(path: Path) -> None:
    book = formualizer.Workbook()
    for name in ("Data", "Other"):
        book.add_sheet(name)
        for row in range(1, 6):
            book.set_value(name, row, 1, float(row * 3))
        book.set_formula(name, 6, 1, "=SUM(A1:A5)")
    book.evaluate_all()
    path.write_bytes(book.to_xlsx_bytes())
