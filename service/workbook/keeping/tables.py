"""Tables of a sheet: their parts stay, and only what changed goes into them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.table import Table, TableColumn
from openpyxl.xml.functions import tostring

from service.workbook.keeping.merging import canonical, local, merge
from service.workbook.keeping.related import relate, unrelate
from service.workbook.package.opc import Draft, Package, parse

TABLE_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.table+xml"
# Source: ECMA-376 part 1, 18.5.1.2 (table) and 18.5.1.3 (tableColumn).
_ORDER = {
    "table": ("autoFilter", "sortState", "tableColumns", "tableStyleInfo", "extLst"),
    "tableColumn": ("calculatedColumnFormula", "totalsRowFormula", "xmlColumnPr", "extLst"),
    "autoFilter": ("filterColumn", "sortState", "extLst"),
}


@dataclass
class KeptTable:
    """A table of openpyxl's as it was when the sheet was opened.

    :param id: of the relationship that leads to it
    :param headers: the texts of its header's cells by the ids of its columns
    """

    table: Table
    id: str
    fingerprint: str
    headers: dict[int, str]


@dataclass
class TableMemory:
    """All tables that a sheet had when it was opened."""

    kept: list[KeptTable] = field(default_factory=list)


def remember(ws: Any, package: Package, part: str) -> TableMemory:
    """Note where the tables of a sheet came from, right after it was read."""
    by_name = {table.name: table for table in _tables(ws)}
    memory = TableMemory()
    for item in package.relationships(part).of_kind("table"):
        if item.target in package:
            root = parse(package.read(item.target))
            table = by_name.pop(root.get("name") or root.get("displayName"), None)
            if table is not None:
                memory.kept.append(_kept(ws, table, item.id))
    return memory


def _kept(ws: Any, table: Table, id_: str) -> KeptTable:
    headers = {column.id: text for column, text in _headers(ws, table)}
    return KeptTable(table, id_, _fingerprint(table), headers)


def _tables(ws: Any) -> list[Table]:
    return list(ws.tables.values()) if hasattr(ws, "tables") else []


def _tree(table: Table) -> etree._Element:
    return parse(tostring(table.to_tree()))


def _fingerprint(table: Table) -> str:
    return hashlib.sha256(canonical(_tree(table))).hexdigest()[:32]


def update(ws: Any, memory: TableMemory | None, draft: Draft, part: str) -> tuple[str, ...] | None:
    """Bring the parts of a sheet's tables up to date.

    :param memory: what :func:`remember` gave for the package of the draft; None for a new sheet
    :return: the ids that the sheet's ``tableParts`` are to have; None where as before
    """
    tables = _tables(ws)
    kept = memory.kept if memory else []
    then = {id(item.table): item.headers for item in kept}
    for table in tables:
        _name_columns(ws, table, then.get(id(table), {}))
    there = {id(table) for table in tables}
    gone = {item.id for item in kept if id(item.table) not in there}
    ids = {id(item.table): item.id for item in kept}
    for item in kept:
        if item.id not in gone and item.fingerprint != _fingerprint(item.table):
            _patch(draft, part, item)
    if gone:
        unrelate(draft, part, gone)
    new = [table for table in tables if id(table) not in ids]
    for table in new:
        ids[id(table)] = _add(draft, part, table)
    return tuple(ids[id(table)] for table in tables) if new or gone else None


def _name_columns(ws: Any, table: Table, then: dict[int, str]) -> None:
    """Columns are named as the header's cells are: Excel repairs a file where they aren't."""
    if not table.tableColumns:
        table._initialise_columns()
    for column, text in _headers(ws, table):
        if text != then.get(column.id):
            column.name = text


def _headers(ws: Any, table: Table) -> Iterator[tuple[TableColumn, str]]:
    """The columns of a table with the text of their header's cell, where it is a text."""
    if table.headerRowCount == 0:
        return
    left, top, _, _ = range_boundaries(table.ref)
    for number, column in enumerate(table.tableColumns, left):
        cell = ws._cells.get((top, number))
        if cell is not None and cell.data_type in ("s", "n") and cell._value not in (None, ""):
            yield column, str(cell._value)


def _patch(draft: Draft, part: str, item: KeptTable) -> None:
    found = draft.relationships(part).get(item.id)
    assert found is not None
    root = draft.xml(found.target)
    before = _tree(Table.from_tree(draft.xml(found.target)))
    merge(root, before, _tree(item.table), name_of=_name, order=_ORDER)
    draft.write(found.target, root)


def _name(element: etree._Element) -> str:
    """What tells a column of a table, or of its filter, from the others."""
    names = {"tableColumn": "id", "filterColumn": "colId"}
    name = names.get(local(element))
    return str(element.get(name, "")) if name else ""


def _add(draft: Draft, part: str, table: Table) -> str:
    table.id = 1 + max(_ids(draft), default=0)
    name = draft.free_name("xl/tables/table{}.xml")
    draft.write(name, _tree(table), TABLE_TYPE)
    return relate(draft, part, "table", name)


def _ids(draft: Draft) -> list[int]:
    """The ids of all tables in the workbook; none may be given twice."""
    names = [name for name in draft.names if "table" in name.lower() and name.endswith(".xml")]
    roots = [draft.xml(name) for name in names if draft.content_type(name) == TABLE_TYPE]
    return [int(root.get("id", "0")) for root in roots if root.get("id", "").isdecimal()]
