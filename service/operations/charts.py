"""Charts: put one beside its data; list, change and delete those that are there."""

from __future__ import annotations

from typing import Any, Literal

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters
from service.operations import chart_changes, sparklines
from service.operations.chart_building import built, style_of, title_of, totals_of
from service.operations.chart_columns import ChartData
from service.operations.chart_data import chart_data
from service.operations.chart_details import apply, details, refuse_unusable
from service.operations.chart_existing import charts_of, told
from service.operations.chart_options import (
    NEW,
    SPARK,
    AnyType,
    ChartOptions,
    check,
    given,
    refuse_idle,
)
from service.operations.chart_places import place, usual_size
from service.operations.context import Context
from service.operations.layout import check_sheet_name
from service.operations.new_chart_details import apply_new, refuse_unusable_new
from service.operations.registry import Answer, operation
from service.workbook.areas import split_sheet
from service.workbook.book import Book
from service.workbook.chart_shapes import chart_font, give_font
from service.workbook.geometry import anchor_at, whole_sheet

Action = Literal["add", "list", "change", "delete"]


@operation(
    effect="change",
    doing="Changing charts of {where}",
    example={"chart_type": "pie", "data_range": "A1:B3", "title": "Costs"},
    styled=True,
    small="workbook sheet chart_type data_range title action options",
)
def create_excel_chart(
    ctx: Context,
    sheet: str = "",
    chart_type: AnyType = "",
    data_range: str = "",
    title: str = "",
    position: str = "",
    action: Action = "add",
    options: ChartOptions = ChartOptions(),  # noqa: B008
) -> Answer:
    """Add a chart or sparklines beside the data; list, change or delete charts.

    The first column of the data gives the categories, the rest the series (or its rows do).

    :param sheet: leave out if there is one
    :param chart_type: column if left out
    :param data_range: with the header row: "A1:C10", "A1:A10,C1:C10", or a table's name; left
        out: the sheet's data
    :param title: left out: the name of a single series
    :param position: its upper left cell, cells of sparklines; left out: a free place
    :param action: change and delete take options.chart; change keeps what is not named
    :param options: extras, such as {"series": ["Sales"], "stacked": true, "y_title": "Euro"}.
    """
    if action == "list":
        return _list(ctx.book, sheet)
    check(title, options)
    asked = chart_changes.Asked(sheet, chart_type, data_range, title, position, options)
    if chart_type in SPARK:
        return _sparklines(ctx.book, action, asked)
    if action == "delete":
        return chart_changes.delete(ctx.book, asked)
    if action == "change":
        return chart_changes.change(ctx, asked)
    return _add(ctx, asked)


def _list(book: Book, sheet: str) -> Answer:
    title = book.sheet(sheet).title if sheet and sheet not in book.xl.sheetnames else sheet
    charts = [told(book, item) for item in charts_of(book) if title in ("", item.sheet.title)]
    result: dict[str, Any] = {"charts": charts}
    found = sparklines.listing(book, title)
    if found:
        result["sparklines"] = found
    return Answer(result, sheet=title, changed=False)


def _sparklines(book: Book, action: Action, asked: chart_changes.Asked) -> Answer:
    if action == "add":
        refuse_idle(asked.kind, asked.options)
        return sparklines.add(book, asked)
    if action == "delete":
        return sparklines.delete(book, asked)
    raise InvalidParameters(
        "Sparklines can't be changed, only added and deleted.",
        "Add them anew with the same position: that replaces those that are there.",
    )


# Adding -----------------------------------------------------------------------


def _add(ctx: Context, asked: chart_changes.Asked) -> Answer:
    kind, options = asked.kind or "column", asked.options
    if options.chart:
        raise InvalidParameters(
            f'options.chart names the chart "{options.chart[:60]}", and add makes a new one.',
            "Leave chart out, or use the action change or delete.",
        )
    refuse_idle(kind, options)
    wanted = details(kind, options)
    named, _ = split_sheet(asked.data_range)
    with ctx.as_seen():
        data = chart_data(
            ctx.book,
            "" if named else asked.sheet,
            chart_changes.wanted_cells(kind, asked),
        )
        totals = totals_of(ctx.book, data, options)
        look = ctx.house(style_of(ctx.book, data))
        chart = built(ctx.book, data, kind, asked.title, options, look)
    if kind in NEW:
        tree = chart.tree
        refuse_unusable_new(tree, wanted)
        apply_new(tree, wanted, totals)
        chart.replace(tree)
    else:
        refuse_unusable(chart, wanted)
        apply(chart, wanted)
        if chart_font(look):
            give_font(chart, chart_font(look))  # also what the options brought
    chart.frame_name = chart_changes.free_name(ctx.book, options.name)
    if options.own_sheet:
        return _on_own_sheet(ctx.book, chart, asked, data)
    return _beside(ctx.book, chart, asked, data)


def _beside(book: Book, chart: Any, asked: chart_changes.Asked, data: ChartData) -> Answer:
    options = asked.options
    target: Worksheet = book.sheet(asked.sheet) if asked.sheet else data.sheet
    size = usual_size(_bars(asked, data), options.width_cm, options.height_cm)
    area, notes = place(target, asked.position, size)
    with book.changing(values_stay=True):
        chart.anchor = anchor_at(area.first_row, area.first_column, size)
        target.add_chart(chart, chart.anchor)
    return _answer(chart, asked, data, target.title, str(area.top(1).column(0)), notes)


def _bars(asked: chart_changes.Asked, data: ChartData) -> int:
    """How many bars lie under each other."""
    if asked.kind != "bar":
        return 0
    return data.series[0].body.cells * (1 if asked.options.stacked else len(data.series))


def _on_own_sheet(book: Book, chart: Any, asked: chart_changes.Asked, data: ChartData) -> Answer:
    idle: list[str] = [name for name in ("width_cm", "height_cm") if name in given(asked.options)]
    if asked.position:
        idle.append("position")
    if idle:
        raise InvalidParameters(
            f"{idle[0]} has no effect on a chart that fills a sheet of its own (own_sheet).",
            f"Leave {idle[0]} or own_sheet out.",
        )
    title = check_sheet_name(asked.options.own_sheet, book.xl.sheetnames)
    with book.changing(values_stay=True):
        sheet = book.xl.create_chartsheet(title)
        sheet.add_chart(chart)
        chart.anchor = whole_sheet()
    return _answer(chart, asked, data, title, "whole sheet", [])


def _answer(
    chart: Any,
    asked: chart_changes.Asked,
    data: ChartData,
    sheet: str,
    at: str,
    notes: list[str],
) -> Answer:
    facts: dict[str, Any] = {
        "type": asked.kind or "column",
        "name": chart.frame_name,
        "title": title_of(data, asked.title),
        "at": at,
        "series": [{"name": item.name, "values": item.values} for item in data.series],
    }
    if data.categories:
        facts["categories"] = data.categories.values
    result: dict[str, Any] = {"chart": facts}
    if data.notes or notes:
        result["notes"] = [*data.notes, *notes]
    return Answer(result, sheet=sheet)
