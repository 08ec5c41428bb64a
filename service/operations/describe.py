"""What is in a workbook: sheets, their data, charts, tables, names."""

from __future__ import annotations

from collections import Counter

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
from service.workbook.found_tables import FoundTable, tables_on
from service.workbook.found_tables.values import SheetValues, number_format, shown_values
from service.workbook.gaps import Place
from service.workbook.occupancy import count_formulas, formula_cells, is_empty
from service.workbook.pivots.files import find_pivots
from service.workbook.profiles import column_profile
from service.workbook.rules.found import rules_of
from service.workbook.suspects import suspects
from service.workbook.tally import Tally

MAX_COLUMNS = 60
_MOST_RULES = 20
_MOST_TABLES = 20


@operation(effect="read", doing="Looking at {where}", example={}, small="workbook")
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
    values = _values(book, sheet, bulk)
    empty = bulk.used_area is None if bulk else is_empty(sheet)
    used = book.used_area(sheet)
    found: dict[str, object] = {"name": sheet.title, "used_range": None if empty else str(used)}
    if sheet.sheet_state != "visible":
        found["hidden"] = True
    tables = tables_on(book, sheet, values) if isinstance(values, SheetValues) else []
    region = find_region(book, sheet)
    if region:
        last = region.area.last_row
        sums = any(one.totals == last and one.area.overlaps(region.area) for one in tables)
        # Those of a very large sheet that is not made into cells are counted as a whole.
        places = [] if bulk is not None else _formulas(book, sheet)
        found |= _data(book, sheet, region, values, places, sums=sums, detail=detail)
    found |= _tables(tables, values)
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


def _values(book: Book, sheet: Worksheet, bulk: BulkSheet | None) -> SheetValues | TooLarge:
    """The values of a sheet, or why they can't be read all at once."""
    try:
        return shown_values(book, sheet, bulk)
    except TooLarge as error:
        return error


def _tables(found: list[FoundTable], values: SheetValues | TooLarge) -> dict[str, object]:
    """The tables that queries find on a sheet, where there are several."""
    if isinstance(values, TooLarge):
        return {"tables_not_found": values.message}
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
    book: Book,
    sheet: Worksheet,
    region: Region,
    values: SheetValues | TooLarge,
    formulas: list[Place],
    *,
    sums: bool,
    detail: bool,
) -> dict[str, object]:
    """The columns of a sheet's main block.

    :param formulas: where formulas stand
    :param sums: whether its last row sums the others up; it counts in no column then
    """
    names = header_names(book, sheet, region)[:MAX_COLUMNS]
    body = region.body
    if sums:
        body = Area(body.first_row, body.first_column, body.last_row - 1, body.last_column)
    rows = body.rows if body.last_row >= body.first_row else 0
    areas = [body.column(index) for index in range(len(names))]
    counts = Counter(c for row, c in formulas if body.first_row <= row <= body.last_row)
    profiles: list[dict[str, object]] = []
    for name, area in zip(names, areas, strict=True):
        told: dict[str, object] = {"column": get_column_letter(area.first_column), "name": name}
        if rows:
            tally = Tally(_column(book, sheet, values, area))
            told |= column_profile(tally, detail=detail, formulas=counts[area.first_column])
            told |= _suspects(book, sheet, name, area, tally) if detail else {}
        profiles.append(told)
    return {
        "data_range": str(region.area),
        "header_row": region.area.first_row if region.has_headers else None,
        "rows": rows,
        **({"totals_row": region.area.last_row} if sums else {}),
        "columns": profiles,
    }


def _suspects(
    book: Book, sheet: Worksheet, name: str, area: Area, tally: Tally
) -> dict[str, object]:
    rows = range(area.first_row, area.last_row + 1)
    found = suspects(name, tally, number_format(book, sheet, area.first_column, rows))
    return {"suspicious": found} if found else {}


def _formulas(book: Book, sheet: Worksheet) -> list[Place]:
    """Where formulas stand, as (row, column)."""
    if not book.fact(sheet, "formulas", count_formulas):
        return []
    return [place for place, _ in formula_cells(sheet)]


def _column(
    book: Book, sheet: Worksheet, values: SheetValues | TooLarge, column: Area
) -> list[object]:
    if isinstance(values, SheetValues):
        return values.column(column.first_column, column.first_row, column.last_row)
    cells = (
        book.cell(sheet, row, column.first_column)
        for row in range(column.first_row, column.last_row + 1)
    )
    return ["" if c is None or c.value is None else book.value(c) for c in cells]


def _chart(chart: object) -> dict[str, str]:
    return {"type": kind_of(chart), "title": title_of(chart), "at": place_of(chart)}
