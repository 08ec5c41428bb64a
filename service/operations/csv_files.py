"""CSV in: text or a file becomes a sheet."""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Literal

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service import progress
from service.errors import InvalidParameters
from service.names import split_extension
from service.operations.context import Context
from service.operations.decimals import has_decimals, usual_decimals
from service.operations.layout import (
    MEASURED_ROWS,
    align_headers,
    check_sheet_name,
    dress_body,
    fit_columns,
    style_header,
)
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.areas import Area, area_at
from service.workbook.book import Book
from service.workbook.bulk import sheet_parts
from service.workbook.column_types import Decision, Typed
from service.workbook.csv_table import CsvTable, Wishes, as_table
from service.workbook.delimited import Records, decode, read_records
from service.workbook.found_tables.names import clean
from service.workbook.house import FONT, House, HouseStyle
from service.workbook.keeping.loader import LAZY_FROM
from service.workbook.package.opc import Package
from service.workbook.row_bytes import Column, continued
from service.workbook.texts import cut

_MANY_ROWS = 50  # more than a model should read to answer a question


class CsvOptions(BriefOptions):
    """How to read a CSV; what is left out is detected."""

    rare = frozenset({"style"})

    delimiter: str = Field(default="", description='such as ";" or "tab"')
    encoding: str = Field(default="", description="of a file, such as cp1252")
    header: bool | None = Field(default=None, description="whether the first row names columns")
    decimal: Literal["", ".", ","] = Field(default="", description="decimal mark")
    date_order: Literal["", "iso", "dmy", "mdy"] = Field(
        default="", description="of dates such as 03/04/2026; iso: only 2026-04-03 is a date"
    )
    text_columns: list[str] = Field(default=[], description="headers of columns to keep as text")
    style: HouseStyle = Field(default="", description="house style")


@operation(
    effect="create",
    doing="Importing {source|the CSV}",
    example={"source": "Item,Cost\nRent,1200\nFood,450\n", "filename": "budget.xlsx"},
    file_parameter="source",
    styled=True,
)
def import_csv_to_excel(
    ctx: Context,
    source: str,
    filename: str = "",
    workbook: str = "",
    sheet: str = "",
    options: CsvOptions = CsvOptions(),  # noqa: B008 - a schema default, never changed
) -> Answer:
    """Import CSV into a new Excel file, or into a new sheet of an open one.

    Delimiter, encoding, headers and types are detected. Leading zeros and long numbers stay.

    :param source: name or id of an uploaded file, or the CSV text itself
    :param filename: name of the new file; leave out to take the name of the CSV
    :param sheet: name of the new sheet
    :param options: such as {"delimiter": ";", "decimal": ","}
    """
    with _collecting_later():
        return _import(ctx, source, filename, sheet, options)


def _import(ctx: Context, source: str, filename: str, sheet: str, options: CsvOptions) -> Answer:
    with progress.doing("reading"):
        records, encoding = _records(ctx, source, options)
    area_at(1, 1, len(records.rows), max(map(len, records.rows)))  # else refused at once
    wishes = Wishes(
        options.header, options.decimal, options.date_order, tuple(options.text_columns)
    )
    with progress.doing("reading"):
        table = as_table(records, wishes)
    title = check_sheet_name(sheet or _sheet_name(ctx, source, filename), ctx.book.sheet_names)
    first = len(table.preamble) + 2 if table.preamble else 1
    area = area_at(first, 1, table.row_count + bool(table.headers), len(table.columns))
    ctx.book.room_for(area.cells)
    house = ctx.house(options.style)
    told = _imported(table, encoding, area)
    with progress.doing("writing"):
        if area.cells >= LAZY_FROM and not ctx.book.sheet_names:
            package = _large(table, area, title, house)
            table.columns.clear()  # what is read from the package needs the room
            ctx.book.restructured(package, lambda address: address)
        else:
            with ctx.book.changing():
                worksheet = ctx.book.xl.create_sheet(title)
                _write_table(ctx.book, worksheet, table, area, house)
    ask = f"To answer questions about it: query_excel_data, SELECT ... FROM {clean(title)}"
    return Answer(told, sheet=title, next=[ask] * (table.row_count > _MANY_ROWS))


def _large(table: CsvTable, area: Area, title: str, house: House) -> Package:
    """A workbook of a very large table: the first rows as always, all others as bytes."""
    book = Book.blank("large.xlsx")
    with book.changing():
        sheet = book.xl.create_sheet(title)
        formats = _write_table(book, sheet, table, area, house, MEASURED_ROWS)
        columns = [
            Column(values[MEASURED_ROWS:], _number_of(sheet, one), _number_of(sheet, one, _WRAPPED))
            for values, one in zip(table.columns, formats, strict=True)
        ]
    draft = book.draft({})
    first = area.first_row + bool(table.headers) + MEASURED_ROWS
    part = sheet_parts(draft.package)[title]
    return continued(draft, part, columns, first, Area(1, 1, area.last_row, area.last_column))


def _number_of(sheet: Worksheet, template: Cell | None, alignment: Alignment | None = None) -> int:
    """The number that a cell's format has in the workbook."""
    cell = Cell(sheet, 1, 1)
    if template is not None:
        cell._style = template._style.__copy__()
    if alignment is not None:
        cell.alignment = alignment
    return int(cell.style_id)


@contextmanager
def _collecting_later() -> Iterator[None]:
    """No garbage collection meanwhile: over a million new cells it takes half of the time
    and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_text(source: str) -> bool:
    return "\n" in source or "\r" in source


def _records(ctx: Context, source: str, options: CsvOptions) -> tuple[Records, str]:
    path = ctx.files.get("source")
    if path is not None:
        text, encoding = decode(path.read_bytes(), options.encoding)
        records = read_records(text, options.delimiter)
        if not options.encoding and not encoding.startswith(("utf", "cp1252")):
            records.notes.insert(0, _GUESSED.format(encoding))
        return records, encoding
    elif _is_text(source):
        _refuse_encoding(options)
        text, encoding = source, "text"
    else:
        raise InvalidParameters(
            f'source is "{source[:80]}": neither an uploaded file nor CSV text with line breaks.',
            "Name an uploaded file, or send the CSV with its line breaks.",
        )
    return read_records(text, options.delimiter), encoding


_GUESSED = (
    "The encoding {0} was guessed from the letters; where they look wrong, "
    'say {{"encoding": "..."}} in options.'
)


def _refuse_encoding(options: CsvOptions) -> None:
    if options.encoding:
        raise InvalidParameters(
            f'options.encoding is "{options.encoding[:40]}", but source is the text itself.',
            "Leave it out; it is for uploaded files, which come as bytes.",
        )


def _sheet_name(ctx: Context, source: str, filename: str) -> str:
    """The CSV's name as the name of a sheet that does not exist yet; "Data" without one."""
    named = filename or ("" if _is_text(source) else source)
    stem, ending = split_extension(named)
    # "latest" and ids are no names of files.
    name = stem if filename or ending else _name_of_upload(ctx)
    base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip(" '")
    base = cut(base, 31).strip(" '")
    base = "Data" if base.lower() in ("", "history") or not base.isprintable() else base
    taken = {title.lower() for title in ctx.book.sheet_names}
    title, number = base, 2
    while title.lower() in taken:
        ending = f" ({number})"
        title, number = cut(base, 31 - len(ending)) + ending, number + 1
    return title


def _name_of_upload(ctx: Context) -> str:
    """The name of the uploaded file without its ending; "" for text.

    It is noted: imports of before there were such notes were called otherwise.
    """
    path = ctx.files.get("source")
    if path is None or (ctx.seen.at_end and not ctx.seen.first):
        return ""
    return str(ctx.seen.find(lambda: split_extension(path.name)[0]))


def _imported(table: CsvTable, encoding: str, area: Area) -> dict[str, object]:
    result: dict[str, object] = {
        "range": str(area),
        "rows": table.row_count,
        "columns": [
            {"name": name, "type": decision.kind}
            for name, decision in zip(table.names(), table.decisions, strict=True)
        ],
        "understood": {"encoding": encoding, **table.understood},
    }
    return result | ({"notes": table.notes} if table.notes else {})


_WRAPPED = Alignment(vertical="top", wrap_text=True)


def _write_table(
    book: Book,
    sheet: Worksheet,
    table: CsvTable,
    area: Area,
    style: House,
    most: int | None = None,
) -> list[Cell | None]:
    """Write a table to an empty sheet; the cells that carry the formats of its columns.

    :param most: write no more rows than that, though the sheet is to hold all
    """
    for row, line in enumerate(table.preamble, start=1):
        _fill(sheet, row, [value.strip() or None for value in line])
    if table.preamble:
        dress_body(sheet, Area(1, 1, len(table.preamble), area.last_column), style)
    row = area.first_row
    if table.headers:
        _fill(sheet, row, table.headers)
        style_header(sheet, Area(row, 1, row, area.last_column), style)
        sheet.freeze_panes = f"A{row + 1}"
        if table.row_count:
            sheet.auto_filter.ref = str(area)
        row += 1
    formats = [
        _style_of(sheet, _format_of(decision, values, name, style), style)
        for decision, values, name in zip(
            table.decisions, table.columns, table.names(), strict=True
        )
    ]
    for number, values in enumerate(islice(table.rows(), most), start=row):
        for cell, template in zip(_fill(sheet, number, values), formats, strict=True):
            if cell is not None and template is not None:
                cell._style = template._style.__copy__()  # a cell changes its style in place
            if cell is not None and cell.data_type == "s" and "\n" in str(cell._value):
                cell.alignment = _WRAPPED
    if table.headers:
        align_headers(sheet, area)
    fit_columns(book, sheet, area)
    return formats


def _format_of(decision: Decision, values: list[Typed], name: str, style: House) -> str:
    """The number format of a column: percentages and amounts keep their own."""
    if decision.kind == "number" and style.number_format and has_decimals(values):
        return style.number_format
    if decision.kind == "number" and decision.number_format == "General":
        return usual_decimals(values, name) or "General"
    return style.dated(decision.number_format)


def _style_of(sheet: Worksheet, number_format: str, style: House) -> Cell | None:
    """A cell outside the sheet that carries format and font, to copy its style from."""
    if number_format == "General" and style.font == FONT:
        return None
    cell = Cell(sheet, 1, 1)
    cell.number_format = number_format
    if style.font != FONT:
        cell.font = Font(name=style.font, size=11)
    return cell


def _fill(sheet: Worksheet, row: int, values: object) -> list[Cell | None]:
    """Cells with these values as they are.

    openpyxl's own setter would take texts that start with = for formulas, and takes five
    times as long.
    """
    made: list[Cell | None] = []
    for column, value in enumerate(values, start=1):  # type: ignore[arg-type, var-annotated]
        if value is None:
            made.append(None)
            continue
        cell = Cell(sheet, row, column)
        cell._value = value
        cell.data_type = _data_type(value)
        sheet._cells[(row, column)] = cell
        made.append(cell)
    sheet._current_row = max(sheet._current_row, row)
    return made


def _data_type(value: object) -> str:
    if isinstance(value, str):
        return "s"
    if isinstance(value, bool):
        return "b"
    return "d" if isinstance(value, dt.date) else "n"
