"""What is in a workbook: sheets, their data, charts, tables, names."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import TooLarge
from service.operations.chart_existing import kind_of, place_of, title_of
from service.operations.context import Context
from service.operations.layout import Region, find_region, header_names
from service.operations.registry import Answer, operation
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.bulk import BulkSheet
from service.workbook.bulk_values import bulk_values
from service.workbook.found_tables import tables_on
from service.workbook.found_tables.values import SheetValues, number_format, read_values
from service.workbook.occupancy import count_formulas, is_empty
from service.workbook.pivots.files import find_pivots
from service.workbook.profiles import column_profile
from service.workbook.rules.found import rules_of
from service.workbook.suspects import suspects

MAX_COLUMNS = 60
_MOST_RULES = 20
_MOST_TABLES = 20


@operation(effect="read", doing="Looking at {workbook}", example={}, small="workbook")
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
    bulk = bulk_values(book, sheet)
    if bulk is not None:
        _know(book, sheet, bulk)
    empty = bulk.used_area is None if bulk else is_empty(sheet)
    used = book.used_area(sheet)
    found: dict[str, object] = {"name": sheet.title, "used_range": None if empty else str(used)}
    if sheet.sheet_state != "visible":
        found["hidden"] = True
    region = find_region(book, sheet)
    if region:
        found |= _data(book, sheet, region, bulk, detail=detail)
    found |= _tables(book, sheet, bulk)
    formulas = book.fact(sheet, "formulas", count_formulas)
    pivots = find_pivots(book.memory.package) if book.memory else []
    extras = {
        "formulas": formulas,
        "charts": [_chart(chart) for chart in sheet._charts],
        "images": len(sheet._images),
        "rules": _rules(book, sheet),
        "tables": {table.displayName: str(table.ref) for table in sheet.tables.values()},
        "pivots": {item.name: str(item.area) for item in pivots if item.sheet == sheet.title},
        "merged": [str(item) for item in list(sheet.merged_cells.ranges)[:20]],
        "freeze_panes": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
    }
    return found | {name: value for name, value in extras.items() if value}


def _tables(book: Book, sheet: Worksheet, bulk: BulkSheet | None) -> dict[str, object]:
    """The tables that queries find on a sheet, where there are several."""
    held = enumerate(bulk.columns, bulk.first_column) if bulk else None
    try:
        values = SheetValues(dict(held)) if held is not None else read_values(book, sheet)
    except TooLarge as error:
        return {"tables_not_found": error.message}
    found = tables_on(book, sheet, values)
    if len(found) < 2:
        return {}
    told = {
        table.name: {"at": str(table.area), "rows": table.rows, "headers": table.headers[:20]}
        for table in found[:_MOST_TABLES]
    }
    return {"tables_found": told}


def _rules(book: Book, sheet: Worksheet) -> list[str]:
    """Conditional formats and validations, by number, kind and cells."""
    found = rules_of(sheet, book.xl.epoch)
    told = [f"{item.index} {item.kind} {item.cells}"[:80] for item in found[:_MOST_RULES]]
    more = len(found) - _MOST_RULES
    return [*told, f"and {more} more"] if more > 0 else told


def _know(book: Book, sheet: Worksheet, bulk: BulkSheet) -> None:
    """Keep what the values of a very large sheet tell: to find it out again takes longer."""
    book.set_fact(sheet, "used", bulk.used_area or Area(1, 1, 1, 1))
    area = bulk.data_area()
    if area is not None:
        book.set_fact(sheet, "region", Region(area, bulk.has_header_row(area)))


def _data(
    book: Book, sheet: Worksheet, region: Region, bulk: BulkSheet | None, *, detail: bool
) -> dict[str, object]:
    names = header_names(book, sheet, region)[:MAX_COLUMNS]
    body = region.body
    rows = body.rows if body.last_row >= body.first_row else 0
    areas = [body.column(index) for index in range(len(names))]
    columns = _columns(book, sheet, bulk, areas) if rows else []
    profiles = [
        {"column": get_column_letter(body.first_column + i), "name": name}
        | (column_profile(columns[i][0], detail=detail, formulas=columns[i][1]) if rows else {})
        | (_suspects(book, sheet, name, areas[i], columns[i][0]) if rows and detail else {})
        for i, name in enumerate(names)
    ]
    return {
        "data_range": str(region.area),
        "header_row": region.area.first_row if region.has_headers else None,
        "rows": rows,
        "columns": profiles,
    }


def _suspects(
    book: Book, sheet: Worksheet, name: str, area: Area, values: list[object]
) -> dict[str, object]:
    rows = range(area.first_row, area.last_row + 1)
    found = suspects(name, values, number_format(book, sheet, area.first_column, rows))
    return {"suspicious": found} if found else {}


def _columns(
    book: Book, sheet: Worksheet, bulk: BulkSheet | None, areas: list[Area]
) -> list[tuple[list[object], int]]:
    """(values, how many of them are formulas') of each column.

    Of a very large sheet the formulas are only counted as a whole.
    """
    if bulk is None:
        return [_column(book, sheet, area) for area in areas]
    return [(bulk.values(area), 0) for area in areas]


def _column(book: Book, sheet: Worksheet, column: Area) -> tuple[list[object], int]:
    values: list[object] = []
    formulas = 0
    for row in range(column.first_row, column.last_row + 1):
        cell = book.cell(sheet, row, column.first_column)
        if cell is None or cell.value is None:
            values.append("")
            continue
        formulas += cell.data_type == "f"
        values.append(book.value(cell))
    return values, formulas


def _chart(chart: object) -> dict[str, str]:
    return {"type": kind_of(chart), "title": title_of(chart), "at": place_of(chart)}
