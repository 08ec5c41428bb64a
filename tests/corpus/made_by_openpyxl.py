"""Workbooks as openpyxl writes them."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import (
    AreaChart,
    AreaChart3D,
    BarChart,
    BarChart3D,
    BubbleChart,
    DoughnutChart,
    LineChart,
    LineChart3D,
    PieChart,
    PieChart3D,
    ProjectedPieChart,
    RadarChart,
    Reference,
    ScatterChart,
    Series,
    StockChart,
    SurfaceChart,
    SurfaceChart3D,
)
from openpyxl.chart.trendline import Trendline
from openpyxl.chart.updown_bars import UpDownBars
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import (
    CellIsRule,
    ColorScaleRule,
    DataBarRule,
    FormulaRule,
    IconSetRule,
)
from openpyxl.packaging.custom import (
    BoolProperty,
    DateTimeProperty,
    IntProperty,
    StringProperty,
)
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.filters import SortCondition, SortState
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.protection import SheetProtection
from openpyxl.worksheet.scenario import InputCells, Scenario, ScenarioList
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from tests.corpus.pictures import picture
from tests.corpus.registry import made

PROGRAM = "openpyxl"
HEADER = ["Month", "Open", "High", "Low", "Close"]


def figures(sheet: Worksheet, rows: int = 6) -> None:
    """A table of months and numbers from A1, with a column of formulas behind it."""
    sheet.append([*HEADER, "Mean"])
    for index in range(1, rows + 1):
        numbers = [10 + index, 14 + 2 * index, 8 + index, 12 + index * 1.5]
        sheet.append([f"M{index}", *numbers, f"=AVERAGE(B{index + 1}:E{index + 1})"])


def started() -> tuple[Workbook, Worksheet]:
    """A workbook with figures and a second sheet that reads them."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Data"
    figures(sheet)
    other = book.create_sheet("Other")
    other["A1"], other["B1"] = "Sum", "=SUM(Data!B2:B7)"
    other["A2"], other["B2"] = "Twice", 2
    return book, sheet


def _put(sheet: Worksheet, charts: list, columns: int = 5) -> None:
    for index, chart in enumerate(charts):
        data = Reference(sheet, min_col=2, max_col=columns, min_row=1, max_row=7)
        chart.add_data(data, titles_from_data=True)
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=7))
        chart.title = type(chart).__name__
        sheet.add_chart(chart, f"{get_column_letter(8 + 9 * (index % 3))}{2 + 16 * (index // 3)}")


@made("openpyxl-charts.xlsx", PROGRAM, "charts", "bar chart", "line chart", "area chart")
def charts(path: Path) -> None:
    book, sheet = started()
    stacked = BarChart()
    stacked.grouping, stacked.overlap = "stacked", 100
    radar = RadarChart()
    radar.type = "filled"
    _put(sheet, [BarChart(), stacked, LineChart(), AreaChart(), radar])
    _put(book["Data"], [PieChart(), DoughnutChart(), ProjectedPieChart()], columns=2)
    book.save(path)


@made("openpyxl-charts-3d.xlsx", PROGRAM, "3-D charts", "surface chart")
def charts_3d(path: Path) -> None:
    book, sheet = started()
    _put(sheet, [BarChart3D(), LineChart3D(), AreaChart3D(), SurfaceChart(), SurfaceChart3D()])
    _put(book["Data"], [PieChart3D()], columns=2)
    book.save(path)


@made("openpyxl-charts-xy.xlsx", PROGRAM, "scatter chart", "bubble chart", "trend line")
def charts_xy(path: Path) -> None:
    book, sheet = started()
    scatter = ScatterChart()
    x, y = (Reference(sheet, min_col=column, min_row=2, max_row=7) for column in (2, 3))
    scatter.series.append(Series(y, x, title="High"))
    scatter.series[0].trendline = Trendline(trendlineType="linear", dispEq=True)
    sheet.add_chart(scatter, "H2")
    bubble = BubbleChart()
    sizes = Reference(sheet, min_col=4, min_row=2, max_row=7)
    bubble.series.append(Series(values=y, xvalues=x, zvalues=sizes, title="Low"))
    sheet.add_chart(bubble, "H20")
    book.save(path)


@made("openpyxl-chart-stock.xlsx", PROGRAM, "stock chart", "combined chart", "secondary axis")
def stock(path: Path) -> None:
    book, sheet = started()
    chart = StockChart()
    _put(sheet, [chart])
    chart.upDownBars = UpDownBars()
    bars, line = BarChart(), LineChart()
    bars.add_data(Reference(sheet, min_col=2, min_row=1, max_row=7), titles_from_data=True)
    line.add_data(Reference(sheet, min_col=3, min_row=1, max_row=7), titles_from_data=True)
    line.y_axis.axId = 200
    line.y_axis.crosses = "max"
    bars += line
    book["Other"].add_chart(bars, "D2")
    book.save(path)


@made("openpyxl-chartsheet.xlsx", PROGRAM, "chart sheet")
def chart_sheet(path: Path) -> None:
    book, sheet = started()
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=7), titles_from_data=True)
    book.create_chartsheet("Chart").add_chart(chart)
    book.save(path)


@made("openpyxl-images.xlsx", PROGRAM, "images", "png image", "jpeg image")
def images(path: Path) -> None:
    book, sheet = started()
    for index, kind in enumerate(("PNG", "JPEG", "GIF")):
        sheet.add_image(Image(io.BytesIO(picture(kind))), f"H{2 + 8 * index}")
    book["Other"].add_image(Image(io.BytesIO(picture(color=(10, 200, 90)))), "D4")
    book.save(path)


@made("openpyxl-comments.xlsx", PROGRAM, "comments", "hyperlinks")
def comments(path: Path) -> None:
    book, sheet = started()
    sheet["B2"].comment = Comment("Checked by hand.\nTwice.", "Ann", height=90, width=220)
    sheet["A9"].comment = Comment("On an empty cell", "Bob")
    sheet["A2"].hyperlink = "https://example.com/?a=1&b=2#part"
    sheet["A3"].hyperlink = "#Other!A1"
    book["Other"]["A1"].comment = Comment("Elsewhere", "Ann")
    book.save(path)


@made("openpyxl-rules.xlsx", PROGRAM, "conditional formats", "data validation", "autofilter")
def rules(path: Path) -> None:
    book, sheet = started()
    red = PatternFill("solid", bgColor="FFC7CE")
    add = sheet.conditional_formatting.add
    add("B2:B7", CellIsRule(operator="greaterThan", formula=["Other!$B$2"], fill=red))
    add(
        "C2:C7",
        ColorScaleRule("min", None, "F8696B", "percentile", 50, "FFEB84", "max", None, "63BE7B"),
    )
    add("D2:D7", DataBarRule("min", None, "max", None, color="638EC6"))
    add("E2:E7", IconSetRule("3TrafficLights1", "percent", [0, 33, 67]))
    add("A2:A7", FormulaRule(formula=["$B2>12"], font=Font(bold=True)))
    listed = DataValidation("list", formula1='"yes,no,maybe"', allow_blank=True)
    listed.add("H2:H9")
    between = DataValidation("whole", operator="between", formula1="1", formula2="Other!$B$2*100")
    between.add("B2:B7")
    sheet.add_data_validation(listed)
    sheet.add_data_validation(between)
    sheet.auto_filter.ref = "A1:F7"
    sheet.auto_filter.add_filter_column(0, ["M1", "M2", "M3"])
    sheet.auto_filter.sortState = SortState(ref="A2:F7", sortCondition=[SortCondition(ref="B2:B7")])
    book.save(path)


@made("openpyxl-tables.xlsx", PROGRAM, "tables", "table totals", "table style")
def tables(path: Path) -> None:
    book, sheet = started()
    table = Table(displayName="Prices", ref="A1:F7")
    table.tableStyleInfo = TableStyleInfo("TableStyleMedium9", showRowStripes=True)
    sheet.add_table(table)
    other = book["Other"]
    other["A5"], other["B5"] = "Item", "Cost"
    other["A6"], other["B6"], other["A7"], other["B7"] = "a", 1, "b", 2
    other["D1"] = "=SUM(Prices[Open])"
    other.add_table(Table(displayName="Costs", ref="A5:B7"))
    book.save(path)


@made("openpyxl-names.xlsx", PROGRAM, "names", "print areas", "print titles", "hidden names")
def names(path: Path) -> None:
    book, sheet = started()
    for name, text in (
        ("Opening", "Data!$B$2:$B$7"),
        ("Rate", "0.19"),
        ("Latest", "OFFSET(Data!$B$1,COUNT(Data!$B:$B),0)"),
    ):
        book.defined_names[name] = DefinedName(name, attr_text=text)
    book.defined_names["Hidden"] = DefinedName("Hidden", attr_text="Data!$C$2", hidden=True)
    sheet.defined_names["Local"] = DefinedName("Local", attr_text="Data!$D$2:$D$7")
    sheet.print_area = "A1:F7"
    sheet.print_title_rows, sheet.print_title_cols = "1:1", "A:A"
    sheet["H1"], sheet["H2"] = "=SUM(Opening)*Rate", "=MAX(Local)"
    book.save(path)


@made("openpyxl-print.xlsx", PROGRAM, "headers and footers", "page set-up", "page breaks")
def printing(path: Path) -> None:
    book, sheet = started()
    sheet.oddHeader.center.text, sheet.oddHeader.center.size = "Prices &[Date]", 14
    sheet.oddFooter.right.text = "Page &[Page] of &N"
    sheet.evenHeader.left.text, sheet.firstFooter.left.text = "Even", "First"
    sheet.HeaderFooter.differentOddEven = sheet.HeaderFooter.differentFirst = True
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = sheet.print_options.gridLines = True
    sheet.page_margins.left = 0.25
    sheet.row_breaks.append(Break(4))
    sheet.col_breaks.append(Break(3))
    book.save(path)


@made("openpyxl-protected.xlsx", PROGRAM, "sheet protection", "workbook protection", "scenarios")
def protected(path: Path) -> None:
    book, sheet = started()
    # Protection binds people at the keyboard; it keeps nobody from writing the file.
    sheet.protection = SheetProtection(sheet=True, formatCells=False, sort=False)
    sheet.protection.password = "secret"
    sheet["B2"].protection = Protection(locked=False)
    book.security = WorkbookProtection(workbookPassword="secret", lockStructure=True)
    cells = [InputCells(r="B2", val="50"), InputCells(r="B3", val="60")]
    sheet.scenarios = ScenarioList(
        scenario=[Scenario(name="Best", inputCells=cells, user="Ann", comment="high")],
        current=0, show=0,
    )  # fmt: skip
    book.save(path)


@made("openpyxl-layout.xlsx", PROGRAM, "outline", "merged cells", "freeze panes", "hidden sheets")
def layout(path: Path) -> None:
    book, sheet = started()
    sheet.merge_cells("H1:J2")
    sheet["H1"] = "merged"
    sheet.merge_cells("H4:H9")
    sheet.freeze_panes = "B2"
    sheet.column_dimensions.group("C", "D", hidden=True, outline_level=1)
    sheet.row_dimensions.group(3, 5, outline_level=2)
    sheet.row_dimensions[2].height = 33
    sheet.column_dimensions["A"].width = 24.5
    sheet.sheet_properties.tabColor = "1072BA"
    sheet.sheet_properties.outlinePr.summaryBelow = False
    sheet.sheet_view.zoomScale, sheet.sheet_view.showGridLines = 85, False
    book.create_sheet("Hidden").sheet_state = "hidden"
    book.create_sheet("Very").sheet_state = "veryHidden"
    book.create_sheet("Ünïcode 表 & <x>")["A1"] = "ok"
    book.save(path)


@made("openpyxl-styles.xlsx", PROGRAM, "styles", "named styles", "rich text")
def styles(path: Path) -> None:
    book, sheet = started()
    thin = Side("thin", "FF0000")
    house = NamedStyle("House", font=Font(name="Arial", size=9, italic=True, color="00AA00"))
    house.border = Border(left=thin, right=thin, diagonal=thin, diagonalUp=True)
    book.add_named_style(house)
    sheet["A2"].style = "House"
    sheet["A3"].style = "Good"
    sheet["B2"].number_format = '[Red][<0]-0.0;[Blue]0.0" kg"'
    sheet["B3"].alignment = Alignment("center", "top", textRotation=45, wrapText=True, indent=1)
    sheet["B4"].fill = PatternFill("darkTrellis", "FFFF00", "0000FF")
    bold = InlineFont(b=True, color="FF0000", rFont="Arial", sz=12)
    sheet["H1"] = CellRichText("plain ", TextBlock(bold, "bold red"), " and plain ")
    sheet["H2"] = "  blanks around  "
    sheet["H3"] = dt.datetime(2024, 2, 29, 13, 45, 30)
    sheet["H4"], sheet["H5"] = dt.date(1900, 3, 1), dt.time(6, 30)
    sheet["H6"] = dt.timedelta(days=2, hours=3)
    book.save(path)


@made("openpyxl-formulas.xlsx", PROGRAM, "array formulas", "data tables", "errors", "booleans")
def formulas(path: Path) -> None:
    book, sheet = started()
    sheet["H1"] = ArrayFormula("H1:H6", "=B2:B7*C2:C7")
    sheet["I1"] = ArrayFormula("I1", "=SUM(B2:B7*C2:C7)")
    sheet["J1"], sheet["J2"], sheet["J3"] = True, "#N/A", "=1/0"
    sheet["K1"] = DataTableFormula(ref="K1:K3", dt2D=False, r1="B2")
    sheet["L1"] = '=IFERROR(VLOOKUP("M3",A1:F7,3,FALSE),"none")'
    sheet["L2"], sheet["L3"] = "=TODAY()-TODAY()", '="a"&"b"'
    book.save(path)


@made("openpyxl-1904.xlsx", PROGRAM, "1904 dates", "iterative calculation", "custom properties")
def mac_dates(path: Path) -> None:
    book, sheet = started()
    book.epoch = dt.datetime(1904, 1, 1)
    sheet["H1"], sheet["H2"] = dt.date(2024, 1, 1), "=H1+30"
    sheet["H2"].number_format = "yyyy-mm-dd"
    book.calculation.iterate, book.calculation.iterateCount = True, 50
    book.properties.title, book.properties.keywords = "Prices", "a, b"
    for item in (
        StringProperty(name="Owner", value="Ann"),
        IntProperty(name="Round", value=3),
        BoolProperty(name="Final", value=False),
        DateTimeProperty(name="Due", value=dt.datetime(2024, 5, 6)),
    ):
        book.custom_doc_props.append(item)
    book.save(path)
