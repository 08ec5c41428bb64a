"""Data validations, from the words that ask for them. Source: ECMA-376 part 1, 18.3.1.32."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import ExcelToolsError, InvalidRange, InvalidValue, listed
from service.workbook.areas import Area, split_sheet
from service.workbook.book import Book
from service.workbook.rules import kinds
from service.workbook.rules.formulas import formula_text, numeric
from service.workbook.rules.made import values_of
from service.workbook.texts import utf16_length

MOST_LIST = 255
_LIMITS = {"input_title": 32, "input_message": 255, "error_title": 32, "error_message": 225}
_FIELDS = {
    "input_title": "promptTitle",
    "input_message": "prompt",
    "error_title": "errorTitle",
    "error_message": "error",
    "error_style": "errorStyle",
}
_OPERATOR = re.compile(r"^\s*(>=|<=|<>|!=|==|=(?!\S*[A-Za-z(])|>|<)\s*(.+)$")
# What any value of a kind fits: (operator, formulas).
_ANY = {
    "whole": ("between", ["-999999999999999", "999999999999999"]),
    "decimal": ("between", ["-9.99999999999999E+307", "9.99999999999999E+307"]),
    "date": ("greaterThanOrEqual", ["1"]),
    "time": ("between", ["0", "0.999988425925926"]),
}
_COLUMN = re.compile(r"^=?([^\[\]!']+)\[([^\[\]]+)\]$")


def make(
    book: Book, sheet: Worksheet, kind: str, value: Any, given: Mapping[str, Any]
) -> DataValidation:
    """A validation from words, still without cells.

    :raises InvalidValue: if the value does not fit the kind
    :raises InvalidRange: if a list is to come from cells that can't give one
    """
    found = DataValidation(type=None if kind == "message" else kinds.VALIDATIONS[kind])
    if kind == "list":
        found.formula1 = _source(book, sheet, value)
    elif kind == "custom":
        if isinstance(value, list) or value in (None, ""):
            raise InvalidValue(
                "custom needs one formula that is TRUE for what is allowed.",
                'Send it as value, seen from the first cell of the range, such as "=LEN(B2)=5".',
            )
        found.formula1 = formula_text(value, "value")
    elif kind == "message":
        _only_message(value, given)
    else:
        _measure(book, found, kind, value, given.get("operator"))
    longest = max(len(found.formula1 or ""), len(found.formula2 or ""))
    if longest > MOST_LIST + 2:
        raise InvalidValue(
            f"{kind}: the formula has {longest} characters; Excel allows {MOST_LIST} here.",
            "Write it into a cell and refer to that.",
        )
    blank = given.get("allow_blank")
    found.allowBlank = True if blank is None else blank
    found.showInputMessage = found.showErrorMessage = True
    # The file turns it round: the attribute hides the arrow.
    found.showDropDown = given.get("dropdown") is False
    set_messages(found, given)
    return found


def _only_message(value: Any, given: Mapping[str, Any]) -> None:
    if value not in (None, "", []):
        raise InvalidValue(
            "message takes no value: every entry is allowed.", "Send options.input_message."
        )
    if not given.get("input_message"):
        raise InvalidValue(
            "message needs options.input_message: there is nothing to show.",
            "Send the text that appears when the cell is chosen.",
        )


def set_messages(found: DataValidation, given: Mapping[str, Any]) -> None:
    """Give a validation the messages and the style that options tell.

    :raises InvalidValue: if a message is longer than Excel allows
    """
    for name, most in _LIMITS.items():
        text = given.get(name)
        if text and utf16_length(text) > most:
            raise InvalidValue(
                f"options.{name} has {utf16_length(text)} characters; Excel allows {most}.",
                "Send a shorter text.",
            )
    for name, field in _FIELDS.items():
        if given.get(name) is not None:
            setattr(found, field, given[name] or None)


def _measure(
    book: Book, found: DataValidation, kind: str, value: Any, operator: str | None
) -> None:
    if value in (None, "", []) and operator is None and kind in _ANY:
        found.operator, formulas = _ANY[kind]
        found.formula1, found.formula2 = (*formulas, None)[:2]
        return
    if operator is None and isinstance(value, str):
        match = _OPERATOR.match(value)
        if match:
            operator, value = kinds.kind_of(match[1]), match[2]
    if operator is None and not _is_pair(value):
        raise InvalidValue(
            f"{kind}: how is an entry to compare with {value if value is not None else 'what'}?",
            'Send value as [1, 10] for from 1 to 10, as ">= 1", or options.operator '
            f"({', '.join(kinds.COMPARISONS)}).",
        )
    operator = operator or "between"
    values = values_of(operator, value)
    epoch = book.xl.epoch
    found.operator = kinds.COMPARISONS[operator]
    formulas = [numeric(item, f"The value of {kind}", epoch) for item in values]
    found.formula1, found.formula2 = (*formulas, None)[:2]


def _is_pair(value: Any) -> bool:
    try:
        return len(values_of("between", value)) == 2
    except InvalidValue:
        return False


# Lists --------------------------------------------------------------------------


def _source(book: Book, sheet: Worksheet, value: Any) -> str:
    """Where a list's entries come from, as the file has it."""
    if isinstance(value, str) and value.strip():
        text = value.strip()
        found = _from_cells(book, sheet, text)
        if found:
            return found
        if "," in text or ";" in text or "\n" in text:
            value = [part.strip() for part in re.split("[,;\n]", text) if part.strip()]
        else:
            raise InvalidValue(
                f'list: "{text[:60]}" is no range, name or formula. '
                f"Names: {listed(sorted(book.xl.defined_names)) or 'none'}.",
                'Send value as a list ["Yes", "No"], or a range such as "Lists!A2:A9".',
            )
    if not isinstance(value, list) or not value:
        raise InvalidValue(
            "list needs the entries to choose from.",
            'Send value as ["Yes", "No"], or a range such as "Lists!A2:A9".',
        )
    return _entries(value)


def _entries(values: list[Any]) -> str:
    texts = [_entry(value) for value in values]
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise InvalidValue(f'list: "{twice[0][:40]}" is there twice.', "Send each entry once.")
    whole = ",".join(texts)
    bad = [text for text in texts if "," in text or not text or text != text.strip()]
    if bad or utf16_length(whole) > MOST_LIST:
        problem = (
            f'the entry "{bad[0][:40]}" is blank, has blanks around it or a comma in it'
            if bad
            else f"the entries have {utf16_length(whole)} characters together; "
            f"Excel allows {MOST_LIST}"
        )
        raise InvalidValue(
            f"list: {problem}, which Excel takes from cells only.",
            'Write the entries into cells, such as on a sheet "Lists", and send their range.',
        )
    return '"' + whole.replace('"', '""') + '"'


def _entry(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if value is None or isinstance(value, dict | list):
        raise InvalidValue("list: an entry is no text or number.", 'Send ["Yes", "No"].')
    return str(value)


def _from_cells(book: Book, sheet: Worksheet, text: str) -> str:
    """The formula of a list that comes from a range, a name or a formula; "" for other texts."""
    plain = text.removeprefix("=")
    column = _COLUMN.match(plain)
    if column:
        return _column(book, column[1], column[2])
    names = {name.lower(): name for name in (*book.xl.defined_names, *sheet.defined_names)}
    if plain.lower() in names:
        return str(names[plain.lower()])
    try:
        named, reference = split_sheet(plain)
        target = book.sheet(named) if named else sheet
        _, area = book.sheet_and_area(target.title, reference)
    except ExcelToolsError:
        if text.startswith("=") and len(text) > 1:
            return formula_text(text, "value")
        return ""
    return _reference(sheet, target, area, reference)


def _reference(sheet: Worksheet | None, target: Worksheet, area: Area, text: str) -> str:
    if area.rows > 1 and area.columns > 1:
        raise InvalidRange(
            f"list: {area} has {area.rows} rows and {area.columns} columns; "
            "Excel takes entries from one row or one column.",
            "Name one column, such as A2:A9.",
        )
    whole = re.fullmatch(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})", text.strip())
    if whole:
        found = f"${whole[1].upper()}:${whole[2].upper()}"
    else:
        found = ":".join(re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", part) for part in str(area).split(":"))
    title = str(target.title).replace("'", "''")
    return found if target is sheet else f"'{title}'!{found}"


def _column(book: Book, table: str, column: str) -> str:
    """The cells of a table's column: Excel lets no validation name the column itself."""
    for sheet in book.xl.worksheets:
        for found in sheet.tables.values():
            if found.displayName.lower() == table.strip().lower():
                return _table_cells(book, sheet, found, column)
    raise InvalidValue(
        f'list: there is no table "{table[:60]}".', 'Send a range such as "Lists!A2:A9".'
    )


def _table_cells(book: Book, sheet: Worksheet, table: Table, column: str) -> str:
    _, area = book.sheet_and_area(sheet.title, table.ref)
    names = [item.name for item in table.tableColumns]
    folded = [name.lower() for name in names]
    if column.strip().lower() not in folded:
        raise InvalidValue(
            f'{table.displayName} has no column "{column}". Columns: {listed(names)}.',
            "Use one of these.",
        )
    place = area.first_column + folded.index(column.strip().lower())
    header = 1 if table.headerRowCount is None else table.headerRowCount
    last = area.last_row - (table.totalsRowCount or 0)
    cells = Area(area.first_row + header, place, last, place)
    return _reference(None, sheet, cells, str(cells))
