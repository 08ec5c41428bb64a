"""Cells by a name: a table, its parts as formulas name them, or a defined name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from openpyxl import Workbook

from service.workbook.areas import Area
from service.workbook.calculation.source import EditorSource, TableFacts
from service.workbook.calculation.structured import resolved_table
from service.workbook.calculation.syntax import located

_TABLE = re.compile(r"([^\W\d][\w.\\]*)(\[.+\])?", re.DOTALL)
_GRID = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+")


@dataclass(frozen=True)
class Named:
    """Where the cells are.

    :param headers: rows at the top of the area that hold a table's headers
    """

    sheet: str
    area: Area
    headers: int = 0


def named_area(xl: Workbook, text: str, sheet: str = "") -> Named | None:
    """What ``Sales``, ``Sales[Amount]`` or a defined name stands for; None for anything else.

    A table alone means its headers and data, without a row of totals.

    :param sheet: whose own names count first
    """
    match = _TABLE.fullmatch(text.strip())
    if match is None or _GRID.fullmatch(text.strip()):
        return None
    source = EditorSource(xl)
    for table in source.tables():
        if table.name.lower() == match[1].lower():
            return _part(table, match[2] or "")
    if match[2]:
        return None
    known = {(name.sheet.lower(), name.name.lower()): name.text for name in source.names()}
    wanted = text.strip().lower()
    meant = known.get((sheet.strip().lower(), wanted)) or known.get(("", wanted))
    place = located(meant.removeprefix("=")) if meant and "!" in meant else None
    return Named(*place) if place else None


def _part(table: TableFacts, brackets: str) -> Named | None:
    if not brackets:
        area = table.area.top(table.area.rows - table.totals)
        return Named(table.sheet, area, int(table.header))
    plain = [name.strip().lower() for name in table.columns]
    wanted = brackets[1:-1].strip().lower()
    if wanted in plain:  # also with brackets in it, without the apostrophes that these need
        column = table.area.column(plain.index(wanted))
        inner = column.below(int(table.header))
        return Named(table.sheet, inner.top(inner.rows - table.totals))
    part = resolved_table(table, brackets, (table.sheet, 0, 0))
    place = located(part.text) if part.kind == "ref" else None
    return Named(table.sheet, place[1]) if place else None
