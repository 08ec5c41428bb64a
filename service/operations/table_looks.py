"""How tables look, and which of their rows show."""

from __future__ import annotations

import re
from typing import Any

from openpyxl.worksheet.table import TableStyleInfo

from service.errors import InvalidParameters, InvalidValue
from service.operations.table_edits import Step
from service.workbook.book import Book
from service.workbook.tables import filters
from service.workbook.tables.view import View

_STYLE = re.compile(r"^(?:tablestyle)?(light|medium|dark)(\d{1,2})$")
_MOST = {"light": 21, "medium": 28, "dark": 11}


def style_name(text: str) -> str | None:
    """Excel's name of a table style; None for none.

    :raises InvalidValue: naming those there are
    """
    plain = re.sub(r"[\s_-]+", "", text.strip().lower())
    if plain == "none":
        return None
    match = _STYLE.match(plain)
    if match is None or not 1 <= int(match[2]) <= _MOST[match[1]]:
        raise InvalidValue(
            f'style: "{text[:40]}" is no table style.',
            'Use "light 1" to "light 21", "medium 1" to "medium 28", "dark 1" to "dark 11", none.',
        )
    return f"TableStyle{match[1].title()}{int(match[2])}"


def styled(view: View, wanted: dict[str, Any]) -> Step:
    """The style of a table and what of it shows."""
    fields = {
        "banded_rows": "showRowStripes",
        "banded_columns": "showColumnStripes",
        "first_column": "showFirstColumn",
        "last_column": "showLastColumn",
    }
    values: dict[str, Any] = {fields[key]: wanted[key] for key in fields if key in wanted}
    if "style" in wanted:
        values["name"] = style_name(wanted["style"])

    def run() -> None:
        info = view.table.tableStyleInfo or TableStyleInfo()
        for name, value in values.items():
            setattr(info, name, value)
        view.table.tableStyleInfo = info

    return run


def style_words(view: View) -> str:
    """The style in the words that ask for it."""
    info = view.table.tableStyleInfo
    name = info.name if info is not None else None
    match = re.fullmatch(r"TableStyle(Light|Medium|Dark)(\d+)", name or "none")
    return f"{match[1].lower()} {match[2]}" if match else (name or "none")


# Filters ------------------------------------------------------------------------


def buttons(view: View, *, shown: bool) -> Step:
    """Whether the headers have buttons; without any the table has no filter."""
    if not shown and filters.is_filtered(view):
        raise InvalidParameters(
            f"{view.name} is filtered; without buttons nobody could tell.",
            "Take the filters away first.",
        )

    def run() -> None:
        if shown:
            filters.filter_of(view)
        else:
            view.table.autoFilter = None

    return run


def filtered(book: Book, view: View, seen: View, asked: dict[str, Any], new: set[str]) -> Step:
    """Filters of columns, with the rows that they hide."""
    late = [name for name in asked if name in new]
    if late:
        raise InvalidParameters(
            f"{late[0]} has no values yet to filter by.", "Make the column first, then filter it."
        )
    if seen.table.autoFilter is None:
        filters.filter_of(seen)
    known = {int(c.colId): c for c in seen.table.autoFilter.filterColumn}
    for name, wanted in asked.items():
        place = seen.place(name, "filters")
        found = filters.criteria(seen, place, wanted, book.xl.epoch)
        if found is None:
            known.pop(place, None)
        else:
            known[place] = found
    columns = [known[place] for place in sorted(known)]
    hidden, rows = filters.apply(book, seen, columns)

    def run() -> None:
        filters.filter_of(view).filterColumn = columns
        for row in sorted(rows):
            if row in hidden or row in view.sheet.row_dimensions:
                view.sheet.row_dimensions[row].hidden = row in hidden

    return run


def show_rows(view: View) -> None:
    """Show the rows that the table's filter hides."""
    if filters.is_filtered(view):
        for row in range(view.data.first_row, view.data.last_row + 1):
            if row in view.sheet.row_dimensions:
                view.sheet.row_dimensions[row].hidden = False
