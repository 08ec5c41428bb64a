"""Workbooks as excelize writes them, a library in Go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import excelize

from tests.corpus.pictures import macros, picture
from tests.corpus.registry import made

PROGRAM = "excelize"


@contextmanager
def started(path: Path) -> Iterator[Any]:
    """A workbook with figures on Sheet1 and a second sheet that reads them."""
    file = excelize.new_file()
    rows = [["Month", "Year", "Type", "Sales", "Region"]]
    for index in range(12):
        kind, region = ("Meat", "Dairy", "Bread")[index % 3], ("East", "West")[index % 2]
        rows.append(
            [("Jan", "Feb", "Mar")[index // 4], 2023 + index % 2, kind, 100 + 7 * index, region]
        )
    for number, row in enumerate(rows, 1):
        file.set_sheet_row("Sheet1", f"A{number}", row)
    file.new_sheet("Other")
    file.set_cell_value("Other", "A1", "Sum")
    file.set_cell_formula("Other", "B1", "SUM(Sheet1!D2:D13)")
    yield file
    file.save_as(str(path))
    file.close()


def _series(*columns: str) -> list[Any]:
    return [
        excelize.ChartSeries(
            name=f"Sheet1!${column}$1",
            categories="Sheet1!$A$2:$A$13",
            values=f"Sheet1!${column}$2:${column}$13",
        )
        for column in columns
    ]


def _chart(kind: str, *columns: str) -> Any:
    return excelize.Chart(
        type=getattr(excelize.ChartType, kind),
        series=_series(*(columns or ("B", "D"))),
        title=excelize.ChartTitle(paragraph=[excelize.RichTextRun(text=kind)]),
        legend=excelize.ChartLegend(position="bottom"),
    )


def _charts(path: Path, kinds: list[str]) -> None:
    with started(path) as file:
        for index, kind in enumerate(kinds):
            cell = f"{'GPY'[index % 3]}{1 + 16 * (index // 3)}"
            file.add_chart("Sheet1", cell, _chart(kind, *("D",) * (kind in _SINGLE)))


_SINGLE = {"Pie", "Pie3D", "PieOfPie", "BarOfPie", "Doughnut"}


@made("excelize-charts.xlsx", PROGRAM, "charts", "bubble chart", "scatter chart", "radar chart")
def charts(path: Path) -> None:
    _charts(path, "Area BarStacked ColPercentStacked Line Scatter Radar Bubble Doughnut".split())


@made("excelize-charts-3d.xlsx", PROGRAM, "3-D charts", "surface chart", "contour chart")
def charts_3d(path: Path) -> None:
    _charts(
        path,
        "Area3D Bar3DConeStacked Col3D Line3D Pie3D Surface3D WireframeContour Bubble3D".split(),
    )


@made("excelize-chart-combined.xlsx", PROGRAM, "combined chart", "chart sheet", "pie of pie")
def combined(path: Path) -> None:
    with started(path) as file:
        file.add_chart("Sheet1", "G2", _chart("Col", "D"), combo=_chart("Line", "B"))
        file.add_chart("Other", "D2", _chart("PieOfPie", "D"))
        file.add_chart_sheet("Picture", _chart("BarOfPie", "D"))


@made("excelize-pivot.xlsx", PROGRAM, "pivot tables", "pivot caches", "pivot slicers")
def pivot(path: Path) -> None:
    with started(path) as file:
        field = excelize.PivotTableField
        file.add_pivot_table(
            excelize.PivotTableOptions(
                data_range="Sheet1!A1:E13",
                pivot_table_range="Other!D4:K30",
                name="Pivot1",
                rows=[field(data="Month", default_subtotal=True), field(data="Year")],
                columns=[field(data="Type", default_subtotal=True)],
                data=[field(data="Sales", name="Summed", subtotal="Sum")],
                filter=[field(data="Region")],
                row_grand_totals=True,
                col_grand_totals=True,
                show_row_headers=True,
                pivot_table_style_name="PivotStyleLight16",
            )
        )
        file.add_slicer(
            "Other",
            excelize.SlicerOptions(
                name="Month", cell="M2", table_sheet="Other", table_name="Pivot1", caption="Month"
            ),
        )


@made("excelize-slicers.xlsx", PROGRAM, "tables", "table slicers")
def slicers(path: Path) -> None:
    with started(path) as file:
        file.add_table(
            "Sheet1", excelize.Table(range="A1:E13", name="Sold", style_name="TableStyleMedium2")
        )
        for index, name in enumerate(("Month", "Region")):
            file.add_slicer(
                "Sheet1",
                excelize.SlicerOptions(
                    name=name,
                    cell=f"G{2 + 14 * index}",
                    table_sheet="Sheet1",
                    table_name="Sold",
                    caption=name,
                ),
            )


@made("excelize-sparklines.xlsx", PROGRAM, "sparklines", "x14 data bars", "conditional formats")
def sparklines(path: Path) -> None:
    with started(path) as file:
        for kind, cell in (("line", "G2"), ("column", "G3"), ("win_loss", "G4")):
            file.add_sparkline(
                "Sheet1",
                excelize.SparklineOptions(
                    location=[cell], range=["Sheet1!D2:D13"], type=kind, markers=True, style=3
                ),
            )
        bar = excelize.ConditionalFormatOptions(
            type="data_bar",
            criteria="=",
            min_type="min",
            max_type="max",
            bar_color="#638EC6",
            bar_solid=True,
        )
        icons = excelize.ConditionalFormatOptions(type="icon_set", icon_style="3Stars")
        file.set_conditional_format("Sheet1", "D2:D13", [bar])
        file.set_conditional_format("Sheet1", "B2:B13", [icons])


@made("excelize-shapes.xlsx", PROGRAM, "shapes", "form controls", "comments", "images")
def shapes(path: Path) -> None:
    with started(path) as file:
        for kind, cell in (("rect", "G2"), ("star5", "G9"), ("cloudCallout", "G16")):
            file.add_shape(
                "Sheet1",
                excelize.Shape(
                    cell=cell,
                    type=kind,
                    width=120,
                    height=80,
                    paragraph=[excelize.RichTextRun(text=kind)],
                ),
            )
        control = excelize.FormControlType
        for index, kind in enumerate(
            (
                control.FormControlCheckBox,
                control.FormControlSpinButton,
                control.FormControlOptionButton,
            )
        ):
            file.add_form_control(
                "Other",
                excelize.FormControl(
                    cell=f"D{2 + 3 * index}",
                    type=kind,
                    text="choose",
                    checked=True,
                    cell_link="A9",
                    max_val=9,
                    width=120,
                    height=30,
                ),
            )
        runs = [excelize.RichTextRun(text="Ann: "), excelize.RichTextRun(text="checked")]
        file.add_comment("Sheet1", excelize.Comment(cell="B2", author="Ann", paragraph=runs))
        file.add_picture_from_bytes(
            "Sheet1",
            "L2",
            excelize.Picture(
                extension=".png", file=picture(), format=excelize.GraphicOptions(alt_text="blue")
            ),
        )


@made("excelize-macros.xlsm", PROGRAM, "macros", "form controls", "workbook protection")
def with_macros(path: Path) -> None:
    with started(path) as file:
        file.add_vba_project(macros())
        file.add_form_control(
            "Sheet1",
            excelize.FormControl(
                cell="G2",
                type=excelize.FormControlType.FormControlButton,
                macro="run_it",
                text="Press",
                width=90,
                height=30,
            ),
        )
        file.protect_workbook(
            excelize.WorkbookProtectionOptions(password="secret", lock_structure=True)
        )
        file.set_sheet_props("Sheet1", excelize.SheetPropsOptions(code_name="Sheet1"))


@made("excelize-text.xlsx", PROGRAM, "rich text", "data validation", "names", "custom properties")
def text(path: Path) -> None:
    with started(path) as file:
        bold = excelize.Font(bold=True, color="FF0000")
        runs = [excelize.RichTextRun(text="bold", font=bold), excelize.RichTextRun(text=" plain ")]
        file.set_cell_rich_text("Sheet1", "G1", runs)
        file.set_defined_name(
            excelize.DefinedName(
                name="Sold", refers_to="Sheet1!$D$2:$D$13", comment="all", scope=""
            )
        )
        file.set_cell_formula("Other", "B2", "AVERAGE(Sold)")
        check = excelize.DataValidation(
            sqref="E2:E13",
            type="list",
            formula1='"East,West"',
            allow_blank=True,
            show_error_message=True,
            error_title="No",
            error="East or West",
        )
        file.add_data_validation("Sheet1", check)
        file.set_custom_props(excelize.CustomProperty(name="Owner", value="Ann"))
        file.set_cell_hyperlink("Sheet1", "G2", "https://example.com", "External")
        file.add_ignored_errors(
            "Sheet1", "G1:G9", excelize.IgnoredErrorsType.IgnoredErrorsNumberStoredAsText
        )


@made("excelize-layout.xlsx", PROGRAM, "outline", "merged cells", "background picture", "headers")
def layout(path: Path) -> None:
    with started(path) as file:
        file.merge_cell("Sheet1", "G1", "H2")
        file.set_row_outline_level("Sheet1", 3, 1)
        file.set_col_outline_level("Sheet1", "C", 2)
        file.set_col_width("Sheet1", "A", "B", 17.5)
        file.set_row_height("Sheet1", 2, 30)
        file.set_sheet_background_from_bytes("Other", ".png", picture(color=(240, 240, 255)))
        file.set_header_footer(
            "Sheet1",
            excelize.HeaderFooterOptions(odd_header='&C&"Arial,Bold"Sales', odd_footer="&P/&N"),
        )
        file.protect_sheet(
            "Other", excelize.SheetProtectionOptions(password="secret", edit_scenarios=False)
        )
        file.set_panes(
            "Sheet1",
            excelize.Panes(freeze=True, y_split=1, top_left_cell="A2", active_pane="bottomLeft"),
        )
        file.new_sheet("Deep")
        file.set_sheet_visible("Deep", False, True)
        style = file.new_style(excelize.Style(font=excelize.Font(bold=True, size=14), num_fmt=4))
        file.set_cell_style("Sheet1", "D2", "D13", style)
        file.auto_filter(
            "Sheet1", "A1:E13", [excelize.AutoFilterOptions(column="D", expression="x > 110")]
        )
