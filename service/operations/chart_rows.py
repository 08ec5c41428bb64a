"""Charts whose series are the rows of the data, as of tables with the months across."""

from __future__ import annotations

import re

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange
from service.operations.chart_columns import (
    ChartData,
    Column,
    Line,
    Wanted,
    line_of,
    value_notes,
)
from service.operations.chart_roles import SINGLE, assigned
from service.operations.layout import find_region
from service.workbook.areas import Area
from service.workbook.book import Book

KINDS = frozenset("column bar line area radar combo pie doughnut waterfall pareto funnel".split())
_MOST = 12
_FEWEST_TIMES = 3
_TIMES = re.compile(
    r"""
      (19|20)\d\d([-/.]\d{1,2}){0,2}                      # 2026, 2026-01, 2026-01-31
    | \d{1,2}[./]((19|20)\d\d|\d{1,2}[./](\d{2}|\d{4}))  # 01/2026, 31.01.2026
    | [QT]\s?[1-4]([ /'-]*\d{2,4})?                       # Q1, T1 2026
    | (W|KW|S|week|woche|semaine)\s?\d{1,2}
    | (jan|feb|f[ée]v|m[aä]r|mrz|a[pv]r|abr|mai|may|ju[nil]|aug|ao[uû]|sep|o[ck]t|nov|d[eé]c|dez)
      [a-zéûä]*\.?([ /'-]*\d{2,4})?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def runs_across(book: Book, sheet: Worksheet, columns: list[Column], wanted: Wanted) -> bool:
    """Whether the rows are the series.

    They are where that was asked for, where series are named that are rows, and where nobody
    said and there is a single row, or fewer rows than columns, which are periods.
    """
    if wanted.series_in is not None or wanted.kind not in KINDS:
        return wanted.series_in == "rows"
    if wanted.categories or len(columns) < _FEWEST_TIMES or not _side_by_side(columns):
        return False
    if wanted.series:
        return _are_rows(book, sheet, columns, wanted.series)
    first, *rest = columns
    if first.kind != "text" or any(c.kind not in ("number", "blank", "mixed") for c in rest):
        return False
    rows = first.body.rows
    if rows == 1:
        return len(rest) >= _FEWEST_TIMES
    times = all(c.head and _TIMES.fullmatch(c.name.strip()) for c in rest)
    return times and len(rest) >= _FEWEST_TIMES and len(rest) > rows


def _side_by_side(columns: list[Column]) -> bool:
    first = columns[0].body.first_column
    return [c.body.first_column for c in columns] == list(range(first, first + len(columns)))


def _are_rows(book: Book, sheet: Worksheet, columns: list[Column], series: list[str]) -> bool:
    """Whether all names are those of rows, and none is a column's."""
    wanted = {name.strip().lower() for name in series}
    known = {c.name.strip().lower() for c in columns} | {c.letter.lower() for c in columns}
    rows = {line.name.strip().lower() for line in _lines(book, sheet, columns)}
    return not wanted & known and wanted <= rows


def data_in_rows(
    book: Book, sheet: Worksheet, columns: list[Column], wanted: Wanted, notes: list[str]
) -> ChartData:
    """The series and categories of a chart whose series are rows.

    :raises InvalidRange: if the columns do not stand side by side, or no row can be drawn
    :raises InvalidParameters: if the options name a row that does not exist
    """
    if len(columns) < 2 or not _side_by_side(columns):
        raise InvalidRange(
            "Series in rows need one block of cells, with the names on the left.",
            'Name it as one range, such as "A1:M4".',
        )
    lines = _lines(book, sheet, columns)
    categories: Column | None = _categories(book, sheet, columns)
    if wanted.categories:
        categories = _named(lines, wanted.categories, "categories")
    if wanted.series:
        series = [_named(lines, name, "series") for name in dict.fromkeys(wanted.series)]
    else:
        series = _drawable([line for line in lines if line is not categories], notes)
        if wanted.series_in is None:
            notes.append('The rows are the series; options.series_in "columns" turns it round.')
    _refuse_unfit(series, wanted.kind)
    if not wanted.series and not wanted.data_range and len(series) > _MOST:
        notes.append(f"The first {_MOST} of {len(series)} rows are drawn.")
        series = series[:_MOST]
    chosen, roles = assigned(wanted.kind, list(series), [], notes)
    notes += value_notes(chosen, wanted.kind)
    return ChartData(sheet, chosen, categories, notes, roles)


def _lines(book: Book, sheet: Worksheet, columns: list[Column]) -> list[Line]:
    body = columns[0].body.joined(columns[-1].body)
    named = columns[0].kind in ("text", "date", "mixed")
    rows = range(body.first_row, body.last_row + 1)
    areas = (Area(row, body.first_column, row, body.last_column) for row in rows)
    return [line_of(book, sheet, area, headed=named) for area in areas]


def _categories(book: Book, sheet: Worksheet, columns: list[Column]) -> Line | None:
    """The headers of the columns; also where the data was named without them."""
    first, last = columns[0].body, columns[-1].body
    row = first.first_row - 1
    if not any(column.head for column in columns):
        region = find_region(book, sheet)
        if region is None or not region.has_headers or not region.body.overlaps(first):
            return None
        row = region.area.first_row
    left = first.first_column + (columns[0].kind in ("text", "date", "mixed"))
    return line_of(book, sheet, Area(row, left, row, last.last_column), headed=False)


def _named(lines: list[Line], name: str, option: str) -> Line:
    wanted = name.strip().lower()
    for line in lines:
        if wanted in (line.name.strip().lower(), line.letter):
            return line
    raise InvalidParameters(
        f'options.{option}: no row "{name[:60]}". '
        f"Rows: {', '.join(line.label for line in lines[:20])}.",
        "Use the text at the left of a row, or its number.",
    )


def _drawable(lines: list[Line], notes: list[str]) -> list[Line]:
    good = [line for line in lines if line.kind in ("number", "mixed")]
    out = [line.label for line in lines if line not in good]
    if good and out:
        notes.append(f"Left out, as they hold no numbers: {', '.join(out[:10])}.")
    return good


def _refuse_unfit(series: list[Line], kind: str) -> None:
    bad = [line for line in series if line.kind not in ("number", "mixed")]
    if bad or not series:
        what = bad[0].label if bad else "No row"
        raise InvalidRange(
            f"{what} holds {'no ' if bad else ''}numbers to draw.",
            "Name a range with numbers beside the names of the rows.",
        )
    if kind in SINGLE and len(series) > 1:
        labels = ", ".join(line.label for line in series[:10])
        raise InvalidRange(
            f"A {kind} shows one series, and the data has {len(series)}: {labels}.",
            f'Choose one, such as options: {{"series": ["{series[0].name}"]}}, or a column chart.',
        )
