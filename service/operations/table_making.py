"""Making a written area a native table that looks as its house does."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.house import House

# Excel's table styles in the colour that comes closest to the house.
_TABLE_STYLES = {
    "blue": "TableStyleLight9",
    "green": "TableStyleLight11",
    "teal": "TableStyleLight13",
    "orange": "TableStyleLight14",
    "purple": "TableStyleLight12",
    "gray": "TableStyleLight8",
    "plain": "TableStyleLight1",
}


def make_table(
    sheet: Worksheet, area: Area, name: str, headers: Sequence[str], house: House
) -> Table:
    """Make a written area a native table; its cells keep their look."""
    table = Table(displayName=name, name=name, ref=str(area))
    table.tableStyleInfo = TableStyleInfo(
        name=_TABLE_STYLES[house.name], showRowStripes=True, showColumnStripes=False
    )
    table._initialise_columns()
    for column, header in zip(table.tableColumns, headers, strict=True):
        assert isinstance(column, TableColumn)
        column.name = header
    sheet.add_table(table)
    return table
