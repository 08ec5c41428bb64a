"""CSV in: text or a file becomes a sheet."""

from __future__ import annotations

import datetime as dt
import re
from codecs import BOM_UTF8
from typing import Literal

from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service import progress
from service.errors import InvalidParameters
from service.names import split_extension
from service.operations.context import Context
from service.operations.decimals import has_decimals, usual_decimals
from service.operations.landing import collecting_later
from service.operations.layout import (
    WIDEST,
    align_headers,
    cell_width,
    check_sheet_name,
    dress_body,
    fit_columns,
    style_header,
)
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.areas import Area, area_at
from service.workbook.book import Book
from service.workbook.csv_table import CsvTable, ListedTexts, Texts, Wishes, as_table
from service.workbook.delimited import read_records, understood
from service.workbook.encoded import decode
from service.workbook.found_tables.names import clean
from service.workbook.geometry import column_width, set_column_width
from service.workbook.house import FONT, House, HouseStyle
from service.workbook.keeping.held_rows import continue_sheet
from service.workbook.keeping.loader import LAZY_FROM
from service.workbook.quick_csv import quick_table
from service.workbook.row_bytes import WRAPPED, Look, TableRows, style_number
from service.workbook.text_table import TextTable
from service.workbook.texts import cut

_MANY_ROWS = 50  # more than a model should read to answer a question
_WRITTEN = 128  # rows of a very large table that are cells from the start


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
    with collecting_later():
        return _import(ctx, source, filename, sheet, options)


def _import(ctx: Context, source: str, filename: str, sheet: str, options: CsvOptions) -> Answer:
    with progress.doing("reading"):
        table, encoding = _table(ctx, source, options)
    title = check_sheet_name(sheet or _sheet_name(ctx, source, filename), ctx.book.sheet_names)
    first = len(table.preamble) + 2 if table.preamble else 1
    height = table.row_count + bool(table.headers)
    area_at(1, 1, first - 1 + height, len(table.decisions))  # else refused at once
    area = area_at(first, 1, height, len(table.decisions))
    house = ctx.house(options.style)
    told = _imported(table, encoding, area)
    with progress.doing("writing"):
        _put(ctx.book, table, area, title, house)
    ask = f"To answer questions about it: query_excel_data, SELECT ... FROM {clean(title)}"
    return Answer(told, sheet=title, next=[ask] * (table.row_count > _MANY_ROWS))


def _put(book: Book, table: CsvTable, area: Area, title: str, house: House) -> None:
    if area.cells >= LAZY_FROM:
        book.room_for_rows(area.cells)
        _put_large(book, table, area, title, house)
        return
    book.room_for(area.cells)
    with book.changing():
        worksheet = book.xl.create_sheet(title)
        _write_table(book, worksheet, table, area, house)


def _put_large(book: Book, table: CsvTable, area: Area, title: str, house: House) -> None:
    """A sheet of a very large table: the first rows as always, all others as texts in columns."""
    held = table.texts if isinstance(table.texts, TextTable) else _held(table.texts)
    table.texts = held
    with book.changing():
        sheet = book.xl.create_sheet(title)
        formats = _write_table(book, sheet, table, area, house, _WRITTEN)
        _widen(sheet, table, formats)
        looks = [
            Look(decision, style_number(sheet, one), style_number(sheet, one, WRAPPED))
            for decision, one in zip(table.decisions, formats, strict=True)
        ]
        draft = book.draft(book.calculation.known)
        book.restructured(draft.saved(), lambda address: address)
    first = area.first_row + bool(table.headers) + _WRITTEN
    with book.changing():
        assert book.memory is not None
        rows = TableRows(held, looks, _WRITTEN, first)
        continue_sheet(book.xl[title], book.memory, rows, area)


def _widen(sheet: Worksheet, table: CsvTable, formats: list[Cell | None]) -> None:
    """Give columns room for the longest of their numbers, wherever it stands."""
    for index, (decision, template) in enumerate(zip(table.decisions, formats, strict=True)):
        if decision.kind not in ("number", "percent", "currency"):
            continue
        cell, needed = template or Cell(sheet, 1, 1), 0.0
        for cell._value in table.longest(index):
            cell.data_type = "n"
            needed = max(needed, cell_width(cell) + 2)
        if column_width(sheet, index + 1) < needed:
            set_column_width(sheet, index + 1, min(needed, WIDEST), fitted=True)


def _held(texts: Texts) -> TextTable:
    assert isinstance(texts, ListedTexts)  # there are no others
    return TextTable.of(texts.columns, texts.lines)


def _is_text(source: str) -> bool:
    return "\n" in source or "\r" in source


def _table(ctx: Context, source: str, options: CsvOptions) -> tuple[CsvTable, str]:
    """(the table of the CSV, name of its encoding)."""
    wishes = Wishes(
        options.header, options.decimal, options.date_order, tuple(options.text_columns)
    )
    path = ctx.files.get("source")
    if path is not None:
        data = path.read_bytes()
        text, encoding = decode(data, options.encoding)
        plain = encoding == "utf-8" and not data.startswith(BOM_UTF8)
        del data  # as large as the file
    elif _is_text(source):
        _refuse_encoding(options)
        text, encoding, plain = source, "text", False
    else:
        raise InvalidParameters(
            f'source is "{source[:80]}": neither an uploaded file nor CSV text with line breaks.',
            "Name an uploaded file, or send the CSV with its line breaks.",
        )
    csv_text = understood(text, options.delimiter)
    if path is not None and not options.encoding and not encoding.startswith(("utf", "cp1252")):
        csv_text.notes.insert(0, _GUESSED.format(encoding))
    same = plain and csv_text.text is text
    del text
    quick = quick_table(csv_text, wishes, path if same else None)
    return quick or as_table(read_records(csv_text), wishes), encoding


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
        _style_of(sheet, _format_of(table, index, style), style)
        for index in range(len(table.decisions))
    ]
    for number, values in enumerate(table.rows(most), start=row):
        for cell, template in zip(_fill(sheet, number, values), formats, strict=True):
            if cell is not None and template is not None:
                cell._style = template._style.__copy__()  # a cell changes its style in place
            if cell is not None and cell.data_type == "s" and "\n" in str(cell._value):
                cell.alignment = WRAPPED
    if table.headers:
        align_headers(sheet, area)
    fit_columns(book, sheet, area)
    return formats


def _format_of(table: CsvTable, index: int, style: House) -> str:
    """The number format of a column: percentages and amounts keep their own."""
    decision = table.decisions[index]
    if decision.kind != "number":
        return style.dated(decision.number_format)
    if style.number_format and has_decimals(table.numbers(index)):
        return style.number_format
    if decision.number_format == "General":
        return usual_decimals(table.numbers(index), table.names()[index]) or "General"
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
