"""Formulas that speak of tables: as people write them, stored, and rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from openpyxl.worksheet.formula import ArrayFormula

from service.errors import InvalidValue, listed
from service.workbook.book import Book
from service.workbook.calculation.source import TableFacts
from service.workbook.calculation.structured import resolved_table
from service.workbook.foreign.formulas import in_english
from service.workbook.occupancy import formula_cells
from service.workbook.references.text import GONE, Operand, replaced
from service.workbook.tables.view import View, tables_of

# (sheet, row, column); row 0 is no cell's.
Address: TypeAlias = tuple[str, int, int]
Visit: TypeAlias = Callable[[str, Address], str]
_INNER = r"(?:[^\[\]']|'.)*"
_PART = re.compile(
    rf"""("(?:[^"]|"")*"|'(?:[^']|'')+'!)"""
    rf"""|([^\W\d][\w.]*)?(\[(?:[^\[\]']|'.|\[{_INNER}\])*\])(?![\w'!])"""
)
_ITEM = re.compile(rf"\[({_INNER})\]")
_PARTS = ("#all", "#data", "#headers", "#totals", "#this row")
_TEXTS = re.compile(r'("(?:[^"]|"")*")')
_MARKS = re.compile(r"([\[\]#'@])")


def stored(book: Book, view: View | None, formula: str, names: list[str]) -> str:
    """The formula as the file has it: [@Qty] is Table1[[#This Row],[Qty]] there.

    :param view: the table whose rows it is for; None outside of all tables
    :param names: of its columns, those that are to come among them
    :raises InvalidValue: naming a table or column that is not there
    """
    known = {other.name.lower(): other.names for other in tables_of(book)}
    own = view.name if view is not None else ""
    if own:
        known[own.lower()] = names

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        table, brackets = match[2] or own, _written(match[3])
        if table.lower() not in known:
            raise InvalidValue(
                f"{formula[:60]}: {table or match[3][:40]} is no table, nor a part of one.",
                f"Tables: {listed(list(known)) or 'none'}.",
            )
        _check_columns(formula, table, brackets, known[table.lower()])
        return table + brackets

    text = in_english(formula if formula.startswith("=") else f"={formula}", "formula")
    return _PART.sub(replace, quoted(text, [name for found in known.values() for name in found]))


def quoted(formula: str, names: list[str]) -> str:
    """The formula with ``[Qty '[pcs']]`` where people write ``[Qty [pcs]]``.

    :param names: of columns; those without a mark that needs an apostrophe are as they are
    """
    marked = {
        name.lower(): name for name in names if _MARKS.search(name) and name.lower() not in _PARTS
    }
    if not marked or "[" not in formula:
        return formula
    either = "|".join(re.escape(name) for name in sorted(marked.values(), key=len, reverse=True))
    columns = re.compile(rf"\[(@?)({either})\]", re.IGNORECASE)

    def one(match: re.Match[str]) -> str:
        column = "[" + _MARKS.sub(r"'\1", match[2]) + "]"
        return f"[@{column}]" if match[1] else column

    pieces = _TEXTS.split(formula)
    pieces[::2] = [columns.sub(one, piece) for piece in pieces[::2]]
    return "".join(pieces)


def _written(brackets: str) -> str:
    inner = brackets[1:-1].strip()
    if not inner.startswith("@"):
        return brackets
    rest = inner[1:].strip()
    if not rest:
        return "[#This Row]"
    return f"[[#This Row],{rest if rest.startswith('[') else f'[{rest}]'}]"


def _check_columns(formula: str, table: str, brackets: str, names: list[str]) -> None:
    inner = brackets[1:-1]
    wanted = [inner] if not inner.startswith("[") else [match[1] for match in _ITEM.finditer(inner)]
    folded = {name.strip().lower() for name in names}
    for name in wanted:
        plain = re.sub("'(.)", r"\1", name).strip().lower()
        if plain and not plain.startswith("#") and plain not in folded:
            raise InvalidValue(
                f'{formula[:60]}: {table} has no column "{name[:40]}". Columns: {listed(names)}.',
                "Use one of these.",
            )


def rewrite(book: Book, word: str, visit: Visit) -> int:
    """Give formulas that hold a word (the name of a table) another text; how many changed.

    Call it inside ``book.changing()``.
    """
    low, count = word.lower(), 0
    for sheet in book.xl.worksheets:
        for (row, column), cell in list(formula_cells(sheet)):
            value = cell.value
            text = value.text if isinstance(value, ArrayFormula) else value
            if not isinstance(text, str) or low not in text.lower():
                continue
            new = visit(text, (sheet.title, row, column))
            if new == text:
                continue
            count += 1
            if isinstance(value, ArrayFormula):
                cell.value = ArrayFormula(value.ref, new)
            else:
                cell.value = new
    return count + _rewrite_names(book, low, visit) + _rewrite_columns(book, low, visit)


def _rewrite_names(book: Book, low: str, visit: Visit) -> int:
    count = 0
    for names in (book.xl.defined_names, *(s.defined_names for s in book.xl.worksheets)):
        for defined in names.values():
            text = defined.attr_text or ""
            if low in text.lower():
                new = visit(text, ("", 0, 0))
                count += new != text
                defined.attr_text = new
    return count


def _rewrite_columns(book: Book, low: str, visit: Visit) -> int:
    """Formulas that tables keep for their columns; the cells are counted already."""
    for view in tables_of(book):
        for column in view.columns:
            for formula in (column.calculatedColumnFormula, column.totalsRowFormula):
                if formula is not None and low in (formula.attr_text or "").lower():
                    formula.attr_text = visit(formula.attr_text, ("", 0, 0))
    return 0


def renamed_table(old: str, new: str) -> Visit:
    """References to a table under its new name."""

    def visit(operand: Operand) -> str | None:
        same = operand.name.lower() == old.lower() and not operand.sheet and not operand.area
        return new + operand.columns if same else None

    return lambda text, _: replaced(text, visit)


def plain_references(view: View) -> Visit:
    """Cells in the place of references to a table that is to be none any more."""
    area = view.area
    facts = TableFacts(
        view.name, view.sheet.title, area, tuple(view.names), bool(view.headers), bool(view.totals)
    )

    def rewritten(text: str, address: Address) -> str:
        def visit(operand: Operand) -> str | None:
            if operand.name.lower() != view.name.lower() or operand.sheet or operand.area:
                return None
            part = resolved_table(facts, operand.columns or "[#Data]", address)
            return _fixed(part.text, "#this row" in operand.columns.lower())

        return replaced(text, visit)

    return rewritten


def _fixed(text: str, own_row: bool) -> str:
    """A reference to one's own row moves with its row, in Excel's way of writing it."""
    if not own_row or text.startswith("#"):
        return text
    sheet, mark, cells = text.rpartition("!")
    return sheet + mark + re.sub(r"\$(\d)", r"\1", cells)


def gone_references(name: str) -> Visit:
    """``#REF!`` in the place of references to a table."""

    def visit(operand: Operand) -> str | None:
        same = operand.name.lower() == name.lower() and not operand.sheet and not operand.area
        return GONE if same else None

    return lambda text, _: replaced(text, visit)
