"""A chart made of the data that was found, in the look of the house."""

from __future__ import annotations

from typing import Any, cast

from service.errors import InvalidParameters, listed
from service.operations.chart_columns import ChartData, Column
from service.operations.chart_data import named
from service.operations.chart_options import NEW, ChartOptions
from service.workbook.book import Book
from service.workbook.chart_caches import book_cells, refresh
from service.workbook.chart_shapes import (
    ROUND,
    XY,
    ChartSpec,
    ChartType,
    SeriesSpec,
    build_chart,
    chart_font,
    usual_legend,
)
from service.workbook.house import STYLE_NAMES, House, house
from service.workbook.new_chart_xml import TREES, NewSeries, NewSpec, build_new_chart
from service.workbook.new_charts import NewChart, NewType
from service.workbook.package.opc import serialized

_MANY_SLICES = 12


def style_of(book: Book, data: ChartData) -> str:
    """The house style whose colour the data's header row has, "" where there is none."""
    first = data.series[0].body
    header = book.cell(data.sheet, first.first_row - 1, first.first_column)
    if header is not None and header.fill.fill_type == "solid":
        color = str(header.fill.fgColor.rgb)[-6:]
        for name in STYLE_NAMES:
            if house(name).main == color:
                return name
    return ""


def built(
    book: Book, data: ChartData, kind: str, title: str, options: ChartOptions, look: House
) -> Any:
    """The chart, without what the options say about its details."""
    if kind in NEW:
        return _new_chart(book, _new_spec(data, kind, title, options, look))
    return build_chart(spec_of(data, kind, title, options, look))


def title_of(data: ChartData, title: str) -> str:
    """The title that was asked for, else the name of a single series."""
    return title.strip() or ("" if len(data.series) > 1 else data.series[0].name)


def spec_of(
    data: ChartData, kind: str, title: str, options: ChartOptions, look: House
) -> ChartSpec:
    """What a chart of the kinds that the editor knows shows."""
    several = len(data.series) > 1
    categories = data.categories
    stacked = options.stacked
    if stacked is None and kind == "area" and several:
        stacked = True
        data.notes.append("The areas are stacked, so that none hides another.")
    points = data.series[0].body.cells
    if kind in ROUND and points > _MANY_SLICES:
        data.notes.append(f"{points} slices are hard to tell apart; a bar chart shows them better.")
    numeric = categories is not None and categories.kind in ("number", "date")
    titled = kind in XY
    return ChartSpec(
        kind=cast(ChartType, kind),
        title=title_of(data, title),
        series=_series(data, kind, options),
        categories=categories.values if categories else "",
        category_format=categories.number_format if categories and numeric else "",
        number_format=data.series[0].number_format,
        label_format="0%" if kind in ROUND else "",
        points=points,
        accents=look.accents,
        font=chart_font(look),
        gridlines=look.gridlines is not False,
        x_title=options.x_title or (categories.name if titled and categories else ""),
        y_title=options.y_title or (data.series[0].name if titled and not several else ""),
        legend=options.legend
        or usual_legend(cast(ChartType, kind), several=several, wish=look.legend),
        stacked=stacked or False,
        labels=kind in ROUND if options.data_labels is None else bool(options.data_labels),
        second_axis=options.second_axis is not False,
    )


def _series(data: ChartData, kind: str, options: ChartOptions) -> tuple[SeriesSpec, ...]:
    lines: list[Column] = []
    if kind == "combo":
        lines = [named(data.series, name, "lines") for name in options.lines]
        lines = lines or data.series[-1:]
        if len(lines) == len(data.series):
            raise InvalidParameters(
                f"options.lines names all series: {listed([c.name for c in lines])}.",
                "Leave one of them to be drawn as columns, or draw a line chart.",
            )
    sizes = [column.values for column in data.roles.sizes] or [""] * len(data.series)
    return tuple(
        SeriesSpec(
            column.name,
            column.name_reference,
            column.values,
            size,
            column in lines,
            _label_format(kind, column),
        )
        for column, size in zip(data.series, sizes, strict=True)
    )


def _label_format(kind: str, column: Column) -> str:
    """The number format of data labels where that of the cells won't do, else ""."""
    bare = column.number_format == "General" and not column.whole and kind not in ROUND
    return "#,##0.00" if bare else ""  # the cells may show fifteen digits


# Kinds that came with Excel 2016 ---------------------------------------------------


def _new_spec(
    data: ChartData, kind: str, title: str, options: ChartOptions, look: House
) -> NewSpec:
    levels = data.roles.levels
    several = len(data.series) > 1
    shown = kind == "waterfall" or several
    usual = (look.legend or "bottom") if shown else "none"
    return NewSpec(
        kind=cast(NewType, kind),
        title=title_of(data, title),
        series=tuple(NewSeries(c.name, c.name_reference, c.values) for c in data.series),
        categories=_joined(levels) if kind in TREES else _reference(data.categories),
        levels=max(len(levels), 1) if kind in TREES else 1,
        number_format=data.series[0].number_format,
        accents=look.accents,
        legend=options.legend or usual,
        gridlines=look.gridlines is not False,
        font=chart_font(look),
    )


def _reference(column: Column | None) -> str:
    return "" if column is None else column.values


def _joined(levels: list[Column]) -> str:
    """One reference for columns that stand side by side."""
    if not levels:
        return ""
    first, last = levels[0].values, levels[-1].values
    return first if len(levels) == 1 else f"{first.split(':')[0]}:{last.split(':')[1]}"


def _new_chart(book: Book, spec: NewSpec) -> NewChart:
    tree = build_new_chart(spec)
    refresh(tree, book_cells(book.xl, book.values))
    return NewChart(serialized(tree))


def totals_of(book: Book, data: ChartData, options: ChartOptions) -> tuple[int, ...]:
    """The numbers of the points of a waterfall that are totals.

    :raises InvalidParameters: if there is no such category
    """
    if not options.totals:
        return ()
    body = (data.categories or data.series[0]).body
    texts = []
    for row in range(body.first_row, body.last_row + 1):
        for column in range(body.first_column, body.last_column + 1):
            cell = book.cell(data.sheet, row, column)
            value = None if cell is None else book.value(cell)
            texts.append("" if value is None else str(value).strip().lower())
    return tuple(sorted({_point(texts, name) for name in options.totals}))


def _point(texts: list[str], name: str) -> int:
    if name.strip().lower() in texts:
        return texts.index(name.strip().lower())
    raise InvalidParameters(
        f'options.totals: no category "{name[:60]}". Categories: {listed(texts, 20)}.',
        "Use the texts of the category column.",
    )
