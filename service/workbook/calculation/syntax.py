"""The parts of a formula.

openpyxl's tokenizer takes ten times as long, and every formula of a workbook is looked at.
Whatever is not understood is a part of its own, so joining the parts gives the formula.
"""

from __future__ import annotations

import functools
import re
from typing import Literal, NamedTuple

from openpyxl.utils import get_column_letter, quote_sheetname

from service.errors import InvalidRange
from service.workbook.areas import Area, parse_area, split_sheet
from service.workbook.calculation.source import GRID

Kind = Literal["text", "error", "call", "ref", "table", "number", "name", "space", "sign"]


class Part(NamedTuple):
    """One part: a call is a function's name with its bracket, a table a structured reference."""

    kind: Kind
    text: str


_SHEET = r"(?:'(?:[^']|'')+'|(?:\[\d+\])?[\w.]+(?::[\w.]+)?|\[\d+\])!"
_CELL = r"\$?[A-Za-z]{1,3}\$?\d{1,7}"
_RANGE = (
    rf"(?:{_CELL}(?::{_CELL})?|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\$?\d{{1,7}}:\$?\d{{1,7}})"
)
_PART = re.compile(
    rf"""
      (?P<text>"(?:[^"]|"")*")
    | (?P<error>\#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|SPILL!|CALC!|GETTING_DATA))
    | (?P<ref>(?:{_SHEET})?{_RANGE}(?![\w(.\[!]))
    | (?P<call>(?:{_SHEET})?[A-Za-z_\\][\w.\\]*\()
    | (?P<table>[A-Za-z_\\]?[\w.\\]*\[(?:'[\[\]'\#@]|[^\[\]]|\[(?:'.|[^\[\]'])*\])*\](?!!))
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?(?![\w(]))
    | (?P<name>(?:{_SHEET})?[A-Za-z_\\][\w.\\?]*)
    | (?P<space>\s+)
    | (?P<sign><=|>=|<>|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def parts(formula: str) -> list[Part]:
    """The parts of a formula that starts with ``=``, without that sign."""
    return [
        Part(match.lastgroup, match.group())  # type: ignore[arg-type]
        for match in _PART.finditer(formula, 1 if formula.startswith("=") else 0)
    ]


def function(call: str) -> str:
    """The name of the function that a call part names, in capitals and without prefixes."""
    name = call[:-1].rpartition("!")[2].upper()
    for prefix in ("_XLFN.", "_XLWS.", "_XLUDF."):
        name = name.removeprefix(prefix)
    return name


def functions_of(pieces: list[Part]) -> frozenset[str]:
    """The functions that are called, without those that LET or LAMBDA declares."""
    names = {function(part.text) for part in pieces if part.kind == "call"}
    return frozenset(name for name in names if not name.startswith("_XLPM."))


@functools.lru_cache(maxsize=20_000)
def located(reference: str) -> tuple[str, Area] | None:
    """(sheet or "", area) of a reference; None for one to another file or to several sheets."""
    try:
        sheet, text = split_sheet(reference)
        area = parse_area(text, GRID)
    except InvalidRange:
        return None
    # No title holds these signs: they stand for another file, and for several sheets.
    return None if "[" in sheet or ":" in sheet else (sheet, area)


def reference(sheet: str, area: Area, *, absolute: bool = True) -> str:
    """Such as ``'My sheet'!$A$1:$B$9``; whole columns and rows as Excel writes them."""
    mark = "$" if absolute else ""
    place = _place(area, mark)
    return f"{quote_sheetname(sheet)}!{place}" if sheet else place


def _place(area: Area, mark: str) -> str:
    first, last = get_column_letter(area.first_column), get_column_letter(area.last_column)
    if area.rows == GRID.rows:
        return f"{mark}{first}:{mark}{last}"
    if area.columns == GRID.columns:
        return f"{mark}{area.first_row}:{mark}{area.last_row}"
    one = f"{mark}{first}{mark}{area.first_row}"
    return one if area.cells == 1 else f"{one}:{mark}{last}{mark}{area.last_row}"
