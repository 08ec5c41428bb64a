"""Values of formulas, calculated by formualizer from what the editor holds.

A value is either known or not known with a reason; it is never guessed. Not known is
what calls a function that the calculator lacks, refers to another file, comes out of
either of these, or was not reached before the deadline.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import formualizer
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_sheet
from service.workbook.cells import formula_of
from service.workbook.formulas import functions

DEADLINE = 5.0
_GAP = 100  # blank rows that are cheaper to load than to step over
Address: TypeAlias = tuple[str, int, int]

_ERRORS = {
    "Div": "#DIV/0!",
    "Na": "#N/A",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "Spill": "#SPILL!",
    "Calc": "#CALC!",
}
# References to so few cells are looked up by cell.
_FEW_CELLS = 64
_VAST = 500_000_000
_WHOLE_SHEET = Area(1, 1, MAX_ROW, MAX_COLUMN)


@dataclass(frozen=True)
class Computed:
    """The result of one formula: a value, or the reason why there is none."""

    value: object = None
    unknown: str = ""


Values: TypeAlias = dict[Address, Computed]


def calculate(book: Workbook, deadline: float = DEADLINE) -> Values:
    """The value of each formula cell of ``book``, by (sheet, row, column).

    :param deadline: seconds after which everything not yet calculated is answered as unknown
    """
    try:
        return calculate_in_time(book, deadline)
    except TimeoutError:
        reason = f"the calculation took longer than {deadline:g} seconds"
        return {address: Computed(unknown=reason) for address, _ in _formulas(book)}


def calculate_in_time(book: Workbook, deadline: float) -> Values:
    """As :func:`calculate`, but all or nothing.

    :raises TimeoutError: if ``deadline`` seconds are not enough
    """
    formulas = dict(_formulas(book))
    if not formulas:
        return {}
    try:
        return _calculated(book, formulas, deadline)
    except (TimeoutError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - native code panics with a BaseException
        reason = f"the calculator failed ({type(error).__name__})"
        return {address: Computed(unknown=reason) for address in formulas}


def _calculated(book: Workbook, formulas: dict[Address, str], deadline: float) -> Values:
    until = time.monotonic() + deadline
    engine, refused = _loaded(book, formulas)
    unknown = _unknown(formulas, refused, until)
    timer = threading.Timer(deadline, engine.cancel)
    timer.start()
    try:
        engine.evaluate_all()
    except formualizer.ExcelEvaluationError as error:
        raise TimeoutError from error
    finally:
        timer.cancel()
    return {
        address: Computed(unknown=unknown[address])
        if address in unknown
        else _computed(engine, address)
        for address in formulas
    }


def _formulas(book: Workbook) -> Iterable[tuple[Address, str]]:
    for sheet in book.worksheets:
        for (row, column), cell in sheet._cells.items():
            if cell.data_type == "f":
                formula = formula_of(cell)
                if formula:
                    yield (sheet.title, row, column), formula


def _computed(engine: formualizer.Workbook, address: Address) -> Computed:
    value = engine.get_value(*address)
    if isinstance(value, dict):
        kind = str(value.get("kind"))
        if kind in _ERRORS:
            return Computed(_ERRORS[kind])
        return Computed(unknown=_reason(kind))
    if isinstance(value, list):
        value = value[0][0] if value and isinstance(value[0], list) and value[0] else None
    if value is None:
        return Computed(unknown="the calculator gave no value")
    return Computed(value)


def _reason(kind: str) -> str:
    if "circ" in kind.lower():
        return "the formula refers to itself, directly or by way of others"
    return f"the calculator answered {kind}"


# Loading ------------------------------------------------------------------


def _loaded(
    book: Workbook, formulas: dict[Address, str]
) -> tuple[formualizer.Workbook, dict[Address, str]]:
    """The calculator with all values and formulas, and reasons for those it did not take."""
    engine = formualizer.Workbook(mode=formualizer.WorkbookMode.Ephemeral)
    vast = _vast_sheets(book)
    for sheet in book.worksheets:
        engine.add_sheet(sheet.title)
        if sheet.title.lower() not in vast:
            _load_values(engine, sheet)
    for sheet in book.worksheets:
        for table in sheet.tables.values():
            _load_table(engine, sheet, table)
    refused = _on_vast_sheets(formulas, vast)
    for address, formula in formulas.items():
        if address in refused:
            continue
        try:
            engine.set_formula(*address, _inlined(book, address[0], formula))
        except Exception as error:  # noqa: BLE001 - the calculator's error types are private
            refused[address] = _reason(str(error)[:100])
    return engine, refused


def _vast_sheets(book: Workbook) -> set[str]:
    """Sheets with cells so far apart that the calculator's memory would not do, lower case."""
    found = set()
    for sheet in book.worksheets:
        rows = max((row for row, _ in sheet._cells), default=0)
        columns = max((column for _, column in sheet._cells), default=0)
        if rows * columns > _VAST:
            found.add(sheet.title.lower())
    return found


def _on_vast_sheets(formulas: dict[Address, str], vast: set[str]) -> dict[Address, str]:
    """Reasons for the formulas that stand on such sheets or refer to them."""
    if not vast:
        return {}
    return {
        address: "cells on its sheet, or one it refers to, are too far apart"
        for address, formula in formulas.items()
        if vast & {address[0].lower(), *(t.lower() for t, _ in _references(address[0], formula))}
    }


def _load_values(engine: formualizer.Workbook, sheet: Worksheet) -> None:
    """Column by column: one block over cells far apart could be larger than the memory."""
    columns: dict[int, dict[int, object]] = {}
    for (row, column), cell in sheet._cells.items():
        value = _plain(cell)
        if value is not None:
            columns.setdefault(column, {})[row] = value
    for column, values in columns.items():
        for first, last in _runs(sorted(values)):
            block = [[values.get(row)] for row in range(first, last + 1)]
            engine.set_values_batch(sheet.title, first, column, block)


def _runs(rows: list[int]) -> Iterable[tuple[int, int]]:
    """(first, last) of stretches of ascending rows without wide gaps."""
    first = previous = rows[0]
    for row in rows[1:]:
        if row - previous > _GAP:
            yield first, previous
            first = row
        previous = row
    yield first, previous


def _plain(cell: Cell | None) -> object:
    value = None if cell is None or cell.data_type == "f" else cell.value
    if isinstance(value, CellRichText):
        return str(value)
    return value


def _load_table(engine: formualizer.Workbook, sheet: Worksheet, table: object) -> None:
    area = parse_area(str(table.ref), _WHOLE_SHEET)  # type: ignore[attr-defined]
    columns = [column.name for column in table.tableColumns]  # type: ignore[attr-defined]
    engine.add_table(
        table.displayName,  # type: ignore[attr-defined]
        sheet.title,
        (area.first_row, area.first_column, area.last_row, area.last_column),
        columns,
        header_row=table.headerRowCount != 0,  # type: ignore[attr-defined]
        totals_row=bool(table.totalsRowCount),  # type: ignore[attr-defined]
    )


def _inlined(book: Workbook, title: str, formula: str) -> str:
    """The formula with defined names replaced by what they stand for.

    The calculator can't be told of names one by one; a name stands for an expression,
    so putting it in brackets in the name's place means the same.
    """
    names = {name.lower(): item.attr_text for name, item in book.defined_names.items()}
    local = book[title].defined_names
    names |= {name.lower(): item.attr_text for name, item in local.items()}
    if not names:
        return formula
    parts = []
    for token in _tokens(formula):
        text = names.get(str(token.value).lower()) if token.type == Token.OPERAND else None
        parts.append(_expression(text) if text else str(token.value))
    return "=" + "".join(parts) if parts else formula


def _tokens(formula: str) -> list[Token]:
    """The parts of a formula; none where it is not one, as a file may hold."""
    try:
        found: list[Token] = Tokenizer(formula).items
    except TokenizerError:
        return []
    return found


def _expression(text: str) -> str:
    text = text.removeprefix("=")
    return text if "," not in text and "(" not in text else f"({text})"


# What can't be known --------------------------------------------------------


@functools.lru_cache(maxsize=2048)
def can_calculate(function: str) -> bool:
    """Whether the calculator has the function.

    It keeps no list of its built-in functions, but answers #NAME? to those it lacks.
    """
    probe = formualizer.Workbook(mode=formualizer.WorkbookMode.Ephemeral)
    probe.add_sheet("Probe")
    probe.set_formula("Probe", 1, 1, f"={function}()")
    value = probe.evaluate_cell("Probe", 1, 1)
    return not (isinstance(value, dict) and value.get("kind") == "Name")


def _unknown(
    formulas: dict[Address, str], refused: dict[Address, str], until: float
) -> dict[Address, str]:
    """Reasons for the cells that can't be calculated, and for all that depend on them."""
    unknown = dict(refused)
    for address, formula in formulas.items():
        missing = sorted(name for name in functions(formula) if not can_calculate(name))
        if missing:
            unknown[address] = f"the calculator has no function {', '.join(missing)}"
        elif "[" in formula and _external(formula):
            unknown[address] = "it refers to another file"
    if unknown:
        _spread(formulas, unknown, until)
    return unknown


def _external(formula: str) -> bool:
    return any(
        token.type == Token.OPERAND
        and token.subtype == Token.RANGE
        and str(token.value).lstrip("'").startswith("[")
        for token in _tokens(formula)
    )


def _spread(formulas: dict[Address, str], unknown: dict[Address, str], until: float) -> None:
    """Add the formulas that depend on unknown ones, directly or by way of others.

    :raises TimeoutError: if that takes longer than ``until``
    """
    watchers, wide = _dependents(formulas)
    found = list(unknown)
    while found:
        if time.monotonic() > until:
            raise TimeoutError
        title, row, column = found.pop()
        sheet = title.lower()
        hit = watchers.pop((sheet, row, column), [])
        for key in [key for key in wide if key[0] == sheet and key[1].holds(row, column)]:
            hit += wide.pop(key)
        fresh = [address for address in hit if address not in unknown]
        unknown |= dict.fromkeys(fresh, "it depends on a cell that can't be calculated")
        found += fresh


def _dependents(
    formulas: dict[Address, str],
) -> tuple[dict[Address, list[Address]], dict[tuple[str, Area], list[Address]]]:
    """(formulas by cell they refer to, formulas by large area they refer to)."""
    watchers: dict[Address, list[Address]] = {}
    wide: dict[tuple[str, Area], list[Address]] = {}
    for address, formula in formulas.items():
        for title, area in _references(address[0], formula):
            if area.cells > _FEW_CELLS:
                wide.setdefault((title.lower(), area), []).append(address)
                continue
            for row in range(area.first_row, area.last_row + 1):
                for column in range(area.first_column, area.last_column + 1):
                    watchers.setdefault((title.lower(), row, column), []).append(address)
    return watchers, wide


def _references(title: str, formula: str) -> list[tuple[str, Area]]:
    found = []
    for token in _tokens(formula):
        if token.type != Token.OPERAND or token.subtype != Token.RANGE:
            continue
        sheet, reference = split_sheet(str(token.value))
        try:
            found.append((sheet or title, parse_area(reference, _WHOLE_SHEET)))
        except InvalidRange:
            continue  # a name or a structured reference: names are inlined before
    return found


def serial_number(value: object, epoch: dt.datetime) -> object:
    """Dates as the numbers that a file stores; everything else as it is."""
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return to_excel(value, epoch)
    return value
