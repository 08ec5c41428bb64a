"""Charts: put one on a sheet, beside its data."""

from __future__ import annotations

import itertools

from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service.errors import InvalidParameters, InvalidRange, InvalidValue
from service.operations.chart_data import ChartData, Wanted, chart_data
from service.operations.context import Context
from service.operations.registry import Answer, Options, operation
from service.workbook.areas import MAX_COLUMN, Area, parse_cell, split_sheet
from service.workbook.book import Book
from service.workbook.chart_shapes import (
    ChartSpec,
    ChartType,
    LegendPlace,
    SeriesSpec,
    build_chart,
    chart_font,
    usual_legend,
)
from service.workbook.geometry import EMU_PER_CM, Size, anchor_at, area_under, drawn_areas
from service.workbook.house import STYLE_NAMES, House, house
from service.workbook.occupancy import is_empty, used_area

# In centimetres: the usual size; of a bar chart what surrounds the bars, one bar, the most.
WIDTH, HEIGHT = 16.0, 8.5
_FRAME, _BAR, _TALLEST = 2.5, 0.45, 24.0
_LEAST_CM, _MOST_CM = 3, 60
_MOST_TITLE = 255
_MANY_SLICES = 12


class ChartOptions(Options):
    """Extras of create_excel_chart."""

    x_title: str = Field(default="", description="title of the category axis (x of scatter)")
    y_title: str = Field(default="", description="title of the value axis")
    legend: LegendPlace | None = Field(
        default=None, description="left out: bottom for several series, right for a pie"
    )
    stacked: bool | None = Field(default=None, description="left out: only several areas are")
    data_labels: bool | None = Field(default=None, description="left out: only on a pie")
    series: list[str] = Field(default=[], description="headers or column letters to draw")
    categories: str = Field(default="", description="header or letter of the category column")
    width_cm: float = Field(default=WIDTH, description="of the whole chart")
    height_cm: float | None = Field(default=None, description="left out: 8.5, more for many bars")


@operation(
    effect="change",
    doing="Adding a {chart_type} chart",
    example={"chart_type": "pie", "data_range": "A1:B3", "title": "Costs"},
    styled=True,
)
def create_excel_chart(
    ctx: Context,
    sheet: str = "",
    chart_type: ChartType = "column",
    data_range: str = "",
    title: str = "",
    position: str = "",
    options: ChartOptions = ChartOptions(),  # noqa: B008
) -> Answer:
    """Add a chart beside the data. The first column gives the categories, the rest the series.

    :param sheet: sheet to put it on; leave out where there is only one
    :param chart_type: kind of chart
    :param data_range: with the header row: "A1:C10", or "A1:A10,C1:C10" for columns apart;
        leave out for the sheet's data without its row of totals
    :param title: title of the chart; leave out for the name of a single series
    :param position: cell of its upper left corner; leave out for a free place beside the data
    :param options: extras, such as {"series": ["Sales"], "stacked": true, "y_title": "Euro"}
    """
    _check(title, options)
    _refuse_idle(chart_type, options)
    named, _ = split_sheet(data_range)
    data = chart_data(
        ctx.book,
        "" if named else sheet,
        Wanted(chart_type, data_range, options.series, options.categories),
    )
    target = ctx.book.sheet(sheet) if sheet else data.sheet
    spec = _spec(data, chart_type, title, options, ctx.house(_style_of(ctx.book, data)))
    chart = build_chart(spec)
    size = _size(spec, options)
    area, notes = _place(target, position, size)
    with ctx.book.changing():
        chart.anchor = anchor_at(area.first_row, area.first_column, size)
        target.add_chart(chart)
    result = _told(data, spec, area)
    if data.notes or notes:
        result["notes"] = [*data.notes, *notes]
    return Answer(result, sheet=target.title)


def _check(title: str, options: ChartOptions) -> None:
    texts = {"title": title, "x_title": options.x_title, "y_title": options.y_title}
    for name, text in texts.items():
        if len(text) > _MOST_TITLE or not text.isprintable():
            raise InvalidValue(
                f"{name} has {len(text)} characters or holds some that don't print; "
                f"at most {_MOST_TITLE} on one line.",
                "Use a short title.",
            )
    for name, value in (("width_cm", options.width_cm), ("height_cm", options.height_cm)):
        if value is not None and not _LEAST_CM <= value <= _MOST_CM:
            raise InvalidParameters(
                f"options.{name} is {value}; it goes from {_LEAST_CM} to {_MOST_CM}.",
                f"Leave it out for {WIDTH:g} x {HEIGHT:g} cm.",
            )


def _refuse_idle(kind: ChartType, options: ChartOptions) -> None:
    """Refuse options that would not show in a chart of that kind."""
    titled = "titles an axis, and a pie has none"
    stacks = "puts several columns, bars, lines or areas on top of each other"
    idle = {}
    if kind == "pie":
        idle = {"x_title": titled, "y_title": titled, "stacked": stacks}
    if kind == "scatter":
        idle = {"stacked": stacks}
    for name, use in idle.items():
        if getattr(options, name):
            raise InvalidParameters(
                f"options.{name} has no effect on a {kind} chart: it {use}.",
                f"Leave {name} out, or choose another chart_type.",
            )


# Place ------------------------------------------------------------------------


def _size(spec: ChartSpec, options: ChartOptions) -> Size:
    """Charts are alike in size; bars lie one under the other and grow with their number."""
    height = options.height_cm
    if height is None:
        lines = spec.points * (1 if spec.stacked else len(spec.series))
        needed = _FRAME + lines * _BAR if spec.kind == "bar" else HEIGHT
        height = min(max(needed, HEIGHT), _TALLEST)
    return Size(round(options.width_cm * EMU_PER_CM), round(height * EMU_PER_CM))


def _place(sheet: Worksheet, position: str, size: Size) -> tuple[Area, list[str]]:
    """The cells that the chart will cover, and what they cover."""
    if not position.strip():
        return _free_place(sheet, size), []
    named, cell = split_sheet(position)
    if named and named.lower() != sheet.title.lower():
        raise InvalidRange(
            f'position names the sheet "{named}", but the chart goes onto "{sheet.title}".',
            "Name the sheet with the parameter sheet.",
        )
    area = area_under(sheet, *parse_cell(cell), size)
    return area, _covered(sheet, area)


def _covered(sheet: Worksheet, area: Area) -> list[str]:
    places = itertools.product(
        range(area.first_row, area.last_row + 1), range(area.first_column, area.last_column + 1)
    )
    found = (sheet._cells.get(place) for place in places)
    filled = sum(cell is not None and cell.value is not None for cell in found)
    notes = [f"The chart covers {filled} filled cells ({area})."] if filled else []
    if any(area.overlaps(other) for other in drawn_areas(sheet)):
        notes.append("The chart covers another chart or picture.")
    return notes


def _free_place(sheet: Worksheet, size: Size) -> Area:
    """Right of all that is filled, from row 2 on, under charts and pictures that are there."""
    used = used_area(sheet)
    row, column = 2, 2 if is_empty(sheet) else used.last_column + 2
    if column > MAX_COLUMN - 100:  # no room on the right
        row, column = used.last_row + 2, 1
    taken = drawn_areas(sheet)
    area = area_under(sheet, row, column, size)
    while blocking := [other for other in taken if other.overlaps(area)]:
        row = max(other.last_row for other in blocking) + 2
        area = area_under(sheet, row, column, size)
    return area


# What it shows ----------------------------------------------------------------


def _spec(
    data: ChartData, kind: ChartType, title: str, options: ChartOptions, house: House
) -> ChartSpec:
    several = len(data.series) > 1
    names = [column.name for column in data.series]
    categories = data.categories
    scatter = kind == "scatter"
    stacked = options.stacked
    if stacked is None and kind == "area" and several:
        stacked = True
        data.notes.append("The areas are stacked, so that none hides another.")
    points = data.series[0].body.rows
    if kind == "pie" and points > _MANY_SLICES:
        data.notes.append(f"{points} slices are hard to tell apart; a bar chart shows them better.")
    numeric = categories is not None and categories.kind in ("number", "date")
    return ChartSpec(
        kind=kind,
        title=title.strip() or ("" if several else names[0]),
        series=tuple(SeriesSpec(c.name, c.name_reference, c.values) for c in data.series),
        categories=categories.values if categories else "",
        category_format=categories.number_format if categories and numeric else "",
        number_format=data.series[0].number_format,
        label_format=_label_format(kind, data),
        points=points,
        accents=house.accents,
        font=chart_font(house),
        gridlines=house.gridlines is not False,
        x_title=options.x_title or (categories.name if scatter and categories else ""),
        y_title=options.y_title or (names[0] if scatter and not several else ""),
        legend=options.legend or usual_legend(kind, several=several, wish=house.legend),
        stacked=bool(stacked),
        labels=kind == "pie" if options.data_labels is None else options.data_labels,
    )


def _label_format(kind: ChartType, data: ChartData) -> str:
    """The number format of data labels where that of the cells won't do, else ""."""
    if kind == "pie":
        return "0%"
    bare = any(c.number_format == "General" and not c.whole for c in data.series)
    return "#,##0.00" if bare else ""  # the cells may show fifteen digits


def _style_of(book: Book, data: ChartData) -> str:
    """The house style whose colour the data's header row has, "" where there is none."""
    first = data.series[0].body
    header = book.cell(data.sheet, first.first_row - 1, first.first_column)
    if header is not None and header.fill.fill_type == "solid":
        color = str(header.fill.fgColor.rgb)[-6:]
        for name in STYLE_NAMES:
            if house(name).main == color:
                return name
    return ""


def _told(data: ChartData, spec: ChartSpec, area: Area) -> dict[str, object]:
    chart: dict[str, object] = {
        "type": spec.kind,
        "title": spec.title,
        "at": str(area.top(1).column(0)),
        "series": [{"name": item.name, "values": item.values} for item in spec.series],
    }
    if spec.categories:
        chart["categories"] = spec.categories
    return {"chart": chart}
