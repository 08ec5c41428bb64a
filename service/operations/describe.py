"""What is in a workbook: sheets, their data, charts, tables, names."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.layout import Region, find_region, header_names
from service.operations.registry import Answer, operation
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.occupancy import count_formulas, is_empty

MAX_COLUMNS = 60


@operation(effect="read", doing="Looking at {workbook}", example={})
def describe_excel_file(ctx: Context, sheet: str = "") -> Answer:
    """Describe an open workbook: sheets, columns with types and examples, charts, errors.

    :param sheet: sheet to describe alone, in more detail; leave out for all
    """
    book = ctx.book
    sheets = [book.sheet(sheet)] if sheet else book.xl.worksheets
    result: dict[str, object] = {
        "sheets": [_describe(book, item, detail=bool(sheet) or len(sheets) == 1) for item in sheets]
    }
    names = {name: item.attr_text for name, item in book.xl.defined_names.items()}
    if names:
        result["names"] = dict(list(names.items())[:50])
    if book.formula_count() and book.values:
        told = {"formula_errors": book.formula_errors(), "unverified": book.unverified()}
        result |= {name: found for name, found in told.items() if found}
    if book.losses:
        result["not_kept_on_saving"] = list(book.losses)
    return Answer(result, sheet=sheets[0].title if sheet else "")


def _describe(book: Book, sheet: Worksheet, *, detail: bool) -> dict[str, object]:
    used, empty = book.used_area(sheet), is_empty(sheet)
    found: dict[str, object] = {"name": sheet.title, "used_range": None if empty else str(used)}
    if sheet.sheet_state != "visible":
        found["hidden"] = True
    region = find_region(book, sheet)
    if region:
        found |= _data(book, sheet, region, detail=detail)
    formulas = book.fact(sheet, "formulas", count_formulas)
    extras = {
        "formulas": formulas,
        "charts": [_chart(chart) for chart in sheet._charts],
        "images": len(sheet._images),
        "tables": {name: table.ref for name, table in sheet.tables.items()},
        "merged": [str(item) for item in list(sheet.merged_cells.ranges)[:20]],
        "freeze_panes": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
    }
    return found | {name: value for name, value in extras.items() if value}


def _data(book: Book, sheet: Worksheet, region: Region, *, detail: bool) -> dict[str, object]:
    names = header_names(book, sheet, region)[:MAX_COLUMNS]
    body = region.body
    rows = body.rows if body.last_row >= body.first_row else 0
    profiles = [
        {"column": get_column_letter(body.first_column + i), "name": name}
        | (_profile(book, sheet, body.column(i), detail=detail) if rows else {})
        for i, name in enumerate(names)
    ]
    return {
        "data_range": str(region.area),
        "header_row": region.area.first_row if region.has_headers else None,
        "rows": rows,
        "columns": profiles,
    }


def _profile(book: Book, sheet: Worksheet, column: Area, *, detail: bool) -> dict[str, object]:
    """Type, blanks, examples and (with ``detail``) range and distinct values of a column."""
    values, blanks, formulas = [], 0, 0
    for row in range(column.first_row, column.last_row + 1):
        cell = book.cell(sheet, row, column.first_column)
        if cell is None or cell.value is None:
            blanks += 1
            continue
        formulas += cell.data_type == "f"
        values.append(book.value(cell))
    kinds = Counter(cells.kind_of(value) for value in values if value is not None)
    profile: dict[str, object] = {"type": _type_words(kinds)}
    if blanks:
        profile["blanks"] = blanks
    if formulas:
        profile["formulas"] = formulas
    profile["examples"] = _examples(values)
    return profile | (_spread(values, kinds) if detail else {})


def _type_words(kinds: Counter[str]) -> str:
    if not kinds:
        return "blank"
    if len(kinds) == 1:
        return next(iter(kinds))
    return "mixed: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _examples(values: list[object], most: int = 3) -> list[cells.Scalar]:
    found: dict[cells.Scalar, None] = {}
    for value in values:
        shown = cells.shown(value)
        found[shown[:60] if isinstance(shown, str) else shown] = None
        if len(found) == most:
            break
    return list(found)


def _spread(values: list[object], kinds: Counter[str]) -> dict[str, object]:
    found: dict[str, object] = {"distinct": len({cells.shown(value) for value in values})}
    if set(kinds) == {"number"}:
        numbers = [v for v in values if isinstance(v, int | float)]
        found["min"], found["max"] = (
            cells.tidy_number(min(numbers)),
            cells.tidy_number(max(numbers)),
        )
        found["mean"] = cells.tidy_number(round(sum(numbers) / len(numbers), 6))
    if set(kinds) == {"date"}:
        dates = [v for v in values if isinstance(v, dt.datetime)]
        if dates:
            found["min"], found["max"] = cells.shown(min(dates)), cells.shown(max(dates))
    return found


def _chart(chart: object) -> dict[str, str]:
    anchor = getattr(getattr(chart, "anchor", None), "_from", None)
    place = f"{get_column_letter(anchor.col + 1)}{anchor.row + 1}" if anchor else ""
    return {
        "type": chart_type(chart),
        "title": chart_title(chart),
        "at": place or str(getattr(chart, "anchor", "")),
    }


def chart_type(chart: object) -> str:
    """The kind of a chart in the words of create_excel_chart, where it has one for it."""
    kind = type(chart).__name__.split("Chart")[0].lower()
    return "column" if kind == "bar" and getattr(chart, "barDir", "") == "col" else kind


def chart_title(chart: object) -> str:
    """The text of a chart's title, "" where it has none."""
    title = getattr(chart, "title", None)
    rich = getattr(getattr(title, "tx", None), "rich", None)
    if rich is None:
        return ""
    return "".join(run.t for paragraph in rich.p for run in (paragraph.r or []))
