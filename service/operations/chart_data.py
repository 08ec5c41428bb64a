"""Which cells a chart shows: series, categories, and what is left out, said aloud."""

from __future__ import annotations

import re

from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange
from service.operations.chart_columns import ChartData, Column, Line, Wanted, column_of, value_notes
from service.operations.chart_roles import SINGLE, assigned
from service.operations.chart_rows import data_in_rows, runs_across
from service.operations.chart_sources import resolved
from service.operations.headed import last_row
from service.operations.layout import find_region, has_header_row, sheet_and_areas
from service.workbook import cells
from service.workbook.areas import Area, split_areas, split_sheet
from service.workbook.book import Book
from service.workbook.chart_shapes import XY

MOST_SERIES = 255
MOST_AUTOMATIC_SERIES = 12
_TOTAL = re.compile(
    r"^(grand |sub)?(total|totals|sum|summe|gesamt|gesamtsumme|insgesamt)\s*:?$", re.IGNORECASE
)
_ID = re.compile(r"^((?i:(.*[ _-])?(id|nr\.?|no\.?)|#)|.*[a-z](ID|Id))$")
_TIME = re.compile(
    r"^(year|month|week|day|quarter|hour|jahr|monat|woche|tag|quartal|stunde)$", re.IGNORECASE
)


def chart_data(book: Book, sheet: str, wanted: Wanted) -> ChartData:
    """The series and categories for a chart.

    With a range, its first column holds the categories (x values of a scatter chart) if it
    has more than one, and all others must hold numbers. Without one, the sheet's main block
    of data is taken: its first text or date column (or years, or what is headed Month) as
    categories, its columns of numbers as series, except ids and a last row of totals.

    :raises InvalidRange: if there is no data, or a column can't be drawn, with a range that can
    :raises InvalidParameters: if the options name a column that does not exist
    """
    explicit = bool(wanted.data_range.strip())
    find = _explicit_columns if explicit else _found_columns
    text = resolved(book, wanted.data_range)
    worksheet, columns, notes = find(book, sheet if text == wanted.data_range else "", text)
    if runs_across(book, worksheet, columns, wanted):
        return data_in_rows(book, worksheet, columns, wanted, notes)
    categories = _categories(columns, wanted, explicit=explicit)
    levels = _levels(columns, categories, wanted)
    rest = [column for column in columns if column not in levels[1:]]
    series = _series(rest, categories, wanted, notes, explicit=explicit)
    series, roles = assigned(wanted.kind, series, levels, notes)
    notes += value_notes([*series, *roles.sizes], wanted.kind)
    _refuse_text_as_x(columns, categories, wanted)
    notes += _category_notes(columns, categories, wanted, explicit=explicit)
    return ChartData(worksheet, series, categories, notes, roles)


# Columns ----------------------------------------------------------------------


def _found_columns(book: Book, sheet: str, _: str) -> tuple[Worksheet, list[Column], list[str]]:
    """The columns of the sheet's main block of data, without a last row of totals."""
    worksheet = book.sheet(sheet)
    region = find_region(book, worksheet)
    if region is None:
        raise InvalidRange(
            f"{worksheet.title} is empty: there is nothing to draw.",
            "Write the data first, or name the sheet that holds it.",
        )
    area, notes = region.area, []
    bottom = [book.cell(worksheet, area.last_row, c) for c in _numbers(area)]
    label = next((c.value for c in bottom if c is not None and c.value is not None), None)
    if area.rows > 2 and isinstance(label, str) and _TOTAL.match(label.strip()):
        notes.append(f'Row {area.last_row} ("{label.strip()}") is left out.')
        area = area.top(area.rows - 1)
    elif last_row(worksheet, region) < area.last_row:  # totals of a table, without a label
        notes.append(f"Row {area.last_row} (totals) is left out.")
        area = area.top(area.rows - 1)
    return worksheet, _columns(book, worksheet, [area]), notes


def _explicit_columns(
    book: Book, sheet: str, text: str
) -> tuple[Worksheet, list[Column], list[str]]:
    worksheet, areas = sheet_and_areas(book, sheet, text)
    areas = _within_data(book, worksheet, areas, text)
    if len({(area.first_row, area.last_row) for area in areas}) > 1:
        raise InvalidRange(
            f"The areas {', '.join(map(str, areas))} do not have the same rows.",
            'Name areas of the same rows, such as "A1:A10,C1:C10".',
        )
    if sum(area.columns for area in areas) > MOST_SERIES + 1:
        raise InvalidRange(
            f"{text[:60]} has more than {MOST_SERIES + 1} columns; a chart shows at most "
            f"{MOST_SERIES} series.",
            "Name fewer columns.",
        )
    prefix = f"{quote_sheetname(worksheet.title)}!" if split_sheet(text)[0] else ""
    columns = _columns(book, worksheet, areas, prefix)
    return worksheet, columns, _total_notes(book, worksheet, columns)


def _within_data(book: Book, sheet: Worksheet, areas: list[Area], text: str) -> list[Area]:
    """The areas without rows below all data; of whole columns, without titles above it too."""
    used = book.used_area(sheet).last_row
    region = find_region(book, sheet)
    if region and not any(re.search(r"\d", split_sheet(part)[1]) for part in split_areas(text)):
        top, bottom = region.area.first_row, region.area.last_row
        return [Area(top, area.first_column, bottom, area.last_column) for area in areas]
    return [area.top(max(used - area.first_row + 1, 1)) for area in areas]


def _total_notes(book: Book, sheet: Worksheet, columns: list[Column]) -> list[str]:
    texts = [column for column in columns if column.kind == "text"]
    last = columns[0].body.last_row
    label = book.cell(sheet, last, texts[0].body.first_column) if texts else None
    word = "" if label is None else str(label.value).strip()
    if columns[0].body.rows == 1 or not _TOTAL.match(word):
        return []
    shorter = _as_range(columns, last_row=last - 1)
    return [f'The last row ("{word}") is drawn too; {shorter} leaves it out.']


def _columns(book: Book, sheet: Worksheet, areas: list[Area], prefix: str = "") -> list[Column]:
    singles = dict.fromkeys(area.column(i) for area in areas for i in range(area.columns))
    headed = _has_heads(book, sheet, areas, list(singles))
    if headed and areas[0].rows == 1:
        raise InvalidRange(
            f"{sheet.title}!{areas[0]} holds headers alone: there is nothing to draw yet.",
            "Add rows below them first.",
        )
    return [column_of(book, sheet, single, prefix, headed=headed) for single in singles]


def _numbers(area: Area) -> range:
    return range(area.first_column, area.last_column + 1)


def _has_heads(book: Book, sheet: Worksheet, areas: list[Area], columns: list[Area]) -> bool:
    """Whether the first row names the columns: by texts, or by years or dates over numbers."""
    if all(has_header_row(book, sheet, area) for area in areas):
        return True
    if len(columns) < 2 or columns[0].rows < 2:
        return False
    corner = _value(book, sheet, columns[0], 0)
    firsts = [_value(book, sheet, column, 0) for column in columns[1:]]
    seconds = [_value(book, sheet, column, 1) for column in columns[1:]]
    named = corner is None or cells.kind_of(corner) == "text"
    times = [_is_time(first) for first in firsts]
    texts = [cells.kind_of(first) == "text" for first in firsts]
    differ = not all(_is_time(second) for second in seconds)
    return named and any(times) and all(map(bool.__or__, times, texts)) and differ


def _value(book: Book, sheet: Worksheet, column: Area, index: int) -> object:
    cell = book.cell(sheet, column.first_row + index, column.first_column)
    return None if cell is None else book.value(cell)


def _is_time(value: object) -> bool:
    """A date, or a whole number that is likely a year."""
    year = isinstance(value, int | float) and value == int(value) and 1900 <= value <= 2100
    return cells.kind_of(value) == "date" or (year and not isinstance(value, bool))


# Categories and series --------------------------------------------------------


def _categories(columns: list[Column], wanted: Wanted, *, explicit: bool) -> Column | None:
    if wanted.categories:
        return named(columns, wanted.categories, "categories")
    if wanted.kind in ("histogram", "box"):
        texts = [column for column in columns[:1] if column.kind in ("text", "date")]
        return texts[0] if texts and wanted.kind == "box" else None
    taken = [named(columns, name, "series") for name in wanted.series]
    free = [column for column in columns if column not in taken]
    if explicit:
        return columns[0] if len(columns) > 1 and columns[0] in free else None
    if wanted.kind in XY:
        drawable = [c for c in free if c.kind in ("number", "date") and not _is_id(c)]
        return drawable[0] if len(drawable) > (0 if taken else 1) else None
    for column in free:
        if column.kind in ("text", "date"):
            return column
    first = columns[0]
    return first if first in free and _TIME.match(first.name.strip()) else None


def _levels(columns: list[Column], categories: Column | None, wanted: Wanted) -> list[Column]:
    """The columns of categories of a tree, from the trunk to the leaves; else that one alone."""
    if categories is None or wanted.kind not in ("treemap", "sunburst"):
        return [] if categories is None else [categories]
    levels = [categories]
    for column in columns[columns.index(categories) + 1 :]:
        beside = column.body.first_column == levels[-1].body.first_column + 1
        if column.kind != "text" or not beside:
            break
        levels.append(column)
    return levels


def _series(
    columns: list[Column],
    categories: Column | None,
    wanted: Wanted,
    notes: list[str],
    *,
    explicit: bool,
) -> list[Column]:
    if wanted.series:
        series = list(dict.fromkeys(named(columns, n, "series") for n in wanted.series))
    else:
        series = [column for column in columns if column is not categories]
        if explicit and wanted.kind == "histogram" and len(series) > 1:
            series = [column for column in series if column.kind not in ("text", "date")] or series
        if not explicit:
            return _automatic(columns, series, categories, wanted, notes)
    _refuse_texts(columns, series, categories, wanted.kind)
    if wanted.kind in SINGLE and len(series) > 1:
        raise _one_of_several(series, categories, wanted.kind)
    return series


def _automatic(
    columns: list[Column],
    free: list[Column],
    categories: Column | None,
    wanted: Wanted,
    notes: list[str],
) -> list[Column]:
    numbers = [column for column in free if column.kind == "number"]
    ids = [column for column in numbers if _is_id(column)]
    series = [column for column in numbers if column not in ids] or ids
    mixed = [column for column in free if column.kind == "mixed"]
    most = 1 if wanted.kind in SINGLE else MOST_AUTOMATIC_SERIES
    if wanted.kind == "bubble":
        most = 2
    out = [*mixed, *(column for column in numbers if column not in series), *series[most:]]
    if not series:
        raise InvalidRange(
            f"{columns[0].sheet} holds no column of numbers to draw.",
            "Name the data with data_range; numbers stored as text must be written as numbers.",
        )
    if out:
        labels = ", ".join(column.label for column in out[:10])
        notes.append(f"Left out: {labels}. Name series in options to choose.")
    texts = [column for column in free if column.kind == "text"]
    if wanted.kind in XY and texts:
        labels = ", ".join(column.label for column in texts[:10])
        notes.append(f"Left out: {labels}. A {wanted.kind} chart draws numbers alone.")
    return series[:most]


def _is_id(column: Column) -> bool:
    return bool(column.head and _ID.match(column.name.strip()))


def named(columns: list[Column], name: str, option: str) -> Column:
    """The column of that header (case does not matter) or letter."""
    wanted = name.strip().lower()
    for column in columns:
        if column.head and column.name.strip().lower() == wanted:
            return column
    for column in columns:
        if column.letter.lower() == wanted:
            return column
    raise InvalidParameters(
        f'options.{option}: no column "{name[:60]}" in {_as_range(columns)}. '
        f"Columns: {', '.join(column.label for column in columns[:20])}.",
        "Use a header or a column letter of the data.",
    )


# Refusals and notes -----------------------------------------------------------


def _refuse_texts(
    columns: list[Column], series: list[Column], categories: Column | None, kind: str
) -> None:
    """Series must hold numbers; the message names a range that would work."""
    if not series:
        raise InvalidRange(
            f"{_as_range(columns)} leaves no column to draw.",
            "Name at least one column of numbers beside the categories.",
        )
    bad = [column for column in series if column.kind not in ("number", "mixed")]
    if not bad:
        return
    holds = {"text": "text", "date": "dates", "blank": "no numbers"}[bad[0].kind]
    good = [column for column in series if column not in bad]
    if kind in SINGLE:
        good = good[:1]
    usable = categories and (kind not in XY or categories.kind in ("number", "date"))
    better = _as_range([*([categories] if categories and usable else []), *good]) if good else ""
    raise InvalidRange(
        f"{bad[0].label} holds {holds}, so it can't be drawn as a series.",
        f'Use data_range "{better}".' if better else _other_way(columns, bad[0], kind),
        {"data_range": better} if better else None,
    )


def _other_way(columns: list[Column], bad: Column, kind: str) -> str:
    """A hint for ranges in which the text stands behind the numbers."""
    numbers = [column for column in columns if column.kind == "number"]
    if kind in SINGLE:
        numbers = numbers[:1]
    if numbers and bad.kind in ("text", "date") and kind not in XY:
        return f'Use data_range "{_as_range([bad, *numbers])}": categories come first.'
    return "Name a range with at least one column of numbers."


def _refuse_text_as_x(columns: list[Column], categories: Column | None, wanted: Wanted) -> None:
    if wanted.kind not in XY or categories is None or categories.kind in ("number", "date"):
        return
    numbers = [c for c in columns if c.kind in ("number", "date") and c is not categories]
    better = f'Use data_range "{_as_range(numbers)}", or a ' if len(numbers) > 1 else "Use a "
    raise InvalidRange(
        f"{categories.label} holds {'nothing' if categories.kind == 'blank' else 'text'} where a "
        f"{wanted.kind} chart needs numbers as x values.",
        f"{better}column or line chart.",
    )


def _one_of_several(series: list[Column], categories: Column | None, kind: str) -> InvalidRange:
    first = [categories] if categories else []
    ways = [f'"{_as_range([*first, column])}" for {column.label}' for column in series[:5]]
    return InvalidRange(
        f"A {kind} shows one series, and the data has {len(series)}: "
        f"{', '.join(column.label for column in series[:10])}.",
        f"Use data_range {' or '.join(ways)}, or a column chart.",
    )


def _category_notes(
    columns: list[Column], categories: Column | None, wanted: Wanted, *, explicit: bool
) -> list[str]:
    if wanted.kind in ("histogram", "box"):
        return []
    axis = "x values" if wanted.kind in XY else "categories"
    if categories is None:
        return [f"The data has no column for the {axis}; the rows are counted 1, 2, 3."]
    by_place = explicit and not wanted.categories and wanted.kind not in XY
    if by_place and categories.kind == "number" and not _TIME.match(categories.name.strip()):
        note = (
            f"{categories.label} is the first column, so its numbers are the categories. To draw "
            "it as a series, put a column of names in front of data_range."
        )
        return [note]
    return []


def _as_range(columns: list[Column], last_row: int = 0) -> str:
    """The columns with their headers as a range: "A1:A9,C1:D9"."""
    if isinstance(columns[0], Line):
        return str(columns[0].body.joined(columns[-1].body))
    runs: list[list[int]] = []
    for number in dict.fromkeys(column.body.first_column for column in columns):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    body, headed = columns[0].body, any(column.head for column in columns)
    first, last = body.first_row - headed, last_row or body.last_row
    areas = ",".join(str(Area(first, left, last, right)) for left, right in runs)
    return columns[0].prefix + areas
