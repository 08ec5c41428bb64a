"""How reports look: title, key figures, tables with totals, borders, print set-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from openpyxl.cell.cell import Cell
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import check_sheet_name, style_header
from service.operations.table_making import make_table
from service.workbook import entering
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.cells import Scalar
from service.workbook.chart_shapes import (
    ChartSpec,
    ChartType,
    SeriesSpec,
    build_chart,
    chart_font,
    usual_legend,
)
from service.workbook.house import ISO_DAY, House
from service.workbook.texts import cut

ROW_HEIGHT = 18
DATE = ISO_DAY
COUNT = "#,##0"
SHARE = "0.0%"
GRAY = "646464"
_LINE = Side("thin", color="D9D9D9")
_A4 = "9"


@dataclass(frozen=True)
class Figure:
    """A key figure: its label, formula and number format."""

    label: str
    formula: str
    number_format: str


@dataclass(frozen=True)
class Column:
    """A column of a summary table: header, width in characters and number format."""

    header: str
    number_format: str = "General"


def free_sheet_name(book: Book, name: str, more: Sequence[str] = ()) -> str:
    """``name``, or "name (2)" and so on where the workbook has such a sheet."""
    taken = {title.lower() for title in [*book.sheet_names, *more]}
    title, number = name, 2
    while title.lower() in taken:
        ending = f" ({number})"
        title, number = cut(name, 31 - len(ending)) + ending, number + 1
    return check_sheet_name(title, [*book.sheet_names, *more])


def free_table_name(book: Book, name: str) -> str:
    """``name``, or "name2" and so on: tables and names share one space in a workbook."""
    taken = {table.lower() for sheet in book.xl.worksheets for table in sheet.tables}
    taken |= {defined.lower() for defined in book.xl.defined_names}
    candidate, number = name, 2
    while candidate.lower() in taken:
        candidate, number = f"{name}{number}", number + 1
    return candidate


def put(sheet: Worksheet, row: int, column: int, value: Scalar, number_format: str = "") -> Cell:
    """Write a JSON value or a formula and give its cell a number format."""
    cell = sheet.cell(row, column)
    entering.put(cell, value)
    if number_format:
        cell.number_format = number_format
    return cell


def write_title(sheet: Worksheet, column: int, title: str, house: House) -> None:
    """The title, on row 2."""
    sheet.row_dimensions[1].height = 9
    sheet.row_dimensions[2].height = 30
    cell = put(sheet, 2, column, f"'{title}")
    cell.font = Font(name=house.font, size=20, bold=True, color=house.main)
    cell.alignment = Alignment(vertical="center")


def write_small(
    sheet: Worksheet, row: int, column: int, value: Scalar, house: House, number_format: str = ""
) -> Cell:
    """A remark in small gray print."""
    cell = put(sheet, row, column, value, number_format)
    cell.font = Font(name=house.font, size=10, color=GRAY)
    cell.alignment = Alignment(horizontal="left")
    return cell


def write_figures(
    sheet: Worksheet,
    row: int,
    areas: Sequence[tuple[int, int]],
    figures: Sequence[Figure],
    house: House,
) -> None:
    """Key figures side by side: the label in small print, the figure large below it.

    :param areas: first and last column of each
    """
    sheet.row_dimensions[row].height = 20
    sheet.row_dimensions[row + 1].height = 30
    # In the plain style only lines set the figures apart.
    fill = PatternFill("solid", fgColor=house.light) if house.name != "plain" else PatternFill()
    strong, gap = Side("medium", color=house.main), Side("thick", color="FFFFFF")
    for (first, last), figure in zip(areas, figures, strict=False):
        for r in (row, row + 1):
            for c in range(first, last + 1):
                cell = sheet.cell(r, c)
                cell.fill = fill
                left = gap if c == first and first > areas[0][0] else None
                cell.border = Border(
                    left=left, top=strong if r == row else None, bottom=_LINE if r > row else None
                )
            if last > first:
                sheet.merge_cells(start_row=r, start_column=first, end_row=r, end_column=last)
        label = put(sheet, row, first, f"'{figure.label}")
        label.font = Font(name=house.font, size=9, color=GRAY)
        label.alignment = Alignment(horizontal="left", vertical="center", indent=1)
        value = put(sheet, row + 1, first, figure.formula, figure.number_format)
        value.font = Font(name=house.font, size=16, bold=True, color=house.dark)
        value.alignment = Alignment(
            horizontal="left", vertical="center", indent=1, shrink_to_fit=True
        )


def write_heading(
    sheet: Worksheet, row: int, columns: tuple[int, int], text: str, house: House
) -> None:
    """The heading of a section, with a line under it."""
    sheet.row_dimensions[row].height = 22
    for column in range(columns[0], columns[1] + 1):
        sheet.cell(row, column).border = Border(bottom=Side("thin", color=house.main))
    cell = put(sheet, row, columns[0], f"'{text}")
    cell.font = Font(name=house.font, size=13, bold=True, color=house.main)
    cell.alignment = Alignment(vertical="center")


def write_summary_table(
    sheet: Worksheet,
    place: tuple[int, int],
    columns: Sequence[Column],
    rows: list[list[Scalar]],
    house: House,
) -> Area:
    """A table with a header row and, as the last of ``rows``, its totals; returns all of it."""
    row, column = place
    area = Area(row, column, row + len(rows), column + len(columns) - 1)
    for c, item in enumerate(columns):
        put(sheet, row, column + c, f"'{item.header}")
    style_header(sheet, area.top(1), house)
    for c in range(len(columns)):
        sheet.cell(row, column + c).alignment = _aligned(c)
    for r, values in enumerate(rows, start=row + 1):
        total = r == area.last_row
        for c, (item, value) in enumerate(zip(columns, values, strict=True)):
            cell = put(sheet, r, column + c, value, item.number_format if c else "")
            _dress(cell, house, total=total)
            cell.alignment = _aligned(c)
    return area


def _aligned(column: int) -> Alignment:
    """Labels on the left, figures on the right, neither touching the edge."""
    return Alignment(horizontal="right" if column else "left", vertical="center", indent=1)


def _dress(cell: Cell, house: House, *, total: bool) -> None:
    cell.font = Font(name=house.font, size=11, bold=total)
    cell.border = Border(bottom=_LINE)
    if total:
        cell.fill = house.total_fill
        cell.border = Border(
            top=Side("thin", color=house.dark), bottom=Side("thin", color=house.dark)
        )


def add_table(
    sheet: Worksheet, area: Area, name: str, headers: Sequence[str], house: House
) -> None:
    """Make a written area a native table; its header keeps the look of the house."""
    make_table(sheet, area, name, headers, house)
    _dress_body(sheet, area.below(1))


def _dress_body(sheet: Worksheet, area: Area) -> None:
    """A line under each row, and dates on the left."""
    # Looking a style up costs more than writing the cell: once for each kind of cell.
    known: dict[tuple[object, bool], StyleArray] = {}
    for row in sheet.iter_rows(**area.bounds):
        for cell in row:
            kind = (tuple(cell._style or ()), cell.is_date)
            if kind not in known:
                cell.border = Border(bottom=_LINE)
                cell.alignment = Alignment("left" if cell.is_date else None, "center")
                known[kind] = copy(cell._style)
            cell._style = copy(known[kind])


def set_up_page(
    sheet: Worksheet, house: House, *, landscape: bool, repeat: int = 0, one_page: bool = False
) -> None:
    """A4, fitted to the width of a page (or to one page), numbered; ``repeat`` is a header row."""
    page = sheet.page_setup
    page.orientation = "landscape" if landscape else "portrait"
    page.paperSize = _A4
    page.fitToWidth, page.fitToHeight = 1, int(one_page)
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom = 0.6, 0.7
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.left.text = "&A"
    sheet.oddFooter.right.text = "&P / &N"
    for part in (sheet.oddFooter.left, sheet.oddFooter.right):
        part.size, part.color = 9, GRAY
    sheet.sheet_properties.tabColor = house.main
    if repeat:
        sheet.print_title_rows = f"{repeat}:{repeat}"


def align_headers(sheet: Worksheet, area: Area) -> None:
    """Headers over numbers stand on the right, as the numbers do."""
    for header in next(sheet.iter_rows(**area.top(1).bounds)):
        below = sheet.cell(area.first_row + 1, header.column)
        if below.data_type in ("n", "f") and not below.is_date and below.value is not None:
            header.alignment = Alignment(horizontal="right", vertical="center")


def label_width(labels: Iterable[Scalar]) -> float:
    """The width of a column of labels: wide enough for nearly all of them."""
    longest = max((len(str(label)) for label in labels), default=0)
    return min(max(longest * 1.1 + 4, 24), 44)


def set_grid(sheet: Worksheet, widths: Sequence[float]) -> None:
    """No grid lines, airy rows, and the widths of the columns from A on in characters."""
    sheet.sheet_view.showGridLines = False
    sheet.sheet_format.defaultRowHeight = ROW_HEIGHT
    sheet.sheet_format.customHeight = True
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


@dataclass(frozen=True)
class Drawing:
    """A chart of one column of a summary table.

    :param columns: columns of labels and of values
    :param place: the cells that it covers
    :param more: columns of further series, which are named by their headers
    :param header: the row that names the series, 0 for the one above
    :param from_zero: whether the axis starts at zero, as bars must where no value is less
    """

    kind: ChartType
    title: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    place: Area
    from_zero: bool = True
    more: tuple[int, ...] = ()
    header: int = 0


def draw(sheet: Worksheet, drawing: Drawing, house: House) -> None:
    """Put a chart on the sheet."""
    first, last = drawing.rows
    labels, values = drawing.columns
    head = sheet.cell(first, labels)
    header = drawing.header or first - 1
    spec = ChartSpec(
        kind=drawing.kind,
        title=drawing.title,
        series=tuple(
            SeriesSpec(
                drawing.title,
                _absolute(sheet, column, header, header),
                _absolute(sheet, column, first, last),
            )
            for column in (values, *drawing.more)
        ),
        categories=_absolute(sheet, labels, first, last),
        category_format=str(head.number_format) if is_date_format(head.number_format) else "",
        number_format=str(sheet.cell(first, values).number_format),
        label_format="0%" if drawing.kind == "pie" else "",
        points=last - first + 1,
        accents=house.accents,
        font=chart_font(house),
        gridlines=house.gridlines is not False,
        legend=usual_legend(drawing.kind, several=bool(drawing.more), wish=house.legend),
        labels=drawing.kind == "pie",
    )
    chart = build_chart(spec)
    chart.anchor = _over(drawing.place)
    if drawing.from_zero and drawing.kind != "pie":
        chart.y_axis.scaling.min = 0
    sheet.add_chart(chart)


def _over(place: Area) -> TwoCellAnchor:
    """An anchor that covers these cells, however wide their font makes them."""
    first = AnchorMarker(col=place.first_column - 1, row=place.first_row - 1)
    last = AnchorMarker(col=place.last_column, row=place.last_row)
    return TwoCellAnchor(editAs="oneCell", _from=first, to=last)


def _absolute(sheet: Worksheet, column: int, first: int, last: int) -> str:
    letter = get_column_letter(column)
    name = f"{quote_sheetname(sheet.title)}!${letter}${first}"
    return name if first == last else f"{name}:${letter}${last}"
