"""Structured references: ``Sales[Amount]``, ``Sales[[#This Row],[Qty]:[Price]]``, ``[@Qty]``."""

from __future__ import annotations

import re

from service.workbook.areas import Area
from service.workbook.calculation.results import Address
from service.workbook.calculation.source import TableFacts
from service.workbook.calculation.syntax import Part, reference

_ITEM = re.compile(r"\[((?:'.|[^\[\]'])*)\]|([,:@])|\s+")
_REF = Part("error", "#REF!")


def resolved_table(table: TableFacts, brackets: str, address: Address) -> Part:
    """The cells that a structured reference means, seen from the cell at ``address``.

    :param brackets: all behind the table's name, with the brackets
    """
    wanted, columns = _items(brackets[1:-1].strip())
    if not set(wanted) <= {"#all", "#data", "#headers", "#totals", "#this row"}:
        return _REF
    rows = _rows(table, wanted, address)
    places = [_column(table, name) for name in columns]
    if rows is None:
        own_row = "#this row" in wanted
        return Part("error", "#VALUE!") if own_row else _REF
    found = [place for place in places if place is not None]
    if len(found) < len(places):
        return _REF
    left = min(found, default=table.area.first_column)
    right = max(found, default=table.area.last_column)
    sheet = "" if table.sheet == address[0] else table.sheet
    return Part("ref", reference(sheet, Area(rows[0], left, rows[1], right)))


def _items(inside: str) -> tuple[list[str], list[str]]:
    """(parts of the table such as "#headers" in lower case, names of columns)."""
    wanted, columns = [], []
    if inside.startswith("@"):
        wanted.append("#this row")
        inside = inside[1:].strip()
    names = [inside] if not inside.startswith("[") else [m.group(1) for m in _ITEM.finditer(inside)]
    for name in names:
        if name is None or name == "":
            continue
        if name.startswith("#"):
            wanted.append(name.lower())
        elif name.startswith("@"):
            wanted.append("#this row")
            columns.append(name[1:])
        else:
            columns.append(re.sub("'(.)", r"\1", name))
    return wanted, columns


def _rows(table: TableFacts, wanted: list[str], address: Address) -> tuple[int, int] | None:
    """(first, last) row; None where the table has no such rows."""
    area = table.area
    first, last = area.first_row + table.header, area.last_row - table.totals
    if "#this row" in wanted:
        return (address[1], address[1]) if first <= address[1] <= last else None
    found = []
    if "#all" in wanted:
        found.append((area.first_row, area.last_row))
    if "#data" in wanted or not wanted:
        found.append((first, last))
    if "#headers" in wanted:
        if not table.header:
            return None
        found.append((area.first_row, area.first_row))
    if "#totals" in wanted:
        if not table.totals:
            return None
        found.append((area.last_row, area.last_row))
    return min(top for top, _ in found), max(bottom for _, bottom in found)


def _column(table: TableFacts, name: str) -> int | None:
    wanted = _plain(name)
    for index, column in enumerate(table.columns):
        if _plain(column) == wanted:
            return table.area.first_column + index
    return None


def _plain(name: str) -> str:
    return " ".join(name.replace("_x000a_", "\n").replace("_x000A_", "\n").split()).lower()
