"""Defined names: of the workbook and of sheets; cells, constants and formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError
from openpyxl.utils import quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue, counted
from service.operations.annotations.asked import Asked, Found
from service.operations.context import Context
from service.operations.layout import sheet_and_areas
from service.operations.registry import Answer
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_sheet
from service.workbook.book import Book
from service.workbook.cells import formula_of
from service.workbook.foreign.formulas import in_english
from service.workbook.formulas import check_formula, from_file, to_file
from service.workbook.occupancy import formula_cells

_LONGEST, _LONGEST_FORMULA = 255, 8_192
_NAME = re.compile(r"[^\W\d][\w.?\\]*|\\[\w.?\\]*")
_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?\d{1,7}|[Rr]\d*(?:[Cc]\d*)?|[Cc]\d*")
_RESERVED = ("print_area", "print_titles", "criteria", "extract", "database", "true", "false")
_REFERENCE = re.compile(
    r"\$?[A-Za-z]{1,3}\$?\d{1,7}(?::\$?[A-Za-z]{1,3}\$?\d{1,7})?"
    r"|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?\d{1,7}:\$?\d{1,7}"
)
_WHOLE = Area(1, 1, MAX_ROW, MAX_COLUMN)


def found(book: Book, sheet: Worksheet | None) -> Iterator[Found]:
    """The names of the workbook and of its sheets, or of one sheet and the workbook."""
    yield from _of(book.xl.defined_names, "")
    for item in book.xl.worksheets:
        if sheet is None or item is sheet:
            yield from _of(item.defined_names, item.title)


def _of(names: Any, sheet: str) -> Iterator[Found]:
    for key, item in names.items():
        if item.hidden or key.lower().startswith("_xlnm"):
            continue
        facts = {
            "name": key,
            "refers_to": from_file(f"={item.attr_text}"),
            "scope": sheet or "workbook",
            "text": item.comment,
        }

        def remove(key: str = key) -> None:
            del names[key]

        label = f"name {key}" + (f" of {sheet}" if sheet else "")
        yield Found("name", sheet, 0, 0, label, facts, remove, key)


def notes(book: Book, gone: list[Found]) -> list[str]:
    """What becomes of formulas when names go."""
    told = []
    for item in gone:
        users = _users(book, item.name)
        if users:
            told.append(f"{counted(users, 'formula')} used {item.name} and can't find it now.")
    return told


def _users(book: Book, name: str) -> int:
    word = re.compile(rf"(?<![\w.\\]){re.escape(name)}(?![\w.\\(])", re.IGNORECASE)
    return sum(
        bool(word.search(formula_of(cell) or ""))
        for sheet in book.xl.worksheets
        for _, cell in formula_cells(sheet)
    )


def put(ctx: Context, asked: Asked) -> Answer:
    """Define a name, or let one that is there mean something else.

    :raises ExcelToolsError: for a name that Excel does not allow, or a meaning that is none
    """
    book = ctx.book
    name = asked.name
    _check_name(book, name)
    if bool(asked.range) == bool(asked.target):
        raise InvalidParameters(
            "A name needs what it stands for: range, or target.",
            'Send range "A1:A9", or target "Costs!A1:A9", "=0.19" or "=SUM(Costs!A1:A9)".',
        )
    home, key = _home(book, asked)
    text = _meaning(book, asked)
    if len(asked.text) > _LONGEST:
        raise InvalidValue(f"text is longer than Excel's {_LONGEST} characters.", "Shorten it.")
    names = book.xl.defined_names if home is None else home.defined_names
    before = names.get(key)
    comment = asked.text or (before.comment if before is not None else None)
    with book.changing(values_stay=True):
        names[key] = DefinedName(
            key, attr_text=text, comment=comment, hidden=before.hidden if before else None
        )
    told = {
        "name": key,
        "done": "added" if before is None else "changed",
        "refers_to": from_file(f"={text}"),
        "scope": "workbook" if home is None else home.title,
    }
    return Answer(told, sheet="" if home is None else home.title)


def _check_name(book: Book, name: str) -> None:
    problem = ""
    if not name:
        problem = "is missing"
    elif len(name) > _LONGEST or not _NAME.fullmatch(name):
        problem = "holds what Excel does not allow in names"
    elif _is_cell(name):
        problem = "looks like a cell"
    elif name.lower().startswith("_xlnm") or name.lower() in _RESERVED[:2]:
        problem = "is Excel's own: use edit_excel_sheet with layout, print_area or print_titles"
    elif name.lower() in _RESERVED:
        problem = "is reserved by Excel"
    tables = {t.displayName.lower() for sheet in book.xl.worksheets for t in sheet.tables.values()}
    if name.lower() in tables:
        problem = "is that of a table"
    if problem:
        raise InvalidParameters(
            f'The name "{name[:60]}" {problem}.',
            "Begin with a letter or _, go on with letters, digits, _ and dots, without blanks: "
            "tax_rate.",
        )


def _is_cell(name: str) -> bool:
    if not _CELL.fullmatch(name):
        return False
    if re.fullmatch(r"[A-Za-z]{1,3}\d{1,7}", name):
        try:
            parse_area(name, _WHOLE)
        except InvalidRange:
            return False
    return True


def _home(book: Book, asked: Asked) -> tuple[Worksheet | None, str]:
    """(the sheet that a name is to belong to or None, the name as it is spelled there)."""
    scope, plain = asked.options["scope"], asked.name.casefold()
    sheet = None
    if scope == "sheet":
        sheet = asked.place(book)[0] if asked.range else book.sheet(asked.sheet)
    elif scope is None and not any(n.casefold() == plain for n in book.xl.defined_names):
        homes = [
            s for s in book.xl.worksheets if any(n.casefold() == plain for n in s.defined_names)
        ]
        wanted = asked.sheet.casefold()
        homes = [s for s in homes if not wanted or s.title.casefold() == wanted]
        sheet = homes[0] if len(homes) == 1 else None
    names = book.xl.defined_names if sheet is None else sheet.defined_names
    return sheet, next((n for n in names if n.casefold() == plain), asked.name)


# What a name stands for -------------------------------------------------------


def _meaning(book: Book, asked: Asked) -> str:
    """The formula of a name, without its =; its references are absolute."""
    if asked.range:
        return _absolute(book, asked.sheet, asked.range)
    text = asked.target
    if not text.startswith("="):
        if re.fullmatch(r"-?\d+(\.\d+)?%?", text):
            return text
        try:
            return _absolute(book, asked.sheet, text)
        except InvalidRange:
            raise InvalidValue(
                f'target is "{text[:80]}": neither cells nor a formula.',
                'Write cells as "Costs!A1:A9", formulas and texts with =, such as "=0.19".',
            ) from None
    if len(text) > _LONGEST_FORMULA:
        raise InvalidValue(
            f"The formula is longer than {_LONGEST_FORMULA:,} characters.",
            "Put parts of it into names of their own.",
        )
    text = in_english(text, asked.name)
    check_formula(text, asked.name)
    return _anchored(book, asked, to_file(text)).removeprefix("=")


def _absolute(book: Book, sheet: str, text: str) -> str:
    # Cells may be on another sheet than the one where the name is to be known.
    worksheet, areas = sheet_and_areas(book, "" if split_sheet(text)[0] else sheet, text)
    return ",".join(f"{quote_sheetname(worksheet.title)}!{_fixed(str(area))}" for area in areas)


def _fixed(reference: str) -> str:
    return re.sub(r"\$?([A-Za-z]+)?\$?(\d+)?", _dollars, reference.upper())


def _dollars(match: re.Match[str]) -> str:
    letters, digits = match.groups()
    return (f"${letters}" if letters else "") + (f"${digits}" if digits else "")


def _anchored(book: Book, asked: Asked, formula: str) -> str:
    """The formula with absolute references: others would depend on the cell that is chosen."""
    try:
        tokens = Tokenizer(formula)
    except TokenizerError:
        raise InvalidValue(f"{formula[:80]} is not a formula.", "Correct it.") from None
    for token in tokens.items:
        if token.type != Token.OPERAND or token.subtype != Token.RANGE:
            continue
        if token.value.casefold() == asked.name.casefold():
            raise InvalidValue(
                f"{asked.name} can't be explained with itself.", "Use another formula."
            )
        token.value = _anchored_reference(book, asked, token.value)
    return "=" + "".join(token.value for token in tokens.items)


def _anchored_reference(book: Book, asked: Asked, text: str) -> str:
    title, reference = split_sheet(text)
    if "[" in text or not _REFERENCE.fullmatch(reference):
        return text  # a name, a table, another workbook
    if title and ":" in title:
        return f"{text[: -len(reference)]}{_fixed(reference)}"
    sheet = book.sheet(title or asked.sheet)
    return f"{quote_sheetname(sheet.title)}!{_fixed(reference)}"
