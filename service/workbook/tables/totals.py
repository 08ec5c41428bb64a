"""The row of totals of a table. Source: ECMA-376 part 1, 18.5.1.3 and 18.18.95."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from openpyxl.styles import Font
from openpyxl.worksheet.table import TableColumn, TableFormula

from service.errors import InvalidParameters, InvalidRange
from service.workbook import cells
from service.workbook.areas import MAX_ROW, Area
from service.workbook.book import Book
from service.workbook.foreign.reading import are_read
from service.workbook.foreign.summaries import SUMMARIES
from service.workbook.foreign.told import now
from service.workbook.formulas import check_formula, to_file
from service.workbook.tables.formulas import stored
from service.workbook.tables.view import View

# (the file's word, what SUBTOTAL calls it)
FUNCTIONS = {
    "sum": ("sum", 109),
    "average": ("average", 101),
    "count": ("count", 103),
    "count_numbers": ("countNums", 102),
    "max": ("max", 104),
    "min": ("min", 105),
    "std_dev": ("stdDev", 107),
    "var": ("var", 110),
}
_SAME = {
    "avg": "average", "mean": "average", "total": "sum", "maximum": "max", "minimum": "min",
    "stdev": "std_dev", "stddev": "std_dev", "countnums": "count_numbers", "variance": "var",
}  # fmt: skip
LABEL = "Total"


def wanted(book: Book, view: View, totals: Any) -> dict[int, tuple[str, str]]:
    """What each column's total is to be: (kind, text) by the column's place.

    The kind is "function", "formula", "label" or "none".

    :param totals: true for a sum of each column of numbers, or what to do by column
    :raises ExcelToolsError: if a column, function or formula is none
    """
    if totals is True:
        sums = dict.fromkeys(_amounts(book, view), ("function", "sum"))
        if not sums:
            raise InvalidParameters(
                f"{view.name} has no column of numbers to add up.",
                'Say what to do by column, such as {"Name": "count"}.',
            )
        return sums
    if not isinstance(totals, dict) or not totals:
        raise InvalidParameters(
            "totals is neither true, false nor an object of columns.",
            'Send {"Amount": "sum", "Item": "Total"}.',
        )
    return {
        view.place(str(name), "totals"): _one(book, view, str(name), what)
        for name, what in totals.items()
    }


def _one(book: Book, view: View, column: str, what: Any) -> tuple[str, str]:
    text = str(what if what is not None else "none").strip()
    plain = re.sub(r"[\s-]+", "_", text.lower())
    plain = _SAME.get(plain, plain)
    if plain in FUNCTIONS and text.lower() != "total":
        return "function", plain
    foreign = SUMMARIES.get(text.lower(), "") if are_read() else ""
    # With a capital it may be the label of a column without numbers.
    if foreign in FUNCTIONS and (text.islower() or view.place(column, "") in _amounts(book, view)):
        now().words[text] = foreign
        return "function", foreign
    if plain == "none" or not text:
        return "none", ""
    if text.startswith("="):
        formula = stored(book, view, text, view.names)
        check_formula(formula, f"totals of {column}")
        return "formula", to_file(formula)
    if re.fullmatch("[a-z_]+", text) and " " not in text:
        raise InvalidParameters(
            f'totals: "{text[:40]}" is no function for {column}.',
            f"Use one of {', '.join(FUNCTIONS)}, none, a formula with =, or a label with a "
            'capital such as "Total".',
        )
    return "label", text


def _amounts(book: Book, view: View) -> list[int]:
    found = []
    data = view.data
    for place in range(data.columns):
        column = data.first_column + place
        values = [
            book.value(cell)
            for row in range(data.first_row, data.last_row + 1)
            if (cell := book.cell(view.sheet, row, column)) is not None and cell.value is not None
        ]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if numbers and len(numbers) == len(values):
            found.append(place)
    return found


def check_room(book: Book, view: View) -> None:
    """Refuse a row of totals where something stands under the table.

    :raises InvalidRange: naming the first cell in the way
    """
    if view.totals:
        return
    area = view.area
    row = area.last_row + 1
    if row > MAX_ROW:
        raise InvalidRange(f"{view.name} ends with the sheet.", "There is no row for totals.")
    refuse_filled(book, view, Area(row, area.first_column, row, area.last_column), "totals")


def refuse_filled(book: Book, view: View, area: Area, what: str) -> None:
    """Refuse to write over cells that hold something.

    :raises InvalidRange: naming the first of them
    """
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = book.cell(view.sheet, row, column)
            if cell is not None and cell.value is not None:
                raise InvalidRange(
                    f"{view.name} needs {area} for its {what}, and {cell.coordinate} holds "
                    f"{str(cell.value)[:40]!r}.",
                    "Insert rows there with edit_excel_sheet, or move what is there.",
                )


def put(book: Book, view: View, asked: dict[int, tuple[str, str]]) -> None:
    """Give the table a row of totals, or change the one it has."""
    area = view.area
    new = not view.totals
    if new:
        view.table.totalsRowCount = 1
        view.table.totalsRowShown = None
        view.set_area(Area(area.first_row, area.first_column, area.last_row + 1, area.last_column))
    row = view.area.last_row
    for place, column in enumerate(view.columns):
        cell = view.sheet.cell(row, area.first_column + place)
        if new:
            above = view.sheet.cell(row - 1, area.first_column + place)
            cell._style = copy(above._style)
            # Table styles do so too, but not all programs show them.
            cell.font = cell.font + Font(bold=True)
        if place in asked:
            _set(cell, column, view, *asked[place])
    first = view.columns[0]
    if new and 0 not in asked:
        _set(view.sheet.cell(row, area.first_column), first, view, "label", LABEL)


def _set(cell: Any, column: TableColumn, view: View, kind: str, text: str) -> None:
    column.totalsRowFunction = column.totalsRowLabel = column.totalsRowFormula = None
    if kind == "none":
        cell.value = None
    elif kind == "label":
        column.totalsRowLabel = text
        cells.put(cell, f"'{text}")
        cell.quotePrefix = False
    elif kind == "formula":
        column.totalsRowFunction = "custom"
        column.totalsRowFormula = TableFormula(attr_text=text[1:])
        cell.value = text
    else:
        name, number = FUNCTIONS[text]
        column.totalsRowFunction = name
        escaped = re.sub(r"(['\[\]#@])", r"'\1", str(column.name))
        cell.value = f"=SUBTOTAL({number},{view.name}[{escaped}])"
        if text in ("count", "count_numbers"):
            cell.number_format = "General"


def remove(view: View) -> None:
    """Take the row of totals away, with what it holds."""
    area = view.area
    if not view.totals:
        return
    for column in range(area.first_column, area.last_column + 1):
        cell = view.sheet._cells.get((area.last_row, column))
        if cell is not None:
            cell.value = None
    for item in view.columns:
        item.totalsRowFunction = item.totalsRowLabel = item.totalsRowFormula = None
    view.table.totalsRowCount = None
    view.table.totalsRowShown = False
    view.set_area(Area(area.first_row, area.first_column, area.last_row - 1, area.last_column))


def told(view: View) -> dict[str, str]:
    """What the row of totals has, by column."""
    words = {stored_word: name for name, (stored_word, _) in FUNCTIONS.items()}
    found = {}
    for column in view.columns if view.totals else []:
        if column.totalsRowFunction == "custom":
            formula = column.totalsRowFormula
            found[str(column.name)] = f"={formula.attr_text}" if formula is not None else "custom"
        elif column.totalsRowFunction:
            found[str(column.name)] = words.get(column.totalsRowFunction, column.totalsRowFunction)
        elif column.totalsRowLabel:
            found[str(column.name)] = str(column.totalsRowLabel)
    return found
