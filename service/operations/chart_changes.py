"""Changing and deleting charts: those made here, and those of an opened file.

A chart of a file is changed where it is asked and keeps its look in everything else: the
editor's chart is changed, and only that difference goes into the chart's part at saving.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from service.errors import InvalidParameters, listed
from service.operations.chart_building import built, totals_of
from service.operations.chart_columns import ChartData, Wanted
from service.operations.chart_data import chart_data
from service.operations.chart_details import (
    Details,
    all_series,
    apply,
    details,
    refuse_unusable,
)
from service.operations.chart_existing import Found, charts_of, find, kind_of, series_of, told
from service.operations.chart_options import (
    CLASSIC,
    NEW,
    ChartOptions,
    given,
    refuse_idle,
)
from service.operations.chart_places import asked_place, covered
from service.operations.chart_rows import KINDS
from service.operations.chart_types import converted, refuse_conversion
from service.operations.context import Context
from service.operations.new_chart_details import apply_new, refuse_unusable_new, set_title
from service.operations.registry import Answer
from service.workbook.areas import split_sheet
from service.workbook.book import Book
from service.workbook.calculation.syntax import located
from service.workbook.chart_shapes import main_title
from service.workbook.geometry import EMU_PER_CM, Size, anchor_at, area_of, size_of
from service.workbook.new_charts import CX, NewChart
from service.workbook.references.changes import DeleteSheet
from service.workbook.structure import restructure

_X = f"{{{CX}}}"
_SOURCES = ("tx", "cat", "val", "xVal", "yVal", "bubbleSize")
# What is not a matter of details: where the chart is, what it shows, what it is called.
_BESIDE = {"chart", "name", "series", "series_in", "categories", "width_cm", "height_cm"}


@dataclass(frozen=True)
class Asked:
    """What a caller asked for; ``kind`` is "" where none was named."""

    sheet: str
    kind: str
    data_range: str
    title: str
    position: str
    options: ChartOptions


def wanted_cells(kind: str, asked: Asked) -> Wanted:
    """The cells that a caller asked for."""
    options = asked.options
    return Wanted(kind, asked.data_range, options.series, options.categories, options.series_in)


def free_name(book: Book, wanted: str, besides: object = None) -> str:
    """A name for a chart that no other has.

    :raises InvalidParameters: if the one that was asked for is taken
    """
    taken = [item.name.casefold() for item in charts_of(book) if item.chart is not besides]
    if wanted.strip():
        if wanted.strip().casefold() in taken:
            raise InvalidParameters(
                f'options.name: there is a chart "{wanted.strip()}" already.', "Use another name."
            )
        return wanted.strip()
    number = len(taken) + 1
    while f"chart {number}" in taken:
        number += 1
    return f"Chart {number}"


# Deleting ---------------------------------------------------------------------


def delete(book: Book, asked: Asked) -> Answer:
    """Delete a chart with the parts that only it has; a chart sheet goes with its chart."""
    refused = [n for n in ("data_range", "position") if getattr(asked, n)]
    refused += [name for name in given(asked.options) if name != "chart"]
    if refused:
        raise InvalidParameters(
            f"delete takes no {refused[0]}.", "Name the chart with options.chart alone."
        )
    found = find(book, asked.sheet, asked.options.chart or asked.title)
    facts = told(book, found)
    if found.on_own_sheet and len(found.sheet._charts) == 1:
        restructure(book, DeleteSheet(found.sheet.title))
    else:
        with book.changing(values_stay=True):
            _remove(book, found)
    left = len(charts_of(book))
    return Answer({"deleted": facts, "charts_left": left}, sheet=found.sheet.title)


def _remove(book: Book, found: Found) -> None:
    # By identity: two charts that look alike are equal to the editor.
    found.sheet._charts[:] = [item for item in found.sheet._charts if item is not found.chart]
    if isinstance(found.chart, NewChart):
        left = [item.chart for item in charts_of(book) if isinstance(item.chart, NewChart)]
        used = {formula for chart in left for formula in chart.formulas}
        # Excel hides names like _xlchart.v1.3 in a workbook, each for one such chart.
        for name in set(found.chart.formulas) - used:
            if name.startswith("_xlchart.") and name in book.xl.defined_names:
                del book.xl.defined_names[name]


# Changing ---------------------------------------------------------------------


def change(ctx: Context, asked: Asked) -> Answer:
    """Change what is asked of one chart; everything else of it stays."""
    book, options = ctx.book, asked.options
    found = find(book, asked.sheet, options.chart)
    now = kind_of(found.chart)
    kind = asked.kind or now
    _refuse_nothing(asked)
    _refuse_kind(found, now, kind)
    if options.own_sheet:
        raise InvalidParameters(
            "options.own_sheet has no effect on change: a chart stays on its sheet.",
            "Add it anew with own_sheet, and delete this one.",
        )
    refuse_idle(kind, options)
    wanted = details(kind, _as_it_is(found.chart, options))
    name = free_name(book, options.name, found.chart) if options.name else found.name
    with ctx.as_seen():
        data = _new_data(ctx, found, asked, kind)
        other = None if data is None else built(book, data, kind, "", options, ctx.house())
        totals = _totals(ctx, found, data, options)
    _refuse_unfit(found, kind, other, wanted)
    notes = [] if data is None else list(data.notes)
    move = _moved(found, asked, notes)
    with book.changing(values_stay=True):
        chart = found.chart
        if kind != now:
            chart = converted(chart, kind, ctx.house())
            place = next(i for i, item in enumerate(found.sheet._charts) if item is found.chart)
            found.sheet._charts[place] = chart
            notes.append(f"The {now} chart was drawn anew as a {kind} chart.")
        if isinstance(chart, NewChart):
            _change_new(chart, other, asked, wanted, totals)
        else:
            _change_usual(chart, other, asked, wanted)
        if options.name:
            chart.frame_name = name
        if move is not None:
            chart.anchor = move
    result: dict[str, Any] = {"chart": told(book, replace(found, chart=chart))}
    if notes:
        result["notes"] = notes
    return Answer(result, sheet=found.sheet.title)


def _refuse_nothing(asked: Asked) -> None:
    options = [name for name in given(asked.options) if name != "chart"]
    if not (options or asked.kind or asked.data_range or asked.title or asked.position):
        raise InvalidParameters(
            "change was asked, and nothing to change.",
            "Send title, position, data_range, chart_type or options such as y_max.",
        )


def _refuse_kind(found: Found, now: str, kind: str) -> None:
    if kind not in (*CLASSIC, *NEW):
        raise InvalidParameters(
            f"Chart {found.number} is a {now} chart; such charts can only be listed and deleted.",
            "Delete it, and add one of another chart_type.",
        )
    if kind != now:
        refuse_conversion(found.chart, now, kind)


def _as_it_is(chart: Any, options: ChartOptions) -> ChartOptions:
    """The options, with how the chart is stacked, which says where labels may stand."""
    groupings = [getattr(part, "grouping", "") for part in getattr(chart, "_charts", ())]
    stacked = any(item in ("stacked", "percentStacked") for item in groupings)
    if options.stacked is None and stacked and options.label_position:
        percent = "percentStacked" in groupings
        return options.model_copy(update={"stacked": "percent" if percent else True})
    return options


def _new_data(ctx: Context, found: Found, asked: Asked, kind: str) -> ChartData | None:
    """Other cells to show; None where it goes on showing the same."""
    options = asked.options
    if not (asked.data_range or options.series or options.categories or options.series_in):
        return None
    if not asked.data_range:
        raise InvalidParameters(
            "options.series, categories and series_in are about data_range, and none was sent.",
            "Send data_range together with them.",
        )
    named, _ = split_sheet(asked.data_range)
    home = "" if named or found.on_own_sheet else str(found.sheet.title)
    wanted = wanted_cells(kind, asked)
    if not wanted.series and wanted.series_in is None and kind in KINDS:
        wanted = replace(wanted, series_in=_direction(found))
    return chart_data(ctx.book, home, wanted)


def _direction(found: Found) -> Literal["columns", "rows"] | None:
    """Whether the chart's series are columns or rows; None where they can't be told apart."""
    first = next(series_of(found.chart), {}).get("values", "")
    place = located(first)
    if place is None or place[1].cells == 1:
        return None
    return "rows" if place[1].rows == 1 else "columns"


def _refuse_unfit(found: Found, kind: str, other: Any, wanted: Details) -> None:
    chart = found.chart
    if isinstance(chart, NewChart):
        refuse_unusable_new(chart.tree, wanted)
        shapes: list[object] = [] if other is None else [_shape(chart), _shape(other)]
    else:
        refuse_unusable(chart if other is None else other, wanted)
        fixed = kind in ("combo", "stock", "bubble") and other is not None
        shapes = [len(list(all_series(item))) for item in (chart, other)] if fixed else []
    if shapes and shapes[0] != shapes[1]:
        raise InvalidParameters(
            f"data_range has other series than chart {found.number} ({kind}); that can't be "
            "changed in a chart of this kind.",
            "Name as many columns as it shows, or delete it and add a new one.",
        )


def _shape(chart: NewChart) -> tuple[int, int]:
    """(series, levels of categories) of a chart of a new kind."""
    root = chart.tree
    levels = len(root.findall(f".//{_X}strDim/{_X}lvl"))
    data = len(root.findall(f".//{_X}data"))
    return data, levels // max(data, 1)


def _totals(
    ctx: Context, found: Found, data: ChartData | None, options: ChartOptions
) -> tuple[int, ...]:
    if not options.totals:
        return ()
    if data is not None:
        return totals_of(ctx.book, data, options)
    points = found.chart.tree.findall(f".//{_X}strDim/{_X}lvl/{_X}pt")
    texts = {(item.text or "").strip().lower(): int(item.get("idx", "0")) for item in points}
    missing = [name for name in options.totals if name.strip().lower() not in texts]
    if missing:
        raise InvalidParameters(
            f'options.totals: no category "{missing[0][:60]}". Categories: {listed(list(texts))}.',
            "Use the texts of the category column.",
        )
    return tuple(sorted({texts[name.strip().lower()] for name in options.totals}))


def _moved(found: Found, asked: Asked, notes: list[str]) -> Any:
    """Its new anchor, None where it stays."""
    options = asked.options
    if not (asked.position or options.width_cm or options.height_cm):
        return None
    if found.on_own_sheet:
        raise InvalidParameters(
            f"Chart {found.number} fills the chart sheet {found.sheet.title}: it has no position.",
            "Leave position, width_cm and height_cm out.",
        )
    known = size_of(found.sheet, found.chart)
    size = Size(
        round(options.width_cm * EMU_PER_CM) if options.width_cm else known.width,
        round(options.height_cm * EMU_PER_CM) if options.height_cm else known.height,
    )
    area = area_of(found.sheet, found.chart)
    if asked.position:
        area = asked_place(found.sheet, asked.position, size)
    notes += covered(found.sheet, area, found.chart)
    return anchor_at(area.first_row, area.first_column, size)


def _change_usual(chart: Any, other: Any, asked: Asked, wanted: Details) -> None:
    if other is not None:
        _show_other(chart, other)
    if asked.title:
        gone = asked.title.strip().lower() == "none"
        chart.title = None if gone else main_title(asked.title.strip())
    apply(chart, wanted)


def _show_other(chart: Any, other: Any) -> None:
    """Let the series show the cells of another chart's; more or fewer of them, too."""
    mine, theirs = list(all_series(chart)), list(all_series(other))
    for (_, series), (_, model) in zip(mine, theirs, strict=False):
        for name in _SOURCES:
            if getattr(model, name, None) is not None or name in ("tx", "cat"):
                setattr(series, name, getattr(model, name, None))
    part = mine[-1][0] if mine else chart
    gone = {id(series) for _, series in mine[len(theirs) :]}
    kept = [series for series in part.ser if id(series) not in gone]
    new = [series for _, series in theirs[len(mine) :]]
    if gone or new:
        part.ser = [*kept, *new]


def _change_new(
    chart: NewChart, other: Any, asked: Asked, wanted: Details, totals: tuple[int, ...]
) -> None:
    root = chart.tree
    if other is not None:
        source = other.tree
        (known,), (new,) = root.iter(f"{_X}chartData"), source.iter(f"{_X}chartData")
        root.replace(known, new)
        pairs = zip(root.iter(f"{_X}series"), source.iter(f"{_X}series"), strict=False)
        for mine, theirs in list(pairs):
            text, other_text = mine.find(f"{_X}tx"), theirs.find(f"{_X}tx")
            if text is not None and other_text is not None:
                mine.replace(text, other_text)
    if asked.title:
        set_title(root, "" if asked.title.strip().lower() == "none" else asked.title.strip())
    apply_new(root, wanted, totals)
    chart.replace(root)
