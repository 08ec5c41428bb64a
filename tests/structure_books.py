"""Workbooks with references of every kind, written by code, to change the structure of."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import openpyxl
from openpyxl.chart import BarChart, Reference, ScatterChart, Series
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, FormulaRule
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

ROWS = 12


def base(second: str = "Other sheet") -> openpyxl.Workbook:
    """Numbers in Data!A1:F12 under a header, and two more sheets."""
    book = openpyxl.Workbook()
    data = book.worksheets[0]
    data.title = "Data"
    data.append(["Alpha", "Beta", "Gamma", "Delta", "Eps", "Zeta"])
    for row in range(2, ROWS + 1):
        data.append([row * 10 + column for column in range(1, 7)])
    other = book.create_sheet(second)
    other.append(["x", "y"])
    for row in range(2, 8):
        other.append([row, row * row])
    book.create_sheet("Last")["A1"] = 1
    return book


def _fill(sheet: Worksheet, column: str, formulas: list[str], first: int = 1) -> None:
    for row, formula in enumerate(formulas, first):
        sheet[f"{column}{row}"] = formula


FORMULAS = [
    "SUM({0}A2:A12)",
    "SUM({0}$A$2:$A$12)",
    "{0}B5",
    "{0}$B$5+{0}C$6*{0}$D7",
    "SUM({0}A:A)",
    "SUM({0}$B:$D)",
    "SUM({0}3:5)",
    "SUM({0}$4:$4)",
    "SUM({0}A2:C4,{0}E6:F9)",
    "SUM({0}B2:D8 {0}C1:C12)",
    'IF({0}A3>20,"A3 is > 20: {0}A3",{0}B3)',
    "VLOOKUP(42,{0}A2:F12,3,FALSE)",
    "SUMPRODUCT(({0}A2:A12>30)*{0}B2:B12)",
    "INDEX({0}A1:F12,4,2)",
    "ROW({0}A9)+COLUMN({0}D1)",
    "LOG10({0}A4)+ATAN2({0}A4,{0}A5)",
    "SUM(OFFSET({0}A2,1,1,3,2))",
    "{0}A12+{0}F12+{0}A1",
    'COUNTIF({0}B2:B12,">="&{0}B4)',
    "SUM({0}A6:{0}A6)",
    "AVERAGE({0}D4:D4)-{0}$C$3:$C$3",
]


def formulas() -> openpyxl.Workbook:
    """References of all forms, on the sheet itself and from another one."""
    book = base()
    _fill(book["Data"], "H", ["=" + text.format("") for text in FORMULAS])
    _fill(book["Last"], "B", ["=" + text.format("Data!") for text in FORMULAS])
    _fill(book["Other sheet"], "D", ["=SUM('Other sheet'!A2:A7)", "=Data!A2*'Other sheet'!B3"])
    _fill(book["Data"], "J", ["='Other sheet'!B3", "=SUM('Other sheet'!$B$2:$B$7)+A2"])
    return book


def names() -> openpyxl.Workbook:
    """Names of the workbook and of sheets, print areas and titles."""
    book = base()
    for name, text in {
        "Total": "SUM(Data!$A$2:$A$12)",
        "Body": "Data!$B$3:$D$9",
        "Spot": "Data!$C$5",
        "Wide": "Data!$A:$B",
        "Line": "Data!$4:$4",
        "Elsewhere": "'Other sheet'!$A$2:$B$7",
        "Number": "42",
        "Two": "Data!$A$2:$A$4,Data!$C$2:$C$4",
    }.items():
        book.defined_names[name] = DefinedName(name, attr_text=text)
    book["Data"].defined_names["Local"] = DefinedName("Local", attr_text="Data!$E$6:$F$8")
    book["Last"].defined_names["Local"] = DefinedName("Local", attr_text="Data!$A$3")
    book["Data"].print_area = "A1:F12"
    book["Data"].print_title_rows = "1:2"
    book["Data"].print_title_cols = "A:B"
    book["Other sheet"].print_area = "A1:B4"
    _fill(book["Last"], "B", ["=Total+Spot", "=SUM(Body)", "=SUM(Wide)", "=Local", "=SUM(Line)"])
    _fill(book["Data"], "H", ["=SUM(Local)", "=Data!Local", "=Number*Spot"])
    return book


def rules() -> openpyxl.Workbook:
    """Conditional formats with relative and absolute formulas."""
    book = base()
    data = book["Data"]
    fill = openpyxl.styles.PatternFill("solid", bgColor="FFFF00")
    for area, formula in {
        "A2:A12": "$B2>A2",
        "B2:B12": "B2>$C$4",
        "C4:D8": "SUM($A$2:$A$6)>C4",
        "E2:F12": 'AND($E2>50,E$1<>"")',
        "A1:F1": "A2>A3",
    }.items():
        data.conditional_formatting.add(area, FormulaRule(formula=[formula], fill=fill))
    data.conditional_formatting.add(
        "D2:D12", CellIsRule(operator="greaterThan", formula=["$A$6"], fill=fill)
    )
    data.conditional_formatting.add(
        "F2:F12", ColorScaleRule("min", None, "FF0000", end_type="max", end_color="00FF00")
    )
    book["Last"].conditional_formatting.add(
        "A1:A5", FormulaRule(formula=["Data!$B$5>A1"], fill=fill)
    )
    return book


def validations() -> openpyxl.Workbook:
    """Validations: lists, numbers between cells, formulas."""
    book = base()
    data = book["Data"]
    rows = [
        (DataValidation(type="list", formula1="Data!$B$2:$B$6"), "G2:G12"),
        (DataValidation(type="list", formula1="'Other sheet'!$A$2:$A$7"), "H2:H12"),
        (
            DataValidation(
                type="whole", operator="between", formula1="Data!A2", formula2="Data!$C$9"
            ),
            "I2:I9",
        ),
        (DataValidation(type="custom", formula1="COUNTIF(Data!$A$2:$A$12,Data!J2)=0"), "J2:J12"),
        (DataValidation(type="list", formula1='"red,green"'), "K4:L6"),
    ]
    for validation, area in rows:
        validation.add(area)
        data.add_data_validation(validation)
    elsewhere = DataValidation(type="list", formula1="Data!$A$2:$A$12")
    elsewhere.add("C1:C3")
    book["Last"].add_data_validation(elsewhere)
    return book


def blocks() -> openpyxl.Workbook:
    """Merged cells, links, comments, a filter, frozen panes, heights and widths."""
    book = base()
    data = book["Data"]
    for area in ("H2:I3", "H5:H8", "J2:L2", "H10:J12"):
        data.merge_cells(area)
    data["A5"].hyperlink = Hyperlink(ref="A5", location="'Other sheet'!B3", display="there")
    data["C8"].hyperlink = "https://example.org/"
    for place in ("B3", "D6", "F12"):
        data[place].comment = Comment(f"about {place}", "someone")
    data.auto_filter.ref = "A1:F12"
    data.freeze_panes = "C3"
    data.row_dimensions[5].height = 40
    data.column_dimensions["C"].width = 33
    _fill(data, "N", ["=H5", "=SUM(H2:I3)", "=J2"])
    return book


def tables() -> openpyxl.Workbook:
    """A table, and structured references to it."""
    book = base()
    book["Data"].add_table(Table(displayName="Sales", ref="A1:F12"))
    _fill(book["Last"], "B", ["=SUM(Sales[Beta])", "=SUM(Sales[[Beta]:[Delta]])", "=Data!B4"])
    _fill(book["Data"], "H", ["=SUM(Sales[Zeta])", "=COUNT(Sales[])"])
    return book


def charts() -> openpyxl.Workbook:
    """A bar chart and a scatter chart, on the sheet of their data and on another one."""
    book = base()
    data = book["Data"]
    bar = BarChart()
    bar.add_data(
        Reference(data, min_col=2, max_col=4, min_row=1, max_row=ROWS), titles_from_data=True
    )
    bar.set_categories(Reference(data, min_col=1, min_row=2, max_row=ROWS))
    data.add_chart(bar, "H4")
    scatter = ScatterChart()
    xs = Reference(data, min_col=5, min_row=2, max_row=ROWS)
    ys = Reference(data, min_col=6, min_row=2, max_row=ROWS)
    scatter.series.append(Series(ys, xs, title_from_data=False))
    book["Last"].add_chart(scatter, "C3")
    return book


def through() -> openpyxl.Workbook:
    """References through several sheets, and sheets whose names need apostrophes."""
    book = base("Second")
    book.create_sheet("It's 2024")["A1"] = 7
    book.create_sheet("Summe")
    _fill(
        book["Summe"],
        "A",
        [
            "=SUM(Data:Last!A2)",
            "=SUM(Data:Second!A1:B3)",
            "='It''s 2024'!A1+Second!A2+Data!A3",
            "=AVERAGE(Second:Last!$A$1:$A$5)",
        ],
    )
    return book


def arrays() -> openpyxl.Workbook:
    """Array formulas of one and of several cells, beside and below the data."""
    book = base()
    data = book["Data"]
    data["H2"] = ArrayFormula("H2", "=SUM(A2:A12*B2:B12)")
    data["J14"] = ArrayFormula("J14:J16", "=TRANSPOSE(A2:C2)")
    book["Last"]["C1"] = ArrayFormula("C1:C3", "=Data!A4:A6*2")
    _fill(data, "L", ["=SUM(J14:J16)", "=J15", "=H2"])
    return book


def shared() -> openpyxl.Workbook:
    """As :func:`formulas` with columns of formulas, which :func:`made` makes shared ones."""
    book = base()
    for row in range(2, ROWS + 1):
        book["Data"][f"H{row}"] = f"=A{row}+B{row}*$C$2"
        book["Last"][f"D{row}"] = f"=Data!A{row}-Data!$B$3"
    return book


KINDS: dict[str, Callable[[], openpyxl.Workbook]] = {
    "formulas": formulas,
    "names": names,
    "rules": rules,
    "validations": validations,
    "blocks": blocks,
    "tables": tables,
    "charts": charts,
    "through": through,
    "arrays": arrays,
    "shared": shared,
}


def made(kind: str) -> bytes:
    """The file of a kind of workbook."""
    out = io.BytesIO()
    KINDS[kind]().save(out)
    data = out.getvalue()
    if kind != "shared":
        return data
    data = patched(data, "xl/worksheets/sheet1.xml", lambda text: _share(text, "H"))
    return patched(data, "xl/worksheets/sheet3.xml", lambda text: _share(text, "D"))


def _share(text: str, column: str) -> str:
    """Turn the formulas of a column into one shared formula."""
    first = re.compile(rf'(<c r="{column}2"[^>]*>)<f>')
    rest = re.compile(rf'(<c r="{column}(?!2")\d+"[^>]*>)<f>[^<]*</f>')
    text = first.sub(rf'\1<f t="shared" ref="{column}2:{column}{ROWS}" si="0">', text)
    return rest.sub(r'\1<f t="shared" si="0"/>', text)


def patched(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The package with one part's text changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                content = change(content.decode()).encode()
            target.writestr(name, content)
    return out.getvalue()
